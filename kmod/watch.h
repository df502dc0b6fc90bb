/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file beside the queue that a sleeper waits for.
 */
#ifndef NX_WATCH_H
#define NX_WATCH_H

#include <linux/poll.h>

struct file;

/**
 * struct nx_watch - a file, and the sleeper's places in what wakes of it
 * @file:  a reference
 * @table: the places; the caller's, on his stack
 */
struct nx_watch {
	struct file		*file;
	struct poll_wqueues	table;
};

int nx_watch_begin(struct nx_watch *watch, int fd);
int nx_watch_look(struct nx_watch *watch);
bool nx_watch_is_told(const struct nx_watch *watch);
void nx_watch_end(struct nx_watch *watch);

#endif /* NX_WATCH_H */
