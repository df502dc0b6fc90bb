/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Checks of a TX descriptor, on the kernel's own snapshot of it.
 */
#ifndef NX_CORE_DESC_H
#define NX_CORE_DESC_H

#include <linux/nexus.h>
#include "types.h"

/**
 * union nx_desc - a snapshot of a descriptor
 * @d:   its fields
 * @u64: its words; the snapshot is taken, and zeros are looked for, by them
 */
union nx_desc {
	struct nexus_desc d;
	u64		  u64[8];
};

/* Deadline and cookie, each only where a flag says that it is one. */
static inline bool nx_tx_desc_is_reported(const struct nexus_desc *d)
{
	if (!(d->flags & NEXUS_DESC_DEADLINE) &&
	    (d->time_ns || d->flags & NEXUS_DESC_LATE))
		return false;
	return d->flags & (NEXUS_DESC_NOTIFY | NEXUS_DESC_DEADLINE);
}

/*
 * What an application may fill in today: the first three words, but for the
 * fields that only RX uses, gso_size with its flag, and what the packet's report
 * needs. Everything else is zero.
 */
static __always_inline bool nx_tx_desc_is_known(const union nx_desc *s)
{
	if ((s->d.flags & ~NEXUS_DESC_TX_FLAGS) |
	    s->d.ip_version | s->d.protocol | s->d.nr_parts)
		return false;
	if (s->u64[4] | s->u64[7])
		return false;
	if (((s->d.flags & NEXUS_DESC_LATE) | s->u64[5] | s->u64[6]) &&
	    !nx_tx_desc_is_reported(&s->d))
		return false;
	if (s->d.flags & NEXUS_DESC_GSO)
		return !(s->d.l4_off | s->d.payload_off | s->d.gso_segs);
	return !s->u64[3];
}

/* Whether the part lies in a buffer of @size bytes. No sum can overflow. */
static __always_inline bool nx_tx_part_is_inside(const struct nexus_desc *d,
						 u32 size)
{
	return d->len && d->len <= size && d->off <= size - d->len;
}

/* Whether a part that is not the first one leaves the packet's fields alone. */
static inline bool nx_tx_part_continues(const struct nexus_desc *d, u32 flow)
{
	return d->flow == flow && !d->traffic_class &&
	       !(d->flags & ~(NEXUS_DESC_MORE | NEXUS_DESC_KEEP));
}

/* An unknown class is best effort. */
static inline u8 nx_tx_class(u8 traffic_class)
{
	return traffic_class < NEXUS_NR_CLASSES ? traffic_class :
						  NEXUS_CLASS_BEST_EFFORT;
}

#endif /* NX_CORE_DESC_H */
