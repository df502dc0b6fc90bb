// SPDX-License-Identifier: GPL-2.0
/*
 * Defunct: the memory of a channel is taken back while its process maps it.
 *
 * Mark, stop, redirect, free, wake, in this order: what is freed is reached by
 * no path and shown by no mapping, and who wakes finds all of it done.
 */
#include <linux/cgroup.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <net/net_namespace.h>
#include "channel.h"
#include "defunct.h"
#include "flow.h"
#include "monitor.h"
#include "nexus.h"
#include "region.h"
#include "task.h"
#include "trace.h"

/* The flows are in @dead afterwards, and their sockets still adopted. */
static void stop(struct nx_channel *chan, struct list_head *dead)
{
	mutex_lock(&chan->nexus->lock);
	nx_flow_unlink_all(chan, dead);
	mutex_unlock(&chan->nexus->lock);
	nx_channel_empty(chan);
}

/**
 * nx_defunct - take the memory of a channel back
 * @chan:   the channel; the caller has a reference
 * @reason: who decided
 *
 * May sleep; the caller holds no lock of nexus, and no mmap_lock.
 *
 * Return: 0, EOPNOTSUPP the process has not agreed to it, EALREADY it is gone
 * or going.
 */
int nx_defunct(struct nx_channel *chan, enum nexus_defunct_reason reason)
{
	LIST_HEAD(dead);
	u32 nr_pages;

	if (!(chan->flags & NEXUS_ATTACH_DEFUNCT_OK))
		return -EOPNOTSUPP;
	if (!nx_channel_advance(chan, NX_LIFE_DRAINING))
		return -EALREADY;
	WRITE_ONCE(chan->defunct_reason, reason);
	nx_channel_mark(chan, NEXUS_CHANNEL_DEFUNCT);
	stop(chan, &dead);
	nx_region_redirect(chan);
	nr_pages = nx_pool_drop(&chan->pool);
	nx_channel_advance(chan, NX_LIFE_DEFUNCT);
	nx_channel_wake(chan);
	trace_nexus_defunct(chan, reason, nr_pages);
	nx_monitor_memory(chan, NEXUS_MONITOR_DEFUNCT, reason, nr_pages);
	/* Last: a socket's lock may take long. */
	nx_flow_release_all(&dead);
	return 0;
}

static bool is_meant(const struct nx_channel *chan,
		     const struct nx_defunct_who *who)
{
	if (who->pid)
		return chan->pid == who->pid;
	return nx_task_is_below(chan->pid, who->cgroup_id);
}

/* The next channel of @nexus behind @id; the caller puts it. */
static struct nx_channel *next_in(struct nx_nexus *nexus,
				  const struct nx_defunct_who *who, u32 id)
{
	struct nx_channel *chan, *next = NULL;

	mutex_lock(&nexus->lock);
	list_for_each_entry(chan, &nexus->channels, node)
		if (chan->id > id && (!next || chan->id < next->id) &&
		    is_meant(chan, who))
			next = chan;
	if (next)
		nx_channel_get(next);
	mutex_unlock(&nexus->lock);
	return next;
}

/* Of all nexuses of @net, in the order of their ids. */
static struct nx_channel *next_of(struct net *net,
				  const struct nx_defunct_who *who, u32 id)
{
	struct nx_net *nx = nx_net(net);
	struct nx_channel *chan, *next = NULL;
	struct nx_nexus *nexus;

	mutex_lock(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node) {
		chan = next_in(nexus, who, id);
		if (!chan)
			continue;
		if (next && next->id < chan->id)
			swap(next, chan);
		if (next)
			nx_channel_put(next);
		next = chan;
	}
	mutex_unlock(&nx->lock);
	return next;
}

/**
 * nx_defunct_all - take the memory of several channels back
 * @net:    in this namespace
 * @who:    whose
 * @reason: who decided
 * @sum:    result
 */
void nx_defunct_all(struct net *net, const struct nx_defunct_who *who,
		    enum nexus_defunct_reason reason,
		    struct nx_defunct_sum *sum)
{
	struct nx_channel *chan;
	u32 id = 0;
	int err;

	while ((chan = next_of(net, who, id))) {
		id = chan->id;
		err = nx_defunct(chan, reason);
		sum->nr += !err;
		sum->nr_kept += err == -EOPNOTSUPP;
		nx_channel_put(chan);
	}
}
