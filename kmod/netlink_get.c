// SPDX-License-Identifier: GPL-2.0
/*
 * Answers that list nexuses, channels and flows of the reader's network
 * namespace. A list goes on from the last object's number, so that what comes
 * and goes meanwhile neither hides another object nor shows one twice.
 */
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>
#include "channel.h"
#include "flow.h"
#include "netlink.h"
#include "nexus.h"

/**
 * struct cursor - how far a list got; in netlink_callback.ctx
 * @is_open: the request was read
 * @only:  id of the nexus that is asked for, or 0: all
 * @nexus: id of the one that is listed, or that was listed last
 * @chan:  id of its channel, likewise
 * @flow:  index of that channel's next flow
 * @is_over: of what is no list: its one message was put
 */
struct cursor {
	bool	is_open;
	bool	is_over;
	u32	only;
	u32	nexus;
	u32	chan;
	u32	flow;
};

/* Of a message about a nexus, besides its devices: 32 rules, every counter. */
#define NX_NEXUS_MSG_SIZE	4096
/* Of one device: a nest, an index and a name. */
#define NX_DEV_MSG_SIZE		(4 + 8 + 4 + IFNAMSIZ)

static struct cursor *cursor(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct cursor) > sizeof(cb->ctx));
	return (struct cursor *)cb->ctx;
}

static struct nx_reader reader(void)
{
	return (struct nx_reader) {
		.user_ns = current_user_ns(),
		.pid_ns = task_active_pid_ns(current),
	};
}

static int find_only(struct netlink_callback *cb, const char *name)
{
	struct nx_net *nx = nx_net(sock_net(cb->skb->sk));
	struct nx_nexus *nexus;

	mutex_lock(&nx->lock);
	nexus = nx_nexus_find(nx, name);
	if (nexus)
		cursor(cb)->only = nexus->id;
	mutex_unlock(&nx->lock);
	if (nexus)
		return 0;
	NL_SET_ERR_MSG(cb->extack, "there is no nexus of that name");
	return -ENODEV;
}

static int read_filter(struct netlink_callback *cb, struct nlattr *nest)
{
	struct nlattr *tb[NEXUS_NEXUS_A_NAME + 1];
	int ret;

	ret = nx_netlink_check_once(nla_data(nest), nla_len(nest), 0, cb->extack);
	if (ret)
		return ret;
	ret = nla_parse_nested(tb, NEXUS_NEXUS_A_NAME, nest, NULL, cb->extack);
	if (ret)
		return ret;
	if (!tb[NEXUS_NEXUS_A_NAME]) {
		NL_SET_ERR_MSG(cb->extack, "NAME is missing");
		return -EINVAL;
	}
	return find_only(cb, nla_data(tb[NEXUS_NEXUS_A_NAME]));
}

/*
 * Reads the request, before the first answer: older kernels lose the words of a
 * refusal that comes earlier.
 */
static int open(struct netlink_callback *cb)
{
	struct nlattr *tb[NEXUS_A_NEXUS + 1];
	int ret;

	if (cursor(cb)->is_open)
		return 0;
	cursor(cb)->is_open = true;
	ret = genlmsg_parse(cb->nlh, &nx_genl_family, tb, NEXUS_A_NEXUS,
			    nx_netlink_filter_policy, cb->extack);
	if (ret)
		return ret;
	ret = nx_netlink_check_once(nlmsg_attrdata(cb->nlh, GENL_HDRLEN),
				    nlmsg_attrlen(cb->nlh, GENL_HDRLEN), 0,
				    cb->extack);
	if (ret || !tb[NEXUS_A_NEXUS])
		return ret;
	return read_filter(cb, tb[NEXUS_A_NEXUS]);
}

/* A nexus is described by one message, however many devices it has. */
int nx_netlink_start_nexus(struct netlink_callback *cb)
{
	struct nx_net *nx = nx_net(sock_net(cb->skb->sk));
	struct nx_nexus *nexus;
	u32 nr_devs = 0;

	mutex_lock(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node)
		nr_devs = max(nr_devs, nexus->nr_devs);
	mutex_unlock(&nx->lock);
	cb->min_dump_alloc = NX_NEXUS_MSG_SIZE + nr_devs * NX_DEV_MSG_SIZE;
	return 0;
}

static void *begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &nx_genl_family, NLM_F_MULTI, cmd);
}

static int put_nexus(struct sk_buff *skb, struct netlink_callback *cb,
		     struct nx_nexus *nexus)
{
	struct nx_reader who = reader();
	struct nlattr *nest;
	void *msg;

	msg = begin(skb, cb, NEXUS_CMD_GET_NEXUS);
	if (!msg)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, msg);
	nest = nla_nest_start(skb, NEXUS_A_NEXUS);
	if (!nest || nx_netlink_put_nexus(skb, nexus, &who)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, msg);
	return 0;
}

static int put_channel(struct sk_buff *skb, struct netlink_callback *cb,
		       struct nx_channel *chan)
{
	struct nx_reader who = reader();
	struct nlattr *nest;
	void *msg;

	msg = begin(skb, cb, NEXUS_CMD_GET_CHANNEL);
	if (!msg)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, NEXUS_A_CHANNEL);
	if (!nest || nx_netlink_put_channel(skb, chan, &who)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, msg);
	return 0;
}

static int put_flow(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct nx_flow *flow)
{
	struct nx_reader who = reader();
	struct nlattr *nest;
	void *msg;

	msg = begin(skb, cb, NEXUS_CMD_GET_FLOW);
	if (!msg)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, NEXUS_A_FLOW);
	if (!nest || nx_netlink_put_flow(skb, flow, &who) ||
	    nx_netlink_put_flow_counters(skb, flow)) {
		genlmsg_cancel(skb, msg);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, msg);
	return 0;
}

/* The channel with the smallest id that is not below @id. */
static struct nx_channel *channel_from(const struct nx_nexus *nexus, u32 id)
{
	struct nx_channel *chan, *next = NULL;

	list_for_each_entry(chan, &nexus->channels, node)
		if (chan->id >= id && (!next || chan->id < next->id))
			next = chan;
	return next;
}

static int put_channels(struct sk_buff *skb, struct netlink_callback *cb,
			struct nx_nexus *nexus)
{
	struct cursor *c = cursor(cb);
	struct nx_channel *chan;
	int ret;

	while ((chan = channel_from(nexus, c->chan))) {
		ret = put_channel(skb, cb, chan);
		if (ret)
			return ret;
		c->chan = chan->id + 1;
	}
	return 0;
}

static int put_channel_flows(struct sk_buff *skb, struct netlink_callback *cb,
			     const struct nx_channel *chan)
{
	struct cursor *c = cursor(cb);
	const struct nx_flow *flow;
	int ret = 0;

	if (!READ_ONCE(chan->nr_flows))
		return 0;
	/* An accepted connection may end meanwhile. */
	rcu_read_lock();
	for (; c->flow < chan->nr_flow_slots; c->flow++) {
		flow = rcu_dereference(chan->flows[c->flow].flow);
		if (flow)
			ret = put_flow(skb, cb, flow);
		if (ret)
			break;
	}
	rcu_read_unlock();
	return ret;
}

static int put_flows(struct sk_buff *skb, struct netlink_callback *cb,
		     struct nx_nexus *nexus)
{
	struct cursor *c = cursor(cb);
	struct nx_channel *chan;
	int ret;

	while ((chan = channel_from(nexus, c->chan))) {
		if (chan->id != c->chan)
			c->flow = 0;
		c->chan = chan->id;
		ret = put_channel_flows(skb, cb, chan);
		if (ret)
			return ret;
		c->chan = chan->id + 1;
		c->flow = 0;
	}
	return 0;
}

/* Calls @put for each nexus that is asked for and not yet done. */
static int put_each(struct sk_buff *skb, struct netlink_callback *cb,
		    struct nx_net *nx,
		    int (*put)(struct sk_buff *skb, struct netlink_callback *cb,
			       struct nx_nexus *nexus))
{
	struct cursor *c = cursor(cb);
	struct nx_nexus *nexus;
	int ret;

	lockdep_assert_held(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node) {
		if (nexus->id < c->nexus || (c->only && nexus->id != c->only))
			continue;
		if (nexus->id != c->nexus)
			c->chan = c->flow = 0;
		c->nexus = nexus->id;
		mutex_lock(&nexus->lock);
		ret = put(skb, cb, nexus);
		mutex_unlock(&nexus->lock);
		if (ret)
			return ret;
		c->nexus = nexus->id + 1;
		c->chan = c->flow = 0;
	}
	return 0;
}

/* What is in @skb goes out before the list is carried on. */
static int end(const struct sk_buff *skb, int ret)
{
	return ret == -EMSGSIZE && skb->len ? skb->len : ret;
}

/* The RTNL keeps the devices' names. */
int nx_netlink_get_nexus(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nx_net *nx = nx_net(sock_net(skb->sk));
	int ret;

	ret = open(cb);
	if (ret)
		return ret;
	rtnl_lock();
	mutex_lock(&nx->lock);
	cb->seq = nx->gen;
	ret = put_each(skb, cb, nx, put_nexus);
	mutex_unlock(&nx->lock);
	rtnl_unlock();
	return end(skb, ret);
}

int nx_netlink_get_channel(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nx_net *nx = nx_net(sock_net(skb->sk));
	int ret;

	ret = open(cb);
	if (ret)
		return ret;
	mutex_lock(&nx->lock);
	ret = put_each(skb, cb, nx, put_channels);
	mutex_unlock(&nx->lock);
	return end(skb, ret);
}

int nx_netlink_get_flow(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nx_net *nx = nx_net(sock_net(skb->sk));
	int ret;

	ret = open(cb);
	if (ret)
		return ret;
	mutex_lock(&nx->lock);
	ret = put_each(skb, cb, nx, put_flows);
	mutex_unlock(&nx->lock);
	return end(skb, ret);
}

int nx_netlink_get_limits(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nx_net *nx = nx_net(sock_net(skb->sk));
	struct nlattr *nest;
	void *msg;
	int ret;

	ret = open(cb);
	if (ret || cursor(cb)->is_over)
		return ret;
	msg = begin(skb, cb, NEXUS_CMD_GET_LIMITS);
	if (!msg)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, NEXUS_A_LIMITS);
	mutex_lock(&nx->lock);
	ret = nest ? nx_netlink_put_limits(skb, &nx->quota) : -EMSGSIZE;
	mutex_unlock(&nx->lock);
	if (ret) {
		genlmsg_cancel(skb, msg);
		return ret;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, msg);
	cursor(cb)->is_over = true;
	return skb->len;
}
