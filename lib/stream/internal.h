/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * TCP connections on a stack: what lib/tcp decides, with packets, flows, timers
 * and callbacks.
 */
#ifndef _NX_STREAM_INTERNAL_H
#define _NX_STREAM_INTERNAL_H

#include <nexus/tcp.h>

#include "../ip/path.h"
#include "../stack/internal.h"
#include "../tcp/isn.h"
#include "../tcp/listen.h"
#include "../tcp/tcp.h"

/* An idle connection, all in all. */
#define NX_STREAM_MAX		1024

/* RFC 791, RFC 894: where the kernel does not know the path's MTU. */
#define NX_STREAM_MTU		1500

/* So much may come or be read before windows are thought over, within a run. */
#define NX_STREAM_SLACK		4096

/* Lists of the table of accepted connections: a power of two. */
#define NX_STREAM_BUCKETS	1024

struct chunk;
struct early;
struct nx_cookies;
struct nx_streams;

/**
 * struct nexus_tcp - a connection
 * @sink:    the stack's end; the first field, so that free() frees it all
 * @tcp:     what it is
 * @path:    headers to the peer
 * @timer:   for nx_tcp_deadline()
 * @cb, @arg: the program's
 * @next_work: in the list of those that may have something to send
 * @next_child: in the table of accepted connections
 * @listener: that it came from, while @is_half_open
 * @flow:    index to send with; NEXUS_FLOW_NONE: its listener's is gone, and its own
 *           is not known yet
 * @generation: of the flow
 * @fd:      the socket; -1: an accepted connection has none
 * @scope_id: of link-local addresses
 * @queued_bytes: of its send queue, as counted in the stack's
 * @unread_bytes: of its receive queue, likewise
 * @is_half_open: no program has accepted it yet
 * @is_child: it is in the table of accepted connections
 * @is_claimed: its sink is the stack's: the kernel's flow is known, and its
 *             packets come here; or its flow is lost
 * @is_working: it is in the list of @next_work
 * @is_closed: the program has let go of it
 * @wants_write: callback "writable" is owed
 * @wants_read: callback "readable" is owed
 * @is_early: its listener counts it among those with Fast Open
 * @may_learn: the answer to its SYN says something about Fast Open with the peer
 * @is_held: its SYN waits for payload
 * @tx_flags: NEXUS_DESC_* of everything sent
 * @traffic_class: NEXUS_CLASS_*
 */
struct nexus_tcp {
	struct nx_sink		sink;
	struct nx_tcp		tcp;
	struct nx_path		path;
	struct nexus_timer	timer;
	union {
		const struct nexus_tcp_callbacks *cb;
		struct nexus_tcp_listener *listener;
	};
	void			*arg;
	struct nexus_tcp	*next_work;
	struct nexus_tcp	*next_child;
	uint32_t		flow;
	uint32_t		generation;
	int			fd;
	uint32_t		scope_id;
	uint32_t		queued_bytes;
	uint32_t		unread_bytes;
	bool			is_half_open : 1;
	bool			is_child : 1;
	bool			is_claimed : 1;
	bool			is_working : 1;
	bool			is_closed : 1;
	bool			wants_write : 1;
	bool			wants_read : 1;
	bool			is_early : 1;
	bool			may_learn : 1;
	bool			is_held : 1;
	uint8_t			tx_flags;
	uint8_t			traffic_class;
};

_Static_assert(sizeof(struct nexus_tcp) <= NX_STREAM_MAX,
	       "an idle connection has a limit");

/**
 * struct nexus_tcp_listener - a listener
 * @sink:    the stack's end; the first field
 * @streams: of the stack
 * @listen:  what it is
 * @config:  of its connections
 * @accept, @arg: the program's
 * @local:   that it is bound to
 * @generation: of the flow
 * @flags:   NEXUS_TCP_*
 * @fd:      the socket
 * @hops:    of headers, by [0] IPv4, [1] IPv6
 */
struct nexus_tcp_listener {
	struct nx_sink		sink;
	struct nx_streams	*streams;
	struct nx_tcp_listener	listen;
	const struct nx_tcp_config *config;
	void	(*accept)(struct nexus_tcp_listener *listener,
			  struct nexus_tcp *tcp, void *arg);
	void			*arg;
	struct nexus_addr	local;
	uint32_t		generation;
	uint32_t		flags;
	int			fd;
	struct nx_hops		hops[2];
};

/**
 * struct nx_streams - TCP's part of a stack
 * @transport: hooks; the first field
 * @env:     what connections are given
 * @stack:   the stack
 * @key:     secret of sequence numbers and cookies
 * @records: free ones
 * @chunks:  in which they were allocated
 * @work, @work_last: connections that may have something to send
 * @queued_bytes: of all send queues: they hold buffers, and without any left
 *           nothing could be sent, nor an ACK be received
 * @queued_max: that they may have
 * @unread_bytes: of all receive queues
 * @window_bytes: and what it was when env.rcv_limit_bytes was said
 * @children: accepted connections, by a hash of their ends
 * @early:   those that Fast Open has accepted, and their handshake is not complete
 * @cookies: of peers; NULL until a connection asks for one
 * @seg:     scratch
 */
struct nx_streams {
	struct nx_transport	transport;
	struct nx_tcp_env	env;
	struct nexus_stack	*stack;
	struct nx_siphash_key	key;
	void			*records;
	struct chunk		*chunks;
	struct nexus_tcp	*work;
	struct nexus_tcp	*work_last;
	size_t			queued_bytes;
	size_t			queued_max;
	size_t			unread_bytes;
	size_t			window_bytes;
	struct nexus_tcp	*children[NX_STREAM_BUCKETS];
	struct early		*early;
	struct nx_cookies	*cookies;
	struct nx_tcp_seg	seg;
};

/**
 * struct nx_ends - the ends of a segment that arrived
 * @version: of IP
 * @local, @remote: in the packet
 * @ports:   remote, then local, network byte order
 */
struct nx_ends {
	unsigned int	version;
	const uint8_t	*local;
	const uint8_t	*remote;
	uint16_t	ports[2];
};

static inline struct nexus_tcp *nx_stream_of(struct nx_sink *sink)
{
	return (struct nexus_tcp *)sink;
}

static inline struct nx_streams *nx_streams_of(const struct nexus_stack *stack)
{
	return (struct nx_streams *)stack->tcp;
}

/* ---------------------------------------------------------------- shared */

/* TCP's part of @stack, made when it is first asked for; -ENOMEM. */
int nx_streams_get(struct nexus_stack *stack, struct nx_streams **streams);

/* A connection may have something to send. */
void nx_stream_work(struct nexus_tcp *conn);

/* It has not, but its timers are to be armed and its report made, before we sleep. */
void nx_stream_note(struct nexus_tcp *conn);

void nx_streams_add_child(struct nx_streams *streams, struct nexus_tcp *conn);
void nx_streams_remove_child(struct nx_streams *streams,
			     struct nexus_tcp *conn);
struct nexus_tcp *nx_streams_find_child(struct nx_streams *streams,
					const struct nx_ends *ends);

/*
 * What the receive buffer of a connection may be, by what all of them hold unread
 * and by whether the kernel says that the host is short of memory.
 */
uint32_t nx_streams_window(const struct nx_streams *streams);

/* Says it to connections. */
void nx_streams_limit(struct nx_streams *streams);

/* Its queues have changed. */
static inline void nx_stream_account(struct nexus_tcp *conn)
{
	struct nx_streams *s = nx_streams_of(conn->sink.stack);
	uint32_t queued = conn->tcp.txq.first ?
			  conn->tcp.write_seq - conn->tcp.snd_una : 0;

	s->queued_bytes += queued;
	s->queued_bytes -= conn->queued_bytes;
	conn->queued_bytes = queued;
	if (conn->unread_bytes == conn->tcp.rcv_used_bytes)
		return;
	s->unread_bytes += conn->tcp.rcv_used_bytes;
	s->unread_bytes -= conn->unread_bytes;
	conn->unread_bytes = conn->tcp.rcv_used_bytes;
	if (nx_unlikely(s->unread_bytes - s->window_bytes + NX_STREAM_SLACK >
			2 * NX_STREAM_SLACK))
		nx_streams_limit(s);
}

int nx_stream_check_slowly(const struct nexus_stack *stack);

/*
 * 0, or what a connection's call says: connections end with their channel, before
 * another one takes over.
 */
static inline int nx_stream_check(const struct nexus_tcp *conn)
{
	const struct nexus_stack *stack = conn->sink.stack;

	return nx_stack_is_usable(stack) ? 0 : nx_stream_check_slowly(stack);
}

static inline bool nx_streams_is_full(const struct nx_streams *streams)
{
	return streams->queued_bytes >= streams->queued_max;
}

/* Bytes of all buffers of the stack's channel. */
size_t nx_streams_pool_bytes(const struct nexus_stack *stack);

/* Closed, with nothing to be sent, and let go of: frees it. */
void nx_stream_release(struct nexus_tcp *conn);

/* ----------------------------------------------------------------- input */

void nx_stream_input(struct nx_sink *sink, struct nexus_packet *pkt);
void nx_stream_event(struct nx_sink *sink, const struct nexus_event *event);
void nx_stream_close_sink(struct nx_sink *sink);

/* The channel is defunct: that ends the connection. */
void nx_stream_lost(struct nx_sink *sink);

/* And those that the kernel had not made a flow of, too. */
void nx_streams_lost(struct nexus_stack *stack);

/* Reads the headers; false: it is no segment, or was damaged. */
bool nx_stream_parse(struct nexus_packet *pkt, struct nx_tcp_seg *seg,
		     struct nx_ends *ends);

/*
 * A segment of a connection; the packet stays the caller's. False: the connection
 * was in TIME-WAIT and is over, and the segment is a listener's.
 */
bool nx_stream_segment(struct nexus_tcp *conn, const struct nx_tcp_seg *seg);

/* Is @ends those of @conn? */
bool nx_stream_is_for(const struct nexus_tcp *conn, const struct nx_ends *ends);

/* An ICMP error that quotes @conn; NULL: one that was accepted. */
void nx_stream_input_error(struct nexus_stack *stack, struct nexus_tcp *conn,
			   const struct nexus_packet *pkt);

/* It is no half-open connection of its listener any more. */
void nx_stream_leave_listener(struct nexus_tcp *conn);

/* Calls the program back about what happened. */
void nx_stream_notify(struct nexus_tcp *conn);

/* ---------------------------------------------------------------- accept */

void nx_listener_input(struct nx_sink *sink, struct nexus_packet *pkt);
void nx_listener_event(struct nx_sink *sink, const struct nexus_event *event);
void nx_listener_close_sink(struct nx_sink *sink);

/* A segment that may open a connection of the stack's listeners. */
void nx_streams_listen(struct nexus_stack *stack, const struct nx_tcp_seg *seg,
		       const struct nx_ends *ends);

/* The kernel's flow of an accepted connection is not its any more. */
void nx_stream_unclaim(struct nexus_tcp *conn);

/* A packet of a flow that the kernel made of a listener's. */
void nx_streams_unclaimed(struct nexus_stack *stack, uint32_t flow,
			  struct nexus_packet *pkt);

/* -------------------------------------------------- Fast Open (RFC 7413) */

/* What the SYN of @conn says; false: nothing. */
bool nx_cookies_find(struct nx_streams *streams, const struct nexus_tcp *conn,
		     struct nx_fast_open *fo);

/* The SYN of @conn was answered, or will not be. */
void nx_cookies_learn(struct nx_streams *streams, const struct nexus_tcp *conn);

/* @listener has accepted @conn before the handshake was complete; false: no memory. */
bool nx_early_begin(struct nexus_tcp_listener *listener,
		    struct nexus_tcp *conn);

/* It is complete now, or has failed. */
void nx_early_end(struct nexus_tcp *conn);

/* @listener closes: nobody counts for it any more. */
void nx_early_forget(struct nexus_tcp_listener *listener);

/* ---------------------------------------------------------------- report */

/* What it is like now, for tools to show. */
void nx_stream_report(const struct nexus_tcp *conn);

/* ---------------------------------------------------------------- output */

/* All that it has to send now goes into TX; false: there is no room. */
bool nx_stream_output(struct nexus_tcp *conn);

void nx_streams_flush(struct nexus_stack *stack);

/* A segment of no connection: a reset, or a listener's answer. */
void nx_streams_answer(struct nx_streams *streams, const struct nx_ends *ends,
		       struct nx_tcp_seg *seg, uint32_t flow, struct nx_hops hops,
		       uint8_t tx_flags);

/* ---------------------------------------------------------------- config */

/* What the options say, with one user; NULL: no memory. */
const struct nx_tcp_config *
nx_stream_config_make(const struct nexus_stack *stack,
		      const struct nexus_tcp_options *options);

/* A user more, and less, of a configuration that connections share. */
void nx_stream_config_get(const struct nx_tcp_config *config);
void nx_stream_config_put(const struct nx_tcp_config *config);

/* ------------------------------------------------------------------ open */

/* A connection's memory, with @config; NULL. */
struct nexus_tcp *nx_stream_alloc(struct nx_streams *streams,
				  const struct nx_tcp_config *config,
				  uint32_t flags);

/* Its headers. */
void nx_stream_init_path(struct nexus_tcp *conn, const struct nx_ends *ends,
			 struct nx_hops hops);

/* What a connection between @ends begins with; @flow: that it sends on. */
void nx_streams_open(struct nx_streams *streams, const struct nx_ends *ends,
		     uint32_t flow, struct nx_tcp_tuple *tuple,
		     struct nx_tcp_open *open);

/* RFC 6191: its ends have a new owner. */
void nx_stream_detach(struct nexus_tcp *conn);

/* ---------------------------------------------------- what the kernel can do */

/* NEXUS_DESC_* of all segments. */
static inline uint8_t nx_streams_tx_flags(const struct nx_streams *streams)
{
	return streams->stack->channel->features & NEXUS_FEATURE_CSUM_TX ?
	       NEXUS_DESC_CSUM : 0;
}

/* The longest payload that nexus_tcp_write() puts into one packet. */
size_t nx_stream_copy_len(const struct nexus_tcp *conn);

#endif /* _NX_STREAM_INTERNAL_H */
