// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/socket/left.c, and of sockets of the kernel's that have datagrams
 * here.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "bed.h"

static const struct timespec none;

static struct nx_left *left_of(const char *const *words, size_t nr)
{
	struct nx_left *left = nx_left_alloc(nr, 64);
	struct nx_left_datagram *d;
	size_t i;

	for (i = 0; i < nr; i++) {
		d = nx_left_add(left, (uint32_t)strlen(words[i]));
		memcpy(d->data, words[i], strlen(words[i]));
		d->origin.from = (struct nexus_addr){
			.family = AF_INET, .port = htons((uint16_t)(i + 1)),
			.ip = { 192, 0, 2, 1 },
		};
	}
	return left;
}

static bool is_word(const struct nx_left_datagram *d, const char *word)
{
	return d && d->len == strlen(word) && !memcmp(d->data, word, d->len);
}

static const char *const words[] = { "one", "", "threeeeeeeeee" };

static void nx_left_take__in_order(void)
{
	struct nx_left *left = left_of(words, 3);

	CU_ASSERT(is_word(nx_left_first(left), "one"));
	CU_ASSERT(is_word(nx_left_next(left, nx_left_first(left)), ""));
	CU_ASSERT(is_word(nx_left_take(left), "one"));
	CU_ASSERT(is_word(nx_left_take(left), ""));
	CU_ASSERT(is_word(nx_left_take(left), "threeeeeeeeee"));
	CU_ASSERT_PTR_NULL(nx_left_take(left));
	CU_ASSERT_PTR_NULL(nx_left_first(left));
	nx_left_free(left);
}

static void nx_left_take__each_by_one_process(void)
{
	struct nx_left *left = left_of(words, 3);
	pid_t child = fork();
	int status = -1;

	if (!child)
		_exit(!is_word(nx_left_take(left), "one"));
	waitpid(child, &status, 0);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT(is_word(nx_left_take(left), ""));
	nx_left_free(left);
}

/* A datagram socket of the kernel's, with two datagrams. */
static int start(void)
{
	struct nx_socket *s;
	int fd;

	bed_start();
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	nx_socket_created(fd, AF_INET, SOCK_DGRAM, 0);
	s = (struct nx_socket *)nx_files[fd];
	s->state = NX_SOCKET_KERNEL;
	s->left = left_of(words, 2);
	return fd;
}

static ssize_t receive(int fd, int flags, struct sockaddr_in *from)
{
	char buf[8];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = {
		.msg_name = from, .msg_namelen = sizeof(*from),
		.msg_iov = &iov, .msg_iovlen = 1,
	};

	return nx_socket_recvmsg(fd, &msg, flags);
}

static void recvmsg__what_is_left_and_then_the_kernels(void)
{
	struct sockaddr_in from;
	int fd = start();

	CU_ASSERT_EQUAL(receive(fd, MSG_PEEK, &from), 3);
	CU_ASSERT_EQUAL(receive(fd, 0, &from), 3);
	CU_ASSERT_EQUAL(from.sin_port, htons(1));
	CU_ASSERT(nx_has_file(fd));
	CU_ASSERT_EQUAL(receive(fd, 0, &from), 0);
	CU_ASSERT_EQUAL(from.sin_port, htons(2));
	CU_ASSERT(!nx_has_file(fd));
	CU_ASSERT_EQUAL(receive(fd, 0, &from), NX_PASS);
	close(fd);
}

static void poll__tells_what_is_left(void)
{
	struct pollfd p = { .fd = start(), .events = POLLIN | POLLOUT };
	struct sockaddr_in from;

	CU_ASSERT_EQUAL(nx_socket_poll(&p, 1, &none, NULL), 1);
	CU_ASSERT_EQUAL(p.revents, POLLIN | POLLOUT);
	receive(p.fd, 0, &from);
	receive(p.fd, 0, &from);
	CU_ASSERT_EQUAL(nx_socket_poll(&p, 1, &none, NULL), NX_PASS);
	close(p.fd);
}

static void epoll__tells_what_is_left(void)
{
	struct epoll_event evs[4];
	struct sockaddr_in from;
	int fd = start(), epfd = bed_epoll();

	CU_ASSERT_EQUAL(bed_ctl(epfd, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, 4, 0), 1);
	CU_ASSERT_EQUAL(evs[0].data.fd, fd);
	receive(fd, 0, &from);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, 4, 0), 1);
	receive(fd, 0, &from);
	CU_ASSERT_EQUAL(bed_wait(epfd, evs, 4, 0), 0);
	/* It is in the kernel's epoll still. */
	CU_ASSERT_EQUAL(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL), 0);
	bed_close(epfd);
	close(fd);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_left_take__in_order),
	UNIT_CASE(nx_left_take__each_by_one_process),
	UNIT_CASE(recvmsg__what_is_left_and_then_the_kernels),
	UNIT_CASE(poll__tells_what_is_left),
	UNIT_CASE(epoll__tells_what_is_left),
};

UNIT_SUITE(socket_left_suite, "socket/left", cases);
