/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A limit of events a second, in the form of ITU-T I.371's generic cell rate
 * algorithm: one time stands for the whole bucket.
 */
#ifndef NX_CORE_RATE_H
#define NX_CORE_RATE_H

#include "types.h"

/**
 * nx_rate_take - may another event happen?
 * @due_ns: when the bucket is full again; 0 at first
 * @now_ns: a clock that does not run backwards
 * @per_s:  events a second, not 0; as many may come at once
 */
static inline bool nx_rate_take(u64 *due_ns, u64 now_ns, u32 per_s)
{
	u32 interval = 1000000000U / per_s;

	if (*due_ns < now_ns)
		*due_ns = now_ns;
	if (*due_ns - now_ns > (u64)interval * (per_s - 1))
		return false;
	*due_ns += interval;
	return true;
}

#endif /* NX_CORE_RATE_H */
