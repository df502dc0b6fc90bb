// SPDX-License-Identifier: GPL-2.0
/*
 * A connection within TLS: a file is read into memory of ours, and sealed from
 * there into the buffers that are sent.
 */
#include <errno.h>
#include <nexus/tls.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/common.h"
#include "line.h"

/**
 * struct secret - what connections have in common
 * @context: of the library
 * @piece:   of a file, for whoever sends
 */
struct secret {
	struct nexus_tls_context	*context;
	uint8_t				piece[LINE_PIECE];
};

static void on_ready(struct nexus_tls *tls, void *arg)
{
	struct line *line = arg;

	(void)tls;
	line->callbacks->ready(line->arg);
}

static void on_acked(struct nexus_tls *tls, uint64_t bytes, void *arg)
{
	struct line *line = arg;

	(void)tls;
	line->callbacks->acked(line->arg, bytes);
}

static void on_closed(struct nexus_tls *tls, int err, void *arg)
{
	struct line *line = arg;

	(void)tls;
	(void)err;
	line->callbacks->closed(line->arg);
}

static const struct nexus_tls_callbacks callbacks = {
	.readable = on_ready,
	.writable = on_ready,
	.acked = on_acked,
	.closed = on_closed,
};

static int start(struct line *line)
{
	const struct nexus_tls_options options = {
		.callbacks = &callbacks,
		.arg = line,
	};

	return nexus_tls_start(line->secret->context, line->tcp, &options,
			       &line->tls);
}

static ssize_t read_line(struct line *line, void *buf, size_t len)
{
	return nexus_tls_read(line->tls, buf, len);
}

static ssize_t write_line(struct line *line, const void *buf, size_t len)
{
	return nexus_tls_write(line->tls, buf, len);
}

/* ------------------------------------------------------------------- files */

/* What is not taken is read again. */
static int send_piece(struct line *line, int file, uint64_t *left)
{
	size_t len = *left < LINE_PIECE ? (size_t)*left : LINE_PIECE;
	off_t at = lseek(file, 0, SEEK_CUR);
	ssize_t n;

	if (pread(file, line->secret->piece, len, at) != (ssize_t)len)
		return -EIO;
	n = nexus_tls_write(line->tls, line->secret->piece, len);
	if (n < 0)
		return (int)n;
	*left -= (uint64_t)n;
	return lseek(file, at + n, SEEK_SET) < 0 ? -EIO : 0;
}

static int send_file(struct line *line, int file, uint64_t *left)
{
	int err = 0;

	while (!err && *left)
		err = send_piece(line, file, left);
	return err;
}

/* --------------------------------------------------------------------- end */

static void shutdown_line(struct line *line)
{
	nexus_tls_shutdown(line->tls);
}

static void close_line(struct line *line)
{
	nexus_tls_close(line->tls);
}

static void abort_line(struct line *line)
{
	nexus_tls_abort(line->tls);
}

const struct line_ops line_tls_ops = {
	.start = start,
	.read = read_line,
	.write = write_line,
	.send_file = send_file,
	.shutdown = shutdown_line,
	.close = close_line,
	.abort = abort_line,
};

/* ------------------------------------------------------------ certificates */

/* Of TLS 1.3 all have both. */
static const char modern[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

static int choose_ciphers(struct secret *secret, const char *ciphers)
{
	SSL_CTX *ctx = nexus_tls_context_ssl_ctx(secret->context);

	return SSL_CTX_set_cipher_list(ctx, ciphers ? ciphers : modern) > 0 ?
	       0 : -EINVAL;
}

int secret_open(struct secret **result, const char *cert, const char *key,
		const char *ciphers)
{
	const struct nexus_tls_context_options options = {
		.certificate = cert,
		.key = key,
		.alpn = "http/1.1",
		.flags = NEXUS_TLS_SERVER,
	};
	struct secret *secret = calloc(1, sizeof(*secret));
	const char *why;
	int err;

	if (!secret)
		return -ENOMEM;
	err = nexus_tls_context_open(&secret->context, &options);
	if (!err)
		err = choose_ciphers(secret, ciphers);
	if (!err) {
		*result = secret;
		return 0;
	}
	why = ERR_reason_error_string(ERR_peek_last_error());
	complain("--cert %s, --key %s: %s", cert, key ? key : cert,
		 why ? why : "cannot be used");
	secret_close(secret);
	return err;
}

void secret_close(struct secret *secret)
{
	if (!secret)
		return;
	nexus_tls_context_close(secret->context);
	free(secret);
}
