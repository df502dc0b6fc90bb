// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/cc/cubic.c, against RFC 9438's formulas in floating point.
 */
#include <math.h>

#include "../unit.h"
#include "path.h"

#define C	0.4
#define BETA	0.7

/* ------------------------------------------------------------ reference */

/* RFC 9438 section 4, in segments and seconds. */
struct reference {
	double cwnd, ssthresh, w_max, k, epoch, w_est, cwnd_prior;
};

static double w_cubic(const struct reference *f, double t)
{
	return C * pow(t - f->k, 3) + f->w_max;
}

static void reference_begin(struct reference *f, double now)
{
	f->epoch = now;
	f->w_est = f->cwnd;
	if (f->cwnd >= f->w_max) {
		f->w_max = f->cwnd;
		f->k = 0;
	} else {
		f->k = cbrt((f->w_max - f->cwnd) / C);
	}
}

static void reference_ack(struct reference *f, double now, double rtt,
			  double nr)
{
	double alpha, target, t;

	if (f->epoch < 0)
		reference_begin(f, now);
	t = now - f->epoch;
	alpha = f->w_est >= f->cwnd_prior ? 1 : 3 * (1 - BETA) / (1 + BETA);
	f->w_est += alpha * nr / f->cwnd;
	if (w_cubic(f, t) < f->w_est) {
		f->cwnd = fmax(f->cwnd, f->w_est);
		return;
	}
	target = fmin(fmax(w_cubic(f, t + rtt), f->cwnd), 1.5 * f->cwnd);
	f->cwnd += nr * (target - f->cwnd) / f->cwnd;
}

static void reference_lose(struct reference *f)
{
	f->cwnd_prior = f->cwnd;
	f->w_max = f->cwnd < f->w_max ? f->cwnd * (1 + BETA) / 2 : f->cwnd;
	f->cwnd = fmax(f->cwnd * BETA, 2);
	f->epoch = -1;
}

/* ------------------------------------------------------------- the curve */

/* A loss whenever @limit segments are reached; every ACK compared. */
static void follow(size_t row, double rtt_ms, uint32_t from, double limit,
		   uint32_t nr_acks)
{
	struct reference f = { .cwnd = from, .epoch = -1 };
	double worst = 0, cwnd;
	struct path path;
	uint32_t i, nr_losses = 0;

	path_init(&path, &nx_tcp_cubic, from, rtt_ms * 1e6);
	for (i = 0; i < nr_acks; i++) {
		path_ack(&path);
		reference_ack(&f, path.now_ns / 1e9, rtt_ms / 1e3, 1);
		cwnd = path.cc.cwnd / (double)PATH_MSS;
		worst = fmax(worst, fabs(cwnd - f.cwnd) / f.cwnd);
		if (f.cwnd < limit)
			continue;
		path_lose(&path);
		reference_lose(&f);
		nr_losses++;
	}
	UNIT_ROW(row, worst < 0.01, true);
	UNIT_ROW(row, nr_losses >= 3, true);
}

static void cubic_avoid__follows_the_formula(void)
{
	follow(0, 100, 10, 100, 40000);
	follow(1, 100, 100, 1000, 400000);
	follow(2, 10, 100, 200, 400000);
	follow(3, 300, 30, 300, 100000);
	follow(4, 1, 10, 40, 100000);
}

/* Section 4.2: back at W_max after K, flat there, and convex beyond. */
static void cubic_avoid__is_back_at_w_max_after_k(void)
{
	double k = cbrt(1000 * (1 - BETA) / C) * 1e9, from_ns, cwnd;
	struct path path;

	path_init(&path, &nx_tcp_cubic, 1000, 1e8);
	path_lose(&path);
	CU_ASSERT_EQUAL(path.cc.cwnd, 700 * PATH_MSS);
	from_ns = path.now_ns;
	while (path.now_ns < from_ns + k / 2)
		path_ack(&path);
	/* Half of the time, seven eighths of the way. */
	cwnd = path.cc.cwnd / 1000.0;
	CU_ASSERT(cwnd > 955 && cwnd < 970);
	while (path.now_ns < from_ns + k)
		path_ack(&path);
	cwnd = path.cc.cwnd / 1000.0;
	CU_ASSERT(cwnd > 995 && cwnd < 1005);
	while (path.now_ns < from_ns + 2 * k)
		path_ack(&path);
	cwnd = path.cc.cwnd / 1000.0;
	CU_ASSERT(cwnd > 1280 && cwnd < 1320);
}

/*
 * RFC 9438 table 1, columns "CUBIC W (C=0.4)" for a round trip of 100 ms: where
 * the cubic function rules, 1.054 (RTT / p)^0.75; where it does not, as Reno.
 */
static void cubic__follows_the_published_curve(void)
{
	static const struct {
		double nr_packets, rtt_ms, wanted, within;
		uint32_t at_once;
	} rows[] = {
		{ 1e2, 100, 12, 0.1, 1 }, { 1e3, 100, 38, 0.1, 1 },
		{ 1e4, 100, 187, 0.05, 1 }, { 1e5, 100, 1054, 0.05, 1 },
		{ 1e6, 100, 5926, 0.05, 8 }, { 1e7, 100, 33325, 0.05, 64 },
		/* Table 2, a round trip of 10 ms: Reno's region is larger. */
		{ 1e3, 10, 38, 0.1, 1 }, { 1e4, 10, 120, 0.1, 1 },
		{ 1e5, 10, 379, 0.1, 1 }, { 1e7, 10, 5926, 0.05, 64 },
	};
	struct path path;
	double mean;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		path_init(&path, &nx_tcp_cubic, (uint32_t)rows[i].wanted,
			  rows[i].rtt_ms * 1e6);
		path.nr_acks_at_once = rows[i].at_once;
		mean = path_mean_window(&path, rows[i].nr_packets);
		UNIT_ROW(i, fabs(mean / rows[i].wanted - 1) < rows[i].within,
			 true);
	}
}

/* Section 4.3: alpha is 9/17 of a segment a round trip until cwnd_prior. */
static void cubic_avoid__is_never_slower_than_reno(void)
{
	struct path path;
	uint32_t rtts = 0, i, n;

	path_init(&path, &nx_tcp_cubic, 20, 1e6);
	path_lose(&path);
	while (path.cc.cwnd < 20 * PATH_MSS) {
		n = path.cc.cwnd / PATH_MSS;
		for (i = 0; i < n; i++)
			path_ack(&path);
		rtts++;
	}
	/* 6 segments at 9/17 each round trip. */
	CU_ASSERT(rtts >= 11 && rtts <= 13);
	n = path.cc.cwnd;
	for (i = 0; i < 20; i++)
		path_ack(&path);
	CU_ASSERT(path.cc.cwnd - n > 900 && path.cc.cwnd - n < 1100);
}

/* Section 4.7: who loses below the last plateau makes room. */
static void cubic_reduce__converges_fast(void)
{
	struct path path;

	path_init(&path, &nx_tcp_cubic, 1000, 1e8);
	path_lose(&path);
	CU_ASSERT_EQUAL(path.cc.state.cubic.w_max, 1000 * PATH_MSS);
	path_lose(&path);
	CU_ASSERT_EQUAL(path.cc.state.cubic.w_max, 595 * PATH_MSS);
	CU_ASSERT_EQUAL(path.cc.cwnd, 490 * PATH_MSS);
}

/* Section 4.8: the stage after a timeout has its plateau where it begins. */
static void cubic_timed_out__begins_convex(void)
{
	struct path path;
	double from_ns;

	path_init(&path, &nx_tcp_cubic, 100, 1e8);
	nx_tcp_cc_on_rto(&path.cc, 100 * PATH_MSS, false);
	CU_ASSERT_EQUAL(path.cc.cwnd, PATH_MSS);
	while (nx_tcp_cc_is_slow_start(&path.cc))
		path_ack(&path);
	CU_ASSERT_EQUAL(path.cc.cwnd, 70 * PATH_MSS);
	from_ns = path.now_ns;
	while (path.now_ns < from_ns + 6e9)
		path_ack(&path);
	/* 70 + 0.4 * 6^3. */
	CU_ASSERT(path.cc.cwnd > 150 * PATH_MSS &&
		  path.cc.cwnd < 165 * PATH_MSS);
	/* The first stage alone: the next one is concave again. */
	path_lose(&path);
	from_ns = path.now_ns;
	while (path.now_ns < from_ns + 1e9)
		path_ack(&path);
	CU_ASSERT(path.cc.cwnd > 123 * PATH_MSS);
}

/* Section 4.10 and 4.2: slow start that ended by itself knows no W_max. */
static void cubic_avoid__begins_flat_after_hystart(void)
{
	struct path path;
	double from_ns;

	path_init(&path, &nx_tcp_cubic, 500, 1e8);
	from_ns = path.now_ns;
	while (path.now_ns < from_ns + 1e9)
		path_ack(&path);
	CU_ASSERT(path.cc.cwnd < 510 * PATH_MSS);
	while (path.now_ns < from_ns + 10e9)
		path_ack(&path);
	CU_ASSERT(path.cc.cwnd > 880 * PATH_MSS &&
		  path.cc.cwnd < 920 * PATH_MSS);
}

/* Section 5.8: a pause, and time in which little was sent, do not count. */
static void cubic_avoid__does_not_grow_by_waiting(void)
{
	struct nx_tcp_cc_ack unused = { .srtt_ns = 100000000, .acked = 1000 };
	struct path path, same;
	uint32_t i;

	path_init(&path, &nx_tcp_cubic, 200, 1e8);
	path_lose(&path);
	for (i = 0; i < 2000; i++)
		path_ack(&path);
	same = path;
	for (i = 0; i < 100; i++) {
		path.now_ns += 1e8;
		unused.now_ns = (uint64_t)path.now_ns;
		nx_tcp_cc_on_ack(&path.cc, &unused);
	}
	for (i = 0; i < 2000; i++) {
		path_ack(&path);
		path_ack(&same);
		UNIT_ROW(i, path.cc.cwnd, same.cc.cwnd);
	}
	/* Half a minute of silence, with a window that need not restart. */
	path_init(&path, &nx_tcp_cubic, 10, 1e8);
	for (i = 0; i < 50; i++)
		path_ack(&path);
	path.cc.cwnd = 10 * PATH_MSS;
	path.cc.ssthresh = 5 * PATH_MSS;
	same = path;
	nx_tcp_cc_after_idle(&path.cc, (uint64_t)path.now_ns,
			     (uint64_t)(path.now_ns + 30e9), 300000000);
	path.now_ns += 30e9;
	for (i = 0; i < 200; i++) {
		path_ack(&path);
		path_ack(&same);
		UNIT_ROW(i, path.cc.cwnd, same.cc.cwnd);
	}
}

/* A pause that lets the window restart: the stage begins after slow start. */
static void cubic_idle__begins_a_stage_after_slow_start(void)
{
	struct path path;
	uint32_t from, i;

	path_init(&path, &nx_tcp_cubic, 200, 1e8);
	path_lose(&path);
	while (path.cc.cwnd < 190 * PATH_MSS)
		path_ack(&path);
	nx_tcp_cc_after_idle(&path.cc, (uint64_t)path.now_ns,
			     (uint64_t)(path.now_ns + 5e9), 300000000);
	path.now_ns += 5e9;
	while (nx_tcp_cc_is_slow_start(&path.cc))
		path_ack(&path);
	CU_ASSERT_EQUAL(path.cc.state.cubic.epoch_ns, 0);
	from = path.cc.cwnd;
	for (i = 0; i < from / PATH_MSS; i++)
		path_ack(&path);
	/* From 142 towards 200: K is 5.2 s, and a round trip 100 ms. */
	CU_ASSERT(path.cc.cwnd > from + 2 * PATH_MSS);
	CU_ASSERT(path.cc.cwnd < from + 8 * PATH_MSS);
}

/* The largest windows and segments, and hours: nothing overflows. */
static void cubic_avoid__bears_the_largest_numbers(void)
{
	static const uint32_t sizes[] = { 64, 536, 1460, 65495 };
	struct nx_tcp_cc_ack ack = {
		.srtt_ns = 1000000000, .is_cwnd_limited = true,
	};
	struct nx_tcp_cc cc;
	uint32_t last;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		nx_tcp_cc_init(&cc, &nx_tcp_cubic, sizes[i], NX_TCP_CWND_MAX);
		nx_tcp_cc_on_congestion(&cc, NX_TCP_CWND_MAX, NX_TCP_LOST);
		nx_tcp_cc_end_recovery(&cc);
		ack.now_ns = 1;
		for (j = 0; j < 20000; j++) {
			ack.acked = cc.cwnd;
			ack.now_ns += 1000000000ull * (j / 100 + 1);
			last = cc.cwnd;
			nx_tcp_cc_on_ack(&cc, &ack);
			UNIT_ROW(i, cc.cwnd >= last, true);
			UNIT_ROW(i, cc.cwnd <= NX_TCP_CWND_MAX, true);
		}
		UNIT_ROW(i, cc.cwnd == NX_TCP_CWND_MAX, true);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(cubic_avoid__follows_the_formula, "TCP-5 CUBIC"),
	UNIT_CASE_ID(cubic_avoid__is_back_at_w_max_after_k, "TCP-5 CUBIC"),
	UNIT_CASE_ID(cubic__follows_the_published_curve,
		     "TCP-5 CUBIC, mean window by loss rate"),
	UNIT_CASE_ID(cubic_avoid__is_never_slower_than_reno, "TCP-5 CUBIC"),
	UNIT_CASE_ID(cubic_reduce__converges_fast, "TCP-5 CUBIC"),
	UNIT_CASE_ID(cubic_timed_out__begins_convex, "TCP-5 CUBIC"),
	UNIT_CASE_ID(cubic_avoid__begins_flat_after_hystart, "TCP-5 CUBIC"),
	UNIT_CASE_ID(cubic_avoid__does_not_grow_by_waiting, "TCP-5 CUBIC"),
	UNIT_CASE_ID(cubic_idle__begins_a_stage_after_slow_start, "TCP-5 CUBIC"),
	UNIT_CASE(cubic_avoid__bears_the_largest_numbers),
};

UNIT_SUITE(tcp_cubic_suite, "tcp/cc/cubic", cases);
