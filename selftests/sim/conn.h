/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One end of a connection: the library's record, its timer, its application and
 * whoever watches it.
 */
#ifndef SIM_CONN_H
#define SIM_CONN_H

#include <tcp/tcp.h>

#include "app.h"
#include "clock.h"
#include "svg.h"
#include "watch.h"

struct sim_host;

/**
 * struct sim_conn - one end of a connection
 * @tcp:    the library's
 * @host:   where it is
 * @next:   in the host's chain or among those that are over
 * @timer:  the library's deadline
 * @local_port, @remote_port: its ports
 * @app:    what uses it
 * @watch:  what must hold
 * @cwnd:   gets the congestion window over time, or NULL: s, segments
 * @is_half: counted by its host as half open
 * @is_early: and as one that had data with its SYN
 * @must_reopen: the segment that it was given is the listener's
 * @is_over: CLOSED; nothing of it will be called again but sim_conn_free()
 */
struct sim_conn {
	struct nx_tcp		tcp;
	struct sim_host		*host;
	struct sim_conn		*next;
	struct sim_event	timer;
	uint16_t		local_port;
	uint16_t		remote_port;
	struct sim_app		app;
	struct sim_watch	watch;
	struct sim_series	*cwnd;
	bool			is_half;
	bool			is_early;
	bool			must_reopen;
	bool			is_over;
};

/** sim_conn_new - a connection, CLOSED */
struct sim_conn *sim_conn_new(struct sim_host *host, uint16_t local_port,
			      uint16_t remote_port,
			      const struct sim_app_config *app);
void sim_conn_free(struct sim_conn *conn);

/** sim_conn_open - what a connection of these ports begins with */
void sim_conn_open(const struct sim_host *host, uint16_t local_port,
		   uint16_t remote_port, struct nx_tcp_open *open);

/**
 * sim_conn_service - after anything was called: events, segments, the deadline
 *
 * The application is told what happened, and may call for more; what there is to
 * send is sent; the invariants are checked.
 */
void sim_conn_service(struct sim_conn *conn);

/** sim_conn_digest - let the run's hash depend on the connection's whole state */
void sim_conn_digest(struct sim_conn *conn);

#endif /* SIM_CONN_H */
