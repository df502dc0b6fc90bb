// SPDX-License-Identifier: GPL-2.0
/*
 * The regions that a channel's process maps: a guard page, the data, a guard
 * page. The process writes where it may, and nowhere else.
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>
#include "channel.h"
#include "compat.h"
#include "pool.h"
#include "region.h"

/* URINGS, BUFFERS and USTATS are the process's to write. */
static bool is_writable(int id)
{
	return id == NEXUS_REGION_URINGS || id == NEXUS_REGION_BUFFERS ||
	       id == NEXUS_REGION_USTATS;
}

/**
 * nx_region_init - give a region zeroed memory
 * @region: zeroed
 * @size:   bytes; rounded up to whole pages
 *
 * Charged to the caller's memory cgroup.
 */
int nx_region_init(struct nx_region *region, size_t size)
{
	region->size = PAGE_ALIGN(size);
	region->mem = __vmalloc(region->size, NX_GFP | __GFP_ZERO);
	return region->mem ? 0 : -ENOMEM;
}

/**
 * nx_region_init_sparse - give a region pages when they are needed
 * @region: zeroed
 * @size:   bytes; rounded up to whole pages
 *
 * nx_region_populate() brings them.
 */
int nx_region_init_sparse(struct nx_region *region, size_t size)
{
	region->size = PAGE_ALIGN(size);
	region->pages = kvcalloc(region->size >> PAGE_SHIFT,
				 sizeof(*region->pages), NX_GFP);
	return region->pages ? 0 : -ENOMEM;
}

/* A page of zeros that @memcg pays for, in any context that @gfp allows. */
static void *alloc_zeroed(struct mem_cgroup *memcg, gfp_t gfp)
{
	struct mem_cgroup *old = set_active_memcg(memcg);
	struct page *page;

	page = alloc_page(gfp | __GFP_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	set_active_memcg(old);
	return page ? page_address(page) : NULL;
}

/**
 * nx_region_populate - the memory of a sparse region, from now on there
 * @region: of nx_region_init_sparse()
 * @off:    of its data
 * @memcg:  who pays, or NULL
 * @gfp:    GFP_ATOMIC or NX_GFP
 *
 * Two that come at the same time agree on one page, which stays as long as the
 * region.
 *
 * Return: the address of byte @off, good up to the end of its page; NULL: no
 * memory, or the cgroup's limit.
 */
void *nx_region_populate(struct nx_region *region, size_t off,
			 struct mem_cgroup *memcg, gfp_t gfp)
{
	void **at = &region->pages[off >> PAGE_SHIFT];
	void *mem = READ_ONCE(*at), *was;

	if (!mem) {
		mem = alloc_zeroed(memcg, gfp);
		if (!mem)
			return NULL;
		was = cmpxchg(at, NULL, mem);
		if (was) {
			free_page((unsigned long)mem);
			mem = was;
		}
	}
	return mem + offset_in_page(off);
}

/**
 * nx_region_peek - read what the process wrote into a sparse region
 * @region: of nx_region_init_sparse()
 * @off:    of its data
 *
 * Return: the address of byte @off, good up to the end of its page; NULL: nobody
 * has touched that page.
 */
const void *nx_region_peek(const struct nx_region *region, size_t off)
{
	const void *mem = READ_ONCE(region->pages[off >> PAGE_SHIFT]);

	return mem ? mem + offset_in_page(off) : NULL;
}

static void free_pages_of(struct nx_region *region)
{
	size_t i;

	for (i = 0; i < region->size >> PAGE_SHIFT; i++)
		if (region->pages[i])
			put_page(virt_to_page(region->pages[i]));
	kvfree(region->pages);
}

void nx_region_exit(struct nx_region *region)
{
	vfree(region->mem);
	if (region->pages)
		free_pages_of(region);
}

void nx_region_describe(const struct nx_region *region, int id,
			struct nexus_region *out)
{
	out->mmap_off = NEXUS_REGION_OFF(id);
	out->mmap_len = region->size + 2 * PAGE_SIZE;
	out->data_off = PAGE_SIZE;
	out->data_len = region->size;
}

static int vma_region_id(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff >> (NEXUS_REGION_SHIFT - PAGE_SHIFT);
}

/* A page of nobody's but this mapping's. */
static vm_fault_t insert_private(struct vm_fault *vmf)
{
	struct page *page;
	vm_fault_t ret;

	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return VM_FAULT_OOM;
	ret = vmf_insert_page(vmf->vma, vmf->address, page);
	put_page(page);	/* the mapping has one of its own */
	return ret;
}

static struct page *sparse_page(struct nx_channel *chan, int id, pgoff_t at)
{
	void *mem = nx_region_populate(&chan->regions[id], at << PAGE_SHIFT,
				       chan->pool.memcg, NX_GFP);

	return mem ? virt_to_page(mem) : NULL;
}

/* The page of a region's data at @at. */
static vm_fault_t insert_own(struct vm_fault *vmf, struct nx_channel *chan,
			     int id, pgoff_t at)
{
	struct nx_region *region = &chan->regions[id];
	struct page *page;

	if (id == NEXUS_REGION_BUFFERS)
		page = nx_pool_fault(&chan->pool, at);
	else if (region->pages)
		page = sparse_page(chan, id, at);
	else
		page = vmalloc_to_page(region->mem + (at << PAGE_SHIFT));
	/* Not VM_FAULT_OOM: the kernel would try again for ever. */
	if (!page)
		return VM_FAULT_SIGBUS;
	return vmf_insert_page(vmf->vma, vmf->address, page);
}

/* The schema stays: it is what tells the process. */
static bool is_redirected(const struct nx_channel *chan, int id)
{
	return id != NEXUS_REGION_SCHEMA && chan->is_redirected;
}

/*
 * The page is put into the mapping here, and not by the caller, so that it is
 * there or not when the lock is released: who takes pages away misses none.
 */
static vm_fault_t region_fault(struct vm_fault *vmf)
{
	struct nx_channel *chan = vmf->vma->vm_private_data;
	int id = vma_region_id(vmf->vma);
	pgoff_t page = vmf->pgoff & ((1UL << (NEXUS_REGION_SHIFT - PAGE_SHIFT)) - 1);
	vm_fault_t ret;

	/* The guard pages. */
	if (!page || page > chan->regions[id].size >> PAGE_SHIFT)
		return VM_FAULT_SIGSEGV;
	down_read(&chan->map_lock);
	if (is_redirected(chan, id))
		ret = insert_private(vmf);
	else
		ret = insert_own(vmf, chan, id, page - 1);
	up_read(&chan->map_lock);
	return ret;
}

/**
 * nx_region_redirect - show private pages, zeroed, in all mappings but the
 * schema's
 * @chan: the channel
 *
 * When it returns, no mapping shows a page of the channel: not one of a piece
 * of a region, and not one that was moved.
 */
void nx_region_redirect(struct nx_channel *chan)
{
	down_write(&chan->map_lock);
	chan->is_redirected = true;
	unmap_mapping_range(chan->inode->i_mapping,
			    NEXUS_REGION_OFF(NEXUS_REGION_SCHEMA + 1), 0, 1);
	up_write(&chan->map_lock);
}

/**
 * nx_region_unmap - take pages out of a region's mapping
 * @chan:     the channel, with its map_lock for writing
 * @id:       the region
 * @pages:    a bit for each page of its data
 * @nr_pages: bits
 *
 * The process's next touch of them is a fault.
 */
void nx_region_unmap(struct nx_channel *chan, int id, const unsigned long *pages,
		     u32 nr_pages)
{
	u32 from, to;

	for_each_set_bitrange(from, to, pages, nr_pages)
		unmap_mapping_range(chan->inode->i_mapping,
				    NEXUS_REGION_OFF(id) +
				    ((loff_t)(from + 1) << PAGE_SHIFT),
				    (loff_t)(to - from) << PAGE_SHIFT, 1);
}

/* The kernel makes a second one before it asks whether it may move the first. */
static void region_open(struct vm_area_struct *vma)
{
	struct nx_channel *chan = vma->vm_private_data;

	atomic_inc(&chan->regions[vma_region_id(vma)].nr_mapped);
}

/* After the last one, the region may be mapped again. */
static void region_close(struct vm_area_struct *vma)
{
	struct nx_channel *chan = vma->vm_private_data;

	atomic_dec(&chan->regions[vma_region_id(vma)].nr_mapped);
}

/* One region, one mapping: it is never cut into pieces. */
static int region_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

/* Nor is it moved. */
static int region_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct region_vm_ops = {
	.open = region_open,
	.close = region_close,
	.may_split = region_may_split,
	.mremap = region_mremap,
	.fault = region_fault,
};

static int check_vma(const struct nx_channel *chan,
		     const struct vm_area_struct *vma, int id)
{
	struct nexus_region want;

	nx_region_describe(&chan->regions[id], id, &want);
	if (vma->vm_pgoff != want.mmap_off >> PAGE_SHIFT ||
	    vma->vm_end - vma->vm_start != want.mmap_len)
		return -EINVAL;
	/* A private mapping would give it a copy that nobody else sees. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	if (!is_writable(id) && (vma->vm_flags & VM_WRITE))
		return -EACCES;
	return 0;
}

/**
 * nx_region_mmap - map one region into the process that attached
 * @chan: its channel
 * @vma:  where; its offset says which region
 *
 * Return: 0, EINVAL no such region, or not its exact length, or not shared,
 * EACCES writable or executable and must not be, EBUSY mapped already.
 */
int nx_region_mmap(struct nx_channel *chan, struct vm_area_struct *vma)
{
	unsigned int id = vma_region_id(vma);
	int err;

	if (id >= NEXUS_NR_REGIONS)
		return -EINVAL;
	err = check_vma(chan, vma, id);
	if (err)
		return err;
	if (atomic_cmpxchg(&chan->regions[id].nr_mapped, 0, 1))
		return -EBUSY;
	/*
	 * VM_IO: no other process reads it by ptrace, and no madvise() undoes
	 * the rest. VM_MIXEDMAP: faults insert their pages themselves.
	 */
	vm_flags_set(vma, VM_IO | VM_MIXEDMAP | VM_DONTCOPY | VM_DONTEXPAND |
		     VM_DONTDUMP);
	vm_flags_clear(vma, VM_MAYEXEC);
	if (!is_writable(id))
		vm_flags_clear(vma, VM_MAYWRITE);
	vma->vm_private_data = chan;
	vma->vm_ops = &region_vm_ops;
	return 0;
}
