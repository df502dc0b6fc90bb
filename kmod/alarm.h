/* SPDX-License-Identifier: GPL-2.0 */
/* When those who sleep on a queue have slept for long enough. */
#ifndef NX_ALARM_H
#define NX_ALARM_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct nx_queue;

/**
 * struct nx_alarm - the timer of a queue's sleepers
 * @lock:  protects @at while it changes, and the start of @timer; bottom halves
 *         off; a leaf
 * @at:    @timer expires then or before; KTIME_MAX: nobody has set it. Also read
 *         without the lock.
 * @timer: wakes who sleeps on the queue
 */
struct nx_alarm {
	spinlock_t	lock;
	ktime_t		at;
	struct hrtimer	timer;
};

void nx_alarm_init(struct nx_queue *q);
void nx_alarm_exit(struct nx_queue *q);
void nx_alarm_set(struct nx_queue *q, ktime_t at);

#endif /* NX_ALARM_H */
