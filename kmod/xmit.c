// SPDX-License-Identifier: GPL-2.0
/*
 * A checked packet becomes an skb, and leaves through the kernel's neighbour,
 * egress hooks, queueing discipline and device.
 */
#include <linux/skbuff.h>
#include <net/arp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6_stubs.h>
#include <net/ndisc.h>
#include <net/route.h>
#include <net/udp.h>
#include "channel.h"
#include "dest.h"
#include "event.h"
#include "flight.h"
#include "flow.h"
#include "nexus.h"
#include "sent.h"
#include "snapshot.h"
#include "tx.h"

/* Longer packets take pages, not one block of memory. */
#define LINEAR_MAX	(PAGE_SIZE - 512)

static int out_ipv4(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);
	struct neighbour *neigh;
	bool is_v6gw = false;

	neigh = ip_neigh_for_gw(rt, skb, &is_v6gw);
	if (IS_ERR(neigh)) {
		kfree_skb(skb);
		return PTR_ERR(neigh);
	}
	return neigh_output(neigh, skb, is_v6gw);
}

static int out_ipv6(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);
	const struct in6_addr *next;
	struct neighbour *neigh;

	next = rt6_nexthop(container_of(dst, struct rt6_info, dst),
			   &ipv6_hdr(skb)->daddr);
	neigh = __ipv6_neigh_lookup_noref(dst->dev, next);
	if (!neigh)
		neigh = __neigh_create(&nd_tbl, next, dst->dev, false);
	if (IS_ERR(neigh)) {
		kfree_skb(skb);
		return PTR_ERR(neigh);
	}
	return neigh_output(neigh, skb, false);
}

/* Whether the device, or what stands in for it, will sum. */
static bool is_summed_later(const struct nx_dest *dest,
			    const struct nx_tx_packet *p)
{
	netdev_features_t can = dest->dst->dev->features;

	if (p->gso_size)
		return true;	/* each segment has its own, by who cuts it */
	if (p->len > dest->mtu)
		return false;	/* fragments carry one sum over all of them */
	if (can & NETIF_F_HW_CSUM)
		return true;
	return can & (dest->key.ip_version == 4 ? NETIF_F_IP_CSUM :
						  NETIF_F_IPV6_CSUM);
}

/*
 * Whether the payload leaves as the pages that it lies in: if nobody here has to
 * read it, and the packet does not stay here.
 */
static bool is_flight(const struct nx_dest *dest, const struct nx_tx_packet *p)
{
	const struct net_device *dev = dest->dst->dev;

	if (likely(!nx_flight_may_suit(p)) || !nx_flight_suits(p))
		return false;
	if (dest->needs_whole_way || (p->len > dest->mtu && !p->gso_size))
		return false;
	if (p->flags & NEXUS_DESC_CSUM && !is_summed_later(dest, p))
		return false;
	return dev->features & NETIF_F_SG && !(dev->flags & IFF_LOOPBACK);
}

/* A packet that lies in one page, behind the copy of its headers. */
static void copy_linear(void *to, const struct nx_tx_packet *p)
{
	u32 n = p->nr_headers;

	if (likely(n == NX_HEADERS_MAX))
		nx_snapshot_headers(to, p->headers);
	else
		memcpy(to, p->headers, n);
	memcpy(to + n, p->linear + n, p->len - n);
}

/* All of the packet into @skb, the sum of its transport part into *sum. */
static bool fill(struct sk_buff *skb, const struct nx_tx_packet *p, __wsum *sum)
{
	u32 off = sum ? p->packet.l4_off : 0, head = skb_headlen(skb), i, n;
	const skb_frag_t *frag;

	if (likely(p->linear && head == p->len && !sum)) {
		copy_linear(skb->data, p);
		return true;
	}
	if (sum && !nx_tx_copy(p, 0, skb->data, off, NULL))
		return false;
	if (!nx_tx_copy(p, off, skb->data + off, head - off, sum))
		return false;
	if (unlikely(skb_zcopy(skb)))
		return true;
	off = head;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		frag = &skb_shinfo(skb)->frags[i];
		n = skb_frag_size(frag);
		if (!nx_tx_copy(p, off, skb_frag_address(frag), n, sum))
			return false;
		off += n;
	}
	return true;
}

/*
 * An skb with @size bytes, as drivers make theirs: from the CPU's cache of skbs
 * and of fragments of pages. Bottom halves are off.
 */
static struct sk_buff *alloc_linear(u32 size)
{
	struct sk_buff *skb;
	void *data;

	size = SKB_HEAD_ALIGN(size);
	data = napi_alloc_frag(size);
	if (unlikely(!data))
		return NULL;
	skb = napi_build_skb(data, size);
	if (unlikely(!skb))
		skb_free_frag(data);
	return skb;
}

/* An skb with room for the headers, and the payload behind them. */
static struct sk_buff *alloc_flight(struct nx_channel *chan, struct sock *sk,
				    const struct nx_tx_packet *p,
				    const struct nx_dest *dest)
{
	u32 room = LL_RESERVED_SPACE(dest->dst->dev);
	struct sk_buff *skb;

	skb = alloc_linear(room + p->packet.payload_off);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, room);
	skb_put(skb, p->packet.payload_off);
	if (unlikely(!nx_flight_load(skb, chan, p))) {
		kfree_skb(skb);
		return NULL;
	}
	skb_set_owner_w(skb, sk);
	return skb;
}

static struct sk_buff *alloc(struct sock *sk, const struct nx_tx_packet *p,
			     const struct nx_dest *dest)
{
	u32 room = LL_RESERVED_SPACE(dest->dst->dev);
	u32 head = p->len <= LINEAR_MAX ? p->len : p->packet.payload_off;
	struct sk_buff *skb;
	int err;

	if (head == p->len)
		skb = alloc_linear(room + head);
	else
		skb = alloc_skb_with_frags(room + head, p->len - head, 2, &err,
					   GFP_ATOMIC);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, room);
	__skb_put(skb, head);	/* it was made so large */
	if (head != p->len) {
		skb->len += p->len - head;
		skb->data_len = p->len - head;
	}
	skb_set_owner_w(skb, sk);
	return skb;
}

/* ip_send_check(), without a call. */
static void sum_ipv4(struct iphdr *h)
{
	h->check = 0;
	h->check = ip_fast_csum(h, h->ihl);
}

static void set_headers(struct sk_buff *skb, const struct nx_tx_packet *p,
			const struct nx_dest *dest, struct sock *sk)
{
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, p->packet.l4_off);
	skb->protocol = dest->key.ip_version == 4 ? htons(ETH_P_IP) :
						    htons(ETH_P_IPV6);
	skb->dev = dest->dst->dev;
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = READ_ONCE(sk->sk_mark);
	if (dest->key.ip_version == 4)
		sum_ipv4(ip_hdr(skb));
}

static __sum16 pseudo_sum(const struct nx_tx_packet *p,
			  const struct nx_flow_key *key, __wsum sum)
{
	u32 len = p->len - p->packet.l4_off;

	if (key->ip_version == 4)
		return csum_tcpudp_magic(key->local.v4, key->remote.v4, len,
					 key->protocol, sum);
	return csum_ipv6_magic((const void *)&key->local,
			       (const void *)&key->remote, len, key->protocol,
			       sum);
}

static __sum16 *sum_field(struct sk_buff *skb, const struct nx_tx_packet *p)
{
	return (__sum16 *)(skb_network_header(skb) + p->packet.csum_off);
}

/* RFC 768: a sum of 0 is sent as all ones. */
static void finish_sum(struct sk_buff *skb, const struct nx_tx_packet *p,
		       const struct nx_flow_key *key, __wsum sum)
{
	__sum16 check = pseudo_sum(p, key, sum);

	if (!check && key->protocol == IPPROTO_UDP)
		check = CSUM_MANGLED_0;
	*sum_field(skb, p) = check;
}

/* The sum is left to the device: it starts from that of the pseudo header. */
static void defer_sum(struct sk_buff *skb, const struct nx_tx_packet *p,
		      const struct nx_flow_key *key)
{
	*sum_field(skb, p) = ~pseudo_sum(p, key, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = p->packet.csum_off - p->packet.l4_off;
}

/* Who cuts it into segments, the device or the kernel, goes by this. */
static void set_gso(struct sk_buff *skb, const struct nx_tx_packet *p)
{
	struct skb_shared_info *info = skb_shinfo(skb);

	info->gso_size = p->gso_size;
	info->gso_segs = nx_tx_gso_segs(p);
	if (p->packet.key.protocol == IPPROTO_UDP)
		info->gso_type = SKB_GSO_UDP_L4;
	else if (p->packet.key.ip_version == 4)
		info->gso_type = SKB_GSO_TCPV4;
	else
		info->gso_type = SKB_GSO_TCPV6;
	if (p->packet.tcp_flags & NX_TCP_CWR)
		info->gso_type |= SKB_GSO_TCP_ECN;
}

static bool fill_and_sum(struct nx_queue *q, struct sk_buff *skb,
			 struct nx_tx_packet *p, const struct nx_dest *dest,
			 struct sock *sk)
{
	bool wants_sum = p->flags & NEXUS_DESC_CSUM;
	bool is_later = wants_sum && is_summed_later(dest, p);
	bool is_now = wants_sum && !is_later;
	u32 l4_len = p->len - p->packet.l4_off, nr_copied = p->len;
	__wsum sum = 0;

	if (wants_sum)	/* what the application left there is not summed */
		memset(p->headers + p->packet.csum_off, 0, sizeof(__sum16));
	if (!fill(skb, p, is_now ? &sum : NULL))
		return false;
	set_headers(skb, p, dest, sk);
	if (p->gso_size)
		set_gso(skb, p);
	if (is_now)
		finish_sum(skb, p, &dest->key, sum);
	else if (is_later)
		defer_sum(skb, p, &dest->key);
	if (is_now) {
		WRITE_ONCE(q->tx_summed, q->tx_summed + l4_len);
		nr_copied -= l4_len;
	} else if (skb_zcopy(skb)) {
		nr_copied = p->packet.payload_off;
	}
	WRITE_ONCE(q->tx_copied, q->tx_copied + nr_copied);
	return true;
}

static int send_fragments(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	memset(skb->cb, 0, sizeof(skb->cb));
	if (skb->protocol == htons(ETH_P_IP)) {
		/* RFC 6864: unlike that of any other datagram of this host. */
		__ip_select_ident(net, ip_hdr(skb), 1);
		return ip_do_fragment(net, sk, skb, out_ipv4);
	}
	skb->ignore_df = true;	/* or it tells the socket instead */
	return ipv6_stub->ipv6_fragment(net, sk, skb, out_ipv6);
}

static int send_whole_way(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	memset(skb->cb, 0, sizeof(skb->cb));
	skb->ignore_df = true;
	return dst_output(net, sk, skb);
}

static __always_inline int send_skb(const struct nx_tx_packet *p,
				    const struct nx_dest *dest,
				    struct net *net, struct sock *sk,
				    struct sk_buff *skb)
{
	if (unlikely(dest->needs_whole_way)) {
		skb_dst_set(skb, dst_clone(dest->dst));
		return send_whole_way(net, sk, skb);
	}
	if (unlikely(p->len > dest->mtu && !p->gso_size)) {
		skb_dst_set(skb, dst_clone(dest->dst));
		return send_fragments(net, sk, skb);
	}
	skb_dst_set_noref(skb, dest->dst);
	if (dest->key.ip_version == 4)
		return out_ipv4(net, sk, skb);
	return out_ipv6(net, sk, skb);
}

/* All of it, or each segment that it is cut into. */
static bool is_too_long(const struct nx_tx_packet *p, u32 mtu)
{
	if (unlikely(p->gso_size))
		return p->packet.payload_off + p->gso_size > mtu;
	return p->len > mtu && !p->packet.may_fragment;
}

static enum nexus_drop_reason send_checked(struct nx_queue *q,
					   struct nx_tx_packet *p,
					   const struct nx_dest *dest,
					   struct sk_buff *skb)
{
	int err;

	err = send_skb(p, dest, q->chan->nexus->net, nx_flow_sk(p->flow), skb);
	/* A macro: it evaluates its argument twice. */
	err = net_xmit_eval(err);
	return unlikely(err) ? NEXUS_DROP_TX_DEVICE : NEXUS_DROP_NONE;
}

/* One whose sender hears of it, whatever happens from here on. */
static enum nexus_drop_reason send_reported(struct nx_queue *q,
					    struct nx_tx_packet *p,
					    const struct nx_dest *dest,
					    struct sk_buff *skb)
{
	enum nexus_drop_reason reason = NEXUS_DROP_TX_EXPIRED;
	struct nx_sent *sent;

	sent = nx_sent_begin(q, p, skb);
	if (!sent) {
		kfree_skb(skb);
		return NEXUS_DROP_TX_NO_MEMORY;
	}
	p->is_reported = true;
	if (nx_sent_check(sent, ktime_get_ns()))
		reason = send_checked(q, p, dest, skb);
	else
		kfree_skb(skb);
	nx_sent_end(sent, reason);
	return reason;
}

/**
 * nx_xmit - send one packet through a device
 * @q:    the queue that sends, locked by its tx_lock; in a RCU section with
 *        bottom halves off
 * @p:    the packet, checked
 * @dest: where it goes
 *
 * Return: NEXUS_DROP_NONE, or why it was lost.
 */
enum nexus_drop_reason nx_xmit(struct nx_queue *q, struct nx_tx_packet *p,
			       struct nx_dest *dest)
{
	struct sock *sk = nx_flow_sk(p->flow);
	struct sk_buff *skb;

	if (unlikely(is_too_long(p, dest->mtu))) {
		nx_event_pmtu(p->flow, dest->mtu);
		return NEXUS_DROP_TX_MTU;
	}
	if (unlikely(is_flight(dest, p)))
		skb = alloc_flight(q->chan, sk, p, dest);
	else
		skb = alloc(sk, p, dest);
	if (unlikely(!skb))
		return NEXUS_DROP_TX_NO_MEMORY;
	if (unlikely(!fill_and_sum(q, skb, p, dest, sk))) {
		kfree_skb(skb);
		return NEXUS_DROP_TX_NO_MEMORY;
	}
	if (unlikely(p->flags & NX_SENT_FLAGS))
		return send_reported(q, p, dest, skb);
	return send_checked(q, p, dest, skb);
}
