// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The ACK of a segment that arrived (RFC 9293 section 3.10.7.4, fifth).
 */
#include "internal.h"

/* RFC 7323 section 2.2: what has a SYN is not scaled. */
static uint32_t told_window(const struct nx_tcp *tcp,
			    const struct nexus_wire_tcp *h)
{
	return h->flags & TCP_SYN ? h->window :
				    (uint32_t)h->window << tcp->snd_wscale;
}

/* The handshake's last segment; another one is of an old connection. */
static bool input_syn_rcvd(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			   uint64_t now_ns)
{
	if (!nx_tcp_acks_syn(tcp, seg->hdr.ack)) {
		tcp->must_reset = true;
		tcp->reset_bare = true;
		tcp->reset_seq = seg->hdr.ack;
		return false;
	}
	tcp->snd_wnd = told_window(tcp, &seg->hdr);
	tcp->snd_wl1 = seg->hdr.seq;
	nx_tcp_establish(tcp, now_ns);
	if (tcp->ecn == NX_ECN_ACCURATE)
		nx_accecn_handshake_read(&tcp->accecn, seg->hdr.flags);
	if (tcp->has_asked)
		nx_tcp_input_fast_open(tcp, seg, now_ns);
	/* It was shut down before it was established. */
	if (tcp->fin_queued)
		nx_tcp_set_state(tcp, NX_TCP_FIN_WAIT_1);
	return true;
}

/*
 * RFC 9293 section 3.10.7.4 lets SND.WL1 and
 * SND.WL2 keep old segments out; but a later ACK is from a later segment, even
 * one that sends old data again: without its window, the old one would move on.
 */
bool nx_tcp_update_window(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *h = &seg->hdr;
	uint32_t wnd = told_window(tcp, h), old;

	if (!nx_seq_after(h->ack, tcp->snd_wl2) &&
	    nx_seq_before(h->seq, tcp->snd_wl1))
		return false;
	old = tcp->snd_wnd;
	tcp->snd_wnd = wnd;
	tcp->snd_wl1 = h->seq;
	tcp->snd_wl2 = h->ack;
	if (wnd > tcp->snd_max_wnd)
		tcp->snd_max_wnd = wnd;
	return wnd != old;
}

/* Our FIN is acknowledged, with all that was before it. */
static void fin_acked(struct nx_tcp *tcp, uint64_t now_ns)
{
	switch ((enum nx_tcp_state)tcp->state) {
	case NX_TCP_FIN_WAIT_1:
		nx_tcp_set_state(tcp, NX_TCP_FIN_WAIT_2);
		break;
	case NX_TCP_CLOSING:
		nx_tcp_set_state(tcp, NX_TCP_TIME_WAIT);
		break;
	case NX_TCP_LAST_ACK:
		nx_tcp_close(tcp, 0);
		return;
	case NX_TCP_CLOSED:
	case NX_TCP_SYN_SENT:
	case NX_TCP_SYN_RCVD:
	case NX_TCP_ESTABLISHED:
	case NX_TCP_FIN_WAIT_2:
	case NX_TCP_CLOSE_WAIT:
	case NX_TCP_TIME_WAIT:
	case NX_TCP_NR_STATES:
		return;
	}
	nx_tcp_wait_arm(tcp, now_ns);
}

/* ------------------------------------------------------------ round trips */

/*
 * What a timestamp tells (RFC 7323 section 4), no finer than its clock. A peer
 * that has the data already echoes a time from before the ACK that was lost: of
 * what was sent again, long enough ago for an answer, the round trip is at least
 * the time since then, unless that exceeds a timeout. What took several timeouts
 * says nothing about the path. Without this the timeout would grow without end
 * where many ACKs are lost.
 */
static uint64_t echoed_rtt_ns(const struct nx_tcp *tcp,
			      const struct nx_tcp_ack *ack)
{
	const struct nexus_wire_tcp *h = &ack->seg->hdr;
	uint32_t ticks = nx_tcp_ts_of(tcp, ack->now_ns) - h->ts_ecr;
	uint64_t since_ns = ack->now_ns - tcp->sent_ns;

	if (!ack->acked || !tcp->has_ts || !(h->has & NEXUS_WIRE_TCP_TS) ||
	    !h->ts_ecr || tcp->rtt.nr_backoffs > 1)
		return 0;
	/* What cannot be, the peer has made up. */
	if (ticks >= INT32_MAX / 1000)
		return 0;
	if (ack->has_retrans && since_ns >= nx_rtt_min_ns(&tcp->rtt))
		return since_ns < tcp->rtt.rto_ns ? since_ns : 0;
	return (ticks ? ticks : 1) * NX_TCP_TS_NS;
}

/* Karn: nothing that was sent twice tells a round trip by itself. */
static void take_rtt(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	if (ack->has_retrans)
		ack->rtt_ns = 0;
	if (!ack->rtt_ns)
		ack->rtt_ns = echoed_rtt_ns(tcp, ack);
	if (ack->rtt_ns)
		nx_rtt_sample(&tcp->rtt, ack->rtt_ns,
			      nx_rtt_expected_samples(ack->prior_flight,
						      tcp->mss), ack->now_ns);
	else if (ack->acked)
		nx_rtt_end_backoff(&tcp->rtt);
}

/* ------------------------------------------------------------------- ECN */

static void input_ecn(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	const struct nexus_wire_tcp *h = &ack->seg->hdr;
	bool is_marked = false;

	if (tcp->ecn == NX_ECN_CLASSIC)
		is_marked = h->flags & TCP_ECE;
	else if (tcp->ecn == NX_ECN_ACCURATE && !ack->is_handshake)
		is_marked = nx_accecn_read(&tcp->accecn, h, ack->delivered,
					   tcp->mss) > 0;
	if (is_marked)
		nx_tcp_reduce(tcp, ack->acked, NX_TCP_MARKED);
}

/* ------------------------------------------------------------------ ACKs */

/* RFC 5961 section 5.2: an ACK from outside of what can be. */
static bool is_credible(struct nx_tcp *tcp, uint32_t ack, uint64_t now_ns)
{
	if (nx_seq_after(ack, tcp->snd_nxt) ||
	    nx_seq_before(ack, tcp->snd_una - tcp->snd_max_wnd)) {
		nx_tcp_challenge(tcp, now_ns);
		return false;
	}
	return true;
}

static void advance(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	tcp->snd_una = ack->seg->hdr.ack;
	tcp->stats.bytes_acked += ack->acked;
	tcp->progress_ns = ack->now_ns;
	if (tcp->mtu < tcp->mtu_max)
		nx_tcp_mtu_raise(tcp, ack->now_ns);
	tcp->events |= NX_TCP_EV_WRITABLE;
	if (tcp->is_limited && !nx_seq_before(tcp->snd_una, tcp->limited_seq))
		tcp->is_limited = false;
	nx_tcp_txq_acked(tcp, ack);
	/* RFC 6298 section 5.3; process() arms the timer. */
	tcp->rto_base_ns = ack->now_ns;
}

static void process(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	uint32_t lost_before;
	uint64_t reo_ns;

	if (ack->acked)
		advance(tcp, ack);
	nx_tcp_input_sacks(tcp, ack);
	take_rtt(tcp, ack);
	input_ecn(tcp, ack);
	nx_rack_on_ack(tcp, ack);
	lost_before = tcp->txq.lost_bytes;
	reo_ns = nx_rack_detect(tcp, ack->now_ns);
	ack->has_new_loss = tcp->txq.lost_bytes > lost_before;
	if (nx_tlp_on_ack(tcp, ack))
		nx_tcp_reduce(tcp, ack->acked, NX_TCP_LOST);
	nx_tcp_recover_on_ack(tcp, ack);
	if (tcp->cc.is_paced)
		nx_pace_set(&tcp->pace, tcp->cc.cwnd, tcp->cc.ssthresh,
			    tcp->rtt.srtt_ns, UINT64_MAX);
	nx_tcp_timer_arm(tcp, reo_ns);
}

bool nx_tcp_input_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		      uint64_t now_ns)
{
	struct nx_tcp_ack ack = {
		.seg		= seg,
		.now_ns		= now_ns,
		.prior_flight	= nx_tcp_in_flight(tcp),
		.acked		= seg->hdr.ack - tcp->snd_una,
		.is_limited	= tcp->is_limited,
	};
	bool has_new_window;

	if (tcp->state == NX_TCP_SYN_RCVD) {
		if (!input_syn_rcvd(tcp, seg, now_ns))
			return false;
		ack.acked = seg->hdr.ack - tcp->snd_una;
		ack.is_handshake = true;
	}
	if (!is_credible(tcp, seg->hdr.ack, now_ns))
		return false;
	/* An old one: its payload is as good as any. */
	if (nx_seq_before(seg->hdr.ack, tcp->snd_una))
		return true;
	has_new_window = nx_tcp_update_window(tcp, seg);
	ack.is_dupack = !ack.acked && !seg->len && !has_new_window &&
			tcp->snd_una != tcp->snd_nxt &&
			!(seg->hdr.flags & TCP_FIN);
	tcp->nr_probes = 0;
	if (has_new_window && tcp->timer == NX_TCP_TIMER_PERSIST)
		nx_rtt_end_backoff(&tcp->rtt);
	if (ack.acked || tcp->txq.first || seg->hdr.has & NEXUS_WIRE_TCP_SACK)
		process(tcp, &ack);
	if (tcp->fin_queued && tcp->snd_una == tcp->write_seq)
		fin_acked(tcp, now_ns);
	return tcp->state != NX_TCP_CLOSED;
}
