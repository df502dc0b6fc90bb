// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a channel: attached by a process, stopped by an offence, by the
 * end of its nexus or by being closed, and freed after its last reader.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/nsproxy.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "advisory.h"
#include "channel.h"
#include "dest.h"
#include "flow.h"
#include "layout.h"
#include "monitor.h"
#include "nexus.h"
#include "policy.h"
#include "trace.h"
#include "wake.h"

#define DEFAULT_SLOTS		256U
#define DEFAULT_EVENT_SLOTS	64U
#define DEFAULT_SMALL		2048U
#define DEFAULT_FLOWS		256U

static DEFINE_IDA(channel_ids);

static void set_default(u32 *field, u32 value)
{
	if (!*field)
		*field = value;
}

static bool is_slots(u32 n)
{
	return is_power_of_2(n) && n >= NEXUS_SLOTS_MIN && n <= NEXUS_SLOTS_MAX;
}

static bool is_range(u32 n, u32 from, u32 to)
{
	return n >= from && n <= to;
}

/* Fills in what is 0, and refuses what is out of range. */
static int check_arg(struct nexus_attach *arg)
{
	if (arg->flags & ~NEXUS_ATTACH_DEFUNCT_OK)
		return -EINVAL;
	if (arg->reserved[0] || arg->reserved[1] || arg->channel_id ||
	    memchr_inv(arg->regions, 0, sizeof(arg->regions)))
		return -EINVAL;
	if (strnlen(arg->name, NEXUS_NAME_SIZE) == NEXUS_NAME_SIZE)
		return -EINVAL;
	set_default(&arg->nr_queues, 1);
	set_default(&arg->tx_slots, DEFAULT_SLOTS);
	set_default(&arg->rx_slots, DEFAULT_SLOTS);
	set_default(&arg->event_slots, DEFAULT_EVENT_SLOTS);
	set_default(&arg->nr_small, DEFAULT_SMALL);
	set_default(&arg->nr_flows, DEFAULT_FLOWS);
	if (!is_slots(arg->tx_slots) || !is_slots(arg->rx_slots) ||
	    !is_slots(arg->event_slots) ||
	    !is_range(arg->nr_queues, 1, NEXUS_QUEUES_MAX) ||
	    !is_range(arg->nr_small, 1, NEXUS_BUFFERS_MAX) ||
	    arg->nr_large > NEXUS_LARGE_MAX ||
	    !is_range(arg->nr_flows, 1, NEXUS_FLOWS_MAX))
		return -EINVAL;
	return 0;
}

static void queue_init(struct nx_channel *chan, u32 idx,
		       const struct nexus_attach *arg)
{
	struct nx_queue *q = &chan->queues[idx];

	q->chan = chan;
	q->idx = idx;
	q->cache_max = clamp(arg->nr_small / (4 * arg->nr_queues), 1U,
			     (u32)NX_RX_CACHE);
	mutex_init(&q->tx_lock);
	spin_lock_init(&q->rx_lock);
	init_waitqueue_head(&q->wait);
	nx_budget_init(&q->budget);
	nx_alarm_init(q);
	nx_delay_init(q);
	nx_brake_init(q);
}

static void channel_free(struct nx_channel *chan)
{
	u32 i;

	for (i = 0; i < chan->nr_queues; i++) {
		nx_alarm_exit(&chan->queues[i]);
		nx_delay_exit(&chan->queues[i]);
	}
	for (i = 0; i < NEXUS_NR_REGIONS; i++)
		nx_region_exit(&chan->regions[i]);
	kvfree(chan->flows);
	kvfree(chan->queues);
	nx_pool_exit(&chan->pool);
	if (chan->id)
		ida_free(&channel_ids, chan->id);
	put_pid(chan->pid);
	mmdrop(chan->mm);
	iput(chan->inode);
	nx_nexus_put(chan->nexus);
	kfree(chan);
}

static void channel_free_work(struct work_struct *work)
{
	channel_free(container_of(to_rcu_work(work), struct nx_channel, free));
}

/* Whoever found it under RCU has let go before its memory goes. */
static void channel_release(struct kref *refs)
{
	struct nx_channel *chan = container_of(refs, struct nx_channel, refs);

	queue_rcu_work(nx_wq, &chan->free);
}

void nx_channel_put(struct nx_channel *chan)
{
	kref_put(&chan->refs, channel_release);
}

/*
 * Kills the process that attached, if it still is the program that did: who has
 * called exec() since has another address space, which it got under the lock that
 * is held here. A signal to one thread kills all. The host does without init no
 * more than the kernel does.
 */
static void punish_work(struct work_struct *work)
{
	struct nx_channel *chan = container_of(work, struct nx_channel, punish);
	struct task_struct *process, *task;
	bool is_done = false;

	rcu_read_lock();
	process = pid_task(chan->pid, PIDTYPE_TGID);
	if (process)
		for_each_thread(process, task) {
			task_lock(task);
			is_done = task->mm == chan->mm;
			if (is_done && !is_global_init(task))
				send_sig(SIGKILL, task, 1);
			task_unlock(task);
			if (is_done)
				break;
		}
	rcu_read_unlock();
	nx_channel_put(chan);
}

/* Takes over the caller's reference of @nexus when it succeeds. */
static struct nx_channel *channel_alloc(struct nx_nexus *nexus,
					struct inode *inode,
					const struct nexus_attach *arg)
{
	struct nx_channel *chan;
	u32 i;

	chan = kzalloc(sizeof(*chan), NX_GFP);
	if (!chan)
		return NULL;
	chan->queues = kvcalloc(arg->nr_queues, sizeof(*chan->queues), NX_GFP);
	if (!chan->queues) {
		kfree(chan);
		return NULL;
	}
	kref_init(&chan->refs);
	INIT_LIST_HEAD(&chan->node);
	INIT_RCU_WORK(&chan->free, channel_free_work);
	INIT_WORK(&chan->punish, punish_work);
	chan->nexus = nexus;
	chan->flags = arg->flags;
	chan->state = NEXUS_CHANNEL_ACTIVE;
	chan->life = NX_LIFE_ACTIVE;
	init_rwsem(&chan->map_lock);
	ihold(inode);
	chan->inode = inode;
	chan->mm = current->mm;
	mmgrab(chan->mm);
	chan->pid = get_pid(task_tgid(current));
	get_task_comm(chan->comm, current->group_leader);
	chan->uid = current_euid();
	chan->nr_flow_slots = arg->nr_flows;
	INIT_LIST_HEAD(&chan->half_open);
	chan->nr_queues = arg->nr_queues;
	for (i = 0; i < chan->nr_queues; i++)
		queue_init(chan, i, arg);
	return chan;
}

/* All that takes memory. */
static int channel_fill(struct nx_channel *chan, const struct nexus_attach *arg)
{
	int err;

	chan->flows = kvcalloc(chan->nr_flow_slots, sizeof(*chan->flows),
			       NX_GFP);
	if (!chan->flows)
		return -ENOMEM;
	err = nx_pool_init(&chan->pool, arg->nr_small, arg->nr_large);
	if (err)
		return err;
	err = ida_alloc_min(&channel_ids, 1, GFP_KERNEL);
	if (err < 0)
		return err;
	chan->id = err;
	return nx_layout_make(chan, arg);
}

/* A port that nobody has, or the wanted one if nobody has it. */
static int take_port(struct nx_channel *chan, u32 wanted)
{
	struct nx_channel *other;
	u32 port = 0;

	/* The list stands in the order of ports. */
	list_for_each_entry(other, &chan->nexus->channels, node) {
		if (other->port == wanted)
			return -EBUSY;
		if (other->port > (wanted == NEXUS_PORT_ANY ? port : wanted))
			break;
		port = other->port + 1;
	}
	chan->port = wanted == NEXUS_PORT_ANY ? port : wanted;
	list_add_tail(&chan->node, &other->node);
	return 0;
}

/* Under the nexus's lock. */
static int join(struct nx_channel *chan, u32 port)
{
	struct nx_nexus *nexus = chan->nexus;
	struct nx_user *user;
	int err;

	if (nexus->is_dead)
		return -ENODEV;
	chan->user_bytes = nx_layout_bytes(chan);
	user = nx_user_charge(nexus, chan->uid, chan->user_bytes);
	if (IS_ERR(user))
		return PTR_ERR(user);
	err = take_port(chan, port);
	if (err) {
		nx_user_uncharge(nexus, user, chan->user_bytes);
		return err;
	}
	chan->user = user;
	nexus->nr_channels++;
	nx_layout_describe(chan);
	trace_nexus_attach(chan);
	nx_monitor_channel(chan, NEXUS_MONITOR_ATTACH);
	return 0;
}

static int check_policy(struct nx_nexus *nexus)
{
	bool is_allowed;

	mutex_lock(&nexus->lock);
	is_allowed = nx_policy_allows(nexus);
	if (!is_allowed)
		nx_monitor_denied(nexus);
	mutex_unlock(&nexus->lock);
	return is_allowed ? 0 : -EPERM;
}

static void update_advisory(struct nx_nexus *nexus)
{
	rtnl_lock();
	mutex_lock(&nexus->lock);
	nx_advisory_update(nexus);
	mutex_unlock(&nexus->lock);
	rtnl_unlock();
}

static struct nx_channel *attach(struct nx_nexus *nexus, struct inode *inode,
				 const struct nexus_attach *arg)
{
	struct nx_channel *chan;
	int err;

	err = check_policy(nexus);
	if (err)
		return ERR_PTR(err);
	chan = channel_alloc(nexus, inode, arg);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	nx_nexus_get(nexus);
	err = channel_fill(chan, arg);
	if (err)
		goto err_free;
	mutex_lock(&nexus->lock);
	err = join(chan, arg->port);
	mutex_unlock(&nexus->lock);
	if (err)
		goto err_free;
	nx_tend_begin(chan);
	update_advisory(nexus);
	return chan;

err_free:
	channel_free(chan);
	return ERR_PTR(err);
}

/**
 * nx_channel_attach - attach the calling process to a nexus
 * @net:   namespace of the nexus
 * @inode: of the file's mappings
 * @arg:   as NEXUS_IOC_ATTACH has it; defaults and the answer are filled in
 *
 * Return: a channel with one reference, that of the file, or ERR_PTR.
 */
struct nx_channel *nx_channel_attach(struct net *net, struct inode *inode,
				     struct nexus_attach *arg)
{
	struct nx_channel *chan;
	struct nx_nexus *nexus;
	u32 i;
	int err;

	err = check_arg(arg);
	if (err)
		return ERR_PTR(err);
	nexus = nx_nexus_get_by_name(net, arg->name);
	if (IS_ERR(nexus))
		return ERR_CAST(nexus);
	chan = attach(nexus, inode, arg);
	if (!IS_ERR(chan)) {
		strscpy(arg->name, nexus->name, sizeof(arg->name));
		arg->port = chan->port;
		arg->channel_id = chan->id;
		for (i = 0; i < NEXUS_NR_REGIONS; i++)
			nx_region_describe(&chan->regions[i], i, &arg->regions[i]);
	}
	nx_nexus_put(nexus);
	return chan;
}

/**
 * nx_channel_forget - let go of all routes that a channel remembers
 * @chan: it has no flow any more, and so finds no new one
 *
 * A route must not outlive its namespace.
 */
void nx_channel_forget(struct nx_channel *chan)
{
	u32 i;

	for (i = 0; i < chan->nr_queues; i++) {
		mutex_lock(&chan->queues[i].tx_lock);
		nx_dest_forget_all(&chan->queues[i]);
		mutex_unlock(&chan->queues[i].tx_lock);
	}
}

/**
 * nx_channel_empty - wait until nobody is under way in a queue
 * @chan: it was marked, and has no flow any more: who comes sees that
 *
 * Nobody uses the pages of its pool afterwards, but for packets on their way, which
 * hold them.
 */
void nx_channel_empty(struct nx_channel *chan)
{
	struct nx_queue *q;
	u32 i;

	nx_channel_forget(chan);
	for (i = 0; i < chan->nr_queues; i++) {
		q = &chan->queues[i];
		spin_lock_bh(&q->rx_lock);
		q->nr_cache = 0;
		spin_unlock_bh(&q->rx_lock);
		nx_brake_exit(q);
		nx_delay_let_go(q, KTIME_MAX);
	}
}

/* Under the nexus's lock: what the channel counted stays. */
static void leave(struct nx_channel *chan, struct list_head *dead)
{
	struct nx_nexus *nexus = chan->nexus;

	nx_flow_unlink_all(chan, dead);
	nx_channel_forget(chan);
	list_del(&chan->node);
	nexus->nr_channels--;
	nx_channel_count(chan, &nexus->gone);
	nx_user_uncharge(nexus, chan->user, chan->user_bytes);
	trace_nexus_detach(chan);
	nx_monitor_channel(chan, NEXUS_MONITOR_DETACH);
}

/**
 * nx_channel_detach - the file is closed
 * @chan: its channel; the file's reference is put
 *
 * A packet on its way may keep the channel for longer than its user is charged
 * for it: its pages do not wait for that.
 */
void nx_channel_detach(struct nx_channel *chan)
{
	LIST_HEAD(dead);

	nx_tend_end(chan);
	nx_channel_advance(chan, NX_LIFE_CLOSED);
	nx_channel_stop(chan, NEXUS_CHANNEL_DETACHED);
	mutex_lock(&chan->nexus->lock);
	leave(chan, &dead);
	mutex_unlock(&chan->nexus->lock);
	nx_flow_release_all(&dead);
	nx_channel_empty(chan);
	nx_pool_drop(&chan->pool);
	nx_channel_put(chan);
}

/* @word only grows. False: it was there or beyond. */
static bool advance(u32 *word, u32 to)
{
	u32 old = READ_ONCE(*word), was;

	while (old < to) {
		was = cmpxchg(word, old, to);
		if (was == old)
			return true;
		old = was;
	}
	return false;
}

/**
 * nx_channel_advance - the life of a channel's memory goes on
 * @chan: the channel
 * @life: to here
 *
 * Return: true for the one caller who brought it there; false: it was there, or
 * beyond.
 */
bool nx_channel_advance(struct nx_channel *chan, enum nx_life life)
{
	return advance(&chan->life, life);
}

/**
 * nx_channel_mark - tell the process, and every path, that no packet begins
 * @chan:  the channel
 * @state: enum nexus_channel_state, why
 *
 * In any context. nx_channel_wake() has to follow.
 *
 * Return: false: it was in that state or beyond.
 */
bool nx_channel_mark(struct nx_channel *chan, u32 state)
{
	if (!advance(&chan->state, state))
		return false;
	nx_layout_set_state(chan, state);
	return true;
}

/**
 * nx_channel_wake - wake all who sleep on a channel
 * @chan: the channel
 */
void nx_channel_wake(struct nx_channel *chan)
{
	u32 i;

	for (i = 0; i < chan->nr_queues; i++)
		nx_wake_now(&chan->queues[i], ~0U);
}

/**
 * nx_channel_stop - no packet passes any more
 * @chan:  the channel
 * @state: enum nexus_channel_state, why
 *
 * In any context. Sleepers wake.
 */
void nx_channel_stop(struct nx_channel *chan, u32 state)
{
	if (nx_channel_mark(chan, state))
		nx_channel_wake(chan);
}

/*
 * In any context, but a signal is not sent under the locks of a queue. Who came
 * here by a flow under RCU may find the channel without its last reference.
 */
static void punish(struct nx_channel *chan)
{
	u32 what = READ_ONCE(chan->nexus->policy.on_violation);

	if (what != NEXUS_ON_VIOLATION_KILL ||
	    !kref_get_unless_zero(&chan->refs))
		return;
	queue_work(nx_wq, &chan->punish);
}

/**
 * nx_channel_quarantine - the process wrote what it must not
 * @q:         where
 * @violation: enum nexus_violation
 * @index:     the ring index
 * @value:     what stood there
 *
 * In any context, under the queue's locks or not.
 */
void nx_channel_quarantine(struct nx_queue *q, u32 violation, u32 index, u32 value)
{
	struct nx_channel *chan = q->chan;
	struct nx_offence *offence = &chan->offence;

	if (cmpxchg(&offence->is_claimed, false, true))
		return;
	offence->queue = q->idx;
	offence->index = index;
	offence->value = value;
	smp_store_release(&offence->violation, violation); /* U */
	trace_nexus_violation(chan, violation, q->idx, index, value);
	nx_channel_stop(chan, NEXUS_CHANNEL_QUARANTINED);
	nx_monitor_channel(chan, NEXUS_MONITOR_VIOLATION);
	punish(chan);
}

/**
 * nx_channel_offence - what a channel was quarantined for
 * @chan: the channel
 *
 * Return: a copy; without a violation all of it is 0.
 */
struct nx_offence nx_channel_offence(const struct nx_channel *chan)
{
	/* U: the values of a violation that is seen are seen as well */
	u32 violation = smp_load_acquire(&chan->offence.violation);

	if (violation == NEXUS_VIOLATION_NONE)
		return (struct nx_offence) {};
	return chan->offence;
}

/**
 * nx_channel_count - add up what a channel counted
 * @chan: the channel
 * @sum:  to this
 */
void nx_channel_count(const struct nx_channel *chan, struct nx_counters *sum)
{
	const struct nx_queue *q;
	u32 i, reason;

	for (i = 0; i < chan->nr_queues; i++) {
		q = &chan->queues[i];
		nx_traffic_sum(&sum->rx, &q->rx_count);
		nx_traffic_sum(&sum->tx, &q->tx_count);
		nx_traffic_sum(&sum->tx_local, &q->tx_local);
		sum->tx_declassed += READ_ONCE(q->tx_declassed);
		sum->syncs += READ_ONCE(q->syncs);
		sum->wakes += atomic64_read(&q->wakes);
		sum->bytes_copied += READ_ONCE(q->tx_copied) +
				     READ_ONCE(q->rx_copied);
		sum->bytes_summed += READ_ONCE(q->tx_summed) +
				     READ_ONCE(q->rx_summed);
		for (reason = 0; reason < NEXUS_NR_DROP_REASONS; reason++)
			sum->drops[reason] += READ_ONCE(q->tx_drops[reason]) +
					      READ_ONCE(q->rx_drops[reason]);
	}
	sum->drops[NEXUS_DROP_TX_QUEUE] +=
		atomic64_read(&chan->queue_drops[NX_QUEUE_DROP_QUEUE]);
	sum->drops[NEXUS_DROP_TX_EXPIRED] +=
		atomic64_read(&chan->queue_drops[NX_QUEUE_DROP_EXPIRED]);
}

static bool is_rx_reason(u32 reason)
{
	return reason >= NEXUS_DROP_RX_NO_BUFFER;
}

static void fill_counters(const struct nx_channel *chan,
			  struct nexus_status *status)
{
	struct nx_counters sum = {};
	u32 reason;

	nx_channel_count(chan, &sum);
	status->tx_packets = sum.tx.packets;
	status->tx_bytes = sum.tx.bytes;
	status->rx_packets = sum.rx.packets;
	status->rx_bytes = sum.rx.bytes;
	status->tx_syncs = sum.syncs;
	status->rx_wakes = sum.wakes;
	for (reason = 0; reason < NEXUS_NR_DROP_REASONS; reason++) {
		status->drops[reason] = sum.drops[reason];
		if (is_rx_reason(reason))
			status->rx_drops += sum.drops[reason];
		else
			status->tx_drops += sum.drops[reason];
	}
}

/**
 * nx_channel_status - answer NEXUS_IOC_STATUS
 * @chan:   the channel
 * @status: the answer
 */
void nx_channel_status(struct nx_channel *chan, struct nexus_status *status)
{
	struct nx_offence offence;
	u32 owners[NX_NR_OWNERS];
	u32 size = status->size;

	memset(status, 0, sizeof(*status));
	status->size = size;
	status->state = smp_load_acquire(&chan->state); /* U */
	offence = nx_channel_offence(chan);
	status->violation = offence.violation;
	status->queue = offence.queue;
	status->index = offence.index;
	status->value = offence.value;
	fill_counters(chan, status);
	nx_pool_count(&chan->pool, owners);
	status->buffers_free = owners[NX_OWNER_FREE];
	status->buffers_user = owners[NX_OWNER_USER];
	status->buffers_kernel = owners[NX_OWNER_KERNEL];
	status->buffers_in_flight = owners[NX_OWNER_IN_FLIGHT];
	status->pages = atomic_read(&chan->pool.nr_populated);
}

struct workqueue_struct *nx_wq;

int nx_channel_init(void)
{
	nx_wq = alloc_workqueue("nexus", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return nx_wq ? 0 : -ENOMEM;
}

/* No file is open; what was closed may still be on its way to be freed. */
void nx_channel_flush(void)
{
	flush_workqueue(nx_wq);	/* listeners' sockets */
	rcu_barrier();	/* flows, and then the channels that they held */
	rcu_barrier();
	flush_workqueue(nx_wq);
}

void nx_channel_exit(void)
{
	destroy_workqueue(nx_wq);
	ida_destroy(&channel_ids);
}
