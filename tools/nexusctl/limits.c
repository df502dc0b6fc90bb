// SPDX-License-Identifier: GPL-2.0
/* Shows and sets what the network namespace may have of all its nexuses together. */
#include <errno.h>

#include "ask.h"
#include "attr.h"
#include "counters.h"
#include "request.h"
#include "show.h"
#include "words.h"

/**
 * struct nx_limit - one limit
 * @name: in commands
 * @key:  in JSON
 * @max:  its attribute
 * @used: the attribute of what there is; 0: not told
 * @used_key: in JSON
 */
struct nx_limit {
	const char *name;
	const char *key;
	u32 max;
	u32 used;
	const char *used_key;
};

static const struct nx_limit limits[] = {
	{ "max-channels", "max_channels", NEXUS_LIMITS_A_MAX_CHANNELS,
	  NEXUS_LIMITS_A_NR_CHANNELS, "channels" },
	{ "max-flows", "max_flows", NEXUS_LIMITS_A_MAX_FLOWS,
	  NEXUS_LIMITS_A_NR_FLOWS, "flows" },
	{ "max-bytes", "max_bytes", NEXUS_LIMITS_A_MAX_BYTES, NEXUS_LIMITS_A_BYTES, "bytes" },
	{ "max-syns", "max_syns", NEXUS_LIMITS_A_MAX_SYNS, 0, NULL },
};

static u64 value(const struct nlattr *attr)
{
	if (attr && mnl_attr_get_payload_len(attr) == sizeof(u64))
		return nx_attr_u64(attr);
	return nx_attr_u32(attr);
}

static int limits_json(const struct nx_ctl *ctl, struct nx_json *json,
		       const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse_message(nlh, NEXUS_A_LIMITS, NX_NEST_LIMITS, tb))
		return -EBADMSG;
	nx_json_object(json, NULL);
	for (size_t i = 0; i < NX_ARRAY_SIZE(limits); i++) {
		nx_json_u64(json, limits[i].key, value(tb[limits[i].max]));
		if (limits[i].used)
			nx_json_u64(json, limits[i].used_key, value(tb[limits[i].used]));
	}
	nx_json_object_end(json);
	return 0;
}

static void cell(const struct nx_ctl *ctl, struct nx_table *table, const struct nx_limit *limit,
		 u64 number)
{
	if (limit->max == NEXUS_LIMITS_A_MAX_BYTES)
		nx_size_cell(ctl, table, number);
	else
		nx_count_cell(ctl, table, number);
}

static int limits_rows(const struct nx_ctl *ctl, struct nx_table *table,
		       const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse_message(nlh, NEXUS_A_LIMITS, NX_NEST_LIMITS, tb))
		return -EBADMSG;
	for (size_t i = 0; i < NX_ARRAY_SIZE(limits); i++) {
		u64 max = value(tb[limits[i].max]);

		nx_table_cell(table, "%s", limits[i].name);
		if (max)
			cell(ctl, table, &limits[i], max);
		else
			nx_table_cell(table, "any");
		if (limits[i].used)
			cell(ctl, table, &limits[i], value(tb[limits[i].used]));
		else
			nx_table_cell(table, "-");
	}
	return 0;
}

int nx_limits_show(struct nx_ctl *ctl, int argc, char **argv)
{
	static const struct nx_column columns[] = {
		{ "LIMIT", false }, { "MAX", true }, { "NOW", true },
	};
	static const struct nx_view view = {
		.json = limits_json, .row = limits_rows,
		.columns = columns, .nr_columns = NX_ARRAY_SIZE(columns),
		.nothing = "this kernel's nexus has no limits of a network namespace",
	};
	struct nx_words words = { ctl, argv, argc };
	struct nx_reply reply;
	int ret;

	if (!nx_words_end(&words))
		return NX_USAGE;
	ret = nx_ask_list(ctl, NEXUS_CMD_GET_LIMITS, NULL, &reply);
	if (ret)
		return ret;
	ret = nx_show(ctl, &view, &reply);
	nx_reply_free(&reply);
	return ret;
}

/* "any" is 0. */
static bool take_any(struct nx_words *words)
{
	if (!words->argc || nx_word_find(*words->argv, (const char *const[]){ "any" }, 1))
		return false;
	words->argv++;
	words->argc--;
	return true;
}

static bool put_limit(struct nx_words *words, struct nlmsghdr *nlh)
{
	const char *names[NX_ARRAY_SIZE(limits)];
	u32 number = 0;
	u64 size = 0;
	bool is_any;
	int found;

	for (size_t i = 0; i < NX_ARRAY_SIZE(limits); i++)
		names[i] = limits[i].name;
	found = nx_words_keyword(words, names, NX_ARRAY_SIZE(limits));
	if (found < 0)
		return false;
	is_any = take_any(words);
	if (limits[found].max == NEXUS_LIMITS_A_MAX_BYTES) {
		if (!is_any && !nx_words_size(words, limits[found].name, &size))
			return false;
		mnl_attr_put_u64(nlh, limits[found].max, size);
		return true;
	}
	if (!is_any && !nx_words_u32(words, limits[found].name, 1, ~0U, &number))
		return false;
	mnl_attr_put_u32(nlh, limits[found].max, number);
	return true;
}

int nx_limits_set(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	struct nx_deed deed = { .what = "limits set", .is_host = true };
	struct nx_request req;
	struct nlattr *nest;

	nx_request_init(&req, NEXUS_CMD_SET_LIMITS);
	nest = mnl_attr_nest_start(req.nlh, NEXUS_A_LIMITS);
	do {
		if (!put_limit(&words, req.nlh))
			return NX_USAGE;
	} while (words.argc);
	mnl_attr_nest_end(req.nlh, nest);
	return nx_ask_change(ctl, &req, &deed);
}
