// SPDX-License-Identifier: GPL-2.0
/*
 * TLS of OpenSSL over TCP sockets of the kernel, blocking.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"
#include "tls.h"

/**
 * struct tls_end - one end
 * @ctx:      OpenSSL's
 * @ssl:      the connection, or NULL
 * @listener: socket, or -1
 * @fd:       of the connection, or -1
 * @buf:      what is sent and received
 */
struct tls_end {
	SSL_CTX		*ctx;
	SSL		*ssl;
	int		listener;
	int		fd;
	uint8_t		*buf;
};

static int sys_fail(const char *what)
{
	int err = -errno;

	perf_error("kernel: %s: %s", what, strerror(-err));
	return err;
}

static void drop_conn(struct tls_end *te)
{
	SSL_free(te->ssl);
	te->ssl = NULL;
	if (te->fd >= 0)
		close(te->fd);
	te->fd = -1;
}

static void tls_close(struct perf_end *end)
{
	struct tls_end *te = end->priv;

	drop_conn(te);
	if (te->listener >= 0)
		close(te->listener);
	SSL_CTX_free(te->ctx);
	free(te->buf);
	free(te);
}

static int new_socket(struct perf_end *end)
{
	const union perf_addr *addr = &end->local.addr;
	int fd, on = 1;

	fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) &&
	    !bind(fd, &addr->sa, perf_addr_len(addr)))
		return fd;
	close(fd);
	return -1;
}

static int prepare(struct perf_end *end, struct tls_end *te)
{
	bool is_server = end->role == PERF_ROLE_RECEIVER;
	int err;

	te->buf = calloc(1, PERF_TCP_SIZE_MAX);
	if (!te->buf)
		return -ENOMEM;
	te->ctx = SSL_CTX_new(is_server ? TLS_server_method() :
					  TLS_client_method());
	err = perf_tls_prepare(te->ctx, is_server);
	if (err || !is_server)
		return err;
	te->listener = new_socket(end);
	return te->listener < 0 || listen(te->listener, 1) ?
	       sys_fail("listen") : 0;
}

static int tls_open(struct perf_end *end)
{
	struct tls_end *te = calloc(1, sizeof(*te));
	int err;

	if (!te)
		return -ENOMEM;
	end->priv = te;
	te->listener = -1;
	te->fd = -1;
	err = prepare(end, te);
	if (err)
		tls_close(end);
	return err;
}

/* The handshake on @te->fd. */
static int secure(struct tls_end *te, bool is_server)
{
	te->ssl = SSL_new(te->ctx);
	if (!te->ssl || !SSL_set_fd(te->ssl, te->fd))
		return perf_tls_fail("connection");
	if ((is_server ? SSL_accept(te->ssl) : SSL_connect(te->ssl)) <= 0)
		return perf_tls_fail("handshake");
	return 0;
}

/* --------------------------------------------------------- connecting end */

static int tls_connect(struct perf_end *end, unsigned int i)
{
	const union perf_addr *to = &end->remote.addr;
	struct tls_end *te = end->priv;

	(void)i;	/* there is one */
	te->fd = new_socket(end);
	if (te->fd < 0 || connect(te->fd, &to->sa, perf_addr_len(to)))
		return sys_fail("connect");
	return secure(te, false);
}

static int tls_push(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;

	(void)i;
	if (SSL_write(te->ssl, te->buf, (int)end->cfg->size) <= 0)
		return perf_tls_fail("send");
	return 0;
}

static int tls_await(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;

	(void)i;
	return SSL_read(te->ssl, te->buf, 1) == 1 ? 0 :
						    perf_tls_fail("receive");
}

static int tls_hang_up(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;

	(void)i;
	if (SSL_shutdown(te->ssl) < 0 || SSL_read(te->ssl, te->buf, 1) > 0 ||
	    !(SSL_get_shutdown(te->ssl) & SSL_RECEIVED_SHUTDOWN))
		return perf_tls_fail("end of connection");
	return 0;
}

static uint64_t tls_retrans(struct perf_end *end, unsigned int i)
{
	struct tls_end *te = end->priv;
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	(void)i;
	if (getsockopt(te->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return 0;
	return info.tcpi_total_retrans;
}

/* ---------------------------------------------------------- listening end */

static int accept_one(struct tls_end *te)
{
	int on = 1;

	te->fd = accept4(te->listener, NULL, NULL, SOCK_CLOEXEC);
	if (te->fd < 0)
		return sys_fail("accept");
	setsockopt(te->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return secure(te, true);
}

static int tls_recv(struct perf_end *end, unsigned int max, bool wait)
{
	uint64_t mark = end->cfg->warmup * end->cfg->size, was = end->bytes;
	struct tls_end *te = end->priv;
	int n;

	(void)max;	/* of datagrams */
	(void)wait;	/* always */
	if (!te->ssl)
		return accept_one(te);
	n = SSL_read(te->ssl, te->buf, PERF_TCP_SIZE_MAX);
	if (n <= 0) {
		if (!(SSL_get_shutdown(te->ssl) & SSL_RECEIVED_SHUTDOWN))
			return perf_tls_fail("receive");
		SSL_shutdown(te->ssl);
		drop_conn(te);
		return 0;
	}
	end->bytes += (uint64_t)n;
	if (was < mark && end->bytes >= mark && SSL_write(te->ssl, te->buf, 1) <= 0)
		return perf_tls_fail("send");
	return n;
}

const struct perf_backend perf_tls_kernel = {
	.name = "kernel",
	.large = true,
	.open = tls_open,
	.recv = tls_recv,
	.close = tls_close,
	.connect = tls_connect,
	.push = tls_push,
	.await = tls_await,
	.hang_up = tls_hang_up,
	.retrans = tls_retrans,
};
