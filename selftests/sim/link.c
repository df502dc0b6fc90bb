// SPDX-License-Identifier: GPL-2.0
/*
 * A packet's way: queue, transmission at the rate, mishaps, delay, arrival.
 */
#include "link.h"

static void note(struct sim_link *link, enum sim_fate fate,
		 const struct sim_packet *packet)
{
	sim_trace_packet(link->trace, link->clock->now_ns, link->name, fate,
			 packet);
}

static void arrive(struct sim_event *event)
{
	struct sim_packet *packet = sim_container(event, struct sim_packet,
						  event);
	struct sim_link *link = packet->carrier;

	link->nr_travelling--;
	link->bytes_delivered += packet->len;
	note(link, SIM_ARRIVED, packet);
	link->to->receive(link->to, packet);
}

static void travel_for(struct sim_link *link, struct sim_packet *packet,
		       uint64_t ns)
{
	packet->carrier = link;
	packet->event.run = arrive;
	link->nr_travelling++;
	sim_clock_arm(link->clock, &packet->event, link->clock->now_ns + ns);
}

static void travel(struct sim_link *link, struct sim_packet *packet)
{
	uint64_t late_ns = 0;

	if (sim_rng_chance(&link->rng, link->config.reorder_ppb)) {
		late_ns = sim_rng_below(&link->rng, link->config.reorder_ns + 1);
		note(link, SIM_DELAYED, packet);
	}
	travel_for(link, packet, link->config.delay_ns + late_ns);
}

/* Gilbert-Elliott: two states, each with its own probability of loss. */
static bool is_lost(struct sim_link *link)
{
	const struct sim_link_config *config = &link->config;

	if (link->nr_doomed) {
		link->nr_doomed--;
		return true;
	}
	if (sim_rng_chance(&link->rng, link->is_bad ? config->burst_end_ppb :
						      config->burst_ppb))
		link->is_bad = !link->is_bad;
	return sim_rng_chance(&link->rng, link->is_bad ? config->burst_loss_ppb :
							 config->loss_ppb);
}

static void corrupt(struct sim_link *link, struct sim_packet *packet)
{
	uint64_t bit = sim_rng_below(&link->rng, packet->len * 8ull);

	packet->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	note(link, SIM_CORRUPTED, packet);
}

static void leave(struct sim_link *link, struct sim_packet *packet)
{
	struct sim_packet *twin = NULL;

	if (is_lost(link)) {
		link->nr_lost++;
		note(link, SIM_LOST, packet);
		sim_packet_put(packet);
		return;
	}
	if (sim_rng_chance(&link->rng, link->config.duplicate_ppb)) {
		note(link, SIM_DUPLICATED, packet);
		twin = sim_packet_copy(packet);
	}
	if (sim_rng_chance(&link->rng, link->config.corrupt_ppb))
		corrupt(link, packet);
	travel(link, packet);
	if (twin)
		travel(link, twin);
}

static void send_next(struct sim_link *link)
{
	uint64_t now_ns = link->clock->now_ns, bits;

	link->sending = sim_queue_pop(&link->queue, now_ns);
	if (!link->sending)
		return;
	bits = link->sending->len * 8ull;
	sim_clock_arm(link->clock, &link->idle,
		      now_ns + bits * SIM_NS_PER_S / link->config.rate_bps);
}

static void become_idle(struct sim_event *event)
{
	struct sim_link *link = sim_container(event, struct sim_link, idle);

	leave(link, link->sending);
	send_next(link);
}

static void drop(struct sim_queue *queue, struct sim_packet *packet)
{
	struct sim_link *link = sim_container(queue, struct sim_link, queue);

	note(link, SIM_QUEUE_DROPPED, packet);
	sim_packet_put(packet);
}

void sim_link_init(struct sim_link *link, uint64_t seed, uint64_t stream)
{
	sim_rng_seed(&link->rng, seed, stream);
	sim_queue_init(&link->queue, &link->config.queue, drop);
	link->idle.run = become_idle;
}

void sim_link_exit(struct sim_link *link)
{
	struct sim_packet *packet;

	sim_clock_disarm(link->clock, &link->idle);
	if (link->sending)
		sim_packet_put(link->sending);
	while ((packet = sim_queue_take(&link->queue)))
		sim_packet_put(packet);
}

static void refuse(struct sim_link *link, struct sim_packet *packet)
{
	note(link, SIM_TOO_BIG, packet);
	if (link->from && !link->config.is_black_hole)
		link->from->refuse(link->from, packet, link->config.mtu);
	sim_packet_put(packet);
}

void sim_link_send(struct sim_link *link, struct sim_packet *packet)
{
	link->nr_sent++;
	note(link, SIM_SENT, packet);
	if (link->config.mtu && packet->len > link->config.mtu) {
		refuse(link, packet);
		return;
	}
	if (link->config.early_ppb &&
	    sim_rng_chance(&link->rng, link->config.early_ppb)) {
		travel_for(link, packet, 0);
		return;
	}
	if (!link->config.rate_bps) {
		leave(link, packet);
		return;
	}
	if (sim_queue_push(&link->queue, packet, link->clock->now_ns) &&
	    !link->sending)
		send_next(link);
}
