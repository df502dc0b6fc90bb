// SPDX-License-Identifier: GPL-2.0
/*
 * IPv6 headers: the fixed one is built again byte for byte, and the walk over
 * the extension headers stays inside.
 */
#include <nexus/wire.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nexus_wire_ipv6_upper upper;
	struct nexus_wire_ipv6 ip;
	uint8_t buf[NEXUS_WIRE_IPV6_LEN];
	int off;

	if (nexus_wire_ipv6_parse(&ip, data, size) < 0)
		return 0;
	CHECK(nexus_wire_ipv6_build(&ip, buf, sizeof(buf)) == (int)sizeof(buf));
	CHECK(!memcmp(buf, data, sizeof(buf)));

	off = nexus_wire_ipv6_find_upper(&upper, data, size);
	if (off < 0)
		return 0;
	CHECK(off == upper.off && off >= NEXUS_WIRE_IPV6_LEN);
	CHECK((size_t)off <= size);
	CHECK(upper.is_fragment == (upper.frag_off || upper.has_mf));
	return 0;
}
