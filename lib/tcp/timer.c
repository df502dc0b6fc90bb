// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Deadlines of a connection, and what happens when they are due.
 */
#include "internal.h"

/* Doublings of the timeout that matter: it has reached its maximum before. */
#define BACKOFF_MAX	16

void nx_tcp_timers_stop(struct nx_tcp *tcp)
{
	tcp->rto_ns = NX_TCP_NEVER;
	tcp->ack_ns = NX_TCP_NEVER;
	tcp->wait_ns = NX_TCP_NEVER;
}

void nx_tcp_rto_arm(struct nx_tcp *tcp, uint64_t now_ns)
{
	uint64_t rto_us = (uint64_t)tcp->rto_us << tcp->backoff;

	if (rto_us > tcp->config->rto_max_us)
		rto_us = tcp->config->rto_max_us;
	tcp->rto_ns = tcp->snd_una == tcp->snd_nxt ?
		      NX_TCP_NEVER : nx_tcp_after_us(now_ns, rto_us);
}

/* RFC 6298 section 5.4 to 5.6. */
static void rto_fired(struct nx_tcp *tcp, uint64_t now_ns)
{
	struct nx_tcp_tx *tx;

	if (!nx_tcp_is_synchronized(tcp)) {
		if (tcp->backoff >= tcp->config->syn_retries) {
			nx_tcp_close(tcp, -ETIMEDOUT);
			return;
		}
		tcp->must_send_syn = true;
	}
	if (tcp->backoff == BACKOFF_MAX) {
		nx_tcp_close(tcp, -ETIMEDOUT);
		return;
	}
	for (tx = tcp->txq.first; tx && tx != tcp->txq.unsent; tx = tx->next) {
		tx->flags |= NX_TX_LOST;
		tx->flags &= ~NX_TX_RETRANS;
	}
	tcp->backoff++;
	nx_tcp_rto_arm(tcp, now_ns);
}

void nx_tcp_timers_run(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (tcp->wait_ns <= now_ns)
		nx_tcp_close(tcp, 0);
	if (tcp->rto_ns <= now_ns)
		rto_fired(tcp, now_ns);
	if (tcp->ack_ns <= now_ns) {
		tcp->ack_ns = NX_TCP_NEVER;
		tcp->must_ack = true;
	}
}

uint64_t nx_tcp_deadline(const struct nx_tcp *tcp)
{
	uint64_t at = tcp->rto_ns;

	at = tcp->ack_ns < at ? tcp->ack_ns : at;
	return tcp->wait_ns < at ? tcp->wait_ns : at;
}
