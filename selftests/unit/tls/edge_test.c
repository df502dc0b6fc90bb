// SPDX-License-Identifier: GPL-2.0
/*
 * What a program is told when, and what is left when a connection ends at a moment
 * that nobody has planned.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../lib/tls/internal.h"
#include "../../../lib/tls/keys.h"
#include "ends.h"

/* Suites whose records stay OpenSSL's. */
static void choose_ordinary(struct ends *b, int version)
{
	SSL_CTX *ctxs[] = { b->peer_ctx, nexus_tls_context_ssl_ctx(b->context) };
	size_t i;

	ends_set_version(b, version);
	for (i = 0; i < ARRAY_SIZE(ctxs); i++) {
		SSL_CTX_set_ciphersuites(ctxs[i], "TLS_AES_128_CCM_SHA256");
		SSL_CTX_set_cipher_list(ctxs[i], "ECDHE-ECDSA-AES128-SHA256");
	}
}

/* ------------------------------------------------------------------ events */

/* Tickets are in front of payload: TCP tells of both, once. */
static void read__ordinary_reads_to_the_end(void)
{
	struct ends b;

	ends_start(&b, false);
	choose_ordinary(&b, TLS1_3_VERSION);
	ends_establish(&b);
	CU_ASSERT_EQUAL(SSL_write(b.peer, "hello", 5), 5);
	ends_settle(&b);
	ends_receive_only(&b, "hello", 5);
	ends_end(&b);
}

/* A connection that is reset before it was secure. */
static void read__reset_within_the_handshake(void)
{
	struct nexus_tls_info info;
	struct ends b;
	char byte;

	ends_start(&b, false);
	b.is_mute = true;
	ends_connect(&b);
	CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -EAGAIN);
	nexus_tcp_abort(b.tcp);
	b.tcp = NULL;
	ends_settle(&b);
	CU_ASSERT_EQUAL(b.nr_established, 0);
	CU_ASSERT_EQUAL(b.nr_closed, 1);
	CU_ASSERT_EQUAL(b.err, -ECONNRESET);
	CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -ECONNRESET);
	CU_ASSERT_EQUAL(nexus_tls_write(b.tls, "x", 1), -ECONNRESET);
	nexus_tls_info(b.tls, &info);
	CU_ASSERT(!info.is_established);
	ends_end(&b);
}

/* RFC 8446 section 6.1: user_canceled, then close_notify, and no FIN. */
static void start__the_peer_gives_up(void)
{
	static const uint8_t alerts[] = {
		21, 3, 1, 0, 2, 1, SSL_AD_USER_CANCELLED,
		21, 3, 1, 0, 2, 1, SSL_AD_CLOSE_NOTIFY,
	};
	struct ends b;

	ends_start(&b, false);
	b.is_mute = true;
	ends_connect(&b);
	ends_inject(&b, alerts, sizeof(alerts));
	CU_ASSERT_EQUAL(b.nr_closed, 1);
	CU_ASSERT_EQUAL(b.err, -ECONNRESET);
	ends_end(&b);
}

/* RFC 6066 section 3: a server that has no certificate for a name may warn. */
static void info__a_warning_has_ended_nothing(void)
{
	static const uint8_t warning[] = {
		21, 3, 3, 0, 2, 1, SSL_AD_UNRECOGNIZED_NAME,
	};
	struct nexus_tls_info info;
	struct ends b;

	ends_start(&b, false);
	ends_set_version(&b, TLS1_2_VERSION);
	b.is_mute = true;
	ends_connect(&b);
	ends_inject(&b, warning, sizeof(warning));
	b.is_mute = false;
	ends_settle(&b);
	CU_ASSERT_EQUAL(b.nr_established, 1);
	nexus_tls_info(b.tls, &info);
	CU_ASSERT_EQUAL(info.alert_received, -1);
	ends_end(&b);
}

/* Who is told -EAGAIN waits for an event; there is none for a dead connection. */
static void shutdown__ordinary_says_why_not(void)
{
	struct ends b;

	ends_start(&b, true);
	choose_ordinary(&b, TLS1_2_VERSION);
	ends_establish(&b);
	nexus_tcp_abort(b.tcp);
	b.tcp = NULL;
	ends_settle(&b);
	CU_ASSERT_EQUAL(nexus_tls_shutdown(b.tls), -ECONNRESET);
	ends_end(&b);
}

/* ------------------------------------------------------------------ memory */

/* Half of a record has come, and is zeros now, which nobody has sent. */
static void read__memory_was_taken_back(void)
{
	static const uint8_t half[] = { 23, 3, 3, 0, 100, 1, 2, 3 };
	struct nexus_tls_info info;
	struct ends b;
	char byte;
	int err;

	ends_start(&b, true);
	ends_establish(&b);
	ends_inject(&b, half, sizeof(half));
	CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -EAGAIN);
	fake_set_state(&b.f.fk, NEXUS_CHANNEL_DEFUNCT);
	err = nexus_stack_check(b.f.stack);
	CU_ASSERT(err < 0);
	CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), err);
	nexus_tls_info(b.tls, &info);
	CU_ASSERT_EQUAL(info.alert_sent, -1);
	ends_drop(&b);
	ends_end(&b);
}

#define NR_HELD	4096

/* All buffers but @left small ones. */
static unsigned int hold_buffers(struct ends *b, struct nexus_packet **held,
				 unsigned int left)
{
	unsigned int nr = 0;

	while (nr < NR_HELD && !nexus_packet_alloc(b->f.stack, 60000, &held[nr]))
		nr++;
	while (nr < NR_HELD && !nexus_packet_alloc(b->f.stack, 1, &held[nr]))
		nr++;
	CU_ASSERT_FATAL(nr < NR_HELD && nr >= left);
	while (left--)
		nexus_packet_put(b->f.stack, held[--nr]);
	return nr;
}

/* What was not taken was not sent either: the program may write another thing. */
static void write__ordinary_without_buffers(void)
{
	static struct nexus_packet *held[NR_HELD];
	static const char longer[20000];
	unsigned int left, nr;
	char got[20000];
	struct ends b;
	ssize_t n;

	for (left = 0; left < 4; left++) {
		ends_start(&b, true);
		choose_ordinary(&b, TLS1_2_VERSION);
		ends_establish(&b);
		nr = hold_buffers(&b, held, left);
		n = nexus_tls_write(b.tls, longer, sizeof(longer));
		CU_ASSERT(left ? n > 0 : n == -EAGAIN);
		while (nr)
			nexus_packet_put(b.f.stack, held[--nr]);
		CU_ASSERT_EQUAL(nexus_tls_write(b.tls, "another", 7), 7);
		ends_settle(&b);
		if (n > 0)
			CU_ASSERT_EQUAL(SSL_read(b.peer, got, (int)n), (int)n);
		CU_ASSERT_EQUAL(SSL_read(b.peer, got, sizeof(got)), 7);
		CU_ASSERT(!memcmp(got, "another", 7));
		ends_end(&b);
	}
}

/* ------------------------------------------------- a peer that takes nothing */

#define CCM_OVERHEAD	(NX_TLS_HEADER_LEN + NX_TLS_EXPLICIT_LEN + NX_TLS_TAG_LEN)

/* Keys and salts of both ends, for AES-128-CCM of TLS 1.2 (RFC 6655 section 3). */
static void steal_block(struct ends *b, uint8_t block[40])
{
	struct nx_tls_master m = { .len = 48 };

	SSL_SESSION_get_master_key(SSL_get_session(b->peer), m.secret, 48);
	SSL_get_server_random(b->peer, m.randoms, 32);
	SSL_get_client_random(b->peer, m.randoms + 32, 32);
	CU_ASSERT_EQUAL_FATAL(nx_tls_key_block(EVP_sha256(), &m, block, 40), 0);
}

/* A handshake record of the client, its @seq'th; the message has four bytes. */
static void seal_by_ccm(const uint8_t *block, uint8_t seq, const char *msg,
			uint8_t *record)
{
	uint8_t nonce[12] = { [11] = seq };
	uint8_t aad[13] = { [7] = seq, NX_TLS_HANDSHAKE, 3, 3, 0, 4 };
	const uint8_t header[] = { NX_TLS_HANDSHAKE, 3, 3, 0, 8 + 4 + 16 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	memcpy(nonce, block + 32, 4);
	memcpy(record, header, sizeof(header));
	memcpy(record + 5, nonce + 4, 8);
	EVP_EncryptInit_ex(ctx, EVP_aes_128_ccm(), NULL, NULL, NULL);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, NULL);
	EVP_EncryptInit_ex(ctx, NULL, NULL, block, nonce);
	EVP_EncryptUpdate(ctx, NULL, &n, NULL, 4);
	EVP_EncryptUpdate(ctx, NULL, &n, aad, sizeof(aad));
	EVP_EncryptUpdate(ctx, record + 13, &n, (const uint8_t *)msg, 4);
	EVP_EncryptFinal_ex(ctx, record + 17, &n);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, record + 17);
	EVP_CIPHER_CTX_free(ctx);
}

/* @nr times a client asks for another handshake, and is told no. */
static void ask_often(struct ends *b, const uint8_t *block, uint8_t first,
		      unsigned int nr)
{
	uint8_t records[200 * (4 + CCM_OVERHEAD)];
	unsigned int i;

	for (i = 0; i < nr; i++)
		seal_by_ccm(block, (uint8_t)(first + i), "\1\0\0",
			    records + i * (4 + CCM_OVERHEAD));
	ends_inject(b, records, nr * (4 + CCM_OVERHEAD));
}

static void start_ccm(struct ends *b, uint8_t block[40])
{
	ends_start(b, true);
	choose_ordinary(b, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(b->peer_ctx, "ECDHE-ECDSA-AES128-CCM");
	SSL_CTX_set_cipher_list(nexus_tls_context_ssl_ctx(b->context),
				"ECDHE-ECDSA-AES128-CCM");
	ends_establish(b);
	steal_block(b, block);
	b->is_mute = true;
}

static void read__ordinary_answers_are_few(void)
{
	struct nexus_tcp_info info;
	uint8_t block[40];
	struct ends b;
	char byte;

	start_ccm(&b, block);
	ask_often(&b, block, 1, 200);
	CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -EBADMSG);
	nexus_tcp_info(nexus_tls_tcp(b.tls), &info);
	/* And a FIN. */
	CU_ASSERT(info.unsent <= 32 * (2 + CCM_OVERHEAD) + 1);
	ends_end(&b);
}

/* As many of a peer that takes the answers. */
static void read__ordinary_answers_are_taken(void)
{
	uint8_t block[40];
	unsigned int i;
	struct ends b;
	char byte;

	start_ccm(&b, block);
	for (i = 0; i < 200; i += 20) {
		ask_often(&b, block, (uint8_t)(1 + i), 20);
		CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -EAGAIN);
		ends_settle(&b);
	}
	ends_end(&b);
}

/* And of one that takes them behind data that does not end: it is never quiet. */
static void read__ordinary_answers_beside_data(void)
{
	static const uint8_t data[500];
	uint8_t block[40];
	unsigned int i;
	struct ends b;
	char byte;

	start_ccm(&b, block);
	for (i = 0; i < 200; i += 20) {
		CU_ASSERT_EQUAL(nexus_tls_write(b.tls, data, sizeof(data)), sizeof(data));
		ask_often(&b, block, (uint8_t)(1 + i), 20);
		CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -EAGAIN);
		ends_settle(&b);
	}
	ends_end(&b);
}

static const struct unit_case cases[] = {
	UNIT_CASE(read__ordinary_reads_to_the_end),
	UNIT_CASE(read__reset_within_the_handshake),
	UNIT_CASE(start__the_peer_gives_up),
	UNIT_CASE(info__a_warning_has_ended_nothing),
	UNIT_CASE(shutdown__ordinary_says_why_not),
	UNIT_CASE(read__memory_was_taken_back),
	UNIT_CASE(write__ordinary_without_buffers),
	UNIT_CASE(read__ordinary_answers_are_few),
	UNIT_CASE(read__ordinary_answers_are_taken),
	UNIT_CASE(read__ordinary_answers_beside_data),
};

UNIT_SUITE(tls_edge_suite, "tls/edge", cases);
