// SPDX-License-Identifier: GPL-2.0
/*
 * Every state and transition of RFC 9293 figure 5, from scripted segments.
 */
#include <errno.h>

#include "../../../lib/tcp/internal.h"
#include "script.h"

/* ------------------------------------------------------------ the handshake */

static void open__active(void)
{
	SCRIPT("+0 connect",
	       "+0 state SYN-SENT",
	       "+0 > S 0:0 win 65535 <mss 1460,sackOK,wscale 7>",
	       "+.1 < S. 0:0 ack 1 win 65535 <mss 1460,sackOK,wscale 8>",
	       "+0 > . 1:1 ack 1 <>",
	       "+0 event established",
	       "+0 state ESTAB");
}

static void open__passive(void)
{
	SCRIPT("+0 < S 0:0 win 65535 <mss 1400,wscale 8>",
	       "+0 state SYN-RECV",
	       "+0 > S. 0:0 ack 1 win 65535 <mss 1460,wscale 7>",
	       "+.1 < . 1:1 ack 1 win 1000",
	       "+0 event established",
	       "+0 state ESTAB");
}

static void open__simultaneous(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+.1 < S 0:0 win 65535 <mss 1460,sackOK,wscale 8>",
	       "+0 state SYN-RECV",
	       "+0 > S. 0:0 ack 1",
	       "+.1 < S. 0:0 ack 1 win 65535 <mss 1460,sackOK,wscale 8>",
	       "+0 state ESTAB",
	       "+0 write 100",
	       "+0 > P. 1:101 ack 1");
}

/* The SYN-ACK is lost, and so is the ACK of the next one; data bring it. */
static void open__syn_ack_again(void)
{
	SCRIPT("+0 < S 0:0 win 65535 <mss 1460>",
	       "+0 > S. 0:0 ack 1",
	       "+1 > S. 0:0 ack 1",
	       "+.5 < S 0:0 win 65535 <mss 1460>",
	       "+0 > S. 0:0 ack 1",
	       "+.1 < P. 1:101 ack 1 win 1000",
	       "+0 state ESTAB",
	       "+0 read 100",
	       "+.04 > . 1:1 ack 101");
}

static void open__nobody_answers(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+1 > S 0:0",
	       "+2 > S 0:0",
	       "+4 > S 0:0",
	       "+8 > S 0:0",
	       "+16 > S 0:0",
	       "+32 > S 0:0",
	       "+63.9 state SYN-SENT",
	       "+.2 event closed",
	       "+0 state UNCONN",
	       "+0 err ETIMEDOUT");
}

static void syn_sent__refused(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+.1 < R 0:0",
	       "+0 state SYN-SENT",
	       "+.1 < R. 0:0 ack 1",
	       "+0 state UNCONN",
	       "+0 err ECONNREFUSED");
}

/* An old connection's segment is answered by RST; the SYN is sent again. */
static void syn_sent__old_duplicate(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+.1 < . 500:500 ack 700",
	       "+0 > R 700:700",
	       "+0 state SYN-SENT",
	       "+.1 < R. 500:500 ack 700",
	       "+0 state SYN-SENT",
	       "+.1 < S. 0:0 ack 1 win 1000 <mss 1460>",
	       "+0 > . 1:1 ack 1");
}

static void syn_sent__shutdown(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+.1 shutdown",
	       "+0 state UNCONN",
	       "+0 err Success");
}

static void syn_sent__data_with_the_syn_ack(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+.1 < S. 0:100 ack 1 win 1000 <mss 1460>",
	       "+0 > . 1:1 ack 101",
	       "+0 read 100");
}

static void syn_rcvd__reset(void)
{
	SCRIPT("+0 < S 0:0 win 65535 <mss 1460>",
	       "+0 > S. 0:0 ack 1",
	       "+.1 < R 1:1",
	       "+0 state UNCONN",
	       "+0 err ECONNRESET");
}

static void syn_rcvd__wrong_ack(void)
{
	SCRIPT("+0 < S 0:0 win 65535 <mss 1460>",
	       "+0 > S. 0:0 ack 1",
	       "+.1 < . 1:1 ack 2",
	       "+0 > R 2:2",
	       "+0 state SYN-RECV");
}

static void syn_rcvd__shutdown(void)
{
	SCRIPT("+0 < S 0:0 win 65535 <mss 1460>",
	       "+0 > S. 0:0 ack 1",
	       "+.1 shutdown",
	       "+0 state SYN-RECV",
	       "+.1 < . 1:1 ack 1 win 1000",
	       "+0 state FIN-WAIT-1",
	       "+0 > F. 1:1 ack 1");
}

/* ----------------------------------------------------------------- the end */

static void close__active(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+0 state FIN-WAIT-1",
	       "+.1 < . 1:1 ack 2 win 256",
	       "+0 state FIN-WAIT-2",
	       "+1 < F. 1:1 ack 2 win 256",
	       "+0 > . 2:2 ack 2",
	       "+0 event peer-closed",
	       "+0 event time-wait",
	       "+0 state TIME-WAIT",
	       "+59.9 state TIME-WAIT",
	       "+.2 state UNCONN",
	       "+0 event closed",
	       "+0 err Success");
}

static void close__passive(void)
{
	SCRIPT(PASSIVE_OPEN,
	       "+.1 < F. 1:1 ack 1 win 1000",
	       "+0 > . 1:1 ack 2",
	       "+0 state CLOSE-WAIT",
	       "+0 write 100",
	       "+0 > P. 1:101 ack 2",
	       "+0 shutdown",
	       "+0 > F. 101:101 ack 2",
	       "+0 state LAST-ACK",
	       "+.1 < . 2:2 ack 101 win 1000",
	       "+0 state LAST-ACK",
	       "+.1 < . 2:2 ack 102 win 1000",
	       "+0 state UNCONN",
	       "+0 err Success");
}

static void close__simultaneous(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < F. 1:1 ack 1 win 256",
	       "+0 > . 2:2 ack 2",
	       "+0 state CLOSING",
	       "+.1 < . 2:2 ack 2 win 256",
	       "+0 state TIME-WAIT");
}

static void close__fin_acks_fin(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < F. 1:1 ack 2 win 256",
	       "+0 > . 2:2 ack 2",
	       "+0 state TIME-WAIT");
}

static void close__half(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < . 1:1 ack 2 win 256",
	       "+5 < P. 1:1001 ack 2 win 256",
	       "+0 > . 2:2 ack 1001",
	       "+0 read 1000",
	       "+0 state FIN-WAIT-2",
	       "+0 write 1 fails");
}

static void close__fin_with_data(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 write 2000",
	       "+0 > . 1:1461 ack 1",
	       "+0 > P. 1461:2001 ack 1",
	       "+0 write 100",
	       "+0 shutdown",
	       "+0 > FP. 2001:2101 ack 1",
	       "+.1 < FP. 1:501 ack 2102 win 256",
	       "+0 > . 2102:2102 ack 502",
	       "+0 read 500",
	       "+0 state TIME-WAIT");
}

static void close__fin_out_of_order(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 < FP. 101:201 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 101:201>",
	       "+0 state ESTAB",
	       "+.1 < P. 1:101 ack 1 win 256",
	       "+0 > . 1:1 ack 202 <>",
	       "+0 state CLOSE-WAIT",
	       "+0 read 200");
}

static void close__fin_is_lost(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+.3 > F. 1:1 ack 1",
	       "+.3 > F. 1:1 ack 1",
	       "+.1 < . 1:1 ack 2 win 256",
	       "+0 state FIN-WAIT-2");
}

/* --------------------------------------------------------------- TIME-WAIT */

#define TO_TIME_WAIT							\
	ACTIVE_OPEN,							\
	"+0 shutdown",							\
	"+0 > F. 1:1 ack 1",						\
	"+.1 < F. 1:1 ack 2 win 256",					\
	"+0 > . 2:2 ack 2",						\
	"+0 state TIME-WAIT"

static void time_wait__fin_again(void)
{
	SCRIPT(TO_TIME_WAIT,
	       "+50 < F. 1:1 ack 2 win 256",
	       "+0 > . 2:2 ack 2",
	       "+50 state TIME-WAIT",
	       "+10.1 state UNCONN");
}

static void time_wait__reset(void)
{
	SCRIPT(TO_TIME_WAIT,
	       "+1 < R 2:2",
	       "+0 state UNCONN",
	       "+0 err Success");
}

/* RFC 9293 section 3.6.1: a later sequence number. */
static void time_wait__new_syn(void)
{
	SCRIPT(TO_TIME_WAIT,
	       "+1 < S 1:1 win 1000 <mss 1460>",
	       "+0 > . 2:2 ack 2",
	       "+0 state TIME-WAIT",
	       "+1 < S 100:100 win 1000 <mss 1460>",
	       "+0 event reopen",
	       "+0 state UNCONN");
}

/* RFC 6191: a later timestamp, whatever the sequence number. */
static void time_wait__new_syn_by_timestamp(void)
{
	struct script s;

	script_init(&s);
	s.config.features |= NX_TCP_HAS_TS;
	script_run(&s, "+0 connect",
		   "+0 > S 0:0",
		   "+.1 < S. 0:0 ack 1 win 1000 <mss 1460,TS>",
		   "+0 > . 1:1 ack 1",
		   "+0 shutdown",
		   "+0 > F. 1:1 ack 1",
		   "+.1 < F. 1:1 ack 2 win 256 <TS 5000 ecr 1>",
		   "+0 > . 2:2 ack 2",
		   "+0 state TIME-WAIT",
		   "+.1 < S 0:0 win 1000 <mss 1460,TS 4999 ecr 0>",
		   "+0 > . 2:2 ack 2",
		   "+0 state TIME-WAIT",
		   "+.1 < S 0:0 win 1000 <mss 1460,TS 5001 ecr 0>",
		   "+0 event reopen");
	script_end(&s);
}

/* ------------------------------------------------------------ RST and abort */

static void reset__in_every_state(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+.1 < R. 1:1 ack 1",
	       "+0 state UNCONN",
	       "+0 err ECONNRESET");
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < R 1:1",
	       "+0 err ECONNRESET");
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < . 1:1 ack 2 win 256",
	       "+0 state FIN-WAIT-2",
	       "+.1 < R 1:1",
	       "+0 err ECONNRESET");
	SCRIPT(PASSIVE_OPEN,
	       "+.1 < F. 1:1 ack 1 win 1000",
	       "+0 > . 1:1 ack 2",
	       "+.1 < R 2:2",
	       "+0 state UNCONN",
	       "+0 err EPIPE");
	SCRIPT(ACTIVE_OPEN,
	       "+0 shutdown",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < F. 1:1 ack 1 win 256",
	       "+0 > . 2:2 ack 2",
	       "+0 state CLOSING",
	       "+.1 < R 2:2",
	       "+0 state UNCONN",
	       "+0 err Success");
}

static void abort__established(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 write 100",
	       "+0 > P. 1:101 ack 1",
	       "+0 abort",
	       "+0 > R. 101:101 ack 1",
	       "+0 state UNCONN",
	       "+0 err ECONNABORTED");
}

static void abort__syn_sent(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+0 abort",
	       "+0 state UNCONN");
}

static void orphan__data_arrive(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 orphan",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < P. 1:101 ack 2 win 256",
	       "+0 > R. 2:2 ack 1",
	       "+0 state UNCONN");
}

static void orphan__unread_data(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 < P. 1:101 ack 1 win 256",
	       "+0 orphan",
	       "+0 > R. 1:1 ack 101",
	       "+0 state UNCONN");
}

static void orphan__peer_never_closes(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 orphan",
	       "+0 > F. 1:1 ack 1",
	       "+.1 < . 1:1 ack 2 win 256",
	       "+0 state FIN-WAIT-2",
	       "+59.9 state FIN-WAIT-2",
	       "+.2 state UNCONN");
}

/* RFC 9293 section 3.10.7.1. */
static void answer_closed__table(void)
{
	static const struct {
		uint16_t	flags;
		uint32_t	seq, ack, len;
		bool		is_answered;
		uint16_t	rst_flags;
		uint32_t	rst_seq, rst_ack;
	} rows[] = {
		{ TCP_SYN, 5, 0, 0, true, TCP_RST | TCP_ACK, 0, 6 },
		{ TCP_ACK, 5, 9, 3, true, TCP_RST, 9, 0 },
		{ TCP_FIN, 5, 0, 3, true, TCP_RST | TCP_ACK, 0, 9 },
		{ TCP_RST, 5, 0, 0, false, 0, 0, 0 },
		{ TCP_RST | TCP_ACK, 5, 9, 0, false, 0, 0, 0 },
	};
	struct nx_tcp_seg seg, rst;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		seg = (struct nx_tcp_seg) { .len = rows[i].len };
		seg.hdr.flags = rows[i].flags;
		seg.hdr.seq = rows[i].seq;
		seg.hdr.ack = rows[i].ack;
		UNIT_ROW(i, nx_tcp_answer_closed(&seg, &rst),
			 rows[i].is_answered);
		if (!rows[i].is_answered)
			continue;
		UNIT_ROW(i, rst.hdr.flags, rows[i].rst_flags);
		UNIT_ROW(i, rst.hdr.seq, rows[i].rst_seq);
		UNIT_ROW(i, rst.hdr.ack, rows[i].rst_ack);
	}
}

static void set_state__forbidden(void)
{
	struct script s;

	script_init(&s);
	script_run(&s, ACTIVE_OPEN);
	nx_tcp_set_state(&s.tcp, NX_TCP_LAST_ACK);
	CU_ASSERT_EQUAL(s.tcp.state, NX_TCP_CLOSED);
	CU_ASSERT_EQUAL(s.tcp.err, -EPROTO);
	script_end(&s);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(open__active, "TCP-3 CLOSED, SYN-SENT, ESTABLISHED"),
	UNIT_CASE_ID(open__passive, "TCP-3 SYN-RECEIVED, ESTABLISHED"),
	UNIT_CASE_ID(open__simultaneous, "TCP-3 SYN-SENT, SYN-RECEIVED"),
	UNIT_CASE_ID(open__syn_ack_again, "TCP-3"),
	UNIT_CASE_ID(open__nobody_answers, "TCP-3 SYN-SENT, CLOSED"),
	UNIT_CASE_ID(syn_sent__refused, "TCP-3 SYN-SENT, CLOSED"),
	UNIT_CASE_ID(syn_sent__old_duplicate, "TCP-3"),
	UNIT_CASE_ID(syn_sent__shutdown, "TCP-3 SYN-SENT, CLOSED"),
	UNIT_CASE_ID(syn_sent__data_with_the_syn_ack, "TCP-3"),
	UNIT_CASE_ID(syn_rcvd__reset, "TCP-3 SYN-RECEIVED, CLOSED"),
	UNIT_CASE_ID(syn_rcvd__wrong_ack, "TCP-3"),
	UNIT_CASE_ID(syn_rcvd__shutdown, "TCP-3 SYN-RECEIVED, FIN-WAIT-1"),
	UNIT_CASE_ID(close__active, "TCP-3 FIN-WAIT-1, -2, TIME-WAIT"),
	UNIT_CASE_ID(close__passive, "TCP-3 CLOSE-WAIT, LAST-ACK, CLOSED"),
	UNIT_CASE_ID(close__simultaneous, "TCP-3 FIN-WAIT-1, CLOSING"),
	UNIT_CASE_ID(close__fin_acks_fin, "TCP-3 FIN-WAIT-1, TIME-WAIT"),
	UNIT_CASE_ID(close__half, "TCP-3"),
	UNIT_CASE_ID(close__fin_with_data, "TCP-3"),
	UNIT_CASE_ID(close__fin_out_of_order, "TCP-3"),
	UNIT_CASE_ID(close__fin_is_lost, "TCP-3"),
	UNIT_CASE_ID(time_wait__fin_again, "TCP-3"),
	UNIT_CASE_ID(time_wait__reset, "TCP-3"),
	UNIT_CASE_ID(time_wait__new_syn, "TCP-3"),
	UNIT_CASE_ID(time_wait__new_syn_by_timestamp, "TCP-3"),
	UNIT_CASE_ID(reset__in_every_state, "TCP-3"),
	UNIT_CASE_ID(abort__established, "TCP-3"),
	UNIT_CASE_ID(abort__syn_sent, "TCP-3"),
	UNIT_CASE_ID(orphan__data_arrive, "TCP-3"),
	UNIT_CASE_ID(orphan__unread_data, "TCP-3"),
	UNIT_CASE_ID(orphan__peer_never_closes, "TCP-3"),
	UNIT_CASE_ID(answer_closed__table, "TCP-3"),
	UNIT_CASE_ID(set_state__forbidden, "TCP-3"),
};

UNIT_SUITE(tcp_state_suite, "tcp/state.c", cases);
