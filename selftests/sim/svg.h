/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Diagrams of lines over axes, as SVG.
 */
#ifndef SIM_SVG_H
#define SIM_SVG_H

#include <stddef.h>
#include <stdbool.h>

#define SIM_PLOT_SERIES_MAX	8

/**
 * struct sim_series - one line of a diagram
 * @name:      in the legend
 * @is_dashed: as what was computed is shown, beside what was measured
 * @x, @y:     points
 * @nr:        of them
 * @room:      for so many
 */
struct sim_series {
	const char	*name;
	bool		is_dashed;
	double		*x;
	double		*y;
	size_t		nr;
	size_t		room;
};

/**
 * struct sim_plot - a diagram
 * @title:     above it
 * @x_label, @y_label: at the axes, with their units
 * @series:    lines, in the legend's order
 * @nr_series: of them
 */
struct sim_plot {
	const char		*title;
	const char		*x_label;
	const char		*y_label;
	struct sim_series	series[SIM_PLOT_SERIES_MAX];
	size_t			nr_series;
};

/** sim_plot_add - begin a line; the name must outlive the diagram */
struct sim_series *sim_plot_add(struct sim_plot *plot, const char *name,
				bool is_dashed);

/** sim_series_add - append a point */
void sim_series_add(struct sim_series *series, double x, double y);

/** sim_series_at - the line's value at @x, that of the last point up to there */
double sim_series_at(const struct sim_series *series, double x);

/**
 * sim_plot_write - write the diagram to a file
 *
 * Return: 0, or -errno.
 */
int sim_plot_write(const struct sim_plot *plot, const char *path);

/** sim_plot_exit - free the lines */
void sim_plot_exit(struct sim_plot *plot);

#endif /* SIM_SVG_H */
