// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * TCP headers (RFC 9293 section 3.1) and the options that may follow them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <nexus/wire.h>

#include "tcp_plain.h"

/* IANA, "TCP Option Kind Numbers". */
#define KIND_END	0
#define KIND_NOP	1
#define KIND_MSS	2
#define KIND_WSCALE	3
#define KIND_SACK_OK	4
#define KIND_SACK	5
#define KIND_TS		8
#define KIND_FAST_OPEN	34
#define KIND_ACCECN0	172
#define KIND_ACCECN1	174

#define LEN_MSS		4
#define LEN_WSCALE	3
#define LEN_SACK_OK	2
#define LEN_TS		10
#define LEN_SACK(nr)	(2 + 8 * (nr))
#define LEN_ACCECN(nr)	(2 + 3 * (nr))

/* RFC 7413 section 4.1.1: 4 to 16 bytes, an even number, or none. */
#define COOKIE_MIN	4

#define COUNTERS	(NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_ECEB | \
			 NEXUS_WIRE_TCP_EE1B)
#define SYN_ONLY	(NEXUS_WIRE_TCP_MSS | NEXUS_WIRE_TCP_WSCALE | \
			 NEXUS_WIRE_TCP_SACK_OK | NEXUS_WIRE_TCP_FAST_OPEN)

/* A timestamp alone, as nearly every segment has it. */
#define TS_ALONE_LEN	(NX_TCP_PLAIN_LEN - NEXUS_WIRE_TCP_LEN)

_Static_assert(NX_TCP_TS_ALONE == (KIND_NOP << 24 | KIND_NOP << 16 |
				   KIND_TS << 8 | LEN_TS), "RFC 7323 appendix A");

static uint32_t get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | nx_get16(p + 1);
}

static void put24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	nx_put16(p + 1, (uint16_t)v);
}

/* -------------------------------------------------------------- reading */

static void get_ts(struct nexus_wire_tcp *tcp, const uint8_t *value)
{
	tcp->ts_val = nx_get32(value);
	tcp->ts_ecr = nx_get32(value + 4);
	tcp->has |= NEXUS_WIRE_TCP_TS;
}

static void get_sack(struct nexus_wire_tcp *tcp, const uint8_t *value,
		     size_t len)
{
	size_t i, nr = len / 8;

	if (!nr || len % 8)
		return;
	for (i = 0; i < nr; i++) {
		tcp->sacks[i].left = nx_get32(value + 8 * i);
		tcp->sacks[i].right = nx_get32(value + 8 * i + 4);
	}
	tcp->nr_sacks = (uint8_t)nr;
	tcp->has |= NEXUS_WIRE_TCP_SACK;
}

static void get_cookie(struct nexus_wire_tcp *tcp, const uint8_t *value,
		       size_t len)
{
	if (len && (len < COOKIE_MIN || len > NEXUS_WIRE_TCP_COOKIE_MAX ||
		    len % 2))
		return;
	memcpy(tcp->cookie, value, len);
	tcp->cookie_len = (uint8_t)len;
	tcp->has |= NEXUS_WIRE_TCP_FAST_OPEN;
}

/*
 * RFC 9768 section 3.2.3: counters may be missing from the end; what is not a
 * whole counter, and what follows the third, is not looked at.
 */
static void get_accecn(struct nexus_wire_tcp *tcp, uint8_t kind,
		       const uint8_t *value, size_t len)
{
	tcp->has |= NEXUS_WIRE_TCP_ACCECN;
	if (len >= 3) {
		*(kind == KIND_ACCECN0 ? &tcp->ee0b : &tcp->ee1b) = get24(value);
		tcp->has |= kind == KIND_ACCECN0 ? NEXUS_WIRE_TCP_EE0B :
						   NEXUS_WIRE_TCP_EE1B;
	}
	if (len >= 6) {
		tcp->eceb = get24(value + 3);
		tcp->has |= NEXUS_WIRE_TCP_ECEB;
	}
	if (len >= 9) {
		*(kind == KIND_ACCECN0 ? &tcp->ee1b : &tcp->ee0b) =
			get24(value + 6);
		tcp->has |= COUNTERS;
	}
}

/* An option that only a SYN has; @len is that of its value. */
static void get_syn_option(struct nexus_wire_tcp *tcp, uint8_t kind,
			   const uint8_t *value, size_t len)
{
	if (kind == KIND_MSS && len == LEN_MSS - 2) {
		tcp->mss = nx_get16(value);
		tcp->has |= NEXUS_WIRE_TCP_MSS;
	} else if (kind == KIND_WSCALE && len == LEN_WSCALE - 2) {
		tcp->wscale = *value < NEXUS_WIRE_TCP_WSCALE_MAX ?
			      *value : NEXUS_WIRE_TCP_WSCALE_MAX;
		tcp->has |= NEXUS_WIRE_TCP_WSCALE;
	} else if (kind == KIND_SACK_OK && len == LEN_SACK_OK - 2) {
		tcp->has |= NEXUS_WIRE_TCP_SACK_OK;
	} else if (kind == KIND_FAST_OPEN) {
		get_cookie(tcp, value, len);
	}
}

/* What an option of this kind would set in @has. */
static uint16_t kind_has(uint8_t kind)
{
	switch (kind) {
	case KIND_MSS:
		return NEXUS_WIRE_TCP_MSS;
	case KIND_WSCALE:
		return NEXUS_WIRE_TCP_WSCALE;
	case KIND_SACK_OK:
		return NEXUS_WIRE_TCP_SACK_OK;
	case KIND_SACK:
		return NEXUS_WIRE_TCP_SACK;
	case KIND_TS:
		return NEXUS_WIRE_TCP_TS;
	case KIND_FAST_OPEN:
		return NEXUS_WIRE_TCP_FAST_OPEN;
	case KIND_ACCECN0:
	case KIND_ACCECN1:
		return NEXUS_WIRE_TCP_ACCECN;
	default:
		return 0;
	}
}

static void get_option(struct nexus_wire_tcp *tcp, uint8_t kind,
		       const uint8_t *value, size_t len)
{
	bool is_syn = tcp->flags & NEXUS_WIRE_TCP_SYN;
	uint16_t has = kind_has(kind);

	if (!has || tcp->has & has)
		return;
	if (has & SYN_ONLY) {
		if (is_syn)
			get_syn_option(tcp, kind, value, len);
	} else if (has == NEXUS_WIRE_TCP_TS) {
		if (len == LEN_TS - 2)
			get_ts(tcp, value);
	} else if (has == NEXUS_WIRE_TCP_ACCECN) {
		get_accecn(tcp, kind, value, len);
	} else if (!is_syn) {
		get_sack(tcp, value, len);
	}
}

static bool get_options(struct nexus_wire_tcp *tcp, const uint8_t *p,
			size_t len)
{
	if (len == TS_ALONE_LEN && nx_get32(p) == NX_TCP_TS_ALONE) {
		get_ts(tcp, p + 4);
		return true;
	}
	while (len && *p != KIND_END) {
		if (*p == KIND_NOP) {
			p++;
			len--;
			continue;
		}
		if (len < 2 || p[1] < 2 || p[1] > len)
			return false;
		get_option(tcp, p[0], p + 2, p[1] - 2u);
		len -= p[1];
		p += p[1];
	}
	return true;
}

static bool are_flags_legal(uint16_t flags)
{
	return !(flags & NEXUS_WIRE_TCP_SYN) ||
	       !(flags & (NEXUS_WIRE_TCP_FIN | NEXUS_WIRE_TCP_RST));
}

int nexus_wire_tcp_parse(struct nexus_wire_tcp *tcp, const void *data,
			 size_t len)
{
	const uint8_t *p = data;
	size_t hdr_len;

	if (len < NEXUS_WIRE_TCP_LEN)
		return -EMSGSIZE;
	hdr_len = (p[12] >> 4) * 4u;
	if (hdr_len < NEXUS_WIRE_TCP_LEN)
		return -EBADMSG;
	if (len < hdr_len)
		return -EMSGSIZE;

	tcp->src_port = nx_get16(p);
	tcp->dst_port = nx_get16(p + 2);
	tcp->seq = nx_get32(p + 4);
	tcp->ack = nx_get32(p + 8);
	tcp->flags = nx_get16(p + 12) & NEXUS_WIRE_TCP_FLAGS;
	tcp->window = nx_get16(p + 14);
	memcpy(&tcp->checksum, p + 16, sizeof(tcp->checksum));
	tcp->urgent = nx_get16(p + 18);
	tcp->has = 0;
	tcp->nr_sacks = 0;
	tcp->cookie_len = 0;
	tcp->reserved = 0;
	if (!tcp->src_port || !tcp->dst_port || !are_flags_legal(tcp->flags) ||
	    !get_options(tcp, p + NEXUS_WIRE_TCP_LEN,
			 hdr_len - NEXUS_WIRE_TCP_LEN))
		return -EBADMSG;
	return (int)hdr_len;
}

/* RFC 792: a router quotes 8 bytes at least. */
#define QUOTED_LEN	8

int nexus_wire_tcp_parse_quoted(struct nexus_wire_tcp *tcp, const void *data,
				size_t len)
{
	const uint8_t *p = data;

	if (len < QUOTED_LEN)
		return -EMSGSIZE;
	memset(tcp, 0, sizeof(*tcp));
	tcp->src_port = nx_get16(p);
	tcp->dst_port = nx_get16(p + 2);
	tcp->seq = nx_get32(p + 4);
	return tcp->src_port && tcp->dst_port ? QUOTED_LEN : -EBADMSG;
}

/* -------------------------------------------------------------- writing */

static size_t aligned(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static size_t nr_counters(uint16_t has)
{
	return (size_t)__builtin_popcount(has & COUNTERS);
}

/* SACK-permitted stands in the gap in front of a timestamp, if there is one. */
size_t nexus_wire_tcp_len(const struct nexus_wire_tcp *tcp)
{
	size_t len = NEXUS_WIRE_TCP_LEN;
	uint16_t has = tcp->has;

	if (has == NEXUS_WIRE_TCP_TS)
		return len + TS_ALONE_LEN;
	if (has & NEXUS_WIRE_TCP_MSS)
		len += LEN_MSS;
	if (has & NEXUS_WIRE_TCP_TS)
		len += aligned(LEN_TS);
	else if (has & NEXUS_WIRE_TCP_SACK_OK)
		len += aligned(LEN_SACK_OK);
	if (has & NEXUS_WIRE_TCP_WSCALE)
		len += aligned(LEN_WSCALE);
	if (has & NEXUS_WIRE_TCP_FAST_OPEN)
		len += aligned(2 + (size_t)tcp->cookie_len);
	if (has & NEXUS_WIRE_TCP_ACCECN)
		len += aligned(LEN_ACCECN(nr_counters(has)));
	if (has & NEXUS_WIRE_TCP_SACK)
		len += aligned((size_t)LEN_SACK(tcp->nr_sacks));
	return len;
}

/* Kind and length, with NOPs in front so that the option ends at a word's end. */
static uint8_t *put_kind(uint8_t *p, uint8_t kind, size_t len)
{
	size_t nr_nops = aligned(len) - len;

	memset(p, KIND_NOP, nr_nops);
	p += nr_nops;
	p[0] = kind;
	p[1] = (uint8_t)len;
	return p + 2;
}

static void put_ts_alone(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	nx_put32(p, NX_TCP_TS_ALONE);
	nx_put32(p + 4, tcp->ts_val);
	nx_put32(p + 8, tcp->ts_ecr);
}

static uint8_t *put_ts(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	uint8_t *value = put_kind(p, KIND_TS, LEN_TS);

	nx_put32(value, tcp->ts_val);
	nx_put32(value + 4, tcp->ts_ecr);
	if (tcp->has & NEXUS_WIRE_TCP_SACK_OK) {
		p[0] = KIND_SACK_OK;
		p[1] = LEN_SACK_OK;
	}
	return value + 8;
}

static uint8_t *put_sack(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	size_t i;

	p = put_kind(p, KIND_SACK, (size_t)LEN_SACK(tcp->nr_sacks));
	for (i = 0; i < tcp->nr_sacks; i++, p += 8) {
		nx_put32(p, tcp->sacks[i].left);
		nx_put32(p + 4, tcp->sacks[i].right);
	}
	return p;
}

static bool is_order1(uint16_t has)
{
	return has & NEXUS_WIRE_TCP_EE1B && !(has & NEXUS_WIRE_TCP_EE0B);
}

static uint8_t *put_accecn(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	bool order1 = is_order1(tcp->has);
	size_t nr = nr_counters(tcp->has);

	p = put_kind(p, order1 ? KIND_ACCECN1 : KIND_ACCECN0, LEN_ACCECN(nr));
	if (nr >= 1)
		put24(p, order1 ? tcp->ee1b : tcp->ee0b);
	if (nr >= 2)
		put24(p + 3, tcp->eceb);
	if (nr >= 3)
		put24(p + 6, tcp->ee1b);
	return p + 3 * nr;
}

static uint8_t *put_mss(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	p = put_kind(p, KIND_MSS, LEN_MSS);
	nx_put16(p, tcp->mss);
	return p + 2;
}

static uint8_t *put_wscale(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	p = put_kind(p, KIND_WSCALE, LEN_WSCALE);
	*p = tcp->wscale;
	return p + 1;
}

static uint8_t *put_cookie(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	p = put_kind(p, KIND_FAST_OPEN, 2 + (size_t)tcp->cookie_len);
	memcpy(p, tcp->cookie, tcp->cookie_len);
	return p + tcp->cookie_len;
}

/* In the order of Linux, which is what middleboxes have seen most. */
static void put_options(const struct nexus_wire_tcp *tcp, uint8_t *p)
{
	uint16_t has = tcp->has;

	if (has == NEXUS_WIRE_TCP_TS) {
		put_ts_alone(tcp, p);
		return;
	}
	if (has & NEXUS_WIRE_TCP_MSS)
		p = put_mss(tcp, p);
	if (has & NEXUS_WIRE_TCP_TS)
		p = put_ts(tcp, p);
	else if (has & NEXUS_WIRE_TCP_SACK_OK)
		p = put_kind(p, KIND_SACK_OK, LEN_SACK_OK);
	if (has & NEXUS_WIRE_TCP_WSCALE)
		p = put_wscale(tcp, p);
	if (has & NEXUS_WIRE_TCP_FAST_OPEN)
		p = put_cookie(tcp, p);
	if (has & NEXUS_WIRE_TCP_ACCECN)
		p = put_accecn(tcp, p);
	if (has & NEXUS_WIRE_TCP_SACK)
		put_sack(tcp, p);
}

/* Counters need the option, and ECEB or a third one those in front of it. */
static bool are_counters_legal(uint16_t has)
{
	if (!(has & NEXUS_WIRE_TCP_ACCECN))
		return !(has & COUNTERS);
	return nr_counters(has) == 3 ||
	       ((has & COUNTERS) != NEXUS_WIRE_TCP_ECEB &&
		(has & COUNTERS) != (NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_EE1B));
}

static bool are_options_legal(const struct nexus_wire_tcp *tcp)
{
	bool is_syn = tcp->flags & NEXUS_WIRE_TCP_SYN;
	uint8_t len = tcp->cookie_len;

	if (tcp->has == NEXUS_WIRE_TCP_TS)
		return true;
	if (tcp->has & (is_syn ? NEXUS_WIRE_TCP_SACK : SYN_ONLY))
		return false;
	if (tcp->has & NEXUS_WIRE_TCP_WSCALE &&
	    tcp->wscale > NEXUS_WIRE_TCP_WSCALE_MAX)
		return false;
	if (tcp->has & NEXUS_WIRE_TCP_SACK &&
	    (!tcp->nr_sacks || tcp->nr_sacks > NEXUS_WIRE_TCP_SACKS_MAX))
		return false;
	if (tcp->has & NEXUS_WIRE_TCP_FAST_OPEN && len &&
	    (len < COOKIE_MIN || len > NEXUS_WIRE_TCP_COOKIE_MAX || len % 2))
		return false;
	return are_counters_legal(tcp->has);
}

int nexus_wire_tcp_build(const struct nexus_wire_tcp *tcp, void *buf,
			 size_t size)
{
	size_t len = nexus_wire_tcp_len(tcp);
	uint8_t *p = buf;

	if (!tcp->src_port || !tcp->dst_port || !are_flags_legal(tcp->flags) ||
	    tcp->flags & ~NEXUS_WIRE_TCP_FLAGS || !are_options_legal(tcp) ||
	    len > NEXUS_WIRE_TCP_LEN_MAX)
		return -EINVAL;
	if (size < len)
		return -ENOSPC;
	nx_put16(p, tcp->src_port);
	nx_put16(p + 2, tcp->dst_port);
	nx_put32(p + 4, tcp->seq);
	nx_put32(p + 8, tcp->ack);
	nx_put16(p + 12, (uint16_t)(len / 4 << 12 | tcp->flags));
	nx_put16(p + 14, tcp->window);
	memcpy(p + 16, &tcp->checksum, sizeof(tcp->checksum));
	nx_put16(p + 18, tcp->urgent);
	put_options(tcp, p + NEXUS_WIRE_TCP_LEN);
	return (int)len;
}

/* ------------------------------------------------------------- checksum */

uint16_t nexus_wire_tcp_checksum(unsigned int version, const void *src,
				 const void *dst, const void *data, size_t len)
{
	uint32_t sum = nexus_wire_pseudo_sum(version, src, dst, IPPROTO_TCP,
					     (uint32_t)len);

	return nexus_wire_fold(nexus_wire_sum(sum, data, len));
}

bool nexus_wire_tcp_verify(unsigned int version, const void *src,
			   const void *dst, const void *data, size_t len)
{
	return len >= NEXUS_WIRE_TCP_LEN &&
	       nexus_wire_tcp_checksum(version, src, dst, data, len) == 0;
}
