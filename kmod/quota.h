/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one network namespace may have of all its nexuses together, and has.
 */
#ifndef NX_QUOTA_H
#define NX_QUOTA_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct nx_pace - events a second, of one limit
 * @lock:   protects @due_ns; a leaf, bottom halves off
 * @due_ns: see nx_rate_take()
 */
struct nx_pace {
	spinlock_t	lock;
	u64		due_ns;
};

void nx_pace_init(struct nx_pace *pace);
bool nx_pace_take(struct nx_pace *pace, u32 per_s);

/**
 * struct nx_limits - what the administrator of the host set; 0 is any number
 * @max_channels: attached
 * @max_flows:    of all of them
 * @max_bytes:    rings and pools
 * @max_syns:     connections that may be tried a second
 */
struct nx_limits {
	u32	max_channels;
	u32	max_flows;
	u64	max_bytes;
	u32	max_syns;
};

/**
 * struct nx_quota - the limits of a network namespace, and what counts for them
 * @limits:      changed under nx_net.lock, read without
 * @nr_channels: attached
 * @nr_flows:    of them
 * @bytes:       that their regions could take
 * @syns:        connections that are tried
 *
 * Part of struct nx_net: it is there while a nexus is not dead, under its lock,
 * and while a channel has flows, under its table's.
 */
struct nx_quota {
	struct nx_limits	limits;
	atomic64_t		nr_channels;
	atomic64_t		nr_flows;
	atomic64_t		bytes;
	struct nx_pace		syns;
};

void nx_quota_init(struct nx_quota *quota, const struct nx_quota *from);
void nx_quota_set(struct nx_quota *quota, const struct nx_limits *limits);
int nx_quota_take_channel(struct nx_quota *quota, u64 bytes);
void nx_quota_give_channel(struct nx_quota *quota, u64 bytes);
int nx_quota_take_flow(struct nx_quota *quota);
void nx_quota_give_flow(struct nx_quota *quota);
bool nx_quota_has_flow(struct nx_quota *quota);
bool nx_quota_take_syn(struct nx_quota *quota);

#endif /* NX_QUOTA_H */
