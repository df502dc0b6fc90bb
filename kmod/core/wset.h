/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The working set of a pool: how many pages without a user may stand ready.
 *
 * Once a second the caller tells what happened, and is told how many pages to
 * give back. A set that ran dry grows by half at once; one of which a quarter
 * stood unused shrinks by a quarter, after a quiet period; one that nobody
 * used for long is given back altogether.
 */
#ifndef NX_CORE_WSET_H
#define NX_CORE_WSET_H

#include "types.h"

/*
 * As the pools of the operating system that ships this architecture do it: 8 to
 * begin with, a quiet period of 2 s, 10 s until nothing is left.
 */
#define NX_WSET_SAMPLE_MS	1000U
#define NX_WSET_START		8U
#define NX_WSET_FLOOR		8U
#define NX_WSET_QUIET		2U	/* samples */
#define NX_WSET_IDLE		10U	/* samples */

/**
 * enum nx_wset_state - what a working set does
 * @NX_WSET_HOLDS:   it is as large as what was needed lately
 * @NX_WSET_GROWS:   it ran dry
 * @NX_WSET_SHRINKS: a quarter of it or more stood unused
 * @NX_WSET_PURGED:  nobody used the pool for long: nothing is kept
 * @NX_WSET_PINNED:  an administrator set it
 */
enum nx_wset_state {
	NX_WSET_HOLDS,
	NX_WSET_GROWS,
	NX_WSET_SHRINKS,
	NX_WSET_PURGED,
	NX_WSET_PINNED,
};

/**
 * struct nx_wset - one working set
 * @state:    enum nx_wset_state
 * @max:      pages that there are
 * @target:   pages that may stand ready
 * @nr_quiet: samples in a row in which it did not run dry
 * @nr_idle:  samples in a row in which nobody used the pool
 * @nr_ready: of the last sample, but for what was given back
 */
struct nx_wset {
	u32	state;
	u32	max;
	u32	target;
	u32	nr_quiet;
	u32	nr_idle;
	u32	nr_ready;
};

/**
 * struct nx_wset_sample - what happened since the last one
 * @nr_ready: pages that stood ready all the time, and that nobody took
 * @nr_fresh: pages that were needed and were not there
 * @is_used:  a buffer was taken
 */
struct nx_wset_sample {
	u32	nr_ready;
	u32	nr_fresh;
	bool	is_used;
};

void nx_wset_init(struct nx_wset *w, u32 max);
void nx_wset_pin(struct nx_wset *w, u32 target);
u32 nx_wset_update(struct nx_wset *w, const struct nx_wset_sample *s);

#endif /* NX_CORE_WSET_H */
