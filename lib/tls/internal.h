/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A secure connection: OpenSSL's handshake, and records of our own.
 */
#ifndef _NX_TLS_INTERNAL_H
#define _NX_TLS_INTERNAL_H

#include <errno.h>

#include <openssl/ssl.h>

#include <nexus/tls.h>

#include "chain.h"
#include "message.h"
#include "record.h"

/**
 * struct nexus_tls_context - what connections have in common
 * @ctx:       OpenSSL's
 * @nr_users:  the program, and each connection; by __atomic, of any thread
 * @is_server: which end
 * @alpn, @alpn_len: protocols, as on the wire
 */
struct nexus_tls_context {
	SSL_CTX			*ctx;
	uint32_t		nr_users;
	bool			is_server;
	uint8_t			*alpn;
	size_t			alpn_len;
};

/**
 * enum nx_tls_phase - where a connection is
 * @NX_TLS_SHAKING: OpenSSL reads and writes
 * @NX_TLS_DIRECT:  records are ours
 * @NX_TLS_ORDINARY: records stay OpenSSL's
 * @NX_TLS_FAILED:  it is over, for the reason in @err
 */
enum nx_tls_phase {
	NX_TLS_SHAKING,
	NX_TLS_DIRECT,
	NX_TLS_ORDINARY,
	NX_TLS_FAILED,
};

/**
 * struct nexus_tls - a connection
 * @tcp:      below; its own
 * @stack:    of it
 * @context:  of it
 * @ssl:      OpenSSL's object
 * @cb, @arg: the program's
 * @phase:    where it is
 * @err:      why it is over
 * @error:    the same in OpenSSL's words, or NULL
 * @alert_sent, @alert_received: that ended it, or -1
 * @depth:    of callbacks that run
 * @is_closed: the program has let go of it
 * @is_shut:  close_notify was sent
 * @has_ended: close_notify has come
 * @is_told:  callback "closed" has come
 * @wants_write: callback "writable" is owed
 * @owes_update: a KeyUpdate is to be sent, as the peer has asked
 *
 * Receive:
 * @rx:       opens
 * @in:       what has arrived
 * @plain_left: bytes of payload at its front, opened
 * @back_left:  behind them: padding, type, tag
 * @nr_idle:  records in a row that had no payload for the program
 * @msg:      handshake message
 * @feed:     seals for @ssl, with the keys it reads by, what it must see
 * @fed, @fed_len: that it sees next
 * @is_reading: OpenSSL reads its own records, and may answer
 * @nr_answers: that it has sent since the peer had the first of them
 * @answers_end: of what TCP had to send then, and the first byte of that one
 * @records_in, @updates_in: for nexus_tls_info()
 *
 * Transmit:
 * @tx:       seals
 * @max:      payload of a record, as both ends have agreed
 * @records_out, @updates_out: for nexus_tls_info()
 * @out, @out_len: packet that OpenSSL's next record goes into, and bytes of it; NULL:
 *            what it writes leaves at once
 */
struct nexus_tls {
	struct nexus_tcp		*tcp;
	struct nexus_stack		*stack;
	struct nexus_tls_context	*context;
	SSL				*ssl;
	const struct nexus_tls_callbacks *cb;
	void				*arg;
	enum nx_tls_phase		phase;
	int				err;
	const char			*error;
	int16_t				alert_sent;
	int16_t				alert_received;
	uint32_t			depth;
	bool				is_closed;
	bool				is_shut;
	bool				has_ended;
	bool				is_told;
	bool				wants_write;
	bool				owes_update;

	struct nx_tls_half		rx;
	struct nx_tls_chain		in;
	size_t				plain_left;
	size_t				back_left;
	uint32_t			nr_idle;
	struct nx_tls_message		msg;
	struct nx_tls_half		feed;
	const uint8_t			*fed;
	size_t				fed_len;
	bool				is_reading;
	uint32_t			nr_answers;
	uint64_t			answers_end;
	uint64_t			records_in;
	uint32_t			updates_in;

	struct nx_tls_half		tx;
	uint32_t			max;
	uint64_t			records_out;
	uint32_t			updates_out;
	struct nexus_packet		*out;
	size_t				out_len;
};

/* --------------------------------------------------------------- context */

void nx_tls_context_get(struct nexus_tls_context *context);
void nx_tls_context_put(struct nexus_tls_context *context);

/* ------------------------------------------------------------- OpenSSL's */

/* A BIO between OpenSSL and @tls's TCP connection; NULL. */
BIO *nx_tls_bio_new(struct nexus_tls *tls);

/* The connection of which OpenSSL tells something. */
void nx_tls_set_owner(SSL *ssl, struct nexus_tls *tls);
struct nexus_tls *nx_tls_owner(const SSL *ssl);

/* SSL_CTX_set_keylog_callback(). */
void nx_tls_keylog(const SSL *ssl, const char *line);

/* SSL_set_msg_callback(). */
void nx_tls_trace(int is_write, int version, int type, const void *buf,
		  size_t len, SSL *ssl, void *arg);

/* ------------------------------------------------------------- handshake */

/* As far as it goes. True: it is complete, by this call. */
bool nx_tls_shake(struct nexus_tls *tls);

/* What OpenSSL says of @ret, that a call of it has returned: -EAGAIN, or why. */
int nx_tls_ssl_error(struct nexus_tls *tls, int ret);

/* Keys from OpenSSL's handshake; false: records stay its own. */
bool nx_tls_take_over(struct nexus_tls *tls);

/* --------------------------------------------------------------- receive */

/* Refuse what the peer has sent: SSL_AD_*. Returns -EBADMSG. */
int nx_tls_refuse(struct nexus_tls *tls, uint8_t alert);

/* It is over; returns @err. */
int nx_tls_fail(struct nexus_tls *tls, int err);

/* A record that is not payload: 0 or why the connection is over. */
int nx_tls_control(struct nexus_tls *tls, uint8_t type, const uint8_t *data,
		   size_t len);

/* -------------------------------------------------------------- transmit */

/* Bytes that leave whatever else waits; 0, -EAGAIN no buffer, or why not. */
int nx_tls_put(struct nexus_tls *tls, const void *data, size_t len);

/* A record of few bytes, likewise. */
int nx_tls_put_record(struct nexus_tls *tls, uint8_t type, const void *data,
		      size_t len);

/*
 * Has the peer all that was sent? Who asks for answers and takes none gets one:
 * they pass a full send buffer, and each has a buffer of the pool.
 */
bool nx_tls_is_quiet(const struct nexus_tls *tls);

/* close_notify; once. 0, -EAGAIN, or why not. */
int nx_tls_put_close(struct nexus_tls *tls);

/* A KeyUpdate, and new keys. 0, -EAGAIN, or why not. */
int nx_tls_put_update(struct nexus_tls *tls, bool ask_peer);

#endif /* _NX_TLS_INTERNAL_H */
