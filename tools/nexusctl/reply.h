/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's answer to one request, collected datagram by datagram. */
#ifndef NX_REPLY_H
#define NX_REPLY_H

#include "nexusctl.h"
#include <linux/netlink.h>

/**
 * struct nx_reply - what the kernel answered
 * @msgs:        the messages, each in memory of its own
 * @nr:          how many
 * @room:        how many fit
 * @seq:         of the request; other answers are left alone
 * @portid:      of the asking socket; 0: any
 * @is_torn:     what was dumped changed while it was read
 * @extack:      the kernel's own words about an error, or ""
 */
struct nx_reply {
	struct nlmsghdr **msgs;
	size_t nr;
	size_t room;
	u32 seq;
	u32 portid;
	bool is_torn;
	char extack[256];
};

enum nx_reply_state {
	NX_REPLY_MORE = 0,
	NX_REPLY_DONE = 1,
};

void nx_reply_init(struct nx_reply *reply, u32 seq, u32 portid);
void nx_reply_free(struct nx_reply *reply);
/* Takes one datagram. Returns an nx_reply_state, or -errno: the kernel's error. */
int nx_reply_feed(struct nx_reply *reply, const void *buf, size_t len);
/* Keeps a copy of one message. Returns 0 or -ENOMEM. */
int nx_reply_add(struct nx_reply *reply, const struct nlmsghdr *nlh);
/* Forgets all messages but @wanted, which is one of them. */
void nx_reply_keep(struct nx_reply *reply, const struct nlmsghdr *wanted);
/* Forgets all but the first @nr messages. */
void nx_reply_trim(struct nx_reply *reply, size_t nr);

#endif
