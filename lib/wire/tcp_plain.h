/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The TCP header that nearly every segment has: 20 bytes, and a timestamp as RFC 7323
 * appendix A places it. Read and written without a look at what cannot be there.
 */
#ifndef _NX_WIRE_TCP_PLAIN_H
#define _NX_WIRE_TCP_PLAIN_H

#include <stdbool.h>
#include <string.h>

#include <nexus/wire.h>

#include "bytes.h"

/* NOP, NOP, kind 8, 10 bytes. */
#define NX_TCP_TS_ALONE		0x0101080aU
#define NX_TCP_PLAIN_LEN	(NEXUS_WIRE_TCP_LEN + 12)

/*
 * As nexus_wire_tcp_parse(), of @p, where NX_TCP_PLAIN_LEN bytes are; the ports are not
 * looked at. False: it is not a plain one, and @tcp is what it was.
 */
static inline bool nx_tcp_parse_plain(struct nexus_wire_tcp *tcp,
				      const uint8_t *p)
{
	uint16_t word = nx_get16(p + 12);

	if (word >> 12 != NX_TCP_PLAIN_LEN / 4 || word & NEXUS_WIRE_TCP_SYN ||
	    nx_get32(p + NEXUS_WIRE_TCP_LEN) != NX_TCP_TS_ALONE)
		return false;
	tcp->seq = nx_get32(p + 4);
	tcp->ack = nx_get32(p + 8);
	tcp->flags = word & NEXUS_WIRE_TCP_FLAGS;
	tcp->window = nx_get16(p + 14);
	tcp->has = NEXUS_WIRE_TCP_TS;
	tcp->nr_sacks = 0;
	tcp->cookie_len = 0;
	tcp->ts_val = nx_get32(p + NEXUS_WIRE_TCP_LEN + 4);
	tcp->ts_ecr = nx_get32(p + NEXUS_WIRE_TCP_LEN + 8);
	return true;
}

static inline bool nx_tcp_is_plain(const struct nexus_wire_tcp *tcp)
{
	return tcp->has == NEXUS_WIRE_TCP_TS &&
	       !(tcp->flags & NEXUS_WIRE_TCP_SYN);
}

/*
 * As nexus_wire_tcp_build(), of a plain one, behind its ports, which are there; without
 * a checksum.
 */
static inline void nx_tcp_build_plain(const struct nexus_wire_tcp *tcp,
				      uint8_t *p)
{
	nx_put32(p + 4, tcp->seq);
	nx_put32(p + 8, tcp->ack);
	nx_put16(p + 12, (uint16_t)(NX_TCP_PLAIN_LEN / 4 << 12 | tcp->flags));
	nx_put16(p + 14, tcp->window);
	nx_put32(p + 16, 0);
	nx_put32(p + NEXUS_WIRE_TCP_LEN, NX_TCP_TS_ALONE);
	nx_put32(p + NEXUS_WIRE_TCP_LEN + 4, tcp->ts_val);
	nx_put32(p + NEXUS_WIRE_TCP_LEN + 8, tcp->ts_ecr);
}

#endif /* _NX_WIRE_TCP_PLAIN_H */
