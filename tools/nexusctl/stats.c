// SPDX-License-Identifier: GPL-2.0
/* Shows the counters of each nexus with what they mean. */
#include <errno.h>

#include "ask.h"
#include "attr.h"
#include "counters.h"
#include "show.h"
#include "words.h"

static int stats_json(const struct nx_ctl *ctl, struct nx_json *json,
		      const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];
	struct nx_counters counters;

	if (nx_attr_parse_message(nlh, NEXUS_A_NEXUS, NX_NEST_NEXUS, tb) ||
	    nx_counters_parse(&counters, tb[NEXUS_NEXUS_A_COUNTERS]))
		return -EBADMSG;
	nx_json_object(json, NULL);
	nx_json_str(json, "name", nx_attr_str(tb[NEXUS_NEXUS_A_NAME]));
	nx_counters_json(ctl, json, "counters", &counters);
	nx_json_object_end(json);
	return 0;
}

static int stats_text(const struct nx_ctl *ctl, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];
	struct nx_counters counters;

	if (nx_attr_parse_message(nlh, NEXUS_A_NEXUS, NX_NEST_NEXUS, tb) ||
	    nx_counters_parse(&counters, tb[NEXUS_NEXUS_A_COUNTERS]))
		return -EBADMSG;
	fprintf(ctl->out, "nexus %s\n", nx_attr_str(tb[NEXUS_NEXUS_A_NAME]));
	return nx_counters_print(ctl, &counters, 2);
}

int nx_stats_show(struct nx_ctl *ctl, int argc, char **argv)
{
	static const struct nx_view view = {
		.json = stats_json, .text = stats_text,
		.nothing = "no nexus in this network namespace",
	};
	struct nx_words words = { ctl, argv, argc };
	const char *name = NULL;
	struct nx_reply reply;
	int ret;

	if (argc && !(name = nx_words_nexus(&words)))
		return NX_USAGE;
	if (!nx_words_end(&words))
		return NX_USAGE;
	ret = nx_ask_nexuses(ctl, name, &reply);
	if (ret)
		return ret;
	ret = nx_show(ctl, &view, &reply);
	nx_reply_free(&reply);
	return ret;
}
