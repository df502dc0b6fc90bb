/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What a channel is inside: its mappings and the way to the kernel.
 */
#ifndef _NX_CHANNEL_INTERNAL_H
#define _NX_CHANNEL_INTERNAL_H

#include <nexus/channel.h>

/**
 * struct nx_mapping - one mapped region
 * @addr: of the mapping, guard page included; NULL: not mapped
 * @len:  of the mapping, bytes
 * @data: first byte of the region's data
 * @data_len: its bytes
 */
struct nx_mapping {
	void		*addr;
	size_t		len;
	uint8_t		*data;
	uint64_t	data_len;
};

/**
 * struct nx_channel - a channel
 * @pub:     what programs see
 * @backend: the kernel, or what stands for it
 * @backend_arg: its argument
 * @maps:    by enum nexus_region_id
 * @is_ours: a page that reads 0 in a child (MADV_WIPEONFORK), where no mapping
 *           of the channel exists
 */
struct nx_channel {
	struct nexus_channel		pub;
	const struct nexus_backend	*backend;
	void				*backend_arg;
	struct nx_mapping		maps[NEXUS_NR_REGIONS];
	uint32_t			*is_ours;
};

static inline struct nx_channel *nx_channel_of(const struct nexus_channel *pub)
{
	return (struct nx_channel *)((char *)(uintptr_t)pub -
				     offsetof(struct nx_channel, pub));
}

/* /dev/nexus itself. */
extern const struct nexus_backend nx_kernel_backend;

/*
 * Checks everything that the library relies on: the schema is @len bytes at
 * @schema, @data_len the bytes of each region. 0 or -EPROTONOSUPPORT.
 */
int nx_schema_check(const struct nexus_schema *schema, uint64_t len,
		    const uint64_t data_len[NEXUS_NR_REGIONS]);

/* The table entry of a ring; of a schema that was checked. */
static inline const struct nexus_ring_info *
nx_schema_ring(const struct nexus_schema *schema, uint32_t queue, uint32_t ring)
{
	const uint8_t *table = (const uint8_t *)schema + schema->rings_off;

	return (const struct nexus_ring_info *)table +
		queue * NEXUS_NR_RINGS + ring;
}

/* The region that a ring's producer, or its consumer, writes. */
static inline enum nexus_region_id nx_ring_prod_region(uint32_t ring)
{
	return ring == NEXUS_RING_TX || ring == NEXUS_RING_FREE ?
		NEXUS_REGION_URINGS : NEXUS_REGION_KRINGS;
}

static inline enum nexus_region_id nx_ring_cons_region(uint32_t ring)
{
	return ring == NEXUS_RING_TX || ring == NEXUS_RING_FREE ?
		NEXUS_REGION_KRINGS : NEXUS_REGION_URINGS;
}

/* Lets go of all of a channel but its addresses; 0 or -errno. */
int nx_channel_drop(struct nexus_channel *channel);

#endif /* _NX_CHANNEL_INTERNAL_H */
