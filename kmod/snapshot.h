/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies of what a process can change at any time: each is made once, and what is
 * looked at after is the copy.
 *
 * Both are unrolled by hand: compilers leave loops of this kind as they are, and a
 * string instruction takes longer to begin than these take.
 */
#ifndef NX_SNAPSHOT_H
#define NX_SNAPSHOT_H

#include "core/desc.h"
#include "core/packet.h"
#include "queue.h"

/* The next descriptor of @ring. */
static __always_inline void nx_snapshot_desc(union nx_desc *to,
					     const struct nx_ring *ring)
{
	const u64 *slot = (const u64 *)((struct nexus_desc *)ring->slots +
					(ring->here & ring->mask));

	to->u64[0] = READ_ONCE(slot[0]);
	to->u64[1] = READ_ONCE(slot[1]);
	to->u64[2] = READ_ONCE(slot[2]);
	to->u64[3] = READ_ONCE(slot[3]);
	to->u64[4] = READ_ONCE(slot[4]);
	to->u64[5] = READ_ONCE(slot[5]);
	to->u64[6] = READ_ONCE(slot[6]);
	to->u64[7] = READ_ONCE(slot[7]);
}

/* NX_HEADERS_MAX bytes. */
static __always_inline void nx_snapshot_headers(void *to, const void *from)
{
	u64 w[NX_HEADERS_MAX / 8];

	memcpy(&w[0], from, 8);
	memcpy(&w[1], from + 8, 8);
	memcpy(&w[2], from + 16, 8);
	memcpy(&w[3], from + 24, 8);
	memcpy(&w[4], from + 32, 8);
	memcpy(&w[5], from + 40, 8);
	memcpy(&w[6], from + 48, 8);
	memcpy(&w[7], from + 56, 8);
	memcpy(to, &w[0], 8);
	memcpy(to + 8, &w[1], 8);
	memcpy(to + 16, &w[2], 8);
	memcpy(to + 24, &w[3], 8);
	memcpy(to + 32, &w[4], 8);
	memcpy(to + 40, &w[5], 8);
	memcpy(to + 48, &w[6], 8);
	memcpy(to + 56, &w[7], 8);
}

#endif /* NX_SNAPSHOT_H */
