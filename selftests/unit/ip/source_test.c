// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/ip/source.c. The answers are the kernel's for loopback, which
 * every machine has.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../fake_kernel.h"
#include "../unit.h"
#include "../../../lib/ip/source.h"

static const uint8_t localhost[16] = { 127, 0, 0, 1 };

static void nx_source_find__asks_the_kernel(void)
{
	struct nx_source_cache cache = { 0 };
	struct nexus_addr dst = fake_addr("127.0.0.1:9");
	uint8_t src[16];

	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	CU_ASSERT_EQUAL(memcmp(src, localhost, 16), 0);
	/* A destination of another port has the same answer. */
	dst = fake_addr("127.0.0.1");
	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	CU_ASSERT_EQUAL(memcmp(src, localhost, 16), 0);
}

/* An answer that the kernel would not give shows who was asked. */
static struct nx_source_entry *plant(struct nx_source_cache *cache)
{
	size_t i;

	for (i = 0; i < NX_SOURCE_SLOTS; i++)
		if (cache->entries[i].until_ns)
			break;
	CU_ASSERT_FATAL(i < NX_SOURCE_SLOTS);
	cache->entries[i].src[3] = 99;
	return &cache->entries[i];
}

static void nx_source_find__remembers_for_a_while(void)
{
	struct nx_source_cache cache = { 0 };
	struct nexus_addr dst = fake_addr("127.0.0.1:9");
	uint8_t src[16];

	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 5, src), 0);
	plant(&cache);
	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 4 + NX_SOURCE_LIFE_NS,
				       src), 0);
	CU_ASSERT_EQUAL(src[3], 99);
	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 5 + NX_SOURCE_LIFE_NS,
				       src), 0);
	CU_ASSERT_EQUAL(src[3], 1);
}

static void nx_source_find__keeps_families_and_devices_apart(void)
{
	struct nx_source_cache cache = { 0 };
	struct nexus_addr dst = fake_addr("127.0.0.1:9");
	uint8_t src[16];

	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	plant(&cache)->ifindex = 7;
	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	CU_ASSERT_EQUAL(src[3], 1);
	plant(&cache)->dst.family = AF_INET6;
	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	CU_ASSERT_EQUAL(src[3], 1);
}

static void nx_source_find__says_what_connect_says(void)
{
	struct nx_source_cache cache = { 0 };
	struct nexus_addr dst = fake_addr("255.255.255.255:9");
	uint8_t src[16];

	/* Without SO_BROADCAST: EACCES, or no route at all. */
	CU_ASSERT_NOT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	CU_ASSERT_EQUAL(cache.entries[0].until_ns, 0);
}

static void nx_source_forget__forgets(void)
{
	struct nx_source_cache cache = { 0 };
	struct nexus_addr dst = fake_addr("127.0.0.1:9");
	uint8_t src[16];

	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	plant(&cache);
	nx_source_forget(&cache);
	CU_ASSERT_EQUAL(nx_source_find(&cache, &dst, 0, -1, 0, src), 0);
	CU_ASSERT_EQUAL(src[3], 1);
}

static void nx_source_is_local__takes_unicast_of_this_host_only(void)
{
	static const struct {
		const char	*local;
		bool		is_local;
	} rows[] = {
		{ "127.0.0.1", true },
		{ "127.0.0.1", true },
		{ "255.255.255.255", false },
		{ "224.0.0.1", false },
		{ "192.0.2.77", false },
	};
	struct nx_source_cache cache = { 0 };
	struct nexus_addr local;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		local = fake_addr(rows[i].local);
		UNIT_ROW(i, nx_source_is_local(&cache, &local),
			 rows[i].is_local);
	}
	CU_ASSERT_EQUAL(cache.nr_locals, 1);
}

static void nx_source_is_local__replaces_the_oldest(void)
{
	struct nx_source_cache cache = { 0 };
	struct nexus_addr local = fake_addr("127.0.0.1");
	uint8_t i;

	for (i = 1; i <= NX_SOURCE_LOCALS + 1; i++) {
		local.ip[3] = i;
		UNIT_ROW(i, nx_source_is_local(&cache, &local), true);
	}
	CU_ASSERT_EQUAL(cache.nr_locals, NX_SOURCE_LOCALS);
	CU_ASSERT_EQUAL(cache.locals[0].ip[3], NX_SOURCE_LOCALS + 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_source_find__asks_the_kernel),
	UNIT_CASE(nx_source_find__remembers_for_a_while),
	UNIT_CASE(nx_source_find__keeps_families_and_devices_apart),
	UNIT_CASE(nx_source_find__says_what_connect_says),
	UNIT_CASE(nx_source_forget__forgets),
	UNIT_CASE(nx_source_is_local__takes_unicast_of_this_host_only),
	UNIT_CASE(nx_source_is_local__replaces_the_oldest),
};

UNIT_SUITE(ip_source_suite, "ip/source", cases);
