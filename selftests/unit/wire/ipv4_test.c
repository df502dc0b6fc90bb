// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/wire/ipv4.c.
 */
#include <errno.h>
#include <nexus/wire.h>
#include <string.h>

#include "../unit.h"

/* 192.0.2.1 to 192.0.2.2, UDP, 28 bytes, TTL 64, DF, and its checksum. */
static const uint8_t plain[20] = {
	0x45, 0x08, 0x00, 0x1c, 0x12, 0x34, 0x40, 0x00,
	0x40, 0x11, 0xa4, 0x91, 192, 0, 2, 1, 192, 0, 2, 2,
};

static void fix_checksum(uint8_t *p)
{
	uint16_t csum;

	p[10] = p[11] = 0;
	csum = nexus_wire_fold(nexus_wire_sum(0, p, (p[0] & 15) * 4u));
	memcpy(p + 10, &csum, 2);
}

static void nexus_wire_ipv4_parse__reads_every_field(void)
{
	struct nexus_wire_ipv4 ip;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv4_parse(&ip, plain, 20), 20);
	CU_ASSERT_EQUAL(memcmp(ip.src, plain + 12, 4), 0);
	CU_ASSERT_EQUAL(memcmp(ip.dst, plain + 16, 4), 0);
	CU_ASSERT_EQUAL(ip.total_len, 28);
	CU_ASSERT_EQUAL(ip.id, 0x1234);
	CU_ASSERT_EQUAL(ip.tos, 8);
	CU_ASSERT_EQUAL(ip.ttl, 64);
	CU_ASSERT_EQUAL(ip.protocol, 17);
	CU_ASSERT_TRUE(ip.has_df);
	CU_ASSERT_FALSE(ip.has_mf);
	CU_ASSERT_EQUAL(ip.frag_off, 0);
	CU_ASSERT_EQUAL(ip.options_len, 0);
}

/* One byte of a good header changed, checksum made right again. */
static const struct {
	uint8_t	at;
	uint8_t	value;
	int	result;
} rows[] = {
	{ 0, 0x45, 20 },
	{ 0, 0x65, -EPROTONOSUPPORT },
	{ 0, 0x05, -EPROTONOSUPPORT },
	{ 0, 0x44, -EBADMSG },		/* header shorter than 20 bytes */
	{ 0, 0x40, -EBADMSG },
	{ 0, 0x46, -EMSGSIZE },		/* options that are not there */
	{ 3, 0x14, 20 },		/* no payload */
	{ 3, 0x13, -EBADMSG },		/* shorter than its header */
	{ 6, 0x80, 20 },		/* reserved flag: ignored */
	{ 6, 0x20, 20 },		/* MF with 8 bytes of payload */
	{ 8, 0, 20 },
};

static void nexus_wire_ipv4_parse__refuses_illegal_headers(void)
{
	struct nexus_wire_ipv4 ip;
	uint8_t p[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(p, 0, sizeof(p));
		memcpy(p, plain, sizeof(plain));
		p[rows[i].at] = rows[i].value;
		fix_checksum(p);
		UNIT_ROW(i, nexus_wire_ipv4_parse(&ip, p, 20), rows[i].result);
	}
}

static void nexus_wire_ipv4_parse__needs_the_whole_header(void)
{
	struct nexus_wire_ipv4 ip;
	size_t len;

	for (len = 0; len < 20; len++)
		UNIT_ROW(len, nexus_wire_ipv4_parse(&ip, plain, len), -EMSGSIZE);
}

static void nexus_wire_ipv4_parse__refuses_a_wrong_checksum(void)
{
	struct nexus_wire_ipv4 ip;
	uint8_t p[20];
	size_t bit;

	for (bit = 0; bit < 160; bit++) {
		memcpy(p, plain, sizeof(p));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		UNIT_ROW(bit, nexus_wire_ipv4_parse(&ip, p, 20) < 0, true);
	}
}

/* RFC 791: only the last fragment may have a length that is no multiple of 8. */
static void nexus_wire_ipv4_parse__checks_fragments(void)
{
	struct nexus_wire_ipv4 ip;
	uint8_t p[20];

	memcpy(p, plain, sizeof(p));
	p[3] = 29;
	p[6] = 0x20;
	fix_checksum(p);
	CU_ASSERT_EQUAL(nexus_wire_ipv4_parse(&ip, p, 20), -EBADMSG);
	p[3] = 28;
	p[7] = 185;
	fix_checksum(p);
	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv4_parse(&ip, p, 20), 20);
	CU_ASSERT_EQUAL(ip.frag_off, 1480);
	CU_ASSERT_TRUE(ip.has_mf);
	/* It would end past the longest packet. */
	p[6] = 0x1f;
	p[7] = 0xff;
	fix_checksum(p);
	CU_ASSERT_EQUAL(nexus_wire_ipv4_parse(&ip, p, 20), -EBADMSG);
}

static const struct {
	uint8_t	options[8];
	int	result;
} option_rows[] = {
	{ { 1, 1, 1, 1, 1, 1, 1, 1 }, 28 },		/* no operation */
	{ { 0, 9, 9, 9, 9, 9, 9, 9 }, 28 },		/* end of the list */
	{ { 7, 8, 4, 0, 0, 0, 0, 0 }, 28 },		/* record route */
	{ { 1, 7, 7, 4, 0, 0, 0, 0 }, 28 },
	{ { 7, 9, 4, 0, 0, 0, 0, 0 }, -EBADMSG },	/* past the header */
	{ { 7, 1, 1, 1, 1, 1, 1, 1 }, -EBADMSG },	/* length below 2 */
	{ { 7, 0, 1, 1, 1, 1, 1, 1 }, -EBADMSG },
	{ { 1, 1, 1, 1, 1, 1, 1, 7 }, -EBADMSG },	/* no length */
};

static void nexus_wire_ipv4_parse__walks_the_options(void)
{
	struct nexus_wire_ipv4 ip;
	uint8_t p[28];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(option_rows); i++) {
		memcpy(p, plain, sizeof(plain));
		memcpy(p + 20, option_rows[i].options, 8);
		p[0] = 0x47;
		fix_checksum(p);
		UNIT_ROW(i, nexus_wire_ipv4_parse(&ip, p, 28),
			 option_rows[i].result);
	}
}

static void nexus_wire_ipv4_parse_quoted__ignores_the_checksum(void)
{
	struct nexus_wire_ipv4 ip;
	uint8_t p[20];

	memcpy(p, plain, sizeof(p));
	p[8] = 1;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_parse_quoted(&ip, p, 20), 20);
	p[3] = 0;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_parse_quoted(&ip, p, 20), -EBADMSG);
}

static void nexus_wire_ipv4_build__gives_back_what_was_parsed(void)
{
	struct nexus_wire_ipv4 ip;
	uint8_t p[28], q[28];
	size_t i;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv4_parse(&ip, plain, 20), 20);
	CU_ASSERT_EQUAL(nexus_wire_ipv4_build(&ip, q, 20), 20);
	CU_ASSERT_EQUAL(memcmp(plain, q, 20), 0);
	for (i = 0; i < 4; i++) {
		memcpy(p, plain, sizeof(plain));
		memcpy(p + 20, option_rows[i].options, 8);
		p[0] = 0x47;
		fix_checksum(p);
		UNIT_ROW(i, nexus_wire_ipv4_parse(&ip, p, 28), 28);
		UNIT_ROW(i, nexus_wire_ipv4_build(&ip, q, sizeof(q)), 28);
		UNIT_ROW(i, memcmp(p, q, 28), 0);
	}
}

static void nexus_wire_ipv4_build__refuses_what_no_header_can_say(void)
{
	const struct nexus_wire_ipv4 good = { .total_len = 20, .protocol = 17 };
	struct nexus_wire_ipv4 ip;
	uint8_t p[60];

	ip = good;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_build(&ip, p, 60), 20);
	CU_ASSERT_EQUAL(nexus_wire_ipv4_build(&ip, p, 19), -ENOSPC);
	ip.total_len = 19;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_build(&ip, p, 60), -EINVAL);
	ip = good;
	ip.frag_off = 12;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_build(&ip, p, 60), -EINVAL);
	ip = good;
	ip.options_len = 3;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_build(&ip, p, 60), -EINVAL);
	ip.options_len = 44;
	ip.total_len = 100;
	CU_ASSERT_EQUAL(nexus_wire_ipv4_build(&ip, p, 60), -EINVAL);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_wire_ipv4_parse__reads_every_field),
	UNIT_CASE(nexus_wire_ipv4_parse__refuses_illegal_headers),
	UNIT_CASE(nexus_wire_ipv4_parse__needs_the_whole_header),
	UNIT_CASE(nexus_wire_ipv4_parse__refuses_a_wrong_checksum),
	UNIT_CASE(nexus_wire_ipv4_parse__checks_fragments),
	UNIT_CASE(nexus_wire_ipv4_parse__walks_the_options),
	UNIT_CASE(nexus_wire_ipv4_parse_quoted__ignores_the_checksum),
	UNIT_CASE(nexus_wire_ipv4_build__gives_back_what_was_parsed),
	UNIT_CASE(nexus_wire_ipv4_build__refuses_what_no_header_can_say),
};

UNIT_SUITE(wire_ipv4_suite, "wire/ipv4", cases);
