// SPDX-License-Identifier: GPL-2.0
/*
 * Trials: what all scenarios have in common.
 */
#include <string.h>

#include "trial.h"

const struct sim_scenario sim_scenarios[] = {
	{ "bulk", "megabytes both ways; delay and loss by the seed modulo 9",
	  sim_bulk_run },
	{ "churn", "one short connection, everything about it random",
	  sim_churn_run },
	{ 0 },
};

bool sim_trial_run(struct sim_trial *trial, const struct sim_scenario *scenario)
{
	sim_rng_seed(&trial->rng, trial->seed, 1000);
	trial->failure[0] = '\0';
	trial->summary[0] = '\0';
	trial->hash = 0;
	trial->nr_conns = 0;
	trial->virtual_ns = 0;
	scenario->run(trial);
	return !trial->failure[0];
}

struct sim_world_config sim_trial_world(const struct sim_trial *trial)
{
	struct sim_world_config config = {
		.seed = trial->seed,
		.lines = trial->lines,
		.pcap = trial->pcap,
	};

	for (int i = 0; i < 2; i++) {
		config.hosts[i].tcp = nx_tcp_config_default;
		config.hosts[i].version = 4;
		config.hosts[i].mtu = 1500;
	}
	config.hosts[1].is_listening = true;
	return config;
}

void sim_trial_end(struct sim_trial *trial, struct sim_world *world)
{
	trial->virtual_ns += world->clock.now_ns;
	sim_world_exit(world);
	trial->hash = sim_mix(trial->hash ^ world->trace.hash);
	if (!trial->failure[0])
		strcpy(trial->failure, world->failure);
}
