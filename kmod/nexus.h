/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A nexus: a flow switch of one network namespace, the devices that it listens
 * on, the channels attached to it, and its flows.
 */
#ifndef NX_NEXUS_H
#define NX_NEXUS_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <linux/nexus.h>
#include <linux/nexus_netlink.h>
#include "flow.h"
#include "grant.h"
#include "policy.h"
#include "quota.h"
#include "rx_again.h"

struct nx_channel;

/**
 * struct nx_net - the nexuses of one network namespace
 * @lock:    protects @nexuses; taken under the RTNL, over a nexus's lock
 * @nexuses: struct nx_nexus, by ascending id
 * @gen:     changes with every nexus, device and policy, so that who reads them
 *           in several steps can tell
 * @quota:   of all of them
 * @address_work: tells flows that an address of the namespace is gone
 */
struct nx_net {
	struct mutex		lock;
	struct list_head	nexuses;
	u32			gen;
	struct nx_quota		quota;
	struct work_struct	address_work;
};

/**
 * struct nx_nexus_cpu - what one CPU has of a nexus; bottom halves off
 * @passed: packets left to the kernel's stack
 * @again:  of the last datagram that arrived there
 */
struct nx_nexus_cpu {
	u64			passed;
	struct nx_rx_again	again;
};

/**
 * struct nx_nexus - one nexus
 * @refs:     that of its namespace's list, and one of each channel
 * @node:     in nx_net.nexuses
 * @net:      its namespace; valid while it is not dead
 * @name:     unique in the namespace
 * @id:       unique in the host
 * @kind:     enum nexus_kind
 * @lock:     protects what follows, but for what is read under RCU; taken under
 *            nx_net.lock, over a socket's lock
 * @is_dead:  it left its namespace; nothing may be added
 * @devs:     struct nx_dev; changed under the namespace's nx_net.lock as well
 * @nr_devs:  of them
 * @channels: struct nx_channel
 * @users:    struct nx_user
 * @policy:   who may attach
 * @nr_channels, @nr_flows: for people
 * @grants:   of the low-latency class
 * @rate:     as its channels were told last, bytes a second
 * @flows:    its table
 * @addr_seq: changes when an address is gone, so that nobody sends from it
 * @cpu:      what each CPU has of its own
 * @gone:     what channels counted that are gone
 */
struct nx_nexus {
	struct kref		refs;
	struct list_head	node;
	struct net		*net;
	char			name[NEXUS_NAME_SIZE];
	u32			id;
	u32			kind;

	struct mutex		lock;
	bool			is_dead;
	struct list_head	devs;
	u32			nr_devs;
	struct list_head	channels;
	struct list_head	users;
	struct nx_policy	policy;
	u32			nr_channels;
	u32			nr_flows;
	struct nx_counters	gone;
	struct nx_grants	grants;
	u64			rate;

	struct nx_flow_table	flows;
	u32			addr_seq;
	struct nx_nexus_cpu __percpu *cpu;
};

/**
 * struct nx_dev - a network device that a nexus listens on
 * @node:   in nx_nexus.devs
 * @nexus:  whose
 * @dev:    the device, of which it holds a reference
 * @tracker: of that reference
 * @is_up:  as its channels were told last
 * @mbps:   its rate, as it said last under the RTNL; 0: unknown
 * @hook:   at its ingress
 * @rcu:    frees it after the last who reads the list of hooks
 */
struct nx_dev {
	struct list_head	node;
	struct nx_nexus		*nexus;
	struct net_device	*dev;
	netdevice_tracker	tracker;
	bool			is_up;
	u32			mbps;
	struct nf_hook_ops	hook;
	struct rcu_head		rcu;
};

/* So that the description of a nexus fits into one message. */
#define NX_DEVS_MAX		1024

struct nx_net *nx_net(const struct net *net);
int nx_net_init(void);
void nx_net_exit(void);

/*
 * Requests of the administrator, each with @extack to say what is wrong. The
 * caller holds no lock.
 */
int nx_nexus_new(struct net *net, const char *name, u32 kind,
		 struct netlink_ext_ack *extack);
int nx_nexus_del(struct net *net, const char *name,
		 struct netlink_ext_ack *extack);
int nx_dev_add(struct net *net, const char *name, int ifindex,
	       struct netlink_ext_ack *extack);
int nx_dev_del(struct net *net, const char *name, int ifindex,
	       struct netlink_ext_ack *extack);

/* By @name, under nx_net.lock; NULL: none. */
struct nx_nexus *nx_nexus_find(struct nx_net *nx, const char *name);
/* By @name, or the only one if that is empty; the caller puts it. */
struct nx_nexus *nx_nexus_get_by_name(struct net *net, const char *name);
void nx_nexus_get(struct nx_nexus *nexus);
/* May sleep; the caller holds neither the nexus's lock nor RCU. */
void nx_nexus_put(struct nx_nexus *nexus);
/* Adds everything up, under the nexus's lock. */
void nx_nexus_count(struct nx_nexus *nexus, struct nx_counters *sum);

/* After nx_net_init(); and before nx_net_exit(). */
int nx_dev_init(void);
void nx_dev_exit(void);
/* Lets go of every device, under both locks, and tells nobody. */
void nx_dev_free_all(struct nx_nexus *nexus);

#endif /* NX_NEXUS_H */
