// SPDX-License-Identifier: GPL-2.0
/* Network devices by bare rtnetlink, without a program for each step. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <linux/if.h>	/* after <net/if.h>, which it allows for */
#include <string.h>

#include "link.h"
#include "util.h"

#define BYTES	1024

/* A kernel's answer. */
union reply {
	struct nlmsghdr	message;
	char		bytes[8192];
};

static int converse(struct mnl_socket *sock, const struct nlmsghdr *message,
		    union reply *reply)
{
	int len;

	if (mnl_socket_sendto(sock, message, message->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(sock, reply, sizeof(*reply));
	if (len < 0)
		return -errno;
	return mnl_nlmsg_ok(&reply->message, len) ? 0 : -EPROTO;
}

static int error_of(const union reply *reply)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(&reply->message);

	return reply->message.nlmsg_type == NLMSG_ERROR ? answer->error : 0;
}

/* Sends @message, the errors of which are those of @what with @name. */
static void ask(const struct nlmsghdr *message, union reply *reply,
		const char *what, const char *name)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err;

	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID))
		nx_die("rtnetlink: %s", strerror(errno));
	err = converse(sock, message, reply) ?: error_of(reply);
	mnl_socket_close(sock);
	if (err)
		nx_die("%s %s: %s", what, name, strerror(-err));
}

static void call(const struct nlmsghdr *message, const char *what,
		 const char *name)
{
	union reply reply;

	ask(message, &reply, what, name);
	if (reply.message.nlmsg_type != NLMSG_ERROR)
		nx_die("%s %s: not acknowledged", what, name);
}

static struct nlmsghdr *message_new(void *buf, __u16 type, __u16 flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return message;
}

/* What a new device is, but for its kind. */
static void put_device(struct nlmsghdr *message, const struct nx_link *link)
{
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_index = link->ifindex;
	mnl_attr_put_strz(message, IFLA_IFNAME, link->name);
	mnl_attr_put(message, IFLA_ADDRESS, sizeof(link->mac), link->mac);
}

void nx_link_add_veth(const struct nx_link *here, const struct nx_link *there,
		      int ns)
{
	struct nlattr *info, *data, *peer;
	char buf[BYTES];
	struct nlmsghdr *message = message_new(buf, RTM_NEWLINK,
					       NLM_F_CREATE | NLM_F_EXCL);

	put_device(message, here);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
	put_device(message, there);
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, ns);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	call(message, "add", here->name);
}

void nx_link_del(const char *name)
{
	char buf[BYTES];
	struct nlmsghdr *message = message_new(buf, RTM_DELLINK, 0);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	call(message, "delete", name);
}

/*
 * The kernel answers within the lock within which it lets a device that has a carrier
 * send, and names the state up first then. The flag IFF_RUNNING is set before: as long
 * as nobody has looked at a new device's carrier, its state is unknown, which runs.
 */
bool nx_link_is_up(const char *name)
{
	char buf[BYTES];
	struct nlmsghdr *message = message_new(buf, RTM_GETLINK, 0);
	const struct nlattr *attr;
	union reply reply;

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	ask(message, &reply, "state of", name);
	mnl_attr_for_each(attr, &reply.message, sizeof(struct ifinfomsg))
		if (mnl_attr_get_type(attr) == IFLA_OPERSTATE)
			return mnl_attr_get_u8(attr) == IF_OPER_UP;
	return false;
}

static void put_address(struct nlmsghdr *message, __u16 type, int family,
			const char *text)
{
	__u8 address[16];

	if (inet_pton(family, text, address) != 1)
		nx_die("%s: no address", text);
	mnl_attr_put(message, type, family == AF_INET ? 4 : 16, address);
}

/* Without the wait for another that has it. */
static void add_address(const char *name, int family, const char *text,
			__u8 prefix)
{
	char buf[BYTES];
	struct nlmsghdr *message = message_new(buf, RTM_NEWADDR,
					       NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *addr = mnl_nlmsg_put_extra_header(message, sizeof(*addr));

	addr->ifa_family = family;
	addr->ifa_prefixlen = prefix;
	addr->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	addr->ifa_index = if_nametoindex(name);
	put_address(message, IFA_LOCAL, family, text);
	put_address(message, IFA_ADDRESS, family, text);
	call(message, text, name);
}

static void add_neighbour(const char *name, int family, const char *text,
			  const __u8 *mac)
{
	char buf[BYTES];
	struct nlmsghdr *message = message_new(buf, RTM_NEWNEIGH,
					       NLM_F_CREATE | NLM_F_REPLACE);
	struct ndmsg *neighbour = mnl_nlmsg_put_extra_header(message,
							     sizeof(*neighbour));

	neighbour->ndm_family = family;
	neighbour->ndm_ifindex = if_nametoindex(name);
	neighbour->ndm_state = NUD_PERMANENT;
	put_address(message, NDA_DST, family, text);
	mnl_attr_put(message, NDA_LLADDR, 6, mac);
	call(message, text, name);
}

void nx_link_add_addresses(const struct nx_link *link,
			   const struct nx_link *neighbour)
{
	add_address(link->name, AF_INET, link->ip4, 24);
	add_address(link->name, AF_INET6, link->ip6, 64);
	add_neighbour(link->name, AF_INET, neighbour->ip4, neighbour->mac);
	add_neighbour(link->name, AF_INET6, neighbour->ip6, neighbour->mac);
}
