/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Delivery: a packet is copied into buffers of the receiver's pool, and
 * described in its RX ring.
 */
#ifndef NX_DELIVER_H
#define NX_DELIVER_H

#include <linux/skbuff.h>
#include <linux/nexus.h>
#include "counters.h"

struct nx_flow;
struct nx_queue;
struct nx_tx_packet;

/**
 * struct nx_rx_packet - the kernel's metadata of a packet to deliver
 * @flow:        that receives
 * @skb:         the packet, from its IP header on, or NULL
 * @tx:          the packet, as another channel sends it, where @skb is NULL
 * @len:         bytes, IP header included
 * @is_optional: where its flow cannot have it, it is the kernel's, and not lost
 * @wants_sum:   sum all bytes while they are copied
 * @sum:         where that sum begins: so that it ends as 0 if the checksum is
 *               right
 * @flags:       NEXUS_DESC_*
 * @ip_version:  4 or 6
 * @protocol:    IPPROTO_*
 * @l4_off:      of the transport header
 * @payload_off: of the payload
 * @gso_size, @gso_segs: of a super-packet
 * @hash:        of the flow, or 0
 * @ifindex:     where it arrived, or 0
 * @time_ns:     when
 */
struct nx_rx_packet {
	struct nx_flow			*flow;
	struct sk_buff			*skb;
	const struct nx_tx_packet	*tx;
	u32				len;
	bool				is_optional;
	bool				wants_sum;
	__wsum				sum;
	u32				flags;
	u8				ip_version;
	u8				protocol;
	u16				l4_off;
	u16				payload_off;
	u16				gso_size;
	u16				gso_segs;
	u32				hash;
	int				ifindex;
	u64				time_ns;
};

struct nx_queue *nx_deliver_queue(const struct nx_flow *flow, u32 hash);
enum nexus_drop_reason nx_deliver(struct nx_queue *q, struct nx_rx_packet *p);
bool nx_deliver_see_room(struct nx_queue *q);
void nx_deliver_describe(struct nexus_desc *d, const struct nx_rx_packet *p);
bool nx_deliver_refill(struct nx_queue *q);
void nx_queue_reclaim(struct nx_queue *q);
void nx_deliver_refuse(const struct nx_rx_packet *p,
		       enum nexus_drop_reason reason);
void nx_deliver_begin(struct nx_queue *q);
void nx_deliver_end(struct nx_queue *q, bool is_softirq);

#endif /* NX_DELIVER_H */
