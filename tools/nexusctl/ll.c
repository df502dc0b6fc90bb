// SPDX-License-Identifier: GPL-2.0
/* Shows who has how much of the low-latency class. */
#include <errno.h>

#include "ask.h"
#include "attr.h"
#include "flow.h"
#include "qdisc_options.h"
#include "show.h"
#include "text.h"
#include "words.h"

static int grant_json(const struct nx_ctl *ctl, struct nx_json *json,
		      const struct nlmsghdr *nlh)
{
	struct nx_flow flow;

	if (nx_flow_parse(&flow, nx_attr_nest(nlh, NEXUS_A_FLOW)))
		return -EBADMSG;
	nx_flow_json(ctl, json, NULL, &flow);
	return 0;
}

static int grant_row(const struct nx_ctl *ctl, struct nx_table *table,
		     const struct nlmsghdr *nlh)
{
	char text[NX_TEXT_SIZE], share[QDISC_TEXT_SIZE];
	struct nx_flow flow;

	if (nx_flow_parse(&flow, nx_attr_nest(nlh, NEXUS_A_FLOW)))
		return -EBADMSG;
	nx_table_cell(table, "%s", flow.nexus);
	nx_table_cell(table, "%u", flow.channel);
	nx_table_cell(table, "%u", flow.index);
	nx_flow_local(text, &flow);
	nx_table_cell(table, "%s", text);
	nx_flow_remote(text, &flow);
	nx_table_cell(table, "%s", text);
	nx_table_cell(table, "%u", flow.pid);
	nx_text_user(text, flow.uid, ctl->numeric);
	nx_table_cell(table, "%s", text);
	nx_table_cell(table, "%s", qdisc_value_text(QDISC_SHARE, flow.ll_permille, share));
	nx_count_cell(ctl, table, flow.counters.value[NEXUS_COUNTERS_A_TX_PACKETS]);
	nx_size_cell(ctl, table, flow.counters.value[NEXUS_COUNTERS_A_TX_BYTES]);
	return 0;
}

static const struct nx_column grant_columns[] = {
	{ "NEXUS", false }, { "CHANNEL", true }, { "INDEX", true }, { "LOCAL", false },
	{ "REMOTE", false }, { "PID", true }, { "USER", false }, { "SHARE", true },
	{ "TX-PACKETS", true }, { "TX-BYTES", true },
};

static const struct nx_view grant_view = {
	.json = grant_json, .row = grant_row,
	.columns = grant_columns, .nr_columns = NX_ARRAY_SIZE(grant_columns),
	.nothing = "no flow has a grant of the low-latency class",
};

/* Moves those with a grant to the front; how many they are. */
static size_t filter_grants(struct nx_reply *reply)
{
	struct nlmsghdr *wanted;
	struct nx_flow flow;
	size_t kept = 0;

	for (size_t i = 0; i < reply->nr; i++) {
		/* One that cannot be read stays, and is complained about when shown. */
		if (!nx_flow_parse(&flow, nx_attr_nest(reply->msgs[i], NEXUS_A_FLOW)) &&
		    !flow.ll_permille)
			continue;
		wanted = reply->msgs[i];
		reply->msgs[i] = reply->msgs[kept];
		reply->msgs[kept++] = wanted;
	}
	return kept;
}

int nx_ll_grant(struct nx_ctl *ctl, int argc, char **argv)
{
	static const char *const keywords[] = { "show", "nexus" };
	struct nx_words words = { ctl, argv, argc };
	const char *name = NULL;
	struct nx_reply reply;
	int keyword = 0, ret;

	if (words.argc)
		keyword = nx_words_keyword(&words, keywords, 2);
	if (keyword == 0 && words.argc)
		keyword = nx_words_keyword(&words, &keywords[1], 1) + 1;
	if (keyword < 0 || (keyword == 0 && argc > 1))
		return NX_USAGE;
	if (keyword == 1 && !(name = nx_words_nexus(&words)))
		return NX_USAGE;
	if (!nx_words_end(&words))
		return NX_USAGE;
	ret = nx_ask_list(ctl, NEXUS_CMD_GET_FLOW, name, &reply);
	if (ret)
		return ret;
	nx_reply_trim(&reply, filter_grants(&reply));
	ret = nx_show(ctl, &grant_view, &reply);
	nx_reply_free(&reply);
	return ret;
}
