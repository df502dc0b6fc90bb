// SPDX-License-Identifier: GPL-2.0
/* Fast Open (RFC 7413) between the library and the kernel's TCP, both ways. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include <nexus/nexus.h>

#include "ctl.h"
#include "net.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define STEP_NS	1000000
/* What no exchange of this program should take, even in an emulator. */
#define LIMIT_NS	(30 * NX_SEC)
#define LEN	1000

#define PROC	"/proc/sys/net/ipv4/"

/**
 * struct bed - a stack on the host, and sockets of the kernel in the peer
 * @net, @stack, @family: as they are
 * @tcp:     the library's connection
 * @peer:    the kernel's
 * @state:   of the library's when it was accepted
 * @is_early: data of the SYN were taken, as the library and as the kernel has it
 * @is_early_there: see above
 */
struct bed {
	struct nx_net		net;
	struct nexus_stack	*stack;
	int			family;
	struct nexus_tcp	*tcp;
	int			peer;
	const char		*state;
	bool			is_early;
	bool			is_early_there;
};

static char bytes[LEN];

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

static const char *host_addr(const struct bed *bed)
{
	return bed->family == AF_INET ? NX_HOST4 : NX_HOST6;
}

static const char *peer_addr(const struct bed *bed)
{
	return bed->family == AF_INET ? NX_PEER4 : NX_PEER6;
}

/* Of the peer's TCP. */
static void peer_sysctl(const struct bed *bed, const char *name,
			const char *value)
{
	int fd;

	nx_net_enter(bed->net.peer);
	fd = open(name, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		nx_die("%s: %m", name);
	close(fd);
	nx_net_enter(bed->net.host);
}

static void open_stack(struct bed *bed)
{
	struct nexus_channel_options channel = { .name = NEXUS };
	struct nexus_stack_options options = { .channel = &channel };
	int err = nexus_stack_open(&bed->stack, &options);

	if (err)
		nx_die("stack: %s (%s)", nexus_strerror(err),
		       nexus_error_text());
}

static void bed_start(struct bed *bed, int family)
{
	memset(bed, 0, sizeof(*bed));
	memset(bytes, 'b', sizeof(bytes));
	bed->family = family;
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	/* Client and server; no pause after what other tests have lost. */
	peer_sysctl(bed, PROC "tcp_fastopen", "3");
	peer_sysctl(bed, PROC "tcp_fastopen_blackhole_timeout_sec", "0");
	open_stack(bed);
}

/* Runs the stack until the kernel's @fd has @len bytes to read; false: never. */
static bool peer_has(struct bed *bed, int fd, size_t len)
{
	long long end_ns = nx_now_ns() + LIMIT_NS;
	static char buf[2 * LEN];

	do {
		nexus_stack_poll(bed->stack, STEP_NS);
		if (recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT) >=
		    (ssize_t)len)
			return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) ==
			       (ssize_t)len && !memcmp(buf, bytes, len);
	} while (nx_now_ns() < end_ns);
	return false;
}

/* The same for the library's connection. */
static bool library_has(struct bed *bed, size_t len)
{
	long long end_ns = nx_now_ns() + LIMIT_NS;
	char buf[2 * LEN];

	while (nx_now_ns() < end_ns) {
		if (bed->tcp && nexus_tcp_readable(bed->tcp) >= len)
			return nexus_tcp_read(bed->tcp, buf, sizeof(buf)) ==
			       (ssize_t)len && !memcmp(buf, bytes, len);
		nexus_stack_poll(bed->stack, STEP_NS);
	}
	return false;
}

/* The ends agree on whether the SYN's data were taken. */
static void take_infos(struct bed *bed)
{
	struct nexus_tcp_info info;
	struct tcp_info there;
	socklen_t len = sizeof(there);

	nexus_tcp_info(bed->tcp, &info);
	bed->is_early = info.has_syn_data;
	if (getsockopt(bed->peer, IPPROTO_TCP, TCP_INFO, &there, &len))
		nx_die("TCP_INFO: %m");
	bed->is_early_there = there.tcpi_options & TCPI_OPT_SYN_DATA;
}

/* Nothing of the connection may come to the next one of the same port. */
static void drop(struct bed *bed)
{
	close(bed->peer);
	nexus_tcp_abort(bed->tcp);
	bed->tcp = NULL;
	nexus_stack_poll(bed->stack, STEP_NS);
}

/* ------------------------------------------------- the library connects */

static int peer_listen(const struct bed *bed)
{
	int fd = nx_socket(bed->net.peer, bed->family, SOCK_STREAM, 0);
	int on = 1, nr = 16;
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, peer_addr(bed), PORT);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (void *)&ss, len) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &nr, sizeof(nr)) ||
	    listen(fd, 1))
		nx_die("listen: %m");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int peer_accept(struct bed *bed, int listener)
{
	long long end_ns = nx_now_ns() + LIMIT_NS;
	int fd;

	do {
		nexus_stack_poll(bed->stack, STEP_NS);
		fd = accept(listener, NULL, NULL);
	} while (fd < 0 && nx_now_ns() < end_ns);
	if (fd < 0)
		nx_die("accept: %m");
	return fd;
}

/* Bytes there and back; true if all of them are right. */
static bool connect_once(struct bed *bed, int listener)
{
	struct nexus_tcp_options options = {
		.remote = address(peer_addr(bed), PORT),
		.flags = NEXUS_TCP_FAST_OPEN,
	};
	bool is_right;

	if (nexus_tcp_connect(bed->stack, &options, &bed->tcp) ||
	    nexus_tcp_write(bed->tcp, bytes, LEN) != LEN)
		nx_die("connect: %s", nexus_error_text());
	bed->peer = peer_accept(bed, listener);
	is_right = peer_has(bed, bed->peer, LEN) &&
		   write(bed->peer, bytes, LEN) == LEN && library_has(bed, LEN);
	take_infos(bed);
	drop(bed);
	return is_right;
}

static void connect_by(NX_METADATA, int family)
{
	struct bed bed;
	int fd;

	bed_start(&bed, family);
	fd = peer_listen(&bed);
	ASSERT_TRUE(connect_once(&bed, fd));
	EXPECT_FALSE(bed.is_early);
	EXPECT_FALSE(bed.is_early_there);
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(connect_once(&bed, fd));
		EXPECT_TRUE(bed.is_early);
		EXPECT_TRUE(bed.is_early_there);
	}
	/* Another key: the cookie is wrong, and replaced. */
	peer_sysctl(&bed, PROC "tcp_fastopen_key",
		    "00000001-00000002-00000003-00000004");
	ASSERT_TRUE(connect_once(&bed, fd));
	EXPECT_FALSE(bed.is_early);
	EXPECT_FALSE(bed.is_early_there);
	ASSERT_TRUE(connect_once(&bed, fd));
	EXPECT_TRUE(bed.is_early);
	EXPECT_TRUE(bed.is_early_there);
	close(fd);
	nexus_stack_close(bed.stack);
}

NX_TEST(connect_ipv4, "TCP-4 Fast Open: Linux takes the data of a SYN, gives cookies, and replaces wrong ones")
{
	connect_by(_metadata, AF_INET);
}

NX_TEST(connect_ipv6, "TCP-4 Fast Open: the same by IPv6")
{
	connect_by(_metadata, AF_INET6);
}

/* -------------------------------------------------- the kernel connects */

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct nexus_tcp_info info;
	struct bed *bed = arg;

	bed->tcp = tcp;
	nexus_tcp_set_callbacks(tcp, NULL, NULL);
	nexus_tcp_info(tcp, &info);
	bed->state = info.state;
	/* The answer need not wait. */
	if (nexus_tcp_write(tcp, bytes, LEN) != LEN)
		nx_die("write: %s", nexus_error_text());
}

static struct nexus_tcp_listener *serve(struct bed *bed)
{
	struct nexus_tcp_options options = {
		.local = address(host_addr(bed), PORT),
		.flags = NEXUS_TCP_FAST_OPEN | NEXUS_TCP_REUSEADDR,
		.accept = on_accept,
		.arg = bed,
	};
	struct nexus_tcp_listener *listener;

	if (nexus_tcp_listen(bed->stack, &options, &listener))
		nx_die("listen: %s", nexus_error_text());
	return listener;
}

static bool accept_once(struct bed *bed)
{
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, host_addr(bed), PORT);
	ssize_t n;
	bool is_right;

	bed->state = "none";
	bed->peer = nx_socket(bed->net.peer, bed->family, SOCK_STREAM, 0);
	fcntl(bed->peer, F_SETFL, O_NONBLOCK);
	n = sendto(bed->peer, bytes, LEN, MSG_FASTOPEN, (void *)&ss, len);
	/* Without a cookie the program sends when it is connected. */
	if (n < 0 && errno != EINPROGRESS)
		nx_die("MSG_FASTOPEN: %m");
	is_right = peer_has(bed, bed->peer, LEN);
	if (n < 0)
		is_right &= write(bed->peer, bytes, LEN) == LEN;
	is_right &= library_has(bed, LEN);
	take_infos(bed);
	drop(bed);
	return is_right;
}

static void accept_by(NX_METADATA, int family)
{
	struct nexus_tcp_listener *listener;
	struct bed bed;

	bed_start(&bed, family);
	listener = serve(&bed);
	ASSERT_TRUE(accept_once(&bed));
	EXPECT_STREQ("ESTAB", bed.state);
	EXPECT_FALSE(bed.is_early);
	EXPECT_FALSE(bed.is_early_there);
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(accept_once(&bed));
		EXPECT_STREQ("SYN-RECV", bed.state);
		EXPECT_TRUE(bed.is_early);
		EXPECT_TRUE(bed.is_early_there);
	}
	/* Another stack has another key: the cookie is wrong, and replaced. */
	nexus_tcp_listener_close(listener);
	nexus_stack_close(bed.stack);
	open_stack(&bed);
	serve(&bed);
	ASSERT_TRUE(accept_once(&bed));
	EXPECT_STREQ("ESTAB", bed.state);
	EXPECT_FALSE(bed.is_early);
	EXPECT_FALSE(bed.is_early_there);
	ASSERT_TRUE(accept_once(&bed));
	EXPECT_STREQ("SYN-RECV", bed.state);
	EXPECT_TRUE(bed.is_early_there);
	nexus_stack_close(bed.stack);
}

NX_TEST(accept_ipv4, "TCP-4 Fast Open: Linux's data are taken and answered before the handshake is complete, wrong cookies are replaced")
{
	accept_by(_metadata, AF_INET);
}

NX_TEST(accept_ipv6, "TCP-4 Fast Open: the same by IPv6")
{
	accept_by(_metadata, AF_INET6);
}

NX_TEST_MAIN("fast_open")
