// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What the C library prints to descriptors and makes streams of: it calls the
 * kernel there by names of its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "real.h"
#include "serve.h"

/* ---------------------------------------------------------------- streams */

static ssize_t cookie_read(void *cookie, char *buf, size_t size)
{
	return read((int)(long)cookie, buf, size);
}

static ssize_t cookie_write(void *cookie, const char *buf, size_t size)
{
	ssize_t ret = write((int)(long)cookie, buf, size);

	/* fopencookie(3): 0 is an error, and nothing less is to be returned. */
	return ret < 0 ? 0 : ret;
}

static int cookie_close(void *cookie)
{
	return close((int)(long)cookie);
}

NX_EXPORT FILE *fdopen(int fd, const char *mode)
{
	static const cookie_io_functions_t functions = {
		.read	= cookie_read,
		.write	= cookie_write,
		.close	= cookie_close,
	};

	if (!nx_is_ours(fd))
		return nx_real()->fdopen(fd, mode);
	return fopencookie((void *)(long)fd, mode, functions);
}

/* --------------------------------------------------------------- printing */

/* What did not fit into a descriptor that does not block is lost, as there. */
static int write_all(int fd, const char *text, size_t len)
{
	size_t done = 0;
	ssize_t ret;

	while (done < len) {
		ret = write(fd, text + done, len - done);
		if (ret < 0)
			return -1;
		done += (size_t)ret;
	}
	return (int)len;
}

static int print(int fd, const char *format, va_list args)
{
	char *text;
	int len = vasprintf(&text, format, args);

	if (len < 0)
		return -1;
	len = write_all(fd, text, (size_t)len);
	free(text);
	return len;
}

NX_EXPORT int vdprintf(int fd, const char *format, va_list args)
{
	return nx_is_ours(fd) ? print(fd, format, args) :
				nx_real()->vdprintf(fd, format, args);
}

NX_EXPORT int dprintf(int fd, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = vdprintf(fd, format, args);
	va_end(args);
	return ret;
}

/* As -D_FORTIFY_SOURCE calls them. */
int __vdprintf_chk(int fd, int flag, const char *format, va_list args);
int __dprintf_chk(int fd, int flag, const char *format, ...);

NX_EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list args)
{
	return nx_is_ours(fd) ? print(fd, format, args) :
				nx_real()->__vdprintf_chk(fd, flag, format, args);
}

NX_EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = __vdprintf_chk(fd, flag, format, args);
	va_end(args);
	return ret;
}
