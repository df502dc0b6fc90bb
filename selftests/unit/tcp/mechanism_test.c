// SPDX-License-Identifier: GPL-2.0
/*
 * Each mechanism by itself, as its RFC has it, from scripted segments.
 */
#include <errno.h>

#include "../../../lib/tcp/internal.h"
#include "script.h"

/* A script whose connection has other features. */
#define SCRIPT_WITH(setting, ...)					\
	do {								\
		struct script s_, *s = &s_;				\
									\
		script_init(s);						\
		setting;						\
		script_run(s, __VA_ARGS__);				\
		script_end(s);						\
	} while (0)

#define WITH_TS		(s->config.features |= NX_TCP_HAS_TS)
#define WITHOUT_TLP	(s->config.features &= ~NX_TCP_HAS_TLP)

#define OPEN_TS								\
	"+0 connect",							\
	"+0 > S 0:0 <mss 1460,sackOK,wscale 7,TS>",			\
	"+.1 < S. 0:0 ack 1 win 65535 <mss 1460,sackOK,wscale 8,TS>",	\
	"+0 > . 1:1 ack 1 <TS>"

/* Ten segments of 1,000 bytes leave. */
#define SEND_TEN							\
	"+0 nodelay 1",							\
	"+0 write 10000",						\
	"+0 > . 1:1001 ack 1",						\
	"+0 > . 1001:2001 ack 1",					\
	"+0 > . 2001:3001 ack 1",					\
	"+0 > . 3001:4001 ack 1",					\
	"+0 > . 4001:5001 ack 1",					\
	"+0 > . 5001:6001 ack 1",					\
	"+0 > . 6001:7001 ack 1",					\
	"+0 > . 7001:8001 ack 1",					\
	"+0 > . 8001:9001 ack 1",					\
	"+0 > P. 9001:10001 ack 1"

#define OPEN_1000							\
	"+0 connect",							\
	"+0 > S 0:0",							\
	"+.1 < S. 0:0 ack 1 win 65535 <mss 1000,sackOK,wscale 8>",	\
	"+0 > . 1:1 ack 1"

#define OPEN_1000_WITHOUT_SACK						\
	"+0 connect",							\
	"+0 > S 0:0",							\
	"+.1 < S. 0:0 ack 1 win 65535 <mss 1000,wscale 8>",		\
	"+0 > . 1:1 ack 1"

/* -------------------------------------------------------------- SACK, RACK */

/* Three segments above the hole: RFC 6675's rule, and RACK's. */
static void sack__recovery(void)
{
	SCRIPT(OPEN_1000, SEND_TEN,
	       "+.1 < . 1:1 ack 1 win 256 <sack 1001:2001>",
	       "+0 recovery open",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:3001>",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:4001>",
	       "+0 recovery fast",
	       "+0 > . 1:1001 ack 1",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:10001>",
	       "+0 recovery fast",
	       "+.1 < . 1:1 ack 10001 win 256",
	       "+0 recovery open",
	       "+0 undone 0");
}

/* Holes are filled in their order, and what is SACKed is not sent again. */
static void sack__two_holes(void)
{
	SCRIPT(OPEN_1000, SEND_TEN,
	       "+.1 < . 1:1 ack 1 win 256 <sack 1001:4001>",
	       "+0 > . 1:1001 ack 1",
	       "+0 < . 1:1 ack 1 win 256 <sack 5001:10001 1001:4001>",
	       "+0 > . 4001:5001 ack 1",
	       "+.1 < . 1:1 ack 4001 win 256 <sack 5001:10001>",
	       "+0 recovery fast",
	       "+0 < . 1:1 ack 10001 win 256",
	       "+0 recovery open");
}

/* What we tell: the latest block first, at most four (RFC 2018 section 4). */
static void sack__told(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 < . 1001:2001 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 1001:2001>",
	       "+0 < . 3001:4001 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 3001:4001 1001:2001>",
	       "+0 < . 5001:6001 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 5001:6001 3001:4001 1001:2001>",
	       "+0 < . 2001:3001 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 1001:4001 5001:6001>",
	       "+0 < . 1:1001 ack 1 win 256",
	       "+0 > . 1:1 ack 4001 <sack 5001:6001>",
	       "+0 < . 4001:5001 ack 1 win 256",
	       "+0 > . 1:1 ack 6001 <>",
	       "+0 read 6000");
}

/* RFC 2018 section 8: a peer that drops what it SACKed gets it once more. */
static void sack__reneging(void)
{
	SCRIPT_WITH(WITHOUT_TLP, OPEN_1000,
		    "+0 write 2000",
		    "+0 > . 1:1001 ack 1",
		    "+0 > P. 1001:2001 ack 1",
		    "+.1 < . 1:1 ack 1 win 256 <sack 1001:2001>",
		    "+.025 > . 1:1001 ack 1",
		    "+.1 < . 1:1 ack 1001 win 256",
		    "+.3 > P. 1001:2001 ack 1",
		    "+.1 < . 1:1 ack 2001 win 256");
}

/* RFC 2883: duplicates are told once, before the other blocks. */
static void dsack__told(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 < . 1:1001 ack 1 win 256",
	       "+0 > . 1:1 ack 1001",
	       "+0 < . 1:1001 ack 1 win 256",
	       "+0 > . 1:1 ack 1001 <sack 1:1001>",
	       "+0 < . 501:1501 ack 1 win 256",
	       "+0 > . 1:1 ack 1501 <sack 501:1001>",
	       "+0 < . 2001:3001 ack 1 win 256",
	       "+0 > . 1:1 ack 1501 <sack 2001:3001>",
	       "+0 < . 2001:3001 ack 1 win 256",
	       "+0 > . 1:1 ack 1501 <sack 2001:3001 2001:3001>",
	       "+0 read 1500");
}

/* RFC 3708: all that was sent again arrived twice: nothing was lost. */
static void dsack__undo(void)
{
	SCRIPT(OPEN_1000, SEND_TEN,
	       "+.1 < . 1:1 ack 1 win 256 <sack 1001:4001>",
	       "+0 > . 1:1001 ack 1",
	       "+0 recovery fast",
	       "+.01 < . 1:1 ack 10001 win 256",
	       "+0 recovery open",
	       "+.09 < . 1:1 ack 10001 win 256 <sack 1:1001>",
	       "+0 undone 1",
	       "+0 cwnd 10000");
}

/* RFC 3522: the ACK answers the first copy, its timestamp says. */
static void timestamps__undo(void)
{
	SCRIPT_WITH(WITH_TS, OPEN_TS,
		    "+0 write 5000",
		    "+0 > . 1:1449 ack 1",
		    "+0 > . 1449:2897 ack 1",
		    "+0 > . 2897:4345 ack 1",
		    "+0 > P. 4345:5001 ack 1",
		    "+.1 < . 1:1 ack 1 win 256 <TS 1200 ecr 1100,sack 1449:5001>",
		    "+0 > . 1:1449 ack 1",
		    "+0 recovery fast",
		    "+.01 < . 1:1 ack 5001 win 256 <TS 1210 ecr 1100>",
		    "+0 recovery open",
		    "+0 undone 1");
}

/*
 * The last three have overtaken seven: when that is known, no ACK of those has RACK
 * take the rest of them for lost.
 */
static void rack__undone_once(void)
{
	SCRIPT_WITH(WITH_TS, OPEN_TS,
		    "+0 nodelay 1",
		    "+0 write 14480",
		    "+0 > . 1:1449 ack 1",
		    "+0 > . 1449:2897 ack 1",
		    "+0 > . 2897:4345 ack 1",
		    "+0 > . 4345:5793 ack 1",
		    "+0 > . 5793:7241 ack 1",
		    "+0 > . 7241:8689 ack 1",
		    "+0 > . 8689:10137 ack 1",
		    "+0 > . 10137:11585 ack 1",
		    "+0 > . 11585:13033 ack 1",
		    "+0 > P. 13033:14481 ack 1",
		    "+.1 < . 1:1 ack 1 win 256 <TS 1200 ecr 1100,sack 10137:14481>",
		    "+0 > . 1:1449 ack 1",
		    "+0 > . 1449:2897 ack 1",
		    "+0 > . 2897:4345 ack 1",
		    "+0 recovery fast",
		    "+.01 < . 1:1 ack 1449 win 256 <TS 1210 ecr 1100,sack 10137:14481>",
		    "+0 recovery open",
		    "+0 undone 1",
		    "+.01 < . 1:1 ack 2897 win 256 <TS 1220 ecr 1100,sack 10137:14481>",
		    "+0 recovery open",
		    "+.05 < . 1:1 ack 4345 win 256 <TS 1270 ecr 1100,sack 10137:14481>",
		    "+0 recovery open",
		    "+.05 < . 1:1 ack 14481 win 256 <TS 1320 ecr 1100>",
		    "+0 undone 1",
		    "+.05 none");
}

/* RFC 8985 section 6.2: reordering is waited for, a quarter of a round trip. */
static void rack__reordering_window(void)
{
	SCRIPT(OPEN_1000,
	       "+0 write 2000",
	       "+0 > . 1:1001 ack 1",
	       "+0 > P. 1001:2001 ack 1",
	       "+.1 < . 1:1 ack 1 win 256 <sack 1001:2001>",
	       "+0 recovery open",
	       "+.025 > . 1:1001 ack 1",
	       "+0 recovery fast",
	       "+.1 < . 1:1 ack 2001 win 256");
}

/* A retransmission that is lost is found by what was sent after it. */
static void rack__lost_retransmission(void)
{
	SCRIPT(OPEN_1000, SEND_TEN,
	       "+.1 < . 1:1 ack 1 win 256 <sack 1001:4001>",
	       "+0 > . 1:1001 ack 1",
	       "+0 write 2000",
	       "+.01 < . 1:1 ack 1 win 256 <sack 1001:9001>",
	       "+0 > . 10001:11001 ack 1",
	       "+0 > P. 11001:12001 ack 1",
	       "+.1 < . 1:1 ack 1 win 256 <sack 1001:11001>",
	       "+0 > . 1:1001 ack 1",
	       "+.1 < . 1:1 ack 12001 win 256");
}

/* RFC 8985 section 7: the tail is probed after two round trips. */
static void tlp__last_segment(void)
{
	SCRIPT(OPEN_1000,
	       "+0 write 3000",
	       "+0 > . 1:1001 ack 1",
	       "+0 > . 1001:2001 ack 1",
	       "+0 > P. 2001:3001 ack 1",
	       "+.2 > P. 2001:3001 ack 1",
	       "+0 rtos 0",
	       "+.1 < . 1:1 ack 1001 win 256 <sack 2001:3001>",
	       "+0 recovery fast",
	       "+0 > . 1001:2001 ack 1",
	       "+.1 < . 1:1 ack 3001 win 256",
	       "+0 rtos 0");
}

/* New data are the better probe. */
static void tlp__new_data(void)
{
	SCRIPT(OPEN_1000, SEND_TEN,
	       "+0 write 2000",
	       "+.2 > . 10001:11001 ack 1",
	       "+0 rtos 0");
}

/* Section 7.4.2: the probe repaired a loss, so there was congestion. */
static void tlp__reduces_cwnd(void)
{
	SCRIPT(OPEN_1000,
	       "+0 write 3000",
	       "+0 > . 1:1001 ack 1",
	       "+0 > . 1001:2001 ack 1",
	       "+0 > P. 2001:3001 ack 1",
	       "+.2 > P. 2001:3001 ack 1",
	       "+0 write 1000",
	       "+0 > P. 3001:4001 ack 1",
	       "+.1 < . 1:1 ack 4001 win 256",
	       "+0 cwnd 2800");
}

/* ------------------------------------------------------ congestion avoidance */

/*
 * RFC 9438 section 4.4: far below W_max the target is half as much again, 4,200, and
 * 2,000 of the 2,800 are acknowledged: by one ACK for all that is in flight, as it
 * always is with two segments.
 */
static void avoidance__one_ack_for_all(void)
{
	SCRIPT(OPEN_1000,
	       "+0 write 3000",
	       "+0 > . 1:1001 ack 1",
	       "+0 > . 1001:2001 ack 1",
	       "+0 > P. 2001:3001 ack 1",
	       "+.2 > P. 2001:3001 ack 1",
	       "+0 write 1000",
	       "+0 > P. 3001:4001 ack 1",
	       "+.1 < . 1:1 ack 4001 win 256",
	       "+0 cwnd 2800",
	       "+0 write 20000",
	       "+0 > . 4001:5001 ack 1",
	       "+0 > . 5001:6001 ack 1",
	       "+.1 < . 1:1 ack 6001 win 256",
	       "+0 cwnd 3800",
	       "+0 > . 6001:7001 ack 1",
	       "+0 > . 7001:8001 ack 1",
	       "+0 > . 8001:9001 ack 1");
}

/* ------------------------------------------------------- without SACK, RTO */

/* RFC 6582: three duplicate ACKs; each partial ACK shows the next hole. */
static void newreno__recovery(void)
{
	SCRIPT(OPEN_1000_WITHOUT_SACK,
	       "+0 < . 1:1 ack 1 win 256",
	       SEND_TEN,
	       "+.1 < . 1:1 ack 1 win 256",
	       "+0 < . 1:1 ack 1 win 256",
	       "+0 recovery open",
	       "+0 < . 1:1 ack 1 win 256",
	       "+0 recovery fast",
	       "+0 > . 1:1001 ack 1",
	       "+.1 < . 1:1 ack 4001 win 256",
	       "+0 > . 4001:5001 ack 1",
	       "+.1 < . 1:1 ack 10001 win 256",
	       "+0 recovery open");
}

/* RFC 6298 section 5: doubled each time, one segment at a time. */
static void rto__backoff(void)
{
	SCRIPT_WITH(s->config.features &= ~(NX_TCP_HAS_TLP | NX_TCP_HAS_PROBING),
		    OPEN_1000,
		    "+0 write 2000",
		    "+0 > . 1:1001 ack 1",
		    "+0 > P. 1001:2001 ack 1",
		    "+.3 > . 1:1001 ack 1",
		    "+0 recovery loss",
		    "+0 cwnd 1000",
		    "+.6 > . 1:1001 ack 1",
		    "+1.2 > . 1:1001 ack 1",
		    "+2.4 > . 1:1001 ack 1",
		    "+.1 < . 1:1 ack 1001 win 256",
		    "+0 > P. 1001:2001 ack 1",
		    "+.1 < . 1:1 ack 2001 win 256",
		    "+0 recovery open");
}

/*
 * RFC 3465 section 2.3: the ACK after a timeout covers what was SACKed before,
 * and opens the window by the one segment that is news.
 */
static void rto__counts_news_alone(void)
{
	SCRIPT_WITH(s->config.features &= ~(NX_TCP_HAS_TLP | NX_TCP_HAS_PROBING),
		    OPEN_1000,
		    "+0 write 6000",
		    "+0 > . 1:1001 ack 1",
		    "+0 > . 1001:2001 ack 1",
		    "+0 > . 2001:3001 ack 1",
		    "+0 > . 3001:4001 ack 1",
		    "+0 > . 4001:5001 ack 1",
		    "+0 > P. 5001:6001 ack 1",
		    "+.1 < . 1:1 ack 1 win 256 <sack 1001:6001>",
		    "+0 > . 1:1001 ack 1",
		    "+.3 > . 1:1001 ack 1",
		    "+0 recovery loss",
		    "+0 cwnd 1000",
		    "+.1 < . 1:1 ack 6001 win 256",
		    "+0 recovery open",
		    "+0 cwnd 2000");
}

/* RFC 5682: the ACKs of what was sent before the timeout come late. */
static void frto__spurious(void)
{
	SCRIPT_WITH(WITHOUT_TLP, OPEN_1000,
		    "+0 write 3000",
		    "+0 > . 1:1001 ack 1",
		    "+0 > . 1001:2001 ack 1",
		    "+0 > P. 2001:3001 ack 1",
		    "+0 write 4000",
		    "+0 > . 3001:4001 ack 1",
		    "+0 > . 4001:5001 ack 1",
		    "+0 > . 5001:6001 ack 1",
		    "+0 > P. 6001:7001 ack 1",
		    "+.3 > . 1:1001 ack 1",
		    "+0 write 3000",
		    "+.05 < . 1:1 ack 1001 win 256",
		    "+0 recovery loss",
		    "+0 > . 7001:8001 ack 1",
		    "+0 > . 8001:9001 ack 1",
		    "+.05 < . 1:1 ack 2001 win 256",
		    "+0 recovery open",
		    "+0 undone 1",
		    "+0 > P. 9001:10001 ack 1");
}

/* And if the ACKs tell of a hole, the loss was real. */
static void frto__real(void)
{
	SCRIPT_WITH(WITHOUT_TLP, OPEN_1000,
		    "+0 write 3000",
		    "+0 > . 1:1001 ack 1",
		    "+0 > . 1001:2001 ack 1",
		    "+0 > P. 2001:3001 ack 1",
		    "+.3 > . 1:1001 ack 1",
		    "+0 write 1000",
		    "+.1 < . 1:1 ack 1001 win 256",
		    "+0 > P. 3001:4001 ack 1",
		    "+.1 < . 1:1 ack 1001 win 256 <sack 3001:4001>",
		    "+0 > . 1001:2001 ack 1",
		    "+0 > . 2001:3001 ack 1",
		    "+0 recovery loss",
		    "+.1 < . 1:1 ack 4001 win 256",
		    "+0 recovery open",
		    "+0 undone 0");
}

/* RFC 9937: ten are in flight, ssthresh is seven: cwnd comes down by ACKs. */
static void prr__proportional(void)
{
	SCRIPT(OPEN_1000, SEND_TEN,
	       "+0 write 10000",
	       /* RFC 3042: new data for the first two. */
	       "+.1 < . 1:1 ack 1 win 256 <sack 1001:2001>",
	       "+0 > . 10001:11001 ack 1",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:3001>",
	       "+0 > . 11001:12001 ack 1",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:4001>",
	       "+0 > . 1:1001 ack 1",
	       "+0 flight 9000",
	       /* Fewer leave than arrive, down to ssthresh. */
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:5001>",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:6001>",
	       "+0 flight 7000",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:7001>",
	       "+0 > . 12001:13001 ack 1",
	       "+0 < . 1:1 ack 1 win 256 <sack 1001:8001>",
	       "+0 > . 13001:14001 ack 1",
	       "+0 flight 7000");
}

/* ------------------------------------------- timestamps, scaling, RFC 5961 */

/* RFC 7323 section 5: an old duplicate has an old timestamp. */
static void paws__old_segment(void)
{
	SCRIPT_WITH(WITH_TS, OPEN_TS,
		    "+0 < P. 1:101 ack 1 win 256 <TS 5000 ecr 1100>",
		    "+.04 > . 1:1 ack 101 <TS>",
		    "+0 read 100",
		    "+0 < P. 101:201 ack 1 win 256 <TS 4999 ecr 1100>",
		    "+0 > . 1:1 ack 101 <TS>",
		    "+0 < P. 101:201 ack 1 win 256 <TS 5000 ecr 1100>",
		    "+.04 > . 1:1 ack 201 <TS>",
		    "+0 read 100");
}

/*
 * RFC 5961 section 5.2: a segment that acknowledges what was never sent is
 * forged, and its timestamp shuts nobody out.
 */
static void paws__forged_clock(void)
{
	SCRIPT_WITH(WITH_TS, OPEN_TS,
		    "+0 < F. 1:1 ack 99999 win 256 <TS 900000 ecr 1100>",
		    "+0 > . 1:1 ack 1 <TS>",
		    "+0 < P. 1:101 ack 1 win 256 <TS 5000 ecr 1100>",
		    "+.04 > . 1:1 ack 101 <TS 1140 ecr 5000>",
		    "+0 read 100");
}

/* RFC 7323 section 4.3: what is echoed is of the last segment in sequence. */
static void timestamps__echo(void)
{
	SCRIPT_WITH(WITH_TS, OPEN_TS,
		    "+0 < . 1001:2001 ack 1 win 256 <TS 6000 ecr 1100>",
		    "+0 > . 1:1 ack 1 <TS 1100 ecr 1100,sack 1001:2001>",
		    "+0 < . 1:1001 ack 1 win 256 <TS 5000 ecr 1100>",
		    "+0 > . 1:1 ack 2001 <TS 1100 ecr 5000>",
		    "+0 read 2000");
}

static void wscale__both(void)
{
	SCRIPT(OPEN_1000,
	       "+.1 < P. 1:101 ack 1 win 10",
	       "+0 write 4000",
	       /* 2,560 bytes: ten units of 256, and the rest waits. */
	       "+0 > . 1:1001 ack 101 win 1023",
	       "+0 > . 1001:2001 ack 101 win 1023",
	       "+0 flight 2000",
	       "+0 read 100");
}

/* RFC 7323 section 2.2: only if both have asked for it. */
static void wscale__one_side(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+.1 < S. 0:0 ack 1 win 1000 <mss 1460>",
	       "+0 > . 1:1 ack 1 win 65535",
	       "+0 write 1000",
	       "+0 > P. 1:1001 ack 1");
}

/* RFC 5961 section 3.2: a RST must have the exact number. */
static void challenge__rst(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+.1 < R 2:2",
	       "+0 > . 1:1 ack 1",
	       "+0 state ESTAB",
	       "+.1 < R 200000:200000",
	       "+0 state ESTAB",
	       "+.1 < R 1:1",
	       "+0 state UNCONN");
}

/* Section 4.2: SYN, wherever it is. */
static void challenge__syn(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+.1 < S 100:100 win 1000",
	       "+0 > . 1:1 ack 1",
	       "+.1 < S 1000000:1000000 win 1000",
	       "+0 > . 1:1 ack 1",
	       "+0 state ESTAB");
}

/* Section 5.2: an ACK of what was never sent, or of long ago. */
static void challenge__ack(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+.1 < P. 1:101 ack 2 win 256",
	       "+0 > . 1:1 ack 1",
	       "+0 read 0",
	       "+.1 < P. 1:101 ack 4294900000 win 256",
	       "+0 > . 1:1 ack 1",
	       "+0 read 0");
}

/* Section 7: ten in five seconds. */
static void challenge__limit(void)
{
	struct script s;
	unsigned int i;

	script_init(&s);
	script_run(&s, ACTIVE_OPEN);
	for (i = 0; i < 10; i++)
		script_run(&s, "+0 < R 2:2", "+0 > . 1:1 ack 1");
	script_run(&s, "+0 < R 2:2", "+5 < R 2:2", "+0 > . 1:1 ack 1");
	script_end(&s);
}

/* ----------------------------------------- ACKs, Nagle, windows, keepalive */

/* RFC 9293 section 3.8.6.3: every second full segment, or a moment later. */
static void delayed_ack__second_segment(void)
{
	SCRIPT_WITH((void)s, ACTIVE_OPEN,
		    "+0 < P. 1:101 ack 1 win 256",
		    "+.04 > . 1:1 ack 101",
		    "+0 < P. 101:201 ack 1 win 256",
		    /* An answer carries it. */
		    "+.01 write 100",
		    "+0 > P. 1:101 ack 201",
		    "+0 < . 201:737 ack 101 win 256",
		    "+0 < . 737:1273 ack 101 win 256",
		    "+0 > . 101:101 ack 1273",
		    "+0 read 1272");
}

static void nagle__small_waits(void)
{
	SCRIPT(OPEN_1000,
	       "+0 write 100",
	       "+0 > P. 1:101 ack 1",
	       "+0 write 100",
	       "+0 write 100",
	       "+.1 < . 1:1 ack 101 win 256",
	       "+0 > P. 101:301 ack 1",
	       "+0 write 1000",
	       "+0 > P. 301:1301 ack 1",
	       "+0 nodelay 1",
	       "+0 write 1",
	       "+0 > P. 1301:1302 ack 1");
}

static void cork__full_segments(void)
{
	SCRIPT(OPEN_1000,
	       "+0 cork 1",
	       "+0 write 600",
	       "+1 write 600",
	       "+0 > . 1:1001 ack 1",
	       "+.1 < . 1:1 ack 1001 win 256",
	       "+0 cork 0",
	       "+0 > P. 1001:1201 ack 1");
}

/* RFC 9293 section 3.8.6.1: the window is asked for, less and less often. */
static void zero_window__probes(void)
{
	SCRIPT(OPEN_1000,
	       "+0 write 1000",
	       "+0 > P. 1:1001 ack 1",
	       "+.1 < . 1:1 ack 1001 win 0",
	       "+0 write 500",
	       "+.3 > . 1000:1000 ack 1",
	       "+.1 < . 1:1 ack 1001 win 0",
	       "+.5 > . 1000:1000 ack 1",
	       "+.1 < . 1:1 ack 1001 win 0",
	       "+1.1 > . 1000:1000 ack 1",
	       "+.1 < . 1:1 ack 1001 win 100",
	       "+0 > P. 1001:1501 ack 1",
	       "+.1 < . 1:1 ack 1501 win 256");
}

/* Section 3.8.6.2.2: no silly window, and an update when the owner reads. */
static void zero_window__receiver(void)
{
	SCRIPT_WITH((s->config.rcv_buf_bytes = 4000,
		     s->config.rcv_max_bytes = 4000), ACTIVE_OPEN,
		    "+0 < . 1:1461 ack 1 win 256",
		    "+0 > . 1:1 ack 1461 win 2540",
		    "+0 < . 1461:2921 ack 1 win 256",
		    "+0 > . 1:1 ack 2921 win 1080",
		    "+0 < . 2921:4001 ack 1 win 256",
		    "+.04 > . 1:1 ack 4001 win 0",
		    "+1 < . 4001:4002 ack 1 win 256",
		    "+0 > . 1:1 ack 4001 win 0",
		    "+1 read 4000",
		    "+0 > . 1:1 ack 4001 win 4000");
}

static void keepalive__probes(void)
{
	SCRIPT_WITH((s->config.keep_idle_ms = 10000,
		     s->config.keep_intvl_ms = 1000,
		     s->config.keep_probes = 2), ACTIVE_OPEN,
		    "+0 keepalive 1",
		    "+10 > . 0:0 ack 1",
		    "+.1 < . 1:1 ack 1 win 256",
		    "+10 > . 0:0 ack 1",
		    "+1 > . 0:0 ack 1",
		    "+1 > R. 1:1 ack 1",
		    "+0 state UNCONN",
		    "+0 err ETIMEDOUT");
}

static void user_timeout__data(void)
{
	SCRIPT_WITH((s->config.user_timeout_ms = 1000, WITHOUT_TLP), OPEN_1000,
		    "+0 write 100",
		    "+0 > P. 1:101 ack 1",
		    "+.3 > P. 1:101 ack 1",
		    "+.6 > P. 1:101 ack 1",
		    "+1.2 > R. 101:101 ack 1",
		    "+0 err ETIMEDOUT");
}

/* A closed window is no dead peer, as long as it answers. */
static void user_timeout__closed_window(void)
{
	SCRIPT_WITH((s->config.user_timeout_ms = 1000), OPEN_1000,
		    "+.1 < . 1:1 ack 1 win 0",
		    "+0 write 100",
		    "+.3 > . 0:0 ack 1",
		    "+.1 < . 1:1 ack 1 win 0",
		    "+.5 > . 0:0 ack 1",
		    "+.1 < . 1:1 ack 1 win 0",
		    "+1.1 > . 0:0 ack 1",
		    "+.1 state ESTAB",
		    "+2.3 > R. 1:1 ack 1",
		    "+0 err ETIMEDOUT");
}

/* ------------------------------------------------ super-packets and memory */

static void gso__one_segment(void)
{
	SCRIPT_WITH((s->config.gso_max_bytes = 64000), OPEN_1000,
		    "+0 write 4500",
		    "+0 > P. 1:4501 ack 1 gso 1000",
		    "+.1 < . 1:1 ack 1 win 256 <sack 1001:4001>",
		    "+0 > . 1:1001 ack 1 gso 0",
		    "+.1 < . 1:1 ack 4501 win 256");
}

/* What cannot be kept is not acknowledged; what cannot be cut waits. */
static void memory__none(void)
{
	SCRIPT_WITH(WITHOUT_TLP, OPEN_1000,
		    "+0 write 100",
		    "+0 > P. 1:101 ack 1",
		    "+0 write 2500",
		    "+0 > . 101:1101 ack 1",
		    "+0 > . 1101:2101 ack 1",
		    "+0 memory 0",
		    "+.1 < P. 1:101 ack 2101 win 256",
		    "+0 > P. 2101:2601 ack 1",
		    "+0 read 0",
		    "+0 write 100 fails",
		    "+0 memory 1000",
		    "+.1 < P. 1:101 ack 2601 win 256",
		    "+0 read 100",
		    "+.04 > . 2601:2601 ack 101");
	SCRIPT_WITH(WITHOUT_TLP, OPEN_1000,
		    "+0 memory 1",
		    "+0 write 2500",
		    "+.005 memory 1000",
		    "+.005 > . 1:1001 ack 1",
		    "+0 > . 1001:2001 ack 1",
		    "+0 > P. 2001:2501 ack 1");
}

/* --------------------------------------------------------------------- ECN */

#define WITH_ECN	(s->config.ecn = NX_ECN_CLASSIC)
#define WITH_ACCECN	(s->config.ecn = NX_ECN_ACCURATE)

static void ecn__negotiation(void)
{
	SCRIPT_WITH(WITH_ECN,
		    "+0 connect",
		    "+0 > SEW 0:0 ecn none",
		    "+.1 < SE. 0:0 ack 1 win 65535 <mss 1000,sackOK,wscale 8>",
		    "+0 > . 1:1 ack 1 ecn none",
		    "+0 write 100",
		    "+0 > P. 1:101 ack 1 ecn ect0");
	SCRIPT_WITH(WITH_ECN,
		    "+0 connect",
		    "+0 > SEW 0:0",
		    "+.1 < S. 0:0 ack 1 win 65535 <mss 1000>",
		    "+0 > . 1:1 ack 1",
		    "+0 write 100",
		    "+0 > P. 1:101 ack 1 ecn none");
	SCRIPT_WITH(WITH_ECN,
		    "+0 < SEW 0:0 win 65535 <mss 1000>",
		    "+0 > SE. 0:0 ack 1",
		    "+.1 < . 1:1 ack 1 win 1000",
		    "+0 write 100",
		    "+0 > P. 1:101 ack 1 ecn ect0");
	/* RFC 3168 section 6.1.1.1: the second SYN asks for nothing. */
	SCRIPT_WITH(WITH_ECN,
		    "+0 connect",
		    "+0 > SEW 0:0",
		    "+1 > S 0:0");
}

/* RFC 3168 section 6.1.2: once a window, and CWR tells. */
static void ecn__response(void)
{
	SCRIPT_WITH(WITH_ECN,
		    "+0 connect",
		    "+0 > SEW 0:0",
		    "+.1 < SE. 0:0 ack 1 win 65535 <mss 1000,sackOK,wscale 8>",
		    "+0 > . 1:1 ack 1",
		    SEND_TEN,
		    "+.1 < E. 1:1 ack 2001 win 256",
		    "+0 recovery cwr",
		    "+0 write 4000",
		    "+0 > W. 10001:11001 ack 1 ecn ect0",
		    "+0 < E. 1:1 ack 10001 win 256",
		    "+0 recovery open",
		    /* RFC 8511: 0.85 of ten, and an ACK's growth. */
		    "+0 cwnd 8998",
		    "+0 > . 11001:12001 ack 1",
		    "+0 > . 12001:13001 ack 1",
		    "+0 > P. 13001:14001 ack 1");
}

/* Section 6.1.3: ECE until CWR. */
static void ecn__echo(void)
{
	SCRIPT_WITH(WITH_ECN,
		    "+0 < SEW 0:0 win 65535 <mss 1000>",
		    "+0 > SE. 0:0 ack 1",
		    "+.1 < . 1:1 ack 1 win 1000",
		    "+0 < . 1:101 ack 1 win 1000 ecn ce",
		    "+0 > E. 1:1 ack 101",
		    "+0 < . 101:201 ack 1 win 1000 ecn ect0",
		    "+.04 > E. 1:1 ack 201",
		    "+0 < W. 201:301 ack 1 win 1000 ecn ect0",
		    "+.04 > . 1:1 ack 301",
		    "+0 read 300");
}

/* RFC 9768 section 3.1: AE, CWR and ECE ask; the answer says how it arrived. */
static void accecn__negotiation(void)
{
	SCRIPT_WITH(WITH_ACCECN,
		    "+0 connect",
		    "+0 > SAEW 0:0",
		    "+.1 < SW. 0:0 ack 1 win 65535 <mss 1000,sackOK,wscale 8>",
		    "+0 > W. 1:1 ack 1",
		    "+0 write 100",
		    "+0 > PAE. 1:101 ack 1 ecn ect0");
	/* A peer of RFC 3168. */
	SCRIPT_WITH(WITH_ACCECN,
		    "+0 connect",
		    "+0 > SAEW 0:0",
		    "+.1 < SE. 0:0 ack 1 win 65535 <mss 1000>",
		    "+0 > . 1:1 ack 1",
		    "+0 write 100",
		    "+0 > P. 1:101 ack 1 ecn ect0");
	SCRIPT_WITH(WITH_ACCECN,
		    "+0 < SAEW 0:0 win 65535 <mss 1000>",
		    "+0 > SW. 0:0 ack 1",
		    "+.1 < W. 1:1 ack 1 win 1000",
		    "+0 state ESTAB",
		    "+0 < . 1:101 ack 1 win 1000 ecn ce",
		    "+0 > AW. 1:1 ack 101",
		    "+0 read 100");
}

/* Section 3.2.2: the counter in AE, CWR and ECE goes from 5 to 6. */
static void accecn__response(void)
{
	SCRIPT_WITH(WITH_ACCECN,
		    "+0 connect",
		    "+0 > SAEW 0:0",
		    "+.1 < SW. 0:0 ack 1 win 65535 <mss 1000,sackOK,wscale 8>",
		    "+0 > W. 1:1 ack 1",
		    "+0 nodelay 1",
		    "+0 write 2000",
		    "+0 > AE. 1:1001 ack 1 ecn ect0",
		    "+0 > PAE. 1001:2001 ack 1 ecn ect0",
		    "+.1 < AE. 1:1 ack 1001 win 256",
		    "+0 recovery open",
		    "+0 write 3000",
		    "+0 > AE. 2001:3001 ack 1",
		    "+0 > AE. 3001:4001 ack 1",
		    "+0 > PAE. 4001:5001 ack 1",
		    "+.1 < AW. 1:1 ack 2001 win 256",
		    "+0 recovery cwr");
}

/* ---------------------------------------------------------------- path MTU */

/* RFC 1191: what was too long is sent again, cut, and no window shrinks. */
static void pmtu__icmp(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 write 2920",
	       "+0 > . 1:1461 ack 1",
	       "+0 > P. 1461:2921 ack 1",
	       "+.01 toobig 1 1000",
	       "+0 mss 960",
	       "+0 > . 1:961 ack 1",
	       "+0 > . 961:1921 ack 1",
	       "+0 > . 1921:2881 ack 1",
	       "+0 > P. 2881:2921 ack 1",
	       "+0 recovery open",
	       "+.1 < . 1:1 ack 2921 win 256");
}

/* RFC 5927: of a segment that is not in flight, it is forged. */
static void pmtu__forged(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 write 2920",
	       "+0 > . 1:1461 ack 1",
	       "+0 > P. 1461:2921 ack 1",
	       "+.01 toobig 5000 1000",
	       "+0 mss 1460",
	       "+.05 < . 1:1 ack 2921 win 256",
	       "+0 toobig 1 1000",
	       "+0 mss 1460");
}

/* RFC 8899: nothing says why, but long segments do not arrive. */
static void pmtu__black_hole(void)
{
	SCRIPT_WITH(WITHOUT_TLP, ACTIVE_OPEN,
		    "+0 write 2920",
		    "+0 > . 1:1461 ack 1",
		    "+0 > P. 1461:2921 ack 1",
		    "+.3 > . 1:1461 ack 1",
		    "+.6 > . 1:1461 ack 1",
		    "+1.2 > . 1:1461 ack 1",
		    "+2.4 > . 1:985 ack 1",
		    "+0 mss 984",
		    "+.1 < . 1:1 ack 985 win 256",
		    "+0 > . 985:1969 ack 1",
		    "+0 > P. 1969:2921 ack 1",
		    "+.1 < . 1:1 ack 2921 win 256",
		    "+0 mss 984",
		    /* PMTU_RAISE_TIMER: once more, a long one. */
		    "+601 write 1000",
		    "+0 > . 2921:3905 ack 1",
		    "+0 > P. 3905:3921 ack 1",
		    "+.1 < . 1:1 ack 3921 win 256",
		    "+0 mss 1460");
}

/* RFC 5927 section 6: an established connection outlives "unreachable". */
/* Data waits, the peer's does not, and what waited is sent as if nothing was. */
static void hold__control_leaves(void)
{
	SCRIPT(OPEN_1000,
	       "+0 write 1000",
	       "+0 > P. 1:1001 ack 1",
	       "+0 hold 1",
	       "+0 write 3000",
	       "+.01 < . 1:1001 ack 1 win 256",
	       "+0 > . 1001:1001 ack 1001",
	       "+.01 < P. 1001:1101 ack 1001 win 256",
	       "+.04 > . 1001:1001 ack 1101",
	       "+0 hold 0",
	       "+0 > . 1001:2001 ack 1101",
	       "+0 > . 2001:3001 ack 1101",
	       "+0 > P. 3001:4001 ack 1101");
}

static void icmp__unreachable(void)
{
	SCRIPT("+0 connect",
	       "+0 > S 0:0",
	       "+.1 icmp 0 111",
	       "+0 state UNCONN",
	       "+0 err ECONNREFUSED");
	SCRIPT(ACTIVE_OPEN,
	       "+0 write 100",
	       "+0 > P. 1:101 ack 1",
	       "+.1 icmp 1 113",
	       "+0 state ESTAB");
}

static void tuning__grows(void)
{
	SCRIPT_WITH(s->config.rcv_buf_bytes = 20000, ACTIVE_OPEN,
		    "+0 < . 1:10001 ack 1 win 256",
		    "+0 > . 1:1 ack 10001",
		    "+0 read 10000",
		    "+0 > . 1:1 ack 10001",
		    "+0 < . 10001:20001 ack 1 win 256",
		    "+0 > . 1:1 ack 20001",
		    "+0 read 10000",
		    "+0 > . 1:1 ack 20001",
		    "+0 rcvbuf 20000",
		    "+.1 < . 20001:30001 ack 1 win 256",
		    "+0 > . 1:1 ack 30001",
		    "+0 rcvbuf 200000",
		    "+0 read 10000");
}

/* A limit takes back what was not promised, and no more. */
static void tuning__keeps_the_limit(void)
{
	SCRIPT_WITH(s->config.rcv_buf_bytes = 40000, ACTIVE_OPEN,
		    "+0 rcvlimit 15000",
		    "+0 rcvbuf 40000",
		    "+.1 < . 1:10001 ack 1 win 256",
		    "+0 rcvbuf 15000",
		    "+0 > . 1:1 ack 10001",
		    /* The peer was told of 40,000 bytes, and may send them. */
		    "+0 < . 10001:20001 ack 1 win 256",
		    "+0 > . 1:1 ack 20001",
		    "+0 read 20000",
		    "+.1 < . 20001:30001 ack 1 win 256",
		    "+0 > . 1:1 ack 30001",
		    "+0 rcvbuf 15000",
		    "+0 read 10000",
		    "+0 rcvlimit 0",
		    "+.1 < . 30001:40001 ack 1 win 256",
		    "+0 > . 1:1 ack 40001",
		    "+0 rcvbuf 180000",
		    "+0 read 10000");
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(sack__recovery, "TCP-4 SACK"),
	UNIT_CASE_ID(sack__two_holes, "TCP-4 SACK"),
	UNIT_CASE_ID(sack__told, "TCP-4 SACK"),
	UNIT_CASE_ID(sack__reneging, "TCP-4 SACK"),
	UNIT_CASE_ID(dsack__told, "TCP-4 D-SACK"),
	UNIT_CASE_ID(dsack__undo, "TCP-4 D-SACK"),
	UNIT_CASE_ID(timestamps__undo, "TCP-4 timestamps"),
	UNIT_CASE_ID(rack__reordering_window, "TCP-4 RACK"),
	UNIT_CASE_ID(rack__lost_retransmission, "TCP-4 RACK"),
	UNIT_CASE_ID(tlp__last_segment, "TCP-4 TLP"),
	UNIT_CASE_ID(tlp__new_data, "TCP-4 TLP"),
	UNIT_CASE_ID(rack__undone_once, "TCP-4 RACK after an undo"),
	UNIT_CASE_ID(tlp__reduces_cwnd, "TCP-4 TLP"),
	UNIT_CASE_ID(avoidance__one_ack_for_all, "TCP-5 a small window grows"),
	UNIT_CASE_ID(newreno__recovery, "TCP-4 NewReno"),
	UNIT_CASE_ID(rto__backoff, "TCP-4 RTO"),
	UNIT_CASE_ID(rto__counts_news_alone, "TCP-4 RTO"),
	UNIT_CASE_ID(frto__spurious, "TCP-4 F-RTO"),
	UNIT_CASE_ID(frto__real, "TCP-4 F-RTO"),
	UNIT_CASE_ID(prr__proportional, "TCP-4 PRR"),
	UNIT_CASE_ID(paws__old_segment, "TCP-4 PAWS"),
	UNIT_CASE_ID(paws__forged_clock, "TCP-4 PAWS, challenge ACK"),
	UNIT_CASE_ID(timestamps__echo, "TCP-4 timestamps"),
	UNIT_CASE_ID(wscale__both, "TCP-4 window scaling"),
	UNIT_CASE_ID(wscale__one_side, "TCP-4 window scaling"),
	UNIT_CASE_ID(challenge__rst, "TCP-4 challenge ACK"),
	UNIT_CASE_ID(challenge__syn, "TCP-4 challenge ACK"),
	UNIT_CASE_ID(challenge__ack, "TCP-4 challenge ACK"),
	UNIT_CASE_ID(challenge__limit, "TCP-4 challenge ACK"),
	UNIT_CASE_ID(delayed_ack__second_segment, "TCP-4 delayed ACK"),
	UNIT_CASE_ID(nagle__small_waits, "TCP-4 Nagle"),
	UNIT_CASE_ID(cork__full_segments, "TCP-4 cork"),
	UNIT_CASE_ID(zero_window__probes, "TCP-4 zero-window probes"),
	UNIT_CASE_ID(zero_window__receiver, "TCP-4 zero window"),
	UNIT_CASE_ID(keepalive__probes, "TCP-4 keepalive"),
	UNIT_CASE_ID(user_timeout__data, "TCP-4 user timeout"),
	UNIT_CASE_ID(user_timeout__closed_window, "TCP-4 user timeout"),
	UNIT_CASE(gso__one_segment),
	UNIT_CASE(memory__none),
	UNIT_CASE_ID(ecn__negotiation, "TCP-6 RFC 3168"),
	UNIT_CASE_ID(ecn__response, "TCP-6 RFC 3168"),
	UNIT_CASE_ID(ecn__echo, "TCP-6 RFC 3168"),
	UNIT_CASE_ID(accecn__negotiation, "TCP-6 RFC 9768"),
	UNIT_CASE_ID(accecn__response, "TCP-6 RFC 9768"),
	UNIT_CASE_ID(pmtu__icmp, "TCP-8"),
	UNIT_CASE_ID(pmtu__forged, "TCP-8"),
	UNIT_CASE_ID(pmtu__black_hole, "TCP-8"),
	UNIT_CASE_ID(hold__control_leaves, "ADV-1"),
	UNIT_CASE(icmp__unreachable),
	UNIT_CASE(tuning__grows),
	UNIT_CASE(tuning__keeps_the_limit),
};

UNIT_SUITE(tcp_mechanism_suite, "tcp", cases);
