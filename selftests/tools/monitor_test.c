// SPDX-License-Identifier: GPL-2.0
/* Events: one line each, as text and as JSON; what is lost is told. */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>

#include "ctl_test.h"

static const struct nx_ctl json = { .json = true, .pretty = true };

static struct nlattr *begin(struct nx_request *req, u32 type, const char *nexus)
{
	struct nlattr *nest = message_begin(req, NEXUS_CMD_EVENT, NEXUS_A_EVENT);

	mnl_attr_put_u32(req->nlh, NEXUS_EVENT_A_TYPE, type);
	mnl_attr_put_u64(req->nlh, NEXUS_EVENT_A_TIME_NS, 1000000000123456789ULL);
	mnl_attr_put_strz(req->nlh, NEXUS_EVENT_A_NEXUS, nexus);
	return nest;
}

static void put_process(struct nx_request *req)
{
	mnl_attr_put_u32(req->nlh, NEXUS_EVENT_A_PID, 42);
	mnl_attr_put_strz(req->nlh, NEXUS_EVENT_A_COMM, "a\nb");
	mnl_attr_put_u32(req->nlh, NEXUS_EVENT_A_UID, 0);
}

static void add_device(void)
{
	struct nx_request req;
	struct nlattr *nest = begin(&req, NEXUS_MONITOR_DEV_ADD, "nx0");

	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_IFINDEX, 7);
	mnl_attr_put_strz(req.nlh, NEXUS_EVENT_A_IFNAME, "veth0");
	mnl_attr_nest_end(req.nlh, nest);
	mock_event(&req);
}

static void add_denied(void)
{
	struct nx_request req;
	struct nlattr *nest = begin(&req, NEXUS_MONITOR_ATTACH_DENIED, "nx1");

	put_process(&req);
	mnl_attr_nest_end(req.nlh, nest);
	mock_event(&req);
}

static void add_violation(void)
{
	struct nx_request req;
	struct nlattr *nest = begin(&req, NEXUS_MONITOR_VIOLATION, "nx0");

	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_CHANNEL_ID, 3);
	put_process(&req);
	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_VIOLATION, NEXUS_VIOLATION_BUFFER_RANGE);
	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_INDEX, 10);
	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_VALUE, 4096);
	mnl_attr_nest_end(req.nlh, nest);
	mock_event(&req);
}

static void add_defunct(void)
{
	struct nx_request req;
	struct nlattr *nest = begin(&req, NEXUS_MONITOR_DEFUNCT, "nx0");

	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_CHANNEL_ID, 3);
	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_REASON, NEXUS_DEFUNCT_ASKED);
	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_PAGES, 1024);
	mnl_attr_nest_end(req.nlh, nest);
	mock_event(&req);
}

static void add_flow(void)
{
	struct nx_request req;
	struct nlattr *nest = begin(&req, NEXUS_MONITOR_FLOW_ADD, "nx0");
	struct nlattr *flow;

	mnl_attr_put_u32(req.nlh, NEXUS_EVENT_A_CHANNEL_ID, 3);
	flow = mnl_attr_nest_start(req.nlh, NEXUS_EVENT_A_FLOW);
	mnl_attr_put_strz(req.nlh, NEXUS_FLOW_A_NEXUS, "nx0");
	mnl_attr_put_u32(req.nlh, NEXUS_FLOW_A_CHANNEL_ID, 3);
	mnl_attr_put_u32(req.nlh, NEXUS_FLOW_A_INDEX, 1);
	mnl_attr_put_u32(req.nlh, NEXUS_FLOW_A_GENERATION, 2);
	mnl_attr_put_u16(req.nlh, NEXUS_FLOW_A_FAMILY, AF_INET);
	mnl_attr_put_u8(req.nlh, NEXUS_FLOW_A_PROTOCOL, IPPROTO_UDP);
	mnl_attr_put(req.nlh, NEXUS_FLOW_A_LOCAL, 4, "\x0a\0\0\1");
	mnl_attr_put_u16(req.nlh, NEXUS_FLOW_A_LOCAL_PORT, htons(53));
	mnl_attr_nest_end(req.nlh, flow);
	mnl_attr_nest_end(req.nlh, nest);
	mock_event(&req);
}

#define TIME "2001-09-09T01:46:40.123456 "

static void text__one_line_each(void)
{
	add_device();
	add_denied();
	add_violation();
	add_flow();
	add_defunct();
	run("monitor");
	CHECK_STR(out,
TIME "dev-add nexus nx0 dev veth0\n"
TIME "attach-denied nexus nx1 pid 42 command a\\x0ab user root: not allowed by the policy; "
"'nexusctl policy show' tells who is\n"
TIME "violation nexus nx0 channel 3 pid 42 command a\\x0ab user root buffer-range (index 10, "
"value 4096): it named a buffer that does not exist\n"
TIME "flow-add nexus nx0 channel 3 flow 1 udp local 10.0.0.1:53 remote *\n"
TIME "defunct nexus nx0 channel 3 pages 1024: an administrator asked for it\n");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_STR(err, "nexusctl: the module was unloaded: no more events will come\n");
}

static void json__one_line_each(void)
{
	add_device();
	add_denied();
	add_violation();
	add_flow();
	run_with(json, "monitor");
	CHECK_STR(out,
"{\"time_ns\":1000000000123456789,\"event\":\"dev-add\",\"nexus\":\"nx0\",\"ifindex\":7,"
"\"ifname\":\"veth0\"}\n"
"{\"time_ns\":1000000000123456789,\"event\":\"attach-denied\",\"nexus\":\"nx1\",\"pid\":42,"
"\"comm\":\"a\\u000ab\",\"uid\":0,\"user\":\"root\"}\n"
"{\"time_ns\":1000000000123456789,\"event\":\"violation\",\"nexus\":\"nx0\",\"channel\":3,"
"\"pid\":42,\"comm\":\"a\\u000ab\",\"uid\":0,\"user\":\"root\","
"\"violation\":\"buffer-range\",\"violation_text\":\"it named a buffer that does not exist\","
"\"index\":10,\"value\":4096}\n"
"{\"time_ns\":1000000000123456789,\"event\":\"flow-add\",\"nexus\":\"nx0\",\"channel\":3,"
"\"flow\":{\"nexus\":\"nx0\",\"channel\":3,\"index\":1,\"generation\":2,\"family\":\"inet\","
"\"protocol\":\"udp\",\"local\":\"10.0.0.1\",\"local_port\":53,\"listener\":true,"
"\"pid\":0,\"uid\":0,\"user\":\"root\",\"class\":\"best-effort\"}}\n");
}

static void filter__one_nexus(void)
{
	add_device();
	add_denied();
	run("monitor nexus nx1");
	CU_ASSERT_PTR_NULL(strstr(out, "dev-add"));
	CHECK_HAS(out, "attach-denied");
}

static void lost__is_told(void)
{
	mock.nr_lost = 1;
	add_device();
	run("monitor");
	CHECK_HAS(out, " lost: events came faster than they were read; some are missing here\n");
	CHECK_HAS(out, "dev-add");
	mock.nr_lost = 1;
	run_with(json, "monitor");
	CHECK_HAS(out, ",\"event\":\"lost\"}\n{\"time_ns\"");
}

CU_TestInfo monitor_tests[] = {
	{ "text__one_line_each", text__one_line_each },
	{ "json__one_line_each", json__one_line_each },
	{ "filter__one_nexus", filter__one_nexus },
	{ "lost__is_told", lost__is_told },
	CU_TEST_INFO_NULL,
};
