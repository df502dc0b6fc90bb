// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that are like the one before: of the same flow, to the same
 * destination, and described alike. Most are.
 *
 * What was found out about the first one holds for them, and so little is left to
 * do: their descriptor and their headers, each on the kernel's copy as ever, are
 * compared with what was good; their buffer is taken; they are sent. Where
 * anything differs, or there is anything to decide, nothing has been done yet, and
 * the packet goes the long way (tx.c), which judges it anew.
 */
#include <linux/nospec.h>
#include "again.h"
#include "copy.h"
#include "deliver.h"
#include "deliver_like.h"
#include "dest.h"
#include "snapshot.h"
#include "sndbuf.h"
#include "sync.h"
#include "tcp.h"
#include "trace.h"
#include "tx.h"

/**
 * struct alike - a packet that is like the one before
 * @buf:  its buffer, which is not the kernel's yet
 * @off:  of its first byte in the buffer
 * @len:  bytes
 * @is_kept: the buffer stays the process's, whatever that of the one before did
 * @from: its first byte
 */
struct alike {
	u32		buf;
	u32		off;
	u32		len;
	bool		is_kept;
	const u8	*from;
};

/* NEXUS_DESC_KEEP in the word of a descriptor that has the flags. */
#define WORD_KEEP	((u64)NEXUS_DESC_KEEP <<			\
			 (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? 32 : 0))

/*
 * One part in a small buffer, of the same flow, with the same flags. Each word of
 * the descriptor is read once.
 */
static __always_inline bool is_described_alike(const struct nx_tx_run *run,
					       struct alike *next)
{
	const struct nx_ring *ring = &run->q->tx;
	const struct nexus_desc *d = (const struct nexus_desc *)ring->slots +
				     (ring->here & ring->mask);
	const u64 *word = (const u64 *)d;
	u32 nr_small = run->packet.pool->sizes[NEXUS_LARGE].first;
	u64 claims = READ_ONCE(word[2]);

	next->buf = READ_ONCE(d->buf);
	next->off = READ_ONCE(d->off);
	next->len = READ_ONCE(d->len);
	if (READ_ONCE(d->flow) != run->again.flow_idx ||
	    (claims & ~WORD_KEEP) != run->again.claims ||
	    (READ_ONCE(word[3]) | READ_ONCE(word[4]) | READ_ONCE(word[5]) |
	     READ_ONCE(word[6]) | READ_ONCE(word[7])))
		return false;
	if (next->buf >= nr_small)
		return false;
	next->is_kept = claims & WORD_KEEP;
	next->buf = array_index_nospec(next->buf, nr_small);
	return next->len && next->len <= NEXUS_SMALL_SIZE &&
	       next->off <= NEXUS_SMALL_SIZE - next->len;
}

/*
 * Copies the first bytes, and asks whether they are the headers of before. @is_tcp
 * is a constant to all these functions: of UDP nothing of TCP is left in them.
 */
static __always_inline bool has_same_headers(struct nx_tx_run *run,
					     struct alike *next, bool is_tcp)
{
	struct nx_tx_packet *p = &run->packet;
	const struct nx_flow_key *key = &run->again.dest->key;
	u32 nr = min_t(u32, next->len, NX_HEADERS_MAX);

	next->from = nx_pool_peek_small(p->pool, next->buf, next->off);
	if (unlikely(!next->from ||
		     offset_in_page(next->from) > PAGE_SIZE - NX_HEADERS_MAX))
		return false;
	nx_snapshot_headers(p->headers, next->from);
	if (is_tcp && key->ip_version == 4)
		return nx_tx_is_again_tcp4(p->headers, nr, next->len,
					   run->again.payload_off, key);
	if (is_tcp)
		return nx_tx_is_again_tcp6(p->headers, nr, next->len,
					   run->again.payload_off, key);
	if (key->ip_version == 4)
		return nx_tx_is_again_ipv4(p->headers, nr, next->len, key);
	return nx_tx_is_again_ipv6(p->headers, nr, next->len, key);
}

static __always_inline bool is_alike(struct nx_tx_run *run, struct alike *next,
				     bool is_tcp)
{
	return is_described_alike(run, next) &&
	       has_same_headers(run, next, is_tcp);
}

/* The last check of a segment: its connection is told. */
static __always_inline bool may_follow(struct nx_tx_run *run,
				       const struct alike *next,
				       struct nx_tcp_seg *seg)
{
	struct nx_packet *packet = &run->packet.packet;

	packet->len = next->len;
	packet->tcp_flags = NX_TCP_ACK;
	nx_tcp_seg_read(run->packet.headers, NX_HEADERS_MAX, packet, seg);
	return nx_tcp_send_again(run->again.flow, seg);
}

/* From here on the packet is the kernel's; false: it was not the user's. */
static __always_inline bool take(struct nx_tx_run *run, const struct alike *next)
{
	if (unlikely(!nx_pool_own(run->packet.pool, next->buf, NX_OWNER_USER,
				  NX_OWNER_KERNEL)))
		return false;
	run->q->tx.here++;
	return true;
}

/* The packet was dealt with, and is counted. */
static __always_inline void finish(struct nx_tx_run *run,
				   const struct alike *next)
{
	struct nx_traffic *sent = &run->again.sent;

	sent->packets++;
	sent->bytes += next->len;
	if (next->is_kept)
		nx_pool_pass(run->packet.pool, next->buf, NX_OWNER_USER);
	else if (!nx_sync_put_back(run->q, NEXUS_SMALL, next->buf))
		nx_sync_recycle(run->q, next->buf);
	if (trace_nexus_tx_enabled())
		trace_nexus_tx(run->again.flow, run->packet.traffic_class,
			       next->len, run->again.peer);
}

static __always_inline bool is_half_full(const struct nx_queue *peer)
{
	const struct nx_ring *ring = &peer->rx;

	return nx_ring_filled(ring->here, ring->there) > ring->mask / 2;
}

/* Room in RX, so much that nobody has to wait (brake.c), and a buffer. */
static __always_inline bool has_room(struct nx_queue *peer)
{
	if (!nx_channel_is_active(peer->chan))
		return false;
	if (unlikely(is_half_full(peer)) &&
	    (!nx_deliver_see_room(peer) || is_half_full(peer)))
		return false;
	return likely(peer->nr_cache) || nx_deliver_refill(peer);
}

static __always_inline void copy(u8 *to, const struct nx_tx_run *run,
				 const struct alike *next)
{
	if (unlikely(next->len < NX_HEADERS_MAX)) {
		memcpy(to, run->packet.headers, next->len);
		return;
	}
	nx_snapshot_headers(to, run->packet.headers);
	nx_copy(to + NX_HEADERS_MAX, next->from + NX_HEADERS_MAX,
	       next->len - NX_HEADERS_MAX);
}

/* Sends one by @send, which is a constant as well, until it says no. */
static __always_inline u32 send_row(struct nx_tx_run *run, u32 max,
				    bool (*send)(struct nx_tx_run *, bool))
{
	u32 nr = 0;

	if (run->again.dest->key.protocol == IPPROTO_TCP)
		while (nr < max && run->q->tx.here != run->prod &&
		       send(run, true))
			nr++;
	else
		while (nr < max && run->q->tx.here != run->prod &&
		       send(run, false))
			nr++;
	return nr;
}

/* As deliver() in tx.c. */
static __always_inline void tell_receiver(struct nx_flow *to,
					  const struct nx_tcp_seg *seg)
{
	nx_tcp_receive_seg(to, seg);
	if (unlikely(nx_tcp_is_over(to)))
		nx_flow_end(to);
}

/* To another channel of this host; false: nothing was done. */
static __always_inline bool send_local(struct nx_tx_run *run, bool is_tcp)
{
	struct nx_queue *peer = run->again.peer;
	struct nx_tcp_seg seg;
	struct alike next;
	u8 *to;

	if (!is_alike(run, &next, is_tcp) || !has_room(peer))
		return false;
	to = nx_pool_peek_small(&peer->chan->pool,
				peer->cache[peer->nr_cache - 1], 0);
	if (unlikely(!to) || (is_tcp && !may_follow(run, &next, &seg)) ||
	    !take(run, &next))
		return false;
	copy(to, run, &next);
	nx_deliver_like(peer, &run->again.as_received, next.len,
			run->rx.time_ns);
	if (is_tcp)
		tell_receiver(run->again.to, &seg);
	if (trace_nexus_rx_enabled())
		trace_nexus_rx(run->again.to, run->again.to->traffic_class,
			       next.len, true);
	finish(run, &next);
	return true;
}

static u32 send_all_local(struct nx_tx_run *run, u32 max)
{
	if (run->peer != run->again.peer) {
		nx_tx_end_peer(run);
		nx_deliver_begin(run->again.peer);
		run->peer = run->again.peer;
	}
	return send_row(run, max, send_local);
}

static void set_packet(struct nx_tx_packet *p, const struct alike *next,
		       u8 ip_version)
{
	p->len = next->len;
	p->linear = next->from;
	p->nr_headers = min_t(u32, p->len, NX_HEADERS_MAX);
	p->parts[0].buf = next->buf;
	p->parts[0].off = next->off;
	p->parts[0].len = next->len;
	p->parts[0].is_kept = next->is_kept;
	if (ip_version == 4)
		p->packet.may_fragment = nx_ipv4_may_fragment(p->headers);
}

/* Through a device; false: nothing was done. */
static __always_inline bool send_out(struct nx_tx_run *run, bool is_tcp)
{
	struct nx_tx_packet *p = &run->packet;
	struct nx_again *again = &run->again;
	enum nexus_drop_reason reason;
	struct nx_tcp_seg seg;
	struct alike next;

	if (!is_alike(run, &next, is_tcp) ||
	    nx_sndbuf_is_full(run->q, again->flow, nx_flow_sk(again->flow)) ||
	    (is_tcp && !may_follow(run, &next, &seg)) || !take(run, &next))
		return false;
	set_packet(p, &next, again->dest->key.ip_version);
	reason = nx_xmit(run->q, p, again->dest);
	if (unlikely(reason)) {
		nx_tx_drop(run->q, p, reason);
		nx_tx_let_go(run->q, next.buf, next.is_kept);
		return true;
	}
	finish(run, &next);
	return true;
}

static u32 send_all_out(struct nx_tx_run *run, u32 max)
{
	nx_tx_end_peer(run);
	return send_row(run, max, send_out);
}

/**
 * nx_again_send - send what is like the packet before
 * @run: in a section with bottom halves off, with a packet before
 * @max: so many packets at the most
 *
 * Return: how many; fewer: the next one goes the long way.
 */
u32 nx_again_send(struct nx_tx_run *run, u32 max)
{
	return run->again.peer ? send_all_local(run, max) :
				 send_all_out(run, max);
}

/**
 * nx_again_count - count the packets that were not counted yet
 * @run: with the lock of nx_again.peer, if there is one
 */
void nx_again_count(struct nx_tx_run *run)
{
	struct nx_again *again = &run->again;
	struct nx_traffic *sent = &again->sent;

	if (!sent->packets)
		return;
	nx_tx_count(run->q, again->flow, sent, again->peer);
	if (again->peer)
		nx_deliver_count(again->peer, again->to, sent, false);
	sent->packets = 0;
	sent->bytes = 0;
}

/* Nothing but headers and payload is in its descriptor, and its own class. */
static bool is_plain(const struct nx_tx_run *run)
{
	const u32 plain = NEXUS_DESC_CSUM | NEXUS_DESC_KEEP;
	const struct nexus_desc *d = &run->desc.d;

	return run->packet.nr_parts == 1 && !(d->flags & ~plain) &&
	       nx_tx_class_is_right(d->traffic_class,
				    run->packet.flow->traffic_class);
}

/* Where what arrives need not be told from other packets: its wake may wait. */
static bool is_patient(const struct nx_dest *dest)
{
	return !dest->is_to_peer ||
	       dest->peer->traffic_class != NEXUS_CLASS_LOW_LATENCY;
}

/*
 * A datagram, or a segment of an open connection whose descriptor names its own flow,
 * and not its listener's; with all its headers where they are compared.
 */
static bool is_repeatable(const struct nx_tx_run *run, const struct nx_dest *dest)
{
	const struct nx_tx_packet *p = &run->packet;
	const struct nx_channel *chan = run->q->chan;

	if (dest->key.protocol == IPPROTO_UDP)
		return true;
	return p->packet.payload_off <= NX_HEADERS_MAX &&
	       rcu_access_pointer(chan->flows[p->flow_idx].flow) == p->flow &&
	       data_race(nx_tcp_track_is_open(&p->flow->track));
}

/**
 * nx_again_learn - a packet has gone the long way: what if the next one is alike?
 * @run:  whose packet it is
 * @dest: where it went
 *
 * Nothing is learnt of the first packet to somewhere: who sends to ever others
 * would pay for nothing.
 */
void nx_again_learn(struct nx_tx_run *run, struct nx_dest *dest)
{
	struct nx_again *again = &run->again;
	bool is_second = again->before == dest;

	again->before = dest;
	if (!is_second || !is_plain(run) || !is_patient(dest) ||
	    !is_repeatable(run, dest))
		return;
	nx_again_count(run);
	again->dest = dest;
	again->flow = run->packet.flow;
	again->flow_idx = run->packet.flow_idx;
	again->claims = run->desc.u64[2] & ~WORD_KEEP;
	again->payload_off = run->packet.packet.payload_off;
	again->peer = dest->is_to_peer ? run->peer : NULL;
	again->to = dest->peer;
	if (dest->is_to_peer)
		nx_deliver_describe(&again->as_received.d, &run->rx);
}

/**
 * nx_again_begin - a section with bottom halves off begins
 * @run: whose
 *
 * What was true in the last one may not be now. In a section it is taken to be so
 * until its end: no packet is too late for what happens meanwhile.
 */
void nx_again_begin(struct nx_tx_run *run)
{
	struct nx_again *again = &run->again;
	struct nx_channel *chan = run->q->chan;
	struct nx_flow *flow;

	if (!again->dest)
		return;
	flow = rcu_dereference(chan->flows[again->flow_idx].flow);
	if (flow != again->flow || !nx_dest_is_current(run->q, again->dest, flow) ||
	    flow->traffic_class != run->packet.traffic_class ||
	    again->dest->is_to_peer != !!again->peer || !is_patient(again->dest))
		again->dest = NULL;
}
