/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two hosts, the link between them in both directions, and their one clock.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "host.h"
#include "link.h"

#define SIM_FAILURE_MAX	300

/**
 * struct sim_world_config - what a world is like
 * @seed:  everything that is random comes from it
 * @there: from the first host to the second
 * @back:  from the second host to the first
 * @hosts: the two
 * @features_on, @features_off, @has_digests: see struct sim_trial
 * @lines, @pcap: see struct sim_trace
 */
struct sim_world_config {
	uint64_t		seed;
	struct sim_link_config	there;
	struct sim_link_config	back;
	struct sim_host_config	hosts[2];
	uint32_t		features_on;
	uint32_t		features_off;
	bool			has_digests;
	FILE			*lines;
	FILE			*pcap;
};

/**
 * struct sim_world - what a run consists of
 * @config:  what it is like
 * @clock:   of all in it
 * @pool:    of all packets and buffers
 * @trace:   of all links
 * @links:   @links[i] leads away from @hosts[i]
 * @hosts:   a client and a server, as a rule
 * @nr_open: connections that are not over
 * @failure: what went wrong first, or ""
 */
struct sim_world {
	struct sim_world_config	config;
	struct sim_clock	clock;
	struct sim_pool		pool;
	struct sim_trace	trace;
	struct sim_link		links[2];
	struct sim_host		hosts[2];
	unsigned int		nr_open;
	char			failure[SIM_FAILURE_MAX];
};

void sim_world_init(struct sim_world *world,
		    const struct sim_world_config *config);

/**
 * sim_world_run - let time pass until every connection is over
 * @world:    what
 * @until_ns: at the latest
 *
 * Stops at the first failure. If connections are left and nothing is armed that
 * could end them, that is a failure: they hang.
 */
void sim_world_run(struct sim_world *world, uint64_t until_ns);

/** sim_world_pass - let time pass until then, or until the first failure */
void sim_world_pass(struct sim_world *world, uint64_t until_ns);

/**
 * sim_world_exit - the end: all must be given back, or it is a failure
 *
 * @world->failure and @world->trace.hash can be read after it.
 */
void sim_world_exit(struct sim_world *world);

/** sim_world_fail - note what went wrong, unless something did before */
void sim_world_fail(struct sim_world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline bool sim_world_has_failed(const struct sim_world *world)
{
	return world->failure[0];
}

#endif /* SIM_WORLD_H */
