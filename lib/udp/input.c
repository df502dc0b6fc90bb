// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * UDP datagrams that arrived: to the program's callback, or into the endpoint's
 * queue.
 */
#include <string.h>

#include "../ip/addr.h"
#include "internal.h"

/* ------------------------------------------------------------ addresses */

/* RFC 4291 section 2.5.6: the address means something on its link only. */
static bool is_link_local(const uint8_t *ip)
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

static void read_addr(const struct nexus_packet *pkt, struct nexus_addr *addr,
		      size_t off4, size_t off6, size_t port_off)
{
	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->port, pkt->head + pkt->info.l4_off + port_off, 2);
	if (pkt->info.ip_version == 4) {
		addr->family = AF_INET;
		memcpy(addr->ip, pkt->head + off4, 4);
		return;
	}
	addr->family = AF_INET6;
	memcpy(addr->ip, pkt->head + off6, 16);
	if (is_link_local(addr->ip))
		addr->scope_id = pkt->info.ifindex;
}

void nexus_udp_source(const struct nexus_packet *pkt, struct nexus_addr *addr)
{
	read_addr(pkt, addr, 12, 8, 0);
}

void nexus_udp_destination(const struct nexus_packet *pkt,
			   struct nexus_addr *addr)
{
	read_addr(pkt, addr, 16, 24, 2);
}

/* ------------------------------------------------------------- delivery */

static void enqueue(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	if (udp->nr_queued >= udp->rx_limit) {
		udp->stats.rx_queue_drops++;
		nexus_packet_put(udp->stack, pkt);
		return;
	}
	pkt->link = NULL;
	if (udp->first)
		udp->last->link = pkt;
	else
		udp->first = pkt;
	udp->last = pkt;
	udp->nr_queued++;
}

static inline void deliver(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	udp->stats.rx_datagrams++;
	udp->stats.rx_bytes += pkt->total_len;
	if (udp->receive)
		udp->receive(udp, pkt, udp->arg);
	else
		enqueue(udp, pkt);
}

/* Datagrams of a super-packet are all of gso_size but the last. */
static void deliver_slices(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	size_t off = 0, total = pkt->total_len, len;
	struct nexus_packet *slice;

	for (; off < total && !udp->is_closed; off += len) {
		len = pkt->info.gso_size;
		if (len > total - off)
			len = total - off;
		slice = nx_packet_slice(udp->stack, pkt, off, len);
		if (slice)
			deliver(udp, slice);
		else
			udp->stats.rx_queue_drops++;
	}
	nexus_packet_put(udp->stack, pkt);
}

/* ------------------------------------------------------------- checking */

/* The kernel has not looked at the checksum: RFC 768, RFC 8200 section 8.1. */
static bool has_right_checksum(const struct nexus_packet *pkt)
{
	const uint8_t *src = pkt->head + (pkt->info.ip_version == 4 ? 12 : 8);
	const uint8_t *dst = pkt->head + (pkt->info.ip_version == 4 ? 16 : 24);
	const uint8_t *field = pkt->head + pkt->info.l4_off + 6;
	uint32_t sum;

	if (!field[0] && !field[1])
		return pkt->info.ip_version == 4;
	sum = nexus_wire_pseudo_sum(pkt->info.ip_version, src, dst, IPPROTO_UDP,
				    NEXUS_WIRE_UDP_LEN + pkt->total_len);
	return !nexus_wire_fold(nx_packet_sum(pkt, sum, pkt->info.l4_off));
}

static __attribute__((noinline)) void
input_slowly(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	if (pkt->info.flags & NEXUS_DESC_ERROR) {
		nx_udp_input_error(udp, pkt);
		nexus_packet_put(udp->stack, pkt);
		return;
	}
	if (!(pkt->info.flags & NEXUS_DESC_CSUM) && !has_right_checksum(pkt)) {
		udp->stats.rx_bad++;
		nexus_packet_put(udp->stack, pkt);
		return;
	}
	if (pkt->info.flags & NEXUS_DESC_GSO && pkt->info.gso_size &&
	    pkt->total_len > pkt->info.gso_size)
		deliver_slices(udp, pkt);
	else
		deliver(udp, pkt);
}

void nx_udp_input(struct nx_sink *sink, struct nexus_packet *pkt)
{
	struct nexus_udp *udp = nx_udp_of(sink);
	uint32_t special = NEXUS_DESC_CSUM | NEXUS_DESC_GSO | NEXUS_DESC_ERROR;

	if (nx_likely((pkt->info.flags & special) == NEXUS_DESC_CSUM))
		deliver(udp, pkt);
	else
		input_slowly(udp, pkt);
}

/* ----------------------------------------------------------- the program */

struct nexus_packet *nexus_udp_recv(struct nexus_udp *udp)
{
	struct nexus_packet *pkt = udp->first;

	if (!pkt)
		return NULL;
	udp->first = pkt->link;
	udp->nr_queued--;
	pkt->link = NULL;
	return pkt;
}

ssize_t nexus_udp_recvfrom(struct nexus_udp *udp, void *buf, size_t size,
			   struct nexus_addr *from)
{
	int err = nx_stack_check(udp->stack);
	struct nexus_packet *pkt;
	ssize_t len;

	if (nx_unlikely(err))
		return err;
	pkt = nexus_udp_recv(udp);
	if (!pkt)
		return -EAGAIN;
	len = pkt->total_len;
	nexus_packet_read(pkt, 0, buf, size);
	if (from)
		nexus_udp_source(pkt, from);
	nexus_packet_put(udp->stack, pkt);
	return len;
}
