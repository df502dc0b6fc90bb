// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What all connections of a stack share: records, secrets, the table of accepted
 * connections, and the list of those that have something to send.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../channel/error.h"
#include "internal.h"

/* Send queues may have one part in so many of the pool. */
#define QUEUED_SHARE	4

/* The largest window without the option of RFC 7323, more or less. */
#define WINDOW_MIN	(64U << 10)

/* Records that are allocated at once. */
#define RECORDS_CHUNK	64

/**
 * struct chunk - records that were allocated together
 * @next: the chunk before
 * @records: each begins with a pointer to the next free one while it is free
 */
struct chunk {
	struct chunk	*next;
	uint8_t		records[RECORDS_CHUNK][NX_TCP_RECORD_SIZE];
};

/* -------------------------------------------------------------- the table */

static struct nx_streams *streams_of(struct nx_tcp_env *env)
{
	return (struct nx_streams *)((char *)env -
				     offsetof(struct nx_streams, env));
}

static bool grow(struct nx_streams *s)
{
	struct chunk *chunk = malloc(sizeof(*chunk));
	unsigned int i;

	if (!chunk)
		return false;
	chunk->next = s->chunks;
	s->chunks = chunk;
	for (i = 0; i < RECORDS_CHUNK; i++) {
		*(void **)chunk->records[i] = s->records;
		s->records = chunk->records[i];
	}
	return true;
}

static void *record_alloc(struct nx_tcp_env *env)
{
	struct nx_streams *s = streams_of(env);
	void *record;

	if (nx_unlikely(!s->records) && !grow(s))
		return NULL;
	record = s->records;
	s->records = *(void **)record;
	return record;
}

static void record_free(struct nx_tcp_env *env, void *record)
{
	struct nx_streams *s = streams_of(env);

	*(void **)record = s->records;
	s->records = record;
}

static void buf_hold(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	((struct nexus_packet *)buf)->refs++;
}

static void buf_put(struct nx_tcp_env *env, void *buf)
{
	nx_packet_put_near(streams_of(env)->stack, buf);
}

static bool buf_append(struct nx_tcp_env *env, void *buf, uint32_t end,
		       const struct nx_tcp_span *span)
{
	const struct nexus_stack *stack = streams_of(env)->stack;
	struct nexus_packet *pkt = buf;

	if (pkt->next || pkt->len != end ||
	    nexus_packet_tailroom(stack, pkt) < span->len)
		return false;
	nexus_packet_read(span->buf, span->off, pkt->data + end, span->len);
	pkt->len += span->len;
	pkt->total_len += span->len;
	return true;
}

/* ------------------------------------------------------------- life */

size_t nx_streams_pool_bytes(const struct nexus_stack *stack)
{
	const struct nexus_size_class *sizes = stack->channel->sizes;
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < NEXUS_NR_SIZES; i++)
		bytes += (size_t)sizes[i].nr * sizes[i].size;
	return bytes;
}

/*
 * A quarter of the pool while nothing is unread, less the more is; with half of the
 * pool unread, or where memory is short, what a connection needs to go on. Unless an
 * administrator knows better.
 */
uint32_t nx_streams_window(const struct nx_streams *s)
{
	const struct nexus_advisory *a = s->stack->channel->advisory;
	size_t half = s->queued_max * QUEUED_SHARE / 2, left;
	uint32_t pinned = __atomic_load_n(&a->rcv_window, __ATOMIC_RELAXED);

	if (pinned)
		return pinned;
	if (__atomic_load_n(&a->pressure, __ATOMIC_RELAXED))
		return WINDOW_MIN;
	left = half > s->unread_bytes ? (half - s->unread_bytes) / 2 : 0;
	if (left < WINDOW_MIN)
		return WINDOW_MIN;
	return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

void nx_streams_limit(struct nx_streams *s)
{
	s->window_bytes = s->unread_bytes;
	s->env.rcv_limit_bytes = nx_streams_window(s);
}

static void exit_streams(struct nexus_stack *stack)
{
	struct nx_streams *s = nx_streams_of(stack);
	struct chunk *chunk, *next;
	unsigned int i;

	for (i = 0; i < NX_STREAM_BUCKETS; i++)
		while (s->children[i])
			nx_stream_close_sink(&s->children[i]->sink);
	for (chunk = s->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	stack->tcp = NULL;
	free(s->cookies);
	free(s);
}

int nx_streams_get(struct nexus_stack *stack, struct nx_streams **streams)
{
	struct nx_streams *s = nx_streams_of(stack);

	*streams = s;
	if (s)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return nx_error(-ENOMEM, "no memory for TCP");
	if (getrandom(&s->key, sizeof(s->key), 0) != sizeof(s->key)) {
		free(s);
		return nx_error(-EIO, "no random numbers for TCP's secrets");
	}
	s->stack = stack;
	s->queued_max = nx_streams_pool_bytes(stack) / QUEUED_SHARE;
	s->transport = (struct nx_transport) {
		.unclaimed	= nx_streams_unclaimed,
		.flush		= nx_streams_flush,
		.lost		= nx_streams_lost,
		.exit		= exit_streams,
	};
	s->env = (struct nx_tcp_env) {
		.record_alloc	= record_alloc,
		.record_free	= record_free,
		.buf_hold	= buf_hold,
		.buf_put	= buf_put,
		.buf_append	= buf_append,
	};
	nx_streams_limit(s);
	stack->tcp = &s->transport;
	*streams = s;
	return 0;
}

/* -------------------------------------------------------------- the list */

void nx_stream_note(struct nexus_tcp *conn)
{
	struct nx_streams *s = nx_streams_of(conn->sink.stack);

	if (conn->is_working)
		return;
	conn->is_working = true;
	conn->next_work = NULL;
	if (s->work)
		s->work_last->next_work = conn;
	else
		s->work = conn;
	s->work_last = conn;
	s->transport.has_work = true;
}

void nx_stream_work(struct nexus_tcp *conn)
{
	nx_stream_note(conn);
	nx_streams_of(conn->sink.stack)->transport.is_urgent = true;
}

/* ------------------------------------------------- accepted connections */

static uint32_t bucket_of(unsigned int version, const uint8_t *remote,
			  const uint16_t ports[2])
{
	uint64_t h = (uint64_t)ports[0] << 16 | ports[1];
	uint32_t word;
	size_t i;

	for (i = 0; i < (version == 4 ? 4 : 16); i += sizeof(word)) {
		memcpy(&word, remote + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
	}
	return (uint32_t)(h >> 40) % NX_STREAM_BUCKETS;
}

static uint32_t bucket_of_conn(const struct nexus_tcp *conn)
{
	unsigned int version = conn->path.version;
	const uint8_t *hdr = conn->path.hdr;
	uint16_t ports[2];

	memcpy(&ports[0], hdr + nx_path_l4_off(version) + 2, 2);
	memcpy(&ports[1], hdr + nx_path_l4_off(version), 2);
	return bucket_of(version, hdr + (version == 4 ? 16 : 24), ports);
}

void nx_streams_add_child(struct nx_streams *streams, struct nexus_tcp *conn)
{
	struct nexus_tcp **head = &streams->children[bucket_of_conn(conn)];

	conn->is_child = true;
	conn->next_child = *head;
	*head = conn;
}

void nx_streams_remove_child(struct nx_streams *streams, struct nexus_tcp *conn)
{
	struct nexus_tcp **at = &streams->children[bucket_of_conn(conn)];

	while (*at != conn)
		at = &(*at)->next_child;
	*at = conn->next_child;
	conn->is_child = false;
}

struct nexus_tcp *nx_streams_find_child(struct nx_streams *streams,
					const struct nx_ends *ends)
{
	struct nexus_tcp *conn;

	conn = streams->children[bucket_of(ends->version, ends->remote,
					   ends->ports)];
	while (conn && !nx_stream_is_for(conn, ends))
		conn = conn->next_child;
	return conn;
}
