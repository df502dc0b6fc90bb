/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host whose link to the peer is shaped by the discipline "nexus", flows that
 * send through it, and a socket at the peer that takes everything in.
 */
#ifndef NX_QUEUE_H
#define NX_QUEUE_H

#include "flow.h"

#define NX_QUEUE_NEXUS	"t"
#define NX_QUEUE_PORT	4100	/* of the peer's socket */
#define NX_QUEUE_LEN	1000	/* payload of ordinary packets */
/* For what will happen: the slower the machine is, the slower are the links. */
#define NX_QUEUE_PATIENCE_MS	30000

/**
 * struct nx_queue_bed - the scene
 * @sink: of the peer, with much room
 * @nr_arrived: packets of the greedy flow that nx_queue_wait_by() has seen
 */
struct nx_queue_bed {
	struct nx_net	net;
	struct nx_chan	chan;
	int	sink;
	long	nr_arrived;
};

/* Options for tc; each of these fails the test if it fails. */
void nx_qdisc(const char *options);
void nx_queue_start(struct nx_queue_bed *bed, const char *options);
/*
 * An eighth of the kilobits a second that a flow sends here, packet by packet;
 * at most @max_kbit. The link must not be shaped yet.
 */
unsigned long nx_queue_kbit(struct nx_queue_bed *bed, unsigned long max_kbit);
/* With such a rate, which a machine however slow can overload. */
void nx_queue_start_slow(struct nx_queue_bed *bed, unsigned long max_kbit,
			 const char *options);
int nx_sink_socket(struct nx_net *net, __u16 port);
/* Connected to the sink, with a large send buffer. */
void nx_queue_flow(struct nx_queue_bed *bed, struct nx_flow *flow, __u16 port);
void nx_send_room(int sock);

const struct nexus_flow_advisory *nx_advisory(const struct nx_flow *flow);
bool nx_is_suspended(const struct nx_flow *flow);
/* Waits until it is so, without a system call that could change it. */
bool nx_wait_suspended(const struct nx_flow *flow, bool wanted);
long nx_released(const struct nx_flow *flow);

/* Forgets all events; how many there were of @type for @flow. */
int nx_take_events(struct nx_chan *chan, __u32 type, __u32 flow);

/* The number in the next datagram at @sock, and its source port; -1: none. */
long nx_next_number(int sock, __u16 *port);
/*
 * Sends one packet through @send(@arg) beside the flow @greedy, of which nothing
 * but this reads at the sink: how many of its packets leave before it. Counted,
 * for a clock would count what the machine does besides. -1: too much happened
 * meanwhile.
 */
long nx_queue_wait_by(struct nx_queue_bed *bed, struct nx_flow *greedy,
		      void (*send)(void *arg), void *arg);
/* The same for a datagram of the socket @sock. */
long nx_queue_wait(struct nx_queue_bed *bed, struct nx_flow *greedy, int sock);
int nx_compare_longs(const void *a, const void *b);

#endif
