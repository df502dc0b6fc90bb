// SPDX-License-Identifier: GPL-2.0
/*
 * Flows of TCP: their ports, their segments, and the kernel's TCP at the other
 * end. Every segment is built by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
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
	const char *host = is_ipv6 ? NX_HOST6 : NX_HOST4;
	const char *to = is_ipv6 ? NX_PEER6 : NX_PEER4;
	struct nexus_flow_add add;
	int server, sock;

	server = nx_tcp_server(bed->net.peer, to, port);
	sock = nx_tcp_socket(host, port);
	ASSERT_EQ(0, nx_tcp_adopt(&bed->chan, sock, NULL, to, port, &add));
	close(sock);
	*conn = (struct nx_conn){
		.chan = &bed->chan,
		.flow = add.flow,
		.tuple = nx_tuple(host, port, to, port),
		.snd_nxt = 1000,
	};
	ASSERT_TRUE(nx_conn_open(conn));
	*peer = accept(server, NULL, NULL);
	ASSERT_GE(*peer, 0);
	close(server);
}

/* Bytes each way, and an orderly end that this side begins. */
static void talk_and_close(NX_METADATA, struct nx_conn *conn, int peer)
{
	char seen[64];
	struct nx_seg seg;

	ASSERT_EQ(0, nx_conn_send(conn, NX_ACK | NX_PSH, "hello", 5));
	ASSERT_EQ(5, read(peer, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp("hello", seen, 5));
	ASSERT_EQ(9, write(peer, "good bye!", 9));
	ASSERT_TRUE(nx_conn_read(conn, seen, 9));
	EXPECT_EQ(0, memcmp("good bye!", seen, 9));
	ASSERT_EQ(0, nx_conn_send(conn, NX_FIN | NX_ACK, NULL, 0));
	EXPECT_EQ(0, read(peer, seen, sizeof(seen)));
	close(peer);
	do {
		ASSERT_TRUE(nx_conn_recv(conn, &seg, WAIT_MS));
	} while (!(seg.flags & NX_FIN));
	conn->rcv_nxt = seg.seq + 1;
	EXPECT_EQ(conn->snd_nxt, seg.ack);
	EXPECT_EQ(0, nx_conn_send(conn, NX_ACK, NULL, 0));
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

	*peer = nx_socket(bed->net.peer, addr.ss_family,
			  SOCK_STREAM | SOCK_NONBLOCK, 0);
	ASSERT_EQ(-1, connect(*peer, (void *)&addr, len));
	ASSERT_EQ(EINPROGRESS, errno);
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

static int call(int ret)
{
	return ret ? -errno : 0;
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
