// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What a connection sends next (RFC 9293 section 3.8).
 */
#include "internal.h"

/* Timestamps, padded (RFC 7323 section 3.2). */
#define TS_LEN		12

void nx_tcp_update_mss(struct nx_tcp *tcp)
{
	uint32_t mss = tcp->mtu - tcp->ip_len - NEXUS_WIRE_TCP_LEN;

	if (mss > tcp->peer_mss)
		mss = tcp->peer_mss;
	tcp->mss = mss - (tcp->has_ts ? TS_LEN : 0);
}

uint32_t nx_tcp_window(const struct nx_tcp *tcp)
{
	uint32_t most = 0xffffU << tcp->rcv_wscale, free_bytes;

	if (tcp->rcv_used_bytes >= tcp->rcv_buf_bytes)
		return 0;
	free_bytes = tcp->rcv_buf_bytes - tcp->rcv_used_bytes;
	return free_bytes < most ? free_bytes : most;
}

/* What every segment has. The window's right edge never moves back. */
static void fill_header(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			uint32_t seq, uint16_t flags, uint64_t now_ns)
{
	uint32_t unit = 1U << tcp->rcv_wscale, adv;

	seg->hdr = (struct nexus_wire_tcp) { .seq = seq, .flags = flags };
	seg->len = 0;
	seg->gso_size = 0;
	seg->ecn = NX_TCP_NOT_ECT;
	seg->is_no_df = false;
	seg->nr_spans = 0;
	if (tcp->has_ts) {
		seg->hdr.has |= NEXUS_WIRE_TCP_TS;
		seg->hdr.ts_val = nx_tcp_ts_now(tcp, now_ns);
		seg->hdr.ts_ecr = tcp->ts_recent;
	}
	if (!(flags & TCP_ACK))
		return;
	adv = tcp->rcv_nxt + (nx_tcp_window(tcp) & ~(unit - 1));
	tcp->rcv_adv = nx_seq_max(adv, tcp->rcv_adv);
	seg->hdr.ack = tcp->rcv_nxt;
	seg->hdr.window = (uint16_t)((tcp->rcv_adv - tcp->rcv_nxt) >>
				     tcp->rcv_wscale);
	tcp->rcv_acked = tcp->rcv_nxt;
	tcp->must_ack = false;
	tcp->ack_ns = NX_TCP_NEVER;
}

static bool output_rst(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	tcp->must_reset = false;
	if (tcp->state != NX_TCP_CLOSED) {
		fill_header(tcp, seg, tcp->reset_seq, TCP_RST, now_ns);
		return true;
	}
	fill_header(tcp, seg, tcp->snd_nxt, TCP_RST | TCP_ACK, now_ns);
	return true;
}

/* SYN, or SYN-ACK: its window is not scaled (RFC 7323 section 2.2). */
static bool output_syn(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	bool is_active = tcp->state == NX_TCP_SYN_SENT;
	uint32_t features = tcp->config->features, wnd = nx_tcp_window(tcp);

	tcp->must_send_syn = false;
	fill_header(tcp, seg, tcp->iss, is_active ? TCP_SYN : TCP_SYN | TCP_ACK,
		    now_ns);
	seg->hdr.window = (uint16_t)(wnd > 0xffff ? 0xffff : wnd);
	tcp->rcv_adv = tcp->rcv_nxt + seg->hdr.window;
	seg->hdr.has |= NEXUS_WIRE_TCP_MSS;
	seg->hdr.mss = (uint16_t)(tcp->mtu - tcp->ip_len - NEXUS_WIRE_TCP_LEN);
	if (is_active ? features & NX_TCP_HAS_SACK : tcp->has_sack)
		seg->hdr.has |= NEXUS_WIRE_TCP_SACK_OK;
	if (is_active ? features & NX_TCP_HAS_WSCALE : tcp->has_wscale) {
		seg->hdr.has |= NEXUS_WIRE_TCP_WSCALE;
		seg->hdr.wscale = tcp->rcv_wscale;
	}
	if (is_active && features & NX_TCP_HAS_TS) {
		seg->hdr.has |= NEXUS_WIRE_TCP_TS;
		seg->hdr.ts_val = nx_tcp_ts_now(tcp, now_ns);
	}
	return true;
}

/* ----------------------------------------------------------------- data */

/* Adds what of @tx fits into @room bytes; the rest becomes a record behind it. */
static bool add_record(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       struct nx_tcp_tx *tx, uint32_t room, uint64_t now_ns)
{
	if (tx->flags & NX_TX_FIN) {
		seg->hdr.flags |= TCP_FIN;
	} else {
		if (tx->len > room && !nx_tcp_txq_split(tcp, tx, room))
			return false;
		seg->spans[seg->nr_spans++] = (struct nx_tcp_span) {
			.buf	= tx->buf,
			.off	= tx->off,
			.len	= tx->len,
		};
		seg->len += tx->len;
	}
	tx->sent_ns = now_ns;
	return true;
}

static void finish_data(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			uint64_t now_ns)
{
	if (seg->len > tcp->mss)
		seg->gso_size = (uint16_t)tcp->mss;
	if (seg->hdr.seq + seg->len + !!(seg->hdr.flags & TCP_FIN) ==
	    tcp->write_seq && seg->len)
		seg->hdr.flags |= TCP_PSH;
	if (tcp->rto_ns == NX_TCP_NEVER)
		nx_tcp_rto_arm(tcp, now_ns);
}

/* The first record that is lost and was not sent again. */
static struct nx_tcp_tx *find_lost(const struct nx_tcp *tcp)
{
	struct nx_tcp_tx *tx = tcp->txq.first;

	for (; tx && tx != tcp->txq.unsent; tx = tx->next)
		if ((tx->flags & (NX_TX_LOST | NX_TX_RETRANS)) == NX_TX_LOST)
			return tx;
	return NULL;
}

static bool output_lost(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			uint64_t now_ns)
{
	struct nx_tcp_tx *tx = find_lost(tcp);

	if (!tx)
		return false;
	fill_header(tcp, seg, tx->seq, TCP_ACK, now_ns);
	if (!add_record(tcp, seg, tx, tcp->mss, now_ns))
		return false;
	tx->flags |= NX_TX_RETRANS | NX_TX_EVER;
	finish_data(tcp, seg, now_ns);
	return true;
}

/* How much a segment may have now: whole segments, unless it is the last. */
static uint32_t usable_bytes(const struct nx_tcp *tcp)
{
	uint32_t most = tcp->config->gso_max_bytes, flight, room, unsent;

	flight = tcp->snd_nxt - tcp->snd_una;
	room = tcp->snd_wnd > flight ? tcp->snd_wnd - flight : 0;
	unsent = tcp->write_seq - tcp->snd_nxt;
	if (most < tcp->mss)
		most = tcp->mss;
	room = room < most ? room : most;
	if (unsent <= room)
		return unsent;
	return room >= tcp->mss ? room - room % tcp->mss : 0;
}

static bool output_new(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	uint32_t usable = usable_bytes(tcp);
	struct nx_tcp_tx *tx;

	if (!usable)
		return false;
	fill_header(tcp, seg, tcp->snd_nxt, TCP_ACK, now_ns);
	while ((tx = tcp->txq.unsent) && usable &&
	       seg->nr_spans < NX_TCP_SPANS_MAX) {
		if (!add_record(tcp, seg, tx, usable, now_ns))
			break;
		usable -= tx->len;
		tcp->snd_nxt += tx->len;
		tcp->txq.unsent = tx->next;
	}
	if (seg->hdr.seq == tcp->snd_nxt)
		return false;
	finish_data(tcp, seg, now_ns);
	return true;
}

static bool output_ack(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	fill_header(tcp, seg, tcp->snd_nxt, TCP_ACK, now_ns);
	return true;
}

/* RFC 9293 section 3.8.6.2.2: worth an ACK of its own? */
static bool has_window_update(struct nx_tcp *tcp)
{
	bool has_consumed = tcp->has_consumed;
	uint32_t adv = tcp->rcv_nxt + nx_tcp_window(tcp);
	uint32_t step = tcp->rcv_buf_bytes / 2;

	if (step > 2 * tcp->mss)
		step = 2 * tcp->mss;
	tcp->has_consumed = false;
	return has_consumed && nx_tcp_may_receive(tcp) && (int32_t)(adv - tcp->rcv_adv) >=
					  (int32_t)step;
}

bool nx_tcp_output(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint64_t now_ns)
{
	nx_tcp_timers_run(tcp, now_ns);
	if (tcp->must_reset)
		return output_rst(tcp, seg, now_ns);
	if (tcp->must_send_syn)
		return output_syn(tcp, seg, now_ns);
	if (!nx_tcp_is_synchronized(tcp))
		return false;
	if (output_lost(tcp, seg, now_ns) || output_new(tcp, seg, now_ns))
		return true;
	if (tcp->must_ack || has_window_update(tcp))
		return output_ack(tcp, seg, now_ns);
	return false;
}
