/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Datagrams that arrive and are like the one before on their CPU.
 */
#ifndef NX_RX_AGAIN_H
#define NX_RX_AGAIN_H

#include <linux/types.h>
#include "core/desc.h"
#include "core/flow_key.h"

struct nx_flow;
struct nx_nexus;
struct nx_queue;
struct nx_rx_packet;
struct sk_buff;

/**
 * struct nx_rx_again - the last datagram that a CPU delivered
 * @seq:     nx_flow_table.seq before its flow was found
 * @flow:    whose it was, or NULL; good in a RCU section while @seq is
 * @q:       that received it
 * @key:     of it
 * @ifindex: of the device where it arrived
 * @like:    its descriptor, but for the buffer, the length and the time
 *
 * Used with bottom halves off, on its own CPU alone.
 */
struct nx_rx_again {
	unsigned long		seq;
	struct nx_flow		*flow;
	struct nx_queue		*q;
	struct nx_flow_key	key;
	int			ifindex;
	union nx_desc		like;
};

bool nx_rx_again_ipv4(struct nx_nexus *nexus, struct sk_buff *skb);
bool nx_rx_again_ipv6(struct nx_nexus *nexus, struct sk_buff *skb);
void nx_rx_again_learn(struct nx_nexus *nexus, const struct nx_rx_packet *rx,
		       const struct nx_flow_key *key, unsigned long seq);

#endif /* NX_RX_AGAIN_H */
