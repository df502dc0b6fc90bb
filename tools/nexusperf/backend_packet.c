// SPDX-License-Identifier: GPL-2.0
/*
 * AF_PACKET: whole frames of one device; batches leave by sendmmsg and arrive
 * in a TPACKET_V3 ring, single frames by send and recv.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"

#define BLOCK_SIZE	(1U << 14)
#define NR_BLOCKS	256
#define FRAME_SIZE	2048
/* A block that never fills is handed over after this. */
#define BLOCK_TIMEOUT_MS	2

/**
 * struct packet_end - one packet socket
 * @fd:        of the socket
 * @frame:     what is sent, and where a single frame arrives
 * @frame_len: of what is sent
 * @port:      that frames must be for
 * @msgs, @vec: for sendmmsg
 * @ring:      the receive ring, or NULL
 * @block:     that is read now
 * @left:      packets that are left in it; 0: not begun
 * @next:      the next one of them
 */
struct packet_end {
	int				fd;
	uint8_t				frame[PERF_FRAME_MAX];
	size_t				frame_len;
	in_port_t			port;
	struct mmsghdr			*msgs;
	struct iovec			vec;
	uint8_t				*ring;
	unsigned int			block;
	unsigned int			left;
	struct tpacket3_hdr		*next;
};

static void packet_close(struct perf_end *end)
{
	struct packet_end *packet = end->priv;

	if (!packet)
		return;
	if (packet->ring)
		munmap(packet->ring, (size_t)BLOCK_SIZE * NR_BLOCKS);
	if (packet->fd >= 0)
		close(packet->fd);
	free(packet->msgs);
	free(packet);
	end->priv = NULL;
}

static int packet_map_ring(struct packet_end *packet)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_SIZE,
		.tp_block_nr = NR_BLOCKS,
		.tp_frame_size = FRAME_SIZE,
		.tp_frame_nr = BLOCK_SIZE / FRAME_SIZE * NR_BLOCKS,
		.tp_retire_blk_tov = BLOCK_TIMEOUT_MS,
	};
	int version = TPACKET_V3;

	if (setsockopt(packet->fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) ||
	    setsockopt(packet->fd, SOL_PACKET, PACKET_RX_RING, &req,
		       sizeof(req)))
		return -errno;
	packet->ring = mmap(NULL, (size_t)BLOCK_SIZE * NR_BLOCKS,
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			    packet->fd, 0);
	if (packet->ring == MAP_FAILED) {
		packet->ring = NULL;
		return -errno;
	}
	return 0;
}

/* The kernel drops what is not UDP for our port, as tcpdump's filter does. */
static int packet_filter(struct packet_end *packet, bool is_v6)
{
	uint32_t proto_off = is_v6 ? 20 : 23, port_off = is_v6 ? 56 : 36;
	uint32_t type = is_v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, proto_off),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, port_off),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohs(packet->port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return setsockopt(packet->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ? -errno : 0;
}

static int packet_bind(struct perf_end *end, struct packet_end *packet)
{
	bool receives = end->role != PERF_ROLE_SENDER;
	bool is_v6 = end->local.addr.sa.sa_family == AF_INET6;
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = receives ? htons(is_v6 ? ETH_P_IPV6 : ETH_P_IP) : 0,
		.sll_ifindex = end->ifindex,
	};
	int one = 1, err = 0;

	packet->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (packet->fd < 0)
		return -errno;
	if (receives &&
	    setsockopt(packet->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)))
		return -errno;
	/* A ring's reader filters by itself, which costs less. */
	if (end->role == PERF_ROLE_RECEIVER)
		err = packet_map_ring(packet);
	else if (receives)
		err = packet_filter(packet, is_v6);
	if (!err && bind(packet->fd, (struct sockaddr *)&sll, sizeof(sll)))
		err = -errno;
	return err;
}

static int packet_alloc_batch(struct perf_end *end, struct packet_end *packet)
{
	unsigned int i;
	int len;

	packet->msgs = calloc(end->cfg->batch, sizeof(*packet->msgs));
	if (!packet->msgs)
		return -ENOMEM;
	len = perf_frame_build(packet->frame, sizeof(packet->frame),
			       &end->local, &end->remote, end->cfg->size);
	if (len < 0)
		return len;
	packet->frame_len = len;
	packet->vec.iov_base = packet->frame;
	packet->vec.iov_len = len;
	for (i = 0; i < end->cfg->batch; i++) {
		packet->msgs[i].msg_hdr.msg_iov = &packet->vec;
		packet->msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static int packet_open(struct perf_end *end)
{
	struct packet_end *packet = calloc(1, sizeof(*packet));
	int err;

	if (!packet)
		return -ENOMEM;
	packet->fd = -1;
	packet->port = perf_addr_port(&end->local.addr);
	end->priv = packet;
	err = perf_end_need_device(end);
	if (!err)
		err = packet_alloc_batch(end, packet);
	if (!err)
		err = packet_bind(end, packet);
	if (err) {
		perf_error("af_packet: %s", strerror(-err));
		packet_close(end);
	}
	return err;
}

/* A packet with a wrong port never gets here: the filter has dropped it. */
static ssize_t packet_recv_one(struct perf_end *end)
{
	struct packet_end *packet = end->priv;
	ssize_t ret;

	ret = recv(packet->fd, packet->frame, sizeof(packet->frame), 0);
	if (ret < 0)
		return -errno;
	end->bytes += ret - perf_frame_overhead(end->local.addr.sa.sa_family);
	return ret;
}

static int packet_ping(struct perf_end *end)
{
	struct packet_end *packet = end->priv;
	ssize_t ret;

	if (send(packet->fd, packet->frame, packet->frame_len, 0) < 0)
		ret = -errno;
	else
		ret = packet_recv_one(end);
	if (ret < 0) {
		perf_error("af_packet: round trip: %s", strerror(-ret));
		return ret;
	}
	perf_frame_turn(packet->frame);
	return 0;
}

static int packet_pong(struct perf_end *end)
{
	struct packet_end *packet = end->priv;
	ssize_t ret = packet_recv_one(end);

	if (ret >= 0) {
		perf_frame_turn(packet->frame);
		if (send(packet->fd, packet->frame, ret, 0) < 0)
			ret = -errno;
	}
	if (ret < 0)
		perf_error("af_packet: echo: %s", strerror(-ret));
	return ret < 0 ? ret : 0;
}

static int packet_send(struct perf_end *end, unsigned int nr)
{
	struct packet_end *packet = end->priv;
	unsigned int done = 0;
	int ret;

	while (done < nr) {
		ret = sendmmsg(packet->fd, packet->msgs, nr - done, 0);
		if (ret < 0) {
			ret = -errno;
			if (ret == -ENOBUFS)
				continue;
			perf_error("af_packet: sendmmsg: %s", strerror(-ret));
			return ret;
		}
		done += ret;
	}
	return 0;
}

static struct tpacket_block_desc *packet_block(struct packet_end *packet)
{
	return (void *)(packet->ring + (size_t)packet->block * BLOCK_SIZE);
}

static bool packet_block_begin(struct packet_end *packet)
{
	struct tpacket_block_desc *block = packet_block(packet);

	if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
	      TP_STATUS_USER))
		return false;
	packet->left = block->hdr.bh1.num_pkts;
	packet->next = (void *)((uint8_t *)block +
				block->hdr.bh1.offset_to_first_pkt);
	return true;
}

static void packet_block_end(struct packet_end *packet)
{
	struct tpacket_block_desc *block = packet_block(packet);

	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	packet->block = (packet->block + 1) % NR_BLOCKS;
}

/* The next packet of the block; 1 if it is for our port. */
static unsigned int packet_take(struct perf_end *end, struct packet_end *packet)
{
	const uint8_t *at = (const uint8_t *)packet->next;
	size_t len = perf_frame_payload(at + packet->next->tp_mac,
					packet->next->tp_snaplen, packet->port);

	packet->next = (void *)(at + packet->next->tp_next_offset);
	if (!--packet->left)
		packet_block_end(packet);
	if (!len)
		return 0;
	end->bytes += len - sizeof(struct udphdr);
	return 1;
}

static int packet_recv(struct perf_end *end, unsigned int max, bool wait)
{
	struct packet_end *packet = end->priv;
	struct pollfd poll_fd = { .fd = packet->fd, .events = POLLIN };
	unsigned int nr = 0;

	while (nr < max) {
		if (!packet->left) {
			if (!packet_block_begin(packet)) {
				if (nr || !wait)
					break;
				if (poll(&poll_fd, 1, -1) < 0)
					return -errno;
				continue;
			}
			if (!packet->left) {
				packet_block_end(packet);
				continue;
			}
		}
		nr += packet_take(end, packet);
	}
	return nr;
}

const struct perf_backend perf_backend_packet = {
	.name = "af_packet",
	.open = packet_open,
	.ping = packet_ping,
	.pong = packet_pong,
	.send = packet_send,
	.recv = packet_recv,
	.close = packet_close,
};
