/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Headers of a packet on their way in and out: what they say, and whether a
 * flow may say it. Everything here works on a private copy of the headers.
 *
 * IPv4: RFC 791; IPv6: RFC 8200; UDP: RFC 768; ICMP: RFC 792, RFC 4443.
 */
#ifndef NX_CORE_PACKET_H
#define NX_CORE_PACKET_H

#include <linux/nexus.h>
#include "flow_key.h"

#define NX_IPV4_HLEN		20
#define NX_IPV6_HLEN		40
#define NX_UDP_HLEN		8
#define NX_ICMP_HLEN		8

/* The most that a transmitted packet's checked headers can take. */
#define NX_HEADERS_MAX		64

#define NX_IPPROTO_ICMP		1
#define NX_IPPROTO_UDP		17
#define NX_IPPROTO_ICMPV6	58

/* RFC 791 section 3.1: flags and offset, host byte order. */
#define NX_IPV4_DF		0x4000
#define NX_IPV4_MF		0x2000
#define NX_IPV4_OFFSET		0x1fff

/**
 * struct nx_packet - what the headers of one packet say
 * @key:         its flow's key, as the receiving host sees it for a packet that
 *               arrives and as the sending host sees it for one that leaves
 * @len:         of the IP packet, bytes
 * @l4_off:      of the transport header from the packet's first byte
 * @payload_off: of the payload
 * @may_fragment: it is IPv4 without DF
 * @has_csum:    its transport checksum was given (RFC 768: not 0)
 */
struct nx_packet {
	struct nx_flow_key	key;
	u32			len;
	u16			l4_off;
	u16			payload_off;
	bool			may_fragment;
	bool			has_csum;
};

/**
 * enum nx_parse - what became of a packet's parsing
 * @NX_PARSE_OK:       a whole UDP datagram without IP options
 * @NX_PARSE_ERROR:    an ICMP error message
 * @NX_PARSE_OTHER:    something for the kernel's stack: another protocol, a
 *                     fragment, options, or not well formed
 */
enum nx_parse {
	NX_PARSE_OK,
	NX_PARSE_ERROR,
	NX_PARSE_OTHER,
};

static inline u16 nx_get_be16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline void nx_copy_addr4(union nx_addr *a, const u8 *p)
{
	a->u64[0] = 0;
	a->u64[1] = 0;
	memcpy(&a->v4, p, 4);
}

static inline void nx_copy_addr6(union nx_addr *a, const u8 *p)
{
	memcpy(a, p, 16);
}

/* RFC 1071 over an IPv4 header without options. */
static inline bool nx_ipv4_csum_is_right(const u8 *h)
{
	u64 sum = 0;
	u32 w[NX_IPV4_HLEN / 4];

	memcpy(w, h, sizeof(w));
	sum = (u64)w[0] + w[1] + w[2] + w[3] + w[4];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* RFC 792: destination unreachable, source quench, time exceeded, parameters. */
static inline bool nx_icmp_is_error(u8 type)
{
	return type == 3 || type == 4 || type == 11 || type == 12;
}

/* RFC 4443 section 2.1: error messages have a type below 128. */
static inline bool nx_icmpv6_is_error(u8 type)
{
	return type < 128;
}

static __always_inline bool nx_parse_udp(const u8 *udp, u32 udp_len, bool is_tx,
					 struct nx_packet *p)
{
	__be16 port[2];

	if (nx_get_be16(udp + 4) != udp_len)
		return false;
	memcpy(port, udp, sizeof(port));
	p->key.local_port = is_tx ? port[0] : port[1];
	p->key.remote_port = is_tx ? port[1] : port[0];
	p->has_csum = udp[6] | udp[7];
	return true;
}

/*
 * Parses @avail bytes of an IPv4 packet's headers; @is_tx: the source is this
 * host. A datagram whose UDP length is not that of the IP payload is left to
 * the kernel's stack.
 */
static __always_inline enum nx_parse
nx_parse_ipv4(const u8 *h, u32 avail, bool is_tx, struct nx_packet *p)
{
	u16 frag;

	if (avail < NX_IPV4_HLEN + NX_UDP_HLEN || h[0] != 0x45)
		return NX_PARSE_OTHER;
	p->len = nx_get_be16(h + 2);
	frag = nx_get_be16(h + 6);
	if (frag & (NX_IPV4_MF | NX_IPV4_OFFSET))
		return NX_PARSE_OTHER;
	if (p->len < NX_IPV4_HLEN + NX_UDP_HLEN)
		return NX_PARSE_OTHER;
	p->may_fragment = !(frag & NX_IPV4_DF);
	p->l4_off = NX_IPV4_HLEN;
	p->payload_off = NX_IPV4_HLEN + NX_UDP_HLEN;
	p->key.protocol = h[9];
	p->key.ip_version = 4;
	p->key.pad = 0;
	nx_copy_addr4(is_tx ? &p->key.local : &p->key.remote, h + 12);
	nx_copy_addr4(is_tx ? &p->key.remote : &p->key.local, h + 16);
	if (p->key.protocol == NX_IPPROTO_ICMP)
		return nx_icmp_is_error(h[NX_IPV4_HLEN]) ? NX_PARSE_ERROR :
							   NX_PARSE_OTHER;
	if (p->key.protocol != NX_IPPROTO_UDP ||
	    !nx_parse_udp(h + NX_IPV4_HLEN, p->len - NX_IPV4_HLEN, is_tx, p))
		return NX_PARSE_OTHER;
	return NX_PARSE_OK;
}

/* The same for IPv6. Extension headers are left to the kernel's stack. */
static __always_inline enum nx_parse
nx_parse_ipv6(const u8 *h, u32 avail, bool is_tx, struct nx_packet *p)
{
	if (avail < NX_IPV6_HLEN + NX_UDP_HLEN || h[0] >> 4 != 6)
		return NX_PARSE_OTHER;
	p->len = NX_IPV6_HLEN + nx_get_be16(h + 4);
	if (p->len < NX_IPV6_HLEN + NX_UDP_HLEN)
		return NX_PARSE_OTHER;
	p->may_fragment = is_tx;
	p->l4_off = NX_IPV6_HLEN;
	p->payload_off = NX_IPV6_HLEN + NX_UDP_HLEN;
	p->key.protocol = h[6];
	p->key.ip_version = 6;
	p->key.pad = 0;
	nx_copy_addr6(is_tx ? &p->key.local : &p->key.remote, h + 8);
	nx_copy_addr6(is_tx ? &p->key.remote : &p->key.local, h + 24);
	if (p->key.protocol == NX_IPPROTO_ICMPV6)
		return nx_icmpv6_is_error(h[NX_IPV6_HLEN]) ? NX_PARSE_ERROR :
							     NX_PARSE_OTHER;
	if (p->key.protocol != NX_IPPROTO_UDP ||
	    !nx_parse_udp(h + NX_IPV6_HLEN, p->len - NX_IPV6_HLEN, is_tx, p))
		return NX_PARSE_OTHER;
	return NX_PARSE_OK;
}

/*
 * Whether a flow with key @flow may send a packet with key @pkt. A listener may
 * send to anybody from its port; a zero local address leaves the source to the
 * caller, who asks the kernel whether it is this host's.
 */
static __always_inline bool nx_flow_may_send(const struct nx_flow_key *flow,
					     const struct nx_flow_key *pkt)
{
	if (pkt->ip_version != flow->ip_version ||
	    pkt->protocol != flow->protocol ||
	    pkt->local_port != flow->local_port)
		return false;
	if (!nx_addr_is_any(&flow->local) &&
	    !nx_addr_equal(&pkt->local, &flow->local))
		return false;
	return nx_flow_key_is_listener(flow) ||
	       (pkt->remote_port == flow->remote_port &&
		nx_addr_equal(&pkt->remote, &flow->remote));
}

enum nexus_drop_reason nx_tx_parse(const u8 *h, u32 avail, u32 len,
				   struct nx_packet *p);
enum nx_parse nx_parse_quoted(const u8 *icmp, u32 avail, u8 ip_version,
			      struct nx_packet *quoted);

#endif /* NX_CORE_PACKET_H */
