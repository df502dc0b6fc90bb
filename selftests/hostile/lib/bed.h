/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an attack is measured by: two neighbours on the attacked host, one with a
 * channel and one with the kernel's stack, whose datagrams go to the peer and
 * back all the time. The attacker is the test itself.
 */
#ifndef NX_BED_H
#define NX_BED_H

#include "flow.h"
#include "util.h"

#define NX_BED_NEXUS	"t"
/* Ports of the neighbours; the attacker has those from NX_BED_PORT on. */
#define NX_BED_PORT	4000
#define NX_BED_CHANNEL_PORT	3000
#define NX_BED_KERNEL_PORT	3001

#define NX_BED_NEIGHBOURS	2

enum nx_bed_phase {
	NX_BED_QUIET,
	NX_BED_ATTACK,
	NX_BED_NR_PHASES,
	NX_BED_OVER,
};

/**
 * struct nx_bed_tally - what one neighbour saw in one phase
 * @pings:    datagrams that went there and back
 * @lost:     that did not
 * @wrong:    bytes that were not what was sent
 * @spent_ns: on all @pings together
 * @worst_ns: on one
 */
struct nx_bed_tally {
	volatile __u32	pings;
	volatile __u32	lost;
	volatile __u32	wrong;
	volatile long long	spent_ns;
	volatile long long	worst_ns;
};

/**
 * struct nx_bed - the scene
 * @net:    a host with a nexus, and a peer
 * @phase:  shared with the neighbours: enum nx_bed_phase
 * @tally:  by neighbour and phase, shared too
 * @pid:    of the neighbours
 */
struct nx_bed {
	struct nx_net	net;
	volatile __u32	*phase;
	struct nx_bed_tally	(*tally)[NX_BED_NR_PHASES];
	pid_t	pid[NX_BED_NEIGHBOURS];
};

/* The neighbours run, and the quiet period has passed. */
void nx_bed_start(struct nx_bed *bed);
/* The attack is over: fails the test if a neighbour has noticed it. */
void nx_bed_judge(struct nx_bed *bed);

#endif
