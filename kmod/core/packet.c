// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Checks of a packet's headers that are too long to be inline: those of a
 * packet that leaves, and those that an ICMP error quotes.
 */
#include "packet.h"

static bool is_flows_protocol(u8 protocol)
{
	return protocol == NX_IPPROTO_UDP || protocol == NX_IPPROTO_TCP;
}

static enum nexus_drop_reason tx_reason_l4(u8 protocol)
{
	return is_flows_protocol(protocol) ? NEXUS_DROP_TX_L4 :
					     NEXUS_DROP_TX_MISMATCH;
}

/*
 * Whether a segment may have these flags (RFC 9293 section 3.10): it opens,
 * aborts, or acknowledges, and no two of what opens, ends and aborts.
 */
static bool tcp_flags_are_sane(u16 flags)
{
	u16 what = flags & (NX_TCP_SYN | NX_TCP_FIN | NX_TCP_RST);

	if (flags & NX_TCP_RESERVED)
		return false;
	if (what & (what - 1))
		return false;
	return flags & (NX_TCP_SYN | NX_TCP_RST | NX_TCP_ACK);
}

/* Which check an IPv4 packet that is not OK has failed. */
static enum nexus_drop_reason tx_reason_ipv4(const u8 *h, u32 avail)
{
	if (avail < NX_IPV4_HLEN || h[0] != 0x45 ||
	    (nx_get_be16(h + 6) & ~NX_IPV4_DF))
		return NEXUS_DROP_TX_IP;
	return tx_reason_l4(h[9]);
}

static enum nexus_drop_reason tx_reason_ipv6(const u8 *h, u32 avail)
{
	if (avail < NX_IPV6_HLEN)
		return NEXUS_DROP_TX_IP;
	return tx_reason_l4(h[6]);
}

/**
 * nx_tx_parse - check the headers of a packet that an application sends
 * @h:     a private copy of the packet's first bytes
 * @avail: bytes in it
 * @len:   bytes of the whole packet, as its descriptors say
 * @p:     result; the key is that of the sending host
 *
 * Return: NEXUS_DROP_NONE, or why the packet must not leave.
 */
enum nexus_drop_reason nx_tx_parse(const u8 *h, u32 avail, u32 len,
				   struct nx_packet *p)
{
	enum nx_parse what;

	if (!avail)
		return NEXUS_DROP_TX_IP;
	if (h[0] >> 4 == 4) {
		what = nx_parse_ipv4(h, avail, true, p);
		if (what != NX_PARSE_OK)
			return tx_reason_ipv4(h, avail);
		if (!h[8])	/* time to live */
			return NEXUS_DROP_TX_IP;
	} else if (h[0] >> 4 == 6) {
		what = nx_parse_ipv6(h, avail, true, p);
		if (what != NX_PARSE_OK)
			return tx_reason_ipv6(h, avail);
		if (!h[7])	/* hop limit */
			return NEXUS_DROP_TX_IP;
	} else {
		return NEXUS_DROP_TX_IP;
	}
	if (p->key.protocol == NX_IPPROTO_TCP &&
	    !tcp_flags_are_sane(p->tcp_flags))
		return NEXUS_DROP_TX_L4;
	return p->len == len ? NEXUS_DROP_NONE : NEXUS_DROP_TX_IP;
}

/**
 * nx_tx_gso_is_sane - can a packet be cut into segments?
 * @p:        the packet, checked; more payload than one segment has
 * @gso_size: payload bytes of each segment but the last
 *
 * Only the first segment of TCP may have CWR and only the last FIN and PSH,
 * which the kernel sees to; SYN, RST and URG belong to one segment.
 */
bool nx_tx_gso_is_sane(const struct nx_packet *p, u32 gso_size)
{
	u32 payload = p->len - p->payload_off;

	if (gso_size < NEXUS_GSO_SIZE_MIN)
		return false;
	if (p->key.protocol == NX_IPPROTO_TCP)
		return !(p->tcp_flags & (NX_TCP_SYN | NX_TCP_RST | NX_TCP_URG));
	return payload <= NEXUS_GSO_DATAGRAMS_MAX * gso_size;
}

/* RFC 792, RFC 1812 section 4.3.2.3: the IP header and at least 8 bytes. */
static enum nx_parse parse_quoted_ipv4(const u8 *h, u32 avail,
				       struct nx_packet *q)
{
	u32 ihl;

	if (avail < NX_IPV4_HLEN || h[0] >> 4 != 4)
		return NX_PARSE_OTHER;
	ihl = (h[0] & 15) * 4;
	if (ihl < NX_IPV4_HLEN || avail < ihl + 8 || !is_flows_protocol(h[9]))
		return NX_PARSE_OTHER;
	if (nx_get_be16(h + 6) & NX_IPV4_OFFSET)
		return NX_PARSE_OTHER;
	nx_copy_addr4(&q->key.local, h + 12);
	nx_copy_addr4(&q->key.remote, h + 16);
	q->l4_off = (u16)ihl;
	q->key.protocol = h[9];
	return NX_PARSE_OK;
}

static enum nx_parse parse_quoted_ipv6(const u8 *h, u32 avail,
				       struct nx_packet *q)
{
	if (avail < NX_IPV6_HLEN + 8 || h[0] >> 4 != 6 ||
	    !is_flows_protocol(h[6]))
		return NX_PARSE_OTHER;
	nx_copy_addr6(&q->key.local, h + 8);
	nx_copy_addr6(&q->key.remote, h + 24);
	q->l4_off = NX_IPV6_HLEN;
	q->key.protocol = h[6];
	return NX_PARSE_OK;
}

/**
 * nx_parse_quoted - whose packet does an ICMP error quote?
 * @icmp:       the ICMP or ICMPv6 header and what follows
 * @avail:      bytes of it
 * @ip_version: 4 or 6, of the error and of what it quotes
 * @quoted:     key of the packet that this host had sent; len is not set
 *
 * Return: NX_PARSE_OK, or NX_PARSE_OTHER: nothing that a flow could have sent.
 */
enum nx_parse nx_parse_quoted(const u8 *icmp, u32 avail, u8 ip_version,
			      struct nx_packet *quoted)
{
	const u8 *h = icmp + NX_ICMP_HLEN;
	enum nx_parse what;

	if (avail < NX_ICMP_HLEN)
		return NX_PARSE_OTHER;
	avail -= NX_ICMP_HLEN;
	if (ip_version == 4)
		what = parse_quoted_ipv4(h, avail, quoted);
	else
		what = parse_quoted_ipv6(h, avail, quoted);
	if (what != NX_PARSE_OK)
		return what;
	memcpy(&quoted->key.local_port, h + quoted->l4_off, 2);
	memcpy(&quoted->key.remote_port, h + quoted->l4_off + 2, 2);
	quoted->key.ip_version = ip_version;
	quoted->key.pad = 0;
	return NX_PARSE_OK;
}
