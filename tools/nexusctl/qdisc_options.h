/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options and statistics of the queueing discipline in words, for nexusctl and
 * for the plugin of tc.
 */
#ifndef NX_QDISC_OPTIONS_H
#define NX_QDISC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * enum qdisc_kind - how a value is written
 * @QDISC_RATE:   bytes a second, as "20mbit"
 * @QDISC_BYTES:  as "3000" or "16kb"
 * @QDISC_TIME:   nanoseconds, as "5ms"
 * @QDISC_NUMBER: as it is
 * @QDISC_SHARE:  thousandths, as "20%"
 */
enum qdisc_kind {
	QDISC_RATE,
	QDISC_BYTES,
	QDISC_TIME,
	QDISC_NUMBER,
	QDISC_SHARE,
};

/**
 * struct qdisc_option - one option
 * @name: on the command line and in text
 * @key:  in JSON
 * @attr: enum nexus_qdisc_attr
 * @kind: how it is written
 * @is_wide: an attribute of 64 bits, not 32
 * @hides_zero: not shown if it is 0, which is "none" or "by itself"
 */
struct qdisc_option {
	const char	*name;
	const char	*key;
	uint16_t	attr;
	enum qdisc_kind	kind;
	bool		is_wide;
	bool		hides_zero;
};

/**
 * struct qdisc_stat - one number of struct nexus_qdisc_stats
 * @name: in text and in JSON
 * @off:  in the struct
 * @kind: how it is written
 * @is_wide: 64 bits, not 32
 */
struct qdisc_stat {
	const char	*name;
	size_t		off;
	enum qdisc_kind	kind;
	bool		is_wide;
};

extern const struct qdisc_option qdisc_options[];
extern const size_t nr_qdisc_options;
extern const struct qdisc_stat qdisc_stats[];
extern const size_t nr_qdisc_stats;

const struct qdisc_option *qdisc_option_find(const char *name);
/* False: @text is no such value, or does not fit into the attribute. */
bool qdisc_value_parse(const struct qdisc_option *option, const char *text,
		       uint64_t *value);

#define QDISC_TEXT_SIZE	32
/* Returns @text, which holds QDISC_TEXT_SIZE. */
const char *qdisc_value_text(enum qdisc_kind kind, uint64_t value, char *text);

/* From what the kernel sent, @len bytes of it; 0 if it is too old to have it. */
uint64_t qdisc_stat_value(const struct qdisc_stat *stat, const void *stats,
			  size_t len);

#endif /* NX_QDISC_OPTIONS_H */
