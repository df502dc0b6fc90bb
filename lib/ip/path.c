// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Makes the headers to a peer; lib/wire knows how they look.
 */
#include "path.h"

static void init_ipv4(struct nx_path *path, const uint8_t *src,
		      const uint8_t *dst, uint8_t protocol, struct nx_hops hops)
{
	struct nexus_wire_ipv4 ip = {
		.total_len	= NEXUS_WIRE_IPV4_LEN,
		.tos		= hops.tos,
		.ttl		= hops.hops,
		.protocol	= protocol,
	};

	memcpy(ip.src, src, sizeof(ip.src));
	memcpy(ip.dst, dst, sizeof(ip.dst));
	nexus_wire_ipv4_build(&ip, path->hdr, sizeof(path->hdr));
	memset(path->hdr + 2, 0, 2);
	memset(path->hdr + 10, 0, 2);
	path->sum = (uint16_t)~nexus_wire_fold(nexus_wire_sum(0, path->hdr,
							NEXUS_WIRE_IPV4_LEN));
}

static void init_ipv6(struct nx_path *path, const uint8_t *src,
		      const uint8_t *dst, uint8_t protocol, struct nx_hops hops)
{
	struct nexus_wire_ipv6 ip = {
		.traffic_class	= hops.tos,
		.hop_limit	= hops.hops,
		.next_header	= protocol,
	};

	memcpy(ip.src, src, sizeof(ip.src));
	memcpy(ip.dst, dst, sizeof(ip.dst));
	nexus_wire_ipv6_build(&ip, path->hdr, sizeof(path->hdr));
}

void nx_path_init(struct nx_path *path, unsigned int version,
		  const uint8_t *src, const uint8_t *dst, uint8_t protocol,
		  struct nx_hops hops)
{
	memset(path, 0, sizeof(*path));
	path->version = (uint8_t)version;
	if (version == 4)
		init_ipv4(path, src, dst, protocol, hops);
	else
		init_ipv6(path, src, dst, protocol, hops);
}
