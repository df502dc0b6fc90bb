// SPDX-License-Identifier: GPL-2.0
/* Shows channels: all in a table, or one with everything that is known of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/nexus.h>

#include "ask.h"
#include "attr.h"
#include "counters.h"
#include "show.h"
#include "text.h"
#include "words.h"

static u32 pool_value(const struct nlattr *pool, u32 attr)
{
	const struct nlattr *tb[NX_ATTRS];

	return nx_attr_parse(NX_NEST_POOL, pool, tb) ? 0 : nx_attr_u32(tb[attr]);
}

static u32 count_queues(const struct nlattr *channel)
{
	const struct nlattr *attr;
	u32 nr = 0;

	mnl_attr_for_each_nested(attr, channel)
		nr += mnl_attr_get_type(attr) == NEXUS_CHANNEL_A_QUEUE;
	return nr;
}

static int queues_json(struct nx_json *json, const struct nlattr *channel)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nlattr *attr;

	nx_json_array(json, "queues");
	mnl_attr_for_each_nested(attr, channel) {
		if (mnl_attr_get_type(attr) != NEXUS_CHANNEL_A_QUEUE)
			continue;
		if (nx_attr_parse(NX_NEST_QUEUE, attr, tb))
			return -EBADMSG;
		nx_json_object(json, NULL);
		nx_json_u64(json, "index", nx_attr_u32(tb[NEXUS_QUEUE_A_INDEX]));
		nx_json_u64(json, "tx_slots", nx_attr_u32(tb[NEXUS_QUEUE_A_TX_SLOTS]));
		nx_json_u64(json, "tx_used", nx_attr_u32(tb[NEXUS_QUEUE_A_TX_USED]));
		nx_json_u64(json, "rx_slots", nx_attr_u32(tb[NEXUS_QUEUE_A_RX_SLOTS]));
		nx_json_u64(json, "rx_used", nx_attr_u32(tb[NEXUS_QUEUE_A_RX_USED]));
		nx_json_object_end(json);
	}
	nx_json_array_end(json);
	return 0;
}

static int pool_json(struct nx_json *json, const struct nlattr *pool)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse(NX_NEST_POOL, pool, tb))
		return -EBADMSG;
	nx_json_object(json, "pool");
	nx_json_u64(json, "buffers", nx_attr_u32(tb[NEXUS_POOL_A_BUFFERS]));
	nx_json_u64(json, "free", nx_attr_u32(tb[NEXUS_POOL_A_FREE]));
	nx_json_u64(json, "user", nx_attr_u32(tb[NEXUS_POOL_A_USER]));
	nx_json_u64(json, "kernel", nx_attr_u32(tb[NEXUS_POOL_A_KERNEL]));
	nx_json_u64(json, "in_flight", nx_attr_u32(tb[NEXUS_POOL_A_IN_FLIGHT]));
	nx_json_u64(json, "pages", nx_attr_u64(tb[NEXUS_POOL_A_PAGES]));
	nx_json_object_end(json);
	return 0;
}

static void owner_json(const struct nx_ctl *ctl, struct nx_json *json,
		       const struct nlattr *tb[NX_ATTRS])
{
	u32 uid = nx_attr_u32(tb[NEXUS_CHANNEL_A_UID]);
	char user[NX_TEXT_SIZE];

	nx_json_u64(json, "pid", nx_attr_u32(tb[NEXUS_CHANNEL_A_PID]));
	nx_json_str(json, "comm", nx_attr_str(tb[NEXUS_CHANNEL_A_COMM]));
	nx_json_u64(json, "uid", uid);
	nx_text_user(user, uid, ctl->numeric);
	nx_json_str(json, "user", user);
}

static void state_json(struct nx_json *json, const struct nlattr *tb[NX_ATTRS])
{
	u32 violation = nx_attr_u32(tb[NEXUS_CHANNEL_A_VIOLATION]);
	u32 flags = nx_attr_u32(tb[NEXUS_CHANNEL_A_FLAGS]);

	nx_json_str(json, "state", nx_text_state(nx_attr_u32(tb[NEXUS_CHANNEL_A_STATE])));
	nx_json_str(json, "violation", nx_text_violation(violation));
	if (violation)
		nx_json_str(json, "violation_text", nx_text_violation_meaning(violation));
	nx_json_bool(json, "defunct_ok", flags & NEXUS_ATTACH_DEFUNCT_OK);
	if (tb[NEXUS_CHANNEL_A_DEFUNCT_REASON])
		nx_json_str(json, "defunct_reason",
			    nx_text_defunct(nx_attr_u32(tb[NEXUS_CHANNEL_A_DEFUNCT_REASON])));
}

static int channel_counters_json(const struct nx_ctl *ctl, struct nx_json *json,
				 const struct nlattr *tb[NX_ATTRS])
{
	struct nx_counters counters;

	if (nx_counters_parse(&counters, tb[NEXUS_CHANNEL_A_COUNTERS]))
		return -EBADMSG;
	nx_counters_json(ctl, json, "counters", &counters);
	if (!tb[NEXUS_CHANNEL_A_REPORTED])
		return 0;
	if (nx_counters_parse(&counters, tb[NEXUS_CHANNEL_A_REPORTED]))
		return -EBADMSG;
	nx_counters_json(ctl, json, "reported", &counters);
	return 0;
}

static int channel_json(const struct nx_ctl *ctl, struct nx_json *json,
			const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse_message(nlh, NEXUS_A_CHANNEL, NX_NEST_CHANNEL, tb))
		return -EBADMSG;
	nx_json_object(json, NULL);
	nx_json_u64(json, "id", nx_attr_u32(tb[NEXUS_CHANNEL_A_ID]));
	nx_json_str(json, "nexus", nx_attr_str(tb[NEXUS_CHANNEL_A_NEXUS]));
	nx_json_u64(json, "port", nx_attr_u32(tb[NEXUS_CHANNEL_A_PORT]));
	owner_json(ctl, json, tb);
	state_json(json, tb);
	nx_json_u64(json, "flows", nx_attr_u32(tb[NEXUS_CHANNEL_A_NR_FLOWS]));
	if (queues_json(json, nx_attr_nest(nlh, NEXUS_A_CHANNEL)) ||
	    pool_json(json, tb[NEXUS_CHANNEL_A_POOL]) ||
	    channel_counters_json(ctl, json, tb))
		return -EBADMSG;
	nx_json_object_end(json);
	return 0;
}

/* "quarantined (buffer-owner)" */
static void state_text(char buf[NX_TEXT_SIZE], const struct nlattr *tb[NX_ATTRS])
{
	u32 violation = nx_attr_u32(tb[NEXUS_CHANNEL_A_VIOLATION]);
	const char *state = nx_text_state(nx_attr_u32(tb[NEXUS_CHANNEL_A_STATE]));

	if (violation)
		snprintf(buf, NX_TEXT_SIZE, "%s (%s)", state, nx_text_violation(violation));
	else
		snprintf(buf, NX_TEXT_SIZE, "%s", state);
}

static void pid_text(char buf[NX_TEXT_SIZE], u32 pid)
{
	/* 0: in another PID namespace than the reader, or gone. */
	if (pid)
		snprintf(buf, NX_TEXT_SIZE, "%u", pid);
	else
		strcpy(buf, "-");
}

static void channel_cells(const struct nx_ctl *ctl, struct nx_table *table,
			  const struct nlattr *tb[NX_ATTRS], u32 nr_queues)
{
	const struct nlattr *pool = tb[NEXUS_CHANNEL_A_POOL];
	char text[NX_TEXT_SIZE];

	nx_table_cell(table, "%u", nx_attr_u32(tb[NEXUS_CHANNEL_A_ID]));
	nx_table_cell(table, "%s", nx_attr_str(tb[NEXUS_CHANNEL_A_NEXUS]));
	nx_table_cell(table, "%u", nx_attr_u32(tb[NEXUS_CHANNEL_A_PORT]));
	state_text(text, tb);
	nx_table_cell(table, "%s", text);
	pid_text(text, nx_attr_u32(tb[NEXUS_CHANNEL_A_PID]));
	nx_table_cell(table, "%s", text);
	nx_table_cell(table, "%s", nx_attr_str(tb[NEXUS_CHANNEL_A_COMM]));
	nx_text_user(text, nx_attr_u32(tb[NEXUS_CHANNEL_A_UID]), ctl->numeric);
	nx_table_cell(table, "%s", text);
	nx_table_cell(table, "%u", nr_queues);
	nx_count_cell(ctl, table, nx_attr_u32(tb[NEXUS_CHANNEL_A_NR_FLOWS]));
	nx_table_cell(table, "%u", pool_value(pool, NEXUS_POOL_A_BUFFERS));
	nx_table_cell(table, "%u+%u+%u+%u", pool_value(pool, NEXUS_POOL_A_FREE),
		      pool_value(pool, NEXUS_POOL_A_USER),
		      pool_value(pool, NEXUS_POOL_A_KERNEL),
		      pool_value(pool, NEXUS_POOL_A_IN_FLIGHT));
}

static int channel_row(const struct nx_ctl *ctl, struct nx_table *table,
		       const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];
	struct nx_counters counters;

	if (nx_attr_parse_message(nlh, NEXUS_A_CHANNEL, NX_NEST_CHANNEL, tb) ||
	    nx_counters_parse(&counters, tb[NEXUS_CHANNEL_A_COUNTERS]))
		return -EBADMSG;
	channel_cells(ctl, table, tb, count_queues(nx_attr_nest(nlh, NEXUS_A_CHANNEL)));
	nx_count_cell(ctl, table, counters.value[NEXUS_COUNTERS_A_RX_PACKETS]);
	nx_count_cell(ctl, table, counters.value[NEXUS_COUNTERS_A_TX_PACKETS]);
	nx_count_cell(ctl, table, counters.dropped);
	return 0;
}

static void print_owner(const struct nx_ctl *ctl, const struct nlattr *tb[NX_ATTRS])
{
	char *comm = nx_text_printable(nx_attr_str(tb[NEXUS_CHANNEL_A_COMM]));
	char user[NX_TEXT_SIZE], pid[NX_TEXT_SIZE];

	nx_text_user(user, nx_attr_u32(tb[NEXUS_CHANNEL_A_UID]), ctl->numeric);
	pid_text(pid, nx_attr_u32(tb[NEXUS_CHANNEL_A_PID]));
	fprintf(ctl->out, "  owner      %s, pid %s, user %s\n", comm ?: "?", pid, user);
	free(comm);
}

static void print_memory(const struct nx_ctl *ctl, const struct nlattr *tb[NX_ATTRS])
{
	u32 flags = nx_attr_u32(tb[NEXUS_CHANNEL_A_FLAGS]);
	u32 reason = nx_attr_u32(tb[NEXUS_CHANNEL_A_DEFUNCT_REASON]);

	if (reason)
		fprintf(ctl->out, "  memory     was taken back: %s\n",
			nx_text_defunct_meaning(reason));
	else
		fprintf(ctl->out, "  memory     %s be taken back while it is mapped\n",
			flags & NEXUS_ATTACH_DEFUNCT_OK ? "may" : "must not");
}

static void print_state(const struct nx_ctl *ctl, const struct nlattr *tb[NX_ATTRS])
{
	u32 violation = nx_attr_u32(tb[NEXUS_CHANNEL_A_VIOLATION]);

	fprintf(ctl->out, "  state      %s\n",
		nx_text_state(nx_attr_u32(tb[NEXUS_CHANNEL_A_STATE])));
	if (violation)
		fprintf(ctl->out, "  violation  %s: %s\n", nx_text_violation(violation),
			nx_text_violation_meaning(violation));
	print_memory(ctl, tb);
	fprintf(ctl->out, "  flows      %u\n", nx_attr_u32(tb[NEXUS_CHANNEL_A_NR_FLOWS]));
}

static int print_pool(const struct nx_ctl *ctl, const struct nlattr *pool)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse(NX_NEST_POOL, pool, tb))
		return -EBADMSG;
	fprintf(ctl->out, "  pool       %u buffers: %u free, %u user, %u kernel, %u in flight; "
		"%llu pages populated\n", nx_attr_u32(tb[NEXUS_POOL_A_BUFFERS]),
		nx_attr_u32(tb[NEXUS_POOL_A_FREE]), nx_attr_u32(tb[NEXUS_POOL_A_USER]),
		nx_attr_u32(tb[NEXUS_POOL_A_KERNEL]), nx_attr_u32(tb[NEXUS_POOL_A_IN_FLIGHT]),
		(unsigned long long)nx_attr_u64(tb[NEXUS_POOL_A_PAGES]));
	return 0;
}

static int queue_rows(struct nx_table *table, const struct nlattr *channel)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, channel) {
		if (mnl_attr_get_type(attr) != NEXUS_CHANNEL_A_QUEUE)
			continue;
		if (nx_attr_parse(NX_NEST_QUEUE, attr, tb))
			return -EBADMSG;
		for (u32 i = NEXUS_QUEUE_A_INDEX; i <= NEXUS_QUEUE_A_RX_USED; i++)
			nx_table_cell(table, "%u", nx_attr_u32(tb[i]));
	}
	return 0;
}

static int print_queues(const struct nx_ctl *ctl, const struct nlattr *channel)
{
	static const struct nx_column columns[] = {
		{ "QUEUE", true }, { "TX-SLOTS", true }, { "TX-USED", true },
		{ "RX-SLOTS", true }, { "RX-USED", true },
	};
	struct nx_table table;
	int ret;

	nx_table_init(&table, columns, NX_ARRAY_SIZE(columns));
	ret = queue_rows(&table, channel);
	if (!ret)
		ret = nx_table_print(&table, ctl->out, 2);
	nx_table_free(&table);
	return ret;
}

static int print_counters(const struct nx_ctl *ctl, const char *title,
			  const struct nlattr *nest)
{
	struct nx_counters counters;

	if (nx_counters_parse(&counters, nest))
		return -EBADMSG;
	fprintf(ctl->out, "  %s\n", title);
	return nx_counters_print(ctl, &counters, 4);
}

static int channel_text(const struct nx_ctl *ctl, const struct nlmsghdr *nlh)
{
	const struct nlattr *channel = nx_attr_nest(nlh, NEXUS_A_CHANNEL);
	const struct nlattr *tb[NX_ATTRS];
	int ret;

	if (nx_attr_parse_message(nlh, NEXUS_A_CHANNEL, NX_NEST_CHANNEL, tb))
		return -EBADMSG;
	fprintf(ctl->out, "channel %u of nexus %s, port %u\n",
		nx_attr_u32(tb[NEXUS_CHANNEL_A_ID]), nx_attr_str(tb[NEXUS_CHANNEL_A_NEXUS]),
		nx_attr_u32(tb[NEXUS_CHANNEL_A_PORT]));
	print_owner(ctl, tb);
	print_state(ctl, tb);
	ret = print_pool(ctl, tb[NEXUS_CHANNEL_A_POOL]);
	if (!ret)
		ret = print_queues(ctl, channel);
	if (!ret)
		ret = print_counters(ctl, "counted by the kernel",
				     tb[NEXUS_CHANNEL_A_COUNTERS]);
	if (!ret && tb[NEXUS_CHANNEL_A_REPORTED])
		ret = print_counters(ctl, "reported by the program, not checked",
				     tb[NEXUS_CHANNEL_A_REPORTED]);
	return ret;
}

static const struct nx_column columns[] = {
	{ "CHANNEL", true }, { "NEXUS", false }, { "PORT", true }, { "STATE", false },
	{ "PID", true }, { "COMMAND", false }, { "USER", false }, { "QUEUES", true },
	{ "FLOWS", true }, { "BUFFERS", true }, { "FREE+USER+KERNEL+FLIGHT", true },
	{ "RX-PACKETS", true }, { "TX-PACKETS", true }, { "DROPS", true },
};

static const struct nx_view list_view = {
	.json = channel_json, .row = channel_row,
	.columns = columns, .nr_columns = NX_ARRAY_SIZE(columns),
	.nothing = "no channels",
};

static const struct nx_view one_view = {
	.json = channel_json, .text = channel_text,
};

static int show_list(struct nx_ctl *ctl, const char *nexus)
{
	struct nx_reply reply;
	int ret;

	ret = nx_ask_list(ctl, NEXUS_CMD_GET_CHANNEL, nexus, &reply);
	if (ret)
		return ret;
	ret = nx_show(ctl, &list_view, &reply);
	nx_reply_free(&reply);
	return ret;
}

static const struct nlmsghdr *find(const struct nx_reply *reply, u32 id)
{
	const struct nlattr *tb[NX_ATTRS];

	for (size_t i = 0; i < reply->nr; i++)
		if (!nx_attr_parse_message(reply->msgs[i], NEXUS_A_CHANNEL, NX_NEST_CHANNEL, tb) &&
		    nx_attr_u32(tb[NEXUS_CHANNEL_A_ID]) == id)
			return reply->msgs[i];
	return NULL;
}

static int show_one(struct nx_ctl *ctl, u32 id)
{
	const struct nlmsghdr *channel;
	struct nx_reply reply;
	int ret;

	ret = nx_ask_list(ctl, NEXUS_CMD_GET_CHANNEL, NULL, &reply);
	if (ret)
		return ret;
	channel = find(&reply, id);
	if (channel) {
		nx_reply_keep(&reply, channel);
		ret = nx_show(ctl, &one_view, &reply);
	} else {
		ret = nx_refused(ctl, "no channel %u in this network namespace: "
				 "'nexusctl channel show' lists them", id);
	}
	nx_reply_free(&reply);
	return ret;
}

int nx_channel_show(struct nx_ctl *ctl, int argc, char **argv)
{
	static const char *const keywords[] = { "nexus" };
	struct nx_words words = { ctl, argv, argc };
	const char *nexus;
	u32 id;

	if (!argc)
		return show_list(ctl, NULL);
	if (**argv >= '0' && **argv <= '9') {
		if (!nx_words_u32(&words, "the channel's ID", 0, ~0U, &id) ||
		    !nx_words_end(&words))
			return NX_USAGE;
		return show_one(ctl, id);
	}
	if (nx_words_keyword(&words, keywords, 1) < 0)
		return NX_USAGE;
	nexus = nx_words_nexus(&words);
	if (!nexus || !nx_words_end(&words))
		return NX_USAGE;
	return show_list(ctl, nexus);
}
