// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Packets: every buffer has one, at the buffer's own index, so that nothing is
 * allocated while packets move.
 */
#include <string.h>

#include <nexus/wire.h>

#include "internal.h"

/* -------------------------------------------------------------- buffers */

static unsigned int buffer_size_class(const struct nexus_stack *stack,
				      uint32_t buf)
{
	return buf < stack->channel->sizes[NEXUS_SMALL].nr ? NEXUS_SMALL :
							     NEXUS_LARGE;
}

/* FREE is full: keep it for nexus_packet_alloc(). */
static __attribute__((noinline)) void stash_buffer(struct nexus_stack *stack, uint32_t buf)
{
	unsigned int size = buffer_size_class(stack, buf);
	struct nx_stash *stash = &stack->stash[size];

	/* More than there are can only be a buffer given back twice. */
	if (stash->nr < stack->channel->sizes[size].nr)
		stash->bufs[stash->nr++] = buf;
}

static inline void put_buffer(struct nexus_stack *stack, uint32_t buf)
{
	if (nx_unlikely(!nexus_buffer_put(stack->queue, buf)))
		stash_buffer(stack, buf);
}

/* ALLOC is empty. Our own stash first, then whatever a system call frees. */
static __attribute__((noinline)) uint32_t
get_buffer_slowly(struct nexus_stack *stack, unsigned int size)
{
	struct nx_stash *stash = &stack->stash[size];

	if (stash->nr)
		return stash->bufs[--stash->nr];
	if (!stack->channel->sizes[size].nr)
		return NEXUS_BUFFER_NONE;
	nx_stack_refill(stack);
	return nexus_buffer_get(stack->queue, size);
}

static inline uint32_t get_buffer(struct nexus_stack *stack, unsigned int size)
{
	uint32_t buf = nexus_buffer_get(stack->queue, size);

	if (nx_unlikely(buf == NEXUS_BUFFER_NONE))
		buf = get_buffer_slowly(stack, size);
	return buf;
}

/* ------------------------------------------------------------ allocation */

void nx_packet_init(struct nexus_stack *stack, struct nexus_packet *pkt,
		    uint32_t buf)
{
	pkt->base = nexus_channel_buffer(stack->channel, buf);
	pkt->buf = buf;
	pkt->refs = 1;
}

static inline struct nexus_packet *
init_part(struct nexus_stack *stack, uint32_t buf, size_t off, size_t len)
{
	struct nexus_packet *pkt = nx_packet_of(stack, buf);

	pkt->data = pkt->base + off;
	pkt->len = (uint32_t)len;
	pkt->total_len = (uint32_t)len;
	pkt->info.nr_parts = 1;
	return pkt;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct nexus_packet *alloc_large(struct nexus_stack *stack, size_t len)
{
	size_t size = stack->channel->sizes[NEXUS_LARGE].size;
	uint32_t buf;

	if (len > size)
		return NULL;
	buf = get_buffer(stack, NEXUS_LARGE);
	if (buf == NEXUS_BUFFER_NONE)
		return NULL;
	return init_part(stack, buf, min_size(NX_HEADROOM, size - len), len);
}

static struct nexus_packet *alloc_parts(struct nexus_stack *stack, size_t len)
{
	size_t size = stack->channel->sizes[NEXUS_SMALL].size;
	struct nexus_packet *first = NULL, *pkt, **tail = &first;
	size_t off = NX_HEADROOM, left = len, part;
	uint32_t buf, nr = 0;

	for (; left; left -= part, off = 0, tail = &pkt->next, nr++) {
		buf = get_buffer(stack, NEXUS_SMALL);
		if (buf == NEXUS_BUFFER_NONE) {
			nexus_packet_put(stack, first);
			return NULL;
		}
		part = min_size(left, size - off);
		pkt = init_part(stack, buf, off, part);
		*tail = pkt;
	}
	first->total_len = (uint32_t)len;
	first->info.nr_parts = (uint8_t)nr;
	return first;
}

static int alloc_long(struct nexus_stack *stack, size_t len,
		      struct nexus_packet **pkt)
{
	size_t size = stack->channel->sizes[NEXUS_SMALL].size;
	size_t nr;

	if (len > NEXUS_PACKET_MAX)
		return -EMSGSIZE;
	nr = (len + NX_HEADROOM + size - 1) / size;
	*pkt = alloc_large(stack, len);
	if (!*pkt) {
		if (nr > stack->channel->schema->parts_max ||
		    !(stack->channel->features & NEXUS_FEATURE_MULTI_PART))
			return -EMSGSIZE;
		*pkt = alloc_parts(stack, len);
	}
	return *pkt ? 0 : -EAGAIN;
}

/* Too long for one small buffer, or there is none in ALLOC. */
static __attribute__((noinline)) int
alloc_slowly(struct nexus_stack *stack, size_t len, struct nexus_packet **pkt)
{
	uint32_t buf;

	if (len > stack->small_room)
		return alloc_long(stack, len, pkt);
	buf = get_buffer_slowly(stack, NEXUS_SMALL);
	if (buf == NEXUS_BUFFER_NONE)
		return -EAGAIN;
	*pkt = init_part(stack, buf, NX_HEADROOM, len);
	return 0;
}

int nx_packet_alloc(struct nexus_stack *stack, size_t len,
		    struct nexus_packet **pkt)
{
	uint32_t buf;

	if (nx_unlikely(len > stack->small_room))
		return alloc_slowly(stack, len, pkt);
	buf = nexus_buffer_get(stack->queue, NEXUS_SMALL);
	if (nx_unlikely(buf == NEXUS_BUFFER_NONE))
		return alloc_slowly(stack, len, pkt);
	*pkt = init_part(stack, buf, NX_HEADROOM, len);
	return 0;
}

int nx_packet_alloc_near(struct nexus_stack *stack, size_t len,
			 struct nexus_packet **pkt)
{
	struct nx_stash *near = &stack->stash[NEXUS_SMALL];

	if (nx_unlikely(!near->nr || len > stack->small_room))
		return nx_packet_alloc(stack, len, pkt);
	*pkt = init_part(stack, near->bufs[--near->nr], NX_HEADROOM, len);
	return 0;
}

int nexus_packet_alloc(struct nexus_stack *stack, size_t len,
		       struct nexus_packet **pkt)
{
	int err = nx_stack_enter(stack);

	return nx_unlikely(err) ? err : nx_packet_alloc(stack, len, pkt);
}

/* -------------------------------------------------------------- freeing */

/*
 * A packet's references are counted in its first part: one for its owner, and
 * one for each slice.
 */
static void put_whole(struct nexus_stack *stack, struct nexus_packet *pkt)
{
	struct nexus_packet *next;

	if (--pkt->refs)
		return;
	pkt->refs = 1;
	for (; pkt; pkt = next) {
		next = pkt->next;
		pkt->next = NULL;
		put_buffer(stack, pkt->buf);
	}
}

static void put_slices(struct nexus_stack *stack, struct nexus_packet *slice)
{
	struct nexus_packet *next;

	for (; slice; slice = next) {
		next = slice->next;
		if (nx_unlikely(nx_packet_is_stale(slice)))
			continue;
		put_whole(stack, slice->parent);
		slice->link = stack->slices;
		stack->slices = slice;
	}
}

static __attribute__((noinline)) void
put_slowly(struct nexus_stack *stack, struct nexus_packet *pkt)
{
	if (pkt->parent)
		put_slices(stack, pkt);
	else
		put_whole(stack, pkt);
}

void nexus_packet_put(struct nexus_stack *stack, struct nexus_packet *pkt)
{
	if (nx_unlikely(!pkt || !*stack->is_ours))
		return;
	if (nx_likely(!pkt->next && nx_packet_is_exclusive(pkt))) {
		put_buffer(stack, pkt->buf);
		return;
	}
	put_slowly(stack, pkt);
}

void nx_packet_put_near(struct nexus_stack *stack, struct nexus_packet *pkt)
{
	struct nx_stash *near = &stack->stash[NEXUS_SMALL];

	if (nx_likely(near->nr < stack->near_max && !pkt->next &&
		      nx_packet_is_exclusive(pkt) &&
		      buffer_size_class(stack, pkt->buf) == NEXUS_SMALL)) {
		near->bufs[near->nr++] = pkt->buf;
		return;
	}
	nexus_packet_put(stack, pkt);
}

void nx_stack_put_kept(struct nexus_stack *stack)
{
	const struct nexus_ring *ring = &stack->queue->rings[NEXUS_RING_TX];
	struct nexus_packet **slot;

	while (stack->nr_kept && (int32_t)(ring->other - stack->kept_from) > 0) {
		slot = &stack->kept[stack->kept_from++ & ring->mask];
		if (!*slot)
			continue;
		/* Most are still in somebody's queue. */
		if (nx_likely((*slot)->refs > 1 && !(*slot)->parent))
			(*slot)->refs--;
		else
			nexus_packet_put(stack, *slot);
		*slot = NULL;
		stack->nr_kept--;
	}
}

/* --------------------------------------------------------------- slices */

static struct nexus_packet *free_slice(struct nexus_stack *stack)
{
	struct nexus_packet *slice = stack->slices;

	if (slice) {
		stack->slices = slice->link;
		return slice;
	}
	if (stack->nr_slices == NX_NR_SLICES)
		return NULL;
	return &stack->packets[stack->nr_buffers + stack->nr_slices++];
}

/* @first is the super-packet, @part the part of it where the slice lies. */
static struct nexus_packet *
get_slice(struct nexus_stack *stack, struct nexus_packet *first,
	  const struct nexus_packet *part, size_t off, size_t len)
{
	struct nexus_packet *slice = free_slice(stack);

	if (!slice)
		return NULL;
	/* A slice of a slice shares what that shares. */
	*slice = *first;
	if (first->parent)
		first = first->parent;
	slice->data = part->data + off;
	slice->len = (uint32_t)len;
	slice->total_len = (uint32_t)len;
	slice->next = NULL;
	slice->link = NULL;
	slice->parent = first;
	slice->refs = NX_SLICE_REFS;
	slice->info.nr_parts = 1;
	slice->info.gso_size = 0;
	slice->info.gso_segs = 0;
	slice->info.flags &= ~NEXUS_DESC_GSO;
	first->refs++;
	return slice;
}

struct nexus_packet *nexus_packet_slice(struct nexus_stack *stack,
					struct nexus_packet *pkt, size_t off,
					size_t len)
{
	if (!len || off >= pkt->total_len || len > pkt->total_len - off ||
	    nx_packet_is_stale(pkt) || !*stack->is_ours)
		return NULL;
	return nx_packet_slice(stack, pkt, off, len);
}

struct nexus_packet *nx_packet_slice(struct nexus_stack *stack,
				     struct nexus_packet *pkt, size_t off,
				     size_t len)
{
	struct nexus_packet *part = pkt, *first = NULL, *slice;
	struct nexus_packet **tail = &first;
	size_t left = len, here;
	uint32_t nr = 0;

	for (; part->next && off >= part->len; part = part->next)
		off -= part->len;
	do {
		here = min_size(left, part->len - off);
		slice = get_slice(stack, pkt, part, off, here);
		if (!slice) {
			put_slices(stack, first);
			return NULL;
		}
		*tail = slice;
		tail = &slice->next;
		left -= here;
		off = 0;
		part = part->next;
		nr++;
	} while (left && part);
	first->total_len = (uint32_t)(len - left);
	first->info.nr_parts = (uint8_t)nr;
	return first;
}

/* ------------------------------------------------------------- contents */

void nexus_packet_trim(struct nexus_stack *stack, struct nexus_packet *pkt,
		       size_t len)
{
	struct nexus_packet *part = pkt;
	size_t left = len;
	uint32_t nr = 1;

	if (len >= pkt->total_len)
		return;
	for (; left > part->len; part = part->next, nr++)
		left -= part->len;
	part->len = (uint32_t)left;
	if (part->next)
		put_slowly(stack, part->next);
	part->next = NULL;
	pkt->total_len = (uint32_t)len;
	pkt->info.nr_parts = (uint8_t)nr;
}

size_t nexus_packet_tailroom(const struct nexus_stack *stack,
			     const struct nexus_packet *pkt)
{
	uint32_t size = nexus_channel_buffer_size(stack->channel, pkt->buf);

	if (!nx_packet_is_exclusive(pkt))
		return 0;
	return size - (size_t)(pkt->data + pkt->len - pkt->base);
}

/* Most payload lies in one part. */
static inline bool is_within(const struct nexus_packet *pkt, size_t off,
			     size_t len)
{
	return pkt && len <= pkt->len && off <= pkt->len - len;
}

size_t nexus_packet_write(struct nexus_packet *pkt, size_t off,
			  const void *src, size_t len)
{
	const uint8_t *from = src;
	size_t left = len, part;

	if (nx_likely(is_within(pkt, off, len))) {
		memcpy(pkt->data + off, src, len);
		return len;
	}
	for (; pkt && left; pkt = pkt->next) {
		if (off >= pkt->len) {
			off -= pkt->len;
			continue;
		}
		part = min_size(left, pkt->len - off);
		memcpy(pkt->data + off, from, part);
		from += part;
		left -= part;
		off = 0;
	}
	return len - left;
}

size_t nexus_packet_read(const struct nexus_packet *pkt, size_t off,
			 void *dst, size_t len)
{
	uint8_t *to = dst;
	size_t left = len, part;

	if (nx_likely(is_within(pkt, off, len))) {
		memcpy(dst, pkt->data + off, len);
		return len;
	}
	for (; pkt && left; pkt = pkt->next) {
		if (off >= pkt->len) {
			off -= pkt->len;
			continue;
		}
		part = min_size(left, pkt->len - off);
		memcpy(to, pkt->data + off, part);
		to += part;
		left -= part;
		off = 0;
	}
	return len - left;
}

/* A sum that begins at an odd byte has its bytes swapped (RFC 1071 2B). */
static uint32_t sum_at(uint32_t sum, size_t off, const void *data, size_t len)
{
	uint32_t part = nexus_wire_sum(0, data, len);

	if (off & 1) {
		part = (uint16_t)~nexus_wire_fold(part);
		part = (part & 0xff) << 8 | part >> 8;
	}
	sum += part;
	return sum + (sum < part);
}

uint32_t nx_packet_sum(const struct nexus_packet *pkt, uint32_t sum, size_t off)
{
	size_t first = (size_t)(pkt->data + pkt->len - pkt->head) - off;
	size_t done = first;

	sum = sum_at(sum, 0, pkt->head + off, first);
	for (pkt = pkt->next; pkt; pkt = pkt->next) {
		sum = sum_at(sum, done, pkt->data, pkt->len);
		done += pkt->len;
	}
	return sum;
}
