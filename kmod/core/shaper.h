/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A token bucket: when the next packet may leave, so that a rate is kept.
 */
#ifndef NX_CORE_SHAPER_H
#define NX_CORE_SHAPER_H

#include "types.h"

#define NX_NSEC_PER_SEC	1000000000ULL

/**
 * struct nx_shaper - a rate, and what was used of it
 * @rate:     bytes a second; 0: no limit
 * @burst_ns: time that may be made up for after a pause
 * @mult:     nanoseconds of a byte, times 2^@shift
 * @shift:    see there
 * @free_ns:  when what has left will have been sent
 */
struct nx_shaper {
	u64	rate;
	u64	burst_ns;
	u64	mult;
	u32	shift;
	u64	free_ns;
};

/**
 * nx_shaper_set - choose a rate
 * @s:     what was used so far stays
 * @rate:  bytes a second; 0: no limit
 * @burst: bytes that may leave at once after a pause
 *
 * A packet's time is right to one part in 2^15, for any rate up to 2^45 bytes a
 * second.
 */
static inline void nx_shaper_set(struct nx_shaper *s, u64 rate, u32 burst)
{
	s->rate = rate;
	s->burst_ns = rate ? nx_div_u64(burst * NX_NSEC_PER_SEC, rate) : 0;
	s->mult = 0;
	/* @mult stays below 2^31, so that no product with a length overflows. */
	for (s->shift = 30; rate && s->shift; s->shift--) {
		s->mult = nx_div_u64(NX_NSEC_PER_SEC << s->shift, rate);
		if (s->mult < 1ULL << 31)
			break;
	}
	if (rate && !s->shift)
		s->mult = nx_div_u64(NX_NSEC_PER_SEC, rate);
}

/* The time that @len bytes take, ns. */
static inline u64 nx_shaper_time(const struct nx_shaper *s, u32 len)
{
	return (len * s->mult) >> s->shift;
}

/**
 * nx_shaper_wait - for how long must the next packet wait?
 * @s:      the shaper
 * @now_ns: the time
 *
 * Return: ns; 0: it may leave now.
 */
static inline u64 nx_shaper_wait(const struct nx_shaper *s, u64 now_ns)
{
	s64 wait = (s64)(s->free_ns - now_ns);

	return wait > 0 ? (u64)wait : 0;
}

/**
 * nx_shaper_charge - a packet leaves
 * @s:      the shaper, which does not make it wait
 * @len:    bytes
 * @now_ns: the time
 */
static inline void nx_shaper_charge(struct nx_shaper *s, u32 len, u64 now_ns)
{
	u64 from = now_ns - s->burst_ns;

	if ((s64)(s->free_ns - from) > 0)
		from = s->free_ns;
	s->free_ns = from + nx_shaper_time(s, len);
}

#endif /* NX_CORE_SHAPER_H */
