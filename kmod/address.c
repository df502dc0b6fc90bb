// SPDX-License-Identifier: GPL-2.0
/*
 * Notices when an address is no longer this host's, and has the flows told that
 * have it.
 *
 * The kernel tells of IPv6 addresses in atomic context, and of all before the
 * routes are gone; so a work item does the rest. It looks at all the flows of the
 * namespace, and so needs no memory to remember which addresses went: none can be
 * missed.
 */
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include "address.h"
#include "flow.h"
#include "nexus.h"

/**
 * nx_address_is_kept - is a flow's local address still this host's?
 * @net: of the flow's nexus
 * @key: with an address that was once
 *
 * On any device. An IPv6 address that is looked for duplicates of once more, as
 * after its link was down, is kept. In a RCU section.
 */
bool nx_address_is_kept(struct net *net, const struct nx_flow_key *key)
{
	if (nx_addr_is_any(&key->local))
		return true;
	if (key->ip_version == 4)
		return inet_addr_type(net, key->local.v4) == RTN_LOCAL;
	return ipv6_chk_addr_and_flags(net, (const struct in6_addr *)&key->local,
				       NULL, true, 0, 0);
}

static void settle(struct work_struct *work)
{
	/* Who held the RTNL when the address went is through with its routes. */
	rtnl_lock();
	rtnl_unlock();
	nx_flow_check_addresses(container_of(work, struct nx_net, address_work));
}

/**
 * nx_address_net_init - ready a namespace for addresses that go
 * @nx: its nexuses
 */
void nx_address_net_init(struct nx_net *nx)
{
	INIT_WORK(&nx->address_work, settle);
}

/**
 * nx_address_net_exit - wait for what a namespace's addresses caused
 * @nx: its nexuses; its devices are gone, or the notifiers
 */
void nx_address_net_exit(struct nx_net *nx)
{
	cancel_work_sync(&nx->address_work);
}

static void address_lost(const struct net_device *dev)
{
	schedule_work(&nx_net(dev_net(dev))->address_work);
}

static int notify_ipv4(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	if (event == NETDEV_DOWN)
		address_lost(ifa->ifa_dev->dev);
	return NOTIFY_DONE;
}

static int notify_ipv6(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	if (event == NETDEV_DOWN)
		address_lost(ifa->idev->dev);
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
}
