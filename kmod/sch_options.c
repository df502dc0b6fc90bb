// SPDX-License-Identifier: GPL-2.0
/*
 * Options and statistics of the queueing discipline: from and to netlink.
 */
#include <net/netlink.h>
#include "compat.h"
#include "sch.h"

/* RFC 8289 section 4.4: target and interval for paths of the Internet. */
#define TARGET_NS	(5 * NSEC_PER_MSEC)
#define INTERVAL_NS	(100 * NSEC_PER_MSEC)
/* RFC 9332 section 2.5.1: about 1 ms for L4S. */
#define CE_THRESHOLD_NS	NSEC_PER_MSEC
/* RFC 8290 section 5.2: limit and number of queues. */
#define LIMIT		10240
#define FLOWS		1024

static const struct nla_policy policy[NEXUS_QDISC_A_MAX + 1] = {
	[NEXUS_QDISC_A_RATE]		= { .type = NLA_U64 },
	[NEXUS_QDISC_A_BURST]		= { .type = NLA_U32 },
	[NEXUS_QDISC_A_TARGET]		= { .type = NLA_U64 },
	[NEXUS_QDISC_A_INTERVAL]	= { .type = NLA_U64 },
	[NEXUS_QDISC_A_CE_THRESHOLD]	= { .type = NLA_U64 },
	[NEXUS_QDISC_A_LIMIT]		= NLA_POLICY_MIN(NLA_U32, 1),
	[NEXUS_QDISC_A_FLOWS]		= { .type = NLA_U32 },
	[NEXUS_QDISC_A_QUANTUM]		= { .type = NLA_U32 },
	[NEXUS_QDISC_A_LL_SHARE]	= NLA_POLICY_MAX(NLA_U32,
						NEXUS_QDISC_LL_SHARE_MAX),
};

/* What a discipline of @sch's device has if nobody chose. */
void nx_sch_options_init(const struct Qdisc *sch, struct nx_sch_options *opt)
{
	u32 frame = psched_mtu(qdisc_dev(sch));

	memset(opt, 0, sizeof(*opt));
	opt->codel.target_ns = TARGET_NS;
	opt->codel.interval_ns = INTERVAL_NS;
	opt->codel.mtu = frame;
	opt->ce_threshold_ns = CE_THRESHOLD_NS;
	opt->limit = LIMIT;
	opt->nr_flows = FLOWS;
	/* A turn is one packet of the device (RFC 8290 section 5.2.4). */
	opt->quantum = clamp_t(u32, frame, NEXUS_QDISC_QUANTUM_MIN,
			       NEXUS_QDISC_QUANTUM_MAX);
}

static void take_u32(u32 *value, const struct nlattr *attr)
{
	if (attr)
		*value = nla_get_u32(attr);
}

static void take_u64(u64 *value, const struct nlattr *attr)
{
	if (attr)
		*value = nla_get_u64(attr);
}

static int check(const struct nx_sch_options *opt,
		 struct netlink_ext_ack *extack)
{
	if (!opt->codel.interval_ns ||
	    opt->codel.interval_ns > NEXUS_QDISC_TIME_MAX ||
	    opt->codel.target_ns > NEXUS_QDISC_TIME_MAX ||
	    opt->ce_threshold_ns > NEXUS_QDISC_TIME_MAX) {
		NL_SET_ERR_MSG(extack, "a time is 1 ns to 1000 s");
		return -ERANGE;
	}
	if (opt->quantum < NEXUS_QDISC_QUANTUM_MIN ||
	    opt->quantum > NEXUS_QDISC_QUANTUM_MAX) {
		NL_SET_ERR_MSG(extack, "the quantum is 256 to 1048576 bytes");
		return -ERANGE;
	}
	if (!opt->nr_flows || opt->nr_flows > NEXUS_QDISC_FLOWS_MAX) {
		NL_SET_ERR_MSG(extack, "flows are 1 to 65536");
		return -ERANGE;
	}
	/* What nx_shaper_set() is right for. */
	if (opt->rate > 1ULL << 45) {
		NL_SET_ERR_MSG(extack, "the rate is at most 2^45 bytes a second");
		return -ERANGE;
	}
	return 0;
}

/**
 * nx_sch_options_parse - take over what a request says
 * @opt:    untouched if it fails
 * @attr:   TCA_OPTIONS, or NULL: nothing is said
 * @extack: what is wrong
 *
 * Return: 0, EINVAL, ERANGE.
 */
int nx_sch_options_parse(struct nx_sch_options *opt, struct nlattr *attr,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NEXUS_QDISC_A_MAX + 1];
	struct nx_sch_options new = *opt;
	int err;

	if (!attr)
		return 0;
	err = nla_parse_nested(tb, NEXUS_QDISC_A_MAX, attr, policy, extack);
	if (err)
		return err;
	take_u64(&new.rate, tb[NEXUS_QDISC_A_RATE]);
	take_u32(&new.burst, tb[NEXUS_QDISC_A_BURST]);
	take_u64(&new.codel.target_ns, tb[NEXUS_QDISC_A_TARGET]);
	take_u64(&new.codel.interval_ns, tb[NEXUS_QDISC_A_INTERVAL]);
	take_u64(&new.ce_threshold_ns, tb[NEXUS_QDISC_A_CE_THRESHOLD]);
	take_u32(&new.limit, tb[NEXUS_QDISC_A_LIMIT]);
	take_u32(&new.nr_flows, tb[NEXUS_QDISC_A_FLOWS]);
	take_u32(&new.quantum, tb[NEXUS_QDISC_A_QUANTUM]);
	take_u32(&new.ll_permille, tb[NEXUS_QDISC_A_LL_SHARE]);
	err = check(&new, extack);
	if (!err)
		*opt = new;
	return err;
}

static int put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, NEXUS_QDISC_A_PAD);
}

static int put_options(const struct nx_sch_options *opt, struct sk_buff *skb)
{
	struct nlattr *nest = nla_nest_start(skb, TCA_OPTIONS);

	if (!nest)
		return -EMSGSIZE;
	if (put_u64(skb, NEXUS_QDISC_A_RATE, opt->rate) ||
	    nla_put_u32(skb, NEXUS_QDISC_A_BURST, opt->burst) ||
	    put_u64(skb, NEXUS_QDISC_A_TARGET, opt->codel.target_ns) ||
	    put_u64(skb, NEXUS_QDISC_A_INTERVAL, opt->codel.interval_ns) ||
	    put_u64(skb, NEXUS_QDISC_A_CE_THRESHOLD, opt->ce_threshold_ns) ||
	    nla_put_u32(skb, NEXUS_QDISC_A_LIMIT, opt->limit) ||
	    nla_put_u32(skb, NEXUS_QDISC_A_FLOWS, opt->nr_flows) ||
	    nla_put_u32(skb, NEXUS_QDISC_A_QUANTUM, opt->quantum) ||
	    nla_put_u32(skb, NEXUS_QDISC_A_LL_SHARE, opt->ll_permille)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Options, as TCA_OPTIONS. Return: 0, EMSGSIZE. */
int nx_sch_dump(struct Qdisc *sch, struct sk_buff *skb)
{
	const struct nx_sch *s = qdisc_priv(sch);

	return put_options(&s->opt, skb);
}

static u32 count_flows(const struct nx_fq *fq)
{
	const struct nx_fq_flow *flow;
	u32 nr = 0;

	for (flow = fq->new_flows.first; flow; flow = flow->next)
		nr++;
	for (flow = fq->old_flows.first; flow; flow = flow->next)
		nr++;
	return nr;
}

/* Statistics, as TCA_STATS_APP. Return: 0, or that there is no room. */
int nx_sch_dump_stats(struct Qdisc *sch, struct gnet_dump *d)
{
	struct nx_sch *s = qdisc_priv(sch);
	struct nexus_qdisc_stats stats;

	sch_tree_lock(sch);
	stats = s->stats;
	stats.nr_flows = count_flows(&s->fq);
	stats.ll_backlog = s->ll_bytes;
	sch_tree_unlock(sch);
	stats.size = sizeof(stats);
	return gnet_stats_copy_app(d, &stats, sizeof(stats));
}
