/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Whose turn it is among flows that share a link: deficit round robin, in which
 * a flow that sends little goes first (RFC 8290 section 4.2).
 */
#ifndef NX_CORE_FQ_H
#define NX_CORE_FQ_H

#include "types.h"

/**
 * enum nx_fq_place - where a flow is
 * @NX_FQ_IDLE: in no list; it has no packets
 * @NX_FQ_NEW:  it has just begun, and goes before the others for one quantum
 * @NX_FQ_OLD:  it takes turns
 */
enum nx_fq_place {
	NX_FQ_IDLE,
	NX_FQ_NEW,
	NX_FQ_OLD,
};

/**
 * struct nx_fq_flow - a flow, without its packets
 * @next:       in its list
 * @deficit:    bytes that it may still send before the next one's turn
 * @nr_packets: that stand
 * @bytes:      of them
 * @place:      enum nx_fq_place
 */
struct nx_fq_flow {
	struct nx_fq_flow	*next;
	s32			deficit;
	u32			nr_packets;
	u32			bytes;
	u32			place;
};

/**
 * struct nx_fq_list - flows in the order of their turns
 * @first: NULL: none
 * @last:  of them
 */
struct nx_fq_list {
	struct nx_fq_flow	*first;
	struct nx_fq_flow	*last;
};

/**
 * struct nx_fq - the flows of one link
 * @new_flows: that have just begun
 * @old_flows: the others that have packets, or had some when it was their turn
 * @quantum:   bytes of a turn
 */
struct nx_fq {
	struct nx_fq_list	new_flows;
	struct nx_fq_list	old_flows;
	u32			quantum;
};

struct nx_fq_flow *nx_fq_turn(struct nx_fq *fq);
void nx_fq_pause(struct nx_fq *fq);

static inline void nx_fq_append(struct nx_fq_list *list, struct nx_fq_flow *flow)
{
	flow->next = NULL;
	if (list->first)
		list->last->next = flow;
	else
		list->first = flow;
	list->last = flow;
}

/**
 * nx_fq_enqueue - a flow has one more packet
 * @fq:   the link
 * @flow: the flow
 * @len:  bytes
 */
static inline void nx_fq_enqueue(struct nx_fq *fq, struct nx_fq_flow *flow,
				 u32 len)
{
	flow->nr_packets++;
	flow->bytes += len;
	if (flow->place != NX_FQ_IDLE)
		return;
	flow->place = NX_FQ_NEW;
	flow->deficit = (s32)fq->quantum;
	nx_fq_append(&fq->new_flows, flow);
}

/**
 * nx_fq_dequeue - a flow has one packet less
 * @flow: the flow
 * @len:  bytes
 */
static inline void nx_fq_dequeue(struct nx_fq_flow *flow, u32 len)
{
	flow->nr_packets--;
	flow->bytes -= len;
}

/**
 * nx_fq_charge - what was taken is sent
 * @flow: whose turn it is
 * @len:  bytes
 */
static inline void nx_fq_charge(struct nx_fq_flow *flow, u32 len)
{
	flow->deficit -= (s32)len;
}

#endif /* NX_CORE_FQ_H */
