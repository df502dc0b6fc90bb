// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/socket/policy.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <socket/policy.h>
#include <string.h>

#include "../unit.h"

static struct {
	const char	*name;
	const char	*value;
} variable;

static char *get(const char *name)
{
	return variable.name && !strcmp(name, variable.name) ?
	       (char *)variable.value : NULL;
}

static int parse(struct nx_policy *policy, const char *name, const char *value,
		 const char **wrong)
{
	variable.name = name;
	variable.value = value;
	*wrong = NULL;
	return nx_policy_parse(policy, get, wrong);
}

static void nx_policy_parse__without_variables_serves_no_device(void)
{
	struct nx_policy policy;
	const char *wrong;

	CU_ASSERT_EQUAL(parse(&policy, NULL, NULL, &wrong), 0);
	CU_ASSERT_EQUAL(policy.nr_devices, 0);
	CU_ASSERT(policy.tcp && policy.udp);
	CU_ASSERT(nx_policy_has_port(&policy, htons(1)));
	CU_ASSERT(!nx_policy_has_device(&policy, "eth0"));
}

/* What is refused names the variable. */
static const struct {
	const char	*name;
	const char	*value;
	bool		is_wrong;
} rows[] = {
	{ "NEXUS_NAME", "nx0", false },
	{ "NEXUS_NAME", "0123456789012345678901234567890123", true },
	{ "NEXUS_DEVICES", "eth0", false },
	{ "NEXUS_DEVICES", "eth0,lo", false },
	{ "NEXUS_DEVICES", "", false },
	{ "NEXUS_DEVICES", ",eth0", true },
	{ "NEXUS_DEVICES", "a-device-of-16-c", true },
	{ "NEXUS_DEVICES", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", false },
	{ "NEXUS_DEVICES", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", true },
	{ "NEXUS_PORTS", "80", false },
	{ "NEXUS_PORTS", "80,8000-8100,65535", false },
	{ "NEXUS_PORTS", "65536", true },
	{ "NEXUS_PORTS", "-1", true },
	{ "NEXUS_PORTS", "80-", true },
	{ "NEXUS_PORTS", "90-80", true },
	{ "NEXUS_PORTS", "80x", true },
	{ "NEXUS_PORTS", "http", true },
	{ "NEXUS_PROTOCOLS", "tcp", false },
	{ "NEXUS_PROTOCOLS", "udp,tcp", false },
	{ "NEXUS_PROTOCOLS", "sctp", true },
	{ "NEXUS_BUFFERS", "4096,16", false },
	{ "NEXUS_BUFFERS", "4096,0", false },
	{ "NEXUS_BUFFERS", "4096", true },
	{ "NEXUS_BUFFERS", "4096,16,1", true },
	{ "NEXUS_BUFFERS", "4294967296,1", true },
	{ "NEXUS_EXPLAIN", "1", false },
	{ "NEXUS_EXPLAIN", "0", false },
	{ "NEXUS_EXPLAIN", "yes", true },
};

static void nx_policy_parse__refuses_by_name(void)
{
	struct nx_policy policy;
	const char *wrong;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		err = parse(&policy, rows[i].name, rows[i].value, &wrong);
		UNIT_ROW(i, err, rows[i].is_wrong ? -EINVAL : 0);
		UNIT_ROW(i, wrong && !strcmp(wrong, rows[i].name),
			 rows[i].is_wrong);
	}
}

static void nx_policy_parse__takes_protocols(void)
{
	struct nx_policy policy;
	const char *wrong;

	parse(&policy, "NEXUS_PROTOCOLS", "udp", &wrong);
	CU_ASSERT(policy.udp && !policy.tcp);
	parse(&policy, "NEXUS_PROTOCOLS", "tcp", &wrong);
	CU_ASSERT(policy.tcp && !policy.udp);
}

static void nx_policy_has_port__includes_both_ends(void)
{
	static const struct {
		uint16_t	port;
		bool		is_in;
	} ports[] = {
		{ 79, false }, { 80, true }, { 81, false }, { 7999, false },
		{ 8000, true }, { 8050, true }, { 8100, true }, { 8101, false },
	};
	struct nx_policy policy;
	const char *wrong;
	size_t i;

	parse(&policy, "NEXUS_PORTS", "80,8000-8100", &wrong);
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		UNIT_ROW(i, nx_policy_has_port(&policy, htons(ports[i].port)),
			 ports[i].is_in);
}

static void nx_policy_has_device__compares_whole_names(void)
{
	struct nx_policy policy;
	const char *wrong;

	parse(&policy, "NEXUS_DEVICES", "eth0,lo", &wrong);
	CU_ASSERT(nx_policy_has_device(&policy, "eth0"));
	CU_ASSERT(nx_policy_has_device(&policy, "lo"));
	CU_ASSERT(!nx_policy_has_device(&policy, "eth"));
	CU_ASSERT(!nx_policy_has_device(&policy, "eth01"));
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_policy_parse__without_variables_serves_no_device),
	UNIT_CASE(nx_policy_parse__refuses_by_name),
	UNIT_CASE(nx_policy_parse__takes_protocols),
	UNIT_CASE(nx_policy_has_port__includes_both_ends),
	UNIT_CASE(nx_policy_has_device__compares_whole_names),
};

UNIT_SUITE(socket_policy_suite, "socket/policy", cases);
