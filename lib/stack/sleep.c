// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Sleeping in the channel while other threads use the stack, and using it while
 * others sleep.
 */
#include "../channel/internal.h"
#include "internal.h"

/* How long to wait for space in TX, where nothing else tells of it. */
#define RETRY_NS	1000000ULL

static bool can_sleep(const struct nexus_stack *stack)
{
	return nx_stack_is_usable(stack) && !stack->is_running && !stack->clock &&
	       stack->channel->features & NEXUS_FEATURE_BESIDE;
}

/* @until_ns, or when the stack has to do something by itself. */
static uint64_t wake_ns(const struct nexus_stack *stack, uint64_t until_ns)
{
	uint64_t at_ns = until_ns, retry_ns;

	if (stack->nr_timers && stack->timers[1]->deadline_ns < at_ns)
		at_ns = stack->timers[1]->deadline_ns;
	if (nx_likely(!stack->is_tx_blocked))
		return at_ns;
	retry_ns = nexus_stack_now_ns(stack) + RETRY_NS;
	return retry_ns < at_ns ? retry_ns : at_ns;
}

int nexus_stack_prepare_sleep(struct nexus_stack *stack, struct nexus_sleep *sleep,
			      int fd, uint64_t until_ns)
{
	uint64_t at_ns;

	if (!can_sleep(stack))
		return -EOPNOTSUPP;
	if (nexus_rx_peek(stack->queue) || nexus_event_peek(stack->queue))
		return 0;
	nx_stack_flush(stack);
	at_ns = wake_ns(stack, until_ns);
	sleep->backend = nx_channel_of(stack->channel)->backend;
	sleep->backend_arg = nx_channel_of(stack->channel)->backend_arg;
	sleep->fd = stack->channel->fd;
	sleep->sync = (struct nexus_sync) {
		.size		= sizeof(sleep->sync),
		.flags		= NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_WAIT_FD |
				  NEXUS_SYNC_FIRST | NEXUS_SYNC_UNTIL,
		.queue		= stack->queue->index,
		.fd		= fd,
		.timeout_ns	= at_ns < INT64_MAX ? (int64_t)at_ns :
						      NEXUS_TIMEOUT_NONE,
	};
	return 1;
}

int nexus_sleep(const struct nexus_sleep *sleep)
{
	struct nexus_sync sync = sleep->sync;
	int ret = sleep->backend->ioctl(sleep->backend_arg, sleep->fd,
					NEXUS_IOC_SYNC, &sync);

	switch (ret) {
	case -EINTR:
	case -EBADF:
	case -ENOMEM:
		return ret;
	default:
		/* What else is wrong the next call of the stack's tells. */
		return ret > 0;
	}
}

/* The process's word beside RX's index, if the kernel reads it. */
static uint32_t *attended(const struct nexus_stack *stack)
{
	if (!(stack->channel->features & NEXUS_FEATURE_ATTENDED))
		return NULL;
	return stack->queue->rings[NEXUS_RING_RX].cons +
	       NEXUS_ATTENDED_OFF / sizeof(uint32_t);
}

void nexus_stack_attend(struct nexus_stack *stack)
{
	uint32_t *word = attended(stack);

	if (word && nx_stack_is_usable(stack))
		__atomic_store_n(word, 1, __ATOMIC_RELAXED);
}

bool nexus_stack_unattend(struct nexus_stack *stack)
{
	uint32_t *word = attended(stack);

	if (!word || !nx_stack_is_usable(stack))
		return false;
	/* W4: pairs with the kernel's W1, whose waker reads the word after it. */
	__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST);
	return nexus_rx_peek(stack->queue) || nexus_event_peek(stack->queue);
}
