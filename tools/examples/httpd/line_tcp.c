// SPDX-License-Identifier: GPL-2.0
/*
 * A connection by TCP alone: a file is read into the buffers that are sent, and
 * these come back when the peer has acknowledged them.
 */
#include <errno.h>
#include <nexus/nexus.h>
#include <nexus/tcp.h>
#include <unistd.h>

#include "line.h"

static void on_ready(struct nexus_tcp *tcp, void *arg)
{
	struct line *line = arg;

	(void)tcp;
	line->callbacks->ready(line->arg);
}

static void on_acked(struct nexus_tcp *tcp, uint64_t bytes, void *arg)
{
	struct line *line = arg;

	(void)tcp;
	line->callbacks->acked(line->arg, bytes);
}

static void on_closed(struct nexus_tcp *tcp, int err, void *arg)
{
	struct line *line = arg;

	(void)tcp;
	(void)err;
	line->callbacks->closed(line->arg);
}

static const struct nexus_tcp_callbacks callbacks = {
	.readable = on_ready,
	.writable = on_ready,
	.acked = on_acked,
	.closed = on_closed,
};

static int start(struct line *line)
{
	nexus_tcp_set_callbacks(line->tcp, &callbacks, line);
	return 0;
}

static ssize_t read_line(struct line *line, void *buf, size_t len)
{
	return nexus_tcp_read(line->tcp, buf, len);
}

static ssize_t write_line(struct line *line, const void *buf, size_t len)
{
	return nexus_tcp_write(line->tcp, buf, len);
}

/* ------------------------------------------------------------------- files */

/* All parts of a packet; false: the file has become shorter. */
static bool fill(struct nexus_packet *pkt, int file)
{
	for (; pkt; pkt = pkt->next)
		if (read(file, pkt->data, pkt->len) != (ssize_t)pkt->len)
			return false;
	return true;
}

/* The next piece of the file as a packet. */
static int read_piece(struct line *line, int file, uint64_t *left)
{
	size_t len = *left < LINE_PIECE ? (size_t)*left : LINE_PIECE;
	struct nexus_packet *pkt;
	int err;

	err = nexus_packet_alloc(line->stack, len, &pkt);
	if (err)
		return err == -EAGAIN ? -ENOBUFS : err;
	if (!fill(pkt, file)) {
		nexus_packet_put(line->stack, pkt);
		return -EIO;
	}
	*left -= len;
	line->packet = pkt;
	return 0;
}

static int send_file(struct line *line, int file, uint64_t *left)
{
	int err = 0;

	while (!err && (line->packet || *left)) {
		if (!line->packet)
			err = read_piece(line, file, left);
		if (!err)
			err = nexus_tcp_send(line->tcp, line->packet);
		if (!err)
			line->packet = NULL;
	}
	return err;
}

/* --------------------------------------------------------------------- end */

static void shutdown_line(struct line *line)
{
	nexus_tcp_shutdown(line->tcp);
}

static void close_line(struct line *line)
{
	nexus_packet_put(line->stack, line->packet);
	nexus_tcp_close(line->tcp);
}

static void abort_line(struct line *line)
{
	nexus_packet_put(line->stack, line->packet);
	nexus_tcp_abort(line->tcp);
}

const struct line_ops line_tcp_ops = {
	.start = start,
	.read = read_line,
	.write = write_line,
	.send_file = send_file,
	.shutdown = shutdown_line,
	.close = close_line,
	.abort = abort_line,
};
