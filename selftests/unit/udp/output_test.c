// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/udp/output.c: what leaves is parsed again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../fixture.h"
#include "../../../lib/udp/internal.h"

static uint8_t bytes[65536];

static void fill_bytes(void)
{
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 8));
}

/**
 * struct sent - a packet that left, parsed
 * @src, @dst: with ports
 * @payload, @len: its payload
 */
struct sent {
	struct nexus_wire_ipv4	ip4;
	struct nexus_wire_ipv6	ip6;
	struct nexus_wire_udp	udp;
	struct nexus_addr	src;
	struct nexus_addr	dst;
	const uint8_t		*payload;
	size_t			len;
};

/* Flushes, and parses the last packet; every length in it must agree. */
static void last_sent(struct fixture *f, struct sent *s)
{
	const struct fake_packet *p;
	int off;

	memset(s, 0, sizeof(*s));
	CU_ASSERT_EQUAL(nexus_stack_flush(f->stack), 0);
	CU_ASSERT_FATAL(f->fk.nr_sent > 0);
	p = &f->fk.sent[f->fk.nr_sent - 1];
	if (p->data[0] >> 4 == 4) {
		off = nexus_wire_ipv4_parse(&s->ip4, p->data, p->len);
		CU_ASSERT_EQUAL(s->ip4.total_len, p->len);
		s->src.family = s->dst.family = AF_INET;
		memcpy(s->src.ip, s->ip4.src, 4);
		memcpy(s->dst.ip, s->ip4.dst, 4);
	} else {
		off = nexus_wire_ipv6_parse(&s->ip6, p->data, p->len);
		CU_ASSERT_EQUAL(s->ip6.payload_len + 40u, p->len);
		s->src.family = s->dst.family = AF_INET6;
		memcpy(s->src.ip, s->ip6.src, 16);
		memcpy(s->dst.ip, s->ip6.dst, 16);
	}
	CU_ASSERT_FATAL(off > 0);
	CU_ASSERT_EQUAL_FATAL(nexus_wire_udp_parse(&s->udp, p->data + off,
						   p->len - (size_t)off), 8);
	CU_ASSERT_EQUAL(s->udp.len, p->len - (size_t)off);
	s->src.port = htons(s->udp.src_port);
	s->dst.port = htons(s->udp.dst_port);
	s->payload = p->data + off + 8;
	s->len = p->len - (size_t)off - 8;
}

static bool is_addr(const struct nexus_addr *addr, const char *text)
{
	struct nexus_addr want = fake_addr(text);

	return !memcmp(addr, &want, sizeof(want));
}

static void nexus_udp_send__builds_the_headers(void)
{
	static const struct {
		const char	*local;
		const char	*remote;
	} rows[] = {
		{ "127.0.0.1:0", "127.0.0.1:5000" },
		{ "[::1]:0", "[::1]:5000" },
	};
	struct nexus_addr local;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	size_t i;

	fixture_start(&f);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		udp = fixture_udp(&f, rows[i].local, rows[i].remote);
		nexus_udp_local(udp, &local);
		UNIT_ROW(i, nexus_udp_sendto(udp, "hello", 5, NULL), 5);
		last_sent(&f, &s);
		UNIT_ROW(i, memcmp(&s.src, &local, sizeof(local)), 0);
		UNIT_ROW(i, is_addr(&s.dst, rows[i].remote), true);
		UNIT_ROW(i, s.len, 5);
		UNIT_ROW(i, memcmp(s.payload, "hello", 5), 0);
		UNIT_ROW(i, f.fk.sent[i].desc.flags, NEXUS_DESC_CSUM);
		UNIT_ROW(i, f.fk.sent[i].desc.flow, fixture_flow(udp));
	}
	fixture_end(&f);
}

static void nexus_udp_send__sends_every_length(void)
{
	static const size_t rows[] = {
		0, 1, 2, 63, 1472, 1920, 1921, 3968, 3969, 9000, 65506, 65507,
	};
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	uint32_t nr_large;
	size_t i;

	fill_bytes();
	for (nr_large = 0; nr_large < 2; nr_large++) {
		fixture_init(&f);
		f.channel.nr_large = nr_large;
		fixture_open(&f);
		udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:5000");
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			UNIT_ROW(i, nexus_udp_sendto(udp, bytes, rows[i], NULL),
				 rows[i]);
			last_sent(&f, &s);
			UNIT_ROW(i, s.len, rows[i]);
			UNIT_ROW(i, memcmp(s.payload, bytes, rows[i]), 0);
		}
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, bytes, 65508, NULL),
				-EMSGSIZE);
		fixture_end(&f);
	}
}

/* A buffer that was part of a long datagram is later a short one's only. */
static void nexus_udp_send__mixes_long_and_short_ones(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	size_t i, len;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:5000");
	for (i = 0; i < 300; i++) {
		len = i % 2 ? 10 : 5000;
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, bytes, len, NULL),
				(ssize_t)len);
		last_sent(&f, &s);
		UNIT_ROW(i, s.len, len);
		UNIT_ROW(i, memcmp(s.payload, bytes, len), 0);
		UNIT_ROW(i, f.fk.sent[0].nr_parts, i % 2 ? 1 : 3);
		fake_forget_sent(&f.fk);
		CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 10, &pkt), 0);
		UNIT_ROW(i, pkt->next == NULL, true);
		nexus_packet_put(f.stack, pkt);
	}
	fixture_end(&f);
}

/* RFC 8200: a longest packet of 65,535 bytes has 65,487 of UDP payload. */
static void nexus_udp_send__knows_the_longest_ipv6_payload(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	uint32_t nr_large;

	fill_bytes();
	for (nr_large = 0; nr_large < 2; nr_large++) {
		fixture_init(&f);
		f.channel.nr_large = nr_large;
		fixture_open(&f);
		udp = fixture_udp(&f, "[::1]:0", "[::1]:5000");
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, bytes, 65487, NULL), 65487);
		last_sent(&f, &s);
		CU_ASSERT_EQUAL(s.len, 65487);
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, bytes, 65488, NULL),
				-EMSGSIZE);
		fixture_end(&f);
	}
}

static struct nexus_flow_advisory *advisory(struct fixture *f, uint32_t flow)
{
	return (struct nexus_flow_advisory *)(f->fk.maps[NEXUS_REGION_ADVISORY] +
			f->fk.schema->flow_advisory_off) + flow;
}

/* RFC 1191, RFC 6864: DF if it fits the path, else an identification. */
static void nexus_udp_send__sets_df_where_it_fits(void)
{
	static const struct {
		uint32_t	mtu;
		uint32_t	flags;
		size_t		len;
		bool		has_df;
		ssize_t		result;
	} rows[] = {
		{ 0, 0, 100, false, 100 },
		{ 1500, 0, 1472, true, 1472 },
		{ 1500, 0, 1473, false, 1473 },
		{ 0, NEXUS_UDP_DONTFRAG, 1473, true, 1473 },
		{ 1500, NEXUS_UDP_DONTFRAG, 1472, true, 1472 },
		{ 1500, NEXUS_UDP_DONTFRAG, 1473, true, -EMSGSIZE },
	};
	struct nexus_udp_options options;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	size_t i;

	fixture_start(&f);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		options = (struct nexus_udp_options){ .flags = rows[i].flags };
		udp = fixture_udp_with(&f, &options, "127.0.0.1:0",
				       "127.0.0.1:5000");
		advisory(&f, fixture_flow(udp))->mtu = rows[i].mtu;
		UNIT_ROW(i, nexus_udp_sendto(udp, bytes, rows[i].len, NULL),
			 rows[i].result);
		if (rows[i].result >= 0) {
			last_sent(&f, &s);
			UNIT_ROW(i, s.ip4.has_df, rows[i].has_df);
		}
		nexus_udp_close(udp);
	}
	fixture_end(&f);
}

static void nexus_udp_send__gives_each_fragmentable_one_its_own_id(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	uint16_t first;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:5000");
	nexus_udp_sendto(udp, "x", 1, NULL);
	last_sent(&f, &s);
	first = s.ip4.id;
	nexus_udp_sendto(udp, "x", 1, NULL);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.ip4.id, (uint16_t)(first + 1));
	fixture_end(&f);
}

/* A kernel without checksum offload: the datagram's own is right. */
static void nexus_udp_send__fills_the_checksum_if_it_must(void)
{
	static const char *const rows[][2] = {
		{ "127.0.0.1:0", "127.0.0.1:5000" }, { "[::1]:0", "[::1]:5000" },
	};
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	size_t i, len;

	fill_bytes();
	fixture_init(&f);
	f.fk.features &= ~NEXUS_FEATURE_CSUM_TX;
	fixture_open(&f);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		udp = fixture_udp(&f, rows[i][0], rows[i][1]);
		for (len = 0; len < 6000; len = len * 3 + 1) {
			CU_ASSERT_EQUAL(nexus_udp_sendto(udp, bytes, len, NULL),
					(ssize_t)len);
			last_sent(&f, &s);
			UNIT_ROW(len, f.fk.sent[f.fk.nr_sent - 1].desc.flags &
				 NEXUS_DESC_CSUM, 0);
			UNIT_ROW(len, s.udp.checksum != 0, true);
			UNIT_ROW(len, nexus_wire_udp_verify(i ? 6 : 4, s.src.ip,
							    s.dst.ip, s.payload - 8,
							    s.len + 8), true);
		}
	}
	fixture_end(&f);
}

/* Whom an endpoint may send to, and what it is told otherwise. */
static const struct {
	const char	*local;
	const char	*remote;
	const char	*to;
	int		err;
} destinations[] = {
	{ "127.0.0.1:0", NULL, NULL, -EDESTADDRREQ },
	{ "127.0.0.1:0", NULL, "127.0.0.1:9", 0 },
	{ "127.0.0.1:0", NULL, "127.0.0.1", -EINVAL },
	{ "127.0.0.1:0", NULL, "0.0.0.0:9", -EINVAL },
	{ "127.0.0.1:0", NULL, "[::1]:9", -EAFNOSUPPORT },
	{ "[::1]:0", NULL, "[::1]:9", 0 },
	{ "[::1]:0", NULL, "127.0.0.1:9", -EAFNOSUPPORT },
	{ "[::]:0", NULL, "127.0.0.1:9", 0 },
	{ "[::]:0", NULL, "[::1]:9", 0 },
	{ "0.0.0.0:0", NULL, "127.0.0.1:9", 0 },
	{ "127.0.0.1:0", "127.0.0.1:9", NULL, 0 },
	{ "127.0.0.1:0", "127.0.0.1:9", "127.0.0.1:9", 0 },
	{ "127.0.0.1:0", "127.0.0.1:9", "127.0.0.1:10", -EISCONN },
	{ "[::]:0", "127.0.0.1:9", NULL, 0 },
};

static void nexus_udp_send__checks_the_destination(void)
{
	struct nexus_addr to;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	size_t i;
	ssize_t n;

	fixture_start(&f);
	for (i = 0; i < ARRAY_SIZE(destinations); i++) {
		udp = fixture_udp(&f, destinations[i].local,
				  destinations[i].remote);
		if (destinations[i].to)
			to = fake_addr(destinations[i].to);
		n = nexus_udp_sendto(udp, "x", 1, destinations[i].to ? &to : NULL);
		UNIT_ROW(i, n, destinations[i].err ? destinations[i].err : 1);
		if (n == 1) {
			last_sent(&f, &s);
			UNIT_ROW(i, is_addr(&s.dst, destinations[i].to ?
					    destinations[i].to :
					    destinations[i].remote), true);
		}
		nexus_udp_close(udp);
	}
	fixture_end(&f);
}

static void nexus_udp_send__takes_the_kernels_choice_of_source(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;

	fixture_start(&f);
	udp = fixture_udp(&f, "0.0.0.0:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(memcmp(s.src.ip, "\x7f\0\0\1", 4), 0);
	to = fake_addr("[::1]:9");
	nexus_udp_close(udp);
	udp = fixture_udp(&f, "[::]:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.src.ip[15], 1);
	fixture_end(&f);
}

static void nexus_udp_send__asks_for_the_source_again_after_a_while(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_udp *udp;
	struct fixture f;
	uint64_t until_ns;

	fixture_start(&f);
	udp = fixture_udp(&f, "0.0.0.0:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	until_ns = udp->path_until_ns;
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	CU_ASSERT_EQUAL(udp->path_until_ns, until_ns);
	f.now_ns = until_ns;
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	CU_ASSERT_TRUE(udp->path_until_ns > until_ns);
	fixture_end(&f);
}

/* On failure the packet stays the caller's, on success it does not. */
static void nexus_udp_send__takes_the_packet_only_on_success(void)
{
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 3, &pkt), 0);
	memcpy(pkt->data, "abc", 3);
	CU_ASSERT_EQUAL(nexus_udp_send(udp, pkt, NULL), -EDESTADDRREQ);
	CU_ASSERT_EQUAL(memcmp(pkt->data, "abc", 3), 0);
	CU_ASSERT_EQUAL(nexus_udp_send(udp, pkt, &to), 0);
	nexus_stack_flush(f.stack);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 1);
	fixture_end(&f);
}

static void nexus_udp_send__sends_what_trim_left(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:5000");
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 9000, &pkt), 0);
	nexus_packet_write(pkt, 0, bytes, 9000);
	nexus_packet_trim(f.stack, pkt, 2500);
	CU_ASSERT_EQUAL(nexus_udp_send(udp, pkt, NULL), 0);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.len, 2500);
	CU_ASSERT_EQUAL(memcmp(s.payload, bytes, 2500), 0);
	fixture_end(&f);
}

static struct nexus_packet *receive_one(struct fixture *f, struct nexus_udp *udp)
{
	struct nexus_packet *pkt;

	CU_ASSERT_EQUAL(nexus_stack_run(f->stack), 1);
	pkt = nexus_udp_recv(udp);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	return pkt;
}

/* In the same buffer, without a copy. */
static void nexus_udp_reply__answers_in_place(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	uint32_t buf;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "question", 8);
	pkt = receive_one(&f, udp);
	buf = pkt->buf;
	memcpy(pkt->data, "answer", 6);
	nexus_packet_trim(f.stack, pkt, 6);
	CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkt, pkt), 0);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(f.fk.sent[0].desc.buf, buf);
	CU_ASSERT_TRUE(is_addr(&s.dst, "127.0.0.1:5000"));
	CU_ASSERT_EQUAL(memcmp(s.payload, "answer", 6), 0);
	CU_ASSERT_EQUAL(s.len, 6);
	fixture_end(&f);
}

/* A wildcard answers from the address that was asked, like a kernel's socket. */
static void nexus_udp_reply__leaves_from_the_address_asked(void)
{
	static const struct {
		const char	*bound;
		const char	*asked;
		const char	*from;
	} rows[] = {
		{ "0.0.0.0:0", "127.0.0.2", "127.0.0.2" },
		{ "0.0.0.0:0", "127.0.0.1", "127.0.0.1" },
		/* Not addresses to send from: the kernel's choice. */
		{ "0.0.0.0:0", "255.255.255.255", "127.0.0.1" },
		{ "0.0.0.0:0", "224.0.0.1", "127.0.0.1" },
		{ "127.0.0.1:0", "127.0.0.1", "127.0.0.1" },
		{ "127.0.0.1:0", "224.0.0.1", "127.0.0.1" },
	};
	struct nexus_addr src = fake_addr("127.0.0.1:5000"), asked, from, local;
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	size_t i;

	fixture_start(&f);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		udp = fixture_udp(&f, rows[i].bound, NULL);
		nexus_udp_local(udp, &local);
		asked = fake_addr(rows[i].asked);
		from = fake_addr(rows[i].from);
		asked.port = from.port = local.port;
		fake_deliver_udp(&f.fk, fixture_flow(udp), &src, &asked, "x", 1);
		pkt = receive_one(&f, udp);
		UNIT_ROW(i, nexus_udp_reply(udp, pkt, pkt), 0);
		last_sent(&f, &s);
		UNIT_ROW(i, memcmp(&s.src, &from, sizeof(from)), 0);
		UNIT_ROW(i, memcmp(&s.dst, &src, sizeof(src)), 0);
		nexus_udp_close(udp);
	}
	fixture_end(&f);
}

/* An answer's source is no choice of the kernel's: sending asks nevertheless. */
static void nexus_udp_reply__leaves_the_choice_for_send_alone(void)
{
	struct nexus_addr src = fake_addr("127.0.0.1:5000"), asked, local;
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;

	fixture_start(&f);
	udp = fixture_udp(&f, "0.0.0.0:0", NULL);
	nexus_udp_local(udp, &local);
	asked = fake_addr("127.0.0.2");
	asked.port = local.port;
	fake_deliver_udp(&f.fk, fixture_flow(udp), &src, &asked, "x", 1);
	pkt = receive_one(&f, udp);
	CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkt, pkt), 0);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.src.ip[3], 2);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &src), 1);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.src.ip[3], 1);
	fixture_end(&f);
}

/* A dual-stack endpoint answers IPv4 with IPv4. */
static void nexus_udp_reply__answers_in_the_family_asked(void)
{
	struct nexus_addr src = fake_addr("127.0.0.1:5000"), dst, local;
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;

	fixture_start(&f);
	udp = fixture_udp(&f, "[::]:0", NULL);
	nexus_udp_local(udp, &local);
	dst = fake_addr("127.0.0.1");
	dst.port = local.port;
	fake_deliver_udp(&f.fk, fixture_flow(udp), &src, &dst, "x", 1);
	pkt = receive_one(&f, udp);
	CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkt, pkt), 0);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(memcmp(&s.dst, &src, sizeof(src)), 0);
	CU_ASSERT_EQUAL(memcmp(&s.src, &dst, sizeof(dst)), 0);
	fixture_end(&f);
}

/* RFC 768: source port 0 wants no answer. */
static void nexus_udp_reply__has_nobody_to_answer_at_port_0(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:0", "x", 1);
	pkt = receive_one(&f, udp);
	CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkt, pkt), -EDESTADDRREQ);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

/* TX is full: the request is as it was, and can be answered later. */
static void nexus_udp_reply__leaves_the_request_alone_if_it_fails(void)
{
	struct nexus_addr from, to = fake_addr("127.0.0.1:9");
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	unsigned int i;

	fixture_init(&f);
	f.channel.tx_slots = 8;
	fixture_open(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	pkt = receive_one(&f, udp);
	for (i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	f.fk.sync_error = -EAGAIN;
	CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkt, pkt), -EAGAIN);
	nexus_udp_source(pkt, &from);
	CU_ASSERT_TRUE(is_addr(&from, "127.0.0.1:5000"));
	CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkt, pkt), 0);
	last_sent(&f, &s);
	CU_ASSERT_TRUE(is_addr(&s.dst, "127.0.0.1:5000"));
	fixture_end(&f);
}

/* Received over IPv4, sent on over IPv6: its header needs more room in front. */
static void nexus_udp_send__copies_what_has_no_room_in_front(void)
{
	struct nexus_addr src = fake_addr("127.0.0.1:5000"), dst, local;
	struct nexus_addr to = fake_addr("[::1]:9");
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;

	fixture_start(&f);
	udp = fixture_udp(&f, "[::]:0", NULL);
	nexus_udp_local(udp, &local);
	dst = fake_addr("127.0.0.1");
	dst.port = local.port;
	fake_deliver_udp(&f.fk, fixture_flow(udp), &src, &dst, "text", 4);
	pkt = receive_one(&f, udp);
	CU_ASSERT_EQUAL(nexus_udp_send(udp, pkt, &to), 0);
	last_sent(&f, &s);
	CU_ASSERT_TRUE(is_addr(&s.dst, "[::1]:9"));
	CU_ASSERT_EQUAL(s.len, 4);
	CU_ASSERT_EQUAL(memcmp(s.payload, "text", 4), 0);
	fixture_end(&f);
}

/* A datagram of a super-packet shares its buffer: a copy is sent. */
static void nexus_udp_reply__copies_what_is_shared(void)
{
	static uint8_t packet[4096];
	struct nexus_addr src = fake_addr("127.0.0.1:5000"), dst;
	struct fake_rx rx = {
		.desc = {
			.flags = NEXUS_DESC_CSUM | NEXUS_DESC_GSO,
			.ip_version = 4, .l4_off = 20, .payload_off = 28,
			.gso_size = 1000,
		},
		.data = packet,
	};
	struct nexus_packet *pkts[3];
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;
	size_t i;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &dst);
	rx.len = fake_build_udp(packet, sizeof(packet), &src, &dst, bytes, 3000);
	CU_ASSERT_EQUAL(fake_deliver(&f.fk, &rx), 0);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	for (i = 0; i < 3; i++) {
		pkts[i] = nexus_udp_recv(udp);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pkts[i]);
	}
	/* From the last on: a header in front would lie in the one before. */
	for (i = 3; i-- > 0;) {
		uint32_t buf = pkts[i]->buf;

		CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkts[i], pkts[i]), 0);
		last_sent(&f, &s);
		UNIT_ROW(i, f.fk.sent[2 - i].desc.buf != buf, true);
		UNIT_ROW(i, s.len, 1000);
		UNIT_ROW(i, memcmp(s.payload, bytes + i * 1000, 1000), 0);
		UNIT_ROW(i, memcmp(&s.dst, &src, sizeof(src)), 0);
	}
	fixture_end(&f);
}

static void nexus_udp_reply__sends_long_datagrams_back(void)
{
	struct nexus_packet *pkt;
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;

	fill_bytes();
	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", bytes, 65507);
	pkt = receive_one(&f, udp);
	CU_ASSERT_EQUAL(nexus_udp_reply(udp, pkt, pkt), 0);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.len, 65507);
	CU_ASSERT_EQUAL(memcmp(s.payload, bytes, 65507), 0);
	fixture_end(&f);
}

/* The socket's own TTL and type of service hold. */
static void nexus_udp_adopt__takes_ttl_and_tos_from_the_socket(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ttl = 33, tos = 0x10, mttl = 5;
	struct nexus_addr to = fake_addr("127.0.0.1:9");
	struct nexus_udp *udp;
	struct fixture f;
	struct sent s;

	fixture_start(&f);
	setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &mttl, sizeof(mttl));
	CU_ASSERT_EQUAL(bind(fd, (void *)&sin, sizeof(sin)), 0);
	CU_ASSERT_EQUAL_FATAL(nexus_udp_adopt(f.stack, fd, NULL, &udp), 0);
	close(fd);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.ip4.ttl, 33);
	CU_ASSERT_EQUAL(s.ip4.tos, 0x10);
	to = fake_addr("224.0.0.1:9");
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	last_sent(&f, &s);
	CU_ASSERT_EQUAL(s.ip4.ttl, 5);
	fixture_end(&f);
}

/* Two endpoints of one stack, the fake kernel as the network between them. */
static void nexus_udp_sendto__reaches_another_endpoint(void)
{
	struct nexus_addr addr;
	struct nexus_udp *a, *b;
	struct fixture f;
	uint32_t i, got;

	fixture_init(&f);
	f.fk.is_loop = true;
	fixture_open(&f);
	a = fixture_udp(&f, "127.0.0.1:0", NULL);
	b = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < 3000; i++) {
		nexus_udp_local(b, &addr);
		CU_ASSERT_EQUAL(nexus_udp_sendto(a, &i, sizeof(i), &addr), 4);
		CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 0), 1);
		CU_ASSERT_EQUAL(nexus_udp_recvfrom(b, &got, sizeof(got), &addr), 4);
		UNIT_ROW(i, got, i);
		fake_forget_sent(&f.fk);
	}
	fixture_end(&f);
}

static void nexus_udp_stats__counts_what_was_sent(void)
{
	struct nexus_udp_stats stats;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:9");
	nexus_udp_sendto(udp, "abc", 3, NULL);
	nexus_udp_sendto(udp, "", 0, NULL);
	nexus_udp_stats(udp, &stats);
	CU_ASSERT_EQUAL(stats.tx_datagrams, 2);
	CU_ASSERT_EQUAL(stats.tx_bytes, 3);
	fixture_end(&f);
}

/* ------------------------------------------------------------- suspended */

static void suspend(struct fixture *f, const struct nexus_udp *udp,
		    bool is_suspended)
{
	advisory(f, fixture_flow(udp))->flags =
		NEXUS_FLOW_VALID | (is_suspended ? NEXUS_FLOW_SUSPENDED : 0);
}

static void count_writable(struct nexus_udp *udp, void *arg)
{
	unsigned int *nr = arg;

	(*nr)++;
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "again", 5, NULL), 5);
}

static void resumed(struct fixture *f, const struct nexus_udp *udp)
{
	struct nexus_event event = { .type = NEXUS_EVENT_RESUMED,
				     .flow = fixture_flow(udp) };

	fake_post(&f->fk, &event);
	CU_ASSERT_EQUAL(nexus_stack_run(f->stack), 0);
}

static void nexus_udp_send__holds_back_while_suspended(void)
{
	unsigned int nr = 0;
	struct nexus_udp_options options = { .writable = count_writable,
					     .arg = &nr };
	struct nexus_udp *udp, *other;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", "127.0.0.1:9");
	other = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:9");
	resumed(&f, udp);
	CU_ASSERT_EQUAL(nr, 0);		/* nobody had been told to wait */

	suspend(&f, udp, true);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, NULL), -EAGAIN);
	CU_ASSERT_EQUAL(nexus_udp_sendto(other, "x", 1, NULL), 1);
	resumed(&f, udp);
	CU_ASSERT_EQUAL(nr, 0);		/* suspended again meanwhile */
	suspend(&f, udp, false);
	resumed(&f, udp);
	resumed(&f, udp);
	CU_ASSERT_EQUAL(nr, 1);
	nexus_stack_flush(f.stack);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 2);
	fixture_end(&f);
}

/* A full ring may have lost the one event that the program waits for. */
static void nexus_udp_send__wakes_though_events_were_lost(void)
{
	struct nexus_event event = { .type = NEXUS_EVENT_LINK,
				     .flow = NEXUS_FLOW_NONE };
	unsigned int nr = 0;
	struct nexus_udp_options options = { .writable = count_writable,
					     .arg = &nr };
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i, slots;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", "127.0.0.1:9");
	suspend(&f, udp, true);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, NULL), -EAGAIN);
	suspend(&f, udp, false);
	slots = f.stack->queue->rings[NEXUS_RING_EVENT].nr_slots;
	for (i = 0; i < slots; i++)
		fake_post(&f.fk, &event);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(nr, 1);
	fixture_end(&f);
}

/* ---------------------------------------------------------- one's own wish */

static int send_wish(struct nexus_udp *udp, size_t len, uint32_t flags)
{
	const struct nexus_udp_wish wish = { .flags = flags, .cookie = 77,
					     .deadline_ns = 123456789 };
	struct nexus_packet *pkt;
	int err;

	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(nexus_udp_stack(udp), len, &pkt), 0);
	err = nexus_udp_send_with(udp, pkt, NULL, &wish);
	if (err)
		nexus_packet_put(nexus_udp_stack(udp), pkt);
	return err;
}

static void nexus_udp_send_with__fills_the_descriptor(void)
{
	const uint32_t both = NEXUS_DESC_DEADLINE | NEXUS_DESC_LATE;
	const struct nexus_desc *desc;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:9");
	CU_ASSERT_EQUAL(send_wish(udp, 10, NEXUS_DESC_NOTIFY), 0);
	CU_ASSERT_EQUAL(send_wish(udp, 10, both), 0);
	CU_ASSERT_EQUAL(send_wish(udp, 5000, NEXUS_DESC_NOTIFY), 0);
	fill_bytes();
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, bytes, 5000, NULL), 5000);
	nexus_stack_flush(f.stack);
	CU_ASSERT_EQUAL_FATAL(f.fk.nr_sent, 4);
	desc = &f.fk.sent[0].desc;
	CU_ASSERT_EQUAL(desc->flags, NEXUS_DESC_CSUM | NEXUS_DESC_NOTIFY);
	CU_ASSERT_EQUAL(desc->cookie, 77);
	CU_ASSERT_EQUAL(desc->time_ns, 0);
	desc = &f.fk.sent[1].desc;
	CU_ASSERT_EQUAL(desc->flags, NEXUS_DESC_CSUM | both);
	CU_ASSERT_EQUAL(desc->time_ns, 123456789);
	/* Of several parts the first one. */
	CU_ASSERT_TRUE(f.fk.sent[2].nr_parts > 1);
	CU_ASSERT_TRUE(f.fk.sent[2].desc.flags & NEXUS_DESC_NOTIFY);
	/* And the next datagram has no wish. */
	desc = &f.fk.sent[3].desc;
	CU_ASSERT_EQUAL(desc->flags, NEXUS_DESC_CSUM | NEXUS_DESC_MORE);
	CU_ASSERT_EQUAL(desc->cookie, 0);
	fixture_end(&f);
}

static void nexus_udp_send_with__refuses_nonsense(void)
{
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:9");
	CU_ASSERT_EQUAL(send_wish(udp, 10, 0), -EINVAL);
	CU_ASSERT_EQUAL(send_wish(udp, 10, NEXUS_DESC_LATE), -EINVAL);
	CU_ASSERT_EQUAL(send_wish(udp, 10, NEXUS_DESC_LATE | NEXUS_DESC_NOTIFY),
			-EINVAL);
	CU_ASSERT_EQUAL(send_wish(udp, 10, NEXUS_DESC_NOTIFY | NEXUS_DESC_GSO),
			-EINVAL);
	f.stack->channel->features &= ~NEXUS_FEATURE_NOTIFY;
	CU_ASSERT_EQUAL(send_wish(udp, 10, NEXUS_DESC_NOTIFY), -EOPNOTSUPP);
	nexus_stack_flush(f.stack);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 0);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nexus_udp_send_with__fills_the_descriptor,
		     "EVT-1 EVT-2 what the kernel is asked for"),
	UNIT_CASE(nexus_udp_send_with__refuses_nonsense),
	UNIT_CASE_ID(nexus_udp_send__holds_back_while_suspended,
		     "ADV-3 ADV-4 a memory read, and only the flow that it is for"),
	UNIT_CASE_ID(nexus_udp_send__wakes_though_events_were_lost,
		     "ADV-2 a full EVENT ring"),
	UNIT_CASE_ID(nexus_udp_send__builds_the_headers,
		     "FLOW-8 IPv4 and IPv6 alike in the library"),
	UNIT_CASE_ID(nexus_udp_send__sends_every_length,
		     "UDP-1 zero length to 64 KiB, sent"),
	UNIT_CASE(nexus_udp_send__mixes_long_and_short_ones),
	UNIT_CASE(nexus_udp_send__knows_the_longest_ipv6_payload),
	UNIT_CASE(nexus_udp_send__sets_df_where_it_fits),
	UNIT_CASE(nexus_udp_send__gives_each_fragmentable_one_its_own_id),
	UNIT_CASE(nexus_udp_send__fills_the_checksum_if_it_must),
	UNIT_CASE(nexus_udp_send__checks_the_destination),
	UNIT_CASE(nexus_udp_send__takes_the_kernels_choice_of_source),
	UNIT_CASE(nexus_udp_send__asks_for_the_source_again_after_a_while),
	UNIT_CASE(nexus_udp_send__takes_the_packet_only_on_success),
	UNIT_CASE(nexus_udp_send__sends_what_trim_left),
	UNIT_CASE(nexus_udp_reply__answers_in_place),
	UNIT_CASE(nexus_udp_reply__leaves_from_the_address_asked),
	UNIT_CASE(nexus_udp_reply__leaves_the_choice_for_send_alone),
	UNIT_CASE(nexus_udp_reply__answers_in_the_family_asked),
	UNIT_CASE(nexus_udp_reply__has_nobody_to_answer_at_port_0),
	UNIT_CASE(nexus_udp_reply__leaves_the_request_alone_if_it_fails),
	UNIT_CASE(nexus_udp_send__copies_what_has_no_room_in_front),
	UNIT_CASE(nexus_udp_reply__copies_what_is_shared),
	UNIT_CASE(nexus_udp_reply__sends_long_datagrams_back),
	UNIT_CASE(nexus_udp_adopt__takes_ttl_and_tos_from_the_socket),
	UNIT_CASE(nexus_udp_sendto__reaches_another_endpoint),
	UNIT_CASE(nexus_udp_stats__counts_what_was_sent),
};

UNIT_SUITE(udp_output_suite, "udp/output", cases);
