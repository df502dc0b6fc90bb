// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/cc/cc.c.
 */
#include <tcp/cc.h>

#include "../unit.h"

#define MSS	1000u
#define MS	1000000ull
#define S	1000000000ull

static struct nx_tcp_cc cc_of(const struct nx_tcp_cc_ops *ops, uint32_t cwnd)
{
	struct nx_tcp_cc cc;

	nx_tcp_cc_init(&cc, ops, MSS, cwnd);
	return cc;
}

static void ack(struct nx_tcp_cc *cc, uint32_t acked, bool is_limited)
{
	struct nx_tcp_cc_ack a = {
		.now_ns = S, .srtt_ns = 100 * MS, .acked = acked,
		.is_cwnd_limited = is_limited,
	};

	nx_tcp_cc_on_ack(cc, &a);
}

static const struct nx_tcp_cc_ops *const both[] = {
	&nx_tcp_newreno, &nx_tcp_cubic,
};

static void nx_tcp_cc_find__knows_linux_names(void)
{
	CU_ASSERT_PTR_EQUAL(nx_tcp_cc_find("cubic"), &nx_tcp_cubic);
	CU_ASSERT_PTR_EQUAL(nx_tcp_cc_find("reno"), &nx_tcp_newreno);
	CU_ASSERT_PTR_NULL(nx_tcp_cc_find("cubi"));
	CU_ASSERT_PTR_NULL(nx_tcp_cc_find(""));
}

/* RFC 6928 section 2. */
static void nx_tcp_cc_initial_window__by_the_formula(void)
{
	static const uint32_t rows[][2] = {
		{ 536, 5360 }, { 1000, 10000 }, { 1460, 14600 },
		{ 1461, 14600 }, { 7300, 14600 }, { 8960, 17920 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		UNIT_ROW(i, nx_tcp_cc_initial_window(rows[i][0]), rows[i][1]);
}

/* RFC 5681 section 3.1 (2): a window doubles in a round trip. */
static void nx_tcp_cc_on_ack__doubles_in_slow_start(void)
{
	struct nx_tcp_cc cc;
	uint32_t i, j, n;

	for (i = 0; i < 2; i++) {
		cc = cc_of(both[i], 10 * MSS);
		for (j = 0, n = 10; j < 6; j++, n *= 2) {
			UNIT_ROW(i, cc.cwnd, n * MSS);
			for (uint32_t k = 0; k < n; k++)
				ack(&cc, MSS, true);
		}
	}
}

/* RFC 9406 section 4.2: eight segments, or what a super-packet holds. */
static void nx_tcp_cc_on_ack__limits_what_one_ack_opens(void)
{
	struct nx_tcp_cc cc = cc_of(&nx_tcp_newreno, 100 * MSS);

	ack(&cc, 80 * MSS, true);
	CU_ASSERT_EQUAL(cc.cwnd, 100 * MSS + 65536);
	ack(&cc, 40 * MSS, true);
	CU_ASSERT_EQUAL(cc.cwnd, 140 * MSS + 65536);
	nx_tcp_cc_set_mss(&cc, 9000);
	ack(&cc, 80 * MSS, true);
	CU_ASSERT_EQUAL(cc.cwnd, 140 * MSS + 65536 + 72000);
	cc.is_paced = true;
	ack(&cc, 80 * MSS, true);
	CU_ASSERT_EQUAL(cc.cwnd, 220 * MSS + 65536 + 72000);
}

/* RFC 7661: a window that is not used says nothing of the path. */
static void nx_tcp_cc_on_ack__grows_only_what_is_used(void)
{
	struct nx_tcp_cc cc;
	uint32_t i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++) {
			cc = cc_of(both[i], 10 * MSS);
			if (j)
				cc.ssthresh = 5 * MSS;
			for (uint32_t k = 0; k < 100; k++)
				ack(&cc, MSS, false);
			UNIT_ROW(2 * i + j, cc.cwnd, 10 * MSS);
		}
}

static void nx_tcp_cc_on_ack__stops_at_ssthresh_and_at_the_maximum(void)
{
	struct nx_tcp_cc cc = cc_of(&nx_tcp_newreno, 10 * MSS);
	uint32_t i;

	cc.ssthresh = 10 * MSS + 300;
	ack(&cc, MSS, true);
	CU_ASSERT_EQUAL(cc.cwnd, 10 * MSS + 300);
	for (i = 0; i < 2; i++) {
		cc = cc_of(both[i], NX_TCP_CWND_MAX - 1);
		cc.is_paced = true;
		ack(&cc, NX_TCP_CWND_MAX, true);
		UNIT_ROW(i, cc.cwnd, NX_TCP_CWND_MAX);
		cc.ssthresh = MSS;
		ack(&cc, NX_TCP_CWND_MAX, true);
		UNIT_ROW(i, cc.cwnd, NX_TCP_CWND_MAX);
	}
}

/* RFC 5681 equation 4, RFC 9438 section 4.6; RFC 8511 for marks. */
static void nx_tcp_cc_on_congestion__reduces_by_the_factor(void)
{
	static const uint32_t wanted[2][2] = { { 50, 80 }, { 70, 85 } };
	struct nx_tcp_cc cc;
	uint32_t i, by;

	for (i = 0; i < 2; i++)
		for (by = NX_TCP_LOST; by <= NX_TCP_MARKED; by++) {
			cc = cc_of(both[i], 100 * MSS);
			nx_tcp_cc_on_congestion(&cc, 100 * MSS,
						(enum nx_tcp_congestion)by);
			UNIT_ROW(2 * i + by, cc.ssthresh, wanted[i][by] * MSS);
			UNIT_ROW(2 * i + by, cc.cwnd, 100 * MSS);
			nx_tcp_cc_end_recovery(&cc);
			UNIT_ROW(2 * i + by, cc.cwnd, wanted[i][by] * MSS);
		}
}

/* Of what is in flight, and never more than the window; two segments at least. */
static void nx_tcp_cc_on_congestion__looks_at_the_flight(void)
{
	struct nx_tcp_cc cc = cc_of(&nx_tcp_newreno, 100 * MSS);

	nx_tcp_cc_on_congestion(&cc, 40 * MSS, NX_TCP_LOST);
	CU_ASSERT_EQUAL(cc.ssthresh, 20 * MSS);
	nx_tcp_cc_on_congestion(&cc, 900 * MSS, NX_TCP_LOST);
	CU_ASSERT_EQUAL(cc.ssthresh, 50 * MSS);
	nx_tcp_cc_on_congestion(&cc, MSS, NX_TCP_LOST);
	CU_ASSERT_EQUAL(cc.ssthresh, 2 * MSS);
}

/* RFC 5681 section 3.1. */
static void nx_tcp_cc_on_rto__begins_again_with_one_segment(void)
{
	struct nx_tcp_cc cc;
	uint32_t i;

	for (i = 0; i < 2; i++) {
		cc = cc_of(both[i], 100 * MSS);
		nx_tcp_cc_on_rto(&cc, 100 * MSS, false);
		UNIT_ROW(i, cc.cwnd, MSS);
		UNIT_ROW(i, cc.ssthresh, (i ? 70 : 50) * MSS);
		nx_tcp_cc_on_rto(&cc, MSS, true);
		UNIT_ROW(i, cc.cwnd, MSS);
		UNIT_ROW(i, cc.ssthresh, (i ? 70 : 50) * MSS);
	}
}

/* RFC 4015, RFC 9438 section 4.9: as it was before the first reduction. */
static void nx_tcp_cc_undo__brings_everything_back(void)
{
	struct nx_tcp_cc cc, before;
	uint32_t i;

	for (i = 0; i < 2; i++) {
		cc = cc_of(both[i], 100 * MSS);
		cc.ssthresh = 50 * MSS;
		for (uint32_t k = 0; k < 150; k++)
			ack(&cc, MSS, true);
		before = cc;
		nx_tcp_cc_on_congestion(&cc, 100 * MSS, NX_TCP_LOST);
		nx_tcp_cc_on_rto(&cc, 70 * MSS, false);
		ack(&cc, MSS, true);
		nx_tcp_cc_undo(&cc);
		UNIT_ROW(i, cc.cwnd, before.cwnd);
		UNIT_ROW(i, cc.ssthresh, before.ssthresh);
		/* It goes on where it was, not from some other plateau. */
		for (uint32_t k = 0; k < 1000; k++) {
			ack(&cc, MSS, true);
			ack(&before, MSS, true);
		}
		UNIT_ROW(i, cc.cwnd, before.cwnd);
		nx_tcp_cc_undo(&cc);
		UNIT_ROW(i, cc.cwnd, before.cwnd);
	}
}

static void nx_tcp_cc_end_undo__keeps_what_was_real(void)
{
	struct nx_tcp_cc cc = cc_of(&nx_tcp_cubic, 100 * MSS);

	nx_tcp_cc_on_congestion(&cc, 100 * MSS, NX_TCP_LOST);
	nx_tcp_cc_end_recovery(&cc);
	nx_tcp_cc_end_undo(&cc);
	nx_tcp_cc_undo(&cc);
	CU_ASSERT_EQUAL(cc.cwnd, 70 * MSS);
}

/* RFC 5681 section 4.1. */
static void nx_tcp_cc_after_idle__restarts_from_the_initial_window(void)
{
	struct nx_tcp_cc cc = cc_of(&nx_tcp_cubic, 100 * MSS);

	nx_tcp_cc_after_idle(&cc, S, S + 300 * MS, 300 * MS);
	CU_ASSERT_EQUAL(cc.cwnd, 100 * MSS);
	nx_tcp_cc_after_idle(&cc, S, S + 300 * MS + 1, 300 * MS);
	CU_ASSERT_EQUAL(cc.cwnd, 10 * MSS);
	CU_ASSERT_EQUAL(cc.ssthresh, NX_TCP_SSTHRESH_NONE);
	/* What was known of the path is not forgotten. */
	cc = cc_of(&nx_tcp_cubic, 100 * MSS);
	cc.ssthresh = 50 * MSS;
	nx_tcp_cc_after_idle(&cc, S, 3 * S, 300 * MS);
	CU_ASSERT_EQUAL(cc.ssthresh, 75 * MSS);
	/* A window below the restart's does not grow by waiting. */
	cc = cc_of(&nx_tcp_cubic, 3 * MSS);
	nx_tcp_cc_after_idle(&cc, S, 3 * S, 300 * MS);
	CU_ASSERT_EQUAL(cc.cwnd, 3 * MSS);
}

static void nx_tcp_cc_set_mss__keeps_one_segment(void)
{
	struct nx_tcp_cc cc = cc_of(&nx_tcp_cubic, 2 * MSS);

	cc.ssthresh = 2 * MSS;
	nx_tcp_cc_set_mss(&cc, 9000);
	CU_ASSERT_EQUAL(cc.cwnd, 9000);
	CU_ASSERT_EQUAL(cc.ssthresh, 18000);
	nx_tcp_cc_set_mss(&cc, 536);
	CU_ASSERT_EQUAL(cc.cwnd, 9000);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_tcp_cc_find__knows_linux_names),
	UNIT_CASE(nx_tcp_cc_initial_window__by_the_formula),
	UNIT_CASE_ID(nx_tcp_cc_on_ack__doubles_in_slow_start, "TCP-5"),
	UNIT_CASE(nx_tcp_cc_on_ack__limits_what_one_ack_opens),
	UNIT_CASE(nx_tcp_cc_on_ack__grows_only_what_is_used),
	UNIT_CASE(nx_tcp_cc_on_ack__stops_at_ssthresh_and_at_the_maximum),
	UNIT_CASE_ID(nx_tcp_cc_on_congestion__reduces_by_the_factor, "TCP-5"),
	UNIT_CASE(nx_tcp_cc_on_congestion__looks_at_the_flight),
	UNIT_CASE_ID(nx_tcp_cc_on_rto__begins_again_with_one_segment, "TCP-5"),
	UNIT_CASE(nx_tcp_cc_undo__brings_everything_back),
	UNIT_CASE(nx_tcp_cc_end_undo__keeps_what_was_real),
	UNIT_CASE(nx_tcp_cc_after_idle__restarts_from_the_initial_window),
	UNIT_CASE(nx_tcp_cc_set_mss__keeps_one_segment),
};

UNIT_SUITE(tcp_cc_suite, "tcp/cc/cc", cases);
