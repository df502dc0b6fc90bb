/* SPDX-License-Identifier: GPL-2.0 */
/* What both ways to send TLS have in common. */
#ifndef NEXUSPERF_TLS_H
#define NEXUSPERF_TLS_H

#include <openssl/ssl.h>

/*
 * TLS 1.3 with AES-128-GCM; a server has a key, and a certificate of its own that
 * is made now, and a client takes any. 0 or -errno after a message.
 */
int perf_tls_prepare(SSL_CTX *ctx, bool is_server);

/* What OpenSSL says of @what; -EPROTO. */
int perf_tls_fail(const char *what);

#endif /* NEXUSPERF_TLS_H */
