// SPDX-License-Identifier: GPL-2.0
/* Begins messages to the kernel. */
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/nexus_netlink.h>

#include "request.h"

void nx_request_init(struct nx_request *req, u8 cmd)
{
	struct genlmsghdr *genl;

	req->nlh = mnl_nlmsg_put_header(req->buf);
	genl = mnl_nlmsg_put_extra_header(req->nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = NEXUS_GENL_VERSION;
}

struct nlattr *nx_request_nexus(struct nx_request *req, u8 cmd, const char *name)
{
	struct nlattr *nest;

	nx_request_init(req, cmd);
	nest = mnl_attr_nest_start(req->nlh, NEXUS_A_NEXUS);
	mnl_attr_put_strz(req->nlh, NEXUS_NEXUS_A_NAME, name);
	return nest;
}
