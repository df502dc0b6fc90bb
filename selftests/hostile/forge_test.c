// SPDX-License-Identifier: GPL-2.0
/*
 * Packets in somebody else's name, in great numbers and of every kind: none is
 * seen at the peer, and each is counted once, with its reason.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"
#include "test.h"

#define BATCH	32
#define MARK	"this is not what it says that it is"
#define END	"this is the end of it"
#define PATIENCE_MS	60000

/**
 * struct forgery - a way to lie
 * @what:   for people
 * @lie:    tells it, in a good packet
 * @reason: that is counted
 */
struct forgery {
	const char	*what;
	void	(*lie)(struct nexus_desc *desc, struct iphdr *ip,
		       struct udphdr *udp, __u32 random);
	enum nexus_drop_reason	reason;
};

static void lie_source(struct nexus_desc *desc, struct iphdr *ip,
		       struct udphdr *udp, __u32 random)
{
	ip->saddr ^= htonl(1 + random % 254);
}

static void lie_destination(struct nexus_desc *desc, struct iphdr *ip,
			    struct udphdr *udp, __u32 random)
{
	ip->daddr ^= htonl(1 + random % 254);
}

static void lie_sport(struct nexus_desc *desc, struct iphdr *ip,
		      struct udphdr *udp, __u32 random)
{
	udp->source ^= htons(1 + random % 65535);
}

static void lie_dport(struct nexus_desc *desc, struct iphdr *ip,
		      struct udphdr *udp, __u32 random)
{
	udp->dest ^= htons(1 + random % 65535);
}

/* Neither UDP, which it is, nor TCP, whose header this is not. */
static void lie_protocol(struct nexus_desc *desc, struct iphdr *ip,
			 struct udphdr *udp, __u32 random)
{
	do {
		ip->protocol = random++;
	} while (ip->protocol == IPPROTO_UDP || ip->protocol == IPPROTO_TCP);
}

static void lie_fragment(struct nexus_desc *desc, struct iphdr *ip,
			 struct udphdr *udp, __u32 random)
{
	ip->frag_off = htons(1 + random % 0x3fff);
	ip->frag_off |= htons(1);
}

static void lie_length(struct nexus_desc *desc, struct iphdr *ip,
		       struct udphdr *udp, __u32 random)
{
	desc->len -= 1 + random % 8;
}

static void lie_udp_length(struct nexus_desc *desc, struct iphdr *ip,
			   struct udphdr *udp, __u32 random)
{
	udp->len ^= htons(1 + random % 65535);
}

static void lie_beyond(struct nexus_desc *desc, struct iphdr *ip,
		       struct udphdr *udp, __u32 random)
{
	desc->off = NEXUS_SMALL_SIZE - desc->len + 1 + random % 0x7fffffff;
}

static void lie_flow(struct nexus_desc *desc, struct iphdr *ip,
		     struct udphdr *udp, __u32 random)
{
	desc->flow += 1 + random % 0xfffffff0;
}

static void lie_flags(struct nexus_desc *desc, struct iphdr *ip,
		      struct udphdr *udp, __u32 random)
{
	desc->flags |= 1U << (31 - random % 16);
}

/* A class alone makes a packet best effort, so it claims a source as well. */
static void lie_class(struct nexus_desc *desc, struct iphdr *ip,
		      struct udphdr *udp, __u32 random)
{
	desc->traffic_class = 1 + random % 255;
	lie_source(desc, ip, udp, random);
}

/* What only the kernel says: of a packet that arrives. */
static void lie_kernels(struct nexus_desc *desc, struct iphdr *ip,
			struct udphdr *udp, __u32 random)
{
	switch (random % 5) {
	case 0:
		desc->protocol = 1 + random % 255;
		break;
	case 1:
		desc->hash = 1 + random;
		break;
	case 2:
		desc->ifindex = 1 + random % 100;
		break;
	case 3:
		desc->payload_off = 1 + random % 100;
		break;
	default:
		desc->reserved[random & 1] = 1 + random % 100;
	}
}

static const struct forgery forgeries[] = {
	{ "source address", lie_source, NEXUS_DROP_TX_MISMATCH },
	{ "destination address", lie_destination, NEXUS_DROP_TX_MISMATCH },
	{ "source port", lie_sport, NEXUS_DROP_TX_MISMATCH },
	{ "destination port", lie_dport, NEXUS_DROP_TX_MISMATCH },
	{ "protocol", lie_protocol, NEXUS_DROP_TX_MISMATCH },
	{ "fragment", lie_fragment, NEXUS_DROP_TX_IP },
	{ "length", lie_length, NEXUS_DROP_TX_IP },
	{ "UDP length", lie_udp_length, NEXUS_DROP_TX_L4 },
	{ "beyond the buffer", lie_beyond, NEXUS_DROP_TX_LENGTH },
	{ "flow", lie_flow, NEXUS_DROP_TX_FLOW },
	{ "class", lie_class, NEXUS_DROP_TX_MISMATCH },
	{ "flags", lie_flags, NEXUS_DROP_TX_FLAGS },
	{ "the kernel's fields", lie_kernels, NEXUS_DROP_TX_FLAGS },
};

struct forger {
	struct nx_chan	chan;
	struct nx_flow	flow;
	char	good[200];
	size_t	len;
	__u64	expected[NEXUS_NR_DROP_REASONS];
	__u64	declassed;
	__u32	seed;
};

/* ------------------------------------------------------------ the observer */

/* Counts packets that hold the mark; it never ends by itself. */
static void observe(volatile __u32 *seen, int wire)
{
	static char packet[65536];

	for (;;) {
		long len = nx_packet_recv(wire, packet, sizeof(packet), 1000);

		if (len > 0 && memmem(packet, len, MARK, sizeof(MARK)))
			__atomic_fetch_add(seen, 1, __ATOMIC_RELEASE);
	}
}

static pid_t observer_start(struct nx_bed *bed, volatile __u32 *seen)
{
	int wire = nx_packet_socket(bed->net.peer, NX_PEER_DEV);
	pid_t pid = nx_fork();

	if (!pid)
		observe(seen, wire);
	close(wire);
	return pid;
}

/* ------------------------------------------------------------- the forger */

static void forger_start(struct forger *f)
{
	memset(f, 0, sizeof(*f));
	nx_chan_start(&f->chan, NX_BED_NEXUS);
	nx_flow_start(&f->flow, &f->chan, NX_HOST4, NX_BED_PORT, NX_PEER4,
		      NX_BED_PORT);
	f->len = nx_udp_build(f->good, &f->flow.tuple, MARK, sizeof(MARK));
	f->seed = 5;
}

static bool forge_one(struct forger *f, const struct forgery *forgery)
{
	struct nx_ring *tx = nx_chan_ring(&f->chan, 0, NEXUS_RING_TX);
	struct nexus_desc desc = { .flow = f->flow.add.flow, .len = f->len };
	long buf = nx_buf_take(&f->chan, 0);
	char *bytes;

	if (buf < 0)
		return false;
	bytes = nx_buf_ptr(&f->chan, buf);
	memcpy(bytes, f->good, f->len);
	desc.buf = buf;
	forgery->lie(&desc, (void *)bytes, (void *)(bytes + 20),
		     nx_random(&f->seed));
	if (!nx_ring_push(tx, &desc))
		return false;
	f->expected[forgery->reason]++;
	f->declassed += forgery->lie == lie_class;
	return true;
}

/* Each reason was counted as often as it was given, and all of them are all. */
static void expect_counters(NX_METADATA, struct forger *f, __u64 attempts)
{
	struct nx_ctl_channel info;
	__u64 sum = 0;

	for (int i = 1; i < NEXUS_NR_DROP_REASONS; i++) {
		__u64 nr = nx_chan_drops(&f->chan, i);

		sum += nr;
		EXPECT_EQ(f->expected[i], nr) {
			TH_LOG("reason %d", i);
		}
		if (nr)
			nx_note("%llu for reason %d", nr, i);
	}
	EXPECT_EQ(attempts, sum);
	ASSERT_EQ(0, nx_channel_get(f->chan.attach.channel_id, &info));
	EXPECT_EQ(f->declassed, info.counters.value[NEXUS_COUNTERS_A_TX_DECLASSED]);
	EXPECT_EQ(0, info.counters.value[NEXUS_COUNTERS_A_TX_PACKETS]);
}

NX_TEST_LONG(all, "META-1 META-2 RING-5 RING-7 forged packets of every kind: none at the peer, each counted with its reason", 600)
{
	__u32 nr = nx_loops("NEXUS_TEST_FORGERIES", 10000000), done = 0;
	volatile __u32 *seen = nx_shared_alloc(sizeof(*seen));
	static struct forger f;
	struct nx_bed bed;
	pid_t pid;

	nx_bed_start(&bed);
	forger_start(&f);
	pid = observer_start(&bed, seen);
	while (done < nr) {
		for (int i = 0; i < BATCH; i++, done++)
			ASSERT_TRUE(forge_one(&f, &forgeries[done %
						NX_ARRAY_SIZE(forgeries)]));
		ASSERT_EQ(0, nx_chan_sync(&f.chan, 0, NEXUS_SYNC_TX |
					  NEXUS_SYNC_REFILL, 0));
	}
	expect_counters(_metadata, &f, done);
	/* The observer does see what is not forged, after all that is. */
	EXPECT_EQ(0, nx_flow_send(&f.flow, MARK, sizeof(MARK)));
	EXPECT_TRUE(nx_wait_word(seen, 1, PATIENCE_MS));
	EXPECT_EQ(1, *seen);
	nx_note("%u forgeries", done);
	kill(pid, SIGKILL);
	nx_wait_child(pid);
	nx_bed_judge(&bed);
	nx_chan_close(&f.chan);
}

/* ------------------------------------------------- after it was validated */

struct flipper {
	struct forger	*f;
	volatile bool	is_over;
};

/* Good and forged in turn, as fast as it goes, in every buffer. */
static void *flip(void *arg)
{
	struct flipper *flipper = arg;
	struct nx_chan *chan = &flipper->f->chan;
	__u32 turn = 0;

	while (!flipper->is_over) {
		for (__u32 buf = 0; buf < chan->attach.nr_small / 2; buf++) {
			struct iphdr *ip = (void *)nx_buf_ptr(chan, buf);

			ip->saddr = turn & 1 ? inet_addr("10.9.0.99") :
					       inet_addr(NX_HOST4);
		}
		turn++;
	}
	return NULL;
}

/**
 * struct sources - what was seen of the packets that leave
 * @forged: of the wrong source, or with a sum that is wrong
 * @nr:     looked at
 * @is_over: the end was seen
 */
struct sources {
	volatile __u32	forged;
	volatile __u32	nr;
	volatile __u32	is_over;
};

static void judge_sources(struct sources *sources, int wire)
{
	static char packet[65536];

	for (;;) {
		long len = nx_packet_recv(wire, packet, sizeof(packet), 1000);
		struct iphdr *ip = (void *)packet;

		if (len > 0 && memmem(packet, len, END, sizeof(END)))
			__atomic_store_n(&sources->is_over, 1, __ATOMIC_RELEASE);
		if (len < 0 || !memmem(packet, len, MARK, sizeof(MARK)))
			continue;
		sources->nr++;
		if (ip->saddr != inet_addr(NX_HOST4) || nx_csum(ip, 20, 0))
			sources->forged++;
	}
}

/* The send buffer may be full, the observer's too: not for ever. */
static bool send_end(struct forger *f, struct sources *sources)
{
	for (int i = 0; i < PATIENCE_MS / 100; i++) {
		nx_flow_send(&f->flow, END, sizeof(END));
		if (nx_wait_word(&sources->is_over, 1, 100))
			return true;
	}
	return false;
}

NX_TEST_LONG(late, "META-2 RING-6 a source that changes while it is sent: what leaves is right, and all are accounted for", 300)
{
	__u32 nr = nx_loops("NEXUS_TEST_LATE", 500000), done = 0;
	struct sources *sources = nx_shared_alloc(sizeof(*sources));
	static struct forger f;
	struct flipper flipper = { &f, false };
	struct nexus_status status;
	struct nx_bed bed;
	pthread_t thread;
	pid_t pid;
	int wire;

	nx_bed_start(&bed);
	forger_start(&f);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	pid = nx_fork();
	if (!pid)
		judge_sources(sources, wire);
	close(wire);
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &flipper));
	for (; done < nr; done += 32) {
		for (int i = 0; i < 32; i++)
			ASSERT_TRUE(nx_chan_send(&f.chan, 0, f.flow.add.flow, 0,
						 f.good, f.len));
		/* Until the send buffer takes all. */
		while (nx_chan_sync(&f.chan, 0, NEXUS_SYNC_TX |
				    NEXUS_SYNC_REFILL, 0))
			;
	}
	flipper.is_over = true;
	pthread_join(thread, NULL);
	ASSERT_EQ(0, nx_chan_status(&f.chan, &status));
	EXPECT_EQ(done, status.tx_packets + status.drops[NEXUS_DROP_TX_MISMATCH]);
	EXPECT_LT(0, status.tx_packets);
	EXPECT_LT(0, status.drops[NEXUS_DROP_TX_MISMATCH]);
	EXPECT_TRUE(send_end(&f, sources));
	EXPECT_EQ(0, sources->forged);
	EXPECT_LT(0, sources->nr);
	nx_note("%llu sent, %llu refused, %u looked at", status.tx_packets,
		status.drops[NEXUS_DROP_TX_MISMATCH], sources->nr);
	kill(pid, SIGKILL);
	nx_wait_child(pid);
	nx_bed_judge(&bed);
	nx_chan_close(&f.chan);
}

NX_TEST_MAIN("forge")
