/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Records of TLS 1.3 (RFC 8446 section 5) and of the AEAD suites of TLS 1.2 (RFC
 * 5246 section 6.2.3.3, RFC 5288, RFC 7905): one direction of a connection, which
 * seals or opens them piece by piece, wherever the pieces lie.
 */
#ifndef _NX_TLS_RECORD_H
#define _NX_TLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "secret.h"

/* RFC 8446 sections 5.1 and 5.2, RFC 5246 section 6.2. */
#define NX_TLS_HEADER_LEN	5
#define NX_TLS_TAG_LEN		16
#define NX_TLS_PLAIN_MAX	16384
#define NX_TLS_13_CIPHER_MAX	(NX_TLS_PLAIN_MAX + 256)
#define NX_TLS_12_CIPHER_MAX	(NX_TLS_PLAIN_MAX + 2048)

/* RFC 5288 section 3: the part of a nonce that a record of TLS 1.2 carries. */
#define NX_TLS_EXPLICIT_LEN	8

/* In front of a payload, and behind it: type of TLS 1.3 and tag. */
#define NX_TLS_FRONT_MAX	(NX_TLS_HEADER_LEN + NX_TLS_EXPLICIT_LEN)
#define NX_TLS_BACK_MAX		(1 + NX_TLS_TAG_LEN)

/* RFC 8446 section 5.1, ContentType. */
enum nx_tls_type {
	NX_TLS_CHANGE_CIPHER_SPEC	= 20,
	NX_TLS_ALERT			= 21,
	NX_TLS_HANDSHAKE		= 22,
	NX_TLS_DATA			= 23,
};

/**
 * struct nx_tls_aead - an algorithm
 * @nid:       OpenSSL's number of it
 * @key_len:   bytes
 * @is_gcm:    it has its nonces of TLS 1.2 from RFC 5288, and wears out
 * @cipher:    OpenSSL's
 */
struct nx_tls_aead {
	int			nid;
	uint8_t			key_len;
	bool			is_gcm;
	const EVP_CIPHER	*(*cipher)(void);
};

/* NULL: it is none of ours. */
const struct nx_tls_aead *nx_tls_aead_find(int nid);

/**
 * struct nx_tls_half - one direction
 * @ctx:     with the key
 * @aead:    algorithm
 * @md:      hash of the suite
 * @secret:  its own; not this struct's memory
 * @seq:     number of the next record
 * @version: TLS1_2_VERSION or TLS1_3_VERSION
 * @seals:   it sends
 */
struct nx_tls_half {
	EVP_CIPHER_CTX			*ctx;
	const struct nx_tls_aead	*aead;
	const EVP_MD			*md;
	struct nx_tls_secret		*secret;
	uint64_t			seq;
	int				version;
	bool				seals;
};

/* ------------------------------------------------------------------ keys */

/**
 * nx_tls_half_init_13 - with the traffic secret that @half->secret holds
 * @half: @aead, @md, @secret, @version and @seals are set
 *
 * Return: 0, -ENOMEM.
 */
int nx_tls_half_init_13(struct nx_tls_half *half);

/**
 * nx_tls_half_init_12 - with a key, and the IV that @half->secret holds
 * @half: as above
 * @key:  @half->aead->key_len bytes
 *
 * Return: 0, -ENOMEM.
 */
int nx_tls_half_init_12(struct nx_tls_half *half, const uint8_t *key);

/* RFC 8446 section 7.2: the next secret, and its key. 0, -ENOMEM. */
int nx_tls_half_update(struct nx_tls_half *half);

/* Also if it was never initialised. The secret stays its owner's. */
void nx_tls_half_exit(struct nx_tls_half *half);

/* ----------------------------------------------------------------- sizes */

/* Bytes in front of the payload, and behind it. */
size_t nx_tls_front_len(const struct nx_tls_half *half);
size_t nx_tls_back_len(const struct nx_tls_half *half);

/* The longest a record's content may be, as its header says it. */
size_t nx_tls_cipher_max(const struct nx_tls_half *half);

/* ------------------------------------------------------------------ seal */

/**
 * nx_tls_seal_begin - a record begins
 * @half:  that seals
 * @type:  enum nx_tls_type
 * @len:   of the payload, at most NX_TLS_PLAIN_MAX
 * @front: nx_tls_front_len() bytes: out
 *
 * Return: 0 or -EIO.
 */
int nx_tls_seal_begin(struct nx_tls_half *half, uint8_t type, size_t len,
		      uint8_t *front);

/* The next bytes of the payload; in all as many as its begin said. 0 or -EIO. */
int nx_tls_seal_update(struct nx_tls_half *half, uint8_t *dst,
		       const uint8_t *src, size_t len);

/* Writes nx_tls_back_len() bytes; @type as at its beginning. 0 or -EIO. */
int nx_tls_seal_end(struct nx_tls_half *half, uint8_t type, uint8_t *back);

/* All of it, one behind the other at @dst; bytes of the record, or -EIO. */
int nx_tls_seal(struct nx_tls_half *half, uint8_t type, const void *src,
		size_t len, uint8_t *dst);

/* ------------------------------------------------------------------ open */

/**
 * nx_tls_open_begin - a record begins
 * @half:  that opens
 * @front: nx_tls_front_len() bytes of it
 *
 * Its content is as long as the header says, and not shorter than what is in front
 * of its payload and behind it.
 *
 * Return: 0 or -EIO.
 */
int nx_tls_open_begin(struct nx_tls_half *half, const uint8_t *front);

/* The next bytes of the content, without its tag, in place. 0 or -EIO. */
int nx_tls_open_update(struct nx_tls_half *half, uint8_t *data, size_t len);

/* 0: nobody has changed it; -EBADMSG. */
int nx_tls_open_end(struct nx_tls_half *half, const uint8_t *tag);

#endif /* _NX_TLS_RECORD_H */
