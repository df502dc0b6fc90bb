// SPDX-License-Identifier: GPL-2.0
/*
 * Notices when an address is no longer this host's, and has the flows told that
 * have it.
 *
 * The kernel tells of IPv6 addresses in atomic context, and of all before the
 * routes are gone; so a work item does the rest.
 */
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include "address.h"
#include "flow.h"

/**
 * struct nx_address - an address that a device lost
 * @node:       in @lost
 * @net:        of the device; it holds a reference
 * @tracker:    of that reference
 * @addr:       the address
 * @ip_version: 4 or 6
 */
struct nx_address {
	struct list_head	node;
	struct net		*net;
	netns_tracker		tracker;
	union nx_addr		addr;
	u8			ip_version;
};

static LIST_HEAD(lost);
static DEFINE_SPINLOCK(lost_lock);	/* protects @lost; bottom halves off */

/* Another device may have it as well. */
static bool is_still_ours(const struct nx_address *a)
{
	if (a->ip_version == 4)
		return inet_addr_type(a->net, a->addr.v4) == RTN_LOCAL;
	return ipv6_chk_addr(a->net, (const struct in6_addr *)&a->addr, NULL, 0);
}

static void address_settle(struct nx_address *a)
{
	bool is_ours;

	/* Who held the RTNL when the address went is through with its routes. */
	rtnl_lock();
	is_ours = is_still_ours(a);
	rtnl_unlock();
	if (!is_ours)
		nx_flow_address_gone(a->net, &a->addr, a->ip_version);
	put_net_track(a->net, &a->tracker);
	kfree(a);
}

static void settle(struct work_struct *work)
{
	struct nx_address *a, *next;
	LIST_HEAD(mine);

	spin_lock_bh(&lost_lock);
	list_splice_init(&lost, &mine);
	spin_unlock_bh(&lost_lock);
	list_for_each_entry_safe(a, next, &mine, node)
		address_settle(a);
}

static DECLARE_WORK(settle_work, settle);

/* A namespace that is going has nobody left to be told. */
static void address_lost(struct net *net, const union nx_addr *addr,
			 u8 ip_version, gfp_t gfp)
{
	struct nx_address *a;

	if (!maybe_get_net(net))
		return;
	a = kzalloc(sizeof(*a), gfp);
	if (!a) {
		put_net(net);
		pr_warn_ratelimited("nexus: no memory to tell that an address is gone\n");
		return;
	}
	a->net = net;
	netns_tracker_alloc(net, &a->tracker, gfp);
	a->addr = *addr;
	a->ip_version = ip_version;
	spin_lock_bh(&lost_lock);
	list_add_tail(&a->node, &lost);
	spin_unlock_bh(&lost_lock);
	schedule_work(&settle_work);
}

static int notify_ipv4(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;
	union nx_addr addr = { .v4 = ifa->ifa_local };

	if (event == NETDEV_DOWN)
		address_lost(dev_net(ifa->ifa_dev->dev), &addr, 4, GFP_KERNEL);
	return NOTIFY_DONE;
}

static int notify_ipv6(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;
	union nx_addr addr;

	memcpy(&addr, &ifa->addr, sizeof(addr));
	if (event == NETDEV_DOWN)
		address_lost(dev_net(ifa->idev->dev), &addr, 6, GFP_ATOMIC);
	return NOTIFY_DONE;
}

static struct notifier_block ipv4_notifier = {
	.notifier_call = notify_ipv4,
};

static struct notifier_block ipv6_notifier = {
	.notifier_call = notify_ipv6,
};

int __init nx_address_init(void)
{
	int err;

	err = register_inetaddr_notifier(&ipv4_notifier);
	if (err)
		return err;
	err = register_inet6addr_notifier(&ipv6_notifier);
	if (err)
		unregister_inetaddr_notifier(&ipv4_notifier);
	return err;
}

void nx_address_exit(void)
{
	unregister_inet6addr_notifier(&ipv6_notifier);
	unregister_inetaddr_notifier(&ipv4_notifier);
	flush_work(&settle_work);
}
