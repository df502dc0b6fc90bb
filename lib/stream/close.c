// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The end of a connection: as the program wants it, and when nothing is left.
 */
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* -------------------------------------------------------------- the program */

int nexus_tcp_shutdown(struct nexus_tcp *tcp)
{
	int err = nx_stream_check(tcp);

	if (err)
		return err;
	err = nx_tcp_shutdown(&tcp->tcp);
	nx_stream_work(tcp);
	return err;
}

void nexus_tcp_close(struct nexus_tcp *tcp)
{
	if (!tcp || tcp->is_closed)
		return;
	tcp->is_closed = true;
	nx_tcp_orphan(&tcp->tcp, nx_stack_run_ns(tcp->sink.stack));
	nx_stream_work(tcp);
}

void nexus_tcp_abort(struct nexus_tcp *tcp)
{
	if (!tcp || tcp->is_closed)
		return;
	tcp->is_closed = true;
	nx_tcp_abort(&tcp->tcp);
	nx_stream_work(tcp);
}

/* ------------------------------------------------------------- the memory */

/*
 * A flow that the kernel made of a listener's ends by itself when it sees the
 * connection end.
 */
static void end_flow(struct nexus_tcp *conn)
{
	struct nexus_stack *stack = conn->sink.stack;

	if (!conn->is_claimed)
		return;
	if (conn->fd < 0)
		nx_stack_unclaim(stack, &conn->sink);
	else
		nx_stack_flow_del(stack, &conn->sink, conn->generation);
	conn->is_claimed = false;
}

static void free_conn(struct nexus_tcp *conn)
{
	struct nexus_stack *stack = conn->sink.stack;

	nexus_timer_cancel(stack, &conn->timer);
	if (conn->is_early)
		nx_early_end(conn);
	if (conn->is_child)
		nx_streams_remove_child(nx_streams_of(stack), conn);
	end_flow(conn);
	if (conn->fd >= 0)
		close(conn->fd);
	nx_tcp_exit(&conn->tcp);
	nx_stream_account(conn);
	nx_stream_config_put(conn->tcp.config);
	nx_stack_free_sink(stack, &conn->sink);
}

void nx_stream_release(struct nexus_tcp *conn)
{
	if (conn->is_closed && !conn->is_working &&
	    conn->tcp.state == NX_TCP_CLOSED && !conn->tcp.must_reset)
		free_conn(conn);
}

/* The stack closes: the kernel resets the peers that should know. */
void nx_stream_close_sink(struct nx_sink *sink)
{
	free_conn(nx_stream_of(sink));
}

/* --------------------------------------------------------- the channel's end */

/* The kernel has told the peer. The program hears of it when there is a channel. */
void nx_stream_lost(struct nx_sink *sink)
{
	struct nexus_tcp *conn = nx_stream_of(sink);

	nexus_timer_cancel(sink->stack, &conn->timer);
	nx_tcp_lose(&conn->tcp);
	nx_stream_account(conn);
	/* It sends nothing any more: an index that is sure to be one. */
	conn->flow = 0;
	nx_stream_work(conn);
}

static void leave_table(struct nx_streams *s, struct nexus_tcp *conn)
{
	nx_streams_remove_child(s, conn);
	if (conn->is_half_open) {
		nx_stream_leave_listener(conn);
		conn->is_closed = true;
	}
	if (conn->is_claimed)
		return;
	conn->is_claimed = true;
	nx_stack_claim(s->stack, &conn->sink, NEXUS_FLOW_NONE);
}

void nx_streams_lost(struct nexus_stack *stack)
{
	struct nx_streams *s = nx_streams_of(stack);
	unsigned int i;

	for (i = 0; i < NX_STREAM_BUCKETS; i++)
		while (s->children[i])
			leave_table(s, s->children[i]);
}

/* RFC 6191: the ends have a new owner, and so has the kernel's flow of them. */
void nx_stream_detach(struct nexus_tcp *conn)
{
	if (conn->is_child)
		nx_streams_remove_child(nx_streams_of(conn->sink.stack), conn);
	if (conn->fd < 0)
		nx_stream_unclaim(conn);
}
