/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * TCP connections and listeners (RFC 9293), with a zero-copy interface both
 * ways, and a copying one in the manner of read() and write().
 *
 * A connection or listener begins as an ordinary socket, so that the kernel
 * decides who may have which port. What an accepted connection costs the kernel
 * is no system call.
 *
 * Data leave and callbacks come in nexus_stack_run() and nexus_stack_poll():
 * what is sent between two of them leaves as few segments as it can.
 *
 * Threads: those of the stack.
 */
#ifndef _NEXUS_TCP_H
#define _NEXUS_TCP_H

#include <nexus/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct nexus_tcp;
struct nexus_tcp_listener;

/**
 * struct nexus_tcp_callbacks - what a program is told of a connection
 * @established: the handshake is complete; not for accepted connections
 * @readable:    nexus_tcp_recv() has more, or the end, since it had nothing
 * @writable:    a third of the send buffer is free again, after nexus_tcp_send()
 *               said -EAGAIN
 * @closed:      the connection is over; @err 0: both sides have closed, or
 *               -ECONNRESET, -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH, ...; what
 *               has arrived can still be read, and the program still calls
 *               nexus_tcp_close()
 * @acked:       the peer has acknowledged @bytes of payload since the connection
 *               began: packets that nexus_tcp_send() took, up to there, are back
 *
 * Any may be NULL. They run inside nexus_stack_run() and nexus_stack_poll(), may
 * send, receive, open and close, this one too, but not call these two (-EBUSY).
 */
struct nexus_tcp_callbacks {
	void	(*established)(struct nexus_tcp *tcp, void *arg);
	void	(*readable)(struct nexus_tcp *tcp, void *arg);
	void	(*writable)(struct nexus_tcp *tcp, void *arg);
	void	(*closed)(struct nexus_tcp *tcp, int err, void *arg);
	void	(*acked)(struct nexus_tcp *tcp, uint64_t bytes, void *arg);
};

/* Flags of struct nexus_tcp_options. */
#define NEXUS_TCP_V6ONLY	(1U << 0)	/* IPv6 without IPv4 */
#define NEXUS_TCP_REUSEADDR	(1U << 1)	/* SO_REUSEADDR */
#define NEXUS_TCP_REUSEPORT	(1U << 2)	/* SO_REUSEPORT */
#define NEXUS_TCP_BULK		(1U << 3)	/* NEXUS_CLASS_BULK */
#define NEXUS_TCP_NODELAY	(1U << 4)	/* small segments do not wait */
#define NEXUS_TCP_KEEPALIVE	(1U << 5)	/* probe a silent peer */
#define NEXUS_TCP_ECN		(1U << 6)	/* RFC 3168 */
#define NEXUS_TCP_ACCECN	(1U << 7)	/* RFC 9768, or else RFC 3168 */
#define NEXUS_TCP_PACING	(1U << 8)	/* spread each window over a round trip */
#define NEXUS_TCP_FAST_OPEN	(1U << 9)	/* RFC 7413: data with the SYN; see below */
#define NEXUS_TCP_DEFER		(1U << 10)	/* the SYN waits for data to go with it */
#define NEXUS_TCP_BESIDE	(1U << 11)	/* the socket listens, and goes on */

/**
 * struct nexus_tcp_options - argument of nexus_tcp_connect() and _listen()
 * @local:    to bind to. To listen: as for UDP, an AF_INET6 wildcard is
 *            dual-stack unless V6ONLY. To connect: family 0: the kernel chooses.
 * @remote:   to connect to; ignored by nexus_tcp_listen()
 * @device:   to bind to (SO_BINDTODEVICE), or NULL
 * @congestion: "cubic", "newreno"; NULL: "cubic"
 * @flags:    NEXUS_TCP_*
 * @backlog:  most connections whose handshake is not complete; those beyond it
 *            cost no memory (SYN cookies); 0: 128. For listeners.
 * @rcv_buf_bytes: largest receive buffer; 0: 6 MiB; never more than a quarter of
 *            the channel's buffers, and less while much is unread or memory is short
 * @snd_buf_bytes: what nexus_tcp_send() takes before it is acknowledged; 0: 4 MiB;
 *            of all connections together a quarter of the channel's buffers
 * @user_timeout_ms: for how long data may stay unacknowledged; 0: 15 minutes
 * @keep_idle_s, @keep_intvl_s, @keep_probes: of KEEPALIVE; 0: 3600, 75, 9
 * @accept:   called for each connection of a listener whose handshake is
 *            complete; it owns it, and calls nexus_tcp_set_callbacks()
 * @callbacks: of a connection; must stay where it is
 * @arg:      argument of all
 * @early_max: of a listener with FAST_OPEN: most connections that are accepted before
 *            their handshake is complete; those beyond it are accepted after; 0: 128
 * @reserved32: 0
 * @reserved: 0
 *
 * FAST_OPEN to connect: the stack asks the peer for a cookie, and remembers it. What
 * is queued between nexus_tcp_connect() and the next run leaves with the SYN where a
 * cookie is known, as much as fits; where the peer does not take it, it is sent again.
 * After a SYN of this kind was lost, it is left alone for that peer for a minute, and
 * for longer if it is lost again. With DEFER the SYN does not leave with the next run
 * if a cookie is known, but with the first payload, or by nexus_tcp_start(): until then
 * the connection is in SYN-SENT, and nexus_tcp_poll_events() says POLLOUT.
 *
 * FAST_OPEN to listen: a peer that has a cookie is accepted when its SYN comes, with the
 * data of the SYN; the answer may leave at once. Such a SYN may come twice, when the
 * first connection is over: only for requests that may be answered twice (RFC 7413
 * section 6.1). nexus_tcp_info() tells.
 */
struct nexus_tcp_options {
	struct nexus_addr	local;
	struct nexus_addr	remote;
	const char		*device;
	const char		*congestion;
	uint32_t		flags;
	uint32_t		backlog;
	uint32_t		rcv_buf_bytes;
	uint32_t		snd_buf_bytes;
	uint32_t		user_timeout_ms;
	uint32_t		keep_idle_s;
	uint32_t		keep_intvl_s;
	uint32_t		keep_probes;
	void	(*accept)(struct nexus_tcp_listener *listener,
			  struct nexus_tcp *tcp, void *arg);
	const struct nexus_tcp_callbacks *callbacks;
	void	*arg;
	uint32_t early_max;
	uint32_t reserved32;
	uint64_t reserved[3];
};

/**
 * struct nexus_tcp_info - a connection as it is now
 * @state:     as ss writes it: "ESTAB", "FIN-WAIT-1", ...
 * @recovery:  "open", "cwr", "recovery", "loss"
 * @congestion: algorithm
 * @mss:       bytes of payload in a full segment
 * @mtu:       of the path, bytes
 * @cwnd, @ssthresh: bytes; @ssthresh UINT32_MAX: none yet
 * @snd_wnd, @rcv_wnd: windows of the peer and of this end, bytes
 * @in_flight: bytes
 * @unsent, @unacked: bytes of the send queue
 * @unread:    bytes that wait for nexus_tcp_recv()
 * @srtt_us, @rttvar_us, @min_rtt_us, @rto_us: 0: not known
 * @segs_in, @segs_out: super-packets counted once
 * @bytes_acked, @bytes_received: payload
 * @bytes_retrans: payload sent again
 * @nr_retrans, @nr_rtos, @nr_dsacks, @nr_undone: segments sent again, timeouts,
 *             duplicates that the peer told of, reductions that were taken back
 * @has_sack, @has_timestamps, @has_wscale: what both ends can do
 * @ecn:       0: none, 1: RFC 3168, 2: AccECN
 * @has_syn_data: data of the SYN were acknowledged with it: sent or received
 * @reserved8: 0
 */
struct nexus_tcp_info {
	const char	*state;
	const char	*recovery;
	const char	*congestion;
	uint32_t	mss;
	uint32_t	mtu;
	uint32_t	cwnd;
	uint32_t	ssthresh;
	uint32_t	snd_wnd;
	uint32_t	rcv_wnd;
	uint32_t	in_flight;
	uint32_t	unsent;
	uint32_t	unacked;
	uint32_t	unread;
	uint32_t	srtt_us;
	uint32_t	rttvar_us;
	uint32_t	min_rtt_us;
	uint32_t	rto_us;
	uint32_t	segs_in;
	uint32_t	segs_out;
	uint64_t	bytes_acked;
	uint64_t	bytes_received;
	uint64_t	bytes_retrans;
	uint32_t	nr_retrans;
	uint32_t	nr_rtos;
	uint32_t	nr_dsacks;
	uint32_t	nr_undone;
	uint8_t		has_sack;
	uint8_t		has_timestamps;
	uint8_t		has_wscale;
	uint8_t		ecn;
	uint8_t		has_syn_data;
	uint8_t		reserved8[3];
	uint32_t	reserved[8];
};

/* -------------------------------------------------------- open and close */

/**
 * nexus_tcp_connect - begin a connection
 * @stack:   the stack
 * @options: how
 * @tcp:     out; callback "established" or "closed" tells how it went
 *
 * Return: 0, what socket(), setsockopt() and bind() say, -ENETUNREACH,
 * -EHOSTUNREACH, -EINVAL, -ENOMEM, or what NEXUS_IOC_FLOW_ADD says.
 */
int nexus_tcp_connect(struct nexus_stack *stack,
		      const struct nexus_tcp_options *options,
		      struct nexus_tcp **tcp);

/**
 * nexus_tcp_listen - accept connections
 * @stack:    the stack
 * @options:  how; @accept is not NULL
 * @listener: out
 *
 * Return: as nexus_tcp_connect().
 */
int nexus_tcp_listen(struct nexus_stack *stack,
		     const struct nexus_tcp_options *options,
		     struct nexus_tcp_listener **listener);

/**
 * nexus_tcp_connect_on - begin a connection from a socket of the program's
 * @stack:   the stack
 * @fd:      a TCP socket, not connected; if it is not bound, the kernel chooses
 *           its port now. It stays the caller's, who may close it.
 * @options: how; @local, @device and the flags of sockets are ignored
 * @tcp:     out
 *
 * Return: as nexus_tcp_connect(); on failure the program can go on with the
 * kernel's stack on @fd.
 */
int nexus_tcp_connect_on(struct nexus_stack *stack, int fd,
			 const struct nexus_tcp_options *options,
			 struct nexus_tcp **tcp);

/**
 * nexus_tcp_start - the SYN of a connection with DEFER waits no longer
 * @tcp: the connection
 */
void nexus_tcp_start(struct nexus_tcp *tcp);

/**
 * nexus_tcp_early_room - payload that leaves with the SYN if it is queued now
 * @tcp: the connection
 *
 * Return: bytes; 0: the SYN has left, no cookie of the peer's is known, or the
 * connection does not have FAST_OPEN.
 */
uint32_t nexus_tcp_early_room(const struct nexus_tcp *tcp);

/**
 * nexus_tcp_listen_on - accept connections for a socket of the program's
 * @stack:    the stack
 * @fd:       a bound TCP socket that does not listen; as above. With BESIDE: one that
 *            listens, and goes on doing so; then other processes may accept there as
 *            well, on nexus as on the kernel's stack, and so may this one
 * @options:  how
 * @listener: out
 *
 * Return: as nexus_tcp_listen().
 */
int nexus_tcp_listen_on(struct nexus_stack *stack, int fd,
			const struct nexus_tcp_options *options,
			struct nexus_tcp_listener **listener);

/**
 * nexus_tcp_listener_set_room - how many connections may begin
 * @listener: with BESIDE
 * @nr:       from now on, each one less; NEXUS_FLOW_ROOM_ANY: any number, as at first.
 *            Those that find no room are other processes', or the kernel's
 *
 * Return: 0 or -errno of NEXUS_IOC_FLOW_ROOM.
 */
int nexus_tcp_listener_set_room(struct nexus_tcp_listener *listener, uint32_t nr);

/**
 * nexus_tcp_listener_set_accept - who is given the connections
 * @listener: the listener
 * @accept:   as in struct nexus_tcp_options
 * @arg:      its argument, from now on
 */
void nexus_tcp_listener_set_accept(struct nexus_tcp_listener *listener,
				   void (*accept)(struct nexus_tcp_listener *listener,
						  struct nexus_tcp *tcp, void *arg),
				   void *arg);

/**
 * nexus_tcp_listener_half_open - connections whose handshake is not complete
 * @listener: the listener
 *
 * Return: how many it remembers.
 */
uint32_t nexus_tcp_listener_half_open(const struct nexus_tcp_listener *listener);

/**
 * nexus_tcp_listener_forget - the listener is the parent's, in a forked child
 * @listener: not to be used any more; its socket has one descriptor less here
 */
void nexus_tcp_listener_forget(const struct nexus_tcp_listener *listener);

/**
 * nexus_tcp_listener_close - accept no more
 * @listener: or NULL; connections that were accepted go on
 */
void nexus_tcp_listener_close(struct nexus_tcp_listener *listener);

/**
 * nexus_tcp_listener_set_early - Fast Open of a listener
 * @listener:  the listener
 * @early_max: most connections that are accepted before their handshake is complete;
 *             0: none, and peers get no cookie
 */
void nexus_tcp_listener_set_early(struct nexus_tcp_listener *listener,
				  uint32_t early_max);

/**
 * nexus_tcp_listener_local - the address and port that it is bound to
 * @listener: the listener
 * @addr:     out
 */
void nexus_tcp_listener_local(const struct nexus_tcp_listener *listener,
			      struct nexus_addr *addr);

/**
 * nexus_tcp_close - the program is done with a connection
 * @tcp: or NULL; not the program's any more
 *
 * What was sent is still delivered and the peer is told, by the stack, for as
 * long as it is run; if payload was not read, the peer is reset. No callback.
 */
void nexus_tcp_close(struct nexus_tcp *tcp);

/**
 * nexus_tcp_abort - reset a connection
 * @tcp: or NULL; not the program's any more
 */
void nexus_tcp_abort(struct nexus_tcp *tcp);

/**
 * nexus_tcp_shutdown - nothing more will be sent
 * @tcp: the connection; it still receives
 *
 * Return: 0, -ENOTCONN, -ENOMEM.
 */
int nexus_tcp_shutdown(struct nexus_tcp *tcp);

/**
 * nexus_tcp_set_callbacks - who is told what happens
 * @tcp:       the connection
 * @callbacks: must stay where it is; or NULL
 * @arg:       their argument
 *
 * If data or their end wait already, callback "readable" comes with the next run.
 */
void nexus_tcp_set_callbacks(struct nexus_tcp *tcp,
			     const struct nexus_tcp_callbacks *callbacks,
			     void *arg);

/* ------------------------------------------------------------ zero-copy */

/**
 * nexus_tcp_send - queue payload
 * @tcp: a connection, also one whose handshake is not complete
 * @pkt: from nexus_packet_alloc(), not empty, owned alone
 *
 * On success the packet is the library's, until it is acknowledged (callback
 * "acked"), and its payload is not to be written to any more: it is sent from where
 * it lies, and sent again if it is lost. On failure it stays the caller's.
 *
 * Return: 0, -EAGAIN the send buffer is full ("writable" will tell), -EPIPE shut
 * down, -EINVAL, -ENOMEM, -ENOTCONN, why the connection is over, -EPROTO, -ENXIO,
 * -EPERM.
 */
int nexus_tcp_send(struct nexus_tcp *tcp, struct nexus_packet *pkt);

/**
 * nexus_tcp_send_anyway - queue payload though the send buffer may be full
 * @tcp: the connection
 * @pkt: as for nexus_tcp_send()
 *
 * For what a protocol above must say now, or has no way to take back; whoever uses it
 * sees to it that this is little.
 *
 * Return: as nexus_tcp_send(), but not -EAGAIN.
 */
int nexus_tcp_send_anyway(struct nexus_tcp *tcp, struct nexus_packet *pkt);

/**
 * nexus_tcp_want_writable - be told of room
 * @tcp: the connection
 *
 * Callback "writable" comes, as after -EAGAIN of nexus_tcp_send(), once there is
 * room: if there is some already, in the next run.
 */
void nexus_tcp_want_writable(struct nexus_tcp *tcp);

/**
 * nexus_tcp_recv - take the next payload
 * @tcp: the connection
 * @pkt: out: the caller's, who gives it back with nexus_packet_put(); NULL at the end
 *       of the stream
 *
 * It lies in the buffers in which it arrived.
 *
 * Return: 0, -EAGAIN none waits, why the connection is over.
 */
int nexus_tcp_recv(struct nexus_tcp *tcp, struct nexus_packet **pkt);

/* -------------------------------------------------------------- copying */

/**
 * nexus_tcp_write - copy payload and queue it
 * @tcp: the connection
 * @buf: payload
 * @len: bytes
 *
 * Return: bytes queued, perhaps fewer than @len; or as nexus_tcp_send().
 */
ssize_t nexus_tcp_write(struct nexus_tcp *tcp, const void *buf, size_t len);

/**
 * nexus_tcp_read - copy payload out
 * @tcp:  the connection
 * @buf:  room for @size bytes
 * @size: bytes, not 0
 *
 * Return: bytes, 0 at the end of the stream, or as nexus_tcp_recv().
 */
ssize_t nexus_tcp_read(struct nexus_tcp *tcp, void *buf, size_t size);

/**
 * nexus_tcp_peek - copy payload out, and leave it
 * @tcp:  the connection
 * @buf:  room for @size bytes
 * @size: bytes, not 0
 *
 * Return: as nexus_tcp_read().
 */
ssize_t nexus_tcp_peek(struct nexus_tcp *tcp, void *buf, size_t size);

/* ------------------------------------------------------ options and state */

/**
 * nexus_tcp_set_nodelay - Nagle's algorithm off or on
 * @tcp: the connection
 * @on:  small segments need not wait for an ACK
 */
void nexus_tcp_set_nodelay(struct nexus_tcp *tcp, bool on);

/**
 * nexus_tcp_set_cork - only full segments, until it is taken away
 * @tcp: the connection
 * @on:  see above
 */
void nexus_tcp_set_cork(struct nexus_tcp *tcp, bool on);

/**
 * nexus_tcp_set_keepalive - probe a silent peer, as the options say
 * @tcp: the connection
 * @on:  see above
 */
void nexus_tcp_set_keepalive(struct nexus_tcp *tcp, bool on);

/**
 * nexus_tcp_set_patience - for how long a silent peer is borne
 * @tcp:     the connection; others of its listener stay as they are
 * @options: of which user_timeout_ms, keep_idle_s, keep_intvl_s and keep_probes
 *           are read; what is 0 stays as it was
 *
 * Return: 0, -EINVAL (keep_probes), -ENOMEM.
 */
int nexus_tcp_set_patience(struct nexus_tcp *tcp,
			   const struct nexus_tcp_options *options);

/**
 * nexus_tcp_writable - bytes that nexus_tcp_send() takes now
 * @tcp: the connection
 */
uint32_t nexus_tcp_writable(const struct nexus_tcp *tcp);

/**
 * nexus_tcp_readable - bytes that nexus_tcp_read() would give
 * @tcp: the connection
 */
size_t nexus_tcp_readable(const struct nexus_tcp *tcp);

/**
 * nexus_tcp_poll_events - what poll() says of a socket in this state
 * @tcp: the connection
 *
 * Return: POLLIN, POLLOUT, POLLRDHUP, POLLHUP; POLLERR is the program's to add.
 */
short nexus_tcp_poll_events(const struct nexus_tcp *tcp);

/**
 * nexus_tcp_unfinished - connections that were closed and are not done
 * @stack: the stack
 *
 * Return: how many have payload, or the end of the stream, that the peer has not
 * acknowledged. A program that ends runs the stack until there is none.
 */
uint32_t nexus_tcp_unfinished(const struct nexus_stack *stack);

/**
 * nexus_tcp_info - how it is
 * @tcp:  the connection
 * @info: out
 */
void nexus_tcp_info(const struct nexus_tcp *tcp, struct nexus_tcp_info *info);

/**
 * nexus_tcp_local - this end
 * @tcp:  the connection
 * @addr: out
 */
void nexus_tcp_local(const struct nexus_tcp *tcp, struct nexus_addr *addr);

/**
 * nexus_tcp_remote - the other end
 * @tcp:  the connection
 * @addr: out
 */
void nexus_tcp_remote(const struct nexus_tcp *tcp, struct nexus_addr *addr);

/**
 * nexus_tcp_stack - the stack that it was opened on
 * @tcp: the connection
 */
struct nexus_stack *nexus_tcp_stack(const struct nexus_tcp *tcp);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _NEXUS_TCP_H */
