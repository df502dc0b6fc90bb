// SPDX-License-Identifier: GPL-2.0
/*
 * Ring validation: a hostile producer and a hostile consumer against a model
 * that counts in 64 bits, where nothing wraps.
 */
#include "fuzz.h"
#include "../../kmod/core/ring.h"

struct model {
	uint64_t	prod;
	uint64_t	cons;
	uint64_t	nr_slots;
};

/* The other side claims an index: accepted exactly if the model could be there. */
static void claim_prod(struct model *m, uint32_t claim)
{
	uint64_t room = m->nr_slots - (m->prod - m->cons);
	uint32_t by = claim - (uint32_t)m->prod;
	bool is_behind = (uint32_t)m->prod - claim <= m->prod - m->cons &&
			 claim != (uint32_t)m->prod;
	bool is_valid = nx_ring_is_valid(claim, (uint32_t)m->cons,
					 (uint32_t)m->nr_slots);

	CHECK(is_valid == (by <= room || is_behind));
	if (is_valid && by <= room)
		m->prod += by;
}

static void claim_cons(struct model *m, uint32_t claim)
{
	uint32_t by = claim - (uint32_t)m->cons;
	bool is_valid = nx_ring_cons_moved((uint32_t)m->cons, claim,
					   (uint32_t)m->prod);

	CHECK(is_valid == (by <= m->prod - m->cons));
	if (is_valid)
		m->cons += by;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = { 0 };

	m.nr_slots = 1ull << (3 + fuzz_take(&data, &size, 1) % 12);
	m.cons = fuzz_take(&data, &size, 4);
	m.prod = m.cons;
	while (size) {
		uint8_t what = (uint8_t)fuzz_take(&data, &size, 1);
		uint32_t claim = (uint32_t)fuzz_take(&data, &size, what & 2 ? 4 : 1);

		/* Near to where it stands, or anywhere. */
		if (!(what & 2))
			claim += (uint32_t)(what & 1 ? m.prod : m.cons) - 4;
		if (what & 1)
			claim_prod(&m, claim);
		else
			claim_cons(&m, claim);
		CHECK(m.prod - m.cons <= m.nr_slots);
		CHECK(nx_ring_filled((uint32_t)m.prod, (uint32_t)m.cons) ==
		      m.prod - m.cons);
		CHECK(nx_ring_space((uint32_t)m.prod, (uint32_t)m.cons,
				    (uint32_t)m.nr_slots) ==
		      m.nr_slots - (m.prod - m.cons));
	}
	return 0;
}
