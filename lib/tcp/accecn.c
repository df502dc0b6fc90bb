// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Negotiation of ECN, and the counters of AccECN: RFC 3168, RFC 9768.
 */
#include "accecn.h"

#define AE	NEXUS_WIRE_TCP_AE
#define CWR	NEXUS_WIRE_TCP_CWR
#define ECE	NEXUS_WIRE_TCP_ECE
#define ALL	(AE | CWR | ECE)

/* RFC 9768 section 3.2.1. */
#define CEP_INITIAL	5
#define EB_INITIAL	1

/* RFC 9768 appendix A: moduli of ACE and of the option's fields. */
#define ACE_MASK	7u
#define COUNTER_MASK	0xffffffu
#define COUNTER_HALF	0x800000u

/* ------------------------------------------------------------ handshake */

uint16_t nx_ecn_syn_flags(enum nx_ecn_mode mode)
{
	switch (mode) {
	case NX_ECN_NONE:
		return 0;
	case NX_ECN_CLASSIC:
		return CWR | ECE;
	case NX_ECN_ACCURATE:
		return ALL;
	}
	return 0;
}

enum nx_ecn_mode nx_ecn_from_syn(uint16_t flags, enum nx_ecn_mode most)
{
	if (!(flags & ALL) || most == NX_ECN_NONE)
		return NX_ECN_NONE;
	if ((flags & ALL) == (CWR | ECE))
		return NX_ECN_CLASSIC;
	if (most == NX_ECN_ACCURATE)
		return NX_ECN_ACCURATE;
	/* RFC 3168 section 6.1.1.1: with AE as it was before RFC 9768. */
	return (flags & (CWR | ECE)) == (CWR | ECE) ? NX_ECN_CLASSIC :
						      NX_ECN_NONE;
}

/* RFC 9768 tables 2 and 3: how an end tells which codepoint arrived. */
static uint16_t arrived_flags(uint8_t ip_ecn)
{
	static const uint16_t flags[] = {
		[NX_IP_ECN_NOT_ECT] = CWR,
		[NX_IP_ECN_ECT1] = CWR | ECE,
		[NX_IP_ECN_ECT0] = AE,
		[NX_IP_ECN_CE] = AE | CWR,
	};

	return flags[ip_ecn & NX_IP_ECN_MASK];
}

uint16_t nx_ecn_synack_flags(enum nx_ecn_mode mode, uint8_t ip_ecn)
{
	switch (mode) {
	case NX_ECN_NONE:
		return 0;
	case NX_ECN_CLASSIC:
		return ECE;
	case NX_ECN_ACCURATE:
		return arrived_flags(ip_ecn);
	}
	return 0;
}

static enum nx_ecn_mode from_accurate_synack(uint16_t flags, uint8_t *ip_ecn)
{
	uint8_t e;

	for (e = NX_IP_ECN_NOT_ECT; e <= NX_IP_ECN_CE; e++) {
		if (flags != arrived_flags(e))
			continue;
		*ip_ecn = e;
		return NX_ECN_ACCURATE;
	}
	/* 001, and 101 of the nonce: RFC 3168. 000: none. 111: it reflects. */
	return flags == ECE || flags == (AE | ECE) ? NX_ECN_CLASSIC :
						     NX_ECN_NONE;
}

enum nx_ecn_mode nx_ecn_from_synack(uint16_t flags, enum nx_ecn_mode asked,
				    uint8_t *ip_ecn)
{
	switch (asked) {
	case NX_ECN_NONE:
		return NX_ECN_NONE;
	case NX_ECN_CLASSIC:
		return (flags & (CWR | ECE)) == ECE ? NX_ECN_CLASSIC :
						      NX_ECN_NONE;
	case NX_ECN_ACCURATE:
		return from_accurate_synack(flags & ALL, ip_ecn);
	}
	return NX_ECN_NONE;
}

/* ------------------------------------------------------------- counters */

void nx_accecn_init(struct nx_accecn *a)
{
	*a = (struct nx_accecn){
		.r_cep = CEP_INITIAL, .r_e0b = EB_INITIAL, .r_e1b = EB_INITIAL,
		.s_cep = CEP_INITIAL, .s_e0b = EB_INITIAL, .s_e1b = EB_INITIAL,
		.told_cep = CEP_INITIAL, .may_send_ect = true,
	};
}

void nx_accecn_syn_arrived(struct nx_accecn *a, uint8_t ip_ecn)
{
	if (ip_ecn == NX_IP_ECN_CE)
		a->s_cep = CEP_INITIAL + 1;
}

static unsigned int ace_of(uint16_t flags)
{
	return (flags & AE ? 4u : 0) | (flags & CWR ? 2u : 0) |
	       (flags & ECE ? 1u : 0);
}

static uint16_t flags_of(uint32_t ace)
{
	return (uint16_t)((ace & 4 ? AE : 0) | (ace & 2 ? CWR : 0) |
			  (ace & 1 ? ECE : 0));
}

uint16_t nx_accecn_handshake_flags(uint8_t ip_ecn)
{
	return arrived_flags(ip_ecn);
}

void nx_accecn_handshake_read(struct nx_accecn *a, uint16_t flags)
{
	if (!(flags & ALL))
		a->may_send_ect = false;
	else if ((flags & ALL) == arrived_flags(NX_IP_ECN_CE))
		a->s_cep = CEP_INITIAL + 1;
}

void nx_accecn_first_read(struct nx_accecn *a, uint16_t flags)
{
	if (!(flags & ALL))
		a->may_send_ect = false;
}

void nx_accecn_receive(struct nx_accecn *a, uint8_t ip_ecn,
		       uint32_t payload_len, uint32_t nr_packets)
{
	switch ((enum nx_ip_ecn)(ip_ecn & NX_IP_ECN_MASK)) {
	case NX_IP_ECN_NOT_ECT:
		break;
	case NX_IP_ECN_ECT1:
		a->r_e1b += payload_len;
		a->saw_ect1 = true;
		break;
	case NX_IP_ECN_ECT0:
		a->r_e0b += payload_len;
		break;
	case NX_IP_ECN_CE:
		a->r_cep += nr_packets;
		a->r_ceb += payload_len;
		break;
	}
	a->is_changed |= payload_len && ip_ecn != a->last_ecn;
	if (payload_len)
		a->last_ecn = ip_ecn & NX_IP_ECN_MASK;
}

/* RFC 9768 section 3.2.2.5.1: n is 2. */
#define CEP_UNTOLD_MAX	2

bool nx_accecn_wants_ack(const struct nx_accecn *a)
{
	return a->is_changed || a->r_cep - a->told_cep >= CEP_UNTOLD_MAX;
}

uint16_t nx_accecn_flags(struct nx_accecn *a)
{
	a->told_cep = a->r_cep;
	a->is_changed = false;
	return flags_of(a->r_cep);
}

void nx_accecn_fill(const struct nx_accecn *a, struct nexus_wire_tcp *tcp)
{
	tcp->has |= NEXUS_WIRE_TCP_ACCECN | NEXUS_WIRE_TCP_EE0B |
		    NEXUS_WIRE_TCP_ECEB;
	tcp->ee0b = a->r_e0b & COUNTER_MASK;
	tcp->eceb = a->r_ceb & COUNTER_MASK;
	if (a->saw_ect1) {
		tcp->has |= NEXUS_WIRE_TCP_EE1B;
		tcp->ee1b = a->r_e1b & COUNTER_MASK;
	}
}

/* RFC 9768 appendix A.1; what seems to go back is of an older segment. */
static uint32_t advance(uint32_t *counter, uint32_t field)
{
	uint32_t delta = (field - *counter) & COUNTER_MASK;

	if (delta >= COUNTER_HALF)
		return 0;
	*counter += delta;
	return delta;
}

/* RFC 9768 section 3.2.3.2.4: the first EE0B and EE1B are at least 1. */
static void first_option(struct nx_accecn *a, const struct nexus_wire_tcp *tcp)
{
	a->has_option = true;
	if ((tcp->has & NEXUS_WIRE_TCP_EE0B && !tcp->ee0b) ||
	    (tcp->has & NEXUS_WIRE_TCP_EE1B && !tcp->ee1b))
		a->is_option_ignored = true;
}

/* Returns false if the option told nothing of bytes with CE. */
static bool read_option(struct nx_accecn *a, const struct nexus_wire_tcp *tcp,
			uint32_t *ce_bytes)
{
	if (!(tcp->has & NEXUS_WIRE_TCP_ACCECN))
		return false;
	if (!a->has_option)
		first_option(a, tcp);
	if (a->is_option_ignored)
		return false;
	if (tcp->has & NEXUS_WIRE_TCP_EE0B)
		advance(&a->s_e0b, tcp->ee0b);
	if (tcp->has & NEXUS_WIRE_TCP_EE1B)
		advance(&a->s_e1b, tcp->ee1b);
	if (!(tcp->has & NEXUS_WIRE_TCP_ECEB))
		return false;
	*ce_bytes = advance(&a->s_ceb, tcp->eceb);
	return true;
}

/*
 * RFC 9768 appendix A.2.1: the most marks that these ACKs could stand for. That
 * all of eight packets were marked and the ACKs between were lost is not likely
 * on a path that marked nothing (section 3.2.2.5.2: "prevailing conditions").
 */
static uint32_t safer(const struct nx_accecn *a, uint32_t delta, uint32_t acked,
		      uint32_t mss)
{
	uint32_t nr_packets = (uint32_t)(((uint64_t)acked + mss - 1) / mss);

	if (nr_packets <= delta || (!delta && !a->is_marked))
		return delta;
	return nr_packets - ((nr_packets - delta) & ACE_MASK);
}

/*
 * RFC 9768 appendix A.2.2: do the marked bytes tell that ACE did not wrap? Its
 * second condition, that they are few for the safer number of packets, follows
 * from the first, as that number is larger by eight at least.
 */
static bool is_plain_enough(uint32_t delta, uint32_t ce_bytes, uint32_t mss)
{
	return ce_bytes <= (uint64_t)mss * delta;
}

uint32_t nx_accecn_read(struct nx_accecn *a, const struct nexus_wire_tcp *tcp,
			uint32_t acked, uint32_t mss)
{
	uint32_t delta = (ace_of(tcp->flags) - a->s_cep) & ACE_MASK;
	uint32_t most = safer(a, delta, acked, mss), ce_bytes = 0;

	if (read_option(a, tcp, &ce_bytes) && most > delta &&
	    is_plain_enough(delta, ce_bytes, mss))
		most = delta;
	a->s_cep += most;
	if (acked)
		a->is_marked = most;
	return most;
}
