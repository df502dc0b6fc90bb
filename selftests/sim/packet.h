/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets as they travel: bytes from the IP header on, with a count of holders.
 */
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include <stdint.h>

#include "clock.h"

/* Room of a packet that is used again rather than given back. */
#define SIM_PACKET_ROOM	2048

struct sim_pool;

/**
 * struct sim_packet - one packet, or payload, owned by whoever holds it
 * @event:     arrival, while a link carries it
 * @carrier:   the link that carries it
 * @next:      in a queue, or in the pool
 * @queued_ns: when it came into a queue
 * @len:       bytes
 * @room:      bytes at @data
 * @refs:      holders
 * @pool:      where it goes when nobody holds it
 * @data:      from the IP header on
 */
struct sim_packet {
	struct sim_event	event;
	void			*carrier;
	struct sim_packet	*next;
	uint64_t		queued_ns;
	uint32_t		len;
	uint32_t		room;
	uint32_t		refs;
	struct sim_pool		*pool;
	uint8_t			data[];
};

/**
 * struct sim_pool - packets that wait to be used again
 * @first: of them
 * @nr_out: packets that somebody holds
 */
struct sim_pool {
	struct sim_packet	*first;
	long			nr_out;
};

/** sim_packet_get - a packet of @len bytes, their values unknown */
struct sim_packet *sim_packet_get(struct sim_pool *pool, uint32_t len);

/** sim_packet_hold - one holder more */
static inline void sim_packet_hold(struct sim_packet *packet)
{
	packet->refs++;
}

/** sim_packet_put - one holder less; the last gives it back to its pool */
void sim_packet_put(struct sim_packet *packet);

/** sim_packet_copy - another packet with the same bytes */
struct sim_packet *sim_packet_copy(const struct sim_packet *packet);

void sim_pool_exit(struct sim_pool *pool);

/*
 * ECN (RFC 3168 section 5): the two low bits of the traffic class, for IPv4 and
 * IPv6 alike.
 */
enum sim_ecn {
	SIM_ECN_NOT_ECT,
	SIM_ECN_ECT1,
	SIM_ECN_ECT0,
	SIM_ECN_CE,
};

enum sim_ecn sim_packet_ecn(const struct sim_packet *packet);

/** sim_packet_mark - set CE, and keep the IPv4 header's checksum right */
void sim_packet_mark(struct sim_packet *packet);

#endif /* SIM_PACKET_H */
