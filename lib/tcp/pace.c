// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Pacing: when a connection may send next, and how much at once.
 */
#include "pace.h"

#define NS_A_SECOND	1000000000ull

/*
 * Percent of cwnd / srtt. Slow start doubles the window each round trip, and
 * needs twice the rate for it; afterwards a fifth lets the window grow and makes
 * up for ACKs that come in bunches. Linux has the same by default.
 */
#define GAIN_SLOW_START	200
#define GAIN_AVOIDANCE	120

/* What a late timer may make up for; and a burst's length. */
#define CREDIT_NS	1000000ull
#define BURSTS_A_SECOND	1000
#define BURST_MAX	65536u

void nx_pace_init(struct nx_pace *pace)
{
	*pace = (struct nx_pace){ 0 };
}

void nx_pace_set(struct nx_pace *pace, uint32_t cwnd, uint32_t ssthresh,
		 uint64_t srtt_ns, uint64_t max)
{
	uint64_t gain = cwnd < ssthresh / 2 ? GAIN_SLOW_START : GAIN_AVOIDANCE;
	uint64_t rate;

	if (!srtt_ns)
		return;
	/* 2^32 * 2^30 fits; the gain is applied to what a microsecond can bear. */
	rate = cwnd * NS_A_SECOND / srtt_ns;
	rate = rate < UINT64_MAX / gain ? rate * gain / 100 : UINT64_MAX;
	rate = rate < max ? rate : max;
	pace->rate_bytes = rate ? rate : 1;
}

uint32_t nx_pace_burst(const struct nx_pace *pace, uint32_t mss)
{
	uint64_t burst = pace->rate_bytes / BURSTS_A_SECOND;

	if (!pace->rate_bytes || burst > BURST_MAX)
		return BURST_MAX;
	return burst < 2 * mss ? 2 * mss : (uint32_t)burst;
}

void nx_pace_sent(struct nx_pace *pace, uint32_t bytes, uint64_t now_ns)
{
	uint64_t from_ns = pace->next_ns;

	if (!pace->rate_bytes)
		return;
	if (now_ns > CREDIT_NS && from_ns < now_ns - CREDIT_NS)
		from_ns = now_ns - CREDIT_NS;
	pace->next_ns = from_ns + bytes * NS_A_SECOND / pace->rate_bytes;
}
