/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Payload that leaves without a copy: as pages of its sender's pool, until no
 * device needs them.
 */
#ifndef NX_FLIGHT_H
#define NX_FLIGHT_H

#include <linux/skbuff.h>
#include <linux/types.h>
#include "tx.h"

struct nx_channel;
struct nx_sent;

/* Most packets never could: their sender does not keep what it sends. */
static inline bool nx_flight_may_suit(const struct nx_tx_packet *p)
{
	return p->nr_parts && p->parts[p->nr_parts - 1].is_kept;
}

bool nx_flight_suits(const struct nx_tx_packet *p);
bool nx_flight_load(struct sk_buff *skb, struct nx_channel *chan,
		    const struct nx_tx_packet *p);
void nx_flight_report(struct sk_buff *skb, struct nx_sent *sent);
struct nx_sent *nx_flight_sent(const struct ubuf_info *ubuf);

#endif /* NX_FLIGHT_H */
