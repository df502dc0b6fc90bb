// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/ip/header.h: what it writes must read as lib/wire says.
 */
#include <nexus/wire.h>
#include <string.h>

#include "../unit.h"
#include "../../../lib/ip/header.h"

static void nx_ipv4_write__writes_a_legal_header(void)
{
	const struct nx_ip_path path = {
		.src = { 192, 0, 2, 1 }, .dst = { 198, 51, 100, 7 },
		.version = 4, .hops = 63, .tos = 0xb8,
	};
	struct nexus_wire_ipv4 ip;
	uint8_t p[20];

	nx_ipv4_write(p, &path, 17, 1234, 0xbeef, NX_IPV4_DF);
	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv4_parse(&ip, p, 20), 20);
	CU_ASSERT_EQUAL(memcmp(ip.src, path.src, 4), 0);
	CU_ASSERT_EQUAL(memcmp(ip.dst, path.dst, 4), 0);
	CU_ASSERT_EQUAL(ip.total_len, 1234);
	CU_ASSERT_EQUAL(ip.id, 0xbeef);
	CU_ASSERT_EQUAL(ip.ttl, 63);
	CU_ASSERT_EQUAL(ip.tos, 0xb8);
	CU_ASSERT_EQUAL(ip.protocol, 17);
	CU_ASSERT_TRUE(ip.has_df);
	nx_ipv4_write(p, &path, 17, 1234, 0xbeef, 0);
	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv4_parse(&ip, p, 20), 20);
	CU_ASSERT_FALSE(ip.has_df);
}

/* Every folding of the sum, also the one that gives 0xffff. */
static void nx_ipv4_write__has_the_right_checksum(void)
{
	struct nx_ip_path path = { .version = 4 };
	uint8_t p[20];
	size_t id;

	memset(path.src, 0xff, 4);
	memset(path.dst, 0xff, 4);
	for (id = 0; id < 65536; id++) {
		nx_ipv4_write(p, &path, 255, 65535, (uint16_t)id, 0);
		UNIT_ROW(id, nexus_wire_fold(nexus_wire_sum(0, p, 20)), 0);
	}
}

static void nx_ipv6_write__writes_a_legal_header(void)
{
	const struct nx_ip_path path = {
		.src = { 0xfd, 1 }, .dst = { 0xfd, 2 }, .version = 6,
		.hops = 63, .tos = 0xb8,
	};
	struct nexus_wire_ipv6 ip;
	uint8_t p[40];

	nx_ipv6_write(p, &path, 17, 1234);
	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv6_parse(&ip, p, 40), 40);
	CU_ASSERT_EQUAL(memcmp(ip.src, path.src, 16), 0);
	CU_ASSERT_EQUAL(memcmp(ip.dst, path.dst, 16), 0);
	CU_ASSERT_EQUAL(ip.payload_len, 1234);
	CU_ASSERT_EQUAL(ip.hop_limit, 63);
	CU_ASSERT_EQUAL(ip.traffic_class, 0xb8);
	CU_ASSERT_EQUAL(ip.flow_label, 0);
	CU_ASSERT_EQUAL(ip.next_header, 17);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_ipv4_write__writes_a_legal_header),
	UNIT_CASE(nx_ipv4_write__has_the_right_checksum),
	UNIT_CASE(nx_ipv6_write__writes_a_legal_header),
};

UNIT_SUITE(ip_header_suite, "ip/header", cases);
