/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of nexus-dnsd share: its state, and the table of functions
 * of the two ways that datagrams come and go.
 */
#ifndef NEXUS_DNSD_DNSD_H
#define NEXUS_DNSD_DNSD_H

#include "dns.h"

/**
 * struct dnsd - the responder
 * @zone:    that it serves
 * @nexus:   name of the nexus, or NULL for the only one
 * @queries: datagrams that arrived
 * @replies: datagrams that were sent
 * @silent:  queries that deserve no answer
 * @failed:  answers that could not be sent
 * @priv:    the transport's own
 */
struct dnsd {
	struct dns_zone	zone;
	const char	*nexus;
	uint64_t	queries;
	uint64_t	replies;
	uint64_t	silent;
	uint64_t	failed;
	void		*priv;
};

/**
 * struct dnsd_transport - how datagrams come and go
 * @name:    for people
 * @open:    take over the bound socket; returns what epoll shall watch, or
 *           -errno after a message
 * @run:     answer what is there; 0, or -errno after a message if it is over
 * @timeout_ms: until @run must be called without an event; -1: never
 * @close:   undo @open
 */
struct dnsd_transport {
	const char *name;
	int (*open)(struct dnsd *dnsd, int fd);
	int (*run)(struct dnsd *dnsd);
	int (*timeout_ms)(struct dnsd *dnsd);
	void (*close)(struct dnsd *dnsd);
};

extern const struct dnsd_transport dnsd_nexus;
extern const struct dnsd_transport dnsd_kernel;

#endif
