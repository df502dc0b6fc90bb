/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Explicit congestion notification as two ends speak of it: its negotiation, that
 * of RFC 3168 and of AccECN (RFC 9768), and AccECN's counters.
 *
 * All of it is pure. TCP flags are NEXUS_WIRE_TCP_*.
 */
#ifndef _NX_TCP_ACCECN_H
#define _NX_TCP_ACCECN_H

#include <stdbool.h>
#include <stdint.h>

#include <nexus/wire.h>

/* RFC 3168 section 5: the last two bits of TOS or traffic class. */
enum nx_ip_ecn {
	NX_IP_ECN_NOT_ECT	= 0,
	NX_IP_ECN_ECT1		= 1,
	NX_IP_ECN_ECT0		= 2,
	NX_IP_ECN_CE		= 3,
};

#define NX_IP_ECN_MASK		3

/**
 * enum nx_ecn_mode - what two ends agreed upon
 * @NX_ECN_NONE:     nothing
 * @NX_ECN_CLASSIC:  RFC 3168: ECE until CWR
 * @NX_ECN_ACCURATE: RFC 9768
 */
enum nx_ecn_mode {
	NX_ECN_NONE,
	NX_ECN_CLASSIC,
	NX_ECN_ACCURATE,
};

/* -------------------------------------------------------- the handshake */

/* Flags of a SYN that asks for @mode (RFC 3168 section 6.1.1, 9768 3.1.1). */
uint16_t nx_ecn_syn_flags(enum nx_ecn_mode mode);

/**
 * nx_ecn_from_syn - what a server enters for a SYN (RFC 9768 table 2, 3.1.3)
 * @flags: of the SYN
 * @most:  what this end offers at most
 */
enum nx_ecn_mode nx_ecn_from_syn(uint16_t flags, enum nx_ecn_mode most);

/**
 * nx_ecn_synack_flags - flags of the SYN-ACK (RFC 9768 table 2)
 * @mode:   of nx_ecn_from_syn()
 * @ip_ecn: with which the SYN arrived, enum nx_ip_ecn
 */
uint16_t nx_ecn_synack_flags(enum nx_ecn_mode mode, uint8_t ip_ecn);

/**
 * nx_ecn_from_synack - what a client enters for a SYN-ACK (RFC 9768 table 2)
 * @flags:  of the SYN-ACK
 * @asked:  for what its SYN asked
 * @ip_ecn: out: with which the SYN arrived there; only of NX_ECN_ACCURATE
 */
enum nx_ecn_mode nx_ecn_from_synack(uint16_t flags, enum nx_ecn_mode asked,
				    uint8_t *ip_ecn);

/* --------------------------------------------------------- the counters */

/**
 * struct nx_accecn - counters of one end (RFC 9768 section 3.2.1)
 *
 * As the receiver of data:
 * @r_cep: packets that arrived with CE, from 5
 * @r_ceb: payload bytes that did
 * @r_e0b: payload bytes that arrived with ECT(0), from 1
 * @r_e1b: payload bytes that arrived with ECT(1), from 1
 * @told_cep: @r_cep as the last segment told it
 * @last_ecn: with which the last packet arrived
 * @is_changed: it differed from the one before: RFC 9768 section 3.2.3.3
 * @saw_ect1: ECT(1) has arrived
 *
 * As the sender of data:
 * @s_cep, @s_ceb, @s_e0b, @s_e1b: what the peer told of the same
 * @may_send_ect: no middlebox was seen to clear ACE (section 3.2.2.4), nor did
 *         the peer see every SYN marked
 * @has_option: the peer has sent the option
 * @is_option_ignored: a middlebox cleared its counters (section 3.2.3.2.4)
 * @is_marked: the last segment that acknowledged something told of CE
 */
struct nx_accecn {
	uint32_t	r_cep;
	uint32_t	r_ceb;
	uint32_t	r_e0b;
	uint32_t	r_e1b;
	uint32_t	told_cep;
	uint8_t		last_ecn;
	bool		is_changed;
	bool		saw_ect1;
	bool		may_send_ect;
	uint32_t	s_cep;
	uint32_t	s_ceb;
	uint32_t	s_e0b;
	uint32_t	s_e1b;
	bool		has_option;
	bool		is_option_ignored;
	bool		is_marked;
};

void nx_accecn_init(struct nx_accecn *a);

/* The client's: what the SYN-ACK told of the SYN. CE counts (section 3.2.2.1). */
void nx_accecn_syn_arrived(struct nx_accecn *a, uint8_t ip_ecn);

/**
 * nx_accecn_handshake_flags - flags of the ACK of a SYN-ACK (RFC 9768 table 3)
 * @ip_ecn: with which the SYN-ACK arrived
 *
 * They stand for AE, CWR and ECE of that ACK and of each that repeats it, as long
 * as it carries no data.
 */
uint16_t nx_accecn_handshake_flags(uint8_t ip_ecn);

/**
 * nx_accecn_handshake_read - the server reads them (RFC 9768 table 4)
 * @a:     counters
 * @flags: of the first ACK without SYN; ACE 000 was cleared on the way
 */
void nx_accecn_handshake_read(struct nx_accecn *a, uint16_t flags);

/* The client's first segment without SYN: ACE 000 was cleared on the way. */
void nx_accecn_first_read(struct nx_accecn *a, uint16_t flags);

/**
 * nx_accecn_receive - a packet arrived
 * @a:           counters
 * @ip_ecn:      with
 * @payload_len: bytes
 * @nr_packets:  it was on the wire, if they were aggregated
 */
void nx_accecn_receive(struct nx_accecn *a, uint8_t ip_ecn,
		       uint32_t payload_len, uint32_t nr_packets);

/*
 * Must an ACK leave at once? Two marks that were not told (RFC 9768 section
 * 3.2.2.5.1), or with data another codepoint than before (section 3.2.3.3).
 */
bool nx_accecn_wants_ack(const struct nx_accecn *a);

/* AE, CWR and ECE of a segment without SYN; notes that @r_cep was told. */
uint16_t nx_accecn_flags(struct nx_accecn *a);

/**
 * nx_accecn_fill - put the counters into a segment
 * @a:   counters
 * @tcp: segment; @has and the counters are set
 *
 * EE0B and ECEB, or all three once ECT(1) was seen.
 */
void nx_accecn_fill(const struct nx_accecn *a, struct nexus_wire_tcp *tcp);

/**
 * nx_accecn_read - what a segment tells the sender of data
 * @a:     counters
 * @tcp:   acceptable segment without SYN, not older than the last one
 * @acked: bytes that it newly acknowledges or SACKs
 * @mss:   SMSS
 *
 * Where ACE may have wrapped, the safer number (RFC 9768 section 3.2.2.5.2,
 * appendix A.2).
 *
 * Return: packets that newly arrived with CE there.
 */
uint32_t nx_accecn_read(struct nx_accecn *a, const struct nexus_wire_tcp *tcp,
			uint32_t acked, uint32_t mss);

#endif /* _NX_TCP_ACCECN_H */
