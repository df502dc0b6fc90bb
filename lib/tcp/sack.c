// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * SACK blocks that arrived (RFC 2018, RFC 2883): which records the peer holds.
 */
#include "internal.h"

/* RFC 2883 section 4: below the ACK, or within the next block. */
static bool is_dsack(const struct nexus_wire_tcp *h)
{
	const struct nexus_wire_tcp_sack *s = h->sacks;

	if (!nx_seq_after(s[0].right, h->ack))
		return true;
	return h->nr_sacks > 1 && !nx_seq_before(s[0].left, s[1].left) &&
	       !nx_seq_after(s[0].right, s[1].right);
}

/* What was sent again arrived twice: if all did, none was lost. */
static void input_dsack(struct nx_tcp *tcp, struct nx_tcp_ack *ack,
			const struct nexus_wire_tcp_sack *s)
{
	uint32_t len = s->right - s->left;

	if (!nx_seq_before(s->left, s->right) ||
	    nx_seq_after(s->right, tcp->snd_nxt))
		return;
	ack->has_dsack = true;
	tcp->stats.nr_dsacks++;
	if (tcp->may_undo && !nx_seq_before(s->left, tcp->undo_una))
		tcp->undo_bytes -= nx_min32(len, tcp->undo_bytes);
}

/* The record that holds @seq, or the first one behind it. */
static struct nx_tcp_tx *find(const struct nx_tcp *tcp, uint32_t seq)
{
	struct nx_tcp_tx *tx = tcp->txq.tagged;

	if (!tx)
		tx = tcp->txq.first;
	while (tx && tx->prev && nx_seq_after(tx->seq, seq))
		tx = tx->prev;
	while (tx && !nx_seq_after(nx_tx_end(tx), seq))
		tx = tx->next;
	return tx;
}

static void tag(struct nx_tcp *tcp, struct nx_tcp_ack *ack,
		struct nx_tcp_tx *tx)
{
	if (tx->flags & NX_TX_EVER) {
		ack->has_retrans = true;
	} else {
		ack->has_original |= !nx_seq_after(nx_tx_end(tx), tcp->recover);
		if (!ack->rtt_ns)
			ack->rtt_ns = ack->now_ns - tx->sent_ns;
	}
	ack->has_new_sack = true;
	ack->delivered += tx->len;
	nx_rack_delivered(tcp, tx, nx_tx_end(tx), ack);
	nx_tx_set_sacked(tcp, tx);
}

/* Without a record for a cut, what is SACKed in part is not SACKed: safe. */
static void input_block(struct nx_tcp *tcp, struct nx_tcp_ack *ack,
			uint32_t left, uint32_t right)
{
	struct nx_tcp_tx *tx = find(tcp, left);

	for (; tx && tx != tcp->txq.unsent && nx_seq_before(tx->seq, right);
	     tx = tx->next) {
		if (tx->flags & NX_TX_SACKED)
			continue;
		if (nx_seq_before(tx->seq, left)) {
			if (!nx_tcp_txq_split(tcp, tx, left - tx->seq))
				return;
			continue;
		}
		if (nx_seq_after(nx_tx_end(tx), right) &&
		    !nx_tcp_txq_split(tcp, tx, right - tx->seq))
			return;
		tag(tcp, ack, tx);
	}
}

void nx_tcp_input_sacks(struct nx_tcp *tcp, struct nx_tcp_ack *ack)
{
	const struct nexus_wire_tcp *h = &ack->seg->hdr;
	uint32_t left, right;
	unsigned int i = 0;

	if (!tcp->has_sack || !(h->has & NEXUS_WIRE_TCP_SACK))
		return;
	if (is_dsack(h))
		input_dsack(tcp, ack, &h->sacks[i++]);
	for (; i < h->nr_sacks; i++) {
		left = nx_seq_max(h->sacks[i].left, tcp->snd_una);
		right = h->sacks[i].right;
		if (nx_seq_before(left, right) &&
		    !nx_seq_after(right, tcp->snd_nxt))
			input_block(tcp, ack, left, right);
	}
}
