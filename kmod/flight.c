// SPDX-License-Identifier: GPL-2.0
/*
 * Payload that leaves without a copy: as pages of its sender's pool, until no
 * device needs them.
 *
 * It is the kernel's own MSG_ZEROCOPY to whoever handles the skb: a reference to
 * each page, SKBFL_ZEROCOPY_FRAG, which says that the bytes may change at any time
 * and are to be copied before anybody of this host keeps them, and a callback when
 * the last of the skb, its clones and its segments is gone. The buffers that the
 * payload lies in are held until then. Headers are never among these pages.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "channel.h"
#include "compat.h"
#include "flight.h"
#include "flow.h"
#include "pool.h"
#include "sent.h"
#include "tx.h"

/*
 * The shortest payload that is worth it: by count of instructions, less is
 * cheaper to copy. Of the low-latency class none is copied that need not be.
 */
#define FLIGHT_MIN	4096
#define FLIGHT_MIN_LL	1

/*
 * Where somebody of this host keeps what is sent the kernel copies it, and pays for
 * pages and for a copy by memcpy(): more than we do. So a flow's payloads are copied by
 * us then, but for one in so many, which shows whether it is still so.
 */
#define FLIGHT_COPIES	64

/* The buffers of a payload: 64 KiB that begin in the middle of one lie in two. */
#define FLIGHT_BUFS	4

/**
 * struct nx_flight - what a packet on its way holds
 * @ubuf:    for the kernel, with the count of skbs
 * @chan:    of which it holds a reference
 * @flow_idx: of the flow that sends
 * @serial:  of that flow
 * @sent:    its report, or NULL: nobody asked for one
 * @nr_bufs: of @bufs
 * @bufs:    large buffers of the channel's pool, held
 *
 * It holds a reference of the module too: the kernel will call it.
 */
struct nx_flight {
	struct ubuf_info	ubuf;
	struct nx_channel	*chan;
	u32			flow_idx;
	u64			serial;
	struct nx_sent		*sent;
	u32			nr_bufs;
	u32			bufs[FLIGHT_BUFS];
};

static void flight_free(struct nx_flight *flight)
{
	struct nx_channel *chan = flight->chan;
	u32 i;

	for (i = 0; i < flight->nr_bufs; i++)
		nx_pool_unhold(&chan->pool, flight->bufs[i]);
	if (flight->sent)
		nx_sent_put(flight->sent);
	kfree(flight);
	nx_channel_put(chan);
	module_put(THIS_MODULE);
}

/* What became of one will become of those that the flow sends next. */
static void learn(const struct nx_flight *flight, bool is_copied)
{
	struct nx_flow *flow;

	rcu_read_lock();
	flow = rcu_dereference(flight->chan->flows[flight->flow_idx].flow);
	if (flow && flow->serial == flight->serial &&
	    (is_copied || READ_ONCE(flow->nr_copies)))
		WRITE_ONCE(flow->nr_copies, is_copied ? FLIGHT_COPIES : 0);
	rcu_read_unlock();
}

/* An skb has let go of its pages, or has copied them. */
static void flight_complete(struct sk_buff *skb, struct ubuf_info *ubuf,
			    bool is_zerocopy)
{
	struct nx_flight *flight = container_of(ubuf, struct nx_flight, ubuf);

	learn(flight, !is_zerocopy);
	if (refcount_dec_and_test(&ubuf->refcnt))
		flight_free(flight);
}

static const struct ubuf_info_ops flight_ops = {
	.complete = flight_complete,
};

static struct nx_flight *flight_alloc(struct nx_channel *chan,
				      const struct nx_flow *flow)
{
	struct nx_flight *flight;

	flight = kmalloc(sizeof(*flight),
			 GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!flight)
		return NULL;
	nx_compat_ubuf_init(&flight->ubuf, &flight_ops);
	refcount_set(&flight->ubuf.refcnt, 1);
	/* As MSG_ZEROCOPY: segments and clones count as references. */
	flight->ubuf.flags = SKBFL_ZEROCOPY_FRAG | SKBFL_DONT_ORPHAN;
	nx_channel_get(chan);
	flight->chan = chan;
	flight->flow_idx = flow->idx;
	flight->serial = flow->serial;
	flight->sent = NULL;
	flight->nr_bufs = 0;
	/* The open file from which the caller comes has one. */
	__module_get(THIS_MODULE);
	return flight;
}

/* Is there payload enough? In the order in which most packets say no. */
static bool is_long(const struct nx_tx_packet *p)
{
	u32 skip = p->packet.payload_off;

	if (p->len >= skip + FLIGHT_MIN)
		return true;
	return p->nr_parts && p->parts[p->nr_parts - 1].is_kept &&
	       p->len >= skip + FLIGHT_MIN_LL && nx_grant_of(p->flow);
}

/*
 * Would the kernel copy it? The low-latency class is promised that we do not. Behind
 * one that is to show it, the next ones are copied until it has.
 */
static bool is_copied_anyway(struct nx_flow *flow)
{
	u32 left = READ_ONCE(flow->nr_copies);

	if (likely(!left) || nx_grant_of(flow))
		return false;
	WRITE_ONCE(flow->nr_copies, left > 1 ? left - 1 : FLIGHT_COPIES);
	return left > 1;
}

/**
 * nx_flight_suits - can a packet's payload leave without a copy?
 * @p: the packet, checked; in a RCU section
 *
 * It is long, or of the low-latency class, the process keeps the buffers, and
 * they are large ones: a page of small ones has other packets on it; and nobody of
 * this host has kept what was sent before.
 */
bool nx_flight_suits(const struct nx_tx_packet *p)
{
	u32 skip = p->packet.payload_off, nr_bufs = 0, nr_pages = 0, i;
	const struct nx_tx_part *part;

	if (!is_long(p) || skip > p->nr_headers)
		return false;
	for (i = 0; i < p->nr_parts; i++) {
		part = &p->parts[i];
		if (skip >= part->len) {
			skip -= part->len;
			continue;
		}
		if (!part->is_kept ||
		    nx_pool_size_of(p->pool, part->buf) != NEXUS_LARGE)
			return false;
		nr_bufs++;
		nr_pages += DIV_ROUND_UP(offset_in_page(part->off + skip) +
					 part->len - skip, PAGE_SIZE);
		skip = 0;
	}
	return nr_bufs <= FLIGHT_BUFS && nr_pages <= MAX_SKB_FRAGS &&
	       !is_copied_anyway(p->flow);
}

/* The pages of @len bytes at @off of buffer @buf. */
static bool load_pages(struct sk_buff *skb, struct nx_pool *pool, u32 buf,
		       u32 off, u32 len)
{
	struct page *page;
	void *from;
	u32 n;

	for (; len; len -= n, off += n) {
		from = nx_pool_addr(pool, buf, off);
		if (!from)
			return false;
		n = min_t(u32, len, PAGE_SIZE - offset_in_page(from));
		page = virt_to_page(from);
		get_page(page);
		skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags, page,
				   offset_in_page(from), n);
		skb->len += n;
		skb->data_len += n;
		skb->truesize += PAGE_SIZE;
	}
	return true;
}

/**
 * nx_flight_load - attach a packet's payload to its skb
 * @skb:  with the headers, and owned by nobody yet
 * @chan: that sends; its tx_lock is held
 * @p:    the packet, which suits
 *
 * Return: false: no memory; what is attached goes with the skb.
 */
bool nx_flight_load(struct sk_buff *skb, struct nx_channel *chan,
		    const struct nx_tx_packet *p)
{
	struct nx_flight *flight = flight_alloc(chan, p->flow);
	u32 skip = p->packet.payload_off, i;
	const struct nx_tx_part *part;

	if (!flight)
		return false;
	skb_zcopy_init(skb, &flight->ubuf);
	for (i = 0; i < p->nr_parts; i++) {
		part = &p->parts[i];
		if (skip >= part->len) {
			skip -= part->len;
			continue;
		}
		nx_pool_hold(p->pool, part->buf);
		flight->bufs[flight->nr_bufs++] = part->buf;
		if (!load_pages(skb, p->pool, part->buf, part->off + skip,
				part->len - skip))
			return false;
		skip = 0;
	}
	return true;
}

/**
 * nx_flight_report - have a packet of pages reported when the last of it is gone
 * @skb:  of nx_flight_load()
 * @sent: the report, of which it takes a reference over
 */
void nx_flight_report(struct sk_buff *skb, struct nx_sent *sent)
{
	container_of(skb_zcopy(skb), struct nx_flight, ubuf)->sent = sent;
}

/**
 * nx_flight_sent - the report of a packet of pages
 * @ubuf: the packet's, whose ever it is
 *
 * Return: NULL: it has none.
 */
struct nx_sent *nx_flight_sent(const struct ubuf_info *ubuf)
{
	if (!nx_compat_ubuf_is(ubuf, &flight_ops))
		return NULL;
	return container_of(ubuf, const struct nx_flight, ubuf)->sent;
}
