/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Round-trip time and retransmission timeout (RFC 6298), with as many samples a
 * round trip as timestamps give (RFC 7323 appendix G), and the least round-trip
 * time of late.
 *
 * All of it is pure; times are nanoseconds.
 */
#ifndef _NX_TCP_RTT_H
#define _NX_TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

/* RFC 6298 section 2.1. */
#define NX_RTT_RTO_INITIAL_NS	1000000000ull
/* RFC 6298 section 5.7: after a SYN that timed out. */
#define NX_RTT_RTO_SYN_LOST_NS	3000000000ull
/*
 * RFC 6298 section 2.4 asks for 1 s; as Linux, which most peers' delayed ACKs
 * (40 to 200 ms) are tuned to, we let the variance's part be no less than this.
 */
#define NX_RTT_VAR_MIN_NS	200000000ull
/* RFC 6298 section 2.5: at least 60 s. */
#define NX_RTT_RTO_MAX_NS	120000000000ull
/* A path may change: RFC 8985 section 6.2 step 1; two halves of 150 s. */
#define NX_RTT_MIN_HALF_NS	150000000000ull

/**
 * struct nx_rtt - estimator of one connection
 * @srtt_ns:     smoothed round-trip time; 0: no sample yet
 * @rttvar_ns:   its mean deviation
 * @rto_ns:      timeout before backing off
 * @min_ns:      least sample of [0] this half of the window, [1] the last one;
 *               UINT64_MAX: none
 * @min_since_ns: when this half began
 * @latest_ns:   the latest sample
 * @nr_backoffs: doublings since the last sample
 */
struct nx_rtt {
	uint64_t	srtt_ns;
	uint64_t	rttvar_ns;
	uint64_t	rto_ns;
	uint64_t	min_ns[2];
	uint64_t	min_since_ns;
	uint64_t	latest_ns;
	uint8_t		nr_backoffs;
};

void nx_rtt_init(struct nx_rtt *rtt, uint64_t now_ns);

/**
 * nx_rtt_sample - take a sample
 * @rtt:        estimator
 * @sample_ns:  round-trip time of data that was sent once (Karn), or of a
 *              timestamp
 * @nr_expected: samples that this round trip gives: nx_rtt_expected_samples()
 *              with timestamps, otherwise 1
 * @now_ns:     now
 *
 * Ends backing off (RFC 6298 section 5).
 */
void nx_rtt_sample(struct nx_rtt *rtt, uint64_t sample_ns,
		   uint32_t nr_expected, uint64_t now_ns);

/* RFC 7323 appendix G: each second segment is acknowledged. */
uint32_t nx_rtt_expected_samples(uint32_t flight_size, uint32_t mss);

/* A timer expired: RFC 6298 section 5.5. */
void nx_rtt_backoff(struct nx_rtt *rtt);

/* New data were acknowledged: the doublings end, sample or not. */
void nx_rtt_end_backoff(struct nx_rtt *rtt);

/* The handshake is over, and its SYN was retransmitted: RFC 6298 section 5.7. */
void nx_rtt_syn_was_lost(struct nx_rtt *rtt);

/* The timeout with its doublings. */
static inline uint64_t nx_rtt_rto_ns(const struct nx_rtt *rtt)
{
	uint64_t rto_ns = rtt->rto_ns << rtt->nr_backoffs;

	return rto_ns < NX_RTT_RTO_MAX_NS ? rto_ns : NX_RTT_RTO_MAX_NS;
}

/* Least sample of the last 150 to 300 s; UINT64_MAX: none. */
static inline uint64_t nx_rtt_min_ns(const struct nx_rtt *rtt)
{
	return rtt->min_ns[0] < rtt->min_ns[1] ? rtt->min_ns[0] :
						 rtt->min_ns[1];
}

#endif /* _NX_TCP_RTT_H */
