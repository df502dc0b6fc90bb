// SPDX-License-Identifier: GPL-2.0
/*
 * The low-latency class, deadlines, reports of what was sent, and what the
 * interface tells.
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl.h"
#include "queue.h"
#include "test.h"

#define PORT	NX_QUEUE_PORT
#define LEN	NX_QUEUE_LEN
#define NOBODY	65534

static int ll_add(struct nx_chan *chan, int sock, __u32 permille,
		  struct nexus_flow_add *add)
{
	memset(add, 0, sizeof(*add));
	add->size = sizeof(*add);
	add->fd = sock;
	add->queue = NEXUS_QUEUE_ANY;
	add->traffic_class = NEXUS_CLASS_LOW_LATENCY;
	add->ll_permille = permille;
	return ioctl(chan->fd, NEXUS_IOC_FLOW_ADD, add) ? -errno : 0;
}

/* 0 or -errno; the flow's socket stays open if it fails, and nobody minds. */
static int ll_flow(struct nx_queue_bed *bed, struct nx_flow *flow, __u16 port,
		   __u32 permille)
{
	memset(flow, 0, sizeof(*flow));
	flow->chan = &bed->chan;
	flow->sock = nx_udp_socket(-1, NX_HOST4, port, NX_PEER4, PORT);
	flow->tuple = nx_tuple(NX_HOST4, port, NX_PEER4, PORT);
	nx_send_room(flow->sock);
	return ll_add(&bed->chan, flow->sock, permille, &flow->add);
}

static const struct nexus_advisory *interface(const struct nx_chan *chan)
{
	return (const void *)chan->data[NEXUS_REGION_ADVISORY];
}

/* The share is read where applications read it; tc does not wait for that. */
static bool wait_permille(struct nx_chan *chan, __u32 permille)
{
	long long end = nx_now_ns() + NX_QUEUE_PATIENCE_MS * NX_MSEC;

	while (__atomic_load_n(&interface(chan)->ll_permille, __ATOMIC_ACQUIRE) !=
	       permille)
		if (nx_now_ns() > end)
			return false;
	return true;
}

static bool has_grant(const struct nx_flow *flow)
{
	return nx_advisory(flow)->flags & NEXUS_FLOW_LOW_LATENCY;
}

/* ------------------------------------------------------------ admission */

NX_TEST(quota, "LL-4 no share left: EDQUOT, and it comes back")
{
	struct nx_flow a, b, c;
	struct nx_queue_bed bed;

	nx_queue_start(&bed, "rate 10mbit");
	EXPECT_EQ(-EDQUOT, ll_flow(&bed, &a, 4200, 1));
	nx_qdisc("rate 10mbit ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	EXPECT_EQ(0, ll_flow(&bed, &a, 4201, 150));
	EXPECT_TRUE(has_grant(&a));
	EXPECT_EQ(-EDQUOT, ll_flow(&bed, &b, 4202, 51));
	EXPECT_EQ(0, ll_flow(&bed, &b, 4203, 50));
	EXPECT_EQ(-EDQUOT, ll_flow(&bed, &c, 4204, 0));
	nx_flow_stop(&a);
	EXPECT_EQ(0, ll_flow(&bed, &c, 4205, 0));
	EXPECT_EQ(-EDQUOT, ll_flow(&bed, &a, 4206, 150));
	EXPECT_EQ(0, ll_flow(&bed, &a, 4207, 149));
	EXPECT_EQ(-EINVAL, ll_flow(&bed, &a, 4208, 1001));
}

static int as_nobody(struct nx_queue_bed *bed, int sock)
{
	struct nexus_flow_add add;
	struct nx_chan chan;
	pid_t child = nx_fork();

	if (child)
		return nx_wait_child(child);
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		_exit(200);
	nx_chan_start(&chan, NX_QUEUE_NEXUS);
	_exit(-ll_add(&chan, sock, 30, &add));
}

static int policy_ll(__u32 permille)
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, NEXUS_CMD_SET_POLICY);
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_NEXUS), *policy;

	mnl_attr_put_strz(message, NEXUS_NEXUS_A_NAME, NX_QUEUE_NEXUS);
	policy = mnl_attr_nest_start(message, NEXUS_NEXUS_A_POLICY);
	mnl_attr_put_u32(message, NEXUS_POLICY_A_MAX_LL, permille);
	mnl_attr_nest_end(message, policy);
	mnl_attr_nest_end(message, nest);
	return nx_ctl_call(message);
}

NX_TEST(policy, "LL-4 not allowed by the policy: EPERM")
{
	struct nx_queue_bed bed;
	int sock;

	nx_queue_start(&bed, "rate 10mbit ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	ASSERT_EQ(0, nx_policy_set(NX_QUEUE_NEXUS, NEXUS_RULE_ANY, 0, 0, 0, 0));
	sock = nx_udp_socket(-1, NX_HOST4, 4200, NX_PEER4, PORT);
	EXPECT_EQ(EPERM, as_nobody(&bed, sock));
	EXPECT_EQ(-ERANGE, policy_ll(1001));
	ASSERT_EQ(0, policy_ll(29));
	EXPECT_EQ(EPERM, as_nobody(&bed, sock));
	ASSERT_EQ(0, policy_ll(30));
	EXPECT_EQ(0, as_nobody(&bed, sock));
}

NX_TEST(gives_back, "LL-4 exit gives the share back within 100 ms")
{
	volatile unsigned int *ready = nx_shared_alloc(sizeof(*ready));
	struct nx_queue_bed bed;
	struct nx_flow flow;
	long long start;
	pid_t child;
	int err;

	nx_queue_start(&bed, "rate 10mbit ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	child = nx_fork();
	if (!child) {
		struct nexus_flow_add add;
		struct nx_chan chan;

		nx_chan_start(&chan, NX_QUEUE_NEXUS);
		*ready = 1 - ll_add(&chan, nx_udp_socket(-1, NX_HOST4, 4300, NULL, 0),
				    200, &add);
		pause();
	}
	ASSERT_TRUE(nx_wait_word(ready, 1, 5000));
	ASSERT_EQ(1, *ready);
	ASSERT_EQ(-EDQUOT, ll_flow(&bed, &flow, 4301, 200));
	kill(child, SIGKILL);
	nx_wait_child(child);
	start = nx_now_ns();
	do {
		err = ll_add(&bed.chan, flow.sock, 200, &flow.add);
	} while (err == -EDQUOT && nx_now_ns() - start < NX_SEC);
	EXPECT_EQ(0, err);
	EXPECT_LE(nx_now_ns() - start, 100 * NX_MSEC);
}

NX_TEST(defunct, "LL-4 defunct gives the share back within 100 ms")
{
	struct nexus_flow_add add;
	struct nx_queue_bed bed;
	struct nx_chan other;
	long long start;
	int sock, err;

	nx_queue_start(&bed, "rate 10mbit ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	nx_chan_init(&other, NX_QUEUE_NEXUS);
	other.attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	nx_chan_begin(&other);
	sock = nx_udp_socket(-1, NX_HOST4, 4300, NULL, 0);
	ASSERT_EQ(0, ll_add(&other, sock, 200, &add));
	sock = nx_udp_socket(-1, NX_HOST4, 4301, NULL, 0);
	ASSERT_EQ(-EDQUOT, ll_add(&bed.chan, sock, 200, &add));
	ASSERT_EQ(0, nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID,
				other.attach.channel_id));
	start = nx_now_ns();
	do {
		err = ll_add(&bed.chan, sock, 200, &add);
	} while (err == -EDQUOT && nx_now_ns() - start < NX_SEC);
	EXPECT_EQ(0, err);
	EXPECT_LE(nx_now_ns() - start, 100 * NX_MSEC);
}

NX_TEST(withdrawn, "LL-4 a grant that is withdrawn is told")
{
	struct nx_flow old, new;
	struct nx_queue_bed bed;
	int i;

	nx_queue_start(&bed, "rate 10mbit ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	ASSERT_EQ(0, ll_flow(&bed, &old, 4200, 50));
	ASSERT_EQ(0, ll_flow(&bed, &new, 4201, 100));
	nx_take_events(&bed.chan, 0, 0);
	nx_qdisc("rate 10mbit ll 10%");
	for (i = 0; i < 500 && has_grant(&new); i++)
		nx_sleep_ms(10);
	EXPECT_FALSE(has_grant(&new));
	EXPECT_TRUE(has_grant(&old));
	EXPECT_EQ(1, nx_take_events(&bed.chan, NEXUS_EVENT_LL_GRANT,
				    new.add.flow));
	/* It goes on as best effort. */
	EXPECT_EQ(0, nx_flow_send(&new, "still", 5));
	nx_flow_stop(&new);
	nx_flow_stop(&old);
	EXPECT_EQ(0, ll_flow(&bed, &old, 4202, 100));
}

/* ----------------------------------------------------------- the share */

#define NR_LL		120
#define NR_BULK		600

static void fill(NX_METADATA, struct nx_queue_bed *bed, struct nx_flow *ll)
{
	int sock = nx_udp_socket(-1, NX_HOST4, PORT + 1, NX_PEER4, PORT), i;
	char payload[LEN] = { 0 };

	nx_send_room(sock);
	for (i = 0; i < NR_BULK; i++) {
		ASSERT_EQ(LEN, send(sock, payload, LEN, 0));
		if (ll && i < NR_LL)
			ASSERT_EQ(0, nx_flow_send(ll, payload, LEN));
	}
}

NX_TEST_LONG(share, "LL-1 LL-5 the class gets its share of a full link, no less and no more", 120)
{
	int i, nr_ll = 0, nr = 0, left;
	struct nx_queue_bed bed;
	struct nx_flow ll;
	__u16 port;

	/* Slow, so that both wait all the time that is looked at. */
	nx_queue_start_slow(&bed, 2000, "ll 25% target 900ms interval 900s");
	ASSERT_TRUE(wait_permille(&bed.chan, 250));
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT, 250));
	fill(_metadata, &bed, &ll);
	/* What left while it was filled, and the class's credit of the beginning. */
	for (i = 0; i < 30; i++)
		ASSERT_GE(nx_next_number(bed.sink, &port), 0);
	left = NR_LL - nx_released(&ll);
	ASSERT_GT(left, 50);
	for (; nr < 200; nr++) {
		ASSERT_GE(nx_next_number(bed.sink, &port), 0);
		nr_ll += port == PORT;
	}
	TH_LOG("%d of %d packets are of the class", nr_ll, nr);
	EXPECT_GE(nr_ll, nr * 23 / 100);
	EXPECT_LE(nr_ll, nr * 27 / 100);
	EXPECT_EQ(0, nx_advisory(&ll)->congestion);
}

struct probe {
	struct nx_flow	*flow;
};

static void send_probe(void *arg)
{
	struct probe *probe = arg;

	if (nx_flow_send(probe->flow, "wait", 4))
		nx_die("send failed");
}

#define NR_PROBES	100

NX_TEST_LONG(latency, "LL-2 under saturating bulk the class waits for one packet at most", 120)
{
	long waits[NR_PROBES], wait;
	struct nx_flow greedy, ll;
	struct probe probe = { &ll };
	struct nx_queue_bed bed;
	char payload[LEN] = { 0 };
	__u32 number = 0;
	int nr = 0, tries;

	nx_queue_start_slow(&bed, 20000, "ll 20% target 900ms interval 900s");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	nx_queue_flow(&bed, &greedy, PORT);
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT + 1, 200));
	for (tries = 0; nr < NR_PROBES && tries < 3 * NR_PROBES; tries++) {
		for (; number < nx_released(&greedy) + 100; number++) {
			memcpy(payload, &number, sizeof(number));
			ASSERT_EQ(0, nx_flow_send(&greedy, payload, LEN));
		}
		wait = nx_queue_wait_by(&bed, &greedy, send_probe, &probe);
		if (wait >= 0)
			waits[nr++] = wait;
	}
	ASSERT_EQ(NR_PROBES, nr);
	qsort(waits, nr, sizeof(waits[0]), nx_compare_longs);
	TH_LOG("waits for %ld packets, at most for %ld", waits[nr / 2],
	       waits[nr - 1]);
	/* One is under way when it comes, and one may leave while it is sent. */
	EXPECT_LE(waits[nr * 999 / 1000], 2);
	EXPECT_LE(waits[nr / 2], 1);
}

NX_TEST(no_aqm, "LL-3 the class is not told of delay")
{
	struct nx_queue_bed bed;
	char payload[LEN] = { 0 };
	struct nx_flow ll;
	int i, got = 0;
	__u16 port;

	nx_queue_start(&bed, "rate 4mbit ll 20% target 1ms interval 5ms");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT, 200));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, nx_flow_send(&ll, payload, LEN));
	while (got < 100 && nx_next_number(bed.sink, &port) >= 0)
		got++;
	EXPECT_EQ(100, got);
	EXPECT_EQ(0, nx_advisory(&ll)->congestion);
	EXPECT_EQ(0, nx_take_events(&bed.chan, NEXUS_EVENT_RESUMED, ll.add.flow));
}

/* ------------------------------------------------------------- reports */

static void send_reported(NX_METADATA, struct nx_flow *flow, __u32 flags,
			  __u64 cookie, __u64 deadline_ns, size_t len)
{
	static char payload[65536];
	struct nexus_desc desc = {
		.flow = flow->add.flow, .flags = flags,
		.cookie = cookie, .time_ns = deadline_ns,
	};
	long buf = nx_buf_take(flow->chan, 0);

	ASSERT_GE(buf, 0);
	desc.buf = buf;
	desc.len = nx_udp_build(nx_buf_ptr(flow->chan, buf), &flow->tuple,
				payload, len);
	ASSERT_TRUE(nx_ring_push(nx_chan_ring(flow->chan, 0, NEXUS_RING_TX), &desc));
	ASSERT_EQ(0, nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0));
}

/* The next event about a packet, within @ms; false: none came. */
static bool next_report(struct nx_chan *chan, struct nexus_event *event,
			unsigned int ms)
{
	long long end = nx_now_ns() + ms * NX_MSEC;
	struct nx_ring *ring = nx_chan_ring(chan, 0, NEXUS_RING_EVENT);

	do {
		while (nx_ring_pop(ring, event))
			if (event->type == NEXUS_EVENT_SENT ||
			    event->type == NEXUS_EVENT_EXPIRED)
				return true;
	} while (nx_now_ns() < end);
	return false;
}

/* What became of the next packet that is reported; -1: nobody says. */
static int next_outcome(struct nx_chan *chan)
{
	struct nexus_event event;

	return next_report(chan, &event, NX_QUEUE_PATIENCE_MS) ? (int)event.flags : -1;
}

NX_TEST(completion, "EVT-1 one event with the packet's cookie and outcome")
{
	struct nexus_event event;
	struct nx_queue_bed bed;
	struct nx_flow flow;
	int i;

	nx_queue_start(&bed, "rate 4mbit");
	nx_queue_flow(&bed, &flow, PORT);
	for (i = 0; i < 10; i++)
		send_reported(_metadata, &flow, NEXUS_DESC_NOTIFY, 1000 + i, 0, LEN);
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
		EXPECT_EQ(NEXUS_EVENT_SENT, event.type);
		EXPECT_EQ(1000 + i, event.cookie);
		EXPECT_EQ(flow.add.flow, event.flow);
		EXPECT_EQ(NEXUS_DROP_NONE, event.flags);
	}
	/* Refused, for its source port is not the flow's. */
	flow.tuple.sport ^= htons(1);
	send_reported(_metadata, &flow, NEXUS_DESC_NOTIFY, 77, 0, LEN);
	flow.tuple.sport ^= htons(1);
	ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
	EXPECT_EQ(77, event.cookie);
	EXPECT_EQ(NEXUS_DROP_TX_MISMATCH, event.flags);
	/* Dropped by the discipline, which is taken away with all it holds. */
	nx_qdisc("rate 8kbit");
	for (i = 0; i < 5; i++)
		send_reported(_metadata, &flow, NEXUS_DESC_NOTIFY, 100 + i, 0, 500);
	ASSERT_EQ(0, nx_shell("tc qdisc del dev %s root", NX_DEV));
	for (i = 0; i < 5; i++)
		ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
	EXPECT_EQ(NEXUS_DROP_TX_QUEUE, event.flags);
	EXPECT_GT(nx_chan_drops(&bed.chan, NEXUS_DROP_TX_QUEUE), 0);
	EXPECT_FALSE(next_report(&bed.chan, &event, 100));
}

NX_TEST(full_ring, "EVT-1 a full EVENT ring is counted and blocks nothing")
{
	struct nx_flow flow;
	struct nx_queue_bed bed;
	__u32 slots;
	int i, got = 0;
	__u16 port;

	nx_queue_start(&bed, "rate 100mbit");
	nx_queue_flow(&bed, &flow, PORT);
	slots = bed.chan.attach.event_slots;
	for (i = 0; i < 2 * slots; i++)
		send_reported(_metadata, &flow, NEXUS_DESC_NOTIFY, i, 0, 100);
	while (got < 2 * slots && nx_next_number(bed.sink, &port) >= 0)
		got++;
	EXPECT_EQ(2 * slots, got);
	EXPECT_GE(nx_chan_drops(&bed.chan, NEXUS_DROP_EVENT_FULL), slots);
}

NX_TEST(local, "EVT-1 between applications of one host the packet is reported at once")
{
	struct nx_flow from, to;
	struct nexus_event event;
	struct nx_queue_bed bed;
	char payload[LEN];

	nx_queue_start(&bed, "rate 1mbit");
	nx_flow_start(&to, &bed.chan, NX_HOST4, 4400, NULL, 0);
	nx_flow_start(&from, &bed.chan, NX_HOST4, 4401, NX_HOST4, 4400);
	send_reported(_metadata, &from, NEXUS_DESC_NOTIFY, 5, 0, 10);
	ASSERT_TRUE(next_report(&bed.chan, &event, 100));
	EXPECT_EQ(5, event.cookie);
	EXPECT_EQ(NEXUS_DROP_NONE, event.flags);
	EXPECT_EQ(10, nx_flow_recv(&to, payload, sizeof(payload), NULL, 1000));
}

NX_TEST(deadline, "EVT-2 a packet past its deadline is dropped, or sent as it asked, and reported")
{
	struct nexus_event event;
	struct nx_queue_bed bed;
	struct nx_flow flow;
	long long now;
	int i, got = 0;
	__u16 port;

	nx_queue_start_slow(&bed, 1000, "target 900ms interval 900s");
	nx_queue_flow(&bed, &flow, PORT);
	for (i = 0; i < 10; i++)
		send_reported(_metadata, &flow, 0, 0, 0, LEN);
	now = nx_now_ns();
	send_reported(_metadata, &flow, NEXUS_DESC_DEADLINE, 1, now + 20 * NX_MSEC, LEN);
	send_reported(_metadata, &flow, NEXUS_DESC_DEADLINE | NEXUS_DESC_LATE, 2,
		      now + 20 * NX_MSEC, LEN);
	send_reported(_metadata, &flow, NEXUS_DESC_DEADLINE, 3, now + 60 * NX_SEC, LEN);
	ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
	EXPECT_EQ(NEXUS_EVENT_EXPIRED, event.type);
	EXPECT_EQ(1, event.cookie);
	EXPECT_EQ(NEXUS_DROP_TX_EXPIRED, event.flags);
	ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
	EXPECT_EQ(NEXUS_EVENT_EXPIRED, event.type);
	EXPECT_EQ(2, event.cookie);
	EXPECT_EQ(NEXUS_DROP_NONE, event.flags);
	while (got < 12 && nx_next_number(bed.sink, &port) >= 0)
		got++;
	EXPECT_EQ(12, got);
	EXPECT_FALSE(next_report(&bed.chan, &event, 200));
	EXPECT_EQ(1, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_EXPIRED));
	/* Past it before it could be queued at all. */
	send_reported(_metadata, &flow, NEXUS_DESC_DEADLINE, 4, nx_now_ns() - 1, LEN);
	ASSERT_TRUE(next_report(&bed.chan, &event, 1000));
	EXPECT_EQ(NEXUS_DROP_TX_EXPIRED, event.flags);
	EXPECT_EQ(2, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_EXPIRED));
}

/* ------------------------------------------------- what the class is spared */

/* One packet leaves at once, and the next one when no test runs any more. */
#define NEXT_TO_NOTHING	"rate 8bit burst 1"

NX_TEST(isolated, "LL-1 what others pile up drops nothing of the class")
{
	struct nx_queue_bed bed;
	struct nx_flow ll, greedy;
	int i;

	nx_queue_start(&bed, NEXT_TO_NOTHING " ll 20% limit 20");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	nx_queue_flow(&bed, &greedy, PORT);
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT + 1, 200));
	for (i = 0; i < 40; i++)
		ASSERT_EQ(0, nx_flow_send(&greedy, "bulk", 4));
	EXPECT_GT(nx_chan_drops(&bed.chan, NEXUS_DROP_TX_QUEUE), 0);
	nx_take_events(&bed.chan, 0, 0);
	for (i = 0; i < 10; i++)
		send_reported(_metadata, &ll, NEXUS_DESC_NOTIFY, i, 0, 4);
	/* Another rate holds at once, whatever the old one was still to wait for. */
	nx_qdisc("rate 1gbit");
	for (i = 0; i < 10; i++)
		EXPECT_EQ(NEXUS_DROP_NONE, next_outcome(&bed.chan));
}

#define LL_MAX		1000	/* packets of the class */
#define NR_OVER		20

NX_TEST(limited, "LL-5 OBS-1 beyond its own limit the class is dropped, and that is counted")
{
	struct nx_queue_bed bed;
	struct nx_flow ll;
	int i;

	nx_queue_start(&bed, NEXT_TO_NOTHING " ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT, 200));
	for (i = 0; i < LL_MAX + NR_OVER; i++)
		ASSERT_EQ(0, nx_flow_send(&ll, "many", 4));
	/* The first one has left, unless IPv6 had something to say before it. */
	EXPECT_LE(NR_OVER - 1, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_QUEUE));
	EXPECT_GE(NR_OVER, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_QUEUE));
	nx_take_events(&bed.chan, 0, 0);
	send_reported(_metadata, &ll, NEXUS_DESC_NOTIFY, 7, 0, 4);
	EXPECT_EQ(NEXUS_DROP_TX_QUEUE, next_outcome(&bed.chan));
}

NX_TEST(left_over, "LL-1 what stands of the class when its share goes is not starved")
{
	int i, nr_ll = 0, nr_bulk = 0;
	struct nx_queue_bed bed;
	struct nx_flow ll;
	__u16 port;

	nx_queue_start_slow(&bed, 1000, "ll 20% target 900ms interval 900s");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT, 200));
	fill(_metadata, &bed, &ll);
	nx_qdisc("rate 10mbit ll 0");
	while (nr_ll < NR_LL) {
		i = nx_next_number(bed.sink, &port);
		ASSERT_GE(i, 0);
		nr_ll += port == PORT;
		nr_bulk += port != PORT;
	}
	EXPECT_LT(nr_bulk, NR_BULK);
}

/* ------------------------------------------------------- what is not done to it */

#define SMALL_LEN	100	/* payload */

static __u64 bytes_copied(const struct nx_chan *chan)
{
	struct nx_ctl_channel seen;

	if (nx_channel_get(chan->attach.channel_id, &seen))
		nx_die("no channel");
	return seen.counters.value[NEXUS_COUNTERS_A_BYTES_COPIED];
}

/* A short datagram in a large buffer that we keep; how many bytes were copied. */
static __u64 send_kept(NX_METADATA, struct nx_flow *flow, __u32 buf,
		       __u32 flags, __u64 deadline_ns)
{
	__u64 before = bytes_copied(flow->chan);
	char payload[SMALL_LEN] = { 0 };
	struct nexus_desc desc = {
		.buf = buf,
		.flow = flow->add.flow,
		.flags = NEXUS_DESC_KEEP | NEXUS_DESC_CSUM | flags,
		.cookie = flags ? 1 : 0,
		.time_ns = deadline_ns,
	};

	desc.len = nx_udp_build(nx_buf_ptr(flow->chan, buf), &flow->tuple,
				payload, sizeof(payload));
	ASSERT_TRUE(nx_ring_push(nx_chan_ring(flow->chan, 0, NEXUS_RING_TX), &desc));
	ASSERT_EQ(0, nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0));
	return bytes_copied(flow->chan) - before;
}

/* A bed whose channel has large buffers, and one of them. */
static void start_large(NX_METADATA, struct nx_queue_bed *bed, __u32 *buf)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NX_QUEUE_NEXUS, NX_DEV);
	nx_qdisc("rate 1gbit ll 20%");
	nx_chan_init(&bed->chan, NX_QUEUE_NEXUS);
	bed->chan.attach.nr_large = 4;
	nx_chan_begin(&bed->chan);
	bed->sink = nx_sink_socket(&bed->net, PORT);
	ASSERT_TRUE(wait_permille(&bed->chan, 200));
	ASSERT_EQ(0, nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_REFILL, 0));
	ASSERT_TRUE(nx_ring_pop(nx_chan_ring(&bed->chan, 0,
					     NEXUS_RING_ALLOC_LARGE), buf));
}

NX_TEST(no_copy, "LL-3 EVT-1 payload of the class in kept buffers is not copied, however short it is, and is reported nevertheless")
{
	const __u64 headers = NX_UDP4_HEADERS;
	struct nx_flow ll, other;
	struct nx_queue_bed bed;
	struct nexus_event event;
	int got = 0;
	__u16 port;
	__u32 buf;

	start_large(_metadata, &bed, &buf);
	nx_queue_flow(&bed, &other, PORT + 1);
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT, 200));
	EXPECT_EQ(headers + SMALL_LEN, send_kept(_metadata, &other, buf, 0, 0));
	EXPECT_EQ(headers, send_kept(_metadata, &ll, buf, 0, 0));
	EXPECT_EQ(headers, send_kept(_metadata, &ll, buf, NEXUS_DESC_NOTIFY, 0));
	ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
	EXPECT_EQ(NEXUS_EVENT_SENT, event.type);
	EXPECT_EQ(1, event.cookie);
	EXPECT_EQ(NEXUS_DROP_NONE, event.flags);
	while (got < 3 && nx_next_number(bed.sink, &port) >= 0)
		got++;
	EXPECT_EQ(3, got);
	EXPECT_FALSE(next_report(&bed.chan, &event, 100));
}

NX_TEST(no_copy_late, "LL-3 EVT-2 and its deadline holds where it waits")
{
	struct nx_queue_bed bed;
	struct nexus_event event;
	struct nx_flow ll;
	__u32 buf;

	start_large(_metadata, &bed, &buf);
	nx_qdisc(NEXT_TO_NOTHING " ll 20%");
	ASSERT_EQ(0, ll_flow(&bed, &ll, PORT, 200));
	ASSERT_EQ(0, nx_flow_send(&ll, "first", 6));
	EXPECT_EQ(NX_UDP4_HEADERS,
		  send_kept(_metadata, &ll, buf, NEXUS_DESC_DEADLINE,
			    nx_now_ns() + 100 * NX_MSEC));
	nx_sleep_ms(101);
	EXPECT_FALSE(next_report(&bed.chan, &event, 0));
	nx_qdisc("rate 1gbit ll 20%");
	ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
	EXPECT_EQ(NEXUS_EVENT_EXPIRED, event.type);
	EXPECT_EQ(NEXUS_DROP_TX_EXPIRED, event.flags);
	/* Dropped by the discipline that goes: told, too. */
	nx_qdisc(NEXT_TO_NOTHING " ll 20%");
	ASSERT_EQ(0, nx_flow_send(&ll, "first", 6));
	send_kept(_metadata, &ll, buf, NEXUS_DESC_NOTIFY, 0);
	ASSERT_EQ(0, nx_shell("tc qdisc del dev %s root", NX_DEV));
	EXPECT_EQ(NEXUS_DROP_TX_QUEUE, next_outcome(&bed.chan));
	EXPECT_FALSE(next_report(&bed.chan, &event, 100));
}

/* How many of @nr packets woke who sleeps on @to before the sender went on. */
static int wakes_at_once(NX_METADATA, struct nx_flow *from, struct nx_flow *to,
			 int nr)
{
	struct pollfd p = { .fd = to->chan->fd, .events = POLLIN };
	struct nexus_status before, after;
	int at_once = 0;
	char word[4];

	while (nr--) {
		ASSERT_EQ(0, poll(&p, 1, 0));	/* asks to be woken */
		ASSERT_EQ(0, nx_chan_status(to->chan, &before));
		ASSERT_EQ(0, nx_flow_send(from, "wake", 4));
		ASSERT_EQ(0, nx_chan_status(to->chan, &after));
		at_once += after.rx_wakes - before.rx_wakes;
		ASSERT_EQ(4, nx_flow_recv(to, word, sizeof(word), NULL, NX_QUEUE_PATIENCE_MS));
	}
	return at_once;
}

#define NR_WAKES	50
#define WAKE_DELAY_US	1000	/* the longest */

NX_TEST(urgent, "LL-3 wakes for the class are never held")
{
	struct nx_flow from_ll, from, to_ll = { 0 }, to;
	struct nx_queue_bed bed;
	struct nx_chan sender;
	int held;

	nx_queue_start(&bed, "rate 1gbit ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	nx_chan_start(&sender, NX_QUEUE_NEXUS);
	to_ll.chan = &bed.chan;
	to_ll.sock = nx_udp_socket(-1, NX_HOST4, 4400, NULL, 0);
	ASSERT_EQ(0, ll_add(&bed.chan, to_ll.sock, 100, &to_ll.add));
	nx_flow_start(&to, &bed.chan, NX_HOST4, 4401, NULL, 0);
	nx_flow_start(&from_ll, &sender, NX_HOST4, 4402, NX_HOST4, 4400);
	nx_flow_start(&from, &sender, NX_HOST4, 4403, NX_HOST4, 4401);
	ASSERT_EQ(0, nx_tune(bed.chan.attach.channel_id, NEXUS_TUNE_WAKE_DELAY,
			     WAKE_DELAY_US));
	EXPECT_EQ(NR_WAKES, wakes_at_once(_metadata, &from_ll, &to_ll, NR_WAKES));
	/* Those of others are, unless the sender was held up for as long itself. */
	held = NR_WAKES - wakes_at_once(_metadata, &from, &to, NR_WAKES);
	EXPECT_GT(held, 0);
}

#define NR_SEGMENTS	14
#define SEGMENT_LEN	100

/* A super-packet in one small buffer, of which we want to hear. */
static void send_super(NX_METADATA, struct nx_flow *flow)
{
	char payload[NR_SEGMENTS * SEGMENT_LEN] = { 0 };
	struct nexus_desc desc = {
		.flow = flow->add.flow,
		.flags = NEXUS_DESC_GSO | NEXUS_DESC_CSUM | NEXUS_DESC_NOTIFY,
		.gso_size = SEGMENT_LEN,
		.cookie = 9,
	};
	long buf = nx_buf_take(flow->chan, 0);

	ASSERT_GE(buf, 0);
	desc.buf = buf;
	desc.len = nx_udp_build(nx_buf_ptr(flow->chan, buf), &flow->tuple,
				payload, sizeof(payload));
	ASSERT_TRUE(nx_ring_push(nx_chan_ring(flow->chan, 0, NEXUS_RING_TX), &desc));
	ASSERT_EQ(0, nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0));
}

NX_TEST(cut, "LL-2 EVT-1 a super-packet that is reported is cut as any other, and reported once, after its last segment")
{
	struct nexus_event event;
	struct nx_queue_bed bed;
	struct nx_flow flow;
	__u16 port;
	int got;

	nx_queue_start(&bed, NEXT_TO_NOTHING);
	nx_queue_flow(&bed, &flow, PORT);
	send_super(_metadata, &flow);
	/* The link is held by one segment, or by what IPv6 had to say before it. */
	EXPECT_GE(1, nx_released(&flow));
	EXPECT_FALSE(next_report(&bed.chan, &event, 50));
	nx_qdisc("rate 1gbit");
	ASSERT_TRUE(next_report(&bed.chan, &event, NX_QUEUE_PATIENCE_MS));
	EXPECT_EQ(9, event.cookie);
	EXPECT_EQ(NEXUS_DROP_NONE, event.flags);
	EXPECT_EQ(NR_SEGMENTS, nx_released(&flow));
	for (got = 0; got < NR_SEGMENTS; got++)
		ASSERT_EQ(0, nx_next_number(bed.sink, &port));
	/* Some of it lost is told as that. */
	nx_qdisc(NEXT_TO_NOTHING);
	send_super(_metadata, &flow);
	ASSERT_EQ(0, nx_shell("tc qdisc del dev %s root", NX_DEV));
	EXPECT_EQ(NEXUS_DROP_TX_QUEUE, next_outcome(&bed.chan));
	EXPECT_FALSE(next_report(&bed.chan, &event, 100));
}

/* ---------------------------------------------------------- the interface */

/* How long after a change by tc the advisory shows it. */
static long long rate_delay(struct nx_chan *chan, const char *options, __u64 rate)
{
	long long start;

	nx_qdisc(options);
	start = nx_now_ns();
	while (__atomic_load_n(&interface(chan)->rate, __ATOMIC_ACQUIRE) != rate)
		if (nx_now_ns() - start > NX_SEC)
			return NX_SEC;
	return nx_now_ns() - start;
}

NX_TEST(rate, "EVT-3 the advisory shows another rate within 10 ms")
{
	long long delay, best = NX_SEC;
	struct nx_queue_bed bed;
	int i;

	nx_queue_start(&bed, "rate 10mbit");
	for (i = 0; i < 5; i++) {
		delay = rate_delay(&bed.chan, "rate 16mbit", 2000000);
		ASSERT_LT(delay, NX_SEC);
		best = delay < best ? delay : best;
		delay = rate_delay(&bed.chan, "rate 8mbit", 1000000);
		ASSERT_LT(delay, NX_SEC);
		best = delay < best ? delay : best;
	}
	/* Of ten times one was not held up by whatever else the machine does. */
	EXPECT_LE(best, 10 * NX_MSEC);
	EXPECT_EQ(10, nx_take_events(&bed.chan, NEXUS_EVENT_RATE, NEXUS_FLOW_NONE));
}

NX_TEST(estimate, "EVT-3 the advisory shows what stands and for how long")
{
	struct nx_queue_bed bed;
	char payload[LEN] = { 0 };
	struct nx_flow flow;
	long long end;
	int i;

	nx_queue_start_slow(&bed, 2000, "target 900ms interval 900s");
	nx_queue_flow(&bed, &flow, PORT);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, nx_flow_send(&flow, payload, LEN));
	end = nx_now_ns() + NX_QUEUE_PATIENCE_MS * NX_MSEC;
	while (interface(&bed.chan)->queue_delay_ns < 10 * NX_MSEC)
		ASSERT_LT(nx_now_ns(), end);
	EXPECT_GT(interface(&bed.chan)->queue_bytes, 10 * LEN);
	/* And it says so when nothing does any more. */
	while (interface(&bed.chan)->queue_bytes ||
	       interface(&bed.chan)->queue_delay_ns)
		ASSERT_LT(nx_now_ns(), end);
}

static struct nexus_advisory read_whole(const struct nexus_advisory *a)
{
	struct nexus_advisory copy;
	__u32 seq;

	do {
		seq = __atomic_load_n(&a->seq, __ATOMIC_ACQUIRE);
		copy = *(const volatile struct nexus_advisory *)a;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (seq & 1 || seq != __atomic_load_n(&a->seq, __ATOMIC_RELAXED));
	return copy;
}

struct reader {
	const struct nexus_advisory	*advisory;
	volatile bool	stop;
	long	nr;
	long	torn;
};

static void *read_on(void *arg)
{
	struct reader *reader = arg;
	struct nexus_advisory a;

	while (!reader->stop) {
		a = read_whole(reader->advisory);
		reader->nr++;
		reader->torn += a.rate != a.ll_permille * 10000ULL;
	}
	return NULL;
}

/*
 * The sequence at rest: twice as many as writes have ended. A write that is under
 * way now has an end.
 */
static __u32 writes(const struct nexus_advisory *advisory)
{
	long long end = nx_now_ns() + NX_QUEUE_PATIENCE_MS * NX_MSEC;
	__u32 seq;

	do
		seq = __atomic_load_n(&advisory->seq, __ATOMIC_ACQUIRE);
	while (seq % 2 && nx_now_ns() < end);
	return seq;
}

NX_TEST(torn, "EVT-3 torn reads cannot happen")
{
	struct reader reader = { 0 };
	struct nx_queue_bed bed;
	pthread_t thread;
	__u32 was, is;
	int i;

	nx_queue_start(&bed, "rate 16mbit ll 20%");
	ASSERT_TRUE(wait_permille(&bed.chan, 200));
	reader.advisory = interface(&bed.chan);
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_on, &reader));
	for (i = 0; i < 12; i++) {
		was = writes(reader.advisory);
		nx_qdisc(i % 2 ? "rate 16mbit ll 20%" : "rate 8mbit ll 10%");
		EXPECT_TRUE(wait_permille(&bed.chan, i % 2 ? 200 : 100));
		is = writes(reader.advisory);
		EXPECT_GT(is, was);
		EXPECT_EQ(0, is % 2);
	}
	reader.stop = true;
	pthread_join(thread, NULL);
	EXPECT_GT(reader.nr, 1000);
	EXPECT_EQ(0, reader.torn);
}

NX_TEST_MAIN("ll")
