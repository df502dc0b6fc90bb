// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The receive queues: payload in sequence that the owner has not read, and
 * payload behind a gap.
 */
#include "internal.h"

/*
 * Records behind gaps. They lie within the window, so it is tiny segments that
 * this is about: a peer that sends every second byte.
 */
#define OOO_MAX		4096

/*
 * So little is copied behind what came before it, rather than kept in a buffer of its
 * own: the window counts bytes, and a peer that sends them one by one would have all
 * buffers.
 */
#define COPY_MAX	256

/* Of records behind gaps, as long as that or shorter: a gap's worth of small writes. */
#define OOO_SMALL_MAX	256

static struct nx_tcp_rx *make_rx(struct nx_tcp *tcp, uint32_t seq,
				 const struct nx_tcp_span *span)
{
	struct nx_tcp_rx *rx = tcp->env->record_alloc(tcp->env);

	if (!rx)
		return NULL;
	*rx = (struct nx_tcp_rx) {
		.buf	= span->buf,
		.off	= span->off,
		.len	= span->len,
		.seq	= seq,
	};
	tcp->env->buf_hold(tcp->env, rx->buf);
	return rx;
}

static void drop_rx(struct nx_tcp *tcp, struct nx_tcp_rx *rx)
{
	tcp->env->buf_put(tcp->env, rx->buf);
	tcp->env->record_free(tcp->env, rx);
}

static void push_last(struct nx_tcp_rxq *q, struct nx_tcp_rx *rx)
{
	rx->next = NULL;
	if (q->first)
		q->last->next = rx;
	else
		q->first = rx;
	q->last = rx;
	q->nr++;
}

static struct nx_tcp_rx *pop_first(struct nx_tcp_rxq *q)
{
	struct nx_tcp_rx *rx = q->first;

	q->first = rx->next;
	q->nr--;
	return rx;
}

/* ----------------------------------------------------------- in sequence */

static void count_ready(struct nx_tcp *tcp, uint32_t len)
{
	tcp->rcv_nxt += len;
	tcp->rcv_used_bytes += len;
	tcp->stats.bytes_received += len;
	tcp->events |= NX_TCP_EV_READABLE;
}

static void make_ready(struct nx_tcp *tcp, struct nx_tcp_rx *rx)
{
	push_last(&tcp->ready, rx);
	count_ready(tcp, rx->len);
}

/* Behind what nobody has read yet. */
static bool grow_last(struct nx_tcp *tcp, const struct nx_tcp_span *span)
{
	struct nx_tcp_rx *last = tcp->ready.last;

	if (!tcp->ready.first || span->len > COPY_MAX || !tcp->env->buf_append ||
	    !tcp->env->buf_append(tcp->env, last->buf, last->off + last->len,
				  span))
		return false;
	last->len += span->len;
	count_ready(tcp, span->len);
	return true;
}

bool nx_tcp_rxq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span)
{
	struct nx_tcp_rx *rx;

	if (grow_last(tcp, span))
		return true;
	rx = make_rx(tcp, tcp->rcv_nxt, span);
	if (!rx)
		return false;
	make_ready(tcp, rx);
	return true;
}

bool nx_tcp_peek(const struct nx_tcp *tcp, struct nx_tcp_span *span)
{
	const struct nx_tcp_rx *rx = tcp->ready.first;

	if (!rx)
		return false;
	*span = (struct nx_tcp_span) {
		.buf	= rx->buf,
		.off	= rx->off,
		.len	= rx->len,
	};
	return true;
}

bool nx_tcp_peek_at(const struct nx_tcp *tcp, uint32_t off,
		    struct nx_tcp_span *span)
{
	const struct nx_tcp_rx *rx = tcp->ready.first;

	for (; rx && off >= rx->len; rx = rx->next)
		off -= rx->len;
	if (!rx)
		return false;
	*span = (struct nx_tcp_span) {
		.buf	= rx->buf,
		.off	= rx->off + off,
		.len	= rx->len - off,
	};
	return true;
}

size_t nx_tcp_readable(const struct nx_tcp *tcp)
{
	const struct nx_tcp_rx *rx;
	size_t bytes = 0;

	for (rx = tcp->ready.first; rx; rx = rx->next)
		bytes += rx->len;
	return bytes;
}

bool nx_tcp_read(struct nx_tcp *tcp, struct nx_tcp_span *span)
{
	if (!nx_tcp_peek(tcp, span))
		return false;
	tcp->env->record_free(tcp->env, pop_first(&tcp->ready));
	return true;
}

void nx_tcp_skip(struct nx_tcp *tcp, uint32_t bytes)
{
	struct nx_tcp_rx *rx = tcp->ready.first;

	if (bytes == rx->len) {
		drop_rx(tcp, pop_first(&tcp->ready));
		return;
	}
	rx->seq += bytes;
	rx->off += bytes;
	rx->len -= bytes;
}

/* ----------------------------------------------------------- behind gaps */

/* What @rx has that the one before it, up to @left, has not. */
static bool trim_left(struct nx_tcp_rx *rx, uint32_t left)
{
	uint32_t cut = left - rx->seq;

	if (!nx_seq_after(left, rx->seq))
		return true;
	if (cut >= rx->len)
		return false;
	rx->seq += cut;
	rx->off += cut;
	rx->len -= cut;
	return true;
}

static void drop_next(struct nx_tcp *tcp, struct nx_tcp_rx **at)
{
	struct nx_tcp_rx *rx = *at;

	*at = rx->next;
	tcp->ooo.nr--;
	drop_rx(tcp, rx);
}

/*
 * Puts @rx where *@at points; the records behind it that it covers go, and it
 * ends where the one that it covers in part begins.
 */
static void place(struct nx_tcp *tcp, struct nx_tcp_rx **at,
		  struct nx_tcp_rx *rx)
{
	uint32_t end = rx->seq + rx->len;

	while (*at && !nx_seq_after((*at)->seq + (*at)->len, end))
		drop_next(tcp, at);
	if (*at && nx_seq_before((*at)->seq, end))
		rx->len = (*at)->seq - rx->seq;
	if (!rx->len) {
		drop_rx(tcp, rx);
		return;
	}
	rx->next = *at;
	*at = rx;
	tcp->ooo.nr++;
	if (!rx->next)
		tcp->ooo.last = rx;
}

static bool has_room(const struct nx_tcp_rxq *ooo, uint32_t len)
{
	return ooo->nr < (len > COPY_MAX ? OOO_MAX : OOO_SMALL_MAX);
}

bool nx_tcp_rxq_insert(struct nx_tcp *tcp, uint32_t seq,
		       const struct nx_tcp_span *span)
{
	struct nx_tcp_rxq *q = &tcp->ooo;
	struct nx_tcp_rx **at = &q->first, *rx;
	uint32_t left = seq;

	if (!has_room(q, span->len))
		return false;
	rx = make_rx(tcp, seq, span);
	if (!rx)
		return false;
	if (q->first && !nx_seq_before(seq, q->last->seq + q->last->len)) {
		push_last(q, rx);
		return true;
	}
	for (; *at && !nx_seq_after((*at)->seq, seq); at = &(*at)->next)
		left = (*at)->seq + (*at)->len;
	if (!trim_left(rx, left)) {
		drop_rx(tcp, rx);
		return true;
	}
	place(tcp, at, rx);
	return true;
}

void nx_tcp_rxq_pull(struct nx_tcp *tcp)
{
	struct nx_tcp_rxq *q = &tcp->ooo;
	struct nx_tcp_rx *rx;

	while ((rx = q->first) && !nx_seq_after(rx->seq, tcp->rcv_nxt)) {
		pop_first(q);
		if (trim_left(rx, tcp->rcv_nxt))
			make_ready(tcp, rx);
		else
			drop_rx(tcp, rx);
	}
}

static void clear(struct nx_tcp *tcp, struct nx_tcp_rxq *q)
{
	while (q->first)
		drop_rx(tcp, pop_first(q));
}

void nx_tcp_rxq_clear(struct nx_tcp *tcp)
{
	clear(tcp, &tcp->ready);
	clear(tcp, &tcp->ooo);
	tcp->rcv_used_bytes = 0;
}
