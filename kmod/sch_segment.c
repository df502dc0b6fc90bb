// SPDX-License-Identifier: GPL-2.0
/*
 * Cuts super-packets for the queueing discipline: each segment stays its flow's.
 */
#include <linux/skbuff.h>
#include <net/sock.h>
#include "compat.h"
#include "flow.h"
#include "sch.h"
#include "sent.h"

/*
 * The kernel gives the last segment all that the super-packet was charged for,
 * and the others to nobody, where UDP did not: as if all but one were not of the
 * flow.
 */
static void own(struct sk_buff *segs, struct sk_buff *last, u32 last_truesize)
{
	struct sock *sk = last->sk;
	u32 whole = last->truesize, sum = last_truesize;
	struct sk_buff *seg;

	for (seg = segs; seg != last; seg = seg->next) {
		seg->sk = sk;
		seg->destructor = sock_wfree;
		sum += seg->truesize;
	}
	last->truesize = last_truesize;
	if (sum >= whole)
		refcount_add(sum - whole, &sk->sk_wmem_alloc);
	else
		WARN_ON_ONCE(refcount_sub_and_test(whole - sum,
						   &sk->sk_wmem_alloc));
}

static struct sk_buff *last_of(struct sk_buff *segs)
{
	while (segs->next)
		segs = segs->next;
	return segs;
}

/* The same without a look at whether the packet is reported. */
static struct sk_buff *segment(struct sk_buff *skb)
{
	netdev_features_t features = netif_skb_features(skb) & ~NETIF_F_GSO_MASK;
	bool is_ours = nx_skb_flow_rcu(skb) && skb->destructor == sock_wfree;
	struct sk_buff *segs, *last;

	segs = skb_gso_segment(skb, features);
	if (IS_ERR_OR_NULL(segs))
		return NULL;
	last = last_of(segs);
	/* What is left in @skb is then what the last segment occupies. */
	if (is_ours && last != segs && !segs->sk && last->sk)
		own(segs, last, skb->truesize);
	return segs;
}

/**
 * nx_sch_segment - cut a super-packet
 * @skb: that the caller frees; in a RCU section
 *
 * Return: its segments, linked by next; NULL: they cannot be made.
 */
struct sk_buff *nx_sch_segment(struct sk_buff *skb)
{
	struct nx_sent *sent = skb_zcopy(skb) ? NULL : nx_sent_of(skb);
	struct sk_buff *segs;

	if (likely(!sent))
		return segment(skb);
	nx_sent_lift(skb, sent);
	segs = segment(skb);
	skb_mark_not_on_list(skb);
	nx_sent_share(segs ?: skb, sent);
	return segs;
}
