// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a pool whose buffers nobody has: counting them, and taking them out
 * of the pool while they are given back.
 *
 * Buffers are taken last in, first out: those that nobody took for a while lie
 * at the beginning of their free list, and there cold ones are put back.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "pool.h"

/*
 * Most buffers that are out of a free list at a time, and for how many others
 * one may be: a burst that comes just then shall find the rest.
 */
#define COLD_BUFFERS	512U
#define COLD_SHARE	4U

/* A page of small buffers is known to be free when the second one is found. */
static_assert(PAGE_SIZE <= 2 * NEXUS_SMALL_SIZE);

struct nx_cold *nx_cold_alloc(const struct nx_pool *pool)
{
	struct nx_cold *cold;

	cold = kzalloc(sizeof(*cold), GFP_KERNEL);
	if (!cold)
		return NULL;
	cold->seen = bitmap_zalloc(pool->nr_pages, GFP_KERNEL);
	cold->whole = bitmap_zalloc(pool->nr_pages, GFP_KERNEL);
	cold->buf = kmalloc_array(COLD_BUFFERS, sizeof(*cold->buf), GFP_KERNEL);
	if (cold->seen && cold->whole && cold->buf)
		return cold;
	nx_cold_free(cold);
	return NULL;
}

void nx_cold_free(struct nx_cold *cold)
{
	bitmap_free(cold->seen);
	bitmap_free(cold->whole);
	kfree(cold->buf);
	kfree(cold);
}

void nx_cold_clear(struct nx_cold *cold, const struct nx_pool *pool)
{
	bitmap_zero(cold->seen, pool->nr_pages);
	bitmap_zero(cold->whole, pool->nr_pages);
	cold->nr = 0;
	cold->nr_buf = 0;
}

static u32 first_page(const struct nx_pool *pool, u32 buf)
{
	return nx_pool_off(pool, buf, 0) >> PAGE_SHIFT;
}

/* Small buffers share a page; the last one may have it alone. */
static u32 nr_sharing(const struct nx_pool *pool, u32 page)
{
	u32 each = PAGE_SIZE / NEXUS_SMALL_SIZE;

	return min(each, pool->sizes[NEXUS_SMALL].nr - page * each);
}

static void mark_small(struct nx_cold *cold, const struct nx_pool *pool, u32 page)
{
	if (!READ_ONCE(pool->mem[page]))
		return;
	if (nr_sharing(pool, page) > 1 && !__test_and_set_bit(page, cold->seen))
		return;
	if (!__test_and_set_bit(page, cold->whole))
		cold->nr++;
}

static void mark_large(struct nx_cold *cold, const struct nx_pool *pool, u32 page)
{
	u32 end = page + NEXUS_LARGE_SIZE / PAGE_SIZE;

	for (; page < end; page++)
		if (READ_ONCE(pool->mem[page]) &&
		    !__test_and_set_bit(page, cold->whole))
			cold->nr++;
}

/**
 * nx_cold_mark - a buffer is nobody's
 * @cold: what was found so far
 * @pool: whose buffer
 * @buf:  index; each is marked once
 */
void nx_cold_mark(struct nx_cold *cold, const struct nx_pool *pool, u32 buf)
{
	if (nx_pool_size_of(pool, buf) == NEXUS_SMALL)
		mark_small(cold, pool, first_page(pool, buf));
	else
		mark_large(cold, pool, first_page(pool, buf));
}

static bool is_marked(const struct nx_cold *cold, const struct nx_pool *pool,
		      u32 buf)
{
	u32 page = first_page(pool, buf);
	u32 nr = 1;

	if (nx_pool_size_of(pool, buf) == NEXUS_LARGE)
		nr = NEXUS_LARGE_SIZE / PAGE_SIZE;
	return find_next_bit(cold->whole, page + nr, page) < page + nr;
}

/**
 * nx_pool_ready - pages that stood ready since this was asked last
 * @pool: the pool
 * @cold: to count in
 */
u32 nx_pool_ready(struct nx_pool *pool, struct nx_cold *cold)
{
	struct nx_free_list *list;
	int size;
	u32 i;

	nx_cold_clear(cold, pool);
	spin_lock_bh(&pool->lock);
	for (size = 0; size < NEXUS_NR_SIZES; size++) {
		list = &pool->free[size];
		for (i = 0; i < list->low; i++)
			nx_cold_mark(cold, pool, list->idx[i]);
		list->low = list->nr;
	}
	spin_unlock_bh(&pool->lock);
	return cold->nr;
}

/* Moves marked buffers among the first @limit from @list to @cold. */
static void extract(struct nx_pool *pool, struct nx_free_list *list, u32 limit,
		    struct nx_cold *cold)
{
	u32 i, kept = 0;

	for (i = 0; i < list->nr; i++) {
		if (i < limit && is_marked(cold, pool, list->idx[i]))
			cold->buf[cold->nr_buf++] = list->idx[i];
		else
			list->idx[kept++] = list->idx[i];
	}
	WRITE_ONCE(list->nr, kept);
	list->low = min(list->low, kept);
}

static void take_from(struct nx_pool *pool, int size, struct nx_cold *cold,
		      u32 nr, bool is_all)
{
	struct nx_free_list *list = &pool->free[size];
	u32 limit = is_all ? list->nr : list->low;
	u32 most = clamp(list->nr / COLD_SHARE, 1U, COLD_BUFFERS / 2), i;

	/* Two buffers of a page at the most: they fit. */
	nr = min(nr, most / 2 + 1);
	for (i = 0; i < limit && cold->nr < nr; i++)
		nx_cold_mark(cold, pool, list->idx[i]);
	extract(pool, list, limit, cold);
}

/**
 * nx_pool_take_cold - take some buffers out of the pool, all of their pages
 * @pool:   the pool
 * @cold:   where they go
 * @nr:     pages that are wanted
 * @is_all: any that are free, and not only those that stood ready
 *
 * Return: false: there were none.
 */
bool nx_pool_take_cold(struct nx_pool *pool, struct nx_cold *cold, u32 nr,
		       bool is_all)
{
	int size;

	nx_cold_clear(cold, pool);
	spin_lock_bh(&pool->lock);
	/* Large ones first: they are more seldom needed. */
	for (size = NEXUS_NR_SIZES - 1; size >= 0 && !cold->nr; size--)
		take_from(pool, size, cold, nr, is_all);
	spin_unlock_bh(&pool->lock);
	return cold->nr;
}

static void put_page_rcu(struct rcu_head *rcu)
{
	put_page(container_of(rcu, struct page, rcu_head));
}

/**
 * nx_pool_drop_cold - free the pages that were found
 * @pool: the pool
 * @cold: nothing maps them, and their buffers are nobody's
 *
 * That they are nobody's is what an honest process's indices say. By a false one
 * another path may be copying to or from such a page at this moment, so that it
 * is freed when all who could have looked it up are done.
 *
 * Return: how many there were.
 */
u32 nx_pool_drop_cold(struct nx_pool *pool, const struct nx_cold *cold)
{
	u32 page, nr = 0;
	void *mem;

	for_each_set_bit(page, cold->whole, pool->nr_pages) {
		mem = xchg(&pool->mem[page], NULL);
		if (!mem)
			continue;
		call_rcu(&virt_to_page(mem)->rcu_head, put_page_rcu);
		nr++;
	}
	atomic_sub(nr, &pool->nr_populated);
	atomic_long_sub(nr, &nx_pool_total);
	return nr;
}

/**
 * nx_pool_put_cold - give buffers back that were taken
 * @pool: the pool
 * @cold: they are of one size, and are the next ones to be cold
 */
void nx_pool_put_cold(struct nx_pool *pool, struct nx_cold *cold)
{
	struct nx_free_list *list;

	list = &pool->free[nx_pool_size_of(pool, cold->buf[0])];
	spin_lock_bh(&pool->lock);
	memmove(list->idx + cold->nr_buf, list->idx,
		list->nr * sizeof(*list->idx));
	memcpy(list->idx, cold->buf, cold->nr_buf * sizeof(*list->idx));
	WRITE_ONCE(list->nr, list->nr + cold->nr_buf);
	list->low += cold->nr_buf;
	spin_unlock_bh(&pool->lock);
}
