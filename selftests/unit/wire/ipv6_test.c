// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/wire/ipv6.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <nexus/wire.h>
#include <string.h>

#include "../unit.h"

static const uint8_t plain[40] = {
	0x6a, 0xbc, 0xde, 0xf1, 0x00, 0x08, 17, 64,
	0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
};

static void nexus_wire_ipv6_parse__reads_every_field(void)
{
	struct nexus_wire_ipv6 ip;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv6_parse(&ip, plain, 40), 40);
	CU_ASSERT_EQUAL(ip.traffic_class, 0xab);
	CU_ASSERT_EQUAL(ip.flow_label, 0xcdef1);
	CU_ASSERT_EQUAL(ip.payload_len, 8);
	CU_ASSERT_EQUAL(ip.next_header, 17);
	CU_ASSERT_EQUAL(ip.hop_limit, 64);
	CU_ASSERT_EQUAL(memcmp(ip.src, plain + 8, 16), 0);
	CU_ASSERT_EQUAL(memcmp(ip.dst, plain + 24, 16), 0);
}

static void nexus_wire_ipv6_parse__needs_version_6_and_40_bytes(void)
{
	struct nexus_wire_ipv6 ip;
	uint8_t p[40];
	size_t len;

	for (len = 0; len < 40; len++)
		UNIT_ROW(len, nexus_wire_ipv6_parse(&ip, plain, len), -EMSGSIZE);
	memcpy(p, plain, sizeof(p));
	p[0] = 0x45;
	CU_ASSERT_EQUAL(nexus_wire_ipv6_parse(&ip, p, 40), -EPROTONOSUPPORT);
}

static void nexus_wire_ipv6_build__gives_back_what_was_parsed(void)
{
	struct nexus_wire_ipv6 ip;
	uint8_t p[40];

	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv6_parse(&ip, plain, 40), 40);
	CU_ASSERT_EQUAL(nexus_wire_ipv6_build(&ip, p, 40), 40);
	CU_ASSERT_EQUAL(memcmp(p, plain, 40), 0);
	CU_ASSERT_EQUAL(nexus_wire_ipv6_build(&ip, p, 39), -ENOSPC);
	ip.flow_label = 0x100000;
	CU_ASSERT_EQUAL(nexus_wire_ipv6_build(&ip, p, 40), -EINVAL);
}

/* What follows the fixed header, and where the walk ends. */
static const struct {
	uint8_t	next;
	uint8_t	ext[48];
	size_t	len;
	int	result;
	uint8_t	protocol;
	int	frag_off;
	bool	is_fragment;
} rows[] = {
	{ 17, { 0 }, 0, 40, 17, 0, false },
	{ IPPROTO_HOPOPTS, { 17 }, 8, 48, 17, 0, false },
	{ IPPROTO_HOPOPTS, { 17 }, 7, -EMSGSIZE, 0, 0, false },
	{ IPPROTO_HOPOPTS, { 17, 1 }, 15, -EMSGSIZE, 0, 0, false },
	{ IPPROTO_HOPOPTS, { 17, 1 }, 16, 56, 17, 0, false },
	{ IPPROTO_ROUTING, { IPPROTO_DSTOPTS, 0, 0, 0, 0, 0, 0, 0, 58 }, 16, 56,
	  58, 0, false },
	{ IPPROTO_AH, { 17, 1 }, 12, 52, 17, 0, false },
	{ IPPROTO_AH, { 17, 1 }, 11, -EMSGSIZE, 0, 0, false },
	/* hop-by-hop anywhere but first */
	{ IPPROTO_DSTOPTS, { IPPROTO_HOPOPTS }, 16, -EBADMSG, 0, 0, false },
	/* first fragment: the upper layer is there */
	{ IPPROTO_FRAGMENT, { 17, 0, 0, 1 }, 8, 48, 17, 0, true },
	/* a whole packet with a fragment header (RFC 6946) */
	{ IPPROTO_FRAGMENT, { 17, 0, 0, 0 }, 8, 48, 17, 0, false },
	/* a later one: whatever follows is payload */
	{ IPPROTO_FRAGMENT, { IPPROTO_DSTOPTS, 0, 0x05, 0xc8 }, 8, 48,
	  IPPROTO_DSTOPTS, 1480, true },
	{ IPPROTO_NONE, { 0 }, 0, 40, IPPROTO_NONE, 0, false },
	{ IPPROTO_ESP, { 0 }, 0, 40, IPPROTO_ESP, 0, false },
	{ IPPROTO_DSTOPTS, { 0 }, 1, -EMSGSIZE, 0, 0, false },
};

static void nexus_wire_ipv6_find_upper__skips_extension_headers(void)
{
	struct nexus_wire_ipv6_upper upper;
	uint8_t p[40 + 48];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memcpy(p, plain, 40);
		memcpy(p + 40, rows[i].ext, 48);
		p[6] = rows[i].next;
		UNIT_ROW(i, nexus_wire_ipv6_find_upper(&upper, p, 40 + rows[i].len),
			 rows[i].result);
		if (rows[i].result < 0)
			continue;
		UNIT_ROW(i, upper.off, rows[i].result);
		UNIT_ROW(i, upper.protocol, rows[i].protocol);
		UNIT_ROW(i, upper.frag_off, rows[i].frag_off);
		UNIT_ROW(i, upper.is_fragment, rows[i].is_fragment);
	}
}

static void nexus_wire_ipv6_find_upper__gives_up_after_16(void)
{
	struct nexus_wire_ipv6_upper upper;
	uint8_t p[40 + 17 * 8] = { 0x60 };
	size_t i;

	p[6] = IPPROTO_DSTOPTS;
	for (i = 0; i < 17; i++)
		p[40 + i * 8] = i == 16 ? 17 : IPPROTO_DSTOPTS;
	CU_ASSERT_EQUAL(nexus_wire_ipv6_find_upper(&upper, p, sizeof(p)), -EBADMSG);
	p[40 + 15 * 8] = 17;
	CU_ASSERT_EQUAL(nexus_wire_ipv6_find_upper(&upper, p, sizeof(p)),
			40 + 16 * 8);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_wire_ipv6_parse__reads_every_field),
	UNIT_CASE(nexus_wire_ipv6_parse__needs_version_6_and_40_bytes),
	UNIT_CASE(nexus_wire_ipv6_build__gives_back_what_was_parsed),
	UNIT_CASE(nexus_wire_ipv6_find_upper__skips_extension_headers),
	UNIT_CASE(nexus_wire_ipv6_find_upper__gives_up_after_16),
};

UNIT_SUITE(wire_ipv6_suite, "wire/ipv6", cases);
