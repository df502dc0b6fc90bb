// SPDX-License-Identifier: GPL-2.0
/*
 * The queueing discipline "nexus": FQ-CoDel (RFC 8290) over the flows of nexus
 * and of the kernel's stack alike, with a shaper, and a class of low latency that
 * has a share of the rate to itself.
 *
 * A sender that does too much is told in the gentlest way that it understands:
 * a mark where its packets are ECN-capable, advice to a flow of nexus, and a
 * drop for everybody else, and for who does not heed the advice.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/inet_ecn.h>
#include "advice.h"
#include "channel.h"
#include "compat.h"
#include "estimate.h"
#include "flow.h"
#include "nexus.h"
#include "sch.h"
#include "sent.h"
#include "trace.h"

/* Packets that are dropped at once from the longest queue: RFC 8290 section 4.1. */
#define DROP_BATCH	64
/* Memory that the packets may occupy; as fq_codel of the kernel has it. */
#define MEMORY_MAX	(32U << 20)
/* Packets of the low-latency class: more would not be that. */
#define LL_LIMIT	1000
/* So much must stand before a queue that does not move suspends a flow. */
#define STALL_BYTES	7500

/**
 * struct sch_cb - what the discipline knows of a packet
 * @since_ns: when it came
 * @memory:   bytes that it occupied then
 */
struct sch_cb {
	u64	since_ns;
	u32	memory;
};

static struct sch_cb *sch_cb(const struct sk_buff *skb)
{
	qdisc_cb_private_validate(skb, sizeof(struct sch_cb));
	return (struct sch_cb *)qdisc_skb_cb(skb)->data;
}

static struct nx_bucket *bucket_of(struct nx_fq_flow *flow)
{
	return container_of(flow, struct nx_bucket, fq);
}

/* A packet of nexus is dropped here, after the application was told it had left. */
static void lose(struct sk_buff *skb, enum nexus_drop_reason reason)
{
	struct nx_sent *sent = nx_sent_of(skb);
	struct nx_flow *flow;

	if (sent)
		sent->outcome = reason;
	rcu_read_lock();
	flow = nx_skb_flow_rcu(skb);
	if (flow) {
		atomic64_inc(&flow->drops);
		atomic64_inc(&flow->chan->queue_drops[reason == NEXUS_DROP_TX_QUEUE ?
						      NX_QUEUE_DROP_QUEUE :
						      NX_QUEUE_DROP_EXPIRED]);
		trace_nexus_drop(flow->chan->nexus->id, flow->chan->id, flow->idx,
				 reason, skb->len - skb_network_offset(skb));
	}
	rcu_read_unlock();
}

/* ------------------------------------------------------------ advice */

/* Suspends the packet's flow for @b. False: this cannot be, or it does not heed. */
static bool advise(struct nx_sch *s, struct nx_bucket *b, struct nx_flow *flow,
		   u64 now)
{
	if (!flow)
		return false;
	if (b->hold)
		return b->hold->serial == flow->serial && !b->hold->is_deaf;
	b->hold = nx_hold_new(flow, now);
	s->stats.suspended += b->hold != NULL;
	return b->hold;
}

static void resume(struct nx_sch *s, struct nx_bucket *b)
{
	nx_hold_release(b->hold);
	b->hold = NULL;
	s->stats.resumed++;
}

/* Who may send no data still has to answer what the peer sends. */
static bool is_pure_ack(const struct sk_buff *skb)
{
	return skb->sk->sk_protocol == IPPROTO_TCP &&
	       skb->len == skb_transport_offset(skb) + tcp_hdrlen(skb);
}

/*
 * A packet of a flow of nexus came to @b. Who still sends an interval after it
 * was told not to is not told any more; and where nothing leaves at all, nobody
 * would say that the queue is slow.
 */
static void heed(struct nx_sch *s, struct nx_bucket *b, struct nx_flow *flow,
		 const struct sk_buff *skb, u64 now)
{
	u64 interval = s->opt.codel.interval_ns;

	if (b->hold) {
		if (b->hold->serial == flow->serial &&
		    now - b->hold->since_ns > interval && !is_pure_ack(skb))
			b->hold->is_deaf = true;
		return;
	}
	if (b->fq.bytes >= STALL_BYTES &&
	    now - sch_cb(b->list.head)->since_ns > interval)
		advise(s, b, flow, now);
}

/* ----------------------------------------------------------- enqueue */

static bool is_l4s(struct sk_buff *skb)
{
	int dsfield = skb_get_dsfield(skb);

	return dsfield >= 0 && (dsfield & INET_ECN_MASK) == INET_ECN_ECT_1;
}

static struct nx_bucket *classify(struct nx_sch *s, struct sk_buff *skb)
{
	u32 idx = reciprocal_scale(skb_get_hash(skb), s->opt.nr_flows);

	return &s->buckets[is_l4s(skb) ? s->opt.nr_flows + idx : idx];
}

static void count_in(struct Qdisc *sch, struct sk_buff *skb, u64 now)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct sch_cb *cb = sch_cb(skb);

	cb->since_ns = now;
	cb->memory = skb->truesize;
	s->memory += cb->memory;
	qdisc_qstats_backlog_inc(sch, skb);
	sch->q.qlen++;
}

static void count_out(struct Qdisc *sch, struct sk_buff *skb)
{
	struct nx_sch *s = qdisc_priv(sch);

	s->memory -= sch_cb(skb)->memory;
	qdisc_qstats_backlog_dec(sch, skb);
	sch->q.qlen--;
}

static struct sk_buff *bucket_take(struct Qdisc *sch, struct nx_bucket *b)
{
	struct sk_buff *skb = nx_skb_list_take(&b->list);

	nx_fq_dequeue(&b->fq, qdisc_pkt_len(skb));
	count_out(sch, skb);
	return skb;
}

static struct nx_bucket *fattest(struct nx_sch *s)
{
	struct nx_bucket *fat = s->buckets;
	u32 i;

	for (i = 1; i < 2 * s->opt.nr_flows; i++)
		if (s->buckets[i].fq.bytes > fat->fq.bytes)
			fat = &s->buckets[i];
	return fat;
}

/* Half of the longest queue, from its head, but no more than a batch. */
static struct nx_bucket *drop_fattest(struct Qdisc *sch, struct sk_buff **to_free)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_bucket *b = fattest(s);
	u32 half = b->fq.bytes / 2, nr;
	struct sk_buff *skb;

	for (nr = 0; nr < DROP_BATCH && b->list.head; nr++) {
		skb = bucket_take(sch, b);
		s->stats.overlimit++;
		qdisc_qstats_drop(sch);
		lose(skb, NEXUS_DROP_TX_QUEUE);
		__qdisc_drop(skb, to_free);
		if (b->fq.bytes <= half)
			break;
	}
	return b;
}

static bool is_over(const struct Qdisc *sch, const struct nx_sch *s)
{
	return sch->q.qlen > s->opt.limit || s->memory > MEMORY_MAX;
}

/* Does anything stand that is not of the low-latency class? */
static bool has_bulk(const struct Qdisc *sch, const struct nx_sch *s)
{
	return sch->q.qlen > s->ll_nr;
}

static int refuse(struct sk_buff *skb, struct Qdisc *sch,
		  struct sk_buff **to_free)
{
	struct nx_sch *s = qdisc_priv(sch);

	s->stats.overlimit++;
	lose(skb, NEXUS_DROP_TX_QUEUE);
	return qdisc_drop(skb, sch, to_free);
}

/* Who enqueued the packet learns if it was from its own queue that one went. */
static int make_room(struct Qdisc *sch, const struct nx_bucket *own, u32 len,
		     struct sk_buff **to_free)
{
	u32 qlen = sch->q.qlen, backlog = sch->qstats.backlog;
	bool is_own = drop_fattest(sch, to_free) == own;

	qlen -= sch->q.qlen;
	backlog -= sch->qstats.backlog;
	/* A parent has not counted the packet yet, and will not if it is refused. */
	if (is_own)
		qdisc_tree_reduce_backlog(sch, qlen - 1, backlog - len);
	else
		qdisc_tree_reduce_backlog(sch, qlen, backlog);
	return is_own ? NET_XMIT_CN : NET_XMIT_SUCCESS;
}

/*
 * The class has a limit of its own, and is not dropped for what others have
 * piled up: they make room.
 */
static int enqueue_ll(struct sk_buff *skb, struct Qdisc *sch, u64 now,
		      struct sk_buff **to_free)
{
	struct nx_sch *s = qdisc_priv(sch);
	u32 len = qdisc_pkt_len(skb);

	if (s->ll_nr >= LL_LIMIT || (is_over(sch, s) && !has_bulk(sch, s)))
		return refuse(skb, sch, to_free);
	nx_skb_list_add(&s->ll, skb);
	s->ll_nr++;
	s->ll_bytes += len;
	count_in(sch, skb, now);
	if (likely(!is_over(sch, s) || !has_bulk(sch, s)))
		return NET_XMIT_SUCCESS;
	return make_room(sch, NULL, len, to_free);
}

static int enqueue_fq(struct sk_buff *skb, struct Qdisc *sch,
		      struct nx_flow *flow, u64 now, struct sk_buff **to_free)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_bucket *b = classify(s, skb);
	u32 len = qdisc_pkt_len(skb);

	s->stats.new_flows += b->fq.place == NX_FQ_IDLE;
	nx_skb_list_add(&b->list, skb);
	nx_fq_enqueue(&s->fq, &b->fq, len);
	count_in(sch, skb, now);
	if (flow)
		heed(s, b, flow, skb, now);
	if (likely(!is_over(sch, s)))
		return NET_XMIT_SUCCESS;
	return make_room(sch, b, len, to_free);
}

static int enqueue_one(struct sk_buff *skb, struct Qdisc *sch,
		       struct sk_buff **to_free)
{
	struct nx_sch *s = qdisc_priv(sch);
	u64 now = ktime_get_ns();
	struct nx_flow *flow;
	int ret;

	rcu_read_lock();
	flow = nx_skb_flow_rcu(skb);
	if (flow && s->opt.ll_permille && nx_grant_of(flow))
		ret = enqueue_ll(skb, sch, now, to_free);
	else
		ret = enqueue_fq(skb, sch, flow, now, to_free);
	rcu_read_unlock();
	return ret;
}

/*
 * A super-packet would hold a slow link for long: each segment takes its turn.
 * Of those that are queued without a word about another one, parents have to be
 * told, but for the one packet of @len that they count when this says success.
 */
static int enqueue_segments(struct sk_buff *skb, struct Qdisc *sch,
			    struct sk_buff **to_free)
{
	u32 len = qdisc_pkt_len(skb), sum = 0;
	struct sk_buff *segs, *next;
	int nr = 0, ret = NET_XMIT_DROP, err;

	rcu_read_lock();
	segs = nx_sch_segment(skb);
	rcu_read_unlock();
	if (!segs)
		return refuse(skb, sch, to_free);
	skb_list_walk_safe(segs, segs, next) {
		u32 seg_len = segs->len;

		skb_mark_not_on_list(segs);
		qdisc_skb_cb(segs)->pkt_len = seg_len;
		err = enqueue_one(segs, sch, to_free);
		if (err == NET_XMIT_SUCCESS) {
			sum += seg_len;
			nr++;
		}
		ret = nr ? NET_XMIT_SUCCESS : err;
	}
	if (nr)
		qdisc_tree_reduce_backlog(sch, 1 - nr, len - sum);
	consume_skb(skb);
	return ret;
}

static int nexus_enqueue(struct sk_buff *skb, struct Qdisc *sch,
			 struct sk_buff **to_free)
{
	struct nx_sch *s = qdisc_priv(sch);

	if (s->shaper.rate && skb_is_gso(skb))
		return enqueue_segments(skb, sch, to_free);
	return enqueue_one(skb, sch, to_free);
}

/* ----------------------------------------------------------- dequeue */

static void drop_late(struct Qdisc *sch, struct sk_buff *skb,
		      enum nexus_drop_reason reason)
{
	struct nx_sch *s = qdisc_priv(sch);

	lose(skb, reason);
	s->dropped++;
	s->dropped_bytes += qdisc_pkt_len(skb);
	qdisc_qstats_drop(sch);
	kfree_skb(skb);
}

/* False: the packet's deadline has passed, and it is gone. */
static bool is_in_time(struct Qdisc *sch, struct sk_buff *skb, u64 now)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_sent *sent = nx_sent_of(skb);

	if (likely(!sent))
		return true;
	if (nx_sent_check(sent, now)) {
		s->stats.expired += sent->is_late;
		return true;
	}
	s->stats.expired++;
	drop_late(sch, skb, NEXUS_DROP_TX_EXPIRED);
	return false;
}

/* The delay is too long: tells the sender. False: it must be by a drop. */
static bool tell(struct nx_sch *s, struct nx_bucket *b, struct sk_buff *skb,
		 struct nx_flow *flow, u64 now)
{
	if (INET_ECN_set_ce(skb)) {
		s->stats.marked++;
		if (flow)
			nx_advice_congestion(flow);
		return true;
	}
	if (advise(s, b, flow, now))
		return true;
	if (flow)
		nx_advice_congestion(flow);
	s->stats.dropped++;
	return false;
}

/* ECT(1) asks to be told early and often (RFC 9331 section 4). */
static void mark_l4s(struct nx_sch *s, struct nx_bucket *b, struct sk_buff *skb,
		     struct nx_flow *flow, u64 sojourn)
{
	if (b < &s->buckets[s->opt.nr_flows] || sojourn <= s->opt.ce_threshold_ns)
		return;
	if (!INET_ECN_set_ce(skb))
		return;
	s->stats.marked_l4s++;
	if (flow)
		nx_advice_congestion(flow);
}

/* The next packet of @b that is not dropped. */
static struct sk_buff *bucket_next(struct Qdisc *sch, struct nx_bucket *b,
				   u64 now)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_flow *flow;
	struct sk_buff *skb;
	u64 sojourn = 0;

	while (b->list.head) {
		skb = bucket_take(sch, b);
		sojourn = now - sch_cb(skb)->since_ns;
		if (unlikely(!is_in_time(sch, skb, now)))
			continue;
		flow = nx_skb_flow_rcu(skb);
		if (!nx_codel_judge(&b->codel, &s->opt.codel, sojourn,
				    b->fq.bytes, now))
			mark_l4s(s, b, skb, flow, sojourn);
		else if (!tell(s, b, skb, flow, now)) {
			drop_late(sch, skb, NEXUS_DROP_TX_QUEUE);
			continue;
		}
		if (flow)
			nx_advice_released(flow, skb->len - skb_network_offset(skb));
		if (b->hold && (sojourn < s->opt.codel.target_ns || !b->list.head))
			resume(s, b);
		/* A mean of about 16 packets. */
		s->stats.delay_ns += ((s64)sojourn - (s64)s->stats.delay_ns) / 16;
		return skb;
	}
	if (b->hold)
		resume(s, b);
	return NULL;
}

static struct sk_buff *fq_next(struct Qdisc *sch, u64 now)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_fq_flow *flow;
	struct sk_buff *skb;

	while ((flow = nx_fq_turn(&s->fq))) {
		skb = bucket_next(sch, bucket_of(flow), now);
		if (skb) {
			nx_fq_charge(flow, qdisc_pkt_len(skb));
			return skb;
		}
		nx_fq_pause(&s->fq);
	}
	return NULL;
}

/* The next packet of the low-latency class that is in time. */
static struct sk_buff *ll_next(struct Qdisc *sch, u64 now)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_flow *flow;
	struct sk_buff *skb;

	while (s->ll.head) {
		skb = nx_skb_list_take(&s->ll);
		s->ll_nr--;
		s->ll_bytes -= qdisc_pkt_len(skb);
		count_out(sch, skb);
		if (!is_in_time(sch, skb, now))
			continue;
		flow = nx_skb_flow_rcu(skb);
		if (flow)
			nx_advice_released(flow, skb->len - skb_network_offset(skb));
		s->stats.ll_packets++;
		s->stats.ll_bytes += qdisc_pkt_len(skb);
		return skb;
	}
	return NULL;
}

/* What stands of a class that has lost its share does not wait for others. */
static bool is_ll_first(const struct nx_share *share, bool has_others)
{
	return !has_others || !share->permille || nx_share_is_first(share);
}

/* The class goes first while it has not had its share, or nobody else waits. */
static struct sk_buff *next_packet(struct Qdisc *sch, u64 now)
{
	struct nx_sch *s = qdisc_priv(sch);
	bool has_others = has_bulk(sch, s);
	struct sk_buff *skb = NULL;

	if (s->ll.head && is_ll_first(&s->share, has_others))
		skb = ll_next(sch, now);
	if (skb) {
		if (has_others)
			nx_share_charge(&s->share, qdisc_pkt_len(skb));
		return skb;
	}
	skb = fq_next(sch, now);
	if (!skb)
		return ll_next(sch, now);
	if (s->share.permille)
		nx_share_earn(&s->share, qdisc_pkt_len(skb), s->ll.head);
	return skb;
}

/* Parents must not hear of an empty queue before they have its last packet. */
static void tell_parents(struct Qdisc *sch)
{
	struct nx_sch *s = qdisc_priv(sch);

	if (!s->dropped || !sch->q.qlen)
		return;
	qdisc_tree_reduce_backlog(sch, s->dropped, s->dropped_bytes);
	s->dropped = 0;
	s->dropped_bytes = 0;
}

static struct sk_buff *nexus_dequeue(struct Qdisc *sch)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct sk_buff *skb;
	u64 now, wait;

	if (!sch->q.qlen)
		return NULL;
	now = ktime_get_ns();
	wait = nx_shaper_wait(&s->shaper, now);
	if (wait) {
		qdisc_qstats_overlimit(sch);
		qdisc_watchdog_schedule_ns(&s->watchdog, now + wait);
		return NULL;
	}
	rcu_read_lock();
	skb = next_packet(sch, now);
	rcu_read_unlock();
	nx_estimate_traffic();
	if (skb) {
		qdisc_bstats_update(sch, skb);
		if (s->shaper.rate)
			nx_shaper_charge(&s->shaper, qdisc_pkt_len(skb), now);
	}
	tell_parents(sch);
	return skb;
}

/* ------------------------------------------------------ life and options */

/* Two milliseconds, or two packets: what timers cannot keep apart. */
static u32 burst_of(const struct nx_sch_options *opt)
{
	if (opt->burst)
		return opt->burst;
	return clamp_t(u64, div_u64(opt->rate, 500), 2 * opt->codel.mtu, U32_MAX);
}

/* Options take effect; packets stay where they are. */
static void apply(struct Qdisc *sch, const struct nx_sch_options *opt)
{
	struct nx_sch *s = qdisc_priv(sch);

	s->opt = *opt;
	s->fq.quantum = opt->quantum;
	if (s->share.permille != opt->ll_permille)
		nx_share_set(&s->share, opt->ll_permille, 2 * opt->codel.mtu);
	nx_shaper_set(&s->shaper, opt->rate, burst_of(opt));
	/* The kernel may spare an empty discipline packets that would not wait. */
	if (opt->rate || opt->ll_permille)
		sch->flags &= ~TCQ_F_CAN_BYPASS;
	else
		sch->flags |= TCQ_F_CAN_BYPASS;
}

/* Another rate: what the old one would still have waited for counts no more. */
static void hurry(struct Qdisc *sch)
{
	struct nx_sch *s = qdisc_priv(sch);
	u64 now = ktime_get_ns();

	s->shaper.free_ns = now;
	qdisc_watchdog_schedule_ns(&s->watchdog, now);
}

static int nexus_change(struct Qdisc *sch, struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_sch_options opt = s->opt;
	int err;

	err = nx_sch_options_parse(&opt, attr, extack);
	if (err)
		return err;
	if (opt.nr_flows != s->opt.nr_flows) {
		NL_SET_ERR_MSG(extack, "flows cannot be changed, only replaced");
		return -EOPNOTSUPP;
	}
	sch_tree_lock(sch);
	if (opt.rate != s->opt.rate)
		hurry(sch);
	apply(sch, &opt);
	sch_tree_unlock(sch);
	nx_estimate_config();
	return 0;
}

static int nexus_init(struct Qdisc *sch, struct nlattr *attr,
		      struct netlink_ext_ack *extack)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nx_sch_options opt;
	int err;

	qdisc_watchdog_init(&s->watchdog, sch);
	nx_sch_options_init(sch, &opt);
	err = nx_sch_options_parse(&opt, attr, extack);
	if (err)
		return err;
	s->buckets = kvcalloc(2 * opt.nr_flows, sizeof(*s->buckets),
			      GFP_KERNEL_ACCOUNT);
	if (!s->buckets)
		return -ENOMEM;
	apply(sch, &opt);
	nx_estimate_config();
	return 0;
}

static void purge_list(struct nx_skb_list *list)
{
	struct sk_buff *skb;

	for (skb = list->head; skb; skb = skb->next)
		lose(skb, NEXUS_DROP_TX_QUEUE);
	rtnl_kfree_skbs(list->head, list->tail);
}

static void purge_bucket(struct nx_sch *s, struct nx_bucket *b)
{
	purge_list(&b->list);
	if (b->hold)
		resume(s, b);
	memset(b, 0, sizeof(*b));
}

static void purge(struct nx_sch *s)
{
	u32 i;

	local_bh_disable();
	for (i = 0; i < 2 * s->opt.nr_flows; i++)
		if (s->buckets[i].fq.place != NX_FQ_IDLE)
			purge_bucket(s, &s->buckets[i]);
	purge_list(&s->ll);
	local_bh_enable();
	memset(&s->ll, 0, sizeof(s->ll));
	s->ll_nr = 0;
	s->ll_bytes = 0;
	memset(&s->fq, 0, offsetof(struct nx_fq, quantum));
	s->memory = 0;
	s->dropped = 0;
	s->dropped_bytes = 0;
	s->stats.delay_ns = 0;
}

static void nexus_reset(struct Qdisc *sch)
{
	struct nx_sch *s = qdisc_priv(sch);

	purge(s);
	qdisc_watchdog_cancel(&s->watchdog);
}

static void nexus_destroy(struct Qdisc *sch)
{
	struct nx_sch *s = qdisc_priv(sch);

	qdisc_watchdog_cancel(&s->watchdog);
	kvfree(s->buckets);
	nx_estimate_config();
}

static struct Qdisc_ops nexus_qdisc_ops;

static void add_estimate(struct Qdisc *sch, struct nx_estimate *e)
{
	const struct nx_sch *s = qdisc_priv(sch);
	/*
	 * Without the discipline's lock, which who sends needs: an estimate, and who
	 * changes options asks for another one afterwards.
	 */
	u32 bytes = data_race(sch->qstats.backlog);
	u32 permille = data_race(s->opt.ll_permille);
	u64 delay_ns = data_race(s->stats.delay_ns);

	e->rate += data_race(s->opt.rate);
	e->bytes += bytes;
	if (bytes)
		e->delay_ns = max(e->delay_ns, delay_ns);
	if (!e->has_sch || permille < e->ll_permille)
		e->ll_permille = permille;
	e->has_sch = true;
}

/**
 * nx_sch_estimate_rcu - what the disciplines of a device say
 * @dev: the device
 * @e:   zeros; filled in
 */
void nx_sch_estimate_rcu(const struct net_device *dev, struct nx_estimate *e)
{
	struct Qdisc *sch, *last = NULL;
	u32 i;

	for (i = 0; i < dev->real_num_tx_queues; i++) {
		sch = rcu_dereference(netdev_get_tx_queue(dev, i)->qdisc);
		/* The one at the root serves all queues. */
		if (sch && sch != last && sch->ops == &nexus_qdisc_ops)
			add_estimate(sch, e);
		last = sch;
	}
}

static struct Qdisc_ops nexus_qdisc_ops __read_mostly = {
	.id		= NEXUS_QDISC_KIND,
	.priv_size	= sizeof(struct nx_sch),
	.enqueue	= nexus_enqueue,
	.dequeue	= nexus_dequeue,
	.peek		= qdisc_peek_dequeued,
	.init		= nexus_init,
	.reset		= nexus_reset,
	.destroy	= nexus_destroy,
	.change		= nexus_change,
	.dump		= nx_sch_dump,
	.dump_stats	= nx_sch_dump_stats,
	.owner		= THIS_MODULE,
};

int nx_sch_init(void)
{
	return register_qdisc(&nexus_qdisc_ops);
}

void nx_sch_exit(void)
{
	unregister_qdisc(&nexus_qdisc_ops);
	nx_estimate_exit();
}
