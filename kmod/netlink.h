/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control side of nexus: its generic netlink family.
 */
#ifndef NX_NETLINK_H
#define NX_NETLINK_H

#include <net/genetlink.h>

struct nx_counters;
struct nx_flow;

extern struct genl_family nx_genl_family;

int nx_netlink_init(void);
void nx_netlink_exit(void);
int nx_netlink_put_flow(struct sk_buff *skb, const struct nx_flow *flow,
			struct user_namespace *user_ns,
			struct pid_namespace *pid_ns);

#endif /* NX_NETLINK_H */
