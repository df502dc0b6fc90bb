// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Segments on their way into TX: headers, and the payload where it lies. What is
 * not acknowledged must stay with us: the kernel reads it, and does not keep it.
 */
#include <string.h>

#include "../wire/tcp_plain.h"
#include "internal.h"

/* --------------------------------------------------------------- headers */

static void mark_ecn(uint8_t *p, unsigned int version, uint8_t ecn)
{
	uint16_t csum = 0;

	if (version == 6) {
		p[1] |= (uint8_t)(ecn << 4);
		return;
	}
	p[1] |= ecn;
	memcpy(p + 10, &csum, sizeof(csum));
	csum = nexus_wire_fold(nexus_wire_sum(0, p, NEXUS_WIRE_IPV4_LEN));
	memcpy(p + 10, &csum, sizeof(csum));
}

/* A kernel without NEXUS_FEATURE_CSUM_TX. */
static void fill_checksum(struct nexus_packet *pkt, unsigned int version,
			  size_t len)
{
	const uint8_t *src = pkt->head + (version == 4 ? 12 : 8);
	const uint8_t *dst = pkt->head + (version == 4 ? 16 : 24);
	size_t l4_off = nx_path_l4_off(version);
	uint32_t sum = nexus_wire_pseudo_sum(version, src, dst, IPPROTO_TCP,
					     (uint32_t)len);
	uint16_t csum = nexus_wire_fold(nx_packet_sum(pkt, sum, l4_off));

	memcpy(pkt->head + l4_off + 16, &csum, sizeof(csum));
}

/* Nothing but a timestamp, and no mark. The ports are the path's. */
static void write_plain(const struct nx_path *path,
			const struct nexus_wire_tcp *hdr,
			struct nexus_packet *pkt)
{
	size_t l4_off = nx_path_l4_off(path->version);
	size_t tcp_len = NX_TCP_PLAIN_LEN + pkt->total_len;
	uint8_t *p = pkt->data - l4_off - NX_TCP_PLAIN_LEN;

	if (path->version == 4)
		nx_path_write_ipv4(path, p, l4_off + tcp_len,
				   htonl(NX_IPV4_DF));
	else
		nx_path_write_ipv6(path, p, tcp_len);
	nx_tcp_build_plain(hdr, p + l4_off);
	pkt->head = p;
}

/* In front of the payload. */
static void write_headers(const struct nx_path *path, struct nx_tcp_seg *seg,
			  struct nexus_packet *pkt, uint8_t tx_flags)
{
	unsigned int version = path->version;
	size_t l4_off = nx_path_l4_off(version), hdr_len, tcp_len;
	uint16_t ports[2];
	uint8_t *p;

	if (nx_likely(nx_tcp_is_plain(&seg->hdr) && !seg->ecn &&
		      tx_flags & NEXUS_DESC_CSUM)) {
		write_plain(path, &seg->hdr, pkt);
		return;
	}
	hdr_len = nexus_wire_tcp_len(&seg->hdr);
	tcp_len = hdr_len + pkt->total_len;
	p = pkt->data - l4_off - hdr_len;
	memcpy(ports, path->hdr + l4_off, sizeof(ports));
	seg->hdr.src_port = ntohs(ports[0]);
	seg->hdr.dst_port = ntohs(ports[1]);
	if (version == 4)
		nx_path_write_ipv4(path, p, l4_off + tcp_len,
				   htonl(NX_IPV4_DF));
	else
		nx_path_write_ipv6(path, p, tcp_len);
	if (seg->ecn)
		mark_ecn(p, version, seg->ecn);
	nexus_wire_tcp_build(&seg->hdr, p + l4_off, hdr_len);
	pkt->head = p;
	if (!(tx_flags & NEXUS_DESC_CSUM))
		fill_checksum(pkt, version, tcp_len);
}

/* --------------------------------------------------------------- payload */

/* @len bytes at @off of @src, over its parts, to @off_dst of @dst. */
static void copy_span(struct nexus_packet *dst, size_t dst_off,
		      const struct nexus_packet *src, size_t off, size_t len)
{
	size_t part;

	for (; len; src = src->next) {
		if (off >= src->len) {
			off -= src->len;
			continue;
		}
		part = src->len - off < len ? src->len - off : len;
		nexus_packet_write(dst, dst_off, src->data + off, part);
		dst_off += part;
		len -= part;
		off = 0;
	}
}

static struct nexus_packet *copy_payload(struct nexus_stack *stack,
					 const struct nx_tcp_seg *seg)
{
	struct nexus_packet *pkt;
	uint32_t off = 0, i;

	if (nx_packet_alloc_near(stack, seg->len, &pkt))
		return NULL;
	for (i = 0; i < seg->nr_spans; i++) {
		copy_span(pkt, off, seg->spans[i].buf, seg->spans[i].off,
			  seg->spans[i].len);
		off += seg->spans[i].len;
	}
	return pkt;
}

/* ------------------------------------------------------------ by reference */

/*
 * Less payload is copied behind the headers: that costs less than descriptors
 * of its own.
 */
#define REFER_MIN	1024

/* Can what may have to be sent again stay where it is? */
static bool may_keep(const struct nexus_stack *stack)
{
	const uint64_t needs = NEXUS_FEATURE_KEEP | NEXUS_FEATURE_CSUM_TX;

	return (stack->channel->features & needs) == needs;
}

/* Buffers that a span lies in. */
static uint32_t nr_pieces(const struct nx_tcp_span *span)
{
	const struct nexus_packet *part = span->buf;
	uint32_t end = span->off + span->len, nr = 0;
	uint32_t at = 0;

	for (; at < end; at += part->len, part = part->next)
		nr += at + part->len > span->off;
	return nr;
}

/*
 * The packet that is all of the segment's payload, and nobody else's, in a small
 * buffer with room for headers in front: it can be sent as it is, and stay ours; or
 * NULL.
 */
static struct nexus_packet *as_it_is(const struct nexus_stack *stack,
				     const struct nx_tcp_seg *seg)
{
	struct nexus_packet *pkt = seg->spans[0].buf;

	return seg->nr_spans == 1 && !seg->spans[0].off &&
	       seg->len == pkt->len && !pkt->next &&
	       nx_packet_is_exclusive(pkt) &&
	       pkt->data - pkt->base >= NX_HEADROOM &&
	       pkt->buf < stack->channel->sizes[NEXUS_SMALL].nr ? pkt : NULL;
}

static void transmit_as_it_is(struct nexus_tcp *conn, struct nx_tcp_seg *seg,
			      struct nexus_packet *pkt)
{
	struct nexus_stack *stack = conn->sink.stack;

	write_headers(&conn->path, seg, pkt, conn->tx_flags);
	nx_stack_tx_fill(stack, pkt, conn->flow,
			 conn->tx_flags | NEXUS_DESC_KEEP,
			 conn->traffic_class);
	nx_stack_keep(stack, 0, pkt);
	nx_stack_tx_submit(stack, pkt, 1);
}

/* Descriptors of a segment by reference; 0: it is to be copied. */
static uint32_t nr_descs(const struct nexus_stack *stack,
			 const struct nx_tcp_seg *seg)
{
	uint32_t nr = 1, i;

	if (seg->len < REFER_MIN)
		return 0;
	for (i = 0; i < seg->nr_spans; i++)
		nr += nr_pieces(&seg->spans[i]);
	return nr <= stack->channel->schema->parts_max &&
	       nr <= stack->queue->rings[NEXUS_RING_TX].nr_slots ? nr : 0;
}

/* The descriptors of @span, from the @i-th slot on. */
static uint32_t refer(struct nexus_stack *stack, uint32_t i,
		      const struct nx_tcp_span *span, uint32_t flow)
{
	uint32_t off = span->off, left = span->len, len;
	const struct nexus_packet *part = span->buf;

	for (; left; part = part->next) {
		if (off >= part->len) {
			off -= part->len;
			continue;
		}
		len = part->len - off < left ? part->len - off : left;
		left -= len;
		nx_desc_fill(nexus_tx_slot(stack->queue, i), part,
			     (uint32_t)(part->data - part->base) + off, len,
			     flow, NEXUS_DESC_KEEP | NEXUS_DESC_MORE);
		nx_stack_keep(stack, i, span->buf);
		off = 0;
		i++;
	}
	return i;
}

static bool transmit_by_reference(struct nexus_tcp *conn,
				  struct nx_tcp_seg *seg, uint32_t nr)
{
	struct nexus_stack *stack = conn->sink.stack;
	uint32_t flags = conn->tx_flags | NEXUS_DESC_MORE, i, at = 1;
	struct nexus_packet *pkt;

	if (nx_packet_alloc_near(stack, 0, &pkt))
		return false;
	if (!nx_stack_tx_reserve(stack, nr)) {
		nexus_packet_put(stack, pkt);
		return false;
	}
	pkt->total_len = seg->len;
	write_headers(&conn->path, seg, pkt, conn->tx_flags);
	if (seg->gso_size)
		flags |= NEXUS_DESC_GSO;
	nx_stack_tx_fill(stack, pkt, conn->flow, flags, conn->traffic_class);
	nexus_tx_slot(stack->queue, 0)->gso_size = seg->gso_size;
	for (i = 0; i < seg->nr_spans; i++)
		at = refer(stack, at, &seg->spans[i], conn->flow);
	nexus_tx_slot(stack->queue, at - 1)->flags &= ~NEXUS_DESC_MORE;
	nx_stack_tx_submit(stack, pkt, nr);
	return true;
}

/* --------------------------------------------------------------- into TX */

static void submit(struct nexus_stack *stack, struct nexus_packet *pkt,
		   const struct nx_tcp_seg *seg, uint32_t flow,
		   uint8_t tx_flags, uint8_t traffic_class)
{
	uint32_t nr = pkt->info.nr_parts, flags = tx_flags;

	if (nr > 1)
		flags |= NEXUS_DESC_MORE;
	if (seg->gso_size)
		flags |= NEXUS_DESC_GSO;
	nx_stack_tx_fill(stack, pkt, flow, flags, traffic_class);
	nexus_tx_slot(stack->queue, 0)->gso_size = seg->gso_size;
	nx_stack_tx_parts(stack, pkt, flow);
	nx_stack_tx_submit(stack, pkt, nr);
}

/*
 * A segment that finds no buffer, or no flow for the time being, is lost, as it could
 * be anywhere on its way: there is always a timer or an ACK that brings it again.
 */
static bool transmit(struct nexus_tcp *conn, struct nx_tcp_seg *seg)
{
	struct nexus_stack *stack = conn->sink.stack;
	struct nexus_packet *pkt;
	uint32_t nr;

	if (nx_unlikely(conn->flow == NEXUS_FLOW_NONE))
		return true;
	if (seg->len && may_keep(stack)) {
		pkt = as_it_is(stack, seg);
		if (pkt) {
			transmit_as_it_is(conn, seg, pkt);
			return true;
		}
		nr = nr_descs(stack, seg);
		if (nr)
			return transmit_by_reference(conn, seg, nr);
	}
	pkt = copy_payload(stack, seg);
	if (!pkt)
		return false;
	if (!nx_stack_tx_reserve(stack, pkt->info.nr_parts)) {
		nexus_packet_put(stack, pkt);
		return false;
	}
	write_headers(&conn->path, seg, pkt, conn->tx_flags);
	submit(stack, pkt, seg, conn->flow, conn->tx_flags,
	       conn->traffic_class);
	return true;
}

/* Does the kernel ask the flow to hold back? Control segments always leave. */
static bool is_suspended(const struct nexus_tcp *conn)
{
	const struct nexus_flow_advisory *adv;

	if (nx_unlikely(conn->flow == NEXUS_FLOW_NONE))
		return false;
	adv = nexus_channel_flow_advisory(conn->sink.stack->channel, conn->flow);
	return nx_tcp_in_flight(&conn->tcp) &&
	       __atomic_load_n(&adv->flags, __ATOMIC_RELAXED) &
	       NEXUS_FLOW_SUSPENDED;
}

static bool next_segment(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			 uint64_t now_ns, bool must_hold)
{
	return must_hold ? nx_tcp_output_control(tcp, seg, now_ns) :
			   nx_tcp_output(tcp, seg, now_ns);
}

/*
 * So much stands in TX that who receives it on this host might have no room for
 * more: it leaves now, and then the kernel has said whether to hold back.
 */
static bool is_much(const struct nexus_stack *stack)
{
	const struct nexus_ring *ring = &stack->queue->rings[NEXUS_RING_TX];

	return ring->own - ring->other >= ring->nr_slots / 4 &&
	       !stack->is_tx_blocked;
}

bool nx_stream_output(struct nexus_tcp *conn)
{
	struct nexus_stack *stack = conn->sink.stack;
	struct nx_tcp_seg *seg = &nx_streams_of(stack)->seg;

	while (!nx_tcp_is_quiet(&conn->tcp, nx_stack_run_ns(stack))) {
		bool must_hold = is_suspended(conn);

		if (!nx_stack_tx_reserve(stack, 1))
			return false;
		if (!next_segment(&conn->tcp, seg, nx_stack_run_ns(stack),
				  must_hold))
			return !must_hold;
		if (!transmit(conn, seg))
			return false;
		if (nx_unlikely(is_much(stack)))
			nx_stack_refill(stack);
	}
	return true;
}

static void arm_timer(struct nexus_tcp *conn)
{
	uint64_t at_ns = nx_tcp_deadline(&conn->tcp);

	/* One that fires too early costs less than one that is moved. */
	if (at_ns == NX_TCP_NEVER ||
	    (conn->timer.slot && conn->timer.deadline_ns <= at_ns))
		return;
	if (nexus_timer_set(conn->sink.stack, &conn->timer, at_ns))
		nx_tcp_abort(&conn->tcp);
}

void nx_streams_flush(struct nexus_stack *stack)
{
	struct nx_streams *s = nx_streams_of(stack);
	struct nexus_tcp *conn = s->work, *next;

	s->work = NULL;
	s->transport.has_work = false;
	s->transport.is_urgent = false;
	nx_streams_limit(s);
	for (; conn; conn = next) {
		next = conn->next_work;
		conn->is_working = false;
		if (!nx_stream_output(conn))
			nx_stream_work(conn);
		arm_timer(conn);
		if (conn->tcp.events ||
		    nx_unlikely(conn->wants_read | conn->wants_write))
			nx_stream_notify(conn);
		nx_stream_report(conn);
		/* Room may come by what another connection's peer acknowledges. */
		if (conn->wants_write && nx_tcp_has_room(&conn->tcp))
			nx_stream_work(conn);
		nx_stream_release(conn);
	}
	stack->channel->ustats->rcv_window = s->env.rcv_limit_bytes;
}

/* -------------------------------------------------- without a connection */

void nx_streams_answer(struct nx_streams *streams, const struct nx_ends *ends,
		       struct nx_tcp_seg *seg, uint32_t flow,
		       struct nx_hops hops, uint8_t tx_flags)
{
	struct nexus_stack *stack = streams->stack;
	uint16_t ports[2] = { ends->ports[1], ends->ports[0] };
	struct nexus_packet *pkt;
	struct nx_path path;

	if (!nx_stack_tx_reserve(stack, 1) || nx_packet_alloc(stack, 0, &pkt))
		return;
	nx_path_init(&path, ends->version, ends->local, ends->remote,
		     IPPROTO_TCP, hops);
	memcpy(path.hdr + nx_path_l4_off(ends->version), ports, sizeof(ports));
	write_headers(&path, seg, pkt, tx_flags);
	submit(stack, pkt, seg, flow, tx_flags, NEXUS_CLASS_BEST_EFFORT);
}
