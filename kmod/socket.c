// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that flows adopt. The socket keeps its port by the kernel's own
 * rules; what the kernel's stack delivers to a UDP socket (reassembled
 * fragments, multicast, packets of devices that no nexus listens on) goes to
 * the flow.
 */
#include <linux/net.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>
#include "beside.h"
#include "channel.h"
#include "core/packet.h"
#include "flow.h"
#include "nexus.h"
#include "rx.h"
#include "tcp_socket.h"

#define BIND_LOCKS	(SOCK_BINDPORT_LOCK | SOCK_BINDADDR_LOCK)

/* Not one of the kernel's: UDP_ENCAP_* end at 7. */
#define SOCKET_ENCAP_TYPE	0x4e

static bool is_tcp(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_TCP;
}

/* UDP calls it in a RCU section. 0: consumed; 1: the socket's after all. */
static int socket_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct nx_flow *flow = rcu_dereference_sk_user_data(sk);

	if (!flow)
		return 1;
	nx_rx_socket(flow, skb);
	consume_skb(skb);
	return 0;
}

/*
 * Something stands in the socket's receive queue: the kernel's business. That it
 * is told through here marks the socket as a flow's.
 */
static void socket_data_ready(struct sock *sk)
{
	void (*ready)(struct sock *sk);
	struct nx_flow *flow;

	rcu_read_lock();
	flow = rcu_dereference_sk_user_data(sk);
	smp_rmb(); /* V: what was read is ours if the function still is */
	ready = READ_ONCE(sk->sk_data_ready);
	if (ready == socket_data_ready)
		ready = flow->old_data_ready;
	ready(sk);
	rcu_read_unlock();
}

/**
 * nx_socket_flow_rcu - the flow that has adopted a socket
 * @sk: any, or NULL; in a RCU section
 *
 * Return: NULL: none has.
 */
struct nx_flow *nx_socket_flow_rcu(const struct sock *sk)
{
	struct nx_flow *flow;

	if (!sk || !sk_fullsock(sk) ||
	    likely(READ_ONCE(sk->sk_data_ready) != socket_data_ready))
		return NULL;
	flow = rcu_dereference_sk_user_data(sk);
	smp_rmb(); /* V: what was read is ours if the function still is */
	return READ_ONCE(sk->sk_data_ready) == socket_data_ready ? flow : NULL;
}

/* Of the connections that @listener has accepted, the one that sends @skb. */
static struct nx_flow *accepted_flow_rcu(struct nx_flow *listener,
					 const struct sk_buff *skb)
{
	int off = skb_network_offset(skb);
	struct nx_packet p;
	u8 copy[NX_HEADERS_MAX];
	struct nx_flow *flow;
	const u8 *h;
	u32 avail;

	avail = min_t(u32, skb->len - off, sizeof(copy));
	h = skb_header_pointer(skb, off, avail, copy);
	if (!h || nx_tx_parse(h, avail, skb->len - off, &p))
		return listener;
	flow = nx_flow_find_rcu(&listener->chan->nexus->flows, &p.key);
	return flow && flow->parent == listener ? flow : listener;
}

/**
 * nx_skb_flow_rcu - the flow that sends a packet
 * @skb: on its way out; in a RCU section
 *
 * A packet of nexus is its flow's socket's (skb_set_owner_w()), and so is what
 * the application sends through that socket itself. The owner survives
 * neighbours, hooks and disciplines, until a driver or another network namespace
 * takes the packet. Connections that a listener has accepted send by its socket,
 * and are told apart by what the packet says.
 *
 * Return: NULL: it is not of nexus.
 */
struct nx_flow *nx_skb_flow_rcu(const struct sk_buff *skb)
{
	struct nx_flow *flow = nx_socket_flow_rcu(skb->sk);

	if (flow && nx_flow_is_tcp(flow) && nx_flow_is_listener(flow))
		return accepted_flow_rcu(flow, skb);
	return flow;
}

static struct nx_flow_key *add_key(struct nx_flow *flow, u8 ip_version)
{
	struct sock *sk = nx_flow_owner(flow);
	struct nx_flow_node *node = &flow->node[flow->nr_nodes++];

	node->flow = flow;
	node->key.ip_version = ip_version;
	node->key.protocol = sk->sk_protocol;
	node->key.local_port = inet_sk(sk)->inet_sport;
	if (sk->sk_state == TCP_ESTABLISHED)
		node->key.remote_port = inet_sk(sk)->inet_dport;
	return &node->key;
}

static void add_key_ipv4(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_owner(flow);
	struct nx_flow_key *key = add_key(flow, 4);

	key->local.v4 = inet_sk(sk)->inet_rcv_saddr;
	if (sk->sk_state == TCP_ESTABLISHED)
		key->remote.v4 = inet_sk(sk)->inet_daddr;
}

static void add_key_ipv6(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_owner(flow);
	struct nx_flow_key *key = add_key(flow, 6);

	memcpy(&key->local, &sk->sk_v6_rcv_saddr, sizeof(key->local));
	if (sk->sk_state == TCP_ESTABLISHED)
		memcpy(&key->remote, &sk->sk_v6_daddr, sizeof(key->remote));
}

static bool speaks_ipv6(const struct sock *sk)
{
	return sk->sk_family == AF_INET6 &&
	       !ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr);
}

static bool speaks_ipv4(const struct sock *sk)
{
	return !speaks_ipv6(sk) ||
	       (ipv6_addr_any(&sk->sk_v6_rcv_saddr) && !sk->sk_ipv6only);
}

/* An IPv6 socket may speak IPv4 alone, IPv6 alone, or both. */
static void add_keys(struct nx_flow *flow)
{
	const struct sock *sk = nx_flow_owner(flow);

	if (!speaks_ipv6(sk)) {
		add_key_ipv4(flow);
		return;
	}
	add_key_ipv6(flow);
	if (speaks_ipv4(sk) && sk->sk_state != TCP_ESTABLISHED)
		add_key_ipv4(flow);
}

static bool is_unicast(const struct nx_flow_key *key)
{
	const struct in6_addr *remote = (const void *)&key->remote;

	if (key->ip_version == 4)
		return !ipv4_is_zeronet(key->remote.v4) &&
		       !ipv4_is_multicast(key->remote.v4) &&
		       !ipv4_is_lbcast(key->remote.v4);
	return !ipv6_addr_any(remote) && !ipv6_addr_is_multicast(remote) &&
	       !ipv6_addr_v4mapped(remote);
}

/* The 5-tuple that the caller will connect, from the socket's port. */
static int add_key_connected(struct nx_flow *flow,
			     const struct nexus_flow_add *arg)
{
	const struct sock *sk = nx_flow_sk(flow);
	bool is_ipv4 = arg->family == AF_INET;
	size_t size = is_ipv4 ? 4 : 16;
	union nx_addr local = {};
	struct nx_flow_key *key;

	if (!is_ipv4 && arg->family != AF_INET6)
		return -EINVAL;
	if (!(is_ipv4 ? speaks_ipv4(sk) : speaks_ipv6(sk)))
		return -EAFNOSUPPORT;
	if (is_ipv4)
		add_key_ipv4(flow);
	else
		add_key_ipv6(flow);
	key = &flow->node[0].key;
	memcpy(&local, arg->local, size);
	if (nx_addr_is_any(&key->local))
		key->local = local;
	else if (!nx_addr_is_any(&local) && !nx_addr_equal(&key->local, &local))
		return -EADDRNOTAVAIL;
	memcpy(&key->remote, arg->remote, size);
	key->remote_port = arg->remote_port;
	if (nx_addr_is_any(&key->local) || !is_unicast(key))
		return -EINVAL;
	return 0;
}

/* Is the local address of @key this host's, on any device? */
static bool is_address_ours(struct sock *sk, const struct nx_flow_key *key)
{
	struct net *net = sock_net(sk);

	if (nx_addr_is_any(&key->local))
		return true;
	if (key->ip_version == 4)
		return inet_addr_type(net, key->local.v4) == RTN_LOCAL;
	return ipv6_chk_addr(net, (const struct in6_addr *)&key->local, NULL, 0);
}

/**
 * nx_socket_check - can a socket be adopted at all?
 * @sock: the application's
 * @net:  of the nexus
 *
 * Return: 0, EPROTONOSUPPORT, EXDEV, EOPNOTSUPP it listens or is a connected
 * TCP socket, EALREADY another part of the kernel has it.
 */
int nx_socket_check(struct socket *sock, struct net *net)
{
	struct sock *sk = sock->sk;

	if (sk->sk_family != AF_INET && sk->sk_family != AF_INET6)
		return -EPROTONOSUPPORT;
	if (!(sock->type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP) &&
	    !(sock->type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP))
		return -EPROTONOSUPPORT;
	if (sock_net(sk) != net)
		return -EXDEV;
	return is_tcp(sk) ? nx_tcp_socket_check(sk) : 0;
}

static int check_bound(struct nx_flow *flow, const struct nexus_flow_add *arg)
{
	struct sock *sk = nx_flow_owner(flow);
	int err = 0;

	if (!inet_sk(sk)->inet_num)
		return -EDESTADDRREQ;
	if (sk->sk_user_data || (!is_tcp(sk) && udp_sk(sk)->encap_rcv))
		return -EALREADY;
	if (arg->remote_port)
		err = add_key_connected(flow, arg);
	else
		add_keys(flow);
	if (err)
		return err;
	return is_address_ours(sk, &flow->node[0].key) ? 0 : -EADDRNOTAVAIL;
}

/**
 * nx_socket_is_narrowed - has a socket been given an address since it was adopted?
 * @flow: of a socket that was bound to every address
 */
bool nx_socket_is_narrowed(const struct nx_flow *flow)
{
	const struct sock *sk = nx_flow_sk(flow);

	if (READ_ONCE(sk->sk_family) == AF_INET6)
		return !ipv6_addr_any(&sk->sk_v6_rcv_saddr);
	return READ_ONCE(inet_sk(sk)->inet_rcv_saddr);
}

static void install(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);

	/* disconnect() must not give the port away while the flow has it. */
	flow->old_userlocks = sk->sk_userlocks & BIND_LOCKS;
	sk->sk_userlocks |= BIND_LOCKS;
	write_lock_bh(&sk->sk_callback_lock);
	flow->old_data_ready = sk->sk_data_ready;
	rcu_assign_sk_user_data(sk, flow);
	/* Whoever sees the function sees the flow. */
	smp_store_release(&sk->sk_data_ready, socket_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);
}

static void install_udp(struct sock *sk)
{
	WRITE_ONCE(udp_sk(sk)->encap_rcv, socket_rcv);
	/* Whoever sees the type sees the function. */
	smp_store_release(&udp_sk(sk)->encap_type, SOCKET_ENCAP_TYPE);
	udp_tunnel_encap_enable(sk);
}

static void remove_udp(struct sock *sk)
{
	if (udp_sk(sk)->encap_rcv != socket_rcv)
		return;
	WRITE_ONCE(udp_sk(sk)->encap_type, 0);
	WRITE_ONCE(udp_sk(sk)->encap_rcv, NULL);
}

/*
 * The kernel's TCP counts what it sends by itself; the packets of a flow are
 * counted as UDP's are, and the send buffer does not grow by itself, so it has
 * the size to which the kernel's would. connect() and listen() say EISCONN and
 * EINVAL; what keeps the port is the keeper, and not this.
 */
static void install_tcp(struct sock *sk)
{
	sock_reset_flag(sk, SOCK_USE_WRITE_QUEUE);
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		WRITE_ONCE(sk->sk_sndbuf,
			   READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_wmem[2]));
	sk->sk_socket->state = SS_CONNECTED;
}

static void remove_tcp(struct sock *sk)
{
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		WRITE_ONCE(sk->sk_sndbuf,
			   READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_wmem[1]));
	if (sk->sk_state == TCP_CLOSE)
		sk->sk_socket->state = SS_UNCONNECTED;
}

static int hold(struct nx_flow *flow)
{
	if (!flow->listening)
		return nx_tcp_socket_hold(flow);
	nx_beside_fill(flow);
	return nx_tcp_socket_join(flow);
}

/**
 * nx_socket_adopt - make a socket the owner of a flow's port
 * @flow: with its socket, which is locked, or the one that it is beside; its keys are
 *        filled in
 * @arg:  what the caller wants; with a remote port only for TCP
 *
 * Return: 0, or as NEXUS_IOC_FLOW_ADD has it.
 */
int nx_socket_adopt(struct nx_flow *flow, const struct nexus_flow_add *arg)
{
	struct sock *sk = nx_flow_sk(flow);
	int err;

	err = check_bound(flow, arg);
	if (!err && is_tcp(sk))
		err = hold(flow);
	if (err)
		return err;
	flow->ifindex = sk->sk_bound_dev_if;
	flow->uid = sock_i_uid(nx_flow_owner(flow));
	install(flow);
	if (is_tcp(sk))
		install_tcp(sk);
	else
		install_udp(sk);
	return 0;
}

/**
 * nx_socket_release - the socket is the kernel's again
 * @flow: that had adopted it, with its socket, which is locked, or the one that it is
 *        beside; readers may still see it for a grace period
 */
void nx_socket_release(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);

	sk->sk_userlocks &= ~BIND_LOCKS | flow->old_userlocks;
	if (is_tcp(sk)) {
		nx_tcp_socket_leave(flow);
		remove_tcp(sk);
	} else {
		remove_udp(sk);
	}
	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_data_ready == socket_data_ready)
		WRITE_ONCE(sk->sk_data_ready, flow->old_data_ready);
	smp_wmb(); /* V: who sees no flow, or another's, sees the own function */
	rcu_assign_sk_user_data(sk, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
	if (is_tcp(sk))
		nx_tcp_socket_drop(flow);
	nx_sndbuf_exit(flow);
}
