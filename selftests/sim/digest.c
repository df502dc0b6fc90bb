// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a connection as a part of a run's hash: all of it but where things lie.
 */
#include <stddef.h>

#include "world.h"

static void hash(struct sim_conn *conn, const void *from, size_t len)
{
	sim_trace_bytes(&conn->host->world->trace, from, (uint32_t)len);
}

/* From field @first to the one before @end. */
#define HASH_FIELDS(conn, first, end)					\
	hash(conn, &(conn)->tcp.first, offsetof(struct nx_tcp, end) -	\
				       offsetof(struct nx_tcp, first))

static void hash_queue(struct sim_conn *conn, const struct nx_tcp_txq *q)
{
	const void *const ends[] = {
		q->first, q->last, q->unsent, q->oldest, q->newest, q->lost,
		q->tagged,
	};
	uint64_t some = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		some |= (uint64_t)!!ends[i] << i;
	sim_trace_number(&conn->host->world->trace, some);
	hash(conn, &q->sacked_bytes,
	     sizeof(*q) - offsetof(struct nx_tcp_txq, sacked_bytes));
}

void sim_conn_digest(struct sim_conn *conn)
{
	const struct nx_tcp_cc *cc = &conn->tcp.cc;

	HASH_FIELDS(conn, state, txq);
	hash_queue(conn, &conn->tcp.txq);
	HASH_FIELDS(conn, rtt, cc);
	hash(conn, &cc->cwnd, sizeof(cc->cwnd));
	hash(conn, &cc->ssthresh, sizeof(cc->ssthresh));
	hash(conn, &cc->hystart, sizeof(cc->hystart));
	hash(conn, &cc->state, sizeof(cc->state));
	HASH_FIELDS(conn, pace, ready);
	sim_trace_number(&conn->host->world->trace, conn->tcp.ready.nr);
	sim_trace_number(&conn->host->world->trace, conn->tcp.ooo.nr);
	HASH_FIELDS(conn, sacks, accecn);
	HASH_FIELDS(conn, timer_ns, stats);
	hash(conn, &conn->tcp.stats, sizeof(conn->tcp.stats));
}
