// SPDX-License-Identifier: GPL-2.0
/* Senders of one host whose receiver is filling up: who waits, and for how long. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <nexus/nexus.h>

#include "ctl.h"
#include "flow.h"
#include "queue.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define SLOTS	64

/**
 * struct bed - channels of one host, and flows between them
 * @net:   where
 * @from, @to, @third: channels
 * @out:   of @from, sends to @in
 * @in:    of @to
 */
struct bed {
	struct nx_net	net;
	struct nx_chan	from;
	struct nx_chan	to;
	struct nx_chan	third;
	struct nx_flow	out;
	struct nx_flow	in;
};

static void chan_start(struct nx_chan *chan)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.rx_slots = SLOTS;
	nx_chan_begin(chan);
}

/* @a of channel @from, @b of channel @to, connected to each other. */
static void join(struct nx_flow *a, struct nx_chan *from, __u16 a_port,
		 struct nx_flow *b, struct nx_chan *to, __u16 b_port)
{
	nx_flow_start(a, from, NX_HOST4, a_port, NX_HOST4, b_port);
	nx_flow_start(b, to, NX_HOST4, b_port, NX_HOST4, a_port);
}

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	chan_start(&bed->from);
	chan_start(&bed->to);
	chan_start(&bed->third);
	join(&bed->out, &bed->from, PORT, &bed->in, &bed->to, PORT + 1);
}

/* How often the flow was suspended. The bit itself may be gone by now. */
static __u64 nr_suspended(const struct nx_flow *flow)
{
	return __atomic_load_n(&nx_advisory(flow)->congestion, __ATOMIC_ACQUIRE);
}

/* Sends until the flow has been suspended @nr times; -1: it never was. */
static int send_until(NX_METADATA, struct nx_flow *flow, __u64 nr)
{
	int sent;

	for (sent = 0; sent < SLOTS; sent++) {
		if (nr_suspended(flow) == nr)
			return sent;
		EXPECT_EQ(0, nx_flow_send(flow, "x", 1));
	}
	return -1;
}

static int take_all(struct nx_flow *flow)
{
	char payload[8];
	int nr = 0;

	while (nx_flow_recv(flow, payload, sizeof(payload), NULL, 0) >= 0)
		nr++;
	return nr;
}

static __u64 ring_full(struct nx_chan *chan)
{
	return nx_chan_drops(chan, NEXUS_DROP_RX_RING_FULL);
}

/* The event comes after the bit is clear. */
static bool has_resumed(struct nx_flow *flow)
{
	long long end = nx_now_ns() + 5 * NX_SEC;

	while (!nx_take_events(flow->chan, NEXUS_EVENT_RESUMED, flow->add.flow))
		if (nx_now_ns() > end)
			return false;
	return true;
}

NX_TEST(holds, "ADV-1 a receiver of this host fills up: its sender is told, and nothing is lost")
{
	struct bed bed;
	int round, sent;

	bed_start(&bed);
	for (round = 1; round <= 10; round++) {
		sent = send_until(_metadata, &bed.out, round);
		EXPECT_GT(sent, SLOTS / 4);
		EXPECT_LT(sent, SLOTS);
		EXPECT_EQ(sent, take_all(&bed.in));
		ASSERT_EQ(0, nx_chan_sync(&bed.to, 0, NEXUS_SYNC_REFILL, 0));
		EXPECT_TRUE(nx_wait_suspended(&bed.out, false));
		EXPECT_TRUE(has_resumed(&bed.out));
	}
	EXPECT_EQ(0, ring_full(&bed.to));
}

NX_TEST(polls, "ADV-2 a receiver that makes no system call lets its sender go on, too")
{
	struct nexus_status before, after;
	struct nexus_desc desc;
	struct bed bed;

	bed_start(&bed);
	ASSERT_GT(send_until(_metadata, &bed.out, 1), 0);
	ASSERT_EQ(0, nx_chan_status(&bed.to, &before));
	while (nx_ring_pop(nx_chan_ring(&bed.to, 0, NEXUS_RING_RX), &desc))
		nx_buf_give(&bed.to, 0, desc.buf);
	EXPECT_TRUE(nx_wait_suspended(&bed.out, false));
	EXPECT_TRUE(has_resumed(&bed.out));
	ASSERT_EQ(0, nx_chan_status(&bed.to, &after));
	EXPECT_EQ(before.tx_syncs, after.tx_syncs);
}

NX_TEST(patience, "ADV-1 a receiver that takes nothing is not waited for: rx-ring-full")
{
	struct bed bed;
	int i;

	bed_start(&bed);
	ASSERT_GT(send_until(_metadata, &bed.out, 1), 0);
	EXPECT_TRUE(nx_wait_suspended(&bed.out, false));
	EXPECT_TRUE(has_resumed(&bed.out));
	/* As ever from here on: nobody is asked to wait, and what is too much is lost. */
	for (i = 0; i < 2 * SLOTS; i++)
		ASSERT_EQ(0, nx_flow_send(&bed.out, "x", 1));
	EXPECT_EQ(1, nr_suspended(&bed.out));
	EXPECT_GE(ring_full(&bed.to), SLOTS);
	/* Until it takes what stands there, and whoever tells the kernel of that. */
	EXPECT_EQ(SLOTS, take_all(&bed.in));
	ASSERT_EQ(0, nx_chan_sync(&bed.to, 0, NEXUS_SYNC_REFILL, 0));
	EXPECT_GT(send_until(_metadata, &bed.out, 2), 0);
}

NX_TEST(alone, "ADV-4 a full receiver stops who sends to it, and no other flow")
{
	struct nx_flow other, to_other, any, to_any;
	struct bed bed;
	int i;

	bed_start(&bed);
	join(&other, &bed.from, PORT + 2, &to_other, &bed.third, PORT + 3);
	nx_flow_start(&any, &bed.from, NX_HOST4, PORT + 4, NULL, 0);
	ASSERT_GT(send_until(_metadata, &bed.out, 1), 0);
	/* Who sends to everybody is not stopped for one. */
	nx_flow_start(&to_any, &bed.to, NX_HOST4, PORT + 5, NULL, 0);
	nx_flow_to(&any, NX_HOST4, PORT + 5);
	for (i = 0; i < SLOTS / 4; i++) {
		EXPECT_EQ(0, nx_flow_send(&any, "x", 1));
		EXPECT_EQ(0, nx_flow_send(&other, "x", 1));
	}
	EXPECT_EQ(0, nr_suspended(&any));
	EXPECT_EQ(0, nr_suspended(&other));
	EXPECT_EQ(SLOTS / 4, take_all(&to_other));
}

NX_TEST(gone, "ADV-4 a receiver that goes lets its senders go on")
{
	struct bed bed;

	bed_start(&bed);
	ASSERT_GT(send_until(_metadata, &bed.out, 1), 0);
	nx_chan_close(&bed.to);
	EXPECT_TRUE(nx_wait_suspended(&bed.out, false));
	EXPECT_TRUE(has_resumed(&bed.out));
}

/* ------------------------------------------------------------------- TCP */

/**
 * struct end - one end of a connection of the library's
 * @channel: which the stack works on
 * @stack, @listener, @tcp: of the library
 */
struct end {
	struct nexus_channel	*channel;
	struct nexus_stack	*stack;
	struct nexus_tcp_listener	*listener;
	struct nexus_tcp	*tcp;
};

static char buf[65536];

static struct nexus_addr host(__u16 port)
{
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, NX_HOST4, port);
	struct nexus_addr addr;

	if (nexus_addr_from_sockaddr(&addr, (void *)&ss, len))
		nx_die("address");
	return addr;
}

static void end_start(struct end *end)
{
	struct nexus_channel_options channel = { .name = NEXUS };
	struct nexus_stack_options options = { .channel = &channel };

	memset(end, 0, sizeof(*end));
	if (nexus_stack_open(&end->stack, &options))
		nx_die("stack: %s", nexus_error_text());
	end->channel = nexus_stack_channel(end->stack);
}

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	((struct end *)arg)->tcp = tcp;
}

static void connect_ends(struct end *server, struct end *client)
{
	struct nexus_tcp_options options = {
		.local = host(PORT),
		.accept = on_accept,
		.arg = server,
	};
	long long end_ns = nx_now_ns() + 20 * NX_SEC;

	if (nexus_tcp_listen(server->stack, &options, &server->listener))
		nx_die("listen: %s", nexus_error_text());
	options = (struct nexus_tcp_options){ .remote = host(PORT) };
	if (nexus_tcp_connect(client->stack, &options, &client->tcp))
		nx_die("connect: %s", nexus_error_text());
	while (!server->tcp && nx_now_ns() < end_ns) {
		nexus_stack_poll(client->stack, NX_MSEC);
		nexus_stack_poll(server->stack, NX_MSEC);
	}
}

/* As much as goes into the send buffer, and from there into TX. */
static void send_turn(struct end *end)
{
	ssize_t n;

	do
		n = nexus_tcp_write(end->tcp, buf, sizeof(buf));
	while (n > 0);
	nexus_stack_run(end->stack);
}

static void receive_turn(struct end *end)
{
	ssize_t n;

	nexus_stack_run(end->stack);
	do
		n = nexus_tcp_read(end->tcp, buf, sizeof(buf));
	while (n > 0);
	nexus_stack_run(end->stack);
}

/* What the receiver of a stream got, and what its ring lost. */
struct tally {
	__u64	packets;
	__u64	lost;
};

static struct tally tally_of(struct end *end)
{
	struct nexus_status status = { .size = sizeof(status) };

	if (nexus_channel_status(end->channel, &status))
		nx_die("status");
	return (struct tally) {
		.packets = status.rx_packets,
		.lost = status.drops[NEXUS_DROP_RX_RING_FULL],
	};
}

/* So long a receiver may leave its ring alone, and its senders still wait. */
#define TURN_NS	(50 * NX_MSEC)

/*
 * One turn each. A machine that leaves the receiver no time makes it one that is
 * not waited for: what it loses in such a turn is not counted.
 */
static void turn(struct end *client, struct end *server, struct tally *sum)
{
	long long start = nx_now_ns();
	struct tally was = tally_of(server), is;

	send_turn(client);
	receive_turn(server);
	is = tally_of(server);
	if (nx_now_ns() - start > TURN_NS)
		return;
	sum->packets += is.packets - was.packets;
	sum->lost += is.lost - was.lost;
}

NX_TEST_LONG(stream, "ADV-5 TCP on one host: the receiver's ring loses next to nothing", 120)
{
	__u64 packets = nx_loops("NX_BRAKE_PACKETS", 20000);
	long long end_ns = nx_now_ns() + 100 * NX_SEC;
	struct end server, client;
	struct tally sum = { 0 };
	struct nx_net net;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	end_start(&server);
	end_start(&client);
	connect_ends(&server, &client);
	ASSERT_NE(NULL, server.tcp);
	while (sum.packets < packets) {
		turn(&client, &server, &sum);
		ASSERT_LT(nx_now_ns(), end_ns) {
			TH_LOG("%llu packets of %llu", sum.packets, packets);
		}
	}
	nx_note("%llu packets, %llu lost", sum.packets, sum.lost);
	EXPECT_LE(sum.lost, sum.packets / 200);
	nexus_stack_close(client.stack);
	nexus_stack_close(server.stack);
}

NX_TEST_MAIN("brake")
