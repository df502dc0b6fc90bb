// SPDX-License-Identifier: GPL-2.0
/*
 * Two who say little at a time: segments that are alone, in both directions, on paths
 * that are good some of the time.
 */
#include <string.h>

#include "trial.h"

#define TALK_LIMIT_NS	(3600 * SIM_NS_PER_S)

static uint32_t sometimes(struct sim_rng *rng, uint32_t most_ppb)
{
	return sim_rng_chance(rng, 60 * SIM_PERCENT) ?
	       (uint32_t)sim_rng_below(rng, most_ppb) : 0;
}

static void draw_path(struct sim_rng *rng, struct sim_link_config *link)
{
	*link = (struct sim_link_config){
		.delay_ns = sim_rng_below(rng, 30 * SIM_NS_PER_MS),
		.loss_ppb = sometimes(rng, 10 * SIM_PERCENT),
		.reorder_ppb = sometimes(rng, 10 * SIM_PERCENT),
		.reorder_ns = 5 * SIM_NS_PER_MS,
		.duplicate_ppb = sometimes(rng, 10 * SIM_PERCENT),
		.rate_bps = 1000000 * sim_rng_between(rng, 10, 1000),
		.queue.limit_bytes = 300000,
	};
}

static void draw_tcp(struct sim_rng *rng, struct nx_tcp_config *tcp)
{
	if (sim_rng_chance(rng, 40 * SIM_PERCENT)) {
		tcp->rcv_buf_bytes = (uint32_t)sim_rng_between(rng, 100, 20000);
		tcp->rcv_max_bytes = tcp->rcv_buf_bytes;
	}
	/* Who loses its peer learns of it. */
	tcp->keep_idle_ms = (uint32_t)sim_rng_between(rng, 20, 10000);
	tcp->keep_intvl_ms = 2000;
	tcp->delack_us = (uint32_t)sim_rng_between(rng, 1000, 40000);
}

static void draw_app(struct sim_rng *rng, struct sim_app_config *app)
{
	*app = (struct sim_app_config){
		.send_bytes = sim_rng_between(rng, 1000, 100000),
		.write_max = (uint32_t)sim_rng_between(rng, 100, 3000),
		.write_pause_ns = sim_rng_between(rng, 1, 20 * SIM_NS_PER_MS),
		.is_keepalive = true,
	};
	if (sim_rng_chance(rng, 10 * SIM_PERCENT))
		app->abort_ns = sim_rng_between(rng, 1, SIM_NS_PER_S);
	if (sim_rng_chance(rng, 30 * SIM_PERCENT))
		app->read_pause_ns = sim_rng_between(rng, 1, 50 * SIM_NS_PER_MS);
}

void sim_talk_run(struct sim_trial *trial)
{
	struct sim_world_config config = sim_trial_world(trial);
	struct sim_conn *client, *server;
	struct sim_app_config app;
	struct sim_world world;

	draw_path(&trial->rng, &config.there);
	draw_path(&trial->rng, &config.back);
	draw_tcp(&trial->rng, &config.hosts[0].tcp);
	draw_tcp(&trial->rng, &config.hosts[1].tcp);
	draw_app(&trial->rng, &app);
	draw_app(&trial->rng, &config.hosts[1].server);
	sim_world_init(&world, &config);
	client = sim_host_connect(&world.hosts[0], 10000, 80, &app);
	sim_world_run(&world, TALK_LIMIT_NS);
	server = world.hosts[1].over;
	if (!sim_world_has_failed(&world) && !app.abort_ns &&
	    !config.hosts[1].server.abort_ns &&
	    (!server || !sim_app_is_done(&client->app, &server->app) ||
	     !sim_app_is_done(&server->app, &client->app)))
		sim_world_fail(&world, "not all bytes came");
	snprintf(trial->summary, sizeof(trial->summary), "%u segments, %.1f s",
		 client->tcp.stats.segs_out + client->tcp.stats.segs_in,
		 (double)world.clock.now_ns / 1e9);
	trial->nr_conns = 1;
	sim_trial_end(trial, &world);
}
