/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * TCP Fast Open (RFC 7413): cookies that a listener makes and knows again, and how
 * many connections may have data before their handshake is complete.
 *
 * All of it is pure: the caller brings the key and the time.
 */
#ifndef _NX_TCP_FAST_OPEN_H
#define _NX_TCP_FAST_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include <nexus/wire.h>

struct nx_tcp;
struct nx_tcp_listener;
struct nx_tcp_seg;
struct nx_tcp_tuple;

/* Of the cookies that we make; others' have 4 to 16 bytes (RFC 7413 section 4.1.1). */
#define NX_FAST_OPEN_COOKIE_LEN		8

/*
 * A cookie is good for a day at least, and for two at most: long enough for clients
 * that come daily, and no longer for whoever has seen one (section 5.1).
 */
#define NX_FAST_OPEN_PERIOD_NS		(24 * 3600 * 1000000000ull)

/*
 * Payload that leaves before the handshake is complete, whatever the segments' size:
 * RFC 6928 section 2. The kernel's part lets no more pass.
 */
#define NX_FAST_OPEN_EARLY_MAX		14600

/**
 * struct nx_fast_open - what a connection's SYN or SYN-ACK says of Fast Open
 * @cookie: to be sent; after the handshake: that the peer has given
 * @cookie_len: bytes; 0: a SYN asks for one, a SYN-ACK says nothing
 * @takes_data: data of the SYN that came are the program's at once
 * @mss:    of the peer when the cookie came, for the data beside a SYN; 0: not known
 */
struct nx_fast_open {
	uint8_t		cookie[NEXUS_WIRE_TCP_COOKIE_MAX];
	uint8_t		cookie_len;
	bool		takes_data;
	uint16_t	mss;
};

/**
 * nx_fast_open_answer - what the SYN-ACK to a SYN says
 * @listener: that the SYN came to, within its backlog
 * @tuple:    the SYN's ends
 * @seg:      the SYN
 * @now_ns:   now
 * @fo:       out: for nx_tcp_accept()
 *
 * Return: false if this is an ordinary handshake.
 */
bool nx_fast_open_answer(const struct nx_tcp_listener *listener,
			 const struct nx_tcp_tuple *tuple,
			 const struct nx_tcp_seg *seg, uint64_t now_ns,
			 struct nx_fast_open *fo);

/**
 * nx_fast_open_begin - data came before the handshake was complete
 * @listener: whose connection it is
 */
void nx_fast_open_begin(struct nx_tcp_listener *listener);

/**
 * nx_fast_open_end - that handshake is complete, or has failed
 * @listener: see nx_fast_open_begin()
 * @is_reset: by RST, as of a host that has sent no SYN: it counts on for a minute
 * @now_ns:   now
 */
void nx_fast_open_end(struct nx_tcp_listener *listener, bool is_reset,
		      uint64_t now_ns);

/**
 * nx_fast_open_failed - may the option be what has kept a SYN from its answer?
 * @tcp: after its handshake, or closed before
 *
 * RFC 7413 section 4.1.3.1: the data of the SYN were not taken though its cookie was
 * not replaced, or only a SYN without option was answered, or none.
 */
bool nx_fast_open_failed(const struct nx_tcp *tcp);

#endif /* _NX_TCP_FAST_OPEN_H */
