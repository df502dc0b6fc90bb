// SPDX-License-Identifier: GPL-2.0
/*
 * The advisory region: what the kernel tells without being asked.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include "advisory.h"
#include "channel.h"
#include "core/seq.h"
#include "estimate.h"
#include "event.h"
#include "flow.h"
#include "nexus.h"

static struct nx_region *region_of(struct nx_channel *chan)
{
	return &chan->regions[NEXUS_REGION_ADVISORY];
}

/* Where the entry of flow index @idx lies in the region. */
size_t nx_advisory_off(u32 idx)
{
	/* No entry lies on two pages. */
	BUILD_BUG_ON(sizeof(struct nexus_advisory) !=
		     sizeof(struct nexus_flow_advisory));
	return sizeof(struct nexus_advisory) +
	       (size_t)idx * sizeof(struct nexus_flow_advisory);
}

/**
 * nx_advisory_make - give a channel the region
 * @chan: with its pool
 *
 * It has its first page, where the interface's entry stands. Others come with
 * the flows that need them.
 */
int nx_advisory_make(struct nx_channel *chan)
{
	struct nx_region *region = region_of(chan);
	int err;

	err = nx_region_init_sparse(region,
				    nx_advisory_off(chan->nr_flow_slots));
	if (err)
		return err;
	return nx_region_populate(region, 0, chan->pool.memcg, NX_GFP) ?
	       0 : -ENOMEM;
}

/**
 * nx_advisory_flow - the entry of a flow index, in any context
 * @chan: the channel
 * @idx:  below its nr_flow_slots
 *
 * Return: NULL: no memory for its page. Once there, it stays.
 */
struct nexus_flow_advisory *nx_advisory_flow(struct nx_channel *chan, u32 idx)
{
	return nx_region_populate(region_of(chan), nx_advisory_off(idx),
				  chan->pool.memcg, GFP_ATOMIC);
}

/* The entry, which is there, speaks of @flow from now on. */
void nx_advisory_flow_begin(struct nx_flow *flow)
{
	struct nexus_flow_advisory *a = nx_advisory_flow(flow->chan, flow->idx);
	u32 flags = NEXUS_FLOW_VALID;

	if (flow->grant.permille)
		flags |= NEXUS_FLOW_LOW_LATENCY;
	memset(a, 0, sizeof(*a));
	a->generation = flow->generation;
	smp_store_release(&a->flags, flags); /* K: generation before VALID */
	spin_lock_bh(&flow->advice.lock);
	WRITE_ONCE(flow->advice.entry, a);
	spin_unlock_bh(&flow->advice.lock);
}

/* The entry speaks of nobody, and queues that still have packets leave it alone. */
void nx_advisory_flow_end(struct nx_flow *flow)
{
	spin_lock_bh(&flow->advice.lock);
	WRITE_ONCE(flow->advice.entry->flags, 0);
	WRITE_ONCE(flow->advice.entry, NULL);
	spin_unlock_bh(&flow->advice.lock);
}

static void change_flags(struct nx_flow *flow, u32 set, u32 clear)
{
	struct nexus_flow_advisory *a;

	spin_lock_bh(&flow->advice.lock);
	a = flow->advice.entry;
	if (a)
		WRITE_ONCE(a->flags, (a->flags | set) & ~clear);
	spin_unlock_bh(&flow->advice.lock);
}

/* Bits of its flags are set. */
void nx_advisory_flow_set(struct nx_flow *flow, u32 flags)
{
	change_flags(flow, flags, 0);
}

/* Bits of its flags are cleared. */
void nx_advisory_flow_clear(struct nx_flow *flow, u32 flags)
{
	change_flags(flow, 0, flags);
}

/* Mbit/s of a device that knows, or 0. Under the RTNL. */
u32 nx_advisory_dev_mbps(struct net_device *dev)
{
	struct ethtool_link_ksettings link;

	ASSERT_RTNL();
	if (__ethtool_get_link_ksettings(dev, &link) ||
	    link.base.speed == (u32)SPEED_UNKNOWN)
		return 0;
	return link.base.speed;
}

/**
 * struct news - what a nexus's devices and their disciplines say together
 * @carrier:  some device has one
 * @mbps:     of the fastest one
 * @sum:      of the disciplines; @sum.ll_permille is the smallest share
 */
struct news {
	u32			carrier;
	u32			mbps;
	struct nx_estimate	sum;
};

static void publish(struct nx_channel *chan, const struct news *news, u32 ll)
{
	struct nexus_advisory *a = region_of(chan)->pages[0];

	nx_seq_begin(&a->seq);
	WRITE_ONCE(a->carrier, news->carrier);
	WRITE_ONCE(a->link_mbps, news->mbps);
	WRITE_ONCE(a->ll_permille, ll);
	WRITE_ONCE(a->queue_delay_ns, news->sum.delay_ns);
	WRITE_ONCE(a->queue_bytes, news->sum.bytes);
	WRITE_ONCE(a->rate, news->sum.rate);
	nx_seq_end(&a->seq);
}

static void add_dev(struct news *news, const struct nx_dev *d)
{
	struct nx_estimate e = {};
	u64 rate = d->mbps * 125000ULL;

	rcu_read_lock();
	nx_sch_estimate_rcu(d->dev, &e);
	rcu_read_unlock();
	/* A link that goes down for a moment takes no grant away. */
	if (e.has_sch && (!news->sum.has_sch ||
			  e.ll_permille < news->sum.ll_permille))
		news->sum.ll_permille = e.ll_permille;
	news->sum.has_sch |= e.has_sch;
	if (!netif_running(d->dev) || !netif_carrier_ok(d->dev))
		return;
	news->carrier = 1;
	news->mbps = max(news->mbps, d->mbps);
	news->sum.rate = max(news->sum.rate, e.rate ?: rate);
	news->sum.bytes += e.bytes;
	news->sum.delay_ns = max(news->sum.delay_ns, e.delay_ns);
}

static void tell_rate(struct nx_nexus *nexus, u64 rate)
{
	if (nexus->rate == rate)
		return;
	nexus->rate = rate;
	nx_event_all(nexus, NEXUS_EVENT_RATE,
		     min_t(u64, div_u64(rate, 125), U32_MAX), 0);
}

/**
 * nx_advisory_update - publish what is known of a nexus's devices
 * @nexus: under its lock
 *
 * Grants of the low-latency class follow what the disciplines reserve.
 */
void nx_advisory_update(struct nx_nexus *nexus)
{
	struct nx_grants *grants = &nexus->grants;
	struct nx_channel *chan;
	struct news news = {};
	struct nx_dev *d;

	lockdep_assert_held(&nexus->lock);
	list_for_each_entry(d, &nexus->devs, node)
		add_dev(&news, d);
	nx_grants_set_available(nexus, news.sum.ll_permille);
	list_for_each_entry(chan, &nexus->channels, node)
		publish(chan, &news, grants->available - grants->granted);
	tell_rate(nexus, news.sum.rate);
}
