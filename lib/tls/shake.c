// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The handshake, which is OpenSSL's, and the moment when records become ours.
 */
#include <ctype.h>
#include <string.h>

#include <openssl/err.h>

#include "internal.h"
#include "keys.h"

/* ------------------------------------------------- what OpenSSL tells of it */

static int hex_digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static size_t read_secret(const char *hex, uint8_t *out)
{
	size_t len;

	for (len = 0; len < NX_TLS_SECRET_MAX &&
	     isxdigit((unsigned char)hex[2 * len]); len++)
		out[len] = (uint8_t)(hex_digit(hex[2 * len]) << 4 |
				     hex_digit(hex[2 * len + 1]));
	return len;
}

/*
 * "SERVER_TRAFFIC_SECRET_0 <random> <secret>": from here on, that direction's
 * records are under this secret.
 */
void nx_tls_keylog(const SSL *ssl, const char *line)
{
	static const char client[] = "CLIENT_TRAFFIC_SECRET_0 ";
	static const char server[] = "SERVER_TRAFFIC_SECRET_0 ";
	struct nexus_tls *tls = nx_tls_owner(ssl);
	bool is_client = !strncmp(line, client, sizeof(client) - 1);
	struct nx_tls_half *half;
	const char *secret;

	if (!tls || (!is_client && strncmp(line, server, sizeof(server) - 1)))
		return;
	secret = strrchr(line, ' ') + 1;
	half = is_client == tls->context->is_server ? &tls->rx : &tls->tx;
	half->secret->is_set = read_secret(secret, half->secret->traffic) > 0;
	half->seq = 0;
}

/* Each record counts, and the alert that ends it. */
void nx_tls_trace(int is_write, int version, int type, const void *buf,
		  size_t len, SSL *ssl, void *arg)
{
	struct nexus_tls *tls = arg;
	struct nx_tls_half *half = is_write ? &tls->tx : &tls->rx;
	const uint8_t *alert = buf;

	(void)version;
	(void)ssl;
	if (type == SSL3_RT_HEADER && half->secret->is_set &&
	    tls->phase == NX_TLS_SHAKING)
		half->seq++;
	if (type == SSL3_RT_ALERT && is_write && len == 2 &&
	    alert[0] == SSL3_AL_FATAL)
		tls->alert_sent = alert[1];
}

/* ------------------------------------------------------------- its errors */

/* Only OpenSSL knows whether a warning was one. */
static void note_alert(struct nexus_tls *tls)
{
	int alert = ERR_GET_REASON(ERR_peek_error()) - SSL_AD_REASON_OFFSET;

	if (alert > 0 && alert <= UINT8_MAX)
		tls->alert_received = (int16_t)alert;
}

static int reason(const struct nexus_tls *tls, int code)
{
	unsigned long e = ERR_peek_error();

	if (tls->err)
		return tls->err;
	if (tls->alert_received >= 0)
		return -EREMOTEIO;
	if (SSL_get_verify_result(tls->ssl) != X509_V_OK &&
	    ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return -EKEYREJECTED;
	if (code == SSL_ERROR_SYSCALL || code == SSL_ERROR_ZERO_RETURN ||
	    ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return -ECONNRESET;
	return -EBADMSG;
}

static const char *words(const struct nexus_tls *tls)
{
	long verify = SSL_get_verify_result(tls->ssl);

	if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return X509_verify_cert_error_string(verify);
	return ERR_reason_error_string(ERR_peek_error());
}

int nx_tls_ssl_error(struct nexus_tls *tls, int ret)
{
	int code = SSL_get_error(tls->ssl, ret);

	if (!tls->err && code != SSL_ERROR_SSL && code != SSL_ERROR_SYSCALL &&
	    code != SSL_ERROR_ZERO_RETURN)
		return -EAGAIN;
	tls->error = words(tls);
	note_alert(tls);
	return nx_tls_fail(tls, reason(tls, code));
}

/* -------------------------------------------------------------- take over */

static void init_half(struct nexus_tls *tls, struct nx_tls_half *half,
		      bool seals)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);

	half->aead = nx_tls_aead_find(SSL_CIPHER_get_cipher_nid(cipher));
	half->md = SSL_CIPHER_get_handshake_digest(cipher);
	half->version = SSL_version(tls->ssl);
	half->seals = seals;
}

/* What OpenSSL will read by: the peer's secret as it is now. */
static int init_feed(struct nexus_tls *tls)
{
	struct nx_tls_secret *secret = tls->feed.secret;

	tls->feed = tls->rx;
	tls->feed.ctx = NULL;
	tls->feed.secret = secret;
	tls->feed.seals = true;
	memcpy(secret, tls->rx.secret, sizeof(*secret));
	return nx_tls_half_init_13(&tls->feed);
}

static bool take_over_13(struct nexus_tls *tls)
{
	return tls->rx.secret->is_set && tls->tx.secret->is_set &&
	       !nx_tls_half_init_13(&tls->rx) &&
	       !nx_tls_half_init_13(&tls->tx) &&
	       (tls->context->is_server || !init_feed(tls));
}

/* RFC 5246 section 6.3: keys, then IVs; the client's, then the server's. */
static bool use_block(struct nexus_tls *tls, const uint8_t *block)
{
	bool is_server = tls->context->is_server;
	struct nx_tls_half *client = is_server ? &tls->rx : &tls->tx;
	struct nx_tls_half *server = is_server ? &tls->tx : &tls->rx;
	size_t key_len = client->aead->key_len;
	size_t iv_len = client->aead->is_gcm ? 4 : NX_TLS_IV_LEN;

	memcpy(client->secret->iv, block + 2 * key_len, iv_len);
	memcpy(server->secret->iv, block + 2 * key_len + iv_len, iv_len);
	/* The one record before was Finished. */
	client->seq = 1;
	server->seq = 1;
	return !nx_tls_half_init_12(client, block) &&
	       !nx_tls_half_init_12(server, block + key_len);
}

static bool take_over_12(struct nexus_tls *tls)
{
	uint8_t block[2 * (EVP_MAX_KEY_LENGTH + NX_TLS_IV_LEN)];
	struct nx_tls_master m;
	bool is_ours;

	m.len = SSL_SESSION_get_master_key(SSL_get_session(tls->ssl), m.secret,
					   sizeof(m.secret));
	SSL_get_server_random(tls->ssl, m.randoms, NX_TLS_RANDOMS_LEN / 2);
	SSL_get_client_random(tls->ssl, m.randoms + NX_TLS_RANDOMS_LEN / 2,
			      NX_TLS_RANDOMS_LEN / 2);
	is_ours = !nx_tls_key_block(tls->rx.md, &m, block, sizeof(block)) &&
		  use_block(tls, block);
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&m, sizeof(m));
	return is_ours;
}

/* RFC 6066 section 4. */
static uint32_t max_fragment(const SSL *ssl)
{
	uint8_t code;

	code = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));
	return code ? 256U << code : NX_TLS_PLAIN_MAX;
}

bool nx_tls_take_over(struct nexus_tls *tls)
{
	init_half(tls, &tls->rx, false);
	init_half(tls, &tls->tx, true);
	tls->max = max_fragment(tls->ssl);
	/* What it has read and not used cannot be read again. */
	if (!tls->rx.aead || SSL_has_pending(tls->ssl))
		return false;
	switch (SSL_version(tls->ssl)) {
	case TLS1_3_VERSION:
		return take_over_13(tls);
	case TLS1_2_VERSION:
		return take_over_12(tls);
	}
	return false;
}

bool nx_tls_shake(struct nexus_tls *tls)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(tls->ssl);
	if (ret == 1) {
		tls->phase = nx_tls_take_over(tls) ? NX_TLS_DIRECT :
						     NX_TLS_ORDINARY;
		return true;
	}
	if (nx_tls_ssl_error(tls, ret) == -EAGAIN && SSL_want_write(tls->ssl))
		nexus_tcp_want_writable(tls->tcp);
	return false;
}
