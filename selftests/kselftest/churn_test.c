// SPDX-License-Identifier: GPL-2.0
/*
 * Lifetimes in random order, on two CPUs: channels are attached, have flows and
 * traffic, and end in every way that there is, while their device, nexus, network
 * namespace and module do. The kernel's log is the judge.
 *
 *	workers 0 and 2, CPU 0               workers 1 and 3, CPU 1
 *	+- namespace, veth, nexus -+         +- namespace, veth, nexus -+
 *	|  a process a round       |-+       |  a process a round       |-+
 *	+--------------------------+ |       +--------------------------+ |
 *	  +--------------------------+         +--------------------------+
 *
 * More of them than CPUs: one works while another waits for the kernel.
 * What a round does is a matter of its seed alone; when it does is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "link.h"
#include "tcp.h"
#include "test.h"

#define NEXUS		"t"
#define PORT		4000
#define NR_PORTS	20000
#define NR_WORKERS	4
#define NR_CPUS		2
#define WAIT_MS		60000
#define SOON_MS		40

/* All rounds, and for how long a share of them is tried. */
#define NR_ROUNDS	10000
#define SHARE_S		12

/* Of each worker, however slow the machine: one of them at least has a flow. */
#define FEWEST		8

/* How often a long run tells how far it is. */
#define TELL_NS		(60 * NX_SEC)

/* How a round ends. */
enum fate {
	CLOSE,		/* the process lets go of everything, one by one */
	EXIT,		/* it exits with all that it has */
	KILL,
	DEFUNCT,	/* its memory is taken back; it is killed later */
	NEXUS_GONE,	/* somebody tries to delete the nexus under it */
	DEVICE,		/* the device is unregistered under it */
	NAMESPACE,	/* the network namespace loses its last process */
	UNLOAD,		/* the module is removed, as soon as nobody uses it */
	NR_FATES,
};

static const char *const fate_names[NR_FATES] = {
	"closed", "exited", "killed", "defunct", "nexus", "device", "namespace",
	"unload",
};

/* So often of 128 times; what takes long to make again, or has all wait, is rare. */
static const __u8 weights[NR_FATES] = { 30, 21, 38, 21, 13, 2, 2, 1 };
#define SUM_OF_WEIGHTS	128

/**
 * struct tally - what has happened, in memory that all processes share
 * @loads:    of the module
 * @fates:    rounds that ended so
 * @attached: rounds whose process had a channel
 * @flows:    and a flow, and of those
 * @conns:    a connection of TCP
 * @shared:   rounds whose process had a flow beside the kernel's listener
 * @accepted: connections that it accepted there by that
 * @kernels:  and by the kernel's stack
 * @packets:  sent through channels
 */
struct tally {
	volatile __u32	loads;
	__u32	fates[NR_FATES];
	__u32	attached;
	__u32	flows;
	__u32	conns;
	__u32	shared;
	__u32	accepted;
	__u32	kernels;
	__u64	packets;
};

/**
 * struct world - where a worker's rounds take place
 * @home:     the namespace in which the test began
 * @net:      of this worker
 * @has_net, @has_dev: it is there, and its device is
 * @loads:    of the module when the nexus was made; 0: there is none
 * @lock:     held shared while a world is made, and alone while the module is
 *            removed
 * @seed:     of the round
 * @tally:    of all workers
 * @step:     a pipe: the round's process has a byte for it when it is at work, and
 *            its end is that of the file
 */
struct world {
	int	home;
	struct nx_net	net;
	bool	has_net;
	bool	has_dev;
	__u32	loads;
	int	lock;
	__u32	seed;
	struct tally	*tally;
	int	step[2];
};

static __u32 pick(__u32 *seed, __u32 below)
{
	return (nx_random(seed) >> 4) % below;
}

static void count(__u32 *number)
{
	__atomic_fetch_add(number, 1, __ATOMIC_RELAXED);
}

/* --------------------------------------------------- the process of a round */

/**
 * struct life - what the process has
 * @world:  where
 * @seed:   of what it decides
 * @pause_us: after each packet, both ways; 0: none
 * @port:   at both ends, not that of the rounds before
 * @chan:   its channel
 * @flow:   of UDP
 * @conn:   of TCP
 * @peer:   a socket at the other end
 * @server: a socket that listens, or 0: there is none
 * @beside: its flow
 */
struct life {
	struct world	*world;
	__u32	seed;
	__u32	pause_us;
	__u16	port;
	struct nx_chan	chan;
	struct nx_flow	flow;
	struct nx_conn	conn;
	int	peer;
	int	server;
	struct nexus_flow_add	beside;
};

/* The module, the nexus or the device may be gone: the round is over early. */
static bool attach(struct life *life)
{
	struct nx_chan *chan = &life->chan;

	nx_chan_init(chan, NEXUS);
	chan->attach.nr_small = 64 << pick(&life->seed, 3);
	chan->attach.nr_queues = 1 + pick(&life->seed, 2);
	if (pick(&life->seed, 2))
		chan->attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	if (nx_chan_open(chan) || nx_chan_attach(chan) || nx_chan_map(chan))
		return false;
	count(&life->world->tally->attached);
	return true;
}

/* In namespace @ns, -1: here; without its address if that is gone. */
static int bound_socket(const struct life *life, int ns, int type,
			const char *local)
{
	int sock = nx_socket(ns, AF_INET, type, 0);

	nx_udp_bind(sock, local, life->port);
	return sock;
}

static bool add_flow(struct life *life)
{
	struct nx_flow *flow = &life->flow;
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_PEER4, life->port);

	life->peer = bound_socket(life, life->world->net.peer, SOCK_DGRAM,
				  NX_PEER4);
	flow->chan = &life->chan;
	flow->sock = bound_socket(life, -1, SOCK_DGRAM, NX_HOST4);
	if (pick(&life->seed, 2))
		connect(flow->sock, (void *)&addr, len);
	if (nx_flow_add(&life->chan, flow->sock, &flow->add))
		return false;
	flow->tuple = nx_tuple(NX_HOST4, life->port, NX_PEER4, life->port);
	count(&life->world->tally->flows);
	return true;
}

/* A connection that is open, or half open. */
static void connect_tcp(struct life *life)
{
	int server = bound_socket(life, life->world->net.peer, SOCK_STREAM,
				  NX_PEER4);
	int sock = bound_socket(life, -1, SOCK_STREAM, NX_HOST4);
	struct nexus_flow_add add;

	listen(server, 8);
	if (nx_tcp_adopt(&life->chan, sock, NULL, NX_PEER4, life->port, &add))
		return;
	life->conn.chan = &life->chan;
	life->conn.flow = add.flow;
	life->conn.tuple = life->flow.tuple;
	/* Of two queues it may be the other that gets the answer: nobody reads it. */
	if (life->chan.attach.nr_queues > 1)
		nx_conn_send(&life->conn, NX_SYN, NULL, 0);
	else if (nx_conn_open(&life->conn))
		count(&life->world->tally->conns);
	close(server);
}

/* One that is on its way to the server; the device may be gone. */
static int begin_client(const struct life *life)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_HOST4, life->port);
	int sock = nx_socket(life->world->net.peer, AF_INET,
			     SOCK_STREAM | SOCK_NONBLOCK, 0);

	connect(sock, (void *)&addr, len);
	return sock;
}

/* A client's connection comes by either way; or by none, as of two queues one is read. */
static void accept_client(struct life *life)
{
	struct nx_conn *conn = &life->conn;
	struct nx_seg seg;

	begin_client(life);
	if (!nx_chan_recv_seg(conn, life->beside.flow, &seg, SOON_MS)) {
		if (accept4(life->server, NULL, NULL, 0) >= 0)
			count(&life->world->tally->kernels);
		return;
	}
	if (nx_conn_answer(conn, life->beside.flow, &seg) ||
	    nx_chan_recv_packet(&life->chan, 0, &conn->desc, conn->packet,
				sizeof(conn->packet), SOON_MS) < 0)
		return;
	if (conn->desc.flow != life->beside.flow)
		count(&life->world->tally->accepted);
}

/* A listener of the kernel's, and a flow beside it. */
static void serve(struct life *life)
{
	int sock = bound_socket(life, -1, SOCK_STREAM | SOCK_NONBLOCK, NX_HOST4);

	if (listen(sock, 8) || nx_tcp_beside(&life->chan, sock, &life->beside))
		return;
	life->server = sock;
	life->conn.chan = &life->chan;
	count(&life->world->tally->shared);
	if (pick(&life->seed, 2))
		nx_tcp_room(&life->chan, &life->beside, pick(&life->seed, 3));
	for (int i = 0; i < 2; i++)
		accept_client(life);
	nx_tcp_room(&life->chan, &life->beside, NEXUS_FLOW_ROOM_ANY);
	/* It may listen until the end, or not; the flow knows nothing of that. */
	switch (pick(&life->seed, 4)) {
	case 0:
		close(sock);
		break;
	case 1:
		shutdown(sock, SHUT_RDWR);
		break;
	}
}

/* Traffic without end in all of them would leave no CPU for what they are about. */
static void pause_after_packet(const struct life *life)
{
	if (life->pause_us)
		usleep(life->pause_us);
	else
		sched_yield();
}

static void *send_in(void *arg)
{
	struct life *life = arg;

	for (;;) {
		nx_udp_send(life->peer, "traffic", 7, NX_HOST4, life->port);
		if (life->server)
			close(begin_client(life));
		pause_after_packet(life);
	}
	return NULL;
}

/* What came in is given back; a SYN may have an answer. */
static void take(struct life *life, const struct nexus_desc *desc)
{
	struct nx_conn *conn = &life->conn;
	struct nx_seg seg;
	bool is_syn = false;

	if (life->server && desc->flow == life->beside.flow && desc->len <= 128) {
		memcpy(conn->packet, nx_buf_ptr(&life->chan, desc->buf),
		       desc->len);
		is_syn = !nx_seg_parse(conn->packet, desc->len,
				       !(desc->flags & NEXUS_DESC_CSUM), &seg) &&
			 seg.flags & NX_SYN;
	}
	nx_buf_give(&life->chan, 0, desc->buf);
	if (is_syn)
		nx_conn_answer(conn, life->beside.flow, &seg);
}

/* One packet out, and all that came in; whatever the answers are. */
static void exchange(struct life *life)
{
	struct nx_ring *rx = nx_chan_ring(&life->chan, 0, NEXUS_RING_RX);
	struct nexus_desc desc;
	char packet[64];
	size_t len = nx_udp_build(packet, &life->flow.tuple, "traffic", 7);

	nx_chan_send(&life->chan, 0, life->flow.add.flow, 0, packet, len);
	nx_chan_sync(&life->chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0);
	while (nx_ring_pop(rx, &desc))
		take(life, &desc);
	__atomic_fetch_add(&life->world->tally->packets, 1, __ATOMIC_RELAXED);
}

/*
 * When the namespace is to end, its process goes home; it may keep the sockets,
 * which then keep the namespace, or not.
 */
static void go_home(struct life *life)
{
	if (pick(&life->seed, 2)) {
		nx_flow_del(&life->chan, &life->flow.add);
		close(life->flow.sock);
		close(life->peer);
		if (life->server)
			close(life->server);
	}
	nx_net_enter(life->world->home);
	nx_net_stop(&life->world->net);
}

static void use_cpus(int from, int nr)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (int i = from; i < from + nr; i++)
		CPU_SET(i, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void live(struct world *world, enum fate fate)
{
	static const __u32 pauses_us[] = { 0, 1000, 5000, 20000 };
	static struct life life;
	__u32 packets;
	pthread_t thread;

	life.world = world;
	life.seed = world->seed;
	life.port = PORT + world->seed % NR_PORTS;
	life.pause_us = pauses_us[pick(&life.seed, NX_ARRAY_SIZE(pauses_us))];
	if (pick(&life.seed, 2))
		use_cpus(0, NR_CPUS);
	if (!attach(&life) || !add_flow(&life))
		_exit(0);
	switch (pick(&life.seed, 3)) {
	case 0:
		connect_tcp(&life);
		break;
	case 1:
		serve(&life);
		break;
	}
	if (fate == NAMESPACE)
		go_home(&life);
	else
		pthread_create(&thread, NULL, send_in, &life);
	packets = pick(&life.seed, 20);
	for (__u32 i = 0; fate >= KILL || i < packets; i++) {
		exchange(&life);
		if (!i && write(world->step[1], "", 1) != 1)
			_exit(1);
		pause_after_packet(&life);
	}
	if (fate == CLOSE) {
		if (pick(&life.seed, 2))
			nx_flow_del(&life.chan, &life.flow.add);
		if (life.server && pick(&life.seed, 2))
			nx_flow_del(&life.chan, &life.beside);
		nx_chan_close(&life.chan);
	}
	_exit(0);
}

/* ------------------------------------------------------------------ worlds */

static int module_remove(void)
{
	return syscall(SYS_delete_module, "nexus", O_NONBLOCK) ? -errno : 0;
}

static void module_insert(void)
{
	const char *path = getenv("NEXUS_KO") ?: "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		nx_die("insert NEXUS_KO=%s: %s", path, strerror(errno));
	close(fd);
}

/* Everything that the last rounds have ended is there again. */
static void world_make(struct world *world)
{
	flock(world->lock, LOCK_SH);
	if (!world->has_net) {
		nx_net_start(&world->net);
		world->has_net = world->has_dev = true;
		world->loads = 0;
	}
	if (!world->has_dev) {
		nx_net_more(&world->net, 0);
		world->has_dev = true;
		if (world->loads == world->tally->loads &&
		    nx_dev_add(NEXUS, nx_ifindex(NX_DEV)))
			nx_die("the device does not come back: %s",
			       nx_ctl_reason());
	}
	if (world->loads != world->tally->loads) {
		nx_nexus_start(NEXUS, NX_DEV);
		nx_policy_limit(NEXUS, NEXUS_POLICY_A_LINGER, 0);
		world->loads = world->tally->loads;
	}
	flock(world->lock, LOCK_UN);
}

/* -------------------------------------------------------------------- ends */

/* Who removes the module may wait for the process that is to be ended here. */
static bool module_stays(struct world *world)
{
	return !flock(world->lock, LOCK_SH | LOCK_NB);
}

static void end_defunct(struct world *world, pid_t pid)
{
	if (!module_stays(world))
		return;
	nx_defunct(NEXUS_DEFUNCT_A_PID, pid);
	flock(world->lock, LOCK_UN);
}

/* Refused while there are channels; and later, not. */
static void end_nexus(struct world *world)
{
	if (!module_stays(world))
		return;
	if (!nx_nexus_del(NEXUS))
		world->loads = 0;
	flock(world->lock, LOCK_UN);
}

static void end_device(struct world *world)
{
	nx_link_del(NX_DEV);
	world->has_dev = false;
}

/* Its processes are those of this round, which have left, or leave soon. */
static void end_namespace(struct world *world)
{
	nx_net_enter(world->home);
	nx_net_stop(&world->net);
	world->has_net = world->has_dev = false;
}

/*
 * While it tries, the other workers' processes go on, and no other one begins;
 * so in the end nobody uses the module.
 */
static void end_module(struct world *world)
{
	int err = -EWOULDBLOCK;

	flock(world->lock, LOCK_EX);
	for (int i = 0; err == -EWOULDBLOCK && i < WAIT_MS / 5; i++) {
		err = module_remove();
		if (err)
			nx_sleep_ms(5);
	}
	if (err)
		nx_die("the module is not removed: %s", strerror(-err));
	module_insert();
	world->tally->loads++;
	flock(world->lock, LOCK_UN);
}

static void end(struct world *world, enum fate fate, pid_t pid)
{
	switch (fate) {
	case CLOSE:
	case EXIT:
		return;
	case DEFUNCT:
		end_defunct(world, pid);
		break;
	case NEXUS_GONE:
		end_nexus(world);
		break;
	case DEVICE:
		end_device(world);
		break;
	case NAMESPACE:
		end_namespace(world);
		break;
	case KILL:
	case UNLOAD:
	case NR_FATES:
		break;
	}
	nx_sleep_ms(pick(&world->seed, 4));
	kill(pid, SIGKILL);
}

/* Until the process is at work, or over. */
static void await(const struct world *world)
{
	struct pollfd step = { .fd = world->step[0], .events = POLLIN };

	poll(&step, 1, WAIT_MS);
}

static enum fate pick_fate(__u32 *seed)
{
	__u32 at = pick(seed, SUM_OF_WEIGHTS);
	enum fate fate = CLOSE;

	while (at >= weights[fate])
		at -= weights[fate++];
	return fate;
}

static int run_round(struct world *world, __u32 seed)
{
	enum fate fate;
	int status;
	pid_t pid;

	world->seed = seed ?: 1;
	fate = pick_fate(&world->seed);
	count(&world->tally->fates[fate]);
	world_make(world);
	if (pipe2(world->step, O_CLOEXEC))
		nx_die("pipe: %s", strerror(errno));
	pid = nx_fork();
	if (!pid)
		live(world, fate);
	close(world->step[1]);
	if (pick(&world->seed, 4))
		await(world);
	end(world, fate, pid);
	status = nx_wait_child(pid);
	close(world->step[0]);
	if (fate == NEXUS_GONE && world->loads)
		end_nexus(world);
	if (fate == UNLOAD)
		end_module(world);
	return status == -SIGKILL ? 0 : status;
}

static __u32 nr_done(const struct tally *tally)
{
	__u32 nr = 0;

	for (int i = 0; i < NR_FATES; i++)
		nr += __atomic_load_n(&tally->fates[i], __ATOMIC_RELAXED);
	return nr;
}

/* Up to @rounds, begun before @end_ns, but for the first ones. */
static void work(struct world *world, int worker, __u32 seed, __u32 rounds,
		 long long end_ns)
{
	long long now_ns = nx_now_ns(), tell_ns = now_ns + TELL_NS;

	use_cpus(worker % NR_CPUS, 1);
	world->lock = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	for (__u32 i = 0; i < rounds && (i < FEWEST || now_ns < end_ns); i++) {
		int status = run_round(world, seed + i * NR_WORKERS + worker);

		if (status)
			nx_die("worker %d, round %u of seed %u: its process ended with %d",
			       worker, i, seed, status);
		now_ns = nx_now_ns();
		if (worker || now_ns < tell_ns)
			continue;
		nx_note("%u rounds so far", nr_done(world->tally));
		tell_ns = now_ns + TELL_NS;
	}
	_exit(0);
}

static void tell(const struct tally *tally)
{
	nx_note("%u rounds", nr_done(tally));
	nx_note("%u channels, %u flows, %u connections, %llu packets, %u loads of the module",
		tally->attached, tally->flows, tally->conns, tally->packets,
		tally->loads);
	nx_note("%u listeners beside the kernel's, %u connections by them, %u by the kernel's",
		tally->shared, tally->accepted, tally->kernels);
	for (int i = 0; i < NR_FATES; i++)
		nx_note("%u times %s", tally->fates[i], fate_names[i]);
}

/* All rounds take what they take, unless told otherwise; a share does not. */
static long long end_of(__u32 nr)
{
	const char *text = getenv("NEXUS_TEST_LIFETIMES_SECONDS");
	long long seconds = text ? atoll(text) : nr < NR_ROUNDS ? SHARE_S : 0;

	return seconds ? nx_now_ns() + seconds * NX_SEC : LLONG_MAX;
}

NX_TEST_LONG(lifetimes, "LIFE-4 LIFE-1 LIFE-2 POOL-4 attach, flow, listener beside the kernel's, traffic, kill, defunct, device, namespace and module end in random order on two CPUs", 7200)
{
	__u32 nr = nx_loops("NEXUS_TEST_LIFETIMES", NR_ROUNDS);
	long long end_ns = end_of(nr);
	__u32 seed = nx_seed_begin();
	struct tally *tally = nx_shared_alloc(sizeof(*tally));
	struct world world = { .tally = tally };
	pid_t pids[NR_WORKERS];
	int err = -EWOULDBLOCK;

	tally->loads = 1;
	world.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < NR_WORKERS; i++) {
		pids[i] = nx_fork();
		if (!pids[i])
			work(&world, i, seed, (nr + i) / NR_WORKERS,
			     end_ns);
	}
	for (int i = 0; i < NR_WORKERS; i++)
		EXPECT_EQ(0, nx_wait_child(pids[i]));
	tell(tally);
	EXPECT_LT(0, tally->attached);
	EXPECT_LT(0, tally->flows);
	EXPECT_LT(0, tally->shared);
	/* Nothing of all that holds the module. */
	for (int i = 0; i < WAIT_MS / 20 && err == -EWOULDBLOCK; i++) {
		err = module_remove();
		if (err)
			nx_sleep_ms(20);
	}
	EXPECT_EQ(0, err);
	if (!err)
		module_insert();
}

NX_TEST_MAIN("churn")
