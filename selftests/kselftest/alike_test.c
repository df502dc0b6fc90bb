// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams that arrive behind others that are like them, but for one thing: each
 * is judged as it is when it comes alone.
 */
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sched.h>
#include <string.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define MARK	4001
#define NR_ALIKE	3
#define WAIT_MS	10000
#define RX_SLOTS	16

/**
 * struct bed - the scene
 * @flow: connected: the datagrams are its
 * @mark: another one, of another peer, whose datagrams tell that all before them
 *        have arrived
 * @tuple, @mark_tuple: as the peer sends
 * @wire: of the peer
 */
struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_flow	flow;
	struct nx_flow	mark;
	struct nx_tuple	tuple;
	struct nx_tuple	mark_tuple;
	int	wire;
};

/**
 * struct frame - an IP packet on its way, and what may follow it
 * @len: of the frame
 */
struct frame {
	int	family;
	size_t	len;
	char	packet[2048];
};

/**
 * struct outcome - what became of one frame
 * @got:   times that the flow got it
 * @flags: of its descriptor
 * @len:   of the packet
 * @drops: of the channel, by reason
 */
struct outcome {
	int	got;
	__u32	flags;
	long	len;
	__u64	drops[NEXUS_NR_DROP_REASONS];
};

/* What one CPU has seen is asked for, so all is sent by one. */
static void stay_on_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		nx_die("CPU 0: %m");
}

static void bed_start(struct bed *bed, int family)
{
	const char *host = family == AF_INET ? NX_HOST4 : NX_HOST6;
	const char *peer = family == AF_INET ? NX_PEER4 : NX_PEER6;
	const char *other = family == AF_INET ? "10.9.0.9" : "fd09::9";

	stay_on_cpu();
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.rx_slots = RX_SLOTS;
	nx_chan_begin(&bed->chan);
	nx_flow_start(&bed->flow, &bed->chan, host, PORT, peer, PORT);
	nx_flow_start(&bed->mark, &bed->chan, host, MARK, other, MARK);
	bed->tuple = nx_tuple(peer, PORT, host, PORT);
	bed->mark_tuple = nx_tuple(other, MARK, host, MARK);
	bed->wire = nx_packet_socket(bed->net.peer, NX_PEER_DEV);
}

static void build(struct frame *frame, const struct nx_tuple *tuple)
{
	frame->family = tuple->family;
	frame->len = nx_udp_build(frame->packet, tuple, "alike", 5);
	nx_udp_sum(frame->packet);
}

static void put_on_wire(struct bed *bed, const struct frame *frame)
{
	nx_packet_send(bed->wire, NX_PEER_DEV, frame->packet, frame->len);
}

/* All that has arrived before a mark: of @flow, of which there must be a mark. */
static void collect(NX_METADATA, struct bed *bed, struct outcome *o)
{
	struct nexus_desc desc;
	struct frame mark;
	char packet[2048];
	long len;

	memset(o, 0, sizeof(*o));
	build(&mark, &bed->mark_tuple);
	put_on_wire(bed, &mark);
	for (;;) {
		len = nx_chan_recv_packet(&bed->chan, 0, &desc, packet,
					  sizeof(packet), WAIT_MS);
		ASSERT_LT(0, len) {
			TH_LOG("the mark did not arrive");
		}
		if (desc.flow == bed->mark.add.flow)
			return;
		EXPECT_EQ(bed->flow.add.flow, desc.flow);
		o->got++;
		o->flags = desc.flags;
		o->len = len;
	}
}

/* What becomes of @frame behind @nr good datagrams of the same flow. */
static struct outcome send_behind(NX_METADATA, struct bed *bed,
				  const struct frame *frame, int nr)
{
	struct nexus_status before, after;
	struct outcome good, o;
	struct frame alike;

	/* Of another flow: what was remembered of this one is not the last. */
	collect(_metadata, bed, &good);
	EXPECT_EQ(0, good.got);
	build(&alike, &bed->tuple);
	for (int i = 0; i < nr; i++)
		put_on_wire(bed, &alike);
	nx_chan_status(&bed->chan, &before);
	put_on_wire(bed, frame);
	collect(_metadata, bed, &o);
	nx_chan_status(&bed->chan, &after);
	o.got -= nr;
	for (int i = 0; i < NEXUS_NR_DROP_REASONS; i++)
		o.drops[i] = after.drops[i] - before.drops[i];
	return o;
}

/* ---------------------------------------------------------------- one thing */

static struct iphdr *ip_of(struct frame *frame)
{
	return (void *)frame->packet;
}

static struct udphdr *udp_of(struct frame *frame)
{
	return (void *)(frame->packet + nx_udp_headers(frame->family) -
			sizeof(struct udphdr));
}

static void leave(struct frame *frame)
{
}

static void pad(struct frame *frame)
{
	memset(frame->packet + frame->len, 0x5a, 18);
	frame->len += 18;
}

static void cut_off(struct frame *frame)
{
	frame->len -= 1;
}

static void flip_payload(struct frame *frame)
{
	frame->packet[frame->len - 1] ^= 1;
}

static void flip_sum(struct frame *frame)
{
	udp_of(frame)->check ^= htons(0x100);
}

static void clear_sum(struct frame *frame)
{
	udp_of(frame)->check = 0;
}

static void shorten_udp(struct frame *frame)
{
	udp_of(frame)->len = htons(ntohs(udp_of(frame)->len) - 2);
	nx_udp_sum(frame->packet);
}

static void lengthen_udp(struct frame *frame)
{
	udp_of(frame)->len = htons(ntohs(udp_of(frame)->len) + 2);
}

static void change_source_port(struct frame *frame)
{
	udp_of(frame)->source = htons(PORT + 7);
	nx_udp_sum(frame->packet);
}

static void change_port(struct frame *frame)
{
	udp_of(frame)->dest = htons(PORT + 7);
	nx_udp_sum(frame->packet);
}

/* The last byte of the source, in both versions. */
static void change_source(struct frame *frame)
{
	frame->packet[frame->family == AF_INET ? 15 : 23] += 5;
	nx_udp_sum(frame->packet);
}

static void change_destination(struct frame *frame)
{
	frame->packet[frame->family == AF_INET ? 19 : 39] += 5;
	nx_udp_sum(frame->packet);
}

/* Traffic class and hop limit, or TOS and TTL: they are the packet's own affair. */
static void change_tos(struct frame *frame)
{
	if (frame->family == AF_INET) {
		ip_of(frame)->tos = 0xb8;
		ip_of(frame)->ttl = 3;
	} else {
		frame->packet[1] |= 0x80;
		frame->packet[7] = 3;
	}
	nx_udp_sum(frame->packet);
}

static void change_protocol(struct frame *frame)
{
	frame->packet[frame->family == AF_INET ? 9 : 6] = IPPROTO_UDPLITE;
	if (frame->family == AF_INET)
		ip_of(frame)->check = 0,
		ip_of(frame)->check = nx_csum(frame->packet, 20, 0);
}

static void flip_ip_sum(struct frame *frame)
{
	ip_of(frame)->check ^= htons(0x100);
}

/* What one checksum has too much the other one has too little. */
static void shift_sums(struct frame *frame)
{
	__u16 ip = ntohs(ip_of(frame)->check), udp = ntohs(udp_of(frame)->check);
	int by = ip > 1 && udp < 0xfffe ? 1 : -1;

	ip_of(frame)->check = htons(ip - by);
	udp_of(frame)->check = htons(udp + by);
}

static void flip_version(struct frame *frame)
{
	frame->packet[0] ^= 0x20;
}

static void set_header_length(struct frame *frame)
{
	ip_of(frame)->ihl = 6;
	ip_of(frame)->check = 0;
	ip_of(frame)->check = nx_csum(frame->packet, 24, 0);
}

static void set_fragment(struct frame *frame)
{
	ip_of(frame)->frag_off = htons(IP_MF);
	nx_udp_sum(frame->packet);
}

static void set_offset(struct frame *frame)
{
	ip_of(frame)->frag_off = htons(2);
	nx_udp_sum(frame->packet);
}

static void set_df(struct frame *frame)
{
	ip_of(frame)->frag_off = htons(IP_DF);
	nx_udp_sum(frame->packet);
}

/**
 * struct change - one thing that is another in a datagram
 * @name:  for people
 * @make:  makes it so
 * @got:   whether its flow gets it, over IPv4 and over IPv6
 * @only4: there is nothing like it in IPv6
 */
struct change {
	const char	*name;
	void	(*make)(struct frame *frame);
	int	got[2];
	bool	only4;
};

static const struct change changes[] = {
	{ "nothing",			leave,			{ 1, 1 } },
	{ "bytes behind it",		pad,			{ 1, 1 } },
	{ "TOS and TTL",		change_tos,		{ 1, 1 } },
	{ "DF",				set_df,			{ 1 }, true },
	{ "no checksum",		clear_sum,		{ 1, 0 } },
	{ "its last byte is missing",	cut_off,		{ 0, 0 } },
	{ "a byte of payload",		flip_payload,		{ 0, 0 } },
	{ "the checksum",		flip_sum,		{ 0, 0 } },
	{ "UDP's length is too large",	lengthen_udp,		{ 0, 0 } },
	{ "the source port",		change_source_port,	{ 0, 0 } },
	{ "the port",			change_port,		{ 0, 0 } },
	{ "the source",			change_source,		{ 0, 0 } },
	{ "the destination",		change_destination,	{ 0, 0 } },
	{ "the protocol",		change_protocol,	{ 0, 0 } },
	{ "the version",		flip_version,		{ 0, 0 } },
	{ "the header's checksum",	flip_ip_sum,		{ 0 }, true },
	{ "both checksums",		shift_sums,		{ 0 }, true },
	{ "the header's length",	set_header_length,	{ 0 }, true },
	{ "more fragments",		set_fragment,		{ 0 }, true },
	{ "a fragment's offset",	set_offset,		{ 0 }, true },
	/* The kernel's UDP takes as much as it says, and so its flow gets it. */
	{ "UDP's length is too small",	shorten_udp,		{ 1, 1 } },
};

static void expect_same(NX_METADATA, struct bed *bed, const struct change *c,
			int family)
{
	struct outcome alone, behind;
	struct frame frame;

	build(&frame, &bed->tuple);
	c->make(&frame);
	alone = send_behind(_metadata, bed, &frame, 0);
	behind = send_behind(_metadata, bed, &frame, NR_ALIKE);
	EXPECT_EQ(c->got[family == AF_INET6], alone.got) {
		TH_LOG("alone, with another thing: %s", c->name);
	}
	EXPECT_EQ(c->got[family == AF_INET6], behind.got) {
		TH_LOG("behind packets that are alike but for: %s", c->name);
	}
	EXPECT_EQ(0, memcmp(alone.drops, behind.drops, sizeof(alone.drops))) {
		TH_LOG("not dropped for the same reason: %s", c->name);
	}
	if (!alone.got)
		return;
	EXPECT_EQ(alone.flags, behind.flags);
	EXPECT_EQ(alone.len, behind.len);
}

static void change_one_thing(NX_METADATA, int family)
{
	struct bed bed;

	bed_start(&bed, family);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (family == AF_INET || !changes[i].only4)
			expect_same(_metadata, &bed, &changes[i], family);
	nx_chan_close(&bed.chan);
}

NX_TEST(things4, "FLOW-1 META-5 behind datagrams that are alike, one with another thing is judged as it is alone")
{
	change_one_thing(_metadata, AF_INET);
}

NX_TEST(things6, "FLOW-1 META-5 the same over IPv6")
{
	change_one_thing(_metadata, AF_INET6);
}

/* ------------------------------------------------------------ the host changes */

/* Some good ones, which arrive; the next one would be like them. */
static void send_alike(NX_METADATA, struct bed *bed)
{
	struct frame alike;
	char seen[64];

	build(&alike, &bed->tuple);
	for (int i = 0; i < NR_ALIKE; i++)
		put_on_wire(bed, &alike);
	/* Without a mark: that would be the last one before the next. */
	for (int i = 0; i < NR_ALIKE; i++)
		ASSERT_EQ(5, nx_flow_recv(&bed->flow, seen, sizeof(seen), NULL,
					  WAIT_MS));
}

/* One more like them: how often does it reach the flow? */
static int got_one_more(NX_METADATA, struct bed *bed)
{
	struct outcome o;
	struct frame alike;

	build(&alike, &bed->tuple);
	put_on_wire(bed, &alike);
	collect(_metadata, bed, &o);
	return o.got;
}

NX_TEST(removed, "FLOW-1 a flow is removed: the next datagram that is like the ones before does not reach it, nor who has its place")
{
	struct nx_flow next;
	struct bed bed;

	bed_start(&bed, AF_INET);
	send_alike(_metadata, &bed);
	EXPECT_EQ(1, got_one_more(_metadata, &bed));
	send_alike(_metadata, &bed);
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &bed.flow.add));
	EXPECT_EQ(0, got_one_more(_metadata, &bed));
	/* Its index is the next one's. */
	nx_flow_start(&next, &bed.chan, NX_HOST4, PORT + 7, NX_PEER4, PORT);
	EXPECT_EQ(bed.flow.add.flow, next.add.flow);
	EXPECT_EQ(0, got_one_more(_metadata, &bed));
	nx_chan_close(&bed.chan);
}

NX_TEST(taken_over, "FLOW-1 another channel takes a flow over: the next datagram that is like the ones before is its")
{
	struct nx_chan heir;
	struct nx_flow flow;
	struct bed bed;
	char seen[64];

	bed_start(&bed, AF_INET);
	nx_chan_start(&heir, NEXUS);
	send_alike(_metadata, &bed);
	nx_flow_stop(&bed.flow);
	nx_flow_start(&flow, &heir, NX_HOST4, PORT, NX_PEER4, PORT);
	EXPECT_EQ(0, got_one_more(_metadata, &bed));
	EXPECT_EQ(5, nx_flow_recv(&flow, seen, sizeof(seen), NULL, WAIT_MS));
	nx_chan_close(&heir);
	nx_chan_close(&bed.chan);
}

NX_TEST(address, "FLOW-2 the source becomes an address of this host: the next datagram that is like the ones before is a martian")
{
	struct bed bed;

	bed_start(&bed, AF_INET);
	send_alike(_metadata, &bed);
	nx_ip("addr add %s/32 dev lo\n", NX_PEER4);
	EXPECT_EQ(0, got_one_more(_metadata, &bed));
	nx_ip("addr del %s/32 dev lo\n", NX_PEER4);
	EXPECT_EQ(1, got_one_more(_metadata, &bed));
	nx_chan_close(&bed.chan);
}

NX_TEST(ring, "OBS-1 datagrams that are alike fill RX, and those for which it has no room are dropped and counted")
{
	struct outcome o;
	struct frame alike;
	struct bed bed;

	bed_start(&bed, AF_INET);
	build(&alike, &bed.tuple);
	for (int i = 0; i < RX_SLOTS + 5; i++)
		put_on_wire(&bed, &alike);
	/* No mark has room: it is sent when it has. */
	for (int i = 0; i < WAIT_MS / 10; i++) {
		if (nx_chan_drops(&bed.chan, NEXUS_DROP_RX_RING_FULL) == 5)
			break;
		nx_sleep_ms(10);
	}
	EXPECT_EQ(5, nx_chan_drops(&bed.chan, NEXUS_DROP_RX_RING_FULL));
	for (int i = 0; i < RX_SLOTS; i++) {
		char seen[64];

		ASSERT_EQ(5, nx_flow_recv(&bed.flow, seen, sizeof(seen), NULL,
					  WAIT_MS));
	}
	collect(_metadata, &bed, &o);
	EXPECT_EQ(0, o.got);
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("alike")
