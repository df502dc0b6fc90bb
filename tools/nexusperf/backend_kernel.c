// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own sockets: sendto and recvfrom for single datagrams, sendmmsg
 * and recvmmsg for batches.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"

/* Holds a batch of the largest datagrams; the kernel caps it by rmem_max. */
#define SOCKET_BUFFER	(8 << 20)

/**
 * struct sock_end - one socket
 * @fd:      of the socket
 * @payload: what is sent, and where a single datagram arrives
 * @slab:    where a batch arrives: one buffer of the run's size a datagram
 * @msgs, @vecs: for sendmmsg and recvmmsg
 */
struct sock_end {
	int			fd;
	uint8_t			*payload;
	uint8_t			*slab;
	struct mmsghdr		*msgs;
	struct iovec		*vecs;
};

static void sock_close(struct perf_end *end)
{
	struct sock_end *sock = end->priv;

	if (!sock)
		return;
	if (sock->fd >= 0)
		close(sock->fd);
	free(sock->payload);
	free(sock->slab);
	free(sock->msgs);
	free(sock->vecs);
	free(sock);
	end->priv = NULL;
}

static int sock_alloc_batch(struct perf_end *end, struct sock_end *sock)
{
	unsigned int nr = end->cfg->batch;
	size_t size = end->cfg->size ? end->cfg->size : 1;
	bool sends = end->role == PERF_ROLE_SENDER;
	unsigned int i;

	sock->payload = calloc(1, PERF_SIZE_MAX + 1);
	sock->slab = calloc(nr, size);
	sock->msgs = calloc(nr, sizeof(*sock->msgs));
	sock->vecs = calloc(nr, sizeof(*sock->vecs));
	if (!sock->payload || !sock->slab || !sock->msgs || !sock->vecs)
		return -ENOMEM;
	memset(sock->payload, 'n', size);

	for (i = 0; i < nr; i++) {
		sock->vecs[i].iov_base = sends ? sock->payload :
						 sock->slab + i * size;
		sock->vecs[i].iov_len = end->cfg->size;
		sock->msgs[i].msg_hdr.msg_iov = &sock->vecs[i];
		sock->msgs[i].msg_hdr.msg_iovlen = 1;
		if (sends && !end->cfg->connected) {
			sock->msgs[i].msg_hdr.msg_name = &end->remote.addr;
			sock->msgs[i].msg_hdr.msg_namelen =
				perf_addr_len(&end->remote.addr);
		}
	}
	return 0;
}

static int sock_open_socket(struct perf_end *end, struct sock_end *sock)
{
	const union perf_addr *local = &end->local.addr;
	const union perf_addr *remote = &end->remote.addr;
	int size = SOCKET_BUFFER;

	sock->fd = socket(local->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock->fd < 0)
		return -errno;
	/* The privileged call ignores the limit; without it the cap is fine. */
	if (setsockopt(sock->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(sock->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(sock->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(sock->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(sock->fd, &local->sa, perf_addr_len(local)))
		return -errno;
	if (end->cfg->connected && end->role != PERF_ROLE_SERVER &&
	    connect(sock->fd, &remote->sa, perf_addr_len(remote)))
		return -errno;
	return 0;
}

static int sock_open(struct perf_end *end)
{
	struct sock_end *sock = calloc(1, sizeof(*sock));
	int err;

	if (!sock)
		return -ENOMEM;
	sock->fd = -1;
	end->priv = sock;
	err = sock_alloc_batch(end, sock);
	if (!err)
		err = sock_open_socket(end, sock);
	if (err) {
		perf_error("kernel: socket: %s", strerror(-err));
		sock_close(end);
	}
	return err;
}

static int sock_send_one(struct perf_end *end, size_t len, bool is_connected)
{
	struct sock_end *sock = end->priv;
	ssize_t ret;

	ret = sendto(sock->fd, sock->payload, len, 0,
		     is_connected ? NULL : &end->remote.addr.sa,
		     is_connected ? 0 : perf_addr_len(&end->remote.addr));
	return ret < 0 ? -errno : 0;
}

static ssize_t sock_recv_one(struct perf_end *end)
{
	struct sock_end *sock = end->priv;
	socklen_t len = sizeof(end->remote.addr);
	ssize_t ret;

	ret = recvfrom(sock->fd, sock->payload, PERF_SIZE_MAX, 0,
		       &end->remote.addr.sa, &len);
	if (ret < 0)
		return -errno;
	end->bytes += ret;
	return ret;
}

static int sock_ping(struct perf_end *end)
{
	ssize_t ret = sock_send_one(end, end->cfg->size, end->cfg->connected);

	if (!ret)
		ret = sock_recv_one(end);
	if (ret < 0)
		perf_error("kernel: round trip: %s", strerror(-ret));
	return ret < 0 ? ret : 0;
}

static int sock_pong(struct perf_end *end)
{
	ssize_t ret = sock_recv_one(end);

	if (ret >= 0)
		ret = sock_send_one(end, ret, false);
	if (ret < 0)
		perf_error("kernel: echo: %s", strerror(-ret));
	return ret;
}

static int sock_send(struct perf_end *end, unsigned int nr)
{
	struct sock_end *sock = end->priv;
	unsigned int done = 0;
	int ret;

	while (done < nr) {
		ret = sendmmsg(sock->fd, sock->msgs, nr - done, 0);
		if (ret < 0) {
			ret = -errno;
			perf_error("kernel: sendmmsg: %s", strerror(-ret));
			return ret;
		}
		done += ret;
	}
	return 0;
}

static int sock_recv(struct perf_end *end, unsigned int max, bool wait)
{
	struct sock_end *sock = end->priv;
	int i, ret;

	ret = recvmmsg(sock->fd, sock->msgs, max,
		       wait ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
	if (ret < 0) {
		ret = -errno;
		if (ret == -EAGAIN)
			return 0;
		perf_error("kernel: recvmmsg: %s", strerror(-ret));
		return ret;
	}
	for (i = 0; i < ret; i++)
		end->bytes += sock->msgs[i].msg_len;
	return ret;
}

const struct perf_backend perf_backend_kernel = {
	.name = "kernel",
	.large = true,
	.open = sock_open,
	.ping = sock_ping,
	.pong = sock_pong,
	.send = sock_send,
	.recv = sock_recv,
	.close = sock_close,
	.tcp = &perf_tcp_kernel,
	.tls = &perf_tls_kernel,
};
