/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What disciplines know of their devices, on its way to applications.
 */
#ifndef NX_ESTIMATE_H
#define NX_ESTIMATE_H

#include <linux/types.h>

struct net_device;

/**
 * struct nx_estimate - what the disciplines of a device say together
 * @has_sch:     there is one
 * @rate:        of all its queues, bytes a second; 0: it does not shape
 * @bytes:       that stand
 * @delay_ns:    mean sojourn time, the longest of its queues; 0: nothing stands
 * @ll_permille: reserved for the low-latency class, the smallest of its queues
 */
struct nx_estimate {
	bool	has_sch;
	u64	rate;
	u64	bytes;
	u64	delay_ns;
	u32	ll_permille;
};

/* In sch_nexus.c; in a RCU section. */
void nx_sch_estimate_rcu(const struct net_device *dev, struct nx_estimate *e);

void nx_estimate_config(void);
void nx_estimate_traffic(void);
void nx_estimate_exit(void);

#endif /* NX_ESTIMATE_H */
