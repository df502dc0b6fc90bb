// SPDX-License-Identifier: GPL-2.0
/*
 * TCP sockets of the kernel: blocking calls, and epoll where the listening end
 * has several connections.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"

#define BACKLOG		4096
#define READ_SIZE	(256 * 1024)
#define NR_EVENTS	64

/**
 * struct tcp_end - one end
 * @listener: socket, or -1
 * @epoll:    of several connections, or -1
 * @fds:      connections; the listening end has the one that it serves in [0]
 * @nr_fds:   of them
 * @buf:      what is sent and received
 */
struct tcp_end {
	int		listener;
	int		epoll;
	int		*fds;
	unsigned int	nr_fds;
	uint8_t		*buf;
};

static void tcp_close(struct perf_end *end)
{
	struct tcp_end *te = end->priv;
	unsigned int i;

	if (!te)
		return;
	for (i = 0; i < te->nr_fds; i++)
		if (te->fds[i] >= 0)
			close(te->fds[i]);
	if (te->listener >= 0)
		close(te->listener);
	if (te->epoll >= 0)
		close(te->epoll);
	free(te->fds);
	free(te->buf);
	free(te);
	end->priv = NULL;
}

static int tcp_fail(const char *what)
{
	int err = -errno;

	perf_error("kernel: %s: %s", what, strerror(-err));
	return err;
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

static int watch(struct tcp_end *te, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(te->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int start_listening(struct perf_end *end, struct tcp_end *te)
{
	te->listener = new_socket(end);
	if (te->listener < 0 || listen(te->listener, BACKLOG))
		return -1;
	if (end->cfg->connections == 1)
		return 0;
	te->epoll = epoll_create1(EPOLL_CLOEXEC);
	return te->epoll < 0 ? -1 : watch(te, te->listener);
}

static int tcp_open(struct perf_end *end)
{
	struct tcp_end *te = calloc(1, sizeof(*te));
	unsigned int i;

	if (!te)
		return -ENOMEM;
	end->priv = te;
	te->listener = -1;
	te->epoll = -1;
	te->buf = calloc(1, PERF_TCP_SIZE_MAX);
	te->fds = calloc(end->cfg->connections, sizeof(*te->fds));
	if (!te->buf || !te->fds) {
		tcp_close(end);
		return -ENOMEM;
	}
	te->nr_fds = end->cfg->connections;
	for (i = 0; i < te->nr_fds; i++)
		te->fds[i] = -1;
	if (end->role == PERF_ROLE_RECEIVER && start_listening(end, te)) {
		int err = tcp_fail("listen");

		tcp_close(end);
		return err;
	}
	return 0;
}

/* ----------------------------------------------------------- connecting */

static int tcp_connect(struct perf_end *end, unsigned int i)
{
	const union perf_addr *to = &end->remote.addr;
	struct tcp_end *te = end->priv;

	te->fds[i] = new_socket(end);
	if (te->fds[i] < 0 || connect(te->fds[i], &to->sa, perf_addr_len(to)))
		return tcp_fail("connect");
	return 0;
}

static int send_all(int fd, const uint8_t *buf, size_t len)
{
	ssize_t n;

	for (; len; len -= n, buf += n) {
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0)
			return tcp_fail("send");
	}
	return 0;
}

static int recv_all(int fd, uint8_t *buf, size_t len)
{
	ssize_t n;

	for (; len; len -= n) {
		n = recv(fd, buf, len, 0);
		if (n < 0)
			return tcp_fail("receive");
		if (!n) {
			perf_error("kernel: the peer has closed");
			return -EPIPE;
		}
	}
	return 0;
}

static int tcp_push(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;

	return send_all(te->fds[i], te->buf, end->cfg->size);
}

static int tcp_exchange(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;
	int err = tcp_push(end, i);

	return err ? err : recv_all(te->fds[i], te->buf, end->cfg->size);
}

static int tcp_await(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;

	return recv_all(te->fds[i], te->buf, 1);
}

static int tcp_hang_up(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;

	if (end->cfg->mode == PERF_TCP_BULK && shutdown(te->fds[i], SHUT_WR))
		return tcp_fail("shutdown");
	if (recv(te->fds[i], te->buf, 1, 0))
		return tcp_fail("end of connection");
	/* What it says of itself is asked for after that. */
	if (end->cfg->mode == PERF_TCP_BULK)
		return 0;
	close(te->fds[i]);
	te->fds[i] = -1;
	return 0;
}

static uint64_t tcp_retrans(struct perf_end *end, unsigned int i)
{
	struct tcp_end *te = end->priv;
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(te->fds[i], IPPROTO_TCP, TCP_INFO, &info, &len))
		return 0;
	return info.tcpi_total_retrans;
}

/* ------------------------------------------------------------ listening */

/* Payload that arrived; 0: the connection is over. */
static int serve(struct perf_end *end, int fd)
{
	const struct perf_config *cfg = end->cfg;
	struct tcp_end *te = end->priv;
	uint64_t mark = cfg->warmup * cfg->size, was = end->bytes;
	ssize_t n = recv(fd, te->buf, READ_SIZE, 0);

	if (n < 0)
		return tcp_fail("receive");
	end->bytes += n;
	if (!n)
		return 0;
	if (cfg->mode != PERF_TCP_BULK)
		return send_all(fd, te->buf, n) ?: n;
	if (was < mark && end->bytes >= mark)
		return send_all(fd, te->buf, 1) ?: n;
	return n;
}

static int accept_one(struct tcp_end *te)
{
	int fd = accept4(te->listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

	if (fd < 0)
		return tcp_fail("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* A connection of PERF_TCP_CRR ends with its answer. */
static bool is_done(struct perf_end *end)
{
	if (end->cfg->mode != PERF_TCP_CRR || end->bytes < end->cfg->size)
		return false;
	end->bytes = 0;
	return true;
}

static int recv_blocking(struct perf_end *end)
{
	struct tcp_end *te = end->priv;
	int ret;

	if (te->fds[0] < 0) {
		te->fds[0] = accept_one(te);
		return te->fds[0] < 0 ? te->fds[0] : 0;
	}
	ret = serve(end, te->fds[0]);
	if (!ret || (ret > 0 && is_done(end))) {
		close(te->fds[0]);
		te->fds[0] = -1;
	}
	return ret;
}

static int recv_one(struct perf_end *end, int fd)
{
	struct tcp_end *te = end->priv;
	int ret;

	if (fd == te->listener) {
		ret = accept_one(te);
		if (ret < 0)
			return ret;
		return watch(te, ret) ? tcp_fail("epoll") : 0;
	}
	ret = serve(end, fd);
	if (!ret)
		close(fd);
	return ret;
}

static int tcp_recv(struct perf_end *end, unsigned int max, bool wait)
{
	struct epoll_event events[NR_EVENTS];
	struct tcp_end *te = end->priv;
	int i, nr, ret = 0;

	(void)max;	/* of datagrams */
	(void)wait;	/* always */
	if (te->epoll < 0)
		return recv_blocking(end);
	nr = epoll_wait(te->epoll, events, NR_EVENTS, -1);
	if (nr < 0)
		return tcp_fail("epoll");
	for (i = 0; i < nr && ret >= 0; i++)
		ret = recv_one(end, events[i].data.fd);
	return ret;
}

const struct perf_backend perf_tcp_kernel = {
	.name = "kernel",
	.large = true,
	.open = tcp_open,
	.recv = tcp_recv,
	.close = tcp_close,
	.connect = tcp_connect,
	.exchange = tcp_exchange,
	.push = tcp_push,
	.await = tcp_await,
	.hang_up = tcp_hang_up,
	.retrans = tcp_retrans,
};
