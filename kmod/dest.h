/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets of a flow go: the route, or the flow of this host that will
 * receive them, remembered for the next packet.
 */
#ifndef NX_DEST_H
#define NX_DEST_H

#include <net/dst.h>
#include <linux/nexus.h>
#include "core/flow_key.h"

struct nx_flow;
struct nx_packet;
struct nx_queue;
struct nx_tx_packet;

#define NX_NR_DESTS	16

/**
 * struct nx_dest - where packets with one key go
 * @key:     of the sending host
 * @serial:  of the flow that sends; 0: unused
 * @dst:     the kernel's route, of which it holds a reference
 * @cookie:  for dst_check()
 * @addr_seq: nx_nexus.addr_seq when @dst was looked up
 * @mtu:     of the path, bytes; asked anew in each RCU section
 * @seq:     nx_flow_table.seq when @peer was looked up
 * @peer:    the flow of this host that receives, or NULL; good while @seq is
 * @hash:    of the key that @peer was looked up by
 * @is_local: the destination is this host
 * @is_to_peer: @peer has what this leads to; asked anew in each RCU section
 * @needs_whole_way: the kernel's whole way out knows what the neighbour does
 *            not: which members of a group are on this host, IPsec, and tunnels
 *            of routes
 *
 * Under the tx_lock of the queue that has it.
 */
struct nx_dest {
	struct nx_flow_key	key;
	u64			serial;
	u32			cookie;
	u32			addr_seq;
	struct dst_entry	*dst;
	u32			mtu;
	unsigned long		seq;
	struct nx_flow		*peer;
	u32			hash;
	bool			is_local;
	bool			is_to_peer;
	bool			needs_whole_way;
};

struct nx_dest *nx_dest_find(struct nx_queue *q, struct nx_flow *flow,
			     const struct nx_packet *p,
			     enum nexus_drop_reason *reason);
void nx_dest_leave_peer(struct nx_dest *dest);
bool nx_dest_is_current(struct nx_queue *q, struct nx_dest *dest,
			const struct nx_flow *flow);
struct nx_dest *nx_dest_again(struct nx_queue *q, struct nx_tx_packet *p);
void nx_dest_forget_all(struct nx_queue *q);

#endif /* NX_DEST_H */
