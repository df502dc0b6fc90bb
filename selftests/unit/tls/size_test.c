// SPDX-License-Identifier: GPL-2.0
/*
 * The length of records, by what TCP can send.
 */
#include "../../../lib/tls/size.h"
#include "../unit.h"

#define MAX		16384
#define OVERHEAD	22

static void record_len__table(void)
{
	static const struct {
		uint32_t mss, window;
		uint64_t queued;
		size_t wanted;
	} rows[] = {
		/* A segment each, while the window is small. */
		{ 1448, 14480, 0, 1448 - OVERHEAD },
		{ 1448, 14480, 100000, 1448 - OVERHEAD },
		{ 1448, 4 * MAX - 1, 0, 1448 - OVERHEAD },
		/* It has grown. */
		{ 1448, 4 * MAX, 0, MAX },
		{ 1448, 1000000, 500000, MAX },
		/* The flight ends within the record. */
		{ 1448, 100000, 90000, 10000 - OVERHEAD },
		{ 1448, 100000, 100000 - MAX - OVERHEAD, MAX },
		{ 1448, 100000, 100000 - 1448, 1448 - OVERHEAD },
		/* There is no room for a segment, or none at all. */
		{ 1448, 100000, 100000 - 1447, MAX },
		{ 1448, 100000, 100000, MAX },
		{ 1448, 100000, 200000, MAX },
		/* Segments that hold more than a record, or hardly anything. */
		{ 65483, 654830, 0, MAX },
		{ 65483, 65535, 0, MAX },
		{ 20, 14480, 0, OVERHEAD },
		{ 0, 0, 0, OVERHEAD },
	};
	struct nx_tls_flight flight = { .max = MAX, .overhead = OVERHEAD };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		flight.mss = rows[i].mss;
		flight.window = rows[i].window;
		flight.queued = rows[i].queued;
		UNIT_ROW(i, nx_tls_record_len(&flight), rows[i].wanted);
	}
}

/* RFC 6066 section 4: less, where both ends have agreed. */
static void record_len__max_fragment(void)
{
	struct nx_tls_flight flight = {
		.mss = 1448, .window = 1000000, .max = 512,
		.overhead = OVERHEAD,
	};

	CU_ASSERT_EQUAL(nx_tls_record_len(&flight), 512);
	flight.window = 1000;
	CU_ASSERT_EQUAL(nx_tls_record_len(&flight), 512);
}

static const struct unit_case cases[] = {
	UNIT_CASE(record_len__table),
	UNIT_CASE(record_len__max_fragment),
};

UNIT_SUITE(tls_size_suite, "tls/size", cases);
