// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * OpenSSL's way to the TCP connection. It reads no byte beyond the record that it
 * is at, so that the rest is ours when it is done.
 */
#include <pthread.h>

#include <openssl/bio.h>

#include "internal.h"

/* At once: what lies in a small buffer. */
#define PIECE	1920

/* Answers to a peer that takes none: more is one that wants our buffers. */
#define ANSWERS_MAX	32

static pthread_once_t once = PTHREAD_ONCE_INIT;
static BIO_METHOD *method;
static int owner_idx = -1;

/* What it is to see when records are ours: what we have sealed for it. */
static int read_fed(struct nexus_tls *tls, char *buf, int len)
{
	size_t n = tls->fed_len < (size_t)len ? tls->fed_len : (size_t)len;

	__builtin_memcpy(buf, tls->fed, n);
	tls->fed += n;
	tls->fed_len -= n;
	return (int)n;
}

static int bio_read(BIO *bio, char *buf, int len)
{
	struct nexus_tls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	if (tls->phase == NX_TLS_DIRECT)
		n = tls->fed_len ? read_fed(tls, buf, len) : -EAGAIN;
	else
		n = nexus_tcp_read(tls->tcp, buf, (size_t)len);
	if (n >= 0)
		return (int)n;
	if (n == -EAGAIN)
		BIO_set_retry_read(bio);
	else
		tls->err = (int)n;
	return -1;
}

/*
 * OpenSSL answers each wish for another handshake, and for other keys. They are counted
 * anew when the peer has taken the first of those that were counted.
 */
static bool may_answer(struct nexus_tls *tls)
{
	struct nexus_tcp_info info;

	if (!tls->is_reading)
		return true;
	nexus_tcp_info(tls->tcp, &info);
	if (info.bytes_acked >= tls->answers_end) {
		tls->nr_answers = 0;
		tls->answers_end = info.bytes_acked + info.unacked + info.unsent + 1;
	}
	return tls->nr_answers++ < ANSWERS_MAX;
}

/* Behind what it has written before into the packet for its record. */
static int write_out(struct nexus_tls *tls, const char *buf, int len)
{
	size_t n = nexus_packet_write(tls->out, tls->out_len, buf, (size_t)len);

	tls->out_len += n;
	return (int)n;
}

/* What it says when records are ours is not sealed by the keys that are in use. */
static int bio_write(BIO *bio, const char *buf, int len)
{
	struct nexus_tls *tls = BIO_get_data(bio);
	int err;

	BIO_clear_retry_flags(bio);
	if (tls->phase == NX_TLS_DIRECT || len <= 0)
		return len;
	if (tls->out)
		return write_out(tls, buf, len);
	len = len < PIECE ? len : PIECE;
	err = may_answer(tls) ? nx_tls_put(tls, buf, (size_t)len) : -EBADMSG;
	if (!err)
		return len;
	if (err == -EAGAIN)
		BIO_set_retry_write(bio);
	else
		tls->err = err;
	return -1;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static void init(void)
{
	int type = BIO_get_new_index();

	owner_idx = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (type < 0)
		return;
	method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "nexus");
	if (!method)
		return;
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

BIO *nx_tls_bio_new(struct nexus_tls *tls)
{
	BIO *bio;

	pthread_once(&once, init);
	if (!method || owner_idx < 0)
		return NULL;
	bio = BIO_new(method);
	if (!bio)
		return NULL;
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	return bio;
}

void nx_tls_set_owner(SSL *ssl, struct nexus_tls *tls)
{
	SSL_set_ex_data(ssl, owner_idx, tls);
}

struct nexus_tls *nx_tls_owner(const SSL *ssl)
{
	return owner_idx < 0 ? NULL : SSL_get_ex_data(ssl, owner_idx);
}
