// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * SYN cookies: five bits of time, three of the segment size, and 24 of a keyed
 * hash over all that the cookie stands for; over them, another hash.
 */
#include <stddef.h>

#include "cookie.h"

/*
 * What peers announce: IPv4's 576 and IPv6's 1280 bytes, tunnels, Ethernet with
 * IPv6 and with IPv4, jumbo frames; and what is smaller than all of them.
 */
static const uint16_t sizes[8] = { 64, 536, 1220, 1360, 1420, 1440, 1460, 8960 };

#define MAC_BITS	24
#define MAC_MASK	((1u << MAC_BITS) - 1)
#define SIZE_SHIFT	24
#define SIZE_MASK	7u
#define PERIOD_SHIFT	27
#define PERIOD_MASK	31u

/* Low bits of the timestamp. A window scale of 15 means none. */
#define TS_WSCALE	0x0fu
#define TS_NO_WSCALE	0x0fu
#define TS_SACK		0x10u
#define TS_ECN		0x20u

/* None of isn.c's: the key may be the same. */
enum purpose {
	PURPOSE_PAD	= 0x100,
	PURPOSE_MAC	= 0x101,
};

/**
 * struct question - what is hashed
 * @tuple:    the connection's ends
 * @purpose:  enum purpose
 * @peer_isn: sequence number of the SYN
 * @period:   when, in NX_COOKIE_PERIOD_NS
 * @kept:     size and options
 * @zero:     fills the last word
 */
struct question {
	struct nx_tcp_tuple	tuple;
	uint32_t		purpose;
	uint32_t		peer_isn;
	uint32_t		period;
	uint32_t		kept;
	uint32_t		zero;
};

_Static_assert(sizeof(struct question) == 56, "no gaps");

static uint32_t ts_bits(const struct nx_cookie_syn *syn)
{
	uint32_t bits = syn->has_wscale ? syn->wscale & TS_WSCALE : TS_NO_WSCALE;

	if (syn->has_sack)
		bits |= TS_SACK;
	if (syn->has_ecn)
		bits |= TS_ECN;
	return bits;
}

uint32_t nx_cookie_ts(const struct nx_cookie_syn *syn, uint32_t ts_val)
{
	uint32_t ts = (ts_val & ~NX_COOKIE_TS_MASK) | ts_bits(syn);

	/* It may not lead the clock that the connection goes on with. */
	return (int32_t)(ts - ts_val) > 0 ? ts - NX_COOKIE_TS_MASK - 1 : ts;
}

/* Whoever has seen one cookie does not know the high bits of another's. */
static uint32_t pad(const struct nx_siphash_key *key,
		    const struct nx_tcp_tuple *tuple, uint32_t peer_isn)
{
	struct question q = {
		.tuple = *tuple, .purpose = PURPOSE_PAD, .peer_isn = peer_isn,
	};

	return (uint32_t)nx_siphash(key, &q, sizeof(q));
}

/* @kept: size and, with timestamps, options. */
static uint32_t mac(const struct nx_siphash_key *key,
		    const struct nx_tcp_tuple *tuple, uint32_t peer_isn,
		    uint32_t period, uint32_t kept)
{
	struct question q = {
		.tuple = *tuple, .purpose = PURPOSE_MAC, .peer_isn = peer_isn,
		.period = period, .kept = kept,
	};

	return (uint32_t)nx_siphash(key, &q, sizeof(q)) & MAC_MASK;
}

#define KEPT_HAS_TS	0x40u
#define KEPT_SIZE_SHIFT	8

static uint32_t kept(uint32_t size, bool has_ts, uint32_t bits)
{
	return size << KEPT_SIZE_SHIFT | (has_ts ? KEPT_HAS_TS | bits : 0);
}

static uint32_t size_index(uint16_t mss)
{
	uint32_t i;

	for (i = SIZE_MASK; i && sizes[i] > mss; i--)
		;
	return i;
}

uint32_t nx_cookie_make(const struct nx_siphash_key *key,
			const struct nx_tcp_tuple *tuple,
			const struct nx_cookie_syn *syn, uint64_t now_ns)
{
	uint32_t period = (uint32_t)(now_ns / NX_COOKIE_PERIOD_NS);
	uint32_t size = size_index(syn->mss);
	uint32_t body;

	body = (period & PERIOD_MASK) << PERIOD_SHIFT | size << SIZE_SHIFT |
	       mac(key, tuple, syn->peer_isn, period,
		   kept(size, syn->has_ts, ts_bits(syn)));
	return body + pad(key, tuple, syn->peer_isn);
}

static void fill(struct nx_cookie_syn *syn, uint32_t size, uint32_t bits)
{
	bool has_ts = syn->has_ts;

	syn->mss = sizes[size];
	syn->has_wscale = has_ts && (bits & TS_WSCALE) != TS_NO_WSCALE;
	syn->wscale = syn->has_wscale ? (uint8_t)(bits & TS_WSCALE) : 0;
	syn->has_sack = has_ts && bits & TS_SACK;
	syn->has_ecn = has_ts && bits & TS_ECN;
}

bool nx_cookie_check(const struct nx_siphash_key *key,
		     const struct nx_tcp_tuple *tuple,
		     struct nx_cookie_syn *syn, uint32_t cookie,
		     uint32_t ts_ecr, uint64_t now_ns)
{
	uint32_t body = cookie - pad(key, tuple, syn->peer_isn);
	uint32_t now = (uint32_t)(now_ns / NX_COOKIE_PERIOD_NS);
	uint32_t age = (now - (body >> PERIOD_SHIFT)) & PERIOD_MASK;
	uint32_t size = body >> SIZE_SHIFT & SIZE_MASK;
	uint32_t bits = ts_ecr & NX_COOKIE_TS_MASK;

	if (age > 1 || (body & MAC_MASK) !=
	    mac(key, tuple, syn->peer_isn, now - age,
		kept(size, syn->has_ts, bits)))
		return false;
	fill(syn, size, bits);
	return true;
}
