/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The regions that a channel's process maps.
 */
#ifndef NX_REGION_H
#define NX_REGION_H

#include <linux/mm.h>
#include <linux/nexus.h>

struct mem_cgroup;
struct nx_channel;

/**
 * struct nx_region - one region
 * @mem:       its memory, zeroed; NULL: the pool's, or in @pages
 * @pages:     kernel address of each page, NULL: not populated; set by cmpxchg;
 *             itself NULL if all of the region is in @mem
 * @size:      bytes of data, whole pages
 * @nr_mapped: mappings of it: one, but for the moment in which the kernel tries
 *             to move it
 */
struct nx_region {
	void		*mem;
	void		**pages;
	size_t		size;
	atomic_t	nr_mapped;
};

int nx_region_init(struct nx_region *region, size_t size);
int nx_region_init_sparse(struct nx_region *region, size_t size);
void *nx_region_populate(struct nx_region *region, size_t off,
			 struct mem_cgroup *memcg, gfp_t gfp);
const void *nx_region_peek(const struct nx_region *region, size_t off);
void nx_region_exit(struct nx_region *region);
void nx_region_describe(const struct nx_region *region, int id,
			struct nexus_region *out);
int nx_region_mmap(struct nx_channel *chan, struct vm_area_struct *vma);
void nx_region_redirect(struct nx_channel *chan);
void nx_region_unmap(struct nx_channel *chan, int id, const unsigned long *pages,
		     u32 nr_pages);

#endif /* NX_REGION_H */
