// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Whose turn it is among flows that share a link: deficit round robin, in which
 * a flow that sends little goes first (RFC 8290 section 4.2).
 */
#include "fq.h"

static struct nx_fq_list *first_list(struct nx_fq *fq)
{
	return fq->new_flows.first ? &fq->new_flows : &fq->old_flows;
}

static struct nx_fq_flow *take_first(struct nx_fq_list *list)
{
	struct nx_fq_flow *flow = list->first;

	list->first = flow->next;
	return flow;
}

static void make_old(struct nx_fq *fq, struct nx_fq_list *list)
{
	struct nx_fq_flow *flow = take_first(list);

	flow->place = NX_FQ_OLD;
	nx_fq_append(&fq->old_flows, flow);
}

/**
 * nx_fq_turn - whose turn is it?
 * @fq: the link
 *
 * Return: a flow, NULL: no flow is in any list. If it turns out to have no
 * packet, nx_fq_pause() ends its turn.
 */
struct nx_fq_flow *nx_fq_turn(struct nx_fq *fq)
{
	struct nx_fq_list *list = first_list(fq);

	while (list->first && list->first->deficit <= 0) {
		list->first->deficit += (s32)fq->quantum;
		make_old(fq, list);
		list = first_list(fq);
	}
	return list->first;
}

/**
 * nx_fq_pause - whose turn it is has nothing to send
 * @fq: the link, after nx_fq_turn()
 *
 * A flow that has just begun waits one round among the others before it may be
 * new again, or it could keep them from their turns (RFC 8290 section 4.2).
 */
void nx_fq_pause(struct nx_fq *fq)
{
	struct nx_fq_list *list = first_list(fq);

	if (list == &fq->new_flows && fq->old_flows.first)
		make_old(fq, list);
	else
		take_first(list)->place = NX_FQ_IDLE;
}
