/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notices when an address is no longer this host's.
 */
#ifndef NX_ADDRESS_H
#define NX_ADDRESS_H

#include <linux/types.h>

struct net;
struct nx_flow_key;
struct nx_net;

bool nx_address_is_kept(struct net *net, const struct nx_flow_key *key);
void nx_address_net_init(struct nx_net *nx);
void nx_address_net_exit(struct nx_net *nx);
int nx_address_init(void);
void nx_address_exit(void);

#endif /* NX_ADDRESS_H */
