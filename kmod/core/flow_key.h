/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The key of a flow: a 5-tuple as this host sees it, or a listener, whose
 * remote end, and perhaps local address, are zero.
 */
#ifndef NX_CORE_FLOW_KEY_H
#define NX_CORE_FLOW_KEY_H

#include "types.h"

/**
 * union nx_addr - an address in network byte order
 * @v4:  IPv4; the other words are zero
 * @v6:  IPv6
 * @u64: for comparison
 */
union nx_addr {
	__be32	v4;
	__be32	v6[4];
	u64	u64[2];
};

/**
 * struct nx_flow_key - what a packet is looked up by
 * @local:       this host's address; zero: any
 * @remote:      the peer's; zero: any, and then @remote_port is zero too
 * @local_port:  never zero
 * @remote_port: zero: any
 * @protocol:    IPPROTO_*
 * @ip_version:  4 or 6
 * @pad:         zero, so that keys compare as memory
 * @tail:        ports, protocol, version and pad as one word
 */
struct nx_flow_key {
	union nx_addr	local;
	union nx_addr	remote;
	union {
		struct {
			__be16	local_port;
			__be16	remote_port;
			u8	protocol;
			u8	ip_version;
			u16	pad;
		};
		u64	tail;
	};
};

static inline bool nx_addr_is_any(const union nx_addr *a)
{
	return !(a->u64[0] | a->u64[1]);
}

static inline bool nx_addr_equal(const union nx_addr *a, const union nx_addr *b)
{
	return !((a->u64[0] ^ b->u64[0]) | (a->u64[1] ^ b->u64[1]));
}

static inline bool nx_flow_key_equal(const struct nx_flow_key *a,
				     const struct nx_flow_key *b)
{
	return a->tail == b->tail &&
	       nx_addr_equal(&a->remote, &b->remote) &&
	       nx_addr_equal(&a->local, &b->local);
}

static inline bool nx_flow_key_is_listener(const struct nx_flow_key *k)
{
	return !k->remote_port;
}

/* The key of the listener with address that @k's packet would reach. */
static inline void nx_flow_key_to_listener(struct nx_flow_key *k)
{
	memset(&k->remote, 0, sizeof(k->remote));
	k->remote_port = 0;
}

/* The key of the wildcard listener, from that of a listener with address. */
static inline void nx_flow_key_to_wildcard(struct nx_flow_key *k)
{
	memset(&k->local, 0, sizeof(k->local));
}

/*
 * Spreads flows over queues; high bits are the good ones. No defence: whoever
 * chooses ports chooses a queue.
 */
static inline u32 nx_flow_key_hash(const struct nx_flow_key *k)
{
	u32 h = (__force u32)k->remote.v4 ^ (__force u32)k->remote.v6[3];

	h ^= (__force u32)k->remote_port << 16 | (__force u32)k->local_port;
	return h * 0x9e3779b1U;	/* 2^32 over the golden ratio: Knuth 6.4 */
}

/* The key that the other end of the flow would have on its host. */
static inline void nx_flow_key_reverse(const struct nx_flow_key *k,
				       struct nx_flow_key *r)
{
	r->local = k->remote;
	r->remote = k->local;
	r->local_port = k->remote_port;
	r->remote_port = k->local_port;
	r->protocol = k->protocol;
	r->ip_version = k->ip_version;
	r->pad = 0;
}

#endif /* NX_CORE_FLOW_KEY_H */
