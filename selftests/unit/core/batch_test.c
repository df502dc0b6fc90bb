// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/batch.c, trip by trip.
 */
#include "../unit.h"
#include "../../../kmod/core/batch.h"

/* Samples of which @nr_contended trips wait, and @nr_dry find too little. */
static void samples(struct nx_batch *b, u32 nr, u32 nr_contended, u32 nr_dry)
{
	u32 i;

	for (; nr; nr--)
		for (i = 0; i < NX_BATCH_SAMPLE; i++)
			nx_batch_update(b, i < nr_contended, i < nr_dry);
}

static void nx_batch_update__silence_changes_nothing(void)
{
	struct nx_batch b;

	nx_batch_init(&b);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START);
	samples(&b, 1000, 0, 0);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_HOLDS);
	/* Two that meet now and then do not count. */
	samples(&b, 1000, NX_BATCH_CONTENDED, 0);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_HOLDS);
}

/* Not one trip before its sample is complete. */
static void nx_batch_update__grows_while_queues_wait(void)
{
	struct nx_batch b;
	u32 i;

	nx_batch_init(&b);
	for (i = 1; i < NX_BATCH_SAMPLE; i++)
		nx_batch_update(&b, true, false);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START);
	nx_batch_update(&b, false, false);
	CU_ASSERT_EQUAL(b.buffers, 2 * NX_BATCH_START);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_GROWS);
	samples(&b, 100, NX_BATCH_SAMPLE, 0);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_MAX);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_HOLDS);
}

static void nx_batch_update__shrinks_when_the_list_runs_dry(void)
{
	struct nx_batch b;

	nx_batch_init(&b);
	samples(&b, 1, 0, 1);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START / 2);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_SHRINKS);
	/* Whoever waits meanwhile: packets were lost. */
	samples(&b, 1, NX_BATCH_SAMPLE, 1);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START / 4);
	samples(&b, 100, 0, NX_BATCH_SAMPLE);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_MIN);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_HOLDS);
}

/* One step for each quiet period, from either side. */
static void nx_batch_update__goes_back(void)
{
	struct nx_batch b;

	nx_batch_init(&b);
	samples(&b, 1, NX_BATCH_CONTENDED + 1, 0);
	CU_ASSERT_EQUAL(b.buffers, 2 * NX_BATCH_START);
	samples(&b, NX_BATCH_QUIET - 1, 0, 0);
	CU_ASSERT_EQUAL(b.buffers, 2 * NX_BATCH_START);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_HOLDS);
	samples(&b, 1, 0, 0);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_SHRINKS);
	samples(&b, 3, 0, 1);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_MIN);
	samples(&b, NX_BATCH_QUIET, 0, 0);
	CU_ASSERT_EQUAL(b.buffers, 2 * NX_BATCH_MIN);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_GROWS);
	samples(&b, 2 * NX_BATCH_QUIET, 0, 0);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START);
	samples(&b, 10 * NX_BATCH_QUIET, 0, 0);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_HOLDS);
}

/* More and more: once over the threshold, and no sample sooner. */
static void nx_batch_update__follows_a_ramp(void)
{
	struct nx_batch b;
	u32 i;

	nx_batch_init(&b);
	for (i = 0; i <= NX_BATCH_SAMPLE; i++) {
		samples(&b, 1, i, 0);
		UNIT_ROW(i, b.buffers, i > NX_BATCH_CONTENDED ?
			 2 * NX_BATCH_START : NX_BATCH_START);
	}
}

/* Swings across the threshold: no change in less than a quiet period. */
static void nx_batch_update__oscillation_is_damped(void)
{
	u32 i, was, nr_changes = 0;
	struct nx_batch b;

	nx_batch_init(&b);
	for (i = 0; i < 1000; i++) {
		was = b.buffers;
		samples(&b, 1, i % 2 ? 0 : NX_BATCH_SAMPLE, 0);
		nr_changes += b.buffers != was;
	}
	CU_ASSERT_EQUAL(nr_changes, 1);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_MAX);
	/* What would undo itself with each swing: a whole period for a step. */
	nx_batch_init(&b);
	nr_changes = 0;
	for (i = 0; i < 100 * NX_BATCH_QUIET; i++) {
		was = b.buffers;
		samples(&b, 1, b.buffers == NX_BATCH_START &&
			i % 2 ? NX_BATCH_SAMPLE : 0, 0);
		nr_changes += b.buffers != was;
	}
	CU_ASSERT_TRUE(nr_changes <= 2 * 100);
}

static void nx_batch_pin__holds_whatever_happens(void)
{
	struct nx_batch b;

	nx_batch_init(&b);
	nx_batch_pin(&b, 7);
	samples(&b, 100, NX_BATCH_SAMPLE, 0);
	samples(&b, 100, 0, NX_BATCH_SAMPLE);
	samples(&b, 100, 0, 0);
	CU_ASSERT_EQUAL(b.buffers, 7);
	CU_ASSERT_EQUAL(b.state, NX_BATCH_PINNED);
	nx_batch_init(&b);
	samples(&b, 1, 0, 1);
	CU_ASSERT_EQUAL(b.buffers, NX_BATCH_START / 2);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_batch_update__silence_changes_nothing),
	UNIT_CASE(nx_batch_update__grows_while_queues_wait),
	UNIT_CASE(nx_batch_update__shrinks_when_the_list_runs_dry),
	UNIT_CASE(nx_batch_update__goes_back),
	UNIT_CASE(nx_batch_update__follows_a_ramp),
	UNIT_CASE(nx_batch_update__oscillation_is_damped),
	UNIT_CASE_ID(nx_batch_pin__holds_whatever_happens, "TUNE-6"),
};

UNIT_SUITE(core_batch_suite, "core/batch.c", cases);
