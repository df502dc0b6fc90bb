/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections of TCP as the module sees them: what may leave, what came, and
 * what the peer is told when the owner dies.
 */
#ifndef NX_TCP_H
#define NX_TCP_H

#include <linux/nexus.h>
#include "core/packet.h"
#include "flow.h"

struct nx_channel;
struct nx_tx_packet;

enum nexus_drop_reason nx_tcp_send(struct nx_channel *chan,
				   struct nx_tx_packet *p);
void nx_tcp_receive(struct nx_flow *flow, const u8 *h, u32 avail,
		    const struct nx_packet *p);
bool nx_tcp_send_again(struct nx_flow *flow, const struct nx_tcp_seg *seg);
void nx_tcp_receive_seg(struct nx_flow *flow, const struct nx_tcp_seg *seg);
enum nexus_tcp_state nx_tcp_state(const struct nx_flow *flow);
void nx_tcp_abort(struct nx_flow *flow);
void nx_tcp_linger(struct nx_flow *flow);

/* Of a segment that asks for a connection. */
static inline bool nx_tcp_is_syn(u8 flags)
{
	return (flags & (NX_TCP_SYN | NX_TCP_ACK | NX_TCP_RST)) == NX_TCP_SYN;
}

/**
 * nx_tcp_is_over - does an accepted connection need its flow no more?
 * @flow: any
 *
 * What still comes for it is its listener's, who may answer without a flow. Asked
 * without the flow's lock by everyone who has changed the state: a connection that
 * is over stays so, and who misses that another one has just ended it need not know.
 */
static inline bool nx_tcp_is_over(const struct nx_flow *flow)
{
	return flow->parent && data_race(nx_tcp_track_is_over(&flow->track));
}

#endif /* NX_TCP_H */
