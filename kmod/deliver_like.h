/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery of packets that are like one before, whose descriptor is at hand.
 */
#ifndef NX_DELIVER_LIKE_H
#define NX_DELIVER_LIKE_H

#include "channel.h"
#include "core/desc.h"
#include "flow.h"
#include "queue.h"

/**
 * nx_deliver_like - describe a packet in one small buffer, the cache's next
 * @q:       the queue, in a run; it has a slot and a buffer, which is filled
 * @like:    nx_deliver_describe()
 * @len:     of the packet
 * @time_ns: when it arrived
 */
static __always_inline void nx_deliver_like(struct nx_queue *q,
					    const union nx_desc *like, u32 len,
					    u64 time_ns)
{
	u32 buf = q->cache[--q->nr_cache];
	struct nx_ring *ring = &q->rx;
	union nx_desc *to;

	to = (union nx_desc *)((struct nexus_desc *)ring->slots +
			       (ring->here & ring->mask));
	to->d.buf = buf;
	to->d.off = 0;
	to->d.len = len;
	to->d.flow = like->d.flow;
	to->u64[2] = like->u64[2];
	to->u64[3] = like->u64[3];
	to->u64[4] = like->u64[4];
	to->d.time_ns = time_ns;
	to->u64[6] = 0;
	to->u64[7] = 0;
	nx_pool_pass(&q->chan->pool, buf, NX_OWNER_USER);
	ring->here++;
}

/**
 * nx_deliver_count - packets were delivered
 * @q:         the queue that has received them, under its rx_lock
 * @flow:      whose
 * @got:       how many, and how much
 * @is_summed: with a sum
 */
static __always_inline void nx_deliver_count(struct nx_queue *q,
					     struct nx_flow *flow,
					     const struct nx_traffic *got,
					     bool is_summed)
{
	u64 *bytes = is_summed ? &q->rx_summed : &q->rx_copied;

	nx_traffic_add(&q->rx_count, got->packets, got->bytes);
	WRITE_ONCE(*bytes, *bytes + got->bytes);
	if (likely(q->chan->nr_queues == 1)) {
		nx_traffic_add(&flow->rx, got->packets, got->bytes);
		return;
	}
	spin_lock(&flow->lock);
	nx_traffic_add(&flow->rx, got->packets, got->bytes);
	spin_unlock(&flow->lock);
}

#endif /* NX_DELIVER_LIKE_H */
