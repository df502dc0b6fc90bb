/* SPDX-License-Identifier: GPL-2.0 */
/* Flows of a channel, and packets of theirs to and from a kernel socket. */
#ifndef NX_FLOW_H
#define NX_FLOW_H

#include "channel.h"
#include "net.h"

/**
 * struct nx_flow - an adopted UDP socket
 * @chan:  its channel
 * @sock:  still ours
 * @add:   as NEXUS_IOC_FLOW_ADD answered
 * @tuple: of what it sends; dst is empty until nx_flow_to() or a connection
 */
struct nx_flow {
	struct nx_chan	*chan;
	int	sock;
	struct nexus_flow_add	add;
	struct nx_tuple	tuple;
};

/*
 * Binds a UDP socket, connects it if @remote is given, and has it adopted; a
 * failure fails the test. @local must be an address, not a wildcard, if the
 * flow is to send.
 */
void nx_flow_start(struct nx_flow *flow, struct nx_chan *chan,
		   const char *local, __u16 port,
		   const char *remote, __u16 remote_port);
/* Where a listener sends. */
void nx_flow_to(struct nx_flow *flow, const char *remote, __u16 port);
void nx_flow_stop(struct nx_flow *flow);

/* Sends a datagram in one sync; 0 or -errno, -ENOBUFS: no buffer, no slot. */
int nx_flow_send(struct nx_flow *flow, const void *payload, size_t len);
/*
 * The payload of the next datagram to the flow within @ms: its length, or -1.
 * Everything in its headers has been checked. @desc may be NULL.
 */
long nx_flow_recv(struct nx_flow *flow, void *payload, size_t size,
		  struct nexus_desc *desc, unsigned int ms);

/**
 * struct nx_pair - a connected flow on the host, and a peer's socket
 */
struct nx_pair {
	struct nx_flow	flow;
	int	peer;
};

void nx_pair_start(struct nx_pair *pair, struct nx_chan *chan,
		   struct nx_net *net, int family, __u16 port);
void nx_pair_stop(struct nx_pair *pair);
/* One datagram each way, @number in it; false: it did not arrive, or wrong. */
bool nx_pair_ping(struct nx_pair *pair, __u32 number);

#endif
