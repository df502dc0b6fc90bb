// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Another channel when the stack's own is defunct: attached with the same
 * settings, and with flows of the same sockets.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../channel/error.h"
#include "../channel/internal.h"
#include "internal.h"

/*
 * When an attempt that was refused is repeated: what was short, memory or what a
 * policy allows, is not there sooner for being asked for all the time, and who
 * waits for a server tries again after about a second (RFC 6298 section 2).
 */
#define RETRY_MIN_NS	10000000ULL
#define RETRY_MAX_NS	1000000000ULL

/* ---------------------------------------------------------------- watching */

/* What a program polls instead of the channel's file, which will be another. */
static int watch_channel(struct nexus_stack *stack, int operation)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (stack->is_tx_blocked)
		event.events |= EPOLLOUT;
	stack->is_out_watched = stack->is_tx_blocked;
	if (stack->epoll_fd < 0)
		return 0;
	return epoll_ctl(stack->epoll_fd, operation, stack->channel->fd,
			 &event) ? -errno : 0;
}

void nx_stack_watch(struct nexus_stack *stack)
{
	watch_channel(stack, EPOLL_CTL_MOD);
}

/* ------------------------------------------------------------ packets held */

/*
 * Buffers that the program has taken, less those that it gave back, but for a
 * constant: from the library's own indices, which nobody else writes.
 */
static uint32_t held_sum(const struct nexus_stack *stack)
{
	const struct nexus_ring *rings = stack->queue->rings;

	return rings[NEXUS_RING_RX].own + rings[NEXUS_RING_ALLOC].own +
	       rings[NEXUS_RING_ALLOC_LARGE].own + stack->nr_keeps -
	       rings[NEXUS_RING_TX].own - rings[NEXUS_RING_FREE].own -
	       stack->stash[NEXUS_SMALL].nr - stack->stash[NEXUS_LARGE].nr;
}

/* The program may put them, read them as zeros, and not send them. */
static void mark_stale(struct nexus_stack *stack)
{
	size_t nr = (size_t)stack->nr_buffers + NX_NR_SLICES, i;
	struct nexus_packet *pkt;

	for (i = 0; i < nr; i++) {
		pkt = &stack->packets[i];
		if (pkt->base)
			pkt->refs = NX_STALE_REFS;
	}
}

/* Packets and buffers stay where they are while the program may have some. */
static int keep_past(struct nexus_stack *stack)
{
	struct nx_past *past;

	if (held_sum(stack) == stack->nr_held_at_first) {
		nexus_channel_close(stack->channel);
		return 0;
	}
	past = calloc(1, sizeof(*past));
	if (!past)
		return -ENOMEM;
	mark_stale(stack);
	past->channel = stack->channel;
	past->packets = stack->packets;
	past->packets_len = stack->packets_len;
	past->next = stack->past;
	stack->past = past;
	stack->packets = NULL;
	return 0;
}

void nx_stack_free_past(struct nexus_stack *stack)
{
	struct nx_past *past;

	while ((past = stack->past)) {
		stack->past = past->next;
		munmap(past->packets, past->packets_len);
		nexus_channel_close(past->channel);
		free(past);
	}
	if (stack->epoll_fd >= 0)
		close(stack->epoll_fd);
}

/* ------------------------------------------------------------- the change */

int nx_stack_prepare_revival(struct nexus_stack *stack,
			     const struct nexus_channel_options *options)
{
	stack->nr_held_at_first = held_sum(stack);
	if (!options || !(options->flags & NEXUS_CHANNEL_DEFUNCT_OK))
		return 0;
	stack->reopen = *options;
	if (options->name) {
		strcpy(stack->nexus, options->name);
		stack->reopen.name = stack->nexus;
	}
	stack->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (stack->epoll_fd < 0)
		return -errno;
	return watch_channel(stack, EPOLL_CTL_ADD);
}

/* Nobody but the stack has the channel. */
bool nx_stack_is_lost(const struct nexus_stack *stack)
{
	return stack->epoll_fd >= 0 && *stack->is_ours &&
	       nexus_channel_state(stack->channel) == NEXUS_CHANNEL_DEFUNCT;
}

/* And nobody is in the middle of it. */
static bool can_revive(const struct nexus_stack *stack)
{
	return nx_stack_is_lost(stack) && !stack->is_closing &&
	       !stack->is_running;
}

/* The old one first: it counts against the policy's limits, and has the port. */
static int leave(struct nexus_stack *stack)
{
	if (stack->channel->fd < 0)
		return 0;	/* a former attempt got this far */
	nx_stack_orphan_sinks(stack);
	return nx_channel_drop(stack->channel);
}

/* If there is no memory, @fresh is as good as defunct: the next use tries again. */
static int move(struct nexus_stack *stack, struct nexus_channel *fresh)
{
	int err = keep_past(stack);

	if (err) {
		nexus_channel_close(fresh);
		return err;
	}
	nx_stack_free_tables(stack);
	stack->channel = fresh;
	stack->queue = &fresh->queues[0];
	stack->is_tx_blocked = false;
	err = nx_stack_settle(stack);
	stack->nr_held_at_first = held_sum(stack);
	if (!err)
		err = watch_channel(stack, EPOLL_CTL_ADD);
	if (err)
		nx_channel_drop(fresh);
	return err;
}

static void tell(struct nexus_stack *stack, uint32_t type, uint32_t value)
{
	const struct nexus_event event = {
		.type = type,
		.flow = NEXUS_FLOW_NONE,
		.value = value,
	};

	if (stack->event)
		stack->event(stack, &event, stack->event_arg);
}

/* Each is told, and may open and close endpoints when it is. */
static void adopt_orphans(struct nexus_stack *stack)
{
	struct nx_sink *sink;
	int err;

	while ((sink = nx_stack_take_orphan(stack))) {
		err = sink->again ? sink->again(sink) : -ENXIO;
		if (err)
			nx_stack_keep_sink(stack, sink);
		if (err && sink->again)
			tell(stack, NEXUS_STACK_EVENT_REFUSED, (uint32_t)-err);
		if (sink->reset)
			sink->reset(sink, err ? err : -ENETRESET);
	}
}

static void resume(struct nexus_stack *stack)
{
	stack->run_ns = 0;
	stack->is_running = true;
	adopt_orphans(stack);
	if (stack->tcp)
		stack->tcp->flush(stack);
	tell(stack, NEXUS_STACK_EVENT_REATTACHED,
	     stack->channel->schema->channel_id);
	stack->is_running = false;
	nx_stack_free_dead(stack);
}

static int attempt(struct nexus_stack *stack)
{
	struct nexus_channel *fresh;
	int err;

	err = leave(stack);
	if (err)
		return nx_error(err, "cannot let go of a defunct channel: %s",
				nexus_strerror(err));
	err = nexus_channel_open(&fresh, &stack->reopen);
	if (err)
		return err;
	err = move(stack, fresh);
	if (err)
		return nx_error(err, "no memory for the tables of a stack");
	return 0;
}

/* What the last attempt said, and when the next one is due. */
static void note_refusal(struct nx_retry *retry, int err, uint64_t now_ns)
{
	retry->err = err;
	if (!err)
		retry->wait_ns = 0;
	else if (!retry->wait_ns)
		retry->wait_ns = RETRY_MIN_NS;
	else
		retry->wait_ns *= 2;
	if (retry->wait_ns > RETRY_MAX_NS)
		retry->wait_ns = RETRY_MAX_NS;
	retry->at_ns = now_ns + retry->wait_ns;
}

uint64_t nx_stack_revival_ns(const struct nexus_stack *stack)
{
	uint64_t now_ns;

	if (!stack->retry.err)
		return 0;
	now_ns = nexus_stack_now_ns(stack);
	return stack->retry.at_ns > now_ns ? stack->retry.at_ns - now_ns : 0;
}

int nx_stack_revive(struct nexus_stack *stack)
{
	int err;

	if (!can_revive(stack))
		return nexus_channel_check(stack->channel);
	if (nx_stack_revival_ns(stack))
		return nx_error(stack->retry.err,
				"another channel was refused just now: %s",
				nexus_strerror(stack->retry.err));
	err = attempt(stack);
	note_refusal(&stack->retry, err, nexus_stack_now_ns(stack));
	if (!err)
		resume(stack);
	return err;
}
