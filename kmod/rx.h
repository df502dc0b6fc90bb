/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reception: what arrives at a device that a nexus listens on, or at an adopted
 * socket.
 */
#ifndef NX_RX_H
#define NX_RX_H

#include <linux/netfilter.h>

struct nx_flow;
struct nx_flow_key;
struct nx_nexus;
struct nx_packet;
struct nx_rx_packet;
struct sk_buff;

unsigned int nx_rx_ingress(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);
void nx_rx_socket(struct nx_flow *flow, struct sk_buff *skb);
struct nx_flow *nx_rx_find(struct nx_nexus *nexus, const struct sk_buff *skb,
			   const struct nx_flow_key *key);
__wsum nx_rx_sum_start(const u8 *h, const struct nx_packet *p);
void nx_rx_deliver(struct nx_rx_packet *rx);

#endif /* NX_RX_H */
