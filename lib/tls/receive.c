// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Records that arrive, opened where they lie, and the program that reads them.
 */
#include <openssl/err.h>

#include "internal.h"

/* Records in a row without payload: more is a peer that wants to keep us busy. */
#define IDLE_MAX	32

/* Of a packet that OpenSSL fills: what lies in a small buffer. */
#define PIECE		1920

/* ---------------------------------------------------------------- opening */

static int open_piece(void *arg, uint8_t *data, size_t len)
{
	return nx_tls_open_update(arg, data, len);
}

/* Waits for @len bytes: 0, -EAGAIN, or why there will not be so many. */
static int pull(struct nexus_tls *tls, size_t len)
{
	struct nexus_packet *pkt;
	int err;

	while (tls->in.len < len) {
		err = nexus_tcp_recv(tls->tcp, &pkt);
		if (err == -EAGAIN)
			return err;
		/* RFC 8446 section 6.1: an end without close_notify is none. */
		if (err || !pkt)
			return nx_tls_fail(tls, err ? err : -ECONNRESET);
		if (nx_tls_chain_add(&tls->in, tls->stack, pkt)) {
			nexus_packet_put(tls->stack, pkt);
			return nx_tls_fail(tls, -ENOMEM);
		}
	}
	return 0;
}

/* What is wrong with a record, before it is there: an alert; -1: nothing. */
static int check_header(const struct nexus_tls *tls, const uint8_t *header,
			size_t len)
{
	bool is_13 = tls->rx.version == TLS1_3_VERSION;
	size_t least = nx_tls_front_len(&tls->rx) - NX_TLS_HEADER_LEN +
		       NX_TLS_TAG_LEN;

	if (header[0] < NX_TLS_CHANGE_CIPHER_SPEC || header[0] > NX_TLS_DATA ||
	    (is_13 && header[0] != NX_TLS_DATA))
		return SSL_AD_UNEXPECTED_MESSAGE;
	/* In TLS 1.3 it says nothing, but is authenticated. */
	if (!is_13 && (header[1] != 3 || header[2] != 3))
		return SSL_AD_PROTOCOL_VERSION;
	if (len > nx_tls_cipher_max(&tls->rx))
		return SSL_AD_RECORD_OVERFLOW;
	return len < least ? SSL_AD_BAD_RECORD_MAC : -1;
}

/* @len bytes of content are there: open them. 0, or why it is over. */
static int open_content(struct nexus_tls *tls, size_t len)
{
	size_t front_len = nx_tls_front_len(&tls->rx);
	size_t end = NX_TLS_HEADER_LEN + len - NX_TLS_TAG_LEN;
	uint8_t front[NX_TLS_FRONT_MAX], tag[NX_TLS_TAG_LEN];
	int err;

	nx_tls_chain_read(&tls->in, 0, front, front_len);
	nx_tls_chain_read(&tls->in, end, tag, sizeof(tag));
	err = nx_tls_open_begin(&tls->rx, front);
	if (!err)
		err = nx_tls_chain_each(&tls->in, front_len, end - front_len,
					open_piece, &tls->rx);
	if (!err)
		err = nx_tls_open_end(&tls->rx, tag);
	return err ? nx_tls_refuse(tls, SSL_AD_BAD_RECORD_MAC) : 0;
}

/* What is not 0 last of @len bytes, at most: bytes up to there. */
static size_t strip(const uint8_t *buf, size_t len)
{
	while (len && !buf[len - 1])
		len--;
	return len;
}

/*
 * RFC 8446 section 5.4: the type is the last byte that is not 0. Moves @end, from
 * behind the content to the type; false: there is none.
 */
static bool find_type(const struct nx_tls_chain *in, size_t from, size_t *end,
		      uint8_t *type)
{
	size_t step = 1, n, left;
	uint8_t buf[64];

	for (; *end > from; *end -= n, step = sizeof(buf)) {
		n = *end - from < step ? *end - from : step;
		nx_tls_chain_read(in, *end - n, buf, n);
		left = strip(buf, n);
		if (!left)
			continue;
		*type = buf[left - 1];
		*end -= n - left + 1;
		return true;
	}
	return false;
}

/* The payload, within the record that was opened; and its type. */
static int measure(struct nexus_tls *tls, size_t len, uint8_t *type)
{
	size_t from = nx_tls_front_len(&tls->rx);
	size_t end = NX_TLS_HEADER_LEN + len - NX_TLS_TAG_LEN;
	bool is_13 = tls->rx.version == TLS1_3_VERSION;

	/* Padding counts, and the type. */
	if (end - from > NX_TLS_PLAIN_MAX + (size_t)is_13)
		return nx_tls_refuse(tls, SSL_AD_RECORD_OVERFLOW);
	if (is_13 && !find_type(&tls->in, from, &end, type))
		return nx_tls_refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
	tls->plain_left = end - from;
	tls->back_left = NX_TLS_HEADER_LEN + len - end;
	nx_tls_chain_skip(&tls->in, tls->stack, from);
	return 0;
}

/* The next record, whatever it is: 0, -EAGAIN, or why it is over. */
static int open_record(struct nexus_tls *tls, uint8_t *type)
{
	uint8_t header[NX_TLS_HEADER_LEN];
	int err, alert;
	size_t len;

	err = pull(tls, sizeof(header));
	if (err)
		return err;
	nx_tls_chain_read(&tls->in, 0, header, sizeof(header));
	len = (size_t)header[3] << 8 | header[4];
	alert = check_header(tls, header, len);
	if (alert >= 0)
		return nx_tls_refuse(tls, (uint8_t)alert);
	err = pull(tls, sizeof(header) + len);
	if (!err)
		err = open_content(tls, len);
	if (err)
		return err;
	tls->records_in++;
	*type = header[0];
	return measure(tls, len, type);
}

static void skip_back(struct nexus_tls *tls)
{
	nx_tls_chain_skip(&tls->in, tls->stack, tls->plain_left + tls->back_left);
	tls->plain_left = 0;
	tls->back_left = 0;
}

/* A record that is not payload, out of the buffers. */
static int input_control(struct nexus_tls *tls, uint8_t type)
{
	uint8_t data[NX_TLS_PLAIN_MAX];
	size_t len = tls->plain_left;
	int err;

	nx_tls_chain_read(&tls->in, 0, data, len);
	skip_back(tls);
	err = nx_tls_control(tls, type, data, len);
	OPENSSL_cleanse(data, len);
	return err;
}

/* Until payload is at the front: 0, -EAGAIN, or why it is over. */
static int next_payload(struct nexus_tls *tls)
{
	uint8_t type = 0;
	int err;

	while (!tls->plain_left) {
		skip_back(tls);
		if (tls->has_ended)
			return 0;
		err = open_record(tls, &type);
		if (!err && type == NX_TLS_DATA && !tls->msg.len) {
			tls->nr_idle = tls->plain_left ? 0 : tls->nr_idle + 1;
		} else if (!err) {
			err = input_control(tls, type);
			tls->nr_idle++;
		}
		if (!err && tls->nr_idle > IDLE_MAX)
			err = nx_tls_refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
		if (err)
			return err;
	}
	return 0;
}

/* --------------------------------------------------------------- reading */

/* What the peer asked for while we read. It can wait until something is sent. */
static void answer(struct nexus_tls *tls)
{
	if (tls->owes_update && tls->phase == NX_TLS_DIRECT && !tls->is_shut &&
	    nx_tls_is_quiet(tls))
		nx_tls_put_update(tls, false);
}

static ssize_t read_direct(struct nexus_tls *tls, uint8_t *buf, size_t size)
{
	size_t done = 0, part;
	int err = 0;

	while (done < size) {
		err = next_payload(tls);
		if (err || !tls->plain_left)
			break;
		part = tls->plain_left < size - done ? tls->plain_left :
						       size - done;
		nx_tls_chain_read(&tls->in, 0, buf + done, part);
		nx_tls_chain_skip(&tls->in, tls->stack, part);
		tls->plain_left -= part;
		done += part;
	}
	answer(tls);
	return done ? (ssize_t)done : err;
}

static ssize_t read_ordinary(struct nexus_tls *tls, void *buf, size_t size)
{
	int n;

	if (tls->has_ended)
		return 0;
	ERR_clear_error();
	tls->is_reading = true;
	n = SSL_read(tls->ssl, buf, size < INT32_MAX ? (int)size : INT32_MAX);
	tls->is_reading = false;
	if (n > 0)
		return n;
	if (SSL_get_error(tls->ssl, n) == SSL_ERROR_ZERO_RETURN) {
		tls->has_ended = true;
		return 0;
	}
	return nx_tls_ssl_error(tls, n);
}

/* Zeros that were memory which was taken back are no payload. */
ssize_t nexus_tls_read(struct nexus_tls *tls, void *buf, size_t size)
{
	ssize_t n;
	int err;

	switch (tls->phase) {
	case NX_TLS_SHAKING:
		return -EAGAIN;
	case NX_TLS_DIRECT:
		n = read_direct(tls, buf, size);
		err = n > 0 ? nexus_stack_check(tls->stack) : 0;
		return err ? nx_tls_fail(tls, err) : n;
	case NX_TLS_ORDINARY:
		return read_ordinary(tls, buf, size);
	case NX_TLS_FAILED:
		break;
	}
	return tls->err;
}

/* --------------------------------------------------------- without a copy */

static int recv_direct(struct nexus_tls *tls, struct nexus_packet **pkt)
{
	int err = next_payload(tls);

	if (!err && tls->plain_left) {
		err = nx_tls_chain_take(&tls->in, tls->stack, tls->plain_left,
					pkt);
		if (!err)
			tls->plain_left -= (*pkt)->total_len;
	}
	answer(tls);
	return err;
}

/* OpenSSL's records are copied out of its own buffers. */
static int recv_ordinary(struct nexus_tls *tls, struct nexus_packet **pkt)
{
	struct nexus_packet *part;
	ssize_t n = 0;
	int err;

	err = nexus_packet_alloc(tls->stack, PIECE, pkt);
	if (err)
		return err;
	part = *pkt;
	n = read_ordinary(tls, part->data, part->len);
	if (n > 0) {
		nexus_packet_trim(tls->stack, part, (size_t)n);
		return 0;
	}
	nexus_packet_put(tls->stack, part);
	*pkt = NULL;
	return (int)n;
}

int nexus_tls_recv(struct nexus_tls *tls, struct nexus_packet **pkt)
{
	*pkt = NULL;
	switch (tls->phase) {
	case NX_TLS_SHAKING:
		return -EAGAIN;
	case NX_TLS_DIRECT:
		return recv_direct(tls, pkt);
	case NX_TLS_ORDINARY:
		return recv_ordinary(tls, pkt);
	case NX_TLS_FAILED:
		break;
	}
	return tls->err;
}
