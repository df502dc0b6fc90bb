// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Recovery from loss and answer to ECN: what to retransmit, what the congestion
 * window becomes, and when it was all for nothing (RFC 5681, 6582, 6675, 5682,
 * 3708, 3522, 9937).
 */
#include "internal.h"

static bool is_reducing(const struct nx_tcp *tcp)
{
	return tcp->recovery == NX_TCP_FAST || tcp->recovery == NX_TCP_CWR;
}

/* ----------------------------------------------------------------- undo */

static void undo_init(struct nx_tcp *tcp)
{
	tcp->may_undo = true;
	tcp->undo_sent = false;
	tcp->undo_una = tcp->snd_una;
	tcp->undo_bytes = tcp->txq.retrans_bytes;
}

/*
 * Nothing was lost: what was to be sent again is in flight as before. What overtook
 * it would have RACK take it for lost with the next ACK, and again with each one:
 * only what is delivered from here on is asked.
 */
static void undo(struct nx_tcp *tcp)
{
	struct nx_tcp_tx *tx = tcp->txq.first;

	for (; tx && tx != tcp->txq.unsent; tx = tx->next)
		if (tx->flags & NX_TX_LOST)
			nx_tx_clear(tcp, tx);
	tcp->txq.lost = NULL;
	tcp->may_undo = false;
	tcp->frto = false;
	tcp->rack.sent_ns = 0;
	tcp->recovery = NX_TCP_OPEN;
	tcp->stats.nr_undone++;
	nx_tcp_cc_undo(&tcp->cc);
}

/* RFC 3522: the ACK echoes a time before the first retransmission. */
static bool is_eifel(const struct nx_tcp *tcp, const struct nx_tcp_ack *ack)
{
	const struct nexus_wire_tcp *h = &ack->seg->hdr;

	return tcp->has_ts && h->has & NEXUS_WIRE_TCP_TS && tcp->undo_sent &&
	       ack->acked && nx_seq_before(h->ts_ecr, tcp->undo_ts);
}

/*
 * RFC 3708: each retransmission was told to be a duplicate; or what was taken
 * for lost is acknowledged before it was sent again.
 */
static bool try_undo(struct nx_tcp *tcp, const struct nx_tcp_ack *ack)
{
	bool is_idle = !tcp->undo_bytes &&
		       (tcp->undo_sent ? ack->has_dsack : ack->acked != 0);

	if (!tcp->may_undo || !(is_idle || is_eifel(tcp, ack)))
		return false;
	undo(tcp);
	return true;
}

/* ---------------------------------------------------------------- begin */

void nx_tcp_reduce(struct nx_tcp *tcp, uint32_t acked,
		   enum nx_tcp_congestion by)
{
	uint32_t flight_size = tcp->snd_nxt - tcp->snd_una + acked;

	if (tcp->recovery != NX_TCP_OPEN)
		return;
	nx_tcp_cc_end_undo(&tcp->cc);
	nx_tcp_cc_on_congestion(&tcp->cc, flight_size, by);
	nx_prr_enter(&tcp->prr, flight_size - tcp->txq.sacked_bytes);
	tcp->recovery = NX_TCP_CWR;
	tcp->recover = tcp->snd_nxt;
	tcp->may_undo = false;
	tcp->cwr_pending = true;
}

/* Losses were found: fast recovery, unless it has begun. */
static void enter(struct nx_tcp *tcp, uint32_t acked, uint32_t delivered)
{
	uint32_t flight_size = tcp->snd_nxt - tcp->snd_una + acked;

	if (tcp->recovery >= NX_TCP_FAST)
		return;
	undo_init(tcp);
	if (tcp->recovery == NX_TCP_OPEN) {
		nx_tcp_cc_end_undo(&tcp->cc);
		nx_tcp_cc_on_congestion(&tcp->cc, flight_size, NX_TCP_LOST);
		nx_prr_enter(&tcp->prr, tcp->snd_nxt - tcp->snd_una -
					tcp->txq.sacked_bytes + delivered);
		tcp->cwr_pending = true;
	}
	tcp->recovery = NX_TCP_FAST;
	tcp->recover = tcp->snd_nxt;
}

/* RFC 2018 section 8: the peer may have dropped what it had SACKed. */
static void forget_sacks(struct nx_tcp *tcp)
{
	struct nx_tcp_tx *tx = tcp->txq.first;

	if (!tcp->has_sack)
		tcp->txq.sacked_bytes = 0;
	if (!tx || !(tx->flags & NX_TX_SACKED))
		return;
	for (; tx && tx != tcp->txq.unsent; tx = tx->next)
		if (tx->flags & NX_TX_SACKED)
			nx_tx_clear(tcp, tx);
}

/* RFC 8985 section 6.3: the first one, and what was sent long enough ago. */
static void mark_lost_on_rto(struct nx_tcp *tcp, uint64_t now_ns)
{
	uint64_t wait_ns = tcp->has_sack ? nx_rack_wait_ns(tcp) : 0;
	struct nx_tcp_tx *tx = tcp->txq.first;

	for (; tx && tx != tcp->txq.unsent; tx = tx->next) {
		if (tx->flags & NX_TX_SACKED)
			continue;
		if (tx == tcp->txq.first || now_ns >= tx->sent_ns + wait_ns)
			nx_tx_set_lost(tcp, tx);
	}
}

void nx_tcp_recover_on_rto(struct nx_tcp *tcp, uint64_t now_ns)
{
	bool is_repeated = tcp->rtt.nr_backoffs > 0;

	forget_sacks(tcp);
	mark_lost_on_rto(tcp, now_ns);
	if (!is_repeated) {
		if (tcp->recovery == NX_TCP_OPEN)
			nx_tcp_cc_end_undo(&tcp->cc);
		undo_init(tcp);
	}
	nx_tcp_cc_on_rto(&tcp->cc, tcp->snd_nxt - tcp->snd_una, is_repeated);
	/* RFC 5682 section 2.1, step 1. */
	tcp->frto = tcp->recovery < NX_TCP_FAST || is_repeated;
	tcp->frto_new = false;
	tcp->recovery = NX_TCP_LOSS;
	tcp->recover = tcp->snd_nxt;
	tcp->rack.has_tlp = false;
	tcp->cwr_pending = true;
}

/* ------------------------------------------------ without SACK (RFC 6582) */

/* The first segment, of however many records that were written one by one. */
static void mark_head_lost(struct nx_tcp *tcp)
{
	struct nx_tcp_tx *tx = tcp->txq.first;
	uint32_t room = tcp->mss;

	while (tx && tx != tcp->txq.unsent && room &&
	       !(tx->flags & NX_TX_LOST)) {
		if (tx->len > room && !nx_tcp_txq_split(tcp, tx, room))
			return;
		room -= tx->len;
		nx_tx_set_lost(tcp, tx);
		tx = tx->next;
	}
}

/* Something arrived behind a gap: one segment, as far as we know. */
static void input_dupack(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	uint32_t room = tcp->snd_nxt - tcp->snd_una - tcp->txq.sacked_bytes -
			tcp->txq.lost_bytes;
	uint32_t len = nx_min32(tcp->mss, room);

	tcp->txq.sacked_bytes += len;
	ack->delivered += len;
	if (tcp->nr_dupacks < UINT8_MAX)
		tcp->nr_dupacks++;
	if (tcp->nr_dupacks == NX_TCP_DUPTHRESH &&
	    tcp->recovery < NX_TCP_FAST)
		mark_head_lost(tcp);
}

/* Of what is acknowledged now, all but one segment was counted before. */
static void input_advance(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	uint32_t counted = ack->acked > tcp->mss ? ack->acked - tcp->mss : 0;

	counted = nx_min32(counted, tcp->txq.sacked_bytes);
	tcp->txq.sacked_bytes -= counted;
	ack->delivered -= nx_min32(counted, ack->delivered);
	tcp->nr_dupacks = 0;
	if (tcp->recovery == NX_TCP_FAST &&
	    nx_seq_before(tcp->snd_una, tcp->recover))
		mark_head_lost(tcp);
	else if (tcp->recovery != NX_TCP_FAST)
		tcp->txq.sacked_bytes = 0;
}

static void input_without_sack(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	if (ack->acked)
		input_advance(tcp, ack);
	else if (ack->is_dupack)
		input_dupack(tcp, ack);
	nx_tcp_txq_limit_sacked(tcp);
}

/* ------------------------------------------------------------------- end */

/*
 * Is all acknowledged that was in flight when it began? Without SACK, duplicate
 * ACKs of that could begin it again: RFC 6582 section 4.1.
 */
static bool is_over(const struct nx_tcp *tcp)
{
	return tcp->has_sack || tcp->recovery == NX_TCP_CWR ?
	       !nx_seq_before(tcp->snd_una, tcp->recover) :
	       nx_seq_after(tcp->snd_una, tcp->recover) ||
	       tcp->snd_una == tcp->write_seq;
}

static void end(struct nx_tcp *tcp)
{
	struct nx_rack *r = &tcp->rack;

	if (is_reducing(tcp))
		nx_tcp_cc_end_recovery(&tcp->cc);
	/* RFC 8985 section 6.2, step 4. */
	if (tcp->recovery == NX_TCP_FAST && r->reo_persist &&
	    !--r->reo_persist)
		r->reo_mult = 1;
	tcp->recovery = NX_TCP_OPEN;
	tcp->frto = false;
	tcp->nr_dupacks = 0;
	if (!tcp->has_sack)
		tcp->txq.sacked_bytes = 0;
}

/* RFC 5682 section 3: is the timeout spurious? true: nothing more to do. */
static bool frto_on_ack(struct nx_tcp *tcp, const struct nx_tcp_ack *ack)
{
	tcp->frto_new = false;
	/* Step 3.b: what was not sent again has arrived. */
	if (ack->has_original) {
		undo(tcp);
		return true;
	}
	if (nx_seq_after(tcp->snd_nxt, tcp->recover)) {
		/* Step 3.a: something is missing indeed. */
		if (ack->has_new_sack || ack->is_dupack)
			tcp->frto = false;
	} else if (ack->acked && nx_seq_before(tcp->snd_una, tcp->recover)) {
		/* Step 2.b: send new data instead, and see. */
		tcp->recover = tcp->snd_nxt;
		tcp->frto_new = tcp->txq.unsent &&
				tcp->snd_una + tcp->snd_wnd != tcp->snd_nxt;
		tcp->frto = tcp->frto_new;
	}
	return false;
}

static void advance_state(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	switch ((enum nx_tcp_recovery)tcp->recovery) {
	case NX_TCP_OPEN:
		if (ack->has_dsack)
			try_undo(tcp, ack);
		break;
	case NX_TCP_CWR:
		if (is_over(tcp))
			end(tcp);
		break;
	case NX_TCP_FAST:
		if (!try_undo(tcp, ack) && is_over(tcp))
			end(tcp);
		break;
	case NX_TCP_LOSS:
		if (try_undo(tcp, ack) ||
		    (tcp->frto && frto_on_ack(tcp, ack)))
			break;
		if (is_over(tcp))
			end(tcp);
		break;
	}
}

/*
 * An ACK that ends recovery, or comes after a timeout, covers what SACK had told
 * of before: it opens the window by what is news alone (RFC 3465 section 2.3).
 */
static void update_cwnd(struct nx_tcp *tcp, const struct nx_tcp_ack *ack,
			bool was_open)
{
	struct nx_tcp_cc_ack a = {
		.now_ns		= ack->now_ns,
		.rtt_ns		= ack->rtt_ns,
		.srtt_ns	= tcp->rtt.srtt_ns,
		.acked		= was_open ? ack->acked :
				  nx_min32(ack->acked, ack->delivered),
		.in_flight	= ack->prior_flight,
		.snd_una	= tcp->snd_una,
		.snd_nxt	= tcp->snd_nxt,
	};

	if (is_reducing(tcp)) {
		tcp->cc.cwnd = nx_prr_on_ack(&tcp->prr, ack->delivered,
					     nx_tcp_in_flight(tcp),
					     tcp->cc.ssthresh, tcp->mss,
					     ack->acked && !ack->has_new_loss);
		return;
	}
	if (!a.acked)
		return;
	a.is_cwnd_limited = ack->is_limited || tcp->recovery == NX_TCP_LOSS ||
			    (nx_tcp_cc_is_slow_start(&tcp->cc) &&
			     ack->prior_flight > tcp->cc.cwnd / 2);
	nx_tcp_cc_on_ack(&tcp->cc, &a);
}

void nx_tcp_recover_on_ack(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	bool was_open = tcp->recovery == NX_TCP_OPEN;

	if (!tcp->has_sack)
		input_without_sack(tcp, ack);
	advance_state(tcp, ack);
	if (tcp->txq.lost_bytes > tcp->txq.retrans_bytes)
		enter(tcp, ack->acked, ack->delivered);
	update_cwnd(tcp, ack, was_open);
}

void nx_tcp_recover_on_reo(struct nx_tcp *tcp, uint64_t now_ns)
{
	uint64_t reo_ns = nx_rack_detect(tcp, now_ns);

	if (tcp->txq.lost_bytes > tcp->txq.retrans_bytes)
		enter(tcp, 0, 0);
	if (is_reducing(tcp))
		tcp->cc.cwnd = nx_prr_on_ack(&tcp->prr, 0,
					     nx_tcp_in_flight(tcp),
					     tcp->cc.ssthresh, tcp->mss, false);
	nx_tcp_timer_arm(tcp, reo_ns);
}
