/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The buffers of one channel: nobody else's, neither another channel's nor a
 * driver's. Pages come on demand; every buffer has one owner at a time.
 */
#ifndef NX_POOL_H
#define NX_POOL_H

#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/nexus.h>
#include "core/batch.h"

struct mem_cgroup;

/*
 * Memory that a process asks for: charged to its memory cgroup, whose limit it
 * is to hear of as ENOMEM, and not from the OOM killer.
 */
#define NX_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/**
 * enum nx_owner - who may touch a buffer
 * @NX_OWNER_FREE:      nobody: it lies in a free list
 * @NX_OWNER_USER:      the process: offered in ALLOC, or delivered in RX
 * @NX_OWNER_KERNEL:    the kernel, while it works on it
 * @NX_OWNER_IN_FLIGHT: a device, for a payload that leaves without a copy: the
 *                      process has given it back
 */
enum nx_owner {
	NX_OWNER_FREE,
	NX_OWNER_USER,
	NX_OWNER_KERNEL,
	NX_OWNER_IN_FLIGHT,
	NX_NR_OWNERS,
};

/**
 * struct nx_free_list - the free buffers of one size, last in first out
 * @nr:  of them
 * @low: least of @nr since nx_pool_ready(): so many lay there all the time
 * @idx: their indices
 */
struct nx_free_list {
	u32	nr;
	u32	low;
	u32	*idx;
};

/**
 * struct nx_pool - the buffers of one channel
 * @sizes:    the size classes, as the schema shows them
 * @nr:       buffers of all sizes
 * @owner:    enum nx_owner of each; changed by cmpxchg alone
 * @holds:    of each large buffer: one for its owner, the free list among them, and
 *            one for each packet that refers to its pages
 * @mem:      kernel address of each page of the region, NULL: not populated;
 *            set by cmpxchg, and cleared by who has all buffers on the page;
 *            used in a RCU section, or under what keeps it from being cleared
 * @nr_pages: in @mem
 * @nr_populated: of them
 * @nr_fresh: populated since somebody asked last
 * @is_watched: somebody will ask
 * @memcg:    that pays for pages, or NULL
 * @lock:     protects @free and @batch; a leaf, taken with bottom halves off
 * @free:     by size class
 * @batch:    of small buffers, that a queue takes from @free, or gives, at a time
 */
struct nx_pool {
	struct nexus_size_class	sizes[NEXUS_NR_SIZES];
	u32			nr;
	u8			*owner;
	atomic_t		*holds;
	void			**mem;
	u32			nr_pages;
	atomic_t		nr_populated;
	atomic_t		nr_fresh;
	bool			is_watched;
	struct mem_cgroup	*memcg;

	spinlock_t		lock ____cacheline_aligned_in_smp;
	struct nx_free_list	free[NEXUS_NR_SIZES];
	struct nx_batch		batch;
};

/* Pages of all pools. */
extern atomic_long_t nx_pool_total;

int nx_pool_init(struct nx_pool *pool, u32 nr_small, u32 nr_large);
void nx_pool_exit(struct nx_pool *pool);
u64 nx_pool_bytes(u32 nr_small, u32 nr_large);
u32 nx_pool_get(struct nx_pool *pool, int size, u32 *idx, u32 nr);
void nx_pool_put(struct nx_pool *pool, const u32 *idx, u32 nr);
void nx_pool_unhold(struct nx_pool *pool, u32 idx);
void *nx_pool_populate(struct nx_pool *pool, u32 page, gfp_t gfp);
struct page *nx_pool_fault(struct nx_pool *pool, u32 page);
u32 nx_pool_drop(struct nx_pool *pool);
void nx_pool_pin(struct nx_pool *pool, u32 buffers);
void nx_pool_unpin(struct nx_pool *pool);
void nx_pool_count(struct nx_pool *pool, u32 count[NX_NR_OWNERS]);

/**
 * struct nx_cold - pages that are looked for to be given back
 * @seen:  a bit for each page of the pool: a buffer of it is free
 * @whole: all of them are
 * @nr:    pages in @whole
 * @buf:   the buffers of these pages, out of the free lists
 * @nr_buf: of them
 */
struct nx_cold {
	unsigned long	*seen;
	unsigned long	*whole;
	u32		nr;
	u32		*buf;
	u32		nr_buf;
};

/* pool_cold.c */
struct nx_cold *nx_cold_alloc(const struct nx_pool *pool);
void nx_cold_free(struct nx_cold *cold);
void nx_cold_clear(struct nx_cold *cold, const struct nx_pool *pool);
void nx_cold_mark(struct nx_cold *cold, const struct nx_pool *pool, u32 buf);
u32 nx_pool_ready(struct nx_pool *pool, struct nx_cold *cold);
bool nx_pool_take_cold(struct nx_pool *pool, struct nx_cold *cold, u32 nr,
		       bool is_all);
void nx_pool_put_cold(struct nx_pool *pool, struct nx_cold *cold);
u32 nx_pool_drop_cold(struct nx_pool *pool, const struct nx_cold *cold);

/* Of which size is buffer @idx, an index below pool->nr? */
static inline int nx_pool_size_of(const struct nx_pool *pool, u32 idx)
{
	return idx >= pool->sizes[NEXUS_LARGE].first ? NEXUS_LARGE : NEXUS_SMALL;
}

/* Where byte @off of buffer @idx lies in the region. */
static inline u64 nx_pool_off(const struct nx_pool *pool, u32 idx, u32 off)
{
	const struct nexus_size_class *c;

	c = &pool->sizes[nx_pool_size_of(pool, idx)];
	return c->off + (u64)(idx - c->first) * c->size + off;
}

/*
 * The kernel's address of byte @off of buffer @idx, good up to the end of its
 * page; NULL if there was no memory for the page.
 */
static inline void *nx_pool_addr(struct nx_pool *pool, u32 idx, u32 off)
{
	u64 at = nx_pool_off(pool, idx, off);
	u32 page = at >> PAGE_SHIFT;
	void *mem = READ_ONCE(pool->mem[page]);

	if (unlikely(!mem)) {
		mem = nx_pool_populate(pool, page, GFP_NOWAIT);
		if (!mem)
			return NULL;
	}
	return mem + offset_in_page(at);
}

/*
 * The same for a small buffer, all of which is in one page; NULL if that page was
 * never touched.
 */
static inline void *nx_pool_peek_small(const struct nx_pool *pool, u32 idx,
				       u32 off)
{
	void *mem = READ_ONCE(pool->mem[idx / (PAGE_SIZE / NEXUS_SMALL_SIZE)]);

	BUILD_BUG_ON(PAGE_SIZE % NEXUS_SMALL_SIZE);
	if (unlikely(!mem))
		return NULL;
	return mem + idx % (PAGE_SIZE / NEXUS_SMALL_SIZE) * NEXUS_SMALL_SIZE +
	       off;
}

/* The same, of a page that is there from then on; NULL: no memory for it. */
static inline void *nx_pool_addr_small(struct nx_pool *pool, u32 idx, u32 off)
{
	void *at = nx_pool_peek_small(pool, idx, off);

	return likely(at) ? at : nx_pool_addr(pool, idx, off);
}

/* Changes @idx's owner if it was @from; false: it was somebody else's. */
static inline bool nx_pool_own(struct nx_pool *pool, u32 idx,
			       enum nx_owner from, enum nx_owner to)
{
	return cmpxchg(&pool->owner[idx], (u8)from, (u8)to) == from;
}

/* The same by the present owner, who alone may give it away. */
static inline void nx_pool_pass(struct nx_pool *pool, u32 idx, enum nx_owner to)
{
	WRITE_ONCE(pool->owner[idx], to);
}

static inline atomic_t *nx_pool_holds(const struct nx_pool *pool, u32 idx)
{
	return &pool->holds[idx - pool->sizes[NEXUS_LARGE].first];
}

/* One packet more refers to a large buffer, which its owner cannot give away. */
static inline void nx_pool_hold(struct nx_pool *pool, u32 idx)
{
	atomic_inc(nx_pool_holds(pool, idx));
}

/* Does a packet refer to a buffer? Asked by its owner, it can only end. */
static inline bool nx_pool_is_held(const struct nx_pool *pool, u32 idx)
{
	return nx_pool_size_of(pool, idx) == NEXUS_LARGE &&
	       atomic_read_acquire(nx_pool_holds(pool, idx)) > 1;
}

#endif /* NX_POOL_H */
