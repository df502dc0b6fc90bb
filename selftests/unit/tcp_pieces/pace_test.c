// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/pace.c.
 */
#include <tcp/pace.h>

#include "../unit.h"

#define MS	1000000ull
#define S	1000000000ull

static void nx_pace_init__holds_nothing_back(void)
{
	struct nx_pace pace;

	nx_pace_init(&pace);
	CU_ASSERT(nx_pace_is_open(&pace, 0));
	nx_pace_sent(&pace, 1 << 30, 0);
	CU_ASSERT(nx_pace_is_open(&pace, 0));
	CU_ASSERT_EQUAL(nx_pace_burst(&pace, 1000), 65536);
}

static void nx_pace_set__follows_the_window(void)
{
	static const struct {
		uint32_t cwnd, ssthresh;
		uint64_t srtt_ns, max, wanted;
	} rows[] = {
		/* 100,000 bytes in 100 ms: a million a second. */
		{ 100000, UINT32_MAX, 100 * MS, UINT64_MAX, 2000000 },
		{ 100000, 200002, 100 * MS, UINT64_MAX, 2000000 },
		{ 100000, 200000, 100 * MS, UINT64_MAX, 1200000 },
		{ 100000, 100000, 100 * MS, UINT64_MAX, 1200000 },
		{ 100000, 100000, 100 * MS, 500000, 500000 },
		{ 1, 0, 100 * S, UINT64_MAX, 1 },
		{ 1u << 30, 0, 1, UINT64_MAX, UINT64_MAX },
	};
	struct nx_pace pace;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		nx_pace_init(&pace);
		nx_pace_set(&pace, rows[i].cwnd, rows[i].ssthresh,
			    rows[i].srtt_ns, rows[i].max);
		UNIT_ROW(i, pace.rate_bytes, rows[i].wanted);
	}
	/* Nothing is known of the path yet. */
	nx_pace_set(&pace, 1, 1, 0, UINT64_MAX);
	CU_ASSERT_EQUAL(pace.rate_bytes, rows[i - 1].wanted);
}

static void nx_pace_burst__is_a_millisecond(void)
{
	static const struct {
		uint64_t rate;
		uint32_t wanted;
	} rows[] = {
		{ 1, 2000 }, { 2000000, 2000 }, { 10000000, 10000 },
		{ 65536000, 65536 }, { 10000000000ull, 65536 },
	};
	struct nx_pace pace = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pace.rate_bytes = rows[i].rate;
		UNIT_ROW(i, nx_pace_burst(&pace, 1000), rows[i].wanted);
	}
}

/* Sent whenever it is open, in bursts: the rate comes out. */
static void nx_pace_sent__keeps_the_rate(void)
{
	static const uint64_t rates[] = { 100000, 1000000, 125000000 };
	struct nx_pace pace;
	uint64_t now_ns, sent;
	uint32_t burst;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		nx_pace_init(&pace);
		pace.rate_bytes = rates[i];
		burst = nx_pace_burst(&pace, 1448);
		sent = 0;
		/* A timer of 100 us that is never on time. */
		for (now_ns = S; now_ns < 11 * S; now_ns += 100 * 1000) {
			if (!nx_pace_is_open(&pace, now_ns))
				continue;
			nx_pace_sent(&pace, burst, now_ns);
			sent += burst;
		}
		UNIT_ROW(i, sent <= 10 * rates[i] + 3 * burst, true);
		UNIT_ROW(i, sent >= 10 * rates[i] - 3 * burst, true);
	}
}

/* After a pause, a millisecond may be made up for, not the pause. */
static void nx_pace_sent__saves_nothing_up(void)
{
	struct nx_pace pace = { .rate_bytes = 1000000 };
	uint32_t nr;

	nx_pace_sent(&pace, 1000, S);
	for (nr = 0; nx_pace_is_open(&pace, 100 * S) && nr < 100; nr++)
		nx_pace_sent(&pace, 1000, 100 * S);
	CU_ASSERT_EQUAL(nr, 2);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_pace_init__holds_nothing_back),
	UNIT_CASE(nx_pace_set__follows_the_window),
	UNIT_CASE(nx_pace_burst__is_a_millisecond),
	UNIT_CASE(nx_pace_sent__keeps_the_rate),
	UNIT_CASE(nx_pace_sent__saves_nothing_up),
};

UNIT_SUITE(tcp_pace_suite, "tcp/pace", cases);
