// SPDX-License-Identifier: GPL-2.0
/*
 * Delivery: a packet is copied into buffers of the receiver's pool, and
 * described in its RX ring.
 */
#include <linux/skbuff.h>
#include <net/checksum.h>
#include "compat.h"
#include "copy.h"
#include "deliver.h"
#include "deliver_like.h"
#include "trace.h"
#include "tx.h"
#include "wake.h"

/**
 * nx_deliver_queue - the queue that receives
 * @flow: whose packet
 * @hash: of the packet
 */
struct nx_queue *nx_deliver_queue(const struct nx_flow *flow, u32 hash)
{
	struct nx_channel *chan = flow->chan;

	if (likely(chan->nr_queues == 1))
		return &chan->queues[0];
	if (flow->queue != NEXUS_QUEUE_ANY)
		return &chan->queues[flow->queue];
	return &chan->queues[reciprocal_scale(hash, chan->nr_queues)];
}

/* Makes a buffer that the user gave back nobody's; false: it was not the user's. */
static bool take_back(struct nx_queue *q, u32 idx)
{
	struct nx_pool *pool = &q->chan->pool;

	if (nx_pool_size_of(pool, idx) == NEXUS_SMALL) {
		if (!nx_pool_own(pool, idx, NX_OWNER_USER, NX_OWNER_FREE))
			return false;
		q->cache[q->nr_cache++] = idx;
		return true;
	}
	if (!nx_pool_own(pool, idx, NX_OWNER_USER, NX_OWNER_IN_FLIGHT))
		return false;
	nx_pool_unhold(pool, idx);
	return true;
}

/* Buffers that move between the cache and the pool at a time. */
static u32 batch(const struct nx_queue *q)
{
	/* Without the pool's lock: the last one or the next, and bounded here. */
	u32 buffers = data_race(q->chan->pool.batch.buffers);

	return min(buffers, DIV_ROUND_UP(q->cache_max, 2));
}

/* How many the cache may have. */
static u32 cache_room(const struct nx_queue *q)
{
	return min(2 * batch(q), q->cache_max);
}

/* Takes what the user gave back in FREE, as far as the cache has room. */
static bool reclaim(struct nx_queue *q)
{
	struct nx_pool *pool = &q->chan->pool;
	struct nx_ring *ring = &q->free;
	u32 prod, idx, here = ring->here, was = q->nr_cache, room = cache_room(q);

	lockdep_assert_held(&q->rx_lock);
	prod = smp_load_acquire(ring->prod); /* G */
	if (!nx_ring_is_valid(prod, here, ring->mask + 1)) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_FREE_INDEX, here, prod);
		return false;
	}
	while (here != prod && q->nr_cache < room) {
		idx = READ_ONCE(((u32 *)ring->slots)[here & ring->mask]);
		if (idx >= pool->nr) {
			nx_channel_quarantine(q, NEXUS_VIOLATION_BUFFER_RANGE,
					      here, idx);
			break;
		}
		if (!take_back(q, idx)) {
			nx_channel_quarantine(q, NEXUS_VIOLATION_BUFFER_OWNER,
					      here, idx);
			break;
		}
		here++;
	}
	WRITE_ONCE(ring->here, here); /* a sync asks without the lock */
	smp_store_release(ring->cons, here); /* H */
	return q->nr_cache > was;
}

/* Half of the cache, or all of a small one, goes to the pool. */
static void spill(struct nx_queue *q)
{
	u32 nr = DIV_ROUND_UP(q->nr_cache, 2);

	q->nr_cache -= nr;
	nx_pool_put(&q->chan->pool, q->cache + q->nr_cache, nr);
}

/* One cache full at the most; false: there is no more up to @end. */
static bool reclaim_some(struct nx_queue *q, u32 end)
{
	bool has_more;

	spin_lock_bh(&q->rx_lock);
	if (q->nr_cache >= cache_room(q))
		spill(q);
	reclaim(q);
	has_more = (s32)(end - q->free.here) > 0;
	spin_unlock_bh(&q->rx_lock);
	return has_more;
}

/**
 * nx_queue_reclaim - take what the user gave back so far
 * @q: the queue
 */
void nx_queue_reclaim(struct nx_queue *q)
{
	u32 end = READ_ONCE(*q->free.prod);

	while (nx_channel_is_active(q->chan) && reclaim_some(q, end))
		cond_resched();
}

/**
 * nx_deliver_refill - fill the cache: with what the user gave back, or else from
 * the pool
 * @q: the queue, under its rx_lock
 *
 * Return: false: there is no small buffer.
 */
bool nx_deliver_refill(struct nx_queue *q)
{
	reclaim(q);
	if (!q->nr_cache)
		q->nr_cache = nx_pool_get(&q->chan->pool, NEXUS_SMALL, q->cache,
					  batch(q));
	return q->nr_cache;
}

static void put_parts(struct nx_queue *q, const struct nx_rx_parts *parts)
{
	nx_pool_put(&q->chan->pool, parts->buf, parts->nr);
}

/* Buffers for @len bytes: one if there is one that is large enough. */
static bool get_parts(struct nx_queue *q, u32 len, struct nx_rx_parts *parts)
{
	struct nx_pool *pool = &q->chan->pool;
	u32 want;

	reclaim(q);
	parts->nr = 1;
	parts->size = NEXUS_LARGE_SIZE;
	if (nx_pool_get(pool, NEXUS_LARGE, parts->buf, 1))
		return true;
	parts->size = NEXUS_SMALL_SIZE;
	want = DIV_ROUND_UP(len, NEXUS_SMALL_SIZE);
	parts->nr = nx_pool_get(pool, NEXUS_SMALL, parts->buf, want);
	while (parts->nr < want && (q->nr_cache || nx_deliver_refill(q)))
		parts->buf[parts->nr++] = q->cache[--q->nr_cache];
	if (parts->nr == want)
		return true;
	put_parts(q, parts);
	return false;
}

/**
 * nx_deliver_see_room - read how far the user has taken what stands in RX
 * @q: the queue, under its rx_lock
 *
 * Return: false: its index cannot be; there is no room then.
 */
bool nx_deliver_see_room(struct nx_queue *q)
{
	struct nx_ring *ring = &q->rx;

	ring->there = smp_load_acquire(ring->cons); /* D */
	if (!nx_ring_is_valid(ring->here, ring->there, ring->mask + 1)) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_RX_INDEX, ring->here,
				      ring->there);
		ring->there = ring->here - ring->mask - 1;
		return false;
	}
	return true;
}

/* Room for @nr descriptors in RX? */
static bool has_slots(struct nx_queue *q, u32 nr)
{
	const struct nx_ring *ring = &q->rx;

	if (likely(nx_ring_space(ring->here, ring->there, ring->mask + 1) >= nr))
		return true;
	return nx_deliver_see_room(q) &&
	       nx_ring_space(ring->here, ring->there, ring->mask + 1) >= nr;
}

/* As skb_copy_bits(), where all that does not lie in front lies in mapped pages. */
static bool copy_frags(const struct sk_buff *skb, u32 off, void *to, u32 len)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	u32 at = skb_headlen(skb), n;
	int i;

	if (IS_ENABLED(CONFIG_HIGHMEM) || shared->frag_list ||
	    !nx_compat_has_readable_frags(skb))
		return !skb_copy_bits(skb, off, to, len);
	if (off < at) {
		n = min(len, at - off);
		nx_copy(to, skb->data + off, n);
		off += n;
		to += n;
		len -= n;
	}
	for (i = 0; len && i < shared->nr_frags; i++) {
		const skb_frag_t *frag = &shared->frags[i];
		u32 size = skb_frag_size(frag);

		if (off < at + size) {
			n = min(len, at + size - off);
			nx_copy(to, skb_frag_address(frag) + (off - at), n);
			off += n;
			to += n;
			len -= n;
		}
		at += size;
	}
	return !len;
}

/* Copies without a sum. */
static bool copy_plain(const struct nx_rx_packet *p, u32 off, void *to, u32 len)
{
	if (!p->skb)
		return nx_tx_copy(p->tx, off, to, len, NULL);
	if (likely(off + len <= skb_headlen(p->skb))) {
		nx_copy(to, p->skb->data + off, len);
		return true;
	}
	return copy_frags(p->skb, off, to, len);
}

/* Copies with a sum. Pieces begin at even distances, so their sums add up. */
static void copy_summed(struct nx_rx_packet *p, u32 off, void *to, u32 len)
{
	__wsum sum;

	if (likely(off + len <= skb_headlen(p->skb)))
		sum = csum_partial_copy_nocheck(p->skb->data + off, to, len);
	else
		sum = skb_copy_and_csum_bits(p->skb, off, to, len);
	p->sum = csum_add(p->sum, sum);
}

static bool copy(struct nx_rx_packet *p, u32 off, void *to, u32 len)
{
	if (!p->wants_sum)
		return copy_plain(p, off, to, len);
	copy_summed(p, off, to, len);
	return true;
}

/* Copies all of @p into a small buffer, which lies in one page. */
static bool copy_small(struct nx_queue *q, struct nx_rx_packet *p, u32 buf)
{
	void *to = nx_pool_addr_small(&q->chan->pool, buf, 0);

	if (unlikely(!to))
		return false;
	return copy(p, 0, to, p->len);
}

/* Copies all of @p into the buffers, page by page. */
static bool copy_parts(struct nx_queue *q, struct nx_rx_packet *p,
		       const struct nx_rx_parts *parts)
{
	u32 i, at, n, off = 0;
	void *to;

	for (i = 0; i < parts->nr; i++) {
		for (at = 0; at < parts->size && off < p->len; at += n, off += n) {
			to = nx_pool_addr(&q->chan->pool, parts->buf[i], at);
			if (!to)
				return false;
			n = min3(p->len - off, parts->size - at,
				 (u32)(PAGE_SIZE - offset_in_page(to)));
			if (!copy(p, off, to, n))
				return false;
		}
	}
	return true;
}

static __always_inline void write_first(struct nexus_desc *d,
					const struct nx_rx_packet *p,
					u32 nr_parts)
{
	d->flow = p->flow->idx;
	d->flags = p->flags;
	d->traffic_class = 0;
	d->ip_version = p->ip_version;
	d->protocol = p->protocol;
	d->nr_parts = nr_parts;
	d->l4_off = p->l4_off;
	d->payload_off = p->payload_off;
	d->gso_size = p->gso_size;
	d->gso_segs = p->gso_segs;
	d->hash = p->hash;
	d->ifindex = p->ifindex;
	d->time_ns = p->time_ns;
	d->cookie = 0;
	d->reserved[0] = 0;
	d->reserved[1] = 0;
}

/**
 * nx_deliver_describe - the descriptor of a packet in one buffer
 * @d: all of it is written, but for the buffer and the length
 * @p: the packet
 */
void nx_deliver_describe(struct nexus_desc *d, const struct nx_rx_packet *p)
{
	write_first(d, p, 1);
	d->buf = 0;
	d->off = 0;
	d->len = 0;
}

/* Describes a packet in one buffer in RX; who ends the run publishes it. */
static void describe_one(struct nx_queue *q, const struct nx_rx_packet *p,
			 u32 buf)
{
	struct nx_ring *ring = &q->rx;
	struct nexus_desc *d;

	d = (struct nexus_desc *)ring->slots + (ring->here & ring->mask);
	write_first(d, p, 1);
	d->buf = buf;
	d->off = 0;
	d->len = p->len;
	nx_pool_pass(&q->chan->pool, buf, NX_OWNER_USER);
	ring->here++;
}

/* The same for one in several buffers. */
static void describe(struct nx_queue *q, const struct nx_rx_packet *p,
		     const struct nx_rx_parts *parts)
{
	struct nx_ring *ring = &q->rx;
	u32 i, left = p->len;
	struct nexus_desc *d;

	for (i = 0; i < parts->nr; i++) {
		d = (struct nexus_desc *)ring->slots + (ring->here & ring->mask);
		if (i) {
			memset(d, 0, sizeof(*d));
			d->flow = p->flow->idx;
		} else {
			write_first(d, p, parts->nr);
		}
		d->buf = parts->buf[i];
		d->off = 0;
		d->len = min(left, parts->size);
		left -= d->len;
		if (left)
			d->flags |= NEXUS_DESC_MORE;
		nx_pool_pass(&q->chan->pool, parts->buf[i], NX_OWNER_USER);
		ring->here++;
	}
}

static void count_rx(struct nx_queue *q, const struct nx_rx_packet *p)
{
	const struct nx_traffic got = { .packets = 1, .bytes = p->len };

	nx_deliver_count(q, p->flow, &got, p->wants_sum);
}

static enum nexus_drop_reason drop(struct nx_queue *q,
				   const struct nx_rx_packet *p,
				   enum nexus_drop_reason reason)
{
	WRITE_ONCE(q->rx_drops[reason], q->rx_drops[reason] + 1);
	atomic64_inc(&p->flow->drops);
	trace_nexus_drop(q->chan->nexus->id, q->chan->id, p->flow->idx, reason,
			 p->len);
	return reason;
}

/**
 * nx_deliver_refuse - a packet that a flow should have had is lost
 * @p:      the packet
 * @reason: why
 */
void nx_deliver_refuse(const struct nx_rx_packet *p,
		       enum nexus_drop_reason reason)
{
	struct nx_queue *q = nx_deliver_queue(p->flow, p->hash);

	spin_lock_bh(&q->rx_lock);
	drop(q, p, reason);
	spin_unlock_bh(&q->rx_lock);
}

/**
 * nx_deliver_begin - a run of packets for one queue begins
 * @q: the queue; the caller is in a RCU section with bottom halves off
 */
void nx_deliver_begin(struct nx_queue *q)
	__acquires(&q->rx_lock)
{
	spin_lock(&q->rx_lock);
}

/**
 * nx_deliver_end - publish what the run has brought, and see to the wake
 * @q:          the queue
 * @is_softirq: see nx_wake_later()
 */
void nx_deliver_end(struct nx_queue *q, bool is_softirq)
	__releases(&q->rx_lock)
{
	bool has_new = *q->rx.prod != q->rx.here;

	smp_store_release(q->rx.prod, q->rx.here); /* C */
	spin_unlock(&q->rx_lock);
	if (has_new)
		nx_wake_later(q, is_softirq);
}

/* The sum is right, or nobody asked for it. */
static bool is_sum_right(struct nx_rx_packet *p)
{
	if (!p->wants_sum)
		return true;
	p->flags |= NEXUS_DESC_CSUM;
	return !csum_fold(p->sum);
}

/* A packet that fits into a small buffer, as most do. */
static enum nexus_drop_reason deliver_small(struct nx_queue *q,
					    struct nx_rx_packet *p)
{
	u32 buf;

	if (unlikely(!q->nr_cache) && !nx_deliver_refill(q))
		return NEXUS_DROP_RX_NO_BUFFER;
	buf = q->cache[q->nr_cache - 1];
	if (unlikely(!copy_small(q, p, buf)))
		return NEXUS_DROP_RX_NO_BUFFER;
	if (unlikely(!is_sum_right(p)))
		return NEXUS_DROP_RX_CHECKSUM;
	q->nr_cache--;
	describe_one(q, p, buf);
	return NEXUS_DROP_NONE;
}

static enum nexus_drop_reason deliver_large(struct nx_queue *q,
					    struct nx_rx_packet *p)
{
	struct nx_rx_parts *parts = &q->rx_parts;
	enum nexus_drop_reason reason;

	if (!get_parts(q, p->len, parts))
		return NEXUS_DROP_RX_NO_BUFFER;
	if (!has_slots(q, parts->nr))
		reason = NEXUS_DROP_RX_RING_FULL;
	else if (!copy_parts(q, p, parts))
		reason = NEXUS_DROP_RX_NO_BUFFER;
	else if (!is_sum_right(p))
		reason = NEXUS_DROP_RX_CHECKSUM;
	else
		reason = NEXUS_DROP_NONE;
	if (reason)
		put_parts(q, parts);
	else
		describe(q, p, parts);
	return reason;
}

/* Datagrams do not ask: nx_flow_del() waits for who delivers them. */
static bool is_open(const struct nx_queue *q, const struct nx_rx_packet *p)
{
	return nx_channel_is_active(q->chan) &&
	       (p->protocol == IPPROTO_UDP ||
		nx_channel_has_flow(q->chan, p->flow->idx, p->flow));
}

/**
 * nx_deliver - copy one packet into a queue
 * @q: the queue, in a run
 * @p: the packet; not consumed
 *
 * Return: NEXUS_DROP_NONE, or why it was lost; counted, if it was.
 */
enum nexus_drop_reason nx_deliver(struct nx_queue *q, struct nx_rx_packet *p)
{
	enum nexus_drop_reason reason;

	lockdep_assert_held(&q->rx_lock);
	if (unlikely(!is_open(q, p)))
		reason = NEXUS_DROP_RX_CLOSED;
	else if (unlikely(!has_slots(q, 1)))
		reason = NEXUS_DROP_RX_RING_FULL;
	else if (likely(p->len <= NEXUS_SMALL_SIZE))
		reason = deliver_small(q, p);
	else
		reason = deliver_large(q, p);
	if (unlikely(reason))
		return p->is_optional ? reason : drop(q, p, reason);
	if (unlikely(p->flow->traffic_class == NEXUS_CLASS_LOW_LATENCY) &&
	    nx_grant_of(p->flow))
		WRITE_ONCE(q->is_urgent, true);
	count_rx(q, p);
	trace_nexus_rx(p->flow, p->flow->traffic_class, p->len,
		       p->flags & NEXUS_DESC_LOCAL);
	return NEXUS_DROP_NONE;
}
