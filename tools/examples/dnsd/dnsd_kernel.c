// SPDX-License-Identifier: GPL-2.0
/*
 * nexus-dnsd over an ordinary socket, for comparison. Answers leave from the
 * address that was asked, as they must where a host has several.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/common.h"
#include "dnsd.h"

#define QUERY_MAX	4096
/* Other events get their turn after so many. */
#define BUDGET		256

/**
 * struct asker - where a query came from, and to which of our addresses
 * @msg:     for recvmsg() and sendmsg()
 * @addr:    the asker
 * @control: our address, as IP_PKTINFO or IPV6_PKTINFO
 */
struct asker {
	struct msghdr		msg;
	struct sockaddr_storage	addr;
	union {
		struct cmsghdr	align;
		char		bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
};

struct server {
	int	fd;
};

static ssize_t receive(int fd, struct asker *asker, struct iovec *vec)
{
	asker->msg = (struct msghdr){
		.msg_name = &asker->addr,
		.msg_namelen = sizeof(asker->addr),
		.msg_iov = vec,
		.msg_iovlen = 1,
		.msg_control = &asker->control,
		.msg_controllen = sizeof(asker->control),
	};
	return recvmsg(fd, &asker->msg, MSG_DONTWAIT);
}

/* The route chooses the device; only the address stays. */
static void forget_device(struct asker *asker)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&asker->msg);
	struct in6_pktinfo v6;
	struct in_pktinfo v4;

	if (!cmsg)
		return;
	if (cmsg->cmsg_level == IPPROTO_IPV6) {
		memcpy(&v6, CMSG_DATA(cmsg), sizeof(v6));
		if (!IN6_IS_ADDR_LINKLOCAL(&v6.ipi6_addr))
			v6.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(cmsg), &v6, sizeof(v6));
	} else {
		memcpy(&v4, CMSG_DATA(cmsg), sizeof(v4));
		v4.ipi_spec_dst = v4.ipi_addr;
		v4.ipi_ifindex = 0;
		memcpy(CMSG_DATA(cmsg), &v4, sizeof(v4));
	}
}

static void answer(struct dnsd *dnsd, int fd, struct asker *asker,
		   const uint8_t *query, size_t len)
{
	uint8_t reply[DNS_UDP_MAX];
	struct iovec vec = { .iov_base = reply };

	dnsd->queries++;
	vec.iov_len = dns_answer(&dnsd->zone, query, len, reply, sizeof(reply));
	if (!vec.iov_len) {
		dnsd->silent++;
		return;
	}
	forget_device(asker);
	asker->msg.msg_iov = &vec;
	if (sendmsg(fd, &asker->msg, MSG_DONTWAIT) < 0)
		dnsd->failed++;
	else
		dnsd->replies++;
}

static int server_run(struct dnsd *dnsd)
{
	struct server *server = dnsd->priv;
	uint8_t query[QUERY_MAX];
	struct iovec vec = { .iov_base = query, .iov_len = sizeof(query) };
	struct asker asker;
	unsigned int i;
	ssize_t len;

	for (i = 0; i < BUDGET; i++) {
		len = receive(server->fd, &asker, &vec);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		/* Others are ICMP errors about earlier answers. */
		if (len >= 0)
			answer(dnsd, server->fd, &asker, query, len);
	}
	return 0;
}

static int server_open(struct dnsd *dnsd, int fd)
{
	struct server *server = malloc(sizeof(*server));
	int one = 1, family;
	socklen_t len = sizeof(family);

	if (!server)
		return -ENOMEM;
	server->fd = dup(fd);
	dnsd->priv = server;
	if (server->fd < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) ||
	    (family == AF_INET6 ?
	     setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one)) :
	     setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)))) {
		complain("socket: %s", strerror(errno));
		return -errno;
	}
	return server->fd;
}

static int server_timeout_ms(struct dnsd *dnsd)
{
	(void)dnsd;
	return -1;
}

static void server_close(struct dnsd *dnsd)
{
	struct server *server = dnsd->priv;

	close(server->fd);
	free(server);
	dnsd->priv = NULL;
}

const struct dnsd_transport dnsd_kernel = {
	.name = "the kernel's stack",
	.open = server_open,
	.run = server_run,
	.timeout_ms = server_timeout_ms,
	.close = server_close,
};
