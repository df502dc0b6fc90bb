// SPDX-License-Identifier: GPL-2.0
/* Runs a program with the preload library and its policy in the environment. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

#define LIBRARY	"libnexus-preload.so"

static void set(const struct nx_run *run, const char *name, const char *value)
{
	if (!value)
		unsetenv(name);
	else if (setenv(name, value, 1))
		exit(NX_RUN_FAILED);
	if (value && run->shows)
		printf("%s=%s\n", name, value);
}

/* @folder/@rest of the library, if it is there. */
static bool is_library(char *path, const char *folder, const char *rest)
{
	int len = snprintf(path, PATH_MAX, "%s%s" LIBRARY, folder, rest);

	return len < PATH_MAX && !access(path, R_OK);
}

/* Beside an installed program, or in the tree where both were built. */
static const char *find_library(void)
{
	static char path[PATH_MAX];
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	own[len > 0 ? len : 0] = 0;
	slash = strrchr(own, '/');
	if (slash) {
		*slash = 0;
		if (is_library(path, own, "/../lib/"))
			return path;
	}
	return is_library(path, NX_PREFIX, "/lib/") ? path : NULL;
}

/* Others that are preloaded already stay, behind it. */
static void set_preload(const struct nx_run *run, const char *library)
{
	const char *others = getenv("LD_PRELOAD");
	char *all;

	if (!others || !*others) {
		set(run, "LD_PRELOAD", library);
		return;
	}
	if (asprintf(&all, "%s:%s", library, others) < 0)
		exit(NX_RUN_FAILED);
	set(run, "LD_PRELOAD", all);
	free(all);
}

static void prepare(const struct nx_run *run)
{
	const char *library = run->library ? run->library : find_library();
	char *devices = nx_run_devices(run->nexus);

	if (!devices)
		exit(NX_RUN_FAILED);
	if (!library) {
		fprintf(stderr, "nexus: %s is not where it belongs: say where "
			"with -l\n", LIBRARY);
		exit(NX_RUN_FAILED);
	}
	set(run, "NEXUS_NAME", run->nexus);
	set(run, "NEXUS_DEVICES", run->devices ? run->devices : devices);
	set(run, "NEXUS_PORTS", run->ports);
	set(run, "NEXUS_PROTOCOLS", run->protocols);
	set(run, "NEXUS_BUFFERS", run->buffers);
	set(run, "NEXUS_EXPLAIN", run->explains ? "1" : NULL);
	set_preload(run, library);
	free(devices);
}

int main(int argc, char **argv)
{
	struct nx_run run;

	nx_run_parse(&run, argc, argv);
	prepare(&run);
	if (run.shows)
		return 0;
	execvp(run.command[0], run.command);
	fprintf(stderr, "nexus: cannot run %s: %s\n", run.command[0],
		strerror(errno));
	return errno == ENOENT ? NX_RUN_NOT_FOUND : NX_RUN_NOT_EXECUTED;
}
