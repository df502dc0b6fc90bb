// SPDX-License-Identifier: GPL-2.0
/*
 * How many buffers move at a time between queues and their pool: how often queues
 * meet at its list, whether that runs dry, and the batch that was decided.
 */
#include "../../kmod/core/batch.h"
#include "plots.h"

#define SAMPLES	200

/**
 * struct load - what a batch decides about, at one moment
 * @meet: of 100 trips, those that wait for another queue's, at a batch of
 *        NX_BATCH_START; with twice the batch there are half as many trips
 * @use:  buffers of the pool's 1,024 that applications have, beside what the
 *        caches of its eight queues keep
 */
struct load {
	double	meet;
	double	use;
};

typedef void (*load_fn)(int i, struct load *l);

static void step(int i, struct load *l)
{
	l->meet = i >= 50 && i < 120 ? 20 : 2;
}

static void ramp(int i, struct load *l)
{
	l->meet = 40.0 * i / SAMPLES;
}

static void oscillation(int i, struct load *l)
{
	l->meet = i / 2 % 2 ? 24 : 2;
}

/* Applications keep more and more, and give it back. */
static void scarcity(int i, struct load *l)
{
	l->use = i < 120 ? 300 + 6 * i : 300;
}

static void silence(int i, struct load *l)
{
	l->meet = i < 40 ? 30 : 0;
}

#define POOL	1024
#define QUEUES	8

/* A sample of trips: those that wait lie evenly among them. */
static void spend(struct nx_batch *b, double meet, bool is_dry)
{
	double sum = 0;

	for (unsigned int i = 0; i < NX_BATCH_SAMPLE; i++) {
		bool is_contended;

		sum += meet / 100;
		is_contended = sum >= 1;
		sum -= is_contended;
		nx_batch_update(b, is_contended, is_dry && !i);
	}
}

static void simulate(load_fn load, struct sim_plot *plot)
{
	struct sim_series *met = sim_plot_add(plot, "trips that wait, %", true);
	struct sim_series *left = sim_plot_add(plot, "free in the list, 10", true);
	struct sim_series *batch = sim_plot_add(plot, "batch, buffers", false);
	struct nx_batch b;

	nx_batch_init(&b);
	for (int i = 0; i < SAMPLES; i++) {
		struct load l = { 0 };
		double meet, free;

		load(i, &l);
		meet = l.meet * NX_BATCH_START / b.buffers;
		free = POOL - l.use - QUEUES * 2.0 * b.buffers;
		if (meet > 100)
			meet = 100;
		plot_step(met, i, i + 1, meet);
		plot_step(left, i, i + 1, free > 0 ? free / 10 : 0);
		plot_step(batch, i, i + 1, b.buffers);
		spend(&b, meet, free <= 0);
	}
}

int plot_batch(const char *folder)
{
	static const struct {
		const char	*name;
		load_fn		load;
	} loads[] = {
		{ "step", step }, { "ramp", ramp }, { "oscillation", oscillation },
		{ "scarcity", scarcity }, { "silence", silence },
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct sim_plot plot = {
			.title = "batch between queues and their pool",
			.x_label = "samples of 32 trips",
			.y_label = "see the lines",
		};

		simulate(loads[i].load, &plot);
		ret |= plot_write(&plot, folder, "batch", loads[i].name);
	}
	return ret;
}
