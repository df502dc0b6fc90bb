// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The receive queue: payload in sequence that the owner has not read.
 */
#include "internal.h"

bool nx_tcp_rxq_append(struct nx_tcp *tcp, const struct nx_tcp_span *span)
{
	struct nx_tcp_rx *rx = tcp->env->record_alloc(tcp->env);

	if (!rx)
		return false;
	*rx = (struct nx_tcp_rx) {
		.buf	= span->buf,
		.off	= span->off,
		.len	= span->len,
		.seq	= tcp->rcv_nxt,
	};
	tcp->env->buf_hold(tcp->env, rx->buf);
	if (tcp->ready.first)
		tcp->ready.last->next = rx;
	else
		tcp->ready.first = rx;
	tcp->ready.last = rx;
	tcp->rcv_used_bytes += span->len;
	tcp->events |= NX_TCP_EV_READABLE;
	return true;
}

bool nx_tcp_read(struct nx_tcp *tcp, struct nx_tcp_span *span)
{
	struct nx_tcp_rx *rx = tcp->ready.first;

	if (!rx)
		return false;
	*span = (struct nx_tcp_span) {
		.buf	= rx->buf,
		.off	= rx->off,
		.len	= rx->len,
	};
	tcp->ready.first = rx->next;
	tcp->env->record_free(tcp->env, rx);
	return true;
}

void nx_tcp_rxq_clear(struct nx_tcp *tcp)
{
	struct nx_tcp_span span;

	while (nx_tcp_read(tcp, &span))
		tcp->env->buf_put(tcp->env, span.buf);
}
