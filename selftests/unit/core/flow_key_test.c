// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/flow_key.h.
 */
#include "../unit.h"
#include "../../../kmod/core/flow_key.h"

static struct nx_flow_key key(void)
{
	struct nx_flow_key k = {
		.local_port = cpu_to_be16(53), .remote_port = cpu_to_be16(1000),
		.protocol = 17, .ip_version = 6,
	};

	memset(&k.local, 0x11, sizeof(k.local));
	memset(&k.remote, 0x22, sizeof(k.remote));
	return k;
}

static void nx_addr_is_any__looks_at_every_byte(void)
{
	union nx_addr a;
	size_t i;

	memset(&a, 0, sizeof(a));
	CU_ASSERT_TRUE(nx_addr_is_any(&a));
	for (i = 0; i < sizeof(a); i++) {
		memset(&a, 0, sizeof(a));
		((u8 *)&a)[i] = 1;
		UNIT_ROW(i, nx_addr_is_any(&a), false);
	}
}

/* Any byte of the key makes another key. */
static void nx_flow_key_equal__looks_at_every_byte(void)
{
	struct nx_flow_key a = key(), b;
	size_t i;

	b = a;
	CU_ASSERT_TRUE(nx_flow_key_equal(&a, &b));
	for (i = 0; i < sizeof(a); i++) {
		b = a;
		((u8 *)&b)[i] ^= 0x40;
		UNIT_ROW(i, nx_flow_key_equal(&a, &b), false);
	}
}

static void nx_flow_key_is_listener__has_no_remote_port(void)
{
	struct nx_flow_key k = key();

	CU_ASSERT_FALSE(nx_flow_key_is_listener(&k));
	nx_flow_key_to_listener(&k);
	CU_ASSERT_TRUE(nx_flow_key_is_listener(&k));
	CU_ASSERT_TRUE(nx_addr_is_any(&k.remote));
	CU_ASSERT_FALSE(nx_addr_is_any(&k.local));
	nx_flow_key_to_wildcard(&k);
	CU_ASSERT_TRUE(nx_addr_is_any(&k.local));
	CU_ASSERT_EQUAL(k.local_port, cpu_to_be16(53));
}

static void nx_flow_key_reverse__is_its_own_inverse(void)
{
	struct nx_flow_key k = key(), r, back;

	nx_flow_key_reverse(&k, &r);
	CU_ASSERT_TRUE(nx_addr_equal(&r.local, &k.remote));
	CU_ASSERT_TRUE(nx_addr_equal(&r.remote, &k.local));
	CU_ASSERT_EQUAL(r.local_port, k.remote_port);
	CU_ASSERT_EQUAL(r.remote_port, k.local_port);
	nx_flow_key_reverse(&r, &back);
	CU_ASSERT_TRUE(nx_flow_key_equal(&k, &back));
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_addr_is_any__looks_at_every_byte),
	UNIT_CASE(nx_flow_key_equal__looks_at_every_byte),
	UNIT_CASE(nx_flow_key_is_listener__has_no_remote_port),
	UNIT_CASE(nx_flow_key_reverse__is_its_own_inverse),
};

UNIT_SUITE(core_flow_key_suite, "core/flow_key", cases);
