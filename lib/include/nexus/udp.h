/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * UDP endpoints (RFC 768, RFC 1122 section 4.1, RFC 8200 section 8.1) with a
 * zero-copy interface both ways, and a copying one in the manner of sendto().
 *
 * An endpoint begins as an ordinary socket, so that the kernel decides who may
 * have which port. Options that concern the kernel (multicast membership,
 * SO_BROADCAST) are set on nexus_udp_fd() as ever. TTLs, hop limits and types of
 * service are those that the socket has when it becomes an endpoint.
 *
 * Threads: those of the endpoint's stack.
 */
#ifndef _NEXUS_UDP_H
#define _NEXUS_UDP_H

#include <nexus/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct nexus_udp;

/* Longest payload over IPv4: 65,535 less 20 and 8. */
#define NEXUS_UDP_PAYLOAD_MAX	65507

/**
 * struct nexus_udp_error - something that befell what was sent
 * @err:      ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, EMSGSIZE, EPROTO,
 *            or EADDRNOTAVAIL: the local address was removed from the host
 * @type:     of ICMP or ICMPv6; 0 with EADDRNOTAVAIL
 * @code:     likewise
 * @ip_version: 4 or 6: ICMP or ICMPv6
 * @mtu:      path MTU in bytes with EMSGSIZE, else 0
 * @remote:   to whom the quoted datagram was sent
 * @local:    from where
 * @offender: who sent the ICMP message
 */
struct nexus_udp_error {
	int			err;
	uint8_t			type;
	uint8_t			code;
	uint8_t			ip_version;
	uint8_t			reserved;
	uint32_t		mtu;
	struct nexus_addr	remote;
	struct nexus_addr	local;
	struct nexus_addr	offender;
};

/* Flags of struct nexus_udp_options. */
#define NEXUS_UDP_V6ONLY	(1U << 0)	/* IPv6 without IPv4 */
#define NEXUS_UDP_REUSEADDR	(1U << 1)	/* SO_REUSEADDR */
#define NEXUS_UDP_REUSEPORT	(1U << 2)	/* SO_REUSEPORT */
#define NEXUS_UDP_BROADCAST	(1U << 3)	/* SO_BROADCAST */
#define NEXUS_UDP_DONTFRAG	(1U << 4)	/* never fragment; IPv4: DF */
#define NEXUS_UDP_BULK		(1U << 5)	/* NEXUS_CLASS_BULK */
#define NEXUS_UDP_LOW_LATENCY	(1U << 6)	/* NEXUS_CLASS_LOW_LATENCY */

/**
 * struct nexus_udp_options - argument of nexus_udp_open()
 * @local:    to bind to; an AF_INET6 wildcard is dual-stack, unless V6ONLY.
 *            Port 0: the kernel chooses. Ignored by nexus_udp_adopt().
 * @remote:   to connect to; family 0: not connected. Ignored likewise.
 * @device:   to bind to (SO_BINDTODEVICE), or NULL. Ignored likewise.
 * @flags:    NEXUS_UDP_*; adopt looks at DONTFRAG, BULK and LOW_LATENCY only
 * @rx_limit: most datagrams that wait for nexus_udp_recv(); 0: 1,024. Later
 *            ones are dropped and counted.
 * @receive:  called for each datagram, which it owns; NULL: nexus_udp_recv()
 * @error:    called for each error; NULL: nexus_udp_take_error()
 * @arg:      argument of all three
 * @writable: called when a flow that nexus_udp_send() refused for being
 *            suspended may send again; NULL: nobody
 * @ll_permille: with LOW_LATENCY: thousandths of the link's rate that the flow asks
 *            for; 0 is 1. Otherwise 0
 * @reserved: 0
 *
 * Callbacks run inside nexus_stack_run() and nexus_stack_poll(). They may send,
 * open and close endpoints, this one too, but not call these two (-EBUSY).
 */
struct nexus_udp_options {
	struct nexus_addr	local;
	struct nexus_addr	remote;
	const char		*device;
	uint32_t		flags;
	uint32_t		rx_limit;
	void	(*receive)(struct nexus_udp *udp, struct nexus_packet *pkt,
			   void *arg);
	void	(*error)(struct nexus_udp *udp,
			 const struct nexus_udp_error *error, void *arg);
	void	*arg;
	void	(*writable)(struct nexus_udp *udp, void *arg);
	uint32_t		ll_permille;
	uint32_t		reserved_0;
	uint64_t reserved[2];
};

/**
 * struct nexus_udp_stats - counters of one endpoint, free running
 * @rx_datagrams: given to the program, super-packets counted by the datagram
 * @rx_bytes:     their payload
 * @tx_datagrams: put into TX
 * @tx_bytes:     their payload
 * @rx_queue_drops: dropped at @rx_limit
 * @rx_bad:       dropped for a wrong checksum or length
 * @errors:       struct nexus_udp_error delivered or queued
 * @error_drops:  errors that nobody took in time
 */
struct nexus_udp_stats {
	uint64_t	rx_datagrams;
	uint64_t	rx_bytes;
	uint64_t	tx_datagrams;
	uint64_t	tx_bytes;
	uint64_t	rx_queue_drops;
	uint64_t	rx_bad;
	uint64_t	errors;
	uint64_t	error_drops;
};

/* -------------------------------------------------------- open and close */

/**
 * nexus_udp_open - create, bind and perhaps connect a socket, and adopt it
 * @stack:   the stack
 * @options: how
 * @udp:     out
 *
 * Return: 0, what socket(), setsockopt(), bind() and connect() say (-EACCES,
 * -EADDRINUSE, -EADDRNOTAVAIL, ...), or what NEXUS_IOC_FLOW_ADD says: -EDQUOT the
 * low-latency class has not so much left, -EPERM the policy does not allow it.
 */
int nexus_udp_open(struct nexus_stack *stack,
		   const struct nexus_udp_options *options,
		   struct nexus_udp **udp);

/**
 * nexus_udp_adopt - make an endpoint of a bound UDP socket
 * @stack:   the stack
 * @fd:      the socket; it stays the caller's, who may close it: the endpoint
 *           works on a duplicate
 * @options: NULL: defaults, without callbacks
 * @udp:     out
 *
 * Return: 0, or what NEXUS_IOC_FLOW_ADD says; then @fd is as it was, and the
 * program can go on with the kernel's stack.
 */
int nexus_udp_adopt(struct nexus_stack *stack, int fd,
		    const struct nexus_udp_options *options,
		    struct nexus_udp **udp);

/**
 * nexus_udp_close - end the flow and close the socket
 * @udp: or NULL
 *
 * What it sent stays in TX and leaves; what it has not received is dropped.
 * Packets that the program keeps stay valid.
 */
void nexus_udp_close(struct nexus_udp *udp);

/**
 * nexus_udp_fd - the socket, for setsockopt() and getsockname()
 * @udp: that keeps owning it
 *
 * It receives nothing: poll nexus_stack_fd() instead.
 */
int nexus_udp_fd(const struct nexus_udp *udp);

/**
 * nexus_udp_stack - the stack that it was opened on
 * @udp: the endpoint
 */
struct nexus_stack *nexus_udp_stack(const struct nexus_udp *udp);

/**
 * nexus_udp_local - the address and port that it is bound to
 * @udp:  the endpoint
 * @addr: out; the address is all zeros for a wildcard
 */
void nexus_udp_local(const struct nexus_udp *udp, struct nexus_addr *addr);

/**
 * nexus_udp_remote - whom it is connected to
 * @udp:  the endpoint
 * @addr: out; family 0 if it is not connected
 */
void nexus_udp_remote(const struct nexus_udp *udp, struct nexus_addr *addr);

/**
 * nexus_udp_stats - counters
 * @udp:   the endpoint
 * @stats: out
 */
void nexus_udp_stats(const struct nexus_udp *udp,
		     struct nexus_udp_stats *stats);

/**
 * nexus_udp_mtu - path MTU of the flow, read from the advisory
 * @udp: the endpoint
 *
 * Return: bytes, IP header included; 0 if not known.
 */
uint32_t nexus_udp_mtu(const struct nexus_udp *udp);

/**
 * nexus_udp_is_suspended - does the kernel ask the flow to hold back?
 * @udp: the endpoint
 *
 * A memory read.
 */
bool nexus_udp_is_suspended(const struct nexus_udp *udp);

/* ------------------------------------------------------------ zero-copy */

/**
 * nexus_udp_send - queue a datagram
 * @udp: the endpoint
 * @pkt: from nexus_packet_alloc(), or one that was received
 * @to:  NULL: to whom the endpoint is connected
 *
 * On success the packet is the library's. On failure it stays the caller's.
 * The source address is the one that the endpoint is bound to, else the one
 * that the kernel would choose for @to (asked once for each destination).
 *
 * While the kernel asks the flow to hold back (nexus_udp_is_suspended()), nothing
 * is queued: what would come of it is a longer queue, and drops.
 *
 * Return: 0, -EAGAIN no slot free now, or suspended, -EMSGSIZE, -EDESTADDRREQ no destination,
 * -EISCONN @to given but connected, -EAFNOSUPPORT a family that the endpoint
 * cannot reach, -ENETUNREACH, -EHOSTUNREACH no source address, -EPROTO, -ENXIO,
 * -EPERM.
 */
int nexus_udp_send(struct nexus_udp *udp, struct nexus_packet *pkt,
		   const struct nexus_addr *to);

/**
 * struct nexus_udp_wish - what one datagram is to have of its own
 * @flags:       NEXUS_DESC_NOTIFY: tell what becomes of it; _DEADLINE: it is of no
 *               use after @deadline_ns, and is dropped where it waits; with _LATE it
 *               is sent even then
 * @reserved:    0
 * @cookie:      comes back in the event
 * @deadline_ns: CLOCK_MONOTONIC
 */
struct nexus_udp_wish {
	uint32_t	flags;
	uint32_t	reserved;
	uint64_t	cookie;
	uint64_t	deadline_ns;
};

/**
 * nexus_udp_send_with - queue a datagram that is reported, or has a deadline
 * @udp:  the endpoint
 * @pkt:  as for nexus_udp_send()
 * @to:   likewise
 * @wish: not needed after the call
 *
 * The stack's event callback (struct nexus_stack_options) hears of it once, by
 * NEXUS_EVENT_SENT or NEXUS_EVENT_EXPIRED, unless the EVENT ring was full.
 *
 * Return: as nexus_udp_send(); -EINVAL no flags, unknown ones, or LATE without
 * DEADLINE, -EOPNOTSUPP the kernel's side cannot do it.
 */
int nexus_udp_send_with(struct nexus_udp *udp, struct nexus_packet *pkt,
			const struct nexus_addr *to,
			const struct nexus_udp_wish *wish);

/**
 * nexus_udp_reply - queue an answer to a datagram
 * @udp:     the endpoint
 * @pkt:     as for nexus_udp_send(); may be @request itself, rewritten in place
 * @request: a received packet of this endpoint, still owned
 *
 * Goes to the sender of @request, from the address that it was sent to (from
 * the kernel's choice if that was a multicast or broadcast address). @request
 * stays the caller's, unless it is @pkt.
 *
 * Return: as nexus_udp_send(); a connected endpoint can reply too.
 */
int nexus_udp_reply(struct nexus_udp *udp, struct nexus_packet *pkt,
		    const struct nexus_packet *request);

/**
 * nexus_udp_recv - take the next datagram
 * @udp: an endpoint without a receive callback
 *
 * Looks only at what nexus_stack_run() and _poll() have sorted already.
 *
 * Return: a packet that the caller owns, or NULL.
 */
struct nexus_packet *nexus_udp_recv(struct nexus_udp *udp);

/**
 * nexus_udp_source - who sent a received datagram
 * @pkt:  the packet
 * @addr: out
 */
void nexus_udp_source(const struct nexus_packet *pkt, struct nexus_addr *addr);

/**
 * nexus_udp_destination - the address and port that it was sent to
 * @pkt:  the packet
 * @addr: out
 */
void nexus_udp_destination(const struct nexus_packet *pkt,
			   struct nexus_addr *addr);

/**
 * nexus_udp_take_error - take the oldest waiting error
 * @udp:   an endpoint without an error callback
 * @error: out
 *
 * Return: true if there was one. The last 8 are kept.
 */
bool nexus_udp_take_error(struct nexus_udp *udp, struct nexus_udp_error *error);

/* -------------------------------------------------------------- copying */

/**
 * nexus_udp_sendto - copy a datagram and queue it
 * @udp: the endpoint
 * @buf: payload
 * @len: bytes, 0 to NEXUS_UDP_PAYLOAD_MAX
 * @to:  as for nexus_udp_send()
 *
 * Return: @len, or as nexus_packet_alloc() and nexus_udp_send().
 */
ssize_t nexus_udp_sendto(struct nexus_udp *udp, const void *buf, size_t len,
			 const struct nexus_addr *to);

/**
 * nexus_udp_recvfrom - copy the next datagram out
 * @udp:  an endpoint without a receive callback
 * @buf:  room for @size bytes; what is longer is cut
 * @size: bytes
 * @from: out, or NULL
 *
 * Return: bytes of the datagram, more than @size if it was cut; -EAGAIN if none
 * waits; -EPROTO, -ENXIO, -EPERM.
 */
ssize_t nexus_udp_recvfrom(struct nexus_udp *udp, void *buf, size_t size,
			   struct nexus_addr *from);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _NEXUS_UDP_H */
