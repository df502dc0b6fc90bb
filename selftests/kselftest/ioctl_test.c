// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of /dev/nexus with every field out of range, and structures of
 * other sizes: a clear error each, and nothing comes of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000

struct bed {
	struct nx_chan	chan;
	struct nx_flow	flow;
};

static void bed_start(struct bed *bed)
{
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_start(&bed->chan, NEXUS);
	nx_flow_start(&bed->flow, &bed->chan, "127.0.0.1", PORT, NULL, 0);
}

/* -------------------------------------------------------------- attach */

/**
 * struct attach_case - one field of nexus_attach with a value of its own
 * @off, @size: of the field
 * @err:   that is expected; 0: it is accepted
 */
struct attach_case {
	const char	*what;
	size_t	off;
	size_t	size;
	__u64	value;
	int	err;
};

#define FIELD(field) #field, offsetof(struct nexus_attach, field), \
	sizeof(((struct nexus_attach *)0)->field)

static void poke(void *at, size_t size, __u64 value)
{
	memcpy(at, &value, size);
}

static void attach_with(NX_METADATA, const struct attach_case *c)
{
	struct nx_chan chan;
	int err;

	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	poke((char *)&chan.attach + c->off, c->size, c->value);
	err = nx_chan_attach(&chan);
	EXPECT_EQ(-c->err, err) {
		TH_LOG("%s = 0x%llx", c->what, (unsigned long long)c->value);
	}
	nx_chan_close(&chan);
}

NX_TEST(attach_range, "RING-7 ATTACH: each field out of range: EINVAL, at its limits: attached")
{
	static const struct attach_case table[] = {
		{ FIELD(flags), 2, EINVAL },
		{ FIELD(flags), 1U << 31, EINVAL },
		{ FIELD(flags), 0xffffffff, EINVAL },
		{ FIELD(flags), NEXUS_ATTACH_DEFUNCT_OK, 0 },
		{ FIELD(nr_queues), NEXUS_QUEUES_MAX + 1, EINVAL },
		{ FIELD(nr_queues), 0xffffffff, EINVAL },
		{ FIELD(nr_queues), NEXUS_QUEUES_MAX, 0 },
		{ FIELD(tx_slots), NEXUS_SLOTS_MIN - 1, EINVAL },
		{ FIELD(tx_slots), 1, EINVAL },
		{ FIELD(tx_slots), 63, EINVAL },
		{ FIELD(tx_slots), 65, EINVAL },
		{ FIELD(tx_slots), NEXUS_SLOTS_MAX * 2, EINVAL },
		{ FIELD(tx_slots), NEXUS_SLOTS_MAX + 1, EINVAL },
		{ FIELD(tx_slots), 1U << 31, EINVAL },
		{ FIELD(tx_slots), 0xffffffff, EINVAL },
		{ FIELD(tx_slots), NEXUS_SLOTS_MIN, 0 },
		{ FIELD(tx_slots), NEXUS_SLOTS_MAX, 0 },
		{ FIELD(rx_slots), NEXUS_SLOTS_MIN / 2, EINVAL },
		{ FIELD(rx_slots), 100, EINVAL },
		{ FIELD(rx_slots), NEXUS_SLOTS_MAX * 2, EINVAL },
		{ FIELD(rx_slots), 0xffffffff, EINVAL },
		{ FIELD(rx_slots), NEXUS_SLOTS_MIN, 0 },
		{ FIELD(rx_slots), NEXUS_SLOTS_MAX, 0 },
		{ FIELD(event_slots), NEXUS_SLOTS_MIN / 2, EINVAL },
		{ FIELD(event_slots), 100, EINVAL },
		{ FIELD(event_slots), NEXUS_SLOTS_MAX * 2, EINVAL },
		{ FIELD(event_slots), 0xffffffff, EINVAL },
		{ FIELD(event_slots), NEXUS_SLOTS_MIN, 0 },
		{ FIELD(event_slots), NEXUS_SLOTS_MAX, 0 },
		{ FIELD(nr_small), NEXUS_BUFFERS_MAX + 1, EINVAL },
		{ FIELD(nr_small), 1U << 31, EINVAL },
		{ FIELD(nr_small), 0xffffffff, EINVAL },
		{ FIELD(nr_small), 1, 0 },
		{ FIELD(nr_small), NEXUS_BUFFERS_MAX, 0 },
		{ FIELD(nr_large), NEXUS_LARGE_MAX + 1, EINVAL },
		{ FIELD(nr_large), 0xffffffff, EINVAL },
		{ FIELD(nr_large), NEXUS_LARGE_MAX, 0 },
		{ FIELD(nr_flows), NEXUS_FLOWS_MAX + 1, EINVAL },
		{ FIELD(nr_flows), 0xffffffff, EINVAL },
		{ FIELD(nr_flows), 1, 0 },
		{ FIELD(reserved[0]), 1, EINVAL },
		{ FIELD(reserved[0]), 1ULL << 63, EINVAL },
		{ FIELD(reserved[1]), 1, EINVAL },
		{ FIELD(reserved[1]), 1ULL << 63, EINVAL },
		{ FIELD(abi_version), NEXUS_ABI_VERSION + 1, EPROTONOSUPPORT },
		{ FIELD(port), 0, 0 },
		{ FIELD(size), 0, EINVAL },
		{ FIELD(size), 4, EINVAL },
		{ FIELD(size), sizeof(struct nexus_attach) - 1, EINVAL },
		{ FIELD(size), 0xffffffff, EINVAL },
	};

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	for (int i = 0; i < NX_ARRAY_SIZE(table); i++) {
		/* Too large for anything is E2BIG or EINVAL. */
		if (table[i].off == 0 && table[i].value == 0xffffffff)
			continue;
		attach_with(_metadata, &table[i]);
	}
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
}

NX_TEST(attach_defaults, "RING-7 ATTACH: a field of 0 takes its default, which is written back")
{
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	memset(&chan, 0, sizeof(chan));
	ASSERT_EQ(0, nx_chan_open(&chan));
	chan.attach.size = sizeof(chan.attach);
	chan.attach.abi_version = NEXUS_ABI_VERSION;
	chan.attach.port = NEXUS_PORT_ANY;
	ASSERT_EQ(0, nx_chan_attach(&chan));
	EXPECT_STREQ(NEXUS, chan.attach.name);
	EXPECT_NE(0, chan.attach.nr_queues);
	EXPECT_LE(NEXUS_SLOTS_MIN, chan.attach.tx_slots);
	EXPECT_LE(NEXUS_SLOTS_MIN, chan.attach.rx_slots);
	EXPECT_LE(NEXUS_SLOTS_MIN, chan.attach.event_slots);
	EXPECT_NE(0, chan.attach.nr_small);
	EXPECT_NE(0, chan.attach.nr_flows);
	EXPECT_NE(0, chan.attach.channel_id);
	EXPECT_NE(NEXUS_PORT_ANY, chan.attach.port);
	EXPECT_EQ(0, nx_chan_map(&chan));
	nx_chan_close(&chan);
}

NX_TEST(attach_names, "RING-7 ATTACH: names without NUL, too long or unknown: EINVAL or ENODEV")
{
	static const char *const unknown[] = { "u", "T", "t ", "../t", "t/u" };
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_init(&chan, "");
	ASSERT_EQ(0, nx_chan_open(&chan));
	memset(chan.attach.name, 't', sizeof(chan.attach.name));
	EXPECT_EQ(-EINVAL, nx_chan_attach(&chan));
	for (int i = 0; i < NX_ARRAY_SIZE(unknown); i++) {
		int err;

		memset(chan.attach.name, 0, sizeof(chan.attach.name));
		strcpy(chan.attach.name, unknown[i]);
		err = nx_chan_attach(&chan);
		EXPECT_TRUE(err == -ENODEV || err == -EINVAL) {
			TH_LOG("attach to \"%s\": %d", unknown[i], err);
		}
	}
	nx_chan_close(&chan);
}

/* ------------------------------------------------------------- sizes */

/*
 * Calls an ioctl with a structure whose size field says @size, in memory that
 * holds @extra bytes more than this ABI's structure, filled with @fill.
 */
static int call_sized(int fd, unsigned long request, const void *arg,
		      size_t len, __u32 size, char fill)
{
	/* The end of a page, so that reading beyond it is seen. */
	size_t room = 16384;
	char *area = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t have = size > len && size <= room ? size : len;
	char *at = area + room - have;
	int err;

	mprotect(area + room, 4096, PROT_NONE);
	memset(at, fill, have);
	memcpy(at, arg, len);
	*(__u32 *)at = size;
	err = ioctl(fd, request, at) ? -errno : 0;
	munmap(area, room + 4096);
	return err;
}

/* The same request, whose number tells another size. */
static unsigned long resized(unsigned long request, __u32 size)
{
	return _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request),
		    size);
}

static void try_sizes(NX_METADATA, int fd, unsigned long request,
		      const void *arg, __u32 len)
{
	int err;

	for (__u32 size = 0; size < len; size += size < 4 ? 1 : 4) {
		EXPECT_EQ(-EINVAL, call_sized(fd, request, arg, len, size, 0)) {
			TH_LOG("request %lx, size %u of %u", request, size,
			       len);
		}
	}
	err = call_sized(fd, request, arg, len, len + 8, 1);
	EXPECT_TRUE(err == -E2BIG || err == -EINVAL) {
		TH_LOG("request %lx, larger, not zero: %d", request, err);
	}
	err = call_sized(fd, resized(request, len + 8), arg, len, len + 8, 1);
	EXPECT_TRUE(err == -E2BIG || err == -EINVAL || err == -ENOTTY) {
		TH_LOG("request %lx, larger, not zero: %d", request, err);
	}
	err = call_sized(fd, request, arg, len, 0xffffffff, 0);
	EXPECT_TRUE(err == -E2BIG || err == -EINVAL) {
		TH_LOG("request %lx, size 2^32 - 1: %d", request, err);
	}
	/* The larger structure of a later ABI that asks for nothing new. */
	err = call_sized(fd, request, arg, len, len + 8, 0);
	EXPECT_EQ(0, err) {
		TH_LOG("request %lx, larger by zeros: %d", request, err);
	}
}

NX_TEST(size_sync, "RING-7 SYNC: smaller: EINVAL, larger: accepted if it ends in zeros")
{
	struct bed bed;
	struct nexus_sync sync = { .flags = NEXUS_SYNC_REFILL };

	bed_start(&bed);
	try_sizes(_metadata, bed.chan.fd, NEXUS_IOC_SYNC, &sync, sizeof(sync));
	nx_chan_close(&bed.chan);
}

NX_TEST(size_status, "RING-7 STATUS: smaller: EINVAL, larger: accepted if it ends in zeros")
{
	struct bed bed;
	struct nexus_status status = {};

	bed_start(&bed);
	try_sizes(_metadata, bed.chan.fd, NEXUS_IOC_STATUS, &status,
		  sizeof(status));
	nx_chan_close(&bed.chan);
}

NX_TEST(size_flow, "RING-7 FLOW_ADD and FLOW_DEL: smaller: EINVAL, larger: accepted if it ends in zeros")
{
	struct nexus_flow_add add = { .queue = NEXUS_QUEUE_ANY };
	struct nexus_flow_del del = {};
	struct bed bed;

	bed_start(&bed);
	add.fd = nx_udp_socket(-1, "127.0.0.1", PORT + 1, NULL, 0);
	try_sizes(_metadata, bed.chan.fd, NEXUS_IOC_FLOW_ADD, &add,
		  sizeof(add));
	del.flow = bed.flow.add.flow;
	del.generation = bed.flow.add.generation;
	try_sizes(_metadata, bed.chan.fd, NEXUS_IOC_FLOW_DEL, &del,
		  sizeof(del));
	nx_chan_close(&bed.chan);
}

NX_TEST(size_attach, "RING-7 ATTACH: smaller: EINVAL, larger: accepted if it ends in zeros")
{
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	try_sizes(_metadata, chan.fd, NEXUS_IOC_ATTACH, &chan.attach,
		  sizeof(chan.attach));
	nx_chan_close(&chan);
}

/* ---------------------------------------------------------- sync, flow */

NX_TEST(sync_fields, "RING-7 SYNC: unknown flags, queues, reserved fields and timeouts: EINVAL")
{
	struct nexus_sync bad[] = {
		{ .flags = 1U << 7 }, { .flags = 1U << 31 },
		{ .flags = NEXUS_SYNC_FIRST }, { .flags = NEXUS_SYNC_WAIT_FD },
		{ .flags = NEXUS_SYNC_FIRST | NEXUS_SYNC_WAIT_TX },
		{ .flags = NEXUS_SYNC_FIRST | NEXUS_SYNC_WAIT_RX |
			   NEXUS_SYNC_WAIT_TX },
		{ .flags = NEXUS_SYNC_FIRST | NEXUS_SYNC_WAIT_RX, .fd = 1 },
		{ .flags = 0xffffffff }, { .queue = 1 },
		{ .queue = NEXUS_QUEUES_MAX }, { .queue = 0xffffffff },
		{ .fd = 1 }, { .fd = INT32_MIN },
		{ .timeout_ns = -2 }, { .timeout_ns = 1LL << 63 },
	};
	struct bed bed;

	bed_start(&bed);
	for (int i = 0; i < NX_ARRAY_SIZE(bad); i++) {
		bad[i].size = sizeof(bad[i]);
		EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_SYNC, &bad[i])) {
			TH_LOG("case %d", i);
		}
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, 0, 0));
	nx_chan_close(&bed.chan);
}

NX_TEST(flow_add_fields, "RING-7 FLOW_ADD: unknown flags, queues, classes and reserved fields: EINVAL")
{
	struct nexus_flow_add bad[] = {
		{ .flags = 2 }, { .flags = 1U << 31 },
		{ .queue = 1 }, { .queue = NEXUS_QUEUES_MAX },
		{ .queue = 0xfffffffe },
		{ .traffic_class = NEXUS_NR_CLASSES },
		{ .traffic_class = 0xffffffff },
		{ .ll_permille = 1 }, { .ll_permille = 1U << 31 },
	};
	struct nexus_flow_add good = { .size = sizeof(good) };
	struct bed bed;

	bed_start(&bed);
	good.fd = nx_udp_socket(-1, "127.0.0.1", PORT + 1, NULL, 0);
	for (int i = 0; i < NX_ARRAY_SIZE(bad); i++) {
		bad[i].size = sizeof(bad[i]);
		bad[i].fd = good.fd;
		EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_ADD, &bad[i])) {
			TH_LOG("case %d", i);
		}
		EXPECT_EQ(EINVAL, errno);
	}
	/* None of that took the socket. */
	EXPECT_EQ(0, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_ADD, &good));
	nx_chan_close(&bed.chan);
}

NX_TEST(flow_del_fields, "RING-7 FLOW_DEL: another index or generation: ENOENT, reserved fields: EINVAL")
{
	struct nexus_flow_del del = { .size = sizeof(del) };
	struct bed bed;

	bed_start(&bed);
	del.flow = bed.flow.add.flow;
	del.generation = bed.flow.add.generation;
	del.reserved = 1;
	EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_DEL, &del));
	EXPECT_EQ(EINVAL, errno);
	del.reserved = 0;
	del.generation++;
	EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_DEL, &del));
	EXPECT_EQ(ENOENT, errno);
	del.generation--;
	for (__u64 flow = 1; flow <= 0xffffffff; flow = flow * 2 + 1) {
		del.flow = bed.flow.add.flow + flow;
		EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_DEL, &del));
		EXPECT_EQ(ENOENT, errno);
	}
	del.flow = bed.flow.add.flow;
	EXPECT_EQ(0, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_DEL, &del));
	EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_DEL, &del));
	EXPECT_EQ(ENOENT, errno);
	nx_chan_close(&bed.chan);
}

NX_TEST(status_fields, "RING-7 STATUS: non-zero reserved fields: EINVAL")
{
	struct nexus_status status;
	struct bed bed;

	bed_start(&bed);
	for (int i = 0; i < 4; i++) {
		memset(&status, 0, sizeof(status));
		status.size = sizeof(status);
		status.reserved[i] = 1;
		EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_STATUS, &status));
		EXPECT_EQ(EINVAL, errno);
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(not_attached, "RING-7 a file that is not attached: ENOTCONN, and no such ioctl: ENOTTY")
{
	struct nexus_flow_add flow;
	struct nexus_status status;
	struct nx_chan chan;
	int sock;

	nx_net_alone();
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	sock = nx_udp_socket(-1, "127.0.0.1", PORT, NULL, 0);
	EXPECT_EQ(-ENOTCONN, nx_chan_sync(&chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(-ENOTCONN, nx_flow_add(&chan, sock, &flow));
	EXPECT_EQ(-ENOTCONN, nx_flow_del(&chan, &flow));
	EXPECT_EQ(-ENOTCONN, nx_chan_status(&chan, &status));
	for (int nr = 6; nr < 256; nr++) {
		EXPECT_EQ(-1, ioctl(chan.fd, _IO(NEXUS_IOC_MAGIC, nr), 0));
		EXPECT_EQ(ENOTTY, errno);
	}
	EXPECT_EQ(-1, ioctl(chan.fd, _IOC(3, 0xCD, 0, 64), &chan.attach));
	EXPECT_EQ(ENOTTY, errno);
	nx_chan_close(&chan);
}

NX_TEST(bad_pointers, "RING-7 an argument that is not memory: EFAULT")
{
	static const unsigned long requests[] = {
		NEXUS_IOC_SYNC, NEXUS_IOC_FLOW_ADD, NEXUS_IOC_FLOW_DEL,
		NEXUS_IOC_STATUS, NEXUS_IOC_FLOW_ROOM,
	};
	const char *read_only = "\x50\x02\x00\x00";
	struct nx_chan chan;
	struct bed bed;

	bed_start(&bed);
	for (int i = 0; i < NX_ARRAY_SIZE(requests); i++) {
		EXPECT_EQ(-1, ioctl(bed.chan.fd, requests[i], NULL));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(-1, ioctl(bed.chan.fd, requests[i], -4096L));
		EXPECT_EQ(EFAULT, errno);
		/* The guard page of one of our own regions. */
		EXPECT_EQ(-1, ioctl(bed.chan.fd, requests[i],
				    bed.chan.map[NEXUS_REGION_KRINGS]));
		EXPECT_EQ(EFAULT, errno);
	}
	ASSERT_EQ(0, nx_chan_open(&chan));
	EXPECT_EQ(-1, ioctl(chan.fd, NEXUS_IOC_ATTACH, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(chan.fd, NEXUS_IOC_ATTACH, read_only));
	nx_chan_close(&chan);
	nx_chan_close(&bed.chan);
}

/* An answer that cannot be written leaves nothing that nobody can close. */
NX_TEST(answer_lost, "RING-7 ATTACH and FLOW_ADD whose answer cannot be written: EFAULT, and nothing outlives the file")
{
	long page = sysconf(_SC_PAGESIZE);
	struct nexus_flow_add *flow;
	struct nx_chan chan;
	struct bed bed;
	char *area;
	int sock;

	bed_start(&bed);
	area = mmap(NULL, page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	nx_chan_init(&chan, NEXUS);
	memcpy(area, &chan.attach, sizeof(chan.attach));
	mprotect(area, page, PROT_READ);
	ASSERT_EQ(0, nx_chan_open(&chan));
	EXPECT_EQ(-1, ioctl(chan.fd, NEXUS_IOC_ATTACH, area));
	EXPECT_EQ(EFAULT, errno);
	nx_chan_close(&chan);
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));

	sock = nx_udp_socket(-1, "127.0.0.1", PORT + 1, NULL, 0);
	mprotect(area, page, PROT_READ | PROT_WRITE);
	flow = (void *)area;
	memset(flow, 0, sizeof(*flow));
	flow->size = sizeof(*flow);
	flow->fd = sock;
	flow->queue = NEXUS_QUEUE_ANY;
	mprotect(area, page, PROT_READ);
	EXPECT_EQ(-1, ioctl(bed.chan.fd, NEXUS_IOC_FLOW_ADD, flow));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("ioctl")
