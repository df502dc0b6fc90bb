/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/nexus.
 */
#ifndef NX_CHARDEV_H
#define NX_CHARDEV_H

int nx_chardev_init(void);
void nx_chardev_exit(void);

#endif /* NX_CHARDEV_H */
