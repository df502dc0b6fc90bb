// SPDX-License-Identifier: GPL-2.0
/*
 * The network devices that a nexus listens on: they come by request, and go by
 * request, by unregistration, or when they become a port of another device.
 */
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "advisory.h"
#include "compat.h"
#include "event.h"
#include "monitor.h"
#include "nexus.h"
#include "rx.h"

static bool dev_is_up(const struct net_device *dev)
{
	return netif_running(dev) && netif_carrier_ok(dev);
}

/* Whatever nexus of the namespace has it. */
static struct nx_dev *dev_find(struct nx_net *nx, const struct net_device *dev)
{
	struct nx_nexus *nexus;
	struct nx_dev *d;

	lockdep_assert_held(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node)
		list_for_each_entry(d, &nexus->devs, node)
			if (d->dev == dev)
				return d;
	return NULL;
}

static int check_type(const struct net_device *dev,
		      struct netlink_ext_ack *extack)
{
	if (dev->type == ARPHRD_ETHER || dev->type == ARPHRD_LOOPBACK)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "'%s' is neither Ethernet nor a loopback",
			   dev->name);
	return -EOPNOTSUPP;
}

/* Its packets would be seen twice, or belong to the other device. */
static int check_master(struct net_device *dev, struct netlink_ext_ack *extack)
{
	struct net_device *master = netdev_master_upper_dev_get(dev);

	if (!master)
		return 0;
	NL_SET_ERR_MSG_FMT(extack,
			   "'%s' is a port of '%s': attach that device instead",
			   dev->name, master->name);
	return -EBUSY;
}

static int check_users(struct nx_net *nx, const struct nx_nexus *nexus,
		       const struct net_device *dev,
		       struct netlink_ext_ack *extack)
{
	struct nx_dev *d = dev_find(nx, dev);

	if (d && d->nexus == nexus) {
		NL_SET_ERR_MSG_FMT(extack,
				   "'%s' is attached to this nexus already",
				   dev->name);
		return -EEXIST;
	}
	if (d) {
		NL_SET_ERR_MSG_FMT(extack, "'%s' is attached to nexus '%s'",
				   dev->name, d->nexus->name);
		return -EBUSY;
	}
	if (nexus->nr_devs >= NX_DEVS_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "a nexus has at most %u devices",
				   NX_DEVS_MAX);
		return -ENOSPC;
	}
	return 0;
}

static struct nx_dev *dev_new(struct nx_nexus *nexus, struct net_device *dev)
{
	struct nx_dev *d;

	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return NULL;
	d->nexus = nexus;
	d->dev = dev;
	d->is_up = dev_is_up(dev);
	d->mbps = nx_advisory_dev_mbps(dev);
	d->hook.hook = nx_rx_ingress;
	d->hook.dev = dev;
	d->hook.priv = nexus;
	d->hook.pf = NFPROTO_NETDEV;
	d->hook.hooknum = NF_NETDEV_INGRESS;
	d->hook.priority = INT_MAX;
	netdev_hold(dev, &d->tracker, GFP_KERNEL);
	return d;
}

static void dev_free(struct nx_dev *d)
{
	netdev_put(d->dev, &d->tracker);
	kfree_rcu(d, rcu);
}

/* Under both locks; the RTNL is not needed. */
static void dev_unhook(struct nx_dev *d)
{
	nf_unregister_net_hook(dev_net(d->dev), &d->hook);
	list_del(&d->node);
	d->nexus->nr_devs--;
}

static void event_link(const struct nx_dev *d, u32 type)
{
	nx_event_all(d->nexus, type, d->dev->ifindex, d->is_up);
}

static int dev_join(struct nx_net *nx, struct nx_nexus *nexus,
		    struct net_device *dev, struct netlink_ext_ack *extack)
{
	struct nx_dev *d;
	int ret;

	d = dev_new(nexus, dev);
	if (!d)
		return -ENOMEM;
	ret = nf_register_net_hook(dev_net(dev), &d->hook);
	if (ret) {
		NL_SET_ERR_MSG_FMT(extack,
				   "'%s' takes no hook at its ingress",
				   dev->name);
		dev_free(d);
		return ret;
	}
	list_add_tail(&d->node, &nexus->devs);
	nexus->nr_devs++;
	nx->gen++;
	event_link(d, NEXUS_EVENT_LINK);
	nx_advisory_update(nexus);
	nx_monitor_dev(nexus, NEXUS_MONITOR_DEV_ADD, dev);
	return 0;
}

static void dev_leave(struct nx_net *nx, struct nx_dev *d)
{
	struct nx_nexus *nexus = d->nexus;

	mutex_lock(&nexus->lock);
	dev_unhook(d);
	nx->gen++;
	d->is_up = false;
	event_link(d, NEXUS_EVENT_DEV_GONE);
	nx_advisory_update(nexus);
	nx_monitor_dev(nexus, NEXUS_MONITOR_DEV_DEL, d->dev);
	mutex_unlock(&nexus->lock);
	dev_free(d);
}

void nx_dev_free_all(struct nx_nexus *nexus)
{
	struct nx_dev *d, *next;

	lockdep_assert_held(&nexus->lock);
	list_for_each_entry_safe(d, next, &nexus->devs, node) {
		dev_unhook(d);
		dev_free(d);
	}
}

/* Both ends of a request; under the RTNL and nx_net.lock. */
static int find_both(struct net *net, const char *name, int ifindex,
		     struct nx_nexus **nexus, struct net_device **dev,
		     struct netlink_ext_ack *extack)
{
	*nexus = nx_nexus_find(nx_net(net), name);
	if (!*nexus) {
		NL_SET_ERR_MSG_FMT(extack, "there is no nexus '%s'", name);
		return -ENODEV;
	}
	*dev = __dev_get_by_index(net, ifindex);
	if (!*dev) {
		NL_SET_ERR_MSG_FMT(extack, "there is no device with index %u",
				   ifindex);
		return -ENODEV;
	}
	return 0;
}

static int dev_add(struct net *net, const char *name, int ifindex,
		   struct netlink_ext_ack *extack)
{
	struct nx_net *nx = nx_net(net);
	struct nx_nexus *nexus;
	struct net_device *dev;
	int ret;

	ret = find_both(net, name, ifindex, &nexus, &dev, extack);
	if (!ret)
		ret = check_type(dev, extack);
	if (!ret)
		ret = check_master(dev, extack);
	if (!ret)
		ret = check_users(nx, nexus, dev, extack);
	if (ret)
		return ret;
	mutex_lock(&nexus->lock);
	ret = dev_join(nx, nexus, dev, extack);
	mutex_unlock(&nexus->lock);
	return ret;
}

static int dev_del(struct net *net, const char *name, int ifindex,
		   struct netlink_ext_ack *extack)
{
	struct nx_net *nx = nx_net(net);
	struct nx_nexus *nexus;
	struct net_device *dev;
	struct nx_dev *d;
	int ret;

	ret = find_both(net, name, ifindex, &nexus, &dev, extack);
	if (ret)
		return ret;
	d = dev_find(nx, dev);
	if (!d || d->nexus != nexus) {
		NL_SET_ERR_MSG_FMT(extack, "'%s' is not attached to this nexus",
				   dev->name);
		return -ENOENT;
	}
	dev_leave(nx, d);
	return 0;
}

int nx_dev_add(struct net *net, const char *name, int ifindex,
	       struct netlink_ext_ack *extack)
{
	struct nx_net *nx = nx_net(net);
	int ret;

	rtnl_lock();
	mutex_lock(&nx->lock);
	ret = dev_add(net, name, ifindex, extack);
	mutex_unlock(&nx->lock);
	rtnl_unlock();
	return ret;
}

int nx_dev_del(struct net *net, const char *name, int ifindex,
	       struct netlink_ext_ack *extack)
{
	struct nx_net *nx = nx_net(net);
	int ret;

	rtnl_lock();
	mutex_lock(&nx->lock);
	ret = dev_del(net, name, ifindex, extack);
	mutex_unlock(&nx->lock);
	rtnl_unlock();
	return ret;
}

/* The rate may have changed with the carrier still there. */
static void dev_changed(struct nx_dev *d)
{
	struct nx_nexus *nexus = d->nexus;
	bool is_up = dev_is_up(d->dev);

	mutex_lock(&nexus->lock);
	d->mbps = nx_advisory_dev_mbps(d->dev);
	if (d->is_up != is_up) {
		d->is_up = is_up;
		event_link(d, NEXUS_EVENT_LINK);
	}
	nx_advisory_update(nexus);
	mutex_unlock(&nexus->lock);
}

static bool becomes_port(const struct netdev_notifier_changeupper_info *info)
{
	return info->master && info->linking;
}

static void dev_event(struct nx_net *nx, struct nx_dev *d, unsigned long event,
		      void *ptr)
{
	switch (event) {
	case NETDEV_UNREGISTER:
		dev_leave(nx, d);
		break;
	case NETDEV_CHANGEUPPER:
		if (becomes_port(ptr))
			dev_leave(nx, d);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		dev_changed(d);
		break;
	}
}

/* Under the RTNL. A device that moves to another namespace is unregistered. */
static int notify(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct nx_net *nx = nx_net(dev_net(dev));
	struct nx_dev *d;

	mutex_lock(&nx->lock);
	d = dev_find(nx, dev);
	if (d)
		dev_event(nx, d, event, ptr);
	mutex_unlock(&nx->lock);
	return NOTIFY_DONE;
}

static struct notifier_block nx_dev_notifier = {
	.notifier_call = notify,
};

int nx_dev_init(void)
{
	return register_netdevice_notifier(&nx_dev_notifier);
}

/* The kernel tells it that every device leaves. */
void nx_dev_exit(void)
{
	unregister_netdevice_notifier(&nx_dev_notifier);
}
