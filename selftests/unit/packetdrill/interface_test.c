// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/packetdrill, through the table of calls that packetdrill uses: a
 * peer made of packets, and a program made of system calls.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <nexus/wire.h>
#include <packetdrill/internal.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define PORT		8080
#define PEER_PORT	50000
#define FIN		NEXUS_WIRE_TCP_FIN
#define SYN		NEXUS_WIRE_TCP_SYN
#define RST		NEXUS_WIRE_TCP_RST
#define ACK		NEXUS_WIRE_TCP_ACK

static const uint8_t local_ip[4] = { 192, 168, 0, 1 };
static const uint8_t peer_ip[4] = { 192, 0, 2, 1 };

/**
 * struct bench - a stack and what the peer knows of it
 * @calls:  of the stack
 * @got:    the packet that left it last
 * @got_len: bytes of payload in it
 * @seq:    next sequence number of the peer
 * @peer_port: its port
 * @port:   of the stack's end
 */
struct bench {
	struct packetdrill_interface	calls;
	struct nexus_wire_tcp		got;
	size_t				got_len;
	uint32_t			seq;
	uint16_t			peer_port;
	uint16_t			port;
};

static void bench_init(struct bench *b, const char *knobs)
{
	memset(b, 0, sizeof(*b));
	packetdrill_interface_init(knobs, &b->calls);
	b->port = PORT;
	b->peer_port = PEER_PORT;
	b->seq = 1000;
}

/* The peer sends; its sequence number moves on. */
static void peer_sends(struct bench *b, uint16_t flags, size_t len)
{
	struct nexus_wire_tcp tcp = {
		.src_port = b->peer_port, .dst_port = b->port, .seq = b->seq,
		.ack = b->got.seq + (uint32_t)b->got_len +
		       !!(b->got.flags & (SYN | FIN)),
		.flags = flags, .window = 65535,
	};
	struct nexus_wire_ipv4 ip = {
		.total_len = (uint16_t)(40 + len), .ttl = 64, .protocol = 6,
	};
	uint8_t p[2000] = { 0 };
	uint16_t csum;

	memcpy(ip.src, peer_ip, 4);
	memcpy(ip.dst, local_ip, 4);
	nexus_wire_ipv4_build(&ip, p, 20);
	nexus_wire_tcp_build(&tcp, p + 20, 20);
	memset(p + 40, 'x', len);
	csum = nexus_wire_tcp_checksum(4, peer_ip, local_ip, p + 20, 20 + len);
	memcpy(p + 36, &csum, 2);
	CU_ASSERT_EQUAL(b->calls.packet_in(b->calls.self, p, 40 + len), 0);
	b->seq += (uint32_t)len + !!(flags & SYN) + !!(flags & FIN);
}

/* The next packet of the stack; false if there is none. */
static bool peer_gets(struct bench *b)
{
	struct nexus_wire_ipv4 ip;
	size_t len = 2000;
	uint8_t p[2000];
	long long us;
	int hdr_len;

	CU_ASSERT_EQUAL(b->calls.packet_out(b->calls.self, p, &len, &us), 0);
	if (!len)
		return false;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_parse(&ip, p, len), 20);
	CU_ASSERT_EQUAL(ip.total_len, len);
	CU_ASSERT(nexus_wire_tcp_verify(4, ip.src, ip.dst, p + 20, len - 20));
	hdr_len = nexus_wire_tcp_parse(&b->got, p + 20, len - 20);
	CU_ASSERT_FATAL(hdr_len > 0);
	b->got_len = len - 20 - (size_t)hdr_len;
	b->port = b->got.src_port;
	return true;
}

static struct sockaddr_in address(const uint8_t ip[4], uint16_t port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port),
	};

	memcpy(&in.sin_addr, ip, 4);
	return in;
}

static int open_listener(struct bench *b)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };
	int fd = b->calls.socket(b->calls.self, AF_INET, SOCK_STREAM, 0);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(b->calls.bind(b->calls.self, fd, (void *)&in,
				      sizeof(in)), 0);
	CU_ASSERT_EQUAL(b->calls.listen(b->calls.self, fd, 5), 0);
	return fd;
}

static void peer_connects(struct bench *b)
{
	peer_sends(b, SYN, 0);
	CU_ASSERT(peer_gets(b));
	CU_ASSERT_EQUAL(b->got.flags, SYN | ACK);
	peer_sends(b, ACK, 0);
}

/* A stack with a connection that was accepted. */
static int bench_accepted(struct bench *b, const char *knobs)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int listener, fd;

	bench_init(b, knobs);
	listener = open_listener(b);
	peer_connects(b);
	fd = b->calls.accept(b->calls.self, listener, (void *)&from, &len);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(len, sizeof(from));
	CU_ASSERT_EQUAL(from.sin_port, htons(PEER_PORT));
	CU_ASSERT_EQUAL(memcmp(&from.sin_addr, peer_ip, 4), 0);
	CU_ASSERT_EQUAL(b->calls.close(b->calls.self, listener), 0);
	return fd;
}

static void bench_exit(struct bench *b)
{
	b->calls.stop(b->calls.self);
}

/* ---------------------------------------------------------------- knobs */

static void nx_pd_knobs_read__takes_what_there_is(void)
{
	static const struct {
		const char *flags, *wrong;
	} rows[] = {
		{ NULL, NULL }, { "", NULL }, { "tcp_sack=0", NULL },
		{ "tcp_sack=0,tcp_ecn=3,mtu=1280", NULL },
		{ "net.ipv4.tcp_sack=1", NULL }, { "tcp_sack=0,", NULL },
		{ "tcp_congestion_control=reno", NULL },
		{ "local_ip=10.0.0.1,local_ip=fd00::1", NULL },
		{ "tcp_sack", "tcp_sack" }, { "tcp_sack=", "tcp_sack=" },
		{ "tcp_sack=2", "tcp_sack=2" }, { "mtu=67", "mtu=67" },
		{ "tcp_sack=1x", "tcp_sack=1x" }, { "sack=1", "sack=1" },
		{ "tcp_ecn=1,,mtu=1500", ",mtu=1500" },
		{ "tcp_congestion_control=x", "tcp_congestion_control=x" },
		{ "local_ip=1.2.3", "local_ip=1.2.3" },
	};
	struct nx_pd_host *host = calloc(1, sizeof(*host));
	const char *wrong;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		wrong = nx_pd_knobs_read(host, rows[i].flags);
		UNIT_ROW(i, !wrong, !rows[i].wrong);
		if (wrong && rows[i].wrong)
			UNIT_ROW(i, strcmp(wrong, rows[i].wrong), 0);
	}
	free(host);
}

static void nx_pd_knobs_read__changes_what_is_said(void)
{
	struct bench b;

	bench_init(&b, "mtu=1000");
	open_listener(&b);
	peer_sends(&b, SYN, 0);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT_EQUAL(b.got.mss, 960);
	bench_exit(&b);
}

/* ---------------------------------------------------------------- calls */

static void calls__serve_a_connection(void)
{
	char data[1000];
	struct bench b;
	int fd = bench_accepted(&b, "tcp_delack_us=1000");

	peer_sends(&b, ACK, 300);
	CU_ASSERT_EQUAL(b.calls.read(b.calls.self, fd, data, 100), 100);
	CU_ASSERT_EQUAL(b.calls.read(b.calls.self, fd, data, 1000), 200);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT_EQUAL(b.got.ack, b.seq);
	CU_ASSERT_EQUAL(b.calls.write(b.calls.self, fd, data, 500), 500);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT_EQUAL(b.got_len, 500);
	peer_sends(&b, ACK | FIN, 0);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT_EQUAL(b.calls.read(b.calls.self, fd, data, 1000), 0);
	CU_ASSERT_EQUAL(b.calls.close(b.calls.self, fd), 0);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT(b.got.flags & FIN);
	peer_sends(&b, ACK, 0);
	CU_ASSERT_EQUAL(b.calls.read(b.calls.self, fd, data, 1), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	bench_exit(&b);
}

static void calls__refuse_what_is_not_there(void)
{
	struct sockaddr_in in = address(peer_ip, 80);
	struct bench b;
	char c;
	int fd;

	bench_init(&b, NULL);
	CU_ASSERT_EQUAL(b.calls.socket(b.calls.self, AF_UNIX, SOCK_STREAM, 0), -1);
	CU_ASSERT_EQUAL(errno, EAFNOSUPPORT);
	CU_ASSERT_EQUAL(b.calls.socket(b.calls.self, AF_INET, SOCK_DGRAM, 0), -1);
	CU_ASSERT_EQUAL(errno, EPROTONOSUPPORT);
	fd = b.calls.socket(b.calls.self, AF_INET, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL(b.calls.read(b.calls.self, fd, &c, 1), -1);
	CU_ASSERT_EQUAL(errno, ENOTCONN);
	CU_ASSERT_EQUAL(b.calls.write(b.calls.self, fd, &c, 1), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	CU_ASSERT_EQUAL(b.calls.bind(b.calls.self, fd, (void *)&in, 4), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(b.calls.close(b.calls.self, fd), 0);
	CU_ASSERT_EQUAL(b.calls.close(b.calls.self, fd), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	bench_exit(&b);
}

/* Nothing listens: RFC 9293 section 3.10.7.1. */
static void calls__answer_for_a_closed_port(void)
{
	struct bench b;

	bench_init(&b, NULL);
	peer_sends(&b, SYN, 0);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT_EQUAL(b.got.flags, RST | ACK);
	CU_ASSERT_EQUAL(b.got.ack, b.seq);
	CU_ASSERT(!peer_gets(&b));
	bench_exit(&b);
}

/* One may be half open; the next one's handshake is in a cookie. */
static void calls__serve_by_a_cookie(void)
{
	int listener, fd, backlog = 1;
	struct bench b;

	bench_init(&b, NULL);
	listener = open_listener(&b);
	CU_ASSERT_EQUAL(b.calls.listen(b.calls.self, listener, backlog), 0);
	peer_sends(&b, SYN, 0);
	CU_ASSERT(peer_gets(&b));
	b.peer_port++;
	peer_sends(&b, SYN, 0);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT_EQUAL(b.got.flags, SYN | ACK);
	peer_sends(&b, ACK, 0);
	fd = b.calls.accept(b.calls.self, listener, NULL, NULL);
	CU_ASSERT(fd >= 0);
	CU_ASSERT_EQUAL(((struct nx_pd_host *)b.calls.self)->socks[0]
			.listen.nr_cookies, 1);
	bench_exit(&b);
}

static void calls__connect_without_blocking(void)
{
	struct sockaddr_in to = address(peer_ip, PEER_PORT);
	struct pollfd pfd = { .events = POLLOUT };
	socklen_t len = sizeof(int);
	struct bench b;
	int err = -1;

	bench_init(&b, NULL);
	pfd.fd = b.calls.socket(b.calls.self, AF_INET,
				SOCK_STREAM | SOCK_NONBLOCK, 0);
	CU_ASSERT_EQUAL(b.calls.connect(b.calls.self, pfd.fd, (void *)&to,
					sizeof(to)), -1);
	CU_ASSERT_EQUAL(errno, EINPROGRESS);
	CU_ASSERT_EQUAL(b.calls.connect(b.calls.self, pfd.fd, (void *)&to,
					sizeof(to)), -1);
	CU_ASSERT_EQUAL(errno, EALREADY);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT_EQUAL(b.calls.poll(b.calls.self, &pfd, 1, 0), 0);
	peer_sends(&b, SYN | ACK, 0);
	CU_ASSERT_EQUAL(b.calls.poll(b.calls.self, &pfd, 1, 0), 1);
	CU_ASSERT_EQUAL(pfd.revents, POLLOUT);
	CU_ASSERT_EQUAL(b.calls.getsockopt(b.calls.self, pfd.fd, SOL_SOCKET,
					   SO_ERROR, &err, &len), 0);
	CU_ASSERT_EQUAL(err, 0);
	bench_exit(&b);
}

static void calls__tell_of_a_reset_once(void)
{
	struct bench b;
	char c;
	int fd = bench_accepted(&b, NULL);

	peer_sends(&b, RST | ACK, 0);
	CU_ASSERT_EQUAL(b.calls.read(b.calls.self, fd, &c, 1), -1);
	CU_ASSERT_EQUAL(errno, ECONNRESET);
	CU_ASSERT_EQUAL(b.calls.read(b.calls.self, fd, &c, 1), 0);
	CU_ASSERT_EQUAL(b.calls.write(b.calls.self, fd, &c, 1), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	bench_exit(&b);
}

static void calls__linger_of_zero_resets(void)
{
	struct linger linger = { .l_onoff = 1 };
	struct bench b;
	int fd = bench_accepted(&b, NULL);

	CU_ASSERT_EQUAL(b.calls.setsockopt(b.calls.self, fd, SOL_SOCKET,
					   SO_LINGER, &linger, sizeof(linger)), 0);
	CU_ASSERT_EQUAL(b.calls.close(b.calls.self, fd), 0);
	CU_ASSERT(peer_gets(&b));
	CU_ASSERT(b.got.flags & RST);
	bench_exit(&b);
}

static void calls__show_the_connection(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	struct bench b;
	char name[16];
	int fd = bench_accepted(&b, NULL);

	CU_ASSERT_EQUAL(b.calls.getsockopt(b.calls.self, fd, IPPROTO_TCP,
					   TCP_INFO, &info, &len), 0);
	CU_ASSERT_EQUAL(len, sizeof(info));
	CU_ASSERT_EQUAL(info.tcpi_state, 1);
	CU_ASSERT_EQUAL(info.tcpi_snd_cwnd, 10);
	CU_ASSERT_EQUAL(info.tcpi_snd_mss, 536);
	len = sizeof(name);
	CU_ASSERT_EQUAL(b.calls.getsockopt(b.calls.self, fd, IPPROTO_TCP,
					   TCP_CONGESTION, name, &len), 0);
	CU_ASSERT_STRING_EQUAL(name, "cubic");
	bench_exit(&b);
}

static void calls__watch_with_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 7 }, got;
	struct bench b;
	int fd = bench_accepted(&b, NULL), ep;

	ep = b.calls.epoll_create(b.calls.self, 1);
	CU_ASSERT_FATAL(ep >= 0);
	CU_ASSERT_EQUAL(b.calls.epoll_ctl(b.calls.self, ep, EPOLL_CTL_ADD, fd,
					  &event), 0);
	CU_ASSERT_EQUAL(b.calls.epoll_ctl(b.calls.self, ep, EPOLL_CTL_ADD, fd,
					  &event), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	CU_ASSERT_EQUAL(b.calls.epoll_wait(b.calls.self, ep, &got, 1, 50), 0);
	peer_sends(&b, ACK, 10);
	CU_ASSERT_EQUAL(b.calls.epoll_wait(b.calls.self, ep, &got, 1, 50), 1);
	CU_ASSERT_EQUAL(got.events, EPOLLIN);
	CU_ASSERT_EQUAL(got.data.u32, 7);
	CU_ASSERT_EQUAL(b.calls.close(b.calls.self, ep), 0);
	bench_exit(&b);
}

/* ---------------------------------------------------------------- clock */

static long long now_us(struct bench *b)
{
	struct timeval tv;

	b->calls.gettimeofday(b->calls.self, &tv, NULL);
	return tv.tv_sec * 1000000ll + tv.tv_usec;
}

/* A second of the clock takes no time, and timers ring where they should. */
static void clock__goes_by_timers(void)
{
	long long begin, us;
	struct bench b;
	uint8_t p[2000];
	size_t len = sizeof(p);
	char c = 'x';
	int fd = bench_accepted(&b, "tcp_early_retrans=0");

	begin = now_us(&b);
	CU_ASSERT_EQUAL(b.calls.write(b.calls.self, fd, &c, 1), 1);
	b.calls.usleep(b.calls.self, 5000000);
	CU_ASSERT(now_us(&b) - begin >= 5000000);
	CU_ASSERT(now_us(&b) - begin < 5000100);
	CU_ASSERT_EQUAL(b.calls.packet_out(b.calls.self, p, &len, &us), 0);
	CU_ASSERT(us - begin < 10);
	len = sizeof(p);
	CU_ASSERT_EQUAL(b.calls.packet_out(b.calls.self, p, &len, &us), 0);
	CU_ASSERT(us - begin > 100000 && us - begin < 1100000);
	bench_exit(&b);
}

struct reader {
	struct bench	*b;
	int		fd;
	ssize_t		got;
	long long	ended_us;
};

static void *read_in_thread(void *arg)
{
	struct reader *r = arg;
	char data[100];

	r->got = r->b->calls.read(r->b->calls.self, r->fd, data, sizeof(data));
	r->ended_us = now_us(r->b);
	return NULL;
}

static bool is_sleeping(struct bench *b)
{
	struct nx_pd_host *host = b->calls.self;
	bool ret;

	pthread_mutex_lock(&host->lock);
	ret = host->is_sleeping;
	pthread_mutex_unlock(&host->lock);
	return ret;
}

/* Whoever sleeps is told when it happened, whatever the scheduler does. */
static void clock__lets_a_sleeper_look_first(void)
{
	struct reader r = { 0 };
	long long sent_us;
	pthread_t thread;
	struct bench b;

	r.fd = bench_accepted(&b, NULL);
	r.b = &b;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, read_in_thread, &r),
			      0);
	while (!is_sleeping(&b))
		usleep(100);
	b.calls.usleep(b.calls.self, 300000);
	sent_us = now_us(&b);
	peer_sends(&b, ACK, 10);
	b.calls.usleep(b.calls.self, 900000);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(r.got, 10);
	CU_ASSERT(r.ended_us >= sent_us && r.ended_us < sent_us + 10);
	bench_exit(&b);
}

/* ----------------------------------------------------------------- wire */

/* Packets that no stack should believe. */
static void wire__loses_what_is_broken(void)
{
	uint8_t p[100] = { 0 };
	struct bench b;
	size_t i;

	bench_init(&b, NULL);
	open_listener(&b);
	CU_ASSERT_EQUAL(b.calls.packet_in(b.calls.self, p, 0), -1);
	for (i = 0; i < 256; i++) {
		p[0] = (uint8_t)i;
		b.calls.packet_in(b.calls.self, p, 1 + i % sizeof(p));
	}
	CU_ASSERT(!peer_gets(&b));
	bench_exit(&b);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_pd_knobs_read__takes_what_there_is),
	UNIT_CASE(nx_pd_knobs_read__changes_what_is_said),
	UNIT_CASE(calls__serve_a_connection),
	UNIT_CASE(calls__refuse_what_is_not_there),
	UNIT_CASE(calls__answer_for_a_closed_port),
	UNIT_CASE_ID(calls__serve_by_a_cookie, "TCP-4 SYN cookies"),
	UNIT_CASE(calls__connect_without_blocking),
	UNIT_CASE(calls__tell_of_a_reset_once),
	UNIT_CASE(calls__linger_of_zero_resets),
	UNIT_CASE(calls__show_the_connection),
	UNIT_CASE(calls__watch_with_epoll),
	UNIT_CASE(clock__goes_by_timers),
	UNIT_CASE(clock__lets_a_sleeper_look_first),
	UNIT_CASE(wire__loses_what_is_broken),
};

UNIT_SUITE(packetdrill_interface_suite, "packetdrill", cases);
