// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A segment that arrived, in the order of RFC 9293 section 3.10.7, with the
 * checks of RFC 5961 and RFC 7323.
 */
#include "internal.h"

/* RFC 7323 section 5.5: a timestamp this old may be from before a wrap. */
#define TS_LIFE_S	(24U * 24 * 3600)

/* RFC 5961 section 7: so many ACKs that others can provoke, in this time. */
#define CHALLENGES_MAX		10
#define CHALLENGE_PERIOD_MS	5000

/* Sequence numbers that a segment takes. */
static uint32_t seg_len(const struct nx_tcp_seg *seg)
{
	return seg->len + !!(seg->hdr.flags & TCP_SYN) +
	       !!(seg->hdr.flags & TCP_FIN);
}

void nx_tcp_challenge(struct nx_tcp *tcp, uint64_t now_ns)
{
	uint32_t now_ms = (uint32_t)(now_ns / 1000000);

	if (now_ms - tcp->challenge_ms >= CHALLENGE_PERIOD_MS) {
		tcp->challenge_ms = now_ms;
		tcp->nr_challenges = 0;
	}
	if (tcp->nr_challenges == CHALLENGES_MAX)
		return;
	tcp->nr_challenges++;
	tcp->must_ack = true;
}

/* ------------------------------------------------------------ acceptable? */

/* RFC 9293 section 3.10.7.4, first: is any of it in the window? */
static bool is_in_window(const struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	uint32_t wnd = tcp->rcv_adv - tcp->rcv_nxt, len = seg_len(seg);
	uint32_t last = seg->hdr.seq + len - 1;

	if (!len)
		return wnd ? nx_seq_within(seg->hdr.seq, tcp->rcv_nxt,
					   tcp->rcv_adv) :
			     seg->hdr.seq == tcp->rcv_nxt;
	return wnd && (nx_seq_within(seg->hdr.seq, tcp->rcv_nxt, tcp->rcv_adv) ||
		       nx_seq_within(last, tcp->rcv_nxt, tcp->rcv_adv));
}

/* RFC 7323 section 5.3, R1; a RST is good without a timestamp (5.2). */
static bool is_old_duplicate(const struct nx_tcp *tcp,
			     const struct nx_tcp_seg *seg, uint64_t now_ns)
{
	const struct nexus_wire_tcp *h = &seg->hdr;

	return tcp->has_ts && h->has & NEXUS_WIRE_TCP_TS &&
	       !(h->flags & TCP_RST) &&
	       nx_seq_before(h->ts_val, tcp->ts_recent) &&
	       (uint32_t)(now_ns / NX_NS_PER_S) - tcp->ts_recent_s < TS_LIFE_S;
}

/* RFC 7323 section 4.3 (2). */
void nx_tcp_take_timestamp(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			   uint64_t now_ns)
{
	if (!tcp->has_ts || !(seg->hdr.has & NEXUS_WIRE_TCP_TS) ||
	    nx_seq_after(seg->hdr.seq, tcp->rcv_acked))
		return;
	tcp->ts_recent = seg->hdr.ts_val;
	tcp->ts_recent_s = (uint32_t)(now_ns / NX_NS_PER_S);
}

/*
 * A segment outside of the window: "send an ACK". Data and FIN are told at once
 * that they were received before (RFC 2883); what else comes could be forged, or
 * be the same answer of a peer that thinks likewise.
 */
static void refuse(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		   uint64_t now_ns)
{
	if (seg->hdr.flags & TCP_RST)
		return;
	if (seg->hdr.flags & TCP_SYN || !seg_len(seg)) {
		nx_tcp_challenge(tcp, now_ns);
		return;
	}
	if (tcp->has_sack && seg->len &&
	    !nx_seq_after(seg->hdr.seq + seg->len, tcp->rcv_nxt))
		tcp->dsack = (struct nexus_wire_tcp_sack) {
			.left	= seg->hdr.seq,
			.right	= seg->hdr.seq + seg->len,
		};
	tcp->must_ack = true;
	/* The peer has missed our ACK of its FIN: 2 MSL from now. */
	if (tcp->state == NX_TCP_TIME_WAIT && seg->hdr.flags & TCP_FIN)
		nx_tcp_wait_arm(tcp, now_ns);
}

/* ------------------------------------------------------------- RST and SYN */

static int reset_error(const struct nx_tcp *tcp)
{
	switch ((enum nx_tcp_state)tcp->state) {
	/* All that the owner wanted was done. */
	case NX_TCP_CLOSING:
	case NX_TCP_LAST_ACK:
	case NX_TCP_TIME_WAIT:
		return 0;
	/* A passive open that came to nothing, or two opens that met. */
	case NX_TCP_SYN_RCVD:
		return tcp->is_passive ? -ECONNRESET : -ECONNREFUSED;
	case NX_TCP_CLOSE_WAIT:
		return -EPIPE;
	case NX_TCP_CLOSED:
	case NX_TCP_SYN_SENT:
	case NX_TCP_ESTABLISHED:
	case NX_TCP_FIN_WAIT_1:
	case NX_TCP_FIN_WAIT_2:
	case NX_TCP_NR_STATES:
		break;
	}
	return -ECONNRESET;
}

/* RFC 5961 section 3.2: only the exact number resets. */
static void input_rst(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		      uint64_t now_ns)
{
	if (seg->hdr.seq == tcp->rcv_nxt)
		nx_tcp_close(tcp, reset_error(tcp));
	else
		nx_tcp_challenge(tcp, now_ns);
}

/*
 * The peer's SYN once more, in SYN-RECEIVED: our SYN-ACK was lost; or, with ACK,
 * both have opened at once and this completes it. True: look at its ACK.
 */
static bool input_syn_again(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	if (seg->hdr.flags & TCP_ACK)
		return nx_tcp_acks_syn(tcp, seg->hdr.ack);
	tcp->must_send_syn = true;
	return false;
}

/*
 * RFC 6191, RFC 9293 section 3.6.1: a new connection of the same ends, that no
 * old segment can be mistaken for.
 */
static bool is_new_connection(const struct nx_tcp *tcp,
			      const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *h = &seg->hdr;

	if ((h->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	if (tcp->has_ts && h->has & NEXUS_WIRE_TCP_TS &&
	    h->ts_val != tcp->ts_recent)
		return nx_seq_after(h->ts_val, tcp->ts_recent);
	return nx_seq_after(h->seq, tcp->rcv_nxt);
}

/* ------------------------------------------------------------------- all */

/* First to fourth: true if its ACK is to be looked at. */
static bool check(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		  uint64_t now_ns)
{
	if (tcp->state == NX_TCP_TIME_WAIT && is_new_connection(tcp, seg)) {
		nx_tcp_close(tcp, 0);
		tcp->events |= NX_TCP_EV_REOPEN;
		return false;
	}
	if (is_old_duplicate(tcp, seg, now_ns)) {
		refuse(tcp, seg, now_ns);
		return false;
	}
	if (tcp->state == NX_TCP_SYN_RCVD && seg->hdr.seq == tcp->irs &&
	    (seg->hdr.flags & (TCP_SYN | TCP_RST)) == TCP_SYN)
		return input_syn_again(tcp, seg);
	if (!is_in_window(tcp, seg)) {
		refuse(tcp, seg, now_ns);
		return false;
	}
	if (seg->hdr.flags & TCP_RST) {
		input_rst(tcp, seg, now_ns);
		return false;
	}
	/* RFC 5961 section 4.2. */
	if (seg->hdr.flags & TCP_SYN) {
		nx_tcp_challenge(tcp, now_ns);
		return false;
	}
	/* RFC 7323 section 3.2: one of ours has a timestamp. */
	return seg->hdr.flags & TCP_ACK &&
	       (!tcp->has_ts || seg->hdr.has & NEXUS_WIRE_TCP_TS);
}

/* CE marks and their echo, RFC 3168 section 6.1.3; RFC 9768 section 3.2. */
static void count_marks(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	uint32_t nr = seg->gso_size ?
		      (seg->len + seg->gso_size - 1) / seg->gso_size : 1;

	if (tcp->ecn == NX_ECN_ACCURATE) {
		nx_accecn_receive(&tcp->accecn, seg->ecn, seg->len, nr);
		if (nx_accecn_wants_ack(&tcp->accecn))
			tcp->must_ack = true;
	} else if (tcp->ecn == NX_ECN_CLASSIC) {
		if (seg->hdr.flags & TCP_CWR)
			tcp->ece_pending = false;
		if (seg->ecn == NX_IP_ECN_CE && !tcp->ece_pending) {
			tcp->ece_pending = true;
			tcp->must_ack = true;
		}
	}
}

void nx_tcp_input(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		  uint64_t now_ns)
{
	if (tcp->state == NX_TCP_CLOSED)
		return;
	tcp->stats.segs_in++;
	if (tcp->config->features & NX_TCP_HAS_PREDICTION &&
	    nx_tcp_input_predicted(tcp, seg, now_ns))
		return;
	if (tcp->state == NX_TCP_SYN_SENT) {
		nx_tcp_input_syn_sent(tcp, seg, now_ns);
		return;
	}
	if (!check(tcp, seg, now_ns))
		return;
	tcp->rcvd_ns = now_ns;
	/* Whoever cannot guess our numbers sets no clock: RFC 5961 section 5. */
	if (!nx_tcp_input_ack(tcp, seg, now_ns))
		return;
	nx_tcp_take_timestamp(tcp, seg, now_ns);
	count_marks(tcp, seg);
	nx_tcp_input_data(tcp, seg, now_ns);
}

bool nx_tcp_answer_closed(const struct nx_tcp_seg *seg, struct nx_tcp_seg *rst)
{
	if (seg->hdr.flags & TCP_RST)
		return false;
	rst->hdr = (struct nexus_wire_tcp) {
		.flags	= TCP_RST | TCP_ACK,
		.ack	= seg->hdr.seq + seg_len(seg),
	};
	if (seg->hdr.flags & TCP_ACK) {
		rst->hdr.flags = TCP_RST;
		rst->hdr.seq = seg->hdr.ack;
		rst->hdr.ack = 0;
	}
	rst->len = 0;
	rst->nr_spans = 0;
	rst->gso_size = 0;
	rst->ecn = NX_IP_ECN_NOT_ECT;
	return true;
}
