/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control side of nexus: its generic netlink family.
 */
#ifndef NX_NETLINK_H
#define NX_NETLINK_H

#include <net/genetlink.h>
#include <linux/nexus_netlink.h>

struct nx_channel;
struct nx_flow;
struct nx_nexus;
struct nx_quota;
struct pid_namespace;
struct user_namespace;

extern struct genl_family nx_genl_family;

int nx_netlink_init(void);
void nx_netlink_exit(void);

/**
 * struct nx_reader - as whom an answer is read
 * @user_ns: numbers users and groups
 * @pid_ns:  numbers processes
 */
struct nx_reader {
	struct user_namespace	*user_ns;
	struct pid_namespace	*pid_ns;
};

/* netlink_set.c: what a request asks for; already valid by its policy. */
int nx_netlink_check_once(const struct nlattr *head, int len, int several,
			  struct netlink_ext_ack *extack);
int nx_netlink_request(struct genl_info *info);

/* netlink_get.c */
extern const struct nla_policy nx_netlink_filter_policy[NEXUS_A_NEXUS + 1];
int nx_netlink_start_nexus(struct netlink_callback *cb);
int nx_netlink_get_nexus(struct sk_buff *skb, struct netlink_callback *cb);
int nx_netlink_get_channel(struct sk_buff *skb, struct netlink_callback *cb);
int nx_netlink_get_flow(struct sk_buff *skb, struct netlink_callback *cb);
int nx_netlink_get_limits(struct sk_buff *skb, struct netlink_callback *cb);

/*
 * netlink_put.c: the attributes of one object, without the nest around them;
 * EMSGSIZE if they do not fit. But for the flow, whose names do not change,
 * under its nexus's lock.
 */
int nx_netlink_put_nexus(struct sk_buff *skb, struct nx_nexus *nexus,
			 const struct nx_reader *reader);
int nx_netlink_put_channel(struct sk_buff *skb, struct nx_channel *chan,
			   const struct nx_reader *reader);
int nx_netlink_put_flow(struct sk_buff *skb, const struct nx_flow *flow,
			const struct nx_reader *reader);
int nx_netlink_put_limits(struct sk_buff *skb, const struct nx_quota *quota);
int nx_netlink_put_flow_counters(struct sk_buff *skb,
				 const struct nx_flow *flow);

#endif /* NX_NETLINK_H */
