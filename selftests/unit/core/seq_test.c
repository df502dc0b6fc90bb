// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/seq.h: what a reader sees while an entry is written, and after.
 */
#include "../unit.h"
#include "../../../kmod/core/seq.h"

/* As readers are told to: odd, or another one afterwards, means once more. */
static void nx_seq__tells_that_it_changes(void)
{
	static const u32 starts[] = { 0, 2, 0x7ffffffe, 0xfffffffe };
	u32 seq;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		seq = starts[i];
		nx_seq_begin(&seq);
		UNIT_ROW(i, seq % 2, 1);
		nx_seq_end(&seq);
		UNIT_ROW(i, seq % 2, 0);
		UNIT_ROW(i, seq, starts[i] + 2);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_seq__tells_that_it_changes, "EVT-3"),
};

UNIT_SUITE(core_seq_suite, "core/seq.h", cases);
