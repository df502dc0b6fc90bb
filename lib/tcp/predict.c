// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Header prediction (V. Jacobson, 1990): the segment that nearly every segment is.
 * One that arrives is the next in sequence, acknowledges all that is in flight or
 * nothing new, and nothing is lost, shut down or marked. One that leaves is the only
 * one that waits, and the windows have room for it. Of such a one most questions of
 * RFC 9293 section 3.10.7 have their answers beforehand; what is done for it is what
 * nx_tcp_input() and nx_tcp_output() do without, to the last bit of the connection.
 */
#include "internal.h"

/* ---------------------------------------------------------------- input */

/* Is nobody repairing, probing or closing anything? */
static bool is_calm(const struct nx_tcp *tcp)
{
	return tcp->state == NX_TCP_ESTABLISHED &&
	       tcp->recovery == NX_TCP_OPEN && tcp->ecn == NX_ECN_NONE &&
	       tcp->has_sack && tcp->has_ts && !tcp->is_orphan &&
	       !tcp->fin_seen && !tcp->rack.has_tlp && !tcp->rack.has_round &&
	       !tcp->txq.sacked_bytes && !tcp->txq.lost_bytes &&
	       !tcp->ooo.first && !tcp->nr_sacks;
}

/* A timestamp that is not old, no flag that says anything, and room for the data. */
static bool is_next(const struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *h = &seg->hdr;

	return h->seq == tcp->rcv_nxt &&
	       (h->flags & ~(uint16_t)TCP_PSH) == TCP_ACK &&
	       h->has == NEXUS_WIRE_TCP_TS &&
	       !nx_seq_before(h->ts_val, tcp->ts_recent) &&
	       seg->len <= tcp->rcv_adv - tcp->rcv_nxt;
}

/* What is in flight is one record, sent once, and all of it is acknowledged. */
static bool acks_all(const struct nx_tcp *tcp, uint32_t ack, uint64_t now_ns)
{
	const struct nx_tcp_tx *tx = tcp->txq.first;

	return tx && tx == tcp->txq.last && !tcp->txq.unsent &&
	       ack == tcp->snd_nxt && tx->flags == NX_TX_TIMED &&
	       tx->sent_ns != now_ns;
}

static bool acks_nothing(const struct nx_tcp *tcp, uint32_t ack)
{
	return !tcp->txq.first && ack == tcp->snd_una;
}

/* RFC 8985 section 6.2, step 2: of what was sent, this was the last. */
static void note_delivered(struct nx_rack *r, uint64_t sent_ns, uint32_t end,
			   uint64_t rtt_ns)
{
	r->fack = end;
	r->sent_ns = sent_ns;
	r->end_seq = end;
	r->rtt_ns = rtt_ns;
}

static void grow_cwnd(struct nx_tcp *tcp, uint32_t acked, uint64_t rtt_ns,
		      uint64_t now_ns)
{
	struct nx_tcp_cc_ack ack = {
		.now_ns		= now_ns,
		.rtt_ns		= rtt_ns,
		.srtt_ns	= tcp->rtt.srtt_ns,
		.acked		= acked,
		.in_flight	= acked,
		.snd_una	= tcp->snd_una,
		.snd_nxt	= tcp->snd_nxt,
		.is_cwnd_limited = tcp->is_limited ||
			(nx_tcp_cc_is_slow_start(&tcp->cc) &&
			 acked > tcp->cc.cwnd / 2),
	};

	nx_tcp_cc_on_ack(&tcp->cc, &ack);
	if (tcp->cc.is_paced)
		nx_pace_set(&tcp->pace, tcp->cc.cwnd, tcp->cc.ssthresh,
			    tcp->rtt.srtt_ns, UINT64_MAX);
}

/* The queue is empty then, and the timer for sending is off. */
static void drop_all(struct nx_tcp *tcp)
{
	struct nx_tcp_tx *tx = tcp->txq.first;

	tcp->txq.first = NULL;
	tcp->txq.last = NULL;
	tcp->txq.oldest = NULL;
	tcp->txq.newest = NULL;
	tcp->txq.lost = NULL;
	tcp->txq.tagged = NULL;
	tcp->timer = NX_TCP_TIMER_PERSIST;
	tcp->timer_ns = NX_TCP_NEVER;
	tcp->env->buf_put(tcp->env, tx->buf);
	tcp->env->record_free(tcp->env, tx);
}

static void input_ack(struct nx_tcp *tcp, uint32_t acked, uint64_t now_ns)
{
	uint64_t sent_ns = tcp->txq.first->sent_ns, rtt_ns = now_ns - sent_ns;

	tcp->snd_una = tcp->snd_nxt;
	tcp->stats.bytes_acked += acked;
	tcp->events |= NX_TCP_EV_WRITABLE;
	tcp->progress_ns = now_ns;
	tcp->rto_base_ns = now_ns;
	if (tcp->mtu < tcp->mtu_max)
		nx_tcp_mtu_raise(tcp, now_ns);
	note_delivered(&tcp->rack, sent_ns, tcp->snd_nxt, rtt_ns);
	nx_rtt_sample(&tcp->rtt, rtt_ns,
		      nx_rtt_expected_samples(acked, tcp->mss), now_ns);
	grow_cwnd(tcp, acked, rtt_ns, now_ns);
	/* It was limited_seq at the latest that was acknowledged. */
	tcp->is_limited = false;
	drop_all(tcp);
}

static void input_data(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	if (nx_tcp_rxq_append(tcp, &seg->spans[0]))
		nx_tcp_schedule_ack(tcp, seg, now_ns);
	nx_tcp_tune(tcp, now_ns);
}

bool nx_tcp_input_predicted(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			    uint64_t now_ns)
{
	uint32_t ack = seg->hdr.ack;
	bool is_ack;

	if (!is_calm(tcp) || !is_next(tcp, seg))
		return false;
	is_ack = acks_all(tcp, ack, now_ns);
	if (!is_ack && !acks_nothing(tcp, ack))
		return false;
	tcp->rcvd_ns = now_ns;
	tcp->nr_probes = 0;
	if (nx_tcp_update_window(tcp, seg) &&
	    tcp->timer == NX_TCP_TIMER_PERSIST)
		nx_rtt_end_backoff(&tcp->rtt);
	if (is_ack)
		input_ack(tcp, ack - tcp->snd_una, now_ns);
	nx_tcp_take_timestamp(tcp, seg, now_ns);
	if (seg->len)
		input_data(tcp, seg, now_ns);
	return true;
}

/* --------------------------------------------------------------- output */

/* Is there nothing to be sent but what was written? */
static bool is_undemanding(const struct nx_tcp *tcp, uint64_t now_ns)
{
	return tcp->state == NX_TCP_ESTABLISHED &&
	       tcp->recovery == NX_TCP_OPEN && tcp->ecn == NX_ECN_NONE &&
	       !(tcp->must_send_syn | tcp->must_reset | tcp->must_tlp |
		 tcp->must_probe | tcp->is_corked | tcp->ace_first) &&
	       tcp->resume_ns == NX_TCP_NEVER && !tcp->cc.is_paced &&
	       !tcp->txq.lost && !tcp->nr_sacks &&
	       tcp->dsack.left == tcp->dsack.right &&
	       nx_tcp_deadline(tcp) > now_ns;
}

/* Nagle's question, as Minshall has it, and the windows'. */
static bool may_leave(const struct nx_tcp *tcp, uint32_t len)
{
	uint32_t used = tcp->snd_nxt - tcp->snd_una;

	return len <= tcp->mss && used + len <= tcp->snd_wnd &&
	       nx_tcp_in_flight(tcp) + len <= tcp->cc.cwnd &&
	       (len == tcp->mss || tcp->is_nodelay ||
		!nx_seq_after(tcp->snd_sml, tcp->snd_una));
}

static void sent_all(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint64_t now_ns)
{
	if (tcp->snd_una == tcp->snd_nxt)
		nx_tcp_sent_first(tcp, now_ns);
	nx_tx_sent(tcp, tx, now_ns);
	tcp->snd_nxt = tcp->write_seq;
	tcp->txq.unsent = NULL;
	if (tx->len != tcp->mss)
		tcp->snd_sml = tcp->snd_nxt;
}

bool nx_tcp_output_predicted(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			     uint64_t now_ns)
{
	struct nx_tcp_tx *tx = tcp->txq.unsent;

	if (!tx || tx != tcp->txq.last || !tx->buf ||
	    !is_undemanding(tcp, now_ns) || !may_leave(tcp, tx->len))
		return false;
	sent_all(tcp, tx, now_ns);
	nx_tcp_fill(tcp, seg, tx->seq, TCP_ACK | TCP_PSH, now_ns);
	seg->len = tx->len;
	seg->nr_spans = 1;
	seg->spans[0] = (struct nx_tcp_span) {
		.buf	= tx->buf,
		.off	= tx->off,
		.len	= tx->len,
	};
	tcp->sent_ns = now_ns;
	nx_tcp_timer_arm(tcp, tcp->timer == NX_TCP_TIMER_REO ? tcp->timer_ns :
							       NX_TCP_NEVER);
	return true;
}
