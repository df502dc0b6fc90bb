/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network devices by bare rtnetlink, in the network namespace of the caller: an
 * ip(8) for each takes a slow machine most of a test's time.
 */
#ifndef NX_LINK_H
#define NX_LINK_H

#include <linux/types.h>
#include <stdbool.h>

/**
 * struct nx_link - one end of a wire
 * @name: of the device
 * @ifindex: of it as well, not that of the other end: the kernel takes ends with the
 *        same one for no wire, and may wait a second before they send
 * @mac:  its address
 * @ip4, @ip6: its addresses, within /24 and /64
 */
struct nx_link {
	char	name[16];
	int	ifindex;
	__u8	mac[6];
	char	ip4[16];
	char	ip6[40];
};

/* All of these fail the test rather than return. */

/* A veth from here to the namespace @ns; its ends are down. */
void nx_link_add_veth(const struct nx_link *here, const struct nx_link *there,
		      int ns);
/* The addresses of a device that is here, and a permanent neighbour. */
void nx_link_add_addresses(const struct nx_link *link,
			   const struct nx_link *neighbour);
/* Whether what it is given to send leaves: it is up, and has a carrier. */
bool nx_link_is_up(const char *name);
void nx_link_del(const char *name);

#endif
