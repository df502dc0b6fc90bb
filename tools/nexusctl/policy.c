// SPDX-License-Identifier: GPL-2.0
/* Shows and sets who may attach to a nexus, and how much each may use. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "attr.h"
#include "counters.h"
#include "policy.h"
#include "qdisc_options.h"
#include "show.h"
#include "text.h"
#include "words.h"

/**
 * struct nx_rule - who may attach
 * @type: enum nexus_rule_type
 * @id:   of the user or group
 */
struct nx_rule {
	u32 type;
	u32 id;
};

/**
 * struct nx_policy - what a command line sets
 * @rules:    those that replace the present ones
 * @nr_rules: how many
 * @deny_all: remove all rules
 * @has:      which limits are set, by enum nexus_policy_attr
 * @limit:    their values
 */
struct nx_policy {
	struct nx_rule rules[NEXUS_RULES_MAX];
	u32 nr_rules;
	bool deny_all;
	bool has[NEXUS_POLICY_A_MAX + 1];
	u64 limit[NEXUS_POLICY_A_MAX + 1];
};

/* The order of the keywords that follow NAME. */
enum { NX_ALLOW, NX_ANY, NX_UID, NX_GID, NX_DENY_ALL, NX_CHANNELS, NX_FLOWS,
       NX_USER_FLOWS, NX_BYTES, NX_IDLE, NX_LL, NX_SYNS, NX_LINGER, NX_ON_VIOLATION };

static const char *const keywords[] = {
	"allow", "any", "uid", "gid", "deny-all", "max-channels", "max-flows",
	"max-user-flows", "max-bytes", "max-idle", "max-ll", "max-syns", "linger", "on-violation",
};

/* By enum nexus_on_violation, from 1 on. */
static const char *const on_violation[] = { "quarantine", "kill" };

static bool add_rule(struct nx_words *words, struct nx_policy *policy, u32 type, u32 id)
{
	if (policy->nr_rules == NEXUS_RULES_MAX) {
		nx_usage(words->ctl, "a policy has at most %d rules", NEXUS_RULES_MAX);
		return false;
	}
	policy->rules[policy->nr_rules].type = type;
	policy->rules[policy->nr_rules++].id = id;
	return true;
}

static bool take_limit(struct nx_words *words, struct nx_policy *policy, u32 attr,
		       const char *what)
{
	u32 number;

	policy->has[attr] = true;
	if (attr == NEXUS_POLICY_A_MAX_BYTES)
		return nx_words_size(words, what, &policy->limit[attr]);
	if (!nx_words_u32(words, what, attr != NEXUS_POLICY_A_MAX_IDLE &&
			  attr != NEXUS_POLICY_A_MAX_SYNS, ~0U, &number))
		return false;
	policy->limit[attr] = number;
	return true;
}

/* As tc has it: "20%", "0.5%". */
static bool take_share(struct nx_words *words, struct nx_policy *policy)
{
	const struct qdisc_option *option = qdisc_option_find("ll");
	const char *word = nx_words_take(words, "max-ll");
	u64 permille;

	if (!word)
		return false;
	if (!qdisc_value_parse(option, word, (uint64_t *)&permille) || permille > 1000) {
		nx_usage(words->ctl, "'%s' is not a share: it is 0%% to 100%%", word);
		return false;
	}
	policy->has[NEXUS_POLICY_A_MAX_LL] = true;
	policy->limit[NEXUS_POLICY_A_MAX_LL] = permille;
	return true;
}

/* TIME-WAIT of four minutes is what RFC 9293 section 3.4.2 asks for. */
static bool take_linger(struct nx_words *words, struct nx_policy *policy)
{
	u32 seconds;

	if (!nx_words_u32(words, "linger", 0, 240, &seconds))
		return false;
	policy->has[NEXUS_POLICY_A_LINGER] = true;
	policy->limit[NEXUS_POLICY_A_LINGER] = seconds * 1000;
	return true;
}

/* What follows "on-violation". */
static bool take_on_violation(struct nx_words *words, struct nx_policy *policy)
{
	int what = nx_words_keyword(words, on_violation, NX_ARRAY_SIZE(on_violation));

	if (what < 0)
		return false;
	policy->has[NEXUS_POLICY_A_ON_VIOLATION] = true;
	policy->limit[NEXUS_POLICY_A_ON_VIOLATION] = NEXUS_ON_VIOLATION_QUARANTINE + what;
	return true;
}

/* What follows "allow": any | uid USER | gid GROUP. */
static bool take_rule(struct nx_words *words, struct nx_policy *policy, int keyword)
{
	u32 id = 0;

	if (keyword == NX_ANY)
		return add_rule(words, policy, NEXUS_RULE_ANY, 0);
	if (keyword == NX_UID)
		return nx_words_user(words, &id) &&
		       add_rule(words, policy, NEXUS_RULE_UID, id);
	return nx_words_group(words, &id) && add_rule(words, policy, NEXUS_RULE_GID, id);
}

/* Takes one setting; @may_rule: "allow" stood before, so that a rule may follow. */
static bool take_setting(struct nx_words *words, struct nx_policy *policy, bool *may_rule)
{
	const char *word = words->argc ? *words->argv : "";
	int keyword = nx_words_keyword(words, keywords, NX_ARRAY_SIZE(keywords));

	if (keyword < 0)
		return false;
	if (keyword == NX_ANY || keyword == NX_UID || keyword == NX_GID) {
		if (*may_rule)
			return take_rule(words, policy, keyword);
		nx_usage(words->ctl, "'%s' stands after 'allow'", word);
		return false;
	}
	*may_rule = keyword == NX_ALLOW;
	if (keyword == NX_ALLOW) {
		keyword = nx_words_keyword(words, &keywords[NX_ANY], 3);
		return keyword >= 0 && take_rule(words, policy, keyword + NX_ANY);
	}
	if (keyword == NX_CHANNELS)
		return take_limit(words, policy, NEXUS_POLICY_A_MAX_CHANNELS, "max-channels");
	if (keyword == NX_FLOWS)
		return take_limit(words, policy, NEXUS_POLICY_A_MAX_FLOWS, "max-flows");
	if (keyword == NX_USER_FLOWS)
		return take_limit(words, policy, NEXUS_POLICY_A_MAX_USER_FLOWS,
				  "max-user-flows");
	if (keyword == NX_BYTES)
		return take_limit(words, policy, NEXUS_POLICY_A_MAX_BYTES, "max-bytes");
	if (keyword == NX_IDLE)
		return take_limit(words, policy, NEXUS_POLICY_A_MAX_IDLE, "max-idle");
	if (keyword == NX_LL)
		return take_share(words, policy);
	if (keyword == NX_SYNS)
		return take_limit(words, policy, NEXUS_POLICY_A_MAX_SYNS, "max-syns");
	if (keyword == NX_LINGER)
		return take_linger(words, policy);
	if (keyword == NX_ON_VIOLATION)
		return take_on_violation(words, policy);
	policy->deny_all = true;
	return true;
}

static bool take_policy(struct nx_words *words, struct nx_policy *policy)
{
	bool may_rule = false;

	if (!words->argc) {
		nx_usage(words->ctl, "nothing to set: allow, deny-all, max-channels, max-flows, "
			 "max-user-flows, max-bytes, max-idle, max-ll, max-syns, linger or on-violation can stand here");
		return false;
	}
	while (words->argc)
		if (!take_setting(words, policy, &may_rule))
			return false;
	if (policy->deny_all && policy->nr_rules) {
		nx_usage(words->ctl, "'allow' and 'deny-all' exclude each other: "
			 "'allow' replaces all former rules by itself");
		return false;
	}
	return true;
}

static void put_policy(struct nlmsghdr *nlh, const struct nx_policy *policy)
{
	struct nlattr *nest;

	for (u32 i = 0; i < policy->nr_rules; i++) {
		nest = mnl_attr_nest_start(nlh, NEXUS_POLICY_A_RULE);
		mnl_attr_put_u32(nlh, NEXUS_RULE_A_TYPE, policy->rules[i].type);
		if (policy->rules[i].type != NEXUS_RULE_ANY)
			mnl_attr_put_u32(nlh, NEXUS_RULE_A_ID, policy->rules[i].id);
		mnl_attr_nest_end(nlh, nest);
	}
	if (policy->deny_all)
		mnl_attr_put(nlh, NEXUS_POLICY_A_NO_RULES, 0, NULL);
	for (u32 i = NEXUS_POLICY_A_MAX_CHANNELS; i <= NEXUS_POLICY_A_MAX_FLOWS; i++)
		if (policy->has[i])
			mnl_attr_put_u32(nlh, i, policy->limit[i]);
	if (policy->has[NEXUS_POLICY_A_MAX_BYTES])
		mnl_attr_put_u64(nlh, NEXUS_POLICY_A_MAX_BYTES,
				 policy->limit[NEXUS_POLICY_A_MAX_BYTES]);
	for (u32 i = NEXUS_POLICY_A_MAX_IDLE; i <= NEXUS_POLICY_A_MAX_USER_FLOWS; i++)
		if (policy->has[i])
			mnl_attr_put_u32(nlh, i, policy->limit[i]);
}

int nx_policy_set(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	const char *name = nx_words_nexus(&words);
	struct nx_policy policy = { .nr_rules = 0 };
	struct nx_deed deed = { .nexus = name };
	struct nlattr *nexus, *nest;
	struct nx_request req;
	char what[64];

	if (!name || !take_policy(&words, &policy))
		return NX_USAGE;
	snprintf(what, sizeof(what), "policy set %s", name);
	deed.what = what;
	nexus = nx_request_nexus(&req, NEXUS_CMD_SET_POLICY, name);
	nest = mnl_attr_nest_start(req.nlh, NEXUS_NEXUS_A_POLICY);
	put_policy(req.nlh, &policy);
	mnl_attr_nest_end(req.nlh, nest);
	mnl_attr_nest_end(req.nlh, nexus);
	return nx_ask_change(ctl, &req, &deed);
}

static int rule_json(const struct nx_ctl *ctl, struct nx_json *json, const struct nlattr *rule)
{
	const struct nlattr *tb[NX_ATTRS];
	char name[NX_TEXT_SIZE];
	u32 type, id;

	if (nx_attr_parse(NX_NEST_RULE, rule, tb))
		return -EBADMSG;
	type = nx_attr_u32(tb[NEXUS_RULE_A_TYPE]);
	id = nx_attr_u32(tb[NEXUS_RULE_A_ID]);
	nx_json_object(json, NULL);
	nx_json_str(json, "type", nx_text_rule(type));
	if (tb[NEXUS_RULE_A_ID])
		nx_json_u64(json, "id", id);
	if (type == NEXUS_RULE_UID || type == NEXUS_RULE_GID) {
		(type == NEXUS_RULE_UID ? nx_text_user : nx_text_group)(name, id, ctl->numeric);
		nx_json_str(json, "name", name);
	}
	nx_json_object_end(json);
	return 0;
}

static int rules_json(const struct nx_ctl *ctl, struct nx_json *json,
		      const struct nlattr *policy)
{
	const struct nlattr *attr;

	nx_json_array(json, "allow");
	mnl_attr_for_each_nested(attr, policy)
		if (mnl_attr_get_type(attr) == NEXUS_POLICY_A_RULE &&
		    rule_json(ctl, json, attr))
			return -EBADMSG;
	nx_json_array_end(json);
	return 0;
}

static const char *on_violation_text(u32 what)
{
	u32 at = what - NEXUS_ON_VIOLATION_QUARANTINE;

	return at < NX_ARRAY_SIZE(on_violation) ? on_violation[at] : "unknown";
}

int nx_policy_json(const struct nx_ctl *ctl, struct nx_json *json, const char *key,
		   const struct nlattr *policy)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse(NX_NEST_POLICY, policy, tb))
		return -EBADMSG;
	nx_json_object(json, key);
	if (policy && rules_json(ctl, json, policy))
		return -EBADMSG;
	if (tb[NEXUS_POLICY_A_MAX_CHANNELS])
		nx_json_u64(json, "max_channels", nx_attr_u32(tb[NEXUS_POLICY_A_MAX_CHANNELS]));
	if (tb[NEXUS_POLICY_A_MAX_FLOWS])
		nx_json_u64(json, "max_flows", nx_attr_u32(tb[NEXUS_POLICY_A_MAX_FLOWS]));
	if (tb[NEXUS_POLICY_A_MAX_USER_FLOWS])
		nx_json_u64(json, "max_user_flows",
			    nx_attr_u32(tb[NEXUS_POLICY_A_MAX_USER_FLOWS]));
	if (tb[NEXUS_POLICY_A_MAX_BYTES])
		nx_json_u64(json, "max_bytes", nx_attr_u64(tb[NEXUS_POLICY_A_MAX_BYTES]));
	if (tb[NEXUS_POLICY_A_MAX_IDLE])
		nx_json_u64(json, "max_idle", nx_attr_u32(tb[NEXUS_POLICY_A_MAX_IDLE]));
	if (tb[NEXUS_POLICY_A_MAX_LL])
		nx_json_u64(json, "max_ll_permille", nx_attr_u32(tb[NEXUS_POLICY_A_MAX_LL]));
	if (tb[NEXUS_POLICY_A_MAX_SYNS])
		nx_json_u64(json, "max_syns", nx_attr_u32(tb[NEXUS_POLICY_A_MAX_SYNS]));
	if (tb[NEXUS_POLICY_A_LINGER])
		nx_json_u64(json, "linger_ms", nx_attr_u32(tb[NEXUS_POLICY_A_LINGER]));
	if (tb[NEXUS_POLICY_A_ON_VIOLATION])
		nx_json_str(json, "on_violation",
			    on_violation_text(nx_attr_u32(tb[NEXUS_POLICY_A_ON_VIOLATION])));
	nx_json_object_end(json);
	return 0;
}

static int nexus_policy_json(const struct nx_ctl *ctl, struct nx_json *json,
			     const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NX_ATTRS];

	if (nx_attr_parse_message(nlh, NEXUS_A_NEXUS, NX_NEST_NEXUS, tb))
		return -EBADMSG;
	nx_json_object(json, NULL);
	nx_json_str(json, "name", nx_attr_str(tb[NEXUS_NEXUS_A_NAME]));
	if (nx_policy_json(ctl, json, "policy", tb[NEXUS_NEXUS_A_POLICY]))
		return -EBADMSG;
	nx_json_object_end(json);
	return 0;
}

static int print_rule(const struct nx_ctl *ctl, FILE *out, const struct nlattr *rule)
{
	const struct nlattr *tb[NX_ATTRS];
	char name[NX_TEXT_SIZE];
	u32 type, id;

	if (nx_attr_parse(NX_NEST_RULE, rule, tb))
		return -EBADMSG;
	type = nx_attr_u32(tb[NEXUS_RULE_A_TYPE]);
	id = nx_attr_u32(tb[NEXUS_RULE_A_ID]);
	fprintf(out, "%s%s", ftell(out) ? ", " : "", nx_text_rule(type));
	if (type == NEXUS_RULE_UID || type == NEXUS_RULE_GID) {
		(type == NEXUS_RULE_UID ? nx_text_user : nx_text_group)(name, id, ctl->numeric);
		fprintf(out, " %s", name);
	}
	return 0;
}

/* "uid nobody, gid users"; to be freed. */
static char *rule_texts(const struct nx_ctl *ctl, const struct nlattr *policy)
{
	const struct nlattr *attr;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int ret = 0;

	if (!out)
		return NULL;
	mnl_attr_for_each_nested(attr, policy)
		if (mnl_attr_get_type(attr) == NEXUS_POLICY_A_RULE && !ret)
			ret = print_rule(ctl, out, attr);
	if (!ftell(out))
		fputs("CAP_NET_ADMIN only", out);
	fclose(out);
	if (!ret)
		return text;
	free(text);
	return NULL;
}

static void idle_cell(struct nx_table *table, u32 seconds)
{
	if (seconds)
		nx_table_cell(table, "%us", seconds);
	else
		nx_table_cell(table, "-");
}

static int policy_row(const struct nx_ctl *ctl, struct nx_table *table,
		      const struct nlmsghdr *nlh)
{
	const struct nlattr *nexus[NX_ATTRS], *tb[NX_ATTRS];
	char *rules;

	if (nx_attr_parse_message(nlh, NEXUS_A_NEXUS, NX_NEST_NEXUS, nexus) ||
	    !nexus[NEXUS_NEXUS_A_POLICY] ||
	    nx_attr_parse(NX_NEST_POLICY, nexus[NEXUS_NEXUS_A_POLICY], tb))
		return -EBADMSG;
	rules = rule_texts(ctl, nexus[NEXUS_NEXUS_A_POLICY]);
	if (!rules)
		return -EBADMSG;
	nx_table_cell(table, "%s", nx_attr_str(nexus[NEXUS_NEXUS_A_NAME]));
	nx_count_cell(ctl, table, nx_attr_u32(tb[NEXUS_POLICY_A_MAX_CHANNELS]));
	nx_count_cell(ctl, table, nx_attr_u32(tb[NEXUS_POLICY_A_MAX_FLOWS]));
	nx_size_cell(ctl, table, nx_attr_u64(tb[NEXUS_POLICY_A_MAX_BYTES]));
	idle_cell(table, nx_attr_u32(tb[NEXUS_POLICY_A_MAX_IDLE]));
	nx_table_cell(table, "%s", rules);
	free(rules);
	return 0;
}

int nx_policy_show(struct nx_ctl *ctl, int argc, char **argv)
{
	static const struct nx_column columns[] = {
		{ "NEXUS", false }, { "MAX-CHANNELS", true }, { "MAX-FLOWS", true },
		{ "MAX-BYTES", true }, { "MAX-IDLE", true }, { "ALLOWED", false },
	};
	static const struct nx_view view = {
		.json = nexus_policy_json, .row = policy_row,
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
