// SPDX-License-Identifier: GPL-2.0
/*
 * What one network namespace may have of all its nexuses together, and has.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include "core/rate.h"
#include "quota.h"

void nx_pace_init(struct nx_pace *pace)
{
	spin_lock_init(&pace->lock);
	pace->due_ns = 0;
}

/**
 * nx_pace_take - may another event happen?
 * @pace:  of the events; bottom halves are off
 * @per_s: of them a second; 0: any
 */
bool nx_pace_take(struct nx_pace *pace, u32 per_s)
{
	bool may;

	if (!per_s)
		return true;
	spin_lock(&pace->lock);
	may = nx_rate_take(&pace->due_ns, ktime_get_ns(), per_s);
	spin_unlock(&pace->lock);
	return may;
}

/**
 * nx_quota_init - begin with the limits of another namespace
 * @quota: zeroed
 * @from:  whose; NULL: none is limited
 */
void nx_quota_init(struct nx_quota *quota, const struct nx_quota *from)
{
	nx_pace_init(&quota->syns);
	if (from)
		nx_quota_set(quota, &from->limits);
}

/**
 * nx_quota_set - change all limits
 * @quota:  whose; under its nx_net.lock, if anybody can see it
 * @limits: the new ones
 *
 * What there is already stays.
 */
void nx_quota_set(struct nx_quota *quota, const struct nx_limits *limits)
{
	WRITE_ONCE(quota->limits.max_channels, limits->max_channels);
	WRITE_ONCE(quota->limits.max_flows, limits->max_flows);
	WRITE_ONCE(quota->limits.max_bytes, limits->max_bytes);
	WRITE_ONCE(quota->limits.max_syns, limits->max_syns);
}

/* Several nexuses may take at the same time: none gets what is not there. */
static bool take(atomic64_t *used, u64 nr, u64 max)
{
	u64 old = atomic64_read(used);

	do {
		if (max && (old > max || nr > max - old))
			return false;
	} while (!atomic64_try_cmpxchg(used, (s64 *)&old, old + nr));
	return true;
}

/**
 * nx_quota_take_channel - one more channel
 * @quota: of its namespace
 * @bytes: of its rings and pool
 *
 * Return: 0, EUSERS as many as may be, EDQUOT as much.
 */
int nx_quota_take_channel(struct nx_quota *quota, u64 bytes)
{
	const struct nx_limits *limits = &quota->limits;

	if (!take(&quota->nr_channels, 1, READ_ONCE(limits->max_channels)))
		return -EUSERS;
	if (take(&quota->bytes, bytes, READ_ONCE(limits->max_bytes)))
		return 0;
	atomic64_dec(&quota->nr_channels);
	return -EDQUOT;
}

void nx_quota_give_channel(struct nx_quota *quota, u64 bytes)
{
	atomic64_dec(&quota->nr_channels);
	atomic64_sub(bytes, &quota->bytes);
}

/* Return: 0, EUSERS as many as may be. */
int nx_quota_take_flow(struct nx_quota *quota)
{
	u32 max = READ_ONCE(quota->limits.max_flows);

	return take(&quota->nr_flows, 1, max) ? 0 : -EUSERS;
}

void nx_quota_give_flow(struct nx_quota *quota)
{
	atomic64_dec(&quota->nr_flows);
}

/* Is there another one to be had, as it seems? */
bool nx_quota_has_flow(struct nx_quota *quota)
{
	u32 max = READ_ONCE(quota->limits.max_flows);

	return !max || atomic64_read(&quota->nr_flows) < max;
}

/* May another connection be tried? Bottom halves are off. */
bool nx_quota_take_syn(struct nx_quota *quota)
{
	return nx_pace_take(&quota->syns, READ_ONCE(quota->limits.max_syns));
}
