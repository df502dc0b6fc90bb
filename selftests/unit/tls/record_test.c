// SPDX-License-Identifier: GPL-2.0
/*
 * Records: the one that RFC 8448 prints, every algorithm in both versions, in
 * pieces of every size, and what was changed on its way.
 */
#include <errno.h>
#include <string.h>

#include <openssl/obj_mac.h>
#include <openssl/ssl.h>

#include "../../../lib/tls/record.h"
#include "../unit.h"
#include "bytes.h"

#define ROOM	(NX_TLS_FRONT_MAX + NX_TLS_PLAIN_MAX + NX_TLS_BACK_MAX)

/**
 * struct both - the ends of one direction
 */
struct both {
	struct nx_tls_half	tx;
	struct nx_tls_half	rx;
};

static const int nids[] = {
	NID_aes_128_gcm, NID_aes_256_gcm, NID_chacha20_poly1305,
};
static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void init_half(struct nx_tls_half *half, int nid, int version, bool seals)
{
	uint8_t key[32];

	memset(half, 0, sizeof(*half));
	memset(key, 0x42, sizeof(key));
	half->aead = nx_tls_aead_find(nid);
	CU_ASSERT_PTR_NOT_NULL_FATAL(half->aead);
	half->md = nid == NID_aes_256_gcm ? EVP_sha384() : EVP_sha256();
	half->version = version;
	half->seals = seals;
	half->secret = nx_tls_secret_alloc();
	CU_ASSERT_PTR_NOT_NULL_FATAL(half->secret);
	memset(half->secret->traffic, 0x17, sizeof(half->secret->traffic));
	memset(half->secret->iv, 0x71, sizeof(half->secret->iv));
	CU_ASSERT_EQUAL_FATAL(version == TLS1_3_VERSION ?
			      nx_tls_half_init_13(half) :
			      nx_tls_half_init_12(half, key), 0);
}

static void exit_half(struct nx_tls_half *half)
{
	nx_tls_half_exit(half);
	nx_tls_secret_free(half->secret);
}

static void start(struct both *b, int nid, int version)
{
	init_half(&b->tx, nid, version, true);
	init_half(&b->rx, nid, version, false);
}

static void finish(struct both *b)
{
	exit_half(&b->tx);
	exit_half(&b->rx);
}

/* As open does it, @piece bytes at a time. */
static int open_pieces(struct nx_tls_half *rx, uint8_t *record, size_t len,
		       size_t piece)
{
	size_t at = nx_tls_front_len(rx), end = len - NX_TLS_TAG_LEN, n;
	int err = nx_tls_open_begin(rx, record);

	for (; !err && at < end; at += n) {
		n = end - at < piece ? end - at : piece;
		err = nx_tls_open_update(rx, record + at, n);
	}
	return err ? err : nx_tls_open_end(rx, record + end);
}

static size_t seal_pieces(struct nx_tls_half *tx, const uint8_t *src, size_t len,
			  size_t piece, uint8_t *record)
{
	uint8_t *dst = record + nx_tls_front_len(tx);
	size_t at, n;

	CU_ASSERT_EQUAL(nx_tls_seal_begin(tx, NX_TLS_DATA, len, record), 0);
	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		CU_ASSERT_EQUAL(nx_tls_seal_update(tx, dst + at, src + at, n), 0);
	}
	CU_ASSERT_EQUAL(nx_tls_seal_end(tx, NX_TLS_DATA, dst + len), 0);
	return nx_tls_front_len(tx) + len + nx_tls_back_len(tx);
}

static void aead_find__others(void)
{
	CU_ASSERT_PTR_NULL(nx_tls_aead_find(NID_aes_128_ccm));
	CU_ASSERT_PTR_NULL(nx_tls_aead_find(NID_undef));
}

/* RFC 8448 section 3: the client's application data, 50 bytes that count. */
static void open__rfc_8448(void)
{
	struct nx_tls_half rx = {
		.aead = nx_tls_aead_find(NID_aes_128_gcm), .md = EVP_sha256(),
		.version = TLS1_3_VERSION, .secret = nx_tls_secret_alloc(),
	};
	uint8_t record[128];
	size_t i, len;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rx.secret);
	bytes_of("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
		 rx.secret->traffic);
	CU_ASSERT_EQUAL_FATAL(nx_tls_half_init_13(&rx), 0);
	len = bytes_of("1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66"
		       "bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014"
		       "bd1e3deae63aeebb21694915e4", record);
	CU_ASSERT_EQUAL(len, 72);
	CU_ASSERT_EQUAL(open_pieces(&rx, record, len, 1000), 0);
	for (i = 0; i < 50; i++)
		UNIT_ROW(i, record[NX_TLS_HEADER_LEN + i], i);
	CU_ASSERT_EQUAL(record[NX_TLS_HEADER_LEN + 50], NX_TLS_DATA);
	exit_half(&rx);
}

static void check_pieces(struct both *b, size_t len, size_t piece)
{
	static uint8_t plain[NX_TLS_PLAIN_MAX], record[ROOM];
	size_t front = nx_tls_front_len(&b->tx), total, i;

	for (i = 0; i < len; i++)
		plain[i] = (uint8_t)(i * 7 + piece);
	total = seal_pieces(&b->tx, plain, len, piece, record);
	CU_ASSERT_EQUAL(record[3] << 8 | record[4], total - NX_TLS_HEADER_LEN);
	UNIT_ROW(len, open_pieces(&b->rx, record, total, piece + 1), 0);
	UNIT_ROW(len, memcmp(record + front, plain, len), 0);
	if (b->tx.version == TLS1_3_VERSION)
		CU_ASSERT_EQUAL(record[front + len], NX_TLS_DATA);
}

static void seal__open_in_pieces(void)
{
	static const size_t pieces[] = { 1, 15, 16, 17, 1448, 65536 };
	static const size_t lens[] = { 0, 1, 16, 1400, NX_TLS_PLAIN_MAX };
	struct both b;
	size_t i, j, k;

	for (i = 0; i < ARRAY_SIZE(nids) * ARRAY_SIZE(versions); i++) {
		start(&b, nids[i / 2], versions[i % 2]);
		for (j = 0; j < ARRAY_SIZE(pieces); j++)
			for (k = 0; k < ARRAY_SIZE(lens); k++)
				check_pieces(&b, lens[k], pieces[j]);
		CU_ASSERT_EQUAL(b.tx.seq, b.rx.seq);
		CU_ASSERT_EQUAL(b.tx.seq, ARRAY_SIZE(pieces) * ARRAY_SIZE(lens));
		finish(&b);
	}
}

/* Every byte of a record counts, that of its header too. */
static void open__changed(void)
{
	uint8_t record[128], copy[128];
	struct both b;
	size_t i, j;
	int len;

	for (i = 0; i < ARRAY_SIZE(nids) * ARRAY_SIZE(versions); i++) {
		start(&b, nids[i / 2], versions[i % 2]);
		len = nx_tls_seal(&b.tx, NX_TLS_DATA, "nexus", 5, record);
		CU_ASSERT_FATAL(len > 0);
		for (j = 0; j < (size_t)len; j++) {
			/* Its length is another record's. */
			if (j == 3 || j == 4)
				continue;
			memcpy(copy, record, sizeof(copy));
			copy[j] ^= 0x10;
			UNIT_ROW(j, open_pieces(&b.rx, copy, (size_t)len, 999),
				 -EBADMSG);
		}
		CU_ASSERT_EQUAL(b.rx.seq, 0);
		CU_ASSERT_EQUAL(open_pieces(&b.rx, record, (size_t)len, 999), 0);
		/* And it opens once. */
		CU_ASSERT_EQUAL(open_pieces(&b.rx, record, (size_t)len, 999),
				-EBADMSG);
		finish(&b);
	}
}

static void update__both_ends(void)
{
	uint8_t record[128], old[NX_TLS_SECRET_MAX];
	struct both b;
	size_t i;
	int len;

	for (i = 0; i < ARRAY_SIZE(nids); i++) {
		start(&b, nids[i], TLS1_3_VERSION);
		memcpy(old, b.tx.secret->traffic, sizeof(old));
		len = nx_tls_seal(&b.tx, NX_TLS_DATA, "old", 3, record);
		CU_ASSERT_EQUAL(open_pieces(&b.rx, record, (size_t)len, 99), 0);
		CU_ASSERT_EQUAL(nx_tls_half_update(&b.tx), 0);
		CU_ASSERT_EQUAL(b.tx.seq, 0);
		CU_ASSERT_NOT_EQUAL(memcmp(old, b.tx.secret->traffic, 32), 0);
		len = nx_tls_seal(&b.tx, NX_TLS_DATA, "new", 3, record);
		CU_ASSERT_EQUAL(nx_tls_half_update(&b.rx), 0);
		CU_ASSERT_EQUAL(open_pieces(&b.rx, record, (size_t)len, 99), 0);
		CU_ASSERT_EQUAL(memcmp(record + NX_TLS_HEADER_LEN, "new", 3), 0);
		finish(&b);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(aead_find__others),
	UNIT_CASE(open__rfc_8448),
	UNIT_CASE(seal__open_in_pieces),
	UNIT_CASE(open__changed),
	UNIT_CASE(update__both_ends),
};

UNIT_SUITE(tls_record_suite, "tls/record", cases);
