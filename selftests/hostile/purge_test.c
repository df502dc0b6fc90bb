// SPDX-License-Identifier: GPL-2.0
/*
 * The attacker sends from buffers that it has never taken out of ALLOC, while
 * the kernel, to which the channel seems idle, takes their pages back.
 */
#include <pthread.h>

#include "bed.h"
#include "test.h"

/* kmod/core/wset.h: ten idle seconds; and what a slow guest adds. */
#define PATIENCE_MS	60000

/**
 * struct cheat - the attacker
 * @chan: two queues; queue 1 sends what queue 0 was offered
 * @flow: whose packets no device takes, so that nothing counts as traffic
 * @sent: packets tried
 * @is_over: enough
 */
struct cheat {
	struct nx_chan	chan;
	struct nx_flow	flow;
	unsigned long	sent;
	volatile bool	is_over;
};

static void write_packets(struct cheat *c)
{
	const struct nx_ring *alloc = nx_chan_ring(&c->chan, 0, NEXUS_RING_ALLOC);
	static const char payload[1200];

	for (__u32 at = *alloc->cons; at != *alloc->prod; at++) {
		__u32 buf = *(__u32 *)nx_ring_slot(alloc, at);

		nx_udp_build(nx_buf_ptr(&c->chan, buf), &c->flow.tuple, payload,
			     sizeof(payload));
	}
}

/* All that stands in ALLOC of queue 0, sent by queue 1. */
static void send_all(struct cheat *c)
{
	const struct nx_ring *alloc = nx_chan_ring(&c->chan, 0, NEXUS_RING_ALLOC);
	struct nx_ring *tx = nx_chan_ring(&c->chan, 1, NEXUS_RING_TX);
	struct nx_ring *mine = nx_chan_ring(&c->chan, 1, NEXUS_RING_ALLOC);
	struct nexus_desc desc = { .flow = c->flow.add.flow };

	desc.len = nx_udp_headers(AF_INET) + 1200;
	for (__u32 at = *alloc->cons; at != *alloc->prod; at++) {
		desc.buf = *(__u32 *)nx_ring_slot(alloc, at);
		if (nx_ring_push(tx, &desc))
			c->sent++;
	}
	nx_chan_sync(&c->chan, 1, NEXUS_SYNC_TX, 0);
	__atomic_store_n(mine->cons, *mine->prod, __ATOMIC_RELEASE);
}

static void *cheat(void *arg)
{
	struct cheat *c = arg;

	while (!c->is_over)
		send_all(c);
	return NULL;
}

/* A fresh page holds no packet. False: the kernel has taken none back. */
static bool await_purge(struct nx_chan *chan)
{
	long long end = nx_now_ns() + PATIENCE_MS * NX_MSEC;

	while (nx_now_ns() < end) {
		if (nx_chan_drops(chan, NEXUS_DROP_TX_IP))
			return true;
		nx_sleep_ms(10);
	}
	return false;
}

NX_TEST_LONG(untaken, "POOL-2 RING-4 buffers are sent while their pages are taken back: nobody's memory is read", 240)
{
	__u32 nr = nx_loops("NEXUS_TEST_PURGES", 20);
	struct nx_bed bed;

	nx_bed_start(&bed);
	nx_ip("link add d0 type dummy\n"
	      "addr add 10.77.0.1/24 dev d0\n"
	      "link set d0 up\n"
	      "neigh add 10.77.0.2 lladdr 02:00:00:00:00:77 dev d0\n");
	/* It takes no packet. */
	ASSERT_EQ(0, nx_shell("tc qdisc replace dev d0 root bfifo limit 1"));
	for (__u32 i = 0; i < nr; i++) {
		struct cheat c = {};
		pthread_t thread;

		nx_chan_init(&c.chan, NX_BED_NEXUS);
		c.chan.attach.nr_queues = 2;
		nx_chan_begin(&c.chan);
		nx_flow_start(&c.flow, &c.chan, "10.77.0.1", NX_BED_PORT + i,
			      "10.77.0.2", NX_BED_PORT);
		ASSERT_EQ(0, nx_chan_sync(&c.chan, 0, NEXUS_SYNC_REFILL, 0));
		write_packets(&c);
		ASSERT_EQ(0, pthread_create(&thread, NULL, cheat, &c));
		EXPECT_TRUE(await_purge(&c.chan));
		c.is_over = true;
		pthread_join(thread, NULL);
		nx_note("%lu packets, %llu of them refused by the device",
			c.sent, nx_chan_drops(&c.chan, NEXUS_DROP_TX_DEVICE));
		EXPECT_LT(0, nx_chan_drops(&c.chan, NEXUS_DROP_TX_DEVICE));
		nx_flow_stop(&c.flow);
		nx_chan_close(&c.chan);
	}
	nx_bed_judge(&bed);
}

NX_TEST_MAIN("purge")
