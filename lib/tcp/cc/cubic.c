// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * CUBIC (RFC 9438): the window is a cubic function of the time since the last
 * congestion, flat where that one happened, and never grows slower than Reno's.
 */
#include <stddef.h>
#include <string.h>

#include "../cc.h"

#define NS_A_MS			1000000ull
#define MS3_A_S3		1000000000ull

/*
 * RFC 9438 section 4.6: beta is 0.7; section 5 and RFC 8511: a mark is told
 * before the queue is full, and 0.85 is enough.
 */
#define BETA_LOST_PERCENT	70
#define BETA_MARKED_PERCENT	85

/* RFC 9438 section 4.7: (1 + beta) / 2. */
#define FAST_CONVERGENCE_PERCENT 85

/*
 * RFC 9438 section 4.2: C is 0.4, one over 2.5. With K in ms, and the windows'
 * difference in bytes: K^3 = difference * 2.5 * 10^9 / mss.
 */
#define MS3_OVER_C		2500000000ull

/* RFC 9438 section 4.3: alpha is 3 (1 - beta) / (1 + beta), 0.9 / 1.7. */
#define ALPHA_NUM		9
#define ALPHA_DEN		17

/* 2^19 ms: its cube, times the largest segment, fits; a window that waited as
 * long is at NX_TCP_CWND_MAX. */
#define T_MAX_MS		(1ll << 19)

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The largest integer whose cube is not above @x, digit by binary digit. */
static uint32_t cube_root(uint64_t x)
{
	uint64_t root = 0, next;
	int shift;

	/* 2^63 is the cube of 2^21. */
	for (shift = 63; shift >= 0; shift -= 3) {
		root *= 2;
		next = 3 * root * (root + 1) + 1;
		if (x >> shift < next)
			continue;
		x -= next << shift;
		root++;
	}
	return (uint32_t)root;
}

/* RFC 9438 equation 1 without W_max: C (t - K)^3, in bytes. */
static int64_t distance(const struct nx_cubic *s, uint32_t mss, uint64_t t_ms)
{
	int64_t d = (int64_t)min64(t_ms, T_MAX_MS) - s->k_ms;
	uint64_t a = (uint64_t)(d < 0 ? -d : d);
	/* Divided in two steps: a^3 * mss alone would overflow. */
	int64_t bytes = (int64_t)(a * a * a / (MS3_OVER_C / NS_A_MS) * mss /
				  NS_A_MS);

	return d < 0 ? -bytes : bytes;
}

static uint64_t w_cubic(const struct nx_cubic *s, uint32_t mss, uint64_t t_ms)
{
	int64_t w = s->w_max + distance(s, mss, t_ms);

	return w < 0 ? 0 : (uint64_t)w;
}

/* RFC 9438 section 4.2, equation 2. */
static uint32_t k_of(uint32_t w_max, uint32_t cwnd, uint32_t mss)
{
	return cube_root((uint64_t)(w_max - cwnd) * MS3_OVER_C / mss);
}

static void cubic_init(struct nx_tcp_cc *cc)
{
	memset(&cc->state.cubic, 0, sizeof(cc->state.cubic));
}

/*
 * Congestion avoidance begins: after a reduction, after slow start ended by
 * itself, or after a timeout (section 4.8: K is 0, and the plateau is here).
 */
static void begin_epoch(struct nx_tcp_cc *cc, uint64_t now_ns)
{
	struct nx_cubic *s = &cc->state.cubic;

	s->epoch_ns = now_ns;
	s->last_ns = now_ns;
	s->rest = 0;
	s->w_est_q10 = (uint64_t)cc->cwnd << 10;
	if (cc->cwnd >= s->w_max || s->is_after_rto) {
		s->k_ms = 0;
		s->w_max = cc->cwnd;
	} else {
		s->k_ms = k_of(s->w_max, cc->cwnd, cc->mss);
	}
	s->is_after_rto = false;
}

/* RFC 9438 section 4.3, equation 4: what Reno would have. */
static void estimate_reno(struct nx_cubic *s, const struct nx_tcp_cc *cc,
			  uint32_t acked)
{
	uint64_t growth = ((uint64_t)cc->mss << 10) * acked / cc->cwnd;

	if (s->w_est_q10 < (uint64_t)s->cwnd_prior << 10)
		growth = growth * ALPHA_NUM / ALPHA_DEN;
	s->w_est_q10 += growth;
}

/* RFC 9438 section 4.2: between cwnd and half as much again. */
static uint64_t target_of(const struct nx_cubic *s, const struct nx_tcp_cc *cc,
			  uint64_t t_ms)
{
	uint64_t target = w_cubic(s, cc->mss, t_ms);
	uint64_t most = cc->cwnd + cc->cwnd / 2;

	if (target < cc->cwnd)
		return cc->cwnd;
	return min64(target, most);
}

/* RFC 9438 sections 4.4 and 4.5: (target - cwnd) / cwnd for each segment. */
static void grow(struct nx_cubic *s, struct nx_tcp_cc *cc, uint64_t target,
		 uint32_t acked)
{
	s->rest += (target - cc->cwnd) * acked;
	cc->cwnd += (uint32_t)(s->rest / cc->cwnd);
	s->rest %= cc->cwnd;
}

/* RFC 9438 section 5.8: time in which the window was not used does not count. */
static bool is_counting(struct nx_cubic *s, const struct nx_tcp_cc_ack *ack)
{
	uint64_t since_ns = ack->now_ns - s->last_ns;

	s->last_ns = ack->now_ns;
	if (ack->is_cwnd_limited)
		return true;
	s->epoch_ns += since_ns;
	return false;
}

static void cubic_avoid(struct nx_tcp_cc *cc, const struct nx_tcp_cc_ack *ack)
{
	struct nx_cubic *s = &cc->state.cubic;
	uint32_t acked = (uint32_t)min64(ack->acked, cc->cwnd);
	uint64_t t_ms, w_est;

	if (!s->epoch_ns)
		begin_epoch(cc, ack->now_ns);
	if (!is_counting(s, ack))
		return;
	estimate_reno(s, cc, acked);
	t_ms = (ack->now_ns - s->epoch_ns) / NS_A_MS;
	w_est = s->w_est_q10 >> 10;
	if (w_cubic(s, cc->mss, t_ms) < w_est) {
		/* Section 4.3: Reno-friendly region. */
		if (cc->cwnd < w_est)
			cc->cwnd = (uint32_t)min64(w_est, NX_TCP_CWND_MAX);
		return;
	}
	t_ms += ack->srtt_ns / NS_A_MS;
	grow(s, cc, target_of(s, cc, t_ms), acked);
}

/* RFC 9438 sections 4.6 and 4.7. */
static uint32_t cubic_reduce(struct nx_tcp_cc *cc, uint32_t flight_size,
			     enum nx_tcp_congestion by)
{
	struct nx_cubic *s = &cc->state.cubic;
	uint64_t percent = by == NX_TCP_MARKED ? BETA_MARKED_PERCENT :
						 BETA_LOST_PERCENT;

	s->cwnd_prior = cc->cwnd;
	if (cc->cwnd < s->w_max)
		s->w_max = (uint32_t)((uint64_t)cc->cwnd *
				      FAST_CONVERGENCE_PERCENT / 100);
	else
		s->w_max = cc->cwnd;
	s->epoch_ns = 0;
	return (uint32_t)(flight_size * percent / 100);
}

static void cubic_timed_out(struct nx_tcp_cc *cc)
{
	cc->state.cubic.epoch_ns = 0;
	cc->state.cubic.is_after_rto = true;
}

/* Section 5.8 again; but if slow start comes first, a new stage follows it. */
static void cubic_idle(struct nx_tcp_cc *cc, uint64_t from_ns, uint64_t now_ns)
{
	struct nx_cubic *s = &cc->state.cubic;

	if (nx_tcp_cc_is_slow_start(cc))
		s->epoch_ns = 0;
	if (!s->epoch_ns)
		return;
	s->epoch_ns += now_ns - from_ns;
	s->last_ns = now_ns;
}

const struct nx_tcp_cc_ops nx_tcp_cubic = {
	.name		= "cubic",
	.has_hystart	= true,
	.init		= cubic_init,
	.avoid		= cubic_avoid,
	.reduce		= cubic_reduce,
	.timed_out	= cubic_timed_out,
	.idle		= cubic_idle,
};
