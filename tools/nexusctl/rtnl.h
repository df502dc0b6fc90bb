/* SPDX-License-Identifier: GPL-2.0 */
/* The way to rtnetlink, where queueing disciplines are. */
#ifndef NX_RTNL_H
#define NX_RTNL_H

#include "nexusctl.h"
#include "reply.h"

/**
 * nx_rtnl_call() - ask once
 * @nlh:   the request, with its type and flags but for NLM_F_REQUEST
 * @reply: out: the messages, to be freed by nx_reply_free()
 * Return: 0 or -errno, and @reply's words.
 */
int nx_rtnl_call(struct nlmsghdr *nlh, struct nx_reply *reply);

#endif
