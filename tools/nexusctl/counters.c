// SPDX-License-Identifier: GPL-2.0
/* Reads counters out of messages, and prints them with what they mean. */
#include <errno.h>
#include <string.h>

#include "attr.h"
#include "counters.h"
#include "text.h"

/**
 * struct nx_counter_text - how a counter is called
 * @key:     in JSON
 * @name:    in tables
 * @meaning: in words
 */
struct nx_counter_text {
	const char *key;
	const char *name;
	const char *meaning;
};

static const struct nx_counter_text texts[] = {
	[NEXUS_COUNTERS_A_RX_PACKETS] = {
		"rx_packets", "rx-packets", "packets delivered to channels" },
	[NEXUS_COUNTERS_A_RX_BYTES] = {
		"rx_bytes", "rx-bytes", "their bytes, IP headers included" },
	[NEXUS_COUNTERS_A_TX_PACKETS] = {
		"tx_packets", "tx-packets", "packets sent by channels" },
	[NEXUS_COUNTERS_A_TX_BYTES] = {
		"tx_bytes", "tx-bytes", "their bytes, IP headers included" },
	[NEXUS_COUNTERS_A_TX_LOCAL] = {
		"tx_local", "tx-local", "of tx-packets: to a channel of this host" },
	[NEXUS_COUNTERS_A_PASSED] = {
		"passed", "passed", "packets seen and left to the kernel's stack" },
	[NEXUS_COUNTERS_A_SYNCS] = {
		"syncs", "syncs", "sync calls" },
	[NEXUS_COUNTERS_A_WAKES] = {
		"wakes", "wakes", "times that a sleeper was woken" },
	[NEXUS_COUNTERS_A_BYTES_COPIED] = {
		"bytes_copied", "bytes-copied", "bytes copied without a sum" },
	[NEXUS_COUNTERS_A_BYTES_SUMMED] = {
		"bytes_summed", "bytes-summed", "bytes summed while they were copied" },
	[NEXUS_COUNTERS_A_TX_DECLASSED] = {
		"tx_declassed", "tx-declassed", "packets that claimed a class not their flow's" },
};

static int parse_drop(struct nx_counters *counters, const struct nlattr *drop)
{
	const struct nlattr *tb[NX_ATTRS];
	u32 reason;

	if (nx_attr_parse(NX_NEST_DROP, drop, tb))
		return -EBADMSG;
	reason = nx_attr_u32(tb[NEXUS_DROP_A_REASON]);
	if (reason >= NEXUS_DROP_REASONS_MAX)
		return -EBADMSG;
	counters->dropped += nx_attr_u64(tb[NEXUS_DROP_A_COUNT]);
	/* A flow counts what it lost, but not why. */
	if (reason == NEXUS_DROP_NONE)
		return 0;
	counters->drops[reason] += nx_attr_u64(tb[NEXUS_DROP_A_COUNT]);
	counters->drop_names[reason] = nx_attr_str(tb[NEXUS_DROP_A_NAME]);
	return 0;
}

static int parse_drops(struct nx_counters *counters, const struct nlattr *from)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, from)
		if (mnl_attr_get_type(attr) == NEXUS_COUNTERS_A_DROP &&
		    parse_drop(counters, attr))
			return -EBADMSG;
	return 0;
}

int nx_counters_parse(struct nx_counters *counters, const struct nlattr *from)
{
	const struct nlattr *tb[NX_ATTRS];

	memset(counters, 0, sizeof(*counters));
	if (!from)
		return 0;
	if (nx_attr_parse(NX_NEST_COUNTERS, from, tb))
		return -EBADMSG;
	for (size_t i = 0; i < NX_ARRAY_SIZE(texts); i++) {
		if (!texts[i].key || !tb[i])
			continue;
		counters->has[i] = true;
		counters->value[i] = nx_attr_u64(tb[i]);
	}
	return parse_drops(counters, from);
}

/* This program's name of a reason, or the one that a newer kernel gave. */
static const char *drop_name(const struct nx_counters *counters, u32 reason)
{
	const char *name = nx_text_drop(reason);

	if (name)
		return name;
	name = counters->drop_names[reason];
	return name && *name ? name : "unknown";
}

/* Is this reason worth a line? */
static bool has_drop(const struct nx_ctl *ctl, const struct nx_counters *counters, u32 reason)
{
	return counters->drops[reason] || (ctl->all && nx_text_drop(reason));
}

void nx_counters_json(const struct nx_ctl *ctl, struct nx_json *json, const char *key,
		      const struct nx_counters *counters)
{
	nx_json_object(json, key);
	for (size_t i = 0; i < NX_ARRAY_SIZE(texts); i++)
		if (counters->has[i])
			nx_json_u64(json, texts[i].key, counters->value[i]);
	nx_json_u64(json, "dropped", counters->dropped);
	nx_json_object(json, "drops");
	for (u32 i = 0; i < NEXUS_DROP_REASONS_MAX; i++)
		if (has_drop(ctl, counters, i))
			nx_json_u64(json, drop_name(counters, i), counters->drops[i]);
	nx_json_object_end(json);
	nx_json_object_end(json);
}

static void counter_row(struct nx_table *table, const char *kind, const char *name, u64 value,
			const char *meaning)
{
	nx_table_cell(table, "%s%s", kind, name);
	nx_table_cell(table, "%llu", (unsigned long long)value);
	nx_table_cell(table, "%s", meaning);
}

static void counter_rows(const struct nx_ctl *ctl, struct nx_table *table,
			 const struct nx_counters *counters)
{
	for (size_t i = 0; i < NX_ARRAY_SIZE(texts); i++)
		if (counters->has[i] && (counters->value[i] || ctl->all))
			counter_row(table, "", texts[i].name, counters->value[i],
				    texts[i].meaning);
	for (u32 i = 0; i < NEXUS_DROP_REASONS_MAX; i++)
		if (has_drop(ctl, counters, i))
			counter_row(table, "drop ", drop_name(counters, i), counters->drops[i],
				    nx_text_drop_meaning(i) ?: "unknown to this nexusctl");
}

int nx_counters_print(const struct nx_ctl *ctl, const struct nx_counters *counters,
		      int indent)
{
	static const struct nx_column columns[] = {
		{ "COUNTER", false }, { "VALUE", true }, { "MEANING", false },
	};
	struct nx_table table;
	int ret = 0;

	nx_table_init(&table, columns, NX_ARRAY_SIZE(columns));
	counter_rows(ctl, &table, counters);
	if (nx_table_rows(&table) || table.is_broken)
		ret = nx_table_print(&table, ctl->out, indent);
	else
		fprintf(ctl->out, "%*sall counters are 0\n", indent, "");
	nx_table_free(&table);
	return ret;
}

void nx_count_cell(const struct nx_ctl *ctl, struct nx_table *table, u64 count)
{
	char buf[NX_TEXT_SIZE];

	nx_text_count(buf, count, ctl->numeric);
	nx_table_cell(table, "%s", buf);
}

void nx_size_cell(const struct nx_ctl *ctl, struct nx_table *table, u64 bytes)
{
	char buf[NX_TEXT_SIZE];

	nx_text_size(buf, bytes, ctl->numeric);
	nx_table_cell(table, "%s", buf);
}
