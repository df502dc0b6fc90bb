/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Headers of packets to one peer, ready but for what differs from packet to
 * packet: so that a header is a copy and a few stores.
 */
#ifndef _NX_IP_PATH_H
#define _NX_IP_PATH_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include <nexus/wire.h>

/* Bytes of a transport's header that are copied along: all of UDP's. */
#define NX_PATH_L4_LEN		8

#define NX_IPV4_DF		0x4000

/**
 * struct nx_path - headers to one peer
 * @hdr:     IP header, then NX_PATH_L4_LEN bytes that are the transport's; the
 *           IP header's length, identification and checksum are 0
 * @sum:     of the IPv4 header, folded
 * @version: 4 or 6; 0: no path
 */
struct nx_path {
	uint8_t		hdr[NEXUS_WIRE_IPV6_LEN + NX_PATH_L4_LEN];
	uint32_t	sum;
	uint8_t		version;
};

/**
 * struct nx_hops - what else an IP header says
 * @hops: TTL or hop limit
 * @tos:  type of service or traffic class
 */
struct nx_hops {
	uint8_t		hops;
	uint8_t		tos;
};

/* Addresses have 4 or 16 bytes; the transport's bytes become 0. */
void nx_path_init(struct nx_path *path, unsigned int version,
		  const uint8_t *src, const uint8_t *dst, uint8_t protocol,
		  struct nx_hops hops);

static inline size_t nx_path_l4_off(unsigned int version)
{
	return version == 4 ? NEXUS_WIRE_IPV4_LEN : NEXUS_WIRE_IPV6_LEN;
}

/* RFC 791. @id_frag: identification and flags, network byte order. */
static inline void nx_path_write_ipv4(const struct nx_path *path, uint8_t *p,
				      size_t total_len, uint32_t id_frag)
{
	uint16_t len = htons((uint16_t)total_len), csum;

	memcpy(p, path->hdr, NEXUS_WIRE_IPV4_LEN + NX_PATH_L4_LEN);
	memcpy(p + 2, &len, sizeof(len));
	memcpy(p + 4, &id_frag, sizeof(id_frag));
	csum = nexus_wire_fold(path->sum + len + (id_frag & 0xffff) +
			       (id_frag >> 16));
	memcpy(p + 10, &csum, sizeof(csum));
}

/* RFC 8200 section 3. */
static inline void nx_path_write_ipv6(const struct nx_path *path, uint8_t *p,
				      size_t payload_len)
{
	uint16_t len = htons((uint16_t)payload_len);

	memcpy(p, path->hdr, NEXUS_WIRE_IPV6_LEN + NX_PATH_L4_LEN);
	memcpy(p + 4, &len, sizeof(len));
}

static inline uint64_t nx_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * Does the path lead back from where @head's packet came from to where it went?
 * Both headers are of IP version @version.
 */
static inline bool nx_path_is_back(const struct nx_path *path,
				   const uint8_t *head, unsigned int version)
{
	const uint8_t *hdr = path->hdr;
	uint64_t ends;

	if (version == 4) {
		/* Source and destination in one word, and swapped. */
		ends = nx_load64(head + 12);
		return nx_load64(hdr + 12) == (ends << 32 | ends >> 32);
	}
	return !((nx_load64(hdr + 8) ^ nx_load64(head + 24)) |
		 (nx_load64(hdr + 16) ^ nx_load64(head + 32)) |
		 (nx_load64(hdr + 24) ^ nx_load64(head + 8)) |
		 (nx_load64(hdr + 32) ^ nx_load64(head + 16)));
}

#endif /* _NX_IP_PATH_H */
