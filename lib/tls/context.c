// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Certificates, and what else connections have in common.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* --------------------------------------------------------------- options */

static int load_own(SSL_CTX *ctx, const struct nexus_tls_context_options *o)
{
	const char *key = o->key ? o->key : o->certificate;

	if (!o->certificate)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, o->certificate) <= 0 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) <= 0 ||
	    SSL_CTX_check_private_key(ctx) <= 0)
		return -EINVAL;
	return 0;
}

static int verify_mode(const struct nexus_tls_context_options *o)
{
	if (!(o->flags & NEXUS_TLS_SERVER))
		return o->flags & NEXUS_TLS_NO_VERIFY ? SSL_VERIFY_NONE :
							SSL_VERIFY_PEER;
	return o->flags & NEXUS_TLS_VERIFY_CLIENT ?
	       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT :
	       SSL_VERIFY_NONE;
}

static int load_authorities(SSL_CTX *ctx,
			    const struct nexus_tls_context_options *o)
{
	static const uint8_t id[] = "nexus";

	SSL_CTX_set_verify(ctx, verify_mode(o), NULL);
	/* Sessions of clients that were verified are resumed here only. */
	SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
	if (!o->authorities)
		return SSL_CTX_set_default_verify_paths(ctx) > 0 ? 0 : -EINVAL;
	return SSL_CTX_load_verify_locations(ctx, o->authorities, NULL) > 0 ?
	       0 : -EINVAL;
}

/* ------------------------------------------------------------------ ALPN */

/* "h2,http/1.1" as RFC 7301 section 3.1 writes it: lengths in place of commas. */
static int parse_alpn(struct nexus_tls_context *context, const char *text)
{
	size_t len = strlen(text), at = 0, word;

	context->alpn = malloc(len + 1);
	if (!context->alpn)
		return -ENOMEM;
	context->alpn_len = len + 1;
	for (;;) {
		word = strcspn(text, ",");
		if (!word || word > 255)
			return -EINVAL;
		context->alpn[at] = (uint8_t)word;
		memcpy(context->alpn + at + 1, text, word);
		at += word + 1;
		if (!text[word])
			return 0;
		text += word + 1;
	}
}

static int select_alpn(SSL *ssl, const unsigned char **out,
		       unsigned char *out_len, const unsigned char *in,
		       unsigned int in_len, void *arg)
{
	const struct nexus_tls_context *context = arg;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_len, context->alpn,
				  (unsigned int)context->alpn_len, in,
				  in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int set_alpn(struct nexus_tls_context *context, const char *text)
{
	int err;

	if (!text)
		return 0;
	err = parse_alpn(context, text);
	if (err)
		return err;
	if (context->is_server) {
		SSL_CTX_set_alpn_select_cb(context->ctx, select_alpn, context);
		return 0;
	}
	return SSL_CTX_set_alpn_protos(context->ctx, context->alpn,
				       (unsigned int)context->alpn_len) ?
	       -ENOMEM : 0;
}

/* -------------------------------------------------------- open and close */

void nx_tls_context_get(struct nexus_tls_context *context)
{
	__atomic_fetch_add(&context->nr_users, 1, __ATOMIC_RELAXED);
}

void nx_tls_context_put(struct nexus_tls_context *context)
{
	if (__atomic_sub_fetch(&context->nr_users, 1, __ATOMIC_ACQ_REL))
		return;
	SSL_CTX_free(context->ctx);
	free(context->alpn);
	free(context);
}

static int configure(struct nexus_tls_context *context,
		     const struct nexus_tls_context_options *o)
{
	SSL_CTX *ctx = context->ctx;
	int err;

	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) <= 0)
		return -ENOMEM;
	SSL_CTX_set_keylog_callback(ctx, nx_tls_keylog);
	err = load_own(ctx, o);
	if (!err)
		err = load_authorities(ctx, o);
	if (!err)
		err = set_alpn(context, o->alpn);
	return err;
}

int nexus_tls_context_open(struct nexus_tls_context **result,
			   const struct nexus_tls_context_options *options)
{
	const uint32_t known = NEXUS_TLS_SERVER | NEXUS_TLS_NO_VERIFY |
			       NEXUS_TLS_VERIFY_CLIENT;
	struct nexus_tls_context *context;
	int err;

	if (options->flags & ~known)
		return -EINVAL;
	context = calloc(1, sizeof(*context));
	if (!context)
		return -ENOMEM;
	context->nr_users = 1;
	context->is_server = options->flags & NEXUS_TLS_SERVER;
	context->ctx = SSL_CTX_new(context->is_server ? TLS_server_method() :
							TLS_client_method());
	err = configure(context, options);
	if (err) {
		nx_tls_context_put(context);
		return err;
	}
	*result = context;
	return 0;
}

void nexus_tls_context_close(struct nexus_tls_context *context)
{
	if (context)
		nx_tls_context_put(context);
}

struct ssl_ctx_st *
nexus_tls_context_ssl_ctx(const struct nexus_tls_context *context)
{
	return context->ctx;
}
