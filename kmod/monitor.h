/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for the administrator: multicast on netlink.
 */
#ifndef NX_MONITOR_H
#define NX_MONITOR_H

#include <linux/types.h>
#include <linux/nexus_netlink.h>

struct net_device;
struct nx_channel;
struct nx_flow;
struct nx_nexus;

/*
 * Each may be called in any context, but for hard interrupts, and does nothing
 * while nobody listens.
 */
void nx_monitor_nexus(const struct nx_nexus *nexus, enum nexus_monitor_type type);
void nx_monitor_dev(const struct nx_nexus *nexus, enum nexus_monitor_type type,
		    const struct net_device *dev);
void nx_monitor_denied(const struct nx_nexus *nexus);
void nx_monitor_channel(const struct nx_channel *chan,
			enum nexus_monitor_type type);
void nx_monitor_memory(const struct nx_channel *chan,
		       enum nexus_monitor_type type,
		       enum nexus_defunct_reason reason, u32 nr_pages);
void nx_monitor_flow(const struct nx_flow *flow, enum nexus_monitor_type type);

#endif /* NX_MONITOR_H */
