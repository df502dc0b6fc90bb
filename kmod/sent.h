/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets whose sender wants to know what becomes of them, or that are of no use
 * after a deadline.
 */
#ifndef NX_SENT_H
#define NX_SENT_H

#include <linux/nexus.h>
#include <linux/skbuff.h>
#include "flight.h"

struct nx_channel;
struct nx_queue;
struct nx_tx_packet;

/* Packets with one of these are reported, or may be. */
#define NX_SENT_FLAGS	(NEXUS_DESC_NOTIFY | NEXUS_DESC_DEADLINE)

/**
 * struct nx_sent - the report of one packet, while it is under way
 * @refs:        each skb's, or the flight's, and the sender's until it knows that
 *               the packet is queued
 * @chan:        of which it holds a reference, as it does of the module
 * @queue:       that sent
 * @flow:        index, and
 * @serial:      serial of the flow
 * @flags:       NX_SENT_FLAGS and NEXUS_DESC_LATE
 * @outcome:     enum nexus_drop_reason
 * @is_late:     it stood past its deadline
 * @cookie:      the application's
 * @deadline_ns: if it has one
 * @destructor:  that the skb had before, unless it is of pages
 */
struct nx_sent {
	refcount_t		refs;
	struct nx_channel	*chan;
	u32			queue;
	u32			flow;
	u64			serial;
	u32			flags;
	u32			outcome;
	bool			is_late;
	u64			cookie;
	u64			deadline_ns;
	void			(*destructor)(struct sk_buff *skb);
};

struct nx_sent *nx_sent_begin(struct nx_queue *q, const struct nx_tx_packet *p,
			      struct sk_buff *skb);
void nx_sent_end(struct nx_sent *sent, enum nexus_drop_reason reason);
void nx_sent_put(struct nx_sent *sent);
void nx_sent_free(struct sk_buff *skb);
void nx_sent_lift(struct sk_buff *skb, struct nx_sent *sent);
void nx_sent_share(struct sk_buff *segs, struct nx_sent *sent);
bool nx_sent_check(struct nx_sent *sent, u64 now_ns);
void nx_sent_report(struct nx_queue *q, const struct nx_tx_packet *p,
		    enum nexus_drop_reason reason);

/* The report of a packet on its way out, or NULL: nobody asked for one. */
static inline struct nx_sent *nx_sent_of(const struct sk_buff *skb)
{
	struct ubuf_info *ubuf = skb_zcopy((struct sk_buff *)skb);

	if (unlikely(ubuf))
		return nx_flight_sent(ubuf);
	return skb->destructor == nx_sent_free ?
	       skb_shinfo(skb)->destructor_arg : NULL;
}

#endif /* NX_SENT_H */
