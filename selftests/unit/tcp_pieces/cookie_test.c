// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/cookie.c.
 */
#include <string.h>
#include <tcp/cookie.h>

#include "../unit.h"

#define PERIOD	NX_COOKIE_PERIOD_NS

static const struct nx_siphash_key key = { { 1, 2 } };

static const struct nx_tcp_tuple tuple = {
	.local = { 1 }, .remote = { 2 }, .local_port = 3, .remote_port = 4,
};

static const struct nx_cookie_syn with_ts = {
	.peer_isn = 12345, .mss = 1460, .wscale = 7, .has_ts = true,
	.has_wscale = true, .has_sack = true, .has_ecn = true,
};

/* What the listener knows when the ACK comes. */
static struct nx_cookie_syn answer_to(const struct nx_cookie_syn *syn)
{
	return (struct nx_cookie_syn){
		.peer_isn = syn->peer_isn, .has_ts = syn->has_ts,
	};
}

static bool comes_back(const struct nx_cookie_syn *syn, uint64_t made_ns,
		       uint64_t checked_ns, struct nx_cookie_syn *got)
{
	uint32_t cookie = nx_cookie_make(&key, &tuple, syn, made_ns);

	*got = answer_to(syn);
	return nx_cookie_check(&key, &tuple, got, cookie,
			       nx_cookie_ts(syn, 1000), checked_ns);
}

static bool is_same(const struct nx_cookie_syn *a, const struct nx_cookie_syn *b)
{
	return a->peer_isn == b->peer_isn && a->mss == b->mss &&
	       a->has_ts == b->has_ts && a->has_wscale == b->has_wscale &&
	       a->has_sack == b->has_sack && a->has_ecn == b->has_ecn &&
	       (!a->has_wscale || a->wscale == b->wscale);
}

/* ------------------------------------------------------------ timestamp */

/* The peer's PAWS sees no clock that runs backwards by more than 64 ticks. */
static void nx_cookie_ts__never_leads_the_clock(void)
{
	struct nx_cookie_syn syn = with_ts;
	uint32_t ts, i;

	for (i = 0; i < 300; i++)
		for (syn.wscale = 0; syn.wscale <= 14; syn.wscale++) {
			ts = nx_cookie_ts(&syn, i - 150);
			UNIT_ROW(i, i - 150 - ts < 64, true);
		}
	CU_ASSERT_EQUAL(ts & 15, 14);
}

/* --------------------------------------------------------------- making */

static void nx_cookie_make__brings_every_option_back(void)
{
	struct nx_cookie_syn syn = with_ts, got;
	unsigned int options;

	for (options = 0; options < 8; options++)
		for (syn.wscale = 0; syn.wscale <= 14; syn.wscale++) {
			syn.has_wscale = options & 1;
			syn.has_sack = options & 2;
			syn.has_ecn = options & 4;
			UNIT_ROW(options, comes_back(&syn, 0, 0, &got), true);
			UNIT_ROW(options, is_same(&syn, &got), true);
		}
}

static void nx_cookie_make__without_timestamps_keeps_the_size_alone(void)
{
	struct nx_cookie_syn syn = with_ts, got;

	syn.has_ts = false;
	CU_ASSERT(comes_back(&syn, 0, 0, &got));
	CU_ASSERT_EQUAL(got.mss, 1460);
	CU_ASSERT(!got.has_wscale && !got.has_sack && !got.has_ecn);
}

/* Rounded down: no segment is longer than the peer takes. */
static void nx_cookie_make__rounds_the_size_down(void)
{
	struct nx_cookie_syn syn = with_ts, got;
	uint32_t mss, nr_exact = 0;

	for (mss = 0; mss <= 65535; mss++) {
		syn.mss = (uint16_t)mss;
		UNIT_ROW(mss, comes_back(&syn, 0, 0, &got), true);
		UNIT_ROW(mss, got.mss <= mss || mss < 64, true);
		UNIT_ROW(mss, mss < 1220 || got.mss >= 1220, true);
		nr_exact += got.mss == mss;
	}
	CU_ASSERT_EQUAL(nr_exact, 8);
}

/* ------------------------------------------------------------- checking */

static void nx_cookie_check__knows_how_old_it_is(void)
{
	static const struct {
		uint64_t made, checked;
		bool wanted;
	} rows[] = {
		{ 0, 0, true }, { 0, PERIOD - 1, true },
		{ 0, 2 * PERIOD - 1, true }, { 0, 2 * PERIOD, false },
		{ PERIOD - 1, PERIOD, true }, { PERIOD, PERIOD - 1, false },
		{ 40 * PERIOD, 41 * PERIOD, true },
		{ 40 * PERIOD, 42 * PERIOD, false },
		/* The five bits of time have come round. */
		{ 0, 32 * PERIOD, false }, { 0, 33 * PERIOD, false },
		{ 31 * PERIOD, 32 * PERIOD, true },
	};
	struct nx_cookie_syn got;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		UNIT_ROW(i, comes_back(&with_ts, rows[i].made, rows[i].checked,
				       &got), rows[i].wanted);
}

/* A cookie is of one peer: nothing of it may be exchanged. */
static void nx_cookie_check__refuses_another_connection(void)
{
	uint32_t cookie = nx_cookie_make(&key, &tuple, &with_ts, 0);
	uint32_t ts = nx_cookie_ts(&with_ts, 1000);
	struct nx_siphash_key other_key = { { 1, 3 } };
	struct nx_cookie_syn got;
	struct nx_tcp_tuple other;
	size_t i;

	for (i = 0; i < sizeof(other); i++) {
		memcpy(&other, &tuple, sizeof(other));
		((uint8_t *)&other)[i] ^= 1;
		got = answer_to(&with_ts);
		UNIT_ROW(i, nx_cookie_check(&key, &other, &got, cookie, ts, 0),
			 false);
	}
	for (i = 0; i < 32; i++) {
		got = answer_to(&with_ts);
		got.peer_isn ^= 1u << i;
		UNIT_ROW(i, nx_cookie_check(&key, &tuple, &got, cookie, ts, 0),
			 false);
	}
	got = answer_to(&with_ts);
	CU_ASSERT(!nx_cookie_check(&other_key, &tuple, &got, cookie, ts, 0));
	CU_ASSERT(nx_cookie_check(&key, &tuple, &got, cookie, ts, 0));
}

/* The options in the timestamp are under the hash, and so is its absence. */
static void nx_cookie_check__refuses_changed_options(void)
{
	uint32_t cookie = nx_cookie_make(&key, &tuple, &with_ts, 0);
	uint32_t ts = nx_cookie_ts(&with_ts, 1000);
	struct nx_cookie_syn got;
	uint32_t bits;

	for (bits = 1; bits <= NX_COOKIE_TS_MASK; bits++) {
		got = answer_to(&with_ts);
		UNIT_ROW(bits, nx_cookie_check(&key, &tuple, &got, cookie,
					       ts ^ bits, 0), false);
	}
	got = answer_to(&with_ts);
	got.has_ts = false;
	CU_ASSERT(!nx_cookie_check(&key, &tuple, &got, cookie, ts, 0));
}

/* 2^22 guesses: a few hundredths of a hit are expected at one in 2^28. */
static void nx_cookie_check__is_not_guessed(void)
{
	struct nx_cookie_syn got;
	uint32_t guess = 1, i, nr = 0;

	for (i = 0; i < 1 << 22; i++) {
		guess = guess * 1664525 + 1013904223;
		got = answer_to(&with_ts);
		nr += nx_cookie_check(&key, &tuple, &got, guess, guess, 0);
	}
	CU_ASSERT(nr <= 1);
}

/* Each bit of a cookie matters. */
static void nx_cookie_check__refuses_a_changed_bit(void)
{
	uint32_t cookie = nx_cookie_make(&key, &tuple, &with_ts, 0);
	uint32_t ts = nx_cookie_ts(&with_ts, 1000), bit;
	struct nx_cookie_syn got;

	for (bit = 0; bit < 32; bit++) {
		got = answer_to(&with_ts);
		UNIT_ROW(bit, nx_cookie_check(&key, &tuple, &got,
					      cookie ^ 1u << bit, ts, 0), false);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_cookie_ts__never_leads_the_clock, "TCP-4 SYN cookies"),
	UNIT_CASE_ID(nx_cookie_make__brings_every_option_back,
		     "TCP-4 SYN cookies"),
	UNIT_CASE_ID(nx_cookie_make__without_timestamps_keeps_the_size_alone,
		     "TCP-4 SYN cookies"),
	UNIT_CASE_ID(nx_cookie_make__rounds_the_size_down, "TCP-4 SYN cookies"),
	UNIT_CASE_ID(nx_cookie_check__knows_how_old_it_is, "TCP-4 SYN cookies"),
	UNIT_CASE_ID(nx_cookie_check__refuses_another_connection,
		     "TCP-4 SYN cookies forged"),
	UNIT_CASE_ID(nx_cookie_check__refuses_changed_options,
		     "TCP-4 SYN cookies forged"),
	UNIT_CASE_ID(nx_cookie_check__is_not_guessed, "TCP-4 SYN cookies forged"),
	UNIT_CASE_ID(nx_cookie_check__refuses_a_changed_bit,
		     "TCP-4 SYN cookies forged"),
};

UNIT_SUITE(tcp_cookie_suite, "tcp/cookie", cases);
