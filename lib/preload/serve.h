/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Whether anything is to be served at all.
 */
#ifndef _NX_PRELOAD_SERVE_H
#define _NX_PRELOAD_SERVE_H

#include "../socket/socket.h"

/* From the library's constructor to its destructor, if the policy has a device. */
extern bool nx_is_serving;

/* A new descriptor of the program's own: the library's are its own affair. */
static inline bool nx_is_for_program(void)
{
	return nx_is_serving && !nx_socket_is_inside();
}

/*
 * Is @fd for the socket layer? What that does with a program's descriptors itself
 * is for the kernel.
 */
static inline bool nx_is_ours(int fd)
{
	return nx_has_file(fd) && !nx_socket_is_inside();
}

#endif /* _NX_PRELOAD_SERVE_H */
