// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What a connection is like: versions, algorithms, the peer.
 */
#include <string.h>

#include "internal.h"

static const char *or_none(const char *text)
{
	return text ? text : "";
}

void nexus_tls_info(const struct nexus_tls *tls, struct nexus_tls_info *info)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
	const unsigned char *alpn;
	unsigned int alpn_len;

	memset(info, 0, sizeof(*info));
	info->version = SSL_get_version(tls->ssl);
	info->suite = cipher ? or_none(SSL_CIPHER_standard_name(cipher)) : "";
	SSL_get0_alpn_selected(tls->ssl, &alpn, &alpn_len);
	if (alpn_len)
		memcpy(info->alpn, alpn, alpn_len);
	info->server_name = or_none(SSL_get_servername(tls->ssl,
						       TLSEXT_NAMETYPE_host_name));
	info->error = or_none(tls->error);
	info->is_established = SSL_is_init_finished(tls->ssl);
	info->is_resumed = SSL_session_reused(tls->ssl);
	info->is_direct = tls->records_in || tls->records_out ||
			  tls->phase == NX_TLS_DIRECT;
	info->alert_sent = tls->alert_sent;
	info->alert_received = tls->alert_received;
	info->records_in = tls->records_in;
	info->records_out = tls->records_out;
	info->updates_in = tls->updates_in;
	info->updates_out = tls->updates_out;
}

size_t nexus_tls_peer_certificate(const struct nexus_tls *tls, uint8_t *der,
				  size_t size)
{
	X509 *cert = SSL_get0_peer_certificate(tls->ssl);
	int len = cert ? i2d_X509(cert, NULL) : 0;

	if (len <= 0)
		return 0;
	if ((size_t)len <= size)
		i2d_X509(cert, &der);
	return (size_t)len;
}

struct ssl_session_st *nexus_tls_session(const struct nexus_tls *tls)
{
	return SSL_get1_session(tls->ssl);
}

struct nexus_tcp *nexus_tls_tcp(const struct nexus_tls *tls)
{
	return tls->tcp;
}

struct ssl_st *nexus_tls_ssl(const struct nexus_tls *tls)
{
	return tls->ssl;
}
