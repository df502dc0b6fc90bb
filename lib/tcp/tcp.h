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

/* ------------------------------------------------------------- segments */

/* Pieces of payload in one segment that goes out. */
#define NX_TCP_SPANS_MAX	16

/* Codepoints of the IP header's ECN field (RFC 3168 section 5). */
#define NX_TCP_NOT_ECT		0
#define NX_TCP_ECT1		1
#define NX_TCP_ECT0		2
#define NX_TCP_CE		3

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
 * @ecn:      NX_TCP_NOT_ECT to NX_TCP_CE, of the IP header
 * @is_no_df: send it without DF (IPv4): the path may be a black hole
 * @nr_spans: pieces of payload, 0 without payload; 1 of what arrives
 * @spans:    that make up @len bytes
 */
struct nx_tcp_seg {
	struct nexus_wire_tcp	hdr;
	uint32_t		len;
	uint16_t		gso_size;
	uint8_t			ecn;
	bool			is_no_df;
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
 */
struct nx_tcp_env {
	void	*(*record_alloc)(struct nx_tcp_env *env);
	void	(*record_free)(struct nx_tcp_env *env, void *record);
	void	(*buf_hold)(struct nx_tcp_env *env, void *buf);
	void	(*buf_put)(struct nx_tcp_env *env, void *buf);
};

/* Bits of nx_tcp_config.features. */
#define NX_TCP_HAS_SACK		(1U << 0)	/* RFC 2018, with it RFC 8985 */
#define NX_TCP_HAS_TS		(1U << 1)	/* RFC 7323 */
#define NX_TCP_HAS_WSCALE	(1U << 2)	/* RFC 7323 */

/**
 * struct nx_tcp_config - how connections behave; may be shared by many
 * @features:     NX_TCP_HAS_*
 * @rcv_buf_bytes: receive buffer to begin with
 * @snd_buf_bytes: bytes that nx_tcp_write() takes before they are acknowledged
 * @gso_max_bytes: longest payload of a super-packet; 0: none are made
 * @rto_initial_us, @rto_min_us, @rto_max_us: RFC 6298
 * @delack_us:    longest delay of an acknowledgement
 * @time_wait_us: 2 MSL
 * @user_timeout_us: for how long data may stay unacknowledged (RFC 9293
 *                section 3.8.3, R2)
 * @syn_retries:  of a SYN or SYN-ACK
 */
struct nx_tcp_config {
	uint32_t	features;
	uint32_t	rcv_buf_bytes;
	uint32_t	snd_buf_bytes;
	uint32_t	gso_max_bytes;
	uint32_t	rto_initial_us;
	uint32_t	rto_min_us;
	uint32_t	rto_max_us;
	uint32_t	delack_us;
	uint32_t	time_wait_us;
	uint32_t	user_timeout_us;
	uint8_t		syn_retries;
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

/* A deadline that never comes. */
#define NX_TCP_NEVER		UINT64_MAX

/**
 * struct nx_tcp_open - what a connection begins with
 * @iss:    initial send sequence number (RFC 6528)
 * @ts_off: added to the clock of its timestamps
 * @mtu:    of the path, bytes
 * @ip_len: bytes of an IP header: 20 or 40
 */
struct nx_tcp_open {
	uint32_t	iss;
	uint32_t	ts_off;
	uint32_t	mtu;
	uint32_t	ip_len;
};

struct nx_tcp_tx;
struct nx_tcp_rx;

/**
 * struct nx_tcp_txq - what is to be sent, or was and is not acknowledged
 * @first, @last: records in sequence
 * @unsent: the first one that was never sent, or NULL
 */
struct nx_tcp_txq {
	struct nx_tcp_tx	*first;
	struct nx_tcp_tx	*last;
	struct nx_tcp_tx	*unsent;
};

/**
 * struct nx_tcp_rxq - records in sequence
 */
struct nx_tcp_rxq {
	struct nx_tcp_rx	*first;
	struct nx_tcp_rx	*last;
};

/**
 * struct nx_tcp - a connection
 * @env, @config: the owner's
 *
 * Control:
 * @state:   enum nx_tcp_state; nx_tcp_set_state() alone changes it
 * @err:     why it is CLOSED: 0, or -ECONNRESET, -ECONNREFUSED, -ETIMEDOUT ...
 * @events:  NX_TCP_EV_* that nx_tcp_take_events() has not taken
 *
 * The fields of RFC 9293 section 3.3.1 have its names.
 */
struct nx_tcp {
	struct nx_tcp_env		*env;
	const struct nx_tcp_config	*config;
	uint8_t				state;
	uint8_t				events;
	int16_t				err;

	/* Negotiated. */
	bool				has_sack : 1;
	bool				has_ts : 1;
	bool				has_wscale : 1;
	/* What nx_tcp_output() is to do. */
	bool				must_send_syn : 1;
	bool				must_ack : 1;
	bool				must_reset : 1;
	bool				has_consumed : 1;
	/* What was done. */
	bool				fin_queued : 1;
	bool				fin_received : 1;
	uint8_t				snd_wscale;
	uint8_t				rcv_wscale;
	uint8_t				backoff;
	uint16_t			ip_len;

	/* Transmit. */
	uint32_t			iss;
	uint32_t			snd_una;
	uint32_t			snd_nxt;
	uint32_t			snd_wnd;
	uint32_t			snd_wl1;
	uint32_t			snd_wl2;
	uint32_t			write_seq;
	uint32_t			mtu;
	uint32_t			peer_mss;
	uint32_t			mss;
	uint32_t			reset_seq;
	struct nx_tcp_txq		txq;

	/* Receive. */
	uint32_t			irs;
	uint32_t			rcv_nxt;
	uint32_t			rcv_adv;
	uint32_t			rcv_acked;
	uint32_t			rcv_buf_bytes;
	uint32_t			rcv_used_bytes;
	struct nx_tcp_rxq		ready;

	/* Timestamps. */
	uint32_t			ts_off;
	uint32_t			ts_recent;

	/* Timers: when, NX_TCP_NEVER if not. */
	uint32_t			rto_us;
	uint64_t			rto_ns;
	uint64_t			ack_ns;
	uint64_t			wait_ns;
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
 * nx_tcp_deadline - when nx_tcp_output() must be called again
 * @tcp: a connection for which nx_tcp_output() returned false
 *
 * Return: nanoseconds on the owner's clock, or NX_TCP_NEVER.
 */
uint64_t nx_tcp_deadline(const struct nx_tcp *tcp);

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
 * nx_tcp_write - queue payload
 * @tcp:  a connection that was opened and not shut down
 * @span: the whole of it is taken, with the caller's reference
 *
 * Before the handshake is complete it waits.
 *
 * Return: 0, -EAGAIN the send buffer is full, -ENOMEM no record, -EPIPE shut
 * down, -ENOTCONN, or why the connection was closed.
 */
int nx_tcp_write(struct nx_tcp *tcp, const struct nx_tcp_span *span);

/**
 * nx_tcp_writable - bytes that nx_tcp_write() would take
 * @tcp: a connection
 */
uint32_t nx_tcp_writable(const struct nx_tcp *tcp);

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
