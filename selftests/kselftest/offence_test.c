// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a channel that broke the rules, of the process that attached it,
 * and of what is told about it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define NR_QUEUES	4
/* Long for whatever is only waited for if it fails. */
#define PATIENCE_MS	60000

static void scene_start(struct nx_net *net, __u32 on_violation)
{
	nx_net_start(net);
	nx_nexus_start(NEXUS, NX_DEV);
	if (nx_policy_limit(NEXUS, NEXUS_POLICY_A_ON_VIOLATION, on_violation))
		nx_die("no policy on-violation");
}

/* The producer's index of @id, further on than the ring is long, by @value. */
static __u32 offend(struct nx_chan *chan, __u32 queue, int id, __u32 value)
{
	struct nx_ring *ring = nx_chan_ring(chan, queue, id);

	value += *ring->cons + ring->nr_slots;
	__atomic_store_n(ring->prod, value, __ATOMIC_RELEASE);
	return value;
}

/* Packets for the channel until it is in @state; the first ones may get lost. */
static bool send_until(int peer, __u32 id, __u32 state)
{
	long long end = nx_now_ns() + PATIENCE_MS * NX_MSEC;
	struct nx_ctl_channel channel;

	while (nx_now_ns() < end) {
		nx_udp_send(peer, "packet", 6, NX_HOST4, PORT);
		if (!nx_channel_get(id, &channel) && channel.state == state)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------- the offender */

/**
 * struct offender - what a child and its parent know of each other
 * @step: 1: attached; 2: may go on; 3: has survived
 * @id:   of its channel
 * @index, @value: the kernel's own, and that which it wrote
 * @err:  of the call that found it
 */
struct offender {
	volatile __u32	step;
	volatile __u32	id;
	volatile __u32	index;
	volatile __u32	value;
	volatile __s32	err;
};

static void be_offender(struct offender *o)
{
	struct nx_chan chan;

	nx_chan_start(&chan, NEXUS);
	o->id = chan.attach.channel_id;
	o->step = 1;
	if (!nx_wait_word(&o->step, 2, PATIENCE_MS))
		nx_die("nobody waits");
	o->index = *nx_chan_ring(&chan, 0, NEXUS_RING_TX)->cons;
	o->value = offend(&chan, 0, NEXUS_RING_TX, 7);
	o->err = nx_chan_sync(&chan, 0, NEXUS_SYNC_TX, 0);
	o->step = 3;
	for (;;)
		pause();
}

static pid_t offender_start(struct offender **o)
{
	pid_t pid;

	*o = nx_shared_alloc(sizeof(**o));
	pid = nx_fork();
	if (!pid)
		be_offender(*o);
	if (!nx_wait_word(&(*o)->step, 1, PATIENCE_MS))
		nx_die("it does not attach");
	return pid;
}

static void expect_told(NX_METADATA, struct mnl_socket *monitor, pid_t pid,
			const struct offender *o)
{
	struct nx_ctl_event event;

	ASSERT_TRUE(nx_monitor_wait(monitor, NEXUS_MONITOR_VIOLATION, &event,
				    PATIENCE_MS));
	EXPECT_EQ(NEXUS_VIOLATION_TX_INDEX, event.violation);
	EXPECT_EQ(o->id, event.channel_id);
	EXPECT_EQ(pid, event.pid);
	EXPECT_EQ(o->value, event.value);
	EXPECT_EQ(o->index, event.index);
}

NX_TEST(killed, "RING-2 on-violation kill: who attached dies by SIGKILL, it is told with its values, neighbours go on")
{
	struct mnl_socket *monitor;
	struct nx_chan neighbour;
	struct offender *o;
	struct nx_pair pair;
	struct nx_net net;
	int status;
	pid_t pid;

	scene_start(&net, NEXUS_ON_VIOLATION_KILL);
	nx_chan_start(&neighbour, NEXUS);
	nx_pair_start(&pair, &neighbour, &net, AF_INET, PORT);
	monitor = nx_monitor_open();
	pid = offender_start(&o);
	o->step = 2;
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	expect_told(_metadata, monitor, pid, o);
	EXPECT_TRUE(nx_pair_ping(&pair, 1));
	mnl_socket_close(monitor);
	nx_pair_stop(&pair);
	nx_chan_close(&neighbour);
}

NX_TEST(quarantined, "RING-2 on-violation quarantine: the process lives, and learns why its channel stopped")
{
	struct mnl_socket *monitor;
	struct offender *o;
	struct nx_net net;
	pid_t pid;

	scene_start(&net, NEXUS_ON_VIOLATION_QUARANTINE);
	monitor = nx_monitor_open();
	pid = offender_start(&o);
	o->step = 2;
	ASSERT_TRUE(nx_wait_word(&o->step, 3, PATIENCE_MS));
	EXPECT_EQ(-EPROTO, o->err);
	expect_told(_metadata, monitor, pid, o);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	nx_wait_child(pid);
	mnl_socket_close(monitor);
}

NX_TEST(keeps_sockets, "RING-2 FLOW-5 a channel in quarantine keeps its sockets: another one's FLOW_ADD says EALREADY at once, until it is closed")
{
	struct nexus_flow_add add;
	struct nx_chan chan, other;
	struct nx_flow flow;
	struct nx_net net;

	scene_start(&net, NEXUS_ON_VIOLATION_QUARANTINE);
	nx_chan_start(&chan, NEXUS);
	nx_chan_start(&other, NEXUS);
	nx_flow_start(&flow, &chan, NX_HOST4, PORT, NULL, 0);
	offend(&chan, 0, NEXUS_RING_TX, 7);
	EXPECT_EQ(-EPROTO, nx_chan_sync(&chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(-EALREADY, nx_flow_add(&other, flow.sock, &add));
	nx_chan_close(&chan);
	EXPECT_EQ(0, nx_flow_add(&other, flow.sock, &add));
	nx_chan_close(&other);
}

/* ----------------------------------------------------- no longer the same one */

/* Writes an index that a packet which arrives finds; then another program runs. */
static void be_changeling(struct offender *o)
{
	struct nx_chan chan;
	struct nx_flow flow;

	nx_chan_start(&chan, NEXUS);
	nx_flow_start(&flow, &chan, NX_HOST4, PORT, NULL, 0);
	fcntl(chan.fd, F_SETFD, 0);
	fcntl(flow.sock, F_SETFD, 0);
	o->id = chan.attach.channel_id;
	offend(&chan, 0, NEXUS_RING_FREE, 7);
	execlp("sleep", "sleep", "1000", NULL);
	nx_die("no sleep: %s", strerror(errno));
}

static bool is_sleep(pid_t pid)
{
	char path[64], comm[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = 0;
	fclose(file);
	return !strcmp(comm, "sleep\n");
}

NX_TEST(changeling, "RING-2 on-violation kill: the program that runs after exec() is not the one that offended")
{
	struct offender *o = nx_shared_alloc(sizeof(*o)), *other;
	struct nx_net net;
	int peer, status;
	pid_t pid, next;

	scene_start(&net, NEXUS_ON_VIOLATION_KILL);
	peer = nx_udp_socket(net.peer, NX_PEER4, PORT, NULL, 0);
	pid = nx_fork();
	if (!pid)
		be_changeling(o);
	while (!is_sleep(pid))
		nx_sleep_ms(1);
	ASSERT_TRUE(send_until(peer, o->id, NEXUS_CHANNEL_QUARANTINED));
	/* One that offends after it is dead before we look. */
	next = offender_start(&other);
	other->step = 2;
	ASSERT_EQ(next, waitpid(next, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	nx_wait_child(pid);
}

/* ---------------------------------------------------------- the record itself */

struct racer {
	struct nx_chan	*chan;
	__u32	queue;
	pthread_barrier_t	*start;
};

/* Each queue's own value, by which its record is known. */
static __u32 value_of(__u32 queue)
{
	return 1000 * (queue + 1);
}

static void *race(void *arg)
{
	struct racer *r = arg;

	offend(r->chan, r->queue, NEXUS_RING_TX, value_of(r->queue));
	pthread_barrier_wait(r->start);
	nx_chan_sync(r->chan, r->queue, NEXUS_SYNC_TX, 0);
	return NULL;
}

static void race_once(NX_METADATA)
{
	struct racer racers[NR_QUEUES];
	pthread_t threads[NR_QUEUES];
	struct nexus_status status;
	pthread_barrier_t start;
	const struct nx_ring *tx;
	struct nx_chan chan;

	nx_chan_init(&chan, NEXUS);
	chan.attach.nr_queues = NR_QUEUES;
	chan.attach.nr_small = 16;
	nx_chan_begin(&chan);
	pthread_barrier_init(&start, NULL, NR_QUEUES + 1);
	for (__u32 i = 0; i < NR_QUEUES; i++) {
		racers[i] = (struct racer) { &chan, i, &start };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, race, &racers[i]));
	}
	pthread_barrier_wait(&start);
	do {
		ASSERT_EQ(0, nx_chan_status(&chan, &status));
		if (status.state == NEXUS_CHANNEL_QUARANTINED)
			ASSERT_NE(NEXUS_VIOLATION_NONE, status.violation);
	} while (!status.violation);
	ASSERT_EQ(NEXUS_VIOLATION_TX_INDEX, status.violation);
	ASSERT_GT(NR_QUEUES, status.queue);
	tx = nx_chan_ring(&chan, status.queue, NEXUS_RING_TX);
	ASSERT_EQ(*tx->cons, status.index);
	ASSERT_EQ(*tx->cons + tx->nr_slots + value_of(status.queue), status.value);
	for (__u32 i = 0; i < NR_QUEUES; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	nx_chan_close(&chan);
}

NX_TEST_LONG(record, "RING-2 queues that offend at once: the record is one of them, and whole as soon as it is seen", 120)
{
	__u32 nr = nx_loops("NEXUS_TEST_OFFENCES", 2000);
	struct nx_net net;

	scene_start(&net, NEXUS_ON_VIOLATION_QUARANTINE);
	for (__u32 i = 0; i < nr; i++)
		race_once(_metadata);
}

NX_TEST_MAIN("offence")
