/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * The channel ABI of nexus: the ioctls of /dev/nexus, the regions that a
 * channel maps, and the layout of every ring slot.
 *
 * Life of a channel:
 *
 *   fd = open("/dev/nexus", O_RDWR | O_CLOEXEC)
 *   ioctl(fd, NEXUS_IOC_ATTACH)        a port of a nexus, and its regions
 *   mmap(...) of each region           guard page, data, guard page
 *   ioctl(fd, NEXUS_IOC_FLOW_ADD)      a bound socket becomes a flow
 *   TX, RX, ALLOC, FREE, EVENT rings   no system call while nobody sleeps
 *   ioctl(fd, NEXUS_IOC_SYNC)          the kernel takes what stands in TX
 *   close(fd)
 *
 * Who writes what is decided by the mapping, not by convention: whatever the
 * kernel produces lies in a region that the process cannot write.
 *
 * Integers are in host byte order, but for addresses and ports, which are in
 * network byte order (__be16, __be32, bytes). Reserved fields are zero; the
 * kernel refuses others with EINVAL. Unknown flags are EINVAL.
 */
#ifndef _UAPI_LINUX_NEXUS_H
#define _UAPI_LINUX_NEXUS_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Raised by a change that an older library would misread. */
#define NEXUS_ABI_VERSION	1

#define NEXUS_DEVICE		"/dev/nexus"

/* A nexus's name with its NUL; characters as in a network device's name. */
#define NEXUS_NAME_SIZE		32

/* Limits of one channel; what a policy allows may be less. */
#define NEXUS_QUEUES_MAX	16
#define NEXUS_SLOTS_MIN		8
#define NEXUS_SLOTS_MAX		16384
#define NEXUS_BUFFERS_MAX	65536
#define NEXUS_LARGE_MAX		1024
#define NEXUS_FLOWS_MAX		1048576

/* Longest packet: an IP packet's 64 KiB, headers included. */
#define NEXUS_PACKET_MAX	65535
/* Most descriptors of one packet: 64 KiB in 2 KiB parts, and the headers. */
#define NEXUS_PARTS_MAX		34

#define NEXUS_SMALL_SIZE	2048
#define NEXUS_LARGE_SIZE	65536

/* -------------------------------------------------------------- regions */

/**
 * enum nexus_region_id - the regions of a channel
 * @NEXUS_REGION_SCHEMA:   struct nexus_schema; read only
 * @NEXUS_REGION_KRINGS:   what the kernel produces: the indices it writes, and
 *                         the slots of RX, ALLOC and EVENT; read only
 * @NEXUS_REGION_URINGS:   what the process produces: the indices it writes,
 *                         and the slots of TX and FREE
 * @NEXUS_REGION_BUFFERS:  the pool; a page gets memory when it is touched, or
 *                         SIGBUS if there is none
 * @NEXUS_REGION_ADVISORY: struct nexus_advisory, then one struct
 *                         nexus_flow_advisory for each flow; read only
 * @NEXUS_REGION_USTATS:   struct nexus_ustats, then one struct nexus_tcp_report
 *                         for each flow: what the library reports; the kernel shows
 *                         it as reported, and never relies on it
 */
enum nexus_region_id {
	NEXUS_REGION_SCHEMA,
	NEXUS_REGION_KRINGS,
	NEXUS_REGION_URINGS,
	NEXUS_REGION_BUFFERS,
	NEXUS_REGION_ADVISORY,
	NEXUS_REGION_USTATS,
	NEXUS_NR_REGIONS,
};

/* Where a region begins in the file's mmap space. */
#define NEXUS_REGION_SHIFT	36
#define NEXUS_REGION_OFF(id)	((__u64)(id) << NEXUS_REGION_SHIFT)

/**
 * struct nexus_region - how one region is mapped
 * @mmap_off: offset for mmap(); equals NEXUS_REGION_OFF(id)
 * @mmap_len: the only length that mmap() accepts, guard pages included
 * @data_off: where the data begins in the mapping: one guard page
 * @data_len: bytes of data
 *
 * Map with MAP_SHARED; regions that are read only with PROT_READ alone
 * (otherwise EACCES). Each region can be mapped once at a time (EBUSY).
 */
struct nexus_region {
	__u64	mmap_off;
	__u64	mmap_len;
	__u64	data_off;
	__u64	data_len;
};

/* ---------------------------------------------------------------- rings */

/**
 * enum nexus_ring_id - the rings of one queue
 * @NEXUS_RING_TX:    user to kernel, struct nexus_desc: packets to send
 * @NEXUS_RING_RX:    kernel to user, struct nexus_desc: packets that arrived
 * @NEXUS_RING_ALLOC: kernel to user, __u32: small buffers, now the user's
 * @NEXUS_RING_ALLOC_LARGE: kernel to user, __u32: large buffers
 * @NEXUS_RING_FREE:  user to kernel, __u32: buffers given back, of any class
 * @NEXUS_RING_EVENT: kernel to user, struct nexus_event
 *
 * Indices run freely over 2^32; a slot is index modulo nr_slots, a power of
 * two. The producer stores its index with release order after the slots, the
 * consumer loads it with acquire order before it reads them.
 */
enum nexus_ring_id {
	NEXUS_RING_TX,
	NEXUS_RING_RX,
	NEXUS_RING_ALLOC,
	NEXUS_RING_ALLOC_LARGE,
	NEXUS_RING_FREE,
	NEXUS_RING_EVENT,
	NEXUS_NR_RINGS,
};

/**
 * struct nexus_ring_info - where one ring lies
 * @nr_slots:  a power of two
 * @slot_size: bytes
 * @slots_off: of the slots, in the data of the producer's region (KRINGS for
 *             RX, ALLOC, ALLOC_LARGE and EVENT; URINGS for TX and FREE)
 * @prod_off:  of the producer's index, in the producer's region
 * @cons_off:  of the consumer's index, in the consumer's region
 */
struct nexus_ring_info {
	__u32	nr_slots;
	__u32	slot_size;
	__u64	slots_off;
	__u64	prod_off;
	__u64	cons_off;
};

/*
 * Bytes from RX's consumer index to another word of the process's, which is 0 at first.
 * While it is not, a thread that uses the rings looks at RX once more when it is done,
 * after it has set it to 0 and after a full barrier: packets wake nobody who sleeps on
 * the queue, nor who polls it (NEXUS_FEATURE_ATTENDED).
 */
#define NEXUS_ATTENDED_OFF	4

/* Flags of a descriptor. */
#define NEXUS_DESC_MORE		(1U << 0)  /* the next slot goes on with this packet */
#define NEXUS_DESC_CSUM		(1U << 1)  /* TX: fill in the transport checksum */
					   /* RX: it was verified, or needs not be; the
					    * field itself may not be filled in */
#define NEXUS_DESC_GSO		(1U << 2)  /* a super-packet: gso_size a segment */
#define NEXUS_DESC_ERROR	(1U << 3)  /* RX: an ICMP error that quotes the flow */
#define NEXUS_DESC_LOCAL	(1U << 4)  /* RX: from an application of this host */
#define NEXUS_DESC_FRAGMENTED	(1U << 5)  /* RX: was reassembled */
#define NEXUS_DESC_NOTIFY	(1U << 6)  /* TX: report it in EVENT */
#define NEXUS_DESC_DEADLINE	(1U << 7)  /* TX: time_ns is a deadline */
#define NEXUS_DESC_LATE		(1U << 8)  /* TX, with DEADLINE: send it even then */
#define NEXUS_DESC_KEEP		(1U << 9)  /* TX, of each part: the buffer stays the process's */

/* What this kernel accepts in a TX descriptor; see also nexus_schema.features. */
#define NEXUS_DESC_TX_FLAGS	(NEXUS_DESC_MORE | NEXUS_DESC_CSUM | NEXUS_DESC_GSO | \
				 NEXUS_DESC_NOTIFY | NEXUS_DESC_DEADLINE | \
				 NEXUS_DESC_LATE | NEXUS_DESC_KEEP)

/*
 * Super-packets on TX: segments of at least so many bytes, as the kernel's own
 * TCP_MIN_SND_MSS and for its reason; and at most so many datagrams of UDP
 * (UDP_MAX_SEGMENTS).
 */
#define NEXUS_GSO_SIZE_MIN	48
#define NEXUS_GSO_DATAGRAMS_MAX	64

/**
 * struct nexus_desc - a slot of TX or RX: one part of a packet
 * @buf:         buffer index
 * @off:         where the part begins in the buffer, bytes
 * @len:         bytes of this part, not 0
 * @flow:        flow index, as NEXUS_IOC_FLOW_ADD gave it
 * @flags:       NEXUS_DESC_*
 * @traffic_class: NEXUS_CLASS_* of the flow, or 0; TX only
 * @ip_version:  4 or 6; RX only
 * @protocol:    IPPROTO_*; RX only
 * @nr_parts:    of the packet; RX only, in its first descriptor
 * @l4_off:      of the transport header from the packet's first byte; RX only
 * @payload_off: of the payload from the packet's first byte; RX only
 * @gso_size:    payload bytes a segment, with NEXUS_DESC_GSO; the last one may
 *               have less
 * @gso_segs:    segments; RX only, 0 if not known
 * @hash:        of the flow; RX only, 0 if not known
 * @ifindex:     of the device it arrived on; RX only, 0 from this host
 * @time_ns:     RX: when it arrived, CLOCK_MONOTONIC; TX: the deadline
 * @cookie:      TX: returned in the event about this packet, with NEXUS_DESC_NOTIFY
 *               or NEXUS_DESC_DEADLINE
 * @reserved:    0
 *
 * A packet begins with its IP header: no link-layer header is ever seen or
 * written by an application. The packet's fields (all but buf, off, len and
 * MORE and KEEP) are those of its first descriptor; in the following ones they
 * are 0 but for @flow. The IP and transport headers of a TX packet lie in its
 * first part.
 *
 * A buffer of TX with NEXUS_DESC_KEEP is the process's again when the sync has
 * taken its slot, whatever became of the packet: it can be sent again, or given
 * back in FREE, but not before, and it is named once in a packet. If it is a large
 * one, its bytes may leave later than that, and without a copy: what the process
 * writes to them is sent or not. Given back, it is IN FLIGHT, and nobody's, until
 * no device needs it any more. Headers always leave as they were when the sync
 * checked them.
 */
struct nexus_desc {
	__u32	buf;
	__u32	off;
	__u32	len;
	__u32	flow;
	__u32	flags;
	__u8	traffic_class;
	__u8	ip_version;
	__u8	protocol;
	__u8	nr_parts;
	__u16	l4_off;
	__u16	payload_off;
	__u16	gso_size;
	__u16	gso_segs;
	__u32	hash;
	__u32	ifindex;
	__u64	time_ns;
	__u64	cookie;
	__u32	reserved[2];
};

/* Traffic classes. */
#define NEXUS_CLASS_BEST_EFFORT	0
#define NEXUS_CLASS_BULK	1
#define NEXUS_CLASS_LOW_LATENCY	2
#define NEXUS_NR_CLASSES	3

/**
 * enum nexus_event_type - what a slot of EVENT tells
 * @NEXUS_EVENT_ADDR_GONE: the flow's local address was removed from the host
 * @NEXUS_EVENT_PMTU:      the flow's path MTU is now @value bytes
 * @NEXUS_EVENT_LINK:      device @value of the nexus: up (flags 1) or down (0)
 * @NEXUS_EVENT_DEV_GONE:  device @value left the nexus
 * @NEXUS_EVENT_SENT:      the packet with this cookie left (flags 0), or was lost
 *                         (flags is an enum nexus_drop_reason)
 * @NEXUS_EVENT_EXPIRED:   the packet with this cookie passed its deadline in a
 *                         queue; flags likewise
 * @NEXUS_EVENT_RESUMED:   the flow was suspended, and may send again
 * @NEXUS_EVENT_LL_GRANT:  the flow's grant is now @value thousandths of the rate;
 *                         0: it was withdrawn, and the flow is best effort
 * @NEXUS_EVENT_RATE:      packets leave at @value kbit/s now; 0: not known
 */
enum nexus_event_type {
	NEXUS_EVENT_ADDR_GONE = 1,
	NEXUS_EVENT_PMTU,
	NEXUS_EVENT_LINK,
	NEXUS_EVENT_DEV_GONE,
	NEXUS_EVENT_SENT,
	NEXUS_EVENT_EXPIRED,
	NEXUS_EVENT_RESUMED,
	NEXUS_EVENT_LL_GRANT,
	NEXUS_EVENT_RATE,
};

/* @flow of an event that concerns no single flow. */
#define NEXUS_FLOW_NONE		0xffffffffU

/**
 * struct nexus_event - a slot of EVENT
 * @type:    enum nexus_event_type
 * @flow:    flow index, or NEXUS_FLOW_NONE
 * @value:   see @type
 * @flags:   see @type
 * @cookie:  of the packet, where @type speaks of one
 * @time_ns: CLOCK_MONOTONIC
 */
struct nexus_event {
	__u32	type;
	__u32	flow;
	__u32	value;
	__u32	flags;
	__u64	cookie;
	__u64	time_ns;
};

/* --------------------------------------------------------------- schema */

/* A state never goes back to one before it. */
enum nexus_channel_state {
	NEXUS_CHANNEL_ACTIVE = 1,
	NEXUS_CHANNEL_QUARANTINED,	/* it offended; see NEXUS_IOC_STATUS */
	NEXUS_CHANNEL_DETACHED,		/* its nexus is gone */
	NEXUS_CHANNEL_DEFUNCT,		/* its memory was taken back */
};

#define NEXUS_SCHEMA_MAGIC	0x5358454eU	/* "NEXS" */

/* Bits of nexus_schema.features. */
#define NEXUS_FEATURE_CSUM_TX	(1ULL << 0)	/* NEXUS_DESC_CSUM on TX */
#define NEXUS_FEATURE_CSUM_RX	(1ULL << 1)	/* NEXUS_DESC_CSUM on RX */
#define NEXUS_FEATURE_IP_FRAG	(1ULL << 2)	/* UDP over the MTU is fragmented */
#define NEXUS_FEATURE_MULTI_PART (1ULL << 3)	/* NEXUS_DESC_MORE */
#define NEXUS_FEATURE_EVENTS	(1ULL << 4)	/* EVENT carries flow and link events */
#define NEXUS_FEATURE_TCP	(1ULL << 5)	/* flows of TCP */
#define NEXUS_FEATURE_TSO	(1ULL << 6)	/* NEXUS_DESC_GSO on TX, of TCP */
#define NEXUS_FEATURE_USO	(1ULL << 7)	/* NEXUS_DESC_GSO on TX, of UDP */
#define NEXUS_FEATURE_GRO	(1ULL << 8)	/* NEXUS_DESC_GSO on RX, of both */
#define NEXUS_FEATURE_NOTIFY	(1ULL << 9)	/* NEXUS_DESC_NOTIFY, _DEADLINE, _LATE */
#define NEXUS_FEATURE_KEEP	(1ULL << 10)	/* NEXUS_DESC_KEEP */
#define NEXUS_FEATURE_UNTIL	(1ULL << 11)	/* NEXUS_SYNC_UNTIL */
#define NEXUS_FEATURE_BESIDE	(1ULL << 12)	/* NEXUS_SYNC_WAIT_FD, _FIRST */
#define NEXUS_FEATURE_FLOW_BESIDE (1ULL << 13)	/* NEXUS_FLOW_BESIDE, NEXUS_IOC_FLOW_ROOM */
#define NEXUS_FEATURE_ATTENDED	(1ULL << 14)	/* NEXUS_ATTENDED_OFF */

/**
 * struct nexus_size_class - the buffers of one size
 * @first:    index of the first one
 * @nr:       how many
 * @size:     bytes of each
 * @reserved: 0
 * @off:      of the first one, in the data of NEXUS_REGION_BUFFERS
 */
struct nexus_size_class {
	__u32	first;
	__u32	nr;
	__u32	size;
	__u32	reserved;
	__u64	off;
};

#define NEXUS_SMALL		0
#define NEXUS_LARGE		1
#define NEXUS_NR_SIZES		2

/**
 * struct nexus_schema - the first bytes of NEXUS_REGION_SCHEMA
 * @magic:        NEXUS_SCHEMA_MAGIC
 * @abi_version:  NEXUS_ABI_VERSION of the kernel
 * @features:     NEXUS_FEATURE_*
 * @state:        enum nexus_channel_state; changes while the channel lives
 * @nr_queues:    queues of this channel
 * @desc_size:    sizeof(struct nexus_desc)
 * @event_size:   sizeof(struct nexus_event)
 * @parts_max:    most descriptors of one packet
 * @nr_flows:     entries in the advisory region
 * @flow_advisory_off:  of the first of them, in that region's data
 * @flow_advisory_size: sizeof(struct nexus_flow_advisory)
 * @rings_off:    of the ring table, from the schema's first byte:
 *                struct nexus_ring_info [nr_queues][NEXUS_NR_RINGS]
 * @channel_id:   as nexusctl shows it
 * @port:         of the nexus
 * @page_size:    of the host, bytes
 * @sizes:        the buffers' size classes
 */
struct nexus_schema {
	__u32	magic;
	__u32	abi_version;
	__u64	features;
	__u32	state;
	__u32	nr_queues;
	__u32	desc_size;
	__u32	event_size;
	__u32	parts_max;
	__u32	nr_flows;
	__u32	flow_advisory_off;
	__u32	flow_advisory_size;
	__u32	rings_off;
	__u32	channel_id;
	__u32	port;
	__u32	page_size;
	struct nexus_size_class	sizes[NEXUS_NR_SIZES];
};

/* ------------------------------------------------------------- advisory */

/**
 * struct nexus_advisory - the first bytes of NEXUS_REGION_ADVISORY
 * @seq:       odd while the kernel writes; read it before and after
 * @carrier:   1 if any device of the nexus has a carrier
 * @link_mbps: rate of the fastest device, 0 if unknown
 * @ll_permille: of the rate, thousandths that the low-latency class has left to
 *             grant
 * @queue_delay_ns: mean of how long packets stood in the discipline "nexus"
 * @queue_bytes: that stand there now
 * @rate:      at which packets leave, bytes a second: the discipline's if it
 *             shapes, else that of the fastest device; 0 if unknown
 * @pressure:  1: the channel's memory cgroup is short of memory, as was seen in the
 *             last second: hold as little as you can
 * @rcv_window: bytes that a TCP connection's receive window may be at the most, as an
 *             administrator has set it; 0: as the library thinks fit
 * @reserved: 0
 */
struct nexus_advisory {
	__u32	seq;
	__u32	carrier;
	__u32	link_mbps;
	__u32	ll_permille;
	__u64	queue_delay_ns;
	__u64	queue_bytes;
	__u64	rate;
	__u32	pressure;
	__u32	rcv_window;
	__u64	reserved[2];
};

/* Bits of nexus_flow_advisory.flags. */
#define NEXUS_FLOW_VALID	(1U << 0)
#define NEXUS_FLOW_SUSPENDED	(1U << 1)	/* do not send now */
#define NEXUS_FLOW_ADDR_GONE	(1U << 2)	/* its local address was removed */
#define NEXUS_FLOW_LOW_LATENCY	(1U << 3)	/* it has a grant of that class */

/**
 * struct nexus_flow_advisory - what the kernel tells about one flow
 * @generation:  of the flow index; another one means another flow
 * @flags:       NEXUS_FLOW_*
 * @congestion:  congestion signals so far, free running
 * @mtu:         path MTU, bytes; 0 if not known
 * @released_packets: packets that a queueing discipline nexus has let go; not those
 *               that found its queue empty and its device idle, and passed it by
 * @released_bytes:   and their bytes
 * @reserved:    0
 */
struct nexus_flow_advisory {
	__u32	generation;
	__u32	flags;
	__u32	congestion;
	__u32	mtu;
	__u64	released_packets;
	__u64	released_bytes;
	__u64	reserved[4];
};

/**
 * struct nexus_ustats - what the library reports of itself
 * @size:  bytes that the library fills in
 * @version: of the library's layout
 * @rx_packets, @rx_bytes, @tx_packets, @tx_bytes: payload seen by the program
 * @rcv_window: bytes that a TCP connection's receive window may be at the most now;
 *           0: there was none
 * @reserved, @reserved_word: 0
 */
struct nexus_ustats {
	__u32	size;
	__u32	version;
	__u64	rx_packets;
	__u64	rx_bytes;
	__u64	tx_packets;
	__u64	tx_bytes;
	__u32	rcv_window;
	__u32	reserved_word;
	__u64	reserved[2];
};

/* States of a TCP connection: RFC 9293 section 3.3.2, and NONE: no segment yet. */
enum nexus_tcp_state {
	NEXUS_TCP_NONE,
	NEXUS_TCP_LISTEN,
	NEXUS_TCP_SYN_SENT,
	NEXUS_TCP_SYN_RCVD,
	NEXUS_TCP_ESTABLISHED,
	NEXUS_TCP_FIN_WAIT_1,
	NEXUS_TCP_FIN_WAIT_2,
	NEXUS_TCP_CLOSE_WAIT,
	NEXUS_TCP_CLOSING,
	NEXUS_TCP_LAST_ACK,
	NEXUS_TCP_TIME_WAIT,
	NEXUS_TCP_CLOSED,
};

/* Bits of nexus_tcp_report.flags. */
#define NEXUS_REPORT_SACK	(1U << 0)
#define NEXUS_REPORT_TIMESTAMPS	(1U << 1)
#define NEXUS_REPORT_WSCALE	(1U << 2)
#define NEXUS_REPORT_ECN	(1U << 3)

/**
 * struct nexus_tcp_report - what the library says of one connection
 * @generation: of the flow index; another one than the flow's: nothing is said
 * @state:      enum nexus_tcp_state
 * @flags:      NEXUS_REPORT_*
 * @mss:        payload bytes of a segment
 * @unread:     bytes that the program has not taken
 * @unsent, @unacked: bytes of the program's that wait, and that are under way
 * @cwnd, @ssthresh: bytes
 * @snd_wnd, @rcv_wnd: bytes that the peer allows, and the library
 * @nr_retrans, @nr_rtos: segments sent again; expiries of the timer
 * @srtt_ns, @rttvar_ns, @min_rtt_ns, @rto_ns: 0: not measured
 * @bytes_acked, @bytes_received, @bytes_retrans: payload
 * @reserved:   0
 *
 * In NEXUS_REGION_USTATS, if it is long enough: entry i, of flow index i, begins
 * at NEXUS_REPORT_OFF(i). A page of it gets memory when it is touched. The kernel
 * shows the numbers as reported, and uses them for nothing.
 */
struct nexus_tcp_report {
	__u32	generation;
	__u8	state;
	__u8	flags;
	__u16	mss;
	__u32	unread;
	__u32	unsent;
	__u32	unacked;
	__u32	cwnd;
	__u32	ssthresh;
	__u32	snd_wnd;
	__u32	rcv_wnd;
	__u32	nr_retrans;
	__u32	nr_rtos;
	__u32	pad;
	__u64	srtt_ns;
	__u64	rttvar_ns;
	__u64	min_rtt_ns;
	__u64	rto_ns;
	__u64	bytes_acked;
	__u64	bytes_received;
	__u64	bytes_retrans;
	__u64	reserved[3];
};

/* An entry never lies in two pages. */
#define NEXUS_REPORT_OFF(i)	(((__u64)(i) + 1) * sizeof(struct nexus_tcp_report))

/* --------------------------------------------------------------- ioctls */

/* Flags of nexus_attach. */
#define NEXUS_ATTACH_DEFUNCT_OK	(1U << 0)	/* memory may be taken back */

#define NEXUS_PORT_ANY		0xffffffffU

/**
 * struct nexus_attach - argument of NEXUS_IOC_ATTACH
 * @size:        sizeof(struct nexus_attach); a larger one must end in zeros
 * @abi_version: in: the caller's; out: the kernel's
 * @flags:       NEXUS_ATTACH_*
 * @port:        in: wanted, or NEXUS_PORT_ANY; out: got
 * @name:        of the nexus in the caller's network namespace; empty: the only one
 * @nr_queues:   1 to NEXUS_QUEUES_MAX
 * @tx_slots:    a power of two, NEXUS_SLOTS_MIN to NEXUS_SLOTS_MAX
 * @rx_slots:    likewise
 * @event_slots: likewise
 * @nr_small:    buffers of NEXUS_SMALL_SIZE, 1 to NEXUS_BUFFERS_MAX
 * @nr_large:    buffers of NEXUS_LARGE_SIZE, 0 to NEXUS_LARGE_MAX
 * @nr_flows:    most flows, 1 to NEXUS_FLOWS_MAX
 * @channel_id:  out
 * @reserved:    0
 * @regions:     out
 *
 * A size or number that is 0 on the way in takes its default, which is written
 * back; port 0 is port 0.
 *
 * Errors: EPROTONOSUPPORT another ABI version (abi_version tells the
 * kernel's), ENODEV no such nexus, ENOTUNIQ no name given and several exist,
 * EPERM the policy does not allow it, EUSERS too many channels of this user or of
 * the network namespace, EDQUOT too many bytes, EBUSY the port is taken, EISCONN
 * this file is attached already, ENOMEM no memory or the memory cgroup's limit, EINVAL a
 * field out of range.
 */
struct nexus_attach {
	__u32	size;
	__u32	abi_version;
	__u32	flags;
	__u32	port;
	char	name[NEXUS_NAME_SIZE];
	__u32	nr_queues;
	__u32	tx_slots;
	__u32	rx_slots;
	__u32	event_slots;
	__u32	nr_small;
	__u32	nr_large;
	__u32	nr_flows;
	__u32	channel_id;
	__u64	reserved[2];
	struct nexus_region	regions[NEXUS_NR_REGIONS];
};

/* Flags of nexus_sync. */
#define NEXUS_SYNC_TX		(1U << 0)  /* take what stands in TX */
#define NEXUS_SYNC_REFILL	(1U << 1)  /* take FREE, top up ALLOC */
#define NEXUS_SYNC_WAIT_RX	(1U << 2)  /* then sleep until RX or EVENT has more */
#define NEXUS_SYNC_WAIT_TX	(1U << 3)  /* then sleep until TX has space */
#define NEXUS_SYNC_UNTIL	(1U << 4)  /* @timeout_ns is a time, not a span */
#define NEXUS_SYNC_WAIT_FD	(1U << 5)  /* with WAIT_RX: or until @fd is readable */
#define NEXUS_SYNC_FIRST	(1U << 6)  /* with WAIT_RX: woken before all others */

#define NEXUS_TIMEOUT_NONE	(-1LL)

/**
 * struct nexus_sync - argument of NEXUS_IOC_SYNC
 * @size:       sizeof(struct nexus_sync)
 * @flags:      NEXUS_SYNC_*
 * @queue:      of this channel
 * @fd:         with NEXUS_SYNC_WAIT_FD a descriptor of the caller's, else 0
 * @timeout_ns: longest sleep from now, or, with NEXUS_SYNC_UNTIL, the time of
 *              CLOCK_MONOTONIC at which it ends; NEXUS_TIMEOUT_NONE: no limit
 *
 * Takes every packet that stood in TX when it was called. A packet that must
 * not leave is dropped and counted with its reason; it does not stop those
 * behind it. TX buffers without NEXUS_DESC_KEEP come back through ALLOC in the
 * same call.
 *
 * Several threads may sleep on a queue. Of those that do with NEXUS_SYNC_FIRST a
 * wake is for one, who came last, and for nobody else, poll() and epoll included;
 * it looks at the rings when it is back, and tells the others what is theirs. What
 * comes from then on wakes the next one, or all who are not first.
 *
 * Returns 0, or 1 if it is @fd that is readable, or: EAGAIN the socket's send
 * buffer is full and packets stay in TX (at once, unless NEXUS_SYNC_WAIT_TX is
 * asked for), ETIME the timeout passed, EINTR a signal, EPROTO the channel is
 * quarantined, ENXIO it is defunct or its nexus is gone, ENOTCONN not attached,
 * EPERM another process's channel, EBADF no such descriptor, EINVAL a field out of
 * range.
 */
struct nexus_sync {
	__u32	size;
	__u32	flags;
	__u32	queue;
	__s32	fd;
	__s64	timeout_ns;
};

#define NEXUS_QUEUE_ANY		0xffffffffU

/* nexus_flow_add.flags */
#define NEXUS_FLOW_BESIDE	(1U << 0)  /* the socket goes on listening */

/**
 * struct nexus_flow_add - argument of NEXUS_IOC_FLOW_ADD
 * @size:     sizeof(struct nexus_flow_add)
 * @flags:    NEXUS_FLOW_*
 * @fd:       a bound UDP or TCP socket of the caller, which neither listens nor
 *            is a connected TCP socket; it stays the caller's, and the flow keeps
 *            the port until it is deleted, whatever the caller closes
 * @queue:    that receives, or NEXUS_QUEUE_ANY: chosen by the packet's hash
 * @traffic_class: NEXUS_CLASS_*
 * @flow:     out: flow index of this channel
 * @generation: out
 * @family:   out: AF_INET or AF_INET6; in for TCP, with @remote_port
 * @protocol: out: IPPROTO_UDP or IPPROTO_TCP
 * @local_port: out
 * @remote_port: in for TCP: of whom the caller will connect to, or 0 to listen;
 *            in for UDP: 0; out: 0 for a listener
 * @ll_permille: with NEXUS_CLASS_LOW_LATENCY: thousandths of the rate that the flow
 *            asks for; 0 is 1. Otherwise 0
 * @local:    out; IPv4 in the first 4 bytes; in for TCP, with @remote_port: the
 *            address to connect from; zeros if the socket is bound to one
 * @remote:   likewise; in for TCP: whom to connect to, a unicast address; zeros
 *            without @remote_port
 *
 * A connected UDP socket, and a TCP socket with @remote_port, becomes a flow of
 * one 5-tuple; any other one a listener that receives from anybody and sends to
 * anybody. While a TCP socket is adopted, connect() says EISCONN on it and
 * listen() EINVAL, and bind() says EADDRINUSE to every other socket on its port;
 * but listeners with SO_REUSEPORT of one user may share it.
 *
 * With NEXUS_FLOW_BESIDE the socket is of TCP, listens, and goes on doing so; who
 * has it may add the flow, in each channel one. The kernel's stack keeps the
 * connections that it has, and of the SYNs by which it would accept further ones
 * from the nexus's devices, each flow of the socket gets its share. What no flow can
 * take is the kernel's, and all of it is as soon as no flow is left, or the socket
 * does not listen there any more: that ends no flow, but nothing new arrives for it.
 *
 * A SYN-ACK that is sent by a TCP listener makes a flow of the connection, without
 * a call: RX descriptors of the connection have its index from then on (see
 * @generation of struct nexus_flow_advisory), and TX descriptors may have it, or
 * the listener's. It ends by itself with the connection; what comes later is the
 * listener's again, which may answer it with a RST or an ACK without data.
 *
 * Errors: EBADF, ENOTSOCK not a socket, EPROTONOSUPPORT not UDP or TCP over IPv4 or
 * IPv6, EOPNOTSUPP a TCP socket that listens or is connected, or, with
 * NEXUS_FLOW_BESIDE, does not listen, EXDEV a socket of another network namespace,
 * EDESTADDRREQ not bound, EALREADY adopted already or in use by another part of the
 * kernel, EADDRNOTAVAIL bound to an address that is not this host's, or to another
 * one than @local, EADDRINUSE TCP: another socket of the kernel's stack has the port
 * too, EAFNOSUPPORT the socket does not speak @family, EEXIST another flow has this
 * tuple, or the channel one of this socket, ENOSPC no flow index left, EUSERS too
 * many flows of the channel, of the user or of the network namespace, or 1024
 * listeners that share a port, EPERM the policy does not let the caller into the
 * low-latency class, EDQUOT so much of it is not left.
 */
struct nexus_flow_add {
	__u32	size;
	__u32	flags;
	__s32	fd;
	__u32	queue;
	__u32	traffic_class;
	__u32	flow;
	__u32	generation;
	__u16	family;
	__u16	protocol;
	__be16	local_port;
	__be16	remote_port;
	__u32	ll_permille;
	__u8	local[16];
	__u8	remote[16];
};

/**
 * struct nexus_flow_del - argument of NEXUS_IOC_FLOW_DEL
 * @size:       sizeof(struct nexus_flow_del)
 * @flow:       index
 * @generation: as FLOW_ADD gave it
 * @reserved:   0
 *
 * When it returns, no packet of the flow arrives any more, and the socket is
 * the kernel's again. Errors: ENOENT no such flow.
 */
struct nexus_flow_del {
	__u32	size;
	__u32	flow;
	__u32	generation;
	__u32	reserved;
};

#define NEXUS_FLOW_ROOM_ANY	0xffffffffU

/**
 * struct nexus_flow_room - argument of NEXUS_IOC_FLOW_ROOM
 * @size:       sizeof(struct nexus_flow_room)
 * @flow:       index, of a flow that was added with NEXUS_FLOW_BESIDE
 * @generation: as FLOW_ADD gave it
 * @nr:         SYNs that it may have from now on, 0 among them; or
 *              NEXUS_FLOW_ROOM_ANY, as when it was added
 *
 * Each SYN that it gets takes one away, and no other packet does. Those that find none
 * left are other flows' of the socket, or the kernel's: so who serves one connection
 * after the other leaves to others what it could not see to. Errors: ENOENT no such
 * flow, EOPNOTSUPP it is not beside the kernel's listener.
 */
struct nexus_flow_room {
	__u32	size;
	__u32	flow;
	__u32	generation;
	__u32	nr;
};

/**
 * enum nexus_violation - why a channel was quarantined
 */
enum nexus_violation {
	NEXUS_VIOLATION_NONE,
	NEXUS_VIOLATION_TX_INDEX,	/* TX producer past what the ring holds */
	NEXUS_VIOLATION_FREE_INDEX,	/* FREE producer likewise */
	NEXUS_VIOLATION_RX_INDEX,	/* RX consumer past the producer */
	NEXUS_VIOLATION_ALLOC_INDEX,	/* ALLOC consumer likewise */
	NEXUS_VIOLATION_EVENT_INDEX,	/* EVENT consumer likewise */
	NEXUS_VIOLATION_BUFFER_RANGE,	/* a buffer index that does not exist */
	NEXUS_VIOLATION_BUFFER_OWNER,	/* a buffer that is not the user's */
	NEXUS_NR_VIOLATIONS,
};

/**
 * struct nexus_status - argument of NEXUS_IOC_STATUS
 * @size:      sizeof(struct nexus_status)
 * @state:     out: enum nexus_channel_state
 * @violation: out: enum nexus_violation, the first one
 * @queue:     out: where it happened
 * @index:     out: the kernel's own index of the ring
 * @value:     out: the offending value: the other index, or a buffer's
 * @tx_packets, @tx_bytes: out: sent, IP headers included
 * @rx_packets, @rx_bytes: out: delivered
 * @tx_drops, @rx_drops:   out: refused or lost, for any reason
 * @tx_syncs:  out: NEXUS_IOC_SYNC calls
 * @rx_wakes:  out: times that a sleeper was woken
 * @buffers_free, @buffers_user, @buffers_kernel, @buffers_in_flight: out:
 *             owners now; they add up to nr_small + nr_large
 * @pages:     out: pages of the pool that are populated
 * @reserved:  0
 * @drops:     out: by enum nexus_drop_reason
 */
struct nexus_status {
	__u32	size;
	__u32	state;
	__u32	violation;
	__u32	queue;
	__u32	index;
	__u32	value;
	__u64	tx_packets;
	__u64	tx_bytes;
	__u64	rx_packets;
	__u64	rx_bytes;
	__u64	tx_drops;
	__u64	rx_drops;
	__u64	tx_syncs;
	__u64	rx_wakes;
	__u32	buffers_free;
	__u32	buffers_user;
	__u32	buffers_kernel;
	__u32	buffers_in_flight;
	__u64	pages;
	__u64	reserved[4];
	__u64	drops[64];
};

#define NEXUS_IOC_MAGIC		0xCE
#define NEXUS_IOC_ATTACH	_IOWR(NEXUS_IOC_MAGIC, 0, struct nexus_attach)
#define NEXUS_IOC_SYNC		_IOW(NEXUS_IOC_MAGIC, 1, struct nexus_sync)
#define NEXUS_IOC_FLOW_ADD	_IOWR(NEXUS_IOC_MAGIC, 2, struct nexus_flow_add)
#define NEXUS_IOC_FLOW_DEL	_IOW(NEXUS_IOC_MAGIC, 3, struct nexus_flow_del)
#define NEXUS_IOC_STATUS	_IOWR(NEXUS_IOC_MAGIC, 4, struct nexus_status)
#define NEXUS_IOC_FLOW_ROOM	_IOW(NEXUS_IOC_MAGIC, 5, struct nexus_flow_room)

/* ---------------------------------------------------------------- drops */

/*
 * Every drop has a name: X(enumerator, name for people, what it means).
 * New reasons go to the end; there are at most 64.
 */
#define NEXUS_DROP_REASONS(X) \
	X(TX_FLAGS,	"tx-flags",	"unknown flag or non-zero reserved field in a TX descriptor") \
	X(TX_LENGTH,	"tx-length",	"length 0, past the buffer's end, or past the longest packet") \
	X(TX_PARTS,	"tx-parts",	"too many parts, or MORE at the end of the batch") \
	X(TX_FLOW,	"tx-flow",	"no such flow in this channel") \
	X(TX_IP,	"tx-ip",	"IP header malformed, with options, or a fragment") \
	X(TX_L4,	"tx-l4",	"transport header malformed or shorter than it must be") \
	X(TX_MISMATCH,	"tx-mismatch",	"header and flow disagree on address, port or protocol") \
	X(TX_SOURCE,	"tx-source",	"source address is not this host's") \
	X(TX_ROUTE,	"tx-route",	"no route to the destination") \
	X(TX_MTU,	"tx-mtu",	"longer than the path MTU and not to be fragmented") \
	X(TX_NO_MEMORY,	"tx-no-memory",	"the kernel had no memory for the packet") \
	X(TX_DEVICE,	"tx-device",	"refused by the device, its queue or an egress rule") \
	X(TX_DESTINATION, "tx-destination", "broadcast or multicast without permission") \
	X(RX_NO_BUFFER,	"rx-no-buffer",	"the receiver has no free buffer") \
	X(RX_RING_FULL,	"rx-ring-full",	"the receiver's RX ring is full") \
	X(RX_CHECKSUM,	"rx-checksum",	"wrong transport checksum") \
	X(RX_LENGTH,	"rx-length",	"longer than the longest packet, or truncated") \
	X(RX_CLOSED,	"rx-closed",	"the receiver is quarantined or closing") \
	X(EVENT_FULL,	"event-full",	"the EVENT ring is full; an event is lost") \
	X(TX_GSO,	"tx-gso",	"super-packet with an impossible segment size, or of a kind that cannot be cut") \
	X(TX_QUEUE,	"tx-queue",	"dropped by the queueing discipline, by delay or limit") \
	X(TX_EXPIRED,	"tx-expired",	"passed its deadline before it could leave") \
	X(TX_STATE,	"tx-state",	"segment that its TCP connection is not ready for, or that the peer has not allowed") \
	X(TX_FLOWS,	"tx-flows",	"no room for the flow of a connection that is accepted") \
	X(TX_SYNS,	"tx-syns",	"more SYNs a second than the policy or the namespace's limits allow")

#define NEXUS_DROP_ENUM(id, name, text)	NEXUS_DROP_##id,
enum nexus_drop_reason {
	NEXUS_DROP_NONE,
	NEXUS_DROP_REASONS(NEXUS_DROP_ENUM)
	NEXUS_NR_DROP_REASONS,
};

#define NEXUS_DROP_REASONS_MAX	64

#endif /* _UAPI_LINUX_NEXUS_H */
