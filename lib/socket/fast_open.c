// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * TCP Fast Open as tcp(7) has it: who may have it, by net.ipv4.tcp_fastopen;
 * listeners; and connections whose SYN waits for what is written first.
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "internal.h"

/* Bits of net.ipv4.tcp_fastopen, as Linux's ip-sysctl.rst has them. */
#define CLIENT		0x1
#define SERVER		0x2
#define CLIENT_BARE	0x4	/* data leave without a cookie */
#define SERVER_BARE	0x200	/* and are taken without one */
#define SERVER_ALWAYS	0x400	/* from listeners that have not asked for it, too */

/* Of the network namespace; -1: it is not to be had. */
static int read_mode(void)
{
	int fd = open("/proc/sys/net/ipv4/tcp_fastopen", O_RDONLY | O_CLOEXEC);
	char text[16];
	ssize_t len;

	if (fd < 0)
		return -1;
	len = nx_sys.read(fd, text, sizeof(text) - 1);
	nx_sys.close(fd);
	if (len <= 0)
		return -1;
	text[len] = 0;
	return (int)strtol(text, NULL, 10);
}

/* Without a cookie, and where nobody knows, the kernel serves. */
static bool may_connect(int mode)
{
	return mode >= 0 && !(mode & CLIENT_BARE);
}

static bool may_listen(int mode)
{
	return mode >= 0 && (mode & (SERVER | SERVER_BARE)) !=
			    (SERVER | SERVER_BARE);
}

/* ---------------------------------------------------------------- options */

bool nx_fast_open_is_foreign(int name)
{
	switch (name) {
	case TCP_FASTOPEN:
		return !may_listen(read_mode());
	case TCP_FASTOPEN_CONNECT:
		return !may_connect(read_mode());
	case TCP_FASTOPEN_KEY:
	case TCP_FASTOPEN_NO_COOKIE:
		return true;
	}
	return false;
}

bool nx_fast_open_is_option(int name)
{
	return name == TCP_FASTOPEN || name == TCP_FASTOPEN_CONNECT ||
	       name == TCP_FASTOPEN_NO_COOKIE;
}

int nx_fast_open_refuse(const struct nx_socket *s, int name)
{
	if (s->state == NX_SOCKET_TCP && name != TCP_FASTOPEN_CONNECT)
		return -EINVAL;
	if ((s->state == NX_SOCKET_TCP || s->state == NX_SOCKET_LISTEN) &&
	    name == TCP_FASTOPEN_CONNECT && read_mode() & CLIENT)
		return -EINVAL;
	return 0;
}

/* --------------------------------------------------------------- listeners */

/* The kernel's socket knows how many are to be accepted early, and its limit. */
static uint32_t early_max(int fd)
{
	socklen_t len = sizeof(int);
	int max = 0;

	if (nx_sys.getsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &max, &len) ||
	    max < 0)
		return 0;
	return (uint32_t)max;
}

int nx_fast_open_listen(int fd, int backlog, uint32_t *max)
{
	int mode = read_mode();

	*max = early_max(fd);
	if (!*max && mode >= 0 && mode & SERVER && mode & SERVER_ALWAYS &&
	    !nx_sys.setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &backlog,
			       sizeof(backlog)))
		*max = early_max(fd);
	if (!*max)
		return 0;
	if (mode >= 0 && !(mode & SERVER))
		*max = 0;
	return may_listen(mode) ? 0 : -EOPNOTSUPP;
}

void nx_fast_open_change(struct nx_socket *s, int fd)
{
	nexus_tcp_listener_set_early(s->listener, read_mode() & SERVER ?
						  early_max(fd) : 0);
}

/* ------------------------------------------------------------- connections */

static bool may_wait(const struct nx_socket *s, int flags)
{
	return !s->nonblock && !(flags & MSG_DONTWAIT);
}

/* Who waits for the handshake sends the rest then, and has connected. */
static ssize_t wait_and_send(struct nx_socket *s, const struct msghdr *msg,
			     size_t done, int flags)
{
	int err = nx_socket_wait(s, POLLOUT,
				 nx_deadline_ns(s->set.snd_timeout_ns));

	if (err && done)
		return (ssize_t)done;
	if (err)
		return err == -EAGAIN ? -EINPROGRESS : err;
	s->is_reported = true;
	return nx_tcp_socket_send_rest(s, msg, done, flags);
}

ssize_t nx_fast_open_send_first(struct nx_socket *s, const struct msghdr *msg,
				int flags)
{
	ssize_t done = nx_tcp_socket_write(s, msg, 0,
					   nexus_tcp_early_room(s->tcp));

	s->is_deferred = false;
	nexus_tcp_start(s->tcp);
	nx_service_run();
	if (done < 0)
		done = 0;
	if (may_wait(s, flags))
		return wait_and_send(s, msg, (size_t)done, flags);
	return done ? done : -EINPROGRESS;
}

/* The kernel says what is wrong, and the socket is as it was. */
static bool is_refused(const struct msghdr *msg, int mode)
{
	const struct sockaddr *to = msg->msg_name;

	return (mode >= 0 && !(mode & CLIENT)) ||
	       (to && msg->msg_namelen >= sizeof(to->sa_family) &&
		to->sa_family == AF_UNSPEC);
}

static ssize_t connect_and_send(struct nx_socket *s, int fd,
				const struct msghdr *msg, int flags, int mode)
{
	if (is_refused(msg, mode) || !msg->msg_name)
		return NX_PASS;
	if (!may_connect(mode) ||
	    nx_socket_begin(s, fd, msg->msg_name, msg->msg_namelen, true)) {
		nx_socket_to_kernel(s);
		return NX_PASS;
	}
	s->is_used = true;
	if (s->is_deferred)
		return nx_fast_open_send_first(s, msg, flags);
	return may_wait(s, flags) ? wait_and_send(s, msg, 0, flags) :
				    -EINPROGRESS;
}

ssize_t nx_fast_open_send(struct nx_socket *s, int fd, const struct msghdr *msg,
			  int flags)
{
	int mode = read_mode();

	if (s->state == NX_SOCKET_IDLE)
		return connect_and_send(s, fd, msg, flags, mode);
	if (is_refused(msg, mode))
		return -EOPNOTSUPP;
	if (s->state == NX_SOCKET_LISTEN || s->is_reported)
		return -EISCONN;
	if (s->is_connecting && !s->is_deferred)
		return may_wait(s, flags) ? wait_and_send(s, msg, 0, flags) :
					    -EALREADY;
	s->is_reported = !s->is_deferred;
	return nx_tcp_socket_send(s, msg, flags);
}
