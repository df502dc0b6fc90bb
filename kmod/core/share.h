/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A class with a fixed share of a link: it goes first for as long as it has not
 * had its share, and takes what nobody else wants.
 */
#ifndef NX_CORE_SHARE_H
#define NX_CORE_SHARE_H

#include "types.h"

#define NX_SHARE_WHOLE	1000

/**
 * struct nx_share - what the class may have, and has had
 * @permille: of the link, below NX_SHARE_WHOLE
 * @max:      credit that is kept while the class wants nothing, bytes times
 *            NX_SHARE_WHOLE: how far it may run ahead when it begins
 * @credit:   what it is behind (positive) or ahead of its share, likewise
 *
 * The class is charged only while others wait and goes first only with credit,
 * so it is never further ahead than one packet.
 */
struct nx_share {
	u32	permille;
	s64	max;
	s64	credit;
};

/**
 * nx_share_set - choose a share
 * @s:        begins with full credit
 * @permille: of the link
 * @burst:    bytes by which the class may run ahead
 */
static inline void nx_share_set(struct nx_share *s, u32 permille, u32 burst)
{
	s->permille = permille;
	s->max = (s64)burst * NX_SHARE_WHOLE;
	s->credit = s->max;
}

/* Does the class go before all others now? */
static inline bool nx_share_is_first(const struct nx_share *s)
{
	return s->credit > 0;
}

/* The class has sent @len bytes while others waited, who are owed for it. */
static inline void nx_share_charge(struct nx_share *s, u32 len)
{
	s->credit -= (s64)len * (NX_SHARE_WHOLE - s->permille);
}

/**
 * nx_share_earn - others have sent, and with that the class has earned its share
 * @s:         the share
 * @len:       bytes
 * @is_wanted: the class waits
 */
static inline void nx_share_earn(struct nx_share *s, u32 len, bool is_wanted)
{
	s->credit += (s64)len * s->permille;
	if (!is_wanted && s->credit > s->max)
		s->credit = s->max;
}

#endif /* NX_CORE_SHARE_H */
