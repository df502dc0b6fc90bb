// SPDX-License-Identifier: GPL-2.0
/*
 * Indices that cannot be, in each ring that the attacker writes, and buffers that
 * are not his, by each way in which he can name one.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"
#include "test.h"

/**
 * struct attack - an index or a buffer that is a lie
 * @what:   for people
 * @ring:   where it is written
 * @lie:    writes it; @value is one of the values below
 * @flags:  of the SYNC that finds it
 * @violation: that it is found to be
 */
struct attack {
	const char	*what;
	enum nexus_ring_id	ring;
	void	(*lie)(struct nx_chan *chan, struct nx_ring *ring, __u32 value);
	__u32	flags;
	enum nexus_violation	violation;
};

/* How far beyond what the ring has: one, across the wrap, half round, back. */
static const __u32 values[] = { 1, 7, 1U << 16, 1U << 31, ~0U - (1U << 17) };

static void lie_prod(struct nx_chan *chan, struct nx_ring *ring, __u32 value)
{
	__atomic_store_n(ring->prod, *ring->cons + ring->nr_slots + value,
			 __ATOMIC_RELEASE);
}

static void lie_cons(struct nx_chan *chan, struct nx_ring *ring, __u32 value)
{
	__atomic_store_n(ring->cons, *ring->prod + value, __ATOMIC_RELEASE);
}

static void free_index(struct nx_chan *chan, struct nx_ring *ring, __u32 buf)
{
	if (!nx_ring_push(ring, &buf))
		nx_die("no slot in FREE");
}

static void lie_free_range(struct nx_chan *chan, struct nx_ring *ring,
			   __u32 value)
{
	free_index(chan, ring, chan->attach.nr_small + chan->attach.nr_large +
			       value - 1);
}

/* The last one is free: small ones are given out from the first on. */
static void lie_free_foreign(struct nx_chan *chan, struct nx_ring *ring,
			     __u32 value)
{
	free_index(chan, ring, chan->attach.nr_small - 1);
}

static void lie_free_twice(struct nx_chan *chan, struct nx_ring *ring,
			   __u32 value)
{
	long buf = nx_buf_take(chan, 0);

	free_index(chan, ring, buf);
	free_index(chan, ring, buf);
}

static void lie_tx(struct nx_ring *ring, __u32 buf)
{
	struct nexus_desc desc = { .buf = buf, .len = 28 };

	if (!nx_ring_push(ring, &desc))
		nx_die("no slot in TX");
}

static void lie_tx_range(struct nx_chan *chan, struct nx_ring *ring, __u32 value)
{
	lie_tx(ring, chan->attach.nr_small + chan->attach.nr_large + value - 1);
}

static void lie_tx_foreign(struct nx_chan *chan, struct nx_ring *ring,
			   __u32 value)
{
	lie_tx(ring, chan->attach.nr_small - 1);
}

static void lie_tx_twice(struct nx_chan *chan, struct nx_ring *ring, __u32 value)
{
	long buf = nx_buf_take(chan, 0);

	lie_tx(ring, buf);
	lie_tx(ring, buf);
}

/* Used after it was freed: the kernel has taken it back before. */
static void lie_tx_freed(struct nx_chan *chan, struct nx_ring *ring, __u32 value)
{
	long buf = nx_buf_take(chan, 0);

	nx_buf_give(chan, 0, buf);
	nx_chan_sync(chan, 0, NEXUS_SYNC_REFILL, 0);
	lie_tx(ring, buf);
}

#define BOTH	(NEXUS_SYNC_TX | NEXUS_SYNC_REFILL)

static const struct attack attacks[] = {
	{ "TX index", NEXUS_RING_TX, lie_prod, BOTH, NEXUS_VIOLATION_TX_INDEX },
	{ "FREE index", NEXUS_RING_FREE, lie_prod, BOTH,
	  NEXUS_VIOLATION_FREE_INDEX },
	{ "RX index", NEXUS_RING_RX, lie_cons, BOTH, NEXUS_VIOLATION_RX_INDEX },
	{ "ALLOC index", NEXUS_RING_ALLOC, lie_cons, BOTH,
	  NEXUS_VIOLATION_ALLOC_INDEX },
	{ "ALLOC index of large ones", NEXUS_RING_ALLOC_LARGE, lie_cons, BOTH,
	  NEXUS_VIOLATION_ALLOC_INDEX },
	{ "EVENT index", NEXUS_RING_EVENT, lie_cons, BOTH,
	  NEXUS_VIOLATION_EVENT_INDEX },
	{ "FREE out of range", NEXUS_RING_FREE, lie_free_range, BOTH,
	  NEXUS_VIOLATION_BUFFER_RANGE },
	{ "FREE of a free one", NEXUS_RING_FREE, lie_free_foreign, BOTH,
	  NEXUS_VIOLATION_BUFFER_OWNER },
	{ "FREE twice", NEXUS_RING_FREE, lie_free_twice, BOTH,
	  NEXUS_VIOLATION_BUFFER_OWNER },
	{ "TX out of range", NEXUS_RING_TX, lie_tx_range, BOTH,
	  NEXUS_VIOLATION_BUFFER_RANGE },
	{ "TX of a free one", NEXUS_RING_TX, lie_tx_foreign, BOTH,
	  NEXUS_VIOLATION_BUFFER_OWNER },
	{ "TX twice", NEXUS_RING_TX, lie_tx_twice, BOTH,
	  NEXUS_VIOLATION_BUFFER_OWNER },
	{ "TX after FREE", NEXUS_RING_TX, lie_tx_freed, BOTH,
	  NEXUS_VIOLATION_BUFFER_OWNER },
};

static void attack(NX_METADATA, const struct attack *a, __u32 value)
{
	struct nexus_status status;
	struct nx_flow flow;
	struct nx_chan chan;

	nx_chan_init(&chan, NX_BED_NEXUS);
	chan.attach.nr_small = 1024;
	chan.attach.nr_large = 4;
	nx_chan_begin(&chan);
	nx_flow_start(&flow, &chan, NX_HOST4, NX_BED_PORT, NX_PEER4,
		      NX_BED_PORT);
	ASSERT_EQ(0, nx_chan_sync(&chan, 0, NEXUS_SYNC_REFILL, 0));
	a->lie(&chan, nx_chan_ring(&chan, 0, a->ring), value);
	EXPECT_EQ(-EPROTO, nx_chan_sync(&chan, 0, a->flags, 0)) {
		TH_LOG("%s, %u", a->what, value);
	}
	ASSERT_EQ(0, nx_chan_status(&chan, &status));
	EXPECT_EQ(NEXUS_CHANNEL_QUARANTINED, status.state);
	EXPECT_EQ(a->violation, status.violation) {
		TH_LOG("%s, %u", a->what, value);
	}
	EXPECT_EQ(0, status.tx_packets);
	/* It stays so, whatever the attacker writes now. */
	EXPECT_EQ(-EPROTO, nx_chan_sync(&chan, 0, a->flags, 0));
	close(flow.sock);
	nx_chan_close(&chan);
}

NX_TEST_LONG(all, "RING-2 RING-4 every index and buffer that cannot be, in every ring: the channel stops with its reason, neighbours go on", 120)
{
	struct nx_bed bed;

	nx_bed_start(&bed);
	for (size_t i = 0; i < NX_ARRAY_SIZE(attacks); i++)
		for (size_t j = 0; j < NX_ARRAY_SIZE(values); j++)
			attack(_metadata, &attacks[i], values[j]);
	nx_bed_judge(&bed);
}

NX_TEST_MAIN("ring")
