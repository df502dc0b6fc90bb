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
	{ "talk", "a few bytes at a time, both ways", sim_talk_run },
	{ "cubic", "CUBIC's window after a loss, beside RFC 9438's function",
	  sim_cubic_run },
	{ "friendly", "the same where Reno would have the larger window",
	  sim_friendly_run },
	{ "reno", "NewReno's window after a loss, beside RFC 5681's line",
	  sim_reno_run },
	{ "share", "CUBIC flows share a bottleneck", sim_share_run },
	{ "share-reno", "NewReno flows do", sim_share_reno_run },
	{ "share-ecn", "CUBIC flows with AccECN do, before CoDel that marks",
	  sim_share_ecn_run },
	{ "loss", "goodput over 100 ms with 1 % loss", sim_loss_run },
	{ "reorder", "goodput over 10 ms with 5 % reordering", sim_reorder_run },
	{ "early", "the same where they pass a deep queue", sim_early_run },
	{ "mtu", "a router tells that packets are too big", sim_mtu_run },
	{ "hole", "a router drops them without a word", sim_hole_run },
	{ "window", "the receive window that tunes itself, beside fixed ones",
	  sim_window_run },
	{ 0 },
};

const struct sim_scenario *sim_scenario_find(const char *name)
{
	for (const struct sim_scenario *s = sim_scenarios; s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

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

void sim_plot_describe(struct sim_plot *plot, const char *title)
{
	if (!plot)
		return;
	plot->title = title;
	plot->x_label = "time, s";
	plot->y_label = "congestion window, segments";
}

struct sim_world_config sim_trial_world(const struct sim_trial *trial)
{
	struct sim_world_config config = {
		.seed = trial->seed,
		.lines = trial->lines,
		.pcap = trial->pcap,
		.features_on = trial->features_on,
		.features_off = trial->features_off,
		.has_digests = trial->has_digests,
	};

	for (int i = 0; i < 2; i++) {
		config.hosts[i].tcp = nx_tcp_config_default;
		config.hosts[i].version = 4;
		config.hosts[i].mtu = 1500;
	}
	config.hosts[1].is_listening = true;
	config.hosts[1].backlog = 128;
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
