/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Which address of this host is the source for which destination: the kernel's
 * answers, remembered.
 */
#ifndef _NX_IP_SOURCE_H
#define _NX_IP_SOURCE_H

#include <nexus/stack.h>

/* Destinations remembered; a power of two. A collision forgets the older. */
#define NX_SOURCE_SLOTS		256

/* Addresses of this host remembered as such. */
#define NX_SOURCE_LOCALS	16

/* How long an answer is believed: routes and addresses change without notice. */
#define NX_SOURCE_LIFE_NS	1000000000ULL

/**
 * struct nx_source_entry - one answer
 * @dst:     destination, port 0
 * @ifindex: of the device that the asking socket is bound to, or 0
 * @src:     the address to send from
 * @until_ns: forget it then
 */
struct nx_source_entry {
	struct nexus_addr	dst;
	uint32_t		ifindex;
	uint8_t			src[16];
	uint64_t		until_ns;
};

/**
 * struct nx_source_cache - answers; one a stack
 * @entries: by a hash of the destination
 * @locals:  addresses that datagrams came to and answers may leave from
 * @nr_locals: of them
 * @next_local: to be overwritten next
 */
struct nx_source_cache {
	struct nx_source_entry	entries[NX_SOURCE_SLOTS];
	struct nexus_addr	locals[NX_SOURCE_LOCALS];
	uint32_t		nr_locals;
	uint32_t		next_local;
};

/* Forgets everything: addresses or devices have changed. */
void nx_source_forget(struct nx_source_cache *cache);

/*
 * The source for @dst, of its family; @ifindex: device that the endpoint is
 * bound to, or 0; @fd: its socket, for SO_BROADCAST. 0, or what connect() says.
 */
int nx_source_find(struct nx_source_cache *cache, const struct nexus_addr *dst,
		   uint32_t ifindex, int fd, uint64_t now_ns, uint8_t src[16]);

/*
 * May an answer leave from @local, the address that the question came to? It may
 * if that is a unicast address of this host.
 */
bool nx_source_is_local(struct nx_source_cache *cache,
			const struct nexus_addr *local);

#endif /* _NX_IP_SOURCE_H */
