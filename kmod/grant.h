/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Grants of the low-latency class: which flow may have how much of it.
 */
#ifndef NX_GRANT_H
#define NX_GRANT_H

#include <linux/list.h>
#include <linux/types.h>

struct nx_flow;
struct nx_nexus;

/**
 * struct nx_grants - the class on one nexus; under its lock
 * @available: thousandths of the rate that its disciplines reserve
 * @granted:   of them
 * @flows:     that have a grant, by nx_grant.node, the newest first
 */
struct nx_grants {
	u32			available;
	u32			granted;
	struct list_head	flows;
};

/**
 * struct nx_grant - what a flow was granted; under its nexus's lock
 * @node:     in nx_grants.flows, if @permille is not 0
 * @permille: of the rate; read by disciplines without a lock
 */
struct nx_grant {
	struct list_head	node;
	u32			permille;
};

/* A thousandth of the rate: what a flow has that names no number. */
#define NX_GRANT_DEFAULT	1

u32 nx_grant_of(const struct nx_flow *flow);
void nx_grants_init(struct nx_grants *grants);
int nx_grant_take(struct nx_flow *flow, u32 permille);
void nx_grant_drop(struct nx_flow *flow);
void nx_grants_set_available(struct nx_nexus *nexus, u32 permille);

#endif /* NX_GRANT_H */
