// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/stack/packet.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../fixture.h"
#include "../../../lib/stack/internal.h"

static size_t nr_parts(const struct nexus_packet *pkt)
{
	size_t nr = 0;

	for (; pkt; pkt = pkt->next)
		nr++;
	return nr;
}

static void fill(struct nexus_packet *pkt, uint8_t seed)
{
	size_t i = 0, j;

	for (; pkt; pkt = pkt->next)
		for (j = 0; j < pkt->len; j++)
			pkt->data[j] = (uint8_t)(seed + i++ * 7);
}

/* Without large buffers: how many parts each length takes. */
static void nexus_packet_alloc__splits_into_small_buffers(void)
{
	static const struct {
		size_t	len;
		size_t	parts;
	} rows[] = {
		{ 0, 1 }, { 1, 1 }, { 1472, 1 }, { 1920, 1 }, { 1921, 2 },
		{ 3968, 2 }, { 3969, 3 }, { 65507, 33 },
	};
	struct nexus_packet *pkt;
	struct fixture f;
	size_t i;

	fixture_start(&f);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		UNIT_ROW(i, nexus_packet_alloc(f.stack, rows[i].len, &pkt), 0);
		UNIT_ROW(i, pkt->total_len, rows[i].len);
		UNIT_ROW(i, nr_parts(pkt), rows[i].parts);
		UNIT_ROW(i, pkt->info.nr_parts, rows[i].parts);
		fill(pkt, 0);
		nexus_packet_put(f.stack, pkt);
	}
	fixture_end(&f);
}

static void nexus_packet_alloc__prefers_one_large_buffer(void)
{
	struct nexus_packet *a, *b;
	struct fixture f;

	fixture_init(&f);
	f.channel.nr_large = 1;
	fixture_open(&f);
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 65507, &a), 0);
	CU_ASSERT_EQUAL(nr_parts(a), 1);
	CU_ASSERT_EQUAL(a->data - a->base, 29);
	fill(a, 0);
	/* There is no second one. */
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 1921, &b), 0);
	CU_ASSERT_EQUAL(nr_parts(b), 2);
	nexus_packet_put(f.stack, a);
	nexus_packet_put(f.stack, b);
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 1921, &a), 0);
	CU_ASSERT_EQUAL(nr_parts(a), 1);
	CU_ASSERT_EQUAL(a->data - a->base, NX_HEADROOM);
	nexus_packet_put(f.stack, a);
	fixture_end(&f);
}

static void nexus_packet_alloc__refuses_what_no_packet_holds(void)
{
	struct nexus_packet *pkt;
	struct fixture f;

	fixture_start(&f);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 65536, &pkt), -EMSGSIZE);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, SIZE_MAX - 64, &pkt),
			-EMSGSIZE);
	fixture_end(&f);
}

static void nexus_packet_alloc__fails_cleanly_when_the_user_has_all(void)
{
	struct nexus_packet *pkts[64], *pkt;
	struct fixture f;
	uint32_t nr, again;

	fixture_init(&f);
	f.channel.nr_small = 16;
	fixture_open(&f);
	for (nr = 0; nr < 64; nr++)
		if (nexus_packet_alloc(f.stack, 100, &pkts[nr]))
			break;
	CU_ASSERT_EQUAL(nr, 16);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 100, &pkt), -EAGAIN);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 4000, &pkt), -EAGAIN);
	for (again = 0; again < nr; again++)
		nexus_packet_put(f.stack, pkts[again]);
	for (again = 0; again < nr; again++)
		UNIT_ROW(again, nexus_packet_alloc(f.stack, 100, &pkts[again]), 0);
	for (again = 0; again < nr; again++)
		nexus_packet_put(f.stack, pkts[again]);
	fixture_end(&f);
}

/* A long packet for which buffers end half way gives back what it had. */
static void nexus_packet_alloc__takes_all_parts_or_none(void)
{
	struct nexus_packet *pkt, *long_one;
	struct fixture f;
	uint32_t i;

	fixture_init(&f);
	f.channel.nr_small = 16;
	fixture_open(&f);
	CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 65507, &long_one), -EAGAIN);
	for (i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 12000, &pkt), 0);
		nexus_packet_put(f.stack, pkt);
	}
	fixture_end(&f);
}

/* Allocation and release in a random order, long enough to wrap every ring. */
static void nexus_packet_put__gives_every_buffer_back(void)
{
	struct nexus_packet *kept[40] = { NULL };
	struct fixture f;
	unsigned int i, at;

	fixture_init(&f);
	f.channel.nr_small = 100;
	fixture_open(&f);
	srand(2);
	for (i = 0; i < 20000; i++) {
		at = (unsigned int)rand() % 40;
		nexus_packet_put(f.stack, kept[at]);
		kept[at] = NULL;
		if (rand() % 2)
			nexus_packet_alloc(f.stack, (size_t)rand() % 6000,
					   &kept[at]);
	}
	for (at = 0; at < 40; at++)
		nexus_packet_put(f.stack, kept[at]);
	nexus_queue_sync(f.stack->queue, NEXUS_SYNC_REFILL, 0);
	/* All that the user has now stands in ALLOC. */
	CU_ASSERT_EQUAL(fake_user_buffers(&f.fk), f.fk.alloc_target);
	fixture_end(&f);
}

static void nexus_packet_put__keeps_what_free_has_no_room_for(void)
{
	struct nexus_packet *pkts[20];
	struct fixture f;
	uint32_t i;

	fixture_init(&f);
	f.channel.nr_small = 20;
	f.fk.free_slots = 8;
	fixture_open(&f);
	for (i = 0; i < 20; i++)
		CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 1, &pkts[i]), 0);
	for (i = 0; i < 20; i++)
		nexus_packet_put(f.stack, pkts[i]);
	CU_ASSERT_EQUAL(f.stack->stash[NEXUS_SMALL].nr, 12);
	for (i = 0; i < 12; i++)
		CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 1, &pkts[i]), 0);
	CU_ASSERT_EQUAL(f.stack->stash[NEXUS_SMALL].nr, 0);
	nexus_queue_sync(f.stack->queue, NEXUS_SYNC_REFILL, 0);
	for (i = 0; i < 12; i++)
		nexus_packet_put(f.stack, pkts[i]);
	fixture_end(&f);
}

static void nx_packet_put_near__the_next_one_takes_it(void)
{
	struct nexus_packet *pkts[NX_NEAR_MAX + 1], *pkt;
	struct nexus_ring *rings;
	struct fixture f;
	uint32_t i, buf, got, given;

	fixture_init(&f);
	f.channel.nr_small = NX_NEAR_MAX * NX_NEAR_SHARE;
	fixture_open(&f);
	rings = f.stack->queue->rings;
	given = rings[NEXUS_RING_FREE].own;
	for (i = 0; i <= NX_NEAR_MAX; i++)
		CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 1, &pkts[i]), 0);
	got = rings[NEXUS_RING_ALLOC].own;
	for (i = 0; i <= NX_NEAR_MAX; i++)
		nx_packet_put_near(f.stack, pkts[i]);
	/* One is too many. */
	CU_ASSERT_EQUAL(rings[NEXUS_RING_FREE].own, given + 1);
	for (i = NX_NEAR_MAX; i--; ) {
		buf = pkts[i]->buf;
		CU_ASSERT_EQUAL_FATAL(nx_packet_alloc_near(f.stack, 1, &pkt), 0);
		CU_ASSERT_EQUAL(pkt->buf, buf);
	}
	CU_ASSERT_EQUAL(rings[NEXUS_RING_ALLOC].own, got);
	/* There is none left here, and more where they come from. */
	CU_ASSERT_EQUAL(nx_packet_alloc_near(f.stack, 1, &pkt), 0);
	CU_ASSERT_EQUAL(rings[NEXUS_RING_ALLOC].own, got + 1);
	fixture_end(&f);
}

static void nx_packet_put_near__not_what_others_have(void)
{
	struct nexus_packet *pkt, *slice;
	struct fixture f;
	uint32_t given;

	fixture_init(&f);
	f.channel.nr_small = NX_NEAR_MAX * NX_NEAR_SHARE;
	fixture_open(&f);
	given = f.stack->queue->rings[NEXUS_RING_FREE].own;
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 100, &pkt), 0);
	slice = nexus_packet_slice(f.stack, pkt, 0, 50);
	CU_ASSERT_PTR_NOT_NULL_FATAL(slice);
	nx_packet_put_near(f.stack, pkt);
	nx_packet_put_near(f.stack, slice);
	CU_ASSERT_EQUAL(f.stack->stash[NEXUS_SMALL].nr, 0);
	CU_ASSERT_EQUAL(f.stack->queue->rings[NEXUS_RING_FREE].own, given + 1);
	fixture_end(&f);
}

/* Who has few buffers needs them to receive. */
static void nx_packet_put_near__not_of_a_small_pool(void)
{
	struct nexus_packet *pkt;
	struct fixture f;
	uint32_t given;

	fixture_init(&f);
	f.channel.nr_small = NX_NEAR_SHARE - 1;
	fixture_open(&f);
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 1, &pkt), 0);
	given = f.stack->queue->rings[NEXUS_RING_FREE].own;
	nx_packet_put_near(f.stack, pkt);
	CU_ASSERT_EQUAL(f.stack->stash[NEXUS_SMALL].nr, 0);
	CU_ASSERT_EQUAL(f.stack->queue->rings[NEXUS_RING_FREE].own, given + 1);
	fixture_end(&f);
}

/* A super-packet of three parts, as the kernel delivers it. */
static struct nexus_packet *super_packet(struct fixture *f, size_t len)
{
	struct nexus_packet *pkt;

	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f->stack, len, &pkt), 0);
	pkt->head = pkt->data - 28;
	pkt->info.ip_version = 4;
	pkt->info.flags = NEXUS_DESC_GSO | NEXUS_DESC_CSUM;
	pkt->info.gso_size = 1000;
	fill(pkt, 3);
	return pkt;
}

static void nx_packet_slice__shares_bytes_and_headers(void)
{
	uint8_t want[5000], got[5000];
	struct nexus_packet *pkt, *slice;
	struct fixture f;
	size_t off;

	fixture_start(&f);
	pkt = super_packet(&f, 5000);
	CU_ASSERT_EQUAL(nexus_packet_read(pkt, 0, want, 5000), 5000);
	for (off = 0; off < 5000; off += 1000) {
		slice = nx_packet_slice(f.stack, pkt, off, 1000);
		CU_ASSERT_PTR_NOT_NULL_FATAL(slice);
		UNIT_ROW(off, slice->total_len, 1000);
		UNIT_ROW(off, nexus_packet_read(slice, 0, got, 5000), 1000);
		UNIT_ROW(off, memcmp(got, want + off, 1000), 0);
		UNIT_ROW(off, slice->head == pkt->head, true);
		UNIT_ROW(off, slice->info.flags, NEXUS_DESC_CSUM);
		/* 1,920 bytes lie in the first part, 2,048 in the next. */
		UNIT_ROW(off, nr_parts(slice), off == 1000 || off == 3000 ? 2 : 1);
		nexus_packet_put(f.stack, slice);
	}
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static void nx_packet_slice__keeps_the_buffers_alive(void)
{
	struct nexus_packet *pkt, *a, *b;
	struct fixture f;
	uint8_t want[1000], got[1000];
	uint32_t before;

	fixture_start(&f);
	pkt = super_packet(&f, 5000);
	nexus_packet_read(pkt, 3500, want, 1000);
	a = nx_packet_slice(f.stack, pkt, 0, 1000);
	b = nx_packet_slice(f.stack, pkt, 3500, 1000);
	before = f.stack->queue->rings[NEXUS_RING_FREE].own;
	nexus_packet_put(f.stack, pkt);
	nexus_packet_put(f.stack, a);
	CU_ASSERT_EQUAL(f.stack->queue->rings[NEXUS_RING_FREE].own, before);
	nexus_packet_read(b, 0, got, 1000);
	CU_ASSERT_EQUAL(memcmp(want, got, 1000), 0);
	nexus_packet_put(f.stack, b);
	CU_ASSERT_EQUAL(f.stack->queue->rings[NEXUS_RING_FREE].own, before + 3);
	fixture_end(&f);
}

/* What it shares is the packet's, not the slice's that it was cut from. */
static void nexus_packet_slice__of_a_slice(void)
{
	struct nexus_packet *pkt, *a, *b;
	struct fixture f;
	uint8_t want[100], got[100];
	uint32_t before;

	fixture_start(&f);
	pkt = super_packet(&f, 5000);
	nexus_packet_read(pkt, 1950, want, 100);
	before = f.stack->queue->rings[NEXUS_RING_FREE].own;
	a = nexus_packet_slice(f.stack, pkt, 1000, 2000);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	b = nexus_packet_slice(f.stack, a, 950, 100);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	nexus_packet_put(f.stack, a);
	nexus_packet_put(f.stack, pkt);
	CU_ASSERT_EQUAL(f.stack->queue->rings[NEXUS_RING_FREE].own, before);
	CU_ASSERT_EQUAL(nexus_packet_read(b, 0, got, sizeof(got)), 100);
	CU_ASSERT_EQUAL(memcmp(want, got, 100), 0);
	nexus_packet_put(f.stack, b);
	CU_ASSERT_EQUAL(f.stack->queue->rings[NEXUS_RING_FREE].own, before + 3);
	fixture_end(&f);
}

static void nexus_packet_slice__refuses(void)
{
	static const struct {
		size_t off, len;
	} rows[] = { { 0, 0 }, { 5000, 1 }, { 4999, 2 }, { 1, SIZE_MAX } };
	struct nexus_packet *pkt;
	struct fixture f;
	size_t i;

	fixture_start(&f);
	pkt = super_packet(&f, 5000);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_PTR_NULL(nexus_packet_slice(f.stack, pkt, rows[i].off,
						      rows[i].len));
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static void nx_packet_slice__ends_with_the_slices(void)
{
	static struct nexus_packet *slices[NX_NR_SLICES];
	struct nexus_packet *pkt;
	struct fixture f;
	uint32_t i;

	fixture_start(&f);
	pkt = super_packet(&f, 5000);
	for (i = 0; i < NX_NR_SLICES; i++)
		slices[i] = nx_packet_slice(f.stack, pkt, 0, 10);
	CU_ASSERT_PTR_NOT_NULL(slices[NX_NR_SLICES - 1]);
	CU_ASSERT_PTR_NULL(nx_packet_slice(f.stack, pkt, 0, 10));
	/* One is free, two are needed. */
	nexus_packet_put(f.stack, slices[0]);
	CU_ASSERT_PTR_NULL(nx_packet_slice(f.stack, pkt, 1900, 1000));
	slices[0] = nx_packet_slice(f.stack, pkt, 0, 10);
	CU_ASSERT_PTR_NOT_NULL(slices[0]);
	for (i = 0; i < NX_NR_SLICES; i++)
		nexus_packet_put(f.stack, slices[i]);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static void nexus_packet_trim__gives_empty_parts_back(void)
{
	static const struct {
		size_t	len;
		size_t	parts;
	} rows[] = {
		{ 5000, 3 }, { 6000, 3 }, { 3969, 3 }, { 3968, 2 }, { 1921, 2 },
		{ 1920, 1 }, { 1, 1 }, { 0, 1 },
	};
	struct nexus_packet *pkt;
	struct fixture f;
	uint32_t before;
	size_t i;

	fixture_start(&f);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 5000, &pkt), 0);
		before = f.stack->queue->rings[NEXUS_RING_FREE].own;
		nexus_packet_trim(f.stack, pkt, rows[i].len);
		UNIT_ROW(i, pkt->total_len, rows[i].len < 5000 ? rows[i].len : 5000);
		UNIT_ROW(i, nr_parts(pkt), rows[i].parts);
		UNIT_ROW(i, pkt->info.nr_parts, rows[i].parts);
		UNIT_ROW(i, f.stack->queue->rings[NEXUS_RING_FREE].own - before,
			 3 - rows[i].parts);
		nexus_packet_put(f.stack, pkt);
	}
	fixture_end(&f);
}

static void nexus_packet_tailroom__is_what_the_buffer_has_left(void)
{
	struct nexus_packet *pkt, *slice;
	struct fixture f;

	fixture_start(&f);
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 100, &pkt), 0);
	CU_ASSERT_EQUAL(nexus_packet_tailroom(f.stack, pkt), 1820);
	pkt->head = pkt->data;
	slice = nx_packet_slice(f.stack, pkt, 0, 10);
	CU_ASSERT_EQUAL(nexus_packet_tailroom(f.stack, slice), 0);
	CU_ASSERT_EQUAL(nexus_packet_tailroom(f.stack, pkt), 0);
	nexus_packet_put(f.stack, slice);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static void nexus_packet_write__and_read_agree_over_all_parts(void)
{
	uint8_t in[5000], out[5000];
	struct nexus_packet *pkt;
	struct fixture f;
	size_t off, i;

	fixture_start(&f);
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 13);
	CU_ASSERT_EQUAL_FATAL(nexus_packet_alloc(f.stack, 5000, &pkt), 0);
	for (off = 0; off < 5000; off += 333) {
		size_t len = 5000 - off < 2500 ? 5000 - off : 2500;

		UNIT_ROW(off, nexus_packet_write(pkt, off, in + off, 2500), len);
		memset(out, 0, sizeof(out));
		UNIT_ROW(off, nexus_packet_read(pkt, off, out, 2500), len);
		UNIT_ROW(off, memcmp(in + off, out, len), 0);
	}
	CU_ASSERT_EQUAL(nexus_packet_read(pkt, 0, out, 5000), 5000);
	CU_ASSERT_EQUAL(memcmp(in, out, 5000), 0);
	CU_ASSERT_EQUAL(nexus_packet_read(pkt, 5000, out, 1), 0);
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

/* Also when a part has an odd length, so that the next begins at an odd byte. */
static void nx_packet_sum__is_that_of_the_bytes_in_a_row(void)
{
	struct nexus_packet *pkt;
	uint8_t flat[5028];
	struct fixture f;
	uint32_t sum;

	fixture_start(&f);
	pkt = super_packet(&f, 5000);
	pkt->len -= 3;
	pkt->next->len -= 1;
	memset(pkt->head, 0x5a, 28);
	memcpy(flat, pkt->head, 28);
	CU_ASSERT_EQUAL(nexus_packet_read(pkt, 0, flat + 28, 5000), 4996);
	sum = nexus_wire_sum(0, flat + 20, 5004);
	CU_ASSERT_EQUAL(nexus_wire_fold(nx_packet_sum(pkt, 0, 20)),
			nexus_wire_fold(sum));
	nexus_packet_put(f.stack, pkt);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_packet_alloc__splits_into_small_buffers),
	UNIT_CASE(nexus_packet_alloc__prefers_one_large_buffer),
	UNIT_CASE(nexus_packet_alloc__refuses_what_no_packet_holds),
	UNIT_CASE_ID(nexus_packet_alloc__fails_cleanly_when_the_user_has_all,
		     "POOL-1 in the library"),
	UNIT_CASE(nexus_packet_alloc__takes_all_parts_or_none),
	UNIT_CASE(nexus_packet_put__gives_every_buffer_back),
	UNIT_CASE(nexus_packet_put__keeps_what_free_has_no_room_for),
	UNIT_CASE(nx_packet_put_near__the_next_one_takes_it),
	UNIT_CASE(nx_packet_put_near__not_what_others_have),
	UNIT_CASE(nx_packet_put_near__not_of_a_small_pool),
	UNIT_CASE(nx_packet_slice__shares_bytes_and_headers),
	UNIT_CASE(nx_packet_slice__keeps_the_buffers_alive),
	UNIT_CASE(nexus_packet_slice__of_a_slice),
	UNIT_CASE(nexus_packet_slice__refuses),
	UNIT_CASE(nx_packet_slice__ends_with_the_slices),
	UNIT_CASE(nexus_packet_trim__gives_empty_parts_back),
	UNIT_CASE(nexus_packet_tailroom__is_what_the_buffer_has_left),
	UNIT_CASE(nexus_packet_write__and_read_agree_over_all_parts),
	UNIT_CASE(nx_packet_sum__is_that_of_the_bytes_in_a_row),
};

UNIT_SUITE(stack_packet_suite, "stack/packet", cases);
