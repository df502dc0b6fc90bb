// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Payload between the program and a connection, with and without a copy.
 */
#include <string.h>

#include "internal.h"

int nx_stream_check_slowly(const struct nexus_stack *stack)
{
	return nx_stack_is_lost(stack) ? -ECONNABORTED : nx_stack_check(stack);
}

/*
 * What was copied is the stream's: memory that is taken back reads as zeros, but
 * for that the state has changed before.
 */
static int check_copied(const struct nexus_tcp *conn)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return nx_stream_check(conn);
}

/* ------------------------------------------------------------------ send */

static int queue(struct nexus_tcp *conn, struct nexus_packet *pkt, uint32_t off,
		 uint32_t len)
{
	struct nx_tcp_span span = { .buf = pkt, .off = off, .len = len };
	int err = -EAGAIN;

	if (!nx_streams_is_full(nx_streams_of(conn->sink.stack)))
		err = nx_tcp_write(&conn->tcp, &span);
	if (err == -EAGAIN)
		conn->wants_write = true;
	if (!err || err == -EAGAIN)
		nx_stream_work(conn);
	if (nx_unlikely(conn->is_held) && !err)
		nexus_tcp_start(conn);
	nx_stream_account(conn);
	return err;
}

static int check_packet(const struct nexus_tcp *conn,
			const struct nexus_packet *pkt)
{
	int err = nx_stream_check(conn);

	if (nx_unlikely(err))
		return err;
	if (nx_unlikely(nx_packet_is_stale(pkt)))
		return -ENETRESET;
	return pkt->total_len && nx_packet_is_exclusive(pkt) ? 0 : -EINVAL;
}

int nexus_tcp_send(struct nexus_tcp *tcp, struct nexus_packet *pkt)
{
	int err = check_packet(tcp, pkt);

	return nx_unlikely(err) ? err : queue(tcp, pkt, 0, pkt->total_len);
}

int nexus_tcp_send_anyway(struct nexus_tcp *tcp, struct nexus_packet *pkt)
{
	struct nx_tcp_span span = { .buf = pkt, .len = pkt->total_len };
	int err = check_packet(tcp, pkt);

	if (nx_unlikely(err))
		return err;
	err = nx_tcp_write_anyway(&tcp->tcp, &span);
	if (!err) {
		nx_stream_work(tcp);
		nexus_tcp_start(tcp);
	}
	nx_stream_account(tcp);
	return err;
}

void nexus_tcp_want_writable(struct nexus_tcp *tcp)
{
	if (tcp->wants_write)
		return;
	tcp->wants_write = true;
	nx_stream_work(tcp);
}

/*
 * What was written last and did not leave can grow, if there is room behind it:
 * small writes share buffers and segments.
 */
static size_t append(struct nexus_tcp *conn, const void *buf, size_t len)
{
	struct nx_tcp_span last;
	struct nexus_packet *pkt;
	size_t room;

	if (!nx_tcp_last_unsent(&conn->tcp, &last))
		return 0;
	pkt = last.buf;
	if (pkt->next || !nx_packet_is_exclusive(pkt) ||
	    last.off + last.len != pkt->len)
		return 0;
	room = nexus_packet_tailroom(conn->sink.stack, pkt);
	len = len < room ? len : room;
	if (!len)
		return 0;
	memcpy(pkt->data + pkt->len, buf, len);
	pkt->refs++;
	if (queue(conn, pkt, pkt->len, (uint32_t)len)) {
		pkt->refs--;
		return 0;
	}
	pkt->len += (uint32_t)len;
	pkt->total_len += (uint32_t)len;
	return len;
}

static int write_one(struct nexus_tcp *conn, const uint8_t *buf, size_t len)
{
	struct nexus_packet *pkt;
	int err = nx_packet_alloc_near(conn->sink.stack, len, &pkt);

	if (err) {
		conn->wants_write |= err == -EAGAIN;
		return err;
	}
	if (nx_likely(!pkt->next))
		memcpy(pkt->data, buf, len);
	else
		nexus_packet_write(pkt, 0, buf, len);
	err = queue(conn, pkt, 0, (uint32_t)len);
	if (err)
		nexus_packet_put(conn->sink.stack, pkt);
	return err;
}

/* As much as one buffer holds: a large one if there are any, and it is worth it. */
size_t nx_stream_copy_len(const struct nexus_tcp *conn)
{
	const struct nexus_stack *stack = conn->sink.stack;
	uint32_t large = stack->channel->sizes[NEXUS_LARGE].size;

	return stack->channel->sizes[NEXUS_LARGE].nr ? large - NX_HEADROOM :
						       stack->small_room;
}

ssize_t nexus_tcp_write(struct nexus_tcp *tcp, const void *buf, size_t len)
{
	const uint8_t *from = buf;
	size_t done, part, most = nx_stream_copy_len(tcp);
	int err = nx_stream_check(tcp);

	if (nx_unlikely(err))
		return err;
	for (done = append(tcp, buf, len); done < len; done += part) {
		part = len - done < most ? len - done : most;
		err = write_one(tcp, from + done, part);
		if (err)
			return done ? (ssize_t)done : err;
	}
	return (ssize_t)done;
}

/* --------------------------------------------------------------- receive */

/* What reading says when nothing waits. */
static int nothing(const struct nexus_tcp *conn)
{
	if (conn->tcp.fin_received)
		return 0;
	if (conn->tcp.state != NX_TCP_CLOSED)
		return -EAGAIN;
	return conn->tcp.err ? conn->tcp.err : -ENOTCONN;
}

/* The span as a packet: the whole, a packet that is cut, or a slice. */
static struct nexus_packet *as_packet(struct nexus_stack *stack,
				      const struct nx_tcp_span *span)
{
	struct nexus_packet *pkt = span->buf, *slice;

	if (!span->off && span->len == pkt->total_len)
		return pkt;
	if (!pkt->next && nx_packet_is_exclusive(pkt)) {
		pkt->data += span->off;
		pkt->len = span->len;
		pkt->total_len = span->len;
		return pkt;
	}
	slice = nx_packet_slice(stack, pkt, span->off, span->len);
	nexus_packet_put(stack, pkt);
	return slice;
}

int nexus_tcp_recv(struct nexus_tcp *tcp, struct nexus_packet **pkt)
{
	struct nx_tcp_span span;
	int err = nx_stream_check(tcp);

	*pkt = NULL;
	if (nx_unlikely(err))
		return err;
	if (!nx_tcp_read(&tcp->tcp, &span))
		return nothing(tcp);
	nx_tcp_consume(&tcp->tcp, span.len);
	nx_stream_account(tcp);
	nx_stream_work(tcp);
	*pkt = as_packet(tcp->sink.stack, &span);
	return *pkt ? 0 : -ENOMEM;
}

ssize_t nexus_tcp_read(struct nexus_tcp *tcp, void *buf, size_t size)
{
	struct nx_tcp_span span;
	size_t done = 0, part;
	int err = nx_stream_check(tcp);

	if (nx_unlikely(err))
		return err;
	for (; done < size && nx_tcp_peek(&tcp->tcp, &span); done += part) {
		part = span.len < size - done ? span.len : size - done;
		nexus_packet_read(span.buf, span.off, (uint8_t *)buf + done,
				  part);
		nx_tcp_skip(&tcp->tcp, (uint32_t)part);
	}
	if (!done)
		return nothing(tcp);
	err = check_copied(tcp);
	if (nx_unlikely(err))
		return err;
	nx_tcp_consume(&tcp->tcp, (uint32_t)done);
	nx_stream_account(tcp);
	nx_stream_work(tcp);
	return (ssize_t)done;
}

ssize_t nexus_tcp_peek(struct nexus_tcp *tcp, void *buf, size_t size)
{
	struct nx_tcp_span span;
	size_t done = 0, part;
	int err = nx_stream_check(tcp);

	if (nx_unlikely(err))
		return err;
	for (; done < size && nx_tcp_peek_at(&tcp->tcp, (uint32_t)done, &span);
	     done += part) {
		part = span.len < size - done ? span.len : size - done;
		nexus_packet_read(span.buf, span.off, (uint8_t *)buf + done,
				  part);
	}
	if (!done)
		return nothing(tcp);
	err = check_copied(tcp);
	return nx_unlikely(err) ? err : (ssize_t)done;
}
