// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/tcp_track.c: conversations, segment by segment.
 */
#include "../unit.h"
#include "../../../kmod/core/tcp_track.h"

#define S	NX_TCP_SYN
#define A	NX_TCP_ACK
#define F	NX_TCP_FIN
#define R	NX_TCP_RST

/* The owner begins at 1000, the peer at 5000; both windows are 10000. */
#define US	1000u
#define THEM	5000u
#define WINDOW	10000
/* RFC 6928 section 2. */
#define EARLY	14600

static struct nx_tcp_seg seg(u16 flags, u32 seq, u32 ack, u32 len)
{
	struct nx_tcp_seg s = {
		.seq = seq,
		.ack = ack,
		.len = len + !!(flags & S) + !!(flags & F),
		.window = WINDOW,
		.flags = flags,
		.scale = NX_TCP_SCALE_NONE,
	};

	return s;
}

static bool out(struct nx_tcp_track *t, u16 flags, u32 seq, u32 ack, u32 len)
{
	struct nx_tcp_seg s = seg(flags, seq, ack, len);

	return nx_tcp_track_out(t, &s);
}

static void in(struct nx_tcp_track *t, u16 flags, u32 seq, u32 ack, u32 len)
{
	struct nx_tcp_seg s = seg(flags, seq, ack, len);

	nx_tcp_track_in(t, &s);
}

static struct nx_tcp_track connected(void)
{
	struct nx_tcp_track t;

	memset(&t, 0, sizeof(t));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 0));
	in(&t, S | A, THEM, US + 1, 0);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	return t;
}

static struct nx_tcp_track accepted(void)
{
	struct nx_tcp_seg s = seg(S | A, US, THEM + 1, 0);
	struct nx_tcp_track t;

	memset(&t, 0, sizeof(t));
	nx_tcp_track_accept(&t, &s);
	CU_ASSERT_EQUAL(t.state, NX_TCP_SYN_RCVD);
	in(&t, A, THEM + 1, US + 1, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	return t;
}

static u32 reset_seq(const struct nx_tcp_track *t)
{
	struct nx_tcp_seg rst;

	CU_ASSERT_TRUE_FATAL(nx_tcp_track_reset(t, &rst));
	CU_ASSERT_EQUAL(rst.flags, R | A);
	return rst.seq;
}

static void nx_tcp_seg_read__reads_header_and_scale(void)
{
	/* A SYN with MSS, NOP and scale 7, and two bytes. */
	static const u8 h[] = {
		0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 6, 0, 0,
		192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x34, 0, 80,
		1, 2, 3, 4, 5, 6, 7, 8, 0x70, 2, 0xfe, 0xdc, 0, 0, 0, 0,
		2, 4, 5, 180, 1, 3, 3, 7, 'x', 'y',
	};
	struct nx_packet p;
	struct nx_tcp_seg s;
	u8 copy[sizeof(h)];

	CU_ASSERT_EQUAL(nx_tx_parse(h, sizeof(h), sizeof(h), &p),
			NEXUS_DROP_NONE);
	nx_tcp_seg_read(h, sizeof(h), &p, &s);
	CU_ASSERT_EQUAL(s.seq, 0x01020304);
	CU_ASSERT_EQUAL(s.ack, 0x05060708);
	CU_ASSERT_EQUAL(s.len, 3);
	CU_ASSERT_EQUAL(s.window, 0xfedc);
	CU_ASSERT_EQUAL(s.scale, 7);
	nx_tcp_seg_read(h, 40, &p, &s);
	CU_ASSERT_EQUAL(s.scale, NX_TCP_SCALE_NONE);
	memcpy(copy, h, sizeof(h));
	copy[47] = 15;	/* RFC 7323 section 2.3: taken as 14 */
	nx_tcp_seg_read(copy, sizeof(copy), &p, &s);
	CU_ASSERT_EQUAL(s.scale, 14);
}

/* Options that end early, or lie about their length, have no scale. */
static void nx_tcp_seg_read__survives_options_that_lie(void)
{
	u8 h[44] = { 0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6 };
	struct nx_packet p;
	struct nx_tcp_seg s;
	u32 i;

	h[32] = 0x60;
	h[33] = S;
	CU_ASSERT_EQUAL(nx_parse_ipv4(h, 44, true, &p), NX_PARSE_OK);
	for (i = 0; i < 0x10000; i++) {
		h[40] = 1;
		h[41] = 3;
		h[42] = (u8)(i >> 8);
		h[43] = (u8)i;
		nx_tcp_seg_read(h, 44, &p, &s);
		UNIT_ROW(i, s.scale, i >> 8 == 3 ?
				     ((i & 0xff) < 14 ? (i & 0xff) : 14) :
				     NX_TCP_SCALE_NONE);
	}
	memset(h + 40, 8, 4);
	nx_tcp_seg_read(h, 44, &p, &s);
	CU_ASSERT_EQUAL(s.scale, NX_TCP_SCALE_NONE);
}

static void nx_tcp_seg_is_stateless__is_what_a_listener_may_send(void)
{
	struct nx_tcp_seg s = seg(A, 1, 1, 0);

	CU_ASSERT_TRUE(nx_tcp_seg_is_stateless(&s));
	s = seg(R, 1, 0, 0);
	CU_ASSERT_TRUE(nx_tcp_seg_is_stateless(&s));
	s = seg(A, 1, 1, 1);
	CU_ASSERT_FALSE(nx_tcp_seg_is_stateless(&s));
	s = seg(F | A, 1, 1, 0);
	CU_ASSERT_FALSE(nx_tcp_seg_is_stateless(&s));
	s = seg(S, 1, 0, 0);
	CU_ASSERT_FALSE(nx_tcp_seg_is_stateless(&s));
	s = seg(S | A, 1, 1, 0);
	CU_ASSERT_FALSE(nx_tcp_seg_is_stateless(&s));
}

static void nx_tcp_track_out__refuses_what_comes_before_the_handshake(void)
{
	struct nx_tcp_seg syn_ack = seg(S | A, US, THEM + 1, 0);
	struct nx_tcp_track t;

	/* CLOSED: a SYN, or a RST. */
	memset(&t, 0, sizeof(t));
	CU_ASSERT_FALSE(out(&t, A, US, THEM, 0));
	CU_ASSERT_FALSE(out(&t, A, US, THEM, 100));
	CU_ASSERT_FALSE(out(&t, F | A, US, THEM, 0));
	CU_ASSERT_FALSE(out(&t, S | A, US, THEM, 0));
	CU_ASSERT_TRUE(out(&t, R, US, 0, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_NONE);
	/* SYN-SENT: the same. */
	CU_ASSERT_TRUE(out(&t, S, US, 0, 0));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 0));
	CU_ASSERT_FALSE(out(&t, A, US + 1, THEM + 1, 0));
	CU_ASSERT_FALSE(out(&t, A, US + 1, THEM + 1, 10));
	CU_ASSERT_FALSE(out(&t, F | A, US + 1, THEM + 1, 0));
	/* SYN-RECEIVED: acknowledgements, and no more data than a first window. */
	memset(&t, 0, sizeof(t));
	nx_tcp_track_accept(&t, &syn_ack);
	CU_ASSERT_TRUE(out(&t, S | A, US, THEM + 1, 0));
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, 0));
	CU_ASSERT_FALSE(out(&t, A, US + 1, THEM + 1, EARLY + 2));
	CU_ASSERT_FALSE(out(&t, A, US + 1 + EARLY, THEM + 1, 10));
	CU_ASSERT_FALSE(out(&t, F | A, US + 2 + EARLY, THEM + 1, 0));
	CU_ASSERT_FALSE(out(&t, S | A, US + 7, THEM + 1, 0));
	in(&t, A, THEM + 1, US + 1, 0);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, EARLY + 10));
}

static void nx_tcp_track_out__refuses_a_syn_in_the_middle(void)
{
	struct nx_tcp_track t = connected();

	CU_ASSERT_FALSE(out(&t, S, US + 1, 0, 0));
	CU_ASSERT_FALSE(out(&t, S | A, US + 1, THEM + 1, 0));
	CU_ASSERT_FALSE(out(&t, S, US, 0, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
}

static void nx_tcp_track_out__refuses_acks_of_what_never_came(void)
{
	struct nx_tcp_track t = connected();

	CU_ASSERT_FALSE(out(&t, A, US + 1, THEM + 2, 0));
	in(&t, A, THEM + 1, US + 1, 100);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 101, 0));
	CU_ASSERT_FALSE(out(&t, A, US + 1, THEM + 102, 0));
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 50, 0));
}

static void nx_tcp_track_out__keeps_to_the_window(void)
{
	struct nx_tcp_track t = connected();

	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, WINDOW));
	CU_ASSERT_FALSE(out(&t, A, US + 1 + WINDOW, THEM + 1, 2));
	/* A probe of the window, RFC 9293 section 3.8.6.1. */
	CU_ASSERT_TRUE(out(&t, A, US + 1 + WINDOW, THEM + 1, 1));
	in(&t, A, THEM + 1, US + 1 + 100, 0);
	CU_ASSERT_TRUE(out(&t, A, US + 1 + WINDOW, THEM + 1, 100));
	CU_ASSERT_FALSE(out(&t, A, US + 1 + WINDOW, THEM + 1, 102));
}

/* Windows count by the scale if both SYNs had one, and not in a SYN. */
static void nx_tcp_track_out__scales_windows(void)
{
	struct nx_tcp_track t;
	struct nx_tcp_seg s;
	u32 row;

	for (row = 0; row < 4; row++) {
		memset(&t, 0, sizeof(t));
		s = seg(S, US, 0, 0);
		s.scale = row & 1 ? 2 : NX_TCP_SCALE_NONE;
		CU_ASSERT_TRUE(nx_tcp_track_out(&t, &s));
		s = seg(S | A, THEM, US + 1, 0);
		s.scale = row & 2 ? 3 : NX_TCP_SCALE_NONE;
		nx_tcp_track_in(&t, &s);
		CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, WINDOW));
		CU_ASSERT_FALSE(out(&t, A, US + 1, THEM + 1, WINDOW + 2));
		in(&t, A, THEM + 1, US + 1, 0);
		UNIT_ROW(row, out(&t, A, US + 1, THEM + 1, 8 * WINDOW + 1),
			 row == 3);
		UNIT_ROW(row, out(&t, A, US + 1, THEM + 1, 8 * WINDOW + 2),
			 false);
	}
}

static void nx_tcp_track_accept__does_not_know_the_peers_scale(void)
{
	struct nx_tcp_track t;
	struct nx_tcp_seg s = seg(S | A, US, THEM + 1, 0);

	memset(&t, 0, sizeof(t));
	s.scale = 2;
	nx_tcp_track_accept(&t, &s);
	in(&t, A, THEM + 1, US + 1, 0);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, WINDOW << 14));
	t = accepted();
	CU_ASSERT_EQUAL(reset_seq(&t), US + 1);
}

/* The owner closes first, the peer does, and both at once. */
static void nx_tcp_track__waits_after_the_first_close(void)
{
	struct nx_tcp_track t = connected();

	CU_ASSERT_TRUE(out(&t, F | A, US + 1, THEM + 1, 0));
	in(&t, A, THEM + 1, US + 2, 0);
	in(&t, A, THEM + 1, US + 2, 50);	/* half closed */
	CU_ASSERT_TRUE(out(&t, A, US + 2, THEM + 51, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	in(&t, F | A, THEM + 51, US + 2, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	CU_ASSERT_TRUE(out(&t, A, US + 2, THEM + 52, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_TIME_WAIT);
	CU_ASSERT_TRUE(out(&t, A, US + 2, THEM + 52, 0));
	CU_ASSERT_FALSE(out(&t, A, US + 2, THEM + 52, 1));
	CU_ASSERT_FALSE(out(&t, S, US + 100, 0, 0));

	t = connected();
	in(&t, F | A, THEM + 1, US + 1, 0);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 2, 10));
	CU_ASSERT_TRUE(out(&t, F | A, US + 11, THEM + 2, 0));
	in(&t, A, THEM + 2, US + 11, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	in(&t, A, THEM + 2, US + 12, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_DONE);
	CU_ASSERT_TRUE(out(&t, F | A, US + 11, THEM + 2, 0));
	CU_ASSERT_FALSE(out(&t, A, US + 12, THEM + 2, 1));

	t = connected();
	CU_ASSERT_TRUE(out(&t, F | A, US + 1, THEM + 1, 0));
	in(&t, F | A, THEM + 1, US + 1, 0);
	CU_ASSERT_TRUE(out(&t, A, US + 2, THEM + 2, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	in(&t, A, THEM + 2, US + 2, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_TIME_WAIT);
}

static void nx_tcp_track__knows_simultaneous_open(void)
{
	struct nx_tcp_track t;

	memset(&t, 0, sizeof(t));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 0));
	in(&t, S, THEM, 0, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_SYN_RCVD);
	CU_ASSERT_TRUE(out(&t, S | A, US, THEM + 1, 0));
	CU_ASSERT_FALSE(out(&t, A, US + 1, THEM + 1, 1));
	in(&t, S | A, THEM, US + 1, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, 1));
	CU_ASSERT_EQUAL(reset_seq(&t), US + 2);
}

/* RFC 7413: data in the SYN, taken or not. */
static void nx_tcp_track__lets_a_syn_carry_data(void)
{
	struct nx_tcp_track t;

	memset(&t, 0, sizeof(t));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 100));
	in(&t, S | A, THEM, US + 1, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, 100));
	CU_ASSERT_EQUAL(reset_seq(&t), US + 101);
}

/* The SYN comes again without its data; an answer to the first acknowledges them. */
static void nx_tcp_track__remembers_the_data_of_a_syn(void)
{
	struct nx_tcp_track t;

	memset(&t, 0, sizeof(t));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 100));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 0));
	in(&t, S | A, THEM, US + 101, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	CU_ASSERT_TRUE(out(&t, A, US + 101, THEM + 1, 0));
	/* Another attempt has sent none. */
	memset(&t, 0, sizeof(t));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 100));
	CU_ASSERT_TRUE(out(&t, S, US + 50, 0, 0));
	in(&t, S | A, THEM, US + 101, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_SYN_SENT);
}

/* RFC 7413: answers, and the end, before the handshake is complete. */
static void nx_tcp_track__lets_a_listener_answer_early(void)
{
	struct nx_tcp_seg syn_ack = seg(S | A, US, THEM + 101, 0);
	struct nx_tcp_track t;

	memset(&t, 0, sizeof(t));
	nx_tcp_track_accept(&t, &syn_ack);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 101, EARLY - 100));
	CU_ASSERT_TRUE(out(&t, F | A, US + 1 + EARLY - 100, THEM + 101, 100));
	CU_ASSERT_EQUAL(t.state, NX_TCP_SYN_RCVD);
	CU_ASSERT_EQUAL(reset_seq(&t), US + 2 + EARLY);
	CU_ASSERT_TRUE(out(&t, S | A, US, THEM + 101, 0));
	in(&t, A, THEM + 101, US + 1, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	in(&t, F | A, THEM + 101, US + 2 + EARLY, 0);
	CU_ASSERT_TRUE(out(&t, A, US + 2 + EARLY, THEM + 102, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_TIME_WAIT);
}

/* Any sequence number but the next byte's: RFC 5961 section 3.2. */
static void nx_tcp_track_in__ignores_a_rst_elsewhere(void)
{
	struct nx_tcp_track t = connected();
	u32 i;

	for (i = 0; i < 3 * WINDOW; i++) {
		u32 seq = THEM + 1 - WINDOW + i;

		if (seq == THEM + 1)
			continue;
		in(&t, R, seq, 0, 0);
		UNIT_ROW(i, t.state, NX_TCP_OPEN);
	}
	in(&t, R, THEM + 1, 0, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_DONE);

	/* SYN-SENT: one that acknowledges our SYN. */
	memset(&t, 0, sizeof(t));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 0));
	in(&t, R, THEM, 0, 0);
	in(&t, R | A, 0, US, 0);
	in(&t, R | A, 0, US + 2, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_SYN_SENT);
	in(&t, R | A, 0, US + 1, 0);
	CU_ASSERT_EQUAL(t.state, NX_TCP_DONE);
	/* Another attempt from the same port. */
	CU_ASSERT_TRUE(out(&t, S, US + 77777, 0, 0));
	CU_ASSERT_EQUAL(t.state, NX_TCP_SYN_SENT);
}

/* What the receiver would not accept changes nothing. */
static void nx_tcp_track_in__ignores_what_is_not_acceptable(void)
{
	struct nx_tcp_track t = connected(), was = t;

	in(&t, A, THEM + 1 + WINDOW + 1, US + 1, 10);	/* past the window */
	in(&t, A, THEM + 1, US + 2, 10);		/* acks the future */
	in(&t, S, THEM + 1, 0, 0);
	in(&t, 0, THEM + 1, 0, 10);
	CU_ASSERT_EQUAL(memcmp(&t, &was, sizeof(t)), 0);
	in(&t, S | A, THEM, US + 1, 0);		/* again */
	CU_ASSERT_EQUAL(t.state, NX_TCP_OPEN);
	in(&t, A, THEM + 1, US + 1, 10);
	CU_ASSERT_EQUAL(t.peer.nxt, THEM + 11);
	memset(&t, 0, sizeof(t));
	in(&t, S, THEM, 0, 0);
	in(&t, A, THEM, US, 5);
	CU_ASSERT_EQUAL(t.state, NX_TCP_NONE);
}

/* Half the numbers behind, acknowledgement and window together look like ahead. */
static void nx_tcp_track_in__ignores_acks_of_another_time(void)
{
	struct nx_tcp_track t = connected();

	in(&t, A, THEM + 1, US + 1 - 0x80000000u, 100);
	in(&t, A, THEM + 1, US + 1 - 0x80000000u + WINDOW, 100);
	CU_ASSERT_EQUAL(t.peer.nxt, THEM + 1);
	CU_ASSERT_EQUAL(t.local.acked, US + 1);
	CU_ASSERT_EQUAL(t.local.edge, US + 1 + WINDOW);
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, WINDOW));
}

static void nx_tcp_track_reset__has_the_next_byte(void)
{
	struct nx_tcp_track t;
	struct nx_tcp_seg rst;

	memset(&t, 0, sizeof(t));
	CU_ASSERT_FALSE(nx_tcp_track_reset(&t, &rst));
	CU_ASSERT_TRUE(out(&t, S, US, 0, 0));
	CU_ASSERT_FALSE(nx_tcp_track_reset(&t, &rst));
	t = connected();
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, 500));
	CU_ASSERT_TRUE(out(&t, A, US + 1, THEM + 1, 100));	/* again */
	in(&t, A, THEM + 1, US + 101, 70);
	CU_ASSERT_EQUAL(reset_seq(&t), US + 501);
	CU_ASSERT_TRUE(nx_tcp_track_reset(&t, &rst));
	CU_ASSERT_EQUAL(rst.ack, THEM + 71);
	CU_ASSERT_TRUE(out(&t, F | A, US + 501, THEM + 71, 0));
	CU_ASSERT_EQUAL(reset_seq(&t), US + 502);
	CU_ASSERT_TRUE(out(&t, R | A, US + 502, THEM + 71, 0));
	CU_ASSERT_FALSE(nx_tcp_track_reset(&t, &rst));
}

/* The numbers wrap between any two segments. */
static void nx_tcp_track__wraps(void)
{
	struct nx_tcp_track t;
	u32 us, them, i;

	for (i = 0; i < 12; i++) {
		us = i - 6;
		them = 3 - i;
		memset(&t, 0, sizeof(t));
		CU_ASSERT_TRUE(out(&t, S, us, 0, 0));
		in(&t, S | A, them, us + 1, 0);
		CU_ASSERT_TRUE(out(&t, A, us + 1, them + 1, 4));
		in(&t, A, them + 1, us + 5, 4);
		UNIT_ROW(i, reset_seq(&t), us + 5);
		CU_ASSERT_TRUE(out(&t, F | A, us + 5, them + 5, 0));
		in(&t, F | A, them + 5, us + 6, 0);
		CU_ASSERT_TRUE(out(&t, A, us + 6, them + 6, 0));
		UNIT_ROW(i, t.state, NX_TCP_TIME_WAIT);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_tcp_seg_read__reads_header_and_scale),
	UNIT_CASE(nx_tcp_seg_read__survives_options_that_lie),
	UNIT_CASE(nx_tcp_seg_is_stateless__is_what_a_listener_may_send),
	UNIT_CASE(nx_tcp_track__remembers_the_data_of_a_syn),
	UNIT_CASE(nx_tcp_track__lets_a_listener_answer_early),
	UNIT_CASE_ID(nx_tcp_track_out__refuses_what_comes_before_the_handshake,
		     "TRK-3 data before the handshake"),
	UNIT_CASE(nx_tcp_track_out__refuses_a_syn_in_the_middle),
	UNIT_CASE(nx_tcp_track_out__refuses_acks_of_what_never_came),
	UNIT_CASE(nx_tcp_track_out__keeps_to_the_window),
	UNIT_CASE_ID(nx_tcp_track_out__scales_windows,
		     "TRK-3 window scaling"),
	UNIT_CASE(nx_tcp_track_accept__does_not_know_the_peers_scale),
	UNIT_CASE_ID(nx_tcp_track__waits_after_the_first_close,
		     "TRK-2 TRK-3 half-close, TIME_WAIT, both close"),
	UNIT_CASE_ID(nx_tcp_track__knows_simultaneous_open,
		     "TRK-3 simultaneous open"),
	UNIT_CASE(nx_tcp_track__lets_a_syn_carry_data),
	UNIT_CASE_ID(nx_tcp_track_in__ignores_a_rst_elsewhere,
		     "TRK-3 out-of-window RST"),
	UNIT_CASE(nx_tcp_track_in__ignores_what_is_not_acceptable),
	UNIT_CASE(nx_tcp_track_in__ignores_acks_of_another_time),
	UNIT_CASE_ID(nx_tcp_track_reset__has_the_next_byte,
		     "TRK-1 the sequence number"),
	UNIT_CASE(nx_tcp_track__wraps),
};

UNIT_SUITE(core_tcp_track_suite, "core/tcp_track", cases);
