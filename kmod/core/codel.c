// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * CoDel (RFC 8289): when a queue has been too slow for too long, and how often
 * its senders are to be told.
 */
#include "codel.h"

/* The greatest integer whose square is at most @n, bit by bit. */
static u32 square_root(u64 n)
{
	u64 root = 0, bit = 1ULL << 62;

	while (bit > n)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (n >= root + bit) {
			n -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return (u32)root;
}

/**
 * nx_codel_control_law - when to tell again
 * @from_ns:     the last time
 * @interval_ns: at most 2^47, which is over a day
 * @count:       how often it was told, not 0
 *
 * Return: @from_ns + @interval_ns / sqrt(@count) (RFC 8289 section 5.5), to
 * one part in 2^16.
 */
u64 nx_codel_control_law(u64 from_ns, u64 interval_ns, u32 count)
{
	return from_ns + nx_div_u64(interval_ns << 16,
				    square_root((u64)count << 32));
}

/* Told for a while already: again when it is time. */
static bool go_on(struct nx_codel *codel, const struct nx_codel_params *params,
		  u64 now_ns)
{
	if ((s64)(now_ns - codel->next_ns) < 0)
		return false;
	codel->count++;
	codel->next_ns = nx_codel_control_law(codel->next_ns,
					      params->interval_ns, codel->count);
	return true;
}

/*
 * Begins to tell. A queue that was told not long ago goes on almost where it had
 * ended, for that rate was nearly enough (RFC 8289 section 5.4).
 */
static void begin(struct nx_codel *codel, const struct nx_codel_params *params,
		  u64 now_ns)
{
	u32 delta = codel->count - codel->last_count;
	s64 ago = (s64)(now_ns - codel->next_ns);

	codel->is_signalling = true;
	if (delta > 1 && ago < (s64)(16 * params->interval_ns))
		codel->count = delta;
	else
		codel->count = 1;
	codel->last_count = codel->count;
	codel->next_ns = nx_codel_control_law(now_ns, params->interval_ns,
					      codel->count);
}

/* The rest of nx_codel_judge(): the packet stood for too long. */
bool nx_codel_judge_slow(struct nx_codel *codel,
			 const struct nx_codel_params *params, u64 now_ns)
{
	if (!codel->is_above) {
		codel->is_above = true;
		codel->first_above_ns = now_ns + params->interval_ns;
		codel->is_signalling = false;
		return false;
	}
	if ((s64)(now_ns - codel->first_above_ns) < 0)
		return false;
	if (codel->is_signalling)
		return go_on(codel, params, now_ns);
	begin(codel, params, now_ns);
	return true;
}
