/* SPDX-License-Identifier: GPL-2.0 */
/* The control ABI by bare netlink, in the network namespace of the caller. */
#ifndef NX_CTL_H
#define NX_CTL_H

#include <libmnl/libmnl.h>
#include <linux/nexus.h>
#include <linux/nexus_netlink.h>
#include <linux/types.h>
#include <stdbool.h>

/* A new message of command @cmd in @buf, which holds NX_CTL_BYTES. */
#define NX_CTL_BYTES	8192
struct nlmsghdr *nx_ctl_message(void *buf, __u8 cmd);
/* Sends it and waits for its acknowledgement; 0 or -errno. */
int nx_ctl_call(struct nlmsghdr *message);
/* The extended acknowledgement of the last call, "" if there was none. */
const char *nx_ctl_reason(void);

/* 0 or -errno each. */
int nx_nexus_add(const char *name);
int nx_nexus_del(const char *name);
int nx_dev_add(const char *nexus, int ifindex);
int nx_dev_del(const char *nexus, int ifindex);
/* @type 0: no rule. A limit of 0 is left as it is. */
int nx_policy_set(const char *nexus, __u32 type, __u32 id, __u32 max_channels,
		  __u32 max_flows, __u64 max_bytes);
/* Seconds; 0: no limit. */
int nx_policy_idle(const char *nexus, __u32 seconds);
/* @attr: one of u32, NEXUS_POLICY_A_MAX_SYNS for example. */
int nx_policy_limit(const char *nexus, __u16 attr, __u32 value);
/* Of the network namespace; @attr: NEXUS_LIMITS_A_MAX_*. */
int nx_limits_set(__u16 attr, __u64 value);
int nx_flow_kill(__u32 channel_id, __u32 index, __u32 generation);
/* @attr: NEXUS_DEFUNCT_A_CHANNEL_ID or _PID. */
int nx_defunct(__u16 attr, __u32 value);
/* Pins a knob; @value -1: frees it. */
int nx_tune(__u32 channel_id, __u32 knob, long value);
/* Of the cgroup with this folder. */
int nx_defunct_cgroup(const char *path);

/* A nexus with one device; fails the test if that fails. */
void nx_nexus_start(const char *name, const char *dev);

/* Counters of an object, by enum nexus_counters_attr. */
struct nx_counters {
	__u64	value[NEXUS_COUNTERS_A_MAX + 1];
	__u64	drops[NEXUS_DROP_REASONS_MAX];
};

struct nx_ctl_nexus {
	__u32	id;
	__u32	nr_devs;
	__u32	nr_channels;
	__u32	nr_flows;
	struct nx_counters	counters;
};

/* Knobs by enum nexus_tune_knob, and no more than these. */
#define NX_CTL_KNOBS	(NEXUS_TUNE_CACHE_BATCH + 1)

struct nx_ctl_knob {
	__u32	state;
	__u32	value;
};

struct nx_ctl_channel {
	__u32	id;
	__u32	port;
	__u32	pid;
	__u32	uid;
	__u32	state;
	__u32	violation;
	__u32	nr_flows;
	__u32	defunct_reason;
	struct nx_ctl_knob	tune[NX_CTL_KNOBS];
	__u32	pool[NEXUS_POOL_A_MAX + 1];
	__u64	pages;
	struct nx_counters	counters;
};

struct nx_ctl_flow {
	char	nexus[NEXUS_NAME_SIZE];
	__u32	channel_id;
	__u32	index;
	__u32	generation;
	__u16	family;
	__u8	protocol;
	__u8	local[16];
	__u8	remote[16];
	__be16	local_port;
	__be16	remote_port;
	bool	is_connected;
	__u32	pid;
	__u32	uid;
	struct nx_counters	counters;
};

/* Limits of the network namespace and what it has, by enum nexus_limits_attr. */
struct nx_ctl_limits {
	__u64	value[NEXUS_LIMITS_A_MAX + 1];
};

/* 0, -ENOENT, or what the kernel said. */
int nx_limits_get(struct nx_ctl_limits *limits);
int nx_nexus_get(const char *name, struct nx_ctl_nexus *nexus);
int nx_channel_get(__u32 id, struct nx_ctl_channel *channel);
int nx_flow_get(__u32 channel_id, __u32 index, struct nx_ctl_flow *flow);
/* How many objects GET_NEXUS, GET_CHANNEL or GET_FLOW shows, or -errno. */
int nx_ctl_count(__u8 cmd);

/* Events of group NEXUS_GENL_EVENTS. */
struct nx_ctl_event {
	__u32	type;
	char	nexus[NEXUS_NAME_SIZE];
	__u32	channel_id;
	__u32	pid;
	__u32	uid;
	__u32	ifindex;
	__u32	violation;
	__u32	index;
	__u32	value;
	__u32	reason;
	__u32	pages;
};

struct mnl_socket *nx_monitor_open(void);
/* Waits up to @ms for an event of @type; false: none came. */
bool nx_monitor_wait(struct mnl_socket *monitor, __u32 type,
		     struct nx_ctl_event *event, unsigned int ms);

#endif
