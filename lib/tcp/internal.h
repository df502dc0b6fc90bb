/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the files of a connection share.
 */
#ifndef _NX_TCP_INTERNAL_H
#define _NX_TCP_INTERNAL_H

#include <errno.h>

#include "seq.h"
#include "tcp.h"

#define NX_NS_PER_US		1000ULL

#define TCP_FIN			NEXUS_WIRE_TCP_FIN
#define TCP_SYN			NEXUS_WIRE_TCP_SYN
#define TCP_RST			NEXUS_WIRE_TCP_RST
#define TCP_PSH			NEXUS_WIRE_TCP_PSH
#define TCP_ACK			NEXUS_WIRE_TCP_ACK

/* Bits of nx_tcp_tx.flags. */
#define NX_TX_FIN		(1U << 0)	/* no payload: FIN, one number long */
#define NX_TX_LOST		(1U << 1)	/* to be sent again, or was */
#define NX_TX_RETRANS		(1U << 2)	/* was, and may be in flight */
#define NX_TX_EVER		(1U << 3)	/* was sent more than once */

/**
 * struct nx_tcp_tx - a part of the send queue that is sent as one
 * @next, @prev: in sequence
 * @buf, @off: payload
 * @seq:     of the first byte
 * @len:     sequence numbers
 * @flags:   NX_TX_*
 * @sent_ns: when it was sent last
 */
struct nx_tcp_tx {
	struct nx_tcp_tx	*next;
	struct nx_tcp_tx	*prev;
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
	       tcp->state == NX_TCP_FIN_WAIT_2;
}

/* Is the handshake done, and the connection not over? */
static inline bool nx_tcp_is_synchronized(const struct nx_tcp *tcp)
{
	return tcp->state >= NX_TCP_ESTABLISHED;
}

/* ---------------------------------------------------------------- input */

void nx_tcp_input_syn_sent(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
			   uint64_t now_ns);

/* What the peer's SYN offers. */
void nx_tcp_take_syn(struct nx_tcp *tcp, const struct nx_tcp_seg *seg);

/* The ACK of an acceptable segment; false: nothing more of it is looked at. */
bool nx_tcp_input_ack(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		      uint64_t now_ns);

/* Payload and FIN of an acceptable segment. */
void nx_tcp_input_data(struct nx_tcp *tcp, const struct nx_tcp_seg *seg,
		       uint64_t now_ns);

/* --------------------------------------------------------------- output */

/* Bytes that the receive window may have now. */
uint32_t nx_tcp_window(const struct nx_tcp *tcp);

/* The payload of a full segment: from MTU, the peer's MSS and options. */
void nx_tcp_update_mss(struct nx_tcp *tcp);

/* ----------------------------------------------------------- send queue */

/* Appends @len numbers; -ENOMEM. */
int nx_tcp_txq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span,
		      uint32_t flags);

/* Cuts @tx after @len numbers; false: no record. */
bool nx_tcp_txq_split(struct nx_tcp *tcp, struct nx_tcp_tx *tx, uint32_t len);

/* Drops what lies before @ack. */
void nx_tcp_txq_acked(struct nx_tcp *tcp, uint32_t ack);

void nx_tcp_txq_clear(struct nx_tcp *tcp);

/* -------------------------------------------------------- receive queue */

bool nx_tcp_rxq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span);
void nx_tcp_rxq_clear(struct nx_tcp *tcp);

/* --------------------------------------------------------------- timers */

/* Runs what is due. */
void nx_tcp_timers_run(struct nx_tcp *tcp, uint64_t now_ns);

/* Arms the retransmission timer anew, or stops it if nothing is in flight. */
void nx_tcp_rto_arm(struct nx_tcp *tcp, uint64_t now_ns);

void nx_tcp_timers_stop(struct nx_tcp *tcp);

static inline uint64_t nx_tcp_after_us(uint64_t now_ns, uint64_t us)
{
	return now_ns + us * NX_NS_PER_US;
}

/* The clock of timestamps: milliseconds (RFC 7323 section 5.4). */
static inline uint32_t nx_tcp_ts_now(const struct nx_tcp *tcp, uint64_t now_ns)
{
	return (uint32_t)(now_ns / 1000000) + tcp->ts_off;
}

#endif /* _NX_TCP_INTERNAL_H */
