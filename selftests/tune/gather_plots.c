// SPDX-License-Identifier: GPL-2.0
/*
 * For how long wakes are held back: packets that come, wakes that they cause, and
 * the delay that was decided.
 */
#include <math.h>

#include "../../kmod/core/gather.h"
#include "plots.h"

#define STEP_NS		5000ULL
#define SLICE_NS	20000000ULL	/* a point of the diagram */
#define SECONDS		10
#define SLOTS		1024
#define LEN		300

/* Packets a millisecond, at time @t in seconds; below 0: whoever sends waits. */
typedef double (*load_fn)(double t);

static double step(double t)
{
	return t > 2 && t < 6 ? 60 : 1;
}

static double ramp(double t)
{
	return t < 5 ? 16 * t : 16 * (10 - t);
}

/* Round the first row: fast, and then slowly. */
static double oscillation(double t)
{
	return 16 + 6 * sin(t < 5 ? 60 * t : 3 * t);
}

static double silence(double t)
{
	return t < 2 || (t > 4 && t < 4.2) || t > 7 ? 50 : 0;
}

static double closed_loop(double t)
{
	return t < 1 ? 1 : -1;
}

/**
 * struct sleeper - who takes all there is as soon as it wakes
 * @gather:   under test
 * @now_ns:   time
 * @timer_ns: when the wait ends, 0: there is none
 * @packets:  so far
 * @waiting:  of them
 * @wakes:    so far
 */
struct sleeper {
	struct nx_gather	gather;
	u64	now_ns;
	u64	timer_ns;
	u64	packets;
	u32	waiting;
	u32	wakes;
};

static void wake(struct sleeper *s)
{
	s->waiting = 0;
	s->wakes++;
}

static void arrive(struct sleeper *s)
{
	struct nx_gather_run run;
	u64 left_ns;

	s->packets++;
	s->waiting++;
	run = (struct nx_gather_run) {
		.now_ns = s->now_ns,
		.packets = s->packets,
		.bytes = s->packets * LEN,
		.waiting = s->waiting,
		.room = SLOTS - s->waiting,
	};
	left_ns = nx_gather_ask(&s->gather, &run);
	if (!left_ns)
		wake(s);
	else if (!s->timer_ns)
		s->timer_ns = s->now_ns + left_ns;
}

static void expire(struct sleeper *s)
{
	u64 left_ns;

	if (!s->timer_ns || s->timer_ns > s->now_ns)
		return;
	left_ns = nx_gather_expire(&s->gather, s->now_ns);
	s->timer_ns = left_ns ? s->now_ns + left_ns : 0;
	if (!left_ns && s->waiting)
		wake(s);
}

static void simulate(load_fn load, struct sim_plot *plot)
{
	struct sim_series *come = sim_plot_add(plot, "packets a ms", true);
	struct sim_series *wakes = sim_plot_add(plot, "wakes a ms", false);
	struct sim_series *delay = sim_plot_add(plot, "delay, 10 us", false);
	const double slice_ms = (double)SLICE_NS / 1e6;
	struct sleeper s = { .now_ns = 1000000000ULL };
	double due = 0, rate;

	nx_gather_init(&s.gather);
	for (double t = 0; t < SECONDS; t += slice_ms / 1e3) {
		u64 packets = s.packets, end_ns = s.now_ns + SLICE_NS;
		u32 woken = s.wakes;

		for (; s.now_ns < end_ns; s.now_ns += STEP_NS) {
			expire(&s);
			rate = load(t);
			/* One that waits for an answer has it 20 us later. */
			due += rate < 0 ? (s.waiting ? 0 : STEP_NS / 20e3) :
					  rate * STEP_NS / 1e6;
			for (; due >= 1; due -= 1)
				arrive(&s);
		}
		plot_step(come, t, t + slice_ms / 1e3,
			  (double)(s.packets - packets) / slice_ms);
		plot_step(wakes, t, t + slice_ms / 1e3,
			  (s.wakes - woken) / slice_ms);
		plot_step(delay, t, t + slice_ms / 1e3, s.gather.delay_us / 10.0);
	}
}

int plot_gather(const char *folder)
{
	static const struct {
		const char	*name;
		load_fn		load;
	} loads[] = {
		{ "step", step }, { "ramp", ramp }, { "oscillation", oscillation },
		{ "silence", silence }, { "closed-loop", closed_loop },
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct sim_plot plot = {
			.title = "delay of wakes",
			.x_label = "time, s",
			.y_label = "see the lines",
		};

		simulate(loads[i].load, &plot);
		ret |= plot_write(&plot, folder, "gather", loads[i].name);
	}
	return ret;
}
