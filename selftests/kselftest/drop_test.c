// SPDX-License-Identifier: GPL-2.0
/*
 * Every drop has a name: each reason is provoked, its counter moves, and its
 * tracepoint fires with that reason.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "queue.h"
#include "tcp.h"
#include "test.h"
#include "trace.h"

#define NEXUS	"t"
#define PORT	4000
#define WILD	4010

static const char *const reason_names[] = {
#define REASON_NAME(id, name, text)	[NEXUS_DROP_##id] = name,
	NEXUS_DROP_REASONS(REASON_NAME)
};

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
	struct nx_flow	wild;
	int	wire;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.rx_slots = 8;
	bed->chan.attach.event_slots = 8;
	bed->chan.attach.nr_small = 64;
	bed->chan.attach.nr_large = 0;
	nx_chan_begin(&bed->chan);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
	nx_flow_start(&bed->wild, &bed->chan, "0.0.0.0", WILD, NULL, 0);
	bed->wild.tuple = nx_tuple(NX_HOST4, WILD, NX_PEER4, WILD);
	bed->wire = nx_packet_socket(bed->net.peer, NX_PEER_DEV);
}

/* ------------------------------------------------------------- provokers */

/* Sends a packet of @flow after @spoil has had it. */
static void send_spoilt(struct nx_flow *flow,
			void (*spoil)(struct nexus_desc *desc, char *packet))
{
	struct nx_chan *chan = flow->chan;
	long buf = nx_buf_take(chan, 0);
	struct nexus_desc desc = { .flow = flow->add.flow };

	if (buf < 0)
		nx_die("no buffer");
	desc.buf = buf;
	desc.len = nx_udp_build(nx_buf_ptr(chan, buf), &flow->tuple, "drop", 4);
	spoil(&desc, nx_buf_ptr(chan, buf));
	nx_ring_push(nx_chan_ring(chan, 0, NEXUS_RING_TX), &desc);
	nx_chan_sync(chan, 0, NEXUS_SYNC_TX, 0);
}

static void spoil_flags(struct nexus_desc *desc, char *packet)
{
	desc->flags = 1U << 31;
}

static void spoil_length(struct nexus_desc *desc, char *packet)
{
	desc->len = 0;
}

static void spoil_parts(struct nexus_desc *desc, char *packet)
{
	desc->flags = NEXUS_DESC_MORE;
}

static void spoil_flow(struct nexus_desc *desc, char *packet)
{
	desc->flow = 15;
}

static void spoil_ip(struct nexus_desc *desc, char *packet)
{
	((struct iphdr *)packet)->ihl = 6;
}

static void spoil_l4(struct nexus_desc *desc, char *packet)
{
	((struct udphdr *)(packet + 20))->len = 0;
}

static void spoil_gso(struct nexus_desc *desc, char *packet)
{
	desc->flags = NEXUS_DESC_GSO | NEXUS_DESC_CSUM;
	desc->gso_size = 1;
}

/* CLOCK_MONOTONIC: long ago. */
static void spoil_deadline(struct nexus_desc *desc, char *packet)
{
	desc->flags = NEXUS_DESC_DEADLINE | NEXUS_DESC_CSUM;
	desc->time_ns = 1;
}

static void spoil_port(struct nexus_desc *desc, char *packet)
{
	((struct udphdr *)(packet + 20))->source = htons(53);
}

static void spoil_source(struct nexus_desc *desc, char *packet)
{
	inet_pton(AF_INET, "198.51.100.7", &((struct iphdr *)packet)->saddr);
}

static void spoil_route(struct nexus_desc *desc, char *packet)
{
	inet_pton(AF_INET, "198.51.100.7", &((struct iphdr *)packet)->daddr);
}

static void spoil_broadcast(struct nexus_desc *desc, char *packet)
{
	inet_pton(AF_INET, "10.9.0.255", &((struct iphdr *)packet)->daddr);
}

static void spoil_nothing(struct nexus_desc *desc, char *packet)
{
}

static void provoke_mtu(struct bed *bed)
{
	char payload[1400] = "", packet[1500];
	size_t len = nx_udp_build(packet, &bed->pair.flow.tuple, payload,
				  sizeof(payload));

	nx_ip("link set " NX_DEV " mtu 1000\n");
	((struct iphdr *)packet)->frag_off = htons(IP_DF);
	nx_chan_send(&bed->chan, 0, bed->pair.flow.add.flow, 0, packet, len);
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0);
}

/* Sends @nr segments with @flags from a port of TCP to the peer. */
static void send_tcp(struct bed *bed, const char *remote, __u16 flags,
		     size_t len, int nr)
{
	struct nx_conn conn = {
		.chan = &bed->chan,
		.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, PORT),
	};
	struct nexus_flow_add add;
	int err;

	err = nx_tcp_adopt(&bed->chan, nx_tcp_socket(NX_HOST4, PORT), NULL,
			   remote, PORT, &add);
	if (err)
		nx_die("flow of TCP: %s", strerror(-err));
	conn.flow = add.flow;
	while (nr--)
		nx_conn_send(&conn, flags, "drop", len);
}

static void provoke_state(struct bed *bed)
{
	send_tcp(bed, NX_PEER4, NX_ACK, 4, 1);
}

/* There are a datagram's flow and a listener already. */
static void provoke_flows(struct bed *bed)
{
	struct nexus_flow_add add;
	struct nx_conn conn;

	if (nx_tcp_adopt(&bed->chan, nx_tcp_socket(NX_HOST4, PORT), NULL, NULL,
			 0, &add))
		nx_die("no listener");
	conn = (struct nx_conn){ .chan = &bed->chan, .flow = add.flow };
	if (nx_policy_limit(NEXUS, NEXUS_POLICY_A_MAX_FLOWS, 2))
		nx_die("no limit for flows");
	conn.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, PORT);
	nx_conn_send(&conn, NX_SYN | NX_ACK, NULL, 0);
}

/* A second's worth at once, and more than the sending lasts. */
static void provoke_syns(struct bed *bed)
{
	if (nx_policy_limit(NEXUS, NEXUS_POLICY_A_MAX_SYNS, 2))
		nx_die("no limit for SYNs");
	send_tcp(bed, NX_PEER4, NX_SYN, 0, 40);
}

static void provoke_device(struct bed *bed)
{
	if (nx_shell("tc qdisc add dev " NX_DEV " clsact >&2 && tc filter add"
		     " dev " NX_DEV " egress protocol ip matchall action drop"
		     " >&2"))
		nx_die("no tc filter");
	send_spoilt(&bed->pair.flow, spoil_nothing);
}

/* More than the burst of a discipline, which is taken away with the rest. */
static void provoke_queue(struct bed *bed)
{
	nx_qdisc("rate 8kbit");
	for (int i = 0; i < 100; i++)
		send_spoilt(&bed->pair.flow, spoil_nothing);
	if (nx_shell("tc qdisc del dev " NX_DEV " root >&2"))
		nx_die("no discipline to take away");
}

static void provoke_no_buffer(struct bed *bed)
{
	struct nexus_desc desc;

	for (int i = 0; i < 200; i++) {
		nx_udp_send(bed->pair.peer, "drop", 4, NULL, 0);
		nx_ring_pop(nx_chan_ring(&bed->chan, 0, NEXUS_RING_RX), &desc);
	}
}

static void provoke_ring_full(struct bed *bed)
{
	for (int i = 0; i < 20; i++)
		nx_udp_send(bed->pair.peer, "drop", 4, NULL, 0);
}

static void provoke_checksum(struct bed *bed)
{
	struct nx_tuple back = nx_tuple_back(&bed->pair.flow.tuple);
	char packet[64];
	size_t len = nx_udp_build(packet, &back, "drop", 4);

	packet[26] ^= 1;
	nx_packet_send(bed->wire, NX_PEER_DEV, packet, len);
}

/* An IPv6 packet may be longer than 65535 bytes, headers included. */
static void provoke_long(struct bed *bed)
{
	static char payload[65520];
	struct nx_pair pair;

	nx_pair_start(&pair, &bed->chan, &bed->net, AF_INET6, PORT + 1);
	if (nx_udp_send(pair.peer, payload, sizeof(payload), NULL, 0) < 0)
		nx_die("send: %s", strerror(errno));
}

static void provoke_closed(struct bed *bed)
{
	struct nx_ring *free_ring = nx_chan_ring(&bed->chan, 0,
						 NEXUS_RING_FREE);

	*free_ring->prod += free_ring->nr_slots + 1;
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_REFILL, 0);
	nx_udp_send(bed->pair.peer, "drop", 4, NULL, 0);
}

static void provoke_event_full(struct bed *bed)
{
	for (int i = 0; i < 20; i++)
		nx_link_set(NX_DEV, i & 1);
}

/* ----------------------------------------------------------------- table */

/**
 * struct provocation - a way to have a packet dropped
 * @reason:  for which
 * @spoil:   of one packet of the connected flow
 * @is_wild: of the wildcard listener instead
 * @provoke: anything else
 */
struct provocation {
	enum nexus_drop_reason	reason;
	void	(*spoil)(struct nexus_desc *desc, char *packet);
	bool	is_wild;
	void	(*provoke)(struct bed *bed);
};

static void expect_drop(NX_METADATA, const struct provocation *p)
{
	const char *name = reason_names[p->reason];
	struct nx_ctl_channel shown;
	struct nx_ctl_nexus nexus;
	struct nexus_status status;
	char reason[64];
	struct bed bed;

	bed_start(&bed);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_EQ(0, status.drops[p->reason]);
	nx_trace_start("nexus_drop");
	if (p->provoke)
		p->provoke(&bed);
	else
		send_spoilt(p->is_wild ? &bed.wild : &bed.pair.flow, p->spoil);
	nx_sleep_ms(50);

	/* Some reasons are counted by the nexus alone. */
	ASSERT_EQ(0, nx_nexus_get(NEXUS, &nexus));
	EXPECT_LT(0, nexus.counters.drops[p->reason]) {
		TH_LOG("the nexus counts no %s", name);
	}
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	ASSERT_EQ(0, nx_channel_get(bed.chan.attach.channel_id, &shown));
	EXPECT_EQ(status.drops[p->reason], shown.counters.drops[p->reason]);
	snprintf(reason, sizeof(reason), "reason=%s ", name);
	EXPECT_TRUE(nx_trace_has("nexus_drop", reason)) {
		TH_LOG("the tracepoint did not fire with %s", reason);
	}
	nx_trace_stop();
	nx_chan_close(&bed.chan);
}

/* Reasons that a test below provokes; checked at the end for completeness. */
#define DROP_TEST(test, id, ...) \
	static const struct provocation provocation_##test = { \
		.reason = NEXUS_DROP_##id, __VA_ARGS__ \
	}; \
	NX_TEST(test, "OBS-1 " #id " can be provoked: its counter moves, its tracepoint fires") \
	{ \
		expect_drop(_metadata, &provocation_##test); \
	}

DROP_TEST(tx_flags, TX_FLAGS, .spoil = spoil_flags)
DROP_TEST(tx_length, TX_LENGTH, .spoil = spoil_length)
DROP_TEST(tx_parts, TX_PARTS, .spoil = spoil_parts)
DROP_TEST(tx_flow, TX_FLOW, .spoil = spoil_flow)
DROP_TEST(tx_ip, TX_IP, .spoil = spoil_ip)
DROP_TEST(tx_l4, TX_L4, .spoil = spoil_l4)
DROP_TEST(tx_mismatch, TX_MISMATCH, .spoil = spoil_port)
DROP_TEST(tx_source, TX_SOURCE, .spoil = spoil_source, .is_wild = true)
DROP_TEST(tx_route, TX_ROUTE, .spoil = spoil_route, .is_wild = true)
DROP_TEST(tx_mtu, TX_MTU, .provoke = provoke_mtu)
DROP_TEST(tx_gso, TX_GSO, .spoil = spoil_gso)
DROP_TEST(tx_queue, TX_QUEUE, .provoke = provoke_queue)
DROP_TEST(tx_expired, TX_EXPIRED, .spoil = spoil_deadline)
DROP_TEST(tx_state, TX_STATE, .provoke = provoke_state)
DROP_TEST(tx_flows, TX_FLOWS, .provoke = provoke_flows)
DROP_TEST(tx_syns, TX_SYNS, .provoke = provoke_syns)
DROP_TEST(tx_device, TX_DEVICE, .provoke = provoke_device)
DROP_TEST(tx_destination, TX_DESTINATION, .spoil = spoil_broadcast,
	  .is_wild = true)
DROP_TEST(rx_no_buffer, RX_NO_BUFFER, .provoke = provoke_no_buffer)
DROP_TEST(rx_ring_full, RX_RING_FULL, .provoke = provoke_ring_full)
DROP_TEST(rx_checksum, RX_CHECKSUM, .provoke = provoke_checksum)
DROP_TEST(rx_length, RX_LENGTH, .provoke = provoke_long)
DROP_TEST(rx_closed, RX_CLOSED, .provoke = provoke_closed)
DROP_TEST(event_full, EVENT_FULL, .provoke = provoke_event_full)

/* --------------------------------------------------------- out of memory */

#define CGROUP	"/sys/fs/cgroup"
#define MEMORY_MAX	CGROUP "/nexus-drop/memory.max"

static bool has_memory_cgroup(void)
{
	mkdir(CGROUP, 0755);
	if (access(CGROUP "/cgroup.controllers", R_OK))
		mount("none", CGROUP, "cgroup2", 0, NULL);
	nx_file_write(CGROUP "/cgroup.subtree_control", "+memory");
	mkdir(CGROUP "/nexus-drop", 0755);
	return !access(MEMORY_MAX, R_OK);
}

enum { READY = 1, LIMITED, SENT, UNLIMITED };

/*
 * Sends buffers that were never touched while there is no memory for their
 * pages: between READY and SENT the process may need none itself.
 */
static void send_untouched(NX_METADATA, volatile __u32 *step)
{
	struct nx_ring *tx;
	struct bed bed;

	bed_start(&bed);
	nx_chan_close(&bed.chan);
	nx_file_write(CGROUP "/nexus-drop/cgroup.procs", "0");
	nx_chan_init(&bed.chan, NEXUS);
	bed.chan.attach.tx_slots = 1024;
	bed.chan.attach.nr_small = 4096;
	nx_chan_begin(&bed.chan);
	nx_flow_start(&bed.wild, &bed.chan, "0.0.0.0", WILD + 1, NULL, 0);
	nx_trace_start("nexus_drop");
	tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_REFILL, 0);
	for (;;) {
		struct nexus_desc desc = { .flow = bed.wild.add.flow };

		if (!nx_ring_pop(nx_chan_ring(&bed.chan, 0, NEXUS_RING_ALLOC),
				 &desc.buf))
			break;
		desc.len = 100;
		ASSERT_TRUE(nx_ring_push(tx, &desc));
	}
	ASSERT_LT(200, nx_ring_used(tx));
	*step = READY;
	ASSERT_TRUE(nx_wait_word(step, LIMITED, 10000));
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0);
	*step = SENT;
	ASSERT_TRUE(nx_wait_word(step, UNLIMITED, 10000));
	EXPECT_LT(0, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_NO_MEMORY));
	EXPECT_TRUE(nx_trace_has("nexus_drop", "reason=tx-no-memory "));
	nx_trace_stop();
	nx_chan_close(&bed.chan);
}

NX_TEST(tx_no_memory, "OBS-1 TX_NO_MEMORY can be provoked: its counter moves, its tracepoint fires")
{
	volatile __u32 *step = nx_shared_alloc(sizeof(*step));
	char bytes[32];
	pid_t pid;

	if (!has_memory_cgroup())
		SKIP(return, "the kernel has no memory cgroup of version 2");
	pid = nx_fork();
	if (!pid) {
		send_untouched(_metadata, step);
		_exit(_metadata->exit_code);
	}
	EXPECT_TRUE(nx_wait_word(step, READY, 20000));
	/* All that it has, and not a page more. */
	snprintf(bytes, sizeof(bytes), "%lld",
		 nx_file_number(CGROUP "/nexus-drop/memory.current", NULL));
	EXPECT_EQ(0, nx_file_write(MEMORY_MAX, bytes));
	*step = LIMITED;
	EXPECT_TRUE(nx_wait_word(step, SENT, 20000));
	EXPECT_EQ(0, nx_file_write(MEMORY_MAX, "max"));
	*step = UNLIMITED;
	EXPECT_EQ(0, nx_wait_child(pid));
	rmdir(CGROUP "/nexus-drop");
}

/* A reason that no test provokes is a reason that nobody has seen. */
NX_TEST(complete, "OBS-1 there is a test of every reason that the module has")
{
	bool is_provoked[NEXUS_NR_DROP_REASONS] = {
		[NEXUS_DROP_TX_NO_MEMORY] = true,
	};
	struct __test_metadata *test;

	for (test = _fixture_global.tests; test; test = test->next) {
		for (int i = 0; i < NEXUS_NR_DROP_REASONS; i++) {
			static const char *const ids[] = {
#define REASON_ID(id, name, text)	[NEXUS_DROP_##id] = "OBS-1 " #id " can",
				NEXUS_DROP_REASONS(REASON_ID)
			};

			if (!ids[i] || strstr(test->name, ids[i]))
				is_provoked[i] = true;
		}
	}
	for (int i = 0; i < NEXUS_NR_DROP_REASONS; i++) {
		EXPECT_TRUE(is_provoked[i]) {
			TH_LOG("no test provokes %s", reason_names[i]);
		}
	}
}

NX_TEST_MAIN("drop")
