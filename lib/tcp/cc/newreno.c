// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * NewReno: additive increase by counted bytes, multiplicative decrease
 * (RFC 5681, RFC 3465, RFC 6582; RFC 8511 for marks).
 */
#include <stddef.h>

#include "../cc.h"

/* RFC 5681 equation 4; RFC 8511 section 3.1 for NewReno. */
#define BETA_LOST_PERCENT	50
#define BETA_MARKED_PERCENT	80

static void newreno_init(struct nx_tcp_cc *cc)
{
	cc->state.newreno.bytes_acked = 0;
}

/* RFC 3465 section 2.1: one segment for each window that was acknowledged. */
static void newreno_avoid(struct nx_tcp_cc *cc, const struct nx_tcp_cc_ack *ack)
{
	struct nx_newreno *s = &cc->state.newreno;

	if (!ack->is_cwnd_limited)
		return;
	s->bytes_acked += ack->acked;
	while (s->bytes_acked >= cc->cwnd && cc->cwnd < NX_TCP_CWND_MAX) {
		s->bytes_acked -= cc->cwnd;
		cc->cwnd += cc->mss;
	}
	/* At the largest window nothing is left to count. */
	if (s->bytes_acked >= cc->cwnd)
		s->bytes_acked = 0;
}

static uint32_t newreno_reduce(struct nx_tcp_cc *cc, uint32_t flight_size,
			       enum nx_tcp_congestion by)
{
	cc->state.newreno.bytes_acked = 0;
	switch (by) {
	case NX_TCP_LOST:
		return (uint32_t)((uint64_t)flight_size * BETA_LOST_PERCENT / 100);
	case NX_TCP_MARKED:
		return (uint32_t)((uint64_t)flight_size * BETA_MARKED_PERCENT /
				  100);
	}
	return flight_size / 2;
}

static void newreno_timed_out(struct nx_tcp_cc *cc)
{
	cc->state.newreno.bytes_acked = 0;
}

/* Reno's growth knows no time. */
static void newreno_idle(struct nx_tcp_cc *cc, uint64_t from_ns,
			 uint64_t now_ns)
{
	(void)from_ns;
	(void)now_ns;
	cc->state.newreno.bytes_acked = 0;
}

const struct nx_tcp_cc_ops nx_tcp_newreno = {
	.name		= "reno",
	.has_hystart	= false,
	.init		= newreno_init,
	.avoid		= newreno_avoid,
	.reduce		= newreno_reduce,
	.timed_out	= newreno_timed_out,
	.idle		= newreno_idle,
};
