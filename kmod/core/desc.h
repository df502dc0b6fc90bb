/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Checks of a TX descriptor, on the kernel's own snapshot of it.
 */
#ifndef NX_CORE_DESC_H
#define NX_CORE_DESC_H

#include <linux/nexus.h>
#include "types.h"

/**
 * struct nx_tx_desc - a descriptor whose fields were looked at
 * @d: its fields; those that are not TX's are 0
 *
 * There is none but that which nx_tx_desc_check() returns. Where its part lies is
 * checked by nx_tx_part_is_inside().
 */
struct nx_tx_desc {
	struct nexus_desc d;
};

/**
 * union nx_desc - the kernel's own copy of a descriptor, as a process wrote it
 * @d:       its fields: claims
 * @u64:     its words; the copy is taken, and zeros are looked for, by them
 * @checked: for nx_tx_desc_check() alone
 */
union nx_desc {
	struct nexus_desc d;
	u64		  u64[8];
	struct nx_tx_desc checked;
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

/* The descriptor, from here on to be trusted so far; NULL: it is refused. */
static __always_inline const struct nx_tx_desc *
nx_tx_desc_check(const union nx_desc *s)
{
	return nx_tx_desc_is_known(s) ? &s->checked : NULL;
}

/* Whether the part lies in a buffer of @size bytes. No sum can overflow. */
static __always_inline bool nx_tx_part_is_inside(const struct nx_tx_desc *desc,
						 u32 size)
{
	const struct nexus_desc *d = &desc->d;

	return d->len && d->len <= size && d->off <= size - d->len;
}

/* Whether a part that is not the first one leaves the packet's fields alone. */
static inline bool nx_tx_part_continues(const struct nx_tx_desc *desc, u32 flow)
{
	const struct nexus_desc *d = &desc->d;

	return d->flow == flow && !d->traffic_class &&
	       !(d->flags & ~(NEXUS_DESC_MORE | NEXUS_DESC_KEEP));
}

/*
 * Whether a packet may claim class @claimed: that with which its flow was made, or
 * none. One that may not is best effort.
 */
static inline bool nx_tx_class_is_right(u8 claimed, u8 registered)
{
	return claimed == registered || claimed == NEXUS_CLASS_BEST_EFFORT;
}

#endif /* NX_CORE_DESC_H */
