// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/cc/hystart.c: rounds with a round-trip time each.
 */
#include <tcp/cc.h>

#include "../unit.h"

#define MS	1000000ull

/* ACKs of one round; the peer acknowledges to @end, @samples times. */
static uint32_t round_of(struct nx_hystart *h, uint32_t *seq, uint64_t rtt_ns,
			 unsigned int samples)
{
	struct nx_tcp_cc_ack ack = { .rtt_ns = rtt_ns, .acked = 1 };
	uint32_t divisor = 1;
	unsigned int i;

	for (i = 0; i < samples; i++) {
		ack.snd_una = ++*seq;
		ack.snd_nxt = *seq + samples - 1;
		divisor = nx_hystart_on_ack(h, &ack);
	}
	return divisor;
}

static void nx_hystart_on_ack__stays_while_round_trips_do(void)
{
	struct nx_hystart h;
	uint32_t seq = UINT32_MAX - 50, i;

	nx_hystart_init(&h);
	for (i = 0; i < 20; i++)
		UNIT_ROW(i, round_of(&h, &seq, 100 * MS, 10), 1);
}

/* RFC 9406 section 4.2: lastRoundMinRTT + clamp(4 ms, it / 8, 16 ms). */
static void nx_hystart_on_ack__knows_the_threshold(void)
{
	static const struct {
		uint64_t last_ms, threshold_us;
	} rows[] = {
		{ 1, 4000 }, { 32, 4000 }, { 40, 5000 }, { 100, 12500 },
		{ 128, 16000 }, { 1000, 16000 },
	};
	struct nx_hystart h;
	uint32_t seq, less;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (less = 0; less < 2; less++) {
			nx_hystart_init(&h);
			seq = 0;
			round_of(&h, &seq, rows[i].last_ms * MS, 10);
			UNIT_ROW(i, round_of(&h, &seq, rows[i].last_ms * MS +
					     (rows[i].threshold_us - less) *
					     1000, 10), less ? 1 : 4);
		}
}

/* Section 4.3: eight samples before anything is concluded. */
static void nx_hystart_on_ack__waits_for_eight_samples(void)
{
	struct nx_hystart h;
	uint32_t seq = 0;

	nx_hystart_init(&h);
	round_of(&h, &seq, 10 * MS, 10);
	CU_ASSERT_EQUAL(round_of(&h, &seq, 50 * MS, 7), 1);
	nx_hystart_init(&h);
	round_of(&h, &seq, 10 * MS, 10);
	CU_ASSERT_EQUAL(round_of(&h, &seq, 50 * MS, 8), 4);
}

/* Section 4.2: five rounds of conservative slow start, then it is over. */
static void nx_hystart_on_ack__ends_after_five_rounds(void)
{
	struct nx_hystart h;
	uint32_t seq = 0, i;

	nx_hystart_init(&h);
	round_of(&h, &seq, 10 * MS, 10);
	CU_ASSERT_EQUAL(round_of(&h, &seq, 50 * MS, 10), 4);
	for (i = 0; i < 4; i++)
		UNIT_ROW(i, round_of(&h, &seq, 50 * MS, 10), 4);
	CU_ASSERT_EQUAL(round_of(&h, &seq, 50 * MS, 1), 0);
}

/* Section 4.2: the delay went away, and slow start goes on. */
static void nx_hystart_on_ack__resumes_when_it_was_jitter(void)
{
	struct nx_hystart h;
	uint32_t seq = 0, i;

	nx_hystart_init(&h);
	round_of(&h, &seq, 10 * MS, 10);
	CU_ASSERT_EQUAL(round_of(&h, &seq, 50 * MS, 10), 4);
	CU_ASSERT_EQUAL(round_of(&h, &seq, 10 * MS, 10), 1);
	for (i = 0; i < 10; i++)
		UNIT_ROW(i, round_of(&h, &seq, 10 * MS, 10), 1);
}

static void nx_hystart_on_ack__needs_no_sample_of_each_ack(void)
{
	struct nx_hystart h;
	uint32_t seq = 0, i;

	nx_hystart_init(&h);
	for (i = 0; i < 10; i++)
		UNIT_ROW(i, round_of(&h, &seq, 0, 10), 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_hystart_on_ack__stays_while_round_trips_do, "TCP-5"),
	UNIT_CASE_ID(nx_hystart_on_ack__knows_the_threshold, "TCP-5"),
	UNIT_CASE_ID(nx_hystart_on_ack__waits_for_eight_samples, "TCP-5"),
	UNIT_CASE_ID(nx_hystart_on_ack__ends_after_five_rounds, "TCP-5"),
	UNIT_CASE_ID(nx_hystart_on_ack__resumes_when_it_was_jitter, "TCP-5"),
	UNIT_CASE_ID(nx_hystart_on_ack__needs_no_sample_of_each_ack, "TCP-5"),
};

UNIT_SUITE(tcp_hystart_suite, "tcp/cc/hystart", cases);
