// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Which endpoint owns which flow index.
 */
#include <stdlib.h>

#include "internal.h"

/* What reached RX before the flow index was given to its new owner. */
static void input_stale(struct nx_sink *sink, struct nexus_packet *pkt)
{
	if (--sink->nr_stale == 0)
		sink->input = sink->fresh_input;
	nexus_packet_put(sink->stack, pkt);
}

/* Packets of @flow that stand in RX before index @prod. */
static uint32_t count_stale(struct nexus_queue *queue, uint32_t flow,
			    uint32_t prod)
{
	const struct nexus_ring *ring = &queue->rings[NEXUS_RING_RX];
	uint32_t nr = prod - ring->own, stale = 0, i;
	const struct nexus_desc *d;

	if (nr > ring->nr_slots)
		return 0;
	for (i = 0; i < nr; i++) {
		d = nexus_rx_slot(queue, i);
		stale += d->flow == flow && d->nr_parts;
	}
	return stale;
}

static void link_sink(struct nexus_stack *stack, struct nx_sink *sink)
{
	sink->prev = NULL;
	sink->next = stack->first;
	if (sink->next)
		sink->next->prev = sink;
	stack->first = sink;
	if (sink->flow != NEXUS_FLOW_NONE)
		stack->sinks[sink->flow] = sink;
}

static void unlink_sink(struct nexus_stack *stack, struct nx_sink *sink)
{
	if (sink->flow != NEXUS_FLOW_NONE)
		stack->sinks[sink->flow] = NULL;
	if (sink->next)
		sink->next->prev = sink->prev;
	if (sink->prev)
		sink->prev->next = sink->next;
	else if (stack->orphans == sink)
		stack->orphans = sink->next;
	else
		stack->first = sink->next;
}

void nx_stack_orphan_sinks(struct nexus_stack *stack)
{
	struct nx_sink *sink;

	if (stack->tcp)
		stack->tcp->lost(stack);
	while ((sink = stack->first)) {
		if (sink->lost)
			sink->lost(sink);
		unlink_sink(stack, sink);
		if (sink->nr_stale)
			sink->input = sink->fresh_input;
		sink->nr_stale = 0;
		sink->flow = NEXUS_FLOW_NONE;
		sink->prev = NULL;
		sink->next = stack->orphans;
		if (sink->next)
			sink->next->prev = sink;
		stack->orphans = sink;
	}
}

struct nx_sink *nx_stack_take_orphan(struct nexus_stack *stack)
{
	struct nx_sink *sink = stack->orphans;

	if (sink)
		unlink_sink(stack, sink);
	return sink;
}

void nx_stack_keep_sink(struct nexus_stack *stack, struct nx_sink *sink)
{
	link_sink(stack, sink);
}

int nx_stack_flow_add(struct nexus_stack *stack, struct nx_sink *sink,
		      struct nexus_flow_add *flow)
{
	uint32_t *rx_prod = stack->queue->rings[NEXUS_RING_RX].prod;
	uint32_t prod = __atomic_load_n(rx_prod, __ATOMIC_ACQUIRE); /* C */
	int err;

	flow->queue = stack->queue->index;
	err = nexus_channel_flow_add(stack->channel, flow);
	if (err)
		return err;
	sink->stack = stack;
	sink->flow = flow->flow;
	sink->fresh_input = sink->input;
	sink->nr_stale = count_stale(stack->queue, sink->flow, prod);
	if (sink->nr_stale)
		sink->input = input_stale;
	link_sink(stack, sink);
	return 0;
}

void nx_stack_claim(struct nexus_stack *stack, struct nx_sink *sink,
		    uint32_t flow)
{
	sink->stack = stack;
	sink->flow = flow;
	link_sink(stack, sink);
}

void nx_stack_unclaim(struct nexus_stack *stack, struct nx_sink *sink)
{
	unlink_sink(stack, sink);
}

/*
 * What it has queued must reach the kernel while the flow still exists. When the
 * channel is about to be closed, that ends all flows at once: one by one, each
 * would wait until no CPU uses it any more.
 */
void nx_stack_flow_del(struct nexus_stack *stack, struct nx_sink *sink,
		       uint32_t generation)
{
	if (nx_stack_is_usable(stack) && !stack->is_closing &&
	    sink->flow != NEXUS_FLOW_NONE) {
		nx_stack_flush(stack);
		nexus_channel_flow_del(stack->channel, sink->flow, generation);
	}
	unlink_sink(stack, sink);
}

void nx_stack_free_sink(struct nexus_stack *stack, struct nx_sink *sink)
{
	if (!stack->is_running) {
		free(sink);
		return;
	}
	sink->next = stack->dead;
	stack->dead = sink;
}
