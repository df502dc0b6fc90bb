// SPDX-License-Identifier: GPL-2.0
/*
 * What a peer must not send, and the alert that it gets (RFC 8446 section 6.2). The
 * peer has the keys: it is OpenSSL whose records this test seals itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../lib/tls/internal.h"
#include "../../../lib/tls/keys.h"
#include "ends.h"

/* Longer than any record may be. */
#define ROOM	20000

/**
 * struct forge - a peer that seals what it likes
 * @b:    the connection
 * @half: seals by the keys that the library's end opens by
 */
struct forge {
	struct ends		b;
	struct nx_tls_half	half;
};

/* The library's end knows the keys; with TLS 1.2, the key block does. */
static void steal_key(struct forge *f)
{
	const struct nx_tls_half *rx = &f->b.tls->rx;
	uint8_t block[2 * (32 + 12)];
	struct nx_tls_master m = { .len = 48 };
	SSL *ssl = f->b.peer;

	f->half = *rx;
	f->half.ctx = NULL;
	f->half.secret = nx_tls_secret_alloc();
	f->half.seals = true;
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->half.secret);
	*f->half.secret = *rx->secret;
	if (rx->version == TLS1_3_VERSION) {
		CU_ASSERT_EQUAL_FATAL(nx_tls_half_init_13(&f->half), 0);
		return;
	}
	SSL_SESSION_get_master_key(SSL_get_session(ssl), m.secret, 48);
	SSL_get_server_random(ssl, m.randoms, 32);
	SSL_get_client_random(ssl, m.randoms + 32, 32);
	CU_ASSERT_EQUAL(nx_tls_key_block(rx->md, &m, block, sizeof(block)), 0);
	CU_ASSERT_EQUAL_FATAL(nx_tls_half_init_12(&f->half, block +
				(f->b.is_server ? 0 : rx->aead->key_len)), 0);
}

static void start(struct forge *f, bool is_server, int version)
{
	ends_start(&f->b, is_server);
	ends_set_version(&f->b, version);
	ends_establish(&f->b);
	/* Tickets of the handshake are read. */
	ends_receive(&f->b, "x", 1);
	steal_key(f);
}

static void finish(struct forge *f)
{
	nx_tls_half_exit(&f->half);
	nx_tls_secret_free(f->half.secret);
	ends_end(&f->b);
}

static void inject(struct forge *f, uint8_t type, const void *data, size_t len)
{
	uint8_t record[ROOM];
	int n = nx_tls_seal(&f->half, type, data, len, record);

	CU_ASSERT_FATAL(n > 0);
	ends_inject(&f->b, record, (size_t)n);
}

/* Reading fails, and the peer is told why. */
static void check_refused(struct forge *f, int alert)
{
	struct nexus_tls_info info;
	char byte;

	CU_ASSERT_EQUAL(nexus_tls_read(f->b.tls, &byte, 1), -EBADMSG);
	nexus_tls_info(f->b.tls, &info);
	CU_ASSERT_EQUAL(info.alert_sent, alert);
	CU_ASSERT_EQUAL(nexus_tls_write(f->b.tls, "x", 1), -EBADMSG);
	ends_settle(&f->b);
	CU_ASSERT(SSL_read(f->b.peer, &byte, 1) <= 0);
	CU_ASSERT_EQUAL(ends_alert(&f->b), alert);
}

/**
 * struct row - one record after the handshake
 */
struct row {
	bool		is_server;
	int		version;
	uint8_t		type;
	const char	*data;
	size_t		len;
	int		alert;
};

#define V2	TLS1_2_VERSION
#define V3	TLS1_3_VERSION

static const struct row rows[] = {
	/* Types that there are not, or not any more. */
	{ true, V3, 20, "\1", 1, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V3, 24, "\1", 1, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V2, 20, "\1", 1, SSL_AD_UNEXPECTED_MESSAGE },
	/* Empty, or not of two bytes. */
	{ true, V3, 21, "", 0, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V3, 22, "", 0, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V2, 22, "", 0, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V3, 21, "\2", 1, SSL_AD_DECODE_ERROR },
	{ true, V3, 21, "\2\0\0", 3, SSL_AD_DECODE_ERROR },
	/* Key updates. */
	{ true, V3, 22, "\x18\0\0\1\2", 5, SSL_AD_ILLEGAL_PARAMETER },
	{ true, V3, 22, "\x18\0\0\2\0\0", 6, SSL_AD_DECODE_ERROR },
	{ true, V3, 22, "\x18\0\0\0", 4, SSL_AD_DECODE_ERROR },
	{ true, V3, 22, "\x18\0\0\1\0\x18\0\0\1\0", 10, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V2, 22, "\x18\0\0\1\0", 5, SSL_AD_UNEXPECTED_MESSAGE },
	/* Messages of the handshake, and tickets that a client sends. */
	{ true, V3, 22, "\1\0\0\0", 4, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V3, 22, "\4\0\0\0", 4, SSL_AD_UNEXPECTED_MESSAGE },
	{ false, V3, 22, "\x0d\0\0\0", 4, SSL_AD_UNEXPECTED_MESSAGE },
	{ false, V2, 22, "\4\0\0\0", 4, SSL_AD_UNEXPECTED_MESSAGE },
	{ true, V2, 22, "\0\0\0\0", 4, SSL_AD_UNEXPECTED_MESSAGE },
	/* A ticket that OpenSSL cannot read; one that is far too long. */
	{ false, V3, 22, "\4\0\0\0", 4, SSL_AD_DECODE_ERROR },
	{ false, V3, 22, "\4\xff\xff\xff", 4, SSL_AD_ILLEGAL_PARAMETER },
};

static void read__refused(void)
{
	struct forge f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		start(&f, rows[i].is_server, rows[i].version);
		inject(&f, rows[i].type, rows[i].data, rows[i].len);
		check_refused(&f, rows[i].alert);
		finish(&f);
	}
}

/* Headers that say too much, too little, or the wrong thing; the rest never comes. */
static void read__refused_by_its_header(void)
{
	static const struct {
		int version;
		const char *header;
		int alert;
	} headers[] = {
		{ V3, "\x17\3\3\x41\1", SSL_AD_RECORD_OVERFLOW },
		{ V2, "\x17\3\3\x48\1", SSL_AD_RECORD_OVERFLOW },
		{ V3, "\x17\3\3\0\x0f", SSL_AD_BAD_RECORD_MAC },
		{ V2, "\x17\3\3\0\x17", SSL_AD_BAD_RECORD_MAC },
		{ V3, "\x16\3\3\0\x20", SSL_AD_UNEXPECTED_MESSAGE },
		{ V3, "GET /", SSL_AD_UNEXPECTED_MESSAGE },
		{ V2, "\x13\3\3\0\x20", SSL_AD_UNEXPECTED_MESSAGE },
		{ V2, "\x17\3\1\0\x20", SSL_AD_PROTOCOL_VERSION },
	};
	struct forge f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		start(&f, true, headers[i].version);
		ends_inject(&f.b, headers[i].header, NX_TLS_HEADER_LEN);
		check_refused(&f, headers[i].alert);
		finish(&f);
	}
}

static void read__damaged(void)
{
	static const int versions[] = { V3, V2 };
	uint8_t record[64];
	struct forge f;
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		start(&f, true, versions[i]);
		inject(&f, NX_TLS_DATA, "a", 1);
		ends_receive_only(&f.b, "a", 1);
		n = nx_tls_seal(&f.half, NX_TLS_DATA, "nexus", 5, record);
		record[n - 20] ^= 1;
		ends_inject(&f.b, record, (size_t)n);
		check_refused(&f, SSL_AD_BAD_RECORD_MAC);
		finish(&f);
	}
}

/* Seals what nx_tls_seal() is not asked for: a content that ends in zeros. */
static void inject_padded(struct forge *f, const void *data, size_t len,
			  size_t padding)
{
	uint8_t record[ROOM] = { 0 }, *p = record + NX_TLS_HEADER_LEN;
	size_t content = len + padding;

	memcpy(p, data, len);
	nx_tls_seal_begin(&f->half, 0, content - 1, record);
	nx_tls_seal_update(&f->half, p, p, content - 1);
	nx_tls_seal_end(&f->half, padding ? 0 : p[len - 1], p + content - 1);
	ends_inject(&f->b, record, NX_TLS_HEADER_LEN + content + NX_TLS_TAG_LEN);
}

static void read__padded(void)
{
	static const size_t paddings[] = { 0, 1, 63, 64, 65, 1000, 16380 };
	struct forge f;
	size_t i;

	start(&f, true, V3);
	for (i = 0; i < ARRAY_SIZE(paddings); i++) {
		inject_padded(&f, "abc\x17", 4, paddings[i]);
		ends_receive_only(&f.b, "abc", 3);
	}
	/* Payload that ends in zeros itself. */
	inject_padded(&f, "a\0\0\x17", 4, 10);
	ends_receive_only(&f.b, "a\0\0", 3);
	finish(&f);
}

static void read__padding_alone(void)
{
	struct forge f;

	start(&f, true, V3);
	inject_padded(&f, "", 0, 100);
	check_refused(&f, SSL_AD_UNEXPECTED_MESSAGE);
	finish(&f);
}

/* RFC 8446 section 5.2: 2^14 bytes and the type, with all padding. */
static void read__too_much_inside(void)
{
	struct forge f;

	start(&f, true, V3);
	inject_padded(&f, "a\x17", 2, NX_TLS_PLAIN_MAX);
	check_refused(&f, SSL_AD_RECORD_OVERFLOW);
	finish(&f);
}

static void read__empty_records(void)
{
	struct forge f;
	unsigned int i;

	start(&f, true, V3);
	for (i = 0; i < 20; i++)
		inject(&f, NX_TLS_DATA, "", 0);
	inject(&f, NX_TLS_DATA, "a", 1);
	ends_receive_only(&f.b, "a", 1);
	for (i = 0; i < 40; i++)
		inject(&f, NX_TLS_DATA, "", 0);
	check_refused(&f, SSL_AD_UNEXPECTED_MESSAGE);
	finish(&f);
}

/* A message in several records, and one that payload interrupts. */
static void read__messages_in_pieces(void)
{
	struct nexus_tls_info info;
	struct forge f;

	start(&f, true, V3);
	inject(&f, NX_TLS_HANDSHAKE, "\x18\0", 2);
	inject(&f, NX_TLS_HANDSHAKE, "\0\1\1", 3);
	CU_ASSERT_EQUAL(nx_tls_half_update(&f.half), 0);
	inject(&f, NX_TLS_DATA, "a", 1);
	ends_receive_only(&f.b, "a", 1);
	nexus_tls_info(f.b.tls, &info);
	CU_ASSERT_EQUAL(info.updates_in, 1);
	CU_ASSERT_EQUAL(info.updates_out, 1);
	inject(&f, NX_TLS_HANDSHAKE, "\x18\0", 2);
	inject(&f, NX_TLS_DATA, "a", 1);
	check_refused(&f, SSL_AD_UNEXPECTED_MESSAGE);
	finish(&f);

	start(&f, true, V3);
	inject(&f, NX_TLS_HANDSHAKE, "\x18\0", 2);
	inject(&f, NX_TLS_ALERT, "\1\x5a", 2);
	check_refused(&f, SSL_AD_UNEXPECTED_MESSAGE);
	finish(&f);
}

/* However often a peer asks, it is answered once for what was read at once. */
static void read__many_requests(void)
{
	struct nexus_tls_info info;
	struct forge f;
	unsigned int i;

	start(&f, true, V3);
	for (i = 0; i < 10; i++) {
		inject(&f, NX_TLS_HANDSHAKE, "\x18\0\0\1\1", 5);
		CU_ASSERT_EQUAL(nx_tls_half_update(&f.half), 0);
	}
	inject(&f, NX_TLS_DATA, "a", 1);
	ends_receive_only(&f.b, "a", 1);
	nexus_tls_info(f.b.tls, &info);
	CU_ASSERT_EQUAL(info.updates_in, 10);
	CU_ASSERT_EQUAL(info.updates_out, 1);
	ends_send(&f.b, "still", 5);
	finish(&f);
}

/* The peer asks ten times for other keys, each time before a byte of payload. */
static void request_updates(struct forge *f)
{
	uint8_t records[1024];
	unsigned int i;
	int len = 0;

	for (i = 0; i < 10; i++) {
		len += nx_tls_seal(&f->half, NX_TLS_HANDSHAKE, "\x18\0\0\1\1",
				   5, records + len);
		CU_ASSERT_EQUAL(nx_tls_half_update(&f->half), 0);
		len += nx_tls_seal(&f->half, NX_TLS_DATA, "a", 1, records + len);
	}
	ends_inject(&f->b, records, (size_t)len);
}

/* A peer that takes no answer gets one, and the next before our next payload. */
static void read__requests_without_taking(void)
{
	struct nexus_tls_info info;
	struct forge f;
	unsigned int i;
	char byte;

	start(&f, true, V3);
	request_updates(&f);
	for (i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(nexus_tls_read(f.b.tls, &byte, 1), 1);
	nexus_tls_info(f.b.tls, &info);
	CU_ASSERT_EQUAL(info.updates_in, 10);
	CU_ASSERT_EQUAL(info.updates_out, 1);
	ends_send(&f.b, "payload", 7);
	nexus_tls_info(f.b.tls, &info);
	CU_ASSERT_EQUAL(info.updates_out, 2);
	finish(&f);
}

static void read__alerts(void)
{
	static const struct {
		int version;
		const char *alert;
		int wanted;
	} alerts[] = {
		{ V3, "\1\0", 0 },
		{ V3, "\2\x28", -EREMOTEIO },
		/* In TLS 1.3 its level is of no account. */
		{ V3, "\1\x28", -EREMOTEIO },
		{ V3, "\1\x5a", -EAGAIN },
		{ V2, "\1\x64", -EAGAIN },
		{ V2, "\2\x28", -EREMOTEIO },
		{ V2, "\1\0", 0 },
	};
	struct nexus_tls_info info;
	struct forge f;
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(alerts); i++) {
		start(&f, true, alerts[i].version);
		inject(&f, NX_TLS_ALERT, alerts[i].alert, 2);
		UNIT_ROW(i, nexus_tls_read(f.b.tls, &byte, 1), alerts[i].wanted);
		nexus_tls_info(f.b.tls, &info);
		UNIT_ROW(i, info.alert_received,
			 alerts[i].wanted == -EREMOTEIO ? alerts[i].alert[1] : -1);
		finish(&f);
	}
}

/* RFC 5246 section 7.2.2: a peer that wants another handshake is told no. */
static void read__renegotiation(void)
{
	struct forge f;
	char byte;

	start(&f, true, V2);
	inject(&f, NX_TLS_HANDSHAKE, "\1\0\0\0", 4);
	inject(&f, NX_TLS_DATA, "a", 1);
	ends_receive_only(&f.b, "a", 1);
	/* OpenSSL gives up; others go on. */
	ends_settle(&f.b);
	CU_ASSERT(SSL_read(f.b.peer, &byte, 1) <= 0);
	CU_ASSERT_EQUAL(nexus_tls_write(f.b.tls, "b", 1), 1);
	CU_ASSERT_EQUAL(ends_alert(&f.b), SSL_AD_NO_RENEGOTIATION);
	finish(&f);
}

/* The same of a program that writes, and finds no room. */
static void write__requests_without_room(void)
{
	static uint8_t payload[ROOM];
	struct nexus_tls_info info;
	struct forge f;
	unsigned int i;
	char byte;

	start(&f, true, V3);
	request_updates(&f);
	while (nexus_tls_write(f.b.tls, payload, sizeof(payload)) > 0)
		;
	for (i = 0; i < 10; i++) {
		CU_ASSERT_EQUAL(nexus_tls_read(f.b.tls, &byte, 1), 1);
		CU_ASSERT_EQUAL(nexus_tls_write(f.b.tls, "b", 1), -EAGAIN);
	}
	nexus_tls_info(f.b.tls, &info);
	CU_ASSERT_EQUAL(info.updates_in, 10);
	CU_ASSERT_EQUAL(info.updates_out, 0);
	finish(&f);
}

/* After close_notify nothing is sent, and no number is used up. */
static void read__requests_after_the_end(void)
{
	struct forge f;
	uint64_t seq;

	start(&f, true, V3);
	CU_ASSERT_EQUAL(nexus_tls_shutdown(f.b.tls), 0);
	ends_settle(&f.b);
	seq = f.b.tls->tx.seq;
	inject(&f, NX_TLS_HANDSHAKE, "\x18\0\0\1\1", 5);
	CU_ASSERT_EQUAL(nx_tls_half_update(&f.half), 0);
	inject(&f, NX_TLS_DATA, "a", 1);
	ends_receive_only(&f.b, "a", 1);
	CU_ASSERT_EQUAL(f.b.tls->tx.seq, seq);
	finish(&f);
}

/* Byte by byte, in packets of one byte: what waits is not a buffer for each. */
static void read__byte_by_byte(void)
{
	uint8_t record[64], byte;
	struct forge f;
	int n, i;

	start(&f, true, V3);
	n = nx_tls_seal(&f.half, NX_TLS_DATA, "nexus", 5, record);
	for (i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(nexus_tls_read(f.b.tls, &byte, 1), -EAGAIN);
		CU_ASSERT(f.b.tls->in.nr <= 1);
		ends_inject(&f.b, record + i, 1);
	}
	ends_receive_only(&f.b, "nexus", 5);
	finish(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(read__refused),
	UNIT_CASE(read__refused_by_its_header),
	UNIT_CASE(read__damaged),
	UNIT_CASE(read__padded),
	UNIT_CASE(read__padding_alone),
	UNIT_CASE(read__too_much_inside),
	UNIT_CASE(read__empty_records),
	UNIT_CASE(read__messages_in_pieces),
	UNIT_CASE(read__many_requests),
	UNIT_CASE(read__requests_without_taking),
	UNIT_CASE(write__requests_without_room),
	UNIT_CASE(read__requests_after_the_end),
	UNIT_CASE(read__alerts),
	UNIT_CASE(read__renegotiation),
	UNIT_CASE(read__byte_by_byte),
};

UNIT_SUITE(tls_hostile_suite, "tls/hostile", cases);
