// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Round-trip time and retransmission timeout: RFC 6298, RFC 7323 appendix G.
 */
#include "rtt.h"

/* RFC 6298 section 2.3: alpha is 1/8, beta 1/4, K 4. */
#define ALPHA_DIVISOR	8
#define BETA_DIVISOR	4
#define K		4

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void nx_rtt_init(struct nx_rtt *rtt, uint64_t now_ns)
{
	*rtt = (struct nx_rtt){
		.rto_ns = NX_RTT_RTO_INITIAL_NS,
		.min_ns = { UINT64_MAX, UINT64_MAX },
		.min_since_ns = now_ns,
	};
}

uint32_t nx_rtt_expected_samples(uint32_t flight_size, uint32_t mss)
{
	uint64_t two = 2ull * mss;

	return flight_size > two ? (uint32_t)((flight_size + two - 1) / two) : 1;
}

static void sample_min(struct nx_rtt *rtt, uint64_t sample_ns, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - rtt->min_since_ns;

	if (age_ns >= NX_RTT_MIN_HALF_NS) {
		rtt->min_ns[1] = age_ns < 2 * NX_RTT_MIN_HALF_NS ?
				 rtt->min_ns[0] : UINT64_MAX;
		rtt->min_ns[0] = UINT64_MAX;
		rtt->min_since_ns = now_ns;
	}
	rtt->min_ns[0] = min64(rtt->min_ns[0], sample_ns);
}

/* RFC 6298 section 2.3, with alpha and beta by the number of samples. */
static void sample_mean(struct nx_rtt *rtt, uint64_t r, uint64_t nr)
{
	uint64_t srtt = rtt->srtt_ns, diff = r > srtt ? r - srtt : srtt - r;
	uint64_t beta = BETA_DIVISOR * nr, alpha = ALPHA_DIVISOR * nr;

	if (diff > rtt->rttvar_ns)
		rtt->rttvar_ns += (diff - rtt->rttvar_ns) / beta;
	else
		rtt->rttvar_ns -= (rtt->rttvar_ns - diff) / beta;
	rtt->srtt_ns = r > srtt ? srtt + diff / alpha : srtt - diff / alpha;
}

void nx_rtt_sample(struct nx_rtt *rtt, uint64_t sample_ns,
		   uint32_t nr_expected, uint64_t now_ns)
{
	uint64_t r = min64(max64(sample_ns, 1), NX_RTT_RTO_MAX_NS);

	rtt->latest_ns = r;
	sample_min(rtt, r, now_ns);
	if (rtt->srtt_ns) {
		sample_mean(rtt, r, max64(nr_expected, 1));
	} else {
		/* RFC 6298 section 2.2. */
		rtt->srtt_ns = r;
		rtt->rttvar_ns = r / 2;
	}
	rtt->rto_ns = min64(rtt->srtt_ns + max64(NX_RTT_VAR_MIN_NS,
						 K * rtt->rttvar_ns),
			    NX_RTT_RTO_MAX_NS);
	rtt->nr_backoffs = 0;
}

/* 2^7 s is above the maximum from the least timeout on. */
#define BACKOFFS_MAX	10

void nx_rtt_backoff(struct nx_rtt *rtt)
{
	if (rtt->nr_backoffs < BACKOFFS_MAX)
		rtt->nr_backoffs++;
}

void nx_rtt_end_backoff(struct nx_rtt *rtt)
{
	rtt->nr_backoffs = 0;
}

void nx_rtt_syn_was_lost(struct nx_rtt *rtt)
{
	if (!rtt->srtt_ns)
		rtt->rto_ns = NX_RTT_RTO_SYN_LOST_NS;
	rtt->nr_backoffs = 0;
}
