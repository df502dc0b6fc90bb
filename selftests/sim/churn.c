// SPDX-License-Identifier: GPL-2.0
/*
 * One short connection about which everything is random: path, options, buffers,
 * windows, who opens, who closes, who gives up.
 */
#include <string.h>

#include "trial.h"

/* A day: probes of a window that stays closed are minutes apart. */
#define CHURN_LIMIT_NS	(86400 * SIM_NS_PER_S)

static uint32_t maybe(struct sim_rng *rng, uint32_t percent, uint32_t ppb)
{
	return sim_rng_chance(rng, percent * SIM_PERCENT) ?
	       (uint32_t)sim_rng_below(rng, ppb) : 0;
}

/* A number whose length in bits is even. */
static uint64_t skewed(struct sim_rng *rng, unsigned int bits)
{
	return sim_rng_next(rng) >> (64 - sim_rng_between(rng, 1, bits));
}

static void draw_path(struct sim_rng *rng, struct sim_link_config *link)
{
	*link = (struct sim_link_config){
		.delay_ns = skewed(rng, 28),
		.loss_ppb = maybe(rng, 50, 20 * SIM_PERCENT),
		.burst_ppb = maybe(rng, 10, 5 * SIM_PERCENT),
		.burst_end_ppb = 20 * SIM_PERCENT,
		.burst_loss_ppb = SIM_ALWAYS,
		.reorder_ppb = maybe(rng, 30, 50 * SIM_PERCENT),
		.reorder_ns = skewed(rng, 30),
		.duplicate_ppb = maybe(rng, 30, 30 * SIM_PERCENT),
		.corrupt_ppb = maybe(rng, 20, 10 * SIM_PERCENT),
	};
	if (sim_rng_chance(rng, 70 * SIM_PERCENT)) {
		link->rate_bps = 9600 + skewed(rng, 32);
		link->queue.limit_bytes = 2000 + skewed(rng, 18);
	}
	if (sim_rng_chance(rng, 20 * SIM_PERCENT)) {
		link->queue.is_codel = true;
		link->queue.has_ecn = sim_rng_chance(rng, 50 * SIM_PERCENT);
	}
}

static void draw_tcp(struct sim_rng *rng, struct nx_tcp_config *tcp)
{
	*tcp = nx_tcp_config_default;
	/* Any of NX_TCP_HAS_*. */
	tcp->features = (uint32_t)sim_rng_next(rng);
	if (sim_rng_chance(rng, 50 * SIM_PERCENT))
		tcp->rcv_buf_bytes = 1 + (uint32_t)skewed(rng, 20);
	if (sim_rng_chance(rng, 30 * SIM_PERCENT))
		tcp->snd_buf_bytes = 1 + (uint32_t)skewed(rng, 20);
	if (sim_rng_chance(rng, 50 * SIM_PERCENT))
		tcp->gso_max_bytes = 0;
	tcp->ecn = (uint8_t)sim_rng_below(rng, 3);
	if (sim_rng_chance(rng, 30 * SIM_PERCENT))
		tcp->cc = &nx_tcp_newreno;
	/* Who loses its peer learns of it. */
	tcp->keep_idle_ms = 60000;
	tcp->keep_intvl_ms = 10000;
	tcp->keep_probes = 6;
}

static void draw_app(struct sim_rng *rng, struct sim_app_config *app)
{
	*app = (struct sim_app_config){
		.send_bytes = skewed(rng, 16),
		.write_max = 1 + (uint32_t)skewed(rng, 14),
		.close = sim_rng_chance(rng, 30 * SIM_PERCENT) ?
			 SIM_CLOSE_AFTER_PEER : SIM_CLOSE_WHEN_SENT,
		.is_keepalive = true,
	};
	if (sim_rng_chance(rng, 20 * SIM_PERCENT))
		app->write_pause_ns = skewed(rng, 28);
	if (sim_rng_chance(rng, 20 * SIM_PERCENT)) {
		app->read_pause_ns = 1 + skewed(rng, 32);
		app->read_max = 1 + (uint32_t)skewed(rng, 16);
	}
	if (sim_rng_chance(rng, 5 * SIM_PERCENT))
		app->abort_ns = 1 + skewed(rng, 30);
}

/*
 * A window of one byte takes a round trip, or a timeout, for each byte: a day must
 * do for all.
 */
#define WINDOWS_MAX	1000

static void fit_bytes(struct sim_app_config *app, const struct nx_tcp_config *from,
		      const struct nx_tcp_config *to)
{
	uint64_t window = from->snd_buf_bytes < to->rcv_buf_bytes ?
			  from->snd_buf_bytes : to->rcv_buf_bytes;

	if (app->send_bytes > WINDOWS_MAX * window)
		app->send_bytes = WINDOWS_MAX * window;
}

/* Half of those that know a server's cookie, at one that takes their data. */
static void draw_fast_open(struct sim_rng *rng, struct sim_host_config *hosts)
{
	for (int i = 0; i < 2; i++) {
		if (sim_rng_chance(rng, 50 * SIM_PERCENT))
			hosts[i].fast_open = SIM_FAST_OPEN_KNOWS;
		else
			hosts[i].fast_open = sim_rng_below(rng, SIM_FAST_OPEN_NR);
		if (sim_rng_chance(rng, 80 * SIM_PERCENT))
			hosts[i].early_max = (uint32_t)skewed(rng, 4);
	}
}

static void draw_world(struct sim_rng *rng, struct sim_world_config *config)
{
	unsigned int version = sim_rng_chance(rng, 50 * SIM_PERCENT) ? 6 : 4;

	draw_path(rng, &config->there);
	draw_path(rng, &config->back);
	for (int i = 0; i < 2; i++) {
		struct sim_host_config *host = &config->hosts[i];

		host->version = version;
		/* RFC 8200 section 5 and RFC 791: what every link carries. */
		if (sim_rng_chance(rng, 30 * SIM_PERCENT))
			host->mtu = (uint32_t)sim_rng_between(rng,
					version == 4 ? 576 : 1280, 9000);
		host->no_record_ppb = maybe(rng, 5, 10 * SIM_PERCENT);
		draw_tcp(rng, &host->tcp);
		draw_app(rng, &host->server);
	}
	for (int i = 0; i < 2; i++)
		fit_bytes(&config->hosts[i].server, &config->hosts[i].tcp,
			  &config->hosts[!i].tcp);
	if (sim_rng_chance(rng, 20 * SIM_PERCENT))
		config->hosts[1].backlog = 0;
	draw_fast_open(rng, config->hosts);
	/* Both must not wait for the other to close. */
	if (config->hosts[0].server.close == SIM_CLOSE_AFTER_PEER)
		config->hosts[1].server.close = SIM_CLOSE_WHEN_SENT;
}

/* A connection that nobody and nothing ended has delivered every byte. */
static void judge(struct sim_world *world)
{
	const struct sim_conn *a = world->hosts[0].over, *b = world->hosts[1].over;

	if (sim_world_has_failed(world) || !a || !b || a->next || b->next)
		return;
	if (a->tcp.err || b->tcp.err || a->app.has_aborted || b->app.has_aborted)
		return;
	if (!sim_app_is_done(&a->app, &b->app) ||
	    !sim_app_is_done(&b->app, &a->app))
		sim_world_fail(world, "both ends closed in peace, but %llu of %llu "
			       "and %llu of %llu bytes came",
			       (unsigned long long)b->app.received,
			       (unsigned long long)a->app.config.send_bytes,
			       (unsigned long long)a->app.received,
			       (unsigned long long)b->app.config.send_bytes);
}

/* The client is done, the server perhaps not: the same ports once more. */
static void connect_again(struct sim_trial *trial, struct sim_world *world,
			  const struct sim_conn *client)
{
	while (!client->is_over && !sim_world_has_failed(world) &&
	       sim_clock_step(&world->clock, CHURN_LIMIT_NS))
		;
	if (sim_rng_chance(&trial->rng, 50 * SIM_PERCENT))
		sim_world_pass(world, world->clock.now_ns +
			       skewed(&trial->rng, 36));
	if (client->is_over && !sim_world_has_failed(world))
		sim_host_connect(&world->hosts[0], 10000, 80,
				 &world->config.hosts[0].server);
}

void sim_churn_run(struct sim_trial *trial)
{
	struct sim_world_config config = sim_trial_world(trial);
	bool is_simultaneous = sim_rng_chance(&trial->rng, 10 * SIM_PERCENT);
	struct sim_conn *client;
	struct sim_world world;

	draw_world(&trial->rng, &config);
	config.hosts[1].is_listening = !is_simultaneous;
	sim_world_init(&world, &config);
	client = sim_host_connect(&world.hosts[0], 10000, 80,
				  &config.hosts[0].server);
	/* Simultaneous open: the second SYN leaves while the first travels. */
	if (is_simultaneous) {
		sim_world_pass(&world, sim_rng_below(&trial->rng,
					config.there.delay_ns + 1));
		if (!sim_world_has_failed(&world) &&
		    !sim_host_find(&world.hosts[1], 80, 10000))
			sim_host_connect(&world.hosts[1], 80, 10000,
					 &config.hosts[1].server);
	}
	if (!is_simultaneous &&
	    sim_rng_chance(&trial->rng, 30 * SIM_PERCENT))
		connect_again(trial, &world, client);
	sim_world_run(&world, 2 * CHURN_LIMIT_NS);
	judge(&world);
	snprintf(trial->summary, sizeof(trial->summary), "%.3f s",
		 (double)world.clock.now_ns / 1e9);
	trial->nr_conns = 1;
	sim_trial_end(trial, &world);
}
