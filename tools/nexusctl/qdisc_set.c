// SPDX-License-Identifier: GPL-2.0
/* Gives devices the queueing discipline "nexus", changes its options, takes it away. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/nexus_qdisc.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "complain.h"
#include "link.h"
#include "qdisc.h"
#include "qdisc_options.h"
#include "rtnl.h"
#include "words.h"

/**
 * struct target - what a command line is about
 * @dev, @ifindex: the device
 * @parent:     TC_H_ROOT, or a class
 * @has_parent: it was named
 * @has:        which options were named, in the order of qdisc_options[]
 * @value:      theirs
 */
struct target {
	const char *dev;
	u32 ifindex;
	u32 parent;
	bool has_parent;
	bool has[NX_QDISC_VALUES];
	uint64_t value[NX_QDISC_VALUES];
};

/* "root", "1:2", hexadecimal as tc has it. */
static bool parse_parent(const char *word, u32 *parent)
{
	unsigned long major, minor;
	char *end;

	*parent = TC_H_ROOT;
	if (!strcmp(word, "root"))
		return true;
	major = strtoul(word, &end, 16);
	if (end == word || *end != ':' || major > 0xffff)
		return false;
	word = end + 1;
	minor = strtoul(word, &end, 16);
	*parent = major << 16 | minor;
	return end != word && !*end && minor <= 0xffff;
}

static bool take_parent(struct nx_words *words, struct target *target)
{
	const char *word = nx_words_take(words, "the parent");

	if (!word)
		return false;
	if (!parse_parent(word, &target->parent)) {
		nx_usage(words->ctl, "'%s' is no parent, which is root or, as tc has it, "
			 "a class such as 1:2", word);
		return false;
	}
	target->has_parent = true;
	return true;
}

static bool take_value(struct nx_words *words, struct target *target, size_t index)
{
	const struct qdisc_option *option = &qdisc_options[index];
	const char *word = nx_words_take(words, option->name);

	if (!word)
		return false;
	if (target->has[index]) {
		nx_usage(words->ctl, "'%s' stands twice", option->name);
		return false;
	}
	if (!qdisc_value_parse(option, word, &target->value[index])) {
		nx_usage(words->ctl, "%s: '%s' is no value for it; nexusctl(8) has examples",
			 option->name, word);
		return false;
	}
	target->has[index] = true;
	return true;
}

/* "dev IFNAME", and what may follow. */
static int take_target(struct nx_words *words, struct target *target, bool has_options)
{
	static const char *const dev[] = { "dev" };
	const char *keywords[NX_QDISC_VALUES] = { "parent" };
	size_t nr = 1;
	int found;

	memset(target, 0, sizeof(*target));
	target->parent = TC_H_ROOT;
	for (size_t i = 0; has_options && i < nr_qdisc_options; i++)
		keywords[nr++] = qdisc_options[i].name;
	if (nx_words_keyword(words, dev, 1) < 0 ||
	    !(target->dev = nx_words_take(words, "the name of a network device")))
		return NX_USAGE;
	while (words->argc) {
		found = nx_words_keyword(words, keywords, nr);
		if (found < 0 || !(found ? take_value(words, target, found - 1) :
					   take_parent(words, target)))
			return NX_USAGE;
	}
	target->ifindex = nx_link_find(words->ctl, target->dev);
	return target->ifindex ? NX_OK : NX_REFUSED;
}

static void put_options(struct nlmsghdr *nlh, const struct target *target)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, TCA_OPTIONS);

	for (size_t i = 0; i < nr_qdisc_options; i++) {
		if (!target->has[i])
			continue;
		if (qdisc_options[i].is_wide)
			mnl_attr_put_u64(nlh, qdisc_options[i].attr, target->value[i]);
		else
			mnl_attr_put_u32(nlh, qdisc_options[i].attr, target->value[i]);
	}
	mnl_attr_nest_end(nlh, nest);
}

static int explain(struct nx_ctl *ctl, const char *verb, const struct target *target,
		   int err, const char *extack)
{
	if (err == EPERM || err == EACCES)
		return nx_refused(ctl, "qdisc %s dev %s: needs CAP_NET_ADMIN: run with sudo",
				  verb, target->dev);
	if (err == ENOENT && strstr(extack, "kind"))
		return nx_refused(ctl, "qdisc %s dev %s: the kernel has no discipline '%s': "
				  "load the module with 'modprobe nexus'", verb, target->dev,
				  NEXUS_QDISC_KIND);
	return nx_refused(ctl, "qdisc %s dev %s: %s", verb, target->dev,
			  *extack ? extack : strerror(err));
}

/* One request about the discipline with this handle and parent. */
static int request(struct nx_ctl *ctl, const char *verb, const struct target *target,
		   u16 type, u16 flags, u32 handle, u32 parent)
{
	char buf[1024] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	struct nx_reply reply;
	int ret;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_ACK | flags;
	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = target->ifindex;
	tcm->tcm_handle = handle;
	tcm->tcm_parent = parent;
	mnl_attr_put_strz(nlh, TCA_KIND, NEXUS_QDISC_KIND);
	if (type == RTM_NEWQDISC)
		put_options(nlh, target);
	ret = nx_rtnl_call(nlh, &reply);
	if (ret)
		ret = explain(ctl, verb, target, -ret, reply.extack);
	nx_reply_free(&reply);
	return ret;
}

int nx_qdisc_replace(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	struct target target;
	int ret = take_target(&words, &target, true);

	return ret ? ret : request(ctl, "replace", &target, RTM_NEWQDISC,
				   NLM_F_CREATE | NLM_F_REPLACE, 0, target.parent);
}

/* Does @verb to each discipline that @target means. */
static int for_each(struct nx_ctl *ctl, const char *verb, const struct target *target,
		    u16 type)
{
	struct nx_qdisc qdisc;
	struct nx_reply reply;
	size_t nr = 0;
	int ret;

	ret = nx_qdisc_list(ctl, target->ifindex, &reply);
	if (ret)
		return ret;
	for (size_t i = 0; i < reply.nr && !ret; i++) {
		if (!nx_qdisc_parse(&qdisc, reply.msgs[i]) ||
		    (target->has_parent && qdisc.parent != target->parent))
			continue;
		nr++;
		/* Without a number it is the kernel's default, which no request reaches. */
		if (!qdisc.handle)
			ret = nx_refused(ctl, "qdisc %s dev %s: it is the kernel's default: "
					 "'nexusctl qdisc replace' makes one", verb, target->dev);
		else
			ret = request(ctl, verb, target, type, 0, qdisc.handle, qdisc.parent);
	}
	nx_reply_free(&reply);
	if (!ret && !nr)
		return nx_refused(ctl, "%s has no queueing discipline '%s' there: "
				  "'nexusctl qdisc show' lists them", target->dev,
				  NEXUS_QDISC_KIND);
	return ret;
}

int nx_qdisc_set(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	struct target target;
	int ret = take_target(&words, &target, true);

	return ret ? ret : for_each(ctl, "set", &target, RTM_NEWQDISC);
}

int nx_qdisc_del(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	struct target target;
	int ret = take_target(&words, &target, false);

	return ret ? ret : for_each(ctl, "del", &target, RTM_DELQDISC);
}
