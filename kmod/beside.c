// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners beside the kernel's: the socket goes on listening, for processes that
 * are on the kernel's stack, and by a flow a process of nexus accepts there too.
 * Several may, each by a flow of its own.
 *
 * The kernel decides for each SYN whether one of them may have it: it knows no
 * connection with these ends, and its own look-up finds the socket that the flow
 * is of. So whatever becomes of the socket holds for the flow at once: that it is
 * closed or shut down, or listens elsewhere; that it is bound to a device; that
 * others of its group, or of another address, have the SYN. The flow keeps the
 * struct sock, by which it is known, and not the file: nobody listens longer than
 * some process does.
 *
 * What the flow sends is not charged to that socket, which several may have flows
 * of, but to one of its own, the voice, that no process can reach. The voice has
 * no port; that, the keeper shares, as an accepted connection does
 * (tcp_socket.c).
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/security.h>
#include <net/inet6_hashtables.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/inet_sock.h>
#include <net/sock_reuseport.h>
#include <net/tcp.h>
#include "beside.h"
#include "channel.h"
#include "compat.h"
#include "deliver.h"
#include "flow.h"
#include "nexus.h"

/**
 * nx_beside_begin - make a flow one beside the kernel's listener
 * @flow: new; its socket is the application's, of which the file is put
 *
 * Return: 0, EPROTONOSUPPORT, or what keeps a socket from being made; then all
 * is as it was.
 */
int nx_beside_begin(struct nx_flow *flow)
{
	struct socket *theirs = flow->socket, *voice;
	struct sock *sk = theirs->sk;
	int err;

	if (sk->sk_family != AF_INET && sk->sk_family != AF_INET6)
		return -EPROTONOSUPPORT;
	if (theirs->type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP)
		return -EPROTONOSUPPORT;
	err = sock_create_kern(sock_net(sk), sk->sk_family, SOCK_STREAM,
			       IPPROTO_TCP, &voice);
	if (err)
		return err;
	sock_hold(sk);
	flow->listening = sk;
	flow->room = NX_ROOM_ANY;
	flow->socket = voice;
	sockfd_put(theirs);
	return 0;
}

/**
 * nx_beside_check - may a socket have a flow beside it?
 * @flow: with the socket, which is locked
 * @net:  of the nexus
 *
 * Return: 0, EXDEV, EOPNOTSUPP it does not listen, EALREADY another part of the
 * kernel has it.
 */
int nx_beside_check(const struct nx_flow *flow, const struct net *net)
{
	const struct sock *sk = flow->listening;

	if (sock_net(sk) != net)
		return -EXDEV;
	if (sk->sk_state != TCP_LISTEN)
		return -EOPNOTSUPP;
	return inet_csk(sk)->icsk_ulp_ops || sk->sk_user_data ? -EALREADY : 0;
}

/**
 * nx_beside_fill - the voice speaks as the socket would
 * @flow: new, with the socket, which is locked
 */
void nx_beside_fill(struct nx_flow *flow)
{
	struct sock *from = flow->listening, *to = nx_flow_sk(flow);

	to->sk_bound_dev_if = from->sk_bound_dev_if;
	to->sk_priority = READ_ONCE(from->sk_priority);
	to->sk_mark = READ_ONCE(from->sk_mark);
	to->sk_uid = from->sk_uid;
	to->sk_reuse = from->sk_reuse;
	security_sk_clone(from, to);
}

static struct inet_hashinfo *sockets_of(const struct net *net)
{
	return net->ipv4.tcp_death_row.hashinfo;
}

static struct sock *find_known(struct net *net, const struct nx_flow_key *key,
			       int ifindex)
{
	u16 port = ntohs(key->local_port);

	if (key->ip_version == 4)
		return __inet_lookup_established(net, sockets_of(net),
						 key->remote.v4,
						 key->remote_port,
						 key->local.v4, port, ifindex,
						 0);
	return nx_compat_lookup_established6(net, sockets_of(net), key, ifindex);
}

/* Has the kernel's stack a connection with these ends, of whatever state? */
static bool is_known(struct net *net, const struct nx_flow_key *key, int ifindex)
{
	struct sock *sk = find_known(net, key, ifindex);

	if (sk)
		sock_gen_put(sk);
	return sk;
}

/*
 * Who would accept the connection in the kernel's stack. Of a group the kernel takes
 * one by its own hash; a program that is to choose is given no packet, see is_plain().
 */
static struct sock *find_listener(struct net *net, const struct nx_flow_key *key,
				  int ifindex)
{
	if (key->ip_version == 4)
		return __inet_lookup_listener(net, sockets_of(net), NULL, 0,
					      key->remote.v4, key->remote_port,
					      key->local.v4,
					      ntohs(key->local_port), ifindex,
					      0);
	return nx_compat_lookup_listener6(net, sockets_of(net), key, ifindex);
}

static bool has_program(const struct sock *sk)
{
	const struct sock_reuseport *group;

	group = rcu_dereference(sk->sk_reuseport_cb);
	return group && rcu_access_pointer(group->prog);
}

/* It asks of a SYN nothing that only the kernel's stack can answer. */
static bool is_plain(const struct sock *sk)
{
	return !rcu_access_pointer(sk->sk_filter) &&
	       !nx_compat_has_tcp_keys(sk) && !has_program(sk);
}

/**
 * nx_beside_is_listening - does the socket still listen where it did?
 * @flow: beside it
 *
 * Where it listens elsewhere, the flow could not answer.
 */
bool nx_beside_is_listening(const struct nx_flow *flow)
{
	const struct nx_flow_key *key = &flow->node[0].key;
	const struct sock *sk = flow->listening;

	if (inet_sk_state_load(sk) != TCP_LISTEN ||
	    READ_ONCE(inet_sk(sk)->inet_num) != ntohs(key->local_port) ||
	    READ_ONCE(sk->sk_bound_dev_if) != flow->ifindex)
		return false;
	if (key->ip_version == 4)
		return READ_ONCE(inet_sk(sk)->inet_rcv_saddr) == key->local.v4;
	return data_race(!memcmp(&sk->sk_v6_rcv_saddr, &key->local,
				 sizeof(key->local)));
}

/**
 * nx_beside_find_rcu - the flow that gets a segment which belongs to no connection
 * @nexus:  where one beside the kernel's listener is what its look-up has found
 * @dev:    where the segment arrived
 * @key:    of it
 * @is_syn: it asks for a connection
 *
 * In a RCU section, with bottom halves off. What is no SYN may be the answer to a
 * cookie of the kernel's, which then knows of no connection; else it is left over
 * from one that the flow's owner has had.
 *
 * Return: NULL: it is the kernel's; else see nx_beside_deliver().
 */
struct nx_flow *nx_beside_find_rcu(struct nx_nexus *nexus,
				   const struct net_device *dev,
				   const struct nx_flow_key *key, bool is_syn)
{
	struct net *net = dev_net(dev);
	struct nx_flow *flow;
	struct sock *sk;

	if (netif_is_l3_slave(dev) || is_known(net, key, dev->ifindex))
		return NULL;
	sk = find_listener(net, key, dev->ifindex);
	if (!sk || !sk_fullsock(sk) || !is_plain(sk))
		return NULL;
	if (!is_syn && nx_compat_may_have_cookies(sk))
		return NULL;
	flow = nx_flow_find_beside_rcu(&nexus->flows, key, sk, is_syn);
	return flow && nx_flow_has_room(flow->chan) ? flow : NULL;
}

/* @set: which nx_beside_set_room() the room is of. */
static bool take_room(struct nx_flow *flow, u16 *set)
{
	u16 room;

	spin_lock(&flow->lock);
	room = flow->room;
	*set = flow->room_set;
	if (room && room != NX_ROOM_ANY)
		WRITE_ONCE(flow->room, room - 1);
	spin_unlock(&flow->lock);
	return room;
}

/* Not where the owner has said meanwhile how much there is. */
static void give_room(struct nx_flow *flow, u16 set)
{
	spin_lock(&flow->lock);
	if (flow->room_set == set && flow->room != NX_ROOM_ANY)
		WRITE_ONCE(flow->room, flow->room + 1);
	spin_unlock(&flow->lock);
}

/**
 * nx_beside_set_room - how many SYNs may a flow have from now on?
 * @flow: beside the kernel's listener
 * @nr:   or NEXUS_FLOW_ROOM_ANY
 */
void nx_beside_set_room(struct nx_flow *flow, u32 nr)
{
	u16 room = nr == NEXUS_FLOW_ROOM_ANY ? NX_ROOM_ANY :
		   min_t(u32, nr, NX_ROOM_ANY - 1);

	spin_lock_bh(&flow->lock);
	WRITE_ONCE(flow->room, room);
	flow->room_set++;
	spin_unlock_bh(&flow->lock);
}

/**
 * nx_beside_deliver - deliver a segment to the flow that was found for it
 * @q:      the queue, in a run
 * @p:      the segment
 * @is_syn: it asks for a connection, for which the flow must have room
 *
 * Return: false: it is the kernel's, and neither counted nor has it cost the flow
 * anything.
 */
bool nx_beside_deliver(struct nx_queue *q, struct nx_rx_packet *p, bool is_syn)
{
	u16 set = 0;
	bool is_lost;

	if (is_syn && !take_room(p->flow, &set))
		return false;
	p->is_optional = true;
	is_lost = nx_deliver(q, p) != NEXUS_DROP_NONE;
	p->is_optional = false;
	if (is_lost && is_syn)
		give_room(p->flow, set);
	return !is_lost;
}

/**
 * nx_beside_may_answer - may a flow answer who belongs to none of its connections?
 * @flow: beside the kernel's listener
 * @key:  of the segment that it sends
 *
 * Not for what is the kernel's, nor for whom the port is by now.
 */
bool nx_beside_may_answer(const struct nx_flow *flow,
			  const struct nx_flow_key *key)
{
	return nx_beside_is_listening(flow) &&
	       !is_known(sock_net(flow->listening), key,
			 flow->ifindex ?: LOOPBACK_IFINDEX);
}
