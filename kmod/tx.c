// SPDX-License-Identifier: GPL-2.0
/*
 * Transmission: what an application put into TX is taken, checked on a copy,
 * and sent.
 *
 * A descriptor is copied once, word by word, and only the copy is looked at. A
 * buffer that it names becomes the kernel's, or the channel is quarantined. The
 * headers are copied before they are checked, and leave as that copy.
 */
#include <linux/bottom_half.h>
#include <linux/nospec.h>
#include <linux/ktime.h>
#include <net/sock.h>
#include "again.h"
#include "beside.h"
#include "brake.h"
#include "channel.h"
#include "copy.h"
#include "deliver.h"
#include "dest.h"
#include "flow.h"
#include "nexus.h"
#include "sent.h"
#include "snapshot.h"
#include "sync.h"
#include "tcp.h"
#include "trace.h"
#include "tx.h"
#include "wake.h"

/* Makes the buffer the kernel's; false: the channel has offended. */
static bool take_buffer(struct nx_queue *q, u32 buf)
{
	struct nx_pool *pool = &q->chan->pool;

	if (unlikely(buf >= pool->nr)) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_BUFFER_RANGE,
				      q->tx.here, buf);
		return false;
	}
	buf = array_index_nospec(buf, pool->nr);
	if (unlikely(!nx_pool_own(pool, buf, NX_OWNER_USER, NX_OWNER_KERNEL))) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_BUFFER_OWNER,
				      q->tx.here, buf);
		return false;
	}
	return true;
}

/* Adds part @p->nr_parts, which lies in buffer @buf. @desc is NULL: refused. */
static enum nexus_drop_reason add_part(struct nx_tx_packet *p, u32 buf,
				       const struct nx_tx_desc *desc)
{
	const struct nx_pool *pool = p->pool;
	u32 size = pool->sizes[nx_pool_size_of(pool, buf)].size;

	if (!desc)
		return NEXUS_DROP_TX_FLAGS;
	if (p->nr_parts && !nx_tx_part_continues(desc, p->flow_idx))
		return NEXUS_DROP_TX_FLAGS;
	if (!nx_tx_part_is_inside(desc, size))
		return NEXUS_DROP_TX_LENGTH;
	p->len += desc->d.len;
	if (p->len > NEXUS_PACKET_MAX)
		return NEXUS_DROP_TX_LENGTH;
	return NEXUS_DROP_NONE;
}

/* The class is the flow's, whatever a packet claims. */
static void stamp_class(struct nx_queue *q, struct nx_tx_packet *p, u8 claimed)
{
	p->traffic_class = p->flow->traffic_class;
	if (likely(nx_tx_class_is_right(claimed, p->traffic_class)))
		return;
	p->traffic_class = NEXUS_CLASS_BEST_EFFORT;
	WRITE_ONCE(q->tx_declassed, q->tx_declassed + 1);
}

/* The flow that it claims, if this channel has it. */
static struct nx_flow *find_flow(struct nx_queue *q, u32 idx)
{
	if (unlikely(idx >= q->chan->nr_flow_slots))
		return NULL;
	idx = array_index_nospec(idx, q->chan->nr_flow_slots);
	return rcu_dereference(q->chan->flows[idx].flow);
}

/* The packet's own fields are those of its first descriptor, if that is good. */
static void begin_packet(struct nx_queue *q, struct nx_tx_packet *p,
			 u32 flow_idx, const struct nx_tx_desc *desc)
{
	p->flow_idx = flow_idx;
	p->flow = find_flow(q, flow_idx);
	p->flags = 0;
	if (unlikely(!desc))
		return;
	p->flags = desc->d.flags & ~(NEXUS_DESC_MORE | NEXUS_DESC_KEEP);
	p->gso_size = desc->d.gso_size;
	if (unlikely(p->flags & NX_SENT_FLAGS)) {
		p->is_reported = false;
		p->cookie = desc->d.cookie;
		p->deadline_ns = desc->d.time_ns;
	}
	if (likely(p->flow))
		stamp_class(q, p, desc->d.traffic_class);
}

/**
 * nx_tx_let_go - a packet was dealt with: its buffer goes to whom it is due
 * @q:       the queue, locked by its tx_lock
 * @buf:     the buffer, the kernel's
 * @is_kept: it had NEXUS_DESC_KEEP
 */
void nx_tx_let_go(struct nx_queue *q, u32 buf, bool is_kept)
{
	if (is_kept)
		nx_pool_pass(&q->chan->pool, buf, NX_OWNER_USER);
	else
		nx_sync_recycle(q, buf);
}

/*
 * Takes the descriptors of one packet. Whatever is wrong with them, they are
 * taken up to the one without MORE, and their buffers go back.
 *
 * Return: NEXUS_DROP_NONE: @p is whole. *is_over: the channel has offended.
 */
static enum nexus_drop_reason take(struct nx_tx_run *run, struct nx_tx_packet *p,
				   bool *is_over)
{
	enum nexus_drop_reason reason = NEXUS_DROP_NONE;
	const struct nx_tx_desc *desc;
	struct nx_queue *q = run->q;
	union nx_desc *s = &run->desc;

	p->nr_parts = 0;
	p->len = 0;
	do {
		if (q->tx.here == run->prod)
			return reason ?: NEXUS_DROP_TX_PARTS;
		nx_snapshot_desc(s, &q->tx);
		if (!take_buffer(q, s->d.buf)) {
			*is_over = true;
			return NEXUS_DROP_NONE;
		}
		q->tx.here++;
		if (p->nr_parts == NEXUS_PARTS_MAX) {
			reason = reason ?: NEXUS_DROP_TX_PARTS;
			nx_tx_let_go(q, s->d.buf, s->d.flags & NEXUS_DESC_KEEP);
			continue;
		}
		desc = nx_tx_desc_check(s);
		if (!reason)
			reason = add_part(p, s->d.buf, desc);
		if (!p->nr_parts)
			begin_packet(q, p, s->d.flow, desc);
		p->parts[p->nr_parts].buf = s->d.buf;
		p->parts[p->nr_parts].off = s->d.off;
		p->parts[p->nr_parts].len = s->d.len;
		p->parts[p->nr_parts].is_kept = s->d.flags & NEXUS_DESC_KEEP;
		p->nr_parts++;
	} while (s->d.flags & NEXUS_DESC_MORE);
	if (!p->flow && !reason)
		reason = NEXUS_DROP_TX_FLOW;
	return reason;
}

/* Copies @len bytes that are the packet's from @off on, and adds them to *sum. */
static void copy_piece(void *to, const void *from, u32 len, u32 off, __wsum *sum)
{
	if (sum)	/* RFC 1071: what begins at an odd byte counts swapped */
		*sum = csum_block_add(*sum,
				      csum_partial_copy_nocheck(from, to, len),
				      off);
	else
		nx_copy(to, from, len);
}

/*
 * Copies @len bytes from byte @skip of @part on, which is byte @off of the
 * packet. They are in the user's memory, which may have no page yet: then zeros.
 */
static bool copy_part(const struct nx_tx_packet *p, const struct nx_tx_part *part,
		      u32 skip, u32 off, u8 *to, u32 len, __wsum *sum)
{
	u32 n, at = part->off + skip;
	void *from;

	for (; len; len -= n, at += n, to += n, off += n) {
		from = nx_pool_addr(p->pool, part->buf, at);
		if (!from)
			return false;
		n = min(len, (u32)(PAGE_SIZE - offset_in_page(from)));
		copy_piece(to, from, n, off, sum);
	}
	return true;
}

/* The same as nx_tx_copy(), of a packet that lies in one page. */
static void copy_linear(const struct nx_tx_packet *p, u32 off, u8 *to, u32 len,
			__wsum *sum)
{
	u32 n = 0;

	if (off < p->nr_headers) {
		n = min(len, p->nr_headers - off);
		if (n == NX_HEADERS_MAX && !sum)
			nx_snapshot_headers(to, p->headers + off);
		else
			copy_piece(to, p->headers + off, n, off, sum);
	}
	if (len > n)
		copy_piece(to + n, p->linear + off + n, len - n, off + n, sum);
}

/**
 * nx_tx_copy - copy bytes of a packet that leaves
 * @p:   the packet
 * @off: of the first byte
 * @to:  where they go
 * @len: how many
 * @sum: sum them too, unless NULL, as they count from an even byte of the packet
 *
 * The first bytes come from the kernel's copy.
 *
 * Return: false: no memory for a page that the user never touched.
 */
bool nx_tx_copy(const struct nx_tx_packet *p, u32 off, void *to, u32 len,
		__wsum *sum)
{
	const struct nx_tx_part *part = p->parts;
	u32 n, at;

	if (likely(p->linear)) {
		copy_linear(p, off, to, len, sum);
		return true;
	}
	if (off < p->nr_headers) {
		n = min(len, p->nr_headers - off);
		copy_piece(to, p->headers + off, n, off, sum);
		off += n;
		to += n;
		len -= n;
	}
	for (at = 0; len; at += part->len, part++) {
		if (off >= at + part->len)
			continue;
		n = min(len, at + part->len - off);
		if (!copy_part(p, part, off - at, off, to, n, sum))
			return false;
		off += n;
		to += n;
		len -= n;
	}
	return true;
}

/* TCP options that lie behind what is read of every packet. */
static enum nexus_drop_reason take_options(struct nx_tx_packet *p)
{
	u32 from = p->nr_headers, to = p->packet.payload_off;
	const struct nx_tx_part *part = &p->parts[0];

	if (to > part->len)
		return NEXUS_DROP_TX_L4;
	if (!copy_part(p, part, from, from, p->headers + from, to - from, NULL))
		return NEXUS_DROP_TX_NO_MEMORY;
	p->nr_headers = to;
	return NEXUS_DROP_NONE;
}

/* A super-packet can be cut, and is one; else it becomes an ordinary packet. */
static enum nexus_drop_reason check_gso(struct nx_tx_packet *p)
{
	if (!(p->flags & NEXUS_DESC_CSUM) ||
	    !nx_tx_gso_is_sane(&p->packet, p->gso_size))
		return NEXUS_DROP_TX_GSO;
	if (p->len - p->packet.payload_off <= p->gso_size) {
		p->flags &= ~NEXUS_DESC_GSO;
		p->gso_size = 0;
	}
	return NEXUS_DROP_NONE;
}

/* Copies the first bytes: from here on they are read from the copy alone. */
static bool take_headers(struct nx_tx_packet *p)
{
	const struct nx_tx_part *part = &p->parts[0];
	const u8 *from;
	u32 room;

	if (likely(nx_pool_size_of(p->pool, part->buf) == NEXUS_SMALL))
		from = nx_pool_addr_small(p->pool, part->buf, part->off);
	else
		from = nx_pool_addr(p->pool, part->buf, part->off);
	if (unlikely(!from))
		return false;
	room = PAGE_SIZE - offset_in_page(from);
	p->linear = p->len == part->len && p->len <= room ? from : NULL;
	p->nr_headers = min_t(u32, part->len, NX_HEADERS_MAX);
	if (unlikely(room < NX_HEADERS_MAX))
		return copy_part(p, part, 0, 0, p->headers, p->nr_headers, NULL);
	/* What lies behind nr_headers is in the page, and is not used. */
	nx_snapshot_headers(p->headers, from);
	return true;
}

/* The flow may say what the headers say, and its connection is ready for it. */
static enum nexus_drop_reason check_flow(struct nx_tx_packet *p)
{
	const struct nx_flow *flow = p->flow;
	int i;

	for (i = 0; i < flow->nr_nodes; i++)
		if (nx_flow_may_send(&flow->node[i].key, &p->packet.key))
			break;
	if (unlikely(i == flow->nr_nodes))
		return NEXUS_DROP_TX_MISMATCH;
	if (p->packet.key.protocol == IPPROTO_TCP)
		return nx_tcp_send(flow->chan, p);
	return NEXUS_DROP_NONE;
}

/* What the headers say; the flow may say it. */
static enum nexus_drop_reason check_headers(struct nx_tx_packet *p)
{
	enum nexus_drop_reason reason;

	reason = nx_tx_parse(p->headers, p->nr_headers, p->len, &p->packet);
	if (unlikely(reason))
		return reason;
	if (unlikely(p->packet.payload_off > p->nr_headers)) {
		reason = take_options(p);
		if (reason)
			return reason;
	}
	if (unlikely(p->flags & NEXUS_DESC_GSO)) {
		reason = check_gso(p);
		if (reason)
			return reason;
	}
	return check_flow(p);
}

/**
 * nx_tx_end_peer - the run has no more for the queue that receives now
 * @run: whose queue, if there is one, is let go of
 */
void nx_tx_end_peer(struct nx_tx_run *run)
{
	if (!run->peer)
		return;
	nx_again_count(run);
	nx_deliver_end(run->peer, false);
	run->peer = NULL;
}

/**
 * nx_tx_count - packets of a flow were sent
 * @q:        the queue that sent them, locked by its tx_lock
 * @flow:     whose
 * @sent:     how many, and how much
 * @is_local: to a channel of this host
 */
void nx_tx_count(struct nx_queue *q, struct nx_flow *flow,
		 const struct nx_traffic *sent, bool is_local)
{
	nx_traffic_add(&q->tx_count, sent->packets, sent->bytes);
	if (is_local)
		nx_traffic_add(&q->tx_local, sent->packets, sent->bytes);
	if (likely(q->chan->nr_queues == 1)) {
		nx_traffic_add(&flow->tx, sent->packets, sent->bytes);
		return;
	}
	spin_lock(&flow->lock);
	nx_traffic_add(&flow->tx, sent->packets, sent->bytes);
	spin_unlock(&flow->lock);
}

static void count_tx(struct nx_queue *q, const struct nx_tx_packet *p,
		     bool is_local)
{
	const struct nx_traffic one = { .packets = 1, .bytes = p->len };

	nx_tx_count(q, p->flow, &one, is_local);
	trace_nexus_tx(p->flow, p->traffic_class, p->len, is_local);
}

/* What the receiver loses is counted there. False: it is the kernel's. */
static bool deliver(struct nx_queue *peer, struct nx_rx_packet *rx,
		    const struct nx_tx_packet *p)
{
	if (unlikely(rx->flow->listening))
		return nx_beside_deliver(peer, rx,
					 nx_tcp_is_syn(p->packet.tcp_flags));
	if (nx_deliver(peer, rx) || rx->protocol != IPPROTO_TCP)
		return true;
	nx_tcp_receive(rx->flow, p->headers, p->nr_headers, &p->packet);
	if (unlikely(nx_tcp_is_over(rx->flow)))
		nx_flow_end(rx->flow);
	return true;
}

/* As it seems: the queue's owner may have taken more meanwhile. */
static bool is_half_full(const struct nx_queue *q)
{
	return nx_ring_filled(q->rx.here, q->rx.there) > q->rx.mask / 2;
}

/*
 * To another channel of this host: one copy, no sum, no device. False: it goes to the
 * kernel's stack.
 */
static bool send_local(struct nx_tx_run *run, struct nx_tx_packet *p,
		       struct nx_dest *dest)
{
	struct nx_queue *peer = nx_deliver_queue(dest->peer, dest->hash);
	struct nx_rx_packet *rx = &run->rx;

	rx->flow = dest->peer;
	rx->len = p->len;
	rx->flags = NEXUS_DESC_LOCAL |
		    (p->flags & (NEXUS_DESC_CSUM | NEXUS_DESC_GSO));
	rx->gso_size = p->gso_size;
	rx->gso_segs = nx_tx_gso_segs(p);
	rx->ip_version = dest->key.ip_version;
	rx->protocol = dest->key.protocol;
	rx->l4_off = p->packet.l4_off;
	rx->payload_off = p->packet.payload_off;
	rx->hash = dest->hash;
	if (run->peer != peer) {
		nx_tx_end_peer(run);
		nx_deliver_begin(peer);
		run->peer = peer;
	}
	if (unlikely(!deliver(peer, rx, p))) {
		nx_tx_end_peer(run);
		nx_dest_leave_peer(dest);
		return false;
	}
	if (unlikely(is_half_full(peer)))
		nx_brake_apply(peer, p->flow, rx->time_ns);
	return true;
}

static enum nexus_drop_reason send(struct nx_tx_run *run, struct nx_tx_packet *p,
				   bool *is_full, bool *is_local)
{
	enum nexus_drop_reason reason = NEXUS_DROP_NONE;
	struct nx_dest *dest;

	if (unlikely(!take_headers(p)))
		return NEXUS_DROP_TX_NO_MEMORY;
	/* What claims to be a super-packet is always looked at. */
	dest = likely(!(p->flags & NEXUS_DESC_GSO)) ?
	       nx_dest_again(run->q, p) : NULL;
	if (!dest) {
		reason = check_headers(p);
		if (unlikely(reason))
			return reason;
		dest = nx_dest_find(run->q, p->flow, &p->packet, &reason);
		if (unlikely(!dest))
			return reason;
	}
	*is_local = dest->is_to_peer && send_local(run, p, dest);
	if (!*is_local) {
		nx_tx_end_peer(run);
		*is_full = nx_sndbuf_is_full(run->q, p->flow,
					     nx_flow_sk(p->flow));
		if (*is_full)
			return NEXUS_DROP_NONE;
		reason = nx_xmit(run->q, p, dest);
	}
	if (likely(!reason))
		nx_again_learn(run, dest);
	return reason;
}

/**
 * nx_tx_drop - a packet of a channel is not sent
 * @q:      the queue, locked by its tx_lock
 * @p:      the packet
 * @reason: why
 */
void nx_tx_drop(struct nx_queue *q, const struct nx_tx_packet *p,
		enum nexus_drop_reason reason)
{
	u32 flow = NEXUS_FLOW_NONE;

	if (p->nr_parts && p->flow) {
		flow = p->flow->idx;
		atomic64_inc(&p->flow->drops);
	}
	WRITE_ONCE(q->tx_drops[reason], q->tx_drops[reason] + 1);
	trace_nexus_drop(q->chan->nexus->id, q->chan->id, flow, reason, p->len);
}

/* The packet stays in TX: its buffers are the user's again. */
static void give_back(struct nx_queue *q, const struct nx_tx_packet *p)
{
	u32 i;

	for (i = 0; i < p->nr_parts; i++)
		nx_pool_pass(&q->chan->pool, p->parts[i].buf, NX_OWNER_USER);
	q->tx.here -= p->nr_parts;
}

static void recycle(struct nx_queue *q, const struct nx_tx_packet *p)
{
	u32 i;

	for (i = 0; i < p->nr_parts; i++)
		nx_tx_let_go(q, p->parts[i].buf, p->parts[i].is_kept);
}

/* It never became an skb. An event takes an rx_lock: there is one at a time. */
static void report(struct nx_tx_run *run, const struct nx_tx_packet *p,
		   enum nexus_drop_reason reason)
{
	nx_tx_end_peer(run);
	nx_sent_report(run->q, p, reason);
}

/* One packet. Return: 0 to go on, EAGAIN, EPROTO. */
static int send_one(struct nx_tx_run *run)
{
	struct nx_tx_packet *p = &run->packet;
	bool is_over = false, is_full = false, is_local = false;
	enum nexus_drop_reason reason;

	p->flow = NULL;
	run->again.dest = NULL;
	reason = take(run, p, &is_over);
	if (unlikely(is_over))
		return -EPROTO;
	if (likely(!reason))
		reason = send(run, p, &is_full, &is_local);
	if (unlikely(is_full)) {
		give_back(run->q, p);
		return -EAGAIN;
	}
	if (unlikely(reason))
		nx_tx_drop(run->q, p, reason);
	else
		count_tx(run->q, p, is_local);
	if (unlikely(p->flags & NX_SENT_FLAGS && !p->is_reported))
		report(run, p, reason);
	recycle(run->q, p);
	if (p->flow && unlikely(nx_tcp_is_over(p->flow)))
		nx_flow_end(p->flow);
	return 0;
}

static void tell_budget(const struct nx_queue *q, u32 was)
{
	if (q->budget.state != was)
		trace_nexus_budget(q->chan->id, q->idx, was, &q->budget);
}

/* All of the budget was needed: was it much for those who had to wait? */
static void judge_budget(struct nx_queue *q, u64 start_ns)
{
	u32 was = q->budget.state;

	nx_budget_update(&q->budget, ktime_get_ns() - start_ns);
	tell_budget(q, was);
}

static int send_some(struct nx_tx_run *run)
{
	int err = 0;

	local_bh_disable();
	rcu_read_lock();
	run->rx.time_ns = ktime_get_ns();
	nx_again_begin(run);
	run->budget = run->q->budget.packets;
	while (run->budget && run->q->tx.here != run->prod) {
		if (run->again.dest)
			run->budget -= nx_again_send(run, run->budget);
		if (!run->budget || run->q->tx.here == run->prod)
			break;
		err = send_one(run);
		if (err)
			break;
		run->budget--;
	}
	nx_again_count(run);
	nx_tx_end_peer(run);
	nx_wake_run(run->q);
	if (unlikely(!run->budget))
		judge_budget(run->q, run->rx.time_ns);
	rcu_read_unlock();
	nx_wake_softirqs(run->q);
	return err;
}

/* A packet of the kernel's own, all of it headers. */
static void make_own(struct nx_tx_packet *p, struct nx_flow *flow,
		     const u8 *h, u32 len)
{
	p->flow = flow;
	p->pool = &flow->chan->pool;
	p->len = len;
	p->nr_parts = 0;
	p->flags = NEXUS_DESC_CSUM;
	p->gso_size = 0;
	p->traffic_class = flow->traffic_class;
	p->nr_headers = len;
	p->linear = NULL;
	memcpy(p->headers, h, len);
}

/**
 * nx_tx_send_own - send a packet that the application did not make
 * @flow: unlinked, of which it is
 * @h:    its headers, which are all of it
 * @len:  bytes, NX_HEADERS_MAX at most
 *
 * May sleep.
 */
void nx_tx_send_own(struct nx_flow *flow, const u8 *h, u32 len)
{
	struct nx_queue *q = &flow->chan->queues[0];
	struct nx_tx_packet *p = &q->run.packet;
	enum nexus_drop_reason reason;
	struct nx_dest *dest;
	bool is_local;

	mutex_lock(&q->tx_lock);
	local_bh_disable();
	rcu_read_lock();
	q->run.q = q;
	q->run.again.dest = NULL;
	q->run.rx.tx = p;
	q->run.rx.time_ns = ktime_get_ns();
	make_own(p, flow, h, len);
	reason = nx_tx_parse(h, len, len, &p->packet);
	dest = reason ? NULL : nx_dest_find(q, flow, &p->packet, &reason);
	is_local = dest && dest->is_to_peer && send_local(&q->run, p, dest);
	if (dest && !is_local)
		reason = nx_xmit(q, p, dest);
	if (reason)
		nx_tx_drop(q, p, reason);
	else
		count_tx(q, p, is_local);
	nx_tx_end_peer(&q->run);
	nx_wake_run(NULL);
	rcu_read_unlock();
	local_bh_enable();
	mutex_unlock(&q->tx_lock);
}

/**
 * nx_tx_pin - send so many packets in a row, whatever happens
 * @q:       the queue
 * @packets: not 0
 */
void nx_tx_pin(struct nx_queue *q, u32 packets)
{
	u32 was;

	mutex_lock(&q->tx_lock);
	was = q->budget.state;
	nx_budget_pin(&q->budget, packets);
	tell_budget(q, was);
	mutex_unlock(&q->tx_lock);
}

/**
 * nx_tx_unpin - the queue's budget tunes itself again, from the beginning
 * @q: the queue
 */
void nx_tx_unpin(struct nx_queue *q)
{
	u32 was;

	mutex_lock(&q->tx_lock);
	was = q->budget.state;
	nx_budget_init(&q->budget);
	tell_budget(q, was);
	mutex_unlock(&q->tx_lock);
}

/**
 * nx_tx_drain - send what stands in TX
 * @q: the queue, locked by its tx_lock
 *
 * Return: 0, EAGAIN a socket's send buffer is full, EPROTO the channel has
 * offended.
 */
int nx_tx_drain(struct nx_queue *q)
{
	struct nx_tx_run *run = &q->run;
	int err = 0;

	lockdep_assert_held(&q->tx_lock);
	run->prod = smp_load_acquire(q->tx.prod); /* A */
	if (!nx_ring_is_valid(run->prod, q->tx.here, q->tx.mask + 1)) {
		nx_channel_quarantine(q, NEXUS_VIOLATION_TX_INDEX, q->tx.here,
				      run->prod);
		return -EPROTO;
	}
	nx_sndbuf_unblock(q);
	run->q = q;
	run->packet.pool = &q->chan->pool;
	run->rx.tx = &run->packet;
	while (q->tx.here != run->prod && !err) {
		err = send_some(run);
		cond_resched();
	}
	smp_store_release(q->tx.cons, q->tx.here); /* B */
	return err;
}
