/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listeners beside the kernel's: flows of a socket that goes on listening.
 */
#ifndef NX_BESIDE_H
#define NX_BESIDE_H

#include <linux/types.h>

struct net;
struct net_device;
struct nx_flow;
struct nx_flow_key;
struct nx_nexus;
struct nx_queue;
struct nx_rx_packet;

int nx_beside_begin(struct nx_flow *flow);
int nx_beside_check(const struct nx_flow *flow, const struct net *net);
void nx_beside_fill(struct nx_flow *flow);
bool nx_beside_is_listening(const struct nx_flow *flow);
void nx_beside_set_room(struct nx_flow *flow, u32 nr);
struct nx_flow *nx_beside_find_rcu(struct nx_nexus *nexus,
				   const struct net_device *dev,
				   const struct nx_flow_key *key, bool is_syn);
bool nx_beside_deliver(struct nx_queue *q, struct nx_rx_packet *p, bool is_syn);
bool nx_beside_may_answer(const struct nx_flow *flow,
			  const struct nx_flow_key *key);

#endif /* NX_BESIDE_H */
