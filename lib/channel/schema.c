// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Checks a channel's schema before anything in it is used. The kernel is
 * trusted; what is caught here is a kernel of another version.
 */
#include <errno.h>

#include "error.h"
#include "internal.h"

static const uint32_t slot_sizes[NEXUS_NR_RINGS] = {
	[NEXUS_RING_TX]		 = sizeof(struct nexus_desc),
	[NEXUS_RING_RX]		 = sizeof(struct nexus_desc),
	[NEXUS_RING_ALLOC]	 = sizeof(uint32_t),
	[NEXUS_RING_ALLOC_LARGE] = sizeof(uint32_t),
	[NEXUS_RING_FREE]	 = sizeof(uint32_t),
	[NEXUS_RING_EVENT]	 = sizeof(struct nexus_event),
};

/* Do @nr things of @size bytes fit at @off? */
static bool fits(uint64_t off, uint64_t nr, uint64_t size, uint64_t data_len)
{
	return off <= data_len && (!size || nr <= (data_len - off) / size);
}

static bool index_fits(uint64_t off, uint64_t data_len)
{
	return off % sizeof(uint32_t) == 0 &&
	       fits(off, 1, sizeof(uint32_t), data_len);
}

static int check_ring(const struct nexus_schema *schema, uint32_t queue,
		      uint32_t ring, const uint64_t data_len[NEXUS_NR_REGIONS])
{
	const struct nexus_ring_info *info = nx_schema_ring(schema, queue, ring);
	uint64_t prod_len = data_len[nx_ring_prod_region(ring)];
	uint64_t cons_len = data_len[nx_ring_cons_region(ring)];
	/* Without large buffers their ring may be empty. */
	bool may_be_empty = ring == NEXUS_RING_ALLOC_LARGE;

	if (info->slot_size != slot_sizes[ring] ||
	    (info->nr_slots & (info->nr_slots - 1)) ||
	    (!info->nr_slots && !may_be_empty) ||
	    info->slots_off % sizeof(uint32_t) ||
	    !fits(info->slots_off, info->nr_slots, info->slot_size, prod_len) ||
	    !index_fits(info->prod_off, prod_len) ||
	    !index_fits(info->cons_off, cons_len))
		return nx_error(-EPROTONOSUPPORT,
				"ring %u of queue %u has a layout that this library cannot read: %u slots of %u bytes",
				ring, queue, info->nr_slots, info->slot_size);
	return 0;
}

static int check_rings(const struct nexus_schema *schema, uint64_t len,
		       const uint64_t data_len[NEXUS_NR_REGIONS])
{
	uint32_t queue, ring;
	int err;

	if (schema->nr_queues < 1 || schema->nr_queues > NEXUS_QUEUES_MAX ||
	    schema->rings_off % sizeof(uint64_t) ||
	    !fits(schema->rings_off, schema->nr_queues,
		  NEXUS_NR_RINGS * sizeof(struct nexus_ring_info), len))
		return nx_error(-EPROTONOSUPPORT,
				"%u queues with a ring table at %u do not fit a schema of %llu bytes",
				schema->nr_queues, schema->rings_off,
				(unsigned long long)len);
	for (queue = 0; queue < schema->nr_queues; queue++) {
		for (ring = 0; ring < NEXUS_NR_RINGS; ring++) {
			err = check_ring(schema, queue, ring, data_len);
			if (err)
				return err;
		}
	}
	return 0;
}

static int check_sizes(const struct nexus_schema *schema, uint64_t buffers_len)
{
	const struct nexus_size_class *small = &schema->sizes[NEXUS_SMALL];
	const struct nexus_size_class *large = &schema->sizes[NEXUS_LARGE];

	if (!small->nr || small->nr > NEXUS_BUFFERS_MAX ||
	    large->nr > NEXUS_LARGE_MAX ||
	    small->first != 0 || (large->nr && large->first != small->nr) ||
	    small->size < NEXUS_SMALL_SIZE ||
	    !fits(small->off, small->nr, small->size, buffers_len) ||
	    !fits(large->off, large->nr, large->size, buffers_len))
		return nx_error(-EPROTONOSUPPORT,
				"%u buffers of %u bytes and %u of %u do not fit a pool of %llu bytes",
				small->nr, small->size, large->nr, large->size,
				(unsigned long long)buffers_len);
	return 0;
}

static int check_advisory(const struct nexus_schema *schema, uint64_t data_len)
{
	if (schema->flow_advisory_size < sizeof(struct nexus_flow_advisory) ||
	    schema->flow_advisory_size % sizeof(uint64_t) ||
	    schema->flow_advisory_off % sizeof(uint64_t) ||
	    !schema->nr_flows || schema->nr_flows > NEXUS_FLOWS_MAX ||
	    data_len < sizeof(struct nexus_advisory) ||
	    !fits(schema->flow_advisory_off, schema->nr_flows,
		  schema->flow_advisory_size, data_len))
		return nx_error(-EPROTONOSUPPORT,
				"%u flow advisories of %u bytes do not fit %llu bytes",
				schema->nr_flows, schema->flow_advisory_size,
				(unsigned long long)data_len);
	return 0;
}

int nx_schema_check(const struct nexus_schema *schema, uint64_t len,
		    const uint64_t data_len[NEXUS_NR_REGIONS])
{
	int err;

	if (len < sizeof(*schema) || schema->magic != NEXUS_SCHEMA_MAGIC)
		return nx_error(-EPROTONOSUPPORT,
				"the channel's schema has no magic number: this is not a nexus channel");
	if (schema->abi_version != NEXUS_ABI_VERSION)
		return nx_error(-EPROTONOSUPPORT,
				"the channel's schema is of ABI version %u, this library of %u: update the older one",
				schema->abi_version, NEXUS_ABI_VERSION);
	if (schema->desc_size != sizeof(struct nexus_desc) ||
	    schema->event_size != sizeof(struct nexus_event) ||
	    !schema->parts_max)
		return nx_error(-EPROTONOSUPPORT,
				"the kernel's descriptors have %u bytes and its events %u, this library's %zu and %zu",
				schema->desc_size, schema->event_size,
				sizeof(struct nexus_desc),
				sizeof(struct nexus_event));
	err = check_rings(schema, len, data_len);
	if (!err)
		err = check_sizes(schema, data_len[NEXUS_REGION_BUFFERS]);
	if (!err)
		err = check_advisory(schema, data_len[NEXUS_REGION_ADVISORY]);
	if (!err && data_len[NEXUS_REGION_USTATS] < sizeof(struct nexus_ustats))
		err = nx_error(-EPROTONOSUPPORT,
			       "the region of the library's statistics is too short");
	return err;
}
