/* SPDX-License-Identifier: GPL-2.0 */
/* A TCP connection as the kernel follows it, or as its library reports it. */
#ifndef NX_TCP_H
#define NX_TCP_H

#include <linux/nexus_netlink.h>

#include "json.h"

struct nlattr;

/**
 * struct nx_tcp - what is known of a connection
 * @has:   which of @value there are, by enum nexus_tcp_attr
 * @value: they; times in nanoseconds
 * @is_known: the message says something
 */
struct nx_tcp {
	bool has[NEXUS_TCP_A_MAX + 1];
	u64 value[NEXUS_TCP_A_MAX + 1];
	bool is_known;
};

/* Reads nest @from, which may be NULL. 0 or -EBADMSG. */
int nx_tcp_parse(struct nx_tcp *tcp, const struct nlattr *from);
/* Writes what there is as an object; nothing if nothing is known. */
void nx_tcp_json(struct nx_json *json, const char *key, const struct nx_tcp *tcp);

#endif
