/* SPDX-License-Identifier: GPL-2.0 */
/* Asks the kernel, and complains when it does not answer. */
#ifndef NX_ASK_H
#define NX_ASK_H

#include "complain.h"
#include "netlink.h"

/* Finds the kernel's family, once. NX_OK, or NX_REFUSED after a complaint. */
int nx_ask_open(struct nx_ctl *ctl);
/**
 * nx_ask_list() - read a list
 * @ctl:   context
 * @cmd:   one of NEXUS_CMD_GET_*
 * @nexus: only of this nexus, which must exist; NULL: of all
 * @reply: out: the messages, to be freed by nx_reply_free()
 * Return: NX_OK, or NX_REFUSED after a complaint.
 */
int nx_ask_list(struct nx_ctl *ctl, u8 cmd, const char *nexus, struct nx_reply *reply);
/* The list of nexuses; only the one called @name, which must exist, if not NULL. */
int nx_ask_nexuses(struct nx_ctl *ctl, const char *name, struct nx_reply *reply);
/* Has the kernel do what @req says; @deed explains a refusal. */
int nx_ask_change(struct nx_ctl *ctl, struct nx_request *req, struct nx_deed *deed);

/* Among the messages of GET_NEXUS: the one of this name, or NULL. */
const struct nlmsghdr *nx_find_nexus(const struct nx_reply *reply, const char *name);
/* The name of the nexus that has this device, or NULL. */
const char *nx_find_device(const struct nx_reply *reply, u32 ifindex);

#endif
