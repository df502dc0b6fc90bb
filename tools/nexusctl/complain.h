/* SPDX-License-Identifier: GPL-2.0 */
/* Complaints: one line on the error stream that says what is wrong and what to do. */
#ifndef NX_COMPLAIN_H
#define NX_COMPLAIN_H

#include "nexusctl.h"

/**
 * struct nx_deed - what the kernel was asked to do, and refused
 * @what:    in the words of the command line
 * @nexus:   that ought to exist; NULL if none
 * @dev:     network device; NULL if none
 * @ifindex: of @dev
 * @is_attach: @dev was to be attached; else detached
 * @is_host: only the administrator of the host may
 * @err:     errno
 * @extack:  the kernel's own words, or ""
 */
struct nx_deed {
	const char *what;
	const char *nexus;
	const char *dev;
	u32 ifindex;
	bool is_attach;
	bool is_host;
	int err;
	const char *extack;
};

/* Complains about the words. Returns NX_USAGE. */
int nx_usage(struct nx_ctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Complains that something cannot be done. Returns NX_REFUSED. */
int nx_refused(struct nx_ctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Explains why the kernel refused @deed. Returns NX_REFUSED. */
int nx_explain(struct nx_ctl *ctl, const struct nx_deed *deed);
/* Says that there is no nexus @name, and which there are. Returns NX_REFUSED. */
int nx_no_nexus(struct nx_ctl *ctl, const char *name);

#endif
