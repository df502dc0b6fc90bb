// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Sockets: from socket() to close().
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

static int fail(int err)
{
	errno = err;
	return -1;
}

/* ---------------------------------------------------------------- memory */

struct nx_pd_buf *nx_pd_buf_alloc(uint32_t len)
{
	struct nx_pd_buf *buf = malloc(sizeof(*buf) + len);

	if (!buf)
		return NULL;
	buf->nr_refs = 1;
	buf->len = len;
	return buf;
}

void nx_pd_buf_put(struct nx_pd_buf *buf)
{
	if (!--buf->nr_refs)
		free(buf);
}

struct nx_pd_sock *nx_pd_sock_alloc(struct nx_pd_host *host, int family)
{
	struct nx_pd_sock *s;

	for (s = host->socks; s < host->socks + NX_PD_NR_SOCKS; s++) {
		if (s->is_used)
			continue;
		memset(s, 0, sizeof(*s));
		s->is_used = true;
		s->host = host;
		s->family = family;
		s->config = host->config;
		if (family == AF_INET)
			memset(s->ends.local + 10, 0xff, 2);
		return s;
	}
	return NULL;
}

void nx_pd_sock_free(struct nx_pd_sock *sock)
{
	if (sock->span.buf)
		nx_pd_buf_put(sock->span.buf);
	if (sock->is_open)
		nx_tcp_exit(&sock->tcp);
	sock->is_used = false;
}

int nx_pd_fd_open(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

struct nx_pd_sock *nx_pd_sock_get(struct nx_pd_host *host, int fd)
{
	struct nx_pd_sock *s;

	for (s = host->socks; s < host->socks + NX_PD_NR_SOCKS; s++)
		if (s->is_used && s->has_fd && s->fd == fd)
			return s;
	errno = EBADF;
	return NULL;
}

/* Gives a socket its descriptor, or -errno. */
static int give_fd(struct nx_pd_sock *sock)
{
	sock->fd = nx_pd_fd_open();
	sock->has_fd = sock->fd >= 0;
	return sock->has_fd ? sock->fd : -errno;
}

/* -------------------------------------------------------------- addresses */

static int get_address(const struct sockaddr *from, socklen_t len, int family,
		       uint8_t ip[16], uint16_t *port)
{
	const struct sockaddr_in6 *in6 = (const void *)from;
	const struct sockaddr_in *in = (const void *)from;

	if (len < sizeof(sa_family_t) || from->sa_family != family)
		return -EAFNOSUPPORT;
	if (family == AF_INET6) {
		if (len < sizeof(*in6))
			return -EINVAL;
		memcpy(ip, &in6->sin6_addr, 16);
		*port = ntohs(in6->sin6_port);
		return 0;
	}
	if (len < sizeof(*in))
		return -EINVAL;
	memset(ip, 0, 10);
	memset(ip + 10, 0xff, 2);
	memcpy(ip + 12, &in->sin_addr, 4);
	*port = ntohs(in->sin_port);
	return 0;
}

static void put_address(int family, const uint8_t ip[16], uint16_t port,
			struct sockaddr *to, socklen_t *len)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
	};
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port),
	};
	socklen_t size = family == AF_INET6 ? sizeof(in6) : sizeof(in);

	if (!to || !len)
		return;
	memcpy(&in6.sin6_addr, ip, 16);
	memcpy(&in.sin_addr, ip + 12, 4);
	memcpy(to, family == AF_INET6 ? (void *)&in6 : (void *)&in,
	       *len < size ? *len : size);
	*len = size;
}

/* This host's address where none was bound. */
static void choose_local(struct nx_pd_sock *sock)
{
	static const uint8_t any[6];
	uint8_t *ip = sock->ends.local;

	if (sock->family == AF_INET && !memcmp(ip + 12, any, 4))
		memcpy(ip, sock->host->local4, 16);
	else if (sock->family == AF_INET6 && !memcmp(ip, any, 6))
		memcpy(ip, sock->host->local6, 16);
	if (!sock->ends.local_port)
		sock->ends.local_port = sock->host->next_port++;
}

/* ------------------------------------------------------------ connections */

struct nx_tcp_open nx_pd_open_of(const struct nx_pd_host *host,
				 const struct nx_tcp_tuple *ends, int family)
{
	return (struct nx_tcp_open){
		.iss = nx_isn(&host->key, ends, host->now_ns),
		.ts_off = nx_isn_ts_offset(&host->key, ends),
		.mtu = host->mtu,
		.ip_len = family == AF_INET ? NEXUS_WIRE_IPV4_LEN :
					      NEXUS_WIRE_IPV6_LEN,
	};
}

void nx_pd_sock_init(struct nx_pd_sock *sock)
{
	struct nx_pd_host *host = sock->host;

	nx_tcp_init(&sock->tcp, &host->env, &sock->config);
	sock->is_open = true;
	nx_tcp_set_nodelay(&sock->tcp, sock->is_nodelay);
	nx_tcp_set_cork(&sock->tcp, sock->is_corked);
	nx_tcp_set_keepalive(&sock->tcp, sock->is_keepalive, host->now_ns);
}

/* ------------------------------------------------------------------ calls */

static int call_socket(void *self, int family, int type, int protocol)
{
	struct nx_pd_host *host = self;
	struct nx_pd_sock *sock;
	int fd = -EMFILE;

	if (family != AF_INET && family != AF_INET6)
		return fail(EAFNOSUPPORT);
	if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM ||
	    (protocol && protocol != IPPROTO_TCP))
		return fail(EPROTONOSUPPORT);
	pthread_mutex_lock(&host->lock);
	sock = nx_pd_sock_alloc(host, family);
	if (sock) {
		sock->is_nonblocking = type & SOCK_NONBLOCK;
		fd = give_fd(sock);
		if (fd < 0)
			nx_pd_sock_free(sock);
	}
	pthread_mutex_unlock(&host->lock);
	return fd < 0 ? fail(-fd) : fd;
}

static int do_bind(struct nx_pd_sock *sock, const struct sockaddr *to,
		   socklen_t len)
{
	if (sock->is_bound || sock->is_open)
		return -EINVAL;
	sock->is_bound = true;
	return get_address(to, len, sock->family, sock->ends.local,
			   &sock->ends.local_port);
}

static int do_listen(struct nx_pd_sock *sock, int backlog)
{
	if (sock->is_open)
		return -EINVAL;
	if (!sock->ends.local_port)
		sock->ends.local_port = sock->host->next_port++;
	sock->backlog = backlog < 1 ? 1 : backlog;
	sock->listen.key = sock->host->key;
	sock->listen.backlog = (uint32_t)sock->backlog;
	sock->is_listening = true;
	return 0;
}

/* The error that a connection ended with, told once. */
static int take_error(struct nx_pd_sock *sock)
{
	int err = sock->err;

	sock->err = 0;
	return -err;
}

static int wait_connected(struct nx_pd_sock *sock, bool *has_slept)
{
	int err;

	while (!sock->is_established) {
		if (sock->tcp.state == NX_TCP_CLOSED)
			return sock->err ? take_error(sock) : -ECONNABORTED;
		*has_slept = true;
		err = nx_pd_sleep(sock->host, NX_TCP_NEVER);
		if (err)
			return err;
	}
	return 0;
}

static int do_connect(struct nx_pd_sock *sock, const struct sockaddr *to,
		      socklen_t len, bool *has_slept)
{
	struct nx_tcp_open open;
	int err;

	if (sock->is_listening)
		return -EISCONN;
	if (sock->is_open) {
		if (sock->tcp.state == NX_TCP_SYN_SENT)
			return -EALREADY;
		if (sock->tcp.state != NX_TCP_CLOSED)
			return -EISCONN;
		return sock->err ? take_error(sock) : -ECONNABORTED;
	}
	err = get_address(to, len, sock->family, sock->ends.remote,
			  &sock->ends.remote_port);
	if (err)
		return err;
	choose_local(sock);
	open = nx_pd_open_of(sock->host, &sock->ends, sock->family);
	nx_pd_sock_init(sock);
	err = nx_tcp_connect(&sock->tcp, &open, sock->host->now_ns);
	if (err)
		return err;
	nx_pd_run(sock->host);
	return sock->is_nonblocking ? -EINPROGRESS :
				      wait_connected(sock, has_slept);
}

static struct nx_pd_sock *find_acceptable(const struct nx_pd_sock *listener)
{
	struct nx_pd_sock *s = listener->host->socks;

	for (; s < listener->host->socks + NX_PD_NR_SOCKS; s++)
		if (s->is_used && s->is_acceptable && s->listener == listener)
			return s;
	return NULL;
}

static int do_accept(struct nx_pd_sock *sock, struct sockaddr *from,
		     socklen_t *len, bool *has_slept)
{
	struct nx_pd_sock *child;
	int err;

	if (!sock->is_listening)
		return -EINVAL;
	while (!(child = find_acceptable(sock))) {
		if (sock->is_nonblocking)
			return -EAGAIN;
		*has_slept = true;
		err = nx_pd_sleep(sock->host, NX_TCP_NEVER);
		if (err)
			return err;
	}
	err = give_fd(child);
	if (err < 0)
		return err;
	child->is_acceptable = false;
	child->listener = NULL;
	put_address(child->family, child->ends.remote, child->ends.remote_port,
		    from, len);
	return child->fd;
}

/* Those that nobody accepted go with their listener. */
static void close_listener(struct nx_pd_sock *sock)
{
	struct nx_pd_host *host = sock->host;
	struct nx_pd_sock *s;

	for (s = host->socks; s < host->socks + NX_PD_NR_SOCKS; s++) {
		if (!s->is_used || s->listener != sock)
			continue;
		s->listener = NULL;
		s->is_acceptable = false;
		nx_tcp_abort(&s->tcp);
	}
	nx_pd_sock_free(sock);
	nx_pd_run(host);
}

static void close_connection(struct nx_pd_sock *sock)
{
	struct nx_pd_host *host = sock->host;

	sock->has_fd = false;
	if (sock->does_reset || sock->span.buf)
		nx_tcp_abort(&sock->tcp);
	else
		nx_tcp_orphan(&sock->tcp, host->now_ns);
	nx_pd_run(host);
}

static int do_close(struct nx_pd_sock *sock)
{
	close(sock->fd);
	if (sock->is_listening)
		close_listener(sock);
	else if (sock->is_open)
		close_connection(sock);
	else
		nx_pd_sock_free(sock);
	return 0;
}

static int do_shutdown(struct nx_pd_sock *sock, int how)
{
	int err = 0;

	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (!sock->is_open || !sock->is_established)
		return -ENOTCONN;
	if (how != SHUT_WR)
		sock->was_read_shut = true;
	if (how != SHUT_RD)
		err = nx_tcp_shutdown(&sock->tcp);
	nx_pd_run(sock->host);
	return err;
}

static int do_fcntl(struct nx_pd_sock *sock, int cmd, int arg)
{
	switch (cmd) {
	case F_GETFL:
		return O_RDWR | (sock->is_nonblocking ? O_NONBLOCK : 0);
	case F_SETFL:
		sock->is_nonblocking = arg & O_NONBLOCK;
		return 0;
	case F_GETFD:
	case F_SETFD:
		return 0;
	default:
		return -EINVAL;
	}
}

/* Bytes that wait to be read: the connection's, and what is left of a span. */
static int do_ioctl(struct nx_pd_sock *sock, unsigned long request, int *value)
{
	if (!sock->is_open)
		return -EINVAL;
	switch (request) {
	case SIOCINQ:
		*value = (int)sock->tcp.rcv_used_bytes;
		return 0;
	case SIOCOUTQ:
		*value = (int)(sock->tcp.write_seq - sock->tcp.snd_una);
		return 0;
	case SIOCOUTQNSD:
		*value = (int)(sock->tcp.write_seq - sock->tcp.snd_nxt);
		return 0;
	default:
		return -EINVAL;
	}
}

/* A call on a socket: the lock, the descriptor, and -errno as errno. */
#define ON_SOCK(host, fd, sock, has_slept, what)			\
	do {								\
		int ret_ = -EBADF, err_;				\
									\
		pthread_mutex_lock(&(host)->lock);			\
		(sock) = nx_pd_sock_get(host, fd);			\
		if (sock)						\
			ret_ = (what);					\
		nx_pd_wake_up(host, has_slept);				\
		pthread_mutex_unlock(&(host)->lock);			\
		err_ = -ret_;						\
		return ret_ < 0 ? fail(err_) : ret_;			\
	} while (0)

static int call_bind(void *self, int fd, const struct sockaddr *to,
		     socklen_t len)
{
	struct nx_pd_sock *sock;

	ON_SOCK((struct nx_pd_host *)self, fd, sock, false,
		do_bind(sock, to, len));
}

static int call_listen(void *self, int fd, int backlog)
{
	struct nx_pd_sock *sock;

	ON_SOCK((struct nx_pd_host *)self, fd, sock, false,
		do_listen(sock, backlog));
}

static int call_accept(void *self, int fd, struct sockaddr *from,
		       socklen_t *len)
{
	struct nx_pd_sock *sock;
	bool has_slept = false;

	ON_SOCK((struct nx_pd_host *)self, fd, sock, has_slept,
		do_accept(sock, from, len, &has_slept));
}

static int call_connect(void *self, int fd, const struct sockaddr *to,
			socklen_t len)
{
	struct nx_pd_sock *sock;
	bool has_slept = false;

	ON_SOCK((struct nx_pd_host *)self, fd, sock, has_slept,
		do_connect(sock, to, len, &has_slept));
}

static int call_close(void *self, int fd)
{
	struct nx_pd_host *host = self;
	struct nx_pd_epoll *ep;
	struct nx_pd_sock *sock;

	pthread_mutex_lock(&host->lock);
	ep = nx_pd_epoll_get(host, fd);
	if (ep)
		ep->is_used = false;
	pthread_mutex_unlock(&host->lock);
	if (ep)
		return close(fd);
	ON_SOCK(host, fd, sock, false, do_close(sock));
}

static int call_shutdown(void *self, int fd, int how)
{
	struct nx_pd_sock *sock;

	ON_SOCK((struct nx_pd_host *)self, fd, sock, false,
		do_shutdown(sock, how));
}

static int call_fcntl(void *self, int fd, int cmd, ...)
{
	struct nx_pd_sock *sock;
	va_list args;
	int arg;

	va_start(args, cmd);
	arg = cmd == F_SETFL ? va_arg(args, int) : 0;
	va_end(args);
	ON_SOCK((struct nx_pd_host *)self, fd, sock, false,
		do_fcntl(sock, cmd, arg));
}

static int call_ioctl(void *self, int fd, unsigned long request, ...)
{
	struct nx_pd_sock *sock;
	va_list args;
	int *value;

	va_start(args, request);
	value = va_arg(args, int *);
	va_end(args);
	ON_SOCK((struct nx_pd_host *)self, fd, sock, false,
		do_ioctl(sock, request, value));
}

void nx_pd_sock_calls(struct packetdrill_interface *calls)
{
	calls->socket = call_socket;
	calls->bind = call_bind;
	calls->listen = call_listen;
	calls->accept = call_accept;
	calls->connect = call_connect;
	calls->close = call_close;
	calls->shutdown = call_shutdown;
	calls->fcntl = call_fcntl;
	calls->ioctl = call_ioctl;
}
