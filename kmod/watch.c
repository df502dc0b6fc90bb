// SPDX-License-Identifier: GPL-2.0
/*
 * A file beside the queue that a sleeper waits for: an eventfd by which another
 * thread wakes him, or an epoll of descriptors that are not nexus's. It is polled
 * as poll() does it, whose own table is 576 bytes of places, to be cleared for each
 * sleep.
 */
#include <linux/file.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "watch.h"

#define WATCHED	(EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP)

/* As pollwake(). */
static int tell(struct wait_queue_entry *wait, unsigned int mode, int sync, void *key)
{
	struct nx_watch_place *place;

	if (key && !(key_to_poll(key) & WATCHED))
		return 0;
	place = container_of(wait, struct nx_watch_place, wait);
	smp_wmb(); /* pairs with smp_store_mb() in nx_watch_look() */
	WRITE_ONCE(place->watch->is_told, 1);
	return default_wake_function(wait, mode, sync, key);
}

static void stand(struct file *file, struct wait_queue_head *head, poll_table *table)
{
	struct nx_watch *watch = container_of(table, struct nx_watch, table);
	struct nx_watch_place *place = &watch->own;

	if (unlikely(watch->first))
		place = kmalloc(sizeof(*place), GFP_KERNEL);
	if (!place) {
		watch->error = -ENOMEM;
		return;
	}
	init_waitqueue_func_entry(&place->wait, tell);
	place->wait.private = watch->task;
	place->head = head;
	place->watch = watch;
	place->next = watch->first;
	watch->first = place;
	add_wait_queue(head, &place->wait);
}

/**
 * nx_watch_begin - watch a file, from the first nx_watch_look() on
 * @watch: to be filled
 * @fd:    the caller's descriptor
 *
 * Return: 0 or -EBADF.
 */
int nx_watch_begin(struct nx_watch *watch, int fd)
{
	watch->file = fget(fd);
	if (!watch->file)
		return -EBADF;
	init_poll_funcptr(&watch->table, stand);
	watch->table._key = WATCHED;
	watch->task = current;
	watch->error = 0;
	watch->first = NULL;
	return 0;
}

/**
 * nx_watch_look - is the file readable?
 * @watch: the watch
 *
 * May sleep. The caller looks again when he is told, and not before.
 *
 * Return: 1 it is, or nothing is to be read any more; 0; -ENOMEM.
 */
int nx_watch_look(struct nx_watch *watch)
{
	__poll_t events;

	/* As poll() has it: what comes after this is told. */
	smp_store_mb(watch->is_told, 0);
	events = vfs_poll(watch->file, &watch->table);
	watch->table._qproc = NULL;
	if (watch->error)
		return watch->error;
	return !!(events & WATCHED);
}

/**
 * nx_watch_is_told - may nx_watch_look() say something else by now?
 * @watch: the watch; the caller's state says that he sleeps
 */
bool nx_watch_is_told(const struct nx_watch *watch)
{
	return READ_ONCE(watch->is_told);
}

void nx_watch_end(struct nx_watch *watch)
{
	struct nx_watch_place *place, *next;

	for (place = watch->first; place; place = next) {
		next = place->next;
		remove_wait_queue(place->head, &place->wait);
		if (place != &watch->own)
			kfree(place);
	}
	fput(watch->file);
}
