// SPDX-License-Identifier: GPL-2.0
/* Tracepoints through tracefs, in an instance of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace.h"
#include "util.h"

#define TRACEFS	"/sys/kernel/tracing"

static char instance[128];

static const char *file(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	return path;
}

void nx_trace_start(const char *event)
{
	char name[128];
	int err;

	if (access(TRACEFS "/events", R_OK))
		mount("none", TRACEFS, "tracefs", 0, NULL);
	snprintf(instance, sizeof(instance), TRACEFS "/instances/nexus-%d",
		 getpid());
	if (mkdir(instance, 0700) && errno != EEXIST)
		nx_die("%s: %s", instance, strerror(errno));
	snprintf(name, sizeof(name), "events/nexus/%s/enable", event);
	err = nx_file_write(file(name), "1");
	if (err)
		nx_die("tracepoint %s: %s", event, strerror(-err));
}

bool nx_trace_has(const char *first, const char *second)
{
	FILE *trace = fopen(file("trace"), "re");
	bool is_found = false;
	char line[1024];

	if (!trace)
		nx_die("trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), trace))
		if (strstr(line, first) && strstr(line, second))
			is_found = true;
	fclose(trace);
	/* Opening it with O_TRUNC empties it. */
	close(open(file("trace"), O_WRONLY | O_TRUNC | O_CLOEXEC));
	return is_found;
}

void nx_trace_stop(void)
{
	nx_file_write(file("events/enable"), "0");
	rmdir(instance);
}
