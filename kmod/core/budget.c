// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * How many packets leave between two moments at which something else may run.
 */
#include "budget.h"

/**
 * nx_budget_init - the budget of a sender that has sent nothing yet
 * @b: the budget
 */
void nx_budget_init(struct nx_budget *b)
{
	*b = (struct nx_budget) { .packets = NX_BUDGET_START };
}

/**
 * nx_budget_pin - so many packets whatever happens
 * @b:       the budget; nx_budget_init() sets it free again
 * @packets: not 0
 */
void nx_budget_pin(struct nx_budget *b, u32 packets)
{
	b->state = NX_BUDGET_PINNED;
	b->packets = packets;
}

static void change(struct nx_budget *b, enum nx_budget_state state, u32 packets)
{
	b->state = state;
	b->packets = packets;
	b->nr_over = 0;
	b->nr_under = 0;
}

static void note_over(struct nx_budget *b)
{
	b->nr_under = 0;
	if (++b->nr_over < NX_BUDGET_NR_OVER)
		return;
	if (b->packets / 2 >= NX_BUDGET_MIN)
		change(b, NX_BUDGET_SHRINKS, b->packets / 2);
	else
		change(b, NX_BUDGET_HOLDS, b->packets);
}

static void note_under(struct nx_budget *b)
{
	b->nr_over = 0;
	if (++b->nr_under < NX_BUDGET_NR_UNDER)
		return;
	if (b->packets * 2 <= NX_BUDGET_MAX)
		change(b, NX_BUDGET_GROWS, b->packets * 2);
	else
		change(b, NX_BUDGET_HOLDS, b->packets);
}

/**
 * nx_budget_update - learn how long a whole budget took
 * @b:       the budget
 * @took_ns: the time, of all its packets
 *
 * The next budget is @b->packets.
 */
void nx_budget_update(struct nx_budget *b, u64 took_ns)
{
	if (b->state == NX_BUDGET_PINNED)
		return;
	if (took_ns > 2 * NX_BUDGET_GOAL_NS)
		note_over(b);
	else if (took_ns < NX_BUDGET_GOAL_NS / 2)
		note_under(b);
	else
		change(b, NX_BUDGET_HOLDS, b->packets);
}
