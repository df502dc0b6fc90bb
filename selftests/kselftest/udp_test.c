// SPDX-License-Identifier: GPL-2.0
/* UDP of the library against sockets of the kernel, as a program uses it. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <nexus/nexus.h>

#include "ctl.h"
#include "net.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define GROUP4	"239.1.2.3"
#define GROUP6	"ff15::77"
#define WAIT_NS	(3 * NX_SEC)
#define WAIT_MS	3000

static const size_t lengths[] = {
	0, 1, 2, 3, 7, 63, 64, 65, 511, 1000, 1471, 1472, 1473, 1999, 2000,
	2001, 2019, 2020, 2021, 2048, 4096, 9000, 20001, 40000, 65000, 65507
};

struct bed {
	struct nx_net	net;
	struct nexus_stack	*stack;
	struct nexus_udp	*udp;
	int	peer;
	int	family;
};

static const char *host_addr(int family)
{
	return family == AF_INET ? NX_HOST4 : NX_HOST6;
}

static const char *peer_addr(int family)
{
	return family == AF_INET ? NX_PEER4 : NX_PEER6;
}

static struct nexus_addr address(const char *text, __u16 port)
{
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, text, port);
	struct nexus_addr addr;
	int err = nexus_addr_from_sockaddr(&addr, (void *)&ss, len);

	if (err)
		nx_die("%s: %s", text, nexus_strerror(err));
	return addr;
}

static struct nexus_udp *udp_open(struct bed *bed,
				  const struct nexus_udp_options *options)
{
	struct nexus_udp *udp;
	int err = nexus_udp_open(bed->stack, options, &udp);

	if (err)
		nx_die("endpoint: %s (%s)", nexus_strerror(err),
		       nexus_error_text());
	return udp;
}

static void bed_start(struct bed *bed, int family)
{
	struct nexus_channel_options channel = {
		.name = NEXUS,
		.nr_large = 16,
	};
	struct nexus_stack_options options = { .channel = &channel };
	int err;

	memset(bed, 0, sizeof(*bed));
	bed->family = family;
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	err = nexus_stack_open(&bed->stack, &options);
	if (err)
		nx_die("stack: %s (%s)", nexus_strerror(err),
		       nexus_error_text());
	bed->peer = nx_udp_socket(bed->net.peer, peer_addr(family), PORT, NULL,
				  0);
}

static void bed_open(struct bed *bed, bool is_connected)
{
	struct nexus_udp_options options = {
		.local = address(host_addr(bed->family), PORT),
	};

	if (is_connected)
		options.remote = address(peer_addr(bed->family), PORT);
	bed->udp = udp_open(bed, &options);
}

/* The next datagram within WAIT_NS: its length, or -EAGAIN. */
static ssize_t receive(struct bed *bed, struct nexus_udp *udp, void *buf,
		       size_t size, struct nexus_addr *from)
{
	long long end_ns = nx_now_ns() + WAIT_NS;
	ssize_t len;

	for (;;) {
		len = nexus_udp_recvfrom(udp, buf, size, from);
		if (len != -EAGAIN || nx_now_ns() > end_ns)
			return len;
		nexus_stack_poll(bed->stack, end_ns - nx_now_ns());
	}
}

/* Every length both ways, each byte of it. */
static void exchange(NX_METADATA, struct bed *bed, const struct nexus_addr *to)
{
	static char sent[65536], seen[65536];
	struct nexus_addr from;
	__u32 seed = 1;

	for (size_t at = 0; at < sizeof(sent); at++)
		sent[at] = nx_random(&seed);
	for (int i = 0; i < NX_ARRAY_SIZE(lengths); i++) {
		size_t len = lengths[i];

		/* IPv6's headers are longer than IPv4's. */
		if (bed->family == AF_INET6 && len > 65000)
			len = 65487;
		ASSERT_EQ(len, nexus_udp_sendto(bed->udp, sent + i, len, to));
		ASSERT_EQ(0, nexus_stack_flush(bed->stack));
		ASSERT_EQ(len, nx_udp_recv(bed->peer, seen, sizeof(seen),
					   WAIT_MS)) {
			TH_LOG("%zu bytes to the peer", len);
		}
		ASSERT_EQ(0, memcmp(sent + i, seen, len));
		ASSERT_EQ(len, nx_udp_send(bed->peer, sent + i, len,
					   host_addr(bed->family), PORT));
		ASSERT_EQ(len, receive(bed, bed->udp, seen, sizeof(seen),
				       &from)) {
			TH_LOG("%zu bytes from the peer", len);
		}
		ASSERT_EQ(0, memcmp(sent + i, seen, len));
		EXPECT_EQ(htons(PORT), from.port);
	}
}

NX_TEST(connected4, "UDP-1 connected IPv4: 0 to 65,507 bytes both ways")
{
	struct bed bed;

	bed_start(&bed, AF_INET);
	bed_open(&bed, true);
	exchange(_metadata, &bed, NULL);
	nexus_stack_close(bed.stack);
}

NX_TEST(connected6, "UDP-1 connected IPv6: 0 to 65,487 bytes both ways")
{
	struct bed bed;

	bed_start(&bed, AF_INET6);
	bed_open(&bed, true);
	exchange(_metadata, &bed, NULL);
	nexus_stack_close(bed.stack);
}

NX_TEST(unconnected4, "UDP-1 unconnected IPv4: 0 to 65,507 bytes both ways, the source is told")
{
	struct nexus_addr to = address(NX_PEER4, PORT);
	struct bed bed;

	bed_start(&bed, AF_INET);
	bed_open(&bed, false);
	exchange(_metadata, &bed, &to);
	nexus_stack_close(bed.stack);
}

NX_TEST(unconnected6, "UDP-1 unconnected IPv6: 0 to 65,487 bytes both ways, the source is told")
{
	struct nexus_addr to = address(NX_PEER6, PORT);
	struct bed bed;

	bed_start(&bed, AF_INET6);
	bed_open(&bed, false);
	exchange(_metadata, &bed, &to);
	nexus_stack_close(bed.stack);
}

NX_TEST(wildcard, "UDP-1 a dual-stack endpoint talks to IPv4 and IPv6, and answers from the address asked")
{
	struct nexus_udp_options options = { .local = address("::", PORT) };
	struct nexus_addr from;
	struct bed bed;
	char seen[64];
	int peer6;

	bed_start(&bed, AF_INET);
	bed.udp = udp_open(&bed, &options);
	peer6 = nx_udp_socket(bed.net.peer, NX_PEER6, PORT, NX_HOST6, PORT);
	nx_udp_connect(bed.peer, NX_HOST4, PORT);
	for (int i = 0; i < 4; i++) {
		int peer = i & 1 ? peer6 : bed.peer;

		ASSERT_EQ(4, nx_udp_send(peer, "both", 4, NULL, 0));
		ASSERT_EQ(4, receive(&bed, bed.udp, seen, sizeof(seen), &from));
		/* Connected sockets take answers from the right address only. */
		ASSERT_EQ(4, nexus_udp_sendto(bed.udp, "both", 4, &from));
		ASSERT_EQ(0, nexus_stack_flush(bed.stack));
		ASSERT_EQ(4, nx_udp_recv(peer, seen, sizeof(seen), WAIT_MS));
	}
	nexus_stack_close(bed.stack);
}

/* --------------------------------------------------------------- errors */

static bool wait_error(struct bed *bed, struct nexus_udp_error *error)
{
	long long end_ns = nx_now_ns() + WAIT_NS;

	while (!nexus_udp_take_error(bed->udp, error)) {
		if (nx_now_ns() > end_ns)
			return false;
		nexus_stack_poll(bed->stack, end_ns - nx_now_ns());
	}
	return true;
}

static void refused(NX_METADATA, int family)
{
	struct nexus_addr to = address(peer_addr(family), 9);
	struct nexus_udp_error error;
	struct bed bed;

	bed_start(&bed, family);
	bed_open(&bed, false);
	ASSERT_EQ(7, nexus_udp_sendto(bed.udp, "anyone?", 7, &to));
	ASSERT_EQ(0, nexus_stack_flush(bed.stack));
	ASSERT_TRUE(wait_error(&bed, &error));
	EXPECT_EQ(ECONNREFUSED, error.err);
	EXPECT_EQ(family == AF_INET ? 4 : 6, error.ip_version);
	EXPECT_EQ(htons(9), error.remote.port);
	EXPECT_EQ(htons(PORT), error.local.port);
	nexus_stack_close(bed.stack);
}

NX_TEST(refused4, "UDP-1 FLOW-10 ICMP port unreachable is delivered as ECONNREFUSED")
{
	refused(_metadata, AF_INET);
}

NX_TEST(refused6, "UDP-1 FLOW-10 ICMPv6 port unreachable is delivered as ECONNREFUSED")
{
	refused(_metadata, AF_INET6);
}

NX_TEST(address_gone, "UDP-1 FLOW-9 the local address is removed: delivered as EADDRNOTAVAIL")
{
	struct nexus_udp_error error;
	struct bed bed;

	bed_start(&bed, AF_INET);
	bed_open(&bed, true);
	nx_ip("addr del " NX_HOST4 "/24 dev " NX_DEV "\n");
	ASSERT_TRUE(wait_error(&bed, &error));
	EXPECT_EQ(EADDRNOTAVAIL, error.err);
	nexus_stack_close(bed.stack);
}

NX_TEST(taken, "UDP-1 FLOW-3 a port in use, an address not ours: the errors of bind()")
{
	struct nexus_udp_options options = {};
	struct nexus_udp *udp;
	struct bed bed;
	int kernel;

	bed_start(&bed, AF_INET);
	kernel = nx_udp_socket(-1, NX_HOST4, PORT, NULL, 0);
	options.local = address(NX_HOST4, PORT);
	EXPECT_EQ(-EADDRINUSE, nexus_udp_open(bed.stack, &options, &udp));
	EXPECT_STRNE("", nexus_error_text());
	options.local = address("198.51.100.7", PORT);
	EXPECT_EQ(-EADDRNOTAVAIL, nexus_udp_open(bed.stack, &options, &udp));
	close(kernel);
	nexus_stack_close(bed.stack);
}

/* ------------------------------------------------------------- multicast */

static void join_group(NX_METADATA, int sock, int family)
{
	struct ip_mreqn mreq4 = { .imr_ifindex = nx_ifindex(NX_DEV) };
	struct ipv6_mreq mreq6 = { .ipv6mr_interface = nx_ifindex(NX_DEV) };

	inet_pton(AF_INET, GROUP4, &mreq4.imr_multiaddr);
	inet_pton(AF_INET6, GROUP6, &mreq6.ipv6mr_multiaddr);
	if (family == AF_INET) {
		ASSERT_EQ(0, setsockopt(sock, IPPROTO_IP, IP_ADD_MEMBERSHIP,
					&mreq4, sizeof(mreq4)));
	} else {
		ASSERT_EQ(0, setsockopt(sock, IPPROTO_IPV6,
					IPV6_ADD_MEMBERSHIP, &mreq6,
					sizeof(mreq6)));
	}
}

static void multicast(NX_METADATA, int family)
{
	const char *group = family == AF_INET ? GROUP4 : GROUP6;
	struct nexus_udp_options options = {
		.local = address(family == AF_INET ? "0.0.0.0" : "::", PORT),
	};
	struct nexus_addr from;
	struct bed bed;
	char seen[64];

	bed_start(&bed, family);
	nx_ip_peer(&bed.net, "route add 239.0.0.0/8 dev " NX_PEER_DEV "\n"
		   "route add ff15::/16 dev " NX_PEER_DEV
		   " table local\n");
	bed.udp = udp_open(&bed, &options);
	join_group(_metadata, nexus_udp_fd(bed.udp), family);
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(5, nx_udp_send(bed.peer, "group", 5, group, PORT));
		ASSERT_EQ(5, receive(&bed, bed.udp, seen, sizeof(seen), &from));
		EXPECT_EQ(0, memcmp("group", seen, 5));
		EXPECT_EQ(htons(PORT), from.port);
	}
	nexus_stack_close(bed.stack);
}

NX_TEST(multicast4, "UDP-1 IPv4 multicast is received by who joined")
{
	multicast(_metadata, AF_INET);
}

NX_TEST(multicast6, "UDP-1 IPv6 multicast is received by who joined")
{
	multicast(_metadata, AF_INET6);
}

/* ---------------------------------------------------------------- stacks */

NX_TEST(own_epoll, "UDP-1 RING-9 a program's own edge-triggered epoll drives the stack")
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	__u32 nr = nx_loops("NEXUS_TEST_EPOLLS", 2000), seen = 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct bed bed;
	char buf[64];

	bed_start(&bed, AF_INET);
	bed_open(&bed, true);
	nx_udp_connect(bed.peer, NX_HOST4, PORT);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD,
			       nexus_stack_fd(bed.stack), &event));
	for (__u32 i = 0; i < nr; i++) {
		ASSERT_EQ(4, nx_udp_send(bed.peer, "edge", 4, NULL, 0));
		while (seen <= i) {
			ASSERT_EQ(1, epoll_wait(epoll, &event, 1, WAIT_MS)) {
				TH_LOG("datagram %u", i);
			}
			while (nexus_stack_run(bed.stack) > 0)
				;
			while (nexus_udp_recvfrom(bed.udp, buf, sizeof(buf),
						  NULL) >= 0)
				seen++;
		}
	}
	close(epoll);
	nexus_stack_close(bed.stack);
}

NX_TEST(two_stacks, "UDP-1 two programs of one host exchange 0 to 65,507 bytes")
{
	static char sent[65536], seen[65536];
	struct nexus_channel_options channel = { .name = NEXUS, .nr_large = 16 };
	struct nexus_stack_options options = { .channel = &channel };
	struct nexus_udp_options local = { .local = address(NX_HOST4, 4100) };
	struct nexus_addr to = address(NX_HOST4, 4100);
	struct bed bed, other;
	__u32 seed = 2;

	bed_start(&bed, AF_INET);
	bed_open(&bed, false);
	other = bed;
	ASSERT_EQ(0, nexus_stack_open(&other.stack, &options));
	other.udp = udp_open(&other, &local);
	for (size_t at = 0; at < sizeof(sent); at++)
		sent[at] = nx_random(&seed);
	for (int i = 0; i < NX_ARRAY_SIZE(lengths); i++) {
		size_t len = lengths[i];

		ASSERT_EQ(len, nexus_udp_sendto(bed.udp, sent + i, len, &to));
		ASSERT_EQ(0, nexus_stack_flush(bed.stack));
		ASSERT_EQ(len, receive(&other, other.udp, seen, sizeof(seen),
				       NULL)) {
			TH_LOG("%zu bytes", len);
		}
		EXPECT_EQ(0, memcmp(sent + i, seen, len));
	}
	nexus_stack_close(other.stack);
	nexus_stack_close(bed.stack);
}

NX_TEST_MAIN("udp")
