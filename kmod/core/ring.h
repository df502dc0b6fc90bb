/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Arithmetic of ring indices. Indices run freely over 2^32; the one that the
 * other side wrote is a snapshot, and hostile.
 */
#ifndef NX_CORE_RING_H
#define NX_CORE_RING_H

#include "types.h"

/* Slots that are filled. More than nr_slots: one of the indices is a lie. */
static inline u32 nx_ring_filled(u32 prod, u32 cons)
{
	return prod - cons;
}

/* Whether a pair of indices can be those of a ring of @nr_slots. */
static inline bool nx_ring_is_valid(u32 prod, u32 cons, u32 nr_slots)
{
	return nx_ring_filled(prod, cons) <= nr_slots;
}

/* Slots that are empty; only of a valid pair. */
static inline u32 nx_ring_space(u32 prod, u32 cons, u32 nr_slots)
{
	return nr_slots - nx_ring_filled(prod, cons);
}

/*
 * Whether a consumer may have moved from @old to @now while the producer
 * stands at @prod: forward only, and never past the producer.
 */
static inline bool nx_ring_cons_moved(u32 old, u32 now, u32 prod)
{
	return now - old <= prod - old;
}

#endif /* NX_CORE_RING_H */
