/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reception: what arrives at a device that a nexus listens on, or at an adopted
 * socket.
 */
#ifndef NX_RX_H
#define NX_RX_H

#include <linux/if_vlan.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/ip6_checksum.h>
#include <net/xfrm.h>
#include "core/flow_key.h"

struct nx_flow;
struct nx_nexus;
struct nx_rx_packet;

unsigned int nx_rx_ingress(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);
void nx_rx_socket(struct nx_flow *flow, struct sk_buff *skb);
struct nx_flow *nx_rx_find(struct nx_nexus *nexus, const struct sk_buff *skb,
			   const struct nx_flow_key *key);
void nx_rx_deliver(struct nx_rx_packet *rx);

/* For this device itself, and not for a VLAN of it or for another host. */
static inline bool nx_rx_is_for_device(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_HOST && !skb_vlan_tag_present(skb);
}

/* Then the kernel's stack asks IPsec's policy, and the socket delivers. */
static inline bool nx_has_xfrm_policy(const struct net *net)
{
#ifdef CONFIG_XFRM
	return READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_IN]) ||
	       READ_ONCE(net->xfrm.policy_default[XFRM_POLICY_IN]) ==
							XFRM_USERPOLICY_BLOCK;
#else
	return false;
#endif
}

/**
 * nx_rx_sum_start - where the sum over all of a packet begins
 * @h:   its IP header
 * @key: what that says
 * @len: bytes from the transport header on
 *
 * With it the sum ends as 0 if the transport checksum is right. An IPv4 header
 * sums up to 0 by itself; the addresses of an IPv6 header are those of the pseudo
 * header, so that only its first 8 bytes are to be taken away.
 */
static inline __wsum nx_rx_sum_start(const u8 *h, const struct nx_flow_key *key,
				     u32 len)
{
	__be32 first[2];
	__wsum sum;

	if (key->ip_version == 4) {
		if (key->protocol == IPPROTO_ICMP)
			return 0;
		return csum_tcpudp_nofold(key->remote.v4, key->local.v4, len,
					  key->protocol, 0);
	}
	memcpy(first, h, sizeof(first));
	sum = csum_add((__force __wsum)htonl(len),
		       (__force __wsum)htonl(key->protocol));
	sum = csum_sub(sum, (__force __wsum)first[0]);
	return csum_sub(sum, (__force __wsum)first[1]);
}

#endif /* NX_RX_H */
