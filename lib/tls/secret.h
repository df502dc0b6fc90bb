/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Memory for secrets: locked, in no core dump, empty in a child, cleared when it
 * is given back.
 */
#ifndef _NX_TLS_SECRET_H
#define _NX_TLS_SECRET_H

#include <stdint.h>

/* The longest hash of a suite of ours: SHA-384. */
#define NX_TLS_SECRET_MAX	48
/* RFC 8446 section 5.3: all AEADs of TLS have it. */
#define NX_TLS_IV_LEN		12

/**
 * struct nx_tls_secret - what one direction of a connection is protected by
 * @traffic: traffic secret of TLS 1.3
 * @iv:      of the nonces; of GCM in TLS 1.2 the first 4 bytes
 * @is_set:  @traffic or @iv has been written
 */
struct nx_tls_secret {
	uint8_t		traffic[NX_TLS_SECRET_MAX];
	uint8_t		iv[NX_TLS_IV_LEN];
	uint8_t		is_set;
	uint8_t		reserved[3];
};

/* Zeros; NULL: no memory, or none that may be locked (RLIMIT_MEMLOCK). */
struct nx_tls_secret *nx_tls_secret_alloc(void);

/* NULL is nothing. */
void nx_tls_secret_free(struct nx_tls_secret *secret);

#endif /* _NX_TLS_SECRET_H */
