// SPDX-License-Identifier: GPL-2.0
/*
 * The advisory region: what the kernel tells without being asked.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include "advisory.h"
#include "channel.h"
#include "flow.h"
#include "nexus.h"

/* The entry of flow index @idx. */
struct nexus_flow_advisory *nx_advisory_flow(struct nx_channel *chan, u32 idx)
{
	void *mem = chan->regions[NEXUS_REGION_ADVISORY].mem;
	struct nexus_flow_advisory *flows = mem + sizeof(struct nexus_advisory);

	return &flows[idx];
}

/* The entry speaks of @flow from now on. */
void nx_advisory_flow_begin(struct nx_flow *flow)
{
	struct nexus_flow_advisory *a = nx_advisory_flow(flow->chan, flow->idx);

	memset(a, 0, sizeof(*a));
	a->generation = flow->generation;
	smp_store_release(&a->flags, NEXUS_FLOW_VALID); /* K: generation before VALID */
	spin_lock_bh(&flow->advice.lock);
	flow->advice.entry = a;
	spin_unlock_bh(&flow->advice.lock);
}

/* The entry speaks of nobody, and queues that still have packets leave it alone. */
void nx_advisory_flow_end(struct nx_flow *flow)
{
	spin_lock_bh(&flow->advice.lock);
	WRITE_ONCE(flow->advice.entry->flags, 0);
	flow->advice.entry = NULL;
	spin_unlock_bh(&flow->advice.lock);
}

/* Bits of its flags are set, for good. */
void nx_advisory_flow_set(struct nx_flow *flow, u32 flags)
{
	struct nexus_flow_advisory *a;

	spin_lock_bh(&flow->advice.lock);
	a = flow->advice.entry;
	if (a)
		WRITE_ONCE(a->flags, a->flags | flags);
	spin_unlock_bh(&flow->advice.lock);
}

/* Mbit/s of a device that knows, or 0. */
static u32 dev_mbps(struct net_device *dev)
{
	struct ethtool_link_ksettings link;

	if (__ethtool_get_link_ksettings(dev, &link) ||
	    link.base.speed == (u32)SPEED_UNKNOWN)
		return 0;
	return link.base.speed;
}

static void publish(struct nx_channel *chan, u32 carrier, u32 mbps)
{
	struct nexus_advisory *a = chan->regions[NEXUS_REGION_ADVISORY].mem;

	WRITE_ONCE(a->seq, a->seq + 1);
	smp_wmb(); /* L: odd before what changes */
	WRITE_ONCE(a->carrier, carrier);
	WRITE_ONCE(a->link_mbps, mbps);
	smp_wmb(); /* L: what changed before even */
	WRITE_ONCE(a->seq, a->seq + 1);
}

/**
 * nx_advisory_update - publish carrier and rate of a nexus's devices
 * @nexus: under its lock, and the RTNL
 */
void nx_advisory_update(struct nx_nexus *nexus)
{
	struct nx_channel *chan;
	u32 carrier = 0, mbps = 0;
	struct nx_dev *d;

	ASSERT_RTNL();
	lockdep_assert_held(&nexus->lock);
	list_for_each_entry(d, &nexus->devs, node) {
		if (!netif_running(d->dev) || !netif_carrier_ok(d->dev))
			continue;
		carrier = 1;
		mbps = max(mbps, dev_mbps(d->dev));
	}
	list_for_each_entry(chan, &nexus->channels, node)
		publish(chan, carrier, mbps);
}
