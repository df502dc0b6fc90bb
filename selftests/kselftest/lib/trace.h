/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints through tracefs, in an instance of the test's own. */
#ifndef NX_TRACE_H
#define NX_TRACE_H

#include <stdbool.h>

/* Turns on event "nexus/NAME"; fails the test if there is none. */
void nx_trace_start(const char *event);
/* Whether a line since then, or since the last call, contains both strings. */
bool nx_trace_has(const char *first, const char *second);
void nx_trace_stop(void);

#endif
