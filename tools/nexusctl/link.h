/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel tells about a network device. */
#ifndef NX_LINK_H
#define NX_LINK_H

#include <net/if.h>

#include "nexusctl.h"

/* The bridge, bond or team that device @ifindex belongs to; false if none. */
bool nx_link_master(u32 ifindex, char master[IF_NAMESIZE]);
/* The device's index, or 0 after a complaint. */
u32 nx_link_find(struct nx_ctl *ctl, const char *dev);

#endif
