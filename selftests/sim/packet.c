// SPDX-License-Identifier: GPL-2.0
/*
 * Packets: a pool of them, and the ECN bits in them.
 */
#include <stdlib.h>
#include <string.h>

#include <nexus/wire.h>

#include "packet.h"

struct sim_packet *sim_packet_get(struct sim_pool *pool, uint32_t len)
{
	uint32_t room = len > SIM_PACKET_ROOM ? len : SIM_PACKET_ROOM;
	struct sim_packet *packet = pool->first;

	if (packet && len <= SIM_PACKET_ROOM) {
		pool->first = packet->next;
	} else {
		packet = malloc(sizeof(*packet) + room);
		if (!packet)
			abort();
		packet->room = room;
	}
	pool->nr_out++;
	packet->event = (struct sim_event){ 0 };
	packet->carrier = NULL;
	packet->next = NULL;
	packet->len = len;
	packet->refs = 1;
	packet->pool = pool;
	return packet;
}

void sim_packet_put(struct sim_packet *packet)
{
	struct sim_pool *pool = packet->pool;

	/* One put too many is a mistake of whoever is simulated. */
	if (!packet->refs)
		abort();
	if (--packet->refs)
		return;
	pool->nr_out--;
	if (packet->room != SIM_PACKET_ROOM) {
		free(packet);
		return;
	}
	packet->next = pool->first;
	pool->first = packet;
}

struct sim_packet *sim_packet_copy(const struct sim_packet *packet)
{
	struct sim_packet *copy = sim_packet_get(packet->pool, packet->len);

	memcpy(copy->data, packet->data, packet->len);
	copy->queued_ns = packet->queued_ns;
	return copy;
}

void sim_pool_exit(struct sim_pool *pool)
{
	struct sim_packet *packet;

	while ((packet = pool->first)) {
		pool->first = packet->next;
		free(packet);
	}
}

static bool is_ipv6(const struct sim_packet *packet)
{
	return packet->data[0] >> 4 == 6;
}

enum sim_ecn sim_packet_ecn(const struct sim_packet *packet)
{
	const uint8_t *p = packet->data;

	return (is_ipv6(packet) ? p[1] >> 4 : p[1]) & 3;
}

void sim_packet_mark(struct sim_packet *packet)
{
	uint8_t *p = packet->data;
	uint16_t sum = 0;

	if (is_ipv6(packet)) {
		p[1] |= SIM_ECN_CE << 4;
		return;
	}
	p[1] |= SIM_ECN_CE;
	memcpy(p + 10, &sum, sizeof(sum));
	sum = nexus_wire_fold(nexus_wire_sum(0, p, (p[0] & 15) * 4u));
	memcpy(p + 10, &sum, sizeof(sum));
}
