// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Waiting for several sockets at once: poll and epoll. Pipes and splice() are
 * refused: this host has no files.
 */
#include <string.h>

#include "internal.h"

#define NS_A_MS		1000000ull

static bool has_acceptable(const struct nx_pd_sock *listener)
{
	const struct nx_pd_sock *s = listener->host->socks;

	for (; s < listener->host->socks + NX_PD_NR_SOCKS; s++)
		if (s->is_used && s->is_acceptable && s->listener == listener)
			return true;
	return false;
}

static short connection_events(const struct nx_pd_sock *sock)
{
	const struct nx_tcp *tcp = &sock->tcp;
	bool is_closed = tcp->state == NX_TCP_CLOSED;
	bool is_read_shut = tcp->fin_received || sock->was_read_shut;
	short events = 0;

	if (is_closed || is_read_shut || sock->span.buf || tcp->ready.first)
		events |= POLLIN;
	if (is_closed || is_read_shut)
		events |= POLLRDHUP;
	if (is_closed || (is_read_shut && tcp->fin_queued))
		events |= POLLHUP;
	if (is_closed || (sock->is_established && nx_tcp_writable(tcp)))
		events |= POLLOUT;
	if (sock->err)
		events |= POLLERR;
	return events;
}

/* As Linux has it: what was never connected is hung up, and writable. */
short nx_pd_sock_events(const struct nx_pd_sock *sock)
{
	if (sock->is_listening)
		return has_acceptable(sock) ? POLLIN : 0;
	return sock->is_open ? connection_events(sock) : POLLOUT | POLLHUP;
}

static uint64_t until(const struct nx_pd_host *host, int ms)
{
	return ms < 0 ? NX_TCP_NEVER : host->now_ns + (unsigned int)ms * NS_A_MS;
}

/* ----------------------------------------------------------------- poll */

static int look(struct nx_pd_host *host, struct pollfd *fds, nfds_t nr)
{
	struct nx_pd_sock *sock;
	int nr_ready = 0;
	nfds_t i;

	for (i = 0; i < nr; i++) {
		sock = nx_pd_sock_get(host, fds[i].fd);
		fds[i].revents = sock ? nx_pd_sock_events(sock) : POLLNVAL;
		fds[i].revents &= fds[i].events | POLLERR | POLLHUP | POLLNVAL;
		nr_ready += fds[i].revents != 0;
	}
	return nr_ready;
}

static int call_poll(void *self, struct pollfd *fds, nfds_t nr, int ms)
{
	struct nx_pd_host *host = self;
	bool has_slept = false;
	uint64_t end;
	int ret;

	pthread_mutex_lock(&host->lock);
	end = until(host, ms);
	while (!(ret = look(host, fds, nr)) && host->now_ns < end) {
		has_slept = true;
		if (nx_pd_sleep(host, end))
			break;
	}
	nx_pd_wake_up(host, has_slept);
	pthread_mutex_unlock(&host->lock);
	return ret;
}

/* ---------------------------------------------------------------- epoll */

struct nx_pd_epoll *nx_pd_epoll_get(struct nx_pd_host *host, int fd)
{
	struct nx_pd_epoll *ep;

	for (ep = host->epolls; ep < host->epolls + NX_PD_NR_EPOLLS; ep++)
		if (ep->is_used && ep->fd == fd)
			return ep;
	return NULL;
}

static int epoll_create_in(struct nx_pd_host *host)
{
	struct nx_pd_epoll *ep;
	int fd;

	for (ep = host->epolls; ep < host->epolls + NX_PD_NR_EPOLLS; ep++) {
		if (ep->is_used)
			continue;
		fd = nx_pd_fd_open();
		*ep = (struct nx_pd_epoll){ .is_used = fd >= 0, .fd = fd };
		return fd;
	}
	errno = EMFILE;
	return -1;
}

static int call_epoll_create(void *self, int size)
{
	struct nx_pd_host *host = self;
	int fd;

	if (size <= 0) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&host->lock);
	fd = epoll_create_in(host);
	pthread_mutex_unlock(&host->lock);
	return fd;
}

static int change(struct nx_pd_epoll *ep, int op, int fd,
		  const struct epoll_event *event)
{
	uint32_t i;

	/* All are level-triggered: to take this flag would be to lie. */
	if (op != EPOLL_CTL_DEL && event->events & EPOLLET)
		return -EINVAL;
	for (i = 0; i < ep->nr && ep->fds[i] != fd; i++)
		;
	switch (op) {
	case EPOLL_CTL_ADD:
		if (i < ep->nr)
			return -EEXIST;
		if (i == NX_PD_NR_WATCHED)
			return -ENOSPC;
		ep->fds[ep->nr] = fd;
		ep->events[ep->nr++] = *event;
		return 0;
	case EPOLL_CTL_MOD:
		if (i == ep->nr)
			return -ENOENT;
		ep->events[i] = *event;
		return 0;
	case EPOLL_CTL_DEL:
		if (i == ep->nr)
			return -ENOENT;
		ep->fds[i] = ep->fds[--ep->nr];
		ep->events[i] = ep->events[ep->nr];
		return 0;
	default:
		return -EINVAL;
	}
}

static int call_epoll_ctl(void *self, int epfd, int op, int fd,
			  struct epoll_event *event)
{
	struct nx_pd_host *host = self;
	struct nx_pd_epoll *ep;
	int ret = -EBADF;

	pthread_mutex_lock(&host->lock);
	ep = nx_pd_epoll_get(host, epfd);
	if (ep && nx_pd_sock_get(host, fd))
		ret = change(ep, op, fd, event);
	pthread_mutex_unlock(&host->lock);
	if (!ret)
		return 0;
	errno = -ret;
	return -1;
}

/* What is ready, once for EPOLLONESHOT. */
static int collect(struct nx_pd_host *host, struct nx_pd_epoll *ep,
		   struct epoll_event *events, int max)
{
	struct nx_pd_sock *sock;
	uint32_t i, ready;
	int nr = 0;

	for (i = 0; i < ep->nr && nr < max; i++) {
		sock = nx_pd_sock_get(host, ep->fds[i]);
		if (!sock || !(ep->events[i].events & ~EPOLLONESHOT))
			continue;
		ready = (uint32_t)nx_pd_sock_events(sock) &
			(ep->events[i].events | EPOLLERR | EPOLLHUP);
		if (!ready)
			continue;
		events[nr].events = ready;
		events[nr++].data = ep->events[i].data;
		if (ep->events[i].events & EPOLLONESHOT)
			ep->events[i].events = EPOLLONESHOT;
	}
	return nr;
}

static int call_epoll_wait(void *self, int epfd, struct epoll_event *events,
			   int max, int ms)
{
	struct nx_pd_host *host = self;
	struct nx_pd_epoll *ep;
	bool has_slept = false;
	uint64_t end;
	int ret = -1;

	pthread_mutex_lock(&host->lock);
	ep = nx_pd_epoll_get(host, epfd);
	errno = EBADF;
	end = until(host, ms);
	while (ep && !(ret = collect(host, ep, events, max)) &&
	       host->now_ns < end) {
		has_slept = true;
		if (nx_pd_sleep(host, end))
			break;
	}
	nx_pd_wake_up(host, has_slept);
	pthread_mutex_unlock(&host->lock);
	return ret;
}

/* ------------------------------------------------------------ no files */

static int call_pipe(void *self, int fds[2])
{
	(void)self;
	(void)fds;
	errno = ENOSYS;
	return -1;
}

static int call_splice(void *self, int from, loff_t *from_off, int to,
		       loff_t *to_off, size_t len, unsigned int flags)
{
	(void)self;
	(void)from;
	(void)from_off;
	(void)to;
	(void)to_off;
	(void)len;
	(void)flags;
	errno = ENOSYS;
	return -1;
}

void nx_pd_poll_calls(struct packetdrill_interface *calls)
{
	calls->poll = call_poll;
	calls->epoll_create = call_epoll_create;
	calls->epoll_ctl = call_epoll_ctl;
	calls->epoll_wait = call_epoll_wait;
	calls->pipe = call_pipe;
	calls->splice = call_splice;
}
