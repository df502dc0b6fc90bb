// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that the sender keeps, and payload that leaves as their pages while a
 * queueing discipline, a copy for tcpdump or the other end of a veth has them.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define WAIT_MS	20000
#define SEGMENT	1400
#define LEN	40000	/* of a payload; the last datagram is shorter */
/* For as long as packets stand in the discipline; nobody waits for the longer. */
#define HOLD	"2s"
#define HOLD_FOR_GOOD	"200s"

/**
 * struct bed - a sender, and a kernel's socket at the other end
 * @buf:   a large buffer of ours, with a whole packet
 * @len:   of the packet
 * @sent:  its payload, as it was
 */
struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
	__u32	buf;
	size_t	len;
	char	sent[LEN];
};

static void hold(const char *how_long)
{
	if (nx_shell("tc qdisc add dev " NX_DEV " root netem delay %s",
		     how_long))
		nx_die("no netem");
}

/* What stood there is dropped. */
static void release(void)
{
	if (nx_shell("tc qdisc del dev " NX_DEV " root"))
		nx_die("tc qdisc del");
}

static void take_buffer(struct bed *bed)
{
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_REFILL, 0);
	if (!nx_ring_pop(nx_chan_ring(&bed->chan, 0, NEXUS_RING_ALLOC_LARGE),
			 &bed->buf))
		nx_die("no large buffer");
}

/* The namespaces are there. */
static void bed_begin(struct bed *bed, int family, __u32 attach_flags)
{
	int size = 1 << 20;
	__u32 seed = family;

	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.nr_large = 4;
	bed->chan.attach.flags = attach_flags;
	nx_chan_begin(&bed->chan);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, family, PORT);
	setsockopt(bed->pair.flow.sock, SOL_SOCKET, SO_SNDBUFFORCE, &size,
		   sizeof(size));
	setsockopt(bed->pair.peer, SOL_SOCKET, SO_RCVBUFFORCE, &size,
		   sizeof(size));
	for (size_t i = 0; i < LEN; i++)
		bed->sent[i] = nx_random(&seed);
	take_buffer(bed);
	bed->len = nx_udp_build(nx_buf_ptr(&bed->chan, bed->buf),
				&bed->pair.flow.tuple, bed->sent, LEN);
}

static void bed_start(struct bed *bed, int family, __u32 attach_flags)
{
	nx_net_start(&bed->net);
	bed_begin(bed, family, attach_flags);
}

/* Queues the packet in our buffer. */
static void queue(NX_METADATA, struct bed *bed, __u32 flags)
{
	struct nexus_desc desc = {
		.buf = bed->buf,
		.len = bed->len,
		.flow = bed->pair.flow.add.flow,
		.flags = NEXUS_DESC_GSO | NEXUS_DESC_CSUM | flags,
		.gso_size = SEGMENT,
		.cookie = flags & NEXUS_DESC_NOTIFY ? 1 : 0,
	};

	ASSERT_TRUE(nx_ring_push(nx_chan_ring(&bed->chan, 0, NEXUS_RING_TX),
				 &desc));
}

static void send_it(NX_METADATA, struct bed *bed, __u32 flags)
{
	queue(_metadata, bed, flags);
	ASSERT_EQ(0, nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0));
}

static int give_back(struct bed *bed)
{
	nx_buf_give(&bed->chan, 0, bed->buf);
	return nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_REFILL, 0);
}

static __u32 nr_in_flight(struct bed *bed)
{
	struct nexus_status status;

	if (nx_chan_status(&bed->chan, &status))
		nx_die("no status");
	return status.buffers_in_flight;
}

/* Waits until nothing is in flight; false: it was so for too long. */
static bool await_landing(struct bed *bed)
{
	for (int i = 0; i < WAIT_MS / 10; i++) {
		if (!nr_in_flight(bed))
			return true;
		nx_sleep_ms(10);
	}
	return false;
}

/* The peer has all of @payload, in datagrams. */
static void expect_payload(NX_METADATA, struct bed *bed, const char *payload)
{
	char seen[SEGMENT + 1];

	for (size_t at = 0; at < LEN; at += SEGMENT) {
		size_t want = LEN - at < SEGMENT ? LEN - at : SEGMENT;

		ASSERT_EQ(want, nx_udp_recv(bed->pair.peer, seen, sizeof(seen),
					    WAIT_MS));
		EXPECT_EQ(0, memcmp(payload + at, seen, want));
	}
}

static void expect_nothing_yet(NX_METADATA, struct bed *bed)
{
	char seen[SEGMENT + 1];

	EXPECT_EQ(-EAGAIN, nx_udp_recv(bed->pair.peer, seen, sizeof(seen), 0));
}

static __u64 nr_copied(NX_METADATA, struct bed *bed)
{
	struct nx_ctl_channel seen;

	EXPECT_EQ(0, nx_channel_get(bed->chan.attach.channel_id, &seen));
	return seen.counters.value[NEXUS_COUNTERS_A_BYTES_COPIED];
}

/* ---------------------------------------------------------------- the way */

static void returns(NX_METADATA, int family)
{
	bool is_back = false;
	static struct bed bed;
	__u32 was;

	bed_start(&bed, family, 0);
	hold(HOLD);
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	/* Ours until we give it back, and nobody's until it has left. */
	EXPECT_EQ(0, nr_in_flight(&bed));
	EXPECT_EQ(0, give_back(&bed));
	EXPECT_EQ(1, nr_in_flight(&bed));
	expect_nothing_yet(_metadata, &bed);
	EXPECT_EQ(nx_udp_headers(family), nr_copied(_metadata, &bed));
	expect_payload(_metadata, &bed, bed.sent);
	EXPECT_TRUE(await_landing(&bed));
	was = bed.buf;
	for (int i = 0; i < 4; i++) {
		take_buffer(&bed);
		is_back |= bed.buf == was;
	}
	EXPECT_TRUE(is_back);
	nx_chan_close(&bed.chan);
}

NX_TEST(returns4, "OFF-7 payload leaves without a copy, and its buffer comes back when the discipline and the peer have let go")
{
	returns(_metadata, AF_INET);
}

NX_TEST(returns6, "OFF-7 the same over IPv6")
{
	returns(_metadata, AF_INET6);
}

NX_TEST(changed, "OFF-7 META-2 what the sender writes later changes its payload alone: headers leave as they were checked, sums are right")
{
	static char changed[LEN];
	static struct bed bed;

	bed_start(&bed, AF_INET, 0);
	hold(HOLD);
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	memset(nx_buf_ptr(&bed.chan, bed.buf), 'x', NEXUS_LARGE_SIZE);
	expect_nothing_yet(_metadata, &bed);
	memset(changed, 'x', sizeof(changed));
	expect_payload(_metadata, &bed, changed);
	nx_chan_close(&bed.chan);
}

/* Outgoing IP packets too. */
static long recv_tap(int tap, void *packet, size_t size)
{
	long got;

	do {
		got = recv(tap, packet, size, MSG_DONTWAIT);
	} while (got > 0 && (got < 28 || ((char *)packet)[9] != IPPROTO_UDP));
	return got;
}

NX_TEST(stays_here, "OFF-7 what a packet socket or a socket of this host keeps is a copy of its own")
{
	static char packet[65536];
	static struct bed bed;
	int tap;

	bed_start(&bed, AF_INET, 0);
	tap = nx_packet_socket(-1, NX_DEV);
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	memset(nx_buf_ptr(&bed.chan, bed.buf), 'x', NEXUS_LARGE_SIZE);
	ASSERT_EQ(bed.len, recv_tap(tap, packet, sizeof(packet)));
	EXPECT_EQ(0, memcmp(bed.sent, packet + 28, LEN));
	expect_payload(_metadata, &bed, bed.sent);
	EXPECT_EQ(0, give_back(&bed));
	EXPECT_TRUE(await_landing(&bed));
	nx_chan_close(&bed.chan);
}

/* Whether the module left alone what was sent last; @was: nr_copied() before that. */
static bool has_flown(NX_METADATA, struct bed *bed, __u64 *was)
{
	__u64 copied = nr_copied(_metadata, bed) - *was;

	*was += copied;
	if (copied == nx_udp_headers(AF_INET))
		return true;
	EXPECT_EQ(bed->len, copied);
	return false;
}

/* @nr payloads that arrive; how many of them the module left alone. */
static int nr_flights(NX_METADATA, struct bed *bed, int nr, __u64 *was)
{
	int nr_flown = 0;

	while (nr--) {
		send_it(_metadata, bed, NEXUS_DESC_KEEP);
		expect_payload(_metadata, bed, bed->sent);
		nr_flown += has_flown(_metadata, bed, was);
	}
	return nr_flown;
}

NX_TEST(copied_by_us, "OFF-7 where the kernel has to copy what stays here the module copies what follows, but for one in 64")
{
	static struct bed bed;
	__u64 was = 0;

	bed_start(&bed, AF_INET, 0);
	EXPECT_EQ(1, nr_flights(_metadata, &bed, 1, &was));
	EXPECT_EQ(0, nr_flights(_metadata, &bed, 63, &was));
	EXPECT_EQ(1, nr_flights(_metadata, &bed, 1, &was));
	EXPECT_EQ(0, nr_flights(_metadata, &bed, 63, &was));
	EXPECT_EQ(0, give_back(&bed));
	EXPECT_TRUE(await_landing(&bed));
	nx_chan_close(&bed.chan);
}

NX_TEST(copied_no_more, "OFF-7 where the kernel need not copy any more the module leaves payload alone again; until it knows, it copies")
{
	static struct bed bed;
	__u64 was = 0;

	bed_start(&bed, AF_INET, 0);
	EXPECT_EQ(1, nr_flights(_metadata, &bed, 64, &was));
	hold(HOLD_FOR_GOOD);
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	EXPECT_TRUE(has_flown(_metadata, &bed, &was));
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	EXPECT_FALSE(has_flown(_metadata, &bed, &was));
	release();
	EXPECT_EQ(1, nr_flights(_metadata, &bed, 1, &was));
	EXPECT_EQ(0, give_back(&bed));
	EXPECT_TRUE(await_landing(&bed));
	nx_chan_close(&bed.chan);
}

NX_TEST(sent_again, "OFF-7 a kept buffer can be sent again while it is in flight, and comes back after the last time, however it was sent")
{
	static struct bed bed;

	bed_start(&bed, AF_INET, 0);
	hold(HOLD);
	queue(_metadata, &bed, NEXUS_DESC_KEEP);
	queue(_metadata, &bed, NEXUS_DESC_KEEP);
	queue(_metadata, &bed, 0);
	ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(1, nr_in_flight(&bed));
	expect_nothing_yet(_metadata, &bed);
	for (int i = 0; i < 3; i++)
		expect_payload(_metadata, &bed, bed.sent);
	EXPECT_TRUE(await_landing(&bed));
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------------- offences */

static void expect_quarantine(NX_METADATA, struct bed *bed)
{
	struct nexus_status status;

	ASSERT_EQ(0, nx_chan_status(&bed->chan, &status));
	EXPECT_EQ(NEXUS_CHANNEL_QUARANTINED, status.state);
	EXPECT_EQ(NEXUS_VIOLATION_BUFFER_OWNER, status.violation);
	release();
	EXPECT_TRUE(await_landing(bed));
	nx_chan_close(&bed->chan);
}

NX_TEST(given_twice, "OFF-7 RING-4 giving a buffer back twice while it is in flight is an offence")
{
	static struct bed bed;

	bed_start(&bed, AF_INET, 0);
	hold(HOLD_FOR_GOOD);
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	EXPECT_EQ(0, give_back(&bed));
	EXPECT_EQ(-EPROTO, give_back(&bed));
	expect_quarantine(_metadata, &bed);
}

NX_TEST(sent_after, "OFF-7 RING-4 and so is sending it after it was given back")
{
	static struct bed bed;

	bed_start(&bed, AF_INET, 0);
	hold(HOLD_FOR_GOOD);
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	EXPECT_EQ(0, give_back(&bed));
	queue(_metadata, &bed, NEXUS_DESC_KEEP);
	EXPECT_EQ(-EPROTO, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	expect_quarantine(_metadata, &bed);
}

/* Flips bits of the headers in our buffer while they are checked and sent. */
struct flipper {
	volatile __u8	*header;
	volatile bool	is_over;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;
	__u32 seed = 7;

	while (!flipper->is_over) {
		__u32 random = nx_random(&seed);
		__u32 at = random % NX_UDP4_HEADERS;
		__u8 was = flipper->header[at];

		flipper->header[at] = was ^ 1U << (random >> 8) % 8;
		flipper->header[at] = was;
	}
	return NULL;
}

NX_TEST(flipped, "OFF-7 META-2 headers that flip while a packet is sent without a copy: none is on the wire that was not checked")
{
	unsigned long nr = nx_loops("NEXUS_TEST_FLIGHTS", 2000), seen = 0;
	static char packet[65536];
	static struct bed bed;
	struct flipper flipper;
	struct nx_udp udp;
	pthread_t thread;
	int wire;

	bed_start(&bed, AF_INET, 0);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	flipper.header = (void *)nx_buf_ptr(&bed.chan, bed.buf);
	flipper.is_over = false;
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &flipper));
	for (unsigned long i = 0; i < nr; i++) {
		send_it(_metadata, &bed, NEXUS_DESC_KEEP);
		while (nx_packet_recv(wire, packet, sizeof(packet), 0) > 0) {
			if (packet[0] >> 4 != 4 || packet[9] != IPPROTO_UDP)
				continue;
			EXPECT_EQ(NULL, nx_udp_parse(packet, bed.len, false,
						     &udp));
			EXPECT_TRUE(nx_tuple_equal(&bed.pair.flow.tuple,
						   &udp.tuple));
			seen++;
		}
	}
	flipper.is_over = true;
	pthread_join(thread, NULL);
	nx_note("%lu of %lu packets left", seen, nr);
	EXPECT_GT(seen, 0);
	nx_chan_close(&bed.chan);
}

/* -------------------------------------------------------------------- ends */

static long long nr_refs(void)
{
	return nx_file_number("/sys/module/nexus/refcnt", NULL);
}

static bool await_refs(long long refs)
{
	for (int i = 0; i < WAIT_MS / 10; i++) {
		if (nr_refs() <= refs)
			return true;
		nx_sleep_ms(10);
	}
	return false;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "nexus", O_NONBLOCK) ? -errno : 0;
}

/* A discipline from which the second packet of a second does not come. */
static void trickle(void)
{
	if (nx_shell("tc qdisc add dev " NX_DEV
		     " root tbf rate 8bit burst 1600 limit 100000"))
		nx_die("no tbf");
}

/* Two ordinary datagrams, which want a report. */
static void send_reported(NX_METADATA, struct bed *bed)
{
	char packet[1200];
	size_t len = nx_udp_build(packet, &bed->pair.flow.tuple, bed->sent,
				  1000);

	for (int i = 0; i < 2; i++)
		ASSERT_TRUE(nx_chan_send(&bed->chan, 0,
					 bed->pair.flow.add.flow,
					 NEXUS_DESC_NOTIFY, packet, len));
	ASSERT_EQ(0, nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0));
}

static void send_for_good(NX_METADATA, struct bed *bed, bool is_reported)
{
	bed_begin(bed, AF_INET, 0);
	if (is_reported) {
		trickle();
		send_reported(_metadata, bed);
	} else {
		hold(HOLD_FOR_GOOD);
		send_it(_metadata, bed, NEXUS_DESC_KEEP);
	}
}

/*
 * The sender is killed with a packet in a discipline, where it stays until @end
 * takes it away.
 */
static void killed(NX_METADATA, bool is_reported, const char *end)
{
	volatile unsigned int *is_sent = nx_shared_alloc(sizeof(*is_sent));
	static struct bed bed;
	pid_t pid;

	ASSERT_TRUE(await_refs(0));
	nx_net_start(&bed.net);
	pid = nx_fork();
	if (!pid) {
		send_for_good(_metadata, &bed, is_reported);
		*is_sent = 1;
		for (;;)
			pause();
	}
	ASSERT_TRUE(nx_wait_word(is_sent, 1, WAIT_MS));
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, nx_wait_child(pid));
	/* In the end the packet is all that is left, and will call the module. */
	EXPECT_TRUE(await_refs(1));
	nx_sleep_ms(500);
	EXPECT_EQ(1, nr_refs());
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, nx_shell("%s", end));
	EXPECT_TRUE(await_refs(0));
}

NX_TEST(killed_flight, "OFF-7 LIFE-1 the sender is killed, and the module stays until the discipline lets go of its pages")
{
	killed(_metadata, false, "tc qdisc del dev " NX_DEV " root");
}

NX_TEST(killed_device, "OFF-7 LIFE-1 or until the device goes")
{
	killed(_metadata, false, "ip link del " NX_DEV);
}

NX_TEST(killed_report, "LIFE-1 and likewise for a packet that is reported")
{
	killed(_metadata, true, "tc qdisc del dev " NX_DEV " root");
}

NX_TEST(defunct, "OFF-7 defunct with a payload in flight: the pool is gone, and the peer has the payload")
{
	struct nexus_status status;
	static struct bed bed;

	bed_start(&bed, AF_INET, NEXUS_ATTACH_DEFUNCT_OK);
	hold(HOLD);
	send_it(_metadata, &bed, NEXUS_DESC_KEEP);
	EXPECT_EQ(0, give_back(&bed));
	EXPECT_EQ(0, nx_defunct(NEXUS_DEFUNCT_A_CHANNEL_ID,
				bed.chan.attach.channel_id));
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_EQ(0, status.pages);
	EXPECT_EQ(1, status.buffers_in_flight);
	/* What the process writes now is in pages of its own. */
	memset(nx_buf_ptr(&bed.chan, bed.buf), 'x', NEXUS_LARGE_SIZE);
	expect_nothing_yet(_metadata, &bed);
	expect_payload(_metadata, &bed, bed.sent);
	EXPECT_TRUE(await_landing(&bed));
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("flight")
