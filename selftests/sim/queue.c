// SPDX-License-Identifier: GPL-2.0
/*
 * Drop-tail, and CoDel as RFC 8289 section 5 describes it.
 */
#include "queue.h"

/* A queue of less than one full packet is never over target. */
#define CODEL_MTU	1500

void sim_queue_init(struct sim_queue *queue,
		    const struct sim_queue_config *config,
		    void (*drop)(struct sim_queue *, struct sim_packet *))
{
	*queue = (struct sim_queue){ .config = *config, .drop = drop };
	queue->tail = &queue->head;
}

struct sim_packet *sim_queue_take(struct sim_queue *queue)
{
	struct sim_packet *packet = queue->head;

	if (!packet)
		return NULL;
	queue->head = packet->next;
	if (!queue->head)
		queue->tail = &queue->head;
	queue->bytes -= packet->len;
	return packet;
}

static void drop(struct sim_queue *queue, struct sim_packet *packet)
{
	queue->nr_dropped++;
	queue->drop(queue, packet);
}

bool sim_queue_push(struct sim_queue *queue, struct sim_packet *packet,
		    uint64_t now_ns)
{
	uint64_t limit = queue->config.limit_bytes;

	if (limit && queue->bytes + packet->len > limit) {
		drop(queue, packet);
		return false;
	}
	packet->queued_ns = now_ns;
	packet->next = NULL;
	*queue->tail = packet;
	queue->tail = &packet->next;
	queue->bytes += packet->len;
	return true;
}

static uint64_t root(uint64_t n)
{
	uint64_t low = 0, high = n < UINT32_MAX ? n : UINT32_MAX;

	while (low < high) {
		uint64_t mid = (low + high + 1) / 2;

		if (mid * mid <= n)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* interval / sqrt(count), in whole numbers: the root has 16 bits of fraction. */
static uint64_t control_law(uint64_t from_ns, uint32_t count)
{
	return from_ns + (SIM_CODEL_INTERVAL_NS << 16) /
			 root((uint64_t)count << 32);
}

/* Takes the next packet, and says whether it may be dropped. */
static struct sim_packet *take_judged(struct sim_queue *queue, uint64_t now_ns,
				      bool *may_drop)
{
	struct sim_codel *codel = &queue->codel;
	struct sim_packet *packet = sim_queue_take(queue);

	*may_drop = false;
	if (!packet || now_ns - packet->queued_ns < SIM_CODEL_TARGET_NS ||
	    queue->bytes <= CODEL_MTU)
		codel->first_above_ns = 0;
	else if (!codel->first_above_ns)
		codel->first_above_ns = now_ns + SIM_CODEL_INTERVAL_NS;
	else
		*may_drop = now_ns >= codel->first_above_ns;
	return packet;
}

static bool try_mark(struct sim_queue *queue, struct sim_packet *packet)
{
	if (!queue->config.has_ecn || sim_packet_ecn(packet) == SIM_ECN_NOT_ECT)
		return false;
	sim_packet_mark(packet);
	queue->nr_marked++;
	return true;
}

/* In the dropping state: at each time that the control law sets, one goes. */
static struct sim_packet *go_on_dropping(struct sim_queue *queue,
					 struct sim_packet *packet,
					 bool may_drop, uint64_t now_ns)
{
	struct sim_codel *codel = &queue->codel;

	codel->is_dropping = may_drop;
	while (codel->is_dropping && now_ns >= codel->drop_next_ns) {
		codel->count++;
		codel->drop_next_ns = control_law(codel->drop_next_ns,
						  codel->count);
		if (try_mark(queue, packet))
			break;
		drop(queue, packet);
		packet = take_judged(queue, now_ns, &may_drop);
		codel->is_dropping = may_drop;
	}
	return packet;
}

/* A rate of dropping that was right a little while ago is taken up again. */
static struct sim_packet *begin_dropping(struct sim_queue *queue,
					 struct sim_packet *packet,
					 uint64_t now_ns)
{
	struct sim_codel *codel = &queue->codel;
	uint32_t delta = codel->count - codel->last_count;
	bool may_drop, is_recent = now_ns - codel->drop_next_ns <
				   16 * SIM_CODEL_INTERVAL_NS;

	if (!try_mark(queue, packet)) {
		drop(queue, packet);
		packet = take_judged(queue, now_ns, &may_drop);
	}
	codel->is_dropping = true;
	codel->count = delta > 1 && is_recent ? delta : 1;
	codel->last_count = codel->count;
	codel->drop_next_ns = control_law(now_ns, codel->count);
	return packet;
}

struct sim_packet *sim_queue_pop(struct sim_queue *queue, uint64_t now_ns)
{
	struct sim_packet *packet;
	bool may_drop;

	if (!queue->config.is_codel)
		return sim_queue_take(queue);
	packet = take_judged(queue, now_ns, &may_drop);
	if (!packet)
		queue->codel.is_dropping = false;
	else if (queue->codel.is_dropping)
		packet = go_on_dropping(queue, packet, may_drop, now_ns);
	else if (may_drop)
		packet = begin_dropping(queue, packet, now_ns);
	return packet;
}
