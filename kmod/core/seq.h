/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The sequence count of an entry that one writes and others read without a lock: odd
 * while it changes.
 */
#ifndef NX_CORE_SEQ_H
#define NX_CORE_SEQ_H

#include "types.h"

/* What is written from here on is not to be believed. */
static inline void nx_seq_begin(u32 *seq)
{
	WRITE_ONCE(*seq, *seq + 1);
	smp_wmb(); /* L: odd before what changes */
}

/* All was written. */
static inline void nx_seq_end(u32 *seq)
{
	smp_wmb(); /* L: what changed before even */
	WRITE_ONCE(*seq, *seq + 1);
}

#endif /* NX_CORE_SEQ_H */
