// SPDX-License-Identifier: GPL-2.0
/*
 * Puts a world together, lets it run, and looks whether anything is left of it.
 */
#include <stdarg.h>
#include <string.h>

#include "world.h"

static void init_link(struct sim_world *world, unsigned int index)
{
	static const char *const names[2] = { ">", "<" };
	struct sim_link *link = &world->links[index];

	*link = (struct sim_link){
		.name = names[index],
		.config = index ? world->config.back : world->config.there,
		.clock = &world->clock,
		.trace = &world->trace,
		.to = &world->hosts[!index].sink,
		.from = &world->hosts[index].sink,
	};
	sim_link_init(link, world->config.seed, index);
}

void sim_world_init(struct sim_world *world,
		    const struct sim_world_config *config)
{
	*world = (struct sim_world){ .config = *config };
	world->trace.lines = config->lines;
	world->trace.pcap = config->pcap;
	sim_clock_init(&world->clock);
	for (unsigned int i = 0; i < 2; i++) {
		struct sim_host_config *host = &world->config.hosts[i];

		host->tcp.features |= config->features_on;
		host->tcp.features &= ~config->features_off;
		init_link(world, i);
		sim_host_init(&world->hosts[i], world, host, i);
	}
}

void sim_world_pass(struct sim_world *world, uint64_t until_ns)
{
	while (!sim_world_has_failed(world) &&
	       sim_clock_step(&world->clock, until_ns))
		;
}

static void describe_hang(struct sim_world *world, const char *how)
{
	for (int i = 0; i < 2; i++) {
		const struct sim_host *host = &world->hosts[i];

		for (int j = 0; j < SIM_HOST_CHAINS; j++)
			if (host->chains[j])
				sim_world_fail(world, "%s: %s in %s", host->name, how,
					       nx_tcp_state_name(host->chains[j]->tcp.state));
	}
}

void sim_world_run(struct sim_world *world, uint64_t until_ns)
{
	while (world->nr_open && !sim_world_has_failed(world) &&
	       sim_clock_step(&world->clock, until_ns))
		;
	if (world->nr_open && !sim_world_has_failed(world))
		describe_hang(world, world->clock.nr ? "still" : "hangs");
}

/* Packets that arrive when nobody lives here any more. */
static void bury(struct sim_sink *sink, struct sim_packet *packet)
{
	(void)sink;
	sim_packet_put(packet);
}

void sim_world_exit(struct sim_world *world)
{
	struct sim_sink grave = { .receive = bury };

	for (int i = 0; i < 2; i++)
		sim_host_exit(&world->hosts[i]);
	for (int i = 0; i < 2; i++) {
		world->links[i].to = &grave;
		sim_link_exit(&world->links[i]);
	}
	while (sim_clock_step(&world->clock, UINT64_MAX))
		;
	if (world->pool.nr_out)
		sim_world_fail(world, "%ld buffers are not given back",
			       world->pool.nr_out);
	for (int i = 0; i < 2; i++)
		if (world->hosts[i].nr_records)
			sim_world_fail(world, "%s: %ld records are not given back",
				       world->hosts[i].name,
				       world->hosts[i].nr_records);
	sim_pool_exit(&world->pool);
	sim_clock_exit(&world->clock);
}

void sim_world_fail(struct sim_world *world, const char *format, ...)
{
	size_t len;
	va_list args;

	if (sim_world_has_failed(world))
		return;
	len = (size_t)snprintf(world->failure, SIM_FAILURE_MAX, "at %.6f s: ",
			       (double)world->clock.now_ns / 1e9);
	va_start(args, format);
	vsnprintf(world->failure + len, SIM_FAILURE_MAX - len, format, args);
	va_end(args);
	sim_trace_note(&world->trace, world->clock.now_ns, "%s", world->failure);
}
