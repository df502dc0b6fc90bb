/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waking who sleeps on a queue: once for all packets of one run.
 */
#ifndef NX_WAKE_H
#define NX_WAKE_H

#include <linux/types.h>

struct nx_queue;
struct nx_watch;

void nx_wake_init(void);
void nx_wake_exit(void);
void nx_wake_later(struct nx_queue *q, bool is_softirq);
void nx_wake_run(struct nx_queue *sender);
void nx_wake_softirqs(struct nx_queue *sender);
void nx_wake_now(struct nx_queue *q, u32 armed);
ktime_t nx_wait_end(s64 timeout_ns, bool is_time);
int nx_wait(struct nx_queue *q, u32 what, ktime_t at, bool is_first,
	    struct nx_watch *watch);
u32 nx_arm(struct nx_queue *q, u32 what);
u32 nx_queue_ready(const struct nx_queue *q);

#endif /* NX_WAKE_H */
