// SPDX-License-Identifier: GPL-2.0
/*
 * Options and statistics of the queueing discipline in words, for nexusctl and
 * for the plugin of tc.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <linux/nexus_qdisc.h>

#include "qdisc_options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct qdisc_option qdisc_options[] = {
	{ "rate", "rate", NEXUS_QDISC_A_RATE, QDISC_RATE, true, true },
	{ "burst", "burst", NEXUS_QDISC_A_BURST, QDISC_BYTES, false, true },
	{ "ll", "ll_permille", NEXUS_QDISC_A_LL_SHARE, QDISC_SHARE, false, true },
	{ "target", "target_ns", NEXUS_QDISC_A_TARGET, QDISC_TIME, true, false },
	{ "interval", "interval_ns", NEXUS_QDISC_A_INTERVAL, QDISC_TIME, true, false },
	{ "ce_threshold", "ce_threshold_ns", NEXUS_QDISC_A_CE_THRESHOLD, QDISC_TIME,
	  true, false },
	{ "limit", "limit", NEXUS_QDISC_A_LIMIT, QDISC_NUMBER, false, false },
	{ "flows", "flows", NEXUS_QDISC_A_FLOWS, QDISC_NUMBER, false, false },
	{ "quantum", "quantum", NEXUS_QDISC_A_QUANTUM, QDISC_BYTES, false, false },
};
const size_t nr_qdisc_options = COUNT(qdisc_options);

#define STAT(field, kind) \
	{ #field, offsetof(struct nexus_qdisc_stats, field), kind, \
	  sizeof(((struct nexus_qdisc_stats *)0)->field) == 8 }

const struct qdisc_stat qdisc_stats[] = {
	STAT(nr_flows, QDISC_NUMBER),
	STAT(delay_ns, QDISC_TIME),
	STAT(new_flows, QDISC_NUMBER),
	STAT(marked, QDISC_NUMBER),
	STAT(marked_l4s, QDISC_NUMBER),
	STAT(dropped, QDISC_NUMBER),
	STAT(overlimit, QDISC_NUMBER),
	STAT(suspended, QDISC_NUMBER),
	STAT(resumed, QDISC_NUMBER),
	STAT(ll_packets, QDISC_NUMBER),
	STAT(ll_bytes, QDISC_NUMBER),
	STAT(ll_backlog, QDISC_NUMBER),
	STAT(expired, QDISC_NUMBER),
};
const size_t nr_qdisc_stats = COUNT(qdisc_stats);

const struct qdisc_option *qdisc_option_find(const char *name)
{
	size_t i;

	for (i = 0; i < nr_qdisc_options; i++)
		if (!strcmp(qdisc_options[i].name, name))
			return &qdisc_options[i];
	return NULL;
}

/**
 * struct unit - a suffix
 * @kind:   of value
 * @suffix: case does not matter, but for bits and bytes, which tc tells apart by
 *          word
 * @factor: to the kernel's unit
 */
struct unit {
	enum qdisc_kind	kind;
	const char	*suffix;
	double		factor;
};

/* As tc reads them; the first one of a kind is for no suffix. */
static const struct unit units[] = {
	{ QDISC_RATE, "", 1. / 8 },
	{ QDISC_RATE, "bit", 1. / 8 },
	{ QDISC_RATE, "kbit", 1e3 / 8 },
	{ QDISC_RATE, "mbit", 1e6 / 8 },
	{ QDISC_RATE, "gbit", 1e9 / 8 },
	{ QDISC_RATE, "tbit", 1e12 / 8 },
	{ QDISC_RATE, "bps", 1 },
	{ QDISC_RATE, "kbps", 1e3 },
	{ QDISC_RATE, "mbps", 1e6 },
	{ QDISC_RATE, "gbps", 1e9 },
	{ QDISC_BYTES, "", 1 },
	{ QDISC_BYTES, "b", 1 },
	{ QDISC_BYTES, "k", 1024 },
	{ QDISC_BYTES, "kb", 1024 },
	{ QDISC_BYTES, "m", 1024 * 1024 },
	{ QDISC_BYTES, "mb", 1024 * 1024 },
	{ QDISC_TIME, "", 1e3 },
	{ QDISC_TIME, "ns", 1 },
	{ QDISC_TIME, "us", 1e3 },
	{ QDISC_TIME, "ms", 1e6 },
	{ QDISC_TIME, "s", 1e9 },
	{ QDISC_NUMBER, "", 1 },
	{ QDISC_SHARE, "", 10 },
	{ QDISC_SHARE, "%", 10 },
};

static const struct unit *find_unit(enum qdisc_kind kind, const char *suffix)
{
	size_t i;

	for (i = 0; i < COUNT(units); i++)
		if (units[i].kind == kind && !strcasecmp(units[i].suffix, suffix))
			return &units[i];
	return NULL;
}

bool qdisc_value_parse(const struct qdisc_option *option, const char *text,
		       uint64_t *value)
{
	double max = option->is_wide ? 0x1p62 : UINT32_MAX, number;
	const struct unit *unit;
	char *end;

	errno = 0;
	number = strtod(text, &end);
	if (end == text || errno || !isfinite(number) || number < 0)
		return false;
	unit = find_unit(option->kind, end);
	if (!unit || round(number * unit->factor) > max)
		return false;
	*value = (uint64_t)round(number * unit->factor);
	return true;
}

/* The largest unit in which the value is 1 or more, with no more digits than help. */
static const char *scaled(enum qdisc_kind kind, double value, const char *const *suffixes,
			  char *text)
{
	const struct unit *unit = find_unit(kind, suffixes[0]), *next;

	while (*++suffixes) {
		next = find_unit(kind, *suffixes);
		if (value < next->factor)
			break;
		unit = next;
	}
	snprintf(text, QDISC_TEXT_SIZE, "%.6g%s", value / unit->factor, unit->suffix);
	return text;
}

const char *qdisc_value_text(enum qdisc_kind kind, uint64_t value, char *text)
{
	static const char *const rates[] = { "bit", "kbit", "mbit", "gbit", NULL };
	static const char *const times[] = { "ns", "us", "ms", "s", NULL };

	switch (kind) {
	case QDISC_RATE:
		return scaled(kind, (double)value, rates, text);
	case QDISC_TIME:
		return scaled(kind, (double)value, times, text);
	case QDISC_SHARE:
		snprintf(text, QDISC_TEXT_SIZE, "%g%%", (double)value / 10);
		break;
	case QDISC_BYTES:
	case QDISC_NUMBER:
		snprintf(text, QDISC_TEXT_SIZE, "%" PRIu64, value);
		break;
	}
	return text;
}

uint64_t qdisc_stat_value(const struct qdisc_stat *stat, const void *stats,
			  size_t len)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (stat->off + (stat->is_wide ? sizeof(wide) : sizeof(narrow)) > len)
		return 0;
	if (stat->is_wide)
		memcpy(&wide, (const char *)stats + stat->off, sizeof(wide));
	else
		memcpy(&narrow, (const char *)stats + stat->off, sizeof(narrow));
	return stat->is_wide ? wide : narrow;
}
