// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/accecn.c.
 */
#include <tcp/accecn.h>

#include "../unit.h"

#define AE	NEXUS_WIRE_TCP_AE
#define CWR	NEXUS_WIRE_TCP_CWR
#define ECE	NEXUS_WIRE_TCP_ECE
#define MSS	1000u

/* Flags of 0 to 7, as RFC 9768 writes (AE, CWR, ECE). */
static uint16_t flags(unsigned int three)
{
	return (uint16_t)((three & 4 ? AE : 0) | (three & 2 ? CWR : 0) |
			  (three & 1 ? ECE : 0));
}

/* ------------------------------------------------------------ handshake */

static void nx_ecn_syn_flags__ask(void)
{
	CU_ASSERT_EQUAL(nx_ecn_syn_flags(NX_ECN_NONE), flags(0));
	CU_ASSERT_EQUAL(nx_ecn_syn_flags(NX_ECN_CLASSIC), flags(3));
	CU_ASSERT_EQUAL(nx_ecn_syn_flags(NX_ECN_ACCURATE), flags(7));
}

/* RFC 9768 table 2 and section 3.1.3; RFC 3168 section 6.1.1. */
static void nx_ecn_from_syn__by_the_table(void)
{
	static const enum nx_ecn_mode classic[8] = { [3] = NX_ECN_CLASSIC,
						     [7] = NX_ECN_CLASSIC };
	unsigned int i;

	for (i = 0; i < 8; i++) {
		UNIT_ROW(i, nx_ecn_from_syn(flags(i), NX_ECN_NONE), NX_ECN_NONE);
		UNIT_ROW(i, nx_ecn_from_syn(flags(i), NX_ECN_CLASSIC),
			 classic[i]);
		UNIT_ROW(i, nx_ecn_from_syn(flags(i), NX_ECN_ACCURATE),
			 i == 0 ? NX_ECN_NONE : i == 3 ? NX_ECN_CLASSIC :
			 NX_ECN_ACCURATE);
	}
}

static void nx_ecn_synack_flags__by_the_table(void)
{
	static const unsigned int wanted[4] = { 2, 3, 4, 6 };
	uint8_t e;

	for (e = 0; e < 4; e++) {
		UNIT_ROW(e, nx_ecn_synack_flags(NX_ECN_ACCURATE, e),
			 flags(wanted[e]));
		UNIT_ROW(e, nx_ecn_synack_flags(NX_ECN_CLASSIC, e), flags(1));
		UNIT_ROW(e, nx_ecn_synack_flags(NX_ECN_NONE, e), 0);
		/* Table 3 is the same. */
		UNIT_ROW(e, nx_accecn_handshake_flags(e), flags(wanted[e]));
	}
}

static void nx_ecn_from_synack__by_the_table(void)
{
	static const struct {
		enum nx_ecn_mode accurate, classic;
		int ip_ecn;
	} rows[8] = {
		{ NX_ECN_NONE, NX_ECN_NONE, -1 },
		{ NX_ECN_CLASSIC, NX_ECN_CLASSIC, -1 },
		{ NX_ECN_ACCURATE, NX_ECN_NONE, NX_IP_ECN_NOT_ECT },
		{ NX_ECN_ACCURATE, NX_ECN_NONE, NX_IP_ECN_ECT1 },
		{ NX_ECN_ACCURATE, NX_ECN_NONE, NX_IP_ECN_ECT0 },
		{ NX_ECN_CLASSIC, NX_ECN_CLASSIC, -1 },
		{ NX_ECN_ACCURATE, NX_ECN_NONE, NX_IP_ECN_CE },
		{ NX_ECN_NONE, NX_ECN_NONE, -1 },
	};
	unsigned int i;
	uint8_t e;

	for (i = 0; i < 8; i++) {
		e = 0xff;
		UNIT_ROW(i, nx_ecn_from_synack(flags(i), NX_ECN_ACCURATE, &e),
			 rows[i].accurate);
		UNIT_ROW(i, e, rows[i].ip_ecn < 0 ? 0xff : rows[i].ip_ecn);
		UNIT_ROW(i, nx_ecn_from_synack(flags(i), NX_ECN_CLASSIC, &e),
			 rows[i].classic);
		UNIT_ROW(i, nx_ecn_from_synack(flags(i), NX_ECN_NONE, &e),
			 NX_ECN_NONE);
	}
}

/* Any two ends agree, whatever each offers and whatever the SYN met. */
static void nx_ecn__two_ends_agree(void)
{
	enum nx_ecn_mode client, server, got, least;
	unsigned int row;
	uint8_t e, told;

	for (row = 0; row < 36; row++) {
		client = (enum nx_ecn_mode)(row / 12);
		server = (enum nx_ecn_mode)(row / 4 % 3);
		e = row % 4;
		least = client < server ? client : server;
		got = nx_ecn_from_syn(nx_ecn_syn_flags(client), server);
		UNIT_ROW(row, got, least);
		told = e;
		UNIT_ROW(row, nx_ecn_from_synack(nx_ecn_synack_flags(got, e),
						 client, &told), least);
		UNIT_ROW(row, told, e);
	}
}

/* RFC 9768 table 4, and section 3.2.2.4: 000 was cleared on the way. */
static void nx_accecn_handshake_read__by_the_table(void)
{
	struct nx_accecn a;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		nx_accecn_init(&a);
		nx_accecn_handshake_read(&a, flags(i));
		UNIT_ROW(i, a.s_cep, i == 6 ? 6 : 5);
		UNIT_ROW(i, a.may_send_ect, i != 0);
		nx_accecn_init(&a);
		nx_accecn_first_read(&a, flags(i));
		UNIT_ROW(i, a.may_send_ect, i != 0);
	}
	nx_accecn_init(&a);
	nx_accecn_syn_arrived(&a, NX_IP_ECN_ECT0);
	CU_ASSERT_EQUAL(a.s_cep, 5);
	nx_accecn_syn_arrived(&a, NX_IP_ECN_CE);
	CU_ASSERT_EQUAL(a.s_cep, 6);
}

/* ------------------------------------------------------------- counters */

/* RFC 9768 section 3.2.1. */
static void nx_accecn_init__starts_from_five(void)
{
	struct nexus_wire_tcp tcp = { .has = 0 };
	struct nx_accecn a;

	nx_accecn_init(&a);
	CU_ASSERT_EQUAL(nx_accecn_flags(&a), flags(5));
	a.saw_ect1 = true;
	nx_accecn_fill(&a, &tcp);
	CU_ASSERT_EQUAL(tcp.ee0b, 1);
	CU_ASSERT_EQUAL(tcp.eceb, 0);
	CU_ASSERT_EQUAL(tcp.ee1b, 1);
}

static void nx_accecn_receive__counts_by_codepoint(void)
{
	struct nexus_wire_tcp tcp = { .has = 0 };
	struct nx_accecn a;

	nx_accecn_init(&a);
	nx_accecn_receive(&a, NX_IP_ECN_NOT_ECT, 1000, 1);
	nx_accecn_receive(&a, NX_IP_ECN_ECT0, 100, 1);
	nx_accecn_receive(&a, NX_IP_ECN_CE, 10, 1);
	nx_accecn_receive(&a, NX_IP_ECN_CE, 0, 1);
	nx_accecn_fill(&a, &tcp);
	CU_ASSERT_EQUAL(tcp.has, NEXUS_WIRE_TCP_ACCECN | NEXUS_WIRE_TCP_EE0B |
			NEXUS_WIRE_TCP_ECEB);
	nx_accecn_receive(&a, NX_IP_ECN_ECT1, 2, 1);
	nx_accecn_fill(&a, &tcp);
	CU_ASSERT_EQUAL(tcp.ee0b, 101);
	CU_ASSERT_EQUAL(tcp.eceb, 10);
	CU_ASSERT(tcp.has & NEXUS_WIRE_TCP_EE1B);
	CU_ASSERT_EQUAL(tcp.ee1b, 3);
	CU_ASSERT_EQUAL(nx_accecn_flags(&a), flags(7));
	/* A super-packet counts as what it was made of. */
	nx_accecn_receive(&a, NX_IP_ECN_CE, 3000, 3);
	CU_ASSERT_EQUAL(nx_accecn_flags(&a), flags(2));
}

/* RFC 9768 sections 3.2.2.5.1 and 3.2.3.3. */
static void nx_accecn_wants_ack__for_marks_and_changes(void)
{
	struct nx_accecn a;

	nx_accecn_init(&a);
	nx_accecn_receive(&a, NX_IP_ECN_ECT0, MSS, 1);
	CU_ASSERT(nx_accecn_wants_ack(&a));
	nx_accecn_flags(&a);
	nx_accecn_receive(&a, NX_IP_ECN_ECT0, MSS, 1);
	CU_ASSERT(!nx_accecn_wants_ack(&a));
	nx_accecn_receive(&a, NX_IP_ECN_CE, MSS, 1);
	CU_ASSERT(nx_accecn_wants_ack(&a));
	nx_accecn_flags(&a);
	/* Pure ACKs with CE: the second one. */
	nx_accecn_receive(&a, NX_IP_ECN_CE, 0, 1);
	CU_ASSERT(!nx_accecn_wants_ack(&a));
	nx_accecn_receive(&a, NX_IP_ECN_CE, 0, 1);
	CU_ASSERT(nx_accecn_wants_ack(&a));
	nx_accecn_flags(&a);
	CU_ASSERT(!nx_accecn_wants_ack(&a));
}

static uint32_t read_ace(struct nx_accecn *a, unsigned int ace, uint32_t acked)
{
	struct nexus_wire_tcp tcp = { .flags = flags(ace) };

	return nx_accecn_read(a, &tcp, acked, MSS);
}

/* RFC 9768 appendix A.2.1, by deltas that cannot have wrapped. */
static void nx_accecn_read__takes_the_difference_modulo_eight(void)
{
	struct nx_accecn a;
	unsigned int from, to;

	for (from = 0; from < 8; from++)
		for (to = 0; to < 8; to++) {
			nx_accecn_init(&a);
			a.s_cep = 8 + from;
			UNIT_ROW(from * 8 + to, read_ace(&a, to, 7 * MSS),
				 (to - from) & 7);
			UNIT_ROW(from * 8 + to, a.s_cep & 7, to);
		}
}

/* A.2.1: with 20 packets acknowledged, 3 more is 19 at worst. */
static void nx_accecn_read__is_safe_when_ace_may_have_wrapped(void)
{
	struct nx_accecn a;

	nx_accecn_init(&a);
	CU_ASSERT_EQUAL(read_ace(&a, 0, 20 * MSS), 19);
	CU_ASSERT_EQUAL(a.s_cep, 24);
	/* On a marking path, no change is 16 at worst; else it is none. */
	CU_ASSERT_EQUAL(read_ace(&a, 0, 20 * MSS), 16);
	nx_accecn_init(&a);
	CU_ASSERT_EQUAL(read_ace(&a, 5, 20 * MSS), 0);
}

static uint32_t read_both(struct nx_accecn *a, unsigned int ace, uint32_t eceb,
			  uint32_t acked)
{
	struct nexus_wire_tcp tcp = {
		.flags = flags(ace), .ee0b = 1, .eceb = eceb,
		.has = NEXUS_WIRE_TCP_ACCECN | NEXUS_WIRE_TCP_EE0B |
		       NEXUS_WIRE_TCP_ECEB,
	};

	return nx_accecn_read(a, &tcp, acked, MSS);
}

/* A.2.2: marked bytes tell whether ACE wrapped. */
static void nx_accecn_read__asks_the_option_whether_ace_wrapped(void)
{
	struct nx_accecn a;

	nx_accecn_init(&a);
	CU_ASSERT_EQUAL(read_both(&a, 0, 3 * MSS, 20 * MSS), 3);
	nx_accecn_init(&a);
	CU_ASSERT_EQUAL(read_both(&a, 0, 19 * MSS, 20 * MSS), 19);
	/* No bytes at all: the marks are on pure ACKs, or there are none. */
	CU_ASSERT_EQUAL(read_both(&a, 0, 19 * MSS, 20 * MSS), 0);
}

/* Counters of 24 bits wrap, and those of an older segment are not read. */
static void nx_accecn_read__bears_wrap_and_reordering(void)
{
	struct nx_accecn a;

	nx_accecn_init(&a);
	a.has_option = true;
	a.s_ceb = 0xfffff0;
	CU_ASSERT_EQUAL(read_both(&a, 0, 3 * MSS - 16, 20 * MSS), 3);
	CU_ASSERT_EQUAL(a.s_ceb, 0x1000000 + 3 * MSS - 16);
	read_both(&a, 0, 3 * MSS - 17, 0);
	CU_ASSERT_EQUAL(a.s_ceb, 0x1000000 + 3 * MSS - 16);
}

/* RFC 9768 section 3.2.3.2.4: EE0B is 1 at least. */
static void nx_accecn_read__ignores_an_option_that_was_cleared(void)
{
	struct nexus_wire_tcp tcp = {
		.flags = flags(0),
		.has = NEXUS_WIRE_TCP_ACCECN | NEXUS_WIRE_TCP_EE0B |
		       NEXUS_WIRE_TCP_ECEB,
	};
	struct nx_accecn a;

	nx_accecn_init(&a);
	CU_ASSERT_EQUAL(nx_accecn_read(&a, &tcp, 20 * MSS, MSS), 19);
	CU_ASSERT(a.is_option_ignored);
	CU_ASSERT_EQUAL(a.s_ceb, 0);
}

/*
 * A receiver and a sender over a path that marks at random and loses ACKs: the
 * sender's count is never below the truth, and with the option it is the truth
 * but for the last few.
 */
static void nx_accecn__never_undercounts(void)
{
	struct nexus_wire_tcp tcp = { .has = 0 };
	struct nx_accecn rx, tx;
	uint32_t seed = 1, truth = 0, seen = 0, acked = 0, i;

	nx_accecn_init(&rx);
	nx_accecn_init(&tx);
	for (i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		acked += MSS;
		/* Marks come in bursts. */
		if ((seed >> 24) % 10 < (i / 100 % 4) * 2) {
			truth++;
			nx_accecn_receive(&rx, NX_IP_ECN_CE, MSS, 1);
		} else {
			nx_accecn_receive(&rx, NX_IP_ECN_ECT0, MSS, 1);
		}
		if (!nx_accecn_wants_ack(&rx) && i % 2)
			continue;
		tcp.flags = nx_accecn_flags(&rx);
		tcp.has = 0;
		nx_accecn_fill(&rx, &tcp);
		if ((seed >> 16) % 4 == 0)
			continue;
		seen += nx_accecn_read(&tx, &tcp, acked, MSS);
		acked = 0;
		UNIT_ROW(i, seen >= truth, true);
	}
	CU_ASSERT(truth > 5000);
	CU_ASSERT(seen <= truth + truth / 50);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_ecn_syn_flags__ask, "TCP-6"),
	UNIT_CASE_ID(nx_ecn_from_syn__by_the_table, "TCP-6"),
	UNIT_CASE_ID(nx_ecn_synack_flags__by_the_table, "TCP-6"),
	UNIT_CASE_ID(nx_ecn_from_synack__by_the_table, "TCP-6"),
	UNIT_CASE_ID(nx_ecn__two_ends_agree, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_handshake_read__by_the_table, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_init__starts_from_five, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_receive__counts_by_codepoint, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_wants_ack__for_marks_and_changes, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_read__takes_the_difference_modulo_eight, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_read__is_safe_when_ace_may_have_wrapped, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_read__asks_the_option_whether_ace_wrapped,
		     "TCP-6"),
	UNIT_CASE_ID(nx_accecn_read__bears_wrap_and_reordering, "TCP-6"),
	UNIT_CASE_ID(nx_accecn_read__ignores_an_option_that_was_cleared,
		     "TCP-6"),
	UNIT_CASE_ID(nx_accecn__never_undercounts, "TCP-6"),
};

UNIT_SUITE(tcp_accecn_suite, "tcp/accecn", cases);
