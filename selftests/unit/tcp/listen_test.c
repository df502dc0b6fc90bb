// SPDX-License-Identifier: GPL-2.0
/*
 * A listener: which segment opens what, and handshakes that live in a cookie.
 */
#include <string.h>

#include "../../../lib/tcp/internal.h"
#include "../../../lib/tcp/listen.h"
#include "script.h"

/**
 * struct bed - a listener and one peer
 */
struct bed {
	struct script		s;
	struct nx_tcp_listener	listener;
	struct nx_tcp_tuple	tuple;
	struct nx_tcp_seg	seg;
	struct nx_tcp_seg	answer;
	struct nx_cookie_syn	cookie;
};

static void start(struct bed *b, uint32_t backlog)
{
	memset(b, 0, sizeof(*b));
	script_init(&b->s);
	b->s.config.features |= NX_TCP_HAS_TS;
	b->listener.key.k[0] = 1;
	b->listener.backlog = backlog;
	b->tuple.local_port = 80;
	b->tuple.remote_port = 5000;
}

static enum nx_tcp_verdict listen_to(struct bed *b, uint16_t flags,
				     uint32_t seq, uint32_t ack)
{
	b->seg.hdr.flags = flags;
	b->seg.hdr.seq = seq;
	b->seg.hdr.ack = ack;
	return nx_tcp_listen_input(&b->listener, &b->s.config, &b->tuple,
				   &b->s.open, &b->seg, &b->answer, &b->cookie,
				   b->s.now_ns);
}

/* RFC 9293 section 3.10.7.2. */
static void listen_input__table(void)
{
	static const struct {
		uint16_t		flags;
		enum nx_tcp_verdict	verdict;
		uint16_t		answer;
	} rows[] = {
		{ TCP_RST, NX_TCP_DROP, 0 },
		{ TCP_RST | TCP_ACK, NX_TCP_DROP, 0 },
		{ TCP_ACK, NX_TCP_ANSWER, TCP_RST },
		{ TCP_SYN | TCP_ACK, NX_TCP_ANSWER, TCP_RST },
		{ TCP_FIN, NX_TCP_DROP, 0 },
		{ 0, NX_TCP_DROP, 0 },
		{ TCP_SYN, NX_TCP_OPEN_IT, 0 },
	};
	struct bed b;
	size_t i;

	start(&b, 1);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		UNIT_ROW(i, listen_to(&b, rows[i].flags, 100, 200),
			 rows[i].verdict);
		if (rows[i].verdict == NX_TCP_ANSWER)
			UNIT_ROW(i, b.answer.hdr.flags, rows[i].answer);
	}
}

static void offer(struct bed *b)
{
	b->seg.hdr.has = NEXUS_WIRE_TCP_MSS | NEXUS_WIRE_TCP_SACK_OK |
			 NEXUS_WIRE_TCP_WSCALE | NEXUS_WIRE_TCP_TS;
	b->seg.hdr.mss = 1400;
	b->seg.hdr.wscale = 9;
	b->seg.hdr.ts_val = 7000;
	b->seg.hdr.window = 1000;
}

/* The peer's ACK of a cookie. */
static enum nx_tcp_verdict bring_back(struct bed *b)
{
	b->seg.hdr.has = NEXUS_WIRE_TCP_TS;
	b->seg.hdr.ts_val = 7100;
	b->seg.hdr.ts_ecr = b->answer.hdr.ts_val;
	return listen_to(b, TCP_ACK, SCRIPT_IRS + 1, b->answer.hdr.seq + 1);
}

static void cookie__brings_options_back(void)
{
	struct bed b;
	struct nx_tcp *tcp = &b.s.tcp;

	start(&b, 0);
	offer(&b);
	CU_ASSERT_EQUAL(listen_to(&b, TCP_SYN, SCRIPT_IRS, 0), NX_TCP_ANSWER);
	CU_ASSERT_EQUAL(b.answer.hdr.flags, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(b.answer.hdr.ack, SCRIPT_IRS + 1);
	CU_ASSERT_EQUAL(b.listener.nr_cookies, 1);
	b.s.now_ns += 100000000;
	CU_ASSERT_EQUAL_FATAL(bring_back(&b), NX_TCP_RESUME);
	nx_tcp_init(tcp, &b.s.env, &b.s.config);
	nx_tcp_resume(tcp, &b.s.open, &b.cookie, &b.seg, b.s.now_ns);
	nx_tcp_input(tcp, &b.seg, b.s.now_ns);
	CU_ASSERT_EQUAL(tcp->state, NX_TCP_ESTABLISHED);
	CU_ASSERT(tcp->has_sack && tcp->has_ts && tcp->has_wscale);
	CU_ASSERT_EQUAL(tcp->snd_wscale, 9);
	CU_ASSERT_EQUAL(tcp->snd_una, b.answer.hdr.seq + 1);
	CU_ASSERT_EQUAL(tcp->snd_wnd, 1000u << 9);
	CU_ASSERT(tcp->peer_mss <= 1400 && tcp->peer_mss >= 1220);
	nx_tcp_exit(tcp);
}

static void cookie__forged(void)
{
	struct bed b;

	start(&b, 0);
	offer(&b);
	listen_to(&b, TCP_SYN, SCRIPT_IRS, 0);
	b.answer.hdr.seq ^= 1;
	CU_ASSERT_EQUAL(bring_back(&b), NX_TCP_ANSWER);
	CU_ASSERT_EQUAL(b.answer.hdr.flags, TCP_RST);
}

/* Who has sent none of late believes none. */
static void cookie__late(void)
{
	struct bed b;

	start(&b, 0);
	offer(&b);
	listen_to(&b, TCP_SYN, SCRIPT_IRS, 0);
	b.s.now_ns += 3 * NX_COOKIE_PERIOD_NS;
	CU_ASSERT_EQUAL(bring_back(&b), NX_TCP_ANSWER);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(listen_input__table, "TCP-3 LISTEN"),
	UNIT_CASE_ID(cookie__brings_options_back, "TCP-4 SYN cookies"),
	UNIT_CASE_ID(cookie__forged, "TCP-4 SYN cookies"),
	UNIT_CASE_ID(cookie__late, "TCP-4 SYN cookies"),
};

UNIT_SUITE(tcp_listen_suite, "tcp/listen.c", cases);
