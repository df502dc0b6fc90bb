// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/shaper.h, on a virtual clock.
 */
#include "../unit.h"
#include "../../../kmod/core/shaper.h"

static void nx_shaper_set__packet_times_are_right(void)
{
	static const u64 rates[] = { 1, 1000, 2500000, 125000000, 1250000000,
				     12500000000ULL, 50000000000ULL, 1ULL << 45 };
	struct nx_shaper s = {};
	long double wanted, got;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		nx_shaper_set(&s, rates[i], 0);
		wanted = 65535.0L * NX_NSEC_PER_SEC / rates[i];
		got = nx_shaper_time(&s, 65535);
		UNIT_ROW(i, got <= wanted, true);
		UNIT_ROW(i, got >= wanted * (1 - 1.0 / 32768) - 1, true);
	}
}

/* Bytes that leave in @for_ns, from @now on, if always one of @len waits. */
static u64 drain(struct nx_shaper *s, u64 now, u64 for_ns, u32 len)
{
	u64 end = now + for_ns, wait, bytes = 0;

	while (now < end) {
		wait = nx_shaper_wait(s, now);
		if (wait) {
			now += wait;
			continue;
		}
		nx_shaper_charge(s, len, now);
		bytes += len;
	}
	return bytes;
}

static void nx_shaper_charge__keeps_the_rate(void)
{
	static const u32 lens[] = { 64, 1514, 65535 };
	struct nx_shaper s = {};
	u64 bytes;
	size_t i;

	nx_shaper_set(&s, 2500000, 0);	/* 20 Mbit/s */
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		bytes = drain(&s, (i + 1) * 1000 * NX_NSEC_PER_SEC,
			      10 * NX_NSEC_PER_SEC, lens[i]);
		UNIT_ROW(i, bytes >= 25000000 && bytes <= 25000000 + 2 * lens[i],
			 true);
	}
}

static void nx_shaper_charge__pause_earns_the_burst(void)
{
	struct nx_shaper s = {};
	u64 now = 1000 * NX_NSEC_PER_SEC, bytes = 0;

	nx_shaper_set(&s, 2500000, 10000);
	while (!nx_shaper_wait(&s, now)) {
		nx_shaper_charge(&s, 1000, now);
		bytes += 1000;
	}
	CU_ASSERT_TRUE(bytes >= 10000 && bytes <= 11000);
	/* No more than that, however long the pause. */
	bytes = drain(&s, now + 3600 * NX_NSEC_PER_SEC, NX_NSEC_PER_SEC, 1000);
	CU_ASSERT_TRUE(bytes >= 2510000 && bytes <= 2512000);
}

static void nx_shaper_wait__without_a_rate(void)
{
	struct nx_shaper s = {};

	nx_shaper_set(&s, 0, 0);
	nx_shaper_charge(&s, 65535, 1000);
	CU_ASSERT_EQUAL(nx_shaper_wait(&s, 1000), 0);
}

static void nx_shaper_set__takes_effect_at_once(void)
{
	struct nx_shaper s = {};
	u64 bytes;

	nx_shaper_set(&s, 1000, 0);
	nx_shaper_charge(&s, 1000, NX_NSEC_PER_SEC);
	nx_shaper_set(&s, 1000000, 0);
	bytes = drain(&s, 2 * NX_NSEC_PER_SEC, NX_NSEC_PER_SEC, 1000);
	CU_ASSERT_TRUE(bytes >= 1000000 && bytes <= 1002000);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_shaper_set__packet_times_are_right),
	UNIT_CASE(nx_shaper_set__takes_effect_at_once),
	UNIT_CASE(nx_shaper_wait__without_a_rate),
	UNIT_CASE(nx_shaper_charge__keeps_the_rate),
	UNIT_CASE(nx_shaper_charge__pause_earns_the_burst),
};

UNIT_SUITE(core_shaper_suite, "core/shaper", cases);
