// SPDX-License-Identifier: GPL-2.0
/*
 * Ring indices: any number of wraps, indices that lie, ports, and the ABI's
 * version.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define RIVAL	4001

/* Further than this from 2^32 no test would ever wrap an index. */
#define WRAP_REACH	200000

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
};

static void bed_start(struct bed *bed, __u32 nr_slots)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.tx_slots = nr_slots;
	bed->chan.attach.rx_slots = nr_slots;
	bed->chan.attach.event_slots = nr_slots;
	nx_chan_begin(&bed->chan);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
}

static __u32 to_wrap(struct nx_chan *chan, enum nexus_ring_id id)
{
	return -*nx_chan_ring(chan, 0, id)->prod;
}

static void ping_over(NX_METADATA, __u32 nr_slots, enum nexus_ring_id id)
{
	struct bed bed;
	__u32 nr;

	bed_start(&bed, nr_slots);
	ASSERT_LT(to_wrap(&bed.chan, id), WRAP_REACH) {
		TH_LOG("indices start too far from 2^32 for any test of it");
	}
	nr = to_wrap(&bed.chan, id) + 3 * nr_slots + 1;
	for (__u32 i = 0; i < nr; i++) {
		ASSERT_TRUE(nx_pair_ping(&bed.pair, i)) {
			TH_LOG("datagram %u of %u", i, nr);
		}
	}
	EXPECT_LT(*nx_chan_ring(&bed.chan, 0, id)->prod, 1U << 31);
	nx_chan_close(&bed.chan);
}

NX_TEST(wrap_small_tx, "RING-1 TX of 8 slots carries packets across 2^32")
{
	ping_over(_metadata, 8, NEXUS_RING_TX);
}

NX_TEST(wrap_small_rx, "RING-1 RX of 8 slots carries packets across 2^32")
{
	ping_over(_metadata, 8, NEXUS_RING_RX);
}

NX_TEST(wrap_alloc, "RING-1 ALLOC carries buffers across 2^32")
{
	ping_over(_metadata, 64, NEXUS_RING_ALLOC);
}

NX_TEST(wrap_free, "RING-1 FREE carries buffers across 2^32")
{
	ping_over(_metadata, 64, NEXUS_RING_FREE);
}

/* Fills TX to the last slot each time; everything leaves, in order. */
NX_TEST(wrap_full_tx, "RING-1 a full TX ring of 64 slots leaves in order, many times")
{
	__u32 sent = 0, seen, turns = 50;
	char packet[128];
	struct bed bed;

	bed_start(&bed, 64);
	for (__u32 turn = 0; turn < turns; turn++) {
		for (int i = 0; i < 64; i++, sent++) {
			size_t len = nx_udp_build(packet,
						  &bed.pair.flow.tuple,
						  &sent, sizeof(sent));

			ASSERT_TRUE(nx_chan_send(&bed.chan, 0,
						 bed.pair.flow.add.flow, 0,
						 packet, len));
		}
		ASSERT_EQ(0, nx_ring_space(nx_chan_ring(&bed.chan, 0,
							NEXUS_RING_TX)));
		ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
		for (__u32 i = sent - 64; i < sent; i++) {
			ASSERT_EQ(sizeof(seen),
				  nx_udp_recv(bed.pair.peer, &seen,
					      sizeof(seen), 2000));
			ASSERT_EQ(i, seen);
		}
	}
	nx_chan_close(&bed.chan);
}

/* One run of arrivals that fills RX exactly; everything arrives, in order. */
NX_TEST(wrap_full_rx, "RING-1 a full RX ring of 64 slots arrives in order, many times")
{
	__u32 sent = 0, seen, turns = 50;
	struct bed bed;

	bed_start(&bed, 64);
	for (__u32 turn = 0; turn < turns; turn++) {
		for (int i = 0; i < 64; i++, sent++)
			ASSERT_EQ(sizeof(sent),
				  nx_udp_send(bed.pair.peer, &sent,
					      sizeof(sent), NULL, 0));
		for (__u32 i = sent - 64; i < sent; i++) {
			ASSERT_EQ(sizeof(seen),
				  nx_flow_recv(&bed.pair.flow, &seen,
					       sizeof(seen), NULL, 2000));
			ASSERT_EQ(i, seen);
		}
	}
	EXPECT_EQ(0, nx_chan_drops(&bed.chan, NEXUS_DROP_RX_RING_FULL));
	EXPECT_EQ(0, nx_chan_drops(&bed.chan, NEXUS_DROP_RX_NO_BUFFER));
	nx_chan_close(&bed.chan);
}

static void toggle_link(int turn)
{
	nx_link_set(NX_DEV, turn & 1);
}

NX_TEST(wrap_event, "RING-1 EVENT of 8 slots carries events across 2^32")
{
	struct nx_ring *ring;
	struct nexus_event event;
	struct bed bed;
	__u32 nr;

	bed_start(&bed, 8);
	ring = nx_chan_ring(&bed.chan, 0, NEXUS_RING_EVENT);
	ASSERT_LT(to_wrap(&bed.chan, NEXUS_RING_EVENT), 1000);
	nr = to_wrap(&bed.chan, NEXUS_RING_EVENT) + 17;
	for (__u32 seen = 0, turn = 0; seen < nr; turn++) {
		ASSERT_LT(turn, 10 * nr + 10);
		toggle_link(turn);
		while (nx_ring_pop(ring, &event)) {
			seen++;
			if (event.type != NEXUS_EVENT_LINK)
				continue;
			EXPECT_EQ(nx_ifindex(NX_DEV), event.value);
			EXPECT_EQ(NEXUS_FLOW_NONE, event.flow);
			EXPECT_LE(event.flags, 1);
		}
	}
	EXPECT_LT(*ring->prod, 1U << 31);
	nx_chan_close(&bed.chan);
}

/* ---------------------------------------------------------------- lies */

/**
 * struct lie - an index that the user may write, and the way to lie with it
 * @ring:      whose index
 * @is_prod:   the user is its producer
 * @violation: that the kernel reports
 */
struct lie {
	enum nexus_ring_id	ring;
	bool	is_prod;
	enum nexus_violation	violation;
};

enum { LIE_ONE, LIE_HALF, LIE_BEHIND, NR_LIES };

/* A value that the ring cannot have: how far beyond what is possible. */
static __u32 lie_value(const struct lie *lie, struct nx_ring *ring, int how)
{
	__u32 prod = *ring->prod, cons = *ring->cons;
	__u32 lowest = lie->is_prod ? cons : prod - ring->nr_slots;
	__u32 highest = lie->is_prod ? cons + ring->nr_slots : prod;

	switch (how) {
	case LIE_ONE:
		return highest + 1;
	case LIE_HALF:
		return highest + (1U << 31);
	default:
		return lowest - 1;
	}
}

/* Makes the kernel look at all rings: sync, arrival of a packet, an event. */
static void provoke(struct bed *bed)
{
	__u32 number = 0;

	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0);
	nx_udp_send(bed->pair.peer, &number, sizeof(number), NULL, 0);
	toggle_link(0);
	toggle_link(1);
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0);
}

/* Everything moves by at least one: TX, RX, ALLOC, FREE and EVENT. */
static void pump(NX_METADATA, struct bed *bed, __u32 number, bool has_event)
{
	struct nexus_event event;

	ASSERT_TRUE(nx_pair_ping(&bed->pair, number));
	if (!has_event)
		return;
	toggle_link(0);
	toggle_link(1);
	nx_ip("neigh replace " NX_PEER4 " lladdr 02:00:00:00:00:02 dev "
	      NX_DEV "\n");
	while (nx_ring_pop(nx_chan_ring(&bed->chan, 0, NEXUS_RING_EVENT),
			   &event))
		;
}

/* Pumps until a lie of one slot more crosses 2^32, or else until it does not. */
static void approach_wrap(NX_METADATA, struct bed *bed, const struct lie *lie,
			  bool is_across)
{
	struct nx_ring *ring = nx_chan_ring(&bed->chan, 0, lie->ring);
	bool has_event = lie->ring == NEXUS_RING_EVENT;

	if (lie->ring == NEXUS_RING_ALLOC_LARGE)
		return;
	for (__u32 i = 0; i < WRAP_REACH; i++) {
		__u32 value = lie_value(lie, ring, LIE_ONE);
		__u32 edge = lie->is_prod ? *ring->cons : *ring->prod;

		if (is_across ? value < edge || edge < 1U << 31 :
				edge < 1U << 31)
			return;
		pump(_metadata, bed, i, has_event);
	}
	ASSERT_TRUE(false) {
		TH_LOG("2^32 is out of reach");
	}
}

static void expect_quarantine(NX_METADATA, struct bed *bed,
			      const struct lie *lie, __u32 value)
{
	struct pollfd poll_all = { .fd = bed->chan.fd, .events = POLLIN };
	struct nexus_status status;

	ASSERT_EQ(0, nx_chan_status(&bed->chan, &status));
	EXPECT_EQ(NEXUS_CHANNEL_QUARANTINED, status.state);
	EXPECT_EQ(lie->violation, status.violation);
	EXPECT_EQ(0, status.queue);
	EXPECT_EQ(value, status.value);
	EXPECT_EQ(NEXUS_CHANNEL_QUARANTINED, bed->chan.schema->state);
	EXPECT_EQ(-EPROTO, nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(1, poll(&poll_all, 1, 0));
	EXPECT_TRUE(poll_all.revents & POLLERR);
}

static void tell_lie(NX_METADATA, const struct lie *lie, int how,
		     bool is_across)
{
	struct nx_chan neighbour;
	struct mnl_socket *monitor;
	struct nx_ctl_event event;
	struct nx_ring *ring;
	struct nx_pair pair;
	struct bed bed;
	__u32 value;

	bed_start(&bed, 8);
	nx_chan_start(&neighbour, NEXUS);
	nx_pair_start(&pair, &neighbour, &bed.net, AF_INET, RIVAL);
	approach_wrap(_metadata, &bed, lie, is_across);
	monitor = nx_monitor_open();

	ring = nx_chan_ring(&bed.chan, 0, lie->ring);
	value = lie_value(lie, ring, how);
	__atomic_store_n(lie->is_prod ? ring->prod : ring->cons, value,
			 __ATOMIC_RELEASE);
	provoke(&bed);

	expect_quarantine(_metadata, &bed, lie, value);
	EXPECT_TRUE(nx_monitor_wait(monitor, NEXUS_MONITOR_VIOLATION, &event,
				    1000));
	EXPECT_EQ(lie->violation, event.violation);
	EXPECT_EQ(bed.chan.attach.channel_id, event.channel_id);
	nx_ip("neigh replace " NX_PEER4 " lladdr 02:00:00:00:00:02 dev "
	      NX_DEV "\n");
	EXPECT_TRUE(nx_pair_ping(&pair, 1)) {
		TH_LOG("the neighbour no longer works");
	}
	mnl_socket_close(monitor);
	nx_chan_close(&bed.chan);
	nx_chan_close(&neighbour);
}

static void tell_lies(NX_METADATA, const struct lie *lie)
{
	for (int how = 0; how < NR_LIES; how++) {
		for (int is_across = 0; is_across < 2; is_across++) {
			pid_t pid = nx_fork();

			if (!pid) {
				tell_lie(_metadata, lie, how, is_across);
				_exit(_metadata->exit_code);
			}
			EXPECT_EQ(0, nx_wait_child(pid)) {
				TH_LOG("lie %d, %s", how, is_across ?
				       "across 2^32" : "plain");
			}
		}
	}
}

#define LIE_TEST(test, id, title, ...) \
	NX_TEST(test, title ": the channel stops with its reason, its neighbour goes on") \
	{ \
		const struct lie lie = { .ring = id, __VA_ARGS__ }; \
		tell_lies(_metadata, &lie); \
	}

LIE_TEST(lie_tx, NEXUS_RING_TX, "RING-2 TX producer past the ring",
	 .is_prod = true, .violation = NEXUS_VIOLATION_TX_INDEX)
LIE_TEST(lie_free, NEXUS_RING_FREE, "RING-2 FREE producer past the ring",
	 .is_prod = true, .violation = NEXUS_VIOLATION_FREE_INDEX)
LIE_TEST(lie_rx, NEXUS_RING_RX, "RING-2 RX consumer past the producer",
	 .violation = NEXUS_VIOLATION_RX_INDEX)
LIE_TEST(lie_alloc, NEXUS_RING_ALLOC, "RING-2 ALLOC consumer past the producer",
	 .violation = NEXUS_VIOLATION_ALLOC_INDEX)
LIE_TEST(lie_alloc_large, NEXUS_RING_ALLOC_LARGE,
	 "RING-2 ALLOC_LARGE consumer past the producer",
	 .violation = NEXUS_VIOLATION_ALLOC_INDEX)
LIE_TEST(lie_event, NEXUS_RING_EVENT, "RING-2 EVENT consumer past the producer",
	 .violation = NEXUS_VIOLATION_EVENT_INDEX)

/* ------------------------------------------------------------ versions */

NX_TEST(abi_version, "RING-8 another ABI version: EPROTONOSUPPORT, and the kernel's version")
{
	static const __u32 others[] = { NEXUS_ABI_VERSION + 1, 0xffffffff };
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	for (int i = 0; i < NX_ARRAY_SIZE(others); i++) {
		nx_chan_init(&chan, NEXUS);
		chan.attach.abi_version = others[i];
		ASSERT_EQ(0, nx_chan_open(&chan));
		EXPECT_EQ(-EPROTONOSUPPORT, nx_chan_attach(&chan));
		EXPECT_EQ(NEXUS_ABI_VERSION, chan.attach.abi_version);
		/* Nothing came to be that could be mapped. */
		for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
			chan.attach.regions[id].mmap_off = NEXUS_REGION_OFF(id);
			chan.attach.regions[id].mmap_len = 3 * 4096;
			EXPECT_EQ(MAP_FAILED, nx_region_map(&chan, id));
		}
		/* The same file serves a caller that knows better. */
		nx_chan_init(&chan, NEXUS);
		ASSERT_EQ(0, nx_chan_open(&chan));
		EXPECT_EQ(0, nx_chan_attach(&chan));
		nx_chan_close(&chan);
	}
}

NX_TEST(abi_schema, "RING-8 the schema tells version, features and sizes of this ABI")
{
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_start(&chan, NEXUS);
	EXPECT_EQ(NEXUS_SCHEMA_MAGIC, chan.schema->magic);
	EXPECT_EQ(NEXUS_ABI_VERSION, chan.schema->abi_version);
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, chan.schema->state);
	EXPECT_EQ(sizeof(struct nexus_desc), chan.schema->desc_size);
	EXPECT_EQ(sizeof(struct nexus_event), chan.schema->event_size);
	EXPECT_EQ(sizeof(struct nexus_flow_advisory),
		  chan.schema->flow_advisory_size);
	EXPECT_EQ(NEXUS_PARTS_MAX, chan.schema->parts_max);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), chan.schema->page_size);
	EXPECT_EQ(chan.attach.channel_id, chan.schema->channel_id);
	EXPECT_EQ(chan.attach.port, chan.schema->port);
	EXPECT_EQ(chan.attach.nr_queues, chan.schema->nr_queues);
	EXPECT_EQ(chan.attach.nr_flows, chan.schema->nr_flows);
	EXPECT_EQ(NEXUS_SMALL_SIZE, chan.schema->sizes[NEXUS_SMALL].size);
	EXPECT_EQ(chan.attach.nr_small, chan.schema->sizes[NEXUS_SMALL].nr);
	EXPECT_EQ(NEXUS_LARGE_SIZE, chan.schema->sizes[NEXUS_LARGE].size);
	EXPECT_EQ(chan.attach.nr_large, chan.schema->sizes[NEXUS_LARGE].nr);
	nx_chan_close(&chan);
}

/* --------------------------------------------------------------- ports */

NX_TEST(port_taken, "RING-12 a second process at the same port: EBUSY, until the first leaves")
{
	volatile __u32 *step = nx_shared_alloc(sizeof(*step));
	struct nx_chan chan;
	pid_t pid;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	pid = nx_fork();
	if (!pid) {
		nx_chan_init(&chan, NEXUS);
		chan.attach.port = 3;
		nx_chan_begin(&chan);
		*step = 1;
		_exit(nx_wait_word(step, 2, 10000) ? 0 : 1);
	}
	ASSERT_TRUE(nx_wait_word(step, 1, 10000));
	nx_chan_init(&chan, NEXUS);
	chan.attach.port = 3;
	ASSERT_EQ(0, nx_chan_open(&chan));
	EXPECT_EQ(-EBUSY, nx_chan_attach(&chan));
	chan.attach.port = NEXUS_PORT_ANY;
	EXPECT_EQ(0, nx_chan_attach(&chan));
	EXPECT_NE(3, chan.attach.port);
	EXPECT_EQ(-EISCONN, nx_chan_attach(&chan));
	nx_chan_close(&chan);

	*step = 2;
	EXPECT_EQ(0, nx_wait_child(pid));
	nx_chan_init(&chan, NEXUS);
	chan.attach.port = 3;
	ASSERT_EQ(0, nx_chan_open(&chan));
	EXPECT_EQ(0, nx_chan_attach(&chan));
	EXPECT_EQ(3, chan.attach.port);
	nx_chan_close(&chan);
}

NX_TEST(port_namespace, "RING-12 a channel is of the namespace in which it was attached")
{
	struct nexus_flow_add flow;
	struct nx_chan chan, other;
	struct bed bed;
	int sock;

	bed_start(&bed, 64);
	/* A file that was opened elsewhere finds the nexus of its caller. */
	nx_chan_init(&other, NEXUS);
	nx_net_enter(bed.net.peer);
	ASSERT_EQ(0, nx_chan_open(&other));
	EXPECT_EQ(-ENODEV, nx_chan_attach(&other));
	nx_net_enter(bed.net.host);
	EXPECT_EQ(0, nx_chan_attach(&other));
	nx_chan_close(&other);

	/* The channel stays in its namespace when its process moves. */
	nx_net_enter(bed.net.peer);
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 7));
	sock = nx_udp_socket(bed.net.peer, NX_PEER4, 4100, NULL, 0);
	EXPECT_EQ(-EXDEV, nx_flow_add(&bed.chan, sock, &flow));
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	EXPECT_EQ(-ENODEV, nx_chan_attach(&chan));
	nx_net_enter(bed.net.host);
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
	nx_chan_close(&bed.chan);
}

NX_TEST(name_empty, "RING-12 no name: the only nexus, ENOTUNIQ if there are two, ENODEV if none")
{
	struct nx_chan chan;

	nx_net_alone();
	nx_chan_init(&chan, "");
	ASSERT_EQ(0, nx_chan_open(&chan));
	EXPECT_EQ(-ENODEV, nx_chan_attach(&chan));
	nx_nexus_start(NEXUS, "lo");
	ASSERT_EQ(0, nx_nexus_add("u"));
	EXPECT_EQ(-ENOTUNIQ, nx_chan_attach(&chan));
	ASSERT_EQ(0, nx_nexus_del("u"));
	EXPECT_EQ(0, nx_chan_attach(&chan));
	EXPECT_STREQ(NEXUS, chan.attach.name);
	nx_chan_close(&chan);
}

NX_TEST_MAIN("ring")
