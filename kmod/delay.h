/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holding a wake back while packets come so densely that one serves for many.
 */
#ifndef NX_DELAY_H
#define NX_DELAY_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include "core/gather.h"

struct nx_queue;

/**
 * struct nx_delay - a queue's wakes for packets
 * @lock:      protects what follows; a leaf, with bottom halves off
 * @gather:    decides
 * @timer:     ends a wait
 * @is_timed:  it runs, and has a reference of the channel
 * @sender:    whose packets the wait is for, if he remembers it (nx_queue.holds); with
 *             a reference of his channel, while the timer runs
 * @next:      jiffies: while nothing is held, nobody decides before; also read
 *             without the lock
 */
struct nx_delay {
	spinlock_t		lock;
	struct nx_gather	gather;
	struct hrtimer		timer;
	bool			is_timed;
	struct nx_queue		*sender;
	unsigned long		next;
};

void nx_delay_init(struct nx_queue *q);
void nx_delay_exit(struct nx_queue *q);
bool nx_delay_wake(struct nx_queue *q, struct nx_queue *sender);
void nx_delay_let_go(struct nx_queue *sender, ktime_t at);
void nx_delay_pin(struct nx_queue *q, u32 delay_us);
void nx_delay_unpin(struct nx_queue *q);
enum nx_gather_state nx_delay_show(struct nx_queue *q, u32 *delay_us);

#endif /* NX_DELAY_H */
