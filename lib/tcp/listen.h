/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A listener (RFC 9293 section 3.10.7.2): which segment opens a connection, and
 * SYN cookies (RFC 4987) when too many are half open.
 */
#ifndef _NX_TCP_LISTEN_H
#define _NX_TCP_LISTEN_H

#include "cookie.h"
#include "tcp.h"

/**
 * struct nx_tcp_listener - a listener
 * @key:       secret of cookies
 * @backlog:   most half-open connections
 * @nr_half:   half-open connections now; the owner counts
 * @cookie_ns: when a cookie was sent last; 0: never
 * @nr_cookies: cookies sent
 * @early_max: Fast Open: most connections with data before their handshake is
 *             complete; 0: no Fast Open
 * @nr_early:  such connections now; nx_fast_open_begin() and _end() count
 * @nr_early_resets: those that were reset, and count until @reset_until_ns
 */
struct nx_tcp_listener {
	struct nx_siphash_key	key;
	uint32_t		backlog;
	uint32_t		nr_half;
	uint64_t		cookie_ns;
	uint64_t		nr_cookies;
	uint32_t		early_max;
	uint32_t		nr_early;
	uint32_t		nr_early_resets;
	uint64_t		reset_until_ns;
};

/**
 * enum nx_tcp_verdict - what a listener's segment is
 * @NX_TCP_DROP:   nothing
 * @NX_TCP_OPEN_IT: open a connection by nx_tcp_accept()
 * @NX_TCP_RESUME: open one by nx_tcp_resume(), then give it the segment
 * @NX_TCP_ANSWER: send the answer
 */
enum nx_tcp_verdict {
	NX_TCP_DROP,
	NX_TCP_OPEN_IT,
	NX_TCP_RESUME,
	NX_TCP_ANSWER,
};

/**
 * nx_tcp_listen_input - a segment for no connection came to a listener
 * @listener: the listener
 * @config:   of its connections
 * @tuple:    the segment's ends
 * @open:     what a connection would begin with
 * @seg:      the segment
 * @answer:   out, with NX_TCP_ANSWER: a RST, or a SYN-ACK with a cookie
 * @cookie:   out, with NX_TCP_RESUME: what the cookie says
 * @now_ns:   now
 */
enum nx_tcp_verdict
nx_tcp_listen_input(struct nx_tcp_listener *listener,
		    const struct nx_tcp_config *config,
		    const struct nx_tcp_tuple *tuple,
		    const struct nx_tcp_open *open,
		    const struct nx_tcp_seg *seg, struct nx_tcp_seg *answer,
		    struct nx_cookie_syn *cookie, uint64_t now_ns);

/**
 * nx_tcp_resume - a connection whose handshake is in a cookie
 * @tcp:    CLOSED
 * @open:   what to begin with; the sequence number is the cookie's
 * @cookie: what it says
 * @seg:    the ACK that brought it, to be given to nx_tcp_input() next
 * @now_ns: now
 */
void nx_tcp_resume(struct nx_tcp *tcp, const struct nx_tcp_open *open,
		   const struct nx_cookie_syn *cookie,
		   const struct nx_tcp_seg *seg, uint64_t now_ns);

#endif /* _NX_TCP_LISTEN_H */
