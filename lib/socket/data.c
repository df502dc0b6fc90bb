// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Calls that send, receive, or ask about the data and the ends of a socket.
 */
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

/* What a datagram socket of the kernel's can do, and one of nexus's cannot. */
static bool needs_kernel(const struct nx_socket *s, const struct msghdr *msg)
{
	return s->state == NX_SOCKET_UDP && msg->msg_controllen;
}

static bool is_fast_open(const struct nx_socket *s, int flags)
{
	return flags & MSG_FASTOPEN && s->type == SOCK_STREAM &&
	       (s->state == NX_SOCKET_IDLE || s->state == NX_SOCKET_TCP ||
		s->state == NX_SOCKET_LISTEN);
}

static ssize_t send_locked(struct nx_socket *s, int fd,
			   const struct msghdr *msg, int flags)
{
	if (is_fast_open(s, flags))
		return nx_fast_open_send(s, fd, msg, flags);
	if (s->state == NX_SOCKET_IDLE && s->type == SOCK_DGRAM)
		nx_socket_adopt_sender(s, fd, msg);
	if (needs_kernel(s, msg))
		nx_socket_to_kernel(s);
	switch (s->state) {
	case NX_SOCKET_UDP:
		return nx_udp_socket_send(s, msg, flags);
	case NX_SOCKET_TCP:
		return flags & MSG_OOB ? -EOPNOTSUPP :
					 nx_tcp_socket_send(s, msg, flags);
	case NX_SOCKET_LISTEN:
	case NX_SOCKET_INHERITED:
		return -EPIPE;
	case NX_SOCKET_IDLE:
	case NX_SOCKET_KERNEL:
	case NX_SOCKET_SHARED:
		break;
	}
	return NX_PASS;
}

ssize_t nx_socket_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t ret = NX_PASS;
	struct nx_socket *s;

	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		ret = send_locked(s, fd, msg, flags);
		nx_socket_put(s);
	}
	nx_unlock();
	return ret;
}

static ssize_t recv_locked(struct nx_socket *s, struct msghdr *msg, int flags)
{
	ssize_t ret = NX_PASS;

	if (s->left && !(flags & MSG_ERRQUEUE))
		ret = nx_udp_socket_recv_left(s, msg, flags);
	if (ret != NX_PASS)
		return ret;
	if (s->state >= NX_SOCKET_UDP && flags & MSG_ERRQUEUE)
		return -EAGAIN;
	switch (s->state) {
	case NX_SOCKET_UDP:
		return nx_udp_socket_recv(s, msg, flags);
	case NX_SOCKET_TCP:
		return flags & MSG_OOB ? -EINVAL :
					 nx_tcp_socket_recv(s, msg, flags);
	case NX_SOCKET_LISTEN:
	case NX_SOCKET_INHERITED:
		return -ENOTCONN;
	case NX_SOCKET_IDLE:
	case NX_SOCKET_KERNEL:
	case NX_SOCKET_SHARED:
		break;
	}
	return NX_PASS;
}

ssize_t nx_socket_recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t ret = NX_PASS;
	struct nx_socket *s;

	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		ret = recv_locked(s, msg, flags);
		nx_socket_put(s);
	}
	nx_unlock();
	return ret;
}

/* -------------------------------------------------------------- the ends */

static int put_end(const struct nx_socket *s, bool is_remote,
		   struct sockaddr *addr, socklen_t *len)
{
	struct nexus_addr end;

	if (is_remote)
		nexus_tcp_remote(s->tcp, &end);
	else
		nexus_tcp_local(s->tcp, &end);
	nx_put_addr(s, &end, addr, len);
	return 0;
}

int nx_socket_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	nx_lock();
	s = nx_socket_get(fd);
	if (s && s->state == NX_SOCKET_TCP)
		ret = put_end(s, false, addr, len);
	if (s)
		nx_socket_put(s);
	nx_unlock();
	return ret;
}

int nx_socket_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	nx_lock();
	s = nx_socket_get(fd);
	if (s && s->state == NX_SOCKET_KERNEL && s->peer.family) {
		nx_put_addr(s, &s->peer, addr, len);
		ret = 0;
	} else if (s && s->state == NX_SOCKET_TCP) {
		if (s->is_connecting ||
		    (nexus_tcp_poll_events(s->tcp) & POLLHUP && s->error))
			ret = -ENOTCONN;
		else
			ret = put_end(s, true, addr, len);
	}
	if (s)
		nx_socket_put(s);
	nx_unlock();
	return ret;
}

/* ----------------------------------------------------------------- ioctl */

static int bytes_waiting(const struct nx_socket *s)
{
	if (s->state == NX_SOCKET_TCP)
		return (int)nexus_tcp_readable(s->tcp);
	if (nx_socket_has_left(s))
		return (int)nx_left_first(s->left)->len;
	return s->first ? (int)s->first->total_len : 0;
}

static int bytes_unsent(const struct nx_socket *s)
{
	struct nexus_tcp_info info;

	if (s->state != NX_SOCKET_TCP)
		return 0;
	nexus_tcp_info(s->tcp, &info);
	return (int)(info.unsent + info.unacked);
}

static int ioctl_locked(struct nx_socket *s, unsigned long request, void *arg)
{
	if (request == FIONBIO) {
		s->nonblock = *(int *)arg;
		return NX_PASS;
	}
	if ((s->state < NX_SOCKET_UDP && !nx_socket_has_left(s)) ||
	    s->state == NX_SOCKET_INHERITED)
		return NX_PASS;
	switch (request) {
	case FIONREAD:
		if (s->state == NX_SOCKET_LISTEN)
			return -EINVAL;
		nx_service_run();
		*(int *)arg = bytes_waiting(s);
		return 0;
	case SIOCOUTQ:
		*(int *)arg = bytes_unsent(s);
		return 0;
	case SIOCATMARK:
		*(int *)arg = 0;
		return 0;
	default:
		return NX_PASS;
	}
}

int nx_socket_ioctl(int fd, unsigned long request, void *arg)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		ret = ioctl_locked(s, request, arg);
		nx_socket_put(s);
	}
	nx_unlock();
	return ret;
}
