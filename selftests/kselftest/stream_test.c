// SPDX-License-Identifier: GPL-2.0
/* TCP of the library against that of the kernel, as a program uses it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nexus/nexus.h>

#include "ctl.h"
#include "net.h"
#include "test.h"
#include "trace.h"

#define NEXUS	"t"
#define PORT	4000
#define STEP_NS	1000000
/* What no transfer of this program should take, even in an emulator. */
#define LIMIT_NS	(100 * NX_SEC)

/**
 * struct bed - a stack on the host, and a socket of the kernel in the peer
 * @net, @stack, @family: as they are
 * @listener, @tcp: of the library
 * @peer:    the kernel's connection
 * @nr_established, @nr_closed, @err: what callbacks told
 */
struct bed {
	struct nx_net	net;
	struct nexus_stack	*stack;
	int	family;
	struct nexus_tcp_listener	*listener;
	struct nexus_tcp	*tcp;
	int	peer;
	int	nr_established;
	int	nr_closed;
	int	err;
};

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

static void on_established(struct nexus_tcp *tcp, void *arg)
{
	((struct bed *)arg)->nr_established++;
}

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct bed *bed = arg;

	bed->nr_closed++;
	bed->err = err;
}

static const struct nexus_tcp_callbacks callbacks = {
	.established = on_established,
	.closed = on_closed,
};

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct bed *bed = arg;

	bed->tcp = tcp;
	nexus_tcp_set_callbacks(tcp, &callbacks, bed);
}

static void bed_start(struct bed *bed, int family)
{
	struct nexus_channel_options channel = {
		.name = NEXUS,
		.flags = NEXUS_CHANNEL_DEFUNCT_OK,
		.nr_large = 16,
		.nr_small = 4096,
	};
	struct nexus_stack_options options = { .channel = &channel };
	int err;

	memset(bed, 0, sizeof(*bed));
	bed->family = family;
	bed->peer = -1;
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	err = nexus_stack_open(&bed->stack, &options);
	if (err)
		nx_die("stack: %s (%s)", nexus_strerror(err),
		       nexus_error_text());
}

/* Both directions of the link, by tc in both namespaces. */
static void bed_netem(struct bed *bed, const char *how)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "tc qdisc add dev " NX_DEV " root netem limit 10000 %s", how);
	if (system(command))
		nx_die("%s", command);
	snprintf(command, sizeof(command),
		 "tc qdisc add dev " NX_PEER_DEV " root netem limit 10000 %s",
		 how);
	nx_net_enter(bed->net.peer);
	if (system(command))
		nx_die("%s", command);
	nx_net_enter(bed->net.host);
}

static void set_nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int peer_socket(struct bed *bed, const char *addr)
{
	int fd = nx_socket(bed->net.peer, bed->family, SOCK_STREAM, 0), on = 1;
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, addr, PORT);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (void *)&ss, len))
		nx_die("bind: %m");
	return fd;
}

/* The library connects to a listener of the kernel. */
static void bed_connect(struct bed *bed, __u32 flags)
{
	struct nexus_tcp_options options = {
		.remote = address(peer_addr(bed), PORT),
		.flags = flags,
		.callbacks = &callbacks,
		.arg = bed,
	};
	long long end_ns = nx_now_ns() + LIMIT_NS;
	int fd = peer_socket(bed, peer_addr(bed)), err;

	if (listen(fd, 1))
		nx_die("listen: %m");
	err = nexus_tcp_connect(bed->stack, &options, &bed->tcp);
	if (err)
		nx_die("connect: %s (%s)", nexus_strerror(err),
		       nexus_error_text());
	/* What ends the handshake may be lost: then it is sent again. */
	set_nonblock(fd);
	do {
		nexus_stack_poll(bed->stack, STEP_NS);
		bed->peer = accept(fd, NULL, NULL);
	} while (bed->peer < 0 && nx_now_ns() < end_ns);
	if (bed->peer < 0)
		nx_die("accept: %m");
	set_nonblock(bed->peer);
	close(fd);
}

/* The kernel connects to the listener that the library has. */
static void bed_serve(struct bed *bed)
{
	long long end_ns = nx_now_ns() + LIMIT_NS;
	struct sockaddr_storage ss;
	socklen_t len = nx_sockaddr(&ss, host_addr(bed), PORT);

	bed->peer = nx_socket(bed->net.peer, bed->family, SOCK_STREAM, 0);
	set_nonblock(bed->peer);
	if (connect(bed->peer, (void *)&ss, len) && errno != EINPROGRESS)
		nx_die("connect: %m");
	while (!bed->tcp && nx_now_ns() < end_ns)
		nexus_stack_poll(bed->stack, STEP_NS);
}

/* And the other way round: the kernel connects to the library. */
static void bed_accept(struct bed *bed, __u32 flags)
{
	struct nexus_tcp_options options = {
		.local = address(host_addr(bed), PORT),
		.flags = flags,
		.accept = on_accept,
		.arg = bed,
	};
	int err = nexus_tcp_listen(bed->stack, &options, &bed->listener);

	if (err)
		nx_die("listen: %s (%s)", nexus_strerror(err),
		       nexus_error_text());
	bed_serve(bed);
}

/* ---------------------------------------------------------- a transfer */

/**
 * struct flow - one direction of a transfer
 * @written, @read: bytes so far
 */
struct flow {
	size_t	written;
	size_t	read;
};

/* The stream's byte at @pos, in direction @dir. */
static unsigned char byte_at(size_t pos, unsigned int dir)
{
	return (unsigned char)(((__u32)(pos + dir) * 2654435761u) >> 23);
}

static void fill(unsigned char *buf, size_t len, size_t pos, unsigned int dir)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = byte_at(pos + i, dir);
}

static bool is_right(const unsigned char *buf, size_t len, size_t pos,
		     unsigned int dir)
{
	for (size_t i = 0; i < len; i++)
		if (buf[i] != byte_at(pos + i, dir))
			return false;
	return true;
}

static unsigned char buf[32768];

static size_t less(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One turn of the library's end; false: a wrong byte, or an error. */
static bool turn_library(struct bed *bed, struct flow *out, struct flow *in,
			 size_t bytes)
{
	size_t len = less(bytes - out->written, sizeof(buf));
	ssize_t n = 0;

	if (len) {
		fill(buf, len, out->written, 0);
		n = nexus_tcp_write(bed->tcp, buf, len);
		if (n < 0 && n != -EAGAIN)
			return false;
		out->written += n > 0 ? n : 0;
		if (out->written == bytes)
			nexus_tcp_shutdown(bed->tcp);
	}
	while ((n = nexus_tcp_read(bed->tcp, buf, sizeof(buf))) > 0) {
		if (!is_right(buf, n, in->read, 1))
			return false;
		in->read += n;
	}
	return !n || n == -EAGAIN;
}

/* And of the kernel's. */
static bool turn_kernel(struct bed *bed, struct flow *out, struct flow *in,
			size_t bytes)
{
	size_t len = less(bytes - out->written, sizeof(buf));
	ssize_t n;

	if (len) {
		fill(buf, len, out->written, 1);
		n = send(bed->peer, buf, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return false;
		out->written += n > 0 ? n : 0;
		if (out->written == bytes)
			shutdown(bed->peer, SHUT_WR);
	}
	while ((n = recv(bed->peer, buf, sizeof(buf), 0)) > 0) {
		if (!is_right(buf, n, in->read, 0))
			return false;
		in->read += n;
	}
	return !n || errno == EAGAIN;
}

/* @bytes each way at once, and the end of both. */
static void transfer(NX_METADATA, struct bed *bed, size_t bytes)
{
	struct flow to_peer = { 0 }, to_us = { 0 };
	long long end_ns = nx_now_ns() + LIMIT_NS;

	while (to_peer.read < bytes || to_us.read < bytes) {
		ASSERT_TRUE(turn_library(bed, &to_peer, &to_us, bytes)) {
			TH_LOG("at %zu", to_us.read);
		}
		ASSERT_TRUE(turn_kernel(bed, &to_us, &to_peer, bytes)) {
			TH_LOG("at %zu", to_peer.read);
		}
		ASSERT_GE(nexus_stack_poll(bed->stack, STEP_NS), 0);
		ASSERT_LT(nx_now_ns(), end_ns) {
			TH_LOG("%zu and %zu of %zu", to_peer.read, to_us.read,
			       bytes);
		}
	}
}

/* 2 MB, or as much of it as an emulator can bear. */
static size_t amount(void)
{
	return nx_loops("NEXUS_STREAM_CHUNKS", 20) * 100000;
}

#define TRANSFER(name, title, family_, begin, netem)			\
NX_TEST(name, title)							\
{									\
	struct bed bed;							\
									\
	bed_start(&bed, family_);					\
	if (netem)							\
		bed_netem(&bed, netem);					\
	begin(&bed, 0);							\
	ASSERT_NE(NULL, bed.tcp);					\
	transfer(_metadata, &bed, amount());				\
	nexus_stack_close(bed.stack);					\
}

TRANSFER(to_kernel4, "TCP-1 to the kernel, IPv4, both ways at once",
	 AF_INET, bed_connect, NULL)
TRANSFER(to_kernel6, "TCP-1 to the kernel, IPv6, both ways at once",
	 AF_INET6, bed_connect, NULL)
TRANSFER(from_kernel4, "TCP-1 from the kernel, IPv4, both ways at once",
	 AF_INET, bed_accept, NULL)
TRANSFER(from_kernel6, "TCP-1 from the kernel, IPv6, both ways at once",
	 AF_INET6, bed_accept, NULL)
TRANSFER(delay, "TCP-1 delay 10 ms", AF_INET, bed_connect, "delay 10ms")
TRANSFER(loss, "TCP-1 loss 1 %", AF_INET, bed_connect, "delay 2ms loss 1%")
TRANSFER(much_loss, "TCP-1 loss 5 %", AF_INET6, bed_accept,
	 "delay 2ms loss 5%")
TRANSFER(reordering, "TCP-1 reordering", AF_INET, bed_accept,
	 "delay 4ms 2ms reorder 25%")
TRANSFER(duplicates, "TCP-1 duplicates", AF_INET, bed_connect,
	 "delay 2ms duplicate 5%")
TRANSFER(corruption, "TCP-1 corruption", AF_INET, bed_connect,
	 "delay 2ms corrupt 1%")

NX_TEST(ecn, "TCP-6 ECN with the kernel")
{
	struct bed bed;
	struct nexus_tcp_info info;

	bed_start(&bed, AF_INET);
	bed_connect(&bed, NEXUS_TCP_ECN);
	nexus_tcp_info(bed.tcp, &info);
	EXPECT_EQ(1, info.ecn);
	transfer(_metadata, &bed, amount());
	nexus_stack_close(bed.stack);
}

NX_TEST(refused, "TCP-3 the kernel refuses: ECONNREFUSED")
{
	struct bed bed;
	struct nexus_tcp_options options = { .callbacks = &callbacks };
	long long end_ns;

	bed_start(&bed, AF_INET);
	options.remote = address(peer_addr(&bed), PORT);
	options.arg = &bed;
	ASSERT_EQ(0, nexus_tcp_connect(bed.stack, &options, &bed.tcp));
	end_ns = nx_now_ns() + 5 * NX_SEC;
	while (!bed.nr_closed && nx_now_ns() < end_ns)
		nexus_stack_poll(bed.stack, STEP_NS);
	EXPECT_EQ(-ECONNREFUSED, bed.err);
	nexus_stack_close(bed.stack);
}

NX_TEST(reset, "TCP-3 the kernel resets: ECONNRESET")
{
	struct linger linger = { .l_onoff = 1 };
	struct bed bed;
	long long end_ns;

	bed_start(&bed, AF_INET);
	bed_connect(&bed, 0);
	setsockopt(bed.peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(bed.peer);
	bed.peer = -1;
	end_ns = nx_now_ns() + 5 * NX_SEC;
	while (!bed.nr_closed && nx_now_ns() < end_ns)
		nexus_stack_poll(bed.stack, STEP_NS);
	EXPECT_EQ(-ECONNRESET, bed.err);
	nexus_stack_close(bed.stack);
}

/* ------------------------------------------------------- receive windows */

#define PINNED	65536

static __u32 channel_of(const struct bed *bed)
{
	return nexus_stack_channel(bed->stack)->schema->channel_id;
}

static struct nx_ctl_knob window_of(const struct bed *bed)
{
	struct nx_ctl_channel channel = {};

	if (nx_channel_get(channel_of(bed), &channel))
		nx_die("the channel is gone");
	return channel.tune[NEXUS_TUNE_RECEIVE_WINDOW];
}

/* The peer sends @bytes, and the library reads them and what was @unread. */
static void pull(NX_METADATA, struct bed *bed, size_t bytes, size_t unread)
{
	long long end_ns = nx_now_ns() + LIMIT_NS;
	size_t sent = 0, got = 0;
	ssize_t n;

	while (got < bytes + unread) {
		n = send(bed->peer, buf, less(bytes - sent, sizeof(buf)),
			 MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
		ASSERT_GE(nexus_stack_poll(bed->stack, STEP_NS), 0);
		while ((n = nexus_tcp_read(bed->tcp, buf, sizeof(buf))) > 0)
			got += n;
		ASSERT_LT(nx_now_ns(), end_ns);
	}
	nexus_stack_flush(bed->stack);
}

/* It sends, and nobody reads; how many bytes. */
static size_t leave_unread(struct bed *bed)
{
	long long end_ns = nx_now_ns() + LIMIT_NS;
	ssize_t n = send(bed->peer, buf, sizeof(buf), MSG_NOSIGNAL);

	while (n > 0 && nexus_tcp_readable(bed->tcp) < (size_t)n)
		if (nexus_stack_poll(bed->stack, STEP_NS) < 0 ||
		    nx_now_ns() > end_ns)
			return 0;
	nexus_stack_flush(bed->stack);
	return n > 0 ? n : 0;
}

NX_TEST(windows, "TUNE-6 receive windows follow what is unread, tell their state, are pinned, and what the module changes is traced")
{
	struct nexus_tcp_info info;
	struct bed bed;
	size_t unread;
	__u32 whole;

	bed_start(&bed, AF_INET);
	EXPECT_EQ(NEXUS_TUNE_RESTS, window_of(&bed).state);
	bed_connect(&bed, 0);
	pull(_metadata, &bed, 300000, 0);
	EXPECT_EQ(NEXUS_TUNE_HOLDS, window_of(&bed).state);
	whole = window_of(&bed).value;
	unread = leave_unread(&bed);
	ASSERT_LT(0, unread);
	EXPECT_EQ(NEXUS_TUNE_SHRINKS, window_of(&bed).state);
	EXPECT_GT(whole, window_of(&bed).value);
	pull(_metadata, &bed, sizeof(buf), unread);
	EXPECT_EQ(-ERANGE, nx_tune(channel_of(&bed), NEXUS_TUNE_RECEIVE_WINDOW, 1));
	nx_trace_start("nexus_window");
	EXPECT_EQ(0, nx_tune(channel_of(&bed), NEXUS_TUNE_RECEIVE_WINDOW, PINNED));
	EXPECT_EQ(NEXUS_TUNE_PINNED, window_of(&bed).state);
	EXPECT_EQ(PINNED, window_of(&bed).value);
	EXPECT_TRUE(nx_trace_has("to=pinned", "bytes=65536"));
	/* What was told before is not taken back: RFC 9293 section 3.8.6. */
	nexus_tcp_info(bed.tcp, &info);
	pull(_metadata, &bed, info.rcv_wnd + 300000, 0);
	nexus_tcp_info(bed.tcp, &info);
	EXPECT_GE(PINNED, info.rcv_wnd);
	EXPECT_LT(0, info.rcv_wnd);
	EXPECT_EQ(0, nx_tune(channel_of(&bed), NEXUS_TUNE_RECEIVE_WINDOW, -1));
	EXPECT_TRUE(nx_trace_has("from=pinned", "bytes="));
	nx_trace_stop();
	pull(_metadata, &bed, 300000, 0);
	EXPECT_EQ(NEXUS_TUNE_HOLDS, window_of(&bed).state);
	EXPECT_EQ(whole, window_of(&bed).value);
	nexus_stack_close(bed.stack);
}

/* ------------------------------------------------- memory that is taken back */

static int peer_error(const struct bed *bed)
{
	struct pollfd poll_in = { .fd = bed->peer, .events = POLLIN };
	char byte;

	if (poll(&poll_in, 1, 10000 * nx_timeout(1)) != 1)
		return -ETIME;
	return recv(bed->peer, &byte, 1, 0) < 0 ? -errno : 0;
}

NX_TEST(defunct, "DEF-7 DEF-8 connections of a defunct stack are reset at the peer and aborted here, its listener serves again")
{
	struct bed bed;
	char byte;

	bed_start(&bed, AF_INET);
	bed_accept(&bed, 0);
	ASSERT_NE(NULL, bed.tcp);
	ASSERT_EQ(0, nx_defunct(NEXUS_DEFUNCT_A_PID, getpid()));
	EXPECT_EQ(-ECONNRESET, peer_error(&bed));
	EXPECT_EQ(-ECONNABORTED, nexus_tcp_read(bed.tcp, &byte, 1));
	EXPECT_EQ(0, bed.nr_closed);
	EXPECT_EQ(0, nexus_stack_poll(bed.stack, -1));
	EXPECT_EQ(1, bed.nr_closed);
	EXPECT_EQ(-ECONNABORTED, bed.err);
	nexus_tcp_close(bed.tcp);
	bed.tcp = NULL;
	close(bed.peer);
	bed_serve(&bed);
	ASSERT_NE(NULL, bed.tcp);
	transfer(_metadata, &bed, amount());
	nexus_stack_close(bed.stack);
}

NX_TEST_MAIN("stream")
