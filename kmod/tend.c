// SPDX-License-Identifier: GPL-2.0
/*
 * Tending channels: once a second, while there is anything to do, the working
 * set of each pool is looked after, channels that were idle for too long become
 * defunct, and, under memory pressure, all give back what they do not use.
 *
 * With nothing to do, nothing runs: a pool that was purged is looked at again
 * when it gets its next page.
 */
#include <linux/memcontrol.h>
#include <linux/workqueue.h>
#include "channel.h"
#include "compat.h"
#include "defunct.h"
#include "deliver.h"
#include "monitor.h"
#include "nexus.h"
#include "region.h"
#include "task.h"
#include "tend.h"
#include "trace.h"
#include "window.h"

/* For a moment each time: who attaches or closes a channel waits for it. */
static DEFINE_MUTEX(lock);
/* All channels, struct nx_tend; under @lock. */
static LIST_HEAD(channels);
/* One at a time goes over all channels; @round counts, under @lock. */
static DEFINE_MUTEX(pass_lock);
static u32 round;
/* Pages that the kernel asked for. */
static atomic_long_t nr_wanted;
static struct shrinker *shrinker;

static void tick(struct work_struct *work);
static DECLARE_DELAYED_WORK(tick_work, tick);
static void relieve(struct work_struct *work);
static DECLARE_WORK(relieve_work, relieve);

/* -------------------------------------------------------------- passes */

/*
 * Channels go to the end of the list when it is their turn, and new ones come
 * there, so that the first that has had its turn is where the pass ends.
 */
static struct nx_channel *next_in_pass(void)
{
	struct nx_channel *chan;

	mutex_lock(&lock);
	chan = list_first_entry_or_null(&channels, struct nx_channel,
					tend.node);
	if (chan && chan->tend.round == round)
		chan = NULL;
	if (chan) {
		chan->tend.round = round;
		list_move_tail(&chan->tend.node, &channels);
		nx_channel_get(chan);
	}
	mutex_unlock(&lock);
	return chan;
}

/**
 * pass - go over all channels
 * @tend: called for each, with its lock
 * @arg:  its argument
 *
 * Who attaches or closes a channel waits for the one that is being tended at
 * the most, and for that only if it is their own.
 */
static void pass(void (*tend)(struct nx_channel *chan, void *arg), void *arg)
{
	struct nx_channel *chan;

	mutex_lock(&pass_lock);
	mutex_lock(&lock);
	round++;
	mutex_unlock(&lock);
	while ((chan = next_in_pass())) {
		mutex_lock(&chan->tend.lock);
		if (!chan->tend.is_over)
			tend(chan, arg);
		mutex_unlock(&chan->tend.lock);
		nx_channel_put(chan);
	}
	mutex_unlock(&pass_lock);
}

/* ---------------------------------------------------------- giving back */

/* What a purge may take beside what is free: what stands in ALLOC, untaken. */
static void mark_alloc(struct nx_cold *cold, const struct nx_queue *q)
{
	const struct nx_ring *ring;
	u32 at, end;
	int size;

	for (size = 0; size < NEXUS_NR_SIZES; size++) {
		ring = &q->alloc[size];
		end = *ring->prod;
		at = smp_load_acquire(ring->cons); /* F */
		if (!nx_ring_is_valid(end, at, ring->mask + 1))
			continue;
		for (; at != end; at++)
			nx_cold_mark(cold, &q->chan->pool,
				     ((u32 *)ring->slots)[at & ring->mask]);
	}
}

/*
 * The process takes a buffer by moving its index, and writes to the buffer after
 * that (M in the memory model). Once the pages are out of its mapping, whatever
 * it has written is preceded by an index that is seen here; what it writes from
 * now on waits for the lock that the caller holds.
 */
static u32 purge_alloc(struct nx_queue *q, struct nx_cold *cold)
{
	struct nx_channel *chan = q->chan;
	u32 nr = 0;

	nx_cold_clear(cold, &chan->pool);
	mark_alloc(cold, q);
	if (!cold->nr)
		return 0;
	down_write(&chan->map_lock);
	nx_region_unmap(chan, NEXUS_REGION_BUFFERS, cold->whole,
			chan->pool.nr_pages); /* M */
	nx_cold_clear(cold, &chan->pool);
	mark_alloc(cold, q);
	nr = nx_pool_drop_cold(&chan->pool, cold);
	up_write(&chan->map_lock);
	return nr;
}

/* All of the queue that the process has not taken goes to the pool. */
static u32 purge_queue(struct nx_queue *q, struct nx_cold *cold)
{
	u32 nr = 0;

	nx_queue_reclaim(q);
	spin_lock_bh(&q->rx_lock);
	nx_pool_put(&q->chan->pool, q->cache, q->nr_cache);
	q->nr_cache = 0;
	spin_unlock_bh(&q->rx_lock);
	mutex_lock(&q->tx_lock);
	if (nx_channel_is_active(q->chan))
		nr = purge_alloc(q, cold);
	mutex_unlock(&q->tx_lock);
	return nr;
}

/* Up to @nr pages; of those that stood ready, or of all. */
static u32 shed(struct nx_channel *chan, struct nx_cold *cold, u32 nr,
		bool is_all)
{
	struct nx_pool *pool = &chan->pool;
	u32 done = 0;

	while (done < nr && nx_channel_is_active(chan) &&
	       nx_pool_take_cold(pool, cold, nr - done, is_all)) {
		down_write(&chan->map_lock);
		nx_region_unmap(chan, NEXUS_REGION_BUFFERS, cold->whole,
				pool->nr_pages);
		done += nx_pool_drop_cold(pool, cold);
		up_write(&chan->map_lock);
		nx_pool_put_cold(pool, cold);
		cond_resched();
	}
	return done;
}

static u32 purge(struct nx_channel *chan, struct nx_cold *cold)
{
	u32 i, nr = 0;

	for (i = 0; i < chan->nr_queues; i++)
		nr += purge_queue(&chan->queues[i], cold);
	return nr + shed(chan, cold, ~0U, true);
}

/* --------------------------------------------------------- working sets */

static u64 count_packets(const struct nx_channel *chan)
{
	struct nx_counters sum = {};

	nx_channel_count(chan, &sum);
	return sum.rx.packets + sum.tx.packets;
}

static void take_sample(struct nx_channel *chan, struct nx_cold *cold,
			struct nx_wset_sample *s)
{
	u64 nr = count_packets(chan);

	s->nr_fresh = atomic_xchg(&chan->pool.nr_fresh, 0);
	s->nr_ready = nx_pool_ready(&chan->pool, cold);
	s->is_used = nr != chan->tend.nr_packets;
	chan->tend.nr_packets = nr;
}

/* A pool that was purged is watched no longer; its next page changes that. */
static void look_after(struct nx_channel *chan, struct nx_cold *cold)
{
	struct nx_wset *w = &chan->tend.wset;
	struct nx_wset_sample s;
	u32 was = w->state, nr;

	take_sample(chan, cold, &s);
	nr = nx_wset_update(w, &s);
	if (w->state == NX_WSET_PURGED) {
		WRITE_ONCE(chan->pool.is_watched, false);
		nx_window_press(chan, false);
		nr = purge(chan, cold);
	} else if (nr) {
		nr = shed(chan, cold, nr, false);
	}
	if (w->state != was)
		trace_nexus_wset(chan->id, was, w->state, w->target, nr);
}

/*
 * The kernel's own measure for its own sockets: reclaim in the memory cgroup, or in
 * one above, finds little. The library's receive windows go by it.
 */
static bool is_memory_short(const struct nx_pool *pool)
{
	return pool->memcg && mem_cgroup_under_socket_pressure(pool->memcg);
}

/* True: this pool is to be looked at again. */
static bool tend_pool(struct nx_channel *chan)
{
	struct nx_cold *cold;

	if (!READ_ONCE(chan->pool.is_watched) || !nx_channel_is_active(chan))
		return false;
	nx_window_press(chan, is_memory_short(&chan->pool));
	cold = nx_cold_alloc(&chan->pool);
	if (!cold)
		return true;
	look_after(chan, cold);
	nx_cold_free(cold);
	return READ_ONCE(chan->pool.is_watched);
}

/* --------------------------------------------------------- idle channels */

static bool may_go(const struct nx_channel *chan)
{
	return chan->flags & NEXUS_ATTACH_DEFUNCT_OK &&
	       READ_ONCE(chan->life) == NX_LIFE_ACTIVE;
}

/* Jiffies until a channel has been idle for too long; MAX: that will not be. */
static unsigned long time_left(const struct nx_channel *chan)
{
	u32 seconds = READ_ONCE(chan->nexus->policy.max_idle);
	unsigned long idle = jiffies - READ_ONCE(chan->tend.last_use);

	if (!seconds || !may_go(chan))
		return MAX_JIFFY_OFFSET;
	return idle < seconds * HZ ? seconds * HZ - idle : 0;
}

/* The caller puts it. */
static struct nx_channel *find_idle(void)
{
	struct nx_channel *chan;

	mutex_lock(&lock);
	list_for_each_entry(chan, &channels, tend.node) {
		if (time_left(chan))
			continue;
		nx_channel_get(chan);
		mutex_unlock(&lock);
		return chan;
	}
	mutex_unlock(&lock);
	return NULL;
}

static void end_idle(void)
{
	struct nx_channel *chan;

	while ((chan = find_idle())) {
		nx_defunct(chan, NEXUS_DEFUNCT_IDLE);
		nx_channel_put(chan);
	}
}

/* @arg: jiffies until something is to be looked at again */
static void tend_one(struct nx_channel *chan, void *arg)
{
	unsigned long *next = arg;

	if (tend_pool(chan))
		*next = min(*next, msecs_to_jiffies(NX_WSET_SAMPLE_MS));
	*next = min(*next, time_left(chan));
}

static void tick(struct work_struct *work)
{
	unsigned long next = MAX_JIFFY_OFFSET;

	end_idle();
	pass(tend_one, &next);
	if (next != MAX_JIFFY_OFFSET)
		nx_tend_soon(max(next, 1UL));
}

/* ------------------------------------------------------------- pressure */

/* All its free pages, whether it runs or not. */
static void shed_one(struct nx_channel *chan, void *arg)
{
	struct nx_cold *cold = nx_cold_alloc(&chan->pool);
	u32 nr;

	if (!cold)
		return;
	nr = shed(chan, cold, ~0U, true);
	nx_cold_free(cold);
	if (nr)
		nx_monitor_memory(chan, NEXUS_MONITOR_SHED,
				  NEXUS_DEFUNCT_PRESSURE, nr);
}

/* Of those whose process cannot run, the one that did not for the longest. */
static struct nx_channel *find_halted(void)
{
	struct nx_channel *chan, *found = NULL;

	mutex_lock(&lock);
	list_for_each_entry(chan, &channels, tend.node) {
		if (!may_go(chan) || !nx_task_is_halted(chan->pid))
			continue;
		if (!found || time_before(READ_ONCE(chan->tend.last_use),
					  READ_ONCE(found->tend.last_use)))
			found = chan;
	}
	if (found)
		nx_channel_get(found);
	mutex_unlock(&lock);
	return found;
}

static void relieve(struct work_struct *work)
{
	long wanted = atomic_long_xchg(&nr_wanted, 0);
	struct nx_channel *chan;

	while (wanted > 0 && (chan = find_halted())) {
		wanted -= atomic_read(&chan->pool.nr_populated);
		nx_defunct(chan, NEXUS_DEFUNCT_PRESSURE);
		nx_channel_put(chan);
	}
	if (wanted > 0)
		pass(shed_one, NULL);
}

static unsigned long count_objects(struct shrinker *s, struct shrink_control *sc)
{
	return max(atomic_long_read(&nx_pool_total), 0L);
}

/*
 * Whoever needs memory may hold any lock of ours, so the work is done elsewhere,
 * and nothing can be said of what it brings.
 */
static unsigned long scan_objects(struct shrinker *s, struct shrink_control *sc)
{
	atomic_long_add(sc->nr_to_scan, &nr_wanted);
	queue_work(nx_wq, &relieve_work);
	return SHRINK_STOP;
}

/* ------------------------------------------------------------- channels */

/**
 * nx_tend_soon - look after channels
 * @delay: jiffies from now at the latest
 *
 * In any context.
 */
void nx_tend_soon(unsigned long delay)
{
	if (!delayed_work_pending(&tick_work) ||
	    time_before(jiffies + delay, tick_work.timer.expires))
		mod_delayed_work(nx_wq, &tick_work, delay);
}

/**
 * nx_tend_watch - a pool that was at rest got a page
 * @pool: of a channel
 *
 * In any context.
 */
void nx_tend_watch(struct nx_pool *pool)
{
	if (!xchg(&pool->is_watched, true))
		nx_tend_soon(msecs_to_jiffies(NX_WSET_SAMPLE_MS));
}

static void tell_state(const struct nx_channel *chan, u32 was)
{
	const struct nx_wset *w = &chan->tend.wset;

	trace_nexus_wset(chan->id, was, w->state, w->target, 0);
}

/**
 * nx_tend_pin - keep @target pages of a pool ready, whatever happens
 * @chan:   whose pool
 * @target: pages
 */
void nx_tend_pin(struct nx_channel *chan, u32 target)
{
	u32 was;

	mutex_lock(&chan->tend.lock);
	was = chan->tend.wset.state;
	nx_wset_pin(&chan->tend.wset, target);
	tell_state(chan, was);
	mutex_unlock(&chan->tend.lock);
	nx_tend_watch(&chan->pool);
}

/**
 * nx_tend_unpin - a working set tunes itself again, from the beginning
 * @chan: whose pool
 */
void nx_tend_unpin(struct nx_channel *chan)
{
	u32 was;

	mutex_lock(&chan->tend.lock);
	was = chan->tend.wset.state;
	nx_wset_init(&chan->tend.wset, chan->pool.nr_pages);
	tell_state(chan, was);
	mutex_unlock(&chan->tend.lock);
	nx_tend_watch(&chan->pool);
}

/**
 * nx_tend_begin - a channel was attached
 * @chan: the channel; nx_tend_end() has to follow
 */
void nx_tend_begin(struct nx_channel *chan)
{
	unsigned long left;

	nx_wset_init(&chan->tend.wset, chan->pool.nr_pages);
	mutex_init(&chan->tend.lock);
	chan->tend.last_use = jiffies;
	mutex_lock(&lock);
	chan->tend.round = round;
	list_add_tail(&chan->tend.node, &channels);
	left = time_left(chan);
	mutex_unlock(&lock);
	if (left != MAX_JIFFY_OFFSET)
		nx_tend_soon(left);
}

void nx_tend_end(struct nx_channel *chan)
{
	mutex_lock(&lock);
	list_del(&chan->tend.node);
	mutex_unlock(&lock);
	mutex_lock(&chan->tend.lock);
	chan->tend.is_over = true;
	mutex_unlock(&chan->tend.lock);
}

int nx_tend_init(void)
{
	shrinker = shrinker_alloc(0, "nexus");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count_objects;
	shrinker->scan_objects = scan_objects;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	return 0;
}

/* No channel is left; and before nx_wq goes. */
void nx_tend_exit(void)
{
	shrinker_free(shrinker);
	cancel_work_sync(&relieve_work);
	cancel_delayed_work_sync(&tick_work);
}
