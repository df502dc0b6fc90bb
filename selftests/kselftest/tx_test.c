// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that must not leave: descriptors, buffers and headers that lie. Each
 * is refused with its reason, nothing of it is seen on the wire, and the
 * channel works on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define PORT6	4006
#define WILD	4010

/* Any of the TX reasons. */
#define ANY_REASON	NEXUS_DROP_REASONS_MAX

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
	struct nx_pair	pair6;
	struct nx_flow	wild;
	int	wire;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&bed->chan, NEXUS);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
	nx_pair_start(&bed->pair6, &bed->chan, &bed->net, AF_INET6, PORT6);
	nx_flow_start(&bed->wild, &bed->chan, "0.0.0.0", WILD, NULL, 0);
	bed->wild.tuple = nx_tuple(NX_HOST4, WILD, NX_PEER4, WILD);
	/* Somebody has the port, lest the peer answers that it is unreachable. */
	nx_udp_socket(bed->net.peer, NX_PEER4, WILD, NULL, 0);
	bed->wire = nx_packet_socket(bed->net.peer, NX_PEER_DEV);
}

/* ------------------------------------------------------------ refusals */

/**
 * struct packet - one that is about to be spoilt
 * @desc:  of its only part
 * @bytes: where it lies, in its buffer
 * @ip4, @ip6, @udp: its headers
 */
struct packet {
	struct nexus_desc	desc;
	char	*bytes;
	struct iphdr	*ip4;
	struct ip6_hdr	*ip6;
	struct udphdr	*udp;
};

/**
 * struct refusal - a way to spoil a packet
 * @what:   for people
 * @spoil:  does it
 * @reason: that is counted
 * @value:  an argument of @spoil
 * @flow:   of the packet before it is spoilt
 */
struct refusal {
	const char	*what;
	void	(*spoil)(struct packet *packet, __u64 value);
	int	reason;
	__u64	value;
	enum { FLOW4, FLOW6, WILD4 } flow;
};

static struct nx_flow *refusal_flow(struct bed *bed, const struct refusal *r)
{
	switch (r->flow) {
	case FLOW6:
		return &bed->pair6.flow;
	case WILD4:
		return &bed->wild;
	default:
		return &bed->pair.flow;
	}
}

static void packet_make(NX_METADATA, struct bed *bed, struct nx_flow *flow,
			struct packet *packet)
{
	char payload[100];
	long buf = nx_buf_take(&bed->chan, 0);

	ASSERT_GE(buf, 0);
	memset(payload, 'x', sizeof(payload));
	memset(packet, 0, sizeof(*packet));
	packet->bytes = nx_buf_ptr(&bed->chan, buf);
	packet->desc.buf = buf;
	packet->desc.flow = flow->add.flow;
	packet->desc.len = nx_udp_build(packet->bytes, &flow->tuple, payload,
					sizeof(payload));
	packet->ip4 = (void *)packet->bytes;
	packet->ip6 = (void *)packet->bytes;
	packet->udp = (void *)(packet->bytes +
			       nx_udp_headers(flow->tuple.family) -
			       sizeof(*packet->udp));
}

/* Good packets that a bad one comes behind: so many that it is taken for another. */
#define ALIKE	3

static void push_alike(NX_METADATA, struct bed *bed, struct nx_flow *flow)
{
	for (int i = 0; i < ALIKE; i++) {
		struct packet packet;

		packet_make(_metadata, bed, flow, &packet);
		ASSERT_TRUE(nx_ring_push(nx_chan_ring(&bed->chan, 0,
						      NEXUS_RING_TX),
					 &packet.desc));
	}
}

/* @nr datagrams come by. */
static void expect_seen(NX_METADATA, struct bed *bed, int nr)
{
	char seen[2048];
	struct nx_udp udp;
	long len;

	while (nr > 0) {
		len = nx_packet_recv(bed->wire, seen, sizeof(seen), 5000);
		ASSERT_GE(len, 0);
		if (!nx_udp_parse(seen, len, false, &udp))
			nr--;
	}
}

static void expect_silence(NX_METADATA, struct bed *bed)
{
	char seen[2048];
	struct nx_udp udp;
	long len;

	while ((len = nx_packet_recv(bed->wire, seen, sizeof(seen), 0)) >= 0) {
		/* Neighbour discovery and the like come when they want. */
		if (nx_udp_parse(seen, len, false, &udp))
			continue;
		EXPECT_LT(len, 0) {
			TH_LOG("seen on the wire: %s",
			       nx_tuple_text(&udp.tuple));
		}
	}
}

/* Behind @nr_good good ones, which leave. */
static void refuse(NX_METADATA, struct bed *bed, const struct refusal *r,
		   int nr_good)
{
	struct nexus_status before, after;
	struct packet packet;

	ASSERT_EQ(0, nx_chan_status(&bed->chan, &before));
	if (nr_good)
		push_alike(_metadata, bed, refusal_flow(bed, r));
	packet_make(_metadata, bed, refusal_flow(bed, r), &packet);
	r->spoil(&packet, r->value);
	ASSERT_TRUE(nx_ring_push(nx_chan_ring(&bed->chan, 0, NEXUS_RING_TX),
				 &packet.desc));
	EXPECT_EQ(0, nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0));
	ASSERT_EQ(0, nx_chan_status(&bed->chan, &after));
	EXPECT_EQ(before.tx_packets + nr_good, after.tx_packets);
	EXPECT_EQ(before.tx_drops + 1, after.tx_drops);
	if (r->reason != ANY_REASON) {
		EXPECT_EQ(before.drops[r->reason] + 1,
			  after.drops[r->reason]);
	}
	EXPECT_EQ(NEXUS_CHANNEL_ACTIVE, after.state);
	expect_seen(_metadata, bed, nr_good);
	expect_silence(_metadata, bed);
}

/* What the good ones brought. */
static void drain(int peer)
{
	char seen[256];

	while (nx_udp_recv(peer, seen, sizeof(seen), 0) >= 0)
		;
}

static void refuse_all(NX_METADATA, const struct refusal *table, size_t nr)
{
	struct nexus_status status;
	struct bed bed;

	bed_start(&bed);
	for (size_t i = 0; i < nr; i++) {
		int failed = _metadata->exit_code;

		_metadata->exit_code = 0;
		refuse(_metadata, &bed, &table[i], 0);
		refuse(_metadata, &bed, &table[i], ALIKE);
		EXPECT_EQ(0, _metadata->exit_code) {
			TH_LOG("... in: %s, 0x%llx", table[i].what,
			       (unsigned long long)table[i].value);
		}
		_metadata->exit_code |= failed;
	}
	drain(bed.pair.peer);
	drain(bed.pair6.peer);
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	EXPECT_TRUE(nx_pair_ping(&bed.pair6, 2));
	/* Not one buffer was lost on the way. */
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_EQ(bed.chan.attach.nr_small + bed.chan.attach.nr_large,
		  status.buffers_free + status.buffers_user +
		  status.buffers_kernel + status.buffers_in_flight);
	EXPECT_EQ(0, status.buffers_kernel);
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------- descriptors */

static void set_flags(struct packet *p, __u64 value)
{
	p->desc.flags = value;
}

static void set_ip_version(struct packet *p, __u64 value)
{
	p->desc.ip_version = value;
}

static void set_protocol(struct packet *p, __u64 value)
{
	p->desc.protocol = value;
}

static void set_nr_parts(struct packet *p, __u64 value)
{
	p->desc.nr_parts = value;
}

static void set_l4_off(struct packet *p, __u64 value)
{
	p->desc.l4_off = value;
}

static void set_payload_off(struct packet *p, __u64 value)
{
	p->desc.payload_off = value;
}

static void set_gso_size(struct packet *p, __u64 value)
{
	p->desc.gso_size = value;
}

static void set_gso_segs(struct packet *p, __u64 value)
{
	p->desc.gso_segs = value;
}

static void set_hash(struct packet *p, __u64 value)
{
	p->desc.hash = value;
}

static void set_ifindex(struct packet *p, __u64 value)
{
	p->desc.ifindex = value;
}

static void set_time(struct packet *p, __u64 value)
{
	p->desc.time_ns = value;
}

static void set_cookie(struct packet *p, __u64 value)
{
	p->desc.cookie = value;
}

static void set_reserved0(struct packet *p, __u64 value)
{
	p->desc.reserved[0] = value;
}

static void set_reserved1(struct packet *p, __u64 value)
{
	p->desc.reserved[1] = value;
}

static void set_len(struct packet *p, __u64 value)
{
	p->desc.len = value;
}

static void set_off(struct packet *p, __u64 value)
{
	p->desc.off = value;
}

static void set_flow(struct packet *p, __u64 value)
{
	p->desc.flow = value;
}

NX_TEST(desc_reserved, "RING-7 OBS-1 TX descriptor: unknown flags and fields of other uses are refused as tx-flags")
{
	static const struct refusal table[] = {
		{ "ip_version", set_ip_version, NEXUS_DROP_TX_FLAGS, 4 },
		{ "protocol", set_protocol, NEXUS_DROP_TX_FLAGS, 17 },
		{ "nr_parts", set_nr_parts, NEXUS_DROP_TX_FLAGS, 1 },
		{ "l4_off", set_l4_off, NEXUS_DROP_TX_FLAGS, 20 },
		{ "payload_off", set_payload_off, NEXUS_DROP_TX_FLAGS, 28 },
		{ "gso_size", set_gso_size, NEXUS_DROP_TX_FLAGS, 1400 },
		{ "gso_segs", set_gso_segs, NEXUS_DROP_TX_FLAGS, 1 },
		{ "hash", set_hash, NEXUS_DROP_TX_FLAGS, 1 },
		{ "ifindex", set_ifindex, NEXUS_DROP_TX_FLAGS, 1 },
		{ "time_ns", set_time, NEXUS_DROP_TX_FLAGS, 1 },
		{ "cookie", set_cookie, NEXUS_DROP_TX_FLAGS, 1 },
		{ "reserved[0]", set_reserved0, NEXUS_DROP_TX_FLAGS, 1 },
		{ "reserved[1]", set_reserved1, NEXUS_DROP_TX_FLAGS,
		  0x80000000 },
	};
	struct refusal flags[32];
	int nr = 0;

	refuse_all(_metadata, table, NX_ARRAY_SIZE(table));
	for (int bit = 0; bit < 32; bit++) {
		if ((1U << bit) & NEXUS_DESC_TX_FLAGS)
			continue;
		flags[nr++] = (struct refusal){
			"flags", set_flags, NEXUS_DROP_TX_FLAGS, 1ULL << bit
		};
	}
	refuse_all(_metadata, flags, nr);
}

NX_TEST(desc_bounds, "RING-5 OBS-1 TX descriptor: length 0 and parts beyond the buffer are refused as tx-length")
{
	static const struct refusal table[] = {
		{ "length 0", set_len, NEXUS_DROP_TX_LENGTH, 0 },
		{ "one byte more than the buffer", set_len,
		  NEXUS_DROP_TX_LENGTH, NEXUS_SMALL_SIZE + 1 },
		{ "the next buffer's too", set_len, NEXUS_DROP_TX_LENGTH,
		  2 * NEXUS_SMALL_SIZE },
		{ "length of a large one", set_len, NEXUS_DROP_TX_LENGTH,
		  NEXUS_LARGE_SIZE },
		{ "length 2^31", set_len, NEXUS_DROP_TX_LENGTH, 1U << 31 },
		{ "length 2^32 - 1", set_len, NEXUS_DROP_TX_LENGTH,
		  0xffffffff },
		{ "at the end", set_off, NEXUS_DROP_TX_LENGTH,
		  NEXUS_SMALL_SIZE },
		{ "one byte too late", set_off, NEXUS_DROP_TX_LENGTH,
		  NEXUS_SMALL_SIZE - 128 + 1 },
		{ "offset 2^31", set_off, NEXUS_DROP_TX_LENGTH, 1U << 31 },
		{ "offset 2^32 - 1", set_off, NEXUS_DROP_TX_LENGTH,
		  0xffffffff },
		{ "offset plus length is 2^32", set_off, NEXUS_DROP_TX_LENGTH,
		  0U - 128 },
		{ "offset plus length is 1", set_off, NEXUS_DROP_TX_LENGTH,
		  1U - 128 },
	};

	refuse_all(_metadata, table, NX_ARRAY_SIZE(table));
}

NX_TEST(desc_flow, "META-2 OBS-1 TX descriptor: a flow that this channel does not have is refused as tx-flow")
{
	static const struct refusal table[] = {
		{ "none there", set_flow, NEXUS_DROP_TX_FLOW, 5 },
		{ "the last", set_flow, NEXUS_DROP_TX_FLOW, 15 },
		{ "past the last", set_flow, NEXUS_DROP_TX_FLOW, 16 },
		{ "2^31", set_flow, NEXUS_DROP_TX_FLOW, 1U << 31 },
		{ "NEXUS_FLOW_NONE", set_flow, NEXUS_DROP_TX_FLOW,
		  NEXUS_FLOW_NONE },
	};

	refuse_all(_metadata, table, NX_ARRAY_SIZE(table));
}

/* ------------------------------------------------------------- headers */

static void set_version(struct packet *p, __u64 value)
{
	p->ip4->version = value;
}

static void set_ihl(struct packet *p, __u64 value)
{
	p->ip4->ihl = value;
	nx_udp_sum(p->bytes);
}

static void set_tot_len(struct packet *p, __u64 value)
{
	p->ip4->tot_len = htons(value);
	nx_udp_sum(p->bytes);
}

static void set_frag_off(struct packet *p, __u64 value)
{
	p->ip4->frag_off = htons(value);
	nx_udp_sum(p->bytes);
}

static void set_ttl(struct packet *p, __u64 value)
{
	p->ip4->ttl = value;
	nx_udp_sum(p->bytes);
}

static void set_ip_protocol(struct packet *p, __u64 value)
{
	p->ip4->protocol = value;
	nx_udp_sum(p->bytes);
}

static void set_saddr(struct packet *p, __u64 value)
{
	p->ip4->saddr = htonl(value);
	nx_udp_sum(p->bytes);
}

static void set_daddr(struct packet *p, __u64 value)
{
	p->ip4->daddr = htonl(value);
	nx_udp_sum(p->bytes);
}

static void set_sport(struct packet *p, __u64 value)
{
	p->udp->source = htons(value);
	nx_udp_sum(p->bytes);
}

static void set_dport(struct packet *p, __u64 value)
{
	p->udp->dest = htons(value);
	nx_udp_sum(p->bytes);
}

static void set_udp_len(struct packet *p, __u64 value)
{
	p->udp->len = htons(value);
}

static void set_saddr6(struct packet *p, __u64 value)
{
	p->ip6->ip6_src.s6_addr[15] = value;
	nx_udp_sum(p->bytes);
}

static void set_daddr6(struct packet *p, __u64 value)
{
	p->ip6->ip6_dst.s6_addr[15] = value;
	nx_udp_sum(p->bytes);
}

static void set_plen6(struct packet *p, __u64 value)
{
	p->ip6->ip6_plen = htons(value);
}

static void set_nxt6(struct packet *p, __u64 value)
{
	p->ip6->ip6_nxt = value;
}

#define IP4(a, b, c, d)	((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

NX_TEST(header_mismatch, "META-2 OBS-1 headers that disagree with the flow are refused as tx-mismatch, the process lives")
{
	static const struct refusal table[] = {
		{ "source address", set_saddr, NEXUS_DROP_TX_MISMATCH,
		  IP4(10, 9, 0, 77) },
		{ "the peer's address as source", set_saddr,
		  NEXUS_DROP_TX_MISMATCH, IP4(10, 9, 0, 2) },
		{ "loopback as source", set_saddr, NEXUS_DROP_TX_MISMATCH,
		  IP4(127, 0, 0, 1) },
		{ "destination", set_daddr, NEXUS_DROP_TX_MISMATCH,
		  IP4(10, 9, 0, 3) },
		{ "source port", set_sport, NEXUS_DROP_TX_MISMATCH, 53 },
		{ "source port 0", set_sport, NEXUS_DROP_TX_MISMATCH, 0 },
		{ "destination port", set_dport, NEXUS_DROP_TX_MISMATCH, 53 },
		{ "source address of IPv6", set_saddr6, NEXUS_DROP_TX_MISMATCH,
		  0x77, FLOW6 },
		{ "destination of IPv6", set_daddr6, NEXUS_DROP_TX_MISMATCH,
		  0x77, FLOW6 },
		{ "source port over IPv6", set_sport, NEXUS_DROP_TX_MISMATCH,
		  53, FLOW6 },
		{ "TCP", set_ip_protocol, NEXUS_DROP_TX_L4, IPPROTO_TCP },
		{ "ICMP", set_ip_protocol, NEXUS_DROP_TX_MISMATCH,
		  IPPROTO_ICMP },
		{ "a listener's source port", set_sport,
		  NEXUS_DROP_TX_MISMATCH, 53, WILD4 },
		{ "another flow of this channel", set_flow, ANY_REASON, 1 },
	};

	refuse_all(_metadata, table, NX_ARRAY_SIZE(table));
}

NX_TEST(header_source, "META-2 OBS-1 a listener's source address that is not this host's is refused as tx-source")
{
	static const struct refusal table[] = {
		{ "the peer's", set_saddr, NEXUS_DROP_TX_SOURCE,
		  IP4(10, 9, 0, 2), WILD4 },
		{ "nobody's", set_saddr, NEXUS_DROP_TX_SOURCE,
		  IP4(10, 9, 0, 77), WILD4 },
		{ "broadcast", set_saddr, NEXUS_DROP_TX_SOURCE,
		  IP4(255, 255, 255, 255), WILD4 },
		{ "multicast", set_saddr, NEXUS_DROP_TX_SOURCE,
		  IP4(224, 0, 0, 1), WILD4 },
		{ "none", set_saddr, NEXUS_DROP_TX_SOURCE, 0, WILD4 },
	};

	refuse_all(_metadata, table, NX_ARRAY_SIZE(table));
}

NX_TEST(header_ip, "META-2 OBS-1 malformed IP headers, options and fragments are refused as tx-ip")
{
	static const struct refusal table[] = {
		{ "version 0", set_version, NEXUS_DROP_TX_IP, 0 },
		{ "version 5", set_version, NEXUS_DROP_TX_IP, 5 },
		{ "version 15", set_version, NEXUS_DROP_TX_IP, 15 },
		{ "header length 4", set_ihl, NEXUS_DROP_TX_IP, 4 },
		{ "options", set_ihl, NEXUS_DROP_TX_IP, 6 },
		{ "more options", set_ihl, NEXUS_DROP_TX_IP, 15 },
		{ "total length 0", set_tot_len, ANY_REASON, 0 },
		{ "total length a header's", set_tot_len, ANY_REASON, 20 },
		{ "total length less by 1", set_tot_len, ANY_REASON, 127 },
		{ "total length more by 1", set_tot_len, ANY_REASON, 129 },
		{ "total length 65535", set_tot_len, ANY_REASON, 65535 },
		{ "more fragments", set_frag_off, NEXUS_DROP_TX_IP, IP_MF },
		{ "fragment offset", set_frag_off, NEXUS_DROP_TX_IP, 1 },
		{ "a last fragment", set_frag_off, NEXUS_DROP_TX_IP, 8191 },
		{ "no time to live", set_ttl, NEXUS_DROP_TX_IP, 0 },
		{ "IPv6 payload length less by 1", set_plen6, ANY_REASON,
		  107, FLOW6 },
		{ "IPv6 payload length more by 1", set_plen6, ANY_REASON,
		  109, FLOW6 },
		{ "IPv6 payload length 0", set_plen6, ANY_REASON, 0, FLOW6 },
		{ "IPv6 hop-by-hop options", set_nxt6, ANY_REASON, 0, FLOW6 },
		{ "IPv6 routing header", set_nxt6, ANY_REASON, 43, FLOW6 },
		{ "IPv6 fragment header", set_nxt6, ANY_REASON, 44, FLOW6 },
		{ "IPv6 destination options", set_nxt6, ANY_REASON, 60, FLOW6 },
	};

	refuse_all(_metadata, table, NX_ARRAY_SIZE(table));
}

static void cut(struct packet *p, __u64 value)
{
	p->desc.len = value;
	p->ip4->tot_len = htons(value);
	if (p->ip4->version == 4) {
		p->ip4->check = 0;
		p->ip4->check = nx_csum(p->ip4, sizeof(*p->ip4), 0);
	} else if (value >= sizeof(*p->ip6)) {
		p->ip6->ip6_plen = htons(value - sizeof(*p->ip6));
	}
}

NX_TEST(header_l4, "META-2 OBS-1 malformed UDP headers are refused as tx-l4")
{
	static const struct refusal table[] = {
		{ "UDP length 0", set_udp_len, NEXUS_DROP_TX_L4, 0 },
		{ "UDP length 7", set_udp_len, NEXUS_DROP_TX_L4, 7 },
		{ "UDP length less by 1", set_udp_len, NEXUS_DROP_TX_L4, 107 },
		{ "UDP length more by 1", set_udp_len, NEXUS_DROP_TX_L4, 109 },
		{ "UDP length 65535", set_udp_len, NEXUS_DROP_TX_L4, 65535 },
		{ "UDP over IPv6 length 0", set_udp_len, NEXUS_DROP_TX_L4, 0,
		  FLOW6 },
		{ "no UDP header", cut, ANY_REASON, 20 },
		{ "half a UDP header", cut, ANY_REASON, 24 },
		{ "UDP header short by 1", cut, ANY_REASON, 27 },
		{ "half an IP header", cut, ANY_REASON, 10 },
		{ "one byte", cut, ANY_REASON, 1 },
		{ "IPv6: no UDP header", cut, ANY_REASON, 40, FLOW6 },
		{ "IPv6: UDP header short by 1", cut, ANY_REASON, 47, FLOW6 },
	};

	refuse_all(_metadata, table, NX_ARRAY_SIZE(table));
}

/* --------------------------------------------------------------- parts */

/* Pushes @nr parts of one byte each behind a packet that says MORE. */
static void push_parts(NX_METADATA, struct bed *bed, int nr, __u32 last_flags)
{
	struct nx_ring *tx = nx_chan_ring(&bed->chan, 0, NEXUS_RING_TX);
	struct packet packet;

	for (int i = 0; i < nr; i++) {
		packet_make(_metadata, bed, &bed->pair.flow, &packet);
		packet.desc.flags = i + 1 < nr ? NEXUS_DESC_MORE : last_flags;
		if (i)
			packet.desc.len = 1;
		else
			set_tot_len(&packet, 128 + nr - 1);
		ASSERT_TRUE(nx_ring_push(tx, &packet.desc));
	}
}

static void refuse_parts(NX_METADATA, int nr, __u32 last_flags)
{
	struct nexus_status before, after;
	long long start_ns;
	struct bed bed;

	bed_start(&bed);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
	push_parts(_metadata, &bed, nr, last_flags);
	start_ns = nx_now_ns();
	EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_LT(nx_now_ns() - start_ns, NX_SEC);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
	EXPECT_LT(before.drops[NEXUS_DROP_TX_PARTS],
		  after.drops[NEXUS_DROP_TX_PARTS]);
	EXPECT_EQ(before.tx_packets, after.tx_packets);
	EXPECT_EQ(0, nx_ring_used(nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX)));
	expect_silence(_metadata, &bed);
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	nx_chan_close(&bed.chan);
}

NX_TEST(parts_open, "RING-5 OBS-1 MORE at the end of a batch is refused as tx-parts")
{
	refuse_parts(_metadata, 1, NEXUS_DESC_MORE);
	refuse_parts(_metadata, 3, NEXUS_DESC_MORE);
}

NX_TEST(parts_many, "RING-5 OBS-1 more than the maximum of parts is refused as tx-parts, in bounded time")
{
	refuse_parts(_metadata, NEXUS_PARTS_MAX + 1, 0);
	refuse_parts(_metadata, 64, 0);
	refuse_parts(_metadata, 64, NEXUS_DESC_MORE);
}

NX_TEST(parts_max, "RING-5 a packet of the maximum of parts leaves whole")
{
	char seen[2048];
	struct bed bed;

	bed_start(&bed);
	push_parts(_metadata, &bed, NEXUS_PARTS_MAX, 0);
	for (__u32 i = 0; i < NEXUS_PARTS_MAX; i++) {
		struct nx_ring *tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
		struct nexus_desc *desc = nx_ring_slot(tx, *tx->cons + i);
		char *bytes = nx_buf_ptr(&bed.chan, desc->buf);

		if (!i) {
			struct udphdr *udp = (void *)(bytes + 20);

			udp->len = htons(ntohs(udp->len) + NEXUS_PARTS_MAX - 1);
			desc->flags |= NEXUS_DESC_CSUM;
		} else {
			*bytes = i;
		}
	}
	EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	ASSERT_EQ(100 + NEXUS_PARTS_MAX - 1,
		  nx_udp_recv(bed.pair.peer, seen, sizeof(seen), 2000));
	for (int i = 1; i < NEXUS_PARTS_MAX; i++)
		EXPECT_EQ(i, seen[99 + i]);
	nx_chan_close(&bed.chan);
}

/* Sums are added up over parts of any length, at any place in a buffer. */
NX_TEST(parts_summed, "UDP-1 a packet in odd parts at odd places leaves with the right checksum")
{
	char whole[4200], seen[4200];
	__u32 seed = 4;
	struct bed bed;

	bed_start(&bed);
	nx_ip("link set " NX_DEV " mtu 5000\n");
	nx_ip_peer(&bed.net, "link set " NX_PEER_DEV " mtu 5000\n");
	/* Otherwise nobody would sum at all between the two. */
	nx_tx_csum_set(-1, NX_DEV, false);
	for (int i = 0; i < 300; i++) {
		struct nx_ring *tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
		__u32 len = 1 + nx_random(&seed) % 4000, off = 0, size;

		for (__u32 at = 0; at < len; at++)
			seen[at] = nx_random(&seed);
		size = nx_udp_build(whole, &bed.pair.flow.tuple, seen, len);
		while (off < size) {
			struct nexus_desc desc = {
				.buf = nx_buf_take(&bed.chan, 0),
				.off = nx_random(&seed) % 64,
				.len = 28 + nx_random(&seed) % 700,
				.flow = bed.pair.flow.add.flow,
				.flags = off ? 0 : NEXUS_DESC_CSUM,
			};

			if (desc.len < size - off)
				desc.flags |= NEXUS_DESC_MORE;
			else
				desc.len = size - off;
			memcpy(nx_buf_ptr(&bed.chan, desc.buf) + desc.off,
			       whole + off, desc.len);
			ASSERT_TRUE(nx_ring_push(tx, &desc));
			off += desc.len;
		}
		ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
		ASSERT_EQ(len, nx_udp_recv(bed.pair.peer, seen, sizeof(seen),
					   2000)) {
			TH_LOG("%u bytes", len);
		}
		ASSERT_EQ(0, memcmp(whole + 28, seen, len));
	}
	nx_chan_close(&bed.chan);
}

/* The headers are in the first part, or the packet is refused. */
NX_TEST(parts_header, "META-2 headers spread over two parts are refused")
{
	static const int cuts[] = { 1, 19, 20, 27 };
	struct bed bed;

	bed_start(&bed);
	for (int i = 0; i < NX_ARRAY_SIZE(cuts); i++) {
		struct nx_ring *tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
		struct nexus_status before, after;
		struct packet head, tail;

		ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
		packet_make(_metadata, &bed, &bed.pair.flow, &head);
		packet_make(_metadata, &bed, &bed.pair.flow, &tail);
		head.desc.len = cuts[i];
		head.desc.flags = NEXUS_DESC_MORE;
		tail.desc.off = cuts[i];
		tail.desc.len -= cuts[i];
		ASSERT_TRUE(nx_ring_push(tx, &head.desc));
		ASSERT_TRUE(nx_ring_push(tx, &tail.desc));
		EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
		ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
		EXPECT_EQ(before.tx_packets, after.tx_packets);
		EXPECT_LT(before.tx_drops, after.tx_drops);
		expect_silence(_metadata, &bed);
	}
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	nx_chan_close(&bed.chan);
}

/* A later part may not claim what is the packet's to claim. */
NX_TEST(parts_claims, "RING-7 META-2 flags, class or another flow in a later part are refused")
{
	static const struct nexus_desc claims[] = {
		{ .flags = NEXUS_DESC_CSUM },
		{ .flags = 1U << 31 },
		{ .flow = 1 },
		{ .flow = NEXUS_FLOW_NONE },
		{ .traffic_class = 1 },
		{ .cookie = 1 },
		{ .reserved = { 1, 0 } },
	};
	struct bed bed;

	bed_start(&bed);
	for (int i = 0; i < NX_ARRAY_SIZE(claims); i++) {
		struct nx_ring *tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
		struct nexus_status before, after;
		struct packet head, tail;
		struct nexus_desc desc = claims[i];

		ASSERT_EQ(0, nx_chan_status(&bed.chan, &before));
		packet_make(_metadata, &bed, &bed.pair.flow, &head);
		packet_make(_metadata, &bed, &bed.pair.flow, &tail);
		head.desc.len = 100;
		head.desc.flags = NEXUS_DESC_MORE;
		desc.flow += bed.pair.flow.add.flow;
		desc.buf = tail.desc.buf;
		desc.off = 100;
		desc.len = tail.desc.len - 100;
		ASSERT_TRUE(nx_ring_push(tx, &head.desc));
		ASSERT_TRUE(nx_ring_push(tx, &desc));
		EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
		ASSERT_EQ(0, nx_chan_status(&bed.chan, &after));
		EXPECT_EQ(before.tx_packets, after.tx_packets) {
			TH_LOG("claim %d", i);
		}
		EXPECT_LT(before.tx_drops, after.tx_drops);
		expect_silence(_metadata, &bed);
	}
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	nx_chan_close(&bed.chan);
}

/* A refused packet holds up nothing behind it. */
NX_TEST(refused_between, "RING-5 a refused packet does not stop those behind it")
{
	struct nx_ring *tx;
	struct bed bed;
	char seen[256];

	bed_start(&bed);
	tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
	for (int i = 0; i < 9; i++) {
		struct packet packet;

		packet_make(_metadata, &bed, &bed.pair.flow, &packet);
		if (i % 3 == 1)
			packet.desc.len = 0;
		if (i % 3 == 2)
			set_sport(&packet, 53);
		ASSERT_TRUE(nx_ring_push(tx, &packet.desc));
	}
	EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(100, nx_udp_recv(bed.pair.peer, seen, sizeof(seen),
					   1000));
	EXPECT_EQ(-EAGAIN, nx_udp_recv(bed.pair.peer, seen, sizeof(seen), 0));
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------- buffers */

/* The channel has been stopped for what it did with @value. */
static void expect_offence(NX_METADATA, struct bed *bed, __u32 violation,
			   __u32 value)
{
	struct nexus_status status;

	ASSERT_EQ(0, nx_chan_status(&bed->chan, &status));
	EXPECT_EQ(NEXUS_CHANNEL_QUARANTINED, status.state);
	EXPECT_EQ(violation, status.violation);
	EXPECT_EQ(value, status.value);
	EXPECT_EQ(-EPROTO, nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0));
}

/* Buffers are taken from the lowest: the highest was never given. */
static __u32 never_given(struct bed *bed)
{
	return bed->chan.attach.nr_small + bed->chan.attach.nr_large - 1;
}

/* Sends a good packet that names buffer @buf. */
static void send_buf(NX_METADATA, struct bed *bed, __u32 buf, int times)
{
	struct nx_ring *tx = nx_chan_ring(&bed->chan, 0, NEXUS_RING_TX);
	struct packet packet;

	packet_make(_metadata, bed, &bed->pair.flow, &packet);
	packet.desc.buf = buf;
	while (times--)
		ASSERT_TRUE(nx_ring_push(tx, &packet.desc));
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0);
}

NX_TEST(buf_tx_range, "RING-4 TX names a buffer out of range: refused, nothing sent")
{
	static const __u32 beyond[] = { 0, 1, 1000, 1U << 31 };
	struct bed bed;

	for (int i = 0; i <= NX_ARRAY_SIZE(beyond); i++) {
		__u32 buf;

		bed_start(&bed);
		buf = i < NX_ARRAY_SIZE(beyond) ?
		      never_given(&bed) + 1 + beyond[i] : 0xffffffff;
		send_buf(_metadata, &bed, buf, 1);
		expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_RANGE,
			       buf);
		expect_silence(_metadata, &bed);
		nx_chan_close(&bed.chan);
	}
}

NX_TEST(buf_tx_never, "RING-4 TX names a buffer that was never given: refused, nothing sent")
{
	struct bed bed;

	bed_start(&bed);
	send_buf(_metadata, &bed, never_given(&bed), 1);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_OWNER,
		       never_given(&bed));
	expect_silence(_metadata, &bed);
	nx_chan_close(&bed.chan);
}

NX_TEST(buf_tx_returned, "RING-4 TX names a buffer that was given back: refused, nothing sent")
{
	struct bed bed;
	long buf;

	bed_start(&bed);
	buf = nx_buf_take(&bed.chan, 0);
	ASSERT_GE(buf, 0);
	nx_udp_build(nx_buf_ptr(&bed.chan, buf), &bed.pair.flow.tuple, "xxxx",
		     4);
	ASSERT_TRUE(nx_buf_give(&bed.chan, 0, buf));
	ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_REFILL, 0));
	send_buf(_metadata, &bed, buf, 1);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_OWNER, buf);
	expect_silence(_metadata, &bed);
	nx_chan_close(&bed.chan);
}

NX_TEST(buf_tx_twice, "RING-4 TX names one buffer twice in a batch: refused")
{
	struct nexus_status status;
	struct bed bed;
	long buf;

	bed_start(&bed);
	buf = nx_buf_take(&bed.chan, 0);
	ASSERT_GE(buf, 0);
	nx_udp_build(nx_buf_ptr(&bed.chan, buf), &bed.pair.flow.tuple, "xxxx",
		     4);
	send_buf(_metadata, &bed, buf, 2);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_OWNER, buf);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_LE(status.tx_packets, 1);
	nx_chan_close(&bed.chan);
}

/* Behind packets that are alike: these leave, and no more. */
static void offend_behind_alike(NX_METADATA, struct bed *bed, __u32 buf)
{
	struct nexus_status status;

	send_buf(_metadata, bed, buf, 1);
	expect_offence(_metadata, bed, NEXUS_VIOLATION_BUFFER_OWNER, buf);
	ASSERT_EQ(0, nx_chan_status(&bed->chan, &status));
	EXPECT_EQ(ALIKE, status.tx_packets);
	expect_seen(_metadata, bed, ALIKE);
	expect_silence(_metadata, bed);
	nx_chan_close(&bed->chan);
}

NX_TEST(buf_tx_alike_never, "RING-4 TX names a buffer that was never given behind packets that are alike: refused")
{
	struct bed bed;

	bed_start(&bed);
	push_alike(_metadata, &bed, &bed.pair.flow);
	offend_behind_alike(_metadata, &bed, bed.chan.attach.nr_small - 1);
}

NX_TEST(buf_tx_alike_twice, "RING-4 TX names the buffer of the packet before, which is alike: refused")
{
	const struct nexus_desc *last;
	struct nx_ring *tx;
	struct bed bed;

	bed_start(&bed);
	push_alike(_metadata, &bed, &bed.pair.flow);
	tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
	last = nx_ring_slot(tx, *tx->prod - 1);
	offend_behind_alike(_metadata, &bed, last->buf);
}

/* Queues @packet @nr times: its buffer stays ours, or not. */
static void push_times(NX_METADATA, struct bed *bed, struct packet *packet,
		       int nr, bool is_kept)
{
	packet->desc.flags = is_kept ? NEXUS_DESC_KEEP : 0;
	while (nr--)
		ASSERT_TRUE(nx_ring_push(nx_chan_ring(&bed->chan, 0,
						      NEXUS_RING_TX),
					 &packet->desc));
}

NX_TEST(buf_tx_alike_kept, "RING-4 OFF-7 a buffer that is kept can be sent again and again; given away behind packets that are alike, it cannot")
{
	struct nexus_status status;
	struct packet a, b;
	struct bed bed;

	bed_start(&bed);
	packet_make(_metadata, &bed, &bed.pair.flow, &a);
	packet_make(_metadata, &bed, &bed.pair.flow, &b);
	push_times(_metadata, &bed, &a, 4, true);
	push_times(_metadata, &bed, &b, 3, true);
	ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	push_times(_metadata, &bed, &a, 2, true);
	push_times(_metadata, &bed, &b, 1, false);
	push_times(_metadata, &bed, &a, 1, true);
	push_times(_metadata, &bed, &b, 1, true);
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_OWNER,
		       b.desc.buf);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_EQ(11, status.tx_packets);
	expect_seen(_metadata, &bed, 11);
	expect_silence(_metadata, &bed);
	nx_chan_close(&bed.chan);
}

NX_TEST(buf_parts_twice, "RING-4 TX names one buffer in two parts of a packet: refused, nothing sent")
{
	struct nx_ring *tx;
	struct packet packet;
	struct bed bed;

	bed_start(&bed);
	tx = nx_chan_ring(&bed.chan, 0, NEXUS_RING_TX);
	packet_make(_metadata, &bed, &bed.pair.flow, &packet);
	packet.desc.len -= 50;
	packet.desc.flags = NEXUS_DESC_MORE;
	ASSERT_TRUE(nx_ring_push(tx, &packet.desc));
	packet.desc.off = packet.desc.len;
	packet.desc.len = 50;
	packet.desc.flags = 0;
	ASSERT_TRUE(nx_ring_push(tx, &packet.desc));
	nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_OWNER,
		       packet.desc.buf);
	expect_silence(_metadata, &bed);
	nx_chan_close(&bed.chan);
}

static void give_buf(struct bed *bed, __u32 buf, int times)
{
	while (times--)
		nx_ring_push(nx_chan_ring(&bed->chan, 0, NEXUS_RING_FREE),
			     &buf);
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_REFILL, 0);
}

NX_TEST(buf_free_lies, "RING-4 FREE names a buffer out of range, never given, or twice: refused")
{
	struct bed bed;
	long buf;

	bed_start(&bed);
	give_buf(&bed, 0xffffffff, 1);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_RANGE,
		       0xffffffff);
	nx_chan_close(&bed.chan);

	bed_start(&bed);
	give_buf(&bed, never_given(&bed) + 1, 1);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_RANGE,
		       never_given(&bed) + 1);
	nx_chan_close(&bed.chan);

	bed_start(&bed);
	give_buf(&bed, never_given(&bed), 1);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_OWNER,
		       never_given(&bed));
	nx_chan_close(&bed.chan);

	bed_start(&bed);
	buf = nx_buf_take(&bed.chan, 0);
	ASSERT_GE(buf, 0);
	give_buf(&bed, buf, 2);
	expect_offence(_metadata, &bed, NEXUS_VIOLATION_BUFFER_OWNER, buf);
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("tx")
