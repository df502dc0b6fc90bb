// SPDX-License-Identifier: GPL-2.0
/*
 * A binary heap of events, each of which knows its slot.
 */
#include <stdlib.h>

#include "clock.h"

void sim_clock_init(struct sim_clock *clock)
{
	*clock = (struct sim_clock){ .room = 64 };
	clock->heap = malloc(clock->room * sizeof(*clock->heap));
	if (!clock->heap)
		abort();
}

void sim_clock_exit(struct sim_clock *clock)
{
	free(clock->heap);
}

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void place(struct sim_clock *clock, struct sim_event *event, size_t slot)
{
	clock->heap[slot] = event;
	event->slot = slot;
}

/* Finds the event's slot from @slot upwards, then downwards. */
static void sift(struct sim_clock *clock, struct sim_event *event, size_t slot)
{
	struct sim_event **heap = clock->heap;
	size_t child;

	for (; slot > 1 && is_before(event, heap[slot / 2]); slot /= 2)
		place(clock, heap[slot / 2], slot);
	while ((child = 2 * slot) <= clock->nr) {
		if (child < clock->nr && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], event))
			break;
		place(clock, heap[child], slot);
		slot = child;
	}
	place(clock, event, slot);
}

static void grow(struct sim_clock *clock)
{
	clock->room *= 2;
	clock->heap = realloc(clock->heap, clock->room * sizeof(*clock->heap));
	if (!clock->heap)
		abort();
}

void sim_clock_arm(struct sim_clock *clock, struct sim_event *event,
		   uint64_t at_ns)
{
	size_t slot = event->slot;

	if (!slot) {
		/* Slot 0 is nobody's. */
		if (clock->nr + 1 == clock->room)
			grow(clock);
		slot = ++clock->nr;
	}
	event->at_ns = at_ns > clock->now_ns ? at_ns : clock->now_ns;
	event->order = clock->order++;
	sift(clock, event, slot);
}

void sim_clock_disarm(struct sim_clock *clock, struct sim_event *event)
{
	size_t slot = event->slot;
	struct sim_event *last;

	if (!slot)
		return;
	event->slot = 0;
	last = clock->heap[clock->nr--];
	if (last != event)
		sift(clock, last, slot);
}

bool sim_clock_step(struct sim_clock *clock, uint64_t until_ns)
{
	struct sim_event *event;

	if (!clock->nr)
		return false;
	event = clock->heap[1];
	if (event->at_ns > until_ns) {
		clock->now_ns = until_ns;
		return false;
	}
	clock->now_ns = event->at_ns;
	sim_clock_disarm(clock, event);
	event->run(event);
	return true;
}
