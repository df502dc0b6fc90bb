// SPDX-License-Identifier: GPL-2.0
/* The command line of "nexus run". */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static const char usage[] =
"usage: nexus run [option]... [--] PROGRAM [ARGUMENT]...\n"
"\n"
"Runs PROGRAM with its TCP and UDP sockets on nexus, as far as their addresses\n"
"belong to devices of a nexus; all others, and all that nexus cannot serve, stay\n"
"on the kernel's stack. PROGRAM must be dynamically linked.\n"
"\n"
"  -n, --nexus NAME       which nexus (default: the only one)\n"
"  -d, --device NAME,...  only these devices (default: all of the nexus)\n"
"  -p, --port N[-M],...   only these ports: local ones of servers, remote ones of\n"
"                         clients (default: all)\n"
"  -P, --protocol tcp|udp only this protocol (default: both)\n"
"  -b, --buffers S,L      so many buffers of 2 KiB, and of 64 KiB\n"
"  -l, --library FILE     another preload library\n"
"  -e, --explain          tell on standard error which stack each socket is on\n"
"      --show             print the environment that PROGRAM would get\n"
"  -h, --help, -V, --version\n"
"\n"
"Exit status: PROGRAM's; 125 if nexus run itself failed, 126 if PROGRAM cannot be\n"
"executed, 127 if it was not found.\n";

static const struct option options[] = {
	{ "nexus", required_argument, NULL, 'n' },
	{ "device", required_argument, NULL, 'd' },
	{ "port", required_argument, NULL, 'p' },
	{ "protocol", required_argument, NULL, 'P' },
	{ "buffers", required_argument, NULL, 'b' },
	{ "library", required_argument, NULL, 'l' },
	{ "explain", no_argument, NULL, 'e' },
	{ "show", no_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void __attribute__((noreturn)) complain(const char *what)
{
	fprintf(stderr, "nexus: %s (see nexus run --help)\n", what);
	exit(NX_RUN_FAILED);
}

static void take(struct nx_run *run, int option)
{
	switch (option) {
	case 'n':
		run->nexus = optarg;
		break;
	case 'd':
		run->devices = optarg;
		break;
	case 'p':
		run->ports = optarg;
		break;
	case 'P':
		run->protocols = optarg;
		break;
	case 'b':
		run->buffers = optarg;
		break;
	case 'l':
		run->library = optarg;
		break;
	case 'e':
		run->explains = true;
		break;
	case 's':
		run->shows = true;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	case 'V':
		puts("nexus " NX_VERSION);
		exit(0);
	default:
		exit(NX_RUN_FAILED);
	}
}

void nx_run_parse(struct nx_run *run, int argc, char **argv)
{
	int option;

	memset(run, 0, sizeof(*run));
	if (argc < 2 || strcmp(argv[1], "run")) {
		if (argc >= 2 && !strcmp(argv[1], "--help"))
			take(run, 'h');
		if (argc >= 2 && !strcmp(argv[1], "--version"))
			take(run, 'V');
		complain("the first word is \"run\"");
	}
	optind = 2;
	while ((option = getopt_long(argc, argv, "+n:d:p:P:b:l:ehV", options,
				     NULL)) != -1)
		take(run, option);
	run->command = argv + optind;
	if (!*run->command && !run->shows)
		complain("no program to run");
}
