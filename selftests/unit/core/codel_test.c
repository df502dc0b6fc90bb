// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/codel.c, on a virtual clock.
 */
#include "../unit.h"
#include "../../../kmod/core/codel.h"

#define MSEC	1000000ULL

static const struct nx_codel_params params = {
	.target_ns = 5 * MSEC, .interval_ns = 100 * MSEC, .mtu = 1514,
};

/* A queue of many packets whose first one stood for @sojourn_ns. */
static bool judge(struct nx_codel *c, u64 sojourn_ns, u64 now_ns)
{
	return nx_codel_judge(c, &params, sojourn_ns, 100000, now_ns);
}

static void nx_codel_control_law__is_interval_over_root(void)
{
	static const u32 counts[] = { 1, 2, 3, 4, 10, 100, 65536, 1000000 };
	long double got, wanted = (long double)params.interval_ns * params.interval_ns;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		got = nx_codel_control_law(7, params.interval_ns, counts[i]) - 7;
		got = got * got * counts[i];
		UNIT_ROW(i, got > wanted * 0.999 && got < wanted * 1.001, true);
	}
	CU_ASSERT_EQUAL(nx_codel_control_law(0, 100, 1), 100);
	CU_ASSERT_EQUAL(nx_codel_control_law(0, 100, 4), 50);
}

static void nx_codel_judge__below_target_says_nothing(void)
{
	struct nx_codel c = {};
	u64 now;

	for (now = 0; now < 2000 * MSEC; now += MSEC)
		CU_ASSERT_FALSE(judge(&c, params.target_ns - 1, now));
}

static void nx_codel_judge__one_packet_is_never_too_slow(void)
{
	struct nx_codel c = {};
	u64 now;

	for (now = 0; now < 2000 * MSEC; now += MSEC)
		CU_ASSERT_FALSE(nx_codel_judge(&c, &params, 500 * MSEC,
					       params.mtu, now));
}

static void nx_codel_judge__waits_an_interval(void)
{
	struct nx_codel c = {};
	u64 now;

	for (now = 0; now < 100 * MSEC; now += MSEC)
		CU_ASSERT_FALSE(judge(&c, 5 * MSEC, now));
	CU_ASSERT_TRUE(judge(&c, 5 * MSEC, now));
	/* And anew after one that was quick. */
	CU_ASSERT_FALSE(judge(&c, MSEC, now + MSEC));
	CU_ASSERT_FALSE(judge(&c, 5 * MSEC, now + 2 * MSEC));
	CU_ASSERT_FALSE(judge(&c, 5 * MSEC, now + 101 * MSEC));
	CU_ASSERT_TRUE(judge(&c, 5 * MSEC, now + 102 * MSEC));
}

/* The times of the first signals under a load that ignores them. */
static void nx_codel_judge__signals_faster_and_faster(void)
{
	/* 100 ms, then each 100 ms / sqrt(n) later, in tens of microseconds. */
	static const u64 wanted[] = { 10000, 20000, 27071, 32845, 37845, 42317 };
	struct nx_codel c = {};
	size_t nr = 0;
	u64 at;

	for (at = 0; nr < ARRAY_SIZE(wanted); at++) {
		if (!judge(&c, 50 * MSEC, at * MSEC / 100))
			continue;
		UNIT_ROW(nr, at - wanted[nr] <= 2, true);
		nr++;
	}
}

static u32 signals_until(struct nx_codel *c, u64 from, u64 to)
{
	u32 nr = 0;

	for (; from < to; from += MSEC / 10)
		nr += judge(c, 50 * MSEC, from);
	return nr;
}

/* RFC 8289 section 5.4: soon after, the rate is that which was enough. */
static void nx_codel_judge__goes_on_where_it_ended(void)
{
	struct nx_codel soon = {}, late;
	u32 count;

	signals_until(&soon, 0, 2000 * MSEC);
	count = soon.count;
	CU_ASSERT_TRUE(count > 20);
	judge(&soon, MSEC, 2000 * MSEC);
	late = soon;
	signals_until(&soon, 2001 * MSEC, 2102 * MSEC);
	CU_ASSERT_TRUE(soon.count >= count - 1 && soon.count <= count + 2);
	signals_until(&late, 5001 * MSEC, 5102 * MSEC);
	CU_ASSERT_EQUAL(late.count, 1);
}

/**
 * struct source - a sender that halves its window when told, and else adds one
 * packet a round trip
 */
struct source {
	u32	window;
	u32	acked;
	bool	is_told;
};

/*
 * One millisecond a packet, @rtt_ms besides the queue. Returns the mean queue of
 * the second half in milliseconds, and the packets that were served, *served.
 */
static u32 run_source(u32 rtt_ms, u32 ms, u32 *served)
{
	static u64 queue[4096];
	struct source s = { .window = rtt_ms };
	struct nx_codel c = {};
	u32 head = 0, tail = 0, now, sum = 0, in_flight, flying[1024] = { 0 };
	u32 back, nr_flying = 0;

	*served = 0;
	for (now = 0; now < ms; now++) {
		back = flying[now % 1024];	/* answers that arrive now */
		flying[now % 1024] = 0;
		nr_flying -= back;
		for (s.acked += back; s.acked >= s.window; s.window++)
			s.acked -= s.window;
		in_flight = tail - head + nr_flying;
		for (; in_flight < s.window; in_flight++)
			queue[tail++ % 4096] = now;
		if (head == tail)
			continue;
		if (nx_codel_judge(&c, &params, (now - queue[head % 4096]) * MSEC,
				   (tail - head - 1) * 1514, now * MSEC))
			s.window = s.window / 2 > 2 ? s.window / 2 : 2;
		head++;
		flying[(now + rtt_ms) % 1024]++;
		nr_flying++;
		(*served)++;
		if (now >= ms / 2)
			sum += tail - head;
	}
	return sum / (ms / 2);
}

static void nx_codel_judge__keeps_the_queue_short(void)
{
	static const u32 rtts[] = { 10, 50, 100, 200 };
	u32 delay, served;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rtts); i++) {
		delay = run_source(rtts[i], 60000, &served);
		UNIT_ROW(i, delay <= 15, true);
		UNIT_ROW(i, served >= 60000 * 70 / 100, true);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_codel_control_law__is_interval_over_root),
	UNIT_CASE(nx_codel_judge__below_target_says_nothing),
	UNIT_CASE(nx_codel_judge__one_packet_is_never_too_slow),
	UNIT_CASE_ID(nx_codel_judge__waits_an_interval,
		     "ADV-1 over the target for an interval"),
	UNIT_CASE(nx_codel_judge__signals_faster_and_faster),
	UNIT_CASE(nx_codel_judge__goes_on_where_it_ended),
	UNIT_CASE(nx_codel_judge__keeps_the_queue_short),
};

UNIT_SUITE(core_codel_suite, "core/codel", cases);
