// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Timers of a stack: a binary heap, so that thousands of connections' deadlines
 * cost a few comparisons each.
 */
#include <stdlib.h>

#include "internal.h"

#define TIMERS_FIRST_SIZE	64

static void place(struct nexus_stack *stack, struct nexus_timer *timer,
		  uint32_t slot)
{
	stack->timers[slot] = timer;
	timer->slot = slot;
}

/* Moves @timer from the empty @slot towards the root. */
static void sift_up(struct nexus_stack *stack, struct nexus_timer *timer,
		    uint32_t slot)
{
	struct nexus_timer *parent;

	for (; slot > 1; slot /= 2) {
		parent = stack->timers[slot / 2];
		if (parent->deadline_ns <= timer->deadline_ns)
			break;
		place(stack, parent, slot);
	}
	place(stack, timer, slot);
}

/* Moves @timer from the empty @slot towards the leaves. */
static void sift_down(struct nexus_stack *stack, struct nexus_timer *timer,
		      uint32_t slot)
{
	struct nexus_timer *child;
	uint32_t at;

	for (; slot * 2 <= stack->nr_timers; slot = at) {
		at = slot * 2;
		if (at < stack->nr_timers &&
		    stack->timers[at + 1]->deadline_ns <
		    stack->timers[at]->deadline_ns)
			at++;
		child = stack->timers[at];
		if (timer->deadline_ns <= child->deadline_ns)
			break;
		place(stack, child, slot);
	}
	place(stack, timer, slot);
}

static int grow(struct nexus_stack *stack)
{
	uint32_t size = stack->timers_size ? stack->timers_size * 2 :
					     TIMERS_FIRST_SIZE;
	struct nexus_timer **timers;

	timers = realloc(stack->timers, size * sizeof(*timers));
	if (!timers)
		return -ENOMEM;
	stack->timers = timers;
	stack->timers_size = size;
	return 0;
}

int nexus_timer_set(struct nexus_stack *stack, struct nexus_timer *timer,
		    uint64_t deadline_ns)
{
	nexus_timer_cancel(stack, timer);
	if (stack->nr_timers + 1 >= stack->timers_size && grow(stack))
		return -ENOMEM;
	timer->deadline_ns = deadline_ns;
	sift_up(stack, timer, ++stack->nr_timers);
	return 0;
}

void nexus_timer_cancel(struct nexus_stack *stack, struct nexus_timer *timer)
{
	uint32_t slot = timer->slot;
	struct nexus_timer *last;

	if (!slot)
		return;
	timer->slot = 0;
	last = stack->timers[stack->nr_timers--];
	if (last == timer)
		return;
	if (slot > 1 &&
	    last->deadline_ns < stack->timers[slot / 2]->deadline_ns)
		sift_up(stack, last, slot);
	else
		sift_down(stack, last, slot);
}

/* A timer that is set again while it fires waits for the next run. */
void nx_timers_run(struct nexus_stack *stack)
{
	uint64_t now_ns = nx_stack_run_ns(stack);
	uint32_t nr = stack->nr_timers;
	struct nexus_timer *timer;

	while (nr-- && stack->nr_timers) {
		timer = stack->timers[1];
		if (timer->deadline_ns > now_ns)
			return;
		nexus_timer_cancel(stack, timer);
		timer->fire(timer, timer->arg);
	}
}

int64_t nexus_stack_timeout_ns(struct nexus_stack *stack)
{
	uint64_t now_ns;

	/* No timer fires while there is no channel. */
	if (nx_stack_is_lost(stack))
		return (int64_t)nx_stack_revival_ns(stack);
	/* Timers that nexus_stack_poll() has left to be armed by its next call. */
	if (stack->tcp && stack->tcp->has_work && !stack->tcp->is_urgent)
		return 0;
	if (!stack->nr_timers)
		return NEXUS_TIMEOUT_NONE;
	now_ns = nexus_stack_now_ns(stack);
	if (stack->timers[1]->deadline_ns <= now_ns)
		return 0;
	return (int64_t)(stack->timers[1]->deadline_ns - now_ns);
}
