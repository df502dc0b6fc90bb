// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Proportional rate reduction: RFC 9937 section 6.
 */
#include "prr.h"

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void nx_prr_enter(struct nx_prr *prr, uint32_t recover_fs)
{
	prr->delivered = 0;
	prr->out = 0;
	prr->recover_fs = recover_fs ? recover_fs : 1;
}

/* PRR proper: what leaves is to what arrives as ssthresh is to RecoverFS. */
static uint64_t reduce(const struct nx_prr *prr, uint32_t ssthresh)
{
	uint64_t share = (prr->delivered * ssthresh + prr->recover_fs - 1) /
			 prr->recover_fs;

	return share > prr->out ? share - prr->out : 0;
}

/* The window fell below ssthresh: conservative bound, or by slow start's. */
static uint64_t rebuild(const struct nx_prr *prr, uint32_t delivered,
			uint32_t room, uint32_t mss, bool is_safe)
{
	uint64_t owed = prr->delivered > prr->out ?
			prr->delivered - prr->out : 0;
	uint64_t count = max64(owed, delivered);

	if (is_safe)
		count += mss;
	return min64(count, room);
}

uint32_t nx_prr_on_ack(struct nx_prr *prr, uint32_t delivered, uint32_t pipe,
		       uint32_t ssthresh, uint32_t mss, bool is_safe)
{
	uint64_t count;

	prr->delivered += delivered;
	count = pipe > ssthresh ?
		reduce(prr, ssthresh) :
		rebuild(prr, delivered, ssthresh - pipe, mss, is_safe);
	/*
	 * The retransmission that recovery begins with is always sent; and if
	 * nothing is in flight, no ACK would let anything out.
	 */
	if (!prr->out || !pipe)
		count = max64(count, mss);
	return (uint32_t)min64(pipe + count, UINT32_MAX);
}

void nx_prr_on_send(struct nx_prr *prr, uint32_t bytes)
{
	prr->out += bytes;
}
