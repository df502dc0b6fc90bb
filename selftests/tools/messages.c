// SPDX-License-Identifier: GPL-2.0
/* Makes messages as the kernel makes them. */
#include <string.h>
#include <arpa/inet.h>
#include <linux/gen_stats.h>
#include <linux/nexus_qdisc.h>
#include <linux/rtnetlink.h>

#include "ctl_test.h"

struct nlattr *message_begin(struct nx_request *req, u8 cmd, u16 nest)
{
	nx_request_init(req, cmd);
	return mnl_attr_nest_start(req->nlh, nest);
}

static void put_drop(struct nlmsghdr *nlh, u32 reason, const char *name, u64 count)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NEXUS_COUNTERS_A_DROP);

	mnl_attr_put_u32(nlh, NEXUS_DROP_A_REASON, reason);
	mnl_attr_put_strz(nlh, NEXUS_DROP_A_NAME, name);
	mnl_attr_put_u64(nlh, NEXUS_DROP_A_COUNT, count);
	mnl_attr_nest_end(nlh, nest);
}

static void put_counters(struct nlmsghdr *nlh, u16 attr)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, attr);

	mnl_attr_put_u64(nlh, NEXUS_COUNTERS_A_RX_PACKETS, 1234567);
	mnl_attr_put_u64(nlh, NEXUS_COUNTERS_A_RX_BYTES, 3 << 20);
	mnl_attr_put_u64(nlh, NEXUS_COUNTERS_A_TX_PACKETS, 42);
	mnl_attr_put_u64(nlh, NEXUS_COUNTERS_A_TX_BYTES, 1000);
	mnl_attr_put_u64(nlh, NEXUS_COUNTERS_A_PASSED, 0);
	put_drop(nlh, NEXUS_DROP_TX_ROUTE, "tx-route", 3);
	put_drop(nlh, 60, "from-the-future", 4);
	mnl_attr_nest_end(nlh, nest);
}

static void put_rule(struct nlmsghdr *nlh, u32 type, u32 id)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NEXUS_POLICY_A_RULE);

	mnl_attr_put_u32(nlh, NEXUS_RULE_A_TYPE, type);
	if (type != NEXUS_RULE_ANY)
		mnl_attr_put_u32(nlh, NEXUS_RULE_A_ID, id);
	mnl_attr_nest_end(nlh, nest);
}

static void put_policy(struct nlmsghdr *nlh, u32 nr_rules)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NEXUS_NEXUS_A_POLICY);

	if (nr_rules) {
		put_rule(nlh, NEXUS_RULE_UID, 65534);
		put_rule(nlh, NEXUS_RULE_GID, 4000000000U);
	}
	mnl_attr_put_u32(nlh, NEXUS_POLICY_A_MAX_CHANNELS, 1024);
	mnl_attr_put_u32(nlh, NEXUS_POLICY_A_MAX_FLOWS, 65536);
	mnl_attr_put_u64(nlh, NEXUS_POLICY_A_MAX_BYTES, 1ULL << 30);
	mnl_attr_put_u32(nlh, NEXUS_POLICY_A_MAX_IDLE, nr_rules ? 30 : 0);
	mnl_attr_nest_end(nlh, nest);
}

static void put_dev(struct nlmsghdr *nlh, u32 ifindex, const char *name)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NEXUS_NEXUS_A_DEV);

	mnl_attr_put_u32(nlh, NEXUS_DEV_A_IFINDEX, ifindex);
	mnl_attr_put_strz(nlh, NEXUS_DEV_A_NAME, name);
	mnl_attr_nest_end(nlh, nest);
}

void message_nexus(struct nx_request *req, const char *name, u32 id)
{
	struct nlattr *nest = message_begin(req, NEXUS_CMD_GET_NEXUS, NEXUS_A_NEXUS);

	mnl_attr_put_strz(req->nlh, NEXUS_NEXUS_A_NAME, name);
	mnl_attr_put_u32(req->nlh, NEXUS_NEXUS_A_KIND, NEXUS_KIND_FLOW_SWITCH);
	mnl_attr_put_u32(req->nlh, NEXUS_NEXUS_A_ID, id);
	mnl_attr_put_u32(req->nlh, NEXUS_NEXUS_A_NR_CHANNELS, 2);
	mnl_attr_put_u32(req->nlh, NEXUS_NEXUS_A_NR_FLOWS, 100000);
	put_policy(req->nlh, id % 2);
	put_counters(req->nlh, NEXUS_NEXUS_A_COUNTERS);
	if (id % 2) {
		put_dev(req->nlh, 1, "lo");
		put_dev(req->nlh, 7, "veth0");
	}
	/* From a newer kernel: to be left alone. */
	mnl_attr_put_u32(req->nlh, 31, 31);
	mnl_attr_put_u32(req->nlh, 1000, 1000);
	mnl_attr_nest_end(req->nlh, nest);
}

static void put_queue(struct nlmsghdr *nlh, u32 index)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NEXUS_CHANNEL_A_QUEUE);

	mnl_attr_put_u32(nlh, NEXUS_QUEUE_A_INDEX, index);
	mnl_attr_put_u32(nlh, NEXUS_QUEUE_A_TX_SLOTS, 256);
	mnl_attr_put_u32(nlh, NEXUS_QUEUE_A_TX_USED, 1);
	mnl_attr_put_u32(nlh, NEXUS_QUEUE_A_RX_SLOTS, 1024);
	mnl_attr_put_u32(nlh, NEXUS_QUEUE_A_RX_USED, 20);
	mnl_attr_nest_end(nlh, nest);
}

static void put_pool(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NEXUS_CHANNEL_A_POOL);

	mnl_attr_put_u32(nlh, NEXUS_POOL_A_BUFFERS, 100);
	mnl_attr_put_u32(nlh, NEXUS_POOL_A_FREE, 40);
	mnl_attr_put_u32(nlh, NEXUS_POOL_A_USER, 30);
	mnl_attr_put_u32(nlh, NEXUS_POOL_A_KERNEL, 20);
	mnl_attr_put_u32(nlh, NEXUS_POOL_A_IN_FLIGHT, 10);
	mnl_attr_put_u64(nlh, NEXUS_POOL_A_PAGES, 17);
	mnl_attr_nest_end(nlh, nest);
}

/* @queue: negative: it is the channel's */
static void put_knob(struct nlmsghdr *nlh, u32 knob, int queue, u32 state, u32 value)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NEXUS_CHANNEL_A_TUNE);

	mnl_attr_put_u32(nlh, NEXUS_TUNE_A_KNOB, knob);
	mnl_attr_put_u32(nlh, NEXUS_TUNE_A_STATE, state);
	mnl_attr_put_u32(nlh, NEXUS_TUNE_A_VALUE, value);
	if (queue >= 0)
		mnl_attr_put_u32(nlh, NEXUS_TUNE_A_QUEUE, queue);
	mnl_attr_nest_end(nlh, nest);
}

void message_channel(struct nx_request *req, u32 id, const char *comm, u32 violation)
{
	struct nlattr *nest = message_begin(req, NEXUS_CMD_GET_CHANNEL, NEXUS_A_CHANNEL);
	struct nlattr *reported;

	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_ID, id);
	mnl_attr_put_strz(req->nlh, NEXUS_CHANNEL_A_NEXUS, "nx0");
	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_PORT, 5);
	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_PID, violation ? 0 : 4711);
	mnl_attr_put_strz(req->nlh, NEXUS_CHANNEL_A_COMM, comm);
	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_UID, 4000000000U);
	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_STATE,
			 violation ? NEXUS_CHANNEL_QUARANTINED : NEXUS_CHANNEL_ACTIVE);
	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_VIOLATION, violation);
	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_FLAGS, NEXUS_ATTACH_DEFUNCT_OK);
	mnl_attr_put_u32(req->nlh, NEXUS_CHANNEL_A_NR_FLOWS, 2);
	put_queue(req->nlh, 0);
	put_queue(req->nlh, 1);
	put_pool(req->nlh);
	put_counters(req->nlh, NEXUS_CHANNEL_A_COUNTERS);
	reported = mnl_attr_nest_start(req->nlh, NEXUS_CHANNEL_A_REPORTED);
	mnl_attr_put_u64(req->nlh, NEXUS_COUNTERS_A_RX_PACKETS, 99);
	mnl_attr_nest_end(req->nlh, reported);
	put_knob(req->nlh, NEXUS_TUNE_WORKING_SET, -1, NEXUS_TUNE_SHRINKS, 12);
	put_knob(req->nlh, NEXUS_TUNE_WAKE_DELAY, 1, NEXUS_TUNE_BACKS_OFF, 0);
	put_knob(req->nlh, 30, -1, 31, 7);
	mnl_attr_nest_end(req->nlh, nest);
}

static struct nlattr *begin_flow(struct nx_request *req, u32 channel, u32 index, u16 family)
{
	struct nlattr *nest = message_begin(req, NEXUS_CMD_GET_FLOW, NEXUS_A_FLOW);

	mnl_attr_put_strz(req->nlh, NEXUS_FLOW_A_NEXUS, "nx0");
	mnl_attr_put_u32(req->nlh, NEXUS_FLOW_A_CHANNEL_ID, channel);
	mnl_attr_put_u32(req->nlh, NEXUS_FLOW_A_INDEX, index);
	mnl_attr_put_u32(req->nlh, NEXUS_FLOW_A_GENERATION, 8);
	mnl_attr_put_u16(req->nlh, NEXUS_FLOW_A_FAMILY, family);
	mnl_attr_put_u8(req->nlh, NEXUS_FLOW_A_PROTOCOL, IPPROTO_UDP);
	mnl_attr_put_u32(req->nlh, NEXUS_FLOW_A_PID, 4711);
	mnl_attr_put_u32(req->nlh, NEXUS_FLOW_A_UID, 4000000000U);
	mnl_attr_put_u32(req->nlh, NEXUS_FLOW_A_CLASS, NEXUS_CLASS_BULK);
	return nest;
}

static void put_end(struct nlmsghdr *nlh, u16 family, u16 attr, const char *address, u16 port)
{
	char bytes[16];

	inet_pton(family, address, bytes);
	mnl_attr_put(nlh, attr, family == AF_INET ? 4 : 16, bytes);
	mnl_attr_put_u16(nlh, attr + 1, htons(port));
}

void message_flow(struct nx_request *req, u32 channel, u32 index)
{
	struct nlattr *nest = begin_flow(req, channel, index, AF_INET);
	struct nlattr *counters;

	put_end(req->nlh, AF_INET, NEXUS_FLOW_A_LOCAL, "10.0.0.1", 5353);
	counters = mnl_attr_nest_start(req->nlh, NEXUS_FLOW_A_COUNTERS);
	mnl_attr_put_u64(req->nlh, NEXUS_COUNTERS_A_RX_PACKETS, 7);
	put_drop(req->nlh, NEXUS_DROP_NONE, "all", 2);
	mnl_attr_nest_end(req->nlh, counters);
	mnl_attr_nest_end(req->nlh, nest);
}

void message_flow_ll(struct nx_request *req, u32 channel, u32 index, u32 permille)
{
	struct nlattr *nest = begin_flow(req, channel, index, AF_INET);

	put_end(req->nlh, AF_INET, NEXUS_FLOW_A_LOCAL, "10.0.0.1", 4000 + index);
	put_end(req->nlh, AF_INET, NEXUS_FLOW_A_REMOTE, "10.0.0.2", 40000);
	mnl_attr_put_u32(req->nlh, NEXUS_FLOW_A_LL_PERMILLE, permille);
	mnl_attr_nest_end(req->nlh, nest);
}

void message_tcp(struct nx_request *req, u32 state, bool is_reported)
{
	struct nlattr *nest = begin_flow(req, 5, 1, AF_INET), *tcp;

	mnl_attr_put_u8(req->nlh, NEXUS_FLOW_A_PROTOCOL, IPPROTO_TCP);
	put_end(req->nlh, AF_INET, NEXUS_FLOW_A_LOCAL, "10.0.0.1", 80);
	if (state != NEXUS_TCP_LISTEN)
		put_end(req->nlh, AF_INET, NEXUS_FLOW_A_REMOTE, "10.0.0.2", 40000);
	tcp = mnl_attr_nest_start(req->nlh, NEXUS_FLOW_A_TCP);
	mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_STATE, state);
	mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_UNACKED, 1000);
	mnl_attr_nest_end(req->nlh, tcp);
	if (is_reported) {
		tcp = mnl_attr_nest_start(req->nlh, NEXUS_FLOW_A_REPORTED);
		mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_STATE, 77);
		mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_FLAGS,
				 NEXUS_REPORT_SACK | NEXUS_REPORT_ECN | 1U << 31);
		mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_UNACKED, ~0U);
		mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_UNREAD, 7);
		mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_UNSENT, 1);
		mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_CWND, 14480);
		mnl_attr_put_u32(req->nlh, NEXUS_TCP_A_RETRANS, 3);
		mnl_attr_put_u64(req->nlh, NEXUS_TCP_A_SRTT_NS, 1234567);
		mnl_attr_put_u64(req->nlh, NEXUS_TCP_A_RTTVAR_NS, 500000);
		mnl_attr_nest_end(req->nlh, tcp);
	}
	mnl_attr_nest_end(req->nlh, nest);
}

void message_flow_v6(struct nx_request *req, u32 channel, u32 index)
{
	struct nlattr *nest = begin_flow(req, channel, index, AF_INET6);

	put_end(req->nlh, AF_INET6, NEXUS_FLOW_A_LOCAL, "2001:db8::1", 53);
	put_end(req->nlh, AF_INET6, NEXUS_FLOW_A_REMOTE, "2001:db8::2", 40000);
	mnl_attr_nest_end(req->nlh, nest);
}

static void put_qdisc_stats(struct nlmsghdr *nlh, u64 bytes)
{
	struct nexus_qdisc_stats app = { .size = sizeof(app), .delay_ns = 4200000,
					 .marked = 3, .suspended = 5, .resumed = 4 };
	struct nlattr *nest = mnl_attr_nest_start(nlh, TCA_STATS2);
	struct gnet_stats_queue queue = { .qlen = 12, .backlog = 12500, .drops = 2 };
	struct gnet_stats_basic basic = { .bytes = bytes, .packets = 40 };
	u64 packets = 1ULL << 33;

	mnl_attr_put(nlh, TCA_STATS_BASIC, sizeof(basic), &basic);
	mnl_attr_put(nlh, TCA_STATS_PKT64, sizeof(packets), &packets);
	mnl_attr_put(nlh, TCA_STATS_QUEUE, sizeof(queue), &queue);
	mnl_attr_put(nlh, TCA_STATS_APP, sizeof(app), &app);
	mnl_attr_nest_end(nlh, nest);
}

void mock_qdisc(const char *kind, u32 handle, u32 parent, u64 bytes)
{
	char buf[1024] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	struct nlattr *nest;

	nlh->nlmsg_type = RTM_NEWQDISC;
	tcm->tcm_ifindex = 1;
	tcm->tcm_handle = handle;
	tcm->tcm_parent = parent;
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	nest = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put_u64(nlh, NEXUS_QDISC_A_RATE, 2500000);
	mnl_attr_put_u64(nlh, NEXUS_QDISC_A_TARGET, 5000000);
	mnl_attr_put_u32(nlh, NEXUS_QDISC_A_LIMIT, 10240);
	mnl_attr_put_u32(nlh, NEXUS_QDISC_A_LL_SHARE, 200);
	mnl_attr_put_u32(nlh, 1000, 1000);
	mnl_attr_nest_end(nlh, nest);
	put_qdisc_stats(nlh, bytes);
	nx_reply_add(&mock.qdiscs, nlh);
}
