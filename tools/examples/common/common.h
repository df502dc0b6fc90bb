/* SPDX-License-Identifier: GPL-2.0 */
/* What every example server does before it serves. */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <sys/socket.h>

/* A line on standard error that begins with the program's name. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From 1 to 65535; ends the program if it is not that. */
unsigned int parse_port(const char *text);

/**
 * struct bind_to - where a server listens
 * @address: IPv4 or IPv6; "::" is both
 * @port:    of it
 * @type:    SOCK_DGRAM or SOCK_STREAM
 */
struct bind_to {
	const char	*address;
	unsigned int	port;
	int		type;
};

/* With whatever rights the caller has: a descriptor, or -errno after a message. */
int bind_socket(const struct bind_to *to);

/*
 * Becomes @user if root, for good: afterwards nothing that root may do is left.
 * 0, or -errno after a message.
 */
int drop_privileges(const char *user);

/* SIGINT and SIGTERM arrive as something to read: a descriptor, or -1. */
int open_signals(void);

/* Says why nexus refused, and what to do about it. */
void explain_nexus(int err);

#endif /* EXAMPLES_COMMON_H */
