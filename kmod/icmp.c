// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors: the owner of the flow that they quote gets a copy. The kernel's
 * stack gets the error in any case, and learns the path's MTU from it.
 */
#include <linux/skbuff.h>
#include "core/packet.h"
#include "deliver.h"
#include "flow.h"
#include "icmp.h"
#include "rx.h"

/**
 * nx_icmp_ingress - an ICMP error has arrived
 * @nexus: that listens on the device
 * @skb:   the error, from its network header on; not consumed
 * @h:     its network header
 * @p:     what its headers say
 *
 * One that quotes no flow's packet reaches nobody, and so does one that is
 * longer than RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4 allow.
 */
void nx_icmp_ingress(struct nx_nexus *nexus, struct sk_buff *skb,
		     const u8 *h, const struct nx_packet *p)
{
	/* The error, and the longest IPv4 header with 8 bytes behind it. */
	u8 copy[NX_ICMP_HLEN + 60 + 8];
	u32 avail = min_t(u32, p->len - p->l4_off, sizeof(copy));
	struct nx_packet quoted;
	struct nx_rx_packet rx = {
		.skb = skb,
		.len = p->len,
		.wants_sum = true,
		.flags = NEXUS_DESC_ERROR,
		.ip_version = p->key.ip_version,
		.protocol = p->key.protocol,
		.l4_off = p->l4_off,
		.payload_off = p->l4_off + NX_ICMP_HLEN,
		.ifindex = skb->dev->ifindex,
	};

	if (p->len > skb->len || p->len > NEXUS_SMALL_SIZE ||
	    skb_copy_bits(skb, p->l4_off, copy, avail) ||
	    nx_parse_quoted(copy, avail, p->key.ip_version, &quoted) != NX_PARSE_OK)
		return;
	rx.flow = nx_rx_find(nexus, skb, &quoted.key);
	/* Beside the kernel's listener it may be the kernel's, who has had it. */
	if (!rx.flow || rx.flow->listening)
		return;
	rx.hash = nx_flow_key_hash(&quoted.key);
	rx.sum = nx_rx_sum_start(h, &p->key, p->len - p->l4_off);
	nx_rx_deliver(&rx);
}
