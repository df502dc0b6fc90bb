// SPDX-License-Identifier: GPL-2.0
/*
 * Channels by their bare ABI, without the library, so that a test can do what
 * no library would.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel.h"
#include "util.h"

int nx_chan_open(struct nx_chan *chan)
{
	chan->fd = open(NEXUS_DEVICE, O_RDWR | O_CLOEXEC);
	return chan->fd < 0 ? -errno : 0;
}

int nx_chan_attach(struct nx_chan *chan)
{
	return ioctl(chan->fd, NEXUS_IOC_ATTACH, &chan->attach) ? -errno : 0;
}

int nx_region_prot(enum nexus_region_id id)
{
	switch (id) {
	case NEXUS_REGION_URINGS:
	case NEXUS_REGION_BUFFERS:
	case NEXUS_REGION_USTATS:
		return PROT_READ | PROT_WRITE;
	case NEXUS_REGION_SCHEMA:
	case NEXUS_REGION_KRINGS:
	case NEXUS_REGION_ADVISORY:
	case NEXUS_NR_REGIONS:
		break;
	}
	return PROT_READ;
}

void *nx_region_map(const struct nx_chan *chan, enum nexus_region_id id)
{
	const struct nexus_region *region = &chan->attach.regions[id];

	return mmap(NULL, region->mmap_len, nx_region_prot(id), MAP_SHARED,
		    chan->fd, region->mmap_off);
}

/* Where the two sides of a ring lie. */
static bool is_user_produced(enum nexus_ring_id id)
{
	return id == NEXUS_RING_TX || id == NEXUS_RING_FREE;
}

static void ring_find(struct nx_chan *chan, __u32 queue, enum nexus_ring_id id)
{
	const struct nexus_ring_info *table = (const void *)
		(chan->data[NEXUS_REGION_SCHEMA] + chan->schema->rings_off);
	const struct nexus_ring_info *info =
		&table[queue * NEXUS_NR_RINGS + id];
	struct nx_ring *ring = &chan->ring[queue][id];
	char *prod = chan->data[NEXUS_REGION_KRINGS];
	char *cons = chan->data[NEXUS_REGION_URINGS];

	if (is_user_produced(id)) {
		prod = chan->data[NEXUS_REGION_URINGS];
		cons = chan->data[NEXUS_REGION_KRINGS];
	}
	ring->prod = (__u32 *)(prod + info->prod_off);
	ring->cons = (__u32 *)(cons + info->cons_off);
	ring->slots = prod + info->slots_off;
	ring->nr_slots = info->nr_slots;
	ring->slot_size = info->slot_size;
}

int nx_chan_map(struct nx_chan *chan)
{
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		char *map = nx_region_map(chan, id);

		if (map == MAP_FAILED)
			return -errno;
		chan->map[id] = map;
		chan->data[id] = map + chan->attach.regions[id].data_off;
	}
	chan->schema = (const void *)chan->data[NEXUS_REGION_SCHEMA];
	for (__u32 queue = 0; queue < chan->attach.nr_queues; queue++)
		for (int id = 0; id < NEXUS_NR_RINGS; id++)
			ring_find(chan, queue, id);
	return 0;
}

void nx_chan_unmap(struct nx_chan *chan)
{
	for (int id = 0; id < NEXUS_NR_REGIONS; id++) {
		if (chan->map[id])
			munmap(chan->map[id], chan->attach.regions[id].mmap_len);
		chan->map[id] = NULL;
		chan->data[id] = NULL;
	}
	chan->schema = NULL;
	memset(chan->ring, 0, sizeof(chan->ring));
}

void nx_chan_close(struct nx_chan *chan)
{
	nx_chan_unmap(chan);
	if (chan->fd >= 0)
		close(chan->fd);
	chan->fd = -1;
}

void nx_chan_init(struct nx_chan *chan, const char *nexus)
{
	memset(chan, 0, sizeof(*chan));
	chan->fd = -1;
	chan->attach = (struct nexus_attach) {
		.size = sizeof(chan->attach),
		.abi_version = NEXUS_ABI_VERSION,
		.port = NEXUS_PORT_ANY,
		.nr_queues = 1,
		.tx_slots = 64,
		.rx_slots = 64,
		.event_slots = 64,
		.nr_small = 256,
		.nr_large = 2,
		.nr_flows = 16,
	};
	strncpy(chan->attach.name, nexus, sizeof(chan->attach.name) - 1);
}

void nx_chan_begin(struct nx_chan *chan)
{
	int err = nx_chan_open(chan);

	if (err)
		nx_die("%s: %s", NEXUS_DEVICE, strerror(-err));
	err = nx_chan_attach(chan);
	if (err)
		nx_die("attach to %s: %s", chan->attach.name, strerror(-err));
	err = nx_chan_map(chan);
	if (err)
		nx_die("map: %s", strerror(-err));
}

void nx_chan_start(struct nx_chan *chan, const char *nexus)
{
	nx_chan_init(chan, nexus);
	nx_chan_begin(chan);
}

int nx_chan_sync(struct nx_chan *chan, __u32 queue, __u32 flags,
		 __s64 timeout_ns)
{
	struct nexus_sync sync = {
		.size = sizeof(sync),
		.flags = flags,
		.queue = queue,
		.timeout_ns = timeout_ns,
	};

	return ioctl(chan->fd, NEXUS_IOC_SYNC, &sync) ? -errno : 0;
}

int nx_chan_status(struct nx_chan *chan, struct nexus_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	return ioctl(chan->fd, NEXUS_IOC_STATUS, status) ? -errno : 0;
}

__u64 nx_chan_drops(struct nx_chan *chan, enum nexus_drop_reason reason)
{
	struct nexus_status status;
	int err = nx_chan_status(chan, &status);

	if (err)
		nx_die("status: %s", strerror(-err));
	return status.drops[reason];
}

int nx_flow_add(struct nx_chan *chan, int sock, struct nexus_flow_add *flow)
{
	memset(flow, 0, sizeof(*flow));
	flow->size = sizeof(*flow);
	flow->fd = sock;
	flow->queue = NEXUS_QUEUE_ANY;
	return ioctl(chan->fd, NEXUS_IOC_FLOW_ADD, flow) ? -errno : 0;
}

int nx_flow_del(struct nx_chan *chan, const struct nexus_flow_add *flow)
{
	struct nexus_flow_del del = {
		.size = sizeof(del),
		.flow = flow->flow,
		.generation = flow->generation,
	};

	return ioctl(chan->fd, NEXUS_IOC_FLOW_DEL, &del) ? -errno : 0;
}

__u32 nx_ring_used(const struct nx_ring *ring)
{
	return __atomic_load_n(ring->prod, __ATOMIC_ACQUIRE) -
	       __atomic_load_n(ring->cons, __ATOMIC_ACQUIRE);
}

__u32 nx_ring_space(const struct nx_ring *ring)
{
	return ring->nr_slots - nx_ring_used(ring);
}

void *nx_ring_slot(const struct nx_ring *ring, __u32 index)
{
	return (char *)ring->slots +
	       (size_t)(index & (ring->nr_slots - 1)) * ring->slot_size;
}

bool nx_ring_push(struct nx_ring *ring, const void *slot)
{
	__u32 index = *ring->prod;

	if (!nx_ring_space(ring))
		return false;
	memcpy(nx_ring_slot(ring, index), slot, ring->slot_size);
	__atomic_store_n(ring->prod, index + 1, __ATOMIC_RELEASE);
	return true;
}

bool nx_ring_pop(struct nx_ring *ring, void *slot)
{
	__u32 index = *ring->cons;

	if (!nx_ring_used(ring))
		return false;
	memcpy(slot, nx_ring_slot(ring, index), ring->slot_size);
	__atomic_store_n(ring->cons, index + 1, __ATOMIC_RELEASE);
	return true;
}

long nx_buf_take(struct nx_chan *chan, __u32 queue)
{
	struct nx_ring *ring = nx_chan_ring(chan, queue, NEXUS_RING_ALLOC);
	__u32 buf;

	if (nx_ring_pop(ring, &buf))
		return buf;
	nx_chan_sync(chan, queue, NEXUS_SYNC_REFILL, 0);
	return nx_ring_pop(ring, &buf) ? (long)buf : -1;
}

bool nx_buf_give(struct nx_chan *chan, __u32 queue, __u32 buf)
{
	struct nx_ring *ring = nx_chan_ring(chan, queue, NEXUS_RING_FREE);

	if (nx_ring_push(ring, &buf))
		return true;
	nx_chan_sync(chan, queue, NEXUS_SYNC_REFILL, 0);
	return nx_ring_push(ring, &buf);
}

static const struct nexus_size_class *size_class(const struct nx_chan *chan,
						 __u32 buf)
{
	for (int i = 0; i < NEXUS_NR_SIZES; i++) {
		const struct nexus_size_class *class = &chan->schema->sizes[i];

		if (buf - class->first < class->nr)
			return class;
	}
	nx_die("buffer %u: the channel has no such buffer", buf);
}

char *nx_buf_ptr(const struct nx_chan *chan, __u32 buf)
{
	const struct nexus_size_class *class = size_class(chan, buf);

	return chan->data[NEXUS_REGION_BUFFERS] + class->off +
	       (size_t)(buf - class->first) * class->size;
}

__u32 nx_buf_size(const struct nx_chan *chan, __u32 buf)
{
	return size_class(chan, buf)->size;
}

bool nx_chan_recv(struct nx_chan *chan, __u32 queue, struct nexus_desc *desc,
		  unsigned int ms)
{
	struct nx_ring *ring = nx_chan_ring(chan, queue, NEXUS_RING_RX);
	long long end_ns = nx_now_ns() + ms * NX_MSEC;

	while (!nx_ring_pop(ring, desc)) {
		long long left_ns = end_ns - nx_now_ns();

		if (left_ns <= 0)
			return false;
		if (nx_chan_sync(chan, queue,
				 NEXUS_SYNC_REFILL | NEXUS_SYNC_WAIT_RX,
				 left_ns) == -EPROTO)
			return false;
	}
	return true;
}

long nx_chan_recv_packet(struct nx_chan *chan, __u32 queue,
			 struct nexus_desc *first, void *packet, size_t size,
			 unsigned int ms)
{
	struct nexus_desc desc;
	size_t len = 0;
	int part = 0;

	do {
		if (!nx_chan_recv(chan, queue, &desc, ms))
			return -1;
		if (part++ == 0)
			*first = desc;
		if (len + desc.len > size)
			nx_die("a packet of more than %zu bytes", size);
		memcpy((char *)packet + len,
		       nx_buf_ptr(chan, desc.buf) + desc.off, desc.len);
		len += desc.len;
		nx_buf_give(chan, queue, desc.buf);
	} while (desc.flags & NEXUS_DESC_MORE);
	if (part != first->nr_parts)
		nx_die("a packet of %d parts says %u", part, first->nr_parts);
	return len;
}

/* All or none of @nr buffers. */
static bool take_bufs(struct nx_chan *chan, __u32 queue, __u32 *bufs, __u32 nr)
{
	for (__u32 i = 0; i < nr; i++) {
		long buf = nx_buf_take(chan, queue);

		if (buf < 0) {
			while (i)
				nx_buf_give(chan, queue, bufs[--i]);
			return false;
		}
		bufs[i] = buf;
	}
	return true;
}

bool nx_chan_send(struct nx_chan *chan, __u32 queue, __u32 flow, __u32 flags,
		  const void *packet, __u32 len)
{
	return nx_chan_send_gso(chan, queue, flow, flags, 0, packet, len);
}

bool nx_chan_send_gso(struct nx_chan *chan, __u32 queue, __u32 flow,
		      __u32 flags, __u16 gso_size, const void *packet,
		      __u32 len)
{
	struct nx_ring *ring = nx_chan_ring(chan, queue, NEXUS_RING_TX);
	__u32 nr_parts = (len + NEXUS_SMALL_SIZE - 1) / NEXUS_SMALL_SIZE;
	__u32 bufs[NEXUS_PARTS_MAX];

	if (nr_parts > NEXUS_PARTS_MAX || nx_ring_space(ring) < nr_parts ||
	    !take_bufs(chan, queue, bufs, nr_parts))
		return false;
	for (__u32 i = 0; i < nr_parts; i++) {
		__u32 off = i * NEXUS_SMALL_SIZE;
		struct nexus_desc desc = {
			.buf = bufs[i],
			.len = len - off < NEXUS_SMALL_SIZE ?
			       len - off : NEXUS_SMALL_SIZE,
			.flow = flow,
			.flags = (i ? 0 : flags) |
				 (i + 1 < nr_parts ? NEXUS_DESC_MORE : 0),
			.gso_size = i ? 0 : gso_size,
		};

		memcpy(nx_buf_ptr(chan, bufs[i]), (const char *)packet + off,
		       desc.len);
		nx_ring_push(ring, &desc);
	}
	return true;
}
