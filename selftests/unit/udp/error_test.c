// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/udp/error.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "../fixture.h"

/*
 * An ICMP error from @router that quotes the first @quoted bytes of a datagram
 * from @src to @dst, as the kernel delivers it.
 */
static void deliver_error(struct fixture *f, struct nexus_udp *udp,
			  const char *router, const struct nexus_addr *src,
			  const char *dst, const struct nexus_wire_icmp *icmp,
			  size_t quoted)
{
	struct nexus_addr from = fake_addr(router), to = fake_addr(dst);
	uint8_t packet[256], datagram[256];
	struct fake_rx rx = { .data = packet };
	struct nexus_wire_ipv4 ip4 = { .ttl = 64, .protocol = IPPROTO_ICMP };
	struct nexus_wire_ipv6 ip6 = {
		.hop_limit = 64, .next_header = IPPROTO_ICMPV6,
	};
	bool is_v4 = from.family == AF_INET;
	int off;

	fake_build_udp(datagram, sizeof(datagram), src, &to, "question", 8);
	ip4.total_len = (uint16_t)(28 + quoted);
	memcpy(ip4.src, from.ip, 4);
	memcpy(ip4.dst, src->ip, 4);
	ip6.payload_len = (uint16_t)(8 + quoted);
	memcpy(ip6.src, from.ip, 16);
	memcpy(ip6.dst, src->ip, 16);
	off = is_v4 ? nexus_wire_ipv4_build(&ip4, packet, sizeof(packet)) :
		      nexus_wire_ipv6_build(&ip6, packet, sizeof(packet));
	if (is_v4)
		nexus_wire_icmp_build(icmp, packet + off, 8);
	else
		nexus_wire_icmpv6_build(icmp, packet + off, 8);
	memcpy(packet + off + 8, datagram, quoted);
	rx.desc.flow = fixture_flow(udp);
	rx.desc.flags = NEXUS_DESC_ERROR | NEXUS_DESC_CSUM;
	rx.desc.ip_version = is_v4 ? 4 : 6;
	rx.desc.l4_off = (uint16_t)off;
	rx.desc.payload_off = (uint16_t)(off + 8);
	rx.len = (size_t)off + 8 + quoted;
	CU_ASSERT_EQUAL(fake_deliver(&f->fk, &rx), 0);
	nexus_stack_run(f->stack);
}

static void nx_udp_input_error__tells_all_of_an_icmp_error(void)
{
	static const struct nexus_wire_icmp icmp = { .type = 3, .code = 3 };
	struct nexus_udp_error error;
	struct nexus_addr local, want;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &local);
	deliver_error(&f, udp, "192.0.2.9", &local, "192.0.2.1:53", &icmp, 28);
	CU_ASSERT_TRUE_FATAL(nexus_udp_take_error(udp, &error));
	CU_ASSERT_EQUAL(error.err, ECONNREFUSED);
	CU_ASSERT_EQUAL(error.type, 3);
	CU_ASSERT_EQUAL(error.code, 3);
	CU_ASSERT_EQUAL(error.ip_version, 4);
	CU_ASSERT_EQUAL(memcmp(&error.local, &local, sizeof(local)), 0);
	want = fake_addr("192.0.2.1:53");
	CU_ASSERT_EQUAL(memcmp(&error.remote, &want, sizeof(want)), 0);
	want = fake_addr("192.0.2.9");
	CU_ASSERT_EQUAL(memcmp(&error.offender, &want, sizeof(want)), 0);
	CU_ASSERT_FALSE(nexus_udp_take_error(udp, &error));
	CU_ASSERT_PTR_NULL(nexus_udp_recv(udp));
	fixture_end(&f);
}

static void nx_udp_input_error__tells_the_mtu(void)
{
	static const struct nexus_wire_icmp needed = {
		.type = 3, .code = 4, .mtu = 1280,
	};
	static const struct nexus_wire_icmp too_big = { .type = 2, .mtu = 1400 };
	struct nexus_addr src6 = fake_addr("[2001:db8::5]:7"), local;
	struct nexus_udp_error error;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &local);
	deliver_error(&f, udp, "192.0.2.9", &local, "192.0.2.1:53", &needed, 28);
	CU_ASSERT_TRUE_FATAL(nexus_udp_take_error(udp, &error));
	CU_ASSERT_EQUAL(error.err, EMSGSIZE);
	CU_ASSERT_EQUAL(error.mtu, 1280);
	deliver_error(&f, udp, "2001:db8::9", &src6, "[2001:db8::1]:53",
		      &too_big, 48);
	CU_ASSERT_TRUE_FATAL(nexus_udp_take_error(udp, &error));
	CU_ASSERT_EQUAL(error.err, EMSGSIZE);
	CU_ASSERT_EQUAL(error.mtu, 1400);
	CU_ASSERT_EQUAL(error.ip_version, 6);
	CU_ASSERT_EQUAL(error.remote.port, htons(53));
	CU_ASSERT_EQUAL(memcmp(&error.local, &src6, sizeof(src6)), 0);
	fixture_end(&f);
}

/* A quotation that ends before the ports, or no error at all: nothing. */
static void nx_udp_input_error__ignores_what_says_nothing(void)
{
	static const struct nexus_wire_icmp refused = { .type = 3, .code = 3 };
	static const struct nexus_wire_icmp quench = { .type = 4 };
	static const struct nexus_wire_icmp echo = { .type = 8 };
	struct nexus_udp_stats stats;
	struct nexus_udp_error error;
	struct nexus_addr local;
	struct nexus_udp *udp;
	struct fixture f;
	size_t len;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &local);
	for (len = 0; len < 28; len++)
		deliver_error(&f, udp, "192.0.2.9", &local, "192.0.2.1:53",
			      &refused, len);
	deliver_error(&f, udp, "192.0.2.9", &local, "192.0.2.1:53", &echo, 28);
	nexus_udp_stats(udp, &stats);
	CU_ASSERT_EQUAL(stats.rx_bad, 29);
	deliver_error(&f, udp, "192.0.2.9", &local, "192.0.2.1:53", &quench, 28);
	CU_ASSERT_FALSE(nexus_udp_take_error(udp, &error));
	nexus_udp_stats(udp, &stats);
	CU_ASSERT_EQUAL(stats.errors, 0);
	fixture_end(&f);
}

static int last_err;

static void note_error(struct nexus_udp *udp, const struct nexus_udp_error *error,
		       void *arg)
{
	(void)udp;
	(void)arg;
	last_err = error->err;
}

static void nx_udp_input_error__calls_the_callback(void)
{
	static const struct nexus_wire_icmp icmp = { .type = 3, .code = 1 };
	struct nexus_udp_options options = { .error = note_error };
	struct nexus_udp_error error;
	struct nexus_addr local;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &local);
	deliver_error(&f, udp, "192.0.2.9", &local, "192.0.2.1:53", &icmp, 28);
	CU_ASSERT_EQUAL(last_err, EHOSTUNREACH);
	CU_ASSERT_FALSE(nexus_udp_take_error(udp, &error));
	fixture_end(&f);
}

static void nexus_udp_take_error__keeps_the_last_8(void)
{
	struct nexus_wire_icmp icmp = { .type = 3 };
	struct nexus_udp_stats stats;
	struct nexus_udp_error error;
	struct nexus_addr local;
	struct nexus_udp *udp;
	struct fixture f;
	uint8_t i;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &local);
	for (i = 0; i < 11; i++) {
		icmp.code = i;
		deliver_error(&f, udp, "192.0.2.9", &local, "192.0.2.1:53",
			      &icmp, 28);
	}
	for (i = 3; i < 11; i++) {
		UNIT_ROW(i, nexus_udp_take_error(udp, &error), true);
		UNIT_ROW(i, error.code, i);
	}
	CU_ASSERT_FALSE(nexus_udp_take_error(udp, &error));
	nexus_udp_stats(udp, &stats);
	CU_ASSERT_EQUAL(stats.errors, 11);
	CU_ASSERT_EQUAL(stats.error_drops, 3);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_udp_take_error__keeps_the_last_8),
	UNIT_CASE_ID(nx_udp_input_error__tells_all_of_an_icmp_error,
		     "FLOW-10 the error as its owner sees it"),
	UNIT_CASE(nx_udp_input_error__tells_the_mtu),
	UNIT_CASE(nx_udp_input_error__ignores_what_says_nothing),
	UNIT_CASE(nx_udp_input_error__calls_the_callback),
};

UNIT_SUITE(udp_error_suite, "udp/error", cases);
