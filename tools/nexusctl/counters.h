/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of a nexus, a channel or a flow. */
#ifndef NX_COUNTERS_H
#define NX_COUNTERS_H

#include <linux/nexus.h>
#include <linux/nexus_netlink.h>

#include "json.h"
#include "table.h"

struct nlattr;

/**
 * struct nx_counters - counters as the kernel sent them
 * @has:        which of @value the kernel sent, by enum nexus_counters_attr
 * @value:      their values
 * @drops:      by drop reason
 * @drop_names: as the kernel calls them; NULL for those that it did not send
 * @dropped:    all drops, also those without a reason
 */
struct nx_counters {
	bool has[NEXUS_COUNTERS_A_MAX + 1];
	u64 value[NEXUS_COUNTERS_A_MAX + 1];
	u64 drops[NEXUS_DROP_REASONS_MAX];
	const char *drop_names[NEXUS_DROP_REASONS_MAX];
	u64 dropped;
};

/* Reads nest @from, which may be NULL. The names stay in the message. 0 or -EBADMSG. */
int nx_counters_parse(struct nx_counters *counters, const struct nlattr *from);
/* An object: counters, "dropped", "drops"; all drop reasons if ctl->all. */
void nx_counters_json(const struct nx_ctl *ctl, struct nx_json *json, const char *key,
		      const struct nx_counters *counters);
/* A table of name, value and meaning; counters of 0 only if ctl->all. */
int nx_counters_print(const struct nx_ctl *ctl, const struct nx_counters *counters,
		      int indent);
/* A table's cell with a count or a size. */
void nx_count_cell(const struct nx_ctl *ctl, struct nx_table *table, u64 count);
void nx_size_cell(const struct nx_ctl *ctl, struct nx_table *table, u64 bytes);

#endif
