/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Channels by their bare ABI, without the library, so that a test can do what
 * no library would: nothing here keeps an index or a descriptor honest.
 */
#ifndef NX_CHANNEL_H
#define NX_CHANNEL_H

#include <linux/nexus.h>
#include <stdbool.h>
#include <stddef.h>

struct nx_ring {
	__u32	*prod;
	__u32	*cons;
	void	*slots;
	__u32	nr_slots;
	__u32	slot_size;
};

/**
 * struct nx_chan - an attached channel
 * @fd:     of /dev/nexus, or -1
 * @attach: as NEXUS_IOC_ATTACH answered
 * @map:    what mmap() returned for each region, NULL: not mapped
 * @data:   its data, behind the guard page
 * @schema: the data of NEXUS_REGION_SCHEMA
 * @ring:   by queue and enum nexus_ring_id
 */
struct nx_chan {
	int	fd;
	struct nexus_attach	attach;
	char	*map[NEXUS_NR_REGIONS];
	char	*data[NEXUS_NR_REGIONS];
	const struct nexus_schema	*schema;
	struct nx_ring	ring[NEXUS_QUEUES_MAX][NEXUS_NR_RINGS];
};

/* 0 or -errno each. */
int nx_chan_open(struct nx_chan *chan);
int nx_chan_attach(struct nx_chan *chan);
int nx_chan_map(struct nx_chan *chan);
void nx_chan_unmap(struct nx_chan *chan);
void nx_chan_close(struct nx_chan *chan);

/* What attach() asks for unless a test changes it. */
void nx_chan_init(struct nx_chan *chan, const char *nexus);
/* Open, attach and map in one; fails the test if one of them does. */
void nx_chan_start(struct nx_chan *chan, const char *nexus);
/* The same with what @chan->attach asks for. */
void nx_chan_begin(struct nx_chan *chan);

int nx_region_prot(enum nexus_region_id id);
void *nx_region_map(const struct nx_chan *chan, enum nexus_region_id id);

/* 0 or -errno each; wait: @timeout_ns as in struct nexus_sync. */
int nx_chan_sync(struct nx_chan *chan, __u32 queue, __u32 flags,
		 __s64 timeout_ns);
int nx_chan_status(struct nx_chan *chan, struct nexus_status *status);
int nx_flow_add(struct nx_chan *chan, int sock, struct nexus_flow_add *flow);
int nx_flow_del(struct nx_chan *chan, const struct nexus_flow_add *flow);

/* The number of one drop reason of this channel. */
__u64 nx_chan_drops(struct nx_chan *chan, enum nexus_drop_reason reason);

static inline struct nx_ring *nx_chan_ring(struct nx_chan *chan, __u32 queue,
					   enum nexus_ring_id id)
{
	return &chan->ring[queue][id];
}

__u32 nx_ring_used(const struct nx_ring *ring);
__u32 nx_ring_space(const struct nx_ring *ring);
void *nx_ring_slot(const struct nx_ring *ring, __u32 index);
/* For the user's side only; false: no space, or nothing there. */
bool nx_ring_push(struct nx_ring *ring, const void *slot);
bool nx_ring_pop(struct nx_ring *ring, void *slot);

/* Buffers: one of queue 0's ALLOC after a sync if needed, or -1. */
long nx_buf_take(struct nx_chan *chan, __u32 queue);
bool nx_buf_give(struct nx_chan *chan, __u32 queue, __u32 buf);
char *nx_buf_ptr(const struct nx_chan *chan, __u32 buf);
__u32 nx_buf_size(const struct nx_chan *chan, __u32 buf);

/* The next received descriptor within @ms. */
bool nx_chan_recv(struct nx_chan *chan, __u32 queue, struct nexus_desc *desc,
		  unsigned int ms);
/* The same, its bytes copied and its buffers given back; length or -1. */
long nx_chan_recv_packet(struct nx_chan *chan, __u32 queue,
			 struct nexus_desc *first, void *packet, size_t size,
			 unsigned int ms);
/* Queues @len bytes as one packet of @flow; false: no buffer or slot. */
bool nx_chan_send(struct nx_chan *chan, __u32 queue, __u32 flow, __u32 flags,
		  const void *packet, __u32 len);
/* The same as a super-packet, if @flags has NEXUS_DESC_GSO. */
bool nx_chan_send_gso(struct nx_chan *chan, __u32 queue, __u32 flow,
		      __u32 flags, __u16 gso_size, const void *packet,
		      __u32 len);

#endif
