// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Reading and writing, in all forms that system calls have for it.
 */
#include <string.h>

#include "internal.h"

/* One span of a write; what is larger becomes several. */
#define SPAN_MAX	65536u

/* -------------------------------------------------------------- reading */

static size_t take(struct nx_pd_sock *sock, uint8_t *data, size_t len)
{
	struct nx_tcp_span *span = &sock->span;
	struct nx_pd_buf *buf = span->buf;

	if (len > span->len)
		len = span->len;
	memcpy(data, buf->data + span->off, len);
	span->off += (uint32_t)len;
	span->len -= (uint32_t)len;
	nx_tcp_consume(&sock->tcp, (uint32_t)len);
	if (!span->len) {
		nx_pd_buf_put(buf);
		span->buf = NULL;
	}
	return len;
}

/* As much as there is, into one piece of memory. */
static size_t take_piece(struct nx_pd_sock *sock, uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len &&
	       (sock->span.buf || nx_tcp_read(&sock->tcp, &sock->span)))
		done += take(sock, data + done, len - done);
	return done;
}

static ssize_t take_all(struct nx_pd_sock *sock, const struct iovec *iov, int nr)
{
	size_t done = 0;
	int i;

	for (i = 0; i < nr; i++)
		done += take_piece(sock, iov[i].iov_base, iov[i].iov_len);
	return (ssize_t)done;
}

/* What a read finds where no data are: the end, an error, or that it waits. */
static int why_no_data(struct nx_pd_sock *sock, bool may_wait)
{
	int err = sock->err;

	if (sock->tcp.fin_received || sock->was_read_shut)
		return 0;
	if (sock->tcp.state == NX_TCP_CLOSED) {
		sock->err = 0;
		return -err;
	}
	return may_wait ? -EINPROGRESS : -EAGAIN;
}

static ssize_t do_read(struct nx_pd_sock *sock, const struct iovec *iov, int nr,
		       int flags, bool *has_slept)
{
	bool may_wait = !sock->is_nonblocking && !(flags & MSG_DONTWAIT);
	ssize_t done;
	int err;

	if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL))
		return -EOPNOTSUPP;
	if (!sock->is_open)
		return -ENOTCONN;
	while (!(done = take_all(sock, iov, nr))) {
		err = why_no_data(sock, may_wait);
		if (err != -EINPROGRESS)
			return err;
		*has_slept = true;
		err = nx_pd_sleep(sock->host, NX_TCP_NEVER);
		if (err)
			return err;
	}
	nx_pd_run(sock->host);
	return done;
}

/* -------------------------------------------------------------- writing */

/* Waits until something can be written; 0, or why it cannot. */
static int wait_writable(struct nx_pd_sock *sock, bool may_wait, bool *has_slept)
{
	int err;

	for (;;) {
		if (sock->err) {
			err = -sock->err;
			sock->err = 0;
			return err;
		}
		if (sock->tcp.state == NX_TCP_CLOSED || sock->tcp.fin_queued)
			return -EPIPE;
		if (sock->is_established && nx_tcp_writable(&sock->tcp))
			return 0;
		if (!may_wait)
			return -EAGAIN;
		*has_slept = true;
		err = nx_pd_sleep(sock->host, NX_TCP_NEVER);
		if (err)
			return err;
	}
}

static int put(struct nx_pd_sock *sock, const uint8_t *data, uint32_t len)
{
	struct nx_pd_buf *buf = nx_pd_buf_alloc(len);
	struct nx_tcp_span span = { .buf = buf, .len = len };
	int err;

	if (!buf)
		return -ENOBUFS;
	memcpy(buf->data, data, len);
	err = nx_tcp_write(&sock->tcp, &span);
	if (err)
		nx_pd_buf_put(buf);
	return err;
}

static ssize_t put_piece(struct nx_pd_sock *sock, const uint8_t *data,
			 size_t len, bool may_wait, bool *has_slept)
{
	size_t done = 0, room, part;
	int err = 0;

	while (done < len && !err) {
		err = wait_writable(sock, may_wait, has_slept);
		if (err)
			break;
		room = nx_tcp_writable(&sock->tcp);
		part = len - done < SPAN_MAX ? len - done : SPAN_MAX;
		part = part < room ? part : room;
		err = put(sock, data + done, (uint32_t)part);
		if (!err)
			done += part;
		/* Before it waits, what there is leaves. */
		if (!nx_tcp_writable(&sock->tcp))
			nx_pd_run(sock->host);
	}
	return done ? (ssize_t)done : err;
}

static ssize_t do_write(struct nx_pd_sock *sock, const struct iovec *iov,
			int nr, int flags, bool *has_slept)
{
	bool may_wait = !sock->is_nonblocking && !(flags & MSG_DONTWAIT);
	ssize_t done = 0, part;
	int i;

	if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR))
		return -EOPNOTSUPP;
	if (!sock->is_open)
		return -EPIPE;
	nx_tcp_set_cork(&sock->tcp, sock->is_corked || flags & MSG_MORE);
	for (i = 0; i < nr; i++) {
		part = put_piece(sock, iov[i].iov_base, iov[i].iov_len, may_wait,
				 has_slept);
		if (part < 0) {
			done = done ? done : part;
			break;
		}
		done += part;
		if ((size_t)part < iov[i].iov_len)
			break;
	}
	nx_pd_run(sock->host);
	return done;
}

/* ---------------------------------------------------------------- calls */

static ssize_t read_iov(struct nx_pd_host *host, int fd, const struct iovec *iov,
			int nr, int flags)
{
	struct nx_pd_sock *sock;
	bool has_slept = false;
	ssize_t ret = -EBADF;

	pthread_mutex_lock(&host->lock);
	sock = nx_pd_sock_get(host, fd);
	if (sock)
		ret = do_read(sock, iov, nr, flags, &has_slept);
	nx_pd_wake_up(host, has_slept);
	pthread_mutex_unlock(&host->lock);
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static ssize_t write_iov(struct nx_pd_host *host, int fd,
			 const struct iovec *iov, int nr, int flags)
{
	struct nx_pd_sock *sock;
	bool has_slept = false;
	ssize_t ret = -EBADF;

	pthread_mutex_lock(&host->lock);
	sock = nx_pd_sock_get(host, fd);
	if (sock)
		ret = do_write(sock, iov, nr, flags, &has_slept);
	nx_pd_wake_up(host, has_slept);
	pthread_mutex_unlock(&host->lock);
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static ssize_t call_recv(void *self, int fd, void *data, size_t len, int flags)
{
	struct iovec iov = { data, len };

	return read_iov(self, fd, &iov, 1, flags);
}

static ssize_t call_read(void *self, int fd, void *data, size_t len)
{
	return call_recv(self, fd, data, len, 0);
}

static ssize_t call_readv(void *self, int fd, const struct iovec *iov, int nr)
{
	return read_iov(self, fd, iov, nr, 0);
}

/* A connection's peer is known: TCP leaves the address out. */
static ssize_t call_recvfrom(void *self, int fd, void *data, size_t len,
			     int flags, struct sockaddr *from,
			     socklen_t *from_len)
{
	if (from && from_len)
		*from_len = 0;
	return call_recv(self, fd, data, len, flags);
}

static ssize_t call_recvmsg(void *self, int fd, struct msghdr *msg, int flags)
{
	msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	return read_iov(self, fd, msg->msg_iov, (int)msg->msg_iovlen, flags);
}

static ssize_t call_send(void *self, int fd, const void *data, size_t len,
			 int flags)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };

	return write_iov(self, fd, &iov, 1, flags);
}

static ssize_t call_write(void *self, int fd, const void *data, size_t len)
{
	return call_send(self, fd, data, len, 0);
}

static ssize_t call_writev(void *self, int fd, const struct iovec *iov, int nr)
{
	return write_iov(self, fd, iov, nr, 0);
}

static ssize_t call_sendto(void *self, int fd, const void *data, size_t len,
			   int flags, const struct sockaddr *to,
			   socklen_t to_len)
{
	(void)to;
	(void)to_len;
	return call_send(self, fd, data, len, flags);
}

static ssize_t call_sendmsg(void *self, int fd, const struct msghdr *msg,
			    int flags)
{
	return write_iov(self, fd, msg->msg_iov, (int)msg->msg_iovlen, flags);
}

void nx_pd_data_calls(struct packetdrill_interface *calls)
{
	calls->read = call_read;
	calls->readv = call_readv;
	calls->recv = call_recv;
	calls->recvfrom = call_recvfrom;
	calls->recvmsg = call_recvmsg;
	calls->write = call_write;
	calls->writev = call_writev;
	calls->send = call_send;
	calls->sendto = call_sendto;
	calls->sendmsg = call_sendmsg;
}
