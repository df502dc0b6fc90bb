// SPDX-License-Identifier: GPL-2.0
/*
 * Applications: bytes out, bytes in, and the end.
 */
#include <errno.h>
#include <string.h>

#include "conn.h"
#include "world.h"

#define WRITE_MAX	16384

/* Of the stream that begins at @isn: an earlier one of these ports had another. */
static uint64_t key_of(const struct sim_app *app, uint32_t isn)
{
	return sim_mix(sim_mix(app->conn->host->world->config.seed) + isn);
}

/* Byte number i of a stream is byte i % 8 of a number made of key and i / 8. */
static void make_bytes(uint64_t key, uint64_t from, uint8_t *out, size_t len)
{
	while (len) {
		uint64_t word = sim_mix(key + from / 8);
		size_t skip = from % 8, take = 8 - skip;

		take = take < len ? take : len;
		memcpy(out, (uint8_t *)&word + skip, take);
		out += take;
		from += take;
		len -= take;
	}
}

/* Which of them is the first to differ; @len if none does. */
static size_t first_wrong(uint64_t key, uint64_t from, const uint8_t *data,
			  size_t len)
{
	uint8_t expected[2048];
	size_t done = 0, i;

	while (done < len) {
		size_t part = len - done < sizeof(expected) ? len - done :
							      sizeof(expected);

		make_bytes(key, from + done, expected, part);
		if (memcmp(expected, data + done, part)) {
			for (i = 0; expected[i] == data[done + i]; i++)
				;
			return done + i;
		}
		done += part;
	}
	return len;
}

/* -------------------------------------------------------------- writing */

static bool write_one(struct sim_app *app)
{
	uint32_t max = app->config.write_max ? app->config.write_max : WRITE_MAX;
	uint64_t left = app->config.send_bytes - app->sent;
	struct sim_host *host = app->conn->host;
	struct sim_packet *buf;
	struct nx_tcp_span span;
	uint32_t room, len;
	int error;

	if (left < max)
		max = (uint32_t)left;
	room = nx_tcp_writable(&app->conn->tcp);
	if (!room)
		return false;
	max = max < room ? max : room;
	len = (uint32_t)sim_rng_between(&host->rng, 1, max);
	buf = sim_packet_get(&host->world->pool, len);
	make_bytes(key_of(app, app->conn->watch.iss), app->sent, buf->data, len);
	span = (struct nx_tcp_span){ .buf = buf, .len = len };
	error = nx_tcp_write(&app->conn->tcp, &span);
	if (error) {
		sim_packet_put(buf);
		/* No memory now: tried again later. */
		if (error == -ENOMEM)
			sim_clock_arm(&host->world->clock, &app->writer,
				      host->world->clock.now_ns +
				      10 * SIM_NS_PER_MS);
		else
			sim_world_fail(host->world, "%s: write of %u within %u: %s",
				       host->name, len, room, strerror(-error));
		return false;
	}
	app->sent += len;
	return true;
}

static void write_more(struct sim_app *app)
{
	struct sim_clock *clock = &app->conn->host->world->clock;

	while (app->sent < app->config.send_bytes &&
	       !sim_event_is_armed(&app->writer)) {
		if (!write_one(app))
			return;
		if (app->config.write_pause_ns)
			sim_clock_arm(clock, &app->writer, clock->now_ns +
				      app->config.write_pause_ns);
	}
}

static void close_if_due(struct sim_app *app)
{
	struct sim_host *host = app->conn->host;
	int error;

	/* RFC 9293 section 3.10.4: to close in SYN-SENT is to give up. */
	if (app->has_closed || app->sent < app->config.send_bytes ||
	    app->conn->tcp.state == NX_TCP_SYN_SENT ||
	    (app->config.close == SIM_CLOSE_AFTER_PEER && !app->peer_closed))
		return;
	error = nx_tcp_shutdown(&app->conn->tcp);
	if (error == -ENOMEM)
		sim_clock_arm(&host->world->clock, &app->writer,
			      host->world->clock.now_ns + 10 * SIM_NS_PER_MS);
	else if (error)
		sim_world_fail(host->world, "%s: shutdown: %s", host->name,
			       strerror(-error));
	else
		app->has_closed = true;
}

/* -------------------------------------------------------------- reading */

static void take_bytes(struct sim_app *app, const struct nx_tcp_span *span)
{
	const struct sim_packet *packet = span->buf;
	struct sim_world *world = app->conn->host->world;
	size_t wrong = first_wrong(key_of(app, app->conn->watch.irs),
				   app->received,
				   packet->data + span->off, span->len);

	if (wrong < span->len)
		sim_world_fail(world, "%s: byte %llu is wrong",
			       app->conn->host->name,
			       (unsigned long long)(app->received + wrong));
	app->received += span->len;
	sim_packet_put(span->buf);
}

/* Returns true if it has had enough before it has had all. */
static bool read_some(struct sim_app *app, uint32_t max)
{
	struct nx_tcp_span span;
	uint32_t bytes = 0;

	while ((!max || bytes < max) && nx_tcp_read(&app->conn->tcp, &span)) {
		bytes += span.len;
		take_bytes(app, &span);
	}
	nx_tcp_consume(&app->conn->tcp, bytes);
	return max && bytes >= max;
}

static void read_later(struct sim_app *app)
{
	struct sim_clock *clock = &app->conn->host->world->clock;

	if (!sim_event_is_armed(&app->reader))
		sim_clock_arm(clock, &app->reader,
			      clock->now_ns + app->config.read_pause_ns);
}

static void on_reader(struct sim_event *event)
{
	struct sim_app *app = sim_container(event, struct sim_app, reader);

	if (read_some(app, app->config.read_max) && !app->conn->is_over)
		read_later(app);
	sim_conn_service(app->conn);
}

static void on_writer(struct sim_event *event)
{
	struct sim_app *app = sim_container(event, struct sim_app, writer);

	write_more(app);
	close_if_due(app);
	sim_conn_service(app->conn);
}

static void on_aborter(struct sim_event *event)
{
	struct sim_app *app = sim_container(event, struct sim_app, aborter);

	app->has_aborted = true;
	nx_tcp_abort(&app->conn->tcp);
	sim_conn_service(app->conn);
}

/* ------------------------------------------------------------ beginning */

void sim_app_init(struct sim_app *app, struct sim_conn *conn,
		  const struct sim_app_config *config)
{
	app->config = *config;
	app->conn = conn;
	app->reader.run = on_reader;
	app->writer.run = on_writer;
	app->aborter.run = on_aborter;
	app->start_ns = conn->host->world->clock.now_ns;
}

void sim_app_exit(struct sim_app *app)
{
	struct sim_clock *clock = &app->conn->host->world->clock;

	sim_clock_disarm(clock, &app->reader);
	sim_clock_disarm(clock, &app->writer);
	sim_clock_disarm(clock, &app->aborter);
}

void sim_app_start(struct sim_app *app)
{
	struct sim_clock *clock = &app->conn->host->world->clock;

	if (app->config.abort_ns)
		sim_clock_arm(clock, &app->aborter,
			      clock->now_ns + app->config.abort_ns);
	if (app->config.is_keepalive)
		nx_tcp_set_keepalive(&app->conn->tcp, true, clock->now_ns);
	write_more(app);
	close_if_due(app);
}

static void end(struct sim_app *app)
{
	app->end_ns = app->conn->host->world->clock.now_ns;
	/* What arrived before the end can be read after it. */
	if (!app->has_aborted)
		read_some(app, 0);
	sim_app_exit(app);
}

void sim_app_notify(struct sim_app *app, uint32_t events)
{
	struct sim_clock *clock = &app->conn->host->world->clock;

	if (events & NX_TCP_EV_ESTABLISHED) {
		app->is_established = true;
		app->established_ns = clock->now_ns;
	}
	if (events & (NX_TCP_EV_READABLE | NX_TCP_EV_PEER_CLOSED)) {
		if (app->config.read_pause_ns)
			read_later(app);
		else
			read_some(app, 0);
	}
	if (events & NX_TCP_EV_PEER_CLOSED)
		app->peer_closed = true;
	if (events & NX_TCP_EV_CLOSED) {
		end(app);
		return;
	}
	write_more(app);
	close_if_due(app);
}

bool sim_app_is_done(const struct sim_app *app, const struct sim_app *peer)
{
	return app->sent == app->config.send_bytes &&
	       app->received == peer->config.send_bytes;
}
