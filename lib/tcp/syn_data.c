// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Fast Open on a connection (RFC 7413 section 4.2): the option and the data of a
 * SYN that leaves, what its SYN-ACK says of them, and the data of a SYN that came.
 */
#include <string.h>

#include "internal.h"

/* ------------------------------------------------------------- SYN, SYN-ACK */

/* It shares its memory with the blocks of SACK: whatever is there, it has an end. */
static void fill_option(const struct nx_tcp *tcp, struct nexus_wire_tcp *h)
{
	const struct nx_fast_open *fo = &tcp->fast_open;

	h->cookie_len = (uint8_t)nx_min32(fo->cookie_len, sizeof(fo->cookie));
	memcpy(h->cookie, fo->cookie, h->cookie_len);
	h->has |= NEXUS_WIRE_TCP_FAST_OPEN;
}

/* Payload of one segment, by what is known of peer and path; options count too. */
static uint32_t syn_room(const struct nx_tcp *tcp, uint32_t hdr_len)
{
	uint32_t mss = tcp->fast_open.mss ? tcp->fast_open.mss : tcp->peer_mss;

	mss = nx_min32(mss, tcp->mtu - tcp->ip_len - NEXUS_WIRE_TCP_LEN);
	return mss + NEXUS_WIRE_TCP_LEN > hdr_len ?
	       mss + NEXUS_WIRE_TCP_LEN - hdr_len : 0;
}

/* Less than there is, perhaps: as if the options took all they can. */
uint32_t nx_tcp_early_room(const struct nx_tcp *tcp)
{
	uint32_t queued = tcp->write_seq - tcp->snd_nxt, room;

	if (tcp->state != NX_TCP_SYN_SENT || !tcp->must_offer ||
	    !tcp->fast_open.cookie_len)
		return 0;
	room = syn_room(tcp, NEXUS_WIRE_TCP_LEN_MAX);
	return room > queued ? room - queued : 0;
}

void nx_tcp_fill_fast_open(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			   uint64_t now_ns)
{
	/* Section 4.2.2: what is sent again has neither cookie nor data. */
	tcp->must_offer = false;
	if (tcp->is_passive) {
		fill_option(tcp, &seg->hdr);
		return;
	}
	/* Both have opened at once; or a cookie without data, which says nothing. */
	if (tcp->state != NX_TCP_SYN_SENT ||
	    (tcp->fast_open.cookie_len && !tcp->txq.unsent))
		return;
	fill_option(tcp, &seg->hdr);
	tcp->has_asked = true;
	if (tcp->fast_open.cookie_len)
		nx_tcp_add_syn_data(tcp, seg,
				    syn_room(tcp, (uint32_t)nexus_wire_tcp_len(&seg->hdr)),
				    now_ns);
}

/* ---------------------------------------------------------- the SYN's answer */

/* No congestion window opens by it, and its ECN flags are the handshake's. */
static void take_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		     uint64_t now_ns)
{
	struct nx_tcp_ack ack = {
		.seg	= seg,
		.now_ns	= now_ns,
		.acked	= seg->hdr.ack - tcp->snd_una,
	};

	if (!ack.acked)
		return;
	tcp->snd_una = seg->hdr.ack;
	tcp->snd_wl2 = seg->hdr.ack;
	tcp->stats.bytes_acked += ack.acked;
	tcp->has_syn_data = true;
	tcp->events |= NX_TCP_EV_WRITABLE;
	nx_tcp_txq_acked(tcp, &ack);
}

void nx_tcp_input_fast_open(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			    uint64_t now_ns)
{
	const struct nexus_wire_tcp *h = &seg->hdr;

	take_ack(tcp, seg, now_ns);
	/* What the SYN-ACK leaves out, the peer has dropped: it is sent at once. */
	nx_tcp_txq_unsend(tcp);
	nx_tcp_rto_restart(tcp, now_ns);
	if (!(h->has & NEXUS_WIRE_TCP_FAST_OPEN) || !h->cookie_len)
		return;
	memcpy(tcp->fast_open.cookie, h->cookie, h->cookie_len);
	tcp->fast_open.cookie_len = h->cookie_len;
	tcp->has_new_cookie = true;
}

/* ------------------------------------------------------------- passive opens */

void nx_tcp_accept_early(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			 uint64_t now_ns)
{
	uint32_t cwnd = nx_tcp_cc_initial_window(tcp->mss);

	tcp->is_early = true;
	nx_tcp_begin_sending(tcp, nx_min32(cwnd, NX_FAST_OPEN_EARLY_MAX));
	nx_tcp_input_data(tcp, seg, now_ns);
	/* No memory for them: the SYN alone is acknowledged, and they come again. */
	tcp->is_early = tcp->rcv_nxt != tcp->irs + 1;
	if (!tcp->is_early)
		return;
	tcp->has_syn_data = true;
	tcp->events |= NX_TCP_EV_EARLY;
}
