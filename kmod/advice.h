/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Advice to flows: not to send while a queue is too slow for them.
 */
#ifndef NX_ADVICE_H
#define NX_ADVICE_H

#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct nexus_flow_advisory;
struct nx_channel;
struct nx_flow;
struct nx_hold;

/**
 * struct nx_advice - what a flow has been told
 * @lock:     protects all of it and the entry; bottom halves off; taken under a
 *            discipline's lock
 * @entry:    in the advisory region; NULL once the flow has given its index up
 * @nr_holds: queues that it is suspended for
 */
struct nx_advice {
	spinlock_t			lock;
	struct nexus_flow_advisory	*entry;
	u32				nr_holds;
};

/**
 * struct nx_hold - a queue's claim that a flow shall not send
 * @node:     in a CPU's list of holds to release
 * @chan:     the flow's, of which it holds a reference
 * @idx:      the flow's index
 * @serial:   and its serial: another flow may have the index by now
 * @since_ns: when it began
 * @is_deaf:  the flow went on sending
 *
 * Belongs to the queue, under its lock, until nx_hold_release().
 */
struct nx_hold {
	struct llist_node	node;
	struct nx_channel	*chan;
	u32			idx;
	u64			serial;
	u64			since_ns;
	bool			is_deaf;
};

void nx_advice_init(void);
void nx_advice_exit(void);

struct nx_hold *nx_hold_new(struct nx_flow *flow, u64 now_ns);
void nx_hold_release(struct nx_hold *hold);
void nx_advice_congestion(struct nx_flow *flow);
void nx_advice_released(struct nx_flow *flow, u32 bytes);

#endif /* NX_ADVICE_H */
