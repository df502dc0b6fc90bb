// SPDX-License-Identifier: GPL-2.0
/*
 * See ends.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "../../../lib/stack/internal.h"
#include "ends.h"

#define NR_RUNS		4000

/* ------------------------------------------------------------ certificates */

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *ext;

	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_version(cert, 2);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"nexus test", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
				  "DNS:server.test,IP:127.0.0.1");
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(cert, key, EVP_sha256());
	return cert;
}

/* Key and certificate in a file, its name in @pem. */
static void make_pem(char *pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_certificate(key);
	FILE *file;
	int fd;

	strcpy(pem, "/tmp/nexus-tls-XXXXXX");
	fd = mkstemp(pem);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	PEM_write_X509(file, cert);
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* ---------------------------------------------------------------- the peer */

static void pump_in(struct ends *b)
{
	uint8_t buf[4096];
	ssize_t n;

	while ((n = nexus_tcp_read(b->tcp, buf, sizeof(buf))) > 0)
		BIO_write(b->in, buf, (int)n);
	if (!n)
		BIO_set_mem_eof_return(b->in, 0);
}

static void pump_out(struct ends *b)
{
	uint8_t buf[4096];
	ssize_t n;
	int len;

	while ((len = BIO_read(b->out, buf, sizeof(buf))) > 0) {
		n = nexus_tcp_write(b->tcp, buf, (size_t)len);
		/* The tests do not fill its send buffer. */
		CU_ASSERT(n == len || n == -EPIPE || n == -ECONNRESET ||
			  n == -ENOTCONN);
	}
}

static void pump(struct ends *b)
{
	if (!b->tcp || b->is_mute)
		return;
	pump_in(b);
	if (!SSL_is_init_finished(b->peer))
		SSL_do_handshake(b->peer);
	pump_out(b);
}

static void on_message(int is_write, int version, int type, const void *buf,
		       size_t len, SSL *ssl, void *arg)
{
	struct ends *b = arg;

	(void)version;
	(void)ssl;
	if (!is_write && type == SSL3_RT_ALERT && len == 2)
		b->peer_alert = ((const uint8_t *)buf)[1];
}

static void start_peer(struct ends *b)
{
	b->peer = SSL_new(b->peer_ctx);
	b->in = BIO_new(BIO_s_mem());
	b->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(b->in, -1);
	SSL_set_bio(b->peer, b->in, b->out);
	b->peer_alert = -1;
	SSL_set_msg_callback(b->peer, on_message);
	SSL_set_msg_callback_arg(b->peer, b);
	SSL_set_app_data(b->peer, b->peer_session);
	if (b->peer_session && *b->peer_session)
		SSL_set_session(b->peer, *b->peer_session);
	if (b->is_server)
		SSL_set_connect_state(b->peer);
	else
		SSL_set_accept_state(b->peer);
}

/* ---------------------------------------------------------- the library's */

static void on_established(struct nexus_tls *tls, void *arg)
{
	struct ends *b = arg;

	CU_ASSERT_PTR_EQUAL(tls, b->tls);
	b->nr_established++;
}

static void on_readable(struct nexus_tls *tls, void *arg)
{
	(void)tls;
	((struct ends *)arg)->nr_readable++;
}

static void on_writable(struct nexus_tls *tls, void *arg)
{
	(void)tls;
	((struct ends *)arg)->nr_writable++;
}

static void on_closed(struct nexus_tls *tls, int err, void *arg)
{
	struct ends *b = arg;

	(void)tls;
	b->nr_closed++;
	b->err = err;
}

static const struct nexus_tls_callbacks callbacks = {
	.established = on_established, .readable = on_readable,
	.writable = on_writable, .closed = on_closed,
};

static void secure(struct ends *b, struct nexus_tcp *tcp)
{
	b->options.callbacks = &callbacks;
	b->options.arg = b;
	CU_ASSERT_EQUAL_FATAL(nexus_tls_start(b->context, tcp, &b->options,
					      &b->tls), 0);
}

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct ends *b = arg;

	(void)listener;
	nexus_tcp_set_nodelay(tcp, true);
	if (b->is_server)
		secure(b, tcp);
	else
		b->tcp = tcp;
}

/* ------------------------------------------------------------------ both */

void ends_settle(struct ends *b)
{
	unsigned int i, nr_idle = 0;

	for (i = 0; i < NR_RUNS && nr_idle < 4; i++) {
		nexus_stack_run(b->f.stack);
		pump(b);
		nr_idle = nexus_rx_peek(b->f.stack->queue) ? 0 : nr_idle + 1;
	}
	CU_ASSERT(nr_idle == 4);
}

static void pass(struct ends *b, uint64_t ns)
{
	uint64_t end_ns = b->f.now_ns + ns;
	int64_t left;

	ends_settle(b);
	while ((left = nexus_stack_timeout_ns(b->f.stack)) >= 0 &&
	       b->f.now_ns + (uint64_t)left <= end_ns) {
		b->f.now_ns += (uint64_t)left;
		ends_settle(b);
	}
	b->f.now_ns = end_ns;
}

static void open_contexts(struct ends *b)
{
	const struct nexus_tls_context_options o = {
		.certificate = b->is_server ? b->pem : NULL,
		.authorities = b->is_server ? NULL : b->pem,
		.flags = b->is_server ? NEXUS_TLS_SERVER : 0,
		.alpn = "nx/2,nx/1",
	};

	make_pem(b->pem);
	CU_ASSERT_EQUAL_FATAL(nexus_tls_context_open(&b->context, &o), 0);
	b->peer_ctx = SSL_CTX_new(b->is_server ? TLS_client_method() :
						 TLS_server_method());
	if (b->is_server)
		return;
	SSL_CTX_use_certificate_chain_file(b->peer_ctx, b->pem);
	SSL_CTX_use_PrivateKey_file(b->peer_ctx, b->pem, SSL_FILETYPE_PEM);
}

void ends_start(struct ends *b, bool is_server)
{
	ends_start_with(b, is_server, 0);
}

void ends_start_with(struct ends *b, bool is_server, uint32_t snd_buf_bytes)
{
	struct nexus_tcp_options o = {
		.local = fake_addr("127.0.0.1:0"), .accept = on_accept,
		.flags = NEXUS_TCP_REUSEADDR, .arg = b,
		.snd_buf_bytes = snd_buf_bytes,
	};

	memset(b, 0, sizeof(*b));
	b->is_server = is_server;
	fixture_init(&b->f);
	b->f.fk.is_loop = true;
	b->f.fk.features |= NEXUS_FEATURE_TSO;
	b->f.channel.nr_large = 16;
	fixture_open(&b->f);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_listen(b->f.stack, &o, &b->listener), 0);
	open_contexts(b);
}

void ends_set_version(struct ends *b, int version)
{
	SSL_CTX_set_min_proto_version(b->peer_ctx, version);
	SSL_CTX_set_max_proto_version(b->peer_ctx, version);
}

void ends_connect(struct ends *b)
{
	struct nexus_tcp_options o = { .flags = NEXUS_TCP_NODELAY };
	struct nexus_tcp *tcp;

	b->nr_established = 0;
	b->nr_closed = 0;
	start_peer(b);
	nexus_tcp_listener_local(b->listener, &o.remote);
	CU_ASSERT_EQUAL_FATAL(nexus_tcp_connect(b->f.stack, &o, &tcp), 0);
	if (b->is_server)
		b->tcp = tcp;
	else
		secure(b, tcp);
	ends_settle(b);
}

void ends_establish(struct ends *b)
{
	ends_connect(b);
	CU_ASSERT_EQUAL_FATAL(b->nr_established, 1);
	CU_ASSERT_FATAL(SSL_is_init_finished(b->peer));
}

static void close_both(struct ends *b)
{
	nexus_tls_close(b->tls);
	nexus_tcp_close(b->tcp);
	b->tls = NULL;
	b->tcp = NULL;
}

void ends_disconnect(struct ends *b)
{
	close_both(b);
	pass(b, 100000000000);
	ends_drop(b);
}

void ends_drop(struct ends *b)
{
	close_both(b);
	SSL_set_shutdown(b->peer, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(b->peer);
	b->peer = NULL;
}

void ends_end(struct ends *b)
{
	if (b->peer)
		ends_disconnect(b);
	nexus_tcp_listener_close(b->listener);
	nexus_tls_context_close(b->context);
	SSL_CTX_free(b->peer_ctx);
	unlink(b->pem);
	fixture_end(&b->f);
}

void ends_send(struct ends *b, const void *data, size_t len)
{
	uint8_t *buf = malloc(len);
	size_t done = 0, got = 0;
	unsigned int i;
	ssize_t n;
	int m;

	for (i = 0; i < NR_RUNS && got < len; i++) {
		n = nexus_tls_write(b->tls, (const uint8_t *)data + done,
				    len - done);
		CU_ASSERT(n >= 0 || n == -EAGAIN);
		done += n > 0 ? (size_t)n : 0;
		ends_settle(b);
		while (got < len && (m = SSL_read(b->peer, buf + got,
						  (int)(len - got))) > 0)
			got += (size_t)m;
		b->f.now_ns += 1000000;
	}
	CU_ASSERT_EQUAL(got, len);
	CU_ASSERT_EQUAL(memcmp(buf, data, len), 0);
	free(buf);
}

void ends_receive(struct ends *b, const void *data, size_t len)
{
	uint8_t *buf = malloc(len);
	size_t done = 0, got = 0;
	unsigned int i;
	ssize_t n;
	int m;

	for (i = 0; i < NR_RUNS && got < len; i++) {
		m = done < len ? SSL_write(b->peer, (const uint8_t *)data + done,
					   (int)(len - done)) : 0;
		done += m > 0 ? (size_t)m : 0;
		ends_settle(b);
		while (got < len && (n = nexus_tls_read(b->tls, buf + got,
							len - got)) > 0)
			got += (size_t)n;
		b->f.now_ns += 1000000;
	}
	CU_ASSERT_EQUAL(got, len);
	CU_ASSERT_EQUAL(memcmp(buf, data, len), 0);
	free(buf);
}

void ends_inject(struct ends *b, const void *data, size_t len)
{
	CU_ASSERT_EQUAL(nexus_tcp_write(b->tcp, data, len), (ssize_t)len);
	ends_settle(b);
}

void ends_receive_only(struct ends *b, const void *data, size_t len)
{
	uint8_t buf[64];

	CU_ASSERT_FATAL(len <= sizeof(buf));
	CU_ASSERT_EQUAL(nexus_tls_read(b->tls, buf, sizeof(buf)), (ssize_t)len);
	CU_ASSERT_EQUAL(memcmp(buf, data, len), 0);
}

int ends_alert(const struct ends *b)
{
	return b->peer_alert;
}
