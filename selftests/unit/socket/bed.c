// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets without a stack below.
 */
#include <fcntl.h>

#include "bed.h"

void bed_start(void)
{
	nx_sys = (struct nx_sys) {
		.socket		= socket,
		.bind		= bind,
		.connect	= connect,
		.listen		= listen,
		.close		= close,
		.shutdown	= shutdown,
		.dup3		= dup3,
		.setsockopt	= setsockopt,
		.send		= send,
		.recv		= recv,
		.getsockopt	= getsockopt,
		.getsockname	= getsockname,
		.read		= read,
		.write		= write,
		.ppoll		= ppoll,
		.epoll_ctl	= epoll_ctl,
		.epoll_pwait	= epoll_pwait,
	};
	nx_policy.tcp = true;
	nx_policy.udp = true;
}

static struct nx_socket *socket_of(int fd)
{
	return (struct nx_socket *)nx_files[fd];
}

int bed_listener(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	nx_socket_created(fd, AF_INET, SOCK_STREAM, 0);
	socket_of(fd)->state = NX_SOCKET_LISTEN;
	return fd;
}

void bed_set_locked(int fd, bool is_ready)
{
	static struct nx_socket child;
	struct nx_socket *s = socket_of(fd);

	s->children = is_ready ? &child : NULL;
	if (is_ready)
		nx_socket_wake(s, POLLIN);
}

void bed_set(int fd, bool is_ready)
{
	nx_lock();
	bed_set_locked(fd, is_ready);
	nx_unlock();
}

void bed_close(int fd)
{
	struct nx_file *file = nx_files[fd];

	/* There is no listener of a stack behind it. */
	if (file && file->type == NX_FILE_SOCKET && file->nr_fds == 1)
		((struct nx_socket *)file)->state = NX_SOCKET_IDLE;
	nx_socket_closing(fd);
	close(fd);
}

int bed_epoll(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	nx_epoll_created(fd);
	return fd;
}

int bed_ctl(int epfd, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	int ret = nx_socket_epoll_ctl(epfd, op, fd, &ev);

	return ret == NX_PASS ? epoll_ctl(epfd, op, fd, &ev) : ret;
}

int bed_wait(int epfd, struct epoll_event *evs, int max, int timeout_ms)
{
	return nx_socket_epoll_wait(epfd, evs, max, timeout_ms, NULL);
}
