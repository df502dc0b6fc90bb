// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Opening, attaching, mapping and closing a channel, and its ioctls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

/* ------------------------------------------------------------ attaching */

static int fill_attach(struct nexus_attach *attach,
		       const struct nexus_channel_options *options)
{
	memset(attach, 0, sizeof(*attach));
	attach->size = sizeof(*attach);
	attach->abi_version = NEXUS_ABI_VERSION;
	attach->port = NEXUS_PORT_ANY;
	if (!options)
		return 0;

	if (options->flags & ~(NEXUS_CHANNEL_PORT | NEXUS_CHANNEL_DEFUNCT_OK))
		return nx_error(-EINVAL, "unknown channel flags %#x",
				options->flags);
	if (options->name && strlen(options->name) >= sizeof(attach->name))
		return nx_error(-EINVAL,
				"the nexus's name is longer than %zu bytes: %.40s...",
				sizeof(attach->name) - 1, options->name);
	if (options->name)
		memcpy(attach->name, options->name, strlen(options->name));
	if (options->flags & NEXUS_CHANNEL_PORT)
		attach->port = options->port;
	if (options->flags & NEXUS_CHANNEL_DEFUNCT_OK)
		attach->flags |= NEXUS_ATTACH_DEFUNCT_OK;
	attach->nr_queues = options->nr_queues;
	attach->tx_slots = options->tx_slots;
	attach->rx_slots = options->rx_slots;
	attach->event_slots = options->event_slots;
	attach->nr_small = options->nr_small;
	attach->nr_large = options->nr_large;
	attach->nr_flows = options->nr_flows;
	return 0;
}

static int attach_error(int err, const struct nexus_attach *attach)
{
	const char *name = attach->name[0] ? attach->name : "the only nexus";

	switch (-err) {
	case EPROTONOSUPPORT:
		return nx_error(err,
				"the kernel module speaks ABI version %u, this library %u: update the older one",
				attach->abi_version, NEXUS_ABI_VERSION);
	case EPERM:
		return nx_error(err,
				"the policy of %s does not allow this user to attach (nexusctl policy changes it)",
				name);
	case EBUSY:
		return nx_error(err, "port %u of %s is taken", attach->port,
				name);
	case EINVAL:
		return nx_error(err,
				"%s refuses the channel's numbers of queues, slots, buffers or flows",
				name);
	default:
		return nx_error(err, "cannot attach to %s: %s", name,
				nexus_strerror(err));
	}
}

static int attach(struct nx_channel *ch, struct nexus_attach *arg)
{
	int err = ch->backend->ioctl(ch->backend_arg, ch->pub.fd,
				     NEXUS_IOC_ATTACH, arg);

	if (err)
		return attach_error(err, arg);
	if (arg->abi_version != NEXUS_ABI_VERSION)
		return attach_error(-EPROTONOSUPPORT, arg);
	return 0;
}

static int open_device(struct nx_channel *ch)
{
	int fd = ch->backend->open(ch->backend_arg);

	if (fd == -ENOENT)
		return nx_error(fd, "there is no %s: load the module (modprobe nexus)",
				NEXUS_DEVICE);
	if (fd < 0)
		return nx_error(fd, "cannot open %s: %s", NEXUS_DEVICE,
				strerror(-fd));
	ch->pub.fd = fd;
	return 0;
}

/* -------------------------------------------------------------- mapping */

static const int region_prot[NEXUS_NR_REGIONS] = {
	[NEXUS_REGION_SCHEMA]	= PROT_READ,
	[NEXUS_REGION_KRINGS]	= PROT_READ,
	[NEXUS_REGION_URINGS]	= PROT_READ | PROT_WRITE,
	[NEXUS_REGION_BUFFERS]	= PROT_READ | PROT_WRITE,
	[NEXUS_REGION_ADVISORY]	= PROT_READ,
	[NEXUS_REGION_USTATS]	= PROT_READ | PROT_WRITE,
};

static void unmap_regions(struct nx_channel *ch)
{
	unsigned int id;

	for (id = 0; id < NEXUS_NR_REGIONS; id++) {
		if (ch->maps[id].addr)
			ch->backend->munmap(ch->backend_arg, ch->maps[id].addr,
					    ch->maps[id].len);
		ch->maps[id].addr = NULL;
	}
}

static int map_region(struct nx_channel *ch, unsigned int id,
		      const struct nexus_region *region)
{
	struct nx_mapping *map = &ch->maps[id];
	void *addr;

	if (region->data_off > region->mmap_len ||
	    region->data_len > region->mmap_len - region->data_off)
		return nx_error(-EPROTONOSUPPORT,
				"the data of region %u lies outside its mapping",
				id);
	addr = ch->backend->mmap(ch->backend_arg, ch->pub.fd, region->mmap_len,
				 region_prot[id], region->mmap_off);
	if (addr == MAP_FAILED)
		return nx_error(-errno, "cannot map region %u, %llu bytes: %s",
				id, (unsigned long long)region->mmap_len,
				strerror(errno));
	map->addr = addr;
	map->len = region->mmap_len;
	map->data = (uint8_t *)addr + region->data_off;
	map->data_len = region->data_len;
	return 0;
}

/* The schema comes first: it says whether the rest can be understood. */
static int map_regions(struct nx_channel *ch, const struct nexus_attach *arg)
{
	uint64_t data_len[NEXUS_NR_REGIONS];
	unsigned int id;
	int err;

	for (id = 0; id < NEXUS_NR_REGIONS; id++)
		data_len[id] = arg->regions[id].data_len;
	err = map_region(ch, NEXUS_REGION_SCHEMA,
			 &arg->regions[NEXUS_REGION_SCHEMA]);
	if (err)
		return err;
	ch->pub.schema = (void *)ch->maps[NEXUS_REGION_SCHEMA].data;
	err = nx_schema_check(ch->pub.schema, data_len[NEXUS_REGION_SCHEMA],
			      data_len);
	for (id = NEXUS_REGION_SCHEMA + 1; !err && id < NEXUS_NR_REGIONS; id++)
		err = map_region(ch, id, &arg->regions[id]);
	return err;
}

/* ---------------------------------------------------------------- rings */

static void init_ring(struct nx_channel *ch, uint32_t queue, uint32_t id)
{
	const struct nexus_ring_info *info =
		nx_schema_ring(ch->pub.schema, queue, id);
	struct nexus_ring *ring = &ch->pub.queues[queue].rings[id];
	uint8_t *prod = ch->maps[nx_ring_prod_region(id)].data;
	uint8_t *cons = ch->maps[nx_ring_cons_region(id)].data;

	ring->prod = (uint32_t *)(prod + info->prod_off);
	ring->cons = (uint32_t *)(cons + info->cons_off);
	ring->slots = prod + info->slots_off;
	ring->nr_slots = info->nr_slots;
	ring->mask = info->nr_slots - 1;
	if (nx_ring_prod_region(id) == NEXUS_REGION_URINGS) {
		ring->own = *ring->prod;
		ring->other = __atomic_load_n(ring->cons, __ATOMIC_ACQUIRE);
	} else {
		ring->own = *ring->cons;
		ring->other = ring->own;
	}
}

static int init_queues(struct nx_channel *ch)
{
	struct nexus_channel *pub = &ch->pub;
	uint32_t queue, ring;

	pub->nr_queues = pub->schema->nr_queues;
	pub->queues = calloc(pub->nr_queues, sizeof(*pub->queues));
	if (!pub->queues)
		return -ENOMEM;
	for (queue = 0; queue < pub->nr_queues; queue++) {
		pub->queues[queue].channel = pub;
		pub->queues[queue].index = queue;
		for (ring = 0; ring < NEXUS_NR_RINGS; ring++)
			init_ring(ch, queue, ring);
	}
	return 0;
}

static void init_public(struct nx_channel *ch)
{
	struct nexus_channel *pub = &ch->pub;
	const struct nexus_schema *schema = pub->schema;

	pub->features = schema->features;
	pub->nr_flows = schema->nr_flows;
	memcpy(pub->sizes, schema->sizes, sizeof(pub->sizes));
	pub->nr_buffers = schema->sizes[NEXUS_SMALL].nr +
			  schema->sizes[NEXUS_LARGE].nr;
	pub->buffers = ch->maps[NEXUS_REGION_BUFFERS].data;
	pub->advisory = (void *)ch->maps[NEXUS_REGION_ADVISORY].data;
	pub->flow_advisory = ch->maps[NEXUS_REGION_ADVISORY].data +
			     schema->flow_advisory_off;
	pub->flow_advisory_size = schema->flow_advisory_size;
	pub->ustats = (void *)ch->maps[NEXUS_REGION_USTATS].data;
	pub->ustats->version = 1;
	pub->ustats->size = sizeof(*pub->ustats);
	if (ch->maps[NEXUS_REGION_USTATS].data_len >=
	    NEXUS_REPORT_OFF(pub->nr_flows))
		pub->reports = (void *)(ch->maps[NEXUS_REGION_USTATS].data +
					NEXUS_REPORT_OFF(0));
}

/* -------------------------------------------------------- open and close */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int alloc_fork_mark(struct nx_channel *ch)
{
	void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	if (madvise(page, page_size(), MADV_WIPEONFORK)) {
		munmap(page, page_size());
		return -errno;
	}
	ch->is_ours = page;
	*ch->is_ours = 1;
	return 0;
}

static struct nx_channel *
alloc_channel(const struct nexus_channel_options *options)
{
	struct nx_channel *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	ch->pub.fd = -1;
	ch->backend = &nx_kernel_backend;
	if (options && options->backend) {
		ch->backend = options->backend;
		ch->backend_arg = options->backend_arg;
	}
	return ch;
}

static int open_channel(struct nx_channel *ch, struct nexus_attach *arg)
{
	int err = alloc_fork_mark(ch);

	if (!err)
		err = open_device(ch);
	if (!err)
		err = attach(ch, arg);
	if (!err)
		err = map_regions(ch, arg);
	if (!err)
		err = init_queues(ch);
	if (!err)
		init_public(ch);
	return err;
}

int nexus_channel_open(struct nexus_channel **channel,
		       const struct nexus_channel_options *options)
{
	struct nexus_attach arg;
	struct nx_channel *ch;
	int err;

	err = fill_attach(&arg, options);
	if (err)
		return err;
	ch = alloc_channel(options);
	if (!ch)
		return nx_error(-ENOMEM, "no memory for a channel");
	err = open_channel(ch, &arg);
	if (err) {
		nexus_channel_close(&ch->pub);
		return err;
	}
	*channel = &ch->pub;
	return 0;
}

static int hide_region(struct nx_mapping *map, int prot)
{
	void *addr = mmap(map->addr, map->len, prot, MAP_PRIVATE |
			  MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	return addr == MAP_FAILED ? -errno : 0;
}

/*
 * Lets go of a channel and of its file, but for what may still be pointed to:
 * zeros at the old addresses, and a schema that says defunct.
 */
int nx_channel_drop(struct nexus_channel *channel)
{
	struct nx_channel *ch = nx_channel_of(channel);
	struct nx_mapping *schema = &ch->maps[NEXUS_REGION_SCHEMA];
	void *copy = malloc(schema->data_len);
	unsigned int id;
	int err = copy ? 0 : -ENOMEM;

	if (copy)
		memcpy(copy, schema->data, schema->data_len);
	for (id = 0; !err && id < NEXUS_NR_REGIONS; id++)
		err = hide_region(&ch->maps[id], PROT_READ | PROT_WRITE);
	if (!err) {
		memcpy(schema->data, copy, schema->data_len);
		((struct nexus_schema *)schema->data)->state =
			NEXUS_CHANNEL_DEFUNCT;
		ch->backend->close(ch->backend_arg, channel->fd);
		channel->fd = -1;
	}
	free(copy);
	return err;
}

/* In a child the mappings are not there; their addresses may be another's. */
void nexus_channel_close(struct nexus_channel *channel)
{
	struct nx_channel *ch;

	if (!channel)
		return;
	ch = nx_channel_of(channel);
	if (ch->is_ours && *ch->is_ours)
		unmap_regions(ch);
	if (ch->is_ours)
		munmap(ch->is_ours, page_size());
	if (channel->fd >= 0)
		ch->backend->close(ch->backend_arg, channel->fd);
	free(channel->queues);
	free(ch);
}

/* --------------------------------------------------------------- ioctls */

static int channel_ioctl(struct nexus_channel *channel, unsigned long request,
			 void *arg)
{
	struct nx_channel *ch = nx_channel_of(channel);

	if (!*ch->is_ours)
		return -EPERM;
	return ch->backend->ioctl(ch->backend_arg, channel->fd, request, arg);
}

int nexus_channel_check(const struct nexus_channel *channel)
{
	if (!*nx_channel_of(channel)->is_ours)
		return -EPERM;
	switch ((enum nexus_channel_state)nexus_channel_state(channel)) {
	case NEXUS_CHANNEL_ACTIVE:
		return 0;
	case NEXUS_CHANNEL_QUARANTINED:
		return -EPROTO;
	case NEXUS_CHANNEL_DETACHED:
	case NEXUS_CHANNEL_DEFUNCT:
		return -ENXIO;
	}
	return -ENXIO;	/* a state of a later kernel: no way back to ACTIVE */
}

int nexus_channel_status(struct nexus_channel *channel,
			 struct nexus_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	return channel_ioctl(channel, NEXUS_IOC_STATUS, status);
}

int nexus_queue_sync(struct nexus_queue *queue, uint32_t flags,
		     int64_t timeout_ns)
{
	struct nexus_sync sync = {
		.size		= sizeof(sync),
		.flags		= flags,
		.queue		= queue->index,
		.timeout_ns	= timeout_ns,
	};

	return channel_ioctl(queue->channel, NEXUS_IOC_SYNC, &sync);
}

static int flow_error(int err)
{
	switch (-err) {
	case EPROTONOSUPPORT:
		return nx_error(err, "only UDP sockets over IPv4 or IPv6 become flows");
	case EDESTADDRREQ:
		return nx_error(err, "the socket is not bound");
	case EADDRNOTAVAIL:
		return nx_error(err, "the socket is bound to an address that is not this host's");
	case EEXIST:
		return nx_error(err, "another flow has these addresses and ports");
	case ENOSPC:
		return nx_error(err, "the channel has no flow left: open it with a larger nr_flows");
	default:
		return nx_error(err, "cannot make the socket a flow: %s",
				nexus_strerror(err));
	}
}

int nexus_channel_flow_add(struct nexus_channel *channel,
			   struct nexus_flow_add *add)
{
	int err;

	add->size = sizeof(*add);
	err = channel_ioctl(channel, NEXUS_IOC_FLOW_ADD, add);
	return err ? flow_error(err) : 0;
}

int nexus_channel_flow_del(struct nexus_channel *channel, uint32_t flow,
			   uint32_t generation)
{
	struct nexus_flow_del del = {
		.size		= sizeof(del),
		.flow		= flow,
		.generation	= generation,
	};

	return channel_ioctl(channel, NEXUS_IOC_FLOW_DEL, &del);
}

int nexus_channel_flow_room(struct nexus_channel *channel, uint32_t flow,
			    uint32_t generation, uint32_t nr)
{
	struct nexus_flow_room room = {
		.size		= sizeof(room),
		.flow		= flow,
		.generation	= generation,
		.nr		= nr,
	};

	return channel_ioctl(channel, NEXUS_IOC_FLOW_ROOM, &room);
}
