/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scenarios, and a trial of one with a seed.
 */
#ifndef SIM_TRIAL_H
#define SIM_TRIAL_H

#include "svg.h"
#include "world.h"

/**
 * struct sim_trial - one run of a scenario
 * @seed:    what is random in it comes from it
 * @lines, @pcap: see struct sim_trace
 * @features_on, @features_off: NX_TCP_HAS_* that its connections have whatever the
 *           scenario says, and have not
 * @has_digests: states of connections are in the hash
 * @plot:    gets lines of what changes over time, or NULL
 * @rng:     the scenario's own stream
 * @failure: what went wrong, or ""
 * @summary: in words, what came out
 * @hash:    of the trace
 * @nr_conns: connections in it
 * @virtual_ns: how long it took there
 */
struct sim_trial {
	uint64_t	seed;
	FILE		*lines;
	FILE		*pcap;
	uint32_t	features_on;
	uint32_t	features_off;
	bool		has_digests;
	struct sim_plot	*plot;
	struct sim_rng	rng;
	char		failure[SIM_FAILURE_MAX];
	char		summary[SIM_FAILURE_MAX];
	uint64_t	hash;
	uint64_t	nr_conns;
	uint64_t	virtual_ns;
};

/**
 * struct sim_scenario - a kind of run
 * @name:  on the command line
 * @about: one line
 * @run:   does it
 */
struct sim_scenario {
	const char	*name;
	const char	*about;
	void		(*run)(struct sim_trial *trial);
};

/* All there are; the last has no name. */
extern const struct sim_scenario sim_scenarios[];

/** sim_scenario_find - a scenario by its name, or NULL */
const struct sim_scenario *sim_scenario_find(const char *name);

/**
 * sim_trial_run - run a scenario
 * @trial:    out; @seed, @lines, @pcap, @features_*, @has_digests and @plot are in
 * @scenario: which
 *
 * Return: true if nothing went wrong.
 */
bool sim_trial_run(struct sim_trial *trial, const struct sim_scenario *scenario);

/** sim_trial_world - what a world of this trial begins with: a perfect path */
struct sim_world_config sim_trial_world(const struct sim_trial *trial);

/** sim_plot_describe - a diagram of congestion windows; none if it is NULL */
void sim_plot_describe(struct sim_plot *plot, const char *title);

/** sim_trial_end - take the world's results, and end it */
void sim_trial_end(struct sim_trial *trial, struct sim_world *world);

/** sim_check - run what judges the library, print KTAP; the exit status */
int sim_check(uint64_t seed);

void sim_bulk_run(struct sim_trial *trial);
void sim_talk_run(struct sim_trial *trial);
void sim_churn_run(struct sim_trial *trial);
void sim_cubic_run(struct sim_trial *trial);
void sim_friendly_run(struct sim_trial *trial);
void sim_reno_run(struct sim_trial *trial);
void sim_share_run(struct sim_trial *trial);
void sim_share_reno_run(struct sim_trial *trial);
void sim_share_ecn_run(struct sim_trial *trial);
void sim_loss_run(struct sim_trial *trial);
void sim_reorder_run(struct sim_trial *trial);
void sim_early_run(struct sim_trial *trial);
void sim_mtu_run(struct sim_trial *trial);
void sim_hole_run(struct sim_trial *trial);
void sim_window_run(struct sim_trial *trial);

#endif /* SIM_TRIAL_H */
