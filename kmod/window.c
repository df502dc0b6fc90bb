// SPDX-License-Identifier: GPL-2.0
/*
 * The receive windows of a channel's TCP connections, as far as the module has a
 * say in them: it tells the library when memory is short and what an administrator
 * wants, in the advisory region, and shows what the library reports.
 */
#include "channel.h"
#include "region.h"
#include "trace.h"
#include "window.h"

/* The share of the pool that the library lets one connection's window have. */
#define SHARE	4

static struct nexus_advisory *advisory_of(const struct nx_channel *chan)
{
	return chan->regions[NEXUS_REGION_ADVISORY].pages[0];
}

/* What the library says; no more than a number to show. */
static u32 reported(const struct nx_channel *chan)
{
	const struct nexus_ustats *u =
		nx_region_peek(&chan->regions[NEXUS_REGION_USTATS], 0);

	if (!u || !READ_ONCE(u->version))
		return 0;
	return READ_ONCE(u->rcv_window);
}

static u64 pool_bytes(const struct nx_channel *chan)
{
	return (u64)chan->pool.sizes[NEXUS_SMALL].nr * NEXUS_SMALL_SIZE +
	       (u64)chan->pool.sizes[NEXUS_LARGE].nr * NEXUS_LARGE_SIZE;
}

/**
 * nx_window_show - what is done about receive windows now
 * @chan:  whose
 * @bytes: result: that one connection's may have; 0: none was used
 */
enum nx_window_state nx_window_show(const struct nx_channel *chan, u32 *bytes)
{
	const struct nexus_advisory *a = advisory_of(chan);

	*bytes = READ_ONCE(a->rcv_window);
	if (*bytes)
		return NX_WINDOW_PINNED;
	*bytes = reported(chan);
	if (!*bytes)
		return NX_WINDOW_RESTS;
	if (READ_ONCE(a->pressure) || *bytes < pool_bytes(chan) / SHARE)
		return NX_WINDOW_SHRINKS;
	return NX_WINDOW_HOLDS;
}

static void tell(const struct nx_channel *chan, enum nx_window_state was)
{
	enum nx_window_state is;
	u32 bytes;

	is = nx_window_show(chan, &bytes);
	if (is != was)
		trace_nexus_window(chan->id, was, is, bytes);
}

/**
 * nx_window_press - say whether memory is short
 * @chan:     to whom
 * @is_short: it is
 *
 * One word, which is read alone, without the sequence count.
 */
void nx_window_press(struct nx_channel *chan, bool is_short)
{
	enum nx_window_state was;
	u32 bytes;

	lockdep_assert_held(&chan->tend.lock);
	was = nx_window_show(chan, &bytes);
	WRITE_ONCE(advisory_of(chan)->pressure, is_short);
	tell(chan, was);
}

/**
 * nx_window_pin - set what windows may be at the most
 * @chan:  whose
 * @bytes: up to NX_WINDOW_MAX; 0: they tune themselves again
 */
void nx_window_pin(struct nx_channel *chan, u32 bytes)
{
	enum nx_window_state was;
	u32 old;

	mutex_lock(&chan->tend.lock);
	was = nx_window_show(chan, &old);
	WRITE_ONCE(advisory_of(chan)->rcv_window, bytes);
	tell(chan, was);
	mutex_unlock(&chan->tend.lock);
}
