// SPDX-License-Identifier: GPL-2.0
/*
 * What the receive window that tunes itself costs: beside the best of several
 * fixed ones, from the first SYN on, so that the time in which it grows counts.
 */
#include <string.h>

#include "trial.h"

#define RATE_BPS	200000000ULL
#define LENGTH_NS	(6 * SIM_NS_PER_S)

/* Untouched defaults reach so much of the best. */
#define SHARE_MIN	0.9

/* Receive buffers that never change; 0: the defaults, which do. */
static const uint32_t buffers[] = {
	0, 64 << 10, 256 << 10, 1 << 20, 2 << 20, 4 << 20, 6 << 20,
};

#define NR_BUFFERS	(sizeof(buffers) / sizeof(buffers[0]))

static void describe_path(struct sim_world_config *config, uint64_t rtt_ns)
{
	uint64_t bdp = RATE_BPS / 8 * rtt_ns / SIM_NS_PER_S;

	config->there.delay_ns = config->back.delay_ns = rtt_ns / 2;
	config->there.rate_bps = config->back.rate_bps = RATE_BPS;
	config->there.queue.limit_bytes = bdp > 100000 ? bdp : 100000;
}

/* Bytes that arrive in LENGTH_NS; 0: it failed. */
static uint64_t run_one(struct sim_trial *trial, uint64_t rtt_ns,
			uint32_t buffer)
{
	struct sim_world_config config = sim_trial_world(trial);
	struct sim_app_config app = { .send_bytes = UINT64_MAX / 2,
				      .write_max = 65536 };
	struct sim_conn *server;
	struct sim_world world;
	uint64_t received = 0;

	describe_path(&config, rtt_ns);
	if (buffer) {
		config.hosts[1].tcp.rcv_buf_bytes = buffer;
		config.hosts[1].tcp.rcv_max_bytes = buffer;
	}
	sim_world_init(&world, &config);
	sim_host_connect(&world.hosts[0], 10000, 80, &app);
	sim_world_pass(&world, LENGTH_NS);
	server = sim_host_find(&world.hosts[1], 80, 10000);
	if (server)
		received = server->app.received;
	else
		sim_world_fail(&world, "no connection");
	trial->nr_conns++;
	sim_trial_end(trial, &world);
	return received;
}

static void judge(struct sim_trial *trial, uint64_t rtt_ns)
{
	uint64_t defaults = 0, best = 0, received;
	size_t len = strlen(trial->summary);

	for (size_t i = 0; i < NR_BUFFERS; i++) {
		received = run_one(trial, rtt_ns, buffers[i]);
		if (!buffers[i])
			defaults = received;
		else if (received > best)
			best = received;
	}
	snprintf(trial->summary + len, sizeof(trial->summary) - len,
		 "%s%llu ms: %.1f of %.1f MB", len ? ", " : "",
		 (unsigned long long)(rtt_ns / SIM_NS_PER_MS),
		 (double)defaults / 1e6, (double)best / 1e6);
	if (!trial->failure[0] &&
	    (double)defaults < SHARE_MIN * (double)best)
		snprintf(trial->failure, sizeof(trial->failure), "%s",
			 trial->summary);
}

void sim_window_run(struct sim_trial *trial)
{
	static const uint64_t rtts_ms[] = { 1, 10, 100 };

	for (size_t i = 0; i < sizeof(rtts_ms) / sizeof(rtts_ms[0]); i++)
		judge(trial, rtts_ms[i] * SIM_NS_PER_MS);
}
