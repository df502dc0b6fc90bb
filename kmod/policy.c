// SPDX-License-Identifier: GPL-2.0
/*
 * Who may attach to a nexus, and what one user has of it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include "nexus.h"
#include "policy.h"

void nx_policy_init(struct nx_policy *policy)
{
	policy->nr = 1;
	policy->nr_rules = 0;
	policy->max_channels = NX_POLICY_MAX_CHANNELS;
	policy->max_flows = NX_POLICY_MAX_FLOWS;
	policy->max_user_flows = NX_POLICY_MAX_USER_FLOWS;
	policy->max_bytes = NX_POLICY_MAX_BYTES;
	policy->max_idle = 0;
	policy->max_ll = 0;
	policy->max_syns = NX_POLICY_MAX_SYNS;
	policy->linger_ms = NX_POLICY_LINGER_MS;
	policy->on_violation = NEXUS_ON_VIOLATION_QUARANTINE;
}

/**
 * nx_policy_set - change all of it
 * @policy: under the lock of its nexus
 * @to:     the new one
 */
void nx_policy_set(struct nx_policy *policy, const struct nx_policy *to)
{
	policy->nr = to->nr;
	policy->nr_rules = to->nr_rules;
	memcpy(policy->rules, to->rules, sizeof(policy->rules));
	policy->max_channels = to->max_channels;
	policy->max_bytes = to->max_bytes;
	policy->max_ll = to->max_ll;
	/* These are read without the lock. */
	WRITE_ONCE(policy->max_flows, to->max_flows);
	WRITE_ONCE(policy->max_user_flows, to->max_user_flows);
	WRITE_ONCE(policy->max_idle, to->max_idle);
	WRITE_ONCE(policy->max_syns, to->max_syns);
	WRITE_ONCE(policy->linger_ms, to->linger_ms);
	WRITE_ONCE(policy->on_violation, to->on_violation);
}

static bool rule_matches(const struct nx_rule *rule)
{
	switch (rule->type) {
	case NEXUS_RULE_ANY:
		return true;
	case NEXUS_RULE_UID:
		return uid_eq(rule->uid, current_euid());
	case NEXUS_RULE_GID:
		return in_egroup_p(rule->gid);
	}
	return false;
}

/*
 * The capability is asked for last, so that who needs none leaves no trace of
 * having used one.
 */
bool nx_policy_allows(const struct nx_nexus *nexus)
{
	const struct nx_policy *policy = &nexus->policy;
	unsigned int i;

	lockdep_assert_held(&nexus->lock);
	if (nexus->is_dead)
		return false;
	for (i = 0; i < policy->nr_rules; i++)
		if (rule_matches(&policy->rules[i]))
			return true;
	return ns_capable(nexus->net->user_ns, CAP_NET_ADMIN);
}

static struct nx_user *user_find(struct nx_nexus *nexus, kuid_t uid)
{
	struct nx_user *user;

	list_for_each_entry(user, &nexus->users, node)
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

static struct nx_user *user_new(struct nx_nexus *nexus, kuid_t uid)
{
	struct nx_user *user;

	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		return NULL;
	user->uid = uid;
	nx_pace_init(&user->syns);
	list_add(&user->node, &nexus->users);
	return user;
}

static int check_limits(const struct nx_policy *policy, u32 nr_channels,
			u64 old_bytes, u64 bytes)
{
	u64 sum;

	if (nr_channels >= policy->max_channels)
		return -EUSERS;
	if (check_add_overflow(old_bytes, bytes, &sum) ||
	    sum > policy->max_bytes)
		return -EDQUOT;
	return 0;
}

/* The namespace is asked last, for it must be given back what it gave. */
static int charge(struct nx_nexus *nexus, struct nx_user *user, u64 bytes)
{
	int ret;

	ret = check_limits(&nexus->policy, user->nr_channels, user->bytes,
			   bytes);
	if (ret)
		return ret;
	ret = nx_quota_take_channel(&nx_net(nexus->net)->quota, bytes);
	if (ret)
		return ret;
	user->nr_channels++;
	user->bytes += bytes;
	return 0;
}

static void user_free(struct nx_user *user)
{
	WARN_ON_ONCE(user->bytes || user->nr_flows);
	list_del(&user->node);
	kfree(user);
}

/*
 * One more channel of @bytes for @uid; undone by nx_user_uncharge(). Under the
 * lock of the nexus, which is not dead.
 */
struct nx_user *nx_user_charge(struct nx_nexus *nexus, kuid_t uid, u64 bytes)
{
	struct nx_user *user;
	int ret;

	lockdep_assert_held(&nexus->lock);
	user = user_find(nexus, uid) ?: user_new(nexus, uid);
	if (!user)
		return ERR_PTR(-ENOMEM);
	ret = charge(nexus, user, bytes);
	if (!ret)
		return user;
	if (!user->nr_channels)
		user_free(user);
	return ERR_PTR(ret);
}

/*
 * Under the nexus's lock. @user may be gone when it returns; the namespace of a
 * nexus that is dead is.
 */
void nx_user_uncharge(struct nx_nexus *nexus, struct nx_user *user, u64 bytes)
{
	lockdep_assert_held(&nexus->lock);
	if (!nexus->is_dead)
		nx_quota_give_channel(&nx_net(nexus->net)->quota, bytes);
	WARN_ON_ONCE(user->bytes < bytes);
	user->bytes -= bytes;
	if (!--user->nr_channels)
		user_free(user);
}
