/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection on a fake kernel that brings everything back: one end secured by
 * the library, the other by OpenSSL alone, which knows nothing of nexus.
 */
#ifndef _TLS_ENDS_H
#define _TLS_ENDS_H

#include <openssl/ssl.h>

#include <nexus/tls.h>

#include "../fixture.h"

/**
 * struct ends - both ends
 * @f:        stack and kernel
 * @listener: of either end
 * @is_server: the library's end has accepted
 * @context:  the library's
 * @tls:      the library's end
 * @options:  of nexus_tls_start(), to be changed before ends_connect()
 * @tcp:      OpenSSL's end
 * @peer_ctx: OpenSSL's, to be changed before ends_connect()
 * @peer:     OpenSSL's end
 * @in, @out: between @peer and @tcp
 * @peer_session: app data of @peer, and what it resumes, or NULL
 * @is_mute:  @peer says nothing
 * @peer_alert: that it has read, or -1
 * @nr_established, @nr_readable, @nr_writable, @nr_closed: callbacks of @tls
 * @err:      of @nr_closed
 * @pem:      name of the file of key and certificate
 */
struct ends {
	struct fixture			f;
	struct nexus_tcp_listener	*listener;
	bool				is_server;
	struct nexus_tls_context	*context;
	struct nexus_tls		*tls;
	struct nexus_tls_options	options;
	struct nexus_tcp		*tcp;
	SSL_CTX				*peer_ctx;
	SSL				*peer;
	BIO				*in;
	BIO				*out;
	SSL_SESSION			**peer_session;
	bool				is_mute;
	int				peer_alert;
	uint32_t			nr_established;
	uint32_t			nr_readable;
	uint32_t			nr_writable;
	uint32_t			nr_closed;
	int				err;
	char				pem[32];
};

/* Certificates, contexts and a listener; the library is the server or the client. */
void ends_start(struct ends *b, bool is_server);

/* The same, with a send buffer of the library's end. */
void ends_start_with(struct ends *b, bool is_server, uint32_t snd_buf_bytes);

/* Both TLS versions are allowed, but this. */
void ends_set_version(struct ends *b, int version);

/* A connection, whose handshake has come to its end. */
void ends_connect(struct ends *b);
void ends_establish(struct ends *b);

/* Closes what is open of a connection; another may follow. */
void ends_disconnect(struct ends *b);

/* The same at once, where nothing moves any more. */
void ends_drop(struct ends *b);

/* All of it. */
void ends_end(struct ends *b);

/* Lets everything happen, at both ends, that needs no time. */
void ends_settle(struct ends *b);

/* Bytes from one end to the other, looked at there. */
void ends_send(struct ends *b, const void *data, size_t len);
void ends_receive(struct ends *b, const void *data, size_t len);

/* Bytes that were sent already are what the library's end reads. */
void ends_receive_only(struct ends *b, const void *data, size_t len);

/* The last alert that @b->peer has read; -1: none. */
int ends_alert(const struct ends *b);

/* Bytes to the library's end that no TLS has made. */
void ends_inject(struct ends *b, const void *data, size_t len);

#endif /* _TLS_ENDS_H */
