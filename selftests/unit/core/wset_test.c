// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/wset.c, second by second.
 */
#include "../unit.h"
#include "../../../kmod/core/wset.h"

/* A pool of 1,024 pages that behaves as real ones do. */
struct pool {
	struct nx_wset	wset;
	u32		in_use;
	u32		ready;
};

static void start(struct pool *pool)
{
	*pool = (struct pool) { .in_use = 0 };
	nx_wset_init(&pool->wset, 1024);
}

/*
 * One second in which up to @peak buffers are taken at a time, and @stay of them
 * stay taken; returns what was given back.
 */
static u32 second(struct pool *pool, u32 peak, u32 stay)
{
	struct nx_wset_sample s = { .is_used = peak };
	u32 have = pool->in_use + pool->ready, nr;

	if (peak > have) {
		s.nr_fresh = peak - have;
		have = peak;
	}
	s.nr_ready = have - (peak > stay ? peak : stay);
	pool->in_use = stay;
	pool->ready = have - stay;
	nr = nx_wset_update(&pool->wset, &s);
	pool->ready -= nr;
	return nr;
}

static void nx_wset_update__grows_by_half(void)
{
	struct pool pool;

	start(&pool);
	CU_ASSERT_EQUAL(pool.wset.target, NX_WSET_START);
	CU_ASSERT_EQUAL(second(&pool, 9, 0), 0);
	CU_ASSERT_EQUAL(pool.wset.target, 12);
	CU_ASSERT_EQUAL(pool.wset.state, NX_WSET_GROWS);
	CU_ASSERT_EQUAL(second(&pool, 13, 0), 0);
	CU_ASSERT_EQUAL(pool.wset.target, 18);
	/* Many times in one second: as far as it was missing. */
	CU_ASSERT_EQUAL(second(&pool, 213, 0), 0);
	CU_ASSERT_EQUAL(pool.wset.target, 200);
	CU_ASSERT_EQUAL(second(&pool, 5000, 0), 0);
	CU_ASSERT_EQUAL(pool.wset.target, 1024);
}

static void nx_wset_update__shrinks_by_a_quarter_when_quiet(void)
{
	static const u32 targets[] = { 100, 75, 57, 43, 33, 25, 19, 15, 12, 9,
				       8, 8 };
	struct pool pool;
	size_t i;

	start(&pool);
	second(&pool, 100, 0);
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		/* One page in use keeps it from being idle. */
		second(&pool, 1, 0);
		UNIT_ROW(i, pool.wset.target, targets[i]);
		if (i)
			UNIT_ROW(i, pool.ready <= pool.wset.target + 1, 1);
	}
	CU_ASSERT_EQUAL(pool.wset.state, NX_WSET_HOLDS);
}

static void nx_wset_update__half_is_back_in_two_periods(void)
{
	u32 period = NX_WSET_QUIET, i;
	struct pool pool;

	start(&pool);
	second(&pool, 1000, 0);
	CU_ASSERT_EQUAL(pool.ready, 1000);
	for (i = 0; i < 2 * period; i++)
		second(&pool, 0, 0);
	CU_ASSERT_TRUE(pool.ready <= 500);
	CU_ASSERT_TRUE(pool.ready >= NX_WSET_FLOOR);
}

static void nx_wset_update__keeps_what_is_needed(void)
{
	struct pool pool;
	unsigned int i;

	start(&pool);
	second(&pool, 100, 0);
	for (i = 0; i < 60; i++)
		CU_ASSERT_EQUAL(second(&pool, 100, 0), 0);
	CU_ASSERT_TRUE(pool.wset.target >= 100 / 4);
	CU_ASSERT_EQUAL(pool.ready, 100);
}

/* A burst each second second: it is not given back between two. */
static void nx_wset_update__oscillation_gives_nothing_back(void)
{
	struct pool pool;
	unsigned int i;
	u32 nr = 0;

	start(&pool);
	for (i = 0; i < 60; i++)
		nr += second(&pool, i % 2 ? 1 : 200, 0);
	CU_ASSERT_TRUE(nr <= 200);
}

static void nx_wset_update__is_purged_when_idle(void)
{
	struct pool pool;
	unsigned int i;

	start(&pool);
	second(&pool, 100, 0);
	for (i = 0; i < NX_WSET_IDLE - 1; i++) {
		second(&pool, 0, 0);
		CU_ASSERT_TRUE(pool.wset.target >= NX_WSET_FLOOR);
	}
	second(&pool, 0, 0);
	CU_ASSERT_EQUAL(pool.wset.state, NX_WSET_PURGED);
	CU_ASSERT_EQUAL(pool.ready, 0);
	second(&pool, 3, 0);
	CU_ASSERT_EQUAL(pool.wset.state, NX_WSET_GROWS);
	CU_ASSERT_EQUAL(pool.wset.target, NX_WSET_START);
}

/* Buffers that a program keeps are none that stand ready. */
static void nx_wset_update__leaves_what_is_in_use(void)
{
	struct pool pool;
	unsigned int i;

	start(&pool);
	second(&pool, 100, 60);
	for (i = 0; i < 20; i++)
		second(&pool, 0, 60);
	CU_ASSERT_EQUAL(pool.in_use, 60);
	CU_ASSERT_EQUAL(pool.ready, 0);
}

static void nx_wset_pin__holds_whatever_happens(void)
{
	struct pool pool;
	unsigned int i;

	start(&pool);
	nx_wset_pin(&pool.wset, 40);
	second(&pool, 100, 0);
	CU_ASSERT_EQUAL(pool.wset.target, 40);
	for (i = 0; i < 20; i++)
		second(&pool, 0, 0);
	CU_ASSERT_EQUAL(pool.wset.state, NX_WSET_PINNED);
	CU_ASSERT_EQUAL(pool.ready, 40);
	nx_wset_init(&pool.wset, 1024);
	second(&pool, 50, 0);
	CU_ASSERT_EQUAL(pool.wset.state, NX_WSET_GROWS);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_wset_update__grows_by_half, "TUNE-5"),
	UNIT_CASE_ID(nx_wset_update__shrinks_by_a_quarter_when_quiet, "TUNE-5"),
	UNIT_CASE_ID(nx_wset_update__half_is_back_in_two_periods, "TUNE-5"),
	UNIT_CASE_ID(nx_wset_update__keeps_what_is_needed, "TUNE-5"),
	UNIT_CASE_ID(nx_wset_update__oscillation_gives_nothing_back, "TUNE-5"),
	UNIT_CASE_ID(nx_wset_update__is_purged_when_idle, "TUNE-5"),
	UNIT_CASE(nx_wset_update__leaves_what_is_in_use),
	UNIT_CASE_ID(nx_wset_pin__holds_whatever_happens, "TUNE-6"),
};

UNIT_SUITE(core_wset_suite, "core/wset.c", cases);
