// SPDX-License-Identifier: GPL-2.0
/*
 * The nexuses of each network namespace: made, found, counted and taken down.
 */
#include <linux/ctype.h>
#include <linux/idr.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <net/netns/generic.h>
#include "address.h"
#include "channel.h"
#include "compat.h"
#include "linger.h"
#include "monitor.h"
#include "nexus.h"

static unsigned int nx_net_id __read_mostly;
static DEFINE_IDA(nexus_ids);

struct nx_net *nx_net(const struct net *net)
{
	return net_generic(net, nx_net_id);
}

struct nx_nexus *nx_nexus_find(struct nx_net *nx, const char *name)
{
	struct nx_nexus *nexus;

	lockdep_assert_held(&nx->lock);
	list_for_each_entry(nexus, &nx->nexuses, node)
		if (!strcmp(nexus->name, name))
			return nexus;
	return NULL;
}

static struct nx_nexus *find_only(struct nx_net *nx)
{
	struct nx_nexus *nexus;

	lockdep_assert_held(&nx->lock);
	nexus = list_first_entry_or_null(&nx->nexuses, struct nx_nexus, node);
	if (nexus && !list_is_singular(&nx->nexuses))
		return ERR_PTR(-ENOTUNIQ);
	return nexus;
}

struct nx_nexus *nx_nexus_get_by_name(struct net *net, const char *name)
{
	struct nx_net *nx = nx_net(net);
	struct nx_nexus *nexus;

	mutex_lock(&nx->lock);
	nexus = *name ? nx_nexus_find(nx, name) : find_only(nx);
	if (!nexus)
		nexus = ERR_PTR(-ENODEV);
	if (!IS_ERR(nexus))
		nx_nexus_get(nexus);
	mutex_unlock(&nx->lock);
	return nexus;
}

void nx_nexus_get(struct nx_nexus *nexus)
{
	kref_get(&nexus->refs);
}

static void nexus_free(struct nx_nexus *nexus)
{
	nx_flow_table_exit(&nexus->flows);
	free_percpu(nexus->cpu);
	ida_free(&nexus_ids, nexus->id);
	mutex_destroy(&nexus->lock);
	kfree(nexus);
}

static void nexus_release(struct kref *refs)
{
	struct nx_nexus *nexus = container_of(refs, struct nx_nexus, refs);

	WARN_ON_ONCE(!list_empty(&nexus->devs) ||
		     !list_empty(&nexus->channels) ||
		     !list_empty(&nexus->users));
	/* A packet may still be in the hook of a device that left. */
	synchronize_net();
	nexus_free(nexus);
}

void nx_nexus_put(struct nx_nexus *nexus)
{
	might_sleep();
	kref_put(&nexus->refs, nexus_release);
}

/* As a network device's, but longer. */
static bool name_is_valid(const char *name)
{
	if (!*name || strnlen(name, NEXUS_NAME_SIZE) == NEXUS_NAME_SIZE ||
	    !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace(*name))
			return false;
	return true;
}

static int check_request(const char *name, u32 kind,
			 struct netlink_ext_ack *extack)
{
	if (!name_is_valid(name)) {
		NL_SET_ERR_MSG(extack,
			       "a name has 1 to 31 characters, is not '.' or '..', and has no '/', ':' or space");
		return -EINVAL;
	}
	if (kind != NEXUS_KIND_FLOW_SWITCH) {
		NL_SET_ERR_MSG_FMT(extack,
				   "kind %u is not known: 1 is a flow switch",
				   kind);
		return -EOPNOTSUPP;
	}
	return 0;
}

static void nexus_init(struct nx_nexus *nexus, struct net *net,
		       const char *name, u32 kind)
{
	kref_init(&nexus->refs);
	nexus->net = net;
	strscpy(nexus->name, name, sizeof(nexus->name));
	nexus->kind = kind;
	mutex_init(&nexus->lock);
	INIT_LIST_HEAD(&nexus->devs);
	INIT_LIST_HEAD(&nexus->channels);
	INIT_LIST_HEAD(&nexus->users);
	nx_policy_init(&nexus->policy);
	nx_grants_init(&nexus->grants);
}

static struct nx_nexus *nexus_alloc(struct net *net, const char *name, u32 kind)
{
	struct nx_nexus *nexus;
	int ret;

	nexus = kzalloc(sizeof(*nexus), GFP_KERNEL_ACCOUNT);
	if (!nexus)
		return ERR_PTR(-ENOMEM);
	nexus_init(nexus, net, name, kind);
	ret = ida_alloc_min(&nexus_ids, 1, GFP_KERNEL);
	if (ret < 0)
		goto free_nexus;
	nexus->id = ret;
	nexus->cpu = alloc_percpu_gfp(struct nx_nexus_cpu, GFP_KERNEL_ACCOUNT);
	if (!nexus->cpu) {
		ret = -ENOMEM;
		goto free_id;
	}
	ret = nx_flow_table_init(&nexus->flows);
	if (ret)
		goto free_cpu;
	return nexus;

free_cpu:
	free_percpu(nexus->cpu);
free_id:
	ida_free(&nexus_ids, nexus->id);
free_nexus:
	mutex_destroy(&nexus->lock);
	kfree(nexus);
	return ERR_PTR(ret);
}

/* Readers of the list go on from an id, so it stands in their order. */
static void nexus_insert(struct nx_net *nx, struct nx_nexus *nexus)
{
	struct list_head *at = &nx->nexuses;
	struct nx_nexus *other;

	list_for_each_entry_reverse(other, &nx->nexuses, node) {
		if (other->id < nexus->id) {
			at = &other->node;
			break;
		}
	}
	list_add(&nexus->node, at);
	nx->gen++;
}

int nx_nexus_new(struct net *net, const char *name, u32 kind,
		 struct netlink_ext_ack *extack)
{
	struct nx_net *nx = nx_net(net);
	struct nx_nexus *nexus;
	int ret;

	ret = check_request(name, kind, extack);
	if (ret)
		return ret;
	nexus = nexus_alloc(net, name, kind);
	if (IS_ERR(nexus)) {
		NL_SET_ERR_MSG(extack, "no memory for another nexus");
		return PTR_ERR(nexus);
	}
	mutex_lock(&nx->lock);
	if (nx_nexus_find(nx, name)) {
		NL_SET_ERR_MSG_FMT(extack, "nexus '%s' exists already", name);
		mutex_unlock(&nx->lock);
		nexus_free(nexus);
		return -EEXIST;
	}
	nexus_insert(nx, nexus);
	nx_monitor_nexus(nexus, NEXUS_MONITOR_NEXUS_NEW);
	mutex_unlock(&nx->lock);
	return 0;
}

/* From here on nothing is added to @nexus; under both locks. */
static void nexus_kill(struct nx_net *nx, struct nx_nexus *nexus)
{
	lockdep_assert_held(&nx->lock);
	lockdep_assert_held(&nexus->lock);
	WRITE_ONCE(nexus->is_dead, true);
	nx_dev_free_all(nexus);
	list_del(&nexus->node);
	nx->gen++;
}

static int nexus_del_unused(struct nx_net *nx, struct nx_nexus *nexus,
			    struct netlink_ext_ack *extack)
{
	int ret = 0;

	mutex_lock(&nexus->lock);
	if (list_empty(&nexus->channels)) {
		nx_monitor_nexus(nexus, NEXUS_MONITOR_NEXUS_DEL);
		nexus_kill(nx, nexus);
	} else {
		NL_SET_ERR_MSG_FMT(extack,
				   "channels are attached (%u): close them first",
				   nexus->nr_channels);
		ret = -EBUSY;
	}
	mutex_unlock(&nexus->lock);
	return ret;
}

int nx_nexus_del(struct net *net, const char *name,
		 struct netlink_ext_ack *extack)
{
	struct nx_net *nx = nx_net(net);
	struct nx_nexus *nexus;
	int ret = -ENODEV;

	mutex_lock(&nx->lock);
	nexus = nx_nexus_find(nx, name);
	if (nexus)
		ret = nexus_del_unused(nx, nexus, extack);
	else
		NL_SET_ERR_MSG_FMT(extack, "there is no nexus '%s'", name);
	mutex_unlock(&nx->lock);
	if (!ret)
		nx_nexus_put(nexus);
	return ret;
}

void nx_nexus_count(struct nx_nexus *nexus, struct nx_counters *sum)
{
	const struct nx_channel *chan;
	int i;

	lockdep_assert_held(&nexus->lock);
	*sum = nexus->gone;
	list_for_each_entry(chan, &nexus->channels, node)
		nx_channel_count(chan, sum);
	for_each_possible_cpu(i)
		sum->passed += READ_ONCE(per_cpu_ptr(nexus->cpu, i)->passed);
}

/* Channels outlive their namespace; all that they may do is close. */
static void nexus_detach_all(struct nx_nexus *nexus, struct list_head *flows)
{
	struct nx_channel *chan;

	lockdep_assert_held(&nexus->lock);
	list_for_each_entry(chan, &nexus->channels, node) {
		nx_channel_stop(chan, NEXUS_CHANNEL_DETACHED);
		nx_flow_unlink_all(chan, flows);
		nx_channel_forget(chan);
	}
}

/* A new namespace has the limits that the initial one has at that time. */
static int __net_init net_enter(struct net *net)
{
	struct nx_net *first = nx_net(&init_net);
	struct nx_net *nx = nx_net(net);

	mutex_init(&nx->lock);
	INIT_LIST_HEAD(&nx->nexuses);
	nx->gen = 1;
	nx_address_net_init(nx);
	if (net_eq(net, &init_net)) {
		nx_quota_init(&nx->quota, NULL);
		return 0;
	}
	mutex_lock(&first->lock);
	nx_quota_init(&nx->quota, &first->quota);
	mutex_unlock(&first->lock);
	return 0;
}

/*
 * Before the namespace's devices go, and a grace period before its memory does:
 * who reads @is_dead under RCU may use what it finds in @net.
 */
static void __net_exit net_pre_leave(struct net *net)
{
	struct nx_net *nx = nx_net(net);
	struct nx_nexus *nexus, *next;
	LIST_HEAD(flows);
	LIST_HEAD(dead);

	mutex_lock(&nx->lock);
	list_for_each_entry_safe(nexus, next, &nx->nexuses, node) {
		mutex_lock(&nexus->lock);
		nexus_kill(nx, nexus);
		nexus_detach_all(nexus, &flows);
		mutex_unlock(&nexus->lock);
		list_add(&nexus->node, &dead);
	}
	mutex_unlock(&nx->lock);
	nx_flow_release_all(&flows);
	nx_linger_release(net);
	list_for_each_entry_safe(nexus, next, &dead, node)
		nx_nexus_put(nexus);
}

static void __net_exit net_leave(struct net *net)
{
	struct nx_net *nx = nx_net(net);

	nx_address_net_exit(nx);
	WARN_ON_ONCE(!list_empty(&nx->nexuses));
	mutex_destroy(&nx->lock);
}

static struct pernet_operations nx_net_ops = {
	.init		= net_enter,
	.pre_exit	= net_pre_leave,
	.exit		= net_leave,
	.id		= &nx_net_id,
	.size		= sizeof(struct nx_net),
};

int nx_net_init(void)
{
	return register_pernet_subsys(&nx_net_ops);
}

void nx_net_exit(void)
{
	unregister_pernet_subsys(&nx_net_ops);
	ida_destroy(&nexus_ids);
}
