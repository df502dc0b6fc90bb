// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/ring.h.
 */
#include "../unit.h"
#include "../../../kmod/core/ring.h"

static const u32 starts[] = { 0, 1, 0x7fffffff, 0xfffffff0, 0xffffffff };

static void nx_ring_filled__counts_across_the_wrap(void)
{
	size_t i;
	u32 nr;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		for (nr = 0; nr <= 64; nr++)
			UNIT_ROW(i * 100 + nr,
				 nx_ring_filled(starts[i] + nr, starts[i]), nr);
}

static void nx_ring_is_valid__knows_what_a_ring_can_hold(void)
{
	size_t i;
	u32 nr;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		for (nr = 0; nr <= 64; nr++)
			UNIT_ROW(nr, nx_ring_is_valid(starts[i] + nr, starts[i], 64),
				 true);
		UNIT_ROW(i, nx_ring_is_valid(starts[i] + 65, starts[i], 64), false);
		UNIT_ROW(i, nx_ring_is_valid(starts[i] - 1, starts[i], 64), false);
		UNIT_ROW(i, nx_ring_is_valid(starts[i] + 0x80000000u, starts[i],
					     64), false);
	}
}

static void nx_ring_space__is_what_is_not_filled(void)
{
	size_t i;
	u32 nr;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		for (nr = 0; nr <= 64; nr++)
			UNIT_ROW(nr, nx_ring_space(starts[i] + nr, starts[i], 64),
				 64 - nr);
}

/* A consumer at @old and a producer 10 further: 11 places to be, no other. */
static void nx_ring_cons_moved__goes_forward_up_to_the_producer(void)
{
	size_t i;
	u32 by;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		u32 old = starts[i], prod = old + 10;

		for (by = 0; by <= 10; by++)
			UNIT_ROW(by, nx_ring_cons_moved(old, old + by, prod), true);
		UNIT_ROW(i, nx_ring_cons_moved(old, prod + 1, prod), false);
		UNIT_ROW(i, nx_ring_cons_moved(old, old - 1, prod), false);
		UNIT_ROW(i, nx_ring_cons_moved(old, old + 0x80000000u, prod), false);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_ring_filled__counts_across_the_wrap,
		     "RING-1 the kernel's arithmetic"),
	UNIT_CASE_ID(nx_ring_is_valid__knows_what_a_ring_can_hold,
		     "RING-2 the check itself"),
	UNIT_CASE(nx_ring_space__is_what_is_not_filled),
	UNIT_CASE(nx_ring_cons_moved__goes_forward_up_to_the_producer),
};

UNIT_SUITE(core_ring_suite, "core/ring", cases);
