// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * IPv4 headers (RFC 791).
 */
#include <errno.h>
#include <string.h>

#include <nexus/wire.h>

#include "bytes.h"

#define FLAG_DF		0x4000
#define FLAG_MF		0x2000
#define OFFSET_MASK	0x1fff

#define OPTION_END	0
#define OPTION_NOP	1

/* RFC 791 section 3.1: END, NOP, or a type, a length of at least 2, data. */
static bool options_are_legal(const uint8_t *options, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (options[i] == OPTION_END)
			return true;
		if (options[i] == OPTION_NOP) {
			i++;
			continue;
		}
		if (len - i < 2 || options[i + 1] < 2 ||
		    options[i + 1] > len - i)
			return false;
		i += options[i + 1];
	}
	return true;
}

static bool is_legal(const struct nexus_wire_ipv4 *ip)
{
	size_t hdr_len = NEXUS_WIRE_IPV4_LEN + ip->options_len;
	size_t payload_len = ip->total_len - hdr_len;

	if (ip->options_len > NEXUS_WIRE_IPV4_OPTIONS_MAX ||
	    ip->options_len % 4 || ip->total_len < hdr_len)
		return false;
	/* Only the last fragment may end within a unit of 8 bytes. */
	if (ip->has_mf && payload_len % 8)
		return false;
	if (ip->frag_off % 8 || hdr_len + ip->frag_off + payload_len > 65535)
		return false;
	return options_are_legal(ip->options, ip->options_len);
}

static int parse(struct nexus_wire_ipv4 *ip, const uint8_t *p, size_t len)
{
	size_t hdr_len;
	uint16_t frag;

	if (len < 1)
		return -EMSGSIZE;
	if (p[0] >> 4 != 4)
		return -EPROTONOSUPPORT;
	hdr_len = (p[0] & 0xf) * 4u;
	if (hdr_len < NEXUS_WIRE_IPV4_LEN)
		return -EBADMSG;
	if (len < hdr_len)
		return -EMSGSIZE;

	memset(ip, 0, sizeof(*ip));
	frag = nx_get16(p + 6);
	ip->tos = p[1];
	ip->total_len = nx_get16(p + 2);
	ip->id = nx_get16(p + 4);
	ip->has_df = frag & FLAG_DF;
	ip->has_mf = frag & FLAG_MF;
	ip->frag_off = (uint16_t)((frag & OFFSET_MASK) * 8);
	ip->ttl = p[8];
	ip->protocol = p[9];
	memcpy(ip->src, p + 12, 4);
	memcpy(ip->dst, p + 16, 4);
	ip->options_len = (uint8_t)(hdr_len - NEXUS_WIRE_IPV4_LEN);
	memcpy(ip->options, p + NEXUS_WIRE_IPV4_LEN, ip->options_len);
	return is_legal(ip) ? (int)hdr_len : -EBADMSG;
}

int nexus_wire_ipv4_parse_quoted(struct nexus_wire_ipv4 *ip, const void *data,
				 size_t len)
{
	return parse(ip, data, len);
}

int nexus_wire_ipv4_parse(struct nexus_wire_ipv4 *ip, const void *data,
			  size_t len)
{
	int hdr_len = parse(ip, data, len);

	if (hdr_len < 0)
		return hdr_len;
	if (nexus_wire_fold(nexus_wire_sum(0, data, (size_t)hdr_len)))
		return -EBADMSG;
	return hdr_len;
}

int nexus_wire_ipv4_build(const struct nexus_wire_ipv4 *ip, void *buf,
			  size_t size)
{
	size_t hdr_len = NEXUS_WIRE_IPV4_LEN + ip->options_len;
	uint8_t *p = buf;
	uint16_t csum;

	if (!is_legal(ip))
		return -EINVAL;
	if (size < hdr_len)
		return -ENOSPC;

	p[0] = (uint8_t)(4 << 4 | hdr_len / 4);
	p[1] = ip->tos;
	nx_put16(p + 2, ip->total_len);
	nx_put16(p + 4, ip->id);
	nx_put16(p + 6, (uint16_t)(ip->frag_off / 8 |
				   (ip->has_df ? FLAG_DF : 0) |
				   (ip->has_mf ? FLAG_MF : 0)));
	p[8] = ip->ttl;
	p[9] = ip->protocol;
	nx_put16(p + 10, 0);
	memcpy(p + 12, ip->src, 4);
	memcpy(p + 16, ip->dst, 4);
	memcpy(p + NEXUS_WIRE_IPV4_LEN, ip->options, ip->options_len);
	csum = nexus_wire_fold(nexus_wire_sum(0, p, hdr_len));
	memcpy(p + 10, &csum, sizeof(csum));
	return (int)hdr_len;
}
