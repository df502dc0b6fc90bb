// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of TCP that nobody uses and nobody may have yet: TIME-WAIT, RFC 9293
 * section 3.6.1. The socket that kept the port for a flow keeps it on. It holds
 * no network namespace: with that, it goes at once.
 */
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include "channel.h"
#include "linger.h"

/**
 * struct nx_linger - a port
 * @node:   in @lingers; empty: somebody is about to release it
 * @work:   does it in time
 * @keeper: has the port
 * @ino:    inode of the socket that it keeps the port for
 * @until_ns: of ktime_get_ns()
 */
struct nx_linger {
	struct list_head	node;
	struct delayed_work	work;
	struct socket		*keeper;
	unsigned long		ino;
	u64			until_ns;
};

static LIST_HEAD(lingers);
static DEFINE_MUTEX(lingers_lock);	/* protects @lingers; a leaf */

static void linger_free(struct nx_linger *l)
{
	sock_release(l->keeper);
	kfree(l);
}

static void linger_work(struct work_struct *work)
{
	struct nx_linger *l = container_of(to_delayed_work(work),
					   struct nx_linger, work);
	bool is_mine;

	mutex_lock(&lingers_lock);
	is_mine = !list_empty(&l->node);
	list_del_init(&l->node);
	mutex_unlock(&lingers_lock);
	if (is_mine)
		linger_free(l);
}

/**
 * nx_linger_add - keep a port until its time has come
 * @keeper:   has it; taken over
 * @ino:      inode of the socket that had it before, and may have it again
 * @until_ns: of ktime_get_ns()
 *
 * The namespace of @keeper is there, by some other socket.
 */
void nx_linger_add(struct socket *keeper, unsigned long ino, u64 until_ns)
{
	u64 now_ns = ktime_get_ns();
	struct nx_linger *l;

	l = until_ns > now_ns ? kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT) : NULL;
	if (!l) {
		sock_release(keeper);
		return;
	}
	l->keeper = keeper;
	l->ino = ino;
	l->until_ns = until_ns;
	INIT_DELAYED_WORK(&l->work, linger_work);
	mutex_lock(&lingers_lock);
	list_add(&l->node, &lingers);
	mutex_unlock(&lingers_lock);
	queue_delayed_work(nx_wq, &l->work,
			   nsecs_to_jiffies(until_ns - now_ns) + 1);
}

/* Was @l's port that of the socket, and has the socket stayed bound to it? */
static bool is_for(const struct nx_linger *l, const struct sock *sk,
		   unsigned long ino)
{
	return l->ino == ino && inet_csk(sk)->icsk_bind_hash &&
	       inet_csk(l->keeper->sk)->icsk_bind_hash ==
	       inet_csk(sk)->icsk_bind_hash;
}

/**
 * nx_linger_take - a socket's port is to be its own again
 * @sk:       the socket, locked and bound
 * @ino:      its inode
 * @until_ns: result: until when the port is to be kept nevertheless
 *
 * Return: what keeps the port, the caller's from here on; NULL: nothing does.
 */
struct socket *nx_linger_take(const struct sock *sk, unsigned long ino,
			      u64 *until_ns)
{
	struct nx_linger *l, *found = NULL;
	struct socket *keeper;

	mutex_lock(&lingers_lock);
	list_for_each_entry(l, &lingers, node) {
		if (!is_for(l, sk, ino))
			continue;
		found = l;
		list_del_init(&l->node);
		break;
	}
	mutex_unlock(&lingers_lock);
	if (!found)
		return NULL;
	cancel_delayed_work_sync(&found->work);
	keeper = found->keeper;
	*until_ns = found->until_ns;
	kfree(found);
	return keeper;
}

static struct nx_linger *take_one(const struct net *net)
{
	struct nx_linger *l, *found = NULL;

	mutex_lock(&lingers_lock);
	list_for_each_entry(l, &lingers, node) {
		if (sock_net(l->keeper->sk) != net)
			continue;
		found = l;
		list_del_init(&l->node);
		break;
	}
	mutex_unlock(&lingers_lock);
	return found;
}

/**
 * nx_linger_release - give ports back at once
 * @net: of a namespace that goes
 */
void nx_linger_release(const struct net *net)
{
	struct nx_linger *l;

	flush_workqueue(nx_wq);	/* what gives sockets back may add some */
	while ((l = take_one(net))) {
		cancel_delayed_work_sync(&l->work);
		linger_free(l);
	}
	flush_workqueue(nx_wq);	/* and what took one off the list is through */
}
