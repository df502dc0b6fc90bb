/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the files of a connection share.
 */
#ifndef _NX_TCP_INTERNAL_H
#define _NX_TCP_INTERNAL_H

#include <errno.h>

#include "seq.h"
#include "tcp.h"

#define TCP_FIN			NEXUS_WIRE_TCP_FIN
#define TCP_SYN			NEXUS_WIRE_TCP_SYN
#define TCP_RST			NEXUS_WIRE_TCP_RST
#define TCP_PSH			NEXUS_WIRE_TCP_PSH
#define TCP_ACK			NEXUS_WIRE_TCP_ACK
#define TCP_ECE			NEXUS_WIRE_TCP_ECE
#define TCP_CWR			NEXUS_WIRE_TCP_CWR

/* RFC 5681 section 3.2, RFC 8985 section 4: DupThresh. */
#define NX_TCP_DUPTHRESH	3

/* Bits of nx_tcp_tx.flags. */
#define NX_TX_FIN		(1U << 0)	/* no payload: FIN, one number long */
#define NX_TX_SACKED		(1U << 1)	/* the peer has it */
#define NX_TX_LOST		(1U << 2)	/* it has not, as far as we know */
#define NX_TX_RETRANS		(1U << 3)	/* lost, sent again, and in flight */
#define NX_TX_EVER		(1U << 4)	/* was sent more than once */
#define NX_TX_TIMED		(1U << 5)	/* in the list by time */

/**
 * struct nx_tcp_tx - a part of the send queue that is sent as one
 * @next, @prev: in sequence
 * @later, @earlier: by the time it was sent last
 * @buf, @off: payload
 * @seq:     of the first byte
 * @len:     sequence numbers
 * @flags:   NX_TX_*; SACKED excludes LOST and RETRANS
 * @sent_ns: when it was sent last
 */
struct nx_tcp_tx {
	struct nx_tcp_tx	*next;
	struct nx_tcp_tx	*prev;
	struct nx_tcp_tx	*later;
	struct nx_tcp_tx	*earlier;
	void			*buf;
	uint32_t		off;
	uint32_t		seq;
	uint32_t		len;
	uint32_t		flags;
	uint64_t		sent_ns;
};

/**
 * struct nx_tcp_rx - payload that arrived
 * @next: in sequence
 * @buf, @off, @len: where it is
 * @seq:  of the first byte
 */
struct nx_tcp_rx {
	struct nx_tcp_rx	*next;
	void			*buf;
	uint32_t		off;
	uint32_t		len;
	uint32_t		seq;
};

_Static_assert(sizeof(struct nx_tcp_tx) <= NX_TCP_RECORD_SIZE, "too small");
_Static_assert(sizeof(struct nx_tcp_rx) <= NX_TCP_RECORD_SIZE, "too small");

/**
 * struct nx_tcp_ack - what an ACK tells, gathered while it is looked at
 * @seg:     the segment
 * @now_ns:  now
 * @rtt_ns:  round trip of what was sent once; 0: none
 * @prior_flight: bytes in flight before
 * @acked:   bytes by which snd_una advanced
 * @delivered: bytes newly acknowledged or SACKed
 * @has_retrans: some of what is acknowledged was sent more than once
 * @has_original: some of what was delivered was sent once, and before recovery
 * @has_new_sack: something is newly SACKed
 * @has_dsack: a block tells of a duplicate
 * @has_new_loss: something was taken for lost
 * @is_dupack: RFC 5681 section 2
 * @is_handshake: its ECN flags are of the handshake
 * @is_limited: what it acknowledges left while cwnd held other data back
 */
struct nx_tcp_ack {
	const struct nx_tcp_seg	*seg;
	uint64_t		now_ns;
	uint64_t		rtt_ns;
	uint32_t		prior_flight;
	uint32_t		acked;
	uint32_t		delivered;
	bool			has_retrans;
	bool			has_original;
	bool			has_new_sack;
	bool			has_dsack;
	bool			has_new_loss;
	bool			is_dupack;
	bool			is_handshake;
	bool			is_limited;
};

static inline uint32_t nx_min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---------------------------------------------------------------- state */

/* Changes the state; what RFC 9293 figure 5 does not have closes with -EPROTO. */
void nx_tcp_set_state(struct nx_tcp *tcp, enum nx_tcp_state state);

/* CLOSED for the reason @err: 0 or -errno. Data that arrived can still be read. */
void nx_tcp_close(struct nx_tcp *tcp, int err);

/* May the peer still send data? */
static inline bool nx_tcp_may_receive(const struct nx_tcp *tcp)
{
	return tcp->state == NX_TCP_ESTABLISHED ||
	       tcp->state == NX_TCP_FIN_WAIT_1 ||
	       tcp->state == NX_TCP_FIN_WAIT_2 ||
	       (tcp->state == NX_TCP_SYN_RCVD && tcp->is_early);
}

/* Is the handshake done, and the connection not over? */
static inline bool nx_tcp_is_synchronized(const struct nx_tcp *tcp)
{
	return tcp->state >= NX_TCP_ESTABLISHED;
}

/* May anything but a SYN leave? RFC 7413 section 4.2.2: before the handshake's end. */
static inline bool nx_tcp_may_send(const struct nx_tcp *tcp)
{
	return nx_tcp_is_synchronized(tcp) ||
	       (tcp->state == NX_TCP_SYN_RCVD && tcp->is_early);
}

/* Does @ack acknowledge our SYN, and nothing that was not sent? */
static inline bool nx_tcp_acks_syn(const struct nx_tcp *tcp, uint32_t ack)
{
	return nx_seq_within(ack - 1, tcp->iss, tcp->snd_nxt);
}

/* ---------------------------------------------------------------- input */

void nx_tcp_input_syn_sent(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			   uint64_t now_ns);

/* What the peer's SYN offers. */
void nx_tcp_take_syn(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		     uint64_t now_ns);

/* Congestion control begins. */
void nx_tcp_begin_sending(struct nx_tcp *tcp, uint32_t cwnd);

/* The handshake is complete: windows, timers and estimators begin. */
void nx_tcp_establish(struct nx_tcp *tcp, uint64_t now_ns);

/* An ACK that nobody on the path can make us send too often (RFC 5961). */
void nx_tcp_challenge(struct nx_tcp *tcp, uint64_t now_ns);

/* Deals with the segment that was to be expected; false: it is another one. */
bool nx_tcp_input_predicted(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			    uint64_t now_ns);

/* Takes the timestamp and the window of an acceptable segment; true: a new window. */
void nx_tcp_take_timestamp(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			   uint64_t now_ns);
bool nx_tcp_update_window(struct nx_tcp *tcp, const struct nx_tcp_seg *seg);

/* Payload came in sequence: by when it is to be acknowledged. */
void nx_tcp_schedule_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			 uint64_t now_ns);

/* The ACK of an acceptable segment; false: nothing more of it is looked at. */
bool nx_tcp_input_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		      uint64_t now_ns);

/* Payload and FIN of an acceptable segment. */
void nx_tcp_input_data(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		       uint64_t now_ns);

/* The receive buffer follows what the owner reads in a round trip. */
void nx_tcp_tune(struct nx_tcp *tcp, uint64_t now_ns);

/* ------------------------------------------------------- loss and recovery */

/* The SACK blocks of an ACK (RFC 2018, RFC 2883). */
void nx_tcp_input_sacks(struct nx_tcp *tcp, struct nx_tcp_ack *ack);

/* @tx was delivered, up to @end: RFC 8985 section 6.2, steps 1 to 3. */
void nx_rack_delivered(struct nx_tcp *tcp, const struct nx_tcp_tx *tx,
		       uint32_t end, const struct nx_tcp_ack *ack);

/* An ACK was taken: section 6.2 step 4, about D-SACK. */
void nx_rack_on_ack(struct nx_tcp *tcp, const struct nx_tcp_ack *ack);

/*
 * Section 6.2, step 5: marks what is lost. Returns when to look again, or
 * NX_TCP_NEVER.
 */
uint64_t nx_rack_detect(struct nx_tcp *tcp, uint64_t now_ns);

/*
 * How long after it was sent a record counts as lost, if one that was sent later
 * was delivered: RACK.rtt and the reordering window (section 6.2 step 4).
 */
uint64_t nx_rack_wait_ns(const struct nx_tcp *tcp);

/* Section 7.2: when a probe is due; NX_TCP_NEVER: none is. */
uint64_t nx_tlp_due(const struct nx_tcp *tcp);

/* Section 7.4: the ACK of a probe; true: it repaired a loss. */
bool nx_tlp_on_ack(struct nx_tcp *tcp, const struct nx_tcp_ack *ack);

/* What an ACK means to recovery and to the congestion window. */
void nx_tcp_recover_on_ack(struct nx_tcp *tcp, struct nx_tcp_ack *ack);

/* The reordering window has passed: RFC 8985 section 6.2. */
void nx_tcp_recover_on_reo(struct nx_tcp *tcp, uint64_t now_ns);

/* The retransmission timer expired. */
void nx_tcp_recover_on_rto(struct nx_tcp *tcp, uint64_t now_ns);

/* ECN's echo: the window shrinks, once a round trip; @acked: by this ACK. */
void nx_tcp_reduce(struct nx_tcp *tcp, uint32_t acked,
		   enum nx_tcp_congestion by);

/* ------------------------------------------------- Fast Open (RFC 7413) */

/* The option of a SYN or SYN-ACK, and the SYN's data. */
void nx_tcp_fill_fast_open(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			   uint64_t now_ns);

/* What completes the handshake of a SYN with the option: data, cookie. */
void nx_tcp_input_fast_open(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			    uint64_t now_ns);

/* The data of a SYN whose cookie is good. */
void nx_tcp_accept_early(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			 uint64_t now_ns);

/* --------------------------------------------------------------- output */

/* Bytes that the receive window may have now. */
uint32_t nx_tcp_window(const struct nx_tcp *tcp);

/* The shift that lets 16 bits tell the largest receive buffer. */
uint8_t nx_tcp_choose_wscale(const struct nx_tcp_config *config);

/* What every segment has; says what was received if @flags has ACK. */
void nx_tcp_fill(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint32_t seq,
		 uint16_t flags, uint64_t now_ns);

/* An ACK with what else it can tell: SACK blocks, AccECN's counters. */
void nx_tcp_fill_ack(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint32_t seq,
		     uint64_t now_ns);

/* SYN or SYN-ACK. */
void nx_tcp_fill_syn(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		     uint64_t now_ns);

/* Payload: lost, a tail loss probe, or new; false: none may be sent now. */
bool nx_tcp_output_data(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			uint64_t now_ns);

/* The only segment that waits, where it may leave at once; false: ask further. */
bool nx_tcp_output_predicted(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			     uint64_t now_ns);

/* Data leave while nothing is in flight. */
void nx_tcp_sent_first(struct nx_tcp *tcp, uint64_t now_ns);

/* At most @room bytes of payload beside a SYN. */
void nx_tcp_add_syn_data(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			 uint32_t room, uint64_t now_ns);

/* Could new data be sent if the peer's window allowed it, and it does not? */
static inline bool nx_tcp_is_window_closed(const struct nx_tcp *tcp)
{
	uint32_t unsent = tcp->write_seq - tcp->snd_nxt;

	return unsent && nx_tcp_is_synchronized(tcp) &&
	       tcp->snd_wnd < nx_min32(unsent, tcp->mss);
}

/* ------------------------------------------------------------- path MTU */

/* The payload of a full segment: from MTU, the peer's MSS and options. */
void nx_tcp_update_mss(struct nx_tcp *tcp);

/* The retransmission timer expired: is the path a black hole? */
void nx_tcp_mtu_on_rto(struct nx_tcp *tcp, uint64_t now_ns);

/* Something was acknowledged: the path may be better by now than we think. */
void nx_tcp_mtu_raise(struct nx_tcp *tcp, uint64_t now_ns);

/* ----------------------------------------------------------- send queue */

/* Appends @len numbers; -ENOMEM. */
int nx_tcp_txq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span,
		      uint32_t flags);

/* Cuts @tx after @len numbers; false: no record. */
bool nx_tcp_txq_split(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint32_t len);

/* Drops what lies before snd_una, and tells @ack. */
void nx_tcp_txq_acked(struct nx_tcp *tcp, struct nx_tcp_ack *ack);

/* Without SACK: no more counts as arrived than can have. */
void nx_tcp_txq_limit_sacked(struct nx_tcp *tcp);

/* What was sent once and is in flight was never sent: no congestion lost it. */
void nx_tcp_txq_unsend(struct nx_tcp *tcp);

void nx_tcp_txq_clear(struct nx_tcp *tcp);

/* Changes of a record's flags that keep the sums right. */
void nx_tx_sent(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint64_t now_ns);
void nx_tx_set_sacked(struct nx_tcp *tcp, struct nx_tcp_tx *tx);
void nx_tx_set_lost(struct nx_tcp *tcp, struct nx_tcp_tx *tx);
void nx_tx_clear(struct nx_tcp *tcp, struct nx_tcp_tx *tx);

static inline uint32_t nx_tx_end(const struct nx_tcp_tx *tx)
{
	return tx->seq + tx->len;
}

/* -------------------------------------------------------- receive queue */

/* Payload [@seq, @seq + @span->len) in sequence; false: no record. */
bool nx_tcp_rxq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span);

/* Payload behind a gap; false: no record. */
bool nx_tcp_rxq_insert(struct nx_tcp *tcp, uint32_t seq,
		       const struct nx_tcp_span *span);

/* Moves what has come into sequence. */
void nx_tcp_rxq_pull(struct nx_tcp *tcp);

void nx_tcp_rxq_clear(struct nx_tcp *tcp);

/* --------------------------------------------------------------- timers */

/* Runs what is due: something is. */
void nx_tcp_timers_fire(struct nx_tcp *tcp, uint64_t now_ns);

static inline void nx_tcp_timers_run(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (nx_tcp_deadline(tcp) <= now_ns)
		nx_tcp_timers_fire(tcp, now_ns);
}

/* Chooses what the timer for sending is armed for; @reo_ns: nx_rack_detect()'s. */
void nx_tcp_timer_arm(struct nx_tcp *tcp, uint64_t reo_ns);

/* The retransmission timer begins anew (RFC 6298 section 5.3). */
void nx_tcp_rto_restart(struct nx_tcp *tcp, uint64_t now_ns);

/* Arms what FIN-WAIT-2, TIME-WAIT or silence wait for. */
void nx_tcp_wait_arm(struct nx_tcp *tcp, uint64_t now_ns);

void nx_tcp_timers_stop(struct nx_tcp *tcp);

static inline uint64_t nx_tcp_after_us(uint64_t now_ns, uint64_t us)
{
	return now_ns + us * 1000;
}

static inline uint64_t nx_tcp_after_ms(uint64_t now_ns, uint64_t ms)
{
	return now_ns + ms * 1000000;
}

#define NX_NS_PER_S		1000000000ULL

/* The clock of timestamps: milliseconds (RFC 7323 section 5.4). */
#define NX_TCP_TS_NS		1000000ULL

static inline uint32_t nx_tcp_ts_of(const struct nx_tcp *tcp, uint64_t at_ns)
{
	return (uint32_t)(at_ns / NX_TCP_TS_NS) + tcp->ts_off;
}

#endif /* _NX_TCP_INTERNAL_H */
