/* SPDX-License-Identifier: GPL-2.0 */
/* Shows the messages of a list: as a JSON array, as a table, or one by one. */
#ifndef NX_SHOW_H
#define NX_SHOW_H

#include "json.h"
#include "reply.h"
#include "table.h"

/* Writes one message as a JSON value. 0 or -EBADMSG. */
typedef int (*nx_show_json_fn)(const struct nx_ctl *ctl, struct nx_json *json,
			       const struct nlmsghdr *nlh);
/* Fills one row, or several, from one message. 0 or -EBADMSG. */
typedef int (*nx_show_row_fn)(const struct nx_ctl *ctl, struct nx_table *table,
			      const struct nlmsghdr *nlh);
/* Prints one message. 0 or -errno. */
typedef int (*nx_show_text_fn)(const struct nx_ctl *ctl, const struct nlmsghdr *nlh);

/**
 * struct nx_view - how a kind of object is shown
 * @json:       as JSON
 * @row:        as rows of a table with @columns; or
 * @text:       as text of its own, with an empty line between two
 * @columns:    of the table
 * @nr_columns: how many
 * @nothing:    what to say when there is none
 */
struct nx_view {
	nx_show_json_fn json;
	nx_show_row_fn row;
	nx_show_text_fn text;
	const struct nx_column *columns;
	size_t nr_columns;
	const char *nothing;
};

/* Returns NX_OK, or NX_REFUSED after a complaint. */
int nx_show(struct nx_ctl *ctl, const struct nx_view *view, const struct nx_reply *reply);

#endif
