// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a flow: it is made from a bound socket, found by packets, and
 * dies with its channel at the latest.
 */
#include <linux/memcontrol.h>
#include <linux/net.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>
#include <net/sock.h>
#include "channel.h"
#include "address.h"
#include "advisory.h"
#include "beside.h"
#include "core/share.h"
#include "event.h"
#include "flow.h"
#include "monitor.h"
#include "nexus.h"
#include "tcp.h"
#include "tcp_socket.h"
#include "trace.h"

/* What an idle connection takes, without what debugging adds to its locks. */
static_assert(sizeof(struct nx_flow) <= 512 || IS_ENABLED(CONFIG_DEBUG_SPINLOCK));

static atomic64_t last_serial;

static void flow_free(struct nx_flow *flow)
{
	sock_put(flow->sk);
	if (flow->listening)
		sock_put(flow->listening);
	put_pid(flow->pid);
	kfree(flow);
}

/* Of one that never was in the table; packets may have found its socket's. */
static void flow_free_unused(struct rcu_head *rcu)
{
	flow_free(container_of(rcu, struct nx_flow, rcu));
}

static void flow_free_rcu(struct rcu_head *rcu)
{
	struct nx_flow *flow = container_of(rcu, struct nx_flow, rcu);
	struct nx_channel *chan = flow->chan;

	flow_free(flow);
	nx_channel_put(chan);
}

static void put_socket(struct nx_flow *flow)
{
	if (flow->listening)
		sock_release(flow->socket);
	else
		sockfd_put(flow->socket);
}

/* What the caller's descriptor refers to, or what speaks for that. */
static int get_socket(struct nx_flow *flow, const struct nexus_flow_add *arg)
{
	int err;

	flow->socket = sockfd_lookup(arg->fd, &err);
	if (!flow->socket)
		return err;
	err = arg->flags & NEXUS_FLOW_BESIDE ? nx_beside_begin(flow) : 0;
	if (err) {
		sockfd_put(flow->socket);
		return err;
	}
	flow->sk = flow->socket->sk;
	sock_hold(flow->sk);
	return 0;
}

static struct nx_flow *flow_alloc(struct nx_channel *chan,
				  const struct nexus_flow_add *arg)
{
	struct nx_flow *flow;
	int err;

	flow = kzalloc(sizeof(*flow), GFP_KERNEL_ACCOUNT);
	if (!flow)
		return ERR_PTR(-ENOMEM);
	err = get_socket(flow, arg);
	if (err) {
		kfree(flow);
		return ERR_PTR(err);
	}
	spin_lock_init(&flow->lock);
	spin_lock_init(&flow->advice.lock);
	nx_sndbuf_init(flow);
	refcount_set(&flow->users, 1);
	INIT_LIST_HEAD(&flow->half_open);
	flow->chan = chan;
	flow->our_local = U64_MAX;
	flow->plain_remote = U64_MAX;
	flow->queue = arg->queue;
	flow->traffic_class = arg->traffic_class;
	flow->serial = atomic64_inc_return(&last_serial);
	flow->pid = get_pid(task_tgid(current));
	return flow;
}

static bool has_remote(const struct nexus_flow_add *arg)
{
	return arg->remote_port ||
	       memchr_inv(arg->remote, 0, sizeof(arg->remote));
}

static int check_arg(const struct nx_channel *chan,
		     const struct nexus_flow_add *arg)
{
	if (arg->flags & ~NEXUS_FLOW_BESIDE)
		return -EINVAL;
	if (has_remote(arg) &&
	    (!arg->remote_port || arg->flags & NEXUS_FLOW_BESIDE))
		return -EINVAL;
	if (arg->queue != NEXUS_QUEUE_ANY && arg->queue >= chan->nr_queues)
		return -EINVAL;
	if (arg->traffic_class >= NEXUS_NR_CLASSES)
		return -EINVAL;
	if (arg->traffic_class != NEXUS_CLASS_LOW_LATENCY)
		return arg->ll_permille ? -EINVAL : 0;
	return arg->ll_permille <= NX_SHARE_WHOLE ? 0 : -EINVAL;
}

static struct nx_flow *slot_flow(struct nx_channel *chan, u32 idx)
{
	return rcu_dereference_protected(chan->flows[idx].flow,
					 lockdep_is_held(&chan->nexus->flows.lock));
}

/* While the channel has flows, or is active, its namespace is there. */
static struct nx_quota *quota_of(const struct nx_channel *chan)
{
	return &nx_net(chan->nexus->net)->quota;
}

/* The lowest index that is free; under the table's lock, as all that follows. */
static int take_slot(struct nx_channel *chan, struct nx_flow *flow)
{
	const struct nx_policy *policy = &chan->nexus->policy;
	u32 idx;

	if (chan->nr_flows >= READ_ONCE(policy->max_flows) ||
	    chan->user->nr_flows >= READ_ONCE(policy->max_user_flows))
		return -EUSERS;
	if (chan->nr_flows >= chan->nr_flow_slots)
		return -ENOSPC;
	for (idx = chan->first_free; slot_flow(chan, idx); idx++)
		;
	if (!nx_advisory_flow(chan, idx))
		return -ENOMEM;
	if (nx_quota_take_flow(quota_of(chan)))
		return -EUSERS;
	chan->first_free = idx + 1;
	flow->idx = idx;
	flow->generation = ++chan->flows[idx].generation;
	return 0;
}

static void give_slot(struct nx_channel *chan, struct nx_flow *flow)
{
	chan->first_free = min(chan->first_free, flow->idx);
	nx_quota_give_flow(quota_of(chan));
}

static void publish(struct nx_flow *flow)
{
	struct nx_channel *chan = flow->chan;

	nx_advisory_flow_begin(flow);
	rcu_assign_pointer(chan->flows[flow->idx].flow, flow);
	WRITE_ONCE(chan->nr_flows, chan->nr_flows + 1);
	chan->user->nr_flows++;
	WRITE_ONCE(chan->nexus->nr_flows, chan->nexus->nr_flows + 1);
	if (flow->parent) {
		list_add_tail(&flow->half_open, &chan->half_open);
		chan->nr_half_open++;
	}
}

static void leave_half_open(struct nx_flow *flow)
{
	if (list_empty(&flow->half_open))
		return;
	list_del_init(&flow->half_open);
	flow->chan->nr_half_open--;
}

static void unpublish(struct nx_flow *flow)
{
	struct nx_channel *chan = flow->chan;

	leave_half_open(flow);
	nx_advisory_flow_end(flow);
	RCU_INIT_POINTER(chan->flows[flow->idx].flow, NULL);
	give_slot(chan, flow);
	WRITE_ONCE(chan->nr_flows, chan->nr_flows - 1);
	chan->user->nr_flows--;
	WRITE_ONCE(chan->nexus->nr_flows, chan->nexus->nr_flows - 1);
}

/* Packets find the flow from here on, and the channel has its index. */
static int link(struct nx_flow *flow)
{
	struct nx_channel *chan = flow->chan;
	struct nx_flow_table *table = &chan->nexus->flows;
	int err;

	spin_lock_bh(&table->lock);
	/* A connection is not accepted under the nexus's lock. */
	err = nx_channel_is_active(chan) ? take_slot(chan, flow) : -ENXIO;
	if (err)
		goto out;
	err = nx_flow_table_add(table, flow);
	if (err)
		give_slot(chan, flow);
	else
		publish(flow);
out:
	spin_unlock_bh(&table->lock);
	if (err)
		return err;
	trace_nexus_flow_add(flow);
	nx_monitor_flow(flow, NEXUS_MONITOR_FLOW_ADD);
	return 0;
}

/*
 * Under the socket's lock and then the nexus's, for who holds a socket's may
 * sleep as long as a process likes. On success the flow holds a reference of
 * @chan.
 */
static int add_locked(struct nx_channel *chan, struct nx_flow *flow,
		      const struct nexus_flow_add *arg)
{
	struct nx_nexus *nexus = chan->nexus;
	int err;

	if (nexus->is_dead || !nx_channel_is_active(chan))
		return -ENXIO;
	if (flow->listening)
		err = nx_beside_check(flow, nexus->net);
	else
		err = nx_socket_check(flow->socket, nexus->net);
	if (err)
		return err;
	if (nx_flow_sk(flow)->sk_protocol != IPPROTO_TCP && has_remote(arg))
		return -EINVAL;
	nx_channel_get(chan);
	if (flow->traffic_class == NEXUS_CLASS_LOW_LATENCY)
		err = nx_grant_take(flow, arg->ll_permille ?: NX_GRANT_DEFAULT);
	if (err)
		goto err_put;
	err = nx_socket_adopt(flow, arg);
	if (err)
		goto err_drop;
	flow->policy = nexus->policy.nr;
	err = link(flow);
	if (err)
		goto err_release;
	return 0;

err_release:
	nx_socket_release(flow);
err_drop:
	nx_grant_drop(flow);
err_put:
	nx_channel_put(chan);
	return err;
}

static void describe(const struct nx_flow *flow, struct nexus_flow_add *arg)
{
	const struct nx_flow_key *key = &flow->node[0].key;

	arg->flow = flow->idx;
	arg->generation = flow->generation;
	arg->family = key->ip_version == 4 ? AF_INET : AF_INET6;
	arg->protocol = key->protocol;
	arg->local_port = key->local_port;
	arg->remote_port = key->remote_port;
	memcpy(arg->local, &key->local, sizeof(arg->local));
	memcpy(arg->remote, &key->remote, sizeof(arg->remote));
}

static int add(struct nx_channel *chan, struct nx_flow *flow,
	       struct nexus_flow_add *arg)
{
	int err;

	lock_sock(nx_flow_owner(flow));
	mutex_lock(&chan->nexus->lock);
	err = add_locked(chan, flow, arg);
	if (!err)
		describe(flow, arg);
	mutex_unlock(&chan->nexus->lock);
	release_sock(nx_flow_owner(flow));
	return err;
}

/*
 * Has it a flow yet of a channel that is closed, or whose memory is taken back? One in
 * quarantine keeps its flows.
 */
static bool is_of_the_past(const struct sock *sk)
{
	const struct nx_flow *flow;
	bool is_past;

	rcu_read_lock();
	flow = nx_socket_flow_rcu(sk);
	is_past = flow && READ_ONCE(flow->chan->life) != NX_LIFE_ACTIVE;
	rcu_read_unlock();
	return is_past;
}

/*
 * Who takes a channel's memory back gives its sockets back last, and the process may
 * have come to add them to another one. Nobody keeps us waiting but a socket's lock.
 */
static int await_socket(const struct sock *sk)
{
	return wait_var_event_killable((void *)sk, !is_of_the_past(sk));
}

/**
 * nx_flow_add - adopt a bound socket
 * @chan: of the caller
 * @arg:  as NEXUS_IOC_FLOW_ADD has it; the answer is filled in
 *
 * Return: 0, or as documented there.
 */
int nx_flow_add(struct nx_channel *chan, struct nexus_flow_add *arg)
{
	struct nx_flow *flow;
	int err;

	err = check_arg(chan, arg);
	if (err)
		return err;
	flow = flow_alloc(chan, arg);
	if (IS_ERR(flow))
		return PTR_ERR(flow);
	err = await_socket(nx_flow_sk(flow));
	if (!err)
		err = add(chan, flow, arg);
	if (err) {
		put_socket(flow);
		/* No grace period is waited for: under no lock, and by nobody. */
		call_rcu(&flow->rcu, flow_free_unused);
	}
	return err;
}

/* No packet finds the flow from here on; false: somebody else has done it. */
static bool unlink(struct nx_flow *flow)
{
	struct nx_channel *chan = flow->chan;
	struct nx_flow_table *table = &chan->nexus->flows;
	bool is_linked;

	spin_lock_bh(&table->lock);
	is_linked = slot_flow(chan, flow->idx) == flow;
	if (is_linked) {
		nx_flow_table_del(table, flow);
		unpublish(flow);
	}
	spin_unlock_bh(&table->lock);
	if (!is_linked)
		return false;
	trace_nexus_flow_del(flow);
	nx_monitor_flow(flow, NEXUS_MONITOR_FLOW_DEL);
	return true;
}

/*
 * Neither @flow nor a connection that it accepted needs its socket any more. Under the
 * lock under which it was added: a socket of the kernel's is closed under it.
 */
static void release(struct nx_flow *flow)
{
	lock_sock(nx_flow_owner(flow));
	nx_socket_release(flow);
	release_sock(nx_flow_owner(flow));
	smp_mb(); /* Y, pairs with prepare_to_wait() in await_socket() */
	wake_up_var(nx_flow_sk(flow));
	put_socket(flow);
	call_rcu(&flow->rcu, flow_free_rcu);
}

static void release_work(struct work_struct *work)
{
	release(container_of(work, struct nx_flow, release));
}

/* A connection lets go of its listener, in any context. */
static void put_listener(struct nx_flow *listener)
{
	if (!refcount_dec_and_test(&listener->users))
		return;
	INIT_WORK(&listener->release, release_work);
	queue_work(nx_wq, &listener->release);
}

/**
 * nx_flow_release_all - give the sockets of unlinked flows back
 * @dead: the flows; the caller holds no lock, for a socket's may take long
 *
 * Connections first: a listener's socket goes with the last one.
 */
void nx_flow_release_all(struct list_head *dead)
{
	struct nx_flow *flow, *next;

	list_for_each_entry_safe(flow, next, dead, dead) {
		if (!flow->parent)
			continue;
		list_del(&flow->dead);
		put_listener(flow->parent);
		call_rcu(&flow->rcu, flow_free_rcu);
	}
	list_for_each_entry_safe(flow, next, dead, dead) {
		list_del(&flow->dead);
		if (refcount_dec_and_test(&flow->users))
			release(flow);
	}
}

/**
 * nx_flow_established - the peer of an accepted connection has answered
 * @flow: the connection; found in the caller's RCU section
 *
 * In that section, with bottom halves off.
 */
void nx_flow_established(struct nx_flow *flow)
{
	struct nx_flow_table *table = &flow->chan->nexus->flows;

	spin_lock(&table->lock);
	leave_half_open(flow);
	spin_unlock(&table->lock);
}

/**
 * nx_flow_end - an accepted connection is over
 * @flow: the connection; good until the end of the caller's RCU section
 *
 * In that section, with bottom halves off.
 */
void nx_flow_end(struct nx_flow *flow)
{
	if (!unlink(flow))
		return;
	nx_tcp_linger(flow);
	put_listener(flow->parent);
	call_rcu(&flow->rcu, flow_free_rcu);
}

static struct nx_flow *accept_alloc(struct nx_flow *listener,
				    const struct nx_flow_key *key)
{
	struct nx_channel *chan = listener->chan;
	struct mem_cgroup *old;
	struct nx_flow *flow;

	old = set_active_memcg(chan->pool.memcg);
	flow = kzalloc(sizeof(*flow), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	set_active_memcg(old);
	if (!flow)
		return NULL;
	spin_lock_init(&flow->lock);
	spin_lock_init(&flow->advice.lock);
	flow->our_local = U64_MAX;
	flow->plain_remote = U64_MAX;
	refcount_set(&flow->users, 1);
	INIT_LIST_HEAD(&flow->half_open);
	flow->chan = chan;
	flow->queue = listener->queue;
	flow->traffic_class = listener->traffic_class;
	flow->ifindex = listener->ifindex;
	flow->uid = listener->uid;
	flow->policy = listener->policy;
	flow->serial = atomic64_inc_return(&last_serial);
	flow->node[0].key = *key;
	flow->node[0].flow = flow;
	flow->nr_nodes = 1;
	return flow;
}

/* The connection whose peer lets it wait longest, if there are @nr such. */
static struct nx_flow *oldest_half_open(struct nx_channel *chan, u32 nr)
{
	struct nx_flow_table *table = &chan->nexus->flows;
	struct nx_flow *flow = NULL;

	spin_lock(&table->lock);
	if (chan->nr_half_open >= nr)
		flow = list_first_entry_or_null(&chan->half_open,
						struct nx_flow, half_open);
	spin_unlock(&table->lock);
	return flow;
}

/* Where there is no room, who has waited for its peer longest gives its own. */
static int link_accepted(struct nx_flow *flow)
{
	struct nx_channel *chan = flow->chan;
	struct nx_flow *oldest;
	int err;

	oldest = oldest_half_open(chan, max(chan->nr_flow_slots / 2, 1U));
	if (oldest)
		nx_flow_end(oldest);
	err = link(flow);
	if (err != -EUSERS && err != -ENOSPC)
		return err;
	oldest = oldest_half_open(chan, 1);
	if (!oldest)
		return err;
	nx_flow_end(oldest);
	return link(flow);
}

/**
 * nx_flow_has_room - would a channel have room for a connection more?
 * @chan: whose
 *
 * As it seems: others come and go.
 */
bool nx_flow_has_room(const struct nx_channel *chan)
{
	const struct nx_policy *policy = &chan->nexus->policy;
	u32 nr = READ_ONCE(chan->nr_flows);

	if (!nx_channel_is_active(chan))
		return false;
	if (data_race(chan->nr_half_open))	/* who gives way */
		return true;
	return nr < chan->nr_flow_slots && nr < READ_ONCE(policy->max_flows) &&
	       data_race(chan->user->nr_flows) <
	       READ_ONCE(policy->max_user_flows) &&
	       nx_quota_has_flow(quota_of(chan));
}

/**
 * nx_flow_accept - make a flow of a connection that a listener accepts
 * @listener: which, found in the caller's RCU section
 * @key:      of the connection
 * @syn_ack:  that the listener sends
 *
 * In that section, with bottom halves off. It ends by nx_flow_end(), or with
 * its channel. Connections whose peers do not answer have half of the channel's
 * indices at most, and give way to others.
 *
 * Return: the flow, or NULL: the channel has no room for it, or no memory.
 */
struct nx_flow *nx_flow_accept(struct nx_flow *listener,
			       const struct nx_flow_key *key,
			       const struct nx_tcp_seg *syn_ack)
{
	struct nx_flow *flow;

	/* The listener may have been deleted since it was found. */
	if (!refcount_inc_not_zero(&listener->users))
		return NULL;
	flow = accept_alloc(listener, key);
	if (!flow)
		goto err_put;
	nx_tcp_track_accept(&flow->track, syn_ack);
	flow->parent = listener;
	flow->sk = nx_flow_sk(listener);
	sock_hold(flow->sk);
	flow->pid = get_pid(listener->pid);
	nx_channel_get(flow->chan);
	if (!link_accepted(flow))
		return flow;
	nx_channel_put(flow->chan);
	flow_free(flow);
err_put:
	put_listener(listener);
	return NULL;
}

/* The flow at an index. It stays until the RCU section ends. */
static struct nx_flow *flow_at_rcu(struct nx_channel *chan, u32 idx)
{
	if (idx >= chan->nr_flow_slots)
		return NULL;
	return rcu_dereference(chan->flows[idx].flow);
}

/* Who has unlinked a flow has it until call_rcu(). */
static struct nx_flow *unlink_at(struct nx_channel *chan, u32 idx,
				 const u32 *generation)
{
	struct nx_flow *flow;

	rcu_read_lock();
	flow = flow_at_rcu(chan, idx);
	if (flow && generation && flow->generation != *generation)
		flow = NULL;
	if (flow && !unlink(flow))
		flow = NULL;
	rcu_read_unlock();
	return flow;
}

/*
 * The peer of a connection that ends so is told. Under the nexus's lock; a
 * connection that ends by itself had no grant.
 */
static void kill(struct nx_flow *flow, struct list_head *dead)
{
	nx_grant_drop(flow);
	nx_tcp_linger(flow);
	nx_tcp_socket_share(flow);
	nx_tcp_abort(flow);
	list_add(&flow->dead, dead);
}

/* Who found a connection of @chan's before it was unlinked is done with it. */
static void settle(struct nx_channel *chan)
{
	struct nx_queue *q;
	u32 i;

	for (i = 0; i < chan->nr_queues; i++) {
		q = &chan->queues[i];
		mutex_lock(&q->tx_lock);
		mutex_unlock(&q->tx_lock);
		spin_lock_bh(&q->rx_lock);
		spin_unlock_bh(&q->rx_lock);
	}
}

/**
 * nx_flow_del - give a flow up
 * @chan:       whose
 * @idx:        its index
 * @generation: and its generation
 *
 * When it returns, no packet of the flow is delivered or sent any more.
 *
 * Return: 0, ENOENT.
 */
int nx_flow_del(struct nx_channel *chan, u32 idx, u32 generation)
{
	bool is_connection = false;
	struct nx_flow *flow;
	LIST_HEAD(dead);

	mutex_lock(&chan->nexus->lock);
	flow = unlink_at(chan, idx, &generation);
	if (flow) {
		is_connection = nx_flow_is_tcp(flow) &&
				!nx_flow_is_listener(flow);
		kill(flow, &dead);
	}
	mutex_unlock(&chan->nexus->lock);
	if (!flow)
		return -ENOENT;
	nx_flow_release_all(&dead);
	/* Connections come and go: a grace period is too long for them. */
	if (is_connection)
		settle(chan);
	else
		synchronize_rcu();
	return 0;
}

/**
 * nx_flow_set_room - how many SYNs a flow beside the kernel's listener may have
 * @chan: whose
 * @arg:  as NEXUS_IOC_FLOW_ROOM has it
 *
 * Return: 0, or as documented there.
 */
int nx_flow_set_room(struct nx_channel *chan, const struct nexus_flow_room *arg)
{
	struct nx_flow *flow;
	int err = 0;

	rcu_read_lock();
	flow = flow_at_rcu(chan, arg->flow);
	if (!flow || flow->generation != arg->generation)
		err = -ENOENT;
	else if (!flow->listening)
		err = -EOPNOTSUPP;
	else
		nx_beside_set_room(flow, arg->nr);
	rcu_read_unlock();
	return err;
}

/**
 * nx_flow_unlink_all - take all flows of a channel out of its nexus
 * @chan: whose; it adds no further one, for it is no longer active; under its
 *        nexus's lock
 * @dead: they are added to this, for nx_flow_release_all()
 */
void nx_flow_unlink_all(struct nx_channel *chan, struct list_head *dead)
{
	struct nx_flow *flow;
	u32 idx;

	lockdep_assert_held(&chan->nexus->lock);
	/* A connection that was being accepted is there, or will not be. */
	spin_lock_bh(&chan->nexus->flows.lock);
	spin_unlock_bh(&chan->nexus->flows.lock);
	for (idx = 0; chan->nr_flows && idx < chan->nr_flow_slots; idx++) {
		flow = unlink_at(chan, idx, NULL);
		if (flow)
			kill(flow, dead);
		cond_resched();
	}
}

/* Those that were told need not be told again. */
static bool has_lost_address(const struct nx_flow *flow, struct net *net)
{
	int i;

	if (READ_ONCE(flow->is_address_gone))
		return false;
	for (i = 0; i < flow->nr_nodes; i++)
		if (!nx_address_is_kept(net, &flow->node[i].key))
			return true;
	return false;
}

static void tell_address_gone(struct nx_flow *flow)
{
	WRITE_ONCE(flow->is_address_gone, true);
	nx_advisory_flow_set(flow, NEXUS_FLOW_ADDR_GONE);
	nx_event_flow(flow, NEXUS_EVENT_ADDR_GONE, 0);
	nx_monitor_flow(flow, NEXUS_MONITOR_ADDR_GONE);
}

static void check_addresses(struct nx_channel *chan)
{
	struct nx_flow *flow;
	u32 idx;

	for (idx = 0; READ_ONCE(chan->nr_flows) && idx < chan->nr_flow_slots;
	     idx++) {
		rcu_read_lock();
		flow = flow_at_rcu(chan, idx);
		if (flow && has_lost_address(flow, chan->nexus->net))
			tell_address_gone(flow);
		rcu_read_unlock();
		cond_resched();
	}
}

/**
 * nx_flow_check_addresses - some address is no longer this host's
 * @nx: the nexuses of its namespace
 *
 * Nobody sends from it any more; its flows are told.
 */
void nx_flow_check_addresses(struct nx_net *nx)
{
	struct nx_channel *chan;
	struct nx_nexus *nexus;

	mutex_lock(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node) {
		mutex_lock(&nexus->lock);
		WRITE_ONCE(nexus->addr_seq, nexus->addr_seq + 1);
		list_for_each_entry(chan, &nexus->channels, node)
			check_addresses(chan);
		mutex_unlock(&nexus->lock);
	}
	mutex_unlock(&nx->lock);
}
