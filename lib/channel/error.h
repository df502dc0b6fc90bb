/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The text that goes with a failure, kept for the calling thread.
 */
#ifndef _NX_ERROR_H
#define _NX_ERROR_H

/*
 * Keeps the text and returns @err, so that a failure is one statement:
 * return nx_error(-EINVAL, "queue %u of a channel with %u", ...);
 */
int nx_error(int err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* _NX_ERROR_H */
