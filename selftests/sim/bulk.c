// SPDX-License-Identifier: GPL-2.0
/*
 * Megabytes in both directions at once, over paths that delay, lose, reorder,
 * duplicate and corrupt.
 */
#include <string.h>

#include "trial.h"

/* Long enough for many rounds of recovery at the worst of the paths. */
#define BULK_BYTES	(1u << 20)
#define BULK_LIMIT_NS	(3600 * SIM_NS_PER_S)

static void draw_path(struct sim_trial *trial, struct sim_link_config *link)
{
	static const uint64_t delays_ms[] = { 0, 10, 100 };
	static const uint32_t losses[] = { 0, 1, 5 };

	*link = (struct sim_link_config){
		.delay_ns = delays_ms[trial->seed % 3] * SIM_NS_PER_MS,
		.loss_ppb = losses[trial->seed / 3 % 3] * SIM_PERCENT,
		.rate_bps = 1000000 * sim_rng_between(&trial->rng, 5, 500),
		.queue.limit_bytes = sim_rng_between(&trial->rng, 30000, 500000),
	};
	if (sim_rng_chance(&trial->rng, 50 * SIM_PERCENT)) {
		link->reorder_ppb = 5 * SIM_PERCENT;
		link->reorder_ns = 5 * SIM_NS_PER_MS;
	}
	if (sim_rng_chance(&trial->rng, 50 * SIM_PERCENT))
		link->duplicate_ppb = 2 * SIM_PERCENT;
	if (sim_rng_chance(&trial->rng, 50 * SIM_PERCENT))
		link->corrupt_ppb = SIM_PERCENT;
}

static void judge(struct sim_world *world, const struct sim_app *client,
		  const struct sim_app *server)
{
	if (sim_world_has_failed(world))
		return;
	if (!server || !sim_app_is_done(client, server) ||
	    !sim_app_is_done(server, client))
		sim_world_fail(world, "not all bytes came");
	for (int i = 0; i < 2; i++)
		for (struct sim_conn *conn = world->hosts[i].over; conn;
		     conn = conn->next)
			if (conn->tcp.err)
				sim_world_fail(world, "%s: %s",
					       world->hosts[i].name,
					       strerror(-conn->tcp.err));
}

void sim_bulk_run(struct sim_trial *trial)
{
	struct sim_app_config app = { .send_bytes = BULK_BYTES };
	struct sim_world_config config = sim_trial_world(trial);
	struct sim_conn *client, *server;
	struct sim_world world;

	draw_path(trial, &config.there);
	draw_path(trial, &config.back);
	if (sim_rng_chance(&trial->rng, 50 * SIM_PERCENT))
		config.hosts[0].version = config.hosts[1].version = 6;
	config.hosts[1].server = app;
	sim_world_init(&world, &config);
	client = sim_host_connect(&world.hosts[0], 10000, 80, &app);
	sim_world_run(&world, BULK_LIMIT_NS);
	server = world.hosts[1].over;
	judge(&world, &client->app, server ? &server->app : NULL);
	snprintf(trial->summary, sizeof(trial->summary),
		 "%.0f ms, %u %% loss: %.1f s",
		 (double)config.there.delay_ns / 1e6,
		 config.there.loss_ppb / SIM_PERCENT,
		 (double)world.clock.now_ns / 1e9);
	trial->nr_conns = 1;
	sim_trial_end(trial, &world);
}
