/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NEXUS_IOC_SYNC: one crossing from the process into the kernel.
 */
#ifndef NX_SYNC_H
#define NX_SYNC_H

#include <linux/nexus.h>
#include "queue.h"

struct nx_channel;

int nx_sync(struct nx_channel *chan, const struct nexus_sync *arg);
void nx_sync_recycle(struct nx_queue *q, u32 buf);
void nx_sync_offer(struct nx_queue *q);

static inline u32 *nx_alloc_slot(struct nx_ring *ring)
{
	return (u32 *)ring->slots + (ring->here & ring->mask);
}

/* Offers a buffer that nothing refers to in ALLOC; false: that is full. */
static inline bool nx_sync_put_back(struct nx_queue *q, int size, u32 buf)
{
	struct nx_ring *ring = &q->alloc[size];

	if (!nx_ring_space(ring->here, ring->there, ring->mask + 1))
		return false;
	*nx_alloc_slot(ring) = buf;
	ring->here++;
	return true;
}

#endif /* NX_SYNC_H */
