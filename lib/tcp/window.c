// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The receive window, and the buffer that it tells of, which grows with what
 * the owner reads in a round trip, and shrinks to what the environment has left.
 */
#include "internal.h"

uint32_t nx_tcp_window(const struct nx_tcp *tcp)
{
	uint32_t most = 0xffffU << tcp->rcv_wscale, free_bytes;

	if (tcp->rcv_used_bytes >= tcp->rcv_buf_bytes)
		return 0;
	free_bytes = tcp->rcv_buf_bytes - tcp->rcv_used_bytes;
	return free_bytes < most ? free_bytes : most;
}

static uint32_t most_bytes(const struct nx_tcp *tcp)
{
	uint32_t most = tcp->config->rcv_max_bytes;
	uint32_t limit = tcp->env->rcv_limit_bytes;

	return limit && limit < most ? limit : most;
}

/*
 * A sender in slow start doubles its window each round trip: room for twice what
 * was read in the last one, and some more, never holds it back.
 */
void nx_tcp_tune(struct nx_tcp *tcp, uint64_t now_ns)
{
	uint32_t read_bytes = (uint32_t)tcp->stats.bytes_received -
			      tcp->rcv_used_bytes;
	uint64_t wanted = 2ULL * (read_bytes - tcp->tune_bytes) +
			  16ULL * tcp->rcv_mss;
	uint32_t most = most_bytes(tcp);

	if (!(tcp->config->features & NX_TCP_HAS_TUNING))
		return;
	if (tcp->rcv_buf_bytes > most)
		tcp->rcv_buf_bytes = most;
	if (now_ns - tcp->tune_ns < tcp->rtt.srtt_ns)
		return;
	tcp->tune_ns = now_ns;
	tcp->tune_bytes = read_bytes;
	if (wanted > most)
		wanted = most;
	if (wanted > tcp->rcv_buf_bytes)
		tcp->rcv_buf_bytes = (uint32_t)wanted;
}
