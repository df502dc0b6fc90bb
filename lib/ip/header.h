/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * IP headers of packets to send, written straight into their buffers. For
 * everything that arrives, and for tests, there is <nexus/wire.h>.
 */
#ifndef _NX_IP_HEADER_H
#define _NX_IP_HEADER_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include <nexus/wire.h>

#define NX_IPV4_DF	0x4000

/**
 * struct nx_ip_path - what the headers to one peer share
 * @src, @dst: addresses; IPv4 in the first 4 bytes
 * @version:   4 or 6
 * @hops:      TTL or hop limit
 * @tos:       type of service or traffic class
 */
struct nx_ip_path {
	uint8_t		src[16];
	uint8_t		dst[16];
	uint8_t		version;
	uint8_t		hops;
	uint8_t		tos;
};

static inline size_t nx_ip_header_len(unsigned int version)
{
	return version == 4 ? NEXUS_WIRE_IPV4_LEN : NEXUS_WIRE_IPV6_LEN;
}

/* RFC 1071 over a header of five 32-bit words whose checksum field is 0. */
static inline uint16_t nx_ipv4_checksum(const uint32_t w[5])
{
	uint64_t sum = (uint64_t)w[0] + w[1] + w[2] + w[3] + w[4];

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 791; @frag: NX_IPV4_DF or 0. */
static inline void
nx_ipv4_write(uint8_t *p, const struct nx_ip_path *path, uint8_t protocol,
	      size_t total_len, uint16_t id, uint16_t frag)
{
	uint32_t w[5];
	uint16_t csum;

	w[0] = htonl(0x45u << 24 | (uint32_t)path->tos << 16 |
		     (uint32_t)total_len);
	w[1] = htonl((uint32_t)id << 16 | frag);
	w[2] = htonl((uint32_t)path->hops << 24 | (uint32_t)protocol << 16);
	memcpy(&w[3], path->src, 4);
	memcpy(&w[4], path->dst, 4);
	csum = nx_ipv4_checksum(w);
	memcpy(p, w, sizeof(w));
	memcpy(p + 10, &csum, sizeof(csum));
}

/* RFC 8200 section 3. */
static inline void
nx_ipv6_write(uint8_t *p, const struct nx_ip_path *path, uint8_t protocol,
	      size_t payload_len)
{
	uint32_t w[2];

	w[0] = htonl(6u << 28 | (uint32_t)path->tos << 20);
	w[1] = htonl((uint32_t)payload_len << 16 | (uint32_t)protocol << 8 |
		     path->hops);
	memcpy(p, w, sizeof(w));
	memcpy(p + 8, path->src, 16);
	memcpy(p + 24, path->dst, 16);
}

#endif /* _NX_IP_HEADER_H */
