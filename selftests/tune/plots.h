/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Diagrams of what the controllers decide on loads of several shapes, each drawn
 * into a file of its own.
 */
#ifndef TUNE_PLOTS_H
#define TUNE_PLOTS_H

#include "../sim/svg.h"

/* What lasts from @from to @until: a step, not a slope. */
void plot_step(struct sim_series *series, double from, double until, double y);

/* Writes FOLDER/CONTROLLER-LOAD.svg, and frees the diagram; 0, or 1: it failed. */
int plot_write(struct sim_plot *plot, const char *folder, const char *controller,
	       const char *load);

/* All loads of one controller; 0, or 1: a file could not be written. */
int plot_wset(const char *folder);
int plot_gather(const char *folder);
int plot_budget(const char *folder);
int plot_batch(const char *folder);

#endif /* TUNE_PLOTS_H */
