/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The receive windows of a channel's TCP connections, as far as the module has a
 * say in them.
 */
#ifndef NX_WINDOW_H
#define NX_WINDOW_H

#include <linux/types.h>

struct nx_channel;

/* What an administrator may choose: a page, and what RFC 7323 can express. */
#define NX_WINDOW_MIN	4096U
#define NX_WINDOW_MAX	(1U << 30)

/**
 * enum nx_window_state - what is done about them
 * @NX_WINDOW_RESTS:   no connection was used yet
 * @NX_WINDOW_HOLDS:   they may take their share of the pool
 * @NX_WINDOW_SHRINKS: less, for much is unread, or memory is short
 * @NX_WINDOW_PINNED:  an administrator set it
 */
enum nx_window_state {
	NX_WINDOW_RESTS,
	NX_WINDOW_HOLDS,
	NX_WINDOW_SHRINKS,
	NX_WINDOW_PINNED,
};

enum nx_window_state nx_window_show(const struct nx_channel *chan, u32 *bytes);
void nx_window_press(struct nx_channel *chan, bool is_short);
void nx_window_pin(struct nx_channel *chan, u32 bytes);

#endif /* NX_WINDOW_H */
