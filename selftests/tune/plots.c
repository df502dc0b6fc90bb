// SPDX-License-Identifier: GPL-2.0
/* Draws what each controller decides. */
#include <stdio.h>
#include <string.h>

#include "plots.h"

void plot_step(struct sim_series *series, double from, double until, double y)
{
	sim_series_add(series, from, y);
	sim_series_add(series, until, y);
}

int plot_write(struct sim_plot *plot, const char *folder, const char *controller,
	       const char *load)
{
	char path[4096];
	int err;

	snprintf(path, sizeof(path), "%s/%s-%s.svg", folder, controller, load);
	err = sim_plot_write(plot, path);
	sim_plot_exit(plot);
	if (err)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	else
		puts(path);
	return err != 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: plots FOLDER\n");
		return 2;
	}
	return plot_wset(argv[1]) | plot_gather(argv[1]) | plot_budget(argv[1]) |
	       plot_batch(argv[1]);
}
