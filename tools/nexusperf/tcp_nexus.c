// SPDX-License-Identifier: GPL-2.0
/*
 * TCP of libnexus: bulk by the zero-copy interface, requests and answers by the
 * copying one, as programs would.
 */
#include <errno.h>
#include <nexus/nexus.h>
#include <nexus/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "perf.h"

#define RING_SLOTS	1024
#define NR_SMALL	4096
#define NR_LARGE	256
/* Beside the listener. */
#define FLOWS_MIN	64
#define BACKLOG		4096
/* Payload of a packet, so that it lies in one large buffer with its headers. */
#define PIECE		65280
/* For how long an end that closes lets the peer have the rest. */
#define LINGER_TRIES	100
#define LINGER_NS	10000000

struct tcp_end;

/**
 * struct conn - a connection
 * @te:     its end
 * @tcp:    the library's
 * @got:    bytes that have arrived and are no answer yet
 * @is_up:  the handshake is complete
 * @is_over: the peer has ended it
 */
struct conn {
	struct tcp_end		*te;
	struct nexus_tcp	*tcp;
	uint64_t		got;
	bool			is_up;
	bool			is_over;
};

/**
 * struct tcp_end - one end
 * @end:      of the run
 * @stack:    below it
 * @listener: or NULL
 * @conns:    of the connecting end
 * @packet:   that the library did not take yet, or NULL
 * @owed:     bytes that were pushed and do not fill a packet yet
 * @moved:    bytes that the listening end took in this call
 * @err:      what a callback found
 * @buf:      requests and answers
 */
struct tcp_end {
	struct perf_end			*end;
	struct nexus_stack		*stack;
	struct nexus_tcp_listener	*listener;
	struct conn			*conns;
	struct nexus_packet		*packet;
	uint64_t			owed;
	uint64_t			moved;
	int				err;
	uint8_t				*buf;
};

static int tcp_fail(const char *what, int err)
{
	perf_error("nexus: %s: %s", what, nexus_strerror(err));
	return err;
}

/* Sleeps until something arrives, a timer is due, or a signal comes. */
static int turn(struct tcp_end *te)
{
	int ret = nexus_stack_poll(te->stack, NEXUS_TIMEOUT_NONE);

	if (ret < 0)
		return ret;
	return perf_stop ? -EINTR : te->err;
}

/* ------------------------------------------------------------ callbacks */

static void on_established(struct nexus_tcp *tcp, void *arg)
{
	struct conn *conn = arg;

	(void)tcp;
	conn->is_up = true;
}

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct conn *conn = arg;

	(void)tcp;
	conn->is_over = true;
	if (err)
		conn->te->err = err;
}

/* That there is something is asked for where it is wanted. */
static void on_readable(struct nexus_tcp *tcp, void *arg)
{
	(void)tcp;
	(void)arg;
}

static const struct nexus_tcp_callbacks client_callbacks = {
	.established = on_established,
	.readable = on_readable,
	.writable = on_readable,
	.closed = on_closed,
};

/* ------------------------------------------------------ listening end */

static void drop_conn(struct conn *conn)
{
	nexus_tcp_close(conn->tcp);
	free(conn);
}

static void answer(struct conn *conn, size_t len)
{
	struct tcp_end *te = conn->te;
	ssize_t n = nexus_tcp_write(conn->tcp, te->buf, len);

	if (n != (ssize_t)len)
		te->err = n < 0 ? (int)n : -ENOBUFS;
}

/* False: the connection is over. */
static bool take_bulk(struct conn *conn)
{
	const struct perf_config *cfg = conn->te->end->cfg;
	uint64_t mark = cfg->warmup * cfg->size, was = conn->got;
	struct nexus_packet *pkt;
	int err;

	while (!(err = nexus_tcp_recv(conn->tcp, &pkt)) && pkt) {
		conn->got += pkt->total_len;
		nexus_packet_put(conn->te->stack, pkt);
	}
	conn->te->moved += conn->got - was;
	if (was < mark && conn->got >= mark)
		answer(conn, 1);
	return err == -EAGAIN;
}

static bool take_requests(struct conn *conn)
{
	struct tcp_end *te = conn->te;
	ssize_t n;

	while ((n = nexus_tcp_read(conn->tcp, te->buf, PERF_TCP_SIZE_MAX)) > 0) {
		te->moved += n;
		conn->got += n;
		answer(conn, n);
		if (te->end->cfg->mode == PERF_TCP_CRR &&
		    conn->got >= te->end->cfg->size)
			return false;
	}
	return n == -EAGAIN;
}

static void on_request(struct nexus_tcp *tcp, void *arg)
{
	struct conn *conn = arg;
	bool goes_on;

	(void)tcp;
	goes_on = conn->te->end->cfg->mode == PERF_TCP_BULK ?
		  take_bulk(conn) : take_requests(conn);
	if (!goes_on)
		drop_conn(conn);
}

static void on_client_gone(struct nexus_tcp *tcp, int err, void *arg)
{
	(void)tcp;
	(void)err;
	drop_conn(arg);
}

static const struct nexus_tcp_callbacks server_callbacks = {
	.readable = on_request,
	.writable = on_readable,
	.closed = on_client_gone,
};

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	(void)listener;
	if (!conn) {
		nexus_tcp_abort(tcp);
		return;
	}
	conn->te = arg;
	conn->tcp = tcp;
	nexus_tcp_set_nodelay(tcp, true);
	nexus_tcp_set_callbacks(tcp, &server_callbacks, conn);
}

static int start_listening(struct perf_end *end, struct tcp_end *te)
{
	struct nexus_tcp_options options = {
		.flags = NEXUS_TCP_REUSEADDR,
		.backlog = BACKLOG,
		.accept = on_accept,
		.arg = te,
	};

	nexus_addr_from_sockaddr(&options.local, &end->local.addr.sa,
				 perf_addr_len(&end->local.addr));
	return nexus_tcp_listen(te->stack, &options, &te->listener);
}

static int tcp_recv(struct perf_end *end, unsigned int max, bool wait)
{
	struct tcp_end *te = end->priv;
	int err;

	(void)max;	/* the stack's budget */
	(void)wait;	/* always */
	te->moved = 0;
	err = turn(te);
	if (err)
		return tcp_fail("serve", err);
	end->bytes += te->moved;
	return te->moved != 0;
}

/* ------------------------------------------------------ opening, closing */

/* What was sent last, and the end of connections, still leave. */
static void linger(struct nexus_stack *stack)
{
	int i;

	for (i = 0; i < LINGER_TRIES && nexus_tcp_unfinished(stack); i++)
		if (nexus_stack_poll(stack, LINGER_NS) < 0)
			return;
}

static void tcp_close(struct perf_end *end)
{
	struct tcp_end *te = end->priv;
	unsigned int i;

	if (!te)
		return;
	for (i = 0; te->conns && i < end->cfg->connections; i++)
		nexus_tcp_close(te->conns[i].tcp);
	nexus_tcp_listener_close(te->listener);
	if (te->stack)
		linger(te->stack);
	nexus_stack_close(te->stack);
	free(te->conns);
	free(te->buf);
	free(te);
	end->priv = NULL;
}

static int open_stack(struct perf_end *end, struct tcp_end *te)
{
	const struct nexus_channel_options channel = {
		.name = end->local.nexus,
		.tx_slots = RING_SLOTS,
		.rx_slots = RING_SLOTS,
		.nr_small = NR_SMALL,
		.nr_large = end->cfg->mode == PERF_TCP_BULK ? NR_LARGE : 0,
		/* Of a listener's connections half may be half-open. */
		.nr_flows = FLOWS_MIN + 2 * end->cfg->connections,
	};
	const struct nexus_stack_options options = { .channel = &channel };

	return nexus_stack_open(&te->stack, &options);
}

static int tcp_open(struct perf_end *end)
{
	struct tcp_end *te = calloc(1, sizeof(*te));
	int err = -ENOMEM;

	if (!te)
		return err;
	end->priv = te;
	te->end = end;
	te->buf = calloc(1, PERF_TCP_SIZE_MAX);
	te->conns = calloc(end->cfg->connections, sizeof(*te->conns));
	if (te->buf && te->conns)
		err = open_stack(end, te);
	if (!err && end->role == PERF_ROLE_RECEIVER)
		err = start_listening(end, te);
	if (!err)
		return 0;
	perf_error("nexus: %s", *nexus_error_text() ? nexus_error_text() :
						      nexus_strerror(err));
	tcp_close(end);
	return err;
}

/* ----------------------------------------------------- connecting end */

static int tcp_connect(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;
	struct conn *conn = &te->conns[i];
	struct nexus_tcp_options options = {
		.flags = NEXUS_TCP_NODELAY,
		.callbacks = &client_callbacks,
		.arg = conn,
	};
	int err;

	*conn = (struct conn){ .te = te };
	nexus_addr_from_sockaddr(&options.local, &end->local.addr.sa,
				 perf_addr_len(&end->local.addr));
	nexus_addr_from_sockaddr(&options.remote, &end->remote.addr.sa,
				 perf_addr_len(&end->remote.addr));
	err = nexus_tcp_connect(te->stack, &options, &conn->tcp);
	while (!err && !conn->is_up)
		err = turn(te);
	return err ? tcp_fail("connect", err) : 0;
}

/* Takes @len bytes; 0: the peer's end came instead of them. */
static int take(struct tcp_end *te, struct conn *conn, size_t len)
{
	ssize_t n = 0;
	int err;

	while (len) {
		n = nexus_tcp_read(conn->tcp, te->buf, len);
		if (n >= 0) {
			if (!n)
				return 0;
			len -= n;
			continue;
		}
		err = n == -EAGAIN ? turn(te) : (int)n;
		if (err)
			return err;
	}
	return 1;
}

static int expect(struct tcp_end *te, struct conn *conn, size_t len)
{
	int ret = take(te, conn, len);

	if (ret > 0)
		return 0;
	return tcp_fail("receive", ret ? ret : -EPIPE);
}

static int tcp_exchange(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;
	struct conn *conn = &te->conns[i];
	size_t done = 0;
	ssize_t n;
	int err;

	while (done < end->cfg->size) {
		n = nexus_tcp_write(conn->tcp, te->buf, end->cfg->size - done);
		if (n > 0) {
			done += n;
			continue;
		}
		err = n == -EAGAIN ? turn(te) : (int)n;
		if (err)
			return tcp_fail("send", err);
	}
	return expect(te, conn, end->cfg->size);
}

static int tcp_await(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;

	return expect(te, &te->conns[i], 1);
}

/* A packet of @len bytes, as they lie there. */
static int send_piece(struct tcp_end *te, struct conn *conn, size_t len)
{
	int err;

	for (;;) {
		err = te->packet ? 0 : nexus_packet_alloc(te->stack, len,
							  &te->packet);
		if (!err)
			err = nexus_tcp_send(conn->tcp, te->packet);
		if (!err) {
			te->packet = NULL;
			return 0;
		}
		if (err == -EAGAIN)
			err = turn(te);
		if (err)
			return tcp_fail("send", err);
	}
}

static int tcp_push(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;
	bool is_warm = te->conns[i].got >= end->cfg->warmup * end->cfg->size;
	int err = 0;

	te->owed += end->cfg->size;
	te->conns[i].got += end->cfg->size;
	for (; te->owed >= PIECE && !err; te->owed -= PIECE)
		err = send_piece(te, &te->conns[i], PIECE);
	/* The receiver waits for the last byte of the warm-up. */
	if (err || is_warm || !te->owed ||
	    te->conns[i].got < end->cfg->warmup * end->cfg->size)
		return err;
	err = send_piece(te, &te->conns[i], te->owed);
	te->owed = 0;
	return err;
}

static int tcp_hang_up(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;
	struct conn *conn = &te->conns[i];
	int err = 0;

	if (te->owed) {
		err = send_piece(te, conn, te->owed);
		te->owed = 0;
	}
	if (!err && end->cfg->mode == PERF_TCP_BULK)
		err = nexus_tcp_shutdown(conn->tcp);
	if (!err)
		err = take(te, conn, 1);
	if (err)
		return tcp_fail("end of connection", err < 0 ? err : -EPROTO);
	/* What it says of itself is asked for after that. */
	if (end->cfg->mode == PERF_TCP_BULK)
		return 0;
	nexus_tcp_close(conn->tcp);
	conn->tcp = NULL;
	return 0;
}

static uint64_t tcp_retrans(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;
	struct nexus_tcp_info info;

	if (!te->conns[i].tcp)
		return 0;
	nexus_tcp_info(te->conns[i].tcp, &info);
	return info.nr_retrans;
}

const struct perf_backend perf_tcp_nexus = {
	.name = "nexus",
	.large = true,
	.open = tcp_open,
	.recv = tcp_recv,
	.close = tcp_close,
	.connect = tcp_connect,
	.exchange = tcp_exchange,
	.push = tcp_push,
	.await = tcp_await,
	.hang_up = tcp_hang_up,
	.retrans = tcp_retrans,
};
