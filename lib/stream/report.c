// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What a connection tells of itself to those who administer the host, in memory
 * that the kernel reads when it is asked.
 */
#include "internal.h"

static const uint8_t states[NX_TCP_NR_STATES] = {
	[NX_TCP_CLOSED]		= NEXUS_TCP_CLOSED,
	[NX_TCP_SYN_SENT]	= NEXUS_TCP_SYN_SENT,
	[NX_TCP_SYN_RCVD]	= NEXUS_TCP_SYN_RCVD,
	[NX_TCP_ESTABLISHED]	= NEXUS_TCP_ESTABLISHED,
	[NX_TCP_FIN_WAIT_1]	= NEXUS_TCP_FIN_WAIT_1,
	[NX_TCP_FIN_WAIT_2]	= NEXUS_TCP_FIN_WAIT_2,
	[NX_TCP_CLOSE_WAIT]	= NEXUS_TCP_CLOSE_WAIT,
	[NX_TCP_CLOSING]	= NEXUS_TCP_CLOSING,
	[NX_TCP_LAST_ACK]	= NEXUS_TCP_LAST_ACK,
	[NX_TCP_TIME_WAIT]	= NEXUS_TCP_TIME_WAIT,
};

static uint8_t flags(const struct nx_tcp *t)
{
	return (uint8_t)((t->has_sack ? NEXUS_REPORT_SACK : 0) |
			 (t->has_ts ? NEXUS_REPORT_TIMESTAMPS : 0) |
			 (t->has_wscale ? NEXUS_REPORT_WSCALE : 0) |
			 (t->ecn != NX_ECN_NONE ? NEXUS_REPORT_ECN : 0));
}

static void report_sizes(const struct nx_tcp *t, struct nexus_tcp_report *r)
{
	r->mss = (uint16_t)t->mss;
	r->unread = t->rcv_used_bytes;
	r->unsent = t->write_seq - t->snd_nxt;
	r->unacked = t->snd_nxt - t->snd_una;
	r->cwnd = t->cc.cwnd;
	r->ssthresh = t->cc.ssthresh;
	r->snd_wnd = t->snd_wnd;
	r->rcv_wnd = t->rcv_adv - t->rcv_nxt;
	r->nr_retrans = t->stats.nr_retrans;
	r->nr_rtos = t->stats.nr_rtos;
	r->bytes_acked = t->stats.bytes_acked;
	r->bytes_received = t->stats.bytes_received;
	r->bytes_retrans = t->stats.retrans_bytes;
}

static void report_times(const struct nx_tcp *t, struct nexus_tcp_report *r)
{
	uint64_t min_ns = nx_rtt_min_ns(&t->rtt);

	r->srtt_ns = t->rtt.srtt_ns;
	r->rttvar_ns = t->rtt.rttvar_ns;
	r->min_rtt_ns = min_ns == UINT64_MAX ? 0 : min_ns;
	r->rto_ns = nx_rtt_rto_ns(&t->rtt);
}

void nx_stream_report(const struct nexus_tcp *conn)
{
	const struct nexus_channel *channel = conn->sink.stack->channel;
	const struct nexus_flow_advisory *adv;
	uint32_t flow = conn->sink.flow;
	struct nexus_tcp_report *r;

	if (!conn->is_claimed || !channel->reports || flow >= channel->nr_flows)
		return;
	r = &channel->reports[flow];
	adv = nexus_channel_flow_advisory(channel, flow);
	/* What was negotiated stays as it is while the state does. */
	if (r->state != states[conn->tcp.state] ||
	    r->generation != adv->generation) {
		r->state = states[conn->tcp.state];
		r->flags = flags(&conn->tcp);
	}
	report_sizes(&conn->tcp, r);
	report_times(&conn->tcp, r);
	/* Last: it says whose the rest is. */
	__atomic_store_n(&r->generation, adv->generation, __ATOMIC_RELEASE);
}
