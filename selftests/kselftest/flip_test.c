// SPDX-License-Identifier: GPL-2.0
/*
 * A thread of the sender scribbles over descriptors and headers while others
 * sync. Whatever it manages to do, each frame on the wire is one that its flow
 * may send.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define BATCH	32

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_flow	flow;
	bool	flips_bufs;
	volatile __u32	is_over;
};

/* What the observer at the other end has seen. */
struct view {
	__u32	frames;
	__u32	wrong;
	__u32	drained;
	char	what[128];
};

static void bed_start(struct bed *bed, int family)
{
	const char *host = family == AF_INET ? NX_HOST4 : NX_HOST6;
	const char *peer = family == AF_INET ? NX_PEER4 : NX_PEER6;

	memset(bed, 0, sizeof(*bed));
	nx_net_start(&bed->net);
	/* The device sums, so that what is seen on the wire can be checked. */
	nx_tx_csum_set(-1, NX_DEV, false);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&bed->chan, NEXUS);
	nx_flow_start(&bed->flow, &bed->chan, host, PORT, peer, PORT);
}

/* ---------------------------------------------------------- the observer */

static void judge(struct view *view, const struct nx_tuple *allowed,
		  const char *packet, long len)
{
	struct nx_udp udp;
	const char *wrong = nx_udp_parse(packet, len, true, &udp);

	/* Neighbour discovery and the like are the kernel's. */
	if (wrong && !strcmp(wrong, "IPv6 next header"))
		return;
	if (!wrong && !nx_tuple_equal(&udp.tuple, allowed))
		wrong = nx_tuple_text(&udp.tuple);
	view->frames++;
	if (!wrong)
		return;
	view->wrong++;
	strncpy(view->what, wrong, sizeof(view->what) - 1);
}

static void observe(struct view *view, int wire, const struct nx_tuple *allowed)
{
	char packet[65536];

	for (;;) {
		long len = nx_packet_recv(wire, packet, sizeof(packet), 20);

		if (len >= 0)
			judge(view, allowed, packet, len);
		else
			__atomic_fetch_add(&view->drained, 1, __ATOMIC_RELEASE);
	}
}

/* The observer's socket must not overflow: what is not seen is not judged. */
static void await_observer(struct view *view)
{
	__u32 drained = __atomic_load_n(&view->drained, __ATOMIC_ACQUIRE);

	nx_wait_word(&view->drained, drained + 2, 5000);
}

/* ----------------------------------------------------------- the scribbler */

/*
 * Bits that the checks depend on; CSUM stays, so that each sum is right, and KEEP
 * is not set, with which buffers would be ours that nobody here knows of.
 */
static void flip_desc(struct bed *bed, struct nexus_desc *desc, __u32 random)
{
	switch (random % 7) {
	case 0:
		desc->off ^= 1U << (random >> 8) % 12;
		break;
	case 1:
		desc->len ^= 1U << (random >> 8) % 12;
		break;
	case 2:
		desc->flow ^= 1U << (random >> 8) % 3;
		break;
	case 3:
		desc->flags ^= NEXUS_DESC_MORE;
		break;
	case 4:
		desc->flags ^= (1U << (2 + (random >> 8) % 30)) &
			       ~NEXUS_DESC_KEEP;
		break;
	case 5:
		((__u8 *)desc)[20 + (random >> 8) % 44] ^= random >> 16;
		break;
	default:
		if (bed->flips_bufs)
			desc->buf ^= 1U << (random >> 8) % 10;
	}
}

static void *scribble(void *arg)
{
	struct bed *bed = arg;
	struct nx_ring *tx = nx_chan_ring(&bed->chan, 0, NEXUS_RING_TX);
	__u32 seed = 1;

	while (!bed->is_over) {
		__u32 random = nx_random(&seed);
		struct nexus_desc *desc = nx_ring_slot(tx, random >> 4);
		__u32 buf = desc->buf;
		char *bytes;

		/* An index that flips may name a buffer that is not ours. */
		if (random & 8 || bed->flips_bufs) {
			flip_desc(bed, desc, nx_random(&seed));
			continue;
		}
		if (buf >= bed->chan.attach.nr_small)
			continue;
		bytes = nx_buf_ptr(&bed->chan, buf);
		bytes[nx_random(&seed) % 56] ^= random >> 16;
	}
	return NULL;
}

/* -------------------------------------------------------------- the sender */

/* Fills TX with good packets and syncs; @err is what the sync said. */
static __u32 send_batch(struct bed *bed, int *err)
{
	static char payload[64];
	char packet[128];
	size_t len = nx_udp_build(packet, &bed->flow.tuple, payload,
				  sizeof(payload));
	__u32 nr = 0;

	while (nr < BATCH && nx_chan_send(&bed->chan, 0, bed->flow.add.flow,
					  NEXUS_DESC_CSUM, packet, len))
		nr++;
	*err = nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL,
			    0);
	return nr;
}

static struct view *observer_start(struct bed *bed, pid_t *pid)
{
	struct view *view = nx_shared_alloc(sizeof(*view));
	int wire = nx_packet_socket(bed->net.peer, NX_PEER_DEV);

	*pid = nx_fork();
	if (!*pid) {
		/* Or it would keep the port. */
		close(bed->flow.sock);
		close(bed->chan.fd);
		observe(view, wire, &bed->flow.tuple);
	}
	close(wire);
	return view;
}

static void flip(NX_METADATA, int family)
{
	__u32 nr = nx_loops("NEXUS_TEST_FLIPS", 500000), sent = 0, seen = 0;
	struct nexus_status status;
	struct view *view;
	pthread_t thread;
	struct bed bed;
	pid_t pid;
	int err;

	bed_start(&bed, family);
	view = observer_start(&bed, &pid);
	ASSERT_EQ(0, pthread_create(&thread, NULL, scribble, &bed));
	while (sent < nr) {
		__u32 some = send_batch(&bed, &err);

		ASSERT_EQ(0, err);
		ASSERT_LT(0, some);
		sent += some;
		if (sent - seen > 4096) {
			await_observer(view);
			seen = sent;
		}
	}
	bed.is_over = 1;
	pthread_join(thread, NULL);
	await_observer(view);
	kill(pid, SIGKILL);
	nx_wait_child(pid);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	nx_note("%u packets: %llu sent, %llu refused, %u frames judged", sent,
		status.tx_packets, status.tx_drops, view->frames);
	EXPECT_EQ(0, view->wrong) {
		TH_LOG("%s", view->what);
	}
	/* A test in which nothing was refused, or nothing sent, shows nothing. */
	EXPECT_LT(nr / 100, status.tx_drops);
	EXPECT_LT(nr / 100, view->frames);
	EXPECT_EQ(status.tx_packets, view->frames);
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, status.state);
	nx_chan_close(&bed.chan);
}

NX_TEST_LONG(flip4, "RING-6 descriptors and IPv4 headers flip while others sync: nothing forged leaves", 300)
{
	flip(_metadata, AF_INET);
}

NX_TEST_LONG(flip6, "RING-6 descriptors and IPv6 headers flip while others sync: nothing forged leaves", 300)
{
	flip(_metadata, AF_INET6);
}

/* With buffer indices too: the channel is stopped again and again. */
NX_TEST_LONG(flip_bufs, "RING-6 RING-4 buffer indices flip as well: the channel is stopped, nothing forged leaves", 300)
{
	__u32 nr = nx_loops("NEXUS_TEST_FLIPS", 500000) / 2000, stopped = 0;
	struct view *view;
	struct bed bed;
	pid_t pid;

	bed_start(&bed, AF_INET);
	bed.flips_bufs = true;
	view = observer_start(&bed, &pid);
	for (__u32 i = 0; i < nr; i++) {
		pthread_t thread;
		int err = 0;

		bed.is_over = 0;
		ASSERT_EQ(0, pthread_create(&thread, NULL, scribble, &bed));
		for (int j = 0; j < 100 && !err; j++)
			send_batch(&bed, &err);
		bed.is_over = 1;
		pthread_join(thread, NULL);
		EXPECT_TRUE(!err || err == -EPROTO) {
			TH_LOG("sync: %s", strerror(-err));
		}
		stopped += err == -EPROTO;
		nx_flow_stop(&bed.flow);
		nx_chan_close(&bed.chan);
		nx_chan_start(&bed.chan, NEXUS);
		nx_flow_start(&bed.flow, &bed.chan, NX_HOST4, PORT, NX_PEER4,
			      PORT);
	}
	await_observer(view);
	kill(pid, SIGKILL);
	nx_wait_child(pid);
	nx_note("%u of %u channels were stopped, %u frames judged", stopped, nr,
		view->frames);
	EXPECT_EQ(0, view->wrong) {
		TH_LOG("%s", view->what);
	}
	EXPECT_LT(nr / 2, stopped);
	EXPECT_LT(0, view->frames);
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------- rings under the scribbler */

/* Indices are scribbled over too: whatever comes of it, others go on. */
struct vandal {
	struct nx_chan	chan;
	volatile __u32	is_over;
};

static void *vandalise(void *arg)
{
	struct vandal *vandal = arg;
	size_t len = vandal->chan.attach.regions[NEXUS_REGION_URINGS].data_len;
	char *rings = vandal->chan.data[NEXUS_REGION_URINGS];
	__u32 seed = 9;

	while (!vandal->is_over)
		rings[nx_random(&seed) % len] ^= nx_random(&seed) >> 8;
	return NULL;
}

NX_TEST_LONG(vandal, "RING-2 RING-6 all of the user's rings are scribbled over: neighbours go on", 300)
{
	__u32 nr = nx_loops("NEXUS_TEST_VANDALS", 100);
	struct nx_pair pair;
	struct bed bed;

	bed_start(&bed, AF_INET);
	nx_flow_stop(&bed.flow);
	nx_pair_start(&pair, &bed.chan, &bed.net, AF_INET, PORT);
	for (__u32 i = 0; i < nr; i++) {
		struct vandal vandal = {};
		struct nx_flow flow;
		pthread_t thread;

		nx_chan_start(&vandal.chan, NEXUS);
		nx_flow_start(&flow, &vandal.chan, NX_HOST4, PORT + 1 + i,
			      NX_PEER4, PORT + 1);
		ASSERT_EQ(0, pthread_create(&thread, NULL, vandalise, &vandal));
		for (int j = 0; j < 20; j++) {
			nx_chan_sync(&vandal.chan, 0, NEXUS_SYNC_TX |
				     NEXUS_SYNC_REFILL, 0);
			nx_udp_send(pair.peer, "x", 0, NX_HOST4,
				    PORT + 1 + i);
		}
		vandal.is_over = 1;
		pthread_join(thread, NULL);
		close(flow.sock);
		nx_chan_close(&vandal.chan);
		ASSERT_TRUE(nx_pair_ping(&pair, i));
	}
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("flip")
