/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A UDP endpoint inside.
 */
#ifndef _NX_UDP_INTERNAL_H
#define _NX_UDP_INTERNAL_H

#include <nexus/udp.h>
#include <nexus/wire.h>

#include "../ip/path.h"
#include "../stack/internal.h"

/* Errors that wait for nexus_udp_take_error(). */
#define NX_UDP_NR_ERRORS	8

/* Datagrams that wait for nexus_udp_recv() if nothing else is said. */
#define NX_UDP_RX_LIMIT		1024

/**
 * struct nx_udp_hops - TTLs and the like, as the socket has them
 * @unicast:   TTL or hop limit
 * @multicast: likewise
 * @tos:       type of service or traffic class
 */
struct nx_udp_hops {
	uint8_t		unicast;
	uint8_t		multicast;
	uint8_t		tos;
};

/**
 * struct nexus_udp - an endpoint
 * @sink:    the stack's end; the first field, so that free() frees it all
 * @stack:   that it was opened on
 * @advisory: of the flow, written by the kernel
 * @flow:    index
 * @generation: of the index
 * @flags:   NEXUS_UDP_*
 * @family:  of the socket
 * @local_port: network byte order
 * @traffic_class: NEXUS_CLASS_*
 * @ll_permille: that it asks for
 * @tx_flags: NEXUS_DESC_* of everything sent
 * @is_connected: sends to and receives from @remote only
 * @is_wildcard:  is bound to no address
 * @has_ipv4: reaches IPv4: an IPv4 socket, or a dual-stack one
 * @has_ipv6: reaches IPv6
 * @is_closed: nexus_udp_close() was called within a callback
 * @is_held:  the program was told that it is suspended, and waits
 * @wish:    of the datagram that is being sent, or NULL
 * @local, @remote: addresses; @remote.family is 0 if not connected
 * @hops:    by [0] IPv4, [1] IPv6
 * @path:    headers to whom it sent last; of a connected endpoint, to @remote
 * @path_to: whom @path leads to, as nexus_udp_send() names it
 * @fast_len: payloads below this go along @path without further thought; 0 if
 *           all must be looked at (no checksum offload, DONTFRAG)
 * @path_until_ns: when the kernel must be asked again for the source of @path
 * @ifindex: device that the socket is bound to, or 0
 * @fd:      the socket
 * @receive, @error, @writable, @arg: the program's
 * @first, @last: datagrams that wait, linked by @link
 * @nr_queued, @rx_limit: how many there are and may be
 * @errors:  errors that wait, the oldest at @first_error
 * @nr_errors: how many
 * @stats:   counters
 */
struct nexus_udp {
	struct nx_sink		sink;
	struct nexus_stack	*stack;
	const struct nexus_flow_advisory *advisory;
	uint32_t		flow;
	uint32_t		generation;
	uint32_t		flags;
	uint16_t		family;
	uint16_t		local_port;
	uint8_t			traffic_class;
	uint32_t		ll_permille;
	uint8_t			tx_flags;
	bool			is_connected;
	bool			is_wildcard;
	bool			has_ipv4;
	bool			has_ipv6;
	bool			is_closed;
	bool			is_held;
	const struct nexus_udp_wish *wish;
	struct nexus_addr	local;
	struct nexus_addr	remote;
	struct nx_udp_hops	hops[2];
	struct nx_path		path;
	struct nexus_addr	path_to;
	uint64_t		path_until_ns;
	uint32_t		fast_len;
	uint32_t		ifindex;
	int			fd;

	void	(*receive)(struct nexus_udp *udp, struct nexus_packet *pkt,
			   void *arg);
	void	(*error)(struct nexus_udp *udp,
			 const struct nexus_udp_error *error, void *arg);
	void	(*writable)(struct nexus_udp *udp, void *arg);
	void	*arg;
	struct nexus_packet	*first;
	struct nexus_packet	*last;
	uint32_t		nr_queued;
	uint32_t		rx_limit;
	struct nexus_udp_error	errors[NX_UDP_NR_ERRORS];
	uint32_t		first_error;
	uint32_t		nr_errors;
	struct nexus_udp_stats	stats;
};

static inline struct nexus_udp *nx_udp_of(struct nx_sink *sink)
{
	return (struct nexus_udp *)sink;
}

/* The endpoint's sink functions. */
void nx_udp_input(struct nx_sink *sink, struct nexus_packet *pkt);
void nx_udp_event(struct nx_sink *sink, const struct nexus_event *event);
void nx_udp_close_sink(struct nx_sink *sink);

/* And those for another channel. */
void nx_udp_lost(struct nx_sink *sink);
int nx_udp_again(struct nx_sink *sink);
void nx_udp_reset(struct nx_sink *sink, int err);

/* The kernel's advice; a memory read. */
static inline bool nx_udp_is_suspended(const struct nexus_udp *udp)
{
	return __atomic_load_n(&udp->advisory->flags, __ATOMIC_RELAXED) &
	       NEXUS_FLOW_SUSPENDED;
}

/* Perhaps the flow may send again. */
void nx_udp_resume(struct nexus_udp *udp);

/* A connected endpoint's headers. */
void nx_udp_init_path(struct nexus_udp *udp);

/* An ICMP error that quotes the flow; the packet stays the caller's. */
void nx_udp_input_error(struct nexus_udp *udp, const struct nexus_packet *pkt);

#endif /* _NX_UDP_INTERNAL_H */
