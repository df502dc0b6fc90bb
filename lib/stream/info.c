// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Options of a connection, and what it tells of itself.
 */
#include <poll.h>
#include <string.h>

#include "../ip/addr.h"
#include "internal.h"

void nexus_tcp_set_callbacks(struct nexus_tcp *tcp,
			     const struct nexus_tcp_callbacks *callbacks,
			     void *arg)
{
	tcp->cb = callbacks;
	tcp->arg = arg;
	if (!tcp->tcp.ready.first && !tcp->tcp.fin_received)
		return;
	tcp->wants_read = true;
	nx_stream_work(tcp);
}

void nexus_tcp_set_nodelay(struct nexus_tcp *tcp, bool on)
{
	nx_tcp_set_nodelay(&tcp->tcp, on);
	nx_stream_work(tcp);
}

void nexus_tcp_set_cork(struct nexus_tcp *tcp, bool on)
{
	nx_tcp_set_cork(&tcp->tcp, on);
	nx_stream_work(tcp);
}

void nexus_tcp_set_keepalive(struct nexus_tcp *tcp, bool on)
{
	nx_tcp_set_keepalive(&tcp->tcp, on,
			     nx_stack_run_ns(tcp->sink.stack));
	nx_stream_work(tcp);
}

uint32_t nexus_tcp_writable(const struct nexus_tcp *tcp)
{
	return nx_stack_check(tcp->sink.stack) ? 0 : nx_tcp_writable(&tcp->tcp);
}

uint32_t nexus_tcp_early_room(const struct nexus_tcp *tcp)
{
	return nx_stack_check(tcp->sink.stack) ? 0 : nx_tcp_early_room(&tcp->tcp);
}

size_t nexus_tcp_readable(const struct nexus_tcp *tcp)
{
	return nx_stack_check(tcp->sink.stack) ? 0 : nx_tcp_readable(&tcp->tcp);
}

/* As tcp(7) has it; a connection that is only being opened is nothing yet. */
short nexus_tcp_poll_events(const struct nexus_tcp *tcp)
{
	const struct nx_tcp *t = &tcp->tcp;
	bool is_closed = t->state == NX_TCP_CLOSED;
	short events = 0;

	if (nx_stack_check(tcp->sink.stack))
		return POLLIN | POLLOUT | POLLRDHUP | POLLHUP;
	if (t->state == NX_TCP_SYN_SENT && tcp->is_held)
		return POLLOUT;
	if (t->state == NX_TCP_SYN_SENT ||
	    (t->state == NX_TCP_SYN_RCVD && !t->is_early))
		return 0;
	if (is_closed || (t->fin_received && t->fin_queued))
		events |= POLLHUP;
	if (is_closed || t->fin_received)
		events |= POLLIN | POLLRDHUP;
	if (t->ready.first)
		events |= POLLIN;
	if (is_closed || t->fin_queued ||
	    (nx_tcp_has_room(t) &&
	     !nx_streams_is_full(nx_streams_of(tcp->sink.stack))))
		events |= POLLOUT;
	return events;
}

/* Does the peer still have to acknowledge something? */
static bool is_unfinished(const struct nexus_tcp *conn)
{
	switch ((enum nx_tcp_state)conn->tcp.state) {
	case NX_TCP_CLOSED:
		return conn->is_closed && conn->tcp.must_reset;
	case NX_TCP_FIN_WAIT_2:
	case NX_TCP_TIME_WAIT:
	case NX_TCP_NR_STATES:
		return false;
	case NX_TCP_SYN_SENT:
	case NX_TCP_SYN_RCVD:
	case NX_TCP_ESTABLISHED:
	case NX_TCP_FIN_WAIT_1:
	case NX_TCP_CLOSE_WAIT:
	case NX_TCP_CLOSING:
	case NX_TCP_LAST_ACK:
		break;
	}
	return conn->is_closed;
}

uint32_t nexus_tcp_unfinished(const struct nexus_stack *stack)
{
	const struct nx_streams *s = nx_streams_of(stack);
	const struct nexus_tcp *conn;
	const struct nx_sink *sink;
	uint32_t nr = 0, i;

	if (!s || nx_stack_check(stack))
		return 0;
	for (i = 0; i < NX_STREAM_BUCKETS; i++)
		for (conn = s->children[i]; conn; conn = conn->next_child)
			nr += is_unfinished(conn);
	for (sink = stack->first; sink; sink = sink->next) {
		conn = (const struct nexus_tcp *)sink;
		if (sink->input == nx_stream_input && !conn->is_child)
			nr += is_unfinished(conn);
	}
	return nr;
}

struct nexus_stack *nexus_tcp_stack(const struct nexus_tcp *tcp)
{
	return tcp->sink.stack;
}

/* ------------------------------------------------------------ addresses */

static void read_end(const struct nexus_tcp *tcp, bool is_remote,
		     struct nexus_addr *addr)
{
	unsigned int version = tcp->path.version;
	const uint8_t *hdr = tcp->path.hdr;
	size_t len = version == 4 ? 4 : 16;
	size_t off = (version == 4 ? 12 : 8) + (is_remote ? len : 0);

	memset(addr, 0, sizeof(*addr));
	addr->family = version == 4 ? AF_INET : AF_INET6;
	addr->scope_id = tcp->scope_id;
	memcpy(addr->ip, hdr + off, len);
	memcpy(&addr->port, hdr + nx_path_l4_off(version) + (is_remote ? 2 : 0),
	       sizeof(addr->port));
}

void nexus_tcp_local(const struct nexus_tcp *tcp, struct nexus_addr *addr)
{
	read_end(tcp, false, addr);
}

void nexus_tcp_remote(const struct nexus_tcp *tcp, struct nexus_addr *addr)
{
	read_end(tcp, true, addr);
}

/* ------------------------------------------------------------------ info */

static uint32_t us(uint64_t ns)
{
	return ns == UINT64_MAX ? 0 : (uint32_t)(ns / 1000);
}

static void fill_path(const struct nx_tcp *t, struct nexus_tcp_info *info)
{
	info->mss = t->mss;
	info->mtu = t->mtu;
	info->cwnd = t->cc.cwnd;
	info->ssthresh = t->cc.ssthresh;
	info->snd_wnd = t->snd_wnd;
	info->rcv_wnd = t->rcv_adv - t->rcv_nxt;
	info->srtt_us = us(t->rtt.srtt_ns);
	info->rttvar_us = us(t->rtt.rttvar_ns);
	info->min_rtt_us = us(nx_rtt_min_ns(&t->rtt));
	info->rto_us = us(nx_rtt_rto_ns(&t->rtt));
	info->has_sack = t->has_sack;
	info->has_timestamps = t->has_ts;
	info->has_wscale = t->has_wscale;
	info->ecn = t->ecn;
	info->has_syn_data = t->has_syn_data;
}

static void fill_counters(const struct nx_tcp *t, struct nexus_tcp_info *info)
{
	info->in_flight = nx_tcp_in_flight(t);
	info->unsent = t->write_seq - t->snd_nxt;
	info->unacked = t->snd_nxt - t->snd_una;
	info->unread = t->rcv_used_bytes;
	info->segs_in = t->stats.segs_in;
	info->segs_out = t->stats.segs_out;
	info->bytes_acked = t->stats.bytes_acked;
	info->bytes_received = t->stats.bytes_received;
	info->bytes_retrans = t->stats.retrans_bytes;
	info->nr_retrans = t->stats.nr_retrans;
	info->nr_rtos = t->stats.nr_rtos;
	info->nr_dsacks = t->stats.nr_dsacks;
	info->nr_undone = t->stats.nr_undone;
}

void nexus_tcp_info(const struct nexus_tcp *tcp, struct nexus_tcp_info *info)
{
	static const char *const recoveries[] = {
		[NX_TCP_OPEN] = "open", [NX_TCP_CWR] = "cwr",
		[NX_TCP_FAST] = "recovery", [NX_TCP_LOSS] = "loss",
	};
	const struct nx_tcp *t = &tcp->tcp;

	memset(info, 0, sizeof(*info));
	info->state = nx_tcp_state_name(t->state);
	info->recovery = recoveries[t->recovery];
	info->congestion = t->config->cc->name;
	fill_path(t, info);
	fill_counters(t, info);
}
