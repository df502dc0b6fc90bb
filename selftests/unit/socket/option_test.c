// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/socket/option.c: which options make a socket the kernel's, and which
 * are refused where the kernel's socket would not know why.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "../unit.h"
#include "bed.h"

static struct nx_socket *socket_of(int fd)
{
	return (struct nx_socket *)nx_files[fd];
}

static int open_idle(void)
{
	int fd = bed_listener();

	socket_of(fd)->state = NX_SOCKET_IDLE;
	return fd;
}

/* 0 or 1, as "setsockopt()" was called with it. */
static void set(int fd, int level, int name, int value)
{
	nx_socket_setsockopt(fd, level, name, &value, sizeof(value));
}

static void nx_socket_setsockopt__leaves_what_is_foreign(void)
{
	static const struct {
		int	level;
		int	name;
	} foreign[] = {
		{ SOL_SOCKET, SO_TIMESTAMP },
		{ IPPROTO_TCP, TCP_REPAIR },
		{ IPPROTO_TCP, TCP_FASTOPEN_KEY },
		{ IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE },
	};
	unsigned int i;
	int fd;

	bed_start();
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		fd = open_idle();
		set(fd, foreign[i].level, foreign[i].name, 0);
		CU_ASSERT(nx_has_file(fd));
		set(fd, foreign[i].level, foreign[i].name, 1);
		CU_ASSERT(!nx_has_file(fd));
		bed_close(fd);
	}
}

/* Its port is its connections': the kernel could not have it. */
static void nx_socket_setsockopt__leaves_no_listener_with_connections(void)
{
	int fd;

	bed_start();
	fd = bed_listener();
	socket_of(fd)->has_accepted = true;
	set(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	CU_ASSERT_TRUE_FATAL(nx_has_file(fd));
	CU_ASSERT_EQUAL(socket_of(fd)->state, NX_SOCKET_LISTEN);
	socket_of(fd)->has_accepted = false;
	set(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	CU_ASSERT(!nx_has_file(fd));
	bed_close(fd);
}

static void nx_socket_refuse_option__knows_the_state(void)
{
	struct nx_socket *s;
	int fd;

	bed_start();
	fd = open_idle();
	s = socket_of(fd);
	CU_ASSERT_EQUAL(nx_socket_refuse_option(fd, IPPROTO_TCP, TCP_FASTOPEN), 0);
	CU_ASSERT_EQUAL(nx_socket_refuse_option(fd, IPPROTO_TCP,
						TCP_FASTOPEN_CONNECT), 0);
	s->state = NX_SOCKET_LISTEN;
	CU_ASSERT_EQUAL(nx_socket_refuse_option(fd, IPPROTO_TCP, TCP_FASTOPEN), 0);
	s->state = NX_SOCKET_TCP;
	CU_ASSERT_EQUAL(nx_socket_refuse_option(fd, IPPROTO_TCP, TCP_FASTOPEN),
			-EINVAL);
	CU_ASSERT_EQUAL(nx_socket_refuse_option(fd, IPPROTO_TCP,
						TCP_FASTOPEN_NO_COOKIE), -EINVAL);
	CU_ASSERT_EQUAL(nx_socket_refuse_option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	CU_ASSERT_EQUAL(nx_socket_refuse_option(fd, SOL_SOCKET, TCP_FASTOPEN), 0);
	bed_close(fd);
}

static int get(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	CU_ASSERT_EQUAL(nx_socket_getsockopt(fd, level, name, &value, &len), 0);
	CU_ASSERT_EQUAL(len, sizeof(value));
	return value;
}

/* Of a connection, and of nothing else; what is wrong the kernel's socket tells. */
static void nx_socket_set_own_option__is_of_connections(void)
{
	static const int names[] = { TCP_NODELAY, TCP_CORK };
	int fd, on = 7, off = 0;
	unsigned int i;

	bed_start();
	fd = open_idle();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		socket_of(fd)->state = NX_SOCKET_IDLE;
		CU_ASSERT_EQUAL(nx_socket_set_own_option(fd, IPPROTO_TCP, names[i],
							 &on, sizeof(on)), NX_PASS);
		socket_of(fd)->state = NX_SOCKET_TCP;
		CU_ASSERT_EQUAL(nx_socket_set_own_option(fd, IPPROTO_TCP, names[i],
							 &on, 1), NX_PASS);
		CU_ASSERT_EQUAL(nx_socket_set_own_option(fd, IPPROTO_TCP, names[i],
							 NULL, sizeof(on)), NX_PASS);
		CU_ASSERT_EQUAL(get(fd, IPPROTO_TCP, names[i]), 0);
		CU_ASSERT_EQUAL(nx_socket_set_own_option(fd, IPPROTO_TCP, names[i],
							 &on, sizeof(on)), 0);
		CU_ASSERT_EQUAL(get(fd, IPPROTO_TCP, names[i]), 1);
		CU_ASSERT_EQUAL(nx_socket_set_own_option(fd, IPPROTO_TCP, names[i],
							 &off, sizeof(off)), 0);
		CU_ASSERT_EQUAL(get(fd, IPPROTO_TCP, names[i]), 0);
	}
	CU_ASSERT_EQUAL(nx_socket_set_own_option(fd, IPPROTO_TCP, TCP_KEEPIDLE,
						 &on, sizeof(on)), NX_PASS);
	CU_ASSERT_EQUAL(nx_socket_set_own_option(fd, SOL_SOCKET, TCP_CORK, &on,
						 sizeof(on)), NX_PASS);
	bed_close(fd);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_socket_set_own_option__is_of_connections),
	UNIT_CASE(nx_socket_setsockopt__leaves_what_is_foreign),
	UNIT_CASE(nx_socket_setsockopt__leaves_no_listener_with_connections),
	UNIT_CASE(nx_socket_refuse_option__knows_the_state),
};

UNIT_SUITE(socket_option_suite, "socket/option", cases);
