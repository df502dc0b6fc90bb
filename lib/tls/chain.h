/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What has arrived and was not read: packets in a row, seen as bytes.
 */
#ifndef _NX_TLS_CHAIN_H
#define _NX_TLS_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include <nexus/stack.h>

/* Of a record as long as may be, in segments that are as long as usual. */
#define NX_TLS_CHAIN_MIN	16

/**
 * struct nx_tls_chain - packets
 * @packets: a ring of them, of @room, a power of two; or NULL
 * @room:    of @packets
 * @first, @nr: of those that it holds
 * @off:     bytes of the first that were read
 * @len:     bytes that were not read, of all
 */
struct nx_tls_chain {
	struct nexus_packet	**packets;
	uint32_t		room;
	uint32_t		first;
	uint32_t		nr;
	size_t			off;
	size_t			len;
};

/* Its last packet from now on, and its own; -ENOMEM: it stays the caller's. */
int nx_tls_chain_add(struct nx_tls_chain *chain, struct nexus_stack *stack,
		     struct nexus_packet *pkt);

/* Copies @len bytes at @off; so many are there. */
void nx_tls_chain_read(const struct nx_tls_chain *chain, size_t off,
		       uint8_t *dst, size_t len);

/*
 * Calls @fn for each piece of the @len bytes at @off, until it returns something
 * other than 0; returns that.
 */
int nx_tls_chain_each(const struct nx_tls_chain *chain, size_t off, size_t len,
		      int (*fn)(void *arg, uint8_t *data, size_t len), void *arg);

/* The first @len bytes were read. */
void nx_tls_chain_skip(struct nx_tls_chain *chain, struct nexus_stack *stack,
		       size_t len);

/* The first @len bytes or fewer, as a packet of the caller's; -ENOMEM. */
int nx_tls_chain_take(struct nx_tls_chain *chain, struct nexus_stack *stack,
		      size_t len, struct nexus_packet **pkt);

void nx_tls_chain_exit(struct nx_tls_chain *chain, struct nexus_stack *stack);

#endif /* _NX_TLS_CHAIN_H */
