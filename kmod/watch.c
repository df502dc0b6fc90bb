// SPDX-License-Identifier: GPL-2.0
/*
 * A file beside the queue that a sleeper waits for: an eventfd by which another
 * thread wakes him, or an epoll of descriptors that are not nexus's. It is polled
 * as poll() does it.
 */
#include <linux/file.h>
#include "watch.h"

#define WATCHED	(EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP)

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
	poll_initwait(&watch->table);
	watch->table.pt._key = WATCHED;
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
	smp_store_mb(watch->table.triggered, 0);
	events = vfs_poll(watch->file, &watch->table.pt);
	watch->table.pt._qproc = NULL;
	if (watch->table.error)
		return watch->table.error;
	return !!(events & WATCHED);
}

/**
 * nx_watch_is_told - may nx_watch_look() say something else by now?
 * @watch: the watch; the caller's state says that he sleeps
 */
bool nx_watch_is_told(const struct nx_watch *watch)
{
	return READ_ONCE(watch->table.triggered);
}

void nx_watch_end(struct nx_watch *watch)
{
	poll_freewait(&watch->table);
	fput(watch->file);
}
