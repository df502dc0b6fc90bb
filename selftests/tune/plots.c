// SPDX-License-Identifier: GPL-2.0
/*
 * Draws what a working set decides on loads of several shapes: the pages that a
 * load needs at its peak in each second, the pages that the pool has, and the
 * target.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../kmod/core/wset.h"

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

/**
 * struct second - what is drawn of one second
 * @need:   pages at the peak
 * @have:   pages of the pool afterwards
 * @target: of the working set
 */
struct second {
	u32	need;
	u32	have;
	u32	target;
};

static void simulate(load_fn load, struct second *out)
{
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
		out[t] = (struct second) { need, have, w.target };
	}
}

/* ------------------------------------------------------------------- SVG */

#define WIDTH	900
#define HEIGHT	300
#define LEFT	50
#define TOP	40

static double x_of(u32 t)
{
	return LEFT + (double)t * WIDTH / SECONDS;
}

static double y_of(u32 pages, u32 most)
{
	return TOP + HEIGHT - (double)pages * HEIGHT / most;
}

static u32 value(const struct second *s, int curve)
{
	return curve == 0 ? s->need : curve == 1 ? s->have : s->target;
}

static u32 find_most(const struct second *s)
{
	u32 most = 1, t;
	int curve;

	for (t = 0; t < SECONDS; t++)
		for (curve = 0; curve < 3; curve++)
			if (value(&s[t], curve) > most)
				most = value(&s[t], curve);
	return most;
}

static void draw_curve(FILE *out, const struct second *s, int curve, u32 most)
{
	static const char *const colours[] = { "#999999", "#1f77b4", "#d62728" };
	static const char *const names[] = { "needed", "populated", "target" };
	u32 t;

	fprintf(out, "<polyline fill='none' stroke='%s' stroke-width='1.5' points='",
		colours[curve]);
	for (t = 0; t < SECONDS; t++)
		fprintf(out, "%.1f,%.1f %.1f,%.1f ", x_of(t),
			y_of(value(&s[t], curve), most), x_of(t + 1),
			y_of(value(&s[t], curve), most));
	fprintf(out, "'/>\n<text x='%d' y='%d' fill='%s'>%s</text>\n",
		LEFT + 300 + 100 * curve, TOP - 15, colours[curve],
		names[curve]);
}

static void draw_axes(FILE *out, const char *name, u32 most)
{
	u32 t;

	fprintf(out, "<text x='%d' y='%d' font-weight='bold'>working set, %s (pages)</text>\n",
		LEFT, TOP - 15, name);
	fprintf(out, "<rect x='%d' y='%d' width='%d' height='%d' fill='none' stroke='black'/>\n",
		LEFT, TOP, WIDTH, HEIGHT);
	fprintf(out, "<text x='5' y='%d'>%u</text><text x='5' y='%d'>0</text>\n",
		TOP + 10, most, TOP + HEIGHT);
	for (t = 0; t <= SECONDS; t += 20)
		fprintf(out, "<text x='%.0f' y='%d'>%u s</text>\n", x_of(t),
			TOP + HEIGHT + 18, t);
}

static int draw(const char *folder, const char *name, load_fn load)
{
	struct second s[SECONDS];
	char path[4096];
	FILE *out;
	int curve;

	simulate(load, s);
	snprintf(path, sizeof(path), "%s/wset-%s.svg", folder, name);
	out = fopen(path, "w");
	if (!out) {
		perror(path);
		return 1;
	}
	fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
		"font-family='sans-serif' font-size='12'>\n", WIDTH + LEFT + 30,
		HEIGHT + TOP + 30);
	draw_axes(out, name, find_most(s));
	for (curve = 0; curve < 3; curve++)
		draw_curve(out, s, curve, find_most(s));
	fputs("</svg>\n", out);
	if (fclose(out)) {
		perror(path);
		return 1;
	}
	puts(path);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char	*name;
		load_fn		load;
	} loads[] = {
		{ "step", step }, { "ramp", ramp }, { "oscillation", oscillation },
		{ "silence", silence }, { "mixed", mixed },
	};
	size_t i;
	int ret = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: plots FOLDER\n");
		return 2;
	}
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		ret |= draw(argv[1], loads[i].name, loads[i].load);
	return ret;
}
