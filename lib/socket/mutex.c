// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A lock for threads of one process: what is done when several want it. errno is the
 * program's, and stays what it is.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mutex.h"

static void futex(struct nx_mutex *mutex, int op, uint32_t value)
{
	int err = errno;

	syscall(SYS_futex, &mutex->word, op | FUTEX_PRIVATE_FLAG, value, NULL,
		NULL, 0);
	errno = err;
}

/*
 * Who has waited cannot know whether others do, and says that they may: the last one
 * wakes nobody, once.
 */
void nx_mutex_wait(struct nx_mutex *mutex, uint32_t seen)
{
	if (seen != NX_MUTEX_WANTED)
		seen = __atomic_exchange_n(&mutex->word, NX_MUTEX_WANTED,
					   __ATOMIC_ACQUIRE);
	while (seen != NX_MUTEX_FREE) {
		futex(mutex, FUTEX_WAIT, NX_MUTEX_WANTED);
		seen = __atomic_exchange_n(&mutex->word, NX_MUTEX_WANTED,
					   __ATOMIC_ACQUIRE);
	}
}

void nx_mutex_wake(struct nx_mutex *mutex)
{
	futex(mutex, FUTEX_WAKE, 1);
}
