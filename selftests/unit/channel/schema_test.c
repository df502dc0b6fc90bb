// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/channel/schema.c: a schema is good, and with one field changed it
 * is not.
 */
#include <errno.h>
#include <string.h>

#include "../fake_kernel.h"
#include "../unit.h"
#include "../../../lib/channel/internal.h"

struct edit {
	const char	*what;
	void		(*edit)(struct nexus_schema *s);
};

static struct nexus_ring_info *ring(struct nexus_schema *s, unsigned int id)
{
	return (struct nexus_ring_info *)((uint8_t *)s + s->rings_off) + id;
}

#define EDIT(name, statement)						\
	static void name(struct nexus_schema *s) { statement; }

EDIT(no_magic, s->magic = 0)
EDIT(older_abi, s->abi_version--)
EDIT(newer_abi, s->abi_version++)
EDIT(desc_size, s->desc_size = 128)
EDIT(event_size, s->event_size = 16)
EDIT(no_parts, s->parts_max = 0)
EDIT(no_queues, s->nr_queues = 0)
EDIT(many_queues, s->nr_queues = NEXUS_QUEUES_MAX + 1)
EDIT(rings_past_end, s->rings_off = 4096)
EDIT(rings_partly_past_end, s->rings_off = 4096 - 8)
EDIT(rings_unaligned, s->rings_off += 4)
EDIT(slots_no_power_of_2, ring(s, NEXUS_RING_TX)->nr_slots = 48)
EDIT(no_slots, ring(s, NEXUS_RING_RX)->nr_slots = 0)
EDIT(slots_past_end, ring(s, NEXUS_RING_RX)->nr_slots = 1u << 31)
EDIT(slot_size, ring(s, NEXUS_RING_EVENT)->slot_size = 8)
EDIT(slots_off, ring(s, NEXUS_RING_FREE)->slots_off = 1ull << 40)
EDIT(slots_off_wraps, ring(s, NEXUS_RING_FREE)->slots_off = ~0ull - 3)
EDIT(prod_off, ring(s, NEXUS_RING_TX)->prod_off = 1ull << 40)
EDIT(prod_unaligned, ring(s, NEXUS_RING_TX)->prod_off = 2)
EDIT(cons_off, ring(s, NEXUS_RING_ALLOC)->cons_off = ~0ull - 3)
EDIT(no_small, s->sizes[NEXUS_SMALL].nr = 0)
EDIT(small_past_end, s->sizes[NEXUS_SMALL].nr = 65536)
EDIT(small_first, s->sizes[NEXUS_SMALL].first = 1)
EDIT(small_size, s->sizes[NEXUS_SMALL].size = 1024)
EDIT(large_first, s->sizes[NEXUS_LARGE].first++)
EDIT(large_past_end, s->sizes[NEXUS_LARGE].off = 1ull << 40)
EDIT(large_many, s->sizes[NEXUS_LARGE].nr = NEXUS_LARGE_MAX + 1)
EDIT(advisory_size, s->flow_advisory_size = 8)
EDIT(advisory_off, s->flow_advisory_off = 1u << 30)
EDIT(no_flows, s->nr_flows = 0)
EDIT(many_flows, s->nr_flows = NEXUS_FLOWS_MAX + 1)

#define ROW(name)	{ #name, name }

static const struct edit edits[] = {
	ROW(no_magic), ROW(older_abi), ROW(newer_abi), ROW(desc_size),
	ROW(event_size), ROW(no_parts), ROW(no_queues), ROW(many_queues),
	ROW(rings_past_end), ROW(rings_partly_past_end), ROW(rings_unaligned),
	ROW(slots_no_power_of_2), ROW(no_slots), ROW(slots_past_end),
	ROW(slot_size), ROW(slots_off), ROW(slots_off_wraps), ROW(prod_off),
	ROW(prod_unaligned), ROW(cons_off), ROW(no_small), ROW(small_past_end),
	ROW(small_first), ROW(small_size), ROW(large_first),
	ROW(large_past_end), ROW(large_many), ROW(advisory_size),
	ROW(advisory_off), ROW(no_flows), ROW(many_flows),
};

static void edit_schema(struct nexus_schema *s, void *arg)
{
	((const struct edit *)arg)->edit(s);
}

static int open_with(struct fake_kernel *fk, const struct edit *edit)
{
	struct nexus_channel_options options = {
		.nr_large = 2, .backend = &fake_backend, .backend_arg = fk,
	};
	struct nexus_channel *channel;
	int err;

	fake_init(fk);
	if (edit) {
		fk->edit = edit_schema;
		fk->edit_arg = (void *)(uintptr_t)edit;
	}
	err = nexus_channel_open(&channel, &options);
	if (!err)
		nexus_channel_close(channel);
	return err;
}

static void nx_schema_check__takes_a_good_one(void)
{
	struct fake_kernel fk;

	CU_ASSERT_EQUAL(open_with(&fk, NULL), 0);
	CU_ASSERT_EQUAL(fk.nr_mmaps, NEXUS_NR_REGIONS);
	fake_exit(&fk);
}

static void nx_schema_check__refuses_what_it_cannot_read(void)
{
	struct fake_kernel fk;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(edits); i++) {
		UNIT_ROW(i, open_with(&fk, &edits[i]), -EPROTONOSUPPORT);
		UNIT_ROW(i, fk.nr_mmaps, 1);
		UNIT_ROW(i, fk.nr_munmaps, 1);
		UNIT_ROW(i, fk.nr_closes, 1);
		UNIT_ROW(i, nexus_error_text()[0] != '\0', true);
		fake_exit(&fk);
	}
}

static void nx_schema_check__needs_a_whole_schema(void)
{
	struct nexus_schema s = { .magic = NEXUS_SCHEMA_MAGIC };
	const uint64_t data_len[NEXUS_NR_REGIONS] = { 0 };

	CU_ASSERT_EQUAL(nx_schema_check(&s, sizeof(s) - 1, data_len),
			-EPROTONOSUPPORT);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_schema_check__takes_a_good_one),
	UNIT_CASE(nx_schema_check__refuses_what_it_cannot_read),
	UNIT_CASE(nx_schema_check__needs_a_whole_schema),
};

UNIT_SUITE(channel_schema_suite, "channel/schema", cases);
