/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tending channels: what they do not need goes back, what nobody uses goes.
 */
#ifndef NX_TEND_H
#define NX_TEND_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include "core/wset.h"

struct nx_channel;
struct nx_pool;

/**
 * struct nx_tend - what is known of a channel's use
 * @node:       in the list of all channels, and @round: of the last pass that
 *              came by; under tend.c's lock
 * @lock:       held while the channel is tended: protects @wset, @nr_packets and
 *              @is_over
 * @is_over:    its file is closed: it is tended no more
 * @wset:       of its pool
 * @nr_packets: that had passed at the last sample
 * @last_use:   jiffies of the process's last call
 */
struct nx_tend {
	struct list_head	node;
	u32			round;
	struct mutex		lock;
	bool			is_over;
	struct nx_wset		wset;
	u64			nr_packets;
	unsigned long		last_use;
};

void nx_tend_begin(struct nx_channel *chan);
void nx_tend_end(struct nx_channel *chan);
void nx_tend_watch(struct nx_pool *pool);
void nx_tend_pin(struct nx_channel *chan, u32 target);
void nx_tend_unpin(struct nx_channel *chan);
void nx_tend_soon(unsigned long delay);
int nx_tend_init(void);
void nx_tend_exit(void);

#endif /* NX_TEND_H */
