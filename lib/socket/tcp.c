// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * TCP sockets: connections, listeners, and the stream between them and the
 * program's vectors.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* ------------------------------------------------------- the connection's */

static void on_established(struct nexus_tcp *tcp, void *arg)
{
	struct nx_socket *s = arg;

	(void)tcp;
	s->is_connecting = false;
	s->is_deferred = false;
	nx_socket_wake(s, POLLIN | POLLOUT);
}

static void on_readable(struct nexus_tcp *tcp, void *arg)
{
	(void)tcp;
	nx_socket_wake(arg, POLLIN | POLLRDHUP);
}

static void on_writable(struct nexus_tcp *tcp, void *arg)
{
	(void)tcp;
	nx_socket_wake(arg, POLLOUT);
}

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct nx_socket *s = arg;

	(void)tcp;
	s->is_connecting = false;
	s->is_deferred = false;
	s->error = -err;
	nx_socket_wake(s, POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
}

static const struct nexus_tcp_callbacks callbacks = {
	.established	= on_established,
	.readable	= on_readable,
	.writable	= on_writable,
	.closed		= on_closed,
};

/* --------------------------------------------------------------- opening */

static void fill_options(const struct nx_socket *s,
			 struct nexus_tcp_options *options)
{
	const struct nx_settings *set = &s->set;

	*options = (struct nexus_tcp_options) {
		.congestion	= set->congestion[0] ? set->congestion : NULL,
		.flags		= (set->nodelay ? NEXUS_TCP_NODELAY : 0) |
				  (set->keepalive ? NEXUS_TCP_KEEPALIVE : 0),
		.rcv_buf_bytes	= set->rcv_buf_bytes,
		.snd_buf_bytes	= set->snd_buf_bytes,
		.user_timeout_ms = set->user_timeout_ms,
		.keep_idle_s	= set->keep_idle_s,
		.keep_intvl_s	= set->keep_intvl_s,
		.keep_probes	= set->keep_probes,
		.callbacks	= &callbacks,
	};
}

int nx_tcp_socket_connect(struct nx_socket *s, int fd,
			  const struct nexus_addr *remote, bool is_fast)
{
	struct nexus_stack *stack = nx_service_stack();
	struct nexus_tcp_options options;
	int err;

	if (!stack)
		return -ENXIO;
	fill_options(s, &options);
	options.remote = *remote;
	options.arg = s;
	if (is_fast)
		options.flags |= NEXUS_TCP_FAST_OPEN | NEXUS_TCP_DEFER;
	err = nexus_tcp_connect_on(stack, fd, &options, &s->tcp);
	if (err)
		return err;
	s->is_connecting = true;
	s->is_deferred = nexus_tcp_early_room(s->tcp);
	if (!s->is_deferred)
		nexus_tcp_start(s->tcp);
	s->is_reported = false;
	s->state = NX_SOCKET_TCP;
	nx_watches_to_nexus(s);
	nx_service_run();
	return 0;
}

static void push_child(struct nx_socket *s, struct nx_socket *child)
{
	child->next = NULL;
	if (s->children)
		s->last_child->next = child;
	else
		s->children = child;
	s->last_child = child;
	s->nr_children++;
}

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct nx_socket *s = arg, *child = NULL;

	(void)listener;
	s->has_accepted = true;
	if (s->nr_children < s->backlog)
		child = nx_socket_alloc(s->domain, s->type);
	if (!child) {
		nexus_tcp_abort(tcp);
		return;
	}
	child->state = NX_SOCKET_TCP;
	child->is_reported = true;
	child->tcp = tcp;
	child->set = s->set;
	child->wants_pktinfo4 = child->wants_pktinfo6 = false;
	nexus_tcp_set_callbacks(tcp, &callbacks, child);
	push_child(s, child);
	nx_socket_wake(s, POLLIN);
}

int nx_tcp_socket_listen(struct nx_socket *s, int fd, int backlog)
{
	struct nexus_stack *stack = nx_service_stack();
	struct nexus_tcp_options options;
	int err;

	if (!stack)
		return -ENXIO;
	fill_options(s, &options);
	options.accept = on_accept;
	options.callbacks = NULL;
	options.arg = s;
	if (s->state == NX_SOCKET_SHARED)
		options.flags |= NEXUS_TCP_BESIDE;
	err = nx_fast_open_listen(fd, backlog, &options.early_max);
	if (err)
		return err;
	if (options.early_max)
		options.flags |= NEXUS_TCP_FAST_OPEN;
	err = nexus_tcp_listen_on(stack, fd, &options, &s->listener);
	if (err)
		return err;
	s->is_beside = s->state == NX_SOCKET_SHARED;
	s->state = NX_SOCKET_LISTEN;
	nx_watches_to_nexus(s);
	return 0;
}

/* --------------------------------------------------------------- closing */

static void drop_listener(struct nx_socket *s)
{
	struct nx_socket *child, *next;

	for (child = s->children; child; child = next) {
		next = child->next;
		nexus_tcp_abort(child->tcp);
		free(child);
	}
	s->children = NULL;
	s->nr_children = 0;
	nexus_tcp_listener_close(s->listener);
}

void nx_tcp_socket_unlisten(struct nx_socket *s)
{
	if (s->is_beside)
		nx_handover_listener(s);
	else
		drop_listener(s);
	s->listener = NULL;
	nx_service_run();
}

void nx_tcp_socket_close(struct nx_socket *s)
{
	if (s->set.linger_reset)
		nexus_tcp_abort(s->tcp);
	else
		nexus_tcp_close(s->tcp);
	s->tcp = NULL;
	nx_service_run();
}

/* A connection that ended with its channel knows it before we are called back. */
static void hear_why(const struct nx_socket *s)
{
	if (!s->error)
		nx_service_run();
}

/* ------------------------------------------------------------------ send */

/* The connection is over: why, once, and then that it is. */
static ssize_t broken_pipe(struct nx_socket *s)
{
	hear_why(s);
	return s->error ? -nx_socket_take_error(s) : -EPIPE;
}

/* As much of several vectors is gathered, which is less work than a packet of parts. */
#define GATHER_BYTES	2048

static ssize_t write_gathered(struct nx_socket *s, const struct msghdr *msg,
			      size_t skip, size_t most)
{
	const struct iovec *iov = msg->msg_iov, *end = iov + msg->msg_iovlen;
	uint8_t all[GATHER_BYTES];
	size_t done = 0, len;

	for (; iov < end && done < most; iov++) {
		if (skip >= iov->iov_len) {
			skip -= iov->iov_len;
			continue;
		}
		len = iov->iov_len - skip;
		len = len < most - done ? len : most - done;
		memcpy(all + done, (char *)iov->iov_base + skip, len);
		done += len;
		skip = 0;
	}
	return nexus_tcp_write(s->tcp, all, done);
}

/* Before the first vector that did not fit. */
ssize_t nx_tcp_socket_write(struct nx_socket *s, const struct msghdr *msg,
			    size_t skip, size_t most)
{
	const struct iovec *iov = msg->msg_iov, *end = iov + msg->msg_iovlen;
	ssize_t done = 0, ret;
	size_t len;

	if (msg->msg_iovlen > 1 && most <= GATHER_BYTES)
		return write_gathered(s, msg, skip, most);
	for (; iov < end && most; iov++) {
		if (skip >= iov->iov_len) {
			skip -= iov->iov_len;
			continue;
		}
		len = iov->iov_len - skip;
		len = len < most ? len : most;
		ret = nexus_tcp_write(s->tcp, (char *)iov->iov_base + skip,
				      len);
		skip = 0;
		if (ret < 0)
			return done ? done : ret;
		done += ret;
		most -= (size_t)ret;
		if ((size_t)ret < len)
			break;
	}
	return done;
}

static int wait_for_space(struct nx_socket *s, int flags, uint64_t until_ns)
{
	if (s->nonblock || flags & MSG_DONTWAIT)
		return -EAGAIN;
	return nx_socket_wait(s, POLLOUT, until_ns);
}

/* Is there still a connection to send on? */
static bool is_open(const struct nx_socket *s)
{
	return s->state == NX_SOCKET_TCP;
}

static ssize_t send_all(struct nx_socket *s, const struct msghdr *msg,
			size_t done, size_t len, int flags)
{
	uint64_t until_ns = nx_deadline_ns(s->set.snd_timeout_ns);
	ssize_t ret;

	while (done < len) {
		ret = nx_tcp_socket_write(s, msg, done, len - done);
		if (ret == -EAGAIN || (ret >= 0 && done + (size_t)ret < len))
			nx_service_run();
		if (ret > 0) {
			done += (size_t)ret;
			continue;
		}
		if (ret == -EAGAIN)
			ret = wait_for_space(s, flags, until_ns);
		else if (ret < 0)
			ret = broken_pipe(s);
		if (ret < 0 || !is_open(s))
			return done ? (ssize_t)done : ret ? ret : -EBADF;
	}
	return (ssize_t)done;
}

ssize_t nx_tcp_socket_send_rest(struct nx_socket *s, const struct msghdr *msg,
				size_t done, int flags)
{
	size_t len = nx_iov_bytes(msg);
	ssize_t ret;

	if (s->error)
		return -nx_socket_take_error(s);
	if (done >= len)
		return (ssize_t)done;
	if (flags & MSG_MORE)
		nexus_tcp_set_cork(s->tcp, true);
	ret = send_all(s, msg, done, len, flags);
	if (s->has_more && !(flags & MSG_MORE) && is_open(s))
		nexus_tcp_set_cork(s->tcp, s->is_corked);
	s->has_more = flags & MSG_MORE;
	if (!(flags & (NX_MSG_BATCH | MSG_MORE)))
		nx_service_flush();
	return ret;
}

ssize_t nx_tcp_socket_send(struct nx_socket *s, const struct msghdr *msg,
			   int flags)
{
	int err;

	s->is_used = true;
	if (s->is_deferred)
		return nx_fast_open_send_first(s, msg, flags);
	if (s->is_connecting) {
		err = wait_for_space(s, flags,
				     nx_deadline_ns(s->set.snd_timeout_ns));
		if (err)
			return err;
	}
	return nx_tcp_socket_send_rest(s, msg, 0, flags);
}

/* --------------------------------------------------------------- receive */

/* What MSG_TRUNC discards at a time. */
#define DISCARD_BYTES	4096

/* tcp(7): MSG_TRUNC takes bytes from the stream, and gives none. */
static ssize_t discard(struct nx_socket *s, size_t len, int flags)
{
	char nowhere[DISCARD_BYTES];
	size_t some = len < sizeof(nowhere) ? len : sizeof(nowhere);

	return flags & MSG_PEEK ? nexus_tcp_peek(s->tcp, nowhere, some) :
				  nexus_tcp_read(s->tcp, nowhere, some);
}

static ssize_t take(struct nx_socket *s, void *buf, size_t len, int flags)
{
	if (flags & MSG_TRUNC)
		return discard(s, len, flags);
	return flags & MSG_PEEK ? nexus_tcp_peek(s->tcp, buf, len) :
				  nexus_tcp_read(s->tcp, buf, len);
}

/*
 * A peek looks at the same bytes for every vector: one vector is what programs
 * use.
 */
static ssize_t read_into(struct nx_socket *s, struct msghdr *msg, size_t skip,
			 int flags)
{
	const struct iovec *iov = msg->msg_iov, *end = iov + msg->msg_iovlen;
	ssize_t done = 0, ret;
	size_t room;

	for (; iov < end; iov++) {
		if (skip >= iov->iov_len) {
			skip -= iov->iov_len;
			continue;
		}
		room = iov->iov_len - skip;
		ret = take(s, (char *)iov->iov_base + skip, room, flags);
		skip = 0;
		if (ret <= 0)
			return done ? done : ret;
		done += ret;
		if ((size_t)ret < room || flags & MSG_PEEK)
			break;
	}
	return done;
}

/* The end of the stream, or why there is one: that is told once. */
static ssize_t end_of_stream(struct nx_socket *s, ssize_t ret)
{
	if (ret < 0)
		hear_why(s);
	if (ret < 0 && s->error)
		return -nx_socket_take_error(s);
	return 0;
}

static int wait_for_data(struct nx_socket *s, int flags, uint64_t until_ns)
{
	if (s->is_read_shut)
		return 0;
	nx_service_run();
	if (nx_socket_ready(s) & (POLLIN | POLLERR | POLLHUP))
		return 0;
	if (s->nonblock || flags & MSG_DONTWAIT)
		return -EAGAIN;
	return nx_socket_wait(s, POLLIN, until_ns);
}

static ssize_t recv_some(struct nx_socket *s, struct msghdr *msg, size_t done,
			 int flags, uint64_t until_ns)
{
	ssize_t ret;
	int err;

	for (;;) {
		ret = read_into(s, msg, done, flags);
		if (ret > 0)
			return ret;
		if (ret != -EAGAIN || s->is_read_shut)
			return end_of_stream(s, ret);
		err = wait_for_data(s, flags, until_ns);
		if (err)
			return err;
		if (!is_open(s))
			return -EBADF;
	}
}

ssize_t nx_tcp_socket_recv(struct nx_socket *s, struct msghdr *msg, int flags)
{
	uint64_t until_ns = nx_deadline_ns(s->set.rcv_timeout_ns);
	size_t len = nx_iov_bytes(msg), done = 0;
	ssize_t ret;

	s->is_used = true;
	msg->msg_flags = 0;
	msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	if (!len)
		return 0;
	do {
		ret = recv_some(s, msg, done, flags, until_ns);
		if (ret <= 0)
			return done ? (ssize_t)done : ret;
		done += (size_t)ret;
	} while (flags & MSG_WAITALL && !(flags & MSG_PEEK) && done < len);
	/* The window opened, perhaps: that leaves with the next call. */
	return (ssize_t)done;
}
