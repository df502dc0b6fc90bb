// SPDX-License-Identifier: GPL-2.0
/*
 * Tells administrators what happens to a nexus, by multicast in its network
 * namespace.
 *
 * Everything runs under RCU: a nexus that is not dead yet has a namespace that
 * stays until the last reader is done.
 */
#include <linux/cred.h>
#include <linux/netdevice.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include "channel.h"
#include "flow.h"
#include "monitor.h"
#include "netlink.h"
#include "nexus.h"

#define NX_EVENTS_GROUP		0
/* The longest event is that of a flow; it takes about 300 bytes. */
#define NX_EVENT_SIZE		1024

/**
 * struct event - an event that is written
 * @skb:  its message
 * @net:  where it is told
 * @msg:  for genlmsg_end()
 * @nest: EVENT
 * @err:  something did not fit
 */
struct event {
	struct sk_buff	*skb;
	struct net	*net;
	void		*msg;
	struct nlattr	*nest;
	bool		err;
};

/*
 * Many read one message. Users are numbered as in the namespace that owns the
 * network; so are processes, as far as a network namespace can tell: the first
 * one is the host's, any other one is read where its programs run.
 */
static struct user_namespace *event_user_ns(const struct event *e)
{
	return e->net->user_ns;
}

static struct pid_namespace *event_pid_ns(const struct event *e,
					  struct pid *pid)
{
	return net_eq(e->net, &init_net) ? &init_pid_ns : ns_of_pid(pid);
}

static void put_u32(struct event *e, int type, u32 value)
{
	e->err |= nla_put_u32(e->skb, type, value);
}

static void put_string(struct event *e, int type, const char *s)
{
	e->err |= nla_put_string(e->skb, type, s);
}

static bool event_begin(struct event *e, const struct nx_nexus *nexus,
			enum nexus_monitor_type type)
{
	if (READ_ONCE(nexus->is_dead))
		return false;
	e->net = nexus->net;
	e->err = false;
	if (!genl_has_listeners(&nx_genl_family, e->net, NX_EVENTS_GROUP))
		return false;
	e->skb = genlmsg_new(NX_EVENT_SIZE, GFP_ATOMIC);
	if (!e->skb)
		goto lost;
	e->msg = genlmsg_put(e->skb, 0, 0, &nx_genl_family, 0, NEXUS_CMD_EVENT);
	e->nest = nla_nest_start(e->skb, NEXUS_A_EVENT);
	put_u32(e, NEXUS_EVENT_A_TYPE, type);
	e->err |= nla_put_u64_64bit(e->skb, NEXUS_EVENT_A_TIME_NS,
				    ktime_get_real_ns(), NEXUS_EVENT_A_PAD);
	put_string(e, NEXUS_EVENT_A_NEXUS, nexus->name);
	return true;
lost:
	/* Listeners get ENOBUFS, as from a full socket. */
	genl_set_err(&nx_genl_family, e->net, 0, NX_EVENTS_GROUP, -ENOBUFS);
	return false;
}

static void event_end(struct event *e)
{
	if (WARN_ON_ONCE(e->err || !e->msg || !e->nest)) {
		nlmsg_free(e->skb);
		return;
	}
	nla_nest_end(e->skb, e->nest);
	genlmsg_end(e->skb, e->msg);
	genlmsg_multicast_netns(&nx_genl_family, e->net, e->skb, 0,
				NX_EVENTS_GROUP, GFP_ATOMIC);
}

static void put_task(struct event *e, struct pid *pid, const char *comm,
		     kuid_t uid)
{
	put_u32(e, NEXUS_EVENT_A_PID, pid_nr_ns(pid, event_pid_ns(e, pid)));
	put_string(e, NEXUS_EVENT_A_COMM, comm);
	put_u32(e, NEXUS_EVENT_A_UID, from_kuid_munged(event_user_ns(e), uid));
}

void nx_monitor_nexus(const struct nx_nexus *nexus, enum nexus_monitor_type type)
{
	struct event e;

	rcu_read_lock();
	if (event_begin(&e, nexus, type))
		event_end(&e);
	rcu_read_unlock();
}

void nx_monitor_dev(const struct nx_nexus *nexus, enum nexus_monitor_type type,
		    const struct net_device *dev)
{
	struct event e;

	rcu_read_lock();
	if (event_begin(&e, nexus, type)) {
		put_u32(&e, NEXUS_EVENT_A_IFINDEX, dev->ifindex);
		put_string(&e, NEXUS_EVENT_A_IFNAME, dev->name);
		event_end(&e);
	}
	rcu_read_unlock();
}

/* In the context of who was denied. */
void nx_monitor_denied(const struct nx_nexus *nexus)
{
	char comm[TASK_COMM_LEN];
	struct event e;

	get_task_comm(comm, current);
	rcu_read_lock();
	if (event_begin(&e, nexus, NEXUS_MONITOR_ATTACH_DENIED)) {
		put_task(&e, task_tgid(current), comm, current_euid());
		event_end(&e);
	}
	rcu_read_unlock();
}

void nx_monitor_channel(const struct nx_channel *chan,
			enum nexus_monitor_type type)
{
	struct nx_offence offence = nx_channel_offence(chan);
	struct event e;

	rcu_read_lock();
	if (event_begin(&e, chan->nexus, type)) {
		put_u32(&e, NEXUS_EVENT_A_CHANNEL_ID, chan->id);
		put_task(&e, chan->pid, chan->comm, chan->uid);
		if (type == NEXUS_MONITOR_VIOLATION) {
			put_u32(&e, NEXUS_EVENT_A_VIOLATION, offence.violation);
			put_u32(&e, NEXUS_EVENT_A_INDEX, offence.index);
			put_u32(&e, NEXUS_EVENT_A_VALUE, offence.value);
		}
		event_end(&e);
	}
	rcu_read_unlock();
}

void nx_monitor_memory(const struct nx_channel *chan,
		       enum nexus_monitor_type type,
		       enum nexus_defunct_reason reason, u32 nr_pages)
{
	struct event e;

	rcu_read_lock();
	if (event_begin(&e, chan->nexus, type)) {
		put_u32(&e, NEXUS_EVENT_A_CHANNEL_ID, chan->id);
		put_task(&e, chan->pid, chan->comm, chan->uid);
		put_u32(&e, NEXUS_EVENT_A_REASON, reason);
		put_u32(&e, NEXUS_EVENT_A_PAGES, nr_pages);
		event_end(&e);
	}
	rcu_read_unlock();
}

static void put_flow(struct event *e, const struct nx_flow *flow)
{
	struct nx_reader reader = {
		.user_ns = event_user_ns(e),
		.pid_ns = event_pid_ns(e, flow->pid),
	};
	struct nlattr *nest;

	nest = nla_nest_start(e->skb, NEXUS_EVENT_A_FLOW);
	if (!nest || nx_netlink_put_flow(e->skb, flow, &reader))
		e->err = true;
	else
		nla_nest_end(e->skb, nest);
}

void nx_monitor_flow(const struct nx_flow *flow, enum nexus_monitor_type type)
{
	struct event e;

	rcu_read_lock();
	if (event_begin(&e, flow->chan->nexus, type)) {
		put_u32(&e, NEXUS_EVENT_A_CHANNEL_ID, flow->chan->id);
		put_task(&e, flow->chan->pid, flow->chan->comm, flow->chan->uid);
		put_flow(&e, flow);
		event_end(&e);
	}
	rcu_read_unlock();
}
