/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Congestion control: what all algorithms share (windows, slow start, undo), and
 * the table of functions that one is.
 *
 * All of it is pure: integers, and time as an argument. Windows are bytes.
 * During fast recovery the connection sends by nx_prr; it tells here when
 * recovery begins and ends.
 */
#ifndef _NX_TCP_CC_H
#define _NX_TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

/* ssthresh before the first congestion: "arbitrarily high" (RFC 5681, 3.1). */
#define NX_TCP_SSTHRESH_NONE	UINT32_MAX
/* RFC 7323 section 2.3: no window is larger. */
#define NX_TCP_CWND_MAX		(1u << 30)

/**
 * enum nx_tcp_congestion - by what the path told that it is full
 * @NX_TCP_LOST:   a segment was lost
 * @NX_TCP_MARKED: ECN: RFC 3168, RFC 8511
 */
enum nx_tcp_congestion {
	NX_TCP_LOST,
	NX_TCP_MARKED,
};

/**
 * struct nx_tcp_cc_ack - an ACK outside fast recovery
 * @now_ns:   now
 * @rtt_ns:   sample that it gave; 0: none
 * @srtt_ns:  smoothed round-trip time; 0: unknown
 * @acked:    bytes that it newly acknowledges, more than 0; if recovery was on,
 *            without those that were SACKed before
 * @in_flight: bytes that were in flight before it
 * @snd_una:  after it
 * @snd_nxt:  now
 * @is_cwnd_limited: since the last ACK, the window was what held data back, or
 *            in slow start more than half of it was in use
 */
struct nx_tcp_cc_ack {
	uint64_t	now_ns;
	uint64_t	rtt_ns;
	uint64_t	srtt_ns;
	uint32_t	acked;
	uint32_t	in_flight;
	uint32_t	snd_una;
	uint32_t	snd_nxt;
	bool		is_cwnd_limited;
};

/**
 * struct nx_hystart - HyStart++ (RFC 9406)
 * @last_min_us:    lastRoundMinRTT; UINT32_MAX: infinity
 * @current_min_us: currentRoundMinRTT
 * @baseline_us:    cssBaselineMinRtt
 * @window_end:     sequence number that ends the round
 * @nr_samples:     rttSampleCount
 * @nr_css_rounds:  rounds in conservative slow start
 * @is_css:         in conservative slow start
 * @is_started:     @window_end is set
 */
struct nx_hystart {
	uint32_t	last_min_us;
	uint32_t	current_min_us;
	uint32_t	baseline_us;
	uint32_t	window_end;
	uint8_t		nr_samples;
	uint8_t		nr_css_rounds;
	bool		is_css;
	bool		is_started;
};

/**
 * struct nx_cubic - CUBIC (RFC 9438 section 4.1.2), in bytes
 * @epoch_ns:   t_epoch; 0: the stage has not begun
 * @last_ns:    of the last ACK
 * @w_est_q10:  W_est, 1/1024 bytes
 * @k_ms:       K
 * @w_max:      W_max
 * @cwnd_prior: cwnd before the last reduction
 * @rest:       what was acknowledged and is not in cwnd yet, times cwnd
 * @is_after_rto: the next stage is the first one after a timeout
 */
struct nx_cubic {
	uint64_t	epoch_ns;
	uint64_t	last_ns;
	uint64_t	w_est_q10;
	uint64_t	rest;
	uint32_t	k_ms;
	uint32_t	w_max;
	uint32_t	cwnd_prior;
	bool		is_after_rto;
};

/**
 * struct nx_newreno - NewReno
 * @bytes_acked: towards the next segment of growth (RFC 3465 section 2.1)
 */
struct nx_newreno {
	uint32_t	bytes_acked;
};

/* What an algorithm remembers. */
union nx_tcp_cc_state {
	struct nx_cubic		cubic;
	struct nx_newreno	newreno;
};

struct nx_tcp_cc;

/**
 * struct nx_tcp_cc_ops - an algorithm
 * @name:       in lower case, as Linux calls it
 * @has_hystart: its first slow start is that of RFC 9406
 * @init:       from nothing, at @now_ns
 * @avoid:      congestion avoidance: cwnd grows by an ACK
 * @reduce:     congestion: returns ssthresh, before the lower bound of two
 *              segments; @flight_size is min(snd_nxt - snd_una, cwnd)
 * @timed_out:  after @reduce: cwnd begins at one segment again
 * @idle:       nothing was sent from @from_ns to @now_ns; the windows are those
 *              of the restart
 *
 * What @avoid and @reduce keep in cc->state is brought back by an undo.
 */
struct nx_tcp_cc_ops {
	const char	*name;
	bool		has_hystart;
	void		(*init)(struct nx_tcp_cc *cc);
	void		(*avoid)(struct nx_tcp_cc *cc,
				 const struct nx_tcp_cc_ack *ack);
	uint32_t	(*reduce)(struct nx_tcp_cc *cc, uint32_t flight_size,
				  enum nx_tcp_congestion by);
	void		(*timed_out)(struct nx_tcp_cc *cc);
	void		(*idle)(struct nx_tcp_cc *cc, uint64_t from_ns,
				uint64_t now_ns);
};

/**
 * struct nx_tcp_cc - congestion control of one connection
 * @ops:      algorithm
 * @cwnd:     congestion window
 * @ssthresh: slow start's end
 * @mss:      SMSS
 * @is_paced: the connection paces: no burst need be feared in slow start
 * @has_undo: @old_* hold what was before the congestion
 * @old_cwnd, @old_ssthresh, @old_state: see there
 * @hystart:  of the first slow start
 * @state:    of the algorithm
 */
struct nx_tcp_cc {
	const struct nx_tcp_cc_ops	*ops;
	uint32_t			cwnd;
	uint32_t			ssthresh;
	uint32_t			mss;
	bool				is_paced;
	bool				has_undo;
	uint32_t			old_cwnd;
	uint32_t			old_ssthresh;
	struct nx_hystart		hystart;
	union nx_tcp_cc_state		state;
	union nx_tcp_cc_state		old_state;
};

extern const struct nx_tcp_cc_ops nx_tcp_cubic;
extern const struct nx_tcp_cc_ops nx_tcp_newreno;

/* The algorithm of that name, or NULL. */
const struct nx_tcp_cc_ops *nx_tcp_cc_find(const char *name);

/* RFC 6928 section 2: the initial window. */
uint32_t nx_tcp_cc_initial_window(uint32_t mss);

/**
 * nx_tcp_cc_init - a connection begins
 * @cc:   out
 * @ops:  algorithm
 * @mss:  SMSS
 * @cwnd: nx_tcp_cc_initial_window(), or one segment if the SYN or its answer was
 *        lost (RFC 5681 section 3.1)
 */
void nx_tcp_cc_init(struct nx_tcp_cc *cc, const struct nx_tcp_cc_ops *ops,
		    uint32_t mss, uint32_t cwnd);

/* SMSS changed: the window stays, as bytes, of one segment at least. */
void nx_tcp_cc_set_mss(struct nx_tcp_cc *cc, uint32_t mss);

static inline bool nx_tcp_cc_is_slow_start(const struct nx_tcp_cc *cc)
{
	return cc->cwnd < cc->ssthresh;
}

/* New data were acknowledged, outside fast recovery. */
void nx_tcp_cc_on_ack(struct nx_tcp_cc *cc, const struct nx_tcp_cc_ack *ack);

/**
 * nx_tcp_cc_on_congestion - a loss was seen, or a mark: once a window
 * @cc:          windows
 * @flight_size: snd_nxt - snd_una (RFC 5681 section 2)
 * @by:          what told
 *
 * Sets ssthresh and remembers what was before. cwnd is left: nx_prr brings it
 * down, and nx_tcp_cc_end_recovery() ends that.
 */
void nx_tcp_cc_on_congestion(struct nx_tcp_cc *cc, uint32_t flight_size,
			     enum nx_tcp_congestion by);

/* The reduction is over: cwnd is ssthresh (RFC 6582 section 3.2, RFC 9937). */
void nx_tcp_cc_end_recovery(struct nx_tcp_cc *cc);

/**
 * nx_tcp_cc_on_rto - the retransmission timer expired
 * @cc:          windows
 * @flight_size: snd_nxt - snd_una
 * @is_repeated: for data that had been retransmitted by the timer before:
 *               ssthresh stays (RFC 5681 section 3.1)
 */
void nx_tcp_cc_on_rto(struct nx_tcp_cc *cc, uint32_t flight_size,
		      bool is_repeated);

/*
 * What was taken for a loss was none (RFC 5682, RFC 3708, RFC 4015): as it was,
 * if nx_tcp_cc_on_congestion() or _on_rto() said otherwise since.
 */
void nx_tcp_cc_undo(struct nx_tcp_cc *cc);

/* The episode is over and was real: nothing is left to undo. */
void nx_tcp_cc_end_undo(struct nx_tcp_cc *cc);

/**
 * nx_tcp_cc_after_idle - data are to be sent after a pause
 * @cc:      windows
 * @last_ns: when data were last sent
 * @now_ns:  now
 * @rto_ns:  retransmission timeout
 *
 * Longer than the timeout, and the window restarts (RFC 5681 section 4.1).
 */
void nx_tcp_cc_after_idle(struct nx_tcp_cc *cc, uint64_t last_ns,
			  uint64_t now_ns, uint64_t rto_ns);

/* ------------------------------------------------- between the algorithms */

void nx_hystart_init(struct nx_hystart *h);

/**
 * nx_hystart_on_ack - RFC 9406 section 4.2, but for cwnd
 * @h:   state
 * @ack: an ACK in slow start
 *
 * Return: by what slow start's growth is to be divided, 1 or 4; 0: slow start is
 * over.
 */
uint32_t nx_hystart_on_ack(struct nx_hystart *h,
			   const struct nx_tcp_cc_ack *ack);

#endif /* _NX_TCP_CC_H */
