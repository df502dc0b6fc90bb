// SPDX-License-Identifier: GPL-2.0
/*
 * Connections, in both roles, whose other end is OpenSSL alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "ends.h"

#define BULK	300000

static uint8_t *pattern(size_t len)
{
	uint8_t *p = malloc(len);
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)((i * 2654435761u) >> 24);
	return p;
}

/**
 * struct suite - what both ends are to choose
 */
struct suite {
	int		version;
	const char	*name;
	const char	*standard;
	bool		is_direct;
};

static const struct suite suites[] = {
	{ TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", true },
	{ TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", true },
	{ TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256",
	  "TLS_CHACHA20_POLY1305_SHA256", true },
	{ TLS1_3_VERSION, "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_SHA256", false },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", true },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384",
	  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305",
	  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", true },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", false },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", false },
};

static void choose(struct ends *b, const struct suite *suite)
{
	SSL_CTX *ctxs[] = { b->peer_ctx, nexus_tls_context_ssl_ctx(b->context) };
	size_t i;

	ends_set_version(b, suite->version);
	for (i = 0; i < ARRAY_SIZE(ctxs); i++) {
		if (suite->version == TLS1_3_VERSION)
			SSL_CTX_set_ciphersuites(ctxs[i], suite->name);
		else
			SSL_CTX_set_cipher_list(ctxs[i], suite->name);
	}
}

static void check_info(struct ends *b, const struct suite *suite)
{
	struct nexus_tls_info info;

	nexus_tls_info(b->tls, &info);
	CU_ASSERT_STRING_EQUAL(info.suite, suite->standard);
	CU_ASSERT_STRING_EQUAL(info.version, suite->version == TLS1_3_VERSION ?
					     "TLSv1.3" : "TLSv1.2");
	CU_ASSERT_EQUAL(info.is_direct, suite->is_direct);
	CU_ASSERT(info.is_established);
	CU_ASSERT(!info.is_resumed);
	CU_ASSERT_EQUAL(info.alert_sent, -1);
	CU_ASSERT_EQUAL(info.alert_received, -1);
}

static void check_end(struct ends *b)
{
	char byte;

	CU_ASSERT_EQUAL(nexus_tls_shutdown(b->tls), 0);
	ends_settle(b);
	CU_ASSERT_EQUAL(SSL_read(b->peer, &byte, 1), 0);
	CU_ASSERT_EQUAL(SSL_get_shutdown(b->peer), SSL_RECEIVED_SHUTDOWN);
	CU_ASSERT_EQUAL(nexus_tls_write(b->tls, "x", 1), -EPIPE);
	/* The other half goes on, to its own end. */
	ends_receive(b, "still", 5);
	CU_ASSERT_EQUAL(nexus_tls_read(b->tls, &byte, 1), -EAGAIN);
	SSL_shutdown(b->peer);
	ends_settle(b);
	CU_ASSERT_EQUAL(nexus_tls_read(b->tls, &byte, 1), 0);
	CU_ASSERT_EQUAL(nexus_tls_read(b->tls, &byte, 1), 0);
}

static void talk(bool is_server)
{
	uint8_t *data = pattern(BULK);
	struct ends b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		ends_start(&b, is_server);
		choose(&b, &suites[i]);
		ends_establish(&b);
		check_info(&b, &suites[i]);
		ends_send(&b, "hello", 5);
		ends_receive(&b, "world", 5);
		ends_send(&b, data, BULK);
		ends_receive(&b, data, BULK);
		check_end(&b);
		ends_end(&b);
	}
	free(data);
}

static void start__server_every_suite(void)
{
	talk(true);
}

static void start__client_every_suite(void)
{
	talk(false);
}


/* ------------------------------------------------------------- resumption */

static int remember(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **last = SSL_get_app_data(ssl);

	SSL_SESSION_free(*last);
	*last = session;
	return 1;
}

/* OpenSSL's client gets tickets from us, and comes back with one. */
static void start__server_resumes(void)
{
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
	SSL_SESSION *session = NULL;
	struct nexus_tls_info info;
	struct ends b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		ends_start(&b, true);
		ends_set_version(&b, versions[i]);
		SSL_CTX_set_session_cache_mode(b.peer_ctx, SSL_SESS_CACHE_CLIENT);
		SSL_CTX_sess_set_new_cb(b.peer_ctx, remember);
		b.peer_session = &session;
		ends_establish(&b);
		ends_send(&b, "first", 5);
		ends_disconnect(&b);
		CU_ASSERT_PTR_NOT_NULL_FATAL(session);
		ends_establish(&b);
		CU_ASSERT(SSL_session_reused(b.peer));
		nexus_tls_info(b.tls, &info);
		CU_ASSERT(info.is_resumed);
		/* Fewer tickets were sent: numbers must still be right. */
		ends_send(&b, "second", 6);
		ends_receive(&b, "third", 5);
		ends_end(&b);
		SSL_SESSION_free(session);
		session = NULL;
	}
}

/* Tickets come when records are ours already; OpenSSL must make a session of them. */
static void session__client_resumes(void)
{
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
	struct nexus_tls_info info;
	SSL_SESSION *session;
	struct ends b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		ends_start(&b, false);
		ends_set_version(&b, versions[i]);
		ends_establish(&b);
		ends_receive(&b, "first", 5);
		session = nexus_tls_session(b.tls);
		CU_ASSERT_PTR_NOT_NULL_FATAL(session);
		CU_ASSERT(SSL_SESSION_is_resumable(session));
		ends_disconnect(&b);
		b.options.session = session;
		ends_establish(&b);
		CU_ASSERT(SSL_session_reused(b.peer));
		nexus_tls_info(b.tls, &info);
		CU_ASSERT(info.is_resumed);
		CU_ASSERT(info.is_direct);
		ends_receive(&b, "second", 6);
		ends_send(&b, "third", 5);
		SSL_SESSION_free(session);
		ends_end(&b);
	}
}

/* A server of OpenSSL's may send more tickets at any time. */
static void read__tickets_between_payload(void)
{
	SSL_SESSION *first, *last;
	struct ends b;
	unsigned int i;

	ends_start(&b, false);
	ends_set_version(&b, TLS1_3_VERSION);
	ends_establish(&b);
	ends_receive(&b, "a", 1);
	first = nexus_tls_session(b.tls);
	for (i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(SSL_new_session_ticket(b.peer), 1);
		ends_receive(&b, "between", 7);
		/* The peer's end has new keys; those that it is fed by stay. */
		SSL_key_update(b.peer, SSL_KEY_UPDATE_NOT_REQUESTED);
		ends_receive(&b, "updated", 7);
	}
	last = nexus_tls_session(b.tls);
	CU_ASSERT_PTR_NOT_EQUAL(first, last);
	ends_disconnect(&b);
	b.options.session = last;
	ends_establish(&b);
	CU_ASSERT(SSL_session_reused(b.peer));
	SSL_SESSION_free(first);
	SSL_SESSION_free(last);
	ends_end(&b);
}

/* ------------------------------------------------------------- key updates */

static void update_keys(bool is_server)
{
	struct nexus_tls_info info;
	struct ends b;

	ends_start(&b, is_server);
	ends_set_version(&b, TLS1_3_VERSION);
	ends_establish(&b);
	CU_ASSERT_EQUAL(nexus_tls_update_keys(b.tls, false), 0);
	ends_send(&b, "ours", 4);
	CU_ASSERT_EQUAL(nexus_tls_update_keys(b.tls, true), 0);
	ends_send(&b, "both", 4);
	ends_receive(&b, "answered", 8);
	SSL_key_update(b.peer, SSL_KEY_UPDATE_NOT_REQUESTED);
	ends_receive(&b, "theirs", 6);
	SSL_key_update(b.peer, SSL_KEY_UPDATE_REQUESTED);
	ends_receive(&b, "asked", 5);
	ends_send(&b, "answer", 6);
	nexus_tls_info(b.tls, &info);
	CU_ASSERT_EQUAL(info.updates_out, 3);
	CU_ASSERT_EQUAL(info.updates_in, 3);
	ends_end(&b);
}

static void update_keys__server(void)
{
	update_keys(true);
}

static void update_keys__client(void)
{
	update_keys(false);
}

static void update_keys__not_in_12(void)
{
	struct ends b;

	ends_start(&b, true);
	ends_set_version(&b, TLS1_2_VERSION);
	ends_establish(&b);
	CU_ASSERT_EQUAL(nexus_tls_update_keys(b.tls, false), -EOPNOTSUPP);
	ends_end(&b);
}

/* ----------------------------------------------------- names and protocols */

static void start__alpn_and_names(void)
{
	static const unsigned char offered[] = "\4nope\4nx/1\4nx/2";
	struct nexus_tls_info info;
	uint8_t der[4096];
	struct ends b;
	size_t len;

	ends_start(&b, true);
	SSL_CTX_set_alpn_protos(b.peer_ctx, offered, sizeof(offered) - 1);
	ends_establish(&b);
	nexus_tls_info(b.tls, &info);
	/* The server's order counts. */
	CU_ASSERT_STRING_EQUAL(info.alpn, "nx/2");
	CU_ASSERT_EQUAL(nexus_tls_peer_certificate(b.tls, der, sizeof(der)), 0);
	ends_end(&b);

	ends_start(&b, false);
	b.options.server_name = "server.test";
	ends_establish(&b);
	CU_ASSERT_STRING_EQUAL(SSL_get_servername(b.peer,
						  TLSEXT_NAMETYPE_host_name),
			       "server.test");
	nexus_tls_info(b.tls, &info);
	CU_ASSERT_STRING_EQUAL(info.alpn, "");
	len = nexus_tls_peer_certificate(b.tls, NULL, 0);
	CU_ASSERT(len > 100);
	CU_ASSERT_EQUAL(nexus_tls_peer_certificate(b.tls, der, sizeof(der)), len);
	CU_ASSERT_EQUAL(der[0], 0x30);
	ends_end(&b);
}

static void start__no_common_protocol(void)
{
	struct nexus_tls_info info;
	struct ends b;

	ends_start(&b, true);
	SSL_CTX_set_alpn_protos(b.peer_ctx, (const unsigned char *)"\4nope", 5);
	ends_connect(&b);
	CU_ASSERT_EQUAL(b.nr_established, 0);
	CU_ASSERT_EQUAL(b.nr_closed, 1);
	CU_ASSERT_EQUAL(b.err, -EBADMSG);
	nexus_tls_info(b.tls, &info);
	CU_ASSERT_EQUAL(info.alert_sent, SSL_AD_NO_APPLICATION_PROTOCOL);
	CU_ASSERT(info.error[0] != 0);
	ends_end(&b);
}

static void start__certificate_of_another(void)
{
	static const char *const names[] = { "other.test", "192.0.2.1" };
	struct nexus_tls_info info;
	struct ends b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ends_start(&b, false);
		b.options.server_name = names[i];
		ends_connect(&b);
		CU_ASSERT_EQUAL(b.nr_established, 0);
		CU_ASSERT_EQUAL(b.nr_closed, 1);
		CU_ASSERT_EQUAL(b.err, -EKEYREJECTED);
		nexus_tls_info(b.tls, &info);
		CU_ASSERT_EQUAL(info.alert_sent, SSL_AD_BAD_CERTIFICATE);
		CU_ASSERT_PTR_NOT_NULL(strstr(info.error, "mismatch"));
		ends_end(&b);
	}
	ends_start(&b, false);
	b.options.server_name = "127.0.0.1";
	ends_establish(&b);
	ends_end(&b);
}

static void start__the_peer_refuses(void)
{
	struct nexus_tls_info info;
	struct ends b;

	ends_start(&b, true);
	SSL_CTX_set_verify(b.peer_ctx, SSL_VERIFY_PEER, NULL);
	ends_connect(&b);
	/* A server of TLS 1.3 has not sent anything yet that could be too early. */
	CU_ASSERT_EQUAL(b.nr_established, 0);
	CU_ASSERT_EQUAL(b.err, -EREMOTEIO);
	nexus_tls_info(b.tls, &info);
	CU_ASSERT_EQUAL(info.alert_received, SSL_AD_UNKNOWN_CA);
	ends_end(&b);
}

static void start__the_peer_hangs_up(void)
{
	struct ends b;

	ends_start(&b, true);
	b.is_mute = true;
	ends_connect(&b);
	nexus_tcp_shutdown(b.tcp);
	ends_settle(&b);
	CU_ASSERT_EQUAL(b.nr_closed, 1);
	CU_ASSERT_EQUAL(b.err, -ECONNRESET);
	ends_end(&b);
}

/* -------------------------------------------------------------------- ends */

static void read__truncated(void)
{
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
	struct ends b;
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		ends_start(&b, true);
		ends_set_version(&b, versions[i]);
		ends_establish(&b);
		ends_receive(&b, "whole", 5);
		nexus_tcp_shutdown(b.tcp);
		ends_settle(&b);
		CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -ECONNRESET);
		CU_ASSERT_EQUAL(nexus_tls_read(b.tls, &byte, 1), -ECONNRESET);
		ends_end(&b);
	}
}

/* The peer hears of the end, though its own close_notify was not read. */
static void close__says_so(void)
{
	struct ends b;
	char byte;

	ends_start(&b, true);
	ends_establish(&b);
	CU_ASSERT_EQUAL(nexus_tls_write(b.tls, "last", 4), 4);
	SSL_shutdown(b.peer);
	ends_settle(&b);
	nexus_tls_close(b.tls);
	b.tls = NULL;
	ends_settle(&b);
	CU_ASSERT_EQUAL(SSL_read(b.peer, &byte, 1), 1);
	CU_ASSERT_EQUAL(byte, 'l');
	CU_ASSERT(SSL_get_shutdown(b.peer) & SSL_SENT_SHUTDOWN);
	while (SSL_read(b.peer, &byte, 1) > 0)
		;
	CU_ASSERT(SSL_get_shutdown(b.peer) & SSL_RECEIVED_SHUTDOWN);
	ends_end(&b);
}

/* A full send buffer does not keep the end from being told. */
static void close__with_a_full_buffer(void)
{
	uint8_t *data = pattern(BULK);
	struct ends b;
	size_t done = 0, got = 0;
	ssize_t n;
	int m;

	ends_start_with(&b, true, 65536);
	ends_establish(&b);
	while ((n = nexus_tls_write(b.tls, data + done, BULK - done)) > 0)
		done += (size_t)n;
	CU_ASSERT_EQUAL(n, -EAGAIN);
	CU_ASSERT(done >= 60000 && done < BULK);
	nexus_tls_close(b.tls);
	b.tls = NULL;
	do {
		ends_settle(&b);
		b.f.now_ns += 1000000;
		while ((m = SSL_read(b.peer, data, BULK)) > 0)
			got += (size_t)m;
	} while (SSL_get_error(b.peer, m) == SSL_ERROR_WANT_READ && got < done);
	CU_ASSERT_EQUAL(got, done);
	CU_ASSERT_EQUAL(SSL_get_error(b.peer, SSL_read(b.peer, data, 1)),
			SSL_ERROR_ZERO_RETURN);
	ends_end(&b);
	free(data);
}

static void write__says_when_there_is_room(void)
{
	uint8_t *data = pattern(BULK);
	struct ends b;
	size_t done = 0;
	ssize_t n;

	ends_start_with(&b, true, 65536);
	ends_establish(&b);
	b.nr_writable = 0;
	while ((n = nexus_tls_write(b.tls, data + done, BULK - done)) > 0)
		done += (size_t)n;
	CU_ASSERT_EQUAL(n, -EAGAIN);
	ends_settle(&b);
	b.f.now_ns += 1000000;
	ends_settle(&b);
	CU_ASSERT_EQUAL(b.nr_writable, 1);
	CU_ASSERT(nexus_tls_write(b.tls, data, 1) > 0);
	ends_end(&b);
	free(data);
}

/* --------------------------------------------------------- without a copy */

static void recv__in_the_buffers(void)
{
	uint8_t *data = pattern(BULK);
	struct nexus_packet *pkt, *part;
	size_t done = 0, got = 0, tries;
	struct ends b;
	int m, err;

	ends_start(&b, true);
	ends_establish(&b);
	for (tries = 0; tries < 2000 && got < BULK; tries++) {
		m = done < BULK ? SSL_write(b.peer, data + done,
					    (int)(BULK - done)) : 0;
		done += m > 0 ? (size_t)m : 0;
		ends_settle(&b);
		while (!(err = nexus_tls_recv(b.tls, &pkt)) && pkt) {
			for (part = pkt; part; part = part->next) {
				CU_ASSERT(!memcmp(part->data, data + got,
						  part->len));
				got += part->len;
			}
			nexus_packet_put(b.f.stack, pkt);
		}
		CU_ASSERT_EQUAL(err, -EAGAIN);
		b.f.now_ns += 1000000;
	}
	CU_ASSERT_EQUAL(got, BULK);
	SSL_shutdown(b.peer);
	ends_settle(&b);
	CU_ASSERT_EQUAL(nexus_tls_recv(b.tls, &pkt), 0);
	CU_ASSERT_PTR_NULL(pkt);
	ends_end(&b);
	free(data);
}

static const struct unit_case cases[] = {
	UNIT_CASE(start__server_every_suite),
	UNIT_CASE(start__client_every_suite),
	UNIT_CASE(start__server_resumes),
	UNIT_CASE(session__client_resumes),
	UNIT_CASE(read__tickets_between_payload),
	UNIT_CASE(update_keys__server),
	UNIT_CASE(update_keys__client),
	UNIT_CASE(update_keys__not_in_12),
	UNIT_CASE(start__alpn_and_names),
	UNIT_CASE(start__no_common_protocol),
	UNIT_CASE(start__certificate_of_another),
	UNIT_CASE(start__the_peer_refuses),
	UNIT_CASE(start__the_peer_hangs_up),
	UNIT_CASE(read__truncated),
	UNIT_CASE(close__says_so),
	UNIT_CASE(close__with_a_full_buffer),
	UNIT_CASE(write__says_when_there_is_room),
	UNIT_CASE(recv__in_the_buffers),
};

UNIT_SUITE(tls_tls_suite, "tls/tls", cases);
