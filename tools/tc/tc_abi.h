/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tc of iproute2 and a plugin of it share: no package ships a header, but
 * the names have been the same since iproute2 4.17.
 */
#ifndef NX_TC_ABI_H
#define NX_TC_ABI_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct qdisc_util - what tc asks a plugin; newer ones have more at the end
 * @next:         tc's list
 * @id:           kind of discipline
 * @parse_qopt:   words of the command line into the message
 * @print_qopt:   TCA_OPTIONS
 * @print_xstats: TCA_XSTATS, or the discipline's part of TCA_STATS2
 * @parse_copt, @print_copt: of classes
 * @has_block:    for filters
 */
struct qdisc_util {
	struct qdisc_util *next;
	const char *id;
	int (*parse_qopt)(struct qdisc_util *qu, int argc, char **argv,
			  struct nlmsghdr *n, const char *dev);
	int (*print_qopt)(struct qdisc_util *qu, FILE *f, struct rtattr *opt);
	int (*print_xstats)(struct qdisc_util *qu, FILE *f, struct rtattr *xstats);
	int (*parse_copt)(struct qdisc_util *qu, int argc, char **argv,
			  struct nlmsghdr *n, const char *dev);
	int (*print_copt)(struct qdisc_util *qu, FILE *f, struct rtattr *opt);
	int (*has_block)(struct qdisc_util *qu, struct rtattr *opt,
			 __u32 block_idx, _Bool *p_has);
};

/* Where to: text, JSON. */
#define PRINT_FP	1
#define PRINT_JSON	2

#define COLOR_NONE	6

/* In tc itself. */
int addattr_l(struct nlmsghdr *n, int maxlen, int type, const void *data,
	      int alen);
struct rtattr *addattr_nest(struct nlmsghdr *n, int maxlen, int type);
int addattr_nest_end(struct nlmsghdr *n, struct rtattr *nest);
int print_color_u64(int type, int color, const char *key, const char *fmt,
		    uint64_t value);
int print_color_string(int type, int color, const char *key, const char *fmt,
		       const char *value);

#endif /* NX_TC_ABI_H */
