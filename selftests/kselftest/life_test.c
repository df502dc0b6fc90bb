// SPDX-License-Identifier: GPL-2.0
/*
 * Ends of things that channels use: the module, a nexus, a device, a network
 * namespace. Whoever used them is told, and nothing stays behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define WAIT_MS	3000

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&bed->chan, NEXUS);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
}

static bool wait_event(struct nx_chan *chan, __u32 type,
		       struct nexus_event *event)
{
	struct nx_ring *ring = nx_chan_ring(chan, 0, NEXUS_RING_EVENT);
	long long end_ns = nx_now_ns() + WAIT_MS * NX_MSEC;

	do {
		while (nx_ring_pop(ring, event))
			if (event->type == type)
				return true;
		nx_chan_sync(chan, 0, NEXUS_SYNC_WAIT_RX, 10 * NX_MSEC);
	} while (nx_now_ns() < end_ns);
	return false;
}

/* ---------------------------------------------------------------- module */

static int module_remove(void)
{
	return syscall(SYS_delete_module, "nexus", O_NONBLOCK) ? -errno : 0;
}

static int module_insert(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return err;
}

/* Whatever other tests left needs a moment. */
static int module_remove_soon(void)
{
	int err = 0;

	for (int i = 0; i < 200; i++) {
		err = module_remove();
		if (err != -EWOULDBLOCK)
			return err;
		nx_sleep_ms(20);
	}
	return err;
}

NX_TEST_LONG(unload, "LIFE-1 rmmod while a channel is open: refused; after close: works, and loads again, 100 rounds", 240)
{
	__u32 nr = nx_loops("NEXUS_TEST_UNLOADS", 100);
	const char *path = getenv("NEXUS_KO");
	struct nx_net net;

	ASSERT_NE(NULL, path) {
		TH_LOG("NEXUS_KO must name the module's file");
	}
	nx_net_start(&net);
	for (__u32 i = 0; i < nr; i++) {
		struct nx_chan chan;
		struct nx_pair pair;

		nx_nexus_start(NEXUS, NX_DEV);
		nx_chan_start(&chan, NEXUS);
		nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
		ASSERT_EQ(-EWOULDBLOCK, module_remove());
		ASSERT_TRUE(nx_pair_ping(&pair, i));
		/* The flow alone holds it, and so does a mapping alone. */
		close(chan.fd);
		ASSERT_EQ(-EWOULDBLOCK, module_remove());
		nx_chan_unmap(&chan);
		close(pair.flow.sock);
		close(pair.peer);
		/* The nexus and its device do not. */
		ASSERT_EQ(0, module_remove_soon());
		EXPECT_EQ(-1, access(NEXUS_DEVICE, F_OK));
		ASSERT_EQ(0, module_insert(path));
	}
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_NEXUS));
}

/* An open file that is not attached holds the module as well. */
NX_TEST(unload_open, "LIFE-1 rmmod while a file is open and not attached: refused")
{
	struct nx_chan chan;

	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	EXPECT_EQ(-EWOULDBLOCK, module_remove());
	nx_chan_close(&chan);
}

/* --------------------------------------------------------------- traffic */

struct traffic {
	struct bed	*bed;
	volatile __u32	is_over;
	volatile __u32	nr_sent;
};

static void *traffic_in(void *arg)
{
	struct traffic *traffic = arg;

	while (!traffic->is_over) {
		nx_udp_send(traffic->bed->pair.peer, "traffic", 7, NULL, 0);
		traffic->nr_sent++;
	}
	return NULL;
}

/* Sends and receives through the channel, whatever the answers are. */
static void *traffic_out(void *arg)
{
	struct traffic *traffic = arg;
	struct bed *bed = traffic->bed;
	struct nx_ring *rx = nx_chan_ring(&bed->chan, 0, NEXUS_RING_RX);
	struct nexus_desc desc;
	char packet[64];
	size_t len = nx_udp_build(packet, &bed->pair.flow.tuple, "traffic", 7);

	while (!traffic->is_over) {
		nx_chan_send(&bed->chan, 0, bed->pair.flow.add.flow, 0, packet,
			     len);
		nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL,
			     0);
		while (nx_ring_pop(rx, &desc))
			nx_buf_give(&bed->chan, 0, desc.buf);
		traffic->nr_sent++;
	}
	return NULL;
}

struct traffics {
	struct traffic	in;
	struct traffic	out;
	pthread_t	thread[2];
};

static void traffic_start(NX_METADATA, struct traffics *t, struct bed *bed)
{
	memset(t, 0, sizeof(*t));
	t->in.bed = t->out.bed = bed;
	ASSERT_EQ(0, pthread_create(&t->thread[0], NULL, traffic_in, &t->in));
	ASSERT_EQ(0, pthread_create(&t->thread[1], NULL, traffic_out, &t->out));
	ASSERT_TRUE(nx_wait_word(&t->in.nr_sent, 20, WAIT_MS));
	ASSERT_TRUE(nx_wait_word(&t->out.nr_sent, 20, WAIT_MS));
}

static void traffic_stop(struct traffics *t)
{
	t->in.is_over = t->out.is_over = 1;
	pthread_join(t->thread[0], NULL);
	pthread_join(t->thread[1], NULL);
}

/* ---------------------------------------------------------------- devices */

NX_TEST(device_gone, "LIFE-2 the device is unregistered under traffic: the owner is told, no reference is left")
{
	struct nx_ctl_nexus shown;
	struct nexus_event event;
	struct traffics traffics;
	long long start_ns;
	struct bed bed;
	__u32 ifindex;

	bed_start(&bed);
	ifindex = nx_ifindex(NX_DEV);
	traffic_start(_metadata, &traffics, &bed);
	start_ns = nx_now_ns();
	nx_ip("link del " NX_DEV "\n");
	/* Somebody's reference would hold it up for ten seconds and more. */
	EXPECT_GT(8 * NX_SEC, nx_now_ns() - start_ns);
	traffic_stop(&traffics);
	EXPECT_TRUE(wait_event(&bed.chan, NEXUS_EVENT_DEV_GONE, &event));
	EXPECT_EQ(ifindex, event.value);
	ASSERT_EQ(0, nx_nexus_get(NEXUS, &shown));
	EXPECT_EQ(0, shown.nr_devs);
	EXPECT_EQ(1, shown.nr_channels);
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, bed.chan.schema->state);
	nx_chan_close(&bed.chan);
}

NX_TEST(device_moves, "LIFE-2 the device moves to another namespace: the owner is told")
{
	struct nexus_event event;
	struct bed bed;

	bed_start(&bed);
	nx_ip("link set " NX_DEV " netns /proc/%d/fd/%d\n", getpid(),
	      bed.net.peer);
	EXPECT_TRUE(wait_event(&bed.chan, NEXUS_EVENT_DEV_GONE, &event));
	nx_chan_close(&bed.chan);
}

NX_TEST(device_enslaved, "LIFE-2 COEX-2 the device becomes a bridge's port: it leaves the nexus, the owner is told")
{
	struct nexus_event event;
	struct nx_ctl_nexus shown;
	struct bed bed;

	bed_start(&bed);
	nx_ip("link add br0 type bridge\n"
	      "link set " NX_DEV " master br0\n");
	EXPECT_TRUE(wait_event(&bed.chan, NEXUS_EVENT_DEV_GONE, &event));
	ASSERT_EQ(0, nx_nexus_get(NEXUS, &shown));
	EXPECT_EQ(0, shown.nr_devs);
	nx_chan_close(&bed.chan);
}

NX_TEST(link_flaps, "LIFE-2 the link goes down and up under traffic: the owner is told, traffic goes on")
{
	struct nexus_event event;
	struct traffics traffics;
	struct nexus_desc desc;
	struct bed bed;
	char seen[64];

	bed_start(&bed);
	traffic_start(_metadata, &traffics, &bed);
	for (int i = 0; i < 10; i++) {
		nx_link_set(NX_DEV, false);
		nx_sleep_ms(5);
		nx_link_set(NX_DEV, true);
		nx_sleep_ms(5);
	}
	traffic_stop(&traffics);
	EXPECT_TRUE(wait_event(&bed.chan, NEXUS_EVENT_LINK, &event));
	EXPECT_EQ(nx_ifindex(NX_DEV), event.value);
	nx_ip("neigh replace " NX_PEER4 " lladdr 02:00:00:00:00:02 dev "
	      NX_DEV "\n");
	nx_sleep_ms(50);
	while (nx_ring_pop(nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX), &desc))
		nx_buf_give(&bed.chan, 0, desc.buf);
	while (nx_udp_recv(bed.pair.peer, seen, sizeof(seen), 20) >= 0)
		;
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------- nexus, namespace */

static void expect_detached(NX_METADATA, struct nx_chan *chan)
{
	struct pollfd poll_all = { .fd = chan->fd, .events = POLLIN };

	EXPECT_EQ(NEXUS_CHANNEL_DETACHED, chan->schema->state);
	EXPECT_EQ(-ENXIO, nx_chan_sync(chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(1, poll(&poll_all, 1, 0));
	EXPECT_TRUE(poll_all.revents & POLLHUP);
}

NX_TEST(nexus_in_use, "LIFE-2 a nexus in use is not deleted: EBUSY, traffic goes on; when it is free, it goes")
{
	struct traffics traffics;
	struct bed bed;

	bed_start(&bed);
	traffic_start(_metadata, &traffics, &bed);
	EXPECT_EQ(-EBUSY, nx_nexus_del(NEXUS));
	traffic_stop(&traffics);
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, bed.chan.schema->state);
	EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	nx_chan_close(&bed.chan);
	EXPECT_EQ(0, nx_nexus_del(NEXUS));
	EXPECT_EQ(-ENODEV, nx_nexus_del(NEXUS));
	/* Its name and its device are free. */
	nx_nexus_start(NEXUS, NX_DEV);
}

static void *sleep_in_sync(void *arg)
{
	return (void *)(long)nx_chan_sync(arg, 0, NEXUS_SYNC_WAIT_RX,
					  10 * NX_SEC);
}

NX_TEST(sleeper_wakes, "LIFE-2 who sleeps on a channel wakes when its device goes, and finds the event")
{
	struct nexus_event event;
	pthread_t thread;
	struct bed bed;
	void *err;

	bed_start(&bed);
	while (nx_ring_pop(nx_chan_ring(&bed.chan, 0, NEXUS_RING_EVENT), &event))
		;
	ASSERT_EQ(0, pthread_create(&thread, NULL, sleep_in_sync, &bed.chan));
	nx_sleep_ms(50);
	nx_ip("link del %s\n", NX_DEV);
	pthread_join(thread, &err);
	EXPECT_EQ(0, (long)err);
	EXPECT_TRUE(nx_ring_pop(nx_chan_ring(&bed.chan, 0, NEXUS_RING_EVENT),
				&event));
	nx_chan_close(&bed.chan);
}

NX_TEST(namespace_gone, "LIFE-2 the network namespace ends: POLLHUP and ENXIO, no reference is left")
{
	struct nx_chan chan;
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_start(&chan, NEXUS);
	nx_net_enter(home);
	/* Nobody is there any more; the kernel takes a moment to see. */
	for (int i = 0; i < WAIT_MS / 20 &&
	     chan.schema->state == NEXUS_CHANNEL_ACTIVE; i++)
		nx_sleep_ms(20);
	expect_detached(_metadata, &chan);
	nx_chan_close(&chan);
}

NX_TEST(namespaces_come_and_go, "LIFE-2 namespaces with nexus, flows and traffic end under traffic")
{
	__u32 nr = nx_loops("NEXUS_TEST_NAMESPACES", 20);
	long long refs = nx_file_number("/sys/module/nexus/refcnt", NULL);

	for (__u32 i = 0; i < nr; i++) {
		pid_t pid = nx_fork();

		if (!pid) {
			struct bed bed;

			bed_start(&bed);
			for (int j = 0; j < 5; j++)
				EXPECT_TRUE(nx_pair_ping(&bed.pair, j));
			_exit(_metadata->exit_code);
		}
		EXPECT_EQ(0, nx_wait_child(pid));
	}
	for (int i = 0; i < 500; i++) {
		if (nx_file_number("/sys/module/nexus/refcnt", NULL) <= refs)
			break;
		nx_sleep_ms(20);
	}
	EXPECT_EQ(refs, nx_file_number("/sys/module/nexus/refcnt", NULL));
}

NX_TEST_MAIN("life")
