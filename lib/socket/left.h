/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Datagrams that had arrived when their socket changed hands: in memory that
 * processes share, until one of them takes them.
 */
#ifndef _NX_SOCKET_LEFT_H
#define _NX_SOCKET_LEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nexus/nexus.h>

/**
 * struct nx_origin - what is told of a datagram beside its bytes
 * @from:    who sent it
 * @to:      to which address
 * @ifindex: by which device it came
 */
struct nx_origin {
	struct nexus_addr	from;
	struct nexus_addr	to;
	uint32_t		ifindex;
};

/**
 * struct nx_left_datagram - one of them
 * @origin: see there
 * @len:    of @data
 */
struct nx_left_datagram {
	struct nx_origin	origin;
	uint32_t		len;
	uint8_t			data[];
};

struct nx_left;

/* Room for so many datagrams with so many bytes; NULL. */
struct nx_left *nx_left_alloc(size_t nr, size_t bytes);
/* Of this process: what others have stays theirs. NULL is nothing. */
void nx_left_free(struct nx_left *left);

/* One more, to be filled in by the caller, before anybody else sees it. */
struct nx_left_datagram *nx_left_add(struct nx_left *left, uint32_t len);

/* The first that nobody has taken, or NULL; with nx_left_take() it is taken. */
const struct nx_left_datagram *nx_left_first(const struct nx_left *left);
const struct nx_left_datagram *nx_left_take(struct nx_left *left);

/* The one after @d, or NULL. */
const struct nx_left_datagram *
nx_left_next(const struct nx_left *left, const struct nx_left_datagram *d);

#endif /* _NX_SOCKET_LEFT_H */
