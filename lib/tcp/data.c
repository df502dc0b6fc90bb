// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Payload and FIN of a segment that arrived (RFC 9293 section 3.10.7.4, seventh
 * and eighth), and what is to be acknowledged when.
 */
#include "internal.h"

/* A segment this small says little about what the peer calls a full one. */
#define MIN_FULL		536

/* ---------------------------------------------------------------- blocks */

static void remove_block(struct nx_tcp *tcp, unsigned int i)
{
	tcp->nr_sacks--;
	for (; i < tcp->nr_sacks; i++)
		tcp->sacks[i] = tcp->sacks[i + 1];
}

/* RFC 2018 section 4: the block with the latest data first. */
static void add_block(struct nx_tcp *tcp, uint32_t left, uint32_t right)
{
	struct nexus_wire_tcp_sack *s = tcp->sacks;
	unsigned int i = 0;

	while (i < tcp->nr_sacks) {
		if (nx_seq_after(left, s[i].right) ||
		    nx_seq_before(right, s[i].left)) {
			i++;
			continue;
		}
		left = nx_seq_min(left, s[i].left);
		right = nx_seq_max(right, s[i].right);
		remove_block(tcp, i);
	}
	if (tcp->nr_sacks < NEXUS_WIRE_TCP_SACKS_MAX)
		tcp->nr_sacks++;
	for (i = tcp->nr_sacks - 1U; i > 0; i--)
		s[i] = s[i - 1];
	s[0] = (struct nexus_wire_tcp_sack) { left, right };
}

/* What is in sequence now is told by the ACK itself. */
static void trim_blocks(struct nx_tcp *tcp)
{
	unsigned int i = 0;

	while (i < tcp->nr_sacks)
		if (nx_seq_after(tcp->sacks[i].right, tcp->rcv_nxt))
			i++;
		else
			remove_block(tcp, i);
}

/* RFC 2883: these came twice. */
static void note_duplicate(struct nx_tcp *tcp, uint32_t left, uint32_t right)
{
	tcp->dsack = (struct nexus_wire_tcp_sack) { left, right };
	tcp->must_ack = true;
}

/* ------------------------------------------------------------------ ACKs */

/*
 * RFC 9293 section 3.8.6.3: every second full segment at least; at once while
 * the peer's window grows from little.
 */
void nx_tcp_schedule_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			 uint64_t now_ns)
{
	uint32_t size = seg->gso_size ? seg->gso_size : seg->len;

	if (size > tcp->rcv_mss)
		tcp->rcv_mss = (uint16_t)nx_min32(size, UINT16_MAX);
	if (tcp->rcv_nxt - tcp->rcv_acked >= 2U * tcp->rcv_mss) {
		tcp->must_ack = true;
	} else if (tcp->nr_quick && seg->len >= tcp->rcv_mss &&
		   tcp->rcv_mss > MIN_FULL) {
		tcp->nr_quick--;
		tcp->must_ack = true;
	} else if (tcp->ack_ns == NX_TCP_NEVER) {
		tcp->ack_ns = nx_tcp_after_us(now_ns, tcp->config->delack_us);
	}
}

/* ------------------------------------------------------------------- FIN */

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
		return;
	/* FIN in FIN-WAIT-1: both have closed, and ours is not acknowledged. */
	case NX_TCP_FIN_WAIT_1:
		nx_tcp_set_state(tcp, NX_TCP_CLOSING);
		return;
	/* FIN in FIN-WAIT-2: both have closed. */
	case NX_TCP_FIN_WAIT_2:
		nx_tcp_set_state(tcp, NX_TCP_TIME_WAIT);
		nx_tcp_wait_arm(tcp, now_ns);
		return;
	case NX_TCP_CLOSED:
	case NX_TCP_SYN_SENT:
	case NX_TCP_SYN_RCVD:
	case NX_TCP_CLOSE_WAIT:
	case NX_TCP_CLOSING:
	case NX_TCP_LAST_ACK:
	case NX_TCP_TIME_WAIT:
	case NX_TCP_NR_STATES:
		return;
	}
}

/* ------------------------------------------------------------------ data */

/* In sequence: from rcv_nxt on, and perhaps the end of a gap. */
static void input_next(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		       const struct nx_tcp_span *span, uint64_t now_ns)
{
	if (!nx_tcp_rxq_append(tcp, span))
		return;
	if (!tcp->ooo.first) {
		nx_tcp_schedule_ack(tcp, seg, now_ns);
		return;
	}
	/* RFC 5681 section 4.2: what fills a gap is acknowledged at once. */
	nx_tcp_rxq_pull(tcp);
	trim_blocks(tcp);
	tcp->must_ack = true;
}

/* Behind a gap: acknowledged at once, so that the peer learns of the gap. */
static void input_later(struct nx_tcp *tcp, uint32_t seq,
			const struct nx_tcp_span *span)
{
	tcp->must_ack = true;
	if (nx_tcp_rxq_insert(tcp, seq, span) && tcp->has_sack)
		add_block(tcp, seq, seq + span->len);
}

static bool is_held(const struct nx_tcp *tcp, uint32_t left, uint32_t right)
{
	unsigned int i;

	for (i = 0; i < tcp->nr_sacks; i++)
		if (!nx_seq_before(left, tcp->sacks[i].left) &&
		    !nx_seq_after(right, tcp->sacks[i].right))
			return true;
	return false;
}

static void input_payload(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			  uint32_t seq, uint64_t now_ns)
{
	struct nx_tcp_span span = seg->spans[0];
	uint32_t end = seq + seg->len, first = seq;

	/* What the window has no room for is not there. */
	if (nx_seq_after(end, tcp->rcv_adv))
		end = tcp->rcv_adv;
	if (!nx_seq_after(end, tcp->rcv_nxt)) {
		note_duplicate(tcp, seq, end);
		return;
	}
	if (nx_seq_before(seq, tcp->rcv_nxt)) {
		note_duplicate(tcp, seq, tcp->rcv_nxt);
		first = tcp->rcv_nxt;
	} else if (is_held(tcp, seq, end)) {
		note_duplicate(tcp, seq, end);
	}
	span.off += first - seq;
	span.len = end - first;
	if (first == tcp->rcv_nxt)
		input_next(tcp, seg, &span, now_ns);
	else
		input_later(tcp, first, &span);
}

/*
 * Data where none can be: after the peer's FIN it is ignored; for an owner that
 * will not read, the peer must learn that it is lost (RFC 9293 section 3.6.1).
 */
static bool is_wanted(struct nx_tcp *tcp, const struct nx_tcp_seg *seg)
{
	if (!nx_tcp_may_receive(tcp)) {
		tcp->must_ack = true;
		return false;
	}
	if (seg->len && tcp->is_orphan) {
		nx_tcp_abort(tcp);
		return false;
	}
	return true;
}

void nx_tcp_input_data(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	uint32_t seq = seg->hdr.seq + !!(seg->hdr.flags & TCP_SYN);
	uint32_t end = seq + seg->len;

	if (!seg->len && !(seg->hdr.flags & TCP_FIN))
		return;
	if (!is_wanted(tcp, seg))
		return;
	if (seg->hdr.flags & TCP_FIN && !nx_seq_after(end, tcp->rcv_adv)) {
		tcp->fin_seen = true;
		tcp->fin_seq = end;
	}
	if (seg->len) {
		input_payload(tcp, seg, seq, now_ns);
		nx_tcp_tune(tcp, now_ns);
	}
	if (tcp->fin_seen && tcp->fin_seq == tcp->rcv_nxt)
		input_fin(tcp, now_ns);
	else if (seg->hdr.flags & TCP_FIN)
		tcp->must_ack = true;
}
