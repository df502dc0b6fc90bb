// SPDX-License-Identifier: GPL-2.0
/* Makes, removes and shows nexuses, and gives them network devices. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "attr.h"
#include "counters.h"
#include "link.h"
#include "policy.h"
#include "show.h"
#include "text.h"
#include "words.h"

/* What a command line says about a deed, at most. */
#define NX_WHAT_SIZE 128

static int change_device(struct nx_ctl *ctl, u8 cmd, const char *name, const char *dev)
{
	bool is_attach = cmd == NEXUS_CMD_ADD_DEV;
	char what[NX_WHAT_SIZE];
	struct nx_deed deed = {
		.what = what, .nexus = name, .dev = dev, .is_attach = is_attach,
	};
	struct nx_request req;
	struct nlattr *nexus, *nest;

	deed.ifindex = nx_link_find(ctl, dev);
	if (!deed.ifindex)
		return NX_REFUSED;
	snprintf(what, sizeof(what), "%s %s dev %s", is_attach ? "attach" : "detach", name, dev);
	nexus = nx_request_nexus(&req, cmd, name);
	nest = mnl_attr_nest_start(req.nlh, NEXUS_NEXUS_A_DEV);
	mnl_attr_put_u32(req.nlh, NEXUS_DEV_A_IFINDEX, deed.ifindex);
	mnl_attr_nest_end(req.nlh, nest);
	mnl_attr_nest_end(req.nlh, nexus);
	return nx_ask_change(ctl, &req, &deed);
}

static int create(struct nx_ctl *ctl, const char *name)
{
	char what[NX_WHAT_SIZE];
	struct nx_deed deed = { .what = what };
	struct nx_request req;
	struct nlattr *nest;

	snprintf(what, sizeof(what), "nexus add %s", name);
	nest = nx_request_nexus(&req, NEXUS_CMD_NEW_NEXUS, name);
	mnl_attr_put_u32(req.nlh, NEXUS_NEXUS_A_KIND, NEXUS_KIND_FLOW_SWITCH);
	mnl_attr_nest_end(req.nlh, nest);
	return nx_ask_change(ctl, &req, &deed);
}

static int delete(struct nx_ctl *ctl, const char *name)
{
	char what[NX_WHAT_SIZE];
	struct nx_deed deed = { .what = what, .nexus = name };
	struct nx_request req;
	struct nlattr *nest;

	snprintf(what, sizeof(what), "nexus del %s", name);
	nest = nx_request_nexus(&req, NEXUS_CMD_DEL_NEXUS, name);
	mnl_attr_nest_end(req.nlh, nest);
	return nx_ask_change(ctl, &req, &deed);
}

/*
 * Reads "dev IFNAME [[dev] IFNAME ...]". Returns the names, how many in @nr, or
 * NULL after a complaint (NX_USAGE) about the words.
 */
static bool take_devices(struct nx_words *words, const char **devs, size_t *nr)
{
	static const char *const keywords[] = { "dev" };

	*nr = 0;
	while (words->argc) {
		if (!*nr || !strcmp(*words->argv, "dev"))
			if (nx_words_keyword(words, keywords, 1) < 0)
				return false;
		devs[*nr] = nx_words_take(words, "the name of a network device");
		if (!devs[(*nr)++])
			return false;
	}
	return true;
}

/* All or nothing: what was made goes away again if a device is refused. */
static int add(struct nx_ctl *ctl, const char *name, const char *const *devs, size_t nr)
{
	int ret;

	for (size_t i = 0; i < nr; i++)
		if (!nx_link_find(ctl, devs[i]))
			return NX_REFUSED;
	ret = create(ctl, name);
	if (ret)
		return ret;
	for (size_t i = 0; i < nr && !ret; i++)
		ret = change_device(ctl, NEXUS_CMD_ADD_DEV, name, devs[i]);
	if (ret)
		delete(ctl, name);
	return ret;
}

int nx_nexus_add(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	const char *name = nx_words_nexus(&words);
	const char **devs;
	size_t nr;
	int ret = NX_USAGE;

	if (!name)
		return NX_USAGE;
	devs = calloc(argc, sizeof(*devs));
	if (!devs)
		return nx_refused(ctl, "%s", strerror(ENOMEM));
	if (take_devices(&words, devs, &nr))
		ret = add(ctl, name, devs, nr);
	free(devs);
	return ret;
}

int nx_nexus_del(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	const char *name = nx_words_nexus(&words);

	if (!name || !nx_words_end(&words))
		return NX_USAGE;
	return delete(ctl, name);
}

/* NAME dev IFNAME */
static int one_device(struct nx_ctl *ctl, int argc, char **argv, u8 cmd)
{
	static const char *const keywords[] = { "dev" };
	struct nx_words words = { ctl, argv, argc };
	const char *name = nx_words_nexus(&words);
	const char *dev;

	if (!name || nx_words_keyword(&words, keywords, 1) < 0)
		return NX_USAGE;
	dev = nx_words_take(&words, "the name of a network device");
	if (!dev || !nx_words_end(&words))
		return NX_USAGE;
	return change_device(ctl, cmd, name, dev);
}

int nx_device_attach(struct nx_ctl *ctl, int argc, char **argv)
{
	return one_device(ctl, argc, argv, NEXUS_CMD_ADD_DEV);
}

int nx_device_detach(struct nx_ctl *ctl, int argc, char **argv)
{
	return one_device(ctl, argc, argv, NEXUS_CMD_DEL_DEV);
}

static int devices_json(struct nx_json *json, const struct nlattr *nexus)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nlattr *attr;

	nx_json_array(json, "devices");
	mnl_attr_for_each_nested(attr, nexus) {
		if (mnl_attr_get_type(attr) != NEXUS_NEXUS_A_DEV)
			continue;
		if (nx_attr_parse(NX_NEST_DEV, attr, tb))
			return -EBADMSG;
		nx_json_object(json, NULL);
		nx_json_u64(json, "ifindex", nx_attr_u32(tb[NEXUS_DEV_A_IFINDEX]));
		nx_json_str(json, "name", nx_attr_str(tb[NEXUS_DEV_A_NAME]));
		nx_json_object_end(json);
	}
	nx_json_array_end(json);
	return 0;
}

static int nexus_json(const struct nx_ctl *ctl, struct nx_json *json,
		      const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];
	struct nx_counters counters;

	if (nx_attr_parse_message(nlh, NEXUS_A_NEXUS, NX_NEST_NEXUS, tb) ||
	    nx_counters_parse(&counters, tb[NEXUS_NEXUS_A_COUNTERS]))
		return -EBADMSG;
	nx_json_object(json, NULL);
	nx_json_str(json, "name", nx_attr_str(tb[NEXUS_NEXUS_A_NAME]));
	nx_json_u64(json, "id", nx_attr_u32(tb[NEXUS_NEXUS_A_ID]));
	nx_json_str(json, "kind", nx_text_kind(nx_attr_u32(tb[NEXUS_NEXUS_A_KIND])));
	if (devices_json(json, nx_attr_nest(nlh, NEXUS_A_NEXUS)))
		return -EBADMSG;
	nx_json_u64(json, "channels", nx_attr_u32(tb[NEXUS_NEXUS_A_NR_CHANNELS]));
	nx_json_u64(json, "flows", nx_attr_u32(tb[NEXUS_NEXUS_A_NR_FLOWS]));
	if (nx_policy_json(ctl, json, "policy", tb[NEXUS_NEXUS_A_POLICY]))
		return -EBADMSG;
	nx_counters_json(ctl, json, "counters", &counters);
	nx_json_object_end(json);
	return 0;
}

/* "eth0,veth0", or "-"; to be freed. */
static char *device_names(const struct nlattr *nexus)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nlattr *attr;
	char *names = NULL, *longer;

	mnl_attr_for_each_nested(attr, nexus) {
		if (mnl_attr_get_type(attr) != NEXUS_NEXUS_A_DEV)
			continue;
		if (nx_attr_parse(NX_NEST_DEV, attr, tb) ||
		    asprintf(&longer, "%s%s%s", names ?: "", names ? "," : "",
			     nx_attr_str(tb[NEXUS_DEV_A_NAME])) < 0) {
			free(names);
			return NULL;
		}
		free(names);
		names = longer;
	}
	return names ?: strdup("-");
}

static int nexus_row(const struct nx_ctl *ctl, struct nx_table *table,
		     const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];
	struct nx_counters counters;
	char *devices;

	if (nx_attr_parse_message(nlh, NEXUS_A_NEXUS, NX_NEST_NEXUS, tb) ||
	    nx_counters_parse(&counters, tb[NEXUS_NEXUS_A_COUNTERS]))
		return -EBADMSG;
	devices = device_names(nx_attr_nest(nlh, NEXUS_A_NEXUS));
	if (!devices)
		return -EBADMSG;
	nx_table_cell(table, "%s", nx_attr_str(tb[NEXUS_NEXUS_A_NAME]));
	nx_table_cell(table, "%u", nx_attr_u32(tb[NEXUS_NEXUS_A_ID]));
	nx_table_cell(table, "%s", nx_text_kind(nx_attr_u32(tb[NEXUS_NEXUS_A_KIND])));
	nx_table_cell(table, "%s", devices);
	nx_count_cell(ctl, table, nx_attr_u32(tb[NEXUS_NEXUS_A_NR_CHANNELS]));
	nx_count_cell(ctl, table, nx_attr_u32(tb[NEXUS_NEXUS_A_NR_FLOWS]));
	nx_count_cell(ctl, table, counters.value[NEXUS_COUNTERS_A_RX_PACKETS]);
	nx_size_cell(ctl, table, counters.value[NEXUS_COUNTERS_A_RX_BYTES]);
	nx_count_cell(ctl, table, counters.value[NEXUS_COUNTERS_A_TX_PACKETS]);
	nx_size_cell(ctl, table, counters.value[NEXUS_COUNTERS_A_TX_BYTES]);
	nx_count_cell(ctl, table, counters.value[NEXUS_COUNTERS_A_PASSED]);
	nx_count_cell(ctl, table, counters.dropped);
	free(devices);
	return 0;
}

int nx_nexus_show(struct nx_ctl *ctl, int argc, char **argv)
{
	static const struct nx_column columns[] = {
		{ "NEXUS", false }, { "ID", true }, { "KIND", false }, { "DEVICES", false },
		{ "CHANNELS", true }, { "FLOWS", true },
		{ "RX-PACKETS", true }, { "RX-BYTES", true },
		{ "TX-PACKETS", true }, { "TX-BYTES", true },
		{ "PASSED", true }, { "DROPS", true },
	};
	static const struct nx_view view = {
		.json = nexus_json, .row = nexus_row,
		.columns = columns, .nr_columns = NX_ARRAY_SIZE(columns),
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
