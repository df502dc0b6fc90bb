// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What makes, copies and closes descriptors, and sets their flags.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>

#include "real.h"
#include "serve.h"

NX_EXPORT int close(int fd)
{
	if (nx_is_ours(fd))
		nx_socket_closing(fd);
	return nx_real()->close(fd);
}

NX_EXPORT int dup(int fd)
{
	int to = nx_real()->dup(fd);

	if (to >= 0 && nx_is_ours(fd))
		nx_socket_duplicated(fd, to);
	return to;
}

/* @to has a new meaning. */
static void replaced(int fd, int to)
{
	if (nx_is_ours(fd))
		nx_socket_duplicated(fd, to);
	else if (nx_is_ours(to))
		nx_socket_closing(to);
}

NX_EXPORT int dup2(int fd, int to)
{
	int ret = nx_real()->dup2(fd, to);

	if (ret >= 0 && fd != to)
		replaced(fd, to);
	return ret;
}

NX_EXPORT int dup3(int fd, int to, int flags)
{
	int ret = nx_real()->dup3(fd, to, flags);

	if (ret >= 0)
		replaced(fd, to);
	return ret;
}

NX_EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	unsigned int fd, end = last < NX_FILES_MAX ? last : NX_FILES_MAX - 1;
	int ret = nx_real()->close_range(first, last, flags);

	if (ret || flags & CLOSE_RANGE_CLOEXEC)
		return ret;
	for (fd = first; fd <= end; fd++)
		if (nx_is_ours((int)fd))
			nx_socket_closing((int)fd);
	return 0;
}

/* As the C library's, which falls back on nothing where there is close_range(). */
NX_EXPORT void closefrom(int first)
{
	close_range(first > 0 ? (unsigned int)first : 0, ~0U, 0);
}

NX_EXPORT int fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	ret = nx_real()->fcntl(fd, command, arg);
	if (ret < 0 || !nx_is_ours(fd))
		return ret;
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		nx_socket_duplicated(fd, ret);
	else if (command == F_SETFL)
		nx_socket_set_nonblock(fd, (long)arg & O_NONBLOCK);
	return ret;
}

NX_EXPORT int fcntl64(int fd, int command, ...)
	__attribute__((alias("fcntl")));

NX_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!nx_is_ours(fd))
		return nx_real()->ioctl(fd, request, arg);
	ret = nx_socket_ioctl(fd, request, arg);
	return ret == NX_PASS ? nx_real()->ioctl(fd, request, arg) :
				nx_result(ret);
}
