// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/socket/ready.c and file.c: poll(), and the table of descriptors.
 */
#include <pthread.h>
#include <unistd.h>

#include "../unit.h"
#include "bed.h"

static const struct timespec none;

static void nx_socket_poll__passes_what_is_the_kernels(void)
{
	struct pollfd fd = { .events = POLLIN };
	int pipes[2];

	bed_start();
	CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
	fd.fd = pipes[0];
	CU_ASSERT_EQUAL(nx_socket_poll(&fd, 1, &none, NULL), NX_PASS);
	close(pipes[0]);
	close(pipes[1]);
}

static void nx_socket_poll__mixes_with_the_kernels(void)
{
	struct pollfd fds[3] = { { .fd = -1 } };
	int pipes[2], fd;

	bed_start();
	fd = bed_listener();
	CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
	fds[1] = (struct pollfd) { .fd = fd, .events = POLLIN };
	fds[2] = (struct pollfd) { .fd = pipes[0], .events = POLLIN };
	CU_ASSERT_EQUAL(nx_socket_poll(fds, 3, &none, NULL), 0);
	CU_ASSERT_EQUAL(write(pipes[1], "x", 1), 1);
	CU_ASSERT_EQUAL(nx_socket_poll(fds, 3, &none, NULL), 1);
	CU_ASSERT_EQUAL(fds[2].revents, POLLIN);
	bed_set(fd, true);
	CU_ASSERT_EQUAL(nx_socket_poll(fds, 3, &none, NULL), 2);
	CU_ASSERT_EQUAL(fds[0].revents, 0);
	CU_ASSERT_EQUAL(fds[1].revents, POLLIN);
	fds[1].events = POLLOUT;
	CU_ASSERT_EQUAL(nx_socket_poll(fds, 3, &none, NULL), 1);
	bed_close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

/* As the kernel has it, whether or not something is ready. */
static void nx_socket_poll__refuses_what_is_no_time(void)
{
	static const struct timespec wrong[] = {
		{ .tv_sec = -1 }, { .tv_nsec = -1 }, { .tv_nsec = 1000000000 },
	};
	struct pollfd p = { .events = POLLIN };
	unsigned int i;

	bed_start();
	p.fd = bed_listener();
	bed_set(p.fd, true);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_EQUAL(nx_socket_poll(&p, 1, &wrong[i], NULL), -EINVAL);
	CU_ASSERT_EQUAL(nx_socket_poll(&p, 1, &none, NULL), 1);
	bed_close(p.fd);
}

static void *set_later(void *arg)
{
	usleep(20000);
	bed_set(*(int *)arg, true);
	return NULL;
}

static void nx_socket_poll__wakes_who_sleeps(void)
{
	struct timespec limit = { .tv_sec = 20 };
	struct pollfd p = { .events = POLLIN };
	pthread_t thread;
	int fd;

	bed_start();
	fd = bed_listener();
	p.fd = fd;
	pthread_create(&thread, NULL, set_later, &fd);
	CU_ASSERT_EQUAL(nx_socket_poll(&p, 1, &limit, NULL), 1);
	pthread_join(thread, NULL);
	bed_close(fd);
}

static void nx_socket_duplicated__both_refer_to_one(void)
{
	struct epoll_event evs[2];
	int epfd, fd, copy;

	bed_start();
	epfd = bed_epoll();
	fd = bed_listener();
	copy = dup(fd);
	nx_socket_duplicated(fd, copy);
	CU_ASSERT_PTR_EQUAL(nx_files[fd], nx_files[copy]);
	bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN);
	bed_set(copy, true);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, 2, 0), 1);
	/* The other one still refers to it. */
	bed_close(fd);
	CU_ASSERT(!nx_has_file(fd));
	CU_ASSERT(nx_has_file(copy));
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, 2, 0), 1);
	bed_close(copy);
	CU_ASSERT(!nx_has_file(copy));
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, 2, 0), 0);
	bed_close(epfd);
}

static void nx_socket_created__others_leave_the_table(void)
{
	int fd;

	bed_start();
	fd = bed_listener();
	((struct nx_socket *)nx_files[fd])->state = NX_SOCKET_IDLE;
	/* Closed where nobody saw it, and used again for something else. */
	nx_socket_created(fd, AF_UNIX, SOCK_STREAM, 0);
	CU_ASSERT(!nx_has_file(fd));
	nx_socket_created(fd, AF_INET, SOCK_RAW, 0);
	CU_ASSERT(!nx_has_file(fd));
	nx_socket_created(fd, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	CU_ASSERT(nx_has_file(fd));
	CU_ASSERT(((struct nx_socket *)nx_files[fd])->nonblock);
	bed_close(fd);
}

static void ignore(int number)
{
	(void)number;
}

static void nx_signal_restarts__if_all_handlers_ask_for_it(void)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	struct sigaction old;

	CU_ASSERT(nx_signal_restarts());
	sigaction(SIGUSR2, &action, &old);
	CU_ASSERT(nx_signal_restarts());
	action.sa_flags = 0;
	sigaction(SIGUSR2, &action, NULL);
	CU_ASSERT(!nx_signal_restarts());
	action.sa_handler = SIG_IGN;
	sigaction(SIGUSR2, &action, NULL);
	CU_ASSERT(nx_signal_restarts());
	sigaction(SIGUSR2, &old, NULL);
}

static void nx_has_file__says_no_beyond_the_table(void)
{
	CU_ASSERT(!nx_has_file(-1));
	CU_ASSERT(!nx_has_file(NX_FILES_MAX));
	CU_ASSERT(!nx_has_file(INT32_MAX));
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_socket_poll__passes_what_is_the_kernels),
	UNIT_CASE(nx_socket_poll__mixes_with_the_kernels),
	UNIT_CASE(nx_socket_poll__refuses_what_is_no_time),
	UNIT_CASE(nx_socket_poll__wakes_who_sleeps),
	UNIT_CASE(nx_socket_duplicated__both_refer_to_one),
	UNIT_CASE(nx_socket_created__others_leave_the_table),
	UNIT_CASE(nx_signal_restarts__if_all_handlers_ask_for_it),
	UNIT_CASE(nx_has_file__says_no_beyond_the_table),
};

UNIT_SUITE(socket_ready_suite, "socket/ready", cases);
