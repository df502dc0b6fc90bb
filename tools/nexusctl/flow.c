// SPDX-License-Identifier: GPL-2.0
/* Shows flows, some of them if asked so, and ends one. */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/nexus.h>

#include "ask.h"
#include "attr.h"
#include "flow.h"
#include "show.h"
#include "text.h"
#include "words.h"

static int parse_address(char text[NX_ENDPOINT_SIZE], u16 family, const struct nlattr *attr)
{
	size_t len = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;

	if (!len || mnl_attr_get_payload_len(attr) != len)
		return -EBADMSG;
	if (!inet_ntop(family, mnl_attr_get_payload(attr), text, NX_ENDPOINT_SIZE))
		return -EBADMSG;
	return 0;
}

static int parse_ends(struct nx_flow *flow, const struct nlattr *tb[NX_ATTRS])
{
	const struct nlattr *remote = tb[NEXUS_FLOW_A_REMOTE];

	flow->family = nx_attr_u16(tb[NEXUS_FLOW_A_FAMILY]);
	flow->protocol = nx_attr_u8(tb[NEXUS_FLOW_A_PROTOCOL]);
	flow->is_listener = !remote;
	flow->local_port = ntohs(nx_attr_u16(tb[NEXUS_FLOW_A_LOCAL_PORT]));
	flow->remote_port = ntohs(nx_attr_u16(tb[NEXUS_FLOW_A_REMOTE_PORT]));
	if (!tb[NEXUS_FLOW_A_LOCAL] ||
	    parse_address(flow->local, flow->family, tb[NEXUS_FLOW_A_LOCAL]))
		return -EBADMSG;
	return remote ? parse_address(flow->remote, flow->family, remote) : 0;
}

int nx_flow_parse(struct nx_flow *flow, const struct nlattr *from)
{
	const struct nlattr *tb[NX_ATTRS];

	memset(flow, 0, sizeof(*flow));
	if (!from || nx_attr_parse(NX_NEST_FLOW, from, tb))
		return -EBADMSG;
	flow->nexus = nx_attr_str(tb[NEXUS_FLOW_A_NEXUS]);
	flow->channel = nx_attr_u32(tb[NEXUS_FLOW_A_CHANNEL_ID]);
	flow->index = nx_attr_u32(tb[NEXUS_FLOW_A_INDEX]);
	flow->generation = nx_attr_u32(tb[NEXUS_FLOW_A_GENERATION]);
	flow->pid = nx_attr_u32(tb[NEXUS_FLOW_A_PID]);
	flow->uid = nx_attr_u32(tb[NEXUS_FLOW_A_UID]);
	flow->class = nx_attr_u32(tb[NEXUS_FLOW_A_CLASS]);
	flow->has_counters = tb[NEXUS_FLOW_A_COUNTERS];
	flow->ll_permille = nx_attr_u32(tb[NEXUS_FLOW_A_LL_PERMILLE]);
	flow->has_advice = tb[NEXUS_FLOW_A_ADVICE];
	flow->is_suspended = nx_attr_u32(tb[NEXUS_FLOW_A_ADVICE]) & NEXUS_FLOW_SUSPENDED;
	flow->congestion = nx_attr_u32(tb[NEXUS_FLOW_A_CONGESTION]);
	if (parse_ends(flow, tb) || nx_tcp_parse(&flow->tcp, tb[NEXUS_FLOW_A_TCP]) ||
	    nx_tcp_parse(&flow->reported, tb[NEXUS_FLOW_A_REPORTED]))
		return -EBADMSG;
	return nx_counters_parse(&flow->counters, tb[NEXUS_FLOW_A_COUNTERS]);
}

static void endpoint(char buf[NX_ENDPOINT_SIZE], u16 family, const char *address, u16 port)
{
	/* The longest address has 45 characters and its NUL: 54 in all. */
	snprintf(buf, NX_ENDPOINT_SIZE, family == AF_INET6 ? "[%.45s]:%u" : "%.45s:%u",
		 address, port);
}

void nx_flow_local(char buf[NX_ENDPOINT_SIZE], const struct nx_flow *flow)
{
	endpoint(buf, flow->family, flow->local, flow->local_port);
}

void nx_flow_remote(char buf[NX_ENDPOINT_SIZE], const struct nx_flow *flow)
{
	if (flow->is_listener)
		strcpy(buf, "*");
	else
		endpoint(buf, flow->family, flow->remote, flow->remote_port);
}

void nx_flow_json(const struct nx_ctl *ctl, struct nx_json *json, const char *key,
		  const struct nx_flow *flow)
{
	char text[NX_TEXT_SIZE];

	nx_json_object(json, key);
	nx_json_str(json, "nexus", flow->nexus);
	nx_json_u64(json, "channel", flow->channel);
	nx_json_u64(json, "index", flow->index);
	nx_json_u64(json, "generation", flow->generation);
	nx_json_str(json, "family", flow->family == AF_INET ? "inet" : "inet6");
	nx_text_protocol(text, flow->protocol);
	nx_json_str(json, "protocol", text);
	nx_json_str(json, "local", flow->local);
	nx_json_u64(json, "local_port", flow->local_port);
	nx_json_bool(json, "listener", flow->is_listener);
	if (!flow->is_listener) {
		nx_json_str(json, "remote", flow->remote);
		nx_json_u64(json, "remote_port", flow->remote_port);
	}
	nx_json_u64(json, "pid", flow->pid);
	nx_json_u64(json, "uid", flow->uid);
	nx_text_user(text, flow->uid, ctl->numeric);
	nx_json_str(json, "user", text);
	nx_json_str(json, "class", nx_text_class(flow->class));
	if (flow->ll_permille)
		nx_json_u64(json, "ll_permille", flow->ll_permille);
	if (flow->has_advice) {
		nx_json_bool(json, "suspended", flow->is_suspended);
		nx_json_u64(json, "congestion", flow->congestion);
	}
	if (flow->has_counters)
		nx_counters_json(ctl, json, "counters", &flow->counters);
	nx_tcp_json(json, "tcp", &flow->tcp);
	nx_tcp_json(json, "reported", &flow->reported);
	nx_json_object_end(json);
}

static int flow_json(const struct nx_ctl *ctl, struct nx_json *json, const struct nlmsghdr *nlh)
{
	struct nx_flow flow;

	if (nx_flow_parse(&flow, nx_attr_nest(nlh, NEXUS_A_FLOW)))
		return -EBADMSG;
	nx_flow_json(ctl, json, NULL, &flow);
	return 0;
}

static void flow_cells(const struct nx_ctl *ctl, struct nx_table *table,
		       const struct nx_flow *flow)
{
	char text[NX_TEXT_SIZE];

	nx_table_cell(table, "%s", flow->nexus);
	nx_table_cell(table, "%u", flow->channel);
	nx_table_cell(table, "%u", flow->index);
	nx_text_protocol(text, flow->protocol);
	nx_table_cell(table, "%s", text);
	nx_flow_local(text, flow);
	nx_table_cell(table, "%s", text);
	nx_flow_remote(text, flow);
	nx_table_cell(table, "%s", text);
	if (flow->pid)
		nx_table_cell(table, "%u", flow->pid);
	else
		nx_table_cell(table, "-");
	nx_text_user(text, flow->uid, ctl->numeric);
	nx_table_cell(table, "%s", text);
	nx_table_cell(table, "%s", nx_text_class(flow->class));
	nx_count_cell(ctl, table, flow->counters.value[NEXUS_COUNTERS_A_RX_PACKETS]);
	nx_size_cell(ctl, table, flow->counters.value[NEXUS_COUNTERS_A_RX_BYTES]);
	nx_count_cell(ctl, table, flow->counters.value[NEXUS_COUNTERS_A_TX_PACKETS]);
	nx_size_cell(ctl, table, flow->counters.value[NEXUS_COUNTERS_A_TX_BYTES]);
	nx_count_cell(ctl, table, flow->counters.dropped);
}

static int flow_row(const struct nx_ctl *ctl, struct nx_table *table,
		    const struct nlmsghdr *nlh)
{
	struct nx_flow flow;

	if (nx_flow_parse(&flow, nx_attr_nest(nlh, NEXUS_A_FLOW)))
		return -EBADMSG;
	flow_cells(ctl, table, &flow);
	return 0;
}

static const struct nx_column flow_columns[] = {
	{ "NEXUS", false }, { "CHANNEL", true }, { "INDEX", true }, { "PROTO", false },
	{ "LOCAL", false }, { "REMOTE", false }, { "PID", true }, { "USER", false },
	{ "CLASS", false }, { "RX-PACKETS", true }, { "RX-BYTES", true },
	{ "TX-PACKETS", true }, { "TX-BYTES", true }, { "DROPS", true },
};

static const struct nx_view flow_view = {
	.json = flow_json, .row = flow_row,
	.columns = flow_columns, .nr_columns = NX_ARRAY_SIZE(flow_columns),
	.nothing = "no flows",
};

enum { NX_BY_NEXUS, NX_BY_CHANNEL, NX_BY_PORT, NX_BY_PID, NX_BY_USER, NX_NR_BY };

static const char *const filter_words[] = { "nexus", "channel", "port", "pid", "user" };

/**
 * struct nx_flow_filter - which flows to show
 * @has:   which conditions there are, by NX_BY_*
 * @nexus: name, if has[NX_BY_NEXUS]
 * @protocol: IPPROTO_*; 0: any
 * @value: of the other conditions
 */
struct nx_flow_filter {
	bool has[NX_NR_BY];
	const char *nexus;
	u8 protocol;
	u32 value[NX_NR_BY];
};

static bool take_condition(struct nx_words *words, struct nx_flow_filter *filter)
{
	int by = nx_words_keyword(words, filter_words, NX_NR_BY);

	if (by < 0)
		return false;
	if (filter->has[by]) {
		nx_usage(words->ctl, "'%s' stands twice", filter_words[by]);
		return false;
	}
	filter->has[by] = true;
	switch (by) {
	case NX_BY_NEXUS:
		filter->nexus = nx_words_nexus(words);
		return filter->nexus;
	case NX_BY_USER:
		return nx_words_user(words, &filter->value[by]);
	case NX_BY_PORT:
		return nx_words_u32(words, "port", 0, 65535, &filter->value[by]);
	default:
		return nx_words_u32(words, filter_words[by], 0, ~0U, &filter->value[by]);
	}
}

static bool is_wanted(const struct nx_flow_filter *filter, const struct nx_flow *flow)
{
	if (filter->nexus && strcmp(filter->nexus, flow->nexus))
		return false;
	if (filter->protocol && filter->protocol != flow->protocol)
		return false;
	if (filter->has[NX_BY_CHANNEL] && filter->value[NX_BY_CHANNEL] != flow->channel)
		return false;
	if (filter->has[NX_BY_PORT] && filter->value[NX_BY_PORT] != flow->local_port &&
	    (flow->is_listener || filter->value[NX_BY_PORT] != flow->remote_port))
		return false;
	if (filter->has[NX_BY_PID] && filter->value[NX_BY_PID] != flow->pid)
		return false;
	return !filter->has[NX_BY_USER] || filter->value[NX_BY_USER] == flow->uid;
}

/* Moves the wanted ones to the front; how many they are. */
static size_t filter_flows(struct nx_reply *reply, const struct nx_flow_filter *filter)
{
	struct nx_flow flow;
	size_t kept = 0;

	for (size_t i = 0; i < reply->nr; i++) {
		/* One that cannot be read stays, and is complained about when shown. */
		if (nx_flow_parse(&flow, nx_attr_nest(reply->msgs[i], NEXUS_A_FLOW)) ||
		    is_wanted(filter, &flow)) {
			struct nlmsghdr *wanted = reply->msgs[i];

			reply->msgs[i] = reply->msgs[kept];
			reply->msgs[kept++] = wanted;
		}
	}
	return kept;
}

int nx_flow_select(struct nx_ctl *ctl, int argc, char **argv, u8 protocol,
		   struct nx_reply *reply)
{
	struct nx_words words = { ctl, argv, argc };
	struct nx_flow_filter filter = { .protocol = protocol };
	int ret;

	while (words.argc)
		if (!take_condition(&words, &filter))
			return NX_USAGE;
	ret = nx_ask_list(ctl, NEXUS_CMD_GET_FLOW, filter.nexus, reply);
	if (ret)
		return ret;
	nx_reply_trim(reply, filter_flows(reply, &filter));
	return NX_OK;
}

int nx_flow_show(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_reply reply;
	int ret;

	ret = nx_flow_select(ctl, argc, argv, 0, &reply);
	if (ret)
		return ret;
	ret = nx_show(ctl, &flow_view, &reply);
	nx_reply_free(&reply);
	return ret;
}

/* Finds a flow's generation: NX_OK, or NX_REFUSED after a complaint. */
static int find_generation(struct nx_ctl *ctl, u32 channel, u32 index, u32 *generation)
{
	struct nx_reply reply;
	struct nx_flow flow;
	bool is_found = false;
	u32 others = 0;
	int ret;

	ret = nx_ask_list(ctl, NEXUS_CMD_GET_FLOW, NULL, &reply);
	if (ret)
		return ret;
	for (size_t i = 0; i < reply.nr && !is_found; i++) {
		if (nx_flow_parse(&flow, nx_attr_nest(reply.msgs[i], NEXUS_A_FLOW)) ||
		    flow.channel != channel)
			continue;
		others++;
		is_found = flow.index == index;
		*generation = flow.generation;
	}
	nx_reply_free(&reply);
	if (is_found)
		return NX_OK;
	if (!others)
		return nx_refused(ctl, "channel %u has no flows: "
				  "'nexusctl flow show' lists all", channel);
	return nx_refused(ctl, "channel %u has no flow %u: 'nexusctl flow show channel %u' "
			  "lists its %u", channel, index, channel, others);
}

static int delete(struct nx_ctl *ctl, u32 channel, u32 index, u32 generation)
{
	struct nx_request req;
	struct nlattr *nest;
	struct nx_deed deed;
	char what[64];

	snprintf(what, sizeof(what), "flow del %u %u", channel, index);
	deed = (struct nx_deed){ .what = what };
	nx_request_init(&req, NEXUS_CMD_DEL_FLOW);
	nest = mnl_attr_nest_start(req.nlh, NEXUS_A_FLOW);
	mnl_attr_put_u32(req.nlh, NEXUS_FLOW_A_CHANNEL_ID, channel);
	mnl_attr_put_u32(req.nlh, NEXUS_FLOW_A_INDEX, index);
	mnl_attr_put_u32(req.nlh, NEXUS_FLOW_A_GENERATION, generation);
	mnl_attr_nest_end(req.nlh, nest);
	return nx_ask_change(ctl, &req, &deed);
}

int nx_flow_del(struct nx_ctl *ctl, int argc, char **argv)
{
	static const char *const keywords[] = { "generation" };
	struct nx_words words = { ctl, argv, argc };
	u32 channel, index, generation;
	int ret;

	if (!nx_words_u32(&words, "the channel's ID", 0, ~0U, &channel) ||
	    !nx_words_u32(&words, "the flow's index", 0, ~0U, &index))
		return NX_USAGE;
	if (words.argc) {
		if (nx_words_keyword(&words, keywords, 1) < 0 ||
		    !nx_words_u32(&words, "generation", 0, ~0U, &generation) ||
		    !nx_words_end(&words))
			return NX_USAGE;
		return delete(ctl, channel, index, generation);
	}
	ret = find_generation(ctl, channel, index, &generation);
	return ret ? ret : delete(ctl, channel, index, generation);
}
