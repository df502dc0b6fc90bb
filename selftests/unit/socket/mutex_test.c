// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/socket/mutex.c: what it protects is one thread's at a time, and nobody
 * waits for what is free.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "../unit.h"
#include "socket/mutex.h"

#define NR_THREADS	4
#define NR_TURNS	20000

static struct nx_mutex mutex;
static pthread_barrier_t start;
static unsigned int nr_turns;

/* A count that is read, and written a while after: others would be lost in between. */
static void *take_turns(void *arg)
{
	unsigned int i, seen;

	pthread_barrier_wait(&start);
	for (i = 0; i < NR_TURNS; i++) {
		nx_mutex_lock(&mutex);
		seen = __atomic_load_n(&nr_turns, __ATOMIC_RELAXED);
		if (!(i % 16))
			sched_yield();
		__atomic_store_n(&nr_turns, seen + 1, __ATOMIC_RELAXED);
		nx_mutex_unlock(&mutex);
	}
	return arg;
}

static void nx_mutex_lock__lets_one_in(void)
{
	pthread_t threads[NR_THREADS];
	unsigned int i;

	nr_turns = 0;
	pthread_barrier_init(&start, NULL, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++)
		pthread_create(&threads[i], NULL, take_turns, NULL);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	CU_ASSERT_EQUAL(nr_turns, NR_THREADS * NR_TURNS);
	CU_ASSERT_EQUAL(mutex.word, NX_MUTEX_FREE);
}

static void *wait_for_it(void *arg)
{
	errno = ERANGE;
	nx_mutex_lock(&mutex);
	*(int *)arg = errno;
	nx_mutex_unlock(&mutex);
	return NULL;
}

/* Who waits sleeps, is woken, and finds errno as it was. */
static void nx_mutex_lock__leaves_errno(void)
{
	pthread_t thread;
	int err = 0;

	nx_mutex_lock(&mutex);
	pthread_create(&thread, NULL, wait_for_it, &err);
	while (__atomic_load_n(&mutex.word, __ATOMIC_RELAXED) != NX_MUTEX_WANTED)
		usleep(100);
	usleep(10000);
	nx_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(err, ERANGE);
	CU_ASSERT_EQUAL(mutex.word, NX_MUTEX_FREE);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nx_mutex_lock__lets_one_in),
	UNIT_CASE(nx_mutex_lock__leaves_errno),
};

UNIT_SUITE(socket_mutex_suite, "socket/mutex.c", cases);
