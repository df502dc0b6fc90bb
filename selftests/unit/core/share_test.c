// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/share.h.
 */
#include "../unit.h"
#include "../../../kmod/core/share.h"

#define BURST	3028

/**
 * struct load - what wants to be sent, and what was
 * @ll_every: the class has a packet after so many packets of the link, 0: always
 * @ll_len, @bulk_len: bytes of a packet; bulk 0: there is none
 */
struct load {
	u32	ll_every;
	u32	ll_len;
	u32	bulk_len;
	u64	ll;
	u64	bulk;
	u32	longest;	/* packets of bulk that a packet of the class let by */
};

static void run(struct nx_share *s, struct load *load, u32 nr)
{
	u32 waiting = 0, waited = 0, n;

	for (n = 0; n < nr; n++) {
		if (!load->ll_every || n % load->ll_every == 0)
			waiting++;
		if (waiting && (nx_share_is_first(s) || !load->bulk_len)) {
			if (load->bulk_len)
				nx_share_charge(s, load->ll_len);
			load->ll += load->ll_len;
			waiting--;
			waited = 0;
		} else if (load->bulk_len) {
			nx_share_earn(s, load->bulk_len, waiting != 0);
			load->bulk += load->bulk_len;
			waited += waiting != 0;
			if (waited > load->longest)
				load->longest = waited;
		}
	}
}

static void nx_share__is_kept(void)
{
	static const u32 permilles[] = { 10, 100, 200, 500, 900, 999 };
	static const u32 lens[] = { 64, 1514, 65535 };
	struct nx_share s;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(permilles); i++) {
		for (j = 0; j < 9; j++) {
			struct load load = { .ll_len = lens[j / 3],
					     .bulk_len = lens[j % 3] };
			u64 got;

			nx_share_set(&s, permilles[i], BURST);
			run(&s, &load, 2000000);
			got = load.ll * 1000 / (load.ll + load.bulk);
			UNIT_ROW(i * 9 + j, got + 20 >= permilles[i] &&
				 got <= permilles[i] + 20, true);
		}
	}
}

static void nx_share__unused_goes_to_others(void)
{
	struct load load = { .ll_every = 100, .ll_len = 100, .bulk_len = 1514 };
	struct nx_share s;

	nx_share_set(&s, 500, BURST);
	run(&s, &load, 100000);
	CU_ASSERT_EQUAL(load.ll, 1000 * 100);
	CU_ASSERT_EQUAL(load.bulk, 99000ULL * 1514);
	CU_ASSERT_EQUAL(load.longest, 0);
}

/* What the class takes when nobody else wants it is not held against it. */
static void nx_share__alone_owes_nothing(void)
{
	struct load alone = { .ll_len = 1514 }, both = { .ll_len = 1514,
							 .bulk_len = 1514 };
	struct nx_share s;

	nx_share_set(&s, 200, BURST);
	run(&s, &alone, 1000000);
	CU_ASSERT_EQUAL(alone.ll, 1000000ULL * 1514);
	run(&s, &both, 1000);
	CU_ASSERT_TRUE(both.ll * 1000 / (both.ll + both.bulk) >= 180);
	CU_ASSERT_TRUE(both.longest <= 4);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_share__is_kept, "LL-1 LL-5 the share, neither more nor less"),
	UNIT_CASE_ID(nx_share__unused_goes_to_others, "LL-1 unused share"),
	UNIT_CASE_ID(nx_share__alone_owes_nothing, "LL-1 after a time alone"),
};

UNIT_SUITE(core_share_suite, "core/share", cases);
