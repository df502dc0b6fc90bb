/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The queueing discipline's own state.
 */
#ifndef NX_SCH_H
#define NX_SCH_H

#include <net/pkt_sched.h>
#include <linux/nexus_qdisc.h>
#include "core/codel.h"
#include "core/fq.h"
#include "core/shaper.h"
#include "core/share.h"

struct nx_hold;

/**
 * struct nx_skb_list - packets in their order
 * @head: or NULL
 * @tail: of them
 */
struct nx_skb_list {
	struct sk_buff	*head;
	struct sk_buff	*tail;
};

static inline void nx_skb_list_add(struct nx_skb_list *list,
				   struct sk_buff *skb)
{
	skb->next = NULL;
	if (list->head)
		list->tail->next = skb;
	else
		list->head = skb;
	list->tail = skb;
}

static inline struct sk_buff *nx_skb_list_take(struct nx_skb_list *list)
{
	struct sk_buff *skb = list->head;

	list->head = skb->next;
	skb_mark_not_on_list(skb);
	return skb;
}

/**
 * struct nx_bucket - the queue of a flow, or of several whose hashes meet
 * @fq:    its turns
 * @codel: its delay
 * @list:  its packets
 * @hold:  on the flow of nexus that is suspended for it, or NULL
 */
struct nx_bucket {
	struct nx_fq_flow	fq;
	struct nx_codel		codel;
	struct nx_skb_list	list;
	struct nx_hold		*hold;
};

/**
 * struct nx_sch_options - what an administrator chose
 * @rate:            bytes a second, 0: none
 * @burst:           bytes, 0: by itself
 * @ce_threshold_ns: for ECT(1)
 * @limit:           packets
 * @nr_flows:        buckets; as many again for ECT(1)
 * @quantum:         bytes
 * @ll_permille:     the low-latency class's share
 * @codel:           target and interval
 */
struct nx_sch_options {
	u64			rate;
	u32			burst;
	u64			ce_threshold_ns;
	u32			limit;
	u32			nr_flows;
	u32			quantum;
	u32			ll_permille;
	struct nx_codel_params	codel;
};

/**
 * struct nx_sch - one discipline, under its own lock
 * @opt:      options
 * @fq:       turns of the buckets
 * @buckets:  2 * @opt.nr_flows: the second half is for ECT(1)
 * @share:    of the low-latency class
 * @ll:       its packets
 * @ll_nr, @ll_bytes: how many
 * @shaper:   the rate
 * @watchdog: tells when the shaper allows the next packet
 * @memory:   bytes that the packets occupy
 * @dropped, @dropped_bytes: at dequeue, of which parents were not told yet
 * @stats:    for people
 */
struct nx_sch {
	struct nx_sch_options		opt;
	struct nx_fq			fq;
	struct nx_bucket		*buckets;
	struct nx_share			share;
	struct nx_skb_list		ll;
	u32				ll_nr;
	u32				ll_bytes;
	struct nx_shaper		shaper;
	struct qdisc_watchdog		watchdog;
	u32				memory;
	u32				dropped;
	u32				dropped_bytes;
	struct nexus_qdisc_stats	stats;
};

void nx_sch_options_init(const struct Qdisc *sch, struct nx_sch_options *opt);
int nx_sch_options_parse(struct nx_sch_options *opt, struct nlattr *attr,
			 struct netlink_ext_ack *extack);
int nx_sch_dump(struct Qdisc *sch, struct sk_buff *skb);
int nx_sch_dump_stats(struct Qdisc *sch, struct gnet_dump *d);

struct sk_buff *nx_sch_segment(struct sk_buff *skb);

int nx_sch_init(void);
void nx_sch_exit(void);

#endif /* NX_SCH_H */
