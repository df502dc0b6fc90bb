// SPDX-License-Identifier: GPL-2.0
/*
 * Defunct: the memory of a channel is taken back while its process maps it, and
 * the process does not die of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define PAGE	4096

/* A channel that agreed, of the sizes that nx_chan_init() chose. */
static void chan_begin(struct nx_chan *chan)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	nx_chan_begin(chan);
}

static void bed_start(void)
{
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
}

/* Writes to each page of a region that may be written. */
static void fill(struct nx_chan *chan, int id, char value)
{
	for (size_t at = 0; at < chan->attach.regions[id].data_len; at += PAGE)
		chan->data[id][at] = value;
}

static int defunct(struct nx_chan *chan)
{
	return nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID, chan->attach.channel_id);
}

/* What touching @at does: -signal or 0. */
static sigjmp_buf touched;

static void on_fault(int signal)
{
	siglongjmp(touched, signal);
}

static int touch(volatile char *at, bool is_store)
{
	struct sigaction catch = { .sa_handler = on_fault }, segv, bus;
	int signal;

	sigaction(SIGSEGV, &catch, &segv);
	sigaction(SIGBUS, &catch, &bus);
	signal = sigsetjmp(touched, 1);
	if (!signal) {
		if (is_store)
			*at = 1;
		else
			*at;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return -signal;
}

/* ------------------------------------------------------------ a figure */

#define NR_LARGE_POOL	32768	/* of 2 KiB: 64 MiB */

static void wait_stopped(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		nx_die("the child did not stop");
}

/* A child that touched all of 64 MiB, and stopped; its channel's ID in @id. */
static pid_t stopped_child(volatile __u32 *id, int (*afterwards)(struct nx_chan *chan))
{
	struct nx_chan chan;
	pid_t pid = nx_fork();

	if (pid) {
		wait_stopped(pid);
		return pid;
	}
	nx_chan_init(&chan, NEXUS);
	chan.attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	chan.attach.nr_small = NR_LARGE_POOL;
	nx_chan_begin(&chan);
	fill(&chan, NEXUS_REGION_BUFFERS, 'x');
	*id = chan.attach.channel_id;
	raise(SIGSTOP);
	_exit(afterwards(&chan));
}

/* Those that lie ready for one CPU among them: of all zones, and all CPUs. */
static long long free_pages(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long long sum = 0, nr;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " nr_free_pages %lld", &nr) == 1 ||
		    sscanf(line, " count: %lld", &nr) == 1)
			sum += nr;
	if (file)
		fclose(file);
	return sum;
}

static int see_zeros(struct nx_chan *chan)
{
	size_t len = chan->attach.regions[NEXUS_REGION_BUFFERS].data_len;

	for (size_t at = 0; at < len; at += PAGE)
		if (chan->data[NEXUS_REGION_BUFFERS][at])
			return 1;
	return 0;
}

/* How long it takes to free the memory of one. */
static long long time_one(NX_METADATA)
{
	volatile __u32 *id = nx_shared_alloc(sizeof(*id));
	struct nx_ctl_channel channel = {};
	long long start_ns, ns, was, pages;
	pid_t pid;

	pid = stopped_child(id, see_zeros);
	EXPECT_EQ(0, nx_channel_get(*id, &channel));
	EXPECT_LE(NR_LARGE_POOL / 2, channel.pages);
	was = free_pages();
	start_ns = nx_now_ns();
	EXPECT_EQ(0, nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID, *id));
	ns = nx_now_ns() - start_ns;
	pages = free_pages() - was;
	nx_note("%lld pages free after %lld us\n", pages, ns / 1000);
	EXPECT_GE(pages, NR_LARGE_POOL / 2 * 95 / 100);
	EXPECT_EQ(0, nx_channel_get(*id, &channel));
	EXPECT_EQ(NEXUS_CHANNEL_DEFUNCT, channel.state);
	EXPECT_EQ(NEXUS_DEFUNCT_ASKED, channel.defunct_reason);
	EXPECT_EQ(0, channel.pages);
	kill(pid, SIGCONT);
	EXPECT_EQ(0, nx_wait_child(pid));
	return ns;
}

NX_TEST_LONG(figure, "DEF-1 64 MiB of a stopped process are free within 50 ms, 95 % of the pages at least", 120)
{
	/* An emulator takes several times as long, and so do checkers. */
	long long most_ns = nx_timeout(nx_is_checked() ? 300 : 50) * NX_MSEC;
	int tries = 0;

	bed_start();
	/* What else keeps the machine busy may take the CPU away meanwhile. */
	while (time_one(_metadata) > most_ns)
		ASSERT_GT(5, ++tries);
}

/* -------------------------------------------------------- the mappings */

static void check_region(NX_METADATA, struct nx_chan *chan, int id)
{
	bool is_writable = nx_region_prot(id) & PROT_WRITE;
	size_t len = chan->attach.regions[id].data_len;
	char *data = chan->data[id];

	for (size_t at = 0; at < len; at += PAGE) {
		ASSERT_EQ(0, touch(data + at, false)) {
			TH_LOG("region %d at %zu", id, at);
		}
		EXPECT_EQ(0, data[at]);
		EXPECT_EQ(is_writable ? 0 : -SIGSEGV, touch(data + at, true));
		EXPECT_EQ(is_writable, data[at]);
	}
	EXPECT_EQ(-SIGSEGV, touch(data - 1, false));
	EXPECT_EQ(-SIGSEGV, touch(data + len, false));
}

NX_TEST(addresses, "DEF-2 every old address reads as zeros, is written where it was, and read only where it was")
{
	struct nx_chan chan;

	bed_start();
	chan_begin(&chan);
	fill(&chan, NEXUS_REGION_BUFFERS, 'x');
	fill(&chan, NEXUS_REGION_URINGS, 0);
	ASSERT_EQ(0, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	/* Twice: with pages that were shown before, and without. */
	for (int id = 0; id < NEXUS_NR_REGIONS; id++)
		touch(chan.data[id], false);
	ASSERT_EQ(0, defunct(&chan));
	for (int id = NEXUS_REGION_SCHEMA + 1; id < NEXUS_NR_REGIONS; id++)
		check_region(_metadata, &chan, id);
	EXPECT_EQ(NEXUS_SCHEMA_MAGIC, chan.schema->magic);
	EXPECT_EQ(-SIGSEGV, touch(chan.data[NEXUS_REGION_SCHEMA], true));
	nx_chan_close(&chan);
}

NX_TEST(private, "DEF-2 what is written afterwards is seen by nobody else, and a region mapped anew is zeros")
{
	struct nx_chan one, two;
	char *data;

	bed_start();
	chan_begin(&one);
	chan_begin(&two);
	ASSERT_EQ(0, defunct(&one));
	ASSERT_EQ(0, defunct(&two));
	fill(&one, NEXUS_REGION_BUFFERS, '1');
	EXPECT_EQ(0, see_zeros(&two));
	data = one.data[NEXUS_REGION_BUFFERS];
	EXPECT_EQ('1', *data);
	munmap(one.map[NEXUS_REGION_BUFFERS],
	       one.attach.regions[NEXUS_REGION_BUFFERS].mmap_len);
	one.map[NEXUS_REGION_BUFFERS] = nx_region_map(&one, NEXUS_REGION_BUFFERS);
	ASSERT_NE(MAP_FAILED, one.map[NEXUS_REGION_BUFFERS]);
	one.data[NEXUS_REGION_BUFFERS] = one.map[NEXUS_REGION_BUFFERS] + PAGE;
	EXPECT_EQ(0, see_zeros(&one));
	nx_chan_close(&one);
	nx_chan_close(&two);
}

NX_TEST(neighbour, "DEF-5 mappings of other channels at the same offsets stay")
{
	struct nx_chan one, two;
	struct nexus_status status;
	__u32 pages;

	bed_start();
	chan_begin(&one);
	chan_begin(&two);
	fill(&two, NEXUS_REGION_BUFFERS, '2');
	EXPECT_EQ(0, nx_chan_status(&two, &status));
	pages = status.pages;
	ASSERT_EQ(0, defunct(&one));
	for (size_t at = 0; at < pages * PAGE; at += PAGE)
		EXPECT_EQ('2', two.data[NEXUS_REGION_BUFFERS][at]);
	EXPECT_EQ(0, nx_chan_status(&two, &status));
	EXPECT_EQ(pages, status.pages);
	EXPECT_EQ(0, nx_chan_sync(&two, 0, NEXUS_SYNC_REFILL, 0));
	nx_chan_close(&one);
	nx_chan_close(&two);
}

NX_TEST(pieces, "DEF-5 no mapping is a piece or was moved, so that none is missed; refused ones are redirected")
{
	struct nx_chan chan;

	bed_start();
	chan_begin(&chan);
	fill(&chan, NEXUS_REGION_BUFFERS, 'x');
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		size_t len = chan.attach.regions[id].mmap_len;
		char *to = mmap(NULL, len, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		EXPECT_EQ(-1, munmap(chan.map[id] + PAGE, PAGE));
		EXPECT_EQ(-1, mprotect(chan.map[id] + PAGE, PAGE, PROT_NONE));
		EXPECT_EQ(MAP_FAILED, mremap(chan.map[id], len, len,
					     MREMAP_MAYMOVE | MREMAP_FIXED,
					     to));
	}
	ASSERT_EQ(0, defunct(&chan));
	EXPECT_EQ(0, see_zeros(&chan));
	nx_chan_close(&chan);
}

NX_TEST(pinned, "DEF-5 a page that a pipe holds keeps its bytes, and the mapping shows another one")
{
	struct iovec part;
	struct nx_chan chan;
	char text[16] = "";
	bool is_held;
	int fds[2];

	bed_start();
	chan_begin(&chan);
	strcpy(chan.data[NEXUS_REGION_BUFFERS], "held");
	part = (struct iovec) { chan.data[NEXUS_REGION_BUFFERS], 5 };
	ASSERT_EQ(0, pipe(fds));
	/* Kernels with memfd_secret() refuse to hold a page of VM_IO. */
	is_held = vmsplice(fds[1], &part, 1, 0) == 5;
	EXPECT_TRUE(is_held || errno == EFAULT);
	ASSERT_EQ(0, defunct(&chan));
	EXPECT_EQ(0, see_zeros(&chan));
	strcpy(chan.data[NEXUS_REGION_BUFFERS], "mine");
	if (is_held) {
		EXPECT_EQ(5, read(fds[0], text, sizeof(text)));
		EXPECT_STREQ("held", text);
	}
	EXPECT_STREQ("mine", chan.data[NEXUS_REGION_BUFFERS]);
	nx_chan_close(&chan);
}

/* ------------------------------------------------------------- waking */

struct sleeper {
	struct nx_chan	*chan;
	int	result;
	short	revents;
};

static void *sleep_in_sync(void *arg)
{
	struct sleeper *s = arg;

	s->result = nx_chan_sync(s->chan, 0, NEXUS_SYNC_WAIT_RX, -1);
	return NULL;
}

static void *sleep_in_poll(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd poll_in = { .fd = s->chan->fd, .events = POLLIN };

	s->result = poll(&poll_in, 1, -1);
	s->revents = poll_in.revents;
	return NULL;
}

NX_TEST(sleepers, "DEF-3 sleepers wake: poll says HUP, sync says ENXIO, and the schema tells without a call")
{
	struct sleeper in_sync, in_poll;
	struct nx_chan chan;
	pthread_t threads[2];

	bed_start();
	chan_begin(&chan);
	in_sync = in_poll = (struct sleeper) { .chan = &chan };
	pthread_create(&threads[0], NULL, sleep_in_sync, &in_sync);
	pthread_create(&threads[1], NULL, sleep_in_poll, &in_poll);
	nx_sleep_ms(100);
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, chan.schema->state);
	ASSERT_EQ(0, defunct(&chan));
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	EXPECT_EQ(-ENXIO, in_sync.result);
	EXPECT_EQ(1, in_poll.result);
	EXPECT_EQ(POLLHUP, in_poll.revents & POLLHUP);
	EXPECT_EQ(NEXUS_CHANNEL_DEFUNCT, chan.schema->state);
	EXPECT_EQ(-ENXIO, nx_chan_sync(&chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(-ENXIO, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	EXPECT_EQ(-EALREADY, defunct(&chan));
	nx_chan_close(&chan);
}

/* ------------------------------------------------- who, and who does not */

NX_TEST(not_agreed, "DEF-4 a channel without DEFUNCT_OK is refused, and goes on")
{
	struct nx_chan chan;
	struct nx_net net;
	struct nx_pair pair;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&chan, NEXUS);
	nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
	EXPECT_EQ(-EOPNOTSUPP, defunct(&chan));
	EXPECT_EQ(-EOPNOTSUPP, nx_defunct(NEXUS_DEFUNCT_A_PID, getpid()));
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, chan.schema->state);
	EXPECT_TRUE(nx_pair_ping(&pair, 1));
	nx_chan_close(&chan);
}

NX_TEST(counters, "DEF-7 flows end, their sockets are the kernel's again, and the final counters stay")
{
	struct nx_ctl_channel before = {}, after = {};
	struct mnl_socket *monitor;
	struct nx_ctl_event event;
	struct nx_chan chan;
	struct nx_net net;
	struct nx_pair pair;
	char byte;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	chan_begin(&chan);
	nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
	EXPECT_TRUE(nx_pair_ping(&pair, 1));
	EXPECT_EQ(0, nx_channel_get(chan.attach.channel_id, &before));
	monitor = nx_monitor_open();
	ASSERT_EQ(0, nx_defunct(NEXUS_DEFUNCT_A_PID, getpid()));
	EXPECT_TRUE(nx_monitor_wait(monitor, NEXUS_MONITOR_DEFUNCT, &event, 5000));
	EXPECT_EQ(chan.attach.channel_id, event.channel_id);
	EXPECT_EQ(NEXUS_DEFUNCT_ASKED, event.reason);
	EXPECT_EQ(before.pages, event.pages);
	EXPECT_EQ(0, nx_channel_get(chan.attach.channel_id, &after));
	EXPECT_EQ(0, after.nr_flows);
	EXPECT_EQ(1, before.nr_flows);
	EXPECT_EQ(0, memcmp(&before.counters, &after.counters,
			    sizeof(before.counters)));
	EXPECT_EQ(1, after.counters.value[NEXUS_COUNTERS_A_RX_PACKETS]);
	/* The flow's socket has the port still, as any socket. */
	EXPECT_EQ(1, nx_udp_send(pair.peer, "k", 1, NULL, 0));
	EXPECT_EQ(1, nx_udp_recv(pair.flow.sock, &byte, 1, 5000));
	nx_chan_close(&chan);
}

/* On the CPU of who sleeps in the channel, and behind him as soon as he is awake. */
static void *take_slowly(void *arg)
{
	setpriority(PRIO_PROCESS, gettid(), 19);
	return (void *)(long)nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID,
					*(__u32 *)arg);
}

NX_TEST(attach_again, "DEF-7 DEF-8 who closes a channel whose memory is being taken has its sockets back, and adds them to another")
{
	int sock, rounds = nx_loops("NEXUS_AGAIN_ROUNDS", 400);
	__u32 id;
	struct nexus_flow_add add;
	struct nx_chan chan;
	pthread_t taker;
	cpu_set_t one;
	void *err;

	bed_start();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	sock = nx_udp_socket(-1, "127.0.0.1", PORT, NULL, 0);
	chan_begin(&chan);
	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, nx_flow_add(&chan, sock, &add)) {
			TH_LOG("round %d", i);
		}
		id = chan.attach.channel_id;
		ASSERT_EQ(0, pthread_create(&taker, NULL, take_slowly, &id));
		ASSERT_EQ(-ENXIO, nx_chan_sync(&chan, 0, NEXUS_SYNC_WAIT_RX,
					       -1));
		nx_chan_close(&chan);
		chan_begin(&chan);
		ASSERT_EQ(0, nx_flow_add(&chan, sock, &add)) {
			TH_LOG("round %d", i);
		}
		ASSERT_EQ(0, pthread_join(taker, &err));
		ASSERT_EQ(NULL, err);
		ASSERT_EQ(0, nx_flow_del(&chan, &add));
	}
	nx_chan_close(&chan);
}

NX_TEST(whose, "DEF-1 the channels of a process, and of a cgroup; nobody else's")
{
	const char *group = "/sys/fs/cgroup/nexus_defunct_test";
	struct nx_chan chan;
	char text[64];

	bed_start();
	chan_begin(&chan);
	EXPECT_EQ(-ESRCH, nx_defunct(NEXUS_DEFUNCT_A_PID, getppid()));
	EXPECT_EQ(-ESRCH, nx_defunct(NEXUS_DEFUNCT_A_PID, 0x3fffffff));
	EXPECT_EQ(-ENOENT, nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID, 0x3fffffff));
	nx_shell("mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup");
	rmdir(group);
	if (mkdir(group, 0755))
		SKIP(goto out, "no cgroup v2 here: %s", strerror(errno));
	EXPECT_EQ(-ESRCH, nx_defunct_cgroup(group));
	snprintf(text, sizeof(text), "%s/cgroup.procs", group);
	EXPECT_EQ(0, nx_file_write(text, "0"));
	EXPECT_EQ(0, nx_defunct_cgroup(group));
	EXPECT_EQ(NEXUS_CHANNEL_DEFUNCT, chan.schema->state);
	EXPECT_EQ(0, nx_file_write("/sys/fs/cgroup/cgroup.procs", "0"));
	rmdir(group);
out:
	nx_chan_close(&chan);
}

/* --------------------------------------------------------------- races */

/*
 * Some pairs at once, so that one works while another waits, each with a nexus and
 * a namespace of its own, where no other's channel can get the ID of one that ended:
 *
 *	taker                                racer, a process
 *	|           <- channel, fate -       |  attaches, releases its threads
 *	|  takes its memory                  |  meets its fate, as they sync and touch
 *	|           - gone ->                |  looks, closes, and begins again
 *
 * Who exits gets a successor; all others do round after round.
 */
#define RACE_ROUNDS	10000
#define NR_TAKERS	4
#define NR_MARKED	4	/* pages */

/* How often a long run tells how far it is. */
#define TELL_NS		(60 * NX_SEC)

enum race_fate {
	EXIT,
	FORK,
	MUNMAP,		/* of what no thread touches */
	CLOSE,		/* of one with mappings that stay a while */
	STAY,		/* nothing but the threads */
	NR_RACE_FATES,
};

static const char *const race_fates[NR_RACE_FATES] = {
	"exit", "fork", "munmap", "close", "stay",
};

/* What a racer tells its taker. */
struct race_round {
	__u32	channel_id;
	enum race_fate	fate;
};

/* Of all takers, in memory that they share. */
struct race_tally {
	__u32	rounds[NR_RACE_FATES];
	__u32	taken[NR_RACE_FATES];
};

/**
 * struct racer - a process that has one channel after another taken away
 * @chan:    that of this round
 * @begin, @end: of a round, for the main thread and both others
 * @is_over: the main thread waits at @end
 * @seed:    of what it decides
 * @taker:   the socket to it
 */
struct racer {
	struct nx_chan	chan;
	pthread_barrier_t	begin;
	pthread_barrier_t	end;
	volatile bool	is_over;
	__u32	seed;
	int	taker;
};

/* A few more times after it is refused; after that it would race with nothing. */
static void race_sync(struct racer *r)
{
	int err, left = 16;

	while (!r->is_over && left) {
		err = nx_chan_sync(&r->chan, 0, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL,
				   0);
		left -= err == -ENXIO || err == -EBADF;
	}
}

static void race_touch(struct racer *r)
{
	size_t len = r->chan.attach.regions[NEXUS_REGION_BUFFERS].data_len;

	for (size_t at = 0; at < len && !r->is_over; at += PAGE)
		r->chan.data[NEXUS_REGION_BUFFERS][at] = 1;
}

static void *sync_in_rounds(void *arg)
{
	struct racer *r = arg;

	for (;;) {
		pthread_barrier_wait(&r->begin);
		race_sync(r);
		pthread_barrier_wait(&r->end);
	}
	return NULL;
}

static void *touch_in_rounds(void *arg)
{
	struct racer *r = arg;

	for (;;) {
		pthread_barrier_wait(&r->begin);
		race_touch(r);
		pthread_barrier_wait(&r->end);
	}
	return NULL;
}

/* Half the time not at all, and else up to 65 ms: a slow machine takes as long. */
static void dawdle(__u32 *seed)
{
	if (nx_random(seed) & 16)
		usleep(1 << nx_random(seed) % 17);
}

/* In the second byte, for race_touch() writes the first. */
static volatile char *mark_of(struct racer *r, int page)
{
	return r->chan.data[NEXUS_REGION_BUFFERS] + page * PAGE + 1;
}

static void race_attach(struct racer *r)
{
	nx_chan_init(&r->chan, NEXUS);
	r->chan.attach.flags = NEXUS_ATTACH_DEFUNCT_OK;
	r->chan.attach.nr_small = 32 << nx_random(&r->seed) % 4;
	nx_chan_begin(&r->chan);
	for (int i = 0; i < NR_MARKED; i++)
		*mark_of(r, i) = 'x';
}

static void meet(struct racer *r, enum race_fate fate)
{
	struct nexus_region *advice = &r->chan.attach.regions[NEXUS_REGION_ADVISORY];
	pid_t pid;

	switch (fate) {
	case EXIT:
		_exit(0);
	case FORK:
		pid = fork();
		if (!pid)
			_exit(0);
		nx_wait_child(pid);
		break;
	case MUNMAP:
		munmap(r->chan.map[NEXUS_REGION_ADVISORY], advice->mmap_len);
		r->chan.map[NEXUS_REGION_ADVISORY] = NULL;
		break;
	case CLOSE:
		close(r->chan.fd);
		break;
	case STAY:
	case NR_RACE_FATES:
		break;
	}
}

/* Its memory is gone, while it maps all but the advice. */
static void look(struct racer *r, enum race_fate fate)
{
	int err = nx_chan_sync(&r->chan, 0, NEXUS_SYNC_TX, 0);

	if (err != (fate == CLOSE ? -EBADF : -ENXIO))
		nx_die("%s: sync says %d afterwards", race_fates[fate], err);
	if (r->chan.schema->state != NEXUS_CHANNEL_DEFUNCT)
		nx_die("%s: the schema's state is %u", race_fates[fate],
		       r->chan.schema->state);
	for (int i = 0; i < NR_MARKED; i++)
		if (*mark_of(r, i))
			nx_die("%s: page %d is still there", race_fates[fate], i);
}

/* The taker may have had its rounds; that it died is for who waits for it to say. */
static void race(struct racer *r)
{
	struct race_round round = { .fate = nx_random(&r->seed) % NR_RACE_FATES };
	char gone;

	race_attach(r);
	r->is_over = false;
	round.channel_id = r->chan.attach.channel_id;
	if (send(r->taker, &round, sizeof(round), MSG_NOSIGNAL) < 0)
		_exit(0);
	pthread_barrier_wait(&r->begin);
	dawdle(&r->seed);
	meet(r, round.fate);
	if (recv(r->taker, &gone, sizeof(gone), 0) <= 0)
		_exit(0);
	r->is_over = true;
	pthread_barrier_wait(&r->end);
	look(r, round.fate);
	if (round.fate == CLOSE)
		r->chan.fd = -1;
	nx_chan_close(&r->chan);
}

static void run_racer(int taker, __u32 seed)
{
	struct racer r = { .seed = seed, .taker = taker };
	pthread_t thread;

	pthread_barrier_init(&r.begin, NULL, 3);
	pthread_barrier_init(&r.end, NULL, 3);
	pthread_create(&thread, NULL, sync_in_rounds, &r);
	pthread_create(&thread, NULL, touch_in_rounds, &r);
	for (;;)
		race(&r);
}

/**
 * struct taker - who takes the memory of one racer after another
 * @pid:   of the racer, 0: there is none
 * @racer: the socket to it
 * @seed:  of what both decide
 * @tally: of all takers
 */
struct taker {
	pid_t	pid;
	int	racer;
	__u32	seed;
	struct race_tally	*tally;
};

static void racer_start(struct taker *t)
{
	__u32 seed = nx_random(&t->seed);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		nx_die("socketpair: %s", strerror(errno));
	t->pid = nx_fork();
	if (!t->pid) {
		close(pair[0]);
		run_racer(pair[1], seed);
	}
	close(pair[1]);
	t->racer = pair[0];
}

static int racer_stop(struct taker *t)
{
	int status;

	close(t->racer);
	status = nx_wait_child(t->pid);
	t->pid = 0;
	return status;
}

/* Only the memory of one that exits may be gone before. */
static void take(struct taker *t, const struct race_round *round)
{
	int err;

	dawdle(&t->seed);
	err = nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID, round->channel_id);
	if (err && (round->fate != EXIT || (err != -ENOENT && err != -EALREADY)))
		nx_die("%s: defunct says %d", race_fates[round->fate], err);
	__atomic_fetch_add(&t->tally->rounds[round->fate], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&t->tally->taken[round->fate], !err, __ATOMIC_RELAXED);
}

static void take_one(struct taker *t)
{
	struct race_round round;

	if (!t->pid)
		racer_start(t);
	if (recv(t->racer, &round, sizeof(round), 0) != sizeof(round))
		nx_die("a racer ended with %d before its round",
		       racer_stop(t));
	take(t, &round);
	if (round.fate == EXIT) {
		int status = racer_stop(t);

		if (status)
			nx_die("a racer's exit is %d", status);
	} else if (send(t->racer, "", 1, MSG_NOSIGNAL) < 0) {
		nx_die("%s: the racer ended with %d", race_fates[round.fate],
		       racer_stop(t));
	}
}

static __u32 nr_raced(const struct race_tally *tally)
{
	__u32 nr = 0;

	for (int i = 0; i < NR_RACE_FATES; i++)
		nr += __atomic_load_n(&tally->rounds[i], __ATOMIC_RELAXED);
	return nr;
}

/* The first taker tells of all. */
static void run_taker(struct race_tally *tally, __u32 seed, unsigned long rounds,
		      bool is_first)
{
	struct taker t = { .seed = seed, .tally = tally };
	long long tell_ns = nx_now_ns() + TELL_NS;
	int status;

	bed_start();
	for (unsigned long i = 0; i < rounds; i++) {
		take_one(&t);
		if (!is_first || nx_now_ns() < tell_ns)
			continue;
		nx_note("%u rounds so far", nr_raced(tally));
		tell_ns += TELL_NS;
	}
	status = t.pid ? racer_stop(&t) : 0;
	if (status)
		nx_die("the last racer ended with %d", status);
	if (nx_ctl_count(NEXUS_CMD_GET_CHANNEL))
		nx_die("channels are left");
	_exit(0);
}

NX_TEST_LONG(races, "DEF-6 defunct races with sync, faults, close, fork, exit and munmap", 600)
{
	unsigned long rounds = nx_loops("NEXUS_DEFUNCT_ROUNDS", RACE_ROUNDS);
	struct race_tally *tally = nx_shared_alloc(sizeof(*tally));
	__u32 seed = nx_seed_begin();
	pid_t pids[NR_TAKERS];

	for (int i = 0; i < NR_TAKERS; i++) {
		pids[i] = nx_fork();
		if (!pids[i])
			run_taker(tally, seed + i, (rounds + i) / NR_TAKERS, !i);
	}
	for (int i = 0; i < NR_TAKERS; i++)
		EXPECT_EQ(0, nx_wait_child(pids[i]));
	EXPECT_EQ(rounds, nr_raced(tally));
	nx_note("%u rounds", nr_raced(tally));
	for (int i = 0; i < NR_RACE_FATES; i++) {
		nx_note("%s: %u of %u were taken, the others gone before",
			race_fates[i], tally->taken[i], tally->rounds[i]);
		if (rounds >= 100)
			EXPECT_LT(0, tally->taken[i]);
	}
}

NX_TEST_MAIN("defunct")
