/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of nexus. Process IDs are those of the initial namespace.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nexus

#if !defined(NX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NX_TRACE_H

#include <linux/tracepoint.h>
#include <linux/nexus.h>
#include "core/batch.h"
#include "core/budget.h"
#include "core/gather.h"
#include "core/wset.h"
#include "channel.h"
#include "flow.h"
#include "nexus.h"
#include "window.h"

#define NX_TRACE_ENUM(id, name, text)	TRACE_DEFINE_ENUM(NEXUS_DROP_##id);
#define NX_TRACE_NAME(id, name, text)	{ NEXUS_DROP_##id, name },

NEXUS_DROP_REASONS(NX_TRACE_ENUM)
TRACE_DEFINE_ENUM(NEXUS_DROP_NONE);

TRACE_DEFINE_ENUM(NEXUS_VIOLATION_TX_INDEX);
TRACE_DEFINE_ENUM(NEXUS_VIOLATION_FREE_INDEX);
TRACE_DEFINE_ENUM(NEXUS_VIOLATION_RX_INDEX);
TRACE_DEFINE_ENUM(NEXUS_VIOLATION_ALLOC_INDEX);
TRACE_DEFINE_ENUM(NEXUS_VIOLATION_EVENT_INDEX);
TRACE_DEFINE_ENUM(NEXUS_VIOLATION_BUFFER_RANGE);
TRACE_DEFINE_ENUM(NEXUS_VIOLATION_BUFFER_OWNER);

#define nx_show_drop(reason)						\
	__print_symbolic(reason,					\
		NEXUS_DROP_REASONS(NX_TRACE_NAME)			\
		{ NEXUS_DROP_NONE,		"none" })

#define nx_show_violation(violation)					\
	__print_symbolic(violation,					\
		{ NEXUS_VIOLATION_TX_INDEX,	"tx-index" },		\
		{ NEXUS_VIOLATION_FREE_INDEX,	"free-index" },		\
		{ NEXUS_VIOLATION_RX_INDEX,	"rx-index" },		\
		{ NEXUS_VIOLATION_ALLOC_INDEX,	"alloc-index" },	\
		{ NEXUS_VIOLATION_EVENT_INDEX,	"event-index" },	\
		{ NEXUS_VIOLATION_BUFFER_RANGE,	"buffer-range" },	\
		{ NEXUS_VIOLATION_BUFFER_OWNER,	"buffer-owner" })

/* @channel is 0, and @flow NEXUS_FLOW_NONE, where nobody owns the packet. */
TRACE_EVENT(nexus_drop,
	TP_PROTO(u32 nexus, u32 channel, u32 flow, u32 reason, u32 len),
	TP_ARGS(nexus, channel, flow, reason, len),
	TP_STRUCT__entry(
		__field(u32, nexus)
		__field(u32, channel)
		__field(u32, flow)
		__field(u32, reason)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->nexus = nexus;
		__entry->channel = channel;
		__entry->flow = flow;
		__entry->reason = reason;
		__entry->len = len;
	),
	TP_printk("nexus=%u channel=%u flow=%d reason=%s len=%u",
		  __entry->nexus, __entry->channel, (int)__entry->flow,
		  nx_show_drop(__entry->reason), __entry->len)
);

TRACE_EVENT(nexus_violation,
	TP_PROTO(const struct nx_channel *chan, u32 violation, u32 queue,
		 u32 index, u32 value),
	TP_ARGS(chan, violation, queue, index, value),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, violation)
		__field(u32, queue)
		__field(u32, index)
		__field(u32, value)
	),
	TP_fast_assign(
		__entry->channel = chan->id;
		__entry->violation = violation;
		__entry->queue = queue;
		__entry->index = index;
		__entry->value = value;
	),
	TP_printk("channel=%u violation=%s queue=%u index=%u value=%u",
		  __entry->channel, nx_show_violation(__entry->violation),
		  __entry->queue, __entry->index, __entry->value)
);

DECLARE_EVENT_CLASS(nexus_channel,
	TP_PROTO(const struct nx_channel *chan),
	TP_ARGS(chan),
	TP_STRUCT__entry(
		__field(u32, nexus)
		__field(u32, channel)
		__field(u32, port)
		__field(pid_t, pid)
		__field(uid_t, uid)
	),
	TP_fast_assign(
		__entry->nexus = chan->nexus->id;
		__entry->channel = chan->id;
		__entry->port = chan->port;
		__entry->pid = pid_nr(chan->pid);
		__entry->uid = __kuid_val(chan->uid);
	),
	TP_printk("nexus=%u channel=%u port=%u pid=%d uid=%u",
		  __entry->nexus, __entry->channel, __entry->port,
		  __entry->pid, __entry->uid)
);

DEFINE_EVENT(nexus_channel, nexus_attach,
	TP_PROTO(const struct nx_channel *chan),
	TP_ARGS(chan)
);

DEFINE_EVENT(nexus_channel, nexus_detach,
	TP_PROTO(const struct nx_channel *chan),
	TP_ARGS(chan)
);

TRACE_DEFINE_ENUM(NEXUS_DEFUNCT_ASKED);
TRACE_DEFINE_ENUM(NEXUS_DEFUNCT_IDLE);
TRACE_DEFINE_ENUM(NEXUS_DEFUNCT_PRESSURE);

#define nx_show_defunct(reason)						\
	__print_symbolic(reason,					\
		{ NEXUS_DEFUNCT_ASKED,		"asked" },		\
		{ NEXUS_DEFUNCT_IDLE,		"idle" },		\
		{ NEXUS_DEFUNCT_PRESSURE,	"pressure" })

TRACE_EVENT(nexus_defunct,
	TP_PROTO(const struct nx_channel *chan, u32 reason, u32 pages),
	TP_ARGS(chan, reason, pages),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, reason)
		__field(u32, pages)
		__field(pid_t, pid)
	),
	TP_fast_assign(
		__entry->channel = chan->id;
		__entry->reason = reason;
		__entry->pages = pages;
		__entry->pid = pid_nr(chan->pid);
	),
	TP_printk("channel=%u reason=%s pages=%u pid=%d", __entry->channel,
		  nx_show_defunct(__entry->reason), __entry->pages,
		  __entry->pid)
);

TRACE_DEFINE_ENUM(NX_WSET_HOLDS);
TRACE_DEFINE_ENUM(NX_WSET_GROWS);
TRACE_DEFINE_ENUM(NX_WSET_SHRINKS);
TRACE_DEFINE_ENUM(NX_WSET_PURGED);
TRACE_DEFINE_ENUM(NX_WSET_PINNED);

#define nx_show_wset(state)						\
	__print_symbolic(state,						\
		{ NX_WSET_HOLDS,	"holds" },			\
		{ NX_WSET_GROWS,	"grows" },			\
		{ NX_WSET_SHRINKS,	"shrinks" },			\
		{ NX_WSET_PURGED,	"purged" },			\
		{ NX_WSET_PINNED,	"pinned" })

/* A working set changes what it does; @pages were given back at once. */
TRACE_EVENT(nexus_wset,
	TP_PROTO(u32 channel, u32 from, u32 to, u32 target, u32 pages),
	TP_ARGS(channel, from, to, target, pages),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, from)
		__field(u32, to)
		__field(u32, target)
		__field(u32, pages)
	),
	TP_fast_assign(
		__entry->channel = channel;
		__entry->from = from;
		__entry->to = to;
		__entry->target = target;
		__entry->pages = pages;
	),
	TP_printk("channel=%u from=%s to=%s target=%u pages=%u",
		  __entry->channel, nx_show_wset(__entry->from),
		  nx_show_wset(__entry->to), __entry->target, __entry->pages)
);

TRACE_DEFINE_ENUM(NX_GATHER_RESTS);
TRACE_DEFINE_ENUM(NX_GATHER_GROWS);
TRACE_DEFINE_ENUM(NX_GATHER_HOLDS);
TRACE_DEFINE_ENUM(NX_GATHER_SHRINKS);
TRACE_DEFINE_ENUM(NX_GATHER_VAIN);
TRACE_DEFINE_ENUM(NX_GATHER_PINNED);

#define nx_show_gather(state)						\
	__print_symbolic(state,						\
		{ NX_GATHER_RESTS,	"rests" },			\
		{ NX_GATHER_GROWS,	"grows" },			\
		{ NX_GATHER_HOLDS,	"holds" },			\
		{ NX_GATHER_SHRINKS,	"shrinks" },			\
		{ NX_GATHER_VAIN,	"vain" },			\
		{ NX_GATHER_PINNED,	"pinned" })

/* A queue holds its wakes for @delay_us from now on, at these 10 ms' averages. */
TRACE_EVENT(nexus_gather,
	TP_PROTO(u32 channel, u32 queue, u32 from, const struct nx_gather *g),
	TP_ARGS(channel, queue, from, g),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, queue)
		__field(u32, from)
		__field(u32, to)
		__field(u32, delay_us)
		__field(u32, packets)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->channel = channel;
		__entry->queue = queue;
		__entry->from = from;
		__entry->to = g->state;
		__entry->delay_us = g->delay_us;
		__entry->packets = g->packets;
		__entry->bytes = g->bytes;
	),
	TP_printk("channel=%u queue=%u from=%s to=%s delay_us=%u packets=%u bytes=%u",
		  __entry->channel, __entry->queue,
		  nx_show_gather(__entry->from), nx_show_gather(__entry->to),
		  __entry->delay_us, __entry->packets, __entry->bytes)
);

/* A wait that a sender began ends because it sleeps; of how many packets. */
TRACE_EVENT(nexus_let_go,
	TP_PROTO(u32 sender, u32 channel, u32 queue, u32 packets),
	TP_ARGS(sender, channel, queue, packets),
	TP_STRUCT__entry(
		__field(u32, sender)
		__field(u32, channel)
		__field(u32, queue)
		__field(u32, packets)
	),
	TP_fast_assign(
		__entry->sender = sender;
		__entry->channel = channel;
		__entry->queue = queue;
		__entry->packets = packets;
	),
	TP_printk("sender=%u channel=%u queue=%u packets=%u", __entry->sender,
		  __entry->channel, __entry->queue, __entry->packets)
);

TRACE_DEFINE_ENUM(NX_BUDGET_HOLDS);
TRACE_DEFINE_ENUM(NX_BUDGET_GROWS);
TRACE_DEFINE_ENUM(NX_BUDGET_SHRINKS);
TRACE_DEFINE_ENUM(NX_BUDGET_PINNED);

#define nx_show_budget(state)						\
	__print_symbolic(state,						\
		{ NX_BUDGET_HOLDS,	"holds" },			\
		{ NX_BUDGET_GROWS,	"grows" },			\
		{ NX_BUDGET_SHRINKS,	"shrinks" },			\
		{ NX_BUDGET_PINNED,	"pinned" })

/* A queue sends @packets in a row from now on. */
TRACE_EVENT(nexus_budget,
	TP_PROTO(u32 channel, u32 queue, u32 from, const struct nx_budget *b),
	TP_ARGS(channel, queue, from, b),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, queue)
		__field(u32, from)
		__field(u32, to)
		__field(u32, packets)
	),
	TP_fast_assign(
		__entry->channel = channel;
		__entry->queue = queue;
		__entry->from = from;
		__entry->to = b->state;
		__entry->packets = b->packets;
	),
	TP_printk("channel=%u queue=%u from=%s to=%s packets=%u",
		  __entry->channel, __entry->queue,
		  nx_show_budget(__entry->from), nx_show_budget(__entry->to),
		  __entry->packets)
);

TRACE_DEFINE_ENUM(NX_BATCH_HOLDS);
TRACE_DEFINE_ENUM(NX_BATCH_GROWS);
TRACE_DEFINE_ENUM(NX_BATCH_SHRINKS);
TRACE_DEFINE_ENUM(NX_BATCH_PINNED);

#define nx_show_batch(state)						\
	__print_symbolic(state,						\
		{ NX_BATCH_HOLDS,	"holds" },			\
		{ NX_BATCH_GROWS,	"grows" },			\
		{ NX_BATCH_SHRINKS,	"shrinks" },			\
		{ NX_BATCH_PINNED,	"pinned" })

/* Queues of a channel move @buffers at a time from now on. */
TRACE_EVENT(nexus_batch,
	TP_PROTO(u32 channel, u32 from, const struct nx_batch *b),
	TP_ARGS(channel, from, b),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, from)
		__field(u32, to)
		__field(u32, buffers)
	),
	TP_fast_assign(
		__entry->channel = channel;
		__entry->from = from;
		__entry->to = b->state;
		__entry->buffers = b->buffers;
	),
	TP_printk("channel=%u from=%s to=%s buffers=%u", __entry->channel,
		  nx_show_batch(__entry->from), nx_show_batch(__entry->to),
		  __entry->buffers)
);

TRACE_DEFINE_ENUM(NX_WINDOW_RESTS);
TRACE_DEFINE_ENUM(NX_WINDOW_HOLDS);
TRACE_DEFINE_ENUM(NX_WINDOW_SHRINKS);
TRACE_DEFINE_ENUM(NX_WINDOW_PINNED);

#define nx_show_window(state)						\
	__print_symbolic(state,						\
		{ NX_WINDOW_RESTS,	"rests" },			\
		{ NX_WINDOW_HOLDS,	"holds" },			\
		{ NX_WINDOW_SHRINKS,	"shrinks" },			\
		{ NX_WINDOW_PINNED,	"pinned" })

/* Receive windows of TCP are told to be up to @bytes; 0: there was no connection. */
TRACE_EVENT(nexus_window,
	TP_PROTO(u32 channel, u32 from, u32 to, u32 bytes),
	TP_ARGS(channel, from, to, bytes),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, from)
		__field(u32, to)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->channel = channel;
		__entry->from = from;
		__entry->to = to;
		__entry->bytes = bytes;
	),
	TP_printk("channel=%u from=%s to=%s bytes=%u",
		  __entry->channel, nx_show_window(__entry->from),
		  nx_show_window(__entry->to), __entry->bytes)
);

DECLARE_EVENT_CLASS(nexus_flow,
	TP_PROTO(const struct nx_flow *flow),
	TP_ARGS(flow),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, flow)
		__field(u32, generation)
		__field(pid_t, pid)
		__field(uid_t, uid)
		__field(u8, traffic_class)
		__field(u8, protocol)
		__field(u8, ip_version)
		__field(u16, local_port)
		__field(u16, remote_port)
		__array(u8, local, 16)
		__array(u8, remote, 16)
	),
	TP_fast_assign(
		const struct nx_flow_key *key = &flow->node[0].key;

		__entry->channel = flow->chan->id;
		__entry->flow = flow->idx;
		__entry->generation = flow->generation;
		__entry->pid = pid_nr(flow->pid);
		__entry->uid = __kuid_val(flow->uid);
		__entry->traffic_class = flow->traffic_class;
		__entry->protocol = key->protocol;
		__entry->ip_version = key->ip_version;
		__entry->local_port = be16_to_cpu(key->local_port);
		__entry->remote_port = be16_to_cpu(key->remote_port);
		memcpy(__entry->local, &key->local, 16);
		memcpy(__entry->remote, &key->remote, 16);
	),
	TP_printk("channel=%u flow=%u generation=%u pid=%d uid=%u class=%u protocol=%u ip=%u local=%s:%u remote=%s:%u",
		  __entry->channel, __entry->flow, __entry->generation,
		  __entry->pid, __entry->uid, __entry->traffic_class,
		  __entry->protocol, __entry->ip_version,
		  __print_hex_str(__entry->local,
				  __entry->ip_version == 4 ? 4 : 16),
		  __entry->local_port,
		  __print_hex_str(__entry->remote,
				  __entry->ip_version == 4 ? 4 : 16),
		  __entry->remote_port)
);

DEFINE_EVENT(nexus_flow, nexus_flow_add,
	TP_PROTO(const struct nx_flow *flow),
	TP_ARGS(flow)
);

DEFINE_EVENT(nexus_flow, nexus_flow_del,
	TP_PROTO(const struct nx_flow *flow),
	TP_ARGS(flow)
);

TRACE_EVENT(nexus_advice,
	TP_PROTO(const struct nx_flow *flow, bool is_suspended),
	TP_ARGS(flow, is_suspended),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, flow)
		__field(u32, is_suspended)
	),
	TP_fast_assign(
		__entry->channel = flow->chan->id;
		__entry->flow = flow->idx;
		__entry->is_suspended = is_suspended;
	),
	TP_printk("channel=%u flow=%u suspended=%u", __entry->channel,
		  __entry->flow, __entry->is_suspended)
);

TRACE_EVENT(nexus_wake,
	TP_PROTO(u32 channel, u32 queue),
	TP_ARGS(channel, queue),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, queue)
	),
	TP_fast_assign(
		__entry->channel = channel;
		__entry->queue = queue;
	),
	TP_printk("channel=%u queue=%u", __entry->channel, __entry->queue)
);

/* What the kernel holds to be true of a packet, from its flow alone. */
DECLARE_EVENT_CLASS(nexus_packet,
	TP_PROTO(const struct nx_flow *flow, u8 traffic_class, u32 len,
		 bool is_local),
	TP_ARGS(flow, traffic_class, len, is_local),
	TP_STRUCT__entry(
		__field(u32, channel)
		__field(u32, flow)
		__field(pid_t, pid)
		__field(uid_t, uid)
		__field(u64, cgroup)
		__field(u32, policy)
		__field(u32, len)
		__field(u8, traffic_class)
		__field(bool, is_local)
	),
	TP_fast_assign(
		__entry->channel = flow->chan->id;
		__entry->flow = flow->idx;
		__entry->pid = pid_nr(flow->pid);
		__entry->uid = __kuid_val(flow->uid);
		__entry->cgroup = nx_compat_cgroup_id(flow->sk);
		__entry->policy = flow->policy;
		__entry->len = len;
		__entry->traffic_class = traffic_class;
		__entry->is_local = is_local;
	),
	TP_printk("channel=%u flow=%u pid=%d uid=%u cgroup=%llu policy=%u class=%u len=%u local=%d",
		  __entry->channel, __entry->flow, __entry->pid, __entry->uid,
		  __entry->cgroup, __entry->policy, __entry->traffic_class,
		  __entry->len, __entry->is_local)
);

DEFINE_EVENT(nexus_packet, nexus_tx,
	TP_PROTO(const struct nx_flow *flow, u8 traffic_class, u32 len,
		 bool is_local),
	TP_ARGS(flow, traffic_class, len, is_local)
);

DEFINE_EVENT(nexus_packet, nexus_rx,
	TP_PROTO(const struct nx_flow *flow, u8 traffic_class, u32 len,
		 bool is_local),
	TP_ARGS(flow, traffic_class, len, is_local)
);

#endif /* NX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
