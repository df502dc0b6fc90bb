// SPDX-License-Identifier: GPL-2.0
/*
 * What judges the library in "make check": bounded, and the same each time.
 */
#include "ktap.h"
#include "trial.h"

/* Runs a scenario with many seeds; tells the first that fails, if one does. */
static bool run_many(const struct sim_scenario *scenario, uint64_t seed,
		     uint64_t count, uint64_t step)
{
	struct sim_trial trial = { 0 };
	uint64_t nr_failed = 0;

	for (uint64_t i = 0; i < count; i++) {
		trial.seed = seed + i * step;
		if (sim_trial_run(&trial, scenario))
			continue;
		if (!nr_failed++)
			ktap_say("%s --seed %llu: %s", scenario->name,
				 (unsigned long long)trial.seed, trial.failure);
	}
	if (nr_failed > 1)
		ktap_say("%llu of %llu fail", (unsigned long long)nr_failed,
			 (unsigned long long)count);
	return !nr_failed;
}

#define BULK_RUNS	4

static void check_bulk(uint64_t seed)
{
	static const struct sim_scenario bulk = { .name = "bulk",
						  .run = sim_bulk_run };
	static const int delays_ms[] = { 0, 10, 100 }, losses[] = { 0, 1, 5 };

	/* The seed modulo 9 says which path. */
	seed -= seed % 9;
	for (unsigned int path = 0; path < 9; path++)
		ktap_ok(run_many(&bulk, seed + path, BULK_RUNS, 9),
			"TCP-1 TCP-2 bulk both ways at once: %d ms, %d %% loss, "
			"reordering, duplication, corruption, from seed %llu: every "
			"byte right, and it ends", delays_ms[path % 3],
			losses[path / 3], (unsigned long long)(seed + path));
}

#define CHURN_RUNS	3000

static void check_churn(uint64_t seed)
{
	static const struct sim_scenario churn = { .name = "churn",
						   .run = sim_churn_run };

	ktap_ok(run_many(&churn, seed, CHURN_RUNS, 1),
		"TCP-7 %d connections about which everything is random, seeds %llu "
		"to %llu: none hangs, no invariant is broken", CHURN_RUNS,
		(unsigned long long)seed,
		(unsigned long long)(seed + CHURN_RUNS - 1));
}

/* Twice the same, and the next seed another. */
static void check_replay(const struct sim_scenario *scenario, uint64_t seed)
{
	struct sim_trial trial[3] = {
		{ .seed = seed }, { .seed = seed }, { .seed = seed + 1 },
	};

	for (int i = 0; i < 3; i++)
		sim_trial_run(&trial[i], scenario);
	ktap_ok(trial[0].hash == trial[1].hash && trial[0].hash != trial[2].hash,
		"TCP-7 %s: seed %llu gives the same trace again, %016llx",
		scenario->name, (unsigned long long)seed,
		(unsigned long long)trial[0].hash);
}

int sim_check(uint64_t seed)
{
	ktap_begin();
	check_bulk(seed);
	check_churn(seed);
	for (const struct sim_scenario *s = sim_scenarios; s->name; s++)
		check_replay(s, seed);
	return ktap_end();
}
