// SPDX-License-Identifier: GPL-2.0
/*
 * TLS of libnexus-tls over TCP of libnexus: what arrives is taken without a copy.
 */
#include <errno.h>
#include <nexus/nexus.h>
#include <nexus/tls.h>
#include <stdlib.h>

#include "perf.h"
#include "tls.h"

#define RING_SLOTS	1024
#define NR_SMALL	4096
#define NR_LARGE	256
#define NR_FLOWS	64
/* For how long an end that closes lets the peer have the rest. */
#define LINGER_TRIES	100
#define LINGER_NS	10000000

/**
 * struct tls_end - one end
 * @end:      of the run
 * @stack:    below it
 * @context:  certificates
 * @listener: or NULL
 * @tls:      the connection, or NULL
 * @is_up:    its handshake is complete
 * @got:      bytes that have arrived
 * @moved:    of these, in this call
 * @err:      what a callback found
 * @buf:      what is sent
 */
struct tls_end {
	struct perf_end			*end;
	struct nexus_stack		*stack;
	struct nexus_tls_context	*context;
	struct nexus_tcp_listener	*listener;
	struct nexus_tls		*tls;
	bool				is_up;
	uint64_t			got;
	uint64_t			moved;
	int				err;
	uint8_t				*buf;
};

static int tls_fail(const char *what, int err)
{
	perf_error("nexus: %s: %s", what, nexus_strerror(err));
	return err;
}

/* Sleeps until something arrives, a timer is due, or a signal comes. */
static int turn(struct tls_end *te)
{
	int ret = nexus_stack_poll(te->stack, NEXUS_TIMEOUT_NONE);

	if (ret < 0)
		return ret;
	return perf_stop ? -EINTR : te->err;
}

/* ------------------------------------------------------------- callbacks */

static void on_established(struct nexus_tls *tls, void *arg)
{
	struct tls_end *te = arg;

	(void)tls;
	te->is_up = true;
}

static void on_closed(struct nexus_tls *tls, int err, void *arg)
{
	struct tls_end *te = arg;

	(void)tls;
	te->err = err;
}

/* That there is something is asked for where it is wanted. */
static void on_ready(struct nexus_tls *tls, void *arg)
{
	(void)tls;
	(void)arg;
}

static const struct nexus_tls_callbacks client_callbacks = {
	.established = on_established,
	.readable = on_ready,
	.writable = on_ready,
	.closed = on_closed,
};

/* ---------------------------------------------------------- listening end */

static void drop_conn(struct tls_end *te)
{
	nexus_tls_close(te->tls);
	te->tls = NULL;
}

static void on_payload(struct nexus_tls *tls, void *arg)
{
	struct tls_end *te = arg;
	uint64_t mark = te->end->cfg->warmup * te->end->cfg->size;
	uint64_t was = te->got;
	struct nexus_packet *pkt;
	int err;

	while (!(err = nexus_tls_recv(tls, &pkt)) && pkt) {
		te->got += pkt->total_len;
		nexus_packet_put(te->stack, pkt);
	}
	te->moved += te->got - was;
	if (was < mark && te->got >= mark && nexus_tls_write(tls, "x", 1) != 1)
		te->err = -ENOBUFS;
	if (err == -EAGAIN)
		return;
	te->err = err;
	drop_conn(te);
}

static void on_client_gone(struct nexus_tls *tls, int err, void *arg)
{
	(void)tls;
	(void)err;
	drop_conn(arg);
}

static const struct nexus_tls_callbacks server_callbacks = {
	.readable = on_payload,
	.writable = on_ready,
	.closed = on_client_gone,
};

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct tls_end *te = arg;
	const struct nexus_tls_options options = {
		.callbacks = &server_callbacks,
		.arg = te,
	};

	(void)listener;
	if (te->tls) {
		nexus_tcp_abort(tcp);
		return;
	}
	nexus_tcp_set_nodelay(tcp, true);
	te->err = nexus_tls_start(te->context, tcp, &options, &te->tls);
}

static int start_listening(struct perf_end *end, struct tls_end *te)
{
	struct nexus_tcp_options options = {
		.flags = NEXUS_TCP_REUSEADDR,
		.accept = on_accept,
		.arg = te,
	};

	nexus_addr_from_sockaddr(&options.local, &end->local.addr.sa,
				 perf_addr_len(&end->local.addr));
	return nexus_tcp_listen(te->stack, &options, &te->listener);
}

static int tls_recv(struct perf_end *end, unsigned int max, bool wait)
{
	struct tls_end *te = end->priv;
	int err;

	(void)max;	/* the stack's budget */
	(void)wait;	/* always */
	te->moved = 0;
	err = turn(te);
	if (err)
		return tls_fail("serve", err);
	end->bytes += te->moved;
	return te->moved != 0;
}

/* ------------------------------------------------------- opening, closing */

/* What was sent last, and the end of connections, still leave. */
static void linger(struct nexus_stack *stack)
{
	int i;

	for (i = 0; i < LINGER_TRIES && nexus_tcp_unfinished(stack); i++)
		if (nexus_stack_poll(stack, LINGER_NS) < 0)
			return;
}

static void tls_close(struct perf_end *end)
{
	struct tls_end *te = end->priv;

	nexus_tls_close(te->tls);
	nexus_tcp_listener_close(te->listener);
	if (te->stack)
		linger(te->stack);
	nexus_stack_close(te->stack);
	nexus_tls_context_close(te->context);
	free(te->buf);
	free(te);
}

static int open_context(struct perf_end *end, struct tls_end *te)
{
	bool is_server = end->role == PERF_ROLE_RECEIVER;
	const struct nexus_tls_context_options options = {
		.flags = is_server ? NEXUS_TLS_SERVER : NEXUS_TLS_NO_VERIFY,
	};
	int err = nexus_tls_context_open(&te->context, &options);

	return err ? err : perf_tls_prepare(nexus_tls_context_ssl_ctx(te->context),
					    is_server);
}

static int open_stack(struct perf_end *end, struct tls_end *te)
{
	const struct nexus_channel_options channel = {
		.name = end->local.nexus,
		.tx_slots = RING_SLOTS,
		.rx_slots = RING_SLOTS,
		.nr_small = NR_SMALL,
		.nr_large = NR_LARGE,
		.nr_flows = NR_FLOWS,
	};
	const struct nexus_stack_options options = { .channel = &channel };

	return nexus_stack_open(&te->stack, &options);
}

static int tls_open(struct perf_end *end)
{
	struct tls_end *te = calloc(1, sizeof(*te));
	int err;

	if (!te)
		return -ENOMEM;
	end->priv = te;
	te->end = end;
	te->buf = calloc(1, PERF_TCP_SIZE_MAX);
	err = te->buf ? open_context(end, te) : -ENOMEM;
	if (!err)
		err = open_stack(end, te);
	if (!err && end->role == PERF_ROLE_RECEIVER)
		err = start_listening(end, te);
	if (!err)
		return 0;
	perf_error("nexus: %s", *nexus_error_text() ? nexus_error_text() :
						      nexus_strerror(err));
	tls_close(end);
	return err;
}

/* --------------------------------------------------------- connecting end */

static int tls_connect(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;
	const struct nexus_tls_options secure = {
		.callbacks = &client_callbacks,
		.arg = te,
	};
	struct nexus_tcp_options options = { .flags = NEXUS_TCP_NODELAY };
	struct nexus_tcp *tcp;
	int err;

	(void)i;	/* there is one */
	nexus_addr_from_sockaddr(&options.local, &end->local.addr.sa,
				 perf_addr_len(&end->local.addr));
	nexus_addr_from_sockaddr(&options.remote, &end->remote.addr.sa,
				 perf_addr_len(&end->remote.addr));
	err = nexus_tcp_connect(te->stack, &options, &tcp);
	if (!err)
		err = nexus_tls_start(te->context, tcp, &secure, &te->tls);
	while (!err && !te->is_up)
		err = turn(te);
	return err ? tls_fail("connect", err) : 0;
}

static int tls_push(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;
	size_t done = 0;
	ssize_t n;
	int err;

	(void)i;
	while (done < end->cfg->size) {
		n = nexus_tls_write(te->tls, te->buf + done,
				    end->cfg->size - done);
		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		err = n == -EAGAIN ? turn(te) : (int)n;
		if (err)
			return tls_fail("send", err);
	}
	return 0;
}

/* A byte, or none at the end: as many as there should be. */
static int take(struct tls_end *te, ssize_t wanted)
{
	ssize_t n;
	int err;

	while ((n = nexus_tls_read(te->tls, te->buf, 1)) == -EAGAIN) {
		err = turn(te);
		if (err)
			return tls_fail("receive", err);
	}
	return n == wanted ? 0 : tls_fail("receive", n < 0 ? (int)n : -EPIPE);
}

static int tls_await(struct perf_end *end, unsigned int i)
{
	(void)i;
	return take(end->priv, 1);
}

static int tls_hang_up(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;
	int err = nexus_tls_shutdown(te->tls);

	(void)i;
	return err ? tls_fail("end of connection", err) : take(te, 0);
}

static uint64_t tls_retrans(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;
	struct nexus_tcp_info info;

	(void)i;
	nexus_tcp_info(nexus_tls_tcp(te->tls), &info);
	return info.nr_retrans;
}

const struct perf_backend perf_tls_nexus = {
	.name = "nexus",
	.large = true,
	.open = tls_open,
	.recv = tls_recv,
	.close = tls_close,
	.connect = tls_connect,
	.push = tls_push,
	.await = tls_await,
	.hang_up = tls_hang_up,
	.retrans = tls_retrans,
};
