// SPDX-License-Identifier: GPL-2.0
/*
 * TCP sockets that flows adopt: the port stays taken, and the kernel's stack
 * does not use it.
 *
 * An adopted socket is bound, and neither listens nor is connected. That alone
 * keeps a port from nobody: the kernel lets any socket with SO_REUSEADDR share
 * it with another one that has SO_REUSEADDR and does not listen, and the
 * application can set that at any time. So the flow has a second socket, which
 * no process can reach. It inherits the port as an accepted connection's would
 * (__inet_inherit_port()), and shares it with nobody, or, for a listener with
 * SO_REUSEPORT, with sockets of the same user that have it too. From then on
 * the kernel's own rules say EADDRINUSE to whoever binds or listens there, the
 * adopted socket included.
 */
#include <linux/net.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "flow.h"
#include "linger.h"
#include "tcp_socket.h"

/**
 * nx_tcp_socket_check - does the kernel's stack leave a socket alone?
 * @sk: locked
 *
 * Return: 0, EOPNOTSUPP it listens or is connected, EALREADY another part of
 * the kernel has it.
 */
int nx_tcp_socket_check(const struct sock *sk)
{
	if (sk->sk_state != TCP_CLOSE)
		return -EOPNOTSUPP;
	return inet_csk(sk)->icsk_ulp_ops ? -EALREADY : 0;
}

/* Listeners with SO_REUSEPORT are a group; who connects is alone. */
static bool is_shared(const struct nx_flow *flow)
{
	return nx_flow_sk(flow)->sk_reuseport &&
	       nx_flow_key_is_listener(&flow->node[0].key);
}

/*
 * Asks the kernel's bind() once more, as listen() does: with SK_NO_REUSE without
 * the sharing that SO_REUSEADDR allows.
 */
static int check_port(struct nx_flow *flow, u8 how)
{
	struct sock *sk = nx_flow_sk(flow);
	bool reuseport = sk->sk_reuseport;
	u8 reuse = sk->sk_reuse;
	int err;

	sk->sk_reuse = how;
	sk->sk_reuseport = is_shared(flow);
	err = sk->sk_prot->get_port(sk, inet_sk(sk)->inet_num);
	sk->sk_reuse = reuse;
	sk->sk_reuseport = reuseport;
	return err ? -EADDRINUSE : 0;
}

/* What bind() compares of two sockets. */
static void copy_binding(struct sock *to, struct sock *from)
{
	inet_sk(to)->inet_num = inet_sk(from)->inet_num;
	inet_sk(to)->inet_sport = inet_sk(from)->inet_sport;
	inet_sk(to)->inet_saddr = inet_sk(from)->inet_saddr;
	inet_sk(to)->inet_rcv_saddr = inet_sk(from)->inet_rcv_saddr;
#if IS_ENABLED(CONFIG_IPV6)
	to->sk_v6_rcv_saddr = from->sk_v6_rcv_saddr;
	to->sk_ipv6only = from->sk_ipv6only;
#endif
	to->sk_bound_dev_if = from->sk_bound_dev_if;
	SOCK_INODE(to->sk_socket)->i_uid = sock_i_uid(from);
}

static int inherit_port(struct nx_flow *flow, struct socket *keeper)
{
	struct sock *sk = nx_flow_sk(flow);
	int err;

	copy_binding(keeper->sk, sk);
	keeper->sk->sk_reuseport = is_shared(flow);
	local_bh_disable();
	err = __inet_inherit_port(sk, keeper->sk);
	local_bh_enable();
	/* A number without a bucket is not what the kernel's close() expects. */
	if (err)
		inet_sk(keeper->sk)->inet_num = 0;
	return err;
}

/* Somebody may have come whom SO_REUSEADDR lets have the port: does he listen? */
static bool is_left_alone(struct nx_flow *flow, const struct socket *keeper)
{
	return !keeper->sk->sk_reuse || !check_port(flow, SK_CAN_REUSE);
}

/*
 * A listener whose flow ended while connections of its were in TIME-WAIT, and that
 * is adopted again, as after its channel was defunct: nobody else came between.
 */
static bool take_over(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);
	struct socket *keeper;

	if (!nx_flow_key_is_listener(&flow->node[0].key))
		return false;
	keeper = nx_linger_take(sk, sock_i_ino(sk), &flow->linger_ns);
	if (!keeper)
		return false;
	if (!is_left_alone(flow, keeper)) {
		nx_linger_add(keeper, sock_i_ino(sk), flow->linger_ns);
		return false;
	}
	keeper->sk->sk_reuse = SK_NO_REUSE;
	flow->keeper = keeper;
	flow->is_shared = keeper->sk->sk_reuseport;
	return true;
}

/**
 * nx_tcp_socket_hold - make a flow the owner of its socket's port
 * @flow: with its socket, which is locked and bound, and its keys
 *
 * Return: 0, EADDRINUSE another socket of the kernel's has the port too, ENOMEM.
 */
int nx_tcp_socket_hold(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);
	struct socket *keeper;
	int err;

	if (take_over(flow))
		return 0;
	err = check_port(flow, SK_NO_REUSE);
	if (err)
		return err;
	err = sock_create_kern(sock_net(sk), sk->sk_family, SOCK_STREAM,
			       IPPROTO_TCP, &keeper);
	if (err)
		return err;
	err = inherit_port(flow, keeper);
	if (err) {
		sock_release(keeper);
		return err;
	}
	flow->keeper = keeper;
	flow->is_shared = is_shared(flow);
	return 0;
}

/**
 * nx_tcp_socket_share - nobody listens by a flow any more
 * @flow: of any kind, unlinked; connections that it has accepted may live on
 *
 * What the kernel asks of connections that have lost their listener, and of those
 * in TIME-WAIT, holds here too: who binds with SO_REUSEADDR has the port where the
 * listener's socket had it as well. The port of one that connected is kept: whom
 * it is for chooses the other end, too.
 */
void nx_tcp_socket_share(struct nx_flow *flow)
{
	if (flow->keeper && nx_flow_key_is_listener(&flow->node[0].key))
		flow->keeper->sk->sk_reuse = nx_flow_sk(flow)->sk_reuse;
}

/**
 * nx_tcp_socket_drop - the port is the socket's alone again
 * @flow: that had it; where a connection of its is in TIME-WAIT, the socket
 *        shares it with a keeper on, and gives it to nobody
 */
void nx_tcp_socket_drop(struct nx_flow *flow)
{
	nx_linger_add(flow->keeper, sock_i_ino(nx_flow_sk(flow)),
		      flow->linger_ns);
	flow->keeper = NULL;
}
