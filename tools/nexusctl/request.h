/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to the kernel while they are built. */
#ifndef NX_REQUEST_H
#define NX_REQUEST_H

#include "nexusctl.h"
#include <linux/netlink.h>

/* Room for the largest request: a policy of all its rules. */
#define NX_REQUEST_SIZE 4096

/**
 * struct nx_request - a message to the kernel
 * @nlh: its header, at the start of @buf
 * @buf: the message
 */
struct nx_request {
	struct nlmsghdr *nlh;
	char buf[NX_REQUEST_SIZE] __attribute__((aligned(8)));
};

/* Begins a request of enum nexus_cmd @cmd. */
void nx_request_init(struct nx_request *req, u8 cmd);
/*
 * Begins a request about the nexus @name. Returns its nest, which takes more
 * attributes until mnl_attr_nest_end().
 */
struct nlattr *nx_request_nexus(struct nx_request *req, u8 cmd, const char *name);

#endif
