// SPDX-License-Identifier: GPL-2.0
/*
 * What must hold of segments that are sent, and of a connection at rest.
 */
#include <tcp/internal.h>

#include "world.h"

/* The longer the queue, the more checks pass before it is walked again. */
#define WALK_SHARE	16

#define FAIL(watch, ...) \
	sim_world_fail((watch)->conn->host->world, __VA_ARGS__)

#define FLAGS_STRANGE	(TCP_SYN | TCP_FIN | TCP_RST)

static const char *name_of(const struct sim_watch *watch)
{
	return watch->conn->host->name;
}

static bool has_both(const struct sim_watch *watch, uint16_t option)
{
	return watch->syn_has & watch->peer_has & option;
}

void sim_watch_init(struct sim_watch *watch, struct sim_conn *conn)
{
	*watch = (struct sim_watch){ .conn = conn };
	watch->state = conn->tcp.state;
}

void sim_watch_open(struct sim_watch *watch, const struct nx_tcp_open *open)
{
	watch->iss = open->iss;
}

/* ------------------------------------------------------ what has arrived */

static void take_syn(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *hdr = &seg->hdr;
	bool is_ipv4 = watch->conn->host->config.version == 4;

	watch->got_syn = true;
	watch->irs = hdr->seq;
	watch->recv_next = hdr->seq + 1;
	watch->peer_has = hdr->has;
	watch->peer_wscale = hdr->has & NEXUS_WIRE_TCP_WSCALE ? hdr->wscale : 0;
	watch->peer_mss = hdr->has & NEXUS_WIRE_TCP_MSS ? hdr->mss :
			  is_ipv4 ? 536 : 1220;
	/* RFC 7413 section 4.2.2: answers may leave before the handshake is complete. */
	watch->send_edge = watch->iss + 1 +
			   (hdr->flags & TCP_ACK ? 0 : hdr->window);
	watch->got_ts = hdr->ts_val;
}

void sim_watch_resume(struct sim_watch *watch, const struct nx_cookie_syn *cookie,
		      const struct nx_tcp_seg *seg)
{
	struct nx_tcp_seg syn = { .hdr = {
		.seq	= cookie->peer_isn,
		.has	= NEXUS_WIRE_TCP_MSS |
			  (cookie->has_ts ? NEXUS_WIRE_TCP_TS : 0) |
			  (cookie->has_sack ? NEXUS_WIRE_TCP_SACK_OK : 0) |
			  (cookie->has_wscale ? NEXUS_WIRE_TCP_WSCALE : 0),
		.mss	= cookie->mss,
		.wscale	= cookie->wscale,
		.ts_val	= seg->hdr.ts_val,
	} };

	watch->state = watch->conn->tcp.state;
	watch->iss = seg->hdr.ack - 1;
	watch->syn_has = syn.hdr.has;
	watch->wscale = watch->conn->tcp.rcv_wscale;
	take_syn(watch, &syn);
}

void sim_watch_input(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *hdr = &seg->hdr;
	bool is_syn = hdr->flags & TCP_SYN;
	uint32_t edge, next = hdr->seq + seg->len + is_syn +
			      !!(hdr->flags & TCP_FIN);

	if (!watch->got_syn) {
		/* Nor the SYN-ACK of an earlier connection: it is refused. */
		if (!is_syn || (hdr->flags & TCP_ACK &&
				!nx_tcp_acks_syn(&watch->conn->tcp, hdr->ack)))
			return;
		take_syn(watch, seg);
	}
	watch->recv_next = nx_seq_max(watch->recv_next, next);
	if (hdr->has & NEXUS_WIRE_TCP_TS)
		watch->got_ts = nx_seq_max(watch->got_ts, hdr->ts_val);
	if (!(hdr->flags & TCP_ACK))
		return;
	edge = hdr->ack + ((uint32_t)hdr->window <<
			   (!is_syn && has_both(watch, NEXUS_WIRE_TCP_WSCALE) ?
			    watch->peer_wscale : 0));
	watch->send_edge = nx_seq_max(watch->send_edge, edge);
}

/* ---------------------------------------------------------- what is sent */

static void judge_size(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct sim_host_config *host = &watch->conn->host->config;
	uint32_t ip_len = host->version == 4 ? 20 : 40;
	uint32_t header = (uint32_t)nexus_wire_tcp_len(&seg->hdr);
	uint32_t len = seg->gso_size ? seg->gso_size : seg->len, sum = 0;

	if (header > NEXUS_WIRE_TCP_LEN_MAX)
		FAIL(watch, "%s: sends a header of %u bytes", name_of(watch),
		     header);
	if (ip_len + header + len > host->mtu)
		FAIL(watch, "%s: sends %u bytes, over its MTU", name_of(watch),
		     ip_len + header + len);
	/* RFC 6691: options come out of the peer's MSS. */
	if (seg->len && watch->got_syn &&
	    header - NEXUS_WIRE_TCP_LEN + len > watch->peer_mss)
		FAIL(watch, "%s: sends %u bytes, over the peer's MSS of %u",
		     name_of(watch), len, watch->peer_mss);
	for (uint32_t i = 0; i < seg->nr_spans; i++)
		sum += seg->spans[i].len;
	if (sum != seg->len)
		FAIL(watch, "%s: spans of %u bytes in a segment of %u",
		     name_of(watch), sum, seg->len);
}

static void judge_payload(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct sim_app *app = &watch->conn->app;
	uint32_t end = seg->hdr.seq + seg->len + !!(seg->hdr.flags & TCP_SYN);
	uint32_t written = watch->iss + 1 + (uint32_t)app->sent;

	if (nx_seq_after(end, written + (!seg->len && app->has_closed)))
		FAIL(watch, "%s: sends what was never written", name_of(watch));
	if (seg->hdr.flags & TCP_FIN && (!app->has_closed || end != written))
		FAIL(watch, "%s: sends a FIN that is not the end", name_of(watch));
	/* RFC 9293 section 3.8.6.1: a probe of one byte may go beyond. */
	if (seg->len > 1 && watch->got_syn && nx_seq_after(end, watch->send_edge))
		FAIL(watch, "%s: sends %u beyond the peer's window",
		     name_of(watch), end - watch->send_edge);
}

static void judge_ack(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *hdr = &seg->hdr;
	uint32_t edge = hdr->ack + ((uint32_t)hdr->window <<
			(!(hdr->flags & TCP_SYN) &&
			 has_both(watch, NEXUS_WIRE_TCP_WSCALE) ?
			 watch->wscale : 0));

	if (!watch->got_syn || nx_seq_after(hdr->ack, watch->recv_next))
		FAIL(watch, "%s: acknowledges what never arrived", name_of(watch));
	if (hdr->flags & TCP_RST)
		return;
	if (watch->has_sent_ack && nx_seq_before(hdr->ack, watch->last_ack))
		FAIL(watch, "%s: takes an acknowledgment back", name_of(watch));
	/*
	 * RFC 9293 section 3.8.6; RFC 7323 section 2.4: but for rounding. A SYN-ACK that
	 * is sent again after answers (RFC 7413) cannot tell as much as they have.
	 */
	if (watch->has_sent_ack && !(hdr->flags & TCP_SYN) &&
	    nx_seq_before(edge + (1u << watch->wscale) - 1, watch->recv_edge))
		FAIL(watch, "%s: shrinks its window by %u", name_of(watch),
		     watch->recv_edge - edge);
	watch->recv_edge = watch->has_sent_ack ?
			   nx_seq_max(watch->recv_edge, edge) : edge;
	watch->has_sent_ack = true;
	watch->last_ack = hdr->ack;
}

/* RFC 2018 section 4, and RFC 2883 for the first block. */
static void judge_sack(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *hdr = &seg->hdr;

	if (!has_both(watch, NEXUS_WIRE_TCP_SACK_OK))
		FAIL(watch, "%s: SACK without a leave", name_of(watch));
	for (int i = 0; i < hdr->nr_sacks; i++) {
		uint32_t left = hdr->sacks[i].left, right = hdr->sacks[i].right;

		if (!nx_seq_before(left, right) ||
		    nx_seq_after(right, watch->recv_next) ||
		    (i && !nx_seq_after(left, hdr->ack)))
			FAIL(watch, "%s: SACK block %d is %u:%u", name_of(watch),
			     i, left, right);
		for (int j = 1; j < i; j++)
			if (nx_seq_before(left, hdr->sacks[j].right) &&
			    nx_seq_before(hdr->sacks[j].left, right))
				FAIL(watch, "%s: SACK blocks overlap",
				     name_of(watch));
	}
}

/* RFC 7323 section 3.2. */
static void judge_ts(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *hdr = &seg->hdr;
	bool has_ts = hdr->has & NEXUS_WIRE_TCP_TS;

	if (!(hdr->flags & (TCP_SYN | TCP_RST)) &&
	    has_ts != has_both(watch, NEXUS_WIRE_TCP_TS))
		FAIL(watch, "%s: timestamps are %s", name_of(watch),
		     has_ts ? "not negotiated" : "forgotten");
	if (!has_ts)
		return;
	if (watch->has_sent_ts && nx_seq_before(hdr->ts_val, watch->last_ts))
		FAIL(watch, "%s: a timestamp goes back", name_of(watch));
	if (hdr->flags & TCP_ACK && watch->got_syn &&
	    nx_seq_after(hdr->ts_ecr, watch->got_ts))
		FAIL(watch, "%s: echoes a timestamp that never arrived",
		     name_of(watch));
	watch->has_sent_ts = true;
	watch->last_ts = hdr->ts_val;
}

static void judge_syn(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *hdr = &seg->hdr;
	uint8_t state = watch->conn->tcp.state;

	if (hdr->seq != watch->iss || (state != NX_TCP_SYN_SENT &&
				       state != NX_TCP_SYN_RCVD))
		FAIL(watch, "%s: a SYN in %s", name_of(watch),
		     nx_tcp_state_name(state));
	/* RFC 7323 sections 2.2, 3.2; RFC 2018 section 2: only what was offered. */
	if (hdr->flags & TCP_ACK &&
	    hdr->has & ~watch->peer_has & ~watch->syn_has &
	    (NEXUS_WIRE_TCP_TS | NEXUS_WIRE_TCP_SACK_OK | NEXUS_WIRE_TCP_WSCALE))
		FAIL(watch, "%s: SYN-ACK with options that were not offered",
		     name_of(watch));
	/* RFC 7413 section 4.2.2: the first SYN alone, and only the client's. */
	if ((seg->len || hdr->has & NEXUS_WIRE_TCP_FAST_OPEN) && watch->syn_has)
		FAIL(watch, "%s: Fast Open in a SYN that is sent again",
		     name_of(watch));
	watch->syn_has |= hdr->has;
	if (hdr->has & NEXUS_WIRE_TCP_WSCALE)
		watch->wscale = hdr->wscale;
}

void sim_watch_output(struct sim_watch *watch, const struct nx_tcp_seg *seg)
{
	uint16_t flags = seg->hdr.flags, strange = flags & FLAGS_STRANGE;

	if (strange & (strange - 1))
		FAIL(watch, "%s: flags %x", name_of(watch), flags);
	if (flags & TCP_SYN)
		judge_syn(watch, seg);
	judge_size(watch, seg);
	if (!(flags & TCP_RST))
		judge_payload(watch, seg);
	if (flags & TCP_ACK)
		judge_ack(watch, seg);
	if (seg->hdr.has & NEXUS_WIRE_TCP_SACK)
		judge_sack(watch, seg);
	judge_ts(watch, seg);
}

/* ------------------------------------------------- a connection at rest */

/*
 * RFC 9293 figure 5, and that every state may close. Between two looks more than
 * one transition may have happened: what can be reached is what counts.
 */
static bool can_reach(unsigned int from, unsigned int to)
{
#define S(state) (1u << NX_TCP_##state)
	static const uint16_t reach[NX_TCP_NR_STATES] = {
		[NX_TCP_CLOSED] = S(SYN_SENT) | S(SYN_RCVD) | S(CLOSED),
		[NX_TCP_SYN_SENT] = 0xffff,
		[NX_TCP_SYN_RCVD] = 0xffff & ~S(SYN_SENT),
		[NX_TCP_ESTABLISHED] = 0xffff & ~S(SYN_SENT) & ~S(SYN_RCVD),
		[NX_TCP_FIN_WAIT_1] = S(FIN_WAIT_1) | S(FIN_WAIT_2) |
				      S(CLOSING) | S(TIME_WAIT) | S(CLOSED),
		[NX_TCP_FIN_WAIT_2] = S(FIN_WAIT_2) | S(TIME_WAIT) | S(CLOSED),
		[NX_TCP_CLOSE_WAIT] = S(CLOSE_WAIT) | S(LAST_ACK) | S(CLOSED),
		[NX_TCP_CLOSING] = S(CLOSING) | S(TIME_WAIT) | S(CLOSED),
		[NX_TCP_LAST_ACK] = S(LAST_ACK) | S(CLOSED),
		[NX_TCP_TIME_WAIT] = S(TIME_WAIT) | S(CLOSED),
	};

	return reach[from] & 1u << to;
#undef S
}

static void check_numbers(struct sim_watch *watch)
{
	const struct nx_tcp *tcp = &watch->conn->tcp;

	if (nx_seq_after(tcp->snd_una, tcp->snd_nxt) ||
	    nx_seq_after(tcp->snd_nxt, tcp->write_seq))
		FAIL(watch, "%s: snd_una %u, snd_nxt %u, write_seq %u",
		     name_of(watch), tcp->snd_una, tcp->snd_nxt, tcp->write_seq);
	if (nx_tcp_is_synchronized(tcp) &&
	    nx_seq_after(tcp->rcv_nxt, watch->recv_next))
		FAIL(watch, "%s: rcv_nxt is beyond all that arrived",
		     name_of(watch));
	if (!nx_tcp_is_synchronized(tcp))
		return;
	if (!tcp->mss)
		FAIL(watch, "%s: segments of no bytes", name_of(watch));
	/* In fast recovery, PRR lets out as much as leaves (RFC 9937). */
	if (tcp->cc.cwnd < tcp->mss && tcp->recovery != NX_TCP_FAST &&
	    tcp->recovery != NX_TCP_CWR)
		FAIL(watch, "%s: cwnd %u, below one segment of %u",
		     name_of(watch), tcp->cc.cwnd, tcp->mss);
}

/* What is known of what is in flight adds up. */
static void check_flight(struct sim_watch *watch)
{
	const struct nx_tcp *tcp = &watch->conn->tcp;
	const struct nx_tcp_txq *q = &tcp->txq;
	uint32_t flight = tcp->snd_nxt - tcp->snd_una;

	if (nx_tcp_is_synchronized(tcp) &&
	    (q->sacked_bytes + q->lost_bytes > flight ||
	     q->retrans_bytes > flight))
		FAIL(watch, "%s: of %u in flight %u are SACKed, %u lost, %u sent again",
		     name_of(watch), flight, q->sacked_bytes, q->lost_bytes,
		     q->retrans_bytes);
}

/* Whoever waits for an acknowledgment, or for a window, has a timer for it. */
static void check_timer(struct sim_watch *watch)
{
	const struct nx_tcp *tcp = &watch->conn->tcp;
	bool has_data = tcp->snd_una != tcp->write_seq;

	if (has_data && tcp->timer_ns == NX_TCP_NEVER &&
	    tcp->resume_ns == NX_TCP_NEVER)
		FAIL(watch, "%s: in %s, %u bytes unacknowledged, %u unsent, "
		     "window %u, and no timer", name_of(watch),
		     nx_tcp_state_name(tcp->state), tcp->snd_nxt - tcp->snd_una,
		     tcp->write_seq - tcp->snd_nxt, tcp->snd_wnd);
	if (tcp->state == NX_TCP_TIME_WAIT && tcp->wait_ns == NX_TCP_NEVER)
		FAIL(watch, "%s: TIME-WAIT for ever", name_of(watch));
}

/* Without SACK, @sacked_bytes is what duplicate ACKs told. */
static void check_sums(struct sim_watch *watch, uint32_t sacked, uint32_t lost,
		       uint32_t retrans)
{
	const struct nx_tcp *tcp = &watch->conn->tcp;
	const struct nx_tcp_txq *q = &tcp->txq;

	if ((tcp->has_sack && sacked != q->sacked_bytes) ||
	    lost != q->lost_bytes || retrans != q->retrans_bytes)
		FAIL(watch, "%s: of the send queue %u are SACKed, %u lost, %u sent "
		     "again; it says %u, %u, %u", name_of(watch), sacked, lost,
		     retrans, q->sacked_bytes, q->lost_bytes, q->retrans_bytes);
}

static void check_queue(struct sim_watch *watch)
{
	const struct nx_tcp *tcp = &watch->conn->tcp;
	const struct nx_tcp_tx *tx = tcp->txq.first, *prev = NULL;
	uint32_t nr = 0, seq = tx ? tx->seq : tcp->write_seq;
	uint32_t sacked = 0, lost = 0, retrans = 0;
	bool is_unsent = false;

	if (nx_seq_after(seq, tcp->snd_una) && tcp->state > NX_TCP_SYN_RCVD)
		FAIL(watch, "%s: the send queue begins past snd_una",
		     name_of(watch));
	for (; tx; prev = tx, tx = tx->next, nr++) {
		if (tx == tcp->txq.unsent)
			is_unsent = true;
		if (tx->seq != seq || tx->prev != prev || !tx->len ||
		    (tx != tcp->txq.last && !tx->next))
			FAIL(watch, "%s: record %u of the send queue is out of place",
			     name_of(watch), nr);
		if (is_unsent != !nx_seq_before(tx->seq, tcp->snd_nxt))
			FAIL(watch, "%s: record %u of the send queue is %s",
			     name_of(watch), nr, is_unsent ? "unsent, and was" :
			     "sent, and was not");
		seq += tx->len;
		sacked += tx->flags & NX_TX_SACKED ? tx->len : 0;
		lost += tx->flags & NX_TX_LOST ? tx->len : 0;
		retrans += tx->flags & NX_TX_RETRANS ? tx->len : 0;
	}
	check_sums(watch, sacked, lost, retrans);
	watch->nr_records = nr;
	watch->nr_skipped = 0;
	if (seq != tcp->write_seq || prev != tcp->txq.last)
		FAIL(watch, "%s: the send queue ends at %u, not at %u",
		     name_of(watch), seq, tcp->write_seq);
}

void sim_watch_check(struct sim_watch *watch)
{
	const struct nx_tcp *tcp = &watch->conn->tcp;

	if (!can_reach(watch->state, tcp->state))
		FAIL(watch, "%s: from %s to %s", name_of(watch),
		     nx_tcp_state_name(watch->state),
		     nx_tcp_state_name(tcp->state));
	watch->state = tcp->state;
	if (tcp->state == NX_TCP_CLOSED)
		return;
	check_numbers(watch);
	check_flight(watch);
	check_timer(watch);
	if (watch->nr_skipped++ >= watch->nr_records / WALK_SHARE)
		check_queue(watch);
}
