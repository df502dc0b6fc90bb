// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/wire/udp.c.
 */
#include <errno.h>
#include <nexus/wire.h>
#include <string.h>

#include "../unit.h"

static const uint8_t plain[8] = { 0x12, 0x34, 0, 53, 0, 20, 0xab, 0xcd };

static void nexus_wire_udp_parse__reads_every_field(void)
{
	struct nexus_wire_udp udp;

	CU_ASSERT_EQUAL_FATAL(nexus_wire_udp_parse(&udp, plain, 8), 8);
	CU_ASSERT_EQUAL(udp.src_port, 0x1234);
	CU_ASSERT_EQUAL(udp.dst_port, 53);
	CU_ASSERT_EQUAL(udp.len, 20);
	CU_ASSERT_EQUAL(memcmp(&udp.checksum, plain + 6, 2), 0);
}

static void nexus_wire_udp_parse__refuses_illegal_headers(void)
{
	struct nexus_wire_udp udp;
	uint8_t p[8];
	size_t len;

	for (len = 0; len < 8; len++)
		UNIT_ROW(len, nexus_wire_udp_parse(&udp, plain, len), -EMSGSIZE);
	memcpy(p, plain, sizeof(p));
	for (len = 0; len < 10; len++) {
		p[5] = (uint8_t)len;
		UNIT_ROW(len, nexus_wire_udp_parse(&udp, p, 8),
			 len < 8 ? -EBADMSG : 8);
	}
}

static void nexus_wire_udp_build__gives_back_what_was_parsed(void)
{
	struct nexus_wire_udp udp;
	uint8_t p[8];

	CU_ASSERT_EQUAL_FATAL(nexus_wire_udp_parse(&udp, plain, 8), 8);
	CU_ASSERT_EQUAL(nexus_wire_udp_build(&udp, p, 8), 8);
	CU_ASSERT_EQUAL(memcmp(p, plain, 8), 0);
}

static void nexus_wire_udp_build__refuses_what_no_header_can_say(void)
{
	struct nexus_wire_udp udp = { .len = 7 };
	uint8_t p[8];

	CU_ASSERT_EQUAL(nexus_wire_udp_build(&udp, p, 8), -EINVAL);
	udp.len = 8;
	CU_ASSERT_EQUAL(nexus_wire_udp_build(&udp, p, 7), -ENOSPC);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_wire_udp_parse__reads_every_field),
	UNIT_CASE(nexus_wire_udp_parse__refuses_illegal_headers),
	UNIT_CASE(nexus_wire_udp_build__gives_back_what_was_parsed),
	UNIT_CASE(nexus_wire_udp_build__refuses_what_no_header_can_say),
};

UNIT_SUITE(wire_udp_suite, "wire/udp", cases);
