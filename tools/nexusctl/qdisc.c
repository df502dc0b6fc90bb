// SPDX-License-Identifier: GPL-2.0
/* Reads queueing disciplines of the kind "nexus", and lists them. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/gen_stats.h>
#include <linux/nexus_qdisc.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "complain.h"
#include "link.h"
#include "qdisc.h"
#include "qdisc_options.h"
#include "rtnl.h"
#include "show.h"
#include "table.h"
#include "words.h"

static void parse_options(struct nx_qdisc *qdisc, const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		for (size_t i = 0; i < nr_qdisc_options; i++) {
			const struct qdisc_option *option = &qdisc_options[i];

			if (option->attr != mnl_attr_get_type(attr) ||
			    mnl_attr_get_payload_len(attr) != (option->is_wide ? 8 : 4))
				continue;
			qdisc->option[i] = option->is_wide ? mnl_attr_get_u64(attr) :
							     mnl_attr_get_u32(attr);
		}
	}
}

/* As much of a struct as the kernel sent, the rest zeros. */
static void copy_stats(void *stats, size_t size, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	memset(stats, 0, size);
	memcpy(stats, mnl_attr_get_payload(attr), len < size ? len : size);
}

static void parse_stat(struct nx_qdisc *qdisc, const struct nlattr *attr)
{
	struct gnet_stats_basic basic;
	struct gnet_stats_queue queue;

	switch (mnl_attr_get_type(attr)) {
	case TCA_STATS_BASIC:
		copy_stats(&basic, sizeof(basic), attr);
		qdisc->bytes = basic.bytes;
		if (!qdisc->packets)
			qdisc->packets = basic.packets;
		break;
	case TCA_STATS_PKT64:
		copy_stats(&qdisc->packets, sizeof(qdisc->packets), attr);
		break;
	case TCA_STATS_QUEUE:
		copy_stats(&queue, sizeof(queue), attr);
		qdisc->drops = queue.drops;
		qdisc->qlen = queue.qlen;
		qdisc->backlog = queue.backlog;
		break;
	case TCA_STATS_APP:
		for (size_t i = 0; i < nr_qdisc_stats; i++)
			qdisc->stat[i] = qdisc_stat_value(&qdisc_stats[i],
							  mnl_attr_get_payload(attr),
							  mnl_attr_get_payload_len(attr));
		break;
	}
}

static bool is_kind(const struct nlattr *attr)
{
	return !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) &&
	       !strcmp(mnl_attr_get_str(attr), NEXUS_QDISC_KIND);
}

bool nx_qdisc_parse(struct nx_qdisc *qdisc, const struct nlmsghdr *nlh)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *stat;
	bool is_ours = false;

	if (nlh->nlmsg_type != RTM_NEWQDISC ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*tcm))
		return false;
	memset(qdisc, 0, sizeof(*qdisc));
	qdisc->ifindex = tcm->tcm_ifindex;
	qdisc->handle = tcm->tcm_handle;
	qdisc->parent = tcm->tcm_parent;
	mnl_attr_for_each(attr, nlh, sizeof(*tcm)) {
		switch (mnl_attr_get_type(attr)) {
		case TCA_KIND:
			is_ours = is_kind(attr);
			break;
		case TCA_OPTIONS:
			parse_options(qdisc, attr);
			break;
		case TCA_STATS2:
			mnl_attr_for_each_nested(stat, attr)
				parse_stat(qdisc, stat);
			break;
		}
	}
	return is_ours;
}

u64 nx_qdisc_stat(const struct nx_qdisc *qdisc, const char *name)
{
	for (size_t i = 0; i < nr_qdisc_stats; i++)
		if (!strcmp(qdisc_stats[i].name, name))
			return qdisc->stat[i];
	return 0;
}

u64 nx_qdisc_option(const struct nx_qdisc *qdisc, const char *name)
{
	return qdisc->option[qdisc_option_find(name) - qdisc_options];
}

/* Moves the wanted ones to the front; how many they are. */
static size_t filter(struct nx_reply *reply, u32 ifindex)
{
	struct nx_qdisc qdisc;
	size_t kept = 0;

	for (size_t i = 0; i < reply->nr; i++) {
		struct nlmsghdr *wanted = reply->msgs[i];

		if (!nx_qdisc_parse(&qdisc, wanted) ||
		    (ifindex && qdisc.ifindex != ifindex))
			continue;
		reply->msgs[i] = reply->msgs[kept];
		reply->msgs[kept++] = wanted;
	}
	return kept;
}

int nx_qdisc_list(struct nx_ctl *ctl, u32 ifindex, struct nx_reply *reply)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	int ret;

	nlh->nlmsg_type = RTM_GETQDISC;
	nlh->nlmsg_flags = NLM_F_DUMP;
	tcm->tcm_family = AF_UNSPEC;
	ret = nx_rtnl_call(nlh, reply);
	if (ret) {
		nx_reply_free(reply);
		return nx_refused(ctl, "reading the list of queueing disciplines: %s",
				  strerror(-ret));
	}
	nx_reply_trim(reply, filter(reply, ifindex));
	return NX_OK;
}

const char *nx_qdisc_device(char name[32], u32 ifindex)
{
	if (!if_indextoname(ifindex, name))
		snprintf(name, 32, "if%u", ifindex);
	return name;
}

const char *nx_qdisc_handle(char text[16], u32 handle)
{
	if (handle == TC_H_ROOT)
		return "root";
	if (TC_H_MIN(handle))
		snprintf(text, 16, "%x:%x", TC_H_MAJ(handle) >> 16, TC_H_MIN(handle));
	else
		snprintf(text, 16, "%x:", TC_H_MAJ(handle) >> 16);
	return text;
}

void nx_qdisc_json(struct nx_json *json, const char *key, const struct nx_qdisc *qdisc)
{
	char name[32], text[16];

	nx_json_object(json, key);
	nx_json_str(json, "dev", nx_qdisc_device(name, qdisc->ifindex));
	nx_json_u64(json, "ifindex", qdisc->ifindex);
	nx_json_str(json, "handle", nx_qdisc_handle(text, qdisc->handle));
	nx_json_str(json, "parent", nx_qdisc_handle(text, qdisc->parent));
	nx_json_object(json, "options");
	for (size_t i = 0; i < nr_qdisc_options; i++)
		nx_json_u64(json, qdisc_options[i].key, qdisc->option[i]);
	nx_json_object_end(json);
	nx_json_u64(json, "packets", qdisc->packets);
	nx_json_u64(json, "bytes", qdisc->bytes);
	nx_json_u64(json, "drops", qdisc->drops);
	nx_json_u64(json, "qlen", qdisc->qlen);
	nx_json_u64(json, "backlog", qdisc->backlog);
	nx_json_object(json, "stats");
	for (size_t i = 0; i < nr_qdisc_stats; i++)
		nx_json_u64(json, qdisc_stats[i].name, qdisc->stat[i]);
	nx_json_object_end(json);
	nx_json_object_end(json);
}

static int qdisc_json(const struct nx_ctl *ctl, struct nx_json *json,
		      const struct nlmsghdr *nlh)
{
	struct nx_qdisc qdisc;

	if (!nx_qdisc_parse(&qdisc, nlh))
		return -EBADMSG;
	nx_qdisc_json(json, NULL, &qdisc);
	return 0;
}

/* One line for the options, as the words of the command line; two for what it did. */
static int qdisc_text(const struct nx_ctl *ctl, const struct nlmsghdr *nlh)
{
	char name[32], handle[16], parent[16], text[QDISC_TEXT_SIZE];
	struct nx_qdisc q;

	if (!nx_qdisc_parse(&q, nlh))
		return -EBADMSG;
	fprintf(ctl->out, "dev %s handle %s parent %s\n ", nx_qdisc_device(name, q.ifindex),
		nx_qdisc_handle(handle, q.handle), nx_qdisc_handle(parent, q.parent));
	for (size_t i = 0; i < nr_qdisc_options; i++) {
		const struct qdisc_option *option = &qdisc_options[i];

		if (q.option[i] || !option->hides_zero)
			fprintf(ctl->out, " %s %s", option->name,
				qdisc_value_text(option->kind, q.option[i], text));
	}
	fprintf(ctl->out, "\n  sent %llu packets, %llu bytes; dropped %u; standing %u packets, "
		"%u bytes\n ", q.packets, q.bytes, q.drops, q.qlen, q.backlog);
	for (size_t i = 0; i < nr_qdisc_stats; i++)
		fprintf(ctl->out, " %s %s", qdisc_stats[i].name,
			qdisc_value_text(qdisc_stats[i].kind, q.stat[i], text));
	fputc('\n', ctl->out);
	return 0;
}

int nx_qdisc_show(struct nx_ctl *ctl, int argc, char **argv)
{
	static const struct nx_view view = {
		.json = qdisc_json, .text = qdisc_text,
		.nothing = "no device has a queueing discipline 'nexus': "
			   "'nexusctl qdisc replace dev IFNAME' gives it one",
	};
	static const char *const keywords[] = { "dev" };
	struct nx_words words = { ctl, argv, argc };
	struct nx_reply reply;
	const char *dev = NULL;
	u32 ifindex = 0;
	int ret;

	if (argc && (nx_words_keyword(&words, keywords, 1) < 0 ||
		     !(dev = nx_words_take(&words, "the name of a network device"))))
		return NX_USAGE;
	if (!nx_words_end(&words))
		return NX_USAGE;
	if (dev && !(ifindex = nx_link_find(ctl, dev)))
		return NX_REFUSED;
	ret = nx_qdisc_list(ctl, ifindex, &reply);
	if (ret)
		return ret;
	ret = nx_show(ctl, &view, &reply);
	nx_reply_free(&reply);
	return ret;
}
