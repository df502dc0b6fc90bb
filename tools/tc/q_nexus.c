// SPDX-License-Identifier: GPL-2.0
/*
 * The plugin by which tc understands the queueing discipline "nexus".
 */
#include <stdbool.h>
#include <string.h>

#include <linux/nexus_qdisc.h>

#include "../nexusctl/qdisc_options.h"
#include "tc_abi.h"

#define MESSAGE_MAX	4096

static void explain(void)
{
	fprintf(stderr,
		"Usage: ... nexus [ rate RATE ] [ burst BYTES ] [ ll SHARE ]\n"
		"                 [ target TIME ] [ interval TIME ] [ ce_threshold TIME ]\n"
		"                 [ limit PACKETS ] [ flows NUMBER ] [ quantum BYTES ]\n");
}

static int add_option(struct nlmsghdr *n, const char *name, const char *text)
{
	const struct qdisc_option *option = qdisc_option_find(name);
	uint64_t value;
	uint32_t narrow;

	if (!option) {
		fprintf(stderr, "What is \"%s\"?\n", name);
		explain();
		return -1;
	}
	if (!text || !qdisc_value_parse(option, text, &value)) {
		fprintf(stderr, "Illegal \"%s\": \"%s\"\n", name, text ? text : "");
		return -1;
	}
	if (option->is_wide)
		return addattr_l(n, MESSAGE_MAX, option->attr, &value, sizeof(value));
	narrow = (uint32_t)value;
	return addattr_l(n, MESSAGE_MAX, option->attr, &narrow, sizeof(narrow));
}

static int parse(struct qdisc_util *qu, int argc, char **argv,
		 struct nlmsghdr *n, const char *dev)
{
	struct rtattr *nest;
	int i;

	(void)qu, (void)dev;
	nest = addattr_nest(n, MESSAGE_MAX, TCA_OPTIONS | NLA_F_NESTED);
	for (i = 0; i < argc; i += 2) {
		if (!strcmp(argv[i], "help")) {
			explain();
			return -1;
		}
		if (add_option(n, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
			return -1;
	}
	addattr_nest_end(n, nest);
	return 0;
}

static void print_text(const char *name, enum qdisc_kind kind, uint64_t value)
{
	char text[QDISC_TEXT_SIZE];

	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ", name);
	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s ",
			   qdisc_value_text(kind, value, text));
}

static void print_json(const char *key, uint64_t value)
{
	print_color_u64(PRINT_JSON, COLOR_NONE, key, NULL, value);
}

static const struct qdisc_option *option_of(const struct rtattr *attr)
{
	size_t i;

	for (i = 0; i < nr_qdisc_options; i++)
		if (qdisc_options[i].attr == (attr->rta_type & NLA_TYPE_MASK) &&
		    RTA_PAYLOAD(attr) == (qdisc_options[i].is_wide ? 8 : 4))
			return &qdisc_options[i];
	return NULL;
}

static int print_options(struct qdisc_util *qu, FILE *f, struct rtattr *opt)
{
	const struct qdisc_option *option;
	const struct rtattr *attr;
	uint64_t value;
	int len;

	(void)qu, (void)f;
	if (!opt)
		return 0;
	len = RTA_PAYLOAD(opt);
	for (attr = RTA_DATA(opt); RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		option = option_of(attr);
		if (!option)
			continue;
		value = 0;
		memcpy(&value, RTA_DATA(attr), RTA_PAYLOAD(attr));
		if (value || !option->hides_zero)
			print_text(option->name, option->kind, value);
		print_json(option->key, value);
	}
	return 0;
}

static int print_stats(struct qdisc_util *qu, FILE *f, struct rtattr *xstats)
{
	const struct qdisc_stat *stat;
	uint64_t value;
	size_t i;

	(void)qu, (void)f;
	if (!xstats)
		return 0;
	print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s", " ");
	for (i = 0; i < nr_qdisc_stats; i++) {
		stat = &qdisc_stats[i];
		if (i == 5)
			print_color_string(PRINT_FP, COLOR_NONE, NULL, "%s", "\n  ");
		value = qdisc_stat_value(stat, RTA_DATA(xstats),
					 RTA_PAYLOAD(xstats));
		print_text(stat->name, stat->kind, value);
		print_json(stat->name, value);
	}
	return 0;
}

/* The name that tc looks for. */
struct qdisc_util nexus_qdisc_util = {
	.id		= NEXUS_QDISC_KIND,
	.parse_qopt	= parse,
	.print_qopt	= print_options,
	.print_xstats	= print_stats,
};
