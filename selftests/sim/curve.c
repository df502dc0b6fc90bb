// SPDX-License-Identifier: GPL-2.0
/*
 * The congestion window after a single loss, beside the function that the RFC
 * gives: CUBIC's (RFC 9438 section 4.2), Reno's (RFC 5681 section 3.1).
 */
#include <math.h>
#include <string.h>

#include "trial.h"

/* RFC 9438 sections 4.2 and 4.6. */
#define CUBIC_C		0.4
#define CUBIC_BETA	0.7
/* RFC 9438 section 4.3. */
#define CUBIC_ALPHA	(3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA))

/* How far the window may be from the function, of the window. */
#define TOLERANCE	0.02
/* The loss comes when the window has so many segments. */
#define SEGMENTS	300
#define SAMPLES		200

/* One algorithm on one path. */
struct curve {
	const char			*name;
	const struct nx_tcp_cc_ops	*cc;
	double				rtt_s;
	double				length_s;
	/* What the window should be @t_s after the reduction from @w_max. */
	double				(*expected)(double w_max, double t_s,
						    double rtt_s);
};

static double cubic_w(double w_max, double t_s, double rtt_s)
{
	double k = cbrt(w_max * (1 - CUBIC_BETA) / CUBIC_C), reno;

	/* Reno's estimate: by alpha a round trip, then by one (section 4.3). */
	reno = CUBIC_BETA * w_max + CUBIC_ALPHA * t_s / rtt_s;
	if (reno > w_max)
		reno = w_max + (reno - w_max) / CUBIC_ALPHA;
	return fmax(CUBIC_C * pow(t_s - k, 3) + w_max, reno);
}

static double reno_w(double w_max, double t_s, double rtt_s)
{
	return w_max / 2 + t_s / rtt_s;
}

static const struct curve curves[] = {
	{ "CUBIC", &nx_tcp_cubic, 0.1, 14, cubic_w },
	/* The round trip is short: Reno would have more. */
	{ "CUBIC beside Reno", &nx_tcp_cubic, 0.01, 4, cubic_w },
	{ "NewReno", &nx_tcp_newreno, 0.1, 20, reno_w },
};

/* Lets the window grow to SEGMENTS, loses one segment, waits for the recovery. */
static bool lose_one(struct sim_world *world, struct sim_conn *client,
		     double *w_max)
{
	const struct nx_tcp *tcp = &client->tcp;

	while (!sim_world_has_failed(world) &&
	       (!tcp->cc.mss || tcp->cc.cwnd < SEGMENTS * tcp->cc.mss))
		if (!sim_clock_step(&world->clock, 60 * SIM_NS_PER_S))
			return false;
	world->links[0].nr_doomed = 1;
	while (!sim_world_has_failed(world) && tcp->recovery == NX_TCP_OPEN) {
		*w_max = (double)tcp->cc.cwnd / tcp->cc.mss;
		if (!sim_clock_step(&world->clock, 60 * SIM_NS_PER_S))
			return false;
	}
	while (!sim_world_has_failed(world) && tcp->recovery != NX_TCP_OPEN)
		if (!sim_clock_step(&world->clock, 60 * SIM_NS_PER_S))
			return false;
	return !sim_world_has_failed(world);
}

/* Returns the largest deviation. */
static double follow(struct sim_world *world, const struct sim_conn *client,
		     const struct curve *curve, double w_max,
		     struct sim_series *expected)
{
	double start_s = (double)world->clock.now_ns / 1e9, worst = 0;

	for (int i = 1; i <= SAMPLES; i++) {
		double t_s = curve->length_s * i / SAMPLES, w, should;

		sim_world_pass(world, (uint64_t)((start_s + t_s) * 1e9));
		w = (double)client->tcp.cc.cwnd / client->tcp.cc.mss;
		should = curve->expected(w_max, t_s, curve->rtt_s);
		worst = fmax(worst, fabs(w - should) / should);
		if (expected)
			sim_series_add(expected, start_s + t_s, should);
	}
	return worst;
}

static void run_one(struct sim_trial *trial, const struct curve *curve)
{
	struct sim_world_config config = sim_trial_world(trial);
	struct sim_app_config app = { .send_bytes = UINT64_MAX / 2,
				      .write_max = 65536 };
	struct sim_series *expected = NULL;
	struct sim_conn *client;
	struct sim_world world;
	double w_max = 0, worst;

	config.there.delay_ns = (uint64_t)(curve->rtt_s / 2 * 1e9);
	config.back.delay_ns = config.there.delay_ns;
	config.hosts[0].tcp.cc = curve->cc;
	config.hosts[1].tcp.rcv_buf_bytes = 8 << 20;
	config.hosts[1].tcp.rcv_max_bytes = 8 << 20;
	sim_world_init(&world, &config);
	client = sim_host_connect(&world.hosts[0], 10000, 80, &app);
	if (trial->plot) {
		client->cwnd = sim_plot_add(trial->plot, curve->name, false);
		expected = sim_plot_add(trial->plot, "as the RFC has it", true);
	}
	if (!lose_one(&world, client, &w_max))
		sim_world_fail(&world, "%s: no loss, or no end of it", curve->name);
	worst = follow(&world, client, curve, w_max, expected);
	if (worst > TOLERANCE)
		sim_world_fail(&world, "%s: %.1f %% from the RFC's curve",
			       curve->name, 100 * worst);
	snprintf(trial->summary + strlen(trial->summary),
		 sizeof(trial->summary) - strlen(trial->summary),
		 "%s%s within %.1f %%", trial->summary[0] ? ", " : "",
		 curve->name, 100 * worst);
	trial->nr_conns++;
	sim_trial_end(trial, &world);
}

void sim_cubic_run(struct sim_trial *trial)
{
	sim_plot_describe(trial->plot, "CUBIC after a loss, round trip 100 ms");
	run_one(trial, &curves[0]);
}

void sim_friendly_run(struct sim_trial *trial)
{
	sim_plot_describe(trial->plot, "CUBIC after a loss, round trip 10 ms: as Reno");
	run_one(trial, &curves[1]);
}

void sim_reno_run(struct sim_trial *trial)
{
	sim_plot_describe(trial->plot, "NewReno after a loss, round trip 100 ms");
	run_one(trial, &curves[2]);
}
