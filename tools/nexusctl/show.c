// SPDX-License-Identifier: GPL-2.0
/* Shows the messages of a list in the form that the user asked for. */
#include <errno.h>
#include <string.h>

#include "complain.h"
#include "show.h"

static int show_json(struct nx_ctl *ctl, const struct nx_view *view,
		     const struct nx_reply *reply)
{
	struct nx_json json;
	int ret = 0;

	nx_json_init(&json, ctl);
	nx_json_array(&json, NULL);
	for (size_t i = 0; i < reply->nr && !ret; i++)
		ret = view->json(ctl, &json, reply->msgs[i]);
	nx_json_array_end(&json);
	nx_json_finish(&json);
	return ret;
}

static int show_table(struct nx_ctl *ctl, const struct nx_view *view,
		      const struct nx_reply *reply)
{
	struct nx_table table;
	int ret = 0;

	nx_table_init(&table, view->columns, view->nr_columns);
	for (size_t i = 0; i < reply->nr && !ret; i++)
		ret = view->row(ctl, &table, reply->msgs[i]);
	if (!ret)
		ret = nx_table_print(&table, ctl->out, 0);
	nx_table_free(&table);
	return ret;
}

static int show_texts(struct nx_ctl *ctl, const struct nx_view *view,
		      const struct nx_reply *reply)
{
	int ret = 0;

	for (size_t i = 0; i < reply->nr && !ret; i++) {
		if (i)
			putc('\n', ctl->out);
		ret = view->text(ctl, reply->msgs[i]);
	}
	return ret;
}

static int show(struct nx_ctl *ctl, const struct nx_view *view, const struct nx_reply *reply)
{
	if (ctl->json)
		return show_json(ctl, view, reply);
	if (!reply->nr) {
		fprintf(ctl->out, "%s\n", view->nothing);
		return 0;
	}
	return view->row ? show_table(ctl, view, reply) : show_texts(ctl, view, reply);
}

int nx_show(struct nx_ctl *ctl, const struct nx_view *view, const struct nx_reply *reply)
{
	int ret = show(ctl, view, reply);

	if (ret == -EBADMSG)
		return nx_refused(ctl, "the kernel's answer makes no sense: "
				  "are nexusctl and the module of one version?");
	if (ret)
		return nx_refused(ctl, "%s", strerror(-ret));
	return NX_OK;
}
