// SPDX-License-Identifier: GPL-2.0
/*
 * A TCP packet in one line like tcpdump's, read from its bytes alone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "trace.h"

/* Of TCP, at these offsets (RFC 9293 section 3.1). */
#define TCP_HEADER	20
#define OPTION_END	0
#define OPTION_NOP	1
#define OPTION_MSS	2
#define OPTION_WSCALE	3
#define OPTION_SACK_OK	4
#define OPTION_SACK	5
#define OPTION_TS	8
#define OPTION_FASTOPEN	34
#define OPTION_ACCECN0	172
#define OPTION_ACCECN1	174

static unsigned int get16(const uint8_t *p)
{
	return (unsigned int)(p[0] << 8 | p[1]);
}

static uint32_t get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | get16(p + 1);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void dump_flags(FILE *file, const uint8_t *tcp)
{
	static const char names[] = "FSRP.UEW";
	bool is_none = true;

	fputs("Flags [", file);
	for (int bit = 0; bit < 8; bit++) {
		if (!(tcp[13] & 1 << bit))
			continue;
		fputc(names[bit], file);
		is_none = false;
	}
	/* AccECN's AE flag (RFC 9768), as tcpdump shows it. */
	if (tcp[12] & 1)
		fputc('e', file);
	else if (is_none)
		fputs("none", file);
	fputc(']', file);
}

static void dump_sack(FILE *file, const uint8_t *p, unsigned int len)
{
	fprintf(file, "sack %u ", (len - 2) / 8);
	for (unsigned int i = 2; i + 8 <= len; i += 8)
		fprintf(file, "{%u:%u}", get32(p + i), get32(p + i + 4));
}

static void dump_accecn(FILE *file, const uint8_t *p, unsigned int len)
{
	fprintf(file, "accecn%c", p[0] == OPTION_ACCECN0 ? '0' : '1');
	for (unsigned int i = 2; i + 3 <= len; i += 3)
		fprintf(file, " %u", get24(p + i));
}

static void dump_option(FILE *file, const uint8_t *p, unsigned int len)
{
	if (p[0] == OPTION_MSS && len == 4)
		fprintf(file, "mss %u", get16(p + 2));
	else if (p[0] == OPTION_WSCALE && len == 3)
		fprintf(file, "wscale %u", p[2]);
	else if (p[0] == OPTION_SACK_OK && len == 2)
		fputs("sackOK", file);
	else if (p[0] == OPTION_SACK)
		dump_sack(file, p, len);
	else if (p[0] == OPTION_TS && len == 10)
		fprintf(file, "TS val %u ecr %u", get32(p + 2), get32(p + 6));
	else if (p[0] == OPTION_FASTOPEN)
		fprintf(file, "tfo %u", len - 2);
	else if (p[0] == OPTION_ACCECN0 || p[0] == OPTION_ACCECN1)
		dump_accecn(file, p, len);
	else
		fprintf(file, "option %u/%u", p[0], len);
}

static void dump_options(FILE *file, const uint8_t *p, unsigned int len)
{
	const char *before = ", options [";
	bool is_any = false;

	while (len && p[0] != OPTION_END) {
		unsigned int size = p[0] == OPTION_NOP ? 1 : len > 1 ? p[1] : 0;

		fputs(before, file);
		before = ",";
		is_any = true;
		if (!size || size > len || (p[0] != OPTION_NOP && size < 2)) {
			fputs("bad", file);
			break;
		}
		if (p[0] == OPTION_NOP)
			fputs("nop", file);
		else
			dump_option(file, p, size);
		p += size;
		len -= size;
	}
	if (is_any)
		fputc(']', file);
}

static void dump_tcp(FILE *file, const uint8_t *tcp, uint32_t len)
{
	unsigned int header = (tcp[12] >> 4) * 4;
	uint32_t seq = get32(tcp + 4), payload;

	if (header < TCP_HEADER || header > len) {
		fputs("bad header", file);
		return;
	}
	payload = len - header;
	dump_flags(file, tcp);
	/* Whoever has data, SYN, FIN or RST shows where. */
	if (payload)
		fprintf(file, ", seq %u:%u", seq, seq + payload);
	else if (tcp[13] & 7)
		fprintf(file, ", seq %u", seq);
	if (tcp[13] & 0x10)
		fprintf(file, ", ack %u", get32(tcp + 8));
	fprintf(file, ", win %u", get16(tcp + 14));
	dump_options(file, tcp + TCP_HEADER, header - TCP_HEADER);
	fprintf(file, ", length %u", payload);
}

void sim_dump(FILE *file, const struct sim_packet *packet)
{
	static const char *const ecn[] = { "", " ECT(1)", " ECT(0)", " CE" };
	const uint8_t *p = packet->data;
	bool is_ipv6 = p[0] >> 4 == 6;
	unsigned int ip = is_ipv6 ? 40 : (p[0] & 15) * 4;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	if (packet->len < ip + TCP_HEADER) {
		fprintf(file, "IP%s truncated", is_ipv6 ? "6" : "");
		return;
	}
	inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, p + (is_ipv6 ? 8 : 12), src,
		  sizeof(src));
	inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, p + (is_ipv6 ? 24 : 16), dst,
		  sizeof(dst));
	fprintf(file, "IP%s%s %s.%u > %s.%u: ", is_ipv6 ? "6" : "",
		ecn[sim_packet_ecn(packet)], src, get16(p + ip), dst,
		get16(p + ip + 2));
	dump_tcp(file, p + ip, packet->len - ip);
}
