// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/ip/route.c, with what every machine's routing table has.
 */
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "../fake_kernel.h"
#include "../unit.h"
#include "../../../lib/ip/route.h"

static void nx_route_type__tells_whose_an_address_is(void)
{
	static const struct {
		const char	*addr;
		int		type;
	} rows[] = {
		{ "127.0.0.1", RTN_LOCAL }, { "127.0.0.77", RTN_LOCAL },
		{ "::1", RTN_LOCAL },
	};
	struct nexus_addr addr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		addr = fake_addr(rows[i].addr);
		UNIT_ROW(i, nx_route_type(&addr), rows[i].type);
	}
}

static void nx_route_type__is_never_local_for_others(void)
{
	static const char *const rows[] = {
		"192.0.2.77", "224.0.0.1", "255.255.255.255", "2001:db8::77",
		"ff02::1",
	};
	struct nexus_addr addr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		addr = fake_addr(rows[i]);
		UNIT_ROW(i, nx_route_type(&addr) != RTN_LOCAL, true);
	}
}

static void nx_route_find__names_the_device(void)
{
	struct nexus_addr addr = fake_addr("127.0.0.1");
	struct nx_route route;

	CU_ASSERT_EQUAL(nx_route_find(&addr, &route), 0);
	CU_ASSERT_EQUAL(route.type, RTN_LOCAL);
	CU_ASSERT_EQUAL(route.ifindex, if_nametoindex("lo"));
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_route_find__names_the_device),
	UNIT_CASE(nx_route_type__tells_whose_an_address_is),
	UNIT_CASE(nx_route_type__is_never_local_for_others),
};

UNIT_SUITE(ip_route_suite, "ip/route", cases);
