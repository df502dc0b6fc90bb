/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ICMP errors: the owner of the flow that they quote gets a copy.
 */
#ifndef NX_ICMP_H
#define NX_ICMP_H

#include <linux/types.h>

struct nx_nexus;
struct nx_packet;
struct sk_buff;

void nx_icmp_ingress(struct nx_nexus *nexus, struct sk_buff *skb,
		     const u8 *h, const struct nx_packet *p);

#endif /* NX_ICMP_H */
