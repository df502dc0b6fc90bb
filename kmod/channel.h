/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A channel: an open file of /dev/nexus that is attached to a port of a nexus.
 */
#ifndef NX_CHANNEL_H
#define NX_CHANNEL_H

#include <linux/kref.h>
#include <linux/mm_types.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include "compat.h"
#include "pool.h"
#include "queue.h"
#include "region.h"
#include "tend.h"

struct nx_flow;
struct nx_nexus;
struct nx_user;

/**
 * struct nx_flow_slot - a flow index of a channel
 * @flow:       or NULL; read under RCU, written under the nexus's lock
 * @generation: of the flow that has it, or of the last one that had it
 */
struct nx_flow_slot {
	struct nx_flow __rcu	*flow;
	u32			generation;
};

/* What a discipline drops is counted without the lock of any queue. */
enum nx_queue_drop {
	NX_QUEUE_DROP_QUEUE,	/* NEXUS_DROP_TX_QUEUE */
	NX_QUEUE_DROP_EXPIRED,	/* NEXUS_DROP_TX_EXPIRED */
	NX_NR_QUEUE_DROPS,
};

/**
 * struct nx_offence - what a channel was quarantined for
 * @is_claimed: the first offender has it, by cmpxchg, and writes the rest once
 * @violation: enum nexus_violation; the last to be written, see
 *             nx_channel_offence()
 * @queue:     where
 * @index:     the ring index
 * @value:     what stood there
 */
struct nx_offence {
	u32	is_claimed;
	u32	violation;
	u32	queue;
	u32	index;
	u32	value;
};

/**
 * enum nx_life - how far the life of a channel's memory has got
 * @NX_LIFE_ACTIVE:   it is the process's
 * @NX_LIFE_DRAINING: it is being taken back: no packet begins any more
 * @NX_LIFE_DEFUNCT:  it is gone, and the process's mappings show private pages
 * @NX_LIFE_CLOSED:   nobody has the file any more
 *
 * It only grows; see nx_channel_advance(). What the process is told, and why no
 * packet passes, is nx_channel.state.
 */
enum nx_life {
	NX_LIFE_ACTIVE,
	NX_LIFE_DRAINING,
	NX_LIFE_DEFUNCT,
	NX_LIFE_CLOSED,
};

/**
 * struct nx_channel - an attached file
 * @refs:     the file's, each flow's, and that of each CPU that has one of its
 *            queues to wake
 * @nexus:    of which it holds a reference
 * @node:     in nx_nexus.channels, under that nexus's lock
 * @id:       unique in the host
 * @port:     of the nexus
 * @flags:    NEXUS_ATTACH_*
 * @mm:       the address space that attached; nobody else may use the channel
 * @pid, @comm, @uid: who attached
 * @user:     whom its bytes are charged to, under the nexus's lock
 * @user_bytes: how many
 * @state:    enum nexus_channel_state; only grows, by cmpxchg
 * @offence:  first one
 * @punish:   kills who attached, if the policy says so
 * @life:     enum nx_life; only grows, by cmpxchg
 * @defunct_reason: enum nexus_defunct_reason, or 0; written before @state is
 *            DEFUNCT, by who changed @life to DRAINING
 * @inode:    whose mappings are this channel's and nobody else's
 * @map_lock: protects what the mappings show: a fault holds it for reading, and
 *            who takes pages away for writing; under the mmap_lock
 * @is_redirected: the mappings show private pages; under @map_lock, and never
 *            taken back
 * @tend:     what becomes of its pool when nobody uses it
 * @regions:  what the process maps
 * @pool:     its buffers
 * @flows:    by index, @nr_flow_slots of them
 * @nr_flows: used of them; under the nexus's table's lock
 * @first_free: no index below is free; likewise
 * @half_open: accepted connections whose peer has not answered, the oldest first;
 *            likewise
 * @nr_half_open: of them
 * @ll_permille: granted to its flows of the low-latency class; under the nexus's
 *            lock
 * @queue_drops: by a discipline: enum nx_queue_drop
 * @free:     frees it a grace period after the last reference
 * @nr_queues: of @queues
 * @queues:   not in here: together they would fill half of a second page
 */
struct nx_channel {
	struct kref		refs;
	struct nx_nexus		*nexus;
	struct list_head	node;
	u32			id;
	u32			port;
	u32			flags;
	struct mm_struct	*mm;
	struct pid		*pid;
	char			comm[TASK_COMM_LEN];
	kuid_t			uid;
	struct nx_user		*user;
	u64			user_bytes;
	u32			state;
	struct nx_offence	offence;
	struct work_struct	punish;
	u32			life;
	u32			defunct_reason;
	struct inode		*inode;
	struct rw_semaphore	map_lock;
	bool			is_redirected;
	struct nx_tend		tend;
	struct nx_region	regions[NEXUS_NR_REGIONS];
	struct nx_pool		pool;
	struct nx_flow_slot	*flows;
	u32			nr_flow_slots;
	u32			nr_flows;
	u32			first_free;
	struct list_head	half_open;
	u32			nr_half_open;
	u32			ll_permille;
	atomic64_t		queue_drops[NX_NR_QUEUE_DROPS];
	struct rcu_work		free;
	u32			nr_queues;
	struct nx_queue		*queues;
};

/* Frees channels after their last reader, and tends the others. */
extern struct workqueue_struct *nx_wq;

int nx_channel_init(void);
void nx_channel_flush(void);
void nx_channel_exit(void);
struct nx_channel *nx_channel_attach(struct net *net, struct inode *inode,
				     struct nexus_attach *arg);
void nx_channel_detach(struct nx_channel *chan);
void nx_channel_forget(struct nx_channel *chan);
void nx_channel_empty(struct nx_channel *chan);
bool nx_channel_mark(struct nx_channel *chan, u32 state);
void nx_channel_wake(struct nx_channel *chan);
void nx_channel_stop(struct nx_channel *chan, u32 state);
bool nx_channel_advance(struct nx_channel *chan, enum nx_life life);
void nx_channel_quarantine(struct nx_queue *q, u32 violation, u32 index, u32 value);
struct nx_offence nx_channel_offence(const struct nx_channel *chan);
void nx_channel_put(struct nx_channel *chan);
void nx_channel_count(const struct nx_channel *chan, struct nx_counters *sum);
void nx_channel_status(struct nx_channel *chan, struct nexus_status *status);

static inline void nx_channel_get(struct nx_channel *chan)
{
	kref_get(&chan->refs);
}

static inline bool nx_channel_is_active(const struct nx_channel *chan)
{
	return READ_ONCE(chan->state) == NEXUS_CHANNEL_ACTIVE;
}

/*
 * Does @flow still have its index? Asked under a queue's rx_lock: who gives a
 * connection up takes the index away first, and then waits for that lock.
 */
static inline bool nx_channel_has_flow(const struct nx_channel *chan, u32 idx,
				       const struct nx_flow *flow)
{
	return rcu_access_pointer(chan->flows[idx].flow) == flow;
}

#endif /* NX_CHANNEL_H */
