/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The key schedules of TLS 1.3 (RFC 8446 section 7) and TLS 1.2 (RFC 5246 section
 * 6.3), as far as records need them.
 */
#ifndef _NX_TLS_KEYS_H
#define _NX_TLS_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

/**
 * nx_tls_expand_label - HKDF-Expand-Label with no context (RFC 8446 section 7.1)
 * @md:     hash
 * @secret: as long as the hash
 * @label:  without "tls13 "
 * @out:    room for @len bytes; not @secret
 * @len:    bytes
 *
 * Return: 0 or -ENOMEM.
 */
int nx_tls_expand_label(const EVP_MD *md, const uint8_t *secret,
			const char *label, uint8_t *out, size_t len);

/* Two random numbers of 32 bytes. */
#define NX_TLS_RANDOMS_LEN	64

/**
 * struct nx_tls_master - what a key block of TLS 1.2 is made from
 * @secret:  master secret
 * @len:     its bytes
 * @randoms: the server's, then the client's
 */
struct nx_tls_master {
	uint8_t		secret[48];
	size_t		len;
	uint8_t		randoms[NX_TLS_RANDOMS_LEN];
};

/* The first @len bytes of the key block; 0 or -ENOMEM. */
int nx_tls_key_block(const EVP_MD *md, const struct nx_tls_master *master,
		     uint8_t *out, size_t len);

#endif /* _NX_TLS_KEYS_H */
