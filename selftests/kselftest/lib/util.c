// SPDX-License-Identifier: GPL-2.0
/* What every test needs: giving up with a message, loop counts, clocks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

static void say(const char *format, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "# %s\n", line);
}

void nx_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fflush(NULL);
	_exit(1);
}

void nx_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

static unsigned long env_number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);
	char *end;
	unsigned long value;

	if (!text || !*text)
		return otherwise;
	value = strtoul(text, &end, 10);
	if (*end)
		nx_die("%s=%s is not a number", name, text);
	return value;
}

unsigned long nx_loops(const char *name, unsigned long count)
{
	count = count * env_number("NEXUS_TEST_PERCENT", 100) / 100;
	count = env_number(name, count);
	return count ? count : 1;
}

int nx_timeout(int seconds)
{
	return seconds * env_number("NEXUS_TEST_TIMEOUT_PERCENT", 100) / 100;
}

long long nx_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NX_SEC + now.tv_nsec;
}

void nx_sleep_ms(unsigned int ms)
{
	struct timespec pause = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * NX_MSEC,
	};

	while (nanosleep(&pause, &pause) && errno == EINTR)
		;
}

bool nx_wait_word(volatile unsigned int *word, unsigned int value,
		  unsigned int ms)
{
	long long end_ns = nx_now_ns() + ms * NX_MSEC;

	while (*word < value) {
		if (nx_now_ns() > end_ns)
			return false;
		nx_sleep_ms(1);
	}
	return true;
}

/* xorshift32 of Marsaglia, "Xorshift RNGs", 2003. */
__u32 nx_random(__u32 *seed)
{
	__u32 x = *seed ? *seed : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *seed = x;
}

__u32 nx_seed_begin(void)
{
	const char *text = getenv("NEXUS_TEST_SEED");
	__u32 seed = text ? strtoul(text, NULL, 0) :
			    (__u32)nx_now_ns() ^ getpid();

	nx_note("NEXUS_TEST_SEED=%u does it again", seed);
	return seed;
}

void *nx_shared_alloc(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		nx_die("mmap of %zu shared bytes: %s", bytes, strerror(errno));
	return memory;
}

pid_t nx_fork(void)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		nx_die("fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

int nx_wait_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			nx_die("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int nx_shell(const char *format, ...)
{
	char command[4096];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(NULL);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

long long nx_file_number(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	long long value = -1;
	char line[512];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		char *text = line;

		if (key && strncmp(line, key, strlen(key)))
			continue;
		text += key ? strlen(key) : 0;
		if (sscanf(text, "%*[: \t]%lld", &value) == 1 ||
		    sscanf(text, "%lld", &value) == 1)
			break;
	}
	fclose(file);
	return value;
}

/* Pages that lie ready for a CPU: free, and in no other count. */
static long long percpu_free_kb(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long long pages = 0, nr;
	char line[128];

	if (!file)
		nx_die("no /proc/zoneinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %lld", &nr) == 1)
			pages += nr;
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

long long nx_available_kb(void)
{
	return nx_file_number("/proc/meminfo", "MemAvailable:") +
	       percpu_free_kb();
}

int nx_file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

bool nx_is_checked(void)
{
	return !access("/proc/lockdep_stats", F_OK) ||
	       !access("/sys/kernel/debug/kcsan", F_OK);
}
