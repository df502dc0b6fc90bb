/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where rings and tables lie in the regions of a channel.
 */
#ifndef NX_LAYOUT_H
#define NX_LAYOUT_H

#include <linux/nexus.h>

struct nx_channel;

int nx_layout_make(struct nx_channel *chan, const struct nexus_attach *arg);
u64 nx_layout_bytes(const struct nx_channel *chan);
void nx_layout_describe(struct nx_channel *chan);
void nx_layout_set_state(struct nx_channel *chan, u32 state);

#endif /* NX_LAYOUT_H */
