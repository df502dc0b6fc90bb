/* SPDX-License-Identifier: GPL-2.0 */
/* What all commands of nexusctl share: the context they run in and their list. */
#ifndef NX_NEXUSCTL_H
#define NX_NEXUSCTL_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define NX_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit codes, as the man page documents them. */
enum nx_exit {
	NX_OK = 0,
	NX_REFUSED = 1,		/* the kernel said no, or could not be asked */
	NX_USAGE = 2,		/* the words make no command */
};

/**
 * struct nx_ctl - what a command needs to run
 * @out:     answers
 * @err:     complaints
 * @json:    print JSON
 * @pretty:  JSON with line breaks
 * @numeric: users, groups and counts as plain numbers
 * @all:     counters that are 0, too
 * @nl:      the kernel, opened on first use
 */
struct nx_ctl {
	FILE *out;
	FILE *err;
	bool json;
	bool pretty;
	bool numeric;
	bool all;
	struct nx_nl *nl;
};

/* Runs one command line, the program's name excluded. */
int nx_command_run(struct nx_ctl *ctl, int argc, char **argv);
/* Runs one command for each line of @path ("-": standard input). */
int nx_batch_run(struct nx_ctl *ctl, const char *path, bool force);

int nx_nexus_add(struct nx_ctl *ctl, int argc, char **argv);
int nx_nexus_del(struct nx_ctl *ctl, int argc, char **argv);
int nx_nexus_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_device_attach(struct nx_ctl *ctl, int argc, char **argv);
int nx_device_detach(struct nx_ctl *ctl, int argc, char **argv);
int nx_policy_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_policy_set(struct nx_ctl *ctl, int argc, char **argv);
int nx_limits_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_limits_set(struct nx_ctl *ctl, int argc, char **argv);
int nx_flow_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_tcp_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_ll_grant(struct nx_ctl *ctl, int argc, char **argv);
int nx_flow_del(struct nx_ctl *ctl, int argc, char **argv);
int nx_channel_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_defunct(struct nx_ctl *ctl, int argc, char **argv);
int nx_qdisc_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_qdisc_replace(struct nx_ctl *ctl, int argc, char **argv);
int nx_qdisc_set(struct nx_ctl *ctl, int argc, char **argv);
int nx_qdisc_del(struct nx_ctl *ctl, int argc, char **argv);
int nx_top(struct nx_ctl *ctl, int argc, char **argv);
int nx_stats_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_tune_show(struct nx_ctl *ctl, int argc, char **argv);
int nx_tune_pin(struct nx_ctl *ctl, int argc, char **argv);
int nx_tune_free(struct nx_ctl *ctl, int argc, char **argv);
int nx_monitor(struct nx_ctl *ctl, int argc, char **argv);
int nx_help(struct nx_ctl *ctl, int argc, char **argv);

#endif
