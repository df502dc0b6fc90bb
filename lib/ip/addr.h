/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Predicates on addresses.
 */
#ifndef _NX_IP_ADDR_H
#define _NX_IP_ADDR_H

#include <string.h>

#include <nexus/stack.h>

static inline bool nx_addr_is_any(const struct nexus_addr *addr)
{
	static const uint8_t any[16];

	return !memcmp(addr->ip, any, sizeof(any));
}

/* RFC 5771: 224.0.0.0/4; RFC 4291 section 2.7: ff00::/8. */
static inline bool nx_ip_is_multicast(unsigned int version, const uint8_t *ip)
{
	return version == 4 ? ip[0] >> 4 == 0xe : ip[0] == 0xff;
}

static inline bool nx_ip_equal(const uint8_t a[16], const uint8_t b[16])
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}

static inline bool nx_addr_is_identical(const struct nexus_addr *a,
					const struct nexus_addr *b)
{
	return a->family == b->family && a->port == b->port &&
	       a->scope_id == b->scope_id && nx_ip_equal(a->ip, b->ip);
}

/* All but the scope, which only IPv6 link-local addresses have. */
static inline bool nx_addr_is_same(const struct nexus_addr *a,
				   const struct nexus_addr *b)
{
	return a->family == b->family && a->port == b->port &&
	       nx_ip_equal(a->ip, b->ip);
}

#endif /* _NX_IP_ADDR_H */
