// SPDX-License-Identifier: GPL-2.0
/* Tables and JSON of nexuses, policies, channels, flows and counters. */
#include <errno.h>
#include <string.h>

#include "ctl_test.h"

static const struct nx_ctl json = { .json = true };
static const struct nx_ctl numeric = { .numeric = true };

static void list_nexuses(void)
{
	struct nx_request req;

	message_nexus(&req, "nx0", 1);
	mock_list(NEXUS_CMD_GET_NEXUS, &req);
	message_nexus(&req, "other", 2);
	mock_list(NEXUS_CMD_GET_NEXUS, &req);
}

static void list_flows(void)
{
	struct nx_request req;

	message_flow(&req, 3, 0);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	message_flow_v6(&req, 12, 1);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
}

static void nexus__table(void)
{
	list_nexuses();
	run("nexus show");
	CHECK_STR(out,
"NEXUS  ID  KIND         DEVICES   CHANNELS  FLOWS  RX-PACKETS  RX-BYTES  TX-PACKETS  TX-BYTES  PASSED  DROPS\n"
"nx0     1  flow-switch  lo,veth0         2   100k       1.23M      3MiB          42     1000B       0      7\n"
"other   2  flow-switch  -                2   100k       1.23M      3MiB          42     1000B       0      7\n");
	CHECK_STR(err, "");
	run_with(numeric, "nexus show other");
	CHECK_STR(out,
"NEXUS  ID  KIND         DEVICES  CHANNELS   FLOWS  RX-PACKETS  RX-BYTES  TX-PACKETS  TX-BYTES  PASSED  DROPS\n"
"other   2  flow-switch  -               2  100000     1234567   3145728          42      1000       0      7\n");
}

static void nexus__none(void)
{
	run("nexus show");
	CHECK_STR(out, "no nexus in this network namespace\n");
	CU_ASSERT_EQUAL(status, NX_OK);
	run_with(json, "nexus show");
	CHECK_STR(out, "[]\n");
	run_with(json, "flow show");
	CHECK_STR(out, "[]\n");
	run("channel show");
	CHECK_STR(out, "no channels\n");
}

static void nexus__json(void)
{
	list_nexuses();
	run_with(json, "nexus show nx0");
	CHECK_STR(out,
"[{\"name\":\"nx0\",\"id\":1,\"kind\":\"flow-switch\","
"\"devices\":[{\"ifindex\":1,\"name\":\"lo\"},{\"ifindex\":7,\"name\":\"veth0\"}],"
"\"channels\":2,\"flows\":100000,"
"\"policy\":{\"allow\":[{\"type\":\"uid\",\"id\":65534,\"name\":\"nobody\"},"
"{\"type\":\"gid\",\"id\":4000000000,\"name\":\"4000000000\"}],"
"\"max_channels\":1024,\"max_flows\":65536,\"max_bytes\":1073741824,\"max_idle\":30},"
"\"counters\":{\"rx_packets\":1234567,\"rx_bytes\":3145728,\"tx_packets\":42,\"tx_bytes\":1000,"
"\"passed\":0,\"dropped\":7,\"drops\":{\"tx-route\":3,\"from-the-future\":4}}}]\n");
}

static void nexus__torn_list(void)
{
	list_nexuses();
	mock.is_torn = true;
	run("nexus show");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_STR(err, "nexusctl: the list changed each time it was read: "
		  "it may lack entries, or hold old ones\n");
}

static void nexus__malformed(void)
{
	struct nx_request req;
	struct nlattr *nest = message_begin(&req, NEXUS_CMD_GET_NEXUS, NEXUS_A_NEXUS);

	mnl_attr_put_u16(req.nlh, NEXUS_NEXUS_A_ID, 1);
	mnl_attr_nest_end(req.nlh, nest);
	mock_list(NEXUS_CMD_GET_NEXUS, &req);
	run("nexus show");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_HAS(err, "the kernel's answer makes no sense");
}

static void policy__table(void)
{
	list_nexuses();
	run("policy show");
	CHECK_STR(out,
"NEXUS  MAX-CHANNELS  MAX-FLOWS  MAX-BYTES  MAX-IDLE  ALLOWED\n"
"nx0            1024      65536       1GiB       30s  uid nobody, gid 4000000000\n"
"other          1024      65536       1GiB         -  CAP_NET_ADMIN only\n");
	run_with(json, "policy show other");
	CHECK_STR(out, "[{\"name\":\"other\",\"policy\":{\"allow\":[],\"max_channels\":1024,"
		  "\"max_flows\":65536,\"max_bytes\":1073741824,\"max_idle\":0}}]\n");
}

static void limits__show(void)
{
	struct nx_request req;
	struct nlattr *nest;

	nest = message_begin(&req, NEXUS_CMD_GET_LIMITS, NEXUS_A_LIMITS);
	mnl_attr_put_u32(req.nlh, NEXUS_LIMITS_A_MAX_CHANNELS, 7);
	mnl_attr_put_u32(req.nlh, NEXUS_LIMITS_A_MAX_FLOWS, 0);
	mnl_attr_put_u64(req.nlh, NEXUS_LIMITS_A_MAX_BYTES, 6ULL << 30);
	mnl_attr_put_u32(req.nlh, NEXUS_LIMITS_A_MAX_SYNS, 100);
	mnl_attr_put_u32(req.nlh, NEXUS_LIMITS_A_NR_CHANNELS, 2);
	mnl_attr_put_u32(req.nlh, NEXUS_LIMITS_A_NR_FLOWS, 33);
	mnl_attr_put_u64(req.nlh, NEXUS_LIMITS_A_BYTES, 1ULL << 30);
	mnl_attr_nest_end(req.nlh, nest);
	mock_list(NEXUS_CMD_GET_LIMITS, &req);
	run("limits show");
	CHECK_STR(out,
"LIMIT          MAX   NOW\n"
"max-channels     7     2\n"
"max-flows      any    33\n"
"max-bytes     6GiB  1GiB\n"
"max-syns       100     -\n");
	run_with(json, "limits show");
	CHECK_STR(out, "[{\"max_channels\":7,\"channels\":2,\"max_flows\":0,\"flows\":33,"
		  "\"max_bytes\":6442450944,\"bytes\":1073741824,\"max_syns\":100}]\n");
}

static void tune__tells_why(void)
{
	struct nx_request req;

	message_channel(&req, 3, "serve", 0);
	mock_list(NEXUS_CMD_GET_CHANNEL, &req);
	run("tune show");
	CHECK_STR(out,
"CHANNEL  COMMAND  KNOB         QUEUE  STATE         VALUE  WHY\n"
"      3  serve    working-set      -  shrinks    12 pages  a quarter stood unused for 2 "
"seconds: a quarter less may stand ready, the rest was given back\n"
"      3  serve    wake-delay       1  backs-off      0 us  while a wake waited nobody sent "
"any more: each packet wakes at once for now\n"
"      3  serve    unknown          -  unknown          7   this nexusctl does not know why\n");
	run_with(json, "tune show 3");
	CHECK_STR(out,
"[{\"channel\":3,\"nexus\":\"nx0\",\"pid\":4711,\"comm\":\"serve\",\"knobs\":["
"{\"name\":\"working-set\",\"state\":\"shrinks\",\"value\":12,\"unit\":\"pages\","
"\"why\":\"a quarter stood unused for 2 seconds: a quarter less may stand ready, the rest "
"was given back\"},"
"{\"name\":\"wake-delay\",\"queue\":1,\"state\":\"backs-off\",\"value\":0,\"unit\":\"us\","
"\"why\":\"while a wake waited nobody sent any more: each packet wakes at once for now\"},"
"{\"name\":\"unknown\",\"state\":\"unknown\",\"value\":7,\"unit\":\"\","
"\"why\":\"this nexusctl does not know why\"}]}]\n");
	run("tune show 4");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_HAS(err, "no channel 4 in this network namespace");
}

static void flow__table(void)
{
	list_flows();
	run("flow show");
	CHECK_STR(out,
"NEXUS  CHANNEL  INDEX  PROTO  LOCAL             REMOTE                PID  USER        CLASS  RX-PACKETS  RX-BYTES  TX-PACKETS  TX-BYTES  DROPS\n"
"nx0          3      0  udp    10.0.0.1:5353     *                    4711  4000000000  bulk            7        0B           0        0B      2\n"
"nx0         12      1  udp    [2001:db8::1]:53  [2001:db8::2]:40000  4711  4000000000  bulk            0        0B           0        0B      0\n");
}

static void flow__json(void)
{
	list_flows();
	run_with(json, "flow show");
	CHECK_STR(out,
"[{\"nexus\":\"nx0\",\"channel\":3,\"index\":0,\"generation\":8,\"family\":\"inet\","
"\"protocol\":\"udp\",\"local\":\"10.0.0.1\",\"local_port\":5353,\"listener\":true,"
"\"pid\":4711,\"uid\":4000000000,\"user\":\"4000000000\",\"class\":\"bulk\","
"\"counters\":{\"rx_packets\":7,\"dropped\":2,\"drops\":{}}},"
"{\"nexus\":\"nx0\",\"channel\":12,\"index\":1,\"generation\":8,\"family\":\"inet6\","
"\"protocol\":\"udp\",\"local\":\"2001:db8::1\",\"local_port\":53,\"listener\":false,"
"\"remote\":\"2001:db8::2\",\"remote_port\":40000,"
"\"pid\":4711,\"uid\":4000000000,\"user\":\"4000000000\",\"class\":\"bulk\"}]\n");
}

static int count_flows(const char *line)
{
	int nr = 0;

	run_with(json, line);
	CU_ASSERT_EQUAL(status, NX_OK);
	for (const char *at = out; (at = strstr(at, "\"generation\"")); at++)
		nr++;
	return nr;
}

static void flow__filters(void)
{
	list_flows();
	CU_ASSERT_EQUAL(count_flows("flow show nexus nx0"), 2);
	CU_ASSERT_EQUAL(count_flows("flow show channel 12"), 1);
	CU_ASSERT_EQUAL(count_flows("flow show port 5353"), 1);
	CU_ASSERT_EQUAL(count_flows("flow show port 40000"), 1);
	/* A listener has no remote port, and that is not port 0. */
	CU_ASSERT_EQUAL(count_flows("flow show port 0"), 0);
	CU_ASSERT_EQUAL(count_flows("flow show pid 4711 user 4000000000"), 2);
	CU_ASSERT_EQUAL(count_flows("flow show pid 4712"), 0);
	CU_ASSERT_EQUAL(count_flows("flow show user root"), 0);
}

static void flow__wrong_address_length(void)
{
	struct nx_request req;
	struct nlattr *nest = message_begin(&req, NEXUS_CMD_GET_FLOW, NEXUS_A_FLOW);

	mnl_attr_put_u16(req.nlh, NEXUS_FLOW_A_FAMILY, AF_INET6);
	mnl_attr_put(req.nlh, NEXUS_FLOW_A_LOCAL, 4, "abcd");
	mnl_attr_nest_end(req.nlh, nest);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	run("flow show");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_HAS(err, "makes no sense");
}

static void list_tcp(void)
{
	struct nx_request req;

	message_flow(&req, 3, 0);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	message_tcp(&req, NEXUS_TCP_LISTEN, false);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	message_tcp(&req, NEXUS_TCP_CLOSE_WAIT, true);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
}

/* What is reported stands apart, however silly it is. */
static void tcp__table(void)
{
	list_tcp();
	run("tcp");
	CHECK_STR(out,
"STATE       LOCAL        REMOTE           PID  USER        RX-BYTES  TX-BYTES  UNACKED  DROPS  ~STATE   ~RECV-Q  ~SEND-Q    ~CWND      ~RTT-MS  ~RETRANS\n"
"listen      10.0.0.1:80  *               4711  4000000000        0B        0B    1000B      0  -              -        -        -            -         -\n"
"close-wait  10.0.0.1:80  10.0.0.2:40000  4711  4000000000        0B        0B    1000B      0  unknown       7B     4GiB  14.1KiB  1.235/0.500         3\n");
	CU_ASSERT_EQUAL(status, NX_OK);
}

static void tcp__json(void)
{
	list_tcp();
	run_with(json, "tcp show port 40000");
	CHECK_STR(out,
"[{\"nexus\":\"nx0\",\"channel\":5,\"index\":1,\"generation\":8,\"family\":\"inet\","
"\"protocol\":\"tcp\",\"local\":\"10.0.0.1\",\"local_port\":80,\"listener\":false,"
"\"remote\":\"10.0.0.2\",\"remote_port\":40000,"
"\"pid\":4711,\"uid\":4000000000,\"user\":\"4000000000\",\"class\":\"bulk\","
"\"tcp\":{\"state\":\"close-wait\",\"unacked\":1000},"
"\"reported\":{\"state\":\"unknown\",\"unacked\":4294967295,\"unread\":7,\"unsent\":1,"
"\"cwnd\":14480,\"retrans\":3,\"srtt_ns\":1234567,\"rttvar_ns\":500000,"
"\"options\":[\"sack\",\"ecn\"]}}]\n");
}

static void channel__table(void)
{
	struct nx_request req;

	message_channel(&req, 3, "dnsd", 0);
	mock_list(NEXUS_CMD_GET_CHANNEL, &req);
	message_channel(&req, 4, "\033[31mred", NEXUS_VIOLATION_BUFFER_OWNER);
	mock_list(NEXUS_CMD_GET_CHANNEL, &req);
	run("channel show");
	CHECK_STR(out,
"CHANNEL  NEXUS  PORT  STATE                        PID  COMMAND      USER        QUEUES  FLOWS  BUFFERS  FREE+USER+KERNEL+FLIGHT  RX-PACKETS  TX-PACKETS  DROPS\n"
"      3  nx0       5  active                      4711  dnsd         4000000000       2      2      100              40+30+20+10       1.23M          42      7\n"
"      4  nx0       5  quarantined (buffer-owner)     -  \\x1b[31mred  4000000000       2      2      100              40+30+20+10       1.23M          42      7\n");
}

static void channel__one(void)
{
	struct nx_request req;

	message_channel(&req, 3, "dnsd", NEXUS_VIOLATION_TX_INDEX);
	mock_list(NEXUS_CMD_GET_CHANNEL, &req);
	run("channel show 3");
	CHECK_STR(out,
"channel 3 of nexus nx0, port 5\n"
"  owner      dnsd, pid -, user 4000000000\n"
"  state      quarantined\n"
"  violation  tx-index: its TX index is past what the ring holds\n"
"  memory     may be taken back while it is mapped\n"
"  flows      2\n"
"  pool       100 buffers: 40 free, 30 user, 20 kernel, 10 in flight; 17 pages populated\n"
"  QUEUE  TX-SLOTS  TX-USED  RX-SLOTS  RX-USED\n"
"      0       256        1      1024       20\n"
"      1       256        1      1024       20\n"
"  counted by the kernel\n"
"    COUNTER                 VALUE  MEANING\n"
"    rx-packets            1234567  packets delivered to channels\n"
"    rx-bytes              3145728  their bytes, IP headers included\n"
"    tx-packets                 42  packets sent by channels\n"
"    tx-bytes                 1000  their bytes, IP headers included\n"
"    drop tx-route               3  no route to the destination\n"
"    drop from-the-future        4  unknown to this nexusctl\n"
"  reported by the program, not checked\n"
"    COUNTER     VALUE  MEANING\n"
"    rx-packets     99  packets delivered to channels\n");
	run("channel show 5");
	CU_ASSERT_EQUAL(status, NX_REFUSED);
	CHECK_STR(err, "nexusctl: no channel 5 in this network namespace: "
		  "'nexusctl channel show' lists them\n");
}

static void channel__json(void)
{
	struct nx_request req;

	message_channel(&req, 3, "d\"\xff", NEXUS_VIOLATION_TX_INDEX);
	mock_list(NEXUS_CMD_GET_CHANNEL, &req);
	run_with(json, "channel show 3");
	CHECK_STR(out,
"[{\"id\":3,\"nexus\":\"nx0\",\"port\":5,\"pid\":0,\"comm\":\"d\\\"\\ufffd\","
"\"uid\":4000000000,\"user\":\"4000000000\",\"state\":\"quarantined\","
"\"violation\":\"tx-index\","
"\"violation_text\":\"its TX index is past what the ring holds\",\"defunct_ok\":true,"
"\"flows\":2,\"queues\":["
"{\"index\":0,\"tx_slots\":256,\"tx_used\":1,\"rx_slots\":1024,\"rx_used\":20},"
"{\"index\":1,\"tx_slots\":256,\"tx_used\":1,\"rx_slots\":1024,\"rx_used\":20}],"
"\"pool\":{\"buffers\":100,\"free\":40,\"user\":30,\"kernel\":20,\"in_flight\":10,\"pages\":17},"
"\"counters\":{\"rx_packets\":1234567,\"rx_bytes\":3145728,\"tx_packets\":42,\"tx_bytes\":1000,"
"\"passed\":0,\"dropped\":7,\"drops\":{\"tx-route\":3,\"from-the-future\":4}},"
"\"reported\":{\"rx_packets\":99,\"dropped\":0,\"drops\":{}}}]\n");
}

static void stats__nonzero_and_all(void)
{
	static const struct nx_ctl all = { .all = true };

	list_nexuses();
	run("stats nx0");
	CHECK_STR(out,
"nexus nx0\n"
"  COUNTER                 VALUE  MEANING\n"
"  rx-packets            1234567  packets delivered to channels\n"
"  rx-bytes              3145728  their bytes, IP headers included\n"
"  tx-packets                 42  packets sent by channels\n"
"  tx-bytes                 1000  their bytes, IP headers included\n"
"  drop tx-route               3  no route to the destination\n"
"  drop from-the-future        4  unknown to this nexusctl\n");
	run_with(all, "stats nx0");
	CHECK_HAS(out, "\n  passed                      0  packets seen");
#define NX_CHECK_DROP(id, name, text) CHECK_HAS(out, "\n  drop " name " "); CHECK_HAS(out, text);
	NEXUS_DROP_REASONS(NX_CHECK_DROP)
	run("stats");
	CHECK_HAS(out, "nexus nx0\n");
	CHECK_HAS(out, "\n\nnexus other\n");
}

static void flow__ten_thousand(void)
{
	struct nx_request req;

	for (u32 i = 0; i < 10000; i++) {
		message_flow(&req, 1, i);
		mock_list(NEXUS_CMD_GET_FLOW, &req);
	}
	CU_ASSERT_EQUAL(count_flows("flow show"), 10000);
	run("flow show");
	CHECK_HAS(out, "\nnx0          1   9999  udp");
}

/* The same numbers in every run. */
static u32 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/* Changes up to four bytes behind the headers, and shows what is left. */
static void show_damaged(u8 cmd, const struct nx_request *whole, const char *line, u64 *state)
{
	struct nx_request req = *whole;
	const u32 head = NLMSG_HDRLEN + 4;
	u32 len;

	req.nlh = (struct nlmsghdr *)req.buf;
	len = req.nlh->nlmsg_len - head;
	for (u32 nr = next_random(state) % 4 + 1; nr; nr--)
		req.buf[head + next_random(state) % len] = next_random(state);
	mock_reset();
	mock_list(cmd, &req);
	run(line);
	CU_ASSERT_TRUE(status == NX_OK || status == NX_REFUSED);
	run_with(json, line);
	CU_ASSERT_TRUE(status == NX_OK || status == NX_REFUSED);
}

/* No message makes it read or write where it must not: the sanitizers watch. */
static void all__damaged_messages(void)
{
	struct nx_request nexus, flow, channel;
	u64 state = 1;

	message_nexus(&nexus, "nx0", 1);
	message_flow_v6(&flow, 3, 1);
	message_channel(&channel, 3, "dnsd", 1);
	for (int i = 0; i < 3000; i++) {
		show_damaged(NEXUS_CMD_GET_NEXUS, &nexus, "nexus show", &state);
		show_damaged(NEXUS_CMD_GET_NEXUS, &nexus, "policy show", &state);
		show_damaged(NEXUS_CMD_GET_NEXUS, &nexus, "stats", &state);
		show_damaged(NEXUS_CMD_GET_FLOW, &flow, "flow show", &state);
		show_damaged(NEXUS_CMD_GET_CHANNEL, &channel, "channel show", &state);
		show_damaged(NEXUS_CMD_GET_CHANNEL, &channel, "channel show 3", &state);
	}
}

CU_TestInfo show_tests[] = {
	{ "nexus__table", nexus__table },
	{ "nexus__none", nexus__none },
	{ "nexus__json", nexus__json },
	{ "nexus__torn_list", nexus__torn_list },
	{ "nexus__malformed", nexus__malformed },
	{ "policy__table", policy__table },
	{ "limits__show", limits__show },
	{ "tune__tells_why", tune__tells_why },
	{ "flow__table", flow__table },
	{ "flow__json", flow__json },
	{ "flow__filters", flow__filters },
	{ "flow__wrong_address_length", flow__wrong_address_length },
	{ "tcp__table", tcp__table },
	{ "tcp__json", tcp__json },
	{ "channel__table", channel__table },
	{ "channel__one", channel__one },
	{ "channel__json", channel__json },
	{ "stats__nonzero_and_all", stats__nonzero_and_all },
	{ "flow__ten_thousand", flow__ten_thousand },
	{ "all__damaged_messages", all__damaged_messages },
	CU_TEST_INFO_NULL,
};
