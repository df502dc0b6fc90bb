// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/tcp/prr.c.
 */
#include <tcp/prr.h>

#include "../unit.h"

#define MSS	1000u

/*
 * A window of @nr segments loses @nr_lost at its front; the rest is SACKed one
 * by one. Returns what was sent, and at the end cwnd in @cwnd.
 */
static uint32_t recover(uint32_t nr, uint32_t nr_lost, uint32_t ssthresh,
			uint32_t *cwnd)
{
	uint32_t pipe = (nr - nr_lost) * MSS, sent = 0, i;
	struct nx_prr prr;

	nx_prr_enter(&prr, nr * MSS);
	for (i = 0; i < nr - nr_lost; i++) {
		pipe -= MSS;
		*cwnd = nx_prr_on_ack(&prr, MSS, pipe, ssthresh, MSS, false);
		for (; pipe + MSS <= *cwnd; pipe += MSS, sent += MSS)
			nx_prr_on_send(&prr, MSS);
	}
	return sent;
}

/* RFC 9937 section 6: leaves are to arrivals as ssthresh is to RecoverFS. */
static void nx_prr_on_ack__sends_in_proportion(void)
{
	uint32_t cwnd, percent, sent;

	for (percent = 50; percent <= 85; percent += 5) {
		sent = recover(100, 1, percent * MSS, &cwnd);
		/* All but what is still in the fraction, one segment. */
		UNIT_ROW(percent, sent <= (percent + 1) * MSS, true);
		UNIT_ROW(percent, sent >= (percent - 2) * MSS, true);
		UNIT_ROW(percent, cwnd <= (percent + 1) * MSS, true);
		UNIT_ROW(percent, cwnd >= (percent - 2) * MSS, true);
	}
}

/* Steadily: at 50 %, no two segments leave on one ACK but for the first. */
static void nx_prr_on_ack__spreads_over_the_round_trip(void)
{
	uint32_t pipe = 19 * MSS, cwnd, i, at_once;
	struct nx_prr prr;

	nx_prr_enter(&prr, 20 * MSS);
	for (i = 0; i < 19; i++) {
		pipe -= MSS;
		cwnd = nx_prr_on_ack(&prr, MSS, pipe, 10 * MSS, MSS, false);
		for (at_once = 0; pipe + MSS <= cwnd; pipe += MSS, at_once++)
			nx_prr_on_send(&prr, MSS);
		UNIT_ROW(i, at_once <= 1, true);
	}
}

/* Section 6: a retransmission leaves on the first ACK, come what may. */
static void nx_prr_on_ack__sends_the_first_retransmission(void)
{
	struct nx_prr prr;

	nx_prr_enter(&prr, 100 * MSS);
	CU_ASSERT_EQUAL(nx_prr_on_ack(&prr, 1, 99 * MSS, 50 * MSS, MSS, false),
			100 * MSS);
	nx_prr_on_send(&prr, MSS);
	CU_ASSERT_EQUAL(nx_prr_on_ack(&prr, 1, 99 * MSS, 50 * MSS, MSS, false),
			99 * MSS);
}

/* Below ssthresh, unsafe ACKs: as many leave as arrive (the CRB bound). */
static void nx_prr_on_ack__conserves_packets_while_losses_go_on(void)
{
	struct nx_prr prr;
	uint32_t pipe = 10 * MSS, cwnd, i;

	nx_prr_enter(&prr, 100 * MSS);
	for (i = 0; i < 10; i++) {
		pipe -= MSS;
		cwnd = nx_prr_on_ack(&prr, MSS, pipe, 50 * MSS, MSS, false);
		UNIT_ROW(i, cwnd - pipe, MSS);
		nx_prr_on_send(&prr, cwnd - pipe);
		pipe = cwnd;
	}
	CU_ASSERT_EQUAL(pipe, 10 * MSS);
}

/* Below ssthresh, safe ACKs: one segment more for each, as slow start. */
static void nx_prr_on_ack__rebuilds_when_it_is_safe(void)
{
	struct nx_prr prr;
	uint32_t pipe = 10 * MSS, cwnd, i;

	nx_prr_enter(&prr, 100 * MSS);
	for (i = 0; i < 60; i++) {
		pipe -= MSS;
		cwnd = nx_prr_on_ack(&prr, MSS, pipe, 50 * MSS, MSS, true);
		UNIT_ROW(i, cwnd <= 50 * MSS, true);
		nx_prr_on_send(&prr, cwnd - pipe);
		pipe = cwnd;
	}
	CU_ASSERT_EQUAL(pipe, 50 * MSS);
}

/* What the application left unsent is not made up for beyond ssthresh. */
static void nx_prr_on_ack__never_passes_ssthresh_from_below(void)
{
	struct nx_prr prr;

	nx_prr_enter(&prr, 100 * MSS);
	nx_prr_on_send(&prr, MSS);
	CU_ASSERT_EQUAL(nx_prr_on_ack(&prr, 60 * MSS, 49 * MSS, 50 * MSS, MSS,
				      true), 50 * MSS);
}

/* Nothing in flight: no ACK would come and let something out. */
static void nx_prr_on_ack__never_stands_still(void)
{
	struct nx_prr prr;

	nx_prr_enter(&prr, 10 * MSS);
	nx_prr_on_send(&prr, 10 * MSS);
	CU_ASSERT_EQUAL(nx_prr_on_ack(&prr, 0, 0, 5 * MSS, MSS, false), MSS);
}

static void nx_prr_enter__bears_nothing_in_flight(void)
{
	struct nx_prr prr;

	nx_prr_enter(&prr, 0);
	CU_ASSERT(nx_prr_on_ack(&prr, MSS, 3 * MSS, 2 * MSS, MSS, true) >=
		  3 * MSS);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_prr_on_ack__sends_in_proportion, "TCP-4 PRR"),
	UNIT_CASE_ID(nx_prr_on_ack__spreads_over_the_round_trip, "TCP-4 PRR"),
	UNIT_CASE_ID(nx_prr_on_ack__sends_the_first_retransmission, "TCP-4 PRR"),
	UNIT_CASE_ID(nx_prr_on_ack__conserves_packets_while_losses_go_on,
		     "TCP-4 PRR-CRB"),
	UNIT_CASE_ID(nx_prr_on_ack__rebuilds_when_it_is_safe, "TCP-4 PRR-SSRB"),
	UNIT_CASE_ID(nx_prr_on_ack__never_passes_ssthresh_from_below,
		     "TCP-4 PRR"),
	UNIT_CASE_ID(nx_prr_on_ack__never_stands_still, "TCP-4 PRR"),
	UNIT_CASE(nx_prr_enter__bears_nothing_in_flight),
};

UNIT_SUITE(tcp_prr_suite, "tcp/prr", cases);
