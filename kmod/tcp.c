// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of TCP as the module sees them: what may leave, what came, and
 * what the peer is told when the owner dies.
 *
 * A flow of one 5-tuple has a tracker. A listener has none: it may answer
 * without one, and its SYN-ACK makes a flow of its own for the connection.
 */
#include <linux/ktime.h>
#include "beside.h"
#include "channel.h"
#include "flow.h"
#include "nexus.h"
#include "policy.h"
#include "tcp.h"
#include "tx.h"

/*
 * A SYN of the owner's: so many a second for each user, and so many for the
 * namespace, of which a flow is at hand.
 */
static bool may_connect(struct nx_channel *chan)
{
	struct nx_nexus *nexus = chan->nexus;

	return nx_pace_take(&chan->user->syns,
			    READ_ONCE(nexus->policy.max_syns)) &&
	       nx_quota_take_syn(&nx_net(nexus->net)->quota);
}

/*
 * What a listener sends belongs to a connection that it has accepted, begins
 * one, or needs none. The packet is the connection's from here on.
 */
static enum nexus_drop_reason send_listener(struct nx_channel *chan,
					    struct nx_tx_packet *p,
					    const struct nx_tcp_seg *seg)
{
	struct nx_flow *flow;

	flow = nx_flow_find_rcu(&chan->nexus->flows, &p->packet.key);
	if (flow && flow->chan == chan && !nx_flow_is_listener(flow)) {
		p->flow = flow;
		return NEXUS_DROP_NONE;
	}
	/* Another channel's connection, or the kernel's. */
	if (unlikely(flow && !nx_flow_is_listener(flow)))
		return NEXUS_DROP_TX_STATE;
	if (unlikely(p->flow->listening) &&
	    !nx_beside_may_answer(p->flow, &p->packet.key))
		return NEXUS_DROP_TX_STATE;
	if ((seg->flags & NX_TCP_SYN) && (seg->flags & NX_TCP_ACK)) {
		flow = nx_flow_accept(p->flow, &p->packet.key, seg);
		if (!flow)
			return NEXUS_DROP_TX_FLOWS;
		p->flow = flow;
		return NEXUS_DROP_NONE;
	}
	return nx_tcp_seg_is_stateless(seg) ? NEXUS_DROP_NONE :
					      NEXUS_DROP_TX_STATE;
}

/*
 * A listener answers a SYN that it has answered before, and with another number:
 * a cookie's changes, and so does the peer's attempt.
 */
static bool is_other_answer(const struct nx_flow *flow,
			    const struct nx_tcp_seg *seg)
{
	return flow->parent && flow->track.state == NX_TCP_SYN_RCVD &&
	       (seg->flags & NX_TCP_SYN) && (seg->flags & NX_TCP_ACK) &&
	       seg->seq != flow->track.local.isn;
}

/**
 * nx_tcp_send - may this segment leave?
 * @chan: that sends it
 * @p:    the packet; its flow may send from and to these ends, and becomes the
 *        accepted connection's, if there is one
 *
 * In a RCU section, with bottom halves off.
 */
enum nexus_drop_reason nx_tcp_send(struct nx_channel *chan,
				   struct nx_tx_packet *p)
{
	enum nexus_drop_reason reason = NEXUS_DROP_NONE;
	struct nx_tcp_seg seg;
	bool may;

	nx_tcp_seg_read(p->headers, p->nr_headers, &p->packet, &seg);
	if (nx_flow_is_listener(p->flow))
		reason = send_listener(chan, p, &seg);
	if (unlikely(reason) || nx_flow_is_listener(p->flow))
		return reason;
	if (unlikely((seg.flags & (NX_TCP_SYN | NX_TCP_ACK)) == NX_TCP_SYN) &&
	    !may_connect(chan))
		return NEXUS_DROP_TX_SYNS;
	spin_lock(&p->flow->lock);
	if (unlikely(is_other_answer(p->flow, &seg)))
		nx_tcp_track_accept(&p->flow->track, &seg);
	may = nx_tcp_track_out(&p->flow->track, &seg);
	spin_unlock(&p->flow->lock);
	return likely(may) ? NEXUS_DROP_NONE : NEXUS_DROP_TX_STATE;
}

/**
 * nx_tcp_send_again - may this segment leave, of a connection that was open?
 * @flow: its flow, of one connection
 * @seg:  acknowledges, and neither opens nor ends
 *
 * In a RCU section, with bottom halves off.
 *
 * Return: false: nothing was done, and nx_tcp_send() tells.
 */
bool nx_tcp_send_again(struct nx_flow *flow, const struct nx_tcp_seg *seg)
{
	bool may;

	spin_lock(&flow->lock);
	may = nx_tcp_track_is_open(&flow->track) &&
	      nx_tcp_track_out(&flow->track, seg);
	spin_unlock(&flow->lock);
	return may;
}

/**
 * nx_tcp_receive_seg - a segment has come for a flow
 * @flow: which
 * @seg:  what it says
 *
 * In a RCU section, with bottom halves off.
 */
void nx_tcp_receive_seg(struct nx_flow *flow, const struct nx_tcp_seg *seg)
{
	bool was_half_open, is_open;

	if (nx_flow_is_listener(flow))
		return;
	spin_lock(&flow->lock);
	was_half_open = flow->track.state == NX_TCP_SYN_RCVD;
	nx_tcp_track_in(&flow->track, seg);
	is_open = flow->track.state == NX_TCP_OPEN;
	spin_unlock(&flow->lock);
	if (was_half_open && is_open && flow->parent)
		nx_flow_established(flow);
}

/**
 * nx_tcp_receive - a segment has come for a flow
 * @flow:  which
 * @h:     a private copy of the packet's first bytes
 * @avail: of them
 * @p:     what they say
 *
 * As nx_tcp_receive_seg().
 */
void nx_tcp_receive(struct nx_flow *flow, const u8 *h, u32 avail,
		    const struct nx_packet *p)
{
	struct nx_tcp_seg seg;

	if (nx_flow_is_listener(flow))
		return;
	nx_tcp_seg_read(h, avail, p, &seg);
	nx_tcp_receive_seg(flow, &seg);
}

/* Between the handshake and the end: who has closed, and who knows it. */
static enum nexus_tcp_state open_state(const struct nx_tcp_track *t)
{
	bool is_known = t->local.acked == t->local.fin;

	if (t->local.has_fin && t->peer.has_fin)
		return t->is_first ? NEXUS_TCP_CLOSING : NEXUS_TCP_LAST_ACK;
	if (t->local.has_fin)
		return is_known ? NEXUS_TCP_FIN_WAIT_2 : NEXUS_TCP_FIN_WAIT_1;
	return t->peer.has_fin ? NEXUS_TCP_CLOSE_WAIT : NEXUS_TCP_ESTABLISHED;
}

/**
 * nx_tcp_state - how far a flow's connection is
 * @flow: of TCP; in a RCU section
 *
 * For people: what passes meanwhile may change it.
 */
enum nexus_tcp_state nx_tcp_state(const struct nx_flow *flow)
{
	struct nx_tcp_track t;

	if (nx_flow_is_listener(flow))
		return NEXUS_TCP_LISTEN;
	data_race(t = flow->track);
	switch ((enum nx_tcp_state)t.state) {
	case NX_TCP_NONE:
		return NEXUS_TCP_NONE;
	case NX_TCP_SYN_SENT:
		return NEXUS_TCP_SYN_SENT;
	case NX_TCP_SYN_RCVD:
		return NEXUS_TCP_SYN_RCVD;
	case NX_TCP_OPEN:
		return open_state(&t);
	case NX_TCP_TIME_WAIT:
		return NEXUS_TCP_TIME_WAIT;
	case NX_TCP_DONE:
		break;
	}
	return NEXUS_TCP_CLOSED;
}

/**
 * nx_tcp_linger - keep the port of a connection in TIME-WAIT
 * @flow: of the connection, unlinked
 */
void nx_tcp_linger(struct nx_flow *flow)
{
	struct nx_flow *owner = flow->parent ?: flow;
	u64 until_ns;

	if (flow->track.state != NX_TCP_TIME_WAIT)
		return;
	until_ns = ktime_get_ns() + (u64)NSEC_PER_MSEC *
		   READ_ONCE(flow->chan->nexus->policy.linger_ms);
	spin_lock_bh(&owner->lock);
	owner->linger_ns = max(owner->linger_ns, until_ns);
	spin_unlock_bh(&owner->lock);
}

static void put_be32(u8 *to, u32 value)
{
	__be32 be = cpu_to_be32(value);

	memcpy(to, &be, sizeof(be));
}

/* Headers of a RST from the local end of @key; their length. */
static u32 build_reset(u8 *h, const struct nx_flow_key *key,
		       const struct nx_tcp_seg *rst)
{
	u32 l4 = key->ip_version == 4 ? NX_IPV4_HLEN : NX_IPV6_HLEN;

	memset(h, 0, l4 + NX_TCP_HLEN);
	if (key->ip_version == 4) {
		h[0] = 0x45;
		h[3] = NX_IPV4_HLEN + NX_TCP_HLEN;
		h[6] = NX_IPV4_DF >> 8;
		h[8] = 64;
		h[9] = NX_IPPROTO_TCP;
		memcpy(h + 12, &key->local, 4);
		memcpy(h + 16, &key->remote, 4);
	} else {
		h[0] = 0x60;
		h[5] = NX_TCP_HLEN;
		h[6] = NX_IPPROTO_TCP;
		h[7] = 64;
		memcpy(h + 8, &key->local, 16);
		memcpy(h + 24, &key->remote, 16);
	}
	memcpy(h + l4, &key->local_port, 2);
	memcpy(h + l4 + 2, &key->remote_port, 2);
	put_be32(h + l4 + 4, rst->seq);
	put_be32(h + l4 + 8, rst->ack);
	h[l4 + 12] = NX_TCP_HLEN << 2;
	h[l4 + 13] = rst->flags;
	return l4 + NX_TCP_HLEN;
}

/**
 * nx_tcp_abort - tell the peer that a connection's owner is gone
 * @flow: of the connection, unlinked; any other is left alone
 *
 * May sleep.
 */
void nx_tcp_abort(struct nx_flow *flow)
{
	struct nx_tcp_seg rst;
	u8 h[NX_HEADERS_MAX];
	bool has_peer;

	if (!nx_flow_is_tcp(flow) || nx_flow_is_listener(flow))
		return;
	spin_lock_bh(&flow->lock);
	has_peer = nx_tcp_track_reset(&flow->track, &rst);
	spin_unlock_bh(&flow->lock);
	if (has_peer)
		nx_tx_send_own(flow, h, build_reset(h, &flow->node[0].key, &rst));
}
