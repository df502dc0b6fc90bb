// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Asks the kernel about a route by rtnetlink (RFC 3549).
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "route.h"

/**
 * struct route_request - RTM_GETROUTE for one destination
 * @nlh:  message header
 * @rtm:  route header
 * @rta:  header of RTA_DST
 * @addr: its value, 4 or 16 bytes
 */
struct route_request {
	struct nlmsghdr	nlh;
	struct rtmsg	rtm;
	struct rtattr	rta;
	uint8_t		addr[16];
};

static size_t addr_len(const struct nexus_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

static int ask(int fd, const struct nexus_addr *addr)
{
	struct route_request request = {
		.nlh.nlmsg_type		= RTM_GETROUTE,
		.nlh.nlmsg_flags	= NLM_F_REQUEST,
		.rtm.rtm_family		= (unsigned char)addr->family,
		.rtm.rtm_dst_len	= (unsigned char)(addr_len(addr) * 8),
		.rta.rta_type		= RTA_DST,
	};

	request.rta.rta_len = (unsigned short)RTA_LENGTH(addr_len(addr));
	memcpy(request.addr, addr->ip, sizeof(request.addr));
	request.nlh.nlmsg_len = (uint32_t)(offsetof(struct route_request, addr) +
					   addr_len(addr));
	return send(fd, &request, request.nlh.nlmsg_len, 0) < 0 ? -errno : 0;
}

static void read_device(const struct nlmsghdr *nlh, struct nx_route *route)
{
	const struct rtmsg *rtm = NLMSG_DATA(nlh);
	const struct rtattr *rta = RTM_RTA(rtm);
	int len = (int)RTM_PAYLOAD(nlh);

	for (; RTA_OK(rta, len); rta = RTA_NEXT(rta, len))
		if (rta->rta_type == RTA_OIF &&
		    RTA_PAYLOAD(rta) == sizeof(route->ifindex))
			memcpy(&route->ifindex, RTA_DATA(rta),
			       sizeof(route->ifindex));
}

static int answer(int fd, struct nx_route *route)
{
	/* An answer about one route takes a few hundred bytes. */
	union {
		struct nlmsghdr	nlh;
		uint8_t		bytes[4096];
	} buf;
	struct nlmsgerr error;
	struct rtmsg rtm;
	ssize_t len;

	len = recv(fd, &buf, sizeof(buf), 0);
	if (len < 0)
		return -errno;
	if (!NLMSG_OK(&buf.nlh, (uint32_t)len))
		return -EBADMSG;
	if (buf.nlh.nlmsg_type == NLMSG_ERROR &&
	    len >= (ssize_t)NLMSG_LENGTH(sizeof(error))) {
		memcpy(&error, NLMSG_DATA(&buf.nlh), sizeof(error));
		return error.error ? error.error : -EBADMSG;
	}
	if (buf.nlh.nlmsg_type != RTM_NEWROUTE ||
	    len < (ssize_t)NLMSG_LENGTH(sizeof(rtm)))
		return -EBADMSG;
	memcpy(&rtm, NLMSG_DATA(&buf.nlh), sizeof(rtm));
	route->type = rtm.rtm_type;
	route->ifindex = 0;
	read_device(&buf.nlh, route);
	return 0;
}

int nx_route_find(const struct nexus_addr *addr, struct nx_route *route)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	err = ask(fd, addr);
	if (!err)
		err = answer(fd, route);
	close(fd);
	return err;
}

int nx_route_type(const struct nexus_addr *addr)
{
	struct nx_route route;
	int err = nx_route_find(addr, &route);

	return err ? err : route.type;
}
