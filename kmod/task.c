// SPDX-License-Identifier: GPL-2.0
/*
 * What the module asks about the process of a channel: in which cgroup it is,
 * and whether it runs at all.
 */
#include <linux/freezer.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include "compat.h"
#include "task.h"

/**
 * nx_task_is_below - is a process in a cgroup, or in one below it?
 * @pid:       of the process
 * @cgroup_id: number of the cgroup's folder in the unified hierarchy
 */
bool nx_task_is_below(struct pid *pid, u64 cgroup_id)
{
	struct task_struct *task;
	bool is_below = false;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	if (task)
		is_below = nx_compat_is_below(task, cgroup_id);
	rcu_read_unlock();
	return is_below;
}

/* By the system's freezer, or by that of its cgroup. */
static bool is_frozen(const struct task_struct *task)
{
	return READ_ONCE(task->__state) & TASK_FROZEN ||
	       nx_compat_is_frozen(task);
}

static bool is_all_frozen(struct task_struct *leader)
{
	struct task_struct *task;

	for_each_thread(leader, task)
		if (!is_frozen(task))
			return false;
	return true;
}

/**
 * nx_task_is_halted - is every thread of a process stopped or frozen?
 * @pid: of the process
 */
bool nx_task_is_halted(struct pid *pid)
{
	struct task_struct *task;
	bool is_halted = false;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	if (task)
		is_halted = READ_ONCE(task->signal->flags) & SIGNAL_STOP_STOPPED ||
			    is_all_frozen(task);
	rcu_read_unlock();
	return is_halted;
}
