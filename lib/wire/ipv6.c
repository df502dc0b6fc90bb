// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * IPv6 headers (RFC 8200), extension headers as far as to skip them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <nexus/wire.h>

#include "bytes.h"

/* More extension headers than any real packet has, so that a walk is short. */
#define EXT_HEADERS_MAX	16

#define FRAG_LEN	8
#define FRAG_MORE	0x0001
#define FRAG_OFFSET	0xfff8

int nexus_wire_ipv6_parse(struct nexus_wire_ipv6 *ip, const void *data,
			  size_t len)
{
	const uint8_t *p = data;
	uint32_t first;

	if (len < 1)
		return -EMSGSIZE;
	if (p[0] >> 4 != 6)
		return -EPROTONOSUPPORT;
	if (len < NEXUS_WIRE_IPV6_LEN)
		return -EMSGSIZE;

	memset(ip, 0, sizeof(*ip));
	first = nx_get32(p);
	ip->traffic_class = (uint8_t)(first >> 20);
	ip->flow_label = first & 0xfffff;
	ip->payload_len = nx_get16(p + 4);
	ip->next_header = p[6];
	ip->hop_limit = p[7];
	memcpy(ip->src, p + 8, 16);
	memcpy(ip->dst, p + 24, 16);
	return NEXUS_WIRE_IPV6_LEN;
}

int nexus_wire_ipv6_build(const struct nexus_wire_ipv6 *ip, void *buf,
			  size_t size)
{
	uint8_t *p = buf;

	if (ip->flow_label > 0xfffff)
		return -EINVAL;
	if (size < NEXUS_WIRE_IPV6_LEN)
		return -ENOSPC;

	nx_put32(p, 6u << 28 | (uint32_t)ip->traffic_class << 20 |
		    ip->flow_label);
	nx_put16(p + 4, ip->payload_len);
	p[6] = ip->next_header;
	p[7] = ip->hop_limit;
	memcpy(p + 8, ip->src, 16);
	memcpy(p + 24, ip->dst, 16);
	return NEXUS_WIRE_IPV6_LEN;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_AH;
}

/* Bytes of an extension header of which at least 2 bytes are there. */
static size_t extension_len(uint8_t protocol, const uint8_t *p)
{
	if (protocol == IPPROTO_FRAGMENT)
		return FRAG_LEN;
	if (protocol == IPPROTO_AH)	/* RFC 4302 section 2.2 */
		return (p[1] + 2u) * 4;
	return (p[1] + 1u) * 8;
}

static void note_fragment(struct nexus_wire_ipv6_upper *upper, const uint8_t *p)
{
	uint16_t frag = nx_get16(p + 2);

	upper->frag_off = frag & FRAG_OFFSET;
	upper->has_mf = frag & FRAG_MORE;
	/* RFC 6946: offset 0 without more is a whole packet. */
	upper->is_fragment = upper->frag_off || upper->has_mf;
}

int nexus_wire_ipv6_find_upper(struct nexus_wire_ipv6_upper *upper,
			       const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t off = NEXUS_WIRE_IPV6_LEN, ext_len;
	unsigned int i;

	memset(upper, 0, sizeof(*upper));
	if (len < NEXUS_WIRE_IPV6_LEN)
		return -EMSGSIZE;
	upper->protocol = p[6];
	for (i = 0; is_extension(upper->protocol) && !upper->frag_off; i++) {
		if (i == EXT_HEADERS_MAX ||
		    (upper->protocol == IPPROTO_HOPOPTS && i > 0))
			return -EBADMSG;
		if (len - off < 2)
			return -EMSGSIZE;
		ext_len = extension_len(upper->protocol, p + off);
		if (len - off < ext_len)
			return -EMSGSIZE;
		if (upper->protocol == IPPROTO_FRAGMENT)
			note_fragment(upper, p + off);
		upper->protocol = p[off];
		off += ext_len;
	}
	upper->off = (uint16_t)off;
	return (int)off;
}
