/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel for the library's tests: the other side of a channel, in memory,
 * injected as its backend. It keeps the rules of <linux/nexus.h>: regions of its
 * own are read only to the library, and each buffer has one owner.
 */
#ifndef _FAKE_KERNEL_H
#define _FAKE_KERNEL_H

#include <nexus/nexus.h>

#define FAKE_NR_FLOWS	64
#define FAKE_NR_SENT	1024

/**
 * struct fake_packet - a packet that the library sent
 * @desc: its first descriptor
 * @nr_parts: descriptors
 * @len:  bytes
 * @data: all parts in a row
 */
struct fake_packet {
	struct nexus_desc	desc;
	uint32_t		nr_parts;
	size_t			len;
	uint8_t			*data;
};

/**
 * struct fake_ring - the kernel's end of a ring
 * @info: where it lies
 * @prod, @cons: the shared words
 * @slots: the slots
 * @own:  the index that the kernel writes
 */
struct fake_ring {
	const struct nexus_ring_info *info;
	uint32_t	*prod;
	uint32_t	*cons;
	uint8_t		*slots;
	uint32_t	own;
};

/**
 * struct fake_kernel - one channel and what is behind it
 *
 * Set before nexus_channel_open():
 * @start:       all ring indices begin here
 * @features:    of the schema
 * @abi_version: of the kernel
 * @free_slots:  of the FREE ring; 0: room for every buffer
 * @attach_error: what NEXUS_IOC_ATTACH returns, or 0
 * @edit:        changes the schema before it is shown, with @edit_arg
 *
 * May be changed at any time:
 * @is_loop:     what is sent to a flow of this channel is delivered there
 * @child_flow:  index by which it is delivered instead of a listener's, and which
 *               may be sent by, like a flow that the kernel makes of a listener's;
 *               0: none
 * @sync_error:  what NEXUS_IOC_SYNC returns, once, after it has done nothing
 * @flow_error:  what NEXUS_IOC_FLOW_ADD returns, or 0
 * @on_wait:     called instead of sleeping, with @wait_arg; may deliver
 * @alloc_target: small buffers that stand ready in ALLOC; the rest are for RX
 *
 * Seen by tests:
 * @sent:        what was sent, in order
 * @nr_attaches, @nr_mmaps, @nr_munmaps, @nr_closes, @nr_syncs, @nr_waits,
 *   @nr_flow_dels: calls
 * @last_sync:   argument of the last NEXUS_IOC_SYNC
 * @nr_violations: times that the library broke a rule
 * @is_child:    the file belongs to another process
 */
struct fake_kernel {
	uint32_t		start;
	uint64_t		features;
	uint32_t		abi_version;
	uint32_t		free_slots;
	int			attach_error;
	void			(*edit)(struct nexus_schema *schema, void *arg);
	void			*edit_arg;

	bool			is_loop;
	uint32_t		child_flow;
	int			sync_error;
	int			flow_error;
	void			(*on_wait)(struct fake_kernel *fk, void *arg);
	void			*wait_arg;
	uint32_t		alloc_target;

	struct fake_packet	sent[FAKE_NR_SENT];
	uint32_t		nr_sent;
	uint32_t		nr_attaches;
	uint32_t		nr_mmaps;
	uint32_t		nr_munmaps;
	uint32_t		nr_closes;
	uint32_t		nr_syncs;
	uint32_t		nr_waits;
	uint32_t		nr_flow_dels;
	struct nexus_sync	last_sync;
	uint32_t		nr_violations;

	/* The fake's own. */
	int			memfd;
	struct nexus_attach	attach;
	struct nexus_schema	*schema;
	uint8_t			*maps[NEXUS_NR_REGIONS];
	uint64_t		backing[NEXUS_NR_REGIONS];
	struct fake_ring	rings[NEXUS_QUEUES_MAX][NEXUS_NR_RINGS];
	bool			*is_users;
	uint32_t		*pool[NEXUS_NR_SIZES];
	uint32_t		nr_pool[NEXUS_NR_SIZES];
	struct nexus_flow_add	flows[FAKE_NR_FLOWS];
	bool			has_flow[FAKE_NR_FLOWS];
	uint32_t		generation;
};

/**
 * struct fake_rx - a packet to deliver
 * @desc: flow, flags, l4_off, payload_off and the like; buf, off, len and
 *        nr_parts are filled in
 * @data: the packet, from its IP header
 * @len:  bytes
 * @part: bytes of each part; 0: as much as a small buffer holds
 */
struct fake_rx {
	struct nexus_desc	desc;
	const void		*data;
	size_t			len;
	size_t			part;
};

extern const struct nexus_backend fake_backend;

void fake_init(struct fake_kernel *fk);
void fake_exit(struct fake_kernel *fk);

/* Delivers into queue 0: 0, -ENOBUFS or -ENOSPC. */
int fake_deliver(struct fake_kernel *fk, const struct fake_rx *rx);

/* Delivers a datagram from @src to @dst, to the flow @flow. */
int fake_deliver_udp(struct fake_kernel *fk, uint32_t flow,
		     const struct nexus_addr *src, const struct nexus_addr *dst,
		     const void *payload, size_t len);

/* Posts an event into queue 0. */
void fake_post(struct fake_kernel *fk, const struct nexus_event *event);

/* Changes the channel's state; DEFUNCT also turns all memory into zeros. */
void fake_set_state(struct fake_kernel *fk, enum nexus_channel_state state);

/* Writes a UDP packet from its IP header on; returns its bytes. */
size_t fake_build_udp(uint8_t *buf, size_t size, const struct nexus_addr *src,
		      const struct nexus_addr *dst, const void *payload,
		      size_t len);

/* Forgets what was sent. */
void fake_forget_sent(struct fake_kernel *fk);

/* Buffers that are the user's now, those standing in ALLOC included. */
uint32_t fake_user_buffers(const struct fake_kernel *fk);

/* An address from text; the test fails if it is none. */
struct nexus_addr fake_addr(const char *text);

#endif /* _FAKE_KERNEL_H */
