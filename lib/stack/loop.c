// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The event loop: what arrived goes to its endpoint, what stands in TX goes to
 * the kernel, and the thread sleeps when there is nothing of either.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* -------------------------------------------------------------- receive */

/*
 * Collects the parts behind the first one. A packet without parts is not from
 * the kernel: the channel's memory was taken back, and reads as zeros.
 */
static __attribute__((noinline)) bool
receive_parts(struct nexus_stack *stack, struct nexus_packet *pkt)
{
	struct nexus_packet *last = pkt, *part;
	const struct nexus_desc *d;
	uint32_t i;

	if (!pkt->info.nr_parts ||
	    nexus_rx_peek(stack->queue) < pkt->info.nr_parts)
		return false;
	for (i = 1; i < pkt->info.nr_parts; i++) {
		d = nexus_rx_slot(stack->queue, i);
		part = nx_packet_of(stack, d->buf);
		part->data = part->base + d->off;
		part->len = d->len;
		pkt->total_len += d->len;
		last->next = part;
		last = part;
	}
	return true;
}

#define SAME_PLACE(field)						\
	_Static_assert(offsetof(struct nexus_desc, field) -		\
		       offsetof(struct nexus_desc, flags) ==		\
		       offsetof(struct nexus_packet_info, field),	\
		       "struct nexus_packet_info is a part of struct nexus_desc")

SAME_PLACE(traffic_class);
SAME_PLACE(ip_version);
SAME_PLACE(protocol);
SAME_PLACE(nr_parts);
SAME_PLACE(l4_off);
SAME_PLACE(payload_off);
SAME_PLACE(gso_size);
SAME_PLACE(gso_segs);
SAME_PLACE(hash);
SAME_PLACE(ifindex);
SAME_PLACE(time_ns);

/* The kernel has parsed it: the descriptor says where everything is. */
static inline void receive_first(struct nexus_packet *pkt,
				 const struct nexus_desc *d)
{
	uint32_t payload_off = d->payload_off;

	pkt->head = pkt->base + d->off;
	pkt->data = pkt->head + payload_off;
	pkt->len = d->len - payload_off;
	pkt->total_len = pkt->len;
	memcpy(&pkt->info, &d->flags, sizeof(pkt->info));
}

static inline int receive(struct nexus_stack *stack)
{
	struct nexus_queue *queue = stack->queue;
	const struct nexus_desc *d;
	struct nexus_packet *pkt;
	struct nx_sink *sink;
	uint32_t nr = 0, flow;

	for (; nr < stack->budget && nexus_rx_peek(queue); nr++) {
		d = nexus_rx_slot(queue, 0);
		pkt = nx_packet_of(stack, d->buf);
		flow = d->flow;
		sink = stack->sinks[flow];
		receive_first(pkt, d);
		if (nx_unlikely(pkt->info.nr_parts != 1) &&
		    !receive_parts(stack, pkt))
			break;
		nexus_rx_release(queue, pkt->info.nr_parts);
		stack->moved.rx_bytes += pkt->total_len;
		if (nx_likely(sink))
			sink->input(sink, pkt);
		else if (stack->tcp)
			stack->tcp->unclaimed(stack, flow, pkt);
		else
			nexus_packet_put(stack, pkt);
	}
	stack->moved.rx_packets += nr;
	return (int)nr;
}

/* --------------------------------------------------------------- events */

static void handle_event(struct nexus_stack *stack,
			 const struct nexus_event *event)
{
	struct nx_sink *sink = NULL;

	switch (event->type) {
	case NEXUS_EVENT_ADDR_GONE:
	case NEXUS_EVENT_LINK:
	case NEXUS_EVENT_DEV_GONE:
		nx_source_forget(&stack->source);
		break;
	}
	if (event->flow < stack->nr_flows)
		sink = stack->sinks[event->flow];
	if (sink)
		sink->event(sink, event);
	if (stack->event)
		stack->event(stack, event, stack->event_arg);
}

/* The ring was full, and so events were lost: one that a flow waits for, perhaps. */
static void resume_all(struct nexus_stack *stack)
{
	struct nexus_event event = { .type = NEXUS_EVENT_RESUMED };
	uint32_t i;

	for (i = 0; i < stack->nr_flows; i++) {
		event.flow = i;
		if (stack->sinks[i])
			stack->sinks[i]->event(stack->sinks[i], &event);
	}
}

static __attribute__((noinline)) void handle_events(struct nexus_stack *stack)
{
	uint32_t nr_slots = stack->queue->rings[NEXUS_RING_EVENT].nr_slots;
	bool was_full = nexus_event_peek(stack->queue) >= nr_slots;
	struct nexus_event event;

	while (nexus_event_peek(stack->queue)) {
		event = *nexus_event_slot(stack->queue, 0);
		nexus_event_release(stack->queue, 1);
		if (event.type)
			handle_event(stack, &event);
	}
	if (nx_unlikely(was_full))
		resume_all(stack);
}

/* ------------------------------------------------------------- transmit */

/* Slots that the kernel had not taken when it was last looked at. */
static inline bool has_pending(const struct nexus_stack *stack)
{
	const struct nexus_ring *ring = &stack->queue->rings[NEXUS_RING_TX];

	return ring->own != ring->other;
}

/*
 * A program that answers in the buffers that it received gives nothing back
 * through FREE, and what it sent piles up in ALLOC, where the kernel cannot take
 * it to receive: in a small pool that would be the end.
 */
static __attribute__((noinline)) void shed(struct nexus_stack *stack)
{
	struct nexus_queue *queue = stack->queue;
	struct nexus_ring *free = &queue->rings[NEXUS_RING_FREE];
	uint32_t nr = nexus_ring_ready(&queue->rings[NEXUS_RING_ALLOC]);

	for (; nr > stack->alloc_keep && nexus_ring_space(free, 1); nr--)
		nexus_buffer_put(queue, nexus_buffer_get(queue, NEXUS_SMALL));
}

/* Has the last system call left more in ALLOC than there should be? */
static inline bool has_surplus(struct nexus_stack *stack)
{
	struct nexus_ring *ring = &stack->queue->rings[NEXUS_RING_ALLOC];
	/* E: pairs with the kernel's release of prod. */
	uint32_t prod = __atomic_load_n(ring->prod, __ATOMIC_ACQUIRE);
	uint32_t nr = prod - ring->own;

	if (nx_unlikely(nr > ring->nr_slots))
		return false;
	ring->other = prod;
	return nr > stack->alloc_max;
}

/* One system call. What stays in TX is left to the next one. */
static int sync_queue(struct nexus_stack *stack, uint32_t flags,
		      int64_t timeout_ns)
{
	int err = nexus_queue_sync(stack->queue, flags, timeout_ns);

	stack->run_ns = 0;
	if (nx_unlikely(err == -EPERM))
		return err;	/* a child: no ring is there */
	stack->is_tx_blocked = nexus_tx_pending(stack->queue) != 0;
	if (stack->nr_kept)
		nx_stack_put_kept(stack);
	if (nx_unlikely(stack->is_tx_blocked != stack->is_out_watched))
		nx_stack_watch(stack);
	if (nx_unlikely(has_surplus(stack)))
		shed(stack);
	return err;
}

void nx_stack_refill(struct nexus_stack *stack)
{
	sync_queue(stack, NEXUS_SYNC_TX | NEXUS_SYNC_REFILL, 0);
}

bool nx_stack_make_room(struct nexus_stack *stack, uint32_t nr)
{
	nx_stack_refill(stack);
	return nexus_tx_reserve(stack->queue, nr);
}

void nx_stack_tx_parts(struct nexus_stack *stack, struct nexus_packet *pkt,
		       uint32_t flow)
{
	struct nexus_packet *part = pkt->next, *next;
	struct nexus_desc *d;
	uint32_t i = 1;

	pkt->next = NULL;
	for (; part; part = next, i++) {
		next = part->next;
		part->next = NULL;
		d = nexus_tx_slot(stack->queue, i);
		nx_desc_fill(d, part, (uint32_t)(part->data - part->base),
			     part->len, flow, next ? NEXUS_DESC_MORE : 0);
	}
}

/* --------------------------------------------------------------- the run */

/*
 * The kernel takes from FREE what it needs to receive, and gives back in ALLOC
 * what was sent, both without being asked. It need be told only when a good
 * part of the pool stands in FREE.
 */
static bool wants_refill(struct nexus_stack *stack)
{
	struct nexus_ring *ring = &stack->queue->rings[NEXUS_RING_FREE];

	if (nx_likely(ring->own - ring->other < stack->refill))
		return false;
	/* H: pairs with the kernel's release of cons. */
	ring->other = __atomic_load_n(ring->cons, __ATOMIC_ACQUIRE);
	return ring->own - ring->other >= stack->refill;
}

/* What a system call would have to do now. */
static inline uint32_t sync_flags(struct nexus_stack *stack)
{
	uint32_t flags = has_pending(stack) ? NEXUS_SYNC_TX : 0;

	if (nx_unlikely(wants_refill(stack)))
		flags |= NEXUS_SYNC_REFILL;
	return flags;
}

static void report_one(__u64 *shared, uint64_t *own)
{
	if (*own)
		__atomic_fetch_add(shared, *own, __ATOMIC_RELAXED);
	*own = 0;
}

/* Several stacks share the channel. */
static __attribute__((noinline)) void report_shared(struct nexus_stack *stack)
{
	struct nexus_ustats *ustats = stack->channel->ustats;

	report_one(&ustats->rx_packets, &stack->moved.rx_packets);
	report_one(&ustats->rx_bytes, &stack->moved.rx_bytes);
	report_one(&ustats->tx_packets, &stack->moved.tx_packets);
	report_one(&ustats->tx_bytes, &stack->moved.tx_bytes);
}

_Static_assert(offsetof(struct nexus_ustats, tx_bytes) -
	       offsetof(struct nexus_ustats, rx_packets) ==
	       offsetof(struct nx_moved, tx_bytes),
	       "struct nx_moved is a part of struct nexus_ustats");

static inline void report(struct nexus_stack *stack)
{
	if (nx_unlikely(!stack->owns_channel))
		report_shared(stack);
	else
		memcpy(&stack->channel->ustats->rx_packets, &stack->moved,
		       sizeof(stack->moved));
}

void nx_stack_free_dead(struct nexus_stack *stack)
{
	struct nx_sink *sink;

	while (stack->dead) {
		sink = stack->dead;
		stack->dead = sink->next;
		free(sink);
	}
}

/* Does a sync's result end the run? The rest is for the next one. */
static inline bool is_fatal(int err)
{
	return err && err != -EAGAIN && err != -ETIME && err != -EINTR;
}

static inline bool has_tcp_work(const struct nexus_stack *stack)
{
	return stack->tcp && stack->tcp->has_work;
}

static inline bool is_tcp_urgent(const struct nexus_stack *stack)
{
	return stack->tcp && stack->tcp->is_urgent;
}

/* What connections have got to send since the last run goes into TX. */
static inline void flush_tcp(struct nexus_stack *stack)
{
	if (!has_tcp_work(stack) || stack->is_running)
		return;
	stack->run_ns = 0;
	stack->is_running = true;
	stack->tcp->flush(stack);
	stack->is_running = false;
	if (nx_unlikely(stack->dead))
		nx_stack_free_dead(stack);
}

int nx_stack_flush(struct nexus_stack *stack)
{
	flush_tcp(stack);
	return has_pending(stack) ? sync_queue(stack, NEXUS_SYNC_TX, 0) : 0;
}

int nexus_stack_flush(struct nexus_stack *stack)
{
	int err = nx_stack_enter(stack);

	return err ? err : nx_stack_flush(stack);
}

/*
 * Everything that calls the program back; if it @waits, what need not be done before
 * the thread sleeps is left to the next call.
 */
static inline int dispatch(struct nexus_stack *stack, bool waits)
{
	int nr;

	stack->run_ns = 0;
	stack->is_running = true;
	nr = receive(stack);
	if (nx_unlikely(nexus_event_peek(stack->queue)))
		handle_events(stack);
	if (nx_unlikely(stack->nr_timers))
		nx_timers_run(stack);
	/* The program may have taken its time over what it got. */
	stack->run_ns = 0;
	if (waits ? is_tcp_urgent(stack) : has_tcp_work(stack))
		stack->tcp->flush(stack);
	stack->is_running = false;
	if (nx_unlikely(stack->dead))
		nx_stack_free_dead(stack);
	return nr;
}

/* A sync said @err: 0 if that was the channel's, and there is another one. */
static __attribute__((noinline)) int recover(struct nexus_stack *stack, int err)
{
	return nx_stack_is_usable(stack) ? err : nx_stack_revive(stack);
}

int nexus_stack_run(struct nexus_stack *stack)
{
	int err = nx_stack_enter(stack), nr;
	uint32_t flags;

	if (nx_unlikely(err))
		return err;
	if (nx_unlikely(stack->is_running))
		return -EBUSY;
	nr = dispatch(stack, false);
	flags = sync_flags(stack);
	if (flags)
		err = sync_queue(stack, flags, 0);
	report(stack);
	if (nx_unlikely(is_fatal(err)))
		err = recover(stack, err);
	else
		err = 0;
	return err ? err : nr;
}

/* No longer than until the next timer. */
static int64_t shorten(struct nexus_stack *stack, int64_t timeout_ns)
{
	int64_t timer_ns = nexus_stack_timeout_ns(stack);

	if (timer_ns == NEXUS_TIMEOUT_NONE)
		return timeout_ns;
	if (timeout_ns < 0 || timer_ns < timeout_ns)
		return timer_ns;
	return timeout_ns;
}

/*
 * Until the next timer, as a time where that spares us to look at the clock. The
 * flag that says so goes to @flags.
 */
static int64_t until_timer(struct nexus_stack *stack, int64_t timeout_ns,
			   uint32_t *flags)
{
	uint64_t at_ns = stack->timers[1]->deadline_ns;

	if (timeout_ns != NEXUS_TIMEOUT_NONE || stack->clock || !at_ns ||
	    !(stack->channel->features & NEXUS_FEATURE_UNTIL))
		return shorten(stack, timeout_ns);
	*flags = NEXUS_SYNC_UNTIL;
	return at_ns < INT64_MAX ? (int64_t)at_ns : NEXUS_TIMEOUT_NONE;
}

/*
 * One system call that sends and sleeps. If packets cannot leave now, sleep
 * until they can, or something arrives.
 */
static int sync_and_wait(struct nexus_stack *stack, uint32_t flags,
			 int64_t timeout_ns)
{
	uint32_t wait = NEXUS_SYNC_WAIT_RX, until = 0;
	int err;

	if (nx_unlikely(stack->nr_timers))
		timeout_ns = until_timer(stack, timeout_ns, &until);
	if (!timeout_ns)
		return flags ? sync_queue(stack, flags, 0) : 0;
	err = sync_queue(stack, flags | wait | until, timeout_ns);
	if (nx_unlikely(err == -EAGAIN))
		err = sync_queue(stack, wait | NEXUS_SYNC_WAIT_TX | until,
				 timeout_ns);
	return err;
}

/* For how long a flow that ends waits for the device to take what it sent. */
#define DRAIN_TRIES	100
#define DRAIN_NS	10000000	/* each */

/* Packets that stand in TX when their flow ends would be lost. */
void nx_stack_drain(struct nexus_stack *stack)
{
	int tries;

	for (tries = 0; has_pending(stack) && tries < DRAIN_TRIES; tries++) {
		if (sync_queue(stack, NEXUS_SYNC_TX, 0) != -EAGAIN)
			return;
		sync_queue(stack, NEXUS_SYNC_WAIT_TX, DRAIN_NS);
	}
}

int nexus_stack_poll(struct nexus_stack *stack, int64_t timeout_ns)
{
	uint32_t flags;
	int err = 0;

	/* What the program was told meanwhile may be what it waits for. */
	if (nx_unlikely(!nx_stack_is_usable(stack)))
		return nx_stack_revive(stack);
	if (nx_unlikely(stack->is_running))
		return -EBUSY;
	flush_tcp(stack);
	flags = sync_flags(stack);
	/* With an event waiting the kernel does not let us sleep. */
	if (!nexus_rx_peek(stack->queue))
		err = sync_and_wait(stack, flags, timeout_ns);
	else if (flags)
		err = sync_queue(stack, flags, 0);
	if (nx_unlikely(is_fatal(err)))
		return recover(stack, err);
	/* We are called again before the thread sleeps. */
	err = dispatch(stack, true);
	report(stack);
	return err;
}

short nexus_stack_poll_events(const struct nexus_stack *stack)
{
	if (stack->epoll_fd >= 0)
		return POLLIN;	/* it waits for both */
	return stack->is_tx_blocked ? POLLIN | POLLOUT : POLLIN;
}
