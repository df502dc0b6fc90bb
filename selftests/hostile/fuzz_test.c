// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs: each round is a process that does with channels whatever can be
 * done, in the order that its seed says, while a thread of it changes bytes of its
 * rings and packets, and segments of all kinds come for its ports. The kernel's log is
 * the judge, and two neighbours.
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
#include "tcp.h"
#include "test.h"

#define NR_CHANS	3
#define NR_SOCKS	4
#define NR_ACTS		200
#define NR_PORTS	4

/* Of the peer, by which TCP's segments come and go. */
#define NR_PEER_PORTS	4

/**
 * struct program - what one round has in hand
 * @seed:  of all that it decides
 * @chans: some attached, some mapped, some neither
 * @socks: some adopted
 * @flows: as FLOW_ADD answered last, for each socket
 */
struct program {
	__u32	seed;
	struct nx_chan	chans[NR_CHANS];
	int	socks[NR_SOCKS];
	struct nexus_flow_add	flows[NR_SOCKS];
};

/* Listeners beside the kernel's that programs have had, in memory that all share. */
static __u32 *nr_beside;

static __u32 pick(struct program *p, __u32 below)
{
	return (nx_random(&p->seed) >> 4) % below;
}

static struct nx_chan *pick_chan(struct program *p)
{
	return &p->chans[pick(p, NR_CHANS)];
}

static bool is_mapped(const struct nx_chan *chan)
{
	return chan->schema;
}

/* ---------------------------------------------------------------- acts */

static void act_attach(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);

	if (chan->fd >= 0)
		return;
	nx_chan_init(chan, NX_BED_NEXUS);
	chan->attach.nr_small = 1U << pick(p, 9);
	chan->attach.nr_large = pick(p, 3);
	chan->attach.nr_queues = 1 + pick(p, 3);
	chan->attach.nr_flows = 1 + pick(p, 8);
	chan->attach.tx_slots = 8U << pick(p, 4);
	if (pick(p, 2))
		chan->attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	if (!pick(p, 8))
		((__u8 *)&chan->attach)[pick(p, sizeof(chan->attach))] =
			pick(p, 256);
	if (nx_chan_open(chan) || nx_chan_attach(chan) || nx_chan_map(chan))
		nx_chan_close(chan);
}

static void act_close(struct program *p)
{
	nx_chan_close(pick_chan(p));
}

static void act_map(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);
	int id = pick(p, NEXUS_NR_REGIONS);
	size_t len = chan->attach.regions[id].mmap_len, off;

	if (!is_mapped(chan))
		return;
	off = 4096UL * pick(p, len / 4096 + 1);
	switch (pick(p, 6)) {
	case 0:
		mprotect(chan->map[id], len, pick(p, 8));
		mprotect(chan->map[id], len, nx_region_prot(id));
		break;
	case 1:
		mprotect(chan->map[id] + off, len - off, PROT_READ);
		break;
	case 2:
		munmap(chan->map[id] + off, len - off - off / 2);
		break;
	case 3:
		mremap(chan->map[id], off, len + off, MREMAP_MAYMOVE);
		break;
	case 4:
		madvise(chan->map[id] + off, len - off, pick(p, 26));
		break;
	default:
		mmap(NULL, len, pick(p, 8), pick(p, 2) ? MAP_SHARED : MAP_PRIVATE,
		     chan->fd, chan->attach.regions[id].mmap_off + off);
	}
}

static void act_sync(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);

	nx_chan_sync(chan, pick(p, 3), pick(p, 16), pick(p, 2) * 100000);
}

static void act_flow(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);
	__u32 i = pick(p, NR_SOCKS);
	struct nexus_flow_add *flow = &p->flows[i];

	if (pick(p, 3)) {
		memset(flow, 0, sizeof(*flow));
		flow->traffic_class = pick(p, 4);
		nx_flow_add(chan, p->socks[i], flow);
	} else {
		flow->generation += !pick(p, 4);
		nx_flow_del(chan, flow);
	}
}

/* A listener of the kernel's, and a flow beside it, or several. */
static void act_listen(struct program *p)
{
	__u32 i = pick(p, NR_SOCKS);
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(sock, SOL_SOCKET, pick(p, 2) ? SO_REUSEPORT : SO_REUSEADDR,
		   &on, sizeof(on));
	nx_udp_bind(sock, pick(p, 2) ? NX_HOST4 : "0.0.0.0",
		    NX_BED_PORT + pick(p, NR_PORTS));
	listen(sock, 8);
	dup3(sock, p->socks[i], O_CLOEXEC);
	close(sock);
	if (!nx_tcp_beside(pick_chan(p), p->socks[i], &p->flows[i]))
		__atomic_fetch_add(nr_beside, 1, __ATOMIC_RELAXED);
}

/* Of any flow, that of another channel too. */
static void act_room(struct program *p)
{
	static const __u32 most[] = { 0, 1, 65534, 65535, 65536,
				      NEXUS_FLOW_ROOM_ANY };

	nx_tcp_room(pick_chan(p), &p->flows[pick(p, NR_SOCKS)],
		    most[pick(p, NX_ARRAY_SIZE(most))]);
}

/* Sockets are bound, connected, bound to devices, closed, whoever has them. */
static void act_socket(struct program *p)
{
	__u32 i = pick(p, NR_SOCKS);
	int type = pick(p, 3) ? SOCK_DGRAM : SOCK_STREAM, on = pick(p, 2);
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, pick(p, 2) ? NX_HOST4 : "0.0.0.0",
				    NX_BED_PORT + pick(p, NR_PORTS));

	switch (pick(p, 7)) {
	case 0:
		close(p->socks[i]);
		p->socks[i] = socket(AF_INET, type | SOCK_CLOEXEC, 0);
		break;
	case 1:
		connect(p->socks[i], (void *)&addr, len);
		break;
	case 2:
		setsockopt(p->socks[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		break;
	case 3:
		setsockopt(p->socks[i], SOL_SOCKET, SO_BINDTODEVICE, NX_DEV,
			   on * sizeof(NX_DEV));
		break;
	case 4:
		listen(p->socks[i], pick(p, 4));
		break;
	case 5:
		shutdown(p->socks[i], pick(p, 3));
		break;
	default:
		bind(p->socks[i], (void *)&addr, len);
	}
}

static void act_send(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);
	__u32 i = pick(p, NR_SOCKS);
	char packet[256], payload[200] = "";
	struct nx_tuple tuple;
	size_t len;

	if (!is_mapped(chan))
		return;
	tuple = nx_tuple(NX_HOST4, NX_BED_PORT + pick(p, NR_PORTS), NX_PEER4, 9);
	len = nx_udp_build(packet, &tuple, payload, pick(p, sizeof(payload)));
	if (!pick(p, 4))
		packet[pick(p, len)] ^= 1U << pick(p, 8);
	nx_chan_send(chan, 0, p->flows[i].flow, pick(p, 32), packet, len);
}

static void act_segment(struct program *p)
{
	static const __u16 usual[] = { NX_SYN | NX_ACK, NX_ACK, NX_RST, NX_SYN };
	struct nx_seg seg = {
		.tuple = nx_tuple(NX_HOST4, NX_BED_PORT + pick(p, NR_PORTS),
				  NX_PEER4, 1 + pick(p, NR_PEER_PORTS)),
		.seq = pick(p, 8) * 1000,
		.ack = pick(p, 8) * 1000,
		.window = 65535,
		.flags = pick(p, 4) ? usual[pick(p, 4)] : pick(p, 64),
		.payload = "",
	};
	struct nx_chan *chan = pick_chan(p);
	char packet[NX_TCP_HEADERS_MAX];

	if (is_mapped(chan))
		nx_chan_send(chan, 0, p->flows[pick(p, NR_SOCKS)].flow, 0, packet,
			     nx_seg_build(packet, &seg));
}

static void act_ring(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);
	struct nx_ring *ring;

	if (!is_mapped(chan))
		return;
	ring = nx_chan_ring(chan, 0, pick(p, NEXUS_NR_RINGS));
	if (ring == nx_chan_ring(chan, 0, NEXUS_RING_TX) ||
	    ring == nx_chan_ring(chan, 0, NEXUS_RING_FREE))
		*ring->prod += pick(p, 4);
	else
		*ring->cons += pick(p, 4) - 1;
}

/* A child that uses what it inherited, and has not got. */
static void act_fork(struct program *p)
{
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < NR_CHANS; i++)
			nx_chan_sync(&p->chans[i], 0, NEXUS_SYNC_TX, 0);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void act_pass(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2];

	if (chan->fd < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &chan->fd, sizeof(int));
	sendmsg(pair[0], &msg, MSG_DONTWAIT);
	if (pick(p, 2))
		recvmsg(pair[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	close(dup(chan->fd));
	close(pair[0]);
	close(pair[1]);
}

static void act_control(struct program *p)
{
	struct nx_chan *chan = pick_chan(p);
	__u32 id = chan->attach.channel_id;

	/* Its own channels, and nobody else's. */
	if (!is_mapped(chan))
		return;
	switch (pick(p, 4)) {
	case 0:
		nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID, id);
		break;
	case 1:
		nx_ctl_count(pick(p, 2) ? NEXUS_CMD_GET_CHANNEL :
					  NEXUS_CMD_GET_FLOW);
		break;
	case 2:
		nx_flow_kill(id, pick(p, 4), 1 + pick(p, 3));
		break;
	default:
		nx_tune(id, NEXUS_TUNE_WORKING_SET, pick(p, 20) - 1L);
	}
}

static void act_status(struct program *p)
{
	struct nexus_status status;

	nx_chan_status(pick_chan(p), &status);
}

static void (*const acts[])(struct program *p) = {
	act_attach, act_attach, act_close, act_map, act_sync, act_sync,
	act_flow, act_flow, act_socket, act_send, act_send, act_ring,
	act_fork, act_pass, act_control, act_status, act_listen, act_room,
	act_segment,
};

/* Segments from the peer to the ports, one a millisecond, for as long as it is all. */
static void throw(const struct nx_bed *bed, __u32 seed)
{
	int wire = nx_packet_socket(bed->net.peer, NX_PEER_DEV);
	char packet[NX_TCP_HEADERS_MAX];

	for (;;) {
		struct nx_seg seg = {
			.tuple = nx_tuple(NX_PEER4,
					  1 + nx_random(&seed) % NR_PEER_PORTS,
					  NX_HOST4, NX_BED_PORT +
					  nx_random(&seed) % NR_PORTS),
			.seq = nx_random(&seed) % 8 * 1000,
			.ack = nx_random(&seed) % 8 * 1000,
			.window = 65535,
			.flags = nx_random(&seed) % 2 ? NX_SYN :
				 nx_random(&seed) % 64,
			.payload = "",
		};

		nx_packet_send(wire, NX_PEER_DEV, packet,
			       nx_seg_build(packet, &seg));
		usleep(1000);
	}
}

/* -------------------------------------------------------------- a round */

/* Changes bytes of what is mapped; the main thread unmaps it at any time. */
static void *flip(void *arg)
{
	struct program *p = arg;
	__u32 seed = p->seed;

	for (;;) {
		struct nx_chan *chan = &p->chans[nx_random(&seed) % NR_CHANS];
		int id = nx_random(&seed) & 8 ? NEXUS_REGION_URINGS :
						NEXUS_REGION_BUFFERS;
		size_t len = chan->attach.regions[id].data_len;
		char *data = chan->data[id];

		if (data && len)
			data[(nx_random(&seed) >> 3) % len] ^=
				1U << (nx_random(&seed) >> 3) % 8;
	}
	return NULL;
}

/* It has touched what it had unmapped: its own affair. */
static void on_fault(int signal)
{
	_exit(0);
}

static void run_round(__u32 seed)
{
	static struct program p;
	pthread_t thread;

	p.seed = seed ?: 1;
	for (int i = 0; i < NR_CHANS; i++)
		p.chans[i].fd = -1;
	for (int i = 0; i < NR_SOCKS; i++)
		p.socks[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	/* One round in four has no such thread, and so always does the same. */
	if (seed % 4)
		pthread_create(&thread, NULL, flip, &p);
	for (int i = 0; i < NR_ACTS; i++)
		acts[pick(&p, NX_ARRAY_SIZE(acts))](&p);
	_exit(0);
}

/* How a round ends, if not by itself: at the limit, some acts can wait. */
static void end_round(pid_t pid)
{
	for (int i = 0; i < 2000; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		nx_sleep_ms(5);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

NX_TEST_LONG(programs, "LIFE-4 RING-2 RING-6 RING-7 random programs, their bytes changed under them: neighbours go on", 1200)
{
	long long seconds = nx_loops("NEXUS_FUZZ_SECONDS", 400);
	long long end;
	__u32 seed = nx_seed_begin(), rounds = 0;
	struct nx_bed bed;
	pid_t thrower;

	nr_beside = nx_shared_alloc(sizeof(*nr_beside));
	nx_bed_start(&bed);
	thrower = nx_fork();
	if (!thrower)
		throw(&bed, seed);
	end = nx_now_ns() + seconds * NX_SEC;
	do {
		pid_t pid = nx_fork();

		if (!pid)
			run_round(seed + rounds);
		end_round(pid);
		rounds++;
	} while (nx_now_ns() < end);
	kill(thrower, SIGKILL);
	EXPECT_EQ(-SIGKILL, nx_wait_child(thrower));
	nx_note("%u programs in %lld seconds, the last one of seed %u, %u listeners beside the kernel's",
		rounds, seconds, seed + rounds - 1, *nr_beside);
	nx_bed_judge(&bed);
}

NX_TEST_MAIN("fuzz")
