/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Sequence numbers: comparisons modulo 2^32 (RFC 9293 section 3.4).
 */
#ifndef _NX_TCP_SEQ_H
#define _NX_TCP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

static inline bool nx_seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool nx_seq_after(uint32_t a, uint32_t b)
{
	return nx_seq_before(b, a);
}

/* @seq is in [@left, @right). */
static inline bool nx_seq_within(uint32_t seq, uint32_t left, uint32_t right)
{
	return seq - left < right - left;
}

static inline uint32_t nx_seq_max(uint32_t a, uint32_t b)
{
	return nx_seq_before(a, b) ? b : a;
}

static inline uint32_t nx_seq_min(uint32_t a, uint32_t b)
{
	return nx_seq_before(a, b) ? a : b;
}

#endif /* _NX_TCP_SEQ_H */
