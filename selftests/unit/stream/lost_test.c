// SPDX-License-Identifier: GPL-2.0
/*
 * TCP on a stack whose channel's memory is taken back: connections end, and
 * listeners serve again.
 */
#include <errno.h>
#include <string.h>

#include "../../../lib/stream/internal.h"
#include "../fixture.h"

/**
 * struct end - one end of a connection and what it was told
 * @tcp: closed by the callback "closed" if @closes
 */
struct end {
	struct nexus_tcp	*tcp;
	uint32_t		nr_closed;
	int			err;
	bool			closes;
};

/**
 * struct bed - a listener, a client, and who was accepted last
 * @nr_reattached, @nr_refused: events of the stack
 * @refused: why, the last time
 */
struct bed {
	struct fixture			f;
	struct nexus_tcp_listener	*listener;
	struct end			client;
	struct end			server;
	uint32_t			nr_accepted;
	uint32_t			nr_reattached;
	uint32_t			nr_refused;
	uint32_t			refused;
};

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct end *end = arg;

	CU_ASSERT_PTR_EQUAL(tcp, end->tcp);
	end->nr_closed++;
	end->err = err;
	if (!end->closes)
		return;
	nexus_tcp_close(tcp);
	end->tcp = NULL;
}

static const struct nexus_tcp_callbacks callbacks = { .closed = on_closed };

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct bed *b = arg;

	CU_ASSERT_PTR_EQUAL(listener, b->listener);
	b->nr_accepted++;
	b->server = (struct end) { .tcp = tcp };
	nexus_tcp_set_callbacks(tcp, &callbacks, &b->server);
}

static void on_event(struct nexus_stack *stack, const struct nexus_event *event,
		     void *arg)
{
	struct bed *b = arg;

	(void)stack;
	b->nr_reattached += event->type == NEXUS_STACK_EVENT_REATTACHED;
	if (event->type != NEXUS_STACK_EVENT_REFUSED)
		return;
	b->nr_refused++;
	b->refused = event->value;
}

static void start(struct bed *b, uint64_t features)
{
	struct nexus_tcp_options o = {
		.local = fake_addr("127.0.0.1:0"),
		.flags = NEXUS_TCP_REUSEADDR | NEXUS_TCP_BULK,
		.accept = on_accept, .arg = b,
	};

	memset(b, 0, sizeof(*b));
	fixture_init(&b->f);
	b->f.fk.is_loop = true;
	b->f.fk.features |= features;
	b->f.channel.flags = NEXUS_CHANNEL_DEFUNCT_OK;
	b->f.channel.nr_large = 8;
	b->f.options.event = on_event;
	b->f.options.event_arg = b;
	fixture_open(&b->f);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_listen(b->f.stack, &o, &b->listener),
			      0);
}

static void run(struct bed *b)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		CU_ASSERT_TRUE(nexus_stack_run(b->f.stack) >= 0);
}

static void connect_to(struct bed *b)
{
	struct nexus_tcp_options o = {
		.callbacks = &callbacks, .arg = &b->client,
	};

	b->client = (struct end) { 0 };
	nexus_tcp_listener_local(b->listener, &o.remote);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_connect(b->f.stack, &o, &b->client.tcp),
			      0);
}

static void serve(struct bed *b)
{
	uint32_t nr = b->nr_accepted;
	char byte = 0;

	connect_to(b);
	run(b);
	CU_ASSERT_EQUAL_FATAL(b->nr_accepted, nr + 1);
	CU_ASSERT_EQUAL(nexus_tcp_write(b->client.tcp, "x", 1), 1);
	run(b);
	CU_ASSERT_EQUAL(nexus_tcp_read(b->server.tcp, &byte, 1), 1);
	CU_ASSERT_EQUAL(byte, 'x');
}

static void let_go(struct bed *b)
{
	nexus_tcp_close(b->client.tcp);
	nexus_tcp_close(b->server.tcp);
	b->client.tcp = b->server.tcp = NULL;
}

static void take_memory(struct bed *b)
{
	fake_set_state(&b->f.fk, NEXUS_CHANNEL_DEFUNCT);
}

static void finish(struct bed *b)
{
	let_go(b);
	run(b);
	nexus_tcp_listener_close(b->listener);
	fixture_end(&b->f);
}

static void lost__listeners_serve_again(void)
{
	struct bed b;
	unsigned int i;

	start(&b, 0);
	for (i = 0; i < 5; i++) {
		serve(&b);
		take_memory(&b);
		run(&b);
		CU_ASSERT_EQUAL(b.nr_reattached, i + 1);
		CU_ASSERT_EQUAL(b.client.nr_closed, 1);
		CU_ASSERT_EQUAL(b.client.err, -ECONNABORTED);
		CU_ASSERT_EQUAL(b.server.nr_closed, 1);
		CU_ASSERT_EQUAL(b.server.err, -ECONNABORTED);
		/* With the settings that it had. */
		CU_ASSERT_EQUAL(b.f.fk.flows[b.listener->sink.flow].traffic_class,
				NEXUS_CLASS_BULK);
		let_go(&b);
	}
	CU_ASSERT_EQUAL(b.f.fk.nr_attaches, 6);
	CU_ASSERT_PTR_NULL(b.f.stack->past);
	CU_ASSERT_EQUAL(b.nr_refused, 0);
	serve(&b);
	finish(&b);
}

/* What is under way says so at once, without a call of the kernel. */
static void lost__operations_are_aborted(void)
{
	struct nexus_packet *pkt;
	uint32_t nr_syncs;
	struct bed b;
	char buf[8];

	start(&b, 0);
	serve(&b);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "unread", 6), 6);
	run(&b);
	CU_ASSERT_EQUAL(nexus_tcp_peek(b.server.tcp, buf, sizeof(buf)), 6);
	nr_syncs = b.f.fk.nr_syncs;
	take_memory(&b);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, buf, sizeof(buf)),
			-ECONNABORTED);
	CU_ASSERT_EQUAL(nexus_tcp_peek(b.server.tcp, buf, sizeof(buf)),
			-ECONNABORTED);
	CU_ASSERT_EQUAL(nexus_tcp_recv(b.server.tcp, &pkt), -ECONNABORTED);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "x", 1), -ECONNABORTED);
	CU_ASSERT_EQUAL(nexus_tcp_shutdown(b.client.tcp), -ECONNABORTED);
	CU_ASSERT_EQUAL(b.f.fk.nr_syncs, nr_syncs);
	CU_ASSERT_EQUAL(b.f.fk.nr_attaches, 1);
	run(&b);
	CU_ASSERT_EQUAL(b.f.fk.nr_attaches, 2);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, buf, sizeof(buf)),
			-ECONNABORTED);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "x", 1), -ECONNABORTED);
	CU_ASSERT_PTR_NULL(b.f.stack->past);
	finish(&b);
}

/* An end that was read, behind data that was not, is no end any more. */
static void lost__unread_data_is_no_end(void)
{
	struct bed b;
	char buf[8];

	start(&b, 0);
	serve(&b);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, "unread", 6), 6);
	nexus_tcp_shutdown(b.client.tcp);
	run(&b);
	take_memory(&b);
	run(&b);
	CU_ASSERT_EQUAL(nexus_tcp_read(b.server.tcp, buf, sizeof(buf)),
			-ECONNABORTED);
	finish(&b);
}

/* What was told is worth coming back for: nobody else will ever wake the caller. */
static void lost__poll_comes_back(void)
{
	struct bed b;

	start(&b, 0);
	serve(&b);
	take_memory(&b);
	CU_ASSERT_EQUAL(nexus_stack_poll(b.f.stack, NEXUS_TIMEOUT_NONE), 0);
	CU_ASSERT_EQUAL(b.client.nr_closed, 1);
	finish(&b);
}

/* Connecting is a use, too. */
static void lost__connect_attaches(void)
{
	struct bed b;

	start(&b, 0);
	take_memory(&b);
	serve(&b);
	CU_ASSERT_EQUAL(b.nr_reattached, 1);
	finish(&b);
}

static void lost__half_open_ones_leave_the_listener(void)
{
	struct bed b;

	start(&b, 0);
	connect_to(&b);
	while (!b.listener->listen.nr_half)
		CU_ASSERT_TRUE_FATAL(nexus_stack_run(b.f.stack) >= 0);
	take_memory(&b);
	run(&b);
	CU_ASSERT_EQUAL(b.listener->listen.nr_half, 0);
	CU_ASSERT_EQUAL(b.nr_accepted, 0);
	CU_ASSERT_EQUAL(b.client.err, -ECONNABORTED);
	let_go(&b);
	serve(&b);
	finish(&b);
}

/* One that the kernel has a flow for, and one that closes when it is told. */
static void lost__claimed_ones_and_callbacks(void)
{
	struct bed b;

	start(&b, 0);
	b.f.fk.child_flow = 40;
	serve(&b);
	CU_ASSERT_TRUE(b.server.tcp->is_claimed);
	b.f.fk.child_flow = 0;
	b.client.closes = b.server.closes = true;
	take_memory(&b);
	run(&b);
	CU_ASSERT_EQUAL(b.client.nr_closed + b.server.nr_closed, 2);
	serve(&b);
	finish(&b);
}

/* What the program has closed and what was still leaving is gone in silence. */
static void lost__closed_ones(void)
{
	struct bed b;

	start(&b, 0);
	serve(&b);
	nexus_tcp_write(b.client.tcp, "x", 1);
	let_go(&b);
	take_memory(&b);
	run(&b);
	CU_ASSERT_EQUAL(b.client.nr_closed + b.server.nr_closed, 0);
	CU_ASSERT_EQUAL(nexus_tcp_unfinished(b.f.stack), 0);
	serve(&b);
	finish(&b);
}

/* Buffers that the kernel read where they lay do not keep the old channel. */
static void lost__after_sending_by_reference(void)
{
	static uint8_t bytes[20000];
	struct bed b;

	start(&b, NEXUS_FEATURE_TSO | NEXUS_FEATURE_KEEP);
	serve(&b);
	CU_ASSERT_EQUAL(nexus_tcp_write(b.client.tcp, bytes, sizeof(bytes)),
			(ssize_t)sizeof(bytes));
	run(&b);
	CU_ASSERT(b.f.stack->nr_keeps > 0);
	take_memory(&b);
	run(&b);
	CU_ASSERT_PTR_NULL(b.f.stack->past);
	let_go(&b);
	serve(&b);
	finish(&b);
}

static void lost__a_packet_of_the_old_channel(void)
{
	struct nexus_packet *pkt;
	struct bed b;

	start(&b, 0);
	CU_ASSERT_EQUAL(nexus_packet_alloc(b.f.stack, 10, &pkt), 0);
	take_memory(&b);
	serve(&b);
	CU_ASSERT_EQUAL(nexus_tcp_send(b.client.tcp, pkt), -ENETRESET);
	nexus_packet_put(b.f.stack, pkt);
	finish(&b);
}

static void lost__a_listener_is_refused(void)
{
	struct bed b;

	start(&b, 0);
	b.f.fk.flow_error = -EADDRINUSE;
	take_memory(&b);
	run(&b);
	CU_ASSERT_EQUAL(b.nr_refused, 1);
	CU_ASSERT_EQUAL(b.refused, EADDRINUSE);
	CU_ASSERT_EQUAL(b.nr_reattached, 1);
	b.f.fk.flow_error = 0;
	finish(&b);
}

/* The flow is gone with the channel: closing neither attaches nor deletes. */
static void lost__a_listener_closes(void)
{
	struct bed b;

	start(&b, 0);
	take_memory(&b);
	nexus_tcp_listener_close(b.listener);
	CU_ASSERT_EQUAL(b.f.fk.nr_attaches, 1);
	CU_ASSERT_EQUAL(b.f.fk.nr_flow_dels, 0);
	fixture_end(&b.f);
}

/* Nothing is left behind by what never came back. */
static void lost__the_stack_closes(void)
{
	struct bed b;

	start(&b, 0);
	serve(&b);
	connect_to(&b);
	nexus_stack_run(b.f.stack);
	take_memory(&b);
	b.f.fk.attach_error = -EPERM;
	CU_ASSERT_EQUAL(nexus_stack_run(b.f.stack), -EPERM);
	nexus_tcp_close(b.server.tcp);
	nexus_stack_close(b.f.stack);
	CU_ASSERT_EQUAL(b.f.fk.nr_violations, 0);
	fake_exit(&b.f.fk);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(lost__listeners_serve_again, "DEF-8"),
	UNIT_CASE_ID(lost__operations_are_aborted, "DEF-3"),
	UNIT_CASE(lost__unread_data_is_no_end),
	UNIT_CASE(lost__poll_comes_back),
	UNIT_CASE(lost__connect_attaches),
	UNIT_CASE(lost__half_open_ones_leave_the_listener),
	UNIT_CASE(lost__claimed_ones_and_callbacks),
	UNIT_CASE(lost__closed_ones),
	UNIT_CASE(lost__after_sending_by_reference),
	UNIT_CASE(lost__a_packet_of_the_old_channel),
	UNIT_CASE(lost__a_listener_is_refused),
	UNIT_CASE(lost__a_listener_closes),
	UNIT_CASE(lost__the_stack_closes),
};

UNIT_SUITE(stream_lost_suite, "stream, the channel is lost", cases);
