// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The ACK of a segment that arrived (RFC 9293 section 3.10.7.4, fifth).
 */
#include "internal.h"

/* The handshake's last segment. */
static bool input_syn_rcvd(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	if (seg->hdr.ack != tcp->iss + 1) {
		tcp->must_reset = true;
		tcp->reset_seq = seg->hdr.ack;
		return false;
	}
	tcp->must_send_syn = false;
	tcp->snd_wl1 = seg->hdr.seq - 1;
	nx_tcp_set_state(tcp, NX_TCP_ESTABLISHED);
	/* It was closed before it was established. */
	if (tcp->fin_queued)
		nx_tcp_set_state(tcp, NX_TCP_FIN_WAIT_1);
	return true;
}

static void update_window(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *h = &seg->hdr;

	if (nx_seq_before(tcp->snd_wl1, h->seq) ||
	    (tcp->snd_wl1 == h->seq && !nx_seq_before(h->ack, tcp->snd_wl2))) {
		tcp->snd_wnd = (uint32_t)h->window << tcp->snd_wscale;
		tcp->snd_wl1 = h->seq;
		tcp->snd_wl2 = h->ack;
	}
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
		tcp->wait_ns = nx_tcp_after_us(now_ns, tcp->config->time_wait_us);
		break;
	case NX_TCP_LAST_ACK:
		nx_tcp_close(tcp, 0);
		break;
	case NX_TCP_CLOSED:
	case NX_TCP_SYN_SENT:
	case NX_TCP_SYN_RCVD:
	case NX_TCP_ESTABLISHED:
	case NX_TCP_FIN_WAIT_2:
	case NX_TCP_CLOSE_WAIT:
	case NX_TCP_TIME_WAIT:
	case NX_TCP_NR_STATES:
		break;
	}
}

static void advance(struct nx_tcp *tcp, uint32_t ack, uint64_t now_ns)
{
	tcp->snd_una = ack;
	tcp->backoff = 0;
	tcp->events |= NX_TCP_EV_WRITABLE;
	nx_tcp_txq_acked(tcp, ack);
	nx_tcp_rto_arm(tcp, now_ns);
	if (tcp->fin_queued && ack == tcp->write_seq)
		fin_acked(tcp, now_ns);
}

bool nx_tcp_input_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		      uint64_t now_ns)
{
	uint32_t ack = seg->hdr.ack;

	if (tcp->state == NX_TCP_SYN_RCVD && !input_syn_rcvd(tcp, seg))
		return false;
	if (nx_seq_after(ack, tcp->snd_nxt)) {
		tcp->must_ack = true;
		return false;
	}
	if (nx_seq_before(ack, tcp->snd_una))
		return true;
	update_window(tcp, seg);
	if (ack != tcp->snd_una)
		advance(tcp, ack, now_ns);
	return tcp->state != NX_TCP_CLOSED;
}
