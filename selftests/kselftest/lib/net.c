// SPDX-License-Identifier: GPL-2.0
/* Network namespaces of a test, and the sockets in them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "link.h"
#include "net.h"
#include "util.h"

static int namespace_new(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		nx_die("a network namespace: %s", strerror(errno));
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		nx_die("/proc/self/ns/net: %s", strerror(errno));
	return fd;
}

void nx_net_enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		nx_die("setns: %s", strerror(errno));
}

static void ip_batch(const char *format, va_list args)
{
	FILE *pipe = popen("ip -batch - >&2", "we");

	if (!pipe)
		nx_die("ip: %s", strerror(errno));
	vfprintf(pipe, format, args);
	if (pclose(pipe))
		nx_die("ip -batch failed: %s", format);
}

void nx_ip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ip_batch(format, args);
	va_end(args);
}

void nx_ip_peer(struct nx_net *net, const char *format, ...)
{
	va_list args;

	nx_net_enter(net->peer);
	va_start(args, format);
	ip_batch(format, args);
	va_end(args);
	nx_net_enter(net->host);
}

/* Whose end is @self, 1: host, 2: peer; @number 0 has no part of its own in names. */
static struct nx_link link_of(int number, int self)
{
	struct nx_link link = {
		.ifindex = 10 + 2 * number + self,
		.mac = { 2, 0, 0, 0, number, self },
	};

	snprintf(link.name, sizeof(link.name), "%c%d", self == 1 ? 'n' : 'p',
		 number);
	snprintf(link.ip4, sizeof(link.ip4), "10.9.%d.%d", number, self);
	if (number)
		snprintf(link.ip6, sizeof(link.ip6), "fd09:%d::%d", number, self);
	else
		snprintf(link.ip6, sizeof(link.ip6), "fd09::%d", self);
	return link;
}

static int device_ioctl(unsigned long request, struct ifreq *ifr,
			const char *name)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
	err = ioctl(sock, request, ifr) ? -errno : 0;
	close(sock);
	return err;
}

static void link_wait(const char *name)
{
	long long end_ns = nx_now_ns() + 10 * NX_SEC;

	while (!nx_link_is_up(name)) {
		if (nx_now_ns() > end_ns)
			nx_die("link %s does not come up", name);
		nx_sleep_ms(1);
	}
}

void nx_net_alone(void)
{
	close(namespace_new());
	nx_link_set("lo", true);
}

void nx_net_more(struct nx_net *net, int number)
{
	struct nx_link host = link_of(number, 1), peer = link_of(number, 2);

	nx_link_add_veth(&host, &peer, net->peer);
	nx_link_set(host.name, true);
	nx_link_add_addresses(&host, &peer);
	nx_net_enter(net->peer);
	nx_link_set(peer.name, true);
	nx_link_add_addresses(&peer, &host);
	link_wait(peer.name);
	nx_net_enter(net->host);
	link_wait(host.name);
}

void nx_net_start(struct nx_net *net)
{
	net->peer = namespace_new();
	nx_link_set("lo", true);
	net->host = namespace_new();
	nx_link_set("lo", true);
	nx_net_more(net, 0);
}

void nx_net_stop(struct nx_net *net)
{
	close(net->peer);
	close(net->host);
}

int nx_ifindex(const char *name)
{
	int ifindex = if_nametoindex(name);

	if (!ifindex)
		nx_die("no device %s", name);
	return ifindex;
}

void nx_link_set(const char *name, bool is_up)
{
	struct ifreq ifr = {};
	int err = device_ioctl(SIOCGIFFLAGS, &ifr, name);

	if (is_up)
		ifr.ifr_flags |= IFF_UP;
	else
		ifr.ifr_flags &= ~IFF_UP;
	if (!err)
		err = device_ioctl(SIOCSIFFLAGS, &ifr, name);
	if (err)
		nx_die("link %s: %s", name, strerror(-err));
}

void nx_tx_csum_set(int ns, const char *name, bool is_on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = is_on };
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int err;

	if (ns >= 0)
		nx_net_enter(ns);
	err = device_ioctl(SIOCETHTOOL, &ifr, name);
	if (err)
		nx_die("checksum offload of %s: %s", name, strerror(-err));
	if (ns >= 0)
		nx_net_enter(here);
	close(here);
}

int nx_socket(int ns, int family, int type, int protocol)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int sock;

	if (ns >= 0)
		nx_net_enter(ns);
	sock = socket(family, type | SOCK_CLOEXEC, protocol);
	if (sock < 0)
		nx_die("socket: %s", strerror(errno));
	if (ns >= 0)
		nx_net_enter(here);
	close(here);
	return sock;
}

int nx_udp_bind(int sock, const char *local, __u16 port)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, local, port);

	return bind(sock, (void *)&addr, len) ? -errno : 0;
}

void nx_udp_connect(int sock, const char *remote, __u16 port)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, remote, port);

	if (connect(sock, (void *)&addr, len))
		nx_die("connect to %s: %s", remote, strerror(errno));
}

int nx_udp_socket(int ns, const char *local, __u16 port,
		  const char *remote, __u16 remote_port)
{
	const char *any = local ? local : remote;
	int sock = nx_socket(ns, any && strchr(any, ':') ? AF_INET6 : AF_INET,
			     SOCK_DGRAM, 0);

	if (local) {
		int err = nx_udp_bind(sock, local, port);

		if (err)
			nx_die("bind to %s port %u: %s", local, port,
			       strerror(-err));
	}
	if (remote)
		nx_udp_connect(sock, remote, remote_port);
	return sock;
}

long nx_udp_send(int sock, const void *payload, size_t len,
		 const char *remote, __u16 port)
{
	struct sockaddr_storage addr;
	socklen_t addr_len = 0;
	ssize_t sent;

	if (remote)
		addr_len = nx_sockaddr(&addr, remote, port);
	sent = sendto(sock, payload, len, 0, remote ? (void *)&addr : NULL,
		      addr_len);
	return sent < 0 ? -errno : sent;
}

long nx_udp_recv(int sock, void *payload, size_t size, unsigned int ms)
{
	struct pollfd poll_in = { .fd = sock, .events = POLLIN };
	ssize_t got;

	if (poll(&poll_in, 1, ms) == 0)
		return -EAGAIN;
	got = recv(sock, payload, size, MSG_DONTWAIT);
	return got < 0 ? -errno : got;
}

__u16 nx_local_port(int sock)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);

	if (getsockname(sock, (void *)&addr, &len))
		nx_die("getsockname: %s", strerror(errno));
	return ntohs(addr.sin6_port);
}

int nx_packet_socket(int ns, const char *dev)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int sock, bytes = 8 << 20;
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};

	if (ns >= 0)
		nx_net_enter(ns);
	/* Protocol 0 until it is bound: nothing of other devices gets in. */
	sock = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	addr.sll_ifindex = nx_ifindex(dev);
	if (sock < 0 || bind(sock, (void *)&addr, sizeof(addr)))
		nx_die("packet socket on %s: %s", dev, strerror(errno));
	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (ns >= 0)
		nx_net_enter(here);
	close(here);
	return sock;
}

long nx_packet_recv(int sock, void *packet, size_t size, unsigned int ms)
{
	long long end_ns = nx_now_ns() + ms * NX_MSEC;
	struct pollfd poll_in = { .fd = sock, .events = POLLIN };
	struct sockaddr_ll from;
	socklen_t from_len;
	ssize_t got;

	for (;;) {
		from_len = sizeof(from);
		got = recvfrom(sock, packet, size, MSG_DONTWAIT,
			       (void *)&from, &from_len);
		if (got >= 0 && from.sll_pkttype != PACKET_OUTGOING &&
		    (from.sll_protocol == htons(ETH_P_IP) ||
		     from.sll_protocol == htons(ETH_P_IPV6)))
			return got;
		if (got >= 0)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (nx_now_ns() >= end_ns || !poll(&poll_in, 1, ms))
			return -EAGAIN;
	}
}

void nx_packet_send(int sock, const char *dev, const void *packet, size_t len)
{
	/* The other end's. */
	__u8 mac[ETH_ALEN] = { 2, 0, 0, 0, dev[1] - '0', dev[0] == 'n' ? 2 : 1 };
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons((*(const __u8 *)packet >> 4) == 4 ?
				      ETH_P_IP : ETH_P_IPV6),
		.sll_halen = ETH_ALEN,
	};
	socklen_t addr_len = sizeof(addr);
	struct sockaddr_ll self;

	if (getsockname(sock, (void *)&self, &addr_len))
		nx_die("getsockname: %s", strerror(errno));
	addr.sll_ifindex = self.sll_ifindex;
	memcpy(addr.sll_addr, mac, ETH_ALEN);
	if (sendto(sock, packet, len, 0, (void *)&addr, sizeof(addr)) < 0)
		nx_die("send on %s: %s", dev, strerror(errno));
}
