// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What waits for readiness.
 */
#include <stdlib.h>

#include "real.h"
#include "serve.h"

/* ------------------------------------------------------------------ poll */

static struct timespec *of_ms(struct timespec *ts, int ms)
{
	if (ms < 0)
		return NULL;
	ts->tv_sec = ms / 1000;
	ts->tv_nsec = ms % 1000 * 1000000L;
	return ts;
}

static bool is_any_ours(const struct pollfd *fds, nfds_t nr)
{
	nfds_t i;

	for (i = 0; i < nr; i++)
		if (nx_has_file(fds[i].fd))
			return true;
	return false;
}

NX_EXPORT int poll(struct pollfd *fds, nfds_t nr, int timeout_ms)
{
	struct timespec ts;
	int ret;

	if (!is_any_ours(fds, nr))
		return nx_real()->poll(fds, nr, timeout_ms);
	ret = nx_socket_poll(fds, nr, of_ms(&ts, timeout_ms), NULL);
	return ret == NX_PASS ? nx_real()->poll(fds, nr, timeout_ms) :
				nx_result(ret);
}

NX_EXPORT int ppoll(struct pollfd *fds, nfds_t nr,
		    const struct timespec *timeout, const sigset_t *mask)
{
	int ret = nx_socket_poll(fds, nr, timeout, mask);

	return ret == NX_PASS ? nx_real()->ppoll(fds, nr, timeout, mask) :
				nx_result(ret);
}

int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
		const sigset_t *mask, size_t room);
void __chk_fail(void) __attribute__((noreturn));

NX_EXPORT int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout_ms,
			 size_t room)
{
	if (room / sizeof(*fds) < nr)
		__chk_fail();
	return poll(fds, nr, timeout_ms);
}

NX_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t nr,
			  const struct timespec *timeout, const sigset_t *mask,
			  size_t room)
{
	if (room / sizeof(*fds) < nr)
		__chk_fail();
	return ppoll(fds, nr, timeout, mask);
}

/* ---------------------------------------------------------------- select */

/* As select(2) says which of poll()'s events are which set's. */
#define READ_EVENTS	(POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define WRITE_EVENTS	(POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)

static bool is_in(int fd, const fd_set *set)
{
	return set && FD_ISSET(fd, set);
}

static unsigned long word_of(const fd_set *set, int i)
{
	return set ? (unsigned long)__FDS_BITS(set)[i] : 0;
}

/* Of @nr descriptors, those in any of the sets. */
static inline bool any_has_file(int nr, const fd_set *rd, const fd_set *wr,
			 const fd_set *ex)
{
	unsigned long bits;
	int i, fd;

	for (i = 0; i * NFDBITS < nr; i++) {
		bits = word_of(rd, i) | word_of(wr, i) | word_of(ex, i);
		for (; bits; bits &= bits - 1) {
			fd = i * NFDBITS + __builtin_ctzl(bits);
			if (fd < nr && nx_has_file(fd))
				return true;
		}
	}
	return false;
}

static nfds_t to_pollfds(struct pollfd *fds, int nr, const fd_set *rd,
			 const fd_set *wr, const fd_set *ex)
{
	nfds_t n = 0;
	int fd;

	for (fd = 0; fd < nr; fd++) {
		fds[n] = (struct pollfd) { .fd = fd };
		if (is_in(fd, rd))
			fds[n].events |= POLLIN;
		if (is_in(fd, wr))
			fds[n].events |= POLLOUT;
		if (is_in(fd, ex))
			fds[n].events |= POLLPRI;
		n += fds[n].events != 0;
	}
	return n;
}

/* Sets or clears one bit, and counts it. */
static int put_bit(int fd, fd_set *set, bool was_asked, bool is_ready)
{
	if (!was_asked)
		return 0;
	if (is_ready)
		FD_SET(fd, set);
	else
		FD_CLR(fd, set);
	return is_ready;
}

static int from_pollfds(const struct pollfd *fds, nfds_t nr, fd_set *rd,
			fd_set *wr, fd_set *ex)
{
	int count = 0;
	nfds_t i;

	for (i = 0; i < nr; i++) {
		count += put_bit(fds[i].fd, rd, fds[i].events & POLLIN,
				 fds[i].revents & READ_EVENTS);
		count += put_bit(fds[i].fd, wr, fds[i].events & POLLOUT,
				 fds[i].revents & WRITE_EVENTS);
		count += put_bit(fds[i].fd, ex, fds[i].events & POLLPRI,
				 fds[i].revents & POLLPRI);
	}
	return count;
}

/* NX_PASS: none of nexus's after all. */
static int select_by_poll(int nr, fd_set *rd, fd_set *wr, fd_set *ex,
			  const struct timespec *timeout, const sigset_t *mask)
{
	struct pollfd *fds;
	nfds_t i, n;
	int ret;

	fds = calloc((size_t)nr + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	n = to_pollfds(fds, nr, rd, wr, ex);
	ret = nx_socket_poll(fds, n, timeout, mask);
	for (i = 0; ret >= 0 && i < n; i++)
		if (fds[i].revents & POLLNVAL)
			ret = -EBADF;
	if (ret >= 0)
		ret = from_pollfds(fds, n, rd, wr, ex);
	free(fds);
	return ret;
}

/* A second may be more than a million here; no part of it may be less than none. */
static bool of_timeval(struct timespec *ts, const struct timeval *tv)
{
	ts->tv_sec = tv->tv_sec + tv->tv_usec / 1000000;
	ts->tv_nsec = tv->tv_usec % 1000000 * 1000;
	return tv->tv_sec >= 0 && tv->tv_usec >= 0;
}

static __attribute__((noinline)) int
select_known(int nr, fd_set *rd, fd_set *wr, fd_set *ex, struct timeval *timeout)
{
	struct timespec ts = { 0 };
	int ret;

	if (timeout && !of_timeval(&ts, timeout))
		return nx_result(-EINVAL);
	ret = select_by_poll(nr, rd, wr, ex, timeout ? &ts : NULL, NULL);
	return ret == NX_PASS ? nx_real()->select(nr, rd, wr, ex, timeout) :
				nx_result(ret);
}

NX_EXPORT int select(int nr, fd_set *rd, fd_set *wr, fd_set *ex,
		     struct timeval *timeout)
{
	if (any_has_file(nr, rd, wr, ex))
		return select_known(nr, rd, wr, ex, timeout);
	return nx_real()->select(nr, rd, wr, ex, timeout);
}

NX_EXPORT int pselect(int nr, fd_set *rd, fd_set *wr, fd_set *ex,
		      const struct timespec *timeout, const sigset_t *mask)
{
	int ret = NX_PASS;

	if (any_has_file(nr, rd, wr, ex))
		ret = select_by_poll(nr, rd, wr, ex, timeout, mask);
	return ret == NX_PASS ?
	       nx_real()->pselect(nr, rd, wr, ex, timeout, mask) :
	       nx_result(ret);
}

/* ----------------------------------------------------------------- epoll */

NX_EXPORT int epoll_create1(int flags)
{
	int fd = nx_real()->epoll_create1(flags);

	if (fd >= 0 && nx_is_for_program())
		nx_epoll_created(fd);
	return fd;
}

NX_EXPORT int epoll_create(int size)
{
	int fd = nx_real()->epoll_create(size);

	if (fd >= 0 && nx_is_for_program())
		nx_epoll_created(fd);
	return fd;
}

NX_EXPORT int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	int ret;

	if (!nx_is_ours(epfd))
		return nx_real()->epoll_ctl(epfd, op, fd, event);
	ret = nx_socket_epoll_ctl(epfd, op, fd, event);
	return ret == NX_PASS ? nx_real()->epoll_ctl(epfd, op, fd, event) :
				nx_result(ret);
}

static inline int wait_for_events(int epfd, struct epoll_event *events, int max,
			   int timeout_ms, const sigset_t *mask)
{
	if (!nx_is_ours(epfd))
		return nx_real()->epoll_pwait(epfd, events, max, timeout_ms,
					      mask);
	return nx_result(nx_socket_epoll_wait(epfd, events, max, timeout_ms,
					      mask));
}

NX_EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max,
			  int timeout_ms, const sigset_t *mask)
{
	return wait_for_events(epfd, events, max, timeout_ms, mask);
}

NX_EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max,
			 int timeout_ms)
{
	return wait_for_events(epfd, events, max, timeout_ms, NULL);
}

/* Milliseconds, rounded up: what epoll_wait() can do. */
NX_EXPORT int epoll_pwait2(int epfd, struct epoll_event *events, int max,
			   const struct timespec *timeout, const sigset_t *mask)
{
	int timeout_ms = -1;

	if (timeout)
		timeout_ms = (int)(timeout->tv_sec * 1000 +
				   (timeout->tv_nsec + 999999) / 1000000);
	return wait_for_events(epfd, events, max, timeout_ms, mask);
}
