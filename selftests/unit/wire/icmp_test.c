// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/wire/icmp.c.
 */
#include <errno.h>
#include <nexus/wire.h>
#include <string.h>

#include "../unit.h"

static void nexus_wire_icmp_parse__reads_echo(void)
{
	static const uint8_t p[8] = { 8, 0, 0xaa, 0xbb, 0x12, 0x34, 0x56, 0x78 };
	struct nexus_wire_icmp icmp;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_icmp_parse(&icmp, p, 8), 8);
	CU_ASSERT_FALSE(icmp.is_error);
	CU_ASSERT_EQUAL(icmp.id, 0x1234);
	CU_ASSERT_EQUAL(icmp.seq, 0x5678);
}

/* RFC 1191: the MTU stands in the last two bytes, of code 4 only. */
static void nexus_wire_icmp_parse__reads_the_mtu_of_code_4(void)
{
	uint8_t p[8] = { 3, 4, 0, 0, 0, 0, 0x05, 0x14 };
	struct nexus_wire_icmp icmp;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_icmp_parse(&icmp, p, 8), 8);
	CU_ASSERT_TRUE(icmp.is_error);
	CU_ASSERT_EQUAL(icmp.mtu, 1300);
	p[1] = 3;
	CU_ASSERT_EQUAL_FATAL(nexus_wire_icmp_parse(&icmp, p, 8), 8);
	CU_ASSERT_EQUAL(icmp.mtu, 0);
}

static void nexus_wire_icmp_parse__reads_pointer_and_gateway(void)
{
	uint8_t p[8] = { 12, 0, 0, 0, 9, 0, 0, 0 };
	struct nexus_wire_icmp icmp;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_icmp_parse(&icmp, p, 8), 8);
	CU_ASSERT_EQUAL(icmp.pointer, 9);
	p[0] = 5;
	CU_ASSERT_EQUAL_FATAL(nexus_wire_icmp_parse(&icmp, p, 8), 8);
	CU_ASSERT_EQUAL(memcmp(icmp.gateway, p + 4, 4), 0);
}

static void nexus_wire_icmp_parse__knows_echo_and_errors_only(void)
{
	uint8_t p[8] = { 0 };
	struct nexus_wire_icmp icmp;
	unsigned int type;
	bool is_known;

	for (type = 0; type < 256; type++) {
		p[0] = (uint8_t)type;
		is_known = type == 0 || type == 3 || type == 4 || type == 5 ||
			   type == 8 || type == 11 || type == 12;
		UNIT_ROW(type, nexus_wire_icmp_parse(&icmp, p, 8),
			 is_known ? 8 : -EBADMSG);
	}
	CU_ASSERT_EQUAL(nexus_wire_icmp_parse(&icmp, p, 7), -EMSGSIZE);
}

static const uint8_t messages4[][8] = {
	{ 0, 0, 1, 2, 3, 4, 5, 6 },
	{ 8, 0, 1, 2, 3, 4, 5, 6 },
	{ 3, 3, 1, 2, 0, 0, 0, 0 },
	{ 3, 4, 1, 2, 0, 0, 5, 6 },
	{ 4, 0, 1, 2, 0, 0, 0, 0 },
	{ 5, 1, 1, 2, 3, 4, 5, 6 },
	{ 11, 1, 1, 2, 0, 0, 0, 0 },
	{ 12, 0, 1, 2, 3, 0, 0, 0 },
};

static void nexus_wire_icmp_build__gives_back_what_was_parsed(void)
{
	struct nexus_wire_icmp icmp;
	uint8_t p[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(messages4); i++) {
		UNIT_ROW(i, nexus_wire_icmp_parse(&icmp, messages4[i], 8), 8);
		UNIT_ROW(i, nexus_wire_icmp_build(&icmp, p, 8), 8);
		UNIT_ROW(i, memcmp(p, messages4[i], 8), 0);
	}
}

static void nexus_wire_icmp_build__refuses_what_no_message_can_say(void)
{
	struct nexus_wire_icmp icmp = { .type = 13 };
	uint8_t p[8];

	CU_ASSERT_EQUAL(nexus_wire_icmp_build(&icmp, p, 8), -EINVAL);
	icmp = (struct nexus_wire_icmp){ .type = 3, .code = 4, .mtu = 65536 };
	CU_ASSERT_EQUAL(nexus_wire_icmp_build(&icmp, p, 8), -EINVAL);
	icmp.mtu = 65535;
	CU_ASSERT_EQUAL(nexus_wire_icmp_build(&icmp, p, 7), -ENOSPC);
}

static const uint8_t messages6[][8] = {
	{ 1, 4, 1, 2, 0, 0, 0, 0 },
	{ 2, 0, 1, 2, 0, 1, 5, 0xdc },
	{ 3, 0, 1, 2, 0, 0, 0, 0 },
	{ 4, 1, 1, 2, 0, 0, 0, 40 },
	{ 128, 0, 1, 2, 3, 4, 5, 6 },
	{ 129, 0, 1, 2, 3, 4, 5, 6 },
};

static void nexus_wire_icmpv6_parse__knows_echo_and_errors_only(void)
{
	uint8_t p[8] = { 0 };
	struct nexus_wire_icmp icmp;
	unsigned int type;
	bool is_known;

	for (type = 0; type < 256; type++) {
		p[0] = (uint8_t)type;
		is_known = (type >= 1 && type <= 4) || type == 128 || type == 129;
		UNIT_ROW(type, nexus_wire_icmpv6_parse(&icmp, p, 8),
			 is_known ? 8 : -EBADMSG);
	}
	CU_ASSERT_EQUAL(nexus_wire_icmpv6_parse(&icmp, p, 7), -EMSGSIZE);
}

static void nexus_wire_icmpv6_build__gives_back_what_was_parsed(void)
{
	struct nexus_wire_icmp icmp;
	uint8_t p[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(messages6); i++) {
		UNIT_ROW(i, nexus_wire_icmpv6_parse(&icmp, messages6[i], 8), 8);
		UNIT_ROW(i, icmp.is_error, messages6[i][0] < 128);
		UNIT_ROW(i, icmp.mtu, i == 1 ? 0x105dc : 0);
		UNIT_ROW(i, nexus_wire_icmpv6_build(&icmp, p, 8), 8);
		UNIT_ROW(i, memcmp(p, messages6[i], 8), 0);
	}
}

/* What a Linux UDP socket reports for the same message. */
static const struct {
	unsigned int	version;
	uint8_t		type;
	uint8_t		code;
	int		err;
} errors[] = {
	{ 4, 3, 0, ENETUNREACH }, { 4, 3, 1, EHOSTUNREACH },
	{ 4, 3, 2, ENOPROTOOPT }, { 4, 3, 3, ECONNREFUSED },
	{ 4, 3, 4, EMSGSIZE }, { 4, 3, 5, EOPNOTSUPP },
	{ 4, 3, 9, ENETUNREACH }, { 4, 3, 10, EHOSTUNREACH },
	{ 4, 3, 13, EHOSTUNREACH }, { 4, 3, 200, EHOSTUNREACH },
	{ 4, 11, 0, EHOSTUNREACH }, { 4, 12, 0, EPROTO },
	{ 4, 4, 0, 0 }, { 4, 5, 0, 0 }, { 4, 8, 0, 0 },
	{ 6, 1, 0, ENETUNREACH }, { 6, 1, 1, EACCES },
	{ 6, 1, 3, EHOSTUNREACH }, { 6, 1, 4, ECONNREFUSED },
	{ 6, 1, 200, EHOSTUNREACH }, { 6, 2, 0, EMSGSIZE },
	{ 6, 3, 0, EHOSTUNREACH }, { 6, 4, 0, EPROTO }, { 6, 128, 0, 0 },
};

static void nexus_wire_icmp_errno__is_that_of_a_socket(void)
{
	struct nexus_wire_icmp icmp = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		icmp.type = errors[i].type;
		icmp.code = errors[i].code;
		UNIT_ROW(i, nexus_wire_icmp_errno(errors[i].version, &icmp),
			 errors[i].err);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_wire_icmp_parse__reads_echo),
	UNIT_CASE(nexus_wire_icmp_parse__reads_the_mtu_of_code_4),
	UNIT_CASE(nexus_wire_icmp_parse__reads_pointer_and_gateway),
	UNIT_CASE(nexus_wire_icmp_parse__knows_echo_and_errors_only),
	UNIT_CASE(nexus_wire_icmp_build__gives_back_what_was_parsed),
	UNIT_CASE(nexus_wire_icmp_build__refuses_what_no_message_can_say),
	UNIT_CASE(nexus_wire_icmpv6_parse__knows_echo_and_errors_only),
	UNIT_CASE(nexus_wire_icmpv6_build__gives_back_what_was_parsed),
	UNIT_CASE(nexus_wire_icmp_errno__is_that_of_a_socket),
};

UNIT_SUITE(wire_icmp_suite, "wire/icmp", cases);
