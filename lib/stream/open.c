// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Opening and closing connections and listeners: an ordinary socket, and the
 * flow that it becomes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../channel/error.h"
#include "../ip/addr.h"
#include "internal.h"

#define KNOWN_FLAGS	(NEXUS_TCP_V6ONLY | NEXUS_TCP_REUSEADDR | \
			 NEXUS_TCP_REUSEPORT | NEXUS_TCP_BULK | \
			 NEXUS_TCP_NODELAY | NEXUS_TCP_KEEPALIVE | \
			 NEXUS_TCP_ECN | NEXUS_TCP_ACCECN | \
			 NEXUS_TCP_PACING | NEXUS_TCP_FAST_OPEN | \
			 NEXUS_TCP_DEFER | NEXUS_TCP_BESIDE)

#define BACKLOG		128
#define EARLY_MAX	128

/* --------------------------------------------------------------- socket */

static int set_option(int fd, int level, int name, int value, const char *what)
{
	if (!setsockopt(fd, level, name, &value, sizeof(value)))
		return 0;
	return nx_error(-errno, "cannot set %s: %s", what, strerror(errno));
}

static int set_options(int fd, const struct nexus_tcp_options *o,
		       uint16_t family)
{
	int err = 0;

	if (o->flags & NEXUS_TCP_REUSEADDR)
		err = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1,
				 "SO_REUSEADDR");
	if (!err && o->flags & NEXUS_TCP_REUSEPORT)
		err = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1,
				 "SO_REUSEPORT");
	if (!err && family == AF_INET6)
		err = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
				 !!(o->flags & NEXUS_TCP_V6ONLY),
				 "IPV6_V6ONLY");
	if (!err && o->device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->device,
		       (socklen_t)strlen(o->device) + 1))
		err = nx_error(-errno, "cannot bind to device %s: %s",
			       o->device, strerror(errno));
	return err;
}

static int bind_socket(int fd, const struct nexus_addr *local)
{
	char text[NEXUS_ADDR_STRLEN];
	struct sockaddr_storage ss;
	socklen_t len = nexus_addr_to_sockaddr(local, &ss);

	if (!bind(fd, (struct sockaddr *)&ss, len))
		return 0;
	return nx_error(-errno, "cannot bind to %s: %s",
			nexus_addr_format(local, text, sizeof(text)),
			strerror(errno));
}

static int open_socket(const struct nexus_tcp_options *o,
		       const struct nexus_addr *local)
{
	int fd = socket(local->family, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return nx_error(-errno, "cannot create a socket: %s",
				strerror(errno));
	err = set_options(fd, o, local->family);
	if (!err)
		err = bind_socket(fd, local);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static uint8_t read_option(int fd, int level, int name, int fallback)
{
	socklen_t len = sizeof(int);
	int value = fallback;

	if (getsockopt(fd, level, name, &value, &len) || value < 0)
		value = fallback;
	return (uint8_t)value;
}

/* What the program or the administrator has chosen for sockets holds here too. */
static struct nx_hops read_hops(int fd, unsigned int version)
{
	struct nx_hops hops;

	if (version == 4) {
		hops.hops = read_option(fd, IPPROTO_IP, IP_TTL, 64);
		hops.tos = read_option(fd, IPPROTO_IP, IP_TOS, 0);
	} else {
		hops.hops = read_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64);
		hops.tos = read_option(fd, IPPROTO_IPV6, IPV6_TCLASS, 0);
	}
	/* The last two bits are ECN's. */
	hops.tos &= (uint8_t)~NX_IP_ECN_MASK;
	return hops;
}

static void read_local(int fd, struct nexus_addr *local)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (!getsockname(fd, (struct sockaddr *)&ss, &len))
		nexus_addr_from_sockaddr(local, (struct sockaddr *)&ss, len);
}

/* ---------------------------------------------------------- options */

static int check_options(const struct nexus_tcp_options *o)
{
	if (o->flags & ~KNOWN_FLAGS)
		return nx_error(-EINVAL, "unknown TCP flags %#x", o->flags);
	if (o->congestion && !nx_tcp_cc_find(o->congestion))
		return nx_error(-EINVAL, "no congestion control is called %s",
				o->congestion);
	if (o->keep_probes > UINT8_MAX)
		return nx_error(-EINVAL, "%u keepalive probes", o->keep_probes);
	return 0;
}

/* ----------------------------------------------------------- connection */

static void timer_fired(struct nexus_timer *timer, void *arg)
{
	(void)timer;
	nx_stream_work(arg);
}

struct nexus_tcp *nx_stream_alloc(struct nx_streams *streams,
				  const struct nx_tcp_config *config,
				  uint32_t flags)
{
	struct nexus_tcp *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->sink.input = nx_stream_input;
	conn->sink.event = nx_stream_event;
	conn->sink.close = nx_stream_close_sink;
	conn->sink.lost = nx_stream_lost;
	conn->sink.stack = streams->stack;
	conn->timer.fire = timer_fired;
	conn->timer.arg = conn;
	conn->fd = -1;
	conn->tx_flags = nx_streams_tx_flags(streams);
	conn->traffic_class = flags & NEXUS_TCP_BULK ? NEXUS_CLASS_BULK :
						       NEXUS_CLASS_BEST_EFFORT;
	nx_stream_config_get(config);
	nx_tcp_init(&conn->tcp, &streams->env, config);
	nx_tcp_set_nodelay(&conn->tcp, flags & NEXUS_TCP_NODELAY);
	nx_tcp_set_keepalive(&conn->tcp, flags & NEXUS_TCP_KEEPALIVE, 0);
	return conn;
}

void nx_stream_init_path(struct nexus_tcp *conn, const struct nx_ends *ends,
			 struct nx_hops hops)
{
	uint16_t ports[2] = { ends->ports[1], ends->ports[0] };

	nx_path_init(&conn->path, ends->version, ends->local, ends->remote,
		     IPPROTO_TCP, hops);
	memcpy(conn->path.hdr + nx_path_l4_off(ends->version), ports,
	       sizeof(ports));
}

/* From where to @options->remote: the program's address, or the kernel's. */
static int choose_local(struct nexus_stack *stack, int fd,
			const struct nexus_tcp_options *o,
			struct nexus_addr *local)
{
	read_local(fd, local);
	if (!nx_addr_is_any(local))
		return 0;
	local->family = o->remote.family;
	return nx_source_find(&stack->source, &o->remote, 0, fd,
			      nx_stack_coarse_ns(stack), local->ip);
}

static int add_flow(struct nexus_tcp *conn, const struct nexus_tcp_options *o,
		    const struct nexus_addr *local)
{
	struct nexus_flow_add flow = {
		.fd		= conn->fd,
		.traffic_class	= conn->traffic_class,
		.family		= o->remote.family,
		.remote_port	= o->remote.port,
	};
	int err;

	memcpy(flow.local, local->ip, sizeof(flow.local));
	memcpy(flow.remote, o->remote.ip, sizeof(flow.remote));
	err = nx_stack_flow_add(conn->sink.stack, &conn->sink, &flow);
	if (err)
		return err;
	conn->flow = flow.flow;
	conn->generation = flow.generation;
	conn->is_claimed = true;
	return 0;
}

static void begin(struct nexus_tcp *conn, struct nx_streams *streams,
		  const struct nexus_addr *local,
		  const struct nexus_tcp_options *o)
{
	const struct nexus_addr *remote = &o->remote;
	unsigned int version = remote->family == AF_INET ? 4 : 6;
	struct nx_ends ends = {
		.version = version, .local = local->ip, .remote = remote->ip,
		.ports = { remote->port, local->port },
	};
	struct nx_tcp_tuple tuple;
	struct nx_tcp_open open;
	struct nx_fast_open fo;

	nx_stream_init_path(conn, &ends, read_hops(conn->fd, version));
	conn->scope_id = remote->scope_id;
	nx_streams_open(streams, &ends, conn->flow, &tuple, &open);
	if (o->flags & NEXUS_TCP_FAST_OPEN && nx_cookies_find(streams, conn, &fo)) {
		open.fast_open = &fo;
		open.is_held = o->flags & NEXUS_TCP_DEFER && fo.cookie_len;
		conn->may_learn = true;
	}
	conn->is_held = open.is_held;
	nx_tcp_connect(&conn->tcp, &open, nx_stack_run_ns(streams->stack));
	nx_stream_work(conn);
}

static struct nexus_tcp *alloc_configured(struct nx_streams *streams,
					  const struct nexus_tcp_options *o)
{
	const struct nx_tcp_config *config = nx_stream_config_make(streams->stack, o);
	struct nexus_tcp *conn;

	if (!config)
		return NULL;
	conn = nx_stream_alloc(streams, config, o->flags);
	nx_stream_config_put(config);
	if (!conn)
		return NULL;
	conn->cb = o->callbacks;
	conn->arg = o->arg;
	return conn;
}

static void free_unopened(struct nexus_tcp *conn)
{
	close(conn->fd);
	nx_stream_config_put(conn->tcp.config);
	free(conn);
}

static int connect_socket(struct nx_streams *streams, int fd,
			  const struct nexus_tcp_options *o,
			  struct nexus_tcp **tcp)
{
	struct nexus_tcp *conn = alloc_configured(streams, o);
	struct nexus_addr local;
	int err;

	if (!conn) {
		close(fd);
		return nx_error(-ENOMEM, "no memory for a connection");
	}
	conn->fd = fd;
	err = choose_local(streams->stack, fd, o, &local);
	if (!err)
		err = add_flow(conn, o, &local);
	if (err) {
		free_unopened(conn);
		return err;
	}
	begin(conn, streams, &local, o);
	*tcp = conn;
	return 0;
}

static int check_connect(struct nexus_stack *stack,
			 const struct nexus_tcp_options *options)
{
	int err = nx_stack_enter(stack);

	if (err)
		return nx_error(err, "%s", nexus_strerror(err));
	err = check_options(options);
	if (err)
		return err;
	if (!options->remote.port || nx_addr_is_any(&options->remote))
		return nx_error(-EINVAL, "no remote address and port");
	return 0;
}

int nexus_tcp_connect(struct nexus_stack *stack,
		      const struct nexus_tcp_options *options,
		      struct nexus_tcp **tcp)
{
	struct nexus_addr local = options->local;
	struct nx_streams *streams;
	int err = check_connect(stack, options), fd;

	if (err)
		return err;
	if (!local.family)
		local.family = options->remote.family;
	err = nx_streams_get(stack, &streams);
	if (err)
		return err;
	fd = open_socket(options, &local);
	return fd < 0 ? fd : connect_socket(streams, fd, options, tcp);
}

/* A duplicate, so that the program may close its own. */
static int dup_socket(int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (own >= 0)
		return own;
	return nx_error(-errno, "cannot duplicate the socket: %s",
			strerror(errno));
}

/* A flow's socket is bound: the kernel chooses a port if the program has not. */
static int bind_anyhow(int fd)
{
	struct nexus_addr local = { 0 };

	read_local(fd, &local);
	return local.port ? 0 : bind_socket(fd, &local);
}

int nexus_tcp_connect_on(struct nexus_stack *stack, int fd,
			 const struct nexus_tcp_options *options,
			 struct nexus_tcp **tcp)
{
	int err = check_connect(stack, options), own;
	struct nx_streams *streams;

	if (!err)
		err = nx_streams_get(stack, &streams);
	if (!err)
		err = bind_anyhow(fd);
	if (err)
		return err;
	own = dup_socket(fd);
	return own < 0 ? own : connect_socket(streams, own, options, tcp);
}

void nexus_tcp_start(struct nexus_tcp *tcp)
{
	if (!tcp->is_held || nx_stream_check(tcp))
		return;
	tcp->is_held = false;
	nx_tcp_start(&tcp->tcp, nx_stack_run_ns(tcp->sink.stack));
	nx_stream_work(tcp);
}

/* ------------------------------------------------------------- listener */

static int add_listener_flow(struct nexus_tcp_listener *l)
{
	struct nexus_flow_add flow = {
		.fd	= l->fd,
		.flags	= l->flags & NEXUS_TCP_BESIDE ? NEXUS_FLOW_BESIDE : 0,
	};
	int err;

	flow.traffic_class = l->flags & NEXUS_TCP_BULK ?
			     NEXUS_CLASS_BULK : NEXUS_CLASS_BEST_EFFORT;
	err = nx_stack_flow_add(l->streams->stack, &l->sink, &flow);
	l->generation = flow.generation;
	return err;
}

/* The same socket, on another channel. */
static int listen_again(struct nx_sink *sink)
{
	return add_listener_flow((struct nexus_tcp_listener *)sink);
}

static int listen_socket(struct nx_streams *streams, int fd,
			 const struct nexus_tcp_options *o,
			 struct nexus_tcp_listener *l)
{
	int err;

	l->sink.input = nx_listener_input;
	l->sink.event = nx_listener_event;
	l->sink.close = nx_listener_close_sink;
	l->sink.again = listen_again;
	l->streams = streams;
	l->accept = o->accept;
	l->arg = o->arg;
	l->flags = o->flags;
	l->fd = fd;
	l->listen.key = streams->key;
	l->listen.backlog = o->backlog ? o->backlog : BACKLOG;
	if (o->flags & NEXUS_TCP_FAST_OPEN)
		l->listen.early_max = o->early_max ? o->early_max : EARLY_MAX;
	l->hops[0] = read_hops(fd, 4);
	l->hops[1] = read_hops(fd, 6);
	l->config = nx_stream_config_make(streams->stack, o);
	if (!l->config)
		return nx_error(-ENOMEM, "no memory for a listener");
	read_local(fd, &l->local);
	err = add_listener_flow(l);
	if (err)
		nx_stream_config_put(l->config);
	return err;
}

static int check_listen(struct nexus_stack *stack,
			const struct nexus_tcp_options *options,
			struct nx_streams **streams)
{
	int err = nx_stack_enter(stack);

	if (err)
		return nx_error(err, "%s", nexus_strerror(err));
	err = check_options(options);
	if (err)
		return err;
	if (!options->accept)
		return nx_error(-EINVAL, "no accept callback");
	return nx_streams_get(stack, streams);
}

/* Takes @fd over, also when it fails. */
static int open_listener(struct nx_streams *streams, int fd,
			 const struct nexus_tcp_options *options,
			 struct nexus_tcp_listener **listener)
{
	struct nexus_tcp_listener *l = calloc(1, sizeof(*l));
	int err = l ? listen_socket(streams, fd, options, l) :
		      nx_error(-ENOMEM, "no memory for a listener");

	if (err) {
		close(fd);
		free(l);
		return err;
	}
	*listener = l;
	return 0;
}

int nexus_tcp_listen(struct nexus_stack *stack,
		     const struct nexus_tcp_options *options,
		     struct nexus_tcp_listener **listener)
{
	struct nx_streams *streams;
	int err = check_listen(stack, options, &streams), fd;

	if (err)
		return err;
	fd = open_socket(options, &options->local);
	return fd < 0 ? fd : open_listener(streams, fd, options, listener);
}

int nexus_tcp_listen_on(struct nexus_stack *stack, int fd,
			const struct nexus_tcp_options *options,
			struct nexus_tcp_listener **listener)
{
	struct nx_streams *streams;
	int err = check_listen(stack, options, &streams), own;

	if (err)
		return err;
	own = dup_socket(fd);
	return own < 0 ? own : open_listener(streams, own, options, listener);
}

int nexus_tcp_listener_set_room(struct nexus_tcp_listener *listener, uint32_t nr)
{
	return nexus_channel_flow_room(listener->sink.stack->channel,
				       listener->sink.flow,
				       listener->generation, nr);
}

void nexus_tcp_listener_set_accept(struct nexus_tcp_listener *listener,
				   void (*accept)(struct nexus_tcp_listener *listener,
						  struct nexus_tcp *tcp, void *arg),
				   void *arg)
{
	listener->accept = accept;
	listener->arg = arg;
}

uint32_t nexus_tcp_listener_half_open(const struct nexus_tcp_listener *listener)
{
	return listener->listen.nr_half;
}

void nexus_tcp_listener_forget(const struct nexus_tcp_listener *listener)
{
	close(listener->fd);
}

/* Connections whose handshake is not complete end with it. */
static void drop_half_open(struct nexus_tcp_listener *listener)
{
	struct nexus_tcp *conn, *next;
	unsigned int i;

	for (i = 0; i < NX_STREAM_BUCKETS; i++)
		for (conn = listener->streams->children[i]; conn; conn = next) {
			next = conn->next_child;
			if (!conn->is_half_open || conn->listener != listener)
				continue;
			nx_stream_leave_listener(conn);
			nexus_tcp_abort(conn);
		}
}

void nexus_tcp_listener_close(struct nexus_tcp_listener *listener)
{
	struct nexus_stack *stack;

	if (!listener)
		return;
	stack = listener->sink.stack;
	drop_half_open(listener);
	nx_stack_drain(stack);
	nx_early_forget(listener);
	nx_stack_flow_del(stack, &listener->sink, listener->generation);
	close(listener->fd);
	nx_stream_config_put(listener->config);
	nx_stack_free_sink(stack, &listener->sink);
}

void nx_listener_close_sink(struct nx_sink *sink)
{
	nexus_tcp_listener_close((struct nexus_tcp_listener *)sink);
}

void nexus_tcp_listener_set_early(struct nexus_tcp_listener *listener,
				  uint32_t early_max)
{
	listener->listen.early_max = early_max;
}

void nexus_tcp_listener_local(const struct nexus_tcp_listener *listener,
			      struct nexus_addr *addr)
{
	*addr = listener->local;
}
