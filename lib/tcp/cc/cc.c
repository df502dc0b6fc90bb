// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Congestion control that does not depend on the algorithm: slow start, the
 * bounds of the windows, restart after a pause, undo (RFC 5681).
 */
#include <stddef.h>
#include <string.h>

#include "../cc.h"

/* RFC 6928 section 2. */
#define INITIAL_SEGMENTS	10
#define INITIAL_BYTES		14600

/*
 * RFC 9406 section 4.2: L, where nothing paces; but a peer that aggregates what
 * it receives acknowledges a super-packet at once, and one leaves as one anyway.
 */
#define LIMIT_SEGMENTS		8
#define LIMIT_BYTES		65536

static uint32_t min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

const struct nx_tcp_cc_ops *nx_tcp_cc_find(const char *name)
{
	static const struct nx_tcp_cc_ops *const all[] = {
		&nx_tcp_cubic, &nx_tcp_newreno,
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

uint32_t nx_tcp_cc_initial_window(uint32_t mss)
{
	return min32(INITIAL_SEGMENTS * mss, max32(2 * mss, INITIAL_BYTES));
}

void nx_tcp_cc_init(struct nx_tcp_cc *cc, const struct nx_tcp_cc_ops *ops,
		    uint32_t mss, uint32_t cwnd)
{
	memset(cc, 0, sizeof(*cc));
	cc->ops = ops;
	cc->mss = mss;
	cc->cwnd = cwnd;
	cc->ssthresh = NX_TCP_SSTHRESH_NONE;
	nx_hystart_init(&cc->hystart);
	ops->init(cc);
}

void nx_tcp_cc_set_mss(struct nx_tcp_cc *cc, uint32_t mss)
{
	cc->mss = mss;
	cc->cwnd = max32(cc->cwnd, mss);
	cc->ssthresh = max32(cc->ssthresh, 2 * mss);
}

/* ----------------------------------------------------------- slow start */

/* RFC 9406 applies until the path's capacity is known once (section 4.3). */
static bool is_first_slow_start(const struct nx_tcp_cc *cc)
{
	return cc->ops->has_hystart && cc->ssthresh == NX_TCP_SSTHRESH_NONE;
}

/* RFC 5681 section 3.1 (2), with RFC 3465's or RFC 9406's limit. */
static void slow_start(struct nx_tcp_cc *cc, const struct nx_tcp_cc_ack *ack)
{
	uint32_t growth = ack->acked, divisor = 1;

	if (is_first_slow_start(cc)) {
		divisor = nx_hystart_on_ack(&cc->hystart, ack);
		if (!divisor) {
			cc->ssthresh = cc->cwnd;
			return;
		}
	}
	if (!ack->is_cwnd_limited)
		return;
	if (!cc->is_paced)
		growth = min32(growth, max32(LIMIT_SEGMENTS * cc->mss,
					     LIMIT_BYTES));
	cc->cwnd = min32(cc->cwnd + growth / divisor, NX_TCP_CWND_MAX);
	/* The rest of an ACK that crosses ssthresh is not slow start's. */
	cc->cwnd = min32(cc->cwnd, cc->ssthresh);
}

void nx_tcp_cc_on_ack(struct nx_tcp_cc *cc, const struct nx_tcp_cc_ack *ack)
{
	if (nx_tcp_cc_is_slow_start(cc)) {
		slow_start(cc, ack);
		return;
	}
	cc->ops->avoid(cc, ack);
	cc->cwnd = min32(cc->cwnd, NX_TCP_CWND_MAX);
}

/* ----------------------------------------------------------- congestion */

/* The first of several reductions is what an undo goes back to. */
static void remember(struct nx_tcp_cc *cc)
{
	if (cc->has_undo)
		return;
	cc->has_undo = true;
	cc->old_cwnd = cc->cwnd;
	cc->old_ssthresh = cc->ssthresh;
	cc->old_state = cc->state;
}

static void reduce(struct nx_tcp_cc *cc, uint32_t flight_size,
		   enum nx_tcp_congestion by)
{
	uint32_t ssthresh;

	remember(cc);
	ssthresh = cc->ops->reduce(cc, min32(flight_size, cc->cwnd), by);
	cc->ssthresh = max32(ssthresh, 2 * cc->mss);
}

void nx_tcp_cc_on_congestion(struct nx_tcp_cc *cc, uint32_t flight_size,
			     enum nx_tcp_congestion by)
{
	reduce(cc, flight_size, by);
}

void nx_tcp_cc_end_recovery(struct nx_tcp_cc *cc)
{
	cc->cwnd = cc->ssthresh;
}

void nx_tcp_cc_on_rto(struct nx_tcp_cc *cc, uint32_t flight_size,
		      bool is_repeated)
{
	if (!is_repeated)
		reduce(cc, flight_size, NX_TCP_LOST);
	cc->ops->timed_out(cc);
	/* RFC 5681 section 3.1: the loss window. */
	cc->cwnd = cc->mss;
}

void nx_tcp_cc_undo(struct nx_tcp_cc *cc)
{
	if (!cc->has_undo)
		return;
	cc->cwnd = max32(cc->cwnd, cc->old_cwnd);
	cc->ssthresh = max32(cc->ssthresh, cc->old_ssthresh);
	cc->state = cc->old_state;
	cc->has_undo = false;
}

void nx_tcp_cc_end_undo(struct nx_tcp_cc *cc)
{
	cc->has_undo = false;
}

/* RFC 5681 section 4.1; ssthresh remembers as RFC 2861 section 3.1 has it. */
void nx_tcp_cc_after_idle(struct nx_tcp_cc *cc, uint64_t last_ns,
			  uint64_t now_ns, uint64_t rto_ns)
{
	uint32_t restart = nx_tcp_cc_initial_window(cc->mss);

	if (now_ns - last_ns <= rto_ns)
		return;
	if (cc->ssthresh != NX_TCP_SSTHRESH_NONE)
		cc->ssthresh = max32(cc->ssthresh, cc->cwnd - cc->cwnd / 4);
	cc->cwnd = min32(cc->cwnd, restart);
	cc->ops->idle(cc, last_ns, now_ns);
}
