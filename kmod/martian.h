/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses of a packet that arrives: its destination is this host, and it can
 * have come from where it says. What can not is a martian (RFC 1812 section
 * 5.3.7), and left to the kernel's stack.
 */
#ifndef NX_MARTIAN_H
#define NX_MARTIAN_H

#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <net/net_namespace.h>
#include "flow.h"

#define NX_RPFILTER_STRICT	1	/* RFC 3704 section 2.2 */

/*
 * What is remembered of an IPv4 address, as @rule has judged it. The number
 * changes with every route, and with an address come and go routes.
 */
static inline u64 nx_address_memo(const struct net *net, u32 rule, __be32 addr)
{
	return (u64)((u32)rt_genid_ipv4(net) << 2 | rule) << 32 |
	       (__force u32)addr;
}

/* What the device has its sources filtered by; in a RCU section. */
static inline u32 nx_rpfilter(const struct net_device *dev)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);

	return in_dev ? IN_DEV_RPFILTER(in_dev) : NX_RPFILTER_STRICT;
}

/* martian.c, for an address that is not remembered */
bool nx_look_up_ours(struct nx_flow *flow, const struct net_device *dev,
		     const struct nx_flow_key *key);
bool nx_look_up_martian(struct nx_flow *flow, const struct net_device *dev,
			const struct nx_flow_key *key, u32 rule);

/**
 * nx_is_address_ours - whether a packet's destination is this host
 * @flow: a wildcard listener
 * @dev:  where the packet arrived; in a RCU section
 * @key:  of the packet
 */
static inline bool nx_is_address_ours(struct nx_flow *flow,
				      const struct net_device *dev,
				      const struct nx_flow_key *key)
{
	if (key->ip_version == 4 &&
	    likely(READ_ONCE(flow->our_local) ==
		   nx_address_memo(dev_net(dev), 0, key->local.v4)))
		return true;
	return nx_look_up_ours(flow, dev, key);
}

/**
 * nx_is_martian - whether a packet cannot have come from where it says
 * @flow: whose packet
 * @dev:  where it arrived; in a RCU section
 * @key:  of the packet
 */
static inline bool nx_is_martian(struct nx_flow *flow,
				 const struct net_device *dev,
				 const struct nx_flow_key *key)
{
	u32 rule;

	if (key->ip_version != 4 || dev->flags & IFF_LOOPBACK)
		return false;
	rule = nx_rpfilter(dev);
	if (rule == NX_RPFILTER_STRICT)
		return true;
	if (likely(READ_ONCE(flow->plain_remote) ==
		   nx_address_memo(dev_net(dev), rule & 3, key->remote.v4)))
		return false;
	return nx_look_up_martian(flow, dev, key, rule);
}

#endif /* NX_MARTIAN_H */
