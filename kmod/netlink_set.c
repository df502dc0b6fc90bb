// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that change something. Their attributes were validated by policy;
 * what it cannot say is checked here: what is missing, and what stands twice.
 */
#include <linux/cred.h>
#include "channel.h"
#include "compat.h"
#include "defunct.h"
#include "flow.h"
#include "monitor.h"
#include "netlink.h"
#include "nexus.h"
#include "tend.h"
#include "window.h"

/*
 * Of attributes that were validated already: each may stand once, but for type
 * @several.
 */
int nx_netlink_check_once(const struct nlattr *head, int len, int several,
			  struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	u32 seen = 0;
	int rem;

	nla_for_each_attr(attr, head, len, rem) {
		int type = nla_type(attr);

		if (type == several)
			continue;
		if (seen & BIT(type)) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "the attribute stands twice");
			return -EINVAL;
		}
		seen |= BIT(type);
	}
	return 0;
}

static int parse_once(struct nlattr **tb, int max, const struct nlattr *nest,
		      int several, struct netlink_ext_ack *extack)
{
	int ret;

	ret = nx_netlink_check_once(nla_data(nest), nla_len(nest), several,
				    extack);
	return ret ? ret : nla_parse_nested(tb, max, nest, NULL, extack);
}

static int missing(struct genl_info *info, struct nlattr *nest, int type,
		   const char *name)
{
	NL_SET_ERR_MSG_FMT(info->extack, "%s is missing", name);
	NL_SET_ERR_ATTR_MISS(info->extack, nest, type);
	return -EINVAL;
}

/* The one nest of the top level, and its attributes. */
static int parse_top(struct genl_info *info, int type, const char *name,
		     struct nlattr **tb, int max, int several)
{
	int ret;

	ret = nx_netlink_check_once(nlmsg_attrdata(info->nlhdr, GENL_HDRLEN),
				    nlmsg_attrlen(info->nlhdr, GENL_HDRLEN),
				    0, info->extack);
	if (ret)
		return ret;
	if (!info->attrs[type])
		return missing(info, NULL, type, name);
	return parse_once(tb, max, info->attrs[type], several, info->extack);
}

static int parse_nexus(struct genl_info *info, struct nlattr **tb)
{
	int ret;

	ret = parse_top(info, NEXUS_A_NEXUS, "NEXUS", tb, NEXUS_NEXUS_A_MAX, 0);
	if (ret)
		return ret;
	if (!tb[NEXUS_NEXUS_A_NAME])
		return missing(info, info->attrs[NEXUS_A_NEXUS],
			       NEXUS_NEXUS_A_NAME, "NAME");
	return 0;
}

static int new_nexus(struct genl_info *info)
{
	struct nlattr *tb[NEXUS_NEXUS_A_MAX + 1];
	int ret;

	ret = parse_nexus(info, tb);
	if (ret)
		return ret;
	if (!tb[NEXUS_NEXUS_A_KIND])
		return missing(info, info->attrs[NEXUS_A_NEXUS],
			       NEXUS_NEXUS_A_KIND, "KIND");
	return nx_nexus_new(genl_info_net(info), nla_data(tb[NEXUS_NEXUS_A_NAME]),
			    nla_get_u32(tb[NEXUS_NEXUS_A_KIND]), info->extack);
}

static int del_nexus(struct genl_info *info)
{
	struct nlattr *tb[NEXUS_NEXUS_A_MAX + 1];
	int ret;

	ret = parse_nexus(info, tb);
	if (ret)
		return ret;
	return nx_nexus_del(genl_info_net(info), nla_data(tb[NEXUS_NEXUS_A_NAME]),
			    info->extack);
}

static int parse_dev(struct genl_info *info, struct nlattr **tb, int *ifindex)
{
	struct nlattr *dev[NEXUS_DEV_A_MAX + 1];
	int ret;

	ret = parse_nexus(info, tb);
	if (ret)
		return ret;
	if (!tb[NEXUS_NEXUS_A_DEV])
		return missing(info, info->attrs[NEXUS_A_NEXUS],
			       NEXUS_NEXUS_A_DEV, "DEV");
	ret = parse_once(dev, NEXUS_DEV_A_MAX, tb[NEXUS_NEXUS_A_DEV], 0,
			 info->extack);
	if (ret)
		return ret;
	if (!dev[NEXUS_DEV_A_IFINDEX])
		return missing(info, tb[NEXUS_NEXUS_A_DEV],
			       NEXUS_DEV_A_IFINDEX, "IFINDEX");
	*ifindex = nla_get_u32(dev[NEXUS_DEV_A_IFINDEX]);
	return 0;
}

static int add_dev(struct genl_info *info)
{
	struct nlattr *tb[NEXUS_NEXUS_A_MAX + 1];
	int ifindex;
	int ret;

	ret = parse_dev(info, tb, &ifindex);
	if (ret)
		return ret;
	return nx_dev_add(genl_info_net(info), nla_data(tb[NEXUS_NEXUS_A_NAME]),
			  ifindex, info->extack);
}

static int del_dev(struct genl_info *info)
{
	struct nlattr *tb[NEXUS_NEXUS_A_MAX + 1];
	int ifindex;
	int ret;

	ret = parse_dev(info, tb, &ifindex);
	if (ret)
		return ret;
	return nx_dev_del(genl_info_net(info), nla_data(tb[NEXUS_NEXUS_A_NAME]),
			  ifindex, info->extack);
}

static int read_rule_id(struct genl_info *info, struct nlattr *id,
			struct nx_rule *rule)
{
	switch (rule->type) {
	case NEXUS_RULE_ANY:
		return 0;
	case NEXUS_RULE_UID:
		rule->uid = make_kuid(current_user_ns(), nla_get_u32(id));
		if (uid_valid(rule->uid))
			return 0;
		NL_SET_ERR_MSG_ATTR(info->extack, id,
				    "your user namespace has no such user");
		return -EINVAL;
	case NEXUS_RULE_GID:
		rule->gid = make_kgid(current_user_ns(), nla_get_u32(id));
		if (gid_valid(rule->gid))
			return 0;
		NL_SET_ERR_MSG_ATTR(info->extack, id,
				    "your user namespace has no such group");
		return -EINVAL;
	}
	return -EINVAL;
}

static int read_rule(struct genl_info *info, struct nlattr *nest,
		     struct nx_rule *rule)
{
	struct nlattr *tb[NEXUS_RULE_A_MAX + 1];
	struct nlattr *id;
	int ret;

	ret = parse_once(tb, NEXUS_RULE_A_MAX, nest, 0, info->extack);
	if (ret)
		return ret;
	if (!tb[NEXUS_RULE_A_TYPE])
		return missing(info, nest, NEXUS_RULE_A_TYPE, "TYPE of a rule");
	rule->type = nla_get_u32(tb[NEXUS_RULE_A_TYPE]);
	id = tb[NEXUS_RULE_A_ID];
	if (rule->type == NEXUS_RULE_ANY && id) {
		NL_SET_ERR_MSG_ATTR(info->extack, id,
				    "a rule for everybody has no ID");
		return -EINVAL;
	}
	if (rule->type != NEXUS_RULE_ANY && !id)
		return missing(info, nest, NEXUS_RULE_A_ID, "ID of a rule");
	return read_rule_id(info, id, rule);
}

static int read_rules(struct genl_info *info, const struct nlattr *nest,
		      struct nx_policy *policy)
{
	struct nlattr *attr;
	int rem, ret;

	policy->nr_rules = 0;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != NEXUS_POLICY_A_RULE)
			continue;
		if (policy->nr_rules == NEXUS_RULES_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "a policy has at most 32 rules");
			return -E2BIG;
		}
		ret = read_rule(info, attr, &policy->rules[policy->nr_rules]);
		if (ret)
			return ret;
		policy->nr_rules++;
	}
	return 0;
}

static void read_limits(struct nlattr **tb, struct nx_policy *policy)
{
	if (tb[NEXUS_POLICY_A_MAX_CHANNELS])
		policy->max_channels =
			nla_get_u32(tb[NEXUS_POLICY_A_MAX_CHANNELS]);
	if (tb[NEXUS_POLICY_A_MAX_FLOWS])
		policy->max_flows = nla_get_u32(tb[NEXUS_POLICY_A_MAX_FLOWS]);
	if (tb[NEXUS_POLICY_A_MAX_USER_FLOWS])
		policy->max_user_flows =
			nla_get_u32(tb[NEXUS_POLICY_A_MAX_USER_FLOWS]);
	if (tb[NEXUS_POLICY_A_MAX_BYTES])
		policy->max_bytes = nla_get_u64(tb[NEXUS_POLICY_A_MAX_BYTES]);
	if (tb[NEXUS_POLICY_A_MAX_IDLE])
		policy->max_idle = nla_get_u32(tb[NEXUS_POLICY_A_MAX_IDLE]);
	if (tb[NEXUS_POLICY_A_MAX_LL])
		policy->max_ll = nla_get_u32(tb[NEXUS_POLICY_A_MAX_LL]);
	if (tb[NEXUS_POLICY_A_MAX_SYNS])
		policy->max_syns = nla_get_u32(tb[NEXUS_POLICY_A_MAX_SYNS]);
	if (tb[NEXUS_POLICY_A_LINGER])
		policy->linger_ms = nla_get_u32(tb[NEXUS_POLICY_A_LINGER]);
	if (tb[NEXUS_POLICY_A_ON_VIOLATION])
		policy->on_violation =
			nla_get_u32(tb[NEXUS_POLICY_A_ON_VIOLATION]);
}

/* Changes in @policy what @nest holds; of no use to anybody if it fails. */
static int read_policy(struct genl_info *info, const struct nlattr *nest,
		       struct nx_policy *policy)
{
	struct nlattr *tb[NEXUS_POLICY_A_MAX + 1];
	int ret;

	ret = parse_once(tb, NEXUS_POLICY_A_MAX, nest, NEXUS_POLICY_A_RULE,
			 info->extack);
	if (ret)
		return ret;
	if (!nla_len(nest)) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest,
				    "the policy changes nothing");
		return -EINVAL;
	}
	if (tb[NEXUS_POLICY_A_RULE] && tb[NEXUS_POLICY_A_NO_RULES]) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[NEXUS_POLICY_A_NO_RULES],
				    "RULE and NO_RULES exclude each other");
		return -EINVAL;
	}
	read_limits(tb, policy);
	if (tb[NEXUS_POLICY_A_RULE] || tb[NEXUS_POLICY_A_NO_RULES])
		return read_rules(info, nest, policy);
	return 0;
}

static int change_policy(struct genl_info *info, struct nx_nexus *nexus,
			 const struct nlattr *nest)
{
	struct nx_policy policy;
	int ret;

	mutex_lock(&nexus->lock);
	policy = nexus->policy;
	ret = read_policy(info, nest, &policy);
	if (!ret) {
		policy.nr++;
		nx_policy_set(&nexus->policy, &policy);
		if (policy.max_idle)
			nx_tend_soon(0);
		nx_monitor_nexus(nexus, NEXUS_MONITOR_POLICY);
	}
	mutex_unlock(&nexus->lock);
	return ret;
}

static int set_policy(struct genl_info *info)
{
	struct nx_net *nx = nx_net(genl_info_net(info));
	struct nlattr *tb[NEXUS_NEXUS_A_MAX + 1];
	struct nx_nexus *nexus;
	const char *name;
	int ret;

	ret = parse_nexus(info, tb);
	if (ret)
		return ret;
	if (!tb[NEXUS_NEXUS_A_POLICY])
		return missing(info, info->attrs[NEXUS_A_NEXUS],
			       NEXUS_NEXUS_A_POLICY, "POLICY");
	name = nla_data(tb[NEXUS_NEXUS_A_NAME]);
	ret = -ENODEV;
	mutex_lock(&nx->lock);
	nexus = nx_nexus_find(nx, name);
	if (nexus)
		ret = change_policy(info, nexus, tb[NEXUS_NEXUS_A_POLICY]);
	else
		NL_SET_ERR_MSG_FMT(info->extack, "there is no nexus '%s'", name);
	if (!ret)
		nx->gen++;
	mutex_unlock(&nx->lock);
	return ret;
}

static struct nx_channel *channel_in(struct nx_nexus *nexus, u32 id)
{
	struct nx_channel *chan, *found = NULL;

	mutex_lock(&nexus->lock);
	list_for_each_entry(chan, &nexus->channels, node) {
		if (chan->id != id)
			continue;
		nx_channel_get(chan);
		found = chan;
		break;
	}
	mutex_unlock(&nexus->lock);
	return found;
}

/* The caller puts it. */
static struct nx_channel *channel_get_by_id(struct net *net, u32 id)
{
	struct nx_net *nx = nx_net(net);
	struct nx_channel *chan = NULL;
	struct nx_nexus *nexus;

	mutex_lock(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node) {
		chan = channel_in(nexus, id);
		if (chan)
			break;
	}
	mutex_unlock(&nx->lock);
	return chan;
}

static int parse_flow(struct genl_info *info, struct nlattr **tb)
{
	int ret;

	ret = parse_top(info, NEXUS_A_FLOW, "FLOW", tb, NEXUS_FLOW_A_MAX, 0);
	if (ret)
		return ret;
	if (!tb[NEXUS_FLOW_A_CHANNEL_ID])
		return missing(info, info->attrs[NEXUS_A_FLOW],
			       NEXUS_FLOW_A_CHANNEL_ID, "CHANNEL_ID");
	if (!tb[NEXUS_FLOW_A_INDEX])
		return missing(info, info->attrs[NEXUS_A_FLOW],
			       NEXUS_FLOW_A_INDEX, "INDEX");
	if (!tb[NEXUS_FLOW_A_GENERATION])
		return missing(info, info->attrs[NEXUS_A_FLOW],
			       NEXUS_FLOW_A_GENERATION, "GENERATION");
	return 0;
}

static int no_such_channel(struct genl_info *info, u32 id)
{
	NL_SET_ERR_MSG_FMT(info->extack, "there is no channel %u", id);
	return -ENOENT;
}

static int del_flow(struct genl_info *info)
{
	struct nlattr *tb[NEXUS_FLOW_A_MAX + 1];
	struct nx_channel *chan;
	u32 id, idx;
	int ret;

	ret = parse_flow(info, tb);
	if (ret)
		return ret;
	id = nla_get_u32(tb[NEXUS_FLOW_A_CHANNEL_ID]);
	idx = nla_get_u32(tb[NEXUS_FLOW_A_INDEX]);
	chan = channel_get_by_id(genl_info_net(info), id);
	if (!chan)
		return no_such_channel(info, id);
	ret = nx_flow_del(chan, idx, nla_get_u32(tb[NEXUS_FLOW_A_GENERATION]));
	nx_channel_put(chan);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_FMT(info->extack,
				   "channel %u has no such flow %u, or another one by now",
				   id, idx);
	return ret;
}

/* One channel is named, so a refusal says what it is. */
static int defunct_one(struct genl_info *info, u32 id)
{
	struct nx_channel *chan;
	int ret;

	chan = channel_get_by_id(genl_info_net(info), id);
	if (!chan)
		return no_such_channel(info, id);
	ret = nx_defunct(chan, NEXUS_DEFUNCT_ASKED);
	nx_channel_put(chan);
	if (ret == -EOPNOTSUPP)
		NL_SET_ERR_MSG_FMT(info->extack,
				   "channel %u has not agreed to it", id);
	if (ret == -EALREADY)
		NL_SET_ERR_MSG_FMT(info->extack,
				   "channel %u is defunct already", id);
	return ret;
}

static int defunct_several(struct genl_info *info,
			   const struct nx_defunct_who *who)
{
	struct nx_defunct_sum sum = {};

	nx_defunct_all(genl_info_net(info), who, NEXUS_DEFUNCT_ASKED, &sum);
	if (sum.nr)
		return 0;
	if (sum.nr_kept) {
		NL_SET_ERR_MSG(info->extack,
			       "none of their channels has agreed to it");
		return -EOPNOTSUPP;
	}
	NL_SET_ERR_MSG(info->extack, "they have no channel here that is left");
	return -ESRCH;
}

static int defunct_process(struct genl_info *info, u32 nr)
{
	struct nx_defunct_who who = { .pid = find_get_pid(nr) };
	int ret;

	if (!who.pid) {
		NL_SET_ERR_MSG_FMT(info->extack, "there is no process %u", nr);
		return -ESRCH;
	}
	ret = defunct_several(info, &who);
	put_pid(who.pid);
	return ret;
}

static int defunct(struct genl_info *info)
{
	struct nlattr *tb[NEXUS_DEFUNCT_A_MAX + 1];
	struct nx_defunct_who who = {};
	int ret;

	ret = parse_top(info, NEXUS_A_DEFUNCT, "DEFUNCT", tb,
			NEXUS_DEFUNCT_A_MAX, 0);
	if (ret)
		return ret;
	if (!!tb[NEXUS_DEFUNCT_A_CHANNEL_ID] + !!tb[NEXUS_DEFUNCT_A_PID] +
	    !!tb[NEXUS_DEFUNCT_A_CGROUP] != 1) {
		NL_SET_ERR_MSG(info->extack,
			       "DEFUNCT holds one of CHANNEL_ID, PID and CGROUP");
		return -EINVAL;
	}
	if (tb[NEXUS_DEFUNCT_A_CHANNEL_ID])
		return defunct_one(info,
				   nla_get_u32(tb[NEXUS_DEFUNCT_A_CHANNEL_ID]));
	if (tb[NEXUS_DEFUNCT_A_PID])
		return defunct_process(info,
				       nla_get_u32(tb[NEXUS_DEFUNCT_A_PID]));
	who.cgroup_id = nla_get_u64(tb[NEXUS_DEFUNCT_A_CGROUP]);
	return defunct_several(info, &who);
}

static int parse_tune(struct genl_info *info, struct nlattr **tb)
{
	int ret;

	ret = parse_top(info, NEXUS_A_TUNE, "TUNE", tb, NEXUS_TUNE_A_MAX, 0);
	if (ret)
		return ret;
	if (!tb[NEXUS_TUNE_A_CHANNEL_ID])
		return missing(info, info->attrs[NEXUS_A_TUNE],
			       NEXUS_TUNE_A_CHANNEL_ID, "CHANNEL_ID");
	if (!tb[NEXUS_TUNE_A_KNOB])
		return missing(info, info->attrs[NEXUS_A_TUNE],
			       NEXUS_TUNE_A_KNOB, "KNOB");
	return 0;
}

static int set_working_set(struct nx_channel *chan, const struct nlattr *value)
{
	if (value)
		nx_tend_pin(chan, nla_get_u32(value));
	else
		nx_tend_unpin(chan);
	return 0;
}

static int set_wake_delay(struct genl_info *info, struct nx_channel *chan,
			  const struct nlattr *value)
{
	u32 i;

	if (value && nla_get_u32(value) > NX_GATHER_MAX_US) {
		NL_SET_ERR_MSG_ATTR(info->extack, value,
				    "a wake is held for 1000 us at most");
		return -ERANGE;
	}
	for (i = 0; i < chan->nr_queues; i++) {
		if (value)
			nx_delay_pin(&chan->queues[i], nla_get_u32(value));
		else
			nx_delay_unpin(&chan->queues[i]);
	}
	return 0;
}

static int set_tx_budget(struct genl_info *info, struct nx_channel *chan,
			 const struct nlattr *value)
{
	u32 i, packets = value ? nla_get_u32(value) : 1;

	if (!packets || packets > NEXUS_SLOTS_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, value,
				    "a budget is 1 to 16384 packets");
		return -ERANGE;
	}
	for (i = 0; i < chan->nr_queues; i++) {
		if (value)
			nx_tx_pin(&chan->queues[i], packets);
		else
			nx_tx_unpin(&chan->queues[i]);
	}
	return 0;
}

static int set_window(struct genl_info *info, struct nx_channel *chan,
		      const struct nlattr *value)
{
	u32 bytes = value ? nla_get_u32(value) : 0;

	if (value && (bytes < NX_WINDOW_MIN || bytes > NX_WINDOW_MAX)) {
		NL_SET_ERR_MSG_ATTR(info->extack, value,
				    "a window is 4096 bytes to 1 GiB");
		return -ERANGE;
	}
	nx_window_pin(chan, bytes);
	return 0;
}

static int set_cache_batch(struct genl_info *info, struct nx_channel *chan,
			   const struct nlattr *value)
{
	u32 buffers = value ? nla_get_u32(value) : 1;

	if (!buffers || buffers > NX_BATCH_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, value,
				    "a batch is 1 to 64 buffers");
		return -ERANGE;
	}
	if (value)
		nx_pool_pin(&chan->pool, buffers);
	else
		nx_pool_unpin(&chan->pool);
	return 0;
}

static int set_knob(struct genl_info *info, struct nx_channel *chan,
		    struct nlattr **tb)
{
	const struct nlattr *value = tb[NEXUS_TUNE_A_VALUE];

	switch ((enum nexus_tune_knob)nla_get_u32(tb[NEXUS_TUNE_A_KNOB])) {
	case NEXUS_TUNE_WORKING_SET:
		return set_working_set(chan, value);
	case NEXUS_TUNE_WAKE_DELAY:
		return set_wake_delay(info, chan, value);
	case NEXUS_TUNE_TX_BUDGET:
		return set_tx_budget(info, chan, value);
	case NEXUS_TUNE_RECEIVE_WINDOW:
		return set_window(info, chan, value);
	case NEXUS_TUNE_CACHE_BATCH:
		return set_cache_batch(info, chan, value);
	}
	return -EINVAL;
}

static int set_tune(struct genl_info *info)
{
	struct nlattr *tb[NEXUS_TUNE_A_MAX + 1];
	struct nx_channel *chan;
	u32 id;
	int ret;

	ret = parse_tune(info, tb);
	if (ret)
		return ret;
	id = nla_get_u32(tb[NEXUS_TUNE_A_CHANNEL_ID]);
	chan = channel_get_by_id(genl_info_net(info), id);
	if (!chan)
		return no_such_channel(info, id);
	ret = set_knob(info, chan, tb);
	nx_channel_put(chan);
	return ret;
}

static void change_limits(struct nx_quota *quota, struct nlattr **tb)
{
	struct nx_limits limits = quota->limits;

	if (tb[NEXUS_LIMITS_A_MAX_CHANNELS])
		limits.max_channels =
			nla_get_u32(tb[NEXUS_LIMITS_A_MAX_CHANNELS]);
	if (tb[NEXUS_LIMITS_A_MAX_FLOWS])
		limits.max_flows = nla_get_u32(tb[NEXUS_LIMITS_A_MAX_FLOWS]);
	if (tb[NEXUS_LIMITS_A_MAX_BYTES])
		limits.max_bytes = nla_get_u64(tb[NEXUS_LIMITS_A_MAX_BYTES]);
	if (tb[NEXUS_LIMITS_A_MAX_SYNS])
		limits.max_syns = nla_get_u32(tb[NEXUS_LIMITS_A_MAX_SYNS]);
	nx_quota_set(quota, &limits);
}

static int set_limits(struct genl_info *info)
{
	struct nx_net *nx = nx_net(genl_info_net(info));
	struct nlattr *tb[NEXUS_LIMITS_A_MAX + 1];
	int ret;

	ret = parse_top(info, NEXUS_A_LIMITS, "LIMITS", tb, NEXUS_LIMITS_A_MAX,
			0);
	if (ret)
		return ret;
	if (!nla_len(info->attrs[NEXUS_A_LIMITS])) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NEXUS_A_LIMITS],
				    "the limits change nothing");
		return -EINVAL;
	}
	mutex_lock(&nx->lock);
	change_limits(&nx->quota, tb);
	mutex_unlock(&nx->lock);
	return 0;
}

int nx_netlink_request(struct genl_info *info)
{
	switch (info->genlhdr->cmd) {
	case NEXUS_CMD_NEW_NEXUS:
		return new_nexus(info);
	case NEXUS_CMD_DEL_NEXUS:
		return del_nexus(info);
	case NEXUS_CMD_ADD_DEV:
		return add_dev(info);
	case NEXUS_CMD_DEL_DEV:
		return del_dev(info);
	case NEXUS_CMD_SET_POLICY:
		return set_policy(info);
	case NEXUS_CMD_DEL_FLOW:
		return del_flow(info);
	case NEXUS_CMD_DEFUNCT:
		return defunct(info);
	case NEXUS_CMD_SET_TUNE:
		return set_tune(info);
	case NEXUS_CMD_SET_LIMITS:
		return set_limits(info);
	}
	return -EOPNOTSUPP;
}
