/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Gathering packets before a sleeper is woken: for how long, and whether at all.
 *
 * The caller asks when a run of packets has arrived for somebody who sleeps, and
 * is told to wake at once, or to wait and let more come. Waiting begins when both
 * packets and bytes are many, ends when both are few, and is given up where it
 * brought nothing: where the other side sends nothing more before it has heard
 * from the sleeper. A packet that comes alone is never held.
 */
#ifndef NX_CORE_GATHER_H
#define NX_CORE_GATHER_H

#include "types.h"

/*
 * As the operating system that ships this architecture does it: samples of
 * 10 ms, what was decided stays for 1 s, and nothing is held longer than 1 ms.
 */
#define NX_GATHER_SAMPLE_NS	10000000ULL
#define NX_GATHER_HOLD_NS	1000000000ULL
#define NX_GATHER_MAX_US	1000U

/* A row that brought nothing is not tried again for up to so many holds. */
#define NX_GATHER_PATIENCE	64U
/* So many times in a row nobody came in the second half of what was waited. */
#define NX_GATHER_VAIN_MAX	4U
/* Or nobody at all while so many times as many packets should have come. */
#define NX_GATHER_PROBE		8U

/* So many that wait are worth a wake: twice what 1/32 asks for. */
#define NX_GATHER_PACKETS	64U
#define NX_GATHER_BYTES		(NX_GATHER_PACKETS * 2048U)

/**
 * enum nx_gather_state - what was decided last
 * @NX_GATHER_RESTS:   each run wakes at once
 * @NX_GATHER_GROWS:   there is more traffic than before: waits longer
 * @NX_GATHER_HOLDS:   waits as long as before
 * @NX_GATHER_SHRINKS: there is less: waits less
 * @NX_GATHER_VAIN:    nobody came while it waited: each run wakes at once
 * @NX_GATHER_PINNED:  an administrator set it
 */
enum nx_gather_state {
	NX_GATHER_RESTS,
	NX_GATHER_GROWS,
	NX_GATHER_HOLDS,
	NX_GATHER_SHRINKS,
	NX_GATHER_VAIN,
	NX_GATHER_PINNED,
};

/**
 * struct nx_gather - of one sleeper
 * @state:      enum nx_gather_state
 * @row:        of the table; 0: wakes at once
 * @delay_us:   waits so long
 * @packets, @bytes: moving averages of a sample
 * @gap_ns:     from one packet to the next, in the last sample
 * @sample_ns:  when the present sample began
 * @sample_packets, @sample_bytes: totals at that time
 * @changed_ns: when @row changed
 * @stays_ns:   so long it stays at 0 then
 * @last_ns:    when the last run came that was asked for
 * @held_ns:    when the present wait began; 0: nothing is held
 * @held_packets, @held_bytes: totals at that time
 * @probe_ns:   so long after that, one that came alone is let go
 * @nr_vain:    waits in a row that brought nothing
 */
struct nx_gather {
	u32	state;
	u32	row;
	u32	delay_us;
	u32	packets;
	u32	bytes;
	u64	gap_ns;
	u64	sample_ns;
	u64	sample_packets;
	u64	sample_bytes;
	u64	changed_ns;
	u64	stays_ns;
	u64	last_ns;
	u64	held_ns;
	u64	held_packets;
	u64	held_bytes;
	u64	probe_ns;
	u32	nr_vain;
};

/**
 * struct nx_gather_run - a run of packets, behind its last one
 * @now_ns:  the time; not 0
 * @packets, @bytes: totals so far
 * @waiting: packets that the sleeper has not taken
 * @room:    that there is room for more of
 */
struct nx_gather_run {
	u64	now_ns;
	u64	packets;
	u64	bytes;
	u32	waiting;
	u32	room;
};

void nx_gather_init(struct nx_gather *g);
void nx_gather_pin(struct nx_gather *g, u32 delay_us);
u64 nx_gather_ask(struct nx_gather *g, const struct nx_gather_run *run);
u64 nx_gather_expire(struct nx_gather *g, u64 now_ns);
bool nx_gather_let_go(struct nx_gather *g, u64 now_ns);
enum nx_gather_state nx_gather_show(const struct nx_gather *g, u64 now_ns,
				    u32 *delay_us);

#endif /* NX_CORE_GATHER_H */
