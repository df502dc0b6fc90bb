// SPDX-License-Identifier: GPL-2.0
/* nexusctl: reads the options, runs the command, and reports how it went. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <linux/nexus.h>

#include "complain.h"
#include "netlink.h"

/**
 * struct nx_options - options that are not for commands to know
 * @batch: file of commands, or NULL
 * @force: go on after a line that failed
 * @help:  explain, do nothing
 * @version: tell the version, do nothing
 */
struct nx_options {
	const char *batch;
	bool force;
	bool help;
	bool version;
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "numeric", no_argument, NULL, 'n' },
	{ "all", no_argument, NULL, 'a' },
	{ "batch", required_argument, NULL, 'b' },
	{ "force", no_argument, NULL, 'f' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool take_option(struct nx_ctl *ctl, struct nx_options *options, int option)
{
	switch (option) {
	case 'j':
		ctl->json = true;
		return true;
	case 'p':
		ctl->pretty = true;
		return true;
	case 'n':
		ctl->numeric = true;
		return true;
	case 'a':
		ctl->all = true;
		return true;
	case 'b':
		options->batch = optarg;
		return true;
	case 'f':
		options->force = true;
		return true;
	case 'V':
		options->version = true;
		return true;
	case 'h':
		options->help = true;
		return true;
	default:
		fputs("'nexusctl --help' lists the options\n", stderr);
		return false;
	}
}

static int run(struct nx_ctl *ctl, const struct nx_options *options, int argc, char **argv)
{
	if (options->version) {
		fprintf(ctl->out, "nexusctl %s, ABI version %d\n", NX_VERSION,
			NEXUS_ABI_VERSION);
		return NX_OK;
	}
	/* What comes before an option of help is what is to be explained. */
	if (options->help)
		return nx_help(ctl, argc > 2 ? 2 : argc, argv);
	if (options->batch && argc)
		return nx_usage(ctl, "'%s' cannot stand beside --batch", argv[0]);
	if (options->batch)
		return nx_batch_run(ctl, options->batch, options->force);
	return nx_command_run(ctl, argc, argv);
}

/* An answer that could not be written is no success. */
static int finish(struct nx_ctl *ctl, int ret)
{
	nx_nl_close(ctl->nl);
	if (fflush(ctl->out) || ferror(ctl->out))
		return nx_refused(ctl, "cannot write the answer: %s", strerror(errno));
	return ret;
}

int main(int argc, char **argv)
{
	struct nx_ctl ctl = { .out = stdout, .err = stderr };
	struct nx_options options = { .batch = NULL };
	int option;

	while ((option = getopt_long(argc, argv, "jpnab:fVh", long_options, NULL)) >= 0)
		if (!take_option(&ctl, &options, option))
			return NX_USAGE;
	return finish(&ctl, run(&ctl, &options, argc - optind, argv + optind));
}
