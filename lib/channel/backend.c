// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The backend of real channels: the system calls on /dev/nexus.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

static int kernel_open(void *arg)
{
	int fd = open(NEXUS_DEVICE, O_RDWR | O_CLOEXEC);

	(void)arg;
	return fd < 0 ? -errno : fd;
}

/* Not by the C library's name, which a library that is preloaded may have taken. */
static int kernel_ioctl(void *arg, int fd, unsigned long request, void *data)
{
	int ret = (int)syscall(SYS_ioctl, fd, request, data);

	(void)arg;
	return ret < 0 ? -errno : ret;
}

static void *kernel_mmap(void *arg, int fd, size_t len, int prot, uint64_t off)
{
	(void)arg;
	return mmap(NULL, len, prot, MAP_SHARED, fd, (off_t)off);
}

static int kernel_munmap(void *arg, void *addr, size_t len)
{
	(void)arg;
	return munmap(addr, len) < 0 ? -errno : 0;
}

static int kernel_close(void *arg, int fd)
{
	(void)arg;
	return close(fd) < 0 ? -errno : 0;
}

const struct nexus_backend nx_kernel_backend = {
	.open	= kernel_open,
	.ioctl	= kernel_ioctl,
	.mmap	= kernel_mmap,
	.munmap	= kernel_munmap,
	.close	= kernel_close,
};
