// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Opening and closing UDP endpoints: an ordinary socket, and the flow that it
 * becomes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../channel/error.h"
#include "../ip/addr.h"
#include "internal.h"

#define KNOWN_FLAGS	(NEXUS_UDP_V6ONLY | NEXUS_UDP_REUSEADDR | \
			 NEXUS_UDP_REUSEPORT | NEXUS_UDP_BROADCAST | \
			 NEXUS_UDP_DONTFRAG | NEXUS_UDP_BULK | \
			 NEXUS_UDP_LOW_LATENCY)

/* --------------------------------------------------------------- socket */

static int set_option(int fd, int level, int name, int value, const char *what)
{
	if (!setsockopt(fd, level, name, &value, sizeof(value)))
		return 0;
	return nx_error(-errno, "cannot set %s: %s", what, strerror(errno));
}

static int set_options(int fd, const struct nexus_udp_options *o)
{
	int err = 0;

	if (o->flags & NEXUS_UDP_REUSEADDR)
		err = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1,
				 "SO_REUSEADDR");
	if (!err && o->flags & NEXUS_UDP_REUSEPORT)
		err = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1,
				 "SO_REUSEPORT");
	if (!err && o->flags & NEXUS_UDP_BROADCAST)
		err = set_option(fd, SOL_SOCKET, SO_BROADCAST, 1,
				 "SO_BROADCAST");
	if (!err && o->local.family == AF_INET6)
		err = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
				 !!(o->flags & NEXUS_UDP_V6ONLY),
				 "IPV6_V6ONLY");
	if (!err && o->device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->device,
		       (socklen_t)strlen(o->device) + 1))
		err = nx_error(-errno, "cannot bind to device %s: %s",
			       o->device, strerror(errno));
	return err;
}

/* An IPv6 socket reaches an IPv4 peer by its mapped address. */
static socklen_t remote_sockaddr(const struct nexus_udp_options *o,
				 struct sockaddr_storage *ss)
{
	struct nexus_addr mapped = { .family = AF_INET6 };

	if (o->remote.family != AF_INET || o->local.family != AF_INET6)
		return nexus_addr_to_sockaddr(&o->remote, ss);
	mapped.port = o->remote.port;
	mapped.ip[10] = 0xff;
	mapped.ip[11] = 0xff;
	memcpy(mapped.ip + 12, o->remote.ip, 4);
	return nexus_addr_to_sockaddr(&mapped, ss);
}

static int bind_socket(int fd, const struct nexus_udp_options *o)
{
	char text[NEXUS_ADDR_STRLEN];
	struct sockaddr_storage ss;
	socklen_t len;

	len = nexus_addr_to_sockaddr(&o->local, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len))
		return nx_error(-errno, "cannot bind to %s: %s",
				nexus_addr_format(&o->local, text,
						  sizeof(text)),
				strerror(errno));
	if (!o->remote.family)
		return 0;
	len = remote_sockaddr(o, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len))
		return nx_error(-errno, "cannot connect to %s: %s",
				nexus_addr_format(&o->remote, text,
						  sizeof(text)),
				strerror(errno));
	return 0;
}

static int check_options(const struct nexus_udp_options *o)
{
	if (o->local.family != AF_INET && o->local.family != AF_INET6)
		return nx_error(-EAFNOSUPPORT,
				"the local address is neither IPv4 nor IPv6");
	if (o->flags & ~KNOWN_FLAGS)
		return nx_error(-EINVAL, "unknown UDP flags %#x", o->flags);
	if (o->remote.family && !o->remote.port)
		return nx_error(-EINVAL, "the remote address has no port");
	if (o->remote.family && o->remote.family != o->local.family &&
	    o->local.family == AF_INET)
		return nx_error(-EAFNOSUPPORT,
				"an IPv4 endpoint cannot connect to IPv6");
	return 0;
}

static int open_socket(const struct nexus_udp_options *o)
{
	int err = check_options(o), fd;

	if (err)
		return err;
	fd = socket(o->local.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return nx_error(-errno, "cannot create a socket: %s",
				strerror(errno));
	err = set_options(fd, o);
	if (!err)
		err = bind_socket(fd, o);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* ------------------------------------------------------------- endpoint */

static uint8_t read_option(int fd, int level, int name, int fallback)
{
	socklen_t len = sizeof(int);
	int value = fallback;

	if (getsockopt(fd, level, name, &value, &len) || value < 0)
		value = fallback;
	return (uint8_t)value;
}

/* What the program has set on the socket holds for the endpoint too. */
static void read_hops(struct nexus_udp *udp)
{
	struct nx_udp_hops *v4 = &udp->hops[0], *v6 = &udp->hops[1];

	v4->unicast = read_option(udp->fd, IPPROTO_IP, IP_TTL, 64);
	v4->multicast = read_option(udp->fd, IPPROTO_IP, IP_MULTICAST_TTL, 1);
	v4->tos = read_option(udp->fd, IPPROTO_IP, IP_TOS, 0);
	if (udp->family != AF_INET6)
		return;
	v6->unicast = read_option(udp->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64);
	v6->multicast = read_option(udp->fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS,
				    1);
	v6->tos = read_option(udp->fd, IPPROTO_IPV6, IPV6_TCLASS, 0);
}

static uint32_t read_ifindex(int fd)
{
	socklen_t len = sizeof(int);
	int index = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &len))
		return 0;
	return (uint32_t)index;
}

static void read_addresses(struct nexus_udp *udp)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int is_v6only = 1;

	if (!getsockname(udp->fd, (struct sockaddr *)&ss, &len)) {
		udp->family = ss.ss_family;
		nexus_addr_from_sockaddr(&udp->local, (struct sockaddr *)&ss,
					 len);
	}
	len = sizeof(ss);
	if (!getpeername(udp->fd, (struct sockaddr *)&ss, &len))
		nexus_addr_from_sockaddr(&udp->remote, (struct sockaddr *)&ss,
					 len);
	udp->is_connected = udp->remote.family != 0;
	udp->is_wildcard = nx_addr_is_any(&udp->local);
	udp->local_port = udp->local.port;

	len = sizeof(is_v6only);
	getsockopt(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_v6only, &len);
	udp->has_ipv6 = udp->local.family == AF_INET6;
	udp->has_ipv4 = udp->local.family == AF_INET ||
			(udp->family == AF_INET6 && udp->is_wildcard &&
			 !is_v6only);
}

static struct nexus_udp *alloc_udp(struct nexus_stack *stack, int fd,
				   const struct nexus_udp_options *options)
{
	struct nexus_udp *udp = calloc(1, sizeof(*udp));

	if (!udp)
		return NULL;
	udp->stack = stack;
	udp->fd = fd;
	udp->rx_limit = NX_UDP_RX_LIMIT;
	udp->sink.input = nx_udp_input;
	udp->sink.event = nx_udp_event;
	udp->sink.close = nx_udp_close_sink;
	udp->sink.lost = nx_udp_lost;
	udp->sink.again = nx_udp_again;
	udp->sink.reset = nx_udp_reset;
	if (stack->channel->features & NEXUS_FEATURE_CSUM_TX)
		udp->tx_flags = NEXUS_DESC_CSUM;
	if (!options)
		return udp;
	udp->flags = options->flags;
	udp->receive = options->receive;
	udp->error = options->error;
	udp->writable = options->writable;
	udp->arg = options->arg;
	if (options->rx_limit)
		udp->rx_limit = options->rx_limit;
	if (options->flags & NEXUS_UDP_BULK)
		udp->traffic_class = NEXUS_CLASS_BULK;
	if (options->flags & NEXUS_UDP_LOW_LATENCY)
		udp->traffic_class = NEXUS_CLASS_LOW_LATENCY;
	udp->ll_permille = options->ll_permille;
	return udp;
}

/* The endpoint's socket becomes a flow of the stack's channel. */
static int add_flow(struct nexus_udp *udp)
{
	struct nexus_flow_add flow = {
		.fd = udp->fd,
		.traffic_class = udp->traffic_class,
		.ll_permille = udp->ll_permille,
	};
	int err;

	err = nx_stack_flow_add(udp->stack, &udp->sink, &flow);
	if (err)
		return err;
	udp->flow = flow.flow;
	udp->generation = flow.generation;
	udp->advisory = nexus_channel_flow_advisory(udp->stack->channel,
						    flow.flow);
	return 0;
}

/* Takes @fd over, also when it fails. */
static int open_endpoint(struct nexus_stack *stack, int fd,
			 const struct nexus_udp_options *options,
			 struct nexus_udp **udp)
{
	struct nexus_udp *u = alloc_udp(stack, fd, options);
	int err = u ? add_flow(u) : -ENOMEM;

	if (err) {
		close(fd);
		free(u);
		return err;
	}
	read_addresses(u);
	read_hops(u);
	u->ifindex = read_ifindex(fd);
	if (u->is_connected)
		nx_udp_init_path(u);
	*udp = u;
	return 0;
}

int nexus_udp_open(struct nexus_stack *stack,
		   const struct nexus_udp_options *options,
		   struct nexus_udp **udp)
{
	int err = nx_stack_enter(stack), fd;

	if (err)
		return nx_error(err, "%s", nexus_strerror(err));
	fd = open_socket(options);
	if (fd < 0)
		return fd;
	return open_endpoint(stack, fd, options, udp);
}

int nexus_udp_adopt(struct nexus_stack *stack, int fd,
		    const struct nexus_udp_options *options,
		    struct nexus_udp **udp)
{
	int err = nx_stack_enter(stack), own;

	if (err)
		return nx_error(err, "%s", nexus_strerror(err));
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return nx_error(-errno, "cannot duplicate the socket: %s",
				strerror(errno));
	return open_endpoint(stack, own, options, udp);
}

static void drop_queue(struct nexus_udp *udp)
{
	struct nexus_packet *pkt;

	while ((pkt = nexus_udp_recv(udp)))
		nexus_packet_put(udp->stack, pkt);
}

void nexus_udp_close(struct nexus_udp *udp)
{
	if (!udp || udp->is_closed)
		return;
	udp->is_closed = true;
	nx_stack_drain(udp->stack);
	nx_stack_flow_del(udp->stack, &udp->sink, udp->generation);
	drop_queue(udp);
	close(udp->fd);
	nx_stack_free_sink(udp->stack, &udp->sink);
}

void nx_udp_close_sink(struct nx_sink *sink)
{
	nexus_udp_close(nx_udp_of(sink));
}

/* -------------------------------------------------------- another channel */

/* Until there is a flow again, nothing takes the shorter ways to TX. */
void nx_udp_lost(struct nx_sink *sink)
{
	static const struct nexus_flow_advisory nothing;
	struct nexus_udp *udp = nx_udp_of(sink);

	drop_queue(udp);
	udp->advisory = &nothing;
	udp->fast_len = 0;
}

int nx_udp_again(struct nx_sink *sink)
{
	struct nexus_udp *udp = nx_udp_of(sink);
	int err = add_flow(udp);

	/* A connected endpoint keeps its path; others find theirs anew. */
	if (!err && udp->is_connected)
		nx_udp_init_path(udp);
	else
		memset(&udp->path_to, 0, sizeof(udp->path_to));
	return err;
}

/* ------------------------------------------------------------ accessors */

int nexus_udp_fd(const struct nexus_udp *udp)
{
	return udp->fd;
}

struct nexus_stack *nexus_udp_stack(const struct nexus_udp *udp)
{
	return udp->stack;
}

void nexus_udp_local(const struct nexus_udp *udp, struct nexus_addr *addr)
{
	*addr = udp->local;
}

void nexus_udp_remote(const struct nexus_udp *udp, struct nexus_addr *addr)
{
	*addr = udp->remote;
}

void nexus_udp_stats(const struct nexus_udp *udp, struct nexus_udp_stats *stats)
{
	*stats = udp->stats;
}

uint32_t nexus_udp_mtu(const struct nexus_udp *udp)
{
	if (nx_stack_check(udp->stack))
		return 0;
	return __atomic_load_n(&udp->advisory->mtu, __ATOMIC_RELAXED);
}

bool nexus_udp_is_suspended(const struct nexus_udp *udp)
{
	if (nx_stack_check(udp->stack))
		return false;
	return nx_udp_is_suspended(udp);
}
