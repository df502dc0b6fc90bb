// SPDX-License-Identifier: GPL-2.0
/* Asks the kernel which devices a nexus has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/nexus_netlink.h>

#include "../nexusctl/netlink.h"
#include "run.h"

/**
 * struct found - what a list of nexuses says of the wanted one
 * @wanted:  its name, or NULL: any
 * @nr:      how many there are
 * @devices: "eth0,lo"
 */
struct found {
	const char	*wanted;
	unsigned int	nr;
	char		devices[1024];
};

static const char *device_name(const struct nlattr *dev)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, dev)
		if (mnl_attr_get_type(attr) == NEXUS_DEV_A_NAME)
			return mnl_attr_get_str(attr);
	return "";
}

static void add_device(struct found *found, const char *name)
{
	size_t len = strlen(found->devices);

	snprintf(found->devices + len, sizeof(found->devices) - len, "%s%s",
		 len ? "," : "", name);
}

static void read_nexus(struct found *found, const struct nlattr *nest)
{
	const struct nlattr *attr;
	const char *name = "";

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == NEXUS_NEXUS_A_NAME)
			name = mnl_attr_get_str(attr);
	if (found->wanted && strcmp(found->wanted, name))
		return;
	found->nr++;
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == NEXUS_NEXUS_A_DEV)
			add_device(found, device_name(attr));
}

static void read_message(struct found *found, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == NEXUS_A_NEXUS)
			read_nexus(found, attr);
}

static int list(struct found *found)
{
	struct nx_request req;
	struct nx_reply reply;
	struct nx_nl *nl;
	size_t i;
	int err;

	err = nx_nl_open(&nl);
	if (err)
		return err;
	nx_request_init(&req, NEXUS_CMD_GET_NEXUS);
	err = nx_nl_dump(nl, &req, &reply);
	for (i = 0; !err && i < reply.nr; i++)
		read_message(found, reply.msgs[i]);
	nx_reply_free(&reply);
	nx_nl_close(nl);
	return err;
}

static char *complain(const char *text, const char *detail)
{
	fprintf(stderr, "nexus: %s%s\n", text, detail);
	return NULL;
}

char *nx_run_devices(const char *nexus)
{
	struct found found = { .wanted = nexus };
	int err = list(&found);

	if (err == -ENOENT)
		return complain("the module is not loaded: modprobe nexus", "");
	if (err)
		return complain("cannot list the nexuses: ", strerror(-err));
	if (!found.nr && nexus)
		return complain("there is no nexus ", nexus);
	if (!found.nr)
		return complain("there is no nexus here: nexusctl nexus add "
				"NAME dev DEVICE", "");
	if (found.nr > 1)
		return complain("there are several: say which one with -n", "");
	if (!found.devices[0])
		return complain("the nexus has no device: nexusctl attach", "");
	return strdup(found.devices);
}
