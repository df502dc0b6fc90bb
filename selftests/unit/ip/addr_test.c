// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/ip/addr.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <nexus/stack.h>
#include <string.h>

#include "../unit.h"

/* @back: what nexus_addr_format() makes of it; NULL: refused. */
static const struct {
	const char	*text;
	const char	*back;
} rows[] = {
	{ "192.0.2.1", "192.0.2.1:0" },
	{ "192.0.2.1:53", "192.0.2.1:53" },
	{ "0.0.0.0:65535", "0.0.0.0:65535" },
	{ "*", "0.0.0.0:0" },
	{ "*:53", "0.0.0.0:53" },
	{ "2001:db8::1", "[2001:db8::1]:0" },
	{ "::", "[::]:0" },
	{ "[::]:53", "[::]:53" },
	{ "[2001:db8::1]", "[2001:db8::1]:0" },
	{ "[fe80::1%1]:53", "[fe80::1%1]:53" },
	{ "fe80::1%1", "[fe80::1%1]:0" },
	{ "[fe80::1%lo]:53", "[fe80::1%1]:53" },
	{ "", NULL },
	{ ":53", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.1:", NULL },
	{ "192.0.2.1:x", NULL },
	{ "192.0.2.1:65536", NULL },
	{ "192.0.2.1:-1", NULL },
	{ "192.0.2.1:53x", NULL },
	{ "192.0.2.1 ", NULL },
	{ "[2001:db8::1", NULL },
	{ "[2001:db8::1]53", NULL },
	{ "[2001:db8::1]:", NULL },
	{ "[192.0.2.1]:53", NULL },
	{ "[fe80::1%]:53", NULL },
	{ "[fe80::1%nosuchdevice]:53", NULL },
	{ "localhost", NULL },
	{ "1111111111111111111111111111111111111111111111111111111111111111111"
	  "111111111111111111", NULL },
};

static void nexus_addr_parse__reads_what_format_writes(void)
{
	char text[NEXUS_ADDR_STRLEN];
	struct nexus_addr addr;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		err = nexus_addr_parse(&addr, rows[i].text);
		UNIT_ROW(i, err, rows[i].back ? 0 : -EINVAL);
		if (err || !rows[i].back)
			continue;
		nexus_addr_format(&addr, text, sizeof(text));
		UNIT_ROW(i, strcmp(text, rows[i].back), 0);
	}
}

static void nexus_addr_format__fits_the_room(void)
{
	struct nexus_addr addr;
	char text[8];

	CU_ASSERT_EQUAL(nexus_addr_parse(&addr, "192.0.2.1:53"), 0);
	CU_ASSERT_STRING_EQUAL(nexus_addr_format(&addr, text, sizeof(text)),
			       "192.0.2");
}

static void nexus_addr_from_sockaddr__turns_mapped_ipv4_into_ipv4(void)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(53),
	};
	struct nexus_addr addr;

	inet_pton(AF_INET6, "::ffff:192.0.2.1", &sin6.sin6_addr);
	CU_ASSERT_EQUAL(nexus_addr_from_sockaddr(&addr, (void *)&sin6,
						 sizeof(sin6)), 0);
	CU_ASSERT_EQUAL(addr.family, AF_INET);
	CU_ASSERT_EQUAL(addr.port, htons(53));
	CU_ASSERT_EQUAL(memcmp(addr.ip, "\xc0\x00\x02\x01\0\0\0\0\0\0\0", 12), 0);
}

static void nexus_addr_from_sockaddr__refuses_others(void)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	struct nexus_addr addr;

	CU_ASSERT_EQUAL(nexus_addr_from_sockaddr(&addr, (void *)&ss, sizeof(ss)),
			-EAFNOSUPPORT);
	ss.ss_family = AF_INET6;
	CU_ASSERT_EQUAL(nexus_addr_from_sockaddr(&addr, (void *)&ss,
						 sizeof(struct sockaddr_in)),
			-EINVAL);
	CU_ASSERT_EQUAL(nexus_addr_from_sockaddr(&addr, (void *)&ss, 0), -EINVAL);
}

static void nexus_addr_to_sockaddr__goes_there_and_back(void)
{
	static const char *const texts[] = {
		"192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%7]:9",
	};
	struct nexus_addr addr, back;
	struct sockaddr_storage ss;
	socklen_t len;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		UNIT_ROW(i, nexus_addr_parse(&addr, texts[i]), 0);
		len = nexus_addr_to_sockaddr(&addr, &ss);
		UNIT_ROW(i, nexus_addr_from_sockaddr(&back, (void *)&ss, len), 0);
		UNIT_ROW(i, memcmp(&addr, &back, sizeof(addr)), 0);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_addr_parse__reads_what_format_writes),
	UNIT_CASE(nexus_addr_format__fits_the_room),
	UNIT_CASE(nexus_addr_from_sockaddr__turns_mapped_ipv4_into_ipv4),
	UNIT_CASE(nexus_addr_from_sockaddr__refuses_others),
	UNIT_CASE(nexus_addr_to_sockaddr__goes_there_and_back),
};

UNIT_SUITE(ip_addr_suite, "ip/addr", cases);
