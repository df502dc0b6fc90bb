// SPDX-License-Identifier: GPL-2.0
/* Asks rtnetlink. Each call has a socket of its own: none is kept for the next. */
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <libmnl/libmnl.h>

#include "rtnl.h"

/* The kernel fills datagrams of at most 32 KiB for a dump. */
#define NX_RTNL_SIZE	65536

static int receive(struct mnl_socket *sock, struct nx_reply *reply)
{
	static char buf[NX_RTNL_SIZE] __attribute__((aligned(8)));
	ssize_t len;
	int ret = NX_REPLY_MORE;

	while (ret == NX_REPLY_MORE) {
		len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		ret = nx_reply_feed(reply, buf, len);
	}
	return ret < 0 ? ret : 0;
}

static int call(struct mnl_socket *sock, struct nlmsghdr *nlh, struct nx_reply *reply)
{
	int on = 1;

	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	/* Without it errors come without words: worth a try, not a failure. */
	(void)mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof(on));
	nlh->nlmsg_flags |= NLM_F_REQUEST;
	nlh->nlmsg_seq = time(NULL);
	nx_reply_init(reply, nlh->nlmsg_seq, mnl_socket_get_portid(sock));
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return receive(sock, reply);
}

int nx_rtnl_call(struct nlmsghdr *nlh, struct nx_reply *reply)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int ret;

	nx_reply_init(reply, 0, 0);
	if (!sock)
		return -errno;
	ret = call(sock, nlh, reply);
	mnl_socket_close(sock);
	return ret;
}
