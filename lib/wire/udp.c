// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * UDP headers (RFC 768).
 */
#include <errno.h>
#include <string.h>

#include <nexus/wire.h>

#include "bytes.h"

int nexus_wire_udp_parse(struct nexus_wire_udp *udp, const void *data,
			 size_t len)
{
	const uint8_t *p = data;

	if (len < NEXUS_WIRE_UDP_LEN)
		return -EMSGSIZE;
	udp->src_port = nx_get16(p);
	udp->dst_port = nx_get16(p + 2);
	udp->len = nx_get16(p + 4);
	memcpy(&udp->checksum, p + 6, sizeof(udp->checksum));
	return udp->len < NEXUS_WIRE_UDP_LEN ? -EBADMSG : NEXUS_WIRE_UDP_LEN;
}

int nexus_wire_udp_build(const struct nexus_wire_udp *udp, void *buf,
			 size_t size)
{
	uint8_t *p = buf;

	if (udp->len < NEXUS_WIRE_UDP_LEN)
		return -EINVAL;
	if (size < NEXUS_WIRE_UDP_LEN)
		return -ENOSPC;
	nx_put16(p, udp->src_port);
	nx_put16(p + 2, udp->dst_port);
	nx_put16(p + 4, udp->len);
	memcpy(p + 6, &udp->checksum, sizeof(udp->checksum));
	return NEXUS_WIRE_UDP_LEN;
}
