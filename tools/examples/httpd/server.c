// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: requests come, files go.
 */
#include <errno.h>
#include <fcntl.h>
#include <nexus/nexus.h>
#include <nexus/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/common.h"
#include "http.h"
#include "httpd.h"
#include "line.h"

#define NR_LARGE	128
#define SND_BUF_BYTES	(512 << 10)

/* Connections in all, and of one host: nobody keeps all others out. */
#define CONNS_MAX	128
#define HOST_MAX	(CONNS_MAX / 2)

/* A request is there in so long after the last answer; what is unread, dropped. */
#define REQUEST_NS	15000000000ULL
#define DRAIN_NS	3000000000ULL
/* Who takes less than this of an answer in so long takes buffers from others. */
#define SLOW_NS		30000000000ULL
#define SLOW_BYTES	(16 << 10)
/* How soon to look for buffers again, if all are on their way. */
#define RETRY_NS	1000000ULL

/**
 * struct server - all of it
 * @stack:    below
 * @listener: on it
 * @root:     folder of the files
 * @secret:   for connections within TLS, or NULL
 * @first:    connection, of a list
 * @nr:       connections
 * @stats:    of all
 */
struct server {
	struct nexus_stack		*stack;
	struct nexus_tcp_listener	*listener;
	int				root;
	struct secret			*secret;
	struct conn			*first;
	unsigned int			nr;
	struct httpd_stats		stats;
};

/**
 * enum phase - what a connection does
 * @REQUEST: it waits for the rest of a request
 * @ANSWER:  it sends
 * @DRAIN:   it has sent its last answer, and throws away what comes, lest that
 *           resets the peer before it has read
 */
enum phase {
	REQUEST,
	ANSWER,
	DRAIN,
};

/**
 * struct conn - a connection
 * @server:  whose
 * @next:    in its list
 * @line:    its bytes
 * @phase:   what it does
 * @since_ns: when that began
 * @in:      what has come of requests
 * @in_len:  of that
 * @is_last: the answer is the last one
 * @answer:  that is sent
 * @sent:    of its text
 * @file:    that is sent, or -1
 * @left:    bytes of it that were not read yet
 * @acked:   payload that the peer has
 * @acked_then: when @deadline was armed
 * @deadline: the phase must have got on until then
 * @retry:   there was no buffer: look again
 */
struct conn {
	struct server		*server;
	struct conn		*next;
	struct line		line;
	enum phase		phase;
	uint64_t		since_ns;
	char			in[HTTP_HEAD_MAX];
	size_t			in_len;
	bool			is_last;
	struct http_answer	answer;
	size_t			sent;
	int			file;
	uint64_t		left;
	uint64_t		acked;
	uint64_t		acked_then;
	struct nexus_timer	deadline;
	struct nexus_timer	retry;
};

static ssize_t read_line(struct conn *conn, void *buf, size_t len)
{
	return conn->line.ops->read(&conn->line, buf, len);
}

/* Whoever calls this touches the connection no more. */
static void drop(struct conn *conn, bool is_reset)
{
	struct conn **at = &conn->server->first;
	struct nexus_stack *stack = conn->server->stack;

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
	conn->server->nr--;
	nexus_timer_cancel(stack, &conn->deadline);
	nexus_timer_cancel(stack, &conn->retry);
	if (conn->file >= 0)
		close(conn->file);
	if (is_reset)
		conn->line.ops->abort(&conn->line);
	else
		conn->line.ops->close(&conn->line);
	free(conn);
}

/* False: the connection is gone. */
static bool set_timer(struct conn *conn, struct nexus_timer *timer, uint64_t in_ns)
{
	struct nexus_stack *stack = conn->server->stack;

	if (!nexus_timer_set(stack, timer, nexus_stack_now_ns(stack) + in_ns))
		return true;
	drop(conn, true);
	return false;
}

static bool enter(struct conn *conn, enum phase phase)
{
	static const uint64_t limits_ns[] = {
		[REQUEST] = REQUEST_NS,
		[ANSWER] = SLOW_NS,
		[DRAIN] = DRAIN_NS,
	};

	conn->phase = phase;
	conn->since_ns = nexus_stack_now_ns(conn->server->stack);
	conn->acked_then = conn->acked;
	return set_timer(conn, &conn->deadline, limits_ns[phase]);
}

/* ------------------------------------------------------------ the answer */

static time_t now(void)
{
	return time(NULL);
}

static bool answer_error(struct conn *conn, int status, bool is_head, bool is_last)
{
	conn->is_last = is_last;
	http_answer_error(&conn->answer, status, is_head, is_last, now());
	return enter(conn, ANSWER);
}

static bool answer(struct conn *conn, const struct http_request *request)
{
	off_t size;
	int fd = httpd_open_file(conn->server->root, request->path, &size);

	if (fd < 0)
		return answer_error(conn, -fd, request->is_head, request->is_last);
	conn->is_last = request->is_last;
	http_answer_file(&conn->answer, request, (uint64_t)size, now());
	conn->left = conn->answer.nr;
	if (conn->left && lseek(fd, (off_t)conn->answer.from, SEEK_SET) >= 0)
		conn->file = fd;
	else
		close(fd);
	return enter(conn, ANSWER);
}

/* The whole text; false: there is no room for the rest now. */
static bool send_text(struct conn *conn)
{
	struct http_answer *text = &conn->answer;
	ssize_t n;

	while (conn->sent < text->len) {
		n = conn->line.ops->write(&conn->line, text->text + conn->sent,
					  text->len - conn->sent);
		if (n <= 0)
			return false;
		conn->sent += (size_t)n;
	}
	return true;
}

/* As struct line_ops says. */
static int send_file(struct conn *conn)
{
	uint64_t left = conn->left;
	int err;

	err = conn->line.ops->send_file(&conn->line, conn->file, &conn->left);
	conn->server->stats.bytes += left - conn->left;
	return err;
}

/* For now, until there is room or a buffer; or for good. */
static void stop_sending(struct conn *conn, int err)
{
	/* The peer must not take a part for the whole. */
	if (err == -ENOBUFS)
		set_timer(conn, &conn->retry, RETRY_NS);
	else if (err != -EAGAIN)
		drop(conn, true);
}

/* True: on to what comes next; false: later, or the connection is gone. */
static bool send_answer(struct conn *conn)
{
	int err;

	if (!send_text(conn))
		return false;
	err = send_file(conn);
	if (err) {
		stop_sending(conn, err);
		return false;
	}
	conn->server->stats.answers++;
	if (conn->file >= 0)
		close(conn->file);
	conn->file = -1;
	conn->sent = 0;
	if (!conn->is_last)
		return enter(conn, REQUEST);
	conn->line.ops->shutdown(&conn->line);
	return enter(conn, DRAIN);
}

/* ----------------------------------------------------------- the request */

/* What is in front of the buffer has been answered. */
static void consume(struct conn *conn, size_t len)
{
	conn->in_len -= len;
	memmove(conn->in, conn->in + len, conn->in_len);
}

/* As send_answer(). What came behind the last request stands in the buffer. */
static bool read_request(struct conn *conn)
{
	struct http_request request;
	ssize_t n;
	int ret;

	for (;;) {
		ret = http_parse(&request, conn->in, conn->in_len);
		if (ret > 0) {
			consume(conn, (size_t)ret);
			return answer(conn, &request);
		}
		if (ret < 0)
			return answer_error(conn, -ret, request.is_head, true);
		n = read_line(conn, conn->in + conn->in_len,
			      sizeof(conn->in) - conn->in_len);
		if (n > 0) {
			conn->in_len += (size_t)n;
			continue;
		}
		/* The end of a stream that asks for nothing more is its own. */
		if (n != -EAGAIN)
			drop(conn, false);
		return false;
	}
}

static bool drain(struct conn *conn)
{
	ssize_t n;

	do
		n = read_line(conn, conn->in, sizeof(conn->in));
	while (n > 0);
	if (n != -EAGAIN)
		drop(conn, false);
	return false;
}

static void work(struct conn *conn)
{
	bool goes_on = true;

	while (goes_on) {
		switch (conn->phase) {
		case REQUEST:
			goes_on = read_request(conn);
			break;
		case ANSWER:
			goes_on = send_answer(conn);
			break;
		case DRAIN:
			goes_on = drain(conn);
			break;
		}
	}
}

/* ------------------------------------------------------------- callbacks */

static void on_ready(void *arg)
{
	work(arg);
}

static void on_acked(void *arg, uint64_t bytes)
{
	struct conn *conn = arg;

	conn->acked = bytes;
}

static void on_closed(void *arg)
{
	drop(arg, false);
}

static void on_retry(struct nexus_timer *timer, void *arg)
{
	(void)timer;
	work(arg);
}

/* A peer that takes an answer as fast as it must has another while for it. */
static void on_deadline(struct nexus_timer *timer, void *arg)
{
	struct conn *conn = arg;

	if (conn->phase == ANSWER &&
	    conn->acked - conn->acked_then >= SLOW_BYTES) {
		conn->acked_then = conn->acked;
		set_timer(conn, timer, SLOW_NS);
		return;
	}
	if (conn->phase != DRAIN)
		conn->server->stats.too_slow++;
	if (conn->phase == REQUEST && conn->in_len) {
		if (answer_error(conn, 408, false, true))
			work(conn);
		return;
	}
	drop(conn, conn->phase == ANSWER);
}

static const struct line_callbacks callbacks = {
	.ready = on_ready,
	.acked = on_acked,
	.closed = on_closed,
};

/* ------------------------------------------------------- new connections */

static bool is_same_host(const struct nexus_addr *a, const struct nexus_addr *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

static bool has_too_many(const struct server *server, const struct nexus_tcp *tcp)
{
	struct nexus_addr host, other;
	const struct conn *conn;
	unsigned int nr = 0;

	nexus_tcp_remote(tcp, &host);
	for (conn = server->first; conn; conn = conn->next) {
		nexus_tcp_remote(conn->line.tcp, &other);
		nr += is_same_host(&host, &other);
	}
	return nr >= HOST_MAX;
}

/* The one that has waited longest for a request makes room; false: none waits. */
static bool evict(struct server *server)
{
	struct conn *conn, *oldest = NULL;

	for (conn = server->first; conn; conn = conn->next)
		if (conn->phase != ANSWER &&
		    (!oldest || conn->since_ns < oldest->since_ns))
			oldest = conn;
	if (!oldest)
		return false;
	server->stats.evicted++;
	drop(oldest, false);
	return true;
}

static bool has_room(struct server *server, const struct nexus_tcp *tcp)
{
	if (has_too_many(server, tcp))
		return false;
	return server->nr < CONNS_MAX || evict(server);
}

/* NULL: no memory, or none that may be locked for its secrets. */
static struct conn *make_conn(struct server *server, struct nexus_tcp *tcp)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->server = server;
	conn->line = (struct line) {
		.ops = server->secret ? &line_tls_ops : &line_tcp_ops,
		.stack = server->stack, .tcp = tcp, .secret = server->secret,
		.callbacks = &callbacks, .arg = conn,
	};
	conn->file = -1;
	conn->deadline.fire = on_deadline;
	conn->deadline.arg = conn;
	conn->retry.fire = on_retry;
	conn->retry.arg = conn;
	if (!conn->line.ops->start(&conn->line))
		return conn;
	free(conn);
	return NULL;
}

static void on_accept(struct nexus_tcp_listener *listener,
		      struct nexus_tcp *tcp, void *arg)
{
	struct server *server = arg;
	struct conn *conn;

	(void)listener;
	server->stats.connections++;
	conn = has_room(server, tcp) ? make_conn(server, tcp) : NULL;
	if (!conn) {
		server->stats.refused++;
		nexus_tcp_abort(tcp);
		return;
	}
	conn->next = server->first;
	server->first = conn;
	server->nr++;
	enter(conn, REQUEST);
}

/* -------------------------------------------------------- open and close */

static int listen_on(struct server *server, const struct httpd_options *options)
{
	/* What a connection loses with its memory its peer asks for again. */
	const struct nexus_channel_options channel = {
		.name = options->nexus,
		.flags = NEXUS_CHANNEL_DEFUNCT_OK,
		.nr_large = NR_LARGE,
	};
	const struct nexus_stack_options stack = { .channel = &channel };
	const struct nexus_tcp_options tcp = {
		.accept = on_accept,
		.snd_buf_bytes = SND_BUF_BYTES,
		.arg = server,
	};
	int err;

	err = nexus_stack_open(&server->stack, &stack);
	if (!err)
		err = nexus_tcp_listen_on(server->stack, options->fd, &tcp,
					  &server->listener);
	if (err)
		explain_nexus(err);
	return err;
}

int server_open(struct server **result, const struct httpd_options *options)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->secret = options->secret;
	server->root = open(options->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (server->root < 0) {
		err = -errno;
		complain("--root %s: %s", options->root, strerror(-err));
	} else {
		err = listen_on(server, options);
	}
	if (err) {
		server_close(server);
		return err;
	}
	*result = server;
	return 0;
}

void server_close(struct server *server)
{
	while (server->first)
		drop(server->first, false);
	nexus_tcp_listener_close(server->listener);
	nexus_stack_close(server->stack);
	if (server->root >= 0)
		close(server->root);
	free(server);
}

struct nexus_stack *server_stack(const struct server *server)
{
	return server->stack;
}

const struct httpd_stats *server_stats(const struct server *server)
{
	return &server->stats;
}
