// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Follows one TCP connection by the segments that pass: whether its owner may
 * send a segment, what a RST must say that ends it, and when its port is free.
 */
#include "tcp_track.h"

/* RFC 7413 section 4.2.2, RFC 6928 section 2: a first window, and a FIN. */
#define EARLY_MAX	(14600 + 1)

static u32 get_be32(const u8 *p)
{
	return (u32)nx_get_be16(p) << 16 | nx_get_be16(p + 2);
}

/* RFC 9293 section 3.4: comparison of sequence numbers. */
static bool is_before(u32 a, u32 b)
{
	return a - b > 0x7fffffff;
}

static bool is_after(u32 a, u32 b)
{
	return is_before(b, a);
}

static void raise(u32 *number, u32 to)
{
	if (is_after(to, *number))
		*number = to;
}

/* RFC 9293 section 3.2, RFC 7323 section 2.2: kinds 0, 1 and 3. */
static u8 read_scale(const u8 *option, const u8 *end)
{
	while (option < end && *option) {
		if (*option == 1) {
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2 || option[1] > end - option)
			break;
		if (option[0] == 3 && option[1] == 3)
			return option[2] < NX_TCP_SCALE_MAX ? option[2] :
							      NX_TCP_SCALE_MAX;
		option += option[1];
	}
	return NX_TCP_SCALE_NONE;
}

/**
 * nx_tcp_seg_read - what a segment says
 * @h:     a private copy of the packet's first bytes
 * @avail: of them: the fixed header at least; a SYN's options up to payload_off,
 *         or they are taken to be none
 * @p:     what they say
 * @seg:   result
 */
void nx_tcp_seg_read(const u8 *h, u32 avail, const struct nx_packet *p,
		     struct nx_tcp_seg *seg)
{
	const u8 *tcp = h + p->l4_off;

	seg->seq = get_be32(tcp + 4);
	seg->ack = get_be32(tcp + 8);
	seg->window = nx_get_be16(tcp + 14);
	seg->flags = p->tcp_flags;
	seg->len = p->len - p->payload_off;
	seg->scale = NX_TCP_SCALE_NONE;
	if (seg->flags & NX_TCP_SYN) {
		seg->len++;
		if (avail >= p->payload_off)
			seg->scale = read_scale(tcp + NX_TCP_HLEN,
						h + p->payload_off);
	}
	if (seg->flags & NX_TCP_FIN)
		seg->len++;
}

/*
 * A listener may send it with no connection: a RST, or an acknowledgement that
 * carries nothing, as for a connection that has ended.
 */
bool nx_tcp_seg_is_stateless(const struct nx_tcp_seg *seg)
{
	if (seg->flags & NX_TCP_RST)
		return true;
	return (seg->flags & NX_TCP_ACK) && !seg->len;
}

/* RFC 7323 section 2.2: windows are scaled if both ends have said so. */
static u32 scaled(const struct nx_tcp_track *t, const struct nx_tcp_end *from,
		  const struct nx_tcp_seg *seg)
{
	if ((seg->flags & NX_TCP_SYN) ||
	    t->local.scale == NX_TCP_SCALE_NONE ||
	    t->peer.scale == NX_TCP_SCALE_NONE)
		return seg->window;
	return (u32)seg->window << from->scale;
}

/* The end @from has begun with @seg, which has SYN. */
static void begin(struct nx_tcp_end *from, const struct nx_tcp_seg *seg)
{
	from->isn = seg->seq;
	from->nxt = seg->seq + seg->len;
	from->acked = seg->seq;
	from->edge = from->nxt;
	from->scale = seg->scale;
	from->has_syn = true;
	from->has_fin = false;
}

/* What @seg, of the end @from, says about the bytes of @to. */
static void take_ack(struct nx_tcp_track *t, const struct nx_tcp_end *from,
		     struct nx_tcp_end *to, const struct nx_tcp_seg *seg)
{
	raise(&to->acked, seg->ack);
	raise(&to->edge, seg->ack + scaled(t, from, seg));
}

static void take_bytes(struct nx_tcp_end *from, const struct nx_tcp_seg *seg)
{
	u32 end = seg->seq + seg->len;

	raise(&from->nxt, end);
	if (!(seg->flags & NX_TCP_FIN))
		return;
	from->has_fin = true;
	from->fin = end;
}

static bool fin_is_acked(const struct nx_tcp_end *end)
{
	return end->has_fin && !is_before(end->acked, end->fin);
}

/* Where the connection is after a segment either way. */
static void settle(struct nx_tcp_track *t)
{
	/* SYN-RECEIVED: our SYN is acknowledged. */
	if (t->state == NX_TCP_SYN_RCVD && is_after(t->local.acked, t->local.isn))
		t->state = NX_TCP_OPEN;
	/* Both have closed, and know it of each other. */
	if (t->state == NX_TCP_OPEN && fin_is_acked(&t->local) &&
	    fin_is_acked(&t->peer))
		t->state = t->is_first ? NX_TCP_TIME_WAIT : NX_TCP_DONE;
}

/**
 * nx_tcp_track_accept - a listener has answered a SYN
 * @t:   new
 * @seg: its SYN-ACK
 *
 * The SYN itself left nothing behind, so the peer's window and scale are not
 * known: they are taken to be the largest.
 */
void nx_tcp_track_accept(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	begin(&t->local, seg);
	t->local.edge = seg->seq + 1 + (0xffffU << NX_TCP_SCALE_MAX);
	t->peer.nxt = seg->ack;
	t->peer.acked = seg->ack;
	t->peer.edge = seg->ack + seg->window;
	t->peer.scale = seg->scale == NX_TCP_SCALE_NONE ? NX_TCP_SCALE_NONE :
							   NX_TCP_SCALE_MAX;
	t->peer.has_syn = true;
	t->is_accepted = true;
	t->state = NX_TCP_SYN_RCVD;
}

/*
 * A first SYN, the same again, or another attempt. RFC 7413 section 4.2.2: the same
 * again has no data, and an answer to those of the first may still come.
 */
static void out_first_syn(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	bool is_again = t->state == NX_TCP_SYN_SENT && seg->seq == t->local.isn;
	u32 nxt = is_again ? t->local.nxt : seg->seq;

	memset(t, 0, sizeof(*t));
	begin(&t->local, seg);
	raise(&t->local.nxt, nxt);
	t->peer.edge = seg->window;
	t->state = NX_TCP_SYN_SENT;
}

static bool out_syn(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	switch ((enum nx_tcp_state)t->state) {
	case NX_TCP_NONE:
	case NX_TCP_DONE:
	case NX_TCP_SYN_SENT:
		if (seg->flags & NX_TCP_ACK)
			return false;
		out_first_syn(t, seg);
		return true;
	case NX_TCP_SYN_RCVD:
		/* SYN-ACK again; or SYN again, as simultaneous open may. */
		if (seg->seq != t->local.isn)
			return false;
		if (seg->flags & NX_TCP_ACK) {
			if (is_after(seg->ack, t->peer.nxt))
				return false;
			take_ack(t, &t->local, &t->peer, seg);
		}
		return true;
	case NX_TCP_OPEN:
	case NX_TCP_TIME_WAIT:
		break;
	}
	return false;
}

/* The peer takes it for its connection's end, or answers with an ACK. */
static void out_rst(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	if (t->state != NX_TCP_NONE && !is_before(seg->seq, t->local.acked) &&
	    !is_after(seg->seq, t->local.nxt))
		t->state = NX_TCP_DONE;
}

/* When all is over, the owner may not have seen the last acknowledgement. */
static bool out_is_timely(const struct nx_tcp_track *t,
			  const struct nx_tcp_seg *seg)
{
	if (nx_tcp_track_is_over(t))
		return !is_after(seg->seq + seg->len, t->local.nxt);
	/* Who has sent data with its SYN need not wait for the answer. */
	if (t->state == NX_TCP_SYN_RCVD && t->is_accepted)
		return !is_after(seg->seq + seg->len,
				 t->local.isn + 1 + EARLY_MAX);
	return t->state == NX_TCP_OPEN;
}

/* One byte past the window's edge is a probe: RFC 9293 section 3.8.6.1. */
static bool out_fits(const struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	return !is_after(seg->seq + seg->len, t->local.edge + 1);
}

/**
 * nx_tcp_track_out - the owner sends a segment
 * @t:   the connection
 * @seg: the segment, with flags that make sense
 *
 * Refused are: a SYN in the middle, data before the handshake is complete (but for
 * the first answers of a listener's connection, RFC 7413), an acknowledgement of what
 * the peer never sent, and data that the peer has not allowed.
 *
 * Return: it may leave.
 */
bool nx_tcp_track_out(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	if (seg->flags & NX_TCP_RST) {
		out_rst(t, seg);
		return true;
	}
	if (seg->flags & NX_TCP_SYN)
		return out_syn(t, seg);
	if (!t->peer.has_syn || is_after(seg->ack, t->peer.nxt))
		return false;
	if (seg->len) {
		if (!out_is_timely(t, seg) || !out_fits(t, seg))
			return false;
		if ((seg->flags & NX_TCP_FIN) && !t->peer.has_fin)
			t->is_first = true;
		take_bytes(&t->local, seg);
	}
	take_ack(t, &t->local, &t->peer, seg);
	settle(t);
	return true;
}

/* SYN-SENT: RFC 9293 section 3.10.7.3. */
static void in_syn_sent(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	bool has_ack = seg->flags & NX_TCP_ACK;
	u32 window = t->peer.edge;

	if (has_ack && (!is_after(seg->ack, t->local.acked) ||
			is_after(seg->ack, t->local.nxt)))
		return;
	if (seg->flags & NX_TCP_RST) {
		if (has_ack)
			t->state = NX_TCP_DONE;
		return;
	}
	if (!(seg->flags & NX_TCP_SYN))
		return;
	begin(&t->peer, seg);
	t->peer.edge = t->peer.nxt + window;
	if (has_ack)
		t->local.acked = seg->ack;
	raise(&t->local.edge,
	      (has_ack ? seg->ack : t->local.isn + 1) + seg->window);
	t->state = NX_TCP_SYN_RCVD;
	settle(t);
}

/*
 * Not so far behind @of that it comes from another time. A window's scale may
 * not be known, so an old number is any that is no window behind.
 */
static bool is_recent(u32 number, u32 of)
{
	return !is_before(number, of) ||
	       of - number <= 0xffffU << NX_TCP_SCALE_MAX;
}

/*
 * RFC 9293 section 3.10.7.4: within what the owner allows, old or new; and it
 * acknowledges what was sent, not too long ago: RFC 5961 section 5.2.
 */
static bool in_is_acceptable(const struct nx_tcp_track *t,
			     const struct nx_tcp_seg *seg)
{
	u32 end = seg->seq + seg->len;

	if (is_after(seg->ack, t->local.nxt) ||
	    is_after(end, t->peer.edge + 1))
		return false;
	return is_recent(seg->ack, t->local.acked) &&
	       is_recent(end, t->peer.acked);
}

/* RFC 5961 section 3.2: exactly the next byte; what it is, the ends know. */
static void in_rst(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	if (seg->seq == t->peer.nxt || seg->seq == t->peer.acked)
		t->state = NX_TCP_DONE;
}

/**
 * nx_tcp_track_in - a segment of the peer's has come
 * @t:   the connection
 * @seg: the segment, whatever it says
 */
void nx_tcp_track_in(struct nx_tcp_track *t, const struct nx_tcp_seg *seg)
{
	switch ((enum nx_tcp_state)t->state) {
	case NX_TCP_NONE:
	case NX_TCP_TIME_WAIT:
	case NX_TCP_DONE:
		return;
	case NX_TCP_SYN_SENT:
		in_syn_sent(t, seg);
		return;
	case NX_TCP_SYN_RCVD:
	case NX_TCP_OPEN:
		break;
	}
	if (seg->flags & NX_TCP_RST) {
		in_rst(t, seg);
		return;
	}
	if (!(seg->flags & NX_TCP_ACK) || !in_is_acceptable(t, seg))
		return;
	/* Simultaneous open: the SYN comes again, with our acknowledgement. */
	if (!(seg->flags & NX_TCP_SYN))
		take_bytes(&t->peer, seg);
	take_ack(t, &t->peer, &t->local, seg);
	settle(t);
}

/**
 * nx_tcp_track_reset - what a RST says that ends the connection at once
 * @t:   the connection
 * @rst: result: seq, ack and flags
 *
 * Return: false: there is nothing to reset (RFC 9293 section 3.10.5).
 */
bool nx_tcp_track_reset(const struct nx_tcp_track *t, struct nx_tcp_seg *rst)
{
	if (t->state != NX_TCP_SYN_RCVD && t->state != NX_TCP_OPEN)
		return false;
	/* LAST-ACK and its like: what the peer expects is past our FIN. */
	rst->seq = t->local.nxt;
	rst->ack = t->peer.nxt;
	rst->flags = NX_TCP_RST | NX_TCP_ACK;
	rst->len = 0;
	rst->window = 0;
	rst->scale = NX_TCP_SCALE_NONE;
	return true;
}
