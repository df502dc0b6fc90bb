/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the kernel's routing table says about one address.
 */
#ifndef _NX_IP_ROUTE_H
#define _NX_IP_ROUTE_H

#include <nexus/stack.h>

/**
 * struct nx_route - a route
 * @type:    RTN_LOCAL if it leads to this host, RTN_BROADCAST, RTN_UNICAST, ...
 * @ifindex: of the device; 0: none
 */
struct nx_route {
	uint8_t		type;
	uint32_t	ifindex;
};

/* The route to @addr: 0 or -errno. */
int nx_route_find(const struct nexus_addr *addr, struct nx_route *route);

/*
 * The type of the route to @addr: RTN_LOCAL if it is this host's, RTN_BROADCAST,
 * RTN_UNICAST, ...; or -errno.
 */
int nx_route_type(const struct nexus_addr *addr);

#endif /* _NX_IP_ROUTE_H */
