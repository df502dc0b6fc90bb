// SPDX-License-Identifier: GPL-2.0
/*
 * The fake kernel: see fake_kernel.h. Each region is memory of a memfd, mapped
 * once for the fake, to write, and once for the library, as it asks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "unit.h"

#define PAGE		4096u
#define LINE		64u
#define DEFAULT_SLOTS	64u
#define DEFAULT_SMALL	256u
#define PARTS_MAX	NEXUS_PARTS_MAX

static uint64_t align(uint64_t x, uint64_t to)
{
	return (x + to - 1) / to * to;
}

static uint32_t pow2(uint32_t x)
{
	uint32_t p = 8;

	while (p < x)
		p *= 2;
	return p;
}

static void violation(struct fake_kernel *fk, const char *what, uint32_t value)
{
	fk->nr_violations++;
	unit_equal(__FILE__, __LINE__, what, value, 1, 0);
}

/* ---------------------------------------------------------------- rings */

static bool is_users(unsigned int ring)
{
	return ring == NEXUS_RING_TX || ring == NEXUS_RING_FREE;
}

static uint32_t ring_peek(const struct fake_ring *r)
{
	return __atomic_load_n(r->prod, __ATOMIC_ACQUIRE) - r->own;
}

static uint32_t ring_space(const struct fake_ring *r)
{
	return r->info->nr_slots -
	       (r->own - __atomic_load_n(r->cons, __ATOMIC_ACQUIRE));
}

static void *ring_slot(const struct fake_ring *r, uint32_t i)
{
	return r->slots + (size_t)((r->own + i) & (r->info->nr_slots - 1)) *
			  r->info->slot_size;
}

static void ring_release(struct fake_ring *r, uint32_t nr)
{
	r->own += nr;
	__atomic_store_n(r->cons, r->own, __ATOMIC_RELEASE);
}

static void ring_submit(struct fake_ring *r, uint32_t nr)
{
	r->own += nr;
	__atomic_store_n(r->prod, r->own, __ATOMIC_RELEASE);
}

/* --------------------------------------------------------------- attach */

struct layout {
	uint64_t	end[NEXUS_NR_REGIONS];
	uint32_t	nr_slots[NEXUS_NR_RINGS];
};

static const uint32_t slot_sizes[NEXUS_NR_RINGS] = {
	sizeof(struct nexus_desc), sizeof(struct nexus_desc), 4, 4, 4,
	sizeof(struct nexus_event),
};

static uint64_t reserve(struct layout *l, unsigned int region, uint64_t len)
{
	uint64_t off = l->end[region];

	l->end[region] = align(off + len, LINE);
	return off;
}

static void set_default(__u32 *field, uint32_t value)
{
	*field = *field ? *field : value;
}

static void fill_defaults(struct nexus_attach *a)
{
	set_default(&a->nr_queues, 1);
	set_default(&a->tx_slots, DEFAULT_SLOTS);
	set_default(&a->rx_slots, DEFAULT_SLOTS);
	set_default(&a->event_slots, 16);
	set_default(&a->nr_small, DEFAULT_SMALL);
	set_default(&a->nr_flows, FAKE_NR_FLOWS);
	a->port = a->port == NEXUS_PORT_ANY ? 1 : a->port;
	a->channel_id = 7;
}

static void plan_rings(struct layout *l, const struct fake_kernel *fk,
		       struct nexus_ring_info *info)
{
	const struct nexus_attach *a = &fk->attach;
	unsigned int q, r;

	l->nr_slots[NEXUS_RING_TX] = a->tx_slots;
	l->nr_slots[NEXUS_RING_RX] = a->rx_slots;
	l->nr_slots[NEXUS_RING_ALLOC] = a->tx_slots;
	l->nr_slots[NEXUS_RING_ALLOC_LARGE] = a->nr_large ? pow2(a->nr_large) : 0;
	l->nr_slots[NEXUS_RING_FREE] = fk->free_slots ? fk->free_slots :
		pow2(a->nr_small + a->nr_large);
	l->nr_slots[NEXUS_RING_EVENT] = a->event_slots;
	for (q = 0; q < a->nr_queues; q++) {
		for (r = 0; r < NEXUS_NR_RINGS; r++, info++) {
			unsigned int prod = is_users(r) ? NEXUS_REGION_URINGS :
							  NEXUS_REGION_KRINGS;
			unsigned int cons = is_users(r) ? NEXUS_REGION_KRINGS :
							  NEXUS_REGION_URINGS;

			info->nr_slots = l->nr_slots[r];
			info->slot_size = slot_sizes[r];
			info->prod_off = reserve(l, prod, 4);
			info->cons_off = reserve(l, cons, 4);
			info->slots_off = reserve(l, prod, (uint64_t)info->nr_slots *
						  info->slot_size);
		}
	}
}

static void fill_schema(struct fake_kernel *fk, struct layout *l,
			struct nexus_schema *s)
{
	const struct nexus_attach *a = &fk->attach;

	s->magic = NEXUS_SCHEMA_MAGIC;
	s->abi_version = fk->abi_version;
	s->features = fk->features;
	s->state = NEXUS_CHANNEL_ACTIVE;
	s->nr_queues = a->nr_queues;
	s->desc_size = sizeof(struct nexus_desc);
	s->event_size = sizeof(struct nexus_event);
	s->parts_max = PARTS_MAX;
	s->nr_flows = a->nr_flows;
	reserve(l, NEXUS_REGION_ADVISORY, sizeof(struct nexus_advisory));
	s->flow_advisory_size = sizeof(struct nexus_flow_advisory);
	s->flow_advisory_off = (uint32_t)reserve(l, NEXUS_REGION_ADVISORY,
			(uint64_t)s->nr_flows * s->flow_advisory_size);
	s->rings_off = (uint32_t)align(sizeof(*s), LINE);
	s->channel_id = a->channel_id;
	s->port = a->port;
	s->page_size = PAGE;
	s->sizes[NEXUS_SMALL].nr = a->nr_small;
	s->sizes[NEXUS_SMALL].size = NEXUS_SMALL_SIZE;
	s->sizes[NEXUS_SMALL].off = reserve(l, NEXUS_REGION_BUFFERS,
			align((uint64_t)a->nr_small * NEXUS_SMALL_SIZE, PAGE));
	s->sizes[NEXUS_LARGE].first = a->nr_small;
	s->sizes[NEXUS_LARGE].nr = a->nr_large;
	s->sizes[NEXUS_LARGE].size = NEXUS_LARGE_SIZE;
	s->sizes[NEXUS_LARGE].off = reserve(l, NEXUS_REGION_BUFFERS,
			(uint64_t)a->nr_large * NEXUS_LARGE_SIZE);
	plan_rings(l, fk, (void *)((uint8_t *)s + s->rings_off));
	reserve(l, NEXUS_REGION_USTATS, NEXUS_REPORT_OFF(s->nr_flows));
	l->end[NEXUS_REGION_SCHEMA] = PAGE;
}

/* Guard pages before and after, as the real ones have. */
static int make_regions(struct fake_kernel *fk, const struct layout *l)
{
	uint64_t off = 0;
	unsigned int id;

	for (id = 0; id < NEXUS_NR_REGIONS; id++) {
		struct nexus_region *r = &fk->attach.regions[id];

		r->mmap_off = NEXUS_REGION_OFF(id);
		r->data_off = PAGE;
		r->data_len = align(l->end[id], PAGE);
		r->mmap_len = r->data_len + 2 * PAGE;
		fk->backing[id] = off;
		off += r->mmap_len;
	}
	fk->memfd = memfd_create("fake", MFD_CLOEXEC);
	if (fk->memfd < 0 || ftruncate(fk->memfd, (off_t)off))
		return -ENOMEM;
	for (id = 0; id < NEXUS_NR_REGIONS; id++)
		fk->maps[id] = (uint8_t *)mmap(NULL,
				fk->attach.regions[id].mmap_len,
				PROT_READ | PROT_WRITE, MAP_SHARED, fk->memfd,
				(off_t)fk->backing[id]) + PAGE;
	return 0;
}

static void start_rings(struct fake_kernel *fk)
{
	const struct nexus_ring_info *info;
	unsigned int q, r;

	info = (void *)((uint8_t *)fk->schema + fk->schema->rings_off);
	for (q = 0; q < fk->attach.nr_queues; q++) {
		for (r = 0; r < NEXUS_NR_RINGS; r++, info++) {
			struct fake_ring *ring = &fk->rings[q][r];
			uint8_t *u = fk->maps[NEXUS_REGION_URINGS];
			uint8_t *k = fk->maps[NEXUS_REGION_KRINGS];

			ring->info = info;
			ring->prod = (void *)((is_users(r) ? u : k) + info->prod_off);
			ring->cons = (void *)((is_users(r) ? k : u) + info->cons_off);
			ring->slots = (is_users(r) ? u : k) + info->slots_off;
			ring->own = fk->start;
			*ring->prod = fk->start;
			*ring->cons = fk->start;
		}
	}
}

static void fill_pool(struct fake_kernel *fk)
{
	uint32_t nr = fk->attach.nr_small + fk->attach.nr_large, i;
	unsigned int size;

	fk->is_users = calloc(nr, sizeof(*fk->is_users));
	for (size = 0; size < NEXUS_NR_SIZES; size++) {
		fk->pool[size] = calloc(nr, sizeof(uint32_t));
		fk->nr_pool[size] = 0;
	}
	for (i = nr; i-- > 0;) {
		size = i < fk->attach.nr_small ? NEXUS_SMALL : NEXUS_LARGE;
		fk->pool[size][fk->nr_pool[size]++] = i;
	}
}

/* The former channel's memory, if there was one. */
static void free_regions(struct fake_kernel *fk)
{
	unsigned int id;

	for (id = 0; id < NEXUS_NR_REGIONS; id++) {
		if (fk->maps[id])
			munmap(fk->maps[id] - PAGE,
			       fk->attach.regions[id].mmap_len);
		fk->maps[id] = NULL;
	}
	for (id = 0; id < NEXUS_NR_SIZES; id++) {
		free(fk->pool[id]);
		fk->pool[id] = NULL;
	}
	free(fk->is_users);
	fk->is_users = NULL;
	if (fk->memfd >= 0)
		close(fk->memfd);
	fk->memfd = -1;
}

static int ioctl_attach(struct fake_kernel *fk, struct nexus_attach *a)
{
	struct layout l = { 0 };
	uint8_t schema[PAGE] = { 0 };
	int err;

	if (a->abi_version != fk->abi_version) {
		a->abi_version = fk->abi_version;
		return -EPROTONOSUPPORT;
	}
	if (fk->attach_error)
		return fk->attach_error;
	free_regions(fk);
	fk->nr_attaches++;
	fk->attach = *a;
	fill_defaults(&fk->attach);
	fill_schema(fk, &l, (void *)schema);
	err = make_regions(fk, &l);
	if (err)
		return err;
	fk->schema = (void *)fk->maps[NEXUS_REGION_SCHEMA];
	memcpy(fk->schema, schema, sizeof(schema));
	start_rings(fk);
	fill_pool(fk);
	if (fk->edit)
		fk->edit(fk->schema, fk->edit_arg);
	*a = fk->attach;
	return 0;
}

/* -------------------------------------------------------------- buffers */

static unsigned int size_of(const struct fake_kernel *fk, uint32_t buf)
{
	return buf < fk->attach.nr_small ? NEXUS_SMALL : NEXUS_LARGE;
}

static uint8_t *buffer(const struct fake_kernel *fk, uint32_t buf)
{
	const struct nexus_size_class *c = &fk->schema->sizes[size_of(fk, buf)];

	return fk->maps[NEXUS_REGION_BUFFERS] + c->off +
	       (size_t)(buf - c->first) * c->size;
}

static bool take_from_user(struct fake_kernel *fk, uint32_t buf)
{
	if (buf >= fk->attach.nr_small + fk->attach.nr_large) {
		violation(fk, "buffer index out of range", buf);
		return false;
	}
	if (!fk->is_users[buf]) {
		violation(fk, "buffer that is not the user's", buf);
		return false;
	}
	fk->is_users[buf] = false;
	return true;
}

static void pool_put(struct fake_kernel *fk, uint32_t buf)
{
	unsigned int size = size_of(fk, buf);

	fk->pool[size][fk->nr_pool[size]++] = buf;
}

static uint32_t pool_get(struct fake_kernel *fk, unsigned int size)
{
	return fk->nr_pool[size] ? fk->pool[size][--fk->nr_pool[size]] :
				   NEXUS_BUFFER_NONE;
}

static bool offer(struct fake_kernel *fk, uint32_t q, uint32_t buf)
{
	struct fake_ring *r = &fk->rings[q][NEXUS_RING_ALLOC + size_of(fk, buf)];

	if (!ring_space(r))
		return false;
	fk->is_users[buf] = true;
	*(uint32_t *)ring_slot(r, 0) = buf;
	ring_submit(r, 1);
	return true;
}

static void take_free(struct fake_kernel *fk, uint32_t q)
{
	struct fake_ring *r = &fk->rings[q][NEXUS_RING_FREE];
	uint32_t buf;

	if (ring_peek(r) > r->info->nr_slots)
		violation(fk, "FREE index past the ring", ring_peek(r));
	while (ring_peek(r)) {
		buf = *(uint32_t *)ring_slot(r, 0);
		ring_release(r, 1);
		if (take_from_user(fk, buf))
			pool_put(fk, buf);
	}
}

static void top_up(struct fake_kernel *fk, uint32_t q, unsigned int size,
		   uint32_t target)
{
	struct fake_ring *r = &fk->rings[q][NEXUS_RING_ALLOC + size];
	uint32_t buf;

	if (!r->info->nr_slots)
		return;
	while (r->info->nr_slots - ring_space(r) < target) {
		buf = pool_get(fk, size);
		if (buf == NEXUS_BUFFER_NONE)
			return;
		if (!offer(fk, q, buf)) {
			pool_put(fk, buf);
			return;
		}
	}
}

uint32_t fake_user_buffers(const struct fake_kernel *fk)
{
	uint32_t i, nr = 0;

	for (i = 0; i < fk->attach.nr_small + fk->attach.nr_large; i++)
		nr += fk->is_users[i];
	return nr;
}

/* ------------------------------------------------------------- transmit */

/* By both ports if there is such a flow, else by the local one. */
static bool find_flow(const struct fake_kernel *fk, const uint8_t *l4,
		      uint32_t *flow)
{
	uint16_t ports[2];
	bool found = false;
	uint32_t i;

	memcpy(ports, l4, sizeof(ports));
	for (i = 0; i < FAKE_NR_FLOWS; i++) {
		if (!fk->has_flow[i] || fk->flows[i].local_port != ports[1] ||
		    (fk->flows[i].remote_port &&
		     fk->flows[i].remote_port != ports[0]))
			continue;
		if (!found || fk->flows[i].remote_port)
			*flow = i;
		found = true;
	}
	return found;
}

static void deliver_local(struct fake_kernel *fk, const struct fake_packet *p)
{
	struct fake_rx rx = {
		.desc = {
			.flags = NEXUS_DESC_LOCAL | NEXUS_DESC_CSUM,
			.ip_version = p->data[0] >> 4,
		},
		.data = p->data,
		.len = p->len,
	};
	const uint8_t *l4;

	rx.desc.l4_off = rx.desc.ip_version == 4 ? 20 : 40;
	rx.desc.protocol = p->data[rx.desc.ip_version == 4 ? 9 : 6];
	l4 = p->data + rx.desc.l4_off;
	rx.desc.payload_off = rx.desc.l4_off +
			      (rx.desc.protocol == IPPROTO_TCP ?
			       (l4[12] >> 4) * 4 : 8);
	if (!find_flow(fk, l4, &rx.desc.flow))
		return;
	if (fk->child_flow && !fk->flows[rx.desc.flow].remote_port)
		rx.desc.flow = fk->child_flow;
	fake_deliver(fk, &rx);
}

/* Appends one part; the buffer comes back through ALLOC. */
static void take_part(struct fake_kernel *fk, uint32_t q, struct fake_packet *p,
		      const struct nexus_desc *d)
{
	uint32_t size;

	if (!take_from_user(fk, d->buf))
		return;
	size = fk->schema->sizes[size_of(fk, d->buf)].size;
	if (!d->len || d->off > size || d->len > size - d->off) {
		violation(fk, "part outside its buffer", d->len);
		return;
	}
	p->data = realloc(p->data, p->len + d->len);
	memcpy(p->data + p->len, buffer(fk, d->buf) + d->off, d->len);
	p->len += d->len;
	p->nr_parts++;
	if (d->flags & NEXUS_DESC_KEEP)
		return;
	if (!offer(fk, q, d->buf))
		pool_put(fk, d->buf);
}

static void check_rest_is_zero(struct fake_kernel *fk, const struct nexus_desc *d)
{
	struct nexus_desc rest = *d;

	rest.buf = 0;
	rest.off = 0;
	rest.len = 0;
	rest.flow = 0;
	rest.flags &= ~NEXUS_DESC_TX_FLAGS;
	rest.traffic_class = 0;
	if (d->flags & NEXUS_DESC_GSO)
		rest.gso_size = 0;
	if (d->flags & (NEXUS_DESC_NOTIFY | NEXUS_DESC_DEADLINE))
		rest.cookie = 0;
	if (d->flags & NEXUS_DESC_DEADLINE)
		rest.time_ns = 0;
	if (memcmp(&rest, &(struct nexus_desc){ 0 }, sizeof(rest)))
		violation(fk, "a field of a TX descriptor that is not 0", d->flags);
}

static bool has_flow(const struct fake_kernel *fk, uint32_t flow)
{
	if (flow >= FAKE_NR_FLOWS)
		return false;
	return fk->has_flow[flow] || (flow && flow == fk->child_flow);
}

static void take_packet(struct fake_kernel *fk, uint32_t q)
{
	struct fake_ring *r = &fk->rings[q][NEXUS_RING_TX];
	struct fake_packet *p = &fk->sent[fk->nr_sent];
	const struct nexus_desc *d;
	uint32_t kept[NEXUS_PARTS_MAX], nr_kept = 0;
	bool has_more = true;

	memset(p, 0, sizeof(*p));
	while (has_more && ring_peek(r)) {
		d = ring_slot(r, 0);
		if (d->flags & NEXUS_DESC_KEEP && nr_kept < NEXUS_PARTS_MAX)
			kept[nr_kept++] = d->buf;
		if (!p->nr_parts)
			p->desc = *d;
		check_rest_is_zero(fk, d);
		if (!has_flow(fk, d->flow))
			violation(fk, "a flow that does not exist", d->flow);
		has_more = d->flags & NEXUS_DESC_MORE;
		take_part(fk, q, p, d);
		ring_release(r, 1);
	}
	if (has_more)
		violation(fk, "MORE at the end of the batch", 0);
	/* Not before: a buffer may be in a packet once. */
	while (nr_kept)
		fk->is_users[kept[--nr_kept]] = true;
	if (fk->nr_sent < FAKE_NR_SENT - 1)
		fk->nr_sent++;
	if (fk->is_loop)
		deliver_local(fk, p);
}

static void take_tx(struct fake_kernel *fk, uint32_t q)
{
	struct fake_ring *r = &fk->rings[q][NEXUS_RING_TX];

	if (ring_peek(r) > r->info->nr_slots)
		violation(fk, "TX index past the ring", ring_peek(r));
	while (ring_peek(r))
		take_packet(fk, q);
}

void fake_forget_sent(struct fake_kernel *fk)
{
	uint32_t i;

	for (i = 0; i < fk->nr_sent; i++)
		free(fk->sent[i].data);
	fk->nr_sent = 0;
}

/* ----------------------------------------------------------------- sync */

static bool is_rx_ready(struct fake_kernel *fk, uint32_t q)
{
	struct fake_ring *rx = &fk->rings[q][NEXUS_RING_RX];
	struct fake_ring *event = &fk->rings[q][NEXUS_RING_EVENT];

	return rx->own != *rx->cons || event->own != *event->cons;
}

static int state_error(const struct fake_kernel *fk)
{
	if (fk->schema->state == NEXUS_CHANNEL_ACTIVE)
		return 0;
	return fk->schema->state == NEXUS_CHANNEL_QUARANTINED ? -EPROTO : -ENXIO;
}

static int wait_rx(struct fake_kernel *fk, uint32_t q)
{
	if (is_rx_ready(fk, q))
		return 0;
	fk->nr_waits++;
	if (fk->on_wait)
		fk->on_wait(fk, fk->wait_arg);
	if (state_error(fk))
		return state_error(fk);
	return is_rx_ready(fk, q) ? 0 : -ETIME;
}

static int ioctl_sync(struct fake_kernel *fk, const struct nexus_sync *s)
{
	int err = fk->sync_error;

	fk->nr_syncs++;
	fk->last_sync = *s;
	if (state_error(fk))
		return state_error(fk);
	if (s->size != sizeof(*s) || !s->flags)
		return -EINVAL;
	if (s->fd && !(s->flags & NEXUS_SYNC_WAIT_FD))
		return -EINVAL;
	if (err) {
		fk->sync_error = 0;
		return err;
	}
	if (s->flags & NEXUS_SYNC_TX)
		take_tx(fk, s->queue);
	if (s->flags & NEXUS_SYNC_REFILL) {
		take_free(fk, s->queue);
		top_up(fk, s->queue, NEXUS_SMALL, fk->alloc_target);
		top_up(fk, s->queue, NEXUS_LARGE, fk->attach.nr_large);
	}
	if (s->flags & NEXUS_SYNC_WAIT_RX && !(s->flags & NEXUS_SYNC_WAIT_TX))
		return wait_rx(fk, s->queue);
	return 0;
}

/* ---------------------------------------------------------------- flows */

static void put_name(struct nexus_flow_add *f, bool is_remote,
		     const struct sockaddr_storage *ss)
{
	struct nexus_addr addr;

	nexus_addr_from_sockaddr(&addr, (const struct sockaddr *)ss, sizeof(*ss));
	f->family = addr.family;
	memcpy(is_remote ? f->remote : f->local, addr.ip, 16);
	*(is_remote ? &f->remote_port : &f->local_port) = addr.port;
}

static int ioctl_flow_add(struct fake_kernel *fk, struct nexus_flow_add *f)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint32_t i;

	if (fk->flow_error)
		return fk->flow_error;
	if (getsockname(f->fd, (struct sockaddr *)&ss, &len))
		return -errno;
	put_name(f, false, &ss);
	if (!f->local_port)
		return -EDESTADDRREQ;
	len = sizeof(ss);
	if (!getpeername(f->fd, (struct sockaddr *)&ss, &len))
		put_name(f, true, &ss);
	for (i = 0; i < FAKE_NR_FLOWS && fk->has_flow[i]; i++)
		;
	if (i == FAKE_NR_FLOWS)
		return -ENOSPC;
	f->flow = i;
	f->generation = ++fk->generation;
	fk->flows[i] = *f;
	fk->has_flow[i] = true;
	return 0;
}

static int ioctl_flow_del(struct fake_kernel *fk, const struct nexus_flow_del *d)
{
	fk->nr_flow_dels++;
	if (d->flow >= FAKE_NR_FLOWS || !fk->has_flow[d->flow] ||
	    fk->flows[d->flow].generation != d->generation)
		return -ENOENT;
	fk->has_flow[d->flow] = false;
	return 0;
}

/* -------------------------------------------------------------- backend */

static int fake_open(void *arg)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	(void)arg;
	return fd < 0 ? -errno : fd;
}

static int fake_ioctl(void *arg, int fd, unsigned long request, void *data)
{
	struct fake_kernel *fk = arg;

	(void)fd;
	switch (request) {
	case NEXUS_IOC_ATTACH:
		return ioctl_attach(fk, data);
	case NEXUS_IOC_SYNC:
		return ioctl_sync(fk, data);
	case NEXUS_IOC_FLOW_ADD:
		return ioctl_flow_add(fk, data);
	case NEXUS_IOC_FLOW_DEL:
		return ioctl_flow_del(fk, data);
	case NEXUS_IOC_STATUS:
		((struct nexus_status *)data)->state = fk->schema->state;
		return 0;
	}
	return -ENOTTY;
}

/* Read only stays read only: a store of the library's would be a SIGSEGV. */
static void *fake_mmap(void *arg, int fd, size_t len, int prot, uint64_t off)
{
	struct fake_kernel *fk = arg;
	unsigned int id = (unsigned int)(off >> NEXUS_REGION_SHIFT);
	bool is_writable = id == NEXUS_REGION_URINGS ||
			   id == NEXUS_REGION_BUFFERS ||
			   id == NEXUS_REGION_USTATS;
	void *map;

	(void)fd;
	fk->nr_mmaps++;
	if (len != fk->attach.regions[id].mmap_len ||
	    (prot & PROT_WRITE && !is_writable)) {
		errno = EACCES;
		return MAP_FAILED;
	}
	map = mmap(NULL, len, prot, MAP_SHARED, fk->memfd,
		   (off_t)fk->backing[id]);
	if (map != MAP_FAILED) {
		mprotect(map, PAGE, PROT_NONE);
		mprotect((uint8_t *)map + len - PAGE, PAGE, PROT_NONE);
		madvise(map, len, MADV_DONTFORK);
	}
	return map;
}

static int fake_munmap(void *arg, void *addr, size_t len)
{
	struct fake_kernel *fk = arg;

	fk->nr_munmaps++;
	return munmap(addr, len) ? -errno : 0;
}

static int fake_close(void *arg, int fd)
{
	struct fake_kernel *fk = arg;

	fk->nr_closes++;
	memset(fk->has_flow, 0, sizeof(fk->has_flow));
	return close(fd) ? -errno : 0;
}

const struct nexus_backend fake_backend = {
	.open	= fake_open,
	.ioctl	= fake_ioctl,
	.mmap	= fake_mmap,
	.munmap	= fake_munmap,
	.close	= fake_close,
};

void fake_init(struct fake_kernel *fk)
{
	memset(fk, 0, sizeof(*fk));
	fk->memfd = -1;
	fk->abi_version = NEXUS_ABI_VERSION;
	fk->alloc_target = 32;
	fk->features = NEXUS_FEATURE_CSUM_TX | NEXUS_FEATURE_CSUM_RX |
		       NEXUS_FEATURE_IP_FRAG | NEXUS_FEATURE_MULTI_PART |
		       NEXUS_FEATURE_EVENTS | NEXUS_FEATURE_NOTIFY;
}

void fake_exit(struct fake_kernel *fk)
{
	fake_forget_sent(fk);
	free_regions(fk);
}

/* ------------------------------------------------------------- delivery */

/* Small ones; a large one if it is longer than they are and there is one. */
static uint32_t part_buffer(struct fake_kernel *fk, const struct fake_rx *rx)
{
	uint32_t buf = NEXUS_BUFFER_NONE;

	if (rx->part > NEXUS_SMALL_SIZE)
		buf = pool_get(fk, NEXUS_LARGE);
	if (buf == NEXUS_BUFFER_NONE)
		buf = pool_get(fk, NEXUS_SMALL);
	return buf;
}

int fake_deliver(struct fake_kernel *fk, const struct fake_rx *rx)
{
	struct fake_ring *r = &fk->rings[0][NEXUS_RING_RX];
	size_t part = rx->part ? rx->part : NEXUS_SMALL_SIZE, off = 0, len;
	uint32_t nr = (uint32_t)((rx->len + part - 1) / part), i, buf;
	struct nexus_desc *d;

	if (fk->nr_pool[NEXUS_SMALL] < nr)
		take_free(fk, 0);
	if (fk->nr_pool[NEXUS_SMALL] + fk->nr_pool[NEXUS_LARGE] < nr)
		return -ENOBUFS;
	if (ring_space(r) < nr)
		return -ENOSPC;
	for (i = 0; i < nr; i++, off += len) {
		len = rx->len - off < part ? rx->len - off : part;
		buf = part_buffer(fk, rx);
		memcpy(buffer(fk, buf), (const uint8_t *)rx->data + off, len);
		fk->is_users[buf] = true;
		d = ring_slot(r, i);
		if (i)
			*d = (struct nexus_desc){ .flow = rx->desc.flow };
		else
			*d = rx->desc;
		d->buf = buf;
		d->off = 0;
		d->len = (uint32_t)len;
		d->nr_parts = i ? 0 : (uint8_t)nr;
		d->flags |= i + 1 < nr ? NEXUS_DESC_MORE : 0;
	}
	ring_submit(r, nr);
	return 0;
}

size_t fake_build_udp(uint8_t *buf, size_t size, const struct nexus_addr *src,
		      const struct nexus_addr *dst, const void *payload,
		      size_t len)
{
	struct nexus_wire_udp udp = {
		.src_port = ntohs(src->port), .dst_port = ntohs(dst->port),
		.len = (uint16_t)(8 + len),
	};
	struct nexus_wire_ipv4 ip4 = {
		.total_len = (uint16_t)(28 + len), .ttl = 64,
		.protocol = IPPROTO_UDP,
	};
	struct nexus_wire_ipv6 ip6 = {
		.payload_len = (uint16_t)(8 + len), .hop_limit = 64,
		.next_header = IPPROTO_UDP,
	};
	unsigned int version = src->family == AF_INET ? 4 : 6;
	uint16_t csum;
	int off;

	memcpy(ip4.src, src->ip, 4);
	memcpy(ip4.dst, dst->ip, 4);
	memcpy(ip6.src, src->ip, 16);
	memcpy(ip6.dst, dst->ip, 16);
	off = version == 4 ? nexus_wire_ipv4_build(&ip4, buf, size) :
			     nexus_wire_ipv6_build(&ip6, buf, size);
	CU_ASSERT_FATAL(off > 0 && (size_t)off + 8 + len <= size);
	nexus_wire_udp_build(&udp, buf + off, size - (size_t)off);
	if (len)
		memcpy(buf + off + 8, payload, len);
	csum = nexus_wire_udp_checksum(version, src->ip, dst->ip, buf + off,
				       8 + len);
	memcpy(buf + off + 6, &csum, 2);
	return (size_t)off + 8 + len;
}

int fake_deliver_udp(struct fake_kernel *fk, uint32_t flow,
		     const struct nexus_addr *src, const struct nexus_addr *dst,
		     const void *payload, size_t len)
{
	static uint8_t packet[65536];
	struct fake_rx rx = {
		.desc = {
			.flow = flow, .flags = NEXUS_DESC_CSUM,
			.ip_version = src->family == AF_INET ? 4 : 6,
			.protocol = IPPROTO_UDP, .ifindex = 2, .hash = 0x1234,
			.time_ns = 1000,
		},
		.data = packet,
	};

	rx.desc.l4_off = src->family == AF_INET ? 20 : 40;
	rx.desc.payload_off = rx.desc.l4_off + 8;
	rx.len = fake_build_udp(packet, sizeof(packet), src, dst, payload, len);
	return fake_deliver(fk, &rx);
}

void fake_post(struct fake_kernel *fk, const struct nexus_event *event)
{
	struct fake_ring *r = &fk->rings[0][NEXUS_RING_EVENT];

	CU_ASSERT_FATAL(ring_space(r) > 0);
	*(struct nexus_event *)ring_slot(r, 0) = *event;
	ring_submit(r, 1);
}

/* What the library sees of a channel that lost its memory. */
void fake_set_state(struct fake_kernel *fk, enum nexus_channel_state state)
{
	static const unsigned int lost[] = {
		NEXUS_REGION_KRINGS, NEXUS_REGION_URINGS,
		NEXUS_REGION_BUFFERS, NEXUS_REGION_ADVISORY,
	};
	unsigned int i;

	fk->schema->state = state;
	if (state != NEXUS_CHANNEL_DEFUNCT)
		return;
	for (i = 0; i < ARRAY_SIZE(lost); i++)
		memset(fk->maps[lost[i]], 0,
		       fk->attach.regions[lost[i]].data_len);
}

struct nexus_addr fake_addr(const char *text)
{
	struct nexus_addr addr;

	CU_ASSERT_EQUAL_FATAL(nexus_addr_parse(&addr, text), 0);
	return addr;
}
