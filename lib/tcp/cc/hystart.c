// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * HyStart++: leaves slow start when round trips grow longer, before anything is
 * lost (RFC 9406).
 */
#include "../cc.h"

/* RFC 9406 section 4.3. */
#define MIN_RTT_THRESH_US	4000
#define MAX_RTT_THRESH_US	16000
#define MIN_RTT_DIVISOR		8
#define N_RTT_SAMPLE		8
#define CSS_GROWTH_DIVISOR	4
#define CSS_ROUNDS		5

#define INFINITE		UINT32_MAX

void nx_hystart_init(struct nx_hystart *h)
{
	*h = (struct nx_hystart){
		.last_min_us = INFINITE,
		.current_min_us = INFINITE,
		.baseline_us = INFINITE,
	};
}

static void begin_round(struct nx_hystart *h, uint32_t snd_nxt)
{
	h->window_end = snd_nxt;
	h->last_min_us = h->current_min_us;
	h->current_min_us = INFINITE;
	h->nr_samples = 0;
}

/* Whether the round is over. */
static bool count_round(struct nx_hystart *h, const struct nx_tcp_cc_ack *ack)
{
	if (h->is_started && (int32_t)(ack->snd_una - h->window_end) <= 0)
		return false;
	begin_round(h, ack->snd_nxt);
	if (h->is_started)
		return true;
	h->is_started = true;
	return false;
}

static void count_sample(struct nx_hystart *h, uint64_t rtt_ns)
{
	uint64_t rtt_us = rtt_ns / 1000;

	if (!rtt_ns)
		return;
	if (rtt_us < h->current_min_us)
		h->current_min_us = (uint32_t)rtt_us;
	if (h->nr_samples < UINT8_MAX)
		h->nr_samples++;
}

static uint32_t threshold(const struct nx_hystart *h)
{
	uint32_t part = h->last_min_us / MIN_RTT_DIVISOR;

	if (part < MIN_RTT_THRESH_US)
		return MIN_RTT_THRESH_US;
	return part < MAX_RTT_THRESH_US ? part : MAX_RTT_THRESH_US;
}

/* Slow start: have round trips grown longer than in the last round? */
static void look_for_delay(struct nx_hystart *h)
{
	if (h->nr_samples < N_RTT_SAMPLE || h->last_min_us == INFINITE ||
	    h->current_min_us == INFINITE ||
	    h->current_min_us < h->last_min_us + threshold(h))
		return;
	h->baseline_us = h->current_min_us;
	h->nr_css_rounds = 0;
	h->is_css = true;
}

/* Conservative slow start: was the delay a passing one? */
static void look_for_relief(struct nx_hystart *h)
{
	if (h->nr_samples < N_RTT_SAMPLE || h->current_min_us >= h->baseline_us)
		return;
	h->baseline_us = INFINITE;
	h->is_css = false;
}

uint32_t nx_hystart_on_ack(struct nx_hystart *h,
			   const struct nx_tcp_cc_ack *ack)
{
	bool is_new_round = count_round(h, ack);

	if (h->is_css && is_new_round && ++h->nr_css_rounds >= CSS_ROUNDS)
		return 0;
	count_sample(h, ack->rtt_ns);
	if (h->is_css)
		look_for_relief(h);
	else
		look_for_delay(h);
	return h->is_css ? CSS_GROWTH_DIVISOR : 1;
}
