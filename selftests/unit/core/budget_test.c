// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/budget.c, budget by budget.
 */
#include "../unit.h"
#include "../../../kmod/core/budget.h"

/* @nr whole budgets, of packets that take @each_ns. */
static void spend(struct nx_budget *b, u32 nr, u64 each_ns)
{
	for (; nr; nr--)
		nx_budget_update(b, b->packets * each_ns);
}

/* Where it ends depends on what a packet takes, and then it stays there. */
static void nx_budget_update__settles(void)
{
	static const struct {
		u64	each_ns;
		u32	packets;
	} rows[] = {
		{ 100, 256 }, { 500, 128 }, { 1000, 64 }, { 3000, 64 },
		{ 3500, 32 }, { 10000, 16 }, { 20000, 8 }, { 1000000, 8 },
	};
	struct nx_budget b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		nx_budget_init(&b);
		CU_ASSERT_EQUAL(b.packets, NX_BUDGET_START);
		spend(&b, 100, rows[i].each_ns);
		UNIT_ROW(i, b.packets, rows[i].packets);
		UNIT_ROW(i, b.state, NX_BUDGET_HOLDS);
		spend(&b, 1000, rows[i].each_ns);
		UNIT_ROW(i, b.packets, rows[i].packets);
	}
}

/* An interrupt came in between, now and then. */
static void nx_budget_update__ignores_what_happens_once(void)
{
	struct nx_budget b;
	u32 i;

	nx_budget_init(&b);
	for (i = 0; i < 1000; i++) {
		spend(&b, 3, 1500);
		nx_budget_update(&b, 50 * NX_BUDGET_GOAL_NS);
	}
	CU_ASSERT_EQUAL(b.packets, NX_BUDGET_START);
}

/* From small packets to large ones, and back. */
static void nx_budget_update__follows_a_step(void)
{
	struct nx_budget b;

	nx_budget_init(&b);
	spend(&b, 100, 300);
	CU_ASSERT_EQUAL(b.packets, 256);
	/* Too long for others five times over: the time to find out. */
	spend(&b, 5 * NX_BUDGET_NR_OVER, 20000);
	CU_ASSERT_EQUAL(b.packets, 8);
	spend(&b, 5 * NX_BUDGET_NR_UNDER, 300);
	CU_ASSERT_EQUAL(b.packets, 256);
}

/* Within a factor of four: no change at all. */
static void nx_budget_update__oscillation_changes_nothing(void)
{
	struct nx_budget b;
	u32 i;

	nx_budget_init(&b);
	for (i = 0; i < 1000; i++) {
		spend(&b, 1 + i % 20, i % 2 ? 3000 : 800);
		CU_ASSERT_EQUAL(b.packets, NX_BUDGET_START);
	}
}

static void nx_budget_pin__holds_whatever_happens(void)
{
	struct nx_budget b;

	nx_budget_init(&b);
	nx_budget_pin(&b, 100);
	spend(&b, 100, 1);
	spend(&b, 100, 1000000);
	CU_ASSERT_EQUAL(b.packets, 100);
	CU_ASSERT_EQUAL(b.state, NX_BUDGET_PINNED);
	nx_budget_init(&b);
	spend(&b, 100, 1000000);
	CU_ASSERT_EQUAL(b.packets, NX_BUDGET_MIN);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_budget_update__settles),
	UNIT_CASE(nx_budget_update__ignores_what_happens_once),
	UNIT_CASE(nx_budget_update__follows_a_step),
	UNIT_CASE(nx_budget_update__oscillation_changes_nothing),
	UNIT_CASE_ID(nx_budget_pin__holds_whatever_happens, "TUNE-6"),
};

UNIT_SUITE(core_budget_suite, "core/budget.c", cases);
