// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/desc.h.
 */
#include "../unit.h"
#include "../../../kmod/core/desc.h"

/* Every bit of a descriptor, alone: known, or refused. */
static void nx_tx_desc_is_known__refuses_every_other_bit(void)
{
	union nx_desc s, known;
	u32 bit;

	memset(&known, 0, sizeof(known));
	known.d.buf = ~0u;
	known.d.off = ~0u;
	known.d.len = ~0u;
	known.d.flow = ~0u;
	known.d.flags = NEXUS_DESC_MORE | NEXUS_DESC_CSUM | NEXUS_DESC_GSO |
			NEXUS_DESC_NOTIFY | NEXUS_DESC_DEADLINE |
			NEXUS_DESC_KEEP;
	known.d.traffic_class = 0xff;
	CU_ASSERT_TRUE(nx_tx_desc_is_known(&known));
	for (bit = 0; bit < 512; bit++) {
		memset(&s, 0, sizeof(s));
		s.u64[bit / 64] = 1ull << bit % 64;
		UNIT_ROW(bit, nx_tx_desc_is_known(&s),
			 (s.u64[bit / 64] & known.u64[bit / 64]) != 0);
	}
}

/* The same with GSO: gso_size is known then, and nothing else more. */
static void nx_tx_desc_is_known__knows_gso_size_with_its_flag(void)
{
	union nx_desc s, known;
	u32 bit;

	memset(&known, 0, sizeof(known));
	known.d.gso_size = 0xffff;
	for (bit = 192; bit < 512; bit++) {
		memset(&s, 0, sizeof(s));
		s.u64[bit / 64] = 1ull << bit % 64;
		UNIT_ROW(bit, nx_tx_desc_is_known(&s), false);
		s.d.flags = NEXUS_DESC_GSO;
		UNIT_ROW(bit, nx_tx_desc_is_known(&s),
			 (s.u64[bit / 64] & known.u64[bit / 64]) != 0);
	}
}

static void nx_tx_desc_is_known__takes_a_report_where_one_is_asked_for(void)
{
	static const struct {
		u32	flags;
		u64	time_ns;
		u64	cookie;
		bool	is_known;
	} rows[] = {
		{ NEXUS_DESC_NOTIFY, 0, 7, true },
		{ NEXUS_DESC_NOTIFY, 7, 0, false },
		{ NEXUS_DESC_DEADLINE, 7, 7, true },
		{ NEXUS_DESC_DEADLINE | NEXUS_DESC_LATE, 7, 0, true },
		{ NEXUS_DESC_DEADLINE | NEXUS_DESC_NOTIFY, 7, 7, true },
		{ NEXUS_DESC_LATE, 0, 0, false },
		{ NEXUS_DESC_LATE | NEXUS_DESC_NOTIFY, 0, 7, false },
		{ 0, 0, 7, false }, { 0, 7, 0, false },
	};
	union nx_desc s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&s, 0, sizeof(s));
		s.d.flags = rows[i].flags;
		s.d.time_ns = rows[i].time_ns;
		s.d.cookie = rows[i].cookie;
		UNIT_ROW(i, nx_tx_desc_is_known(&s), rows[i].is_known);
	}
}

static void nx_tx_part_is_inside__checks_offset_and_length(void)
{
	static const struct {
		u32	off;
		u32	len;
		bool	is_inside;
	} rows[] = {
		{ 0, 1, true }, { 0, 2048, true }, { 2047, 1, true },
		{ 100, 1948, true }, { 0, 0, false }, { 2048, 0, false },
		{ 0, 2049, false }, { 2048, 1, false }, { 100, 1949, false },
		{ 0xffffffff, 1, false }, { 1, 0xffffffff, false },
		{ 0xffffffff, 0xffffffff, false }, { 0xfffff800, 2048, false },
		{ 2048, 0xfffff800, false },
	};
	struct nx_tx_desc desc = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		desc.d.off = rows[i].off;
		desc.d.len = rows[i].len;
		UNIT_ROW(i, nx_tx_part_is_inside(&desc, 2048), rows[i].is_inside);
	}
}

static void nx_tx_part_continues__leaves_the_packets_fields_alone(void)
{
	static const struct {
		u32	flow;
		u32	flags;
		u8	traffic_class;
		bool	continues;
	} rows[] = {
		{ 7, 0, 0, true }, { 7, NEXUS_DESC_MORE, 0, true },
		{ 8, 0, 0, false }, { 7, NEXUS_DESC_CSUM, 0, false },
		{ 7, NEXUS_DESC_MORE | NEXUS_DESC_CSUM, 0, false },
		{ 7, NEXUS_DESC_KEEP, 0, true }, { 7, 0, 1, false },
	};
	const struct nexus_desc first = {
		.flow = 7, .traffic_class = 1, .flags = NEXUS_DESC_MORE,
	};
	struct nx_tx_desc desc = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		desc.d.flow = rows[i].flow;
		desc.d.flags = rows[i].flags;
		desc.d.traffic_class = rows[i].traffic_class;
		UNIT_ROW(i, nx_tx_part_continues(&desc, first.flow), rows[i].continues);
	}
}

static void nx_tx_class_is_right__knows_the_flows_and_none(void)
{
	unsigned int claimed, registered;

	for (registered = 0; registered < NEXUS_NR_CLASSES; registered++)
		for (claimed = 0; claimed < 256; claimed++)
			UNIT_ROW(claimed, nx_tx_class_is_right((u8)claimed, (u8)registered),
				 !claimed || claimed == registered);
}

/* What is refused has no checked form. */
static void nx_tx_desc_check__gives_what_is_known(void)
{
	union nx_desc s;

	memset(&s, 0, sizeof(s));
	s.d.len = 7;
	CU_ASSERT_PTR_EQUAL(nx_tx_desc_check(&s), &s.checked);
	CU_ASSERT_EQUAL(nx_tx_desc_check(&s)->d.len, 7);
	s.d.reserved[1] = 1;
	CU_ASSERT_PTR_NULL(nx_tx_desc_check(&s));
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_tx_desc_is_known__refuses_every_other_bit,
		     "RING-7 the check itself"),
	UNIT_CASE_ID(nx_tx_desc_is_known__knows_gso_size_with_its_flag,
		     "RING-7 OFF-8 gso_size"),
	UNIT_CASE_ID(nx_tx_desc_is_known__takes_a_report_where_one_is_asked_for,
		     "EVT-1 EVT-2 cookies and deadlines"),
	UNIT_CASE_ID(nx_tx_part_is_inside__checks_offset_and_length,
		     "RING-5 the check itself"),
	UNIT_CASE(nx_tx_part_continues__leaves_the_packets_fields_alone),
	UNIT_CASE_ID(nx_tx_class_is_right__knows_the_flows_and_none,
		     "META-3 the check itself"),
	UNIT_CASE(nx_tx_desc_check__gives_what_is_known),
};

UNIT_SUITE(core_desc_suite, "core/desc", cases);
