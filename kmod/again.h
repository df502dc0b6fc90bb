/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that are like the one before: of the same flow, to the same
 * destination, and described alike.
 */
#ifndef NX_AGAIN_H
#define NX_AGAIN_H

#include <linux/nexus.h>
#include "core/desc.h"
#include "counters.h"

struct nx_dest;
struct nx_flow;
struct nx_queue;
struct nx_tx_packet;
struct nx_tx_run;

/**
 * struct nx_again - what a queue knows of the packet that it sent last
 * @dest:   where it went; NULL: what follows is not used
 * @flow:   that sent it
 * @flow_idx, @claims: of its descriptor: the flow, and the word that has the flags,
 *          without NEXUS_DESC_KEEP, and the class
 * @payload_off: of its payload, with its headers before it
 * @peer:   the queue of this host that received it, or NULL: it left by a device
 * @to:     the flow that received it
 * @as_received: its descriptor in RX, but for the buffer and the length
 * @sent:   packets sent since, which are not counted yet; while there are some
 *          that @peer received, nx_tx_run.peer is @peer, and locked
 * @before: where the packet before that one went
 *
 * Under the tx_lock of the queue. While @dest is set, nx_tx_run.packet is still
 * that packet, or one that was like it.
 */
struct nx_again {
	struct nx_dest		*dest;
	struct nx_flow		*flow;
	u32			flow_idx;
	u64			claims;
	u32			payload_off;
	struct nx_queue		*peer;
	struct nx_flow		*to;
	union nx_desc		as_received;
	struct nx_traffic	sent;
	const struct nx_dest	*before;
};

void nx_again_begin(struct nx_tx_run *run);
void nx_again_learn(struct nx_tx_run *run, struct nx_dest *dest);
void nx_again_count(struct nx_tx_run *run);
u32 nx_again_send(struct nx_tx_run *run, u32 max);

#endif /* NX_AGAIN_H */
