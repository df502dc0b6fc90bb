// SPDX-License-Identifier: GPL-2.0
/*
 * What tunes itself while packets pass: how long a wake waits for more of them.
 *
 * Two channels of one nexus: one sends, at a pace that does not depend on a
 * network, the other one sleeps.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"
#include "trace.h"

#define NEXUS	"t"
#define PORT	4000
#define MOST_US	1000	/* no wake waits longer */
#define BATCH	8
/* Packets that the reader has not taken: more would be lost. */
#define WINDOW	512
#define PATIENCE_MS	20000
/* After so long a silence nothing is known of what was before it. */
#define FORGET_MS	1500

/**
 * struct bed - the scene
 * @from, @out: who sends
 * @to, @in:    who sleeps
 * @seen:       packets that it took
 * @sent:       packets so far
 * @is_over:    it is to end
 * @least_ns:   shortest time from arrival to being seen, since somebody set it
 * @early:      packets seen before %MOST_US had passed, since then
 */
struct bed {
	struct nx_net	net;
	struct nx_chan	from, to;
	struct nx_flow	out, in;
	pthread_t	thread;
	volatile __u32	seen;
	__u32	sent;
	volatile bool	is_over;
	volatile long long	least_ns;
	volatile __u32	early;
};

static void begin_channel(struct nx_chan *chan)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.rx_slots = 2 * WINDOW;
	chan->attach.tx_slots = 2 * WINDOW;
	chan->attach.nr_small = 8 * WINDOW;
	nx_chan_begin(chan);
}

static void take_all(struct bed *bed)
{
	struct nx_ring *rx = nx_chan_ring(&bed->to, 0, NEXUS_RING_RX);
	struct nexus_desc desc;
	long long ns;

	while (nx_ring_pop(rx, &desc)) {
		ns = nx_now_ns() - (long long)desc.time_ns;
		if (ns < bed->least_ns)
			bed->least_ns = ns;
		bed->early += ns < MOST_US * 1000;
		if (!nx_buf_give(&bed->to, 0, desc.buf))
			nx_die("FREE is full");
		bed->seen++;
	}
}

static void *sleep_and_take(void *arg)
{
	struct bed *bed = arg;

	while (!bed->is_over) {
		nx_chan_sync(&bed->to, 0,
			     NEXUS_SYNC_REFILL | NEXUS_SYNC_WAIT_RX,
			     100 * NX_MSEC);
		take_all(bed);
	}
	return NULL;
}

static void bed_start(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	begin_channel(&bed->from);
	begin_channel(&bed->to);
	nx_flow_start(&bed->in, &bed->to, NX_HOST4, PORT, NULL, 0);
	nx_flow_start(&bed->out, &bed->from, NX_HOST4, PORT + 1, NX_HOST4, PORT);
	bed->least_ns = NX_SEC;
	if (pthread_create(&bed->thread, NULL, sleep_and_take, bed))
		nx_die("no thread");
}

static void bed_stop(struct bed *bed)
{
	bed->is_over = true;
	pthread_join(bed->thread, NULL);
	nx_chan_close(&bed->from);
	nx_chan_close(&bed->to);
}

static struct nx_ctl_knob get_knob(struct nx_chan *chan, __u32 which)
{
	struct nx_ctl_channel channel = {};

	if (nx_channel_get(chan->attach.channel_id, &channel))
		nx_die("the channel is gone");
	return channel.tune[which];
}

static struct nx_ctl_knob knob(struct nx_chan *chan)
{
	return get_knob(chan, NEXUS_TUNE_WAKE_DELAY);
}

/* A batch of @nr packets with @len bytes of payload. */
static void send_batch(struct bed *bed, __u32 nr, size_t len)
{
	static char packet[NEXUS_PACKET_MAX], payload[NEXUS_SMALL_SIZE];
	size_t size = nx_udp_build(packet, &bed->out.tuple, payload, len);

	while (bed->sent + nr - bed->seen > WINDOW)
		sched_yield();
	for (__u32 i = 0; i < nr; i++)
		if (!nx_chan_send(&bed->from, 0, bed->out.add.flow, 0, packet,
				  size))
			nx_die("no buffer");
	if (nx_chan_sync(&bed->from, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0))
		nx_die("sync");
	bed->sent += nr;
}

static bool wait_seen(struct bed *bed)
{
	return nx_wait_word(&bed->seen, bed->sent, 5000);
}

/* As fast as it goes, until wakes are held; false: they never are. */
static bool press(struct bed *bed)
{
	long long end_ns = nx_now_ns() + PATIENCE_MS * NX_MSEC;

	while (!knob(&bed->to).value) {
		if (nx_now_ns() > end_ns)
			return false;
		for (int i = 0; i < 25; i++)
			send_batch(bed, 8 * BATCH, 300);
	}
	return true;
}

/* @nr packets one by one, with silence between them. */
static void drip(NX_METADATA, struct bed *bed, __u32 nr)
{
	ASSERT_TRUE(wait_seen(bed));
	bed->least_ns = NX_SEC;
	bed->early = 0;
	for (__u32 i = 0; i < nr; i++) {
		nx_sleep_ms(3);
		send_batch(bed, 1, 300);
		ASSERT_TRUE(wait_seen(bed));
	}
}

/* ------------------------------------------------------------- what it does */

/*
 * Whether nearly all of @nr packets find their reader asleep, and wake it. On a busy
 * machine it may be awake when the next one comes, so this may be tried again.
 */
static bool wakes_for_each(NX_METADATA, struct bed *bed, __u32 nr)
{
	struct nexus_status before, after;
	__u64 wakes;

	nx_chan_status(&bed->to, &before);
	drip(_metadata, bed, nr);
	nx_chan_status(&bed->to, &after);
	EXPECT_EQ(nr, after.rx_packets - before.rx_packets);
	wakes = after.rx_wakes - before.rx_wakes;
	EXPECT_GE(nr, wakes);
	return wakes >= nr - nr / 10 && bed->early > nr / 10;
}

/* What it looks like when they are held: no more than a few are seen early. */
static bool holds_each(NX_METADATA, struct bed *bed, __u32 nr)
{
	drip(_metadata, bed, nr);
	return bed->early <= nr / 10;
}

static bool soon(NX_METADATA, struct bed *bed, __u32 nr,
		 bool (*is_so)(NX_METADATA, struct bed *bed, __u32 nr))
{
	for (int i = 0; i < 5; i++)
		if (is_so(_metadata, bed, nr))
			return true;
	return false;
}

NX_TEST_LONG(sparse, "TUNE-1 sparse packets wake their reader one by one, and at once", 120)
{
	__u32 nr = nx_loops("NEXUS_TEST_DRIPS", 2000);
	struct bed bed;

	bed_start(&bed);
	nx_sleep_ms(50);
	EXPECT_TRUE(soon(_metadata, &bed, nr, wakes_for_each));
	EXPECT_EQ(NEXUS_TUNE_RESTS, knob(&bed.to).state);
	ASSERT_EQ(0, nx_tune(bed.to.attach.channel_id, NEXUS_TUNE_WAKE_DELAY,
			     MOST_US));
	EXPECT_TRUE(soon(_metadata, &bed, nr, holds_each));
	bed_stop(&bed);
}

/*
 * Some milliseconds of it are enough, within the second for which the mode stays;
 * what else runs on the machine may make it longer, so it may be tried again.
 */
static bool is_alone_at_once(NX_METADATA, struct bed *bed)
{
	__u32 delay_us;

	for (int i = 0; i < 20; i++) {
		if (!press(bed))
			return false;
		drip(_metadata, bed, 5);
		delay_us = knob(&bed->to).value;
		if (delay_us && bed->least_ns < delay_us * 1000)
			return true;
	}
	return false;
}

NX_TEST(alone, "TUNE-1 a packet that comes alone wakes at once while dense ones are held")
{
	struct bed bed;

	bed_start(&bed);
	EXPECT_TRUE(is_alone_at_once(_metadata, &bed));
	bed_stop(&bed);
}

/* How a sender comes to rest, or pauses. */
static void rest_in_sync(struct bed *bed)
{
	nx_chan_sync(&bed->from, 0, NEXUS_SYNC_WAIT_RX, 5 * NX_MSEC);
}

static void pause_in_sync(struct bed *bed)
{
	nx_chan_sync(&bed->from, 0, NEXUS_SYNC_WAIT_RX, NX_MSEC / 10);
}

static void rest_in_poll(struct bed *bed)
{
	struct pollfd in = { .fd = bed->from.fd, .events = POLLIN };

	poll(&in, 1, 5);
}

/* Dense traffic, all of it taken, and two packets for a reader that sleeps by now. */
static void send_two_after_many(struct bed *bed)
{
	for (int i = 0; i < 5; i++)
		send_batch(bed, 8 * BATCH, 300);
	while (bed->seen != bed->sent)
		sched_yield();
	send_batch(bed, 1, 300);
	send_batch(bed, 1, 300);
}

/*
 * Then their sender does as @rest says. Whether a wait ended by that, in so many tries:
 * the two may come too late to be waited for, or before the reader sleeps.
 */
static bool is_let_go(NX_METADATA, struct bed *bed,
		      void (*rest)(struct bed *bed), int tries)
{
	char sender[32], channel[32];

	snprintf(sender, sizeof(sender), "sender=%u ", bed->from.attach.channel_id);
	snprintf(channel, sizeof(channel), "channel=%u ", bed->to.attach.channel_id);
	while (tries-- && press(bed)) {
		send_two_after_many(bed);
		rest(bed);
		EXPECT_TRUE(wait_seen(bed));
		if (nx_trace_has(sender, channel))
			return true;
	}
	return false;
}

static void expect_let_go(NX_METADATA, void (*rest)(struct bed *bed), bool is_rest)
{
	struct bed bed;

	bed_start(&bed);
	nx_trace_start("nexus_let_go");
	EXPECT_EQ(is_rest, is_let_go(_metadata, &bed, rest, is_rest ? 100 : 10));
	nx_trace_stop();
	bed_stop(&bed);
}

NX_TEST(let_go, "TUNE-1 a wake is not held while its sender sleeps")
{
	expect_let_go(_metadata, rest_in_sync, true);
}

NX_TEST(let_go_in_poll, "TUNE-1 nor while it sleeps in poll()")
{
	expect_let_go(_metadata, rest_in_poll, true);
}

NX_TEST(paused, "TUNE-1 but while it pauses")
{
	expect_let_go(_metadata, pause_in_sync, false);
}

/* A channel's number is given again when nothing refers to it any more. */
static bool is_number_free(__u32 id)
{
	long long end_ns = nx_now_ns() + 2 * NX_SEC;
	struct nx_chan chan;
	bool is_free;

	do {
		begin_channel(&chan);
		is_free = chan.attach.channel_id == id;
		nx_chan_close(&chan);
	} while (!is_free && nx_now_ns() < end_ns);
	return is_free;
}

NX_TEST(left, "TUNE-1 who leaves while its wake is held is forgotten by a sender that neither sleeps nor sends any more")
{
	struct bed bed;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tune(bed.to.attach.channel_id, NEXUS_TUNE_WAKE_DELAY,
			     MOST_US));
	for (int i = 0; i < 20; i++) {
		send_batch(&bed, 1, 300);
		EXPECT_TRUE(wait_seen(&bed));
	}
	bed.is_over = true;
	pthread_join(bed.thread, NULL);
	nx_chan_close(&bed.to);
	EXPECT_TRUE(is_number_free(bed.to.attach.channel_id));
	nx_chan_close(&bed.from);
}

/*
 * A wake comes for 64 packets, or when the delay has passed since the one before.
 * So where more than 64 come in a delay, there is at most one for 32.
 */
NX_TEST_LONG(dense, "TUNE-2 dense packets share their wakes, and none is lost", 120)
{
	struct nexus_status before, after;
	long long start_ns, delays;
	__u32 nr = nx_loops("NEXUS_TEST_DENSE", 2000000) / BATCH;
	struct nx_ctl_knob held;
	struct bed bed;

	bed_start(&bed);
	ASSERT_TRUE(press(&bed));
	held = knob(&bed.to);
	ASSERT_LT(0, held.value);
	ASSERT_GE(MOST_US, held.value);
	/* So it stays, however slow this machine is. */
	ASSERT_EQ(0, nx_tune(bed.to.attach.channel_id, NEXUS_TUNE_WAKE_DELAY,
			     held.value));
	ASSERT_TRUE(wait_seen(&bed));
	ASSERT_EQ(0, nx_chan_status(&bed.to, &before));
	start_ns = nx_now_ns();
	for (__u32 i = 0; i < nr; i++)
		send_batch(&bed, BATCH, 300);
	EXPECT_TRUE(wait_seen(&bed));
	delays = (nx_now_ns() - start_ns) / (held.value * 1000);
	ASSERT_EQ(0, nx_chan_status(&bed.to, &after));
	nx_note("%llu packets, %llu wakes, %lld delays of %u us",
		after.rx_packets - before.rx_packets,
		after.rx_wakes - before.rx_wakes, delays, held.value);
	EXPECT_EQ(nr * BATCH, after.rx_packets - before.rx_packets);
	EXPECT_GE(nr * BATCH / 64 + delays + 2, after.rx_wakes - before.rx_wakes);
	EXPECT_EQ(0, after.rx_drops);
	bed_stop(&bed);
}

NX_TEST(step, "TUNE-3 TUNE-6 a step of load changes the mode, up and down, and each change is traced")
{
	long long end_ns;
	struct bed bed;

	bed_start(&bed);
	nx_trace_start("nexus_gather");
	EXPECT_EQ(NEXUS_TUNE_RESTS, knob(&bed.to).state);
	ASSERT_TRUE(press(&bed));
	EXPECT_TRUE(nx_trace_has("from=rests to=grows", "queue=0"));
	end_ns = nx_now_ns() + PATIENCE_MS * NX_MSEC;
	while (knob(&bed.to).state != NEXUS_TUNE_RESTS) {
		ASSERT_LT(nx_now_ns(), end_ns);
		drip(_metadata, &bed, 10);
	}
	EXPECT_TRUE(nx_trace_has("to=rests", "delay_us=0"));
	nx_trace_stop();
	bed_stop(&bed);
}

/* @nr packets each millisecond and no more of them, 2,000 times. */
static bool is_held_at(NX_METADATA, struct bed *bed, __u32 nr, size_t len)
{
	long long next_ns = 0;
	bool is_held = false;

	for (int i = 0; i < 2000; i++) {
		while (nx_now_ns() < next_ns)
			sched_yield();
		next_ns = nx_now_ns() + NX_MSEC;
		send_batch(bed, nr, len);
		if (i % 100 == 0)
			is_held |= knob(&bed->to).value;
	}
	EXPECT_TRUE(wait_seen(bed));
	return is_held;
}

NX_TEST(both, "TUNE-4 neither many small packets nor many bytes in few packets hold a wake")
{
	struct bed bed;

	bed_start(&bed);
	/* In 10 ms 300 packets and 11 kB; 60 and 90 kB. */
	EXPECT_FALSE(is_held_at(_metadata, &bed, 30, 8));
	/* Or the averages would be, for a moment, those of both together. */
	nx_sleep_ms(FORGET_MS);
	EXPECT_FALSE(is_held_at(_metadata, &bed, 6, 1472));
	EXPECT_EQ(NEXUS_TUNE_RESTS, knob(&bed.to).state);
	bed_stop(&bed);
}

NX_TEST(pinned, "TUNE-6 the delay of wakes tells its state, is pinned, and set free")
{
	struct bed bed;
	__u32 id;

	bed_start(&bed);
	id = bed.to.attach.channel_id;
	EXPECT_EQ(-ENOENT, nx_tune(id + 1000, NEXUS_TUNE_WAKE_DELAY, 1));
	EXPECT_EQ(-ERANGE, nx_tune(id, NEXUS_TUNE_WAKE_DELAY, MOST_US + 1));
	nx_trace_start("nexus_gather");
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_WAKE_DELAY, 0));
	EXPECT_TRUE(nx_trace_has("from=rests to=pinned", "delay_us=0"));
	EXPECT_EQ(NEXUS_TUNE_PINNED, knob(&bed.to).state);
	for (int i = 0; i < 2000; i++)
		send_batch(&bed, BATCH, 300);
	EXPECT_EQ(0, knob(&bed.to).value);
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_WAKE_DELAY, -1));
	EXPECT_TRUE(nx_trace_has("from=pinned to=rests", "delay_us=0"));
	EXPECT_TRUE(press(&bed));
	nx_trace_stop();
	bed_stop(&bed);
}

NX_TEST(budget, "TUNE-6 the budget of a sender follows what its packets take, is pinned, and set free")
{
	long long end_ns = nx_now_ns() + 3 * NX_SEC;
	struct nx_ctl_knob held;
	struct bed bed;
	__u32 id;

	bed_start(&bed);
	id = bed.from.attach.channel_id;
	EXPECT_EQ(NEXUS_TUNE_HOLDS, get_knob(&bed.from, NEXUS_TUNE_TX_BUDGET).state);
	EXPECT_EQ(64, get_knob(&bed.from, NEXUS_TUNE_TX_BUDGET).value);
	EXPECT_EQ(-ERANGE, nx_tune(id, NEXUS_TUNE_TX_BUDGET, 0));
	nx_trace_start("nexus_budget");
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_TX_BUDGET, 1));
	EXPECT_TRUE(nx_trace_has("from=holds to=pinned", "packets=1"));
	for (int i = 0; i < 100; i++)
		send_batch(&bed, BATCH, 300);
	EXPECT_EQ(1, get_knob(&bed.from, NEXUS_TUNE_TX_BUDGET).value);
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_TX_BUDGET, -1));
	EXPECT_TRUE(nx_trace_has("from=pinned to=holds", "packets=64"));
	do {
		send_batch(&bed, WINDOW / 2, 1000);
		held = get_knob(&bed.from, NEXUS_TUNE_TX_BUDGET);
	} while (held.value == 64 && nx_now_ns() < end_ns);
	/* How fast this machine is nobody knows; what follows from that is told. */
	EXPECT_EQ(held.value != 64,
		  nx_trace_has(held.value > 64 ? "to=grows" : "to=shrinks",
			       held.value > 64 ? "packets=128" : "packets=32"));
	nx_trace_stop();
	bed_stop(&bed);
}

#define FEW	64	/* buffers */

static void begin_few(struct nx_chan *chan)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.rx_slots = 2 * WINDOW;
	chan->attach.nr_small = FEW;
	nx_chan_begin(chan);
}

/* Half of the buffers that there are, in packets by @out. */
static void send_half(struct bed *bed, struct nx_flow *out)
{
	char packet[128];
	size_t size = nx_udp_build(packet, &out->tuple, "few", 3);

	for (int i = 0; i < FEW / 2; i++)
		if (!nx_chan_send(&bed->from, 0, out->add.flow, 0, packet, size))
			nx_die("no buffer");
	if (nx_chan_sync(&bed->from, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0))
		nx_die("sync");
}

static void give_back(struct nx_chan *chan)
{
	struct nx_ring *rx = nx_chan_ring(chan, 0, NEXUS_RING_RX);
	struct nexus_desc desc;

	while (nx_ring_pop(rx, &desc))
		if (!nx_buf_give(chan, 0, desc.buf))
			nx_die("FREE is full");
	nx_chan_sync(chan, 0, NEXUS_SYNC_REFILL, 0);
}

NX_TEST(batch, "TUNE-6 how many buffers a queue takes from the pool at a time follows what is left there, is pinned, and set free")
{
	long long end_ns = nx_now_ns() + 20 * NX_SEC;
	struct nx_flow out, in;
	struct nx_chan few;
	struct bed bed;
	__u32 id;

	bed_start(&bed);
	begin_few(&few);
	id = few.attach.channel_id;
	nx_flow_start(&in, &few, NX_HOST4, PORT + 2, NULL, 0);
	nx_flow_start(&out, &bed.from, NX_HOST4, PORT + 3, NX_HOST4, PORT + 2);
	EXPECT_EQ(NEXUS_TUNE_HOLDS, get_knob(&few, NEXUS_TUNE_CACHE_BATCH).state);
	EXPECT_EQ(32, get_knob(&few, NEXUS_TUNE_CACHE_BATCH).value);
	EXPECT_EQ(-ERANGE, nx_tune(id, NEXUS_TUNE_CACHE_BATCH, 0));
	EXPECT_EQ(-ERANGE, nx_tune(id, NEXUS_TUNE_CACHE_BATCH, 65));
	nx_trace_start("nexus_batch");
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_CACHE_BATCH, 1));
	EXPECT_TRUE(nx_trace_has("from=holds to=pinned", "buffers=1"));
	/* Nobody takes them: the pool runs dry, and stays so. */
	for (int i = 0; i < 10; i++)
		send_half(&bed, &out);
	EXPECT_LT(7 * FEW / 2, nx_chan_drops(&few, NEXUS_DROP_RX_NO_BUFFER));
	EXPECT_EQ(1, get_knob(&few, NEXUS_TUNE_CACHE_BATCH).value);
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_CACHE_BATCH, -1));
	EXPECT_TRUE(nx_trace_has("from=pinned to=holds", "buffers=32"));
	for (int i = 0; i < 10; i++)
		send_half(&bed, &out);
	EXPECT_TRUE(nx_trace_has("from=holds to=shrinks", "buffers=16"));
	EXPECT_EQ(4, get_knob(&few, NEXUS_TUNE_CACHE_BATCH).value);
	/* There are enough again, for long enough. */
	do {
		give_back(&few);
		send_half(&bed, &out);
	} while (get_knob(&few, NEXUS_TUNE_CACHE_BATCH).value != 32 &&
		 nx_now_ns() < end_ns);
	EXPECT_EQ(32, get_knob(&few, NEXUS_TUNE_CACHE_BATCH).value);
	EXPECT_TRUE(nx_trace_has("to=grows", "buffers=32"));
	nx_trace_stop();
	nx_chan_close(&few);
	bed_stop(&bed);
}

NX_TEST_MAIN("tune")
