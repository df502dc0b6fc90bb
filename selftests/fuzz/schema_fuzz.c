// SPDX-License-Identifier: GPL-2.0
/*
 * A channel's schema: whatever is accepted names no byte outside its region.
 */
#include "fuzz.h"
#include "../../lib/channel/internal.h"

/* Of each region, as the attach would say. */
static const uint64_t data_len[NEXUS_NR_REGIONS] = {
	[NEXUS_REGION_SCHEMA]	= 4096,
	[NEXUS_REGION_KRINGS]	= 65536,
	[NEXUS_REGION_URINGS]	= 65536,
	[NEXUS_REGION_BUFFERS]	= 1 << 20,
	[NEXUS_REGION_ADVISORY]	= 8192,
	[NEXUS_REGION_USTATS]	= 4096,
};

static void check_index(uint64_t off, unsigned int region)
{
	CHECK(off % 4 == 0 && off <= data_len[region] - 4);
}

static void check_ring(const struct nexus_schema *s, uint32_t queue,
		       uint32_t ring)
{
	const struct nexus_ring_info *info = nx_schema_ring(s, queue, ring);
	unsigned int prod = nx_ring_prod_region(ring);
	unsigned __int128 end = info->slots_off;

	CHECK((const uint8_t *)(info + 1) <= (const uint8_t *)s + 4096);
	end += (unsigned __int128)info->nr_slots * info->slot_size;
	CHECK(end <= data_len[prod]);
	CHECK((info->nr_slots & (info->nr_slots - 1)) == 0);
	check_index(info->prod_off, prod);
	check_index(info->cons_off, nx_ring_cons_region(ring));
}

static void check_size(const struct nexus_size_class *c)
{
	unsigned __int128 end = c->off;

	end += (unsigned __int128)c->nr * c->size;
	CHECK(end <= data_len[NEXUS_REGION_BUFFERS]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t page[4096 / 8];
	struct nexus_schema *s = (struct nexus_schema *)page;
	uint32_t queue, ring;

	memset(page, 0, sizeof(page));
	memcpy(page, data, size < sizeof(page) ? size : sizeof(page));
	if (nx_schema_check(s, sizeof(page), data_len))
		return 0;
	for (queue = 0; queue < s->nr_queues; queue++)
		for (ring = 0; ring < NEXUS_NR_RINGS; ring++)
			check_ring(s, queue, ring);
	check_size(&s->sizes[NEXUS_SMALL]);
	check_size(&s->sizes[NEXUS_LARGE]);
	CHECK(s->flow_advisory_off + (unsigned __int128)s->nr_flows *
	      s->flow_advisory_size <= data_len[NEXUS_REGION_ADVISORY]);
	return 0;
}
