// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine itself takes: a system call, and a round trip between two
 * processes over a futex or a pipe.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perf.h"

/**
 * struct floor - two processes that take turns
 * @words: one futex for each direction, shared
 * @to, @from: pipes
 * @buf:   what goes through them
 * @size:  of it
 */
struct floor {
	uint32_t	*words;
	int		to[2];
	int		from[2];
	uint8_t		buf[PERF_SIZE_MAX];
	size_t		size;
};

static void futex_post(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void futex_take(uint32_t *word)
{
	uint32_t one = 1;

	while (!__atomic_compare_exchange_n(word, &one, 0, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
		one = 1;
	}
}

static int futex_ping(struct floor *floor)
{
	futex_post(&floor->words[0]);
	futex_take(&floor->words[1]);
	return 0;
}

static int futex_pong(struct floor *floor)
{
	futex_take(&floor->words[0]);
	futex_post(&floor->words[1]);
	return 0;
}

static int pipe_move(int fd_in, int fd_out, struct floor *floor, bool reads_first)
{
	ssize_t size = floor->size;

	if (reads_first && read(fd_in, floor->buf, size) != size)
		return -EPIPE;
	if (write(fd_out, floor->buf, size) != size)
		return -EPIPE;
	if (!reads_first && read(fd_in, floor->buf, size) != size)
		return -EPIPE;
	return 0;
}

static int pipe_ping(struct floor *floor)
{
	return pipe_move(floor->from[0], floor->to[1], floor, false);
}

static int pipe_pong(struct floor *floor)
{
	return pipe_move(floor->to[0], floor->from[1], floor, true);
}

static int syscall_ping(struct floor *floor)
{
	(void)floor;
	return syscall(SYS_getppid) < 0 ? -errno : 0;
}

static const struct floor_kind {
	const char *name;
	int (*ping)(struct floor *floor);
	int (*pong)(struct floor *floor);
} kinds[] = {
	{ "futex", futex_ping, futex_pong },
	{ "pipe", pipe_ping, pipe_pong },
	{ "syscall", syscall_ping, NULL },
};

static const struct floor_kind *find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	perf_error("floor %s: there are futex, pipe and syscall", name);
	return NULL;
}

static struct floor *floor_alloc(const struct perf_config *cfg)
{
	struct floor *floor = calloc(1, sizeof(*floor));

	if (!floor)
		return NULL;
	floor->size = cfg->size && cfg->size <= 4096 ? cfg->size : 64;
	floor->words = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (floor->words == MAP_FAILED || pipe(floor->to) || pipe(floor->from)) {
		free(floor);
		return NULL;
	}
	return floor;
}

static pid_t floor_fork(const struct floor_kind *kind, struct floor *floor)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!kind->pong(floor))
		;
	_exit(1);
}

int perf_floor(const struct perf_config *cfg, struct perf_result *result)
{
	const struct floor_kind *kind = find_kind(cfg->reference);
	struct perf_window window;
	struct floor *floor;
	pid_t pid = 0;
	int err;

	if (!kind)
		return -EINVAL;
	err = perf_window_init(&window, cfg, result, true);
	if (err)
		return err;
	floor = floor_alloc(cfg);
	if (!floor)
		return -ENOMEM;
	if (kind->pong)
		pid = floor_fork(kind, floor);
	if (pid < 0)
		return -errno;
	do
		err = kind->ping(floor);
	while (!err && perf_window_step(&window, 1));
	if (pid) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return err;
}
