// SPDX-License-Identifier: GPL-2.0
/*
 * Six loads on a channel that tunes itself, and on one whose wakes wait for as long
 * as they are told: what a packet costs, and how many pass in a second.
 *
 * One channel sends, another one of the same nexus sleeps. To be run where the
 * clock counts instructions and there is one CPU: what is not idle time is work.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "flow.h"
#include "util.h"

#define NEXUS	"t"
#define PORT	4000
#define WINDOW	512
#define FREE	-1	/* it tunes itself */
/* What a mode stays for, kmod/core/gather.h, and some more. */
#define SETTLE_NS	(1200 * NX_MSEC)

static const int settings[] = { FREE, 0, 250, 500, 1000 };

#define NR_SETTINGS	(int)(sizeof(settings) / sizeof(settings[0]))

/**
 * struct load - how packets come
 * @name:   in the table
 * @batch:  packets at a time
 * @len:    of their payload, bytes; the first of a batch has @first
 * @first:  likewise
 * @gap_us: from batch to batch; 0: as fast as they are taken
 * @nr:     packets that are measured
 * @echoes: each is answered before the next one comes
 */
struct load {
	const char	*name;
	__u32	batch;
	size_t	len;
	size_t	first;
	unsigned int	gap_us;
	__u32	nr;
	bool	echoes;
};

static const struct load loads[] = {
	{ "round trips", 1, 64, 64, 0, 4000, true },
	{ "1 k packets/s", 1, 300, 300, 1000, 10000, false },
	{ "50 k packets/s", 10, 300, 300, 200, 40000, false },
	{ "most packets/s", 32, 64, 64, 0, 60000, false },
	{ "bulk", 32, 1472, 1472, 0, 40000, false },
	{ "mixed", 8, 1472, 64, 100, 40000, false },
};

#define NR_LOADS	(int)(sizeof(loads) / sizeof(loads[0]))

/**
 * struct bed - the scene
 * @from, @out, @back: who sends, on @out, and hears answers on @back
 * @to, @in, @answer:  who sleeps, and answers on @answer
 * @seen, @sent: packets that @to took, and that were sent
 * @load:       the present one
 * @is_over:    it is to end
 */
struct bed {
	struct nx_net	net;
	struct nx_chan	from, to;
	struct nx_flow	out, back, in, answer;
	volatile __u32	seen;
	__u32	sent;
	const struct load	*load;
	volatile bool	is_over;
};

/**
 * struct cost - of a load with a setting
 * @ns:   of work, a packet
 * @rate: packets a second
 */
struct cost {
	double	ns;
	double	rate;
};

static void begin_channel(struct nx_chan *chan)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.rx_slots = 2 * WINDOW;
	chan->attach.tx_slots = 2 * WINDOW;
	chan->attach.nr_small = 8 * WINDOW;
	nx_chan_begin(chan);
}

static void send_one(struct nx_flow *flow, size_t len)
{
	static char payload[NEXUS_SMALL_SIZE];
	char packet[NEXUS_SMALL_SIZE];
	size_t size = nx_udp_build(packet, &flow->tuple, payload, len);

	if (!nx_chan_send(flow->chan, 0, flow->add.flow, 0, packet, size))
		nx_die("no buffer");
}

static void sync_tx(struct nx_chan *chan)
{
	if (nx_chan_sync(chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0))
		nx_die("sync");
}

static __u32 take_all(struct nx_chan *chan)
{
	struct nx_ring *rx = nx_chan_ring(chan, 0, NEXUS_RING_RX);
	struct nexus_desc desc;
	__u32 nr = 0;

	for (; nx_ring_pop(rx, &desc); nr++)
		if (!nx_buf_give(chan, 0, desc.buf))
			nx_die("FREE is full");
	return nr;
}

static void *sleep_and_take(void *arg)
{
	struct bed *bed = arg;
	__u32 nr;

	while (!bed->is_over) {
		nx_chan_sync(&bed->to, 0,
			     NEXUS_SYNC_REFILL | NEXUS_SYNC_WAIT_RX,
			     100 * NX_MSEC);
		nr = take_all(&bed->to);
		bed->seen += nr;
		if (!nr || !bed->load->echoes)
			continue;
		send_one(&bed->answer, 64);
		sync_tx(&bed->to);
	}
	return NULL;
}

static void send_batch(struct bed *bed)
{
	const struct load *load = bed->load;

	while (bed->sent + load->batch - bed->seen > WINDOW)
		sched_yield();
	for (__u32 i = 0; i < load->batch; i++)
		send_one(&bed->out, i ? load->len : load->first);
	sync_tx(&bed->from);
	bed->sent += load->batch;
}

static void hear_answer(struct bed *bed)
{
	while (!take_all(&bed->from))
		nx_chan_sync(&bed->from, 0,
			     NEXUS_SYNC_REFILL | NEXUS_SYNC_WAIT_RX, NX_SEC);
}

static void wait_until(long long ns)
{
	struct timespec at = { ns / NX_SEC, ns % NX_SEC };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* @nr packets, and for @ns at least. */
static void press(struct bed *bed, __u32 nr, long long ns)
{
	long long begin_ns = nx_now_ns(), next_ns = begin_ns;
	__u32 begin = bed->sent;

	while (bed->sent - begin < nr || nx_now_ns() - begin_ns < ns) {
		send_batch(bed);
		if (bed->load->echoes)
			hear_answer(bed);
		if (!bed->load->gap_us)
			continue;
		next_ns += bed->load->gap_us * 1000;
		wait_until(next_ns);
	}
	if (!nx_wait_word(&bed->seen, bed->sent, 5000))
		nx_die("packets are missing");
}

/* Time in which nothing was done, to a hundredth of a second. */
static long long idle_ns(void)
{
	FILE *file = fopen("/proc/uptime", "re");
	double up, idle;

	if (!file || fscanf(file, "%lf %lf", &up, &idle) != 2)
		nx_die("no /proc/uptime");
	fclose(file);
	return idle * NX_SEC;
}

static struct cost measure(struct bed *bed)
{
	long long idle, begin_ns, ns;
	__u32 nr = bed->load->nr;

	press(bed, 0, SETTLE_NS);
	idle = idle_ns();
	begin_ns = nx_now_ns();
	press(bed, nr, 0);
	ns = nx_now_ns() - begin_ns;
	idle = idle_ns() - idle;
	return (struct cost) {
		.ns = (double)(ns - idle) / nr,
		.rate = (double)nr * NX_SEC / ns,
	};
}

/* On fresh channels: nothing is known of another load. */
static struct cost run(const struct load *load, int delay_us)
{
	static struct bed bed;
	pthread_t thread;
	struct cost cost;

	bed.seen = bed.sent = 0;
	bed.is_over = false;
	bed.load = load;
	begin_channel(&bed.from);
	begin_channel(&bed.to);
	nx_flow_start(&bed.in, &bed.to, NX_HOST4, PORT, NULL, 0);
	nx_flow_start(&bed.back, &bed.from, NX_HOST4, PORT + 2, NULL, 0);
	nx_flow_start(&bed.out, &bed.from, NX_HOST4, PORT + 1, NX_HOST4, PORT);
	nx_flow_start(&bed.answer, &bed.to, NX_HOST4, PORT + 3, NX_HOST4,
		      PORT + 2);
	if (delay_us != FREE &&
	    nx_tune(bed.to.attach.channel_id, NEXUS_TUNE_WAKE_DELAY, delay_us))
		nx_die("no pin");
	if (pthread_create(&thread, NULL, sleep_and_take, &bed))
		nx_die("no thread");
	cost = measure(&bed);
	bed.is_over = true;
	pthread_join(thread, NULL);
	nx_flow_stop(&bed.in);
	nx_flow_stop(&bed.back);
	nx_flow_stop(&bed.out);
	nx_flow_stop(&bed.answer);
	nx_chan_close(&bed.from);
	nx_chan_close(&bed.to);
	return cost;
}

/* Above 1: how much worse what tunes itself is than the best that is pinned. */
static void compare(const struct cost costs[])
{
	double ns = costs[1].ns, rate = costs[1].rate;

	for (int i = 2; i < NR_SETTINGS; i++) {
		ns = costs[i].ns < ns ? costs[i].ns : ns;
		rate = costs[i].rate > rate ? costs[i].rate : rate;
	}
	printf(" %6.2f %6.2f\n", costs[0].ns / ns, rate / costs[0].rate);
}

int main(void)
{
	struct cost costs[NR_SETTINGS];
	struct nx_net net;

	setvbuf(stdout, NULL, _IOLBF, 0);
	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	printf("instructions a packet, packets a second: tuned, pinned at 0, 250, 500, 1000 us; tuned/best\n");
	for (int l = 0; l < NR_LOADS; l++) {
		printf("%-15s", loads[l].name);
		for (int i = 0; i < NR_SETTINGS; i++) {
			costs[i] = run(&loads[l], settings[i]);
			printf(" %6.0f %7.0f |", costs[i].ns, costs[i].rate);
			fflush(stdout);
		}
		compare(costs);
	}
	return 0;
}
