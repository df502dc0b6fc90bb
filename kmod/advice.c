// SPDX-License-Identifier: GPL-2.0
/*
 * Advice to flows: not to send while a queue is too slow for them.
 *
 * A queue suspends a flow under the queue's own lock, which takes a store into
 * memory that the process maps. To resume it somebody may have to be woken, and
 * that is done by a tasklet, without the queue's lock. In between, the hold
 * remembers the flow by index and serial, so that it does not keep it alive, and
 * never meets another flow of the same index.
 */
#include <linux/interrupt.h>
#include <linux/memcontrol.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "advice.h"
#include "advisory.h"
#include "channel.h"
#include "event.h"
#include "flow.h"
#include "nexus.h"
#include "trace.h"

/**
 * struct release_list - holds that a CPU has to release
 * @holds:   in no order
 * @tasklet: releases them
 */
struct release_list {
	struct llist_head	holds;
	struct tasklet_struct	tasklet;
};

static DEFINE_PER_CPU(struct release_list, release_lists);

static void set_suspended(struct nexus_flow_advisory *entry, bool is_suspended)
{
	u32 flags = entry->flags & ~NEXUS_FLOW_SUSPENDED;

	if (is_suspended)
		flags |= NEXUS_FLOW_SUSPENDED;
	WRITE_ONCE(entry->flags, flags);
}

static void count_congestion(struct nexus_flow_advisory *entry)
{
	WRITE_ONCE(entry->congestion, entry->congestion + 1);
}

/* False: the flow has given its index up. */
static bool suspend(struct nx_flow *flow)
{
	struct nx_advice *advice = &flow->advice;
	bool is_there;

	spin_lock(&advice->lock);
	is_there = advice->entry;
	if (is_there) {
		count_congestion(advice->entry);
		if (!advice->nr_holds)
			set_suspended(advice->entry, true);
		/* For nx_brake_apply(), which asks without the lock. */
		WRITE_ONCE(advice->nr_holds, advice->nr_holds + 1);
	}
	spin_unlock(&advice->lock);
	return is_there;
}

/* True: nobody else holds it, so it may send again. */
static bool resume(struct nx_flow *flow)
{
	struct nx_advice *advice = &flow->advice;
	bool is_last = false;

	spin_lock(&advice->lock);
	if (advice->entry) {
		WRITE_ONCE(advice->nr_holds, advice->nr_holds - 1);
		is_last = !advice->nr_holds;
	}
	if (is_last)
		set_suspended(advice->entry, false);
	spin_unlock(&advice->lock);
	return is_last;
}

/* Whoever happens to make it, it is the matter of who attached. */
static struct nx_hold *hold_alloc(const struct nx_channel *chan)
{
	struct mem_cgroup *old = set_active_memcg(chan->pool.memcg);
	struct nx_hold *hold;

	hold = kmalloc(sizeof(*hold), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	set_active_memcg(old);
	return hold;
}

/**
 * nx_hold_new - suspend a flow
 * @flow:   which; in a RCU section with bottom halves off
 * @now_ns: the time
 *
 * Return: a hold, to be released; NULL: no memory, or the flow is gone.
 */
struct nx_hold *nx_hold_new(struct nx_flow *flow, u64 now_ns)
{
	struct nx_hold *hold = hold_alloc(flow->chan);

	if (!hold)
		return NULL;
	hold->chan = flow->chan;
	hold->idx = flow->idx;
	hold->serial = flow->serial;
	hold->since_ns = now_ns;
	hold->is_deaf = false;
	if (!suspend(flow)) {
		kfree(hold);
		return NULL;
	}
	nx_channel_get(hold->chan);
	trace_nexus_advice(flow, true);
	return hold;
}

/**
 * nx_hold_release - the queue is quick enough: its flow is resumed soon
 * @hold: the queue's no longer
 *
 * With bottom halves off, under any lock.
 */
void nx_hold_release(struct nx_hold *hold)
{
	struct release_list *list = this_cpu_ptr(&release_lists);

	if (llist_add(&hold->node, &list->holds))
		tasklet_schedule(&list->tasklet);
}

static void release(struct nx_hold *hold)
{
	struct nx_flow *flow;

	rcu_read_lock();
	flow = rcu_dereference(hold->chan->flows[hold->idx].flow);
	if (flow && flow->serial == hold->serial && resume(flow)) {
		trace_nexus_advice(flow, false);
		nx_event_flow(flow, NEXUS_EVENT_RESUMED, 0);
	}
	rcu_read_unlock();
	nx_channel_put(hold->chan);
	kfree(hold);
}

static void release_tasklet(struct tasklet_struct *t)
{
	struct release_list *list = container_of(t, struct release_list, tasklet);
	struct nx_hold *hold, *next;

	llist_for_each_entry_safe(hold, next, llist_del_all(&list->holds), node)
		release(hold);
}

/**
 * nx_advice_congestion - a packet of a flow was marked, or dropped
 * @flow: which; with bottom halves off
 */
void nx_advice_congestion(struct nx_flow *flow)
{
	struct nx_advice *advice = &flow->advice;

	spin_lock(&advice->lock);
	if (advice->entry)
		count_congestion(advice->entry);
	spin_unlock(&advice->lock);
}

/**
 * nx_advice_released - a packet of a flow has left the queue
 * @flow:  which; with bottom halves off
 * @bytes: its IP packet's
 */
void nx_advice_released(struct nx_flow *flow, u32 bytes)
{
	struct nx_advice *advice = &flow->advice;
	struct nexus_flow_advisory *entry;

	spin_lock(&advice->lock);
	entry = advice->entry;
	if (entry) {
		WRITE_ONCE(entry->released_packets, entry->released_packets + 1);
		WRITE_ONCE(entry->released_bytes, entry->released_bytes + bytes);
	}
	spin_unlock(&advice->lock);
}

/**
 * nx_advice_init - ready each CPU's list
 */
void nx_advice_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_setup(&per_cpu(release_lists, cpu).tasklet,
			      release_tasklet);
}

/* No discipline is left, and so no hold is added; a tasklet may still run. */
void nx_advice_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu(release_lists, cpu).tasklet);
}
