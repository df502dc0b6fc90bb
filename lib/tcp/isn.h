/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Numbers that nobody off the path can guess, made from a secret and the
 * connection's ends: initial sequence numbers (RFC 6528) and timestamp offsets
 * (RFC 7323 section 5.4), by SipHash-2-4.
 *
 * All of it is pure: the caller brings the key and the time.
 */
#ifndef _NX_TCP_ISN_H
#define _NX_TCP_ISN_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct nx_siphash_key - a secret of 128 bits
 * @k: from a source of randomness that no peer can guess
 */
struct nx_siphash_key {
	uint64_t	k[2];
};

/**
 * struct nx_tcp_tuple - the ends of a connection
 * @local, @remote: addresses as on the wire; IPv4 in the form ::ffff:a.b.c.d
 * @local_port, @remote_port: in either byte order, always the same
 *
 * Has no gaps: it is hashed as memory.
 */
struct nx_tcp_tuple {
	uint8_t		local[16];
	uint8_t		remote[16];
	uint16_t	local_port;
	uint16_t	remote_port;
};

/* SipHash-2-4 of @len bytes (Aumasson and Bernstein, 2012). */
uint64_t nx_siphash(const struct nx_siphash_key *key, const void *data,
		    size_t len);

/* RFC 6528 section 3: M of 4 us, plus F. */
uint32_t nx_isn(const struct nx_siphash_key *key,
		const struct nx_tcp_tuple *tuple, uint64_t now_ns);

/* What is added to the clock that a connection's timestamps show. */
uint32_t nx_isn_ts_offset(const struct nx_siphash_key *key,
			  const struct nx_tcp_tuple *tuple);

#endif /* _NX_TCP_ISN_H */
