// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/isn.c.
 */
#include <stdlib.h>
#include <string.h>
#include <tcp/isn.h>

#include "../unit.h"

static const struct nx_siphash_key key = {
	{ 0x0706050403020100, 0x0f0e0d0c0b0a0908 },
};

static const struct nx_tcp_tuple tuple = {
	.local = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
	.remote = { [10] = 0xff, 0xff, 192, 0, 2, 2 },
	.local_port = 80, .remote_port = 40000,
};

/*
 * SipHash-2-4 of 00, 00 01, 00 01 02 ... under the key 00 01 .. 0f: results as
 * its authors publish them, by length.
 */
static void nx_siphash__gives_the_published_vectors(void)
{
	static const struct {
		size_t	 len;
		uint64_t wanted;
	} rows[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },
		{ 2, 0x0d6c8009d9a94f5a }, { 3, 0x85676696d7fb7e2d },
		{ 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 },
		{ 15, 0xa129ca6149be45e5 }, { 63, 0x958a324ceb064572 },
	};
	uint8_t *data;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		data = malloc(rows[i].len + 1);
		for (j = 0; j < rows[i].len; j++)
			data[j] = (uint8_t)j;
		UNIT_ROW(rows[i].len, nx_siphash(&key, data, rows[i].len),
			 rows[i].wanted);
		free(data);
	}
}

/* RFC 6528 section 3: M is a timer of 4 us. */
static void nx_isn__grows_with_the_clock(void)
{
	uint32_t first = nx_isn(&key, &tuple, 0);
	uint64_t us;

	for (us = 1; us < 1ull << 40; us *= 3)
		UNIT_ROW(us, nx_isn(&key, &tuple, us * 1000) - first,
			 (uint32_t)(us / 4));
}

/* Each end and the key decide, in every byte. */
static void nx_isn__differs_by_tuple_and_key(void)
{
	struct nx_siphash_key other_key = key;
	struct nx_tcp_tuple other;
	uint32_t first = nx_isn(&key, &tuple, 0);
	size_t i;

	for (i = 0; i < sizeof(other); i++) {
		memcpy(&other, &tuple, sizeof(other));
		((uint8_t *)&other)[i] ^= 1;
		UNIT_ROW(i, nx_isn(&key, &other, 0) != first, true);
	}
	for (i = 0; i < 128; i++) {
		other_key.k[i / 64] = key.k[i / 64] ^ 1ull << i % 64;
		UNIT_ROW(i, nx_isn(&other_key, &tuple, 0) != first, true);
		other_key = key;
	}
}

static void nx_isn_ts_offset__tells_nothing_of_the_isn(void)
{
	CU_ASSERT_NOT_EQUAL(nx_isn_ts_offset(&key, &tuple),
			    nx_isn(&key, &tuple, 0));
	CU_ASSERT_EQUAL(nx_isn_ts_offset(&key, &tuple),
			nx_isn_ts_offset(&key, &tuple));
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_siphash__gives_the_published_vectors),
	UNIT_CASE_ID(nx_isn__grows_with_the_clock, "RFC 6528"),
	UNIT_CASE_ID(nx_isn__differs_by_tuple_and_key, "RFC 6528"),
	UNIT_CASE(nx_isn_ts_offset__tells_nothing_of_the_isn),
};

UNIT_SUITE(tcp_isn_suite, "tcp/isn", cases);
