// SPDX-License-Identifier: GPL-2.0
/*
 * A path with a smaller MTU than both ends have, which a router tells, or which
 * only silence tells.
 */
#include "trial.h"

#define MTU_BYTES	1000000
/* A black hole costs a few timeouts, and no more. */
#define MTU_LIMIT_NS	(60 * SIM_NS_PER_S)

static void run_mtu(struct sim_trial *trial, bool is_black_hole)
{
	struct sim_world_config config = sim_trial_world(trial);
	struct sim_app_config app = { .send_bytes = MTU_BYTES };
	struct sim_conn *client;
	struct sim_world world;

	config.there.delay_ns = config.back.delay_ns = 10 * SIM_NS_PER_MS;
	config.there.mtu = (uint32_t)sim_rng_between(&trial->rng, 1280, 1499);
	config.there.is_black_hole = is_black_hole;
	config.hosts[0].version = config.hosts[1].version =
		sim_rng_chance(&trial->rng, 50 * SIM_PERCENT) ? 6 : 4;
	config.hosts[1].server.close = SIM_CLOSE_AFTER_PEER;
	sim_world_init(&world, &config);
	client = sim_host_connect(&world.hosts[0], 10000, 80, &app);
	sim_world_run(&world, MTU_LIMIT_NS + 300 * SIM_NS_PER_S);
	if (!world.hosts[1].over ||
	    world.hosts[1].over->app.received != MTU_BYTES ||
	    world.hosts[1].over->app.end_ns > MTU_LIMIT_NS)
		sim_world_fail(&world, "MTU %u: not all bytes came in time",
			       config.there.mtu);
	else if (is_black_hole ? client->tcp.mtu > config.there.mtu :
				 client->tcp.mtu != config.there.mtu)
		sim_world_fail(&world, "MTU %u, but %u is believed",
			       config.there.mtu, client->tcp.mtu);
	else
		snprintf(trial->summary, sizeof(trial->summary),
			 "MTU %u, found %u, %.1f s", config.there.mtu,
			 client->tcp.mtu,
			 (double)world.hosts[1].over->app.end_ns / 1e9);
	trial->nr_conns = 1;
	sim_trial_end(trial, &world);
}

void sim_mtu_run(struct sim_trial *trial)
{
	run_mtu(trial, false);
}

void sim_hole_run(struct sim_trial *trial)
{
	run_mtu(trial, true);
}
