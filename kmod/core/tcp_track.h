/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Follows one TCP connection by the segments that pass: whether its owner may
 * send a segment, what a RST must say that ends it, and when its port is free.
 *
 * The owner's own stack keeps the connection; this only watches. It is lenient
 * where it cannot know, and changes nothing for a segment that the receiver
 * would not accept. RFC 9293, RFC 7323 (window scale), RFC 5961 (RST).
 */
#ifndef NX_CORE_TCP_TRACK_H
#define NX_CORE_TCP_TRACK_H

#include "packet.h"

/* RFC 7323 section 2.3. */
#define NX_TCP_SCALE_MAX	14
#define NX_TCP_SCALE_NONE	0xff

/**
 * struct nx_tcp_seg - what is looked at of a segment
 * @seq, @ack: sequence number, acknowledgement
 * @len:    in sequence numbers: payload, SYN and FIN
 * @window: as in the header
 * @flags:  NX_TCP_*
 * @scale:  window scale option of a SYN, or NX_TCP_SCALE_NONE
 */
struct nx_tcp_seg {
	u32	seq;
	u32	ack;
	u32	len;
	u16	window;
	u16	flags;
	u8	scale;
};

/**
 * struct nx_tcp_end - one end of a connection, as a sender
 * @isn:   of its SYN
 * @nxt:   past the last byte that it sent
 * @acked: past the last one that the other end has acknowledged
 * @edge:  past the last one that the other end lets it send; of a peer whose SYN
 *         has not come: the window alone
 * @fin:   past its FIN, if @has_fin
 * @scale: of the windows that it tells, or NX_TCP_SCALE_NONE
 * @has_syn, @has_fin: it sent one
 */
struct nx_tcp_end {
	u32	isn;
	u32	nxt;
	u32	acked;
	u32	edge;
	u32	fin;
	u8	scale;
	bool	has_syn;
	bool	has_fin;
};

/**
 * enum nx_tcp_state - how far a connection is
 * @NX_TCP_NONE:      no SYN was sent
 * @NX_TCP_SYN_SENT:  the owner has sent a SYN, the peer none
 * @NX_TCP_SYN_RCVD:  both have, the owner's is not acknowledged
 * @NX_TCP_OPEN:      both are; data and FINs pass
 * @NX_TCP_TIME_WAIT: both FINs are acknowledged, the owner's was the first
 * @NX_TCP_DONE:      they are, and the peer's was, or somebody has reset it
 */
enum nx_tcp_state {
	NX_TCP_NONE,
	NX_TCP_SYN_SENT,
	NX_TCP_SYN_RCVD,
	NX_TCP_OPEN,
	NX_TCP_TIME_WAIT,
	NX_TCP_DONE,
};

/**
 * struct nx_tcp_track - one connection
 * @local: its owner
 * @peer:  the other end
 * @state: enum nx_tcp_state
 * @is_first: the owner's FIN left before the peer's came
 * @is_accepted: the peer has begun, and a listener has answered
 */
struct nx_tcp_track {
	struct nx_tcp_end	local;
	struct nx_tcp_end	peer;
	u8			state;
	bool			is_first;
	bool			is_accepted;
};

void nx_tcp_seg_read(const u8 *h, u32 avail, const struct nx_packet *p,
		     struct nx_tcp_seg *seg);
bool nx_tcp_seg_is_stateless(const struct nx_tcp_seg *seg);
void nx_tcp_track_accept(struct nx_tcp_track *t, const struct nx_tcp_seg *seg);
bool nx_tcp_track_out(struct nx_tcp_track *t, const struct nx_tcp_seg *seg);
void nx_tcp_track_in(struct nx_tcp_track *t, const struct nx_tcp_seg *seg);
bool nx_tcp_track_reset(const struct nx_tcp_track *t, struct nx_tcp_seg *rst);

static inline bool nx_tcp_track_is_over(const struct nx_tcp_track *t)
{
	return t->state == NX_TCP_DONE || t->state == NX_TCP_TIME_WAIT;
}

/* Data may pass both ways: what does passes can end nothing. */
static inline bool nx_tcp_track_is_open(const struct nx_tcp_track *t)
{
	return t->state == NX_TCP_OPEN && !t->local.has_fin && !t->peer.has_fin;
}

#endif /* NX_CORE_TCP_TRACK_H */
