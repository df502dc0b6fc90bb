// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The process's stack: who runs it, and how threads sleep until it has something.
 *
 * A thread that calls runs the stack itself, under the lock. While none does, a
 * service thread sleeps in the kernel until a packet arrives or a timer is due.
 * As long as others keep the stack busy it only looks now and then whether they
 * still do.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "internal.h"
#include "mutex.h"

/*
 * For how long the stack may be without care when a program has just used it:
 * well below the 40 ms by which Linux delays ACKs.
 */
#define TICK_NS		10000000LL

/* How long the end of a program waits for its connections. */
#define EXIT_NS		5000000000ULL

/* And for those that other processes serve, by it. */
#define EXIT_CARRY_NS	60000000000ULL

/* How long to wait for space in TX, where nothing else tells of it. */
#define RETRY_NS	1000000LL

/**
 * struct service - all that belongs to the process
 * @lock:     protects everything of this layer
 * @stack:    NULL: not opened yet
 * @has_failed: it cannot be opened, or is broken
 * @is_waiting: it waits for memory, or what else it was refused
 * @is_ending: the service thread goes
 * @is_standby: the service thread leaves the stack to other threads
 * @is_wanted: it runs the stack nevertheless
 * @has_thread: there is a service thread
 * @is_attended: who has the lock sees what arrives, see nexus_stack_attend()
 * @nr_resting: threads that packets wake; the service's is not counted
 * @calls:    of threads other than the service's, free running
 * @sleeper:  the service thread's
 * @thread:   the service thread
 * @key:      closes threads' descriptors when they end
 */
static struct service {
	struct nx_mutex		lock;
	struct nexus_stack	*stack;
	bool			has_failed;
	bool			is_waiting;
	bool			is_ending;
	bool			is_standby;
	bool			is_wanted;
	bool			has_thread;
	bool			is_attended;
	uint32_t		nr_resting;
	uint32_t		calls;
	struct nx_sleeper	sleeper;
	pthread_t		thread;
	pthread_key_t		key;
} service = {
	.sleeper.kick_fd = -1,
};

__thread bool nx_is_inside __attribute__((tls_model("initial-exec")));

/* As there: no call to find them. */
static __thread bool is_service __attribute__((tls_model("initial-exec")));
static __thread struct nx_sleeper own_sleeper
	__attribute__((tls_model("initial-exec"))) = { .kick_fd = -1 };

/* ----------------------------------------------------------------- lock */

/* How often who is done with the stack runs it for the others. */
#define LOOKS	4

static __attribute__((noinline)) void attend(void)
{
	if (!service.stack || service.has_failed)
		return;
	nexus_stack_attend(service.stack);
	service.is_attended = true;
}

/*
 * What has arrived since this thread looked woke nobody. If it does not end, the
 * service thread goes on with it.
 */
static __attribute__((noinline)) void look_again(void)
{
	int err = errno, i = 0;

	while (service.stack && nexus_stack_unattend(service.stack)) {
		if (i++ == LOOKS) {
			service.is_wanted = true;
			nx_service_kick();
			break;
		}
		nexus_stack_attend(service.stack);
		nx_service_run();
	}
	service.is_attended = false;
	errno = err;
}

/* @nr_back: threads that rest no more. */
static inline void take_lock(uint32_t nr_back)
{
	nx_mutex_lock(&service.lock);
	nx_is_inside = true;
	service.calls += !is_service;
	service.nr_resting -= nr_back;
}

void nx_lock(void)
{
	take_lock(0);
}

void nx_unlock(void)
{
	if (__builtin_expect(service.is_attended, 0))
		look_again();
	nx_is_inside = false;
	nx_mutex_unlock(&service.lock);
}

/* Without a look: the kernel has one before the thread sleeps. */
static void unlock_to_rest(void)
{
	if (service.is_attended)
		nexus_stack_unattend(service.stack);
	service.is_attended = false;
	nx_unlock();
}

uint64_t nx_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

void nx_explain(const char *format, ...)
{
	va_list args;

	if (!nx_policy.explains)
		return;
	va_start(args, format);
	fputs("nexus: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* ------------------------------------------------------------- the stack */

static void *serve(void *arg);

/* It has no business with the program's signals. */
static int start_thread(void)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&service.thread, NULL, serve, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	service.has_thread = !err;
	return -err;
}

int nx_service_start(const struct nexus_channel_options *channel)
{
	struct nexus_stack_options options = { .channel = channel };
	int err = nexus_stack_open(&service.stack, &options);

	if (err) {
		nx_explain("no stack, the kernel serves all: %s",
			   nexus_error_text());
		return err;
	}
	service.sleeper.kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = service.sleeper.kick_fd < 0 ? -errno : start_thread();
	if (!err)
		return 0;
	nx_explain("no service thread, the kernel serves all: %s",
		   strerror(-err));
	nexus_stack_close(service.stack);
	service.stack = NULL;
	return err;
}

static int start_by_policy(void)
{
	struct nexus_channel_options channel = {
		.name = nx_policy.nexus[0] ? nx_policy.nexus : NULL,
		.flags = NEXUS_CHANNEL_DEFUNCT_OK,
		.nr_small = nx_policy.nr_small,
		.nr_large = nx_policy.nr_large,
	};

	return nx_service_start(&channel);
}

struct nexus_stack *nx_service_stack(void)
{
	if (!service.stack && !service.has_failed)
		service.has_failed = start_by_policy() != 0;
	return service.has_failed ? NULL : service.stack;
}

struct nexus_stack *nx_service_current(void)
{
	return service.stack;
}

/*
 * The memory of the stack was taken back, and it is refused other for a reason that
 * may pass: the service thread sees to it that it tries again.
 */
static bool may_come_back(int err)
{
	switch (err) {
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
	case -EBUSY:
	case -EUSERS:
	case -EDQUOT:
		return nexus_stack_check(service.stack) == -ENXIO;
	}
	return false;
}

/* Connections see it by themselves: their every call says so. */
static void note(int err)
{
	bool was_waiting = service.is_waiting;

	service.is_waiting = may_come_back(err);
	if (service.is_waiting) {
		if (was_waiting)
			return;
		nx_explain("no memory for the stack, for now: %s",
			   nexus_strerror(err));
		nx_files_wake();
		nx_service_kick();
		return;
	}
	if (err >= 0 || err == -EAGAIN || service.has_failed)
		return;
	service.has_failed = true;
	nx_explain("the stack is gone: %s", nexus_strerror(err));
	nx_files_wake();
}

bool nx_service_is_waiting(void)
{
	return service.is_waiting;
}

/* An answer may come within the very call that sends the question. */
static inline void attend_if_others_rest(void)
{
	if (__builtin_expect(service.nr_resting && !service.is_attended, 0))
		attend();
}

void nx_service_run(void)
{
	if (!service.stack)
		return;
	attend_if_others_rest();
	note(nexus_stack_run(service.stack));
}

void nx_service_flush(void)
{
	if (!service.stack)
		return;
	attend_if_others_rest();
	note(nexus_stack_flush(service.stack));
}

/* -------------------------------------------------------------- sleeping */

static void close_kick(void *arg)
{
	struct nx_sleeper *sleeper = arg;

	if (sleeper->kick_fd >= 0)
		nx_sys.close(sleeper->kick_fd);
	sleeper->kick_fd = -1;
}

static void make_key(void)
{
	pthread_key_create(&service.key, close_kick);
}

struct nx_sleeper *nx_sleeper_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (own_sleeper.kick_fd >= 0)
		return &own_sleeper;
	own_sleeper.kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (own_sleeper.kick_fd < 0)
		return NULL;
	pthread_once(&once, make_key);
	pthread_setspecific(service.key, &own_sleeper);
	return &own_sleeper;
}

void nx_sleeper_kick(struct nx_sleeper *sleeper)
{
	uint64_t one = 1;

	if (!sleeper->is_asleep)
		return;
	sleeper->is_asleep = false;
	nx_sys.write(sleeper->kick_fd, &one, sizeof(one));
}

/* Until @until_ns, or the stack's next timer: nanoseconds, negative: no limit. */
static int64_t time_left(uint64_t until_ns)
{
	int64_t timer_ns = NEXUS_TIMEOUT_NONE, left_ns = -1;
	uint64_t now_ns;

	if (service.stack && !service.has_failed) {
		timer_ns = nexus_stack_timeout_ns(service.stack);
		if (nexus_stack_poll_events(service.stack) & POLLOUT &&
		    (timer_ns < 0 || timer_ns > RETRY_NS))
			timer_ns = RETRY_NS;
	}
	if (until_ns != NX_FOREVER) {
		now_ns = nx_now_ns();
		left_ns = until_ns > now_ns ? (int64_t)(until_ns - now_ns) : 0;
	}
	if (timer_ns >= 0 && (left_ns < 0 || timer_ns < left_ns))
		return timer_ns;
	return left_ns;
}

int nx_service_epoll_timeout_ms(uint64_t until_ns)
{
	int64_t left_ns = time_left(until_ns);

	if (left_ns < 0)
		return -1;
	if (left_ns > INT32_MAX * 1000000LL)
		return INT32_MAX;
	return (int)((left_ns + 999999) / 1000000);
}

static struct timespec *to_timespec(struct timespec *ts, int64_t ns)
{
	if (ns < 0)
		return NULL;
	ts->tv_sec = ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
	return ts;
}

/* The descriptors that wake a sleeper, behind those of the program. */
static nfds_t add_own_fds(struct pollfd *fds, nfds_t nr,
			  const struct nx_sleeper *sleeper)
{
	fds[nr++] = (struct pollfd) {
		.fd = sleeper->kick_fd, .events = POLLIN,
	};
	/* Others' care for a moment. */
	if (is_service && service.is_standby)
		return nr;
	if (service.stack && !service.has_failed)
		fds[nr++] = (struct pollfd) {
			.fd = nexus_stack_fd(service.stack), .events = POLLIN,
		};
	return nr;
}

static void take_kick(const struct pollfd *fd)
{
	uint64_t count;

	if (fd->revents)
		nx_sys.read(fd->fd, &count, sizeof(count));
}

static int sleep_on(struct nx_sleeper *sleeper, struct pollfd *fds,
		    nfds_t nr_fds, uint64_t until_ns, const sigset_t *mask)
{
	nfds_t nr = add_own_fds(fds, nr_fds, sleeper), i;
	struct timespec ts, *timeout = to_timespec(&ts, time_left(until_ns));
	int ready, err, nr_ready = 0;

	sleeper->is_asleep = true;
	service.nr_resting += !is_service;
	nx_unlock();
	ready = nx_sys.ppoll(fds, nr, timeout, mask);
	err = errno;
	take_lock(!is_service);
	sleeper->is_asleep = false;
	if (ready < 0)
		return -err;
	take_kick(&fds[nr_fds]);
	for (i = 0; i < nr_fds; i++)
		nr_ready += fds[i].revents != 0;
	return nr_ready;
}

bool nx_service_can_rest(void)
{
	return service.stack && !service.has_failed &&
	       nexus_stack_channel(service.stack)->features &
	       NEXUS_FEATURE_BESIDE;
}

int nx_service_rest(int fd, uint64_t until_ns)
{
	struct nexus_sleep sleep;
	int ret;

	if (!service.stack || service.has_failed)
		return NX_PASS;
	ret = nexus_stack_prepare_sleep(service.stack, &sleep, fd, until_ns);
	if (ret < 0)
		return NX_PASS;
	if (!ret)
		return 0;
	service.nr_resting++;
	unlock_to_rest();
	ret = nexus_sleep(&sleep);
	take_lock(1);
	return ret;
}

/* As sleep_on(), where the stack and the thread's own descriptor are all. */
static int rest_on(struct nx_sleeper *sleeper, uint64_t until_ns)
{
	uint64_t count;
	int ret;

	sleeper->is_asleep = true;
	ret = nx_service_rest(sleeper->kick_fd, until_ns);
	/* Who kicks says so. */
	if (!sleeper->is_asleep)
		nx_sys.read(sleeper->kick_fd, &count, sizeof(count));
	sleeper->is_asleep = false;
	return ret > 0 ? 0 : ret;
}

int nx_service_sleep(struct pollfd *fds, nfds_t nr_fds, uint64_t until_ns,
		     const sigset_t *mask)
{
	struct nx_sleeper *sleeper = nx_sleeper_get();
	int nr = NX_PASS;

	if (!sleeper)
		return -ENOMEM;
	if (!nr_fds && !mask)
		nr = rest_on(sleeper, until_ns);
	if (nr == NX_PASS)
		nr = sleep_on(sleeper, fds, nr_fds, until_ns, mask);
	nx_service_run();
	return nr;
}

/* ---------------------------------------------------- the service thread */

void nx_service_kick(void)
{
	nx_sleeper_kick(&service.sleeper);
}

/*
 * Sleeps until @until_ns, a kick, a relay, or, if the stack is not others' care,
 * until that has something. False: no memory.
 */
static bool doze(uint64_t until_ns)
{
	nfds_t nr = nx_relay_count();
	struct pollfd *fds = calloc(nr + 2, sizeof(*fds));

	if (!fds)
		return false;
	nx_relay_fill(fds);
	sleep_on(&service.sleeper, fds, nr, until_ns, NULL);
	free(fds);
	return true;
}

/* What other processes serve by this one. */
static void carry(void)
{
	nx_handover_run();
	nx_relay_run();
	nx_service_flush();
}

static void *serve(void *arg)
{
	uint32_t calls = 0;

	(void)arg;
	is_service = true;
	nx_lock();
	while (!service.is_ending && !service.has_failed) {
		service.is_standby = service.calls != calls;
		calls = service.calls;
		if (!service.is_standby || service.is_wanted || nx_relay_count())
			nx_service_run();
		service.is_wanted = false;
		carry();
		if (!doze(service.is_standby || nx_handover_is_busy() ?
			  nx_now_ns() + TICK_NS : NX_FOREVER))
			break;
	}
	nx_unlock();
	return NULL;
}

/* ------------------------------------------------------- begin and end */

bool nx_socket_init(void)
{
	const char *wrong;

	if (nx_policy_parse(&nx_policy, getenv, &wrong)) {
		fprintf(stderr, "nexus: %s makes no sense: the kernel serves all\n",
			wrong);
		return false;
	}
	return nx_policy.nr_devices != 0;
}

static void end_thread(void)
{
	uint64_t one = 1;

	if (!service.has_thread)
		return;
	service.is_ending = true;
	nx_sys.write(service.sleeper.kick_fd, &one, sizeof(one));
	nx_unlock();
	pthread_join(service.thread, NULL);
	nx_lock();
	service.has_thread = false;
}

static bool is_carrying(void)
{
	return nx_relay_count() || nx_handover_is_busy();
}

/* False: no memory. */
static bool drain_some(uint64_t until_ns)
{
	nfds_t nr = nx_relay_count();
	struct pollfd *fds = calloc(nr + 2, sizeof(*fds));
	uint64_t tick_ns = nx_now_ns() + TICK_NS;
	int ret;

	if (!fds)
		return false;
	nx_relay_fill(fds);
	if (nx_handover_is_busy() && tick_ns < until_ns)
		until_ns = tick_ns;
	ret = nx_service_sleep(fds, nr, until_ns, NULL);
	free(fds);
	carry();
	return ret != -ENOMEM;
}

/*
 * The kernel delivers what a program sent before it ended: so does this. What other
 * processes serve by this one takes as long as they like, within limits.
 */
static void drain(void)
{
	uint64_t start_ns = nx_now_ns(), until_ns;

	nx_service_run();
	carry();
	while (!service.has_failed &&
	       (is_carrying() || nexus_tcp_unfinished(service.stack))) {
		until_ns = start_ns + (is_carrying() ? EXIT_CARRY_NS : EXIT_NS);
		if (nx_now_ns() >= until_ns || !drain_some(until_ns))
			return;
	}
}

void nx_socket_exit(void)
{
	int fd;

	if (!service.stack)
		return;
	for (fd = 0; fd < NX_FILES_MAX; fd++)
		if (nx_has_file(fd))
			nx_socket_closing(fd);
	nx_lock();
	end_thread();
	drain();
	nexus_stack_close(service.stack);
	service.stack = NULL;
	service.has_failed = true;
	nx_unlock();
}

void nx_socket_prefork(void)
{
	nx_lock();
	if (service.stack)
		nx_files_share();
}

void nx_socket_postfork(void)
{
	if (service.stack)
		nx_files_take_up();
	nx_unlock();
}

/*
 * The child has no mapping of the channel, and no service thread. Its copies of
 * the descriptors must not keep the parent's channel alive.
 */
void nx_socket_child(void)
{
	service.lock = (struct nx_mutex) { NX_MUTEX_FREE };
	nx_is_inside = false;
	if (service.stack) {
		nx_sys.close(nexus_stack_fd(service.stack));
		nx_sys.close(nexus_stack_channel(service.stack)->fd);
	}
	close_kick(&service.sleeper);
	close_kick(&own_sleeper);
	service.stack = NULL;
	service.has_failed = false;
	service.has_thread = false;
	service.is_attended = false;
	service.nr_resting = 0;
	nx_relay_forget();
	nx_handover_forget();
	nx_files_inherit();
}
