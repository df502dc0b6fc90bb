// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Readiness: what a socket is ready for, who is told when that changes, and
 * poll().
 */
#include <stdlib.h>

#include "internal.h"

/* ------------------------------------------------------------- one socket */

static short ready_udp(const struct nx_socket *s)
{
	short events = s->is_held ? 0 : POLLOUT;

	if (s->first || nx_socket_has_left(s))
		events |= POLLIN;
	if (s->is_read_shut)
		events |= POLLIN | POLLRDHUP;
	if (s->is_read_shut && s->is_write_shut)
		events |= POLLHUP;
	return events;
}

/* The kernel knows the rest. */
static short ready_left(const struct nx_socket *s)
{
	if (!s->left)
		return POLLHUP;
	return nx_socket_has_left(s) ? POLLIN : 0;
}

static short ready_tcp(const struct nx_socket *s)
{
	short events = nexus_tcp_poll_events(s->tcp);

	/* Who looks may wait for it, whether or not a write has failed. */
	if (!(events & POLLOUT) && !s->is_connecting)
		nexus_tcp_want_writable(s->tcp);
	if (s->is_read_shut)
		events |= POLLIN | POLLRDHUP;
	return events;
}

short nx_socket_ready(const struct nx_socket *s)
{
	short events = 0;

	switch (s->state) {
	case NX_SOCKET_UDP:
		events = ready_udp(s);
		break;
	case NX_SOCKET_LISTEN:
		events = s->children ? POLLIN : 0;
		break;
	case NX_SOCKET_TCP:
		events = ready_tcp(s);
		break;
	case NX_SOCKET_KERNEL:
		events = ready_left(s);
		break;
	case NX_SOCKET_IDLE:
	case NX_SOCKET_SHARED:
	case NX_SOCKET_INHERITED:
		events = POLLHUP;
		break;
	}
	if (s->error)
		events |= POLLERR;
	if (events & POLLIN)
		events |= POLLRDNORM;
	if (events & POLLOUT)
		events |= POLLWRNORM;
	return events;
}

void nx_socket_wake(struct nx_socket *s, short events)
{
	struct nx_wait *wait;

	for (wait = s->waits; wait; wait = wait->next)
		nx_sleeper_kick(wait->sleeper);
	nx_watches_wake(s, events);
}

void nx_socket_add_wait(struct nx_socket *s, struct nx_wait *wait)
{
	wait->next = s->waits;
	s->waits = wait;
}

void nx_socket_del_wait(struct nx_socket *s, struct nx_wait *wait)
{
	struct nx_wait **at = &s->waits;

	while (*at && *at != wait)
		at = &(*at)->next;
	if (*at)
		*at = wait->next;
}

int nx_socket_wait(struct nx_socket *s, short events, uint64_t until_ns)
{
	struct nx_wait wait = { .sleeper = nx_sleeper_get() };
	enum nx_socket_state state = s->state;
	struct pollfd fds[2];
	int err = 0;

	if (!wait.sleeper)
		return -ENOMEM;
	nx_socket_add_wait(s, &wait);
	while (!err && s->state == state &&
	       !(nx_socket_ready(s) & (events | POLLERR | POLLHUP))) {
		if (until_ns != NX_FOREVER && nx_now_ns() >= until_ns) {
			err = -EAGAIN;
			break;
		}
		err = nx_service_sleep(fds, 0, until_ns, NULL);
		/* signal(7): never with a timeout. */
		if (err == -EINTR && until_ns == NX_FOREVER &&
		    nx_signal_restarts())
			err = 0;
	}
	nx_socket_del_wait(s, &wait);
	/* Closed, or the kernel's by now. */
	return s->state == state ? err : -EBADF;
}

/* ------------------------------------------------------------------ poll */

/**
 * struct polling - a poll() under way
 * @fds, @nr:  the program's
 * @sockets:   of nexus, by descriptor's place; NULL: the kernel's
 * @waits:     likewise
 * @kernel:    the kernel's descriptors, and two of the stack's
 * @places:    where they are in @fds
 * @nr_kernel: how many
 * @nr_ready:  of all
 */
struct polling {
	struct pollfd		*fds;
	nfds_t			nr;
	struct nx_socket	**sockets;
	struct nx_wait		*waits;
	struct pollfd		*kernel;
	nfds_t			*places;
	nfds_t			nr_kernel;
	int			nr_ready;
};

static bool is_beside(const struct nx_socket *s)
{
	return s->state == NX_SOCKET_LISTEN && s->is_beside;
}

static bool is_served(const struct nx_socket *s)
{
	return s->state >= NX_SOCKET_UDP || nx_socket_has_left(s);
}

/* One of the kernel's that has datagrams here, too, or a listener beside its. */
static bool is_both(const struct nx_socket *s)
{
	return s->state < NX_SOCKET_UDP || is_beside(s);
}

static int polling_alloc(struct polling *p, struct pollfd *fds, nfds_t nr)
{
	*p = (struct polling) { .fds = fds, .nr = nr };
	p->sockets = calloc(nr, sizeof(*p->sockets));
	p->waits = calloc(nr, sizeof(*p->waits));
	p->kernel = calloc(nr + 2, sizeof(*p->kernel));
	p->places = calloc(nr, sizeof(*p->places));
	return p->sockets && p->waits && p->kernel && p->places ? 0 : -ENOMEM;
}

static void polling_free(struct polling *p)
{
	nfds_t i;

	for (i = 0; p->sockets && i < p->nr; i++) {
		if (!p->sockets[i])
			continue;
		nx_socket_del_wait(p->sockets[i], &p->waits[i]);
		nx_socket_put(p->sockets[i]);
	}
	free(p->sockets);
	free(p->waits);
	free(p->kernel);
	free(p->places);
}

static void add_kernel(struct polling *p, nfds_t i)
{
	p->places[p->nr_kernel] = i;
	p->kernel[p->nr_kernel] = p->fds[i];
	p->kernel[p->nr_kernel++].revents = 0;
}

/* Which are whose; the number of nexus's. */
static nfds_t polling_sort(struct polling *p, struct nx_sleeper *sleeper)
{
	struct nx_socket *s;
	nfds_t i, nr = 0;

	for (i = 0; i < p->nr; i++) {
		s = nx_socket_get(p->fds[i].fd);
		if (s)
			nx_beside_take_up(s);
		if (s && is_served(s)) {
			p->sockets[i] = s;
			p->waits[i].sleeper = sleeper;
			nx_socket_add_wait(s, &p->waits[i]);
			if (is_beside(s))
				nx_beside_settle(s, p->fds[i].fd);
			nr++;
			if (is_both(s))
				add_kernel(p, i);
			continue;
		}
		if (s)
			nx_socket_put(s);
		nx_epoll_nest(p->fds[i].fd);
		add_kernel(p, i);
	}
	return nr;
}

static void polling_look(struct polling *p)
{
	short ready;
	nfds_t i;

	for (i = 0; i < p->nr; i++) {
		p->fds[i].revents = 0;
		if (!p->sockets[i])
			continue;
		ready = nx_socket_ready(p->sockets[i]);
		p->fds[i].revents = ready & (p->fds[i].events | POLLERR | POLLHUP);
	}
	for (i = 0; i < p->nr_kernel; i++)
		p->fds[p->places[i]].revents |= p->kernel[i].revents;
	p->nr_ready = 0;
	for (i = 0; i < p->nr; i++)
		p->nr_ready += p->fds[i].revents != 0;
}

/* Who waits has room for a connection, even if he serves one after the other. */
static void polling_listen(struct polling *p, void (*tell)(struct nx_socket *s))
{
	nfds_t i;

	for (i = 0; i < p->nr; i++)
		if (p->sockets[i] && is_beside(p->sockets[i]))
			tell(p->sockets[i]);
}

static int polling_sleep(struct polling *p, uint64_t until_ns,
			 const sigset_t *mask)
{
	int ret;

	polling_listen(p, nx_beside_begin_wait);
	ret = nx_service_sleep(p->kernel, p->nr_kernel, until_ns, mask);
	polling_listen(p, nx_beside_end_wait);
	return ret;
}

static int polling_wait(struct polling *p, uint64_t until_ns,
			const sigset_t *mask)
{
	static const struct timespec none;
	int err;

	nx_service_run();
	if (p->nr_kernel)
		nx_sys.ppoll(p->kernel, p->nr_kernel, &none, NULL);
	for (;;) {
		polling_look(p);
		if (p->nr_ready || nx_now_ns() >= until_ns)
			return p->nr_ready;
		err = polling_sleep(p, until_ns, mask);
		if (err < 0)
			return err;
	}
}

static int poll_locked(struct pollfd *fds, nfds_t nr, uint64_t until_ns,
		       const sigset_t *mask)
{
	struct nx_sleeper *sleeper = nx_sleeper_get();
	struct polling p;
	int ret = -ENOMEM;

	if (!polling_alloc(&p, fds, nr) && sleeper) {
		if (polling_sort(&p, sleeper))
			ret = polling_wait(&p, until_ns, mask);
		else
			ret = NX_PASS;
	}
	polling_free(&p);
	return ret;
}

static int64_t to_ns(const struct timespec *ts)
{
	if (!ts)
		return -1;
	return (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

/* As the kernel has it: a time that is less than none is none at all. */
static bool is_time(const struct timespec *ts)
{
	return !ts || (ts->tv_sec >= 0 && ts->tv_nsec >= 0 &&
		       ts->tv_nsec < 1000000000);
}

int nx_socket_poll(struct pollfd *fds, nfds_t nr,
		   const struct timespec *timeout, const sigset_t *mask)
{
	bool has_file = false;
	nfds_t i;
	int ret;

	for (i = 0; i < nr && !has_file; i++)
		has_file = nx_has_file(fds[i].fd);
	if (!has_file)
		return NX_PASS;
	if (!is_time(timeout))
		return -EINVAL;
	nx_lock();
	ret = poll_locked(fds, nr, nx_deadline_ns(to_ns(timeout)), mask);
	nx_unlock();
	return ret;
}
