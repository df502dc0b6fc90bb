// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Whether an address is one that the policy's devices serve: by the route to it,
 * or because a device has it.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "../ip/addr.h"
#include "../ip/route.h"
#include "internal.h"

bool nx_device_leads_to(const struct nexus_addr *addr)
{
	char name[IF_NAMESIZE];
	struct nx_route route;

	if (nx_route_find(addr, &route) || !route.ifindex ||
	    !if_indextoname(route.ifindex, name))
		return false;
	return nx_policy_has_device(&nx_policy, name);
}

static bool is_on_device(const struct ifaddrs *ifa,
			 const struct nexus_addr *addr)
{
	struct nexus_addr own;

	if (!ifa->ifa_addr || ifa->ifa_addr->sa_family != addr->family ||
	    !nx_policy_has_device(&nx_policy, ifa->ifa_name))
		return false;
	if (nexus_addr_from_sockaddr(&own, ifa->ifa_addr,
				     sizeof(struct sockaddr_in6)))
		return false;
	return nx_ip_equal(own.ip, addr->ip);
}

/* A wildcard is everybody's. */
bool nx_device_has(const struct nexus_addr *addr)
{
	struct ifaddrs *list, *ifa;
	bool found = false;

	if (nx_addr_is_any(addr))
		return true;
	if (getifaddrs(&list))
		return false;
	for (ifa = list; ifa && !found; ifa = ifa->ifa_next)
		found = is_on_device(ifa, addr);
	freeifaddrs(list);
	return found;
}
