// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * RACK-TLP (RFC 8985): what was sent before something that was delivered, and
 * long enough before, is lost; and a probe where nothing would tell.
 */
#include "internal.h"

/* RFC 8985 section 6.2 step 4. */
#define REO_PERSIST	16
#define REO_MULT_MAX	UINT8_MAX

/* Section 7.2, where the round trip is not known. */
#define PTO_INITIAL_NS	1000000000ULL

/* Section 7.2: WCDelAckT, a peer's worst delayed ACK. */
#define WORST_DELACK_NS	200000000ULL

static bool is_sent_after(uint64_t ns1, uint32_t end1, uint64_t ns2,
			  uint32_t end2)
{
	return ns1 > ns2 || (ns1 == ns2 && nx_seq_after(end1, end2));
}

/* Was it the original that was delivered, and not the retransmission? */
static bool is_spurious(const struct nx_tcp *tcp, const struct nx_tcp_tx *tx,
			const struct nx_tcp_ack *ack)
{
	const struct nexus_wire_tcp *h = &ack->seg->hdr;
	uint64_t min_ns = nx_rtt_min_ns(&tcp->rtt);

	if (!(tx->flags & NX_TX_EVER))
		return false;
	if (tcp->has_ts && h->has & NEXUS_WIRE_TCP_TS &&
	    nx_seq_before(h->ts_ecr, nx_tcp_ts_of(tcp, tx->sent_ns)))
		return true;
	return min_ns != UINT64_MAX && ack->now_ns - tx->sent_ns < min_ns;
}

void nx_rack_delivered(struct nx_tcp *tcp, const struct nx_tcp_tx *tx,
		       uint32_t end, const struct nx_tcp_ack *ack)
{
	struct nx_rack *r = &tcp->rack;

	if (nx_seq_after(end, r->fack))
		r->fack = end;
	else if (nx_seq_before(end, r->fack) && !(tx->flags & NX_TX_EVER))
		r->has_reordering = true;
	if (is_spurious(tcp, tx, ack) ||
	    !is_sent_after(tx->sent_ns, end, r->sent_ns, r->end_seq))
		return;
	r->sent_ns = tx->sent_ns;
	r->end_seq = end;
	r->rtt_ns = ack->now_ns - tx->sent_ns;
}

void nx_rack_on_ack(struct nx_tcp *tcp, const struct nx_tcp_ack *ack)
{
	struct nx_rack *r = &tcp->rack;

	if (r->has_round && !nx_seq_before(tcp->snd_una, r->dsack_round))
		r->has_round = false;
	if (!ack->has_dsack || r->has_round)
		return;
	/* A retransmission was for nothing: wait longer the next time. */
	r->has_round = true;
	r->dsack_round = tcp->snd_nxt;
	r->reo_persist = REO_PERSIST;
	if (r->reo_mult < REO_MULT_MAX)
		r->reo_mult++;
}

static uint64_t reo_wnd_ns(const struct nx_tcp *tcp)
{
	const struct nx_rack *r = &tcp->rack;
	uint64_t min_ns = nx_rtt_min_ns(&tcp->rtt), wnd_ns;

	if (!r->has_reordering) {
		if (tcp->recovery >= NX_TCP_FAST)
			return 0;
		if (tcp->txq.nr_sacked >= NX_TCP_DUPTHRESH ||
		    tcp->txq.sacked_bytes >= NX_TCP_DUPTHRESH * tcp->mss)
			return 0;
	}
	if (min_ns == UINT64_MAX)
		return 0;
	wnd_ns = min_ns / 4 * r->reo_mult;
	return wnd_ns < tcp->rtt.srtt_ns ? wnd_ns : tcp->rtt.srtt_ns;
}

uint64_t nx_rack_wait_ns(const struct nx_tcp *tcp)
{
	return tcp->rack.rtt_ns + reo_wnd_ns(tcp);
}

uint64_t nx_rack_detect(struct nx_tcp *tcp, uint64_t now_ns)
{
	struct nx_tcp_tx *tx = tcp->txq.oldest, *later;
	const struct nx_rack *r = &tcp->rack;
	uint64_t wait_ns, again_ns = NX_TCP_NEVER;

	if (!r->sent_ns || !tcp->has_sack)
		return NX_TCP_NEVER;
	wait_ns = nx_rack_wait_ns(tcp);
	for (; tx; tx = later) {
		later = tx->later;
		if (!is_sent_after(r->sent_ns, r->end_seq, tx->sent_ns,
				   nx_tx_end(tx)))
			break;
		if (now_ns >= tx->sent_ns + wait_ns)
			nx_tx_set_lost(tcp, tx);
		else
			again_ns = tx->sent_ns + wait_ns;
	}
	return again_ns;
}

/* ------------------------------------------------------- tail loss probes */

uint64_t nx_tlp_due(const struct nx_tcp *tcp)
{
	uint64_t pto_ns = PTO_INITIAL_NS;

	if (!(tcp->config->features & NX_TCP_HAS_TLP) || !tcp->has_sack ||
	    !nx_tcp_is_synchronized(tcp) ||
	    tcp->rack.has_tlp || tcp->recovery != NX_TCP_OPEN ||
	    tcp->txq.sacked_bytes || tcp->rtt.nr_backoffs)
		return NX_TCP_NEVER;
	if (tcp->rtt.srtt_ns) {
		pto_ns = 2 * tcp->rtt.srtt_ns;
		if (tcp->snd_nxt - tcp->snd_una <= tcp->mss)
			pto_ns += WORST_DELACK_NS;
	}
	return (tcp->sent_ns > tcp->rto_base_ns ? tcp->sent_ns :
						  tcp->rto_base_ns) + pto_ns;
}

bool nx_tlp_on_ack(struct nx_tcp *tcp, const struct nx_tcp_ack *ack)
{
	struct nx_rack *r = &tcp->rack;

	if (!r->has_tlp || nx_seq_before(tcp->snd_una, r->tlp_end))
		return false;
	/* Step 1: new data, or two copies arrived: nothing was lost. */
	if (!r->is_tlp_retrans || ack->has_dsack) {
		r->has_tlp = false;
		return false;
	}
	/* Step 2: beyond the probe, without D-SACK: the probe repaired a loss. */
	if (nx_seq_after(tcp->snd_una, r->tlp_end)) {
		r->has_tlp = false;
		return true;
	}
	/* An ACK of the original or of the probe: one more would be a duplicate. */
	if (!ack->acked && !ack->has_new_sack)
		r->has_tlp = false;
	return false;
}
