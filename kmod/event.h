/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for applications: EVENT rings.
 */
#ifndef NX_EVENT_H
#define NX_EVENT_H

#include <linux/types.h>
#include <linux/nexus.h>

struct nx_flow;
struct nx_nexus;
struct nx_queue;

void nx_event_post(struct nx_queue *q, const struct nexus_event *event);
void nx_event_flow(struct nx_flow *flow, u32 type, u32 value);
void nx_event_pmtu(struct nx_flow *flow, u32 mtu);
void nx_event_all(struct nx_nexus *nexus, u32 type, u32 value, u32 flags);

#endif /* NX_EVENT_H */
