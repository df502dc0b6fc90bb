// SPDX-License-Identifier: GPL-2.0
/*
 * Several connections over one bottleneck, begun one after the other: each gets
 * its part (Jain's index), and together they fill it.
 */
#include "trial.h"

#define NR_FLOWS_MAX	8
#define RATE_BPS	20000000u
#define DELAY_NS	(20 * SIM_NS_PER_MS)
#define SETTLE_NS	(20 * SIM_NS_PER_S)
#define MEASURE_NS	(60 * SIM_NS_PER_S)

/* What is asked for: TCP-5, and that a bottleneck is not left idle. */
#define JAIN_MIN	0.9
#define USE_MIN		0.9

static struct sim_conn *server_of(struct sim_world *world, unsigned int flow)
{
	return sim_host_find(&world->hosts[1], 80, (uint16_t)(10000 + flow));
}

/* (sum x)^2 / (n sum x^2): 1 if all have the same, 1/n if one has all. */
static double jain(const double *x, unsigned int nr)
{
	double sum = 0, squares = 0;

	for (unsigned int i = 0; i < nr; i++) {
		sum += x[i];
		squares += x[i] * x[i];
	}
	return squares > 0 ? sum * sum / (nr * squares) : 0;
}

static void open_flows(struct sim_trial *trial, struct sim_world *world,
		       unsigned int nr)
{
	static const char *const names[NR_FLOWS_MAX] = {
		"1", "2", "3", "4", "5", "6", "7", "8",
	};
	struct sim_app_config app = { .send_bytes = UINT64_MAX / 2,
				      .write_max = 65536 };

	for (unsigned int i = 0; i < nr; i++) {
		struct sim_conn *conn;

		conn = sim_host_connect(&world->hosts[0], (uint16_t)(10000 + i),
					80, &app);
		if (trial->plot)
			conn->cwnd = sim_plot_add(trial->plot, names[i], false);
		sim_world_pass(world, world->clock.now_ns +
			       sim_rng_below(&trial->rng, 2 * SIM_NS_PER_S));
	}
}

static void measure(struct sim_trial *trial, struct sim_world *world,
		    unsigned int nr)
{
	double before[NR_FLOWS_MAX], bytes[NR_FLOWS_MAX], sum = 0, use, index;

	sim_world_pass(world, world->clock.now_ns + SETTLE_NS);
	if (sim_world_has_failed(world))
		return;
	for (unsigned int i = 0; i < nr; i++)
		before[i] = (double)server_of(world, i)->app.received;
	sim_world_pass(world, world->clock.now_ns + MEASURE_NS);
	if (sim_world_has_failed(world))
		return;
	for (unsigned int i = 0; i < nr; i++) {
		bytes[i] = (double)server_of(world, i)->app.received - before[i];
		sum += bytes[i];
	}
	index = jain(bytes, nr);
	use = sum * 8 / (RATE_BPS * (double)MEASURE_NS / 1e9);
	snprintf(trial->summary, sizeof(trial->summary),
		 "%u flows, Jain's index %.3f, %.0f %% used", nr, index, 100 * use);
	if (index < JAIN_MIN || use < USE_MIN)
		sim_world_fail(world, "%s", trial->summary);
}

static void run(struct sim_trial *trial, const struct nx_tcp_cc_ops *cc,
		bool is_codel)
{
	struct sim_world_config config = sim_trial_world(trial);
	unsigned int nr = 2 + (unsigned int)sim_rng_below(&trial->rng,
							  NR_FLOWS_MAX - 1);
	struct sim_world world;

	config.there.delay_ns = config.back.delay_ns = DELAY_NS;
	config.there.rate_bps = config.back.rate_bps = RATE_BPS;
	/* One product of rate and round trip. */
	config.there.queue.limit_bytes = RATE_BPS / 8 * (2 * DELAY_NS) /
					 SIM_NS_PER_S;
	if (is_codel) {
		config.there.queue.limit_bytes *= 10;
		config.there.queue.is_codel = true;
		config.there.queue.has_ecn = true;
	}
	for (int i = 0; i < 2; i++) {
		config.hosts[i].tcp.cc = cc;
		config.hosts[i].tcp.ecn = is_codel ? NX_ECN_ACCURATE : NX_ECN_NONE;
	}
	sim_world_init(&world, &config);
	open_flows(trial, &world, nr);
	measure(trial, &world, nr);
	if (is_codel && !world.links[0].queue.nr_marked)
		sim_world_fail(&world, "CoDel has marked nothing");
	trial->nr_conns = nr;
	sim_trial_end(trial, &world);
}

void sim_share_run(struct sim_trial *trial)
{
	sim_plot_describe(trial->plot, "CUBIC flows over 20 Mbit/s, 40 ms, drop-tail");
	run(trial, &nx_tcp_cubic, false);
}

void sim_share_reno_run(struct sim_trial *trial)
{
	sim_plot_describe(trial->plot, "NewReno flows over 20 Mbit/s, 40 ms, drop-tail");
	run(trial, &nx_tcp_newreno, false);
}

void sim_share_ecn_run(struct sim_trial *trial)
{
	sim_plot_describe(trial->plot, "CUBIC flows with AccECN over 20 Mbit/s, 40 ms, CoDel");
	run(trial, &nx_tcp_cubic, true);
}
