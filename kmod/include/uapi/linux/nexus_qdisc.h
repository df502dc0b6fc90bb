/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * The queueing discipline "nexus": options and statistics, as rtnetlink carries
 * them in TCA_OPTIONS and TCA_STATS_APP.
 *
 *   TCA_KIND      "nexus"
 *   TCA_OPTIONS   (nest; when it is changed, what is absent stays as it is)
 *     NEXUS_QDISC_A_RATE          u64  bytes a second; 0: as fast as the device
 *     NEXUS_QDISC_A_BURST         u32  bytes that may leave at once after a
 *                                      pause; 0: what two milliseconds carry
 *     NEXUS_QDISC_A_TARGET        u64  ns, sojourn time that may stand
 *     NEXUS_QDISC_A_INTERVAL      u64  ns, for how long it may be longer
 *     NEXUS_QDISC_A_CE_THRESHOLD  u64  ns, over which ECT(1) is marked CE
 *     NEXUS_QDISC_A_LIMIT         u32  packets
 *     NEXUS_QDISC_A_FLOWS         u32  queues for flows; only when it is made
 *     NEXUS_QDISC_A_QUANTUM       u32  bytes of a flow's turn
 *     NEXUS_QDISC_A_LL_SHARE      u32  of the rate for the low-latency class,
 *                                      in thousandths
 */
#ifndef _UAPI_LINUX_NEXUS_QDISC_H
#define _UAPI_LINUX_NEXUS_QDISC_H

#include <linux/types.h>

#define NEXUS_QDISC_KIND	"nexus"

enum nexus_qdisc_attr {
	NEXUS_QDISC_A_UNSPEC,
	NEXUS_QDISC_A_PAD,
	NEXUS_QDISC_A_RATE,
	NEXUS_QDISC_A_BURST,
	NEXUS_QDISC_A_TARGET,
	NEXUS_QDISC_A_INTERVAL,
	NEXUS_QDISC_A_CE_THRESHOLD,
	NEXUS_QDISC_A_LIMIT,
	NEXUS_QDISC_A_FLOWS,
	NEXUS_QDISC_A_QUANTUM,
	NEXUS_QDISC_A_LL_SHARE,
	__NEXUS_QDISC_A_MAX,
};

#define NEXUS_QDISC_A_MAX	(__NEXUS_QDISC_A_MAX - 1)

/* Limits of the options. */
#define NEXUS_QDISC_TIME_MAX	1000000000000ULL	/* ns */
#define NEXUS_QDISC_FLOWS_MAX	65536
#define NEXUS_QDISC_QUANTUM_MIN	256
#define NEXUS_QDISC_QUANTUM_MAX	1048576
#define NEXUS_QDISC_LL_SHARE_MAX 900

/**
 * struct nexus_qdisc_stats - what "tc -s qdisc" shows besides the usual
 * @size:       bytes that the kernel filled in
 * @nr_flows:   queues that have packets, or had some a moment ago
 * @delay_ns:   mean sojourn time of the last packets
 * @new_flows:  times that a flow began
 * @marked:     CE instead of a drop
 * @marked_l4s: CE of ECT(1) over the shallow threshold
 * @dropped:    by the delay
 * @overlimit:  dropped, for there were too many
 * @suspended:  flows of nexus, instead of a drop
 * @resumed:    of them
 * @ll_packets, @ll_bytes: sent by the low-latency class
 * @ll_backlog: bytes of it that stand
 * @expired:    packets that passed their deadline
 */
struct nexus_qdisc_stats {
	__u32	size;
	__u32	nr_flows;
	__u64	delay_ns;
	__u64	new_flows;
	__u64	marked;
	__u64	marked_l4s;
	__u64	dropped;
	__u64	overlimit;
	__u64	suspended;
	__u64	resumed;
	__u64	ll_packets;
	__u64	ll_bytes;
	__u64	ll_backlog;
	__u64	expired;
};

#endif /* _UAPI_LINUX_NEXUS_QDISC_H */
