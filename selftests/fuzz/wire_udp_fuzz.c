// SPDX-License-Identifier: GPL-2.0
/*
 * UDP headers and checksums: built again byte for byte, and a checksum that was
 * computed is found right.
 */
#include <nexus/wire.h>

#include "fuzz.h"

static void check_checksum(const uint8_t *data, size_t size, unsigned int version)
{
	static uint8_t copy[65535];
	uint8_t addr[32] = { 1, 2, 3, 4 };
	uint16_t csum;

	if (size > sizeof(copy))
		return;
	memcpy(copy, data, size);
	memset(copy + 6, 0, 2);
	csum = nexus_wire_udp_checksum(version, addr, addr + 16, copy, size);
	CHECK(csum != 0);
	memcpy(copy + 6, &csum, 2);
	CHECK(nexus_wire_udp_verify(version, addr, addr + 16, copy, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nexus_wire_udp udp;
	uint8_t buf[NEXUS_WIRE_UDP_LEN];

	if (nexus_wire_udp_parse(&udp, data, size) < 0)
		return 0;
	CHECK(nexus_wire_udp_build(&udp, buf, sizeof(buf)) == (int)sizeof(buf));
	CHECK(!memcmp(buf, data, sizeof(buf)));
	check_checksum(data, size, 4);
	check_checksum(data, size, 6);
	return 0;
}
