/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows: who owns which 5-tuple or port, and the table that a packet is looked
 * up in.
 */
#ifndef NX_FLOW_H
#define NX_FLOW_H

#include <linux/in.h>
#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/sock.h>
#include <linux/nexus.h>
#include "advice.h"
#include "core/flow_key.h"
#include "core/tcp_track.h"
#include "counters.h"
#include "sndbuf.h"
#include "grant.h"

struct nx_channel;
struct nx_flow;
struct nx_net;
struct nx_nexus;
struct nx_queue;

/**
 * struct nx_flow_node - one key of a flow in its table
 * @head: in nx_flow_table.hash
 * @key:  what is looked up
 * @flow: whose
 * @next: of a group: another listener with this key, not in the hash itself
 *
 * A dual-stack listener has two.
 */
struct nx_flow_node {
	struct rhash_head	head;
	struct nx_flow_key	key;
	struct nx_flow		*flow;
	struct nx_flow_node __rcu *next;
};

#define NX_FLOW_NODES	2

/* Listeners that share a port: each packet that asks which has it goes through them. */
#define NX_GROUP_MAX	1024

#define NX_ROOM_ANY	U16_MAX

/**
 * struct nx_flow - a 5-tuple or a listener, and the socket that owns its port
 * @node:       its keys in the table
 * @nr_nodes:   used of @node
 * @traffic_class: NEXUS_CLASS_*
 * @chan:       its channel, of which it holds a reference
 * @idx:        in nx_channel.flows
 * @generation: of that index
 * @serial:     unlike that of any other flow, ever; not 0
 * @queue:      that receives, or NEXUS_QUEUE_ANY
 * @ifindex:    device that the socket is bound to, or 0
 * @rx:         delivered; under the rx_lock of the queue that receives
 * @tx:         sent; under the tx_lock of the queue that sends
 * @drops:      packets of this flow that were lost, either way
 * @lock:       protects @track, and @rx and @tx where several queues count; a
 *              leaf, bottom halves off
 * @room:       of a listener beside the kernel's: SYNs that it may have; NX_ROOM_ANY;
 *              changed under @lock
 * @room_set:   how often the owner has said how many; under @lock
 * @track:      of a TCP connection; unused by a listener
 * @nr_copies:  payloads, the last of which leaves as pages, while those before are
 *              copied; 0: all leave as pages: flight.c
 * @parent:     of an accepted connection: the listener, which keeps the socket
 *              for as long as it has one
 * @users:      itself, and the connections that it has accepted; the socket is
 *              released with the last one
 * @half_open:  of an accepted connection: in nx_channel.half_open until the peer
 *              has acknowledged its SYN-ACK; under the table's lock
 * @linger_ns:  until when some connection's port must not be used again
 * @socket:     adopted; the flow holds its file until @users is 0, or, beside the
 *              kernel's listener, the socket itself; NULL for an accepted connection
 * @sk:         of @socket; the flow holds a reference
 * @keeper:     of a TCP flow: shares the port with @socket, see tcp_socket.c
 * @listening:  of a listener beside the kernel's: the application's socket, which
 *              listens, of which it holds a reference; then @socket is one of the
 *              kernel's own, by which it sends, see beside.c. Else NULL
 * @uid:        of the socket's owner
 * @pid:        of the process that added the flow, in the initial namespace
 * @policy:     number of the nexus's policy that allowed it
 * @mtu:        of the path, as the owner was told
 * @our_local, @plain_remote: the IPv4 addresses of the last packet that were
 *              found to be this host's and not this host's, below the state of
 *              the routes (rt_genid_ipv4()) at that time; U64_MAX: none
 * @advice:     what its entry in the advisory region says
 * @grant:      of the low-latency class
 * @is_address_gone: its local address is no longer this host's
 * @is_given_up: a listener that has ended and had SO_REUSEADDR: its port is shared
 * @sndbuf:     the send buffer of @socket
 * @old_data_ready, @old_userlocks: what the socket had before
 * @is_shared:  it may have a port that other listeners of its user have too
 * @dead:       in a list of flows that are out of the table, for who releases
 *              their sockets
 * @release:    releases its socket, after @dead
 * @rcu:        frees it after the last reader, at last
 *
 * Found under RCU through its table, its channel or its socket. Freed a grace
 * period after all three have let go.
 *
 * @rx and @tx are exact as long as one queue serves the flow; a flow of
 * NEXUS_QUEUE_ANY on a channel of several queues counts under @lock.
 */
struct nx_flow {
	struct nx_flow_node	node[NX_FLOW_NODES];
	u8			nr_nodes;
	u8			traffic_class;
	u8			old_userlocks;
	bool			is_shared;
	bool			is_address_gone;
	bool			is_given_up;
	struct nx_channel	*chan;
	u32			idx;
	u32			generation;
	u64			serial;
	u32			queue;
	int			ifindex;

	struct nx_traffic	rx;
	struct nx_traffic	tx;
	spinlock_t		lock;	/* see above */
	u16			room;
	u16			room_set;
	atomic64_t		drops;
	struct nx_tcp_track	track;
	u32			nr_copies;

	struct nx_flow		*parent;
	refcount_t		users;
	kuid_t			uid;
	struct list_head	half_open;
	u64			linger_ns;

	struct socket		*socket;
	struct sock		*sk;
	struct socket		*keeper;
	struct sock		*listening;
	struct pid		*pid;
	u64			our_local;
	u64			plain_remote;
	struct nx_advice	advice;
	struct nx_grant		grant;
	u32			mtu;
	u32			policy;
	struct nx_sndbuf	sndbuf;
	void			(*old_data_ready)(struct sock *sk);
	union {
		struct list_head	dead;
		struct work_struct	release;
		struct rcu_head		rcu;
	};
};

/* An idle connection has a limit, where no lock has a debugger's mark. */
static_assert(IS_ENABLED(CONFIG_LOCKDEP) || sizeof(struct nx_flow) <= 512);

/* In the order in which they are looked for. */
enum nx_flow_kind {
	NX_FLOW_CONNECTED,
	NX_FLOW_LISTENER,
	NX_FLOW_WILDCARD,
	NX_NR_FLOW_KINDS,
};

/**
 * struct nx_flow_table - the flows of one nexus
 * @lock:    protects what follows, and the flow slots of the nexus's channels;
 *           bottom halves off; taken under the nexus's lock, under a queue's, or
 *           in softirq
 * @hash:    of struct nx_flow_node, read under RCU
 * @ports:   a bit for each local port that any flow has, UDP's and TCP's apart:
 *           what spares the kernel's traffic a look-up; read under RCU
 * @port_users: flows of each bit of @ports
 * @nr:      keys of each kind, so that a kind that nobody has is not looked for
 * @seq:     changes with every addition and removal, before the flow can be
 *           freed, so that who remembers a flow knows when to forget it
 */
struct nx_flow_table {
	spinlock_t		lock;
	struct rhashtable	hash;
	unsigned long		*ports;
	struct xarray		port_users;
	u32			nr[NX_NR_FLOW_KINDS];
	unsigned long		seq;
};

int nx_flow_table_init(struct nx_flow_table *table);
void nx_flow_table_exit(struct nx_flow_table *table);
int nx_flow_table_add(struct nx_flow_table *table, struct nx_flow *flow);
void nx_flow_table_del(struct nx_flow_table *table, struct nx_flow *flow);
struct nx_flow *nx_flow_find_rcu(struct nx_flow_table *table,
				 const struct nx_flow_key *key);
struct nx_flow *nx_flow_find_beside_rcu(struct nx_flow_table *table,
					const struct nx_flow_key *key,
					const struct sock *sk, bool is_syn);

/* Of TCP, then of UDP; by the port's number in network byte order. */
#define NX_PORT_BITS	(2 * (U16_MAX + 1))

/* The numbers of the two differ in their last bit, which every packet pays for. */
static inline u32 nx_port_bit(u8 protocol, __be16 port)
{
	BUILD_BUG_ON(IPPROTO_TCP & 1 || !(IPPROTO_UDP & 1));
	return (protocol & 1) << 16 | (__force u16)port;
}

/* Some flow has @port; or @protocol is another one, of which nothing is said. */
static inline bool nx_flow_table_has_port(const struct nx_flow_table *table,
					  u8 protocol, __be16 port)
{
	return test_bit(nx_port_bit(protocol, port), table->ports);
}

static inline struct sock *nx_flow_sk(const struct nx_flow *flow)
{
	return flow->sk;
}

/* The application's socket, which has the port. */
static inline struct sock *nx_flow_owner(const struct nx_flow *flow)
{
	return flow->listening ?: flow->sk;
}

/* What arrives for it reaches it, but belongs to no connection. */
static inline bool nx_flow_is_listener(const struct nx_flow *flow)
{
	return nx_flow_key_is_listener(&flow->node[0].key);
}

static inline bool nx_flow_is_tcp(const struct nx_flow *flow)
{
	return flow->node[0].key.protocol == IPPROTO_TCP;
}

/* socket.c, as nx_socket_check() and what stands below it */
bool nx_socket_is_narrowed(const struct nx_flow *flow);

/**
 * nx_flow_is_narrowed - has the kernel's claim to the flow's port shrunk?
 * @flow: in a RCU section
 *
 * connect() gives a socket that was bound to every address one of them, and
 * SO_BINDTODEVICE one device; from then on other programs may bind the port on
 * the rest. The flow's key says no longer what is the flow's.
 */
static inline bool nx_flow_is_narrowed(const struct nx_flow *flow)
{
	if (unlikely(READ_ONCE(flow->sk->sk_bound_dev_if) != flow->ifindex))
		return true;
	return nx_addr_is_any(&flow->node[0].key.local) &&
	       unlikely(nx_socket_is_narrowed(flow));
}

void nx_flow_check_addresses(struct nx_net *nx);
int nx_flow_add(struct nx_channel *chan, struct nexus_flow_add *arg);
int nx_flow_del(struct nx_channel *chan, u32 idx, u32 generation);
int nx_flow_set_room(struct nx_channel *chan,
		     const struct nexus_flow_room *arg);
void nx_flow_unlink_all(struct nx_channel *chan, struct list_head *dead);
void nx_flow_release_all(struct list_head *dead);
struct nx_flow *nx_flow_accept(struct nx_flow *listener,
			       const struct nx_flow_key *key,
			       const struct nx_tcp_seg *syn_ack);
bool nx_flow_has_room(const struct nx_channel *chan);
void nx_flow_established(struct nx_flow *flow);
void nx_flow_end(struct nx_flow *flow);

int nx_socket_check(struct socket *sock, struct net *net);
struct nx_flow *nx_socket_flow_rcu(const struct sock *sk);
int nx_socket_adopt(struct nx_flow *flow, const struct nexus_flow_add *arg);
void nx_socket_release(struct nx_flow *flow);
struct nx_flow *nx_skb_flow_rcu(const struct sk_buff *skb);

#endif /* NX_FLOW_H */
