// SPDX-License-Identifier: GPL-2.0
/*
 * The table that a packet's flow is looked up in, under RCU.
 */
#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/rhashtable.h>
#include "beside.h"
#include "flow.h"

static __always_inline u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct nx_flow_key *k = data;

	if (k->ip_version == 4)
		return jhash_3words((__force u32)k->local.v4,
				    (__force u32)k->remote.v4,
				    (__force u32)k->local_port << 16 |
				    (__force u32)k->remote_port,
				    seed ^ k->protocol);
	return jhash2(data, sizeof(*k) / sizeof(u32), seed);
}

static __always_inline u32 node_hash(const void *data, u32 len, u32 seed)
{
	const struct nx_flow_node *node = data;

	return key_hash(&node->key, len, seed);
}

static __always_inline int node_compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct nx_flow_node *node = obj;

	return !nx_flow_key_equal(arg->key, &node->key);
}

static const struct rhashtable_params node_params = {
	.head_offset = offsetof(struct nx_flow_node, head),
	.key_offset = offsetof(struct nx_flow_node, key),
	.key_len = sizeof(struct nx_flow_key),
	.hashfn = key_hash,
	.obj_hashfn = node_hash,
	.obj_cmpfn = node_compare,
	.automatic_shrinking = true,
};

int nx_flow_table_init(struct nx_flow_table *table)
{
	int err;

	spin_lock_init(&table->lock);
	table->ports = kvcalloc(BITS_TO_LONGS(NX_PORT_BITS), sizeof(long),
				GFP_KERNEL_ACCOUNT);
	if (!table->ports)
		return -ENOMEM;
	err = rhashtable_init(&table->hash, &node_params);
	if (err) {
		kvfree(table->ports);
		return err;
	}
	xa_init_flags(&table->port_users, XA_FLAGS_ACCOUNT);
	return 0;
}

/* Empty, and nobody reads it any more. */
void nx_flow_table_exit(struct nx_flow_table *table)
{
	rhashtable_destroy(&table->hash);
	xa_destroy(&table->port_users);
	kvfree(table->ports);
}

static enum nx_flow_kind key_kind(const struct nx_flow_key *key)
{
	if (!nx_flow_key_is_listener(key))
		return NX_FLOW_CONNECTED;
	return nx_addr_is_any(&key->local) ? NX_FLOW_WILDCARD : NX_FLOW_LISTENER;
}

/* S2: who sees the new number sees the table that it stands for. */
static void change_seq(struct nx_flow_table *table)
{
	smp_wmb(); /* S2, pairs with S1 in look_up_peer() and claim() */
	WRITE_ONCE(table->seq, table->seq + 1);
}

static u32 key_port(const struct nx_flow_key *key)
{
	return nx_port_bit(key->protocol, key->local_port);
}

static int get_port(struct nx_flow_table *table, u32 port)
{
	unsigned long users = xa_to_value(xa_load(&table->port_users, port) ?:
					  xa_mk_value(0));
	int err;

	err = xa_err(xa_store(&table->port_users, port, xa_mk_value(users + 1),
			      GFP_ATOMIC));
	if (!err)
		set_bit(port, table->ports);
	return err;
}

static void put_port(struct nx_flow_table *table, u32 port)
{
	unsigned long users = xa_to_value(xa_load(&table->port_users, port));

	if (users > 1) {
		/* In place: needs no memory. */
		xa_store(&table->port_users, port, xa_mk_value(users - 1),
			 GFP_ATOMIC);
		return;
	}
	clear_bit(port, table->ports);
	xa_erase(&table->port_users, port);
}

static void count_node(struct nx_flow_table *table,
		       const struct nx_flow_node *node, int change)
{
	enum nx_flow_kind kind = key_kind(&node->key);

	WRITE_ONCE(table->nr[kind], table->nr[kind] + change);
}

static struct nx_flow_node *follower(const struct nx_flow_table *table,
				      const struct nx_flow_node *node)
{
	return rcu_dereference_protected(node->next,
					 lockdep_is_held(&table->lock));
}

/* The first of a group leaves the hash, and the next one takes its place. */
static void del_first(struct nx_flow_table *table, struct nx_flow_node *node)
{
	struct nx_flow_node *next = follower(table, node);

	if (next)
		rhashtable_replace_fast(&table->hash, &node->head, &next->head,
					node_params);
	else
		rhashtable_remove_fast(&table->hash, &node->head, node_params);
}

static void del_node(struct nx_flow_table *table, struct nx_flow_node *node)
{
	struct nx_flow_node *first, *at;

	count_node(table, node, -1);
	first = rhashtable_lookup_fast(&table->hash, &node->key, node_params);
	if (first == node) {
		del_first(table, node);
		return;
	}
	for (at = first; follower(table, at) != node; at = follower(table, at))
		;
	rcu_assign_pointer(at->next, follower(table, node));
}

/* A socket that listens has one flow in each channel. */
static bool has_same(const struct nx_flow_table *table,
		     const struct nx_flow_node *first,
		     const struct nx_flow *flow)
{
	const struct nx_flow_node *at;

	for (at = first; at; at = follower(table, at))
		if (at->flow->chan == flow->chan &&
		    at->flow->listening == flow->listening)
			return true;
	return false;
}

/*
 * Listeners of TCP that share a port: bind() has asked whether they may. Beside the
 * kernel's listeners it chooses, and beside those whose sockets do not listen it could
 * not.
 */
static bool may_join(const struct nx_flow_table *table,
		     const struct nx_flow_node *first,
		     const struct nx_flow_node *node)
{
	const struct nx_flow *flow = node->flow;

	if (!nx_flow_key_is_listener(&node->key))
		return false;
	if (!first->flow->listening != !flow->listening)
		return false;
	if (flow->listening)
		return !has_same(table, first, flow);
	return first->flow->is_shared && flow->is_shared;
}

static bool is_crowded(const struct nx_flow_table *table,
		       const struct nx_flow_node *first)
{
	const struct nx_flow_node *at;
	u32 nr = 0;

	for (at = first; at; at = follower(table, at))
		nr++;
	return nr >= NX_GROUP_MAX;
}

static int join(const struct nx_flow_table *table, struct nx_flow_node *first,
		struct nx_flow_node *node)
{
	if (!may_join(table, first, node))
		return -EEXIST;
	if (is_crowded(table, first))
		return -EUSERS;
	RCU_INIT_POINTER(node->next, follower(table, first));
	rcu_assign_pointer(first->next, node);
	return 0;
}

static int add_node(struct nx_flow_table *table, struct nx_flow_node *node)
{
	struct nx_flow_node *first;
	int err;

	first = rhashtable_lookup_get_insert_key(&table->hash, &node->key,
						 &node->head, node_params);
	err = PTR_ERR_OR_ZERO(first);
	if (!err && first)
		err = join(table, first, node);
	if (!err)
		count_node(table, node, 1);
	return err;
}

/**
 * nx_flow_table_add - let packets find a flow
 * @table: under its lock
 * @flow:  complete
 *
 * Return: 0, EEXIST another flow has one of its keys, EUSERS too many share it, ENOMEM.
 */
int nx_flow_table_add(struct nx_flow_table *table, struct nx_flow *flow)
{
	u32 port = key_port(&flow->node[0].key);
	int i, err;

	lockdep_assert_held(&table->lock);
	err = get_port(table, port);
	if (err)
		return err;
	for (i = 0; i < flow->nr_nodes; i++) {
		err = add_node(table, &flow->node[i]);
		if (err)
			goto err_del;
	}
	change_seq(table);
	return 0;

err_del:
	while (i--)
		del_node(table, &flow->node[i]);
	put_port(table, port);
	/* The first key was there to be found. */
	change_seq(table);
	return err;
}

/**
 * nx_flow_table_del - let no further packet find a flow
 * @table: under its lock
 * @flow:  in it; may be freed after a grace period
 */
void nx_flow_table_del(struct nx_flow_table *table, struct nx_flow *flow)
{
	int i;

	lockdep_assert_held(&table->lock);
	for (i = 0; i < flow->nr_nodes; i++)
		del_node(table, &flow->node[i]);
	put_port(table, key_port(&flow->node[0].key));
	change_seq(table);
}

static struct nx_flow *find(struct nx_flow_table *table, enum nx_flow_kind kind,
			    const struct nx_flow_key *key)
{
	struct nx_flow_node *node;

	if (!READ_ONCE(table->nr[kind]))
		return NULL;
	node = rhashtable_lookup(&table->hash, key, node_params);
	return node ? node->flow : NULL;
}

/* One of the group that @first is the first of: a connection's always the same. */
static struct nx_flow *pick(struct nx_flow *first, u8 ip_version,
			    const struct nx_flow_key *packet)
{
	struct nx_flow_node *node, *at;
	u32 nr = 0;

	node = &first->node[first->node[0].key.ip_version != ip_version];
	if (likely(!rcu_access_pointer(node->next)))
		return first;
	for (at = node; at; at = rcu_dereference(at->next))
		nr++;
	nr = reciprocal_scale(nx_flow_key_hash(packet), nr);
	for (at = node; nr && rcu_access_pointer(at->next); nr--)
		at = rcu_dereference(at->next);
	return at->flow;
}

/**
 * nx_flow_find_rcu - the flow that a packet belongs to
 * @table: whose
 * @key:   of the packet, as the receiving host sees it
 *
 * A 5-tuple goes before a listener with address, and that before a wildcard
 * listener; of listeners that share a port the packet's hash picks one.
 */
struct nx_flow *nx_flow_find_rcu(struct nx_flow_table *table,
				 const struct nx_flow_key *key)
{
	struct nx_flow_key k;
	struct nx_flow *flow;

	flow = find(table, NX_FLOW_CONNECTED, key);
	if (flow)
		return flow;
	k = *key;
	nx_flow_key_to_listener(&k);
	flow = find(table, NX_FLOW_LISTENER, &k);
	if (!flow) {
		nx_flow_key_to_wildcard(&k);
		flow = find(table, NX_FLOW_WILDCARD, &k);
	}
	return flow ? pick(flow, key->ip_version, key) : NULL;
}

/* Is it a flow of @sk, which has not moved, and, for a SYN, may it have one? */
static bool is_beside(const struct nx_flow *flow, const struct sock *sk,
		      bool is_syn)
{
	return flow->listening == sk && nx_beside_is_listening(flow) &&
	       (!is_syn || READ_ONCE(flow->room));
}

/* Number @nr, from 0 on, of the group that @first is the first of, or the last. */
static struct nx_flow *nth_beside(struct nx_flow_node *first,
				  const struct sock *sk, bool is_syn, u32 *nr)
{
	struct nx_flow *flow = NULL;
	struct nx_flow_node *at;
	u32 found = 0;

	for (at = first; at && found <= *nr; at = rcu_dereference(at->next)) {
		if (!is_beside(at->flow, sk, is_syn))
			continue;
		flow = at->flow;
		found++;
	}
	*nr = found;
	return flow;
}

static struct nx_flow *pick_beside(struct nx_flow *first,
				   const struct nx_flow_key *packet,
				   const struct sock *sk, bool is_syn)
{
	u32 nr = U32_MAX - 1;
	struct nx_flow_node *node;
	struct nx_flow *flow;

	node = &first->node[first->node[0].key.ip_version != packet->ip_version];
	flow = nth_beside(node, sk, is_syn, &nr);
	if (nr < 2)
		return flow;
	nr = reciprocal_scale(nx_flow_key_hash(packet), nr);
	return nth_beside(node, sk, is_syn, &nr);
}

/**
 * nx_flow_find_beside_rcu - the flow of a socket that listens that a packet is for
 * @table: whose
 * @key:   of the packet, as the receiving host sees it
 * @sk:    the socket; the packet's hash picks one of its flows
 * @is_syn: of those that may have a SYN
 *
 * Return: NULL: it has none here.
 */
struct nx_flow *nx_flow_find_beside_rcu(struct nx_flow_table *table,
					const struct nx_flow_key *key,
					const struct sock *sk, bool is_syn)
{
	struct nx_flow *first, *flow = NULL;
	struct nx_flow_key k = *key;

	nx_flow_key_to_listener(&k);
	first = find(table, NX_FLOW_LISTENER, &k);
	if (first)
		flow = pick_beside(first, key, sk, is_syn);
	if (flow)
		return flow;
	nx_flow_key_to_wildcard(&k);
	first = find(table, NX_FLOW_WILDCARD, &k);
	return first ? pick_beside(first, key, sk, is_syn) : NULL;
}
