// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/nexus: an open file becomes a channel by NEXUS_IOC_ATTACH, and serves the
 * address space that attached it, and no other.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include "channel.h"
#include "chardev.h"
#include "delay.h"
#include "flow.h"
#include "mapping.h"
#include "region.h"
#include "sync.h"
#include "wake.h"

/* The channel of @file, if it has one and the caller may use it. */
static struct nx_channel *file_channel(struct file *file)
{
	/* Pairs with the cmpxchg() in attach(). */
	struct nx_channel *chan = smp_load_acquire(&file->private_data);

	if (!chan)
		return ERR_PTR(-ENOTCONN);
	if (chan->mm != current->mm)
		return ERR_PTR(-EPERM);
	return chan;
}

static int nexus_open(struct inode *inode, struct file *file)
{
	struct inode *own = nx_mapping_new();

	if (IS_ERR(own))
		return PTR_ERR(own);
	file->private_data = NULL;
	file->f_mapping = own->i_mapping;
	return nonseekable_open(inode, file);
}

static int nexus_release(struct inode *inode, struct file *file)
{
	struct inode *own = file->f_mapping->host;

	if (file->private_data)
		nx_channel_detach(file->private_data);
	file->f_mapping = inode->i_mapping;
	iput(own);
	return 0;
}

static int nexus_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct nx_channel *chan = file_channel(file);

	return IS_ERR(chan) ? PTR_ERR(chan) : nx_region_mmap(chan, vma);
}

/*
 * Arms every queue anew, whatever it answers: an edge-triggered epoll asks once
 * for each wake, and must not miss the next one. Who finds nothing to receive is
 * about to sleep, or has nothing to do: nobody waits for what he sends next.
 */
static __poll_t nexus_poll(struct file *file, poll_table *wait)
{
	struct nx_channel *chan = smp_load_acquire(&file->private_data);
	__poll_t events = 0;
	u32 i, ready = 0;

	if (!chan)
		return EPOLLERR;
	WRITE_ONCE(chan->tend.last_use, jiffies);
	for (i = 0; i < chan->nr_queues; i++) {
		poll_wait(file, &chan->queues[i].wait, wait);
		ready |= nx_arm(&chan->queues[i], NX_ARMED_RX | NX_ARMED_TX);
	}
	for (i = 0; !(ready & NX_ARMED_RX) && i < chan->nr_queues; i++)
		nx_delay_let_go(&chan->queues[i], KTIME_MAX);
	if (ready & NX_ARMED_RX)
		events |= EPOLLIN | EPOLLRDNORM;
	if (ready & NX_ARMED_TX)
		events |= EPOLLOUT | EPOLLWRNORM;
	switch ((enum nexus_channel_state)READ_ONCE(chan->state)) {
	case NEXUS_CHANNEL_ACTIVE:
		break;
	case NEXUS_CHANNEL_QUARANTINED:
		return EPOLLERR;
	case NEXUS_CHANNEL_DETACHED:
	case NEXUS_CHANNEL_DEFUNCT:
		return EPOLLERR | EPOLLHUP;
	}
	return events;
}

/*
 * Copies an argument that begins with its size in. Newer callers' larger ones
 * must end in zeros.
 */
static int copy_in(void *to, size_t size, const void __user *from, u32 *user_size)
{
	if (get_user(*user_size, (const u32 __user *)from))
		return -EFAULT;
	if (*user_size < size)
		return -EINVAL;
	if (likely(*user_size == size))
		return copy_from_user(to, from, size) ? -EFAULT : 0;
	if (*user_size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, size, from, *user_size);
}

static int copy_out(void __user *to, const void *from, size_t size)
{
	return copy_to_user(to, from, size) ? -EFAULT : 0;
}

static long attach_file(struct file *file, struct nexus_attach *arg)
{
	struct nx_channel *chan;

	if (file->private_data)
		return -EISCONN;
	chan = nx_channel_attach(current->nsproxy->net_ns,
				 file->f_mapping->host, arg);
	if (IS_ERR(chan))
		return PTR_ERR(chan);
	if (cmpxchg(&file->private_data, NULL, chan)) {
		nx_channel_detach(chan);
		return -EISCONN;
	}
	return 0;
}

static long ioctl_attach(struct file *file, void __user *argp)
{
	struct nexus_attach arg;
	u32 user_size, abi;
	long err;

	/* Before anything else of the argument is believed. */
	if (get_user(abi, &((struct nexus_attach __user *)argp)->abi_version))
		return -EFAULT;
	if (abi != NEXUS_ABI_VERSION) {
		abi = NEXUS_ABI_VERSION;
		if (put_user(abi, &((struct nexus_attach __user *)argp)->abi_version))
			return -EFAULT;
		return -EPROTONOSUPPORT;
	}
	err = copy_in(&arg, sizeof(arg), argp, &user_size);
	if (!err)
		err = attach_file(file, &arg);
	/* The file is attached even if the answer cannot be written: close it. */
	return err ?: copy_out(argp, &arg, sizeof(arg));
}

/*
 * What copy_in() does, for the one argument that is copied all the time: five
 * loads, where a copy of unknown length is a third of the price of a system call.
 */
static int copy_sync_in(struct nexus_sync *to,
			const struct nexus_sync __user *from)
{
	u32 user_size;

	if (!user_access_begin(from, sizeof(*from)))
		return -EFAULT;
	unsafe_get_user(to->size, &from->size, fault);
	unsafe_get_user(to->flags, &from->flags, fault);
	unsafe_get_user(to->queue, &from->queue, fault);
	unsafe_get_user(to->fd, &from->fd, fault);
	unsafe_get_user(to->timeout_ns, &from->timeout_ns, fault);
	user_access_end();
	if (likely(to->size == sizeof(*to)))
		return 0;
	return copy_in(to, sizeof(*to), from, &user_size);
fault:
	user_access_end();
	return -EFAULT;
}

static long ioctl_sync(struct file *file, void __user *argp)
{
	struct nx_channel *chan = file_channel(file);
	struct nexus_sync arg;
	int err;

	if (IS_ERR(chan))
		return PTR_ERR(chan);
	err = copy_sync_in(&arg, argp);
	return err ?: nx_sync(chan, &arg);
}

static long ioctl_flow_add(struct file *file, void __user *argp)
{
	struct nx_channel *chan = file_channel(file);
	struct nexus_flow_add arg;
	u32 user_size;
	int err;

	if (IS_ERR(chan))
		return PTR_ERR(chan);
	err = copy_in(&arg, sizeof(arg), argp, &user_size);
	if (err)
		return err;
	err = nx_flow_add(chan, &arg);
	if (err)
		return err;
	err = copy_out(argp, &arg, sizeof(arg));
	if (err)
		nx_flow_del(chan, arg.flow, arg.generation);
	return err;
}

static long ioctl_flow_del(struct file *file, void __user *argp)
{
	struct nx_channel *chan = file_channel(file);
	struct nexus_flow_del arg;
	u32 user_size;
	int err;

	if (IS_ERR(chan))
		return PTR_ERR(chan);
	err = copy_in(&arg, sizeof(arg), argp, &user_size);
	if (err)
		return err;
	if (arg.reserved)
		return -EINVAL;
	return nx_flow_del(chan, arg.flow, arg.generation);
}

static long ioctl_flow_room(struct file *file, void __user *argp)
{
	struct nx_channel *chan = file_channel(file);
	struct nexus_flow_room arg;
	u32 user_size;
	int err;

	if (IS_ERR(chan))
		return PTR_ERR(chan);
	err = copy_in(&arg, sizeof(arg), argp, &user_size);
	return err ?: nx_flow_set_room(chan, &arg);
}

static long ioctl_status(struct file *file, void __user *argp)
{
	struct nx_channel *chan = file_channel(file);
	struct nexus_status arg;
	u32 user_size;
	int err;

	if (IS_ERR(chan))
		return PTR_ERR(chan);
	err = copy_in(&arg, sizeof(arg), argp, &user_size);
	if (err)
		return err;
	if (memchr_inv(arg.reserved, 0, sizeof(arg.reserved)))
		return -EINVAL;
	nx_channel_status(chan, &arg);
	return copy_out(argp, &arg, sizeof(arg));
}

static long nexus_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	/* By number alone: a newer caller's argument may be larger. */
	if (_IOC_TYPE(cmd) != NEXUS_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(NEXUS_IOC_ATTACH):
		return ioctl_attach(file, argp);
	case _IOC_NR(NEXUS_IOC_SYNC):
		return ioctl_sync(file, argp);
	case _IOC_NR(NEXUS_IOC_FLOW_ADD):
		return ioctl_flow_add(file, argp);
	case _IOC_NR(NEXUS_IOC_FLOW_DEL):
		return ioctl_flow_del(file, argp);
	case _IOC_NR(NEXUS_IOC_STATUS):
		return ioctl_status(file, argp);
	case _IOC_NR(NEXUS_IOC_FLOW_ROOM):
		return ioctl_flow_room(file, argp);
	}
	return -ENOTTY;
}

static const struct file_operations nexus_fops = {
	.owner		= THIS_MODULE,
	.open		= nexus_open,
	.release	= nexus_release,
	.mmap		= nexus_mmap,
	.poll		= nexus_poll,
	.unlocked_ioctl	= nexus_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice nexus_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "nexus",
	.fops	= &nexus_fops,
	.mode	= 0666,	/* the policy of each nexus decides */
};

int nx_chardev_init(void)
{
	return misc_register(&nexus_misc);
}

void nx_chardev_exit(void)
{
	misc_deregister(&nexus_misc);
}
