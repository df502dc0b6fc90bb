/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of newer kernels for older ones: the only place that knows versions.
 */
#ifndef NX_COMPAT_H
#define NX_COMPAT_H

#include <linux/cgroup.h>
#include <linux/hrtimer.h>
#include <linux/version.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/shrinker.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "core/flow_key.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#include <linux/netdevice.h>
#else
#include <net/gso.h>
#endif

/* Is one of the sockets with a bucket's port such? The caller has the bucket's lock. */
static inline bool
nx_compat_is_any_bound(const struct inet_bind_bucket *bucket, void *arg,
		       bool (*is_such)(void *arg, struct sock *sk))
{
	struct sock *sk;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	sk_for_each_bound(sk, &bucket->owners)
		if (is_such(arg, sk))
			return true;
#else
	struct inet_bind2_bucket *part;

	hlist_for_each_entry(part, &bucket->bhash2, bhash_node)
		sk_for_each_bound(sk, &part->owners)
			if (is_such(arg, sk))
				return true;
#endif
	return false;
}

/* Sockets over IPv6, by a packet's key: see inet6_hashtables.h. */
#if IS_ENABLED(CONFIG_IPV6)
static inline struct sock *
nx_compat_lookup_established6(struct net *net, struct inet_hashinfo *hash,
			      const struct nx_flow_key *key, int ifindex)
{
	return __inet6_lookup_established(net, hash,
					  (const void *)&key->remote,
					  key->remote_port,
					  (const void *)&key->local,
					  ntohs(key->local_port), ifindex, 0);
}

static inline struct sock *
nx_compat_lookup_listener6(struct net *net, struct inet_hashinfo *hash,
			   const struct nx_flow_key *key, int ifindex)
{
	return inet6_lookup_listener(net, hash, NULL, 0,
				     (const void *)&key->remote,
				     key->remote_port,
				     (const void *)&key->local,
				     ntohs(key->local_port), ifindex, 0);
}
#else
static inline struct sock *
nx_compat_lookup_established6(struct net *net, struct inet_hashinfo *hash,
			      const struct nx_flow_key *key, int ifindex)
{
	return NULL;
}

static inline struct sock *
nx_compat_lookup_listener6(struct net *net, struct inet_hashinfo *hash,
			   const struct nx_flow_key *key, int ifindex)
{
	return NULL;
}
#endif

/* Must segments for a socket be signed? RFC 2385, RFC 5925. */
static inline bool nx_compat_has_tcp_keys(const struct sock *sk)
{
#ifdef CONFIG_TCP_MD5SIG
	if (rcu_access_pointer(tcp_sk(sk)->md5sig_info))
		return true;
#endif
#ifdef CONFIG_TCP_AO
	if (rcu_access_pointer(tcp_sk(sk)->ao_info))
		return true;
#endif
	return false;
}

/* Has the kernel's stack answered SYNs for a listener by cookies of late? */
static inline bool nx_compat_may_have_cookies(const struct sock *sk)
{
#ifdef CONFIG_SYN_COOKIES
	return !tcp_synq_no_recent_overflow(sk);
#else
	return false;
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
struct ubuf_info_ops {
	void (*complete)(struct sk_buff *skb, struct ubuf_info *ubuf,
			 bool is_zerocopy);
};

static inline void nx_compat_ubuf_init(struct ubuf_info *ubuf,
				       const struct ubuf_info_ops *ops)
{
	ubuf->callback = ops->complete;
}

static inline bool nx_compat_ubuf_is(const struct ubuf_info *ubuf,
				     const struct ubuf_info_ops *ops)
{
	return ubuf->callback == ops->complete;
}
#else
static inline void nx_compat_ubuf_init(struct ubuf_info *ubuf,
				       const struct ubuf_info_ops *ops)
{
	ubuf->ops = ops;
}

static inline bool nx_compat_ubuf_is(const struct ubuf_info *ubuf,
				     const struct ubuf_info_ops *ops)
{
	return ubuf->ops == ops;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
/* Of one name: what newer kernels take here, older ones take later. */
static inline struct shrinker *shrinker_alloc(unsigned int flags,
					      const char *name)
{
	return kzalloc(sizeof(struct shrinker), GFP_KERNEL);
}

static inline void shrinker_register(struct shrinker *shrinker)
{
	if (register_shrinker(shrinker, "nexus"))
		pr_warn("nexus: memory pressure will not be heard of\n");
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

#ifdef NL_SET_ERR_MSG_FMT
static inline int
nx_compat_genl_do(struct sk_buff *skb, struct genl_info *info,
		  int (*request)(struct genl_info *info))
{
	return request(info);
}
#else
/**
 * struct nx_compat_extack - what newer kernels have in struct netlink_ext_ack
 * @base: the kernel's
 * @text: a message with arguments
 *
 * NL_SET_ERR_MSG_FMT() takes the extack of a request under nx_compat_genl_do()
 * and no other.
 */
struct nx_compat_extack {
	struct netlink_ext_ack	base;
	char			text[80];
};

static inline char *nx_compat_text(struct netlink_ext_ack *extack)
{
	return container_of(extack, struct nx_compat_extack, base)->text;
}

#define NL_SET_ERR_MSG_FMT(extack, fmt, args...) do {			\
	struct netlink_ext_ack *__extack = (extack);			\
									\
	if (__extack) {							\
		snprintf(nx_compat_text(__extack), 80, fmt, ##args);	\
		__extack->_msg = nx_compat_text(__extack);		\
	}								\
} while (0)

/*
 * The text is gone when the kernel would answer, so a refusal is answered here;
 * after EINTR the kernel adds nothing.
 */
static inline int
nx_compat_genl_do(struct sk_buff *skb, struct genl_info *info,
		  int (*request)(struct genl_info *info))
{
	struct nx_compat_extack extack = {};
	int ret;

	info->extack = &extack.base;
	ret = request(info);
	if (!ret)
		return 0;
	netlink_ack(skb, info->nlhdr, ret, &extack.base);
	return -EINTR;
}
#endif

/*
 * What depends on the kernel's configuration: without cgroups, no task is in
 * one, and none is frozen by one.
 */
#ifdef CONFIG_CGROUPS
/* In a RCU section. */
static inline bool nx_compat_is_below(struct task_struct *task, u64 id)
{
	struct cgroup *cgroup = task_dfl_cgroup(task);

	for (; cgroup; cgroup = cgroup_parent(cgroup))
		if (cgroup_id(cgroup) == id)
			return true;
	return false;
}

static inline bool nx_compat_is_frozen(const struct task_struct *task)
{
	return task->frozen;
}
#else
static inline bool nx_compat_is_below(struct task_struct *task, u64 id)
{
	return false;
}

static inline bool nx_compat_is_frozen(const struct task_struct *task)
{
	return false;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void
hrtimer_setup(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *),
	      clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* The cgroup of the process that made a socket; 0: sockets know none. */
#ifdef CONFIG_SOCK_CGROUP_DATA
static inline u64 nx_compat_cgroup_id(const struct sock *sk)
{
	return cgroup_id(sock_cgroup_ptr((void *)&sk->sk_cgrp_data));
}
#else
static inline u64 nx_compat_cgroup_id(const struct sock *sk)
{
	return 0;
}
#endif

#ifndef __counted_by
#define __counted_by(member)
#endif

/* May the CPU read what lies behind the first bytes? Memory of a device may be there. */
static inline bool nx_compat_has_readable_frags(const struct sk_buff *skb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	return true;
#else
	return skb_frags_readable(skb);
#endif
}

#endif /* NX_COMPAT_H */
