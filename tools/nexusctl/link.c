// SPDX-License-Identifier: GPL-2.0
/* Asks rtnetlink whom a network device belongs to: /sys may show another namespace. */
#include <sys/socket.h>
#include <net/if.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "complain.h"
#include "link.h"

/* More than any RTM_NEWLINK needs. */
#define NX_LINK_SIZE 32768

static u32 read_master(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
		if (mnl_attr_get_type(attr) == IFLA_MASTER)
			return mnl_attr_get_u32(attr);
	return 0;
}

static u32 ask_master(struct mnl_socket *sock, u32 ifindex)
{
	static char buf[NX_LINK_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;
	ssize_t len;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = ifindex;
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return 0;
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return 0;
	len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
	return len > 0 && mnl_nlmsg_ok(nlh, len) ? read_master(nlh) : 0;
}

bool nx_link_master(u32 ifindex, char master[IF_NAMESIZE])
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	u32 index;

	if (!sock)
		return false;
	index = ask_master(sock, ifindex);
	mnl_socket_close(sock);
	return index && if_indextoname(index, master);
}

u32 nx_link_find(struct nx_ctl *ctl, const char *dev)
{
	u32 ifindex = if_nametoindex(dev);

	if (!ifindex)
		nx_refused(ctl, "no network device '%s' in this network namespace: "
			   "'ip link' lists them", dev);
	return ifindex;
}
