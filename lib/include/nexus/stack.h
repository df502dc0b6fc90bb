/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The stack: an event loop over one queue of a channel, its packets, its clock
 * and its timers. Transports (<nexus/udp.h>) open their endpoints on it.
 *
 * Life of a program:
 *
 *   nexus_stack_open()
 *   nexus_udp_open() ...             endpoints, each with its callbacks
 *   for (;;)
 *           nexus_stack_poll()       sends, sleeps, receives, calls back
 *   nexus_stack_close()
 *
 * or, in a program with an epoll of its own: put nexus_stack_fd() into it for
 * EPOLLIN (level or edge triggered), and call nexus_stack_run() when it is
 * ready and before each epoll_wait().
 *
 * What an endpoint sends stands in the TX ring until nexus_stack_poll(),
 * _run() or _flush(), or until the ring is full: so a batch costs one system
 * call, and a round trip costs one as well.
 *
 * Threads: everything runs to completion in the caller's thread. A stack, its
 * endpoints and its packets belong to one thread at a time; different stacks
 * share nothing and need no lock. After fork() every call in the child returns
 * -EPERM.
 */
#ifndef _NEXUS_STACK_H
#define _NEXUS_STACK_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <nexus/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct nexus_stack;

/* ------------------------------------------------------------ addresses */

/**
 * struct nexus_addr - an IP address with a port
 * @family:   AF_INET or AF_INET6; 0: no address
 * @port:     network byte order
 * @scope_id: interface index of an IPv6 link-local address, else 0
 * @ip:       network byte order; IPv4 in the first 4 bytes, the rest 0
 *
 * An IPv4 peer of a dual-stack endpoint is AF_INET, never a mapped address.
 */
struct nexus_addr {
	uint16_t	family;
	uint16_t	port;
	uint32_t	scope_id;
	uint8_t		ip[16];
};

/* Room for any address as text: "[", address, "%", scope, "]:", port, NUL. */
#define NEXUS_ADDR_STRLEN	80

/**
 * nexus_addr_parse - from text
 * @addr: out
 * @text: "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[fe80::1%3]:53", "*:53"
 *        (any IPv4 address), "[::]:53"
 *
 * No names, no look-up.
 *
 * Return: 0 or -EINVAL.
 */
int nexus_addr_parse(struct nexus_addr *addr, const char *text);

/**
 * nexus_addr_format - to text that nexus_addr_parse() reads
 * @addr: the address
 * @text: room for @size bytes, best NEXUS_ADDR_STRLEN; cut if it is less
 * @size: bytes, at least 1
 *
 * Return: @text.
 */
char *nexus_addr_format(const struct nexus_addr *addr, char *text, size_t size);

/**
 * nexus_addr_from_sockaddr - from sockaddr_in or sockaddr_in6
 * @addr: out; a mapped IPv4 address becomes AF_INET
 * @sa:   the socket address
 * @len:  its bytes
 *
 * Return: 0, -EAFNOSUPPORT or -EINVAL.
 */
int nexus_addr_from_sockaddr(struct nexus_addr *addr,
			     const struct sockaddr *sa, socklen_t len);

/**
 * nexus_addr_to_sockaddr - to sockaddr_in or sockaddr_in6
 * @addr: the address
 * @ss:   out
 *
 * Return: bytes of the socket address.
 */
socklen_t nexus_addr_to_sockaddr(const struct nexus_addr *addr,
				 struct sockaddr_storage *ss);

/* -------------------------------------------------------------- packets */

/**
 * struct nexus_packet_info - what the kernel knows of a received packet
 *
 * The fields of struct nexus_desc from @flags to @time_ns, in their order. Of a
 * packet to send only @nr_parts means something.
 */
struct nexus_packet_info {
	uint32_t	flags;
	uint8_t		traffic_class;
	uint8_t		ip_version;
	uint8_t		protocol;
	uint8_t		nr_parts;
	uint16_t	l4_off;
	uint16_t	payload_off;
	uint16_t	gso_size;
	uint16_t	gso_segs;
	uint32_t	hash;
	uint32_t	ifindex;
	uint64_t	time_ns;
};

/**
 * struct nexus_packet - payload in one buffer, perhaps with more parts behind
 * @data:      payload of this part
 * @len:       bytes at @data
 * @total_len: of all parts; in the first part
 * @next:      next part, or NULL
 *
 * Whoever gets a packet (from nexus_packet_alloc(), from nexus_udp_recv(), as
 * the argument of a receive callback) owns it, and either sends it or gives it
 * back with nexus_packet_put(). It may be kept as long as the program likes,
 * but what it keeps is missing from the pool.
 *
 * To send less than was allocated use nexus_packet_trim(). The fields below
 * @next are the library's.
 */
struct nexus_packet {
	uint8_t			*data;
	uint32_t		len;
	uint32_t		total_len;
	struct nexus_packet	*next;

	/* The library's. */
	uint8_t			*head;		/* IP header */
	uint8_t			*base;		/* of the buffer */
	struct nexus_packet	*parent;	/* whose buffer this shares */
	struct nexus_packet	*link;		/* in an endpoint's queue */
	uint32_t		refs;		/* of the buffers */
	uint32_t		buf;
	struct nexus_packet_info info;
	uint64_t		reserved[4];
};

/**
 * nexus_packet_alloc - a packet to send, with room for headers in front
 * @stack: the stack
 * @len:   payload bytes, 0 to 65,507
 * @pkt:   out; @total_len is @len
 *
 * Up to 1,920 bytes (of 2,048-byte buffers) lie in one part; a longer payload
 * in one large buffer if the channel has one free, else in several parts.
 * Contents are what was there before.
 *
 * Return: 0, -EAGAIN no buffer free now, -EMSGSIZE, -EPROTO, -ENXIO, -EPERM.
 */
int nexus_packet_alloc(struct nexus_stack *stack, size_t len,
		       struct nexus_packet **pkt);

/**
 * nexus_packet_put - give a packet's buffers back
 * @stack: that the packet came from
 * @pkt:   its first part, or NULL
 */
void nexus_packet_put(struct nexus_stack *stack, struct nexus_packet *pkt);

/**
 * nexus_packet_trim - shorten to @len payload bytes
 * @stack: the stack
 * @pkt:   first part; it owns its buffers
 * @len:   at most @pkt->total_len; parts that become empty are given back
 */
void nexus_packet_trim(struct nexus_stack *stack, struct nexus_packet *pkt,
		       size_t len);

/**
 * nexus_packet_slice - part of a payload as a packet of its own
 * @stack: the stack
 * @pkt:   first part; it stays its owner's
 * @off:   from the payload's first byte
 * @len:   bytes, not 0; they are there
 *
 * It shares @pkt's buffers, which go back when both have been put.
 *
 * Return: the caller's; NULL: too many are kept (4,096 parts of a stack), or there
 * are no such bytes.
 */
struct nexus_packet *nexus_packet_slice(struct nexus_stack *stack,
					struct nexus_packet *pkt, size_t off,
					size_t len);

/**
 * nexus_packet_tailroom - bytes that the last part could be longer
 * @stack: the stack
 * @pkt:   a packet of one part
 *
 * A program that wants them adds to both @len and @total_len.
 */
size_t nexus_packet_tailroom(const struct nexus_stack *stack,
			     const struct nexus_packet *pkt);

/**
 * nexus_packet_write - copy into the payload, over all parts
 * @pkt: first part
 * @off: from the payload's first byte
 * @src: bytes
 * @len: how many
 *
 * Return: bytes copied, less than @len at the payload's end.
 */
size_t nexus_packet_write(struct nexus_packet *pkt, size_t off,
			  const void *src, size_t len);

/**
 * nexus_packet_read - copy out of the payload, over all parts
 * @pkt: first part
 * @off: from the payload's first byte
 * @dst: room for @len bytes
 * @len: how many
 *
 * Return: bytes copied, less than @len at the payload's end.
 */
size_t nexus_packet_read(const struct nexus_packet *pkt, size_t off,
			 void *dst, size_t len);

/**
 * nexus_packet_time_ns - when a received packet arrived, CLOCK_MONOTONIC
 * @pkt: first part
 */
static inline uint64_t nexus_packet_time_ns(const struct nexus_packet *pkt)
{
	return pkt->info.time_ns;
}

/**
 * nexus_packet_ifindex - device that a received packet arrived on
 * @pkt: first part
 *
 * Return: 0 if it came from this host.
 */
static inline uint32_t nexus_packet_ifindex(const struct nexus_packet *pkt)
{
	return pkt->info.ifindex;
}

/**
 * nexus_packet_hash - the kernel's hash of a received packet's flow, or 0
 * @pkt: first part
 */
static inline uint32_t nexus_packet_hash(const struct nexus_packet *pkt)
{
	return pkt->info.hash;
}

/* ---------------------------------------------------------------- stack */

/*
 * An event of the stack's own, beside those of enum nexus_event_type: the memory
 * of its channel was taken back, and it is on another one, whose ID is @value.
 * UDP endpoints have their flows again; each was told ENETRESET, or why it has none.
 * TCP listeners have theirs; TCP connections were told ECONNABORTED and are over.
 */
#define NEXUS_STACK_EVENT_REATTACHED	0x80000001U

/*
 * Before that: the flow of an endpoint or a listener was refused, for the reason
 * @value, an errno. It is without one until it is closed.
 */
#define NEXUS_STACK_EVENT_REFUSED	0x80000002U

/**
 * struct nexus_stack_options - argument of nexus_stack_open()
 * @channel:  how to open the channel that the stack will own; NULL: defaults.
 *            With NEXUS_CHANNEL_DEFUNCT_OK the stack attaches anew, with the
 *            same settings, when it is used after its memory was taken back.
 *            If that is refused, calls say why (ENOMEM, EUSERS, EPERM ...), and
 *            what uses the stack later tries again: 10 ms after the first
 *            refusal at the earliest, twice as long after each further one, and
 *            at most 1 s.
 *            Packets that the program keeps then read as zeros, and sending
 *            them says ENETRESET.
 * @shared:   instead, a channel of the program's that outlives the stack: one
 *            stack for each queue, each in its own thread
 * @queue:    of @shared
 * @clock:    nanoseconds, never backwards; NULL: CLOCK_MONOTONIC. It is read
 *            only when a timer is armed or the program asks for the time.
 * @clock_arg: its argument
 * @budget:   most packets a run receives; 0: 256
 * @event:    called for every event of the channel (enum nexus_event_type),
 *            after the endpoints have seen it; or NULL
 * @event_arg: its argument
 * @reserved: 0
 */
struct nexus_stack_options {
	const struct nexus_channel_options	*channel;
	struct nexus_channel			*shared;
	uint32_t				queue;
	uint32_t				budget;
	uint64_t	(*clock)(void *arg);
	void		*clock_arg;
	void		(*event)(struct nexus_stack *stack,
				 const struct nexus_event *event, void *arg);
	void		*event_arg;
	uint64_t	reserved[4];
};

/**
 * nexus_stack_open - open a channel and put a stack on it
 * @stack:   out
 * @options: NULL: all defaults
 *
 * Return: 0, -ENOMEM, -EINVAL, or as nexus_channel_open().
 */
int nexus_stack_open(struct nexus_stack **stack,
		     const struct nexus_stack_options *options);

/**
 * nexus_stack_close - close the stack, its channel unless shared, its timers
 * @stack: or NULL; not from within a callback
 *
 * Endpoints that are still open are closed; what stood in TX is sent first.
 * With a shared channel, packets that the program still keeps are lost to it.
 */
void nexus_stack_close(struct nexus_stack *stack);

/**
 * nexus_stack_run - send and receive what can be without sleeping
 * @stack: the stack
 *
 * Takes what arrived (up to the budget), calls the endpoints back, runs timers
 * that are due, and sends what stands in TX. No system call if nothing is to be
 * sent and buffers abound. With an edge-triggered epoll, call it until it
 * returns 0.
 *
 * Return: packets received, or -EPROTO, -ENXIO, -EPERM, -EBUSY from within a
 * callback, or why another channel is refused.
 */
int nexus_stack_run(struct nexus_stack *stack);

/**
 * nexus_stack_poll - send, and sleep until something arrives
 * @stack:      the stack
 * @timeout_ns: longest sleep; 0: none, NEXUS_TIMEOUT_NONE: no limit
 *
 * One system call sends, sleeps and refills; none if packets are waiting and
 * there is nothing to send. What the callbacks send leaves with the next call
 * (or nexus_stack_flush()). If another channel took over it comes back at once.
 *
 * Return: packets received, 0 after the timeout or for a timer, a signal or an
 * event, or -EPROTO, -ENXIO, -EPERM, -EBUSY from within a callback, or, without a
 * sleep, why another channel is refused.
 */
int nexus_stack_poll(struct nexus_stack *stack, int64_t timeout_ns);

/**
 * nexus_stack_flush - send what stands in TX
 * @stack: the stack
 *
 * Return: 0, -EAGAIN if some stays for now because the socket's send buffer is
 * full, -EPROTO, -ENXIO, -EPERM.
 */
int nexus_stack_flush(struct nexus_stack *stack);

/**
 * nexus_stack_fd - descriptor for poll(), epoll and io_uring
 * @stack: that keeps owning it
 *
 * It stays the same when the stack attaches anew.
 */
int nexus_stack_fd(const struct nexus_stack *stack);

/**
 * nexus_stack_poll_events - POLLIN, and POLLOUT while packets wait for space
 * @stack: the stack
 */
short nexus_stack_poll_events(const struct nexus_stack *stack);

/**
 * nexus_stack_timeout_ns - until the next timer, for the program's own epoll
 * @stack: the stack
 *
 * While a stack has no channel, and another one was refused: until that is worth
 * another attempt.
 *
 * Return: nanoseconds, 0 if one is due, or if nexus_stack_poll() has left something
 * for its next call or nexus_stack_run()'s to do; NEXUS_TIMEOUT_NONE without a timer.
 */
int64_t nexus_stack_timeout_ns(struct nexus_stack *stack);

/**
 * struct nexus_sleep - a sleep that touches nothing of the stack; the library's
 */
struct nexus_sleep {
	const struct nexus_backend	*backend;
	void				*backend_arg;
	int				fd;
	struct nexus_sync		sync;
};

/**
 * nexus_stack_prepare_sleep - for programs whose threads share a stack, by a lock
 * @stack:    the stack
 * @sleep:    out: to be passed to nexus_sleep() when the lock is free
 * @fd:       that ends the sleep, too, when it is readable: an eventfd by which the
 *            threads wake each other, or an epoll
 * @until_ns: when the sleep ends, CLOCK_MONOTONIC; UINT64_MAX: never
 *
 * What is to be sent leaves. The sleep ends with whatever there is for the stack to
 * do. Who slept calls nexus_stack_run(), and wakes those for whom that had
 * something: while several sleep what arrives wakes one of them, who came last.
 *
 * Return: 1, 0 there is something for nexus_stack_run() already, -EOPNOTSUPP neither
 * the kernel nor the stack's state, or its clock, allow it: poll nexus_stack_fd().
 */
int nexus_stack_prepare_sleep(struct nexus_stack *stack, struct nexus_sleep *sleep,
			      int fd, uint64_t until_ns);

/**
 * nexus_sleep - sleep as prepared
 * @sleep: by nexus_stack_prepare_sleep()
 *
 * The stack may be used, and even be closed, meanwhile.
 *
 * Return: 1 the descriptor is readable; 0 something else has ended it; -EINTR,
 * -EBADF no such descriptor, -ENOMEM.
 */
int nexus_sleep(const struct nexus_sleep *sleep);

/**
 * nexus_stack_attend - no thread need be woken for packets: this one sees them
 * @stack: the stack, whose lock is held
 *
 * For programs whose threads share a stack: a thread that sleeps, woken while another
 * one has the lock, would only wait for it.
 */
void nexus_stack_attend(struct nexus_stack *stack);

/**
 * nexus_stack_unattend - threads that sleep are woken for packets again
 * @stack: the stack, whose lock is still held
 *
 * Return: true: something has come meanwhile, of which nobody else is told; who does
 * not call nexus_stack_run() sleeps at once, by nexus_sleep(), which looks itself.
 */
bool nexus_stack_unattend(struct nexus_stack *stack);

/**
 * nexus_stack_now_ns - the stack's clock
 * @stack: the stack
 */
uint64_t nexus_stack_now_ns(const struct nexus_stack *stack);

/**
 * nexus_stack_channel - the channel below, for its status and its counters
 * @stack: the stack
 *
 * Another one after NEXUS_STACK_EVENT_REATTACHED.
 */
struct nexus_channel *nexus_stack_channel(const struct nexus_stack *stack);

/**
 * nexus_stack_check - may the stack be used?
 * @stack: the stack
 *
 * No system call, and no other channel: that comes with the next call that
 * needs one.
 *
 * Return: 0, -EPROTO quarantined, -ENXIO detached or defunct, -EPERM in a child.
 */
int nexus_stack_check(const struct nexus_stack *stack);

/* --------------------------------------------------------------- timers */

/**
 * struct nexus_timer - one deadline; the program's memory, zero to begin with
 * @fire:  called once when it is due, from nexus_stack_run() or _poll()
 * @arg:   its argument
 * @deadline_ns: on the stack's clock
 * @slot:  the library's; 0: not armed
 */
struct nexus_timer {
	void		(*fire)(struct nexus_timer *timer, void *arg);
	void		*arg;
	uint64_t	deadline_ns;
	uint32_t	slot;
	uint32_t	reserved;
};

/**
 * nexus_timer_set - arm a timer, or move it
 * @stack: the stack
 * @timer: @fire and @arg are set; it must outlive its being armed
 * @deadline_ns: on the stack's clock
 *
 * Return: 0 or -ENOMEM.
 */
int nexus_timer_set(struct nexus_stack *stack, struct nexus_timer *timer,
		    uint64_t deadline_ns);

/**
 * nexus_timer_cancel - disarm a timer; nothing happens if it is not armed
 * @stack: the stack
 * @timer: the timer
 */
void nexus_timer_cancel(struct nexus_stack *stack, struct nexus_timer *timer);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _NEXUS_STACK_H */
