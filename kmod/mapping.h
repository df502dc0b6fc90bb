/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An inode for each open file of /dev/nexus, so that its mappings can be found.
 */
#ifndef NX_MAPPING_H
#define NX_MAPPING_H

struct inode;

int nx_mapping_init(void);
void nx_mapping_exit(void);
struct inode *nx_mapping_new(void);

#endif /* NX_MAPPING_H */
