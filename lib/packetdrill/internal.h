/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A host of its own around lib/tcp: sockets, a wire and a clock, all virtual, for
 * packetdrill to play with.
 */
#ifndef _NX_PACKETDRILL_INTERNAL_H
#define _NX_PACKETDRILL_INTERNAL_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../tcp/isn.h"
#include "../tcp/listen.h"
#include "../tcp/tcp.h"
#include "interface.h"

#define NX_PD_NR_SOCKS		256
#define NX_PD_NR_EPOLLS		16
#define NX_PD_NR_WATCHED	64

#define NX_PD_IP_LEN_MAX	65535

/**
 * struct nx_pd_buf - payload
 * @nr_refs: references
 * @len:     bytes
 * @data:    they
 */
struct nx_pd_buf {
	uint32_t	nr_refs;
	uint32_t	len;
	uint8_t		data[];
};

/**
 * struct nx_pd_packet - an IP packet that left
 * @next:   that left after it
 * @left_ns: when
 * @len:    bytes
 * @data:   they
 */
struct nx_pd_packet {
	struct nx_pd_packet	*next;
	uint64_t		left_ns;
	size_t			len;
	uint8_t			data[];
};

/**
 * struct nx_pd_sock - a socket, or a connection that nobody holds any more
 * @host:     of it
 * @tcp:      the connection, if @is_open
 * @config:   of it; children begin with their listener's
 * @ends:     addresses, IPv4 as ::ffff:a.b.c.d, and ports in host byte order
 * @listener: that waits to accept it
 * @listen:   of a listener
 * @span:     read in part
 * @family:   AF_INET or AF_INET6
 * @fd:       that leads to it: one of the kernel's, of /dev/null, as packetdrill
 *            closes what its script left open by the kernel's close()
 * @backlog:  of a listener: half-open, and not accepted
 * @err:      SO_ERROR
 * @is_used:  this record is
 * @has_fd:   @fd does lead to it
 * @is_open:  connect() was called, or a SYN came
 * @is_bound, @is_listening: likewise
 * @is_nonblocking: O_NONBLOCK
 * @is_nodelay, @is_corked, @is_keepalive: options, for children too
 * @is_established: has been
 * @is_acceptable: and accept() has not seen it
 * @was_read_shut: SHUT_RD
 * @does_reset: SO_LINGER with a time of 0
 */
struct nx_pd_sock {
	struct nx_pd_host	*host;
	struct nx_tcp		tcp;
	struct nx_tcp_config	config;
	struct nx_tcp_tuple	ends;
	struct nx_pd_sock	*listener;
	struct nx_tcp_listener	listen;
	struct nx_tcp_span	span;
	int			family;
	int			fd;
	int			backlog;
	int			err;
	bool			is_used;
	bool			has_fd;
	bool			is_open;
	bool			is_bound;
	bool			is_listening;
	bool			is_nonblocking;
	bool			is_nodelay;
	bool			is_corked;
	bool			is_keepalive;
	bool			is_established;
	bool			is_acceptable;
	bool			was_read_shut;
	bool			does_reset;
};

/**
 * struct nx_pd_epoll - an epoll instance
 * @is_used:  this record is
 * @fd:       as a socket's
 * @nr:       descriptors that it watches
 * @fds:      they
 * @events:   what was asked
 */
struct nx_pd_epoll {
	bool			is_used;
	int			fd;
	uint32_t		nr;
	int			fds[NX_PD_NR_WATCHED];
	struct epoll_event	events[NX_PD_NR_WATCHED];
};

/**
 * struct nx_pd_host - everything
 * @env:     what connections are given
 * @config:  what new sockets begin with
 * @lock:    of all fields; packetdrill calls from two threads
 * @wake:    who sleeps may look again
 * @settled: and has looked, or left
 * @driver:  the thread without which nothing moves
 * @now_ns:  virtual clock
 * @sleeper_until_ns: of who sleeps, NX_TCP_NEVER: only an event ends it
 * @is_sleeping: somebody does
 * @is_settled: who was woken has looked
 * @key:     of sequence numbers; no secret, so that runs are alike
 * @local4, @local6: addresses of this host
 * @mtu:     of the wire
 * @next_port: ephemeral
 * @ip_id:   of the next IPv4 packet
 * @first, @last: packets that left
 * @socks, @epolls: all there are
 */
struct nx_pd_host {
	struct nx_tcp_env	env;
	struct nx_tcp_config	config;
	pthread_mutex_t		lock;
	pthread_cond_t		wake;
	pthread_cond_t		settled;
	pthread_t		driver;
	uint64_t		now_ns;
	uint64_t		sleeper_until_ns;
	bool			is_sleeping;
	bool			is_settled;
	struct nx_siphash_key	key;
	uint8_t			local4[16];
	uint8_t			local6[16];
	uint32_t		mtu;
	uint16_t		next_port;
	uint16_t		ip_id;
	struct nx_pd_packet	*first;
	struct nx_pd_packet	*last;
	struct nx_pd_sock	socks[NX_PD_NR_SOCKS];
	struct nx_pd_epoll	epolls[NX_PD_NR_EPOLLS];
};

/* ---------------------------------------------------------------- knobs */

/* Reads "name=value,..."; returns the first that is wrong, or NULL. */
const char *nx_pd_knobs_read(struct nx_pd_host *host, const char *flags);

/* ---------------------------------------------------------------- clock */

/* What connections want to send now leaves, and their events are seen. */
void nx_pd_run(struct nx_pd_host *host);

/* The clock goes on, by way of every timer before @until_ns. */
void nx_pd_advance(struct nx_pd_host *host, uint64_t until_ns);

/* The same, until a packet leaves; false if none ever will. */
bool nx_pd_advance_to_packet(struct nx_pd_host *host);

/*
 * Waits for anything to happen, at most until @until_ns. Returns 0, or
 * -ETIMEDOUT, or -EDEADLK if nothing can happen.
 */
int nx_pd_sleep(struct nx_pd_host *host, uint64_t until_ns);

/* A call that may have slept ends. */
void nx_pd_wake_up(struct nx_pd_host *host, bool has_slept);

int nx_pd_usleep(void *self, useconds_t us);
int nx_pd_gettimeofday(void *self, struct timeval *tv, struct timezone *tz);

/* ----------------------------------------------------------------- wire */

/* A segment of @sock leaves. */
void nx_pd_emit(struct nx_pd_sock *sock, const struct nx_tcp_seg *seg);

int nx_pd_packet_in(void *self, const void *packet, size_t len);
int nx_pd_packet_out(void *self, void *packet, size_t *len, long long *left_us);

/* -------------------------------------------------------------- sockets */

struct nx_pd_buf *nx_pd_buf_alloc(uint32_t len);
void nx_pd_buf_put(struct nx_pd_buf *buf);

/* A free record, or NULL. */
struct nx_pd_sock *nx_pd_sock_alloc(struct nx_pd_host *host, int family);
void nx_pd_sock_free(struct nx_pd_sock *sock);

/* A descriptor of the kernel's, or -1 and errno. */
int nx_pd_fd_open(void);

/* The epoll instance of a descriptor, or NULL. */
struct nx_pd_epoll *nx_pd_epoll_get(struct nx_pd_host *host, int fd);

/* The socket of a descriptor, or NULL and errno. */
struct nx_pd_sock *nx_pd_sock_get(struct nx_pd_host *host, int fd);

/* What a connection between these ends would begin with. */
struct nx_tcp_open nx_pd_open_of(const struct nx_pd_host *host,
				 const struct nx_tcp_tuple *ends, int family);

/* The connection of a socket with its options, CLOSED. */
void nx_pd_sock_init(struct nx_pd_sock *sock);

/* POLLIN and so on, as poll() sees them. */
short nx_pd_sock_events(const struct nx_pd_sock *sock);

/* Calls on sockets: fills its part of the table. */
void nx_pd_sock_calls(struct packetdrill_interface *calls);
void nx_pd_data_calls(struct packetdrill_interface *calls);
void nx_pd_option_calls(struct packetdrill_interface *calls);
void nx_pd_poll_calls(struct packetdrill_interface *calls);

#endif /* _NX_PACKETDRILL_INTERNAL_H */
