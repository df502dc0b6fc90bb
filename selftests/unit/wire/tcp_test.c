// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/wire/tcp.c.
 */
#include <errno.h>
#include <nexus/wire.h>
#include <stdlib.h>
#include <string.h>

#include "../../../lib/wire/tcp_plain.h"
#include "../unit.h"

#define FIN	NEXUS_WIRE_TCP_FIN
#define SYN	NEXUS_WIRE_TCP_SYN
#define RST	NEXUS_WIRE_TCP_RST
#define ACK	NEXUS_WIRE_TCP_ACK

static const uint8_t plain[20] = {
	0x12, 0x34, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 0x51, 0xaa, 0x10, 0x20,
	0xab, 0xcd, 0x30, 0x40,
};

/* A header with these options, and NOPs up to the word's end. */
static size_t with_options(uint8_t p[60], uint16_t flags, const uint8_t *options,
			   size_t len)
{
	size_t whole = (len + 3) & ~(size_t)3;

	memcpy(p, plain, 20);
	memset(p + 20, 1, 40);
	memcpy(p + 20, options, len);
	p[12] = (uint8_t)((20 + whole) / 4 << 4 | flags >> 8);
	p[13] = (uint8_t)flags;
	return 20 + whole;
}

static int parse_options(struct nexus_wire_tcp *tcp, uint16_t flags,
			 const uint8_t *options, size_t len)
{
	uint8_t *p = malloc(60);
	size_t size = with_options(p, flags, options, len);
	/* A copy of its exact size: who reads past the end is seen. */
	uint8_t *exact = malloc(size);
	int ret;

	memcpy(exact, p, size);
	ret = nexus_wire_tcp_parse(tcp, exact, size);
	free(exact);
	free(p);
	return ret;
}

#define PARSE(tcp, flags, ...)						\
	parse_options(tcp, flags, (const uint8_t[]){ __VA_ARGS__ },	\
		      sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* ---------------------------------------------------------------- parse */

static void nexus_wire_tcp_parse__reads_every_field(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_tcp_parse(&tcp, plain, 20), 20);
	CU_ASSERT_EQUAL(tcp.src_port, 0x1234);
	CU_ASSERT_EQUAL(tcp.dst_port, 80);
	CU_ASSERT_EQUAL(tcp.seq, 0x01020304);
	CU_ASSERT_EQUAL(tcp.ack, 0x05060708);
	CU_ASSERT_EQUAL(tcp.flags, NEXUS_WIRE_TCP_AE | NEXUS_WIRE_TCP_CWR |
			NEXUS_WIRE_TCP_URG | NEXUS_WIRE_TCP_PSH | SYN);
	CU_ASSERT_EQUAL(tcp.window, 0x1020);
	CU_ASSERT_EQUAL(tcp.urgent, 0x3040);
	CU_ASSERT_EQUAL(memcmp(&tcp.checksum, plain + 16, 2), 0);
	CU_ASSERT_EQUAL(tcp.has, 0);
}

static void nexus_wire_tcp_parse__refuses_what_is_too_short(void)
{
	struct nexus_wire_tcp tcp;
	uint8_t p[60];
	size_t len;

	memcpy(p, plain, 20);
	memset(p + 20, 1, 40);
	for (len = 0; len < 20; len++)
		UNIT_ROW(len, nexus_wire_tcp_parse(&tcp, p, len), -EMSGSIZE);
	for (len = 0; len < 16; len++) {
		p[12] = (uint8_t)(len << 4);
		UNIT_ROW(len, nexus_wire_tcp_parse(&tcp, p, 40),
			 len < 5 ? -EBADMSG : len > 10 ? -EMSGSIZE :
			 (int)len * 4);
	}
}

static void nexus_wire_tcp_parse__refuses_port_zero(void)
{
	struct nexus_wire_tcp tcp;
	uint8_t p[20];

	memcpy(p, plain, 20);
	p[0] = p[1] = 0;
	CU_ASSERT_EQUAL(nexus_wire_tcp_parse(&tcp, p, 20), -EBADMSG);
	memcpy(p, plain, 20);
	p[2] = p[3] = 0;
	CU_ASSERT_EQUAL(nexus_wire_tcp_parse(&tcp, p, 20), -EBADMSG);
}

static void nexus_wire_tcp_parse__refuses_contradicting_flags(void)
{
	struct nexus_wire_tcp tcp;
	uint8_t p[20];
	unsigned int flags;

	memcpy(p, plain, 20);
	for (flags = 0; flags < 256; flags++) {
		p[13] = (uint8_t)flags;
		UNIT_ROW(flags, nexus_wire_tcp_parse(&tcp, p, 20),
			 flags & SYN && flags & (FIN | RST) ? -EBADMSG : 20);
	}
}

static void nexus_wire_tcp_parse__reads_the_options_of_a_syn(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL_FATAL(PARSE(&tcp, SYN, 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3,
				    4, 0, 0, 0, 0, 1, 3, 3, 7), 40);
	CU_ASSERT_EQUAL(tcp.has, NEXUS_WIRE_TCP_MSS | NEXUS_WIRE_TCP_SACK_OK |
			NEXUS_WIRE_TCP_TS | NEXUS_WIRE_TCP_WSCALE);
	CU_ASSERT_EQUAL(tcp.mss, 1460);
	CU_ASSERT_EQUAL(tcp.ts_val, 0x01020304);
	CU_ASSERT_EQUAL(tcp.ts_ecr, 0);
	CU_ASSERT_EQUAL(tcp.wscale, 7);
}

static void nexus_wire_tcp_parse__passes_over_syn_options_elsewhere(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL(PARSE(&tcp, ACK, 2, 4, 5, 0xb4, 4, 2, 3, 3, 7, 34, 6, 1, 2,
			      3, 4), 36);
	CU_ASSERT_EQUAL(tcp.has, 0);
	CU_ASSERT_EQUAL(PARSE(&tcp, SYN | ACK, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2), 32);
	CU_ASSERT_EQUAL(tcp.has, 0);
}

static void nexus_wire_tcp_parse__reads_a_lone_timestamp(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL(PARSE(&tcp, ACK, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8), 32);
	CU_ASSERT_EQUAL(tcp.has, NEXUS_WIRE_TCP_TS);
	CU_ASSERT_EQUAL(tcp.ts_val, 0x01020304);
	CU_ASSERT_EQUAL(tcp.ts_ecr, 0x05060708);
	/* The same behind it, where the shorter way does not see it. */
	CU_ASSERT_EQUAL(PARSE(&tcp, ACK, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8), 32);
	CU_ASSERT_EQUAL(tcp.has, NEXUS_WIRE_TCP_TS);
	CU_ASSERT_EQUAL(tcp.ts_ecr, 0x05060708);
}

static void nexus_wire_tcp_parse__reads_sack_blocks(void)
{
	uint8_t option[34] = { 5 };
	struct nexus_wire_tcp tcp;
	size_t nr, i;

	for (i = 2; i < sizeof(option); i++)
		option[i] = (uint8_t)i;
	for (nr = 1; nr <= 4; nr++) {
		option[1] = (uint8_t)(2 + 8 * nr);
		UNIT_ROW(nr, parse_options(&tcp, ACK, option, 2 + 8 * nr),
			 (int)(24 + 8 * nr));
		UNIT_ROW(nr, tcp.has, NEXUS_WIRE_TCP_SACK);
		UNIT_ROW(nr, tcp.nr_sacks, nr);
		UNIT_ROW(nr, tcp.sacks[nr - 1].right,
			 (8 * nr - 2) * 0x01010101u + 0x00010203);
	}
}

static void nexus_wire_tcp_parse__passes_over_odd_lengths(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 2, 3, 5, 3, 2, 4, 3, 0), 28);
	CU_ASSERT_EQUAL(tcp.has, 0);
	CU_ASSERT_EQUAL(PARSE(&tcp, ACK, 5, 2, 5, 9, 0, 0, 0, 0, 0, 0, 0), 32);
	CU_ASSERT_EQUAL(tcp.has, 0);
	CU_ASSERT_EQUAL(PARSE(&tcp, ACK, 8, 9, 0, 0, 0, 0, 0, 0, 0), 32);
	CU_ASSERT_EQUAL(tcp.has, 0);
}

static void nexus_wire_tcp_parse__takes_the_first_of_a_kind(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 2, 4, 1, 0, 2, 4, 2, 0), 28);
	CU_ASSERT_EQUAL(tcp.mss, 256);
}

/* RFC 7323 section 2.3. */
static void nexus_wire_tcp_parse__limits_the_window_scale(void)
{
	struct nexus_wire_tcp tcp;
	unsigned int shift;

	for (shift = 0; shift < 256; shift++) {
		UNIT_ROW(shift, PARSE(&tcp, SYN, 3, 3, (uint8_t)shift), 24);
		UNIT_ROW(shift, tcp.wscale, shift > 14 ? 14 : shift);
	}
}

/* RFC 7413 section 4.1.1. */
static void nexus_wire_tcp_parse__reads_fast_open_cookies(void)
{
	uint8_t option[22] = { 34 };
	struct nexus_wire_tcp tcp;
	size_t len;
	bool legal;

	for (len = 0; len <= 20; len++) {
		option[1] = (uint8_t)(2 + len);
		legal = !len || (len >= 4 && len <= 16 && len % 2 == 0);
		parse_options(&tcp, SYN, option, 2 + len);
		UNIT_ROW(len, tcp.has, legal ? NEXUS_WIRE_TCP_FAST_OPEN : 0);
		UNIT_ROW(len, tcp.cookie_len, legal ? len : 0);
	}
}

/* RFC 9768 section 3.2.3, table 5. */
static void nexus_wire_tcp_parse__reads_accecn_counters(void)
{
	static const uint16_t has[2][4] = {
		{ 0, NEXUS_WIRE_TCP_EE0B,
		  NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_ECEB,
		  NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_ECEB |
		  NEXUS_WIRE_TCP_EE1B },
		{ 0, NEXUS_WIRE_TCP_EE1B,
		  NEXUS_WIRE_TCP_EE1B | NEXUS_WIRE_TCP_ECEB,
		  NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_ECEB |
		  NEXUS_WIRE_TCP_EE1B },
	};
	uint8_t option[14] = { 0, 0, 0, 0, 1, 0, 0, 2, 0xff, 0, 3, 9, 9, 9 };
	struct nexus_wire_tcp tcp;
	size_t order, len, nr;

	for (order = 0; order < 2; order++)
		for (len = 2; len <= 14; len++) {
			option[0] = order ? 174 : 172;
			option[1] = (uint8_t)len;
			nr = (len - 2) / 3 < 3 ? (len - 2) / 3 : 3;
			parse_options(&tcp, ACK, option, len);
			UNIT_ROW(len, tcp.has,
				 NEXUS_WIRE_TCP_ACCECN | has[order][nr]);
			if (nr == 3) {
				UNIT_ROW(len, tcp.ee0b, order ? 0xff0003 : 1);
				UNIT_ROW(len, tcp.eceb, 2);
				UNIT_ROW(len, tcp.ee1b, order ? 1 : 0xff0003);
			}
		}
}

static void nexus_wire_tcp_parse__ends_at_end_of_options(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 0, 2, 0, 0), 24);
	CU_ASSERT_EQUAL(tcp.has, 0);
	/* Unknown ones are passed over. */
	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 254, 4, 0, 0, 2, 4, 5, 0xb4), 28);
	CU_ASSERT_EQUAL(tcp.has, NEXUS_WIRE_TCP_MSS);
}

static void nexus_wire_tcp_parse__refuses_options_without_end(void)
{
	struct nexus_wire_tcp tcp;

	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 1, 1, 1, 2), -EBADMSG);
	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 2, 0, 1, 1), -EBADMSG);
	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 2, 1, 1, 1), -EBADMSG);
	CU_ASSERT_EQUAL(PARSE(&tcp, SYN, 2, 5, 1, 1), -EBADMSG);
	CU_ASSERT_EQUAL(PARSE(&tcp, ACK, 254, 255, 1, 1), -EBADMSG);
}

static void nexus_wire_tcp_parse_quoted__reads_what_a_router_quotes(void)
{
	struct nexus_wire_tcp tcp;
	uint8_t p[8];

	memcpy(p, plain, 8);
	CU_ASSERT_EQUAL(nexus_wire_tcp_parse_quoted(&tcp, p, 8), 8);
	CU_ASSERT_EQUAL(tcp.src_port, 0x1234);
	CU_ASSERT_EQUAL(tcp.dst_port, 80);
	CU_ASSERT_EQUAL(tcp.seq, 0x01020304);
	CU_ASSERT_EQUAL(nexus_wire_tcp_parse_quoted(&tcp, p, 7), -EMSGSIZE);
	p[2] = p[3] = 0;
	CU_ASSERT_EQUAL(nexus_wire_tcp_parse_quoted(&tcp, p, 8), -EBADMSG);
}

/* ---------------------------------------------------------------- build */

static const struct nexus_wire_tcp base = {
	.src_port = 1, .dst_port = 2, .seq = 3, .ack = 4, .window = 5,
	.checksum = 6, .urgent = 7, .mss = 1460, .wscale = 8, .nr_sacks = 2,
	.ts_val = 9, .ts_ecr = 10, .ee0b = 11, .eceb = 12, .ee1b = 13,
	.sacks = { { 14, 15 }, { 16, 17 }, { 18, 19 }, { 20, 21 } },
	.cookie_len = 8, .cookie = { 1, 2, 3, 4, 5, 6, 7, 8 },
};

/* Only what @has names is compared: the rest is undefined. */
static bool is_same(const struct nexus_wire_tcp *a,
		    const struct nexus_wire_tcp *b)
{
	uint16_t has = a->has;

	if (memcmp(a, b, offsetof(struct nexus_wire_tcp, mss)))
		return false;
	return (!(has & NEXUS_WIRE_TCP_MSS) || a->mss == b->mss) &&
	       (!(has & NEXUS_WIRE_TCP_WSCALE) || a->wscale == b->wscale) &&
	       (!(has & NEXUS_WIRE_TCP_TS) ||
		(a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr)) &&
	       (!(has & NEXUS_WIRE_TCP_EE0B) || a->ee0b == b->ee0b) &&
	       (!(has & NEXUS_WIRE_TCP_ECEB) || a->eceb == b->eceb) &&
	       (!(has & NEXUS_WIRE_TCP_EE1B) || a->ee1b == b->ee1b) &&
	       (!(has & NEXUS_WIRE_TCP_SACK) ||
		(a->nr_sacks == b->nr_sacks &&
		 !memcmp(a->sacks, b->sacks, a->nr_sacks * 8u))) &&
	       (!(has & NEXUS_WIRE_TCP_FAST_OPEN) ||
		(a->cookie_len == b->cookie_len &&
		 !memcmp(a->cookie, b->cookie, a->cookie_len)));
}

static bool can_be_built(const struct nexus_wire_tcp *tcp)
{
	unsigned int counters = tcp->has & (NEXUS_WIRE_TCP_EE0B |
				NEXUS_WIRE_TCP_ECEB | NEXUS_WIRE_TCP_EE1B);
	bool syn = tcp->flags & SYN;

	if (tcp->has & (syn ? NEXUS_WIRE_TCP_SACK : NEXUS_WIRE_TCP_MSS |
			NEXUS_WIRE_TCP_WSCALE | NEXUS_WIRE_TCP_SACK_OK |
			NEXUS_WIRE_TCP_FAST_OPEN))
		return false;
	if (counters && !(tcp->has & NEXUS_WIRE_TCP_ACCECN))
		return false;
	return counters != NEXUS_WIRE_TCP_ECEB &&
	       counters != (NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_EE1B) &&
	       nexus_wire_tcp_len(tcp) <= 60;
}

/* Every set of options there is, in a SYN and in a later segment. */
static void nexus_wire_tcp_build__parses_to_the_same(void)
{
	struct nexus_wire_tcp tcp = base, got;
	unsigned int has, syn, nr_built = 0;
	uint8_t p[60];
	int len;

	for (has = 0; has < 1 << 10; has++)
		for (syn = 0; syn < 2; syn++) {
			tcp.has = (uint16_t)has;
			tcp.flags = syn ? SYN : ACK;
			len = nexus_wire_tcp_build(&tcp, p, sizeof(p));
			if (!can_be_built(&tcp)) {
				UNIT_ROW(has, len, -EINVAL);
				continue;
			}
			UNIT_ROW(has, len, nexus_wire_tcp_len(&tcp));
			UNIT_ROW(has, nexus_wire_tcp_parse(&got, p, 60), len);
			UNIT_ROW(has, is_same(&tcp, &got), true);
			nr_built++;
		}
	CU_ASSERT(nr_built > 100);
}

/* RFC 7323 appendix A; SACK-permitted costs nothing beside a timestamp. */
static void nexus_wire_tcp_build__aligns_options(void)
{
	static const uint8_t wanted[20] = {
		2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 10, 1, 3, 3, 8,
	};
	struct nexus_wire_tcp tcp = base;
	uint8_t p[60];

	tcp.flags = SYN;
	tcp.has = NEXUS_WIRE_TCP_MSS | NEXUS_WIRE_TCP_WSCALE |
		  NEXUS_WIRE_TCP_SACK_OK | NEXUS_WIRE_TCP_TS;
	CU_ASSERT_EQUAL_FATAL(nexus_wire_tcp_build(&tcp, p, 60), 40);
	CU_ASSERT_EQUAL(memcmp(p + 20, wanted, 20), 0);
	/* Three blocks have room beside a timestamp, four have not. */
	tcp.flags = ACK;
	tcp.has = NEXUS_WIRE_TCP_TS | NEXUS_WIRE_TCP_SACK;
	tcp.nr_sacks = 3;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), 60);
	tcp.nr_sacks = 4;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
}

static void nexus_wire_tcp_build__refuses_what_no_header_can_say(void)
{
	struct nexus_wire_tcp tcp = base;
	uint8_t p[60];

	tcp.flags = ACK;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 20), 20);
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 19), -ENOSPC);
	tcp.flags = 0x200;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
	tcp.flags = SYN | FIN;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
	tcp = base;
	tcp.dst_port = 0;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
	tcp = base;
	tcp.has = NEXUS_WIRE_TCP_SACK;
	tcp.nr_sacks = 0;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
	tcp = base;
	tcp.flags = SYN;
	tcp.has = NEXUS_WIRE_TCP_WSCALE;
	tcp.wscale = 15;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
	tcp.has = NEXUS_WIRE_TCP_FAST_OPEN;
	tcp.cookie_len = 5;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
	tcp.cookie_len = 18;
	CU_ASSERT_EQUAL(nexus_wire_tcp_build(&tcp, p, 60), -EINVAL);
}

/* ------------------------------------------------------------- checksum */

static void nexus_wire_tcp_verify__finds_each_changed_byte(void)
{
	uint8_t p[25], addr[32] = { 1, 2, 3, 4, [16] = 5 };
	unsigned int version;
	uint16_t csum;
	size_t i;

	for (version = 4; version <= 6; version += 2) {
		memcpy(p, plain, 20);
		memcpy(p + 20, "odd!!", 5);
		memset(p + 16, 0, 2);
		csum = nexus_wire_tcp_checksum(version, addr, addr + 16, p, 25);
		memcpy(p + 16, &csum, 2);
		CU_ASSERT(nexus_wire_tcp_verify(version, addr, addr + 16, p, 25));
		CU_ASSERT(!nexus_wire_tcp_verify(version, addr, addr + 16, p, 24));
		for (i = 0; i < 25; i++) {
			p[i] ^= 0x10;
			UNIT_ROW(i, nexus_wire_tcp_verify(version, addr,
							  addr + 16, p, 25), 0);
			p[i] ^= 0x10;
		}
	}
	CU_ASSERT(!nexus_wire_tcp_verify(4, addr, addr + 16, p, 19));
}

/* Sum by hand: 10.0.0.1 to 10.0.0.2, a SYN from 1 to 2 with seq 3. */
static void nexus_wire_tcp_checksum__is_over_the_pseudo_header(void)
{
	static const uint8_t src[4] = { 10, 0, 0, 1 }, dst[4] = { 10, 0, 0, 2 };
	uint8_t p[20] = { 0, 1, 0, 2, 0, 0, 0, 3, [12] = 0x50, 2 };
	uint32_t sum = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 20 + 1 + 2 + 3 + 0x5002;
	uint16_t csum = nexus_wire_tcp_checksum(4, src, dst, p, 20);
	uint8_t bytes[2];

	memcpy(bytes, &csum, 2);
	CU_ASSERT_EQUAL(bytes[0] << 8 | bytes[1], (~sum & 0xffff));
}

/* The short way to read and to write comes to what the long one does. */
static void nx_tcp_plain__is_what_build_and_parse_make(void)
{
	struct nexus_wire_tcp made = {
		.src_port = 1, .dst_port = 2, .has = NEXUS_WIRE_TCP_TS,
	}, read;
	uint8_t p[60], q[60] = { 0, 1, 0, 2 };
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		made.seq = (uint32_t)random();
		made.ack = (uint32_t)random() << 1;
		made.window = (uint16_t)random();
		made.flags = (uint16_t)random() & NEXUS_WIRE_TCP_FLAGS & ~SYN;
		made.ts_val = (uint32_t)random();
		made.ts_ecr = (uint32_t)random() << 1;
		CU_ASSERT_FATAL(nx_tcp_is_plain(&made));
		UNIT_ROW(i, nexus_wire_tcp_build(&made, p, sizeof(p)),
			 NX_TCP_PLAIN_LEN);
		nx_tcp_build_plain(&made, q);
		UNIT_ROW(i, memcmp(p, q, NX_TCP_PLAIN_LEN), 0);
		memset(&read, 0, sizeof(read));
		UNIT_ROW(i, nx_tcp_parse_plain(&read, p), 1);
		UNIT_ROW(i, read.has == made.has && read.flags == made.flags &&
			    read.seq == made.seq && read.ack == made.ack &&
			    read.window == made.window && !read.nr_sacks &&
			    read.ts_val == made.ts_val &&
			    read.ts_ecr == made.ts_ecr, 1);
	}
}

/* What differs by a bit where it matters is for others to read. */
static void nx_tcp_parse_plain__leaves_the_rest_alone(void)
{
	static const struct {
		uint8_t at, with;
	} rows[] = {
		{ 12, 0x70 }, { 12, 0x90 }, { 12, 0x50 }, { 13, SYN | ACK },
		{ 20, 2 }, { 21, 3 }, { 22, 5 }, { 23, 8 },
	};
	uint8_t p[60];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nexus_wire_tcp made = {
			.src_port = 1, .dst_port = 2, .flags = ACK,
			.has = NEXUS_WIRE_TCP_TS,
		};

		nexus_wire_tcp_build(&made, p, sizeof(p));
		p[rows[i].at] = rows[i].with;
		UNIT_ROW(i, nx_tcp_parse_plain(&made, p), 0);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_wire_tcp_parse__reads_every_field),
	UNIT_CASE(nexus_wire_tcp_parse__refuses_what_is_too_short),
	UNIT_CASE(nexus_wire_tcp_parse__refuses_port_zero),
	UNIT_CASE(nexus_wire_tcp_parse__refuses_contradicting_flags),
	UNIT_CASE(nexus_wire_tcp_parse__reads_the_options_of_a_syn),
	UNIT_CASE(nexus_wire_tcp_parse__passes_over_syn_options_elsewhere),
	UNIT_CASE(nexus_wire_tcp_parse__reads_a_lone_timestamp),
	UNIT_CASE(nexus_wire_tcp_parse__reads_sack_blocks),
	UNIT_CASE(nexus_wire_tcp_parse__passes_over_odd_lengths),
	UNIT_CASE(nexus_wire_tcp_parse__takes_the_first_of_a_kind),
	UNIT_CASE(nexus_wire_tcp_parse__limits_the_window_scale),
	UNIT_CASE(nexus_wire_tcp_parse__reads_fast_open_cookies),
	UNIT_CASE(nexus_wire_tcp_parse__reads_accecn_counters),
	UNIT_CASE(nexus_wire_tcp_parse__ends_at_end_of_options),
	UNIT_CASE(nexus_wire_tcp_parse__refuses_options_without_end),
	UNIT_CASE(nexus_wire_tcp_parse_quoted__reads_what_a_router_quotes),
	UNIT_CASE(nexus_wire_tcp_build__parses_to_the_same),
	UNIT_CASE(nexus_wire_tcp_build__aligns_options),
	UNIT_CASE(nexus_wire_tcp_build__refuses_what_no_header_can_say),
	UNIT_CASE(nx_tcp_plain__is_what_build_and_parse_make),
	UNIT_CASE(nx_tcp_parse_plain__leaves_the_rest_alone),
	UNIT_CASE(nexus_wire_tcp_verify__finds_each_changed_byte),
	UNIT_CASE(nexus_wire_tcp_checksum__is_over_the_pseudo_header),
};

UNIT_SUITE(wire_tcp_suite, "wire/tcp", cases);
