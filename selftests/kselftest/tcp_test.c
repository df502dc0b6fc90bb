// SPDX-License-Identifier: GPL-2.0
/*
 * Flows of TCP: their ports, their segments, and the kernel's TCP at the other
 * end. Every segment is built by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "queue.h"
#include "tcp.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define WAIT_MS	2000

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

/* ------------------------------------------------------------ connections */

/* A connection to the kernel's server at the other end; its socket in *peer. */
static void connect_peer(NX_METADATA, struct bed *bed, struct nx_conn *conn,
			 bool is_ipv6, __u16 port, int *peer)
{
	*conn = (struct nx_conn){ .chan = &bed->chan, .snd_nxt = 1000 };
	*peer = nx_conn_open_to(conn, bed->net.peer,
				is_ipv6 ? NX_HOST6 : NX_HOST4,
				is_ipv6 ? NX_PEER6 : NX_PEER4, port);
	ASSERT_GE(*peer, 0);
}

static void talk_and_close(NX_METADATA, struct nx_conn *conn, int peer)
{
	ASSERT_TRUE(nx_conn_talk(conn, peer));
	ASSERT_TRUE(nx_conn_end(conn, peer));
}

static void connects(NX_METADATA, bool is_ipv6)
{
	struct nx_conn conn;
	struct bed bed;
	int peer;

	bed_start(&bed);
	connect_peer(_metadata, &bed, &conn, is_ipv6, PORT, &peer);
	talk_and_close(_metadata, &conn, peer);
	nx_chan_close(&bed.chan);
}

NX_TEST(connect4, "FLOW-1 a connection to the kernel's TCP: handshake, bytes both ways, and an orderly end")
{
	connects(_metadata, false);
}

NX_TEST(connect6, "FLOW-1 FLOW-8 the same over IPv6")
{
	connects(_metadata, true);
}

/* The kernel at the other end connects to @to, which reaches listener @flow. */
static void accept_peer(NX_METADATA, struct bed *bed, struct nx_conn *conn,
			__u32 flow, const char *to, int *peer)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, to, PORT);

	*peer = nx_tcp_begin(bed->net.peer, to, PORT);
	*conn = (struct nx_conn){ .chan = &bed->chan, .snd_nxt = 5000 };
	ASSERT_TRUE(nx_conn_accept(conn, flow));
	ASSERT_EQ(0, connect(*peer, (void *)&addr, len));
	fcntl(*peer, F_SETFL, 0);
}

NX_TEST(listen_dual, "FLOW-1 FLOW-8 a dual-stack listener accepts IPv4 and IPv6 from the kernel's TCP")
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct bed bed;
	int peer;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket("::", PORT), NULL,
				  NULL, 0, &add));
	EXPECT_EQ(IPPROTO_TCP, add.protocol);
	EXPECT_EQ(0, add.remote_port);
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST6, &peer);
	talk_and_close(_metadata, &conn, peer);
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	talk_and_close(_metadata, &conn, peer);
	nx_chan_close(&bed.chan);
}

NX_TEST(other_protocol, "FLOW-1 TCP and UDP ports are apart: a flow of one leaves the other to the kernel")
{
	struct nexus_flow_add add;
	struct bed bed;
	char seen[16];
	int udp, peer;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	udp = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	peer = nx_udp_socket(bed.net.peer, NX_PEER4, PORT, NULL, 0);
	EXPECT_EQ(3, nx_udp_send(peer, "abc", 3, NX_HOST4, PORT));
	EXPECT_EQ(3, nx_udp_recv(udp, seen, sizeof(seen), WAIT_MS));
	EXPECT_EQ(0, nx_ring_used(nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX)));
	nx_chan_close(&bed.chan);
}

/* Sends what stands in @seg by @flow, and tells whether it was refused. */
static bool is_refused(struct bed *bed, __u32 flow, const struct nx_seg *seg)
{
	__u64 before = nx_chan_drops(&bed->chan, NEXUS_DROP_TX_STATE);
	char packet[2048];

	if (!nx_chan_send(&bed->chan, 0, flow, 0, packet,
			  nx_seg_build(packet, seg)))
		nx_die("no buffer");
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0);
	return nx_chan_drops(&bed->chan, NEXUS_DROP_TX_STATE) == before + 1;
}

NX_TEST(accepted, "FLOW-13 a listener's SYN-ACK makes a flow, by no further call; it ends with the connection")
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct nx_seg seg;
	struct bed bed;
	char seen[8];
	int peer;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	for (int i = 0; i < 3; i++) {
		accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
		EXPECT_EQ(2, nx_ctl_count(NEXUS_CMD_GET_FLOW));
		/* By the listener's index, or by its own. */
		conn.flow = add.flow;
		ASSERT_EQ(0, nx_conn_send(&conn, NX_ACK | NX_PSH, "ab", 2));
		ASSERT_EQ(2, read(peer, seen, sizeof(seen)));
		conn.flow = conn.desc.flow;
		if (i == 0) {
			talk_and_close(_metadata, &conn, peer);
		} else if (i == 1) {
			/* The peer closes first. */
			close(peer);
			while (nx_conn_recv(&conn, &seg, WAIT_MS) &&
			       !(seg.flags & NX_FIN))
				;
			conn.rcv_nxt = seg.seq + 1;
			ASSERT_EQ(0, nx_conn_send(&conn, NX_FIN | NX_ACK, NULL,
						  0));
			ASSERT_TRUE(nx_conn_recv(&conn, &seg, WAIT_MS));
		} else {
			ASSERT_EQ(0, nx_conn_send(&conn, NX_RST | NX_ACK, NULL,
						  0));
			EXPECT_EQ(-1, read(peer, seen, sizeof(seen)));
			EXPECT_EQ(ECONNRESET, errno);
		}
		EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(listener_gone, "FLOW-13 connections outlive their listener, and the port stays taken with them")
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct bed bed;
	int peer, sock;

	bed_start(&bed);
	sock = nx_tcp_socket(NX_HOST4, PORT);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, sock, NULL, NULL, 0, &add));
	close(sock);
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &add));
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	EXPECT_EQ(-EADDRINUSE, nx_udp_bind(sock, NX_HOST4, PORT));
	talk_and_close(_metadata, &conn, peer);
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	nx_chan_close(&bed.chan);
}

NX_TEST(flood, "FLOW-13 a flood of SYNs makes no flow")
{
	unsigned long loops = nx_loops("NEXUS_TCP_SYNS", 20000);
	struct nexus_flow_add add;
	struct nx_conn conn;
	char packet[128];
	__u32 seed = 1;
	struct bed bed;
	int wire, peer;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	for (unsigned long i = 0; i < loops; i++) {
		struct nx_seg syn = {
			.tuple = nx_tuple(NX_PEER4, nx_random(&seed), NX_HOST4,
					  PORT),
			.seq = nx_random(&seed),
			.flags = NX_SYN,
			.payload = "",
		};

		syn.tuple.src[2] = nx_random(&seed);
		nx_packet_send(wire, NX_PEER_DEV, packet,
			       nx_seg_build(packet, &syn));
	}
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	while (nx_chan_recv_packet(&bed.chan, 0, &conn.desc, conn.packet,
				   sizeof(conn.packet), 10) >= 0)
		;
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	talk_and_close(_metadata, &conn, peer);
	nx_chan_close(&bed.chan);
}

NX_TEST(answered_flood, "FLOW-13 SYNs that are answered and never acknowledged take half of the channel's flows at most, and others are served")
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct bed bed;
	int peer;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed.chan, NEXUS);
	bed.chan.attach.nr_flows = 16;
	nx_chan_begin(&bed.chan);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	for (int i = 0; i < 3; i++) {
		/* To nobody, from a cookie that changes. */
		for (int port = 1; port <= 40; port++) {
			conn = (struct nx_conn){
				.chan = &bed.chan,
				.flow = add.flow,
				.tuple = nx_tuple(NX_HOST4, PORT, "10.9.0.77",
						  port),
				.snd_nxt = i * 1000,
			};
			ASSERT_EQ(0, nx_conn_send(&conn, NX_SYN | NX_ACK, NULL,
						  0));
		}
		EXPECT_EQ(1 + i + 8, nx_ctl_count(NEXUS_CMD_GET_FLOW));
		accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	}
	talk_and_close(_metadata, &conn, peer);
	EXPECT_EQ(0, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_FLOWS));
	EXPECT_EQ(0, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_STATE));
	nx_chan_close(&bed.chan);
}

/* A SYN-ACK of a listener, for somebody who does not answer. */
static void answer_nobody(NX_METADATA, struct bed *bed, __u32 flow, __u16 port)
{
	struct nx_conn conn = {
		.chan = &bed->chan,
		.flow = flow,
		.tuple = nx_tuple(NX_HOST4, PORT, "10.9.0.77", port),
	};

	ASSERT_EQ(0, nx_conn_send(&conn, NX_SYN | NX_ACK, NULL, 0));
}

NX_TEST(too_many, "FLOW-13 no more connections than the channel has flows: who has not answered gives way, then the SYN-ACK is refused as tx-flows")
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct bed bed;
	int peer;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&bed.chan, NEXUS);
	bed.chan.attach.nr_flows = 4;
	nx_chan_begin(&bed.chan);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	answer_nobody(_metadata, &bed, add.flow, 7);
	EXPECT_EQ(4, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	EXPECT_EQ(4, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	EXPECT_EQ(0, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_FLOWS));
	answer_nobody(_metadata, &bed, add.flow, 8);
	EXPECT_EQ(1, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_FLOWS));
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------------ advice */

NX_TEST(advised, "ADV-4 of two connections of one listener only the congested one is suspended, and not the listener")
{
	struct nx_flow flow[3] = { 0 };
	static char bytes[1000];
	struct nexus_flow_add add;
	struct nx_conn conn[2];
	struct bed bed;
	int peer, i;
	__u32 seq;

	bed_start(&bed);
	nx_qdisc("rate 1mbit target 5ms interval 20ms");
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	for (i = 0; i < 2; i++) {
		accept_peer(_metadata, &bed, &conn[i], add.flow, NX_HOST4,
			    &peer);
		flow[i].chan = &bed.chan;
		flow[i].add.flow = conn[i].desc.flow;
	}
	flow[2].chan = &bed.chan;
	flow[2].add.flow = add.flow;
	/*
	 * The same bytes again and again: the peer's window does not matter. More of
	 * them than leave, which is one in 8 ms, for longer than an interval.
	 */
	seq = conn[0].snd_nxt;
	for (i = 0; i < 1000 && !nx_is_suspended(&flow[0]); i++) {
		conn[0].snd_nxt = seq;
		ASSERT_EQ(0, nx_conn_send(&conn[0], NX_ACK, bytes,
					  sizeof(bytes)));
		nx_sleep_ms(1);
	}
	EXPECT_TRUE(nx_is_suspended(&flow[0]));
	EXPECT_FALSE(nx_is_suspended(&flow[1]));
	EXPECT_FALSE(nx_is_suspended(&flow[2]));
	EXPECT_TRUE(nx_wait_suspended(&flow[0], false));
	EXPECT_GT(nx_released(&flow[0]), 0);
	EXPECT_EQ(0, nx_released(&flow[2]));
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------------- state */

NX_TEST(before_handshake, "TRK-3 data before the handshake is refused as tx-state, by a 5-tuple and by a listener")
{
	struct nexus_flow_add add, listener;
	struct nx_conn conn;
	struct nx_seg seg;
	struct bed bed;

	bed_start(&bed);
	nx_tcp_server(bed.net.peer, NX_PEER4, PORT);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NX_PEER4, PORT, &add));
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT + 1),
				  NULL, NULL, 0, &listener));
	seg = (struct nx_seg){
		.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, PORT),
		.seq = 1000,
		.flags = NX_ACK,
		.payload = "data",
		.len = 4,
	};
	EXPECT_TRUE(is_refused(&bed, add.flow, &seg));
	seg.len = 0;
	EXPECT_TRUE(is_refused(&bed, add.flow, &seg));
	seg.flags = NX_FIN | NX_ACK;
	EXPECT_TRUE(is_refused(&bed, add.flow, &seg));
	seg.tuple = nx_tuple(NX_HOST4, PORT + 1, NX_PEER4, PORT);
	EXPECT_TRUE(is_refused(&bed, listener.flow, &seg));
	seg.flags = NX_ACK;
	seg.len = 4;
	EXPECT_TRUE(is_refused(&bed, listener.flow, &seg));
	seg.flags = NX_SYN;
	seg.len = 0;
	EXPECT_TRUE(is_refused(&bed, listener.flow, &seg));

	conn = (struct nx_conn){
		.chan = &bed.chan,
		.flow = add.flow,
		.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, PORT),
		.snd_nxt = 1000,
	};
	ASSERT_TRUE(nx_conn_open(&conn));
	seg.tuple = conn.tuple;
	seg.flags = NX_ACK;
	seg.seq = conn.snd_nxt;
	seg.ack = conn.rcv_nxt + 1;
	EXPECT_TRUE(is_refused(&bed, add.flow, &seg));
	seg.ack = conn.rcv_nxt;
	seg.len = 4;
	EXPECT_FALSE(is_refused(&bed, add.flow, &seg));
	seg.seq += 1 << 20;
	EXPECT_TRUE(is_refused(&bed, add.flow, &seg));
	/* A wrong one does not stop the connection. */
	conn.flow = add.flow;
	EXPECT_TRUE(nx_conn_recv(&conn, &seg, WAIT_MS));
	nx_chan_close(&bed.chan);
}

NX_TEST(forged_rst, "TRK-3 a RST out of the window ends nothing")
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	char packet[128];
	struct nx_seg rst, seen;
	struct bed bed;
	int peer, wire;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	rst = (struct nx_seg){
		.tuple = nx_tuple_back(&conn.tuple),
		.flags = NX_RST,
		.payload = "",
	};
	for (int i = -3; i < 30; i++) {
		if (!i)
			continue;
		rst.seq = conn.rcv_nxt + i * 7001;
		nx_packet_send(wire, NX_PEER_DEV, packet,
			       nx_seg_build(packet, &rst));
		ASSERT_TRUE(nx_conn_recv(&conn, &seen, WAIT_MS));
	}
	talk_and_close(_metadata, &conn, peer);
	nx_chan_close(&bed.chan);
}

NX_TEST(damaged, "TRK-3 a damaged segment changes nothing, whatever it says")
{
	static const __u16 flags[] = { NX_RST, NX_FIN | NX_ACK, NX_ACK };
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct nx_seg bad;
	char packet[128];
	struct bed bed;
	int peer, wire;
	size_t len;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	for (size_t i = 0; i < NX_ARRAY_SIZE(flags); i++) {
		bad = (struct nx_seg){
			.tuple = nx_tuple_back(&conn.tuple),
			.seq = conn.rcv_nxt,
			.ack = conn.snd_nxt,
			.flags = flags[i],
			.payload = "",
		};
		len = nx_seg_build(packet, &bad);
		packet[len - 1] ^= 1;	/* of the urgent pointer */
		nx_packet_send(wire, NX_PEER_DEV, packet, len);
	}
	EXPECT_EQ(NX_ARRAY_SIZE(flags),
		  nx_chan_drops(&bed.chan, NEXUS_DROP_RX_CHECKSUM));
	talk_and_close(_metadata, &conn, peer);
	nx_chan_close(&bed.chan);
}

/* Has a connection to the peer, says so, and waits to be killed. */
static void live_and_die(NX_METADATA, struct bed *bed, int go)
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	char word;

	nx_chan_start(&bed->chan, NEXUS);
	ASSERT_EQ(0, nx_tcp_adopt(&bed->chan, nx_tcp_socket(NX_HOST4, PORT + 1),
				  NULL, NX_PEER4, PORT, &add));
	conn = (struct nx_conn){
		.chan = &bed->chan,
		.flow = add.flow,
		.tuple = nx_tuple(NX_HOST4, PORT + 1, NX_PEER4, PORT),
		.snd_nxt = 77,
	};
	ASSERT_TRUE(nx_conn_open(&conn));
	ASSERT_EQ(0, nx_conn_send(&conn, NX_ACK, "0123456789", 10));
	ASSERT_EQ(1, write(go, "x", 1));
	ASSERT_EQ(0, read(go, &word, 1));
}

NX_TEST(killed, "TRK-1 the owner is killed: the peer sees one RST, with exactly the sequence number that it expects")
{
	char packet[4096], seen[64];
	int pair[2], server, peer, wire, nr_rst = 0;
	struct nx_seg seg;
	struct bed bed;
	long len;
	pid_t pid;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	server = nx_tcp_server(bed.net.peer, NX_PEER4, PORT);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = nx_fork();
	if (!pid) {
		close(pair[0]);
		live_and_die(_metadata, &bed, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	ASSERT_EQ(1, read(pair[0], seen, 1));
	peer = accept(server, NULL, NULL);
	ASSERT_EQ(10, read(peer, seen, sizeof(seen)));
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	kill(pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, nx_wait_child(pid));
	while ((len = nx_packet_recv(wire, packet, sizeof(packet), 300)) > 0) {
		if (packet[0] >> 4 != 4 || packet[9] != IPPROTO_TCP)
			continue;
		ASSERT_EQ(NULL, nx_seg_parse(packet, len, false, &seg));
		EXPECT_TRUE(seg.flags & NX_RST);
		EXPECT_EQ(77 + 1 + 10, seg.seq);
		nr_rst++;
	}
	EXPECT_EQ(1, nr_rst);
	EXPECT_EQ(-1, read(peer, seen, sizeof(seen)));
	EXPECT_EQ(ECONNRESET, errno);
}

static int bind_again(__u16 port)
{
	int sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0), on = 1, err;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	err = nx_udp_bind(sock, NX_HOST4, port);
	close(sock);
	return err;
}

NX_TEST(time_wait, "TRK-2 who closes first keeps the port from everybody while TIME-WAIT lasts, and no longer; who closes second does not")
{
	struct nexus_flow_add add = { 0 };
	struct nx_conn conn;
	struct nx_seg seg;
	long long begin_ns;
	struct bed bed;
	int peer, err;

	bed_start(&bed);
	ASSERT_EQ(0, nx_policy_limit(NEXUS, NEXUS_POLICY_A_LINGER, 1500));
	connect_peer(_metadata, &bed, &conn, false, PORT, &peer);
	talk_and_close(_metadata, &conn, peer);
	add.flow = conn.flow;
	add.generation = 1;
	begin_ns = nx_now_ns();
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &add));
	EXPECT_EQ(-EADDRINUSE, bind_again(PORT));
	do {
		nx_sleep_ms(20);
		err = bind_again(PORT);
	} while (err && nx_now_ns() - begin_ns < 30 * NX_SEC);
	EXPECT_EQ(0, err);
	EXPECT_LE(1500 * NX_MSEC, nx_now_ns() - begin_ns);

	connect_peer(_metadata, &bed, &conn, false, PORT + 1, &peer);
	close(peer);
	while (nx_conn_recv(&conn, &seg, WAIT_MS) && !(seg.flags & NX_FIN))
		;
	conn.rcv_nxt = seg.seq + 1;
	ASSERT_EQ(0, nx_conn_send(&conn, NX_FIN | NX_ACK, NULL, 0));
	ASSERT_TRUE(nx_conn_recv(&conn, &seg, WAIT_MS));
	add.generation = 2;
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &add));
	EXPECT_EQ(0, bind_again(PORT + 1));
	nx_chan_close(&bed.chan);
}

/* ---------------------------------------------------------------- counters */

/* Segments that @wire has seen come, and their bytes. */
static struct nexus_status count_wire(int wire)
{
	struct nexus_status seen = { 0 };
	static char packet[65536];
	long len;

	while ((len = nx_packet_recv(wire, packet, sizeof(packet), 200)) > 0) {
		if (packet[0] >> 4 != 4 || packet[9] != IPPROTO_TCP)
			continue;
		seen.rx_packets++;
		seen.rx_bytes += ntohs(*(__be16 *)(packet + 2));
	}
	return seen;
}

NX_TEST(counted, "TRK-4 the kernel's counters are what crossed the wire, its own RST included, and nothing that it refused")
{
	struct nexus_status status, in, out;
	struct nexus_flow_add add, child;
	static char bytes[20000];
	struct nx_conn conn;
	int peer, far, near;
	struct nx_seg bad;
	struct bed bed;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NULL, 0, &add));
	far = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	near = nx_packet_socket(-1, NX_DEV);
	accept_peer(_metadata, &bed, &conn, add.flow, NX_HOST4, &peer);
	ASSERT_EQ(0, nx_conn_send(&conn, NX_ACK | NX_PSH, bytes, 1400));
	ASSERT_EQ(1400, read(peer, bytes, sizeof(bytes)));
	ASSERT_EQ(sizeof(bytes), write(peer, bytes, sizeof(bytes)));
	ASSERT_TRUE(nx_conn_read(&conn, bytes, sizeof(bytes)));
	bad = (struct nx_seg){
		.tuple = conn.tuple,
		.seq = conn.snd_nxt,
		.ack = conn.rcv_nxt + 1,
		.flags = NX_ACK,
		.payload = bytes,
		.len = 1000,
	};
	EXPECT_TRUE(is_refused(&bed, conn.flow, &bad));
	child = add;
	child.flow = conn.desc.flow;
	child.generation = 1;
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &child));
	out = count_wire(far);
	in = count_wire(near);
	ASSERT_EQ(0, nx_chan_status(&bed.chan, &status));
	EXPECT_EQ(out.rx_packets, status.tx_packets);
	EXPECT_EQ(out.rx_bytes, status.tx_bytes);
	EXPECT_EQ(in.rx_packets, status.rx_packets);
	EXPECT_EQ(in.rx_bytes, status.rx_bytes);
	EXPECT_LT(sizeof(bytes), in.rx_bytes);
	nx_chan_close(&bed.chan);
}

/* Sends @nr SYNs by turns from two ports; the number of those that may leave. */
static __u64 knock(NX_METADATA, struct bed *bed, __u16 port, int nr)
{
	struct nexus_flow_add add[2];
	struct nx_conn conn;

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, nx_tcp_adopt(&bed->chan,
					  nx_tcp_socket(NX_HOST4, port + i),
					  NULL, NX_PEER4, 7, &add[i]));
	for (int i = 0; i < nr; i++) {
		conn = (struct nx_conn){
			.chan = &bed->chan,
			.flow = add[i % 2].flow,
			.tuple = nx_tuple(NX_HOST4, port + i % 2, NX_PEER4, 7),
		};
		ASSERT_EQ(0, nx_conn_send(&conn, NX_SYN, NULL, 0));
	}
	return nr - nx_chan_drops(&bed->chan, NEXUS_DROP_TX_SYNS);
}

NX_TEST(syns, "TRK-5 a user's SYNs are limited to the configured rate, over all its flows, and nobody else's")
{
	long long begin_ns, ns;
	struct bed bed;
	__u64 nr;
	pid_t pid;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 4, 64, 1 << 30));
	ASSERT_EQ(0, nx_policy_limit(NEXUS, NEXUS_POLICY_A_MAX_SYNS, 10));
	nx_chan_start(&bed.chan, NEXUS);
	begin_ns = nx_now_ns();
	nr = knock(_metadata, &bed, PORT, 400);
	ns = nx_now_ns() - begin_ns;
	/* As many as a second has come at once, and the rate from then on. */
	EXPECT_LE(10, nr);
	EXPECT_LE(nr, 10 + 10 * ns / NX_SEC + 1);
	pid = nx_fork();
	if (!pid) {
		if (setresuid(65534, 65534, 65534))
			nx_die("setresuid: %s", strerror(errno));
		nx_chan_start(&bed.chan, NEXUS);
		EXPECT_EQ(10, knock(_metadata, &bed, PORT + 10, 10));
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	nx_chan_close(&bed.chan);
}

NX_TEST(namespace_syns, "TRK-5 the SYNs of a network namespace are limited over all its users")
{
	long long begin_ns, ns;
	struct bed bed;
	__u64 *nr = nx_shared_alloc(sizeof(*nr)), mine;
	pid_t pid;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 4, 64, 1 << 30));
	ASSERT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_SYNS, 10));
	nx_chan_start(&bed.chan, NEXUS);
	begin_ns = nx_now_ns();
	mine = knock(_metadata, &bed, PORT, 8);
	EXPECT_EQ(8, mine);
	pid = nx_fork();
	if (!pid) {
		if (setresuid(65534, 65534, 65534))
			nx_die("setresuid: %s", strerror(errno));
		nx_chan_start(&bed.chan, NEXUS);
		*nr = knock(_metadata, &bed, PORT + 10, 400);
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	ns = nx_now_ns() - begin_ns;
	EXPECT_LE(10, mine + *nr);
	EXPECT_LE(mine + *nr, 10 + 10 * ns / NX_SEC + 1);
	nx_chan_close(&bed.chan);
}

/* ------------------------------------------------------------------ groups */

static int shared_socket(void)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_HOST4, PORT);
	int sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(sock, (void *)&addr, len))
		nx_die("bind: %s", strerror(errno));
	return sock;
}

NX_TEST(reuseport, "FLOW-7 listeners with SO_REUSEPORT on three channels share the SYNs, each connection's always to one; one that ends leaves the rest")
{
	struct nexus_flow_add add[3];
	struct nx_chan chan[3];
	int nr[3] = { 0 }, wire;
	struct nexus_desc desc;
	char packet[128];
	struct bed bed;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	for (int i = 0; i < 3; i++) {
		nx_chan_start(&chan[i], NEXUS);
		ASSERT_EQ(0, nx_tcp_adopt(&chan[i], shared_socket(), NULL, NULL,
					  0, &add[i]));
	}
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	for (int round = 0; round < 2; round++) {
		for (int port = 1; port <= 120; port++) {
			struct nx_seg syn = {
				.tuple = nx_tuple(NX_PEER4, port, NX_HOST4,
						  PORT),
				.flags = NX_SYN,
				.payload = "",
			};
			int who = -1;

			for (int again = 0; again < 2; again++) {
				nx_packet_send(wire, NX_PEER_DEV, packet,
					       nx_seg_build(packet, &syn));
				for (int i = round; i < 3; i++) {
					if (nx_chan_recv_packet(&chan[i], 0,
								&desc, packet,
								sizeof(packet),
								0) < 0)
						continue;
					if (again)
						EXPECT_EQ(who, i);
					who = i;
				}
				ASSERT_GE(who, 0);
			}
			nr[who]++;
		}
		for (int i = round; i < 3; i++)
			EXPECT_GT(nr[i], 20);
		if (!round) {
			memset(nr, 0, sizeof(nr));
			nx_chan_close(&chan[0]);
		}
	}
	nx_chan_close(&chan[1]);
	nx_chan_close(&chan[2]);
}

/* ------------------------------------------------------------------ ports */

static void set_reuse(int sock, int option)
{
	int on = 1;

	if (setsockopt(sock, SOL_SOCKET, option, &on, sizeof(on)))
		nx_die("setsockopt: %s", strerror(errno));
}

/* bind() and listen() of a new socket with @option; 0 or -errno. */
static int try_listen(const char *local, __u16 port, int option)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, local, port);
	int sock = nx_socket(-1, addr.ss_family, SOCK_STREAM, 0), err = 0;

	if (option)
		set_reuse(sock, option);
	if (bind(sock, (void *)&addr, len) || listen(sock, 1))
		err = -errno;
	close(sock);
	return err;
}

/* A listener with SO_REUSEADDR, and one connection that it has accepted. */
static void listen_and_accept(NX_METADATA, struct bed *bed, struct nx_conn *conn,
			      struct nexus_flow_add *add, int *peer)
{
	int sock = nx_tcp_socket(NX_HOST4, PORT);

	set_reuse(sock, SO_REUSEADDR);
	ASSERT_EQ(0, nx_tcp_adopt(&bed->chan, sock, NULL, NULL, 0, add));
	close(sock);
	accept_peer(_metadata, bed, conn, add->flow, NX_HOST4, peer);
}

NX_TEST(time_wait_reuse, "TRK-2 as the kernel's: a server that had SO_REUSEADDR leaves its port to one that has it, with connections of its own there or in TIME-WAIT, and to nobody else")
{
	struct nexus_flow_add add, child;
	struct nx_conn conn;
	struct bed bed;
	int peer;

	bed_start(&bed);
	listen_and_accept(_metadata, &bed, &conn, &add, &peer);
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, SO_REUSEADDR));
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &add));
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, 0));
	EXPECT_EQ(0, try_listen(NX_HOST4, PORT, SO_REUSEADDR));
	talk_and_close(_metadata, &conn, peer);
	child = add;
	child.flow = conn.flow;
	child.generation = 1;
	nx_flow_del(&bed.chan, &child);
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, 0));
	EXPECT_EQ(0, try_listen(NX_HOST4, PORT, SO_REUSEADDR));
	nx_chan_close(&bed.chan);
}

static int call(int ret)
{
	return ret ? -errno : 0;
}

/* Another server where one was, with SO_REUSEADDR or without. */
static int follow(struct bed *bed, const char *local, bool may_share,
		  struct nexus_flow_add *add)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, local, PORT);
	int sock = nx_socket(-1, addr.ss_family, SOCK_STREAM, 0), err;

	if (may_share)
		set_reuse(sock, SO_REUSEADDR);
	err = call(bind(sock, (void *)&addr, len));
	/* Too late for bind(): the flow itself has to say it. */
	if (!may_share)
		set_reuse(sock, SO_REUSEADDR);
	if (!err)
		err = nx_tcp_adopt(&bed->chan, sock, NULL, NULL, 0, add);
	close(sock);
	return err;
}

NX_TEST(server_again, "TRK-2 FLOW-3 nor is it kept from another flow's server with SO_REUSEADDR, as after a restart; the connections before go on")
{
	struct nexus_flow_add first, second, third;
	struct nx_conn old, new;
	struct bed bed;
	int old_peer, new_peer;

	bed_start(&bed);
	listen_and_accept(_metadata, &bed, &old, &first, &old_peer);
	EXPECT_EQ(-EADDRINUSE, follow(&bed, NX_HOST4, true, &second));
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &first));
	EXPECT_EQ(-EADDRINUSE, follow(&bed, NX_HOST4, false, &second));
	ASSERT_EQ(0, follow(&bed, "0.0.0.0", true, &second));

	/* The port is nobody's but its, as if it had been the first. */
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, 0));
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, SO_REUSEADDR));
	EXPECT_EQ(-EADDRINUSE, bind_again(PORT));
	EXPECT_EQ(-EADDRINUSE, follow(&bed, NX_HOST4, true, &third));
	accept_peer(_metadata, &bed, &new, second.flow, NX_HOST4, &new_peer);
	talk_and_close(_metadata, &old, old_peer);
	talk_and_close(_metadata, &new, new_peer);

	/* Connections of both are in TIME-WAIT. */
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &second));
	ASSERT_EQ(0, follow(&bed, NX_HOST4, true, &third));
	accept_peer(_metadata, &bed, &new, third.flow, NX_HOST4, &new_peer);
	talk_and_close(_metadata, &new, new_peer);
	nx_chan_close(&bed.chan);
}

/* A server ends, and its last connection, too, by a RST; after @us another begins. */
static void end_and_follow(NX_METADATA, struct bed *bed, unsigned int us)
{
	struct linger rst = { .l_onoff = 1 };
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct nx_seg seg;
	int peer;

	listen_and_accept(_metadata, bed, &conn, &add, &peer);
	ASSERT_EQ(0, nx_flow_del(&bed->chan, &add));
	ASSERT_EQ(0, setsockopt(peer, SOL_SOCKET, SO_LINGER, &rst, sizeof(rst)));
	close(peer);
	ASSERT_TRUE(nx_conn_recv(&conn, &seg, WAIT_MS));
	ASSERT_EQ(NX_RST, seg.flags & NX_RST);
	usleep(us);
	ASSERT_EQ(0, follow(bed, NX_HOST4, true, &add));
	ASSERT_EQ(0, nx_flow_del(&bed->chan, &add));
}

NX_TEST(server_at_once, "TRK-2 FLOW-3 not even for the moment in which the last connection of the one before has ended and its socket is on its way out")
{
	struct bed bed;
	unsigned int i;

	bed_start(&bed);
	for (i = 0; i < 30; i++)
		end_and_follow(_metadata, &bed, i * 200);
	nx_chan_close(&bed.chan);
}

NX_TEST(server_shared, "FLOW-3 a server that begins where one was, and where the kernel has a connection by now: EADDRINUSE")
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_HOST4, PORT);
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct bed bed;
	int peer, kernel;

	bed_start(&bed);
	nx_tcp_server(bed.net.peer, NX_PEER4, PORT + 1);
	listen_and_accept(_metadata, &bed, &conn, &add, &peer);
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &add));
	kernel = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	set_reuse(kernel, SO_REUSEADDR);
	ASSERT_EQ(0, call(bind(kernel, (void *)&addr, len)));
	EXPECT_EQ(-EADDRINUSE, follow(&bed, NX_HOST4, true, &add));
	nx_sockaddr(&addr, NX_PEER4, PORT + 1);
	ASSERT_EQ(0, call(connect(kernel, (void *)&addr, len)));
	EXPECT_EQ(-EADDRINUSE, follow(&bed, NX_HOST4, true, &add));
	EXPECT_EQ(-EADDRINUSE, follow(&bed, "0.0.0.0", true, &add));
	close(kernel);
	talk_and_close(_metadata, &conn, peer);
	nx_chan_close(&bed.chan);
}

static void port_is_alone(NX_METADATA, bool is_listener)
{
	struct sockaddr_storage peer, none = { .ss_family = AF_UNSPEC };
	socklen_t len = nx_sockaddr(&peer, NX_PEER4, PORT);
	struct nexus_flow_add add;
	struct bed bed;
	int sock;

	bed_start(&bed);
	sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	set_reuse(sock, SO_REUSEADDR);
	nx_sockaddr(&peer, NX_HOST4, PORT);
	ASSERT_EQ(0, call(bind(sock, (void *)&peer, len)));
	nx_sockaddr(&peer, NX_PEER4, PORT);
	EXPECT_EQ(0, try_listen(NX_HOST4, PORT, SO_REUSEADDR));
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, sock, NULL,
				  is_listener ? NULL : NX_PEER4, PORT, &add));

	/* Nobody else, whatever its owner allows. */
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, 0));
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, SO_REUSEADDR));
	EXPECT_EQ(-EADDRINUSE, try_listen("0.0.0.0", PORT, SO_REUSEADDR));
	EXPECT_EQ(-EADDRINUSE, try_listen("::", PORT, SO_REUSEADDR));
	set_reuse(sock, SO_REUSEADDR);
	set_reuse(sock, SO_REUSEPORT);
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, SO_REUSEADDR));
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, SO_REUSEPORT));
	EXPECT_EQ(0, try_listen(NX_HOST4, PORT + 1, 0));

	/* Nor its owner by the kernel's stack. */
	EXPECT_EQ(-EISCONN, call(connect(sock, (void *)&peer, len)));
	EXPECT_EQ(-EINVAL, call(listen(sock, 1)));
	EXPECT_EQ(-EALREADY, nx_tcp_adopt(&bed.chan, sock, NULL, NULL, 0,
					  &(struct nexus_flow_add){ 0 }));
	connect(sock, (void *)&none, sizeof(none));
	EXPECT_EQ(-EADDRINUSE, call(listen(sock, 1)));
	EXPECT_EQ(PORT, nx_local_port(sock));
	EXPECT_EQ(-EADDRINUSE, try_listen(NX_HOST4, PORT, SO_REUSEADDR));

	/* Until it is given back. */
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &add));
	EXPECT_EQ(0, call(listen(sock, 1)));
	nx_chan_close(&bed.chan);
}

NX_TEST(port_listener, "FLOW-3 the port of a TCP listener is nobody else's, and not the kernel's stack's, until FLOW_DEL")
{
	port_is_alone(_metadata, true);
}

NX_TEST(port_connected, "FLOW-3 nor is that of a TCP 5-tuple")
{
	port_is_alone(_metadata, false);
}

NX_TEST(port_shared, "FLOW-3 a port that a kernel socket has too, if only for a connection: EADDRINUSE")
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_PEER4, PORT);
	struct nexus_flow_add add;
	struct bed bed;
	int sock, kernel;

	bed_start(&bed);
	nx_tcp_server(bed.net.peer, NX_PEER4, PORT);
	kernel = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	set_reuse(kernel, SO_REUSEADDR);
	set_reuse(sock, SO_REUSEADDR);
	nx_sockaddr(&addr, NX_HOST4, PORT);
	ASSERT_EQ(0, call(bind(kernel, (void *)&addr, len)));
	ASSERT_EQ(0, call(bind(sock, (void *)&addr, len)));
	nx_sockaddr(&addr, NX_PEER4, PORT);
	ASSERT_EQ(0, call(connect(kernel, (void *)&addr, len)));
	EXPECT_EQ(-EADDRINUSE, nx_tcp_adopt(&bed.chan, sock, NULL, NULL, 0,
					    &add));
	EXPECT_EQ(-EADDRINUSE, nx_tcp_adopt(&bed.chan, sock, NULL, NX_PEER4, 1,
					    &add));
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	nx_chan_close(&bed.chan);
}

NX_TEST(adopt_errors, "FLOW-5 FLOW-6 TCP sockets that cannot be adopted: a distinct error each")
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_PEER4, PORT);
	struct nexus_flow_add add;
	struct bed bed;
	int sock, any;

	bed_start(&bed);
	sock = nx_tcp_server(-1, NX_HOST4, PORT);
	EXPECT_EQ(-EOPNOTSUPP, nx_flow_add(&bed.chan, sock, &add));
	nx_tcp_server(bed.net.peer, NX_PEER4, PORT);
	sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	EXPECT_EQ(-EDESTADDRREQ, nx_flow_add(&bed.chan, sock, &add));
	ASSERT_EQ(0, call(connect(sock, (void *)&addr, len)));
	EXPECT_EQ(-EOPNOTSUPP, nx_flow_add(&bed.chan, sock, &add));
	sock = nx_tcp_server(bed.net.peer, NX_PEER4, PORT + 1);
	EXPECT_EQ(-EXDEV, nx_flow_add(&bed.chan, sock, &add));

	sock = nx_tcp_socket(NX_HOST4, PORT + 1);
	any = nx_tcp_socket("0.0.0.0", PORT + 2);
	EXPECT_EQ(-EAFNOSUPPORT, nx_tcp_adopt(&bed.chan, sock, NULL, NX_PEER6,
					      PORT, &add));
	EXPECT_EQ(-EADDRNOTAVAIL, nx_tcp_adopt(&bed.chan, sock, "10.9.0.77",
					       NX_PEER4, PORT, &add));
	EXPECT_EQ(-EADDRNOTAVAIL, nx_tcp_adopt(&bed.chan, any, "10.9.0.77",
					       NX_PEER4, PORT, &add));
	EXPECT_EQ(-EINVAL, nx_tcp_adopt(&bed.chan, any, NULL, NX_PEER4, PORT,
					&add));
	EXPECT_EQ(-EINVAL, nx_tcp_adopt(&bed.chan, sock, NULL, NX_PEER4, 0,
					&add));
	EXPECT_EQ(-EINVAL, nx_tcp_adopt(&bed.chan, sock, NULL, "224.0.0.1",
					PORT, &add));
	EXPECT_EQ(-EINVAL, nx_tcp_adopt(&bed.chan, sock, NULL,
					"255.255.255.255", PORT, &add));
	EXPECT_EQ(-EINVAL, nx_tcp_adopt(&bed.chan,
					nx_udp_socket(-1, NX_HOST4, PORT, NULL,
						      0),
					NULL, NX_PEER4, PORT, &add));
	EXPECT_EQ(0, nx_tcp_adopt(&bed.chan, any, NX_HOST4, NX_PEER4, PORT,
				  &add));
	EXPECT_EQ(0, nx_tcp_adopt(&bed.chan, sock, NX_HOST4, NX_PEER4, PORT,
				  &add));
	EXPECT_EQ(2, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------------- segments */

NX_TEST(flags, "META-2 TCP flags that no segment has, and data offsets that lie: refused")
{
	static const __u16 bad[] = {
		0, NX_PSH, NX_FIN, NX_URG, NX_SYN | NX_FIN, NX_SYN | NX_RST,
		NX_FIN | NX_RST | NX_ACK, NX_ACK | 0x200, NX_ACK | 0x800,
	};
	char packet[128];
	struct nx_seg seg = {
		.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, PORT),
		.payload = "",
	};
	struct nexus_flow_add add;
	struct bed bed;
	long len;
	int wire;

	bed_start(&bed);
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan, nx_tcp_socket(NX_HOST4, PORT),
				  NULL, NX_PEER4, PORT, &add));
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	for (size_t i = 0; i < NX_ARRAY_SIZE(bad); i++) {
		seg.flags = bad[i];
		ASSERT_TRUE(nx_chan_send(&bed.chan, 0, add.flow, 0, packet,
					 nx_seg_build(packet, &seg)));
	}
	seg.flags = NX_SYN;
	for (int offset = 0; offset < 16; offset++) {
		len = nx_seg_build(packet, &seg);
		packet[32] = offset << 4;
		if (offset != 5)
			ASSERT_TRUE(nx_chan_send(&bed.chan, 0, add.flow, 0,
						 packet, len));
	}
	EXPECT_EQ(0, nx_chan_sync(&bed.chan, 0, NEXUS_SYNC_TX, 0));
	EXPECT_EQ(NX_ARRAY_SIZE(bad) + 15,
		  nx_chan_drops(&bed.chan, NEXUS_DROP_TX_L4));
	/* Neighbours may have something to say to each other. */
	while ((len = nx_packet_recv(wire, packet, sizeof(packet), 50)) > 0)
		EXPECT_TRUE(nx_seg_parse(packet, len, false, &seg) ||
			    seg.tuple.sport != htons(PORT));
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("tcp")
