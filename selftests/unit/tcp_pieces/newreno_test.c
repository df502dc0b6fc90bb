// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/cc/newreno.c.
 */
#include <math.h>

#include "../unit.h"
#include "path.h"

/* RFC 5681 section 3.1: a segment a round trip. */
static void newreno_avoid__adds_one_segment_a_window(void)
{
	struct path path;
	uint32_t i, n;

	path_init(&path, &nx_tcp_newreno, 10, 1e8);
	for (n = 10; n < 100; n++) {
		UNIT_ROW(n, path.cc.cwnd, n * PATH_MSS);
		for (i = 0; i < n; i++)
			path_ack(&path);
	}
}

/* RFC 3465: bytes count, not ACKs; splitting ACKs gains nothing. */
static void newreno_avoid__counts_bytes(void)
{
	struct nx_tcp_cc_ack ack = { .acked = 1, .is_cwnd_limited = true };
	struct path path;
	uint32_t i;

	path_init(&path, &nx_tcp_newreno, 10, 1e8);
	for (i = 0; i < 10 * PATH_MSS - 1; i++)
		nx_tcp_cc_on_ack(&path.cc, &ack);
	CU_ASSERT_EQUAL(path.cc.cwnd, 10 * PATH_MSS);
	nx_tcp_cc_on_ack(&path.cc, &ack);
	CU_ASSERT_EQUAL(path.cc.cwnd, 11 * PATH_MSS);
}

/* What an ACK brings beyond a window counts towards the next one. */
static void newreno_avoid__loses_no_bytes(void)
{
	struct path path;
	uint32_t i;

	path_init(&path, &nx_tcp_newreno, 10, 1e8);
	path.nr_acks_at_once = 3;
	for (i = 0; i < 6; i++)
		path_ack(&path);
	CU_ASSERT_EQUAL(path.cc.cwnd, 11 * PATH_MSS);
	path_ack(&path);
	CU_ASSERT_EQUAL(path.cc.cwnd, 12 * PATH_MSS);
}

/*
 * Mean windows of RFC 9438 table 1, column "Average Reno W", by the formula
 * that it is made from: 1.2 / p^0.5.
 */
static void newreno__follows_the_published_curve(void)
{
	static const double rows[][2] = {
		{ 1e2, 12 }, { 1e3, 38 }, { 1e4, 120 }, { 1e5, 379 },
	};
	struct path path;
	double mean;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		path_init(&path, &nx_tcp_newreno, (uint32_t)rows[i][1], 1e8);
		mean = path_mean_window(&path, rows[i][0]);
		UNIT_ROW(i, fabs(mean / rows[i][1] - 1) < 0.05, true);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(newreno_avoid__adds_one_segment_a_window, "TCP-5 NewReno"),
	UNIT_CASE_ID(newreno_avoid__counts_bytes, "TCP-5 NewReno"),
	UNIT_CASE_ID(newreno_avoid__loses_no_bytes, "TCP-5 NewReno"),
	UNIT_CASE_ID(newreno__follows_the_published_curve,
		     "TCP-5 NewReno, mean window by loss rate"),
};

UNIT_SUITE(tcp_newreno_suite, "tcp/cc/newreno", cases);
