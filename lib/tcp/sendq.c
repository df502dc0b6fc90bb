// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The send queue: references to payload, in sequence, from what is not
 * acknowledged to what is not sent.
 */
#include "internal.h"

static void append(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	struct nx_tcp_txq *q = &tcp->txq;

	tx->next = NULL;
	tx->prev = q->last;
	if (q->last)
		q->last->next = tx;
	else
		q->first = tx;
	q->last = tx;
	if (!q->unsent)
		q->unsent = tx;
}

int nx_tcp_txq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span,
		      uint32_t flags)
{
	struct nx_tcp_tx *tx = tcp->env->record_alloc(tcp->env);

	if (!tx)
		return -ENOMEM;
	*tx = (struct nx_tcp_tx) {
		.buf	= span->buf,
		.off	= span->off,
		.len	= span->len,
		.seq	= tcp->write_seq,
		.flags	= flags,
	};
	append(tcp, tx);
	tcp->write_seq += span->len;
	return 0;
}

bool nx_tcp_txq_split(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint32_t len)
{
	struct nx_tcp_tx *rest = tcp->env->record_alloc(tcp->env);

	if (!rest)
		return false;
	*rest = *tx;
	rest->off += len;
	rest->seq += len;
	rest->len -= len;
	tx->len = len;
	tcp->env->buf_hold(tcp->env, rest->buf);
	rest->prev = tx;
	tx->next = rest;
	if (rest->next)
		rest->next->prev = rest;
	else
		tcp->txq.last = rest;
	return true;
}

static void free_tx(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	if (tx->buf)
		tcp->env->buf_put(tcp->env, tx->buf);
	tcp->env->record_free(tcp->env, tx);
}

static void remove_first(struct nx_tcp *tcp)
{
	struct nx_tcp_txq *q = &tcp->txq;
	struct nx_tcp_tx *tx = q->first;

	q->first = tx->next;
	if (q->first)
		q->first->prev = NULL;
	else
		q->last = NULL;
	if (q->unsent == tx)
		q->unsent = tx->next;
	free_tx(tcp, tx);
}

void nx_tcp_txq_acked(struct nx_tcp *tcp, uint32_t ack)
{
	struct nx_tcp_tx *tx;
	uint32_t cut;

	while ((tx = tcp->txq.first) && tx != tcp->txq.unsent) {
		if (nx_seq_after(tx->seq + tx->len, ack)) {
			cut = nx_seq_after(ack, tx->seq) ? ack - tx->seq : 0;
			tx->seq += cut;
			tx->off += cut;
			tx->len -= cut;
			return;
		}
		remove_first(tcp);
	}
}

void nx_tcp_txq_clear(struct nx_tcp *tcp)
{
	while (tcp->txq.first)
		remove_first(tcp);
}
