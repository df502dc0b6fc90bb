// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/packet.h and packet.c.
 */
#include "../unit.h"
#include "../../../kmod/core/packet.h"

/* 192.0.2.1:4660 to 192.0.2.2:53, 4 bytes of payload, and its checksum. */
static const u8 udp4[32] = {
	0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0xb6, 0xc9,
	192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x34, 0, 53, 0, 12, 0xab, 0xcd,
	'd', 'a', 't', 'a',
};

static const u8 udp6[52] = {
	0x60, 0, 0, 0, 0, 12, 17, 64,
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	0x12, 0x34, 0, 53, 0, 12, 0xab, 0xcd, 'd', 'a', 't', 'a',
};

/* 192.0.2.1:4660 to 192.0.2.2:80, a SYN with an MSS, and 2 bytes of payload. */
static const u8 tcp4[46] = {
	0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 6, 0, 0,
	192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0,
	0x60, 2, 0xff, 0xff, 0xab, 0xcd, 0, 0, 2, 4, 5, 180, 'd', 'a',
};

static void nx_ipv4_csum_is_right__knows_one_bit(void)
{
	u8 h[20];
	u32 bit;

	CU_ASSERT_TRUE(nx_ipv4_csum_is_right(udp4));
	for (bit = 0; bit < 160; bit++) {
		memcpy(h, udp4, sizeof(h));
		h[bit / 8] ^= (u8)(1 << bit % 8);
		UNIT_ROW(bit, nx_ipv4_csum_is_right(h), false);
	}
}

static void nx_icmp_is_error__knows_which_types_quote(void)
{
	unsigned int type;

	for (type = 0; type < 256; type++) {
		UNIT_ROW(type, nx_icmp_is_error((u8)type),
			 type == 3 || type == 4 || type == 11 || type == 12);
		UNIT_ROW(type, nx_icmpv6_is_error((u8)type), type < 128);
	}
}

static void nx_parse_ipv4__sees_each_side_as_local(void)
{
	struct nx_packet p;

	CU_ASSERT_EQUAL(nx_parse_ipv4(udp4, 32, false, &p), NX_PARSE_OK);
	CU_ASSERT_EQUAL(memcmp(&p.key.local.v4, udp4 + 16, 4), 0);
	CU_ASSERT_EQUAL(memcmp(&p.key.remote.v4, udp4 + 12, 4), 0);
	CU_ASSERT_EQUAL(p.key.local_port, cpu_to_be16(53));
	CU_ASSERT_EQUAL(p.key.remote_port, cpu_to_be16(0x1234));
	CU_ASSERT_EQUAL(p.key.ip_version, 4);
	CU_ASSERT_EQUAL(p.key.protocol, 17);
	CU_ASSERT_EQUAL(p.len, 32);
	CU_ASSERT_EQUAL(p.l4_off, 20);
	CU_ASSERT_EQUAL(p.payload_off, 28);
	CU_ASSERT_FALSE(p.may_fragment);
	CU_ASSERT_TRUE(p.has_csum);
	CU_ASSERT_EQUAL(nx_parse_ipv4(udp4, 32, true, &p), NX_PARSE_OK);
	CU_ASSERT_EQUAL(memcmp(&p.key.local.v4, udp4 + 12, 4), 0);
	CU_ASSERT_EQUAL(p.key.local_port, cpu_to_be16(0x1234));
}

/* One byte changed: what becomes of it on receive and on transmit. */
static const struct {
	u32			at;
	u8			value;
	enum nx_parse		rx;
	enum nexus_drop_reason	tx;
} rows4[] = {
	{ 8, 64, NX_PARSE_OK, NEXUS_DROP_NONE },
	{ 8, 0, NX_PARSE_OK, NEXUS_DROP_TX_IP },
	{ 0, 0x46, NX_PARSE_OTHER, NEXUS_DROP_TX_IP },
	{ 0, 0x44, NX_PARSE_OTHER, NEXUS_DROP_TX_IP },
	{ 6, 0x20, NX_PARSE_OTHER, NEXUS_DROP_TX_IP },
	{ 6, 0x80, NX_PARSE_OTHER, NEXUS_DROP_TX_IP },
	{ 7, 0x01, NX_PARSE_OTHER, NEXUS_DROP_TX_IP },
	{ 6, 0x00, NX_PARSE_OK, NEXUS_DROP_NONE },
	{ 9, 6, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
	{ 9, 132, NX_PARSE_OTHER, NEXUS_DROP_TX_MISMATCH },
	{ 25, 11, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
	{ 25, 13, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
	{ 3, 31, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
	{ 3, 27, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
};

static void nx_parse_ipv4__leaves_the_rest_to_the_kernel(void)
{
	struct nx_packet p;
	u8 h[32];
	size_t i;
	u32 len;

	for (i = 0; i < ARRAY_SIZE(rows4); i++) {
		memcpy(h, udp4, sizeof(h));
		h[rows4[i].at] = rows4[i].value;
		UNIT_ROW(i, nx_parse_ipv4(h, 32, false, &p), rows4[i].rx);
		UNIT_ROW(i, nx_tx_parse(h, 32, 32, &p), rows4[i].tx);
	}
	for (len = 0; len < 28; len++)
		UNIT_ROW(len, nx_parse_ipv4(udp4, len, false, &p), NX_PARSE_OTHER);
}

static void nx_parse_ipv4__tells_icmp_errors_from_echo(void)
{
	struct nx_packet p;
	u8 h[32];

	memcpy(h, udp4, sizeof(h));
	h[9] = 1;
	h[20] = 3;
	CU_ASSERT_EQUAL(nx_parse_ipv4(h, 32, false, &p), NX_PARSE_ERROR);
	h[20] = 8;
	CU_ASSERT_EQUAL(nx_parse_ipv4(h, 32, false, &p), NX_PARSE_OTHER);
}

static const struct {
	u32			at;
	u8			value;
	enum nx_parse		rx;
	enum nexus_drop_reason	tx;
} rows6[] = {
	{ 7, 1, NX_PARSE_OK, NEXUS_DROP_NONE },
	{ 6, 6, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
	{ 6, 132, NX_PARSE_OTHER, NEXUS_DROP_TX_MISMATCH },
	{ 6, 0, NX_PARSE_OTHER, NEXUS_DROP_TX_MISMATCH },
	{ 6, 44, NX_PARSE_OTHER, NEXUS_DROP_TX_MISMATCH },
	{ 5, 11, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
	{ 5, 7, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
	{ 45, 11, NX_PARSE_OTHER, NEXUS_DROP_TX_L4 },
};

static void nx_parse_ipv6__does_the_same(void)
{
	struct nx_packet p;
	u8 h[52];
	size_t i;
	u32 len;

	CU_ASSERT_EQUAL(nx_parse_ipv6(udp6, 52, false, &p), NX_PARSE_OK);
	CU_ASSERT_EQUAL(memcmp(&p.key.local, udp6 + 24, 16), 0);
	CU_ASSERT_EQUAL(memcmp(&p.key.remote, udp6 + 8, 16), 0);
	CU_ASSERT_EQUAL(p.len, 52);
	CU_ASSERT_EQUAL(p.payload_off, 48);
	for (i = 0; i < ARRAY_SIZE(rows6); i++) {
		memcpy(h, udp6, sizeof(h));
		h[rows6[i].at] = rows6[i].value;
		UNIT_ROW(i, nx_parse_ipv6(h, 52, false, &p), rows6[i].rx);
		UNIT_ROW(i, nx_tx_parse(h, 52, 52, &p), rows6[i].tx);
	}
	for (len = 0; len < 48; len++)
		UNIT_ROW(len, nx_parse_ipv6(udp6, len, false, &p), NX_PARSE_OTHER);
	memcpy(h, udp6, sizeof(h));
	h[6] = 58;
	h[40] = 1;
	CU_ASSERT_EQUAL(nx_parse_ipv6(h, 52, false, &p), NX_PARSE_ERROR);
	h[40] = 128;
	CU_ASSERT_EQUAL(nx_parse_ipv6(h, 52, false, &p), NX_PARSE_OTHER);
}

static void nx_parse_ipv4__reads_a_segment(void)
{
	struct nx_packet p;
	u32 len;

	CU_ASSERT_EQUAL(nx_parse_ipv4(tcp4, 46, false, &p), NX_PARSE_OK);
	CU_ASSERT_EQUAL(p.key.protocol, 6);
	CU_ASSERT_EQUAL(p.key.local_port, cpu_to_be16(80));
	CU_ASSERT_EQUAL(p.key.remote_port, cpu_to_be16(0x1234));
	CU_ASSERT_EQUAL(p.payload_off, 44);
	CU_ASSERT_EQUAL(p.csum_off, 36);
	CU_ASSERT_EQUAL(p.tcp_flags, NX_TCP_SYN);
	CU_ASSERT_TRUE(p.has_csum);
	CU_ASSERT_FALSE(p.may_fragment);
	/* The options need not be there to be parsed. */
	CU_ASSERT_EQUAL(nx_parse_ipv4(tcp4, 40, false, &p), NX_PARSE_OK);
	for (len = 0; len < 40; len++)
		UNIT_ROW(len, nx_parse_ipv4(tcp4, len, false, &p),
			 NX_PARSE_OTHER);
}

static void nx_parse_ipv6__lets_no_segment_be_fragmented(void)
{
	struct nx_packet p;
	u8 h[66];

	memcpy(h, udp6, 40);
	memcpy(h + 40, tcp4 + 20, 26);
	h[5] = 26;
	h[6] = 6;
	CU_ASSERT_EQUAL(nx_tx_parse(h, 64, 66, &p), NEXUS_DROP_NONE);
	CU_ASSERT_EQUAL(p.payload_off, 64);
	CU_ASSERT_EQUAL(p.csum_off, 56);
	CU_ASSERT_FALSE(p.may_fragment);
}

/* A data offset before the fixed header's end, or past the segment's. */
static void nx_tx_parse__checks_where_the_payload_begins(void)
{
	struct nx_packet p;
	unsigned int doff;
	u8 h[46];

	memcpy(h, tcp4, sizeof(h));
	for (doff = 0; doff < 16; doff++) {
		h[32] = (u8)(doff << 4);
		UNIT_ROW(doff, nx_tx_parse(h, 46, 46, &p),
			 doff == 5 || doff == 6 ? NEXUS_DROP_NONE :
						  NEXUS_DROP_TX_L4);
	}
}

/* All combinations of flags: what RFC 9293 has a use for may leave. */
static void nx_tx_parse__lets_sane_flags_leave(void)
{
	struct nx_packet p;
	unsigned int f, what;
	u8 h[46];
	bool ok;

	memcpy(h, tcp4, sizeof(h));
	for (f = 0; f < 0x1000; f++) {
		what = f & 7;
		h[32] = (u8)(0x60 | f >> 8);
		h[33] = (u8)f;
		ok = (what == 0 || what == 1 || what == 2 || what == 4) &&
		     (f & (NX_TCP_SYN | NX_TCP_RST | NX_TCP_ACK)) &&
		     !(f & 0xe00);
		UNIT_ROW(f, nx_tx_parse(h, 46, 46, &p),
			 ok ? NEXUS_DROP_NONE : NEXUS_DROP_TX_L4);
		UNIT_ROW(f, nx_parse_ipv4(h, 46, false, &p), NX_PARSE_OK);
		UNIT_ROW(f, p.tcp_flags, f);
	}
}

/* What a flow may send: one field of the packet's key changed at a time. */
static void nx_flow_may_send__checks_every_field(void)
{
	struct nx_flow_key flow, pkt;
	struct nx_packet p;
	size_t i;

	CU_ASSERT_EQUAL(nx_tx_parse(udp6, 52, 52, &p), NEXUS_DROP_NONE);
	flow = p.key;
	CU_ASSERT_TRUE(nx_flow_may_send(&flow, &p.key));
	for (i = 0; i < offsetof(struct nx_flow_key, pad); i++) {
		pkt = p.key;
		((u8 *)&pkt)[i] ^= 0x20;
		UNIT_ROW(i, nx_flow_may_send(&flow, &pkt), false);
	}
	/* A listener with an address: to anybody, from that address. */
	nx_flow_key_to_listener(&flow);
	for (i = 0; i < offsetof(struct nx_flow_key, pad); i++) {
		bool is_remote = (i >= 16 && i < 32) || i == 34 || i == 35;

		pkt = p.key;
		((u8 *)&pkt)[i] ^= 0x20;
		UNIT_ROW(i, nx_flow_may_send(&flow, &pkt), is_remote);
	}
	/* A wildcard: from any address, which the caller checks. */
	nx_flow_key_to_wildcard(&flow);
	for (i = 0; i < 16; i++) {
		pkt = p.key;
		((u8 *)&pkt)[i] ^= 0x20;
		UNIT_ROW(i, nx_flow_may_send(&flow, &pkt), true);
	}
}

static void nx_tx_parse__checks_the_length_of_the_packet(void)
{
	struct nx_packet p;

	CU_ASSERT_EQUAL(nx_tx_parse(udp4, 32, 32, &p), NEXUS_DROP_NONE);
	CU_ASSERT_EQUAL(nx_tx_parse(udp4, 32, 31, &p), NEXUS_DROP_TX_IP);
	CU_ASSERT_EQUAL(nx_tx_parse(udp4, 32, 33, &p), NEXUS_DROP_TX_IP);
	CU_ASSERT_EQUAL(nx_tx_parse(udp4, 28, 32, &p), NEXUS_DROP_NONE);
	CU_ASSERT_EQUAL(nx_tx_parse(udp4, 0, 0, &p), NEXUS_DROP_TX_IP);
}

static void nx_tx_parse__knows_ip_versions_4_and_6_only(void)
{
	struct nx_packet p;
	unsigned int v;
	u8 h[32];

	memcpy(h, udp4, sizeof(h));
	for (v = 0; v < 16; v++) {
		h[0] = (u8)(v << 4 | 5);
		UNIT_ROW(v, nx_tx_parse(h, 32, 32, &p) == NEXUS_DROP_NONE, v == 4);
	}
}

static void nx_parse_quoted__finds_the_sender_of_a_quoted_datagram(void)
{
	struct nx_packet q;
	u8 icmp[8 + 52] = { 3, 3 };
	u32 avail;

	memcpy(icmp + 8, udp4, 32);
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 40, 4, &q), NX_PARSE_OK);
	CU_ASSERT_EQUAL(memcmp(&q.key.local.v4, udp4 + 12, 4), 0);
	CU_ASSERT_EQUAL(memcmp(&q.key.remote.v4, udp4 + 16, 4), 0);
	CU_ASSERT_EQUAL(q.key.local_port, cpu_to_be16(0x1234));
	CU_ASSERT_EQUAL(q.key.remote_port, cpu_to_be16(53));
	CU_ASSERT_EQUAL(q.key.ip_version, 4);
	for (avail = 0; avail < 36; avail++)
		UNIT_ROW(avail, nx_parse_quoted(icmp, avail, 4, &q),
			 NX_PARSE_OTHER);
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 36, 4, &q), NX_PARSE_OK);
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 40, 6, &q), NX_PARSE_OTHER);

	memcpy(icmp + 8, udp6, 52);
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 60, 6, &q), NX_PARSE_OK);
	CU_ASSERT_EQUAL(memcmp(&q.key.local, udp6 + 8, 16), 0);
	CU_ASSERT_EQUAL(q.key.local_port, cpu_to_be16(0x1234));
	CU_ASSERT_EQUAL(q.key.protocol, 17);
	for (avail = 0; avail < 56; avail++)
		UNIT_ROW(avail, nx_parse_quoted(icmp, avail, 6, &q),
			 NX_PARSE_OTHER);
}

/* A quoted header with options, another protocol, a later fragment. */
static void nx_parse_quoted__needs_a_first_fragment_of_a_flow(void)
{
	struct nx_packet q;
	u8 icmp[8 + 40] = { 3, 3 };

	memcpy(icmp + 8, udp4, 20);
	icmp[8] = 0x46;
	memcpy(icmp + 8 + 24, udp4 + 20, 12);
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 44, 4, &q), NX_PARSE_OK);
	CU_ASSERT_EQUAL(q.key.local_port, cpu_to_be16(0x1234));
	icmp[8] = 0x44;
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 44, 4, &q), NX_PARSE_OTHER);
	icmp[8] = 0x46;
	icmp[8 + 9] = 6;
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 44, 4, &q), NX_PARSE_OK);
	CU_ASSERT_EQUAL(q.key.protocol, 6);
	icmp[8 + 9] = 132;
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 44, 4, &q), NX_PARSE_OTHER);
	icmp[8 + 9] = 17;
	icmp[8 + 7] = 1;
	CU_ASSERT_EQUAL(nx_parse_quoted(icmp, 44, 4, &q), NX_PARSE_OTHER);
}

/* @like: what the packet before said. */
static bool is_again(const u8 *h, u32 avail, u32 len, const struct nx_packet *like)
{
	const struct nx_flow_key *key = &like->key;

	if (key->protocol == IPPROTO_TCP && key->ip_version == 4)
		return nx_tx_is_again_tcp4(h, avail, len, like->payload_off, key);
	if (key->protocol == IPPROTO_TCP)
		return nx_tx_is_again_tcp6(h, avail, len, like->payload_off, key);
	return key->ip_version == 4 ? nx_tx_is_again_ipv4(h, avail, len, key) :
				      nx_tx_is_again_ipv6(h, avail, len, key);
}

/* A segment's headers are all there and as long, and it only acknowledges. */
static bool is_usual(const struct nx_packet *p, u32 avail,
		     const struct nx_packet *like)
{
	u32 free = NX_TCP_PSH | NX_TCP_ECE | NX_TCP_CWR | NX_TCP_AE;

	return p->payload_off <= avail && p->payload_off == like->payload_off &&
	       (p->tcp_flags & ~free) == NX_TCP_ACK;
}

/* Parsed and compared, in two steps. */
static bool is_same(const u8 *h, u32 avail, u32 len, const struct nx_packet *like)
{
	struct nx_packet p;

	return nx_tx_parse(h, avail, len, &p) == NEXUS_DROP_NONE &&
	       nx_flow_key_equal(&p.key, &like->key) &&
	       (p.key.protocol == IPPROTO_UDP || is_usual(&p, avail, like));
}

/* Each value of each byte of a header, each length, and the others' keys. */
static void check_again(const u8 *packet, u32 len, u32 header_len,
			const struct nx_packet *others, u32 nr_others)
{
	u32 at, value, n;
	struct nx_packet p;
	u8 h[80] = { 0 };

	CU_ASSERT_EQUAL_FATAL(nx_tx_parse(packet, len, len, &p), NEXUS_DROP_NONE);
	CU_ASSERT_TRUE(is_again(packet, len, len, &p));
	memcpy(h, packet, len);
	for (n = 0; n < nr_others; n++)
		UNIT_ROW(n, is_again(h, sizeof(h), len, &others[n]),
			 nx_flow_key_equal(&others[n].key, &p.key));
	for (n = 0; n <= 80; n++) {
		UNIT_ROW(n, is_again(h, n, len, &p), is_same(h, n, len, &p));
		/* No more can be read than there is. */
		UNIT_ROW(n, is_again(h, n, n, &p), is_same(h, n, n, &p));
		if (n >= len)
			UNIT_ROW(n, is_again(h, 80, n, &p), is_same(h, 80, n, &p));
	}
	for (at = 0; at < header_len; at++) {
		for (value = 0; value < 256; value++) {
			h[at] = (u8)value;
			UNIT_ROW(at << 8 | value, is_again(h, len, len, &p),
				 is_same(h, len, len, &p));
		}
		h[at] = packet[at];
	}
}

static void nx_tx_is_again__says_what_parsing_and_comparing_say(void)
{
	u8 ack4[sizeof(tcp4)], ack6[sizeof(tcp4) + 20];
	struct nx_packet p[4];

	memcpy(ack4, tcp4, sizeof(ack4));
	ack4[33] = NX_TCP_ACK;
	memcpy(ack6, udp6, 40);
	ack6[5] = sizeof(ack6) - 40;
	ack6[6] = IPPROTO_TCP;
	memcpy(ack6 + 40, ack4 + 20, sizeof(ack4) - 20);
	nx_tx_parse(udp4, sizeof(udp4), sizeof(udp4), &p[0]);
	nx_tx_parse(udp6, sizeof(udp6), sizeof(udp6), &p[1]);
	nx_tx_parse(ack4, sizeof(ack4), sizeof(ack4), &p[2]);
	nx_tx_parse(ack6, sizeof(ack6), sizeof(ack6), &p[3]);
	check_again(udp4, sizeof(udp4), 28, p, 4);
	check_again(udp6, sizeof(udp6), 48, p, 4);
	check_again(ack4, sizeof(ack4), 44, p, 4);
	check_again(ack6, sizeof(ack6), 64, p, 4);
}

/* Both bytes of the flags at once: none that opens, ends, or is not known. */
static void nx_tx_is_again__leaves_unusual_flags_to_parsing(void)
{
	struct nx_packet p;
	u32 flags, n = 0;
	u8 h[64] = { 0 };
	bool is;

	memcpy(h, tcp4, sizeof(tcp4));
	h[33] = NX_TCP_ACK;
	nx_tx_parse(h, sizeof(tcp4), sizeof(tcp4), &p);
	for (flags = 0; flags < 0x10000; flags++) {
		h[32] = (u8)(flags >> 8);
		h[33] = (u8)flags;
		is = is_again(h, sizeof(tcp4), sizeof(tcp4), &p);
		UNIT_ROW(flags, is, is_same(h, sizeof(tcp4), sizeof(tcp4), &p));
		n += is;
	}
	CU_ASSERT_EQUAL(n, 16);
}

static bool is_rx_again(const u8 *h, u32 avail, const struct nx_flow_key *key)
{
	return key->ip_version == 4 ? nx_rx_is_again_ipv4(h, avail, key) :
				      nx_rx_is_again_ipv6(h, avail, key);
}

/* The same in two steps. A datagram without a checksum is no like one. */
static bool is_rx_same(const u8 *h, u32 avail, const struct nx_flow_key *key)
{
	struct nx_packet p;
	enum nx_parse what;

	what = key->ip_version == 4 ? nx_parse_ipv4(h, avail, false, &p) :
				      nx_parse_ipv6(h, avail, false, &p);
	return what == NX_PARSE_OK && p.has_csum &&
	       nx_flow_key_equal(&p.key, key);
}

/* Each value of each byte, and of two at once where lengths and sums stand. */
static void check_rx_again(const u8 *packet, u32 len, const struct nx_flow_key *key)
{
	u32 at, value, n;
	u8 h[64] = { 0 };

	CU_ASSERT_TRUE(is_rx_again(packet, len, key));
	memcpy(h, packet, len);
	for (n = 0; n <= 64; n++)
		UNIT_ROW(n, is_rx_again(h, n, key), is_rx_same(h, n, key));
	for (at = 0; at + 1 < len; at++) {
		for (value = 0; value < 0x10000; value += value < 0x200 ? 1 : 0xff) {
			h[at] = (u8)(value >> 8);
			h[at + 1] = (u8)value;
			UNIT_ROW(at << 16 | value, is_rx_again(h, len, key),
				 is_rx_same(h, len, key));
		}
		memcpy(h, packet, len);
	}
}

/* Both lengths at once, which have to agree. */
static void check_rx_lengths(const u8 *packet, u32 len, u32 ip_at, u32 udp_at,
			     const struct nx_flow_key *key)
{
	u8 h[64] = { 0 };
	u32 ip, udp;

	memcpy(h, packet, len);
	for (ip = 0; ip < 300; ip++) {
		for (udp = 0; udp < 300; udp++) {
			h[ip_at] = (u8)(ip >> 8);
			h[ip_at + 1] = (u8)ip;
			h[udp_at] = (u8)(udp >> 8);
			h[udp_at + 1] = (u8)udp;
			UNIT_ROW(ip << 16 | udp, is_rx_again(h, len, key),
				 is_rx_same(h, len, key));
		}
	}
}

static void nx_rx_is_again__says_what_parsing_and_comparing_say(void)
{
	struct nx_packet p4, p6;

	nx_parse_ipv4(udp4, sizeof(udp4), false, &p4);
	nx_parse_ipv6(udp6, sizeof(udp6), false, &p6);
	check_rx_again(udp4, sizeof(udp4), &p4.key);
	check_rx_again(udp6, sizeof(udp6), &p6.key);
	check_rx_lengths(udp4, sizeof(udp4), 2, 24, &p4.key);
	check_rx_lengths(udp6, sizeof(udp6), 4, 44, &p6.key);
	CU_ASSERT_FALSE(is_rx_again(udp4, sizeof(udp4), &p6.key));
	CU_ASSERT_FALSE(is_rx_again(udp6, sizeof(udp6), &p4.key));
}

/* What an attacker on the link sends: addresses and ports stand where they should. */
static void nx_rx_is_again__knows_the_version(void)
{
	struct nx_packet p4, p6;
	u8 h4[32], h6[52];

	nx_parse_ipv4(udp4, sizeof(udp4), false, &p4);
	nx_parse_ipv6(udp6, sizeof(udp6), false, &p6);
	memcpy(h4, udp4, sizeof(h4));
	memcpy(h4 + 12, &p6.key.remote, 4);
	memcpy(h4 + 16, &p6.key.local, 4);
	memcpy(h4 + 20, &p6.key.remote_port, 2);
	memcpy(h4 + 22, &p6.key.local_port, 2);
	CU_ASSERT_FALSE(nx_rx_is_again_ipv4(h4, sizeof(h4), &p6.key));
	memcpy(h6, udp6, sizeof(h6));
	memcpy(h6 + 8, &p4.key.remote, 16);
	memcpy(h6 + 24, &p4.key.local, 16);
	memcpy(h6 + 40, &p4.key.remote_port, 2);
	memcpy(h6 + 42, &p4.key.local_port, 2);
	CU_ASSERT_FALSE(nx_rx_is_again_ipv6(h6, sizeof(h6), &p4.key));
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_ipv4_csum_is_right__knows_one_bit),
	UNIT_CASE(nx_icmp_is_error__knows_which_types_quote),
	UNIT_CASE(nx_parse_ipv4__sees_each_side_as_local),
	UNIT_CASE(nx_parse_ipv4__leaves_the_rest_to_the_kernel),
	UNIT_CASE(nx_parse_ipv4__tells_icmp_errors_from_echo),
	UNIT_CASE(nx_parse_ipv6__does_the_same),
	UNIT_CASE(nx_parse_ipv4__reads_a_segment),
	UNIT_CASE(nx_parse_ipv6__lets_no_segment_be_fragmented),
	UNIT_CASE_ID(nx_tx_parse__checks_where_the_payload_begins,
		     "META-2 data offsets that lie"),
	UNIT_CASE_ID(nx_tx_parse__lets_sane_flags_leave,
		     "META-2 all combinations of TCP flags"),
	UNIT_CASE_ID(nx_flow_may_send__checks_every_field,
		     "META-2 the check itself"),
	UNIT_CASE(nx_tx_parse__checks_the_length_of_the_packet),
	UNIT_CASE(nx_tx_parse__knows_ip_versions_4_and_6_only),
	UNIT_CASE_ID(nx_tx_is_again__says_what_parsing_and_comparing_say,
		     "META-2 the check of packets like one before"),
	UNIT_CASE_ID(nx_tx_is_again__leaves_unusual_flags_to_parsing,
		     "META-2 all combinations of TCP flags behind a segment"),
	UNIT_CASE_ID(nx_rx_is_again__knows_the_version,
		     "FLOW-1 a datagram of the other version is no like one"),
	UNIT_CASE_ID(nx_rx_is_again__says_what_parsing_and_comparing_say,
		     "FLOW-1 the check of datagrams that arrive like one before"),
	UNIT_CASE_ID(nx_parse_quoted__finds_the_sender_of_a_quoted_datagram,
		     "FLOW-10 whom a quotation concerns"),
	UNIT_CASE(nx_parse_quoted__needs_a_first_fragment_of_a_flow),
};

UNIT_SUITE(core_packet_suite, "core/packet", cases);
