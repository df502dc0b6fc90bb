// SPDX-License-Identifier: GPL-2.0
/*
 * Holding a wake back while packets come so densely that one serves for many.
 *
 * A wait ends by its timer at the latest. The timer is never cancelled: a wait
 * that ended early leaves it running, and the next one takes it over. Without
 * packets there is none.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include "channel.h"
#include "compat.h"
#include "delay.h"
#include "trace.h"
#include "wake.h"

/* A sample's length, and no less: the clock is read once in so long. */
#define SAMPLE_JIFFIES	DIV_ROUND_UP(HZ, NSEC_PER_SEC / NX_GATHER_SAMPLE_NS)

/* Packets for which there are slots and buffers, whichever are fewer. */
static u32 room(const struct nx_queue *q, u32 waiting)
{
	u32 slots = q->rx.mask + 1 - waiting;

	/* An estimate: the cache is under rx_lock, which is not ours to take. */
	return min(slots, data_race(q->nr_cache) +
			  READ_ONCE(q->chan->pool.free[NEXUS_SMALL].nr));
}

/* The consumer's index is the user's: a lie makes its own wait short. */
static void look(const struct nx_queue *q, struct nx_gather_run *run)
{
	u32 cons = READ_ONCE(*q->rx.cons), slots = q->rx.mask + 1;

	run->now_ns = ktime_get_ns();
	run->packets = READ_ONCE(q->rx_count.packets);
	run->bytes = READ_ONCE(q->rx_count.bytes);
	run->waiting = min(nx_ring_filled(READ_ONCE(*q->rx.prod), cons), slots);
	run->room = room(q, run->waiting);
}

static void tell(const struct nx_queue *q, u32 was)
{
	const struct nx_gather *g = &q->delay.gather;

	if (g->state != was)
		trace_nexus_gather(q->chan->id, q->idx, was, g);
}

static void start_timer(struct nx_queue *q, u64 delay_ns)
{
	if (q->delay.is_timed)
		return;
	nx_channel_get(q->chan);
	q->delay.is_timed = true;
	hrtimer_start(&q->delay.timer, ns_to_ktime(delay_ns),
		      HRTIMER_MODE_REL_SOFT);
}

/* Under the lock. */
static bool decide(struct nx_queue *q)
{
	struct nx_delay *delay = &q->delay;
	u32 was = delay->gather.state;
	struct nx_gather_run run;
	u64 delay_ns;

	look(q, &run);
	delay_ns = nx_gather_ask(&delay->gather, &run);
	if (delay_ns)
		start_timer(q, delay_ns);
	WRITE_ONCE(delay->next, jiffies + SAMPLE_JIFFIES);
	tell(q, was);
	return delay_ns;
}

/* Under the lock. The timer has a reference of the channel, so none here is the last. */
static void forget_sender(struct nx_queue *q)
{
	struct nx_queue *sender = q->delay.sender;

	if (!sender)
		return;
	q->delay.sender = NULL;
	if (cmpxchg(&sender->holds, q, NULL) == q)
		nx_channel_put(q->chan);
	nx_channel_put(sender->chan);
}

/*
 * Of those for whom he holds wakes back, a sender remembers one: mostly there is one.
 * Each knows who remembers it, and its timer ends that. Under the lock, while the timer
 * runs.
 */
static void remember(struct nx_queue *sender, struct nx_queue *q)
{
	struct nx_queue *was;

	if (q->delay.sender != sender) {
		forget_sender(q);
		nx_channel_get(sender->chan);
		q->delay.sender = sender;
	}
	if (READ_ONCE(sender->holds) == q)
		return;
	nx_channel_get(q->chan);
	was = xchg(&sender->holds, q);
	if (was)
		nx_channel_put(was->chan);
}

/**
 * nx_delay_wake - whether the sleeper is to be left asleep for now
 * @q:      the queue; packets for it were published
 * @sender: the queue of whose process they are, which is running; or NULL
 *
 * With bottom halves off. While nothing is ever held, the price is a look at the
 * jiffies.
 *
 * Return: true: it will be woken by and by.
 */
bool nx_delay_wake(struct nx_queue *q, struct nx_queue *sender)
{
	struct nx_delay *delay = &q->delay;
	bool is_held;

	if (READ_ONCE(q->is_urgent)) {
		WRITE_ONCE(q->is_urgent, false);
		return false;
	}
	/* The last value or the next: either is right, and neither is half of one. */
	if (!data_race(delay->gather.delay_us) &&
	    time_before(jiffies, READ_ONCE(delay->next)))
		return false;
	spin_lock(&delay->lock);
	is_held = decide(q);
	if (is_held && sender)
		remember(sender, q);
	spin_unlock(&delay->lock);
	return is_held;
}

static bool end_wait(const struct nx_queue *sender, struct nx_queue *q)
{
	struct nx_gather *g = &q->delay.gather;
	bool is_ended;
	u32 was;

	spin_lock_bh(&q->delay.lock);
	was = g->state;
	is_ended = nx_gather_let_go(g, ktime_get_ns());
	tell(q, was);
	if (is_ended)
		trace_nexus_let_go(sender->chan->id, q->chan->id, q->idx,
				   READ_ONCE(*q->rx.prod) - READ_ONCE(*q->rx.cons));
	spin_unlock_bh(&q->delay.lock);
	return is_ended;
}

/**
 * nx_delay_let_go - who made others wait is about to sleep himself
 * @sender: his queue
 * @at:     when he wakes by himself; KTIME_MAX: never
 *
 * Whom he sent something wakes now: nothing follows, and this CPU may have nothing
 * else to do. If he comes back while the wait still lasts, it goes on.
 */
void nx_delay_let_go(struct nx_queue *sender, ktime_t at)
{
	struct nx_queue *q;

	if (likely(!READ_ONCE(sender->holds)))
		return;
	if (ktime_before(at, ktime_add_us(ktime_get(), NX_GATHER_MAX_US)))
		return;
	q = xchg(&sender->holds, NULL);
	if (!q)
		return;
	if (end_wait(sender, q))
		nx_wake_now(q, NX_ARMED_RX);
	nx_channel_put(q->chan);
}

/* False: the wait has an end later than this timer's. */
static bool is_over(struct nx_queue *q)
{
	struct nx_delay *delay = &q->delay;
	u32 was = delay->gather.state;
	u64 left_ns;

	left_ns = nx_gather_expire(&delay->gather, ktime_get_ns());
	tell(q, was);
	if (left_ns) {
		hrtimer_forward_now(&delay->timer, ns_to_ktime(left_ns));
		return false;
	}
	delay->is_timed = false;
	forget_sender(q);
	return true;
}

static enum hrtimer_restart expire(struct hrtimer *timer)
{
	struct nx_queue *q = container_of(timer, struct nx_queue, delay.timer);
	bool is_done;

	spin_lock(&q->delay.lock);
	is_done = is_over(q);
	spin_unlock(&q->delay.lock);
	if (!is_done)
		return HRTIMER_RESTART;
	/* Who has taken all of it sleeps for something else. */
	if (nx_queue_ready(q) & NX_ARMED_RX)
		nx_wake_now(q, NX_ARMED_RX);
	nx_channel_put(q->chan);
	return HRTIMER_NORESTART;
}

/**
 * nx_delay_pin - hold every wake for so long
 * @q:        the queue
 * @delay_us: up to NX_GATHER_MAX_US; 0: none
 */
void nx_delay_pin(struct nx_queue *q, u32 delay_us)
{
	u32 was;

	spin_lock_bh(&q->delay.lock);
	was = q->delay.gather.state;
	nx_gather_pin(&q->delay.gather, delay_us);
	tell(q, was);
	spin_unlock_bh(&q->delay.lock);
}

/**
 * nx_delay_unpin - the queue tunes itself again, from the beginning
 * @q: the queue
 *
 * What is held now is woken by the timer that runs.
 */
void nx_delay_unpin(struct nx_queue *q)
{
	u32 was;

	spin_lock_bh(&q->delay.lock);
	was = q->delay.gather.state;
	nx_gather_init(&q->delay.gather);
	tell(q, was);
	spin_unlock_bh(&q->delay.lock);
}

/**
 * nx_delay_show - what a queue does now
 * @q:        the queue
 * @delay_us: result: for how long it holds a wake
 */
enum nx_gather_state nx_delay_show(struct nx_queue *q, u32 *delay_us)
{
	enum nx_gather_state state;

	spin_lock_bh(&q->delay.lock);
	state = nx_gather_show(&q->delay.gather, ktime_get_ns(), delay_us);
	spin_unlock_bh(&q->delay.lock);
	return state;
}

void nx_delay_init(struct nx_queue *q)
{
	struct nx_delay *delay = &q->delay;

	spin_lock_init(&delay->lock);
	nx_gather_init(&delay->gather);
	delay->next = jiffies;
	hrtimer_setup(&delay->timer, expire, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
}

/* The last reference is gone; the timer's function may not have returned. */
void nx_delay_exit(struct nx_queue *q)
{
	hrtimer_cancel(&q->delay.timer);
}
