/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes of the nexus family, checked for their types before they are used. */
#ifndef NX_ATTR_H
#define NX_ATTR_H

#include "nexusctl.h"
#include <libmnl/libmnl.h>
#include <linux/nexus_netlink.h>

/* What a nest holds, named for its enum in nexus_netlink.h. */
enum nx_nest {
	NX_NEST_TOP,
	NX_NEST_NEXUS,
	NX_NEST_DEV,
	NX_NEST_POLICY,
	NX_NEST_RULE,
	NX_NEST_COUNTERS,
	NX_NEST_DROP,
	NX_NEST_CHANNEL,
	NX_NEST_QUEUE,
	NX_NEST_POOL,
	NX_NEST_TUNE,
	NX_NEST_LIMITS,
	NX_NEST_FLOW,
	NX_NEST_TCP,
	NX_NEST_EVENT,
};

/* Room for the attributes of any nest. */
#define NX_ATTRS 32

/**
 * nx_attr_parse() - sort a nest's attributes by their number
 * @nest: what it is
 * @from: the nest; NULL: all of @tb become NULL
 * @tb:   out: the attributes; of one that stands several times, the last
 * Return: 0 or -EBADMSG: one has another type than the ABI says.
 *
 * Attributes that this program does not know are left out: the kernel is newer.
 */
int nx_attr_parse(enum nx_nest nest, const struct nlattr *from,
		  const struct nlattr *tb[NX_ATTRS]);
/* Likewise for a message: sorts what lies in its nest @attr (enum nexus_attr). */
int nx_attr_parse_message(const struct nlmsghdr *nlh, enum nexus_attr attr,
			  enum nx_nest nest, const struct nlattr *tb[NX_ATTRS]);

/* The nest @attr itself, for attributes that stand several times; NULL if absent. */
const struct nlattr *nx_attr_nest(const struct nlmsghdr *nlh, enum nexus_attr attr);

/* Values; 0 or "" where the attribute is absent. Types were checked by parsing. */
u8 nx_attr_u8(const struct nlattr *attr);
u16 nx_attr_u16(const struct nlattr *attr);
u32 nx_attr_u32(const struct nlattr *attr);
u64 nx_attr_u64(const struct nlattr *attr);
const char *nx_attr_str(const struct nlattr *attr);

#endif
