// SPDX-License-Identifier: GPL-2.0
/*
 * Fast Open on a stack on a fake kernel that brings everything back: cookies of
 * peers, and listeners that accept early.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "../../../lib/stream/internal.h"
#include "../fixture.h"

#define REQUEST		"request"
#define ANSWER		"answer!"
#define LEN		7

/**
 * struct bed - a listener and its last connection, which answers, and a client
 * @state:   of the server's when it was accepted
 * @err:     with which the client's ended
 * @answers: the server does so as soon as it is accepted
 */
struct bed {
	struct fixture			f;
	struct nexus_tcp_listener	*listener;
	struct nexus_tcp		*client;
	struct nexus_tcp		*server;
	const char			*state;
	int				err;
	bool				answers;
};

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	(void)tcp;
	((struct bed *)arg)->err = err;
}

static const struct nexus_tcp_callbacks callbacks = { .closed = on_closed };

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct nexus_tcp_info info;
	struct bed *b = arg;

	(void)listener;
	nexus_tcp_info(tcp, &info);
	b->state = info.state;
	b->server = tcp;
	nexus_tcp_set_callbacks(tcp, NULL, NULL);
	if (b->answers)
		CU_ASSERT_EQUAL(nexus_tcp_write(tcp, ANSWER, LEN), LEN);
}

static void listen_with(struct bed *b, const char *local, uint32_t flags,
			uint32_t early_max)
{
	struct nexus_tcp_options o = {
		.local = fake_addr(local), .accept = on_accept, .arg = b,
		.flags = NEXUS_TCP_REUSEADDR | flags, .early_max = early_max,
	};

	CU_ASSERT_EQUAL_FATAL(nexus_tcp_listen(b->f.stack, &o, &b->listener),
			      0);
}

static void start(struct bed *b, const char *local)
{
	memset(b, 0, sizeof(*b));
	fixture_init(&b->f);
	b->f.fk.is_loop = true;
	fixture_open(&b->f);
	listen_with(b, local, NEXUS_TCP_FAST_OPEN, 0);
}

static void open_with(struct bed *b, uint32_t flags)
{
	struct nexus_tcp_options o = {
		.callbacks = &callbacks, .arg = b, .flags = flags,
	};

	b->state = NULL;
	b->server = NULL;
	nexus_tcp_listener_local(b->listener, &o.remote);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_connect(b->f.stack, &o, &b->client), 0);
}

static void connect_with(struct bed *b, uint32_t flags)
{
	open_with(b, flags);
	CU_ASSERT_EQUAL(nexus_tcp_write(b->client, REQUEST, LEN), LEN);
}

/* Exactly the request has arrived. */
static void expect_request(struct bed *b)
{
	char buf[2 * LEN];

	CU_ASSERT_PTR_NOT_NULL_FATAL(b->server);
	CU_ASSERT_EQUAL(nexus_tcp_read(b->server, buf, sizeof(buf)), LEN);
	CU_ASSERT_EQUAL(memcmp(buf, REQUEST, LEN), 0);
}

static bool has_syn_data(const struct nexus_tcp *tcp)
{
	struct nexus_tcp_info info;

	nexus_tcp_info(tcp, &info);
	return info.has_syn_data;
}

static void drop(struct bed *b)
{
	nexus_tcp_close(b->client);
	nexus_tcp_close(b->server);
	b->client = NULL;
	b->server = NULL;
	fixture_pass(&b->f, 70000000000);
}

/* One connection, whose data come with the SYN or not. */
static void exchange(struct bed *b, bool is_early)
{
	connect_with(b, NEXUS_TCP_FAST_OPEN);
	fixture_settle(&b->f);
	expect_request(b);
	CU_ASSERT_EQUAL(has_syn_data(b->client), is_early);
	CU_ASSERT_EQUAL(has_syn_data(b->server), is_early);
	CU_ASSERT_STRING_EQUAL(b->state, is_early ? "SYN-RECV" : "ESTAB");
	drop(b);
}

/* One whose SYN with data has arrived, and whose answer is lost. */
static void connect_halfway(struct bed *b)
{
	connect_with(b, NEXUS_TCP_FAST_OPEN);
	nexus_stack_run(b->f.stack);
	b->f.fk.is_loop = false;
	fixture_settle(&b->f);
	CU_ASSERT_TRUE_FATAL(b->server && b->server->is_early);
}

static void finish(struct bed *b)
{
	nexus_tcp_listener_close(b->listener);
	fixture_end(&b->f);
}

static void connect__second_is_fast(void)
{
	static const char *const locals[] = { "127.0.0.1:0", "[::1]:0" };
	struct bed b;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		start(&b, locals[i]);
		exchange(&b, false);
		exchange(&b, true);
		exchange(&b, true);
		CU_ASSERT_EQUAL(b.listener->listen.nr_early, 0);
		finish(&b);
	}
}

/* Who does not want it has nothing of it, at either end. */
static void connect__only_with_the_flag(void)
{
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	connect_with(&b, 0);
	fixture_settle(&b.f);
	expect_request(&b);
	CU_ASSERT_FALSE(has_syn_data(b.client));
	drop(&b);
	nexus_tcp_listener_close(b.listener);
	listen_with(&b, "127.0.0.1:0", 0, 0);
	exchange(&b, false);
	exchange(&b, false);
	finish(&b);
}

#define DEFERRED	(NEXUS_TCP_FAST_OPEN | NEXUS_TCP_DEFER)

/* The SYN waits for the request, and then has it, however long that takes. */
static void connect__defers_until_there_is_payload(void)
{
	struct nexus_tcp_info info;
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	open_with(&b, DEFERRED);
	fixture_pass(&b.f, 3600000000000);
	CU_ASSERT_PTR_NULL(b.server);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.client), POLLOUT);
	nexus_tcp_info(b.client, &info);
	CU_ASSERT_STRING_EQUAL(info.state, "SYN-SENT");
	CU_ASSERT_EQUAL(info.segs_out, 0);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client, REQUEST, LEN), LEN);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.client), 0);
	fixture_settle(&b.f);
	expect_request(&b);
	CU_ASSERT_TRUE(has_syn_data(b.client));
	/* What passed before is no round trip. */
	nexus_tcp_info(b.client, &info);
	CU_ASSERT(info.srtt_us < 1000000);
	CU_ASSERT_EQUAL(info.nr_retrans, 0);
	drop(&b);
	finish(&b);
}

/* Nobody hears of a connection that is closed before; started, it is as any other. */
static void connect__deferred_starts_or_ends(void)
{
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	open_with(&b, DEFERRED);
	nexus_tcp_close(b.client);
	fixture_pass(&b.f, 10000000000);
	CU_ASSERT_PTR_NULL(b.server);
	CU_ASSERT_EQUAL(nexus_tcp_unfinished(b.f.stack), 0);
	open_with(&b, DEFERRED);
	nexus_tcp_start(b.client);
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.client), 0);
	fixture_settle(&b.f);
	CU_ASSERT_STRING_EQUAL(b.state, "ESTAB");
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client, REQUEST, LEN), LEN);
	fixture_settle(&b.f);
	expect_request(&b);
	CU_ASSERT_FALSE(has_syn_data(b.client));
	drop(&b);
	/* It was not Fast Open that failed. */
	exchange(&b, true);
	finish(&b);
}

/* It is what leaves with the SYN, and less by what is queued already. */
static void early_room__is_of_a_syn_with_a_cookie(void)
{
	static const char many[4000];
	struct nexus_tcp_info info;
	uint32_t room;
	struct bed b;

	start(&b, "127.0.0.1:0");
	open_with(&b, DEFERRED);
	CU_ASSERT_EQUAL(nexus_tcp_early_room(b.client), 0);
	fixture_settle(&b.f);
	CU_ASSERT_STRING_EQUAL(b.state, "ESTAB");
	CU_ASSERT_EQUAL(nexus_tcp_early_room(b.client), 0);
	drop(&b);
	open_with(&b, NEXUS_TCP_DEFER);
	CU_ASSERT_EQUAL(nexus_tcp_early_room(b.client), 0);
	fixture_settle(&b.f);
	CU_ASSERT_STRING_EQUAL(b.state, "ESTAB");
	drop(&b);
	open_with(&b, DEFERRED);
	room = nexus_tcp_early_room(b.client);
	CU_ASSERT(room > 1000 && room < sizeof(many));
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client, many, 100), 100);
	CU_ASSERT_EQUAL(nexus_tcp_early_room(b.client), room - 100);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client, many, room - 100),
			room - 100);
	CU_ASSERT_EQUAL(nexus_tcp_early_room(b.client), 0);
	nexus_stack_run(b.f.stack);
	nexus_tcp_info(b.client, &info);
	CU_ASSERT_EQUAL(info.segs_out, 1);
	CU_ASSERT_EQUAL(info.unsent, 0);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(nexus_tcp_readable(b.server), room);
	drop(&b);
	finish(&b);
}

/* A listener may take it up, and leave it off. */
static void accept__early_can_be_set(void)
{
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	exchange(&b, true);
	nexus_tcp_listener_set_early(b.listener, 0);
	exchange(&b, false);
	nexus_tcp_listener_close(b.listener);
	listen_with(&b, "127.0.0.1:0", 0, 0);
	exchange(&b, false);
	nexus_tcp_listener_set_early(b.listener, 16);
	exchange(&b, false);
	exchange(&b, true);
	finish(&b);
}

/* The answer and what the client knows come in the round trip of the handshake. */
static void accept__answers_before_the_handshake(void)
{
	char buf[2 * LEN];
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	b.answers = true;
	connect_with(&b, NEXUS_TCP_FAST_OPEN);
	nexus_stack_run(b.f.stack);
	b.f.fk.is_loop = false;
	while (!b.server)
		nexus_stack_run(b.f.stack);
	/* What it sent is lost, but for its place in time: nothing else has left. */
	CU_ASSERT_EQUAL(nexus_tcp_poll_events(b.server), POLLIN | POLLOUT);
	expect_request(&b);
	CU_ASSERT_EQUAL(b.server->tcp.state, NX_TCP_SYN_RCVD);
	CU_ASSERT_EQUAL(b.listener->listen.nr_early, 1);
	CU_ASSERT_EQUAL(b.listener->listen.nr_half, 0);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.server->tcp.snd_nxt - b.server->tcp.iss, 1 + LEN);
	b.f.fk.is_loop = true;
	fixture_pass(&b.f, 10000000000);
	CU_ASSERT_EQUAL(b.server->tcp.state, NX_TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(b.listener->listen.nr_early, 0);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.client, buf, sizeof(buf)), LEN);
	drop(&b);
	finish(&b);
}

/* Beyond the limit the handshake comes first. */
static void accept__early_max(void)
{
	struct nexus_tcp *first, *server;
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	b.listener->listen.early_max = 1;
	connect_halfway(&b);
	first = b.client;
	server = b.server;
	CU_ASSERT_EQUAL(b.listener->listen.nr_early, 1);
	b.f.fk.is_loop = true;
	exchange(&b, false);
	nexus_tcp_close(first);
	nexus_tcp_abort(server);
	fixture_settle(&b.f);
	CU_ASSERT_EQUAL(b.listener->listen.nr_early, 0);
	finish(&b);
}

/* The listener goes, and who it has accepted stays. */
static void accept__outlives_the_listener(void)
{
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	connect_halfway(&b);
	nexus_tcp_listener_close(b.listener);
	b.listener = NULL;
	CU_ASSERT_FALSE(b.server->is_early);
	expect_request(&b);
	drop(&b);
	finish(&b);
}

/* With the stack goes who was accepted early. */
static void accept__ends_with_the_stack(void)
{
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	connect_halfway(&b);
	fixture_end(&b.f);
}

/* A SYN with data that nobody answers: without it for a while, then with it again. */
static void cookies__pause_after_a_loss(void)
{
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	connect_with(&b, NEXUS_TCP_FAST_OPEN);
	b.f.fk.is_loop = false;
	nexus_stack_run(b.f.stack);
	b.f.fk.is_loop = true;
	fixture_pass(&b.f, 5000000000);
	expect_request(&b);
	CU_ASSERT_FALSE(has_syn_data(b.client));
	nexus_tcp_close(b.client);
	nexus_tcp_close(b.server);
	fixture_pass(&b.f, 1000000000);
	exchange(&b, false);	/* which takes more than a minute */
	exchange(&b, true);
	finish(&b);
}

/* A connection that has asked for a cookie, and has one of @len bytes. */
static void answered(struct nexus_tcp *conn, uint8_t len)
{
	memset(conn, 0, sizeof(*conn));
	conn->path.version = 4;
	conn->tcp.has_asked = true;
	conn->tcp.has_new_cookie = true;
	conn->tcp.fast_open.cookie_len = len;
}

/* More peers than there is room for: the oldest of them gives way. */
static void cookies__are_bounded(void)
{
	struct nexus_tcp conn;
	struct nx_fast_open fo;
	struct nx_streams *s;
	unsigned int i, nr = 0;
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	s = nx_streams_of(b.f.stack);
	answered(&conn, 8);
	for (i = 0; i < 1000; i++) {
		memcpy(conn.path.hdr + 16, &i, sizeof(i));
		b.f.now_ns++;
		nexus_stack_run(b.f.stack);
		nx_cookies_learn(s, &conn);
		CU_ASSERT_TRUE(nx_cookies_find(s, &conn, &fo));
		CU_ASSERT_EQUAL(fo.cookie_len, 8);
	}
	for (i = 0; i < 1000; i++) {
		memcpy(conn.path.hdr + 16, &i, sizeof(i));
		nr += nx_cookies_find(s, &conn, &fo) && fo.cookie_len;
	}
	CU_ASSERT(nr <= 128);
	CU_ASSERT(nr > 64);
	finish(&b);
}

/* A connection's memory may hold no cookie any more: no such one is remembered. */
static void cookies__have_an_end(void)
{
	struct nx_fast_open fo;
	struct nexus_tcp conn;
	struct nx_streams *s;
	struct bed b;

	start(&b, "127.0.0.1:0");
	exchange(&b, false);
	s = nx_streams_of(b.f.stack);
	answered(&conn, NEXUS_WIRE_TCP_COOKIE_MAX + 1);
	nx_cookies_learn(s, &conn);
	CU_ASSERT_TRUE(nx_cookies_find(s, &conn, &fo));
	CU_ASSERT_EQUAL(fo.cookie_len, 0);
	finish(&b);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(connect__second_is_fast, "TCP-4 Fast Open"),
	UNIT_CASE(connect__only_with_the_flag),
	UNIT_CASE(connect__defers_until_there_is_payload),
	UNIT_CASE(connect__deferred_starts_or_ends),
	UNIT_CASE(early_room__is_of_a_syn_with_a_cookie),
	UNIT_CASE(accept__answers_before_the_handshake),
	UNIT_CASE(accept__early_max),
	UNIT_CASE(accept__early_can_be_set),
	UNIT_CASE(accept__outlives_the_listener),
	UNIT_CASE(accept__ends_with_the_stack),
	UNIT_CASE(cookies__pause_after_a_loss),
	UNIT_CASE(cookies__are_bounded),
	UNIT_CASE(cookies__have_an_end),
};

UNIT_SUITE(stream_fast_open_suite, "stream/early.c, stream/cookies.c", cases);
