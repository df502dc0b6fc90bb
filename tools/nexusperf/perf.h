/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of nexusperf share: the configuration of a run, one end of
 * it, and the table of functions that every back end fills in.
 */
#ifndef NEXUSPERF_PERF_H
#define NEXUSPERF_PERF_H

#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define PERF_BATCH_MAX		1024
#define PERF_SIZE_MAX		65507	/* UDP's largest payload over IPv4 */
#define PERF_TCP_SIZE_MAX	(1U << 20)
#define PERF_CONNECTIONS_MAX	20000
#define PERF_PORT		7777

enum perf_mode {
	PERF_RR,	/* blocking round trips */
	PERF_TX,	/* transmit only */
	PERF_RX,	/* one end sends, the other receives */
	PERF_BULK,	/* the same with large datagrams */
	PERF_ECHO,	/* answer until killed */
	PERF_FLOOR,	/* what the machine itself takes */
	PERF_TCP_RR,	/* blocking round trips on connections */
	PERF_TCP_BULK,	/* one connection, one direction */
	PERF_TCP_CRR,	/* connect, request, answer, close */
	PERF_TLS_BULK,	/* PERF_TCP_BULK by TLS */
};

/* Who holds the ends of a run that this command starts alone. */
enum perf_ends {
	PERF_ENDS_ALONE,	/* only one end is ours */
	PERF_ENDS_PAIR,		/* two processes */
	PERF_ENDS_LOCKSTEP,	/* one process: send a batch, receive a batch */
};

union perf_addr {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

/**
 * struct perf_place - where one end is
 * @addr:  its address and port
 * @netns: name under /run/netns, or NULL for the caller's
 * @dev:   device of the back ends that work on one
 * @nexus: instance of the nexus back end, or NULL for the only one
 * @mac:   of @dev
 */
struct perf_place {
	union perf_addr	addr;
	const char	*netns;
	const char	*dev;
	const char	*nexus;
	uint8_t		mac[6];
};

struct perf_backend;

/**
 * struct perf_config - one run, as the command line asks for it
 * @mode:      what is measured
 * @ends:      who holds the two ends
 * @backend:   of the end that is measured
 * @sender:    of the sending end in PERF_RX and PERF_BULK, of the connecting end
 *             with TCP
 * @reference: PERF_FLOOR: what to measure
 * @size:      payload bytes of a datagram, of a request, or of a write
 * @batch:     datagrams a call
 * @connections: PERF_TCP_RR: how many, each of which has its turn
 * @window:    two processes: packets on their way at most; 0: by their size
 * @count:     operations of the measured window; 0: @time_ns decides
 * @warmup:    operations before it
 * @time_ns:   length of the window
 * @connected: connect sockets to their peer
 * @ll_permille: nexus: share of the link that our end asks for in the low-latency
 *             class; 0: it is best effort
 * @mean:      no clock reading inside of the window, so no percentiles
 * @has_mac:   the peer's MAC was given
 * @json:      output for programs
 * @local:     our end
 * @remote:    the peer
 */
struct perf_config {
	enum perf_mode			mode;
	enum perf_ends			ends;
	const struct perf_backend	*backend;
	const struct perf_backend	*sender;
	const char			*reference;
	unsigned int			size;
	unsigned int			batch;
	unsigned int			window;
	unsigned int			connections;
	uint64_t			count;
	uint64_t			warmup;
	uint64_t			time_ns;
	unsigned int			ll_permille;
	bool				connected;
	bool				mean;
	bool				has_mac;
	bool				json;
	struct perf_place		local;
	struct perf_place		remote;
};

/* What an end is there for; a back end opens no more than that needs. */
enum perf_role {
	PERF_ROLE_CLIENT,	/* ping */
	PERF_ROLE_SERVER,	/* pong */
	PERF_ROLE_SENDER,	/* send */
	PERF_ROLE_RECEIVER,	/* recv */
};

/**
 * struct perf_end - one end of a run
 * @backend: its functions
 * @cfg:     the run
 * @role:    why it was opened
 * @local:   where it is
 * @remote:  its peer; a server learns it from what arrives
 * @ifindex: of its device, 0 without
 * @bytes:   payload bytes received
 * @priv:    the back end's own
 */
struct perf_end {
	const struct perf_backend	*backend;
	const struct perf_config	*cfg;
	enum perf_role			role;
	struct perf_place		local;
	struct perf_place		remote;
	int				ifindex;
	uint64_t			bytes;
	void				*priv;
};

/**
 * struct perf_backend - a way to move datagrams
 * @name:  as --backend names it
 * @large: carries datagrams larger than the MTU
 * @open:  make the end ready, in its network namespace
 * @ping:  send one datagram and sleep until one arrives
 * @pong:  sleep until a datagram arrives and send it back; an answer may
 *         wait for the next call, if that call then needs one system call
 * @send:  hand over @nr datagrams; returns when all were taken
 * @recv:  take up to @max datagrams; with @wait, sleep until there is one;
 *         returns how many
 * @close: release everything
 *
 * @tcp:   the same back end's functions for TCP, or NULL
 * @tls:   and for TLS
 *
 * Of TCP alone, where @open listens at the receiving end, and @recv accepts, and
 * answers as the mode needs:
 * @connect: open the @i-th connection
 * @exchange: send a request on it, and sleep until its answer is there
 * @push: send as many bytes; sleeps while the send buffer is full
 * @await: sleep until a byte comes on the connection
 * @hang_up: nothing more is sent on it; sleep until the peer ends it, too
 * @retrans: segments that it sent again
 *
 * All return 0 or more, or -errno after a message on standard error.
 */
struct perf_backend {
	const char *name;
	bool large;
	int (*open)(struct perf_end *end);
	int (*ping)(struct perf_end *end);
	int (*pong)(struct perf_end *end);
	int (*send)(struct perf_end *end, unsigned int nr);
	int (*recv)(struct perf_end *end, unsigned int max, bool wait);
	void (*close)(struct perf_end *end);

	const struct perf_backend *tcp;
	const struct perf_backend *tls;
	int (*connect)(struct perf_end *end, unsigned int i);
	int (*exchange)(struct perf_end *end, unsigned int i);
	int (*push)(struct perf_end *end, unsigned int i);
	int (*await)(struct perf_end *end, unsigned int i);
	int (*hang_up)(struct perf_end *end, unsigned int i);
	uint64_t (*retrans)(struct perf_end *end, unsigned int i);
};

extern const struct perf_backend perf_backend_nexus;
extern const struct perf_backend perf_backend_kernel;
extern const struct perf_backend perf_backend_packet;
extern const struct perf_backend perf_backend_xdp;
extern const struct perf_backend perf_tcp_nexus;
extern const struct perf_backend perf_tcp_kernel;
extern const struct perf_backend perf_tls_nexus;
extern const struct perf_backend perf_tls_kernel;

/**
 * struct perf_result - what a run found
 * @ops:      round trips or packets in the window
 * @sent:     packets sent
 * @lost:     packets sent that never arrived; segments that were sent again
 * @bytes:    payload bytes that arrived
 * @ns:       length of the window
 * @samples:  of single operations, sorted by perf_report(); NULL without
 * @nr_samples: of them
 */
struct perf_result {
	uint64_t	ops;
	uint64_t	sent;
	uint64_t	lost;
	uint64_t	bytes;
	uint64_t	ns;
	uint32_t	*samples;
	size_t		nr_samples;
};

/* end.c */
int perf_end_open(struct perf_end *end, const struct perf_config *cfg,
		  enum perf_role role, const struct perf_place *local,
		  const struct perf_place *remote);
void perf_end_close(struct perf_end *end);
int perf_netns_enter(const char *name);
int perf_end_need_device(const struct perf_end *end);

/* run.c */
extern volatile sig_atomic_t perf_stop;	/* a signal asked for the end */
int perf_run(const struct perf_config *cfg, struct perf_result *result);

/**
 * struct perf_shared - what a receiving child tells its parent
 * @received: packets, the warm-up included
 * @bytes:    their payload
 */
struct perf_shared {
	uint64_t	received;
	uint64_t	bytes;
};

/**
 * struct perf_child - the other process of a pair
 * @pid:    of it
 * @shared: memory of both
 */
struct perf_child {
	pid_t			pid;
	struct perf_shared	*shared;
};

int perf_child_start(struct perf_child *child, const struct perf_config *cfg,
		     enum perf_role role, struct perf_place *place);
void perf_child_stop(struct perf_child *child);

/* run_tcp.c */
int perf_run_tcp(const struct perf_config *cfg, struct perf_result *result);
bool perf_is_tcp(const struct perf_config *cfg);

/* floor.c */
int perf_floor(const struct perf_config *cfg, struct perf_result *result);

/* report.c */
void perf_report(const struct perf_config *cfg, struct perf_result *result);

/* window.c */

/**
 * struct perf_window - the measured part of a run
 * @cfg:     count, time and warm-up
 * @left:    operations until the window opens, or until it closes
 * @start_ns: when it opened; 0 while warming up
 * @stop_ns: when it must close, if time decides
 * @last_ns: when the last sample ended
 */
struct perf_window {
	const struct perf_config	*cfg;
	struct perf_result		*result;
	uint64_t			left;
	uint64_t			start_ns;
	uint64_t			stop_ns;
	uint64_t			last_ns;
	size_t				max_samples;
};

uint64_t perf_now_ns(void);
int perf_window_init(struct perf_window *window, const struct perf_config *cfg,
		     struct perf_result *result, bool samples);
bool perf_window_step(struct perf_window *window, uint64_t ops);

/* frame.c */
#define PERF_FRAME_MAX		2048

int perf_frame_build(void *frame, size_t max, const struct perf_place *from,
		     const struct perf_place *to, size_t payload);
size_t perf_frame_payload(const void *frame, size_t len, in_port_t port);
void perf_frame_turn(void *frame);
size_t perf_frame_overhead(int family);

in_port_t perf_addr_port(const union perf_addr *addr);
socklen_t perf_addr_len(const union perf_addr *addr);

void perf_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
