// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A segment that arrived in SYN-SENT (RFC 9293 section 3.10.7.3).
 */
#include "internal.h"

/* The peer has our SYN, and we have its: the handshake is complete. */
static void establish(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		      uint64_t now_ns)
{
	tcp->snd_una = seg->hdr.ack;
	tcp->snd_wl2 = seg->hdr.ack;
	tcp->must_send_syn = false;
	tcp->must_ack = true;
	tcp->backoff = 0;
	nx_tcp_set_state(tcp, NX_TCP_ESTABLISHED);
	nx_tcp_rto_arm(tcp, now_ns);
}

void nx_tcp_input_syn_sent(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			   uint64_t now_ns)
{
	bool has_ack = seg->hdr.flags & TCP_ACK;

	/* An ACK of something that was never sent: an old connection's. */
	if (has_ack && seg->hdr.ack != tcp->iss + 1) {
		tcp->must_reset = !(seg->hdr.flags & TCP_RST);
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
	nx_tcp_take_syn(tcp, seg);
	if (has_ack) {
		establish(tcp, seg, now_ns);
		nx_tcp_input_data(tcp, seg, now_ns);
		return;
	}
	/* SYN without ACK: both have opened at once. */
	nx_tcp_set_state(tcp, NX_TCP_SYN_RCVD);
	tcp->must_send_syn = true;
	nx_tcp_rto_arm(tcp, now_ns);
}
