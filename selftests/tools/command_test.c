// SPDX-License-Identifier: GPL-2.0
/* Command lines: what they ask of the kernel, and what they complain about. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"

static void check_usage(const char *line, const char *complaint)
{
	run(line);
	CU_ASSERT_EQUAL(status, NX_USAGE);
	CHECK_HAS(err, complaint);
	CHECK_STR(out, "");
}

static void check_refused(const char *line, const char *complaint)
{
	run(line);
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_STR(err, complaint);
	CHECK_STR(out, "");
}

static void list_nexuses(void)
{
	struct nx_request req;

	message_nexus(&req, "nx0", 1);
	mock_list(NEXUS_CMD_GET_NEXUS, &req);
	message_nexus(&req, "other", 2);
	mock_list(NEXUS_CMD_GET_NEXUS, &req);
}

static void run__unknown_words(void)
{
	check_usage("", "Usage: nexusctl");
	check_usage("flwo", "unknown word 'flwo': did you mean 'flow'?");
	check_usage("xyzzy", "nexus, attach, detach, policy, limits, flow, tcp, channel, defunct, tune, ll, qdisc, top, stats, monitor or help");
	check_usage("nexus ad_d nx0", "did you mean 'add'?");
	check_usage("flow list", "unknown word 'list': show or del can stand here");
}

static void run__abbreviations(void)
{
	list_nexuses();
	run("n s nx0");
	CU_ASSERT_EQUAL(status, NX_OK);
	run("n");
	CU_ASSERT_EQUAL(status, NX_OK);
	run("pol");
	CU_ASSERT_EQUAL(status, NX_OK);
	check_usage("n x", "unknown word 'x'");
}

static void run__usage_shows_the_command(void)
{
	check_usage("attach nx0", "nexusctl: dev is missing at the end\n"
		    "Usage:\n  nexusctl attach NAME dev IFNAME\n");
	check_usage("attach nx0 dev", "the name of a network device is missing at the end");
	check_usage("attach nx0 dev lo lo", "'lo' is one word too many");
	check_usage("nexus del", "the name of a nexus is missing at the end");
	check_usage("nexus show a b", "'b' is one word too many");
	check_usage("monitor nx0", "unknown word 'nx0': nexus can stand here");
	check_usage("channel show 1x", "'1x' is not a number");
	check_usage("flow del 1", "the flow's index is missing at the end");
	check_usage("flow del 1 2 3", "unknown word '3': generation can stand here");
	check_usage("flow show port 65536", "port: '65536' is not a number from 0 to 65535");
	check_usage("flow show port 1 port 2", "'port' stands twice");
	check_usage("flow show p 1", "'p' may be port or pid: write more of it");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_GET_FLOW], 0);
}

static void help__every_level(void)
{
	run("help");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_HAS(out, "nexusctl flow del CHANNEL INDEX");
	run("help flow");
	CHECK_STR(out,
		  "  nexusctl flow show [nexus NAME] [channel ID] [port N] [pid PID] [user USER]\n"
		  "        list flows: addresses, owner, traffic\n"
		  "  nexusctl flow del CHANNEL INDEX [generation N]\n"
		  "        end a flow\n");
	run("flow help");
	CHECK_HAS(out, "nexusctl flow show");
	run("flow del help");
	CHECK_STR(out, "  nexusctl flow del CHANNEL INDEX [generation N]\n        end a flow\n");
	run("help attach");
	CHECK_HAS(out, "NAME dev IFNAME");
	check_usage("help flwo", "did you mean 'flow'?");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_GET_FLOW], 0);
}

static void kernel__no_module(void)
{
	mock.open_err = -ENOENT;
	check_refused("nexus show", "nexusctl: the kernel has no 'nexus' netlink family: "
		      "load the module with 'modprobe nexus'\n");
	mock.open_err = -EPROTONOSUPPORT;
	check_refused("stats", "nexusctl: cannot talk to the kernel over generic netlink: "
		      "Protocol not supported\n");
}

static void kernel__no_permission(void)
{
	mock.err[NEXUS_CMD_NEW_NEXUS] = -EPERM;
	check_refused("nexus add nx1",
		      "nexusctl: nexus add nx1: needs CAP_NET_ADMIN: run with sudo\n");
}

static void kernel__no_such_nexus(void)
{
	mock.err[NEXUS_CMD_DEL_NEXUS] = -ENODEV;
	mock.extack = "there is no nexus 'nx9'";
	check_refused("nexus del nx9", "nexusctl: no nexus 'nx9': this network namespace has "
		      "none; 'nexusctl nexus add nx9' makes it\n");
	list_nexuses();
	check_refused("nexus del nx9", "nexusctl: no nexus 'nx9' in this network namespace, "
		      "which has: nx0, other\n");
	check_refused("nexus show nx9", "nexusctl: no nexus 'nx9' in this network namespace, "
		      "which has: nx0, other\n");
	check_refused("policy show nx9", "nexusctl: no nexus 'nx9' in this network namespace, "
		      "which has: nx0, other\n");
	check_refused("stats nx9", "nexusctl: no nexus 'nx9' in this network namespace, "
		      "which has: nx0, other\n");
	check_refused("flow show nexus nx9", "nexusctl: no nexus 'nx9' in this network "
		      "namespace, which has: nx0, other\n");
	mock.err[NEXUS_CMD_GET_CHANNEL] = -ENODEV;
	check_refused("channel show nexus nx9", "nexusctl: no nexus 'nx9' in this network "
		      "namespace, which has: nx0, other\n");
}

static void kernel__its_own_words(void)
{
	list_nexuses();
	mock.err[NEXUS_CMD_NEW_NEXUS] = -EEXIST;
	mock.extack = "nexus 'nx0' exists already";
	check_refused("nexus add nx0", "nexusctl: nexus add nx0: nexus 'nx0' exists already\n");
	mock.extack = "";
	check_refused("nexus add nx0", "nexusctl: nexus add nx0: File exists\n");
	mock.err[NEXUS_CMD_DEL_NEXUS] = -EBUSY;
	mock.extack = "channels are attached (2): close them first";
	check_refused("nexus del nx0", "nexusctl: nexus del nx0: channels are attached (2): "
		      "close them first; 'nexusctl channel show nexus nx0' lists them\n");
}

static void attach__asks_for_the_device(void)
{
	run("attach nx0 dev lo");
	CU_ASSERT_EQUAL(status, NX_OK);
	CU_ASSERT_EQUAL_FATAL(mock.commands[NEXUS_CMD_ADD_DEV], 1);
	CHECK_STR(mnl_attr_get_str(MOCK_ATTR(NEXUS_A_NEXUS, NEXUS_NEXUS_A_NAME)), "nx0");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(MOCK_ATTR(NEXUS_A_NEXUS, NEXUS_NEXUS_A_DEV,
						   NEXUS_DEV_A_IFINDEX)), 1);
	run("detach nx0 dev lo");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_DEL_DEV], 1);
}

static void attach__refused(void)
{
	list_nexuses();
	check_refused("attach nx0 dev no-such-dev", "nexusctl: no network device 'no-such-dev' "
		      "in this network namespace: 'ip link' lists them\n");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_ADD_DEV], 0);
	mock.err[NEXUS_CMD_ADD_DEV] = -EBUSY;
	check_refused("attach other dev lo", "nexusctl: attach other dev lo: Device or resource "
		      "busy; lo is attached to nexus 'nx0'; 'nexusctl detach nx0 dev lo' takes "
		      "it out\n");
	mock.extack = "'lo' is attached to nexus 'nx0'";
	check_refused("attach other dev lo", "nexusctl: attach other dev lo: 'lo' is attached to "
		      "nexus 'nx0'; 'nexusctl detach nx0 dev lo' takes it out\n");
	mock.extack = "";
	mock.err[NEXUS_CMD_DEL_DEV] = -ENOENT;
	mock.extack = "'lo' is not attached to this nexus";
	check_refused("detach other dev lo", "nexusctl: detach other dev lo: 'lo' is not attached "
		      "to this nexus; lo is attached to nexus 'nx0'\n");
}

static void add__devices_or_nothing(void)
{
	run("nexus add nx1 dev lo");
	CU_ASSERT_EQUAL(status, NX_OK);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_NEW_NEXUS], 1);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_ADD_DEV], 1);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_DEL_NEXUS], 0);
	run("nexus add nx1 dev lo no-such-dev");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_NEW_NEXUS], 1);
	mock.err[NEXUS_CMD_ADD_DEV] = -EOPNOTSUPP;
	run("nexus add nx1 dev lo dev lo");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_DEL_NEXUS], 1);
	check_usage("nexus add nx1 dev", "the name of a network device is missing at the end");
	check_usage("nexus add nx1 lo", "unknown word 'lo': dev can stand here");
}

static u32 count_rules(void)
{
	const struct nlattr *policy = MOCK_ATTR(NEXUS_A_NEXUS, NEXUS_NEXUS_A_POLICY);
	const struct nlattr *attr;
	u32 nr = 0;

	mnl_attr_for_each_nested(attr, policy)
		nr += mnl_attr_get_type(attr) == NEXUS_POLICY_A_RULE;
	return nr;
}

#define POLICY(attr) MOCK_ATTR(NEXUS_A_NEXUS, NEXUS_NEXUS_A_POLICY, attr)

static void policy__set(void)
{
	run("policy set nx0 allow uid root uid 7 allow gid root max-flows 5 allow any max-bytes 1M "
	    "max-ll 2.5%");
	CU_ASSERT_EQUAL_FATAL(status, NX_OK);
	CU_ASSERT_EQUAL(count_rules(), 4);
	CU_ASSERT_PTR_NULL(POLICY(NEXUS_POLICY_A_NO_RULES));
	CU_ASSERT_PTR_NULL(POLICY(NEXUS_POLICY_A_MAX_CHANNELS));
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_MAX_FLOWS)), 5);
	CU_ASSERT_EQUAL(mnl_attr_get_u64(POLICY(NEXUS_POLICY_A_MAX_BYTES)), 1 << 20);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_MAX_LL)), 25);
	/* The last rule is "any": it has no number. */
	CU_ASSERT_EQUAL(mnl_attr_get_u32(MOCK_ATTR(NEXUS_A_NEXUS, NEXUS_NEXUS_A_POLICY,
		NEXUS_POLICY_A_RULE, NEXUS_RULE_A_TYPE)), NEXUS_RULE_ANY);
	CU_ASSERT_PTR_NULL(MOCK_ATTR(NEXUS_A_NEXUS, NEXUS_NEXUS_A_POLICY,
		NEXUS_POLICY_A_RULE, NEXUS_RULE_A_ID));
	run("policy set nx0 max-syns 0 linger 60");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_MAX_SYNS)), 0);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_LINGER)), 60000);
	run("policy set nx0 on-violation kill");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_ON_VIOLATION)),
			NEXUS_ON_VIOLATION_KILL);
	run("policy set nx0 on-violation quarantine");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_ON_VIOLATION)),
			NEXUS_ON_VIOLATION_QUARANTINE);
	run("policy set nx0 max-user-flows 77");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_MAX_USER_FLOWS)), 77);
	run("policy set nx0 max-idle 0");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_MAX_IDLE)), 0);
	CU_ASSERT_PTR_NULL(POLICY(NEXUS_POLICY_A_MAX_BYTES));
	run("policy set nx0 deny-all max-channels 9");
	CU_ASSERT_EQUAL(count_rules(), 0);
	CU_ASSERT_PTR_NOT_NULL(POLICY(NEXUS_POLICY_A_NO_RULES));
	CU_ASSERT_EQUAL(mnl_attr_get_u32(POLICY(NEXUS_POLICY_A_MAX_CHANNELS)), 9);
}

#define LIMIT(attr) MOCK_ATTR(NEXUS_A_LIMITS, attr)

static void limits__set(void)
{
	run("limits set max-channels 9 max-bytes 2G");
	CU_ASSERT_EQUAL(status, NX_OK);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_SET_LIMITS], 1);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(LIMIT(NEXUS_LIMITS_A_MAX_CHANNELS)), 9);
	CU_ASSERT_EQUAL(mnl_attr_get_u64(LIMIT(NEXUS_LIMITS_A_MAX_BYTES)), 2ULL << 30);
	CU_ASSERT_PTR_NULL(LIMIT(NEXUS_LIMITS_A_MAX_FLOWS));
	CU_ASSERT_PTR_NULL(LIMIT(NEXUS_LIMITS_A_MAX_SYNS));
	run("limits set max-bytes any max-flows any max-syns 5");
	CU_ASSERT_EQUAL(mnl_attr_get_u64(LIMIT(NEXUS_LIMITS_A_MAX_BYTES)), 0);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(LIMIT(NEXUS_LIMITS_A_MAX_FLOWS)), 0);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(LIMIT(NEXUS_LIMITS_A_MAX_SYNS)), 5);
}

static void limits__complaints(void)
{
	check_usage("limits set", "max-channels, max-flows, max-bytes or max-syns is missing");
	check_usage("limits set max-flows", "max-flows is missing at the end");
	check_usage("limits set max-flows 0", "'0' is not a number from 1 to 4294967295");
	check_usage("limits set max-bytes x", "'x' is not a size");
	check_usage("limits set max-idle 1", "unknown word 'max-idle'");
	check_usage("limits show nx0", "'nx0' is one word too many");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_SET_LIMITS], 0);
	mock.err[NEXUS_CMD_SET_LIMITS] = -EPERM;
	check_refused("limits set max-flows 1", "nexusctl: limits set: needs CAP_NET_ADMIN "
		      "in the host's user namespace: run with sudo\n");
}

static void policy__complaints(void)
{
	char line[NEXUS_RULES_MAX * 8 + 64] = "policy set nx0 allow";

	check_usage("policy set nx0", "nothing to set");
	check_usage("policy set nx0 uid root", "'uid' stands after 'allow'");
	check_usage("policy set nx0 allow", "any, uid or gid is missing at the end");
	check_usage("policy set nx0 allow uid", "a user is missing at the end");
	check_usage("policy set nx0 allow uid no-such-user", "there is no user 'no-such-user'");
	check_usage("policy set nx0 allow gid no-such-group", "there is no group 'no-such-group'");
	check_usage("policy set nx0 allow uid 4294967295", "there is no user '4294967295'");
	check_usage("policy set nx0 allow any deny-all", "'allow' and 'deny-all' exclude each other");
	check_usage("policy set nx0 max-flows 0", "'0' is not a number from 1 to 4294967295");
	check_usage("policy set nx0 on-violation", "missing at the end");
	check_usage("policy set nx0 on-violation stop", "quarantine or kill");
	check_usage("policy set nx0 max-ll 101%", "'101%' is not a share");
	check_usage("policy set nx0 max-bytes 1Q", "'1Q' is not a size");
	check_usage("policy set nx0 max-flow x", "'x' is not a number");
	check_usage("policy set nx0 max- 1", "may be max-channels, max-flows, max-user-flows, max-bytes, max-idle, max-ll or max-syns");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_SET_POLICY], 0);
	for (int i = 0; i < 30; i++)
		strcat(line, " any");
	run(line);
	CU_ASSERT_EQUAL(status, NX_OK);
	CU_ASSERT_EQUAL(count_rules(), 30);
	for (int i = 0; i < 3; i++)
		strcat(line, " any");
	check_usage(line, "a policy has at most 32 rules");
}

#define FLOW(attr) MOCK_ATTR(NEXUS_A_FLOW, attr)

static void flow__del(void)
{
	struct nx_request req;

	check_refused("flow del 3 1", "nexusctl: channel 3 has no flows: "
		      "'nexusctl flow show' lists all\n");
	message_flow(&req, 3, 0);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	check_refused("flow del 3 1", "nexusctl: channel 3 has no flow 1: "
		      "'nexusctl flow show channel 3' lists its 1\n");
	message_flow_v6(&req, 3, 1);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	run("flow del 3 1");
	CU_ASSERT_EQUAL_FATAL(status, NX_OK);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(FLOW(NEXUS_FLOW_A_CHANNEL_ID)), 3);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(FLOW(NEXUS_FLOW_A_INDEX)), 1);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(FLOW(NEXUS_FLOW_A_GENERATION)), 8);
	run("flow del 4 5 generation 6");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(FLOW(NEXUS_FLOW_A_GENERATION)), 6);
	mock.err[NEXUS_CMD_DEL_FLOW] = -ENOENT;
	mock.extack = "there is no channel 4";
	check_refused("flow del 4 5 generation 6",
		      "nexusctl: flow del 4 5: there is no channel 4\n");
}

#define DEFUNCT(attr) MOCK_ATTR(NEXUS_A_DEFUNCT, attr)

static void defunct__whose(void)
{
	run("defunct channel 7");
	CU_ASSERT_EQUAL_FATAL(status, NX_OK);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(DEFUNCT(NEXUS_DEFUNCT_A_CHANNEL_ID)), 7);
	CU_ASSERT_PTR_NULL(DEFUNCT(NEXUS_DEFUNCT_A_PID));
	run("defunct pid 4711");
	CU_ASSERT_EQUAL_FATAL(status, NX_OK);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(DEFUNCT(NEXUS_DEFUNCT_A_PID)), 4711);
	CU_ASSERT_PTR_NULL(DEFUNCT(NEXUS_DEFUNCT_A_CHANNEL_ID));
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_DEFUNCT], 2);
}

static void defunct__complaints(void)
{
	check_usage("defunct", "channel, pid or cgroup is missing at the end");
	check_usage("defunct channel", "the channel's ID is missing at the end");
	check_usage("defunct pid 0", "'0' is not a number from 1 to 2147483647");
	check_usage("defunct pid 1 2", "'2' is one word too many");
	check_usage("defunct cgroup", "the folder of a cgroup is missing at the end");
	check_refused("defunct cgroup /no/such", "nexusctl: cannot find the cgroup '/no/such': "
		      "No such file or directory\n");
	check_refused("defunct cgroup /", "nexusctl: '/' is no folder of the unified cgroup "
		      "hierarchy, which is usually at /sys/fs/cgroup\n");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_DEFUNCT], 0);
	mock.err[NEXUS_CMD_DEFUNCT] = -EOPNOTSUPP;
	mock.extack = "channel 7 has not agreed to it";
	check_refused("defunct channel 7",
		      "nexusctl: defunct channel 7: channel 7 has not agreed to it\n");
}

#define TUNE(attr) MOCK_ATTR(NEXUS_A_TUNE, attr)

static void tune__pin_and_free(void)
{
	run("tune pin 3 working-set 40");
	CU_ASSERT_EQUAL_FATAL(status, NX_OK);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_CHANNEL_ID)), 3);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_KNOB)), NEXUS_TUNE_WORKING_SET);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_VALUE)), 40);
	run("tune pin 3 wake-delay 500");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_KNOB)), NEXUS_TUNE_WAKE_DELAY);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_VALUE)), 500);
	run("tune pin 3 receive-window 65536");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_KNOB)), NEXUS_TUNE_RECEIVE_WINDOW);
	run("tune pin 3 tx-budget 64");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_KNOB)), NEXUS_TUNE_TX_BUDGET);
	run("tune pin 3 cache-batch 8");
	CU_ASSERT_EQUAL(mnl_attr_get_u32(TUNE(NEXUS_TUNE_A_KNOB)), NEXUS_TUNE_CACHE_BATCH);
	run("tune free 3 wo");
	CU_ASSERT_EQUAL_FATAL(status, NX_OK);
	CU_ASSERT_PTR_NULL(TUNE(NEXUS_TUNE_A_VALUE));
	check_usage("tune pin 3 working-set", "the value is missing at the end");
	check_usage("tune pin 3 work-set 1", "did you mean 'working-set'?");
	check_usage("tune free 3 working-set 1", "'1' is one word too many");
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_SET_TUNE], 6);
}

static void batch__stops_or_goes_on(void)
{
	char path[] = "/tmp/nexusctl-batch-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct nx_ctl ctl = { .out = stdout };
	char *complaints;
	size_t len;

	fputs("# comment\n\nnexus add a # with a remark\n nexus  bogus\t\nnexus add b\n", file);
	fclose(file);
	ctl.err = open_memstream(&complaints, &len);
	CU_ASSERT_EQUAL(nx_batch_run(&ctl, path, false), NX_USAGE);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_NEW_NEXUS], 1);
	CU_ASSERT_EQUAL(nx_batch_run(&ctl, path, true), NX_USAGE);
	CU_ASSERT_EQUAL(mock.commands[NEXUS_CMD_NEW_NEXUS], 3);
	remove(path);
	CU_ASSERT_EQUAL(nx_batch_run(&ctl, path, true), NX_REFUSED);
	fclose(ctl.err);
	CHECK_HAS(complaints, ":4 failed\n");
	CHECK_HAS(complaints, "No such file or directory\n");
	free(complaints);
}

CU_TestInfo command_tests[] = {
	{ "run__unknown_words", run__unknown_words },
	{ "run__abbreviations", run__abbreviations },
	{ "run__usage_shows_the_command", run__usage_shows_the_command },
	{ "help__every_level", help__every_level },
	{ "kernel__no_module", kernel__no_module },
	{ "kernel__no_permission", kernel__no_permission },
	{ "kernel__no_such_nexus", kernel__no_such_nexus },
	{ "kernel__its_own_words", kernel__its_own_words },
	{ "attach__asks_for_the_device", attach__asks_for_the_device },
	{ "attach__refused", attach__refused },
	{ "add__devices_or_nothing", add__devices_or_nothing },
	{ "policy__set", policy__set },
	{ "policy__complaints", policy__complaints },
	{ "limits__set", limits__set },
	{ "limits__complaints", limits__complaints },
	{ "flow__del", flow__del },
	{ "defunct__whose", defunct__whose },
	{ "defunct__complaints", defunct__complaints },
	{ "tune__pin_and_free", tune__pin_and_free },
	{ "batch__stops_or_goes_on", batch__stops_or_goes_on },
	CU_TEST_INFO_NULL,
};
