// SPDX-License-Identifier: GPL-2.0
/* Which packet is whose: classification, ownership of ports, and metadata. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define HOST4_2	"10.9.0.11"
#define HOST6_2	"fd09::11"
#define WAIT_MS	2000

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_ip("addr add " HOST4_2 "/24 dev " NX_DEV "\n"
	      "addr add " HOST6_2 "/64 dev " NX_DEV " nodad\n");
	nx_ip_peer(&bed->net,
		   "neigh replace " HOST4_2 " lladdr 02:00:00:00:00:01 dev "
		   NX_PEER_DEV "\n"
		   "neigh replace " HOST6_2 " lladdr 02:00:00:00:00:01 dev "
		   NX_PEER_DEV "\n");
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&bed->chan, NEXUS);
}

/* A socket that shares its port with others. */
static int shared_socket(const char *local, __u16 port, const char *remote,
			 __u16 remote_port)
{
	bool is_ipv6 = strchr(local, ':');
	int sock = nx_socket(-1, is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	int on = 1, err;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_ipv6)
		setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	err = nx_udp_bind(sock, local, port);
	if (err)
		nx_die("bind to %s: %s", local, strerror(-err));
	if (remote)
		nx_udp_connect(sock, remote, remote_port);
	return sock;
}

static __u32 adopt(NX_METADATA, struct nx_chan *chan, int sock)
{
	struct nexus_flow_add flow;

	ASSERT_EQ(0, nx_flow_add(chan, sock, &flow));
	return flow.flow;
}

/* Sends one datagram from the peer and tells which flow gets it, -1: none. */
static long who_gets(struct bed *bed, const char *from, __u16 from_port,
		     const char *to, __u16 port, unsigned int ms)
{
	int sock = nx_udp_socket(bed->net.peer, from, from_port, NULL, 0);
	struct nexus_desc desc;
	char packet[2048];
	long len;

	if (nx_udp_send(sock, "who?", 4, to, port) != 4)
		nx_die("send to %s: %s", to, strerror(errno));
	len = nx_chan_recv_packet(&bed->chan, 0, &desc, packet, sizeof(packet),
				  ms);
	close(sock);
	return len < 0 ? -1 : (long)desc.flow;
}

static void order_of_flows(NX_METADATA, bool is_ipv6)
{
	const char *host = is_ipv6 ? NX_HOST6 : NX_HOST4;
	const char *host2 = is_ipv6 ? HOST6_2 : HOST4_2;
	const char *peer = is_ipv6 ? NX_PEER6 : NX_PEER4;
	const char *any = is_ipv6 ? "::" : "0.0.0.0";
	__u32 exact, address, wildcard;
	int sock, kernel;
	struct bed bed;
	char seen[16];

	bed_start(&bed);
	wildcard = adopt(_metadata, &bed.chan, shared_socket(any, PORT, NULL, 0));
	address = adopt(_metadata, &bed.chan, shared_socket(host, PORT, NULL, 0));
	sock = shared_socket(host, PORT, peer, 5000);
	exact = adopt(_metadata, &bed.chan, sock);
	kernel = nx_udp_socket(-1, any, PORT + 1, NULL, 0);

	EXPECT_EQ(exact, who_gets(&bed, peer, 5000, host, PORT, WAIT_MS));
	EXPECT_EQ(address, who_gets(&bed, peer, 5001, host, PORT, WAIT_MS));
	EXPECT_EQ(wildcard, who_gets(&bed, peer, 5000, host2, PORT, WAIT_MS));
	EXPECT_EQ(wildcard, who_gets(&bed, peer, 5001, host2, PORT, WAIT_MS));
	EXPECT_EQ(-1, who_gets(&bed, peer, 5000, host, PORT + 1, 100));
	EXPECT_EQ(4, nx_udp_recv(kernel, seen, sizeof(seen), WAIT_MS));
	EXPECT_EQ(0, memcmp("who?", seen, 4));

	/* The exact one goes: the next in order serves. */
	struct nexus_flow_add gone = { .flow = exact, .generation = 1 };
	struct nx_ctl_flow shown;

	ASSERT_EQ(0, nx_flow_get(bed.chan.attach.channel_id, exact, &shown));
	gone.generation = shown.generation;
	ASSERT_EQ(0, nx_flow_del(&bed.chan, &gone));
	close(sock);
	EXPECT_EQ(address, who_gets(&bed, peer, 5000, host, PORT, WAIT_MS));
	nx_chan_close(&bed.chan);
}

NX_TEST(order4, "FLOW-1 5-tuple beats listener with address beats wildcard listener beats the kernel's stack")
{
	order_of_flows(_metadata, false);
}

NX_TEST(order6, "FLOW-1 FLOW-8 the same over IPv6")
{
	order_of_flows(_metadata, true);
}

NX_TEST(kernel_bytes, "FLOW-1 FLOW-2 what no flow claims reaches the kernel's stack, byte for byte")
{
	char sent[1400], seen[2048];
	__u32 seed = 7;
	struct bed bed;
	int from, to;

	bed_start(&bed);
	adopt(_metadata, &bed.chan, shared_socket("0.0.0.0", PORT, NULL, 0));
	adopt(_metadata, &bed.chan, shared_socket(NX_HOST4, PORT, NULL, 0));
	to = nx_udp_socket(-1, NX_HOST4, PORT + 1, NULL, 0);
	from = nx_udp_socket(bed.net.peer, NX_PEER4, PORT, NULL, 0);
	for (int i = 0; i < 200; i++) {
		size_t len = nx_random(&seed) % sizeof(sent);

		for (size_t at = 0; at < len; at++)
			sent[at] = nx_random(&seed);
		ASSERT_EQ(len, nx_udp_send(from, sent, len, NX_HOST4,
					   PORT + 1));
		ASSERT_EQ(len, nx_udp_recv(to, seen, sizeof(seen), WAIT_MS));
		EXPECT_EQ(0, memcmp(sent, seen, len));
	}
	EXPECT_EQ(0, nx_ring_used(nx_chan_ring(&bed.chan, 0, NEXUS_RING_RX)));
	nx_chan_close(&bed.chan);
}

static int tcp_server(const char *local, __u16 port)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, local, port);
	int sock = nx_socket(-1, addr.ss_family, SOCK_STREAM, 0);

	if (bind(sock, (void *)&addr, len) || listen(sock, 1))
		nx_die("listen: %s", strerror(errno));
	return sock;
}

static void tcp_exchange(NX_METADATA, struct bed *bed, const char *host,
			 int server)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, host, PORT);
	int client = nx_socket(bed->net.peer, addr.ss_family, SOCK_STREAM, 0);
	char seen[16] = "";
	int conn;

	ASSERT_EQ(0, connect(client, (void *)&addr, len));
	conn = accept(server, NULL, NULL);
	ASSERT_GE(conn, 0);
	EXPECT_EQ(5, write(client, "GET /", 5));
	EXPECT_EQ(5, read(conn, seen, sizeof(seen)));
	EXPECT_EQ(3, write(conn, "200", 3));
	EXPECT_EQ(3, read(client, seen, sizeof(seen)));
	close(conn);
	close(client);
}

NX_TEST(kernel_serves, "FLOW-2 the kernel answers ping and TCP on the flows' own address and port, ARP and ND stay its own")
{
	struct nx_pair pair, pair6;
	struct bed bed;
	int server, server6;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, AF_INET, PORT);
	nx_pair_start(&pair6, &bed.chan, &bed.net, AF_INET6, PORT);
	server = tcp_server(NX_HOST4, PORT);
	server6 = tcp_server(NX_HOST6, PORT);
	for (int round = 0; round < 2; round++) {
		ASSERT_TRUE(nx_pair_ping(&pair, round));
		ASSERT_TRUE(nx_pair_ping(&pair6, round));
		tcp_exchange(_metadata, &bed, NX_HOST4, server);
		tcp_exchange(_metadata, &bed, NX_HOST6, server6);
		nx_net_enter(bed.net.peer);
		EXPECT_EQ(0, nx_shell("ping -q -c 2 -i 0.2 -W 2 " NX_HOST4
				      " >&2"));
		EXPECT_EQ(0, nx_shell("ping -6 -q -c 2 -i 0.2 -W 2 " NX_HOST6
				      " >&2"));
		nx_net_enter(bed.net.host);
		/* The second round finds its neighbours by itself. */
		nx_ip("neigh flush dev " NX_DEV " nud all\n");
		nx_ip_peer(&bed.net, "neigh flush dev " NX_PEER_DEV
			   " nud all\n");
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(flow_finds_arp, "FLOW-2 a flow's first packet waits for the kernel's ARP and ND, and is not lost")
{
	struct nx_pair pair, pair6;
	struct bed bed;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, AF_INET, PORT);
	nx_pair_start(&pair6, &bed.chan, &bed.net, AF_INET6, PORT);
	nx_ip("neigh flush dev " NX_DEV " nud all\n");
	EXPECT_TRUE(nx_pair_ping(&pair, 1));
	EXPECT_TRUE(nx_pair_ping(&pair6, 2));
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------- who may bind */

NX_TEST(port_of_kernel, "FLOW-3 a port that a kernel socket holds: EADDRINUSE for the application's bind")
{
	struct bed bed;
	int kernel, sock;

	bed_start(&bed);
	kernel = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	sock = nx_socket(-1, AF_INET, SOCK_DGRAM, 0);
	EXPECT_EQ(-EADDRINUSE, nx_udp_bind(sock, NX_HOST4, PORT));
	EXPECT_EQ(-EADDRINUSE, nx_udp_bind(sock, "0.0.0.0", PORT));
	close(kernel);
	EXPECT_EQ(0, nx_udp_bind(sock, NX_HOST4, PORT));
	adopt(_metadata, &bed.chan, sock);
	nx_chan_close(&bed.chan);
}

NX_TEST(port_of_flow, "FLOW-3 a port that a flow holds: EADDRINUSE for others, whatever its owner closes")
{
	struct nexus_flow_add flow;
	struct nx_ctl_flow shown;
	struct bed bed;
	int owner, sock;

	bed_start(&bed);
	owner = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	ASSERT_EQ(0, nx_flow_add(&bed.chan, owner, &flow));
	sock = nx_socket(-1, AF_INET, SOCK_DGRAM, 0);
	EXPECT_EQ(-EADDRINUSE, nx_udp_bind(sock, NX_HOST4, PORT));
	close(owner);
	EXPECT_EQ(-EADDRINUSE, nx_udp_bind(sock, NX_HOST4, PORT));
	EXPECT_EQ(flow.flow, who_gets(&bed, NX_PEER4, 5000, NX_HOST4, PORT,
				      WAIT_MS));

	/* The owner is shown, and ss lists the socket. */
	ASSERT_EQ(0, nx_flow_get(bed.chan.attach.channel_id, flow.flow,
				 &shown));
	EXPECT_EQ(getpid(), shown.pid);
	EXPECT_EQ(getuid(), shown.uid);
	EXPECT_EQ(AF_INET, shown.family);
	EXPECT_EQ(IPPROTO_UDP, shown.protocol);
	EXPECT_EQ(htons(PORT), shown.local_port);
	EXPECT_FALSE(shown.is_connected);
	EXPECT_EQ(0, nx_shell("ss -Huan | grep -q '" NX_HOST4 ":4000 '"));

	ASSERT_EQ(0, nx_flow_del(&bed.chan, &flow));
	/* The last reference goes after a grace period. */
	for (int i = 0; i < 100 && nx_udp_bind(sock, NX_HOST4, PORT); i++)
		nx_sleep_ms(20);
	EXPECT_EQ(PORT, nx_local_port(sock));
	nx_chan_close(&bed.chan);
}

NX_TEST(socket_returns, "FLOW-3 after FLOW_DEL the socket is the kernel's again, and receives")
{
	struct nexus_flow_add flow;
	struct bed bed;
	int sock, peer;
	char seen[16];

	bed_start(&bed);
	sock = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	peer = nx_udp_socket(bed.net.peer, NX_PEER4, 5000, NULL, 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, nx_flow_add(&bed.chan, sock, &flow));
		ASSERT_EQ(2, nx_udp_send(peer, "ab", 2, NX_HOST4, PORT));
		EXPECT_EQ(-EAGAIN, nx_udp_recv(sock, seen, sizeof(seen), 50));
		ASSERT_EQ(0, nx_flow_del(&bed.chan, &flow));
		ASSERT_EQ(3, nx_udp_send(peer, "abc", 3, NX_HOST4, PORT));
		EXPECT_EQ(3, nx_udp_recv(sock, seen, sizeof(seen), WAIT_MS));
	}
	nx_chan_close(&bed.chan);
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
	    setresuid(65534, 65534, 65534))
		nx_die("setuid: %s", strerror(errno));
}

NX_TEST(low_ports, "FLOW-4 binding below 1024 without CAP_NET_BIND_SERVICE: EACCES, above: a flow")
{
	struct nx_net net;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 0, 0, 0));
	become_nobody();
	struct nexus_flow_add flow;
	struct nx_chan chan;
	int sock = nx_socket(-1, AF_INET, SOCK_DGRAM, 0);

	nx_chan_start(&chan, NEXUS);
	EXPECT_EQ(-EACCES, nx_udp_bind(sock, NX_HOST4, 53));
	EXPECT_EQ(-EDESTADDRREQ, nx_flow_add(&chan, sock, &flow));
	EXPECT_EQ(0, nx_udp_bind(sock, NX_HOST4, 5353));
	EXPECT_EQ(0, nx_flow_add(&chan, sock, &flow));
	nx_chan_close(&chan);
}

NX_TEST(adopt_errors, "FLOW-5 sockets that cannot be adopted: a distinct error each")
{
	struct nexus_flow_add flow;
	struct bed bed;
	int pipes[2], sock;

	bed_start(&bed);
	EXPECT_EQ(-EBADF, nx_flow_add(&bed.chan, -1, &flow));
	EXPECT_EQ(-EBADF, nx_flow_add(&bed.chan, 1000, &flow));
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-ENOTSOCK, nx_flow_add(&bed.chan, pipes[0], &flow));
	EXPECT_EQ(-ENOTSOCK, nx_flow_add(&bed.chan, bed.chan.fd, &flow));
	EXPECT_EQ(-ENOTSOCK, nx_flow_add(&bed.chan, bed.net.peer, &flow));

	sock = nx_udp_socket(bed.net.peer, NX_PEER4, PORT, NULL, 0);
	EXPECT_EQ(-EXDEV, nx_flow_add(&bed.chan, sock, &flow));
	sock = nx_socket(-1, AF_INET, SOCK_DGRAM, 0);
	EXPECT_EQ(-EDESTADDRREQ, nx_flow_add(&bed.chan, sock, &flow));
	sock = nx_socket(-1, AF_UNIX, SOCK_DGRAM, 0);
	EXPECT_EQ(-EPROTONOSUPPORT, nx_flow_add(&bed.chan, sock, &flow));
	sock = nx_socket(-1, AF_INET, SOCK_RAW, IPPROTO_UDP);
	EXPECT_EQ(-EPROTONOSUPPORT, nx_flow_add(&bed.chan, sock, &flow));
	sock = nx_socket(-1, AF_INET, SOCK_STREAM, 0);
	EXPECT_EQ(-EDESTADDRREQ, nx_flow_add(&bed.chan, sock, &flow));
	sock = tcp_server(NX_HOST4, PORT);
	EXPECT_EQ(-EOPNOTSUPP, nx_flow_add(&bed.chan, sock, &flow));

	sock = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	EXPECT_EQ(0, nx_flow_add(&bed.chan, sock, &flow));
	EXPECT_EQ(-EALREADY, nx_flow_add(&bed.chan, sock, &flow));
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_FLOW));
	nx_chan_close(&bed.chan);
}

NX_TEST(adopt_encap, "FLOW-5 a socket that another part of the kernel uses: EALREADY")
{
	struct nexus_flow_add flow;
	struct bed bed;
	int sock, type = 2; /* UDP_ENCAP_ESPINUDP */

	bed_start(&bed);
	sock = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	if (setsockopt(sock, IPPROTO_UDP, 100 /* UDP_ENCAP */, &type,
		       sizeof(type)))
		SKIP(return, "the kernel has no encapsulation in UDP");
	EXPECT_EQ(-EALREADY, nx_flow_add(&bed.chan, sock, &flow));
	nx_chan_close(&bed.chan);
}

NX_TEST(adopt_full, "FLOW-5 no flow index left: ENOSPC, until one is given up")
{
	struct nexus_flow_add flow, first;
	struct nx_chan chan;
	struct nx_net net;
	int sock;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_init(&chan, NEXUS);
	chan.attach.nr_flows = 3;
	nx_chan_begin(&chan);
	for (int i = 0; i < 3; i++) {
		sock = nx_udp_socket(-1, NX_HOST4, PORT + i, NULL, 0);
		ASSERT_EQ(0, nx_flow_add(&chan, sock, &flow));
		if (!i)
			first = flow;
	}
	sock = nx_udp_socket(-1, NX_HOST4, PORT + 3, NULL, 0);
	EXPECT_EQ(-ENOSPC, nx_flow_add(&chan, sock, &flow));
	EXPECT_EQ(0, nx_flow_del(&chan, &first));
	EXPECT_EQ(0, nx_flow_add(&chan, sock, &flow));
	/* The index is used again, the generation is another. */
	EXPECT_EQ(first.flow, flow.flow);
	EXPECT_NE(first.generation, flow.generation);
	EXPECT_EQ(-ENOENT, nx_flow_del(&chan, &first));
	nx_chan_close(&chan);
}

NX_TEST(duplicate, "FLOW-6 a tuple that another flow has: EEXIST, in any channel; a foreign source address: EADDRNOTAVAIL")
{
	struct nexus_flow_add flow;
	struct nx_chan other;
	struct bed bed;
	int on = 1, sock;

	bed_start(&bed);
	nx_chan_start(&other, NEXUS);
	adopt(_metadata, &bed.chan, shared_socket(NX_HOST4, PORT, NULL, 0));
	sock = shared_socket(NX_HOST4, PORT, NULL, 0);
	EXPECT_EQ(-EEXIST, nx_flow_add(&bed.chan, sock, &flow));
	EXPECT_EQ(-EEXIST, nx_flow_add(&other, sock, &flow));
	/* Refused, it is an ordinary socket still. */
	nx_udp_connect(sock, NX_PEER4, 5000);
	EXPECT_EQ(0, nx_flow_add(&other, sock, &flow));
	sock = shared_socket(NX_HOST4, PORT, NX_PEER4, 5000);
	EXPECT_EQ(-EEXIST, nx_flow_add(&bed.chan, sock, &flow));

	sock = nx_socket(-1, AF_INET, SOCK_DGRAM, 0);
	setsockopt(sock, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	ASSERT_EQ(0, nx_udp_bind(sock, "198.51.100.7", PORT));
	EXPECT_EQ(-EADDRNOTAVAIL, nx_flow_add(&bed.chan, sock, &flow));
	sock = nx_socket(-1, AF_INET6, SOCK_DGRAM, 0);
	setsockopt(sock, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	ASSERT_EQ(0, nx_udp_bind(sock, "2001:db8::7", PORT));
	EXPECT_EQ(-EADDRNOTAVAIL, nx_flow_add(&bed.chan, sock, &flow));
	nx_chan_close(&other);
	nx_chan_close(&bed.chan);
}

/* ---------------------------------------------------------------- IPv6 */

NX_TEST(dual_stack, "FLOW-8 a dual-stack listener receives IPv4 and IPv6, one that is IPv6 only does not")
{
	struct nexus_flow_add flow;
	struct bed bed;
	int sock, on = 1;

	bed_start(&bed);
	sock = nx_udp_socket(-1, "::", PORT, NULL, 0);
	ASSERT_EQ(0, nx_flow_add(&bed.chan, sock, &flow));
	EXPECT_EQ(AF_INET6, flow.family);
	EXPECT_EQ(flow.flow, who_gets(&bed, NX_PEER6, 5000, NX_HOST6, PORT,
				      WAIT_MS));
	EXPECT_EQ(flow.flow, who_gets(&bed, NX_PEER4, 5000, NX_HOST4, PORT,
				      WAIT_MS));
	EXPECT_EQ(flow.flow, who_gets(&bed, NX_PEER4, 5000, HOST4_2, PORT,
				      WAIT_MS));

	sock = nx_socket(-1, AF_INET6, SOCK_DGRAM, 0);
	setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	ASSERT_EQ(0, nx_udp_bind(sock, "::", PORT + 1));
	ASSERT_EQ(0, nx_flow_add(&bed.chan, sock, &flow));
	EXPECT_EQ(flow.flow, who_gets(&bed, NX_PEER6, 5000, NX_HOST6, PORT + 1,
				      WAIT_MS));
	EXPECT_EQ(-1, who_gets(&bed, NX_PEER4, 5000, NX_HOST4, PORT + 1, 100));
	nx_chan_close(&bed.chan);
}

NX_TEST(dual_stack_sends, "FLOW-8 a dual-stack listener sends IPv4 and IPv6 from its port")
{
	struct nx_flow flow;
	struct bed bed;
	int peer4, peer6;
	char seen[16];

	bed_start(&bed);
	nx_flow_start(&flow, &bed.chan, "::", PORT, NULL, 0);
	peer4 = nx_udp_socket(bed.net.peer, NX_PEER4, 5000, NULL, 0);
	peer6 = nx_udp_socket(bed.net.peer, NX_PEER6, 5000, NULL, 0);
	flow.tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, 5000);
	EXPECT_EQ(0, nx_flow_send(&flow, "four", 4));
	EXPECT_EQ(4, nx_udp_recv(peer4, seen, sizeof(seen), WAIT_MS));
	flow.tuple = nx_tuple(NX_HOST6, PORT, NX_PEER6, 5000);
	EXPECT_EQ(0, nx_flow_send(&flow, "four", 4));
	EXPECT_EQ(4, nx_udp_recv(peer6, seen, sizeof(seen), WAIT_MS));
	flow.tuple = nx_tuple(HOST6_2, PORT, NX_PEER6, 5000);
	EXPECT_EQ(0, nx_flow_send(&flow, "four", 4));
	EXPECT_EQ(4, nx_udp_recv(peer6, seen, sizeof(seen), WAIT_MS));
	nx_chan_close(&bed.chan);
}

/* Every length, each from a buffer that held something else. */
static void all_lengths(NX_METADATA, int family)
{
	char sent[1500], seen[2048];
	__u32 seed = family;
	struct nx_pair pair;
	struct bed bed;
	size_t max = 1500 - nx_udp_headers(family);

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, family, PORT);
	for (size_t len = 0; len <= max; len += len < 80 ? 1 : 13) {
		for (size_t at = 0; at < len; at++)
			sent[at] = nx_random(&seed);
		ASSERT_EQ(0, nx_flow_send(&pair.flow, sent, len));
		ASSERT_EQ(len, nx_udp_recv(pair.peer, seen, sizeof(seen),
					   WAIT_MS));
		ASSERT_EQ(0, memcmp(sent, seen, len));
		ASSERT_EQ(len, nx_udp_send(pair.peer, sent, len, NULL, 0));
		ASSERT_EQ(len, nx_flow_recv(&pair.flow, seen, sizeof(seen),
					    NULL, WAIT_MS));
		ASSERT_EQ(0, memcmp(sent, seen, len));
	}
	nx_chan_close(&bed.chan);
}

NX_TEST(lengths4, "FLOW-8 UDP-1 IPv4 datagrams of 0 to 1472 bytes both ways")
{
	all_lengths(_metadata, AF_INET);
}

NX_TEST(lengths6, "FLOW-8 UDP-1 IPv6 datagrams of 0 to 1452 bytes both ways")
{
	all_lengths(_metadata, AF_INET6);
}

/* ------------------------------------------------------------- metadata */

static void expect_metadata(NX_METADATA, int family)
{
	int l4_off = family == AF_INET ? 20 : 40;
	struct nexus_desc first, second, other;
	struct nx_pair pair, next;
	long long before_ns, after_ns;
	char seen[64];
	struct bed bed;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, family, PORT);
	nx_pair_start(&next, &bed.chan, &bed.net, family, PORT + 1);
	before_ns = nx_now_ns();
	ASSERT_EQ(4, nx_udp_send(pair.peer, "meta", 4, NULL, 0));
	ASSERT_EQ(4, nx_flow_recv(&pair.flow, seen, sizeof(seen), &first,
				  WAIT_MS));
	after_ns = nx_now_ns();
	EXPECT_EQ(pair.flow.add.flow, first.flow);
	EXPECT_EQ(NEXUS_DESC_CSUM, first.flags);
	EXPECT_EQ(family == AF_INET ? 4 : 6, first.ip_version);
	EXPECT_EQ(IPPROTO_UDP, first.protocol);
	EXPECT_EQ(1, first.nr_parts);
	EXPECT_EQ(l4_off, first.l4_off);
	EXPECT_EQ(l4_off + 8, first.payload_off);
	EXPECT_EQ(l4_off + 8 + 4, first.len);
	EXPECT_EQ(0, first.gso_size);
	EXPECT_EQ(nx_ifindex(NX_DEV), first.ifindex);
	EXPECT_LE(before_ns, first.time_ns);
	EXPECT_GE(after_ns, first.time_ns);
	EXPECT_EQ(0, first.reserved[0] | first.reserved[1]);

	ASSERT_EQ(4, nx_udp_send(pair.peer, "meta", 4, NULL, 0));
	ASSERT_EQ(4, nx_flow_recv(&pair.flow, seen, sizeof(seen), &second,
				  WAIT_MS));
	ASSERT_EQ(4, nx_udp_send(next.peer, "meta", 4, NULL, 0));
	ASSERT_EQ(4, nx_flow_recv(&next.flow, seen, sizeof(seen), &other,
				  WAIT_MS));
	EXPECT_NE(0, first.hash);
	EXPECT_EQ(first.hash, second.hash);
	EXPECT_NE(first.hash, other.hash);
	EXPECT_LT(first.time_ns, second.time_ns);
	nx_chan_close(&bed.chan);
}

NX_TEST(metadata4, "META-5 received descriptors tell flow, offsets, checksum state, hash, device and time")
{
	expect_metadata(_metadata, AF_INET);
}

NX_TEST(metadata6, "META-5 the same over IPv6")
{
	expect_metadata(_metadata, AF_INET6);
}

NX_TEST(checksum_verdict, "META-5 a wrong checksum never arrives as right, none at all is right over IPv4")
{
	struct nx_tuple tuple = nx_tuple(NX_PEER4, PORT, NX_HOST4, PORT);
	struct nexus_desc desc;
	struct nx_pair pair;
	char packet[256], seen[256];
	struct bed bed;
	size_t len;
	int wire;

	bed_start(&bed);
	nx_pair_start(&pair, &bed.chan, &bed.net, AF_INET, PORT);
	wire = nx_packet_socket(bed.net.peer, NX_PEER_DEV);
	len = nx_udp_build(packet, &tuple, "sum", 3);
	packet[26] ^= 1;
	nx_packet_send(wire, NX_PEER_DEV, packet, len);
	EXPECT_FALSE(nx_chan_recv(&bed.chan, 0, &desc, 100));
	EXPECT_EQ(1, nx_chan_drops(&bed.chan, NEXUS_DROP_RX_CHECKSUM));
	packet[26] ^= 1;
	nx_packet_send(wire, NX_PEER_DEV, packet, len);
	EXPECT_EQ(3, nx_flow_recv(&pair.flow, seen, sizeof(seen), &desc,
				  WAIT_MS));
	EXPECT_TRUE(desc.flags & NEXUS_DESC_CSUM);
	packet[26] = packet[27] = 0;
	nx_packet_send(wire, NX_PEER_DEV, packet, len);
	EXPECT_EQ(3, nx_flow_recv(&pair.flow, seen, sizeof(seen), &desc,
				  WAIT_MS));
	nx_chan_close(&bed.chan);
}

/* ---------------------------------------------------- between channels */

NX_TEST(same_host, "META-5 FLOW-1 a packet to a flow of the same nexus crosses without a device, marked LOCAL")
{
	struct nx_flow from, to;
	struct nexus_desc desc;
	struct nx_chan other;
	char seen[64];
	struct bed bed;

	bed_start(&bed);
	nx_chan_start(&other, NEXUS);
	nx_flow_start(&to, &other, NX_HOST4, PORT, NULL, 0);
	nx_flow_start(&from, &bed.chan, NX_HOST4, PORT + 1, NX_HOST4, PORT);
	EXPECT_EQ(0, nx_flow_send(&from, "local", 5));
	ASSERT_EQ(5, nx_flow_recv(&to, seen, sizeof(seen), &desc, WAIT_MS));
	EXPECT_EQ(0, memcmp("local", seen, 5));
	EXPECT_TRUE(desc.flags & NEXUS_DESC_LOCAL);
	EXPECT_EQ(0, desc.ifindex);
	EXPECT_EQ(to.add.flow, desc.flow);
	/* And back, and to itself. */
	nx_flow_to(&to, NX_HOST4, PORT + 1);
	EXPECT_EQ(0, nx_flow_send(&to, "back", 4));
	EXPECT_EQ(4, nx_flow_recv(&from, seen, sizeof(seen), &desc, WAIT_MS));
	nx_flow_to(&to, NX_HOST4, PORT);
	EXPECT_EQ(0, nx_flow_send(&to, "self", 4));
	EXPECT_EQ(4, nx_flow_recv(&to, seen, sizeof(seen), &desc, WAIT_MS));
	nx_chan_close(&other);
	nx_chan_close(&bed.chan);
}

NX_TEST(same_host_kernel, "FLOW-1 a packet to a kernel socket of this host reaches it, and its answer the flow")
{
	struct nx_flow flow;
	char seen[64];
	struct bed bed;
	int kernel;

	bed_start(&bed);
	kernel = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	nx_flow_start(&flow, &bed.chan, NX_HOST4, PORT + 1, NX_HOST4, PORT);
	EXPECT_EQ(0, nx_flow_send(&flow, "kernel", 6));
	EXPECT_EQ(6, nx_udp_recv(kernel, seen, sizeof(seen), WAIT_MS));
	/* lo is not attached: the adopted socket hands it on. */
	EXPECT_EQ(6, nx_udp_send(kernel, "answer", 6, NX_HOST4, PORT + 1));
	EXPECT_EQ(6, nx_flow_recv(&flow, seen, sizeof(seen), NULL, WAIT_MS));
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("flow")
