/* SPDX-License-Identifier: GPL-2.0 */
/* What "nexus run" was asked for, and what the kernel says of it. */
#ifndef NX_RUN_H
#define NX_RUN_H

#include <stdbool.h>

/* Exit status as env(1) has it. */
#define NX_RUN_FAILED		125
#define NX_RUN_NOT_EXECUTED	126
#define NX_RUN_NOT_FOUND	127

/**
 * struct nx_run - the command line
 * @nexus:     name, or NULL: the only one
 * @devices:   comma-separated, or NULL: all of the nexus
 * @ports:     likewise, or NULL: all
 * @protocols: likewise, or NULL: both
 * @buffers:   "SMALL,LARGE", or NULL
 * @library:   path of the preload library, or NULL
 * @explains:  say what is served
 * @shows:     print the environment instead of running
 * @command:   with its arguments, NULL at the end
 */
struct nx_run {
	const char	*nexus;
	const char	*devices;
	const char	*ports;
	const char	*protocols;
	const char	*buffers;
	const char	*library;
	bool		explains;
	bool		shows;
	char		**command;
};

/* Reads the words; ends the program after --help and on mistakes. */
void nx_run_parse(struct nx_run *run, int argc, char **argv);

/* "eth0,lo": devices of the nexus, to be freed; NULL after a complaint. */
char *nx_run_devices(const char *nexus);

#endif
