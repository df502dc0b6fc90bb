// SPDX-License-Identifier: GPL-2.0
/*
 * Waking who sleeps on a queue: once for all packets of one run, or of several
 * where these come densely (delay.c), and not at all while nobody sleeps.
 *
 * Who wants to sleep arms its queue and looks at the rings once more; who
 * delivers publishes its index and looks whether the queue is armed. Each has a
 * full barrier between its two steps (W1 and W2 in the memory model), so that
 * one of them sees the other. A waker disarms, so a reader that is busy is woken
 * once at the most; poll() arms again each time that it is asked.
 */
#include <linux/interrupt.h>
#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include "alarm.h"
#include "channel.h"
#include "delay.h"
#include "trace.h"
#include "wake.h"
#include "watch.h"

/**
 * struct wake_list - queues that one CPU has to wake
 * @first:   linked by nx_queue.wake_next; bottom halves off
 * @tasklet: wakes them at the end of the softirq run that filled the list: the
 *           network's receive softirq comes before tasklets
 * @sender:  the queue of the process in whose call softirqs run now, or NULL
 */
struct wake_list {
	struct nx_queue		*first;
	struct tasklet_struct	tasklet;
	struct nx_queue		*sender;
};

static DEFINE_PER_CPU(struct wake_list, wake_lists);

/* The end of a channel concerns all, also behind one who is first. */
static void wake(struct nx_queue *q, __poll_t events)
{
	if (unlikely(events & EPOLLHUP))
		__wake_up(&q->wait, TASK_INTERRUPTIBLE, 0, poll_to_key(events));
	else
		wake_up_interruptible_sync_poll(&q->wait, events);
}

/**
 * nx_wake_now - wake who waits for any of @armed
 * @q:     the queue
 * @armed: NX_ARMED_*
 *
 * The caller has published what the sleeper waits for.
 */
void nx_wake_now(struct nx_queue *q, u32 armed)
{
	__poll_t events = 0;

	smp_mb(); /* W1, pairs with W2 */
	if (!(atomic_read(&q->armed) & armed))
		return;
	if (!(atomic_fetch_andnot(armed, &q->armed) & armed))
		return;
	if (armed & NX_ARMED_RX)
		events |= EPOLLIN | EPOLLRDNORM;
	if (armed & NX_ARMED_TX)
		events |= EPOLLOUT | EPOLLWRNORM;
	if (!nx_channel_is_active(q->chan))
		events |= EPOLLERR | EPOLLHUP;
	atomic64_inc(&q->wakes);
	trace_nexus_wake(q->chan->id, q->idx);
	wake(q, events);
}

/* Does a thread of the process use the rings, and look at RX before it is done? */
static bool is_attended(const struct nx_queue *q)
{
	return READ_ONCE(q->rx.cons[NEXUS_ATTENDED_OFF / sizeof(u32)]);
}

/**
 * nx_wake_later - wake who waits for packets when this run of packets ends
 * @q:          the queue
 * @is_softirq: there is no end that would call nx_wake_run()
 *
 * With bottom halves off. The list holds a reference of the channel. While
 * nobody sleeps, or somebody sees the packets anyway, nothing is listed.
 */
void nx_wake_later(struct nx_queue *q, bool is_softirq)
{
	struct wake_list *list = this_cpu_ptr(&wake_lists);

	smp_mb(); /* W1, pairs with W2; and W4, with the process's */
	if (!(atomic_read(&q->armed) & NX_ARMED_RX) || is_attended(q))
		return;
	/* W3: whoever has listed it sees what the caller has published. */
	if (atomic_xchg(&q->is_waking, 1))
		return;
	nx_channel_get(q->chan);
	if (!list->first && is_softirq)
		tasklet_schedule(&list->tasklet);
	q->wake_next = list->first;
	list->first = q;
}

static void wake_all(struct wake_list *list, struct nx_queue *sender)
{
	struct nx_queue *q;

	while ((q = list->first)) {
		list->first = q->wake_next;
		/* W3: from here on, a delivery lists the queue again. */
		atomic_set(&q->is_waking, 0);
		if (!nx_delay_wake(q, sender))
			nx_wake_now(q, NX_ARMED_RX);
		nx_channel_put(q->chan);
	}
}

/**
 * nx_wake_run - a run of packets ends: wake everybody that it was for
 * @sender: the queue of the process that sent them; NULL: of one that is gone
 *
 * With bottom halves off.
 */
void nx_wake_run(struct nx_queue *sender)
{
	wake_all(this_cpu_ptr(&wake_lists), sender);
}

/* On the list's own CPU, or, if that went offline, on another one. */
static void wake_tasklet(struct tasklet_struct *t)
{
	struct wake_list *list = container_of(t, struct wake_list, tasklet);

	wake_all(list, list->sender);
}

/**
 * nx_wake_softirqs - let bottom halves run again, on behalf of who has sent
 * @sender: his queue; with bottom halves off
 *
 * What he has sent to another device of this host, over a veth, arrives in this.
 */
void nx_wake_softirqs(struct nx_queue *sender)
{
	struct wake_list *list;

	preempt_disable();
	list = this_cpu_ptr(&wake_lists);
	list->sender = sender;
	local_bh_enable();
	list->sender = NULL;
	preempt_enable();
}

/**
 * nx_queue_ready - what a sleeper need not wait for
 * @q: the queue
 *
 * The consumers' indices are the user's: a lie makes its own sleep short.
 *
 * Return: NX_ARMED_*
 */
u32 nx_queue_ready(const struct nx_queue *q)
{
	u32 ready = 0;

	if (READ_ONCE(*q->rx.prod) != READ_ONCE(*q->rx.cons) ||
	    READ_ONCE(*q->event.prod) != READ_ONCE(*q->event.cons))
		ready |= NX_ARMED_RX;
	if (!READ_ONCE(q->is_tx_blocked))
		ready |= NX_ARMED_TX;
	return ready;
}

/**
 * nx_arm - ask to be woken
 * @q:    the queue
 * @what: NX_ARMED_*
 *
 * Return: what of it is ready already.
 */
u32 nx_arm(struct nx_queue *q, u32 what)
{
	atomic_or(what, &q->armed);
	smp_mb__after_atomic(); /* W2, pairs with W1 */
	return nx_queue_ready(q) & what;
}

/**
 * struct sleeper - who sleeps on a queue
 * @wait: his place in the queue's wait queue
 * @what: NX_ARMED_*
 * @at:   when he gives up; KTIME_MAX: never
 * @is_ahead: @at is, as far as he knows
 * @is_first: woken before others, alone
 * @watch: what else wakes him, or NULL
 */
struct sleeper {
	struct wait_queue_entry	wait;
	u32			what;
	ktime_t			at;
	bool			is_ahead;
	bool			is_first;
	struct nx_watch		*watch;
};

/* Who is first takes no wake from those who wait for something else. */
static int wake_first(struct wait_queue_entry *wait, unsigned int mode,
		      int sync, void *key)
{
	if (key && !(key_to_poll(key) & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		return 0;
	return autoremove_wake_function(wait, mode, sync, key);
}

/* The last who came stands at the head. */
static void stand_first(struct nx_queue *q, struct sleeper *s)
{
	unsigned long flags;

	spin_lock_irqsave(&q->wait.lock, flags);
	if (list_empty(&s->wait.entry))
		__add_wait_queue_exclusive(&q->wait, &s->wait);
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock_irqrestore(&q->wait.lock, flags);
}

static void stand(struct nx_queue *q, struct sleeper *s)
{
	if (s->is_first)
		stand_first(q, s);
	else
		prepare_to_wait(&q->wait, &s->wait, TASK_INTERRUPTIBLE);
}

/*
 * The wake that he took disarmed the queue for all. He looks at the rings when he
 * is back: what comes later is for those who still sleep.
 */
static void leave(struct nx_queue *q, struct sleeper *s)
{
	finish_wait(&q->wait, &s->wait);
	if (!s->is_first || !waitqueue_active(&q->wait))
		return;
	atomic_or(s->what, &q->armed);
	smp_mb__after_atomic(); /* W2, pairs with W1 */
}

/* Sleeps until woken, a signal, or the time, which may not need a look. */
static int sleep_once(struct nx_queue *q, struct sleeper *s)
{
	if (signal_pending(current))
		return -EINTR;
	if (s->watch && nx_watch_is_told(s->watch))
		return 0;
	if (s->at != KTIME_MAX) {
		if (!s->is_ahead && ktime_get() >= s->at)
			return -ETIME;
		nx_alarm_set(q, s->at);
	}
	schedule();
	s->is_ahead = false;
	return 0;
}

/**
 * nx_wait_end - when a sleep that begins now ends
 * @timeout_ns: how long it is, or the time itself; negative: no limit
 * @is_time:    it is the time
 *
 * Return: the time, KTIME_MAX: never, 0: there is no sleep.
 */
ktime_t nx_wait_end(s64 timeout_ns, bool is_time)
{
	if (timeout_ns < 0)
		return KTIME_MAX;
	if (is_time || !timeout_ns)
		return ns_to_ktime(timeout_ns);
	return ktime_add_safe(ktime_get(), ns_to_ktime(timeout_ns));
}

static bool is_over(const struct nx_queue *q, u32 ready)
{
	return ready || !nx_channel_is_active(q->chan);
}

/* 1: the file that is watched has something. */
static int look_beside(struct sleeper *s)
{
	if (!s->watch || !nx_watch_is_told(s->watch))
		return 0;
	__set_current_state(TASK_RUNNING);
	return nx_watch_look(s->watch);
}

static int sleep_on(struct nx_queue *q, struct sleeper *s)
{
	int ret = 0;

	do {
		stand(q, s);
		if (is_over(q, nx_arm(q, s->what)))
			break;
		/* Most are woken for what they wait for. */
		ret = sleep_once(q, s) ?: look_beside(s);
	} while (!ret && !is_over(q, nx_queue_ready(q) & s->what));
	leave(q, s);
	return ret;
}

/**
 * nx_wait - sleep until a queue has something
 * @q:     the queue
 * @what:  NX_ARMED_*
 * @at:    when to give up, see nx_wait_end(); 0: at once
 * @is_first: a wake is for this sleeper alone, of those who wait for packets
 * @watch: another file that ends the sleep, or NULL
 *
 * Return: 0 it has, or its channel stopped; 1 the file has; ETIME, EINTR.
 */
int nx_wait(struct nx_queue *q, u32 what, ktime_t at, bool is_first,
	    struct nx_watch *watch)
{
	struct sleeper s = {
		.what = what,
		.at = at,
		/* Most times are. The alarm tells of one that has passed, too. */
		.is_ahead = at > 0,
		.is_first = is_first,
		.watch = watch,
	};
	int ret;

	if (nx_queue_ready(q) & what)
		return 0;
	ret = watch ? nx_watch_look(watch) : 0;
	if (ret)
		return ret;
	nx_delay_let_go(q, at);
	init_wait(&s.wait);
	if (is_first)
		s.wait.func = wake_first;
	return sleep_on(q, &s);
}

/**
 * nx_wake_init - ready each CPU's list
 */
void nx_wake_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_setup(&per_cpu(wake_lists, cpu).tasklet, wake_tasklet);
}

/* No channel is left, and so no list has an entry; a tasklet may still end. */
void nx_wake_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu(wake_lists, cpu).tasklet);
}
