/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows of this host that are asked to wait, because the queue that receives
 * from them is filling up.
 */
#ifndef NX_BRAKE_H
#define NX_BRAKE_H

#include <linux/hrtimer.h>
#include <linux/types.h>

struct nx_flow;
struct nx_hold;
struct nx_queue;

/**
 * struct nx_brake - who is held back for a queue
 * @holds:    of the flows, linked by their nodes
 * @nr:       of them
 * @since_ns: when the first one was made
 * @is_deaf:  the queue's owner has let them wait in vain: nobody waits for it
 *            until it has taken half a ring
 * @deaf_at:  how far it had taken its ring then
 * @is_timed: the timer runs; it is not started again
 * @timer:    looks at the queue's room while there are holds
 *
 * All of it under the queue's rx_lock; @nr is also read without.
 */
struct nx_brake {
	struct nx_hold	*holds;
	u32		nr;
	u64		since_ns;
	bool		is_deaf;
	bool		is_timed;
	u32		deaf_at;
	struct hrtimer	timer;
};

void nx_brake_init(struct nx_queue *q);
void nx_brake_exit(struct nx_queue *q);
void nx_brake_apply(struct nx_queue *q, struct nx_flow *flow, u64 now_ns);
void nx_brake_look(struct nx_queue *q);

#endif /* NX_BRAKE_H */
