// SPDX-License-Identifier: GPL-2.0
/*
 * The send buffers of adopted sockets: what a flow has sent and no device has
 * taken yet is charged to its socket.
 *
 * A queue that finds one full stays on the socket's own wait queue, as a process
 * would that waits to write, until there is room. The socket's functions stay
 * the kernel's, and so does its short way of freeing an skb.
 */
#include <linux/poll.h>
#include <net/sock.h>
#include "channel.h"
#include "flow.h"
#include "sndbuf.h"
#include "wake.h"

/**
 * nx_sndbuf_unblock - no send buffer holds a queue up any more, or so it seems
 * @q: the queue; who waits for that may try again
 */
void nx_sndbuf_unblock(struct nx_queue *q)
{
	if (!READ_ONCE(q->is_tx_blocked))
		return;
	WRITE_ONCE(q->is_tx_blocked, false);
	nx_wake_now(q, NX_ARMED_TX);
}

static void unblock_all(struct nx_channel *chan)
{
	u32 i;

	for (i = 0; i < chan->nr_queues; i++)
		nx_sndbuf_unblock(&chan->queues[i]);
}

/* As sock_writeable(): not before it is worth the while. */
static bool has_room(const struct sock *sk)
{
	return refcount_read(&sk->sk_wmem_alloc) * 2 <= READ_ONCE(sk->sk_sndbuf);
}

/* The socket wakes who waits on it; under its wait queue's lock. */
static int sndbuf_wake(struct wait_queue_entry *wait, unsigned int mode,
		       int flags, void *key)
{
	struct nx_flow *flow = container_of(wait, struct nx_flow, sndbuf.wait);

	if (!has_room(nx_flow_sk(flow)))
		return 0;
	list_del_init(&wait->entry);
	unblock_all(flow->chan);
	return 0;
}

/*
 * False: the socket is no longer the flow's. In a RCU section. What the caller
 * has stored is seen by whoever takes the lock after.
 */
static bool watch(struct nx_flow *flow)
{
	struct nx_sndbuf *sndbuf = &flow->sndbuf;
	struct socket_wq *wq = rcu_dereference(nx_flow_sk(flow)->sk_wq);
	unsigned long flags;
	bool is_over;

	if (!wq)
		return false;
	spin_lock_irqsave(&wq->wait.lock, flags);
	is_over = sndbuf->is_over;
	if (!is_over && list_empty(&sndbuf->wait.entry))
		__add_wait_queue(&wq->wait, &sndbuf->wait);
	spin_unlock_irqrestore(&wq->wait.lock, flags);
	return !is_over;
}

/**
 * nx_sndbuf_wait - the next packet of a flow must wait, unless there is room now
 * @q:    the queue that sends, locked by its tx_lock; in a RCU section
 * @flow: whose packet
 *
 * Whoever frees the packets on their way unblocks the queue.
 *
 * Return: false: there is room.
 */
bool nx_sndbuf_wait(struct nx_queue *q, struct nx_flow *flow)
{
	WRITE_ONCE(q->is_tx_blocked, true);
	/* An accepted connection sends by its listener's socket. */
	if (watch(flow->parent ?: flow)) {
		smp_mb(); /* T1, pairs with the kernel's in sock_wfree() */
		if (nx_sndbuf_seems_full(nx_flow_sk(flow)))
			return true;
	}
	nx_sndbuf_unblock(q);
	return false;
}

/**
 * nx_sndbuf_init - ready a flow's send buffer
 * @flow: new
 */
void nx_sndbuf_init(struct nx_flow *flow)
{
	init_waitqueue_func_entry(&flow->sndbuf.wait, sndbuf_wake);
	INIT_LIST_HEAD(&flow->sndbuf.wait.entry);
}

/**
 * nx_sndbuf_exit - the socket wakes nobody for this flow any more
 * @flow: it holds the socket's file; readers may still see it
 */
void nx_sndbuf_exit(struct nx_flow *flow)
{
	struct wait_queue_head *head = &flow->socket->wq.wait;
	unsigned long flags;

	spin_lock_irqsave(&head->lock, flags);
	flow->sndbuf.is_over = true;
	list_del_init(&flow->sndbuf.wait.entry);
	spin_unlock_irqrestore(&head->lock, flags);
	unblock_all(flow->chan);
}
