/* SPDX-License-Identifier: GPL-2.0 */
/* A queueing discipline of the kind "nexus" as rtnetlink describes it. */
#ifndef NX_QDISC_H
#define NX_QDISC_H

#include "json.h"
#include "reply.h"

/* Room for the values of all options, and of all statistics. */
#define NX_QDISC_VALUES	16

/**
 * struct nx_qdisc - a discipline, read out of its message
 * @ifindex: of its device
 * @handle:  its own
 * @parent:  TC_H_ROOT, or the class that it is in
 * @option:  values, in the order of qdisc_options[]
 * @stat:    values, in the order of qdisc_stats[]
 * @bytes, @packets: that left it
 * @drops:   of all kinds
 * @qlen, @backlog: packets and bytes that stand
 */
struct nx_qdisc {
	u32 ifindex;
	u32 handle;
	u32 parent;
	u64 option[NX_QDISC_VALUES];
	u64 stat[NX_QDISC_VALUES];
	u64 bytes;
	u64 packets;
	u32 drops;
	u32 qlen;
	u32 backlog;
};

/* False: it is no discipline of this kind, or makes no sense. */
bool nx_qdisc_parse(struct nx_qdisc *qdisc, const struct nlmsghdr *nlh);
/* The statistic of this name, which exists. */
u64 nx_qdisc_stat(const struct nx_qdisc *qdisc, const char *name);
/* The option, likewise. */
u64 nx_qdisc_option(const struct nx_qdisc *qdisc, const char *name);
/* Those of the kind, of one device or of all (0). NX_OK, or NX_REFUSED after a complaint. */
int nx_qdisc_list(struct nx_ctl *ctl, u32 ifindex, struct nx_reply *reply);
/* "eth0", or "if7" of a device that has just gone. */
const char *nx_qdisc_device(char name[32], u32 ifindex);
/* As tc writes a handle: "1:", "1:2", "root". */
const char *nx_qdisc_handle(char text[16], u32 handle);
void nx_qdisc_json(struct nx_json *json, const char *key, const struct nx_qdisc *qdisc);

#endif
