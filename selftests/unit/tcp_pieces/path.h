/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A path that loses one packet in a fixed number, as the papers on congestion
 * control have it, and the mean window that an algorithm reaches on it.
 */
#ifndef _PATH_H
#define _PATH_H

#include <tcp/cc.h>

#define PATH_MSS	1000u

/**
 * struct path - a path and a connection that always has data to send
 * @cc:      of the connection
 * @rtt_ns:  round-trip time
 * @now_ns:  now
 * @nr_acks_at_once: segments that one ACK stands for
 */
struct path {
	struct nx_tcp_cc	cc;
	double			rtt_ns;
	double			now_ns;
	uint32_t		nr_acks_at_once;
};

/* A connection in congestion avoidance, with so many segments. */
static inline void path_init(struct path *path, const struct nx_tcp_cc_ops *ops,
			     uint32_t nr_segments, double rtt_ns)
{
	nx_tcp_cc_init(&path->cc, ops, PATH_MSS, nr_segments * PATH_MSS);
	path->cc.ssthresh = path->cc.cwnd;
	path->rtt_ns = rtt_ns;
	path->now_ns = 1e9;
	path->nr_acks_at_once = 1;
}

/* An ACK; time goes on by its part of the round trip. */
static inline void path_ack(struct path *path)
{
	uint32_t acked = path->nr_acks_at_once * PATH_MSS;
	struct nx_tcp_cc_ack ack = {
		.srtt_ns = (uint64_t)path->rtt_ns, .acked = acked,
		.in_flight = path->cc.cwnd, .is_cwnd_limited = true,
	};

	path->now_ns += path->rtt_ns * acked / path->cc.cwnd;
	ack.now_ns = (uint64_t)path->now_ns;
	nx_tcp_cc_on_ack(&path->cc, &ack);
}

static inline void path_lose(struct path *path)
{
	nx_tcp_cc_on_congestion(&path->cc, path->cc.cwnd, NX_TCP_LOST);
	nx_tcp_cc_end_recovery(&path->cc);
	nx_tcp_cc_end_undo(&path->cc);
}

/* The mean window, in segments, when one packet in @nr_packets is lost. */
static inline double path_mean_window(struct path *path, double nr_packets)
{
	unsigned int cycle, nr_cycles = 60;
	double from_ns = 0, acked = 0, n;

	for (cycle = 0; cycle < nr_cycles; cycle++) {
		/* The first cycles lead from the beginning to the steady state. */
		if (cycle == nr_cycles / 2)
			from_ns = path->now_ns;
		for (n = 0; n < nr_packets; n += path->nr_acks_at_once)
			path_ack(path);
		if (cycle >= nr_cycles / 2)
			acked += nr_packets;
		path_lose(path);
	}
	return acked / ((path->now_ns - from_ns) / path->rtt_ns);
}

#endif /* _PATH_H */
