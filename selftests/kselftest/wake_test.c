// SPDX-License-Identifier: GPL-2.0
/* Sleeping and waking: nobody sleeps through anything, nobody wakes in vain. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define BURST	32

/* A sleeper that has not woken by then has missed its wakeup. */
#define LOST_MS	5000

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.rx_slots = 256;
	bed->chan.attach.nr_small = 1024;
	nx_chan_begin(&bed->chan);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
}

static int event_fd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		nx_die("eventfd: %s", strerror(errno));
	return fd;
}

static void event_write(int fd)
{
	__u64 one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		nx_die("eventfd: %s", strerror(errno));
}

/* Sleeps as one who is woken first, and for @fd as well: 0, 1, -errno. */
static int sync_beside(struct nx_chan *chan, int fd, __s64 timeout_ns)
{
	struct nexus_sync sync = {
		.size = sizeof(sync),
		.flags = NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_WAIT_FD |
			 NEXUS_SYNC_FIRST,
		.fd = fd,
		.timeout_ns = timeout_ns,
	};
	int ret = ioctl(chan->fd, NEXUS_IOC_SYNC, &sync);

	return ret < 0 ? -errno : ret;
}

/* ---------------------------------------------------------- ways to wait */

enum way { WAY_POLL, WAY_LEVEL, WAY_EDGE, WAY_SYNC, WAY_FIRST };

struct waiter {
	struct nx_chan	*chan;
	enum way	way;
	__u32	events;
	int	epoll;
	int	beside;
};

static void waiter_start(struct waiter *waiter, struct nx_chan *chan,
			 enum way way, __u32 events)
{
	struct epoll_event event = { .events = events };

	*waiter = (struct waiter){
		.chan = chan,
		.way = way,
		.events = events,
		.epoll = -1,
		.beside = way == WAY_FIRST ? event_fd() : -1,
	};
	if (way != WAY_LEVEL && way != WAY_EDGE)
		return;
	if (way == WAY_EDGE)
		event.events |= EPOLLET;
	waiter->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (waiter->epoll < 0 ||
	    epoll_ctl(waiter->epoll, EPOLL_CTL_ADD, chan->fd, &event))
		nx_die("epoll: %s", strerror(errno));
}

static bool waiter_poll(struct waiter *waiter)
{
	struct pollfd poll_one = {
		.fd = waiter->chan->fd,
		.events = waiter->events,
	};

	return poll(&poll_one, 1, LOST_MS) == 1 &&
	       poll_one.revents & waiter->events;
}

static bool waiter_epoll(struct waiter *waiter)
{
	struct epoll_event event;

	return epoll_wait(waiter->epoll, &event, 1, LOST_MS) == 1 &&
	       event.events & waiter->events;
}

static bool waiter_sync(struct waiter *waiter)
{
	__u32 flags = waiter->events & POLLIN ? NEXUS_SYNC_WAIT_RX :
						NEXUS_SYNC_WAIT_TX;

	return !nx_chan_sync(waiter->chan, 0, flags, LOST_MS * NX_MSEC);
}

/* false: the wakeup was lost. */
static bool waiter_wait(struct waiter *waiter)
{
	switch (waiter->way) {
	case WAY_POLL:
		return waiter_poll(waiter);
	case WAY_LEVEL:
	case WAY_EDGE:
		return waiter_epoll(waiter);
	case WAY_SYNC:
		return waiter_sync(waiter);
	case WAY_FIRST:
		break;
	}
	return !sync_beside(waiter->chan, waiter->beside, LOST_MS * NX_MSEC);
}

/* ------------------------------------------------------------------ RX */

static void spin(__u32 *seed, __u32 most)
{
	for (__u32 i = nx_random(seed) & most; i; i--)
		__asm__ volatile("" ::: "memory");
}

/*
 * Sends @nr datagrams, each as soon as the one before was read, some of them
 * a little later, @most: so that arrivals meet every step of going to sleep.
 */
static void send_when_read(int sock, volatile __u32 *nr_read, __u32 nr, __u32 most)
{
	__u32 seed = 1;

	for (__u32 i = 0; i < nr; i++) {
		while (*nr_read != i)
			sched_yield();
		spin(&seed, most);
		if (nx_udp_send(sock, &i, sizeof(i), NULL, 0) != sizeof(i))
			_exit(1);
	}
	_exit(0);
}

static void rx_cycles(NX_METADATA, enum way way)
{
	volatile __u32 *nr_read = nx_shared_alloc(sizeof(*nr_read));
	__u32 nr = nx_loops("NEXUS_TEST_WAKES", 100000), seen = 0;
	struct nexus_desc desc;
	struct waiter waiter;
	struct nx_ring *rx;
	struct bed bed;
	pid_t pid;

	bed_start(&bed);
	rx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX);
	waiter_start(&waiter, &bed.chan, way, POLLIN);
	pid = nx_fork();
	if (!pid)
		send_when_read(bed.pair.peer, nr_read, nr, 0x3ff);
	while (seen < nr) {
		ASSERT_TRUE(waiter_wait(&waiter)) {
			TH_LOG("lost a wakeup in cycle %u of %u, ring %u", seen,
			       nr, nx_ring_used(rx));
		}
		while (nx_ring_pop(rx, &desc)) {
			ASSERT_TRUE(nx_buf_give(&bed.chan, 0, desc.buf));
			seen++;
			__atomic_store_n(nr_read, seen, __ATOMIC_RELEASE);
		}
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	nx_chan_close(&bed.chan);
}

NX_TEST_LONG(rx_poll, "RING-9 poll wakes for RX, no wakeup is lost", 120)
{
	rx_cycles(_metadata, WAY_POLL);
}

NX_TEST_LONG(rx_level, "RING-9 level-triggered epoll wakes for RX, no wakeup is lost", 120)
{
	rx_cycles(_metadata, WAY_LEVEL);
}

NX_TEST_LONG(rx_edge, "RING-9 edge-triggered epoll wakes for RX, no wakeup is lost", 120)
{
	rx_cycles(_metadata, WAY_EDGE);
}

NX_TEST_LONG(rx_sync, "RING-9 SYNC wakes for RX, no wakeup is lost", 120)
{
	rx_cycles(_metadata, WAY_SYNC);
}

/* Two senders at once: their deliveries meet in one queue from two CPUs. */
NX_TEST_LONG(rx_crossed, "RING-9 two senders at once: no wakeup is lost", 120)
{
	volatile __u32 *nr_read[2];
	__u32 nr = nx_loops("NEXUS_TEST_WAKES", 100000) / 2;
	struct nexus_desc desc;
	struct nx_pair other;
	__u32 seen[2] = {};
	struct nx_ring *rx;
	struct bed bed;
	pid_t pid[2];

	bed_start(&bed);
	nx_pair_start(&other, &bed.chan, &bed.net, AF_INET6, PORT + 1);
	rx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX);
	for (int i = 0; i < 2; i++) {
		nr_read[i] = nx_shared_alloc(sizeof(__u32));
		pid[i] = nx_fork();
		if (!pid[i])
			send_when_read(i ? other.peer : bed.pair.peer,
				       nr_read[i], nr, 0x3ff);
	}
	while (seen[0] + seen[1] < 2 * nr) {
		ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_RX,
					  LOST_MS * NX_MSEC)) {
			TH_LOG("lost a wakeup after %u and %u of %u, ring %u",
			       seen[0], seen[1], nr, nx_ring_used(rx));
		}
		while (nx_ring_pop(rx, &desc)) {
			int i = desc.flow == other.flow.add.flow;

			ASSERT_TRUE(nx_buf_give(&bed.chan, 0, desc.buf));
			__atomic_store_n(nr_read[i], ++seen[i],
					 __ATOMIC_RELEASE);
		}
	}
	EXPECT_EQ(0, nx_wait_child(pid[0]));
	EXPECT_EQ(0, nx_wait_child(pid[1]));
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------------ TX */

/*
 * The device takes @rate of bits, so that packets stay in its queue and keep
 * the socket full. (netem would take them off the socket's account.)
 */
static void slow_device(const char *rate)
{
	if (nx_shell("tc qdisc replace dev " NX_DEV
		     " root tbf rate %s burst 1600 limit 1000000 >&2", rate))
		nx_die("no token bucket filter");
}

static bool push_one(struct bed *bed)
{
	char packet[NX_UDP4_HEADERS + 4];
	size_t len = nx_udp_build(packet, &bed->pair.flow.tuple, "tx", 3);

	return nx_chan_send(&bed->chan, 0, bed->pair.flow.add.flow, 0, packet,
			    len);
}

/* Sends until the socket's send buffer is full; false: it never was. */
static bool fill(struct bed *bed)
{
	for (int i = 0; i < 10000; i++) {
		int err;

		while (push_one(bed))
			;
		err = nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0);
		if (err)
			return err == -EAGAIN;
	}
	return false;
}

static void small_sndbuf(struct bed *bed)
{
	int bytes = 1;

	setsockopt(bed->pair.flow.sock, SOL_SOCKET, SO_SNDBUF, &bytes,
		   sizeof(bytes));
}

static void tx_cycles(NX_METADATA, enum way way)
{
	__u32 nr = nx_loops("NEXUS_TEST_TX_WAKES", 1000);
	struct waiter waiter;
	struct bed bed;

	bed_start(&bed);
	small_sndbuf(&bed);
	slow_device("4mbit");
	waiter_start(&waiter, &bed.chan, way, POLLOUT);
	for (__u32 i = 0; i < nr; i++) {
		ASSERT_TRUE(fill(&bed));
		ASSERT_TRUE(waiter_wait(&waiter)) {
			TH_LOG("lost a wakeup in cycle %u of %u", i, nr);
		}
	}
	nx_chan_close(&bed.chan);
}

NX_TEST_LONG(tx_poll, "RING-9 poll wakes for TX space, no wakeup is lost", 120)
{
	tx_cycles(_metadata, WAY_POLL);
}

NX_TEST_LONG(tx_level, "RING-9 level-triggered epoll wakes for TX space, no wakeup is lost", 120)
{
	tx_cycles(_metadata, WAY_LEVEL);
}

NX_TEST_LONG(tx_edge, "RING-9 edge-triggered epoll wakes for TX space, no wakeup is lost", 120)
{
	tx_cycles(_metadata, WAY_EDGE);
}

NX_TEST_LONG(tx_sync, "RING-9 SYNC wakes for TX space, no wakeup is lost", 120)
{
	tx_cycles(_metadata, WAY_SYNC);
}

NX_TEST(tx_blocked, "RING-9 TX that is full is not writable, and loses nothing")
{
	struct nexus_status status;
	struct pollfd poll_out;
	__u64 drops;
	struct bed bed;

	bed_start(&bed);
	small_sndbuf(&bed);
	slow_device("2kbit");
	poll_out = (struct pollfd){ .fd = bed.chan.fd, .events = POLLOUT };
	/* The bucket's burst leaves at once. */
	for (int i = 0; i < 100; i++) {
		ASSERT_TRUE(fill(&bed));
		if (!poll(&poll_out, 1, 0))
			break;
	}
	EXPECT_EQ(0, poll(&poll_out, 1, 0));
	EXPECT_LT(0, nx_ring_used(nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX)));
	EXPECT_EQ(-ETIME, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_TX,
				       NX_MSEC));
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	drops = status.tx_drops;
	EXPECT_EQ(0, drops);
	EXPECT_EQ(1, poll(&poll_out, 1, LOST_MS));
	nx_chan_close(&bed.chan);
}

static void *poll_for(void *arg)
{
	struct pollfd *poll_one = arg;

	return (void *)(long)poll(poll_one, 1, LOST_MS);
}

/* Two threads wait for different things: one's wakeup is not the other's. */
NX_TEST(two_waiters, "RING-9 a thread that waits for TX space is woken, whoever was woken for RX before")
{
	struct pollfd poll_in, poll_out;
	pthread_t reader, writer;
	void *woken;
	struct bed bed;

	bed_start(&bed);
	small_sndbuf(&bed);
	slow_device("2kbit");
	ASSERT_TRUE(fill(&bed));
	poll_in = (struct pollfd){ .fd = bed.chan.fd, .events = POLLIN };
	poll_out = (struct pollfd){ .fd = bed.chan.fd, .events = POLLOUT };
	ASSERT_EQ(0, pthread_create(&reader, NULL, poll_for, &poll_in));
	ASSERT_EQ(0, pthread_create(&writer, NULL, poll_for, &poll_out));
	nx_sleep_ms(100);
	ASSERT_EQ(4, nx_udp_send(bed.pair.peer, "wake", 4, NULL, 0));
	pthread_join(reader, &woken);
	EXPECT_EQ(1, (long)woken);
	pthread_join(writer, &woken);
	EXPECT_EQ(1, (long)woken) {
		TH_LOG("the writer's wakeup was lost");
	}
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------------- EVENT */

static void event_cycles(NX_METADATA, enum way way)
{
	volatile __u32 *nr_read = nx_shared_alloc(sizeof(*nr_read));
	__u32 nr = nx_loops("NEXUS_TEST_EVENT_WAKES", 100), seen = 0;
	struct nexus_event event;
	struct waiter waiter;
	struct nx_ring *ring;
	struct bed bed;
	pid_t pid;

	bed_start(&bed);
	ring = nx_chan_ring(&bed.chan, 0, NEXUS_RING_EVENT);
	waiter_start(&waiter, &bed.chan, way, POLLIN);
	pid = nx_fork();
	if (!pid) {
		for (__u32 i = 0; i < nr; i++) {
			while (*nr_read < i)
				sched_yield();
			nx_link_set(NX_DEV, i & 1);
		}
		_exit(0);
	}
	while (seen < nr) {
		ASSERT_TRUE(waiter_wait(&waiter)) {
			TH_LOG("lost a wakeup after %u of %u events", seen, nr);
		}
		while (nx_ring_pop(ring, &event)) {
			if (event.type != NEXUS_EVENT_LINK)
				continue;
			seen++;
			__atomic_store_n(nr_read, seen, __ATOMIC_RELEASE);
		}
	}
	kill(pid, SIGKILL);
	nx_wait_child(pid);
	nx_chan_close(&bed.chan);
}

NX_TEST_LONG(event_poll, "RING-9 poll wakes for EVENT", 120)
{
	event_cycles(_metadata, WAY_POLL);
}

NX_TEST_LONG(event_level, "RING-9 level-triggered epoll wakes for EVENT", 120)
{
	event_cycles(_metadata, WAY_LEVEL);
}

NX_TEST_LONG(event_edge, "RING-9 edge-triggered epoll wakes for EVENT", 120)
{
	event_cycles(_metadata, WAY_EDGE);
}

NX_TEST_LONG(event_sync, "RING-9 SYNC wakes for EVENT", 120)
{
	event_cycles(_metadata, WAY_SYNC);
}

static void ignore(int signal)
{
}

NX_TEST(timeouts, "RING-9 SYNC ends with ETIME when its time is over, however told, and with EINTR by a signal")
{
	const __u32 until = NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_UNTIL;
	struct sigaction nothing = { .sa_handler = ignore };
	long long start_ns;
	struct bed bed;

	bed_start(&bed);
	start_ns = nx_now_ns();
	EXPECT_EQ(-ETIME, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_RX,
				       50 * NX_MSEC));
	EXPECT_LE(50 * NX_MSEC, nx_now_ns() - start_ns);
	start_ns = nx_now_ns();
	EXPECT_EQ(-ETIME, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_RX, 0));
	EXPECT_GT(NX_SEC, nx_now_ns() - start_ns);
	/* The same, told by when it is over. */
	EXPECT_EQ(-ETIME, nx_chan_sync(&bed.chan, 0, until, start_ns));
	EXPECT_EQ(-ETIME, nx_chan_sync(&bed.chan, 0, until, 0));
	EXPECT_GT(NX_SEC, nx_now_ns() - start_ns);
	start_ns = nx_now_ns();
	EXPECT_EQ(-ETIME, nx_chan_sync(&bed.chan, 0, until,
				       start_ns + 50 * NX_MSEC));
	EXPECT_LE(50 * NX_MSEC, nx_now_ns() - start_ns);
	EXPECT_GT(20 * NX_SEC, nx_now_ns() - start_ns);
	sigaction(SIGALRM, &nothing, NULL);
	alarm(1);
	EXPECT_EQ(-EINTR, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_RX,
				       NEXUS_TIMEOUT_NONE));
	alarm(1);
	EXPECT_EQ(-EINTR, nx_chan_sync(&bed.chan, 0, until,
				       NEXUS_TIMEOUT_NONE));
	/* Nobody waits for what is there already. */
	EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_TX,
				  NEXUS_TIMEOUT_NONE));
	nx_chan_close(&bed.chan);
}

/* ---------------------------------------------- beside others, and first */

/* Writes to @fd as soon as the one before was seen, some of them a little later. */
struct writer {
	int	fd;
	__u32	nr;
	__u32	nr_seen;
};

static void *write_when_seen(void *arg)
{
	struct writer *writer = arg;
	__u32 seed = 1;

	for (__u32 i = 0; i < writer->nr; i++) {
		while (__atomic_load_n(&writer->nr_seen, __ATOMIC_ACQUIRE) != i)
			sched_yield();
		for (__u32 spin = nx_random(&seed) & 0x3ff; spin; spin--)
			__asm__ volatile("" ::: "memory");
		event_write(writer->fd);
	}
	return NULL;
}

static int inner_epoll(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		nx_die("epoll: %s", strerror(errno));
	return epoll;
}

static void beside_cycles(NX_METADATA, bool is_epoll)
{
	struct writer writer = {
		.fd = event_fd(),
		.nr = nx_loops("NEXUS_TEST_WAKES", 100000) / 4,
	};
	int fd = is_epoll ? inner_epoll(writer.fd) : writer.fd;
	pthread_t thread;
	struct bed bed;
	__u64 count;

	bed_start(&bed);
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_when_seen, &writer));
	for (__u32 i = 0; i < writer.nr; i++) {
		ASSERT_EQ(1, sync_beside(&bed.chan, fd, LOST_MS * NX_MSEC)) {
			TH_LOG("lost a wakeup in cycle %u of %u", i, writer.nr);
		}
		ASSERT_EQ(sizeof(count), read(writer.fd, &count, sizeof(count)));
		__atomic_store_n(&writer.nr_seen, i + 1, __ATOMIC_RELEASE);
	}
	pthread_join(thread, NULL);
	nx_chan_close(&bed.chan);
}

NX_TEST_LONG(beside_eventfd, "RING-9 SYNC ends when a descriptor beside the channel is readable", 120)
{
	beside_cycles(_metadata, false);
}

NX_TEST_LONG(beside_epoll, "RING-9 SYNC ends when an epoll beside the channel is readable", 120)
{
	beside_cycles(_metadata, true);
}

/* Readers and writers of it are woken each in a queue of their own. */
static int fifo_fd(int *write_fd)
{
	char path[32];
	int ends[2], fd;

	if (pipe(ends))
		nx_die("pipe: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		nx_die("%s: %s", path, strerror(errno));
	*write_fd = ends[1];
	return fd;
}

NX_TEST(beside_queues, "RING-9 SYNC beside a descriptor that wakes in several queues")
{
	struct bed bed;
	int fd, end;
	pid_t pid;

	bed_start(&bed);
	fd = fifo_fd(&end);
	EXPECT_EQ(-ETIME, sync_beside(&bed.chan, fd, 50 * NX_MSEC));
	pid = nx_fork();
	if (!pid) {
		usleep(200000);
		_exit(write(end, "x", 1) != 1);
	}
	EXPECT_EQ(1, sync_beside(&bed.chan, fd, LOST_MS * NX_MSEC));
	EXPECT_EQ(0, nx_wait_child(pid));
	nx_chan_close(&bed.chan);
}

NX_TEST_LONG(rx_first, "RING-9 SYNC of one who is woken first wakes for RX, no wakeup is lost", 120)
{
	rx_cycles(_metadata, WAY_FIRST);
}

NX_TEST_LONG(event_first, "RING-9 SYNC of one who is woken first wakes for EVENT", 120)
{
	event_cycles(_metadata, WAY_FIRST);
}

NX_TEST(beside_ends, "RING-9 SYNC beside a descriptor: what is ready, times, signals, and what is none")
{
	struct sigaction nothing = { .sa_handler = ignore };
	struct nexus_desc desc;
	long long start_ns;
	struct bed bed;
	int fd;

	bed_start(&bed);
	fd = event_fd();
	start_ns = nx_now_ns();
	EXPECT_EQ(-ETIME, sync_beside(&bed.chan, fd, 50 * NX_MSEC));
	EXPECT_LE(50 * NX_MSEC, nx_now_ns() - start_ns);
	sigaction(SIGALRM, &nothing, NULL);
	alarm(1);
	EXPECT_EQ(-EINTR, sync_beside(&bed.chan, fd, NEXUS_TIMEOUT_NONE));
	event_write(fd);
	EXPECT_EQ(1, sync_beside(&bed.chan, fd, NEXUS_TIMEOUT_NONE));
	/* What the queue has comes first. */
	ASSERT_EQ(1, nx_udp_send(bed.pair.peer, "x", 1, NULL, 0));
	ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_WAIT_RX, 5 * NX_SEC));
	EXPECT_EQ(0, sync_beside(&bed.chan, fd, NEXUS_TIMEOUT_NONE));
	EXPECT_EQ(-EBADF, sync_beside(&bed.chan, -1, NEXUS_TIMEOUT_NONE));
	while (nx_ring_pop(nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX), &desc))
		EXPECT_TRUE(nx_buf_give(&bed.chan, 0, desc.buf));
	close(fd);
	EXPECT_EQ(-EBADF, sync_beside(&bed.chan, fd, NEXUS_TIMEOUT_NONE));
	nx_chan_close(&bed.chan);
}

NX_TEST(beside_stopped, "RING-9 SYNC beside a descriptor goes on when the process was stopped and goes on")
{
	struct bed bed;
	pid_t pid;
	int fd;

	bed_start(&bed);
	fd = event_fd();
	pid = nx_fork();
	if (!pid) {
		usleep(200000);
		kill(getppid(), SIGSTOP);
		usleep(200000);
		kill(getppid(), SIGCONT);
		usleep(200000);
		event_write(fd);
		_exit(0);
	}
	EXPECT_EQ(1, sync_beside(&bed.chan, fd, NEXUS_TIMEOUT_NONE));
	EXPECT_EQ(0, nx_wait_child(pid));
	nx_chan_close(&bed.chan);
}

/* A thread that sleeps, and how that ended. */
struct resting {
	struct nx_chan	*chan;
	int		fd;
	int		result;
	bool		is_back;
	pid_t		tid;
	pthread_t	thread;
};

/* The call in which a thread sleeps; -1: it runs. */
static long call_of(pid_t tid)
{
	char path[64];
	long call = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = fopen(path, "re");
	if (!file)
		nx_die("%s: %s", path, strerror(errno));
	if (fscanf(file, "%ld", &call) != 1)
		call = -1;
	fclose(file);
	return call;
}

/* Until it sleeps in @call. */
static void wait_asleep(struct resting *resting, long call)
{
	pid_t tid;

	for (int i = 0; i < LOST_MS; i++) {
		tid = __atomic_load_n(&resting->tid, __ATOMIC_ACQUIRE);
		if (tid && call_of(tid) == call)
			return;
		usleep(1000);
	}
	nx_die("a thread does not sleep");
}

static void *rest(void *arg)
{
	struct resting *resting = arg;

	__atomic_store_n(&resting->tid, gettid(), __ATOMIC_RELEASE);
	resting->result = sync_beside(resting->chan, resting->fd,
				      4 * LOST_MS * NX_MSEC);
	__atomic_store_n(&resting->is_back, true, __ATOMIC_RELEASE);
	return NULL;
}

/* It sleeps when this returns. */
static void resting_start(struct resting *resting, struct nx_chan *chan)
{
	*resting = (struct resting){ .chan = chan, .fd = event_fd() };
	if (pthread_create(&resting->thread, NULL, rest, resting))
		nx_die("no thread");
	wait_asleep(resting, SYS_ioctl);
}

static bool is_back(const struct resting *resting)
{
	return __atomic_load_n(&resting->is_back, __ATOMIC_ACQUIRE);
}

static bool comes_back(const struct resting *resting)
{
	for (int i = 0; i < LOST_MS && !is_back(resting); i++)
		usleep(1000);
	return is_back(resting);
}

static bool is_readable(const struct nx_chan *chan, int timeout_ms)
{
	struct pollfd fd = { .fd = chan->fd, .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1;
}

static void *poll_it(void *arg)
{
	struct resting *resting = arg;

	__atomic_store_n(&resting->tid, gettid(), __ATOMIC_RELEASE);
	resting->result = is_readable(resting->chan, 4 * LOST_MS);
	__atomic_store_n(&resting->is_back, true, __ATOMIC_RELEASE);
	return NULL;
}

NX_TEST(first_alone, "RING-9 a wake is for one who sleeps first, the last who came, and then for the others")
{
	struct resting one, other, poller = { 0 };
	struct bed bed;

	bed_start(&bed);
	poller.chan = &bed.chan;
	ASSERT_EQ(0, pthread_create(&poller.thread, NULL, poll_it, &poller));
	wait_asleep(&poller, SYS_poll);
	resting_start(&one, &bed.chan);
	resting_start(&other, &bed.chan);
	ASSERT_EQ(1, nx_udp_send(bed.pair.peer, "x", 1, NULL, 0));
	EXPECT_TRUE(comes_back(&other));
	usleep(200000);
	EXPECT_FALSE(is_back(&one));
	EXPECT_FALSE(is_back(&poller));
	/* It is away: the next one is woken, and then who polls. */
	ASSERT_EQ(1, nx_udp_send(bed.pair.peer, "x", 1, NULL, 0));
	EXPECT_TRUE(comes_back(&one));
	usleep(200000);
	EXPECT_FALSE(is_back(&poller));
	ASSERT_EQ(1, nx_udp_send(bed.pair.peer, "x", 1, NULL, 0));
	EXPECT_TRUE(comes_back(&poller));
	EXPECT_EQ(0, one.result);
	EXPECT_EQ(0, other.result);
	pthread_join(one.thread, NULL);
	pthread_join(other.thread, NULL);
	pthread_join(poller.thread, NULL);
	nx_chan_close(&bed.chan);
}

NX_TEST(first_tells_others, "RING-9 one who is first and is told otherwise takes no wake from others")
{
	struct resting one, other;
	struct bed bed;

	bed_start(&bed);
	resting_start(&one, &bed.chan);
	resting_start(&other, &bed.chan);
	event_write(other.fd);
	EXPECT_TRUE(comes_back(&other));
	EXPECT_EQ(1, other.result);
	EXPECT_FALSE(is_back(&one));
	ASSERT_EQ(1, nx_udp_send(bed.pair.peer, "x", 1, NULL, 0));
	EXPECT_TRUE(comes_back(&one));
	EXPECT_EQ(0, one.result);
	pthread_join(one.thread, NULL);
	pthread_join(other.thread, NULL);
	nx_chan_close(&bed.chan);
}

NX_TEST(first_end, "RING-9 the end of a channel wakes all who sleep, whoever is first")
{
	struct resting one, other, poller = { 0 };
	struct bed bed;

	bed_start(&bed);
	poller.chan = &bed.chan;
	ASSERT_EQ(0, pthread_create(&poller.thread, NULL, poll_it, &poller));
	wait_asleep(&poller, SYS_poll);
	resting_start(&one, &bed.chan);
	resting_start(&other, &bed.chan);
	/* More packets than the ring has slots. */
	*nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX)->prod += 100000;
	EXPECT_EQ(-EPROTO, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_TRUE(comes_back(&one));
	EXPECT_TRUE(comes_back(&other));
	EXPECT_TRUE(comes_back(&poller));
	EXPECT_EQ(-EPROTO, one.result);
	EXPECT_EQ(-EPROTO, other.result);
	pthread_join(one.thread, NULL);
	pthread_join(other.thread, NULL);
	pthread_join(poller.thread, NULL);
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------ attended */

static void set_attended(struct nx_chan *chan, __u32 is)
{
	__u32 *cons = nx_chan_ring(chan, 0, NEXUS_RING_RX)->cons;

	/* W4 */
	__atomic_exchange_n(cons + NEXUS_ATTENDED_OFF / sizeof(*cons), is,
			    __ATOMIC_SEQ_CST);
}

NX_TEST(attended, "RING-10 packets wake nobody while a thread attends the queue; its end does")
{
	struct resting one, poller = { 0 };
	struct nexus_status before, after;
	struct nx_ring *rx;
	struct bed bed;

	bed_start(&bed);
	rx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX);
	poller.chan = &bed.chan;
	ASSERT_EQ(0, pthread_create(&poller.thread, NULL, poll_it, &poller));
	wait_asleep(&poller, SYS_poll);
	resting_start(&one, &bed.chan);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
	set_attended(&bed.chan, 1);
	ASSERT_EQ(1, nx_udp_send(bed.pair.peer, "x", 1, NULL, 0));
	usleep(200000);
	EXPECT_EQ(1, nx_ring_used(rx));
	EXPECT_FALSE(is_back(&one));
	EXPECT_FALSE(is_back(&poller));
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
	EXPECT_EQ(before.rx_wakes, after.rx_wakes);
	set_attended(&bed.chan, 0);
	ASSERT_EQ(1, nx_udp_send(bed.pair.peer, "x", 1, NULL, 0));
	EXPECT_TRUE(comes_back(&one));
	EXPECT_EQ(0, one.result);
	EXPECT_FALSE(is_back(&poller));
	/* Who would sleep now sees the packets; and whoever attends, the end is told. */
	set_attended(&bed.chan, 1);
	EXPECT_EQ(0, sync_beside(&bed.chan, one.fd, LOST_MS * NX_MSEC));
	*nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX)->prod += 100000;
	EXPECT_EQ(-EPROTO, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_TRUE(comes_back(&poller));
	pthread_join(one.thread, NULL);
	pthread_join(poller.thread, NULL);
	nx_chan_close(&bed.chan);
}

/* Two threads that share a queue: one sleeps, the other one looks now and then. */
struct sharing {
	struct nx_chan	*chan;
	pthread_mutex_t	lock;
	volatile __u32	*nr_read;
	__u32		nr;
	int		end_fd;
};

static __u32 nr_taken(const struct sharing *sharing)
{
	return __atomic_load_n(sharing->nr_read, __ATOMIC_ACQUIRE);
}

static void take_packets(struct sharing *sharing)
{
	struct nx_ring *rx = nx_chan_ring(sharing->chan, 0, NEXUS_RING_RX);
	struct nexus_desc desc;

	while (nx_ring_pop(rx, &desc)) {
		nx_buf_give(sharing->chan, 0, desc.buf);
		__atomic_fetch_add(sharing->nr_read, 1, __ATOMIC_RELEASE);
	}
}

/* Long enough for the other thread to go to sleep. */
#define ATTENDED_SPIN	0x3ffff

/* Takes what comes meanwhile, and leaves the next packet to who sleeps. */
static void *attend_often(void *arg)
{
	struct sharing *sharing = arg;
	__u32 seed = 2, before;

	while (nr_taken(sharing) < sharing->nr) {
		pthread_mutex_lock(&sharing->lock);
		set_attended(sharing->chan, 1);
		take_packets(sharing);
		spin(&seed, ATTENDED_SPIN);
		set_attended(sharing->chan, 0);
		take_packets(sharing);
		before = nr_taken(sharing);
		pthread_mutex_unlock(&sharing->lock);
		while (before < sharing->nr && nr_taken(sharing) == before)
			sched_yield();
		spin(&seed, 0x3ff);
	}
	event_write(sharing->end_fd);
	return NULL;
}

NX_TEST_LONG(attended_cycles, "RING-9 of packets that come while a thread attends now and then none is lost", 120)
{
	struct sharing sharing = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.nr_read = nx_shared_alloc(sizeof(*sharing.nr_read)),
		.nr = nx_loops("NEXUS_TEST_WAKES", 100000),
		.end_fd = event_fd(),
	};
	pthread_t thread;
	struct bed bed;
	long long start_ns;
	__u32 before;
	pid_t pid;

	bed_start(&bed);
	sharing.chan = &bed.chan;
	pid = nx_fork();
	if (!pid)
		send_when_read(bed.pair.peer, sharing.nr_read, sharing.nr,
			       ATTENDED_SPIN);
	ASSERT_EQ(0, pthread_create(&thread, NULL, attend_often, &sharing));
	while ((before = nr_taken(&sharing)) < sharing.nr) {
		start_ns = nx_now_ns();
		sync_beside(&bed.chan, sharing.end_fd, LOST_MS * NX_MSEC);
		/* Who finds a packet when the time has passed was not woken for it. */
		ASSERT_TRUE(nx_now_ns() - start_ns < LOST_MS * NX_MSEC ||
			    nr_taken(&sharing) != before) {
			TH_LOG("lost a packet in cycle %u of %u", before,
			       sharing.nr);
		}
		pthread_mutex_lock(&sharing.lock);
		take_packets(&sharing);
		pthread_mutex_unlock(&sharing.lock);
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(0, nx_wait_child(pid));
	nx_chan_close(&bed.chan);
}

/* -------------------------------------------------------------- counts */

/* A nexus of the peer sends a whole batch in one run of the kernel. */
struct burster {
	struct nx_chan	chan;
	struct nx_flow	flow;
};

static void burster_start(struct burster *burster, struct nx_net *net,
			  __u16 port)
{
	nx_net_enter(net->peer);
	nx_nexus_start("b", NX_PEER_DEV);
	nx_chan_start(&burster->chan, "b");
	nx_flow_start(&burster->flow, &burster->chan, NX_PEER4, port, NX_HOST4,
		      PORT);
	nx_net_enter(net->host);
}

static void burst(NX_METADATA, struct burster *burster)
{
	char packet[NX_UDP4_HEADERS + 4];
	size_t len = nx_udp_build(packet, &burster->flow.tuple, "rx", 3);

	for (int i = 0; i < BURST; i++)
		ASSERT_TRUE(nx_chan_send(&burster->chan, 0,
					 burster->flow.add.flow, 0, packet,
					 len));
	ASSERT_EQ(0, nx_chan_sync(&burster->chan, 0, NEXUS_SYNC_TX, 0));
}

struct reader {
	struct nx_chan	*chan;
	volatile __u32	nr_sleeps;
	volatile __u32	nr_read;
	__u32	nr;
};

static void *read_asleep(void *arg)
{
	struct reader *reader = arg;
	struct nx_ring *rx = nx_chan_ring(reader->chan, 0, NEXUS_RING_RX);
	struct nexus_desc desc;

	while (reader->nr_read < reader->nr) {
		reader->nr_sleeps++;
		if (nx_chan_sync(reader->chan, 0, NEXUS_SYNC_WAIT_RX,
				 LOST_MS * NX_MSEC))
			break;
		/* Whatever of the burst is still on its way comes meanwhile. */
		nx_sleep_ms(20);
		while (nx_ring_pop(rx, &desc)) {
			nx_buf_give(reader->chan, 0, desc.buf);
			reader->nr_read++;
		}
	}
	return NULL;
}

NX_TEST(wake_once, "RING-10 one run of arriving packets wakes a sleeping reader once")
{
	struct nexus_status before, after;
	struct burster burster;
	struct reader reader;
	pthread_t thread;
	__u32 turns = 20;
	struct bed bed;

	bed_start(&bed);
	nx_pair_stop(&bed.pair);
	nx_flow_start(&bed.pair.flow, &bed.chan, NX_HOST4, PORT, NULL, 0);
	burster_start(&burster, &bed.net, PORT);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
	reader = (struct reader){ .chan = &bed.chan, .nr = turns * BURST };
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_asleep, &reader));
	for (__u32 turn = 0; turn < turns; turn++) {
		ASSERT_TRUE(nx_wait_word(&reader.nr_sleeps, turn + 1, LOST_MS));
		nx_sleep_ms(30);
		burst(_metadata, &burster);
	}
	pthread_join(thread, NULL);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
	EXPECT_EQ(turns * BURST, reader.nr_read);
	EXPECT_EQ(turns, after.rx_wakes - before.rx_wakes);
	EXPECT_EQ(turns, reader.nr_sleeps);
	nx_chan_close(&burster.chan);
	nx_chan_close(&bed.chan);
}

NX_TEST(wake_busy, "RING-10 a reader that is busy is not woken at all")
{
	struct nexus_status before, after;
	struct nexus_desc desc;
	struct nx_ring *rx;
	struct bed bed;
	__u32 seen = 0;

	bed_start(&bed);
	rx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
	for (__u32 i = 0; i < 1000; i++) {
		ASSERT_EQ(4, nx_udp_send(bed.pair.peer, "busy", 4, NULL, 0));
		while (nx_ring_pop(rx, &desc)) {
			ASSERT_TRUE(nx_ring_push(nx_chan_ring(&bed.chan, 0,
							      NEXUS_RING_FREE),
						 &desc.buf));
			seen++;
		}
	}
	for (int i = 0; seen < 1000 && i < LOST_MS; i++) {
		nx_sleep_ms(1);
		while (nx_ring_pop(rx, &desc))
			seen++;
	}
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
	EXPECT_EQ(1000, seen);
	EXPECT_EQ(1000, after.rx_packets - before.rx_packets);
	EXPECT_EQ(before.rx_wakes, after.rx_wakes);
	nx_chan_close(&bed.chan);
}

NX_TEST(tx_syncs, "RING-11 a sender in batches of 32 makes one system call in 32 packets, and no other")
{
	struct nexus_status before, after;
	struct nx_ring *tx, *alloc;
	__u32 turns = 300;
	struct bed bed;

	bed_start(&bed);
	tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
	alloc = nx_chan_ring(&bed.chan, 0, NEXUS_RING_ALLOC);
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_REFILL, 0);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
	for (__u32 turn = 0; turn < turns; turn++) {
		for (int i = 0; i < BURST; i++) {
			struct nexus_desc desc = {
				.flow = bed.pair.flow.add.flow,
			};
			char seen[64];

			ASSERT_TRUE(nx_ring_pop(alloc, &desc.buf));
			desc.len = nx_udp_build(nx_buf_ptr(&bed.chan, desc.buf),
						&bed.pair.flow.tuple, "tx", 3);
			ASSERT_TRUE(nx_ring_push(tx, &desc));
			if (turn)
				ASSERT_EQ(3, nx_udp_recv(bed.pair.peer, seen,
							 sizeof(seen), 1000));
		}
		ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	}
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
	EXPECT_EQ(turns * BURST, after.tx_packets - before.tx_packets);
	EXPECT_EQ(turns, after.tx_syncs - before.tx_syncs);
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("wake")
