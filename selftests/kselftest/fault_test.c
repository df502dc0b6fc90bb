// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of the module fails in turn: the kernel's fault injection
 * counts those that have the module in their stack, and fails the one that it is
 * told. What is asked for then fails cleanly, or does without; afterwards it
 * works, and what was taken is given back.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define DEBUGFS	"/sys/kernel/debug/"

/* More allocations than any one call has: it does not end, if it comes to this. */
#define NR_MAX	2000

static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

/* ------------------------------------------------------------- injection */

static void set(const char *kind, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set(const char *kind, const char *name, const char *format, ...)
{
	char path[128], text[64];
	va_list args;
	int err;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), DEBUGFS "%s/%s", kind, name);
	err = nx_file_write(path, text);
	if (err)
		nx_die("%s: %s", path, strerror(-err));
}

static unsigned long long read_hex(const char *path)
{
	unsigned long long value = 0;
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%llx", &value) != 1)
		nx_die("%s: no number", path);
	fclose(file);
	return value;
}

/* Only what has the module's code in its stack. */
static void inject_for_module(void)
{
	unsigned long long text = read_hex("/sys/module/nexus/sections/.text");
	long long size = nx_file_number("/sys/module/nexus/coresize", NULL);

	for (size_t i = 0; i < NX_ARRAY_SIZE(kinds); i++) {
		set(kinds[i], "stacktrace-depth", "32");
		set(kinds[i], "require-start", "%#llx", text);
		set(kinds[i], "require-end", "%#llx", text + size);
		set(kinds[i], "verbose", "0");
		set(kinds[i], "probability", "0");
		set(kinds[i], "times", "-1");
		set(kinds[i], "task-filter", "N");
	}
	set("failslab", "ignore-gfp-wait", "N");
	set("fail_page_alloc", "ignore-gfp-wait", "N");
	set("fail_page_alloc", "min-order", "0");
}

static void set_nth(unsigned int nth)
{
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%u", nth);
	err = nx_file_write("/proc/thread-self/fail-nth", text);
	if (err)
		nx_die("fail-nth: %s", strerror(-err));
}

/* Whether the failure that was asked for has come; none comes any more. */
static bool has_failed(void)
{
	long long left = nx_file_number("/proc/thread-self/fail-nth", NULL);

	set_nth(0);
	return !left;
}

/* ------------------------------------------------------------- the scene */

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
};

/**
 * struct act - something to be done while an allocation fails
 * @prepare: before
 * @run:     0, or -errno
 * @undo:    what run() did; after a failure too, for there may be a half of it
 */
struct act {
	void	(*prepare)(struct bed *bed);
	int	(*run)(struct bed *bed);
	void	(*undo)(struct bed *bed);
};

/*
 * A page of a region that cannot be had is told by SIGBUS. The access is done again
 * then: one allocation fails, and the next one does not.
 */
static volatile sig_atomic_t nr_bus;

static void on_bus(int signal)
{
	nr_bus++;
}

static bool is_clean(int err)
{
	return !err || err == -ENOMEM || err == -ENOBUFS || err == -EFAULT ||
	       err == -EAGAIN || err == -ENFILE;
}

static void fail_each(NX_METADATA, struct bed *bed, const struct act *act)
{
	unsigned int nth, refused = 0;
	bool is_over = false;

	for (nth = 1; !is_over && nth < NR_MAX; nth++) {
		int err;

		if (act->prepare)
			act->prepare(bed);
		set_nth(nth);
		err = act->run(bed);
		is_over = !has_failed();
		EXPECT_TRUE(is_clean(err)) {
			TH_LOG("allocation %u: %s", nth, strerror(-err));
		}
		refused += !!err;
		if (is_over)
			EXPECT_EQ(0, err);
		act->undo(bed);
	}
	nx_note("%u allocations failed, %u times it was refused", nth - 2,
		refused);
	EXPECT_TRUE(is_over);
	EXPECT_LT(1, nth - 1);
}

static void bed_start(struct bed *bed)
{
	const struct sigaction action = { .sa_handler = on_bus };

	memset(bed, 0, sizeof(*bed));
	bed->chan.fd = -1;
	sigaction(SIGBUS, &action, NULL);
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	inject_for_module();
}

static bool has_injection(void)
{
	return !access("/proc/thread-self/fail-nth", W_OK) &&
	       !access(DEBUGFS "failslab/require-start", W_OK) &&
	       !access(DEBUGFS "fail_page_alloc/require-start", W_OK) &&
	       !access(DEBUGFS "fail_usercopy/require-start", W_OK);
}

#define NEEDS_INJECTION() do {						\
	if (!has_injection())						\
		SKIP(return, "this kernel injects no faults: see the debug kernel"); \
} while (0)

/* ------------------------------------------------------------- attaching */

static int run_attach(struct bed *bed)
{
	int err = nx_chan_open(&bed->chan);

	return err ?: nx_chan_attach(&bed->chan);
}

/* Every page but the buffers': those have a case of their own. */
static int run_map(struct bed *bed)
{
	sig_atomic_t before = nr_bus;
	int err = nx_chan_map(&bed->chan);

	for (int id = 0; !err && id < NEXUS_NR_REGIONS; id++) {
		const volatile char *data = bed->chan.data[id];

		if (id == NEXUS_REGION_BUFFERS)
			continue;
		for (size_t at = 0; at < bed->chan.attach.regions[id].data_len;
		     at += 4096)
			(void)data[at];
	}
	return err ?: nr_bus != before ? -ENOMEM : 0;
}

static void prepare_attach(struct bed *bed)
{
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.nr_queues = 2;
	bed->chan.attach.nr_large = 4;
}

static void prepare_attached(struct bed *bed)
{
	int err;

	prepare_attach(bed);
	err = run_attach(bed);
	if (err)
		nx_die("attach: %s", strerror(-err));
}

static void close_chan(struct bed *bed)
{
	nx_chan_close(&bed->chan);
}

NX_TEST_LONG(attach, "LIFE-5 each allocation of open() and ATTACH fails in turn", 120)
{
	const struct act act = { prepare_attach, run_attach, close_chan };
	struct bed bed;

	NEEDS_INJECTION();
	bed_start(&bed);
	fail_each(_metadata, &bed, &act);
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
}

NX_TEST_LONG(map, "LIFE-5 each allocation of mmap() and of the first look at each page fails in turn", 120)
{
	const struct act act = { prepare_attached, run_map, close_chan };
	struct bed bed;

	NEEDS_INJECTION();
	bed_start(&bed);
	fail_each(_metadata, &bed, &act);
}

/* ------------------------------------------------------- a buffer's page */

static void prepare_chan(struct bed *bed)
{
	nx_chan_start(&bed->chan, NEXUS);
}

static int run_store(struct bed *bed)
{
	volatile char *at = bed->chan.data[NEXUS_REGION_BUFFERS];
	sig_atomic_t before = nr_bus;

	for (int i = 0; i < 8; i++)
		at[4096 * i] = 1;
	return nr_bus != before ? -ENOMEM : 0;
}

NX_TEST_LONG(touch, "LIFE-5 each allocation of a buffer's first touch fails in turn: SIGBUS, or done again", 120)
{
	const struct act act = { prepare_chan, run_store, close_chan };
	struct bed bed;

	NEEDS_INJECTION();
	bed_start(&bed);
	fail_each(_metadata, &bed, &act);
}

/* ----------------------------------------------------------------- flows */

static int flow_sock;

static void prepare_sock(struct bed *bed)
{
	flow_sock = nx_udp_socket(-1, NX_HOST4, PORT + 1, NULL, 0);
}

static void prepare_tcp(struct bed *bed)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_HOST4, PORT + 1);

	flow_sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	if (bind(flow_sock, (void *)&addr, len))
		nx_die("bind: %s", strerror(errno));
}

static int run_flow(struct bed *bed)
{
	struct nexus_flow_add add;

	return nx_flow_add(&bed->chan, flow_sock, &add);
}

/* The channel is closed as well, so that flows end in both ways. */
static void close_sock(struct bed *bed)
{
	static unsigned int nr;

	if (nr++ % 2) {
		nx_chan_close(&bed->chan);
		nx_chan_start(&bed->chan, NEXUS);
	} else {
		for (__u32 i = 1; i <= 2; i++) {
			struct nexus_flow_add add = { .generation = i };

			nx_flow_del(&bed->chan, &add);
		}
	}
	close(flow_sock);
}

static void fail_flows(NX_METADATA, void (*prepare)(struct bed *bed))
{
	const struct act act = { prepare, run_flow, close_sock };
	struct bed bed;

	bed_start(&bed);
	nx_chan_start(&bed.chan, NEXUS);
	fail_each(_metadata, &bed, &act);
	nx_chan_close(&bed.chan);
}

NX_TEST_LONG(flow_udp, "LIFE-5 each allocation of FLOW_ADD fails in turn: the port is free again", 120)
{
	NEEDS_INJECTION();
	fail_flows(_metadata, prepare_sock);
}

NX_TEST_LONG(flow_tcp, "LIFE-5 the same for a TCP listener", 120)
{
	NEEDS_INJECTION();
	fail_flows(_metadata, prepare_tcp);
}

/* --------------------------------------------------------------- traffic */

static void prepare_pair(struct bed *bed)
{
	nx_chan_start(&bed->chan, NEXUS);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
}

static void end_pair(struct bed *bed)
{
	nx_pair_stop(&bed->pair);
	nx_chan_close(&bed->chan);
}

/* A short packet, a long one, and one that is reported. */
static int run_send(struct bed *bed)
{
	static char payload[6000];
	char packet[200];
	size_t len;
	int err;

	err = nx_flow_send(&bed->pair.flow, payload, 100);
	if (!err)
		err = nx_flow_send(&bed->pair.flow, payload, sizeof(payload));
	if (err)
		return err;
	len = nx_udp_build(packet, &bed->pair.flow.tuple, payload, 100);
	if (!nx_chan_send(&bed->chan, 0, bed->pair.flow.add.flow,
			  NEXUS_DESC_NOTIFY, packet, len))
		return -ENOBUFS;
	return nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0);
}

NX_TEST_LONG(transmit, "LIFE-5 each allocation of a SYNC that sends fails in turn: packets are lost, and counted", 240)
{
	const struct act act = { prepare_pair, run_send, end_pair };
	struct bed bed;

	NEEDS_INJECTION();
	bed_start(&bed);
	fail_each(_metadata, &bed, &act);
}

/* In softirq there is no task whose allocations are counted: all fail. */
static void fail_all(bool is_on)
{
	for (size_t i = 0; i < NX_ARRAY_SIZE(kinds); i++)
		set(kinds[i], "probability", is_on ? "100" : "0");
}

NX_TEST_LONG(receive, "LIFE-5 POOL-1 no allocation of reception succeeds: packets are lost, counted, and then arrive again", 120)
{
	struct bed bed;

	NEEDS_INJECTION();
	bed_start(&bed);
	prepare_pair(&bed);
	fail_all(true);
	for (int i = 0; i < 20; i++)
		nx_udp_send(bed.pair.peer, "lost", 4, NULL, 0);
	nx_sleep_ms(100);
	fail_all(false);
	EXPECT_LT(0, nx_chan_drops(&bed.chan, NEXUS_DROP_RX_NO_BUFFER));
	ASSERT_TRUE(nx_pair_ping(&bed.pair, 1));
	end_pair(&bed);
}

/* --------------------------------------------------------------- teardown */

static int run_close(struct bed *bed)
{
	end_pair(bed);
	return 0;
}

static int run_defunct(struct bed *bed)
{
	return nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID,
			  bed->chan.attach.channel_id);
}

static void prepare_defunct(struct bed *bed)
{
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	nx_chan_begin(&bed->chan);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
}

/* Nothing can be refused here: whatever fails is done without. */
static void end_without(NX_METADATA, const struct act *act)
{
	struct bed bed;

	bed_start(&bed);
	for (unsigned int nth = 1; nth < 20; nth++) {
		bool has;

		act->prepare(&bed);
		set_nth(nth);
		EXPECT_TRUE(is_clean(act->run(&bed)));
		has = has_failed();
		act->undo(&bed);
		EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
		if (!has)
			return;
	}
}

static void nothing(struct bed *bed)
{
}

NX_TEST_LONG(teardown, "LIFE-5 allocations of closing a channel with a flow fail: all of it is gone", 120)
{
	const struct act act = { prepare_pair, run_close, nothing };

	NEEDS_INJECTION();
	end_without(_metadata, &act);
}

NX_TEST_LONG(defunct, "LIFE-5 allocations of a defunct fail: the memory is gone, or the channel is left whole", 120)
{
	const struct act act = { prepare_defunct, run_defunct, end_pair };

	NEEDS_INJECTION();
	end_without(_metadata, &act);
}

/* ---------------------------------------------------------------- control */

static int run_new(struct bed *bed)
{
	return nx_nexus_add("other");
}

static void undo_new(struct bed *bed)
{
	nx_nexus_del("other");
}

NX_TEST_LONG(nexus_new, "LIFE-5 each allocation of making a nexus fails in turn", 120)
{
	const struct act act = { NULL, run_new, undo_new };
	struct bed bed;

	NEEDS_INJECTION();
	bed_start(&bed);
	fail_each(_metadata, &bed, &act);
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_NEXUS));
}

static int run_dev(struct bed *bed)
{
	return nx_dev_add(NEXUS, nx_ifindex("lo"));
}

static void undo_dev(struct bed *bed)
{
	nx_dev_del(NEXUS, nx_ifindex("lo"));
}

NX_TEST_LONG(dev_add, "LIFE-5 each allocation of adding a device fails in turn", 120)
{
	const struct act act = { NULL, run_dev, undo_dev };
	struct bed bed;

	NEEDS_INJECTION();
	bed_start(&bed);
	fail_each(_metadata, &bed, &act);
}

static int run_list(struct bed *bed)
{
	int err = nx_ctl_count(NEXUS_CMD_GET_CHANNEL);

	return err < 0 ? err : 0;
}

NX_TEST_LONG(list, "LIFE-5 allocations of a list that fail are told", 120)
{
	const struct act act = { prepare_pair, run_list, end_pair };

	NEEDS_INJECTION();
	end_without(_metadata, &act);
}

NX_TEST_MAIN("fault")
