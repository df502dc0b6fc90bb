// SPDX-License-Identifier: GPL-2.0
/* Talks generic netlink with the nexus module over libmnl. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/nexus_netlink.h>

#include "netlink.h"

/* The kernel fills datagrams of at most 32 KiB for a dump. */
#define NX_RECEIVE_SIZE		65536
/* What monitor may lag behind before events are lost. */
#define NX_EVENTS_BYTES		(1 << 20)
/* Reading a list again and again must end, however busy the host is. */
#define NX_DUMP_TRIES		8

/**
 * struct nx_nl - a socket and what was learned about the family
 * @sock:       libmnl's
 * @seq:        of the last request
 * @family:     number of the nexus family; a message's type
 * @events:     number of its multicast group, 0 if it has none
 * @ctrl_group: of generic netlink's own announcements
 * @buf:        of the last datagram
 */
struct nx_nl {
	struct mnl_socket *sock;
	u32 seq;
	u16 family;
	u32 events;
	u32 ctrl_group;
	char buf[NX_RECEIVE_SIZE] __attribute__((aligned(8)));
};

/**
 * struct nx_family - what generic netlink tells about a family
 * @id:       a message's type
 * @wanted:   name of a multicast group
 * @group:    its number, 0 if the family has none
 */
struct nx_family {
	u16 id;
	const char *wanted;
	u32 group;
};

static int send_request(struct nx_nl *nl, struct nx_request *req, u16 type, u16 flags)
{
	req->nlh->nlmsg_type = type;
	req->nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	req->nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sock, req->nlh, req->nlh->nlmsg_len) < 0)
		return -errno;
	return 0;
}

static int receive(struct nx_nl *nl, struct nx_reply *reply)
{
	ssize_t len;
	int ret;

	do {
		len = mnl_socket_recvfrom(nl->sock, nl->buf, sizeof(nl->buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		ret = nx_reply_feed(reply, nl->buf, len);
	} while (len < 0 || ret == NX_REPLY_MORE);
	return ret < 0 ? ret : 0;
}

static int ask(struct nx_nl *nl, struct nx_request *req, u16 type, u16 flags,
	       struct nx_reply *reply)
{
	int ret;

	ret = send_request(nl, req, type, flags);
	nx_reply_init(reply, nl->seq, mnl_socket_get_portid(nl->sock));
	return ret ? ret : receive(nl, reply);
}

static void read_group(const struct nlattr *group, struct nx_family *family)
{
	const struct nlattr *attr;
	const char *name = "";
	u32 id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, family->wanted))
		family->group = id;
}

static void read_family(const struct nlmsghdr *nlh, struct nx_family *family)
{
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family->id = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr)
			read_group(group, family);
	}
}

static int find_family(struct nx_nl *nl, const char *name, struct nx_family *family)
{
	struct nx_request req;
	struct nx_reply reply;
	int ret;

	nx_request_init(&req, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(req.nlh, CTRL_ATTR_FAMILY_NAME, name);
	ret = ask(nl, &req, GENL_ID_CTRL, NLM_F_ACK, &reply);
	for (size_t i = 0; i < reply.nr; i++)
		read_family(reply.msgs[i], family);
	nx_reply_free(&reply);
	if (!ret && !family->id)
		return -ENOENT;
	return ret;
}

static int find_families(struct nx_nl *nl)
{
	struct nx_family nexus = { .wanted = NEXUS_GENL_EVENTS };
	struct nx_family ctrl = { .wanted = "notify" };
	int ret;

	ret = find_family(nl, NEXUS_GENL_NAME, &nexus);
	if (ret)
		return ret;
	ret = find_family(nl, "nlctrl", &ctrl);
	if (ret)
		return ret;
	nl->family = nexus.id;
	nl->events = nexus.group;
	nl->ctrl_group = ctrl.group;
	return 0;
}

static int open_socket(struct nx_nl *nl)
{
	int on = 1;

	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	/* Without it errors come without words: worth a try, not a failure. */
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	return 0;
}

int nx_nl_open(struct nx_nl **nlp)
{
	struct nx_nl *nl = calloc(1, sizeof(*nl));
	int ret;

	if (!nl)
		return -ENOMEM;
	nl->seq = time(NULL);
	ret = open_socket(nl);
	if (!ret)
		ret = find_families(nl);
	if (ret) {
		nx_nl_close(nl);
		return ret;
	}
	*nlp = nl;
	return 0;
}

void nx_nl_close(struct nx_nl *nl)
{
	if (!nl)
		return;
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl);
}

int nx_nl_request(struct nx_nl *nl, struct nx_request *req, struct nx_reply *reply)
{
	return ask(nl, req, nl->family, NLM_F_ACK, reply);
}

int nx_nl_dump(struct nx_nl *nl, struct nx_request *req, struct nx_reply *reply)
{
	int ret;

	for (int tries = 1; ; tries++) {
		ret = ask(nl, req, nl->family, NLM_F_DUMP, reply);
		if (ret || !reply->is_torn || tries == NX_DUMP_TRIES)
			return ret;
		nx_reply_free(reply);
	}
}

int nx_nl_listen(struct nx_nl *nl)
{
	int fd = mnl_socket_get_fd(nl->sock);
	int bytes = NX_EVENTS_BYTES;

	if (!nl->events)
		return -EPROTONOSUPPORT;
	/* More than rmem_max takes CAP_NET_ADMIN; the rest still helps. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP,
				  &nl->events, sizeof(nl->events)))
		return -errno;
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP,
				  &nl->ctrl_group, sizeof(nl->ctrl_group)))
		return -errno;
	return 0;
}

/* Is this generic netlink's word that the nexus family is no more? */
static bool is_farewell(const struct nx_nl *nl, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct nx_family family = { .wanted = "" };

	if (nlh->nlmsg_type != GENL_ID_CTRL || genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	read_family(nlh, &family);
	return family.id == nl->family;
}

int nx_nl_wait(struct nx_nl *nl, int (*event)(const struct nlmsghdr *nlh, void *data),
	       void *data)
{
	const struct nlmsghdr *nlh = (const void *)nl->buf;
	ssize_t len;
	int left, ret;

	len = mnl_socket_recvfrom(nl->sock, nl->buf, sizeof(nl->buf));
	if (len < 0)
		return -errno;
	left = len;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
			continue;
		if (is_farewell(nl, nlh))
			return -ENOENT;
		if (nlh->nlmsg_type != nl->family)
			continue;
		ret = event(nlh, data);
		if (ret)
			return ret;
	}
	return 0;
}
