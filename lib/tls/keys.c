// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Keys out of secrets, and the halves of a connection that have them.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "keys.h"
#include "record.h"

/* ------------------------------------------------------------ derivation */

static int derive(const char *kdf_name, const OSSL_PARAM *params, uint8_t *out,
		  size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int ok = ctx && EVP_KDF_derive(ctx, out, len, params) > 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : -ENOMEM;
}

static OSSL_PARAM digest_param(const EVP_MD *md)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						(char *)EVP_MD_get0_name(md), 0);
}

static OSSL_PARAM octets_param(const char *name, const void *data, size_t len)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)data, len);
}

/* struct HkdfLabel of RFC 8446 section 7.1; bytes of it. */
static size_t make_label(uint8_t *info, const char *label, size_t len)
{
	static const char prefix[] = "tls13 ";
	size_t prefix_len = sizeof(prefix) - 1, label_len = strlen(label);

	info[0] = (uint8_t)(len >> 8);
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)(prefix_len + label_len);
	memcpy(info + 3, prefix, prefix_len);
	memcpy(info + 3 + prefix_len, label, label_len);
	info[3 + prefix_len + label_len] = 0;
	return 4 + prefix_len + label_len;
}

int nx_tls_expand_label(const EVP_MD *md, const uint8_t *secret,
			const char *label, uint8_t *out, size_t len)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	uint8_t info[64];
	size_t info_len = make_label(info, label, len);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		digest_param(md),
		octets_param(OSSL_KDF_PARAM_KEY, secret,
			     (size_t)EVP_MD_get_size(md)),
		octets_param(OSSL_KDF_PARAM_INFO, info, info_len),
		OSSL_PARAM_construct_end(),
	};

	return derive(OSSL_KDF_NAME_HKDF, params, out, len);
}

int nx_tls_key_block(const EVP_MD *md, const struct nx_tls_master *master,
		     uint8_t *out, size_t len)
{
	static const char label[] = "key expansion";
	uint8_t seed[sizeof(label) - 1 + NX_TLS_RANDOMS_LEN];
	const OSSL_PARAM params[] = {
		digest_param(md),
		octets_param(OSSL_KDF_PARAM_SECRET, master->secret, master->len),
		octets_param(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};

	memcpy(seed, label, sizeof(label) - 1);
	memcpy(seed + sizeof(label) - 1, master->randoms, NX_TLS_RANDOMS_LEN);
	return derive(OSSL_KDF_NAME_TLS1_PRF, params, out, len);
}

/* ---------------------------------------------------------------- halves */

static int set_key(struct nx_tls_half *half, const uint8_t *key)
{
	if (!half->ctx)
		half->ctx = EVP_CIPHER_CTX_new();
	if (!half->ctx ||
	    EVP_CipherInit_ex(half->ctx, half->aead->cipher(), NULL, key, NULL,
			      half->seals) <= 0)
		return -ENOMEM;
	return 0;
}

/* RFC 8446 section 7.3. */
int nx_tls_half_init_13(struct nx_tls_half *half)
{
	struct nx_tls_secret *s = half->secret;
	uint8_t key[EVP_MAX_KEY_LENGTH];
	int err;

	err = nx_tls_expand_label(half->md, s->traffic, "key", key,
				  half->aead->key_len);
	if (!err)
		err = nx_tls_expand_label(half->md, s->traffic, "iv", s->iv,
					  sizeof(s->iv));
	if (!err)
		err = set_key(half, key);
	OPENSSL_cleanse(key, sizeof(key));
	return err;
}

int nx_tls_half_init_12(struct nx_tls_half *half, const uint8_t *key)
{
	return set_key(half, key);
}

int nx_tls_half_update(struct nx_tls_half *half)
{
	struct nx_tls_secret *s = half->secret;
	size_t len = (size_t)EVP_MD_get_size(half->md);
	uint8_t next[NX_TLS_SECRET_MAX];
	int err;

	err = nx_tls_expand_label(half->md, s->traffic, "traffic upd", next,
				  len);
	if (!err) {
		memcpy(s->traffic, next, len);
		err = nx_tls_half_init_13(half);
	}
	OPENSSL_cleanse(next, sizeof(next));
	half->seq = 0;
	return err;
}

void nx_tls_half_exit(struct nx_tls_half *half)
{
	EVP_CIPHER_CTX_free(half->ctx);
	half->ctx = NULL;
}
