// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Deadlines of a connection, and what happens when they are due.
 */
#include "internal.h"

void nx_tcp_timers_stop(struct nx_tcp *tcp)
{
	tcp->timer_ns = NX_TCP_NEVER;
	tcp->ack_ns = NX_TCP_NEVER;
	tcp->wait_ns = NX_TCP_NEVER;
	tcp->resume_ns = NX_TCP_NEVER;
}

/* --------------------------------------------------- the timer for sending */

static void arm(struct nx_tcp *tcp, enum nx_tcp_timer timer, uint64_t at_ns)
{
	tcp->timer = (uint8_t)timer;
	tcp->timer_ns = at_ns;
}

void nx_tcp_timer_arm(struct nx_tcp *tcp, uint64_t reo_ns)
{
	uint64_t rto_at_ns = tcp->rto_base_ns + nx_rtt_rto_ns(&tcp->rtt);
	uint64_t tlp_ns;

	if (tcp->snd_una == tcp->snd_nxt) {
		arm(tcp, NX_TCP_TIMER_PERSIST,
		    nx_tcp_is_window_closed(tcp) ? rto_at_ns : NX_TCP_NEVER);
		return;
	}
	tlp_ns = nx_tlp_due(tcp);
	if (reo_ns < rto_at_ns)
		arm(tcp, NX_TCP_TIMER_REO, reo_ns);
	else if (tlp_ns != NX_TCP_NEVER)
		arm(tcp, NX_TCP_TIMER_TLP,
		    tlp_ns < rto_at_ns ? tlp_ns : rto_at_ns);
	else
		arm(tcp, NX_TCP_TIMER_RTO, rto_at_ns);
}

void nx_tcp_rto_restart(struct nx_tcp *tcp, uint64_t now_ns)
{
	tcp->rto_base_ns = now_ns;
	nx_tcp_timer_arm(tcp, NX_TCP_NEVER);
}

/* RFC 9293 section 3.8.3: R2, for what was sent and for probes of the window. */
static bool is_timed_out(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (now_ns - tcp->progress_ns <
	    tcp->config->user_timeout_ms * 1000000ULL)
		return false;
	tcp->must_reset = nx_tcp_is_synchronized(tcp);
	nx_tcp_close(tcp, tcp->soft_err ? tcp->soft_err : -ETIMEDOUT);
	return true;
}

/* A SYN or SYN-ACK was not answered. */
static void syn_fired(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (tcp->rtt.nr_backoffs >= tcp->config->syn_retries) {
		nx_tcp_close(tcp, tcp->soft_err ? tcp->soft_err : -ETIMEDOUT);
		return;
	}
	tcp->is_syn_lost = true;
	tcp->must_send_syn = true;
	nx_rtt_backoff(&tcp->rtt);
	nx_tcp_rto_restart(tcp, now_ns);
}

/* RFC 6298 section 5.4 to 5.6. */
static void rto_fired(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (!nx_tcp_is_synchronized(tcp)) {
		syn_fired(tcp, now_ns);
		return;
	}
	if (is_timed_out(tcp, now_ns))
		return;
	tcp->stats.nr_rtos++;
	nx_tcp_mtu_on_rto(tcp, now_ns);
	nx_tcp_recover_on_rto(tcp, now_ns);
	nx_rtt_backoff(&tcp->rtt);
	nx_tcp_rto_restart(tcp, now_ns);
}

/* RFC 9293 section 3.8.6.1. */
static void persist_fired(struct nx_tcp *tcp, uint64_t now_ns)
{
	/* A closed window is no dead peer, as long as it answers. */
	if (!tcp->nr_probes)
		tcp->progress_ns = now_ns;
	else if (is_timed_out(tcp, now_ns))
		return;
	if (tcp->nr_probes < UINT8_MAX)
		tcp->nr_probes++;
	tcp->must_probe = true;
	nx_rtt_backoff(&tcp->rtt);
	nx_tcp_rto_restart(tcp, now_ns);
}

static void timer_fired(struct nx_tcp *tcp, uint64_t now_ns)
{
	tcp->timer_ns = NX_TCP_NEVER;
	switch ((enum nx_tcp_timer)tcp->timer) {
	case NX_TCP_TIMER_RTO:
		rto_fired(tcp, now_ns);
		break;
	case NX_TCP_TIMER_TLP:
		tcp->must_tlp = true;
		break;
	case NX_TCP_TIMER_REO:
		nx_tcp_recover_on_reo(tcp, now_ns);
		break;
	case NX_TCP_TIMER_PERSIST:
		persist_fired(tcp, now_ns);
		break;
	}
}

/* -------------------------------------------- the timer for being patient */

void nx_tcp_wait_arm(struct nx_tcp *tcp, uint64_t now_ns)
{
	const struct nx_tcp_config *c = tcp->config;

	if (tcp->state == NX_TCP_TIME_WAIT ||
	    (tcp->state == NX_TCP_FIN_WAIT_2 && tcp->is_orphan))
		tcp->wait_ns = nx_tcp_after_ms(now_ns, c->time_wait_ms);
	else if (tcp->is_keepalive && nx_tcp_is_synchronized(tcp))
		tcp->wait_ns = nx_tcp_after_ms(tcp->rcvd_ns, c->keep_idle_ms);
	else
		tcp->wait_ns = NX_TCP_NEVER;
}

/* RFC 9293 section 3.8.4: is anybody there? */
static void keepalive_fired(struct nx_tcp *tcp, uint64_t now_ns)
{
	const struct nx_tcp_config *c = tcp->config;
	uint64_t due_ns = nx_tcp_after_ms(tcp->rcvd_ns, c->keep_idle_ms);

	if (now_ns < due_ns) {
		tcp->nr_probes = 0;
		tcp->wait_ns = due_ns;
		return;
	}
	if (tcp->nr_probes >= c->keep_probes) {
		tcp->must_reset = true;
		nx_tcp_close(tcp, -ETIMEDOUT);
		return;
	}
	tcp->nr_probes++;
	tcp->must_probe = true;
	tcp->wait_ns = nx_tcp_after_ms(now_ns, c->keep_intvl_ms);
}

static void wait_fired(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (tcp->state == NX_TCP_TIME_WAIT ||
	    (tcp->state == NX_TCP_FIN_WAIT_2 && tcp->is_orphan))
		nx_tcp_close(tcp, 0);
	else
		keepalive_fired(tcp, now_ns);
}

void nx_tcp_timers_fire(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (tcp->wait_ns <= now_ns)
		wait_fired(tcp, now_ns);
	/* One that is due may be followed by another that is, if we come late. */
	while (tcp->timer_ns <= now_ns)
		timer_fired(tcp, now_ns);
	if (tcp->resume_ns <= now_ns)
		tcp->resume_ns = NX_TCP_NEVER;
	if (tcp->ack_ns <= now_ns) {
		tcp->ack_ns = NX_TCP_NEVER;
		tcp->must_ack = true;
	}
}
