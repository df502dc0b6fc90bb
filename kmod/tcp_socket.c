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
 *
 * A listener that ends gives its second socket up, which then shares the port as the
 * listener's own did, until the last connection that was accepted there has ended, and
 * TIME-WAIT after it. Another flow's listener is no more kept from such a port than a
 * listener of the kernel's.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <net/addrconf.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "compat.h"
#include "flow.h"
#include "linger.h"
#include "tcp_socket.h"

/* The user data of every second socket: an address that has no flags in its low bits. */
static const u64 keeper_tag;

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
	return nx_flow_owner(flow)->sk_reuseport &&
	       nx_flow_key_is_listener(&flow->node[0].key);
}

/*
 * Asks the kernel's bind() once more, as listen() does: without the sharing that
 * SO_REUSEADDR allows.
 */
static int check_port(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);
	bool reuseport = sk->sk_reuseport;
	u8 reuse = sk->sk_reuse;
	int err;

	sk->sk_reuse = SK_NO_REUSE;
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
	struct sock *sk = nx_flow_owner(flow);
	int err;

	copy_binding(keeper->sk, sk);
	keeper->sk->sk_user_data = (void *)&keeper_tag;
	keeper->sk->sk_reuseport = is_shared(flow);
	local_bh_disable();
	err = __inet_inherit_port(sk, keeper->sk);
	local_bh_enable();
	/* A number without a bucket is not what the kernel's close() expects. */
	if (err)
		inet_sk(keeper->sk)->inet_num = 0;
	return err;
}

/* What bind() and listen() ask of two sockets with the same number. */
static bool overlaps(const struct sock *sk, const struct sock *other)
{
	int dev = sk->sk_bound_dev_if, other_dev = other->sk_bound_dev_if;

	return (!dev || !other_dev || dev == other_dev) &&
	       inet_rcv_saddr_equal(sk, other, true);
}

/*
 * Is it the adopted socket of a listener that ended, and has no process it any more?
 * It is in the bucket whose lock the caller has: who closes the file waits for that.
 */
static bool is_abandoned_rcu(const struct sock *sk)
{
	const struct nx_flow *flow = nx_socket_flow_rcu(sk);

	return flow && READ_ONCE(flow->is_given_up) &&
	       file_count(flow->socket->file) == 1;
}

static bool is_given_up(const struct sock *sk)
{
	bool is_ours;

	if (sk->sk_user_data == &keeper_tag)
		return sk->sk_reuse;
	rcu_read_lock();
	is_ours = is_abandoned_rcu(sk);
	rcu_read_unlock();
	return is_ours;
}

static bool is_of_group(struct sock *sk, struct sock *other)
{
	return sk->sk_reuseport && other->sk_reuseport &&
	       uid_eq(sock_i_uid(sk), sock_i_uid(other));
}

/* May @flow's socket not have its port because of @other? */
static bool is_obstacle(void *arg, struct sock *other)
{
	struct nx_flow *flow = arg;
	struct sock *sk = nx_flow_sk(flow);

	if (other == sk || !overlaps(sk, other))
		return false;
	if (!sk_fullsock(other))
		return true;
	return !is_given_up(other) &&
	       !(is_shared(flow) && is_of_group(sk, other));
}

/*
 * Has nobody the port but those who gave it up? The kernel's own check cannot be
 * asked: to it they are like any socket with SO_REUSEADDR, such as one whose
 * connection the flow would take the segments of.
 */
static bool is_left_alone(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);
	struct inet_hashinfo *hash = tcp_or_dccp_get_hashinfo(sk);
	u32 at = inet_bhashfn(sock_net(sk), inet_sk(sk)->inet_num,
			      hash->bhash_size);
	bool is_taken;

	spin_lock_bh(&hash->bhash[at].lock);
	is_taken = nx_compat_is_any_bound(inet_csk(sk)->icsk_bind_hash, flow,
					  is_obstacle);
	spin_unlock_bh(&hash->bhash[at].lock);
	return !is_taken;
}

/* Is it a server that begins anew where it was before? */
static bool may_follow(struct nx_flow *flow)
{
	return nx_flow_key_is_listener(&flow->node[0].key) &&
	       nx_flow_sk(flow)->sk_reuse && is_left_alone(flow);
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
	if (keeper->sk->sk_reuse && !is_left_alone(flow)) {
		nx_linger_add(keeper, sock_i_ino(sk), flow->linger_ns);
		return false;
	}
	keeper->sk->sk_reuse = SK_NO_REUSE;
	flow->keeper = keeper;
	flow->is_shared = keeper->sk->sk_reuseport;
	return true;
}

static int add_keeper(struct nx_flow *flow)
{
	struct sock *sk = nx_flow_owner(flow);
	struct socket *keeper;
	int err;

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
 * nx_tcp_socket_hold - make a flow the owner of its socket's port
 * @flow: with its socket, which is locked and bound, and its keys
 *
 * Return: 0, EADDRINUSE another socket of the kernel's has the port too, ENOMEM.
 */
int nx_tcp_socket_hold(struct nx_flow *flow)
{
	int err;

	if (take_over(flow))
		return 0;
	err = check_port(flow);
	if (err && !may_follow(flow))
		return err;
	return add_keeper(flow);
}

/**
 * nx_tcp_socket_join - a flow shares the port of a socket that listens
 * @flow: beside the kernel's listener, which is locked
 *
 * The port is the socket's by itself. The keeper is to the kernel what one of the
 * connections is that the socket has accepted: where they would keep the port when
 * nobody listens there any more, so does it.
 *
 * Return: 0, ENOMEM.
 */
int nx_tcp_socket_join(struct nx_flow *flow)
{
	int err = add_keeper(flow);

	if (!err)
		flow->keeper->sk->sk_reuse = flow->listening->sk_reuse;
	return err;
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
	bool may_share = nx_flow_sk(flow)->sk_reuse;

	if (!flow->keeper || !nx_flow_key_is_listener(&flow->node[0].key))
		return;
	flow->keeper->sk->sk_reuse = may_share;
	WRITE_ONCE(flow->is_given_up, may_share);
}

/**
 * nx_tcp_socket_leave - a socket that no process has leaves its port at once
 * @flow: that had adopted it, with the socket, which is locked
 *
 * The kernel would do so when it closes the file, which it puts off. To whom looks
 * between, is_abandoned_rcu() would say nothing any more.
 */
void nx_tcp_socket_leave(const struct nx_flow *flow)
{
	struct sock *sk = nx_flow_sk(flow);

	if (!flow->listening && file_count(flow->socket->file) == 1 &&
	    inet_csk(sk)->icsk_bind_hash)
		inet_put_port(sk);
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
