// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: which request takes which attributes. Validation
 * is strict: what is unknown, too short, too long or out of place is refused.
 */
#include <linux/netlink.h>
#include "compat.h"
#include "netlink.h"
#include "policy.h"
#include "nexus.h"

static int validate_name(const struct nlattr *attr,
			 struct netlink_ext_ack *extack)
{
	if (nla_len(attr) >= 2 && nla_len(attr) <= NEXUS_NAME_SIZE)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "a name has 1 to 31 characters");
	return -EINVAL;
}

static int validate_limit(const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	u64 limit = 0;

	memcpy(&limit, nla_data(attr), min_t(int, nla_len(attr), sizeof(limit)));
	if (limit)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "a limit is 1 or more");
	return -ERANGE;
}

#define NX_POLICY_NAME	NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, validate_name)
#define NX_POLICY_LIMIT(type)	NLA_POLICY_VALIDATE_FN(type, validate_limit)

static const struct nla_policy
new_policy[NEXUS_NEXUS_A_KIND + 1] = {
	[NEXUS_NEXUS_A_NAME]	= NX_POLICY_NAME,
	[NEXUS_NEXUS_A_KIND]	= { .type = NLA_U32 },
};

static const struct nla_policy
name_policy[NEXUS_NEXUS_A_NAME + 1] = {
	[NEXUS_NEXUS_A_NAME]	= NX_POLICY_NAME,
};

static const struct nla_policy
ifindex_policy[NEXUS_DEV_A_IFINDEX + 1] = {
	[NEXUS_DEV_A_IFINDEX]	= { .type = NLA_U32 },
};

static const struct nla_policy
dev_policy[NEXUS_NEXUS_A_DEV + 1] = {
	[NEXUS_NEXUS_A_NAME]	= NX_POLICY_NAME,
	[NEXUS_NEXUS_A_DEV]	= NLA_POLICY_NESTED(ifindex_policy),
};

static const struct nla_policy
rule_policy[NEXUS_RULE_A_ID + 1] = {
	[NEXUS_RULE_A_TYPE]	= NLA_POLICY_RANGE(NLA_U32, NEXUS_RULE_ANY,
						   NEXUS_RULE_GID),
	[NEXUS_RULE_A_ID]	= { .type = NLA_U32 },
};

static struct netlink_range_validation linger_range = {
	.max = NX_POLICY_LINGER_MAX_MS,
};

static const struct nla_policy
rules_policy[NEXUS_POLICY_A_MAX_USER_FLOWS + 1] = {
	[NEXUS_POLICY_A_RULE]	= NLA_POLICY_NESTED(rule_policy),
	[NEXUS_POLICY_A_NO_RULES]	= { .type = NLA_FLAG },
	[NEXUS_POLICY_A_MAX_CHANNELS]	= NX_POLICY_LIMIT(NLA_U32),
	[NEXUS_POLICY_A_MAX_FLOWS]	= NX_POLICY_LIMIT(NLA_U32),
	[NEXUS_POLICY_A_MAX_BYTES]	= NX_POLICY_LIMIT(NLA_U64),
	[NEXUS_POLICY_A_MAX_IDLE]	= { .type = NLA_U32 },
	[NEXUS_POLICY_A_MAX_LL]	= NLA_POLICY_MAX(NLA_U32, 1000),
	[NEXUS_POLICY_A_MAX_SYNS]	= { .type = NLA_U32 },
	[NEXUS_POLICY_A_LINGER]	= NLA_POLICY_FULL_RANGE(NLA_U32, &linger_range),
	[NEXUS_POLICY_A_ON_VIOLATION]	=
		NLA_POLICY_RANGE(NLA_U32, NEXUS_ON_VIOLATION_QUARANTINE,
				 NEXUS_ON_VIOLATION_KILL),
	[NEXUS_POLICY_A_MAX_USER_FLOWS]	= NX_POLICY_LIMIT(NLA_U32),
};

static const struct nla_policy
set_policy[NEXUS_NEXUS_A_POLICY + 1] = {
	[NEXUS_NEXUS_A_NAME]	= NX_POLICY_NAME,
	[NEXUS_NEXUS_A_POLICY]	= NLA_POLICY_NESTED(rules_policy),
};

static const struct nla_policy
flow_policy[NEXUS_FLOW_A_GENERATION + 1] = {
	[NEXUS_FLOW_A_CHANNEL_ID]	= { .type = NLA_U32 },
	[NEXUS_FLOW_A_INDEX]		= { .type = NLA_U32 },
	[NEXUS_FLOW_A_GENERATION]	= { .type = NLA_U32 },
};

static const struct nla_policy
defunct_policy[NEXUS_DEFUNCT_A_CGROUP + 1] = {
	[NEXUS_DEFUNCT_A_CHANNEL_ID]	= { .type = NLA_U32 },
	[NEXUS_DEFUNCT_A_PID]		= { .type = NLA_U32 },
	[NEXUS_DEFUNCT_A_CGROUP]	= { .type = NLA_U64 },
};

static const struct nla_policy
tune_policy[NEXUS_TUNE_A_VALUE + 1] = {
	[NEXUS_TUNE_A_CHANNEL_ID]	= { .type = NLA_U32 },
	[NEXUS_TUNE_A_KNOB]	= NLA_POLICY_RANGE(NLA_U32,
						   NEXUS_TUNE_WORKING_SET,
						   NEXUS_TUNE_CACHE_BATCH),
	[NEXUS_TUNE_A_STATE]	= { .type = NLA_REJECT },
	[NEXUS_TUNE_A_VALUE]	= { .type = NLA_U32 },
};

/* 0 is any number. */
static const struct nla_policy
limits_policy[NEXUS_LIMITS_A_MAX_SYNS + 1] = {
	[NEXUS_LIMITS_A_MAX_CHANNELS]	= { .type = NLA_U32 },
	[NEXUS_LIMITS_A_MAX_FLOWS]	= { .type = NLA_U32 },
	[NEXUS_LIMITS_A_MAX_BYTES]	= { .type = NLA_U64 },
	[NEXUS_LIMITS_A_PAD]		= { .type = NLA_REJECT },
	[NEXUS_LIMITS_A_MAX_SYNS]	= { .type = NLA_U32 },
};

static const struct nla_policy top_new_policy[NEXUS_A_NEXUS + 1] = {
	[NEXUS_A_NEXUS]	= NLA_POLICY_NESTED(new_policy),
};

const struct nla_policy nx_netlink_filter_policy[NEXUS_A_NEXUS + 1] = {
	[NEXUS_A_NEXUS]	= NLA_POLICY_NESTED(name_policy),
};

static const struct nla_policy top_dev_policy[NEXUS_A_NEXUS + 1] = {
	[NEXUS_A_NEXUS]	= NLA_POLICY_NESTED(dev_policy),
};

static const struct nla_policy top_set_policy[NEXUS_A_NEXUS + 1] = {
	[NEXUS_A_NEXUS]	= NLA_POLICY_NESTED(set_policy),
};

static const struct nla_policy top_flow_policy[NEXUS_A_FLOW + 1] = {
	[NEXUS_A_FLOW]	= NLA_POLICY_NESTED(flow_policy),
};

static const struct nla_policy top_defunct_policy[NEXUS_A_DEFUNCT + 1] = {
	[NEXUS_A_DEFUNCT] = NLA_POLICY_NESTED(defunct_policy),
};

static const struct nla_policy top_tune_policy[NEXUS_A_TUNE + 1] = {
	[NEXUS_A_TUNE] = NLA_POLICY_NESTED(tune_policy),
};

static const struct nla_policy top_limits_policy[NEXUS_A_LIMITS + 1] = {
	[NEXUS_A_LIMITS] = NLA_POLICY_NESTED(limits_policy),
};

static int answer(struct sk_buff *skb, struct genl_info *info)
{
	return nx_compat_genl_do(skb, info, nx_netlink_request);
}

#define NX_REQUEST_OF(_who, _cmd, _policy)				\
	{								\
		.cmd	 = _cmd,					\
		.flags	 = _who,					\
		.policy	 = _policy,					\
		.maxattr = ARRAY_SIZE(_policy) - 1,			\
		.doit	 = answer,					\
	}

/* The administrator of the network namespace. */
#define NX_REQUEST(_cmd, _policy)					\
	NX_REQUEST_OF(GENL_UNS_ADMIN_PERM, _cmd, _policy)

/* That of the host, who limits the former. */
#define NX_HOST_REQUEST(_cmd, _policy)					\
	NX_REQUEST_OF(GENL_ADMIN_PERM, _cmd, _policy)

#define NX_LIST(_cmd, _start, _dumpit)					\
	{								\
		.cmd	 = _cmd,					\
		.policy	 = nx_netlink_filter_policy,			\
		.maxattr = ARRAY_SIZE(nx_netlink_filter_policy) - 1,	\
		.start	 = _start,					\
		.dumpit	 = _dumpit,					\
	}

static const struct genl_ops nx_genl_ops[] = {
	NX_REQUEST(NEXUS_CMD_NEW_NEXUS, top_new_policy),
	NX_REQUEST(NEXUS_CMD_DEL_NEXUS, nx_netlink_filter_policy),
	NX_LIST(NEXUS_CMD_GET_NEXUS, nx_netlink_start_nexus,
		nx_netlink_get_nexus),
	NX_REQUEST(NEXUS_CMD_ADD_DEV, top_dev_policy),
	NX_REQUEST(NEXUS_CMD_DEL_DEV, top_dev_policy),
	NX_REQUEST(NEXUS_CMD_SET_POLICY, top_set_policy),
	NX_LIST(NEXUS_CMD_GET_CHANNEL, NULL, nx_netlink_get_channel),
	NX_LIST(NEXUS_CMD_GET_FLOW, NULL, nx_netlink_get_flow),
	NX_REQUEST(NEXUS_CMD_DEL_FLOW, top_flow_policy),
	NX_REQUEST(NEXUS_CMD_DEFUNCT, top_defunct_policy),
	NX_REQUEST(NEXUS_CMD_SET_TUNE, top_tune_policy),
	NX_HOST_REQUEST(NEXUS_CMD_SET_LIMITS, top_limits_policy),
	NX_LIST(NEXUS_CMD_GET_LIMITS, NULL, nx_netlink_get_limits),
};

static const struct genl_multicast_group nx_genl_groups[] = {
	{ .name = NEXUS_GENL_EVENTS },
};

struct genl_family nx_genl_family __ro_after_init = {
	.name		= NEXUS_GENL_NAME,
	.version	= NEXUS_GENL_VERSION,
	.module		= THIS_MODULE,
	.netnsok	= true,
	.parallel_ops	= true,
	.resv_start_op	= NEXUS_CMD_UNSPEC + 1,
	.ops		= nx_genl_ops,
	.n_ops		= ARRAY_SIZE(nx_genl_ops),
	.mcgrps		= nx_genl_groups,
	.n_mcgrps	= ARRAY_SIZE(nx_genl_groups),
};

int __init nx_netlink_init(void)
{
	return genl_register_family(&nx_genl_family);
}

void nx_netlink_exit(void)
{
	genl_unregister_family(&nx_genl_family);
}
