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

/**
 * struct wake_list - queues that one CPU has to wake
 * @first:   linked by nx_queue.wake_next; bottom halves off
 * @tasklet: wakes them at the end of the softirq run that filled the list: the
 *           network's receive softirq comes before tasklets
 */
struct wake_list {
	struct nx_queue		*first;
	struct tasklet_struct	tasklet;
};

static DEFINE_PER_CPU(struct wake_list, wake_lists);

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
	wake_up_interruptible_sync_poll(&q->wait, events);
}

/**
 * nx_wake_later - wake who waits for packets when this run of packets ends
 * @q:          the queue
 * @is_softirq: there is no end that would call nx_wake_run()
 *
 * With bottom halves off. The list holds a reference of the channel. While
 * nobody sleeps, nothing is listed.
 */
void nx_wake_later(struct nx_queue *q, bool is_softirq)
{
	struct wake_list *list = this_cpu_ptr(&wake_lists);

	smp_mb(); /* W1, pairs with W2 */
	if (!(atomic_read(&q->armed) & NX_ARMED_RX))
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

static void wake_all(struct wake_list *list)
{
	struct nx_queue *q;

	while ((q = list->first)) {
		list->first = q->wake_next;
		/* W3: from here on, a delivery lists the queue again. */
		atomic_set(&q->is_waking, 0);
		if (!nx_delay_wake(q))
			nx_wake_now(q, NX_ARMED_RX);
		nx_channel_put(q->chan);
	}
}

/**
 * nx_wake_run - a run of packets ends: wake everybody that it was for
 *
 * With bottom halves off.
 */
void nx_wake_run(void)
{
	wake_all(this_cpu_ptr(&wake_lists));
}

/* On the list's own CPU, or, if that went offline, on another one. */
static void wake_tasklet(struct tasklet_struct *t)
{
	wake_all(container_of(t, struct wake_list, tasklet));
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

/* Sleeps until woken, a signal, or @at, of which @is_ahead need not ask the clock. */
static int sleep_until(struct nx_queue *q, ktime_t at, bool is_ahead)
{
	if (signal_pending(current))
		return -EINTR;
	if (at != KTIME_MAX) {
		if (!is_ahead && ktime_get() >= at)
			return -ETIME;
		nx_alarm_set(q, at);
	}
	schedule();
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

static int sleep_on(struct nx_queue *q, u32 what, ktime_t at)
{
	/* Most times are. The alarm tells of one that has passed, too. */
	bool is_ahead = at > 0;
	DEFINE_WAIT(wait);
	int err = 0;

	do {
		prepare_to_wait(&q->wait, &wait, TASK_INTERRUPTIBLE);
		if (is_over(q, nx_arm(q, what)))
			break;
		err = sleep_until(q, at, is_ahead);
		is_ahead = false;
		/* Most are woken for what they wait for. */
	} while (!err && !is_over(q, nx_queue_ready(q) & what));
	finish_wait(&q->wait, &wait);
	return err;
}

/**
 * nx_wait - sleep until a queue has something
 * @q:    the queue
 * @what: NX_ARMED_*
 * @at:   when to give up, see nx_wait_end(); 0: at once
 *
 * Return: 0 it has, or its channel stopped; ETIME, EINTR.
 */
int nx_wait(struct nx_queue *q, u32 what, ktime_t at)
{
	if (nx_queue_ready(q) & what)
		return 0;
	return sleep_on(q, what, at);
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
