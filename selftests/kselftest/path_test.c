// SPDX-License-Identifier: GPL-2.0
/* What the network does to flows: addresses, routes, MTU, ICMP, fragments. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define WAIT_MS	2000
/* Long enough for what should not come. */
#define SILENCE_MS	150

/* Addresses that are this host's for a while. */
#define NR_GOING	3
static const char *const going[NR_GOING] = {
	"10.9.0.91", "10.9.0.92", "10.9.0.93",
};

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&bed->chan, NEXUS);
}

/* The next event of @type within @ms. */
static bool wait_event(struct nx_chan *chan, __u32 type,
		       struct nexus_event *event, unsigned int ms)
{
	struct nx_ring *ring = nx_chan_ring(chan, 0, NEXUS_RING_EVENT);
	long long end_ns = nx_now_ns() + ms * NX_MSEC;

	do {
		while (nx_ring_pop(ring, event))
			if (event->type == type)
				return true;
		nx_chan_sync(chan, 0, NEXUS_SYNC_WAIT_RX, 10 * NX_MSEC);
	} while (nx_now_ns() < end_ns);
	return false;
}

static const struct nexus_flow_advisory *advisory(struct nx_chan *chan,
						  __u32 flow)
{
	return (const void *)(chan->data[NEXUS_REGION_ADVISORY] +
			      chan->schema->flow_advisory_off +
			      flow * chan->schema->flow_advisory_size);
}

/* ------------------------------------------------------------ addresses */

static void address_goes(NX_METADATA, int family)
{
	const char *addr = family == AF_INET ? NX_HOST4 "/24" : NX_HOST6 "/64";
	struct nexus_event event;
	struct nx_ctl_event told;
	struct mnl_socket *monitor;
	struct nx_pair pair;
	char seen[64];
	struct bed bed;
	__u64 sent;
	int wire;
	struct nexus_status status;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, family, PORT);
	ASSERT_TRUE(nx_pair_ping(&pair, 1));
	EXPECT_EQ(NEXUS_FLOW_VALID, advisory(&bed.chan, 0)->flags);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	monitor = nx_monitor_open();

	nx_ip("addr del %s dev " NX_DEV "\n", addr);
	EXPECT_TRUE(wait_event(&bed.chan, NEXUS_EVENT_ADDR_GONE, &event,
			       WAIT_MS));
	EXPECT_EQ(pair.flow.add.flow, event.flow);
	EXPECT_TRUE(advisory(&bed.chan, pair.flow.add.flow)->flags &
		    NEXUS_FLOW_ADDR_GONE);
	EXPECT_TRUE(nx_monitor_wait(monitor, NEXUS_MONITOR_ADDR_GONE, &told,
				    WAIT_MS));
	EXPECT_EQ(bed.chan.attach.channel_id, told.channel_id);

	/* Nothing leaves under the address that is gone. */
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	sent = status.tx_packets;
	EXPECT_EQ(0, nx_flow_send(&pair.flow, "gone", 4));
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_EQ(sent, status.tx_packets);
	EXPECT_LT(0, status.drops[NEXUS_DROP_TX_SOURCE] +
		     status.drops[NEXUS_DROP_TX_ROUTE]);
	for (;;) {
		char packet[2048];
		struct nx_udp udp;
		long len = nx_packet_recv(wire, packet, sizeof(packet),
					  SILENCE_MS);

		if (len < 0)
			break;
		EXPECT_TRUE(nx_udp_parse(packet, len, false, &udp) ||
			    udp.tuple.sport != htons(PORT)) {
			TH_LOG("seen on the wire: %s",
			       nx_tuple_text(&udp.tuple));
		}
	}
	nx_udp_send(pair.peer, "gone", 4, NULL, 0);
	EXPECT_EQ(-1, nx_flow_recv(&pair.flow, seen, sizeof(seen), NULL,
				   SILENCE_MS));
	nx_chan_close(&bed.chan);
}

NX_TEST(address4, "FLOW-9 the local IPv4 address is removed: the flow is told, and packets stop")
{
	address_goes(_metadata, AF_INET);
}

NX_TEST(address6, "FLOW-9 the local IPv6 address is removed: the flow is told, and packets stop")
{
	address_goes(_metadata, AF_INET6);
}

/* The flow that was told, if it was one. */
static long told_gone(struct nx_chan *chan, unsigned int ms)
{
	struct nexus_event event;

	return wait_event(chan, NEXUS_EVENT_ADDR_GONE, &event, ms) ?
	       (long)event.flow : -1;
}

NX_TEST(addresses, "FLOW-9 addresses go one after the other: each flow is told of its own, once")
{
	struct nx_flow flows[NR_GOING];
	struct bed bed;

	bed_start(&bed);
	for (int i = 0; i < NR_GOING; i++) {
		nx_ip("addr add %s/32 dev " NX_DEV "\n", going[i]);
		nx_flow_start(&flows[i], &bed.chan, going[i], PORT, NX_PEER4,
			      PORT);
	}
	for (int i = 0; i < NR_GOING; i++) {
		nx_ip("addr del %s/32 dev " NX_DEV "\n", going[i]);
		EXPECT_EQ(flows[i].add.flow, told_gone(&bed.chan, WAIT_MS));
		EXPECT_EQ(-1, told_gone(&bed.chan, SILENCE_MS));
	}
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------------- routes */

/* Was there "way"? New neighbours have things to say to each other, too. */
static bool saw_way(int wire, int family)
{
	char packet[256];
	long len;

	while ((len = nx_packet_recv(wire, packet, sizeof(packet), 0)) > 0)
		if (len == (long)nx_udp_headers(family) + 3 &&
		    packet[family == AF_INET ? 9 : 6] == IPPROTO_UDP)
			return true;
	return false;
}

static void route_changes(NX_METADATA, int family)
{
	const char *far = family == AF_INET ? "203.0.113.9" : "2001:db8::9";
	int bits = family == AF_INET ? 32 : 128;
	struct nx_flow flow;
	char seen[64];
	struct bed bed;
	int peer;

	bed_start(&bed);
	nx_net_more(&bed.net, 1);
	nx_ip_peer(&bed.net, "addr add %s/%d dev lo\n", far, bits);
	nx_ip("route add %s/%d via %s dev n0\n", far, bits,
	      family == AF_INET ? NX_PEER4 : NX_PEER6);
	peer = nx_udp_socket(bed.net.peer, far, PORT, NULL, 0);
	nx_flow_start(&flow, &bed.chan,
		      family == AF_INET ? NX_HOST4 : NX_HOST6, PORT, far, PORT);
	for (int round = 0; round < 4; round++) {
		int first = nx_packet_socket(bed.net.peer, "p0");
		int second = nx_packet_socket(bed.net.peer, "p1");

		EXPECT_EQ(0, nx_flow_send(&flow, "way", 3));
		EXPECT_EQ(3, nx_udp_recv(peer, seen, sizeof(seen), WAIT_MS));
		EXPECT_EQ(!(round & 1), saw_way(first, family));
		EXPECT_EQ(round & 1, saw_way(second, family));
		close(first);
		close(second);
		nx_ip("route replace %s/%d via %s dev n%d\n", far, bits,
		      family == AF_INET ?
		      (round & 1 ? NX_PEER4 : "10.9.1.2") :
		      (round & 1 ? NX_PEER6 : "fd09:1::2"), !(round & 1));
	}
	nx_ip("route del %s/%d\n", far, bits);
	EXPECT_EQ(0, nx_flow_send(&flow, "way", 3));
	EXPECT_EQ(1, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_ROUTE));
	nx_chan_close(&bed.chan);
}

NX_TEST(route4, "FLOW-9 an IPv4 route changes: the next packet follows it; without a route: tx-route")
{
	route_changes(_metadata, AF_INET);
}

NX_TEST(route6, "FLOW-9 an IPv6 route changes: the next packet follows it; without a route: tx-route")
{
	route_changes(_metadata, AF_INET6);
}

/* -------------------------------------------------------------- sources */

/* Does a datagram reach the flow that says it comes from @source? */
static bool arrives_from(struct nx_flow *flow, int wire, const char *source)
{
	struct nx_tuple tuple = nx_tuple(source, PORT, NX_HOST4, PORT);
	char packet[256], seen[64];
	size_t len = nx_udp_build(packet, &tuple, "whence", 6);

	nx_udp_sum(packet);
	nx_packet_send(wire, NX_PEER_DEV, packet, len);
	return nx_flow_recv(flow, seen, sizeof(seen), NULL, SILENCE_MS) == 6;
}

static void set_rp_filter(const char *mode)
{
	nx_file_write("/proc/sys/net/ipv4/conf/all/rp_filter", mode);
	nx_file_write("/proc/sys/net/ipv4/conf/" NX_DEV "/rp_filter", mode);
}

NX_TEST(sources, "FLOW-2 martians and rp_filter: a flow gets nothing that the kernel's stack would not have taken")
{
	const char *far = "198.51.100.7";
	struct nx_flow flow;
	struct bed bed;
	int wire;

	bed_start(&bed);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	nx_flow_start(&flow, &bed.chan, NX_HOST4, PORT, NULL, 0);
	set_rp_filter("0");
	EXPECT_TRUE(arrives_from(&flow, wire, NX_PEER4));
	EXPECT_FALSE(arrives_from(&flow, wire, NX_HOST4));
	EXPECT_FALSE(arrives_from(&flow, wire, "127.0.0.1"));
	EXPECT_FALSE(arrives_from(&flow, wire, "0.0.0.0"));
	EXPECT_FALSE(arrives_from(&flow, wire, "224.0.0.7"));
	EXPECT_FALSE(arrives_from(&flow, wire, "255.255.255.255"));

	/* A source to which no route leads. */
	EXPECT_TRUE(arrives_from(&flow, wire, far));
	set_rp_filter("2");
	EXPECT_FALSE(arrives_from(&flow, wire, far));
	set_rp_filter("1");
	EXPECT_FALSE(arrives_from(&flow, wire, far));
	EXPECT_TRUE(arrives_from(&flow, wire, NX_PEER4));
	nx_ip("route add %s/32 via %s dev " NX_DEV "\n", far, NX_PEER4);
	EXPECT_TRUE(arrives_from(&flow, wire, far));
	set_rp_filter("2");
	EXPECT_TRUE(arrives_from(&flow, wire, far));

	/* What was good a moment ago becomes this host's own address. */
	nx_ip("route del %s/32\naddr add %s/32 dev lo\n", far, far);
	EXPECT_FALSE(arrives_from(&flow, wire, far));
	set_rp_filter("0");
	EXPECT_FALSE(arrives_from(&flow, wire, far));
	nx_ip("addr del %s/32 dev lo\n", far);
	EXPECT_TRUE(arrives_from(&flow, wire, far));
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------------ MTU */

/* Sends @len bytes of payload in an IPv4 packet that forbids fragments. */
static int send_df(struct nx_flow *flow, size_t len)
{
	static char packet[2000];
	char payload[2000] = "df";
	size_t size = nx_udp_build(packet, &flow->tuple, payload, len);
	struct iphdr *ip = (void *)packet;

	ip->frag_off = htons(IP_DF);
	nx_udp_sum(packet);
	nx_chan_send(flow->chan, 0, flow->add.flow, 0, packet, size);
	return nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0);
}

NX_TEST(mtu_device, "FLOW-9 the device's MTU changes: the next packet follows it, and the owner learns the path MTU")
{
	struct nexus_event event;
	struct nx_pair pair;
	char seen[2000];
	struct bed bed;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, AF_INET, PORT);
	EXPECT_EQ(0, send_df(&pair.flow, 1472));
	EXPECT_EQ(1472, nx_udp_recv(pair.peer, seen, sizeof(seen), WAIT_MS));
	nx_ip("link set " NX_DEV " mtu 1000\n");
	EXPECT_EQ(0, send_df(&pair.flow, 1472));
	EXPECT_EQ(-EAGAIN, nx_udp_recv(pair.peer, seen, sizeof(seen),
				       SILENCE_MS));
	EXPECT_EQ(1, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_MTU));
	EXPECT_TRUE(wait_event(&bed.chan, NEXUS_EVENT_PMTU, &event, WAIT_MS));
	EXPECT_EQ(pair.flow.add.flow, event.flow);
	EXPECT_EQ(1000, event.value);
	EXPECT_EQ(1000, advisory(&bed.chan, pair.flow.add.flow)->mtu);
	EXPECT_EQ(0, send_df(&pair.flow, 972));
	EXPECT_EQ(972, nx_udp_recv(pair.peer, seen, sizeof(seen), WAIT_MS));
	nx_ip("link set " NX_DEV " mtu 1500\n");
	EXPECT_EQ(0, send_df(&pair.flow, 1472));
	EXPECT_EQ(1472, nx_udp_recv(pair.peer, seen, sizeof(seen), WAIT_MS));
	nx_chan_close(&bed.chan);
}

/* ----------------------------------------------------------------- ICMP */

/*
 * An ICMP error from the peer that quotes @quoted, a packet of this host.
 * @type, @code: of ICMP or of ICMPv6, by @quoted's family; @word: the next 32
 * bits.
 */
static void send_icmp(int wire, const struct nx_tuple *quoted, __u8 type,
		      __u8 code, __u32 word)
{
	struct nx_tuple outer = nx_tuple_back(quoted);
	bool is_ipv6 = quoted->family == AF_INET6;
	size_t ip_len = is_ipv6 ? 40 : 20, inner, len;
	struct icmphdr icmp = { .type = type, .code = code };
	char packet[256], quote[128];

	icmp.un.gateway = htonl(word);
	/* The IP header is made by the builder of UDP, and then made ICMP's. */
	inner = nx_udp_build(quote, quoted, "quoted", 6);
	len = nx_udp_build(packet, &outer, quote, inner);
	memcpy(packet + ip_len, &icmp, sizeof(icmp));
	if (is_ipv6) {
		((struct ip6_hdr *)packet)->ip6_nxt = IPPROTO_ICMPV6;
		icmp.checksum = nx_csum(packet + ip_len, 8 + inner,
					nx_pseudo_sum(&outer, IPPROTO_ICMPV6,
						      8 + inner));
	} else {
		struct iphdr *ip = (void *)packet;

		ip->protocol = IPPROTO_ICMP;
		ip->check = 0;
		ip->check = nx_csum(ip, sizeof(*ip), 0);
		icmp.checksum = nx_csum(packet + ip_len, 8 + inner, 0);
	}
	memcpy(packet + ip_len, &icmp, sizeof(icmp));
	nx_packet_send(wire, NX_PEER_DEV, packet, len);
}

NX_TEST(mtu_path, "FLOW-9 a router tells a smaller path MTU: the kernel keeps to it, and the owner learns it")
{
	struct nexus_event event;
	struct nexus_desc desc;
	struct nx_pair pair;
	char packet[2000];
	struct bed bed;
	int wire;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, AF_INET, PORT);
	ASSERT_TRUE(nx_pair_ping(&pair, 1));
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	send_icmp(wire, &pair.flow.tuple, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
		  900);
	EXPECT_LT(0, nx_chan_recv_packet(&bed.chan, 0, &desc, packet,
					 sizeof(packet), WAIT_MS));
	EXPECT_TRUE(desc.flags & NEXUS_DESC_ERROR);
	EXPECT_EQ(0, send_df(&pair.flow, 1000));
	EXPECT_EQ(1, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_MTU));
	EXPECT_TRUE(wait_event(&bed.chan, NEXUS_EVENT_PMTU, &event, WAIT_MS));
	EXPECT_EQ(pair.flow.add.flow, event.flow);
	EXPECT_EQ(900, event.value);
	EXPECT_EQ(900, advisory(&bed.chan, pair.flow.add.flow)->mtu);
	EXPECT_EQ(0, send_df(&pair.flow, 800));
	EXPECT_EQ(800, nx_udp_recv(pair.peer, packet, sizeof(packet), WAIT_MS));
	nx_chan_close(&bed.chan);
}

static void unreachable(NX_METADATA, int family)
{
	const char *host = family == AF_INET ? NX_HOST4 : NX_HOST6;
	const char *peer = family == AF_INET ? NX_PEER4 : NX_PEER6;
	struct nx_flow flow, bystander;
	struct nx_chan other;
	struct nexus_desc desc;
	char packet[512];
	struct bed bed;
	size_t l4_off = family == AF_INET ? 20 : 40;

	bed_start(&bed);
	nx_chan_start(&other, NEXUS);
	nx_flow_start(&flow, &bed.chan, host, PORT, peer, 9);
	nx_flow_start(&bystander, &other, host, PORT + 1, peer, 9);
	/* Nobody has the peer's port 9: its kernel says so. */
	EXPECT_EQ(0, nx_flow_send(&flow, "anyone?", 7));
	ASSERT_LT(0, nx_chan_recv_packet(&bed.chan, 0, &desc, packet,
					 sizeof(packet), WAIT_MS));
	EXPECT_EQ(flow.add.flow, desc.flow);
	EXPECT_TRUE(desc.flags & NEXUS_DESC_ERROR);
	EXPECT_EQ(family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		  desc.protocol);
	EXPECT_EQ(l4_off, desc.l4_off);
	EXPECT_EQ(l4_off + 8, desc.payload_off);
	EXPECT_EQ(family == AF_INET ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH,
		  packet[l4_off]);
	EXPECT_EQ(family == AF_INET ? ICMP_PORT_UNREACH :
				      ICMP6_DST_UNREACH_NOPORT,
		  packet[l4_off + 1]);
	EXPECT_EQ(0, nx_ring_used(nx_chan_ring(&other, 0, NEXUS_RING_RX)));
	nx_chan_close(&other);
	nx_chan_close(&bed.chan);
}

NX_TEST(unreachable4, "FLOW-10 ICMP port unreachable reaches the owner of the flow that it quotes, and nobody else")
{
	unreachable(_metadata, AF_INET);
}

NX_TEST(unreachable6, "FLOW-10 ICMPv6 port unreachable reaches the owner of the flow that it quotes, and nobody else")
{
	unreachable(_metadata, AF_INET6);
}

static void forged(NX_METADATA, int family)
{
	__u8 type = family == AF_INET ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH;
	__u8 code = family == AF_INET ? ICMP_PORT_UNREACH :
					ICMP6_DST_UNREACH_NOPORT;
	struct nexus_desc desc;
	struct nx_tuple tuple;
	struct nx_pair pair;
	struct bed bed;
	int wire;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, family, PORT);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	tuple = pair.flow.tuple;
	tuple.sport = htons(PORT + 1);
	send_icmp(wire, &tuple, type, code, 0);
	tuple = pair.flow.tuple;
	tuple.dport = htons(PORT + 1);
	send_icmp(wire, &tuple, type, code, 0);
	tuple = pair.flow.tuple;
	tuple.dst[3] ^= 1;
	tuple.dst[15] ^= 1;
	send_icmp(wire, &tuple, type, code, 0);
	EXPECT_FALSE(nx_chan_recv(&bed.chan, 0, &desc, SILENCE_MS));
	/* What quotes the flow does arrive, so the others could have. */
	send_icmp(wire, &pair.flow.tuple, type, code, 0);
	EXPECT_TRUE(nx_chan_recv(&bed.chan, 0, &desc, WAIT_MS));
	nx_chan_close(&bed.chan);
}

NX_TEST(forged4, "FLOW-10 a forged ICMP error that quotes no flow reaches nobody")
{
	forged(_metadata, AF_INET);
}

NX_TEST(forged6, "FLOW-10 a forged ICMPv6 error that quotes no flow reaches nobody")
{
	forged(_metadata, AF_INET6);
}

/* ------------------------------------------------------------ fragments */

/**
 * struct piece - one fragment of a datagram
 * @off, @len: bytes of the IP payload; @off is a multiple of 8
 */
struct piece {
	unsigned int	off;
	unsigned int	len;
};

#define DATAGRAM	1600
#define PAYLOAD		(DATAGRAM - 8)

static void send_piece4(int wire, const char *whole, const struct piece *piece,
			__u16 id)
{
	char packet[2048];
	struct iphdr *ip = (void *)packet;

	memcpy(packet, whole, 20);
	memcpy(packet + 20, whole + 20 + piece->off, piece->len);
	ip->id = htons(id);
	ip->tot_len = htons(20 + piece->len);
	ip->frag_off = htons(piece->off / 8 |
			     (piece->off + piece->len < DATAGRAM ? IP_MF : 0));
	ip->check = 0;
	ip->check = nx_csum(ip, sizeof(*ip), 0);
	nx_packet_send(wire, NX_PEER_DEV, packet, 20 + piece->len);
}

static void send_piece6(int wire, const char *whole, const struct piece *piece,
			__u16 id)
{
	char packet[2048];
	struct ip6_hdr *ip = (void *)packet;
	struct ip6_frag *frag = (void *)(packet + 40);

	memcpy(packet, whole, 40);
	memcpy(packet + 48, whole + 40 + piece->off, piece->len);
	ip->ip6_nxt = IPPROTO_FRAGMENT;
	ip->ip6_plen = htons(8 + piece->len);
	*frag = (struct ip6_frag){
		.ip6f_nxt = IPPROTO_UDP,
		.ip6f_offlg = htons(piece->off |
				    (piece->off + piece->len < DATAGRAM)),
		.ip6f_ident = htonl(id),
	};
	nx_packet_send(wire, NX_PEER_DEV, packet, 48 + piece->len);
}

struct fragments {
	struct bed	bed;
	struct nx_pair	pair;
	int	wire;
	int	family;
	char	payload[PAYLOAD];
	char	whole[2048];
	__u16	id;
};

static void fragments_start(struct fragments *f, int family)
{
	struct nx_tuple back;
	__u32 seed = 3;

	memset(f, 0, sizeof(*f));
	f->family = family;
	bed_start(&f->bed);
	nx_pair_start(&f->pair, &f->bed.chan, &f->bed.net, family, PORT);
	f->wire = nx_packet_socket(f->bed.net.peer, NX_PEER_DEV);
	for (int i = 0; i < PAYLOAD; i++)
		f->payload[i] = nx_random(&seed);
	back = nx_tuple_back(&f->pair.flow.tuple);
	nx_udp_build(f->whole, &back, f->payload, PAYLOAD);
}

static void send_pieces(struct fragments *f, const struct piece *pieces, int nr)
{
	f->id++;
	for (int i = 0; i < nr; i++) {
		if (f->family == AF_INET)
			send_piece4(f->wire, f->whole, &pieces[i], f->id);
		else
			send_piece6(f->wire, f->whole, &pieces[i], f->id);
	}
}

/* How many datagrams arrive; each must be right. */
static int count_datagrams(NX_METADATA, struct fragments *f, unsigned int ms)
{
	struct nexus_desc desc;
	char seen[2048];
	int nr = 0;
	long len;

	while ((len = nx_flow_recv(&f->pair.flow, seen, sizeof(seen), &desc,
				   ms)) >= 0) {
		EXPECT_EQ(PAYLOAD, len);
		EXPECT_EQ(0, memcmp(f->payload, seen, PAYLOAD));
		EXPECT_TRUE(desc.flags & NEXUS_DESC_FRAGMENTED);
		nr++;
		ms = SILENCE_MS;
	}
	return nr;
}

static void reassembly(NX_METADATA, int family)
{
	static const struct piece in_order[] = {
		{ 0, 800 }, { 800, 400 }, { 1200, 400 }
	}, reversed[] = {
		{ 1200, 400 }, { 800, 400 }, { 0, 800 }
	}, tiny[] = {
		{ 0, 8 }, { 8, 792 }, { 800, 800 }
	}, incomplete[] = {
		{ 0, 800 }, { 1200, 400 }
	};
	struct fragments f;

	fragments_start(&f, family);
	send_pieces(&f, in_order, 3);
	EXPECT_EQ(1, count_datagrams(_metadata, &f, WAIT_MS));
	send_pieces(&f, reversed, 3);
	EXPECT_EQ(1, count_datagrams(_metadata, &f, WAIT_MS));
	send_pieces(&f, tiny, 3);
	EXPECT_EQ(1, count_datagrams(_metadata, &f, WAIT_MS));
	send_pieces(&f, incomplete, 2);
	EXPECT_EQ(0, count_datagrams(_metadata, &f, SILENCE_MS));
	nx_chan_close(&f.bed.chan);
}

NX_TEST(fragments4, "FLOW-11 IPv4 fragments, in order and reversed: one datagram; incomplete: none")
{
	reassembly(_metadata, AF_INET);
}

NX_TEST(fragments6, "FLOW-11 IPv6 fragments, in order and reversed: one datagram; incomplete: none")
{
	reassembly(_metadata, AF_INET6);
}

static void overlaps(NX_METADATA, int family)
{
	static const struct piece partly[] = {
		{ 0, 800 }, { 792, 408 }, { 1200, 400 }
	}, inside[] = {
		{ 0, 800 }, { 400, 80 }, { 800, 800 }
	}, over_header[] = {
		{ 800, 800 }, { 0, 400 }, { 8, 792 }
	};
	struct fragments f;

	fragments_start(&f, family);
	send_pieces(&f, partly, 3);
	EXPECT_GE(1, count_datagrams(_metadata, &f, SILENCE_MS));
	send_pieces(&f, inside, 3);
	EXPECT_GE(1, count_datagrams(_metadata, &f, SILENCE_MS));
	send_pieces(&f, over_header, 3);
	EXPECT_GE(1, count_datagrams(_metadata, &f, SILENCE_MS));
	EXPECT_TRUE(nx_pair_ping(&f.pair, 1));
	nx_chan_close(&f.bed.chan);
}

NX_TEST(overlaps4, "FLOW-11 overlapping IPv4 fragments: one right datagram or none")
{
	overlaps(_metadata, AF_INET);
}

NX_TEST(overlaps6, "FLOW-11 overlapping IPv6 fragments: one right datagram or none")
{
	overlaps(_metadata, AF_INET6);
}

NX_TEST(flood, "FLOW-11 a flood of fragments leaves other flows alone")
{
	static const struct piece half[] = { { 0, 800 } };
	__u32 nr = nx_loops("NEXUS_TEST_FRAGMENTS", 20000);
	struct fragments f;
	struct nx_pair other;

	fragments_start(&f, AF_INET);
	nx_pair_start(&other, &f.bed.chan, &f.bed.net, AF_INET, PORT + 1);
	for (__u32 i = 0; i < nr; i++) {
		send_pieces(&f, half, 1);
		if (i % (nr / 16 + 1))
			continue;
		ASSERT_TRUE(nx_pair_ping(&other, i));
	}
	EXPECT_EQ(0, count_datagrams(_metadata, &f, 0));
	nx_chan_close(&f.bed.chan);
}

/* Datagrams that leave longer than the path takes: the kernel cuts them. */
static void fragments_out(NX_METADATA, int family)
{
	static const size_t lengths[] = { 1473, 2000, 3001, 9000, 65000 };
	static char sent[65536], seen[65536];
	__u32 seed = 5;
	struct nx_pair pair;
	struct bed bed;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, family, PORT);
	for (int i = 0; i < NX_ARRAY_SIZE(lengths); i++) {
		size_t len = lengths[i];

		for (size_t at = 0; at < len; at++)
			sent[at] = nx_random(&seed);
		ASSERT_EQ(0, nx_flow_send(&pair.flow, sent, len));
		ASSERT_EQ(len, nx_udp_recv(pair.peer, seen, sizeof(seen),
					   WAIT_MS)) {
			TH_LOG("%zu bytes", len);
		}
		EXPECT_EQ(0, memcmp(sent, seen, len));
		ASSERT_EQ(len, nx_udp_send(pair.peer, sent, len, NULL, 0));
		ASSERT_EQ(len, nx_flow_recv(&pair.flow, seen, sizeof(seen),
					    NULL, WAIT_MS));
		EXPECT_EQ(0, memcmp(sent, seen, len));
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(fragments_out4, "UDP-1 FLOW-11 IPv4 datagrams up to 65,000 bytes, fragmented by the kernel both ways")
{
	fragments_out(_metadata, AF_INET);
}

NX_TEST(fragments_out6, "UDP-1 FLOW-11 IPv6 datagrams up to 65,000 bytes, fragmented by the kernel both ways")
{
	fragments_out(_metadata, AF_INET6);
}

NX_TEST_MAIN("path")
