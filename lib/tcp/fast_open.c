// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Fast Open of a listener: SipHash over both addresses and a day's number is a
 * cookie. The day before's is still good, so that keys change and nobody waits.
 */
#include <string.h>

#include "internal.h"
#include "listen.h"

/* As Linux: for how long a connection that was reset fills its place. */
#define RESET_LIFE_NS	60000000000ull

/* None of isn.c's and cookie.c's: the key may be the same. */
#define PURPOSE_FAST_OPEN	0x200

/**
 * struct question - what is hashed; of another length than isn.c's and cookie.c's
 * @local, @remote: addresses, as in struct nx_tcp_tuple
 * @purpose: PURPOSE_FAST_OPEN
 * @period:  when, in NX_FAST_OPEN_PERIOD_NS
 * @zero:    fills the last word
 */
struct question {
	uint8_t		local[16];
	uint8_t		remote[16];
	uint32_t	purpose;
	uint32_t	period;
	uint64_t	zero;
};

_Static_assert(sizeof(struct question) == 48, "no gaps");

/* RFC 7413 section 4.1.2: not of the ports, which differ each time. */
static uint64_t make(const struct nx_siphash_key *key,
		     const struct nx_tcp_tuple *tuple, uint32_t period)
{
	struct question q = { .purpose = PURPOSE_FAST_OPEN, .period = period };

	memcpy(q.local, tuple->local, sizeof(q.local));
	memcpy(q.remote, tuple->remote, sizeof(q.remote));
	return nx_siphash(key, &q, sizeof(q));
}

_Static_assert(sizeof(uint64_t) == NX_FAST_OPEN_COOKIE_LEN, "one hash");

static bool has_cookie(const struct nexus_wire_tcp *h, uint64_t cookie)
{
	uint64_t got;

	if (h->cookie_len != sizeof(got))
		return false;
	memcpy(&got, h->cookie, sizeof(got));
	return got == cookie;
}

/* Section 5.1: PendingFastOpenRequests, with those that were reset of late. */
static bool has_room(const struct nx_tcp_listener *l, uint64_t now_ns)
{
	uint32_t nr = l->nr_early;

	if (now_ns < l->reset_until_ns)
		nr += l->nr_early_resets;
	return nr < l->early_max;
}

bool nx_fast_open_answer(const struct nx_tcp_listener *listener,
			 const struct nx_tcp_tuple *tuple,
			 const struct nx_tcp_seg *seg, uint64_t now_ns,
			 struct nx_fast_open *fo)
{
	uint32_t period = (uint32_t)(now_ns / NX_FAST_OPEN_PERIOD_NS);
	const struct nexus_wire_tcp *h = &seg->hdr;
	uint64_t cookie;
	bool is_known;

	*fo = (struct nx_fast_open) { .cookie_len = 0 };
	if (!listener->early_max || !(h->has & NEXUS_WIRE_TCP_FAST_OPEN))
		return false;
	cookie = make(&listener->key, tuple, period);
	is_known = has_cookie(h, cookie);
	if (!is_known) {
		is_known = has_cookie(h, make(&listener->key, tuple,
					      period - 1));
		memcpy(fo->cookie, &cookie, sizeof(cookie));
		fo->cookie_len = sizeof(cookie);
	}
	fo->takes_data = is_known && seg->len && has_room(listener, now_ns);
	return fo->cookie_len || fo->takes_data;
}

void nx_fast_open_begin(struct nx_tcp_listener *listener)
{
	listener->nr_early++;
}

void nx_fast_open_end(struct nx_tcp_listener *listener, bool is_reset,
		      uint64_t now_ns)
{
	listener->nr_early--;
	if (!is_reset)
		return;
	if (now_ns >= listener->reset_until_ns)
		listener->nr_early_resets = 0;
	listener->nr_early_resets++;
	listener->reset_until_ns = now_ns + RESET_LIFE_NS;
}

bool nx_fast_open_failed(const struct nx_tcp *tcp)
{
	if (!tcp->has_asked || tcp->has_new_cookie || tcp->has_syn_data)
		return false;
	/* A RST is an answer, and our own end of it is none. */
	if (tcp->state == NX_TCP_CLOSED &&
	    (!tcp->err || tcp->err == -ECONNREFUSED || tcp->err == -ECONNABORTED))
		return false;
	return tcp->fast_open.cookie_len || tcp->is_syn_lost ||
	       tcp->state == NX_TCP_CLOSED;
}
