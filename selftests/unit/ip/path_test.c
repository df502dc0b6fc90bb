// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/ip/path.c and path.h: what they write must read as lib/wire says.
 */
#include <nexus/wire.h>
#include <string.h>

#include "../unit.h"
#include "../../../lib/ip/path.h"

static const uint8_t src4[4] = { 192, 0, 2, 1 }, dst4[4] = { 198, 51, 100, 7 };
static const uint8_t src6[16] = { 0xfd, 1 }, dst6[16] = { 0xfd, 2 };
static const struct nx_hops hops = { .hops = 63, .tos = 0xb8 };

static void nx_path_write_ipv4__writes_a_legal_header(void)
{
	struct nexus_wire_ipv4 ip;
	struct nx_path path;
	uint8_t p[28];

	nx_path_init(&path, 4, src4, dst4, 17, hops);
	memcpy(path.hdr + 20, "12345678", 8);
	nx_path_write_ipv4(&path, p, 1234, htonl(0xbeef0000u | NX_IPV4_DF));
	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv4_parse(&ip, p, 20), 20);
	CU_ASSERT_EQUAL(memcmp(ip.src, src4, 4), 0);
	CU_ASSERT_EQUAL(memcmp(ip.dst, dst4, 4), 0);
	CU_ASSERT_EQUAL(ip.total_len, 1234);
	CU_ASSERT_EQUAL(ip.id, 0xbeef);
	CU_ASSERT_EQUAL(ip.ttl, 63);
	CU_ASSERT_EQUAL(ip.tos, 0xb8);
	CU_ASSERT_EQUAL(ip.protocol, 17);
	CU_ASSERT_TRUE(ip.has_df);
	CU_ASSERT_EQUAL(memcmp(p + 20, "12345678", 8), 0);
	nx_path_write_ipv4(&path, p, 1234, htonl(0xbeef0000u));
	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv4_parse(&ip, p, 20), 20);
	CU_ASSERT_FALSE(ip.has_df);
}

/* Every folding of the sum, also the one that gives 0xffff. */
static void nx_path_write_ipv4__has_the_right_checksum(void)
{
	static const uint8_t ones[4] = { 255, 255, 255, 255 };
	static const uint8_t zeros[4] = { 0 };
	static const struct nx_hops most = { .hops = 255, .tos = 255 };
	static const struct nx_hops least = { 0 };
	struct nx_path path;
	uint8_t p[28];
	uint32_t id;

	nx_path_init(&path, 4, ones, ones, 255, most);
	for (id = 0; id < 65536; id++) {
		nx_path_write_ipv4(&path, p, 65535, htonl(id << 16 | NX_IPV4_DF));
		UNIT_ROW(id, nexus_wire_fold(nexus_wire_sum(0, p, 20)), 0);
	}
	nx_path_init(&path, 4, zeros, zeros, 0, least);
	for (id = 0; id < 65536; id++) {
		nx_path_write_ipv4(&path, p, 20, htonl(id << 16));
		UNIT_ROW(id, nexus_wire_fold(nexus_wire_sum(0, p, 20)), 0);
	}
}

static void nx_path_write_ipv6__writes_a_legal_header(void)
{
	struct nexus_wire_ipv6 ip;
	struct nx_path path;
	uint8_t p[48];

	nx_path_init(&path, 6, src6, dst6, 17, hops);
	nx_path_write_ipv6(&path, p, 1234);
	CU_ASSERT_EQUAL_FATAL(nexus_wire_ipv6_parse(&ip, p, 40), 40);
	CU_ASSERT_EQUAL(memcmp(ip.src, src6, 16), 0);
	CU_ASSERT_EQUAL(memcmp(ip.dst, dst6, 16), 0);
	CU_ASSERT_EQUAL(ip.payload_len, 1234);
	CU_ASSERT_EQUAL(ip.hop_limit, 63);
	CU_ASSERT_EQUAL(ip.traffic_class, 0xb8);
	CU_ASSERT_EQUAL(ip.flow_label, 0);
	CU_ASSERT_EQUAL(ip.next_header, 17);
}

/* Any byte of either address makes it another way. */
static void nx_path_is_back__compares_both_addresses(void)
{
	struct nx_path path, back;
	uint8_t p[48];
	size_t i;

	nx_path_init(&path, 4, src4, dst4, 17, hops);
	nx_path_init(&back, 4, dst4, src4, 17, hops);
	nx_path_write_ipv4(&back, p, 100, 7);
	CU_ASSERT_TRUE(nx_path_is_back(&path, p, 4));
	CU_ASSERT_FALSE(nx_path_is_back(&back, p, 4));
	for (i = 12; i < 20; i++) {
		p[i] ^= 1;
		UNIT_ROW(i, nx_path_is_back(&path, p, 4), false);
		p[i] ^= 1;
	}
	nx_path_init(&path, 6, src6, dst6, 17, hops);
	nx_path_init(&back, 6, dst6, src6, 17, hops);
	nx_path_write_ipv6(&back, p, 100);
	CU_ASSERT_TRUE(nx_path_is_back(&path, p, 6));
	CU_ASSERT_FALSE(nx_path_is_back(&back, p, 6));
	for (i = 8; i < 40; i++) {
		p[i] ^= 1;
		UNIT_ROW(i, nx_path_is_back(&path, p, 6), false);
		p[i] ^= 1;
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_path_write_ipv4__writes_a_legal_header),
	UNIT_CASE(nx_path_write_ipv4__has_the_right_checksum),
	UNIT_CASE(nx_path_write_ipv6__writes_a_legal_header),
	UNIT_CASE(nx_path_is_back__compares_both_addresses),
};

UNIT_SUITE(ip_path_suite, "ip/path", cases);
