// SPDX-License-Identifier: GPL-2.0
/*
 * Measures calls on descriptors that are the kernel's, in a process that has a socket
 * of nexus's too if it is run by "nexus run": a line "NAME: NANOSECONDS" for each.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define WARMUP	200
#define COUNT	2000

/**
 * struct bed - descriptors
 * @event:   an eventfd with a count, which never blocks
 * @pair:    datagrams, from one to the other
 * @epoll:   with @event in it
 * @tcp:     a listener, which nexus serves
 */
struct bed {
	int	event;
	int	pair[2];
	int	epoll;
	int	tcp;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void check(bool is_right, const char *what)
{
	if (!is_right)
		die(what);
}

/* --------------------------------------------------------------- the calls */

static void call_write(struct bed *bed)
{
	const uint64_t one = 1;

	check(write(bed->event, &one, sizeof(one)) == sizeof(one), "write");
}

static void call_read(struct bed *bed)
{
	uint64_t count;

	check(read(bed->event, &count, sizeof(count)) == sizeof(count), "read");
}

static void call_writev(struct bed *bed)
{
	uint64_t one = 1;
	struct iovec iov = { &one, sizeof(one) };

	check(writev(bed->event, &iov, 1) == sizeof(one), "writev");
}

static void call_send_recv(struct bed *bed)
{
	char byte = 0;

	check(send(bed->pair[0], &byte, 1, 0) == 1 &&
	      recv(bed->pair[1], &byte, 1, 0) == 1, "send");
}

static void call_sendmsg_recvmsg(struct bed *bed)
{
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	check(sendmsg(bed->pair[0], &msg, 0) == 1 &&
	      recvmsg(bed->pair[1], &msg, 0) == 1, "sendmsg");
}

static void call_poll(struct bed *bed)
{
	struct pollfd fd = { .fd = bed->event, .events = POLLIN };

	check(poll(&fd, 1, 0) == 1, "poll");
}

static void call_select(struct bed *bed)
{
	struct timeval none = { 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(bed->event, &set);
	check(select(bed->event + 1, &set, NULL, NULL, &none) == 1, "select");
}

static void call_epoll_ctl(struct bed *bed)
{
	struct epoll_event event = { .events = EPOLLIN };

	check(!epoll_ctl(bed->epoll, EPOLL_CTL_MOD, bed->event, &event),
	      "epoll_ctl");
}

static void call_epoll_wait(struct bed *bed)
{
	struct epoll_event event;

	check(epoll_wait(bed->epoll, &event, 1, 0) == 1, "epoll_wait");
}

static void call_fcntl(struct bed *bed)
{
	check(fcntl(bed->event, F_GETFL) >= 0, "fcntl");
}

static void call_ioctl(struct bed *bed)
{
	int bytes;

	check(!ioctl(bed->pair[1], FIONREAD, &bytes), "ioctl");
}

static void call_getsockopt(struct bed *bed)
{
	int type;
	socklen_t len = sizeof(type);

	check(!getsockopt(bed->pair[0], SOL_SOCKET, SO_TYPE, &type, &len),
	      "getsockopt");
}

static void call_dup_close(struct bed *bed)
{
	check(!close(dup(bed->event)), "close");
}

/* ------------------------------------------------------------- measurement */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static const struct {
	const char	*name;
	void		(*call)(struct bed *bed);
	int		calls;
} table[] = {
	{ "write", call_write, 1 },
	{ "read", call_read, 1 },
	{ "writev", call_writev, 1 },
	{ "send, recv", call_send_recv, 2 },
	{ "sendmsg, recvmsg", call_sendmsg_recvmsg, 2 },
	{ "poll", call_poll, 1 },
	{ "select", call_select, 1 },
	{ "epoll_ctl", call_epoll_ctl, 1 },
	{ "epoll_wait", call_epoll_wait, 1 },
	{ "fcntl", call_fcntl, 1 },
	{ "ioctl", call_ioctl, 1 },
	{ "getsockopt", call_getsockopt, 1 },
	{ "dup, close", call_dup_close, 2 },
};

static double measure(struct bed *bed, void (*call)(struct bed *bed), int calls)
{
	uint64_t start;
	int i;

	for (i = 0; i < WARMUP; i++)
		call(bed);
	start = now_ns();
	for (i = 0; i < COUNT; i++)
		call(bed);
	return (double)(now_ns() - start) / COUNT / calls;
}

static void make(struct bed *bed, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN };

	check(inet_pton(AF_INET, address, &to.sin_addr) == 1, address);
	bed->tcp = socket(AF_INET, SOCK_STREAM, 0);
	check(!bind(bed->tcp, (struct sockaddr *)&to, sizeof(to)), "bind");
	check(!listen(bed->tcp, 1), "listen");
	bed->event = eventfd(WARMUP + COUNT + 1, EFD_SEMAPHORE);
	check(bed->event >= 0, "eventfd");
	check(!socketpair(AF_UNIX, SOCK_DGRAM, 0, bed->pair), "socketpair");
	bed->epoll = epoll_create1(0);
	check(!epoll_ctl(bed->epoll, EPOLL_CTL_ADD, bed->event, &event),
	      "epoll_ctl");
}

int main(int argc, char **argv)
{
	struct bed bed;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: calls ADDRESS\n");
		return 2;
	}
	make(&bed, argv[1]);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		printf("%s: %.1f\n", table[i].name,
		       measure(&bed, table[i].call, table[i].calls));
	return 0;
}
