/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * A lock for threads of one process: a word, and a futex where somebody waits.
 * Whoever takes and gives it back without that makes no call at all, not even one of
 * a function: every function of a socket takes it.
 */
#ifndef _NX_SOCKET_MUTEX_H
#define _NX_SOCKET_MUTEX_H

#include <stdbool.h>
#include <stdint.h>

/* What the word says. */
enum {
	NX_MUTEX_FREE,
	NX_MUTEX_HELD,
	NX_MUTEX_WANTED,	/* held, and somebody may wait for it */
};

/**
 * struct nx_mutex - a lock; all zeros is a free one
 * @word: NX_MUTEX_*
 */
struct nx_mutex {
	uint32_t	word;
};

/* @seen: what the word was. */
void nx_mutex_wait(struct nx_mutex *mutex, uint32_t seen);
void nx_mutex_wake(struct nx_mutex *mutex);

static inline void nx_mutex_lock(struct nx_mutex *mutex)
{
	uint32_t seen = NX_MUTEX_FREE;

	if (__builtin_expect(!__atomic_compare_exchange_n(&mutex->word, &seen,
							  NX_MUTEX_HELD, false,
							  __ATOMIC_ACQUIRE,
							  __ATOMIC_RELAXED), 0))
		nx_mutex_wait(mutex, seen);
}

static inline void nx_mutex_unlock(struct nx_mutex *mutex)
{
	uint32_t was = __atomic_exchange_n(&mutex->word, NX_MUTEX_FREE,
					   __ATOMIC_RELEASE);

	if (__builtin_expect(was == NX_MUTEX_WANTED, 0))
		nx_mutex_wake(mutex);
}

#endif /* _NX_SOCKET_MUTEX_H */
