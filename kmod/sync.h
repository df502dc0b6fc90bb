/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NEXUS_IOC_SYNC: one crossing from the process into the kernel.
 */
#ifndef NX_SYNC_H
#define NX_SYNC_H

#include <linux/nexus.h>

struct nx_channel;
struct nx_queue;

int nx_sync(struct nx_channel *chan, const struct nexus_sync *arg);
void nx_sync_recycle(struct nx_queue *q, u32 buf);
void nx_sync_offer(struct nx_queue *q);

#endif /* NX_SYNC_H */
