/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * SYN cookies (RFC 4987 section 3.6): what a listener would have to remember of
 * a SYN, sent to the peer in the SYN-ACK's sequence number and, of options, in
 * the low bits of its timestamp; a peer that answers brings both back.
 *
 * All of it is pure: the caller brings the key and the time.
 */
#ifndef _NX_TCP_COOKIE_H
#define _NX_TCP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "isn.h"

/* A cookie is good for this long at least, and twice as long at most. */
#define NX_COOKIE_PERIOD_NS	64000000000ull

/* Low bits of the timestamp that say which options there were. */
#define NX_COOKIE_TS_BITS	6
#define NX_COOKIE_TS_MASK	((1u << NX_COOKIE_TS_BITS) - 1)

/**
 * struct nx_cookie_syn - what is kept of a SYN
 * @peer_isn:  sequence number of the SYN
 * @mss:       of the peer; comes back as one of eight sizes, none larger, but
 *             for those under 64
 * @wscale:    of the peer, 0 to 14
 * @has_ts:    timestamps; without them, @has_wscale, @has_sack and @has_ecn come
 *             back false
 * @has_wscale: window scaling
 * @has_sack:  SACK
 * @has_ecn:   ECN of RFC 3168 (AccECN needs state, and is not offered)
 */
struct nx_cookie_syn {
	uint32_t	peer_isn;
	uint16_t	mss;
	uint8_t		wscale;
	bool		has_ts;
	bool		has_wscale;
	bool		has_sack;
	bool		has_ecn;
};

/**
 * nx_cookie_ts - a timestamp that says which options there were
 * @syn:    has timestamps
 * @ts_val: what the timestamp would be
 *
 * Return: the TSval for the SYN-ACK: at most 63 less than @ts_val.
 */
uint32_t nx_cookie_ts(const struct nx_cookie_syn *syn, uint32_t ts_val);

/**
 * nx_cookie_make - the sequence number of the SYN-ACK
 * @key:    secret
 * @tuple:  the connection's ends
 * @syn:    what to keep
 * @now_ns: now
 */
uint32_t nx_cookie_make(const struct nx_siphash_key *key,
			const struct nx_tcp_tuple *tuple,
			const struct nx_cookie_syn *syn, uint64_t now_ns);

/**
 * nx_cookie_check - was this made for this peer, of late?
 * @key:    secret
 * @tuple:  the connection's ends
 * @syn:    @peer_isn (SEG.SEQ - 1) and @has_ts in; the rest out
 * @cookie: SEG.ACK - 1
 * @ts_ecr: TSecr of the ACK, if it has a timestamp
 * @now_ns: now
 *
 * Return: true if it was. One guess in 2^28 is right by chance.
 */
bool nx_cookie_check(const struct nx_siphash_key *key,
		     const struct nx_tcp_tuple *tuple,
		     struct nx_cookie_syn *syn, uint32_t cookie,
		     uint32_t ts_ecr, uint64_t now_ns);

#endif /* _NX_TCP_COOKIE_H */
