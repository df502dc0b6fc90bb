// SPDX-License-Identifier: GPL-2.0
/*
 * The buffers of one channel: nobody else's, neither another channel's nor a
 * driver's. Pages come on demand; every buffer has one owner at a time.
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>
#include "channel.h"
#include "pool.h"
#include "tend.h"
#include "trace.h"

atomic_long_t nx_pool_total;

static u64 small_bytes(u32 nr_small)
{
	return PAGE_ALIGN((u64)nr_small * NEXUS_SMALL_SIZE);
}

/**
 * nx_pool_bytes - the size of a pool's region
 * @nr_small: buffers of NEXUS_SMALL_SIZE
 * @nr_large: buffers of NEXUS_LARGE_SIZE
 */
u64 nx_pool_bytes(u32 nr_small, u32 nr_large)
{
	return small_bytes(nr_small) + (u64)nr_large * NEXUS_LARGE_SIZE;
}

static void set_sizes(struct nx_pool *pool, u32 nr_small, u32 nr_large)
{
	pool->sizes[NEXUS_SMALL] = (struct nexus_size_class) {
		.nr = nr_small,
		.size = NEXUS_SMALL_SIZE,
	};
	pool->sizes[NEXUS_LARGE] = (struct nexus_size_class) {
		.first = nr_small,
		.nr = nr_large,
		.size = NEXUS_LARGE_SIZE,
		.off = small_bytes(nr_small),
	};
	pool->nr = nr_small + nr_large;
	pool->nr_pages = nx_pool_bytes(nr_small, nr_large) >> PAGE_SHIFT;
}

/* The lowest index is taken first, so that pages fill up one by one. */
static int free_list_init(struct nx_free_list *list,
			  const struct nexus_size_class *c)
{
	u32 i;

	list->idx = kvmalloc_array(max(c->nr, 1U), sizeof(u32),
				   NX_GFP);
	if (!list->idx)
		return -ENOMEM;
	for (i = 0; i < c->nr; i++)
		list->idx[i] = c->first + c->nr - 1 - i;
	list->nr = c->nr;
	list->low = c->nr;
	return 0;
}

/**
 * nx_pool_init - make a pool without a page
 * @pool:     zeroed
 * @nr_small: buffers of NEXUS_SMALL_SIZE
 * @nr_large: buffers of NEXUS_LARGE_SIZE
 *
 * What it takes is charged to the caller's memory cgroup, and so are its pages
 * later, whoever causes them. If it fails, nx_pool_exit() frees what there is.
 */
int nx_pool_init(struct nx_pool *pool, u32 nr_small, u32 nr_large)
{
	int size, err;
	u32 i;

	spin_lock_init(&pool->lock);
	nx_batch_init(&pool->batch);
	atomic_set(&pool->nr_populated, 0);
	set_sizes(pool, nr_small, nr_large);
	pool->owner = kvzalloc(pool->nr, NX_GFP);
	pool->holds = kvmalloc_array(max(nr_large, 1U), sizeof(*pool->holds),
				     NX_GFP);
	pool->mem = kvcalloc(pool->nr_pages, sizeof(*pool->mem),
			     NX_GFP);
	if (!pool->owner || !pool->holds || !pool->mem)
		return -ENOMEM;
	for (i = 0; i < nr_large; i++)
		atomic_set(&pool->holds[i], 1);
	for (size = 0; size < NEXUS_NR_SIZES; size++) {
		err = free_list_init(&pool->free[size], &pool->sizes[size]);
		if (err)
			return err;
	}
	pool->memcg = get_mem_cgroup_from_mm(current->mm);
	return 0;
}

/**
 * nx_pool_exit - free a pool and its pages
 * @pool: nothing maps it any more, and no path uses it
 */
void nx_pool_exit(struct nx_pool *pool)
{
	int size;

	if (pool->mem)
		nx_pool_drop(pool);
	for (size = 0; size < NEXUS_NR_SIZES; size++)
		kvfree(pool->free[size].idx);
	kvfree(pool->mem);
	kvfree(pool->holds);
	kvfree(pool->owner);
	mem_cgroup_put(pool->memcg);
}

/**
 * nx_pool_populate - give one page of the region its memory
 * @pool: the pool
 * @page: index of the page
 * @gfp:  GFP_NOWAIT or NX_GFP
 *
 * Charged to the channel's memory cgroup in any context. Two that come at the
 * same time agree on one page.
 *
 * Return: its address, or NULL: no memory, or the cgroup's limit.
 */
void *nx_pool_populate(struct nx_pool *pool, u32 page, gfp_t gfp)
{
	struct mem_cgroup *old;
	struct page *fresh;
	void *mem, *was;

	old = set_active_memcg(pool->memcg);
	fresh = alloc_page(gfp | __GFP_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	set_active_memcg(old);
	if (!fresh)
		return NULL;
	mem = page_address(fresh);
	was = cmpxchg(&pool->mem[page], NULL, mem);
	if (was) {
		put_page(fresh);
		return was;
	}
	atomic_inc(&pool->nr_populated);
	atomic_long_inc(&nx_pool_total);
	atomic_inc(&pool->nr_fresh);
	if (!READ_ONCE(pool->is_watched))
		nx_tend_watch(pool);
	return mem;
}

/**
 * nx_pool_fault - the page for a mapping
 * @pool: the pool
 * @page: index of the page
 *
 * A page without memory gets it, whoever owns the buffers on it: the process is
 * charged, and sees zeros.
 *
 * Return: the page, which stays as long as the caller keeps pages from being
 * taken away; or NULL: no memory.
 */
struct page *nx_pool_fault(struct nx_pool *pool, u32 page)
{
	void *mem = READ_ONCE(pool->mem[page]);

	if (!mem)
		mem = nx_pool_populate(pool, page, NX_GFP);
	return mem ? virt_to_page(mem) : NULL;
}

/**
 * nx_pool_drop - free all pages of a pool
 * @pool: nothing maps it, and no path uses it
 *
 * A page that a device or a pipe still holds is freed when they let go.
 *
 * Return: how many there were.
 */
u32 nx_pool_drop(struct nx_pool *pool)
{
	u32 i, nr = 0;
	void *mem;

	for (i = 0; i < pool->nr_pages; i++) {
		mem = xchg(&pool->mem[i], NULL);
		if (!mem)
			continue;
		put_page(virt_to_page(mem));
		nr++;
		if (!(nr % 1024))
			cond_resched();
	}
	atomic_sub(nr, &pool->nr_populated);
	atomic_long_sub(nr, &nx_pool_total);
	return nr;
}

static void tell_batch(const struct nx_pool *pool, u32 was)
{
	if (pool->batch.state != was)
		trace_nexus_batch(container_of(pool, struct nx_channel, pool)->id,
				  was, &pool->batch);
}

/**
 * nx_pool_pin - move so many buffers at a time, whatever happens
 * @pool:    of a channel
 * @buffers: 1 to NX_BATCH_MAX
 */
void nx_pool_pin(struct nx_pool *pool, u32 buffers)
{
	u32 was;

	spin_lock_bh(&pool->lock);
	was = pool->batch.state;
	nx_batch_pin(&pool->batch, buffers);
	tell_batch(pool, was);
	spin_unlock_bh(&pool->lock);
}

/**
 * nx_pool_unpin - the batch tunes itself again, from the beginning
 * @pool: of a channel
 */
void nx_pool_unpin(struct nx_pool *pool)
{
	u32 was;

	spin_lock_bh(&pool->lock);
	was = pool->batch.state;
	nx_batch_init(&pool->batch);
	tell_batch(pool, was);
	spin_unlock_bh(&pool->lock);
}

/* True: somebody else had the lock, a moment before at least. */
static bool lock_list(struct nx_pool *pool)
	__acquires(&pool->lock)
{
	bool is_contended = spin_is_locked(&pool->lock);

	spin_lock_bh(&pool->lock);
	return is_contended;
}

/* A trip to the list ends. */
static void unlock_list(struct nx_pool *pool, bool is_contended, bool is_dry)
	__releases(&pool->lock)
{
	u32 was = pool->batch.state;

	nx_batch_update(&pool->batch, is_contended, is_dry);
	tell_batch(pool, was);
	spin_unlock_bh(&pool->lock);
}

/**
 * nx_pool_get - take free buffers
 * @pool: the pool
 * @size: NEXUS_SMALL or NEXUS_LARGE
 * @idx:  where the indices go
 * @nr:   how many are wanted
 *
 * They stay FREE until the caller says whose they are.
 *
 * Return: how many there were.
 */
u32 nx_pool_get(struct nx_pool *pool, int size, u32 *idx, u32 nr)
{
	struct nx_free_list *list = &pool->free[size];
	bool is_contended = lock_list(pool), is_dry;
	u32 i, left;

	is_dry = size == NEXUS_SMALL && list->nr < nr;
	nr = min(nr, list->nr);
	left = list->nr - nr;
	for (i = 0; i < nr; i++)
		idx[i] = list->idx[left + nr - 1 - i];
	WRITE_ONCE(list->nr, left);
	list->low = min(list->low, left);
	unlock_list(pool, is_contended, is_dry);
	return nr;
}

/**
 * nx_pool_put - give buffers back
 * @pool: the pool
 * @idx:  indices, of any size; already FREE
 * @nr:   how many
 */
void nx_pool_put(struct nx_pool *pool, const u32 *idx, u32 nr)
{
	bool is_contended = lock_list(pool);
	struct nx_free_list *list;
	int size;
	u32 i;

	for (i = 0; i < nr; i++) {
		size = nx_pool_size_of(pool, idx[i]);
		list = &pool->free[size];
		if (WARN_ON_ONCE(list->nr == pool->sizes[size].nr))
			break;
		list->idx[list->nr] = idx[i];
		WRITE_ONCE(list->nr, list->nr + 1);
	}
	unlock_list(pool, is_contended, false);
}

/**
 * nx_pool_unhold - one of those who need a large buffer does not any more
 * @pool: the pool
 * @idx:  index; its owner has made it IN FLIGHT before it lets go
 *
 * The last one of them puts it into the free list. In any context but that of
 * hard interrupts.
 */
void nx_pool_unhold(struct nx_pool *pool, u32 idx)
{
	atomic_t *holds = nx_pool_holds(pool, idx);

	if (!atomic_dec_and_test(holds))
		return;
	atomic_set(holds, 1);
	nx_pool_pass(pool, idx, NX_OWNER_FREE);
	nx_pool_put(pool, &idx, 1);
}

/**
 * nx_pool_count - how many buffers each owner has
 * @pool:  the pool
 * @count: result; exact while no packet moves
 */
void nx_pool_count(struct nx_pool *pool, u32 count[NX_NR_OWNERS])
{
	u32 i;

	memset(count, 0, NX_NR_OWNERS * sizeof(*count));
	for (i = 0; i < pool->nr; i++)
		count[READ_ONCE(pool->owner[i])]++;
}
