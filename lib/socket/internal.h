/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Sockets, epolls and the stack that they share, inside.
 */
#ifndef _NX_SOCKET_INTERNAL_H
#define _NX_SOCKET_INTERNAL_H

#include <errno.h>
#include <stdint.h>

#include <nexus/nexus.h>

#include "left.h"
#include "policy.h"
#include "socket.h"
#include "sys.h"

/* Datagrams that wait in a socket; as lib/udp has it. */
#define NX_SOCKET_RX_LIMIT	1024

struct nx_watch;
struct nx_epoll;

enum nx_file_type {
	NX_FILE_SOCKET,
	NX_FILE_EPOLL,
};

/**
 * struct nx_file - what descriptors refer to; the lock protects all of it
 * @type: what it is
 * @refs: descriptors, and calls that are under way
 * @nr_fds: descriptors
 */
struct nx_file {
	enum nx_file_type	type;
	unsigned int		refs;
	unsigned int		nr_fds;
};

/* Who serves a socket. */
enum nx_socket_state {
	NX_SOCKET_IDLE,		/* the kernel so far */
	NX_SOCKET_KERNEL,	/* the kernel for good */
	NX_SOCKET_SHARED,	/* the kernel, until this process accepts there */
	NX_SOCKET_UDP,
	NX_SOCKET_LISTEN,
	NX_SOCKET_TCP,
	NX_SOCKET_INHERITED,	/* the process that this one was forked from */
};

/**
 * struct nx_sleeper - a thread that sleeps, or may
 * @kick_fd:   eventfd; -1: none yet
 * @is_asleep: it must be told through @kick_fd
 */
struct nx_sleeper {
	int	kick_fd;
	bool	is_asleep;
};

/**
 * struct nx_wait - a thread waits for a socket
 * @next:    in the socket's list
 * @sleeper: the thread
 */
struct nx_wait {
	struct nx_wait		*next;
	struct nx_sleeper	*sleeper;
};

/**
 * struct nx_settings - what a program sets before there is a connection
 * @nodelay, @keepalive: options of that name
 * @fast_connect: TCP_FASTOPEN_CONNECT
 * @linger_reset: SO_LINGER with no time: close() resets
 * @keep_idle_s, @keep_intvl_s, @keep_probes, @user_timeout_ms: likewise; 0: not set
 * @rcv_buf_bytes, @snd_buf_bytes: as the kernel counts them; 0: not set
 * @rcv_timeout_ns, @snd_timeout_ns: SO_RCVTIMEO, SO_SNDTIMEO
 * @congestion: TCP_CONGESTION; empty: not set
 */
struct nx_settings {
	bool		nodelay;
	bool		keepalive;
	bool		fast_connect;
	bool		linger_reset;
	uint32_t	keep_idle_s;
	uint32_t	keep_intvl_s;
	uint32_t	keep_probes;
	uint32_t	user_timeout_ms;
	uint32_t	rcv_buf_bytes;
	uint32_t	snd_buf_bytes;
	int64_t		rcv_timeout_ns;
	int64_t		snd_timeout_ns;
	char		congestion[16];
};

/**
 * struct nx_socket - a socket
 * @file:    the first field
 * @state:   who serves it
 * @domain, @type: as for socket()
 * @nonblock: O_NONBLOCK
 * @is_connecting: the handshake is not complete
 * @is_deferred: connect() has succeeded, and the SYN waits for what is sent first
 * @is_reported: connect() has told that it is
 * @is_read_shut: shutdown(SHUT_RD)
 * @is_write_shut: shutdown(SHUT_WR) of a datagram socket
 * @is_corked: TCP_CORK
 * @has_more: what was sent last had MSG_MORE
 * @has_accepted: connections of the listener exist, or have existed
 * @is_beside: the listener is beside the kernel's
 * @has_room: such a listener has room for any number of connections
 * @was_watched: such a listener has been in an epoll
 * @nr_waiting: threads that wait for a connection of such a listener
 * @is_used: the program has sent or received on the connection
 * @is_held: a datagram found no room; nothing is writable until there is some
 * @wants_pktinfo4, @wants_pktinfo6: IP_PKTINFO, IPV6_RECVPKTINFO
 * @error:   SO_ERROR
 * @set:     options
 * @udp, @tcp, @listener: by @state
 * @first, @last, @nr_queued: datagrams that wait
 * @left:    datagrams that arrived before the socket was connected, or became the
 *           kernel's; NULL: none
 * @children, @last_child, @nr_children, @backlog: connections that wait to be
 *           accepted, linked by @next
 * @next:    in the list of a listener's connections
 * @peer:    of a connection of the kernel's that came by another process; family 0:
 *           none such
 * @watches: epolls
 * @waits:   threads
 */
struct nx_socket {
	struct nx_file		file;
	enum nx_socket_state	state;
	int			domain;
	int			type;
	bool			nonblock;
	bool			is_connecting;
	bool			is_deferred;
	bool			is_reported;
	bool			is_read_shut;
	bool			is_write_shut;
	bool			is_corked;
	bool			has_more;
	bool			has_accepted;
	bool			is_beside;
	bool			has_room;
	bool			was_watched;
	bool			is_used;
	bool			is_held;
	bool			wants_pktinfo4;
	bool			wants_pktinfo6;
	int			error;
	struct nx_settings	set;
	struct nexus_udp	*udp;
	struct nexus_tcp	*tcp;
	struct nexus_tcp_listener *listener;
	struct nexus_packet	*first;
	struct nexus_packet	*last;
	uint32_t		nr_queued;
	struct nx_left		*left;
	struct nx_socket	*children;
	struct nx_socket	*last_child;
	uint32_t		nr_children;
	uint32_t		backlog;
	uint32_t		nr_waiting;
	struct nx_socket	*next;
	struct nexus_addr	peer;
	struct nx_watch		*watches;
	struct nx_wait		*waits;
};

/* ----------------------------------------------------------------- lock */

/* Everything below is called with the lock held, these two apart. */
void nx_lock(void);
void nx_unlock(void);

/* ---------------------------------------------------------------- files */

/* The socket, or NULL; with a reference that nx_socket_put() gives back. */
struct nx_socket *nx_socket_get(int fd);
void nx_socket_put(struct nx_socket *s);

/* The epoll of a descriptor, or NULL. */
struct nx_epoll *nx_epoll_of(int fd);

struct nx_epoll *nx_epoll_alloc(int fd);
struct nx_file *nx_epoll_file(struct nx_epoll *ep);

/* A new descriptor's file, which has a descriptor more. */
void nx_file_install(int fd, struct nx_file *file);

/* A socket that the kernel has none of yet; NULL. */
struct nx_socket *nx_socket_alloc(int domain, int type);

/* The kernel serves it for good. */
void nx_socket_to_kernel(struct nx_socket *s);

/* Has a socket of the kernel's datagrams that arrived here before? */
static inline bool nx_socket_has_left(const struct nx_socket *s)
{
	return s->left && nx_left_first(s->left);
}

/* It had some, and somebody has taken the last one. */
void nx_socket_forget_left(struct nx_socket *s);

/* A descriptor that refers to @file, or -1. */
int nx_file_fd(const struct nx_file *file);

/* Another process will have them too: what can, becomes the kernel's. */
void nx_files_share(void);

/* The parent goes on: what it has in an epoll it takes up again. */
void nx_files_take_up(void);

/* The stack is gone, or was left behind in the parent. */
void nx_files_wake(void);
void nx_files_inherit(void);

/* The last descriptor is closed. */
void nx_socket_release(struct nx_socket *s);
void nx_epoll_release(struct nx_epoll *ep);

/* ---------------------------------------------------------------- stack */

/* The process's stack, opened when it is first asked for; NULL: none to be had. */
struct nexus_stack *nx_service_stack(void);

/* Opens it, on such a channel, with a service thread: 0 or -errno. */
int nx_service_start(const struct nexus_channel_options *channel);

/* Its memory was taken back, and it is refused other for now. */
bool nx_service_is_waiting(void);

/* Sends, receives, calls back; sleeps never. */
void nx_service_run(void);

/* Sends. */
void nx_service_flush(void);

/* The one that is open, or NULL. */
struct nexus_stack *nx_service_current(void);

/* The service thread looks at the relays. */
void nx_service_kick(void);

/* The clock of deadlines. */
uint64_t nx_now_ns(void);

#define NX_FOREVER	UINT64_MAX

/* When a wait of so long ends. */
static inline uint64_t nx_deadline_ns(int64_t timeout_ns)
{
	return timeout_ns < 0 ? NX_FOREVER : nx_now_ns() + (uint64_t)timeout_ns;
}

/* The calling thread's; NULL without a descriptor for it. */
struct nx_sleeper *nx_sleeper_get(void);
void nx_sleeper_kick(struct nx_sleeper *sleeper);

/*
 * Sleeps without the lock until the stack has something, the thread is kicked, one
 * of the @nr_fds @fds is ready (two more have room behind them), or @until_ns.
 * Runs the stack then. Returns as ppoll(): of @fds, or -EINTR.
 */
int nx_service_sleep(struct pollfd *fds, nfds_t nr_fds, uint64_t until_ns,
		     const sigset_t *mask);

/*
 * The same in one call, until @fd, an epoll's or the thread's own, is readable. 1:
 * it is; 0: something else, and the stack is to be run; -EINTR, -EBADF, -ENOMEM;
 * NX_PASS: cannot be done.
 */
int nx_service_rest(int fd, uint64_t until_ns);

/* Can it be done with the stack that there is? */
bool nx_service_can_rest(void);

/* The milliseconds that an epoll may sleep, until @until_ns or a timer. */
int nx_service_epoll_timeout_ms(uint64_t until_ns);

/* ------------------------------------------------------------ readiness */

/* POLL* of a socket that nexus serves. */
short nx_socket_ready(const struct nx_socket *s);

/* Something of @events may have changed: whoever waits is told. */
void nx_socket_wake(struct nx_socket *s, short events);

/* Waits for @events until @until_ns, in a stack that was run: 0, -EAGAIN, -EINTR. */
int nx_socket_wait(struct nx_socket *s, short events, uint64_t until_ns);

/* Would the kernel go on with a call that a signal has interrupted? */
bool nx_signal_restarts(void);

void nx_socket_add_wait(struct nx_socket *s, struct nx_wait *wait);
void nx_socket_del_wait(struct nx_socket *s, struct nx_wait *wait);

/* epoll.c: the socket of a watch has changed, or is gone, or moves. */
void nx_watches_wake(struct nx_socket *s, short events);
void nx_watches_drop(struct nx_socket *s);
void nx_watches_to_nexus(struct nx_socket *s);
void nx_watches_to_kernel(struct nx_socket *s);
/* Somebody looks at the epoll @fd, if it is one, from outside. */
void nx_epoll_nest(int fd);

/* ------------------------------------------------------------ transports */

/* udp.c */
int nx_udp_socket_adopt(struct nx_socket *s, int fd);
void nx_udp_socket_release(struct nx_socket *s);
/* The same, but what has arrived and was not received is kept in @left. */
void nx_udp_socket_hand_over(struct nx_socket *s);
ssize_t nx_udp_socket_send(struct nx_socket *s, const struct msghdr *msg,
			   int flags);
ssize_t nx_udp_socket_recv(struct nx_socket *s, struct msghdr *msg, int flags);
/* NX_PASS: none was left. */
ssize_t nx_udp_socket_recv_left(struct nx_socket *s, struct msghdr *msg,
				int flags);

/* tcp.c */
/* @is_fast: with Fast Open; then the SYN may wait: nx_socket.is_deferred. */
int nx_tcp_socket_connect(struct nx_socket *s, int fd,
			  const struct nexus_addr *remote, bool is_fast);
int nx_tcp_socket_listen(struct nx_socket *s, int fd, int backlog);
void nx_tcp_socket_unlisten(struct nx_socket *s);
void nx_tcp_socket_close(struct nx_socket *s);
ssize_t nx_tcp_socket_send(struct nx_socket *s, const struct msghdr *msg,
			   int flags);
/* The same of an open connection, when @done bytes of @msg are sent. */
ssize_t nx_tcp_socket_send_rest(struct nx_socket *s, const struct msghdr *msg,
				size_t done, int flags);
/* Queues of @msg what is behind @skip bytes, @most of it: how much, or -errno. */
ssize_t nx_tcp_socket_write(struct nx_socket *s, const struct msghdr *msg,
			    size_t skip, size_t most);
ssize_t nx_tcp_socket_recv(struct nx_socket *s, struct msghdr *msg, int flags);

/* -------------------------------------------------------------- beside.c */

/* Another process will have the listener, too: the kernel listens from now on. */
void nx_beside_share(struct nx_socket *s);

/* One that is shared is about to be used: nexus listens beside the kernel, too. */
void nx_beside_take_up(struct nx_socket *s);

/* It was the parent's, before fork(). */
void nx_beside_inherit(struct nx_socket *s);

/* What the kernel has accepted: a descriptor, or -EAGAIN; it does not wait. */
int nx_beside_accept_kernel(const struct nx_socket *s, int fd,
			    struct sockaddr *addr, socklen_t *len, int flags);

/* Until either has a connection, or @until_ns: 0, -EAGAIN, -EINTR. */
int nx_beside_wait(struct nx_socket *s, int fd, uint64_t until_ns);

/*
 * What @from connects to the kernel's listener is a connection of @remote's; for
 * whoever accepts it.
 */
void nx_beside_note(const struct nexus_addr *from,
		    const struct nexus_addr *remote);

/* How many connections may begin while nobody waits for one; and who waits. */
void nx_beside_settle(struct nx_socket *s, int fd);
void nx_beside_begin_wait(struct nx_socket *s);
void nx_beside_end_wait(struct nx_socket *s);

/* ------------------------------------------------------------ handover.c */

/* Closes a listener beside the kernel's; others accept what this process has not. */
void nx_handover_listener(struct nx_socket *s);

/* Until all is done, now and then. */
bool nx_handover_is_busy(void);
void nx_handover_run(void);
void nx_handover_forget(void);

/* ----------------------------------------------------------- fast_open.c */

/* Is it one that the kernel is to serve? */
bool nx_fast_open_is_foreign(int name);

/* The options that Linux refuses by the socket's state: 0 or -errno. */
bool nx_fast_open_is_option(int name);
int nx_fast_open_refuse(const struct nx_socket *s, int name);

/* 0, and how many a listener may accept early; -EOPNOTSUPP: the kernel is to. */
int nx_fast_open_listen(int fd, int backlog, uint32_t *max);

/* TCP_FASTOPEN was set on a listener. */
void nx_fast_open_change(struct nx_socket *s, int fd);

/* With MSG_FASTOPEN, on a stream that is nobody's yet, or nexus's. */
ssize_t nx_fast_open_send(struct nx_socket *s, int fd, const struct msghdr *msg,
			  int flags);
/* On one that is deferred, with and without. */
ssize_t nx_fast_open_send_first(struct nx_socket *s, const struct msghdr *msg,
				int flags);

/* --------------------------------------------------------------- relay.c */

/*
 * Takes a connection over: a descriptor whose bytes are the connection's, in this
 * process and others, or -errno.
 */
int nx_relay_begin(struct nexus_tcp *tcp);

/* The same with a socket that is connected to who serves it: 0 or -ENOMEM. */
int nx_relay_carry(struct nexus_tcp *tcp, int fd);

/* What the service thread waits for, and does then. */
nfds_t nx_relay_count(void);
void nx_relay_fill(struct pollfd *fds);
void nx_relay_run(void);
void nx_relay_forget(void);

/* --------------------------------------------------------------- device.c */

/* Does what goes to @addr, or what comes to it, pass a device of the policy's? */
bool nx_device_leads_to(const struct nexus_addr *addr);
bool nx_device_has(const struct nexus_addr *addr);

/* ---------------------------------------------------------------- helpers */

/* Begins a connection, and does not wait for it: 0, or NX_PASS. */
int nx_socket_begin(struct nx_socket *s, int fd, const struct sockaddr *sa,
		    socklen_t len, bool is_fast);

/* The port of a datagram socket is another process's too, from now on. */
void nx_socket_share_port(int fd);

/* A datagram socket without a port is about to send. */
void nx_socket_adopt_sender(struct nx_socket *s, int fd,
			    const struct msghdr *msg);

/* Why it failed, and that it is told once. */
static inline int nx_socket_take_error(struct nx_socket *s)
{
	int err = s->error;

	s->error = 0;
	return err;
}

size_t nx_iov_bytes(const struct msghdr *msg);

/* An address as the program's family has it, cut to *@len. */
void nx_put_addr(const struct nx_socket *s, const struct nexus_addr *addr,
		 void *to, socklen_t *len);

/* A line on stderr, when the policy says so. */
void nx_explain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* _NX_SOCKET_INTERNAL_H */
