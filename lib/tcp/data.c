// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Payload and FIN of a segment that arrived (RFC 9293 section 3.10.7.4, seventh
 * and eighth).
 */
#include "internal.h"

/* RFC 9293 section 3.8.6.3: every second full segment at least. */
static void schedule_ack(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (tcp->rcv_nxt - tcp->rcv_acked >= 2 * tcp->mss)
		tcp->must_ack = true;
	else if (tcp->ack_ns == NX_TCP_NEVER)
		tcp->ack_ns = nx_tcp_after_us(now_ns, tcp->config->delack_us);
}

static void input_fin(struct nx_tcp *tcp, uint64_t now_ns)
{
	tcp->rcv_nxt++;
	tcp->fin_received = true;
	tcp->must_ack = true;
	tcp->events |= NX_TCP_EV_PEER_CLOSED;
	switch ((enum nx_tcp_state)tcp->state) {
	/* FIN in ESTABLISHED: the peer has closed. */
	case NX_TCP_ESTABLISHED:
		nx_tcp_set_state(tcp, NX_TCP_CLOSE_WAIT);
		break;
	/* FIN in FIN-WAIT-1: both have closed, and ours is not acknowledged. */
	case NX_TCP_FIN_WAIT_1:
		nx_tcp_set_state(tcp, NX_TCP_CLOSING);
		break;
	/* FIN in FIN-WAIT-2: both have closed. */
	case NX_TCP_FIN_WAIT_2:
		nx_tcp_set_state(tcp, NX_TCP_TIME_WAIT);
		tcp->wait_ns = nx_tcp_after_us(now_ns, tcp->config->time_wait_us);
		break;
	case NX_TCP_CLOSED:
	case NX_TCP_SYN_SENT:
	case NX_TCP_SYN_RCVD:
	case NX_TCP_CLOSE_WAIT:
	case NX_TCP_CLOSING:
	case NX_TCP_LAST_ACK:
	case NX_TCP_TIME_WAIT:
	case NX_TCP_NR_STATES:
		break;
	}
}

/* What the window has room for of it, from rcv_nxt on. */
static uint32_t trim(const struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		     struct nx_tcp_span *span)
{
	uint32_t skip = tcp->rcv_nxt - (seg->hdr.seq +
					!!(seg->hdr.flags & TCP_SYN));
	uint32_t room = tcp->rcv_adv - tcp->rcv_nxt;

	if (skip > seg->len)
		return 0;
	*span = seg->spans[0];
	span->off += skip;
	span->len = seg->len - skip < room ? seg->len - skip : room;
	return span->len;
}

void nx_tcp_input_data(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	bool has_fin = seg->hdr.flags & TCP_FIN;
	uint32_t end = seg->hdr.seq + !!(seg->hdr.flags & TCP_SYN) + seg->len;
	struct nx_tcp_span span;

	if (!seg->len && !has_fin)
		return;
	if (!nx_tcp_may_receive(tcp) || nx_seq_after(seg->hdr.seq, tcp->rcv_nxt)) {
		tcp->must_ack = true;
		return;
	}
	if (seg->len && trim(tcp, seg, &span)) {
		if (!nx_tcp_rxq_append(tcp, &span))
			return;
		tcp->rcv_nxt += span.len;
		schedule_ack(tcp, now_ns);
	} else if (seg->len) {
		tcp->must_ack = true;
	}
	if (has_fin && end == tcp->rcv_nxt)
		input_fin(tcp, now_ns);
}
