/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * CoDel (RFC 8289): when a queue has been too slow for too long, and how often
 * its senders are to be told.
 */
#ifndef NX_CORE_CODEL_H
#define NX_CORE_CODEL_H

#include "types.h"

/**
 * struct nx_codel_params - what a queue is held to
 * @target_ns:   sojourn time that may stand
 * @interval_ns: for how long it may be longer; about a round trip
 * @mtu:         bytes; a queue of no more than one packet is never too slow
 */
struct nx_codel_params {
	u64	target_ns;
	u64	interval_ns;
	u32	mtu;
};

/**
 * struct nx_codel - the state of one queue
 * @count:          signals since the queue began to be told (RFC 8289 section 5)
 * @last_count:     of them when it last began
 * @is_signalling:  it is being told
 * @is_above:       the sojourn time is at or over the target
 * @first_above_ns: when an interval of it will have passed
 * @next_ns:        of the next signal
 */
struct nx_codel {
	u32	count;
	u32	last_count;
	bool	is_signalling;
	bool	is_above;
	u64	first_above_ns;
	u64	next_ns;
};

u64 nx_codel_control_law(u64 from_ns, u64 interval_ns, u32 count);
bool nx_codel_judge_slow(struct nx_codel *codel,
			 const struct nx_codel_params *params, u64 now_ns);

/**
 * nx_codel_judge - is a packet that leaves to tell its sender of congestion?
 * @codel:      of its queue
 * @params:     of its queue
 * @sojourn_ns: for how long the packet stood
 * @left_bytes: that still stand behind it
 * @now_ns:     the time
 *
 * Return: true: mark the packet, or tell the sender otherwise, or drop it; after
 * a drop the next packet is asked about.
 */
static __always_inline bool nx_codel_judge(struct nx_codel *codel,
					   const struct nx_codel_params *params,
					   u64 sojourn_ns, u32 left_bytes,
					   u64 now_ns)
{
	if (sojourn_ns < params->target_ns || left_bytes <= params->mtu) {
		codel->is_above = false;
		codel->is_signalling = false;
		return false;
	}
	return nx_codel_judge_slow(codel, params, now_ns);
}

#endif /* NX_CORE_CODEL_H */
