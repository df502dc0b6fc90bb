// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Opening and closing a stack, its clock and its memory.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "../channel/error.h"
#include "../channel/internal.h"
#include "internal.h"

/* ---------------------------------------------------------------- clock */

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

uint64_t nexus_stack_now_ns(const struct nexus_stack *stack)
{
	return stack->clock ? stack->clock(stack->clock_arg) :
			      read_clock(CLOCK_MONOTONIC);
}

uint64_t nx_stack_coarse_ns(const struct nexus_stack *stack)
{
	return stack->clock ? stack->clock(stack->clock_arg) :
			      read_clock(CLOCK_MONOTONIC_COARSE);
}

/* ----------------------------------------------------------------- open */

/* Zero pages until they are used. */
static int alloc_packets(struct nexus_stack *stack)
{
	size_t nr = (size_t)stack->nr_buffers + NX_NR_SLICES;
	void *map;

	stack->packets_len = nr * sizeof(*stack->packets);
	map = mmap(NULL, stack->packets_len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -ENOMEM;
	stack->packets = map;
	return 0;
}

static int alloc_tables(struct nexus_stack *stack)
{
	const struct nexus_size_class *sizes = stack->channel->sizes;
	unsigned int i;

	stack->sinks = calloc(stack->nr_flows, sizeof(*stack->sinks));
	stack->kept = calloc(stack->queue->rings[NEXUS_RING_TX].nr_slots,
			     sizeof(*stack->kept));
	if (!stack->sinks || !stack->kept)
		return -ENOMEM;
	for (i = 0; i < NEXUS_NR_SIZES; i++) {
		if (!sizes[i].nr)
			continue;
		stack->stash[i].bufs = calloc(sizes[i].nr, sizeof(uint32_t));
		if (!stack->stash[i].bufs)
			return -ENOMEM;
	}
	return alloc_packets(stack);
}

static int open_channel(struct nexus_stack *stack,
			const struct nexus_stack_options *options)
{
	uint32_t queue = options ? options->queue : 0;

	if (options && options->shared) {
		stack->channel = options->shared;
	} else {
		int err = nexus_channel_open(&stack->channel,
					     options ? options->channel : NULL);

		if (err)
			return err;
		stack->owns_channel = true;
	}
	if (queue >= stack->channel->nr_queues)
		return nx_error(-EINVAL, "queue %u of a channel that has %u",
				queue, stack->channel->nr_queues);
	stack->queue = &stack->channel->queues[queue];
	return 0;
}

/* What depends on the channel that the stack is on. */
int nx_stack_settle(struct nexus_stack *stack)
{
	struct nexus_channel *channel = stack->channel;
	uint32_t nr_small = channel->sizes[NEXUS_SMALL].nr;

	stack->is_ours = nx_channel_of(channel)->is_ours;
	stack->state = &channel->schema->state;
	stack->nr_buffers = channel->nr_buffers;
	stack->nr_flows = channel->nr_flows;
	stack->small_room = channel->sizes[NEXUS_SMALL].size - NX_HEADROOM;
	stack->refill = nr_small / 4 + 1;
	stack->alloc_keep = nr_small / (2 * channel->nr_queues) + 1;
	stack->alloc_max = stack->alloc_keep + nr_small / 8;
	stack->near_max = nr_small / channel->nr_queues / NX_NEAR_SHARE;
	if (stack->near_max > NX_NEAR_MAX)
		stack->near_max = NX_NEAR_MAX;
	return alloc_tables(stack);
}

static void init_stack(struct nexus_stack *stack,
		       const struct nexus_stack_options *options)
{
	stack->budget = options && options->budget ? options->budget :
						     NX_BUDGET;
	if (options) {
		stack->clock = options->clock;
		stack->clock_arg = options->clock_arg;
		stack->event = options->event;
		stack->event_arg = options->event_arg;
	}
	/* RFC 7739: identifications should not be guessed from the first. */
	if (getrandom(&stack->ip_id, sizeof(stack->ip_id), GRND_NONBLOCK) < 0)
		stack->ip_id = (uint16_t)read_clock(CLOCK_MONOTONIC);
}

int nexus_stack_open(struct nexus_stack **stack,
		     const struct nexus_stack_options *options)
{
	struct nexus_stack *st = calloc(1, sizeof(*st));
	int err;

	if (!st)
		return nx_error(-ENOMEM, "no memory for a stack");
	st->epoll_fd = -1;
	err = open_channel(st, options);
	if (!err) {
		init_stack(st, options);
		err = nx_stack_settle(st);
		if (!err && st->owns_channel)
			err = nx_stack_prepare_revival(st, options ?
						       options->channel : NULL);
		if (err)
			nx_error(err, "no memory for the tables of a stack");
	}
	if (err) {
		nexus_stack_close(st);
		return err;
	}
	*stack = st;
	return 0;
}

void nx_stack_free_tables(struct nexus_stack *stack)
{
	unsigned int i;

	for (i = 0; i < NEXUS_NR_SIZES; i++)
		free(stack->stash[i].bufs);
	memset(stack->stash, 0, sizeof(stack->stash));
	free(stack->sinks);
	stack->sinks = NULL;
	free(stack->kept);
	stack->kept = NULL;
	stack->nr_kept = 0;
	if (stack->packets)
		munmap(stack->packets, stack->packets_len);
	stack->packets = NULL;
	stack->slices = NULL;
	stack->nr_slices = 0;
}

void nexus_stack_close(struct nexus_stack *stack)
{
	struct nx_sink *sink;

	if (!stack)
		return;
	stack->is_closing = stack->owns_channel;
	if (stack->packets)
		nexus_stack_flush(stack);
	while ((sink = stack->first ? stack->first : stack->orphans))
		sink->close(sink);
	if (stack->tcp)
		stack->tcp->exit(stack);
	nx_stack_free_tables(stack);
	free(stack->timers);
	nx_stack_free_past(stack);
	if (stack->owns_channel)
		nexus_channel_close(stack->channel);
	free(stack);
}

/* ------------------------------------------------------------ accessors */

int nexus_stack_fd(const struct nexus_stack *stack)
{
	return stack->epoll_fd >= 0 ? stack->epoll_fd : stack->channel->fd;
}

struct nexus_channel *nexus_stack_channel(const struct nexus_stack *stack)
{
	return stack->channel;
}

int nexus_stack_check(const struct nexus_stack *stack)
{
	return nx_stack_check(stack);
}
