// SPDX-License-Identifier: GPL-2.0
/* Collects the messages that answer one request, and reads errors and their words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>

#include "reply.h"

void nx_reply_init(struct nx_reply *reply, u32 seq, u32 portid)
{
	memset(reply, 0, sizeof(*reply));
	reply->seq = seq;
	reply->portid = portid;
}

void nx_reply_free(struct nx_reply *reply)
{
	for (size_t i = 0; i < reply->nr; i++)
		free(reply->msgs[i]);
	free(reply->msgs);
	memset(reply, 0, sizeof(*reply));
}

static int grow(struct nx_reply *reply)
{
	size_t room = reply->room ? reply->room * 2 : 64;
	struct nlmsghdr **msgs = reallocarray(reply->msgs, room, sizeof(*msgs));

	if (!msgs)
		return -ENOMEM;
	reply->msgs = msgs;
	reply->room = room;
	return 0;
}

int nx_reply_add(struct nx_reply *reply, const struct nlmsghdr *nlh)
{
	struct nlmsghdr *copy;

	if (reply->nr == reply->room && grow(reply))
		return -ENOMEM;
	copy = malloc(nlh->nlmsg_len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, nlh, nlh->nlmsg_len);
	reply->msgs[reply->nr++] = copy;
	return 0;
}

void nx_reply_keep(struct nx_reply *reply, const struct nlmsghdr *wanted)
{
	size_t kept = 0;

	for (size_t i = 0; i < reply->nr; i++) {
		if (reply->msgs[i] == wanted)
			reply->msgs[kept++] = reply->msgs[i];
		else
			free(reply->msgs[i]);
	}
	reply->nr = kept;
}

void nx_reply_trim(struct nx_reply *reply, size_t nr)
{
	while (reply->nr > nr)
		free(reply->msgs[--reply->nr]);
}

/* The attributes of an error begin @off bytes into the message's payload. */
static void read_extack(struct nx_reply *reply, const struct nlmsghdr *nlh, size_t off)
{
	const struct nlattr *attr;
	size_t len;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (mnl_nlmsg_get_payload_len(nlh) <= off)
		return;
	mnl_attr_for_each(attr, nlh, off) {
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG)
			continue;
		len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
		snprintf(reply->extack, sizeof(reply->extack), "%.*s", (int)len,
			 (const char *)mnl_attr_get_payload(attr));
	}
}

static int feed_error(struct nx_reply *reply, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t off = sizeof(*err);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
		return -EBADMSG;
	/* The request stands behind its header, unless the kernel left it out. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && err->msg.nlmsg_len > NLMSG_HDRLEN)
		off += NLMSG_ALIGN(err->msg.nlmsg_len - NLMSG_HDRLEN);
	read_extack(reply, nlh, off);
	return err->error ? err->error : NX_REPLY_DONE;
}

static int feed_done(struct nx_reply *reply, const struct nlmsghdr *nlh)
{
	int err;

	/* A dump ends with its result; only old kernels send none. */
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(err))
		return NX_REPLY_DONE;
	memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	read_extack(reply, nlh, sizeof(err));
	return err < 0 ? err : NX_REPLY_DONE;
}

static int feed_message(struct nx_reply *reply, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		reply->is_torn = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return NX_REPLY_MORE;
	case NLMSG_ERROR:
		return feed_error(reply, nlh);
	case NLMSG_DONE:
		return feed_done(reply, nlh);
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	default:
		return nx_reply_add(reply, nlh);
	}
}

int nx_reply_feed(struct nx_reply *reply, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	int left = len;
	int ret;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != reply->seq)
			continue;
		if (reply->portid && nlh->nlmsg_pid != reply->portid)
			continue;
		ret = feed_message(reply, nlh);
		if (ret)
			return ret;
	}
	return left ? -EBADMSG : NX_REPLY_MORE;
}
