// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel holds to be true of a packet: where it has it from, and that no
 * process sees or changes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"
#include "test.h"
#include "trace.h"

#define NR_FLOWS	1000
#define PORTS		20000

static __u64 nr_declassed(struct nx_chan *chan)
{
	struct nx_ctl_channel info;

	if (nx_channel_get(chan->attach.channel_id, &info))
		nx_die("no channel");
	return info.counters.value[NEXUS_COUNTERS_A_TX_DECLASSED];
}

/* Sends one packet of @flow that claims class @claimed. */
static void send_claim(NX_METADATA, struct nx_flow *flow, __u8 claimed)
{
	struct nx_ring *tx = nx_chan_ring(flow->chan, 0, NEXUS_RING_TX);
	struct nexus_desc desc = {
		.buf = nx_buf_take(flow->chan, 0),
		.flow = flow->add.flow,
		.traffic_class = claimed,
	};

	ASSERT_NE(~0U, desc.buf);
	desc.len = nx_udp_build(nx_buf_ptr(flow->chan, desc.buf), &flow->tuple,
				"claim", 5);
	ASSERT_TRUE(nx_ring_push(tx, &desc));
	ASSERT_EQ(0, nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0));
}

static void flow_of_class(struct nx_flow *flow, struct nx_chan *chan, __u16 port,
			  __u32 traffic_class)
{
	memset(flow, 0, sizeof(*flow));
	flow->chan = chan;
	flow->sock = nx_udp_socket(-1, NX_HOST4, port, NX_PEER4, NX_BED_PORT);
	flow->add.size = sizeof(flow->add);
	flow->add.fd = flow->sock;
	flow->add.queue = NEXUS_QUEUE_ANY;
	flow->add.traffic_class = traffic_class;
	flow->tuple = nx_tuple(NX_HOST4, port, NX_PEER4, NX_BED_PORT);
	if (ioctl(chan->fd, NEXUS_IOC_FLOW_ADD, &flow->add))
		nx_die("flow of port %u: %s", port, strerror(errno));
}

static void expect_trace(NX_METADATA, const struct nx_flow *flow, __u32 class)
{
	char who[128], what[64];

	snprintf(who, sizeof(who), "nexus_tx: channel=%u flow=%u pid=%d uid=0 ",
		 flow->chan->attach.channel_id, flow->add.flow, getpid());
	snprintf(what, sizeof(what), " class=%u ", class);
	EXPECT_TRUE(nx_trace_has(who, what)) {
		TH_LOG("no line has \"%s\" and \"%s\"", who, what);
	}
}

NX_TEST(class, "META-1 META-3 a class that is not the flow's, or is none: best effort, counted; the flow's own stays")
{
	struct nx_flow plain, bulk;
	struct nx_chan chan;
	struct nx_bed bed;
	__u64 nr = 0;

	nx_bed_start(&bed);
	nx_chan_start(&chan, NX_BED_NEXUS);
	flow_of_class(&plain, &chan, PORTS, NEXUS_CLASS_BEST_EFFORT);
	flow_of_class(&bulk, &chan, PORTS + 1, NEXUS_CLASS_BULK);
	nx_trace_start("nexus_tx");
	for (unsigned int claimed = 0; claimed < 256; claimed++) {
		send_claim(_metadata, &plain, claimed);
		expect_trace(_metadata, &plain, NEXUS_CLASS_BEST_EFFORT);
		nr += claimed != NEXUS_CLASS_BEST_EFFORT;
		EXPECT_EQ(nr, nr_declassed(&chan));
		/* Each look at the trace takes a while. */
		if (claimed > 8 && claimed < 248)
			claimed += 15;
	}
	send_claim(_metadata, &bulk, NEXUS_CLASS_BEST_EFFORT);
	expect_trace(_metadata, &bulk, NEXUS_CLASS_BULK);
	send_claim(_metadata, &bulk, NEXUS_CLASS_BULK);
	expect_trace(_metadata, &bulk, NEXUS_CLASS_BULK);
	EXPECT_EQ(nr, nr_declassed(&chan));
	send_claim(_metadata, &bulk, NEXUS_CLASS_LOW_LATENCY);
	expect_trace(_metadata, &bulk, NEXUS_CLASS_BEST_EFFORT);
	EXPECT_EQ(nr + 1, nr_declassed(&chan));
	nx_trace_stop();
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

/**
 * struct stamp - what a line of the trace must say of one flow's packet
 * @class: that it was made with
 * @nr:    lines that said so
 */
struct stamp {
	__u32	class;
	__u32	nr;
};

/* Reads the instance's trace once; lines that contradict @stamps are counted. */
static __u32 read_stamps(struct stamp *stamps, __u32 channel)
{
	char path[128], line[512];
	__u32 wrong = 0;
	FILE *trace;

	snprintf(path, sizeof(path),
		 "/sys/kernel/tracing/instances/nexus-%d/trace", getpid());
	trace = fopen(path, "re");
	if (!trace)
		nx_die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), trace)) {
		unsigned int chan, flow, uid, policy, class;
		unsigned long long cgroup;
		const char *at = strstr(line, "nexus_tx: ");
		int pid;

		if (!at || sscanf(at, "nexus_tx: channel=%u flow=%u pid=%d uid=%u cgroup=%llu policy=%u class=%u",
				  &chan, &flow, &pid, &uid, &cgroup, &policy,
				  &class) != 7 || chan != channel)
			continue;
		if (flow >= NR_FLOWS || pid != getpid() || uid || policy != 1 ||
		    class != stamps[flow].class)
			wrong++;
		else
			stamps[flow].nr++;
	}
	fclose(trace);
	return wrong;
}

NX_TEST_LONG(stamps, "META-4 META-1 1,000 flows at once: each packet's process, class and policy are those with which its flow was made", 120)
{
	const struct rlimit files = { 4 * NR_FLOWS, 4 * NR_FLOWS };
	struct nx_flow *flows = calloc(NR_FLOWS, sizeof(*flows));
	struct stamp *stamps = calloc(NR_FLOWS, sizeof(*stamps));
	struct nx_chan chan;
	struct nx_bed bed;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	nx_bed_start(&bed);
	nx_chan_init(&chan, NX_BED_NEXUS);
	chan.attach.nr_flows = NR_FLOWS;
	nx_chan_begin(&chan);
	for (int i = 0; i < NR_FLOWS; i++) {
		stamps[i].class = i % 3 ? NEXUS_CLASS_BULK :
					  NEXUS_CLASS_BEST_EFFORT;
		flow_of_class(&flows[i], &chan, PORTS + i, stamps[i].class);
		ASSERT_EQ(i, flows[i].add.flow);
	}
	nx_trace_start("nexus_tx");
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < NR_FLOWS; i++)
			send_claim(_metadata, &flows[(i * 7) % NR_FLOWS], 0);
	EXPECT_EQ(0, read_stamps(stamps, chan.attach.channel_id));
	for (int i = 0; i < NR_FLOWS; i++) {
		EXPECT_EQ(2, stamps[i].nr) {
			TH_LOG("flow %d", i);
		}
	}
	nx_trace_stop();
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

/* ------------------------------------------------------- pointers, pages */

/* Any address of the kernel's half: what a direct map, a stack, a module has. */
static bool is_pointer(__u64 word)
{
	return word >> 47 == 0x1ffff && word < ~0ULL - 4096;
}

static __u32 scan_region(const struct nx_chan *chan, int id)
{
	const char *data = chan->data[id];
	__u32 found = 0;
	__u64 word;

	/* Of other places, halves of two fields make what looks like one. */
	for (size_t at = 0; at + 8 <= chan->attach.regions[id].data_len; at += 8) {
		memcpy(&word, data + at, sizeof(word));
		if (!is_pointer(word))
			continue;
		found++;
		nx_note("region %d at %zu: %llx", id, at, word);
	}
	return found;
}

/* All that can fill the regions: traffic, events, advice, offences. */
static void fill_regions(NX_METADATA, struct nx_chan *chan, struct nx_bed *bed)
{
	int peer = nx_udp_socket(bed->net.peer, NX_PEER4, NX_BED_PORT, NULL, 0);
	struct nexus_desc desc;
	struct nx_flow flow;
	char packet[200];
	size_t len;

	nx_flow_start(&flow, chan, NX_HOST4, PORTS, NX_PEER4, NX_BED_PORT);
	for (int i = 0; i < 300; i++) {
		len = nx_udp_build(packet, &flow.tuple, "abc", 3);
		nx_chan_send(chan, 0, flow.add.flow, NEXUS_DESC_NOTIFY, packet,
			     len);
		ASSERT_EQ(0, nx_chan_sync(chan, 0, NEXUS_SYNC_TX |
					  NEXUS_SYNC_REFILL, 0));
		nx_udp_send(peer, "answer", 6, NX_HOST4, PORTS);
		if (nx_chan_recv(chan, 0, &desc, 1))
			nx_buf_give(chan, 0, desc.buf);
	}
}

NX_TEST(pointers, "META-6 no word of any region is a kernel address, after traffic, events and an offence")
{
	struct nx_chan chan;
	struct nx_bed bed;

	nx_bed_start(&bed);
	nx_chan_init(&chan, NX_BED_NEXUS);
	chan.attach.nr_small = 256;
	nx_chan_begin(&chan);
	fill_regions(_metadata, &chan, &bed);
	*nx_chan_ring(&chan, 0, NEXUS_RING_FREE)->prod += 12345678;
	EXPECT_EQ(-EPROTO, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	for (int id = 0; id < NEXUS_NR_REGIONS; id++)
		EXPECT_EQ(0, scan_region(&chan, id));
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

/* The kernel's view of a page of ours: its flags, and its frame. */
static __u64 frame_of(const void *at)
{
	__u64 entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &entry, 8, (unsigned long)at / 4096 * 8) != 8)
		nx_die("pagemap: %s", strerror(errno));
	close(fd);
	return entry & ((1ULL << 55) - 1);
}

static __u64 flags_of(__u64 frame)
{
	__u64 flags = 0;
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &flags, 8, frame * 8) != 8)
		nx_die("kpageflags: %s", strerror(errno));
	close(fd);
	return flags;
}

#define KPF_SLAB	(1ULL << 7)

NX_TEST(pages, "META-6 what is mapped are pages of their own: none is of the slab, where the metadata lies")
{
	struct nx_chan chan;
	struct nx_bed bed;
	__u32 nr = 0;

	if (access("/proc/kpageflags", R_OK))
		SKIP(return, "this kernel has no /proc/kpageflags");
	nx_bed_start(&bed);
	nx_chan_init(&chan, NX_BED_NEXUS);
	chan.attach.nr_small = 256;
	nx_chan_begin(&chan);
	fill_regions(_metadata, &chan, &bed);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		for (size_t at = 0; at < chan.attach.regions[id].data_len;
		     at += 4096) {
			volatile char *page = chan.data[id] + at;
			__u64 frame;

			(void)*page;
			frame = frame_of((const void *)page);
			ASSERT_NE(0, frame);
			EXPECT_EQ(0, flags_of(frame) & KPF_SLAB);
			nr++;
		}
	}
	nx_note("%u pages", nr);
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

NX_TEST_MAIN("meta")
