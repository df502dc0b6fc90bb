// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/socket/epoll.c: sockets of nexus beside descriptors of the kernel's.
 */
#include <pthread.h>
#include <semaphore.h>

#include "../unit.h"
#include "bed.h"

#define MAX	8

/* What no wake-up should take. */
#define LONG_MS	20000

static void epoll_wait__level_tells_as_long_as_it_is_ready(void)
{
	struct epoll_event evs[MAX];
	int epfd, fd;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 0);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(evs[0].data.fd, fd);
	CU_ASSERT_EQUAL(evs[0].events, EPOLLIN);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	bed_set(fd, false);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 0);
	bed_close(fd);
	bed_close(epfd);
}

static void epoll_wait__edge_tells_each_change_once(void)
{
	struct epoll_event evs[MAX];
	int epfd, fd;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 0);
	/* More has come, though it was ready all the time. */
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 0);
	bed_close(fd);
	bed_close(epfd);
}

static void epoll_wait__oneshot_tells_until_it_is_armed_again(void)
{
	struct epoll_event evs[MAX];
	int epfd, fd;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 0);
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_MOD, fd,
				EPOLLIN | EPOLLONESHOT), 0);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	bed_close(fd);
	bed_close(epfd);
}

static void epoll_wait__mixes_with_the_kernels(void)
{
	struct epoll_event evs[MAX];
	int epfd, fd, pipes[2], i, nr_pipe = 0, nr_socket = 0;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
	bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN);
	bed_ctl(epfd, EPOLL_CTL_ADD, pipes[0], EPOLLIN);
	CU_ASSERT_EQUAL(write(pipes[1], "x", 1), 1);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(evs[0].data.fd, pipes[0]);
	/* A socket that is always ready does not starve the pipe. */
	bed_set(fd, true);
	for (i = 0; i < 100; i++) {
		int nr = bed_wait(epfd, evs, MAX, 0);

		while (nr-- > 0) {
			nr_pipe += evs[nr].data.fd == pipes[0];
			nr_socket += evs[nr].data.fd == fd;
		}
	}
	CU_ASSERT_EQUAL(nr_socket, 100);
	CU_ASSERT(nr_pipe >= 10);
	bed_close(fd);
	close(pipes[0]);
	close(pipes[1]);
	bed_close(epfd);
}

/*
 * The same of one that was added before anybody served it. The first case of all: what
 * is asked for the others is asked for it too.
 */
static void epoll_wait__mixes_with_who_is_not_served(void)
{
	struct epoll_event evs[MAX];
	int epfd, fd, idle, i, nr_idle = 0;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	idle = bed_listener();
	((struct nx_socket *)nx_files[idle])->state = NX_SOCKET_IDLE;
	bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN);
	bed_ctl(epfd, EPOLL_CTL_ADD, idle, EPOLLIN);
	bed_set(fd, true);
	for (i = 0; i < 100; i++) {
		int nr = bed_wait(epfd, evs, MAX, 0);

		while (nr-- > 0)
			nr_idle += evs[nr].data.fd == idle;
	}
	CU_ASSERT(nr_idle >= 10);
	bed_close(fd);
	bed_close(idle);
	bed_close(epfd);
}

static void *set_later(void *arg)
{
	usleep(20000);
	bed_set(*(int *)arg, true);
	return NULL;
}

static void epoll_wait__wakes_who_sleeps(void)
{
	struct epoll_event evs[MAX];
	pthread_t thread;
	int epfd, fd;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET);
	pthread_create(&thread, NULL, set_later, &fd);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, LONG_MS), 1);
	CU_ASSERT_EQUAL(evs[0].data.fd, fd);
	pthread_join(thread, NULL);
	bed_close(fd);
	bed_close(epfd);
}

static void epoll_wait__ends_with_its_time(void)
{
	struct epoll_event evs[MAX];
	uint64_t start_ns;
	int epfd, fd;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN);
	start_ns = nx_now_ns();
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 20), 0);
	CU_ASSERT(nx_now_ns() - start_ns >= 19000000);
	bed_close(fd);
	bed_close(epfd);
}

static void epoll_wait__several_epolls_share_a_socket(void)
{
	struct epoll_event evs[MAX];
	int a, b, fd;

	bed_start();
	a = bed_epoll();
	b = bed_epoll();
	fd = bed_listener();
	bed_ctl(a, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET);
	bed_ctl(b, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(a, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(bed_wait(b, evs, MAX, 0), 1);
	bed_close(a);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(b, evs, MAX, 0), 1);
	bed_close(fd);
	CU_ASSERT_EQUAL(bed_wait(b, evs, MAX, 0), 0);
	bed_close(b);
}

static void epoll_wait__an_epoll_within_an_epoll(void)
{
	struct epoll_event evs[MAX];
	int outer, inner, fd;

	bed_start();
	outer = bed_epoll();
	inner = bed_epoll();
	fd = bed_listener();
	bed_ctl(inner, EPOLL_CTL_ADD, fd, EPOLLIN);
	bed_ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
	CU_ASSERT_EQUAL(bed_wait(outer, evs, MAX, 0), 0);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(outer, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(evs[0].data.fd, inner);
	CU_ASSERT_EQUAL(bed_wait(inner, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(evs[0].data.fd, fd);
	bed_close(fd);
	bed_close(inner);
	bed_close(outer);
}

static void epoll_ctl__errors_are_the_kernels(void)
{
	int epfd, fd;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_MOD, fd, EPOLLIN), -ENOENT);
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_DEL, fd, 0), -ENOENT);
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN), -EEXIST);
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_DEL, fd, 0), 0);
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_DEL, fd, 0), -ENOENT);
	bed_close(fd);
	bed_close(epfd);
}

/* Watched before nexus serves it, and after that. */
static void epoll_ctl__a_watch_moves_with_its_socket(void)
{
	struct epoll_event evs[MAX];
	struct nx_socket *s;
	int epfd, fd;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	s = (struct nx_socket *)nx_files[fd];
	s->state = NX_SOCKET_IDLE;
	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	/* The kernel's: such a socket hangs up. */
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	CU_ASSERT(evs[0].events & EPOLLHUP);
	nx_lock();
	s->state = NX_SOCKET_LISTEN;
	nx_watches_to_nexus(s);
	nx_unlock();
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 0);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	CU_ASSERT_EQUAL(evs[0].events, EPOLLIN);
	bed_set(fd, false);
	nx_lock();
	s->state = NX_SOCKET_IDLE;
	nx_watches_to_kernel(s);
	nx_unlock();
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, MAX, 0), 1);
	CU_ASSERT(evs[0].events & EPOLLHUP);
	bed_close(fd);
	bed_close(epfd);
}

/**
 * struct waiter - a thread that takes one event
 * @late:  its first sleep begins when this is posted; NULL: at once
 * @epfd:  where it waits
 * @fd:    result: of its event
 */
struct waiter {
	sem_t	*late;
	int	epfd;
	int	fd;
};

static __thread sem_t *late;

static int sleep_late(int epfd, struct epoll_event *evs, int max, int timeout_ms,
		      const sigset_t *mask)
{
	while (late && sem_wait(late))
		;
	late = NULL;
	return epoll_pwait(epfd, evs, max, timeout_ms, mask);
}

static void *take_one(void *arg)
{
	struct waiter *waiter = arg;
	struct epoll_event ev;

	late = waiter->late;
	waiter->fd = bed_wait(waiter->epfd, &ev, 1, LONG_MS) == 1 ? ev.data.fd : -1;
	return NULL;
}

/* Two sleep, and two sockets are ready at once: who wakes leaves one to the other. */
static void epoll_wait__wakes_as_many_as_there_is_for(void)
{
	struct waiter waiters[2] = { { 0 } };
	pthread_t threads[2];
	uint64_t start_ns;
	int epfd, fds[2];
	sem_t posted;

	bed_start();
	nx_sys.epoll_pwait = sleep_late;
	sem_init(&posted, 0, 0);
	epfd = bed_epoll();
	for (int i = 0; i < 2; i++) {
		fds[i] = bed_listener();
		bed_ctl(epfd, EPOLL_CTL_ADD, fds[i], EPOLLIN | EPOLLONESHOT);
		waiters[i].epfd = epfd;
	}
	waiters[1].late = &posted;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, take_one, &waiters[i]);
	usleep(50000);
	start_ns = nx_now_ns();
	nx_lock();
	bed_set_locked(fds[0], true);
	bed_set_locked(fds[1], true);
	nx_unlock();
	pthread_join(threads[0], NULL);
	sem_post(&posted);
	pthread_join(threads[1], NULL);
	CU_ASSERT(nx_now_ns() - start_ns < LONG_MS * 1000000ULL / 2);
	CU_ASSERT_EQUAL(waiters[0].fd + waiters[1].fd, fds[0] + fds[1]);
	CU_ASSERT_NOT_EQUAL(waiters[0].fd, waiters[1].fd);
	for (int i = 0; i < 2; i++)
		bed_close(fds[i]);
	bed_close(epfd);
	sem_destroy(&posted);
}

static const struct unit_case cases[] = {
	UNIT_CASE(epoll_wait__mixes_with_who_is_not_served),
	UNIT_CASE(epoll_wait__level_tells_as_long_as_it_is_ready),
	UNIT_CASE(epoll_wait__edge_tells_each_change_once),
	UNIT_CASE(epoll_wait__oneshot_tells_until_it_is_armed_again),
	UNIT_CASE(epoll_wait__mixes_with_the_kernels),
	UNIT_CASE(epoll_wait__wakes_who_sleeps),
	UNIT_CASE(epoll_wait__wakes_as_many_as_there_is_for),
	UNIT_CASE(epoll_wait__ends_with_its_time),
	UNIT_CASE(epoll_wait__several_epolls_share_a_socket),
	UNIT_CASE(epoll_wait__an_epoll_within_an_epoll),
	UNIT_CASE(epoll_ctl__errors_are_the_kernels),
	UNIT_CASE(epoll_ctl__a_watch_moves_with_its_socket),
};

UNIT_SUITE(socket_epoll_suite, "socket/epoll", cases);
