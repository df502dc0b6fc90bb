// SPDX-License-Identifier: GPL-2.0
/* Prints the module's events as they happen, one line each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "attr.h"
#include "flow.h"
#include "json.h"
#include "text.h"
#include "words.h"

/**
 * struct nx_watch - what a monitor needs for each event
 * @ctl:   context
 * @nexus: show this one's events only; NULL: all
 */
struct nx_watch {
	struct nx_ctl *ctl;
	const char *nexus;
};

static bool is_violation(const struct nlattr *tb[NX_ATTRS])
{
	return nx_attr_u32(tb[NEXUS_EVENT_A_VIOLATION]) != 0;
}

static void device_json(struct nx_json *json, const struct nlattr *tb[NX_ATTRS])
{
	if (tb[NEXUS_EVENT_A_IFINDEX])
		nx_json_u64(json, "ifindex", nx_attr_u32(tb[NEXUS_EVENT_A_IFINDEX]));
	if (tb[NEXUS_EVENT_A_IFNAME])
		nx_json_str(json, "ifname", nx_attr_str(tb[NEXUS_EVENT_A_IFNAME]));
}

static void process_json(const struct nx_ctl *ctl, struct nx_json *json,
			 const struct nlattr *tb[NX_ATTRS])
{
	char user[NX_TEXT_SIZE];

	if (tb[NEXUS_EVENT_A_CHANNEL_ID])
		nx_json_u64(json, "channel", nx_attr_u32(tb[NEXUS_EVENT_A_CHANNEL_ID]));
	if (tb[NEXUS_EVENT_A_PID])
		nx_json_u64(json, "pid", nx_attr_u32(tb[NEXUS_EVENT_A_PID]));
	if (tb[NEXUS_EVENT_A_COMM])
		nx_json_str(json, "comm", nx_attr_str(tb[NEXUS_EVENT_A_COMM]));
	if (!tb[NEXUS_EVENT_A_UID])
		return;
	nx_json_u64(json, "uid", nx_attr_u32(tb[NEXUS_EVENT_A_UID]));
	nx_text_user(user, nx_attr_u32(tb[NEXUS_EVENT_A_UID]), ctl->numeric);
	nx_json_str(json, "user", user);
}

static void violation_json(struct nx_json *json, const struct nlattr *tb[NX_ATTRS])
{
	u32 violation = nx_attr_u32(tb[NEXUS_EVENT_A_VIOLATION]);

	if (!is_violation(tb))
		return;
	nx_json_str(json, "violation", nx_text_violation(violation));
	nx_json_str(json, "violation_text", nx_text_violation_meaning(violation));
	nx_json_u64(json, "index", nx_attr_u32(tb[NEXUS_EVENT_A_INDEX]));
	nx_json_u64(json, "value", nx_attr_u32(tb[NEXUS_EVENT_A_VALUE]));
}

static void defunct_json(struct nx_json *json, const struct nlattr *tb[NX_ATTRS])
{
	if (!tb[NEXUS_EVENT_A_REASON])
		return;
	nx_json_str(json, "reason", nx_text_defunct(nx_attr_u32(tb[NEXUS_EVENT_A_REASON])));
	nx_json_u64(json, "pages", nx_attr_u32(tb[NEXUS_EVENT_A_PAGES]));
}

static void begin_json(struct nx_json *json, const struct nx_ctl *ctl, u64 time_ns,
		       const char *event)
{
	nx_json_init(json, ctl);
	/* One line each, whatever was asked: that is what readers rely on. */
	json->pretty = false;
	nx_json_object(json, NULL);
	nx_json_u64(json, "time_ns", time_ns);
	nx_json_str(json, "event", event);
}

static int event_json(const struct nx_ctl *ctl, const struct nlattr *tb[NX_ATTRS])
{
	struct nx_json json;
	struct nx_flow flow;

	if (tb[NEXUS_EVENT_A_FLOW] && nx_flow_parse(&flow, tb[NEXUS_EVENT_A_FLOW]))
		return -EBADMSG;
	begin_json(&json, ctl, nx_attr_u64(tb[NEXUS_EVENT_A_TIME_NS]),
		   nx_text_monitor(nx_attr_u32(tb[NEXUS_EVENT_A_TYPE])));
	if (tb[NEXUS_EVENT_A_NEXUS])
		nx_json_str(&json, "nexus", nx_attr_str(tb[NEXUS_EVENT_A_NEXUS]));
	device_json(&json, tb);
	process_json(ctl, &json, tb);
	if (tb[NEXUS_EVENT_A_FLOW])
		nx_flow_json(ctl, &json, "flow", &flow);
	violation_json(&json, tb);
	defunct_json(&json, tb);
	nx_json_object_end(&json);
	nx_json_finish(&json);
	return 0;
}

static void print_process(const struct nx_ctl *ctl, const struct nlattr *tb[NX_ATTRS])
{
	char text[NX_TEXT_SIZE];
	char *comm;

	if (tb[NEXUS_EVENT_A_CHANNEL_ID])
		fprintf(ctl->out, " channel %u", nx_attr_u32(tb[NEXUS_EVENT_A_CHANNEL_ID]));
	if (nx_attr_u32(tb[NEXUS_EVENT_A_PID]))
		fprintf(ctl->out, " pid %u", nx_attr_u32(tb[NEXUS_EVENT_A_PID]));
	if (tb[NEXUS_EVENT_A_COMM]) {
		comm = nx_text_printable(nx_attr_str(tb[NEXUS_EVENT_A_COMM]));
		fprintf(ctl->out, " command %s", comm ?: "?");
		free(comm);
	}
	if (tb[NEXUS_EVENT_A_UID]) {
		nx_text_user(text, nx_attr_u32(tb[NEXUS_EVENT_A_UID]), ctl->numeric);
		fprintf(ctl->out, " user %s", text);
	}
}

static void print_flow(const struct nx_ctl *ctl, const struct nx_flow *flow)
{
	char protocol[NX_TEXT_SIZE], local[NX_ENDPOINT_SIZE], remote[NX_ENDPOINT_SIZE];

	nx_text_protocol(protocol, flow->protocol);
	nx_flow_local(local, flow);
	nx_flow_remote(remote, flow);
	fprintf(ctl->out, " flow %u %s local %s remote %s", flow->index, protocol, local, remote);
}

/* What an event of this type tells beyond its values; "" if nothing. */
static const char *event_remark(u32 type)
{
	if (type == NEXUS_MONITOR_ATTACH_DENIED)
		return ": not allowed by the policy; 'nexusctl policy show' tells who is";
	if (type == NEXUS_MONITOR_ADDR_GONE)
		return ": the local address was removed";
	return "";
}

static int event_text(const struct nx_ctl *ctl, const struct nlattr *tb[NX_ATTRS])
{
	u32 type = nx_attr_u32(tb[NEXUS_EVENT_A_TYPE]);
	struct nx_flow flow;
	char time[NX_TEXT_SIZE];

	if (tb[NEXUS_EVENT_A_FLOW] && nx_flow_parse(&flow, tb[NEXUS_EVENT_A_FLOW]))
		return -EBADMSG;
	nx_text_time(time, nx_attr_u64(tb[NEXUS_EVENT_A_TIME_NS]));
	fprintf(ctl->out, "%s %s", time, nx_text_monitor(type));
	if (tb[NEXUS_EVENT_A_NEXUS])
		fprintf(ctl->out, " nexus %s", nx_attr_str(tb[NEXUS_EVENT_A_NEXUS]));
	if (tb[NEXUS_EVENT_A_IFNAME])
		fprintf(ctl->out, " dev %s", nx_attr_str(tb[NEXUS_EVENT_A_IFNAME]));
	print_process(ctl, tb);
	if (tb[NEXUS_EVENT_A_FLOW])
		print_flow(ctl, &flow);
	if (is_violation(tb))
		fprintf(ctl->out, " %s (index %u, value %u): %s",
			nx_text_violation(nx_attr_u32(tb[NEXUS_EVENT_A_VIOLATION])),
			nx_attr_u32(tb[NEXUS_EVENT_A_INDEX]),
			nx_attr_u32(tb[NEXUS_EVENT_A_VALUE]),
			nx_text_violation_meaning(nx_attr_u32(tb[NEXUS_EVENT_A_VIOLATION])));
	if (tb[NEXUS_EVENT_A_REASON])
		fprintf(ctl->out, " pages %u: %s", nx_attr_u32(tb[NEXUS_EVENT_A_PAGES]),
			nx_text_defunct_meaning(nx_attr_u32(tb[NEXUS_EVENT_A_REASON])));
	fprintf(ctl->out, "%s\n", event_remark(type));
	return 0;
}

/* Nobody waits for a buffer to fill: each line leaves at once. */
static int flush(const struct nx_ctl *ctl)
{
	return fflush(ctl->out) ? -EIO : 0;
}

static int show_event(const struct nlmsghdr *nlh, void *data)
{
	const struct nx_watch *watch = data;
	const struct nx_ctl *ctl = watch->ctl;
	const struct nlattr *tb[NX_ATTRS];
	int ret;

	if (nx_attr_parse_message(nlh, NEXUS_A_EVENT, NX_NEST_EVENT, tb))
		return -EBADMSG;
	if (watch->nexus && strcmp(watch->nexus, nx_attr_str(tb[NEXUS_EVENT_A_NEXUS])))
		return 0;
	ret = ctl->json ? event_json(ctl, tb) : event_text(ctl, tb);
	return ret ? ret : flush(ctl);
}

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int show_lost(const struct nx_ctl *ctl)
{
	u64 time_ns = now_ns();
	struct nx_json json;
	char time[NX_TEXT_SIZE];

	if (ctl->json) {
		begin_json(&json, ctl, time_ns, "lost");
		nx_json_object_end(&json);
		nx_json_finish(&json);
	} else {
		nx_text_time(time, time_ns);
		fprintf(ctl->out, "%s lost: events came faster than they were read; "
			"some are missing here\n", time);
	}
	return flush(ctl);
}

static int watch_events(struct nx_watch *watch)
{
	int ret;

	do {
		ret = nx_nl_wait(watch->ctl->nl, show_event, watch);
		if (ret == -ENOBUFS)
			ret = show_lost(watch->ctl);
	} while (!ret || ret == -EINTR);
	return ret;
}

int nx_monitor(struct nx_ctl *ctl, int argc, char **argv)
{
	static const char *const keywords[] = { "nexus" };
	struct nx_words words = { ctl, argv, argc };
	struct nx_watch watch = { .ctl = ctl };
	int ret;

	if (argc && (nx_words_keyword(&words, keywords, 1) < 0 ||
		     !(watch.nexus = nx_words_nexus(&words))))
		return NX_USAGE;
	if (!nx_words_end(&words))
		return NX_USAGE;
	ret = nx_ask_open(ctl);
	if (ret)
		return ret;
	ret = nx_nl_listen(ctl->nl);
	if (ret)
		return nx_refused(ctl, "cannot listen to events: %s", strerror(-ret));
	ret = watch_events(&watch);
	if (ret == -ENOENT)
		return nx_refused(ctl, "the module was unloaded: no more events will come");
	if (ret == -EBADMSG)
		return nx_refused(ctl, "an event makes no sense: "
				  "are nexusctl and the module of one version?");
	return nx_refused(ctl, "monitor: %s", strerror(-ret));
}
