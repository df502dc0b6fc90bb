/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host: an address, connections, and what leads their segments over a link.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <tcp/listen.h>

#include "conn.h"
#include "link.h"

struct sim_world;

/* Chains of a host's table of connections. */
#define SIM_HOST_CHAINS		64

/**
 * enum sim_fast_open - what a SYN says
 * @SIM_FAST_OPEN_NONE:  nothing
 * @SIM_FAST_OPEN_ASKS:  that it wants a cookie
 * @SIM_FAST_OPEN_KNOWS: the cookie that the other host has given
 * @SIM_FAST_OPEN_WRONG: another one
 */
enum sim_fast_open {
	SIM_FAST_OPEN_NONE,
	SIM_FAST_OPEN_ASKS,
	SIM_FAST_OPEN_KNOWS,
	SIM_FAST_OPEN_WRONG,
	SIM_FAST_OPEN_NR,
};

/**
 * struct sim_host_config - what a host is like
 * @tcp:     how its connections behave
 * @version: of IP: 4 or 6
 * @mtu:     of its interface
 * @is_listening: takes connections
 * @backlog: of these, half open at most; then there are SYN cookies
 * @server:  the application of connections that it takes
 * @no_record_ppb: of each record that a connection asks for: there is none
 * @early_max: Fast Open: connections that it takes before their handshake is complete
 * @fast_open: what its own SYNs say of Fast Open
 */
struct sim_host_config {
	struct nx_tcp_config	tcp;
	unsigned int		version;
	uint32_t		mtu;
	bool			is_listening;
	uint32_t		backlog;
	struct sim_app_config	server;
	uint32_t		no_record_ppb;
	uint32_t		early_max;
	enum sim_fast_open	fast_open;
};

/**
 * struct sim_host - one host
 * @sink:    takes packets off the link
 * @world:   around it
 * @config:  what it is like
 * @name:    in messages
 * @ip:      its address
 * @peer_ip: the other's
 * @out:     the link away from it
 * @rng:     its own stream
 * @env:     what its connections are given
 * @listener: if it takes connections
 * @nr_records: that connections have
 * @chains:  connections that are not over, by their ports
 * @over:    connections that are
 * @nr_corrupt: packets that were refused for their bytes
 * @nr_resets:  sent for segments of no connection
 */
struct sim_host {
	struct sim_sink		sink;
	struct sim_world	*world;
	struct sim_host_config	config;
	const char		*name;
	uint8_t			ip[16];
	uint8_t			peer_ip[16];
	struct sim_link		*out;
	struct sim_rng		rng;
	struct nx_tcp_env	env;
	struct nx_tcp_listener	listener;
	long			nr_records;
	struct sim_conn		*chains[SIM_HOST_CHAINS];
	struct sim_conn		*over;
	uint64_t		nr_corrupt;
	uint64_t		nr_resets;
};

/** sim_host_init - make host 0 or 1 of a world */
void sim_host_init(struct sim_host *host, struct sim_world *world,
		   const struct sim_host_config *config, unsigned int index);

/** sim_host_exit - free all connections */
void sim_host_exit(struct sim_host *host);

/**
 * sim_host_connect - open a connection to the other host
 * @host:        who
 * @local_port:  from
 * @remote_port: to
 * @app:         what uses it
 *
 * Return: the connection, the host's; freed with it.
 */
struct sim_conn *sim_host_connect(struct sim_host *host, uint16_t local_port,
				  uint16_t remote_port,
				  const struct sim_app_config *app);

/** sim_host_find - a connection that is not over, by its ports, or NULL */
struct sim_conn *sim_host_find(const struct sim_host *host, uint16_t local_port,
			       uint16_t remote_port);

/** sim_host_send - a segment of a connection as packets, cut if it is super */
void sim_host_send(struct sim_host *host, const struct sim_conn *conn,
		   const struct nx_tcp_seg *seg);

/** sim_host_forget - a connection is over: its ports are free */
void sim_host_forget(struct sim_host *host, struct sim_conn *conn);

#endif /* SIM_HOST_H */
