// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/rtt.c.
 */
#include <math.h>
#include <tcp/rtt.h>

#include "../unit.h"

#define MS	1000000ull
#define S	1000000000ull

static void nx_rtt_init__begins_with_one_second(void)
{
	struct nx_rtt rtt;

	nx_rtt_init(&rtt, 5);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), S);
	CU_ASSERT_EQUAL(rtt.srtt_ns, 0);
	CU_ASSERT_EQUAL(nx_rtt_min_ns(&rtt), UINT64_MAX);
}

/* RFC 7323 appendix G: ceiling(FlightSize / (SMSS * 2)). */
static void nx_rtt_expected_samples__counts_each_second_segment(void)
{
	static const struct {
		uint32_t flight, mss, wanted;
	} rows[] = {
		{ 0, 1000, 1 }, { 1, 1000, 1 }, { 2000, 1000, 1 },
		{ 2001, 1000, 2 }, { 4000, 1000, 2 }, { 20000, 1000, 10 },
		{ UINT32_MAX, 65535, 32769 }, { UINT32_MAX, UINT32_MAX, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		UNIT_ROW(i, nx_rtt_expected_samples(rows[i].flight, rows[i].mss),
			 rows[i].wanted);
}

/* RFC 6298 section 2.2. */
static void nx_rtt_sample__takes_the_first_as_it_is(void)
{
	struct nx_rtt rtt;

	nx_rtt_init(&rtt, 0);
	nx_rtt_sample(&rtt, 300 * MS, 1, 0);
	CU_ASSERT_EQUAL(rtt.srtt_ns, 300 * MS);
	CU_ASSERT_EQUAL(rtt.rttvar_ns, 150 * MS);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), 900 * MS);
}

/* RFC 6298 section 2.3 in floating point, and appendix G of RFC 7323. */
struct reference {
	double srtt, rttvar, rto;
};

static void reference_sample(struct reference *f, double r, double nr)
{
	if (f->srtt == 0) {
		f->srtt = r;
		f->rttvar = r / 2;
	} else {
		f->rttvar = (1 - 0.25 / nr) * f->rttvar +
			    0.25 / nr * fabs(f->srtt - r);
		f->srtt = (1 - 0.125 / nr) * f->srtt + 0.125 / nr * r;
	}
	f->rto = fmin(f->srtt + fmax(200e6, 4 * f->rttvar), 120e9);
}

/* Integers lose what is below one part of 8 * nr nanoseconds. */
static bool is_near(double got, double wanted, double nr)
{
	return fabs(got - wanted) <= wanted * 1e-5 + 40 * nr;
}

static void check_against_reference(uint32_t nr_expected, uint32_t seed)
{
	struct reference f = { 0 };
	struct nx_rtt rtt;
	uint64_t sample;
	size_t i;

	nx_rtt_init(&rtt, 0);
	for (i = 0; i < 5000; i++) {
		seed = seed * 1664525 + 1013904223;
		/* A quiet path, then a long and restless one. */
		sample = 20 * MS + (seed >> 8) % (i < 2500 ? MS : 900 * MS);
		nx_rtt_sample(&rtt, sample, nr_expected, i);
		reference_sample(&f, (double)sample, nr_expected);
		UNIT_ROW(i, is_near((double)rtt.srtt_ns, f.srtt,
				    nr_expected), true);
		UNIT_ROW(i, is_near((double)rtt.rttvar_ns, f.rttvar,
				    nr_expected), true);
		UNIT_ROW(i, is_near((double)nx_rtt_rto_ns(&rtt), f.rto,
				    nr_expected), true);
	}
}

static void nx_rtt_sample__follows_the_formula(void)
{
	check_against_reference(1, 1);
	check_against_reference(10, 2);
	check_against_reference(700, 3);
}

/* However steady the path: a delayed ACK of 200 ms is no loss. */
static void nx_rtt_sample__keeps_room_for_a_delayed_ack(void)
{
	struct nx_rtt rtt;
	int i;

	nx_rtt_init(&rtt, 0);
	for (i = 0; i < 1000; i++)
		nx_rtt_sample(&rtt, 50 * MS, 1, 0);
	CU_ASSERT(nx_rtt_rto_ns(&rtt) >= 250 * MS);
	CU_ASSERT(nx_rtt_rto_ns(&rtt) < 251 * MS);
}

static void nx_rtt_sample__bears_any_number(void)
{
	struct nx_rtt rtt;

	nx_rtt_init(&rtt, 0);
	nx_rtt_sample(&rtt, UINT64_MAX, 0, 0);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), 120 * S);
	nx_rtt_sample(&rtt, 0, 1, 0);
	CU_ASSERT(rtt.srtt_ns > 0);
	CU_ASSERT(nx_rtt_rto_ns(&rtt) <= 120 * S);
}

/* RFC 6298 section 5.5. */
static void nx_rtt_backoff__doubles_to_the_maximum(void)
{
	struct nx_rtt rtt;
	uint64_t wanted = S;
	int i;

	nx_rtt_init(&rtt, 0);
	for (i = 0; i < 300; i++) {
		UNIT_ROW(i, nx_rtt_rto_ns(&rtt), wanted);
		nx_rtt_backoff(&rtt);
		wanted = 2 * wanted < 120 * S ? 2 * wanted : 120 * S;
	}
	nx_rtt_end_backoff(&rtt);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), S);
}

static void nx_rtt_backoff__reaches_the_maximum_from_the_least(void)
{
	struct nx_rtt rtt;
	int i;

	nx_rtt_init(&rtt, 0);
	for (i = 0; i < 1000; i++)
		nx_rtt_sample(&rtt, 1000, 1, 0);
	for (i = 0; i < 300; i++)
		nx_rtt_backoff(&rtt);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), 120 * S);
	nx_rtt_sample(&rtt, 1000, 1, 0);
	CU_ASSERT(nx_rtt_rto_ns(&rtt) < S);
}

/* RFC 6298 section 5.7. */
static void nx_rtt_syn_was_lost__waits_three_seconds(void)
{
	struct nx_rtt rtt;

	nx_rtt_init(&rtt, 0);
	nx_rtt_backoff(&rtt);
	nx_rtt_syn_was_lost(&rtt);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), 3 * S);
	nx_rtt_sample(&rtt, 100 * MS, 1, 0);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), 300 * MS);
	nx_rtt_syn_was_lost(&rtt);
	CU_ASSERT_EQUAL(nx_rtt_rto_ns(&rtt), 300 * MS);
}

/* RFC 8985 section 6.2 step 1: the path may have changed. */
static void nx_rtt_min_ns__forgets_after_a_while(void)
{
	struct nx_rtt rtt;

	nx_rtt_init(&rtt, 0);
	nx_rtt_sample(&rtt, 10 * MS, 1, 0);
	nx_rtt_sample(&rtt, 30 * MS, 1, 149 * S);
	CU_ASSERT_EQUAL(nx_rtt_min_ns(&rtt), 10 * MS);
	nx_rtt_sample(&rtt, 30 * MS, 1, 151 * S);
	CU_ASSERT_EQUAL(nx_rtt_min_ns(&rtt), 10 * MS);
	nx_rtt_sample(&rtt, 20 * MS, 1, 200 * S);
	nx_rtt_sample(&rtt, 30 * MS, 1, 302 * S);
	CU_ASSERT_EQUAL(nx_rtt_min_ns(&rtt), 20 * MS);
	/* After a long silence nothing old is left. */
	nx_rtt_sample(&rtt, 40 * MS, 1, 3000 * S);
	CU_ASSERT_EQUAL(nx_rtt_min_ns(&rtt), 40 * MS);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_rtt_init__begins_with_one_second),
	UNIT_CASE(nx_rtt_expected_samples__counts_each_second_segment),
	UNIT_CASE(nx_rtt_sample__takes_the_first_as_it_is),
	UNIT_CASE(nx_rtt_sample__follows_the_formula),
	UNIT_CASE(nx_rtt_sample__keeps_room_for_a_delayed_ack),
	UNIT_CASE(nx_rtt_sample__bears_any_number),
	UNIT_CASE(nx_rtt_backoff__doubles_to_the_maximum),
	UNIT_CASE(nx_rtt_backoff__reaches_the_maximum_from_the_least),
	UNIT_CASE(nx_rtt_syn_was_lost__waits_three_seconds),
	UNIT_CASE(nx_rtt_min_ns__forgets_after_a_while),
};

UNIT_SUITE(tcp_rtt_suite, "tcp/rtt", cases);
