// SPDX-License-Identifier: GPL-2.0
/*
 * Serves one end of a connection as nx_tcp's rules say.
 */
#include <errno.h>
#include <stdlib.h>

#include "world.h"

/* More calls than this without an end are an endless loop. */
#define ROUNDS_MAX	100000

/* RFC 6528 section 3. */
#define ISN_TICK_NS	4000

static void on_timer(struct sim_event *event)
{
	sim_conn_service(sim_container(event, struct sim_conn, timer));
}

struct sim_conn *sim_conn_new(struct sim_host *host, uint16_t local_port,
			      uint16_t remote_port,
			      const struct sim_app_config *app)
{
	struct sim_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		abort();
	conn->host = host;
	conn->timer.run = on_timer;
	conn->local_port = local_port;
	conn->remote_port = remote_port;
	nx_tcp_init(&conn->tcp, &host->env, &host->config.tcp);
	sim_app_init(&conn->app, conn, app);
	sim_watch_init(&conn->watch, conn);
	return conn;
}

void sim_conn_free(struct sim_conn *conn)
{
	sim_clock_disarm(&conn->host->world->clock, &conn->timer);
	sim_app_exit(&conn->app);
	nx_tcp_exit(&conn->tcp);
	free(conn);
}

void sim_conn_open(const struct sim_host *host, uint16_t local_port,
		   uint16_t remote_port, struct nx_tcp_open *open)
{
	struct sim_rng rng;

	/* A cookie's connection goes on with the timestamps of its SYN-ACK. */
	sim_rng_seed(&rng, host->world->config.seed ^ host->ip[15] ^ host->ip[3],
		     (uint64_t)local_port << 16 | remote_port);
	*open = (struct nx_tcp_open){
		.iss = (uint32_t)sim_rng_next(&rng),
		.ts_off = (uint32_t)sim_rng_next(&rng),
		.mtu = host->config.mtu,
		.ip_len = host->config.version == 4 ? 20 : 40,
	};
	/* Half of them are about to wrap. */
	if (sim_rng_chance(&rng, SIM_ALWAYS / 2))
		open->iss = 0u - open->iss % 65536;
	/* RFC 6528 section 3: later ones of these ports have higher numbers. */
	open->iss += (uint32_t)(host->world->clock.now_ns / ISN_TICK_NS);
}

static void end(struct sim_conn *conn)
{
	struct sim_clock *clock = &conn->host->world->clock;

	conn->is_over = true;
	sim_clock_disarm(clock, &conn->timer);
	sim_trace_note(&conn->host->world->trace, clock->now_ns,
		       "%s %u: closed, %d", conn->host->name, conn->local_port,
		       conn->tcp.err);
	sim_trace_number(&conn->host->world->trace, (uint64_t)conn->tcp.err);
	sim_host_forget(conn->host, conn);
}

/* Sends what there is; false if there was nothing. */
static bool send_all(struct sim_conn *conn)
{
	struct sim_world *world = conn->host->world;
	bool is_quiet = nx_tcp_is_quiet(&conn->tcp, world->clock.now_ns);
	struct nx_tcp_seg seg;
	unsigned int nr = 0;

	if (world->config.has_digests)
		sim_conn_digest(conn);
	while (nx_tcp_output(&conn->tcp, &seg, world->clock.now_ns)) {
		if (world->config.has_digests)
			sim_conn_digest(conn);
		if (is_quiet)
			sim_world_fail(world, "%s: is quiet, and sends",
				       conn->host->name);
		sim_watch_output(&conn->watch, &seg);
		sim_host_send(conn->host, conn, &seg);
		if (++nr == ROUNDS_MAX) {
			sim_world_fail(world, "%s: sends without an end",
				       conn->host->name);
			break;
		}
	}
	return nr;
}

static void arm(struct sim_conn *conn)
{
	struct sim_world *world = conn->host->world;
	uint64_t deadline_ns = nx_tcp_deadline(&conn->tcp);

	if (deadline_ns == NX_TCP_NEVER) {
		sim_clock_disarm(&world->clock, &conn->timer);
		return;
	}
	if (deadline_ns <= world->clock.now_ns)
		sim_world_fail(world, "%s: the deadline is past, at %llu",
			       conn->host->name,
			       (unsigned long long)deadline_ns);
	if (!sim_event_is_armed(&conn->timer) ||
	    conn->timer.at_ns != deadline_ns)
		sim_clock_arm(&world->clock, &conn->timer, deadline_ns);
}

static void plot(struct sim_conn *conn)
{
	const struct nx_tcp *tcp = &conn->tcp;

	if (conn->cwnd && tcp->cc.mss)
		sim_series_add(conn->cwnd,
			       (double)conn->host->world->clock.now_ns / 1e9,
			       (double)tcp->cc.cwnd / tcp->cc.mss);
}

void sim_conn_service(struct sim_conn *conn)
{
	unsigned int rounds = 0;
	uint32_t events;
	bool is_active;

	if (conn->is_over)
		return;
	do {
		is_active = send_all(conn);
		events = nx_tcp_take_events(&conn->tcp);
		conn->must_reopen |= !!(events & NX_TCP_EV_REOPEN);
		if (events)
			sim_app_notify(&conn->app, events);
		if (++rounds == ROUNDS_MAX)
			sim_world_fail(conn->host->world, "%s: events without an end",
				       conn->host->name);
	} while ((is_active || events) &&
		 !sim_world_has_failed(conn->host->world));
	sim_watch_check(&conn->watch);
	plot(conn);
	if (conn->is_half && conn->tcp.state != NX_TCP_SYN_RCVD) {
		conn->is_half = false;
		conn->host->listener.nr_half--;
		if (conn->is_early)
			nx_fast_open_end(&conn->host->listener,
					 conn->tcp.err == -ECONNRESET,
					 conn->host->world->clock.now_ns);
	}
	if (conn->tcp.state == NX_TCP_CLOSED)
		end(conn);
	else
		arm(conn);
}
