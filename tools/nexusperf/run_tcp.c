// SPDX-License-Identifier: GPL-2.0
/*
 * The modes of TCP: round trips on connections, bulk, and connections that carry
 * one request each. The listening end is always a process of its own.
 */
#include <errno.h>

#include "perf.h"

bool perf_is_tcp(const struct perf_config *cfg)
{
	return cfg->mode == PERF_TCP_RR || cfg->mode == PERF_TCP_BULK ||
	       cfg->mode == PERF_TCP_CRR || cfg->mode == PERF_TLS_BULK;
}

static int run_rr(const struct perf_config *cfg, struct perf_end *end,
		  struct perf_result *result)
{
	struct perf_window window;
	unsigned int i;
	int err;

	err = perf_window_init(&window, cfg, result, true);
	for (i = 0; !err && i < cfg->connections; i++)
		err = end->backend->connect(end, i);
	if (err)
		return err;
	i = 0;
	do {
		err = end->backend->exchange(end, i);
		i = i + 1 < cfg->connections ? i + 1 : 0;
	} while (!err && !perf_stop && perf_window_step(&window, 1));
	for (i = 0; i < cfg->connections; i++)
		result->lost += end->backend->retrans(end, i);
	return err;
}

/* The receiver says by a byte that it has the warm-up, and by its end, the rest. */
static int run_bulk(const struct perf_config *cfg, struct perf_end *end,
		    struct perf_result *result)
{
	struct perf_window window;
	uint64_t i;
	int err;

	err = perf_window_init(&window, cfg, result, false);
	if (!err)
		err = end->backend->connect(end, 0);
	for (i = 0; !err && i < cfg->warmup; i++)
		err = end->backend->push(end, 0);
	if (!err)
		err = end->backend->await(end, 0);
	if (err)
		return err;
	perf_window_step(&window, cfg->warmup);
	do
		err = end->backend->push(end, 0);
	while (!err && !perf_stop && perf_window_step(&window, 1));
	if (!err)
		err = end->backend->hang_up(end, 0);
	result->ns = perf_now_ns() - window.start_ns;
	result->lost = end->backend->retrans(end, 0);
	return err;
}

static int run_crr(const struct perf_config *cfg, struct perf_end *end,
		   struct perf_result *result)
{
	struct perf_window window;
	int err;

	err = perf_window_init(&window, cfg, result, true);
	if (err)
		return err;
	do {
		err = end->backend->connect(end, 0);
		if (!err)
			err = end->backend->exchange(end, 0);
		if (!err)
			err = end->backend->hang_up(end, 0);
	} while (!err && !perf_stop && perf_window_step(&window, 1));
	return err;
}

static int run_end(const struct perf_config *cfg, struct perf_end *end,
		   struct perf_result *result)
{
	if (cfg->mode == PERF_TCP_BULK || cfg->mode == PERF_TLS_BULK)
		return run_bulk(cfg, end, result);
	if (cfg->mode == PERF_TCP_CRR)
		return run_crr(cfg, end, result);
	return run_rr(cfg, end, result);
}

int perf_run_tcp(const struct perf_config *cfg, struct perf_result *result)
{
	struct perf_place remote = cfg->remote;
	struct perf_child child;
	struct perf_end end;
	int err;

	err = perf_child_start(&child, cfg, PERF_ROLE_RECEIVER, &remote);
	if (err)
		return err;
	err = perf_end_open(&end, cfg, PERF_ROLE_SENDER, &cfg->local, &remote);
	if (!err) {
		err = run_end(cfg, &end, result);
		result->sent = result->ops;
		result->bytes = result->ops * cfg->size;
		perf_end_close(&end);
	}
	perf_child_stop(&child);
	return err;
}
