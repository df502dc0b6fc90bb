// SPDX-License-Identifier: GPL-2.0
/*
 * What disciplines know of their devices, on its way to applications: soon after
 * packets moved, and at once when an administrator changed something.
 */
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include "advisory.h"
#include "estimate.h"
#include "nexus.h"

/* No more often than this: EVT-3 asks for 10 ms. */
#define TRAFFIC_DELAY	max(HZ / 200, 1)

static void update_net(struct nx_net *nx)
{
	struct nx_nexus *nexus;

	mutex_lock(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node) {
		mutex_lock(&nexus->lock);
		nx_advisory_update(nexus);
		mutex_unlock(&nexus->lock);
	}
	mutex_unlock(&nx->lock);
}

static void update_all(void)
{
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net)
		update_net(nx_net(net));
	up_read(&net_rwsem);
}

/* A request holds the RTNL until the discipline is where it shall be. */
static void config_work(struct work_struct *work)
{
	rtnl_lock();
	update_all();
	rtnl_unlock();
}

static void traffic_work(struct work_struct *work)
{
	update_all();
}

static DECLARE_WORK(config, config_work);
static DECLARE_DELAYED_WORK(traffic, traffic_work);

/* A discipline was made, changed or removed. Under the RTNL. */
void nx_estimate_config(void)
{
	schedule_work(&config);
}

/* Packets have moved. In any context. */
void nx_estimate_traffic(void)
{
	if (!delayed_work_pending(&traffic))
		schedule_delayed_work(&traffic, TRAFFIC_DELAY);
}

/* No discipline is left. */
void nx_estimate_exit(void)
{
	cancel_work_sync(&config);
	cancel_delayed_work_sync(&traffic);
}
