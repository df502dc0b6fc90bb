// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/wire/checksum.c.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <nexus/wire.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* RFC 1071 section 4.1, one word after the other, in network byte order. */
static uint16_t reference(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* The bytes of RFC 1071 section 3: their sum is 0xddf2. */
static void nexus_wire_sum__gives_the_example_of_rfc_1071(void)
{
	static const uint8_t bytes[] = { 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7 };

	CU_ASSERT_EQUAL(nexus_wire_fold(nexus_wire_sum(0, bytes, 8)),
			htons((uint16_t)~0xddf2));
}

static void nexus_wire_sum__agrees_with_a_simple_one(void)
{
	uint8_t bytes[256 + 8];
	size_t len, off;

	srand(1);
	for (len = 0; len < sizeof(bytes); len++)
		bytes[len] = (uint8_t)rand();
	for (off = 0; off < 8; off++)
		for (len = 0; len <= 256; len++)
			UNIT_ROW(off * 1000 + len,
				 nexus_wire_fold(nexus_wire_sum(0, bytes + off, len)),
				 reference(bytes + off, len));
}

static void nexus_wire_sum__carries_all_the_way(void)
{
	static uint8_t bytes[65535];

	memset(bytes, 0xff, sizeof(bytes));
	CU_ASSERT_EQUAL(nexus_wire_fold(nexus_wire_sum(0, bytes, 65534)), 0);
	CU_ASSERT_EQUAL(nexus_wire_fold(nexus_wire_sum(0, bytes, 65535)),
			reference(bytes, 65535));
	CU_ASSERT_EQUAL(nexus_wire_fold(nexus_wire_sum(0xffffffff, bytes, 4)), 0);
}

static void nexus_wire_sum__goes_on_from_a_sum(void)
{
	uint8_t bytes[64];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (i = 0; i <= sizeof(bytes); i += 2) {
		uint32_t sum = nexus_wire_sum(0, bytes, i);

		sum = nexus_wire_sum(sum, bytes + i, sizeof(bytes) - i);
		UNIT_ROW(i, nexus_wire_fold(sum), reference(bytes, sizeof(bytes)));
	}
}

/* RFC 768: source, destination, zero, protocol, length. */
static void nexus_wire_pseudo_sum__covers_the_ipv4_fields(void)
{
	static const uint8_t src[4] = { 192, 0, 2, 1 }, dst[4] = { 198, 51, 100, 2 };
	static const uint8_t header[12] = {
		192, 0, 2, 1, 198, 51, 100, 2, 0, 17, 0x12, 0x34
	};

	CU_ASSERT_EQUAL(nexus_wire_fold(nexus_wire_pseudo_sum(4, src, dst,
							      IPPROTO_UDP, 0x1234)),
			reference(header, sizeof(header)));
}

/* RFC 8200 section 8.1: a 32-bit length, then three zeros and the protocol. */
static void nexus_wire_pseudo_sum__covers_the_ipv6_fields(void)
{
	uint8_t header[40] = { 0x20, 1, 0xd, 0xb8 };

	header[15] = 1;
	header[16] = 0xfe;
	header[31] = 2;
	header[33] = 1;
	header[35] = 9;
	header[39] = 58;
	CU_ASSERT_EQUAL(nexus_wire_fold(nexus_wire_pseudo_sum(6, header, header + 16,
							      58, 0x10009)),
			reference(header, sizeof(header)));
}

static void nexus_wire_udp_checksum__is_verified(void)
{
	static const uint8_t src[4] = { 192, 0, 2, 1 }, dst[4] = { 192, 0, 2, 2 };
	uint8_t d[8 + 33];
	uint16_t csum;
	size_t len, i;

	for (len = 8; len <= sizeof(d); len++) {
		for (i = 0; i < len; i++)
			d[i] = (uint8_t)(i * 7 + len);
		d[6] = d[7] = 0;
		csum = nexus_wire_udp_checksum(4, src, dst, d, len);
		memcpy(d + 6, &csum, 2);
		UNIT_ROW(len, nexus_wire_udp_verify(4, src, dst, d, len), true);
		d[len - 1] ^= 0x10;
		UNIT_ROW(len, nexus_wire_udp_verify(4, src, dst, d, len), false);
	}
}

/* A datagram whose sum is 0xffff: its checksum would be 0, which means none. */
static void nexus_wire_udp_checksum__sends_0_as_ffff(void)
{
	static const uint8_t addr[4] = { 0 };
	uint8_t d[10] = { 0, 0, 0, 0, 0, 10, 0, 0, 0, 0 };
	uint16_t sum = (uint16_t)(17 + 10 + 10);

	sum = (uint16_t)~sum;
	d[8] = (uint8_t)(sum >> 8);
	d[9] = (uint8_t)sum;
	CU_ASSERT_EQUAL(nexus_wire_udp_checksum(4, addr, addr, d, 10), 0xffff);
	d[6] = d[7] = 0xff;
	CU_ASSERT_TRUE(nexus_wire_udp_verify(4, addr, addr, d, 10));
}

/* RFC 768: none over IPv4; RFC 8200 section 8.1: never over IPv6. */
static void nexus_wire_udp_verify__takes_no_checksum_over_ipv4_only(void)
{
	static const uint8_t addr[16] = { 1 };
	uint8_t d[8] = { 0, 1, 0, 2, 0, 8, 0, 0 };

	CU_ASSERT_TRUE(nexus_wire_udp_verify(4, addr, addr, d, 8));
	CU_ASSERT_FALSE(nexus_wire_udp_verify(6, addr, addr, d, 8));
}

static void nexus_wire_udp_verify__refuses_less_than_a_header(void)
{
	static const uint8_t addr[4] = { 1 }, d[8] = { 0 };

	CU_ASSERT_FALSE(nexus_wire_udp_verify(4, addr, addr, d, 7));
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_wire_sum__gives_the_example_of_rfc_1071),
	UNIT_CASE(nexus_wire_sum__agrees_with_a_simple_one),
	UNIT_CASE(nexus_wire_sum__carries_all_the_way),
	UNIT_CASE(nexus_wire_sum__goes_on_from_a_sum),
	UNIT_CASE(nexus_wire_pseudo_sum__covers_the_ipv4_fields),
	UNIT_CASE(nexus_wire_pseudo_sum__covers_the_ipv6_fields),
	UNIT_CASE(nexus_wire_udp_checksum__is_verified),
	UNIT_CASE(nexus_wire_udp_checksum__sends_0_as_ffff),
	UNIT_CASE(nexus_wire_udp_verify__takes_no_checksum_over_ipv4_only),
	UNIT_CASE(nexus_wire_udp_verify__refuses_less_than_a_header),
};

UNIT_SUITE(wire_checksum_suite, "wire/checksum", cases);
