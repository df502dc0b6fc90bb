// SPDX-License-Identifier: GPL-2.0
/* Neighbours of an attacker, and what they saw of it. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"

/* Round trips that a phase has at least, and the pause between two. */
#define PINGS		100
#define PAUSE_MS	2
/* Nothing local takes so long, on a slow machine either. */
#define PATIENCE_MS	20000

#define PAYLOAD		600

/**
 * struct pinger - one neighbour
 * @chan, @flow: of the one with a channel
 * @sock:  of the other one
 * @peer:  the socket of the other end
 */
struct pinger {
	struct nx_chan	chan;
	struct nx_flow	flow;
	int	sock;
	int	peer;
};

static void pinger_start(struct pinger *p, struct nx_bed *bed, int neighbour)
{
	__u16 port = neighbour ? NX_BED_KERNEL_PORT : NX_BED_CHANNEL_PORT;

	p->peer = nx_udp_socket(bed->net.peer, NX_PEER4, port, NULL, 0);
	nx_udp_connect(p->peer, NX_HOST4, port);
	if (neighbour) {
		p->sock = nx_udp_socket(-1, NX_HOST4, port, NX_PEER4, port);
		return;
	}
	p->sock = -1;
	nx_chan_start(&p->chan, NX_BED_NEXUS);
	nx_flow_start(&p->flow, &p->chan, NX_HOST4, port, NX_PEER4, port);
}

static bool ping_out(struct pinger *p, const __u8 *bytes)
{
	if (p->sock < 0)
		return !nx_flow_send(&p->flow, bytes, PAYLOAD);
	return nx_udp_send(p->sock, bytes, PAYLOAD, NULL, 0) == PAYLOAD;
}

static bool ping_back(struct pinger *p, __u8 *bytes)
{
	if (p->sock < 0)
		return nx_flow_recv(&p->flow, bytes, PAYLOAD, NULL,
				    PATIENCE_MS) == PAYLOAD;
	return nx_udp_recv(p->sock, bytes, PAYLOAD, PATIENCE_MS) == PAYLOAD;
}

static bool ping(struct pinger *p, const __u8 *out, __u8 *back)
{
	__u8 there[PAYLOAD];

	return ping_out(p, out) &&
	       nx_udp_recv(p->peer, there, PAYLOAD, PATIENCE_MS) == PAYLOAD &&
	       nx_udp_send(p->peer, there, PAYLOAD, NULL, 0) == PAYLOAD &&
	       ping_back(p, back);
}

static void ping_once(struct pinger *p, struct nx_bed_tally *tally, __u32 *seed)
{
	long long spent, begin = nx_now_ns();
	__u8 out[PAYLOAD], back[PAYLOAD];

	for (size_t i = 0; i < PAYLOAD; i++)
		out[i] = nx_random(seed) >> 16;
	if (!ping(p, out, back)) {
		tally->lost++;
		return;
	}
	spent = nx_now_ns() - begin;
	for (size_t i = 0; i < PAYLOAD; i++)
		tally->wrong += out[i] != back[i];
	tally->spent_ns += spent;
	if (spent > tally->worst_ns)
		tally->worst_ns = spent;
	__atomic_fetch_add(&tally->pings, 1, __ATOMIC_RELEASE);
}

/*
 * A neighbour goes before whoever only computes, as an interactive program would:
 * what is to be seen are locks, queues and memory, and not who gets the CPU.
 */
static void go_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		nx_die("SCHED_FIFO: %s", strerror(errno));
}

static void be_neighbour(struct nx_bed *bed, int neighbour)
{
	static struct pinger p;
	__u32 seed = 1 + neighbour, phase;

	go_first();
	pinger_start(&p, bed, neighbour);
	while ((phase = *bed->phase) < NX_BED_NR_PHASES) {
		ping_once(&p, &bed->tally[neighbour][phase], &seed);
		nx_sleep_ms(PAUSE_MS);
	}
	_exit(0);
}

static void await_pings(struct nx_bed *bed, enum nx_bed_phase phase)
{
	for (int i = 0; i < NX_BED_NEIGHBOURS; i++) {
		struct nx_bed_tally *tally = &bed->tally[i][phase];

		if (!nx_wait_word(&tally->pings, PINGS, 3 * PATIENCE_MS))
			nx_die("neighbour %d: %u round trips, %u lost", i,
			       tally->pings, tally->lost);
	}
}

void nx_bed_start(struct nx_bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	nx_net_start(&bed->net);
	nx_nexus_start(NX_BED_NEXUS, NX_DEV);
	bed->phase = nx_shared_alloc(sizeof(*bed->phase));
	bed->tally = nx_shared_alloc(NX_BED_NEIGHBOURS * sizeof(*bed->tally));
	for (int i = 0; i < NX_BED_NEIGHBOURS; i++) {
		bed->pid[i] = nx_fork();
		if (!bed->pid[i])
			be_neighbour(bed, i);
	}
	await_pings(bed, NX_BED_QUIET);
	*bed->phase = NX_BED_ATTACK;
}

static long long mean_ns(const struct nx_bed_tally *tally)
{
	return tally->spent_ns / tally->pings;
}

static void judge(struct nx_bed *bed, int neighbour)
{
	struct nx_bed_tally *quiet = &bed->tally[neighbour][NX_BED_QUIET];
	struct nx_bed_tally *attack = &bed->tally[neighbour][NX_BED_ATTACK];
	long long before = mean_ns(quiet), now = mean_ns(attack);

	nx_note("neighbour %d: %u round trips of %lld us (worst %lld us); before: %u of %lld us (worst %lld us)",
		neighbour, attack->pings, now / 1000, attack->worst_ns / 1000,
		quiet->pings, before / 1000, quiet->worst_ns / 1000);
	if (quiet->lost + attack->lost)
		nx_die("neighbour %d lost datagrams: %u in quiet, %u under attack",
		       neighbour, quiet->lost, attack->lost);
	if (quiet->wrong + attack->wrong)
		nx_die("neighbour %d got wrong bytes", neighbour);
	/* Interrupts and caches are shared; what an attacker could hold is not. */
	if (now > 5 * before + 5 * NX_MSEC)
		nx_die("neighbour %d was held up", neighbour);
}

void nx_bed_judge(struct nx_bed *bed)
{
	await_pings(bed, NX_BED_ATTACK);
	*bed->phase = NX_BED_OVER;
	for (int i = 0; i < NX_BED_NEIGHBOURS; i++) {
		if (nx_wait_child(bed->pid[i]))
			nx_die("neighbour %d did not end well", i);
		judge(bed, i);
	}
}
