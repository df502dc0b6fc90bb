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
	static const int delays_ms[] = { 0, 10, 100 }, losses[] = { 0, 1, 5 };

	/* The seed modulo 9 says which path. */
	seed -= seed % 9;
	for (unsigned int path = 0; path < 9; path++)
		ktap_ok(run_many(sim_scenario_find("bulk"), seed + path, BULK_RUNS, 9),
			"TCP-1 TCP-2 bulk both ways at once: %d ms, %d %% loss, "
			"reordering, duplication, corruption, from seed %llu: every "
			"byte right, and it ends", delays_ms[path % 3],
			losses[path / 3], (unsigned long long)(seed + path));
}

#define CHURN_RUNS	3000
#define CHURN_REPLAYS	3

static void check_churn(uint64_t seed)
{
	ktap_ok(run_many(sim_scenario_find("churn"), seed, CHURN_RUNS, 1),
		"TCP-7 %d connections about which everything is random, seeds %llu "
		"to %llu: none hangs, no invariant is broken", CHURN_RUNS,
		(unsigned long long)seed,
		(unsigned long long)(seed + CHURN_RUNS - 1));
}

/* Scenarios that judge themselves, and what they show. */
static const struct {
	const char	*name;
	uint64_t	count;
	const char	*title;
} judges[] = {
	{ "cubic", 1, "TCP-5 CUBIC's window after a loss is RFC 9438's function" },
	{ "friendly", 1, "TCP-5 CUBIC's window is Reno's where that is larger" },
	{ "reno", 1, "TCP-5 NewReno's window after a loss is RFC 5681's line" },
	{ "share", 2, "TCP-5 CUBIC flows over one bottleneck share it and fill it" },
	{ "share-reno", 2, "TCP-5 NewReno flows share a bottleneck and fill it" },
	{ "share-ecn", 2, "TCP-6 flows with AccECN share a bottleneck that marks" },
	{ "loss", 12, "TCP-9 goodput over 100 ms with 1 % loss is what RFC 9438's "
	  "response function has" },
	{ "reorder", 2, "TCP-9 goodput over 10 ms with 5 % reordering is the link's "
	  "rate" },
	{ "early", 1, "TCP-9 packets that pass a deep queue are not taken for the loss "
	  "of what they passed" },
	{ "mtu", 20, "TCP-8 a router tells of a smaller MTU, and it is kept" },
	{ "hole", 20, "TCP-8 a black hole for large packets is found" },
	{ "window", 1, "TUNE-7 untouched defaults are within 10 % of the best fixed "
	  "receive buffer at 1, 10 and 100 ms" },
};

static void check_judges(uint64_t seed)
{
	for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
		const struct sim_scenario *s = sim_scenario_find(judges[i].name);

		ktap_ok(run_many(s, seed, judges[i].count, 1),
			"%s, from seed %llu", judges[i].title,
			(unsigned long long)seed);
	}
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

#define PREDICTION_RUNS	1000

/* Header prediction is a shorter way to the same, to the bit and the nanosecond. */
static void check_prediction(const char *name, uint64_t seed, uint64_t count)
{
	const struct sim_scenario *scenario = sim_scenario_find(name);
	uint64_t nr_same = 0;

	for (uint64_t i = 0; i < count; i++) {
		struct sim_trial with = {
			.seed = seed + i,
			.features_on = NX_TCP_HAS_PREDICTION,
			.has_digests = true,
		}, without = {
			.seed = seed + i,
			.features_off = NX_TCP_HAS_PREDICTION,
			.has_digests = true,
		};

		sim_trial_run(&with, scenario);
		sim_trial_run(&without, scenario);
		if (with.hash == without.hash)
			nr_same++;
		else if (nr_same == i)
			ktap_say("%s --seed %llu differs", name,
				 (unsigned long long)with.seed);
	}
	ktap_ok(nr_same == count,
		"TCP-7 %s, seeds %llu to %llu: the same segments and states with "
		"header prediction and without", name, (unsigned long long)seed,
		(unsigned long long)(seed + count - 1));
}

int sim_check(uint64_t seed)
{
	ktap_begin();
	check_bulk(seed);
	check_churn(seed);
	check_judges(seed);
	check_prediction("talk", seed, PREDICTION_RUNS);
	check_prediction("churn", seed, PREDICTION_RUNS);
	check_prediction("bulk", seed, 9);
	check_replay(sim_scenario_find("bulk"), seed);
	for (uint64_t i = 0; i < CHURN_REPLAYS; i++)
		check_replay(sim_scenario_find("churn"), seed + i);
	return ktap_end();
}
