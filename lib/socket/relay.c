// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Connections that more than one process may use: this one carries their bytes to
 * and from a pair of local sockets, whose other end has the descriptor, or a connection
 * of the kernel's that another process accepts.
 */
#include <stdlib.h>

#include "internal.h"

/* What is carried at a time. */
#define CHUNK	16384

/**
 * struct nx_relay - a connection
 * @next:    in the list
 * @tcp:     the connection
 * @fd:      our end of the pair
 * @is_full: what has arrived finds no room there
 * @is_held: what the processes have sent finds no room in the connection
 * @has_ended: the peer has closed, and the other processes know
 * @is_done: they have closed, and the peer knows
 */
struct nx_relay {
	struct nx_relay		*next;
	struct nexus_tcp	*tcp;
	int			fd;
	bool			is_full;
	bool			is_held;
	bool			has_ended;
	bool			is_done;
};

static struct nx_relay *relays;
static nfds_t nr_relays;

nfds_t nx_relay_count(void)
{
	return nr_relays;
}

/* ------------------------------------------------------------- to and fro */

/* From the peer to the processes. */
static void carry_in(struct nx_relay *r)
{
	char buf[CHUNK];
	ssize_t got, put;

	r->is_full = false;
	while (!r->has_ended && !r->is_full) {
		got = nexus_tcp_peek(r->tcp, buf, sizeof(buf));
		if (got == -EAGAIN)
			return;
		if (got <= 0) {
			nx_sys.shutdown(r->fd, SHUT_WR);
			r->has_ended = true;
			return;
		}
		put = nx_sys.send(r->fd, buf, (size_t)got,
				  MSG_DONTWAIT | MSG_NOSIGNAL);
		if (put > 0)
			nexus_tcp_read(r->tcp, buf, (size_t)put);
		else if (put < 0 && errno != EAGAIN)
			r->has_ended = true;	/* nobody reads any more */
		r->is_full = put < got && !r->has_ended;
	}
}

/* From the processes to the peer. */
static void carry_out(struct nx_relay *r)
{
	char buf[CHUNK];
	ssize_t got, put;

	while (!r->is_done) {
		got = nx_sys.recv(r->fd, buf, sizeof(buf),
				  MSG_DONTWAIT | MSG_PEEK);
		r->is_held = false;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			nexus_tcp_shutdown(r->tcp);
			r->is_done = true;
			return;
		}
		put = nexus_tcp_write(r->tcp, buf, (size_t)got);
		r->is_held = put == -EAGAIN;
		if (r->is_held)
			return;
		/* A connection that is over takes everything, for nothing. */
		nx_sys.recv(r->fd, buf, (size_t)(put > 0 ? put : got),
			    MSG_DONTWAIT);
	}
}

static void on_change(struct nexus_tcp *tcp, void *arg)
{
	(void)tcp;
	(void)arg;
	nx_service_kick();
}

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct nx_relay *r = arg;
	struct linger reset = { .l_onoff = 1 };

	(void)tcp;
	r->is_done = true;
	if (err)
		nx_sys.setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &reset,
				  sizeof(reset));
	nx_service_kick();
}

static const struct nexus_tcp_callbacks callbacks = {
	.readable	= on_change,
	.writable	= on_change,
	.closed		= on_closed,
};

/* ------------------------------------------------------------- life */

int nx_relay_carry(struct nexus_tcp *tcp, int fd)
{
	struct nx_relay *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->tcp = tcp;
	r->fd = fd;
	r->next = relays;
	relays = r;
	nr_relays++;
	nexus_tcp_set_callbacks(tcp, &callbacks, r);
	nx_service_kick();
	return 0;
}

int nx_relay_begin(struct nexus_tcp *tcp)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = nx_relay_carry(tcp, pair[0]);
	if (!err)
		return pair[1];
	nx_sys.close(pair[0]);
	nx_sys.close(pair[1]);
	return err;
}

static void end(struct nx_relay *r)
{
	nexus_tcp_close(r->tcp);
	nx_sys.close(r->fd);
	nr_relays--;
	free(r);
}

void nx_relay_fill(struct pollfd *fds)
{
	const struct nx_relay *r;

	for (r = relays; r; r = r->next)
		*fds++ = (struct pollfd) {
			.fd = r->fd,
			.events = (short)((r->is_done || r->is_held ? 0 : POLLIN) |
					  (r->is_full ? POLLOUT : 0)),
		};
}

void nx_relay_run(void)
{
	struct nx_relay **at = &relays, *r;

	while ((r = *at)) {
		carry_in(r);
		carry_out(r);
		if (!r->has_ended || !r->is_done) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		end(r);
	}
}

/* A child has copies of the descriptors, and none of the connections. */
void nx_relay_forget(void)
{
	struct nx_relay *r;

	while ((r = relays)) {
		relays = r->next;
		nx_sys.close(r->fd);
		free(r);
	}
	nr_relays = 0;
}
