/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * The control ABI of nexus: its generic netlink family, described in full by
 * Documentation/netlink/specs/nexus.yaml.
 *
 * Attribute tree (M: may stand several times):
 *
 *   NEW_NEXUS   NEXUS { NAME, KIND }
 *   DEL_NEXUS   NEXUS { NAME }
 *   GET_NEXUS   dump: NEXUS { NAME, KIND, ID, DEV M { IFINDEX, NAME }, POLICY {...},
 *                       NR_CHANNELS, NR_FLOWS, COUNTERS {...} }
 *   ADD_DEV     NEXUS { NAME, DEV { IFINDEX } }
 *   DEL_DEV     NEXUS { NAME, DEV { IFINDEX } }
 *   SET_POLICY  NEXUS { NAME, POLICY { RULE M { TYPE, ID }, MAX_* } }
 *   GET_CHANNEL dump, of one nexus if NEXUS { NAME } is given: CHANNEL {...}
 *   GET_FLOW    dump, likewise: FLOW {...}
 *   DEL_FLOW    FLOW { CHANNEL_ID, INDEX, GENERATION }
 *   DEFUNCT     DEFUNCT { CHANNEL_ID | PID | CGROUP }
 *   SET_TUNE    TUNE { CHANNEL_ID, KNOB, VALUE }, without VALUE: by itself again
 *   SET_LIMITS  LIMITS { MAX_* }; of the network namespace
 *   GET_LIMITS  dump: LIMITS { MAX_*, NR_CHANNELS, NR_FLOWS, BYTES }
 *   EVENT       multicast to group "events": EVENT { TYPE, ... }
 *
 * All but the GETs need CAP_NET_ADMIN in the user namespace that owns the
 * network namespace; SET_LIMITS in the initial one. A GET shows the sender's
 * network namespace only.
 */
#ifndef _UAPI_LINUX_NEXUS_NETLINK_H
#define _UAPI_LINUX_NEXUS_NETLINK_H

#define NEXUS_GENL_NAME		"nexus"
#define NEXUS_GENL_VERSION	1
#define NEXUS_GENL_EVENTS	"events"

enum nexus_cmd {
	NEXUS_CMD_UNSPEC,
	NEXUS_CMD_NEW_NEXUS,
	NEXUS_CMD_DEL_NEXUS,
	NEXUS_CMD_GET_NEXUS,
	NEXUS_CMD_ADD_DEV,
	NEXUS_CMD_DEL_DEV,
	NEXUS_CMD_SET_POLICY,
	NEXUS_CMD_GET_CHANNEL,
	NEXUS_CMD_GET_FLOW,
	NEXUS_CMD_DEL_FLOW,
	NEXUS_CMD_EVENT,
	NEXUS_CMD_DEFUNCT,
	NEXUS_CMD_SET_TUNE,
	NEXUS_CMD_SET_LIMITS,
	NEXUS_CMD_GET_LIMITS,
	__NEXUS_CMD_MAX,
};
#define NEXUS_CMD_MAX (__NEXUS_CMD_MAX - 1)

/* Top level of every message. */
enum nexus_attr {
	NEXUS_A_UNSPEC,
	NEXUS_A_NEXUS,		/* nest, enum nexus_nexus_attr */
	NEXUS_A_CHANNEL,	/* nest, enum nexus_channel_attr */
	NEXUS_A_FLOW,		/* nest, enum nexus_flow_attr */
	NEXUS_A_EVENT,		/* nest, enum nexus_event_attr */
	NEXUS_A_PAD,
	NEXUS_A_DEFUNCT,	/* nest, enum nexus_defunct_attr */
	NEXUS_A_TUNE,		/* nest, enum nexus_tune_attr */
	NEXUS_A_LIMITS,		/* nest, enum nexus_limits_attr */
	__NEXUS_A_MAX,
};
#define NEXUS_A_MAX (__NEXUS_A_MAX - 1)

enum nexus_kind {
	NEXUS_KIND_FLOW_SWITCH = 1,
};

enum nexus_nexus_attr {
	NEXUS_NEXUS_A_UNSPEC,
	NEXUS_NEXUS_A_NAME,		/* string, 1 to 31 characters */
	NEXUS_NEXUS_A_KIND,		/* u32, enum nexus_kind */
	NEXUS_NEXUS_A_ID,		/* u32, unique in the host */
	NEXUS_NEXUS_A_DEV,		/* nest, enum nexus_dev_attr; several */
	NEXUS_NEXUS_A_POLICY,		/* nest, enum nexus_policy_attr */
	NEXUS_NEXUS_A_NR_CHANNELS,	/* u32 */
	NEXUS_NEXUS_A_NR_FLOWS,		/* u32 */
	NEXUS_NEXUS_A_COUNTERS,		/* nest, enum nexus_counters_attr */
	NEXUS_NEXUS_A_PAD,
	NEXUS_NEXUS_A_LL_AVAILABLE,	/* u32, thousandths of the rate reserved for
					 * the low-latency class */
	NEXUS_NEXUS_A_LL_GRANTED,	/* u32, of them */
	__NEXUS_NEXUS_A_MAX,
};
#define NEXUS_NEXUS_A_MAX (__NEXUS_NEXUS_A_MAX - 1)

enum nexus_dev_attr {
	NEXUS_DEV_A_UNSPEC,
	NEXUS_DEV_A_IFINDEX,		/* u32 */
	NEXUS_DEV_A_NAME,		/* string; in answers only */
	__NEXUS_DEV_A_MAX,
};
#define NEXUS_DEV_A_MAX (__NEXUS_DEV_A_MAX - 1)

/*
 * Who may attach. Without a rule: only CAP_NET_ADMIN in the user namespace that
 * owns the network namespace, which is always allowed. SET_POLICY replaces the rules when it holds
 * a RULE or NO_RULES, and those limits that it holds.
 */
enum nexus_policy_attr {
	NEXUS_POLICY_A_UNSPEC,
	NEXUS_POLICY_A_RULE,		/* nest, enum nexus_rule_attr; up to 32 */
	NEXUS_POLICY_A_NO_RULES,	/* flag: remove all rules */
	NEXUS_POLICY_A_MAX_CHANNELS,	/* u32, of one user */
	NEXUS_POLICY_A_MAX_FLOWS,	/* u32, of one channel */
	NEXUS_POLICY_A_MAX_BYTES,	/* u64, rings and pools of one user */
	NEXUS_POLICY_A_PAD,
	NEXUS_POLICY_A_MAX_IDLE,	/* u32, seconds; then DEFUNCT, if it agreed; 0: never */
	NEXUS_POLICY_A_MAX_LL,		/* u32, thousandths of the rate for the
					 * low-latency flows of one channel */
	NEXUS_POLICY_A_MAX_SYNS,	/* u32, connections that one user may try to
					 * open a second; 0: any */
	NEXUS_POLICY_A_LINGER,		/* u32, ms that TIME-WAIT keeps a port */
	NEXUS_POLICY_A_ON_VIOLATION,	/* u32, enum nexus_on_violation */
	NEXUS_POLICY_A_MAX_USER_FLOWS,	/* u32, of all channels of one user */
	__NEXUS_POLICY_A_MAX,
};
#define NEXUS_POLICY_A_MAX (__NEXUS_POLICY_A_MAX - 1)

#define NEXUS_RULES_MAX		32

/* What is done when a channel breaks the rules. It is quarantined in any case. */
enum nexus_on_violation {
	NEXUS_ON_VIOLATION_QUARANTINE = 1,	/* no more than that */
	NEXUS_ON_VIOLATION_KILL,	/* SIGKILL for the process that attached */
};

enum nexus_rule_type {
	NEXUS_RULE_ANY = 1,		/* everybody */
	NEXUS_RULE_UID,			/* one user, effective */
	NEXUS_RULE_GID,			/* one group, effective or supplementary */
};

enum nexus_rule_attr {
	NEXUS_RULE_A_UNSPEC,
	NEXUS_RULE_A_TYPE,		/* u32, enum nexus_rule_type */
	NEXUS_RULE_A_ID,		/* u32, in the sender's user namespace; not with ANY */
	__NEXUS_RULE_A_MAX,
};
#define NEXUS_RULE_A_MAX (__NEXUS_RULE_A_MAX - 1)

/* Counters of a nexus, a channel or a flow; those that make sense for it. */
enum nexus_counters_attr {
	NEXUS_COUNTERS_A_UNSPEC,
	NEXUS_COUNTERS_A_RX_PACKETS,	/* u64, delivered to channels */
	NEXUS_COUNTERS_A_RX_BYTES,	/* u64, IP headers included */
	NEXUS_COUNTERS_A_TX_PACKETS,	/* u64, sent by channels */
	NEXUS_COUNTERS_A_TX_BYTES,	/* u64 */
	NEXUS_COUNTERS_A_TX_LOCAL,	/* u64, of TX_PACKETS: to a channel of this host */
	NEXUS_COUNTERS_A_PASSED,	/* u64, seen and left to the kernel's stack */
	NEXUS_COUNTERS_A_SYNCS,		/* u64 */
	NEXUS_COUNTERS_A_WAKES,		/* u64 */
	NEXUS_COUNTERS_A_BYTES_COPIED,	/* u64, copied without a sum */
	NEXUS_COUNTERS_A_BYTES_SUMMED,	/* u64, summed while they were copied */
	NEXUS_COUNTERS_A_DROP,		/* nest, enum nexus_drop_attr; several */
	NEXUS_COUNTERS_A_PAD,
	NEXUS_COUNTERS_A_TX_DECLASSED,	/* u64, taken from TX with a class that was
					 * not their flow's: best effort */
	__NEXUS_COUNTERS_A_MAX,
};
#define NEXUS_COUNTERS_A_MAX (__NEXUS_COUNTERS_A_MAX - 1)

enum nexus_drop_attr {
	NEXUS_DROP_A_UNSPEC,
	NEXUS_DROP_A_REASON,		/* u32, enum nexus_drop_reason */
	NEXUS_DROP_A_NAME,		/* string */
	NEXUS_DROP_A_COUNT,		/* u64, never 0 */
	NEXUS_DROP_A_PAD,
	__NEXUS_DROP_A_MAX,
};
#define NEXUS_DROP_A_MAX (__NEXUS_DROP_A_MAX - 1)

enum nexus_channel_attr {
	NEXUS_CHANNEL_A_UNSPEC,
	NEXUS_CHANNEL_A_ID,		/* u32, unique in the host */
	NEXUS_CHANNEL_A_NEXUS,		/* string, name of the nexus */
	NEXUS_CHANNEL_A_PORT,		/* u32 */
	NEXUS_CHANNEL_A_PID,		/* u32, as the reader sees it, 0 if not */
	NEXUS_CHANNEL_A_COMM,		/* string */
	NEXUS_CHANNEL_A_UID,		/* u32 */
	NEXUS_CHANNEL_A_STATE,		/* u32, enum nexus_channel_state */
	NEXUS_CHANNEL_A_VIOLATION,	/* u32, enum nexus_violation */
	NEXUS_CHANNEL_A_FLAGS,		/* u32, NEXUS_ATTACH_* */
	NEXUS_CHANNEL_A_NR_FLOWS,	/* u32 */
	NEXUS_CHANNEL_A_QUEUE,		/* nest, enum nexus_queue_attr; several */
	NEXUS_CHANNEL_A_POOL,		/* nest, enum nexus_pool_attr */
	NEXUS_CHANNEL_A_COUNTERS,	/* nest */
	NEXUS_CHANNEL_A_REPORTED,	/* nest, counters as the library reports them */
	NEXUS_CHANNEL_A_PAD,
	NEXUS_CHANNEL_A_DEFUNCT_REASON,	/* u32, enum nexus_defunct_reason; absent: is not */
	NEXUS_CHANNEL_A_TUNE,		/* nest, enum nexus_tune_attr; several */
	__NEXUS_CHANNEL_A_MAX,
};
#define NEXUS_CHANNEL_A_MAX (__NEXUS_CHANNEL_A_MAX - 1)

enum nexus_queue_attr {
	NEXUS_QUEUE_A_UNSPEC,
	NEXUS_QUEUE_A_INDEX,		/* u32 */
	NEXUS_QUEUE_A_TX_SLOTS,		/* u32 */
	NEXUS_QUEUE_A_TX_USED,		/* u32 */
	NEXUS_QUEUE_A_RX_SLOTS,		/* u32 */
	NEXUS_QUEUE_A_RX_USED,		/* u32 */
	NEXUS_QUEUE_A_PAD,
	__NEXUS_QUEUE_A_MAX,
};
#define NEXUS_QUEUE_A_MAX (__NEXUS_QUEUE_A_MAX - 1)

enum nexus_pool_attr {
	NEXUS_POOL_A_UNSPEC,
	NEXUS_POOL_A_BUFFERS,		/* u32 */
	NEXUS_POOL_A_FREE,		/* u32 */
	NEXUS_POOL_A_USER,		/* u32 */
	NEXUS_POOL_A_KERNEL,		/* u32 */
	NEXUS_POOL_A_IN_FLIGHT,		/* u32 */
	NEXUS_POOL_A_PAGES,		/* u64, populated */
	NEXUS_POOL_A_PAD,
	__NEXUS_POOL_A_MAX,
};
#define NEXUS_POOL_A_MAX (__NEXUS_POOL_A_MAX - 1)

enum nexus_flow_attr {
	NEXUS_FLOW_A_UNSPEC,
	NEXUS_FLOW_A_NEXUS,		/* string */
	NEXUS_FLOW_A_CHANNEL_ID,	/* u32 */
	NEXUS_FLOW_A_INDEX,		/* u32 */
	NEXUS_FLOW_A_GENERATION,	/* u32 */
	NEXUS_FLOW_A_FAMILY,		/* u16, AF_INET or AF_INET6 */
	NEXUS_FLOW_A_PROTOCOL,		/* u8, IPPROTO_* */
	NEXUS_FLOW_A_LOCAL,		/* binary, 4 or 16 bytes */
	NEXUS_FLOW_A_LOCAL_PORT,	/* be16 */
	NEXUS_FLOW_A_REMOTE,		/* binary; absent: a listener */
	NEXUS_FLOW_A_REMOTE_PORT,	/* be16; absent: a listener */
	NEXUS_FLOW_A_PID,		/* u32, of the process that added it */
	NEXUS_FLOW_A_UID,		/* u32, of the socket's owner */
	NEXUS_FLOW_A_CLASS,		/* u32, NEXUS_CLASS_* */
	NEXUS_FLOW_A_COUNTERS,		/* nest */
	NEXUS_FLOW_A_PAD,
	NEXUS_FLOW_A_LL_PERMILLE,	/* u32, granted; absent: none */
	NEXUS_FLOW_A_ADVICE,		/* u32, NEXUS_FLOW_* as the owner sees them */
	NEXUS_FLOW_A_CONGESTION,	/* u32, signals so far */
	NEXUS_FLOW_A_TCP,		/* nest, enum nexus_tcp_attr, as the kernel
					 * follows the connection */
	NEXUS_FLOW_A_REPORTED,		/* nest, enum nexus_tcp_attr, as the library
					 * reports it; absent: it does not */
	__NEXUS_FLOW_A_MAX,
};
#define NEXUS_FLOW_A_MAX (__NEXUS_FLOW_A_MAX - 1)

/* The kernel knows STATE and UNACKED; all can be reported. Sizes are in bytes. */
enum nexus_tcp_attr {
	NEXUS_TCP_A_UNSPEC,
	NEXUS_TCP_A_STATE,		/* u32, enum nexus_tcp_state */
	NEXUS_TCP_A_UNACKED,		/* u32, sent, and not acknowledged */
	NEXUS_TCP_A_UNREAD,		/* u32 */
	NEXUS_TCP_A_UNSENT,		/* u32 */
	NEXUS_TCP_A_FLAGS,		/* u32, NEXUS_REPORT_* */
	NEXUS_TCP_A_MSS,		/* u32 */
	NEXUS_TCP_A_CWND,		/* u32 */
	NEXUS_TCP_A_SSTHRESH,		/* u32 */
	NEXUS_TCP_A_SND_WND,		/* u32 */
	NEXUS_TCP_A_RCV_WND,		/* u32 */
	NEXUS_TCP_A_RETRANS,		/* u32, segments sent again */
	NEXUS_TCP_A_RTOS,		/* u32, expiries of the timer */
	NEXUS_TCP_A_SRTT_NS,		/* u64; 0: not measured; so are the next three */
	NEXUS_TCP_A_RTTVAR_NS,		/* u64 */
	NEXUS_TCP_A_MIN_RTT_NS,		/* u64 */
	NEXUS_TCP_A_RTO_NS,		/* u64 */
	NEXUS_TCP_A_BYTES_ACKED,	/* u64 */
	NEXUS_TCP_A_BYTES_RECEIVED,	/* u64 */
	NEXUS_TCP_A_BYTES_RETRANS,	/* u64 */
	NEXUS_TCP_A_PAD,
	__NEXUS_TCP_A_MAX,
};
#define NEXUS_TCP_A_MAX (__NEXUS_TCP_A_MAX - 1)

enum nexus_monitor_type {
	NEXUS_MONITOR_NEXUS_NEW = 1,
	NEXUS_MONITOR_NEXUS_DEL,
	NEXUS_MONITOR_DEV_ADD,
	NEXUS_MONITOR_DEV_DEL,
	NEXUS_MONITOR_ATTACH,
	NEXUS_MONITOR_ATTACH_DENIED,
	NEXUS_MONITOR_DETACH,
	NEXUS_MONITOR_FLOW_ADD,
	NEXUS_MONITOR_FLOW_DEL,
	NEXUS_MONITOR_VIOLATION,
	NEXUS_MONITOR_ADDR_GONE,
	NEXUS_MONITOR_POLICY,
	NEXUS_MONITOR_DEFUNCT,		/* with REASON and PAGES */
	NEXUS_MONITOR_SHED,		/* free pages of a channel went; likewise */
};

enum nexus_event_attr {
	NEXUS_EVENT_A_UNSPEC,
	NEXUS_EVENT_A_TYPE,		/* u32, enum nexus_monitor_type */
	NEXUS_EVENT_A_TIME_NS,		/* u64, CLOCK_REALTIME */
	NEXUS_EVENT_A_NEXUS,		/* string */
	NEXUS_EVENT_A_IFINDEX,		/* u32 */
	NEXUS_EVENT_A_IFNAME,		/* string */
	NEXUS_EVENT_A_CHANNEL_ID,	/* u32 */
	NEXUS_EVENT_A_PID,		/* u32 */
	NEXUS_EVENT_A_COMM,		/* string */
	NEXUS_EVENT_A_UID,		/* u32 */
	NEXUS_EVENT_A_FLOW,		/* nest, enum nexus_flow_attr, without counters */
	NEXUS_EVENT_A_VIOLATION,	/* u32, enum nexus_violation */
	NEXUS_EVENT_A_INDEX,		/* u32, offending ring index */
	NEXUS_EVENT_A_VALUE,		/* u32, offending value */
	NEXUS_EVENT_A_PAD,
	NEXUS_EVENT_A_REASON,		/* u32, enum nexus_defunct_reason */
	NEXUS_EVENT_A_PAGES,		/* u32, pages of the pool that were freed */
	__NEXUS_EVENT_A_MAX,
};
#define NEXUS_EVENT_A_MAX (__NEXUS_EVENT_A_MAX - 1)

/*
 * Takes the memory of channels back that agreed to it when they attached: those
 * of one channel, of one process, or of the processes of a cgroup and the ones
 * below. Exactly one attribute.
 */
enum nexus_defunct_attr {
	NEXUS_DEFUNCT_A_UNSPEC,
	NEXUS_DEFUNCT_A_CHANNEL_ID,	/* u32 */
	NEXUS_DEFUNCT_A_PID,		/* u32, as the sender sees it */
	NEXUS_DEFUNCT_A_CGROUP,		/* u64, inode number of a cgroup v2 folder */
	NEXUS_DEFUNCT_A_PAD,
	__NEXUS_DEFUNCT_A_MAX,
};
#define NEXUS_DEFUNCT_A_MAX (__NEXUS_DEFUNCT_A_MAX - 1)

/* Who decided that the memory of a channel is taken back. */
enum nexus_defunct_reason {
	NEXUS_DEFUNCT_ASKED = 1,	/* an administrator, by DEFUNCT */
	NEXUS_DEFUNCT_IDLE,		/* the policy, by MAX_IDLE */
	NEXUS_DEFUNCT_PRESSURE,		/* the kernel, which has no memory left */
};

/* What tunes itself, and can be pinned for comparison. */
enum nexus_tune_knob {
	NEXUS_TUNE_WORKING_SET = 1,	/* pages that stand ready without a user */
	NEXUS_TUNE_WAKE_DELAY,		/* microseconds, up to 1000, that a wake waits for
					 * more packets */
	NEXUS_TUNE_TX_BUDGET,		/* packets, 1 to 16384, that leave in a row before
					 * something else may run */
	NEXUS_TUNE_RECEIVE_WINDOW,	/* bytes, 4096 to 1 GiB, that a TCP connection's
					 * receive window may be at the most */
	NEXUS_TUNE_CACHE_BATCH,		/* small buffers, 1 to 64, that a queue takes from its
					 * channel's pool, or gives back, at a time */
};

enum nexus_tune_state {
	NEXUS_TUNE_HOLDS = 1,		/* fits what was seen lately */
	NEXUS_TUNE_GROWS,
	NEXUS_TUNE_SHRINKS,
	NEXUS_TUNE_RESTS,		/* nothing was seen for long */
	NEXUS_TUNE_PINNED,		/* set by an administrator */
	NEXUS_TUNE_BACKS_OFF,		/* it was in vain: not tried again for some time */
};

enum nexus_tune_attr {
	NEXUS_TUNE_A_UNSPEC,
	NEXUS_TUNE_A_CHANNEL_ID,	/* u32; in requests only */
	NEXUS_TUNE_A_KNOB,		/* u32, enum nexus_tune_knob */
	NEXUS_TUNE_A_STATE,		/* u32, enum nexus_tune_state; in answers only */
	NEXUS_TUNE_A_VALUE,		/* u32, in the knob's unit */
	NEXUS_TUNE_A_QUEUE,		/* u32, which it is of; absent: of the channel; in
					 * answers only */
	__NEXUS_TUNE_A_MAX,
};
#define NEXUS_TUNE_A_MAX (__NEXUS_TUNE_A_MAX - 1)

/*
 * What a network namespace may have of all its nexuses together, and, in answers
 * only, has. A limit of 0 is any number. SET_LIMITS changes those that it holds.
 * A namespace begins with the limits that the initial one has at that time.
 */
enum nexus_limits_attr {
	NEXUS_LIMITS_A_UNSPEC,
	NEXUS_LIMITS_A_MAX_CHANNELS,	/* u32 */
	NEXUS_LIMITS_A_MAX_FLOWS,	/* u32, of all channels */
	NEXUS_LIMITS_A_MAX_BYTES,	/* u64, rings and pools */
	NEXUS_LIMITS_A_PAD,
	NEXUS_LIMITS_A_MAX_SYNS,	/* u32, connections that may be tried a second */
	NEXUS_LIMITS_A_NR_CHANNELS,	/* u32 */
	NEXUS_LIMITS_A_NR_FLOWS,	/* u32 */
	NEXUS_LIMITS_A_BYTES,		/* u64 */
	__NEXUS_LIMITS_A_MAX,
};
#define NEXUS_LIMITS_A_MAX (__NEXUS_LIMITS_A_MAX - 1)

#endif /* _UAPI_LINUX_NEXUS_NETLINK_H */
