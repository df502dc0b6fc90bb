/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What transports need from the stack: the endpoints' table, packets, and the
 * way into TX.
 */
#ifndef _NX_STACK_INTERNAL_H
#define _NX_STACK_INTERNAL_H

#include <errno.h>

#include <nexus/stack.h>

#include "../ip/source.h"

#define nx_likely(x)	__builtin_expect(!!(x), 1)
#define nx_unlikely(x)	__builtin_expect(!!(x), 0)

/*
 * Bytes before the payload of a packet to send: IPv4 with options or IPv6, and
 * TCP with options (60 + 60), rounded up to whole cache lines.
 */
#define NX_HEADROOM		128

/*
 * Slices of super-packets that may be in the program's hands at once; the
 * program's memory is touched only as far as they are.
 */
#define NX_NR_SLICES		4096

/*
 * Small buffers that are kept near, if the pool has many times more: those that a
 * few round trips of TCP have under way.
 */
#define NX_NEAR_MAX		16
#define NX_NEAR_SHARE		16	/* of the small ones, at most one in */

/* Packets that a run receives if nothing else is said. */
#define NX_BUDGET		256

/**
 * struct nx_sink - the transport's end of a flow
 * @input: takes a packet and owns it
 * @fresh_input: what @input becomes when the stale packets are gone
 * @event: an event that names the flow
 * @close: the stack closes: free the endpoint
 * @lost:  the channel is defunct: drop the packets that the endpoint keeps
 * @again: there is another channel: add the flow anew; 0 or -errno; NULL: the
 *         endpoint ends with its flow
 * @reset: tell the program that what was under way is lost; @err: ENETRESET, or
 *         why the flow could not be added; or NULL
 * @prev, @next: in the stack's list
 * @stack: the stack
 * @flow:  index; NEXUS_FLOW_NONE while it has none
 * @nr_stale: packets in RX that belong to the index's former owner
 */
struct nx_sink {
	void		(*input)(struct nx_sink *sink, struct nexus_packet *pkt);
	void		(*fresh_input)(struct nx_sink *sink,
				       struct nexus_packet *pkt);
	void		(*event)(struct nx_sink *sink,
				 const struct nexus_event *event);
	void		(*close)(struct nx_sink *sink);
	void		(*lost)(struct nx_sink *sink);
	int		(*again)(struct nx_sink *sink);
	void		(*reset)(struct nx_sink *sink, int err);
	struct nx_sink	*prev;
	struct nx_sink	*next;
	struct nexus_stack *stack;
	uint32_t	flow;
	uint32_t	nr_stale;
};

/**
 * struct nx_stash - buffers of one size that the stack keeps: small ones that are
 *                   near, see nx_packet_put_near(), and what found FREE full
 * @bufs: room for all of that size
 * @nr:   how many
 */
struct nx_stash {
	uint32_t	*bufs;
	uint32_t	nr;
};

/**
 * struct nx_moved - counters as struct nexus_ustats has them
 */
struct nx_moved {
	uint64_t	rx_packets;
	uint64_t	rx_bytes;
	uint64_t	tx_packets;
	uint64_t	tx_bytes;
};

/**
 * struct nx_transport - what TCP adds to a stack; embedded in what it keeps
 * @unclaimed: takes a packet of a flow that has no sink, and owns it
 * @flush:     puts what connections have to send into TX
 * @lost:      the channel is defunct: all that has no sink yet gets one
 * @exit:      the stack closes, all sinks are gone: free it
 * @has_work:  @flush has something to do, before the thread sleeps
 * @is_urgent: and it is to be done now
 */
struct nx_transport {
	void		(*unclaimed)(struct nexus_stack *stack, uint32_t flow,
				     struct nexus_packet *pkt);
	void		(*flush)(struct nexus_stack *stack);
	void		(*lost)(struct nexus_stack *stack);
	void		(*exit)(struct nexus_stack *stack);
	bool		has_work;
	bool		is_urgent;
};

/**
 * struct nx_past - what a program still keeps packets of
 * @next:    earlier one
 * @channel: defunct; its buffers are zeros that nobody else sees
 * @packets: of its buffers
 * @packets_len: of the mapping at @packets, bytes
 */
struct nx_past {
	struct nx_past		*next;
	struct nexus_channel	*channel;
	struct nexus_packet	*packets;
	size_t			packets_len;
};

/**
 * struct nx_retry - attempts to attach anew
 * @err:     what the last one said; 0: there was none, or it succeeded
 * @wait_ns: from that one to the next
 * @at_ns:   when that is, on the stack's clock
 */
struct nx_retry {
	int		err;
	uint64_t	wait_ns;
	uint64_t	at_ns;
};

/**
 * struct nexus_stack - a stack
 *
 * Receive and transmit:
 * @is_ours:   reads 0 in a child
 * @state:     of the channel, in its schema
 * @queue:     that the stack drives
 * @channel:   that the queue is of
 * @packets:   one for each buffer of the channel, then NX_NR_SLICES
 * @sinks:     by flow index
 * @nr_buffers: of the channel
 * @nr_flows:  entries in @sinks
 * @small_room: longest payload that a small buffer holds behind NX_HEADROOM
 * @is_tx_blocked: packets stayed in TX when the kernel was last called
 * @is_running: within nexus_stack_run() or _poll()
 * @run_ns:   the clock as this run has read it; 0: it has not yet
 * @ip_id:     next IPv4 identification
 * @tcp:       TCP's part, once it is used
 * @moved:     what the stack reports of itself; of a shared channel, what it
 *             has not reported yet
 *
 * Control:
 * @budget:    packets a run
 * @refill:    buffers in FREE that are worth a system call
 * @alloc_keep: small buffers that are left in ALLOC when there are more than
 * @alloc_max: a good deal more, so that not every call moves some
 * @near_max: small buffers that are kept near
 * @owns_channel: close it with the stack
 * @is_closing: and that is about to happen
 * @is_out_watched: @epoll_fd waits for space in TX as well
 * @epoll_fd:  what the program polls of a channel that may become defunct: it
 *             stays the same when the channel becomes another; or -1
 * @reopen:    how to open that other one
 * @nexus:     name in @reopen
 * @retry:     of an attempt that was refused
 * @nr_held_at_first: held_sum() of the rings when nothing was held
 * @past:      defunct channels of which the program may keep packets
 * @first:     list of sinks
 * @orphans:   those whose flows are still to be added to another channel
 * @dead:      endpoints closed within a run, freed at its end
 * @slices:    slices that were used and are free
 * @nr_slices: slices that were ever used
 * @packets_len: of the mapping at @packets, bytes
 * @kept:      by slot of TX: a packet whose buffer the kernel will read, with a
 *             reference, or NULL
 * @kept_from: index of the first slot of @kept that is looked at next
 * @nr_kept:   packets in @kept
 * @nr_keeps:  descriptors that left the buffer ours, free running
 * @stash:     by size class
 * @timers:    heap of armed timers, the earliest at 1
 * @nr_timers: in it
 * @timers_size: room in it
 * @clock, @clock_arg: the program's, or NULL
 * @event, @event_arg: the program's, or NULL
 * @source:    source addresses
 */
struct nexus_stack {
	const uint32_t		*is_ours;
	const uint32_t		*state;
	struct nexus_queue	*queue;
	struct nexus_channel	*channel;
	struct nexus_packet	*packets;
	struct nx_sink		**sinks;
	uint32_t		nr_buffers;
	uint32_t		nr_flows;
	uint32_t		small_room;
	bool			is_tx_blocked;
	bool			is_running;
	uint64_t		run_ns;
	uint16_t		ip_id;
	struct nx_transport	*tcp;
	struct nx_moved		moved;

	uint32_t		budget;
	uint32_t		refill;
	uint32_t		alloc_keep;
	uint32_t		alloc_max;
	uint32_t		near_max;
	bool			owns_channel;
	bool			is_closing;
	bool			is_out_watched;
	int			epoll_fd;
	struct nexus_channel_options reopen;
	char			nexus[NEXUS_NAME_SIZE];
	struct nx_retry		retry;
	uint32_t		nr_held_at_first;
	struct nx_past		*past;
	struct nx_sink		*first;
	struct nx_sink		*orphans;
	struct nx_sink		*dead;
	struct nexus_packet	*slices;
	uint32_t		nr_slices;
	size_t			packets_len;
	struct nexus_packet	**kept;
	uint32_t		kept_from;
	uint32_t		nr_kept;
	uint32_t		nr_keeps;
	struct nx_stash		stash[NEXUS_NR_SIZES];
	struct nexus_timer	**timers;
	uint32_t		nr_timers;
	uint32_t		timers_size;
	uint64_t		(*clock)(void *arg);
	void			*clock_arg;
	void			(*event)(struct nexus_stack *stack,
					 const struct nexus_event *event,
					 void *arg);
	void			*event_arg;
	struct nx_source_cache	source;
};

/* ---------------------------------------------------------------- state */

/* Two loads when all is well. A state is never left for ACTIVE again. */
static inline bool nx_stack_is_usable(const struct nexus_stack *stack)
{
	return nx_likely(*stack->is_ours &&
			 __atomic_load_n(stack->state, __ATOMIC_RELAXED) ==
			 NEXUS_CHANNEL_ACTIVE);
}

/* 0, -EPERM, -EPROTO or -ENXIO. */
static inline int nx_stack_check(const struct nexus_stack *stack)
{
	return nx_stack_is_usable(stack) ? 0 :
					   nexus_channel_check(stack->channel);
}

/*
 * Puts the stack on another channel if its own is defunct; else, or if there is
 * none, as nx_stack_check().
 */
int nx_stack_revive(struct nexus_stack *stack);

/* The same as nx_stack_check() where another channel can take over. */
static inline int nx_stack_enter(struct nexus_stack *stack)
{
	return nx_stack_is_usable(stack) ? 0 : nx_stack_revive(stack);
}

/* revive.c: the parts of opening and closing that concern another channel. */
int nx_stack_prepare_revival(struct nexus_stack *stack,
			     const struct nexus_channel_options *options);
void nx_stack_free_past(struct nexus_stack *stack);
/* Its channel is defunct, or was, and another one takes over with the next use. */
bool nx_stack_is_lost(const struct nexus_stack *stack);
/* How long until a stack that is lost tries again to attach; 0: with the next use. */
uint64_t nx_stack_revival_ns(const struct nexus_stack *stack);
/* The epoll waits for what nexus_stack_poll_events() would say. */
void nx_stack_watch(struct nexus_stack *stack);

/* stack.c: puts the stack on @stack->channel; and undoes it. */
int nx_stack_settle(struct nexus_stack *stack);
void nx_stack_free_tables(struct nexus_stack *stack);

/* ---------------------------------------------------------------- sinks */

/*
 * Adds the bound socket @fd as a flow whose packets go to @sink. @flow: in: fd
 * and traffic class; out: all else. 0 or -errno.
 */
int nx_stack_flow_add(struct nexus_stack *stack, struct nx_sink *sink,
		      struct nexus_flow_add *flow);

/* Packets of @flow, which the kernel has made by itself, go to @sink. */
void nx_stack_claim(struct nexus_stack *stack, struct nx_sink *sink,
		    uint32_t flow);

/* And no more: the flow is the kernel's, or nobody's. */
void nx_stack_unclaim(struct nexus_stack *stack, struct nx_sink *sink);

void nx_stack_drain(struct nexus_stack *stack);

/* Ends the flow; no packet reaches @sink any more. */
void nx_stack_flow_del(struct nexus_stack *stack, struct nx_sink *sink,
		       uint32_t generation);

/* All sinks become orphans, without a flow. */
void nx_stack_orphan_sinks(struct nexus_stack *stack);

/* One of them, which is an orphan no more, or NULL; the caller adds it. */
struct nx_sink *nx_stack_take_orphan(struct nexus_stack *stack);

/* Keeps a sink that has no flow. */
void nx_stack_keep_sink(struct nexus_stack *stack, struct nx_sink *sink);

/* Frees @sink's object, with free(), now or when the run is over. */
void nx_stack_free_sink(struct nexus_stack *stack, struct nx_sink *sink);
void nx_stack_free_dead(struct nexus_stack *stack);

/* -------------------------------------------------------------- packets */

/* The first time that a buffer is seen. */
void nx_packet_init(struct nexus_stack *stack, struct nexus_packet *pkt,
		    uint32_t buf);

/*
 * A buffer's packet. While the buffer is nobody's, and when it comes, the packet
 * has no parts behind it and one reference.
 */
static inline struct nexus_packet *nx_packet_of(struct nexus_stack *stack,
						uint32_t buf)
{
	struct nexus_packet *pkt = &stack->packets[buf];

	if (nx_unlikely(!pkt->base))
		nx_packet_init(stack, pkt, buf);
	return pkt;
}

/* A slice never has one reference: its buffers are the whole packet's. */
#define NX_SLICE_REFS	2

/*
 * A packet of a channel that is no more: however often it is put, its buffer
 * goes nowhere. More than slices of one packet can ever be.
 */
#define NX_STALE_REFS	(1U << 30)

static inline bool nx_packet_is_stale(const struct nexus_packet *pkt)
{
	return pkt->refs >= NX_STALE_REFS / 2;
}

/* May the packet's headers be written and its buffers sent? */
static inline bool nx_packet_is_exclusive(const struct nexus_packet *pkt)
{
	return pkt->refs == 1;
}

/*
 * A datagram of a super-packet: @len bytes at @off of @pkt's payload, in one
 * part or several, sharing @pkt's buffers. NULL if no slice is left.
 */
struct nexus_packet *nx_packet_slice(struct nexus_stack *stack,
				     struct nexus_packet *pkt, size_t off,
				     size_t len);

/*
 * Sum of @len bytes of a received packet from @off of its first byte, headers
 * included, to be folded by nexus_wire_fold().
 */
uint32_t nx_packet_sum(const struct nexus_packet *pkt, uint32_t sum,
		       size_t off);

/* ------------------------------------------------------------- transmit */

/* As nexus_stack_flush(), on the channel that there is. */
int nx_stack_flush(struct nexus_stack *stack);

/* As nexus_packet_alloc(), from the channel that there is. */
int nx_packet_alloc(struct nexus_stack *stack, size_t len,
		    struct nexus_packet **pkt);

/*
 * The same pair, for who gives back about as much as it takes, as TCP does with what
 * it received and what was acknowledged, and what it sends: a small buffer stays
 * here and is the next one, while it is in the cache, and makes no way through FREE,
 * the pool and ALLOC.
 */
int nx_packet_alloc_near(struct nexus_stack *stack, size_t len,
			 struct nexus_packet **pkt);
void nx_packet_put_near(struct nexus_stack *stack, struct nexus_packet *pkt);

/* Makes room in TX by a system call. */
bool nx_stack_make_room(struct nexus_stack *stack, uint32_t nr);

/* Sends what stands in TX and tops up ALLOC, by a system call. */
void nx_stack_refill(struct nexus_stack *stack);

/*
 * What happens in one run of the loop happens at one time: the clock costs as much
 * as what is done with it. A run that takes a while forgets it, see run_ns.
 */
static inline uint64_t nx_stack_run_ns(struct nexus_stack *stack)
{
	if (!stack->is_running)
		return nexus_stack_now_ns(stack);
	if (!stack->run_ns)
		stack->run_ns = nexus_stack_now_ns(stack);
	return stack->run_ns;
}


/* Writes the descriptors of the parts behind the first one, and parts them. */
void nx_stack_tx_parts(struct nexus_stack *stack, struct nexus_packet *pkt,
		       uint32_t flow);

static inline void nx_desc_fill(struct nexus_desc *d,
				const struct nexus_packet *pkt, uint32_t off,
				uint32_t len, uint32_t flow, uint32_t flags)
{
	*d = (struct nexus_desc) {
		.buf	= pkt->buf,
		.off	= off,
		.len	= len,
		.flow	= flow,
		.flags	= flags,
	};
}

/*
 * Is there room for a packet of @nr parts? If need be by a system call. Asked
 * before the headers are written, because they may overwrite those of the
 * request that is being answered.
 */
static inline bool nx_stack_tx_reserve(struct nexus_stack *stack, uint32_t nr)
{
	return nx_likely(nexus_tx_reserve(stack->queue, nr)) ||
	       nx_stack_make_room(stack, nr);
}

/* Is there room for one descriptor, as far as can be told without looking? */
static inline bool nx_stack_has_slot(const struct nexus_stack *stack)
{
	const struct nexus_ring *ring = &stack->queue->rings[NEXUS_RING_TX];

	return ring->own - ring->other != ring->nr_slots;
}

/* Writes the first descriptor of a packet whose headers lie at @pkt->head. */
static inline void nx_stack_tx_fill(struct nexus_stack *stack,
				    const struct nexus_packet *pkt,
				    uint32_t flow, uint32_t flags,
				    uint8_t traffic_class)
{
	struct nexus_desc *d = nexus_tx_slot(stack->queue, 0);

	nx_desc_fill(d, pkt, (uint32_t)(pkt->head - pkt->base),
		     (uint32_t)(pkt->data + pkt->len - pkt->head), flow, flags);
	d->traffic_class = traffic_class;
}

/* Queues @nr filled descriptors of a packet, which is the kernel's then. */
static inline void nx_stack_tx_submit(struct nexus_stack *stack,
				      const struct nexus_packet *pkt,
				      uint32_t nr)
{
	stack->moved.tx_packets++;
	stack->moved.tx_bytes += pkt->total_len;
	nexus_tx_submit(stack->queue, nr);
}

/* ------------------------------------------------- packets that stay ours */

/*
 * The descriptor in the @i-th reserved slot names a buffer of @pkt with
 * NEXUS_DESC_KEEP: until the kernel has taken it, @pkt has one reference more.
 */
static inline void nx_stack_keep(struct nexus_stack *stack, uint32_t i,
				 struct nexus_packet *pkt)
{
	const struct nexus_ring *ring = &stack->queue->rings[NEXUS_RING_TX];
	uint32_t at = ring->own + i;

	pkt->refs++;
	stack->nr_keeps++;
	if (!stack->nr_kept++)
		stack->kept_from = at;
	stack->kept[at & ring->mask] = pkt;
}

/* Puts those that the kernel has taken, as far as its index was seen. */
void nx_stack_put_kept(struct nexus_stack *stack);

/* ------------------------------------------------------ clock and timers */

/* Time for what need not be exact: a clock that costs next to nothing. */
uint64_t nx_stack_coarse_ns(const struct nexus_stack *stack);

/* Fires what is due. */
void nx_timers_run(struct nexus_stack *stack);

#endif /* _NX_STACK_INTERNAL_H */
