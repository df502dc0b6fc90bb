// SPDX-License-Identifier: GPL-2.0
/*
 * How many packets leave in a row: what each takes, what a whole budget takes,
 * and the budget that was decided.
 */
#include <math.h>

#include "../../kmod/core/budget.h"
#include "plots.h"

#define BUDGETS	400

/* Nanoseconds that a packet takes in budget @i. */
typedef double (*load_fn)(int i);

static double step(int i)
{
	return i < 150 || i >= 250 ? 500 : 20000;
}

static double ramp(int i)
{
	return 200.0 * exp(i * log(200.0) / BUDGETS);
}

static double oscillation(int i)
{
	return i % 20 < 10 ? 800 : 3000;
}

/* One budget in ten is interrupted. */
static double interrupted(int i)
{
	return i % 10 ? 600 : 20000;
}

static void simulate(load_fn load, struct sim_plot *plot)
{
	struct sim_series *each = sim_plot_add(plot, "a packet, 10 ns", true);
	struct sim_series *whole = sim_plot_add(plot, "a budget, us", false);
	struct sim_series *budget = sim_plot_add(plot, "budget, packets", false);
	struct nx_budget b;

	nx_budget_init(&b);
	for (int i = 0; i < BUDGETS; i++) {
		double each_ns = load(i), took_ns = b.packets * each_ns;

		plot_step(each, i, i + 1, fmin(each_ns / 10, 1000));
		plot_step(whole, i, i + 1, fmin(took_ns / 1000, 1000));
		plot_step(budget, i, i + 1, b.packets);
		nx_budget_update(&b, (u64)took_ns);
	}
}

int plot_budget(const char *folder)
{
	static const struct {
		const char	*name;
		load_fn		load;
	} loads[] = {
		{ "step", step }, { "ramp", ramp }, { "oscillation", oscillation },
		{ "interrupted", interrupted },
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct sim_plot plot = {
			.title = "budget of a sender",
			.x_label = "budgets spent",
			.y_label = "see the lines; none is drawn over 1,000",
		};

		simulate(loads[i].load, &plot);
		ret |= plot_write(&plot, folder, "budget", loads[i].name);
	}
	return ret;
}
