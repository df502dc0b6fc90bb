// SPDX-License-Identifier: GPL-2.0
/*
 * In place of the other tls files where OpenSSL is not installed.
 */
#include <errno.h>

#include "perf.h"

static int refuse(struct perf_end *end)
{
	(void)end;
	perf_error("tls-bulk: nexusperf was built without OpenSSL");
	return -EOPNOTSUPP;
}

const struct perf_backend perf_tls_kernel = { .name = "kernel", .open = refuse };
const struct perf_backend perf_tls_nexus = { .name = "nexus", .open = refuse };
