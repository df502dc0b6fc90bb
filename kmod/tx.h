/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transmission: what an application put into TX is taken, checked on a copy,
 * and sent.
 */
#ifndef NX_TX_H
#define NX_TX_H

#include <linux/nexus.h>
#include "core/desc.h"
#include "core/packet.h"
#include "again.h"
#include "deliver.h"

struct nx_dest;
struct nx_flow;
struct nx_pool;
struct nx_queue;

/**
 * struct nx_tx_part - a part of a packet, checked: it lies inside a buffer that
 * the kernel owns while it works on it
 * @buf: buffer index
 * @off: in it
 * @len: bytes
 * @is_kept: it is the user's again when the packet was dealt with
 */
struct nx_tx_part {
	u32	buf;
	u32	off;
	u32	len;
	bool	is_kept;
};

/**
 * struct nx_tx_packet - the kernel's metadata of a packet that leaves
 * @flow:      that sends
 * @pool:      of its channel
 * @len:       bytes, IP header included
 * @nr_parts:  used of @parts
 * @flow_idx:  that the descriptor claimed, whether it exists or not
 * @flags:     NEXUS_DESC_*, known ones only
 * @gso_size:  payload bytes of a segment, 0: it is one already
 * @traffic_class: NEXUS_CLASS_*
 * @linear:    its first byte, if all of it lies in one page, else NULL
 * @is_reported: somebody will tell what becomes of it, if that is asked for
 * @cookie, @deadline_ns: for that
 * @nr_headers: bytes of @headers that are the packet's, all its headers among
 *             them: never read again from the user's memory
 * @headers:   the first bytes, copied before they were checked
 * @packet:    what they say; of its key, ask the nx_dest
 * @parts:     where all bytes lie
 *
 * Made from the checked copy of the descriptors alone; no process can see it.
 */
struct nx_tx_packet {
	struct nx_flow		*flow;
	struct nx_pool		*pool;
	u32			len;
	u32			nr_parts;
	u32			flow_idx;
	u32			flags;
	u16			gso_size;
	u8			traffic_class;
	const u8		*linear;
	bool			is_reported;
	u64			cookie;
	u64			deadline_ns;
	u32			nr_headers;
	u8			headers[NX_HEADERS_ALL] __aligned(8);
	struct nx_packet	packet;
	struct nx_tx_part	parts[NEXUS_PARTS_MAX];
};

/**
 * struct nx_tx_run - one call's work
 * @q:      the queue that sends
 * @prod:   where TX ended when the call began
 * @peer:   the queue of this host that receives now, locked, or NULL
 * @budget: packets left of this section with bottom halves off
 * @again:  what the packet before was like
 * @desc:   the snapshot of the descriptor at hand
 * @packet: the packet at hand
 * @rx:     the same, as a channel of this host receives it
 *
 * Under the queue's tx_lock. What is large stands here, and not on the stack,
 * which kernels clear at each call (CONFIG_INIT_STACK_ALL_ZERO).
 */
struct nx_tx_run {
	struct nx_queue		*q;
	u32			prod;
	struct nx_queue		*peer;
	u32			budget;
	struct nx_again		again;
	union nx_desc		desc;
	struct nx_tx_packet	packet;
	struct nx_rx_packet	rx;
};

/* Segments of a super-packet, 0: it is none. */
static inline u16 nx_tx_gso_segs(const struct nx_tx_packet *p)
{
	if (!p->gso_size)
		return 0;
	return DIV_ROUND_UP(p->len - p->packet.payload_off, p->gso_size);
}

int nx_tx_drain(struct nx_queue *q);
void nx_tx_send_own(struct nx_flow *flow, const u8 *h, u32 len);
void nx_tx_pin(struct nx_queue *q, u32 packets);
void nx_tx_unpin(struct nx_queue *q);
bool nx_tx_copy(const struct nx_tx_packet *p, u32 off, void *to, u32 len,
		__wsum *sum);
void nx_tx_count(struct nx_queue *q, struct nx_flow *flow,
		 const struct nx_traffic *sent, bool is_local);
void nx_tx_let_go(struct nx_queue *q, u32 buf, bool is_kept);
void nx_tx_drop(struct nx_queue *q, const struct nx_tx_packet *p,
		enum nexus_drop_reason reason);
void nx_tx_end_peer(struct nx_tx_run *run);

/* xmit.c */
enum nexus_drop_reason nx_xmit(struct nx_queue *q, struct nx_tx_packet *p,
			       struct nx_dest *dest);

#endif /* NX_TX_H */
