// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The send queue: references to payload, in sequence, from what is not
 * acknowledged to what is not sent, and what is known of each part.
 */
#include "internal.h"

/* ----------------------------------------------------------------- sums */

static void count(struct nx_tcp *tcp, const struct nx_tcp_tx *tx)
{
	struct nx_tcp_txq *q = &tcp->txq;

	if (tx->flags & NX_TX_SACKED) {
		q->sacked_bytes += tx->len;
		q->nr_sacked++;
	}
	if (tx->flags & NX_TX_LOST)
		q->lost_bytes += tx->len;
	if (tx->flags & NX_TX_RETRANS)
		q->retrans_bytes += tx->len;
}

static void uncount(struct nx_tcp *tcp, const struct nx_tcp_tx *tx)
{
	struct nx_tcp_txq *q = &tcp->txq;

	if (tx->flags & NX_TX_SACKED) {
		q->sacked_bytes -= tx->len;
		q->nr_sacked--;
	}
	if (tx->flags & NX_TX_LOST)
		q->lost_bytes -= tx->len;
	if (tx->flags & NX_TX_RETRANS)
		q->retrans_bytes -= tx->len;
}

/* ---------------------------------------------------- the list by time */

static void untime(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	struct nx_tcp_txq *q = &tcp->txq;

	if (!(tx->flags & NX_TX_TIMED))
		return;
	tx->flags &= ~NX_TX_TIMED;
	if (tx->earlier)
		tx->earlier->later = tx->later;
	else
		q->oldest = tx->later;
	if (tx->later)
		tx->later->earlier = tx->earlier;
	else
		q->newest = tx->earlier;
}

static void time_newest(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	struct nx_tcp_txq *q = &tcp->txq;

	untime(tcp, tx);
	tx->flags |= NX_TX_TIMED;
	tx->later = NULL;
	tx->earlier = q->newest;
	if (q->newest)
		q->newest->later = tx;
	else
		q->oldest = tx;
	q->newest = tx;
}

/* By sent_ns. */
static void time_insert(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	struct nx_tcp_tx *at = tcp->txq.newest;

	while (at && at->sent_ns > tx->sent_ns)
		at = at->earlier;
	tx->flags |= NX_TX_TIMED;
	tx->earlier = at;
	tx->later = at ? at->later : tcp->txq.oldest;
	if (at)
		at->later = tx;
	else
		tcp->txq.oldest = tx;
	if (tx->later)
		tx->later->earlier = tx;
	else
		tcp->txq.newest = tx;
}

/* @rest was cut from @tx: sent when @tx was. */
static void time_behind(struct nx_tcp *tcp, struct nx_tcp_tx *tx,
			struct nx_tcp_tx *rest)
{
	if (!(tx->flags & NX_TX_TIMED))
		return;
	rest->earlier = tx;
	rest->later = tx->later;
	tx->later = rest;
	if (rest->later)
		rest->later->earlier = rest;
	else
		tcp->txq.newest = rest;
}

/* ---------------------------------------------------- a record's flags */

/* For the first time, or again: because it is lost, or as a probe. */
void nx_tx_sent(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint64_t now_ns)
{
	tx->sent_ns = now_ns;
	time_newest(tcp, tx);
	if (!nx_seq_before(tx->seq, tcp->snd_nxt))
		return;
	uncount(tcp, tx);
	tx->flags |= NX_TX_RETRANS | NX_TX_EVER;
	count(tcp, tx);
	tcp->stats.nr_retrans++;
	tcp->stats.retrans_bytes += tx->len;
	tcp->undo_bytes += tx->len;
	if (!tcp->undo_sent)
		tcp->undo_ts = nx_tcp_ts_of(tcp, now_ns);
	tcp->undo_sent = true;
}

void nx_tx_set_sacked(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	uncount(tcp, tx);
	tx->flags &= ~(NX_TX_LOST | NX_TX_RETRANS);
	tx->flags |= NX_TX_SACKED;
	count(tcp, tx);
	untime(tcp, tx);
	tcp->txq.tagged = tx;
}

/*
 * Without SACK, each duplicate ACK counts for a full segment: of what is in
 * flight, what is lost cannot have arrived, and the first record has not.
 */
void nx_tcp_txq_limit_sacked(struct nx_tcp *tcp)
{
	struct nx_tcp_txq *q = &tcp->txq;
	uint32_t flight = tcp->snd_nxt - tcp->snd_una, holes = q->lost_bytes;

	if (tcp->has_sack)
		return;
	if (!holes && q->first != q->unsent)
		holes = q->first->len;
	q->sacked_bytes = nx_min32(q->sacked_bytes, flight - holes);
}

/* Or its retransmission was. */
void nx_tx_set_lost(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	struct nx_tcp_txq *q = &tcp->txq;

	uncount(tcp, tx);
	tx->flags &= ~NX_TX_RETRANS;
	tx->flags |= NX_TX_LOST;
	count(tcp, tx);
	untime(tcp, tx);
	nx_tcp_txq_limit_sacked(tcp);
	if (!q->lost || nx_seq_before(tx->seq, q->lost->seq))
		q->lost = tx;
}

/* In flight again, since it was sent: an undo, or a peer that reneged. */
void nx_tx_clear(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	uncount(tcp, tx);
	tx->flags &= ~(NX_TX_SACKED | NX_TX_LOST | NX_TX_RETRANS);
	count(tcp, tx);
	untime(tcp, tx);
	time_insert(tcp, tx);
}

/* ------------------------------------------------------------- the queue */

static void append(struct nx_tcp *tcp, struct nx_tcp_tx *tx)
{
	struct nx_tcp_txq *q = &tcp->txq;

	tx->prev = q->last;
	if (q->last)
		q->last->next = tx;
	else
		q->first = tx;
	q->last = tx;
	if (!q->unsent)
		q->unsent = tx;
}

/* Does @span go on where the last record ends, in the same buffer? */
static bool extends(const struct nx_tcp *tcp, const struct nx_tcp_span *span)
{
	const struct nx_tcp_tx *last = tcp->txq.last;

	return tcp->txq.unsent && last->buf && last->buf == span->buf &&
	       last->off + last->len == span->off;
}

int nx_tcp_txq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span,
		      uint32_t flags)
{
	struct nx_tcp_tx *tx;

	if (extends(tcp, span)) {
		tcp->txq.last->len += span->len;
		tcp->write_seq += span->len;
		tcp->env->buf_put(tcp->env, span->buf);
		return 0;
	}
	tx = tcp->env->record_alloc(tcp->env);
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

bool nx_tcp_last_unsent(const struct nx_tcp *tcp, struct nx_tcp_span *span)
{
	const struct nx_tcp_tx *last = tcp->txq.last;

	if (!tcp->txq.unsent || !last->buf)
		return false;
	*span = (struct nx_tcp_span) {
		.buf	= last->buf,
		.off	= last->off,
		.len	= last->len,
	};
	return true;
}

bool nx_tcp_txq_split(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint32_t len)
{
	struct nx_tcp_tx *rest = tcp->env->record_alloc(tcp->env);

	if (!rest)
		return false;
	uncount(tcp, tx);
	*rest = *tx;
	rest->off += len;
	rest->seq += len;
	rest->len -= len;
	tx->len = len;
	count(tcp, tx);
	count(tcp, rest);
	tcp->env->buf_hold(tcp->env, rest->buf);
	rest->prev = tx;
	tx->next = rest;
	if (rest->next)
		rest->next->prev = rest;
	else
		tcp->txq.last = rest;
	time_behind(tcp, tx, rest);
	return true;
}

static void remove_first(struct nx_tcp *tcp)
{
	struct nx_tcp_txq *q = &tcp->txq;
	struct nx_tcp_tx *tx = q->first;

	uncount(tcp, tx);
	untime(tcp, tx);
	q->first = tx->next;
	if (q->first)
		q->first->prev = NULL;
	else
		q->last = NULL;
	if (q->unsent == tx)
		q->unsent = tx->next;
	if (q->lost == tx)
		q->lost = tx->next != q->unsent ? tx->next : NULL;
	if (q->tagged == tx)
		q->tagged = NULL;
	if (tx->buf)
		tcp->env->buf_put(tcp->env, tx->buf);
	tcp->env->record_free(tcp->env, tx);
}

/* The first @len numbers of @tx were acknowledged, and not the rest. */
static void cut_front(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint32_t len)
{
	uncount(tcp, tx);
	tx->seq += len;
	tx->off += len;
	tx->len -= len;
	count(tcp, tx);
}

/* @len numbers of @tx are acknowledged, in sequence. */
static void note_acked(struct nx_tcp *tcp, const struct nx_tcp_tx *tx,
		       uint32_t len, struct nx_tcp_ack *ack)
{
	if (tx->flags & NX_TX_SACKED)
		return;
	ack->delivered += len;
	if (tx->flags & NX_TX_EVER) {
		ack->has_retrans = true;
	} else {
		ack->has_original |= !nx_seq_after(tx->seq + len, tcp->recover);
		if (!ack->rtt_ns)
			ack->rtt_ns = ack->now_ns - tx->sent_ns;
	}
	nx_rack_delivered(tcp, tx, tx->seq + len, ack);
}

void nx_tcp_txq_acked(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	uint32_t una = tcp->snd_una;
	struct nx_tcp_tx *tx;

	while ((tx = tcp->txq.first) && tx != tcp->txq.unsent &&
	       nx_seq_after(una, tx->seq)) {
		if (nx_seq_after(nx_tx_end(tx), una)) {
			note_acked(tcp, tx, una - tx->seq, ack);
			cut_front(tcp, tx, una - tx->seq);
			return;
		}
		note_acked(tcp, tx, tx->len, ack);
		remove_first(tcp);
	}
}

void nx_tcp_txq_unsend(struct nx_tcp *tcp)
{
	struct nx_tcp_txq *q = &tcp->txq;
	struct nx_tcp_tx *tx;

	for (tx = q->first; tx && tx != q->unsent; tx = tx->next) {
		untime(tcp, tx);
		tcp->stats.nr_retrans++;
		tcp->stats.retrans_bytes += tx->len;
	}
	q->unsent = q->first;
	tcp->snd_nxt = tcp->snd_una;
}

void nx_tcp_txq_clear(struct nx_tcp *tcp)
{
	while (tcp->txq.first)
		remove_first(tcp);
}
