// SPDX-License-Identifier: GPL-2.0
/* Stands in for nexusctl's netlink.c: a kernel that answers what a test prepared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include "ctl_test.h"
#include "rtnl.h"

struct mock mock;

/* Nobody looks into it. */
static int socket_of_tests;

void mock_reset(void)
{
	for (int i = 0; i <= NEXUS_CMD_MAX; i++)
		nx_reply_free(&mock.lists[i]);
	nx_reply_free(&mock.events);
	nx_reply_free(&mock.qdiscs);
	memset(&mock, 0, sizeof(mock));
	mock.extack = "";
	mock.end = -ENOENT;
}

void mock_list(u8 cmd, struct nx_request *req)
{
	nx_reply_add(&mock.lists[cmd], req->nlh);
}

void mock_event(struct nx_request *req)
{
	nx_reply_add(&mock.events, req->nlh);
}

static u8 command(const struct nx_request *req)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(req->nlh);

	return genl->cmd;
}

const struct nlattr *mock_attr(const u16 *path)
{
	const struct nlattr *attr, *found = NULL;

	mnl_attr_for_each(attr, mock.request.nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == *path)
			found = attr;
	for (path++; found && *path; path++) {
		const struct nlattr *nest = found;

		found = NULL;
		mnl_attr_for_each_nested(attr, nest)
			if (mnl_attr_get_type(attr) == *path)
				found = attr;
	}
	return found;
}

int nx_nl_open(struct nx_nl **nlp)
{
	*nlp = (struct nx_nl *)&socket_of_tests;
	if (mock.open_err)
		*nlp = NULL;
	return mock.open_err;
}

void nx_nl_close(struct nx_nl *nl)
{
}

int nx_nl_request(struct nx_nl *nl, struct nx_request *req, struct nx_reply *reply)
{
	nx_reply_init(reply, 0, 0);
	mock.commands[command(req)]++;
	memcpy(&mock.request, req, sizeof(*req));
	mock.request.nlh = (struct nlmsghdr *)mock.request.buf;
	snprintf(reply->extack, sizeof(reply->extack), "%s", mock.extack);
	return mock.err[command(req)];
}

int nx_nl_dump(struct nx_nl *nl, struct nx_request *req, struct nx_reply *reply)
{
	const struct nx_reply *list = &mock.lists[command(req)];

	nx_reply_init(reply, 0, 0);
	mock.commands[command(req)]++;
	for (size_t i = 0; i < list->nr; i++)
		nx_reply_add(reply, list->msgs[i]);
	reply->is_torn = mock.is_torn;
	return mock.err[command(req)];
}

int nx_nl_listen(struct nx_nl *nl)
{
	return 0;
}

int nx_nl_wait(struct nx_nl *nl, int (*event)(const struct nlmsghdr *nlh, void *data),
	       void *data)
{
	int ret = 0;

	if (mock.nr_lost) {
		mock.nr_lost--;
		return -ENOBUFS;
	}
	for (size_t i = 0; i < mock.events.nr && !ret; i++)
		ret = event(mock.events.msgs[i], data);
	return ret ? ret : mock.end;
}

int nx_rtnl_call(struct nlmsghdr *nlh, struct nx_reply *reply)
{
	int ret = 0;

	nx_reply_init(reply, 0, 0);
	if (nlh->nlmsg_type != RTM_GETQDISC) {
		mock.nr_route++;
		memcpy(mock.route.buf, nlh, nlh->nlmsg_len);
		mock.route.nlh = (struct nlmsghdr *)mock.route.buf;
		snprintf(reply->extack, sizeof(reply->extack), "%s", mock.extack);
		return mock.route_err;
	}
	for (size_t i = 0; i < mock.qdiscs.nr && !ret; i++)
		ret = nx_reply_add(reply, mock.qdiscs.msgs[i]);
	return ret;
}
