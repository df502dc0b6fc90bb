// SPDX-License-Identifier: GPL-2.0
/*
 * Grants of the low-latency class: which flow may have how much of it.
 *
 * The disciplines of a nexus's devices reserve a share of their rate for the
 * class. It is given out by thousandths when flows are made, and taken back, from
 * the newest flow on, when the disciplines reserve less.
 */
#include <linux/capability.h>
#include "advisory.h"
#include "channel.h"
#include "event.h"
#include "flow.h"
#include "grant.h"
#include "nexus.h"

void nx_grants_init(struct nx_grants *grants)
{
	grants->available = 0;
	grants->granted = 0;
	INIT_LIST_HEAD(&grants->flows);
}

/**
 * nx_grant_of - what a flow may have of the class
 * @flow: in a RCU section; an accepted connection shares its listener's
 *
 * Return: thousandths of the rate; 0: nothing.
 */
u32 nx_grant_of(const struct nx_flow *flow)
{
	const struct nx_flow *owner = flow->parent ?: flow;

	return READ_ONCE(owner->grant.permille);
}

/* Does the policy let the caller's channel have @permille in all? */
static bool is_allowed(const struct nx_nexus *nexus, u32 permille)
{
	return permille <= nexus->policy.max_ll ||
	       ns_capable(nexus->net->user_ns, CAP_NET_ADMIN);
}

/**
 * nx_grant_take - let a flow into the class
 * @flow:     the caller's, not published yet; under its nexus's lock
 * @permille: of the rate, not 0
 *
 * Return: 0, EPERM the policy does not allow it, EDQUOT so much is not left.
 */
int nx_grant_take(struct nx_flow *flow, u32 permille)
{
	struct nx_channel *chan = flow->chan;
	struct nx_nexus *nexus = chan->nexus;
	struct nx_grants *grants = &nexus->grants;

	lockdep_assert_held(&nexus->lock);
	if (!is_allowed(nexus, chan->ll_permille + permille))
		return -EPERM;
	if (grants->granted + permille > grants->available)
		return -EDQUOT;
	grants->granted += permille;
	chan->ll_permille += permille;
	WRITE_ONCE(flow->grant.permille, permille);
	list_add(&flow->grant.node, &grants->flows);
	return 0;
}

/**
 * nx_grant_drop - a flow leaves the class, if it was in it
 * @flow: under its nexus's lock
 */
void nx_grant_drop(struct nx_flow *flow)
{
	struct nx_channel *chan = flow->chan;
	u32 permille = flow->grant.permille;

	lockdep_assert_held(&chan->nexus->lock);
	if (!permille)
		return;
	WRITE_ONCE(flow->grant.permille, 0);
	list_del(&flow->grant.node);
	chan->ll_permille -= permille;
	chan->nexus->grants.granted -= permille;
}

static void withdraw(struct nx_flow *flow)
{
	nx_grant_drop(flow);
	nx_advisory_flow_clear(flow, NEXUS_FLOW_LOW_LATENCY);
	nx_event_flow(flow, NEXUS_EVENT_LL_GRANT, 0);
}

/**
 * nx_grants_set_available - the disciplines reserve another share
 * @nexus:    under its lock
 * @permille: of the rate
 *
 * Whose grant goes is told, and goes on as best effort.
 */
void nx_grants_set_available(struct nx_nexus *nexus, u32 permille)
{
	struct nx_grants *grants = &nexus->grants;

	lockdep_assert_held(&nexus->lock);
	grants->available = permille;
	while (grants->granted > grants->available)
		withdraw(list_first_entry(&grants->flows, struct nx_flow,
					  grant.node));
}
