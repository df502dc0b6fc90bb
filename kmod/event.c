// SPDX-License-Identifier: GPL-2.0
/*
 * Events for applications: the EVENT ring.
 */
#include <linux/ktime.h>
#include "advisory.h"
#include "channel.h"
#include "event.h"
#include "flow.h"
#include "nexus.h"
#include "trace.h"
#include "wake.h"

static void lose(struct nx_queue *q, const struct nexus_event *event)
{
	u64 *drops = &q->rx_drops[NEXUS_DROP_EVENT_FULL];

	WRITE_ONCE(*drops, *drops + 1);
	trace_nexus_drop(q->chan->nexus->id, q->chan->id, event->flow,
			 NEXUS_DROP_EVENT_FULL, 0);
}

/* False: the ring is full, or its consumer's index a lie. */
static bool has_room(struct nx_queue *q)
{
	struct nx_ring *ring = &q->event;

	ring->there = smp_load_acquire(ring->cons); /* J */
	if (!nx_ring_is_valid(ring->here, ring->there, ring->mask + 1)) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_EVENT_INDEX,
				      ring->here, ring->there);
		return false;
	}
	return nx_ring_space(ring->here, ring->there, ring->mask + 1);
}

/* Under the rx_lock. */
static void put(struct nx_queue *q, const struct nexus_event *event)
{
	struct nx_ring *ring = &q->event;
	struct nexus_event *slot;

	if (!has_room(q)) {
		lose(q, event);
		return;
	}
	slot = (struct nexus_event *)ring->slots + (ring->here & ring->mask);
	*slot = *event;
	slot->time_ns = ktime_get_ns();
	WRITE_ONCE(ring->here, ring->here + 1);
	smp_store_release(ring->prod, ring->here); /* I */
}

/**
 * nx_event_post - put an event into a queue's EVENT ring, and wake
 * @q:     the queue
 * @event: its time is filled in here
 *
 * A full ring loses the event, which is counted, and blocks nothing.
 */
void nx_event_post(struct nx_queue *q, const struct nexus_event *event)
{
	spin_lock_bh(&q->rx_lock);
	put(q, event);
	spin_unlock_bh(&q->rx_lock);
	nx_wake_now(q, NX_ARMED_RX);
}

/**
 * nx_event_flow - tell the owner of a flow
 * @flow:  which
 * @type:  enum nexus_event_type
 * @value: see there
 *
 * One that has given its index up is told nothing: it may be another flow's.
 */
void nx_event_flow(struct nx_flow *flow, u32 type, u32 value)
{
	struct nx_channel *chan = flow->chan;
	u32 queue = flow->queue == NEXUS_QUEUE_ANY ? 0 : flow->queue;
	struct nx_queue *q = &chan->queues[queue];
	struct nexus_event event = {
		.type = type,
		.flow = flow->idx,
		.value = value,
	};

	spin_lock_bh(&q->rx_lock);
	if (nx_channel_has_flow(chan, flow->idx, flow))
		put(q, &event);
	spin_unlock_bh(&q->rx_lock);
	nx_wake_now(q, NX_ARMED_RX);
}

/**
 * nx_event_pmtu - the path of a flow takes packets of @mtu bytes
 * @flow: which
 * @mtu:  bytes
 *
 * Told once for each value. A listener's is that of the last packet that was
 * too long.
 */
void nx_event_pmtu(struct nx_flow *flow, u32 mtu)
{
	struct nx_channel *chan = flow->chan;

	if (xchg(&flow->mtu, mtu) == mtu)
		return;
	/* The index may be another flow's by now. */
	if (rcu_access_pointer(chan->flows[flow->idx].flow) != flow)
		return;
	WRITE_ONCE(nx_advisory_flow(chan, flow->idx)->mtu, mtu);
	nx_event_flow(flow, NEXUS_EVENT_PMTU, mtu);
}

/**
 * nx_event_all - tell every channel of a nexus
 * @nexus: under its lock
 * @type:  NEXUS_EVENT_LINK, _DEV_GONE or _RATE
 * @value: see there
 * @flags: likewise
 */
void nx_event_all(struct nx_nexus *nexus, u32 type, u32 value, u32 flags)
{
	struct nexus_event event = {
		.type = type,
		.flow = NEXUS_FLOW_NONE,
		.value = value,
		.flags = flags,
	};
	struct nx_channel *chan;

	lockdep_assert_held(&nexus->lock);
	list_for_each_entry(chan, &nexus->channels, node)
		nx_event_post(&chan->queues[0], &event);
}
