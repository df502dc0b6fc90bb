// SPDX-License-Identifier: GPL-2.0
/*
 * Reception: what arrives at a device that a nexus listens on, or at an adopted
 * socket. What no flow claims, and what is out of the ordinary, is left to the
 * kernel's stack; if that delivers it to an adopted socket, the flow gets it
 * after all.
 */
#include <linux/if_vlan.h>
#include <linux/skbuff.h>
#include <linux/ktime.h>
#include <net/ip.h>
#include <net/udp.h>
#include "core/packet.h"
#include "beside.h"
#include "channel.h"
#include "deliver.h"
#include "flow.h"
#include "icmp.h"
#include "martian.h"
#include "nexus.h"
#include "rx.h"
#include "rx_again.h"
#include "tcp.h"
#include "wake.h"

/* What the kernel's input would not take for granted is left to it. */
static bool is_plain_ipv4(const struct sk_buff *skb, const u8 *h,
			  const struct nx_packet *p)
{
	if (!nx_ipv4_csum_is_right(h))
		return false;
	if (ipv4_is_multicast(p->key.local.v4) || ipv4_is_lbcast(p->key.local.v4))
		return false;
	if (skb->dev->flags & IFF_LOOPBACK)
		return true;
	return !(ipv4_is_loopback(p->key.local.v4) ||
		 ipv4_is_loopback(p->key.remote.v4) ||
		 ipv4_is_multicast(p->key.remote.v4) ||
		 ipv4_is_lbcast(p->key.remote.v4) ||
		 ipv4_is_zeronet(p->key.remote.v4));
}

static bool is_plain_ipv6(const struct sk_buff *skb, const struct nx_packet *p)
{
	const struct in6_addr *local = (const void *)&p->key.local;
	const struct in6_addr *remote = (const void *)&p->key.remote;

	if (!p->has_csum)	/* RFC 8200 section 8.1 */
		return false;
	if (ipv6_addr_is_multicast(local) || ipv6_addr_is_multicast(remote))
		return false;
	return (skb->dev->flags & IFF_LOOPBACK) ||
	       !(ipv6_addr_loopback(local) || ipv6_addr_loopback(remote));
}

static bool may_receive(struct nx_flow *flow, const struct net_device *dev,
			const struct nx_flow_key *key)
{
	if (flow->ifindex && flow->ifindex != dev->ifindex)
		return false;
	if (READ_ONCE(flow->is_address_gone) || nx_flow_is_narrowed(flow))
		return false;
	return !nx_addr_is_any(&flow->node[0].key.local) ||
	       nx_is_address_ours(flow, dev, key);
}

/**
 * nx_rx_find - the flow that may receive a packet from this device
 * @nexus: that listens on the device
 * @skb:   the packet
 * @key:   of the packet, as this host sees it
 */
struct nx_flow *nx_rx_find(struct nx_nexus *nexus, const struct sk_buff *skb,
			   const struct nx_flow_key *key)
{
	struct nx_flow *flow = nx_flow_find_rcu(&nexus->flows, key);

	return flow && may_receive(flow, skb->dev, key) ? flow : NULL;
}

/* The same for a segment, which one beside the kernel's listener may leave to it. */
static bool find_receiver(struct nx_rx_packet *rx, struct nx_nexus *nexus,
			  const struct nx_packet *p)
{
	const struct net_device *dev = rx->skb->dev;

	rx->flow = nx_flow_find_rcu(&nexus->flows, &p->key);
	if (rx->flow && unlikely(rx->flow->listening))
		rx->flow = nx_beside_find_rcu(nexus, dev, &p->key,
					      nx_tcp_is_syn(p->tcp_flags));
	return rx->flow && may_receive(rx->flow, dev, &p->key);
}

/* What the device knows of the checksum; what it does not, the copy will. */
static void set_csum(struct nx_rx_packet *rx, const u8 *h,
		     const struct nx_packet *p)
{
	struct sk_buff *skb = rx->skb;

	if (!p->has_csum || skb_csum_unnecessary(skb)) {
		rx->flags |= NEXUS_DESC_CSUM;
		return;
	}
	rx->sum = nx_rx_sum_start(h, &p->key, p->len - p->l4_off);
	if (skb->ip_summed == CHECKSUM_COMPLETE && skb->len == p->len &&
	    !csum_fold(csum_add(skb->csum, rx->sum)))
		rx->flags |= NEXUS_DESC_CSUM;
	else
		rx->wants_sum = true;
}

static bool set_gso(struct nx_rx_packet *rx)
{
	const struct skb_shared_info *info = skb_shinfo(rx->skb);

	if (likely(!skb_is_gso(rx->skb)))
		return true;
	if (!(info->gso_type & (SKB_GSO_UDP_L4 | SKB_GSO_TCPV4 |
				SKB_GSO_TCPV6)) ||
	    (info->gso_type & SKB_GSO_FRAGLIST) || rx->wants_sum)
		return false;
	rx->flags |= NEXUS_DESC_GSO;
	rx->gso_size = info->gso_size;
	rx->gso_segs = info->gso_segs;
	return true;
}

/**
 * nx_rx_deliver - deliver a packet that arrived
 * @rx: the packet; its time is filled in here
 *
 * In a RCU section, with bottom halves off.
 */
void nx_rx_deliver(struct nx_rx_packet *rx)
{
	struct nx_queue *q = nx_deliver_queue(rx->flow, rx->hash);

	rx->time_ns = ktime_get_ns();
	nx_deliver_begin(q);
	nx_deliver(q, rx);
	nx_deliver_end(q, true);
}

/* The tracker wants a SYN's options, too. */
static void track(struct nx_flow *flow, struct sk_buff *skb, const u8 *h,
		  const struct nx_packet *p)
{
	u32 avail = p->l4_off + NX_TCP_HLEN;
	u8 copy[NX_HEADERS_ALL];

	if (p->tcp_flags & NX_TCP_SYN) {
		h = skb_header_pointer(skb, 0, p->payload_off, copy);
		if (!h)
			return;
		avail = p->payload_off;
	}
	nx_tcp_receive(flow, h, avail, p);
}

/*
 * A segment is followed when its sum has proved right, and before its owner sees
 * it, who may answer at once. False: it is the kernel's after all.
 */
static bool deliver_segment(struct nx_rx_packet *rx, const u8 *h,
			    const struct nx_packet *p)
{
	struct nx_queue *q = nx_deliver_queue(rx->flow, rx->hash);
	bool is_claimed = true;

	rx->time_ns = ktime_get_ns();
	nx_deliver_begin(q);
	if (unlikely(rx->flow->listening))
		is_claimed = nx_beside_deliver(q, rx,
					       nx_tcp_is_syn(p->tcp_flags));
	else if (nx_deliver(q, rx) == NEXUS_DROP_NONE)
		track(rx->flow, rx->skb, h, p);
	nx_deliver_end(q, true);
	if (nx_tcp_is_over(rx->flow))
		nx_flow_end(rx->flow);
	return is_claimed;
}

/* Claims a packet for its flow; false: it is the kernel's. */
static bool claim(struct nx_nexus *nexus, struct sk_buff *skb, const u8 *h,
		  const struct nx_packet *p)
{
	struct nx_rx_packet rx = {
		.skb = skb,
		.len = p->len,
		.ip_version = p->key.ip_version,
		.protocol = p->key.protocol,
		.l4_off = p->l4_off,
		.payload_off = p->payload_off,
		.hash = nx_flow_key_hash(&p->key),
		.ifindex = skb->dev->ifindex,
	};
	unsigned long seq;

	if (p->len > skb->len || p->len > NEXUS_PACKET_MAX ||
	    nx_has_xfrm_policy(dev_net(skb->dev)))
		return false;
	seq = READ_ONCE(nexus->flows.seq);
	smp_rmb(); /* S1, pairs with S2 in nx_flow_table_add() and _del() */
	if (!find_receiver(&rx, nexus, p) ||
	    unlikely(nx_is_martian(rx.flow, skb->dev, &p->key)))
		return false;
	set_csum(&rx, h, p);
	if (!set_gso(&rx))
		return false;
	if (p->key.protocol == IPPROTO_TCP)
		return deliver_segment(&rx, h, p);
	nx_rx_deliver(&rx);
	nx_rx_again_learn(nexus, &rx, &p->key, seq);
	return true;
}

static bool look_at_ipv4(struct nx_nexus *nexus, struct sk_buff *skb)
{
	u8 copy[NX_IPV4_HLEN + NX_TCP_HLEN];
	u32 avail = min_t(u32, skb->len, sizeof(copy));
	struct nx_packet p;
	enum nx_parse what;
	const u8 *h;

	h = skb_header_pointer(skb, 0, avail, copy);
	if (!h || !nx_rx_is_for_device(skb))
		return false;
	what = nx_parse_ipv4(h, avail, false, &p);
	if (what == NX_PARSE_ERROR)
		nx_icmp_ingress(nexus, skb, h, &p);
	if (what != NX_PARSE_OK || !is_plain_ipv4(skb, h, &p))
		return false;
	return claim(nexus, skb, h, &p);
}

static bool look_at_ipv6(struct nx_nexus *nexus, struct sk_buff *skb)
{
	u8 copy[NX_IPV6_HLEN + NX_TCP_HLEN];
	u32 avail = min_t(u32, skb->len, sizeof(copy));
	struct nx_packet p;
	enum nx_parse what;
	const u8 *h;

	h = skb_header_pointer(skb, 0, avail, copy);
	if (!h || !nx_rx_is_for_device(skb))
		return false;
	what = nx_parse_ipv6(h, avail, false, &p);
	if (what == NX_PARSE_ERROR)
		nx_icmp_ingress(nexus, skb, h, &p);
	if (what != NX_PARSE_OK || !is_plain_ipv6(skb, &p))
		return false;
	return claim(nexus, skb, h, &p);
}

/*
 * Whether a packet may be a flow's; not, for most of those that are nobody's. @at
 * is where its protocol stands, @l4 where the transport header does.
 */
static __always_inline bool is_wanted(const struct nx_nexus *nexus,
				      const struct sk_buff *skb, u32 at, u32 l4,
				      u8 icmp)
{
	const u8 *h = skb->data;
	__be16 port;

	if (unlikely(skb_headlen(skb) < l4 + NX_UDP_HLEN))
		return true;
	memcpy(&port, h + l4 + 2, sizeof(port));
	return nx_flow_table_has_port(&nexus->flows, h[at], port) ||
	       h[at] == icmp;
}

/* NF_ACCEPT: it is the kernel's. */
static unsigned int end_ingress(struct nx_nexus *nexus, struct sk_buff *skb,
				bool is_claimed)
{
	if (is_claimed) {
		consume_skb(skb);
		return NF_STOLEN;
	}
	this_cpu_inc(nexus->cpu->passed);
	return NF_ACCEPT;
}

/* Not inline: the packets that nobody wants do not pay for what it needs. */
static noinline unsigned int ingress_ipv4(struct nx_nexus *nexus,
					  struct sk_buff *skb)
{
	return end_ingress(nexus, skb, nx_rx_again_ipv4(nexus, skb) ||
				       look_at_ipv4(nexus, skb));
}

static noinline unsigned int ingress_ipv6(struct nx_nexus *nexus,
					  struct sk_buff *skb)
{
	return end_ingress(nexus, skb, nx_rx_again_ipv6(nexus, skb) ||
				       look_at_ipv6(nexus, skb));
}

/**
 * nx_rx_ingress - the hook: a packet has arrived at a device
 * @priv:  struct nx_nexus that listens on it
 * @skb:   the packet, from its network header on; may be shared
 * @state: not used
 *
 * In softirq, in a RCU section.
 */
unsigned int nx_rx_ingress(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct nx_nexus *nexus = priv;

	if (skb->protocol == htons(ETH_P_IP)) {
		if (is_wanted(nexus, skb, offsetof(struct iphdr, protocol),
			      NX_IPV4_HLEN, IPPROTO_ICMP))
			return ingress_ipv4(nexus, skb);
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		if (is_wanted(nexus, skb, offsetof(struct ipv6hdr, nexthdr),
			      NX_IPV6_HLEN, IPPROTO_ICMPV6))
			return ingress_ipv6(nexus, skb);
	}
	this_cpu_inc(nexus->cpu->passed);
	return NF_ACCEPT;
}

static bool was_reassembled(const struct sk_buff *skb, u8 ip_version)
{
	if (ip_version == 4)
		return IPCB(skb)->frag_max_size;
	return IP6CB(skb)->flags & IP6SKB_FRAGMENTED;
}

/**
 * nx_rx_socket - the kernel's stack delivers a datagram to an adopted socket
 * @flow: that adopted it
 * @skb:  from the UDP header on, that is, right behind the network header; the
 *        caller consumes it
 *
 * In a RCU section.
 */
void nx_rx_socket(struct nx_flow *flow, struct sk_buff *skb)
{
	u8 ip_version = ip_hdr(skb)->version;
	struct nx_rx_packet rx = {
		.flow = flow,
		.skb = skb,
		.flags = NEXUS_DESC_CSUM,
		.ip_version = ip_version,
		.protocol = IPPROTO_UDP,
		.ifindex = skb->skb_iif,
	};

	if (was_reassembled(skb, ip_version))
		rx.flags |= NEXUS_DESC_FRAGMENTED;
	rx.len = skb->len - skb_network_offset(skb);
	if (udp_lib_checksum_complete(skb)) {
		nx_deliver_refuse(&rx, NEXUS_DROP_RX_CHECKSUM);
		return;
	}
	__skb_push(skb, -skb_network_offset(skb));
	rx.l4_off = skb_transport_offset(skb);
	rx.payload_off = rx.l4_off + sizeof(struct udphdr);
	if (rx.len > NEXUS_PACKET_MAX || !set_gso(&rx)) {
		nx_deliver_refuse(&rx, NEXUS_DROP_RX_LENGTH);
		return;
	}
	local_bh_disable();
	nx_rx_deliver(&rx);
	local_bh_enable();
}
