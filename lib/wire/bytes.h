/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Integers in network byte order at any address.
 */
#ifndef _NX_WIRE_BYTES_H
#define _NX_WIRE_BYTES_H

#include <stdint.h>

static inline uint16_t nx_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t nx_get32(const uint8_t *p)
{
	return (uint32_t)nx_get16(p) << 16 | nx_get16(p + 2);
}

static inline void nx_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void nx_put32(uint8_t *p, uint32_t v)
{
	nx_put16(p, (uint16_t)(v >> 16));
	nx_put16(p + 2, (uint16_t)v);
}

#endif /* _NX_WIRE_BYTES_H */
