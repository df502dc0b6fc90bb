/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notices when an address is no longer this host's.
 */
#ifndef NX_ADDRESS_H
#define NX_ADDRESS_H

int nx_address_init(void);
void nx_address_exit(void);

#endif /* NX_ADDRESS_H */
