// SPDX-License-Identifier: GPL-2.0
/*
 * Flows of this host that are asked to wait, because the queue that receives
 * from them is filling up.
 *
 * Each has a hold (advice.c), as a flow has that a discipline suspends. It ends
 * when the receiver has taken most of what stood there: at the receiver's next
 * system call, or when a timer finds it so, for a receiver that polls makes none.
 * Who makes no room is not waited for: what comes to its full ring is dropped.
 */
#include <linux/ktime.h>
#include "advice.h"
#include "brake.h"
#include "channel.h"
#include "compat.h"
#include "deliver.h"
#include "flow.h"

/* How often the timer looks: in that time a receiver that is awake takes much. */
#define LOOK_NS		(1 * NSEC_PER_MSEC)
/* Less than TCP's shortest retransmission timeout, which is 200 ms. */
#define PATIENCE_NS	(100 * NSEC_PER_MSEC)
/* Flows that one queue holds: a hold is memory of the kernel's. */
#define HOLDS_MAX	64

static void release_all(struct nx_brake *brake)
{
	struct nx_hold *hold, *next;

	for (hold = brake->holds; hold; hold = next) {
		next = hold->node.next ? container_of(hold->node.next,
						      struct nx_hold, node) :
					 NULL;
		nx_hold_release(hold);
	}
	brake->holds = NULL;
	WRITE_ONCE(brake->nr, 0);
}

static u32 filled(const struct nx_queue *q)
{
	return nx_ring_filled(q->rx.here, q->rx.there);
}

/* It let its senders wait in vain, and has not taken half a ring since then. */
static bool is_deaf(struct nx_queue *q)
{
	struct nx_brake *brake = &q->brake;

	if (q->rx.there - brake->deaf_at > q->rx.mask / 2)
		brake->is_deaf = false;
	return brake->is_deaf;
}

/* Whether there is room for more than was, and so nobody need wait. */
static bool is_relieved(struct nx_queue *q)
{
	lockdep_assert_held(&q->rx_lock);
	return !nx_channel_is_active(q->chan) || !nx_deliver_see_room(q) ||
	       filled(q) <= (q->rx.mask + 1) / 4;
}

static enum hrtimer_restart look(struct hrtimer *timer)
{
	struct nx_queue *q = container_of(timer, struct nx_queue, brake.timer);
	struct nx_brake *brake = &q->brake;
	bool goes_on;

	spin_lock(&q->rx_lock);
	if (is_relieved(q)) {
		release_all(brake);
	} else if (ktime_get_ns() - brake->since_ns > PATIENCE_NS) {
		brake->is_deaf = true;
		brake->deaf_at = q->rx.there;
		release_all(brake);
	}
	goes_on = brake->nr;
	if (goes_on)
		hrtimer_forward_now(timer, ns_to_ktime(LOOK_NS));
	brake->is_timed = goes_on;
	spin_unlock(&q->rx_lock);
	return goes_on ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

/*
 * The timer is never cancelled while the channel lives: holds that came after those
 * it was started for have it, too. So it is never started while its function runs.
 */
static void add_hold(struct nx_brake *brake, struct nx_hold *hold, u64 now_ns)
{
	hold->node.next = brake->holds ? &brake->holds->node : NULL;
	brake->holds = hold;
	WRITE_ONCE(brake->nr, brake->nr + 1);
	if (brake->nr == 1)
		brake->since_ns = now_ns;
	if (brake->is_timed)
		return;
	brake->is_timed = true;
	hrtimer_start(&brake->timer, ns_to_ktime(LOOK_NS),
		      HRTIMER_MODE_REL_SOFT);
}

/**
 * nx_brake_apply - a queue looks half full: ask who sends to it to wait
 * @q:      that receives; under its rx_lock, in a RCU section, bottom halves off
 * @flow:   that has sent to it just now
 * @now_ns: the time
 *
 * A flow that sends to everybody is not asked: one receiver may not decide for
 * all the others.
 */
void nx_brake_apply(struct nx_queue *q, struct nx_flow *flow, u64 now_ns)
{
	struct nx_brake *brake = &q->brake;
	struct nx_hold *hold;

	lockdep_assert_held(&q->rx_lock);
	if (brake->nr == HOLDS_MAX || nx_flow_is_listener(flow) ||
	    READ_ONCE(flow->advice.nr_holds))
		return;
	/* Its pages may be gone, and nx_brake_exit() be through. */
	if (!nx_channel_is_active(q->chan) || !nx_deliver_see_room(q))
		return;
	if (filled(q) <= (q->rx.mask + 1) / 2 || is_deaf(q))
		return;
	hold = nx_hold_new(flow, now_ns);
	if (hold)
		add_hold(brake, hold, now_ns);
}

/**
 * nx_brake_look - whoever receives makes a system call: are there holds to end?
 * @q: its queue
 */
void nx_brake_look(struct nx_queue *q)
{
	spin_lock_bh(&q->rx_lock);
	if (is_relieved(q))
		release_all(&q->brake);
	spin_unlock_bh(&q->rx_lock);
}

void nx_brake_init(struct nx_queue *q)
{
	hrtimer_setup(&q->brake.timer, look, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
}

/**
 * nx_brake_exit - nobody waits for a queue any more
 * @q: of a channel that is not active, and so gets no hold once its rx_lock was
 *     taken after that
 */
void nx_brake_exit(struct nx_queue *q)
{
	spin_lock_bh(&q->rx_lock);
	release_all(&q->brake);
	spin_unlock_bh(&q->rx_lock);
	hrtimer_cancel(&q->brake.timer);
}
