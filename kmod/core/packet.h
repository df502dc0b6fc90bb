/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Headers of a packet on their way in and out: what they say, and whether a
 * flow may say it. Everything here works on a private copy of the headers.
 *
 * IPv4: RFC 791; IPv6: RFC 8200; UDP: RFC 768; TCP: RFC 9293; ICMP: RFC 792,
 * RFC 4443.
 */
#ifndef NX_CORE_PACKET_H
#define NX_CORE_PACKET_H

#include <linux/nexus.h>
#include "flow_key.h"

#define NX_IPV4_HLEN		20
#define NX_IPV6_HLEN		40
#define NX_UDP_HLEN		8
#define NX_TCP_HLEN		20
#define NX_ICMP_HLEN		8

/* What is read of every packet that leaves: all headers but TCP's options. */
#define NX_HEADERS_MAX		64
/* The most that they can take: IPv6, and TCP with 40 bytes of options. */
#define NX_HEADERS_ALL		(NX_IPV6_HLEN + 60)

#define NX_IPPROTO_ICMP		1
#define NX_IPPROTO_TCP		6
#define NX_IPPROTO_UDP		17
#define NX_IPPROTO_ICMPV6	58

/* RFC 791 section 3.1: flags and offset, host byte order. */
#define NX_IPV4_DF		0x4000
#define NX_IPV4_OFFSET		0x1fff

/* RFC 9293 section 3.1, and RFC 9768 for AE, as 16 bits with the data offset. */
#define NX_TCP_FIN		0x0001
#define NX_TCP_SYN		0x0002
#define NX_TCP_RST		0x0004
#define NX_TCP_PSH		0x0008
#define NX_TCP_ACK		0x0010
#define NX_TCP_URG		0x0020
#define NX_TCP_ECE		0x0040
#define NX_TCP_CWR		0x0080
#define NX_TCP_AE		0x0100
#define NX_TCP_RESERVED		0x0e00
#define NX_TCP_FLAGS		0x0fff

/**
 * struct nx_packet - what the headers of one packet say
 * @key:         its flow's key, as the receiving host sees it for a packet that
 *               arrives and as the sending host sees it for one that leaves
 * @len:         of the IP packet, bytes
 * @l4_off:      of the transport header from the packet's first byte
 * @payload_off: of the payload; with TCP options, past what was parsed
 * @csum_off:    of the transport checksum
 * @tcp_flags:   NX_TCP_*; 0 if it is not TCP
 * @may_fragment: it is IPv4 without DF, or UDP over IPv6 that leaves
 * @has_csum:    its transport checksum was given (RFC 768: not 0)
 */
struct nx_packet {
	struct nx_flow_key	key;
	u32			len;
	u16			l4_off;
	u16			payload_off;
	u16			csum_off;
	u16			tcp_flags;
	bool			may_fragment;
	bool			has_csum;
};

/**
 * enum nx_parse - what became of a packet's parsing
 * @NX_PARSE_OK:       a whole UDP datagram or TCP segment without IP options
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

static __always_inline bool nx_parse_udp(const u8 *udp, u32 len,
					 struct nx_packet *p)
{
	if (nx_get_be16(udp + 4) != len)
		return false;
	p->payload_off = p->l4_off + NX_UDP_HLEN;
	p->csum_off = p->l4_off + 6;
	p->tcp_flags = 0;
	p->has_csum = udp[6] | udp[7];
	return true;
}

/* @avail: bytes that can be read, @len: bytes that there are. */
static __always_inline bool nx_parse_tcp(const u8 *tcp, u32 avail, u32 len,
					 struct nx_packet *p)
{
	u32 hlen;

	if (avail < NX_TCP_HLEN)
		return false;
	hlen = (u32)(tcp[12] >> 4) * 4;
	if (hlen < NX_TCP_HLEN || hlen > len)
		return false;
	p->payload_off = p->l4_off + (u16)hlen;
	p->csum_off = p->l4_off + 16;
	p->tcp_flags = nx_get_be16(tcp + 12) & NX_TCP_FLAGS;
	p->may_fragment &= p->key.ip_version == 4;
	p->has_csum = true;
	return true;
}

/* The transport header, of which at least NX_UDP_HLEN bytes can be read. */
static __always_inline bool nx_parse_l4(const u8 *h, u32 avail, bool is_tx,
					struct nx_packet *p)
{
	const u8 *l4 = h + p->l4_off;
	__be16 port[2];

	memcpy(port, l4, sizeof(port));
	p->key.local_port = is_tx ? port[0] : port[1];
	p->key.remote_port = is_tx ? port[1] : port[0];
	if (p->key.protocol == NX_IPPROTO_UDP)
		return nx_parse_udp(l4, p->len - p->l4_off, p);
	return p->key.protocol == NX_IPPROTO_TCP &&
	       nx_parse_tcp(l4, avail - p->l4_off, p->len - p->l4_off, p);
}

/*
 * Parses @avail bytes of an IPv4 packet's headers; @is_tx: the source is this
 * host. What has lengths that disagree is left to the kernel's stack.
 */
static __always_inline enum nx_parse
nx_parse_ipv4(const u8 *h, u32 avail, bool is_tx, struct nx_packet *p)
{
	u16 frag;

	if (avail < NX_IPV4_HLEN + NX_UDP_HLEN || h[0] != 0x45)
		return NX_PARSE_OTHER;
	p->len = nx_get_be16(h + 2);
	frag = nx_get_be16(h + 6);
	if (frag & ~NX_IPV4_DF)
		return NX_PARSE_OTHER;
	if (p->len < NX_IPV4_HLEN + NX_UDP_HLEN)
		return NX_PARSE_OTHER;
	p->may_fragment = !(frag & NX_IPV4_DF);
	p->l4_off = NX_IPV4_HLEN;
	p->key.protocol = h[9];
	p->key.ip_version = 4;
	p->key.pad = 0;
	nx_copy_addr4(is_tx ? &p->key.local : &p->key.remote, h + 12);
	nx_copy_addr4(is_tx ? &p->key.remote : &p->key.local, h + 16);
	if (p->key.protocol == NX_IPPROTO_ICMP)
		return nx_icmp_is_error(h[NX_IPV4_HLEN]) ? NX_PARSE_ERROR :
							   NX_PARSE_OTHER;
	return nx_parse_l4(h, avail, is_tx, p) ? NX_PARSE_OK : NX_PARSE_OTHER;
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
	p->key.protocol = h[6];
	p->key.ip_version = 6;
	p->key.pad = 0;
	nx_copy_addr6(is_tx ? &p->key.local : &p->key.remote, h + 8);
	nx_copy_addr6(is_tx ? &p->key.remote : &p->key.local, h + 24);
	if (p->key.protocol == NX_IPPROTO_ICMPV6)
		return nx_icmpv6_is_error(h[NX_IPV6_HLEN]) ? NX_PARSE_ERROR :
							     NX_PARSE_OTHER;
	return nx_parse_l4(h, avail, is_tx, p) ? NX_PARSE_OK : NX_PARSE_OTHER;
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

/* Whether the two bytes @h are @want, in network byte order. */
static __always_inline bool nx_is_be16(const u8 *h, u16 want)
{
	const u8 be[2] = { want >> 8, want & 0xff };

	return !memcmp(h, be, 2);
}

/* RFC 791: no one has set DF in the header @h. */
static __always_inline bool nx_ipv4_may_fragment(const u8 *h)
{
	return !(h[6] & NX_IPV4_DF >> 8);
}

/* An IPv4 header and ports, all of which can be read, as @key and @len have them. */
static __always_inline bool
nx_tx_is_again_ends4(const u8 *h, u32 len, u8 protocol,
		     const struct nx_flow_key *key)
{
	return h[0] == 0x45 && nx_is_be16(h + 2, len) &&
	       !(h[6] & (u8)~(NX_IPV4_DF >> 8)) && !h[7] &&
	       h[8] && h[9] == protocol &&
	       !memcmp(h + 12, &key->local.v4, 4) &&
	       !memcmp(h + 16, &key->remote.v4, 4) &&
	       !memcmp(h + NX_IPV4_HLEN, &key->local_port, 2) &&
	       !memcmp(h + NX_IPV4_HLEN + 2, &key->remote_port, 2);
}

/* The same of IPv6. */
static __always_inline bool
nx_tx_is_again_ends6(const u8 *h, u32 len, u8 protocol,
		     const struct nx_flow_key *key)
{
	return h[0] >> 4 == 6 && nx_is_be16(h + 4, len - NX_IPV6_HLEN) &&
	       h[6] == protocol && h[7] &&
	       !memcmp(h + 8, &key->local, 16) &&
	       !memcmp(h + 24, &key->remote, 16) &&
	       !memcmp(h + NX_IPV6_HLEN, &key->local_port, 2) &&
	       !memcmp(h + NX_IPV6_HLEN + 2, &key->remote_port, 2);
}

/*
 * Whether the @avail first bytes @h of a packet of @len bytes, NEXUS_PACKET_MAX at
 * most, are the headers of a datagram with key @key, as the sending host sees it:
 * what nx_tx_parse() and nx_flow_key_equal() find out in two steps, for the packets
 * that are like the one before. @key is one of UDP over IPv4.
 */
static __always_inline bool
nx_tx_is_again_ipv4(const u8 *h, u32 avail, u32 len,
		    const struct nx_flow_key *key)
{
	return avail >= NX_IPV4_HLEN + NX_UDP_HLEN &&
	       nx_tx_is_again_ends4(h, len, NX_IPPROTO_UDP, key) &&
	       nx_is_be16(h + NX_IPV4_HLEN + 4, len - NX_IPV4_HLEN);
}

/* The same over IPv6. */
static __always_inline bool
nx_tx_is_again_ipv6(const u8 *h, u32 avail, u32 len,
		    const struct nx_flow_key *key)
{
	return avail >= NX_IPV6_HLEN + NX_UDP_HLEN &&
	       nx_tx_is_again_ends6(h, len, NX_IPPROTO_UDP, key) &&
	       nx_is_be16(h + NX_IPV6_HLEN + 4, len - NX_IPV6_HLEN);
}

/* RFC 9293 section 3.1: offset and flags of a header of @hlen bytes. */
static __always_inline bool nx_tcp_is_usual(const u8 *tcp, u32 hlen)
{
	const u16 free = NX_TCP_PSH | NX_TCP_ECE | NX_TCP_CWR | NX_TCP_AE;

	return (nx_get_be16(tcp + 12) & (u16)~free) ==
	       (hlen / 4 << 12 | NX_TCP_ACK);
}

/*
 * The same of a segment that acknowledges, with or without payload, and does nothing
 * else; its header, of which all can be read, ends at @payload_off. @key is one of
 * TCP over IPv4.
 */
static __always_inline bool
nx_tx_is_again_tcp4(const u8 *h, u32 avail, u32 len, u32 payload_off,
		    const struct nx_flow_key *key)
{
	return avail >= payload_off &&
	       nx_tx_is_again_ends4(h, len, NX_IPPROTO_TCP, key) &&
	       nx_tcp_is_usual(h + NX_IPV4_HLEN, payload_off - NX_IPV4_HLEN);
}

/* The same over IPv6. */
static __always_inline bool
nx_tx_is_again_tcp6(const u8 *h, u32 avail, u32 len, u32 payload_off,
		    const struct nx_flow_key *key)
{
	return avail >= payload_off &&
	       nx_tx_is_again_ends6(h, len, NX_IPPROTO_TCP, key) &&
	       nx_tcp_is_usual(h + NX_IPV6_HLEN, payload_off - NX_IPV6_HLEN);
}

/*
 * Whether the @avail first bytes @h are the headers of a datagram with key @key, as
 * the receiving host sees it, whose transport checksum is given: what
 * nx_parse_ipv4() and nx_flow_key_equal() find out in two steps. @key is one of UDP,
 * over either version: the addresses of one can begin as those of the other do. The
 * caller asks whether the header's own checksum is right, and whether as much has
 * arrived as the length says.
 */
static __always_inline bool
nx_rx_is_again_ipv4(const u8 *h, u32 avail, const struct nx_flow_key *key)
{
	return key->ip_version == 4 &&
	       avail >= NX_IPV4_HLEN + NX_UDP_HLEN && h[0] == 0x45 &&
	       !(h[6] & (u8)~(NX_IPV4_DF >> 8)) && !h[7] &&
	       h[9] == NX_IPPROTO_UDP &&
	       !memcmp(h + 12, &key->remote.v4, 4) &&
	       !memcmp(h + 16, &key->local.v4, 4) &&
	       !memcmp(h + NX_IPV4_HLEN, &key->remote_port, 2) &&
	       !memcmp(h + NX_IPV4_HLEN + 2, &key->local_port, 2) &&
	       nx_get_be16(h + 2) ==
		       NX_IPV4_HLEN + nx_get_be16(h + NX_IPV4_HLEN + 4) &&
	       nx_get_be16(h + 2) >= NX_IPV4_HLEN + NX_UDP_HLEN &&
	       (h[NX_IPV4_HLEN + 6] | h[NX_IPV4_HLEN + 7]);
}

/* The same over IPv6. */
static __always_inline bool
nx_rx_is_again_ipv6(const u8 *h, u32 avail, const struct nx_flow_key *key)
{
	return key->ip_version == 6 &&
	       avail >= NX_IPV6_HLEN + NX_UDP_HLEN && h[0] >> 4 == 6 &&
	       h[6] == NX_IPPROTO_UDP &&
	       !memcmp(h + 8, &key->remote, 16) &&
	       !memcmp(h + 24, &key->local, 16) &&
	       !memcmp(h + NX_IPV6_HLEN, &key->remote_port, 2) &&
	       !memcmp(h + NX_IPV6_HLEN + 2, &key->local_port, 2) &&
	       !memcmp(h + 4, h + NX_IPV6_HLEN + 4, 2) &&
	       nx_get_be16(h + 4) >= NX_UDP_HLEN &&
	       (h[NX_IPV6_HLEN + 6] | h[NX_IPV6_HLEN + 7]);
}

bool nx_tx_gso_is_sane(const struct nx_packet *p, u32 gso_size);
enum nexus_drop_reason nx_tx_parse(const u8 *h, u32 avail, u32 len,
				   struct nx_packet *p);
enum nx_parse nx_parse_quoted(const u8 *icmp, u32 avail, u8 ip_version,
			      struct nx_packet *quoted);

#endif /* NX_CORE_PACKET_H */
