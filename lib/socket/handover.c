// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Connections that nobody has accepted when their process stops listening, where other
 * processes still may. Each goes to the kernel's listener as a connection of this host
 * does, and this process carries its bytes. Those whose handshake is not complete go
 * when it is.
 */
#include <stdlib.h>

#include "../ip/addr.h"
#include "internal.h"

/* How long a handshake may take that has begun: as Linux, five SYN-ACKs after it. */
#define HANDSHAKE_NS	63000000000ULL

/**
 * struct leaving - a listener that accepts what has begun, and nothing else
 * @next:     in the list
 * @listener: without room for more
 * @until_ns: it closes then
 */
struct leaving {
	struct leaving			*next;
	struct nexus_tcp_listener	*listener;
	uint64_t			until_ns;
};

static struct leaving *leavings;

/* A socket at the address that the connection came to, with a port of its own. */
static int make_socket(const struct nexus_addr *to, struct nexus_addr *from)
{
	int fd = nx_sys.socket(to->family,
			       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct nexus_addr local = *to;
	struct sockaddr_storage ss;
	socklen_t len;

	if (fd < 0)
		return -errno;
	local.port = 0;
	len = nexus_addr_to_sockaddr(&local, &ss);
	if (!nx_sys.bind(fd, (struct sockaddr *)&ss, len)) {
		len = sizeof(ss);
		if (!nx_sys.getsockname(fd, (struct sockaddr *)&ss, &len) &&
		    !nexus_addr_from_sockaddr(from, (struct sockaddr *)&ss, len))
			return fd;
	}
	nx_sys.close(fd);
	return -EADDRNOTAVAIL;
}

/* Who accepts it is told of @remote; it was told before it can accept. */
static int connect_to_kernel(const struct nexus_addr *to,
			     const struct nexus_addr *remote)
{
	struct sockaddr_storage ss;
	struct nexus_addr from;
	int fd = make_socket(to, &from);
	socklen_t len;

	if (fd < 0)
		return fd;
	nx_beside_note(&from, remote);
	len = nexus_addr_to_sockaddr(to, &ss);
	if (!nx_sys.connect(fd, (struct sockaddr *)&ss, len) ||
	    errno == EINPROGRESS)
		return fd;
	nx_sys.close(fd);
	return -ECONNREFUSED;
}

static void hand_over(struct nexus_tcp *tcp)
{
	struct nexus_addr local, remote;
	int fd;

	nexus_tcp_local(tcp, &local);
	nexus_tcp_remote(tcp, &remote);
	fd = connect_to_kernel(&local, &remote);
	if (fd < 0) {
		nx_explain("a connection is lost with its listener");
		nexus_tcp_abort(tcp);
		return;
	}
	if (!nx_relay_carry(tcp, fd))
		return;
	nx_sys.close(fd);
	nexus_tcp_abort(tcp);
}

static void on_late_accept(struct nexus_tcp_listener *listener,
			   struct nexus_tcp *tcp, void *arg)
{
	(void)listener;
	(void)arg;
	hand_over(tcp);
}

static void hand_over_children(struct nx_socket *s)
{
	struct nx_socket *child, *next;

	for (child = s->children; child; child = next) {
		next = child->next;
		if (child->error)
			nexus_tcp_abort(child->tcp);
		else
			hand_over(child->tcp);
		free(child);
	}
	s->children = NULL;
	s->nr_children = 0;
}

void nx_handover_listener(struct nx_socket *s)
{
	struct leaving *l = malloc(sizeof(*l));

	nexus_tcp_listener_set_room(s->listener, 0);
	/* What has come yet. */
	nx_service_run();
	hand_over_children(s);
	if (!l || !nexus_tcp_listener_half_open(s->listener)) {
		nexus_tcp_listener_close(s->listener);
		free(l);
		return;
	}
	nexus_tcp_listener_set_accept(s->listener, on_late_accept, NULL);
	*l = (struct leaving) {
		.next		= leavings,
		.listener	= s->listener,
		.until_ns	= nx_now_ns() + HANDSHAKE_NS,
	};
	leavings = l;
	nx_service_kick();
}

bool nx_handover_is_busy(void)
{
	return leavings;
}

void nx_handover_run(void)
{
	struct leaving **at = &leavings, *l;
	uint64_t now_ns = leavings ? nx_now_ns() : 0;

	while ((l = *at)) {
		if (nexus_tcp_listener_half_open(l->listener) &&
		    now_ns < l->until_ns) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		nexus_tcp_listener_close(l->listener);
		free(l);
	}
}

void nx_handover_forget(void)
{
	struct leaving *l;

	while ((l = leavings)) {
		leavings = l->next;
		nexus_tcp_listener_forget(l->listener);
		free(l);
	}
}
