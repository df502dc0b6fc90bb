/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network namespaces of a test: a host, where the nexus is, and a peer with the
 * kernel's stack alone. They end with the processes of the test.
 *
 *	+------------- host --------------+     +------------- peer -------------+
 *	|  n0  10.9.0.1/24  fd09::1/64    |-----|  p0  10.9.0.2/24  fd09::2/64   |
 *	|  MAC 02:00:00:00:00:01          | veth|  MAC 02:00:00:00:00:02         |
 *	+---------------------------------+     +--------------------------------+
 *
 * Neighbours are permanent entries, so that no packet waits for ARP.
 */
#ifndef NX_NET_H
#define NX_NET_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "packet.h"

#define NX_DEV		"n0"
#define NX_HOST4	"10.9.0.1"
#define NX_HOST6	"fd09::1"
#define NX_PEER_DEV	"p0"
#define NX_PEER4	"10.9.0.2"
#define NX_PEER6	"fd09::2"

/**
 * struct nx_net - namespaces, as files of /proc/PID/ns/net
 * @host: of the test's process
 * @peer: of the other end
 */
struct nx_net {
	int	host;
	int	peer;
};

/* A namespace of our own, with lo up; for what needs no peer. */
void nx_net_alone(void);
/* The picture above. */
void nx_net_start(struct nx_net *net);
/* Another veth: @host and @peer are numbered 1, 2, ... as 10.9.N.0, fd09:N::. */
void nx_net_more(struct nx_net *net, int number);
void nx_net_stop(struct nx_net *net);

void nx_net_enter(int ns);
/* Commands for ip -batch, in this namespace; fails the test if one fails. */
void nx_ip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same in the peer. */
void nx_ip_peer(struct nx_net *net, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int nx_ifindex(const char *name);
/* Faster than a command, for loops; permanent neighbours are lost by down. */
void nx_link_set(const char *name, bool is_up);
/* Whether the device fills in checksums, for those who look at the wire. */
void nx_tx_csum_set(int ns, const char *name, bool is_on);

/* A socket in namespace @ns (-1: here); fails the test rather than return. */
int nx_socket(int ns, int family, int type, int protocol);
/* UDP, bound to @local and connected to @remote if they are given. */
int nx_udp_socket(int ns, const char *local, __u16 port,
		  const char *remote, __u16 remote_port);
/* 0 or -errno. */
int nx_udp_bind(int sock, const char *local, __u16 port);
void nx_udp_connect(int sock, const char *remote, __u16 port);
/* Bytes sent, or -errno. */
long nx_udp_send(int sock, const void *payload, size_t len,
		 const char *remote, __u16 port);
/* Bytes received within @ms, or -errno; -EAGAIN: nothing came. */
long nx_udp_recv(int sock, void *payload, size_t size, unsigned int ms);
__u16 nx_local_port(int sock);

/* All packets of a device. */
int nx_packet_socket(int ns, const char *dev);
/*
 * The next IP packet that arrived, without its link-layer header: bytes, or
 * -EAGAIN after @ms.
 */
long nx_packet_recv(int sock, void *packet, size_t size, unsigned int ms);
/* Sends an IP packet on @dev with the picture's MAC addresses. */
void nx_packet_send(int sock, const char *dev, const void *packet, size_t len);

#endif
