// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the ring verbs of <nexus/channel.h>, against shared words and slots
 * that the test moves as the kernel would.
 */
#include <string.h>

#include <nexus/channel.h>

#include "../unit.h"

#define NR_SLOTS	8u

/* One ring whose both ends are the test's, and the queue that it is in. */
struct fixture {
	uint32_t		prod;
	uint32_t		cons;
	struct nexus_desc	descs[NR_SLOTS];
	uint32_t		bufs[NR_SLOTS];
	struct nexus_queue	queue;
};

static void start(struct fixture *f, enum nexus_ring_id id, void *slots,
		  uint32_t index)
{
	struct nexus_ring *ring = &f->queue.rings[id];

	memset(f, 0, sizeof(*f));
	f->prod = index;
	f->cons = index;
	ring->prod = &f->prod;
	ring->cons = &f->cons;
	ring->slots = slots;
	ring->nr_slots = NR_SLOTS;
	ring->mask = NR_SLOTS - 1;
	ring->own = index;
	ring->other = index;
}

static const uint32_t starts[] = { 0, 5, 0x7ffffffc, 0xfffffff8, 0xffffffff };

static void nexus_tx_reserve__offers_exactly_the_ring(void)
{
	struct fixture f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		start(&f, NEXUS_RING_TX, f.descs, starts[i]);
		UNIT_ROW(i, nexus_tx_reserve(&f.queue, NR_SLOTS), true);
		UNIT_ROW(i, nexus_tx_reserve(&f.queue, NR_SLOTS + 1), false);
		nexus_tx_submit(&f.queue, NR_SLOTS);
		UNIT_ROW(i, nexus_tx_reserve(&f.queue, 1), false);
		f.cons += 3;
		UNIT_ROW(i, nexus_tx_reserve(&f.queue, 3), true);
		UNIT_ROW(i, nexus_tx_reserve(&f.queue, 4), false);
	}
}

/* A slot for each packet, in order, however often the indices wrap. */
static void nexus_tx_submit__carries_packets_across_wraps(void)
{
	struct fixture f;
	uint32_t i, taken;

	start(&f, NEXUS_RING_TX, f.descs, 0xffffff00u);
	for (i = 0; i < 1000; i++) {
		CU_ASSERT_TRUE_FATAL(nexus_tx_reserve(&f.queue, 1));
		nexus_tx_slot(&f.queue, 0)->buf = i;
		nexus_tx_submit(&f.queue, 1);
		CU_ASSERT_EQUAL(f.prod, 0xffffff00u + i + 1);
		taken = f.descs[f.cons & (NR_SLOTS - 1)].buf;
		f.cons++;
		UNIT_ROW(i, taken, i);
	}
}

static void nexus_tx_pending__counts_what_the_kernel_left(void)
{
	struct fixture f;

	start(&f, NEXUS_RING_TX, f.descs, 0xfffffffe);
	CU_ASSERT_EQUAL(nexus_tx_pending(&f.queue), 0);
	nexus_tx_submit(&f.queue, 5);
	CU_ASSERT_EQUAL(nexus_tx_pending(&f.queue), 5);
	f.cons += 2;
	CU_ASSERT_EQUAL(nexus_tx_pending(&f.queue), 3);
	f.cons += 3;
	CU_ASSERT_EQUAL(nexus_tx_pending(&f.queue), 0);
}

static void nexus_rx_peek__sees_what_the_kernel_published(void)
{
	struct fixture f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		start(&f, NEXUS_RING_RX, f.descs, starts[i]);
		UNIT_ROW(i, nexus_rx_peek(&f.queue), 0);
		f.descs[f.prod & (NR_SLOTS - 1)].buf = 17;
		f.prod += NR_SLOTS;
		UNIT_ROW(i, nexus_rx_peek(&f.queue), NR_SLOTS);
		UNIT_ROW(i, nexus_rx_slot(&f.queue, 0)->buf, 17);
		nexus_rx_release(&f.queue, 3);
		UNIT_ROW(i, f.cons - starts[i], 3);
		UNIT_ROW(i, nexus_rx_peek(&f.queue), NR_SLOTS - 3);
		nexus_rx_release(&f.queue, NR_SLOTS - 3);
		UNIT_ROW(i, nexus_rx_peek(&f.queue), 0);
	}
}

/* The words of memory that was taken back: zero, whatever they were. */
static void nexus_ring_ready__takes_nonsense_for_empty(void)
{
	struct fixture f;

	start(&f, NEXUS_RING_RX, f.descs, 1000);
	f.prod = 0;
	CU_ASSERT_EQUAL(nexus_rx_peek(&f.queue), 0);
	f.prod = 1000 + NR_SLOTS + 1;
	CU_ASSERT_EQUAL(nexus_rx_peek(&f.queue), 0);
	f.prod = 1000 + NR_SLOTS;
	CU_ASSERT_EQUAL(nexus_rx_peek(&f.queue), NR_SLOTS);
}

static void nexus_ring_space__takes_nonsense_for_full(void)
{
	struct fixture f;

	start(&f, NEXUS_RING_TX, f.descs, 1000);
	nexus_tx_submit(&f.queue, NR_SLOTS);
	f.cons = 0;
	CU_ASSERT_FALSE(nexus_tx_reserve(&f.queue, 1));
	CU_ASSERT_EQUAL(nexus_tx_pending(&f.queue), NR_SLOTS);
	f.cons = 1000 + NR_SLOTS + 1;
	CU_ASSERT_FALSE(nexus_tx_reserve(&f.queue, 1));
}

static void nexus_buffer_get__takes_them_in_order(void)
{
	struct fixture f;
	uint32_t i;

	start(&f, NEXUS_RING_ALLOC, f.bufs, 0xfffffffc);
	CU_ASSERT_EQUAL(nexus_buffer_get(&f.queue, NEXUS_SMALL),
			NEXUS_BUFFER_NONE);
	for (i = 0; i < NR_SLOTS; i++)
		f.bufs[f.prod++ & (NR_SLOTS - 1)] = 100 + i;
	for (i = 0; i < NR_SLOTS; i++)
		UNIT_ROW(i, nexus_buffer_get(&f.queue, NEXUS_SMALL), 100 + i);
	CU_ASSERT_EQUAL(nexus_buffer_get(&f.queue, NEXUS_SMALL),
			NEXUS_BUFFER_NONE);
	CU_ASSERT_EQUAL(f.cons, f.prod);
}

static void nexus_buffer_put__stops_at_a_full_ring(void)
{
	struct fixture f;
	uint32_t i;

	start(&f, NEXUS_RING_FREE, f.bufs, 0xfffffffc);
	for (i = 0; i < NR_SLOTS; i++)
		UNIT_ROW(i, nexus_buffer_put(&f.queue, 100 + i), true);
	CU_ASSERT_FALSE(nexus_buffer_put(&f.queue, 1));
	for (i = 0; i < NR_SLOTS; i++)
		UNIT_ROW(i, f.bufs[f.cons++ & (NR_SLOTS - 1)], 100 + i);
	CU_ASSERT_TRUE(nexus_buffer_put(&f.queue, 1));
}

static void nexus_channel_buffer__knows_both_sizes(void)
{
	uint8_t pool[1];
	struct nexus_channel channel = {
		.buffers = pool,
		.sizes = {
			{ .first = 0, .nr = 10, .size = 2048, .off = 0 },
			{ .first = 10, .nr = 2, .size = 65536, .off = 20480 },
		},
	};
	static const struct {
		uint32_t	buf;
		long		off;
		uint32_t	size;
	} rows[] = {
		{ 0, 0, 2048 }, { 9, 18432, 2048 },
		{ 10, 20480, 65536 }, { 11, 86016, 65536 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		UNIT_ROW(i, (uintptr_t)nexus_channel_buffer(&channel, rows[i].buf) -
			 (uintptr_t)pool, rows[i].off);
		UNIT_ROW(i, nexus_channel_buffer_size(&channel, rows[i].buf),
			 rows[i].size);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_channel_buffer__knows_both_sizes),
	UNIT_CASE(nexus_ring_space__takes_nonsense_for_full),
	UNIT_CASE(nexus_ring_ready__takes_nonsense_for_empty),
	UNIT_CASE(nexus_tx_reserve__offers_exactly_the_ring),
	UNIT_CASE_ID(nexus_tx_submit__carries_packets_across_wraps,
		     "RING-1 across 2^32 on the library's side"),
	UNIT_CASE(nexus_tx_pending__counts_what_the_kernel_left),
	UNIT_CASE(nexus_rx_peek__sees_what_the_kernel_published),
	UNIT_CASE(nexus_buffer_get__takes_them_in_order),
	UNIT_CASE(nexus_buffer_put__stops_at_a_full_ring),
};

UNIT_SUITE(channel_ring_suite, "channel/ring", cases);
