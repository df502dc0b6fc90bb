// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Texts for errors: one for each errno value that means something of its own
 * here, and the details of the thread's last failure.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nexus/channel.h>

#include "error.h"

static __thread char last_text[256];
static __thread char other_text[128];

static const struct {
	int		err;
	const char	*text;
} texts[] = {
	{ EPROTONOSUPPORT, "the kernel module and this library are of different versions, or the socket is not UDP" },
	{ EPROTO, "the channel is quarantined because it broke the rules of its rings (nexusctl channel show tells how)" },
	{ ENXIO, "the channel is gone: its nexus was deleted, or its memory was taken back" },
	{ ENODEV, "no such nexus in this network namespace (nexusctl nexus show lists them)" },
	{ ENOTUNIQ, "there are several nexuses in this network namespace: name one" },
	{ EUSERS, "the policy's limit of channels or flows is reached" },
	{ EDQUOT, "the policy's limit of bytes is reached" },
	{ EALREADY, "the socket is a flow already, or in use by the kernel" },
	{ EXDEV, "the socket belongs to another network namespace" },
};

const char *nexus_strerror(int err)
{
	size_t i;

	err = err < 0 ? -err : err;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == err)
			return texts[i].text;
	return strerror_r(err, other_text, sizeof(other_text));
}

const char *nexus_error_text(void)
{
	return last_text;
}

int nx_error(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last_text, sizeof(last_text), format, args);
	va_end(args);
	return err;
}
