// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners beside the kernel's: NEXUS_FLOW_BESIDE. Every segment of nexus's
 * connections is built by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ctl.h"
#include "queue.h"
#include "tcp.h"
#include "test.h"

#define NEXUS		"t"
#define PORT		4000
#define WAIT_MS		2000
#define NR_CHANS	2

/* Somebody on the peer's wire whose segments are built by hand, too. */
#define NOBODY		"10.9.0.77"

struct bed {
	struct nx_net		net;
	struct nx_chan		chan[NR_CHANS];
	struct nexus_flow_add	add[NR_CHANS];
	int			server;
};

/* A kernel's server that does not wait in accept(). */
static int start_server(const char *local, __u16 port)
{
	int sock = nx_tcp_server(-1, local, port);

	fcntl(sock, F_SETFL, O_NONBLOCK);
	return sock;
}

/* Room for as many connections as these tests make. */
static void start_chan(struct nx_chan *chan)
{
	nx_chan_init(chan, NEXUS);
	chan->attach.nr_flows = 64;
	nx_chan_begin(chan);
}

static void bed_start_nr(NX_METADATA, struct bed *bed, int nr, const char *local)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	bed->server = start_server(local, PORT);
	for (int i = 0; i < nr; i++) {
		start_chan(&bed->chan[i]);
		ASSERT_EQ(0, nx_tcp_beside(&bed->chan[i], bed->server,
					&bed->add[i]));
	}
}

static void bed_start(NX_METADATA, struct bed *bed, int nr)
{
	bed_start_nr(_metadata, bed, nr, NX_HOST4);
}

/* ------------------------------------------------------------ connections */

/* A client at the other end, which is on its way. */
static int begin(struct bed *bed, const char *to, __u16 port)
{
	return nx_tcp_begin(bed->net.peer, to, port);
}

/* What became of it within WAIT_MS: 0 or -errno. */
static int outcome(int sock)
{
	int err = 0;
	socklen_t len = sizeof(err);

	for (int i = 0; i < WAIT_MS; i++) {
		struct sockaddr_storage addr;
		socklen_t alen = sizeof(addr);

		if (!getpeername(sock, (void *)&addr, &alen))
			return 0;
		getsockopt(sock, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err)
			return -err;
		nx_sleep_ms(1);
	}
	return -ETIMEDOUT;
}

static bool has_packet(struct nx_chan *chan)
{
	return nx_ring_used(nx_chan_ring(chan, 0, NEXUS_RING_RX));
}

/* Whose the SYN of the client that has just begun is: a channel, or -1. */
static int whose(struct bed *bed, int nr)
{
	for (int ms = 0; ms < WAIT_MS; ms++) {
		for (int i = 0; i < nr; i++)
			if (has_packet(&bed->chan[i]))
				return i;
		nx_sleep_ms(1);
	}
	return -1;
}

/* The channel accepts it. */
static void complete(NX_METADATA, struct bed *bed, int i, struct nx_conn *conn,
		     int peer)
{
	*conn = (struct nx_conn){ .chan = &bed->chan[i], .snd_nxt = 5000 };
	ASSERT_TRUE(nx_conn_accept(conn, bed->add[i].flow));
	EXPECT_EQ(0, outcome(peer));
	fcntl(peer, F_SETFL, 0);
}

/* A connection that the first channel accepts; its client. */
static int reach_flow(NX_METADATA, struct bed *bed, const char *to,
		      struct nx_conn *conn)
{
	int peer = begin(bed, to, PORT);

	complete(_metadata, bed, 0, conn, peer);
	return peer;
}

/* The kernel's stack accepts one; -1: none came within @ms. */
static int accept_kernel(int server, unsigned int ms)
{
	int sock;

	for (unsigned int i = 0; i <= ms; i++) {
		sock = accept4(server, NULL, NULL, 0);
		if (sock >= 0 || errno != EAGAIN)
			return sock;
		nx_sleep_ms(1);
	}
	return -1;
}

/* A connection of the kernel's, by a client that it returns in *peer. */
static int connect_kernel(NX_METADATA, struct bed *bed, const char *to, int *peer)
{
	int sock;

	*peer = begin(bed, to, PORT);
	sock = accept_kernel(bed->server, WAIT_MS);
	EXPECT_GE(sock, 0);
	EXPECT_EQ(0, outcome(*peer));
	fcntl(*peer, F_SETFL, 0);
	return sock;
}

static void talk_kernel(NX_METADATA, int sock, int peer)
{
	char seen[16];

	ASSERT_EQ(5, write(sock, "hello", 5));
	ASSERT_EQ(5, read(peer, seen, sizeof(seen)));
	ASSERT_EQ(4, write(peer, "bye!", 4));
	ASSERT_EQ(4, read(sock, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp("bye!", seen, 4));
}

static int try_bind(bool reuses)
{
	int sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0), on = reuses, ret;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ret = nx_udp_bind(sock, NX_HOST4, PORT);
	close(sock);
	return ret;
}

/* ------------------------------------------------------------- spreading */

NX_TEST(both, "FLOW-7 two channels beside one listening socket both get connections, and the kernel none")
{
	int count[NR_CHANS] = { 0 }, peer, i;
	struct nx_conn conn;
	struct bed bed;

	bed_start(_metadata, &bed, 2);
	EXPECT_EQ(IPPROTO_TCP, bed.add[0].protocol);
	EXPECT_EQ(htons(PORT), bed.add[0].local_port);
	EXPECT_EQ(0, bed.add[0].remote_port);
	for (int n = 0; n < 32; n++) {
		peer = begin(&bed, NX_HOST4, PORT);
		i = whose(&bed, 2);
		ASSERT_GE(i, 0);
		complete(_metadata, &bed, i, &conn, peer);
		ASSERT_TRUE(nx_conn_talk(&conn, peer));
		count[i]++;
	}
	EXPECT_GE(count[0], 4);
	EXPECT_GE(count[1], 4);
	EXPECT_EQ(-1, accept_kernel(bed.server, 0));
	EXPECT_EQ(EAGAIN, errno);
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

/*
 * A worker: says in word[0] when it is ready, and accepts; word[1] is how many. A SYN may
 * come again before its answer, where the machine is slow.
 */
static void worker(int server, volatile unsigned int *word)
{
	struct nexus_flow_add add;
	bool is_open[64] = { 0 };
	struct nx_chan chan;
	struct nx_conn conn = { .chan = &chan };
	struct nx_seg seg;
	long len;

	start_chan(&chan);
	if (nx_tcp_beside(&chan, server, &add))
		_exit(1);
	close(server);
	__atomic_fetch_add(&word[0], 1, __ATOMIC_SEQ_CST);
	for (;;) {
		len = nx_chan_recv_packet(&chan, 0, &conn.desc, conn.packet,
					  sizeof(conn.packet), WAIT_MS);
		if (len < 0 ||
		    nx_seg_parse(conn.packet, len,
				 !(conn.desc.flags & NEXUS_DESC_CSUM), &seg))
			continue;
		if (conn.desc.flow == add.flow) {
			if ((seg.flags & (NX_SYN | NX_ACK)) == NX_SYN)
				nx_conn_answer(&conn, add.flow, &seg);
		} else if (seg.flags == NX_ACK && !is_open[conn.desc.flow]) {
			is_open[conn.desc.flow] = true;
			__atomic_fetch_add(&word[1], 1, __ATOMIC_SEQ_CST);
		}
	}
}

NX_TEST(processes, "FLOW-7 processes that share a listener by fork each accept by a flow of their own; one that is killed leaves the rest serving, and the kernel when none is left")
{
	volatile unsigned int *word[2];
	char byte[1];
	int peer[16], reset = 0, sock;
	struct bed bed;
	pid_t pid[2];

	bed_start(_metadata, &bed, 0);
	for (int i = 0; i < 2; i++) {
		word[i] = nx_shared_alloc(4096);
		pid[i] = nx_fork();
		if (!pid[i])
			worker(bed.server, word[i]);
		ASSERT_TRUE(nx_wait_word(&word[i][0], 1, WAIT_MS));
	}
	for (int i = 0; i < 16; i++) {
		peer[i] = begin(&bed, NX_HOST4, PORT);
		EXPECT_EQ(0, outcome(peer[i]));
	}
	for (int ms = 0; ms < WAIT_MS && word[0][1] + word[1][1] < 16; ms++)
		nx_sleep_ms(1);
	EXPECT_EQ(16, word[0][1] + word[1][1]);
	EXPECT_LE(1, word[0][1]);
	EXPECT_LE(1, word[1][1]);
	kill(pid[0], SIGKILL);
	EXPECT_EQ(-SIGKILL, nx_wait_child(pid[0]));
	for (int i = 0; i < 16; i++)
		reset += read(peer[i], byte, 1) < 0 && errno == ECONNRESET;
	EXPECT_EQ(word[0][1], reset);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(0, outcome(begin(&bed, NX_HOST4, PORT)));
	EXPECT_EQ(-1, accept_kernel(bed.server, 0));
	kill(pid[1], SIGKILL);
	EXPECT_EQ(-SIGKILL, nx_wait_child(pid[1]));
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer[0]);
	talk_kernel(_metadata, sock, peer[0]);
}

NX_TEST(one_leaves, "FLOW-7 a flow that is deleted leaves all SYNs to the other, and its connections live on")
{
	struct nx_conn conn;
	struct bed bed;
	int peer, i, other;

	bed_start(_metadata, &bed, 2);
	peer = begin(&bed, NX_HOST4, PORT);
	i = whose(&bed, 2);
	ASSERT_GE(i, 0);
	complete(_metadata, &bed, i, &conn, peer);
	ASSERT_EQ(0, nx_flow_del(&bed.chan[i], &bed.add[i]));
	for (int n = 0; n < 8; n++) {
		struct nx_conn more;

		other = begin(&bed, NX_HOST4, PORT);
		ASSERT_EQ(!i, whose(&bed, 2));
		complete(_metadata, &bed, !i, &more, other);
	}
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

NX_TEST(wildcard, "FLOW-8 beside a dual-stack wildcard listener: IPv4 and IPv6 reach the flow")
{
	struct nx_conn conn;
	struct bed bed;
	int peer;

	bed_start_nr(_metadata, &bed, 1, "::");
	peer = reach_flow(_metadata, &bed, NX_HOST4, &conn);
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	peer = reach_flow(_metadata, &bed, NX_HOST6, &conn);
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	EXPECT_EQ(-1, accept_kernel(bed.server, 0));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(mapped, "FLOW-8 beside a listener at an IPv4-mapped address")
{
	struct nx_conn conn;
	struct bed bed;
	int peer;

	bed_start_nr(_metadata, &bed, 1, "::ffff:" NX_HOST4);
	EXPECT_EQ(AF_INET, bed.add[0].family);
	peer = reach_flow(_metadata, &bed, NX_HOST4, &conn);
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	nx_chan_close(&bed.chan[0]);
}

/* Another listener at the port, of the same group. */
static int listen_again(const char *local)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, local, PORT);
	int sock = nx_socket(-1, addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int on = 1;

	setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(sock, (void *)&addr, len) || listen(sock, 128))
		nx_die("listen: %s", strerror(errno));
	return sock;
}

NX_TEST(group, "FLOW-7 of a SO_REUSEPORT group of the kernel's only those sockets' SYNs reach a flow that have one")
{
	int other, peer, sock, nr_flow = 0, nr_other = 0;
	struct nexus_flow_add add;
	struct nx_conn conn;
	struct nx_chan chan;
	struct bed bed;
	char c;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	bed.server = listen_again(NX_HOST4);
	other = listen_again(NX_HOST4);
	start_chan(&chan);
	ASSERT_EQ(0, nx_tcp_beside(&chan, bed.server, &add));
	for (int n = 0; n < 32; n++) {
		peer = begin(&bed, NX_HOST4, PORT);
		for (int ms = 0; ms < WAIT_MS; ms++) {
			sock = accept4(other, NULL, NULL, 0);
			if (sock >= 0 || has_packet(&chan))
				break;
			nx_sleep_ms(1);
		}
		if (sock < 0) {
			conn = (struct nx_conn){ .chan = &chan, .snd_nxt = 1 };
			ASSERT_TRUE(nx_conn_accept(&conn, add.flow));
			nr_flow++;
			continue;
		}
		close(sock);
		EXPECT_EQ(0, outcome(peer));
		fcntl(peer, F_SETFL, 0);
		EXPECT_EQ(0, read(peer, &c, 1));
		nr_other++;
	}
	EXPECT_GE(nr_flow, 4);
	EXPECT_GE(nr_other, 4);
	EXPECT_EQ(-1, accept_kernel(bed.server, 0));
	nx_chan_close(&chan);
}

NX_TEST(room, "FLOW-7 a flow gets no more SYNs than it has room for; the rest is the other flow's, and then the kernel's")
{
	struct nexus_flow_add add;
	struct nx_conn conn;
	int peer, sock;
	struct bed bed;

	bed_start(_metadata, &bed, 2);
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[0], &bed.add[0], 0));
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[1], &bed.add[1], 3));
	for (int n = 0; n < 3; n++) {
		peer = begin(&bed, NX_HOST4, PORT);
		ASSERT_EQ(1, whose(&bed, 2));
		complete(_metadata, &bed, 1, &conn, peer);
	}
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	talk_kernel(_metadata, sock, peer);
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[0], &bed.add[0], NEXUS_FLOW_ROOM_ANY));
	for (int n = 0; n < 8; n++) {
		peer = begin(&bed, NX_HOST4, PORT);
		ASSERT_EQ(0, whose(&bed, 2));
		complete(_metadata, &bed, 0, &conn, peer);
	}
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan[0], nx_tcp_socket(NX_HOST4, 7),
				  NULL, NULL, 0, &add));
	EXPECT_EQ(-EOPNOTSUPP, nx_tcp_room(&bed.chan[0], &add, 1));
	bed.add[0].generation++;
	EXPECT_EQ(-ENOENT, nx_tcp_room(&bed.chan[0], &bed.add[0], 1));
	bed.add[0].flow = 1U << 31;
	EXPECT_EQ(-ENOENT, nx_tcp_room(&bed.chan[0], &bed.add[0], 1));
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

/* -------------------------------------------------------------- the kernel's */

NX_TEST(earlier, "FLOW-2 connections that the kernel accepted before there was a flow go on untouched, and new ones when it is gone")
{
	int peer, sock, peer6, sock6;
	struct bed bed;

	bed_start_nr(_metadata, &bed, 0, "::");
	nx_chan_start(&bed.chan[0], NEXUS);
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	sock6 = connect_kernel(_metadata, &bed, NX_HOST6, &peer6);
	ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &bed.add[0]));
	talk_kernel(_metadata, sock, peer);
	talk_kernel(_metadata, sock6, peer6);
	/* One end closes, and the other one in FIN-WAIT hears of it. */
	shutdown(sock, SHUT_WR);
	EXPECT_EQ(0, read(peer, &(char){ 0 }, 1));
	ASSERT_EQ(1, write(peer, "x", 1));
	close(peer);
	ASSERT_EQ(1, read(sock, &(char){ 0 }, 1));
	EXPECT_EQ(0, read(sock, &(char){ 0 }, 1));
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	ASSERT_EQ(0, nx_flow_del(&bed.chan[0], &bed.add[0]));
	talk_kernel(_metadata, sock6, peer6);
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	talk_kernel(_metadata, sock, peer);
	nx_chan_close(&bed.chan[0]);
}

static size_t build(char *packet, __u16 flags, __u32 seq, __u32 ack)
{
	struct nx_seg seg = {
		.tuple = nx_tuple(NOBODY, 7, NX_HOST4, PORT),
		.seq = seq,
		.ack = ack,
		.window = 65535,
		.flags = flags,
		.payload = "",
	};

	return nx_seg_build(packet, &seg);
}

/* A segment of NOBODY's by the peer's wire. */
static void throw(int wire, __u16 flags, __u32 seq, __u32 ack)
{
	char packet[128];

	nx_packet_send(wire, NX_PEER_DEV, packet,
		       build(packet, flags, seq, ack));
}

/* A SYN whose sum is wrong. */
static void throw_wrong(int wire)
{
	char packet[128];
	size_t len = build(packet, NX_SYN, 100, 0);

	packet[len - 1] ^= 1;	/* the urgent pointer */
	nx_packet_send(wire, NX_PEER_DEV, packet, len);
}

/* The answer to NOBODY. */
static bool catch(int wire, struct nx_seg *seg)
{
	static char packet[65536];
	long len;

	for (;;) {
		len = nx_packet_recv(wire, packet, sizeof(packet), WAIT_MS);
		if (len < 0)
			return false;
		if (!nx_seg_parse(packet, len, false, seg) &&
		    seg->tuple.dport == nx_tuple(NOBODY, 7, NOBODY, 7).sport)
			return true;
	}
}

static int start_wire(struct bed *bed)
{
	nx_ip("neigh replace " NOBODY " lladdr 02:00:00:00:00:02 dev " NX_DEV
	      " nud permanent");
	return nx_packet_socket(bed->net.peer, NX_PEER_DEV);
}

static void half_open(NX_METADATA, bool has_cookie)
{
	struct nx_seg seg;
	struct bed bed;
	int wire;

	bed_start(_metadata, &bed, 0);
	nx_file_write("/proc/sys/net/ipv4/tcp_syncookies",
		      has_cookie ? "2" : "0");
	wire = start_wire(&bed);
	throw(wire, NX_SYN, 100, 0);
	ASSERT_TRUE(catch(wire, &seg));
	ASSERT_EQ(NX_SYN | NX_ACK, seg.flags & 0x3f);
	nx_chan_start(&bed.chan[0], NEXUS);
	ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &bed.add[0]));
	/* The SYN once more, and the end of the handshake. */
	if (!has_cookie)
		throw(wire, NX_SYN, 100, 0);
	throw(wire, NX_ACK, 101, seg.seq + 1);
	EXPECT_GE(accept_kernel(bed.server, WAIT_MS), 0);
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(request, "FLOW-2 a handshake that the kernel has begun is the kernel's to complete")
{
	half_open(_metadata, false);
}

NX_TEST(cookie, "FLOW-2 a handshake that the kernel has answered by a cookie is the kernel's to complete")
{
	half_open(_metadata, true);
}

NX_TEST(forged, "TX-9 beside the kernel's listener nothing is sent for a connection of the kernel's or of another channel's, nor when the socket listens no more")
{
	struct nx_conn conn, forger;
	int peer, other, i;
	struct bed bed;
	struct {
		__u16 flags;
	} tries[] = { { NX_SYN | NX_ACK }, { NX_RST }, { NX_ACK } };

	bed_start(_metadata, &bed, 0);
	connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	for (i = 0; i < 2; i++) {
		nx_chan_start(&bed.chan[i], NEXUS);
		ASSERT_EQ(0, nx_tcp_beside(&bed.chan[i], bed.server, &bed.add[i]));
	}
	forger = (struct nx_conn){
		.chan = &bed.chan[0],
		.flow = bed.add[0].flow,
		.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, nx_local_port(peer)),
	};
	for (i = 0; i < 3; i++) {
		nx_conn_send(&forger, tries[i].flags, NULL, 0);
		EXPECT_EQ(i + 1, nx_chan_drops(forger.chan,
					       NEXUS_DROP_TX_STATE));
	}
	other = begin(&bed, NX_HOST4, PORT);
	i = whose(&bed, 2);
	ASSERT_GE(i, 0);
	complete(_metadata, &bed, i, &conn, other);
	forger.chan = &bed.chan[!i];
	forger.flow = bed.add[!i].flow;
	forger.tuple = conn.tuple;
	i = nx_chan_drops(forger.chan, NEXUS_DROP_TX_STATE);
	nx_conn_send(&forger, NX_RST, NULL, 0);
	nx_conn_send(&forger, NX_SYN | NX_ACK, NULL, 0);
	EXPECT_EQ(i + 2, nx_chan_drops(forger.chan, NEXUS_DROP_TX_STATE));
	close(bed.server);
	forger.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, 9);
	nx_conn_send(&forger, NX_SYN | NX_ACK, NULL, 0);
	EXPECT_EQ(i + 3, nx_chan_drops(forger.chan, NEXUS_DROP_TX_STATE));
	EXPECT_EQ(3, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	ASSERT_TRUE(nx_conn_talk(&conn, other));
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

NX_TEST(full, "FLOW-2 a SYN for which the channel has no flow left goes to the kernel's listener")
{
	int peer[2], sock;
	struct nx_conn conn[2];
	struct bed bed;

	bed_start(_metadata, &bed, 0);
	nx_chan_init(&bed.chan[0], NEXUS);
	bed.chan[0].attach.nr_flows = 3;
	nx_chan_begin(&bed.chan[0]);
	ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &bed.add[0]));
	for (int i = 0; i < 2; i++) {
		peer[i] = begin(&bed, NX_HOST4, PORT);
		complete(_metadata, &bed, 0, &conn[i], peer[i]);
	}
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer[1]);
	talk_kernel(_metadata, sock, peer[1]);
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	ASSERT_TRUE(nx_conn_end(&conn[0], peer[0]));
	peer[0] = begin(&bed, NX_HOST4, PORT);
	complete(_metadata, &bed, 0, &conn[0], peer[0]);
	ASSERT_TRUE(nx_conn_talk(&conn[0], peer[0]));
	nx_chan_close(&bed.chan[0]);
}

static void drain(struct nx_chan *chan)
{
	struct nx_conn *conn = calloc(1, sizeof(*conn));

	while (nx_chan_recv_packet(chan, 0, &conn->desc, conn->packet,
				   sizeof(conn->packet), 0) >= 0)
		;
	free(conn);
}

/* SYNs until the RX ring has no room, and the kernel has @nr; false: it got none. */
static bool overfill(struct bed *bed, int nr)
{
	int slots = nx_chan_ring(&bed->chan[0], 0, NEXUS_RING_RX)->nr_slots;

	for (int i = 0; i < slots + 64 && nr; i++) {
		begin(bed, NX_HOST4, PORT);
		nr -= accept4(bed->server, NULL, NULL, 0) >= 0;
	}
	return !nr;
}

NX_TEST(ring_full, "FLOW-2 a SYN for which the channel's RX ring has no room goes to the kernel's listener, and is not counted as lost")
{
	struct nexus_status before, after;
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	nx_chan_status(&bed.chan[0], &before);
	EXPECT_TRUE(overfill(&bed, 8));
	nx_chan_status(&bed.chan[0], &after);
	EXPECT_EQ(before.rx_drops, after.rx_drops);
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(room_stays, "FLOW-7 a SYN that the kernel has in the end, or nobody, takes no room away")
{
	struct bed bed;
	int wire, peer;

	bed_start(_metadata, &bed, 1);
	wire = start_wire(&bed);
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[0], &bed.add[0], 1));
	throw_wrong(wire);
	throw_wrong(wire);
	begin(&bed, NX_HOST4, PORT);
	EXPECT_EQ(0, whose(&bed, 1));
	connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[0], &bed.add[0], NEXUS_FLOW_ROOM_ANY));
	ASSERT_TRUE(overfill(&bed, 1));
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[0], &bed.add[0], 1));
	connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	drain(&bed.chan[0]);
	begin(&bed, NX_HOST4, PORT);
	EXPECT_EQ(0, whose(&bed, 1));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(filtered, "FLOW-2 what a filter of the socket is to judge is the kernel's")
{
	struct sock_filter { __u16 code; __u8 jt, jf; __u32 k; } all = {
		.code = 0x06, .k = 0xffffffff,	/* ret: all of it */
	};
	struct { unsigned short len; struct sock_filter *filter; } prog = {
		1, &all,
	};
	struct bed bed;
	int peer, sock;

	bed_start(_metadata, &bed, 1);
	ASSERT_EQ(0, setsockopt(bed.server, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)));
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	talk_kernel(_metadata, sock, peer);
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	ASSERT_EQ(0, setsockopt(bed.server, SOL_SOCKET, SO_DETACH_FILTER, &prog,
				sizeof(prog)));
	begin(&bed, NX_HOST4, PORT);
	EXPECT_EQ(0, whose(&bed, 1));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(same_host, "FLOW-2 a client of the kernel's on the same host reaches the kernel's listener")
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, NX_HOST4, PORT);
	int sock, client;
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	client = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	ASSERT_EQ(0, connect(client, (void *)&addr, len));
	sock = accept_kernel(bed.server, WAIT_MS);
	ASSERT_GE(sock, 0);
	talk_kernel(_metadata, sock, client);
	nx_chan_close(&bed.chan[0]);
}

/* A client on nexus, in the second channel, of the flow of the first. */
static void start_client(NX_METADATA, struct bed *bed, struct nx_conn *client)
{
	struct nexus_flow_add add;

	nx_chan_start(&bed->chan[1], NEXUS);
	ASSERT_EQ(0, nx_tcp_adopt(&bed->chan[1], nx_tcp_socket(NX_HOST4, 9),
				  NULL, NX_HOST4, PORT, &add));
	*client = (struct nx_conn){
		.chan = &bed->chan[1],
		.flow = add.flow,
		.tuple = nx_tuple(NX_HOST4, 9, NX_HOST4, PORT),
		.snd_nxt = 77,
	};
}

/* Its handshake; data acknowledges the answer. */
static void connect_client(NX_METADATA, struct bed *bed, struct nx_conn *client,
			   struct nx_conn *server)
{
	struct nx_seg seg;

	start_client(_metadata, bed, client);
	ASSERT_EQ(0, nx_conn_send(client, NX_SYN, NULL, 0));
	*server = (struct nx_conn){ .chan = &bed->chan[0] };
	ASSERT_TRUE(nx_chan_recv_seg(server, bed->add[0].flow, &seg, WAIT_MS));
	nx_conn_answer(server, bed->add[0].flow, &seg);
	ASSERT_TRUE(nx_conn_recv(client, &seg, WAIT_MS));
	client->rcv_nxt = seg.seq + 1;
	ASSERT_EQ(0, nx_conn_send(client, NX_ACK | NX_PSH, "abc", 3));
	ASSERT_GT(nx_chan_recv_packet(server->chan, 0, &server->desc,
				      server->packet, sizeof(server->packet),
				      WAIT_MS), 0);
	server->flow = server->desc.flow;
	server->rcv_nxt = client->snd_nxt;
}

NX_TEST(across, "ACROSS-1 a connection from one channel to a flow beside a listener of the same host")
{
	struct nx_conn client, server;
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	connect_client(_metadata, &bed, &client, &server);
	EXPECT_NE(bed.add[0].flow, server.flow);
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

NX_TEST(across_room, "FLOW-7 ACROSS-1 of what a channel of the same host sends, too, SYNs alone take room away")
{
	struct nx_conn client, server;
	struct nx_seg seg;
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	connect_client(_metadata, &bed, &client, &server);
	/* The client ends in TIME-WAIT, and the server's flow is no more. */
	ASSERT_EQ(0, nx_conn_send(&client, NX_FIN | NX_ACK, NULL, 0));
	ASSERT_TRUE(nx_conn_recv(&server, &seg, WAIT_MS));
	server.rcv_nxt = client.snd_nxt;
	ASSERT_EQ(0, nx_conn_send(&server, NX_FIN | NX_ACK, NULL, 0));
	ASSERT_TRUE(nx_conn_recv(&client, &seg, WAIT_MS));
	client.rcv_nxt = server.snd_nxt;
	ASSERT_EQ(0, nx_conn_send(&client, NX_ACK, NULL, 0));
	drain(&bed.chan[0]);
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[0], &bed.add[0], 1));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, nx_conn_send(&client, NX_ACK, NULL, 0));
		ASSERT_TRUE(nx_chan_recv_seg(&server, bed.add[0].flow, &seg,
					     WAIT_MS));
	}
	begin(&bed, NX_HOST4, PORT);
	EXPECT_EQ(0, whose(&bed, 1));
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

NX_TEST(across_full, "FLOW-2 ACROSS-1 a SYN of a channel of the same host for which the RX ring has no room is not counted as lost, and takes no room away")
{
	struct nexus_status before, after;
	struct nx_conn client;
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	start_client(_metadata, &bed, &client);
	ASSERT_TRUE(overfill(&bed, 1));
	ASSERT_EQ(0, nx_tcp_room(&bed.chan[0], &bed.add[0], 1));
	nx_chan_status(&bed.chan[0], &before);
	ASSERT_EQ(0, nx_conn_send(&client, NX_SYN, NULL, 0));
	nx_chan_status(&bed.chan[0], &after);
	EXPECT_EQ(before.rx_drops, after.rx_drops);
	drain(&bed.chan[0]);
	begin(&bed, NX_HOST4, PORT);
	EXPECT_EQ(0, whose(&bed, 1));
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

/* ------------------------------------------------------------- the socket */

NX_TEST(closed, "FLOW-3 when the socket is closed nobody listens; connections live on and keep the port, and TIME-WAIT after them")
{
	struct nx_conn conn;
	struct bed bed;
	int peer;

	bed_start(_metadata, &bed, 1);
	peer = reach_flow(_metadata, &bed, NX_HOST4, &conn);
	close(bed.server);
	EXPECT_EQ(-ECONNREFUSED, outcome(begin(&bed, NX_HOST4, PORT)));
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	ASSERT_EQ(0, nx_flow_del(&bed.chan[0], &bed.add[0]));
	EXPECT_EQ(-EADDRINUSE, try_bind(false));
	EXPECT_EQ(0, try_bind(true));
	ASSERT_TRUE(nx_conn_end(&conn, peer));
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	EXPECT_EQ(-EADDRINUSE, try_bind(false));
	EXPECT_EQ(0, try_bind(true));
	/* A server that begins again has it, on the kernel's stack or on nexus. */
	bed.server = start_server(NX_HOST4, PORT);
	ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &bed.add[0]));
	peer = reach_flow(_metadata, &bed, NX_HOST4, &conn);
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(port_free, "FLOW-3 without connections the port is free as soon as socket and flow are gone")
{
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	close(bed.server);
	nx_flow_del(&bed.chan[0], &bed.add[0]);
	EXPECT_EQ(0, try_bind(false));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(moves, "FLOW-3 a socket that is shut down and listens elsewhere takes its flow's claim along to nowhere")
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	struct bed bed;
	int other, peer, sock, on = 1;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&bed.chan[0], NEXUS);
	/* Without bind() the port goes with shutdown(). */
	bed.server = nx_socket(-1, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(bed.server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ASSERT_EQ(0, listen(bed.server, 16));
	getsockname(bed.server, (void *)&addr, &len);
	ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &bed.add[0]));
	ASSERT_EQ(0, shutdown(bed.server, SHUT_RDWR));
	other = start_server("0.0.0.0", ntohs(((struct sockaddr_in *)&addr)->sin_port));
	peer = begin(&bed, NX_HOST4, nx_local_port(other));
	sock = accept_kernel(other, WAIT_MS);
	ASSERT_GE(sock, 0);
	fcntl(peer, F_SETFL, 0);
	talk_kernel(_metadata, sock, peer);
	/* And on the socket itself, at another port. */
	ASSERT_EQ(0, listen(bed.server, 16));
	if (nx_local_port(bed.server) != nx_local_port(other)) {
		peer = begin(&bed, NX_HOST4, nx_local_port(bed.server));
		EXPECT_GE(accept_kernel(bed.server, WAIT_MS), 0);
	}
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(again, "FLOW-3 a socket that is shut down and listens again at its port is claimed again")
{
	struct nx_conn conn;
	struct bed bed;
	int peer;

	bed_start(_metadata, &bed, 1);
	ASSERT_EQ(0, shutdown(bed.server, SHUT_RDWR));
	EXPECT_EQ(-ECONNREFUSED, outcome(begin(&bed, NX_HOST4, PORT)));
	ASSERT_EQ(0, listen(bed.server, 16));
	peer = reach_flow(_metadata, &bed, NX_HOST4, &conn);
	ASSERT_TRUE(nx_conn_talk(&conn, peer));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(to_device, "FLOW-3 a socket that is bound to another device is not claimed where it does not listen")
{
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	ASSERT_EQ(0, setsockopt(bed.server, SOL_SOCKET, SO_BINDTODEVICE, "lo",
				3));
	EXPECT_EQ(-ECONNREFUSED, outcome(begin(&bed, NX_HOST4, PORT)));
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(to_its_device, "FLOW-3 nor where it is bound to the device that is asked, of which its flow knows nothing")
{
	struct bed bed;
	int peer, sock;

	bed_start(_metadata, &bed, 1);
	ASSERT_EQ(0, setsockopt(bed.server, SOL_SOCKET, SO_BINDTODEVICE, NX_DEV,
				sizeof(NX_DEV)));
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	talk_kernel(_metadata, sock, peer);
	EXPECT_FALSE(has_packet(&bed.chan[0]));
	/* One that knows. */
	ASSERT_EQ(0, nx_flow_del(&bed.chan[0], &bed.add[0]));
	ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &bed.add[0]));
	begin(&bed, NX_HOST4, PORT);
	EXPECT_EQ(0, whose(&bed, 1));
	nx_chan_close(&bed.chan[0]);
}

/* As many listeners at a port as may have flows. */
#define CROWD	1024

NX_TEST(crowd, "FLOW-5 no more listeners share a port than a packet can be compared with")
{
	struct rlimit many = { CROWD + 64, CROWD + 64 };
	struct nexus_flow_add add, last;
	int peer, i;
	struct bed bed;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &many));
	bed_start(_metadata, &bed, 0);
	close(bed.server);
	nx_chan_init(&bed.chan[0], NEXUS);
	bed.chan[0].attach.nr_flows = CROWD + 8;
	nx_chan_begin(&bed.chan[0]);
	for (i = 0; i < CROWD; i++)
		ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], listen_again(NX_HOST4),
					&last));
	bed.server = listen_again(NX_HOST4);
	EXPECT_EQ(-EUSERS, nx_tcp_beside(&bed.chan[0], bed.server, &add));
	peer = begin(&bed, NX_HOST4, PORT);
	EXPECT_TRUE(!whose(&bed, 1) || accept_kernel(bed.server, 0) >= 0);
	close(peer);
	ASSERT_EQ(0, nx_flow_del(&bed.chan[0], &last));
	EXPECT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &add));
	nx_chan_close(&bed.chan[0]);
}

NX_TEST(refused, "FLOW-5 what may not be added: a socket that does not listen, UDP's, another namespace's, a remote end, one twice, a mixture with adopted ones")
{
	struct nexus_flow_add add, twice;
	int sock, on = 1;
	struct bed bed;

	bed_start(_metadata, &bed, 1);
	sock = nx_tcp_socket(NX_HOST4, PORT + 1);
	EXPECT_EQ(-EOPNOTSUPP, nx_tcp_beside(&bed.chan[0], sock, &add));
	sock = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	EXPECT_EQ(-EPROTONOSUPPORT, nx_tcp_beside(&bed.chan[0], sock, &add));
	sock = nx_socket(-1, AF_UNIX, SOCK_STREAM, 0);
	EXPECT_EQ(-EPROTONOSUPPORT, nx_tcp_beside(&bed.chan[0], sock, &add));
	EXPECT_EQ(-EBADF, nx_tcp_beside(&bed.chan[0], -1, &add));
	sock = open("/dev/null", O_RDONLY);
	EXPECT_EQ(-ENOTSOCK, nx_tcp_beside(&bed.chan[0], sock, &add));
	sock = nx_tcp_server(bed.net.peer, NX_PEER4, PORT);
	EXPECT_EQ(-EXDEV, nx_tcp_beside(&bed.chan[0], sock, &add));
	EXPECT_EQ(-EEXIST, nx_tcp_beside(&bed.chan[0], bed.server, &twice));
	/* Its own kind's flag, and no other. */
	add = bed.add[0];
	add.flags = NEXUS_FLOW_BESIDE | NEXUS_FLOW_BESIDE << 1;
	add.fd = bed.server;
	EXPECT_EQ(-1, ioctl(bed.chan[0].fd, NEXUS_IOC_FLOW_ADD, &add));
	EXPECT_EQ(EINVAL, errno);
	add.flags = NEXUS_FLOW_BESIDE;
	add.remote_port = htons(7);
	EXPECT_EQ(-1, ioctl(bed.chan[0].fd, NEXUS_IOC_FLOW_ADD, &add));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EOPNOTSUPP, nx_tcp_adopt(&bed.chan[0], bed.server, NULL,
					    NULL, 0, &add));
	/* A listener of the group that is adopted, and one beside. */
	close(bed.server);
	nx_flow_del(&bed.chan[0], &bed.add[0]);
	sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	ASSERT_EQ(0, nx_udp_bind(sock, NX_HOST4, PORT));
	ASSERT_EQ(0, nx_tcp_adopt(&bed.chan[0], sock, NULL, NULL, 0, &add));
	nx_chan_start(&bed.chan[1], NEXUS);
	EXPECT_EQ(-EEXIST, nx_tcp_beside(&bed.chan[1], listen_again(NX_HOST4),
				      &twice));
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

/* ---------------------------------------------------------------- teardown */

struct race {
	struct bed	*bed;
	int		fd;
	volatile bool	is_over;
};

/* The socket comes, listens, is shut down, goes: under the same number. */
static void *churn_socket(void *arg)
{
	struct race *race = arg;
	int sock, on = 1;
	__u32 seed = 1;

	while (!race->is_over) {
		sock = nx_socket(-1, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		if (nx_udp_bind(sock, NX_HOST4, PORT) || listen(sock, 16)) {
			close(sock);
			continue;
		}
		dup2(sock, race->fd);
		if (nx_random(&seed) % 2)
			shutdown(sock, SHUT_RDWR);
		if (nx_random(&seed) % 4 == 0)
			listen(race->fd, 4);
		usleep(nx_random(&seed) % 300);
		close(sock);
	}
	return NULL;
}

/* Segments of all kinds, from everywhere. */
static void *throw_segments(void *arg)
{
	struct race *race = arg;
	int wire = nx_packet_socket(race->bed->net.peer, NX_PEER_DEV);
	__u32 seed = 2;
	char packet[128];

	while (!race->is_over) {
		struct nx_seg seg = {
			.tuple = nx_tuple(NX_PEER4, nx_random(&seed) % 64 + 1,
					  NX_HOST4, PORT),
			.seq = nx_random(&seed),
			.ack = nx_random(&seed),
			.flags = nx_random(&seed) % 2 ? NX_SYN :
				 nx_random(&seed) % 64,
			.payload = "",
		};

		nx_packet_send(wire, NX_PEER_DEV, packet,
			       nx_seg_build(packet, &seg));
	}
	close(wire);
	return NULL;
}

NX_TEST(races, "LIFE-2 flows are added, answered by and deleted, and channels closed, while the socket is closed, shut down and replaced")
{
	unsigned long loops = nx_loops("NEXUS_BESIDE_LOOPS", 10000);
	long long until_ns = nx_now_ns() + 30 * NX_SEC;
	struct race race = { 0 };
	struct nx_conn *conn = calloc(1, sizeof(*conn));
	pthread_t thread[2];
	unsigned long nr_added = 0, nr_seen = 0;
	__u32 seed = 3;
	struct bed bed;
	int i;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	for (i = 0; i < 2; i++)
		nx_chan_start(&bed.chan[i], NEXUS);
	race.bed = &bed;
	race.fd = open("/dev/null", O_RDONLY);
	ASSERT_EQ(0, pthread_create(&thread[0], NULL, churn_socket, &race));
	ASSERT_EQ(0, pthread_create(&thread[1], NULL, throw_segments, &race));
	for (unsigned long n = 0; nr_added < loops && nx_now_ns() < until_ns;
	     n++) {
		struct nx_seg seg;

		i = n % 2;
		if (nx_tcp_beside(&bed.chan[i], race.fd, &bed.add[i]))
			continue;
		nr_added++;
		conn->chan = &bed.chan[i];
		while (has_packet(conn->chan) &&
		       nx_chan_recv_seg(conn, conn->desc.flow, &seg, 0)) {
			nr_seen++;
			nx_conn_answer(conn, bed.add[i].flow, &seg);
		}
		if (nx_random(&seed) % 64 == 0) {
			nx_chan_close(&bed.chan[i]);
			nx_chan_start(&bed.chan[i], NEXUS);
		} else if (nx_random(&seed) % 8) {
			nx_flow_del(&bed.chan[i], &bed.add[i]);
		}
	}
	race.is_over = true;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	nx_note("%lu flows, %lu segments", nr_added, nr_seen);
	EXPECT_GE(nr_added, 10);
	EXPECT_GE(nr_seen, 10);
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
	EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_FLOW));
}

NX_TEST(device_gone, "LIFE-2 when the nexus lets go of the device, the kernel's listener has what comes")
{
	struct bed bed;
	int peer, sock;

	bed_start(_metadata, &bed, 2);
	ASSERT_EQ(0, nx_dev_del(NEXUS, nx_ifindex(NX_DEV)));
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	talk_kernel(_metadata, sock, peer);
	nx_chan_close(&bed.chan[0]);
	nx_chan_close(&bed.chan[1]);
}

NX_TEST(defunct, "FLOW-2 when a channel's memory is taken back, the kernel's listener has what comes")
{
	struct bed bed;
	int peer, sock;

	nx_net_start(&bed.net);
	nx_nexus_start(NEXUS, NX_DEV);
	bed.server = start_server(NX_HOST4, PORT);
	nx_chan_init(&bed.chan[0], NEXUS);
	bed.chan[0].attach.flags |= NEXUS_ATTACH_DEFUNCT_OK;
	nx_chan_begin(&bed.chan[0]);
	ASSERT_EQ(0, nx_tcp_beside(&bed.chan[0], bed.server, &bed.add[0]));
	ASSERT_EQ(0, nx_defunct(NEXUS_DEFUNCT_A_PID, getpid()));
	sock = connect_kernel(_metadata, &bed, NX_HOST4, &peer);
	talk_kernel(_metadata, sock, peer);
	nx_chan_close(&bed.chan[0]);
}

NX_TEST_MAIN("beside")
