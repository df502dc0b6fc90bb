// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/stack/revive.c: the channel's memory is taken back, and the
 * stack goes on with another channel.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "../fixture.h"
#include "../../../lib/stack/internal.h"

/**
 * struct seen - what the program was told
 * @nr_received: datagrams
 * @last:        payload of the last one
 * @nr_errors:   errors
 * @error:       the last one
 * @nr_reattached: events
 * @victim:      endpoint that the next error's callback closes, or NULL
 */
struct seen {
	unsigned int		nr_received;
	char			last[16];
	unsigned int		nr_errors;
	int			error;
	unsigned int		nr_reattached;
	struct nexus_udp	*victim;
};

static void on_receive(struct nexus_udp *udp, struct nexus_packet *pkt,
		       void *arg)
{
	struct seen *seen = arg;

	seen->nr_received++;
	nexus_packet_read(pkt, 0, seen->last, sizeof(seen->last));
	nexus_packet_put(nexus_udp_stack(udp), pkt);
}

static void on_error(struct nexus_udp *udp, const struct nexus_udp_error *error,
		     void *arg)
{
	struct seen *seen = arg;
	struct nexus_udp *victim = seen->victim;

	(void)udp;
	seen->nr_errors++;
	seen->error = error->err;
	seen->victim = NULL;
	nexus_udp_close(victim);
}

static void on_event(struct nexus_stack *stack, const struct nexus_event *event,
		     void *arg)
{
	struct seen *seen = arg;

	if (event->type != NEXUS_STACK_EVENT_REATTACHED)
		return;
	seen->nr_reattached++;
	CU_ASSERT_EQUAL(event->flow, NEXUS_FLOW_NONE);
	CU_ASSERT_EQUAL(event->value,
			nexus_stack_channel(stack)->schema->channel_id);
}

static void start(struct fixture *f, struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	fixture_init(f);
	f->channel.flags = NEXUS_CHANNEL_DEFUNCT_OK;
	f->channel.nr_small = 64;
	f->options.event = on_event;
	f->options.event_arg = seen;
	fixture_open(f);
}

static struct nexus_udp *endpoint(struct fixture *f, struct seen *seen)
{
	struct nexus_udp_options options = {
		.receive = on_receive,
		.error = on_error,
		.arg = seen,
	};

	return fixture_udp_with(f, &options, "127.0.0.1:0", NULL);
}

static void take_memory(struct fixture *f)
{
	fake_set_state(&f->fk, NEXUS_CHANNEL_DEFUNCT);
}

static void nx_stack_revive__serves_again(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_udp *udp;
	struct fixture f;
	struct seen seen;
	int fd;

	start(&f, &seen);
	udp = endpoint(&f, &seen);
	fixture_deliver(&f, udp, "127.0.0.1:9", "before", 6);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	fd = nexus_stack_fd(f.stack);
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(f.fk.nr_attaches, 2);
	CU_ASSERT_EQUAL(f.fk.attach.nr_small, 64);
	CU_ASSERT_EQUAL(f.fk.attach.flags, NEXUS_ATTACH_DEFUNCT_OK);
	CU_ASSERT_EQUAL(nexus_stack_fd(f.stack), fd);
	CU_ASSERT_EQUAL(seen.nr_reattached, 1);
	CU_ASSERT_EQUAL(seen.nr_errors, 1);
	CU_ASSERT_EQUAL(seen.error, ENETRESET);
	CU_ASSERT_TRUE(f.fk.has_flow[fixture_flow(udp)]);
	fixture_deliver(&f, udp, "127.0.0.1:9", "after", 6);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	CU_ASSERT_EQUAL(seen.nr_received, 2);
	CU_ASSERT_STRING_EQUAL(seen.last, "after");
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	CU_ASSERT_EQUAL(nexus_stack_flush(f.stack), 0);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 1);
	CU_ASSERT_PTR_NULL(f.stack->past);
	fixture_end(&f);
}

/* The state is read from memory: no call is made to find out. */
static void nx_stack_revive__is_noticed_without_a_call(void)
{
	struct nexus_packet *pkt;
	struct fixture f;
	struct seen seen;
	uint32_t nr_syncs;

	start(&f, &seen);
	nr_syncs = f.fk.nr_syncs;
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_check(f.stack), -ENXIO);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, nr_syncs);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 1, &pkt), 0);
	CU_ASSERT_EQUAL(seen.nr_reattached, 1);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static void lose_in_sleep(struct fake_kernel *fk, void *arg)
{
	(void)arg;
	fake_set_state(fk, NEXUS_CHANNEL_DEFUNCT);
	fk->on_wait = NULL;
}

static void nx_stack_revive__in_a_sleep(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	udp = endpoint(&f, &seen);
	f.fk.on_wait = lose_in_sleep;
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 0);
	CU_ASSERT_EQUAL(seen.nr_reattached, 1);
	fixture_deliver(&f, udp, "127.0.0.1:9", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 1);
	fixture_end(&f);
}

static bool is_readable(const struct fixture *f)
{
	struct pollfd in = { .fd = nexus_stack_fd(f->stack), .events = POLLIN };

	return poll(&in, 1, 0) == 1;
}

/* The fake's file is an eventfd: always ready to write, never to read. */
static void nexus_stack_fd__waits_for_what_the_stack_does(void)
{
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	CU_ASSERT_FALSE(is_readable(&f));
	CU_ASSERT_EQUAL(nexus_stack_poll_events(f.stack), POLLIN);
	f.stack->is_tx_blocked = true;
	nx_stack_watch(f.stack);
	CU_ASSERT_TRUE(is_readable(&f));
	f.stack->is_tx_blocked = false;
	nx_stack_watch(f.stack);
	CU_ASSERT_FALSE(is_readable(&f));
	f.stack->is_tx_blocked = true;
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_FALSE(f.stack->is_tx_blocked);
	CU_ASSERT_FALSE(is_readable(&f));
	fixture_end(&f);
}

static void nx_stack_revive__drops_what_waited(void)
{
	struct nexus_udp_error error;
	struct nexus_udp *udp;
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:9", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_PTR_NULL(nexus_udp_recv(udp));
	CU_ASSERT_TRUE(nexus_udp_take_error(udp, &error));
	CU_ASSERT_EQUAL(error.err, ENETRESET);
	CU_ASSERT_FALSE(nexus_udp_take_error(udp, &error));
	/* Nobody kept a packet, so nothing of the old channel is kept. */
	CU_ASSERT_PTR_NULL(f.stack->past);
	fixture_end(&f);
}

/* Its buffer's index means another buffer now, which is not the program's. */
static void nx_stack_revive__old_packets_do_no_harm(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_packet *sent, *put, *received;
	struct nexus_udp *udp;
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 4, &sent), 0);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 4, &put), 0);
	fixture_deliver(&f, udp, "127.0.0.1:9", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	received = nexus_udp_recv(udp);
	memcpy(sent->data, "data", 4);
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_udp_send(udp, sent, &to), -ENETRESET);
	CU_ASSERT_PTR_NOT_NULL(f.stack->past);
	CU_ASSERT_EQUAL(sent->data[0], 0);
	memcpy(put->data, "mine", 4);
	CU_ASSERT_EQUAL(put->data[3], 'e');
	nexus_packet_put(f.stack, sent);
	nexus_packet_put(f.stack, put);
	nexus_packet_put(f.stack, received);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	fixture_end(&f);
}

static void nx_stack_revive__not_without_agreement(void)
{
	struct fixture f;

	fixture_start(&f);
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -ENXIO);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 0), -ENXIO);
	CU_ASSERT_EQUAL(f.fk.nr_attaches, 1);
	fixture_end(&f);
}

/* Nor for what was done to it for another reason. */
static void nx_stack_revive__not_a_quarantined_one(void)
{
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	fake_set_state(&f.fk, NEXUS_CHANNEL_QUARANTINED);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -EPROTO);
	fake_set_state(&f.fk, NEXUS_CHANNEL_DETACHED);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -ENXIO);
	CU_ASSERT_EQUAL(f.fk.nr_attaches, 1);
	fixture_end(&f);
}

static void nx_stack_revive__tries_again(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	udp = endpoint(&f, &seen);
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), 0);
	f.fk.attach_error = -EPERM;
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -EPERM);
	f.now_ns += nexus_stack_timeout_ns(f.stack);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -EPERM);
	CU_ASSERT_EQUAL(seen.nr_errors, 0);
	f.now_ns += nexus_stack_timeout_ns(f.stack);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, NULL), -EPERM);
	f.fk.attach_error = 0;
	f.now_ns += nexus_stack_timeout_ns(f.stack);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), NEXUS_TIMEOUT_NONE);
	CU_ASSERT_EQUAL(seen.nr_errors, 1);
	fixture_deliver(&f, udp, "127.0.0.1:9", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	/* Three refused files besides. */
	CU_ASSERT_EQUAL(f.fk.nr_closes, 4);
	f.fk.nr_closes -= 3;
	nexus_stack_close(f.stack);
	CU_ASSERT_EQUAL(f.fk.nr_closes, 2);
	CU_ASSERT_EQUAL(f.fk.nr_violations, 0);
	fake_exit(&f.fk);
}

static void ignore(struct nexus_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

/* Twice as long from one attempt to the next, and what is asked between is free. */
static void nx_stack_revive__tries_less_and_less_often(void)
{
	static const uint32_t waits_ms[] = {
		10, 20, 40, 80, 160, 320, 640, 1000, 1000,
	};
	struct nexus_timer timer = { .fire = ignore };
	struct fixture f;
	struct seen seen;
	uint32_t nr_closes;
	size_t i;

	start(&f, &seen);
	/* One that is due does not count where none can fire. */
	nexus_timer_set(f.stack, &timer, f.now_ns);
	take_memory(&f);
	f.fk.attach_error = -EUSERS;
	for (i = 0; i < ARRAY_SIZE(waits_ms); i++) {
		CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -EUSERS);
		nr_closes = f.fk.nr_closes;
		UNIT_ROW(i, nexus_stack_timeout_ns(f.stack),
			 waits_ms[i] * 1000000LL);
		f.now_ns += waits_ms[i] * 1000000ULL - 1;
		UNIT_ROW(i, nexus_stack_timeout_ns(f.stack), 1);
		CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -EUSERS);
		CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 0), -EUSERS);
		UNIT_ROW(i, f.fk.nr_closes, nr_closes);
		f.now_ns++;
	}
	f.fk.attach_error = 0;
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(seen.nr_reattached, 1);
	/* And from the beginning the next time. */
	take_memory(&f);
	f.fk.attach_error = -ENOMEM;
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), -ENOMEM);
	CU_ASSERT_EQUAL(nexus_stack_timeout_ns(f.stack), 10000000);
	f.fk.attach_error = 0;
	f.now_ns += 10000000;
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	nexus_timer_cancel(f.stack, &timer);
	f.fk.nr_closes = f.fk.nr_attaches - 1;
	fixture_end(&f);
}

static void nx_stack_revive__a_flow_is_refused(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_udp *udp;
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	udp = endpoint(&f, &seen);
	f.fk.flow_error = -EEXIST;
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(seen.error, EEXIST);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), -ENXIO);
	nexus_udp_close(udp);
	CU_ASSERT_EQUAL(f.fk.nr_flow_dels, 0);
	fixture_end(&f);
}

static void nx_stack_revive__endpoints_close_in_the_callback(void)
{
	struct nexus_udp *a, *b, *c;
	struct fixture f;
	struct seen seen;

	start(&f, &seen);
	a = endpoint(&f, &seen);
	b = endpoint(&f, &seen);
	c = endpoint(&f, &seen);
	seen.victim = b;
	take_memory(&f);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	/* Told are the two that were left, or all if b was the first. */
	CU_ASSERT_TRUE(seen.nr_errors == 2 || seen.nr_errors == 3);
	fixture_deliver(&f, a, "127.0.0.1:9", "x", 1);
	fixture_deliver(&f, c, "127.0.0.1:9", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 2);
	CU_ASSERT_EQUAL(seen.nr_received, 2);
	fixture_end(&f);
}

static void nx_stack_revive__often(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	struct seen seen;
	unsigned int i;

	start(&f, &seen);
	udp = endpoint(&f, &seen);
	for (i = 0; i < 20; i++) {
		take_memory(&f);
		CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 0), 0);
		fixture_deliver(&f, udp, "127.0.0.1:9", "x", 1);
		CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	}
	CU_ASSERT_EQUAL(seen.nr_reattached, 20);
	CU_ASSERT_EQUAL(seen.nr_received, 20);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_stack_revive__serves_again, "DEF-8"),
	UNIT_CASE_ID(nx_stack_revive__is_noticed_without_a_call, "DEF-3"),
	UNIT_CASE_ID(nx_stack_revive__in_a_sleep, "DEF-8"),
	UNIT_CASE(nexus_stack_fd__waits_for_what_the_stack_does),
	UNIT_CASE(nx_stack_revive__drops_what_waited),
	UNIT_CASE(nx_stack_revive__old_packets_do_no_harm),
	UNIT_CASE(nx_stack_revive__not_without_agreement),
	UNIT_CASE(nx_stack_revive__not_a_quarantined_one),
	UNIT_CASE(nx_stack_revive__tries_again),
	UNIT_CASE_ID(nx_stack_revive__tries_less_and_less_often, "DEF-8"),
	UNIT_CASE(nx_stack_revive__a_flow_is_refused),
	UNIT_CASE(nx_stack_revive__endpoints_close_in_the_callback),
	UNIT_CASE(nx_stack_revive__often),
};

UNIT_SUITE(stack_revive_suite, "stack/revive.c", cases);
