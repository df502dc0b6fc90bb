// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Headers and options of segments that leave.
 */
#include "internal.h"

/* SACK blocks beside timestamps: 40 bytes of options, less 12, less 2. */
#define SACKS_BESIDE_TS		3

/* The window's right edge never moves back (RFC 9293 section 3.8.6). */
static void fill_window(struct nx_tcp *tcp, struct nx_tcp_seg *seg)
{
	uint32_t unit = 1U << tcp->rcv_wscale;
	uint32_t wnd = nx_tcp_window(tcp) & ~(unit - 1);

	tcp->rcv_adv = nx_seq_max(tcp->rcv_nxt + wnd, tcp->rcv_adv);
	seg->hdr.window = (uint16_t)nx_min32((tcp->rcv_adv - tcp->rcv_nxt) >>
					     tcp->rcv_wscale, 0xffff);
}

static void fill_ecn(struct nx_tcp *tcp, struct nx_tcp_seg *seg)
{
	uint16_t *flags = &seg->hdr.flags;

	if (*flags & (TCP_SYN | TCP_RST))
		return;
	if (tcp->ecn == NX_ECN_CLASSIC && tcp->ece_pending)
		*flags |= TCP_ECE;
	if (tcp->ecn != NX_ECN_ACCURATE)
		return;
	if (tcp->ace_first && tcp->rcv_nxt == tcp->irs + 1)
		*flags |= nx_accecn_handshake_flags(tcp->syn_ecn);
	else
		*flags |= nx_accecn_flags(&tcp->accecn);
}

void nx_tcp_fill(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint32_t seq,
		 uint16_t flags, uint64_t now_ns)
{
	seg->hdr = (struct nexus_wire_tcp) { .seq = seq, .flags = flags };
	seg->len = 0;
	seg->gso_size = 0;
	seg->ecn = NX_IP_ECN_NOT_ECT;
	seg->nr_spans = 0;
	if (tcp->has_ts) {
		seg->hdr.has |= NEXUS_WIRE_TCP_TS;
		seg->hdr.ts_val = nx_tcp_ts_of(tcp, now_ns);
		seg->hdr.ts_ecr = tcp->ts_recent;
	}
	tcp->stats.segs_out++;
	if (!(flags & TCP_ACK))
		return;
	seg->hdr.ack = tcp->rcv_nxt;
	fill_window(tcp, seg);
	fill_ecn(tcp, seg);
	tcp->rcv_acked = tcp->rcv_nxt;
	tcp->has_consumed = false;
	tcp->must_ack = false;
	tcp->ack_ns = NX_TCP_NEVER;
}

/* D-SACK first, once (RFC 2883 section 4); the latest blocks behind it. */
static void fill_sacks(struct nx_tcp *tcp, struct nx_tcp_seg *seg)
{
	unsigned int most = tcp->has_ts ? SACKS_BESIDE_TS :
					  NEXUS_WIRE_TCP_SACKS_MAX, i;
	struct nexus_wire_tcp *h = &seg->hdr;

	if (tcp->dsack.left != tcp->dsack.right)
		h->sacks[h->nr_sacks++] = tcp->dsack;
	tcp->dsack.right = tcp->dsack.left;
	for (i = 0; i < tcp->nr_sacks && h->nr_sacks < most; i++)
		h->sacks[h->nr_sacks++] = tcp->sacks[i];
	if (h->nr_sacks)
		h->has |= NEXUS_WIRE_TCP_SACK;
}

/* The counters stand in ACKs alone: in data they would make the segment longer. */
void nx_tcp_fill_ack(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint32_t seq,
		     uint64_t now_ns)
{
	nx_tcp_fill(tcp, seg, seq, TCP_ACK, now_ns);
	if (tcp->has_sack)
		fill_sacks(tcp, seg);
	if (tcp->ecn != NX_ECN_ACCURATE)
		return;
	nx_accecn_fill(&tcp->accecn, &seg->hdr);
	if (nexus_wire_tcp_len(&seg->hdr) > NEXUS_WIRE_TCP_LEN_MAX)
		seg->hdr.has &= (uint16_t)~(NEXUS_WIRE_TCP_ACCECN |
					    NEXUS_WIRE_TCP_EE0B |
					    NEXUS_WIRE_TCP_ECEB |
					    NEXUS_WIRE_TCP_EE1B);
}

static void fill_syn_options(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			     uint64_t now_ns)
{
	bool is_active = tcp->state == NX_TCP_SYN_SENT;
	uint32_t features = tcp->config->features;
	struct nexus_wire_tcp *h = &seg->hdr;

	h->has |= NEXUS_WIRE_TCP_MSS;
	h->mss = (uint16_t)(tcp->mtu - tcp->ip_len - NEXUS_WIRE_TCP_LEN);
	if (is_active ? features & NX_TCP_HAS_SACK : tcp->has_sack)
		h->has |= NEXUS_WIRE_TCP_SACK_OK;
	if (is_active ? features & NX_TCP_HAS_WSCALE : tcp->has_wscale) {
		h->has |= NEXUS_WIRE_TCP_WSCALE;
		h->wscale = tcp->rcv_wscale;
	}
	if (is_active && features & NX_TCP_HAS_TS) {
		h->has |= NEXUS_WIRE_TCP_TS;
		h->ts_val = nx_tcp_ts_of(tcp, now_ns);
	}
}

/*
 * ECN is asked for in the first SYN alone: one that is lost may have met a
 * firewall (RFC 3168 section 6.1.1.1, RFC 9768 section 3.1.4).
 */
static uint16_t syn_ecn_flags(struct nx_tcp *tcp, bool is_active)
{
	if (!is_active)
		return nx_ecn_synack_flags(tcp->ecn, tcp->syn_ecn);
	if (tcp->is_syn_lost)
		tcp->ecn = NX_ECN_NONE;
	return nx_ecn_syn_flags(tcp->ecn);
}

void nx_tcp_fill_syn(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		     uint64_t now_ns)
{
	bool is_active = tcp->state == NX_TCP_SYN_SENT;
	uint32_t wnd = nx_min32(nx_tcp_window(tcp), 0xffff);
	uint32_t adv = tcp->rcv_adv;

	tcp->must_send_syn = false;
	nx_tcp_fill(tcp, seg, tcp->iss, is_active ? TCP_SYN : TCP_SYN | TCP_ACK,
		    now_ns);
	/* RFC 7323 section 2.2: not scaled; answers may have told more (RFC 7413). */
	seg->hdr.window = (uint16_t)wnd;
	tcp->rcv_adv = nx_seq_max(tcp->rcv_nxt + wnd, adv);
	seg->hdr.flags |= syn_ecn_flags(tcp, is_active);
	fill_syn_options(tcp, seg, now_ns);
	if (tcp->must_offer)
		nx_tcp_fill_fast_open(tcp, seg, now_ns);
	if (!tcp->is_syn_lost)
		tcp->sent_ns = now_ns;
}
