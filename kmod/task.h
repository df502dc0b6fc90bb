/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module asks about the process of a channel.
 */
#ifndef NX_TASK_H
#define NX_TASK_H

#include <linux/types.h>

struct pid;

bool nx_task_is_below(struct pid *pid, u64 cgroup_id);
bool nx_task_is_halted(struct pid *pid);

#endif /* NX_TASK_H */
