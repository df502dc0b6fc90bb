// SPDX-License-Identifier: GPL-2.0
/*
 * The measured window of a run: when it opens, after the warm-up, and when it
 * closes, by count or by time.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "perf.h"

/* Samples kept at most; a longer run keeps its first ones. */
#define SAMPLES_MAX	(1U << 22)

/* A run that ends by time looks at the clock once in so many operations. */
#define TIME_STRIDE	64

uint64_t perf_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

int perf_window_init(struct perf_window *window, const struct perf_config *cfg,
		     struct perf_result *result, bool samples)
{
	*result = (struct perf_result){ 0 };
	*window = (struct perf_window){
		.cfg = cfg,
		.result = result,
		.left = cfg->warmup,
	};
	if (samples && !cfg->mean) {
		window->max_samples = SAMPLES_MAX;
		if (cfg->count && cfg->count < SAMPLES_MAX)
			window->max_samples = cfg->count;
		/* Touched now, so that no page fault falls into the window. */
		result->samples = calloc(window->max_samples, sizeof(uint32_t));
		if (!result->samples)
			return -ENOMEM;
		for (size_t i = 0; i < window->max_samples; i += 512)
			((volatile uint32_t *)result->samples)[i] = 0;
	}
	return 0;
}

static void window_open(struct perf_window *window)
{
	window->start_ns = perf_now_ns();
	window->last_ns = window->start_ns;
	window->left = window->cfg->count;
	if (!window->left) {
		window->stop_ns = window->start_ns + window->cfg->time_ns;
		window->left = TIME_STRIDE;
	}
}

static bool window_close(struct perf_window *window, uint64_t now_ns)
{
	window->result->ns = now_ns - window->start_ns;
	return false;
}

static void window_sample(struct perf_window *window)
{
	struct perf_result *result = window->result;
	uint64_t now_ns = perf_now_ns();
	uint64_t ns = now_ns - window->last_ns;

	if (result->nr_samples < window->max_samples)
		result->samples[result->nr_samples++] =
			ns < UINT32_MAX ? ns : UINT32_MAX;
	window->last_ns = now_ns;
}

/* After @ops operations: does the run go on? */
bool perf_window_step(struct perf_window *window, uint64_t ops)
{
	uint64_t now_ns;

	if (!window->start_ns) {
		if (window->left > ops) {
			window->left -= ops;
			return true;
		}
		window_open(window);
		return true;
	}
	window->result->ops += ops;
	if (window->max_samples)
		window_sample(window);
	if (window->left > ops) {
		window->left -= ops;
		return true;
	}
	now_ns = perf_now_ns();
	if (now_ns >= window->stop_ns)
		return window_close(window, now_ns);
	window->left = TIME_STRIDE;
	return true;
}
