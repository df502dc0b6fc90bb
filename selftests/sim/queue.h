/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The queue before a link: drop-tail, or CoDel (RFC 8289), which may mark.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>

#include "packet.h"

/* RFC 8289 section 4.4. */
#define SIM_CODEL_TARGET_NS	(5 * SIM_NS_PER_MS)
#define SIM_CODEL_INTERVAL_NS	(100 * SIM_NS_PER_MS)

/**
 * struct sim_queue_config - what a queue is like
 * @limit_bytes: a packet that would go beyond is dropped; 0: no limit
 * @is_codel:    CoDel decides, not the limit alone
 * @has_ecn:     CoDel marks what is ECN-capable where it would drop
 */
struct sim_queue_config {
	uint64_t	limit_bytes;
	bool		is_codel;
	bool		has_ecn;
};

/**
 * struct sim_codel - CoDel's state (RFC 8289 section 5.3)
 * @first_above_ns: when the sojourn time will have been over target for an
 *                  interval; 0: it is not over target
 * @drop_next_ns:   of the dropping state: when to drop next
 * @count:          drops since dropping began
 * @last_count:     @count when it began last
 * @is_dropping:    in the dropping state
 */
struct sim_codel {
	uint64_t	first_above_ns;
	uint64_t	drop_next_ns;
	uint32_t	count;
	uint32_t	last_count;
	bool		is_dropping;
};

/**
 * struct sim_queue - packets that wait, first in first out
 * @config:  what it is like
 * @drop:    takes what is dropped, whose it is then
 * @head:    leaves first
 * @tail:    where the next packet is linked in
 * @bytes:   that wait
 * @codel:   used if the queue is one
 * @nr_dropped: packets, by either rule
 * @nr_marked:  packets
 */
struct sim_queue {
	struct sim_queue_config	config;
	void (*drop)(struct sim_queue *queue, struct sim_packet *packet);
	struct sim_packet	*head;
	struct sim_packet	**tail;
	uint64_t		bytes;
	struct sim_codel	codel;
	uint64_t		nr_dropped;
	uint64_t		nr_marked;
};

/**
 * sim_queue_init - make an empty queue
 * @queue:  what
 * @config: what it is like
 * @drop:   see struct sim_queue
 */
void sim_queue_init(struct sim_queue *queue,
		    const struct sim_queue_config *config,
		    void (*drop)(struct sim_queue *, struct sim_packet *));

/**
 * sim_queue_push - queue a packet, which is the queue's then, or drop it
 *
 * Return: false if it was dropped.
 */
bool sim_queue_push(struct sim_queue *queue, struct sim_packet *packet,
		    uint64_t now_ns);

/** sim_queue_pop - the packet that leaves now, the caller's then; NULL: none */
struct sim_packet *sim_queue_pop(struct sim_queue *queue, uint64_t now_ns);

/** sim_queue_take - the first packet, whatever its age, the caller's then */
struct sim_packet *sim_queue_take(struct sim_queue *queue);

#endif /* SIM_QUEUE_H */
