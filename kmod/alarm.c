// SPDX-License-Identifier: GPL-2.0
/*
 * When those who sleep on a queue have slept for long enough.
 *
 * A process whose deadline is a connection's sleeps and wakes for each packet, and
 * each time its deadline is a little later. So its timer is the queue's, and is
 * left to run when the sleep ends early; only who must be woken before it expires
 * moves it. When it expires, whoever sleeps looks at the clock, and sets it anew if
 * it was too early for him.
 */
#include <linux/sched.h>
#include <linux/wait.h>
#include "alarm.h"
#include "channel.h"
#include "compat.h"

static enum hrtimer_restart ring(struct hrtimer *timer)
{
	struct nx_queue *q = container_of(timer, struct nx_queue, alarm.timer);

	spin_lock(&q->alarm.lock);
	WRITE_ONCE(q->alarm.at, KTIME_MAX); /* X */
	spin_unlock(&q->alarm.lock);
	/* Also those behind one who is to be woken first. */
	wake_up_interruptible_all(&q->wait);
	return HRTIMER_NORESTART;
}

/**
 * nx_alarm_set - have the queue's sleepers woken
 * @q:  the queue
 * @at: then or before; the caller stands in the wait queue, and goes to sleep
 */
void nx_alarm_set(struct nx_queue *q, ktime_t at)
{
	struct nx_alarm *alarm = &q->alarm;

	if (READ_ONCE(alarm->at) <= at) /* X */
		return;
	spin_lock_bh(&alarm->lock);
	if (at < alarm->at) {
		WRITE_ONCE(alarm->at, at);
		hrtimer_start_range_ns(&alarm->timer, at,
				       current->timer_slack_ns,
				       HRTIMER_MODE_ABS_SOFT);
	}
	spin_unlock_bh(&alarm->lock);
}

void nx_alarm_init(struct nx_queue *q)
{
	spin_lock_init(&q->alarm.lock);
	q->alarm.at = KTIME_MAX;
	hrtimer_setup(&q->alarm.timer, ring, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
}

/* Nobody sleeps on it any more, for nobody has the file. */
void nx_alarm_exit(struct nx_queue *q)
{
	hrtimer_cancel(&q->alarm.timer);
}
