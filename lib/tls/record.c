// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Records, sealed and opened by an AEAD of OpenSSL.
 */
#include <errno.h>
#include <string.h>

#include <openssl/obj_mac.h>
#include <openssl/ssl.h>

#include "record.h"

/* Of GCM in TLS 1.2, the part of a nonce that both ends know (RFC 5288). */
#define SALT_LEN	4

const struct nx_tls_aead *nx_tls_aead_find(int nid)
{
	static const struct nx_tls_aead aeads[] = {
		{ NID_aes_128_gcm, 16, true, EVP_aes_128_gcm },
		{ NID_aes_256_gcm, 32, true, EVP_aes_256_gcm },
		{ NID_chacha20_poly1305, 32, false, EVP_chacha20_poly1305 },
	};
	size_t i;

	for (i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
		if (aeads[i].nid == nid)
			return &aeads[i];
	return NULL;
}

/* ----------------------------------------------------------------- sizes */

static bool is_13(const struct nx_tls_half *half)
{
	return half->version == TLS1_3_VERSION;
}

static bool has_explicit(const struct nx_tls_half *half)
{
	return !is_13(half) && half->aead->is_gcm;
}

size_t nx_tls_front_len(const struct nx_tls_half *half)
{
	return NX_TLS_HEADER_LEN +
	       (has_explicit(half) ? NX_TLS_EXPLICIT_LEN : 0);
}

size_t nx_tls_back_len(const struct nx_tls_half *half)
{
	return (is_13(half) ? 1 : 0) + NX_TLS_TAG_LEN;
}

size_t nx_tls_cipher_max(const struct nx_tls_half *half)
{
	return is_13(half) ? NX_TLS_13_CIPHER_MAX : NX_TLS_12_CIPHER_MAX;
}

/* --------------------------------------------------------- what both need */

static void put_be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t get_be16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static void put_be64(uint8_t *p, uint64_t v)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* RFC 8446 section 5.3, RFC 7905 section 2; RFC 5288 section 3. */
static void make_nonce(const struct nx_tls_half *half, const uint8_t *front,
		       uint8_t *nonce)
{
	uint8_t seq[8];
	unsigned int i;

	memcpy(nonce, half->secret->iv, NX_TLS_IV_LEN);
	if (has_explicit(half)) {
		memcpy(nonce + SALT_LEN, front + NX_TLS_HEADER_LEN,
		       NX_TLS_EXPLICIT_LEN);
		return;
	}
	put_be64(seq, half->seq);
	for (i = 0; i < sizeof(seq); i++)
		nonce[NX_TLS_IV_LEN - sizeof(seq) + i] ^= seq[i];
}

/* RFC 8446 section 5.2: the header; RFC 5246 section 6.2.3.3. */
static size_t make_aad(const struct nx_tls_half *half, const uint8_t *front,
		       size_t plain_len, uint8_t *aad)
{
	if (is_13(half)) {
		memcpy(aad, front, NX_TLS_HEADER_LEN);
		return NX_TLS_HEADER_LEN;
	}
	put_be64(aad, half->seq);
	memcpy(aad + 8, front, 3);
	put_be16(aad + 11, plain_len);
	return 13;
}

static int begin(struct nx_tls_half *half, const uint8_t *front,
		 size_t plain_len)
{
	uint8_t nonce[NX_TLS_IV_LEN], aad[13];
	size_t aad_len = make_aad(half, front, plain_len, aad);
	int n;

	make_nonce(half, front, nonce);
	if (EVP_CipherInit_ex(half->ctx, NULL, NULL, NULL, nonce, -1) <= 0 ||
	    EVP_CipherUpdate(half->ctx, NULL, &n, aad, (int)aad_len) <= 0)
		return -EIO;
	return 0;
}

static int update(struct nx_tls_half *half, uint8_t *dst, const uint8_t *src,
		  size_t len)
{
	int n;

	return EVP_CipherUpdate(half->ctx, dst, &n, src, (int)len) > 0 ? 0 : -EIO;
}

/* ------------------------------------------------------------------ seal */

int nx_tls_seal_begin(struct nx_tls_half *half, uint8_t type, size_t len,
		      uint8_t *front)
{
	size_t front_len = nx_tls_front_len(half);

	front[0] = is_13(half) ? NX_TLS_DATA : type;
	put_be16(front + 1, TLS1_2_VERSION);
	put_be16(front + 3, front_len - NX_TLS_HEADER_LEN + len +
			    nx_tls_back_len(half));
	if (has_explicit(half))
		put_be64(front + NX_TLS_HEADER_LEN, half->seq);
	return begin(half, front, len);
}

int nx_tls_seal_update(struct nx_tls_half *half, uint8_t *dst,
		       const uint8_t *src, size_t len)
{
	return update(half, dst, src, len);
}

int nx_tls_seal_end(struct nx_tls_half *half, uint8_t type, uint8_t *back)
{
	int n;

	if (is_13(half) && update(half, back++, &type, 1))
		return -EIO;
	if (EVP_CipherFinal_ex(half->ctx, back, &n) <= 0 ||
	    EVP_CIPHER_CTX_ctrl(half->ctx, EVP_CTRL_AEAD_GET_TAG,
				NX_TLS_TAG_LEN, back) <= 0)
		return -EIO;
	half->seq++;
	return 0;
}

int nx_tls_seal(struct nx_tls_half *half, uint8_t type, const void *src,
		size_t len, uint8_t *dst)
{
	uint8_t *payload = dst + nx_tls_front_len(half);

	if (nx_tls_seal_begin(half, type, len, dst) ||
	    nx_tls_seal_update(half, payload, src, len) ||
	    nx_tls_seal_end(half, type, payload + len))
		return -EIO;
	return (int)(nx_tls_front_len(half) + len + nx_tls_back_len(half));
}

/* ------------------------------------------------------------------ open */

int nx_tls_open_begin(struct nx_tls_half *half, const uint8_t *front)
{
	size_t len = get_be16(front + 3);

	return begin(half, front, len - NX_TLS_TAG_LEN -
		     (nx_tls_front_len(half) - NX_TLS_HEADER_LEN));
}

int nx_tls_open_update(struct nx_tls_half *half, uint8_t *data, size_t len)
{
	return update(half, data, data, len);
}

int nx_tls_open_end(struct nx_tls_half *half, const uint8_t *tag)
{
	uint8_t expected[NX_TLS_TAG_LEN], none[1];
	int n;

	memcpy(expected, tag, sizeof(expected));
	if (EVP_CIPHER_CTX_ctrl(half->ctx, EVP_CTRL_AEAD_SET_TAG,
				NX_TLS_TAG_LEN, expected) <= 0 ||
	    EVP_CipherFinal_ex(half->ctx, none, &n) <= 0)
		return -EBADMSG;
	half->seq++;
	return 0;
}
