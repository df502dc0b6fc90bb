// SPDX-License-Identifier: GPL-2.0
/*
 * Writes nexuses, channels and flows as netlink attributes.
 */
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/socket.h>
#include <linux/uidgid.h>
#include "channel.h"
#include "core/ring.h"
#include "flow.h"
#include "netlink.h"
#include "nexus.h"
#include "tcp.h"
#include "window.h"

#define NX_DROP_NAME(id, name, text)	[NEXUS_DROP_##id] = name,
static const char *const drop_names[NEXUS_NR_DROP_REASONS] = {
	[NEXUS_DROP_NONE] = "all",
	NEXUS_DROP_REASONS(NX_DROP_NAME)
};

static int put_count(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, NEXUS_COUNTERS_A_PAD);
}

static int put_traffic(struct sk_buff *skb, const struct nx_traffic *rx,
		       const struct nx_traffic *tx)
{
	if (put_count(skb, NEXUS_COUNTERS_A_RX_PACKETS, READ_ONCE(rx->packets)) ||
	    put_count(skb, NEXUS_COUNTERS_A_RX_BYTES, READ_ONCE(rx->bytes)) ||
	    put_count(skb, NEXUS_COUNTERS_A_TX_PACKETS, READ_ONCE(tx->packets)) ||
	    put_count(skb, NEXUS_COUNTERS_A_TX_BYTES, READ_ONCE(tx->bytes)))
		return -EMSGSIZE;
	return 0;
}

static int put_work(struct sk_buff *skb, const struct nx_counters *c)
{
	if (put_count(skb, NEXUS_COUNTERS_A_TX_LOCAL, c->tx_local.packets) ||
	    put_count(skb, NEXUS_COUNTERS_A_SYNCS, c->syncs) ||
	    put_count(skb, NEXUS_COUNTERS_A_WAKES, c->wakes) ||
	    put_count(skb, NEXUS_COUNTERS_A_BYTES_COPIED, c->bytes_copied) ||
	    put_count(skb, NEXUS_COUNTERS_A_BYTES_SUMMED, c->bytes_summed) ||
	    put_count(skb, NEXUS_COUNTERS_A_TX_DECLASSED, c->tx_declassed))
		return -EMSGSIZE;
	return 0;
}

static int put_drop(struct sk_buff *skb, u32 reason, u64 count)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, NEXUS_COUNTERS_A_DROP);
	if (!nest ||
	    nla_put_u32(skb, NEXUS_DROP_A_REASON, reason) ||
	    nla_put_string(skb, NEXUS_DROP_A_NAME, drop_names[reason]) ||
	    nla_put_u64_64bit(skb, NEXUS_DROP_A_COUNT, count, NEXUS_DROP_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_drops(struct sk_buff *skb, const u64 *drops)
{
	u32 i;

	for (i = 0; i < NEXUS_NR_DROP_REASONS; i++)
		if (drops[i] && put_drop(skb, i, drops[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_counters(struct sk_buff *skb, const struct nx_counters *c)
{
	if (put_traffic(skb, &c->rx, &c->tx) || put_work(skb, c) ||
	    put_drops(skb, c->drops))
		return -EMSGSIZE;
	return 0;
}

static int put_nexus_counters(struct sk_buff *skb, struct nx_nexus *nexus)
{
	struct nx_counters sum;
	struct nlattr *nest;

	nx_nexus_count(nexus, &sum);
	nest = nla_nest_start(skb, NEXUS_NEXUS_A_COUNTERS);
	if (!nest || put_counters(skb, &sum) ||
	    put_count(skb, NEXUS_COUNTERS_A_PASSED, sum.passed))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_dev(struct sk_buff *skb, const struct net_device *dev)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, NEXUS_NEXUS_A_DEV);
	if (!nest ||
	    nla_put_u32(skb, NEXUS_DEV_A_IFINDEX, dev->ifindex) ||
	    nla_put_string(skb, NEXUS_DEV_A_NAME, dev->name))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_devs(struct sk_buff *skb, const struct nx_nexus *nexus)
{
	const struct nx_dev *d;

	list_for_each_entry(d, &nexus->devs, node)
		if (put_dev(skb, d->dev))
			return -EMSGSIZE;
	return 0;
}

static int put_rule_id(struct sk_buff *skb, const struct nx_rule *rule,
		       struct user_namespace *user_ns)
{
	switch (rule->type) {
	case NEXUS_RULE_ANY:
		return 0;
	case NEXUS_RULE_UID:
		return nla_put_u32(skb, NEXUS_RULE_A_ID,
				   from_kuid_munged(user_ns, rule->uid));
	case NEXUS_RULE_GID:
		return nla_put_u32(skb, NEXUS_RULE_A_ID,
				   from_kgid_munged(user_ns, rule->gid));
	}
	return 0;
}

static int put_rules(struct sk_buff *skb, const struct nx_policy *policy,
		     struct user_namespace *user_ns)
{
	struct nlattr *nest;
	unsigned int i;

	for (i = 0; i < policy->nr_rules; i++) {
		nest = nla_nest_start(skb, NEXUS_POLICY_A_RULE);
		if (!nest ||
		    nla_put_u32(skb, NEXUS_RULE_A_TYPE, policy->rules[i].type) ||
		    put_rule_id(skb, &policy->rules[i], user_ns))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_policy(struct sk_buff *skb, const struct nx_policy *policy,
		      struct user_namespace *user_ns)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, NEXUS_NEXUS_A_POLICY);
	if (!nest || put_rules(skb, policy, user_ns) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_MAX_CHANNELS, policy->max_channels) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_MAX_FLOWS, policy->max_flows) ||
	    nla_put_u64_64bit(skb, NEXUS_POLICY_A_MAX_BYTES, policy->max_bytes,
			      NEXUS_POLICY_A_PAD) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_MAX_IDLE, policy->max_idle) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_MAX_LL, policy->max_ll) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_MAX_SYNS, policy->max_syns) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_LINGER, policy->linger_ms) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_ON_VIOLATION, policy->on_violation) ||
	    nla_put_u32(skb, NEXUS_POLICY_A_MAX_USER_FLOWS,
			policy->max_user_flows))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int nx_netlink_put_limits(struct sk_buff *skb, const struct nx_quota *quota)
{
	const struct nx_limits *limits = &quota->limits;

	if (nla_put_u32(skb, NEXUS_LIMITS_A_MAX_CHANNELS, limits->max_channels) ||
	    nla_put_u32(skb, NEXUS_LIMITS_A_MAX_FLOWS, limits->max_flows) ||
	    nla_put_u64_64bit(skb, NEXUS_LIMITS_A_MAX_BYTES, limits->max_bytes,
			      NEXUS_LIMITS_A_PAD) ||
	    nla_put_u32(skb, NEXUS_LIMITS_A_MAX_SYNS, limits->max_syns) ||
	    nla_put_u32(skb, NEXUS_LIMITS_A_NR_CHANNELS,
			atomic64_read(&quota->nr_channels)) ||
	    nla_put_u32(skb, NEXUS_LIMITS_A_NR_FLOWS,
			atomic64_read(&quota->nr_flows)) ||
	    nla_put_u64_64bit(skb, NEXUS_LIMITS_A_BYTES,
			      atomic64_read(&quota->bytes), NEXUS_LIMITS_A_PAD))
		return -EMSGSIZE;
	return 0;
}

int nx_netlink_put_nexus(struct sk_buff *skb, struct nx_nexus *nexus,
			 const struct nx_reader *reader)
{
	lockdep_assert_held(&nexus->lock);
	if (nla_put_string(skb, NEXUS_NEXUS_A_NAME, nexus->name) ||
	    nla_put_u32(skb, NEXUS_NEXUS_A_KIND, nexus->kind) ||
	    nla_put_u32(skb, NEXUS_NEXUS_A_ID, nexus->id) ||
	    nla_put_u32(skb, NEXUS_NEXUS_A_NR_CHANNELS, nexus->nr_channels) ||
	    nla_put_u32(skb, NEXUS_NEXUS_A_NR_FLOWS,
			READ_ONCE(nexus->nr_flows)) ||
	    nla_put_u32(skb, NEXUS_NEXUS_A_LL_AVAILABLE,
			nexus->grants.available) ||
	    nla_put_u32(skb, NEXUS_NEXUS_A_LL_GRANTED, nexus->grants.granted) ||
	    put_policy(skb, &nexus->policy, reader->user_ns) ||
	    put_nexus_counters(skb, nexus) ||
	    put_devs(skb, nexus))
		return -EMSGSIZE;
	return 0;
}

/* The user wrote one of the indices: it may say anything. */
static u32 ring_used(u32 prod, u32 cons, u32 mask)
{
	return min(nx_ring_filled(prod, cons), mask + 1);
}

static int put_queue(struct sk_buff *skb, const struct nx_queue *q)
{
	u32 tx_used, rx_used;
	struct nlattr *nest;

	/* For people: no lock of those who send and receive is taken for it. */
	tx_used = ring_used(READ_ONCE(*q->tx.prod), data_race(q->tx.here),
			    q->tx.mask);
	rx_used = ring_used(data_race(q->rx.here), READ_ONCE(*q->rx.cons),
			    q->rx.mask);
	nest = nla_nest_start(skb, NEXUS_CHANNEL_A_QUEUE);
	if (!nest ||
	    nla_put_u32(skb, NEXUS_QUEUE_A_INDEX, q->idx) ||
	    nla_put_u32(skb, NEXUS_QUEUE_A_TX_SLOTS, q->tx.mask + 1) ||
	    nla_put_u32(skb, NEXUS_QUEUE_A_TX_USED, tx_used) ||
	    nla_put_u32(skb, NEXUS_QUEUE_A_RX_SLOTS, q->rx.mask + 1) ||
	    nla_put_u32(skb, NEXUS_QUEUE_A_RX_USED, rx_used))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_queues(struct sk_buff *skb, const struct nx_channel *chan)
{
	u32 i;

	for (i = 0; i < chan->nr_queues; i++)
		if (put_queue(skb, &chan->queues[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_pool(struct sk_buff *skb, struct nx_pool *pool)
{
	u32 count[NX_NR_OWNERS];
	struct nlattr *nest;

	nx_pool_count(pool, count);
	nest = nla_nest_start(skb, NEXUS_CHANNEL_A_POOL);
	if (!nest ||
	    nla_put_u32(skb, NEXUS_POOL_A_BUFFERS, pool->nr) ||
	    nla_put_u32(skb, NEXUS_POOL_A_FREE, count[NX_OWNER_FREE]) ||
	    nla_put_u32(skb, NEXUS_POOL_A_USER, count[NX_OWNER_USER]) ||
	    nla_put_u32(skb, NEXUS_POOL_A_KERNEL, count[NX_OWNER_KERNEL]) ||
	    nla_put_u32(skb, NEXUS_POOL_A_IN_FLIGHT, count[NX_OWNER_IN_FLIGHT]) ||
	    nla_put_u64_64bit(skb, NEXUS_POOL_A_PAGES,
			      atomic_read(&pool->nr_populated),
			      NEXUS_POOL_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_channel_counters(struct sk_buff *skb,
				const struct nx_channel *chan)
{
	struct nx_counters sum = {};
	struct nlattr *nest;

	nx_channel_count(chan, &sum);
	nest = nla_nest_start(skb, NEXUS_CHANNEL_A_COUNTERS);
	if (!nest || put_counters(skb, &sum))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* As the library says, if it says anything: shown, and used for nothing. */
static int put_reported(struct sk_buff *skb, const struct nx_channel *chan)
{
	const struct nexus_ustats *u =
		nx_region_peek(&chan->regions[NEXUS_REGION_USTATS], 0);
	struct nx_traffic rx, tx;
	struct nlattr *nest;

	if (!u || !READ_ONCE(u->version))
		return 0;
	rx.packets = READ_ONCE(u->rx_packets);
	rx.bytes = READ_ONCE(u->rx_bytes);
	tx.packets = READ_ONCE(u->tx_packets);
	tx.bytes = READ_ONCE(u->tx_bytes);
	nest = nla_nest_start(skb, NEXUS_CHANNEL_A_REPORTED);
	if (!nest || put_traffic(skb, &rx, &tx))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_owner(struct sk_buff *skb, const struct nx_channel *chan,
		     const struct nx_reader *reader)
{
	if (nla_put_u32(skb, NEXUS_CHANNEL_A_PID,
			pid_nr_ns(chan->pid, reader->pid_ns)) ||
	    nla_put_string(skb, NEXUS_CHANNEL_A_COMM, chan->comm) ||
	    nla_put_u32(skb, NEXUS_CHANNEL_A_UID,
			from_kuid_munged(reader->user_ns, chan->uid)))
		return -EMSGSIZE;
	return 0;
}

static int put_defunct(struct sk_buff *skb, const struct nx_channel *chan)
{
	u32 reason = READ_ONCE(chan->defunct_reason);

	if (!reason)
		return 0;
	return nla_put_u32(skb, NEXUS_CHANNEL_A_DEFUNCT_REASON, reason);
}

static u32 wset_state(u32 state)
{
	switch ((enum nx_wset_state)state) {
	case NX_WSET_HOLDS:
		return NEXUS_TUNE_HOLDS;
	case NX_WSET_GROWS:
		return NEXUS_TUNE_GROWS;
	case NX_WSET_SHRINKS:
		return NEXUS_TUNE_SHRINKS;
	case NX_WSET_PURGED:
		return NEXUS_TUNE_RESTS;
	case NX_WSET_PINNED:
		return NEXUS_TUNE_PINNED;
	}
	return NEXUS_TUNE_HOLDS;
}

static u32 gather_state(enum nx_gather_state state)
{
	switch (state) {
	case NX_GATHER_RESTS:
		return NEXUS_TUNE_RESTS;
	case NX_GATHER_GROWS:
		return NEXUS_TUNE_GROWS;
	case NX_GATHER_HOLDS:
		return NEXUS_TUNE_HOLDS;
	case NX_GATHER_SHRINKS:
		return NEXUS_TUNE_SHRINKS;
	case NX_GATHER_VAIN:
		return NEXUS_TUNE_BACKS_OFF;
	case NX_GATHER_PINNED:
		return NEXUS_TUNE_PINNED;
	}
	return NEXUS_TUNE_RESTS;
}

static u32 budget_state(u32 state)
{
	switch ((enum nx_budget_state)state) {
	case NX_BUDGET_HOLDS:
		return NEXUS_TUNE_HOLDS;
	case NX_BUDGET_GROWS:
		return NEXUS_TUNE_GROWS;
	case NX_BUDGET_SHRINKS:
		return NEXUS_TUNE_SHRINKS;
	case NX_BUDGET_PINNED:
		return NEXUS_TUNE_PINNED;
	}
	return NEXUS_TUNE_HOLDS;
}

static u32 batch_state(u32 state)
{
	switch ((enum nx_batch_state)state) {
	case NX_BATCH_HOLDS:
		return NEXUS_TUNE_HOLDS;
	case NX_BATCH_GROWS:
		return NEXUS_TUNE_GROWS;
	case NX_BATCH_SHRINKS:
		return NEXUS_TUNE_SHRINKS;
	case NX_BATCH_PINNED:
		return NEXUS_TUNE_PINNED;
	}
	return NEXUS_TUNE_HOLDS;
}

/* @q: whose knob it is; NULL: the channel's */
static int put_knob(struct sk_buff *skb, const struct nx_queue *q, u32 knob,
		    u32 state, u32 value)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, NEXUS_CHANNEL_A_TUNE);
	if (!nest ||
	    nla_put_u32(skb, NEXUS_TUNE_A_KNOB, knob) ||
	    nla_put_u32(skb, NEXUS_TUNE_A_STATE, state) ||
	    nla_put_u32(skb, NEXUS_TUNE_A_VALUE, value) ||
	    (q && nla_put_u32(skb, NEXUS_TUNE_A_QUEUE, q->idx)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static u32 window_state(enum nx_window_state state)
{
	switch (state) {
	case NX_WINDOW_RESTS:
		return NEXUS_TUNE_RESTS;
	case NX_WINDOW_HOLDS:
		return NEXUS_TUNE_HOLDS;
	case NX_WINDOW_SHRINKS:
		return NEXUS_TUNE_SHRINKS;
	case NX_WINDOW_PINNED:
		return NEXUS_TUNE_PINNED;
	}
	return NEXUS_TUNE_RESTS;
}

static int put_queue_tune(struct sk_buff *skb, struct nx_queue *q)
{
	enum nx_gather_state state;
	u32 delay_us;

	state = nx_delay_show(q, &delay_us);
	if (put_knob(skb, q, NEXUS_TUNE_WAKE_DELAY, gather_state(state),
		     delay_us))
		return -EMSGSIZE;
	/* For people, as of some moment. */
	return put_knob(skb, q, NEXUS_TUNE_TX_BUDGET,
			budget_state(data_race(q->budget.state)),
			data_race(q->budget.packets));
}

static int put_tune(struct sk_buff *skb, struct nx_channel *chan)
{
	const struct nx_batch *batch = &chan->pool.batch;
	const struct nx_wset *w = &chan->tend.wset;
	enum nx_window_state window;
	u32 i, bytes;

	window = nx_window_show(chan, &bytes);
	if (put_knob(skb, NULL, NEXUS_TUNE_RECEIVE_WINDOW,
		     window_state(window), bytes))
		return -EMSGSIZE;
	if (put_knob(skb, NULL, NEXUS_TUNE_WORKING_SET,
		     wset_state(data_race(w->state)), data_race(w->target)))
		return -EMSGSIZE;
	if (put_knob(skb, NULL, NEXUS_TUNE_CACHE_BATCH,
		     batch_state(data_race(batch->state)),
		     data_race(batch->buffers)))
		return -EMSGSIZE;
	for (i = 0; i < chan->nr_queues; i++)
		if (put_queue_tune(skb, &chan->queues[i]))
			return -EMSGSIZE;
	return 0;
}

int nx_netlink_put_channel(struct sk_buff *skb, struct nx_channel *chan,
			   const struct nx_reader *reader)
{
	lockdep_assert_held(&chan->nexus->lock);
	if (nla_put_u32(skb, NEXUS_CHANNEL_A_ID, chan->id) ||
	    nla_put_string(skb, NEXUS_CHANNEL_A_NEXUS, chan->nexus->name) ||
	    nla_put_u32(skb, NEXUS_CHANNEL_A_PORT, chan->port) ||
	    put_owner(skb, chan, reader) ||
	    nla_put_u32(skb, NEXUS_CHANNEL_A_STATE,
			smp_load_acquire(&chan->state)) || /* U */
	    nla_put_u32(skb, NEXUS_CHANNEL_A_VIOLATION,
			nx_channel_offence(chan).violation) ||
	    nla_put_u32(skb, NEXUS_CHANNEL_A_FLAGS, chan->flags) ||
	    nla_put_u32(skb, NEXUS_CHANNEL_A_NR_FLOWS,
			READ_ONCE(chan->nr_flows)) ||
	    put_queues(skb, chan) || put_pool(skb, &chan->pool) ||
	    put_channel_counters(skb, chan) || put_reported(skb, chan))
		return -EMSGSIZE;
	return put_defunct(skb, chan) ?: put_tune(skb, chan);
}

static int put_end(struct sk_buff *skb, const struct nx_flow_key *key,
		   int addr_type, const union nx_addr *addr,
		   int port_type, __be16 port)
{
	int len = key->ip_version == 4 ? sizeof(addr->v4) : sizeof(addr->v6);

	if (nla_put(skb, addr_type, len, addr) ||
	    nla_put_be16(skb, port_type, port))
		return -EMSGSIZE;
	return 0;
}

static int put_key(struct sk_buff *skb, const struct nx_flow_key *key)
{
	if (nla_put_u16(skb, NEXUS_FLOW_A_FAMILY,
			key->ip_version == 4 ? AF_INET : AF_INET6) ||
	    nla_put_u8(skb, NEXUS_FLOW_A_PROTOCOL, key->protocol) ||
	    put_end(skb, key, NEXUS_FLOW_A_LOCAL, &key->local,
		    NEXUS_FLOW_A_LOCAL_PORT, key->local_port))
		return -EMSGSIZE;
	if (nx_flow_key_is_listener(key))
		return 0;
	return put_end(skb, key, NEXUS_FLOW_A_REMOTE, &key->remote,
		       NEXUS_FLOW_A_REMOTE_PORT, key->remote_port);
}

int nx_netlink_put_flow(struct sk_buff *skb, const struct nx_flow *flow,
			const struct nx_reader *reader)
{
	if (nla_put_string(skb, NEXUS_FLOW_A_NEXUS, flow->chan->nexus->name) ||
	    nla_put_u32(skb, NEXUS_FLOW_A_CHANNEL_ID, flow->chan->id) ||
	    nla_put_u32(skb, NEXUS_FLOW_A_INDEX, flow->idx) ||
	    nla_put_u32(skb, NEXUS_FLOW_A_GENERATION, flow->generation) ||
	    put_key(skb, &flow->node[0].key) ||
	    nla_put_u32(skb, NEXUS_FLOW_A_PID,
			pid_nr_ns(flow->pid, reader->pid_ns)) ||
	    nla_put_u32(skb, NEXUS_FLOW_A_UID,
			from_kuid_munged(reader->user_ns, flow->uid)) ||
	    nla_put_u32(skb, NEXUS_FLOW_A_CLASS, flow->traffic_class))
		return -EMSGSIZE;
	return 0;
}

/* What the flow's owner sees; nothing of one that has given its index up. */
static int put_advice(struct sk_buff *skb, const struct nx_flow *flow)
{
	const struct nexus_flow_advisory *a = READ_ONCE(flow->advice.entry);
	u32 permille = READ_ONCE(flow->grant.permille);

	if (permille && nla_put_u32(skb, NEXUS_FLOW_A_LL_PERMILLE, permille))
		return -EMSGSIZE;
	if (!a)
		return 0;
	if (nla_put_u32(skb, NEXUS_FLOW_A_ADVICE, READ_ONCE(a->flags)) ||
	    nla_put_u32(skb, NEXUS_FLOW_A_CONGESTION, READ_ONCE(a->congestion)))
		return -EMSGSIZE;
	return 0;
}

/* As the kernel follows it. */
static int put_tcp(struct sk_buff *skb, const struct nx_flow *flow)
{
	const struct nx_tcp_track *t = &flow->track;
	struct nlattr *nest;
	u32 unacked;

	if (!nx_flow_is_tcp(flow))
		return 0;
	/* For people: what passes meanwhile may change it. */
	unacked = data_race(t->local.nxt) - data_race(t->local.acked);
	nest = nla_nest_start(skb, NEXUS_FLOW_A_TCP);
	if (!nest ||
	    nla_put_u32(skb, NEXUS_TCP_A_STATE, nx_tcp_state(flow)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_UNACKED, unacked))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_report_sizes(struct sk_buff *skb,
			    const struct nexus_tcp_report *r)
{
	if (nla_put_u32(skb, NEXUS_TCP_A_UNACKED, READ_ONCE(r->unacked)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_UNREAD, READ_ONCE(r->unread)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_UNSENT, READ_ONCE(r->unsent)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_MSS, READ_ONCE(r->mss)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_CWND, READ_ONCE(r->cwnd)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_SSTHRESH, READ_ONCE(r->ssthresh)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_SND_WND, READ_ONCE(r->snd_wnd)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_RCV_WND, READ_ONCE(r->rcv_wnd)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_RETRANS, READ_ONCE(r->nr_retrans)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_RTOS, READ_ONCE(r->nr_rtos)))
		return -EMSGSIZE;
	return 0;
}

static int put_long(struct sk_buff *skb, int type, const __u64 *value)
{
	return nla_put_u64_64bit(skb, type, READ_ONCE(*value), NEXUS_TCP_A_PAD);
}

static int put_report_times(struct sk_buff *skb,
			    const struct nexus_tcp_report *r)
{
	if (put_long(skb, NEXUS_TCP_A_SRTT_NS, &r->srtt_ns) ||
	    put_long(skb, NEXUS_TCP_A_RTTVAR_NS, &r->rttvar_ns) ||
	    put_long(skb, NEXUS_TCP_A_MIN_RTT_NS, &r->min_rtt_ns) ||
	    put_long(skb, NEXUS_TCP_A_RTO_NS, &r->rto_ns) ||
	    put_long(skb, NEXUS_TCP_A_BYTES_ACKED, &r->bytes_acked) ||
	    put_long(skb, NEXUS_TCP_A_BYTES_RECEIVED, &r->bytes_received) ||
	    put_long(skb, NEXUS_TCP_A_BYTES_RETRANS, &r->bytes_retrans))
		return -EMSGSIZE;
	return 0;
}

/* As the library says, if it says anything: shown, and used for nothing. */
static int put_flow_reported(struct sk_buff *skb, const struct nx_flow *flow)
{
	const struct nx_region *region = &flow->chan->regions[NEXUS_REGION_USTATS];
	const struct nexus_tcp_report *r;
	struct nlattr *nest;

	r = nx_region_peek(region, NEXUS_REPORT_OFF(flow->idx));
	if (!nx_flow_is_tcp(flow) || !r ||
	    READ_ONCE(r->generation) != flow->generation)
		return 0;
	nest = nla_nest_start(skb, NEXUS_FLOW_A_REPORTED);
	if (!nest ||
	    nla_put_u32(skb, NEXUS_TCP_A_STATE, READ_ONCE(r->state)) ||
	    nla_put_u32(skb, NEXUS_TCP_A_FLAGS, READ_ONCE(r->flags)) ||
	    put_report_sizes(skb, r) || put_report_times(skb, r))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* A flow's drops are counted without their reasons. */
int nx_netlink_put_flow_counters(struct sk_buff *skb,
				 const struct nx_flow *flow)
{
	u64 drops = atomic64_read(&flow->drops);
	struct nlattr *nest;

	if (put_advice(skb, flow) || put_tcp(skb, flow) ||
	    put_flow_reported(skb, flow))
		return -EMSGSIZE;
	nest = nla_nest_start(skb, NEXUS_FLOW_A_COUNTERS);
	if (!nest || put_traffic(skb, &flow->rx, &flow->tx) ||
	    (drops && put_drop(skb, NEXUS_DROP_NONE, drops)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
