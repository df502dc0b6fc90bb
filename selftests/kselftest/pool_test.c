// SPDX-License-Identifier: GPL-2.0
/* Buffers: who has them, whose memory they are, and that all come back. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define WAIT_MS	2000

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
};

static void bed_start(struct bed *bed, __u32 nr_small, __u32 nr_large)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.nr_small = nr_small;
	bed->chan.attach.nr_large = nr_large;
	bed->chan.attach.rx_slots = 1024;
	nx_chan_begin(&bed->chan);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
}

static void expect_sum(NX_METADATA, struct nx_chan *chan)
{
	struct nx_ctl_channel shown;
	struct nexus_status status;
	__u32 total = chan->attach.nr_small + chan->attach.nr_large;

	ASSERT_EQ(0, nx_chan_status(chan, &status));
	EXPECT_EQ(total, status.buffers_free + status.buffers_user +
			 status.buffers_kernel + status.buffers_in_flight);
	EXPECT_EQ(0, status.buffers_kernel);
	EXPECT_EQ(0, status.buffers_in_flight);
	ASSERT_EQ(0, nx_channel_get(chan->attach.channel_id, &shown));
	EXPECT_EQ(total, shown.pool[NEXUS_POOL_A_BUFFERS]);
	EXPECT_EQ(status.buffers_free, shown.pool[NEXUS_POOL_A_FREE]);
	EXPECT_EQ(status.buffers_user, shown.pool[NEXUS_POOL_A_USER]);
	EXPECT_EQ(status.buffers_kernel, shown.pool[NEXUS_POOL_A_KERNEL]);
	EXPECT_EQ(status.buffers_in_flight,
		  shown.pool[NEXUS_POOL_A_IN_FLIGHT]);
	EXPECT_EQ(status.pages, shown.pages);
}

/* ------------------------------------------------------------ exhaustion */

NX_TEST(exhausted, "POOL-1 all buffers with the user: none to allocate, RX drops counted as no-buffer, all recovers")
{
	struct nx_ring *rx;
	struct nexus_desc desc;
	__u32 *held, nr = 0, packets = 0;
	__u64 drops;
	struct bed bed;
	long buf;

	bed_start(&bed, 64, 0);
	held = calloc(64, sizeof(*held));
	rx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX);
	while ((buf = nx_buf_take(&bed.chan, 0)) >= 0) {
		ASSERT_LT(nr, 64);
		held[nr++] = buf;
	}
	/* What the kernel keeps for RX, the user takes as packets. */
	for (int i = 0; i < 200; i++)
		nx_udp_send(bed.pair.peer, "full", 4, NULL, 0);
	nx_sleep_ms(50);
	while (nx_ring_pop(rx, &desc)) {
		ASSERT_LT(nr, 64);
		held[nr++] = desc.buf;
		packets++;
	}
	while ((buf = nx_buf_take(&bed.chan, 0)) >= 0) {
		ASSERT_LT(nr, 64);
		held[nr++] = buf;
	}
	EXPECT_EQ(64, nr);
	drops = nx_chan_drops(&bed.chan, NEXUS_DROP_RX_NO_BUFFER);
	EXPECT_EQ(200 - packets, drops);
	nx_udp_send(bed.pair.peer, "full", 4, NULL, 0);
	nx_sleep_ms(20);
	EXPECT_FALSE(nx_ring_pop(rx, &desc));
	EXPECT_EQ(drops + 1, nx_chan_drops(&bed.chan, NEXUS_DROP_RX_NO_BUFFER));
	EXPECT_EQ(-1, nx_buf_take(&bed.chan, 0));

	while (nr)
		ASSERT_TRUE(nx_buf_give(&bed.chan, 0, held[--nr]));
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_REFILL, 0);
	for (int i = 0; i < 200; i++)
		ASSERT_TRUE(nx_pair_ping(&bed.pair, i));
	expect_sum(_metadata, &bed.chan);
	nx_chan_close(&bed.chan);
}

NX_TEST(exhausted_large, "POOL-1 no large buffers left: a long datagram takes small ones, or is dropped whole")
{
	struct nx_ring *alloc;
	static char sent[9000], seen[65536];
	struct nexus_desc desc;
	__u32 large;
	struct bed bed;

	bed_start(&bed, 256, 1);
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_REFILL, 0);
	alloc = nx_chan_ring(&bed.chan, 0, NEXUS_RING_ALLOC_LARGE);
	ASSERT_TRUE(nx_ring_pop(alloc, &large));
	EXPECT_LE(bed.chan.attach.nr_small, large);
	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(sizeof(sent), nx_udp_send(bed.pair.peer, sent,
						    sizeof(sent), NULL, 0));
		ASSERT_EQ(sizeof(sent), nx_flow_recv(&bed.pair.flow, seen,
						     sizeof(seen), &desc,
						     WAIT_MS));
		EXPECT_LT(1, desc.nr_parts);
	}
	ASSERT_TRUE(nx_buf_give(&bed.chan, 0, large));
	expect_sum(_metadata, &bed.chan);
	nx_chan_close(&bed.chan);
}

/* ----------------------------------------------------------- whose pages */

/* Page frames of @len bytes at @at that are present; how many. */
static size_t frames(const char *at, size_t len, __u64 *frame, size_t max)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t nr = 0;

	for (size_t off = 0; off < len; off += page) {
		__u64 entry;

		if (pread(fd, &entry, sizeof(entry),
			  ((size_t)at + off) / page * sizeof(entry)) !=
		    sizeof(entry))
			nx_die("pagemap: %s", strerror(errno));
		if (!(entry & 1ULL << 63))
			continue;
		if (nr < max)
			frame[nr++] = entry & ((1ULL << 55) - 1);
	}
	close(fd);
	return nr;
}

static __u64 map_count(__u64 frame)
{
	int fd = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	__u64 count = 0;

	if (fd < 0 || pread(fd, &count, sizeof(count), frame * sizeof(count)) !=
	    sizeof(count))
		nx_die("kpagecount: %s", strerror(errno));
	close(fd);
	return count;
}

#define FRAMES	512

struct shared_frames {
	__u32	step;
	__u32	nr;
	__u64	frame[FRAMES];
};

/* Touches all buffers that the kernel gives, and notes their pages. */
static void note_frames(struct nx_chan *chan, struct shared_frames *shared)
{
	const struct nexus_region *region =
		&chan->attach.regions[NEXUS_REGION_BUFFERS];
	long buf;

	while ((buf = nx_buf_take(chan, 0)) >= 0)
		memset(nx_buf_ptr(chan, buf), 0x5a, nx_buf_size(chan, buf));
	shared->nr = frames(chan->data[NEXUS_REGION_BUFFERS], region->data_len,
			    shared->frame, FRAMES);
}

NX_TEST(pages_apart, "POOL-2 no page of a channel's pool is mapped by another process or channel")
{
	struct shared_frames *first = nx_shared_alloc(sizeof(*first));
	struct shared_frames *second = nx_shared_alloc(sizeof(*second));
	pid_t pid[2];

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	for (int i = 0; i < 2; i++) {
		struct shared_frames *mine = i ? second : first;

		pid[i] = nx_fork();
		if (!pid[i]) {
			struct nx_chan chan;

			nx_chan_start(&chan, NEXUS);
			note_frames(&chan, mine);
			__atomic_store_n(&mine->step, 1, __ATOMIC_RELEASE);
			_exit(nx_wait_word(&mine->step, 2, 10000) ? 0 : 1);
		}
	}
	ASSERT_TRUE(nx_wait_word(&first->step, 1, 10000));
	ASSERT_TRUE(nx_wait_word(&second->step, 1, 10000));
	EXPECT_LT(32, first->nr);
	EXPECT_LT(32, second->nr);
	for (__u32 i = 0; i < first->nr; i++) {
		EXPECT_EQ(1, map_count(first->frame[i]));
		for (__u32 j = 0; j < second->nr; j++)
			EXPECT_NE(first->frame[i], second->frame[j]);
	}
	first->step = second->step = 2;
	EXPECT_EQ(0, nx_wait_child(pid[0]));
	EXPECT_EQ(0, nx_wait_child(pid[1]));
}

static bool is_zero(const char *at, size_t len)
{
	return !at[0] && !memcmp(at, at + 1, len - 1);
}

NX_TEST(pages_fresh, "POOL-2 a fresh buffer never shows another channel's bytes")
{
	struct nx_chan chan;
	long buf;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	for (int round = 0; round < 20; round++) {
		nx_chan_start(&chan, NEXUS);
		while ((buf = nx_buf_take(&chan, 0)) >= 0) {
			char *at = nx_buf_ptr(&chan, buf);
			size_t size = nx_buf_size(&chan, buf);

			ASSERT_TRUE(is_zero(at, size));
			memset(at, 'S', size);
		}
		nx_chan_close(&chan);
	}
}

NX_TEST(tail_clean, "POOL-2 what lies behind a received packet in its buffer is the channel's own")
{
	struct nexus_desc desc;
	struct nx_chan other;
	struct nx_flow from, to;
	struct bed bed;
	char secret[1000];

	bed_start(&bed, 64, 0);
	nx_chan_start(&other, NEXUS);
	nx_flow_start(&to, &other, NX_HOST4, PORT + 2, NULL, 0);
	nx_flow_start(&from, &bed.chan, NX_HOST4, PORT + 1, NX_HOST4, PORT + 2);
	memset(secret, 'S', sizeof(secret));
	for (int i = 0; i < 200; i++) {
		char *at;

		/* The sender's buffer holds more than it sends. */
		ASSERT_EQ(0, nx_flow_send(&from, secret, 1));
		ASSERT_TRUE(nx_chan_recv(&other, 0, &desc, WAIT_MS));
		at = nx_buf_ptr(&other, desc.buf);
		EXPECT_TRUE(is_zero(at + desc.len,
				    NEXUS_SMALL_SIZE - desc.len));
	}
	nx_chan_close(&other);
	nx_chan_close(&bed.chan);
}

/* ----------------------------------------------------------- neighbours */

struct hog {
	struct nx_chan	chan;
	struct nx_flow	flow;
	volatile __u32	is_over;
};

/* Takes everything that comes, and gives nothing back. */
static void *hog_run(void *arg)
{
	struct hog *hog = arg;
	struct nexus_desc desc;

	while (!hog->is_over) {
		nx_chan_sync(&hog->chan, 0, NEXUS_SYNC_REFILL |
			     NEXUS_SYNC_WAIT_RX, 5 * NX_MSEC);
		while (nx_ring_pop(nx_chan_ring(&hog->chan, 0, NEXUS_RING_RX),
				   &desc))
			;
	}
	return NULL;
}

/* How many of @nr datagrams reach the flow, while it gives buffers back. */
static __u32 received_of(struct bed *bed, int hog_peer, __u32 nr)
{
	struct nx_ring *rx = nx_chan_ring(&bed->chan, 0, NEXUS_RING_RX);
	struct nexus_desc desc;
	__u32 seen = 0;

	for (__u32 i = 0; i < nr; i++) {
		nx_udp_send(bed->pair.peer, "fair", 4, NULL, 0);
		if (hog_peer >= 0)
			nx_udp_send(hog_peer, "hog", 3, NULL, 0);
		while (nx_ring_pop(rx, &desc)) {
			nx_buf_give(&bed->chan, 0, desc.buf);
			seen++;
		}
	}
	nx_sleep_ms(50);
	while (nx_ring_pop(rx, &desc)) {
		nx_buf_give(&bed->chan, 0, desc.buf);
		seen++;
	}
	return seen;
}

NX_TEST_LONG(neighbours, "POOL-3 a channel that exhausts its pool costs its neighbours no packet", 120)
{
	__u32 nr = nx_loops("NEXUS_TEST_NEIGHBOUR_PACKETS", 20000);
	struct nexus_status status;
	struct hog hog = {};
	pthread_t thread;
	struct bed bed;
	int hog_peer;

	bed_start(&bed, 512, 0);
	EXPECT_EQ(nr, received_of(&bed, -1, nr));
	nx_chan_init(&hog.chan, NEXUS);
	hog.chan.attach.nr_small = 32;
	hog.chan.attach.nr_large = 0;
	nx_chan_begin(&hog.chan);
	nx_flow_start(&hog.flow, &hog.chan, NX_HOST4, PORT + 1, NULL, 0);
	hog_peer = nx_udp_socket(bed.net.peer, NX_PEER4, PORT + 1, NX_HOST4,
				 PORT + 1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hog_run, &hog));
	EXPECT_EQ(nr, received_of(&bed, hog_peer, nr));
	hog.is_over = 1;
	pthread_join(thread, NULL);
	EXPECT_LT(nr / 2, nx_chan_drops(&hog.chan, NEXUS_DROP_RX_NO_BUFFER));
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_EQ(0, status.rx_drops);
	nx_chan_close(&hog.chan);
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------ kill -9 */

static long long module_refs(void)
{
	return nx_file_number("/sys/module/nexus/refcnt", NULL);
}

/* Kilobytes that the kernel could give out, once it has tidied up. */
static long long available_kb(void)
{
	nx_file_write("/proc/sys/vm/drop_caches", "3");
	nx_sleep_ms(200);
	return nx_available_kb();
}

/* The same, after what is freed late has had its time to come to @wanted. */
static long long await_kb(long long wanted)
{
	long long kb = available_kb();

	for (int i = 0; i < 50 && kb < wanted; i++)
		kb = available_kb();
	return kb;
}

static bool has_no_channel(void)
{
	for (int i = 0; i < 500; i++) {
		if (!nx_ctl_count(NEXUS_CMD_GET_CHANNEL))
			return true;
		nx_sleep_ms(10);
	}
	return false;
}

/* Holds every buffer, with packets in RX and TX, until it is killed. */
static void hold_all(volatile __u32 *step, __u16 port)
{
	struct nx_chan chan;
	struct nx_flow flow;
	char payload[1000] = "";
	long buf;

	nx_chan_start(&chan, NEXUS);
	nx_flow_start(&flow, &chan, NX_HOST4, port, NX_PEER4, PORT);
	for (int i = 0; i < 8; i++)
		nx_flow_send(&flow, payload, sizeof(payload));
	while ((buf = nx_buf_take(&chan, 0)) >= 0)
		*nx_buf_ptr(&chan, buf) = 1;
	*step = 1;
	for (;;)
		nx_chan_sync(&chan, 0, NEXUS_SYNC_WAIT_RX, NX_SEC);
}

static void kill_one(NX_METADATA, int peer, __u16 port)
{
	static volatile __u32 *step;
	pid_t pid;

	if (!step)
		step = nx_shared_alloc(sizeof(*step));
	*step = 0;
	pid = nx_fork();
	if (!pid)
		hold_all(step, port);
	while (!*step)
		nx_udp_send(peer, "traffic", 7, NX_HOST4, port);
	for (int i = 0; i < 20; i++)
		nx_udp_send(peer, "traffic", 7, NX_HOST4, port);
	kill(pid, SIGKILL);
	for (int i = 0; i < 20; i++)
		nx_udp_send(peer, "traffic", 7, NX_HOST4, port);
	ASSERT_EQ(-SIGKILL, nx_wait_child(pid));
}

NX_TEST_LONG(killed, "POOL-4 kill -9 while holding buffers, under traffic: pages, skbs and module references return", 300)
{
	__u32 nr = nx_loops("NEXUS_TEST_KILLS", 1000);
	long long refs, kb;
	struct nx_net net;
	int peer;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	peer = nx_udp_socket(net.peer, NX_PEER4, PORT, NULL, 0);
	for (int i = 0; i < 20; i++)
		kill_one(_metadata, peer, PORT + i % 1000);
	ASSERT_TRUE(has_no_channel());
	nx_sleep_ms(300);
	refs = module_refs();
	kb = available_kb();
	for (__u32 i = 0; i < nr; i++)
		kill_one(_metadata, peer, PORT + i % 1000);
	ASSERT_TRUE(has_no_channel());
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	for (int i = 0; i < 200 && module_refs() > refs; i++)
		nx_sleep_ms(20);
	EXPECT_EQ(refs, module_refs());
	/* One page lost each time would be 4 kB each; noise is some MB. */
	EXPECT_GE(await_kb(kb - 4096 - (long long)nr * 3),
		  kb - 4096 - (long long)nr * 3) {
		TH_LOG("of %lld kB after %u kills", kb, nr);
	}
}

/* ---------------------------------------------------------- memory cgroup */

#define CGROUP	"/sys/fs/cgroup"

static bool has_memory_cgroup(void)
{
	mkdir(CGROUP, 0755);
	if (access(CGROUP "/cgroup.controllers", R_OK))
		mount("none", CGROUP, "cgroup2", 0, NULL);
	if (access(CGROUP "/cgroup.controllers", R_OK))
		return false;
	nx_file_write(CGROUP "/cgroup.subtree_control", "+memory");
	mkdir(CGROUP "/nexus-test", 0755);
	return !access(CGROUP "/nexus-test/memory.max", R_OK);
}

static void join_cgroup(const char *limit)
{
	if (nx_file_write(CGROUP "/nexus-test/memory.max", limit) ||
	    nx_file_write(CGROUP "/nexus-test/memory.swap.max", "0") == -EIO ||
	    nx_file_write(CGROUP "/nexus-test/cgroup.procs", "0"))
		nx_die("the memory cgroup cannot be joined");
}

static void leave_cgroup(void)
{
	rmdir(CGROUP "/nexus-test");
}

static long long cgroup_bytes(void)
{
	return nx_file_number(CGROUP "/nexus-test/memory.current", NULL);
}

/* Whose advice takes 4 MB. */
#define ADVISED_FLOWS	65536

/* What the CPUs may have charged in advance: 64 pages each. */
static long long charged_ahead(void)
{
	return 64 * sysconf(_SC_NPROCESSORS_CONF) * sysconf(_SC_PAGESIZE);
}

/* Looks at every page that a region gets when it is looked at; bytes. */
static long long touch(struct nx_chan *chan, int region)
{
	size_t len = chan->attach.regions[region].data_len;
	volatile char *data = chan->data[region];

	for (size_t at = 0; at < len; at += sysconf(_SC_PAGESIZE))
		(void)data[at];
	return len;
}

NX_TEST(charged, "POOL-6 rings and pool are charged to the process's memory cgroup")
{
	pid_t pid;

	if (!has_memory_cgroup())
		SKIP(return, "the kernel has no memory cgroup of version 2");
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	pid = nx_fork();
	if (!pid) {
		long long before, attached, touched, sparse, full;
		struct nx_chan chan;
		long buf;

		join_cgroup("max");
		nx_chan_init(&chan, NEXUS);
		chan.attach.nr_small = 8192;
		chan.attach.nr_large = 0;
		chan.attach.nr_flows = ADVISED_FLOWS;
		/* More than is charged in advance. */
		chan.attach.tx_slots = NEXUS_SLOTS_MAX;
		chan.attach.rx_slots = NEXUS_SLOTS_MAX;
		before = cgroup_bytes();
		nx_chan_begin(&chan);
		attached = cgroup_bytes();
		sparse = touch(&chan, NEXUS_REGION_ADVISORY);
		touched = cgroup_bytes();
		while ((buf = nx_buf_take(&chan, 0)) >= 0)
			*nx_buf_ptr(&chan, buf) = 1;
		full = cgroup_bytes();
		nx_note("cgroup: %lld kB attached, %lld kB with %lld kB of advice, %lld kB with the pool",
			(attached - before) >> 10, (touched - before) >> 10,
			sparse >> 10, (full - before) >> 10);
		EXPECT_LT(before, attached);
		EXPECT_LE(attached + sparse - charged_ahead(), touched);
		/* Half of 16 MB at least was touched. */
		EXPECT_LE(touched + (4 << 20), full);
		nx_chan_close(&chan);
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	leave_cgroup();
}

#define CHARGED_FLOWS	4000
/* A flow alone has more. */
#define FLOW_BYTES	480

NX_TEST(flows_charged, "POOL-6 flows are charged to the process's memory cgroup")
{
	const struct rlimit files = { CHARGED_FLOWS + 100, CHARGED_FLOWS + 100 };
	pid_t pid;

	if (!has_memory_cgroup())
		SKIP(return, "the kernel has no memory cgroup of version 2");
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	pid = nx_fork();
	if (!pid) {
		static int socks[CHARGED_FLOWS];
		struct nexus_flow_add add;
		struct nx_chan chan;
		long long before;

		join_cgroup("max");
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
		nx_chan_init(&chan, NEXUS);
		chan.attach.nr_flows = CHARGED_FLOWS;
		nx_chan_begin(&chan);
		for (int i = 0; i < CHARGED_FLOWS; i++)
			socks[i] = nx_udp_socket(-1, "127.0.0.1", PORT + i,
						 NULL, 0);
		before = cgroup_bytes();
		for (int i = 0; i < CHARGED_FLOWS; i++)
			ASSERT_EQ(0, nx_flow_add(&chan, socks[i], &add));
		nx_note("cgroup: %lld kB for %d flows",
			(cgroup_bytes() - before) >> 10, CHARGED_FLOWS);
		EXPECT_LE(before + CHARGED_FLOWS * FLOW_BYTES - charged_ahead(),
			  cgroup_bytes());
		nx_chan_close(&chan);
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	leave_cgroup();
}

NX_TEST(limit, "POOL-6 the cgroup's limit is honoured with ENOMEM at attach")
{
	pid_t pid;

	if (!has_memory_cgroup())
		SKIP(return, "the kernel has no memory cgroup of version 2");
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	pid = nx_fork();
	if (!pid) {
		struct nx_chan chan;
		int err = 0;

		join_cgroup("12M");
		/* Rings alone: 16 queues of 16384 slots take some 36 MB. */
		nx_chan_init(&chan, NEXUS);
		chan.attach.nr_queues = NEXUS_QUEUES_MAX;
		chan.attach.tx_slots = NEXUS_SLOTS_MAX;
		chan.attach.rx_slots = NEXUS_SLOTS_MAX;
		ASSERT_EQ(0, nx_chan_open(&chan));
		err = nx_chan_attach(&chan);
		EXPECT_EQ(-ENOMEM, err);
		/* A smaller one fits, and the file is not spoilt. */
		nx_chan_close(&chan);
		nx_chan_start(&chan, NEXUS);
		nx_chan_close(&chan);
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	leave_cgroup();
}

NX_TEST(idle_floor, "POOL-6 an attached idle channel pins at most 64 KiB beyond its rings")
{
	struct nx_ctl_channel shown;
	struct nexus_status status;
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_init(&chan, NEXUS);
	chan.attach.nr_small = NEXUS_BUFFERS_MAX;
	chan.attach.nr_large = 64;
	nx_chan_begin(&chan);
	ASSERT_EQ(0, nx_chan_status(&chan, &status));
	EXPECT_GE((64 << 10) / sysconf(_SC_PAGESIZE), status.pages);
	nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0);
	ASSERT_EQ(0, nx_channel_get(chan.attach.channel_id, &shown));
	EXPECT_GE((64 << 10) / sysconf(_SC_PAGESIZE), shown.pages);
	nx_chan_close(&chan);
}

NX_TEST(foreign_pages, "POOL-6 touching buffers that were never given shows zeros, and each page is charged")
{
	struct nexus_status before, after;
	struct nx_chan chan;
	volatile char *byte;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_init(&chan, NEXUS);
	chan.attach.nr_small = 4096;
	nx_chan_begin(&chan);
	ASSERT_EQ(0, nx_chan_status(&chan, &before));
	byte = nx_buf_ptr(&chan, 4095);
	EXPECT_EQ(0, *byte);
	*byte = 1;
	EXPECT_EQ(1, *byte);
	ASSERT_EQ(0, nx_chan_status(&chan, &after));
	EXPECT_EQ(before.pages + 1, after.pages);
	nx_chan_close(&chan);
}

/* --------------------------------------------------------------- counters */

NX_TEST(counters, "POOL-7 pool counters are exact at rest: free + user + kernel + in flight = total")
{
	struct nexus_status status;
	struct nexus_desc desc;
	__u32 held[100], nr = 0, user;
	__u32 seed = 11;
	struct bed bed;
	long buf;

	bed_start(&bed, 256, 4);
	expect_sum(_metadata, &bed.chan);
	for (int i = 0; i < 300; i++) {
		switch (nx_random(&seed) % 4) {
		case 0:
			buf = nr < 100 ? nx_buf_take(&bed.chan, 0) : -1;
			if (buf >= 0)
				held[nr++] = buf;
			break;
		case 1:
			if (nr)
				nx_buf_give(&bed.chan, 0, held[--nr]);
			break;
		case 2:
			nx_udp_send(bed.pair.peer, "count", 5, NULL, 0);
			if (nr < 100 && nx_chan_recv(&bed.chan, 0, &desc, 100))
				held[nr++] = desc.buf;
			break;
		default:
			nx_flow_send(&bed.pair.flow, "count", 5);
		}
		expect_sum(_metadata, &bed.chan);
	}
	while (nr)
		nx_buf_give(&bed.chan, 0, held[--nr]);
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_REFILL, 0);
	/* What is offered in ALLOC is the user's already; nothing else is. */
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	user = nx_ring_used(nx_chan_ring(&bed.chan, 0, NEXUS_RING_ALLOC)) +
	       nx_ring_used(nx_chan_ring(&bed.chan, 0, NEXUS_RING_ALLOC_LARGE)) +
	       nx_ring_used(nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX));
	EXPECT_EQ(user, status.buffers_user);
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("pool")
