// SPDX-License-Identifier: GPL-2.0
/*
 * NEXUS_IOC_SYNC: one crossing from the process into the kernel. What stands in
 * TX leaves, what stands in FREE comes back, ALLOC is topped up, and the caller
 * may sleep until there is more.
 */
#include "brake.h"
#include "channel.h"
#include "deliver.h"
#include "sync.h"
#include "tx.h"
#include "wake.h"
#include "watch.h"

#define SYNC_FLAGS (NEXUS_SYNC_TX | NEXUS_SYNC_REFILL | NEXUS_SYNC_WAIT_RX | \
		    NEXUS_SYNC_WAIT_TX | NEXUS_SYNC_UNTIL | \
		    NEXUS_SYNC_WAIT_FD | NEXUS_SYNC_FIRST)

/**
 * nx_sync_recycle - a buffer that was sent goes back to who sent it
 * @q:   the queue, locked by its tx_lock
 * @buf: the kernel's
 *
 * It is offered in ALLOC at once, but stays the kernel's until nx_sync_offer(),
 * so that nobody can name it twice in one call. One that an earlier packet still
 * refers to comes back when that has left.
 */
void nx_sync_recycle(struct nx_queue *q, u32 buf)
{
	struct nx_pool *pool = &q->chan->pool;

	if (unlikely(nx_pool_is_held(pool, buf))) {
		nx_pool_pass(pool, buf, NX_OWNER_IN_FLIGHT);
		nx_pool_unhold(pool, buf);
		return;
	}
	if (likely(nx_sync_put_back(q, nx_pool_size_of(pool, buf), buf)))
		return;
	nx_pool_pass(pool, buf, NX_OWNER_FREE);
	nx_pool_put(pool, &buf, 1);
}

/* Reads how far the user has taken what ALLOC offers. */
static bool see_alloc(struct nx_queue *q, struct nx_ring *ring)
{
	u32 cons = smp_load_acquire(ring->cons); /* F */

	if (!nx_ring_is_valid(*ring->prod, cons, ring->mask + 1)) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_ALLOC_INDEX,
				      *ring->prod, cons);
		return false;
	}
	ring->there = cons;
	return true;
}

/* How many buffers of a size stand ready in ALLOC; the rest is for RX. */
static u32 alloc_target(const struct nx_queue *q, int size)
{
	const struct nx_pool *pool = &q->chan->pool;
	u32 share = pool->sizes[size].nr / (2 * q->chan->nr_queues);

	return min(q->alloc[size].mask + 1, max(share, 1U));
}

/* Free buffers of a size that ALLOC may have: some small ones are kept for RX. */
static u32 nr_spare(const struct nx_queue *q, int size)
{
	const struct nx_pool *pool = &q->chan->pool;
	u32 nr = READ_ONCE(pool->free[size].nr), keep = 0;

	if (size == NEXUS_SMALL)
		keep = min(pool->sizes[size].nr / 4,
			   2 * NX_BATCH_START * q->chan->nr_queues);
	return nr > keep ? nr - keep : 0;
}

static void top_up(struct nx_queue *q, int size)
{
	struct nx_ring *ring = &q->alloc[size];
	u32 filled = nx_ring_filled(ring->here, ring->there);
	u32 idx[16], nr, i, want = alloc_target(q, size);

	while (filled < want) {
		nr = min3(want - filled, nr_spare(q, size),
			  (u32)ARRAY_SIZE(idx));
		nr = nx_pool_get(&q->chan->pool, size, idx, nr);
		if (!nr)
			return;
		for (i = 0; i < nr; i++) {
			*nx_alloc_slot(ring) = idx[i];
			ring->here++;
		}
		filled += nr;
	}
}

/* What ALLOC offers from here on is the user's. */
static void publish(struct nx_queue *q, struct nx_ring *ring)
{
	struct nx_pool *pool = &q->chan->pool;
	u32 at;

	for (at = *ring->prod; at != ring->here; at++)
		nx_pool_pass(pool, ((u32 *)ring->slots)[at & ring->mask],
			     NX_OWNER_USER);
	smp_store_release(ring->prod, ring->here); /* E */
}

/**
 * nx_sync_offer - publish what ALLOC offers
 * @q: the queue, locked by its tx_lock
 */
void nx_sync_offer(struct nx_queue *q)
{
	int size;

	for (size = 0; size < NEXUS_NR_SIZES; size++)
		if (*q->alloc[size].prod != q->alloc[size].here)
			publish(q, &q->alloc[size]);
}

static bool see_event(struct nx_queue *q)
{
	u32 cons = smp_load_acquire(q->event.cons); /* J */

	if (nx_ring_is_valid(READ_ONCE(q->event.here), cons, q->event.mask + 1))
		return true;
	nx_channel_quarantine(q, NEXUS_VIOLATION_EVENT_INDEX, q->event.here, cons);
	return false;
}

/* Consumers' indices of the rings that the kernel fills elsewhere. */
static bool see_rx(struct nx_queue *q)
{
	bool is_valid = true;
	u32 cons;

	spin_lock_bh(&q->rx_lock);
	cons = smp_load_acquire(q->rx.cons); /* D */
	if (!nx_ring_is_valid(q->rx.here, cons, q->rx.mask + 1)) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_RX_INDEX, q->rx.here,
				      cons);
		is_valid = false;
	} else {
		q->rx.there = cons;
		is_valid = see_event(q);
	}
	spin_unlock_bh(&q->rx_lock);
	return is_valid;
}

static void refill(struct nx_queue *q)
{
	int size;

	if (!see_rx(q))
		return;
	if (READ_ONCE(*q->free.prod) != READ_ONCE(q->free.here))
		nx_queue_reclaim(q);
	for (size = 0; size < NEXUS_NR_SIZES; size++)
		top_up(q, size);
}

static int cross(struct nx_queue *q, u32 flags)
{
	int size, err = 0;

	mutex_lock(&q->tx_lock);
	/* Whoever takes the channel's memory away has waited for this lock. */
	if (!nx_channel_is_active(q->chan))
		goto out;
	WRITE_ONCE(q->syncs, q->syncs + 1);
	for (size = 0; size < NEXUS_NR_SIZES; size++)
		if (!see_alloc(q, &q->alloc[size]))
			goto out;
	if (flags & NEXUS_SYNC_TX)
		err = nx_tx_drain(q);
	if (flags & NEXUS_SYNC_REFILL)
		refill(q);
	nx_sync_offer(q);
out:
	mutex_unlock(&q->tx_lock);
	return err;
}

static int state_error(const struct nx_channel *chan)
{
	switch ((enum nexus_channel_state)READ_ONCE(chan->state)) {
	case NEXUS_CHANNEL_ACTIVE:
		return 0;
	case NEXUS_CHANNEL_QUARANTINED:
		return -EPROTO;
	case NEXUS_CHANNEL_DETACHED:
	case NEXUS_CHANNEL_DEFUNCT:
		break;
	}
	return -ENXIO;
}

/* The flags and the fields make sense. */
static bool is_valid(const struct nx_channel *chan, const struct nexus_sync *arg)
{
	if (arg->flags & ~SYNC_FLAGS || arg->queue >= chan->nr_queues ||
	    arg->timeout_ns < NEXUS_TIMEOUT_NONE)
		return false;
	if (!(arg->flags & NEXUS_SYNC_WAIT_FD) && arg->fd)
		return false;
	if (!(arg->flags & (NEXUS_SYNC_WAIT_FD | NEXUS_SYNC_FIRST)))
		return true;
	return (arg->flags & (NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_WAIT_TX)) ==
	       NEXUS_SYNC_WAIT_RX;
}

/* Apart, for the sake of everybody else's stack. */
static noinline int wait_beside(struct nx_queue *q, u32 what, ktime_t at,
				bool is_first, int fd)
{
	struct nx_watch watch;
	int ret = nx_watch_begin(&watch, fd);

	if (ret)
		return ret;
	ret = nx_wait(q, what, at, is_first, &watch);
	nx_watch_end(&watch);
	return ret;
}

/*
 * As poll(): who is stopped and goes on, without a handler, sleeps on. That needs an
 * end that does not move.
 */
static int interrupted(const struct nexus_sync *arg)
{
	return arg->flags & NEXUS_SYNC_UNTIL || arg->timeout_ns < 0 ?
	       -ERESTARTNOHAND : -EINTR;
}

static int wait(struct nx_queue *q, u32 what, const struct nexus_sync *arg)
{
	ktime_t at = nx_wait_end(arg->timeout_ns, arg->flags & NEXUS_SYNC_UNTIL);
	bool is_first = arg->flags & NEXUS_SYNC_FIRST;
	int ret;

	if (!(arg->flags & NEXUS_SYNC_WAIT_FD))
		return nx_wait(q, what, at, is_first, NULL);
	ret = wait_beside(q, what, at, is_first, arg->fd);
	return ret == -EINTR ? interrupted(arg) : ret;
}

/**
 * nx_sync - the whole call
 * @chan: whose
 * @arg:  the kernel's copy of the argument
 *
 * Return: as NEXUS_IOC_SYNC.
 */
int nx_sync(struct nx_channel *chan, const struct nexus_sync *arg)
{
	struct nx_queue *q;
	int err;
	u32 what = 0;

	if (!is_valid(chan, arg))
		return -EINVAL;
	q = &chan->queues[arg->queue];
	WRITE_ONCE(chan->tend.last_use, jiffies);
	err = state_error(chan);
	if (err)
		return err;
	if (arg->flags & (NEXUS_SYNC_TX | NEXUS_SYNC_REFILL)) {
		err = cross(q, arg->flags);
		if (err && err != -EAGAIN)
			return state_error(chan) ?: err;
	}
	if (unlikely(READ_ONCE(q->brake.nr)))
		nx_brake_look(q);
	if (arg->flags & NEXUS_SYNC_WAIT_RX)
		what |= NX_ARMED_RX;
	if (arg->flags & NEXUS_SYNC_WAIT_TX)
		what |= NX_ARMED_TX;
	/* Packets stand in TX: the caller sleeps for space, or hears of it. */
	if (err && !(what & NX_ARMED_TX))
		return err;
	if (what)
		err = wait(q, what, arg);
	return state_error(chan) ?: err;
}
