/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Pacing: a window leaves spread over a round trip, in bursts that a timer and a
 * super-packet can bear, not as one.
 *
 * All of it is pure; times are nanoseconds.
 */
#ifndef _NX_TCP_PACE_H
#define _NX_TCP_PACE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct nx_pace - pacing of one connection
 * @rate_bytes: bytes a second; 0: no pacing yet
 * @next_ns:    before this, nothing leaves
 */
struct nx_pace {
	uint64_t	rate_bytes;
	uint64_t	next_ns;
};

void nx_pace_init(struct nx_pace *pace);

/**
 * nx_pace_set - follow the window
 * @pace:     pacing
 * @cwnd:     bytes
 * @ssthresh: bytes
 * @srtt_ns:  smoothed round-trip time; 0 leaves the rate as it is
 * @max:      bytes a second at most; UINT64_MAX: no limit
 *
 * Twice the window a round trip while slow start has far to go, 1.2 times
 * afterwards.
 */
void nx_pace_set(struct nx_pace *pace, uint32_t cwnd, uint32_t ssthresh,
		 uint64_t srtt_ns, uint64_t max);

/* May something leave now? */
static inline bool nx_pace_is_open(const struct nx_pace *pace, uint64_t now_ns)
{
	return now_ns >= pace->next_ns;
}

/* Bytes worth sending at once: a millisecond's, two segments to 64 KiB. */
uint32_t nx_pace_burst(const struct nx_pace *pace, uint32_t mss);

/* @bytes left at @now_ns. */
void nx_pace_sent(struct nx_pace *pace, uint32_t bytes, uint64_t now_ns);

#endif /* _NX_TCP_PACE_H */
