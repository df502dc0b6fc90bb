// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's header checks against the library's parsers, which were written
 * apart from them: what the kernel lets out or takes in must read alike in both.
 */
#include <nexus/wire.h>

#include "fuzz.h"
#include "../../kmod/core/packet.h"

/* A private copy of the headers, as the kernel makes it, to its very end. */
static uint8_t *headers(const uint8_t *data, size_t size, u32 *avail)
{
	uint8_t *copy;

	*avail = size < NX_HEADERS_MAX ? (u32)size : NX_HEADERS_MAX;
	copy = malloc(*avail + !*avail);
	if (!copy)
		abort();
	memcpy(copy, data, *avail);
	return copy;
}

static void check_udp(const struct nx_packet *p, const uint8_t *h, u32 avail,
		      bool is_tx)
{
	struct nexus_wire_udp udp;
	u16 src = be16_to_cpu(is_tx ? p->key.local_port : p->key.remote_port);
	u16 dst = be16_to_cpu(is_tx ? p->key.remote_port : p->key.local_port);

	CHECK(nexus_wire_udp_parse(&udp, h + p->l4_off, avail - p->l4_off) == 8);
	CHECK(udp.src_port == src && udp.dst_port == dst);
	CHECK(udp.len == p->len - p->l4_off);
	CHECK((udp.checksum != 0) == p->has_csum);
	CHECK(p->payload_off == p->l4_off + 8);
}

/* Options may lie behind what can be read of the header. */
static void check_tcp(const struct nx_packet *p, const uint8_t *h, u32 avail,
		      bool is_tx)
{
	u16 src = be16_to_cpu(is_tx ? p->key.local_port : p->key.remote_port);
	u16 dst = be16_to_cpu(is_tx ? p->key.remote_port : p->key.local_port);
	const uint8_t *l4 = h + p->l4_off;
	struct nexus_wire_tcp tcp;

	CHECK(avail >= p->l4_off + 20u);
	CHECK(p->payload_off == p->l4_off + (l4[12] >> 4) * 4);
	CHECK(p->payload_off >= p->l4_off + 20 && p->payload_off <= p->len);
	CHECK(p->csum_off == p->l4_off + 16 && p->has_csum);
	if (nexus_wire_tcp_parse_quoted(&tcp, l4, avail - p->l4_off) == 8)
		CHECK(tcp.src_port == src && tcp.dst_port == dst);
	else
		CHECK(!src || !dst);
	if (nexus_wire_tcp_parse(&tcp, l4, avail - p->l4_off) < 0)
		return;
	CHECK(tcp.src_port == src && tcp.dst_port == dst);
	CHECK(tcp.flags == (p->tcp_flags & ~NX_TCP_RESERVED));
}

/* @p was accepted as a whole UDP datagram or TCP segment. */
static void check_accepted(const struct nx_packet *p, const uint8_t *h, u32 avail,
			   bool is_tx)
{
	const void *src = is_tx ? &p->key.local : &p->key.remote;
	const void *dst = is_tx ? &p->key.remote : &p->key.local;
	struct nexus_wire_ipv4 ip4;
	struct nexus_wire_ipv6 ip6;

	CHECK(!p->key.pad);
	if (p->key.ip_version == 4) {
		CHECK(nexus_wire_ipv4_parse_quoted(&ip4, h, avail) == 20);
		CHECK(!ip4.has_mf && !ip4.frag_off && ip4.total_len == p->len);
		CHECK(!memcmp(ip4.src, src, 4) && !memcmp(ip4.dst, dst, 4));
		CHECK(p->may_fragment == !ip4.has_df);
	} else {
		CHECK(nexus_wire_ipv6_parse(&ip6, h, avail) == 40);
		CHECK(ip6.payload_len + 40u == p->len);
		CHECK(!memcmp(ip6.src, src, 16) && !memcmp(ip6.dst, dst, 16));
	}
	if (p->key.protocol == NX_IPPROTO_TCP) {
		check_tcp(p, h, avail, is_tx);
	} else {
		CHECK(p->key.protocol == NX_IPPROTO_UDP);
		check_udp(p, h, avail, is_tx);
	}
	CHECK(nx_flow_may_send(&p->key, &p->key));
}

static void check_rx(const uint8_t *h, u32 avail)
{
	struct nx_packet p;

	if (nx_parse_ipv4(h, avail, false, &p) == NX_PARSE_OK)
		check_accepted(&p, h, avail, false);
	if (nx_parse_ipv6(h, avail, false, &p) == NX_PARSE_OK)
		check_accepted(&p, h, avail, false);
}

static void check_tx(const uint8_t *h, u32 avail, u32 len)
{
	struct nx_packet p;
	enum nexus_drop_reason reason = nx_tx_parse(h, avail, len, &p);

	CHECK(reason < NEXUS_NR_DROP_REASONS);
	if (reason != NEXUS_DROP_NONE)
		return;
	CHECK(p.len == len);
	check_accepted(&p, h, avail, true);
}

static void check_quoted(const uint8_t *icmp, u32 avail, u8 version)
{
	struct nx_packet q;
	u16 port;

	if (nx_parse_quoted(icmp, avail, version, &q) != NX_PARSE_OK)
		return;
	CHECK(q.key.ip_version == version);
	CHECK(8u + q.l4_off + 8 <= avail);
	memcpy(&port, icmp + 8 + q.l4_off, 2);
	CHECK(port == q.key.local_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 avail, len;
	uint8_t *h;

	len = (u32)fuzz_take(&data, &size, 2);
	h = headers(data, size, &avail);
	check_rx(h, avail);
	check_tx(h, avail, len);
	check_tx(h, avail, avail < 4 ? 0 : nx_get_be16(h + 2));
	check_tx(h, avail, avail < 6 ? 0 : nx_get_be16(h + 4) + 40u);
	check_quoted(h, avail, 4);
	check_quoted(h, avail, 6);
	free(h);
	return 0;
}
