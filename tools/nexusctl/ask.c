// SPDX-License-Identifier: GPL-2.0
/* Asks the kernel for lists and changes, and complains when it refuses. */
#include <errno.h>
#include <string.h>

#include "ask.h"
#include "attr.h"

int nx_ask_open(struct nx_ctl *ctl)
{
	int ret;

	if (ctl->nl)
		return NX_OK;
	ret = nx_nl_open(&ctl->nl);
	if (ret == -ENOENT)
		return nx_refused(ctl, "the kernel has no '%s' netlink family: "
				  "load the module with 'modprobe nexus'", NEXUS_GENL_NAME);
	if (ret)
		return nx_refused(ctl, "cannot talk to the kernel over generic netlink: %s",
				  strerror(-ret));
	return NX_OK;
}

static int list_failed(struct nx_ctl *ctl, const char *nexus, int err, const char *extack)
{
	struct nx_deed deed = {
		.what = "reading the list",
		.nexus = nexus,
		.err = -err,
		.extack = extack,
	};

	return nx_explain(ctl, &deed);
}

static int dump(struct nx_ctl *ctl, u8 cmd, const char *nexus, struct nx_reply *reply)
{
	struct nx_request req;
	struct nlattr *nest;

	if (nexus) {
		nest = nx_request_nexus(&req, cmd, nexus);
		mnl_attr_nest_end(req.nlh, nest);
	} else {
		nx_request_init(&req, cmd);
	}
	return nx_nl_dump(ctl->nl, &req, reply);
}

static void warn_if_torn(struct nx_ctl *ctl, const struct nx_reply *reply)
{
	if (reply->is_torn)
		fprintf(ctl->err, "nexusctl: the list changed each time it was read: "
			"it may lack entries, or hold old ones\n");
}

/* An empty list of a nexus that does not exist is an error, too. */
static int check_nexus(struct nx_ctl *ctl, const char *name)
{
	struct nx_reply reply;
	bool is_there;
	int ret;

	ret = dump(ctl, NEXUS_CMD_GET_NEXUS, NULL, &reply);
	is_there = nx_find_nexus(&reply, name);
	nx_reply_free(&reply);
	return ret || is_there ? NX_OK : nx_no_nexus(ctl, name);
}

static int read_list(struct nx_ctl *ctl, u8 cmd, const char *nexus, struct nx_reply *reply)
{
	int ret;

	ret = dump(ctl, cmd, nexus, reply);
	if (ret)
		return list_failed(ctl, nexus, ret, reply->extack);
	warn_if_torn(ctl, reply);
	return nexus && !reply->nr ? check_nexus(ctl, nexus) : NX_OK;
}

int nx_ask_list(struct nx_ctl *ctl, u8 cmd, const char *nexus, struct nx_reply *reply)
{
	int ret;

	ret = nx_ask_open(ctl);
	if (ret)
		return ret;
	ret = read_list(ctl, cmd, nexus, reply);
	if (ret)
		nx_reply_free(reply);
	return ret;
}

int nx_ask_nexuses(struct nx_ctl *ctl, const char *name, struct nx_reply *reply)
{
	const struct nlmsghdr *wanted;
	int ret;

	ret = nx_ask_list(ctl, NEXUS_CMD_GET_NEXUS, NULL, reply);
	if (ret || !name)
		return ret;
	wanted = nx_find_nexus(reply, name);
	if (wanted) {
		nx_reply_keep(reply, wanted);
		return NX_OK;
	}
	nx_reply_free(reply);
	return nx_no_nexus(ctl, name);
}

int nx_ask_change(struct nx_ctl *ctl, struct nx_request *req, struct nx_deed *deed)
{
	struct nx_reply reply;
	int ret;

	ret = nx_ask_open(ctl);
	if (ret)
		return ret;
	ret = nx_nl_request(ctl->nl, req, &reply);
	if (ret) {
		deed->err = -ret;
		deed->extack = reply.extack;
		ret = nx_explain(ctl, deed);
	}
	nx_reply_free(&reply);
	return ret;
}

const struct nlmsghdr *nx_find_nexus(const struct nx_reply *reply, const char *name)
{
	const struct nlattr *tb[NX_ATTRS];

	for (size_t i = 0; i < reply->nr; i++) {
		if (nx_attr_parse_message(reply->msgs[i], NEXUS_A_NEXUS, NX_NEST_NEXUS, tb))
			continue;
		if (!strcmp(nx_attr_str(tb[NEXUS_NEXUS_A_NAME]), name))
			return reply->msgs[i];
	}
	return NULL;
}

static bool has_device(const struct nlattr *nexus, u32 ifindex)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nexus) {
		if (mnl_attr_get_type(attr) != NEXUS_NEXUS_A_DEV)
			continue;
		if (nx_attr_parse(NX_NEST_DEV, attr, tb))
			continue;
		if (nx_attr_u32(tb[NEXUS_DEV_A_IFINDEX]) == ifindex)
			return true;
	}
	return false;
}

const char *nx_find_device(const struct nx_reply *reply, u32 ifindex)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nlattr *nexus;

	for (size_t i = 0; i < reply->nr; i++) {
		if (nx_attr_parse_message(reply->msgs[i], NEXUS_A_NEXUS, NX_NEST_NEXUS, tb))
			continue;
		nexus = nx_attr_nest(reply->msgs[i], NEXUS_A_NEXUS);
		if (nexus && has_device(nexus, ifindex))
			return nx_attr_str(tb[NEXUS_NEXUS_A_NAME]);
	}
	return NULL;
}
