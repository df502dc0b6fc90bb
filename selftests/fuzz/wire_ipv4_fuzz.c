// SPDX-License-Identifier: GPL-2.0
/*
 * IPv4 headers: whatever is accepted is built again, byte for byte but for the
 * reserved flag, and reads the same.
 */
#include <nexus/wire.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nexus_wire_ipv4 ip, again;
	uint8_t buf[NEXUS_WIRE_IPV4_LEN_MAX];
	int len = nexus_wire_ipv4_parse_quoted(&ip, data, size), strict;

	strict = nexus_wire_ipv4_parse(&again, data, size);
	CHECK(strict < 0 || strict == len);
	if (len < 0)
		return 0;
	CHECK(len >= NEXUS_WIRE_IPV4_LEN && (size_t)len <= size);
	CHECK(ip.total_len >= len);
	CHECK(nexus_wire_ipv4_build(&ip, buf, sizeof(buf)) == len);
	CHECK(nexus_wire_ipv4_parse(&again, buf, (size_t)len) == len);
	CHECK(!memcmp(&ip, &again, sizeof(ip)));
	if (strict > 0 && !(data[6] & 0x80)) {
		/* Both zeros are right: 0 and 0xffff sum up alike. */
		memcpy(buf + 10, data + 10, 2);
		CHECK(!memcmp(buf, data, (size_t)len));
	}
	return 0;
}
