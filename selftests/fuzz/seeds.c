// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the seed corpus: for each target a few inputs that go deep, made by the
 * library's own builders. Usage: seeds DIRECTORY
 */
#include <netinet/in.h>
#include <nexus/nexus.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *root;

static void write_seed(const char *target, const char *name, const void *data,
		       size_t len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", root, target, name);
	file = fopen(path, "wb");
	if (!file || fwrite(data, 1, len, file) != len || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* ------------------------------------------------------------- datagrams */

static size_t ipv4(uint8_t *p, uint8_t protocol, size_t payload_len,
		   uint8_t options_len, bool is_fragment)
{
	struct nexus_wire_ipv4 ip = {
		.src = { 192, 0, 2, 1 }, .dst = { 192, 0, 2, 2 }, .ttl = 64,
		.protocol = protocol, .id = 7, .options_len = options_len,
		.has_mf = is_fragment, .has_df = !is_fragment,
	};

	memset(ip.options, 1, options_len);
	ip.total_len = (uint16_t)(20 + options_len + payload_len);
	return (size_t)nexus_wire_ipv4_build(&ip, p, 60);
}

static size_t ipv6(uint8_t *p, uint8_t next, size_t payload_len)
{
	struct nexus_wire_ipv6 ip = {
		.src = { 0x20, 1, 0xd, 0xb8 }, .dst = { 0xfe, 0x80 },
		.hop_limit = 64, .next_header = next,
		.payload_len = (uint16_t)payload_len,
	};

	return (size_t)nexus_wire_ipv6_build(&ip, p, 40);
}

static size_t udp(uint8_t *p, size_t payload_len)
{
	struct nexus_wire_udp header = {
		.src_port = 1000, .dst_port = 53, .checksum = 1,
		.len = (uint16_t)(8 + payload_len),
	};

	nexus_wire_udp_build(&header, p, 8);
	memset(p + 8, 'x', payload_len);
	return 8 + payload_len;
}

/* With the two bytes of length that core_packet begins with. */
static void core_seed(const char *name, const uint8_t *packet, size_t len)
{
	uint8_t seed[600];
	uint16_t len16 = (uint16_t)len;

	memcpy(seed, &len16, 2);
	memcpy(seed + 2, packet, len);
	write_seed("core_packet", name, seed, len + 2);
}

static void datagrams(void)
{
	uint8_t p[512];
	size_t len;

	len = ipv4(p, IPPROTO_UDP, 12, 0, false);
	len += udp(p + len, 4);
	write_seed("wire_ipv4", "udp", p, len);
	core_seed("udp4", p, len);
	write_seed("wire_udp", "udp", p + 20, len - 20);
	len = ipv4(p, IPPROTO_UDP, 16, 8, true);
	write_seed("wire_ipv4", "options", p, len);

	len = ipv6(p, IPPROTO_UDP, 12);
	len += udp(p + len, 4);
	write_seed("wire_ipv6", "udp", p, len);
	core_seed("udp6", p, len);
	len = ipv6(p, IPPROTO_HOPOPTS, 32);
	memset(p + len, 0, 32);
	p[len] = IPPROTO_ROUTING;
	p[len + 8] = IPPROTO_FRAGMENT;
	p[len + 16] = IPPROTO_DSTOPTS;
	p[len + 24] = IPPROTO_UDP;
	write_seed("wire_ipv6", "extensions", p, len + 32);
}

/* ------------------------------------------------------------------ TCP */

static void tcp(void)
{
	static const struct nexus_wire_tcp segments[] = {
		{ .flags = NEXUS_WIRE_TCP_SYN, .mss = 1460, .wscale = 7,
		  .cookie_len = 8, .has = NEXUS_WIRE_TCP_MSS |
		  NEXUS_WIRE_TCP_WSCALE | NEXUS_WIRE_TCP_SACK_OK |
		  NEXUS_WIRE_TCP_TS | NEXUS_WIRE_TCP_FAST_OPEN },
		{ .flags = NEXUS_WIRE_TCP_ACK, .nr_sacks = 3, .has =
		  NEXUS_WIRE_TCP_TS | NEXUS_WIRE_TCP_SACK },
		{ .flags = NEXUS_WIRE_TCP_ACK | NEXUS_WIRE_TCP_AE, .has =
		  NEXUS_WIRE_TCP_TS | NEXUS_WIRE_TCP_ACCECN |
		  NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_ECEB |
		  NEXUS_WIRE_TCP_EE1B },
	};
	uint8_t p[NEXUS_WIRE_TCP_LEN_MAX];
	struct nexus_wire_tcp segment;
	char name[16];
	size_t i;
	int len;

	for (i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		segment = segments[i];
		segment.src_port = 1000;
		segment.dst_port = 80;
		len = nexus_wire_tcp_build(&segment, p, sizeof(p));
		snprintf(name, sizeof(name), "tcp%zu", i);
		write_seed("wire_tcp", name, p, (size_t)len);
	}
}

/* ----------------------------------------------------------------- ICMP */

static void icmp(void)
{
	static const struct nexus_wire_icmp messages[] = {
		{ .type = 3, .code = 3 }, { .type = 3, .code = 4, .mtu = 1280 },
		{ .type = 8, .id = 1, .seq = 2 }, { .type = 12, .pointer = 20 },
	};
	uint8_t p[128];
	char name[16];
	size_t i, len;

	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		nexus_wire_icmp_build(&messages[i], p, 8);
		snprintf(name, sizeof(name), "icmp%zu", i);
		write_seed("wire_icmp", name, p, 8);
	}
	nexus_wire_icmp_build(&messages[0], p, 8);
	len = 8 + ipv4(p + 8, IPPROTO_UDP, 12, 0, false);
	len += udp(p + len, 4);
	core_seed("quoted4", p, len);
	len = 8 + ipv6(p + 8, IPPROTO_UDP, 12);
	len += udp(p + len, 4);
	core_seed("quoted6", p, len);
}

/* ----------------------------------------------------------- connections */

static void connections(void)
{
	static const uint8_t active[] = {
		8, 0x7f, 0,
		/* SYN-ACK, data both ways, a SACK, time, FIN. */
		0, 2, 0x12, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0,
		2, 0, 0xff, 0x7f,
		0, 1, 0x10, 0, 0, 0, 0, 0, 0xff, 0xff, 0x64, 0,
		0, 0x21, 0x10, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 8, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0x50, 0x10, 0, 0x20,
		3, 0xe8, 3, 2, 2, 0, 0, 2, 3, 0, 0,
		0, 3, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 3, 0xff, 0xff,
	};
	static const uint8_t passive[] = {
		1, 0x7f, 2,
		0, 0, 0xc2, 1, 0, 0, 0, 0, 0xff, 0xff, 0, 0,
		0, 3, 0x10, 0, 0, 0, 0, 0, 0xff, 0xff, 0x10, 0,
		2, 0, 0xff, 0x7f, 2, 0, 0xff, 0x7f, 3, 0xff, 0xff, 2, 9, 0, 0,
	};
	static const uint8_t pieces[] = {
		0x2c, 1, 0x63, 0, 0, 0x90, 1, 0x63, 0, 0, 0x5e, 1, 0xc7, 0, 1,
		0, 0, 0xe7, 3, 1, 0xc4, 9, 0xe7, 3, 0,
	};

	write_seed("tcp_conn", "active", active, sizeof(active));
	write_seed("tcp_conn", "passive", passive, sizeof(passive));
	write_seed("tcp_recvq", "pieces", pieces, sizeof(pieces));
}

/* ------------------------------------------------------------- the rest */

static void addresses(void)
{
	static const char *const texts[] = {
		"192.0.2.1:53", "[2001:db8::1]:53", "fe80::1%1", "*:53",
		"[::ffff:1.2.3.4%lo]:65535",
	};
	char name[16];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(name, sizeof(name), "addr%zu", i);
		write_seed("addr", name, texts[i], strlen(texts[i]));
	}
}

static void schema(void)
{
	union {
		struct nexus_schema	s;
		uint64_t		words[128];
	} u = { 0 };
	struct nexus_ring_info *info = (void *)&u.words[16];
	static const uint32_t slot_sizes[] = { 64, 64, 4, 4, 4, 32 };
	unsigned int ring;

	u.s.magic = NEXUS_SCHEMA_MAGIC;
	u.s.abi_version = NEXUS_ABI_VERSION;
	u.s.state = NEXUS_CHANNEL_ACTIVE;
	u.s.nr_queues = 1;
	u.s.desc_size = sizeof(struct nexus_desc);
	u.s.event_size = sizeof(struct nexus_event);
	u.s.parts_max = NEXUS_PARTS_MAX;
	u.s.nr_flows = 16;
	u.s.flow_advisory_off = 64;
	u.s.flow_advisory_size = 64;
	u.s.rings_off = 128;
	u.s.sizes[NEXUS_SMALL].nr = 64;
	u.s.sizes[NEXUS_SMALL].size = NEXUS_SMALL_SIZE;
	u.s.sizes[NEXUS_LARGE].first = 64;
	u.s.sizes[NEXUS_LARGE].nr = 2;
	u.s.sizes[NEXUS_LARGE].size = NEXUS_LARGE_SIZE;
	u.s.sizes[NEXUS_LARGE].off = 64 * NEXUS_SMALL_SIZE;
	for (ring = 0; ring < NEXUS_NR_RINGS; ring++) {
		info[ring].nr_slots = 64;
		info[ring].slot_size = slot_sizes[ring];
		info[ring].prod_off = ring * 64;
		info[ring].cons_off = ring * 64;
		info[ring].slots_off = 4096 + ring * 4096;
	}
	write_seed("schema", "good", &u, sizeof(u));
}

static void rings(void)
{
	static const uint8_t moves[] = {
		3, 0xf0, 0xff, 0xff, 0xff, 1, 8, 0, 8, 1, 12, 3, 0, 0, 0, 0,
		0, 6, 2, 1, 2, 3, 4,
	};
	struct nexus_desc d[2] = { { 0 } };

	write_seed("core_ring", "moves", moves, sizeof(moves));
	d[0].buf = 5;
	d[0].off = 100;
	d[0].len = 1948;
	d[0].flow = 3;
	d[0].flags = NEXUS_DESC_CSUM;
	d[1].flow = 3;
	d[1].flags = NEXUS_DESC_MORE;
	write_seed("core_desc", "part", d, sizeof(d));
}

/* Data, its acknowledgement late, and a forged segment. */
static void tracked(void)
{
	static const uint8_t moves[] = {
		0xf0, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 100, 0, 3, 50, 0,
		3, 9, 0, 4, 1, 0, 4, 0, 0, 2, 0, 0, 1, 0, 0,
		5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 10, 0, 16, 0, 16, 0, 255,
	};

	write_seed("core_tcp_track", "moves", moves, sizeof(moves));
}

/* Payload, key updates, alerts; whole, padded, in pieces; and what nobody sealed. */
static void records(void)
{
	static const uint8_t steps[] = {
		3, 4, 5, 0, 0xff, 0, 0, 'n', 'e', 'x', 'u', 's',
		0xa4, 3, 0, 7, 0, 40, 'a', 'b', 0,
		2, 5, 0, 0xff, 0, 0, 24, 0, 0, 1, 1,
		2, 2, 0, 1, 0, 0, 24, 0, 2, 3, 0, 1, 0, 0, 0, 1, 0,
		0x84, 1, 0, 0, 0, 0, 'x',
		1, 2, 0, 0xff, 0, 0, 1, 0,
	};
	static const uint8_t raw[] = {
		2, 0x40, 10, 0, 3, 0, 0, 23, 3, 3, 0, 17, 1, 2, 3, 4, 5,
	};

	write_seed("tls_record", "steps", steps, sizeof(steps));
	write_seed("tls_record", "raw", raw, sizeof(raw));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIRECTORY\n");
		return 1;
	}
	root = argv[1];
	mkdir(root, 0777);
	datagrams();
	tcp();
	icmp();
	addresses();
	schema();
	rings();
	tracked();
	records();
	connections();
	return 0;
}
