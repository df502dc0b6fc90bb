/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * How many buffers move at a time between a queue's own cache and the free list
 * that all queues of a channel share.
 *
 * A large batch seldom takes the list's lock, and keeps from others what it does
 * not need yet. So it doubles where the lock was taken by somebody else too often,
 * halves where the list ran dry, and goes back to where it began when neither was
 * seen for long. What counts is a trip to the list: who makes none costs nothing.
 */
#ifndef NX_CORE_BATCH_H
#define NX_CORE_BATCH_H

#include "types.h"

/* To begin with, one trip for as many packets as nexusperf's batches have. */
#define NX_BATCH_START		32U
#define NX_BATCH_MIN		4U
#define NX_BATCH_MAX		64U

/* Trips that are judged together. */
#define NX_BATCH_SAMPLE		32U
/*
 * So many in a sample had to wait: more is too often. As the allocator of the
 * operating system that ships this architecture has it, but in trips and not in
 * seconds, so that a slow machine or little traffic does not hide them.
 */
#define NX_BATCH_CONTENDED	3U
/* Samples without either, until it goes back by one step. */
#define NX_BATCH_QUIET		8U

/**
 * enum nx_batch_state - what a batch does
 * @NX_BATCH_HOLDS:   it suits
 * @NX_BATCH_GROWS:   queues waited for each other; or they do no longer run dry
 * @NX_BATCH_SHRINKS: the list ran dry; or queues wait for each other no longer
 * @NX_BATCH_PINNED:  an administrator set it
 */
enum nx_batch_state {
	NX_BATCH_HOLDS,
	NX_BATCH_GROWS,
	NX_BATCH_SHRINKS,
	NX_BATCH_PINNED,
};

/**
 * struct nx_batch - of one free list
 * @state:        enum nx_batch_state
 * @buffers:      the batch
 * @nr_trips:     in this sample
 * @nr_contended: of them that had to wait for the lock
 * @nr_dry:       of them that did not find what they came for
 * @nr_quiet:     samples in a row in which there was little of either
 */
struct nx_batch {
	u32	state;
	u32	buffers;
	u32	nr_trips;
	u32	nr_contended;
	u32	nr_dry;
	u32	nr_quiet;
};

void nx_batch_init(struct nx_batch *b);
void nx_batch_pin(struct nx_batch *b, u32 buffers);
void nx_batch_judge(struct nx_batch *b);

/**
 * nx_batch_update - learn how a trip to the list went
 * @b:            the batch
 * @is_contended: it had to wait for the lock
 * @is_dry:       it did not find what it came for
 *
 * The next batch is @b->buffers.
 */
static inline void nx_batch_update(struct nx_batch *b, bool is_contended,
				   bool is_dry)
{
	b->nr_contended += is_contended;
	b->nr_dry += is_dry;
	if (++b->nr_trips == NX_BATCH_SAMPLE)
		nx_batch_judge(b);
}

#endif /* NX_CORE_BATCH_H */
