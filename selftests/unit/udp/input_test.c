// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/udp/input.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "../fixture.h"

static uint8_t bytes[70000];

static void fill_bytes(void)
{
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 8));
}

/* The next datagram must be @len bytes of @bytes from @off. */
static void expect(struct nexus_udp *udp, size_t row, size_t off, size_t len)
{
	static uint8_t got[70000];
	ssize_t n = nexus_udp_recvfrom(udp, got, sizeof(got), NULL);

	UNIT_ROW(row, n, len);
	if (n == (ssize_t)len)
		UNIT_ROW(row, memcmp(got, bytes + off, len), 0);
}

static void nexus_udp_source__and_destination_are_the_headers(void)
{
	static const char *const rows[][2] = {
		{ "192.0.2.1:1000", "127.0.0.1:2000" },
		{ "[2001:db8::1]:1000", "[::1]:2000" },
		{ "[fe80::1%2]:1000", "[fe80::2%2]:2000" },
	};
	struct nexus_addr src, dst, addr;
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	size_t i;

	fixture_start(&f);
	udp = fixture_udp(&f, "[::]:0", NULL);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		src = fake_addr(rows[i][0]);
		dst = fake_addr(rows[i][1]);
		fake_deliver_udp(&f.fk, fixture_flow(udp), &src, &dst, "x", 1);
		CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
		pkt = nexus_udp_recv(udp);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
		nexus_udp_source(pkt, &addr);
		UNIT_ROW(i, memcmp(&addr, &src, sizeof(src)), 0);
		nexus_udp_destination(pkt, &addr);
		UNIT_ROW(i, memcmp(&addr, &dst, sizeof(dst)), 0);
		nexus_packet_put(f.stack, pkt);
	}
	fixture_end(&f);
}

static void nx_udp_input__delivers_every_length(void)
{
	static const size_t rows[] = {
		0, 1, 2, 63, 64, 1471, 1472, 2019, 2020, 2021, 4068, 4069,
		9000, 65506, 65507,
	};
	struct nexus_udp *udp;
	struct fixture f;
	size_t i;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fixture_deliver(&f, udp, "127.0.0.1:5000", bytes, rows[i]);
		UNIT_ROW(i, nexus_stack_run(f.stack), 1);
		expect(udp, i, 0, rows[i]);
	}
	fixture_end(&f);
}

static void nx_udp_input__delivers_one_large_buffer(void)
{
	static uint8_t packet[65536];
	struct fake_rx rx = {
		.desc = {
			.flags = NEXUS_DESC_CSUM, .ip_version = 4,
			.protocol = IPPROTO_UDP, .l4_off = 20, .payload_off = 28,
		},
		.data = packet, .part = NEXUS_LARGE_SIZE,
	};
	struct nexus_addr src = fake_addr("127.0.0.1:5000"), dst;
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;

	fill_bytes();
	fixture_init(&f);
	f.channel.nr_large = 1;
	fixture_open(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &dst);
	rx.len = fake_build_udp(packet, sizeof(packet), &src, &dst, bytes, 65507);
	CU_ASSERT_EQUAL(fake_deliver(&f.fk, &rx), 0);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	pkt = nexus_udp_recv(udp);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	CU_ASSERT_PTR_NULL(pkt->next);
	CU_ASSERT_EQUAL(pkt->len, 65507);
	CU_ASSERT_EQUAL(memcmp(pkt->data, bytes, 65507), 0);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static void nx_udp_input__passes_on_what_the_kernel_knows(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	nexus_stack_run(f.stack);
	pkt = nexus_udp_recv(udp);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	CU_ASSERT_EQUAL(nexus_packet_ifindex(pkt), 2);
	CU_ASSERT_EQUAL(nexus_packet_hash(pkt), 0x1234);
	CU_ASSERT_EQUAL(nexus_packet_time_ns(pkt), 1000);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static void nx_udp_input__stops_at_rx_limit(void)
{
	struct nexus_udp_options options = { .rx_limit = 3 };
	struct nexus_udp_stats stats;
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", NULL);
	for (i = 0; i < 5; i++)
		fixture_deliver(&f, udp, "127.0.0.1:5000", bytes + i, 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 5);
	for (i = 0; i < 3; i++)
		expect(udp, i, i, 1);
	CU_ASSERT_EQUAL(nexus_udp_recvfrom(udp, bytes, 1, NULL), -EAGAIN);
	nexus_udp_stats(udp, &stats);
	CU_ASSERT_EQUAL(stats.rx_queue_drops, 2);
	CU_ASSERT_EQUAL(stats.rx_datagrams, 5);
	fixture_end(&f);
}

/* The kernel did not verify: the library does. */
static void nx_udp_input__verifies_what_the_kernel_did_not(void)
{
	static const struct {
		const char	*src;
		const char	*dst;
		int		flip;	/* byte to break, or -1 */
		bool		is_zeroed;
		bool		is_good;
	} rows[] = {
		{ "192.0.2.1:5", "127.0.0.1:6", -1, false, true },
		{ "192.0.2.1:5", "127.0.0.1:6", 40, false, false },
		{ "192.0.2.1:5", "127.0.0.1:6", 3000, false, false },
		{ "192.0.2.1:5", "127.0.0.1:6", 12, false, false },
		{ "192.0.2.1:5", "127.0.0.1:6", -1, true, true },
		{ "[2001:db8::1]:5", "[::1]:6", -1, false, true },
		{ "[2001:db8::1]:5", "[::1]:6", 3000, false, false },
		{ "[2001:db8::1]:5", "[::1]:6", -1, true, false },
	};
	static uint8_t packet[8192];
	struct nexus_addr src, dst;
	struct nexus_udp_stats stats;
	struct nexus_udp *udp;
	struct fixture f;
	uint64_t bad = 0;
	size_t i;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp(&f, "[::]:0", NULL);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_rx rx = { .data = packet };

		src = fake_addr(rows[i].src);
		dst = fake_addr(rows[i].dst);
		rx.desc.ip_version = src.family == AF_INET ? 4 : 6;
		rx.desc.l4_off = src.family == AF_INET ? 20 : 40;
		rx.desc.payload_off = rx.desc.l4_off + 8;
		rx.len = fake_build_udp(packet, sizeof(packet), &src, &dst,
					bytes, 5001);
		if (rows[i].is_zeroed)
			memset(packet + rx.desc.l4_off + 6, 0, 2);
		if (rows[i].flip >= 0)
			packet[rows[i].flip] ^= 4;
		UNIT_ROW(i, fake_deliver(&f.fk, &rx), 0);
		UNIT_ROW(i, nexus_stack_run(f.stack), 1);
		bad += !rows[i].is_good;
		if (rows[i].is_good)
			expect(udp, i, 0, 5001);
		nexus_udp_stats(udp, &stats);
		UNIT_ROW(i, stats.rx_bad, bad);
	}
	fixture_end(&f);
}

static void deliver_super(struct fixture *f, struct nexus_udp *udp, size_t len,
			  uint16_t gso_size)
{
	static uint8_t packet[65536];
	struct nexus_addr src = fake_addr("127.0.0.1:5000"), dst;
	struct fake_rx rx = {
		.desc = {
			.flow = fixture_flow(udp),
			.flags = NEXUS_DESC_CSUM | NEXUS_DESC_GSO,
			.ip_version = 4, .protocol = IPPROTO_UDP, .l4_off = 20,
			.payload_off = 28, .gso_size = gso_size,
		},
		.data = packet,
	};

	nexus_udp_local(udp, &dst);
	rx.len = fake_build_udp(packet, sizeof(packet), &src, &dst, bytes, len);
	CU_ASSERT_EQUAL(fake_deliver(&f->fk, &rx), 0);
	CU_ASSERT_EQUAL(nexus_stack_run(f->stack), 1);
}

/* A super-packet is cut back into the datagrams that were sent. */
static void nx_udp_input__cuts_super_packets(void)
{
	static const struct {
		size_t		len;
		uint16_t	gso_size;
	} rows[] = {
		{ 3000, 1000 }, { 3001, 1000 }, { 2999, 1000 }, { 60000, 1472 },
		{ 10, 1 }, { 1000, 1000 }, { 999, 1000 }, { 1000, 0 },
	};
	struct nexus_udp *udp;
	struct fixture f;
	size_t i, off, len;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size = rows[i].gso_size ? rows[i].gso_size : rows[i].len;

		deliver_super(&f, udp, rows[i].len, rows[i].gso_size);
		for (off = 0; off < rows[i].len; off += len) {
			len = rows[i].len - off < size ? rows[i].len - off : size;
			expect(udp, i, off, len);
		}
		UNIT_ROW(i, nexus_udp_recvfrom(udp, &len, 1, NULL), -EAGAIN);
	}
	fixture_end(&f);
}

/* Its datagrams know their sender after the super-packet itself is gone. */
static void nx_udp_input__keeps_the_headers_of_super_packets(void)
{
	struct nexus_packet *pkts[3];
	struct nexus_addr addr;
	struct nexus_udp *udp;
	struct fixture f;
	size_t i;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	deliver_super(&f, udp, 3000, 1000);
	for (i = 0; i < 3; i++) {
		pkts[i] = nexus_udp_recv(udp);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pkts[i]);
	}
	nexus_packet_put(f.stack, pkts[0]);
	nexus_packet_put(f.stack, pkts[1]);
	nexus_udp_source(pkts[2], &addr);
	CU_ASSERT_EQUAL(addr.port, htons(5000));
	CU_ASSERT_EQUAL(addr.ip[0], 127);
	nexus_packet_put(f.stack, pkts[2]);
	fixture_end(&f);
}

static struct nexus_packet *kept[8];
static unsigned int nr_kept;

static void keep(struct nexus_udp *udp, struct nexus_packet *pkt, void *arg)
{
	(void)udp;
	(void)arg;
	kept[nr_kept++] = pkt;
}

/* A callback may keep the packet as long as it likes, also past the endpoint. */
static void nx_udp_input__gives_packets_to_the_callback(void)
{
	struct nexus_udp_options options = { .receive = keep };
	struct nexus_udp *udp;
	struct fixture f;
	unsigned int i;

	fixture_start(&f);
	nr_kept = 0;
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", NULL);
	for (i = 0; i < 4; i++)
		fixture_deliver(&f, udp, "127.0.0.1:5000", &i, sizeof(i));
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 4);
	CU_ASSERT_EQUAL(nr_kept, 4);
	nexus_udp_close(udp);
	for (i = 0; i < nr_kept; i++) {
		UNIT_ROW(i, memcmp(kept[i]->data, &i, sizeof(i)), 0);
		nexus_packet_put(f.stack, kept[i]);
	}
	fixture_end(&f);
}

static void nexus_udp_recvfrom__cuts_and_tells_the_length(void)
{
	struct nexus_addr from;
	struct nexus_udp *udp;
	struct fixture f;
	char buf[4] = "....";

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_recvfrom(udp, buf, 4, NULL), -EAGAIN);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "abcdef", 6);
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(nexus_udp_recvfrom(udp, buf, 3, &from), 6);
	CU_ASSERT_EQUAL(memcmp(buf, "abc.", 4), 0);
	CU_ASSERT_EQUAL(from.port, htons(5000));
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_udp_source__and_destination_are_the_headers),
	UNIT_CASE_ID(nx_udp_input__delivers_every_length,
		     "UDP-1 zero length to 64 KiB, received"),
	UNIT_CASE(nx_udp_input__delivers_one_large_buffer),
	UNIT_CASE_ID(nx_udp_input__passes_on_what_the_kernel_knows,
		     "META-5 as the library passes it on"),
	UNIT_CASE(nx_udp_input__stops_at_rx_limit),
	UNIT_CASE(nx_udp_input__verifies_what_the_kernel_did_not),
	UNIT_CASE(nx_udp_input__cuts_super_packets),
	UNIT_CASE(nx_udp_input__keeps_the_headers_of_super_packets),
	UNIT_CASE(nx_udp_input__gives_packets_to_the_callback),
	UNIT_CASE(nexus_udp_recvfrom__cuts_and_tells_the_length),
};

UNIT_SUITE(udp_input_suite, "udp/input", cases);
