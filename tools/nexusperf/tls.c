// SPDX-License-Identifier: GPL-2.0
/*
 * One suite and a certificate, for measurements.
 */
#include <errno.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "perf.h"
#include "tls.h"

int perf_tls_fail(const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	perf_error("TLS: %s: %s", what, why ? why : "no reason given");
	return -EPROTO;
}

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name;

	if (!cert)
		return NULL;
	name = X509_get_subject_name(cert);
	if (ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), 86400) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				       (const unsigned char *)"nexusperf",
				       -1, -1, 0) &&
	    X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	    X509_sign(cert, key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

static bool certify(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? make_certificate(key) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) > 0 &&
		  SSL_CTX_use_PrivateKey(ctx, key) > 0;

	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

int perf_tls_prepare(SSL_CTX *ctx, bool is_server)
{
	if (ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) > 0 &&
	    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") > 0 &&
	    (!is_server || certify(ctx)))
		return 0;
	return perf_tls_fail("prepare");
}
