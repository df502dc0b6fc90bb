// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP and ICMPv6: parse, build and parse give the same; every error has an
 * errno value.
 */
#include <nexus/wire.h>

#include "fuzz.h"

static void check_icmp(const uint8_t *data, size_t size)
{
	struct nexus_wire_icmp icmp, again;
	uint8_t buf[NEXUS_WIRE_ICMP_LEN];

	if (nexus_wire_icmp_parse(&icmp, data, size) < 0)
		return;
	CHECK(nexus_wire_icmp_build(&icmp, buf, sizeof(buf)) == (int)sizeof(buf));
	CHECK(nexus_wire_icmp_parse(&again, buf, sizeof(buf)) > 0);
	CHECK(!memcmp(&icmp, &again, sizeof(icmp)));
	CHECK(icmp.is_error || !nexus_wire_icmp_errno(4, &icmp));
	CHECK(nexus_wire_icmp_errno(4, &icmp) >= 0);
}

static void check_icmpv6(const uint8_t *data, size_t size)
{
	struct nexus_wire_icmp icmp, again;
	uint8_t buf[NEXUS_WIRE_ICMP_LEN];

	if (nexus_wire_icmpv6_parse(&icmp, data, size) < 0)
		return;
	CHECK(nexus_wire_icmpv6_build(&icmp, buf, sizeof(buf)) == (int)sizeof(buf));
	CHECK(nexus_wire_icmpv6_parse(&again, buf, sizeof(buf)) > 0);
	CHECK(!memcmp(&icmp, &again, sizeof(icmp)));
	CHECK(icmp.is_error == (nexus_wire_icmp_errno(6, &icmp) > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_icmp(data, size);
	check_icmpv6(data, size);
	return 0;
}
