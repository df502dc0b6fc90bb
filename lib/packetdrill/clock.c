// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The virtual clock. Of packetdrill's two threads one waits for times, and so
 * moves it; the other may sleep in a system call, and each event lets it look
 * before the clock goes on, so that a run never depends on the scheduler.
 */
#include <stddef.h>

#include "internal.h"

#define NS_A_US		1000ull
#define US_A_SECOND	1000000ull

/* When the call that this thread slept in ended: its next look at the clock. */
static __thread uint64_t woke_ns;

/* ---------------------------------------------------------- connections */

/* A listener's child that is complete waits to be accepted. */
static void see_events(struct nx_pd_sock *sock)
{
	uint32_t events = nx_tcp_take_events(&sock->tcp);

	if (events & NX_TCP_EV_ESTABLISHED) {
		sock->is_established = true;
		sock->is_acceptable = sock->listener;
	}
	if (events & NX_TCP_EV_CLOSED && sock->tcp.err)
		sock->err = -sock->tcp.err;
}

/* Nobody holds it, and it is over. */
static bool is_gone(const struct nx_pd_sock *sock)
{
	return !sock->has_fd && !sock->is_acceptable &&
	       sock->tcp.state == NX_TCP_CLOSED;
}

static void run_one(struct nx_pd_sock *sock)
{
	struct nx_tcp_seg seg;

	while (nx_tcp_output(&sock->tcp, &seg, sock->host->now_ns))
		nx_pd_emit(sock, &seg);
	see_events(sock);
	if (is_gone(sock))
		nx_pd_sock_free(sock);
}

/* Lets the sleeper look at what has become of its call. */
static void settle(struct nx_pd_host *host)
{
	if (!host->is_sleeping)
		return;
	host->is_sleeping = false;
	host->is_settled = false;
	pthread_cond_signal(&host->wake);
	while (!host->is_settled)
		pthread_cond_wait(&host->settled, &host->lock);
}

void nx_pd_run(struct nx_pd_host *host)
{
	size_t i;

	for (i = 0; i < NX_PD_NR_SOCKS; i++)
		if (host->socks[i].is_used && host->socks[i].is_open)
			run_one(&host->socks[i]);
	settle(host);
}

/* ---------------------------------------------------------------- clock */

/* When something happens by itself. */
static uint64_t next_ns(const struct nx_pd_host *host)
{
	uint64_t next = NX_TCP_NEVER, at;
	size_t i;

	for (i = 0; i < NX_PD_NR_SOCKS; i++) {
		if (!host->socks[i].is_used || !host->socks[i].is_open)
			continue;
		at = nx_tcp_deadline(&host->socks[i].tcp);
		next = at < next ? at : next;
	}
	if (host->is_sleeping && host->sleeper_until_ns < next)
		next = host->sleeper_until_ns;
	return next;
}

static void step_to(struct nx_pd_host *host, uint64_t at_ns)
{
	if (at_ns > host->now_ns)
		host->now_ns = at_ns;
	nx_pd_run(host);
}

void nx_pd_advance(struct nx_pd_host *host, uint64_t until_ns)
{
	uint64_t next;

	while ((next = next_ns(host)) <= until_ns)
		step_to(host, next);
	step_to(host, until_ns);
}

bool nx_pd_advance_to_packet(struct nx_pd_host *host)
{
	uint64_t next;

	while (!host->first) {
		next = next_ns(host);
		if (next == NX_TCP_NEVER)
			return false;
		step_to(host, next);
	}
	return true;
}

/* Where nobody else would move the clock it goes on at once. */
static int sleep_as_driver(struct nx_pd_host *host, uint64_t until_ns)
{
	uint64_t next = next_ns(host);

	if (next > until_ns)
		next = until_ns;
	if (next == NX_TCP_NEVER)
		return -EDEADLK;
	step_to(host, next);
	return 0;
}

int nx_pd_sleep(struct nx_pd_host *host, uint64_t until_ns)
{
	if (host->now_ns >= until_ns)
		return -ETIMEDOUT;
	if (pthread_equal(pthread_self(), host->driver))
		return sleep_as_driver(host, until_ns);
	host->is_sleeping = true;
	host->is_settled = true;
	host->sleeper_until_ns = until_ns;
	pthread_cond_signal(&host->settled);
	while (host->is_sleeping)
		pthread_cond_wait(&host->wake, &host->lock);
	return 0;
}

void nx_pd_wake_up(struct nx_pd_host *host, bool has_slept)
{
	if (!has_slept || pthread_equal(pthread_self(), host->driver))
		return;
	woke_ns = host->now_ns;
	host->is_settled = true;
	pthread_cond_signal(&host->settled);
}

int nx_pd_usleep(void *self, useconds_t us)
{
	struct nx_pd_host *host = self;

	pthread_mutex_lock(&host->lock);
	nx_pd_advance(host, host->now_ns + us * NS_A_US);
	pthread_mutex_unlock(&host->lock);
	return 0;
}

/*
 * Whoever spins until a time comes looks at the clock again and again: each look
 * takes a microsecond.
 */
int nx_pd_gettimeofday(void *self, struct timeval *tv, struct timezone *tz)
{
	struct nx_pd_host *host = self;
	uint64_t us;

	(void)tz;
	pthread_mutex_lock(&host->lock);
	us = host->now_ns / NS_A_US;
	if (woke_ns) {
		us = woke_ns / NS_A_US;
		woke_ns = 0;
	} else {
		nx_pd_advance(host, host->now_ns + NS_A_US);
	}
	pthread_mutex_unlock(&host->lock);
	tv->tv_sec = (time_t)(us / US_A_SECOND);
	tv->tv_usec = (suseconds_t)(us % US_A_SECOND);
	return 0;
}
