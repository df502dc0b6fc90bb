// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The working set of a pool: how many pages without a user may stand ready.
 */
#include "wset.h"

/**
 * nx_wset_init - a working set of a pool that nobody has used yet
 * @w:   the set
 * @max: pages of the pool
 */
void nx_wset_init(struct nx_wset *w, u32 max)
{
	w->state = NX_WSET_HOLDS;
	w->max = max;
	w->target = NX_WSET_START;
	w->nr_quiet = 0;
	w->nr_idle = 0;
	w->nr_ready = 0;
}

/**
 * nx_wset_pin - keep @target pages whatever happens
 * @w:      the set; nx_wset_init() sets it free again
 * @target: pages
 */
void nx_wset_pin(struct nx_wset *w, u32 target)
{
	w->state = NX_WSET_PINNED;
	w->target = target;
}

/*
 * By half for each time that it ran dry, as far as that shows: no further than
 * what was missing, but by half at least.
 */
static void grow(struct nx_wset *w, u32 nr_fresh)
{
	u32 half_more = w->target + w->target / 2;

	if (w->state == NX_WSET_PURGED)
		half_more = NX_WSET_START;
	w->target = nr_fresh > half_more ? nr_fresh : half_more;
	if (w->target > w->max)
		w->target = w->max;
	w->state = NX_WSET_GROWS;
	w->nr_quiet = 0;
	w->nr_idle = 0;
}

static void shrink(struct nx_wset *w)
{
	u32 less = w->target - w->target / 4;

	w->target = less > NX_WSET_FLOOR ? less : NX_WSET_FLOOR;
	w->state = NX_WSET_SHRINKS;
}

/* @nr_ready pages stood ready for the whole quiet period. */
static u32 settle(struct nx_wset *w, u32 nr_ready)
{
	if (w->nr_idle >= NX_WSET_IDLE) {
		w->state = NX_WSET_PURGED;
		w->target = 0;
		return nr_ready;
	}
	if (w->nr_quiet < NX_WSET_QUIET)
		return 0;
	if (nr_ready >= w->target / 4 && w->target > NX_WSET_FLOOR)
		shrink(w);
	else
		w->state = NX_WSET_HOLDS;
	return nr_ready > w->target ? nr_ready - w->target : 0;
}

/**
 * nx_wset_update - learn what happened, and say what to give back
 * @w: the set
 * @s: what happened
 *
 * Return: how many of the pages that stand ready are to be given back.
 */
u32 nx_wset_update(struct nx_wset *w, const struct nx_wset_sample *s)
{
	u32 nr_ready = s->nr_ready < w->nr_ready ? s->nr_ready : w->nr_ready;
	u32 nr = 0;

	if (w->state == NX_WSET_PINNED)
		return s->nr_ready > w->target ? s->nr_ready - w->target : 0;
	if (s->nr_fresh) {
		grow(w, s->nr_fresh);
	} else {
		w->nr_quiet++;
		w->nr_idle = s->is_used ? 0 : w->nr_idle + 1;
		nr = settle(w, nr_ready);
	}
	w->nr_ready = s->nr_ready - nr;
	return nr;
}
