// SPDX-License-Identifier: GPL-2.0
/*
 * How much of a bad path is used: with random loss, beside the response function
 * that the RFC gives; with reordering, beside the link's rate.
 */
#include <math.h>

#include "trial.h"

#define MSS		1448
#define WARM_NS		(20 * SIM_NS_PER_S)

/*
 * RFC 9438 section 4.3 and its reference to AIMD: with alpha = 3 (1 - beta) /
 * (1 + beta) CUBIC's average window is Reno's, sqrt(3 / (2 p)) segments, and
 * section 5.2, equation 8, gives less here: 100 ms and 1 % is Reno's country.
 */
static double response_bps(double p, double rtt_s)
{
	double reno = sqrt(1.5 / p);
	double cubic = 1.054 * pow(rtt_s / p, 0.75);

	return fmax(reno, cubic) * MSS * 8 / rtt_s;
}

/* Bits a second that arrive, from WARM_NS on. */
static double run_path(struct sim_trial *trial, struct sim_world *world,
		       uint64_t length_ns)
{
	struct sim_app_config app = { .send_bytes = UINT64_MAX / 2,
				      .write_max = 65536 };
	struct sim_conn *client, *server;
	uint64_t before;

	client = sim_host_connect(&world->hosts[0], 10000, 80, &app);
	if (trial->plot)
		client->cwnd = sim_plot_add(trial->plot, "CUBIC", false);
	sim_world_pass(world, WARM_NS);
	server = sim_host_find(&world->hosts[1], 80, 10000);
	if (!server || sim_world_has_failed(world))
		return 0;
	before = server->app.received;
	sim_world_pass(world, WARM_NS + length_ns);
	return (double)(server->app.received - before) * 8e9 / (double)length_ns;
}

/*
 * Random loss is not periodic loss, for which the function holds; timeouts are
 * not in it either.
 */
#define RESPONSE_MIN	0.85
#define RESPONSE_MAX	1.4

void sim_loss_run(struct sim_trial *trial)
{
	struct sim_world_config config = sim_trial_world(trial);
	double bps, should = response_bps(0.01, 0.1);
	struct sim_world world;

	config.there.delay_ns = config.back.delay_ns = 50 * SIM_NS_PER_MS;
	config.there.loss_ppb = SIM_PERCENT;
	config.there.rate_bps = config.back.rate_bps = 100000000;
	config.there.queue.limit_bytes = 1000000;
	sim_plot_describe(trial->plot, "CUBIC over 100 ms with 1 % loss");
	sim_world_init(&world, &config);
	bps = run_path(trial, &world, 300 * SIM_NS_PER_S);
	snprintf(trial->summary, sizeof(trial->summary),
		 "%.2f Mbit/s, the response function has %.2f", bps / 1e6,
		 should / 1e6);
	if (bps < RESPONSE_MIN * should || bps > RESPONSE_MAX * should)
		sim_world_fail(&world, "%s", trial->summary);
	trial->nr_conns = 1;
	sim_trial_end(trial, &world);
}

#define EARLY_BPS	20000000
#define EARLY_MIN	0.95
/* Of a hundred segments, so many may be sent again, for nothing. */
#define EARLY_AGAIN_MAX	1

static uint32_t nr_sent_again(struct sim_world *world)
{
	struct sim_conn *client = sim_host_find(&world->hosts[0], 10000, 80);

	return client ? client->tcp.stats.nr_retrans : UINT32_MAX;
}

void sim_early_run(struct sim_trial *trial)
{
	struct sim_world_config config = sim_trial_world(trial);
	struct sim_world world;
	uint32_t again;
	double bps;

	config.there.delay_ns = config.back.delay_ns = 5 * SIM_NS_PER_MS;
	config.there.rate_bps = EARLY_BPS;
	config.there.queue.limit_bytes = 15000000;
	config.there.early_ppb = 5 * SIM_PERCENT;
	sim_plot_describe(trial->plot,
			  "CUBIC over 10 ms and a deep queue, which 5 % of the packets pass");
	sim_world_init(&world, &config);
	bps = run_path(trial, &world, 20 * SIM_NS_PER_S);
	again = nr_sent_again(&world);
	snprintf(trial->summary, sizeof(trial->summary),
		 "%.1f of %.1f Mbit/s, %u sent again", bps / 1e6,
		 EARLY_BPS / 1e6, again);
	if (bps < EARLY_MIN * EARLY_BPS ||
	    again * 100.0 > EARLY_AGAIN_MAX * (double)world.links[0].nr_sent)
		sim_world_fail(&world, "%s", trial->summary);
	trial->nr_conns = 1;
	sim_trial_end(trial, &world);
}

#define REORDER_BPS	100000000
/* Headers are a twentieth of it. */
#define REORDER_MIN	0.8

void sim_reorder_run(struct sim_trial *trial)
{
	struct sim_world_config config = sim_trial_world(trial);
	struct sim_world world;
	double bps;

	config.there.delay_ns = config.back.delay_ns = 5 * SIM_NS_PER_MS;
	config.there.rate_bps = config.back.rate_bps = REORDER_BPS;
	config.there.queue.limit_bytes = 250000;
	config.there.reorder_ppb = 5 * SIM_PERCENT;
	config.there.reorder_ns = 4 * SIM_NS_PER_MS;
	sim_plot_describe(trial->plot,
			  "CUBIC over 10 ms, 5 % of the packets up to 4 ms late");
	sim_world_init(&world, &config);
	bps = run_path(trial, &world, 10 * SIM_NS_PER_S);
	snprintf(trial->summary, sizeof(trial->summary),
		 "%.1f of %.1f Mbit/s", bps / 1e6, REORDER_BPS / 1e6);
	if (bps < REORDER_MIN * REORDER_BPS)
		sim_world_fail(&world, "%s", trial->summary);
	trial->nr_conns = 1;
	sim_trial_end(trial, &world);
}
