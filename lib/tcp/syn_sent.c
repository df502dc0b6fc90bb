// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The handshake: what a SYN offers, a segment that arrived in SYN-SENT (RFC 9293
 * section 3.10.7.3), and the beginning of ESTABLISHED.
 */
#include "internal.h"

/* ACKs of the first segments are not delayed: the peer is in slow start. */
#define QUICK_ACKS	8

/*
 * Who says less wants to make us work: 48 bytes of payload beside timestamps, as
 * Linux's TCP_MIN_SND_MSS.
 */
#define MSS_MIN		60

void nx_tcp_take_syn(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		     uint64_t now_ns)
{
	const struct nexus_wire_tcp *h = &seg->hdr;
	uint32_t features = tcp->config->features;

	tcp->irs = h->seq;
	tcp->rcv_nxt = h->seq + 1;
	tcp->rcv_acked = tcp->rcv_nxt;
	tcp->rcv_adv = tcp->rcv_nxt + nx_min32(nx_tcp_window(tcp), 0xffff);
	/* RFC 7323 section 2.2: not scaled. */
	tcp->snd_wnd = h->window;
	tcp->snd_max_wnd = h->window;
	tcp->snd_wl1 = h->seq;
	tcp->rcvd_ns = now_ns;
	if (h->has & NEXUS_WIRE_TCP_MSS)
		tcp->peer_mss = h->mss < MSS_MIN ? MSS_MIN : h->mss;
	tcp->has_sack = h->has & NEXUS_WIRE_TCP_SACK_OK &&
			features & NX_TCP_HAS_SACK;
	tcp->has_ts = h->has & NEXUS_WIRE_TCP_TS && features & NX_TCP_HAS_TS;
	tcp->has_wscale = h->has & NEXUS_WIRE_TCP_WSCALE &&
			  features & NX_TCP_HAS_WSCALE;
	tcp->snd_wscale = tcp->has_wscale ? h->wscale : 0;
	if (!tcp->has_wscale)
		tcp->rcv_wscale = 0;
	if (tcp->has_ts) {
		tcp->ts_recent = h->ts_val;
		tcp->ts_recent_s = (uint32_t)(now_ns / NX_NS_PER_S);
	}
	nx_tcp_update_mss(tcp);
}

void nx_tcp_begin_sending(struct nx_tcp *tcp, uint32_t cwnd)
{
	nx_tcp_cc_init(&tcp->cc, tcp->config->cc, tcp->mss, cwnd);
	tcp->cc.is_paced = tcp->config->features & NX_TCP_HAS_PACING;
	tcp->snd_sml = tcp->iss;
	tcp->recover = tcp->iss;
	tcp->rack.fack = tcp->iss + 1;
	tcp->rack.reo_mult = 1;
}

/* Data that left since would make the round trip too short. */
static bool has_syn_rtt(const struct nx_tcp *tcp)
{
	return tcp->sent_ns && (!tcp->is_early || tcp->snd_nxt == tcp->iss + 1);
}

void nx_tcp_establish(struct nx_tcp *tcp, uint64_t now_ns)
{
	uint32_t cwnd = nx_tcp_cc_initial_window(tcp->mss);

	if (tcp->is_syn_lost) {
		nx_rtt_syn_was_lost(&tcp->rtt);
		cwnd = tcp->mss;
	} else if (has_syn_rtt(tcp)) {
		nx_rtt_sample(&tcp->rtt, now_ns - tcp->sent_ns, 1, now_ns);
	}
	if (tcp->is_early)
		tcp->cc.cwnd = cwnd;
	else
		nx_tcp_begin_sending(tcp, cwnd);
	tcp->snd_una = tcp->iss + 1;
	tcp->snd_wl2 = tcp->snd_una;
	tcp->snd_max_wnd = tcp->snd_wnd;
	tcp->must_send_syn = false;
	tcp->nr_quick = QUICK_ACKS;
	tcp->progress_ns = now_ns;
	tcp->tune_ns = now_ns;
	nx_tcp_set_state(tcp, NX_TCP_ESTABLISHED);
	nx_tcp_rto_restart(tcp, now_ns);
	nx_tcp_timer_arm(tcp, NX_TCP_NEVER);
	nx_tcp_wait_arm(tcp, now_ns);
}

/* The peer has our SYN, and we have its: an ACK completes the handshake. */
static void input_syn_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			  uint64_t now_ns)
{
	uint8_t syn_ecn = NX_IP_ECN_NOT_ECT;

	tcp->ecn = nx_ecn_from_synack(seg->hdr.flags, tcp->ecn, &syn_ecn);
	nx_tcp_establish(tcp, now_ns);
	if (tcp->has_asked)
		nx_tcp_input_fast_open(tcp, seg, now_ns);
	if (tcp->ecn == NX_ECN_ACCURATE) {
		nx_accecn_syn_arrived(&tcp->accecn, syn_ecn);
		tcp->ace_first = true;
		tcp->syn_ecn = seg->ecn;
	}
	tcp->must_ack = true;
	nx_tcp_input_data(tcp, seg, now_ns);
}

void nx_tcp_input_syn_sent(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			   uint64_t now_ns)
{
	bool has_ack = seg->hdr.flags & TCP_ACK;

	/* An ACK of something that was never sent: an old connection's. */
	if (has_ack && !nx_tcp_acks_syn(tcp, seg->hdr.ack)) {
		tcp->must_reset = !(seg->hdr.flags & TCP_RST);
		tcp->reset_bare = true;
		tcp->reset_seq = seg->hdr.ack;
		return;
	}
	/* RST with the right ACK: nobody listens. */
	if (seg->hdr.flags & TCP_RST) {
		if (has_ack)
			nx_tcp_close(tcp, -ECONNREFUSED);
		return;
	}
	if (!(seg->hdr.flags & TCP_SYN))
		return;
	nx_tcp_take_syn(tcp, seg, now_ns);
	if (has_ack) {
		input_syn_ack(tcp, seg, now_ns);
		return;
	}
	/* SYN without ACK: both have opened at once; ours may have been held. */
	tcp->ecn = NX_ECN_NONE;
	if (tcp->timer_ns == NX_TCP_NEVER)
		nx_tcp_start(tcp, now_ns);
	nx_tcp_set_state(tcp, NX_TCP_SYN_RCVD);
	tcp->must_send_syn = true;
}
