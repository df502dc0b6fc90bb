// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A listener's packets: segments of accepted connections, and beginnings of new
 * ones.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void make_tuple(const struct nx_ends *ends, struct nx_tcp_tuple *tuple)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t *to[2] = { tuple->local, tuple->remote };
	const uint8_t *from[2] = { ends->local, ends->remote };
	unsigned int i;

	memset(tuple, 0, sizeof(*tuple));
	for (i = 0; i < 2; i++) {
		if (ends->version == 6) {
			memcpy(to[i], from[i], 16);
			continue;
		}
		memcpy(to[i], mapped, sizeof(mapped));
		memcpy(to[i] + sizeof(mapped), from[i], 4);
	}
	tuple->local_port = ends->ports[1];
	tuple->remote_port = ends->ports[0];
}

void nx_streams_open(struct nx_streams *streams, const struct nx_ends *ends,
		     uint32_t flow, struct nx_tcp_tuple *tuple,
		     struct nx_tcp_open *open)
{
	const struct nexus_flow_advisory *adv;
	uint32_t mtu;

	adv = nexus_channel_flow_advisory(streams->stack->channel, flow);
	mtu = __atomic_load_n(&adv->mtu, __ATOMIC_RELAXED);
	make_tuple(ends, tuple);
	*open = (struct nx_tcp_open) {
		.iss	= nx_isn(&streams->key, tuple,
				 nx_stack_run_ns(streams->stack)),
		.ts_off	= nx_isn_ts_offset(&streams->key, tuple),
		.mtu	= mtu ? mtu : NX_STREAM_MTU,
		.ip_len	= (uint32_t)nx_path_l4_off(ends->version),
	};
}

/* A connection for a segment that came to @listener. */
static struct nexus_tcp *make_child(struct nexus_tcp_listener *listener,
				    const struct nx_ends *ends)
{
	struct nexus_tcp *conn = nx_stream_alloc(listener->streams,
						 listener->config,
						 listener->flags);

	if (!conn)
		return NULL;
	nx_stream_init_path(conn, ends, listener->hops[ends->version == 6]);
	conn->listener = listener;
	conn->is_half_open = true;
	conn->flow = listener->sink.flow;
	nx_streams_add_child(listener->streams, conn);
	listener->listen.nr_half++;
	return conn;
}

/* A SYN, and perhaps data that are the program's at once (RFC 7413). */
static void open_child(struct nexus_tcp_listener *listener,
		       const struct nx_tcp_seg *seg, const struct nx_ends *ends,
		       const struct nx_tcp_tuple *tuple,
		       struct nx_tcp_open *open, uint64_t now_ns)
{
	struct nexus_tcp *conn = make_child(listener, ends);
	struct nx_fast_open fo;

	if (!conn)
		return;
	if (nx_fast_open_answer(&listener->listen, tuple, seg, now_ns, &fo)) {
		open->fast_open = &fo;
		fo.takes_data = fo.takes_data && nx_early_begin(listener, conn);
	}
	nx_tcp_accept(&conn->tcp, open, seg, now_ns);
	if (conn->is_early && !conn->tcp.is_early)
		nx_early_end(conn);
	nx_stream_work(conn);
	nx_stream_notify(conn);
}

/* A segment that belongs to no connection. */
static void listen_input(struct nexus_tcp_listener *listener,
			 const struct nx_tcp_seg *seg, const struct nx_ends *ends)
{
	struct nx_streams *s = listener->streams;
	uint64_t now_ns = nx_stack_run_ns(s->stack);
	struct nx_cookie_syn cookie;
	struct nx_tcp_tuple tuple;
	struct nx_tcp_open open;
	struct nx_tcp_seg answer;
	struct nexus_tcp *conn;

	nx_streams_open(s, ends, listener->sink.flow, &tuple, &open);
	switch (nx_tcp_listen_input(&listener->listen, listener->config,
				    &tuple, &open, seg, &answer, &cookie,
				    now_ns)) {
	case NX_TCP_DROP:
		break;
	case NX_TCP_ANSWER:
		nx_streams_answer(s, ends, &answer, listener->sink.flow,
				  listener->hops[ends->version == 6],
				  nx_streams_tx_flags(s));
		break;
	case NX_TCP_OPEN_IT:
		open_child(listener, seg, ends, &tuple, &open, now_ns);
		break;
	case NX_TCP_RESUME:
		conn = make_child(listener, ends);
		if (!conn)
			break;
		nx_tcp_resume(&conn->tcp, &open, &cookie, seg, now_ns);
		nx_stream_segment(conn, seg);
		break;
	}
}

void nx_stream_unclaim(struct nexus_tcp *conn)
{
	if (!conn->is_claimed)
		return;
	nx_stack_unclaim(conn->sink.stack, &conn->sink);
	conn->is_claimed = false;
}

/* The kernel has made a flow of the connection. */
static void claim(struct nexus_tcp *conn, uint32_t flow)
{
	if (conn->is_claimed || conn->sink.stack->sinks[flow])
		return;
	conn->flow = flow;
	conn->is_claimed = true;
	nx_stack_claim(conn->sink.stack, &conn->sink, flow);
}

/* There is no such flow any more: it sends as the listener from here on. */
static void unclaim(struct nexus_tcp *conn, uint32_t listener_flow)
{
	nx_stream_unclaim(conn);
	conn->flow = listener_flow;
}

/* True if it was a connection's. */
static bool child_input(struct nx_streams *s, const struct nx_tcp_seg *seg,
			const struct nx_ends *ends, uint32_t flow,
			bool is_unclaimed)
{
	struct nexus_tcp *conn = nx_streams_find_child(s, ends);

	if (!conn)
		return false;
	if (is_unclaimed)
		claim(conn, flow);
	else
		unclaim(conn, flow);
	return nx_stream_segment(conn, seg);
}

void nx_listener_input(struct nx_sink *sink, struct nexus_packet *pkt)
{
	struct nexus_tcp_listener *listener = (struct nexus_tcp_listener *)sink;
	struct nexus_stack *stack = sink->stack;
	struct nx_tcp_seg *seg = &listener->streams->seg;
	struct nx_ends ends;

	if (pkt->info.flags & NEXUS_DESC_ERROR)
		nx_stream_input_error(stack, NULL, pkt);
	else if (nx_stream_parse(pkt, seg, &ends) &&
		 !child_input(listener->streams, seg, &ends, sink->flow, false))
		listen_input(listener, seg, &ends);
	nexus_packet_put(stack, pkt);
}

/* The listener that would have had the packet if there were no child flow. */
static struct nexus_tcp_listener *find_listener(struct nx_streams *s,
						const struct nx_ends *ends)
{
	struct nexus_tcp_listener *listener;
	struct nx_sink *sink;

	for (sink = s->stack->first; sink; sink = sink->next) {
		if (sink->input != nx_listener_input)
			continue;
		listener = (struct nexus_tcp_listener *)sink;
		if (listener->local.port == ends->ports[1])
			return listener;
	}
	return NULL;
}

void nx_streams_listen(struct nexus_stack *stack, const struct nx_tcp_seg *seg,
		       const struct nx_ends *ends)
{
	struct nexus_tcp_listener *listener;

	listener = find_listener(nx_streams_of(stack), ends);
	if (listener)
		listen_input(listener, seg, ends);
}

void nx_streams_unclaimed(struct nexus_stack *stack, uint32_t flow,
			  struct nexus_packet *pkt)
{
	struct nx_streams *s = nx_streams_of(stack);
	struct nx_ends ends;

	if (pkt->info.flags & NEXUS_DESC_ERROR)
		nx_stream_input_error(stack, NULL, pkt);
	else if (nx_stream_parse(pkt, &s->seg, &ends) &&
		 !child_input(s, &s->seg, &ends, flow, true))
		nx_streams_listen(stack, &s->seg, &ends);
	nexus_packet_put(stack, pkt);
}

void nx_listener_event(struct nx_sink *sink, const struct nexus_event *event)
{
	(void)sink;
	(void)event;
}
