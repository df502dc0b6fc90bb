// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Packets that arrived for a connection, and what the program is told of them.
 */
#include <string.h>

#include "../wire/tcp_plain.h"
#include "internal.h"

/* --------------------------------------------------------------- headers */

static uint8_t read_ecn(const struct nexus_packet *pkt)
{
	const uint8_t *p = pkt->head;

	return pkt->info.ip_version == 4 ? p[1] & NX_IP_ECN_MASK :
					   p[1] >> 4 & NX_IP_ECN_MASK;
}

static void read_ends(const struct nexus_packet *pkt, struct nx_ends *ends)
{
	const uint8_t *p = pkt->head;

	ends->version = pkt->info.ip_version;
	ends->remote = p + (ends->version == 4 ? 12 : 8);
	ends->local = p + (ends->version == 4 ? 16 : 24);
	memcpy(ends->ports, p + pkt->info.l4_off, sizeof(ends->ports));
}

/* The kernel has not looked at the checksum. */
static bool has_right_checksum(const struct nexus_packet *pkt,
			       const struct nx_ends *ends)
{
	uint32_t len = pkt->total_len + pkt->info.payload_off -
		       pkt->info.l4_off;
	uint32_t sum = nexus_wire_pseudo_sum(ends->version, ends->remote,
					     ends->local, IPPROTO_TCP, len);

	return !nexus_wire_fold(nx_packet_sum(pkt, sum, pkt->info.l4_off));
}

bool nx_stream_parse(struct nexus_packet *pkt, struct nx_tcp_seg *seg,
		     struct nx_ends *ends)
{
	size_t len = (size_t)(pkt->data + pkt->len - pkt->head);
	int hdr_len;

	if (pkt->info.protocol != IPPROTO_TCP || pkt->info.l4_off >= len ||
	    pkt->total_len > NEXUS_PACKET_MAX)
		return false;
	hdr_len = nexus_wire_tcp_parse(&seg->hdr, pkt->head + pkt->info.l4_off,
				       len - pkt->info.l4_off);
	if (hdr_len < 0 ||
	    pkt->info.l4_off + (uint32_t)hdr_len != pkt->info.payload_off)
		return false;
	read_ends(pkt, ends);
	if (!(pkt->info.flags & NEXUS_DESC_CSUM) &&
	    !has_right_checksum(pkt, ends))
		return false;
	seg->len = pkt->total_len;
	seg->gso_size = pkt->info.flags & NEXUS_DESC_GSO ?
			pkt->info.gso_size : 0;
	seg->ecn = read_ecn(pkt);
	seg->nr_spans = seg->len != 0;
	seg->spans[0] = (struct nx_tcp_span) { .buf = pkt, .len = seg->len };
	return true;
}

bool nx_stream_is_for(const struct nexus_tcp *conn, const struct nx_ends *ends)
{
	const uint8_t *hdr = conn->path.hdr;
	unsigned int version = conn->path.version;
	size_t l4_off = nx_path_l4_off(version);

	if (ends->version != version ||
	    memcmp(hdr + l4_off + 2, &ends->ports[0], 2) ||
	    memcmp(hdr + l4_off, &ends->ports[1], 2))
		return false;
	/* Lengths that the compiler knows: no call. */
	if (version == 4)
		return !memcmp(hdr + 16, ends->remote, 4) &&
		       !memcmp(hdr + 12, ends->local, 4);
	return !memcmp(hdr + 24, ends->remote, 16) &&
	       !memcmp(hdr + 8, ends->local, 16);
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Both ports in one word, and swapped. */
static bool has_ports(const struct nx_path *path, const uint8_t *l4)
{
	uint32_t ports = load32(l4);

	return load32(path->hdr + nx_path_l4_off(path->version)) ==
	       (ports << 16 | ports >> 16);
}

/*
 * Reads what nearly every packet is, a segment of the connection whose flow it came
 * by, without an option but the timestamp, and with a sum that the kernel knows to be
 * right. False: it is another one, to be looked at by nx_stream_parse().
 */
static bool parse_plain(const struct nexus_tcp *conn, struct nexus_packet *pkt,
			struct nx_tcp_seg *seg)
{
	const struct nexus_packet_info *info = &pkt->info;
	unsigned int version = conn->path.version;
	size_t l4_off = nx_path_l4_off(version);
	const uint8_t *l4 = pkt->head + l4_off;

	if (info->protocol != IPPROTO_TCP || info->ip_version != version ||
	    info->l4_off != l4_off ||
	    info->payload_off != l4_off + NX_TCP_PLAIN_LEN ||
	    !(info->flags & NEXUS_DESC_CSUM) ||
	    pkt->total_len > NEXUS_PACKET_MAX ||
	    !nx_path_is_back(&conn->path, pkt->head, version) ||
	    !has_ports(&conn->path, l4) || !nx_tcp_parse_plain(&seg->hdr, l4))
		return false;
	seg->len = pkt->total_len;
	seg->gso_size = info->flags & NEXUS_DESC_GSO ? info->gso_size : 0;
	seg->ecn = read_ecn(pkt);
	seg->nr_spans = seg->len != 0;
	seg->spans[0] = (struct nx_tcp_span) { .buf = pkt, .len = seg->len };
	return true;
}

/* ------------------------------------------------------------- callbacks */

static void call_readable(struct nexus_tcp *conn)
{
	conn->wants_read = false;
	if (conn->cb && conn->cb->readable)
		conn->cb->readable(conn, conn->arg);
}

static void call_writable(struct nexus_tcp *conn)
{
	if (!conn->wants_write || !nx_tcp_has_room(&conn->tcp) ||
	    nx_streams_is_full(nx_streams_of(conn->sink.stack)))
		return;
	conn->wants_write = false;
	if (conn->cb && conn->cb->writable)
		conn->cb->writable(conn, conn->arg);
}

void nx_stream_leave_listener(struct nexus_tcp *conn)
{
	conn->listener->listen.nr_half--;
	conn->is_half_open = false;
	conn->cb = NULL;
}

/* A connection that waits to be accepted has no program yet. */
static bool accept_it(struct nexus_tcp *conn, uint32_t events)
{
	struct nexus_tcp_listener *listener = conn->listener;

	if (!(events & (NX_TCP_EV_CLOSED | NX_TCP_EV_ESTABLISHED |
			NX_TCP_EV_EARLY)))
		return false;
	nx_stream_leave_listener(conn);
	if (events & NX_TCP_EV_CLOSED) {
		conn->is_closed = true;
		return false;
	}
	listener->accept(listener, conn, listener->arg);
	return !conn->is_closed;
}

/* The handshake is complete, or has failed: what Fast Open makes of that. */
static void end_fast_open(struct nexus_tcp *conn, uint32_t events)
{
	if (!(events & (NX_TCP_EV_CLOSED | NX_TCP_EV_ESTABLISHED)))
		return;
	if (conn->is_early)
		nx_early_end(conn);
	if (conn->may_learn)
		nx_cookies_learn(nx_streams_of(conn->sink.stack), conn);
	conn->may_learn = false;
}

/* Data come and go, on a connection that the program has. */
static void notify_data(struct nexus_tcp *conn, uint32_t events)
{
	if (events & NX_TCP_EV_WRITABLE && conn->cb && conn->cb->acked)
		conn->cb->acked(conn, conn->tcp.stats.bytes_acked, conn->arg);
	if ((events & NX_TCP_EV_READABLE || conn->wants_read) &&
	    !conn->is_closed)
		call_readable(conn);
	if (nx_unlikely(conn->wants_write) && !conn->is_closed)
		call_writable(conn);
}

static __attribute__((noinline)) void notify_all(struct nexus_tcp *conn,
						 uint32_t events)
{
	if (nx_unlikely(conn->is_early || conn->may_learn))
		end_fast_open(conn, events);
	if (conn->is_half_open && !accept_it(conn, events))
		return;
	if (conn->is_closed)
		return;
	if (events & NX_TCP_EV_ESTABLISHED && conn->cb &&
	    conn->cb->established && conn->fd >= 0)
		conn->cb->established(conn, conn->arg);
	/* The end of what comes is read, too. */
	if (events & NX_TCP_EV_PEER_CLOSED)
		events |= NX_TCP_EV_READABLE;
	if (!conn->is_closed)
		notify_data(conn, events);
	if (!conn->is_closed && events & NX_TCP_EV_CLOSED && conn->cb &&
	    conn->cb->closed)
		conn->cb->closed(conn, conn->tcp.err, conn->arg);
}

void nx_stream_notify(struct nexus_tcp *conn)
{
	const uint32_t data = NX_TCP_EV_READABLE | NX_TCP_EV_WRITABLE;
	uint32_t events = nx_tcp_take_events(&conn->tcp);

	nx_stream_account(conn);
	if (nx_likely(!(events & ~data) &&
		      !(conn->is_half_open | conn->is_closed | conn->is_early |
			conn->may_learn)))
		notify_data(conn, events);
	else
		notify_all(conn, events);
}

/* ----------------------------------------------------------------- input */

bool nx_stream_segment(struct nexus_tcp *conn, const struct nx_tcp_seg *seg)
{
	nx_tcp_input(&conn->tcp, seg, nx_stack_run_ns(conn->sink.stack));
	if (nx_likely(conn->tcp.state == NX_TCP_ESTABLISHED &&
		      nx_tcp_owes_nothing(&conn->tcp)))
		nx_stream_note(conn);
	else
		nx_stream_work(conn);
	if (nx_unlikely(conn->tcp.events & NX_TCP_EV_REOPEN)) {
		nx_stream_detach(conn);
		return false;
	}
	nx_stream_notify(conn);
	return true;
}

void nx_stream_input(struct nx_sink *sink, struct nexus_packet *pkt)
{
	struct nexus_tcp *conn = nx_stream_of(sink);
	struct nexus_stack *stack = sink->stack;
	struct nx_tcp_seg *seg = &nx_streams_of(stack)->seg;
	struct nx_ends ends;

	if (nx_unlikely(pkt->info.flags & NEXUS_DESC_ERROR)) {
		nx_stream_input_error(stack, conn, pkt);
		nexus_packet_put(stack, pkt);
		return;
	}
	if (nx_likely(parse_plain(conn, pkt, seg))) {
		/* Without SYN it is no listener's, whatever becomes of it. */
		nx_stream_segment(conn, seg);
		nx_packet_put_near(stack, pkt);
		return;
	}
	if (nx_unlikely(!nx_stream_parse(pkt, seg, &ends))) {
		nexus_packet_put(stack, pkt);
		return;
	}
	if (nx_unlikely(!nx_stream_is_for(conn, &ends))) {
		/* The index has another owner by now. */
		if (conn->fd < 0)
			nx_stream_unclaim(conn);
		nx_streams_unclaimed(stack, sink->flow, pkt);
		return;
	}
	if (nx_unlikely(!nx_stream_segment(conn, seg)))
		nx_streams_listen(stack, seg, &ends);
	nx_packet_put_near(stack, pkt);
}

void nx_stream_event(struct nx_sink *sink, const struct nexus_event *event)
{
	struct nexus_tcp *conn = nx_stream_of(sink);

	if (event->type == NEXUS_EVENT_PMTU) {
		nx_tcp_set_mtu(&conn->tcp, event->value,
			       nx_stack_run_ns(sink->stack));
		nx_stream_work(conn);
	}
}

/* ------------------------------------------------------------------ ICMP */

static int parse_quote(unsigned int version, const uint8_t *data, size_t len)
{
	struct nexus_wire_ipv6_upper upper;
	struct nexus_wire_ipv4 ip4;
	struct nexus_wire_ipv6 ip6;
	int off;

	if (version == 4) {
		off = nexus_wire_ipv4_parse_quoted(&ip4, data, len);
		return off >= 0 && !ip4.frag_off &&
		       ip4.protocol == IPPROTO_TCP ? off : -EBADMSG;
	}
	if (nexus_wire_ipv6_parse(&ip6, data, len) < 0)
		return -EBADMSG;
	off = nexus_wire_ipv6_find_upper(&upper, data, len);
	return off >= 0 && !upper.frag_off && upper.protocol == IPPROTO_TCP ?
	       off : -EBADMSG;
}

/* The ends of the packet at @p, which we have sent, seen as of an answer. */
static void quoted_ends(unsigned int version, const uint8_t *p, size_t l4_off,
			struct nx_ends *ends)
{
	ends->version = version;
	ends->local = p + (version == 4 ? 12 : 8);
	ends->remote = p + (version == 4 ? 16 : 24);
	memcpy(&ends->ports[1], p + l4_off, 2);
	memcpy(&ends->ports[0], p + l4_off + 2, 2);
}

/* What @data, an ICMP message, says of which segment of ours. */
static int parse_error(unsigned int version, struct nexus_wire_icmp *icmp,
		       uint32_t *seq, struct nx_ends *ends,
		       const uint8_t *data, size_t len)
{
	struct nexus_wire_tcp tcp;
	const uint8_t *quote;
	int off, l4_off;

	off = version == 4 ? nexus_wire_icmp_parse(icmp, data, len) :
			     nexus_wire_icmpv6_parse(icmp, data, len);
	if (off < 0 || !icmp->is_error)
		return -EBADMSG;
	l4_off = parse_quote(version, data + off, len - (size_t)off);
	if (l4_off < 0)
		return l4_off;
	quote = data + off;
	off += l4_off;
	off = nexus_wire_tcp_parse_quoted(&tcp, data + off, len - (size_t)off);
	if (off < 0)
		return off;
	quoted_ends(version, quote, (size_t)l4_off, ends);
	*seq = tcp.seq;
	return 0;
}

/* A listener's flow has the errors of what it accepted. */
static struct nexus_tcp *find_quoted(struct nexus_stack *stack,
				     struct nexus_tcp *conn,
				     const struct nx_ends *ends)
{
	if (conn)
		return nx_stream_is_for(conn, ends) ? conn : NULL;
	return nx_streams_find_child(nx_streams_of(stack), ends);
}

void nx_stream_input_error(struct nexus_stack *stack, struct nexus_tcp *conn,
			   const struct nexus_packet *pkt)
{
	size_t len = (size_t)(pkt->data + pkt->len - pkt->head);
	unsigned int version = pkt->info.ip_version;
	struct nexus_wire_icmp icmp;
	struct nx_ends ends;
	uint32_t seq;
	int err;

	if (pkt->info.l4_off >= len ||
	    parse_error(version, &icmp, &seq, &ends,
			pkt->head + pkt->info.l4_off, len - pkt->info.l4_off))
		return;
	conn = find_quoted(stack, conn, &ends);
	if (!conn)
		return;
	err = nexus_wire_icmp_errno(version, &icmp);
	if (err == EMSGSIZE)
		nx_tcp_icmp_mtu(&conn->tcp, seq, icmp.mtu,
				nx_stack_run_ns(conn->sink.stack));
	else if (err)
		nx_tcp_icmp(&conn->tcp, seq, err);
	nx_stream_work(conn);
	nx_stream_notify(conn);
}
