// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The length of records.
 */
#include "size.h"

/* Windows of fewer long records than this are of records of a segment each. */
#define GROWN_RECORDS	4

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

size_t nx_tls_record_len(const struct nx_tls_flight *flight)
{
	uint32_t mss = flight->mss > 2 * flight->overhead ? flight->mss :
							    2 * flight->overhead;
	uint64_t segment = min64(mss - flight->overhead, flight->max);
	uint64_t room;

	if (flight->window < GROWN_RECORDS * (uint64_t)flight->max)
		return segment;
	if (flight->queued >= flight->window)
		return flight->max;
	room = flight->window - flight->queued;
	if (room < segment + flight->overhead)
		return flight->max;
	return min64(room - flight->overhead, flight->max);
}
