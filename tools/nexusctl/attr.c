// SPDX-License-Identifier: GPL-2.0
/* Knows the type of every attribute of the nexus family, and sorts nests by them. */
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>

#include "attr.h"

typedef u8 nx_types[NX_ATTRS];

static const nx_types top_types = {
	[NEXUS_A_NEXUS] = MNL_TYPE_NESTED,
	[NEXUS_A_CHANNEL] = MNL_TYPE_NESTED,
	[NEXUS_A_FLOW] = MNL_TYPE_NESTED,
	[NEXUS_A_EVENT] = MNL_TYPE_NESTED,
	[NEXUS_A_LIMITS] = MNL_TYPE_NESTED,
};

static const nx_types nexus_types = {
	[NEXUS_NEXUS_A_NAME] = MNL_TYPE_NUL_STRING,
	[NEXUS_NEXUS_A_KIND] = MNL_TYPE_U32,
	[NEXUS_NEXUS_A_ID] = MNL_TYPE_U32,
	[NEXUS_NEXUS_A_DEV] = MNL_TYPE_NESTED,
	[NEXUS_NEXUS_A_POLICY] = MNL_TYPE_NESTED,
	[NEXUS_NEXUS_A_NR_CHANNELS] = MNL_TYPE_U32,
	[NEXUS_NEXUS_A_NR_FLOWS] = MNL_TYPE_U32,
	[NEXUS_NEXUS_A_COUNTERS] = MNL_TYPE_NESTED,
	[NEXUS_NEXUS_A_LL_AVAILABLE] = MNL_TYPE_U32,
	[NEXUS_NEXUS_A_LL_GRANTED] = MNL_TYPE_U32,
};

static const nx_types dev_types = {
	[NEXUS_DEV_A_IFINDEX] = MNL_TYPE_U32,
	[NEXUS_DEV_A_NAME] = MNL_TYPE_NUL_STRING,
};

static const nx_types policy_types = {
	[NEXUS_POLICY_A_RULE] = MNL_TYPE_NESTED,
	[NEXUS_POLICY_A_NO_RULES] = MNL_TYPE_FLAG,
	[NEXUS_POLICY_A_MAX_CHANNELS] = MNL_TYPE_U32,
	[NEXUS_POLICY_A_MAX_FLOWS] = MNL_TYPE_U32,
	[NEXUS_POLICY_A_MAX_BYTES] = MNL_TYPE_U64,
	[NEXUS_POLICY_A_MAX_IDLE] = MNL_TYPE_U32,
	[NEXUS_POLICY_A_MAX_LL] = MNL_TYPE_U32,
	[NEXUS_POLICY_A_MAX_SYNS] = MNL_TYPE_U32,
	[NEXUS_POLICY_A_LINGER] = MNL_TYPE_U32,
	[NEXUS_POLICY_A_ON_VIOLATION] = MNL_TYPE_U32,
	[NEXUS_POLICY_A_MAX_USER_FLOWS] = MNL_TYPE_U32,
};

static const nx_types rule_types = {
	[NEXUS_RULE_A_TYPE] = MNL_TYPE_U32,
	[NEXUS_RULE_A_ID] = MNL_TYPE_U32,
};

static const nx_types counters_types = {
	[NEXUS_COUNTERS_A_RX_PACKETS] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_RX_BYTES] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_TX_PACKETS] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_TX_BYTES] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_TX_LOCAL] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_PASSED] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_SYNCS] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_WAKES] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_BYTES_COPIED] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_BYTES_SUMMED] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_TX_DECLASSED] = MNL_TYPE_U64,
	[NEXUS_COUNTERS_A_DROP] = MNL_TYPE_NESTED,
};

static const nx_types drop_types = {
	[NEXUS_DROP_A_REASON] = MNL_TYPE_U32,
	[NEXUS_DROP_A_NAME] = MNL_TYPE_NUL_STRING,
	[NEXUS_DROP_A_COUNT] = MNL_TYPE_U64,
};

static const nx_types channel_types = {
	[NEXUS_CHANNEL_A_ID] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_NEXUS] = MNL_TYPE_NUL_STRING,
	[NEXUS_CHANNEL_A_PORT] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_PID] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_COMM] = MNL_TYPE_NUL_STRING,
	[NEXUS_CHANNEL_A_UID] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_STATE] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_VIOLATION] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_FLAGS] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_NR_FLOWS] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_QUEUE] = MNL_TYPE_NESTED,
	[NEXUS_CHANNEL_A_POOL] = MNL_TYPE_NESTED,
	[NEXUS_CHANNEL_A_COUNTERS] = MNL_TYPE_NESTED,
	[NEXUS_CHANNEL_A_REPORTED] = MNL_TYPE_NESTED,
	[NEXUS_CHANNEL_A_DEFUNCT_REASON] = MNL_TYPE_U32,
	[NEXUS_CHANNEL_A_TUNE] = MNL_TYPE_NESTED,
};

static const nx_types queue_types = {
	[NEXUS_QUEUE_A_INDEX] = MNL_TYPE_U32,
	[NEXUS_QUEUE_A_TX_SLOTS] = MNL_TYPE_U32,
	[NEXUS_QUEUE_A_TX_USED] = MNL_TYPE_U32,
	[NEXUS_QUEUE_A_RX_SLOTS] = MNL_TYPE_U32,
	[NEXUS_QUEUE_A_RX_USED] = MNL_TYPE_U32,
};

static const nx_types pool_types = {
	[NEXUS_POOL_A_BUFFERS] = MNL_TYPE_U32,
	[NEXUS_POOL_A_FREE] = MNL_TYPE_U32,
	[NEXUS_POOL_A_USER] = MNL_TYPE_U32,
	[NEXUS_POOL_A_KERNEL] = MNL_TYPE_U32,
	[NEXUS_POOL_A_IN_FLIGHT] = MNL_TYPE_U32,
	[NEXUS_POOL_A_PAGES] = MNL_TYPE_U64,
};

static const nx_types tune_types = {
	[NEXUS_TUNE_A_KNOB] = MNL_TYPE_U32,
	[NEXUS_TUNE_A_STATE] = MNL_TYPE_U32,
	[NEXUS_TUNE_A_VALUE] = MNL_TYPE_U32,
	[NEXUS_TUNE_A_QUEUE] = MNL_TYPE_U32,
};

static const nx_types limits_types = {
	[NEXUS_LIMITS_A_MAX_CHANNELS] = MNL_TYPE_U32,
	[NEXUS_LIMITS_A_MAX_FLOWS] = MNL_TYPE_U32,
	[NEXUS_LIMITS_A_MAX_BYTES] = MNL_TYPE_U64,
	[NEXUS_LIMITS_A_MAX_SYNS] = MNL_TYPE_U32,
	[NEXUS_LIMITS_A_NR_CHANNELS] = MNL_TYPE_U32,
	[NEXUS_LIMITS_A_NR_FLOWS] = MNL_TYPE_U32,
	[NEXUS_LIMITS_A_BYTES] = MNL_TYPE_U64,
};

/* Addresses are binary: flow.c checks their length against the family. */
static const nx_types flow_types = {
	[NEXUS_FLOW_A_NEXUS] = MNL_TYPE_NUL_STRING,
	[NEXUS_FLOW_A_CHANNEL_ID] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_INDEX] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_GENERATION] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_FAMILY] = MNL_TYPE_U16,
	[NEXUS_FLOW_A_PROTOCOL] = MNL_TYPE_U8,
	[NEXUS_FLOW_A_LOCAL_PORT] = MNL_TYPE_U16,
	[NEXUS_FLOW_A_REMOTE_PORT] = MNL_TYPE_U16,
	[NEXUS_FLOW_A_PID] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_UID] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_CLASS] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_COUNTERS] = MNL_TYPE_NESTED,
	[NEXUS_FLOW_A_LL_PERMILLE] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_ADVICE] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_CONGESTION] = MNL_TYPE_U32,
	[NEXUS_FLOW_A_TCP] = MNL_TYPE_NESTED,
	[NEXUS_FLOW_A_REPORTED] = MNL_TYPE_NESTED,
};

static const nx_types tcp_types = {
	[NEXUS_TCP_A_STATE ... NEXUS_TCP_A_RTOS] = MNL_TYPE_U32,
	[NEXUS_TCP_A_SRTT_NS ... NEXUS_TCP_A_BYTES_RETRANS] = MNL_TYPE_U64,
};

static const nx_types event_types = {
	[NEXUS_EVENT_A_TYPE] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_TIME_NS] = MNL_TYPE_U64,
	[NEXUS_EVENT_A_NEXUS] = MNL_TYPE_NUL_STRING,
	[NEXUS_EVENT_A_IFINDEX] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_IFNAME] = MNL_TYPE_NUL_STRING,
	[NEXUS_EVENT_A_CHANNEL_ID] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_PID] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_COMM] = MNL_TYPE_NUL_STRING,
	[NEXUS_EVENT_A_UID] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_FLOW] = MNL_TYPE_NESTED,
	[NEXUS_EVENT_A_VIOLATION] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_INDEX] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_VALUE] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_REASON] = MNL_TYPE_U32,
	[NEXUS_EVENT_A_PAGES] = MNL_TYPE_U32,
};

static const u8 *const nest_types[] = {
	[NX_NEST_TOP] = top_types,
	[NX_NEST_NEXUS] = nexus_types,
	[NX_NEST_DEV] = dev_types,
	[NX_NEST_POLICY] = policy_types,
	[NX_NEST_RULE] = rule_types,
	[NX_NEST_COUNTERS] = counters_types,
	[NX_NEST_DROP] = drop_types,
	[NX_NEST_CHANNEL] = channel_types,
	[NX_NEST_QUEUE] = queue_types,
	[NX_NEST_POOL] = pool_types,
	[NX_NEST_TUNE] = tune_types,
	[NX_NEST_LIMITS] = limits_types,
	[NX_NEST_FLOW] = flow_types,
	[NX_NEST_TCP] = tcp_types,
	[NX_NEST_EVENT] = event_types,
};

static int sort(const u8 *types, const struct nlattr *attr, const struct nlattr *tb[NX_ATTRS])
{
	u16 type = mnl_attr_get_type(attr);

	if (type >= NX_ATTRS)
		return 0;
	if (types[type] != MNL_TYPE_UNSPEC && mnl_attr_validate(attr, types[type]) < 0)
		return -EBADMSG;
	tb[type] = attr;
	return 0;
}

int nx_attr_parse(enum nx_nest nest, const struct nlattr *from,
		  const struct nlattr *tb[NX_ATTRS])
{
	const struct nlattr *attr;
	int ret;

	memset(tb, 0, NX_ATTRS * sizeof(tb[0]));
	if (!from)
		return 0;
	mnl_attr_for_each_nested(attr, from) {
		ret = sort(nest_types[nest], attr, tb);
		if (ret)
			return ret;
	}
	return 0;
}

static int parse_top(const struct nlmsghdr *nlh, const struct nlattr *top[NX_ATTRS])
{
	const struct nlattr *attr;
	int ret;

	memset(top, 0, NX_ATTRS * sizeof(top[0]));
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		ret = sort(top_types, attr, top);
		if (ret)
			return ret;
	}
	return 0;
}

const struct nlattr *nx_attr_nest(const struct nlmsghdr *nlh, enum nexus_attr attr)
{
	const struct nlattr *top[NX_ATTRS];

	return parse_top(nlh, top) ? NULL : top[attr];
}

int nx_attr_parse_message(const struct nlmsghdr *nlh, enum nexus_attr attr,
			  enum nx_nest nest, const struct nlattr *tb[NX_ATTRS])
{
	const struct nlattr *from = nx_attr_nest(nlh, attr);

	return from ? nx_attr_parse(nest, from, tb) : -EBADMSG;
}

u8 nx_attr_u8(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u8(attr) : 0;
}

u16 nx_attr_u16(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u16(attr) : 0;
}

u32 nx_attr_u32(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : 0;
}

u64 nx_attr_u64(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u64(attr) : 0;
}

const char *nx_attr_str(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_str(attr) : "";
}
