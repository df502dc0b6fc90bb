/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What the kernel's routing table says about one address.
 */
#ifndef _NX_IP_ROUTE_H
#define _NX_IP_ROUTE_H

#include <nexus/stack.h>

/*
 * The type of the route to @addr: RTN_LOCAL if it is this host's, RTN_BROADCAST,
 * RTN_UNICAST, ...; or -errno.
 */
int nx_route_type(const struct nexus_addr *addr);

#endif /* _NX_IP_ROUTE_H */
