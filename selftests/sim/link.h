/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One direction of a link: a queue, a rate, a delay, and what may go wrong.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "queue.h"
#include "rng.h"
#include "trace.h"

/**
 * struct sim_link_config - what a link is like; all zeros is a perfect one
 * @delay_ns:      from the last bit sent to the last bit received
 * @rate_bps:      bits a second; 0: no limit, and so no queue
 * @queue:         the queue before it
 * @mtu:           larger packets are refused; 0: none is
 * @is_black_hole: larger packets vanish without a word
 * @loss_ppb:      of each packet, independently
 * @burst_ppb:     that the link turns bad, asked with each packet (Gilbert-
 *                 Elliott: good loses @loss_ppb, bad loses @burst_loss_ppb)
 * @burst_end_ppb: that a bad link turns good, asked with each packet
 * @burst_loss_ppb: of each packet while the link is bad
 * @reorder_ppb:   of each packet: comes @reorder_ns late, and is overtaken
 * @reorder_ns:    how late at most; each such packet draws its own
 * @early_ppb:     of each packet: passes all others, and comes at once, as netem's
 *                 "reorder" has it
 * @duplicate_ppb: of each packet: comes twice
 * @corrupt_ppb:   of each packet: one of its bits is turned
 */
struct sim_link_config {
	uint64_t		delay_ns;
	uint64_t		rate_bps;
	struct sim_queue_config	queue;
	uint32_t		mtu;
	bool			is_black_hole;
	uint32_t		loss_ppb;
	uint32_t		burst_ppb;
	uint32_t		burst_end_ppb;
	uint32_t		burst_loss_ppb;
	uint32_t		reorder_ppb;
	uint64_t		reorder_ns;
	uint32_t		early_ppb;
	uint32_t		duplicate_ppb;
	uint32_t		corrupt_ppb;
};

/**
 * struct sim_sink - whoever gets what a link delivers
 * @receive: takes the packet, which is the sink's then
 * @refuse:  told to the sender's side: the packet, still the link's, is larger
 *           than @mtu
 */
struct sim_sink {
	void (*receive)(struct sim_sink *sink, struct sim_packet *packet);
	void (*refuse)(struct sim_sink *sink, const struct sim_packet *packet,
		       uint32_t mtu);
};

/**
 * struct sim_link - one direction of a link
 * @name:     in traces
 * @config:   what it is like; may be changed while packets travel
 * @clock:    the world's
 * @trace:    the world's
 * @to:       who receives
 * @from:     who is told of packets that are too big, or NULL
 * @rng:      its own stream
 * @queue:    before it
 * @idle:     happens when the packet being sent has left
 * @sending:  the packet being sent
 * @is_bad:   the Gilbert-Elliott model's state
 * @nr_doomed: so many of the next packets are lost, whatever @config says
 * @nr_travelling: packets between its ends
 * @nr_sent:  packets given to it
 * @nr_lost:  packets lost by @config, the queue's drops apart
 * @bytes_delivered: with their IP headers
 */
struct sim_link {
	const char		*name;
	struct sim_link_config	config;
	struct sim_clock	*clock;
	struct sim_trace	*trace;
	struct sim_sink		*to;
	struct sim_sink		*from;
	struct sim_rng		rng;
	struct sim_queue	queue;
	struct sim_event	idle;
	struct sim_packet	*sending;
	bool			is_bad;
	uint64_t		nr_doomed;
	uint64_t		nr_travelling;
	uint64_t		nr_sent;
	uint64_t		nr_lost;
	uint64_t		bytes_delivered;
};

/**
 * sim_link_init - make a link
 * @link:   with @name, @config, @clock, @trace, @to and @from set, the
 *          rest zeros
 * @seed:   of the run
 * @stream: of this link
 */
void sim_link_init(struct sim_link *link, uint64_t seed, uint64_t stream);

/** sim_link_exit - give back what waits; what travels must have arrived */
void sim_link_exit(struct sim_link *link);

/** sim_link_send - hand over a packet, which is the link's then */
void sim_link_send(struct sim_link *link, struct sim_packet *packet);

#endif /* SIM_LINK_H */
