// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that map, unmap, move, protect, fork and pass the file on, while others
 * send and receive by the same channel.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"
#include "test.h"

#define COLLECT_MS	10000

/**
 * struct racer - a process that does all of it at once
 * @chan:   its channel; a region may be mapped or not at any moment
 * @rounds: of each thread
 */
struct racer {
	struct nx_chan	chan;
	struct nx_flow	flow;
	__u32	rounds;
};

/* A region that is not mapped now is touched as well: that is its own affair. */
static void on_fault(int signal)
{
	_exit(0);
}

static void *remap(void *arg)
{
	struct racer *r = arg;
	__u32 seed = 3;

	for (__u32 i = 0; i < r->rounds; i++) {
		int id = nx_random(&seed) % NEXUS_NR_REGIONS;
		size_t len = r->chan.attach.regions[id].mmap_len;
		char *map = r->chan.map[id];

		switch (nx_random(&seed) % 7) {
		case 0:
			mprotect(map, len, PROT_READ | PROT_WRITE);
			break;
		case 1:
			mprotect(map + 4096, len - 8192, nx_region_prot(id));
			break;
		case 2:
			mremap(map, len, len + 4096, MREMAP_MAYMOVE);
			break;
		case 3:
			munmap(map + 4096, 4096);
			break;
		case 4:
			madvise(map + 4096, len - 8192, MADV_DONTNEED);
			break;
		case 5:
			mremap(map, 0, len, MREMAP_MAYMOVE);
			break;
		default:
			mmap(map, len, nx_region_prot(id), MAP_SHARED | MAP_FIXED,
			     r->chan.fd, r->chan.attach.regions[id].mmap_off);
		}
	}
	return NULL;
}

static void *fork_away(void *arg)
{
	struct racer *r = arg;

	for (__u32 i = 0; i < r->rounds / 50 + 1; i++) {
		pid_t pid = fork();

		if (!pid) {
			/* Refused, and killed for touching what it has not got. */
			nx_chan_sync(&r->chan, 0, NEXUS_SYNC_TX, 0);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return NULL;
}

static void pass_file(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	sendmsg(to, &msg, MSG_DONTWAIT);
}

/* Files in flight that nobody takes, and that hold each other. */
static void *pass_around(void *arg)
{
	struct racer *r = arg;
	int pair[2];

	for (__u32 i = 0; i < r->rounds / 10 + 1; i++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
			continue;
		pass_file(pair[0], r->chan.fd);
		pass_file(pair[0], pair[1]);
		close(dup(r->chan.fd));
		close(pair[0]);
		close(pair[1]);
	}
	return NULL;
}

/*
 * What is in flight in a circle is the collector's to find, and it looks when an
 * AF_UNIX socket ends. A racer's last one may have ended a moment too early: the
 * file, and with it the channel, then waits for the next one, whosever it is.
 */
static int channels_after_collection(void)
{
	int left = -1, pair[2];

	for (int i = 0; i < COLLECT_MS / 10 && left; i++) {
		if (!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) {
			close(pair[0]);
			close(pair[1]);
		}
		nx_sleep_ms(10);
		left = nx_ctl_count(NEXUS_CMD_GET_CHANNEL);
	}
	return left;
}

static void *traffic(void *arg)
{
	struct racer *r = arg;
	static char payload[500];

	for (__u32 i = 0; i < r->rounds; i++) {
		nx_flow_send(&r->flow, payload, sizeof(payload));
		nx_chan_sync(&r->chan, 0, NEXUS_SYNC_REFILL, 0);
	}
	return NULL;
}

static void be_racer(__u32 rounds, __u16 port)
{
	void *(*const acts[])(void *) = {
		remap, remap, fork_away, pass_around, traffic,
	};
	pthread_t threads[NX_ARRAY_SIZE(acts)];
	struct racer r = { .rounds = rounds };

	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	nx_chan_start(&r.chan, NX_BED_NEXUS);
	nx_flow_start(&r.flow, &r.chan, NX_HOST4, port, NX_PEER4, port);
	for (size_t i = 0; i < NX_ARRAY_SIZE(acts); i++)
		if (pthread_create(&threads[i], NULL, acts[i], &r))
			nx_die("no thread");
	for (size_t i = 0; i < NX_ARRAY_SIZE(acts); i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

NX_TEST_LONG(race, "RING-3 LIFE-3 mmap, munmap, mremap, mprotect, madvise, fork, dup and SCM_RIGHTS race with traffic: neighbours go on", 240)
{
	__u32 nr = nx_loops("NEXUS_TEST_MAP_RACES", 200);
	struct nx_bed bed;

	nx_bed_start(&bed);
	for (__u32 i = 0; i < nr; i++) {
		pid_t pid = nx_fork();

		if (!pid)
			/* A file in flight may keep the last one's port. */
			be_racer(500, NX_BED_PORT + i);
		EXPECT_EQ(0, nx_wait_child(pid));
	}
	nx_bed_judge(&bed);
	EXPECT_EQ(0, channels_after_collection());
}

NX_TEST_MAIN("maps")
