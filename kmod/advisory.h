/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The advisory region: what the kernel tells without being asked.
 */
#ifndef NX_ADVISORY_H
#define NX_ADVISORY_H

#include <linux/types.h>
#include <linux/nexus.h>

struct net_device;
struct nx_channel;
struct nx_flow;
struct nx_nexus;

size_t nx_advisory_off(u32 idx);
int nx_advisory_make(struct nx_channel *chan);
struct nexus_flow_advisory *nx_advisory_flow(struct nx_channel *chan, u32 idx);
void nx_advisory_flow_begin(struct nx_flow *flow);
void nx_advisory_flow_end(struct nx_flow *flow);
void nx_advisory_flow_set(struct nx_flow *flow, u32 flags);
void nx_advisory_flow_clear(struct nx_flow *flow, u32 flags);
u32 nx_advisory_dev_mbps(struct net_device *dev);
void nx_advisory_update(struct nx_nexus *nexus);

#endif /* NX_ADVISORY_H */
