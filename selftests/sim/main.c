// SPDX-License-Identifier: GPL-2.0
/*
 * The program "sim": scenarios by name, with seeds, traces and diagrams.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trial.h"

/* What the command line asks for. */
struct options {
	uint64_t	seed;
	uint64_t	count;
	bool		is_trace;
	bool		is_check;
	bool		is_list;
	const char	*pcap;
	const char	*plot;
};

static void usage(FILE *file)
{
	fputs("usage: sim [OPTION]... SCENARIO...\n"
	      "\n"
	      "Runs TCP connections over simulated links. A seed gives the same run\n"
	      "again, bit by bit.\n"
	      "\n"
	      "  -s, --seed N      the first seed (1)\n"
	      "  -n, --count N     so many runs, each with the next seed (1)\n"
	      "  -t, --trace       print packets, as tcpdump does\n"
	      "  -w, --pcap FILE   write them for Wireshark\n"
	      "  -g, --plot FILE   write a diagram (SVG), if the scenario has one\n"
	      "  -l, --list        name the scenarios\n"
	      "  -c, --check       judge the library by all of them; prints KTAP\n"
	      "  -h, --help\n"
	      "\n"
	      "Ends with status 1 if a run failed; each failed run's seed is told.\n",
	      file);
}

static void list(void)
{
	for (const struct sim_scenario *s = sim_scenarios; s->name; s++)
		printf("%-10s %s\n", s->name, s->about);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || *end || end == text) {
		fprintf(stderr, "sim: '%s' is no number\n", text);
		exit(2);
	}
	return n;
}

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'n' },
		{ "trace", no_argument, NULL, 't' },
		{ "pcap", required_argument, NULL, 'w' },
		{ "plot", required_argument, NULL, 'g' },
		{ "list", no_argument, NULL, 'l' },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:n:tw:g:lch", known, NULL)) != -1) {
		switch (c) {
		case 's': options->seed = number(optarg); break;
		case 'n': options->count = number(optarg); break;
		case 't': options->is_trace = true; break;
		case 'w': options->pcap = optarg; break;
		case 'g': options->plot = optarg; break;
		case 'l': options->is_list = true; break;
		case 'c': options->is_check = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const struct sim_scenario *scenario,
		   const struct sim_trial *trial, bool is_ok)
{
	printf("%s seed %llu: %s%s (trace %016llx)\n", scenario->name,
	       (unsigned long long)trial->seed, is_ok ? "" : "FAILED ",
	       is_ok ? trial->summary : trial->failure,
	       (unsigned long long)trial->hash);
}

/* Few runs are told one by one, many by their failures and a sum. */
static bool run(const struct sim_scenario *scenario,
		const struct options *options, FILE *pcap, struct sim_plot *plot)
{
	struct sim_trial trial = { .pcap = pcap, .plot = plot };
	uint64_t nr_failed = 0, nr_conns = 0, virtual_ns = 0, hash = 0;
	double start = seconds();

	if (options->is_trace)
		trial.lines = stdout;
	for (uint64_t i = 0; i < options->count; i++) {
		bool is_ok;

		trial.seed = options->seed + i;
		is_ok = sim_trial_run(&trial, scenario);
		nr_failed += !is_ok;
		nr_conns += trial.nr_conns;
		virtual_ns += trial.virtual_ns;
		hash = sim_mix(hash ^ trial.hash);
		if (!is_ok || options->count <= 20)
			report(scenario, &trial, is_ok);
	}
	start = seconds() - start;
	printf("%s: seeds %llu to %llu, %llu connections, %llu failed, "
	       "%.0f s simulated in %.1f s, %.0f connections a second, "
	       "trace %016llx\n", scenario->name,
	       (unsigned long long)options->seed,
	       (unsigned long long)(options->seed + options->count - 1),
	       (unsigned long long)nr_conns, (unsigned long long)nr_failed,
	       (double)virtual_ns / 1e9, start, (double)nr_conns / start,
	       (unsigned long long)hash);
	return !nr_failed;
}

static int run_named(char **names, const struct options *options)
{
	struct sim_plot plot = { 0 };
	FILE *pcap = NULL;
	bool is_ok = true;

	if (options->pcap && !(pcap = sim_pcap_begin(options->pcap))) {
		fprintf(stderr, "sim: %s: %s\n", options->pcap, strerror(errno));
		return 2;
	}
	for (; *names; names++) {
		const struct sim_scenario *scenario = sim_scenario_find(*names);

		if (!scenario) {
			fprintf(stderr, "sim: no scenario '%s'; --list names them\n",
				*names);
			return 2;
		}
		is_ok &= run(scenario, options, pcap,
			     options->plot ? &plot : NULL);
	}
	if (pcap)
		fclose(pcap);
	if (options->plot && sim_plot_write(&plot, options->plot)) {
		fprintf(stderr, "sim: cannot write %s\n", options->plot);
		is_ok = false;
	}
	sim_plot_exit(&plot);
	return is_ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options = { .seed = 1, .count = 1 };

	parse(argc, argv, &options);
	if (options.is_list) {
		list();
		return 0;
	}
	if (options.is_check)
		return sim_check(options.seed);
	if (optind == argc) {
		usage(stderr);
		return 2;
	}
	return run_named(argv + optind, &options);
}
