/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Proportional rate reduction (RFC 9937, which replaces RFC 6937): how much may
 * be sent while the window shrinks to ssthresh.
 *
 * All of it is pure; amounts are bytes.
 */
#ifndef _NX_TCP_PRR_H
#define _NX_TCP_PRR_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct nx_prr - one episode of recovery
 * @delivered:  bytes that the peer has said to hold since it began
 * @out:        bytes sent since it began
 * @recover_fs: bytes in flight when it began
 */
struct nx_prr {
	uint64_t	delivered;
	uint64_t	out;
	uint64_t	recover_fs;
};

/**
 * nx_prr_enter - recovery begins
 * @prr:        out
 * @recover_fs: snd_nxt - snd_una, less what was SACKed, plus what the ACK that
 *              began it delivered (RFC 9937 section 6: RecoverFS)
 */
void nx_prr_enter(struct nx_prr *prr, uint32_t recover_fs);

/**
 * nx_prr_on_ack - an ACK during recovery, that which began it included
 * @prr:       episode
 * @delivered: bytes newly acknowledged or SACKed
 * @pipe:      bytes in flight, as RFC 6675 or RFC 8985 counts them
 * @ssthresh:  where the window goes
 * @mss:       SMSS
 * @is_safe:   snd_una advanced, and this ACK tells of no further loss
 *
 * Return: the congestion window: pipe and what may be sent.
 */
uint32_t nx_prr_on_ack(struct nx_prr *prr, uint32_t delivered, uint32_t pipe,
		       uint32_t ssthresh, uint32_t mss, bool is_safe);

/* @bytes were sent, for the first time or again. */
void nx_prr_on_send(struct nx_prr *prr, uint32_t bytes);

#endif /* _NX_TCP_PRR_H */
