// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/stack/flow.c.
 */
#include <errno.h>
#include <string.h>

#include "../fixture.h"

static size_t drain(struct fixture *f, struct nexus_udp *udp)
{
	struct nexus_packet *pkt;
	size_t nr = 0;

	for (; (pkt = nexus_udp_recv(udp)); nr++)
		nexus_packet_put(f->stack, pkt);
	return nr;
}

static void nx_stack_flow_add__sends_each_flow_to_its_endpoint(void)
{
	struct nexus_udp *a, *b;
	struct fixture f;
	unsigned int i;

	fixture_start(&f);
	a = fixture_udp(&f, "127.0.0.1:0", NULL);
	b = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < 7; i++)
		fixture_deliver(&f, i % 3 ? a : b, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 7);
	CU_ASSERT_EQUAL(drain(&f, a), 4);
	CU_ASSERT_EQUAL(drain(&f, b), 3);
	fixture_end(&f);
}

static void nx_stack_flow_del__drops_what_still_stands_in_rx(void)
{
	struct nexus_udp *a;
	struct fixture f;

	fixture_start(&f);
	a = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, a, "127.0.0.1:5000", "x", 1);
	nexus_udp_close(a);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	fixture_end(&f);
}

/* The index comes back at once, its former owner's packets are still there. */
static void nx_stack_flow_add__keeps_stale_packets_from_the_new_owner(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *a, *b;
	struct fixture f;
	uint8_t big[5000] = { 0 };

	fixture_start(&f);
	a = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, a, "127.0.0.1:5000", "old", 3);
	fixture_deliver(&f, a, "127.0.0.1:5000", big, sizeof(big));
	nexus_udp_close(a);
	b = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(fixture_flow(b), 0);
	fixture_deliver(&f, b, "127.0.0.1:5000", "new", 3);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 3);
	pkt = nexus_udp_recv(b);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	CU_ASSERT_EQUAL(memcmp(pkt->data, "new", 3), 0);
	nexus_packet_put(f.stack, pkt);
	CU_ASSERT_EQUAL(drain(&f, b), 0);
	fixture_end(&f);
}

/* What was sent before the close leaves while the flow exists. */
static void nx_stack_flow_del__sends_what_was_queued(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_udp *a;
	struct fixture f;

	fixture_start(&f);
	a = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(a, "x", 1, &to), 1);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 0);
	nexus_udp_close(a);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 1);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_stack_flow_add__sends_each_flow_to_its_endpoint),
	UNIT_CASE(nx_stack_flow_add__keeps_stale_packets_from_the_new_owner),
	UNIT_CASE(nx_stack_flow_del__drops_what_still_stands_in_rx),
	UNIT_CASE(nx_stack_flow_del__sends_what_was_queued),
};

UNIT_SUITE(stack_flow_suite, "stack/flow", cases);
