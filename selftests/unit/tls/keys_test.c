// SPDX-License-Identifier: GPL-2.0
/*
 * Keys: the values that RFC 8448 section 3 prints, and a key block that OpenSSL's
 * own PRF was asked for piece by piece.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../../lib/tls/keys.h"
#include "../unit.h"
#include "bytes.h"

static void expand_label__rfc_8448(void)
{
	static const struct {
		const char *label, *wanted;
	} rows[] = {
		{ "key", "17422dda596ed5d9acd890e3c63f5051" },
		{ "iv", "5b78923dee08579033e523d9" },
	};
	uint8_t secret[32], wanted[64], got[64];
	size_t i, len;

	bytes_of("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
		 secret);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		len = bytes_of(rows[i].wanted, wanted);
		CU_ASSERT_EQUAL(nx_tls_expand_label(EVP_sha256(), secret,
						    rows[i].label, got, len), 0);
		UNIT_ROW(i, memcmp(got, wanted, len), 0);
	}
}

/* HKDF-Expand by HMAC alone: one block (RFC 5869 section 2.3). */
static void expand_label__is_an_hmac(void)
{
	static const uint8_t info[] = "\0\x30\x11tls13 traffic upd\0\1";
	uint8_t secret[48], got[48], wanted[48];
	unsigned int len;

	memset(secret, 0x5a, sizeof(secret));
	HMAC(EVP_sha384(), secret, sizeof(secret), info, sizeof(info) - 1,
	     wanted, &len);
	CU_ASSERT_EQUAL(nx_tls_expand_label(EVP_sha384(), secret, "traffic upd",
					    got, sizeof(got)), 0);
	CU_ASSERT_EQUAL(len, sizeof(wanted));
	CU_ASSERT_EQUAL(memcmp(got, wanted, sizeof(got)), 0);
}

/* P_hash of RFC 5246 section 5, its first two blocks, by HMAC alone. */
static void key_block__is_p_hash(void)
{
	struct nx_tls_master master = { .len = 48 };
	uint8_t seed[13 + NX_TLS_RANDOMS_LEN], a[32], in[32 + sizeof(seed)];
	uint8_t got[64], wanted[64];
	unsigned int i;

	memset(master.secret, 0x17, sizeof(master.secret));
	for (i = 0; i < NX_TLS_RANDOMS_LEN; i++)
		master.randoms[i] = (uint8_t)i;
	memcpy(seed, "key expansion", 13);
	memcpy(seed + 13, master.randoms, NX_TLS_RANDOMS_LEN);
	HMAC(EVP_sha256(), master.secret, 48, seed, sizeof(seed), a, NULL);
	for (i = 0; i < 2; i++) {
		memcpy(in, a, sizeof(a));
		memcpy(in + sizeof(a), seed, sizeof(seed));
		HMAC(EVP_sha256(), master.secret, 48, in, sizeof(in),
		     wanted + 32 * i, NULL);
		HMAC(EVP_sha256(), master.secret, 48, in, sizeof(a), a, NULL);
	}
	CU_ASSERT_EQUAL(nx_tls_key_block(EVP_sha256(), &master, got,
					 sizeof(got)), 0);
	CU_ASSERT_EQUAL(memcmp(got, wanted, sizeof(got)), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(expand_label__rfc_8448),
	UNIT_CASE(expand_label__is_an_hmac),
	UNIT_CASE(key_block__is_p_hash),
};

UNIT_SUITE(tls_keys_suite, "tls/keys", cases);
