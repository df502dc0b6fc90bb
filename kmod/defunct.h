/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Defunct: the memory of a channel is taken back while its process maps it.
 */
#ifndef NX_DEFUNCT_H
#define NX_DEFUNCT_H

#include <linux/types.h>
#include <linux/nexus_netlink.h>

struct net;
struct nx_channel;
struct pid;

/**
 * struct nx_defunct_who - whose channels are meant; one of the fields
 * @pid:       those of this process
 * @cgroup_id: those of the processes of this cgroup and of those below
 */
struct nx_defunct_who {
	struct pid	*pid;
	u64		cgroup_id;
};

/**
 * struct nx_defunct_sum - what became of them
 * @nr:      taken back
 * @nr_kept: that had not agreed
 */
struct nx_defunct_sum {
	u32	nr;
	u32	nr_kept;
};

int nx_defunct(struct nx_channel *chan, enum nexus_defunct_reason reason);
void nx_defunct_all(struct net *net, const struct nx_defunct_who *who,
		    enum nexus_defunct_reason reason,
		    struct nx_defunct_sum *sum);

#endif /* NX_DEFUNCT_H */
