// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/stack/stack.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fixture.h"
#include "../../../lib/stack/internal.h"

static void nexus_stack_open__takes_a_shared_channel(void)
{
	struct nexus_stack_options options = { 0 };
	struct nexus_stack *a, *b;
	struct nexus_channel *channel;
	struct fixture f;

	fixture_init(&f);
	f.channel.nr_queues = 2;
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &f.channel), 0);
	options.shared = channel;
	CU_ASSERT_EQUAL_FATAL(nexus_stack_open(&a, &options), 0);
	options.queue = 1;
	CU_ASSERT_EQUAL_FATAL(nexus_stack_open(&b, &options), 0);
	CU_ASSERT_PTR_EQUAL(b->queue, &channel->queues[1]);
	CU_ASSERT_PTR_EQUAL(nexus_stack_channel(a), channel);
	options.queue = 2;
	CU_ASSERT_EQUAL(nexus_stack_open(&f.stack, &options), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nexus_error_text(), "queue 2"));
	f.stack = b;
	fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_stack_close(a);
	nexus_stack_close(b);
	CU_ASSERT_EQUAL(f.fk.nr_flow_dels, 1);
	CU_ASSERT_EQUAL(f.fk.nr_closes, 0);
	nexus_channel_close(channel);
	fake_exit(&f.fk);
}

/* Each stack's flows go to its own queue. */
static void nexus_stack_open__pins_flows_to_its_queue(void)
{
	struct nexus_stack_options options = { .queue = 1 };
	struct nexus_channel *channel;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_init(&f);
	f.channel.nr_queues = 2;
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &f.channel), 0);
	options.shared = channel;
	CU_ASSERT_EQUAL_FATAL(nexus_stack_open(&f.stack, &options), 0);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(f.fk.flows[fixture_flow(udp)].queue, 1);
	nexus_stack_close(f.stack);
	nexus_channel_close(channel);
	fake_exit(&f.fk);
}

static void nexus_stack_open__passes_the_channels_error_on(void)
{
	struct fixture f;

	fixture_init(&f);
	f.fk.attach_error = -EPERM;
	CU_ASSERT_EQUAL(nexus_stack_open(&f.stack, &f.options), -EPERM);
	CU_ASSERT_EQUAL(f.fk.nr_closes, 1);
	fake_exit(&f.fk);
}

static void nexus_stack_close__closes_endpoints_and_sends_the_rest(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	fixture_udp(&f, "127.0.0.1:0", NULL);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	nexus_stack_close(f.stack);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 1);
	CU_ASSERT_EQUAL(f.fk.nr_violations, 0);
	/* The channel's end is that of its flows: none was ended by itself. */
	CU_ASSERT_EQUAL(f.fk.nr_flow_dels, 0);
	CU_ASSERT_EQUAL(f.fk.nr_closes, 1);
	fake_exit(&f.fk);
}

static void nexus_stack_close__takes_null(void)
{
	nexus_stack_close(NULL);
}

static void nexus_stack_now_ns__is_the_programs_clock(void)
{
	struct fixture f;

	fixture_start(&f);
	CU_ASSERT_EQUAL(nexus_stack_now_ns(f.stack), f.now_ns);
	f.now_ns = 77;
	CU_ASSERT_EQUAL(nexus_stack_now_ns(f.stack), 77);
	CU_ASSERT_EQUAL(nx_stack_coarse_ns(f.stack), 77);
	fixture_end(&f);
	fixture_init(&f);
	f.options.clock = NULL;
	fixture_open(&f);
	CU_ASSERT_TRUE(nexus_stack_now_ns(f.stack) > 0);
	CU_ASSERT_TRUE(nexus_stack_now_ns(f.stack) <=
		       nexus_stack_now_ns(f.stack));
	fixture_end(&f);
}

static int use_in_child(struct fixture *f, struct nexus_udp *udp,
			struct nexus_packet *pkt)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_packet *other;
	char buf[8];

	if (nexus_stack_poll(f->stack, 0) != -EPERM ||
	    nexus_stack_run(f->stack) != -EPERM ||
	    nexus_stack_flush(f->stack) != -EPERM ||
	    nexus_packet_alloc(f->stack, 1, &other) != -EPERM ||
	    nexus_udp_send(udp, pkt, &to) != -EPERM ||
	    nexus_udp_reply(udp, pkt, pkt) != -EPERM ||
	    nexus_udp_sendto(udp, "x", 1, &to) != -EPERM ||
	    nexus_udp_recvfrom(udp, buf, 8, NULL) != -EPERM)
		return 1;
	nexus_packet_put(f->stack, pkt);
	nexus_stack_close(f->stack);
	return 0;
}

/* The rings are not mapped there: a store would be a SIGSEGV. */
static void nexus_stack_check__refuses_a_child(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	int status = -1;
	pid_t pid;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 1, &pkt), 0);
	pid = fork();
	if (!pid)
		_exit(use_in_child(&f, udp, pkt));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(nexus_stack_check(f.stack), 0);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_stack_now_ns__is_the_programs_clock),
	UNIT_CASE(nexus_stack_open__takes_a_shared_channel),
	UNIT_CASE(nexus_stack_open__pins_flows_to_its_queue),
	UNIT_CASE(nexus_stack_open__passes_the_channels_error_on),
	UNIT_CASE(nexus_stack_close__closes_endpoints_and_sends_the_rest),
	UNIT_CASE(nexus_stack_close__takes_null),
	UNIT_CASE_ID(nexus_stack_check__refuses_a_child,
		     "LIFE-3 the library's calls after fork"),
};

UNIT_SUITE(stack_stack_suite, "stack/stack", cases);
