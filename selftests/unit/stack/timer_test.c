// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/stack/timer.c.
 */
#include <stdlib.h>
#include <string.h>

#include "../fixture.h"

#define NR_TIMERS	500

/* What fired, in order. */
static struct {
	struct nexus_timer	*timers[NR_TIMERS];
	size_t			nr;
} fired;

static void note(struct nexus_timer *timer, void *arg)
{
	(void)arg;
	fired.timers[fired.nr++] = timer;
}

static struct nexus_timer *timers_new(void)
{
	static struct nexus_timer timers[NR_TIMERS];
	size_t i;

	memset(timers, 0, sizeof(timers));
	for (i = 0; i < NR_TIMERS; i++)
		timers[i].fire = note;
	fired.nr = 0;
	return timers;
}

static void nexus_timer_set__fires_in_order_of_deadlines(void)
{
	struct nexus_timer *t = timers_new();
	struct fixture f;
	size_t i;

	fixture_start(&f);
	srand(3);
	for (i = 0; i < NR_TIMERS; i++)
		CU_ASSERT_EQUAL(nexus_timer_set(f.stack, &t[i], f.now_ns +
						(uint64_t)(rand() % 1000)), 0);
	f.now_ns += 1000;
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(fired.nr, NR_TIMERS);
	for (i = 1; i < fired.nr; i++)
		UNIT_ROW(i, fired.timers[i - 1]->deadline_ns <=
			 fired.timers[i]->deadline_ns, true);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), NEXUS_TIMEOUT_NONE);
	fixture_end(&f);
}

static void nexus_timer_set__fires_when_due_and_not_before(void)
{
	struct nexus_timer *t = timers_new();
	struct fixture f;

	fixture_start(&f);
	nexus_timer_set(f.stack, t, f.now_ns + 100);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), 100);
	f.now_ns += 99;
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(fired.nr, 0);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), 1);
	f.now_ns++;
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), 0);
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(fired.nr, 1);
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(fired.nr, 1);
	fixture_end(&f);
}

static void nexus_timer_set__moves_an_armed_timer(void)
{
	struct nexus_timer *t = timers_new();
	struct fixture f;

	fixture_start(&f);
	nexus_timer_set(f.stack, &t[0], f.now_ns + 100);
	nexus_timer_set(f.stack, &t[1], f.now_ns + 200);
	nexus_timer_set(f.stack, &t[0], f.now_ns + 300);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), 200);
	f.now_ns += 250;
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(fired.nr, 1);
	CU_ASSERT_PTR_EQUAL(fired.timers[0], &t[1]);
	nexus_timer_cancel(f.stack, &t[0]);
	fixture_end(&f);
}

/* Any subset cancelled, in any order: the rest fire in theirs. */
static void nexus_timer_cancel__leaves_the_others(void)
{
	struct nexus_timer *t = timers_new();
	struct fixture f;
	size_t i, nr = 0;

	fixture_start(&f);
	srand(4);
	for (i = 0; i < NR_TIMERS; i++)
		nexus_timer_set(f.stack, &t[i], f.now_ns + (uint64_t)(rand() % 1000));
	for (i = 0; i < NR_TIMERS; i++) {
		size_t at = (size_t)rand() % NR_TIMERS;

		nr += t[at].slot != 0;
		nexus_timer_cancel(f.stack, &t[at]);
		nexus_timer_cancel(f.stack, &t[at]);
	}
	f.now_ns += 1000;
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(fired.nr, NR_TIMERS - nr);
	for (i = 1; i < fired.nr; i++)
		UNIT_ROW(i, fired.timers[i - 1]->deadline_ns <=
			 fired.timers[i]->deadline_ns, true);
	fixture_end(&f);
}

static struct nexus_stack *rearm_stack;
static unsigned int nr_rearmed;

static void rearm(struct nexus_timer *timer, void *arg)
{
	(void)arg;
	nr_rearmed++;
	nexus_timer_set(rearm_stack, timer, 0);
}

/* A timer that arms itself for the past does not keep the run from ending. */
static void nx_timers_run__fires_a_rearmed_timer_once_a_run(void)
{
	struct nexus_timer timer = { .fire = rearm };
	struct fixture f;

	fixture_start(&f);
	rearm_stack = f.stack;
	nr_rearmed = 0;
	nexus_timer_set(f.stack, &timer, f.now_ns);
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(nr_rearmed, 1);
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(nr_rearmed, 2);
	nexus_timer_cancel(f.stack, &timer);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_timer_set__fires_in_order_of_deadlines),
	UNIT_CASE(nexus_timer_set__fires_when_due_and_not_before),
	UNIT_CASE(nexus_timer_set__moves_an_armed_timer),
	UNIT_CASE(nexus_timer_cancel__leaves_the_others),
	UNIT_CASE(nx_timers_run__fires_a_rearmed_timer_once_a_run),
};

UNIT_SUITE(stack_timer_suite, "stack/timer", cases);
