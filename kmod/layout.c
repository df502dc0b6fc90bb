// SPDX-License-Identifier: GPL-2.0
/*
 * Where rings and tables lie in the regions of a channel: each index in a cache
 * line of its own, then the slots of each ring, by queue.
 */
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/log2.h>
#include "advisory.h"
#include "channel.h"
#include "layout.h"

#define FEATURES (NEXUS_FEATURE_CSUM_TX | NEXUS_FEATURE_CSUM_RX | \
		  NEXUS_FEATURE_IP_FRAG | NEXUS_FEATURE_MULTI_PART | \
		  NEXUS_FEATURE_EVENTS | NEXUS_FEATURE_TCP | \
		  NEXUS_FEATURE_TSO | NEXUS_FEATURE_USO | NEXUS_FEATURE_GRO | \
		  NEXUS_FEATURE_NOTIFY | NEXUS_FEATURE_KEEP | NEXUS_FEATURE_UNTIL | \
		  NEXUS_FEATURE_BESIDE | NEXUS_FEATURE_FLOW_BESIDE | \
		  NEXUS_FEATURE_ATTENDED)

/* A line for each index, whatever the machine's real ones are. */
#define LINE	64

static_assert(sizeof(struct nexus_desc) == 64);
static_assert(sizeof(struct nexus_event) == 32);
static_assert(sizeof(struct nexus_ring_info) == 32);
static_assert(NEXUS_ATTENDED_OFF + sizeof(u32) <= LINE);
static_assert(sizeof(struct nexus_size_class) == 24);
static_assert(sizeof(struct nexus_schema) == 112);
static_assert(sizeof(struct nexus_advisory) == 64);
static_assert(sizeof(struct nexus_flow_advisory) == 64);
static_assert(sizeof(struct nexus_ustats) == 64);
static_assert(sizeof(struct nexus_tcp_report) == 128);
static_assert(sizeof(struct nexus_attach) == 288);
static_assert(sizeof(struct nexus_sync) == 24);
static_assert(sizeof(struct nexus_flow_add) == 72);
static_assert(sizeof(struct nexus_flow_del) == 16);
static_assert(sizeof(struct nexus_flow_room) == 16);
static_assert(sizeof(struct nexus_status) == 656);
static_assert(NEXUS_NR_DROP_REASONS <= NEXUS_DROP_REASONS_MAX);

/**
 * struct plan - where the next ring goes
 * @info:  its entry in the schema
 * @index: of both sides' index lines
 * @koff:  end of what is used of KRINGS
 * @uoff:  end of what is used of URINGS
 */
struct plan {
	struct nexus_ring_info	*info;
	u32			index;
	u64			koff;
	u64			uoff;
};

static bool is_kernels(int ring)
{
	return ring != NEXUS_RING_TX && ring != NEXUS_RING_FREE;
}

static u32 slot_size(int ring)
{
	switch ((enum nexus_ring_id)ring) {
	case NEXUS_RING_TX:
	case NEXUS_RING_RX:
		return sizeof(struct nexus_desc);
	case NEXUS_RING_ALLOC:
	case NEXUS_RING_ALLOC_LARGE:
	case NEXUS_RING_FREE:
		return sizeof(__u32);
	case NEXUS_RING_EVENT:
		return sizeof(struct nexus_event);
	case NEXUS_NR_RINGS:
		break;
	}
	return 0;
}

/* FREE has room for every buffer; ALLOC for as many as TX can name at once. */
static u32 nr_slots(int ring, const struct nexus_attach *arg)
{
	switch ((enum nexus_ring_id)ring) {
	case NEXUS_RING_TX:
		return arg->tx_slots;
	case NEXUS_RING_RX:
		return arg->rx_slots;
	case NEXUS_RING_ALLOC:
		return arg->tx_slots;
	case NEXUS_RING_ALLOC_LARGE:
		return roundup_pow_of_two(clamp(arg->nr_large, NEXUS_SLOTS_MIN,
						arg->tx_slots));
	case NEXUS_RING_FREE:
		return roundup_pow_of_two(max_t(u32, arg->nr_small + arg->nr_large,
						NEXUS_SLOTS_MIN));
	case NEXUS_RING_EVENT:
		return arg->event_slots;
	case NEXUS_NR_RINGS:
		break;
	}
	return 0;
}

static void plan_ring(struct plan *plan, int ring, const struct nexus_attach *arg)
{
	u64 *end = is_kernels(ring) ? &plan->koff : &plan->uoff;

	plan->info->nr_slots = nr_slots(ring, arg);
	plan->info->slot_size = slot_size(ring);
	plan->info->slots_off = *end;
	plan->info->prod_off = plan->index * LINE;
	plan->info->cons_off = plan->index * LINE;
	*end = ALIGN(*end + (u64)plan->info->nr_slots * plan->info->slot_size, LINE);
	plan->info++;
	plan->index++;
}

static struct nexus_ring_info *ring_infos(struct nx_channel *chan)
{
	return chan->regions[NEXUS_REGION_SCHEMA].mem +
	       ALIGN(sizeof(struct nexus_schema), LINE);
}

static int make_schema(struct nx_channel *chan)
{
	size_t size = ALIGN(sizeof(struct nexus_schema), LINE) +
		      chan->nr_queues * NEXUS_NR_RINGS *
		      sizeof(struct nexus_ring_info);

	return nx_region_init(&chan->regions[NEXUS_REGION_SCHEMA], size);
}

static int make_rings(struct nx_channel *chan, const struct nexus_attach *arg)
{
	u64 lines = chan->nr_queues * NEXUS_NR_RINGS * LINE;
	struct plan plan = {
		.info = ring_infos(chan),
		.koff = lines,
		.uoff = lines,
	};
	int ring, err;
	u32 i;

	for (i = 0; i < chan->nr_queues; i++)
		for (ring = 0; ring < NEXUS_NR_RINGS; ring++)
			plan_ring(&plan, ring, arg);
	err = nx_region_init(&chan->regions[NEXUS_REGION_KRINGS], plan.koff);
	if (err)
		return err;
	return nx_region_init(&chan->regions[NEXUS_REGION_URINGS], plan.uoff);
}

/*
 * Every ring begins two rounds before its indices wrap at 2^32, so that no
 * program can work that does not know how.
 */
static void start_ring(struct nx_channel *chan, struct nx_ring *ring, int id,
		       const struct nexus_ring_info *info)
{
	void *kernels = chan->regions[NEXUS_REGION_KRINGS].mem;
	void *users = chan->regions[NEXUS_REGION_URINGS].mem;
	void *producers = is_kernels(id) ? kernels : users;
	void *consumers = is_kernels(id) ? users : kernels;

	ring->slots = producers + info->slots_off;
	ring->prod = producers + info->prod_off;
	ring->cons = consumers + info->cons_off;
	ring->mask = info->nr_slots - 1;
	ring->here = -(2 * info->nr_slots);
	ring->there = ring->here;
	*ring->prod = ring->here;
	*ring->cons = ring->here;
}

static struct nx_ring *queue_ring(struct nx_queue *q, int ring)
{
	switch ((enum nexus_ring_id)ring) {
	case NEXUS_RING_TX:
		return &q->tx;
	case NEXUS_RING_RX:
		return &q->rx;
	case NEXUS_RING_ALLOC:
		return &q->alloc[NEXUS_SMALL];
	case NEXUS_RING_ALLOC_LARGE:
		return &q->alloc[NEXUS_LARGE];
	case NEXUS_RING_FREE:
		return &q->free;
	case NEXUS_RING_EVENT:
		return &q->event;
	case NEXUS_NR_RINGS:
		break;
	}
	return NULL;
}

static void start_rings(struct nx_channel *chan)
{
	const struct nexus_ring_info *info = ring_infos(chan);
	int ring;
	u32 i;

	for (i = 0; i < chan->nr_queues; i++)
		for (ring = 0; ring < NEXUS_NR_RINGS; ring++)
			start_ring(chan, queue_ring(&chan->queues[i], ring),
				   ring, info++);
}

static int make_tables(struct nx_channel *chan)
{
	int err;

	err = nx_advisory_make(chan);
	if (err)
		return err;
	return nx_region_init_sparse(&chan->regions[NEXUS_REGION_USTATS],
				     NEXUS_REPORT_OFF(chan->nr_flow_slots));
}

/**
 * nx_layout_make - give a channel its regions and rings
 * @chan: with its pool
 * @arg:  how large; checked
 */
int nx_layout_make(struct nx_channel *chan, const struct nexus_attach *arg)
{
	int err;

	err = make_schema(chan);
	if (!err)
		err = make_rings(chan, arg);
	if (!err)
		err = make_tables(chan);
	if (err)
		return err;
	chan->regions[NEXUS_REGION_BUFFERS].size =
		(size_t)chan->pool.nr_pages << PAGE_SHIFT;
	start_rings(chan);
	return 0;
}

/* What the regions can take at the most. */
u64 nx_layout_bytes(const struct nx_channel *chan)
{
	u64 bytes = 0;
	int i;

	for (i = 0; i < NEXUS_NR_REGIONS; i++)
		bytes += chan->regions[i].size;
	return bytes;
}

/**
 * nx_layout_describe - fill in the schema
 * @chan: which has its port
 */
void nx_layout_describe(struct nx_channel *chan)
{
	struct nexus_schema *schema = chan->regions[NEXUS_REGION_SCHEMA].mem;

	schema->magic = NEXUS_SCHEMA_MAGIC;
	schema->abi_version = NEXUS_ABI_VERSION;
	schema->features = FEATURES;
	schema->state = chan->state;
	schema->nr_queues = chan->nr_queues;
	schema->desc_size = sizeof(struct nexus_desc);
	schema->event_size = sizeof(struct nexus_event);
	schema->parts_max = NEXUS_PARTS_MAX;
	schema->nr_flows = chan->nr_flow_slots;
	schema->flow_advisory_off = sizeof(struct nexus_advisory);
	schema->flow_advisory_size = sizeof(struct nexus_flow_advisory);
	schema->rings_off = (void *)ring_infos(chan) - (void *)schema;
	schema->channel_id = chan->id;
	schema->port = chan->port;
	schema->page_size = PAGE_SIZE;
	memcpy(schema->sizes, chan->pool.sizes, sizeof(schema->sizes));
}

void nx_layout_set_state(struct nx_channel *chan, u32 state)
{
	struct nexus_schema *schema = chan->regions[NEXUS_REGION_SCHEMA].mem;

	WRITE_ONCE(schema->state, state);
}
