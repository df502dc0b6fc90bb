// SPDX-License-Identifier: GPL-2.0
/*
 * The queueing discipline with flows of nexus: who is told what, who waits for
 * whom, and who is dropped. The link is a veth that the discipline shapes.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nexus/nexus.h>

#include "ctl.h"
#include "flow.h"
#include "queue.h"
#include "test.h"

#define PORT	NX_QUEUE_PORT
#define LEN	NX_QUEUE_LEN
/* On the wire: Ethernet, IPv4 and UDP before the payload. */
#define FRAME	(LEN + 14 + 28)

static void send_some(NX_METADATA, struct nx_flow *flow, int nr)
{
	char payload[LEN] = { 0 };
	int i;

	for (i = 0; i < nr; i++)
		ASSERT_EQ(0, nx_flow_send(flow, payload, sizeof(payload)));
}

/* Is it @nr packets that arrive, and no more of them? */
static bool has_received(int sock, int nr)
{
	char payload[LEN];

	while (nr--)
		if (nx_udp_recv(sock, payload, sizeof(payload),
				NX_QUEUE_PATIENCE_MS) < 0)
			return false;
	return nx_udp_recv(sock, payload, sizeof(payload), 100) < 0;
}

static int count_received(int sock, unsigned int ms)
{
	char payload[LEN];
	int nr = 0;

	while (nx_udp_recv(sock, payload, sizeof(payload), ms) >= 0)
		nr++;
	return nr;
}

/* ---------------------------------------------------------------- advice */

NX_TEST(suspends, "ADV-1 ADV-3 over the target the user sees it, and nothing is lost")
{
	struct nexus_status before, after;
	struct nx_flow flow;
	struct nx_queue_bed bed;
	int sent = 0;

	nx_queue_start_slow(&bed, 2000, "target 5ms interval 20ms");
	nx_queue_flow(&bed, &flow, PORT);
	EXPECT_EQ(NEXUS_FLOW_VALID, nx_advisory(&flow)->flags);
	/* A cooperative sender: it looks before each packet. */
	for (; sent < 500 && !nx_is_suspended(&flow); sent++) {
		send_some(_metadata, &flow, 1);
		nx_sleep_ms(1);
	}
	EXPECT_LT(sent, 500);
	EXPECT_GT(sent, 4);
	EXPECT_EQ(1, nx_advisory(&flow)->congestion);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
	EXPECT_TRUE(nx_wait_suspended(&flow, false));
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
	EXPECT_EQ(before.tx_syncs, after.tx_syncs);
	EXPECT_TRUE(has_received(bed.sink, sent));
	EXPECT_EQ(sent, nx_advisory(&flow)->released_packets);
	EXPECT_EQ(sent * (LEN + 28), nx_advisory(&flow)->released_bytes);
	EXPECT_EQ(1, nx_take_events(&bed.chan, NEXUS_EVENT_RESUMED, flow.add.flow));
}

/* Fills the queue until the flow is suspended; false: it never was. */
static bool provoke(NX_METADATA, struct nx_flow *flow)
{
	int i;

	for (i = 0; i < 1000 && !nx_is_suspended(flow); i++)
		send_some(_metadata, flow, 4);
	return i < 1000;
}

NX_TEST_LONG(wakes, "ADV-2 it drains: the bit clears and the sleeper wakes", 120)
{
	unsigned long cycles = nx_loops("NX_ADVICE_CYCLES", 10000), i;
	struct nx_flow flow;
	struct nx_queue_bed bed;

	nx_queue_start_slow(&bed, 40000, "target 200us interval 1ms burst 3000");
	nx_queue_flow(&bed, &flow, PORT);
	for (i = 0; i < cycles; i++) {
		ASSERT_TRUE(provoke(_metadata, &flow));
		/* Asleep until the event; the bit may be clear already. */
		while (nx_is_suspended(&flow)) {
			ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_RX,
						  5 * NX_SEC)) {
				TH_LOG("no wake in cycle %lu", i);
			}
			nx_take_events(&bed.chan, NEXUS_EVENT_RESUMED, 0);
		}
		nx_take_events(&bed.chan, NEXUS_EVENT_RESUMED, 0);
	}
	EXPECT_GE(nx_advisory(&flow)->congestion, cycles);
}

NX_TEST(only_one, "ADV-4 of two flows only the congested one is suspended")
{
	struct nx_flow greedy, modest;
	struct nx_queue_bed bed;
	int i;

	nx_queue_start_slow(&bed, 4000, "target 5ms interval 20ms");
	nx_queue_flow(&bed, &greedy, PORT);
	nx_queue_flow(&bed, &modest, PORT + 1);
	for (i = 0; i < 300 && !nx_is_suspended(&greedy); i++) {
		send_some(_metadata, &greedy, 2);
		if (i % 10 == 0)
			send_some(_metadata, &modest, 1);
		nx_sleep_ms(1);
		EXPECT_FALSE(nx_is_suspended(&modest));
	}
	EXPECT_TRUE(nx_is_suspended(&greedy));
	EXPECT_FALSE(nx_is_suspended(&modest));
	EXPECT_EQ(0, nx_advisory(&modest)->congestion);
}

NX_TEST(reused, "ADV-4 a reused entry never suspends the new flow")
{
	struct nx_flow old, new;
	struct nx_queue_bed bed;
	int i;

	nx_queue_start_slow(&bed, 4000, "target 5ms interval 20ms");
	for (i = 0; i < 3; i++) {
		nx_queue_flow(&bed, &old, PORT + 2 * i);
		while (!nx_is_suspended(&old))
			send_some(_metadata, &old, 1);
		nx_flow_stop(&old);
		nx_queue_flow(&bed, &new, PORT + 2 * i + 1);
		ASSERT_EQ(old.add.flow, new.add.flow);
		EXPECT_EQ(NEXUS_FLOW_VALID, nx_advisory(&new)->flags);
		/* The old flow's packets leave, and end its suspension. */
		count_received(bed.sink, 300);
		EXPECT_EQ(NEXUS_FLOW_VALID, nx_advisory(&new)->flags);
		EXPECT_EQ(0, nx_advisory(&new)->congestion);
		EXPECT_EQ(0, nx_advisory(&new)->released_packets);
		/* And the new one can be suspended and resumed by itself. */
		while (!nx_is_suspended(&new))
			send_some(_metadata, &new, 1);
		EXPECT_TRUE(nx_wait_suspended(&new, false));
		nx_flow_stop(&new);
	}
}

NX_TEST(stalled, "ADV-1 a queue from which nothing leaves suspends too")
{
	struct nx_flow flow;
	struct nx_queue_bed bed;
	int i;

	/* All are sent within an interval, on slow machines too. */
	nx_queue_start(&bed, "rate 8kbit burst 3000 target 5ms interval 2s");
	nx_queue_flow(&bed, &flow, PORT);
	send_some(_metadata, &flow, 20);
	EXPECT_FALSE(nx_is_suspended(&flow));
	nx_sleep_ms(2100);
	send_some(_metadata, &flow, 1);
	EXPECT_TRUE(nx_is_suspended(&flow));
	/* Taken away, with all that stands in it: whoever waits is told. */
	ASSERT_EQ(0, nx_shell("tc qdisc del dev %s root", NX_DEV));
	EXPECT_TRUE(nx_wait_suspended(&flow, false));
	for (i = 0; i < 100 && !nx_take_events(&bed.chan, NEXUS_EVENT_RESUMED,
					    flow.add.flow); i++)
		nx_sleep_ms(10);
	EXPECT_LT(i, 100);
}

NX_TEST(full_table, "ADV-6 the advisory table full: ENOSPC and nothing else")
{
	struct nexus_flow_add add = { 0 };
	struct nx_flow flows[2];
	struct nx_queue_bed bed;
	int sock;

	nx_net_start(&bed.net);
	nx_nexus_start(NX_QUEUE_NEXUS, NX_DEV);
	nx_qdisc("rate 100mbit");
	bed.sink = nx_sink_socket(&bed.net, PORT);
	nx_chan_init(&bed.chan, NX_QUEUE_NEXUS);
	bed.chan.attach.nr_flows = 2;
	nx_chan_begin(&bed.chan);
	nx_queue_flow(&bed, &flows[0], PORT);
	nx_queue_flow(&bed, &flows[1], PORT + 1);
	sock = nx_udp_socket(-1, NX_HOST4, PORT + 2, NX_PEER4, PORT);
	EXPECT_EQ(-ENOSPC, nx_flow_add(&bed.chan, sock, &add));
	send_some(_metadata, &flows[0], 5);
	send_some(_metadata, &flows[1], 5);
	EXPECT_TRUE(has_received(bed.sink, 10));
	nx_flow_stop(&flows[0]);
	EXPECT_EQ(0, nx_flow_add(&bed.chan, sock, &add));
}

/* ------------------------------------------------------------------ AQM */

#define NR_EACH		10

/* One count for each sender: bytes that arrived, by source port. */
static void count_by_port(int sock, unsigned long *count, unsigned int ms)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char payload[LEN];
	struct pollfd p = { .fd = sock, .events = POLLIN };

	while (poll(&p, 1, ms) == 1) {
		if (recvfrom(sock, payload, sizeof(payload), 0, (void *)&from,
			     &len) < 0)
			continue;
		if (ntohs(from.sin_port) - PORT < 2 * NR_EACH)
			count[ntohs(from.sin_port) - PORT]++;
	}
}

NX_TEST_LONG(fair, "AQM-2 ten nexus flows and ten kernel flows: Jain's index", 120)
{
	unsigned long count[2 * NR_EACH] = { 0 };
	double sum = 0, squares = 0;
	struct nx_flow flows[NR_EACH];
	int socks[NR_EACH], i, round;
	char payload[LEN] = { 0 };
	long long end;
	struct nx_queue_bed bed;

	/* Nobody is told to stop: what is fair is the service. */
	nx_queue_start_slow(&bed, 8000, "target 900ms interval 900s limit 100000");
	for (i = 0; i < NR_EACH; i++) {
		nx_queue_flow(&bed, &flows[i], PORT + i);
		socks[i] = nx_udp_socket(-1, NX_HOST4, PORT + NR_EACH + i,
					 NX_PEER4, PORT);
		nx_send_room(socks[i]);
	}
	/* Some send three times as much as others, all more than their share. */
	for (round = 0; round < 100; round++) {
		for (i = 0; i < NR_EACH; i++) {
			send_some(_metadata, &flows[i], 1 + i % 3);
			send(socks[i], payload, LEN, 0);
			if (i % 3)
				send(socks[i], payload, LEN, 0);
		}
	}
	/* All wait all the time, and none has had all that it sent. */
	end = nx_now_ns() + 60 * NX_SEC;
	while (nx_released(&flows[0]) < 50)
		ASSERT_LT(nx_now_ns(), end);
	ASSERT_EQ(0, nx_shell("tc qdisc del dev %s root", NX_DEV));
	count_by_port(bed.sink, count, 300);
	for (i = 0; i < 2 * NR_EACH; i++) {
		sum += count[i];
		squares += (double)count[i] * count[i];
	}
	TH_LOG("%.0f packets, Jain's index %.4f", sum,
	       sum * sum / (2 * NR_EACH * squares));
	EXPECT_GT(sum, 800);
	EXPECT_GE(sum * sum, 0.95 * 2 * NR_EACH * squares);
}

#define NR_SPARSE	200

/* Waits of a sparse flow beside one that sends all the time, sorted. */
static void measure_sparse(NX_METADATA, struct nx_queue_bed *bed, struct nx_flow *greedy,
			   bool is_deaf, long waits[NR_SPARSE])
{
	int sparse = nx_udp_socket(-1, NX_HOST4, 5000, NX_PEER4, PORT);
	int nr = 0, tries, n;
	long wait;

	for (tries = 0; nr < NR_SPARSE && tries < 3 * NR_SPARSE; tries++) {
		for (n = is_deaf ? 12 : 3; n && (is_deaf || !nx_is_suspended(greedy)); n--)
			send_some(_metadata, greedy, 1);
		wait = nx_queue_wait(bed, greedy, sparse);
		if (wait >= 0)
			waits[nr++] = wait;
	}
	ASSERT_EQ(NR_SPARSE, nr);
	qsort(waits, nr, sizeof(waits[0]), nx_compare_longs);
	close(sparse);
}

NX_TEST_LONG(sparse, "AQM-3 beside a greedy flow a sparse one waits for 5 ms at most", 120)
{
	char payload[LEN] = { 0 };
	long waits[NR_SPARSE], wait;
	int sparse, nr = 0, tries;
	struct nx_flow greedy;
	struct nx_queue_bed bed;
	__u32 number = 0;
	long standing;

	/* At 20 Mbit/s a packet of the greedy flow takes 0.417 ms. */
	nx_queue_start_slow(&bed, 20000, "target 900ms interval 900s");
	nx_queue_flow(&bed, &greedy, PORT);
	sparse = nx_udp_socket(-1, NX_HOST4, PORT + 1, NX_PEER4, PORT);
	for (tries = 0; nr < NR_SPARSE && tries < 3 * NR_SPARSE; tries++) {
		for (; number < nx_released(&greedy) + 100; number++) {
			memcpy(payload, &number, sizeof(number));
			ASSERT_EQ(0, nx_flow_send(&greedy, payload, LEN));
		}
		wait = nx_queue_wait(&bed, &greedy, sparse);
		standing = number - nx_released(&greedy);
		EXPECT_GT(standing, 20);	/* there was a queue to be spared */
		if (wait >= 0)
			waits[nr++] = wait;
	}
	ASSERT_EQ(NR_SPARSE, nr);
	qsort(waits, nr, sizeof(waits[0]), nx_compare_longs);
	TH_LOG("waits for %ld packets, p99 for %ld", waits[nr / 2],
	       waits[nr * 99 / 100]);
	EXPECT_LE(waits[nr * 99 / 100] * FRAME * 8 / 20000.0, 5.0);
}

NX_TEST_LONG(deaf, "AQM-5 who ignores its advice is dropped, others do not suffer", 120)
{
	long good[NR_SPARSE], bad[NR_SPARSE], p99 = NR_SPARSE * 99 / 100;
	struct nx_flow greedy;
	struct nx_queue_bed bed;
	long heeded;
	__u16 port;

	nx_queue_start_slow(&bed, 20000, "interval 40ms");
	nx_queue_flow(&bed, &greedy, PORT);
	measure_sparse(_metadata, &bed, &greedy, false, good);
	ASSERT_TRUE(nx_wait_suspended(&greedy, false));
	/* Who heeds it loses nothing, unless it was held up before it could. */
	heeded = nx_chan_drops(&bed.chan, NEXUS_DROP_TX_QUEUE);
	EXPECT_LE(heeded, NR_SPARSE * 3 / 100);
	while (bed.nr_arrived < nx_released(&greedy) &&
	       nx_next_number(bed.sink, &port) >= 0)
		bed.nr_arrived++;
	EXPECT_EQ(bed.nr_arrived, nx_released(&greedy));
	measure_sparse(_metadata, &bed, &greedy, true, bad);
	TH_LOG("%ld dropped, then %ld; p99 %ld packets, then %ld", heeded,
	       (long)nx_chan_drops(&bed.chan, NEXUS_DROP_TX_QUEUE) - heeded,
	       good[p99], bad[p99]);
	EXPECT_GT(nx_chan_drops(&bed.chan, NEXUS_DROP_TX_QUEUE), heeded);
	/* A packet more of the greedy flow may be under way. */
	EXPECT_LE(bad[p99], good[p99] * 11 / 10 + 1);
}

/* -------------------------------------------------------- cooperative TCP */

#define TCP_PORT	4200
#define TCP_STEP_NS	NX_MSEC
#define TCP_LIMIT_NS	(100 * NX_SEC)

/**
 * struct race - one transfer of the library's TCP to the kernel's
 * @ns:        from the first byte to the last
 * @drops:     of the discipline
 * @suspended: times that it suspended
 */
struct race {
	long long	ns;
	long		drops;
	long		suspended;
};

/* The number that a command prints first; -1: none. */
static long ask(const char *command)
{
	FILE *out = popen(command, "r");
	long number = -1;

	if (!out || fscanf(out, "%ld", &number) != 1)
		number = -1;
	if (out)
		pclose(out);
	return number;
}

static struct nexus_addr peer_address(void)
{
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, NX_PEER4, TCP_PORT);
	struct nexus_addr addr;

	if (nexus_addr_from_sockaddr(&addr, (void *)&ss, len))
		nx_die("no address");
	return addr;
}

/* Opens a connection to the kernel's stack in the peer: its end there. */
static int race_connect(struct nx_net *net, struct nexus_stack *stack,
			struct nexus_tcp **tcp)
{
	static const struct nexus_tcp_callbacks callbacks;
	struct nexus_tcp_options options = {
		.remote = peer_address(), .callbacks = &callbacks,
	};
	int fd = nx_socket(net->peer, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	long long end = nx_now_ns() + TCP_LIMIT_NS;
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, NX_PEER4, TCP_PORT);
	int on = 1, peer = -1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (void *)&ss, len) || listen(fd, 1))
		nx_die("listen: %m");
	if (nexus_tcp_connect(stack, &options, tcp))
		nx_die("connect: %s", nexus_error_text());
	while (peer < 0 && nx_now_ns() < end) {
		nexus_stack_poll(stack, TCP_STEP_NS);
		peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	}
	close(fd);
	return peer;
}

/* The library sends @bytes through the link as it is. */
static void race_run(NX_METADATA, struct nx_net *net, struct race *race,
		     size_t bytes)
{
	struct nexus_channel_options channel = { .name = NX_QUEUE_NEXUS };
	struct nexus_stack_options options = { .channel = &channel };
	size_t written = 0, got = 0;
	struct nexus_stack *stack;
	struct nexus_tcp *tcp;
	static char buf[65536];
	ssize_t n;
	int peer;

	ASSERT_EQ(0, nexus_stack_open(&stack, &options));
	peer = race_connect(net, stack, &tcp);
	ASSERT_GE(peer, 0);
	race->ns = nx_now_ns();
	while (got < bytes) {
		n = bytes - written < sizeof(buf) ? bytes - written : sizeof(buf);
		n = n ? nexus_tcp_write(tcp, buf, n) : 0;
		ASSERT_TRUE(n >= 0 || n == -EAGAIN);
		written += n > 0 ? n : 0;
		ASSERT_GE(nexus_stack_poll(stack, TCP_STEP_NS), 0);
		while ((n = recv(peer, buf, sizeof(buf), 0)) > 0)
			got += n;
		ASSERT_LT(nx_now_ns() - race->ns, TCP_LIMIT_NS);
	}
	race->ns = nx_now_ns() - race->ns;
	race->drops = ask("tc -s qdisc show dev " NX_DEV
			  " | sed -n 's/.*dropped \\([0-9]*\\).*/\\1/p' | tail -n 1");
	race->suspended = ask("nexusctl -j qdisc show dev " NX_DEV
			      " | jq '.[0].stats.suspended // 0'");
	nexus_stack_close(stack);
	close(peer);
}

/* The same queue management by the kernel, which advises nobody. */
static void without_advice(unsigned long kbit)
{
	if (nx_shell("tc qdisc replace dev %s root handle 1: tbf rate %lukbit "
		     "burst 3028 latency 10s", NX_DEV, kbit) ||
	    nx_shell("tc qdisc replace dev %s parent 1:1 handle 2: fq_codel "
		     "target 5ms interval 100ms noecn", NX_DEV))
		nx_die("tc");
}

static void with_advice(unsigned long kbit)
{
	char text[64];

	nx_shell("tc qdisc del dev %s root", NX_DEV);
	snprintf(text, sizeof(text), "rate %lukbit", kbit);
	nx_qdisc(text);
}

NX_TEST_LONG(cooperative, "ADV-5 TCP that heeds advice loses next to nothing, and is as fast", 240)
{
	struct race without = { 0 }, with = { 0 };
	struct nx_queue_bed bed;
	unsigned long kbit;
	size_t bytes;

	/* What this machine can keep up with is told by UDP, packet by packet. */
	nx_queue_start(&bed, "limit 10000");
	kbit = nx_queue_kbit(&bed, 4000);
	/* Four seconds, of which the queue stands most. */
	bytes = kbit * 125 * 4;
	without_advice(kbit);
	race_run(_metadata, &bed.net, &without, bytes);
	with_advice(kbit);
	race_run(_metadata, &bed.net, &with, bytes);
	TH_LOG("%lu kbit/s: without advice %ld drops, %lld ms; with it %ld, %lld ms, %ld times suspended",
	       kbit, without.drops, without.ns / NX_MSEC, with.drops,
	       with.ns / NX_MSEC, with.suspended);
	EXPECT_GT(without.drops, 0);
	EXPECT_GT(with.suspended, 0);
	EXPECT_LE(with.drops * 100, without.drops);
	EXPECT_LE(with.ns * 95, without.ns * 100);
}

NX_TEST_MAIN("aqm")
