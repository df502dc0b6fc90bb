// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/fq.c: by themselves, and against a model that keeps its
 * lists as arrays.
 */
#include <stdlib.h>
#include "../unit.h"
#include "../../../kmod/core/fq.h"

#define QUANTUM	1514
#define FLOWS	8

struct bed {
	struct nx_fq		fq;
	struct nx_fq_flow	flows[FLOWS];
	u32			sizes[FLOWS][64];
	u32			first[FLOWS];
	u64			sent[FLOWS];
};

static struct bed bed_make(void)
{
	struct bed bed = { .fq = { .quantum = QUANTUM } };

	return bed;
}

static void put(struct bed *bed, u32 flow, u32 len)
{
	struct nx_fq_flow *f = &bed->flows[flow];

	bed->sizes[flow][(bed->first[flow] + f->nr_packets) % 64] = len;
	nx_fq_enqueue(&bed->fq, f, len);
}

/* Sends one packet: the flow's number, or -1. */
static int take(struct bed *bed)
{
	struct nx_fq_flow *f;
	u32 len, i;

	while ((f = nx_fq_turn(&bed->fq)) && !f->nr_packets)
		nx_fq_pause(&bed->fq);
	if (!f)
		return -1;
	i = (u32)(f - bed->flows);
	len = bed->sizes[i][bed->first[i]++ % 64];
	nx_fq_dequeue(f, len);
	nx_fq_charge(f, len);
	bed->sent[i] += len;
	return (int)i;
}

static void nx_fq_turn__of_nobody(void)
{
	struct bed bed = bed_make();

	CU_ASSERT_PTR_NULL(nx_fq_turn(&bed.fq));
	put(&bed, 3, 100);
	CU_ASSERT_EQUAL(take(&bed), 3);
	CU_ASSERT_EQUAL(take(&bed), -1);
	CU_ASSERT_EQUAL(bed.flows[3].place, NX_FQ_IDLE);
	CU_ASSERT_EQUAL(bed.flows[3].bytes, 0);
}

static void keep_full(struct bed *bed, u32 flow, u32 len)
{
	while (bed->flows[flow].nr_packets < 32)
		put(bed, flow, len);
}

static void nx_fq_turn__shares_bytes_not_packets(void)
{
	static const u32 lens[FLOWS] = { 64, 200, 576, 1000, 1400, 1514, 9000,
					 60000 };
	struct bed bed = bed_make();
	u64 low = ~0ULL, high = 0;
	u32 i, n;

	for (n = 0; n < 200000; n++) {
		for (i = 0; i < FLOWS; i++)
			keep_full(&bed, i, lens[i]);
		take(&bed);
	}
	for (i = 0; i < FLOWS; i++) {
		low = bed.sent[i] < low ? bed.sent[i] : low;
		high = bed.sent[i] > high ? bed.sent[i] : high;
	}
	CU_ASSERT_TRUE(high - low <= 2 * 60000 + QUANTUM);
}

static void nx_fq_turn__sparse_flow_goes_first(void)
{
	struct bed bed = bed_make();
	u32 n;

	for (n = 0; n < 1000; n++) {
		keep_full(&bed, 0, 1514);
		keep_full(&bed, 1, 1514);
		take(&bed);
		if (n % 10 || !n)	/* at first all have just begun */
			continue;
		put(&bed, 2, 100);
		UNIT_ROW(n, take(&bed), 2);
	}
}

/* One that pretends to begin all the time has its turn and no more. */
static void nx_fq_pause__makes_a_new_flow_wait_a_round(void)
{
	struct bed bed = bed_make();
	u32 n;

	for (n = 0; n < 10; n++) {
		keep_full(&bed, 0, 700);
		take(&bed);
	}
	/* In the middle of its turn. */
	CU_ASSERT_TRUE(bed.flows[0].deficit > 0);
	put(&bed, 1, 100);
	CU_ASSERT_EQUAL(take(&bed), 1);
	CU_ASSERT_EQUAL(take(&bed), 0);
	CU_ASSERT_EQUAL(bed.flows[1].place, NX_FQ_OLD);
	/* Alone it has nobody to keep from anything. */
	while (take(&bed) >= 0)
		;
	CU_ASSERT_EQUAL(bed.flows[1].place, NX_FQ_IDLE);
}

/* ------------------------------------------------------------- the model */

/**
 * struct model - the same in the words of RFC 8290 section 4.2
 * @lists: [0] new, [1] old: flow numbers in order
 * @nr:    of each
 */
struct model {
	int	lists[2][FLOWS * 2];
	int	nr[2];
	int	deficit[FLOWS];
	u32	waiting[FLOWS];
};

static int model_shift(struct model *m, int list)
{
	int first = m->lists[list][0];

	m->nr[list]--;
	memmove(m->lists[list], m->lists[list] + 1,
		(size_t)m->nr[list] * sizeof(int));
	return first;
}

static void model_make_old(struct model *m, int list)
{
	int flow = model_shift(m, list);

	m->lists[1][m->nr[1]++] = flow;
}

static void model_put(struct model *m, int flow)
{
	int list, i;

	m->waiting[flow]++;
	for (list = 0; list < 2; list++)
		for (i = 0; i < m->nr[list]; i++)
			if (m->lists[list][i] == flow)
				return;
	m->deficit[flow] = QUANTUM;
	m->lists[0][m->nr[0]++] = flow;
}

static int model_take(struct model *m, const struct bed *bed)
{
	int list, flow;

	for (;;) {
		list = m->nr[0] ? 0 : 1;
		if (!m->nr[list])
			return -1;
		flow = m->lists[list][0];
		if (m->deficit[flow] <= 0) {
			m->deficit[flow] += QUANTUM;
			model_make_old(m, list);
		} else if (m->waiting[flow]) {
			m->waiting[flow]--;
			m->deficit[flow] -= (int)bed->sizes[flow][bed->first[flow] % 64];
			return flow;
		} else if (list == 0 && m->nr[1]) {
			model_make_old(m, list);
		} else {
			model_shift(m, list);
		}
	}
}

static void nx_fq__does_as_the_model(void)
{
	struct bed bed = bed_make();
	struct model model = {};
	int flow, wanted;
	u32 n;

	srand(1);
	for (n = 0; n < 200000; n++) {
		flow = rand() % FLOWS;
		if (rand() % 2 && bed.flows[flow].nr_packets < 64) {
			put(&bed, (u32)flow, 40 + (u32)rand() % 4000);
			model_put(&model, flow);
			continue;
		}
		wanted = model_take(&model, &bed);
		flow = take(&bed);
		if (flow != wanted) {
			UNIT_ROW(n, flow, wanted);
			return;
		}
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_fq_turn__of_nobody),
	UNIT_CASE_ID(nx_fq_turn__shares_bytes_not_packets,
		     "AQM-2 flows have equal bytes"),
	UNIT_CASE_ID(nx_fq_turn__sparse_flow_goes_first,
		     "AQM-3 a sparse flow waits for nobody"),
	UNIT_CASE(nx_fq_pause__makes_a_new_flow_wait_a_round),
	UNIT_CASE(nx_fq__does_as_the_model),
};

UNIT_SUITE(core_fq_suite, "core/fq", cases);
