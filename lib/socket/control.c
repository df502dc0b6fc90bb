// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * From a socket of the kernel's to one of nexus's and back: bind, connect, listen,
 * accept, shutdown, close.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "../ip/addr.h"
#include "internal.h"

size_t nx_iov_bytes(const struct msghdr *msg)
{
	size_t bytes = 0, i;

	for (i = 0; i < msg->msg_iovlen; i++)
		bytes += msg->msg_iov[i].iov_len;
	return bytes;
}

/* ------------------------------------------------------------- addresses */

/* An IPv4 address of an IPv6 socket is a mapped one (RFC 4291 section 2.5.5.2). */
static socklen_t to_sockaddr(const struct nx_socket *s,
			     const struct nexus_addr *addr,
			     struct sockaddr_storage *ss)
{
	struct nexus_addr mapped = { .family = AF_INET6, .port = addr->port };

	if (s->domain != AF_INET6 || addr->family != AF_INET)
		return nexus_addr_to_sockaddr(addr, ss);
	mapped.ip[10] = 0xff;
	mapped.ip[11] = 0xff;
	memcpy(mapped.ip + 12, addr->ip, 4);
	return nexus_addr_to_sockaddr(&mapped, ss);
}

void nx_put_addr(const struct nx_socket *s, const struct nexus_addr *addr,
		 void *to, socklen_t *len)
{
	struct sockaddr_storage ss;
	socklen_t full = to_sockaddr(s, addr, &ss);

	memcpy(to, &ss, full < *len ? full : *len);
	*len = full;
}

static bool local_of(int fd, struct nexus_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return !nx_sys.getsockname(fd, (struct sockaddr *)&ss, &len) &&
	       !nexus_addr_from_sockaddr(addr, (struct sockaddr *)&ss, len);
}

/* ------------------------------------------------------------------ bind */

static void explain(int fd, const char *verb, const struct nexus_addr *addr,
		    int err)
{
	char text[NEXUS_ADDR_STRLEN];

	if (!nx_policy.explains)
		return;
	nexus_addr_format(addr, text, sizeof(text));
	if (err)
		nx_explain("%d %s %s: the kernel: %s", fd, verb, text,
			   err == -ENXIO ? "no stack" : nexus_error_text());
	else
		nx_explain("%d %s %s: nexus", fd, verb, text);
}

/*
 * UDP ports where a socket is shared with another process, by number. One that is
 * connected gets what its peer sends there; another socket of the port's on nexus
 * would get all, so there is none.
 */
static uint8_t shared_ports[65536 / 8];

void nx_socket_share_port(int fd)
{
	struct nexus_addr local;
	uint16_t port;

	if (!local_of(fd, &local))
		return;
	port = ntohs(local.port);
	shared_ports[port / 8] |= (uint8_t)(1 << port % 8);
}

static bool is_shared_port(const struct nexus_addr *local)
{
	uint16_t port = ntohs(local->port);

	return shared_ports[port / 8] & 1 << port % 8;
}

/* A datagram socket has got its port. */
static void adopt_bound(struct nx_socket *s, int fd)
{
	struct nexus_addr local;
	int err;

	if (s->type != SOCK_DGRAM || s->state != NX_SOCKET_IDLE ||
	    !local_of(fd, &local) || !local.port || is_shared_port(&local) ||
	    !nx_policy_has_port(&nx_policy, local.port) ||
	    !nx_device_has(&local))
		return;
	err = nx_udp_socket_adopt(s, fd);
	explain(fd, "receives at", &local, err);
}

void nx_socket_bound(int fd)
{
	struct nx_socket *s;

	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		adopt_bound(s, fd);
		nx_socket_put(s);
	}
	nx_unlock();
}

/* The kernel binds a socket that sends without a port: here that comes first. */
static bool bind_anyhow(const struct nx_socket *s, int fd)
{
	struct nexus_addr any = { .family = (uint16_t)s->domain }, local;
	struct sockaddr_storage ss;
	socklen_t len = nexus_addr_to_sockaddr(&any, &ss);

	if (local_of(fd, &local) && local.port)
		return true;
	return !nx_sys.bind(fd, (struct sockaddr *)&ss, len);
}

void nx_socket_adopt_sender(struct nx_socket *s, int fd,
			    const struct msghdr *msg)
{
	struct nexus_addr to;
	int err;

	if (!msg->msg_name ||
	    nexus_addr_from_sockaddr(&to, msg->msg_name, msg->msg_namelen))
		return;
	if (!nx_policy_has_port(&nx_policy, to.port) ||
	    !nx_device_leads_to(&to) || !bind_anyhow(s, fd)) {
		nx_socket_to_kernel(s);
		return;
	}
	err = nx_udp_socket_adopt(s, fd);
	explain(fd, "sends to", &to, err);
	if (err)
		nx_socket_to_kernel(s);
}

/* --------------------------------------------------------------- connect */

/*
 * The kernel connects a datagram socket, to have its route and its port; then it
 * becomes an endpoint, of whom it is connected to.
 */
static int connect_udp(struct nx_socket *s, int fd, const struct sockaddr *sa,
		       socklen_t len)
{
	struct nexus_addr remote;
	int err = 0;

	if (s->state == NX_SOCKET_UDP) {
		nx_udp_socket_hand_over(s);
		s->state = NX_SOCKET_IDLE;
	}
	if (nx_sys.connect(fd, sa, len))
		err = -errno;
	if (err || nexus_addr_from_sockaddr(&remote, sa, len) ||
	    !nx_policy_has_port(&nx_policy, remote.port) ||
	    !nx_device_leads_to(&remote) || nx_udp_socket_adopt(s, fd))
		nx_socket_to_kernel(s);
	return err;
}

static int wait_connected(struct nx_socket *s)
{
	int err;

	if (s->nonblock)
		return -EINPROGRESS;
	err = nx_socket_wait(s, POLLOUT,
			     nx_deadline_ns(s->set.snd_timeout_ns));
	if (err == -EAGAIN)
		return -EINPROGRESS;
	if (err)
		return err;
	s->is_reported = true;
	return s->error ? -nx_socket_take_error(s) : 0;
}

/* connect() on what nexus connects, or has connected. */
static int connect_again(struct nx_socket *s)
{
	if (s->is_deferred)
		return -EISCONN;
	if (s->is_connecting)
		return s->nonblock ? -EALREADY : wait_connected(s);
	if (s->error)
		return -nx_socket_take_error(s);
	if (s->is_reported)
		return -EISCONN;
	s->is_reported = true;
	return 0;
}

int nx_socket_begin(struct nx_socket *s, int fd, const struct sockaddr *sa,
		    socklen_t len, bool is_fast)
{
	struct nexus_addr remote;
	int err;

	if (nexus_addr_from_sockaddr(&remote, sa, len))
		return NX_PASS;
	if (!remote.port || nx_addr_is_any(&remote) ||
	    !nx_policy_has_port(&nx_policy, remote.port) ||
	    !nx_device_leads_to(&remote))
		return NX_PASS;
	err = nx_tcp_socket_connect(s, fd, &remote, is_fast);
	explain(fd, "connects to", &remote, err);
	return err ? NX_PASS : 0;
}

static int connect_tcp(struct nx_socket *s, int fd, const struct sockaddr *sa,
		       socklen_t len)
{
	int err = nx_socket_begin(s, fd, sa, len, s->set.fast_connect);

	return err || s->is_deferred ? err : wait_connected(s);
}

static int connect_locked(struct nx_socket *s, int fd,
			  const struct sockaddr *sa, socklen_t len)
{
	int ret = NX_PASS;

	switch (s->state) {
	case NX_SOCKET_UDP:
		return connect_udp(s, fd, sa, len);
	case NX_SOCKET_TCP:
		return connect_again(s);
	case NX_SOCKET_LISTEN:
		return -EISCONN;
	case NX_SOCKET_INHERITED:
		return -ENOTCONN;
	case NX_SOCKET_KERNEL:
	case NX_SOCKET_SHARED:
		return NX_PASS;
	case NX_SOCKET_IDLE:
		break;
	}
	if (s->type == SOCK_DGRAM)
		return connect_udp(s, fd, sa, len);
	ret = connect_tcp(s, fd, sa, len);
	if (ret == NX_PASS)
		nx_socket_to_kernel(s);
	return ret;
}

int nx_socket_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		ret = connect_locked(s, fd, addr, len);
		nx_socket_put(s);
	}
	nx_unlock();
	return ret;
}

/* ---------------------------------------------------------------- listen */

/* The kernel's SOMAXCONN. */
#define BACKLOG_MAX	4096

static int listen_tcp(struct nx_socket *s, int fd, int backlog)
{
	struct nexus_addr local = { 0 };
	int err = -EINVAL;

	s->backlog = backlog > 0 && backlog < BACKLOG_MAX ?
		     (uint32_t)backlog + 1 : BACKLOG_MAX;
	if (local_of(fd, &local) && local.port &&
	    nx_policy_has_port(&nx_policy, local.port) &&
	    nx_device_has(&local)) {
		err = nx_tcp_socket_listen(s, fd, backlog);
		explain(fd, "listens at", &local, err);
	}
	if (!err)
		return 0;
	nx_socket_to_kernel(s);
	return NX_PASS;
}

int nx_socket_listen(int fd, int backlog)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	nx_lock();
	s = nx_socket_get(fd);
	if (s && s->type == SOCK_STREAM && s->state == NX_SOCKET_IDLE)
		ret = listen_tcp(s, fd, backlog);
	else if (s && s->state == NX_SOCKET_LISTEN)
		ret = s->is_beside ? NX_PASS : 0;
	else if (s && s->state == NX_SOCKET_TCP)
		ret = -EINVAL;
	if (s)
		nx_socket_put(s);
	nx_unlock();
	return ret;
}

/* ---------------------------------------------------------------- accept */

static struct nx_socket *pop_child(struct nx_socket *s)
{
	struct nx_socket *child = s->children;

	s->children = child->next;
	s->nr_children--;
	child->next = NULL;
	return child;
}

/* Of a listener beside the kernel's: a descriptor of its, or 0: nexus has one. */
static int wait_beside(struct nx_socket *s, int fd, struct sockaddr *addr,
		       socklen_t *len, int flags)
{
	uint64_t until_ns = nx_deadline_ns(s->set.rcv_timeout_ns);
	int ret;

	for (;;) {
		if (!s->children)
			nx_service_run();
		if (s->children)
			return 0;
		ret = nx_beside_accept_kernel(s, fd, addr, len, flags);
		if (ret == -EAGAIN)
			nx_beside_settle(s, fd);
		if (ret != -EAGAIN || s->nonblock)
			return ret;
		ret = nx_beside_wait(s, fd, until_ns);
		if (ret)
			return ret;
	}
}

static int wait_for_child(struct nx_socket *s)
{
	if (!s->children)
		nx_service_run();
	if (s->children)
		return 0;
	if (s->nonblock)
		return -EAGAIN;
	return nx_socket_wait(s, POLLIN,
			      nx_deadline_ns(s->set.rcv_timeout_ns));
}

/*
 * A descriptor like any other: dup(), fcntl() and close() need one. What is behind
 * it is a socket of the kernel's without a port.
 */
static int accept_child(struct nx_socket *s, struct sockaddr *addr,
			socklen_t *len, int flags)
{
	struct nexus_addr remote;
	struct nx_socket *child;
	int fd;

	fd = nx_sys.socket(s->domain, SOCK_STREAM | flags, 0);
	if (fd < 0)
		return -errno;
	if (fd >= NX_FILES_MAX) {
		nx_sys.close(fd);
		return -EMFILE;
	}
	child = pop_child(s);
	child->nonblock = flags & SOCK_NONBLOCK;
	nx_file_install(fd, &child->file);
	child->file.refs--;
	nexus_tcp_remote(child->tcp, &remote);
	if (addr)
		nx_put_addr(s, &remote, addr, len);
	return fd;
}

static int accept_one(struct nx_socket *s, int fd, struct sockaddr *addr,
		      socklen_t *len, int flags)
{
	int ret = s->is_beside ? wait_beside(s, fd, addr, len, flags) :
				 wait_for_child(s);

	return ret ? ret : accept_child(s, addr, len, flags);
}

int nx_socket_accept(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	nx_lock();
	s = nx_socket_get(fd);
	if (s)
		nx_beside_take_up(s);
	if (s && s->state == NX_SOCKET_LISTEN)
		ret = accept_one(s, fd, addr, len, flags);
	else if (s && s->state >= NX_SOCKET_UDP)
		ret = s->type == SOCK_DGRAM ? -EOPNOTSUPP : -EINVAL;
	if (s)
		nx_socket_put(s);
	nx_unlock();
	return ret;
}

/* ------------------------------------------------------ shutdown and close */

/* As Linux has it: nobody has heard of the connection, and nobody will. */
static int give_up(struct nx_socket *s)
{
	nexus_tcp_shutdown(s->tcp);
	nx_service_run();
	s->error = ECONNRESET;
	nx_socket_wake(s, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
	return 0;
}

static int shutdown_tcp(struct nx_socket *s, int how)
{
	int err = 0;

	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (s->is_deferred)
		return give_up(s);
	if (s->is_connecting)
		return -ENOTCONN;
	if (how != SHUT_WR)
		s->is_read_shut = true;
	if (how != SHUT_RD)
		err = nexus_tcp_shutdown(s->tcp);
	nx_service_run();
	nx_socket_wake(s, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	return err;
}

/* The kernel's socket says whether it may be; nothing of it is on the wire. */
static void shutdown_udp(struct nx_socket *s, int how)
{
	struct nexus_addr remote;

	nexus_udp_remote(s->udp, &remote);
	if (!remote.family)
		return;
	s->is_read_shut |= how != SHUT_WR;
	s->is_write_shut |= how != SHUT_RD;
	nx_socket_wake(s, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

int nx_socket_shutdown(int fd, int how)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	nx_lock();
	s = nx_socket_get(fd);
	if (s && s->state == NX_SOCKET_TCP)
		ret = shutdown_tcp(s, how);
	else if (s && s->state == NX_SOCKET_UDP)
		shutdown_udp(s, how);
	else if (s && (s->state == NX_SOCKET_LISTEN ||
		       s->state == NX_SOCKET_SHARED))
		nx_socket_to_kernel(s);
	if (s)
		nx_socket_put(s);
	nx_unlock();
	return ret;
}

void nx_socket_release(struct nx_socket *s)
{
	enum nx_socket_state state = s->state;

	nx_watches_drop(s);
	nx_left_free(s->left);
	s->left = NULL;
	s->state = NX_SOCKET_KERNEL;
	switch (state) {
	case NX_SOCKET_UDP:
		nx_udp_socket_release(s);
		break;
	case NX_SOCKET_LISTEN:
		nx_tcp_socket_unlisten(s);
		break;
	case NX_SOCKET_TCP:
		nx_tcp_socket_close(s);
		break;
	case NX_SOCKET_IDLE:
	case NX_SOCKET_KERNEL:
	case NX_SOCKET_SHARED:
	case NX_SOCKET_INHERITED:
		break;
	}
	/* Whoever still waits for it. */
	nx_socket_wake(s, 0);
}

bool nx_socket_is_served(int fd)
{
	struct nx_socket *s;
	bool is_served;

	nx_lock();
	s = nx_socket_get(fd);
	is_served = s && s->state >= NX_SOCKET_UDP;
	if (s)
		nx_socket_put(s);
	nx_unlock();
	return is_served;
}

void nx_socket_set_nonblock(int fd, bool on)
{
	struct nx_socket *s;

	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		s->nonblock = on;
		if (s->state == NX_SOCKET_LISTEN && s->is_beside)
			nx_beside_settle(s, fd);
		nx_socket_put(s);
	}
	nx_unlock();
}
