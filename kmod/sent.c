// SPDX-License-Identifier: GPL-2.0
/*
 * Packets whose sender wants to know what becomes of them, or that are of no use
 * after a deadline.
 *
 * The report hangs on the skb by its destructor, which is called once whatever
 * happens to the packet: when a driver has done with it, or takes it from its
 * owner, or when somebody drops it. Who drops it knowingly says so before. Of a
 * super-packet that is cut every segment holds the report, so there is one, after
 * the last of them. The place in the shared info is taken if the packet is of pages:
 * then it is the flight (flight.c) that has the report.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "channel.h"
#include "event.h"
#include "flow.h"
#include "sent.h"
#include "tx.h"

static void post(struct nx_queue *q, const struct nx_sent *sent)
{
	struct nexus_event event = {
		.type = NEXUS_EVENT_SENT,
		.flow = sent->flow,
		.flags = sent->outcome,
		.cookie = sent->cookie,
	};

	if (sent->is_late)
		event.type = NEXUS_EVENT_EXPIRED;
	else if (!(sent->flags & NEXUS_DESC_NOTIFY))
		return;
	nx_event_post(q, &event);
}

/**
 * nx_sent_put - one who held a report does not any more; the last one posts it
 * @sent: the report
 *
 * A flow that has ended is told nothing: its index may be another one's.
 */
void nx_sent_put(struct nx_sent *sent)
{
	struct nx_flow *flow;

	if (!refcount_dec_and_test(&sent->refs))
		return;
	rcu_read_lock();
	flow = rcu_dereference(sent->chan->flows[sent->flow].flow);
	if (flow && flow->serial == sent->serial)
		post(&sent->chan->queues[sent->queue], sent);
	rcu_read_unlock();
	nx_channel_put(sent->chan);
	kfree(sent);
	module_put(THIS_MODULE);
}

/**
 * nx_sent_free - the destructor of a packet that is reported
 * @skb: the packet
 */
void nx_sent_free(struct sk_buff *skb)
{
	struct nx_sent *sent = skb_shinfo(skb)->destructor_arg;

	sent->destructor(skb);
	nx_sent_put(sent);
}

/* The packet is gone when @skb is; takes one reference over. */
static void hang_on(struct sk_buff *skb, struct nx_sent *sent)
{
	skb_shinfo(skb)->destructor_arg = sent;
	skb->destructor = nx_sent_free;
}

/**
 * nx_sent_lift - take a report off its packet, as if nobody had asked for it
 * @skb:  the packet, not of pages
 * @sent: its report, which is the caller's now, for nx_sent_share()
 */
void nx_sent_lift(struct sk_buff *skb, struct nx_sent *sent)
{
	skb_shinfo(skb)->destructor_arg = NULL;
	skb->destructor = sent->destructor;
}

/**
 * nx_sent_share - hang a report on all that a packet has become
 * @skbs: linked by next
 * @sent: from nx_sent_lift(); no longer the caller's
 *
 * What has lost its owner is not the flow's any more, nor is it reported.
 */
void nx_sent_share(struct sk_buff *skbs, struct nx_sent *sent)
{
	for (; skbs; skbs = skbs->next) {
		if (skbs->destructor != sent->destructor)
			continue;
		refcount_inc(&sent->refs);
		hang_on(skbs, sent);
	}
	nx_sent_put(sent);
}

/**
 * nx_sent_begin - have a packet reported
 * @q:   the queue that sends, locked by its tx_lock
 * @p:   the packet
 * @skb: made of it, and owned by its socket
 *
 * Return: to be given to nx_sent_end(); NULL: no memory.
 */
struct nx_sent *nx_sent_begin(struct nx_queue *q, const struct nx_tx_packet *p,
			      struct sk_buff *skb)
{
	struct nx_sent *sent;

	sent = kmalloc(sizeof(*sent), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!sent)
		return NULL;
	refcount_set(&sent->refs, 2);
	/* The skb will call us. The open file has a reference of its own. */
	__module_get(THIS_MODULE);
	nx_channel_get(q->chan);
	sent->chan = q->chan;
	sent->queue = q->idx;
	sent->flow = p->flow->idx;
	sent->serial = p->flow->serial;
	sent->flags = p->flags;
	sent->outcome = NEXUS_DROP_NONE;
	sent->is_late = false;
	sent->cookie = p->cookie;
	sent->deadline_ns = p->deadline_ns;
	sent->destructor = skb->destructor;
	if (skb_zcopy(skb))
		nx_flight_report(skb, sent);
	else
		hang_on(skb, sent);
	return sent;
}

/**
 * nx_sent_end - the packet is queued, or was refused
 * @sent:   of nx_sent_begin()
 * @reason: NEXUS_DROP_NONE, or why it was refused
 */
void nx_sent_end(struct nx_sent *sent, enum nexus_drop_reason reason)
{
	/* Who dropped it may have said why, and knows better. */
	if (reason && !sent->outcome)
		sent->outcome = reason;
	nx_sent_put(sent);
}

/**
 * nx_sent_check - may a packet leave?
 * @sent:   its report
 * @now_ns: the time
 *
 * Return: false: its deadline has passed, and it is to be dropped.
 */
bool nx_sent_check(struct nx_sent *sent, u64 now_ns)
{
	if (!(sent->flags & NEXUS_DESC_DEADLINE) || now_ns <= sent->deadline_ns)
		return true;
	sent->is_late = true;
	if (sent->flags & NEXUS_DESC_LATE)
		return true;
	sent->outcome = NEXUS_DROP_TX_EXPIRED;
	return false;
}

/**
 * nx_sent_report - report a packet that never became an skb
 * @q:      the queue that sends, locked by its tx_lock, and no rx_lock held
 * @p:      the packet
 * @reason: NEXUS_DROP_NONE: a channel of this host has it; or why it was lost
 */
void nx_sent_report(struct nx_queue *q, const struct nx_tx_packet *p,
		    enum nexus_drop_reason reason)
{
	struct nx_sent sent = {
		.flow = p->flow ? p->flow->idx : NEXUS_FLOW_NONE,
		.flags = p->flags,
		.outcome = reason,
		.cookie = p->cookie,
	};

	post(q, &sent);
}
