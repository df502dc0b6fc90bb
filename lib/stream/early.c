// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Connections that Fast Open has accepted and whose handshake is not complete: a
 * listener has so many, and no more (RFC 7413 section 5.1).
 */
#include "internal.h"

/**
 * struct early - one of them; a record of the streams'
 * @next:     in nx_streams.early
 * @conn:     the connection
 * @listener: that counts it
 */
struct early {
	struct early			*next;
	struct nexus_tcp		*conn;
	struct nexus_tcp_listener	*listener;
};

_Static_assert(sizeof(struct early) <= NX_TCP_RECORD_SIZE, "too small");

bool nx_early_begin(struct nexus_tcp_listener *listener, struct nexus_tcp *conn)
{
	struct nx_streams *s = listener->streams;
	struct early *e = s->env.record_alloc(&s->env);

	if (!e)
		return false;
	*e = (struct early) {
		.next = s->early, .conn = conn, .listener = listener,
	};
	s->early = e;
	conn->is_early = true;
	nx_fast_open_begin(&listener->listen);
	return true;
}

static void end(struct nx_streams *s, struct early **at)
{
	struct early *e = *at;

	nx_fast_open_end(&e->listener->listen, e->conn->tcp.err == -ECONNRESET,
			 nx_stack_run_ns(s->stack));
	e->conn->is_early = false;
	*at = e->next;
	s->env.record_free(&s->env, e);
}

void nx_early_end(struct nexus_tcp *conn)
{
	struct nx_streams *s = nx_streams_of(conn->sink.stack);
	struct early **at = &s->early;

	while ((*at)->conn != conn)
		at = &(*at)->next;
	end(s, at);
}

/* The index that it sends with goes; its own comes with what the peer sends next. */
static void leave(struct nexus_tcp *conn)
{
	if (!conn->is_claimed)
		conn->flow = NEXUS_FLOW_NONE;
}

void nx_early_forget(struct nexus_tcp_listener *listener)
{
	struct early **at = &listener->streams->early;

	while (*at) {
		if ((*at)->listener != listener) {
			at = &(*at)->next;
			continue;
		}
		leave((*at)->conn);
		end(listener->streams, at);
	}
}
