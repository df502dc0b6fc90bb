// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments of ioctls, and netlink messages, that mean nothing: random bytes, and
 * good ones with bytes changed, lengths cut, attributes nested and repeated.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"
#include "test.h"

static __u32 seed;

/* Some bytes of what is good are changed, mostly few. */
static void spoil(void *at, size_t len)
{
	__u32 nr = nx_random(&seed) % 4 ? nx_random(&seed) % 4 : len;

	while (nr--)
		((__u8 *)at)[nx_random(&seed) % len] = nx_random(&seed) >> 8;
}

union argument {
	struct nexus_attach	attach;
	struct nexus_sync	sync;
	struct nexus_flow_add	add;
	struct nexus_flow_del	del;
	struct nexus_status	status;
	__u8	bytes[8192];
};

static const unsigned long commands[] = {
	NEXUS_IOC_ATTACH, NEXUS_IOC_SYNC, NEXUS_IOC_FLOW_ADD,
	NEXUS_IOC_FLOW_DEL, NEXUS_IOC_STATUS, NEXUS_IOC_FLOW_ROOM,
};

static void make_argument(union argument *a, unsigned long command, int sock)
{
	memset(a, 0, sizeof(*a));
	a->sync.size = _IOC_SIZE(command);
	switch (command) {
	case NEXUS_IOC_ATTACH:
		a->attach.abi_version = NEXUS_ABI_VERSION;
		a->attach.port = NEXUS_PORT_ANY;
		a->attach.nr_small = 16;
		break;
	case NEXUS_IOC_FLOW_ADD:
		a->add.fd = sock;
		a->add.queue = NEXUS_QUEUE_ANY;
		break;
	case NEXUS_IOC_SYNC:
		a->sync.flags = NEXUS_SYNC_TX | NEXUS_SYNC_REFILL;
		break;
	}
}

/* No call may wait: a random timeout can be centuries. */
static bool may_wait(const union argument *a, unsigned long command)
{
	return _IOC_NR(command) == _IOC_NR(NEXUS_IOC_SYNC) &&
	       a->sync.flags & (NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_WAIT_TX) &&
	       (a->sync.timeout_ns < 0 || a->sync.timeout_ns > NX_MSEC);
}

NX_TEST_LONG(ioctls, "RING-7 LIFE-4 random arguments of every ioctl: errors, and neighbours go on", 120)
{
	__u32 nr = nx_loops("NEXUS_TEST_GARBAGE", 200000);
	struct nx_chan chan;
	union argument a;
	struct nx_bed bed;
	__u32 good = 0;
	int sock;

	seed = nx_seed_begin();
	nx_bed_start(&bed);
	nx_chan_start(&chan, NX_BED_NEXUS);
	sock = nx_udp_socket(-1, NX_HOST4, NX_BED_PORT, NULL, 0);
	for (__u32 i = 0; i < nr; i++) {
		unsigned long command = commands[nx_random(&seed) %
						 NX_ARRAY_SIZE(commands)];
		int fd = chan.fd;

		make_argument(&a, command, sock);
		spoil(&a, _IOC_SIZE(command));
		if (!(nx_random(&seed) % 16))
			command ^= 1U << nx_random(&seed) % 32;
		if (may_wait(&a, command))
			continue;
		if (_IOC_NR(command) == _IOC_NR(NEXUS_IOC_ATTACH))
			fd = open(NEXUS_DEVICE, O_RDWR | O_CLOEXEC);
		good += !ioctl(fd, command, nx_random(&seed) % 32 ? (void *)&a :
			       (void *)(unsigned long)nx_random(&seed));
		if (fd != chan.fd)
			close(fd);
	}
	nx_note("%u calls, %u of them good", nr, good);
	EXPECT_LT(0, good);
	EXPECT_LT(good, nr);
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
	close(sock);
}

static void put_random(struct nlmsghdr *message, int depth)
{
	__u32 nr = nx_random(&seed) % 4;

	while (nr--) {
		__u16 type = nx_random(&seed) % 20;
		__u8 bytes[40];
		struct nlattr *nest;

		if (message->nlmsg_len > NX_CTL_BYTES / 2)
			return;
		if (depth < 4 && nx_random(&seed) % 2) {
			nest = mnl_attr_nest_start(message, type);
			put_random(message, depth + 1);
			mnl_attr_nest_end(message, nest);
			continue;
		}
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = nx_random(&seed) % 3 ? 0 : nx_random(&seed);
		mnl_attr_put(message, type, nx_random(&seed) % sizeof(bytes),
			     bytes);
	}
}

/* It must not take away what the neighbours use. */
static bool is_harmless(__u8 command)
{
	return command != NEXUS_CMD_DEL_NEXUS && command != NEXUS_CMD_DEL_DEV &&
	       command != NEXUS_CMD_DEL_FLOW && command != NEXUS_CMD_DEFUNCT;
}

NX_TEST_LONG(netlink, "RING-7 LIFE-4 random netlink messages: errors, and neighbours go on", 120)
{
	__u32 nr = nx_loops("NEXUS_TEST_GARBAGE", 200000) / 10, good = 0;
	static char buf[NX_CTL_BYTES];
	struct nx_bed bed;

	seed = nx_seed_begin();
	nx_bed_start(&bed);
	for (__u32 i = 0; i < nr; i++) {
		__u8 command = nx_random(&seed) % 20;
		struct nlmsghdr *message;

		if (!is_harmless(command))
			continue;
		message = nx_ctl_message(buf, command);
		put_random(message, 0);
		if (!(nx_random(&seed) % 4) && message->nlmsg_len > 24)
			spoil(buf + 20, message->nlmsg_len - 20);
		good += !nx_ctl_call(message);
	}
	nx_note("%u messages, %u of them good", nr, good);
	EXPECT_LT(good, nr);
	nx_bed_judge(&bed);
}

NX_TEST_MAIN("garbage")
