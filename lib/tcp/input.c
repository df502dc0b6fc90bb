// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A segment that arrived, in the order of RFC 9293 section 3.10.7.
 */
#include "internal.h"

/* Sequence numbers that a segment takes. */
static uint32_t seg_len(const struct nx_tcp_seg *seg)
{
	return seg->len + !!(seg->hdr.flags & TCP_SYN) +
	       !!(seg->hdr.flags & TCP_FIN);
}

/* RFC 9293 section 3.10.7.4, first: is any of it in the window? */
static bool is_acceptable(const struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
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

void nx_tcp_take_syn(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *h = &seg->hdr;
	uint32_t features = tcp->config->features;

	tcp->irs = h->seq;
	tcp->rcv_nxt = h->seq + 1;
	tcp->rcv_acked = tcp->rcv_nxt;
	tcp->rcv_adv = tcp->rcv_nxt;
	tcp->snd_wnd = h->window;
	tcp->snd_wl1 = h->seq;
	if (h->has & NEXUS_WIRE_TCP_MSS)
		tcp->peer_mss = h->mss;
	tcp->has_sack = h->has & NEXUS_WIRE_TCP_SACK_OK &&
			features & NX_TCP_HAS_SACK;
	tcp->has_ts = h->has & NEXUS_WIRE_TCP_TS && features & NX_TCP_HAS_TS;
	tcp->has_wscale = h->has & NEXUS_WIRE_TCP_WSCALE &&
			  features & NX_TCP_HAS_WSCALE;
	tcp->snd_wscale = tcp->has_wscale ? h->wscale : 0;
	if (!tcp->has_wscale)
		tcp->rcv_wscale = 0;
	if (tcp->has_ts)
		tcp->ts_recent = h->ts_val;
	nx_tcp_update_mss(tcp);
}

/* A segment outside of the window: RFC 9293 section 3.10.7.4, "send an ACK". */
static void refuse(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	if (!(seg->hdr.flags & TCP_RST))
		tcp->must_ack = true;
}

static void input_rst(struct nx_tcp *tcp)
{
	int err = -ECONNRESET;

	if (tcp->state == NX_TCP_TIME_WAIT || tcp->state == NX_TCP_LAST_ACK ||
	    tcp->state == NX_TCP_CLOSING)
		err = 0;
	nx_tcp_close(tcp, err);
}

void nx_tcp_input(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		  uint64_t now_ns)
{
	if (tcp->state == NX_TCP_CLOSED)
		return;
	if (tcp->state == NX_TCP_SYN_SENT) {
		nx_tcp_input_syn_sent(tcp, seg, now_ns);
		return;
	}
	if (!is_acceptable(tcp, seg)) {
		refuse(tcp, seg);
		return;
	}
	if (seg->hdr.flags & TCP_RST) {
		input_rst(tcp);
		return;
	}
	if (seg->hdr.flags & TCP_SYN) {
		tcp->must_ack = true;
		return;
	}
	if (!(seg->hdr.flags & TCP_ACK))
		return;
	if (tcp->has_ts && seg->hdr.has & NEXUS_WIRE_TCP_TS &&
	    !nx_seq_after(seg->hdr.seq, tcp->rcv_acked))
		tcp->ts_recent = seg->hdr.ts_val;
	if (nx_tcp_input_ack(tcp, seg, now_ns))
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
	rst->ecn = NX_TCP_NOT_ECT;
	rst->is_no_df = false;
	return true;
}
