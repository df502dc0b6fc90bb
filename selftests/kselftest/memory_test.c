// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that comes back: working sets, memory pressure, idle channels.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"
#include "trace.h"

#define NEXUS	"t"
#define PORT	4000
#define PAGE	4096

/* kmod/core/wset.h: the floor, and how long until all is given back. */
#define FLOOR	8
#define IDLE_MS	10000

static void bed_start(void)
{
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
}

static void fill(struct nx_chan *chan, char value)
{
	size_t len = chan->attach.regions[NEXUS_REGION_BUFFERS].data_len;

	for (size_t at = 0; at < len; at += PAGE)
		chan->data[NEXUS_REGION_BUFFERS][at] = value;
}

static __u32 nr_pages(struct nx_chan *chan)
{
	struct nexus_status status;

	if (nx_chan_status(chan, &status))
		nx_die("no status");
	return status.pages;
}

/* Waits until the pool has @max pages or less. */
static bool wait_pages(struct nx_chan *chan, __u32 max, unsigned int ms)
{
	long long end_ns = nx_now_ns() + ms * NX_MSEC;

	while (nr_pages(chan) > max) {
		if (nx_now_ns() > end_ns)
			return false;
		nx_sleep_ms(50);
	}
	return true;
}

/* ---------------------------------------------------------- working sets */

/*
 * Half of a burst's pages are back soon. The work may be late where the machine is
 * busy with something else.
 */
static bool is_half_back(struct nx_chan *chan)
{
	__u32 nr;

	fill(chan, 'x');
	nr = nr_pages(chan);
	if (nr < chan->attach.nr_small / 2)
		nx_die("%u pages are not all", nr);
	/* The period that saw the burst, and two of 2 s. */
	return wait_pages(chan, nr / 2, 5500 + 1000);
}

NX_TEST_LONG(burst, "TUNE-5 half of a burst's pages are back within two periods, and all after ten idle seconds", 120)
{
	struct nx_chan chan;
	int tries = 0;

	bed_start();
	nx_chan_start(&chan, NEXUS);
	while (!is_half_back(&chan))
		ASSERT_GT(4, ++tries);
	EXPECT_LE(FLOOR, nr_pages(&chan));
	EXPECT_TRUE(wait_pages(&chan, 0, IDLE_MS + 5000));
	EXPECT_EQ(0, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	nx_chan_close(&chan);
}

NX_TEST(offered, "POOL-6 what stands in ALLOC goes as well, and what the program took stays")
{
	struct nx_chan chan;
	long mine[4];

	bed_start();
	nx_chan_start(&chan, NEXUS);
	for (int i = 0; i < 4; i++) {
		mine[i] = nx_buf_take(&chan, 0);
		ASSERT_GE(mine[i], 0);
	}
	fill(&chan, 'x');
	for (int i = 0; i < 4; i++)
		strcpy(nx_buf_ptr(&chan, mine[i]), "mine");
	EXPECT_TRUE(wait_pages(&chan, 64 * 1024 / PAGE, IDLE_MS + 5000));
	nx_note("%u pages stay of an idle channel\n", nr_pages(&chan));
	for (int i = 0; i < 4; i++)
		EXPECT_STREQ("mine", nx_buf_ptr(&chan, mine[i]));
	/* And what was offered can be taken and used. */
	mine[0] = nx_buf_take(&chan, 0);
	ASSERT_GE(mine[0], 0);
	EXPECT_EQ(0, *nx_buf_ptr(&chan, mine[0]));
	nx_chan_close(&chan);
}

NX_TEST(traffic, "TUNE-5 traffic goes on while pages come and go, and nothing is lost")
{
	struct nx_chan chan;
	struct nx_net net;
	struct nx_pair pair;
	__u32 number = 0;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&chan, NEXUS);
	nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
	fill(&chan, 'x');
	for (long long end_ns = nx_now_ns() + 6 * NX_SEC; nx_now_ns() < end_ns;)
		EXPECT_TRUE(nx_pair_ping(&pair, ++number));
	EXPECT_TRUE(wait_pages(&chan, 0, IDLE_MS + 5000) ||
		    nr_pages(&chan) <= 64 * 1024 / PAGE);
	for (int i = 0; i < 100; i++)
		EXPECT_TRUE(nx_pair_ping(&pair, ++number));
	EXPECT_EQ(0, nx_chan_drops(&chan, NEXUS_DROP_RX_NO_BUFFER));
	nx_chan_close(&chan);
}

/* State and value of the working set. */
static bool is_tuned(struct nx_chan *chan, __u32 state, __u32 value)
{
	struct nx_ctl_channel channel = {};

	if (nx_channel_get(chan->attach.channel_id, &channel))
		return false;
	return channel.tune[NEXUS_TUNE_WORKING_SET].state == state &&
	       channel.tune[NEXUS_TUNE_WORKING_SET].value == value;
}

/* The same, which may take @ms. */
static bool wait_tuned(struct nx_chan *chan, __u32 state, __u32 value,
		       unsigned int ms)
{
	long long end_ns = nx_now_ns() + ms * NX_MSEC;

	while (!is_tuned(chan, state, value)) {
		if (nx_now_ns() > end_ns)
			return false;
		nx_sleep_ms(100);
	}
	return true;
}

NX_TEST(pinned, "TUNE-6 a working set tells its state, is pinned, and each change is traced")
{
	struct nx_chan chan;
	__u32 id, nr;

	bed_start();
	nx_chan_start(&chan, NEXUS);
	id = chan.attach.channel_id;
	EXPECT_TRUE(is_tuned(&chan, NEXUS_TUNE_HOLDS, FLOOR));
	EXPECT_EQ(-ENOENT, nx_tune(id + 1, NEXUS_TUNE_WORKING_SET, 1));
	EXPECT_EQ(-ERANGE, nx_tune(id, NX_CTL_KNOBS, 1));
	nx_trace_start("nexus_wset");
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_WORKING_SET, 40));
	EXPECT_TRUE(nx_trace_has("from=holds to=pinned", "target=40"));
	fill(&chan, 'x');
	nr = nr_pages(&chan);
	EXPECT_TRUE(wait_pages(&chan, nr / 2, 5000));
	nx_sleep_ms(3000);
	/* 40 that nobody uses, and those of what stands in ALLOC. */
	EXPECT_LE(40, nr_pages(&chan));
	EXPECT_GE(40 + 64, nr_pages(&chan));
	EXPECT_TRUE(is_tuned(&chan, NEXUS_TUNE_PINNED, 40));
	EXPECT_EQ(0, nx_tune(id, NEXUS_TUNE_WORKING_SET, -1));
	EXPECT_TRUE(wait_pages(&chan, 64 * 1024 / PAGE, IDLE_MS + 5000));
	EXPECT_TRUE(wait_tuned(&chan, NEXUS_TUNE_RESTS, 0, IDLE_MS + 5000));
	EXPECT_TRUE(nx_trace_has("from=pinned to=holds", "target=8"));
	nx_trace_stop();
	nx_chan_close(&chan);
}

/* -------------------------------------------------------------- pressure */

/* All shrinkers are asked, as when memory is short. */
static void press(void)
{
	nx_file_write("/proc/sys/vm/drop_caches", "2");
	nx_sleep_ms(300);
}

/**
 * struct crowd - channels of several kinds, before memory is short; shared by all
 * @ids:     of @pids: two that agreed, and one that did not
 * @is_over: their processes are to end
 * @pids:    all stopped; the first one attached first, and was used last
 * @running: agreed, and is not stopped
 * @mine:    a buffer that @running took
 * @monitor: has heard nothing yet
 */
struct crowd {
	volatile __u32	ids[3];
	volatile __u32	is_over;
	pid_t	pids[3];
	struct nx_chan	running;
	long	mine;
	struct mnl_socket	*monitor;
};

static void wait_stopped(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		nx_die("the child did not stop");
}

/* A full channel, whose working set does not shrink by itself. */
static void begin_full(struct nx_chan *chan, __u32 flags)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.flags = flags;
	chan->attach.nr_small = 4096;
	nx_chan_begin(chan);
	fill(chan, 'x');
	if (nx_tune(chan->attach.channel_id, NEXUS_TUNE_WORKING_SET,
		    chan->attach.nr_small))
		nx_die("no pin");
}

/* One that uses its channel, and stops, as often as it is told to go on. */
static void start_child(struct crowd *crowd, int i, __u32 flags)
{
	struct nx_chan chan;
	pid_t pid = nx_fork();

	if (pid) {
		crowd->pids[i] = pid;
		wait_stopped(pid);
		return;
	}
	begin_full(&chan, flags);
	crowd->ids[i] = chan.attach.channel_id;
	while (!crowd->is_over) {
		nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0);
		raise(SIGSTOP);
	}
	_exit(0);
}

static struct crowd *crowd_start(void)
{
	struct crowd *crowd = nx_shared_alloc(sizeof(*crowd));

	bed_start();
	begin_full(&crowd->running, NEXUS_ATTACH_DEFUNCT_OK);
	crowd->mine = nx_buf_take(&crowd->running, 0);
	if (crowd->mine < 0)
		nx_die("no buffer");
	strcpy(nx_buf_ptr(&crowd->running, crowd->mine), "mine");
	start_child(crowd, 0, NEXUS_ATTACH_DEFUNCT_OK);
	start_child(crowd, 1, NEXUS_ATTACH_DEFUNCT_OK);
	start_child(crowd, 2, 0);
	nx_sleep_ms(50);
	kill(crowd->pids[0], SIGCONT);
	wait_stopped(crowd->pids[0]);
	crowd->monitor = nx_monitor_open();
	return crowd;
}

/* The next one that is defunct is this one. */
static void expect_defunct(NX_METADATA, struct crowd *crowd, int i, int ms)
{
	struct nx_ctl_event event = {};

	ASSERT_TRUE(nx_monitor_wait(crowd->monitor, NEXUS_MONITOR_DEFUNCT,
				    &event, ms));
	EXPECT_EQ(crowd->ids[i], event.channel_id);
	EXPECT_EQ(NEXUS_DEFUNCT_PRESSURE, event.reason);
}

/* This one gives away what is free. */
static void expect_shed(NX_METADATA, struct crowd *crowd, __u32 id, int ms)
{
	struct nx_ctl_event event = {};

	do {
		ASSERT_TRUE(nx_monitor_wait(crowd->monitor, NEXUS_MONITOR_SHED,
					    &event, ms));
		EXPECT_EQ(NEXUS_DEFUNCT_PRESSURE, event.reason);
		EXPECT_LT(0, event.pages);
	} while (event.channel_id != id);
}

/* Those that do not run go, and who runs, or has not agreed, goes on. */
static void crowd_expect(NX_METADATA, struct crowd *crowd, int ms)
{
	struct nx_ctl_channel channel = {};

	expect_defunct(_metadata, crowd, 1, ms);
	expect_defunct(_metadata, crowd, 0, ms);
	expect_shed(_metadata, crowd, crowd->ids[2], ms);
	/* All but what stands in ALLOC, and @mine. */
	EXPECT_TRUE(wait_pages(&crowd->running, 65, ms));
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, crowd->running.schema->state);
	EXPECT_STREQ("mine", nx_buf_ptr(&crowd->running, crowd->mine));
	EXPECT_EQ(0, nx_channel_get(crowd->ids[2], &channel));
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, channel.state);
	EXPECT_GE(64, channel.pages);
}

static void crowd_stop(NX_METADATA, struct crowd *crowd)
{
	crowd->is_over = 1;
	for (int i = 0; i < 3; i++) {
		kill(crowd->pids[i], SIGCONT);
		EXPECT_EQ(0, nx_wait_child(crowd->pids[i]));
	}
	nx_chan_close(&crowd->running);
}

NX_TEST(pressure, "MEM-1 DEF-4 under pressure stopped channels that agreed go, the longest idle first; others shed what is free")
{
	struct crowd *crowd = crowd_start();

	for (int i = 0; i < 5; i++)
		press();
	crowd_expect(_metadata, crowd, nx_timeout(1) * 1000);
	crowd_stop(_metadata, crowd);
}

/* ------------------------------------------------------------------ idle */

NX_TEST(max_idle, "MEM-1 a channel that agreed is defunct when it was idle for longer than the policy allows")
{
	struct nx_chan agreed, other;
	struct mnl_socket *monitor;
	struct nx_ctl_event event;

	bed_start();
	nx_chan_init(&agreed, NEXUS);
	agreed.attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	nx_chan_begin(&agreed);
	nx_chan_start(&other, NEXUS);
	monitor = nx_monitor_open();
	ASSERT_EQ(0, nx_policy_idle(NEXUS, 3));
	/* In use, for longer than that. */
	for (int i = 0; i < 50; i++) {
		EXPECT_EQ(0, nx_chan_sync(&agreed, 0, NEXUS_SYNC_REFILL, 0));
		nx_sleep_ms(100);
	}
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, agreed.schema->state);
	EXPECT_TRUE(nx_monitor_wait(monitor, NEXUS_MONITOR_DEFUNCT, &event, 6000));
	EXPECT_EQ(agreed.attach.channel_id, event.channel_id);
	EXPECT_EQ(NEXUS_DEFUNCT_IDLE, event.reason);
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, other.schema->state);
	nx_chan_close(&agreed);
	nx_chan_close(&other);
}

/* A number of "ctxt" lines of /proc/PID/status. */
static long long switches(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return nx_file_number(path, "voluntary_ctxt_switches");
}

enum { HALF = 1, GO_ON, ALL };

/* What a program gets that asks for nothing in particular. */
static void open_default(struct nx_chan *chan)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.nr_queues = chan->attach.nr_flows = 0;
	chan->attach.tx_slots = chan->attach.rx_slots = 0;
	chan->attach.event_slots = 0;
	chan->attach.nr_small = chan->attach.nr_large = 0;
	nx_chan_begin(chan);
}

/* Waits for a go when half of them are there. */
static void sleep_on_all(unsigned long nr, volatile __u32 *is_ready)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };

	for (unsigned long i = 0; i < nr; i++) {
		struct nx_chan *chan = calloc(1, sizeof(*chan));

		open_default(chan);
		/* Each was used once. */
		nx_chan_sync(chan, 0, NEXUS_SYNC_REFILL, 0);
		*nx_buf_ptr(chan, 0) = 1;
		epoll_ctl(epoll, EPOLL_CTL_ADD, chan->fd, &event);
		if (i == nr / 2) {
			*is_ready = HALF;
			while (*is_ready == HALF)
				nx_sleep_ms(100);
		}
	}
	*is_ready = ALL;
	epoll_wait(epoll, &event, 1, -1);
	_exit(1);
}

static long long status_kb(pid_t pid, const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return nx_file_number(path, what);
}

/*
 * What the kernel could give to others, were it not for the process itself: its
 * page tables, and what it writes down about its channels.
 */
static long long spare_kb(pid_t pid)
{
	return nx_available_kb() + status_kb(pid, "VmPTE:") + status_kb(pid, "RssAnon:");
}

/* Of a default channel; the rings are what it needs whatever it does. */
static long long ring_kb(void)
{
	struct nx_chan chan;
	__u64 bytes;

	open_default(&chan);
	bytes = chan.attach.regions[NEXUS_REGION_KRINGS].data_len +
		chan.attach.regions[NEXUS_REGION_URINGS].data_len;
	nx_chan_close(&chan);
	return bytes / 1024;
}

NX_TEST_LONG(memory_floor, "MEM-2 1,000 idle channels: no wakeup in 10 s, and the memory floor holds", 200)
{
	unsigned long nr = 1000;	/* of fewer the test's own would be measured */
	volatile __u32 *is_ready = nx_shared_alloc(sizeof(*is_ready));
	struct nx_ctl_nexus before = {}, after = {};
	long long had, kb, each_kb, woken;
	pid_t pid;

	bed_start();
	ASSERT_EQ(0, nx_policy_set(NEXUS, 0, 0, 2000, 0, 1ULL << 40));
	pid = nx_fork();
	if (!pid)
		sleep_on_all(nr, is_ready);
	ASSERT_TRUE(nx_wait_word(is_ready, HALF, 120000));
	nx_sleep_ms(IDLE_MS + 3000);
	had = spare_kb(pid);
	*is_ready = GO_ON;
	ASSERT_TRUE(nx_wait_word(is_ready, ALL, 120000));
	nx_sleep_ms(IDLE_MS + 3000);
	woken = switches(pid);
	EXPECT_EQ(0, nx_nexus_get(NEXUS, &before));
	nx_sleep_ms(10000);
	EXPECT_EQ(woken, switches(pid));
	EXPECT_EQ(0, nx_nexus_get(NEXUS, &after));
	EXPECT_EQ(before.counters.value[NEXUS_COUNTERS_A_WAKES],
		  after.counters.value[NEXUS_COUNTERS_A_WAKES]);
	EXPECT_EQ(nr, after.nr_channels);
	kb = had - spare_kb(pid);
	if (nx_is_checked()) {
		nx_note("no figure: each object has its checkers' share");
		goto out;
	}
	/* The second half: what the first one took is not theirs alone. */
	each_kb = kb / (long long)(nr / 2);
	nx_note("%lu more idle channels take %lld KiB, %lld KiB each\n", nr / 2,
		kb, each_kb);
	EXPECT_GE(ring_kb() + 64, each_kb);
	/* A thousand such: 100 MB. */
	EXPECT_GE(100000000LL / 1024 / 1000, each_kb);
out:
	kill(pid, SIGKILL);
	nx_wait_child(pid);
}

NX_TEST_MAIN("memory")
