/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a nexus, a channel's queue and a flow count.
 */
#ifndef NX_COUNTERS_H
#define NX_COUNTERS_H

#include <linux/types.h>
#include <linux/nexus.h>

/**
 * struct nx_traffic - packets and bytes one way
 * @packets: since the object was made
 * @bytes:   IP headers included
 *
 * Written under the lock of the path that counts, so exactly; read without.
 */
struct nx_traffic {
	u64	packets;
	u64	bytes;
};

static inline void nx_traffic_add(struct nx_traffic *t, u64 packets, u64 bytes)
{
	WRITE_ONCE(t->packets, t->packets + packets);
	WRITE_ONCE(t->bytes, t->bytes + bytes);
}

static inline void nx_traffic_sum(struct nx_traffic *sum,
				  const struct nx_traffic *t)
{
	sum->packets += READ_ONCE(t->packets);
	sum->bytes += READ_ONCE(t->bytes);
}

/**
 * struct nx_counters - everything counted, added up for an answer
 * @rx, @tx:      delivered, sent
 * @tx_local:     of @tx: to a channel of this host
 * @tx_declassed: of those taken from TX: their class was not their flow's
 * @passed:       seen by the hook and left to the kernel's stack
 * @syncs, @wakes: calls of NEXUS_IOC_SYNC, and sleepers woken
 * @bytes_copied: without a sum
 * @bytes_summed: with one, in the same pass
 * @drops:        by reason
 */
struct nx_counters {
	struct nx_traffic	rx;
	struct nx_traffic	tx;
	struct nx_traffic	tx_local;
	u64			tx_declassed;
	u64			passed;
	u64			syncs;
	u64			wakes;
	u64			bytes_copied;
	u64			bytes_summed;
	u64			drops[NEXUS_NR_DROP_REASONS];
};

#endif /* NX_COUNTERS_H */
