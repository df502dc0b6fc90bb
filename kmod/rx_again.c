// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams that arrive and are like the one before on their CPU: from the same
 * peer, for the same flow, by the same device. Most are.
 *
 * Their headers are compared with what was parsed, looked up and judged then. What
 * can be another thing for each packet is asked for each: their sums, their
 * length, what the socket and the device are now. Where anything differs, or there
 * is anything to decide, nothing has been done yet, and the packet goes the long
 * way (rx.c), which judges it anew.
 */
#include <linux/ktime.h>
#include "rx_again.h"
#include "core/packet.h"
#include "deliver.h"
#include "deliver_like.h"
#include "martian.h"
#include "nexus.h"
#include "rx.h"
#include "trace.h"

/* All of it at hand, in one small buffer's size, and with nothing to be asked. */
static __always_inline bool is_ordinary(const struct sk_buff *skb)
{
	return !skb_is_nonlinear(skb) && skb->len <= NEXUS_SMALL_SIZE &&
	       !skb_is_gso(skb) && nx_rx_is_for_device(skb) &&
	       !nx_has_xfrm_policy(dev_net(skb->dev));
}

/* The flow is still there, and would still get it. */
static __always_inline bool is_current(const struct nx_rx_again *again,
				       const struct nx_nexus *nexus,
				       const struct net_device *dev)
{
	struct nx_flow *flow = again->flow;

	if (!flow || again->seq != READ_ONCE(nexus->flows.seq))
		return false;
	return again->ifindex == dev->ifindex &&
	       flow->traffic_class != NEXUS_CLASS_LOW_LATENCY &&
	       !READ_ONCE(flow->is_address_gone) &&
	       !nx_flow_is_narrowed(flow) &&
	       (!nx_addr_is_any(&flow->node[0].key.local) ||
		nx_is_address_ours(flow, dev, &again->key)) &&
	       !nx_is_martian(flow, dev, &again->key);
}

/* A slot, and a buffer with its page; or else NULL. */
static __always_inline u8 *room_in(const struct nx_queue *q)
{
	const struct nx_ring *ring = &q->rx;

	if (!nx_channel_is_active(q->chan) || !q->nr_cache ||
	    nx_ring_filled(ring->here, ring->there) > ring->mask)
		return NULL;
	return nx_pool_peek_small(&q->chan->pool, q->cache[q->nr_cache - 1], 0);
}

/* False: it is not what was sent. */
static __always_inline bool copy(u8 *to, const struct sk_buff *skb, u32 len,
				 const struct nx_flow_key *key, u32 l4_off)
{
	__wsum sum;

	if (skb_csum_unnecessary(skb)) {
		memcpy(to, skb->data, len);
		return true;
	}
	sum = csum_partial_copy_nocheck(skb->data, to, len);
	return !csum_fold(csum_add(sum, nx_rx_sum_start(skb->data, key,
							len - l4_off)));
}

/* False: nothing was done. */
static __always_inline bool deliver(const struct nx_rx_again *again,
				    const struct sk_buff *skb, u32 len, u32 l4_off)
{
	const struct nx_traffic got = { .packets = 1, .bytes = len };
	u64 time_ns = ktime_get_ns();
	struct nx_queue *q = again->q;
	u8 *to;

	nx_deliver_begin(q);
	to = room_in(q);
	if (!to || !copy(to, skb, len, &again->key, l4_off)) {
		nx_deliver_end(q, true);
		return false;
	}
	nx_deliver_like(q, &again->like, len, time_ns);
	nx_deliver_count(q, again->flow, &got, !skb_csum_unnecessary(skb));
	trace_nexus_rx(again->flow, again->flow->traffic_class, len, false);
	nx_deliver_end(q, true);
	return true;
}

/**
 * nx_rx_again_ipv4 - deliver a datagram over IPv4 if it is like the one before
 * @nexus: that listens on the device
 * @skb:   as nx_rx_ingress() has it
 *
 * Return: whether it was delivered; not consumed.
 */
bool nx_rx_again_ipv4(struct nx_nexus *nexus, struct sk_buff *skb)
{
	const struct nx_rx_again *again = &this_cpu_ptr(nexus->cpu)->again;
	const u8 *h = skb->data;
	u32 len;

	if (!nx_rx_is_again_ipv4(h, skb_headlen(skb), &again->key) ||
	    !is_ordinary(skb) || !is_current(again, nexus, skb->dev))
		return false;
	len = nx_get_be16(h + 2);
	return len <= skb->len && nx_ipv4_csum_is_right(h) &&
	       deliver(again, skb, len, NX_IPV4_HLEN);
}

/**
 * nx_rx_again_ipv6 - the same over IPv6
 * @nexus: that listens on the device
 * @skb:   as nx_rx_ingress() has it
 *
 * Return: whether it was delivered; not consumed.
 */
bool nx_rx_again_ipv6(struct nx_nexus *nexus, struct sk_buff *skb)
{
	const struct nx_rx_again *again = &this_cpu_ptr(nexus->cpu)->again;
	const u8 *h = skb->data;
	u32 len;

	if (!nx_rx_is_again_ipv6(h, skb_headlen(skb), &again->key) ||
	    !is_ordinary(skb) || !is_current(again, nexus, skb->dev))
		return false;
	len = NX_IPV6_HLEN + nx_get_be16(h + 4);
	return len <= skb->len && deliver(again, skb, len, NX_IPV6_HLEN);
}

/**
 * nx_rx_again_learn - a datagram went the long way: what if the next is alike?
 * @nexus: that listens on the device
 * @rx:    the datagram, delivered
 * @key:   of it
 * @seq:   nx_flow_table.seq before its flow was looked up
 *
 * Nothing is learnt of the first one: who hears ever others would pay for nothing.
 */
void nx_rx_again_learn(struct nx_nexus *nexus, const struct nx_rx_packet *rx,
		       const struct nx_flow_key *key, unsigned long seq)
{
	struct nx_rx_again *again = &this_cpu_ptr(nexus->cpu)->again;

	if (again->like.d.hash != rx->hash) {
		again->like.d.hash = rx->hash;
		again->flow = NULL;
		return;
	}
	if (rx->flags != NEXUS_DESC_CSUM)
		return;
	again->seq = seq;
	again->flow = rx->flow;
	again->q = nx_deliver_queue(rx->flow, rx->hash);
	again->key = *key;
	again->ifindex = rx->ifindex;
	nx_deliver_describe(&again->like.d, rx);
}
