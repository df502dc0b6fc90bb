// SPDX-License-Identifier: GPL-2.0
/* Turns an errno and what is known about it into a sentence that says what to do. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "ask.h"
#include "attr.h"
#include "complain.h"
#include "link.h"

static void complain(struct nx_ctl *ctl, const char *format, va_list args)
{
	fputs("nexusctl: ", ctl->err);
	vfprintf(ctl->err, format, args);
	putc('\n', ctl->err);
}

int nx_usage(struct nx_ctl *ctl, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(ctl, format, args);
	va_end(args);
	return NX_USAGE;
}

int nx_refused(struct nx_ctl *ctl, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(ctl, format, args);
	va_end(args);
	return NX_REFUSED;
}

/* The names of all nexuses, separated by commas; how many there are. */
static size_t list_nexuses(const struct nx_reply *reply, char *buf, size_t size)
{
	const struct nlattr *tb[NX_ATTRS];
	size_t len = 0, nr = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < reply->nr && len < size; i++) {
		if (nx_attr_parse_message(reply->msgs[i], NEXUS_A_NEXUS, NX_NEST_NEXUS, tb))
			continue;
		len += snprintf(buf + len, size - len, "%s%s", nr++ ? ", " : "",
				nx_attr_str(tb[NEXUS_NEXUS_A_NAME]));
	}
	return nr;
}

static int read_nexuses(struct nx_ctl *ctl, struct nx_reply *reply)
{
	struct nx_request req;

	nx_request_init(&req, NEXUS_CMD_GET_NEXUS);
	return nx_nl_dump(ctl->nl, &req, reply);
}

static int say_no_nexus(struct nx_ctl *ctl, const char *name, const struct nx_reply *reply)
{
	char names[512];

	if (!list_nexuses(reply, names, sizeof(names)))
		return nx_refused(ctl, "no nexus '%s': this network namespace has none; "
				  "'nexusctl nexus add %s' makes it", name, name);
	return nx_refused(ctl, "no nexus '%s' in this network namespace, which has: %s",
			  name, names);
}

int nx_no_nexus(struct nx_ctl *ctl, const char *name)
{
	struct nx_reply reply;
	int ret;

	if (!read_nexuses(ctl, &reply))
		ret = say_no_nexus(ctl, name, &reply);
	else
		ret = nx_refused(ctl, "no nexus '%s' in this network namespace", name);
	nx_reply_free(&reply);
	return ret;
}

/* What to do where a device cannot be attached; and why, if the kernel did not say. */
static void hint_attach(const struct nx_deed *deed, const struct nx_reply *nexuses,
			char *hint, size_t size)
{
	const char *holder = nx_find_device(nexuses, deed->ifindex);
	bool is_told = *deed->extack;
	char why[128] = "", master[IF_NAMESIZE];

	if (holder) {
		if (!is_told)
			snprintf(why, sizeof(why), "; %s is attached to nexus '%s'",
				 deed->dev, holder);
		snprintf(hint, size, "%s; 'nexusctl detach %s dev %s' takes it out",
			 why, holder, deed->dev);
	} else if (nx_link_master(deed->ifindex, master)) {
		if (!is_told)
			snprintf(why, sizeof(why), "; %s belongs to %s: attach that instead",
				 deed->dev, master);
		snprintf(hint, size, "%s; 'ip link set %s nomaster' takes it out",
			 why, deed->dev);
	}
}

static void hint_detach(const struct nx_deed *deed, const struct nx_reply *nexuses,
			char *hint, size_t size)
{
	const char *holder = nx_find_device(nexuses, deed->ifindex);

	if (!holder)
		snprintf(hint, size, "; %s is attached to no nexus", deed->dev);
	else if (strcmp(holder, deed->nexus))
		snprintf(hint, size, "; %s is attached to nexus '%s'", deed->dev, holder);
}

static int explain_with(struct nx_ctl *ctl, const struct nx_deed *deed,
			const struct nx_reply *nexuses)
{
	char hint[256] = "";

	if (deed->nexus && !nx_find_nexus(nexuses, deed->nexus))
		return say_no_nexus(ctl, deed->nexus, nexuses);
	if (deed->dev && deed->is_attach)
		hint_attach(deed, nexuses, hint, sizeof(hint));
	else if (deed->dev)
		hint_detach(deed, nexuses, hint, sizeof(hint));
	else if (deed->nexus && deed->err == EBUSY)
		snprintf(hint, sizeof(hint), "; 'nexusctl channel show nexus %s' lists them",
			 deed->nexus);
	return nx_refused(ctl, "%s: %s%s", deed->what,
			  *deed->extack ? deed->extack : strerror(deed->err), hint);
}

static int explain_permission(struct nx_ctl *ctl, const struct nx_deed *deed)
{
	return nx_refused(ctl, "%s: %s%sneeds CAP_NET_ADMIN%s: run with sudo", deed->what,
			  deed->extack, *deed->extack ? "; " : "",
			  deed->is_host ? " in the host's user namespace" : "");
}

int nx_explain(struct nx_ctl *ctl, const struct nx_deed *deed)
{
	struct nx_reply nexuses;
	int ret;

	if (deed->err == EPERM || deed->err == EACCES)
		return explain_permission(ctl, deed);
	if (deed->err == EBADMSG)
		return nx_refused(ctl, "%s: the kernel's answer makes no sense: "
				  "are nexusctl and the module of one version?", deed->what);
	if (!read_nexuses(ctl, &nexuses))
		ret = explain_with(ctl, deed, &nexuses);
	else
		ret = nx_refused(ctl, "%s: %s", deed->what,
				 *deed->extack ? deed->extack : strerror(deed->err));
	nx_reply_free(&nexuses);
	return ret;
}
