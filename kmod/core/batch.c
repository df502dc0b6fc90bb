// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * How many buffers move at a time between a queue's own cache and the free list
 * that all queues of a channel share.
 */
#include "batch.h"

/**
 * nx_batch_init - the batch of a list that nobody has used yet
 * @b: the batch
 */
void nx_batch_init(struct nx_batch *b)
{
	*b = (struct nx_batch) { .buffers = NX_BATCH_START };
}

/**
 * nx_batch_pin - so many buffers whatever happens
 * @b:       the batch; nx_batch_init() sets it free again
 * @buffers: not 0
 */
void nx_batch_pin(struct nx_batch *b, u32 buffers)
{
	b->state = NX_BATCH_PINNED;
	b->buffers = buffers;
}

static void grow(struct nx_batch *b)
{
	b->nr_quiet = 0;
	b->state = NX_BATCH_HOLDS;
	if (b->buffers * 2 > NX_BATCH_MAX)
		return;
	b->state = NX_BATCH_GROWS;
	b->buffers *= 2;
}

static void shrink(struct nx_batch *b)
{
	b->nr_quiet = 0;
	b->state = NX_BATCH_HOLDS;
	if (b->buffers / 2 < NX_BATCH_MIN)
		return;
	b->state = NX_BATCH_SHRINKS;
	b->buffers /= 2;
}

/* Nothing was seen in this sample that speaks for the batch as it is. */
static void settle(struct nx_batch *b)
{
	b->state = NX_BATCH_HOLDS;
	if (++b->nr_quiet < NX_BATCH_QUIET)
		return;
	b->nr_quiet = 0;
	if (b->buffers > NX_BATCH_START)
		shrink(b);
	else if (b->buffers < NX_BATCH_START)
		grow(b);
}

/**
 * nx_batch_judge - a sample is complete
 * @b: the batch
 *
 * That the list ran dry counts for more than waiting: packets were lost by it.
 */
void nx_batch_judge(struct nx_batch *b)
{
	u32 nr_contended = b->nr_contended, nr_dry = b->nr_dry;

	b->nr_trips = 0;
	b->nr_contended = 0;
	b->nr_dry = 0;
	if (b->state == NX_BATCH_PINNED)
		return;
	if (nr_dry)
		shrink(b);
	else if (nr_contended > NX_BATCH_CONTENDED)
		grow(b);
	else
		settle(b);
}
