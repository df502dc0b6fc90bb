// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A connection from its beginning to its end, and what its program is told.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "internal.h"

/* ------------------------------------------------------------- its memory */

static void exit_half(struct nx_tls_half *half)
{
	nx_tls_half_exit(half);
	nx_tls_secret_free(half->secret);
}

/* A session of a connection that has not failed can be resumed. */
static void free_ssl(struct nexus_tls *tls)
{
	if (tls->phase == NX_TLS_DIRECT || tls->phase == NX_TLS_ORDINARY)
		SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN);
	SSL_free(tls->ssl);
}

static void free_tls(struct nexus_tls *tls)
{
	nx_tls_chain_exit(&tls->in, tls->stack);
	nx_tls_message_exit(&tls->msg);
	exit_half(&tls->rx);
	exit_half(&tls->tx);
	exit_half(&tls->feed);
	free_ssl(tls);
	nx_tls_context_put(tls->context);
	free(tls);
}

/* ------------------------------------------------------------- callbacks */

/* While @depth is not 0 it is not freed. */
static void enter(struct nexus_tls *tls)
{
	tls->depth++;
}

static void leave(struct nexus_tls *tls)
{
	if (!--tls->depth && tls->is_closed)
		free_tls(tls);
}

static void call(struct nexus_tls *tls,
		 void (*fn)(struct nexus_tls *tls, void *arg))
{
	if (fn && !tls->is_closed)
		fn(tls, tls->arg);
}

static void call_closed(struct nexus_tls *tls, int err)
{
	if (tls->is_told || tls->is_closed)
		return;
	tls->is_told = true;
	if (tls->cb->closed)
		tls->cb->closed(tls, err, tls->arg);
}

/* What came with the end of the handshake waits already. */
static void tell_established(struct nexus_tls *tls)
{
	call(tls, tls->cb->established);
	if (tls->wants_write) {
		tls->wants_write = false;
		call(tls, tls->cb->writable);
	}
	call(tls, tls->cb->readable);
}

static void shake(struct nexus_tls *tls)
{
	if (nx_tls_shake(tls))
		tell_established(tls);
	else if (tls->phase == NX_TLS_FAILED)
		call_closed(tls, tls->err);
}

static void on_established(struct nexus_tcp *tcp, void *arg)
{
	struct nexus_tls *tls = arg;

	(void)tcp;
	enter(tls);
	shake(tls);
	leave(tls);
}

static void on_readable(struct nexus_tcp *tcp, void *arg)
{
	struct nexus_tls *tls = arg;

	(void)tcp;
	enter(tls);
	if (tls->phase == NX_TLS_SHAKING)
		shake(tls);
	else
		call(tls, tls->cb->readable);
	leave(tls);
}

static void on_writable(struct nexus_tcp *tcp, void *arg)
{
	struct nexus_tls *tls = arg;

	(void)tcp;
	enter(tls);
	if (tls->phase == NX_TLS_SHAKING) {
		shake(tls);
	} else if (tls->wants_write) {
		tls->wants_write = false;
		call(tls, tls->cb->writable);
	}
	leave(tls);
}

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct nexus_tls *tls = arg;

	(void)tcp;
	enter(tls);
	/* Without a handshake there is nothing that could have been closed. */
	if (tls->phase == NX_TLS_SHAKING)
		nx_tls_fail(tls, err ? err : -ECONNRESET);
	call_closed(tls, tls->err ? tls->err : err);
	leave(tls);
}

static void on_acked(struct nexus_tcp *tcp, uint64_t bytes, void *arg)
{
	struct nexus_tls *tls = arg;

	(void)tcp;
	enter(tls);
	if (tls->cb->acked && !tls->is_closed)
		tls->cb->acked(tls, bytes, tls->arg);
	leave(tls);
}

static const struct nexus_tcp_callbacks callbacks = {
	.established = on_established,
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_closed,
	.acked = on_acked,
};

/* ----------------------------------------------------------------- start */

static bool is_address(const char *name)
{
	struct in6_addr addr;

	return inet_pton(AF_INET, name, &addr) == 1 ||
	       inet_pton(AF_INET6, name, &addr) == 1;
}

/* RFC 6066 section 3: an address is no server name. */
static int set_name(SSL *ssl, const char *name)
{
	int ok;

	if (!name)
		return 0;
	ok = is_address(name) ?
	     X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) :
	     SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name);
	return ok ? 0 : -EINVAL;
}

static int set_peer(struct nexus_tls *tls, const struct nexus_tls_options *o)
{
	int err;

	if (tls->context->is_server) {
		SSL_set_accept_state(tls->ssl);
		return 0;
	}
	SSL_set_connect_state(tls->ssl);
	err = set_name(tls->ssl, o->server_name);
	if (!err && o->session && SSL_set_session(tls->ssl, o->session) <= 0)
		err = -EINVAL;
	return err;
}

static int init_ssl(struct nexus_tls *tls, const struct nexus_tls_options *o)
{
	BIO *bio;

	tls->ssl = SSL_new(tls->context->ctx);
	if (!tls->ssl)
		return -ENOMEM;
	bio = nx_tls_bio_new(tls);
	if (!bio)
		return -ENOMEM;
	SSL_set_bio(tls->ssl, bio, bio);
	nx_tls_set_owner(tls->ssl, tls);
	SSL_set_read_ahead(tls->ssl, 0);
	SSL_set_options(tls->ssl, SSL_OP_NO_RENEGOTIATION);
	SSL_clear_options(tls->ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* It reads until nothing waits: only then TCP tells that there is more. */
	SSL_set_mode(tls->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
			       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			       SSL_MODE_AUTO_RETRY);
	SSL_set_msg_callback(tls->ssl, nx_tls_trace);
	SSL_set_msg_callback_arg(tls->ssl, tls);
	return set_peer(tls, o);
}

static int init_secrets(struct nexus_tls *tls)
{
	tls->rx.secret = nx_tls_secret_alloc();
	tls->tx.secret = nx_tls_secret_alloc();
	tls->feed.secret = nx_tls_secret_alloc();
	return tls->rx.secret && tls->tx.secret && tls->feed.secret ? 0 :
								     -ENOMEM;
}

int nexus_tls_start(struct nexus_tls_context *context, struct nexus_tcp *tcp,
		    const struct nexus_tls_options *options,
		    struct nexus_tls **result)
{
	static const struct nexus_tls_options defaults;
	static const struct nexus_tls_callbacks none;
	const struct nexus_tls_options *o = options ? options : &defaults;
	struct nexus_tls *tls = calloc(1, sizeof(*tls));
	int err;

	if (!tls)
		return -ENOMEM;
	nx_tls_context_get(context);
	tls->context = context;
	tls->tcp = tcp;
	tls->stack = nexus_tcp_stack(tcp);
	tls->cb = o->callbacks ? o->callbacks : &none;
	tls->arg = o->arg;
	tls->alert_sent = -1;
	tls->alert_received = -1;
	err = init_secrets(tls);
	if (!err)
		err = init_ssl(tls, o);
	if (err) {
		free_tls(tls);
		return err;
	}
	nexus_tcp_set_callbacks(tcp, &callbacks, tls);
	/* A client that is connected already begins; a server waits. */
	if (!context->is_server)
		nexus_tcp_want_writable(tcp);
	*result = tls;
	return 0;
}

/* ----------------------------------------------------------------- close */

/*
 * What was not read would make TCP reset the peer, who might not see the alert, or
 * close_notify, that it was sent; and often it is but the peer's own.
 */
static void drop_input(struct nexus_tls *tls)
{
	struct nexus_packet *pkt;

	while (!nexus_tcp_recv(tls->tcp, &pkt) && pkt)
		nexus_packet_put(tls->stack, pkt);
}

static void release(struct nexus_tls *tls)
{
	tls->is_closed = true;
	if (!tls->depth)
		free_tls(tls);
}

void nexus_tls_close(struct nexus_tls *tls)
{
	if (!tls || tls->is_closed)
		return;
	if (!tls->is_shut)
		nx_tls_put_close(tls);
	drop_input(tls);
	nexus_tcp_close(tls->tcp);
	release(tls);
}

void nexus_tls_abort(struct nexus_tls *tls)
{
	if (!tls || tls->is_closed)
		return;
	nexus_tcp_abort(tls->tcp);
	release(tls);
}
