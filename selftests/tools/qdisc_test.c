// SPDX-License-Identifier: GPL-2.0
/* nexusctl qdisc and top: what they ask of rtnetlink, and what they show. */
#include <errno.h>
#include <string.h>
#include <linux/nexus_qdisc.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "ctl_test.h"

static const struct tcmsg *asked(void)
{
	return mnl_nlmsg_get_payload(mock.route.nlh);
}

/* The option in the last request; NULL: it does not name it. */
static const struct nlattr *option(u16 type)
{
	const struct nlattr *attr, *inner, *found = NULL;

	mnl_attr_for_each(attr, mock.route.nlh, sizeof(struct tcmsg)) {
		if (mnl_attr_get_type(attr) != TCA_OPTIONS)
			continue;
		CU_ASSERT(attr->nla_type & NLA_F_NESTED);
		mnl_attr_for_each_nested(inner, attr)
			if (mnl_attr_get_type(inner) == type)
				found = inner;
	}
	return found;
}

static void qdisc_show__text(void)
{
	mock_qdisc("fq_codel", 0x20000, TC_H_ROOT, 1);
	mock_qdisc("nexus", 0x10000, TC_H_ROOT, 9000);
	run("qdisc");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_HAS(out, "dev lo handle 1: parent root\n");
	CHECK_HAS(out, " rate 20mbit ll 20% target 5ms ");
	CHECK_HAS(out, " sent 8589934592 packets, 9000 bytes; dropped 2; standing 12 packets");
	CHECK_HAS(out, " delay_ns 4.2ms ");
	CU_ASSERT_PTR_NULL(strstr(out, "handle 2:"));
	/* A value that stands for "by itself" is not shown. */
	CU_ASSERT_PTR_NULL(strstr(out, "burst"));
}

static void qdisc_show__json(void)
{
	mock_qdisc("nexus", 0x10000, 0xa0001, 9000);
	run_with((struct nx_ctl){ .json = true }, "qdisc show dev lo");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_HAS(out, "[{\"dev\":\"lo\",\"ifindex\":1,\"handle\":\"1:\","
		  "\"parent\":\"a:1\",\"options\":{\"rate\":2500000,");
	CHECK_HAS(out, "\"packets\":8589934592,\"bytes\":9000,\"drops\":2,\"qlen\":12,");
	CHECK_HAS(out, "\"suspended\":5,\"resumed\":4,");
	run("qdisc show dev no-such-device");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_HAS(err, "no network device 'no-such-device'");
}

static void qdisc_replace__asks(void)
{
	run("qdisc replace dev lo rate 20mbit ll 20% limit 100");
	CU_ASSERT_EQUAL(status, NX_OK);
	CU_ASSERT_EQUAL(mock.nr_route, 1);
	CU_ASSERT_EQUAL(mock.route.nlh->nlmsg_type, RTM_NEWQDISC);
	CU_ASSERT_EQUAL(mock.route.nlh->nlmsg_flags,
			NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	CU_ASSERT_EQUAL(asked()->tcm_ifindex, 1);
	CU_ASSERT_EQUAL(asked()->tcm_parent, TC_H_ROOT);
	CU_ASSERT_EQUAL(mnl_attr_get_u64(option(NEXUS_QDISC_A_RATE)), 2500000);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(option(NEXUS_QDISC_A_LL_SHARE)), 200);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(option(NEXUS_QDISC_A_LIMIT)), 100);
	CU_ASSERT_PTR_NULL(option(NEXUS_QDISC_A_TARGET));
	run("qdisc replace dev lo parent 1:a");
	CU_ASSERT_EQUAL(asked()->tcm_parent, 0x1000a);
}

/* Those of the device, each by its handle and parent; others are left alone. */
static void qdisc_set__every_queue(void)
{
	mock_qdisc("mq", 0x10000, TC_H_ROOT, 1);
	mock_qdisc("nexus", 0x20000, 0x10001, 1);
	mock_qdisc("nexus", 0x30000, 0x10002, 1);
	run("qdisc set dev lo target 3ms");
	CU_ASSERT_EQUAL(status, NX_OK);
	CU_ASSERT_EQUAL(mock.nr_route, 2);
	CU_ASSERT_EQUAL(mock.route.nlh->nlmsg_flags, NLM_F_ACK);
	CU_ASSERT_EQUAL(asked()->tcm_handle, 0x30000);
	CU_ASSERT_EQUAL(asked()->tcm_parent, 0x10002);
	CU_ASSERT_EQUAL(mnl_attr_get_u64(option(NEXUS_QDISC_A_TARGET)), 3000000);
	run("qdisc set dev lo parent 1:1 target 3ms");
	CU_ASSERT_EQUAL(mock.nr_route, 3);
	CU_ASSERT_EQUAL(asked()->tcm_handle, 0x20000);
	run("qdisc del dev lo parent 1:2");
	CU_ASSERT_EQUAL(mock.route.nlh->nlmsg_type, RTM_DELQDISC);
	CU_ASSERT_EQUAL(asked()->tcm_parent, 0x10002);
	run("qdisc del dev lo parent 1:3");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_HAS(err, "lo has no queueing discipline 'nexus' there");
	CU_ASSERT_EQUAL(mock.nr_route, 4);
}

static void qdisc__words(void)
{
	static const char *const lines[][2] = {
		{ "qdisc replace", "dev is missing" },
		{ "qdisc replace dev", "the name of a network device is missing" },
		{ "qdisc replace dev lo speed 3", "unknown word 'speed'" },
		{ "qdisc replace dev lo rate", "rate is missing" },
		{ "qdisc replace dev lo rate fast", "rate: 'fast' is no value for it" },
		{ "qdisc replace dev lo limit 5000000000", "is no value" },
		{ "qdisc set dev lo rate 1mbit rate 2mbit", "'rate' stands twice" },
		{ "qdisc set dev lo parent 10000:1 rate 2mbit", "'10000:1' is no parent" },
		{ "qdisc set dev lo parent 1: rate 2mbit", "'1:' is no parent" },
		{ "qdisc del dev lo rate 1mbit", "unknown word 'rate'" },
		{ "top every 0", "not a number of seconds" },
		{ "top count 0", "'0' is not a number" },
		{ "top 3 4", "unknown word '4'" },
	};

	for (size_t i = 0; i < NX_ARRAY_SIZE(lines); i++) {
		run(lines[i][0]);
		CU_ASSERT_EQUAL(status, NX_USAGE);
		CHECK_HAS(err, lines[i][1]);
	}
	CU_ASSERT_EQUAL(mock.nr_route, 0);
}

static void qdisc__refusals(void)
{
	mock.route_err = -EPERM;
	run("qdisc replace dev lo");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_HAS(err, "qdisc replace dev lo: needs CAP_NET_ADMIN");
	mock.route_err = -ENOENT;
	mock.extack = "Specified qdisc kind is unknown";
	run("qdisc replace dev lo");
	CHECK_HAS(err, "load the module with 'modprobe nexus'");
	mock.route_err = -ERANGE;
	mock.extack = "the quantum is 256 to 1048576 bytes";
	run("qdisc replace dev lo quantum 1");
	CHECK_HAS(err, "qdisc replace dev lo: the quantum is 256 to 1048576 bytes");
	mock_qdisc("nexus", 0, TC_H_ROOT, 1);
	run("qdisc set dev lo target 1ms");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_HAS(err, "it is the kernel's default");
}

static void top__text(void)
{
	struct nx_request req;

	mock_qdisc("nexus", 0x10000, TC_H_ROOT, 9000);
	message_flow(&req, 1, 0);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	message_flow_v6(&req, 1, 1);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	run("top count 2 every 0.01");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_HAS(out, "flows: 2, shown: 2\n");
	CHECK_HAS(out, "lo      root    20mbit     -  4.2ms        12 ");
	CHECK_HAS(out, "10.0.0.1:5353");
	CHECK_HAS(out, "[2001:db8::2]:40000");
	/* Nobody has a terminal here, and so nothing is cleared. */
	CU_ASSERT_PTR_NULL(strchr(out, 033));
}

static void top__json(void)
{
	struct nx_request req;
	size_t lines = 0;

	mock_qdisc("nexus", 0x10000, TC_H_ROOT, 9000);
	message_flow(&req, 1, 0);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	run_with((struct nx_ctl){ .json = true, .pretty = true }, "top 3 every 0.01");
	CU_ASSERT_EQUAL(status, NX_OK);
	for (const char *p = out; (p = strchr(p, '\n')); p++)
		lines++;
	CU_ASSERT_EQUAL(lines, 3);
	CHECK_HAS(out, "\"queues\":[{\"tx_rate\":0,\"queue\":{\"dev\":\"lo\"");
	CHECK_HAS(out, "\"flows\":[{\"tx_rate\":0,\"rx_rate\":0,\"flow\":{\"nexus\":\"nx0\"");
}

CU_TestInfo qdisc_tests[] = {
	{ "qdisc_show__text", qdisc_show__text },
	{ "qdisc_show__json", qdisc_show__json },
	{ "qdisc_replace__asks", qdisc_replace__asks },
	{ "qdisc_set__every_queue", qdisc_set__every_queue },
	{ "qdisc__words", qdisc__words },
	{ "qdisc__refusals", qdisc__refusals },
	{ "top__text", top__text },
	{ "top__json", top__json },
	CU_TEST_INFO_NULL,
};
