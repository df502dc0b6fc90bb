// SPDX-License-Identifier: GPL-2.0
/*
 * The receive queues: whatever arrives in whatever order, each byte is read once,
 * from a segment that held it.
 */
#include "script.h"

static void insert__overlaps(void)
{
	SCRIPT(ACTIVE_OPEN,
	       /* Within, across, before and over what is there. */
	       "+0 < . 101:201 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 101:201>",
	       "+0 < . 121:141 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 121:141 101:201>",
	       "+0 < . 151:251 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 101:251>",
	       "+0 < . 51:151 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 51:251>",
	       "+0 < . 301:401 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 301:401 51:251>",
	       "+0 < . 41:501 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 41:501>",
	       "+0 < . 1:61 ack 1 win 256",
	       "+0 > . 1:1 ack 501 <>",
	       "+0 read 500");
}

static void insert__touching(void)
{
	SCRIPT(ACTIVE_OPEN,
	       "+0 < . 11:21 ack 1 win 256",
	       "+0 > . 1:1 ack 1",
	       "+0 < . 21:31 ack 1 win 256",
	       "+0 > . 1:1 ack 1 <sack 11:31>",
	       "+0 < . 16:26 ack 1 win 256",
	       "+0 > . 1:1 ack 1",
	       "+0 < . 1:11 ack 1 win 256",
	       "+0 > . 1:1 ack 31 <>",
	       "+0 read 30");
}

static void insert__beyond_the_window(void)
{
	struct script s;

	script_init(&s);
	s.config.rcv_buf_bytes = 1000;
	s.config.rcv_max_bytes = 1000;
	script_run(&s, ACTIVE_OPEN,
		   "+0 < . 501:1501 ack 1 win 256",
		   "+0 > . 1:1 ack 1 <sack 501:1001>",
		   "+0 < . 1:501 ack 1 win 256",
		   "+0 > . 1:1 ack 1001 <>",
		   "+0 read 1000",
		   "+0 > . 1:1 ack 1001 win 1000");
	script_end(&s);
}

/* Every second byte: what is not kept is sent again, and all of it is read. */
static void insert__few_small_ones(void)
{
	char in[64];
	struct script s;
	unsigned int i;

	script_init(&s);
	script_run(&s, ACTIVE_OPEN);
	for (i = 0; i < 400; i++) {
		snprintf(in, sizeof(in), "+0 < . %u:%u ack 1 win 256", 2 * i + 2,
			 2 * i + 3);
		script_run(&s, in, "+0 > . 1:1 ack 1");
	}
	CU_ASSERT_EQUAL(s.tcp.ooo.nr, 256);
	/* A full segment is kept. */
	script_run(&s, "+0 < . 2001:3001 ack 1 win 256", "+0 > . 1:1 ack 1");
	CU_ASSERT_EQUAL(s.tcp.ooo.nr, 257);
	script_run(&s, "+0 < . 1:1001 ack 1 win 256", "+0 > . 1:1 ack 1001",
		   "+0 < . 1001:2001 ack 1 win 256", "+0 > . 1:1 ack 3001 <>",
		   "+0 read 3000");
	script_end(&s);
}

static const struct unit_case cases[] = {
	UNIT_CASE(insert__overlaps),
	UNIT_CASE(insert__touching),
	UNIT_CASE(insert__beyond_the_window),
	UNIT_CASE(insert__few_small_ones),
};

UNIT_SUITE(tcp_recvq_suite, "tcp/recvq.c", cases);
