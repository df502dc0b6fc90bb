/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What uses a connection: sends bytes that can be told from any others, checks
 * those that arrive, and closes in one of several ways.
 */
#ifndef SIM_APP_H
#define SIM_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

struct sim_conn;

/** enum sim_close - when an application closes its side */
enum sim_close {
	SIM_CLOSE_WHEN_SENT,	/* all is written */
	SIM_CLOSE_AFTER_PEER,	/* all is written, and the peer has closed */
};

/**
 * struct sim_app_config - what an application does
 * @send_bytes:    in all
 * @write_max:     bytes of its buffers at most; each draws its own size. 0: 16 KiB
 * @write_pause_ns: between two of them; 0: none
 * @read_pause_ns: it reads so often; 0: whenever there is something
 * @read_max:      bytes each time, roughly; 0: all there are
 * @close:         when it closes
 * @abort_ns:      it aborts so long after the start; 0: it does not
 * @is_keepalive:  a silent peer is probed
 */
struct sim_app_config {
	uint64_t	send_bytes;
	uint32_t	write_max;
	uint64_t	write_pause_ns;
	uint64_t	read_pause_ns;
	uint32_t	read_max;
	enum sim_close	close;
	uint64_t	abort_ns;
	bool		is_keepalive;
};

/**
 * struct sim_app - an application
 * @config:   what it does
 * @sent:     bytes written
 * @received: bytes read, all of them right
 * @reader:   when it reads next, if it pauses
 * @writer:   when it writes next, if it pauses
 * @aborter:  when it aborts
 * @conn:     what it uses
 * @is_established: the handshake is over
 * @has_closed: has shut its side down
 * @has_aborted: has aborted
 * @peer_closed: the connection said that the peer has closed
 * @start_ns, @established_ns, @end_ns: when it began, and so on; 0: not yet
 */
struct sim_app {
	struct sim_app_config	config;
	uint64_t		send_key;
	uint64_t		recv_key;
	uint64_t		sent;
	uint64_t		received;
	struct sim_event	reader;
	struct sim_event	writer;
	struct sim_event	aborter;
	struct sim_conn		*conn;
	bool			is_established;
	bool			has_closed;
	bool			has_aborted;
	bool			peer_closed;
	uint64_t		start_ns;
	uint64_t		established_ns;
	uint64_t		end_ns;
};

/**
 * sim_app_init - make an application
 * @app:     zeros
 * @conn:    what it uses, all but its library record set up
 * @config:  what it does
 */
void sim_app_init(struct sim_app *app, struct sim_conn *conn,
		  const struct sim_app_config *config);

/** sim_app_exit - stop its timers */
void sim_app_exit(struct sim_app *app);

/** sim_app_start - its connection was opened */
void sim_app_start(struct sim_app *app);

/** sim_app_notify - something happened: NX_TCP_EV_* */
void sim_app_notify(struct sim_app *app, uint32_t events);

/** sim_app_is_done - has it sent, and received all that @peer had to send? */
bool sim_app_is_done(const struct sim_app *app, const struct sim_app *peer);

#endif /* SIM_APP_H */
