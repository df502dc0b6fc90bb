/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One queue of a channel: its rings as the kernel sees them, and who sleeps on
 * it.
 */
#ifndef NX_QUEUE_H
#define NX_QUEUE_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "core/batch.h"
#include "core/budget.h"
#include "core/desc.h"
#include "core/ring.h"
#include "alarm.h"
#include "brake.h"
#include "counters.h"
#include "dest.h"
#include "delay.h"
#include "tx.h"

struct nx_channel;

/**
 * struct nx_ring - one ring, seen from the kernel
 * @slots: in the region of who produces
 * @prod:  the producer's index, in that region
 * @cons:  the consumer's index, in the other one
 * @mask:  slots less one
 * @here:  the kernel's own index; what lies in shared memory is a copy of it
 * @there: the other side's index as it was last seen, and found valid
 */
struct nx_ring {
	void	*slots;
	u32	*prod;
	u32	*cons;
	u32	mask;
	u32	here;
	u32	there;
};

/* Two batches at the most: one that was just taken, and one to give back. */
#define NX_RX_CACHE	(2 * NX_BATCH_MAX)

/**
 * struct nx_rx_parts - the buffers that a packet is copied into
 * @nr:   of them
 * @size: bytes of each
 * @buf:  their indices; all but the last one are filled
 */
struct nx_rx_parts {
	u32	nr;
	u32	size;
	u32	buf[NEXUS_PARTS_MAX];
};

/* Bits of nx_queue.armed: what a sleeper waits for. */
#define NX_ARMED_RX	1U
#define NX_ARMED_TX	2U

/**
 * struct nx_queue - one queue of a channel
 * @chan:      whose
 * @idx:       in nx_channel.queues
 *
 * @tx_lock:   protects what stands up to @rx_lock; taken by who syncs
 * @tx:        packets that the user sends
 * @alloc:     buffers offered to the user, by size
 * @dests:     where the last packets went
 * @run:       the call that sends now
 * @budget:    packets that it sends in a row
 * @tx_count:  sent
 * @tx_local:  of them to a channel of this host
 * @tx_drops:  refused, by reason
 * @tx_copied, @tx_summed: bytes
 * @tx_declassed: packets that claimed a class which their flow has not
 * @syncs:     calls
 *
 * @rx_lock:   protects what stands up to @wait; bottom halves off; taken under
 *             a sender's @tx_lock, or in softirq
 * @rx:        packets that arrived
 * @free:      buffers that the user gives back
 * @event:     what happened
 * @cache, @nr_cache: small buffers at hand for what arrives
 * @cache_max: at most so many of them, lest a small pool starves ALLOC
 * @rx_parts:  of the packet that is being delivered
 * @brake:     who waits because @rx is filling up
 * @rx_count, @rx_drops, @rx_copied, @rx_summed: likewise
 *
 * @wait:      who sleeps, or polls
 * @armed:     NX_ARMED_*: what for; set by the sleeper, cleared by the waker
 * @wakes:     how often
 * @wake_next: in a CPU's list of queues to wake
 * @is_waking: is in one
 * @is_urgent: a packet of the low-latency class came: its wake is never held
 * @alarm:     when who sleeps wants to be woken at the latest
 * @delay:     whether, and for how long, a wake for packets is held
 * @holds:     whose wake is held because of packets that were sent from here; with a
 *             reference of its channel, until its timer's end
 */
struct nx_queue {
	struct nx_channel	*chan;
	u32			idx;

	struct mutex		tx_lock;
	struct nx_ring		tx;
	struct nx_ring		alloc[NEXUS_NR_SIZES];
	struct nx_traffic	tx_count;
	struct nx_traffic	tx_local;
	u64			tx_drops[NEXUS_NR_DROP_REASONS];
	u64			tx_copied;
	u64			tx_summed;
	u64			tx_declassed;
	u64			syncs;
	bool			is_tx_blocked;
	struct nx_dest		dests[NX_NR_DESTS];
	struct nx_tx_run	run;
	struct nx_budget	budget;

	spinlock_t		rx_lock ____cacheline_aligned_in_smp;
	struct nx_ring		rx;
	struct nx_ring		free;
	struct nx_ring		event;
	u32			nr_cache;
	u32			cache_max;
	struct nx_traffic	rx_count;
	u64			rx_copied;
	u64			rx_summed;
	u64			rx_drops[NEXUS_NR_DROP_REASONS];
	u32			cache[NX_RX_CACHE];
	struct nx_rx_parts	rx_parts;
	struct nx_brake		brake;

	wait_queue_head_t	wait ____cacheline_aligned_in_smp;
	atomic_t		armed;
	atomic_t		is_waking;
	atomic64_t		wakes;
	struct nx_queue		*wake_next;
	bool			is_urgent;
	struct nx_alarm		alarm;
	struct nx_delay		delay;
	struct nx_queue		*holds;
};

#endif /* NX_QUEUE_H */
