// SPDX-License-Identifier: GPL-2.0
/*
 * TCP connections on a stack on a fake kernel that brings everything back: both
 * ends are this program's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../lib/stream/internal.h"
#include "../fixture.h"


/**
 * struct end - one end of a connection and what it was told
 */
struct end {
	struct nexus_tcp	*tcp;
	uint32_t		nr_established;
	uint32_t		nr_readable;
	uint32_t		nr_writable;
	uint32_t		nr_closed;
	uint64_t		nr_acked;
	int			err;
};

/**
 * struct both - a listener, a client, and who was accepted
 */
struct both {
	struct fixture			f;
	struct nexus_tcp_listener	*listener;
	struct end			client;
	struct end			server;
	uint32_t			nr_accepted;
};

static void on_established(struct nexus_tcp *tcp, void *arg)
{
	struct end *end = arg;

	CU_ASSERT_PTR_EQUAL(tcp, end->tcp);
	end->nr_established++;
}

static void on_readable(struct nexus_tcp *tcp, void *arg)
{
	(void)tcp;
	((struct end *)arg)->nr_readable++;
}

static void on_writable(struct nexus_tcp *tcp, void *arg)
{
	(void)tcp;
	((struct end *)arg)->nr_writable++;
}

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct end *end = arg;

	(void)tcp;
	end->nr_closed++;
	end->err = err;
}

static void on_acked(struct nexus_tcp *tcp, uint64_t bytes, void *arg)
{
	(void)tcp;
	CU_ASSERT(bytes > 0);
	((struct end *)arg)->nr_acked = bytes;
}

static const struct nexus_tcp_callbacks callbacks = {
	.established = on_established, .readable = on_readable,
	.writable = on_writable, .closed = on_closed, .acked = on_acked,
};

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct both *b = arg;

	CU_ASSERT_PTR_EQUAL(listener, b->listener);
	b->nr_accepted++;
	b->server.tcp = tcp;
	nexus_tcp_set_callbacks(tcp, &callbacks, &b->server);
}

static void start_with(struct both *b, const char *local, uint64_t features)
{
	struct nexus_tcp_options o = {
		.local = fake_addr(local), .flags = NEXUS_TCP_REUSEADDR,
		.accept = on_accept, .arg = b,
	};

	memset(b, 0, sizeof(*b));
	fixture_init(&b->f);
	b->f.fk.is_loop = true;
	b->f.fk.features |= features;
	b->f.channel.nr_large = 8;
	fixture_open(&b->f);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_listen(b->f.stack, &o, &b->listener),
			      0);
}

static void start(struct both *b, const char *local)
{
	start_with(b, local, 0);
}

static void connect_to(struct both *b, uint32_t flags)
{
	struct nexus_tcp_options o = {
		.callbacks = &callbacks, .arg = &b->client, .flags = flags,
	};

	nexus_tcp_listener_local(b->listener, &o.remote);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_connect(b->f.stack, &o, &b->client.tcp),
			      0);
}

static void establish(struct both *b, const char *local)
{
	start(b, local);
	connect_to(b, 0);
	fixture_settle(&b->f);
	CU_ASSERT_EQUAL_FATAL(b->nr_accepted, 1);
	CU_ASSERT_EQUAL_FATAL(b->client.nr_established, 1);
}

static void finish(struct both *b)
{
	nexus_tcp_close(b->client.tcp);
	nexus_tcp_close(b->server.tcp);
	fixture_pass(&b->f, 100000000000);
	nexus_tcp_listener_close(b->listener);
	fixture_end(&b->f);
}

static const char *const locals[] = { "127.0.0.1:0", "[::1]:0" };

static void connect__accept(void)
{
	struct nexus_addr a, c;
	struct both b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(locals); i++) {
		establish(&b, locals[i]);
		nexus_tcp_local(b.client.tcp, &a);
		nexus_tcp_remote(b.server.tcp, &c);
		CU_ASSERT_EQUAL(a.port, c.port);
		CU_ASSERT_EQUAL(memcmp(a.ip, c.ip, 16), 0);
		CU_ASSERT_EQUAL(b.server.nr_established, 0);
		finish(&b);
	}
}

static void write__read(void)
{
	struct both b;
	char buf[16];

	establish(&b, locals[0]);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, buf, sizeof(buf)),
			-EAGAIN);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "hello ", 6), 6);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "world", 5), 5);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.server.nr_readable, 1);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, buf, 4), 4);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, buf + 4, 12), 7);
	CU_ASSERT_EQUAL(memcmp(buf, "hello world", 11), 0);
	nexus_tcp_shutdown(b.client.tcp);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, buf, 4), 0);
	/* The other half goes on. */
	CU_ASSERT_EQUAL(nexus_tcp_write(b.server.tcp, "bye", 3), 3);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.client.tcp, buf, 16), 3);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "x", 1), -EPIPE);
	finish(&b);
}

/* What is sent without a copy stays intact until it is acknowledged. */
static void send__recv(void)
{
	struct nexus_packet *pkt;
	struct both b;

	establish(&b, locals[1]);
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(b.f.stack, 100, &pkt), 0);
	memset(pkt->data, 'x', 100);
	CU_ASSERT_EQUAL(nexus_tcp_send(b.client.tcp, pkt), 0);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_recv(b.server.tcp, &pkt), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	CU_ASSERT_EQUAL(pkt->total_len, 100);
	CU_ASSERT_EQUAL(pkt->data[99], 'x');
	nexus_packet_put(b.f.stack, pkt);
	CU_ASSERT_EQUAL(nexus_tcp_recv(b.server.tcp, &pkt), -EAGAIN);
	CU_ASSERT_PTR_NULL(pkt);
	finish(&b);
}

/* The stream's byte at @pos. */
static uint8_t byte_at(uint32_t pos)
{
	return (uint8_t)((pos * 2654435761u) >> 24);
}

static uint32_t write_some(struct both *b, uint32_t pos, uint32_t end)
{
	uint8_t buf[5000];
	uint32_t i, len = end - pos < sizeof(buf) ? end - pos : sizeof(buf);
	ssize_t n;

	for (i = 0; i < len; i++)
		buf[i] = byte_at(pos + i);
	n = nexus_tcp_write(b->client.tcp, buf, len);
	CU_ASSERT(n > 0 || n == -EAGAIN || !len);
	return n > 0 ? (uint32_t)n : 0;
}

static uint32_t read_some(struct both *b, uint32_t pos)
{
	uint8_t buf[3001];
	ssize_t n = nexus_tcp_read(b->server.tcp, buf, sizeof(buf)), i;

	for (i = 0; i < n; i++)
		CU_ASSERT_EQUAL_FATAL(buf[i], byte_at(pos + (uint32_t)i));
	return n > 0 ? (uint32_t)n : 0;
}

static void write__bulk(void)
{
	uint32_t written = 0, done = 0, end = 1000000, tries = 0;
	struct both b;

	establish(&b, locals[0]);
	while (done < end && tries++ < 100000) {
		written += write_some(&b, written, end);
		nexus_stack_run(b.f.stack);
		done += read_some(&b, done);
		b.f.now_ns += 100000;
	}
	CU_ASSERT_EQUAL(done, end);
	finish(&b);
}

/* Super-packets, each cut where a segment ends but for the last. */
static void write_super_packets(uint64_t features)
{
	uint32_t written = 0, done = 0, end = 1000000, i, nr = 0;
	const struct nexus_desc *d;
	struct both b;

	start_with(&b, locals[0], NEXUS_FEATURE_TSO | features);
	connect_to(&b, 0);
	fixture_settle(&b.f);
	for (i = 0; i < 100000 && done < end; i++) {
		written += write_some(&b, written, end);
		nexus_stack_run(b.f.stack);
		done += read_some(&b, done);
		b.f.now_ns += 100000;
	}
	CU_ASSERT_EQUAL(done, end);
	for (i = 0; i < b.f.fk.nr_sent; i++) {
		d = &b.f.fk.sent[i].desc;
		if (!(d->flags & NEXUS_DESC_GSO))
			continue;
		nr++;
		CU_ASSERT_EQUAL(d->gso_size, 1448);
		CU_ASSERT(b.f.fk.sent[i].len > 52 + 1448);
	}
	CU_ASSERT(nr > 10);
	finish(&b);
}

static void write__super_packets(void)
{
	write_super_packets(0);
}

static void write__super_packets_by_reference(void)
{
	write_super_packets(NEXUS_FEATURE_KEEP);
}

/* A connection whose kernel lets the library keep what it sends. */
static void establish_keeping(struct both *b, const char *local)
{
	start_with(b, local, NEXUS_FEATURE_TSO | NEXUS_FEATURE_KEEP);
	connect_to(b, 0);
	fixture_settle(&b->f);
	CU_ASSERT_EQUAL_FATAL(b->nr_accepted, 1);
}

/* Queues @len bytes in one packet, which the library owns then. */
static struct nexus_packet *send_packet(struct both *b, size_t len)
{
	struct nexus_packet *pkt;
	size_t i;

	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(b->f.stack, len, &pkt), 0);
	CU_ASSERT_EQUAL_FATAL(pkt->info.nr_parts, 1);
	for (i = 0; i < len; i++)
		pkt->data[i] = byte_at((uint32_t)i);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_send(b->client.tcp, pkt), 0);
	return pkt;
}

static void expect_bytes(struct both *b, uint32_t end)
{
	uint32_t done = 0, n;

	while (done < end && (n = read_some(b, done))) {
		done += n;
		fixture_pass(&b->f, 1000000);
	}
	CU_ASSERT_EQUAL(done, end);
}

/* What is lost leaves again from the buffer that it lies in, whole or cut. */
static void send_again(const char *local, uint32_t len)
{
	struct nexus_packet *pkt;
	struct nexus_tcp_info info;
	struct both b;
	uint32_t buf;

	establish_keeping(&b, local);
	b.f.fk.is_loop = false;
	pkt = send_packet(&b, len);
	buf = pkt->buf;
	fixture_settle(&b.f);
	CU_ASSERT(b.f.fk.nr_sent > 0);
	CU_ASSERT_TRUE(b.f.fk.is_users[buf]);
	CU_ASSERT_EQUAL(b.client.nr_acked, 0);
	CU_ASSERT_EQUAL(pkt->data[len - 1], byte_at(len - 1));
	b.f.fk.is_loop = true;
	fixture_pass(&b.f, 3000000000);
	nexus_tcp_info(b.client.tcp, &info);
	CU_ASSERT(info.nr_retrans > 0);
	CU_ASSERT_EQUAL(info.unacked, 0);
	CU_ASSERT_EQUAL(b.client.nr_acked, len);
	expect_bytes(&b, len);
	finish(&b);
}

static void send__again_by_reference(void)
{
	send_again(locals[0], 10000);
	send_again(locals[1], 10000);
}

/* In one buffer with its headers. */
static void send__again_as_it_is(void)
{
	send_again(locals[0], 100);
	send_again(locals[1], 1200);
}

/* One descriptor for a small write, and no buffer but the one that it lies in. */
static void write__small_leaves_as_it_is(void)
{
	struct fake_packet *sent;
	uint32_t before;
	struct both b;

	establish_keeping(&b, locals[0]);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "hello", 5), 5);
	before = b.f.fk.nr_sent;
	nexus_stack_run(b.f.stack);
	CU_ASSERT_EQUAL_FATAL(b.f.fk.nr_sent, before + 1);
	sent = &b.f.fk.sent[before];
	CU_ASSERT_EQUAL(sent->nr_parts, 1);
	CU_ASSERT_EQUAL(sent->desc.flags,
			NEXUS_DESC_KEEP | NEXUS_DESC_CSUM);
	CU_ASSERT_EQUAL(sent->len, 20 + 32 + 5);
	fixture_settle(&b.f);
	finish(&b);
}

/*
 * What poll leaves to be done before the thread sleeps is told to who sleeps by other
 * means: the delayed ACK's timer is armed when the timeout says so.
 */
static void timeout_ns__tells_what_poll_has_left(void)
{
	struct both b;
	int64_t timer_ns;

	establish(&b, locals[0]);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "x", 1), 1);
	nexus_stack_flush(b.f.stack);
	CU_ASSERT_EQUAL(nexus_stack_poll(b.f.stack, 0), 1);
	CU_ASSERT_EQUAL(b.server.nr_readable, 1);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(b.f.stack), 0);
	nexus_stack_run(b.f.stack);
	timer_ns = nexus_stack_timeout_ns(b.f.stack);
	CU_ASSERT(timer_ns > 0 && timer_ns <= 40000000);
	fixture_settle(&b.f);
	finish(&b);
}

/* A connection that ends before the kernel has taken its segments. */
static void hold_until_taken(uint32_t len, uint32_t nr_descs)
{
	struct nexus_packet *pkt;
	struct both b;

	establish_keeping(&b, locals[0]);
	pkt = send_packet(&b, len);
	b.f.fk.sync_error = -EAGAIN;
	nexus_stack_run(b.f.stack);
	CU_ASSERT_EQUAL(nexus_tx_pending(b.f.stack->queue), nr_descs);
	CU_ASSERT_EQUAL(pkt->refs, 2);
	nexus_tcp_abort(b.client.tcp);
	b.client.tcp = NULL;
	CU_ASSERT_EQUAL(pkt->refs, 1);
	CU_ASSERT_EQUAL(b.f.stack->nr_kept, 1);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tx_pending(b.f.stack->queue), 0);
	CU_ASSERT_EQUAL(b.f.stack->nr_kept, 0);
	finish(&b);
}

static void send__is_held_until_taken(void)
{
	hold_until_taken(10000, 2);
	hold_until_taken(100, 1);
}

/* In several buffers, and a second packet behind them in the same segment. */
static void send__parts_by_reference(void)
{
	const uint32_t len = 12000;
	struct nexus_packet *pkt;
	struct both b;
	uint32_t i;

	start_with(&b, locals[0], NEXUS_FEATURE_TSO | NEXUS_FEATURE_KEEP);
	connect_to(&b, NEXUS_TCP_NODELAY);
	fixture_settle(&b.f);
	while (nexus_buffer_get(b.f.stack->queue, NEXUS_LARGE) !=
	       NEXUS_BUFFER_NONE)
		;
	b.f.fk.nr_pool[NEXUS_LARGE] = 0;
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(b.f.stack, len, &pkt), 0);
	CU_ASSERT(pkt->info.nr_parts > 5);
	for (i = 0; i < len; i++) {
		uint8_t byte = byte_at(i);

		nexus_packet_write(pkt, i, &byte, 1);
	}
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_send(b.client.tcp, pkt), 0);
	fixture_settle(&b.f);
	expect_bytes(&b, len);
	finish(&b);
}

/* A peer that does not read closes the window, and back-pressure is told. */
static void write__is_held_back(void)
{
	uint32_t written = 0, done = 0, n;
	struct both b;

	establish(&b, locals[0]);
	do {
		n = write_some(&b, written, 100000000);
		written += n;
		fixture_pass(&b.f, 1000000);
	} while (n);
	CU_ASSERT_EQUAL(b.client.nr_writable, 0);
	while (done < written && (n = read_some(&b, done))) {
		done += n;
		fixture_pass(&b.f, 1000000);
	}
	CU_ASSERT_EQUAL(done, written);
	CU_ASSERT(b.client.nr_writable > 0);
	finish(&b);
}

/* As Linux's sk_stream_is_writeable(): with a third of the buffer free. */
static void poll_events__are_writable_with_a_third_free(void)
{
	static const struct {
		uint32_t queued, all;
		bool is_writable;
	} rows[] = {
		{ 0, 3, true }, { 1, 3, true }, { 2, 3, true }, { 3, 3, false },
		{ 5, 3, false }, { 399999, 600000, true }, { 400000, 600000, true },
		{ 400002, 600000, false }, { 599999, 600000, false },
		{ 600000, 600000, false },
	};
	struct nx_tcp_config config;
	const struct nx_tcp_config *own;
	struct nx_tcp *tcp;
	struct both b;
	uint32_t una;
	size_t i;

	establish(&b, locals[0]);
	tcp = &b.client.tcp->tcp;
	una = tcp->snd_una;
	own = tcp->config;
	config = *own;
	tcp->config = &config;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		config.snd_buf_bytes = rows[i].all;
		tcp->snd_una = tcp->write_seq - rows[i].queued;
		UNIT_ROW(i, !!(nexus_tcp_poll_events(b.client.tcp) & POLLOUT),
			 rows[i].is_writable);
	}
	tcp->snd_una = una;
	tcp->config = own;
	finish(&b);
}

/* A few bytes that must be said pass a full send buffer, behind what fills it. */
static void send_anyway__passes_a_full_buffer(void)
{
	uint32_t written = 0, done = 0, n;
	struct nexus_packet *pkt;
	struct both b;

	establish(&b, locals[0]);
	while ((n = write_some(&b, written, 100000000)) != 0) {
		written += n;
		fixture_pass(&b.f, 1000000);
	}
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(b.f.stack, 1, &pkt), 0);
	pkt->data[0] = byte_at(written);
	CU_ASSERT_EQUAL(nexus_tcp_send(b.client.tcp, pkt), -EAGAIN);
	CU_ASSERT_EQUAL(nexus_tcp_send_anyway(b.client.tcp, pkt), 0);
	while ((n = read_some(&b, done)) != 0) {
		done += n;
		fixture_pass(&b.f, 1000000);
	}
	CU_ASSERT_EQUAL(done, written + 1);
	finish(&b);
}

static void want_writable__comes_once(void)
{
	struct both b;

	establish(&b, locals[0]);
	CU_ASSERT_EQUAL(b.client.nr_writable, 0);
	nexus_tcp_want_writable(b.client.tcp);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.client.nr_writable, 1);
	finish(&b);
}

/* What one connection holds unread, and what the kernel says, limits all. */
static void window__follows_pool_and_pressure(void)
{
	struct nexus_advisory *a;
	struct nx_streams *s;
	uint32_t free_window, n, written = 0, done = 0;
	struct both b;

	establish(&b, locals[0]);
	s = nx_streams_of(b.f.stack);
	a = (struct nexus_advisory *)b.f.fk.maps[NEXUS_REGION_ADVISORY];
	free_window = nx_streams_window(s);
	CU_ASSERT_EQUAL(free_window, nx_streams_pool_bytes(b.f.stack) / 4);
	n = write_some(&b, 0, 100000);
	written += n;
	fixture_pass(&b.f, 1000000);
	CU_ASSERT(s->unread_bytes > 0);
	CU_ASSERT(nx_streams_window(s) < free_window);
	while (done < written && (n = read_some(&b, done)))
		done += n;
	CU_ASSERT_EQUAL(s->unread_bytes, 0);
	CU_ASSERT_EQUAL(s->env.rcv_limit_bytes, free_window);
	a->pressure = 1;
	written += write_some(&b, written, 1000);
	fixture_pass(&b.f, 1000000);
	CU_ASSERT_EQUAL(s->env.rcv_limit_bytes, 64 << 10);
	CU_ASSERT(b.server.tcp->tcp.rcv_buf_bytes <= 64 << 10);
	a->pressure = 0;
	while (done < written && (n = read_some(&b, done)))
		done += n;
	CU_ASSERT_EQUAL(done, written);
	CU_ASSERT_EQUAL(s->env.rcv_limit_bytes, free_window);
	finish(&b);
}

/* A peer that sends byte by byte does not hold a buffer with each. */
static void recv__small_segments_share_buffers(void)
{
	uint32_t before;
	uint8_t got[200], i;
	struct both b;

	establish(&b, "127.0.0.1:0");
	nexus_tcp_set_nodelay(b.client.tcp, true);
	before = fake_user_buffers(&b.f.fk);
	for (i = 0; i < sizeof(got); i++) {
		CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, &i, 1), 1);
		fixture_settle(&b.f);
	}
	fixture_pass(&b.f, 1000000000);
	CU_ASSERT(fake_user_buffers(&b.f.fk) < before + 20);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, got, 100), 100);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, &i, 1), 1);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, got + 100, 100), 100);
	CU_ASSERT_EQUAL(nexus_tcp_readable(b.server.tcp), 1);
	for (i = 0; i < sizeof(got); i++)
		CU_ASSERT_EQUAL(got[i], i);
	finish(&b);
}

static void close__both(void)
{
	struct both b;

	establish(&b, locals[0]);
	nexus_tcp_shutdown(b.client.tcp);
	fixture_settle(&b.f);
	nexus_tcp_shutdown(b.server.tcp);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.server.nr_closed, 1);
	CU_ASSERT_EQUAL(b.server.err, 0);
	fixture_pass(&b.f, 61000000000);
	CU_ASSERT_EQUAL(b.client.nr_closed, 1);
	CU_ASSERT_EQUAL(b.client.err, 0);
	finish(&b);
}

static void abort__resets(void)
{
	struct both b;
	char c;

	establish(&b, locals[0]);
	nexus_tcp_abort(b.client.tcp);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.server.nr_closed, 1);
	CU_ASSERT_EQUAL(b.server.err, -ECONNRESET);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, &c, 1), -ECONNRESET);
	b.client.tcp = NULL;
	finish(&b);
}

/* Nobody reads what has arrived: the peer must learn of it. */
static void close__unread(void)
{
	struct both b;

	establish(&b, locals[0]);
	nexus_tcp_write(b.client.tcp, "x", 1);
	fixture_settle(&b.f);
	nexus_tcp_close(b.server.tcp);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.client.err, -ECONNRESET);
	b.server.tcp = NULL;
	finish(&b);
}

static void connect__unanswered(void)
{
	struct both b;

	start(&b, locals[0]);
	b.f.fk.is_loop = false;
	connect_to(&b, 0);
	fixture_pass(&b.f, 300000000000);
	CU_ASSERT_EQUAL(b.client.nr_established, 0);
	CU_ASSERT_EQUAL(b.client.err, -ETIMEDOUT);
	CU_ASSERT_EQUAL(b.f.fk.nr_sent, 7);
	finish(&b);
}

/* The index that the last segment of @end's was sent by. */
static uint32_t sent_by(struct both *b, struct end *end)
{
	uint32_t flow;

	CU_ASSERT_EQUAL(nexus_tcp_write(end->tcp, "x", 1), 1);
	nexus_stack_run(b->f.stack);
	flow = b->f.fk.sent[b->f.fk.nr_sent - 1].desc.flow;
	fixture_settle(&b->f);
	return flow;
}

/*
 * The kernel makes a flow of an accepted connection, gives its index to another
 * one, and takes it away: each packet says where the connection is.
 */
static void accept__flow_comes_and_goes(void)
{
	uint32_t listener;
	struct both b;

	establish(&b, locals[0]);
	listener = b.listener->sink.flow;
	CU_ASSERT_EQUAL(sent_by(&b, &b.server), listener);
	b.f.fk.child_flow = 40;
	nexus_tcp_write(b.client.tcp, "x", 1);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(sent_by(&b, &b.server), 40);
	/* A second connection is sent by the same index: it is not the first's. */
	connect_to(&b, 0);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL_FATAL(b.nr_accepted, 2);
	CU_ASSERT_EQUAL(sent_by(&b, &b.server), 40);
	b.f.fk.child_flow = 0;
	nexus_tcp_write(b.client.tcp, "x", 1);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(sent_by(&b, &b.server), listener);
	fixture_pass(&b.f, 1000000000);
	fixture_end(&b.f);
}

static void listen__again(void)
{
	struct both b;
	unsigned int i;

	start(&b, locals[0]);
	for (i = 1; i <= 20; i++) {
		connect_to(&b, NEXUS_TCP_NODELAY);
		fixture_settle(&b.f);
		CU_ASSERT_EQUAL_FATAL(b.nr_accepted, i);
		nexus_tcp_close(b.client.tcp);
		nexus_tcp_close(b.server.tcp);
		b.client = b.server = (struct end) { 0 };
	}
	finish(&b);
}

static void info__established(void)
{
	struct nexus_tcp_info info;
	struct both b;

	establish(&b, locals[0]);
	nexus_tcp_info(b.client.tcp, &info);
	CU_ASSERT_STRING_EQUAL(info.state, "ESTAB");
	CU_ASSERT_STRING_EQUAL(info.recovery, "open");
	CU_ASSERT_STRING_EQUAL(info.congestion, "cubic");
	CU_ASSERT(info.has_sack && info.has_timestamps && info.has_wscale);
	CU_ASSERT_EQUAL(info.mss, 1500 - 40 - 12);
	finish(&b);
}

/* The kernel finds a connection's report by the index of its flow. */
static void report__established(void)
{
	const struct nexus_tcp_report *r;
	struct both b;
	uint32_t flow;

	establish(&b, locals[0]);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "hello", 5), 5);
	fixture_pass(&b.f, 1000000000);	/* the ACK is delayed */
	flow = b.client.tcp->sink.flow;
	r = &nexus_stack_channel(b.f.stack)->reports[flow];
	CU_ASSERT_EQUAL(r->generation, nexus_channel_flow_advisory(
		nexus_stack_channel(b.f.stack), flow)->generation);
	CU_ASSERT_EQUAL(r->state, NEXUS_TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(r->flags, NEXUS_REPORT_SACK | NEXUS_REPORT_TIMESTAMPS |
				  NEXUS_REPORT_WSCALE | (r->flags & NEXUS_REPORT_ECN));
	CU_ASSERT_EQUAL(r->mss, 1500 - 40 - 12);
	CU_ASSERT_EQUAL(r->bytes_acked, 5);
	CU_ASSERT(!r->unacked && !r->unsent && !r->unread);
	CU_ASSERT(r->cwnd > 0 && r->rto_ns > 0);
	nexus_tcp_shutdown(b.client.tcp);
	fixture_pass(&b.f, 1000000000);
	CU_ASSERT_EQUAL(r->state, NEXUS_TCP_FIN_WAIT_2);
	/* One that sends by its listener's index has none of its own. */
	flow = b.listener->sink.flow;
	r = &nexus_stack_channel(b.f.stack)->reports[flow];
	CU_ASSERT_EQUAL(r->generation, 0);
	finish(&b);
}

/* "Fragmentation needed" that quotes @sent, to the flow it left by. */
static void deliver_too_big(struct both *b, const struct fake_packet *sent,
			    uint16_t mtu)
{
	struct nexus_wire_ipv4 ip = {
		.total_len = 56, .ttl = 64, .protocol = IPPROTO_ICMP,
		.src = { 192, 0, 2, 1 }, .dst = { 127, 0, 0, 1 },
	};
	struct nexus_wire_icmp icmp = { .type = 3, .code = 4, .mtu = mtu };
	uint8_t p[56];
	struct fake_rx rx = {
		.desc = {
			.flow = sent->desc.flow, .protocol = IPPROTO_ICMP,
			.flags = NEXUS_DESC_ERROR, .ip_version = 4,
			.l4_off = 20, .payload_off = 28,
		},
		.data = p, .len = sizeof(p),
	};

	nexus_wire_ipv4_build(&ip, p, 20);
	nexus_wire_icmp_build(&icmp, p + 20, 8);
	memcpy(p + 28, sent->data, 28);
	CU_ASSERT_EQUAL(fake_deliver(&b->f.fk, &rx), 0);
}

/* The error of an accepted connection comes to its listener's flow. */
static void error__too_big(void)
{
	struct nexus_tcp_info info;
	char payload[1400] = { 0 };
	unsigned int i;
	struct both b;

	for (i = 0; i < 2; i++) {
		struct end *end;

		establish(&b, locals[0]);
		end = i ? &b.server : &b.client;
		b.f.fk.is_loop = false;
		nexus_tcp_write(end->tcp, payload, sizeof(payload));
		nexus_stack_run(b.f.stack);
		deliver_too_big(&b, &b.f.fk.sent[b.f.fk.nr_sent - 1], 1000);
		fixture_settle(&b.f);
		nexus_tcp_info(end->tcp, &info);
		CU_ASSERT_EQUAL(info.mtu, 1000);
		b.f.fk.is_loop = true;
		fixture_pass(&b.f, 1000000000);
		nexus_tcp_info(end->tcp, &info);
		CU_ASSERT_EQUAL(info.bytes_acked, sizeof(payload));
		finish(&b);
	}
}

static void close__with_the_stack(void)
{
	struct both b;

	establish(&b, locals[0]);
	nexus_tcp_write(b.client.tcp, "x", 1);
	fixture_end(&b.f);
}

/* A socket of the program's: not bound, and closed as soon as it is a flow. */
static void connect_on__leaves_the_socket_to_the_program(void)
{
	struct nexus_tcp_options o = {
		.callbacks = &callbacks,
	};
	struct both b;
	int fd;

	start(&b, "127.0.0.1");
	o.arg = &b.client;
	nexus_tcp_listener_local(b.listener, &o.remote);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_connect_on(b.f.stack, fd, &o,
						   &b.client.tcp), 0);
	CU_ASSERT_EQUAL(close(fd), 0);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.client.nr_established, 1);
	CU_ASSERT_EQUAL(b.nr_accepted, 1);
	finish(&b);
}

static void connect_on__what_is_refused_stays_the_kernels(void)
{
	struct nexus_tcp_options o = { .callbacks = &callbacks };
	struct both b;
	int fd;

	start(&b, "127.0.0.1");
	o.arg = &b.client;
	nexus_tcp_listener_local(b.listener, &o.remote);
	b.f.fk.flow_error = -ENOSPC;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL(nexus_tcp_connect_on(b.f.stack, fd, &o, &b.client.tcp),
			-ENOSPC);
	CU_ASSERT(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	nexus_tcp_listener_close(b.listener);
	fixture_end(&b.f);
}

static void listen_on__takes_a_bound_socket(void)
{
	struct sockaddr_in local = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct nexus_tcp_options o = { .accept = on_accept };
	struct both b;
	int fd;

	start(&b, "127.0.0.1");
	nexus_tcp_listener_close(b.listener);
	o.arg = &b;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL(bind(fd, (void *)&local, sizeof(local)), 0);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_listen_on(b.f.stack, fd, &o,
						  &b.listener), 0);
	close(fd);
	connect_to(&b, 0);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.nr_accepted, 1);
	finish(&b);
}

static void set_patience__is_for_one_connection_alone(void)
{
	struct nexus_tcp_options o = { .keep_idle_s = 5, .user_timeout_ms = 9000 };
	const struct nx_tcp_config *config;
	struct both b;

	establish(&b, "127.0.0.1:5001");
	fixture_pass(&b.f, 1000000000);
	nexus_tcp_set_keepalive(b.server.tcp, true);
	CU_ASSERT_EQUAL(nexus_tcp_set_patience(b.server.tcp, &o), 0);
	CU_ASSERT(nexus_stack_timeout_ns(b.f.stack) <= 5000000000LL);
	config = b.server.tcp->tcp.config;
	CU_ASSERT_EQUAL(config->keep_idle_ms, 5000);
	CU_ASSERT_EQUAL(config->user_timeout_ms, 9000);
	CU_ASSERT_EQUAL(config->keep_probes, nx_tcp_config_default.keep_probes);
	CU_ASSERT_EQUAL(b.listener->config->keep_idle_ms,
			nx_tcp_config_default.keep_idle_ms);
	o.keep_probes = 256;
	CU_ASSERT_EQUAL(nexus_tcp_set_patience(b.server.tcp, &o), -EINVAL);
	finish(&b);
}

static void peek__leaves_what_it_shows(void)
{
	struct nx_tcp_span span;
	char got[8] = "";
	struct both b;

	establish(&b, "127.0.0.1");
	nexus_tcp_set_nodelay(b.client.tcp, true);
	CU_ASSERT_EQUAL(nexus_tcp_peek(b.server.tcp, got, 4), -EAGAIN);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "abc", 3), 3);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "defg", 4), 4);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_readable(b.server.tcp), 7);
	/* Over the border of two segments, twice the same. */
	CU_ASSERT_EQUAL(nexus_tcp_peek(b.server.tcp, got, 5), 5);
	CU_ASSERT_NSTRING_EQUAL(got, "abcde", 5);
	CU_ASSERT_EQUAL(nexus_tcp_peek(b.server.tcp, got, sizeof(got)), 7);
	CU_ASSERT_NSTRING_EQUAL(got, "abcdefg", 7);
	/* From within a segment. */
	CU_ASSERT(nx_tcp_peek_at(&b.server.tcp->tcp, 4, &span));
	CU_ASSERT_EQUAL(span.len, 3);
	nexus_packet_read(span.buf, span.off, got, span.len);
	CU_ASSERT_NSTRING_EQUAL(got, "efg", 3);
	CU_ASSERT(!nx_tcp_peek_at(&b.server.tcp->tcp, 7, &span));
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, got, 2), 2);
	CU_ASSERT_EQUAL(nexus_tcp_peek(b.server.tcp, got, 3), 3);
	CU_ASSERT_NSTRING_EQUAL(got, "cde", 3);
	CU_ASSERT_EQUAL(nexus_tcp_readable(b.server.tcp), 5);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, got, sizeof(got)), 5);
	finish(&b);
}

/* As poll() says it of the kernel's sockets in the same states. */
static void poll_events__follow_the_state(void)
{
	char got[8];
	struct both b;

	start(&b, "127.0.0.1");
	connect_to(&b, 0);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.client.tcp), 0);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.client.tcp), POLLOUT);
	nexus_tcp_write(b.client.tcp, "x", 1);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.server.tcp), POLLIN | POLLOUT);
	nexus_tcp_read(b.server.tcp, got, sizeof(got));
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.server.tcp), POLLOUT);
	nexus_tcp_shutdown(b.client.tcp);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.client.tcp), POLLOUT);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.server.tcp),
			POLLIN | POLLOUT | POLLRDHUP);
	nexus_tcp_shutdown(b.server.tcp);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.client.tcp),
			POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.server.tcp),
			POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	finish(&b);
}

static void unfinished__counts_what_is_not_acknowledged(void)
{
	struct both b;

	establish(&b, "127.0.0.1");
	CU_ASSERT_EQUAL(nexus_tcp_unfinished(b.f.stack), 0);
	nexus_tcp_close(b.client.tcp);
	b.client.tcp = NULL;
	CU_ASSERT_EQUAL(nexus_tcp_unfinished(b.f.stack), 1);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_unfinished(b.f.stack), 0);
	nexus_tcp_close(b.server.tcp);
	b.server.tcp = NULL;
	CU_ASSERT_EQUAL(nexus_tcp_unfinished(b.f.stack), 1);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_unfinished(b.f.stack), 0);
	finish(&b);
}

static const struct unit_case cases[] = {
	UNIT_CASE(connect__accept),
	UNIT_CASE(connect__unanswered),
	UNIT_CASE(listen__again),
	UNIT_CASE(accept__flow_comes_and_goes),
	UNIT_CASE(write__read),
	UNIT_CASE(send__recv),
	UNIT_CASE_ID(write__bulk, "TCP-2 every byte right"),
	UNIT_CASE(write__super_packets),
	UNIT_CASE(write__super_packets_by_reference),
	UNIT_CASE(send__again_by_reference),
	UNIT_CASE(send__again_as_it_is),
	UNIT_CASE(write__small_leaves_as_it_is),
	UNIT_CASE(timeout_ns__tells_what_poll_has_left),
	UNIT_CASE(send__is_held_until_taken),
	UNIT_CASE(send__parts_by_reference),
	UNIT_CASE(write__is_held_back),
	UNIT_CASE(send_anyway__passes_a_full_buffer),
	UNIT_CASE(poll_events__are_writable_with_a_third_free),
	UNIT_CASE(want_writable__comes_once),
	UNIT_CASE(window__follows_pool_and_pressure),
	UNIT_CASE(recv__small_segments_share_buffers),
	UNIT_CASE(close__both),
	UNIT_CASE(close__unread),
	UNIT_CASE(close__with_the_stack),
	UNIT_CASE(abort__resets),
	UNIT_CASE(info__established),
	UNIT_CASE(report__established),
	UNIT_CASE(connect_on__leaves_the_socket_to_the_program),
	UNIT_CASE(connect_on__what_is_refused_stays_the_kernels),
	UNIT_CASE(listen_on__takes_a_bound_socket),
	UNIT_CASE(set_patience__is_for_one_connection_alone),
	UNIT_CASE(peek__leaves_what_it_shows),
	UNIT_CASE(poll_events__follow_the_state),
	UNIT_CASE(unfinished__counts_what_is_not_acknowledged),
	UNIT_CASE_ID(error__too_big, "TCP-8"),
};

UNIT_SUITE(stream_suite, "stream", cases);
