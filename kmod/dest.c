// SPDX-License-Identifier: GPL-2.0
/*
 * Where packets of a flow go: the route, or the flow of this host that will
 * receive them, remembered for the next packet. The kernel's own routing says
 * it, and says when it is no longer true.
 */
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ipv6_stubs.h>
#include <net/route.h>
#include "beside.h"
#include "channel.h"
#include "dest.h"
#include "flow.h"
#include "nexus.h"
#include "tcp.h"
#include "tx.h"

static struct dst_entry *route_ipv4(struct net *net, struct sock *sk,
				    const struct nx_flow_key *key)
{
	struct flowi4 fl4;
	struct rtable *rt;

	flowi4_init_output(&fl4, READ_ONCE(sk->sk_bound_dev_if),
			   READ_ONCE(sk->sk_mark), 0, RT_SCOPE_UNIVERSE,
			   key->protocol, inet_sk_flowi_flags(sk),
			   key->remote.v4, key->local.v4,
			   key->remote_port, key->local_port, sk->sk_uid);
	security_sk_classify_flow(sk, flowi4_to_flowi_common(&fl4));
	if (!(inet_sk_flowi_flags(sk) & FLOWI_FLAG_ANYSRC) &&
	    inet_addr_type(net, key->local.v4) != RTN_LOCAL)
		return ERR_PTR(-EADDRNOTAVAIL);
	rt = ip_route_output_flow(net, &fl4, sk);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

static struct dst_entry *route_ipv6(struct net *net, struct sock *sk,
				    const struct nx_flow_key *key)
{
	const struct in6_addr *local = (const void *)&key->local;
	const struct in6_addr *remote = (const void *)&key->remote;
	struct dst_entry *dst;
	struct flowi6 fl6 = {
		.flowi6_oif = READ_ONCE(sk->sk_bound_dev_if),
		.flowi6_mark = READ_ONCE(sk->sk_mark),
		.flowi6_proto = key->protocol,
		.flowi6_uid = sk->sk_uid,
		.saddr = *local,
		.daddr = *remote,
		.fl6_sport = key->local_port,
		.fl6_dport = key->remote_port,
	};

	security_sk_classify_flow(sk, flowi6_to_flowi_common(&fl6));
	dst = ipv6_stub->ipv6_dst_lookup_flow(net, sk, &fl6, NULL);
	if (IS_ERR(dst))
		return dst;
	if (!ipv6_chk_addr(net, local, dst->dev, 0) &&
	    !(inet_sk_flowi_flags(sk) & FLOWI_FLAG_ANYSRC)) {
		dst_release(dst);
		return ERR_PTR(-EADDRNOTAVAIL);
	}
	return dst;
}

static bool is_local_ipv4(const struct dst_entry *dst)
{
	return container_of(dst, struct rtable, dst)->rt_flags & RTCF_LOCAL;
}

static bool is_local_ipv6(const struct dst_entry *dst)
{
	return container_of(dst, struct rt6_info, dst)->rt6i_flags & RTF_LOCAL;
}

static bool is_multicast(const struct nx_flow_key *key)
{
	if (key->ip_version == 4)
		return ipv4_is_multicast(key->remote.v4) ||
		       ipv4_is_lbcast(key->remote.v4);
	return ipv6_addr_is_multicast((const struct in6_addr *)&key->remote);
}

/* May a datagram of @sk go where @dst leads? As udp_sendmsg() has it. */
static bool is_allowed(const struct sock *sk, const struct dst_entry *dst,
		       const struct nx_flow_key *key)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	return key->ip_version != 4 || !(rt->rt_flags & RTCF_BROADCAST) ||
	       sock_flag(sk, SOCK_BROADCAST);
}

/* A route, and what of it is asked for each packet. */
static enum nexus_drop_reason look_up_route(struct nx_dest *dest,
					    struct nx_nexus *nexus,
					    const struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);
	struct dst_entry *dst;

	if (nx_flow_is_narrowed(flow))
		return NEXUS_DROP_TX_SOURCE;
	if (dest->key.ip_version == 4)
		dst = route_ipv4(nexus->net, sk, &dest->key);
	else
		dst = route_ipv6(nexus->net, sk, &dest->key);
	if (IS_ERR(dst))
		return PTR_ERR(dst) == -EADDRNOTAVAIL ? NEXUS_DROP_TX_SOURCE :
							NEXUS_DROP_TX_ROUTE;
	if (!is_allowed(sk, dst, &dest->key)) {
		dst_release(dst);
		return NEXUS_DROP_TX_DESTINATION;
	}
	dest->dst = dst;
	dest->needs_whole_way = is_multicast(&dest->key) || dst_xfrm(dst) ||
				dst->lwtstate;
	if (dest->key.ip_version == 4) {
		dest->cookie = 0;
		dest->is_local = is_local_ipv4(dst);
	} else {
		dest->cookie = rt6_get_cookie(container_of(dst, struct rt6_info, dst));
		dest->is_local = is_local_ipv6(dst);
	}
	return NEXUS_DROP_NONE;
}

/* The flow of this nexus that receives what goes to this host. */
static void look_up_peer(struct nx_dest *dest, struct nx_nexus *nexus)
{
	struct nx_flow_key key;

	dest->peer = NULL;
	dest->seq = READ_ONCE(nexus->flows.seq);
	smp_rmb(); /* S1, pairs with S2 in nx_flow_table_add() and _del() */
	if (!dest->is_local)
		return;
	nx_flow_key_reverse(&dest->key, &key);
	dest->hash = nx_flow_key_hash(&key);
	dest->peer = nx_flow_find_rcu(&nexus->flows, &key);
	/* Bound to a device: only what arrives there. */
	if (dest->peer && dest->peer->ifindex)
		dest->peer = NULL;
}

/* @addr: the first word of the remote address, xor the last one (IPv4: 0). */
static struct nx_dest *dest_slot(struct nx_queue *q, u32 flow_idx, __be32 addr,
				 __be16 port)
{
	u32 h = (__force u32)addr ^ (__force u32)port ^ flow_idx;

	h ^= h >> 16;
	return &q->dests[(h ^ h >> 8) % NX_NR_DESTS];
}

/* Which of those beside the kernel's listener would get it now; false: none. */
static bool choose_listener(struct nx_dest *dest, struct nx_nexus *nexus,
			    bool is_syn)
{
	struct nx_flow_key key;
	struct nx_flow *flow;

	nx_flow_key_reverse(&dest->key, &key);
	flow = nx_beside_find_rcu(nexus, dest->dst->dev, &key, is_syn);
	if (flow)
		dest->peer = flow;
	return flow;
}

/* What may be another thing in each RCU section. */
static void see(struct nx_dest *dest, struct nx_nexus *nexus, bool is_syn)
{
	dest->is_to_peer = dest->peer && !nx_flow_is_narrowed(dest->peer);
	if (dest->is_to_peer && unlikely(dest->peer->listening))
		dest->is_to_peer = choose_listener(dest, nexus, is_syn);
	if (!dest->is_to_peer)
		dest->mtu = dst_mtu(dest->dst);
}

/* Nothing has changed since @dest was looked up for a flow that is still there. */
static bool is_current(const struct nx_dest *dest, const struct nx_flow *flow,
		       const struct nx_nexus *nexus)
{
	return dest->serial == flow->serial &&
	       dest->addr_seq == READ_ONCE(nexus->addr_seq) &&
	       !nx_flow_is_narrowed(flow) &&
	       dst_check(dest->dst, dest->cookie);
}

/**
 * nx_dest_is_current - whether a remembered destination is still one
 * @q:    the queue that sends, locked by its tx_lock; in a RCU section
 * @dest: of the queue; what may change is asked anew
 * @flow: of a packet to there, which is no SYN
 */
bool nx_dest_is_current(struct nx_queue *q, struct nx_dest *dest,
			const struct nx_flow *flow)
{
	struct nx_nexus *nexus = q->chan->nexus;

	if (!is_current(dest, flow, nexus) ||
	    dest->seq != READ_ONCE(nexus->flows.seq))
		return false;
	see(dest, nexus, false);
	return true;
}

static void forget(struct nx_dest *dest)
{
	dst_release(dest->dst);
	dest->dst = NULL;
	dest->peer = NULL;
	dest->serial = 0;
}

/**
 * nx_dest_find - where a packet goes
 * @q:      the queue that sends, locked by its tx_lock; in a RCU section
 * @flow:   of the packet
 * @p:      what the packet says; its key was checked against @flow
 * @reason: why it goes nowhere
 *
 * Return: good until the end of the RCU section or the next call for this
 * queue, or NULL.
 */
struct nx_dest *nx_dest_find(struct nx_queue *q, struct nx_flow *flow,
			     const struct nx_packet *p,
			     enum nexus_drop_reason *reason)
{
	const struct nx_flow_key *key = &p->key;
	struct nx_nexus *nexus = q->chan->nexus;
	struct nx_dest *dest;

	dest = dest_slot(q, flow->idx, key->remote.v4 ^ key->remote.v6[3],
			 key->remote_port);
	if (!nx_flow_key_equal(&dest->key, key) ||
	    !is_current(dest, flow, nexus)) {
		forget(dest);
		dest->key = *key;
		dest->addr_seq = READ_ONCE(nexus->addr_seq);
		*reason = look_up_route(dest, nexus, flow);
		if (*reason)
			return NULL;
		dest->serial = flow->serial;
		look_up_peer(dest, nexus);
	}
	if (unlikely(dest->seq != READ_ONCE(nexus->flows.seq)))
		look_up_peer(dest, nexus);
	see(dest, nexus, nx_tcp_is_syn(p->tcp_flags));
	return dest;
}

/**
 * nx_dest_leave_peer - a packet is not for the flow that it would lead to
 * @dest: to one beside the kernel's listener; the kernel has what comes there
 */
void nx_dest_leave_peer(struct nx_dest *dest)
{
	dest->is_to_peer = false;
	dest->mtu = dst_mtu(dest->dst);
}

static bool is_udp(const struct nx_flow_key *key, u8 ip_version)
{
	return key->ip_version == ip_version && key->protocol == IPPROTO_UDP;
}

static struct nx_dest *again_ipv4(struct nx_queue *q, struct nx_tx_packet *p)
{
	const u8 *h = p->headers;
	struct nx_dest *dest;
	__be32 addr;
	__be16 port;

	memcpy(&addr, h + 16, sizeof(addr));
	memcpy(&port, h + NX_IPV4_HLEN + 2, sizeof(port));
	dest = dest_slot(q, p->flow_idx, addr, port);
	if (!is_udp(&dest->key, 4) ||
	    !nx_tx_is_again_ipv4(h, p->nr_headers, p->len, &dest->key))
		return NULL;
	p->packet.l4_off = NX_IPV4_HLEN;
	p->packet.payload_off = NX_IPV4_HLEN + NX_UDP_HLEN;
	p->packet.csum_off = NX_IPV4_HLEN + 6;
	p->packet.tcp_flags = 0;
	p->packet.may_fragment = nx_ipv4_may_fragment(h);
	return dest;
}

static struct nx_dest *again_ipv6(struct nx_queue *q, struct nx_tx_packet *p)
{
	const u8 *h = p->headers;
	struct nx_dest *dest;
	__be32 addr[2];
	__be16 port;

	memcpy(&addr[0], h + 24, sizeof(addr[0]));
	memcpy(&addr[1], h + 36, sizeof(addr[1]));
	memcpy(&port, h + NX_IPV6_HLEN + 2, sizeof(port));
	dest = dest_slot(q, p->flow_idx, addr[0] ^ addr[1], port);
	if (!is_udp(&dest->key, 6) ||
	    !nx_tx_is_again_ipv6(h, p->nr_headers, p->len, &dest->key))
		return NULL;
	p->packet.l4_off = NX_IPV6_HLEN;
	p->packet.payload_off = NX_IPV6_HLEN + NX_UDP_HLEN;
	p->packet.csum_off = NX_IPV6_HLEN + 6;
	p->packet.tcp_flags = 0;
	p->packet.may_fragment = true;
	return dest;
}

/**
 * nx_dest_again - where a packet goes that is like one before
 * @q: the queue that sends, locked by its tx_lock; in a RCU section
 * @p: the packet, with the copy of its headers, which nobody has looked at yet
 *
 * A remembered destination has the key of a packet that this flow was allowed
 * to send. A well-formed one with the same key needs no further check.
 *
 * Return: as nx_dest_find(), and then @p->packet is filled in but for its key
 * and length; NULL: it must be parsed and checked.
 */
struct nx_dest *nx_dest_again(struct nx_queue *q, struct nx_tx_packet *p)
{
	struct nx_dest *dest;

	if (p->headers[0] >> 4 == 4)
		dest = again_ipv4(q, p);
	else
		dest = again_ipv6(q, p);
	return dest && nx_dest_is_current(q, dest, p->flow) ? dest : NULL;
}

/**
 * nx_dest_forget_all - let go of all routes
 * @q: the queue, which nobody uses any more
 */
void nx_dest_forget_all(struct nx_queue *q)
{
	int i;

	for (i = 0; i < NX_NR_DESTS; i++)
		forget(&q->dests[i]);
}
