// SPDX-License-Identifier: GPL-2.0
/*
 * AF_XDP through libxdp, in copy mode, in the generic hook (which costs no more
 * than the driver's on veth) on queue 0 of a device. The lower half
 * of the shared memory belongs to the fill ring, the upper half holds frames
 * that are ready to leave.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_link.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>
#include <xdp/xsk.h>

#include "perf.h"

#define FRAME_SIZE	2048
#define NR_FRAMES	4096
#define NR_HALF		(NR_FRAMES / 2)
#define AREA_SIZE	((size_t)FRAME_SIZE * NR_FRAMES)
/* What the kernel takes from TX in one system call in copy mode. */
#define KICK_PACKETS	32
/* The kernel frees a closed socket's queue some time after close(). */
#define BUSY_TRIES	20
#define BUSY_PAUSE_US	50000

/**
 * struct xdp_end - one AF_XDP socket
 * @area:     the frames
 * @umem:     their registration
 * @xsk:      the socket
 * @fill, @comp, @rx, @tx: its rings
 * @port:     that frames must be for
 * @frame_len: of what is sent
 * @tx_next:  frame of the upper half that leaves next
 * @tx_busy:  frames handed to the kernel and not yet completed
 */
struct xdp_end {
	uint8_t			*area;
	struct xsk_umem		*umem;
	struct xsk_socket	*xsk;
	struct xsk_ring_prod	fill;
	struct xsk_ring_cons	comp;
	struct xsk_ring_cons	rx;
	struct xsk_ring_prod	tx;
	in_port_t		port;
	size_t			frame_len;
	uint32_t		tx_next;
	uint32_t		tx_busy;
};

static void xdp_close(struct perf_end *end)
{
	struct xdp_end *xdp = end->priv;

	if (!xdp)
		return;
	if (xdp->xsk)
		xsk_socket__delete(xdp->xsk);
	if (xdp->umem)
		xsk_umem__delete(xdp->umem);
	if (xdp->area)
		munmap(xdp->area, AREA_SIZE);
	free(xdp);
	end->priv = NULL;
}

static int xdp_fill_frames(struct perf_end *end, struct xdp_end *xdp)
{
	uint32_t idx, i;
	int len = 0;

	for (i = NR_HALF; i < NR_FRAMES; i++) {
		len = perf_frame_build(xdp->area + (size_t)i * FRAME_SIZE,
				       FRAME_SIZE, &end->local, &end->remote,
				       end->cfg->size);
		if (len < 0)
			return len;
	}
	xdp->frame_len = len;

	if (xsk_ring_prod__reserve(&xdp->fill, NR_HALF, &idx) != NR_HALF)
		return -ENOSPC;
	for (i = 0; i < NR_HALF; i++)
		*xsk_ring_prod__fill_addr(&xdp->fill, idx + i) =
			(uint64_t)i * FRAME_SIZE;
	xsk_ring_prod__submit(&xdp->fill, NR_HALF);
	return 0;
}

static int xdp_create(struct perf_end *end, struct xdp_end *xdp)
{
	const struct xsk_umem_config umem_config = {
		.fill_size = NR_HALF,
		.comp_size = NR_HALF,
		.frame_size = FRAME_SIZE,
	};
	bool sends_only = end->role == PERF_ROLE_SENDER;
	const struct xsk_socket_config config = {
		.rx_size = NR_HALF,
		.tx_size = NR_HALF,
		.libxdp_flags = sends_only ?
			XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD : 0,
		.xdp_flags = XDP_FLAGS_SKB_MODE,
		.bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};
	int i, err;

	xdp->area = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (xdp->area == MAP_FAILED) {
		xdp->area = NULL;
		return -ENOMEM;
	}
	err = xsk_umem__create(&xdp->umem, xdp->area, AREA_SIZE, &xdp->fill,
			       &xdp->comp, &umem_config);
	if (err)
		return err;
	for (i = 0; i < BUSY_TRIES; i++) {
		err = xsk_socket__create(&xdp->xsk, end->local.dev, 0, xdp->umem,
					 sends_only ? NULL : &xdp->rx, &xdp->tx,
					 &config);
		if (err != -EBUSY)
			break;
		usleep(BUSY_PAUSE_US);
	}
	return err;
}

static int quiet(enum libxdp_print_level level, const char *format,
		 va_list args)
{
	if (level > LIBXDP_WARN)
		return 0;
	return vfprintf(stderr, format, args);
}

static int quiet_bpf(enum libbpf_print_level level, const char *format,
		     va_list args)
{
	if (level > LIBBPF_WARN)
		return 0;
	return vfprintf(stderr, format, args);
}

static int xdp_open(struct perf_end *end)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct xdp_end *xdp = calloc(1, sizeof(*xdp));
	int err;

	if (!xdp)
		return -ENOMEM;
	end->priv = xdp;
	xdp->port = perf_addr_port(&end->local.addr);
	libxdp_set_print(quiet);
	libbpf_set_print(quiet_bpf);
	/* The shared memory counts as locked; failing shows in the next call. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);

	err = perf_end_need_device(end);
	if (!err)
		err = xdp_create(end, xdp);
	if (!err)
		err = xdp_fill_frames(end, xdp);
	if (err) {
		perf_error("af_xdp: device %s: %s",
			   end->local.dev ? end->local.dev : "?", strerror(-err));
		xdp_close(end);
	}
	return err;
}

/* Frames of the lower half go back to the fill ring when they have left. */
static void xdp_complete(struct xdp_end *xdp)
{
	uint32_t idx, fill_idx, nr, i;
	uint64_t addr;

	nr = xsk_ring_cons__peek(&xdp->comp, NR_HALF, &idx);
	for (i = 0; i < nr; i++) {
		addr = *xsk_ring_cons__comp_addr(&xdp->comp, idx + i);
		if (addr >= (uint64_t)NR_HALF * FRAME_SIZE)
			continue;
		if (xsk_ring_prod__reserve(&xdp->fill, 1, &fill_idx) != 1)
			continue;
		*xsk_ring_prod__fill_addr(&xdp->fill, fill_idx) = addr;
		xsk_ring_prod__submit(&xdp->fill, 1);
	}
	if (nr) {
		xsk_ring_cons__release(&xdp->comp, nr);
		xdp->tx_busy -= nr;
	}
}

/* The system call that makes the kernel take what stands in TX. */
static int xdp_kick(struct xdp_end *xdp)
{
	int err;

	if (sendto(xsk_socket__fd(xdp->xsk), NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
		return 0;
	err = -errno;
	/* The device is busy or took a part: the next kick goes on. */
	return err == -EAGAIN || err == -EBUSY || err == -ENOBUFS ? 0 : err;
}

static int xdp_submit(struct xdp_end *xdp, uint64_t addr, uint32_t len)
{
	struct xdp_desc *desc;
	uint32_t idx;

	if (xsk_ring_prod__reserve(&xdp->tx, 1, &idx) != 1)
		return -EAGAIN;
	desc = xsk_ring_prod__tx_desc(&xdp->tx, idx);
	desc->addr = addr;
	desc->len = len;
	desc->options = 0;
	xsk_ring_prod__submit(&xdp->tx, 1);
	xdp->tx_busy++;
	return 0;
}

static int xdp_send_batch(struct xdp_end *xdp, unsigned int nr)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr; i++) {
		err = xdp_submit(xdp, (uint64_t)(NR_HALF + xdp->tx_next) *
				 FRAME_SIZE, xdp->frame_len);
		if (err)
			return i;
		xdp->tx_next = (xdp->tx_next + 1) % NR_HALF;
	}
	return i;
}

static int xdp_send(struct perf_end *end, unsigned int nr)
{
	struct xdp_end *xdp = end->priv;
	int err;

	while (nr) {
		unsigned int part = nr < KICK_PACKETS ? nr : KICK_PACKETS;

		/* Half a ring stays free for what is still on its way. */
		while (xdp->tx_busy + part > NR_HALF / 2) {
			xdp_complete(xdp);
			err = xdp_kick(xdp);
			if (err)
				goto fail;
		}
		nr -= xdp_send_batch(xdp, part);
		err = xdp_kick(xdp);
		if (err)
			goto fail;
		xdp_complete(xdp);
	}
	return 0;
fail:
	perf_error("af_xdp: send: %s", strerror(-err));
	return err;
}

/* Takes up to @max; those for other ports go straight back. */
static unsigned int xdp_take(struct perf_end *end, unsigned int max,
			     struct xdp_desc *keep)
{
	struct xdp_end *xdp = end->priv;
	const struct xdp_desc *desc;
	uint32_t idx, fill_idx = 0, nr, i;
	unsigned int ours = 0, give = 0;
	uint8_t *frame;
	size_t len;

	nr = xsk_ring_cons__peek(&xdp->rx, max, &idx);
	if (!nr)
		return 0;
	if (xsk_ring_prod__reserve(&xdp->fill, nr, &fill_idx) != nr) {
		xsk_ring_cons__cancel(&xdp->rx, nr);
		return 0;
	}
	for (i = 0; i < nr; i++) {
		desc = xsk_ring_cons__rx_desc(&xdp->rx, idx + i);
		frame = xdp->area + desc->addr;
		len = perf_frame_payload(frame, desc->len, xdp->port);
		if (len) {
			end->bytes += len - sizeof(struct udphdr);
			ours++;
		}
		if (len && keep)
			*keep = *desc;
		else
			*xsk_ring_prod__fill_addr(&xdp->fill, fill_idx + give++) =
				desc->addr & ~(uint64_t)(FRAME_SIZE - 1);
	}
	/* A frame that is kept leaves its reserved slot unused. */
	xdp->fill.cached_prod -= nr - give;
	xsk_ring_prod__submit(&xdp->fill, give);
	xsk_ring_cons__release(&xdp->rx, nr);
	return ours;
}

static int xdp_sleep(struct xdp_end *xdp)
{
	struct pollfd poll_fd = {
		.fd = xsk_socket__fd(xdp->xsk),
		.events = POLLIN,
	};

	return poll(&poll_fd, 1, -1) < 0 ? -errno : 0;
}

static int xdp_recv(struct perf_end *end, unsigned int max, bool wait)
{
	unsigned int nr;
	int err;

	while (!(nr = xdp_take(end, max, NULL)) && wait) {
		err = xdp_sleep(end->priv);
		if (err)
			return err;
	}
	return nr;
}

static int xdp_ping(struct perf_end *end)
{
	int ret = xdp_send(end, 1);

	if (!ret)
		ret = xdp_recv(end, 1, true);
	return ret < 0 ? ret : 0;
}

static int xdp_pong(struct perf_end *end)
{
	struct xdp_end *xdp = end->priv;
	struct xdp_desc desc;
	int err = 0;

	while (!err && !xdp_take(end, 1, &desc))
		err = xdp_sleep(xdp);
	if (!err) {
		perf_frame_turn(xdp->area + desc.addr);
		err = xdp_submit(xdp, desc.addr, desc.len);
	}
	if (!err)
		err = xdp_kick(xdp);
	if (err)
		perf_error("af_xdp: echo: %s", strerror(-err));
	xdp_complete(xdp);
	return err;
}

const struct perf_backend perf_backend_xdp = {
	.name = "af_xdp",
	.open = xdp_open,
	.ping = xdp_ping,
	.pong = xdp_pong,
	.send = xdp_send,
	.recv = xdp_recv,
	.close = xdp_close,
};
