/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The send buffers of adopted sockets: what a flow has sent and no device has
 * taken yet is charged to its socket.
 */
#ifndef NX_SNDBUF_H
#define NX_SNDBUF_H

#include <linux/types.h>
#include <linux/wait.h>
#include <net/sock.h>

struct nx_flow;
struct nx_queue;

/**
 * struct nx_sndbuf - who is told that there is room
 * @wait:    in the socket's wait queue while a queue is held up, else unlinked;
 *           under that wait queue's lock
 * @is_over: the socket is the kernel's again; under the same lock
 */
struct nx_sndbuf {
	struct wait_queue_entry	wait;
	bool			is_over;
};

void nx_sndbuf_init(struct nx_flow *flow);
void nx_sndbuf_exit(struct nx_flow *flow);
bool nx_sndbuf_wait(struct nx_queue *q, struct nx_flow *flow);
void nx_sndbuf_unblock(struct nx_queue *q);

static inline bool nx_sndbuf_seems_full(const struct sock *sk)
{
	return refcount_read(&sk->sk_wmem_alloc) >= READ_ONCE(sk->sk_sndbuf);
}

/**
 * nx_sndbuf_is_full - must the next packet of a flow wait?
 * @q:    the queue that sends, locked by its tx_lock; in a RCU section
 * @flow: whose packet
 * @sk:   of @flow
 */
static inline bool nx_sndbuf_is_full(struct nx_queue *q, struct nx_flow *flow,
				     const struct sock *sk)
{
	return unlikely(nx_sndbuf_seems_full(sk)) && nx_sndbuf_wait(q, flow);
}

#endif /* NX_SNDBUF_H */
