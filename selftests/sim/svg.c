// SPDX-License-Identifier: GPL-2.0
/*
 * Writes diagrams as SVG. Points closer than two units are left out: what is seen
 * is the same, and the file stays small enough to be kept with the documents.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "svg.h"

#define WIDTH	840
#define HEIGHT	420
#define LEFT	70
#define RIGHT	20
#define TOP	40
#define BOTTOM	50
#define TICKS	8

/* Told apart by those who see colours differently too (Okabe and Ito, 2008). */
static const char *const colours[SIM_PLOT_SERIES_MAX] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7",
	"#e69f00", "#56b4e9", "#000000", "#999999",
};

/* What one axis shows: from 0 to @max, a tick each @step, over @pixels. */
struct axis {
	double	max;
	double	step;
	double	pixels;
};

struct sim_series *sim_plot_add(struct sim_plot *plot, const char *name,
				bool is_dashed)
{
	struct sim_series *series = &plot->series[plot->nr_series];

	if (plot->nr_series == SIM_PLOT_SERIES_MAX)
		abort();
	plot->nr_series++;
	*series = (struct sim_series){ .name = name, .is_dashed = is_dashed };
	return series;
}

void sim_series_add(struct sim_series *series, double x, double y)
{
	if (series->nr == series->room) {
		series->room = series->room ? 2 * series->room : 64;
		series->x = realloc(series->x, series->room * sizeof(double));
		series->y = realloc(series->y, series->room * sizeof(double));
		if (!series->x || !series->y)
			abort();
	}
	series->x[series->nr] = x;
	series->y[series->nr] = y;
	series->nr++;
}

double sim_series_at(const struct sim_series *series, double x)
{
	size_t low = 0, high = series->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (series->x[mid] <= x)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? series->y[low - 1] : 0;
}

void sim_plot_exit(struct sim_plot *plot)
{
	for (size_t i = 0; i < plot->nr_series; i++) {
		free(plot->series[i].x);
		free(plot->series[i].y);
	}
	plot->nr_series = 0;
}

/* 1, 2 or 5 times a power of ten, so that there are at most TICKS. */
static struct axis fit(double max, double pixels)
{
	struct axis axis = { .max = max > 0 ? max : 1, .pixels = pixels };
	double raw = axis.max / TICKS, base = pow(10, floor(log10(raw)));

	axis.step = raw <= base ? base : raw <= 2 * base ? 2 * base :
		    raw <= 5 * base ? 5 * base : 10 * base;
	return axis;
}

static double to_x(const struct axis *axis, double value)
{
	return LEFT + value / axis->max * axis->pixels;
}

static double to_y(const struct axis *axis, double value)
{
	return TOP + axis->pixels - value / axis->max * axis->pixels;
}

static void write_head(FILE *file, const struct sim_plot *plot)
{
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
		"<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT,
		plot->title ? plot->title : "");
	fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12,
		plot->x_label ? plot->x_label : "");
	fprintf(file, "<text transform=\"translate(18 %d) rotate(-90)\" "
		"text-anchor=\"middle\">%s</text>\n",
		(TOP + HEIGHT - BOTTOM) / 2, plot->y_label ? plot->y_label : "");
}

static void write_axes(FILE *file, const struct axis *x, const struct axis *y)
{
	for (double v = 0; v <= x->max * 1.0001; v += x->step)
		fprintf(file, "<path d=\"M%.1f %dV%d\" stroke=\"#ddd\"/>"
			"<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n",
			to_x(x, v), TOP, HEIGHT - BOTTOM, to_x(x, v),
			HEIGHT - BOTTOM + 16, v);
	for (double v = 0; v <= y->max * 1.0001; v += y->step)
		fprintf(file, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>"
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
			LEFT, to_y(y, v), WIDTH - RIGHT, LEFT - 6,
			to_y(y, v) + 4, v);
	fprintf(file, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#333\"/>\n",
		LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
}

static void write_series(FILE *file, const struct sim_series *series,
			 const char *colour, const struct axis *x,
			 const struct axis *y)
{
	double last_x = -9, last_y = -9;

	fprintf(file, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"%s "
		"points=\"", colour,
		series->is_dashed ? " stroke-dasharray=\"5 4\"" : "");
	for (size_t i = 0; i < series->nr; i++) {
		double px = to_x(x, series->x[i]), py = to_y(y, series->y[i]);

		if (i && i + 1 < series->nr && fabs(px - last_x) < 2 &&
		    fabs(py - last_y) < 2)
			continue;
		fprintf(file, "%.1f,%.1f ", px, py);
		last_x = px;
		last_y = py;
	}
	fputs("\"/>\n", file);
}

static void write_legend(FILE *file, const struct sim_plot *plot)
{
	for (size_t i = 0; i < plot->nr_series; i++) {
		int y = TOP + 14 + 17 * (int)i;

		fprintf(file, "<path d=\"M%d %dh24\" stroke=\"%s\" "
			"stroke-width=\"2\"%s/><text x=\"%d\" y=\"%d\">%s</text>\n",
			LEFT + 12, y - 4, colours[i],
			plot->series[i].is_dashed ?
			" stroke-dasharray=\"5 4\"" : "", LEFT + 42, y,
			plot->series[i].name);
	}
}

static double largest(const struct sim_plot *plot, bool is_x)
{
	double max = 0;

	for (size_t i = 0; i < plot->nr_series; i++) {
		const struct sim_series *series = &plot->series[i];

		for (size_t j = 0; j < series->nr; j++)
			max = fmax(max, is_x ? series->x[j] : series->y[j]);
	}
	return max;
}

int sim_plot_write(const struct sim_plot *plot, const char *path)
{
	struct axis x = fit(largest(plot, true), WIDTH - LEFT - RIGHT);
	struct axis y = fit(largest(plot, false) * 1.15, HEIGHT - TOP - BOTTOM);
	FILE *file = fopen(path, "w");

	if (!file)
		return -errno;
	fputs("<!-- SPDX-License-Identifier: GPL-2.0 -->\n", file);
	write_head(file, plot);
	write_axes(file, &x, &y);
	for (size_t i = 0; i < plot->nr_series; i++)
		write_series(file, &plot->series[i], colours[i], &x, &y);
	write_legend(file, plot);
	fputs("</svg>\n", file);
	return fclose(file) ? -errno : 0;
}
