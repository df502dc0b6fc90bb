// SPDX-License-Identifier: GPL-2.0
/*
 * The attacker takes all that he can get: buffers, channels, flows, a whole ring
 * of packets that he never collects; and stops in the middle of what he does.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"
#include "test.h"

#define PORTS	20000

static void more_files(void)
{
	const struct rlimit files = { 8192, 8192 };

	if (setrlimit(RLIMIT_NOFILE, &files))
		nx_die("RLIMIT_NOFILE: %s", strerror(errno));
}

NX_TEST(channels, "POOL-3 as many channels as the policy allows: EUSERS, EDQUOT, and the next one when one is closed")
{
	enum { NR = 64 };
	struct nx_chan chans[NR], more;
	struct nx_bed bed;

	nx_bed_start(&bed);
	/* The neighbour has one, and is the same user. */
	ASSERT_EQ(0, nx_policy_set(NX_BED_NEXUS, 0, 0, NR + 1, 0, 0));
	for (int i = 0; i < NR; i++) {
		nx_chan_init(&chans[i], NX_BED_NEXUS);
		chans[i].attach.nr_small = 16;
		nx_chan_begin(&chans[i]);
	}
	nx_chan_init(&more, NX_BED_NEXUS);
	ASSERT_EQ(0, nx_chan_open(&more));
	for (int i = 0; i < 200; i++)
		ASSERT_EQ(-EUSERS, nx_chan_attach(&more));
	nx_chan_close(&chans[0]);
	EXPECT_EQ(0, nx_chan_attach(&more));
	nx_chan_close(&more);
	ASSERT_EQ(0, nx_policy_set(NX_BED_NEXUS, 0, 0, 0, 0, 1));
	nx_chan_init(&more, NX_BED_NEXUS);
	more.attach.nr_small = NEXUS_BUFFERS_MAX;
	more.attach.nr_large = NEXUS_LARGE_MAX;
	ASSERT_EQ(0, nx_chan_open(&more));
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(-EDQUOT, nx_chan_attach(&more));
	nx_chan_close(&more);
	for (int i = 1; i < NR; i++)
		nx_chan_close(&chans[i]);
	nx_bed_judge(&bed);
}

NX_TEST_LONG(flows, "POOL-3 as many flows as a channel may have, again and again: EUSERS, ENOSPC", 120)
{
	enum { NR = 256 };
	struct nexus_flow_add add;
	struct nx_chan chan;
	struct nx_bed bed;
	int socks[NR + 1];

	more_files();
	nx_bed_start(&bed);
	for (int i = 0; i <= NR; i++)
		socks[i] = nx_udp_socket(-1, NX_HOST4, PORTS + i, NULL, 0);
	for (int round = 0; round < 3; round++) {
		nx_chan_init(&chan, NX_BED_NEXUS);
		chan.attach.nr_flows = NR;
		nx_chan_begin(&chan);
		for (int i = 0; i < NR; i++)
			ASSERT_EQ(0, nx_flow_add(&chan, socks[i], &add));
		for (int i = 0; i < 500; i++)
			ASSERT_EQ(-ENOSPC, nx_flow_add(&chan, socks[NR], &add));
		nx_chan_close(&chan);
	}
	ASSERT_EQ(0, nx_policy_set(NX_BED_NEXUS, 0, 0, 0, 8, 0));
	nx_chan_start(&chan, NX_BED_NEXUS);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, nx_flow_add(&chan, socks[i], &add));
	for (int i = 0; i < 500; i++)
		ASSERT_EQ(-EUSERS, nx_flow_add(&chan, socks[NR], &add));
	nx_chan_close(&chan);
	nx_bed_judge(&bed);
}

/* Until so many are lost in the channel; what the wire loses does not count. */
static bool flood(struct nx_chan *chan, int peer, __u64 drops)
{
	long long end = nx_now_ns() + nx_timeout(60) * NX_SEC;
	static char payload[1000];
	struct nexus_status status;

	do {
		for (int i = 0; i < 1000; i++)
			nx_udp_send(peer, payload, sizeof(payload), NX_HOST4,
				    NX_BED_PORT);
		if (nx_chan_status(chan, &status))
			return false;
	} while (status.rx_drops < drops && nx_now_ns() < end);
	return status.rx_drops >= drops;
}

/* Fills RX and holds all buffers, while the peer goes on sending. */
NX_TEST(buffers, "POOL-1 POOL-3 every buffer held and nothing collected, under a flood: only the attacker loses")
{
	struct nexus_status status;
	struct nx_flow flow;
	struct nx_chan chan;
	struct nx_bed bed;
	int peer;

	nx_bed_start(&bed);
	nx_chan_init(&chan, NX_BED_NEXUS);
	chan.attach.nr_small = 64;
	nx_chan_begin(&chan);
	nx_flow_start(&flow, &chan, NX_HOST4, NX_BED_PORT, NULL, 0);
	while (nx_buf_take(&chan, 0) >= 0)
		;
	peer = nx_udp_socket(bed.net.peer, NX_PEER4, NX_BED_PORT, NULL, 0);
	EXPECT_TRUE(flood(&chan, peer,
			  nx_loops("NEXUS_FLOOD_DROPS", 200000)));
	ASSERT_EQ(0, nx_chan_status(&chan, &status));
	EXPECT_EQ(chan.attach.nr_small + chan.attach.nr_large,
		  status.buffers_free + status.buffers_user +
		      status.buffers_kernel + status.buffers_in_flight);
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

/* ----------------------------------------------------- stops in the middle */

static void *sync_for_ever(void *arg)
{
	struct nx_chan *chan = arg;

	for (;;)
		nx_chan_sync(chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL |
			     NEXUS_SYNC_WAIT_RX, NX_MSEC);
	return NULL;
}

static void be_stopped(volatile __u32 *step)
{
	static char payload[1000];
	struct nx_chan chan;
	struct nx_flow flow;
	pthread_t thread;

	nx_chan_start(&chan, NX_BED_NEXUS);
	nx_flow_start(&flow, &chan, NX_HOST4, NX_BED_PORT, NX_PEER4,
		      NX_BED_PORT);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, sync_for_ever, &chan);
	*step = 1;
	for (;;)
		nx_flow_send(&flow, payload, sizeof(payload));
}

NX_TEST_LONG(stopped, "POOL-3 LIFE-2 a process that is stopped while it syncs, again and again, and then killed: nobody waits for it", 120)
{
	volatile __u32 *step = nx_shared_alloc(sizeof(*step));
	struct nx_bed bed;
	pid_t pid;

	nx_bed_start(&bed);
	pid = nx_fork();
	if (!pid)
		be_stopped(step);
	ASSERT_TRUE(nx_wait_word(step, 1, 10000));
	for (int i = 0; i < 30; i++) {
		ASSERT_EQ(0, kill(pid, SIGSTOP));
		nx_sleep_ms(10 + i);
		ASSERT_EQ(0, kill(pid, SIGCONT));
		nx_sleep_ms(3);
	}
	kill(pid, SIGSTOP);
	nx_bed_judge(&bed);
	kill(pid, SIGKILL);
	nx_wait_child(pid);
}

NX_TEST_MAIN("exhaust")
