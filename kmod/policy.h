/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who may attach to a nexus, and how much one user may have.
 */
#ifndef NX_POLICY_H
#define NX_POLICY_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/nexus_netlink.h>
#include "quota.h"

struct nx_nexus;

/**
 * struct nx_rule - one line of a policy: who is allowed
 * @type: enum nexus_rule_type
 * @uid:  with NEXUS_RULE_UID
 * @gid:  with NEXUS_RULE_GID
 */
struct nx_rule {
	enum nexus_rule_type	type;
	kuid_t			uid;
	kgid_t			gid;
};

/**
 * struct nx_policy - the policy of one nexus; under its lock
 * @nr:           of this policy: each change has another
 * @nr_rules:     used of @rules
 * @rules:        one that matches is enough
 * @max_channels: of one user
 * @max_flows:    of one channel
 * @max_bytes:    rings and pools of one user
 * @max_idle:     seconds without a call until a channel that agreed to it becomes
 *                defunct; 0: never
 * @max_ll:       thousandths of the rate that the low-latency flows of one channel
 *                may have; 0: only who may set the policy has any
 * @max_syns:     connections that one user may try to open a second; 0: any
 * @max_user_flows: of all channels of one user
 * @linger_ms:    how long TIME-WAIT keeps a port
 * @on_violation: enum nexus_on_violation
 *
 * Limits are read without the lock, where packets pass.
 */
struct nx_policy {
	u32		nr;
	unsigned int	nr_rules;
	struct nx_rule	rules[NEXUS_RULES_MAX];
	u32		max_channels;
	u32		max_flows;
	u64		max_bytes;
	u32		max_idle;
	u32		max_ll;
	u32		max_syns;
	u32		max_user_flows;
	u32		linger_ms;
	u32		on_violation;
};

#define NX_POLICY_MAX_CHANNELS	1024
#define NX_POLICY_MAX_FLOWS	65536
/* Sixteen channels that are full. */
#define NX_POLICY_MAX_USER_FLOWS	(16 * NX_POLICY_MAX_FLOWS)
#define NX_POLICY_MAX_BYTES	(1ULL << 30)
/*
 * A third of what one core of the kernel's own stack opens (107,000 instructions
 * each): a program that only connects is never held up, a flood is.
 */
#define NX_POLICY_MAX_SYNS	10000
/* TCP_TIMEWAIT_LEN of the kernel's stack. */
#define NX_POLICY_LINGER_MS	60000
/* Twice the maximum segment lifetime of RFC 9293 section 3.4.2. */
#define NX_POLICY_LINGER_MAX_MS	240000

/**
 * struct nx_user - what one user has of one nexus; under the nexus's lock
 * @node:        in nx_nexus.users
 * @uid:         whose
 * @nr_channels: attached
 * @nr_flows:    of them; under the lock of the nexus's table of flows
 * @bytes:       that their regions could take
 * @syns:        connections that the user tries
 */
struct nx_user {
	struct list_head	node;
	kuid_t			uid;
	u32			nr_channels;
	u32			nr_flows;
	u64			bytes;
	struct nx_pace		syns;
};

void nx_policy_init(struct nx_policy *policy);
void nx_policy_set(struct nx_policy *policy, const struct nx_policy *to);
bool nx_policy_allows(const struct nx_nexus *nexus);
struct nx_user *nx_user_charge(struct nx_nexus *nexus, kuid_t uid, u64 bytes);
void nx_user_uncharge(struct nx_nexus *nexus, struct nx_user *user, u64 bytes);

#endif /* NX_POLICY_H */
