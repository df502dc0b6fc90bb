// SPDX-License-Identifier: GPL-2.0
/* Shows what tunes itself, in words, and pins it. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/nexus_netlink.h>

#include "ask.h"
#include "attr.h"
#include "request.h"
#include "show.h"
#include "words.h"

/**
 * struct nx_knob - something that tunes itself
 * @name: in commands
 * @unit: of its value
 * @why:  by enum nexus_tune_state: what it does, and why
 */
struct nx_knob {
	const char *name;
	const char *unit;
	const char *why[NEXUS_TUNE_BACKS_OFF + 1];
};

static const struct nx_knob knobs[] = {
	[NEXUS_TUNE_WORKING_SET] = {
		.name = "working-set",
		.unit = "pages",
		.why = {
			[NEXUS_TUNE_HOLDS] = "as many pages stand ready as were needed lately",
			[NEXUS_TUNE_GROWS] = "pages were missing in the last second: half more "
					     "may stand ready",
			[NEXUS_TUNE_SHRINKS] = "a quarter stood unused for 2 seconds: a quarter "
					       "less may stand ready, the rest was given back",
			[NEXUS_TUNE_RESTS] = "nobody used the pool for 10 seconds: all was "
					     "given back",
			[NEXUS_TUNE_PINNED] = "an administrator set it",
		},
	},
	[NEXUS_TUNE_WAKE_DELAY] = {
		.name = "wake-delay",
		.unit = "us",
		.why = {
			[NEXUS_TUNE_HOLDS] = "packets come so densely that one wake serves for many: "
					     "a wake waits for more of them, a lone packet never",
			[NEXUS_TUNE_GROWS] = "more packets and more bytes come than before: a wake "
					     "waits longer, so that more packets share it",
			[NEXUS_TUNE_SHRINKS] = "fewer packets and fewer bytes come than before: a "
					       "wake waits less",
			[NEXUS_TUNE_RESTS] = "few packets or few bytes come: each wakes at once",
			[NEXUS_TUNE_PINNED] = "an administrator set it",
			[NEXUS_TUNE_BACKS_OFF] = "while a wake waited nobody sent any more: each "
						 "packet wakes at once for now",
		},
	},
	[NEXUS_TUNE_TX_BUDGET] = {
		.name = "tx-budget",
		.unit = "packets",
		.why = {
			[NEXUS_TUNE_HOLDS] = "so many leave in about 100 us, or nobody sends more "
					     "at a time; then something else may run",
			[NEXUS_TUNE_GROWS] = "they took less than 50 us: more may leave in a row",
			[NEXUS_TUNE_SHRINKS] = "they took more than 200 us, in which nothing else "
					       "ran: fewer may leave in a row",
			[NEXUS_TUNE_PINNED] = "an administrator set it",
		},
	},
	[NEXUS_TUNE_RECEIVE_WINDOW] = {
		.name = "receive-window",
		.unit = "bytes",
		.why = {
			[NEXUS_TUNE_HOLDS] = "little is unread and memory is not short: a TCP "
					     "connection's window may be a quarter of the pool",
			[NEXUS_TUNE_SHRINKS] = "much is unread, or memory is short: windows may be "
					       "less, so that peers send less",
			[NEXUS_TUNE_RESTS] = "no TCP connection was used yet",
			[NEXUS_TUNE_PINNED] = "an administrator set it",
		},
	},
	[NEXUS_TUNE_CACHE_BATCH] = {
		.name = "cache-batch",
		.unit = "buffers",
		.why = {
			[NEXUS_TUNE_HOLDS] = "so many move at a time between a queue and the pool: "
					     "queues seldom wait for each other, and find what they "
					     "need",
			[NEXUS_TUNE_GROWS] = "queues waited for each other at the pool: twice as many "
					     "move at a time; or the pool runs dry no longer",
			[NEXUS_TUNE_SHRINKS] = "the pool ran dry: half as many move at a time, and a "
					       "queue keeps fewer from the others; or they wait no longer",
			[NEXUS_TUNE_PINNED] = "an administrator set it",
		},
	},
};

static const char *const states[] = {
	[NEXUS_TUNE_HOLDS] = "holds",
	[NEXUS_TUNE_GROWS] = "grows",
	[NEXUS_TUNE_SHRINKS] = "shrinks",
	[NEXUS_TUNE_RESTS] = "rests",
	[NEXUS_TUNE_PINNED] = "pinned",
	[NEXUS_TUNE_BACKS_OFF] = "backs-off",
};

static const struct nx_knob unknown_knob = { .name = "unknown", .unit = "" };

static const struct nx_knob *find_knob(u32 knob)
{
	if (knob >= NX_ARRAY_SIZE(knobs) || !knobs[knob].name)
		return &unknown_knob;
	return &knobs[knob];
}

static const char *state_name(u32 state)
{
	return state < NX_ARRAY_SIZE(states) && states[state] ? states[state] : "unknown";
}

static const char *why(const struct nx_knob *knob, u32 state)
{
	if (state >= NX_ARRAY_SIZE(knob->why) || !knob->why[state])
		return "this nexusctl does not know why";
	return knob->why[state];
}

static int knob_json(struct nx_json *json, const struct nlattr *attr)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nx_knob *knob;
	u32 state;

	if (nx_attr_parse(NX_NEST_TUNE, attr, tb))
		return -EBADMSG;
	knob = find_knob(nx_attr_u32(tb[NEXUS_TUNE_A_KNOB]));
	state = nx_attr_u32(tb[NEXUS_TUNE_A_STATE]);
	nx_json_object(json, NULL);
	nx_json_str(json, "name", knob->name);
	if (tb[NEXUS_TUNE_A_QUEUE])
		nx_json_u64(json, "queue", nx_attr_u32(tb[NEXUS_TUNE_A_QUEUE]));
	nx_json_str(json, "state", state_name(state));
	nx_json_u64(json, "value", nx_attr_u32(tb[NEXUS_TUNE_A_VALUE]));
	nx_json_str(json, "unit", knob->unit);
	nx_json_str(json, "why", why(knob, state));
	nx_json_object_end(json);
	return 0;
}

static int knobs_json(struct nx_json *json, const struct nlattr *channel)
{
	const struct nlattr *attr;

	nx_json_array(json, "knobs");
	mnl_attr_for_each_nested(attr, channel)
		if (mnl_attr_get_type(attr) == NEXUS_CHANNEL_A_TUNE && knob_json(json, attr))
			return -EBADMSG;
	nx_json_array_end(json);
	return 0;
}

static int tune_json(const struct nx_ctl *ctl, struct nx_json *json, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse_message(nlh, NEXUS_A_CHANNEL, NX_NEST_CHANNEL, tb))
		return -EBADMSG;
	nx_json_object(json, NULL);
	nx_json_u64(json, "channel", nx_attr_u32(tb[NEXUS_CHANNEL_A_ID]));
	nx_json_str(json, "nexus", nx_attr_str(tb[NEXUS_CHANNEL_A_NEXUS]));
	nx_json_u64(json, "pid", nx_attr_u32(tb[NEXUS_CHANNEL_A_PID]));
	nx_json_str(json, "comm", nx_attr_str(tb[NEXUS_CHANNEL_A_COMM]));
	if (knobs_json(json, nx_attr_nest(nlh, NEXUS_A_CHANNEL)))
		return -EBADMSG;
	nx_json_object_end(json);
	return 0;
}

static int knob_row(struct nx_table *table, const struct nlattr *channel[NX_ATTRS],
		    const struct nlattr *attr)
{
	const struct nlattr *tb[NX_ATTRS];
	const struct nx_knob *knob;
	u32 state;

	if (nx_attr_parse(NX_NEST_TUNE, attr, tb))
		return -EBADMSG;
	knob = find_knob(nx_attr_u32(tb[NEXUS_TUNE_A_KNOB]));
	state = nx_attr_u32(tb[NEXUS_TUNE_A_STATE]);
	nx_table_cell(table, "%u", nx_attr_u32(channel[NEXUS_CHANNEL_A_ID]));
	nx_table_cell(table, "%s", nx_attr_str(channel[NEXUS_CHANNEL_A_COMM]));
	nx_table_cell(table, "%s", knob->name);
	if (tb[NEXUS_TUNE_A_QUEUE])
		nx_table_cell(table, "%u", nx_attr_u32(tb[NEXUS_TUNE_A_QUEUE]));
	else
		nx_table_cell(table, "-");
	nx_table_cell(table, "%s", state_name(state));
	nx_table_cell(table, "%u %s", nx_attr_u32(tb[NEXUS_TUNE_A_VALUE]), knob->unit);
	nx_table_cell(table, "%s", why(knob, state));
	return 0;
}

static int tune_row(const struct nx_ctl *ctl, struct nx_table *table,
		    const struct nlmsghdr *nlh)
{
	const struct nlattr *channel = nx_attr_nest(nlh, NEXUS_A_CHANNEL);
	const struct nlattr *tb[NX_ATTRS], *attr;

	if (nx_attr_parse_message(nlh, NEXUS_A_CHANNEL, NX_NEST_CHANNEL, tb))
		return -EBADMSG;
	mnl_attr_for_each_nested(attr, channel)
		if (mnl_attr_get_type(attr) == NEXUS_CHANNEL_A_TUNE && knob_row(table, tb, attr))
			return -EBADMSG;
	return 0;
}

static bool is_channel(const struct nlmsghdr *nlh, u32 id)
{
	const struct nlattr *tb[NX_ATTRS];

	return !nx_attr_parse_message(nlh, NEXUS_A_CHANNEL, NX_NEST_CHANNEL, tb) &&
	       nx_attr_u32(tb[NEXUS_CHANNEL_A_ID]) == id;
}

/* Leaves channel @id alone; false: it is not there. */
static bool keep_channel(struct nx_reply *reply, u32 id)
{
	for (size_t i = 0; i < reply->nr; i++) {
		if (!is_channel(reply->msgs[i], id))
			continue;
		nx_reply_keep(reply, reply->msgs[i]);
		return true;
	}
	return false;
}

int nx_tune_show(struct nx_ctl *ctl, int argc, char **argv)
{
	static const struct nx_column columns[] = {
		{ "CHANNEL", true }, { "COMMAND", false }, { "KNOB", false },
		{ "QUEUE", true }, { "STATE", false }, { "VALUE", true }, { "WHY", false },
	};
	static const struct nx_view view = {
		.json = tune_json, .row = tune_row,
		.columns = columns, .nr_columns = NX_ARRAY_SIZE(columns),
		.nothing = "no channels",
	};
	struct nx_words words = { ctl, argv, argc };
	struct nx_reply reply;
	u32 id = 0;
	int ret;

	if (argc && (!nx_words_u32(&words, "the channel's ID", 0, ~0U, &id) ||
		     !nx_words_end(&words)))
		return NX_USAGE;
	ret = nx_ask_list(ctl, NEXUS_CMD_GET_CHANNEL, NULL, &reply);
	if (ret)
		return ret;
	if (argc && !keep_channel(&reply, id))
		ret = nx_refused(ctl, "no channel %u in this network namespace: "
				 "'nexusctl channel show' lists them", id);
	else
		ret = nx_show(ctl, &view, &reply);
	nx_reply_free(&reply);
	return ret;
}

static bool take_knob(struct nx_words *words, u32 *channel, u32 *knob)
{
	static const char *const names[] = {
		"working-set", "wake-delay", "tx-budget", "receive-window",
		"cache-batch"
	};
	int found;

	if (!nx_words_u32(words, "the channel's ID", 0, ~0U, channel))
		return false;
	found = nx_words_keyword(words, names, NX_ARRAY_SIZE(names));
	*knob = NEXUS_TUNE_WORKING_SET + found;
	return found >= 0;
}

static struct nlattr *begin(struct nx_request *req, u32 channel, u32 knob)
{
	struct nlattr *nest;

	nx_request_init(req, NEXUS_CMD_SET_TUNE);
	nest = mnl_attr_nest_start(req->nlh, NEXUS_A_TUNE);
	mnl_attr_put_u32(req->nlh, NEXUS_TUNE_A_CHANNEL_ID, channel);
	mnl_attr_put_u32(req->nlh, NEXUS_TUNE_A_KNOB, knob);
	return nest;
}

int nx_tune_pin(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	struct nx_deed deed = { .what = "tune pin" };
	struct nx_request req;
	struct nlattr *nest;
	u32 channel, knob, value;

	if (!take_knob(&words, &channel, &knob) ||
	    !nx_words_u32(&words, "the value", 0, ~0U, &value) || !nx_words_end(&words))
		return NX_USAGE;
	nest = begin(&req, channel, knob);
	mnl_attr_put_u32(req.nlh, NEXUS_TUNE_A_VALUE, value);
	mnl_attr_nest_end(req.nlh, nest);
	return nx_ask_change(ctl, &req, &deed);
}

int nx_tune_free(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	struct nx_deed deed = { .what = "tune free" };
	struct nx_request req;
	struct nlattr *nest;
	u32 channel, knob;

	if (!take_knob(&words, &channel, &knob) || !nx_words_end(&words))
		return NX_USAGE;
	nest = begin(&req, channel, knob);
	mnl_attr_nest_end(req.nlh, nest);
	return nx_ask_change(ctl, &req, &deed);
}
