// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The path's MTU: as ICMP tells it (RFC 1191, RFC 8201), and as silence tells it
 * (RFC 4821, RFC 8899).
 */
#include "internal.h"

/* Timestamps, padded (RFC 7323 section 3.2). */
#define TS_LEN		12

/* RFC 4821 section 7.7: what nearly every path carries. */
#define MTU_BASE_IPV4	1024
/* RFC 8200 section 5: what every path carries. */
#define MTU_BASE_IPV6	1280
/* RFC 1122 section 3.3.2: what every IPv4 host takes. */
#define MTU_LEAST_IPV4	576

/* RFC 8899 section 5.1.1: PMTU_RAISE_TIMER. */
#define RAISE_S		600

/* Timeouts of the same data that ICMP would have explained. */
#define BLACK_HOLE_RTOS	3

void nx_tcp_update_mss(struct nx_tcp *tcp)
{
	uint32_t mss = tcp->mtu - tcp->ip_len - NEXUS_WIRE_TCP_LEN;

	mss = nx_min32(mss, tcp->peer_mss);
	tcp->mss = (uint16_t)(mss - (tcp->has_ts ? TS_LEN : 0));
	if (nx_tcp_is_synchronized(tcp))
		nx_tcp_cc_set_mss(&tcp->cc, tcp->mss);
}

static uint16_t base_mtu(const struct nx_tcp *tcp)
{
	if (tcp->ip_len == NEXUS_WIRE_IPV6_LEN)
		return MTU_BASE_IPV6;
	return tcp->mtu > MTU_BASE_IPV4 ? MTU_BASE_IPV4 : MTU_LEAST_IPV4;
}

void nx_tcp_mtu_on_rto(struct nx_tcp *tcp, uint64_t now_ns)
{
	uint16_t base = base_mtu(tcp);

	if (!(tcp->config->features & NX_TCP_HAS_PROBING) ||
	    tcp->rtt.nr_backoffs < BLACK_HOLE_RTOS || tcp->mtu <= base)
		return;
	if (tcp->mtu_max < tcp->mtu)
		tcp->mtu_max = tcp->mtu;
	tcp->mtu = base;
	tcp->raise_s = (uint32_t)(now_ns / NX_NS_PER_S) + RAISE_S;
	nx_tcp_update_mss(tcp);
}

/* It may have been another path, or no black hole at all but an outage. */
void nx_tcp_mtu_raise(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (now_ns / NX_NS_PER_S < tcp->raise_s || tcp->recovery != NX_TCP_OPEN)
		return;
	tcp->mtu = tcp->mtu_max;
	nx_tcp_update_mss(tcp);
}

void nx_tcp_set_mtu(struct nx_tcp *tcp, uint32_t mtu, uint64_t now_ns)
{
	struct nx_tcp_tx *tx;
	uint32_t least = tcp->ip_len == NEXUS_WIRE_IPV6_LEN ? MTU_BASE_IPV6 :
							      MTU_LEAST_IPV4;

	tcp->mtu_max = 0;
	/* RFC 8201 section 4; what claims less, for IPv4, is an attack on us. */
	if (mtu < least)
		mtu = least;
	if (mtu >= tcp->mtu) {
		tcp->mtu = (uint16_t)nx_min32(mtu, UINT16_MAX);
		nx_tcp_update_mss(tcp);
		return;
	}
	tcp->mtu = (uint16_t)mtu;
	nx_tcp_update_mss(tcp);
	/* What was too long is gone, and that was no congestion. */
	for (tx = tcp->txq.first; tx && tx != tcp->txq.unsent; tx = tx->next)
		if (tx->len > tcp->mss && !(tx->flags & NX_TX_SACKED))
			nx_tx_set_lost(tcp, tx);
	if (tcp->txq.lost_bytes)
		nx_tcp_rto_restart(tcp, now_ns);
}

/* RFC 5927 section 7.2: of something in flight, and less than was tried. */
void nx_tcp_icmp_mtu(struct nx_tcp *tcp, uint32_t seq, uint32_t mtu,
		     uint64_t now_ns)
{
	if (tcp->state == NX_TCP_CLOSED || tcp->snd_una == tcp->snd_nxt ||
	    !nx_seq_within(seq, tcp->snd_una, tcp->snd_nxt))
		return;
	if (!mtu)
		mtu = base_mtu(tcp);
	if (mtu < tcp->mtu)
		nx_tcp_set_mtu(tcp, mtu, now_ns);
}
