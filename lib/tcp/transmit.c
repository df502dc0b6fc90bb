// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Payload that leaves: what is lost, a tail loss probe, new data, as much as the
 * windows, Nagle and pacing let go.
 */
#include "internal.h"

/* How long to wait where there is no memory for a record. */
#define RETRY_US	10000

/* ------------------------------------------------------------- a segment */

static bool cut(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint32_t len,
		uint64_t now_ns)
{
	if (tx->len <= len || tx->flags & NX_TX_FIN)
		return true;
	if (nx_tcp_txq_split(tcp, tx, len))
		return true;
	tcp->resume_ns = nx_tcp_after_us(now_ns, RETRY_US);
	return false;
}

/* A buffer is in a segment once: records that were cut go together again. */
static void add_span(struct nx_tcp_seg *seg, const struct nx_tcp_tx *tx)
{
	struct nx_tcp_span *last = &seg->spans[seg->nr_spans ?
					       seg->nr_spans - 1 : 0];

	seg->len += tx->len;
	if (seg->nr_spans && last->buf == tx->buf &&
	    last->off + last->len == tx->off) {
		last->len += tx->len;
		return;
	}
	seg->spans[seg->nr_spans++] = (struct nx_tcp_span) {
		.buf	= tx->buf,
		.off	= tx->off,
		.len	= tx->len,
	};
}

static void add(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		struct nx_tcp_tx *tx, uint64_t now_ns)
{
	if (tx->flags & NX_TX_FIN)
		seg->hdr.flags |= TCP_FIN;
	else
		add_span(seg, tx);
	nx_tx_sent(tcp, tx, now_ns);
}

/* The header of a segment whose payload is known. */
static void finish(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint32_t seq,
		   uint64_t now_ns)
{
	uint16_t flags = seg->hdr.flags;
	uint32_t len = seg->len, nr = seg->nr_spans;

	/* RFC 9768 section 3.2.2.1: data tell the counter, not the handshake. */
	if (len)
		tcp->ace_first = false;
	nx_tcp_fill(tcp, seg, seq, flags | TCP_ACK, now_ns);
	seg->len = len;
	seg->nr_spans = nr;
	if (len > tcp->mss)
		seg->gso_size = tcp->mss;
	if (len && seq + len + !!(flags & TCP_FIN) == tcp->write_seq)
		seg->hdr.flags |= TCP_PSH;
	tcp->sent_ns = now_ns;
	if (tcp->recovery == NX_TCP_FAST || tcp->recovery == NX_TCP_CWR)
		nx_prr_on_send(&tcp->prr, len);
	if (tcp->cc.is_paced)
		nx_pace_sent(&tcp->pace, len, now_ns);
}

static void begin(struct nx_tcp_seg *seg)
{
	seg->hdr.flags = 0;
	seg->len = 0;
	seg->nr_spans = 0;
}

/* ----------------------------------------------------------------- rooms */

static uint32_t cwnd_room(const struct nx_tcp *tcp)
{
	uint32_t in_flight = nx_tcp_in_flight(tcp);

	return tcp->cc.cwnd > in_flight ? tcp->cc.cwnd - in_flight : 0;
}

static uint32_t window_room(const struct nx_tcp *tcp)
{
	uint32_t used = tcp->snd_nxt - tcp->snd_una;

	return tcp->snd_wnd > used ? tcp->snd_wnd - used : 0;
}

/* The longest payload of one segment, or super-packet. */
static uint32_t longest(const struct nx_tcp *tcp)
{
	uint32_t most = tcp->config->gso_max_bytes;

	if (tcp->cc.is_paced)
		most = nx_min32(most, nx_pace_burst(&tcp->pace, tcp->mss));
	return most < tcp->mss ? tcp->mss : most - most % tcp->mss;
}

/* ------------------------------------------------------------------ lost */

static bool is_lost(const struct nx_tcp_tx *tx)
{
	return (tx->flags & (NX_TX_LOST | NX_TX_RETRANS)) == NX_TX_LOST;
}

static struct nx_tcp_tx *find_lost(struct nx_tcp *tcp)
{
	struct nx_tcp_tx *tx = tcp->txq.lost;

	while (tx && tx != tcp->txq.unsent && !is_lost(tx))
		tx = tx->next;
	if (tx == tcp->txq.unsent)
		tx = NULL;
	tcp->txq.lost = tx;
	return tx;
}

static bool output_lost(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			uint64_t now_ns)
{
	struct nx_tcp_tx *tx = find_lost(tcp), *first = tx;
	uint32_t room, seq;

	if (!tx || tcp->frto_new)
		return false;
	room = nx_min32(cwnd_room(tcp), longest(tcp));
	if (room < nx_min32(tx->len, tcp->mss))
		return false;
	/* Whole segments, but for the last. */
	if (room > tcp->mss)
		room -= room % tcp->mss;
	seq = tx->seq;
	begin(seg);
	while (tx != tcp->txq.unsent && is_lost(tx) && seg->len < room &&
	       seg->nr_spans < NX_TCP_SPANS_MAX) {
		if (!cut(tcp, tx, room - seg->len, now_ns))
			break;
		add(tcp, seg, tx, now_ns);
		tx = tx->next;
		if (!tx)
			break;
	}
	if (tx == first)
		return false;
	finish(tcp, seg, seq, now_ns);
	/* RFC 6298 section 5.4: it is the first one's time that counts. */
	if (first == tcp->txq.first)
		nx_tcp_rto_restart(tcp, now_ns);
	return true;
}

/* ------------------------------------------------------------------- new */

/* Payload that was not sent; the FIN is none. */
static uint32_t unsent_bytes(const struct nx_tcp *tcp)
{
	uint32_t unsent = tcp->write_seq - tcp->snd_nxt;

	return unsent && tcp->fin_queued ? unsent - 1 : unsent;
}

/*
 * Nagle (RFC 9293 section 3.7.4), as Minshall has it: no second small segment
 * while one is not acknowledged. Nothing more will come behind a FIN.
 */
static bool may_send_small(const struct nx_tcp *tcp)
{
	if (tcp->fin_queued)
		return true;
	if (tcp->is_corked)
		return false;
	return tcp->is_nodelay || !nx_seq_after(tcp->snd_sml, tcp->snd_una);
}

/* Bytes of new payload that may leave as one segment now. */
static uint32_t usable_bytes(struct nx_tcp *tcp, uint32_t room)
{
	uint32_t unsent = unsent_bytes(tcp), wnd = window_room(tcp);
	uint32_t most = nx_min32(nx_min32(wnd, room), longest(tcp));

	if (unsent <= most)
		return unsent % tcp->mss && !may_send_small(tcp) ?
		       unsent - unsent % tcp->mss : unsent;
	if (most >= tcp->mss)
		return most - most % tcp->mss;
	if (room < nx_min32(unsent, tcp->mss)) {
		tcp->is_limited = true;
		tcp->limited_seq = tcp->snd_nxt;
		return 0;
	}
	/* RFC 9293 section 3.8.6.2.1: half of the largest window, or a probe's. */
	return most && (most >= tcp->snd_max_wnd / 2 || tcp->must_probe) ?
	       most : 0;
}

/* RFC 3168 section 6.1.5: only new data are ECN-capable. */
static void mark_new(struct nx_tcp *tcp, struct nx_tcp_seg *seg)
{
	if (!seg->len)
		return;
	if (tcp->ecn == NX_ECN_CLASSIC && tcp->cwr_pending) {
		seg->hdr.flags |= TCP_CWR;
		tcp->cwr_pending = false;
	}
	if (tcp->ecn == NX_ECN_CLASSIC ||
	    (tcp->ecn == NX_ECN_ACCURATE && tcp->accecn.may_send_ect))
		seg->ecn = NX_IP_ECN_ECT0;
}

void nx_tcp_sent_first(struct nx_tcp *tcp, uint64_t now_ns)
{
	tcp->progress_ns = now_ns;
	tcp->rto_base_ns = now_ns;
	nx_tcp_cc_after_idle(&tcp->cc, tcp->sent_ns, now_ns,
			     nx_rtt_rto_ns(&tcp->rtt));
}

static bool is_fin_due(const struct nx_tcp *tcp, uint32_t usable)
{
	return tcp->fin_queued && tcp->write_seq != tcp->snd_nxt &&
	       usable == unsent_bytes(tcp) && window_room(tcp) > usable;
}

static bool output_new(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint32_t room, uint64_t now_ns)
{
	uint32_t usable, seq = tcp->snd_nxt, end;
	struct nx_tcp_tx *tx;

	if (!tcp->txq.unsent)
		return false;
	usable = usable_bytes(tcp, room);
	end = seq + usable + is_fin_due(tcp, usable);
	if (end == seq)
		return false;
	if (tcp->snd_una == seq)
		nx_tcp_sent_first(tcp, now_ns);
	begin(seg);
	while ((tx = tcp->txq.unsent) && nx_seq_before(tcp->snd_nxt, end) &&
	       seg->nr_spans < NX_TCP_SPANS_MAX) {
		if (!cut(tcp, tx, end - tcp->snd_nxt, now_ns))
			break;
		add(tcp, seg, tx, now_ns);
		tcp->snd_nxt += tx->len;
		tcp->txq.unsent = tx->next;
	}
	if (tcp->snd_nxt == seq)
		return false;
	if (seg->len % tcp->mss)
		tcp->snd_sml = tcp->snd_nxt;
	finish(tcp, seg, seq, now_ns);
	mark_new(tcp, seg);
	nx_tcp_timer_arm(tcp, tcp->timer == NX_TCP_TIMER_REO ? tcp->timer_ns :
							       NX_TCP_NEVER);
	return true;
}

/* ------------------------------------------------------- beside a SYN */

void nx_tcp_add_syn_data(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			 uint32_t room, uint64_t now_ns)
{
	struct nx_tcp_tx *tx;

	while (seg->len < room && (tx = tcp->txq.unsent) &&
	       seg->nr_spans < NX_TCP_SPANS_MAX) {
		if (!cut(tcp, tx, room - seg->len, now_ns))
			break;
		add(tcp, seg, tx, now_ns);
		tcp->snd_nxt += tx->len;
		tcp->txq.unsent = tx->next;
	}
}

/* ------------------------------------------------------- tail loss probe */

/* RFC 8985 section 7.3: new data if there are, else the last segment again. */
static bool output_tlp(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	struct nx_tcp_tx *tx;

	tcp->must_tlp = false;
	tcp->rack.is_tlp_retrans = !output_new(tcp, seg, tcp->mss, now_ns);
	if (tcp->rack.is_tlp_retrans) {
		tx = tcp->txq.unsent ? tcp->txq.unsent->prev : tcp->txq.last;
		if (tx->len > tcp->mss) {
			if (!cut(tcp, tx, tx->len - tcp->mss, now_ns))
				return false;
			tx = tx->next;
		}
		begin(seg);
		add(tcp, seg, tx, now_ns);
		finish(tcp, seg, tx->seq, now_ns);
	}
	tcp->rack.has_tlp = true;
	tcp->rack.tlp_end = tcp->snd_nxt;
	nx_tcp_rto_restart(tcp, now_ns);
	return true;
}

bool nx_tcp_output_data(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			uint64_t now_ns)
{
	if (!tcp->txq.first || tcp->resume_ns != NX_TCP_NEVER)
		return false;
	if (tcp->must_tlp && tcp->snd_una != tcp->snd_nxt &&
	    tcp->recovery == NX_TCP_OPEN)
		return output_tlp(tcp, seg, now_ns);
	tcp->must_tlp = false;
	if (tcp->cc.is_paced && !nx_pace_is_open(&tcp->pace, now_ns)) {
		tcp->resume_ns = tcp->pace.next_ns;
		return false;
	}
	if (output_lost(tcp, seg, now_ns) ||
	    output_new(tcp, seg, cwnd_room(tcp), now_ns))
		return true;
	/* The window is closed, and nobody would say that it opened. */
	if (tcp->timer_ns == NX_TCP_NEVER && tcp->snd_una == tcp->snd_nxt &&
	    nx_tcp_is_window_closed(tcp))
		nx_tcp_rto_restart(tcp, now_ns);
	return false;
}
