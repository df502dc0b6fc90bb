// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Records that are not payload, after the handshake: alerts (RFC 8446 section 6),
 * key updates and tickets (section 4.6).
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "internal.h"

#define ALERT_WARNING		1
#define ALERT_FATAL		2

/* ---------------------------------------------------------------- failure */

int nx_tls_fail(struct nexus_tls *tls, int err)
{
	tls->phase = NX_TLS_FAILED;
	tls->err = err;
	nexus_tcp_shutdown(tls->tcp);
	return err;
}

/*
 * Memory that was taken back reads as zeros, which nobody has sent: why the channel
 * has ended; or 0.
 */
static int find_loss(struct nexus_tls *tls)
{
	int err = nexus_stack_check(tls->stack);
	char byte;

	if (err)
		return err;
	/* The stack has another channel already. */
	return nexus_tcp_peek(tls->tcp, &byte, 1) == -ECONNABORTED ?
	       -ECONNABORTED : 0;
}

int nx_tls_refuse(struct nexus_tls *tls, uint8_t alert)
{
	const uint8_t record[] = { ALERT_FATAL, alert };
	int err = find_loss(tls);

	if (err)
		return nx_tls_fail(tls, err);
	/* A peer that is not told sees the end of the stream. */
	nx_tls_put_record(tls, NX_TLS_ALERT, record, sizeof(record));
	tls->alert_sent = alert;
	return nx_tls_fail(tls, -EBADMSG);
}

/* ----------------------------------------------------------------- alerts */

static bool is_13(const struct nexus_tls *tls)
{
	return tls->rx.version == TLS1_3_VERSION;
}

/* Section 6: but for these two, every alert is fatal, whatever its level. */
static bool is_warning(const struct nexus_tls *tls, const uint8_t *alert)
{
	return is_13(tls) ? alert[1] == SSL_AD_USER_CANCELLED :
			    alert[0] == ALERT_WARNING;
}

static int input_alert(struct nexus_tls *tls, const uint8_t *alert, size_t len)
{
	if (len != 2)
		return nx_tls_refuse(tls, SSL_AD_DECODE_ERROR);
	if (alert[1] == SSL_AD_CLOSE_NOTIFY) {
		tls->has_ended = true;
		return 0;
	}
	if (is_warning(tls, alert))
		return 0;
	tls->alert_received = alert[1];
	return nx_tls_fail(tls, -EREMOTEIO);
}

/* ---------------------------------------------------------------- tickets */

/* @len bytes of a message as records of OpenSSL's keys; bytes, -ENOMEM, -EIO. */
static int seal_for_openssl(struct nexus_tls *tls, const uint8_t *msg,
			    size_t len, uint8_t **records)
{
	size_t nr = len / NX_TLS_PLAIN_MAX + 1, at, part, done = 0;
	int n;

	*records = malloc(len + nr * (NX_TLS_FRONT_MAX + NX_TLS_BACK_MAX));
	if (!*records)
		return -ENOMEM;
	for (at = 0; at < len; at += part) {
		part = len - at < NX_TLS_PLAIN_MAX ? len - at : NX_TLS_PLAIN_MAX;
		n = nx_tls_seal(&tls->feed, NX_TLS_HANDSHAKE, msg + at, part,
				*records + done);
		if (n < 0)
			return n;
		done += (size_t)n;
	}
	return (int)done;
}

/* It has nothing to read but what it is fed, so that it asks for more. */
static int let_openssl_read(struct nexus_tls *tls)
{
	uint8_t none;
	int ret;

	ERR_clear_error();
	ret = SSL_read(tls->ssl, &none, sizeof(none));
	if (SSL_get_error(tls->ssl, ret) == SSL_ERROR_WANT_READ)
		return 0;
	tls->error = ERR_reason_error_string(ERR_peek_error());
	return nx_tls_refuse(tls, tls->alert_sent >= 0 ?
				  (uint8_t)tls->alert_sent :
				  SSL_AD_INTERNAL_ERROR);
}

/*
 * Tickets are OpenSSL's: it has the secret that they belong to. It goes on reading
 * by the key, and by the numbers, of when records became ours, and sees nothing
 * but these messages, sealed for it once more.
 */
static int input_ticket(struct nexus_tls *tls, const uint8_t *msg, size_t len)
{
	uint8_t *records;
	int n = seal_for_openssl(tls, msg, len, &records);

	if (n >= 0) {
		tls->fed = records;
		tls->fed_len = (size_t)n;
	}
	n = n < 0 ? nx_tls_refuse(tls, SSL_AD_INTERNAL_ERROR) :
		    let_openssl_read(tls);
	tls->fed_len = 0;
	free(records);
	return n;
}

/* ------------------------------------------------------------ key updates */

static int input_update(struct nexus_tls *tls, const uint8_t *msg, size_t len)
{
	uint8_t asks;

	if (len != NX_TLS_MESSAGE_HEADER + 1)
		return nx_tls_refuse(tls, SSL_AD_DECODE_ERROR);
	asks = msg[NX_TLS_MESSAGE_HEADER];
	if (asks > 1)
		return nx_tls_refuse(tls, SSL_AD_ILLEGAL_PARAMETER);
	/* Section 5.1: what is behind it is of another key. */
	if (tls->msg.len != len)
		return nx_tls_refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
	if (nx_tls_half_update(&tls->rx))
		return nx_tls_refuse(tls, SSL_AD_INTERNAL_ERROR);
	tls->updates_in++;
	/* However often it asks, one answer is enough, before the next payload. */
	tls->owes_update |= asks;
	return 0;
}

/* --------------------------------------------------------------- messages */

/* RFC 5246 section 7.4.1.1: begins a new handshake, which we do not want. */
static int input_renegotiation(struct nexus_tls *tls, uint8_t type)
{
	static const uint8_t no[] = { ALERT_WARNING, SSL_AD_NO_RENEGOTIATION };
	uint8_t wanted = tls->context->is_server ? SSL3_MT_CLIENT_HELLO :
						   SSL3_MT_HELLO_REQUEST;

	if (type != wanted)
		return nx_tls_refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
	/* A peer that does not hear it waits, or gives up. */
	if (nx_tls_is_quiet(tls))
		nx_tls_put_record(tls, NX_TLS_ALERT, no, sizeof(no));
	return 0;
}

static int input_message(struct nexus_tls *tls, const uint8_t *msg, size_t len)
{
	if (!is_13(tls))
		return input_renegotiation(tls, msg[0]);
	if (msg[0] == SSL3_MT_KEY_UPDATE)
		return input_update(tls, msg, len);
	if (msg[0] == SSL3_MT_NEWSESSION_TICKET && !tls->context->is_server)
		return input_ticket(tls, msg, len);
	return nx_tls_refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
}

static int input_handshake(struct nexus_tls *tls, const uint8_t *data,
			   size_t len)
{
	int n, err = 0;

	if (nx_tls_message_add(&tls->msg, data, len))
		return nx_tls_refuse(tls, SSL_AD_INTERNAL_ERROR);
	while (!err && (n = nx_tls_message_len(&tls->msg)) != 0) {
		if (n < 0)
			return nx_tls_refuse(tls, SSL_AD_ILLEGAL_PARAMETER);
		err = input_message(tls, tls->msg.data, (size_t)n);
		nx_tls_message_drop(&tls->msg, (size_t)n);
	}
	return err;
}

int nx_tls_control(struct nexus_tls *tls, uint8_t type, const uint8_t *data,
		   size_t len)
{
	/* RFC 8446 section 5.1: neither may be empty, nor a message be interrupted. */
	if (!len || (tls->msg.len && type != NX_TLS_HANDSHAKE))
		return nx_tls_refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
	switch (type) {
	case NX_TLS_ALERT:
		return input_alert(tls, data, len);
	case NX_TLS_HANDSHAKE:
		return input_handshake(tls, data, len);
	}
	return nx_tls_refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
}
