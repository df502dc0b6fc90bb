// SPDX-License-Identifier: GPL-2.0
/* The control ABI by bare netlink, in the network namespace of the caller. */
#include <errno.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl.h"
#include "util.h"

static char last_reason[256];

const char *nx_ctl_reason(void)
{
	return last_reason;
}

/* ------------------------------------------------------------ transport */

static struct mnl_socket *netlink_open(void)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_GENERIC,
						   SOCK_CLOEXEC);
	int on = 1;

	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID))
		nx_die("netlink: %s", strerror(errno));
	mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof(on));
	return sock;
}

static int keep_reason(const struct nlattr *attr, void *unused)
{
	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		strncpy(last_reason, mnl_attr_get_str(attr),
			sizeof(last_reason) - 1);
	return MNL_CB_OK;
}

static int handle_error(const struct nlmsghdr *reply)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(reply);
	size_t off = sizeof(*err);

	if (!(reply->nlmsg_flags & NLM_F_ACK_TLVS))
		return err->error;
	if (!(reply->nlmsg_flags & NLM_F_CAPPED))
		off += err->msg.nlmsg_len - sizeof(err->msg);
	mnl_attr_parse(reply, off, keep_reason, NULL);
	return err->error;
}

/* Reads answers to the end: @each is called with every one; 0 or -errno. */
static int converse(struct mnl_socket *sock, struct nlmsghdr *message,
		    mnl_cb_t each, void *data)
{
	char buf[32768];

	last_reason[0] = 0;
	if (mnl_socket_sendto(sock, message, message->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		int len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		struct nlmsghdr *reply = (void *)buf;

		if (len < 0)
			return -errno;
		for (; mnl_nlmsg_ok(reply, len);
		     reply = mnl_nlmsg_next(reply, &len)) {
			if (reply->nlmsg_type == NLMSG_ERROR)
				return handle_error(reply);
			if (reply->nlmsg_type == NLMSG_DONE)
				return *(int *)mnl_nlmsg_get_payload(reply);
			if (each)
				each(reply, data);
		}
	}
}

/* --------------------------------------------------------------- family */

struct family {
	__u16	id;
	__u32	events_group;
};

static int keep_group(const struct nlattr *group, struct family *family)
{
	const struct nlattr *attr;
	const char *name = "";
	__u32 id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, NEXUS_GENL_EVENTS))
		family->events_group = id;
	return MNL_CB_OK;
}

static int keep_family(const struct nlmsghdr *reply, void *data)
{
	const struct nlattr *attr, *group;
	struct family *family = data;

	mnl_attr_for_each(attr, reply, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family->id = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr)
			keep_group(group, family);
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *message_new(void *buf, __u16 type, __u8 cmd,
				    __u8 version)
{
	static __u32 seq;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = ++seq;
	genl = mnl_nlmsg_put_extra_header(message, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return message;
}

static struct family *family_find(void)
{
	static struct family family;
	char buf[NX_CTL_BYTES];
	struct mnl_socket *sock;
	struct nlmsghdr *message;
	int err;

	message = message_new(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, NEXUS_GENL_NAME);
	sock = netlink_open();
	err = converse(sock, message, keep_family, &family);
	mnl_socket_close(sock);
	if (err || !family.id)
		nx_die("netlink family %s: %s (is the module loaded?)",
		       NEXUS_GENL_NAME, strerror(-err));
	return &family;
}

struct nlmsghdr *nx_ctl_message(void *buf, __u8 cmd)
{
	return message_new(buf, family_find()->id, cmd, NEXUS_GENL_VERSION);
}

static int ctl_call(struct nlmsghdr *message, mnl_cb_t each, void *data)
{
	struct mnl_socket *sock = netlink_open();
	int err = converse(sock, message, each, data);

	mnl_socket_close(sock);
	return err;
}

int nx_ctl_call(struct nlmsghdr *message)
{
	return ctl_call(message, NULL, NULL);
}

/* ------------------------------------------------------------- commands */

static int nexus_call(__u8 cmd, const char *name)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, cmd);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_NEXUS);

	mnl_attr_put_strz(message, NEXUS_NEXUS_A_NAME, name);
	if (cmd == NEXUS_CMD_NEW_NEXUS)
		mnl_attr_put_u32(message, NEXUS_NEXUS_A_KIND,
				 NEXUS_KIND_FLOW_SWITCH);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_nexus_add(const char *name)
{
	return nexus_call(NEXUS_CMD_NEW_NEXUS, name);
}

int nx_nexus_del(const char *name)
{
	return nexus_call(NEXUS_CMD_DEL_NEXUS, name);
}

static int dev_call(__u8 cmd, const char *nexus, int ifindex)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, cmd);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_NEXUS);
	struct nlattr *dev;

	mnl_attr_put_strz(message, NEXUS_NEXUS_A_NAME, nexus);
	dev = mnl_attr_nest_start(message, NEXUS_NEXUS_A_DEV);
	mnl_attr_put_u32(message, NEXUS_DEV_A_IFINDEX, ifindex);
	mnl_attr_nest_end(message, dev);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_dev_add(const char *nexus, int ifindex)
{
	return dev_call(NEXUS_CMD_ADD_DEV, nexus, ifindex);
}

int nx_dev_del(const char *nexus, int ifindex)
{
	return dev_call(NEXUS_CMD_DEL_DEV, nexus, ifindex);
}

static void put_rule(struct nlmsghdr *message, __u32 type, __u32 id)
{
	struct nlattr *rule = mnl_attr_nest_start(message, NEXUS_POLICY_A_RULE);

	mnl_attr_put_u32(message, NEXUS_RULE_A_TYPE, type);
	if (type != NEXUS_RULE_ANY)
		mnl_attr_put_u32(message, NEXUS_RULE_A_ID, id);
	mnl_attr_nest_end(message, rule);
}

int nx_policy_set(const char *nexus, __u32 type, __u32 id, __u32 max_channels,
		  __u32 max_flows, __u64 max_bytes)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_SET_POLICY);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_NEXUS);
	struct nlattr *policy;

	mnl_attr_put_strz(message, NEXUS_NEXUS_A_NAME, nexus);
	policy = mnl_attr_nest_start(message, NEXUS_NEXUS_A_POLICY);
	if (type)
		put_rule(message, type, id);
	else
		mnl_attr_put(message, NEXUS_POLICY_A_NO_RULES, 0, NULL);
	if (max_channels)
		mnl_attr_put_u32(message, NEXUS_POLICY_A_MAX_CHANNELS,
				 max_channels);
	if (max_flows)
		mnl_attr_put_u32(message, NEXUS_POLICY_A_MAX_FLOWS, max_flows);
	if (max_bytes)
		mnl_attr_put_u64(message, NEXUS_POLICY_A_MAX_BYTES, max_bytes);
	mnl_attr_nest_end(message, policy);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_policy_idle(const char *nexus, __u32 seconds)
{
	return nx_policy_limit(nexus, NEXUS_POLICY_A_MAX_IDLE, seconds);
}

int nx_policy_limit(const char *nexus, __u16 attr, __u32 value)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_SET_POLICY);
	struct nlattr *nest, *policy;

	nest = mnl_attr_nest_start(message, NEXUS_A_NEXUS);
	mnl_attr_put_strz(message, NEXUS_NEXUS_A_NAME, nexus);
	policy = mnl_attr_nest_start(message, NEXUS_NEXUS_A_POLICY);
	mnl_attr_put_u32(message, attr, value);
	mnl_attr_nest_end(message, policy);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_limits_set(__u16 attr, __u64 value)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_SET_LIMITS);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_LIMITS);

	if (attr == NEXUS_LIMITS_A_MAX_BYTES)
		mnl_attr_put_u64(message, attr, value);
	else
		mnl_attr_put_u32(message, attr, value);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_flow_kill(__u32 channel_id, __u32 index, __u32 generation)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_DEL_FLOW);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_FLOW);

	mnl_attr_put_u32(message, NEXUS_FLOW_A_CHANNEL_ID, channel_id);
	mnl_attr_put_u32(message, NEXUS_FLOW_A_INDEX, index);
	mnl_attr_put_u32(message, NEXUS_FLOW_A_GENERATION, generation);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_defunct(__u16 attr, __u32 value)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_DEFUNCT);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_DEFUNCT);

	mnl_attr_put_u32(message, attr, value);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_tune(__u32 channel_id, __u32 knob, long value)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_SET_TUNE);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_TUNE);

	mnl_attr_put_u32(message, NEXUS_TUNE_A_CHANNEL_ID, channel_id);
	mnl_attr_put_u32(message, NEXUS_TUNE_A_KNOB, knob);
	if (value >= 0)
		mnl_attr_put_u32(message, NEXUS_TUNE_A_VALUE, value);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

int nx_defunct_cgroup(const char *path)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_DEFUNCT);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_DEFUNCT);
	struct stat st;

	if (stat(path, &st))
		return -errno;
	mnl_attr_put_u64(message, NEXUS_DEFUNCT_A_CGROUP, st.st_ino);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

void nx_nexus_start(const char *name, const char *dev)
{
	int err = nx_nexus_add(name);

	if (!err)
		err = nx_dev_add(name, dev ? if_nametoindex(dev) : 0);
	if (err)
		nx_die("nexus %s on %s: %s (%s)", name, dev, strerror(-err),
		       last_reason);
}

/* ---------------------------------------------------------------- dumps */

static void read_drop(const struct nlattr *nest, struct nx_counters *counters)
{
	const struct nlattr *attr;
	__u32 reason = 0;
	__u64 count = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == NEXUS_DROP_A_REASON)
			reason = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == NEXUS_DROP_A_COUNT)
			count = mnl_attr_get_u64(attr);
	}
	if (reason < NEXUS_DROP_REASONS_MAX)
		counters->drops[reason] = count;
}

static void read_counters(const struct nlattr *nest,
			  struct nx_counters *counters)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		int type = mnl_attr_get_type(attr);

		if (type == NEXUS_COUNTERS_A_DROP)
			read_drop(attr, counters);
		else if (type <= NEXUS_COUNTERS_A_MAX &&
			 mnl_attr_get_payload_len(attr) == sizeof(__u64))
			counters->value[type] = mnl_attr_get_u64(attr);
	}
}

static void read_string(const struct nlattr *attr, char *text, size_t size)
{
	text[0] = 0;
	strncat(text, mnl_attr_get_str(attr), size - 1);
}

struct nexus_search {
	const char	*name;
	struct nx_ctl_nexus	*answer;
	bool	is_found;
};

/* The object's own nest in an answer, or NULL. */
static const struct nlattr *nest_find(const struct nlmsghdr *reply, int type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, reply, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static void read_nexus(const struct nlattr *nest, struct nx_ctl_nexus *nexus,
		       char *name)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NEXUS_NEXUS_A_NAME:
			read_string(attr, name, NEXUS_NAME_SIZE);
			break;
		case NEXUS_NEXUS_A_ID:
			nexus->id = mnl_attr_get_u32(attr);
			break;
		case NEXUS_NEXUS_A_DEV:
			nexus->nr_devs++;
			break;
		case NEXUS_NEXUS_A_NR_CHANNELS:
			nexus->nr_channels = mnl_attr_get_u32(attr);
			break;
		case NEXUS_NEXUS_A_NR_FLOWS:
			nexus->nr_flows = mnl_attr_get_u32(attr);
			break;
		case NEXUS_NEXUS_A_COUNTERS:
			read_counters(attr, &nexus->counters);
			break;
		}
	}
}

static int match_nexus(const struct nlmsghdr *reply, void *data)
{
	const struct nlattr *nest = nest_find(reply, NEXUS_A_NEXUS);
	struct nexus_search *search = data;
	struct nx_ctl_nexus nexus = {};
	char name[NEXUS_NAME_SIZE] = "";

	if (!nest)
		return MNL_CB_OK;
	read_nexus(nest, &nexus, name);
	if (strcmp(name, search->name))
		return MNL_CB_OK;
	*search->answer = nexus;
	search->is_found = true;
	return MNL_CB_OK;
}

static int ctl_dump(__u8 cmd, mnl_cb_t each, void *data)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, cmd);

	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	return ctl_call(message, each, data);
}

int nx_nexus_get(const char *name, struct nx_ctl_nexus *nexus)
{
	struct nexus_search search = { .name = name, .answer = nexus };
	int err = ctl_dump(NEXUS_CMD_GET_NEXUS, match_nexus, &search);

	return err ? err : search.is_found ? 0 : -ENOENT;
}

static void read_pool(const struct nlattr *nest, struct nx_ctl_channel *channel)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		int type = mnl_attr_get_type(attr);

		if (type == NEXUS_POOL_A_PAGES)
			channel->pages = mnl_attr_get_u64(attr);
		else if (type <= NEXUS_POOL_A_MAX &&
			 mnl_attr_get_payload_len(attr) == sizeof(__u32))
			channel->pool[type] = mnl_attr_get_u32(attr);
	}
}

/* What each queue has is shown of the first one. */
static void read_tune(const struct nlattr *nest, struct nx_ctl_channel *channel)
{
	struct nx_ctl_knob knob = {};
	__u32 which = 0, queue = 0;
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NEXUS_TUNE_A_KNOB:
			which = mnl_attr_get_u32(attr);
			break;
		case NEXUS_TUNE_A_STATE:
			knob.state = mnl_attr_get_u32(attr);
			break;
		case NEXUS_TUNE_A_VALUE:
			knob.value = mnl_attr_get_u32(attr);
			break;
		case NEXUS_TUNE_A_QUEUE:
			queue = mnl_attr_get_u32(attr);
			break;
		}
	}
	if (which < NX_CTL_KNOBS && !queue)
		channel->tune[which] = knob;
}

static void read_channel(const struct nlattr *nest,
			 struct nx_ctl_channel *channel)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NEXUS_CHANNEL_A_ID:
			channel->id = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_PORT:
			channel->port = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_PID:
			channel->pid = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_UID:
			channel->uid = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_STATE:
			channel->state = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_VIOLATION:
			channel->violation = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_NR_FLOWS:
			channel->nr_flows = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_DEFUNCT_REASON:
			channel->defunct_reason = mnl_attr_get_u32(attr);
			break;
		case NEXUS_CHANNEL_A_TUNE:
			read_tune(attr, channel);
			break;
		case NEXUS_CHANNEL_A_POOL:
			read_pool(attr, channel);
			break;
		case NEXUS_CHANNEL_A_COUNTERS:
			read_counters(attr, &channel->counters);
			break;
		}
	}
}

struct channel_search {
	__u32	id;
	struct nx_ctl_channel	*answer;
	bool	is_found;
};

static int match_channel(const struct nlmsghdr *reply, void *data)
{
	const struct nlattr *nest = nest_find(reply, NEXUS_A_CHANNEL);
	struct channel_search *search = data;
	struct nx_ctl_channel channel = {};

	if (!nest)
		return MNL_CB_OK;
	read_channel(nest, &channel);
	if (channel.id != search->id)
		return MNL_CB_OK;
	*search->answer = channel;
	search->is_found = true;
	return MNL_CB_OK;
}

int nx_channel_get(__u32 id, struct nx_ctl_channel *channel)
{
	struct channel_search search = { .id = id, .answer = channel };
	int err = ctl_dump(NEXUS_CMD_GET_CHANNEL, match_channel, &search);

	return err ? err : search.is_found ? 0 : -ENOENT;
}

static void read_flow(const struct nlattr *nest, struct nx_ctl_flow *flow)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		size_t len = mnl_attr_get_payload_len(attr);
		const void *bytes = mnl_attr_get_payload(attr);

		switch (mnl_attr_get_type(attr)) {
		case NEXUS_FLOW_A_NEXUS:
			read_string(attr, flow->nexus, sizeof(flow->nexus));
			break;
		case NEXUS_FLOW_A_CHANNEL_ID:
			flow->channel_id = mnl_attr_get_u32(attr);
			break;
		case NEXUS_FLOW_A_INDEX:
			flow->index = mnl_attr_get_u32(attr);
			break;
		case NEXUS_FLOW_A_GENERATION:
			flow->generation = mnl_attr_get_u32(attr);
			break;
		case NEXUS_FLOW_A_FAMILY:
			flow->family = mnl_attr_get_u16(attr);
			break;
		case NEXUS_FLOW_A_PROTOCOL:
			flow->protocol = mnl_attr_get_u8(attr);
			break;
		case NEXUS_FLOW_A_LOCAL:
			memcpy(flow->local, bytes, len <= 16 ? len : 16);
			break;
		case NEXUS_FLOW_A_REMOTE:
			flow->is_connected = true;
			memcpy(flow->remote, bytes, len <= 16 ? len : 16);
			break;
		case NEXUS_FLOW_A_LOCAL_PORT:
			flow->local_port = mnl_attr_get_u16(attr);
			break;
		case NEXUS_FLOW_A_REMOTE_PORT:
			flow->remote_port = mnl_attr_get_u16(attr);
			break;
		case NEXUS_FLOW_A_PID:
			flow->pid = mnl_attr_get_u32(attr);
			break;
		case NEXUS_FLOW_A_UID:
			flow->uid = mnl_attr_get_u32(attr);
			break;
		case NEXUS_FLOW_A_COUNTERS:
			read_counters(attr, &flow->counters);
			break;
		}
	}
}

struct flow_search {
	__u32	channel_id;
	__u32	index;
	struct nx_ctl_flow	*answer;
	bool	is_found;
};

static int match_flow(const struct nlmsghdr *reply, void *data)
{
	const struct nlattr *nest = nest_find(reply, NEXUS_A_FLOW);
	struct flow_search *search = data;
	struct nx_ctl_flow flow = {};

	if (!nest)
		return MNL_CB_OK;
	read_flow(nest, &flow);
	if (flow.channel_id != search->channel_id ||
	    flow.index != search->index)
		return MNL_CB_OK;
	*search->answer = flow;
	search->is_found = true;
	return MNL_CB_OK;
}

int nx_flow_get(__u32 channel_id, __u32 index, struct nx_ctl_flow *flow)
{
	struct flow_search search = {
		.channel_id = channel_id,
		.index = index,
		.answer = flow,
	};
	int err = ctl_dump(NEXUS_CMD_GET_FLOW, match_flow, &search);

	return err ? err : search.is_found ? 0 : -ENOENT;
}

static int keep_limits(const struct nlmsghdr *reply, void *data)
{
	const struct nlattr *attr, *nest = nest_find(reply, NEXUS_A_LIMITS);
	struct nx_ctl_limits *limits = data;

	if (!nest)
		return MNL_CB_OK;
	mnl_attr_for_each_nested(attr, nest) {
		int type = mnl_attr_get_type(attr);

		if (type > NEXUS_LIMITS_A_MAX)
			continue;
		if (mnl_attr_get_payload_len(attr) == sizeof(__u32))
			limits->value[type] = mnl_attr_get_u32(attr);
		if (mnl_attr_get_payload_len(attr) == sizeof(__u64))
			limits->value[type] = mnl_attr_get_u64(attr);
	}
	return MNL_CB_OK;
}

int nx_limits_get(struct nx_ctl_limits *limits)
{
	memset(limits, 0, sizeof(*limits));
	return ctl_dump(NEXUS_CMD_GET_LIMITS, keep_limits, limits);
}

static int count_one(const struct nlmsghdr *reply, void *data)
{
	++*(int *)data;
	return MNL_CB_OK;
}

int nx_ctl_count(__u8 cmd)
{
	int count = 0;
	int err = ctl_dump(cmd, count_one, &count);

	return err ? err : count;
}

/* --------------------------------------------------------------- events */

struct mnl_socket *nx_monitor_open(void)
{
	struct mnl_socket *sock = netlink_open();
	int group = family_find()->events_group;

	if (!group)
		nx_die("the family has no group %s", NEXUS_GENL_EVENTS);
	if (mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)))
		nx_die("join %s: %s", NEXUS_GENL_EVENTS, strerror(errno));
	return sock;
}

static void read_event(const struct nlattr *nest, struct nx_ctl_event *event)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NEXUS_EVENT_A_TYPE:
			event->type = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_NEXUS:
			read_string(attr, event->nexus, sizeof(event->nexus));
			break;
		case NEXUS_EVENT_A_CHANNEL_ID:
			event->channel_id = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_PID:
			event->pid = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_UID:
			event->uid = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_IFINDEX:
			event->ifindex = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_VIOLATION:
			event->violation = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_INDEX:
			event->index = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_VALUE:
			event->value = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_REASON:
			event->reason = mnl_attr_get_u32(attr);
			break;
		case NEXUS_EVENT_A_PAGES:
			event->pages = mnl_attr_get_u32(attr);
			break;
		}
	}
}

static bool match_event(const char *buf, int len, __u32 type,
			struct nx_ctl_event *event)
{
	const struct nlmsghdr *message = (const void *)buf;

	for (; mnl_nlmsg_ok(message, len);
	     message = mnl_nlmsg_next(message, &len)) {
		const struct nlattr *nest = nest_find(message, NEXUS_A_EVENT);

		memset(event, 0, sizeof(*event));
		if (nest)
			read_event(nest, event);
		if (event->type == type)
			return true;
	}
	return false;
}

bool nx_monitor_wait(struct mnl_socket *monitor, __u32 type,
		     struct nx_ctl_event *event, unsigned int ms)
{
	struct pollfd poll_in = {
		.fd = mnl_socket_get_fd(monitor),
		.events = POLLIN,
	};
	long long end_ns = nx_now_ns() + ms * NX_MSEC;
	char buf[8192];

	while (nx_now_ns() < end_ns) {
		int len;

		if (!poll(&poll_in, 1, ms))
			return false;
		len = mnl_socket_recvfrom(monitor, buf, sizeof(buf));
		if (len > 0 && match_event(buf, len, type, event))
			return true;
	}
	return false;
}
