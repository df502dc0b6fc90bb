// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses of a packet that arrives: its destination is this host, and it can
 * have come from where it says.
 */
#include <net/addrconf.h>
#include <net/ip_fib.h>
#include "martian.h"

/**
 * nx_look_up_ours - ask the kernel whether a packet's destination is this host
 * @flow: a wildcard listener; remembers the answer
 * @dev:  where the packet arrived; in a RCU section
 * @key:  of the packet
 */
bool nx_look_up_ours(struct nx_flow *flow, const struct net_device *dev,
		     const struct nx_flow_key *key)
{
	struct net *net = dev_net(dev);
	u64 memo;

	if (key->ip_version != 4)
		return ipv6_chk_addr(net, (const struct in6_addr *)&key->local,
				     dev, 0);
	memo = nx_address_memo(net, 0, key->local.v4);
	if (!__ip_dev_find(net, key->local.v4, false))
		return false;
	WRITE_ONCE(flow->our_local, memo);
	return true;
}

/*
 * What RFC 3704 has of a source: it is not this host, and, where the device asks
 * for it (section 2.4: loose), there is a route to it.
 */
static bool is_source_good(struct net *net, __be32 source, bool is_loose)
{
	struct flowi4 fl4 = { .daddr = source };
	struct fib_result res;

	if (__ip_dev_find(net, source, false))
		return false;
	return !is_loose ||
	       (!fib_lookup(net, &fl4, &res, 0) && res.type == RTN_UNICAST);
}

/**
 * nx_look_up_martian - ask the kernel whether a packet can have come from there
 * @flow: whose packet; remembers a good answer
 * @dev:  where it arrived; in a RCU section
 * @key:  of the packet, over IPv4
 * @rule: nx_rpfilter() of the device
 */
bool nx_look_up_martian(struct nx_flow *flow, const struct net_device *dev,
			const struct nx_flow_key *key, u32 rule)
{
	struct net *net = dev_net(dev);
	u64 memo = nx_address_memo(net, rule & 3, key->remote.v4);

	if (!is_source_good(net, key->remote.v4, rule))
		return true;
	WRITE_ONCE(flow->plain_remote, memo);
	return false;
}
