// SPDX-License-Identifier: GPL-2.0
/*
 * An inode for each open file of /dev/nexus, so that its mappings can be found.
 *
 * Files of one device node share the node's inode, and with it the tree of all
 * their mappings: to unmap one channel's pages would unmap everybody's at the
 * same offsets. So each file gets an inode of its own, from a file system that
 * nobody can mount.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include "mapping.h"

/* "NEXM"; unlike that of any file system of the kernel. */
#define MAPPING_MAGIC	0x4e45584d

static int mapping_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, MAPPING_MAGIC) ? 0 : -ENOMEM;
}

/* Without an owner: its mount would keep the module from being unloaded. */
static struct file_system_type mapping_fs = {
	.name			= "nexus",
	.init_fs_context	= mapping_init_context,
	.kill_sb		= kill_anon_super,
};

static struct vfsmount *mapping_mount;

/**
 * nx_mapping_new - an inode for the mappings of one file
 *
 * Return: with one reference, for iput(); or ERR_PTR.
 */
struct inode *nx_mapping_new(void)
{
	return alloc_anon_inode(mapping_mount->mnt_sb);
}

int nx_mapping_init(void)
{
	mapping_mount = kern_mount(&mapping_fs);
	return PTR_ERR_OR_ZERO(mapping_mount);
}

/* No file is open, and no channel is left. */
void nx_mapping_exit(void)
{
	kern_unmount(mapping_mount);
}
