// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Gathering packets before a sleeper is woken: for how long, and whether at all.
 */
#include "gather.h"

/**
 * struct row - how long to wait, by what arrives
 * @packets:  of a sample
 * @bytes:    likewise
 * @delay_us: to wait
 */
struct row {
	u32	packets;
	u32	bytes;
	u32	delay_us;
};

/*
 * Each wait is worth its time: at the row's own rate at least 8, 18 and 32
 * packets come in it, which is a wake saved for all but one of them. The bytes
 * are those of 125, 100 and 87 a packet, so that acknowledgements alone, of 40 to
 * 60 bytes, do not count as traffic that may wait.
 */
static const struct row rows[] = {
	{ 0, 0, 0 },
	{ 160, 20000, 500 },
	{ 240, 24000, 750 },
	{ 320, 28000, NX_GATHER_MAX_US },
};

#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

/**
 * nx_gather_init - a sleeper of whom nothing is known
 * @g: of the sleeper
 */
void nx_gather_init(struct nx_gather *g)
{
	*g = (struct nx_gather) { .stays_ns = NX_GATHER_HOLD_NS };
}

/**
 * nx_gather_pin - wait so long whatever happens
 * @g:        of the sleeper; nx_gather_init() sets it free again
 * @delay_us: up to NX_GATHER_MAX_US
 */
void nx_gather_pin(struct nx_gather *g, u32 delay_us)
{
	g->state = NX_GATHER_PINNED;
	g->row = 0;
	g->delay_us = delay_us;
}

static void change(struct nx_gather *g, enum nx_gather_state state, u32 row,
		   u64 now_ns)
{
	g->state = state;
	g->row = row;
	g->delay_us = rows[row].delay_us;
	g->changed_ns = now_ns;
	g->nr_vain = 0;
}

/* By 1/8 upwards and by 1/4 downwards, @nr times; rounded so that it arrives. */
static u32 average(u32 was, u32 is, u64 nr)
{
	if (nr >= NX_GATHER_HOLD_NS / NX_GATHER_SAMPLE_NS)
		return is;
	for (; nr; nr--) {
		if (is > was)
			was += (is - was + 7) / 8;
		else
			was -= (was - is + 3) / 4;
	}
	return was;
}

static bool has_both(const struct nx_gather *g, const struct row *row)
{
	return g->packets >= row->packets && g->bytes >= row->bytes;
}

static bool lacks_both(const struct nx_gather *g, const struct row *row)
{
	return g->packets < row->packets && g->bytes < row->bytes;
}

/* Up if both are high, down if both are low, and otherwise as it is. */
static u32 choose(const struct nx_gather *g)
{
	u32 row = g->row;

	while (row + 1 < NR_ROWS && has_both(g, &rows[row + 1]))
		row++;
	if (row > g->row)
		return row;
	while (row && lacks_both(g, &rows[row]))
		row--;
	return row;
}

static void decide(struct nx_gather *g, u64 now_ns)
{
	u64 stays_ns = g->row ? NX_GATHER_HOLD_NS : g->stays_ns;
	u32 row;

	if (g->state == NX_GATHER_PINNED || now_ns - g->changed_ns < stays_ns)
		return;
	/* It has lasted: what was in vain once is forgotten. */
	if (g->row)
		g->stays_ns = NX_GATHER_HOLD_NS;
	row = choose(g);
	if (row != g->row)
		change(g, row > g->row ? NX_GATHER_GROWS :
		       row ? NX_GATHER_SHRINKS : NX_GATHER_RESTS, row, now_ns);
	else
		g->state = row ? NX_GATHER_HOLDS : NX_GATHER_RESTS;
}

/* Of @nr in @elapsed_ns, a sample's part; coarse units, so that it cannot wrap. */
static u32 per_sample(u64 nr, u64 elapsed_ns)
{
	return (u32)nx_div_u64(nr * 1000, nx_div_u64(elapsed_ns,
						     NX_GATHER_SAMPLE_NS / 1000));
}

static void take_sample(struct nx_gather *g, const struct nx_gather_run *run)
{
	u64 elapsed_ns = run->now_ns - g->sample_ns, nr;
	u32 packets, bytes;

	if (elapsed_ns < NX_GATHER_SAMPLE_NS)
		return;
	packets = per_sample(run->packets - g->sample_packets, elapsed_ns);
	bytes = per_sample(run->bytes - g->sample_bytes, elapsed_ns);
	/* Samples in which nobody asked were alike. */
	nr = nx_div_u64(elapsed_ns, NX_GATHER_SAMPLE_NS);
	g->packets = average(g->packets, packets, nr);
	g->bytes = average(g->bytes, bytes, nr);
	g->gap_ns = nx_div_u64(NX_GATHER_SAMPLE_NS, packets ? packets : 1);
	g->sample_ns = run->now_ns;
	g->sample_packets = run->packets;
	g->sample_bytes = run->bytes;
	decide(g, run->now_ns);
}

/* No more is to be waited for: it is enough, or could become too much. */
static bool is_enough(const struct nx_gather *g, const struct nx_gather_run *run)
{
	return run->waiting >= NX_GATHER_PACKETS ||
	       run->waiting > run->room / 4 ||
	       run->packets - g->held_packets >= NX_GATHER_PACKETS ||
	       run->bytes - g->held_bytes >= NX_GATHER_BYTES;
}

/* Who is not alone is followed by others in so long. */
static u64 probe(const struct nx_gather *g, const struct nx_gather_run *run)
{
	u64 probe_ns = NX_GATHER_PROBE * run->waiting * g->gap_ns;
	u64 half_ns = 1000ULL * g->delay_us / 2;

	if (g->state == NX_GATHER_PINNED)
		return 2 * half_ns;
	return probe_ns < half_ns ? probe_ns : half_ns;
}

static void begin(struct nx_gather *g, const struct nx_gather_run *run)
{
	g->held_ns = run->now_ns;
	g->held_packets = run->packets;
	g->held_bytes = run->bytes;
	g->probe_ns = probe(g, run);
}

/* Nanoseconds until a wait is looked at, of which @waited_ns have passed. */
static u64 next_look(const struct nx_gather *g, u64 waited_ns)
{
	if (waited_ns < g->probe_ns)
		return g->probe_ns - waited_ns;
	return 1000ULL * g->delay_us - waited_ns;
}

/**
 * nx_gather_ask - a run of packets has arrived for the sleeper
 * @g:   of the sleeper
 * @run: what came
 *
 * Return: 0: wake now; otherwise nanoseconds until nx_gather_expire() has to be
 * asked.
 */
u64 nx_gather_ask(struct nx_gather *g, const struct nx_gather_run *run)
{
	u64 delay_ns, gap_ns = run->now_ns - g->last_ns, waited_ns;
	bool is_alone;

	take_sample(g, run);
	delay_ns = 1000ULL * g->delay_us;
	/* For as long as we would wait, nobody came: nobody will. */
	is_alone = gap_ns >= delay_ns && g->state != NX_GATHER_PINNED;
	g->last_ns = run->now_ns;
	if (!g->held_ns) {
		if (!delay_ns || is_alone)
			return 0;
		begin(g, run);
	}
	waited_ns = run->now_ns - g->held_ns;
	if (waited_ns < delay_ns && !is_enough(g, run))
		return next_look(g, waited_ns);
	g->held_ns = 0;
	g->nr_vain = 0;
	return 0;
}

static void note_vain(struct nx_gather *g, u64 now_ns)
{
	if (++g->nr_vain < NX_GATHER_VAIN_MAX || g->state == NX_GATHER_PINNED)
		return;
	g->stays_ns *= 2;
	if (g->stays_ns > NX_GATHER_PATIENCE * NX_GATHER_HOLD_NS)
		g->stays_ns = NX_GATHER_PATIENCE * NX_GATHER_HOLD_NS;
	change(g, NX_GATHER_VAIN, 0, now_ns);
}

/* Nobody came for half of the wait: they all wait for the sleeper. */
static void judge(struct nx_gather *g, u64 now_ns)
{
	if (g->last_ns - g->held_ns >= 1000ULL * g->delay_us / 2)
		g->nr_vain = 0;
	else
		note_vain(g, now_ns);
}

/**
 * nx_gather_expire - the time that nx_gather_ask() gave has passed
 * @g:      of the sleeper
 * @now_ns: the time
 *
 * Return: 0: wake, if anything still waits; otherwise nanoseconds until this is to
 * be asked again, as what is held now came later, or others have followed it.
 */
u64 nx_gather_expire(struct nx_gather *g, u64 now_ns)
{
	u64 waited_ns = now_ns - g->held_ns;

	if (!g->held_ns)
		return 0;
	if (waited_ns >= 1000ULL * g->delay_us)
		judge(g, now_ns);
	else if (waited_ns >= g->probe_ns && g->last_ns == g->held_ns)
		note_vain(g, now_ns);
	else
		return next_look(g, waited_ns);
	g->held_ns = 0;
	return 0;
}

/**
 * nx_gather_let_go - who sent last sends no more before he has heard of it
 * @g:      of the sleeper
 * @now_ns: the time
 *
 * Return: true: something is held, and is not from here on: wake; false: nothing
 * is, or an administrator wants it held.
 */
bool nx_gather_let_go(struct nx_gather *g, u64 now_ns)
{
	if (!g->held_ns || g->state == NX_GATHER_PINNED)
		return false;
	if (g->last_ns == g->held_ns)
		note_vain(g, now_ns);
	else
		g->nr_vain = 0;
	g->held_ns = 0;
	return true;
}

/**
 * nx_gather_show - what is done now
 * @g:        of the sleeper
 * @now_ns:   the time
 * @delay_us: result: how long it waits
 *
 * After silence the next run will find that there is nothing to wait for.
 */
enum nx_gather_state nx_gather_show(const struct nx_gather *g, u64 now_ns,
				    u32 *delay_us)
{
	if (g->row && now_ns - g->last_ns >= NX_GATHER_HOLD_NS) {
		*delay_us = 0;
		return NX_GATHER_RESTS;
	}
	*delay_us = g->delay_us;
	return g->state;
}
