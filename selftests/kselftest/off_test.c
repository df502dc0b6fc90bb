// SPDX-License-Identifier: GPL-2.0
/*
 * The NIC that an application sees: checksums that it leaves unfilled, and
 * super-packets, to the wire, from the wire, and on one host.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "tcp.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define WAIT_MS	3000
#define MTU	1500
/* With timestamps it would be so many over IPv4. */
#define TCP_MSS	1448

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed->chan, NEXUS);
	bed->chan.attach.nr_large = 8;
	nx_chan_begin(&bed->chan);
}

static void fill(void *bytes, size_t len, __u32 seed)
{
	for (size_t i = 0; i < len; i++)
		((char *)bytes)[i] = nx_random(&seed);
}

/* ------------------------------------------------------------ to the wire */

/* A connection to the kernel's server of the peer, which reads *peer. */
static void connect_peer(NX_METADATA, struct bed *bed, struct nx_conn *conn,
			 bool is_ipv6, int *peer)
{
	*conn = (struct nx_conn){ .chan = &bed->chan, .snd_nxt = 0xffffff00 };
	*peer = nx_conn_open_to(conn, bed->net.peer,
				is_ipv6 ? NX_HOST6 : NX_HOST4,
				is_ipv6 ? NX_PEER6 : NX_PEER4, PORT);
	ASSERT_GE(*peer, 0);
}

/* Sends @len bytes at snd_nxt as a super-packet, the checksum left open. */
static int send_super(struct nx_conn *conn, __u16 flags, const void *payload,
		      size_t len, __u16 gso_size)
{
	static char packet[NEXUS_PACKET_MAX + 1];
	struct nx_seg seg = {
		.tuple = conn->tuple,
		.seq = conn->snd_nxt,
		.ack = conn->rcv_nxt,
		.window = 65535,
		.flags = flags,
		.payload = payload,
		.len = len,
	};
	size_t size = nx_seg_build(packet, &seg);

	if (!nx_chan_send_gso(conn->chan, 0, conn->flow,
			      NEXUS_DESC_GSO | NEXUS_DESC_CSUM, gso_size,
			      packet, size))
		return -ENOBUFS;
	return nx_chan_sync(conn->chan, 0, NEXUS_SYNC_TX, 0);
}

static bool is_tcp(const char *packet)
{
	return (packet[0] >> 4 == 4 ? packet[9] : packet[6]) == IPPROTO_TCP;
}

/* All segments of @sent on the wire, with what the first and the last have. */
static void expect_segments(NX_METADATA, int wire, const struct nx_conn *conn,
			    const char *sent, size_t len, size_t mss,
			    __u16 flags)
{
	static char packet[4096];
	const char *wrong;
	struct nx_seg seg;
	size_t at = 0;
	int id = -1;

	while (at < len) {
		size_t want = len - at < mss ? len - at : mss;
		__u16 expected = flags;
		long got = nx_packet_recv(wire, packet, sizeof(packet),
					  WAIT_MS);

		ASSERT_GT(got, 0);
		if (!is_tcp(packet))
			continue;	/* the kernel's multicast */
		wrong = nx_seg_parse(packet, got, true, &seg);
		if (wrong)
			nx_note("segment of %ld bytes: %s", got, wrong);
		ASSERT_EQ(NULL, wrong);
		if (seg.tuple.sport != conn->tuple.sport || !seg.len)
			continue;
		if (at)
			expected &= ~0x80;	/* CWR */
		if (at + want < len)
			expected &= ~(NX_FIN | NX_PSH);
		EXPECT_EQ(expected, seg.flags);
		EXPECT_EQ(conn->snd_nxt + (__u32)at, seg.seq);
		EXPECT_EQ(conn->rcv_nxt, seg.ack);
		ASSERT_EQ(want, seg.len);
		EXPECT_EQ(0, memcmp(sent + at, seg.payload, want));
		if (seg.tuple.family == AF_INET) {
			int now = ntohs(((struct iphdr *)packet)->id);

			if (id >= 0)
				EXPECT_EQ((id + 1) & 0xffff, now);
			id = now;
		}
		at += want;
	}
}

static void cut_tcp(NX_METADATA, bool is_ipv6, bool has_offload)
{
	__u16 flags = NX_ACK | NX_PSH | NX_FIN | 0x80;
	size_t mss = is_ipv6 ? TCP_MSS - 20 : TCP_MSS;
	/* What comes after a FIN would have the connection reset. */
	size_t lens[] = { 40000, 10001, 2 * mss, mss + 1 };
	static char sent[65536];
	struct nx_conn conn;
	struct bed bed;
	int wire, peer;

	bed_start(&bed);
	if (!has_offload) {
		/* Then the kernel cuts, and sums, on this side of the wire. */
		nx_tx_csum_set(-1, NX_DEV, false);
	}
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	connect_peer(_metadata, &bed, &conn, is_ipv6, &peer);
	fill(sent, sizeof(sent), 3);
	for (size_t i = 0; i < NX_ARRAY_SIZE(lens); i++) {
		/* The peer's TCP takes the first one; the others repeat it. */
		ASSERT_EQ(0, send_super(&conn, flags, sent, lens[i], mss));
		if (!has_offload)
			expect_segments(_metadata, wire, &conn, sent, lens[i],
					mss, flags);
	}
	/* The kernel's TCP has read what went through, once. */
	for (size_t at = 0; at < lens[0]; ) {
		static char seen[65536];
		ssize_t got = read(peer, seen, sizeof(seen));

		ASSERT_GT(got, 0);
		EXPECT_EQ(0, memcmp(sent + at, seen, got));
		at += got;
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(cut_tcp4, "OFF-3 a super-packet of TCP over a device that cannot cut: sequence, id, flags, PSH and FIN last, CWR first, sums")
{
	cut_tcp(_metadata, false, false);
}

NX_TEST(cut_tcp6, "OFF-3 the same over IPv6")
{
	cut_tcp(_metadata, true, false);
}

NX_TEST(whole_tcp, "OFF-2 OFF-3 over a device that can, it leaves whole and unsummed, and the peer's TCP reads it")
{
	cut_tcp(_metadata, false, true);
}

NX_TEST(whole_tcp6, "OFF-2 OFF-3 the same over IPv6")
{
	cut_tcp(_metadata, true, true);
}

/* From our port, and not the kernel's multicast. */
static bool is_ours(const char *packet, long len, size_t l4_end)
{
	__be16 port;

	if (len < (long)l4_end)
		nx_die("nothing came");
	memcpy(&port, packet + (packet[0] >> 4 == 4 ? 20 : 40), sizeof(port));
	return port == htons(PORT);
}

static void cut_udp(NX_METADATA, int family)
{
	static char packet[NEXUS_PACKET_MAX + 1], sent[60000];
	size_t headers = nx_udp_headers(family);
	struct nx_pair pair;
	struct bed bed;
	struct nx_udp udp;
	size_t len;
	int wire;

	bed_start(&bed);
	nx_tx_csum_set(-1, NX_DEV, false);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	nx_pair_start(&pair, &bed.chan, &bed.net, family, PORT);
	fill(sent, sizeof(sent), 5);
	len = nx_udp_build(packet, &pair.flow.tuple, sent, sizeof(sent));
	ASSERT_TRUE(nx_chan_send_gso(&bed.chan, 0, pair.flow.add.flow,
				     NEXUS_DESC_GSO | NEXUS_DESC_CSUM, 1001,
				     packet, len));
	ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	for (size_t at = 0; at < sizeof(sent); at += udp.len) {
		long got = nx_packet_recv(wire, packet, sizeof(packet),
					  WAIT_MS);

		udp.len = 0;
		if (!is_ours(packet, got, headers))
			continue;
		ASSERT_EQ(NULL, nx_udp_parse(packet, got, true, &udp));
		ASSERT_LE(udp.len, sizeof(sent) - at);
		ASSERT_EQ(at + 1001 < sizeof(sent) ? 1001 : sizeof(sent) - at,
			  udp.len);
		EXPECT_EQ(0, memcmp(sent + at, udp.payload, udp.len));
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(cut_udp4, "OFF-3 a super-packet of UDP: datagrams of gso_size, the last one shorter, each with its sum")
{
	cut_udp(_metadata, AF_INET);
}

NX_TEST(cut_udp6, "OFF-3 the same over IPv6")
{
	cut_udp(_metadata, AF_INET6);
}

/**
 * struct impossible - a super-packet that must not leave
 * @what:     for people
 * @gso_size: of its descriptor
 * @len:      of its payload
 * @desc_flags, @tcp_flags: of it
 * @reason:   that is counted
 */
struct impossible {
	const char	*what;
	__u16	gso_size;
	__u16	len;
	__u32	desc_flags;
	__u16	tcp_flags;
	enum nexus_drop_reason	reason;
};

#define GSO_CSUM	(NEXUS_DESC_GSO | NEXUS_DESC_CSUM)

NX_TEST(impossible_tcp, "OFF-8 super-packets of TCP with impossible values are refused, and nothing of them is seen")
{
	static const struct impossible table[] = {
		{ "0", 0, 5000, GSO_CSUM, NX_ACK, NEXUS_DROP_TX_GSO },
		{ "1", 1, 5000, GSO_CSUM, NX_ACK, NEXUS_DROP_TX_GSO },
		{ "less than the least", NEXUS_GSO_SIZE_MIN - 1, 5000, GSO_CSUM,
		  NX_ACK, NEXUS_DROP_TX_GSO },
		{ "0 of a short one", 0, 10, GSO_CSUM, NX_ACK,
		  NEXUS_DROP_TX_GSO },
		{ "more than the MTU", MTU - 40 + 1, 5000, GSO_CSUM, NX_ACK,
		  NEXUS_DROP_TX_MTU },
		{ "more than any MTU", 65535, 60000, GSO_CSUM, NX_ACK,
		  NEXUS_DROP_TX_MTU },
		{ "without CSUM", 1000, 5000, NEXUS_DESC_GSO, NX_ACK,
		  NEXUS_DROP_TX_GSO },
		{ "without GSO", 1000, 5000, NEXUS_DESC_CSUM, NX_ACK,
		  NEXUS_DROP_TX_FLAGS },
		{ "a SYN", 1000, 5000, GSO_CSUM, NX_SYN, NEXUS_DROP_TX_GSO },
		{ "a RST", 1000, 5000, GSO_CSUM, NX_RST | NX_ACK,
		  NEXUS_DROP_TX_GSO },
		{ "URG", 1000, 5000, GSO_CSUM, NX_URG | NX_ACK,
		  NEXUS_DROP_TX_GSO },
	};
	static char packet[65536], payload[65536];
	struct nx_conn conn;
	struct nx_seg seg;
	struct bed bed;
	int wire, peer;

	bed_start(&bed);
	connect_peer(_metadata, &bed, &conn, false, &peer);
	nx_sleep_ms(50);	/* until the handshake has arrived */
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	for (size_t i = 0; i < NX_ARRAY_SIZE(table); i++) {
		__u64 before = nx_chan_drops(&bed.chan, table[i].reason);

		seg = (struct nx_seg){
			.tuple = conn.tuple,
			.seq = conn.snd_nxt,
			.ack = conn.rcv_nxt,
			.flags = table[i].tcp_flags,
			.payload = payload,
			.len = table[i].len,
		};
		ASSERT_TRUE(nx_chan_send_gso(&bed.chan, 0, conn.flow,
					     table[i].desc_flags,
					     table[i].gso_size, packet,
					     nx_seg_build(packet, &seg)));
		ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
		if (nx_chan_drops(&bed.chan, table[i].reason) != before + 1)
			nx_note("not refused: %s", table[i].what);
		EXPECT_EQ(before + 1, nx_chan_drops(&bed.chan,
						    table[i].reason));
	}
	while (nx_packet_recv(wire, packet, sizeof(packet), 50) > 0)
		EXPECT_FALSE(is_tcp(packet));
	nx_chan_close(&bed.chan);
}

/* Refused as @reason, with nothing else happening. */
static void expect_no_udp(NX_METADATA, struct nx_pair *pair, __u16 len,
			  __u32 flags, __u16 gso_size,
			  enum nexus_drop_reason reason)
{
	static char packet[65536], payload[65536];
	struct nx_chan *chan = pair->flow.chan;
	size_t size = nx_udp_build(packet, &pair->flow.tuple, payload, len);
	__u64 before = nx_chan_drops(chan, reason);

	ASSERT_TRUE(nx_chan_send_gso(chan, 0, pair->flow.add.flow, flags,
				     gso_size, packet, size));
	ASSERT_EQ(0, nx_chan_sync(chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(before + 1, nx_chan_drops(chan, reason)) {
		TH_LOG("%u bytes, gso_size %u", len, gso_size);
	}
}

NX_TEST(impossible_udp, "OFF-8 and so are those of UDP, with too many datagrams too; also to whom something was sent before")
{
	static const struct {
		__u16	gso_size;
		__u16	len;
		__u32	flags;
		enum nexus_drop_reason	reason;
	} table[] = {
		{ 0, 5000, GSO_CSUM, NEXUS_DROP_TX_GSO },
		{ 0, 10, GSO_CSUM, NEXUS_DROP_TX_GSO },
		{ 0, 10, NEXUS_DESC_GSO, NEXUS_DROP_TX_GSO },
		{ 1, 5000, GSO_CSUM, NEXUS_DROP_TX_GSO },
		{ 100, 100 * NEXUS_GSO_DATAGRAMS_MAX + 1, GSO_CSUM,
		  NEXUS_DROP_TX_GSO },
		{ MTU - 28 + 1, 5000, GSO_CSUM, NEXUS_DROP_TX_MTU },
	};
	struct nx_pair pair;
	struct bed bed;
	char got[64];

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, AF_INET, PORT);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < NX_ARRAY_SIZE(table); i++)
			expect_no_udp(_metadata, &pair, table[i].len,
				      table[i].flags, table[i].gso_size,
				      table[i].reason);
		EXPECT_EQ(-EAGAIN, nx_udp_recv(pair.peer, got, sizeof(got), 50));
		EXPECT_TRUE(nx_pair_ping(&pair, 1));
	}
	nx_chan_close(&bed.chan);
}

/* -------------------------------------------------------------- checksums */

/* A packet in parts of odd lengths at odd places, its checksum left open. */
static void send_in_parts(NX_METADATA, struct bed *bed, __u32 flow,
			  const char *packet, size_t len, size_t headers,
			  __u32 *seed)
{
	struct nx_ring *tx = nx_chan_ring(&bed->chan, 0, NEXUS_RING_TX);
	size_t at = 0, n = headers;

	do {
		struct nexus_desc desc = { .flow = flow };
		long buf = nx_buf_take(&bed->chan, 0);

		ASSERT_GE(buf, 0);
		desc.buf = buf;
		desc.off = nx_random(seed) % 64;
		desc.len = n;
		desc.flags = (at ? 0 : NEXUS_DESC_CSUM) |
			     (at + n < len ? NEXUS_DESC_MORE : 0);
		memcpy(nx_buf_ptr(&bed->chan, buf) + desc.off, packet + at, n);
		ASSERT_TRUE(nx_ring_push(tx, &desc));
		at += n;
		n = 1 + nx_random(seed) % (len - at + 1);
		if (n > len - at)
			n = len - at;
	} while (at < len);
	ASSERT_EQ(0, nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0));
}

static void sum_every_length(NX_METADATA, int family)
{
	unsigned long loops = nx_loops("NEXUS_OFF_PACKETS", 50000);
	size_t headers = nx_udp_headers(family);
	static char packet[2048], payload[2048];
	__u32 seed = family;
	struct nx_pair pair;
	struct nx_udp udp;
	struct bed bed;
	int wire;

	bed_start(&bed);
	nx_tx_csum_set(-1, NX_DEV, false);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	nx_pair_start(&pair, &bed.chan, &bed.net, family, PORT);
	for (unsigned long i = 0; i < loops; i++) {
		size_t len = i % (MTU - headers + 1);
		long got, size = nx_udp_build(packet, &pair.flow.tuple,
					      payload, len);

		payload[nx_random(&seed) % sizeof(payload)] = nx_random(&seed);
		send_in_parts(_metadata, &bed, pair.flow.add.flow, packet, size,
			      headers, &seed);
		do {
			got = nx_packet_recv(wire, packet, sizeof(packet),
					     WAIT_MS);
		} while (!is_ours(packet, got, headers));
		ASSERT_EQ(size, got);
		ASSERT_EQ(NULL, nx_udp_parse(packet, size, true, &udp));
		ASSERT_EQ(len, udp.len);
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(sums4, "OFF-1 every length up to the MTU, in odd parts, sums right over a device that cannot sum")
{
	sum_every_length(_metadata, AF_INET);
}

NX_TEST(sums6, "OFF-1 the same over IPv6")
{
	sum_every_length(_metadata, AF_INET6);
}

static void sum_every_segment(NX_METADATA, bool is_ipv6)
{
	size_t headers = (is_ipv6 ? 40 : 20) + 20;
	unsigned long loops = nx_loops("NEXUS_OFF_PACKETS", 5000);
	static char packet[2048], payload[2048];
	__u32 seed = 9;
	struct nx_conn conn;
	struct nx_seg seg, seen;
	struct bed bed;
	int wire, peer;

	bed_start(&bed);
	nx_tx_csum_set(-1, NX_DEV, false);
	connect_peer(_metadata, &bed, &conn, is_ipv6, &peer);
	nx_sleep_ms(50);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	for (unsigned long i = 0; i < loops; i++) {
		size_t len = i % (MTU - headers + 1);
		long got, size;

		payload[nx_random(&seed) % sizeof(payload)] = nx_random(&seed);
		seg = (struct nx_seg){
			.tuple = conn.tuple,
			.seq = conn.snd_nxt,
			.ack = conn.rcv_nxt,
			.window = nx_random(&seed),
			.flags = NX_ACK,
			.payload = payload,
			.len = len,
		};
		size = nx_seg_build(packet, &seg);
		send_in_parts(_metadata, &bed, conn.flow, packet, size, headers,
			      &seed);
		do {
			got = nx_packet_recv(wire, packet, sizeof(packet),
					     WAIT_MS);
		} while (!is_ours(packet, got, headers));
		ASSERT_EQ(size, got);
		ASSERT_EQ(NULL, nx_seg_parse(packet, size, true, &seen));
		ASSERT_EQ(len, seen.len);
		while (nx_chan_recv_packet(&bed.chan, 0, &conn.desc,
					   conn.packet, sizeof(conn.packet),
					   0) >= 0)
			;
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(sums_tcp4, "OFF-1 segments of TCP likewise")
{
	sum_every_segment(_metadata, false);
}

NX_TEST(sums_tcp6, "OFF-1 the same over IPv6")
{
	sum_every_segment(_metadata, true);
}

NX_TEST(sum_of_zero, "OFF-6 a UDP checksum that computes to 0 is sent as 0xffff, over IPv4 and IPv6")
{
	static const int families[] = { AF_INET, AF_INET6 };
	char packet[256], payload[2] = { 0, 0 };
	struct nx_pair pair;
	struct nx_udp udp;
	struct bed bed;
	__u16 check;
	int wire;

	bed_start(&bed);
	nx_tx_csum_set(-1, NX_DEV, false);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	for (int i = 0; i < 2; i++) {
		size_t headers = nx_udp_headers(families[i]);
		long len, got;

		nx_pair_start(&pair, &bed.chan, &bed.net, families[i], PORT);
		memset(payload, 0, sizeof(payload));
		nx_udp_build(packet, &pair.flow.tuple, payload, 2);
		/* The two bytes that make the sum of everything all ones. */
		memcpy(payload, packet + headers - 2, 2);
		len = nx_udp_build(packet, &pair.flow.tuple, payload, 2);
		ASSERT_TRUE(nx_chan_send(&bed.chan, 0, pair.flow.add.flow,
					 NEXUS_DESC_CSUM, packet, len));
		ASSERT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
		do {
			got = nx_packet_recv(wire, packet, sizeof(packet),
					     WAIT_MS);
		} while (!is_ours(packet, got, headers));
		ASSERT_EQ(len, got);
		ASSERT_EQ(NULL, nx_udp_parse(packet, len, true, &udp));
		memcpy(&check, packet + headers - 2, 2);
		EXPECT_EQ(0xffff, check);
		nx_pair_stop(&pair);
	}
	nx_chan_close(&bed.chan);
}

/* ---------------------------------------------------------- from the wire */

/* RFC 9293 section 3.7.1: what a peer sends to who names no MSS. */
#define DEFAULT_MSS	536

/*
 * The peer makes super-packets as large as its congestion window allows, not as its
 * guess of the rate does, and has the window from the start: both guesses, and what
 * becomes of the window behind a timeout, follow how busy the machine is.
 */
static void send_large_bursts(struct bed *bed)
{
	int own = open("/proc/self/ns/net", O_RDONLY);

	nx_net_enter(bed->net.peer);
	nx_file_write("/proc/sys/net/ipv4/tcp_min_tso_segs", "100");
	nx_net_enter(own);
	close(own);
	nx_ip_peer(&bed->net, "route change 10.9.0.0/24 dev %s scope link src %s initcwnd 200",
		   NX_PEER_DEV, NX_PEER4);
}

NX_TEST(aggregated, "OFF-4 META-5 what the peer's TCP sends as a super-packet arrives whole, with its segment size and checksum state")
{
	static char sent[60000], seen[60000];
	size_t at = 0, longest = 0;
	struct nx_conn conn;
	struct nx_seg seg;
	struct bed bed;
	int peer;

	bed_start(&bed);
	send_large_bursts(&bed);
	connect_peer(_metadata, &bed, &conn, false, &peer);
	fill(sent, sizeof(sent), 11);
	ASSERT_EQ(sizeof(sent), send(peer, sent, sizeof(sent), MSG_DONTWAIT));
	while (at < sizeof(sent)) {
		ASSERT_TRUE(nx_conn_recv(&conn, &seg, WAIT_MS));
		if (!seg.len || seg.seq != conn.rcv_nxt)
			continue;
		ASSERT_LE(seg.len, sizeof(sent) - at);
		memcpy(seen + at, seg.payload, seg.len);
		at += seg.len;
		conn.rcv_nxt += seg.len;
		if (seg.len > longest)
			longest = seg.len;
		EXPECT_TRUE(conn.desc.flags & NEXUS_DESC_CSUM);
		EXPECT_EQ(seg.len > DEFAULT_MSS,
			  !!(conn.desc.flags & NEXUS_DESC_GSO));
		if (conn.desc.flags & NEXUS_DESC_GSO) {
			EXPECT_GT(conn.desc.gso_size, 0);
			EXPECT_EQ((seg.len + conn.desc.gso_size - 1) /
				  conn.desc.gso_size, conn.desc.gso_segs);
		}
		ASSERT_EQ(0, nx_conn_send(&conn, NX_ACK, NULL, 0));
	}
	EXPECT_EQ(0, memcmp(sent, seen, sizeof(sent)));
	EXPECT_GT(longest, 10000);
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------ on one host */

/* Sends @len bytes of UDP from one large buffer. */
static void send_large(NX_METADATA, struct nx_flow *flow, const char *payload,
		       size_t len, __u16 gso_size)
{
	struct nx_ring *ring = nx_chan_ring(flow->chan, 0,
					    NEXUS_RING_ALLOC_LARGE);
	struct nexus_desc desc = {
		.flow = flow->add.flow,
		.flags = NEXUS_DESC_GSO | NEXUS_DESC_CSUM,
		.gso_size = gso_size,
	};
	__u32 buf;

	nx_chan_sync(flow->chan, 0, NEXUS_SYNC_REFILL, 0);
	ASSERT_TRUE(nx_ring_pop(ring, &buf));
	desc.buf = buf;
	desc.len = nx_udp_build(nx_buf_ptr(flow->chan, buf), &flow->tuple,
				payload, len);
	ASSERT_TRUE(nx_ring_push(nx_chan_ring(flow->chan, 0, NEXUS_RING_TX),
				 &desc));
	ASSERT_EQ(0, nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0));
}

static void count(NX_METADATA, const struct nx_chan *chan,
		  struct nx_ctl_channel *seen)
{
	ASSERT_EQ(0, nx_channel_get(chan->attach.channel_id, seen));
}

static void cross(NX_METADATA, int family)
{
	const char *host = family == AF_INET ? NX_HOST4 : NX_HOST6;
	size_t len = NEXUS_PACKET_MAX - nx_udp_headers(family);
	static char sent[65536], seen[65536];
	struct nx_ctl_channel before, after;
	struct nx_flow from, to;
	struct nexus_desc desc;
	struct nx_chan chan;
	struct bed bed;

	bed_start(&bed);
	nx_chan_init(&chan, NEXUS);
	chan.attach.nr_large = 4;
	nx_chan_begin(&chan);
	nx_flow_start(&from, &bed.chan, host, PORT, host, PORT + 1);
	nx_flow_start(&to, &chan, host, PORT + 1, host, PORT);
	fill(sent, sizeof(sent), family);
	count(_metadata, &chan, &before);
	for (int i = 0; i < 3; i++) {
		send_large(_metadata, &from, sent + i, len, 1024);
		memset(seen, 0, sizeof(seen));
		ASSERT_EQ(len, nx_flow_recv(&to, seen, sizeof(seen), &desc,
					    WAIT_MS));
		EXPECT_EQ(0, memcmp(sent + i, seen, len));
		EXPECT_EQ(1, desc.nr_parts);
		EXPECT_EQ(1024, desc.gso_size);
		EXPECT_EQ(64, desc.gso_segs);
		EXPECT_EQ(NEXUS_DESC_GSO | NEXUS_DESC_CSUM | NEXUS_DESC_LOCAL,
			  desc.flags);
	}
	count(_metadata, &chan, &after);
	EXPECT_EQ(3 * NEXUS_PACKET_MAX,
		  after.counters.value[NEXUS_COUNTERS_A_BYTES_COPIED] -
		  before.counters.value[NEXUS_COUNTERS_A_BYTES_COPIED]);
	EXPECT_EQ(before.counters.value[NEXUS_COUNTERS_A_BYTES_SUMMED],
		  after.counters.value[NEXUS_COUNTERS_A_BYTES_SUMMED]);
	nx_chan_close(&chan);
	nx_chan_close(&bed.chan);
}

NX_TEST(cross4, "OFF-5 POOL-5 64 KiB from a large buffer to a large buffer of this host: one descriptor, one copy, no sum, no cut")
{
	cross(_metadata, AF_INET);
}

NX_TEST(cross6, "OFF-5 POOL-5 the same over IPv6")
{
	cross(_metadata, AF_INET6);
}

NX_TEST(cross_small, "POOL-5 without large buffers it comes in small ones, or not at all, and no buffer is lost")
{
	size_t len = 60000;
	static char sent[65536], seen[65536];
	struct nx_ctl_channel state;
	struct nx_flow from, to;
	struct nexus_desc desc;
	struct nx_chan chan;
	struct bed bed;

	bed_start(&bed);
	nx_chan_init(&chan, NEXUS);
	chan.attach.nr_large = 0;
	chan.attach.nr_small = 60;	/* half of them in ALLOC */
	nx_chan_begin(&chan);
	nx_flow_start(&from, &bed.chan, NX_HOST4, PORT, NX_HOST4, PORT + 1);
	nx_flow_start(&to, &chan, NX_HOST4, PORT + 1, NX_HOST4, PORT);
	fill(sent, sizeof(sent), 2);
	send_large(_metadata, &from, sent, len, 1024);
	ASSERT_EQ(len, nx_flow_recv(&to, seen, sizeof(seen), &desc, WAIT_MS));
	EXPECT_EQ(0, memcmp(sent, seen, len));
	EXPECT_EQ(30, desc.nr_parts);
	nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0);
	while (nx_buf_take(&chan, 0) >= 0)
		;
	send_large(_metadata, &from, sent, 65000, 1024);
	EXPECT_EQ(1, nx_chan_drops(&chan, NEXUS_DROP_RX_NO_BUFFER));
	count(_metadata, &chan, &state);
	EXPECT_EQ(60, state.pool[NEXUS_POOL_A_FREE] +
		      state.pool[NEXUS_POOL_A_USER]);
	nx_chan_close(&chan);
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("off")
