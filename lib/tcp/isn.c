// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Initial sequence numbers and timestamp offsets: SipHash-2-4 over the
 * connection's ends.
 */
#include <endian.h>
#include <string.h>

#include "isn.h"

/* ------------------------------------------------------------- SipHash */

/**
 * struct sip - SipHash on its way
 * @v0, @v1, @v2, @v3: its state, by the paper's names
 */
struct sip {
	uint64_t	v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline __attribute__((always_inline)) void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static uint64_t sip_end(struct sip *s)
{
	unsigned int i;

	s->v2 ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t load_le(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

/* The rest, with its length above it. */
static uint64_t load_last(const uint8_t *p, size_t left, size_t len)
{
	uint64_t word = 0;

	while (left--)
		word = word << 8 | p[left];
	return (uint64_t)len << 56 | word;
}

uint64_t nx_siphash(const struct nx_siphash_key *key, const void *data,
		    size_t len)
{
	struct sip s = {
		/* "somepseudorandomlygeneratedbytes" */
		.v0 = key->k[0] ^ 0x736f6d6570736575ull,
		.v1 = key->k[1] ^ 0x646f72616e646f6dull,
		.v2 = key->k[0] ^ 0x6c7967656e657261ull,
		.v3 = key->k[1] ^ 0x7465646279746573ull,
	};
	const uint8_t *p = data;
	size_t left;

	for (left = len; left >= 8; left -= 8, p += 8)
		sip_word(&s, load_le(p));
	sip_word(&s, load_last(p, left, len));
	return sip_end(&s);
}

/* ------------------------------------------------------- what is asked */

/* One word of the same key must tell nothing of the other. */
enum purpose {
	PURPOSE_ISN,
	PURPOSE_TS_OFFSET,
};

/**
 * struct question - what is hashed
 * @tuple:   the connection's ends
 * @purpose: enum purpose
 */
struct question {
	struct nx_tcp_tuple	tuple;
	uint32_t		purpose;
};

_Static_assert(sizeof(struct question) == 40, "no gaps");

static uint32_t ask(const struct nx_siphash_key *key,
		    const struct nx_tcp_tuple *tuple, enum purpose purpose)
{
	struct question q = { .tuple = *tuple, .purpose = purpose };

	return (uint32_t)nx_siphash(key, &q, sizeof(q));
}

/* RFC 9293 section 3.4.1: a clock that ticks every 4 us. */
#define TICK_NS		4000

uint32_t nx_isn(const struct nx_siphash_key *key,
		const struct nx_tcp_tuple *tuple, uint64_t now_ns)
{
	return (uint32_t)(now_ns / TICK_NS) + ask(key, tuple, PURPOSE_ISN);
}

uint32_t nx_isn_ts_offset(const struct nx_siphash_key *key,
			  const struct nx_tcp_tuple *tuple)
{
	return ask(key, tuple, PURPOSE_TS_OFFSET);
}
