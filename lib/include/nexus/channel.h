/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A channel of /dev/nexus: opening it, its rings as inline verbs, its buffers,
 * its flows, and the one system call that moves packets.
 *
 * Most programs use <nexus/stack.h>, which does all of this for them.
 *
 * Threads: a channel may be shared, a queue may not: all verbs of one queue
 * belong to one thread at a time. nexus_channel_flow_add() and _del() may be
 * called from any thread. After fork() the child must not use the channel: its
 * mappings are not there.
 *
 * Errors: every function that can fail returns a negative errno value;
 * nexus_strerror() has a text for it and nexus_error_text() tells the details
 * of the last failure in the calling thread.
 */
#ifndef _NEXUS_CHANNEL_H
#define _NEXUS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/nexus.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* ----------------------------------------------------------- structures */

/**
 * struct nexus_ring - the process's end of one ring
 * @prod:     producer's index, shared with the kernel
 * @cons:     consumer's index, shared with the kernel
 * @slots:    the slots
 * @nr_slots: a power of two
 * @mask:     @nr_slots - 1
 * @own:      index that this end writes, the truth of it: the shared word is
 *            only ever stored to, because a process may scribble over it
 * @other:    index of the other end as last seen
 */
struct nexus_ring {
	uint32_t	*prod;
	uint32_t	*cons;
	void		*slots;
	uint32_t	nr_slots;
	uint32_t	mask;
	uint32_t	own;
	uint32_t	other;
};

/**
 * struct nexus_queue - one set of rings; used by one thread at a time
 * @channel: that it belongs to
 * @index:   of this queue in the channel
 * @rings:   by enum nexus_ring_id
 */
struct nexus_queue {
	struct nexus_channel	*channel;
	uint32_t		index;
	uint32_t		reserved;
	struct nexus_ring	rings[NEXUS_NR_RINGS];
};

/**
 * struct nexus_channel - an attached channel; made by nexus_channel_open()
 * @fd:          the file, for poll() and epoll
 * @nr_queues:   queues
 * @queues:      the queues
 * @schema:      the kernel's description of the channel, read only
 * @features:    NEXUS_FEATURE_* of the kernel
 * @buffers:     first byte of the pool
 * @nr_buffers:  of all size classes
 * @nr_flows:    most flows, and entries of the flow advisory
 * @sizes:       size classes of the pool
 * @advisory:    the nexus's advisory, read only
 * @flow_advisory: of flow 0, read only
 * @flow_advisory_size: from one flow's entry to the next, bytes
 * @ustats:      what the library reports of itself
 * @reports:     and of the connection of flow 0; NULL: the kernel shows none
 *
 * Programs read these fields and change none.
 */
struct nexus_channel {
	int				fd;
	uint32_t			nr_queues;
	struct nexus_queue		*queues;
	const struct nexus_schema	*schema;
	uint64_t			features;
	uint8_t				*buffers;
	uint32_t			nr_buffers;
	uint32_t			nr_flows;
	struct nexus_size_class		sizes[NEXUS_NR_SIZES];
	const struct nexus_advisory	*advisory;
	const uint8_t			*flow_advisory;
	uint32_t			flow_advisory_size;
	uint32_t			reserved;
	struct nexus_ustats		*ustats;
	struct nexus_tcp_report		*reports;
};

/**
 * struct nexus_backend - what stands for the kernel, for simulators
 * @open:   returns a descriptor or -errno
 * @ioctl:  0 or -errno
 * @mmap:   address or MAP_FAILED, errno set
 * @munmap: undoes @mmap
 * @close:  undoes @open
 *
 * @arg is handed to each. All must be given.
 */
struct nexus_backend {
	int	(*open)(void *arg);
	int	(*ioctl)(void *arg, int fd, unsigned long request, void *data);
	void	*(*mmap)(void *arg, int fd, size_t len, int prot, uint64_t off);
	int	(*munmap)(void *arg, void *addr, size_t len);
	int	(*close)(void *arg, int fd);
};

/* Flag of struct nexus_channel_options: @port names the wanted port. */
#define NEXUS_CHANNEL_PORT		(1U << 0)
/* The kernel may take the channel's memory back while the program sleeps. */
#define NEXUS_CHANNEL_DEFUNCT_OK	(1U << 1)

/**
 * struct nexus_channel_options - argument of nexus_channel_open()
 * @name:        of the nexus; NULL: the only one of this network namespace
 * @port:        wanted, with NEXUS_CHANNEL_PORT in @flags
 * @flags:       NEXUS_CHANNEL_*
 * @nr_queues:   1 to NEXUS_QUEUES_MAX
 * @tx_slots:    a power of two
 * @rx_slots:    a power of two
 * @event_slots: a power of two
 * @nr_small:    buffers of NEXUS_SMALL_SIZE bytes
 * @nr_large:    buffers of NEXUS_LARGE_SIZE bytes
 * @nr_flows:    most flows
 * @backend:     NULL: /dev/nexus
 * @backend_arg: argument of @backend's functions
 * @reserved:    0
 *
 * A number that is 0 takes the kernel's default.
 */
struct nexus_channel_options {
	const char			*name;
	uint32_t			port;
	uint32_t			flags;
	uint32_t			nr_queues;
	uint32_t			tx_slots;
	uint32_t			rx_slots;
	uint32_t			event_slots;
	uint32_t			nr_small;
	uint32_t			nr_large;
	uint32_t			nr_flows;
	const struct nexus_backend	*backend;
	void				*backend_arg;
	uint64_t			reserved[4];
};

/* --------------------------------------------------------------- errors */

/**
 * nexus_strerror - text for an error of this library
 * @err: errno value, negative or positive
 *
 * Return: a text in the terms of nexus ("the channel was quarantined ..."), or
 * that of strerror(). Valid until the thread's next call.
 */
const char *nexus_strerror(int err);

/**
 * nexus_error_text - what exactly failed last in this thread
 *
 * Set by nexus_channel_open(), nexus_channel_flow_add(), nexus_stack_open(),
 * nexus_udp_open() and nexus_udp_adopt() when they fail.
 *
 * Return: one line without newline ("the kernel speaks ABI version 2, this
 * library 1: update the library"); empty if nothing failed. Valid until the
 * thread's next failure.
 */
const char *nexus_error_text(void);

/* -------------------------------------------------------- open and close */

/**
 * nexus_channel_open - open /dev/nexus, attach and map
 * @channel: out
 * @options: NULL: all defaults
 *
 * The kernel's ABI version is checked before anything is mapped, the schema's
 * magic, version, sizes and ring table before any ring is used.
 *
 * Return: 0, or -ENOENT no /dev/nexus (is the module loaded?), -EACCES its file
 * mode, -EPROTONOSUPPORT another ABI version or a schema that this library
 * cannot read, -EINVAL an option out of range, -ENOMEM, or what
 * NEXUS_IOC_ATTACH says (see <linux/nexus.h>).
 */
int nexus_channel_open(struct nexus_channel **channel,
		       const struct nexus_channel_options *options);

/**
 * nexus_channel_close - unmap and close; its flows go back to the kernel
 * @channel: or NULL
 *
 * Everything that points into the channel is invalid afterwards.
 */
void nexus_channel_close(struct nexus_channel *channel);

/**
 * nexus_channel_state - read the state from the schema, no system call
 * @channel: the channel
 *
 * Return: enum nexus_channel_state.
 */
static inline uint32_t nexus_channel_state(const struct nexus_channel *channel)
{
	return __atomic_load_n(&channel->schema->state, __ATOMIC_RELAXED);
}

/**
 * nexus_channel_check - may the channel be used?
 * @channel: the channel
 *
 * No system call.
 *
 * Return: 0, -EPROTO if it is quarantined, -ENXIO if it is detached or defunct,
 * -EPERM after fork().
 */
int nexus_channel_check(const struct nexus_channel *channel);

/**
 * nexus_channel_status - counters and the reason of a quarantine
 * @channel: the channel
 * @status:  out
 *
 * Return: 0 or -errno of NEXUS_IOC_STATUS.
 */
int nexus_channel_status(struct nexus_channel *channel,
			 struct nexus_status *status);

/**
 * nexus_queue_sync - NEXUS_IOC_SYNC: the kernel works on the rings
 * @queue:      the queue
 * @flags:      NEXUS_SYNC_*
 * @timeout_ns: longest sleep with NEXUS_SYNC_WAIT_*; NEXUS_TIMEOUT_NONE: none
 *
 * Return: 0, or -EAGAIN packets stay in TX because the socket's send buffer is
 * full, -ETIME, -EINTR, -EPROTO, -ENXIO, -EPERM after fork().
 */
int nexus_queue_sync(struct nexus_queue *queue, uint32_t flags,
		     int64_t timeout_ns);

/* ---------------------------------------------------------------- flows */

/**
 * nexus_channel_flow_add - make a bound UDP socket a flow of the channel
 * @channel: the channel
 * @add:     in: fd, queue, traffic_class; out: the rest. @size is filled in.
 *
 * The caller keeps the descriptor and may close it; the flow keeps the port.
 *
 * Return: 0, or what NEXUS_IOC_FLOW_ADD says.
 */
int nexus_channel_flow_add(struct nexus_channel *channel,
			   struct nexus_flow_add *add);

/**
 * nexus_channel_flow_del - give a flow's socket back to the kernel
 * @channel:    the channel
 * @flow:       index
 * @generation: as nexus_channel_flow_add() gave it
 *
 * Return: 0, or -ENOENT.
 */
int nexus_channel_flow_del(struct nexus_channel *channel, uint32_t flow,
			   uint32_t generation);

/**
 * nexus_channel_flow_room - how many SYNs a flow beside the kernel's listener may have
 * @channel:    the channel
 * @flow:       index
 * @generation: as nexus_channel_flow_add() gave it
 * @nr:         see NEXUS_IOC_FLOW_ROOM
 *
 * Return: 0 or -errno of NEXUS_IOC_FLOW_ROOM.
 */
int nexus_channel_flow_room(struct nexus_channel *channel, uint32_t flow,
			    uint32_t generation, uint32_t nr);

/**
 * nexus_flow_advisory - what the kernel tells about a flow, no system call
 * @channel: the channel
 * @flow:    index below @channel->nr_flows
 */
static inline const struct nexus_flow_advisory *
nexus_channel_flow_advisory(const struct nexus_channel *channel, uint32_t flow)
{
	return (const struct nexus_flow_advisory *)(channel->flow_advisory +
			(size_t)flow * channel->flow_advisory_size);
}

/* -------------------------------------------------------------- buffers */

/**
 * nexus_channel_buffer - address of a buffer's first byte
 * @channel: the channel
 * @buf:     index below @channel->nr_buffers
 */
static inline uint8_t *
nexus_channel_buffer(const struct nexus_channel *channel, uint32_t buf)
{
	const struct nexus_size_class *sc = &channel->sizes[NEXUS_SMALL];

	if (__builtin_expect(buf - sc->first >= sc->nr, 0))
		sc = &channel->sizes[NEXUS_LARGE];
	return channel->buffers + sc->off + (size_t)(buf - sc->first) * sc->size;
}

/**
 * nexus_channel_buffer_size - bytes of a buffer
 * @channel: the channel
 * @buf:     index below @channel->nr_buffers
 */
static inline uint32_t
nexus_channel_buffer_size(const struct nexus_channel *channel, uint32_t buf)
{
	const struct nexus_size_class *sc = &channel->sizes[NEXUS_SMALL];

	if (buf - sc->first >= sc->nr)
		sc = &channel->sizes[NEXUS_LARGE];
	return sc->size;
}

/* ---------------------------------------------------------------- rings */

/*
 * The memory model, process on the left, kernel on the right. Each index is
 * published with release and read with acquire by the other side; the letter
 * stands at both ends.
 *
 *   TX:     write slots                     load prod, acquire        (A)
 *           store prod, release       (A)   copy slots
 *           load cons, acquire        (B)   store cons, release       (B)
 *           write slots again
 *   RX:     load prod, acquire        (C)   write slots and buffers
 *           read slots and buffers          store prod, release       (C)
 *           store cons, release       (D)   load cons, acquire        (D)
 *   ALLOC:  load prod, acquire        (E)   write slots
 *           read slots                      store prod, release       (E)
 *           store cons, release       (F)   load cons, acquire        (F)
 *   FREE:   write slots                     load prod, acquire        (G)
 *           store prod, release       (G)   copy slots
 *           load cons, acquire        (H)   store cons, release       (H)
 *   EVENT:  load prod, acquire        (I)   write slots
 *           read slots                      store prod, release       (I)
 *           store cons, release       (J)   load cons, acquire        (J)
 *
 * A channel whose memory was taken back reads as zeros: an index that makes no
 * sense counts as an empty ring (consumer) or a full one (producer).
 */

/* Slots that may be filled now; looks at the kernel's index if @want are not. */
static inline uint32_t
nexus_ring_space(struct nexus_ring *ring, uint32_t want)
{
	uint32_t space = ring->nr_slots - (ring->own - ring->other);

	if (__builtin_expect(space >= want, 1))
		return space;
	/* B for TX, H for FREE: pairs with the kernel's release of cons. */
	ring->other = __atomic_load_n(ring->cons, __ATOMIC_ACQUIRE);
	space = ring->nr_slots - (ring->own - ring->other);
	if (__builtin_expect(space > ring->nr_slots, 0)) {
		ring->other = ring->own - ring->nr_slots;
		return 0;
	}
	return space;
}

/* Publish @nr filled slots. */
static inline void nexus_ring_submit(struct nexus_ring *ring, uint32_t nr)
{
	ring->own += nr;
	/* A for TX, G for FREE: pairs with the kernel's acquire of prod. */
	__atomic_store_n(ring->prod, ring->own, __ATOMIC_RELEASE);
}

/* Slots that can be read now; looks at the kernel's index if there is none. */
static inline uint32_t nexus_ring_ready(struct nexus_ring *ring)
{
	uint32_t ready = ring->other - ring->own;

	if (ready)
		return ready;
	/* C for RX, E for ALLOC, I for EVENT: the kernel's release of prod. */
	ring->other = __atomic_load_n(ring->prod, __ATOMIC_ACQUIRE);
	ready = ring->other - ring->own;
	if (__builtin_expect(ready > ring->nr_slots, 0)) {
		ring->other = ring->own;
		return 0;
	}
	return ready;
}

/* Give @nr read slots back. */
static inline void nexus_ring_release(struct nexus_ring *ring, uint32_t nr)
{
	ring->own += nr;
	/* D for RX, F for ALLOC, J for EVENT: the kernel's acquire of cons. */
	__atomic_store_n(ring->cons, ring->own, __ATOMIC_RELEASE);
}

/**
 * nexus_tx_reserve - room for a packet of @nr parts?
 * @queue: the queue
 * @nr:    slots wanted
 *
 * No system call: if there is no room, nexus_queue_sync() with NEXUS_SYNC_TX
 * makes some.
 */
static inline bool nexus_tx_reserve(struct nexus_queue *queue, uint32_t nr)
{
	return nexus_ring_space(&queue->rings[NEXUS_RING_TX], nr) >= nr;
}

/**
 * nexus_tx_slot - the @i-th reserved slot, to be written entirely
 * @queue: the queue
 * @i:     from 0
 */
static inline struct nexus_desc *
nexus_tx_slot(struct nexus_queue *queue, uint32_t i)
{
	struct nexus_ring *ring = &queue->rings[NEXUS_RING_TX];

	return (struct nexus_desc *)ring->slots +
		((ring->own + i) & ring->mask);
}

/**
 * nexus_tx_submit - hand @nr reserved and written slots to the kernel
 * @queue: the queue
 * @nr:    slots
 *
 * The buffers that they name are the kernel's from here on; they come back
 * through ALLOC. Nothing moves before the next sync.
 */
static inline void nexus_tx_submit(struct nexus_queue *queue, uint32_t nr)
{
	nexus_ring_submit(&queue->rings[NEXUS_RING_TX], nr);
}

/**
 * nexus_tx_pending - slots that the kernel has not taken yet
 * @queue: the queue
 */
static inline uint32_t nexus_tx_pending(struct nexus_queue *queue)
{
	struct nexus_ring *ring = &queue->rings[NEXUS_RING_TX];

	if (ring->own == ring->other)
		return 0;
	/* B: pairs with the kernel's release of cons. */
	ring->other = __atomic_load_n(ring->cons, __ATOMIC_ACQUIRE);
	if (ring->own - ring->other > ring->nr_slots)
		ring->other = ring->own - ring->nr_slots;
	return ring->own - ring->other;
}

/**
 * nexus_rx_peek - descriptors that can be read now
 * @queue: the queue
 *
 * Whole packets only: the kernel publishes all parts of one at once.
 */
static inline uint32_t nexus_rx_peek(struct nexus_queue *queue)
{
	return nexus_ring_ready(&queue->rings[NEXUS_RING_RX]);
}

/**
 * nexus_rx_slot - the @i-th descriptor that nexus_rx_peek() counted
 * @queue: the queue
 * @i:     from 0
 *
 * Return: kernel memory, read only, valid until nexus_rx_release(). The buffer
 * it names is the process's until it is given back with nexus_buffer_put() or
 * sent.
 */
static inline const struct nexus_desc *
nexus_rx_slot(const struct nexus_queue *queue, uint32_t i)
{
	const struct nexus_ring *ring = &queue->rings[NEXUS_RING_RX];

	return (const struct nexus_desc *)ring->slots +
		((ring->own + i) & ring->mask);
}

/**
 * nexus_rx_release - give @nr slots back; their buffers stay the process's
 * @queue: the queue
 * @nr:    slots
 */
static inline void nexus_rx_release(struct nexus_queue *queue, uint32_t nr)
{
	nexus_ring_release(&queue->rings[NEXUS_RING_RX], nr);
}

/**
 * nexus_event_peek - events that can be read now
 * @queue: the queue
 */
static inline uint32_t nexus_event_peek(struct nexus_queue *queue)
{
	return nexus_ring_ready(&queue->rings[NEXUS_RING_EVENT]);
}

/**
 * nexus_event_slot - the @i-th event that nexus_event_peek() counted
 * @queue: the queue
 * @i:     from 0
 */
static inline const struct nexus_event *
nexus_event_slot(const struct nexus_queue *queue, uint32_t i)
{
	const struct nexus_ring *ring = &queue->rings[NEXUS_RING_EVENT];

	return (const struct nexus_event *)ring->slots +
		((ring->own + i) & ring->mask);
}

/**
 * nexus_event_release - give @nr event slots back
 * @queue: the queue
 * @nr:    slots
 */
static inline void nexus_event_release(struct nexus_queue *queue, uint32_t nr)
{
	nexus_ring_release(&queue->rings[NEXUS_RING_EVENT], nr);
}

/* What nexus_buffer_get() returns when ALLOC is empty. */
#define NEXUS_BUFFER_NONE	0xffffffffU

/**
 * nexus_buffer_get - take a buffer from ALLOC
 * @queue: the queue
 * @size:  NEXUS_SMALL or NEXUS_LARGE
 *
 * No system call: when it is empty, nexus_queue_sync() with NEXUS_SYNC_REFILL
 * tops it up as far as the pool allows.
 *
 * Return: buffer index, or NEXUS_BUFFER_NONE.
 */
static inline uint32_t
nexus_buffer_get(struct nexus_queue *queue, unsigned int size)
{
	struct nexus_ring *ring = &queue->rings[NEXUS_RING_ALLOC + size];
	uint32_t buf;

	if (__builtin_expect(!nexus_ring_ready(ring), 0))
		return NEXUS_BUFFER_NONE;
	buf = ((const uint32_t *)ring->slots)[ring->own & ring->mask];
	nexus_ring_release(ring, 1);
	/* M: the index before what is written to the buffer. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return buf;
}

/**
 * nexus_buffer_put - give a buffer back through FREE
 * @queue: the queue
 * @buf:   a buffer that is the process's
 *
 * No system call.
 *
 * Return: false if FREE is full; nexus_queue_sync() with NEXUS_SYNC_REFILL
 * makes room.
 */
static inline bool nexus_buffer_put(struct nexus_queue *queue, uint32_t buf)
{
	struct nexus_ring *ring = &queue->rings[NEXUS_RING_FREE];

	if (__builtin_expect(!nexus_ring_space(ring, 1), 0))
		return false;
	((uint32_t *)ring->slots)[ring->own & ring->mask] = buf;
	nexus_ring_submit(ring, 1);
	return true;
}

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _NEXUS_CHANNEL_H */
