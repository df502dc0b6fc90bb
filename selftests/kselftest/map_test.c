// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a channel: who may write where, and how a region may be mapped.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000

static void bed_start(struct nx_chan *chan)
{
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_start(chan, NEXUS);
}

static bool is_read_only(enum nexus_region_id id)
{
	return !(nx_region_prot(id) & PROT_WRITE);
}

static const char *region_name(enum nexus_region_id id)
{
	static const char *const names[NEXUS_NR_REGIONS] = {
		[NEXUS_REGION_SCHEMA] = "schema",
		[NEXUS_REGION_KRINGS] = "kernel rings",
		[NEXUS_REGION_URINGS] = "user rings",
		[NEXUS_REGION_BUFFERS] = "buffers",
		[NEXUS_REGION_ADVISORY] = "advisory",
		[NEXUS_REGION_USTATS] = "user stats",
	};

	return names[id];
}

/*
 * What touching @at does: -signal or 0. The channel is the address space's that
 * attached, and a fork has no mapping of it: so the signal is caught here.
 */
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

NX_TEST(store_read_only, "RING-3 a store into schema, kernel rings or advisory: SIGSEGV, and nothing changed")
{
	struct nx_chan chan;
	long page = sysconf(_SC_PAGESIZE);

	bed_start(&chan);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		size_t len = chan.attach.regions[id].data_len;

		for (size_t at = 0; at < len; at += page) {
			char was;

			if (!is_read_only(id))
				continue;
			was = chan.data[id][at];
			EXPECT_EQ(0, touch(chan.data[id] + at, false));
			EXPECT_EQ(-SIGSEGV, touch(chan.data[id] + at, true)) {
				TH_LOG("%s at %zu", region_name(id), at);
			}
			EXPECT_EQ(was, chan.data[id][at]);
		}
	}
	EXPECT_EQ(0, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	nx_chan_close(&chan);
}

NX_TEST(guard_pages, "RING-3 a load or store at any guard page: SIGSEGV in that process only")
{
	struct nx_chan chan;

	bed_start(&chan);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		const struct nexus_region *region = &chan.attach.regions[id];
		char *end = chan.data[id] + region->data_len;

		EXPECT_GE(region->data_off, sysconf(_SC_PAGESIZE));
		EXPECT_GE(region->mmap_len, region->data_off +
			  region->data_len + sysconf(_SC_PAGESIZE));
		for (int is_store = 0; is_store < 2; is_store++) {
			EXPECT_EQ(-SIGSEGV, touch(chan.map[id], is_store)) {
				TH_LOG("before %s", region_name(id));
			}
			EXPECT_EQ(-SIGSEGV, touch(chan.data[id] - 1, is_store));
			EXPECT_EQ(-SIGSEGV, touch(end, is_store)) {
				TH_LOG("behind %s", region_name(id));
			}
			EXPECT_EQ(-SIGSEGV,
				  touch(chan.map[id] + region->mmap_len - 1,
					is_store));
		}
	}
	EXPECT_EQ(0, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	nx_chan_close(&chan);
}

/* The offender dies of it; a channel of somebody else goes on. */
NX_TEST(fatal_for_one, "RING-3 a process that stores into its kernel rings dies of SIGSEGV, others go on")
{
	struct nx_chan chan;
	struct nx_net net;
	struct nx_pair pair;
	pid_t pid;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&chan, NEXUS);
	nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
	pid = nx_fork();
	if (!pid) {
		struct nx_chan own;

		nx_chan_start(&own, NEXUS);
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)own.data[NEXUS_REGION_KRINGS] = 1;
		_exit(0);
	}
	EXPECT_EQ(-SIGSEGV, nx_wait_child(pid));
	EXPECT_TRUE(nx_pair_ping(&pair, 1));
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
	nx_chan_close(&chan);
}

NX_TEST(protect, "RING-3 mprotect makes no read-only region writable, and none executable")
{
	struct nx_chan chan;

	bed_start(&chan);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		size_t len = chan.attach.regions[id].mmap_len;
		int prot = nx_region_prot(id);

		if (is_read_only(id)) {
			EXPECT_EQ(-1, mprotect(chan.map[id], len,
					       PROT_READ | PROT_WRITE));
			EXPECT_EQ(EACCES, errno);
			EXPECT_EQ(-SIGSEGV, touch(chan.data[id], true));
		}
		EXPECT_EQ(-1, mprotect(chan.map[id], len, prot | PROT_EXEC)) {
			TH_LOG("%s became executable", region_name(id));
		}
	}
	nx_chan_close(&chan);
}

NX_TEST(map_writable, "RING-3 a writable mapping of a read-only region: EACCES")
{
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	ASSERT_EQ(0, nx_chan_attach(&chan));
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		const struct nexus_region *region = &chan.attach.regions[id];
		static const int prots[] = {
			PROT_WRITE, PROT_READ | PROT_WRITE,
			PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC
		};

		for (int i = 0; i < NX_ARRAY_SIZE(prots); i++) {
			if (!is_read_only(id) && !(prots[i] & PROT_EXEC))
				continue;
			EXPECT_EQ(MAP_FAILED, mmap(NULL, region->mmap_len,
						   prots[i], MAP_SHARED,
						   chan.fd, region->mmap_off)) {
				TH_LOG("%s, protection %d", region_name(id),
				       prots[i]);
			}
			EXPECT_EQ(EACCES, errno);
		}
		/* Nothing of that stands in the way of the right one. */
		EXPECT_NE(MAP_FAILED, nx_region_map(&chan, id));
	}
	nx_chan_close(&chan);
}

NX_TEST(map_again, "RING-3 a second mapping of a region: EBUSY, until the first is gone")
{
	struct nx_chan chan;

	bed_start(&chan);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		size_t len = chan.attach.regions[id].mmap_len;

		EXPECT_EQ(MAP_FAILED, nx_region_map(&chan, id)) {
			TH_LOG("%s", region_name(id));
		}
		EXPECT_EQ(EBUSY, errno);
		EXPECT_EQ(0, munmap(chan.map[id], len));
		chan.map[id] = nx_region_map(&chan, id);
		EXPECT_NE(MAP_FAILED, chan.map[id]);
	}
	nx_chan_close(&chan);
}

NX_TEST(map_private, "RING-3 MAP_PRIVATE: EINVAL")
{
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	ASSERT_EQ(0, nx_chan_attach(&chan));
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		const struct nexus_region *region = &chan.attach.regions[id];

		EXPECT_EQ(MAP_FAILED, mmap(NULL, region->mmap_len, PROT_READ,
					   MAP_PRIVATE, chan.fd,
					   region->mmap_off));
		EXPECT_EQ(EINVAL, errno);
	}
	nx_chan_close(&chan);
}

static void expect_no_map(NX_METADATA, struct nx_chan *chan, __u64 len,
			  __u64 off)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, len, PROT_READ, MAP_SHARED, chan->fd,
				   off)) {
		TH_LOG("mapped %llu bytes at %llx", (unsigned long long)len,
		       (unsigned long long)off);
	}
	EXPECT_TRUE(errno == EINVAL || errno == EOVERFLOW) {
		TH_LOG("%s", strerror(errno));
	}
}

NX_TEST(map_shape, "RING-3 any other length or offset of mmap: EINVAL")
{
	__u64 page = sysconf(_SC_PAGESIZE);
	struct nx_chan chan;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	ASSERT_EQ(0, nx_chan_attach(&chan));
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		const struct nexus_region *region = &chan.attach.regions[id];
		__u64 off = region->mmap_off, len = region->mmap_len;

		EXPECT_EQ(NEXUS_REGION_OFF(id), off);
		expect_no_map(_metadata, &chan, len - page, off);
		expect_no_map(_metadata, &chan, len + page, off);
		expect_no_map(_metadata, &chan, page, off);
		expect_no_map(_metadata, &chan, region->data_len,
			      off + region->data_off);
		expect_no_map(_metadata, &chan, len, off + page);
		expect_no_map(_metadata, &chan, len, off + (1ULL << 35));
		expect_no_map(_metadata, &chan, len, off + (1ULL << 40));
		expect_no_map(_metadata, &chan, len, off | 1ULL << 62);
	}
	expect_no_map(_metadata, &chan, 3 * page,
		      NEXUS_REGION_OFF(NEXUS_NR_REGIONS));
	expect_no_map(_metadata, &chan, 3 * page, NEXUS_REGION_OFF(255));
	nx_chan_close(&chan);
}

NX_TEST(map_early, "RING-3 mmap before attach fails")
{
	struct nx_chan chan;
	__u64 page = sysconf(_SC_PAGESIZE);

	nx_net_alone();
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 3 * page, PROT_READ,
					   MAP_SHARED, chan.fd,
					   NEXUS_REGION_OFF(id)));
	}
	nx_chan_close(&chan);
}

NX_TEST(map_pieces, "RING-3 a region is neither cut into pieces nor moved nor grown")
{
	long page = sysconf(_SC_PAGESIZE);
	struct nx_chan chan;

	bed_start(&chan);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		size_t len = chan.attach.regions[id].mmap_len;

		EXPECT_EQ(-1, munmap(chan.map[id], page));
		EXPECT_EQ(-1, munmap(chan.map[id] + len - page, page));
		EXPECT_EQ(-1, mprotect(chan.map[id], page, PROT_NONE));
		EXPECT_EQ(MAP_FAILED, mremap(chan.map[id], len, len + page,
					     MREMAP_MAYMOVE));
		EXPECT_EQ(MAP_FAILED, mremap(chan.map[id], 0, len,
					     MREMAP_MAYMOVE));
		EXPECT_EQ(0, touch(chan.data[id], false) &
			     (id == NEXUS_REGION_BUFFERS ? 0 : ~0));
	}
	nx_chan_close(&chan);
}

/* What fails to move must not count as unmapped, or there would be two. */
NX_TEST(map_moved, "RING-3 a region that could not be moved cannot be mapped a second time")
{
	struct nx_chan chan;

	bed_start(&chan);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		size_t len = chan.attach.regions[id].mmap_len;
		char *to = mmap(NULL, len, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		ASSERT_NE(MAP_FAILED, to);
		EXPECT_EQ(MAP_FAILED, mremap(chan.map[id], len, len,
					     MREMAP_MAYMOVE | MREMAP_FIXED,
					     to));
		EXPECT_EQ(MAP_FAILED, nx_region_map(&chan, id)) {
			TH_LOG("%s is mapped twice", region_name(id));
		}
	}
	EXPECT_EQ(NEXUS_SCHEMA_MAGIC, chan.schema->magic);
	nx_chan_close(&chan);
}

NX_TEST(map_outlives, "RING-3 mappings outlive close() of the file, and die with the last of them")
{
	struct nx_chan chan;

	bed_start(&chan);
	close(chan.fd);
	EXPECT_EQ(NEXUS_SCHEMA_MAGIC, chan.schema->magic);
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
	nx_chan_unmap(&chan);
	nx_sleep_ms(50);
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
}

/* ---------------------------------------------------- fork, exec, pass */

NX_TEST(fork_child, "LIFE-3 a child of fork() has no mapping, and may not use the file: EPERM")
{
	struct nx_chan chan;
	struct nx_net net;
	struct nx_pair pair;
	pid_t pid;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&chan, NEXUS);
	nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
	pid = nx_fork();
	if (!pid) {
		struct nexus_flow_add flow;
		struct nexus_status status;
		int sock = nx_udp_socket(-1, NX_HOST4, 4100, NULL, 0);

		for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
			EXPECT_EQ(-SIGSEGV, touch(chan.data[id], false)) {
				TH_LOG("%s is mapped", region_name(id));
			}
			EXPECT_EQ(MAP_FAILED, nx_region_map(&chan, id));
			EXPECT_EQ(EPERM, errno);
		}
		EXPECT_EQ(-EPERM, nx_chan_sync(&chan, 0, NEXUS_SYNC_TX, 0));
		EXPECT_EQ(-EPERM, nx_flow_add(&chan, sock, &flow));
		EXPECT_EQ(-EPERM, nx_flow_del(&chan, &pair.flow.add));
		EXPECT_EQ(-EPERM, nx_chan_status(&chan, &status));
		_exit(_metadata->exit_code);
	}
	EXPECT_TRUE(nx_pair_ping(&pair, 1));
	EXPECT_EQ(0, nx_wait_child(pid));
	EXPECT_TRUE(nx_pair_ping(&pair, 2));
	nx_chan_close(&chan);
}

NX_TEST(fork_asked, "LIFE-3 a child has no mapping even if its parent asked for that by MADV_DOFORK")
{
	struct nx_chan chan;
	pid_t pid;

	bed_start(&chan);
	for (int id = 0; id < NEXUS_NR_REGIONS; id++)
		madvise(chan.map[id], chan.attach.regions[id].mmap_len,
			MADV_DOFORK);
	pid = nx_fork();
	if (!pid) {
		for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
			EXPECT_EQ(-SIGSEGV, touch(chan.data[id], false)) {
				TH_LOG("%s is mapped", region_name(id));
			}
		}
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	nx_chan_close(&chan);
}

NX_TEST(exec_closes, "LIFE-3 exec() closes the file and ends the channel")
{
	struct nx_net net;
	pid_t pid;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	pid = nx_fork();
	if (!pid) {
		struct nx_chan chan;

		nx_chan_start(&chan, NEXUS);
		execl("/bin/sleep", "sleep", "5", NULL);
		_exit(1);
	}
	for (int i = 0; i < 200; i++) {
		char link[64], name[64] = "";

		nx_sleep_ms(10);
		snprintf(link, sizeof(link), "/proc/%d/exe", pid);
		if (readlink(link, name, sizeof(name) - 1) > 0 &&
		    strstr(name, "sleep"))
			break;
	}
	nx_sleep_ms(100);
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_CHANNEL));
	EXPECT_NE(0, nx_shell("ls -l /proc/%d/fd | grep -q %s", pid,
			      NEXUS_DEVICE));
	kill(pid, SIGKILL);
	nx_wait_child(pid);
}

NX_TEST(passed_attached, "LIFE-3 a passed file that is attached is refused to its new holder, and works for the first")
{
	volatile __u32 *step = nx_shared_alloc(sizeof(*step));
	struct nx_chan stolen = {};
	struct nx_net net;
	int pidfd;
	pid_t pid;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	pid = nx_fork();
	if (!pid) {
		struct nx_chan chan;
		struct nx_pair pair;

		nx_chan_start(&chan, NEXUS);
		nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
		EXPECT_TRUE(nx_pair_ping(&pair, 1));
		*step = chan.fd;
		EXPECT_TRUE(nx_wait_word(step, 1000, 10000));
		EXPECT_TRUE(nx_pair_ping(&pair, 2));
		_exit(_metadata->exit_code);
	}
	ASSERT_TRUE(nx_wait_word(step, 1, 10000));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	ASSERT_GE(pidfd, 0);
	stolen.fd = syscall(SYS_pidfd_getfd, pidfd, *step, 0);
	ASSERT_GE(stolen.fd, 0);
	EXPECT_EQ(-EPERM, nx_chan_sync(&stolen, 0, NEXUS_SYNC_REFILL, 0));
	nx_chan_init(&stolen, NEXUS);
	stolen.fd = syscall(SYS_pidfd_getfd, pidfd, *step, 0);
	EXPECT_EQ(-EISCONN, nx_chan_attach(&stolen));
	stolen.attach.regions[NEXUS_REGION_SCHEMA].mmap_len = 3 * 4096;
	EXPECT_EQ(MAP_FAILED, nx_region_map(&stolen, NEXUS_REGION_SCHEMA));
	EXPECT_EQ(EPERM, errno);
	*step = 1000;
	EXPECT_EQ(0, nx_wait_child(pid));
}

NX_TEST(passed_fresh, "LIFE-3 a passed file that is not attached belongs to whoever attaches it")
{
	struct nx_chan chan;
	struct nx_net net;
	pid_t pid;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&chan, NEXUS);
	ASSERT_EQ(0, nx_chan_open(&chan));
	pid = nx_fork();
	if (!pid) {
		EXPECT_EQ(0, nx_chan_attach(&chan));
		EXPECT_EQ(0, nx_chan_map(&chan));
		EXPECT_EQ(0, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	EXPECT_EQ(-EPERM, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	EXPECT_EQ(-EISCONN, nx_chan_attach(&chan));
	nx_chan_close(&chan);
}

NX_TEST_MAIN("map")
