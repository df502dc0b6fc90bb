/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file beside the queue that a sleeper waits for.
 */
#ifndef NX_WATCH_H
#define NX_WATCH_H

#include <linux/poll.h>
#include <linux/wait.h>

struct file;
struct task_struct;
struct nx_watch;

/**
 * struct nx_watch_place - the sleeper's place in one queue of the file's
 * @wait:  there
 * @head:  the queue
 * @watch: whose
 * @next:  another one
 */
struct nx_watch_place {
	struct wait_queue_entry	wait;
	struct wait_queue_head	*head;
	struct nx_watch		*watch;
	struct nx_watch_place	*next;
};

/**
 * struct nx_watch - a file, and the sleeper's places in what wakes of it
 * @table: hands the places out while the file is first polled
 * @file:  a reference
 * @task:  the sleeper
 * @is_told: one of the places was woken since the file was last polled
 * @error: there was no memory for a place
 * @first: places
 * @own:   the first of them: an eventfd and an epoll have one
 */
struct nx_watch {
	poll_table		table;
	struct file		*file;
	struct task_struct	*task;
	int			is_told;
	int			error;
	struct nx_watch_place	*first;
	struct nx_watch_place	own;
};

int nx_watch_begin(struct nx_watch *watch, int fd);
int nx_watch_look(struct nx_watch *watch);
bool nx_watch_is_told(const struct nx_watch *watch);
void nx_watch_end(struct nx_watch *watch);

#endif /* NX_WATCH_H */
