// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a connection, from scripted segments.
 */
#include "script.h"

static void active(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 event established",
	       "+0 write 1000",
	       "+0 > P. 1:1001 ack 1",
	       "+.1 < . 1:1 ack 1001 win 256",
	       "+0 < P. 1:501 ack 1001 win 256",
	       "+0 read 500",
	       "+.04 > . 1001:1001 ack 501",
	       "+0 shutdown",
	       "+0 > F. 1001:1001 ack 501",
	       "+0 state FIN-WAIT-1",
	       "+.1 < . 501:501 ack 1002 win 256",
	       "+0 state FIN-WAIT-2",
	       "+0 < F. 501:501 ack 1002 win 256",
	       "+0 > . 1002:1002 ack 502",
	       "+0 state TIME-WAIT",
	       "+60 state UNCONN");
}

static void passive(void)
{
	SCRIPT(PASSIVE_OPEN,
	       "+0 event established",
	       "+.1 < F. 1:1 ack 1 win 1000",
	       "+0 > . 1:1 ack 2",
	       "+0 state CLOSE-WAIT",
	       "+0 write 100",
	       "+0 > P. 1:101 ack 2",
	       "+0 shutdown",
	       "+0 > F. 101:101 ack 2",
	       "+0 state LAST-ACK",
	       "+.1 < . 2:2 ack 102 win 1000",
	       "+0 state UNCONN");
}

static void retransmit(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 write 1000",
	       "+0 > P. 1:1001 ack 1",
	       /* A tail loss probe, then timeouts. */
	       "+.3 > P. 1:1001 ack 1",
	       "+.3 > P. 1:1001 ack 1",
	       "+.6 > P. 1:1001 ack 1",
	       "+.1 < . 1:1 ack 1001 win 256");
}

static const struct unit_case cases[] = {
	UNIT_CASE(active),
	UNIT_CASE(passive),
	UNIT_CASE(retransmit),
};

UNIT_SUITE(tcp_conn_suite, "tcp/conn.c", cases);
