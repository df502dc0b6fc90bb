/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * One TCP connection (RFC 9293) as pure code: segments, time, memory and random
 * numbers come in as arguments, segments and events go out.
 *
 *   nx_tcp_init()                           a record, CLOSED
 *   nx_tcp_connect() or nx_tcp_accept()     active or passive open
 *   for (;;) {
 *           nx_tcp_input()                  a segment that arrived
 *           nx_tcp_write(), nx_tcp_read(), nx_tcp_shutdown() ...
 *           while (nx_tcp_output())         segments to send, until there is none
 *                   ...
 *           nx_tcp_take_events()            what the owner should know
 *           nx_tcp_deadline()               when to call nx_tcp_output() again
 *   }
 *   nx_tcp_exit()                           gives all memory and buffers back
 *
 * After anything was called, call nx_tcp_output() until it returns false, and
 * ask for the deadline: timers run in nx_tcp_output() alone.
 *
 * Payload is never touched. A buffer is an opaque pointer with a count of
 * references that the environment keeps.
 */
#ifndef _NX_TCP_H
#define _NX_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nexus/wire.h>

#include "accecn.h"
#include "cc.h"
#include "fast_open.h"
#include "pace.h"
#include "prr.h"
#include "rtt.h"

/* ------------------------------------------------------------- segments */

/* Pieces of payload in one segment that goes out. */
#define NX_TCP_SPANS_MAX	16

/**
 * struct nx_tcp_span - payload within a buffer
 * @buf: the environment's
 * @off: of the first byte; what it counts from is the environment's business
 * @len: bytes
 */
struct nx_tcp_span {
	void		*buf;
	uint32_t	off;
	uint32_t	len;
};

/**
 * struct nx_tcp_seg - a segment, or a super-packet of several
 * @hdr:      header and options; ports and checksum are the owner's
 * @len:      bytes of payload
 * @gso_size: payload bytes of each segment but the last, if it is a
 *            super-packet, else 0
 * @ecn:      enum nx_ip_ecn, of the IP header
 * @nr_spans: pieces of payload, 0 without payload; 1 of what arrives
 * @spans:    that make up @len bytes
 */
struct nx_tcp_seg {
	struct nexus_wire_tcp	hdr;
	uint32_t		len;
	uint16_t		gso_size;
	uint8_t			ecn;
	uint8_t			reserved;
	uint32_t		nr_spans;
	struct nx_tcp_span	spans[NX_TCP_SPANS_MAX];
};

/* ---------------------------------------------------------- environment */

/* Bytes of the small records that a connection asks for: one size for all. */
#define NX_TCP_RECORD_SIZE	80

/**
 * struct nx_tcp_env - what a connection is given; embed it
 * @record_alloc: a record of NX_TCP_RECORD_SIZE bytes, aligned to 8, or NULL
 * @record_free: takes a record back
 * @buf_hold: one reference more to a buffer
 * @buf_put: one reference less
 * @buf_append: copies the bytes of a span behind those that end at @end in a buffer,
 *           if there is room, and nothing else lies there or has a reference; or NULL
 * @rcv_limit_bytes: what the receive buffer of a connection may be now, where it is
 *           less than its configuration says; 0: no limit. Buffers shrink to it as
 *           data come, and a window that was told is kept
 */
struct nx_tcp_env {
	void	*(*record_alloc)(struct nx_tcp_env *env);
	void	(*record_free)(struct nx_tcp_env *env, void *record);
	void	(*buf_hold)(struct nx_tcp_env *env, void *buf);
	void	(*buf_put)(struct nx_tcp_env *env, void *buf);
	bool	(*buf_append)(struct nx_tcp_env *env, void *buf, uint32_t end,
			      const struct nx_tcp_span *span);
	uint32_t	rcv_limit_bytes;
};

/* Bits of nx_tcp_config.features. */
#define NX_TCP_HAS_SACK		(1U << 0)	/* RFC 2018, with it RFC 8985 */
#define NX_TCP_HAS_TS		(1U << 1)	/* RFC 7323 */
#define NX_TCP_HAS_WSCALE	(1U << 2)	/* RFC 7323 */
#define NX_TCP_HAS_PACING	(1U << 3)
#define NX_TCP_HAS_TUNING	(1U << 4)	/* of the receive buffer */
#define NX_TCP_HAS_PROBING	(1U << 5)	/* of black holes, RFC 4821 */
#define NX_TCP_HAS_TLP		(1U << 6)	/* RFC 8985 section 7 */
#define NX_TCP_HAS_PREDICTION	(1U << 7)	/* short ways; the same is done without */

/**
 * struct nx_tcp_config - how connections behave; may be shared by many
 * @cc:           congestion control
 * @features:     NX_TCP_HAS_*
 * @ecn:          enum nx_ecn_mode: the most that is asked for and granted
 * @syn_retries:  of a SYN or SYN-ACK
 * @keep_probes:  without an answer before the connection ends
 * @rcv_buf_bytes: receive buffer to begin with
 * @rcv_max_bytes: that tuning makes of it at most
 * @snd_buf_bytes: bytes that nx_tcp_write() takes before they are acknowledged
 * @gso_max_bytes: longest payload of a super-packet; 0: none are made
 * @delack_us:    longest delay of an acknowledgement
 * @time_wait_ms: 2 MSL; also the longest stay in FIN-WAIT-2 if nobody reads
 * @user_timeout_ms: for how long data may stay unacknowledged (RFC 9293
 *                section 3.8.3, R2)
 * @keep_idle_ms: RFC 9293 section 3.8.4: silence before the first probe
 * @keep_intvl_ms: between probes
 */
struct nx_tcp_config {
	const struct nx_tcp_cc_ops	*cc;
	uint32_t			features;
	uint8_t				ecn;
	uint8_t				syn_retries;
	uint8_t				keep_probes;
	uint32_t			rcv_buf_bytes;
	uint32_t			rcv_max_bytes;
	uint32_t			snd_buf_bytes;
	uint32_t			gso_max_bytes;
	uint32_t			delack_us;
	uint32_t			time_wait_ms;
	uint32_t			user_timeout_ms;
	uint32_t			keep_idle_ms;
	uint32_t			keep_intvl_ms;
};

/* What is used where nothing else is said. */
extern const struct nx_tcp_config nx_tcp_config_default;

/* ----------------------------------------------------------- connection */

/**
 * enum nx_tcp_state - RFC 9293 section 3.3.2, but for LISTEN, which is no
 * connection
 */
enum nx_tcp_state {
	NX_TCP_CLOSED,
	NX_TCP_SYN_SENT,
	NX_TCP_SYN_RCVD,
	NX_TCP_ESTABLISHED,
	NX_TCP_FIN_WAIT_1,
	NX_TCP_FIN_WAIT_2,
	NX_TCP_CLOSE_WAIT,
	NX_TCP_CLOSING,
	NX_TCP_LAST_ACK,
	NX_TCP_TIME_WAIT,
	NX_TCP_NR_STATES,
};

/* Events for the owner. */
#define NX_TCP_EV_ESTABLISHED	(1U << 0)	/* the handshake is complete */
#define NX_TCP_EV_READABLE	(1U << 1)	/* nx_tcp_read() has data */
#define NX_TCP_EV_WRITABLE	(1U << 2)	/* some of what was written is
						 * acknowledged */
#define NX_TCP_EV_PEER_CLOSED	(1U << 3)	/* FIN: no data will follow */
#define NX_TCP_EV_TIME_WAIT	(1U << 4)	/* both sides have closed */
#define NX_TCP_EV_CLOSED	(1U << 5)	/* CLOSED; see nx_tcp.err */
#define NX_TCP_EV_REOPEN	(1U << 6)	/* a new SYN in TIME-WAIT: CLOSED, and
						 * the segment is the listener's */
#define NX_TCP_EV_EARLY		(1U << 7)	/* data came with the SYN, and answers
						 * may leave (RFC 7413) */

/* A deadline that never comes. */
#define NX_TCP_NEVER		UINT64_MAX

/**
 * struct nx_tcp_open - what a connection begins with
 * @iss:    initial send sequence number (RFC 6528)
 * @ts_off: added to the clock of its timestamps
 * @mtu:    of the path, bytes
 * @ip_len: bytes of an IP header: 20 or 40
 * @fast_open: RFC 7413: what its SYN or SYN-ACK says; NULL: nothing
 * @is_held: its SYN waits for nx_tcp_start()
 */
struct nx_tcp_open {
	uint32_t			iss;
	uint32_t			ts_off;
	uint32_t			mtu;
	uint32_t			ip_len;
	const struct nx_fast_open	*fast_open;
	bool				is_held;
};

/**
 * enum nx_tcp_recovery - what the sender is doing about congestion
 * @NX_TCP_OPEN:  nothing is known to be lost
 * @NX_TCP_CWR:   the window shrinks, because of ECN or a loss that a probe
 *                repaired
 * @NX_TCP_FAST:  fast recovery (RFC 6675, RFC 8985, RFC 6582)
 * @NX_TCP_LOSS:  a retransmission timer expired
 */
enum nx_tcp_recovery {
	NX_TCP_OPEN,
	NX_TCP_CWR,
	NX_TCP_FAST,
	NX_TCP_LOSS,
};

/**
 * enum nx_tcp_timer - what the timer for sending is armed for
 * @NX_TCP_TIMER_RTO:     RFC 6298
 * @NX_TCP_TIMER_TLP:     tail loss probe, RFC 8985 section 7
 * @NX_TCP_TIMER_REO:     reordering window, RFC 8985 section 6.2
 * @NX_TCP_TIMER_PERSIST: zero window, RFC 9293 section 3.8.6.1
 */
enum nx_tcp_timer {
	NX_TCP_TIMER_RTO,
	NX_TCP_TIMER_TLP,
	NX_TCP_TIMER_REO,
	NX_TCP_TIMER_PERSIST,
};

struct nx_tcp_tx;
struct nx_tcp_rx;

/**
 * struct nx_tcp_txq - what is to be sent, or was and is not acknowledged
 * @first, @last: records in sequence
 * @unsent: the first one that was never sent, or NULL
 * @oldest, @newest: those in flight and not SACKed, by the time they were sent
 * @lost:   none before it is to be sent again; NULL: none at all
 * @tagged: SACKed last, or NULL: where the next block is likely
 * @sacked_bytes: SACKed, or, without SACK, as much as duplicate ACKs tell of
 * @lost_bytes: taken for lost
 * @retrans_bytes: of these, sent again and in flight
 * @nr_sacked: records that are SACKed
 */
struct nx_tcp_txq {
	struct nx_tcp_tx	*first;
	struct nx_tcp_tx	*last;
	struct nx_tcp_tx	*unsent;
	struct nx_tcp_tx	*oldest;
	struct nx_tcp_tx	*newest;
	struct nx_tcp_tx	*lost;
	struct nx_tcp_tx	*tagged;
	uint32_t		sacked_bytes;
	uint32_t		lost_bytes;
	uint32_t		retrans_bytes;
	uint32_t		nr_sacked;
};

/**
 * struct nx_tcp_rxq - payload that arrived, in sequence
 * @first, @last: records
 * @nr: how many
 */
struct nx_tcp_rxq {
	struct nx_tcp_rx	*first;
	struct nx_tcp_rx	*last;
	uint32_t		nr;
};

/**
 * struct nx_rack - RFC 8985
 * @sent_ns:   RACK.xmit_ts: of the latest sent of what was delivered
 * @rtt_ns:    RACK.rtt: its round-trip time
 * @end_seq:   RACK.end_seq: where it ends
 * @fack:      RACK.fack: the highest number that was delivered
 * @dsack_round: RACK.dsack_round, if @has_round
 * @tlp_end:   TLP.end_seq, if @has_tlp
 * @reo_mult:  RACK.reo_wnd_mult
 * @reo_persist: RACK.reo_wnd_persist
 * @has_reordering: RACK.reordering_seen
 * @has_round, @has_tlp: see there
 * @is_tlp_retrans: TLP.is_retrans
 */
struct nx_rack {
	uint64_t	sent_ns;
	uint64_t	rtt_ns;
	uint32_t	end_seq;
	uint32_t	fack;
	uint32_t	dsack_round;
	uint32_t	tlp_end;
	uint8_t		reo_mult;
	uint8_t		reo_persist;
	bool		has_reordering : 1;
	bool		has_round : 1;
	bool		has_tlp : 1;
	bool		is_tlp_retrans : 1;
};

/**
 * struct nx_tcp_stats - counters
 * @segs_in, @segs_out: segments, super-packets counted once
 * @bytes_acked: of payload that the peer has
 * @bytes_received: of payload, in sequence
 * @retrans_bytes: sent again
 * @nr_retrans:  records sent again
 * @nr_rtos:     timeouts
 * @nr_dsacks:   blocks that told of a duplicate
 * @nr_undone:   reductions that were taken back
 */
struct nx_tcp_stats {
	uint64_t	bytes_acked;
	uint64_t	bytes_received;
	uint64_t	retrans_bytes;
	uint32_t	segs_in;
	uint32_t	segs_out;
	uint32_t	nr_retrans;
	uint32_t	nr_rtos;
	uint32_t	nr_dsacks;
	uint32_t	nr_undone;
};

/**
 * struct nx_tcp - a connection
 * @env, @config: the owner's
 * @state:   enum nx_tcp_state; nx_tcp_set_state() alone changes it
 * @recovery: enum nx_tcp_recovery
 * @err:     why it is CLOSED: 0, or -ECONNRESET, -ECONNREFUSED, -ETIMEDOUT ...
 * @events:  NX_TCP_EV_* that nx_tcp_take_events() has not taken
 * @soft_err: what ICMP told while the handshake was not complete
 * @timer:   enum nx_tcp_timer
 * @ecn:     enum nx_ecn_mode
 *
 * Negotiated:
 * @has_sack, @has_ts, @has_wscale: what both ends can do
 * @snd_wscale, @rcv_wscale: shifts of the peer's windows, and of ours
 *
 * What nx_tcp_output() is to do:
 * @must_send_syn: SYN or SYN-ACK
 * @must_ack:      an ACK now
 * @must_reset:    RST with @reset_seq, and without ACK if @reset_bare
 * @must_probe:    a segment that is answered though it says nothing
 * @must_tlp:      a tail loss probe
 * @has_consumed:  the owner has read: perhaps a window update
 *
 * Options of the owner:
 * @is_nodelay, @is_corked, @is_keepalive, @is_orphan: see the functions
 *
 * What was seen:
 * @fin_queued:   nx_tcp_shutdown() was called
 * @fin_seen:     the peer's FIN has number @fin_seq
 * @fin_received: and it was in sequence
 * @is_limited:   cwnd held data back, until @limited_seq is acknowledged
 * @is_syn_lost:  the SYN or SYN-ACK was sent again
 * @is_passive:   began with the peer's SYN
 * @frto:         RFC 5682: the timeout may prove spurious
 * @frto_new:     and new data are to tell
 * @may_undo:     the reduction may prove wrong
 * @undo_sent:    something was sent again since, for the first time at @undo_ts
 * @ece_pending:  CE arrived and CWR did not (RFC 3168 section 6.1.3)
 * @cwr_pending:  the next data carry CWR
 * @ace_first:    ACKs tell @syn_ecn, with which the SYN-ACK arrived (RFC 9768
 *                section 3.2.2.1)
 * @must_offer:   the next SYN or SYN-ACK has @fast_open
 * @has_asked:    a SYN with the option of RFC 7413 has left
 * @has_new_cookie: the peer has answered it with @fast_open
 * @has_syn_data: data of the SYN were acknowledged with it, here or there
 * @is_early:     and so a connection in SYN-RECEIVED receives and sends
 *
 * Transmit:
 * @snd_max_wnd:  MAX.SND.WND (RFC 5961 section 5.2)
 * @snd_sml:      end of the last segment below MSS (Nagle, as Minshall has it)
 * @write_seq:    end of what was queued
 * @recover:      snd_nxt when recovery began (RecoveryPoint)
 * @limited_seq:  snd_nxt when cwnd held data back
 * @undo_una:     snd_una when the reduction began
 * @undo_bytes:   sent again since, and not told to be a duplicate
 * @nr_dupacks:   without SACK
 * @nr_probes:    keepalives, or probes of the window, that were not answered
 * @mtu:          of the path, bytes
 * @mtu_max:      before silence told that it is less
 * @raise_s:      when that is to be tried again, seconds
 * @peer_mss:     MSS option
 * @mss:          payload of a full segment
 *
 * Receive:
 * @rcv_adv:      right edge of the window that was told
 * @rcv_acked:    Last.ACK.sent (RFC 7323)
 * @rcv_mss:      estimate of the peer's segments
 * @rcv_buf_bytes, @rcv_used_bytes: buffer, and what of it waits to be read
 * @ready, @ooo:  payload in sequence, and behind a gap
 * @sacks:        blocks to tell, the latest first
 * @fast_open:    until the handshake is complete, when there are none
 * @dsack:        to tell once (RFC 2883), if it is not empty
 * @nr_quick:     ACKs to be sent at once
 *
 * Times, NX_TCP_NEVER if a timer is not armed:
 * @timer_ns:     see @timer
 * @ack_ns:       delayed ACK
 * @wait_ns:      TIME-WAIT, FIN-WAIT-2 or keepalive
 * @resume_ns:    pacing, or no memory: when data may leave again
 * @rto_base_ns:  when the retransmission timer was restarted
 * @progress_ns:  when the peer last did what was asked of it
 * @sent_ns, @rcvd_ns: when data were sent, and anything arrived
 * @challenge_ms: when the count @nr_challenges began, modulo 2^32
 * @tune_ns:      when @tune_bytes had been read
 *
 * Fields of RFC 9293 section 3.3.1 have its names.
 */
struct nx_tcp {
	struct nx_tcp_env		*env;
	const struct nx_tcp_config	*config;
	uint8_t				state;
	uint8_t				recovery;
	int16_t				err;
	uint8_t				events;
	uint8_t				timer;
	int16_t				soft_err;
	uint8_t				ecn;
	uint8_t				syn_ecn;
	uint8_t				ip_len;
	uint8_t				snd_wscale;
	uint8_t				rcv_wscale;

	bool				has_sack : 1;
	bool				has_ts : 1;
	bool				has_wscale : 1;
	bool				must_send_syn : 1;
	bool				must_ack : 1;
	bool				must_reset : 1;
	bool				reset_bare : 1;
	bool				must_probe : 1;
	bool				must_tlp : 1;
	bool				has_consumed : 1;
	bool				is_nodelay : 1;
	bool				is_corked : 1;
	bool				is_keepalive : 1;
	bool				is_orphan : 1;
	bool				fin_queued : 1;
	bool				fin_seen : 1;
	bool				fin_received : 1;
	bool				is_limited : 1;
	bool				is_syn_lost : 1;
	bool				is_passive : 1;
	bool				frto : 1;
	bool				frto_new : 1;
	bool				may_undo : 1;
	bool				undo_sent : 1;
	bool				ece_pending : 1;
	bool				cwr_pending : 1;
	bool				ace_first : 1;
	bool				must_offer : 1;
	bool				has_asked : 1;
	bool				has_new_cookie : 1;
	bool				has_syn_data : 1;
	bool				is_early : 1;

	/* Transmit. */
	uint32_t			iss;
	uint32_t			snd_una;
	uint32_t			snd_nxt;
	uint32_t			snd_wnd;
	uint32_t			snd_wl1;
	uint32_t			snd_wl2;
	uint32_t			snd_max_wnd;
	uint32_t			snd_sml;
	uint32_t			write_seq;
	uint32_t			recover;
	uint32_t			limited_seq;
	uint32_t			reset_seq;
	uint32_t			undo_una;
	uint32_t			undo_bytes;
	uint32_t			undo_ts;
	uint16_t			mtu;
	uint16_t			mtu_max;
	uint32_t			raise_s;
	uint16_t			peer_mss;
	uint16_t			mss;
	uint8_t				nr_dupacks;
	uint8_t				nr_probes;
	struct nx_tcp_txq		txq;
	struct nx_rtt			rtt;
	struct nx_rack			rack;
	struct nx_prr			prr;
	struct nx_tcp_cc		cc;
	struct nx_pace			pace;

	/* Receive. */
	uint32_t			irs;
	uint32_t			rcv_nxt;
	uint32_t			rcv_adv;
	uint32_t			rcv_acked;
	uint32_t			rcv_buf_bytes;
	uint32_t			rcv_used_bytes;
	uint32_t			fin_seq;
	uint16_t			rcv_mss;
	uint8_t				nr_quick;
	uint8_t				nr_sacks : 3;
	uint8_t				nr_challenges : 5;
	struct nx_tcp_rxq		ready;
	struct nx_tcp_rxq		ooo;
	union {
		struct nexus_wire_tcp_sack sacks[NEXUS_WIRE_TCP_SACKS_MAX];
		struct nx_fast_open	fast_open;
	};
	struct nexus_wire_tcp_sack	dsack;
	uint32_t			ts_off;
	uint32_t			ts_recent;
	uint32_t			ts_recent_s;
	struct nx_accecn		accecn;

	/* Times. */
	uint64_t			timer_ns;
	uint64_t			ack_ns;
	uint64_t			wait_ns;
	uint64_t			resume_ns;
	uint64_t			rto_base_ns;
	uint64_t			progress_ns;
	uint64_t			sent_ns;
	uint64_t			rcvd_ns;
	uint64_t			tune_ns;
	uint32_t			tune_bytes;
	uint32_t			challenge_ms;

	struct nx_tcp_stats		stats;
};

/**
 * nx_tcp_init - a record becomes a connection, CLOSED
 * @tcp:    any memory
 * @env:    that outlives it
 * @config: that outlives it
 */
void nx_tcp_init(struct nx_tcp *tcp, struct nx_tcp_env *env,
		 const struct nx_tcp_config *config);

/**
 * nx_tcp_exit - gives records and buffers back, whatever the state
 * @tcp: no connection any more
 */
void nx_tcp_exit(struct nx_tcp *tcp);

/**
 * nx_tcp_connect - active open
 * @tcp:    CLOSED
 * @open:   what to begin with
 * @now_ns: on the owner's clock, never backwards
 *
 * Return: 0 or -EISCONN.
 */
int nx_tcp_connect(struct nx_tcp *tcp, const struct nx_tcp_open *open,
		   uint64_t now_ns);

/**
 * nx_tcp_start - the SYN that was held leaves
 * @tcp:    opened by nx_tcp_connect() with is_held, and not started yet
 * @now_ns: now
 */
void nx_tcp_start(struct nx_tcp *tcp, uint64_t now_ns);

/**
 * nx_tcp_early_room - payload that is written now and leaves with the SYN
 * @tcp: a connection
 *
 * Return: bytes; 0: the SYN has left, or no cookie is known.
 */
uint32_t nx_tcp_early_room(const struct nx_tcp *tcp);

/**
 * nx_tcp_accept - passive open
 * @tcp:    CLOSED
 * @open:   what to begin with
 * @seg:    a SYN without ACK or RST, as nx_tcp_listen_input() wants it opened
 * @now_ns: now
 *
 * Return: 0, -EISCONN, -EINVAL another segment.
 */
int nx_tcp_accept(struct nx_tcp *tcp, const struct nx_tcp_open *open,
		  const struct nx_tcp_seg *seg, uint64_t now_ns);

/**
 * nx_tcp_input - a segment arrived
 * @tcp:    not CLOSED
 * @seg:    whose checksum was right; references that it keeps are its own
 * @now_ns: now
 */
void nx_tcp_input(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		  uint64_t now_ns);

/**
 * nx_tcp_output - runs timers that are due, and says what to send
 * @tcp:    a connection
 * @seg:    out: the segment; its buffers are held for as long as nothing else is
 *          called, so send, copy or hold it before
 * @now_ns: now
 *
 * A segment that is given counts as sent.
 *
 * Return: false if there is none now.
 */
bool nx_tcp_output(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint64_t now_ns);

/**
 * nx_tcp_output_control - the same while no data may leave
 * @tcp:    a connection
 * @seg:    out: a SYN, an RST or an ACK
 * @now_ns: now
 *
 * What the peer sends does not wait until there is room for what we send.
 *
 * Return: false if there is none now.
 */
bool nx_tcp_output_control(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			   uint64_t now_ns);

/**
 * nx_tcp_deadline - when nx_tcp_output() must be called again
 * @tcp: a connection for which nx_tcp_output() returned false
 *
 * Return: nanoseconds on the owner's clock, or NX_TCP_NEVER.
 */
static inline uint64_t nx_tcp_deadline(const struct nx_tcp *tcp)
{
	uint64_t at_ns = tcp->timer_ns;

	at_ns = tcp->ack_ns < at_ns ? tcp->ack_ns : at_ns;
	at_ns = tcp->resume_ns < at_ns ? tcp->resume_ns : at_ns;
	return tcp->wait_ns < at_ns ? tcp->wait_ns : at_ns;
}

/**
 * nx_tcp_owes_nothing - can nx_tcp_output() wait for the deadline?
 * @tcp: a connection
 *
 * Nothing is queued that was not sent, lost, or owed to the peer.
 */
static inline bool nx_tcp_owes_nothing(const struct nx_tcp *tcp)
{
	return !tcp->txq.unsent && !tcp->txq.lost &&
	       !(tcp->must_send_syn | tcp->must_ack | tcp->must_reset |
		 tcp->must_probe | tcp->must_tlp | tcp->has_consumed);
}

/**
 * nx_tcp_is_quiet - can nx_tcp_output() be spared?
 * @tcp:    a connection
 * @now_ns: now
 *
 * Nothing is owed, and nothing due: it would return false. It may return false, too,
 * where this does.
 */
static inline bool nx_tcp_is_quiet(const struct nx_tcp *tcp, uint64_t now_ns)
{
	return nx_tcp_owes_nothing(tcp) && nx_tcp_deadline(tcp) > now_ns;
}

/**
 * nx_tcp_take_events - what happened since it was called before
 * @tcp: a connection
 *
 * Return: NX_TCP_EV_*.
 */
static inline uint32_t nx_tcp_take_events(struct nx_tcp *tcp)
{
	uint32_t events = tcp->events;

	tcp->events = 0;
	return events;
}

/**
 * nx_tcp_in_flight - RFC 6675 section 4: pipe
 * @tcp: a connection
 *
 * Return: bytes.
 */
static inline uint32_t nx_tcp_in_flight(const struct nx_tcp *tcp)
{
	return tcp->snd_nxt - tcp->snd_una - tcp->txq.sacked_bytes -
	       tcp->txq.lost_bytes + tcp->txq.retrans_bytes;
}

/**
 * nx_tcp_write - queue payload
 * @tcp:  a connection that was opened and not shut down
 * @span: the whole of it is taken, with the caller's reference
 *
 * Before the handshake is complete it waits, but for what leaves with a SYN (Fast
 * Open).
 *
 * Return: 0, -EAGAIN the send buffer is full, -ENOMEM no record, -EPIPE shut
 * down, -ENOTCONN, or why the connection was closed.
 */
int nx_tcp_write(struct nx_tcp *tcp, const struct nx_tcp_span *span);

/* The same, however full the send buffer is. */
int nx_tcp_write_anyway(struct nx_tcp *tcp, const struct nx_tcp_span *span);

/**
 * nx_tcp_last_unsent - what was written last
 * @tcp:  a connection
 * @span: out; the reference stays the connection's
 *
 * What goes on behind it in the same buffer, nx_tcp_write() adds to it.
 *
 * Return: false if it has left, or there is none.
 */
bool nx_tcp_last_unsent(const struct nx_tcp *tcp, struct nx_tcp_span *span);

/**
 * nx_tcp_writable - bytes that nx_tcp_write() would take
 * @tcp: a connection
 */
uint32_t nx_tcp_writable(const struct nx_tcp *tcp);

/**
 * nx_tcp_has_room - is it worth to tell who waits for room?
 * @tcp: a connection
 *
 * As Linux has it (sk_stream_is_writeable()): with a third of the buffer free. Who
 * were told of each byte would write as little, and more often.
 */
bool nx_tcp_has_room(const struct nx_tcp *tcp);

/**
 * nx_tcp_read - the next payload that arrived, in sequence
 * @tcp:  a connection, also one that is closed
 * @span: out: the caller's, with its reference
 *
 * The window stays closed by as much until nx_tcp_consume() is told.
 *
 * Return: false if there is none; after NX_TCP_EV_PEER_CLOSED none will follow.
 */
bool nx_tcp_read(struct nx_tcp *tcp, struct nx_tcp_span *span);

/**
 * nx_tcp_peek - look at what nx_tcp_read() would give
 * @tcp:  a connection
 * @span: out; the reference stays the connection's
 *
 * Return: false if there is none.
 */
bool nx_tcp_peek(const struct nx_tcp *tcp, struct nx_tcp_span *span);

/**
 * nx_tcp_peek_at - look at what nx_tcp_read() would give later
 * @tcp:  a connection
 * @off:  bytes before it
 * @span: out, as for nx_tcp_peek()
 *
 * Return: false if no more than @off bytes wait.
 */
bool nx_tcp_peek_at(const struct nx_tcp *tcp, uint32_t off,
		    struct nx_tcp_span *span);

/**
 * nx_tcp_readable - bytes that nx_tcp_read() would give in all
 * @tcp: a connection
 */
size_t nx_tcp_readable(const struct nx_tcp *tcp);

/**
 * nx_tcp_skip - the first bytes of what nx_tcp_peek() gave were read
 * @tcp:   a connection
 * @bytes: at most the span's
 */
void nx_tcp_skip(struct nx_tcp *tcp, uint32_t bytes);

/**
 * nx_tcp_consume - open the receive window again
 * @tcp:   a connection
 * @bytes: at most those that nx_tcp_read() gave
 */
void nx_tcp_consume(struct nx_tcp *tcp, uint32_t bytes);

/**
 * nx_tcp_shutdown - no more will be written: FIN after what was
 * @tcp: a connection
 *
 * Return: 0 or -ENOTCONN.
 */
int nx_tcp_shutdown(struct nx_tcp *tcp);

/**
 * nx_tcp_abort - RST, and CLOSED at once
 * @tcp: a connection; nx_tcp_output() has the RST
 */
void nx_tcp_abort(struct nx_tcp *tcp);

/**
 * nx_tcp_lose - the owner's memory is gone: CLOSED with ECONNABORTED, and no RST
 * @tcp: a connection; what it has not sent and what nobody has read is dropped
 */
void nx_tcp_lose(struct nx_tcp *tcp);

/**
 * nx_tcp_orphan - nobody will read any more: close() after which all is sent
 * @tcp:    a connection
 * @now_ns: now
 *
 * FIN after what was written, or RST if there is unread payload, or when some
 * arrives (RFC 9293 section 3.6.1). FIN-WAIT-2 ends by a timer.
 */
void nx_tcp_orphan(struct nx_tcp *tcp, uint64_t now_ns);

/**
 * nx_tcp_set_nodelay - Nagle's algorithm off or on
 * @tcp:  a connection
 * @is_nodelay: small segments need not wait for an ACK
 */
void nx_tcp_set_nodelay(struct nx_tcp *tcp, bool is_nodelay);

/**
 * nx_tcp_set_cork - only full segments, until it is taken away
 * @tcp:  a connection
 * @is_corked: see above
 */
void nx_tcp_set_cork(struct nx_tcp *tcp, bool is_corked);

/**
 * nx_tcp_set_keepalive - probe a silent peer (RFC 9293 section 3.8.4)
 * @tcp:  a connection
 * @is_keepalive: see nx_tcp_config.keep_*
 * @now_ns: now
 */
void nx_tcp_set_keepalive(struct nx_tcp *tcp, bool is_keepalive,
			  uint64_t now_ns);

/**
 * nx_tcp_set_mtu - the kernel knows the path's MTU
 * @tcp:    a connection
 * @mtu:    bytes
 * @now_ns: now
 *
 * What was sent and is too long is sent again.
 */
void nx_tcp_set_mtu(struct nx_tcp *tcp, uint32_t mtu, uint64_t now_ns);

/**
 * nx_tcp_icmp_mtu - ICMP says that a segment was too long (RFC 1191, RFC 8201)
 * @tcp:    a connection
 * @seq:    of the quoted segment
 * @mtu:    bytes; 0: an old router did not say
 * @now_ns: now
 */
void nx_tcp_icmp_mtu(struct nx_tcp *tcp, uint32_t seq, uint32_t mtu,
		     uint64_t now_ns);

/**
 * nx_tcp_icmp - an ICMP error quotes a segment of the connection
 * @tcp: a connection
 * @seq: of the quoted segment
 * @err: errno value, positive, of nexus_wire_icmp_errno()
 *
 * Before the handshake is complete, "unreachable" by port or protocol ends it;
 * all else is only remembered, for the case that it times out (RFC 5927).
 */
void nx_tcp_icmp(struct nx_tcp *tcp, uint32_t seq, int err);

/**
 * nx_tcp_answer_closed - RST for a segment that belongs to no connection
 * @seg: that arrived
 * @rst: out (RFC 9293 section 3.10.7.1)
 *
 * Return: false for a RST, which is not answered.
 */
bool nx_tcp_answer_closed(const struct nx_tcp_seg *seg, struct nx_tcp_seg *rst);

/* The state's name, as ss writes it. */
const char *nx_tcp_state_name(enum nx_tcp_state state);

#endif /* _NX_TCP_H */
