// SPDX-License-Identifier: GPL-2.0
/*
 * What a working set decides: the pages that a load needs at its peak in each
 * second, the pages that the pool has, and the target.
 */
#include <math.h>

#include "../../kmod/core/wset.h"
#include "plots.h"

#define SECONDS	120
#define POOL	1024

/* Pages needed in second @t. */
typedef u32 (*load_fn)(u32 t);

static u32 step(u32 t)
{
	return t >= 20 && t < 60 ? 400 : 20;
}

static u32 ramp(u32 t)
{
	return t < 60 ? 10 * t : t < 90 ? 600 - 20 * (t - 60) : 0;
}

/* Faster than the quiet period, and then slower. */
static u32 oscillation(u32 t)
{
	u32 period = t < 60 ? 2 : 12;

	return t % period < period / 2 ? 300 : 30;
}

static u32 silence(u32 t)
{
	return t < 10 || (t >= 60 && t < 62) ? 200 : 0;
}

/* Many sizes at once: as a server's day, in two minutes. */
static u32 mixed(u32 t)
{
	return (u32)(150 + 100 * sin(t / 12.0) + (t * 7919 % 13) * 10);
}

static void simulate(load_fn load, struct sim_plot *plot)
{
	struct sim_series *needed = sim_plot_add(plot, "needed", true);
	struct sim_series *populated = sim_plot_add(plot, "populated", false);
	struct sim_series *target = sim_plot_add(plot, "target", false);
	struct nx_wset w;
	u32 have = 0, t;

	nx_wset_init(&w, POOL);
	for (t = 0; t < SECONDS; t++) {
		u32 need = load(t);
		struct nx_wset_sample s = {
			.nr_fresh = need > have ? need - have : 0,
			.nr_ready = have > need ? have - need : 0,
			.is_used = need != 0,
		};

		have += s.nr_fresh;
		have -= nx_wset_update(&w, &s);
		plot_step(needed, t, t + 1, need);
		plot_step(populated, t, t + 1, have);
		plot_step(target, t, t + 1, w.target);
	}
}

int plot_wset(const char *folder)
{
	static const struct {
		const char	*name;
		load_fn		load;
	} loads[] = {
		{ "step", step }, { "ramp", ramp }, { "oscillation", oscillation },
		{ "silence", silence }, { "mixed", mixed },
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct sim_plot plot = {
			.title = "working set",
			.x_label = "time, s",
			.y_label = "pages",
		};

		simulate(loads[i].load, &plot);
		ret |= plot_write(&plot, folder, "wset", loads[i].name);
	}
	return ret;
}
